package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quern-data/quern/internal/archivetest"
	"github.com/quern-data/quern/internal/gen"
	"github.com/quern-data/quern/schema"
)

// tablesOf are all rows of a snapshot, as JSON, by table, without what paths start
// with.
func tablesOf(t *testing.T, out, prefix string) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	cut := func(path string) string {
		rest, ok := strings.CutPrefix(path, prefix)
		if !ok {
			t.Errorf("the path %q does not start with %q", path, prefix)
		}
		return rest
	}
	add := func(table string, row any) {
		line, err := json.Marshal(row)
		if err != nil {
			t.Fatal(err)
		}
		all[table] = append(all[table], string(line))
	}
	for _, row := range readTable[schema.DocumentRow](t, out, "documents") {
		row.SourcePath = cut(row.SourcePath)
		if row.RawPath != nil {
			*row.RawPath = cut(*row.RawPath)
		}
		add("documents", row)
	}
	for _, row := range readTable[schema.DiagnosticRow](t, out, "diagnostics") {
		row.SourcePath = cut(row.SourcePath)
		add("diagnostics", row)
	}
	for _, row := range readTable[schema.SentenceRow](t, out, "sentences") {
		add("sentences", row)
	}
	for _, row := range readTable[schema.LabelRow](t, out, "labels") {
		add("labels", row)
	}
	for _, row := range readTable[schema.RelationRow](t, out, "relations") {
		add("relations", row)
	}
	for _, row := range readTable[schema.TaxonomyRow](t, out, "taxonomy") {
		add("taxonomy", row)
	}
	return all
}

// checkArchives converts a folder and archives of it, and compares all tables.
func checkArchives(t *testing.T, root string, files []archivetest.File, kinds []string) {
	t.Helper()
	found, folder := convertDir(t, root)
	want := tablesOf(t, folder, "")
	if len(want["labels"]) == 0 || len(want["diagnostics"]) == 0 {
		t.Fatal("the corpus has no labels, or no diagnostics")
	}
	for _, kind := range kinds {
		path := filepath.Join(t.TempDir(), kind)
		if err := archivetest.Write(path, files); err != nil {
			t.Fatal(err)
		}
		result, out := convertDir(t, path)
		if diff := cmp.Diff(want, tablesOf(t, out, kind+"!/")); diff != "" {
			t.Errorf("%s (-folder +archive):\n%s", kind, diff)
		}
		if diff := cmp.Diff(fmt.Sprint(found.Corpora), fmt.Sprint(result.Corpora)); diff != "" {
			t.Errorf("%s (-folder +archive):\n%s", kind, diff)
		}
	}
}

// All tables of an archive are those of the folder that it is unpacked to, but for
// what paths start with.
func TestArchives(t *testing.T) {
	root := t.TempDir()
	if _, err := gen.Write(root, gen.Options{Seed: 5, Documents: 150, QuirkRate: 0.2, Layers: 4, Twins: true}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "empty.txt"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	files, err := archivetest.Files(root)
	if err != nil {
		t.Fatal(err)
	}
	checkArchives(t, root, files, archivetest.Kinds)
}

// The corpus as it is published: a zip with the attributes that macOS adds.
func TestPublishedArchive(t *testing.T) {
	published := corpus(t, "peer-review-analyze")
	files, err := archivetest.Files(published)
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	for i, n := 0, len(files); i < n; i++ {
		f := files[i]
		dir, name := filepath.Split(f.Name)
		files = append(files,
			archivetest.File{Name: dir + "._" + name, Content: "\x00\x05\x16\x07"},
			archivetest.File{Name: "__MACOSX/" + dir + "._" + name, Content: "\x00\x05\x16\x07"},
		)
	}
	for _, f := range files {
		full := filepath.Join(root, f.Name)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(f.Content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	checkArchives(t, root, files, []string{"peer-review-analyze.zip"})
	_, unpacked := convertDir(t, published)
	_, out := convertDir(t, root)
	if diff := cmp.Diff(tablesOf(t, unpacked, ""), tablesOf(t, out, "")); diff != "" {
		t.Errorf("what macOS adds makes a difference (-without +with):\n%s", diff)
	}
}
