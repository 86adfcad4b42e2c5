package parser

import (
	"bytes"
	"slices"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/quern-data/quern/schema"
)

// bratCount is a way to count the characters of a text's file. brat counts code
// points of the file as it stands; other tools, and brat itself with line ends of two
// characters, count otherwise. The passages that annotations quote tell.
type bratCount struct {
	name string
	bom  int // what the byte order mark counts
	crlf int // and a line end of two characters
	unit bratUnit
}

type bratUnit int

const (
	bratCodePoints bratUnit = iota
	bratUTF16
	bratBytes
)

// bratCounts are the ways to count, the rule first.
var bratCounts = []bratCount{
	{"code points", 1, 2, bratCodePoints},
	{"code points, with \\r\\n as one", 1, 1, bratCodePoints},
	{"code points, without the byte order mark", 0, 2, bratCodePoints},
	{"code points, without the byte order mark and with \\r\\n as one", 0, 1, bratCodePoints},
	{"UTF-16 code units", 1, 2, bratUTF16},
	{"UTF-16 code units, with \\r\\n as one", 1, 1, bratUTF16},
	{"bytes", 3, 2, bratBytes},
}

// bratEdge is where an offset is in the document's text: between low and high, which
// differ where it is inside what became one character.
type bratEdge struct{ low, high int }

// locate finds the text of each piece. Spans that have none are left without pieces.
func (s *bratScan) locate() {
	if len(s.spans) == 0 {
		return
	}
	offsets := make([]int, 0, 2*len(s.pieces))
	for _, p := range s.pieces {
		offsets = append(offsets, p.start, p.end)
	}
	slices.Sort(offsets)
	offsets = slices.Compact(offsets)

	edges := s.edges(offsets, bratCounts[0])
	if wrong := s.wrong(offsets, edges); wrong > 0 {
		best := 0
		for i := 1; i < len(bratCounts) && wrong > 0; i++ {
			if !s.differs(bratCounts[i]) {
				continue
			}
			other := s.edges(offsets, bratCounts[i])
			if n := s.wrong(offsets, other); n < wrong {
				wrong, edges, best = n, other, i
			}
		}
		if best > 0 {
			s.note(schema.SpanRepaired, s.spans[0].kind.at, "offsets count %s, as the passages that are quoted tell, and not the code points of the text's file as it stands; they were read so", bratCounts[best].name)
		}
	}
	kept := make([]bratPiece, 0, len(s.pieces))
	for i := range s.spans {
		kept = s.place(&s.spans[i], offsets, edges, kept)
	}
	s.pieces = kept
}

// differs reports whether the text is one for which the way to count matters.
func (s *bratScan) differs(c bratCount) bool {
	switch {
	case c.bom == 0 && !bytes.HasPrefix(s.text, bom), c.crlf == 1 && !bytes.Contains(s.text, []byte("\r\n")):
		return false
	case c.unit == bratUTF16:
		return slices.ContainsFunc(s.text, func(b byte) bool { return b >= 0xF0 })
	case c.unit == bratBytes:
		return !schema.IsASCII(s.text)
	}
	return true
}

// edges finds where each of the offsets, which are sorted, is in the text; -1 for one
// beyond it. It walks over the file as textWriter.decode does.
func (s *bratScan) edges(offsets []int, c bratCount) []bratEdge {
	edges := make([]bratEdge, len(offsets))
	next, count, at := 0, 0, 0 // characters and bytes of text so far
	// step takes in what counts n characters and is size bytes of text.
	step := func(n, size int) {
		for ; next < len(offsets) && offsets[next] < count+n; next++ {
			edges[next] = bratEdge{at, at}
			if offsets[next] > count {
				edges[next].high = at + size
			}
		}
		count, at = count+n, at+size
	}
	data := s.text
	if bytes.HasPrefix(data, bom) {
		step(c.bom, 0)
		data = data[len(bom):]
	}
	for i := 0; i < len(data) && next < len(offsets); {
		plain := i
		for plain < len(data) && data[plain] < utf8.RuneSelf && data[plain] != '\r' {
			plain++
		}
		if n := plain - i; n > 0 {
			for ; next < len(offsets) && offsets[next] < count+n; next++ {
				edges[next] = bratEdge{at + offsets[next] - count, at + offsets[next] - count}
			}
			count, at, i = count+n, at+n, plain
			continue
		}
		if data[i] == '\r' {
			n := 1
			if i++; i < len(data) && data[i] == '\n' {
				i++
				n = c.crlf
			}
			step(n, 1)
			continue
		}
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			// A run of such bytes is one character of the text.
			end := invalidEnd(data, i)
			step(end-i, len("\uFFFD"))
			i = end
			continue
		}
		n := 1
		switch {
		case c.unit == bratBytes:
			n = size
		case c.unit == bratUTF16 && size == utf8.UTFMax:
			n = 2
		}
		step(n, size)
		i += size
	}
	for ; next < len(offsets); next++ {
		edges[next] = bratEdge{at, at}
		if offsets[next] > count {
			edges[next] = bratEdge{-1, -1}
		}
	}
	return edges
}

// stretch is the text of a piece, false if there is none.
func (p *bratPiece) stretch(offsets []int, edges []bratEdge) (schema.Span, bool) {
	from, to := edges[sort.SearchInts(offsets, p.start)], edges[sort.SearchInts(offsets, p.end)]
	span := schema.Span{Start: from.low, End: to.high}
	return span, from.low >= 0 && to.high >= 0 && p.start < p.end && span.Len() > 0
}

// wrong is how many spans quote another passage than they stand on.
func (s *bratScan) wrong(offsets []int, edges []bratEdge) (n int) {
	for i := range s.spans {
		span := &s.spans[i]
		if span.hasText && !s.quoted(span, offsets, edges) {
			n++
		}
	}
	return n
}

// quoted reports whether a span stands on the passage that it quotes, but for white
// space: line ends are spaces there, and so is what is left out between pieces.
func (s *bratScan) quoted(span *bratSpan, offsets []int, edges []bratEdge) bool {
	rest := span.text.text
	for i := span.first; i < span.end; i++ {
		stretch, ok := s.pieces[i].stretch(offsets, edges)
		// White space alone makes a passage longer than it is quoted, and not by much: what
		// is compared is no more than a few times the quotation.
		if !ok || stretch.Len() > 4*len(rest)+64 {
			return false
		}
		if rest, ok = cutWords(rest, s.doc.Annotated[stretch.Start:stretch.End]); !ok {
			return false
		}
	}
	return strings.TrimSpace(rest) == ""
}

// cutWords cuts the words of prefix from the start of text, whatever white space is
// between and within them.
func cutWords(text, prefix string) (rest string, ok bool) {
	for {
		text, prefix = strings.TrimLeftFunc(text, unicode.IsSpace), strings.TrimLeftFunc(prefix, unicode.IsSpace)
		n := 0
		for n < len(text) && n < len(prefix) && text[n] == prefix[n] && text[n] > ' ' && text[n] < utf8.RuneSelf {
			n++
		}
		text, prefix = text[n:], prefix[n:]
		if prefix == "" {
			return text, true
		}
		a, size := utf8.DecodeRuneInString(text)
		b, _ := utf8.DecodeRuneInString(prefix)
		switch {
		case unicode.IsSpace(b) || size > 0 && unicode.IsSpace(a):
			continue
		case size == 0 || a != b:
			return text, false
		}
		text, prefix = text[size:], prefix[size:]
	}
}

// place finds the pieces of a span, in order and not overlapping, and appends them to
// kept. If one is no stretch of the text, the span has none.
func (s *bratScan) place(span *bratSpan, offsets []int, edges []bratEdge, kept []bratPiece) []bratPiece {
	first := len(kept)
	matches := !span.hasText || s.quoted(span, offsets, edges)
	pieces := s.pieces[span.first:span.end]
	span.first, span.end = first, first
	for _, p := range pieces {
		var ok bool
		if p.text, ok = p.stretch(offsets, edges); !ok {
			s.note(schema.SpanInvalid, span.kind.at, "%s stands on the characters %d to %d, and they are no stretch of the text; it was left out", span.id.text, p.start, p.end)
			return kept[:first]
		}
		kept = append(kept, p)
	}
	slices.SortFunc(kept[first:], func(a, b bratPiece) int { return a.text.Start - b.text.Start })
	for i := first + 1; i < len(kept); i++ {
		if p, before := &kept[i].text, kept[i-1].text.End; p.Start < before {
			p.Start, p.End = before, max(before, p.End)
		}
	}
	kept = append(kept[:first], slices.DeleteFunc(kept[first:], func(p bratPiece) bool { return p.text.Len() == 0 })...)
	span.end = len(kept)
	if !matches {
		s.misquoted(span, kept[first:])
	}
	return kept
}

// misquoted notes that a span quotes another passage than it stands on.
func (s *bratScan) misquoted(span *bratSpan, pieces []bratPiece) {
	d := s.doc.Diagnostics.Note(schema.ValueUnexpected, span.text.at)
	if d == nil {
		return
	}
	const most = 200 // bytes of either passage
	var b strings.Builder
	for i, p := range pieces {
		if i > 0 {
			b.WriteByte(' ')
		}
		if b.Len() < most {
			b.WriteString(s.doc.Annotated[p.text.Start:min(p.text.End, p.text.Start+most)])
		}
	}
	d.InRaw, d.Before, d.After = true, schema.Clip(span.text.text, most), schema.Clip(strings.ToValidUTF8(b.String(), ""), most)
	d.Message = span.id.text + " quotes another passage than stands where it is; its labels are on what stands there"
}
