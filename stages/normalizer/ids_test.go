package normalizer_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quern-data/quern/schema"
)

// TestSpanIDs: each annotation has an id of its own among those of its annotator.
func TestSpanIDs(t *testing.T) {
	for _, c := range []struct{ name, have, want string }{
		{"numbers", ", , ", "1, 2, 3"},
		{"the file's", "T1, T2, x", "T1, T2, x"},
		{"some without", "T1, , T3, ", "T1, #2, T3, #4"},
		{"records of one document", "T1, T2, T1, T2, T1", "T1, T2, T1/2, T2/2, T1/3"},
		{"a number that is taken", "T1, T1, T1/2, T1/3, T1", "T1, T1/4, T1/2, T1/3, T1/5"},
		{"a twin of what became one", "T1, T1, T1/2, T1/2", "T1, T1/3, T1/2, T1/2/2"},
		{"of several annotators", "T1@ana, T1@bo, T1@ana, T1, T1", "T1@ana, T1@bo, T1/2@ana, T1, T1/2"},
		{"of several in one", "T1@ana+bo, T1@bo, T1@cy", "T1@ana+bo, T1/2@bo, T1@cy"},
		{"a made one that is taken", "x, , #2, #5, ", "x, #6, #2, #5, #7"},
		{"a made one that a twin takes", "#2, #2, , #3", "#2, #2/2, #5, #3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newParsed("One two three four five six.")
			p.segment(p.text, "", nil)
			for i, have := range strings.Split(c.have, ", ") {
				id, by, _ := strings.Cut(have, "@")
				var labels []string
				for name := range strings.SplitSeq(by, "+") {
					labels = append(labels, fmt.Sprintf("kind/l%d@%s", i, name))
				}
				p.annotate(id, labels, "two")
			}
			want := make(map[string]bool)
			for i, id := range strings.Split(c.want, ", ") {
				id, by, _ := strings.Cut(id, "@")
				for name := range strings.SplitSeq(by, "+") {
					want[fmt.Sprintf("l%d %s %s", i, id, name)] = true
				}
			}
			p.normalize(t, "group")
			got := make(map[string]bool)
			for i := range p.Labels {
				l := &p.Labels[i]
				got[fmt.Sprintf("%s %s %s", l.Raw, l.SpanID(), l.Annotator())] = true
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if err := p.Check(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestTwinRelations: what leads to one of two spans with the same id stays with it.
func TestTwinRelations(t *testing.T) {
	p := newParsed("One two. Three four.")
	p.segment("One two. ", "", nil)
	p.segment("Three four.", "", nil)
	for _, passage := range []string{"One", "two", "Three", "four"} {
		p.annotate("T"+fmt.Sprint(1+len(p.Annotations)%2), []string{"kind/x"}, passage)
	}
	for i := 0; i < 4; i += 2 {
		p.relate("before", schema.Target{Kind: schema.ToAnnotation, Index: i}, schema.Target{Kind: schema.ToAnnotation, Index: i + 1})
	}
	p.normalize(t, "group")
	places := p.Places()
	var got []string
	for i := range p.Relations {
		r := &p.Relations[i]
		from, ok := places.Of(r, r.From)
		to, alsoOK := places.Of(r, r.To)
		if !ok || !alsoOK {
			t.Fatalf("relation %d is in no table", i)
		}
		got = append(got, fmt.Sprintf("%s %q %s %q", from.SpanID, p.Text[from.Chars.Start:from.Chars.End], to.SpanID, p.Text[to.Chars.Start:to.Chars.End]))
	}
	want := []string{`T1 "One" T2 "two"`, `T1/2 "Three" T2/2 "four"`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestWhoseRelation: a relation is its spans' annotator's, whose labels mean something.
func TestWhoseRelation(t *testing.T) {
	const lacks = " is left out"
	for _, c := range []struct{ from, to, by, want string }{
		{"x@ana", "x@ana", "", "ana"},
		{"none@bo x@ana", "x@ana", "", "ana"},
		{"none none none x@ana", "x@ana x@bo", "ana", "ana"},
		{"x@cy x@bo x@ana", "x@ana x@cy", "", "cy"},
		{"x@cy x@bo x@ana", "x@ana", "ana", "ana"},
		{"x@cy x@bo x@ana", "x@ana", "", lacks},
		{"x", "x", "", ""},
		{"x", "x@ana", "", lacks},
		{"none", "x", "", lacks},
		{"x", "none none", "", lacks},
		{"x@ana", "x@ana", "bo", lacks},
	} {
		p := newParsed("One two.")
		p.segment(p.text, "", nil)
		for i, labels := range []string{c.from, c.to} {
			var list []string
			for label := range strings.SplitSeq(labels, " ") {
				list = append(list, "kind/"+label)
			}
			p.annotate(fmt.Sprint(i), list, []string{"One", "two"}[i])
		}
		p.relate("before", schema.Target{Kind: schema.ToAnnotation}, schema.Target{Kind: schema.ToAnnotation, Index: 1})
		p.Relations[0].Annotator = c.by
		p.normalize(t, "group")
		got := lacks
		if len(p.Relations) > 0 {
			got = p.Relations[0].Annotator
		} else if n := p.Diagnostics.Count(schema.RelationBroken); n != 1 {
			t.Errorf("%v: %d diagnostics", c, n)
		}
		if got != c.want {
			t.Errorf("%v: %q", c, got)
		}
	}
}

// BenchmarkRelated is a span with many labels that mean nothing, and many relations.
func BenchmarkRelated(b *testing.B) {
	const many = 20000
	benchmarkAnnotated(b, many, func(doc *schema.Document) {
		span := schema.Target{Kind: schema.ToAnnotation}
		for range many {
			doc.Labels = append(doc.Labels, schema.Label{Raw: "none", Detail: doc.Detail(schema.Detail{InLayer: "entity"})})
			doc.Relations = append(doc.Relations, schema.Relation{Kind: "is", From: span, To: span})
		}
		doc.Labels = append(doc.Labels, schema.Label{Raw: "Model", Detail: doc.Detail(schema.Detail{InLayer: "entity"})})
		doc.Annotations = append(doc.Annotations, schema.Annotation{ID: "T1", Text: []schema.Span{{Start: 4, End: 9}}, Labels: schema.Span{End: many + 1}})
	})
}
