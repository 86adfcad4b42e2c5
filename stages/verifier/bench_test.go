package verifier

import (
	"testing"

	"github.com/quern-data/quern/internal/gen"
	"github.com/quern-data/quern/stages/snapshot"
)

// BenchmarkShard verifies a shard of ordinary size in full. MB/s are of its parts
// as they lie on the disk.
func BenchmarkShard(b *testing.B) {
	const documents = 8000
	m := newMaker(b)
	m.manifest.Format = snapshot.BothFormats
	m.rowGroupRows, m.partBytes = 122_880, 1<<30
	corpus := b.TempDir()
	if _, err := gen.Write(corpus, gen.Options{Seed: 3, Documents: documents, QuirkRate: 0.02, Layers: 4, Twins: true}); err != nil {
		b.Fatal(err)
	}
	m.corpus(b, "alpha", corpus, nil)
	s, err := snapshot.Load(m.publish(b))
	if err != nil {
		b.Fatal(err)
	}
	for _, bench := range []struct {
		name     string
		level    Level
		hashOnly bool
		arrow    bool
	}{{"full", Full, false, false}, {"fast", Fast, false, false}, {"hash", Full, true, false}, {"arrow", Full, false, true}} {
		b.Run(bench.name, func(b *testing.B) {
			size := int64(0)
			for _, p := range s.Shards[0].Parts {
				size += p.Bytes
			}
			s.Format = "" // look at one format at a time
			if bench.arrow {
				size, s.Format = 0, snapshot.ArrowFormat
				for _, p := range s.Shards[0].Arrow {
					size += p.Bytes
				}
			}
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				problems, err := New(s, bench.level).Shard(b.Context(), 0, bench.hashOnly)
				if err != nil || len(problems) > 0 {
					b.Fatal(err, problems)
				}
			}
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)/float64(s.Counts.Sentences)*1e6, "s/Msentences")
			b.ReportMetric(float64(s.Counts.Labels)/float64(s.Counts.Sentences), "labels/sentence")
		})
	}
}
