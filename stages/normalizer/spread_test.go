package normalizer_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/normalizer"
	"github.com/quern-data/quern/stages/taxonomy"
)

// parsed is a document as the parser of a format leaves it whose text is its file.
type parsed struct {
	*schema.Document
	text string
}

func newParsed(text string) *parsed {
	doc := new(schema.Document)
	doc.Reset(&schema.Source{Data: []byte(text)})
	doc.Annotated = text
	doc.Map.Literal(0, 0)
	return &parsed{doc, text}
}

// find is where a passage stands, whose last letter is the last of it.
func (p *parsed) find(passage string) schema.Span {
	at := strings.Index(p.text, passage)
	if at < 0 {
		panic(passage)
	}
	return schema.Span{Start: at, End: at + len(passage)}
}

// labels appends labels, each layer/label.
func (p *parsed) labels(labels ...string) schema.Span {
	span := schema.Span{Start: len(p.Labels)}
	for i, text := range labels {
		layer, label, _ := strings.Cut(text, "/")
		label, by, _ := strings.Cut(label, "@")
		label, polarity, _ := strings.Cut(label, "~")
		p.Labels = append(p.Labels, schema.Label{
			Raw: label, Position: i, Detail: p.Detail(schema.Detail{InLayer: layer, RawPolarity: polarity, Annotator: by}),
		})
	}
	span.End = len(p.Labels)
	return span
}

// segment appends a sentence with labels, nil for one that nobody labelled.
func (p *parsed) segment(passage, role string, labels []string) {
	s := schema.Segment{Text: p.find(passage), Group: schema.NoGroup, Role: p.AddRole(role)}
	if labels != nil {
		s.Group = len(p.Groups)
		p.Groups = append(p.Groups, schema.Group{Labels: p.labels(labels...), Source: s.Text})
	}
	p.Segments = append(p.Segments, s)
}

// annotate appends a labelled stretch, behind all segments.
func (p *parsed) annotate(id string, labels []string, passages ...string) {
	a := schema.Annotation{ID: id, Labels: p.labels(labels...)}
	for _, passage := range passages {
		a.Text = append(a.Text, p.find(passage))
	}
	p.Annotations = append(p.Annotations, a)
}

func (p *parsed) relate(kind string, from, to schema.Target) {
	p.Relations = append(p.Relations, schema.Relation{Kind: kind, From: from, To: to})
}

var anything = taxonomy.New(&config.Taxonomy{Open: true, NoLabel: []string{"none"}})

func (p *parsed) normalize(t interface{ Fatal(...any) }, split string) {
	n := normalizer.New(anything, config.Normalize{Split: split})
	if err := n.Normalize(p.Document); err != nil {
		t.Fatal(err)
	}
}

// show is the sentences with their labels, and on what these stand.
func (p *parsed) show() string {
	var b strings.Builder
	group := schema.NoGroup
	for _, s := range p.Sentences {
		fmt.Fprintf(&b, "%q", p.Text[s.Text.Start:s.Text.End])
		for _, part := range []struct{ name, value string }{{"role", p.RoleName(s.Role)}, {"heading", s.Heading}, {"marker", s.ListMarker}} {
			if part.value != "" {
				fmt.Fprintf(&b, " %s=%s", part.name, part.value)
			}
		}
		switch s.Group {
		case schema.NoGroup:
			b.WriteString(" unlabelled\n")
			continue
		case group:
			b.WriteString(" same group\n")
			continue
		}
		b.WriteString("\n")
		group = s.Group
		span := p.Groups[s.Group].Labels
		for i := span.Start; i < span.End; i++ {
			l := &p.Labels[i]
			if l.Null {
				fmt.Fprintf(&b, "  %d null\n", l.Position)
				continue
			}
			fmt.Fprintf(&b, "  %d %s/%s", l.Position, *l.Layer, l.Canonical())
			if l.Annotator() != "" {
				fmt.Fprintf(&b, " by %s", l.Annotator())
			}
			if l.SpanID() != "" {
				fmt.Fprintf(&b, " on %s %q at %d", l.SpanID(), p.Text[l.Detail.Stretch.Start:l.Detail.Stretch.End], l.Detail.Chars.Start)
			}
			b.WriteString("\n")
		}
	}
	for _, r := range p.Relations {
		fmt.Fprintf(&b, "%s %v -> %v %v %s\n", r.Kind, r.From, r.To, r.Attributes, r.Annotator)
	}
	if len(p.Annotators) > 0 {
		fmt.Fprintf(&b, "annotators %v\n", p.Annotators)
	}
	for _, d := range p.Diagnostics.All() {
		fmt.Fprintf(&b, "%s: %s\n", d.Code, d.Message)
	}
	return b.String()
}

func TestGivenSentences(t *testing.T) {
	for _, c := range []struct {
		name, text string
		fill       func(*parsed)
		group      string // what comes of it with normalize.split: group
		unicode    string // where that differs
	}{
		{
			"a sentence is what the file says",
			"Strengths:\n1. It works. It is fast.\n- (a)\nDone",
			func(p *parsed) {
				p.segment("Strengths:\n", "review", []string{"part/heading"})
				p.segment("1. It works. It is fast.\n", "review", []string{"tone/good", "part/none"})
				p.segment("- (a)\n", "review", []string{})
				p.segment("Done", "reply", nil)
			},
			`"Strengths:" role=review
  0 part/heading
"1. It works. It is fast." role=review
  0 tone/good
  1 null
"- (a)" role=review
"Done" role=reply unlabelled
`,
			`"Strengths:" role=review
  0 part/heading
"It works." role=review marker=1.
  0 tone/good
  1 null
"It is fast." role=review same group
"- (a)" role=review
"Done" role=reply unlabelled
`,
		}, {
			"a group before punctuation keeps its own",
			"One [1] , Two.",
			func(p *parsed) {
				p.segment("One [1]", "", []string{"a/x"})
				p.segment(" , Two.", "", []string{"a/y"})
			},
			`"One [1]"
  0 a/x
", Two."
  0 a/y
`, "",
		}, {
			"no text, and nothing labelled",
			"One.",
			func(p *parsed) {
				p.Segments = append(p.Segments, schema.Segment{Group: schema.NoGroup})
				p.segment("One.", "", nil)
			},
			"\"One.\" unlabelled\nlabels-missing: nothing in the document is labelled\n", "",
		}, {
			"labels without text",
			"One.",
			func(p *parsed) {
				p.segment("One.", "", []string{"a/x"})
				p.Segments = append(p.Segments, schema.Segment{Text: schema.Span{Start: 4, End: 4}, Group: 1})
				p.Groups = append(p.Groups, schema.Group{Labels: p.labels("a/y")})
			},
			"\"One.\"\n  0 a/x\n\"\"\n  0 a/y\ngroup-without-text: these labels stand on a sentence without text\n", "",
		}, {
			"annotators",
			"One.",
			func(p *parsed) {
				p.segment("One.", "", []string{"a/x@B", "a/x@A", "a/x@A", "a/y@C"})
				p.Annotators = append(p.Annotators, "D", "A")
			},
			"\"One.\"\n  0 a/x by B\n  1 a/x by A\n  2 a/x by A\n  3 a/y by C\nannotators [A B C D]\nlabel-duplicate: x stands in this list twice; both are kept\n", "",
		}, {
			"text between them is cut",
			"Pros:\n- One. Two.\n\nGiven.  Three.\n",
			func(p *parsed) { p.segment("Given. ", "", []string{"a/x"}) },
			`"One." heading=Pros marker=- unlabelled
"Two." heading=Pros unlabelled
"Given." heading=Pros
  0 a/x
"Three." heading=Pros unlabelled
`, "",
		},
	} {
		for _, split := range []string{"group", "unicode"} {
			want := c.group
			if split == "unicode" && c.unicode != "" {
				want = c.unicode
			}
			p := newParsed(c.text)
			c.fill(p)
			p.normalize(t, split)
			if diff := cmp.Diff(want, p.show()); diff != "" {
				t.Errorf("%s, %s: -want +got:\n%s", c.name, split, diff)
			}
		}
	}
}

func TestAnnotations(t *testing.T) {
	annotation := func(i int) schema.Target { return schema.Target{Kind: schema.ToAnnotation, Index: i} }
	segment := func(i int) schema.Target { return schema.Target{Kind: schema.ToSegment, Index: i} }
	for _, c := range []struct {
		name, text string
		fill       func(*parsed)
		want       string
	}{
		{
			"over sentences, in pieces, and all of it",
			"One is good. Two is 😀 bad. Three.",
			func(p *parsed) {
				p.annotate("", []string{"document/all~mixed"}, p.text)
				p.annotate("", []string{"tone/good"}, "good. Two")
				p.annotate("", []string{"tone/odd", "kind/pieces"}, "is", "😀 bad")
			},
			`"One is good."
  0 document/all-mixed on 1 "One is good. Two is 😀 bad. Three." at 0
  1 tone/good on 2 "good. Two" at 7
  2 tone/odd on 3 "is" at 4
  3 kind/pieces on 3 "is" at 4
"Two is 😀 bad."
  0 document/all-mixed on 1 "One is good. Two is 😀 bad. Three." at 0
  1 tone/good on 2 "good. Two" at 7
  2 tone/odd on 3 "😀 bad" at 20
  3 kind/pieces on 3 "😀 bad" at 20
"Three."
  0 document/all-mixed on 1 "One is good. Two is 😀 bad. Three." at 0
`,
		}, {
			"on a heading, a list marker and white space",
			"Pros:\n- One.  Two.\n \n",
			func(p *parsed) {
				p.annotate("T1", []string{"a/heading"}, "Pros")
				p.annotate("T2", []string{"a/marker"}, "-")
				p.annotate("T3", []string{"a/space"}, "  ")
				p.annotate("T4", []string{"a/end"}, "\n \n")
			},
			`"One." heading=Pros marker=-
  0 a/heading on T1 "Pros" at 0
  1 a/marker on T2 "-" at 6
"Two." heading=Pros
  0 a/space on T3 "  " at 12
  1 a/end on T4 "\n \n" at 18
`,
		}, {
			"on white space alone",
			" \n ",
			func(p *parsed) { p.annotate("T1", []string{"a/x"}, "\n") },
			"\"\"\n  0 a/x on T1 \"\\n\" at 1\ngroup-without-text: labels stand on white space, and there is nothing else\n",
		}, {
			"no labels",
			"One.",
			func(p *parsed) { p.annotate("T1", nil, "One") },
			"\"One.\" unlabelled\n",
		}, {
			"beside sentences",
			"One. Two. Three.",
			func(p *parsed) {
				p.segment("One. Two. ", "r", []string{"a/x"})
				p.segment("Three.", "", []string{"a/y"})
				p.annotate("", []string{"b/z@A"}, "Two")
				p.relate("k", segment(1), segment(0))
				p.relate("k", annotation(0), schema.Target{})
				p.relate("k", segment(2), segment(0))
				p.relate("k", segment(1), annotation(1))
				p.relate("k", segment(-1), annotation(0))
				p.Relations[0].Attributes = []schema.Attribute{{Name: "n", Value: "2"}, {Name: "b", Value: "1"}, {Name: "n", Value: "3"}}
			},
			`"One. Two." role=r
  0 a/x
  1 b/z by A on 1 "Two" at 5
"Three."
  0 a/y
k {sentence 1} -> {sentence 0} [{b 1} {n 2, 3}] 
k {annotation 0} -> {document 0} [] A
annotators [A]
relation-broken: the relation k starts at a sentence that there is not; it was left out
relation-broken: the relation k leads to a span that there is not; it was left out
relation-broken: the relation k starts at a sentence that there is not; it was left out
`,
		}, {
			"relations of annotators",
			"One. Two.",
			func(p *parsed) {
				p.annotate("T1", []string{"a/x"}, "One")
				p.annotate("T2", []string{"a/x@A"}, "Two")
				p.annotate("T3", []string{"a/none"}, "Two")
				p.annotate("T4", []string{"a/none", "a/x@A"}, "Two")
				p.relate("k", annotation(1), annotation(3))
				p.relate("k", annotation(0), annotation(1))
				p.relate("k", annotation(1), annotation(0))
				p.relate("k", annotation(1), annotation(2))
			},
			`"One."
  0 a/x on T1 "One" at 0
"Two."
  0 a/x by A on T2 "Two" at 5
  1 null
  2 null
  3 a/x by A on T4 "Two" at 5
k {annotation 1} -> {annotation 3} [] A
annotators [A]
relation-broken: the relation k starts at the span T1, which has no label of the same annotator; it was left out
relation-broken: the relation k leads to the span T1, which has no label of the same annotator; it was left out
relation-broken: the relation k leads to the span T3, which has no label of the same annotator; it was left out
`,
		}, {
			"characters that compose",
			"Cafe\u0301 noir. \u1100\u1161.",
			func(p *parsed) {
				p.annotate("", []string{"a/whole"}, "e\u0301 noir")
				p.annotate("", []string{"a/cut"}, "\u0301 n")
				p.annotate("", []string{"a/pieces"}, "Cafe", "\u0301", " noir")
				p.annotate("", []string{"a/half"}, "\u1100")
			},
			`"Café noir."
  0 a/whole on 1 "é noir" at 3
  1 a/cut on 2 "é n" at 3
  2 a/pieces on 3 "Café" at 0
  3 a/pieces on 3 " noir" at 4
"가."
  0 a/half on 4 "가" at 11
`,
		},
	} {
		for _, split := range []string{"group", "unicode"} {
			if split == "unicode" && c.name == "beside sentences" {
				continue
			}
			p := newParsed(c.text)
			c.fill(p)
			p.normalize(t, split)
			if diff := cmp.Diff(c.want, p.show()); diff != "" {
				t.Errorf("%s, %s: -want +got:\n%s", c.name, split, diff)
			}
		}
	}
}

// TestSharedGroups: sentences of one segment share its labels, but for one that an
// annotation says more of.
func TestSharedGroups(t *testing.T) {
	p := newParsed("One. Two. Three. Four.")
	p.segment("One. Two. Three. Four.", "", []string{"a/x"})
	p.annotate("", []string{"b/y"}, "Three")
	p.normalize(t, "unicode")
	want := `"One."
  0 a/x
"Two." same group
"Three."
  0 a/x
  1 b/y on 1 "Three" at 10
"Four."
  0 a/x
`
	if diff := cmp.Diff(want, p.show()); diff != "" {
		t.Error(diff)
	}
}

// TestManyOverlaps: a file of a megabyte may ask for a billion labels, and gets no
// more than it is large. None of them is lost.
func TestManyOverlaps(t *testing.T) {
	const many = 5000
	p := newParsed(strings.Repeat("One. ", many))
	for range many {
		p.annotate("", []string{"a/x"}, p.text)
	}
	p.normalize(t, "group")
	if n := len(p.Labels); n > 1<<15+len(p.text)/4+many || n < many {
		t.Errorf("%d labels", n)
	}
	if n := p.Diagnostics.Count(schema.LabelsLimited); n != 1 {
		t.Errorf("%d diagnostics", n)
	}
	seen := map[string]bool{}
	for _, l := range p.Labels {
		seen[l.SpanID()] = true
	}
	if len(seen) != many {
		t.Errorf("%d of %d annotations have a label", len(seen), many)
	}
}

var pieces = []string{
	"a", "e", "word", "One is.", "Two?", " ", " ", "  ", "\n", "\r\n", "\n\n", "- ", "1. ", "Strengths:\n", "😀", "👩‍👩‍👧", "\u0301", "\u0327", "é", "\u1100", "\u1161",
	"\u11a8", "文", "。", "\u00a0", "\u2028", "\u200f", "\U000e0041", "\u212b", "(", "\u0958",
}

// TestAnyAnnotation: whatever the text and wherever the annotations, each of their
// labels is found where it was, and no more of the text than what composed with it.
func TestAnyAnnotation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 1, 40).Draw(t, "text"), "")
		p := newParsed(text)
		edges := []int{0}
		for i, r := range text {
			edges = append(edges, i+utf8.RuneLen(r))
		}
		draw := func(name string, from int) schema.Span {
			start := rapid.IntRange(from, len(edges)-2).Draw(t, name)
			return schema.Span{Start: edges[start], End: edges[rapid.IntRange(start+1, len(edges)-1).Draw(t, name+" end")]}
		}
		// Sentences as the file gives them, which cover the text, a part of it or nothing.
		for at := 0; at < len(edges)-1 && rapid.Bool().Draw(t, "another segment"); {
			span := draw("segment", at)
			s := schema.Segment{Text: span, Group: schema.NoGroup}
			if rapid.Bool().Draw(t, "labelled") {
				s.Group = len(p.Groups)
				p.Groups = append(p.Groups, schema.Group{Source: span, Labels: p.labels(fmt.Sprintf("s/%d", len(p.Segments)))})
			}
			p.Segments = append(p.Segments, s)
			at, _ = slices.BinarySearch(edges, span.End)
		}
		var spans [][]schema.Span
		for range rapid.IntRange(0, 6).Draw(t, "annotations") {
			a := schema.Annotation{Text: []schema.Span{draw("piece", 0)}}
			for rapid.Bool().Draw(t, "another piece") {
				at, _ := slices.BinarySearch(edges, a.Text[len(a.Text)-1].End)
				if at >= len(edges)-1 {
					break
				}
				a.Text = append(a.Text, draw("piece", at))
			}
			spans = append(spans, slices.Clone(a.Text))
			p.Annotations = append(p.Annotations, a)
		}
		for i := range p.Annotations {
			p.Annotations[i].Labels = p.labels(fmt.Sprintf("t/%d", i))
		}
		split := rapid.SampledFrom([]string{"group", "unicode"}).Draw(t, "split")
		segments := slices.Clone(p.Segments)
		p.normalize(t, split)

		groups := -1
		found := map[string]bool{} // labels, with the piece that they stand on
		for i, s := range p.Sentences {
			if s.Group == schema.NoGroup {
				continue
			}
			if s.Group != groups && s.Group != groups+1 {
				t.Fatalf("sentence %d has group %d behind %d", i, s.Group, groups)
			}
			groups = s.Group
			span := p.Groups[s.Group].Labels
			for _, l := range p.Labels[span.Start:span.End] {
				if l.SpanID() == "" {
					found[*l.Layer+*l.Code] = true
					continue
				}
				if n, m := utf8.RuneCountInString(p.Text[:l.Detail.Stretch.Start]), utf8.RuneCountInString(p.Text[:l.Detail.Stretch.End]); l.Detail.Chars != (schema.Span{Start: n, End: m}) {
					t.Fatalf("label %s stands on bytes %v and on characters %v, not %d to %d", *l.Code, l.Detail.Stretch, l.Detail.Chars, n, m)
				}
				found[fmt.Sprintf("%s%s at %d", *l.Layer, *l.Code, l.Detail.Stretch)] = true
				overlaps := l.Detail.Stretch.Start < s.Text.End && s.Text.Start < l.Detail.Stretch.End
				none := !slices.ContainsFunc(p.Sentences, func(o schema.Sentence) bool {
					return l.Detail.Stretch.Start < o.Text.End && o.Text.Start < l.Detail.Stretch.End
				})
				next := i == len(p.Sentences)-1 || s.Text.Start >= l.Detail.Stretch.End
				nearest := none && next && (i == 0 || p.Sentences[i-1].Text.End <= l.Detail.Stretch.Start)
				if !overlaps && !nearest {
					t.Fatalf("label %s on %v is on sentence %d, which is %v", *l.Code, l.Detail.Stretch, i, s.Text)
				}
			}
		}
		if groups != len(p.Groups)-1 {
			t.Fatalf("%d of %d groups have a sentence", groups+1, len(p.Groups))
		}
		for i, s := range segments {
			if s.Group != schema.NoGroup && !found[fmt.Sprintf("s%d", i)] {
				t.Fatalf("the label of segment %d is lost", i)
			}
		}
		for i, a := range p.Annotations {
			for _, stretch := range a.Text {
				if !found[fmt.Sprintf("t%d at %d", i, stretch)] {
					t.Fatalf("annotation %d is not on %q", i, p.Text[stretch.Start:stretch.End])
				}
				for _, s := range p.Sentences {
					has := s.Group != schema.NoGroup && slices.ContainsFunc(p.Labels[p.Groups[s.Group].Labels.Start:p.Groups[s.Group].Labels.End], func(l schema.Label) bool {
						return l.SpanID() == a.ID && l.Detail.Stretch == stretch
					})
					if stretch.Start < s.Text.End && s.Text.Start < stretch.End && !has {
						t.Fatalf("annotation %d is not on sentence %v", i, s.Text)
					}
				}
			}
			// The map knows what the text was made of: it is the file as it was.
			for j, was := range spans[i] {
				at := slices.IndexFunc(a.Text, func(s schema.Span) bool {
					// What was composed belongs to the first piece that cut it.
					return p.Map.Source(s).End >= was.End
				})
				if at < 0 {
					t.Fatalf("annotation %d has lost piece %d, %q", i, j, text[was.Start:was.End])
				}
				stretch := a.Text[at]
				if at == 0 && p.Map.Source(stretch).Start > was.Start {
					t.Fatalf("annotation %d has lost the start of piece %d, %q", i, j, text[was.Start:was.End])
				}
				_, first := utf8.DecodeRuneInString(p.Text[stretch.Start:])
				_, last := utf8.DecodeLastRuneInString(p.Text[:stretch.End])
				if len(a.Text) == len(spans[i]) && (p.Map.Source(schema.Span{Start: stretch.Start, End: stretch.Start + first}).End <= was.Start ||
					p.Map.Source(schema.Span{Start: stretch.End - last, End: stretch.End}).Start >= was.End) {
					t.Fatalf("annotation %d stood on %q, and now on %q", i, text[was.Start:was.End], p.Text[stretch.Start:stretch.End])
				}
			}
		}
	})
}

// benchmarkAnnotated normalizes a text of so many sentences, with what fill puts in the
// place of what a parser finds.
func benchmarkAnnotated(b *testing.B, sentences int, fill func(*schema.Document)) {
	text := strings.Repeat("The model is good, and the data are not. ", sentences)
	n := normalizer.New(anything, config.Normalize{Split: "group"})
	doc, src := new(schema.Document), &schema.Source{Data: []byte(text)}
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		doc.Reset(src)
		doc.Annotated = text
		doc.Map.Literal(0, 0)
		fill(doc)
		if err := n.Normalize(doc); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAnnotations(b *testing.B) {
	const many = 5000
	benchmarkAnnotated(b, many, func(doc *schema.Document) {
		size := len(doc.Annotated) / many // of a sentence
		spans := make([]schema.Span, many)
		for i := range many {
			spans[i] = schema.Span{Start: i*size + 4, End: i*size + 9}
			doc.Labels = append(doc.Labels, schema.Label{Raw: "Model", Detail: doc.Detail(schema.Detail{InLayer: "entity"})})
			doc.Annotations = append(doc.Annotations, schema.Annotation{Text: spans[i : i+1 : i+1], Labels: schema.Span{Start: i, End: i + 1}})
		}
	})
}
