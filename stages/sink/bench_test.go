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
	"github.com/quern-data/quern/stages/taxonomy"
)

// BenchmarkSink writes a shard of normalized documents with the settings of an
// ordinary run. Rows are those of all tables.
func BenchmarkSink(b *testing.B) {
	const documents = 2000
	t, err := config.LoadTaxonomy("peer-review-analyze", "")
	if err != nil {
		b.Fatal(err)
	}
	known := taxonomy.New(t)
	p, err := parser.New(config.DefaultCorpus(), config.Default().Limits, known)
	if err != nil {
		b.Fatal(err)
	}
	n := normalizer.New(known, config.DefaultCorpus().Normalize)
	docs := make([]*schema.Document, documents)
	size := 0
	for i := range docs {
		data, _, _ := gen.Document(gen.Options{Seed: 1, QuirkRate: 0.02}, i)
		place := gen.PlaceOf(1, i)
		decision := place.Decision
		src := &schema.Source{
			ID: fmt.Sprintf("c/%06d", i), Corpus: "c", Path: place.Annotated, Data: data,
			Attributes: schema.Attributes{PaperID: &place.PaperID, Venue: &place.Venue, Decision: &decision},
		}
		docs[i] = new(schema.Document)
		docs[i].Diagnostics.Limit = 1000
		docs[i].Reset(src)
		p.Parse(src, docs[i])
		if err := n.Normalize(docs[i]); err != nil {
			b.Fatal(err)
		}
		size += len(data)
	}
	options := testOptions(b)
	options.RowGroupRows = config.Default().Output.RowGroupRows
	w := NewWriter(options)
	dir, rows, round := b.TempDir(), int64(0), 0
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		round++
		out := filepath.Join(dir, fmt.Sprint(round))
		if err := os.Mkdir(out, 0o755); err != nil {
			b.Fatal(err)
		}
		s, err := w.NewShard(out, false)
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
