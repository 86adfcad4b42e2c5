package normalizer_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/normalizer"
	"github.com/quern-data/quern/stages/parser"
	"github.com/quern-data/quern/stages/taxonomy"
)

// FuzzJSON: what is in the tables holds for any input of the formats json and jsonl, as
// the shipped configurations read them, with each element of a list and each line as a
// document, and the whole as one.
func FuzzJSON(f *testing.F) {
	var all []converter
	for _, name := range []string{"disapere", "substanreview", "doccano", "label-studio", "prodigy"} {
		loaded, err := config.Load(config.Options{Profile: name, Flags: map[string]string{"corpora.root": f.TempDir()}})
		if err != nil {
			f.Fatal(err)
		}
		corpus, known := loaded.Config.Corpora[0], taxonomy.New(loaded.Taxonomies[0])
		p, err := parser.New(corpus, loaded.Config.Limits, known)
		if err != nil {
			f.Fatal(err)
		}
		all = append(all, converter{p, normalizer.New(known, corpus.Normalize)})
	}
	for _, data := range goldenInputs(f, 30, "json", "jsonl") {
		for i := range all {
			f.Add(uint8(i), data)
		}
	}
	for i, data := range []string{
		`{"review_sentences": [{"text": "Good e", "suffix": "\u0301 x", "aspect": "none"}], "rebuttal_sentences": [{"text": "No.", "alignment": ["a", [0]]}]}`,
		`{"review": "Pros:\nA\u1100\u1161 B. C.", "label": [[0, 5, "Eval_pos_1"], [7, 8, "Jus_pos_1"], [8, 9, "Major_claim"]]}`,
		`{"text": "A. B", "entities": [{"id": 1, "label": "x", "start_offset": 0, "end_offset": 4}], "relations": [{"from_id": 1, "to_id": 1, "type": "t"}]}`,
		`[{"data": {"text": "e\u0301"}, "annotations": [{"completed_by": 1, "result": [{"id": "a", "type": "labels", "from_name": "n", "value": {"start": 1, "end": 2, "labels": ["l"]}}]}]}]`,
		`{"text": "A. B", "answer": "accept", "spans": [{"start": 3, "end": 4, "label": "x"}], "accept": ["y"]}`,
	} {
		f.Add(uint8(i), []byte(data))
	}
	f.Fuzz(func(t *testing.T, like uint8, data []byte) {
		c := all[int(like)%len(all)]
		check := func(data []byte) {
			doc, err := c.convert(data)
			if err == nil {
				err = checkLabelled(doc)
			}
			if err != nil {
				t.Errorf("%q: %v", data, err)
			}
		}
		check(data)
		if err := c.parser.(parser.Records).Split(bytes.NewReader(data), func(r schema.Record) error {
			check(data[r.Start:r.End])
			return nil
		}); err != nil {
			t.Error(err)
		}
	})
}

// checkLabelled checks what the tables say of a document's sentences, labels and
// relations.
func checkLabelled(doc *schema.Document) error {
	if err := doc.Check(); err != nil {
		return err
	}
	for i, s := range doc.Sentences {
		if s.Group == schema.NoGroup {
			continue
		}
		labels := doc.Groups[s.Group].Labels
		for _, l := range doc.Labels[labels.Start:labels.End] {
			if l.Raw == "" || l.Meaning == nil {
				return fmt.Errorf("sentence %d has the label %q without a meaning", i, l.Raw)
			}
			if (l.SpanID() == "") != (l.Detail.Stretch.Len() == 0) || l.Detail.Stretch.Start < 0 || l.Detail.Stretch.End > len(doc.Text) {
				return fmt.Errorf("sentence %d has the label %q of span %q on %v", i, l.Raw, l.SpanID(), l.Detail.Stretch)
			}
		}
	}
	for i, r := range doc.Relations {
		for _, to := range []schema.Target{r.From, r.To} {
			if to.Kind == schema.ToAnnotation && to.Index >= len(doc.Annotations) || to.Kind == schema.ToSentence && to.Index >= len(doc.Sentences) || to.Kind == schema.ToSegment {
				return fmt.Errorf("relation %d leads to %v", i, to)
			}
		}
	}
	return nil
}
