package normalizer_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/quern-data/quern/schema"
)

// BenchmarkReviews parses and normalizes the published reviews, with and without
// their raw twins. MB/s are of the annotated files. QUERN_CORPORA names the folder
// that holds the corpus.
func BenchmarkReviews(b *testing.B) {
	corpora, ok := os.LookupEnv("QUERN_CORPORA")
	if !ok {
		b.Skip("QUERN_CORPORA does not say where the real corpora are")
	}
	paths, err := filepath.Glob(filepath.Join(corpora, "peer-review-analyze", "*", "*", "Annotated", "*_annotated.txt"))
	if err != nil || len(paths) < 400 {
		b.Fatalf("%s holds %d annotated reviews: too few (%v)", corpora, len(paths), err)
	}
	var twins, alone []*schema.Source
	size := 0
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), "_annotated.txt") + ".txt"
		data, raw := read(b, path), read(b, filepath.Join(filepath.Dir(path), "..", "Raw", name))
		alone = append(alone, &schema.Source{Data: data})
		twins = append(twins, &schema.Source{Data: data, RawPath: name, RawData: raw})
		size += len(data)
	}
	for _, c := range []struct {
		name    string
		sources []*schema.Source
	}{{"annotated-alone", alone}, {"raw-twins", twins}} {
		b.Run(c.name, func(b *testing.B) {
			convert, doc := reviews(), new(schema.Document)
			doc.Diagnostics.Limit = 1000
			sentences := 0
			var before, after runtime.MemStats
			b.SetBytes(int64(size))
			b.ReportAllocs()
			runtime.ReadMemStats(&before)
			for b.Loop() {
				for _, src := range c.sources {
					doc.Reset(src)
					if !convert.parser.Parse(src, doc) {
						b.Fatal("a document was refused")
					}
					if err := convert.normalizer.Normalize(doc); err != nil {
						b.Fatal(err)
					}
					sentences += len(doc.Sentences)
				}
			}
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(sentences), "allocs/sentence")
		})
	}
}

func read(b *testing.B, path string) []byte {
	b.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	return data
}
