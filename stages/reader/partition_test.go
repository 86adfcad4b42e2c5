package reader

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/schema"
)

func mustPartition(t testing.TB, p *Plan, by ...string) *Plan {
	t.Helper()
	q, err := p.partitioned(t.Context(), by, 2)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// partitionsOf are the shards of a plan: the partition of each, and its entries.
func partitionsOf(p *Plan, target int64) []string {
	var out []string
	for _, s := range p.Shards(target) {
		line := fmt.Sprintf("%q", s.Partition)
		for i := s.Start; i < s.End; i++ {
			line += " " + p.Entry(i).Path
		}
		out = append(out, line)
	}
	return out
}

func TestPartitioned(t *testing.T) {
	c := corpusAt(tree(t, map[string]string{
		"Reject/2019/b.txt": "1", "reject/2018/a.txt": "1", "rejected/018/z.txt": "1", "Accept/2018/c.txt": "1",
		"Accept/2018/a.txt": "1", "accepted/soon/d.txt": "", "x.txt": "1", " /2018/y.txt": "1", "a=b/2018/e.txt": "1",
	}))
	c.Paths, c.DocumentID = []string{"{decision}/{year}/{paper_id}.txt"}, "{paper_id}"
	p := mustScan(t, c)
	p.notices = []notice{{"locked", "it is locked", schema.DirectoryUnreadable}}
	q := mustPartition(t, p, "decision", "year")
	diff(t, []string{
		`["" ""] locked x.txt`,
		`["" "2018"]  /2018/y.txt`,
		`["a=b" "2018"] a=b/2018/e.txt`,
		`["accepted" ""] accepted/soon/d.txt`,
		`["accepted" "2018"] Accept/2018/a.txt Accept/2018/c.txt`,
		`["rejected" "18"] rejected/018/z.txt`,
		`["rejected" "2018"] reject/2018/a.txt`,
		`["rejected" "2019"] Reject/2019/b.txt`,
	}, partitionsOf(q, 1<<20))
	diff(t, []string{"[] locked", "[] Accept/2018/a.txt"}, partitionsOf(p, 1)[:2])
	diff(t, p.Counts(), q.Counts())
	// The document that has an id is the first by path, in whatever partition.
	for _, s := range told(t, q) {
		if s == "c/a reject/2018/a.txt refused document-duplicate" {
			return
		}
	}
	t.Errorf("no duplicate in %q", told(t, q))
}

func TestPartitionedByConstants(t *testing.T) {
	c := corpusAt(tree(t, map[string]string{"a.txt": "1", "b-R2.txt": "2"}))
	c.Paths = []string{"{paper_id}-{reviewer}.txt"}
	c.Attributes = []config.Attribute{{Name: "reviewer", Value: "nobody"}, {Name: "split", Value: "tr/ain"}}
	diff(t, []string{`["c" "tr/ain" "R2"] b-R2.txt`, `["c" "tr/ain" "nobody"] a.txt`},
		partitionsOf(mustPartition(t, mustScan(t, c), "corpus", "split", "reviewer"), 1<<20))
}

func TestPartitionedWithoutDocuments(t *testing.T) {
	p := mustScan(t, corpusAt(t.TempDir()))
	if q := mustPartition(t, p, "year"); q.Shards(1) != nil {
		t.Error("an empty plan has shards")
	}
	p.notices = make([]notice, 3)
	diff(t, []string{`["" ""]   `}, partitionsOf(mustPartition(t, p, "corpus", "year"), 1<<20))
	if mustPartition(t, p) != p {
		t.Error("no columns make another plan")
	}
}

// TestPartitionedIsAnOrder: a plan that is partitioned tells the same of every
// document, and each of its shards is of one partition, in order.
func TestPartitionedIsAnOrder(t *testing.T) {
	values := []string{"", "ICLR", "iclr", "2018", "7", "07", "é", "\xff", "a/b"}
	rapid.Check(t, func(t *rapid.T) {
		capturer, err := newCapturer(&config.Corpus{Paths: []string{"{venue:[^|]*}|{year:[^|]*}|{paper_id}"}, DocumentID: "{paper_id}"})
		if err != nil {
			t.Fatal(err)
		}
		p := &Plan{corpus: "c", limit: 100, capture: capturer, notices: make([]notice, rapid.IntRange(0, 2).Draw(t, "notices"))}
		value := rapid.SampledFrom(values)
		var captured capture
		sizes := map[string]int64{}
		for range rapid.IntRange(0, 60).Draw(t, "documents") {
			path := value.Draw(t, "venue") + "|" + value.Draw(t, "year") + "|" + strconv.Itoa(rapid.IntRange(0, 30).Draw(t, "id"))
			sizes[path] = rapid.Int64Range(0, 110).Draw(t, "size")
		}
		for _, path := range slices.Sorted(maps.Keys(sizes)) {
			capturer.capture(path, &captured)
			p.records = append(p.records, record{id: capturer.documentID(path, &captured), path: path, state: state{size: sizes[path], stamp: hash(path)}, twin: noTwin})
		}
		p.finish()
		by := rapid.SampledFrom([][]string{{"year"}, {"venue", "year"}, {"corpus", "venue"}, {"paper_id"}}).Draw(t, "by")
		q, err := p.partitioned(t.Context(), by, 2)
		if err != nil {
			t.Fatal(err)
		}
		tell := func(p *Plan, i int) string {
			var src schema.Source
			p.Describe(i, &src)
			return fmt.Sprintf("%+v %+v", p.Entry(i), src.Diagnostics)
		}
		var before, after []string
		for i := range p.Len() {
			before, after = append(before, tell(p, i)), append(after, tell(q, i))
		}
		slices.Sort(before)
		slices.Sort(after)
		if !slices.Equal(before, after) {
			t.Fatalf("%q became %q", before, after)
		}
		next := 0
		var partition []string
		last := ""
		for _, s := range q.Shards(rapid.Int64Range(1, 2000).Draw(t, "target")) {
			if s.Start != next || s.End <= s.Start {
				t.Fatalf("a shard is %+v after %d", s, next)
			}
			next = s.End
			if c := slices.Compare(partition, s.Partition); c > 0 {
				t.Fatalf("partition %q stands behind %q", s.Partition, partition)
			} else if c < 0 {
				last = ""
			}
			partition = s.Partition
			for i := s.Start; i < s.End; i++ {
				var src schema.Source
				q.Describe(i, &src)
				if src.ID == "" {
					continue
				}
				if src.ID < last {
					t.Fatalf("%s stands behind %s", src.ID, last)
				}
				last = src.ID
				attributes := map[string]string{"corpus": src.Corpus}
				for _, a := range src.Attributes.List() {
					attributes[a.Name] = a.Value
				}
				for k, column := range by {
					if attributes[column] != s.Partition[k] {
						t.Fatalf("%s is %q in the partition %q", column, attributes[column], s.Partition)
					}
				}
			}
		}
		if next != q.Len() {
			t.Fatalf("%d entries of %d", next, q.Len())
		}
	})
}
