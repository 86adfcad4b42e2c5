package parser

import (
	"bytes"

	"github.com/quern-data/quern/schema"
)

// A column of tags marks which lines belong together: B-PER starts a span with the
// label PER, I-PER goes on with it, O is none. There are dialects:
//
//	IOB2   every span starts with B-
//	IOB1   with I-, unless one with the same label stands right before it
//	IOBES  the last line of a span has E-, and the only one of a span S-
//	BILOU  the same with L- and U-
//	BMES   IOBES with M- for I-
//	IO     a label alone, and no two spans with one label side by side
//
// A document's own tags tell which it is written in. What then breaks the rules is
// read as it must have been meant, and noted.

// tagKind says what a tag does.
type tagKind int

const (
	tagOut    tagKind = iota
	tagBegin          // starts a span
	tagInside         // goes on with it
	tagEnd            // ends it
	tagSingle         // starts and ends it
	tagBare           // a label without a prefix
)

// readTag returns what a tag does, and where in it the label starts.
func readTag(tag []byte) (tagKind, int) {
	if len(tag) == 0 {
		return tagOut, 0
	}
	kind := tagBare
	switch tag[0] {
	case 'B':
		kind = tagBegin
	case 'I', 'M':
		kind = tagInside
	case 'E', 'L':
		kind = tagEnd
	case 'S', 'U':
		kind = tagSingle
	case 'O', '_', '-':
		if len(tag) == 1 {
			return tagOut, 1
		}
	}
	switch {
	case kind == tagBare:
		return tagBare, 0
	case len(tag) == 1:
		return kind, 1
	case len(tag) > 2 && (tag[1] == '-' || tag[1] == '_'):
		return kind, 2
	}
	return tagBare, 0
}

// dialect is what the tags of a column tell of how they are to be read.
type dialect struct {
	begins   bool // whether B- stands where IOB1 would not have it, so that spans start with it
	ends     bool // whether the ends of spans are marked
	prefixes bool // whether any label has a prefix
}

// tagged is a line's tag, taken apart.
type tagged struct {
	kind  tagKind
	label schema.Span
	link  schema.Span
}

// tag reads the tag of a line in the column of a field.
func (s *columnScan) tag(field, line int) (t tagged) {
	if s.lines[line].malformed || s.skipped(line) {
		return t
	}
	v := s.value(line, s.labels[field].from)
	kind, from := readTag(s.data[v.Start:v.End])
	t.kind, t.label = kind, schema.Span{Start: v.Start + from, End: v.End}
	if at := s.labels[field].link; at >= 0 && kind != tagOut {
		v := s.value(line, at)
		if kind, from := readTag(s.data[v.Start:v.End]); kind != tagOut {
			t.link = schema.Span{Start: v.Start + from, End: v.End}
		}
	}
	return t
}

// same reports whether two stretches of the data are equal.
func (s *columnScan) same(a, b schema.Span) bool {
	return bytes.Equal(s.data[a.Start:a.End], s.data[b.Start:b.End])
}

// breaks reports whether no span goes on from the line before to this one: a sentence
// of tokens starts.
func (s *columnScan) breaks(line int) bool {
	return line == 0 || !s.sentences && s.lines[line].first
}

// dialect looks at the tags of a column.
func (s *columnScan) dialect(field int) (d dialect) {
	var before tagged
	starts := false
	for i := range s.lines {
		starts = starts || s.breaks(i)
		if s.skipped(i) {
			continue
		}
		t := s.tag(field, i)
		switch t.kind {
		case tagBegin:
			d.begins = d.begins || starts || before.kind == tagOut || !s.same(before.label, t.label)
		case tagEnd, tagSingle:
			d.begins, d.ends = true, true
		}
		d.prefixes = d.prefixes || t.kind != tagOut && t.kind != tagBare
		before, starts = t, false
	}
	return d
}

// skipped reports whether a line is as if it were not there, as it has no text. What
// starts with it starts with the next.
func (s *columnScan) skipped(line int) bool {
	text := s.lines[line].text
	return text.start == text.end
}

// tagScan is the state of reading a column of tags.
type tagScan struct {
	*columnScan
	dialect
	field int
	open  int // index of the span that may go on, or -1
}

// decodeTags appends the spans of a column of tags.
func (s *columnScan) decodeTags(field int) {
	c := tagScan{columnScan: s, dialect: s.dialect(field), field: field, open: -1}
	starts := false
	for i := range s.lines {
		starts = starts || s.breaks(i)
		if s.skipped(i) {
			continue
		}
		if starts {
			c.close()
			starts = false
		}
		c.line(i, s.tag(field, i))
	}
	c.close()
}

func (c *tagScan) repaired(line int, format string, args ...any) {
	at := c.value(line, c.labels[c.field].from).Start
	c.note(schema.SpanRepaired, at, format, args...)
}

// close ends the open span, which has no mark that says so.
func (c *tagScan) close() {
	if c.open >= 0 && c.ends {
		c.repaired(int(c.spans[c.open].last), "a span ends here without the mark of an end, which others have")
	}
	c.open = -1
}

// line reads the tag of one line.
func (c *tagScan) line(i int, t tagged) {
	if t.kind == tagOut {
		c.close()
		return
	}
	if t.kind == tagBare && c.prefixes {
		c.repaired(i, "%q has no prefix, which others have; it was read as I-%[1]s", c.data[t.label.Start:t.label.End])
	}
	if goesOn := t.kind != tagBegin && t.kind != tagSingle; goesOn && !c.goOn(i, t) || !goesOn {
		c.start(i, t)
	}
	if t.kind == tagEnd || t.kind == tagSingle {
		c.open = -1
	}
}

// goOn has the open span go on with a line, or says why another one starts there and
// returns false.
func (c *tagScan) goOn(i int, t tagged) bool {
	if c.open < 0 {
		if c.begins && t.kind != tagBare {
			c.repaired(i, "a span starts here without the mark of a start, which others have")
		}
		return false
	}
	span := &c.spans[c.open]
	if !c.same(span.label.span(), t.label) {
		if c.begins && t.kind != tagBare {
			c.repaired(i, "the label changes from %q to %q within a span; another one starts here", c.data[span.label.start:span.label.end], c.data[t.label.Start:t.label.End])
			c.open = -1
		}
		return false
	}
	switch {
	case t.link.Len() == 0 || c.same(t.link, span.link.span()):
	case span.link == place{}:
		span.link = placeOf(t.link)
	default:
		c.repaired(i, "the link changes from %q to %q within a span; another one starts here", c.data[span.link.start:span.link.end], c.data[t.link.Start:t.link.End])
		c.open = -1
		return false
	}
	span.last = int32(i)
	return true
}

// start has a span start with a line.
func (c *tagScan) start(i int, t tagged) {
	c.close()
	f := &c.labels[c.field]
	span := columnSpan{first: int32(i), last: int32(i), field: int32(c.field), label: placeOf(t.label), source: placeOf(t.label)}
	if t.label.Len() == 0 && f.Layer != "" {
		// A prefix alone, where there is but one kind of span.
		span.source, span.word = placeOf(c.value(i, f.from)), &f.alone
	} else {
		span.word = c.word(c.field, t.label)
	}
	if !span.word.ok {
		return
	}
	if span.word.link != "" {
		span.link = span.label
	} else if t.link.Len() > 0 {
		span.link = placeOf(t.link)
	}
	c.open = len(c.spans)
	c.spans = append(grown(c.spans, i, len(c.lines)), span)
}
