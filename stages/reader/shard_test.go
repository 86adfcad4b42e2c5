package reader

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"unsafe"

	"pgregory.net/rapid"

	"github.com/quern-data/quern/config"
)

// planOf is a plan of documents, sorted and given sizes.
func planOf(sizes map[string]int64, limit config.Bytes) *Plan {
	p := &Plan{corpus: "c", limit: limit, capture: new(capturer)}
	for id, size := range sizes {
		p.records = append(p.records, record{id: id, path: id, state: state{size: size}})
	}
	p.finish()
	return p
}

// content names what a shard holds.
func content(p *Plan, s Shard) string {
	var out []byte
	for i := s.Start; i < s.End; i++ {
		e := p.Entry(i)
		out = fmt.Appendf(out, "%s %d\n", e.ID, e.Bytes)
	}
	return string(out)
}

// differing counts the shards of q that p does not have.
func differing(p, q *Plan, target int64) int {
	have := make(map[string]bool)
	for _, s := range p.Shards(target) {
		have[content(p, s)] = true
	}
	n := 0
	for _, s := range q.Shards(target) {
		if !have[content(q, s)] {
			n++
		}
	}
	return n
}

func drawSizes(t *rapid.T, most int64) map[string]int64 {
	seed := rapid.Uint64().Draw(t, "seed")
	r := rand.New(rand.NewPCG(seed, 0))
	sizes := make(map[string]int64)
	for range rapid.IntRange(1, 2000).Draw(t, "documents") {
		sizes[fmt.Sprintf("c/B%06d-R%d", r.IntN(100_000), r.IntN(4))] = r.Int64N(most)
	}
	return sizes
}

func TestShardsHoldEachDocumentOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := planOf(drawSizes(t, 100_000), 90_000)
		target := rapid.Int64Range(1, 1<<20).Draw(t, "target")
		shards := p.Shards(target)
		next, bytes := 0, int64(0)
		for k, s := range shards {
			if s.Start != next || s.End <= s.Start {
				t.Fatalf("shard %d is %+v after %d", k, s, next)
			}
			next = s.End
			bytes += s.Bytes
			var weighs int64
			for i := s.Start; i < s.End; i++ {
				weighs += weight(p.readBytes(i))
			}
			if weighs > maxTargets*target && s.End-s.Start > 1 {
				t.Fatalf("shard %d of %d documents weighs %d, target %d", k, s.End-s.Start, weighs, target)
			}
		}
		if next != p.Len() || bytes != p.Bytes() {
			t.Fatalf("%d entries of %d, %d bytes of %d", next, p.Len(), bytes, p.Bytes())
		}
	})
}

// One document more, or one less, or one changed: few shards differ.
func TestShardsAreStable(t *testing.T) {
	const target = 100_000
	changes, all := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		sizes := drawSizes(t, rapid.SampledFrom([]int64{1000, 10_000}).Draw(t, "most"))
		p := planOf(sizes, 1<<40)
		id := fmt.Sprintf("c/B%06d-R9", rapid.IntRange(0, 99_999).Draw(t, "id"))
		size := rapid.Int64Range(1, 10_000).Draw(t, "size")
		switch rapid.SampledFrom([]string{"add", "remove", "change"}).Draw(t, "kind") {
		case "add":
			sizes[id] = size
		case "remove":
			delete(sizes, p.Entry(rapid.IntRange(0, p.Len()-1).Draw(t, "which")).ID)
		case "change":
			sizes[p.Entry(rapid.IntRange(0, p.Len()-1).Draw(t, "which")).ID] = size
		}
		q := planOf(sizes, 1<<40)
		more, less := differing(p, q, target), differing(q, p, target)
		if more > 3 || less > 3 {
			t.Fatalf("%d shards are new and %d gone of %d", more, less, len(p.Shards(target)))
		}
		changes++
		all += more
	})
	mean := float64(all) / float64(changes)
	t.Logf("%.2f of the new shards differ on average", mean)
	if changes == 0 || mean > 1.3 {
		t.Errorf("%d changes, %.2f shards differ on average", changes, mean)
	}
}

// TestRecordSize holds what the documentation says a document of a plan takes.
func TestRecordSize(t *testing.T) {
	if size := unsafe.Sizeof(record{}); strconv.IntSize == 64 && size != 72 {
		t.Errorf("a record has %d bytes: say so in ARCHITECTURE.md and in the comment of Plan", size)
	}
}

func TestShardSizes(t *testing.T) {
	for _, tt := range []struct {
		name           string
		target         int64
		least, most    int64
		documents      int
		mean           [2]float64 // in targets
		below, beyond3 float64    // shares of the shards
	}{
		{"small documents", 1 << 20, 500, 10_000, 200_000, [2]float64{0.8, 1.2}, 0.01, 0.01},
		{"middling documents", 100_000, 5_000, 30_000, 100_000, [2]float64{0.8, 1.3}, 0.01, 0.02},
		{"documents near the target", 20_000, 5_000, 30_000, 20_000, [2]float64{0.7, 1.8}, 0.01, 0.05},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			sizes := make(map[string]int64)
			for i := range tt.documents {
				sizes[fmt.Sprintf("c/B%06d-R%d", i/3, i%3)] = tt.least + r.Int64N(tt.most-tt.least)
			}
			p := planOf(sizes, 1<<40)
			shards := p.Shards(tt.target)
			below, beyond := 0, 0
			var weights []int64
			for _, s := range shards {
				weights = append(weights, s.Bytes)
				if s.Bytes < tt.target/2 {
					below++
				}
				if s.Bytes > 3*tt.target {
					beyond++
				}
			}
			n := float64(len(shards))
			mean := float64(p.Bytes()) / n / float64(tt.target)
			t.Logf("%d shards of %.2f targets on average, from %.2f to %.2f; %d below half, %d over three", len(shards), mean,
				float64(slices.Min(weights))/float64(tt.target), float64(slices.Max(weights))/float64(tt.target), below, beyond)
			if len(shards) < 100 || mean < tt.mean[0] || mean > tt.mean[1] || float64(below) > tt.below*n || float64(beyond) > tt.beyond3*n {
				t.Errorf("%d shards of %.2f targets, %d below half, %d over three", len(shards), mean, below, beyond)
			}
		})
	}
}

func TestShardsOfOddPlans(t *testing.T) {
	sizes := make(map[string]int64)
	for i := range 100_000 {
		sizes[fmt.Sprintf("c/%d", i)] = 0
	}
	if n := len(planOf(sizes, 1<<40).Shards(1 << 20)); n < 10 {
		t.Errorf("100,000 empty documents are %d shards", n)
	}
	huge := planOf(map[string]int64{"c/a": 10, "c/b": 1 << 30, "c/c": 10}, 1<<40)
	var total int64
	for _, s := range huge.Shards(1000) {
		total += s.Bytes
		if s.Bytes > 1<<30 {
			t.Errorf("a huge document shares its shard: %+v", s)
		}
	}
	if total != 1<<30+20 {
		t.Errorf("shards hold %d bytes", total)
	}
}

// Where shards are cut must never change by accident: it would make every
// published part anew.
func TestHashIsFixed(t *testing.T) {
	for s, want := range map[string]uint64{"": 0xefd01f60ba992926, "c/B1-R1": 0x9e66e71b67904c0b, "foobar": 0x2c22194922d1672b} {
		if got := hash(s); got != want {
			t.Errorf("hash(%q) = %#x, want %#x", s, got, want)
		}
	}
}

func BenchmarkShards(b *testing.B) {
	sizes := make(map[string]int64)
	for i := range 100_000 {
		sizes[fmt.Sprintf("c/B%06d-R%d", i/3, i%3)] = 3000
	}
	p := planOf(sizes, 1<<40)
	for b.Loop() {
		if len(p.Shards(32<<20)) < 2 {
			b.Fatal("too few shards")
		}
	}
}
