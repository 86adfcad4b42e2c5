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
	"testing/iotest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/parser"
	"github.com/quern-data/quern/stages/taxonomy"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// labels is the taxonomy that cases without a config are parsed with.
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
	corpus.Name = "golden"
	p, err := parser.New(corpus, config.Default().Limits, labels())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// golden is one case of a txtar file: NAME.in, raw but for the last line end,
// or NAME.quoted, a Go string; and NAME.out. NAME.yaml before them holds keys of the
// case's entry in corpora, and corpus.yaml those of all cases behind it. NAME.raw, or
// NAME.ann, is the file that stands beside it.
type golden struct {
	file, name string
	parser     parser.Parser
	in, beside []byte
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
		corpus, c := newParser(t, format), golden{file: file}
		found := len(cases)
		for i := range a.Files {
			f := &a.Files[i]
			name, kind, _ := strings.Cut(f.Name, ".")
			if f.Name == "corpus.yaml" {
				corpus = configured(t, format, f.Data)
				continue
			}
			if c.name != "" && c.name != name {
				t.Fatalf("%s: %s has no output before %s", file, c.name, f.Name)
			}
			if c.name = name; c.parser == nil {
				c.parser = corpus
			}
			switch kind {
			case "yaml":
				c.parser = configured(t, format, f.Data)
			case "in":
				c.in = bytes.TrimSuffix(f.Data, []byte("\n"))
			case "quoted":
				s, err := strconv.Unquote(string(bytes.TrimSuffix(f.Data, []byte("\n"))))
				if err != nil {
					t.Fatalf("%s: %s: %v", file, f.Name, err)
				}
				c.in = []byte(s)
			case "raw", "ann":
				c.beside = f.Data
			case "out":
				if c.in == nil {
					t.Fatalf("%s: %s has no input", file, f.Name)
				}
				c.out = &f.Data
				cases = append(cases, c)
				c = golden{file: file}
			default:
				t.Fatalf("%s: what is %s?", file, f.Name)
			}
		}
		if len(cases) == found || c.name != "" {
			t.Fatalf("%s holds %d cases, and ends within %q", file, len(cases)-found, c.name)
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

// configured is a parser for a corpus with the given keys, as a config file has them.
// Unless they name a taxonomy, it is open.
func configured(t testing.TB, format string, keys []byte) parser.Parser {
	t.Helper()
	dir := t.TempDir()
	var b strings.Builder
	fmt.Fprintf(&b, "corpora:\n  - name: golden\n    root: %s\n    format: %s\n", dir, format)
	if !bytes.HasPrefix(keys, []byte("taxonomy:")) && !bytes.Contains(keys, []byte("\ntaxonomy:")) {
		b.WriteString("    taxonomy: open\n")
	}
	for line := range strings.Lines(string(keys)) {
		b.WriteString("    " + line)
	}
	path := filepath.Join(t.TempDir(), "corpus.yaml")
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	loaded, err := config.Load(config.Options{Path: path})
	if err != nil {
		t.Fatalf("%v\n%s", err, b.String())
	}
	p, err := parser.New(loaded.Config.Corpora[0], loaded.Config.Limits, taxonomy.New(loaded.Taxonomies[0]))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// sources are the documents that a parser finds in the file of a case: its records, or
// the file itself.
func sources(t testing.TB, c golden) []*schema.Source {
	t.Helper()
	list, err := sourcesOf(c.parser, c.in, c.beside)
	if err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	return list
}

func sourcesOf(p parser.Parser, data, beside []byte) ([]*schema.Source, error) {
	records, ok := p.(parser.Records)
	if !ok {
		src := &schema.Source{Data: data, RawData: beside}
		if beside != nil {
			src.RawPath = "beside"
		}
		return []*schema.Source{src}, nil
	}
	var list []*schema.Source
	end, line, counted := int64(0), 1, 0
	// One byte at a time, as a reader may give them.
	err := records.Split(iotest.OneByteReader(bytes.NewReader(data)), func(r schema.Record) error {
		// One of no bytes says that the file is cut off.
		cut := r.Start == r.End && r.End == int64(len(data))
		if r.Start < end || r.End <= r.Start && !cut || r.End > int64(len(data)) {
			return fmt.Errorf("record %d is at %d to %d, behind %d of %d", len(list), r.Start, r.End, end, len(data))
		}
		line += bytes.Count(data[counted:r.Start], []byte("\n"))
		counted, end = int(r.Start), r.End
		if r.Line != line {
			return fmt.Errorf("record %d is in line %d, not %d", len(list), line, r.Line)
		}
		if r.Header > r.Start {
			return fmt.Errorf("record %d starts at %d, in the header of %d bytes", len(list), r.Start, r.Header)
		}
		src := &schema.Source{Data: slices.Concat(data[:r.Header], data[r.Start:r.End])}
		if fields := records.Fields(src.Data, nil); !slices.Equal(fields, r.Values) {
			return fmt.Errorf("record %d has the fields %q, and %q when split", len(list), fields, r.Values)
		}
		if r.Header > 0 {
			src.Pieces = append(src.Pieces, schema.Piece{Data: schema.Span{End: int(r.Header)}, Line: 1, Header: true})
		}
		src.Pieces = append(src.Pieces, schema.Piece{
			Data: schema.Span{Start: int(r.Header), End: len(src.Data)}, Offset: r.Start, Line: r.Line,
		})
		list = append(list, src)
		return nil
	})
	return list, err
}

func TestGolden(t *testing.T) {
	for _, format := range parser.Formats() {
		cases, save := goldens(t, format)
		for _, c := range cases {
			t.Run(format+"/"+filepath.Base(c.file)+"/"+c.name, func(t *testing.T) {
				got := parse(t, c)
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

// parse shows what the parser makes of a case.
func parse(t testing.TB, c golden) string {
	t.Helper()
	var b strings.Builder
	for i, src := range sources(t, c) {
		start := 0 // of Data in the file, but for a header in front
		if n := len(src.Pieces); n > 0 {
			record := src.Pieces[n-1]
			start = int(record.Offset) - record.Data.Start
			fmt.Fprintf(&b, "record %d: line %d, bytes %d to %d", i+1, record.Line, record.Offset, start+record.Data.End)
			if fields := c.parser.(parser.Records).Fields(src.Data, nil); len(fields) > 0 {
				fmt.Fprintf(&b, ", fields %q", fields)
			}
			b.WriteString("\n")
		}
		doc := new(schema.Document)
		doc.Reset(src)
		if !c.parser.Parse(src, doc) {
			b.WriteString("refused\n")
		}
		show(&b, doc, start)
		// In the whole file, as a run has them.
		var all schema.Diagnostics
		for _, d := range doc.Diagnostics.All() {
			if !d.InRaw && d.Offset != schema.NoOffset {
				_, at := src.At(d.Offset)
				d.Offset = int(at)
			}
			all.Add(d)
		}
		all.Locate(c.in, c.beside)
		for _, d := range all.All() {
			fmt.Fprintf(&b, "%s at %d:%d: %s\n", d.Code, d.Line, d.Column, d.Message)
			if d.Before != "" {
				fmt.Fprintf(&b, "  %q -> %q\n", d.Before, d.After)
			}
		}
	}
	return b.String()
}

// show writes what a parser filled in. Places are those in the file, where the
// document starts at the given offset.
func show(b *strings.Builder, doc *schema.Document, start int) {
	data := doc.Source.Data
	if doc.Standoff {
		data = doc.Source.RawData
	}
	label := func(l *schema.Label) {
		if l.InLayer() == "" {
			fmt.Fprintf(b, "  list %d: %s", l.List, l.Raw)
		} else {
			fmt.Fprintf(b, "  %s: %s", l.InLayer(), l.Raw)
		}
		if l.RawPolarity() != "" {
			fmt.Fprintf(b, ", polarity %s", l.RawPolarity())
		}
		if l.Annotator() != "" {
			fmt.Fprintf(b, ", by %s", l.Annotator())
		}
		if l.InLayer() != "" {
			fmt.Fprintf(b, ", from %q", data[l.Source.Start:l.Source.End])
		}
		if l.Joined {
			b.WriteString(" joined")
		}
		b.WriteString("\n")
	}
	if whole := (schema.Span{End: len(doc.Annotated)}); len(doc.Segments) == 0 && whole.Len() > 0 {
		source := doc.Map.Source(whole)
		fmt.Fprintf(b, "text %q from %d to %d, not cut\n", doc.Annotated, start+source.Start, start+source.End)
	}
	for _, s := range doc.Segments {
		source := doc.Map.Source(s.Text)
		fmt.Fprintf(b, "text %q from %d to %d", doc.Annotated[s.Text.Start:s.Text.End], start+source.Start, start+source.End)
		if s.Role != 0 {
			fmt.Fprintf(b, " in %s", doc.RoleName(s.Role))
		}
		b.WriteString("\n")
		if s.Group == schema.NoGroup {
			continue
		}
		g := doc.Groups[s.Group]
		broken := ""
		if g.Broken {
			broken = " broken"
		}
		group := data[g.Source.Start:g.Source.End]
		if len(group) > 60 {
			group = append(group[:60:60], "..."...)
		}
		fmt.Fprintf(b, "  group %q%s\n", group, broken)
		for i := g.Labels.Start; i < g.Labels.End; i++ {
			label(&doc.Labels[i])
		}
	}
	for i := range doc.Annotations {
		a := &doc.Annotations[i]
		fmt.Fprintf(b, "annotation %d %s", i, a.ID)
		for _, s := range a.Text {
			fmt.Fprintf(b, " %q at %d", doc.Annotated[s.Start:s.End], s.Start)
		}
		b.WriteString("\n")
		for i := a.Labels.Start; i < a.Labels.End; i++ {
			label(&doc.Labels[i])
		}
	}
	target := func(to schema.Target) string {
		switch to.Kind {
		case schema.ToDocument:
			return "document"
		case schema.ToAnnotation:
			return fmt.Sprintf("annotation %d", to.Index)
		}
		return fmt.Sprintf("segment %d", to.Index)
	}
	for _, r := range doc.Relations {
		fmt.Fprintf(b, "relation %s from %s to %s, from %q", r.Kind, target(r.From), target(r.To), data[r.Source.Start:r.Source.End])
		if r.Annotator != "" {
			fmt.Fprintf(b, ", by %s", r.Annotator)
		}
		for _, a := range r.Attributes {
			fmt.Fprintf(b, ", %s=%s", a.Name, a.Value)
		}
		b.WriteString("\n")
	}
	if len(doc.Annotators) > 0 {
		fmt.Fprintf(b, "annotators %s\n", strings.Join(doc.Annotators, " "))
	}
}

// TestConformance holds every parser in the registry to the contract of the
// interface, over all golden inputs.
func TestConformance(t *testing.T) {
	if len(parser.Formats()) == 0 {
		t.Fatal("no formats")
	}
	for _, format := range parser.Formats() {
		cases, _ := goldens(t, format)
		t.Run(format+"/keeps-nothing-of-the-source", func(t *testing.T) {
			for _, c := range cases {
				for _, src := range sources(t, c) {
					src.Data, src.RawData = bytes.Clone(src.Data), bytes.Clone(src.RawData)
					doc := new(schema.Document)
					doc.Reset(src)
					c.parser.Parse(src, doc)
					text, raw := strings.Clone(doc.Annotated), rawLabels(doc)
					for _, data := range [][]byte{src.Data, src.RawData} {
						for i := range data {
							data[i] = 'x'
						}
					}
					if doc.Annotated != text || !slices.Equal(rawLabels(doc), raw) {
						t.Errorf("%s: the document changed with its source", c.name)
					}
				}
			}
		})
		t.Run(format+"/same-again-and-concurrently", func(t *testing.T) {
			var wg sync.WaitGroup
			for _, c := range cases {
				want := parse(t, c)
				for range 4 {
					wg.Go(func() {
						if got := parse(t, c); got != want {
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
				for _, src := range sources(t, c) {
					doc.Reset(src)
					c.parser.Parse(src, doc)
					fresh := new(schema.Document)
					fresh.Reset(src)
					c.parser.Parse(src, fresh)
					var reused, want strings.Builder
					show(&reused, doc, 0)
					show(&want, fresh, 0)
					if diff := cmp.Diff(want.String(), reused.String()); diff != "" {
						t.Errorf("%s: a reused document differs (-fresh +reused):\n%s", c.name, diff)
					}
				}
			}
		})
		t.Run(format+"/invariants", func(t *testing.T) {
			for _, c := range cases {
				if err := invariants(c.parser, c.in, c.beside); err != nil {
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

// invariants checks what holds for any input: records are in order and in bounds, the
// text is valid UTF-8, spans are in order and in bounds, and in the format inline every
// byte of the source is text, a label group, or markup.
func invariants(p parser.Parser, data, beside []byte) error {
	list, err := sourcesOf(p, data, beside)
	if err != nil {
		return err
	}
	_, records := p.(parser.Records)
	for i, src := range list {
		if err := documentInvariants(p, src, !records && beside == nil); err != nil {
			return fmt.Errorf("document %d: %w", i, err)
		}
	}
	return nil
}

func documentInvariants(p parser.Parser, src *schema.Source, inline bool) error {
	data, doc := src.Data, new(schema.Document)
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
		if s.Start < 0 || s.End > len(data) || s.Start > s.End || s.Start == s.End && inline {
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
	start := 0
	for i, a := range doc.Annotations {
		if a.Labels.Start != label || a.Labels.End < a.Labels.Start {
			return fmt.Errorf("annotation %d has labels %v, not from %d", i, a.Labels, label)
		}
		label = a.Labels.End
		if len(a.Text) == 0 || a.Text[0].Start < start {
			return fmt.Errorf("annotation %d is out of order: %v", i, a.Text)
		}
		start = a.Text[0].Start
		end := 0
		for _, s := range a.Text {
			if s.Start < end || s.End <= s.Start || s.End > len(doc.Annotated) || !onEdge(doc.Annotated, s.Start) || !onEdge(doc.Annotated, s.End) {
				return fmt.Errorf("annotation %d stands on %v", i, a.Text)
			}
			end = s.End
		}
		for _, l := range doc.Labels[a.Labels.Start:a.Labels.End] {
			if l.Raw == "" || !utf8.ValidString(l.Raw) || l.InLayer() == "" {
				return fmt.Errorf("annotation %d has the label %q in layer %q", i, l.Raw, l.InLayer())
			}
		}
	}
	if label != len(doc.Labels) {
		return fmt.Errorf("%d of %d labels belong to a group or annotation", label, len(doc.Labels))
	}
	for i, r := range doc.Relations {
		for _, to := range []schema.Target{r.From, r.To} {
			limit := 1
			switch to.Kind {
			case schema.ToSegment:
				limit = len(doc.Segments)
			case schema.ToAnnotation:
				limit = len(doc.Annotations)
			}
			if to.Index < 0 || to.Index >= limit || to.Kind == schema.ToSentence {
				return fmt.Errorf("relation %d leads to %v", i, to)
			}
		}
		if r.Kind == "" || r.Source.Start < 0 || r.Source.End < r.Source.Start {
			return fmt.Errorf("relation %d is %v", i, r)
		}
	}
	for i, ok := range accounted {
		if inline && !ok && !strings.ContainsRune(" \t\r\n\"\uFEFF", rune(data[i])) && !bytes.HasPrefix(data, []byte("\uFEFF")) {
			return fmt.Errorf("byte %d, %q, is neither text nor label nor markup", i, data[i])
		}
	}
	return nil
}

func onEdge(text string, i int) bool { return i == len(text) || utf8.RuneStart(text[i]) }

// FuzzParse parses any input as each case of each format is parsed.
func FuzzParse(f *testing.F) {
	var all []golden
	for _, format := range parser.Formats() {
		cases, _ := goldens(f, format)
		for _, c := range cases {
			f.Add(uint16(len(all)), c.in, c.beside)
			all = append(all, c)
		}
	}
	f.Fuzz(func(t *testing.T, like uint16, data, beside []byte) {
		c := all[int(like)%len(all)]
		if c.beside == nil {
			beside = nil
		}
		if err := invariants(c.parser, data, beside); err != nil {
			t.Errorf("as %s of %s: %v", c.name, c.file, err)
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
		if err := invariants(p, data, nil); err != nil {
			t.Errorf("%.20s: %v", unit, err)
		}
	}
}
