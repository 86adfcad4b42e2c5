package main

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/internal/gen"
	"github.com/quern-data/quern/pipeline"
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/snapshot"
	"github.com/quern-data/quern/stages/verifier"
)

// A growing is a corpus that changes from night to night.
type growing struct {
	dir, out string
	r        *rand.Rand
	settings []string
	files    []string // documents that there are
	spare    []string // documents that there are not, with their text
	texts    map[string][]byte
	log      *slog.Logger
}

// grow makes a corpus of the given number of documents.
func grow(t testing.TB, seed uint64, documents int, settings ...string) *growing {
	t.Helper()
	from := t.TempDir()
	if _, err := gen.Write(from, gen.Options{Seed: seed, Documents: documents, MeanBytes: 600, QuirkRate: 0.1, Layers: 4, Twins: true}); err != nil {
		t.Fatal(err)
	}
	g := &growing{
		dir: t.TempDir(), out: filepath.Join(t.TempDir(), "out"), r: rand.New(rand.NewPCG(seed, 1)),
		settings: append([]string{"output.part_bytes=4KB"}, settings...), texts: map[string][]byte{}, log: slog.New(slog.DiscardHandler),
	}
	for path := range sums(t, from) {
		text, err := os.ReadFile(filepath.Join(from, path))
		if err != nil {
			t.Fatal(err)
		}
		g.texts[path] = text
	}
	for _, path := range slices.Sorted(maps.Keys(g.texts)) {
		if strings.HasSuffix(path, "annotated.txt") {
			g.spare = append(g.spare, path)
		}
	}
	if len(g.spare) != documents {
		t.Fatalf("%d documents of %d files, want %d", len(g.spare), len(g.texts), documents)
	}
	for range documents / 2 {
		g.add(t)
	}
	return g
}

// twin is the path of a document's twin.
func twin(path string) string {
	return strings.Replace(strings.Replace(path, "/Annotated/", "/Raw/", 1), "_annotated.txt", ".txt", 1)
}

func (g *growing) put(t testing.TB, path string, text []byte) {
	t.Helper()
	full := filepath.Join(g.dir, path)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(full, text, 0o644); err != nil {
		t.Fatal(err)
	}
}

// take removes a random element.
func (g *growing) take(from *[]string) string {
	i := g.r.IntN(len(*from))
	path := (*from)[i]
	*from = slices.Delete(*from, i, i+1)
	return path
}

func (g *growing) add(t testing.TB) {
	t.Helper()
	if len(g.spare) == 0 {
		return
	}
	path := g.take(&g.spare)
	g.files = append(g.files, path)
	g.put(t, path, g.texts[path])
	if g.r.IntN(4) > 0 {
		g.put(t, twin(path), g.texts[twin(path)])
	}
}

// edit does one thing that may happen to a corpus between two nights.
func (g *growing) edit(t testing.TB) {
	t.Helper()
	if len(g.files) < 5 {
		g.add(t)
		return
	}
	path := g.files[g.r.IntN(len(g.files))]
	full := filepath.Join(g.dir, path)
	var err error
	switch g.r.IntN(10) {
	case 0, 1:
		g.add(t)
	case 2:
		path := g.take(&g.files)
		g.spare = append(g.spare, path)
		err = os.Remove(filepath.Join(g.dir, path))
	case 3: // another text of the same size
		text := append([]byte(nil), g.texts[path]...)
		text[len(text)/2] ^= 1
		g.put(t, path, text)
	case 4: // another text
		g.put(t, path, append([]byte("\"Before all.[[MET-POS], [CLA-POS], [APC], [MAJ]] "), g.texts[path][1:]...))
	case 5: // touched
		err = os.Chtimes(full, time.Time{}, time.Unix(1_700_000_000+int64(g.r.IntN(1000)), 0))
	case 6: // the twin comes or goes
		raw := filepath.Join(g.dir, twin(path))
		if err = os.Remove(raw); os.IsNotExist(err) {
			err = nil
			g.put(t, twin(path), g.texts[twin(path)])
		}
	case 7: // emptied
		g.put(t, path, nil)
	case 9: // moved to another decision, under the same id
		g.move(t, path)
	case 8: // something that is no document
		g.put(t, fmt.Sprintf("notes-%d.md", g.r.IntN(5)), []byte("notes"))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// move moves a document and its twin to the folder of another decision.
func (g *growing) move(t testing.TB, path string) {
	t.Helper()
	decision, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	to := map[string]string{"Accepted": "Rejected", "Rejected": "Withdrawn", "Withdrawn": "Accepted"}[decision]
	if to == "" {
		t.Fatalf("%s is of no decision", path)
	}
	to = "/" + to + "/" + rest
	for from, to := range map[string]string{path: to, twin(path): twin(to)} {
		g.texts[to] = g.texts[from]
		err := os.MkdirAll(filepath.Join(g.dir, filepath.Dir(to)), 0o755)
		if err == nil {
			err = os.Rename(filepath.Join(g.dir, from), filepath.Join(g.dir, to))
		}
		if err != nil && (!os.IsNotExist(err) || from == path) {
			t.Fatal(err)
		}
	}
	g.files[slices.Index(g.files, path)] = to
}

// run is one night.
func (g *growing) run(t testing.TB, out string, o runOptions, settings ...string) (*outcome, error) {
	t.Helper()
	from := source{corpus: g.dir, profile: defaultProfile, settings: slices.Concat(g.settings, []string{"run.max_shrink=100%"}, settings)}
	l, err := from.load(nil, map[string]string{"output.dir": out})
	if err != nil {
		t.Fatal(err)
	}
	return convert(t.Context(), l, o, g.log)
}

func (g *growing) mustRun(t testing.TB, out string, o runOptions, settings ...string) *outcome {
	t.Helper()
	result, err := g.run(t, out, o, settings...)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// currentSums is the SHA-256 of each file of the current snapshot, nil if there
// is none.
func currentSums(t testing.TB, out string) map[string]string {
	t.Helper()
	if id, err := snapshot.CurrentID(out); err != nil {
		t.Fatal(err)
	} else if id == "" {
		return nil
	}
	dir, err := snapshot.Resolve(out)
	if err != nil {
		t.Fatal(err)
	}
	return sums(t, dir)
}

// afresh is what a run would make that knew nothing.
func (g *growing) afresh(t testing.TB) map[string]string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out")
	g.mustRun(t, out, runOptions{}, "run.workers=1")
	return currentSums(t, out)
}

// sound verifies the current snapshot.
func sound(t testing.TB, out string) {
	t.Helper()
	dir, err := snapshot.Resolve(out)
	if err != nil {
		t.Fatal(err)
	}
	s, err := snapshot.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	problems, err := verifySnapshot(t.Context(), s, verifier.Full, 0, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", out, p)
	}
}

// trustTimes lets runs trust the times of files that were changed just now.
func trustTimes(t testing.TB) {
	t.Helper()
	before := settled
	settled = 0
	t.Cleanup(func() { settled = before })
}

// TestHistories: after any history of edits, an incremental run comes to the same
// bytes as one that knows nothing, and so does a full one.
func TestHistories(t *testing.T) {
	seeds := uint64(8)
	if raceEnabled {
		seeds = 2
	}
	forms := map[uint64][]string{
		1: {"output.partition_by=decision,year", "output.format=both"}, 3: {"output.format=arrow"},
		4: {"output.partition_by=corpus,decision", "output.partition_columns=drop"},
		7: {"output.partition_by=reviewer", "output.partition_columns=drop", "output.format=both"},
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			if seed%2 == 0 {
				trustTimes(t)
			}
			g := grow(t, 100+seed, 80, forms[seed]...)
			kept, nothing := 0, 0
			for night := range 12 {
				for range g.r.IntN(4) {
					g.edit(t)
				}
				o := runOptions{full: night == 7}
				result := g.mustRun(t, g.out, o)
				want := g.afresh(t)
				if diff := cmp.Diff(want, currentSums(t, g.out)); diff != "" {
					t.Fatalf("night %d (-afresh +incremental):\n%s", night, diff)
				}
				kept += result.Kept
				if !result.Published {
					nothing++
				}
				again := g.mustRun(t, g.out, runOptions{})
				if again.Published || again.Made > 0 || again.Snapshot != result.Snapshot {
					t.Fatalf("night %d: nothing changed, and %d shards were made, %s published", night, again.Made, again.Snapshot)
				}
				if seed%2 == 0 && again.Read > 0 {
					t.Fatalf("night %d: nothing changed, and %d documents were read", night, again.Read)
				}
			}
			sound(t, g.out)
			if kept == 0 {
				t.Error("no shard was ever taken over")
			}
			list, err := listSnapshots(g.out)
			if err != nil || len(list) != 12-nothing {
				t.Errorf("%d snapshots of 12 nights, %d of them without a change: %v", len(list), nothing, err)
			}
		})
	}
}

// TestFormats: a format that changes from night to night makes the tables anew, each
// time as a run makes them that knows nothing, and all formats have the same rows.
func TestFormats(t *testing.T) {
	g := grow(t, 12, 40, "output.partition_by=decision,year", "output.partition_columns=drop")
	var ids []string
	var rows [][]columnSum
	formats := []string{"parquet", "both", "arrow", "both", "parquet", "arrow"}
	for _, format := range formats {
		result := g.mustRun(t, g.out, runOptions{}, "output.format="+format)
		if !result.Published || result.Kept > 0 {
			t.Errorf("%s: %d shards kept, published %v", format, result.Kept, result.Published)
		}
		if again := g.mustRun(t, g.out, runOptions{}, "output.format="+format); again.Published || again.Made > 0 {
			t.Errorf("%s again: %d shards made, published %v", format, again.Made, again.Published)
		}
		out := filepath.Join(t.TempDir(), "out")
		g.mustRun(t, out, runOptions{}, "output.format="+format, "run.workers=1")
		if diff := cmp.Diff(currentSums(t, out), currentSums(t, g.out)); diff != "" {
			t.Errorf("%s (-afresh +after others):\n%s", format, diff)
		}
		sound(t, g.out)
		s, err := loadSnapshot(g.out)
		if err != nil {
			t.Fatal(err)
		}
		if s.HasParquet() != (format != "arrow") || s.HasArrow() != (format != "parquet") {
			t.Errorf("%s: Parquet %v, Arrow %v", format, s.HasParquet(), s.HasArrow())
		}
		var sums []columnSum
		for _, table := range schema.Tables() {
			of, err := checksums(t.Context(), s, table)
			if err != nil {
				t.Fatal(err)
			}
			sums = append(sums, of...)
		}
		ids, rows = append(ids, result.Snapshot), append(rows, sums)
	}
	for i := range rows {
		if diff := cmp.Diff(rows[0], rows[i]); diff != "" || len(rows[i]) < 90 {
			t.Errorf("%s has other rows than %s:\n%s", formats[i], formats[0], diff)
		}
	}
	// Back to a snapshot in another format, and on from there.
	o, err := snapshot.Open(t.Context(), g.out, nil, snapshot.Holder{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	id, err := o.Rollback("")
	if err = errors.Join(err, o.Close()); err != nil || id != ids[len(ids)-2] {
		t.Fatalf("rolled back to %s: %v", id, err)
	}
	sound(t, g.out)
	g.edit(t)
	if result := g.mustRun(t, g.out, runOptions{}, "output.format=parquet"); result.Kept == 0 && result.Published {
		t.Error("nothing was taken over from a snapshot in the same format")
	}
	if result := g.mustRun(t, g.out, runOptions{}, "output.format=both"); result.Kept > 0 {
		t.Errorf("%d shards were taken over from a snapshot in another format", result.Kept)
	}
	// A damaged Arrow file is made anew.
	dir, err := snapshot.Resolve(g.out)
	if err != nil {
		t.Fatal(err)
	}
	s, err := snapshot.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, filepath.FromSlash(s.Shards[0].Arrow[2].Path))
	if err := errors.Join(os.Chmod(path, 0o644), os.Truncate(path, 100)); err != nil {
		t.Fatal(err)
	}
	before := currentSums(t, g.out)
	if result := g.mustRun(t, g.out, runOptions{}, "output.format=both"); result.Made != 1 || !result.Published {
		t.Errorf("%d shards made, published %v", result.Made, result.Published)
	}
	if maps.Equal(before, currentSums(t, g.out)) {
		t.Error("the damaged file is still there")
	}
	sound(t, g.out)
}

// TestOnlyTheChangeCosts counts what is read and made.
func TestOnlyTheChangeCosts(t *testing.T) {
	trustTimes(t)
	g := grow(t, 1, 100)
	first := g.mustRun(t, g.out, runOptions{})
	if first.Kept != 0 || first.Made < 8 || first.Read != 50 {
		t.Fatalf("the first run made %d shards and kept %d, read %d", first.Made, first.Kept, first.Read)
	}

	// Touched, and the same.
	for _, path := range g.files[:10] {
		if err := os.Chtimes(filepath.Join(g.dir, path), time.Time{}, time.Unix(1_600_000_000, 0)); err != nil {
			t.Fatal(err)
		}
	}
	touched := g.mustRun(t, g.out, runOptions{})
	if touched.Published || touched.Made != 0 || touched.Read != 10 {
		t.Errorf("ten files touched: %d shards made, %d documents read", touched.Made, touched.Read)
	}
	if again := g.mustRun(t, g.out, runOptions{}); again.Read != 0 {
		t.Errorf("and again: %d documents read", again.Read)
	}

	// One changed.
	path := g.files[3]
	g.put(t, path, append(g.texts[path], "\n"...))
	changed := g.mustRun(t, g.out, runOptions{})
	if !changed.Published || changed.Made != 1 {
		t.Errorf("one file changed: %d shards made of %d", changed.Made, changed.Made+changed.Kept)
	}

	// A setting that changes the tables, and one that does not.
	if other := g.mustRun(t, g.out, runOptions{}, "run.workers=1", "run.verify=fast"); other.Published {
		t.Error("another number of workers made another snapshot")
	}
	if other := g.mustRun(t, g.out, runOptions{}, "limits.group_bytes=5000"); !other.Published || other.Kept != 0 {
		t.Errorf("another setting: %d shards were kept", other.Kept)
	}
}

// TestLostState: what is kept beside the snapshots may be lost. Documents are then
// read, and nothing is made.
func TestLostState(t *testing.T) {
	trustTimes(t)
	g := grow(t, 2, 60)
	g.mustRun(t, g.out, runOptions{})
	for name, damage := range map[string]func(path string) error{
		"removed": os.Remove,
		"empty":   func(path string) error { return os.WriteFile(path, nil, 0o644) },
		"garbled": func(path string) error { return os.WriteFile(path, []byte(`{"stamps":["AAAA"]}`), 0o644) },
	} {
		states, err := filepath.Glob(filepath.Join(g.out, ".quern", "state", "*.json"))
		if err != nil || len(states) != 1 {
			t.Fatalf("%v, %v", states, err)
		}
		if err := damage(states[0]); err != nil {
			t.Fatal(err)
		}
		if result := g.mustRun(t, g.out, runOptions{}); result.Published || result.Made != 0 || result.Read != 30 {
			t.Errorf("%s: %d shards made, %d documents read", name, result.Made, result.Read)
		}
		if result := g.mustRun(t, g.out, runOptions{}); result.Read != 0 {
			t.Errorf("%s, the night after: %d documents read", name, result.Read)
		}
	}
}

// TestDamage: what happens to a current snapshot between two nights is mended by
// the second, whether or not the corpus changed.
func TestDamage(t *testing.T) {
	trustTimes(t)
	part := func(dir, table string) string {
		return filepath.Join(dir, table, "part-00001.parquet")
	}
	rewrite := func(path string, change func([]byte) []byte) error {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := os.Remove(path); err != nil {
			return err
		}
		return os.WriteFile(path, change(text), 0o444)
	}
	damages := map[string]func(dir string) error{
		"a part is missing": func(dir string) error { return os.Remove(part(dir, "labels")) },
		"a part is cut off": func(dir string) error {
			return rewrite(part(dir, "labels"), func(b []byte) []byte { return b[:len(b)/2] })
		},
		"a foreign part": func(dir string) error { return os.WriteFile(filepath.Join(dir, "labels", "x.parquet"), nil, 0o644) },
		"a manifest is empty": func(dir string) error {
			return rewrite(filepath.Join(dir, "_manifest.json"), func([]byte) []byte { return nil })
		},
		"a manifest is gone": func(dir string) error { return os.Remove(filepath.Join(dir, "_manifest.json")) },
		"the card is gone":   func(dir string) error { return os.Remove(filepath.Join(dir, "README.md")) },
		"the card is edited": func(dir string) error {
			return rewrite(filepath.Join(dir, "README.md"), func(b []byte) []byte { return append(b, "Mine.\n"...) })
		},
		"no _SUCCESS":       func(dir string) error { return os.Remove(filepath.Join(dir, "_SUCCESS")) },
		"all of it is gone": os.RemoveAll,
	}
	flipped := func(dir string) error {
		return rewrite(part(dir, "sentences"), func(b []byte) []byte { b[len(b)/3] ^= 4; return b })
	}
	for name, damage := range damages {
		for _, edited := range []bool{false, true} {
			t.Run(fmt.Sprint(name, " edited ", edited), func(t *testing.T) {
				checkMended(t, damage, edited, runOptions{})
			})
		}
	}
	// A flipped bit leaves the size, and is found when the part is taken over, or
	// when nothing is.
	inputs := func(dir string) error {
		return rewrite(filepath.Join(dir, "_manifest.json"), func(b []byte) []byte {
			return append(bytes.TrimSuffix(b, []byte("\"}\n  ]\n}\n")), "X\"}\n  ]\n}\n"...)[1:]
		})
	}
	flippedInput := func(dir string) error {
		return rewrite(filepath.Join(dir, "_manifest.json"), func(b []byte) []byte {
			at := bytes.LastIndex(b, []byte(`"sha256":"`)) + len(`"sha256":"`)
			b[at] = "10"[b[at]&1]
			return b
		})
	}
	t.Run("a bit of a part flipped", func(t *testing.T) { checkMended(t, flipped, true, runOptions{}) })
	t.Run("a bit of a part flipped, full", func(t *testing.T) { checkMended(t, flipped, false, runOptions{full: true}) })
	t.Run("a bit of an input flipped", func(t *testing.T) { checkMended(t, flippedInput, true, runOptions{}) })
	t.Run("a bit of an input flipped, full", func(t *testing.T) { checkMended(t, flippedInput, false, runOptions{full: true}) })
	flippedCard := func(dir string) error {
		return rewrite(filepath.Join(dir, "croissant.json"), func(b []byte) []byte { b[len(b)/2] ^= 4; return b })
	}
	t.Run("a bit of the card flipped", func(t *testing.T) { checkMended(t, flippedCard, true, runOptions{}) })
	t.Run("a bit of the card flipped, full", func(t *testing.T) { checkMended(t, flippedCard, false, runOptions{full: true}) })
	t.Run("inputs shifted", func(t *testing.T) { checkMended(t, inputs, false, runOptions{}) })
}

func checkMended(t *testing.T, damage func(dir string) error, edited bool, o runOptions) {
	t.Helper()
	g := grow(t, 3, 60)
	first := g.mustRun(t, g.out, runOptions{})
	dir, err := snapshot.Resolve(g.out)
	if err != nil {
		t.Fatal(err)
	}
	if err := damage(dir); err != nil {
		t.Fatal(err)
	}
	if edited {
		g.put(t, g.files[0], g.texts[g.files[1]])
	}
	result := g.mustRun(t, g.out, o)
	if !result.Published || result.Snapshot == first.Snapshot {
		t.Errorf("no new snapshot took its place")
	}
	if diff := cmp.Diff(g.afresh(t), currentSums(t, g.out)); diff != "" {
		t.Errorf("-afresh +mended:\n%s", diff)
	}
	sound(t, g.out)
}

// TestFoldersSwapped: two folders that are given each other's names, whose files have
// one size and were written in one tick of the clock, so that their times are equal.
func TestFoldersSwapped(t *testing.T) {
	trustTimes(t)
	g := grow(t, 7, 0)
	for range 200 {
		g.put(t, "A/x_annotated.txt", []byte("Good idea.[[RWK-POS,MET-POS]]"))
		g.put(t, "B/x_annotated.txt", []byte("Poor plan.[[RWK-NEG,MET-NEG]]"))
		at := time.Unix(1_700_000_000, 0)
		for _, name := range []string{"A", "B"} {
			if err := os.Chtimes(filepath.Join(g.dir, name, "x_annotated.txt"), at, at); err != nil {
				t.Fatal(err)
			}
		}
	}
	first := g.mustRun(t, g.out, runOptions{})
	for _, names := range [][2]string{{"A", "C"}, {"B", "A"}, {"C", "B"}} {
		if err := os.Rename(filepath.Join(g.dir, names[0]), filepath.Join(g.dir, names[1])); err != nil {
			t.Fatal(err)
		}
	}
	if result := g.mustRun(t, g.out, runOptions{}); result.Snapshot == first.Snapshot {
		t.Error("the tables of before are still there")
	}
	checkTaken(t, g, g.afresh(t))
}

// TestTwoCorpora: a corpus that joins another costs the other nothing.
func TestTwoCorpora(t *testing.T) {
	trustTimes(t)
	g := grow(t, 4, 60)
	g.mustRun(t, g.out, runOptions{})
	from := source{corpus: g.dir, profile: defaultProfile, settings: g.settings}
	l, err := from.load(nil, map[string]string{"output.dir": g.out})
	if err != nil {
		t.Fatal(err)
	}
	second := l.Config.Corpora[0]
	second.Name, second.Root = "another", filepath.Join("..", "..", "examples", "reviews")
	l.Config.Corpora = append([]config.Corpus{second}, l.Config.Corpora...)
	l.Taxonomies = append(l.Taxonomies[:1:1], l.Taxonomies...)
	result, err := convert(t.Context(), l, runOptions{}, g.log)
	if err != nil {
		t.Fatal(err)
	}
	if !result.Published || result.Kept < 5 || result.Stats.Written != 30+14 {
		t.Errorf("%d shards kept, %d made, %d documents", result.Kept, result.Made, result.Stats.Written)
	}
	sound(t, g.out)
}

// TestClockJumps: the clock may stand anywhere: the order of snapshots does not
// come from it, and times of files that lie in its future are not trusted.
func TestClockJumps(t *testing.T) {
	g := grow(t, 5, 40)
	future := time.Now().Add(1000 * time.Hour)
	for _, path := range g.files {
		if err := os.Chtimes(filepath.Join(g.dir, path), future, future); err != nil {
			t.Fatal(err)
		}
	}
	g.mustRun(t, g.out, runOptions{})
	path := g.files[0]
	text := append([]byte(nil), g.texts[path]...)
	text[len(text)/2] ^= 1
	g.put(t, path, text)
	if err := os.Chtimes(filepath.Join(g.dir, path), future, future); err != nil {
		t.Fatal(err)
	}
	result := g.mustRun(t, g.out, runOptions{})
	if !result.Published || result.Made != 1 || result.Read < 20 {
		t.Errorf("%d made, %d read: a file of the future counts as unchanged", result.Made, result.Read)
	}
	ids, err := snapshot.IDs(g.out)
	if err != nil || len(ids) != 2 || ids[1] != result.Snapshot {
		t.Errorf("%v, %v", ids, err)
	}
}

// TestSameShardTwice: two jobs may stage the same shards at the same time, as an
// engine that repeats slow tasks makes them.
func TestSameShardTwice(t *testing.T) {
	g := grow(t, 6, 60)
	from := source{corpus: g.dir, profile: defaultProfile, settings: g.settings}
	l, err := from.load(nil, map[string]string{"output.dir": g.out})
	if err != nil {
		t.Fatal(err)
	}
	j, err := newJob(l, runOptions{}, g.log)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.open(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := j.plan(t.Context()); err != nil {
		t.Fatal(err)
	}
	twice := slices.Concat(j.shards, j.shards)
	stages := make([]pipeline.Stages, len(twice))
	for i := range twice {
		stages[i] = j.stages(&twice[i])
	}
	if err := pipeline.Run(t.Context(), stages, pipeline.Options{Workers: 4}); err != nil {
		t.Fatal(err)
	}
	j.close()
	result := g.mustRun(t, g.out, runOptions{})
	if result.Made != 0 {
		t.Errorf("%d shards were made again", result.Made)
	}
	if diff := cmp.Diff(g.afresh(t), currentSums(t, g.out)); diff != "" {
		t.Errorf("-afresh +twice:\n%s", diff)
	}
}
