package normalizer_test

import (
	"testing"

	"github.com/quern-data/quern/internal/gen"
	"github.com/quern-data/quern/schema"
)

// BenchmarkNormalize normalizes generated reviews that were parsed before, with
// and without their raw twins. MB/s are of the annotated files.
func BenchmarkNormalize(b *testing.B) {
	const documents = 500
	alone, twins := make([]schema.Source, documents), make([]schema.Source, documents)
	size := 0
	for i := range documents {
		data, raw, _ := gen.Document(gen.Options{Seed: 1, QuirkRate: 0.02, Twins: true}, i)
		alone[i] = schema.Source{Data: data}
		twins[i] = schema.Source{Data: data, RawPath: "raw.txt", RawData: raw}
		size += len(data)
	}
	for _, c := range []struct {
		name    string
		sources []schema.Source
	}{{"annotated-alone", alone}, {"raw-twins", twins}} {
		b.Run(c.name, func(b *testing.B) {
			convert, docs := reviews(), make([]schema.Document, documents)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				for i := range docs {
					docs[i].Diagnostics.Limit = 1000
					docs[i].Reset(&c.sources[i])
					if !convert.parser.Parse(&c.sources[i], &docs[i]) {
						b.Fatal("a document was refused")
					}
				}
				b.StartTimer()
				for i := range docs {
					if err := convert.normalizer.Normalize(&docs[i]); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
