package normalizer_test

import (
	"fmt"
	"testing"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/normalizer"
	"github.com/quern-data/quern/stages/parser"
	"github.com/quern-data/quern/stages/taxonomy"
)

// tables are converters of the formats columns and csv, with labels on sentences and on
// stretches of them, and with links.
func tables(t testing.TB) (list []converter) {
	t.Helper()
	open, err := config.LoadTaxonomy("open", "")
	if err != nil {
		t.Fatal(err)
	}
	tokens, sentences, rows := config.DefaultCorpus(), config.DefaultCorpus(), config.DefaultCorpus()
	tokens.Format, tokens.Columns.Separator, tokens.Columns.BlankLine, tokens.Columns.DocStart = "columns", "space", "sentence", "-DOCSTART-"
	tokens.Columns.Labels = []config.LabelField{{From: "-1", Layer: "ner", Scheme: "bio"}, {From: "1", Layer: "pos"}}
	sentences.Format, sentences.Columns.Unit, sentences.Columns.Role = "columns", "sentence", "3"
	sentences.Columns.Labels = []config.LabelField{{From: "1", Layer: "argument", Scheme: "bio", Link: "2"}, {From: "4", Layer: "paper"}}
	sentences.Columns.Links = []config.Link{{Kind: "pair", From: "Review", To: "Reply"}}
	rows.Format, rows.CSV.Header, rows.CSV.Text = "csv", false, "0"
	rows.CSV.Labels = []config.LabelField{{From: "1", Layer: "label"}}
	texts := rows
	texts.Normalize.Split = "unicode"
	for _, corpus := range []config.Corpus{tokens, sentences, rows, texts} {
		known := taxonomy.New(open)
		p, err := parser.New(corpus, config.Default().Limits, known)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, converter{p, normalizer.New(known, corpus.Normalize)})
	}
	return list
}

// FuzzTables: what is in the tables holds for any input of the formats columns and csv.
func FuzzTables(f *testing.F) {
	for _, data := range goldenInputs(f, 20, "columns", "csv") {
		f.Add(data)
	}
	f.Add([]byte("e\tB-Review\tB-1\tReview\tp\n\u0301\u0301\tI-Review\tI-1\tReview\tp\nx\tB-Reply\tB-1\tReply\tp\n"))
	f.Add([]byte("\u1100 X B-A\n\u1161 X I-A\n\u11a8 X B-A\n"))
	f.Add([]byte("\"A. \"\"e\"\" \u0301B.\nC.\",l\n"))
	all := tables(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		for i, c := range all {
			doc, err := c.convert(data)
			if err == nil {
				err = checkTable(doc)
			}
			// Sentences that were split share a group.
			if err == nil && i != len(all)-1 {
				err = checkDocument(doc)
			}
			if err != nil {
				t.Errorf("converter %d: %v", i, err)
			}
		}
	})
}

// checkTable is checkLabelled where each label has a layer, and stands on the sentence
// that it is on.
func checkTable(doc *schema.Document) error {
	if err := checkLabelled(doc); err != nil {
		return err
	}
	for i, s := range doc.Sentences {
		if s.Group == schema.NoGroup {
			continue
		}
		labels := doc.Groups[s.Group].Labels
		for _, l := range doc.Labels[labels.Start:labels.End] {
			if l.Layer == nil {
				return fmt.Errorf("sentence %d has the label %q without a layer", i, l.Raw)
			}
			if l.SpanID() != "" && (l.Detail.Stretch.Start >= s.Text.End || l.Detail.Stretch.End <= s.Text.Start) {
				return fmt.Errorf("sentence %d at %v has the label %q on %v", i, s.Text, l.Raw, l.Detail.Stretch)
			}
		}
	}
	return nil
}
