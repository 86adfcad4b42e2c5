package reader

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/quern-data/quern/config"
)

// memory is an index that a test keeps.
type memory struct {
	content  []byte
	settings string
	writes   int
}

func (m *memory) index() *Index {
	x := &Index{Settings: m.settings, Before: math.MaxInt64, To: func(write func(io.Writer) error) error {
		m.writes++
		var b bytes.Buffer
		err := write(&b)
		m.content = b.Bytes()
		return err
	}}
	if m.content != nil {
		x.From = bytes.NewReader(m.content)
	}
	return x
}

func scanIndexed(t testing.TB, c config.Corpus, m *memory, by ...string) *Plan {
	t.Helper()
	p, err := Options{Records: lines{}, Index: m.index(), PartitionBy: by, Workers: 2}.Scan(t.Context(), c, limits)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// same fails unless two plans say the same of all entries.
func same(t testing.TB, want, got *Plan) {
	t.Helper()
	all := Shard{End: want.Len()}
	if want.Len() != got.Len() {
		t.Fatalf("%d entries, want %d", got.Len(), want.Len())
	}
	diff(t, want.Stamps(all, math.MaxInt64), got.Stamps(all, math.MaxInt64))
	diff(t, want.Identity(all, ""), got.Identity(all, ""))
	diff(t, readAll(t, want), readAll(t, got))
	diff(t, fmt.Sprint(want.Shards(10)), fmt.Sprint(got.Shards(10)))
}

func indexed(t testing.TB) (root string, c config.Corpus) {
	t.Helper()
	root = tree(t, map[string]string{
		"a/one.txt":   "p1 accept the first\np2 reject the second\n\np3 - the third",
		"b/head.txt":  "#id decision text\np4 accept a row\np5 accept another\n",
		"b/whole.txt": "{p6 accept a file}\n",
		"c/empty.txt": "", "c/none.txt": "\n\n",
		"d/many.txt": strings.Repeat("p7 accept one of many\n", 2000),
	})
	c = linesAt(root)
	c.SameID = "append"
	c.DocumentID = "{paper_id}"
	c.Splits = config.Splits{GroupBy: "{paper_id}", Shares: shares("a", 60, "b", 40)}
	return root, c
}

// A file that is as it was is not read again, and the plan is the same.
func TestIndex(t *testing.T) {
	root, c := indexed(t)
	m := new(memory)
	first := scanIndexed(t, c, m, "decision", "split")
	diff(t, 6, first.Counts().Split)
	again := scanIndexed(t, c, m, "decision", "split")
	diff(t, 0, again.Counts().Split)
	same(t, first, again)
	diff(t, 1, m.writes)

	write(t, root, map[string]string{"b/whole.txt": "{p6 reject a file}\n", "e.txt": "p8 - new\n"})
	if err := os.Remove(filepath.Join(root, "a/one.txt")); err != nil {
		t.Fatal(err)
	}
	changed := scanIndexed(t, c, m, "decision", "split")
	diff(t, 2, changed.Counts().Split)
	same(t, scanIndexed(t, c, new(memory), "decision", "split"), changed)
	diff(t, 2, m.writes)
	diff(t, 0, scanIndexed(t, c, m, "decision", "split").Counts().Split)
	diff(t, 2, m.writes)

	// What is gone is forgotten.
	if err := os.Remove(filepath.Join(root, "e.txt")); err != nil {
		t.Fatal(err)
	}
	diff(t, 0, scanIndexed(t, c, m, "decision", "split").Counts().Split)
	diff(t, 3, m.writes)

	m.settings = "others"
	diff(t, 5, scanIndexed(t, c, m, "decision", "split").Counts().Split)
}

// What changed just now is not kept: it might change again, and show the same times.
func TestIndexOfUnsettled(t *testing.T) {
	_, c := indexed(t)
	m := new(memory)
	at := time.Now().Add(-time.Hour)
	for range 2 {
		x := m.index()
		x.Before = at.UnixNano()
		p, err := Options{Records: lines{}, Index: x}.Scan(t.Context(), c, limits)
		if err != nil {
			t.Fatal(err)
		}
		diff(t, 6, p.Counts().Split)
		diff(t, 1, m.writes) // it has nothing to say, and is not written again
	}
}

// An index that is damaged is not used, wherever the damage is.
func TestIndexDamaged(t *testing.T) {
	_, c := indexed(t)
	m := new(memory)
	want := scanIndexed(t, c, m)
	whole := m.content
	for at := 0; at < len(whole); at += 1 + len(whole)/100 {
		for _, content := range [][]byte{
			whole[:at],
			append(append(bytes.Clone(whole[:at]), whole[at]^0x40), whole[at+1:]...),
		} {
			d := &memory{content: content}
			got := scanIndexed(t, c, d)
			if n := got.Counts().Split; n != 6 {
				t.Fatalf("with byte %d gone or changed, %d files are read", at, n)
			}
			if at%10 == 0 {
				same(t, want, got)
			}
			if !bytes.Equal(d.content, whole) {
				t.Fatalf("the index that takes its place is another")
			}
		}
	}
	x := m.index()
	x.From = iotest.ErrReader(io.ErrUnexpectedEOF)
	p, err := Options{Records: lines{}, Index: x}.Scan(t.Context(), c, limits)
	if err != nil {
		t.Fatal(err)
	}
	same(t, want, p)
}

// FuzzIndex: whatever an index holds, it ends in a plan or is not used.
func FuzzIndex(f *testing.F) {
	c := linesAt(tree(f, map[string]string{"a.txt": "p1 - one\np2 accept two\n", "b.txt": "{p3 - three}", "c.txt": "#h\np4 - four\n"}))
	m := new(memory)
	p := scanIndexed(f, c, m, "decision")
	f.Add(unpack(f, m.content))
	f.Fuzz(func(t *testing.T, content []byte) {
		all := make([]contents, len(p.records))
		if _, err := new(Index).decode(bufio.NewReader(bytes.NewReader(content)), p, all, make([]bool, len(all))); err != nil {
			return
		}
		for i := range all {
			for _, list := range all[i].pieces {
				for _, b := range list {
					if int(b.key) >= len(all[i].keys.list) || b.offset < 0 || b.line < 0 {
						t.Fatalf("%+v", b)
					}
				}
			}
		}
	})
}

func BenchmarkIndex(b *testing.B) {
	text := shortLines(1_000_000)
	c := linesAt(tree(b, map[string]string{"a.txt": text}))
	m := new(memory)
	scan := func() {
		p, err := Options{Records: quick{}, Index: m.index()}.Scan(b.Context(), c, limits)
		if err != nil {
			b.Fatal(err)
		}
		if p.Len() != 1_000_000 {
			b.Fatal(p.Len())
		}
	}
	scan()
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		scan()
	}
	b.ReportMetric(float64(len(m.content))/1e6, "index-B/record")
	if m.writes != 1 {
		b.Fatal(m.writes)
	}
}

func unpack(t testing.TB, content []byte) []byte {
	t.Helper()
	r, err := zstd.NewReader(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	out, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
