package normalizer

import (
	"sort"

	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/segmenter"
)

// within is the marks that lie in a span, given in order.
func within(marks []segmenter.Mark, span schema.Span) []segmenter.Mark {
	from := sort.Search(len(marks), func(i int) bool { return marks[i].Span.Start >= span.Start })
	to := from
	for to < len(marks) && marks[to].Span.End <= span.End {
		to++
	}
	return marks[from:to]
}

// finish gives the sentences their headings, counts their offsets in code points
// and UTF-16 code units, and adds up what the text consists of. A mark that a
// sentence overlaps is part of that sentence.
func finish(doc *schema.Document, marks []segmenter.Mark) {
	f := finisher{doc: doc, ascii: schema.IsASCII(doc.Text), marks: marks}
	var chars, units int // up to at
	at := 0
	for i := range doc.Sentences {
		s := &doc.Sentences[i]
		f.skeleton(schema.Span{Start: at, End: s.Text.Start})
		if s.Heading = f.heading; f.ascii {
			s.Chars, s.UTF16 = s.Text, s.Text
		} else {
			gapChars, gapUnits := schema.Lengths(doc.Text[at:s.Text.Start])
			ownChars, ownUnits := schema.Lengths(doc.Text[s.Text.Start:s.Text.End])
			chars, units = chars+gapChars, units+gapUnits
			s.Chars = schema.Span{Start: chars, End: chars + ownChars}
			s.UTF16 = schema.Span{Start: units, End: units + ownUnits}
			chars, units = s.Chars.End, s.UTF16.End
		}
		at = s.Text.End
		if s.Group == schema.NoGroup {
			doc.Coverage.Unlabeled += s.Text.Len()
		} else {
			doc.Coverage.Labeled += s.Text.Len()
		}
	}
	f.skeleton(schema.Span{Start: at, End: len(doc.Text)})
}

// finisher walks over the text.
type finisher struct {
	doc     *schema.Document
	ascii   bool
	marks   []segmenter.Mark // from the one that was looked at last
	heading string           // that stands before what comes next
}

// skeleton takes in what stands between two sentences: marks and white space.
func (f *finisher) skeleton(gap schema.Span) {
	for len(f.marks) > 0 && f.marks[0].Span.Start < gap.Start {
		f.marks = f.marks[1:]
	}
	for ; len(f.marks) > 0 && f.marks[0].Span.End <= gap.End; f.marks = f.marks[1:] {
		m := &f.marks[0]
		f.space(schema.Span{Start: gap.Start, End: m.Span.Start})
		gap.Start = m.Span.End
		if m.Kind == segmenter.Heading {
			f.heading = m.Text
			f.doc.Coverage.Heading += m.Span.Len()
		} else {
			f.doc.Coverage.ListMarker += m.Span.Len()
		}
	}
	f.space(gap)
}

// space counts white space. What is none is not counted, so that Document.Check
// finds it.
func (f *finisher) space(gap schema.Span) {
	if gap.Trim(f.doc.Text).Len() == 0 {
		f.doc.Coverage.Space += gap.Len()
	}
}
