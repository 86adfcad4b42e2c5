package parser

import (
	"fmt"
	"strings"
	"testing"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/schema"
)

// TestJSONKeeps: what is kept from one document to the next is bounded.
func TestJSONKeeps(t *testing.T) {
	corpus := config.DefaultCorpus()
	corpus.Format = "json"
	corpus.JSON.Text = "t"
	corpus.JSON.Spans = []config.JSONSpans{{Path: "s", ID: "i", Start: "a", End: "b", Labels: []config.LabelField{{From: "l", Layer: "x"}}}}
	made, err := newJSON(corpus, config.Default().Limits, nil)
	if err != nil {
		t.Fatal(err)
	}
	p, s := made.(*jsonParser), new(jsonScan)
	p.scans.New = func() any { return s }
	doc := new(schema.Document)
	parse := func(data string) {
		t.Helper()
		src := &schema.Source{Data: []byte(data)}
		doc.Reset(src)
		p.scans.Put(s)
		if !p.Parse(src, doc) || doc.Diagnostics.Total() > 0 {
			t.Fatal(doc.Diagnostics.All())
		}
	}
	const spans = 3 * maxStrings
	var list []string
	for i := range spans {
		list = append(list, fmt.Sprintf(`{"i": "id%d", "a": 0, "b": 3, "l": "%d%s"}`, i, i, strings.Repeat("x", i%2*maxStringBytes)))
	}
	parse(`{"t": "One.", "s": [` + strings.Join(list, ", ") + `]}`)
	if len(doc.Labels) != spans || !strings.HasSuffix(doc.Labels[1].Raw, "xx") {
		t.Fatalf("%d labels", len(doc.Labels))
	}
	parse(`{"t": "One.", "s": [{"i": "a", "a": 0, "b": 3, "l": "b"}]}`)
	if len(s.ids) > 0 || len(s.strings) > maxStrings+1 {
		t.Errorf("%d ids and %d texts are kept", len(s.ids), len(s.strings))
	}
	for text := range s.strings {
		if len(text) > maxStringBytes {
			t.Errorf("a text of %d bytes is kept", len(text))
		}
	}
	if s.strings["b"] != "b" {
		t.Error("a short text is not kept")
	}
}
