package main

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A recorded is a corpus of files of many documents that changes from night to night.
type recorded struct {
	dir, config, out string
	r                *rand.Rand
	kind             string              // of its files: jsonl, json, csv, columns or brat
	files            map[string][]string // their records
	names            []string
	next             int // number of the next record
	log              *slog.Logger
}

// heads are what configs of each kind say of their corpus.
var heads = map[string]string{
	"jsonl": `
    format: jsonl
    document_id: "{id}"
    fields: [{from: id, name: id}, {from: venue, name: venue}, {from: by, name: annotator}]
    json:
      sentences: [{path: sentences, text: text, labels: [{from: label, layer: stance}]}]`,
	"json": `
    format: json
    fields: [{from: venue, name: venue}, {from: by, name: annotator}]
    json:
      sentences: [{path: sentences, text: text, labels: [{from: label, layer: stance}]}]`,
	"csv": `
    format: csv
    document_id: "{id}"
    fields: [{from: id, name: id}, {from: venue, name: venue}, {from: by, name: annotator}]
    csv:
      text: text
      labels: [{from: label, layer: stance}]`,
	"columns": `
    format: columns
    paths: ["{venue}-*.txt"]
    columns:
      names: [token, tag]
      labels: [{from: tag, layer: stance, scheme: bio}]`,
	"brat": `
    format: brat
    paths: ["{annotator}/{id}.txt"]
    document_id: "{id}"`,
}

func record(t testing.TB, seed uint64, kind, more string) *recorded {
	t.Helper()
	g := &recorded{
		dir: t.TempDir(), out: filepath.Join(t.TempDir(), "out"), r: rand.New(rand.NewPCG(seed, 2)),
		kind: kind, files: map[string][]string{}, log: slog.New(slog.DiscardHandler),
	}
	g.config = filepath.Join(t.TempDir(), "config.yaml")
	text := "corpora:\n  - name: c\n    taxonomy: open\n    root: " + g.dir + heads[kind] + "\n" + more
	if err := os.WriteFile(g.config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for range 6 {
		g.addFile()
	}
	g.write(t)
	return g
}

// name is the name of a new file.
func (g *recorded) name() string {
	g.next++
	switch g.kind {
	case "columns":
		return fmt.Sprintf("V%d-%d.txt", g.next%3, g.next)
	case "brat":
		return fmt.Sprintf("A%d/d%d.txt", g.next%3, g.r.IntN(8))
	}
	return fmt.Sprintf("%d.%s", g.next, g.kind)
}

func (g *recorded) addFile() {
	name := g.name()
	if _, ok := g.files[name]; !ok {
		g.names = append(g.names, name)
	}
	g.files[name] = nil
	for range 1 + g.r.IntN(30) {
		g.files[name] = append(g.files[name], g.record())
	}
}

// record is one that may have the id of another.
func (g *recorded) record() string {
	g.next++
	id := fmt.Sprintf("r%d", g.next)
	if g.r.IntN(10) == 0 {
		id = fmt.Sprintf("r%d", g.r.IntN(g.next))
	}
	venue, by := fmt.Sprintf("V%d", g.r.IntN(3)), fmt.Sprintf("A%d", g.r.IntN(3))
	text := fmt.Sprintf("This is what number %d says.", g.r.IntN(5))
	label := []string{"pos", "neg", "odd"}[g.r.IntN(3)]
	switch g.kind {
	case "jsonl", "json":
		if g.r.IntN(20) == 0 {
			return `{"id": "broken`
		}
		return fmt.Sprintf(`{"id": %q, "venue": %q, "by": %q, "sentences": [{"text": %q, "label": %q}, {"text": "And é.", "label": "neg"}]}`, id, venue, by, text, label)
	case "csv":
		if g.r.IntN(20) == 0 {
			return `too,few`
		}
		return strings.Join([]string{id, venue, by, `"` + text + `"`, label}, ",")
	case "columns":
		return strings.ReplaceAll(text, " ", "\tB-"+label+"\n") + "\tO\n"
	}
	return text
}

func (g *recorded) content(name string) string {
	records := g.files[name]
	switch g.kind {
	case "json":
		if len(records) == 1 {
			return records[0]
		}
		return "[" + strings.Join(records, ",\n") + "]"
	case "csv":
		return strings.Join(append([]string{"id,venue,by,text,label"}, records...), "\n") + "\n"
	}
	return strings.Join(append(slices.Clone(records), ""), "\n")
}

// write writes files that are not as they should be, and removes others.
func (g *recorded) write(t testing.TB) {
	t.Helper()
	put := func(name, content string) {
		path := filepath.Join(g.dir, name)
		if old, err := os.ReadFile(path); err == nil && string(old) == content {
			return
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range g.names {
		put(name, g.content(name))
		if n := len(g.files[name]); g.kind == "brat" && n%4 > 0 {
			put(strings.TrimSuffix(name, ".txt")+".ann", fmt.Sprintf("T1\tName 0 4\tThis\nT2\tWord%d 5 7\tis\n", n))
		}
	}
	for path := range sums(t, g.dir) {
		if name := strings.TrimPrefix(path, "/"); g.files[name] == nil && strings.HasSuffix(name, filepath.Ext(g.names[0])) {
			if err := os.Remove(filepath.Join(g.dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// edit does one thing that may happen to a corpus between two nights.
func (g *recorded) edit(t testing.TB) {
	t.Helper()
	i := g.r.IntN(len(g.names))
	name := g.names[i]
	records := g.files[name]
	at := g.r.IntN(len(records) + 1)
	switch g.r.IntN(9) {
	case 0, 1:
		records = append(records, g.record())
	case 2:
		records = slices.Insert(records, at, g.record())
	case 3: // one goes; a file keeps one
		if at < len(records) && len(records) > 1 {
			records = slices.Delete(records, at, at+1)
		}
	case 4:
		g.r.Shuffle(len(records), func(i, k int) { records[i], records[k] = records[k], records[i] })
	case 5:
		g.addFile()
		records = g.files[name]
	case 6:
		if len(g.names) > 3 {
			g.names = slices.Delete(g.names, i, i+1)
			delete(g.files, name)
			return
		}
	case 7: // one that is there already
		if at < len(records) {
			records = append(records, records[at])
		}
	case 8: // touched
		err := os.Chtimes(filepath.Join(g.dir, name), time.Time{}, time.Unix(1_700_000_000+int64(g.r.IntN(1000)), 0))
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	g.files[name] = records
}

func (g *recorded) run(t testing.TB, out string, o runOptions, settings ...string) *outcome {
	t.Helper()
	from := source{profile: defaultProfile, settings: append([]string{"output.part_bytes=2KB", "run.max_shrink=100%"}, settings...)}
	l, err := from.load([]string{g.config}, map[string]string{"output.dir": out})
	if err != nil {
		t.Fatal(err)
	}
	result, err := convert(t.Context(), l, o, g.log)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

const (
	splitsByVenue = `
    splits:
      group_by: "{venue}"
      shares: [{name: train, share: 60%}, {name: test, share: 40%}]`
	splitsByID = `
    splits:
      group_by: "{id}"
      stratify_by: venue
      shares: [{name: train, share: 60%}, {name: test, share: 40%}]`
)

// TestRecordHistories: after any history of edits to files of many documents, an
// incremental run comes to the same bytes as one that knows nothing, and one over a
// corpus that did not change reads nothing.
func TestRecordHistories(t *testing.T) {
	trustTimes(t)
	histories := []struct{ kind, corpus, settings string }{
		{kind: "jsonl", settings: "output.partition_by=venue"},
		{kind: "jsonl", corpus: "    same_id: annotators" + splitsByID, settings: "output.partition_by=split"},
		{kind: "json", corpus: splitsByVenue},
		{kind: "csv"},
		{kind: "csv", corpus: "    same_id: append", settings: "output.partition_by=venue"},
		{kind: "columns", corpus: splitsByVenue, settings: "output.partition_by=split,venue"},
		{kind: "brat", corpus: "    same_id: annotators"},
	}
	for seed, h := range histories {
		t.Run(fmt.Sprint(seed, h.kind), func(t *testing.T) {
			g := record(t, uint64(seed), h.kind, h.corpus)
			var settings []string
			if h.settings != "" {
				settings = []string{h.settings}
			}
			kept := 0
			for night := range 8 {
				for range g.r.IntN(3) {
					g.edit(t)
				}
				g.write(t)
				result := g.run(t, g.out, runOptions{full: night == 5}, settings...)
				out := filepath.Join(t.TempDir(), "out")
				g.run(t, out, runOptions{}, append(settings, "run.workers=1")...)
				if diff := cmp.Diff(currentSums(t, out), currentSums(t, g.out)); diff != "" {
					t.Fatalf("night %d (-afresh +incremental):\n%s", night, diff)
				}
				kept += result.Kept
				again := g.run(t, g.out, runOptions{}, settings...)
				if again.Published || again.Read > 0 || again.FilesRead > 0 {
					t.Fatalf("night %d: nothing changed, and %d documents and %d files were read, published: %v", night, again.Read, again.FilesRead, again.Published)
				}
			}
			sound(t, g.out)
			if kept == 0 {
				t.Error("no shard was ever taken over")
			}
			if index := filepath.Join(g.out, ".quern", "index", "c.zst"); h.kind != "brat" {
				// It may be lost, and any of it.
				for _, content := range [][]byte{nil, []byte("what")} {
					if err := os.WriteFile(index, content, 0o644); err != nil {
						t.Fatal(err)
					}
					if result := g.run(t, g.out, runOptions{}, settings...); result.Published || result.FilesRead != len(g.names) || result.Read > 0 {
						t.Errorf("without an index %d files and %d documents are read, published %v", result.FilesRead, result.Read, result.Published)
					}
				}
			}
		})
	}
}

// TestAppend: what is appended to a file makes its own shard anew, and no other.
func TestAppend(t *testing.T) {
	trustTimes(t)
	g := record(t, 1, "jsonl", "")
	name := g.names[0]
	for range 300 {
		g.files[name] = append(g.files[name], g.record())
	}
	g.write(t)
	first := g.run(t, g.out, runOptions{})
	g.next = 9_000_000 // its id is behind all others
	g.files[name] = append(g.files[name], `{"id": "z", "sentences": [{"text": "The last.", "label": "pos"}]}`)
	g.write(t)
	result := g.run(t, g.out, runOptions{})
	if result.Made != 1 || result.Kept < 10 || result.FilesRead != 1 || result.Stats.Written != first.Stats.Written+1 {
		t.Errorf("%d shards made, %d kept, %d files read, %d documents written, and %d before", result.Made, result.Kept, result.FilesRead, result.Stats.Written, first.Stats.Written)
	}
}
