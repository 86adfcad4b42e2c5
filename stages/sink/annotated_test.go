package sink

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/internal/rowtest"
)

// TestAnnotated writes a document of each sort that rowtest.Annotated makes, and looks
// at what the tables have of its annotators, spans, relations and pieces.
func TestAnnotated(t *testing.T) {
	dir := t.TempDir()
	s, err := NewWriter(testOptions(t)).NewShard(dir, config.Corpus{Name: "c"}, &config.Taxonomy{Open: true})
	if err != nil {
		t.Fatal(err)
	}
	sums := make([]string, 4)
	for i := range 4 {
		doc := rowtest.Annotated("c", i)
		if err := doc.Check(); err != nil {
			t.Fatal(err)
		}
		sums[i] = hex.EncodeToString(doc.Source.SHA256[:])
		if err := s.Write(doc); err != nil {
			t.Fatal(err)
		}
	}
	result, err := s.Close()
	if err != nil {
		t.Fatal(err)
	}
	if result.Stats.Relations != 7 || result.Parts[3].Table != "relations" || result.Parts[3].Rows != 7 {
		t.Errorf("%d relations counted, in %+v", result.Stats.Relations, result.Parts[3])
	}
	// got is the given columns of the rows for which the first is the given value.
	got := func(table, value string, columns ...string) (rows [][]any) {
		for _, row := range readArrow(t, filepath.Join(dir, PartName(table))) {
			if row[columns[0]] != value {
				continue
			}
			var values []any
			for _, c := range columns[1:] {
				values = append(values, row[c])
			}
			rows = append(rows, values)
		}
		return rows
	}
	same := func(what string, got, want any) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	list := func(names ...any) []any { return append([]any{}, names...) }
	for id, want := range map[string][]any{
		"c/000000": {"ann", list("ann"), int32(0), "all.csv", int64(8)},
		"c/000001": {nil, list("ann", "bob", "cid"), int32(3), "all.jsonl", int64(1000)},
		"c/000002": {nil, list("ann", "bob", "cid"), int32(3), "000002-a.txt", int64(0)},
		"c/000003": {"dora", list("dora"), int32(1), "000003.json", int64(0)},
	} {
		same(id, got("documents", id, "document_id", "annotator", "annotators", "relations", "source_path", "source_offset"), [][]any{want})
		sentences := got("sentences", id, "document_id", "annotator")
		if len(sentences) != 5 {
			t.Errorf("%s has %d sentences", id, len(sentences))
		}
		for _, row := range sentences {
			same("sentences of "+id, row[0], want[0])
		}
	}
	ref := func(layer, label string) map[string]any {
		return map[string]any{"layer": layer, "label": label, "polarity": nil}
	}
	same("sentence 0", got("sentences", "c/000000#0000", "sentence_id", "labels"), [][]any{{list(ref("mood", "calm"), ref("topic", "trees"))}})
	same("sentence 2", got("sentences", "c/000001#0002", "sentence_id", "role", "source_start", "source_end", "labels"), [][]any{{
		"review", int64(1057), int64(1082), list(ref("mood", "calm"), ref("topic", "trees"), ref("mood", "calm")),
	}})
	same("in the second file", got("sentences", "c/000002#0003", "sentence_id", "role", "source_start", "source_end"), [][]any{{"review", int64(525), int64(551)}})
	same("labels on sentences", got("labels", "c/000000", "document_id", "sentence_index", "annotator", "label", "span_id", "label_start", "label_end"), [][]any{
		{int32(0), "ann", "calm", nil, nil, nil}, {int32(0), "ann", "trees", nil, nil, nil}, {int32(3), "ann", nil, nil, nil, nil},
	})
	same("labels on spans", got("labels", "c/000001", "document_id", "sentence_index", "annotator", "label", "span_id", "label_start", "label_end"), [][]any{
		{int32(0), "bob", "wild", "T1", int32(1), int32(23)},
		{int32(1), "ann", "calm", "T1", int32(26), int32(75)},
		{int32(2), "ann", "calm", "T1", int32(26), int32(75)},
		{int32(2), "ann", "trees", "T2", int32(53), int32(125)},
		{int32(2), "bob", "calm", "T3", int32(53), int32(75)},
		{int32(3), "ann", "trees", "T2", int32(53), int32(125)},
		{int32(4), "ann", "trees", "T2", int32(53), int32(125)},
		{int32(4), "bob", "calm", "T3", int32(103), int32(125)},
	})
	same("both", got("labels", "c/000003", "document_id", "annotator", "label", "span_id"), [][]any{{"dora", "calm", "1"}, {"dora", "trees", nil}, {nil, "trees", nil}})
	same("relations", got("relations", "c/000001", "document_id", "relation_index", "annotator", "kind",
		"from_sentence_id", "from_span_id", "from_start", "from_end", "to_sentence_id", "to_span_id", "to_start", "to_end", "relation_attributes"), [][]any{
		{int32(0), "ann", "because", "c/000001#0001", "T1", int32(26), int32(75), "c/000001#0002", "T2", int32(53), int32(125), map[string]any{}},
		{int32(1), "bob", "despite", "c/000001#0002", "T3", int32(53), int32(125), "c/000001#0001", nil, int32(25), int32(51), map[string]any{}},
		{int32(2), nil, "about", "c/000001#0003", nil, int32(77), int32(101), nil, nil, nil, nil, map[string]any{"strength": "high", "where": "both"}},
	})
	same("diagnostics", got("diagnostics", "c/000001", "document_id", "source_path", "byte_offset", "line", "column"), [][]any{
		{"all.jsonl", int64(1000), int32(2), int32(1)}, {"all.jsonl", int64(1003), int32(2), int32(4)}, {"all.jsonl", int64(1131), int32(6), int32(22)},
	})
	same("diagnostics behind a header", got("diagnostics", "c/000000", "document_id", "source_path", "byte_offset", "line", "column"), [][]any{
		{"all.csv", int64(8), int32(2), int32(1)}, {"all.csv", int64(3), int32(1), int32(4)}, {"all.csv", int64(137), int32(6), int32(22)},
	})
	same("behind a header", got("sentences", "c/000000#0000", "sentence_id", "source_start", "source_end"), [][]any{{int64(8), int64(32)}})
	same("diagnostics of two files", got("diagnostics", "c/000002", "document_id", "source_path", "byte_offset", "line", "column"), [][]any{
		{"000002-a.txt", int64(0), int32(1), int32(1)}, {"000002-a.txt", int64(3), int32(1), int32(4)}, {"000002-b.csv", int64(578), int32(9), int32(24)},
	})
	inputs := slices.Collect(func(yield func(Input) bool) {
		d := json.NewDecoder(bytes.NewReader(result.Inputs))
		for in := (Input{}); d.Decode(&in) == nil && yield(in); in = (Input{}) {
		}
	})
	same("inputs", inputs, []Input{
		{Corpus: "c", Path: "all.csv", Offset: 8, Bytes: 132, Header: 8, SHA256: sums[0]},
		{Corpus: "c", Path: "all.jsonl", Offset: 1000, Bytes: 134, SHA256: sums[1]},
		{Corpus: "c", Path: "000002-a.txt", Bytes: 137, SHA256: sums[2], Pieces: []InputPiece{{Path: "000002-a.txt", Bytes: 56}, {Path: "000002-b.csv", Offset: 500, Bytes: 81}}},
		{Corpus: "c", Path: "000003.json", Bytes: 133, SHA256: sums[3]},
	})
}
