package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/sink"
)

// TestOutputVersion: the bytes of the sample's tables belong to sink.OutputVersion.
// Where they become others, by our doing or by a library's, the version must rise:
// runs take over what was made under the same one. Raise it, run the test with
// -update, and say in the changelog what changed.
func TestOutputVersion(t *testing.T) {
	_, out := convertDir(t, filepath.Join("..", "..", "examples", "reviews"), "output.format=both")
	got := map[string]string{"output_version": sink.OutputVersion}
	for path, sum := range sums(t, out) {
		if strings.HasSuffix(path, ".parquet") || strings.HasSuffix(path, ".arrow") {
			got[strings.TrimPrefix(path, "/")] = sum
		}
	}
	if len(got) != 1+2*len(schema.Tables()) {
		t.Fatalf("%d parts, want one of each table in both formats", len(got)-1)
	}
	golden := filepath.Join("testdata", "output-version.json")
	text, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]string
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	diff := cmp.Diff(want, got)
	switch {
	case diff == "":
	case want["output_version"] == got["output_version"]:
		t.Errorf("the bytes changed, and sink.OutputVersion did not (-before +now):\n%s", diff)
	case *update:
		text, err := json.MarshalIndent(got, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(golden, append(text, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("sink.OutputVersion is another: run this test with -update (-before +now):\n%s", diff)
	}
}
