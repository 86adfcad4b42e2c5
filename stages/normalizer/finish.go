package normalizer

import (
	"sort"
	"strings"
	"unicode/utf8"

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
	f := finisher{doc: doc, ascii: isASCII(doc.Text)}
	heading := ""
	for i := range doc.Sentences {
		s := &doc.Sentences[i]
		for _, m := range within(marks, schema.Span{Start: f.at.Text.End, End: s.Text.Start}) {
			heading = f.mark(m, heading)
		}
		f.gap(s.Text.Start)
		f.advance(s.Text)
		s.Chars, s.UTF16, s.Heading = f.at.Chars, f.at.UTF16, heading
		if s.Group == schema.NoGroup {
			doc.Coverage.Unlabeled += s.Text.Len()
		} else {
			doc.Coverage.Labeled += s.Text.Len()
		}
	}
	for _, m := range within(marks, schema.Span{Start: f.at.Text.End, End: len(doc.Text)}) {
		heading = f.mark(m, heading)
	}
	f.gap(len(doc.Text))
}

// finisher walks over the text.
type finisher struct {
	doc   *schema.Document
	ascii bool
	at    schema.Sentence // the spans of the last sentence
	end   int             // of what the coverage has
}

func (f *finisher) mark(m segmenter.Mark, heading string) string {
	f.gap(m.Span.Start)
	f.end = m.Span.End
	if m.Kind == segmenter.Heading {
		f.doc.Coverage.Heading += m.Span.Len()
		return m.Text
	}
	f.doc.Coverage.ListMarker += m.Span.Len()
	return heading
}

// gap counts the white space up to the offset to. What is none is not counted,
// so that Document.Check finds it.
func (f *finisher) gap(to int) {
	if strings.TrimSpace(f.doc.Text[f.end:to]) == "" {
		f.doc.Coverage.Space += to - f.end
	}
	f.end = to
}

// advance moves on to a sentence.
func (f *finisher) advance(span schema.Span) {
	f.end = span.End
	if f.ascii {
		f.at = schema.Sentence{Text: span, Chars: span, UTF16: span}
		return
	}
	gap, text := f.doc.Text[f.at.Text.End:span.Start], f.doc.Text[span.Start:span.End]
	chars := f.at.Chars.End + utf8.RuneCountInString(gap)
	units := f.at.UTF16.End + schema.UTF16Len(gap)
	f.at = schema.Sentence{
		Text:  span,
		Chars: schema.Span{Start: chars, End: chars + utf8.RuneCountInString(text)},
		UTF16: schema.Span{Start: units, End: units + schema.UTF16Len(text)},
	}
}
