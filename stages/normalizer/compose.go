package normalizer

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/quern-data/quern/schema"
)

// compose is old in normalization form C. It moves the offset map and the
// segments along. A segment's edge that falls between a character and a mark
// that composes with it moves behind the mark.
func compose(old string, m *schema.OffsetMap, segments []schema.Segment) string {
	if schema.IsASCII(old) || isNormal(old) {
		return old
	}
	var (
		composed = make([]byte, 0, len(old))
		offsets  schema.OffsetMap
		edges    = edgeMover{segments: segments}
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
	}
	edges.literal(len(old), len(old), len(composed))
	*m = offsets
	return string(composed)
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
