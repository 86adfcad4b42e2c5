package normalizer_test

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
	"golang.org/x/tools/txtar"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/normalizer"
	"github.com/quern-data/quern/stages/parser"
	"github.com/quern-data/quern/stages/taxonomy"
)

// standoff is a parser of brat's files.
func standoff(t testing.TB, sameID string) parser.Parser {
	t.Helper()
	corpus := config.DefaultCorpus()
	corpus.Format, corpus.SameID = "brat", sameID
	p, err := parser.New(corpus, config.Default().Limits, anything)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// goldens are the archives of the parser's golden cases of a format.
func goldens(t testing.TB, format string) (list []*txtar.Archive) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "parser", "testdata", format, "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files of %s: %v", format, err)
	}
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, a)
	}
	return list
}

// goldenInputs are the files of the parser's golden cases of some formats: at least that
// many.
func goldenInputs(t testing.TB, least int, formats ...string) (all [][]byte) {
	t.Helper()
	for _, format := range formats {
		for _, a := range goldens(t, format) {
			for _, f := range a.Files {
				if strings.HasSuffix(f.Name, ".in") {
					all = append(all, f.Data)
				}
			}
		}
	}
	if len(all) < least {
		t.Fatalf("only %d inputs of %v", len(all), formats)
	}
	return all
}

// twins are the texts and annotations of the parser's golden cases.
func twins(t testing.TB) (all [][2][]byte) {
	t.Helper()
	for _, a := range goldens(t, "brat") {
		texts := map[string][]byte{}
		for _, f := range a.Files {
			switch name, kind, _ := strings.Cut(f.Name, "."); kind {
			case "in":
				texts[name] = bytes.TrimSuffix(f.Data, []byte("\n"))
			case "ann":
				if texts[name] != nil {
					all = append(all, [2][]byte{texts[name], f.Data})
				}
			}
		}
	}
	if len(all) < 10 {
		t.Fatalf("only %d cases", len(all))
	}
	return all
}

// TestReusedAcrossFormats: labels of the format inline, which are filled in field by
// field, have nothing of those that stood in their room before.
func TestReusedAcrossFormats(t *testing.T) {
	p, n := standoff(t, "refuse"), normalizer.New(anything, config.Normalize{Split: "group"})
	doc := new(schema.Document)
	for range 3 {
		src := &schema.Source{Data: []byte("One. Two."), RawPath: "a.ann", RawData: []byte("T1\tA 0 3\nT2\tA 5 8\nA1\tB T2\n")}
		doc.Reset(src)
		p.Parse(src, doc)
		if err := n.Normalize(doc); err != nil || len(doc.Labels) != 3 {
			t.Fatalf("%d labels, %v", len(doc.Labels), err)
		}
		src = &schema.Source{Data: []byte(`"One.[[RWK-POS], [CLA-POS]] Two.[[RWK-POS], [null]]"`)}
		doc.Reset(src)
		reviews().parser.Parse(src, doc)
		if len(doc.Labels) != 4 {
			t.Fatalf("%d labels", len(doc.Labels))
		}
		for i := range doc.Labels {
			if l := &doc.Labels[i]; l.Detail != nil {
				t.Errorf("the label %s has %+v of another document", l.Raw, *l.Detail)
			}
		}
	}
}

// TestInlineByAnnotators: sentences that others cut in another way are annotations,
// whose labels have nothing typed but themselves.
func TestInlineByAnnotators(t *testing.T) {
	labels := taxonomy.New(&config.Taxonomy{Layers: []config.Layer{{Name: "aspect", Labels: []config.Term{{Code: "CLA"}, {Code: "RWK"}}}}})
	corpus := config.DefaultCorpus()
	corpus.SameID = "annotators"
	p, err := parser.New(corpus, config.Default().Limits, labels)
	if err != nil {
		t.Fatal(err)
	}
	n, doc := normalizer.New(labels, config.Normalize{Split: "group"}), new(schema.Document)
	for _, by := range []string{"", "B", ""} {
		one, other := `"One. Two.[[CLA, RWK]] Three.[[RWK]]"`, `"One.[[CLA]] Two. Three.[[RWK, CLA]]"`
		src := &schema.Source{Data: []byte(one + other), Pieces: []schema.Piece{
			{Path: "a", Data: schema.Span{End: len(one)}},
			{Path: "b", Data: schema.Span{Start: len(one), End: len(one) + len(other)}, Annotator: by},
		}}
		doc.Reset(src)
		p.Parse(src, doc)
		if err := n.Normalize(doc); err != nil {
			t.Fatal(err)
		}
		var got []string
		for i := range doc.Labels {
			l := &doc.Labels[i]
			got = append(got, l.Raw+l.SpanID()+l.Annotator())
		}
		// By sentences, as the first cuts them: the labels of the other are on both.
		want := []string{"CLA", "RWK", "CLA1" + by, "RWK2" + by, "CLA2" + by, "RWK", "RWK2" + by, "CLA2" + by}
		if !slices.Equal(got, want) {
			t.Errorf("by %q: labels %q, want %q", by, got, want)
		}
	}
}

// FuzzStandoff: whatever the files hold, spans are true, labels stand on text, and
// what several annotators did is the same as what each did.
func FuzzStandoff(f *testing.F) {
	for _, c := range twins(f) {
		f.Add(c[0], c[1], c[1])
	}
	f.Add([]byte("\ufeffe\u0301\r\n\u1100\u1161"), []byte("T1\tA 1 2\nT2\tA 2 4\nT3\tA 5 6\n"), []byte("T1\tB 0 1\nE1\tB:T1 X:T1\n"))
	one, several := standoff(f, "refuse"), standoff(f, "annotators")
	n := normalizer.New(anything, config.Normalize{Split: "group"})
	read := func(t *testing.T, p parser.Parser, src *schema.Source) *schema.Document {
		t.Helper()
		doc := new(schema.Document)
		doc.Diagnostics.Limit = 1000
		doc.Reset(src)
		if !p.Parse(src, doc) {
			return nil
		}
		if err := n.Normalize(doc); err != nil {
			t.Fatal(err)
		}
		if !norm.NFC.IsNormalString(doc.Text) && !manyMarks.MatchString(doc.Text) {
			t.Fatalf("the text is not in form C: %q", doc.Text)
		}
		for _, l := range doc.Labels {
			if l.SpanID() == "" || l.Detail.Stretch.Len() == 0 {
				t.Fatalf("the label %s stands on nothing", l.Raw)
			}
		}
		return doc
	}
	f.Fuzz(func(t *testing.T, text, ann, other []byte) {
		a := read(t, one, &schema.Source{Data: text, RawPath: "a.ann", RawData: ann})
		b := read(t, one, &schema.Source{Data: text, RawPath: "b.ann", RawData: other})
		both := read(t, several, &schema.Source{
			Data: slices.Concat(text, text), RawPath: "a.ann", RawData: slices.Concat(ann, other),
			Pieces: []schema.Piece{
				{Path: "a.txt", Data: schema.Span{End: len(text)}, Line: 1, Annotator: "A", RawPath: "a.ann", Raw: schema.Span{End: len(ann)}},
				{Path: "b.txt", Data: schema.Span{Start: len(text), End: 2 * len(text)}, Line: 1, Annotator: "B", RawPath: "b.ann", Raw: schema.Span{Start: len(ann), End: len(ann) + len(other)}},
			},
		})
		if a == nil || b == nil || both == nil {
			if (a == nil) != (both == nil) {
				t.Fatal("refused, and not refused")
			}
			return
		}
		type labelled struct {
			id, layer, label string
			chars            schema.Span
		}
		of := func(doc *schema.Document, by string) (all []labelled) {
			for _, l := range doc.Labels {
				if l.Annotator() == by {
					all = append(all, labelled{l.SpanID(), l.InLayer(), l.Raw, l.Detail.Chars})
				}
			}
			return all
		}
		if a.Diagnostics.Count(schema.LabelsLimited)+b.Diagnostics.Count(schema.LabelsLimited)+both.Diagnostics.Count(schema.LabelsLimited) == 0 {
			if got, want := of(both, "A"), of(a, ""); !slices.Equal(got, want) {
				t.Fatalf("A labelled %v, and together %v", want, got)
			}
			if got, want := of(both, "B"), of(b, ""); !slices.Equal(got, want) {
				t.Fatalf("B labelled %v, and together %v", want, got)
			}
		}
		if got, want := len(both.Relations), len(a.Relations)+len(b.Relations); got != want {
			t.Fatalf("%d relations, and together %d", want, got)
		}
		for i := range both.Labels {
			l := &both.Labels[i]
			if from := string(both.Source.RawData[l.Source.Start:l.Source.End]); from != l.Raw {
				t.Fatalf("the label %q comes from %q", l.Raw, from)
			}
		}
	})
}
