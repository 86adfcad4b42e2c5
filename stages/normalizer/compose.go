package normalizer

import (
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/quern-data/quern/schema"
)

// compose is old in normalization form C. It moves the offset map and the
// segments along. A segment's edge that falls between a character and a mark
// that composes with it moves behind the mark.
func compose(old string, m *schema.OffsetMap, segments []schema.Segment) string {
	if isASCII(old) || norm.NFC.IsNormalString(old) {
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
