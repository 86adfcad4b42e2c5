package parser_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/parser"
	"github.com/quern-data/quern/stages/taxonomy"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// labels is the taxonomy that all cases are parsed with.
var labels = sync.OnceValue(func() *taxonomy.Taxonomy {
	t, err := config.LoadTaxonomy("peer-review-analyze", "")
	if err != nil {
		panic(err)
	}
	return taxonomy.New(t)
})

func newParser(t testing.TB, format string) parser.Parser {
	t.Helper()
	corpus := config.DefaultCorpus()
	corpus.Format = format
	p, err := parser.New(corpus, config.Default().Limits, labels())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// golden is one case of a txtar file: NAME.in, raw but for the last line end,
// or NAME.quoted, a Go string; and NAME.out.
type golden struct {
	file, name string
	in         []byte
	out        *[]byte
}

// goldens reads the cases of a format. None is a failure.
func goldens(t testing.TB, format string) (cases []golden, save func()) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", format, "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files for the format %s: %v", format, err)
	}
	archives := map[string]*txtar.Archive{}
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		archives[file] = a
		for i := 0; i+1 < len(a.Files); i += 2 {
			in, out := &a.Files[i], &a.Files[i+1]
			name, kind, _ := strings.Cut(in.Name, ".")
			data := bytes.TrimSuffix(in.Data, []byte("\n"))
			if kind == "quoted" {
				s, err := strconv.Unquote(string(data))
				if err != nil {
					t.Fatalf("%s: %s: %v", file, in.Name, err)
				}
				data = []byte(s)
			}
			if out.Name != name+".out" {
				t.Fatalf("%s: %s is followed by %s", file, in.Name, out.Name)
			}
			cases = append(cases, golden{file, name, data, &out.Data})
		}
		if len(a.Files) == 0 || len(a.Files)%2 != 0 {
			t.Fatalf("%s holds %d files", file, len(a.Files))
		}
	}
	return cases, func() {
		for file, a := range archives {
			if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestGolden(t *testing.T) {
	for _, format := range parser.Formats() {
		p := newParser(t, format)
		cases, save := goldens(t, format)
		for _, c := range cases {
			t.Run(filepath.Base(c.file)+"/"+c.name, func(t *testing.T) {
				got := parse(p, c.in)
				if *update {
					*c.out = []byte(got)
					return
				}
				if diff := cmp.Diff(string(*c.out), got); diff != "" {
					t.Errorf("%s: %s (-want +got):\n%s", c.file, c.name, diff)
				}
			})
		}
		if *update {
			save()
		}
	}
}

// parse shows what a parser makes of data.
func parse(p parser.Parser, data []byte) string {
	src, doc := &schema.Source{Data: data}, new(schema.Document)
	doc.Reset(src)
	ok := p.Parse(src, doc)
	doc.Diagnostics.Locate(data, nil)
	var b strings.Builder
	if !ok {
		b.WriteString("refused\n")
	}
	for _, s := range doc.Segments {
		source := doc.Map.Source(s.Text)
		fmt.Fprintf(&b, "text %q from %d to %d\n", doc.Annotated[s.Text.Start:s.Text.End], source.Start, source.End)
		if s.Group == schema.NoGroup {
			continue
		}
		g := doc.Groups[s.Group]
		broken := ""
		if g.Broken {
			broken = " broken"
		}
		fmt.Fprintf(&b, "  group %q%s\n", data[g.Source.Start:g.Source.End], broken)
		for _, l := range doc.Labels[g.Labels.Start:g.Labels.End] {
			joined := ""
			if l.Joined {
				joined = " joined"
			}
			fmt.Fprintf(&b, "  list %d: %s%s\n", l.List, l.Raw, joined)
		}
	}
	for _, d := range doc.Diagnostics.All() {
		fmt.Fprintf(&b, "%s at %d:%d: %s\n", d.Code, d.Line, d.Column, d.Message)
		if d.Before != "" {
			fmt.Fprintf(&b, "  %q -> %q\n", d.Before, d.After)
		}
	}
	return b.String()
}

// TestConformance holds every parser in the registry to the contract of the
// interface, over all golden inputs.
func TestConformance(t *testing.T) {
	if len(parser.Formats()) == 0 {
		t.Fatal("no formats")
	}
	for _, format := range parser.Formats() {
		p := newParser(t, format)
		cases, _ := goldens(t, format)
		t.Run(format+"/keeps-nothing-of-the-source", func(t *testing.T) {
			for _, c := range cases {
				data := bytes.Clone(c.in)
				src, doc := &schema.Source{Data: data}, new(schema.Document)
				doc.Reset(src)
				p.Parse(src, doc)
				text, raw := strings.Clone(doc.Annotated), rawLabels(doc)
				for i := range data {
					data[i] = 'x'
				}
				if doc.Annotated != text || !slices.Equal(rawLabels(doc), raw) {
					t.Errorf("%s: the document changed with its source", c.name)
				}
			}
		})
		t.Run(format+"/same-again-and-concurrently", func(t *testing.T) {
			var wg sync.WaitGroup
			for _, c := range cases {
				want := parse(p, c.in)
				for range 4 {
					wg.Go(func() {
						if got := parse(p, c.in); got != want {
							t.Errorf("%s: parsed differently", c.name)
						}
					})
				}
			}
			wg.Wait()
		})
		t.Run(format+"/reused-document", func(t *testing.T) {
			doc := new(schema.Document)
			for _, c := range cases {
				src := &schema.Source{Data: c.in}
				doc.Reset(src)
				p.Parse(src, doc)
				fresh := new(schema.Document)
				fresh.Reset(src)
				p.Parse(src, fresh)
				if doc.Annotated != fresh.Annotated || !slices.Equal(rawLabels(doc), rawLabels(fresh)) || !slices.Equal(doc.Segments, fresh.Segments) {
					t.Errorf("%s: a reused document differs", c.name)
				}
			}
		})
		t.Run(format+"/invariants", func(t *testing.T) {
			for _, c := range cases {
				if err := invariants(p, c.in); err != nil {
					t.Errorf("%s: %v", c.name, err)
				}
			}
		})
	}
}

func rawLabels(doc *schema.Document) []string {
	var raw []string
	for i := range doc.Labels {
		raw = append(raw, doc.Labels[i].Raw)
	}
	return raw
}

// invariants checks what holds for any input: the text is valid UTF-8, spans
// are in order and in bounds, and every byte of the source is text, a label
// group, or markup.
func invariants(p parser.Parser, data []byte) error {
	src, doc := &schema.Source{Data: data}, new(schema.Document)
	doc.Diagnostics.Limit = 100
	doc.Reset(src)
	if !p.Parse(src, doc) {
		if doc.Diagnostics.Total() == 0 {
			return fmt.Errorf("refused without a word")
		}
		return nil
	}
	if !utf8.ValidString(doc.Annotated) {
		return fmt.Errorf("the text is not valid UTF-8")
	}
	at, group := 0, 0
	for i, s := range doc.Segments {
		if s.Text.Start < at || s.Text.End < s.Text.Start || s.Text.End > len(doc.Annotated) {
			return fmt.Errorf("segment %d is out of order: %v", i, s.Text)
		}
		at = s.Text.End
		if s.Group != schema.NoGroup {
			if s.Group != group {
				return fmt.Errorf("segment %d has group %d, not %d", i, s.Group, group)
			}
			group++
		}
	}
	if group != len(doc.Groups) {
		return fmt.Errorf("%d of %d groups have a segment", group, len(doc.Groups))
	}
	accounted := make([]bool, len(data))
	for i, r := range doc.Annotated {
		s := doc.Map.Source(schema.Span{Start: i, End: i + utf8.RuneLen(r)})
		if s.Start < 0 || s.End > len(data) || s.Start >= s.End {
			return fmt.Errorf("text at %d maps to source %v", i, s)
		}
		for j := s.Start; j < s.End; j++ {
			accounted[j] = true
		}
	}
	label := 0
	for i, g := range doc.Groups {
		if g.Labels.Start != label || g.Labels.End < g.Labels.Start {
			return fmt.Errorf("group %d has labels %v, not from %d", i, g.Labels, label)
		}
		label = g.Labels.End
		for j := g.Source.Start; j < g.Source.End; j++ {
			accounted[j] = true
		}
		for _, l := range doc.Labels[g.Labels.Start:g.Labels.End] {
			if l.Source.Start < g.Source.Start || l.Source.End > g.Source.End || l.Raw == "" || !utf8.ValidString(l.Raw) {
				return fmt.Errorf("label %q at %v is not in its group %v", l.Raw, l.Source, g.Source)
			}
		}
	}
	if label != len(doc.Labels) {
		return fmt.Errorf("%d of %d labels belong to a group", label, len(doc.Labels))
	}
	for i, ok := range accounted {
		if !ok && !strings.ContainsRune(" \t\r\n\"\uFEFF", rune(data[i])) && !bytes.HasPrefix(data, []byte("\uFEFF")) {
			return fmt.Errorf("byte %d, %q, is neither text nor label nor markup", i, data[i])
		}
	}
	return nil
}

func FuzzParse(f *testing.F) {
	for _, format := range parser.Formats() {
		cases, _ := goldens(f, format)
		for _, c := range cases {
			f.Add(c.in)
		}
	}
	parsers := map[string]parser.Parser{}
	for _, format := range parser.Formats() {
		parsers[format] = newParser(f, format)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for format, p := range parsers {
			if err := invariants(p, data); err != nil {
				t.Errorf("%s: %v", format, err)
			}
		}
	})
}

// TestGroupTooLong: a group over the limit stays text as a whole, wherever the
// limit falls, and the next group is found.
func TestGroupTooLong(t *testing.T) {
	for pad := range 12 {
		group := "[[RES-POS]" + strings.Repeat(",[RES-POS]", 500) + strings.Repeat(" ", pad) + "]"
		doc := new(schema.Document)
		src := &schema.Source{Data: []byte(`"One.` + group + ` Two.[[MET-NEG], [null]]"`)}
		doc.Reset(src)
		newParser(t, "inline").Parse(src, doc)
		if len(doc.Groups) != 1 || doc.Annotated != "One."+group+" Two." {
			t.Errorf("padded by %d: %d groups in %d bytes of text", pad, len(doc.Groups), len(doc.Annotated))
		}
		if n := doc.Diagnostics.Count(schema.GroupSuspect); n != 1 {
			t.Errorf("padded by %d: %d diagnostics", pad, n)
		}
	}
}

// TestHostile: megabytes of what takes most work are parsed, and all holds that
// holds for any input. BenchmarkParse says how long they take.
func TestHostile(t *testing.T) {
	p := newParser(t, "inline")
	for _, unit := range []string{
		"[", "[[RWK-POS,", "[[RWK-POS],", "[MIN", strings.Repeat("[MIN", 1000) + ",MIN " + strings.Repeat("zzz ", 9), `\[[RWK-POS]] n`, "[[ab,cd-POS,",
	} {
		data := []byte(`"` + strings.Repeat(unit, 1<<21/len(unit)) + `"`)
		if err := invariants(p, data); err != nil {
			t.Errorf("%.20s: %v", unit, err)
		}
	}
}
