package normalizer

import (
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/segmenter"
)

// cutter cuts the annotated text into sentences.
type cutter struct {
	*scratch
	doc   *schema.Document
	split bool  // whether what a group closes is split into sentences
	given bool  // whether segments are sentences as the file gives them
	role  int32 // of the segment

	kept      int // marks that are skeleton, moved to the front
	next      int // index of the next mark
	stretches []stretch
}

// stretch is text between two cuts.
type stretch struct {
	span   schema.Span
	marker string // the list marker before it
	head   bool   // whether a heading stands before it
}

// cut fills room.annotated: for each group the sentence, or sentences, that it
// closes, without the headings and list markers before them. Of room.marks it
// leaves those that are skeleton.
//
// A heading ends what stands before it: text between the last group and a
// heading is not what the group behind the heading is about. It becomes a
// sentence without labels. A list marker does not: a group at the end of a list
// may well close the whole of it. Unless the text is split anyway, such a marker
// stays in the text.
func (n *Normalizer) cut(doc *schema.Document, room *scratch) {
	c := cutter{scratch: room, doc: doc, split: n.options.Split == "unicode"}
	room.annotated = room.annotated[:0]
	at := 0
	for _, segment := range doc.Segments {
		end := segment.Text.End
		if segment.Group != schema.NoGroup {
			end = max(end, closing(doc.Annotated, end))
		}
		region := schema.Span{Start: max(at, segment.Text.Start), End: max(at, end)}
		c.region(region, segment.Group)
		at = region.End
	}
	room.marks = append(room.marks[:c.kept], room.marks[c.next:]...)
}

// region cuts what stands before one group.
func (c *cutter) region(region schema.Span, group int) {
	text := c.doc.Annotated
	if c.next == len(c.marks) || c.marks[c.next].Span.Start >= region.End {
		// No mark in it, as nearly always.
		if span := region.Trim(text); span.Len() > 0 {
			c.sentences(stretch{span: span}, group)
			return
		}
	}
	c.stretches = c.stretches[:0]
	firstKept, at, marker, heading := c.kept, region.Start, "", false
	for ; c.next < len(c.marks) && c.marks[c.next].Span.Start < region.End; c.next++ {
		m := c.marks[c.next]
		if m.Span.Start < at || m.Span.End > region.End {
			continue // a group was typed into the middle of it
		}
		before := schema.Span{Start: at, End: m.Span.Start}.Trim(text)
		if m.Kind == segmenter.ListMarker && before.Len() > 0 && !c.split {
			continue
		}
		if before.Len() > 0 {
			c.stretches = append(c.stretches, stretch{before, marker, heading})
			marker, heading, firstKept = "", false, c.kept
		}
		if m.Kind == segmenter.Heading {
			marker, heading = "", true
		} else {
			marker = join(marker, m.Text)
		}
		c.marks[c.kept] = m
		c.kept++
		at = m.Span.End
	}
	last := schema.Span{Start: at, End: region.End}.Trim(text)
	if last.Len() == 0 && (group != schema.NoGroup || c.given) {
		// The group closes a heading or a bare marker: that is its sentence,
		// together with the text before.
		c.kept, marker, heading = firstKept, "", false
		last = region.Trim(text)
		if n := len(c.stretches); n > 0 {
			s := c.stretches[n-1]
			last.Start, marker, heading = s.span.Start, s.marker, s.head
			c.stretches = c.stretches[:n-1]
		}
	}
	if last.Len() > 0 {
		c.stretches = append(c.stretches, stretch{last, marker, heading})
	}
	c.emit(region, group)
}

// join is two list markers that stand one behind the other.
func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + " " + b
}

// emit makes sentences of the stretches. The group closes those behind the last
// heading.
func (c *cutter) emit(region schema.Span, group int) {
	if len(c.stretches) == 0 && group != schema.NoGroup {
		source := c.doc.Groups[group].Source.Start
		if d := c.doc.Diagnostics.Note(schema.GroupWithoutText, source); d != nil {
			d.Message = "no text stands between this label group and the one before it"
			if c.given {
				d.Message, d.InRaw = "these labels stand on a sentence without text", c.doc.Standoff
			}
		}
		if c.doc.Standoff {
			source = c.doc.Map.Source(region).Start
		}
		c.annotated = append(c.annotated, schema.Sentence{
			Annotated: schema.Span{Start: region.Start, End: region.Start},
			Text:      schema.Span{Start: region.Start, End: region.Start},
			Source:    schema.Span{Start: source, End: source},
			Group:     group, Role: c.role,
		})
		return
	}
	labeled := 0
	for i := range c.stretches {
		if c.stretches[i].head && !c.given {
			labeled = i
		}
	}
	for i, s := range c.stretches {
		if i < labeled {
			c.sentences(s, schema.NoGroup)
		} else {
			c.sentences(s, group)
		}
	}
}

// sentences makes sentences of a stretch that a group closes, or none.
func (c *cutter) sentences(s stretch, group int) {
	if group == schema.NoGroup && len(c.doc.Groups) > 0 && c.doc.Grouped {
		at := c.doc.Map.Source(s.span).Start
		if d := c.doc.Diagnostics.Note(schema.TextUnlabeled, at); d != nil {
			d.Message = "no label group closes this text; it is a sentence without labels"
		}
	}
	c.spans = append(c.spans[:0], s.span)
	if c.split {
		c.spans = segmenter.Sentences(c.doc.Annotated, s.span, c.spans[:0])
	}
	for _, span := range c.spans {
		// Field by field, so that while garbage is collected no write barrier goes
		// over the whole. finish sets the others.
		n := len(c.annotated)
		c.annotated = slices.Grow(c.annotated, 1)[:n+1]
		to := &c.annotated[n]
		to.Annotated, to.Text, to.Source = span, span, c.doc.Map.Source(span)
		to.Group, to.ListMarker, to.Role = group, s.marker, c.role
		to.Alignment, to.Similarity = "", 0
		s.marker = ""
	}
}

// maxClosing bounds how far behind a group its closing punctuation is looked
// for, in bytes.
const maxClosing = 16

// closing is the end of the punctuation that closes the sentence before at: a
// typist put the label group before it, as in "a sentence[[…]] . The next". It
// is 0 if there is none.
func closing(text string, at int) int {
	limit := min(len(text), at+maxClosing)
	i := at
	for i < limit && (text[i] == ' ' || text[i] == '\t') {
		i++
	}
	end := i
	for end < limit && isClosing(text[end]) {
		end++
	}
	if end == i || end == at+maxClosing {
		return 0
	}
	if r, _ := utf8.DecodeRuneInString(text[end:]); end < len(text) && !unicode.IsSpace(r) {
		return 0
	}
	return end
}

// isClosing reports whether c is punctuation that closes a sentence or clause.
func isClosing(c byte) bool {
	switch c {
	case '.', ',', ';', ':', '!', '?', ')', ']':
		return true
	}
	return false
}
