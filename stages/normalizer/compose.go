package normalizer

import (
	"sort"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/quern-data/quern/schema"
)

// compose is old in normalization form C. It moves the offset map, the segments
// and the annotations along. A segment's edge that falls between a character and a
// mark that composes with it moves behind the mark; an annotation takes in both.
func compose(old string, m *schema.OffsetMap, segments []schema.Segment, annotations []schema.Annotation) string {
	if schema.IsASCII(old) || isNormal(old) {
		return old
	}
	var (
		composed = make([]byte, 0, len(old))
		offsets  schema.OffsetMap
		edges    = edgeMover{segments: segments}
		moved    []move // of what was composed, if anyone asks
	)
	edges.literal(0, 0, 0) // an edge at the start stays there, whatever follows it
	for at := 0; at < len(old); {
		// A stretch that is in form C up to its last boundary stays as it is.
		n := norm.NFC.QuickSpanString(old[at:])
		n = lastBoundary(old[at:], n)
		if n > 0 {
			offsets.Shift(m, schema.Span{Start: at, End: at + n}, len(composed))
			edges.literal(at, at+n, len(composed))
			composed = append(composed, old[at:at+n]...)
			at += n
			continue
		}
		n = norm.NFC.NextBoundaryInString(old[at:], true)
		if n <= 0 {
			n = len(old) - at
		}
		source := m.Source(schema.Span{Start: at, End: at + n})
		offsets.Escape(len(composed), source.Start, source.End)
		start := len(composed)
		composed = norm.NFC.AppendString(composed, old[at:at+n])
		if strings.Count(string(composed[start:]), joiner) > strings.Count(old[at:at+n], joiner) {
			// The library parts more than 30 marks on one character with
			// joiners. What nobody typed is not put into a text.
			composed = append(composed[:start], old[at:at+n]...)
		}
		at += n
		edges.chunk(at, len(composed))
		if len(annotations) > 0 {
			moved = append(moved, move{schema.Span{Start: at - n, End: at}, schema.Span{Start: start, End: len(composed)}})
		}
	}
	edges.literal(len(old), len(old), len(composed))
	*m = offsets
	for i := range annotations {
		annotations[i].Text = widen(annotations[i].Text, moved)
	}
	return string(composed)
}

// move is a stretch of the old text, and what it became.
type move struct{ from, to schema.Span }

// widen moves the pieces of an annotation to the new text. One that cut what was
// composed takes in all of it, and the next starts behind that; if nothing is left of
// it, it is part of the one before.
func widen(pieces []schema.Span, moved []move) []schema.Span {
	out, at := pieces[:0], 0
	for _, p := range pieces {
		p.Start, p.End = max(at, edgeAt(p.Start, moved, false)), edgeAt(p.End, moved, true)
		if p.Len() > 0 {
			out, at = append(out, p), p.End
		}
	}
	return out
}

// edgeAt is where an offset of the old text is in the new one. Within what was
// composed it is at its start, or at its end.
func edgeAt(old int, moved []move, end bool) int {
	i := sort.Search(len(moved), func(i int) bool { return moved[i].from.Start >= old })
	if i == 0 {
		return old
	}
	switch m := moved[i-1]; {
	case old >= m.from.End:
		return old - m.from.End + m.to.End
	case end:
		return m.to.End
	default:
		return m.to.Start
	}
}

// isNormal reports whether s is in form C. Only what is not plain, with the
// character before it, is a question for the library: plain characters never
// compose with one before them. On prose it is 3 times as fast as asking about all.
func isNormal(s string) bool {
	for i := 0; i < len(s); {
		from := i
		for n := 1; i < len(s) && n > 0; i += n {
			if n = plainSize(s[i:]); n > 0 {
				from = i + n - 1
			}
		}
		for i < len(s) && plainSize(s[i:]) == 0 {
			_, n := utf8.DecodeRuneInString(s[i:])
			i += n
		}
		for !utf8.RuneStart(s[from]) {
			from--
		}
		if !norm.NFC.IsNormalString(s[from:i]) {
			return false
		}
	}
	return true
}

// plainSize is the size of some plain characters that s starts with, 0 if there is
// none: ASCII, Latin letters of two bytes, and dashes, quotation marks and their
// like.
func plainSize(s string) int {
	const block = 32
	if len(s) >= block && schema.IsASCII(s[:block]) {
		return block
	}
	switch c := s[0]; {
	case c < utf8.RuneSelf:
		n := 1
		for n < min(block, len(s)) && s[n] < utf8.RuneSelf {
			n++
		}
		return n
	case c >= 0xC2 && c < 0xCC: // U+0080 to U+02FF
		return 2
	case c == 0xE2 && len(s) > 2 && s[1] == 0x80 && s[2] >= 0x90: // U+2010 to U+203F
		return 3
	}
	return 0
}

// joiner is the combining grapheme joiner.
const joiner = "\u034F"

// lastBoundary is the last offset up to n at which s can be cut without a mark
// behind the cut composing with a character before it.
func lastBoundary(s string, n int) int {
	if n == len(s) {
		return n
	}
	return max(0, norm.NFC.LastBoundary([]byte(s[:n])))
}

// edgeMover moves the edges of segments, in order, from the old text to the new.
type edgeMover struct {
	segments []schema.Segment
	next     int // index of the next edge: two a segment
}

func (m *edgeMover) edge() *int {
	if m.next == 2*len(m.segments) {
		return nil
	}
	span := &m.segments[m.next/2].Text
	if m.next%2 == 0 {
		return &span.Start
	}
	return &span.End
}

// literal moves the edges from old offsets [from, to] to new ones that start at
// at.
func (m *edgeMover) literal(from, to, at int) {
	for e := m.edge(); e != nil && *e <= to; e = m.edge() {
		*e += at - from
		m.next++
	}
}

// chunk moves the edges up to the old offset to, which lie inside a stretch
// that was composed, to the new offset at.
func (m *edgeMover) chunk(to, at int) {
	for e := m.edge(); e != nil && *e <= to; e = m.edge() {
		*e = at
		m.next++
	}
}
