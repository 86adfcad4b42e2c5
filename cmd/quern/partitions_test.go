package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"github.com/quern-data/quern/stages/snapshot"
)

// folders are the folders of a table's parts in the current snapshot.
func folders(t *testing.T, out, table string) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for name := range currentSums(t, out) {
		if name = strings.TrimPrefix(name, "/"); strings.HasPrefix(name, table+"/") {
			found[path.Dir(name)] = true
		}
	}
	return found
}

// count is the answer of quern count.
func count(t *testing.T, out, table string, by, where []string) []string {
	t.Helper()
	tables, err := chooseTables([]string{table})
	if err != nil {
		t.Fatal(err)
	}
	q, err := newCountQuery(tables[0], by, where)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := q.run(t.Context(), out)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, r := range rows {
		lines = append(lines, fmt.Sprintf("%s %d", r.values, r.n))
	}
	return lines
}

// TestPartitionsChange: whatever tables were partitioned by before, a run comes to
// the bytes of one that knows nothing, and to the same rows; and what it makes can be
// gone back to, removed and verified like any other.
func TestPartitionsChange(t *testing.T) {
	trustTimes(t)
	g := grow(t, 11, 80)
	flat := g.settings
	g.mustRun(t, g.out, runOptions{})
	ask := func() (answers [][]string) {
		for _, table := range []string{"documents", "sentences", "labels"} {
			answers = append(answers, count(t, g.out, table, []string{"corpus", "decision", "year", "reviewer"}, nil),
				count(t, g.out, table, []string{"decision"}, []string{"year=2022", "reviewer=R3"}))
		}
		return append(answers, count(t, g.out, "taxonomy", []string{"corpus", "label"}, nil), count(t, g.out, "diagnostics", []string{"corpus", "code"}, nil))
	}
	want := ask()
	if len(want[0]) < 10 || len(want[1]) < 2 {
		t.Fatalf("too few groups: %q", want[:2])
	}
	for _, settings := range [][]string{
		{"output.partition_by=decision"},
		{"output.partition_by=decision", "output.partition_columns=drop"},
		{"output.partition_by=corpus,year,decision,reviewer", "output.partition_columns=drop"},
		{"output.partition_by=year"},
		nil,
	} {
		g.settings = slices.Concat(flat, settings)
		if result := g.mustRun(t, g.out, runOptions{}); !result.Published || result.Kept > 0 {
			t.Errorf("%q: published %v, and %d shards kept", settings, result.Published, result.Kept)
		}
		if diff := cmp.Diff(g.afresh(t), currentSums(t, g.out)); diff != "" {
			t.Errorf("%q (-afresh +after another):\n%s", settings, diff)
		}
		sound(t, g.out)
		if diff := cmp.Diff(want, ask()); diff != "" {
			t.Errorf("%q (-flat +partitioned):\n%s", settings, diff)
		}
		if n := len(folders(t, g.out, "labels")); (n > 1) != (settings != nil) {
			t.Errorf("%q: labels lie in %d folders", settings, n)
		}
		if result := g.mustRun(t, g.out, runOptions{full: true}); result.Published {
			t.Errorf("%q: a full run published %s", settings, result.Snapshot)
		}
	}
	ids, err := snapshot.IDs(g.out)
	if err != nil || len(ids) != 6 {
		t.Fatalf("%d snapshots: %v", len(ids), err)
	}
	o, err := snapshot.Open(t.Context(), g.out, nil, snapshot.Holder{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.Rollback(ids[3]); err != nil {
		t.Fatal(err)
	}
	if removed, err := o.Collect(1); err != nil || len(removed) != 4 {
		t.Errorf("removed %q: %v", removed, err)
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	sound(t, g.out)
	if diff := cmp.Diff(want, ask()); diff != "" {
		t.Errorf("after rollback:\n%s", diff)
	}
}

// TestMovedToAnotherPartition: a document whose decision changed leaves the one
// folder, and stands in the other, and costs the others nothing.
func TestMovedToAnotherPartition(t *testing.T) {
	trustTimes(t)
	g := grow(t, 12, 100, "output.partition_by=decision")
	g.mustRun(t, g.out, runOptions{})
	at := slices.IndexFunc(g.files, func(path string) bool { return strings.HasPrefix(path, "/Accepted/") })
	before := count(t, g.out, "documents", []string{"decision"}, nil)
	g.move(t, g.files[at])
	result := g.mustRun(t, g.out, runOptions{})
	if result.Made < 2 || result.Made > 6 || result.Kept < 3 {
		t.Errorf("%d shards made and %d kept", result.Made, result.Kept)
	}
	if after := count(t, g.out, "documents", []string{"decision"}, nil); slices.Equal(before, after) {
		t.Errorf("still %q", after)
	}
	sound(t, g.out)
	checkTaken(t, g, g.afresh(t))
}

// TestPartitionsByWorkers: any number of workers makes the same bytes.
func TestPartitionsByWorkers(t *testing.T) {
	g := grow(t, 13, 80, "output.partition_by=year,decision", "output.partition_columns=drop")
	want := g.afresh(t)
	for _, workers := range []int{2, 3, 8, 32} {
		out := filepath.Join(t.TempDir(), "out")
		g.mustRun(t, out, runOptions{}, fmt.Sprint("run.workers=", workers))
		if diff := cmp.Diff(want, currentSums(t, out)); diff != "" {
			t.Errorf("%d workers:\n%s", workers, diff)
		}
	}
}

// TestOddPartitions: whatever a path says becomes one folder; what cannot is an
// error before anything is made.
func TestOddPartitions(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	dir := t.TempDir()
	files := map[string]string{"a.txt": "One.", "refused/b.txt": "", "a=b %/c.txt": "Two.", "__HIVE_DEFAULT_PARTITION__/d.txt": "Three.", "größe/e.txt": "Four."}
	write := func(files map[string]string) {
		for name, text := range files {
			if err := os.MkdirAll(filepath.Join(dir, path.Dir(name)), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	write(files)
	config := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(config, fmt.Appendf(nil, `
output: {dir: %q, partition_by: [venue]}
corpora: [{name: odd, root: %q, taxonomy: peer-review-analyze, paths: ["{venue:.+}/{paper_id}.txt"]}]
`, out, dir), 0o644); err != nil {
		t.Fatal(err)
	}
	run := func(settings ...string) (*outcome, error) {
		from := source{profile: defaultProfile, settings: settings}
		l, err := from.load([]string{config}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return convert(t.Context(), l, runOptions{}, slog.New(slog.DiscardHandler))
	}
	var want []map[string]bool
	for _, columns := range []string{"keep", "drop"} {
		if _, err := run("output.partition_columns=" + columns); err != nil {
			t.Fatal(err)
		}
		sound(t, out)
		want = append(want, folders(t, out, "sentences"))
	}
	if diff := cmp.Diff(map[string]bool{
		"sentences/venue=__HIVE_DEFAULT_PARTITION__": true, "sentences/venue=refused": true, "sentences/venue=a%3Db %25": true,
		"sentences/venue=%5F_HIVE_DEFAULT_PARTITION__": true, "sentences/venue=größe": true,
	}, want[0]); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want[0], want[1]); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"[NULL] 1", "[__HIVE_DEFAULT_PARTITION__] 1", "[a=b %] 1", "[größe] 1"}, count(t, out, "documents", []string{"venue"}, nil)); diff != "" {
		t.Error(diff)
	}

	long := strings.Repeat("ü", 100) + "/" + strings.Repeat("%", 30)
	write(map[string]string{long + "/z.txt": "Six."})
	_, err := run()
	if err == nil || !strings.Contains(err.Error(), `corpus odd: document odd/`+long+`/z, file `+long+`/z.txt, has the venue "`+strings.Repeat("ü", 40)+`…"`) ||
		!strings.Contains(err.Error(), "a name of 299 bytes, and 255 is the most: narrow the pattern") {
		t.Errorf("a long value: %v", err)
	}
	staged, err := os.ReadDir(filepath.Join(out, ".quern"))
	if err != nil || slices.ContainsFunc(staged, func(e fs.DirEntry) bool { return e.Name() == "staging" }) {
		t.Errorf("something was made: %v, %v", staged, err)
	}
}

// TestSmallPartitions: who gets many small files is told so.
func TestSmallPartitions(t *testing.T) {
	var log bytes.Buffer
	g := grow(t, 14, 40)
	g.log = slog.New(slog.NewTextHandler(&log, nil))
	g.mustRun(t, g.out, runOptions{})
	if strings.Contains(log.String(), "partition") {
		t.Errorf("without partitions: %s", &log)
	}
	log.Reset()
	g.mustRun(t, g.out, runOptions{}, "output.partition_by=corpus")
	if strings.Contains(log.String(), "WARN") {
		t.Errorf("with one folder: %s", &log)
	}
	log.Reset()
	g.mustRun(t, g.out, runOptions{}, "output.partition_by=decision")
	if !strings.Contains(log.String(), `level=WARN msg="the partitions are small, which makes tables slow to read: partition by fewer columns, or by none" partition_by=decision documents="3 folders of`) {
		t.Errorf("with three: %s", &log)
	}
}

// TestPartSizes: the settings of parts and row groups hold within partitions.
func TestPartSizes(t *testing.T) {
	g := grow(t, 15, 700, "output.partition_by=decision", "output.row_group_rows=1000")
	load := func(size int) *snapshot.Snapshot {
		out := filepath.Join(t.TempDir(), "out")
		g.mustRun(t, out, runOptions{}, fmt.Sprint("output.part_bytes=", size))
		dir, err := snapshot.Resolve(out)
		if err != nil {
			t.Fatal(err)
		}
		s, err := snapshot.Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for _, size := range []int{8000, 16_000} {
		s := load(size)
		if mean := int(s.Counts.SourceBytes) / len(s.Shards); mean < size*3/5 || mean > size*8/5 {
			t.Errorf("%d shards of %d bytes on average, want %d", len(s.Shards), mean, size)
		}
	}
	s := load(1 << 30)
	if len(s.Shards) != 3 {
		t.Fatalf("%d shards of 3 partitions", len(s.Shards))
	}
	several := 0
	for i := range s.Shards {
		name := filepath.Join(s.Dir, s.PartPath("labels", i))
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		file, err := parquet.OpenFile(f, info.Size())
		if err != nil {
			t.Fatal(err)
		}
		if len(file.RowGroups()) > 1 {
			several++
		}
		for _, group := range file.RowGroups() {
			if group.NumRows() > 1000 {
				t.Errorf("%s has a row group of %d rows", name, group.NumRows())
			}
		}
	}
	if several == 0 {
		t.Error("no part has two row groups")
	}
}
