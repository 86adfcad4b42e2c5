package sink

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/internal/gen"
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/normalizer"
	"github.com/quern-data/quern/stages/parser"
	"github.com/quern-data/quern/stages/sink/columnar"
	"github.com/quern-data/quern/stages/taxonomy"
)

// reviews are normalized reviews, and the bytes that they were made of.
func reviews(b *testing.B, n int) (docs []*schema.Document, size int) {
	t, err := config.LoadTaxonomy("peer-review-analyze", "")
	if err != nil {
		b.Fatal(err)
	}
	known := taxonomy.New(t)
	p, err := parser.New(config.DefaultCorpus(), config.Default().Limits, known)
	if err != nil {
		b.Fatal(err)
	}
	normalize := normalizer.New(known, config.DefaultCorpus().Normalize)
	for i := range n {
		data, _, _ := gen.Document(gen.Options{Seed: 1, QuirkRate: 0.02}, i)
		place := gen.PlaceOf(1, i)
		doc := new(schema.Document)
		doc.Diagnostics.Limit = 1000
		doc.Reset(&schema.Source{
			ID: fmt.Sprintf("c/%06d", i), Corpus: "c", Path: place.Annotated, Data: data,
			Attributes: schema.Attributes{PaperID: &place.PaperID, Venue: &place.Venue, Decision: &place.Decision},
		})
		if !p.Parse(doc.Source, doc) {
			b.Fatal("a document was refused")
		}
		if err := normalize.Normalize(doc); err != nil {
			b.Fatal(err)
		}
		docs = append(docs, doc)
		size += len(data)
	}
	return docs, size
}

func benchmarkOptions(b *testing.B) Options {
	options := testOptions(b)
	options.RowGroupRows = config.Default().Output.RowGroupRows
	return options
}

// BenchmarkSink writes a shard of documents with the settings of an ordinary run.
// Rows are those of all tables.
func BenchmarkSink(b *testing.B) {
	docs, size := reviews(b, 2000)
	labels, err := config.LoadTaxonomy("peer-review-analyze", "")
	if err != nil {
		b.Fatal(err)
	}
	w := NewWriter(benchmarkOptions(b))
	dir, rows := b.TempDir(), int64(0)
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for round := 0; b.Loop(); round++ {
		out := filepath.Join(dir, fmt.Sprint(round))
		if err := os.Mkdir(out, 0o755); err != nil {
			b.Fatal(err)
		}
		s, err := w.NewShard(out, config.Corpus{Name: "c"}, labels)
		if err != nil {
			b.Fatal(err)
		}
		for _, doc := range docs {
			if err := s.Write(doc); err != nil {
				b.Fatal(err)
			}
		}
		result, err := s.Close()
		if err != nil {
			b.Fatal(err)
		}
		for _, part := range result.Parts {
			rows += part.Rows
		}
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkTables writes one table at a time.
func BenchmarkTables(b *testing.B) {
	docs, size := reviews(b, 2000)
	options := benchmarkOptions(b)
	room := new(columnar.Room)
	var ids sentenceIDs
	documents, sentences, labels := newDocuments(room, options), newSentences(room, options), newLabels(room, options)
	for _, table := range []struct {
		name string
		part *part
		add  func(doc *schema.Document) error
	}{
		{"documents", documents.part, func(doc *schema.Document) error { return documents.add(doc, 1, 1) }},
		{"sentences", sentences.part, func(doc *schema.Document) error { return sentences.add(doc, &ids) }},
		{"labels", labels.part, func(doc *schema.Document) error {
			_, _, err := labels.add(doc, &ids)
			return err
		}},
	} {
		b.Run(table.name, func(b *testing.B) {
			dir, rows := b.TempDir(), int64(0)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for round := 0; b.Loop(); round++ {
				out := filepath.Join(dir, fmt.Sprint(round))
				if err := os.Mkdir(out, 0o755); err != nil {
					b.Fatal(err)
				}
				if err := table.part.open(out, "{}", options.Disk); err != nil {
					b.Fatal(err)
				}
				for _, doc := range docs {
					ids.of(doc.Source.ID, len(doc.Sentences))
					if err := table.add(doc); err != nil {
						b.Fatal(err)
					}
				}
				part, err := table.part.close()
				if err != nil {
					b.Fatal(err)
				}
				rows += part.Rows
			}
			b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
