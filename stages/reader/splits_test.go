package reader

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/quern-data/quern/config"
)

// shares are names and percentages.
func shares(pairs ...any) (out []config.SplitShare) {
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, config.SplitShare{Name: pairs[i].(string), Share: config.Percent(pairs[i+1].(int)) * config.OnePercent})
	}
	return out
}

// splitsOf are the splits by document id.
func splitsOf(t testing.TB, p *Plan) map[string]string {
	t.Helper()
	out := map[string]string{}
	r := p.NewReader()
	for i := range p.Len() {
		src := mustRead(t, p, i)
		if err := r.Read(i, src); err != nil {
			t.Fatal(err)
		}
		out[src.ID] = "none"
		if s := src.Attributes.Split; s != nil {
			out[src.ID] = *s
		}
	}
	return out
}

// papers are lines of n papers with three reviews each.
func papers(n int) string {
	var b strings.Builder
	for i := range 3 * n {
		fmt.Fprintf(&b, "p%d %s review %d\n", i%n, []string{"accept", "reject", "accept"}[i%n%3], i)
	}
	return b.String()
}

func TestSplits(t *testing.T) {
	root := tree(t, map[string]string{"a.txt": papers(600)})
	c := linesAt(root)
	c.Splits = config.Splits{GroupBy: "{paper_id}", Shares: shares("train", 80, "dev", 10, "test", 10)}
	before := splitsOf(t, scanLines(t, c))
	counts := map[string]int{}
	for i := range 600 {
		name := before[fmt.Sprintf("c/a.txt/%06d", i+1)]
		counts[name]++
		for k := range 3 {
			if other := before[fmt.Sprintf("c/a.txt/%06d", k*600+i+1)]; other != name {
				t.Fatalf("reviews of paper %d are in %s and %s", i, name, other)
			}
		}
	}
	for name, want := range map[string]float64{"train": 480, "dev": 60, "test": 60} {
		if math.Abs(float64(counts[name])-want) > 4*math.Sqrt(want) {
			t.Errorf("%d of 600 papers are in %s", counts[name], name)
		}
	}
	// They stay where they are when the corpus grows, in whichever file.
	write(t, root, map[string]string{"b.txt": papers(900)})
	after := splitsOf(t, scanLines(t, c))
	for id, name := range before {
		if after[id] != name {
			t.Errorf("%s was in %s, and is in %s", id, name, after[id])
		}
	}
	for i := range 600 {
		if a, b := after[fmt.Sprintf("c/a.txt/%06d", i+1)], after[fmt.Sprintf("c/b.txt/%06d", i+1)]; a != b {
			t.Errorf("paper %d is in %s and %s", i, a, b)
		}
	}
	c.Splits.Seed = "another"
	moved := 0
	for id, name := range splitsOf(t, scanLines(t, c)) {
		if after[id] != name {
			moved++
		}
	}
	if moved < 200 {
		t.Errorf("%d documents are in another split with another seed", moved)
	}
}

func TestSplitsStratified(t *testing.T) {
	c := linesAt(tree(t, map[string]string{"a.txt": papers(300)}))
	c.Splits = config.Splits{GroupBy: "{paper_id}", StratifyBy: "decision", Shares: shares("train", 80, "test", 20)}
	p := scanLines(t, c)
	counts := map[string]int{}
	for i := range p.Len() {
		a := mustRead(t, p, i).Attributes
		counts[*a.Decision+" "+*a.Split]++
	}
	diff(t, map[string]int{"accepted train": 3 * 160, "accepted test": 3 * 40, "rejected train": 3 * 80, "rejected test": 3 * 20}, counts)
}

// A split that the corpus gives wins, and draws those of its group that have none.
func TestSplitsGiven(t *testing.T) {
	root := tree(t, map[string]string{"dev/a.txt": "p1 - x\np2 - x\n", "rest/b.txt": "p1 - y\np1 - z\np3 - x\n- - alone\n"})
	c := linesAt(root)
	c.Paths = []string{"{split:dev}/*", "rest/*"}
	c.Splits = config.Splits{GroupBy: "{paper_id}", Shares: shares("train", 100)}
	p := scanLines(t, c)
	diff(t, map[string]string{
		"c/dev/a.txt/000001": "dev", "c/dev/a.txt/000002": "dev", "c/rest/b.txt/000001": "dev", "c/rest/b.txt/000002": "dev",
		"c/rest/b.txt/000003": "train", "c/rest/b.txt/000004": "train",
	}, splitsOf(t, p))
	// A shard is made anew if its documents come into another split.
	c.Splits.Shares = shares("test", 100)
	all := Shard{End: p.Len()}
	if p.Identity(all, "") == scanLines(t, c).Identity(all, "") {
		t.Error("the identity does not know of splits")
	}
}

// Files are divided as records are, and may be partitioned by it.
func TestSplitsOfFiles(t *testing.T) {
	files := map[string]string{}
	for i := range 40 {
		files[fmt.Sprintf("p%d/%d.txt", i%20, i)] = "text"
	}
	c := corpusAt(tree(t, files))
	c.Paths = []string{"{paper_id}/*"}
	c.Splits = config.Splits{GroupBy: "{paper_id}", StratifyBy: "{venue}", Shares: shares("train", 50, "test", 50)}
	p, err := Options{PartitionBy: []string{"split"}}.Scan(t.Context(), c, limits)
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for _, s := range p.Shards(1) {
		for i := s.Start; i < s.End; i++ {
			name := *mustRead(t, p, i).Attributes.Split
			if counts[name]++; name != s.Partition[0] {
				t.Errorf("entry %d is of %s, in the partition of %s", i, name, s.Partition[0])
			}
		}
	}
	diff(t, map[string]int{"train": 20, "test": 20}, counts)
}

func TestShares(t *testing.T) {
	diff(t, 0, shareOf(0, []int64{1, 1_000_000}))
	diff(t, 1, shareOf(math.MaxUint64, []int64{999_999, 1_000_000}))
	diff(t, 1, shareOf(0, []int64{0, 1_000_000}))
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 1000).Draw(t, "n")
		first := rapid.Int64Range(0, 1_000_000).Draw(t, "share")
		in := 0
		for i := range n {
			if shareAt(i, n, []int64{first, 1_000_000}) == 0 {
				in++
			}
		}
		if math.Abs(float64(in)-float64(n)*float64(first)/1e6) > 0.5000001 {
			t.Fatalf("%d of %d for a share of %d millionths", in, n, first)
		}
	})
}
