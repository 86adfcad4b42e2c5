package normalizer

import (
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/segmenter"
)

// take fills room.annotated where segments are sentences as the file gives them, or
// there are none. Each is one sentence, headings and list markers included, unless the
// text is split anyway: then it is as many as there are in it, which share its labels.
// What no segment covers is cut into sentences, without the headings and list markers
// between them. Of room.marks it leaves those that are skeleton.
func (n *Normalizer) take(doc *schema.Document, room *scratch) {
	t := taker{
		cutter: cutter{scratch: room, doc: doc, split: true},
		split:  n.options.Split == "unicode",
	}
	room.annotated, room.marks, room.spread.first = room.annotated[:0], room.marks[:0], room.spread.first[:0]
	at := 0
	for _, segment := range doc.Segments {
		region := schema.Span{Start: max(at, segment.Text.Start), End: max(at, segment.Text.End)}
		t.between(schema.Span{Start: at, End: region.Start})
		room.spread.first = append(room.spread.first, len(room.annotated))
		t.segment(region, segment)
		at = region.End
	}
	t.between(schema.Span{Start: at, End: len(doc.Annotated)})
	room.spread.first = append(room.spread.first, len(room.annotated))
	room.marks = append(room.marks[:t.kept], room.marks[t.next:]...)
}

// taker makes sentences of segments that are sentences.
type taker struct {
	cutter
	split  bool // whether they are split
	marked bool // whether the marks of the text were looked for
}

// segment makes sentences of a segment.
func (t *taker) segment(region schema.Span, segment schema.Segment) {
	span := region.Trim(t.doc.Annotated)
	t.given, t.role = true, segment.Role
	switch {
	case span.Len() == 0:
		t.stretches = t.stretches[:0]
		t.emit(span, segment.Group)
	case t.split:
		t.mark()
		t.region(region, segment.Group)
	default:
		t.cutter.split = false
		t.sentences(stretch{span: span}, segment.Group)
		t.cutter.split = true
	}
	t.given, t.role = false, 0
}

// between makes sentences of text that is in no segment.
func (t *taker) between(region schema.Span) {
	if region.Trim(t.doc.Annotated).Len() > 0 {
		t.mark()
		t.region(region, schema.NoGroup)
	}
}

// mark finds the headings and list markers of the text, where any are needed.
func (t *taker) mark() {
	if !t.marked {
		t.marked, t.marks = true, segmenter.Marks(t.doc.Annotated, t.marks)
	}
}
