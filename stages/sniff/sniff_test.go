package sniff

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/quern-data/quern/config"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func builtIn(t testing.TB) map[string]*config.Taxonomy {
	t.Helper()
	out := make(map[string]*config.Taxonomy)
	for _, name := range config.BuiltInTaxonomies() {
		taxonomy, err := config.LoadTaxonomy(name, ".")
		if err != nil {
			t.Fatal(err)
		}
		out[name] = taxonomy
	}
	return out
}

func sampleOf(t testing.TB, fsys fs.FS) *Sample {
	t.Helper()
	s, err := Read(fsys, func(name string) (io.ReadCloser, error) { return fsys.Open(name) })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// load checks that what a guess prints can be loaded.
func load(t testing.TB, g *Guess) (printed []byte) {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "corpus"), 0o700); err != nil {
		t.Fatal(err)
	}
	g.Corpus.Name, g.Corpus.Root = "corpus", "corpus"
	labels := g.Taxonomy("labels")
	if len(g.Layers) > 0 {
		if err := os.WriteFile(filepath.Join(dir, "labels.yaml"), labels, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, taxonomy := range []string{"labels.yaml", g.Corpus.Taxonomy} {
		if len(g.Layers) == 0 && taxonomy == "labels.yaml" || g.Closed && taxonomy == "open" {
			continue
		}
		g.Corpus.Taxonomy = taxonomy
		printed = g.Config([]string{"Head."}, "")
		file := filepath.Join(dir, "c.yaml")
		if err := os.WriteFile(file, printed, 0o600); err != nil {
			t.Fatal(err)
		}
		l, err := config.Load(config.Options{Path: file})
		if err != nil {
			t.Errorf("%v\n%s\n%s", err, printed, labels)
			continue
		}
		want := g.Corpus
		got := l.Config.Corpora[0]
		got.Root, got.Taxonomy, want.Root, want.Taxonomy = "", "", "", ""
		if diff := cmp.Diff(want, got, cmp.FilterValues(func(a, b []string) bool { return len(a)+len(b) == 0 }, cmp.Ignore()),
			cmp.FilterValues(func(a, b any) bool { return isEmpty(a) && isEmpty(b) }, cmp.Ignore())); diff != "" {
			t.Errorf("what is printed is not what was guessed: -want +got\n%s\n%s", diff, printed)
		}
	}
	return append(append(printed, "---\n"...), labels...)
}

func isEmpty(v any) bool {
	switch v := v.(type) {
	case []config.Field:
		return len(v) == 0
	case []config.LabelField:
		return len(v) == 0
	case []config.JSONSentences:
		return len(v) == 0
	case []config.JSONSpans:
		return len(v) == 0
	case []config.JSONRelations:
		return len(v) == 0
	case []config.Link:
		return len(v) == 0
	case []config.Attribute:
		return len(v) == 0
	case []config.SplitShare:
		return len(v) == 0
	}
	return false
}

// TestLook holds guesses to golden ones: config and taxonomy.
func TestLook(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d cases, %v", len(files), err)
	}
	taxonomies := builtIn(t)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			fsys := fstest.MapFS{}
			var want []byte
			var inputs []txtar.File
			for _, f := range archive.Files {
				if f.Name == "want" {
					want = f.Data
					continue
				}
				inputs = append(inputs, f)
				fsys[f.Name] = &fstest.MapFile{Data: f.Data}
			}
			got := []byte("nothing\n")
			if g := Look(sampleOf(t, fsys), taxonomies); g != nil {
				got = append([]byte("# "+g.What+"\n"), load(t, g)...)
			}
			if *update {
				archive.Files = append(inputs, txtar.File{Name: "want", Data: got})
				if err := os.WriteFile(file, txtar.Format(archive), 0o600); err != nil {
					t.Fatal(err)
				}
			} else if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// A sample is bounded, however many and large the files are, and has some of each kind.
func TestRead(t *testing.T) {
	var table bytes.Buffer
	for i := range 1 << 17 {
		fmt.Fprintf(&table, "some words here %d,label %d\n", i, i%3)
	}
	fsys := fstest.MapFS{"big.csv": {Data: table.Bytes()}, ".hidden/x.txt": {Data: []byte("x")}, "README.md": {Data: []byte("x")}}
	for i := range 200 {
		fsys["texts/"+string(rune('a'+i%26))+strings.Repeat("x", i/26)+".txt"] = &fstest.MapFile{Data: []byte("words")}
	}
	s := sampleOf(t, fsys)
	if len(s.Names) != 202 || len(s.Files) > MaxFiles || s.More {
		t.Errorf("%d names, %d files", len(s.Names), len(s.Files))
	}
	kinds := make(map[string]int)
	for _, f := range s.Files {
		kinds[extension(f.Path)]++
		if len(f.Data) > MaxBytes {
			t.Errorf("%s: %d bytes were read", f.Path, len(f.Data))
		}
		if f.Path == "big.csv" && (f.Whole || !bytes.HasSuffix(f.Lines(), []byte("\n"))) {
			t.Error("the table is not cut at a line")
		}
	}
	if kinds[".csv"] != 1 || kinds[".txt"] < 15 {
		t.Errorf("files of each kind: %v", kinds)
	}
	if g := Look(s, nil); g == nil || g.Corpus.Format != "csv" {
		t.Errorf("guessed %+v", g)
	}
}

// A JSON file of which the end was not read is looked at all the same.
func TestCutJSON(t *testing.T) {
	var b strings.Builder
	b.WriteString("[")
	for b.Len() < 2*MaxBytes {
		b.WriteString(`{"text": "The kettle sings in the morning and nobody minds.", "stance": "pro"}, ` + "\n")
	}
	b.WriteString("{}]")
	g := Look(sampleOf(t, fstest.MapFS{"a.json": {Data: []byte(b.String())}}), nil)
	if g == nil || g.Corpus.JSON.Text != "text" || len(g.Corpus.JSON.Labels) != 1 {
		t.Errorf("guessed %+v", g)
	}
}

func TestNames(t *testing.T) {
	for in, want := range map[string]string{
		"Review ID": "review_id", "reviewText": "review_text", "a.b-c": "a_b_c", "2nd": "x_2nd", "": "x", "Ärger": "rger", "record": "record_id", "__": "x", "HTTPCode": "httpcode",
	} {
		if got := name(in); got != want {
			t.Errorf("name(%q) = %q, want %q", in, got, want)
		}
	}
}

// FuzzLook: whatever a file holds, what is guessed can be printed and loaded.
func FuzzLook(f *testing.F) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds")
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, in := range archive.Files {
			if in.Name != "want" {
				f.Add(filepath.Base(in.Name), in.Data)
			}
		}
	}
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		if !fs.ValidPath(name) || strings.ContainsAny(name, "/\\") || name == "." {
			t.Skip()
		}
		g := Look(&Sample{Names: []string{name}, Files: []File{{name, data, true}}}, nil)
		if g != nil {
			load(t, g)
		}
	})
}

func BenchmarkLook(b *testing.B) {
	line := `{"text": "Café crème for Ana, a thé for Bo.", "spans": [{"start": 17, "end": 20, "label": "WHO"}], "meta": {"paper": "p1"}}` + "\n"
	s := &Sample{Names: []string{"a.jsonl"}, Files: []File{{"a.jsonl", bytes.Repeat([]byte(line), MaxBytes/len(line)), true}}}
	b.SetBytes(int64(len(s.Files[0].Data)))
	b.ReportAllocs()
	for b.Loop() {
		if Look(s, nil) == nil {
			b.Fatal("nothing")
		}
	}
}
