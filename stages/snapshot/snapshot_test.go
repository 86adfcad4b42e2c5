package snapshot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/disk"
	"github.com/quern-data/quern/stages/sink"
)

func open(t testing.TB, dir string, d *disk.Disk) *Output {
	t.Helper()
	o, err := Open(t.Context(), dir, d, Holder{PID: os.Getpid(), Host: "here", Started: time.Unix(0, 0)}, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.Close() })
	return o
}

// stage stages a shard of n inputs whose parts hold the given text, of a partition
// by decision and year if that is given.
func stage(t testing.TB, o *Output, identity, text string, n int, partition ...string) *Made {
	t.Helper()
	s, err := o.Stage()
	if err != nil {
		t.Fatal(err)
	}
	result := sink.Result{First: "c/" + text, Last: "c/" + text, InputLines: n, Stats: sink.NewStats()}
	result.Stats.LabelsByLayer["section"] = len(text)
	result.Stats.Written = n
	for _, table := range ShardTables {
		name := sink.PartName(table)
		if err := o.disk.WriteFile(filepath.Join(s.Dir, name), []byte(table+text), 0o444); err != nil {
			t.Fatal(err)
		}
		result.Parts = append(result.Parts, sink.Part{Table: table, Path: name, Bytes: int64(len(table + text))})
	}
	for i := range n {
		result.Inputs = fmt.Appendf(result.Inputs, `{"corpus":"c","path":"%s-%d","bytes":1,"sha256":"%s"}`+"\n", identity, i, text)
	}
	m, err := s.Commit(NewShard("c", identity, partition, result), result.Inputs, make([]uint64, n))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// publish publishes a snapshot of the shards.
func publish(t testing.TB, o *Output, made ...*Made) string {
	t.Helper()
	id, err := tryPublish(t, o, made...)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func tryPublish(t testing.TB, o *Output, made ...*Made) (string, error) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "taxonomy.parquet"), []byte("taxonomy"), 0o444); err != nil {
		t.Fatal(err)
	}
	m := &Manifest{SchemaVersion: schema.Version, Taxonomy: sink.Part{Table: "taxonomy", Path: "taxonomy.parquet", Bytes: 8}}
	if len(made) > 0 && made[0].Shard.Partition != nil {
		m.PartitionBy, m.PartitionColumns = []string{"decision", "year"}, KeepColumns
	}
	d, err := o.Draft(m, made, dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Attach(Attachment{"README.md", []byte("# Reviews\n")}); err != nil {
		t.Fatal(err)
	}
	if err := d.Write(); err != nil {
		return "", err
	}
	if _, err := d.Load(); err != nil {
		t.Fatal(err)
	}
	stamps := make([][]uint64, len(made))
	for i := range made {
		stamps[i] = []uint64{uint64(i), 7}
	}
	id, err := d.Publish("full", stamps)
	if err != nil {
		return "", err
	}
	return id, o.Unstage()
}

func current(t testing.TB, dir string) *Snapshot {
	t.Helper()
	at, err := Resolve(dir)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Load(at)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// inputsOf are the inputs of a shard.
func inputsOf(s *Snapshot, shard int) ([]sink.Input, error) {
	lines, err := s.InputLines(shard)
	if err != nil {
		return nil, err
	}
	return ParseInputs(lines)
}

func TestPublish(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "out")
	o := open(t, dir, nil)
	if _, err := Resolve(dir); err == nil {
		t.Error("an output without a snapshot resolves")
	}
	first := publish(t, o, stage(t, o, "aa", "one", 3), stage(t, o, "bb", "three", 0), stage(t, o, "cc", "four", 2))
	if !strings.HasPrefix(first, "000001-") {
		t.Errorf("the first snapshot is called %s", first)
	}
	s := current(t, dir)
	if s.ID != first || len(s.Shards) != 3 || s.Counts.LabelsByLayer["section"] != 3+5+4 {
		t.Errorf("%s is current, with %d shards and %v", s.ID, len(s.Shards), s.Counts.LabelsByLayer)
	}
	for i, want := range []int{3, 0, 2} {
		inputs, err := inputsOf(s, i)
		if err != nil || len(inputs) != want {
			t.Errorf("shard %d has %d inputs, want %d: %v", i, len(inputs), want, err)
		}
	}
	shards, verified := o.Shards(s)
	if verified != "full" || !cmp.Equal(shards[2].Stamps, []uint64{2, 7}) {
		t.Errorf("verified %q, stamps %v", verified, shards[2].Stamps)
	}

	// A reader that holds the first snapshot keeps it.
	part, err := os.Open(filepath.Join(dir, "current", "labels", "part-00002.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	defer part.Close()
	held, err := Resolve(dir)
	if err != nil {
		t.Fatal(err)
	}
	second := publish(t, o, shards[2], stage(t, o, "dd", "fifth", 1))
	if s := current(t, dir); s.ID != second || len(s.Shards) != 2 {
		t.Errorf("%s is current, want %s", s.ID, second)
	}
	if filepath.Base(held) != first || !Complete(held) {
		t.Errorf("what was resolved before is %s", held)
	}
	if foreign, err := s.Foreign(); err != nil || len(foreign) > 0 {
		t.Errorf("foreign files: %v, %v", foreign, err)
	}

	if text, err := os.ReadFile(filepath.Join(dir, "current", "README.md")); err != nil || string(text) != "# Reviews\n" {
		t.Errorf("README.md is %q: %v", text, err)
	}
	if sum := "6471db"; len(s.Files) != 1 || s.Files[0].Bytes != 10 || s.Files[0].Path != "README.md" || !strings.HasPrefix(s.Files[0].SHA256, sum) {
		t.Errorf("the files are %+v", s.Files)
	}

	// The part that both have is one file.
	a, err := os.Stat(filepath.Join(Dir(dir, first), "labels", "part-00002.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.Stat(filepath.Join(dir, "current", "labels", "part-00000.parquet"))
	if err != nil || !os.SameFile(a, b) {
		t.Errorf("the unchanged part was copied: %v", err)
	}

	d, err := Diff(s, current(t, dir))
	want := Difference{Added: 1, Removed: 3, Labels: map[string]int{"section": 9 - 12}}
	if err != nil || !cmp.Equal(want, d) {
		t.Errorf("the difference is %+v, %v", d, err)
	}

	if id, err := o.Rollback(""); err != nil || id != first || current(t, dir).ID != first {
		t.Errorf("rolled back to %s: %v", id, err)
	}
	if _, err := o.Rollback(""); err == nil || !strings.Contains(err.Error(), "no snapshot before") {
		t.Errorf("rolled back beyond the first: %v", err)
	}
	if _, err := o.Rollback("000009-aaaaaaaaaaaa"); err == nil {
		t.Error("rolled back to what is not there")
	}
	third := publish(t, o, stage(t, o, "ee", "six", 1))
	if number(third) != 3 {
		t.Errorf("the snapshot after a rollback is %s", third)
	}
	if id, err := o.Rollback(second); err != nil || id != second {
		t.Errorf("rolled back to %s: %v", id, err)
	}
	removed, err := o.Collect(1)
	if err != nil || !cmp.Equal(removed, []string{first}) {
		t.Errorf("removed %v, %v: the current one and the newest are to stay", removed, err)
	}
	if text := make([]byte, 6); func() error { _, err := part.ReadAt(text, 0); return err }() != nil || string(text) != "labels" {
		t.Errorf("the part that was held reads %q", text)
	}
	left, err := os.ReadDir(o.private())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range left {
		if strings.HasPrefix(e.Name(), tmpPrefix) {
			t.Errorf("%s is left over", e.Name())
		}
	}
}

// TestDiffRecords: a document in a file of many is the same one wherever in the file it
// stands.
func TestDiffRecords(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	o := open(t, dir, nil)
	at := func(identity string, records ...string) *Snapshot {
		t.Helper()
		s, err := o.Stage()
		if err != nil {
			t.Fatal(err)
		}
		result := sink.Result{InputLines: len(records), Stats: sink.NewStats()}
		for _, table := range ShardTables {
			if err := o.disk.WriteFile(filepath.Join(s.Dir, sink.PartName(table)), []byte(table), 0o444); err != nil {
				t.Fatal(err)
			}
			result.Parts = append(result.Parts, sink.Part{Table: table, Path: sink.PartName(table), Bytes: int64(len(table))})
		}
		var lines bytes.Buffer
		encoder := json.NewEncoder(&lines)
		offset := int64(0)
		for _, record := range records {
			in := sink.Input{Corpus: "c", Path: "all.jsonl", Offset: offset, Bytes: int64(len(record)), SHA256: record}
			if path, many := strings.CutSuffix(record, "…"); many { // of two pieces
				in.Path, in.Pieces = path, []sink.InputPiece{{Path: path, Offset: offset}, {Path: path, Offset: offset + 5}}
			}
			if err := encoder.Encode(&in); err != nil {
				t.Fatal(err)
			}
			offset += int64(len(record)) + 1
		}
		result.Inputs = lines.Bytes()
		m, err := s.Commit(NewShard("c", identity, nil, result), result.Inputs, nil)
		if err != nil {
			t.Fatal(err)
		}
		publish(t, o, m)
		return current(t, dir)
	}
	before := at("aa", "one", "two", "two", "three", "four", "five…")
	for i, c := range []struct {
		records                 []string
		added, changed, removed int
	}{
		{[]string{"two", "one", "two", "three", "four", "five…"}, 0, 0, 0},
		{[]string{"zero", "one", "two", "two", "three", "four", "five…"}, 1, 0, 0},
		{[]string{"one", "two", "three", "FOUR", "five…"}, 0, 1, 1},
		{[]string{"six…"}, 1, 0, 6},
	} {
		d, err := Diff(before, at(fmt.Sprint("bb", i), c.records...))
		want := Difference{Added: c.added, Changed: c.changed, Removed: c.removed, Labels: map[string]int{}}
		if err != nil || !cmp.Equal(want, d) {
			t.Errorf("%q: the difference is %+v, %v", c.records, d, err)
		}
	}
}

// TestPointerFile: where links are not to be had, a file says which snapshot is
// current.
// What describes a snapshot is part of it: another text makes another snapshot.
func TestAttach(t *testing.T) {
	o := open(t, filepath.Join(t.TempDir(), "out"), nil)
	made := stage(t, o, "aa", "one", 1)
	draft := func(files ...Attachment) *Draft {
		d, err := o.Draft(&Manifest{SchemaVersion: schema.Version, Taxonomy: sink.Part{Table: "taxonomy"}}, []*Made{made}, "")
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Attach(files...); err != nil {
			t.Fatal(err)
		}
		return d
	}
	seen := map[string]bool{}
	for _, files := range [][]Attachment{{}, {{"a", []byte("x")}}, {{"a", []byte("y")}}, {{"b", []byte("x")}}, {{"a", []byte("x")}, {"b", []byte("x")}}} {
		d := draft(files...)
		if seen[d.Hash] || !draft(files...).Is("000001-"+d.Hash[:12]) {
			t.Errorf("%v: the hash is %s", files, d.Hash)
		}
		seen[d.Hash] = true
	}

	id := publish(t, o, made)
	dir := Dir(o.Dir, id)
	s := current(t, o.Dir)
	if err := s.Intact(); err != nil {
		t.Error(err)
	}
	readme := filepath.Join(dir, "README.md")
	for _, damage := range []func() error{
		func() error { return os.Remove(readme) },
		func() error { return os.WriteFile(readme, []byte("short"), 0o644) },
		func() error { return errors.Join(os.Remove(readme), os.Mkdir(readme, 0o755)) },
	} {
		if err := damage(); err != nil {
			t.Fatal(err)
		}
		if err := s.Intact(); err == nil || !strings.Contains(err.Error(), "README.md") {
			t.Errorf("a damaged README.md: %v", err)
		}
	}
}

func TestPointerFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	o := open(t, dir, &disk.Disk{Before: func(op disk.Op, _ string) error {
		if op == disk.OpSymlink || op == disk.OpLink {
			return syscall.EPERM
		}
		return nil
	}})
	publish(t, o, stage(t, o, "aa", "one", 1))
	id := publish(t, o, stage(t, o, "aa", "two", 1))
	if info, err := os.Lstat(filepath.Join(dir, "current")); err != nil || !info.Mode().IsRegular() {
		t.Errorf("current is no file: %v", err)
	}
	if s := current(t, dir); s.ID != id {
		t.Errorf("%s is current, want %s", s.ID, id)
	}
}

func TestClaim(t *testing.T) {
	dir := t.TempDir()
	o := open(t, dir, nil) // an empty folder will do
	o.Close()
	if err := os.WriteFile(filepath.Join(dir, "notes.txt"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	o = open(t, dir, nil)
	if !cmp.Equal(o.Foreign, []string{"notes.txt"}) {
		t.Errorf("foreign: %v", o.Foreign)
	}
	id := publish(t, o, stage(t, o, "aa", "one", 1))
	o.Close()
	if err := os.Remove(filepath.Join(dir, "current")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "current"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := CurrentID(dir); err == nil || !strings.Contains(err.Error(), "not the link that Quern made") {
		t.Errorf("a folder called current: %v", err)
	}
	if err := os.Remove(filepath.Join(dir, "current")); err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{"/etc", "../" + id, "snapshots/../../x", "snapshots/" + id + "/labels"} {
		if err := os.Symlink(target, filepath.Join(dir, "current")); err != nil {
			t.Fatal(err)
		}
		if got, err := CurrentID(dir); err == nil {
			t.Errorf("current leads to %s, taken for %s", target, got)
		}
		if err := os.Remove(filepath.Join(dir, "current")); err != nil {
			t.Fatal(err)
		}
	}

	other := t.TempDir()
	if err := os.WriteFile(filepath.Join(other, "precious"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), other, nil, Holder{}, 0)
	if err == nil || !strings.Contains(err.Error(), "precious") {
		t.Errorf("a folder of someone else: %v", err)
	}
	if entries, _ := os.ReadDir(other); len(entries) != 1 {
		t.Errorf("the folder of someone else now holds %v", entries)
	}
	if err := os.WriteFile(filepath.Join(dir, ".quern", "format"), []byte("quern output 99\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), dir, nil, Holder{}, 0); err == nil || !strings.Contains(err.Error(), "another version") {
		t.Errorf("an output of the future: %v", err)
	}
}

// TestLock takes the lock in a process of its own, which is then killed.
func TestLock(t *testing.T) {
	if dir := os.Getenv("QUERN_TEST_LOCK"); dir != "" {
		if _, err := Open(context.Background(), dir, nil, Holder{PID: os.Getpid(), Host: "there", Started: time.Unix(0, 0)}, 0); err != nil {
			t.Fatal(err)
		}
		fmt.Println("locked")
		time.Sleep(time.Minute)
		return
	}
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run=^TestLock$")
	cmd.Env = append(os.Environ(), "QUERN_TEST_LOCK="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 16)); err != nil {
		t.Fatal(err)
	}
	_, err = Open(t.Context(), dir, nil, Holder{}, 0)
	var locked *LockedError
	if !errors.As(err, &locked) || locked.Holder == nil || locked.Holder.PID != cmd.Process.Pid || !strings.Contains(err.Error(), "on there") {
		t.Errorf("a second run: %v", err)
	}
	_, err = Open(t.Context(), dir, nil, Holder{}, 300*time.Millisecond)
	if !errors.As(err, &locked) {
		t.Errorf("after waiting: %v", err)
	}
	waiting, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err = Open(waiting, dir, nil, Holder{}, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled while waiting: %v", err)
	}
	// Whoever waits gets it when the holder dies, and learns of it.
	time.AfterFunc(100*time.Millisecond, func() { _ = cmd.Process.Kill() })
	o, err := Open(t.Context(), dir, nil, Holder{}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if o.Interrupted == nil || o.Interrupted.Host != "there" {
		t.Errorf("the run before: %v", o.Interrupted)
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	if o := open(t, dir, nil); o.Interrupted != nil {
		t.Errorf("a run that ended counts as interrupted: %v", o.Interrupted)
	}
}

func TestBase(t *testing.T) {
	dir := t.TempDir()
	o := open(t, dir, nil)
	if s, trouble, err := o.Base(); s != nil || trouble != nil || err != nil {
		t.Errorf("nothing there: %v, %v, %v", s, trouble, err)
	}
	first := publish(t, o, stage(t, o, "aa", "one", 2))
	second := publish(t, o, stage(t, o, "aa", "two", 2))
	if s, trouble, err := o.Base(); s == nil || s.ID != second || trouble != nil || err != nil {
		t.Errorf("all well: %v, %v", trouble, err)
	}
	path := filepath.Join(Dir(dir, second), ManifestName)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write := func(text []byte) {
		t.Helper()
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, text, 0o444); err != nil {
			t.Fatal(err)
		}
	}
	inputs := bytes.Index(text, []byte(inputsLine))
	for name, damaged := range map[string][]byte{
		"empty":       nil,
		"no JSON":     []byte("what?"),
		"cut off":     text[:len(text)-1],
		"longer":      append(bytes.Clone(text), '\n'),
		"edited":      bytes.Replace(text, []byte(`"section":3`), []byte(`"section":9`), 1),
		"another key": bytes.Replace(text, []byte(`"tool_version"`), []byte(`"TOOL_version"`), 1),
		"no head":     text[inputs:],
	} {
		write(damaged)
		s, trouble, err := o.Base()
		if s == nil || s.ID != first || err != nil || !errors.As(trouble, new(*CorruptError)) {
			t.Errorf("%s: %v, %v, %v", name, s, trouble, err)
		}
	}
	// In the inputs, damage shows when they are looked at.
	damaged := bytes.Clone(text)
	copy(damaged[bytes.LastIndex(text, []byte("two")):], "TWO")
	write(damaged)
	s, trouble, err := o.Base()
	if trouble != nil || err != nil {
		t.Fatal(trouble, err)
	}
	if _, err := inputsOf(s, 0); !errors.As(err, new(*CorruptError)) {
		t.Errorf("damaged inputs: %v", err)
	}
	if err := os.Remove(filepath.Join(dir, currentName)); err != nil {
		t.Fatal(err)
	}
	if s, trouble, err := o.Base(); s == nil || s.ID != second || trouble == nil || err != nil {
		t.Errorf("none is current: %v, %v", trouble, err)
	}
	if err := o.point(second); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(Dir(dir, second)); err != nil {
		t.Fatal(err)
	}
	if s, trouble, err := o.Base(); s == nil || s.ID != first || trouble == nil || err != nil {
		t.Errorf("the current one is gone: %v, %v", trouble, err)
	}
	if _, err := Resolve(dir); err == nil || !strings.Contains(err.Error(), "gone") {
		t.Errorf("resolved to what is gone: %v", err)
	}
}

// TestFaults lets each operation of a publication fail in turn. What was current
// stays, the error is the disk's, and another attempt succeeds.
func TestFaults(t *testing.T) {
	t.Run("flat", func(t *testing.T) { testFaults(t) })
	t.Run("partitioned", func(t *testing.T) { testFaults(t, "accepted", "") })
}

func testFaults(t *testing.T, partition ...string) {
	t.Helper()
	for n := 0; ; n++ {
		dir := filepath.Join(t.TempDir(), "out")
		count, armed := 0, false
		d := &disk.Disk{Before: func(op disk.Op, _ string) error {
			if !armed || op == disk.OpRemove || op == disk.OpClose {
				return nil
			}
			if count++; count == n+1 {
				return syscall.ENOSPC
			}
			return nil
		}}
		o := open(t, dir, d)
		first := publish(t, o, stage(t, o, "aa", "one", 2, partition...))
		shard := stage(t, o, "bb", "two", 2, partition...)
		armed = true
		_, err := tryPublish(t, o, shard)
		armed = false
		if err == nil && count <= n {
			if n < 20 {
				t.Errorf("only %d operations", n)
			}
			return
		}
		switch got := current(t, dir).ID; {
		case err == nil:
			t.Errorf("operation %d failed unnoticed", n)
		case !errors.Is(err, syscall.ENOSPC):
			t.Errorf("operation %d: %v", n, err)
		case got != first && !strings.Contains(err.Error(), "is published"):
			t.Errorf("operation %d: %s is current", n, got)
		}
		if ids, err := IDs(dir); err != nil || len(ids) > 2 {
			t.Errorf("operation %d: %v, %v", n, ids, err)
		}
		again := o.Staged("bb", new(Manifest))
		if again == nil {
			t.Fatalf("operation %d: the staged shard is gone", n)
		}
		if id, err := tryPublish(t, o, again); err != nil || current(t, dir).ID != id {
			t.Errorf("operation %d, again: %v", n, err)
		}
	}
}

// TestHostileRecords: what someone wrote into the private folder leads nowhere else.
func TestHostileRecords(t *testing.T) {
	o := open(t, t.TempDir(), nil)
	m := stage(t, o, "aa", "one", 1)
	if o.Staged("aa", new(Manifest)) == nil {
		t.Fatal("the sound record is not taken")
	}
	path := filepath.Join(m.dir, recordName)
	sound, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, edit := range [][2]string{
		{`"table":"labels","path":"labels.parquet"`, `"table":"../x","path":"../x.parquet"`},
		{`"path":"labels.parquet"`, `"path":"../labels.parquet"`},
		{`"table":"labels"`, `"table":"sentences"`},
		{`"identity":"aa"`, `"identity":"bb"`},
		{`"input_bytes":`, `"input_bytes":9`},
		{`{`, ``},
	} {
		text := bytes.Replace(sound, []byte(edit[0]), []byte(edit[1]), 1)
		if bytes.Equal(text, sound) {
			t.Fatalf("%s does not stand there", edit[0])
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, text, 0o444); err != nil {
			t.Fatal(err)
		}
		if o.Staged("aa", new(Manifest)) != nil {
			t.Errorf("with %s it is taken", edit[1])
		}
	}
}

// TestPartitions: each part of a partitioned table lies in the folder of its
// shard's partition, under the number of the shard, and those of other tables where
// they always do.
func TestPartitions(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	o := open(t, dir, nil)
	publish(t, o, stage(t, o, "aa", "one", 1, "accepted", "2018"), stage(t, o, "bb", "two", 1, "accepted", "2018"),
		stage(t, o, "cc", "three", 1, "in/../doubt", ""))
	s := current(t, dir)
	var files []string
	err := fs.WalkDir(os.DirFS(s.Dir), ".", func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"README.md", ManifestName, SuccessName, "taxonomy/part-00000.parquet"}
	for i, folder := range []string{"decision=accepted/year=2018", "decision=accepted/year=2018", "decision=in%2F..%2Fdoubt/year=__HIVE_DEFAULT_PARTITION__"} {
		for _, table := range []string{"documents", "sentences", "labels", "relations"} {
			want = append(want, fmt.Sprintf("%s/%s/part-%05d.parquet", table, folder, i))
		}
		want = append(want, fmt.Sprintf("diagnostics/part-%05d.parquet", i))
	}
	slices.Sort(want)
	slices.Sort(files)
	if diff := cmp.Diff(want, files); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if made, _ := o.Shards(s); len(made) != 3 || made[2].Intact() != nil {
		t.Errorf("%d shards can be taken over", len(made))
	}
	if foreign, err := s.Foreign(); err != nil || len(foreign) > 0 {
		t.Errorf("foreign: %q, %v", foreign, err)
	}

	for _, name := range []string{"labels/decision=accepted/x", "labels/part-00000.parquet", "documents/decision=accepted/year=2018/part-00009.parquet"} {
		if err := os.WriteFile(filepath.Join(s.Dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(s.Dir, "sentences", "decision=rejected", "year=2018"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(t.TempDir(), filepath.Join(s.Dir, "sentences", "decision=accepted", "year=2019")); err != nil {
		t.Fatal(err)
	}
	foreign, err := s.Foreign()
	want = []string{
		"documents/decision=accepted/year=2018/part-00009.parquet", "labels/decision=accepted/x", "labels/part-00000.parquet",
		"sentences/decision=accepted/year=2019", "sentences/decision=rejected",
	}
	if slices.Sort(foreign); err != nil || !slices.Equal(foreign, want) {
		t.Errorf("foreign: %q, %v", foreign, err)
	}
}

// TestHostilePartitions: a manifest whose partitions would lead to other places is
// none.
func TestHostilePartitions(t *testing.T) {
	for name, m := range map[string]Manifest{
		"no such column":     {PartitionBy: []string{"../.."}, PartitionColumns: KeepColumns},
		"rating":             {PartitionBy: []string{"rating"}, PartitionColumns: KeepColumns},
		"a column twice":     {PartitionBy: []string{"year", "year"}, PartitionColumns: KeepColumns, Shards: []Shard{{Partition: []string{"1", "2"}}}},
		"no value":           {PartitionBy: []string{"year"}, PartitionColumns: KeepColumns, Shards: []Shard{{}}},
		"two values":         {PartitionBy: []string{"year"}, PartitionColumns: KeepColumns, Shards: []Shard{{Partition: []string{"1", "2"}}}},
		"values, no columns": {Shards: []Shard{{Partition: []string{"1"}}}},
		"no mode":            {PartitionBy: []string{"year"}},
		"another mode":       {PartitionBy: []string{"year"}, PartitionColumns: "both"},
		"a mode for nothing": {PartitionColumns: DropColumns},
	} {
		m.SchemaVersion = schema.Version
		dir := t.TempDir()
		var text bytes.Buffer
		if err := m.encode(&text, func(int) ([]byte, error) { return nil, nil }); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, ManifestName), text.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		hash, err := m.hash()
		if err != nil {
			t.Fatal(err)
		}
		corrupt := (*CorruptError)(nil)
		if _, err := load(dir, hash); !errors.As(err, &corrupt) || !strings.Contains(err.Error(), "partition") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNumbers(t *testing.T) {
	dir := t.TempDir()
	o := open(t, dir, nil)
	publish(t, o, stage(t, o, "aa", "one", 1))
	for name, want := range map[string]int{
		"000001-0123456789ab": 1, "999999999-0123456789ab": maxNumber, "1234567-0123456789ab": 1_234_567,
		"1000000000-0123456789ab": 0, "00001-0123456789ab": 0, "000001-0123456789a": 0, "000001-0123456789aG": 0,
		"-00001-0123456789ab": 0, "000001": 0, "": 0,
	} {
		if got := number(name); got != want {
			t.Errorf("%q has the number %d, want %d", name, got, want)
		}
	}
	if err := os.MkdirAll(Dir(dir, "999999999-0123456789ab"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := tryPublish(t, o, stage(t, o, "bb", "two", 1)); err == nil || !strings.Contains(err.Error(), "no number is left") {
		t.Errorf("the number behind the last: %v", err)
	}
}

func TestManifestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &Manifest{SchemaVersion: schema.Version, ToolVersion: rapid.String().Draw(t, "tool")}
		m.PartitionBy = rapid.SampledFrom([][]string{nil, {"corpus"}, {"decision", "year"}}).Draw(t, "partition by")
		if m.PartitionBy != nil {
			m.PartitionColumns = rapid.SampledFrom([]string{KeepColumns, DropColumns}).Draw(t, "partition columns")
		}
		var lines [][]byte
		for i := range rapid.IntRange(0, 5).Draw(t, "shards") {
			var r sink.Result
			r.Stats = sink.NewStats()
			for k := range rapid.IntRange(0, 3).Draw(t, "inputs") {
				r.Inputs = fmt.Appendf(r.Inputs, "{\"path\":\"%d/%d\"}\n", i, k)
				r.InputLines++
			}
			m.Shards = append(m.Shards, NewShard(rapid.String().Draw(t, "corpus"), fmt.Sprint(i), rapid.SliceOfN(rapid.String(), len(m.PartitionBy), len(m.PartitionBy)).Draw(t, "partition"), r))
			lines = append(lines, r.Inputs)
		}
		m.count()
		var text bytes.Buffer
		if err := m.encode(&text, func(i int) ([]byte, error) { return lines[i], nil }); err != nil {
			t.Fatal(err)
		}
		dir, err := os.MkdirTemp("", "quern")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		if err := os.WriteFile(filepath.Join(dir, ManifestName), text.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		hash, err := m.hash()
		if err != nil {
			t.Fatal(err)
		}
		s, err := load(dir, hash)
		if err != nil {
			t.Fatalf("%v\n%s", err, text.Bytes())
		}
		var again bytes.Buffer
		if err := s.encode(&again, s.InputLines); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(text.Bytes(), again.Bytes()) {
			t.Errorf("-written +read:\n%s", cmp.Diff(text.String(), again.String()))
		}
	})
}

// FuzzManifest: whatever stands in a manifest, reading it ends, in memory that
// its size bounds, and what is accepted can be written again.
func FuzzManifest(f *testing.F) {
	m := &Manifest{SchemaVersion: schema.Version}
	inputs := []byte("{\"path\":\"a\"}\n{\"path\":\"b\"}\n")
	r := sink.Result{Inputs: inputs, InputLines: 2, Stats: sink.NewStats()}
	m.PartitionBy, m.PartitionColumns = []string{"decision"}, DropColumns
	m.Shards = []Shard{NewShard("c", "i", []string{"accepted"}, r), NewShard("d", "j", []string{""}, sink.Result{Stats: sink.NewStats()})}
	m.count()
	var text bytes.Buffer
	if err := m.encode(&text, func(i int) ([]byte, error) { return [][]byte{inputs, nil}[i], nil }); err != nil {
		f.Fatal(err)
	}
	f.Add(text.Bytes())
	f.Add([]byte("{\n" + shardsLine + "\n" + closeLine + ",\n" + inputsLine + "\n" + tail))
	f.Add([]byte(`{"schema_version": "` + schema.Version + `"` + ",\n" + shardsLine + "\n"))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text []byte) {
		s := &Snapshot{Dir: dir}
		if _, err := s.decode(bytes.NewReader(text), int64(len(text))); err != nil {
			return
		}
		if err := os.WriteFile(s.path(), text, 0o644); err != nil {
			t.Fatal(err)
		}
		for i := range s.Shards {
			if _, err := inputsOf(s, i); err != nil {
				return
			}
		}
		if err := s.encode(new(bytes.Buffer), s.InputLines); err != nil {
			t.Fatal(err)
		}
	})
}
