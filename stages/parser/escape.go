package parser

import (
	"unicode/utf16"
	"unicode/utf8"

	"github.com/quern-data/quern/schema"
)

// escape reads the JSON escape at data[i], a backslash, and returns the offset
// behind it. Where a label group was typed into the middle of an escape, or
// between the halves of a surrogate pair, the group ends the segment, and what
// the escape stands for follows behind it.
func (s *inlineScan) escape(i int) int {
	if i+1 < s.end {
		// Nearly every escape is one of these.
		if r := shortEscape(s.data[i+1]); r != 0 && r != '\r' {
			s.decoded(r, i, i+2)
			return i + 2
		}
	}
	e := readEscape(s.data[:s.end], i)
	if !s.raw && e.end < s.end && s.data[e.end] == '[' && (e.state == escapeCut || e.high()) {
		if next, ok := s.splitEscape(i, e); ok {
			return next
		}
	}
	switch {
	case e.state != escapeWhole:
		// The character behind the backslash may mean something by itself.
		s.note(schema.EscapeInvalid, i, "a backslash that starts no JSON escape; it stays in the text")
		s.copy(i, i+1)
		return i + 1
	case e.high():
		low := readEscape(s.data[:s.end], e.end)
		if r := utf16.DecodeRune(e.r, low.r); low.state == escapeWhole && r != utf8.RuneError {
			s.decoded(r, i, low.end)
			return low.end
		}
		fallthrough
	case utf16.IsSurrogate(e.r):
		s.note(schema.LoneSurrogate, i, "%s is half of a surrogate pair; it became U+FFFD", s.data[i:e.end])
		s.decoded(utf8.RuneError, i, e.end)
		return e.end
	case e.r == '\r':
		return s.carriageReturn(i, e.end)
	default:
		s.decoded(e.r, i, e.end)
		return e.end
	}
}

// splitEscape reads the group behind e, the first part of an escape at data[i],
// and then the rest of the escape, before which the typist may have left
// blanks.
func (s *inlineScan) splitEscape(i int, e escape) (next int, ok bool) {
	labels := len(s.doc.Labels)
	g, ok := s.group(e.end)
	if ok {
		rest := g.end
		for rest < s.end && s.data[rest] == ' ' {
			rest++
		}
		if r, end, whole := e.join(s.data[:s.end], i, rest); whole {
			s.closeSegment(e.end, g)
			if d := s.doc.Diagnostics.Note(schema.RepairEscape, i); d != nil {
				d.Message = "a label group stood inside an escape, which was joined again"
				d.Before = string(s.data[i:end])
				d.After = string(s.data[e.end:g.end]) + string(s.data[i:e.end]) + string(s.data[rest:end])
			}
			s.decoded(r, i, end)
			return end, true
		}
	}
	s.doc.Labels = s.doc.Labels[:labels]
	return 0, false
}

// escape is a JSON escape, or as much of one as there is.
type escape struct {
	state escapeState
	r     rune // what a whole escape stands for
	end   int  // offset behind it
}

type escapeState int

const (
	escapeWhole   escapeState = iota
	escapeInvalid             // no JSON escape
	escapeCut                 // \, \u, \u2, \u20 or \u201, then something else
)

func (e escape) high() bool {
	return e.state == escapeWhole && e.r >= 0xD800 && e.r < 0xDC00
}

// readEscape reads the escape at data[i].
func readEscape(data []byte, i int) escape {
	if i >= len(data) || data[i] != '\\' {
		return escape{state: escapeInvalid, end: i}
	}
	if i+1 == len(data) || data[i+1] == '[' {
		return escape{state: escapeCut, end: i + 1}
	}
	if r := shortEscape(data[i+1]); r != 0 {
		return escape{r: r, end: i + 2}
	}
	if data[i+1] != 'u' {
		return escape{state: escapeInvalid, end: i + 1}
	}
	r, end := hex(data, i+2, 0, 4)
	switch {
	case end == i+6:
		return escape{r: r, end: end}
	case end == len(data) || data[end] == '[':
		return escape{state: escapeCut, r: r, end: end}
	default:
		return escape{state: escapeInvalid, end: i + 1}
	}
}

// join reads the rest of e, which started at data[i], from data[rest:].
func (e escape) join(data []byte, i, rest int) (r rune, end int, ok bool) {
	switch {
	case rest >= len(data):
		return 0, 0, false
	case e.high():
		low := readEscape(data, rest)
		r := utf16.DecodeRune(e.r, low.r)
		return r, low.end, low.state == escapeWhole && r != utf8.RuneError
	case e.end == i+1 && data[rest] != 'u':
		r := shortEscape(data[rest])
		return r, rest + 1, r != 0
	case e.end == i+1:
		rest++
		e.end++
	}
	missing := 4 - (e.end - i - 2)
	r, end = hex(data, rest, e.r, missing)
	return r, end, end == rest+missing && !utf16.IsSurrogate(r)
}

func shortEscape(c byte) rune {
	switch c {
	case 'n':
		return '\n'
	case '"', '\\', '/':
		return rune(c)
	case 't':
		return '\t'
	case 'r':
		return '\r'
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	}
	return 0
}

// hex reads up to n hexadecimal digits from data[i:], behind those in r.
func hex(data []byte, i int, r rune, n int) (rune, int) {
	for ; n > 0 && i < len(data); n-- {
		c := data[i]
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return r, i
		}
		i++
	}
	return r, i
}
