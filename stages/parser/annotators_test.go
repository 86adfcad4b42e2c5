package parser_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/parser"
)

// work is what one annotator made of a document.
type work struct{ by, data, header string }

// together is a source of several annotators' work, and what their parser makes of it.
func together(p parser.Parser, all ...work) (*schema.Document, string) {
	src := &schema.Source{}
	put := func(w work, data string, header bool) {
		start := len(src.Data)
		src.Data = append(src.Data, data...)
		src.Pieces = append(src.Pieces, schema.Piece{
			Path: fmt.Sprintf("%s-%d", w.by, len(src.Pieces)), Data: schema.Span{Start: start, End: len(src.Data)}, Line: 1, Annotator: w.by, Header: header,
		})
	}
	for _, w := range all {
		if w.header != "" {
			put(w, w.header, true)
		}
		put(w, w.data, false)
		if w.header != "" { // of one file
			n := len(src.Pieces)
			src.Pieces[n-1].Path = src.Pieces[n-2].Path
		}
	}
	doc := new(schema.Document)
	doc.Diagnostics.Limit = 1000
	doc.Reset(src)
	var b strings.Builder
	if !p.Parse(src, doc) {
		b.WriteString("refused\n")
	}
	show(&b, doc, 0)
	doc.Diagnostics.Locate(src.Data, src.RawData, src.Pieces...)
	for _, d := range doc.Diagnostics.All() {
		fmt.Fprintf(&b, "%s at %d:%d: %s\n", d.Code, d.Line, d.Column, d.Message)
	}
	return doc, b.String()
}

const (
	sentencesOfAnnotators = `same_id: annotators
paths: ["{annotator}/{paper_id}.txt"]
document_id: "{paper_id}"
json:
  sentences:
    - {path: s, text: t, labels: [{from: l, layer: tone}]}
`
	answersOfAnnotators = sentencesOfAnnotators + "  annotated_where: skip!=true\n"
	spansOfAnnotators   = `same_id: annotators
paths: ["{annotator}/{paper_id}.txt"]
document_id: "{paper_id}"
json:
  text: text
  spans:
    - {path: spans, id: id, start: from, end: to, labels: [{from: l, layer: tone}]}
  relations:
    - {path: links, kind: reply, from: from, to: to}
`
	rowsOfAnnotators = `same_id: annotators
paths: ["{annotator}/{paper_id}.txt"]
document_id: "{paper_id}"
csv:
  text: text
  labels: [{from: tone, layer: tone}]
`
)

func TestAnnotators(t *testing.T) {
	for _, c := range []struct {
		name, format, config string
		all                  []work
		want                 string
	}{
		{
			"one alone", "json", sentencesOfAnnotators,
			[]work{{by: "B", data: `{"s": [{"t": "One.", "l": "x"}]}`}},
			`text "One." from 14 to 18
  group "{\"t\": \"One.\", \"l\": \"x\"}"
  tone: x, from "x"
`,
		}, {
			"the same sentences", "json", sentencesOfAnnotators,
			[]work{
				{by: "B", data: `{"s": [{"t": "One.", "l": "x"}, {"t": "Two."}]}`},
				{by: "A", data: ` {"s": [{"t": "One.", "l": "y"}, {"t": "Two.", "l": ["x", "y"]}]}`},
			},
			`text "One. " from 14 to 32
  group "{\"t\": \"One.\", \"l\": \"x\"}"
  tone: x, by B, from "x"
  tone: y, by A, from "y"
text "Two." from 39 to 43
  group "{\"t\": \"Two.\", \"l\": [\"x\", \"y\"]}"
  tone: x, by A, from "x"
  tone: y, by A, from "y"
annotators A B
`,
		}, {
			"other sentences", "json", sentencesOfAnnotators,
			[]work{
				{by: "A", data: `{"s": [{"t": "One."}, {"t": "Two.", "l": "x"}]}`},
				{by: "B", data: `{"s": [{"t": "One. Two.", "l": "y"}]}`},
			},
			`text "One. " from 14 to 22
text "Two." from 29 to 33
  group "{\"t\": \"Two.\", \"l\": \"x\"}"
  tone: x, by A, from "x"
annotation 0  "One. Two." at 0
  tone: y, by B, from "y"
annotators A B
`,
		}, {
			"who did not annotate", "json", answersOfAnnotators,
			[]work{
				{by: "A", data: `{"skip": true, "s": [{"t": "One.", "l": "x"}]}`},
				{by: "B", data: `{"s": [{"t": "One.", "l": "y"}]}`},
				{by: "C", data: `{"skip": true, "s": [{"t": "One.", "l": "z"}]}`},
				{by: "D", data: `{"skip": true, "s": [{"t": "Two.", "l": "z"}]}`},
				{by: "E", data: `{"s": [{"t": "One.", "l": null}]}`},
			},
			`text "One." from 28 to 32
  group "{\"t\": \"One.\", \"l\": \"y\"}"
  tone: y, by B, from "y"
annotators B E
record-unannotated at 1:1: skip!=true does not hold here: the labels are left out, and who is named is no annotator
record-unannotated at 1:1: skip!=true does not hold here: the labels are left out, and who is named is no annotator
record-unannotated at 1:1: skip!=true does not hold here: the labels are left out, and who is named is no annotator
annotator-mismatch at 1:1: the text of D (D-3) is not that of A-0: they differ from character 0 on; its labels were left out
`,
		}, {
			"nobody annotated", "json", answersOfAnnotators,
			[]work{
				{by: "A", data: `{"skip": true, "s": [{"t": "One.", "l": "x"}]}`},
				{by: "B", data: `{"skip": true, "s": [{"t": "One.", "l": "y"}]}`},
			},
			`text "One." from 28 to 32
record-unannotated at 1:1: skip!=true does not hold here: the labels are left out, and who is named is no annotator
record-unannotated at 1:1: skip!=true does not hold here: the labels are left out, and who is named is no annotator
`,
		}, {
			"another text", "json", sentencesOfAnnotators,
			[]work{
				{by: "A", data: `{"s": [{"t": "Größe.", "l": "x"}]}`},
				{by: "B", data: `{"s": [{"t": "Größen.", "l": "y"}]}`},
			},
			`text "Größe." from 14 to 22
  group "{\"t\": \"Größe.\", \"l\": \"x\"}"
  tone: x, by A, from "x"
annotators A
annotator-mismatch at 1:1: the text of B (B-1) is not that of A-0: they differ from character 5 on; its labels were left out
`,
		}, {
			"spans and relations", "json", spansOfAnnotators,
			[]work{
				{by: "A", data: `{"text": "One two.", "spans": [{"id": "1", "from": 4, "to": 7, "l": "x"}, {"id": "2", "from": 4, "to": 8, "l": "y"}], "links": [{"from": "1", "to": "2"}]}`},
				{by: "B", data: `{"text": "One two. ", "spans": [{"id": "1", "from": 0, "to": 3, "l": "y"}, {"id": "2", "from": 4, "to": 9, "l": "x"}], "links": [{"from": "2", "to": "1"}]}`},
				{by: "B", data: `{"text": "One two.", "spans": [{"id": "1", "from": 0, "to": 3, "l": "y"}], "links": []}`},
			},
			`text "One two." from 10 to 18, not cut
annotation 0 1 "One" at 0
  tone: y, by B, from "y"
annotation 1 1/2 "One" at 0
  tone: y, by B, from "y"
annotation 2 1 "two" at 4
  tone: x, by A, from "x"
annotation 3 2 "two." at 4
  tone: y, by A, from "y"
annotation 4 2 "two." at 4
  tone: x, by B, from "x"
relation reply from annotation 2 to annotation 3, from "{\"from\": \"1\", \"to\": \"2\"}", by A
relation reply from annotation 4 to annotation 0, from "{\"from\": \"2\", \"to\": \"1\"}", by B
annotators A B
annotator-twice at 1:1: B labelled this document in B-1, too; the labels are joined
`,
		}, {
			"nobody and nobody", "json", sentencesOfAnnotators,
			[]work{
				{by: "A", data: `{"s": [{"t": "One.", "l": "x"}]}`},
				{data: `{"s": [{"t": "One.", "l": "y"}]}`},
				{data: `{"s": [{"t": "One.", "l": "x"}]}`},
			},
			`text "One." from 14 to 18
  group "{\"t\": \"One.\", \"l\": \"x\"}"
  tone: x, by A, from "x"
  tone: y, from "y"
  tone: x, from "x"
annotators A
annotator-missing at 1:1: nothing says who annotated this document, here and in -1: nobody can tell their labels apart; give the attribute annotator, or other ids
`,
		}, {
			"named by what is labelled", "json", strings.Replace(spansOfAnnotators, "{path: spans", "{path: spans, annotator: by", 1),
			[]work{
				{data: `{"text": "One.", "by": "A", "spans": [{"id": "1", "from": 0, "to": 3, "l": "x"}]}`},
				{data: `{"text": "One.", "by": "B", "spans": [{"id": "1", "from": 0, "to": 3, "l": "y"}]}`},
			},
			`text "One." from 10 to 14, not cut
annotation 0 1 "One" at 0
  tone: x, by A, from "x"
annotation 1 1/2 "One" at 0
  tone: y, by B, from "y"
annotators A B
`,
		}, {
			"one that cannot be read", "json", sentencesOfAnnotators,
			[]work{
				{by: "A", data: `{"s": `},
				{by: "B", data: `{"s": [{"t": "One.", "l": "x"}]}`},
				{by: "C", data: `[]`},
			},
			`refused
record-malformed at 1:6: no JSON: want a value, found the end; the document is refused, with what others labelled in it
record-malformed at 1:1: no sentences stand at s; the document has no keys: it is a list; the document is refused, with what others labelled in it
`,
		}, {
			"a later one that cannot", "json", sentencesOfAnnotators,
			[]work{{by: "A", data: `{"s": [{"t": "One.", "l": "x"}]}`}, {by: "B", data: `{"s": `}},
			`refused
record-malformed at 1:6: no JSON: want a value, found the end; the document is refused, with what others labelled in it
`,
		}, {
			"rows below headers", "csv", rowsOfAnnotators,
			[]work{
				{by: "A", header: "text,tone\n", data: "One.,x\n"},
				{by: "B", header: "tone,text\n", data: "y,One.\n"},
			},
			`text "One." from 10 to 14
  group "One.,x"
  tone: x, by A, from "x"
  tone: y, by B, from "y"
annotators A B
`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, got := together(configured(t, c.format, []byte(c.config)), c.all...)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestSpaceOfAnnotators: what someone labelled in white space that the first has less of
// stands on the first's text. The end of a text is looked for once: BenchmarkSpaces.
func TestSpaceOfAnnotators(t *testing.T) {
	p := configured(t, "json", []byte(spansOfAnnotators))
	spaces := strings.Repeat(" ", 50)
	doc, _ := together(p,
		work{by: "A", data: `{"text": " One. ", "spans": []}`},
		work{by: "B", data: `{"text": " One.` + spaces + `", "spans": [{"from": 7, "to": 9, "l": "x"}, {"from": 4, "to": 20, "l": "y"}]}`},
		work{by: "C", data: `{"text": " One", "spans": [{"from": 1, "to": 3, "l": "z"}]}`},
	)
	var got []string
	for _, a := range doc.Annotations {
		got = append(got, fmt.Sprintf("%s %q", doc.Labels[a.Labels.Start].Raw, doc.Annotated[a.Text[0].Start:a.Text[0].End]))
	}
	if diff := cmp.Diff([]string{`x "One."`, `y ". "`}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if n := doc.Diagnostics.Count(schema.AnnotatorMismatch); n != 1 {
		t.Errorf("%d diagnostics: %v", n, doc.Diagnostics.All())
	}
}

// BenchmarkSpaces is many annotators of a text with much white space at its end.
func BenchmarkSpaces(b *testing.B) {
	p := configured(b, "json", []byte(spansOfAnnotators))
	src := &schema.Source{}
	for i := range 2001 {
		data := `{"text": "One."}`
		if i == 0 {
			data = `{"text": "One.` + strings.Repeat(" ", 1<<20) + `"}`
		}
		src.Pieces = append(src.Pieces, schema.Piece{Data: schema.Span{Start: len(src.Data), End: len(src.Data) + len(data)}, Annotator: fmt.Sprint(i)})
		src.Data = append(src.Data, data...)
	}
	benchmarkParse(b, p, src)
}

// TestHeaderOnce: records of one file share its header, and each is read with it.
func TestHeaderOnce(t *testing.T) {
	p := configured(t, "csv", []byte(rowsOfAnnotators))
	src := &schema.Source{Data: []byte("tone,text\nx,One.\ny,One.\n"), Pieces: []schema.Piece{
		{Path: "f", Data: schema.Span{Start: 0, End: 10}, Line: 1, Header: true},
		{Path: "f", Data: schema.Span{Start: 10, End: 17}, Line: 2, Offset: 10, Annotator: "A"},
		{Path: "f", Data: schema.Span{Start: 17, End: 24}, Line: 3, Offset: 17, Annotator: "B"},
	}}
	doc := new(schema.Document)
	doc.Reset(src)
	if !p.Parse(src, doc) {
		t.Fatal("refused")
	}
	var b strings.Builder
	show(&b, doc, 0)
	want := `text "One." from 12 to 16
  group "x,One."
  tone: x, by A, from "x"
  tone: y, by B, from "y"
annotators A B
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

// TestAnyAnnotators: whatever several people annotate in one text, all of it is in the
// document, and comes from where it was.
func TestAnyAnnotators(t *testing.T) {
	p := configured(t, "json", []byte(spansOfAnnotators))
	rapid.Check(t, func(t *rapid.T) {
		text := []rune(rapid.StringMatching(`[a-zé ]{1,20}[a-z]`).Draw(t, "text"))
		type labelled struct{ by, text, label string }
		want := map[labelled]int{}
		var all []work
		for i := range rapid.IntRange(2, 5).Draw(t, "annotators") {
			w := work{by: string(rune('A' + i))}
			var spans []string
			for j := range rapid.IntRange(0, 4).Draw(t, "spans") {
				from := rapid.IntRange(0, len(text)-1).Draw(t, "from")
				to := rapid.IntRange(from+1, len(text)).Draw(t, "to")
				label := fmt.Sprintf("%s%d", w.by, j)
				spans = append(spans, fmt.Sprintf(`{"id": "%d", "from": %d, "to": %d, "l": %q}`, j, from, to, label))
				want[labelled{w.by, string(text[from:to]), label}]++
			}
			w.data = fmt.Sprintf(`{"text": %q, "spans": [%s]}`, string(text), strings.Join(spans, ", "))
			all = append(all, w)
		}
		doc, _ := together(p, all...)
		start := 0
		for _, a := range doc.Annotations {
			if a.Text[0].Start < start {
				t.Fatal("annotations are out of order")
			}
			start = a.Text[0].Start
			for _, l := range doc.Labels[a.Labels.Start:a.Labels.End] {
				if from := string(doc.Source.Data[l.Source.Start:l.Source.End]); from != l.Raw {
					t.Fatalf("label %s comes from %q", l.Raw, from)
				}
				k := labelled{l.Annotator(), doc.Annotated[a.Text[0].Start:a.Text[0].End], l.Raw}
				if want[k]--; want[k] < 0 {
					t.Fatalf("%v was not asked for", k)
				}
			}
		}
		for k, n := range want {
			if n > 0 {
				t.Fatalf("%v is lost", k)
			}
		}
		if len(doc.Annotators) != len(all) {
			t.Fatalf("annotators %v", doc.Annotators)
		}
	})
}

func BenchmarkAnnotators(b *testing.B) {
	p := configured(b, "json", []byte(spansOfAnnotators))
	var spans []string
	text := strings.Repeat("The model is good, and the data are not. ", 200)
	for i := range 200 {
		spans = append(spans, fmt.Sprintf(`{"id": "%d", "from": %d, "to": %d, "l": "x"}`, i, 41*i+4, 41*i+9))
	}
	data := fmt.Sprintf(`{"text": %q, "spans": [%s]}`, text, strings.Join(spans, ", "))
	src := &schema.Source{}
	for i := range 3 {
		src.Pieces = append(src.Pieces, schema.Piece{Data: schema.Span{Start: len(src.Data), End: len(src.Data) + len(data)}, Annotator: string(rune('A' + i))})
		src.Data = append(src.Data, data...)
	}
	benchmarkParse(b, p, src)
}
