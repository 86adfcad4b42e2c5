package parser

import (
	"bytes"
)

// csvScanner reads rows as RFC 4180 has them, and as people and programs write them:
//
//   - A quotation mark inside a field that does not start with one is text.
//   - In a quoted field, a quotation mark that is neither doubled nor followed by a
//     separator or the end of the line is text too.
//   - But not behind a line end, for then the field that it would be in was never
//     closed, and it opens one of its own. Nor is a field closed that reaches the end
//     of the file, or makes its row longer than limit. The quotation mark that opened
//     such a field is text, as are all behind it in its line, and the row ends there.
//
// So a quotation mark too many costs a row, and not what is left of the file.
type csvScanner struct {
	separator []byte
	limit     int // bytes of a row with a field that goes over line ends

	data  []byte
	final bool // whether nothing follows data

	start   int        // of the row that was read last
	fields  []csvField // of it
	content int        // where it ends without its line end
	broken  int        // offset of a quotation mark in it that was never closed, or -1
	odd     int        // offset of the first that should have been doubled, or -1

	lineEnd int // of the line that was looked at last
	// oneLineUntil is how far was searched for the end of a field without finding it:
	// no field that starts before goes over a line end, so that no byte is read more
	// than a constant number of times.
	oneLineUntil int
}

// csvField is a field of a row.
type csvField struct {
	start, end int  // without the quotation marks around it
	quoted     bool // whether there are some
	marks      bool // whether there may be others in it
}

// reset starts at the beginning of other data.
func (s *csvScanner) reset(data []byte, final bool) {
	s.data, s.final, s.lineEnd, s.oneLineUntil = data, final, -1, 0
}

// moved says that data now starts n bytes later, and has more at its end.
func (s *csvScanner) moved(data []byte, n int, final bool) {
	s.data, s.final, s.lineEnd, s.oneLineUntil = data, final, -1, max(0, s.oneLineUntil-n)
}

// skipBlank is the start of the first row at data[at] or behind, past lines without
// any; false if more data is needed to tell.
func (s *csvScanner) skipBlank(at int) (start int, ok bool) {
	for i := at; i < len(s.data); i++ {
		switch c := s.data[i]; {
		case c == '\n':
			at = i + 1
		case isSpace(c) && (len(s.separator) > 1 || c != s.separator[0]):
		default:
			return at, true
		}
	}
	if !s.final {
		return at, false
	}
	return len(s.data), true
}

// row reads the row at data[at] and returns where the next starts; false if more data
// is needed.
func (s *csvScanner) row(at int) (end int, ok bool) {
	s.start, s.fields, s.broken, s.odd = at, s.fields[:0], -1, -1
	for i := at; ; {
		var more bool
		if i < len(s.data) && s.data[i] == '"' && s.broken < 0 {
			i, more, ok = s.quoted(i, at)
		} else {
			i, more, ok = s.plain(i)
		}
		if !ok || !more {
			return i, ok
		}
	}
}

// endOfLine is where the line at data[i] ends, at its line feed or that of the data.
func (s *csvScanner) endOfLine(i int) (end int, ok bool) {
	if s.lineEnd < i {
		n := bytes.IndexByte(s.data[i:], '\n')
		if n < 0 && !s.final {
			return 0, false
		}
		if s.lineEnd = i + n; n < 0 {
			s.lineEnd = len(s.data)
		}
	}
	return s.lineEnd, true
}

// plain reads the field at data[i], which is not quoted, and returns where the next
// one or the next row starts.
func (s *csvScanner) plain(i int) (next int, more, ok bool) {
	line, ok := s.endOfLine(i)
	if !ok {
		return i, false, false
	}
	f := csvField{start: i, end: line}
	n := bytes.Index(s.data[i:line], s.separator)
	if n >= 0 {
		f.end = i + n
	} else if f.end > i && s.data[f.end-1] == '\r' {
		f.end--
	}
	if at := bytes.IndexByte(s.data[f.start:f.end], '"'); at >= 0 && s.odd < 0 {
		s.odd = f.start + at
	}
	s.fields = append(grown(s.fields, i-s.start, line-s.start), f)
	if n >= 0 {
		return f.end + len(s.separator), true, true
	}
	s.content = f.end
	return min(line+1, len(s.data)), false, true
}

// quoted reads the field that the quotation mark at data[i] opens, of a row that
// starts at data[start].
func (s *csvScanner) quoted(i, start int) (next int, more, ok bool) {
	limit := len(s.data)
	oneLine := i < s.oneLineUntil
	if oneLine {
		if limit, ok = s.endOfLine(i); !ok {
			return i, false, false
		}
	}
	f := csvField{start: i + 1, quoted: true}
	lines, odd := false, -1
	for j := i + 1; ; {
		n := bytes.IndexByte(s.data[j:limit], '"')
		if n < 0 {
			if !oneLine && !s.final && len(s.data)-start < s.limit {
				return i, false, false
			}
			return s.unclosed(i, limit)
		}
		q := j + n
		lines = lines || !oneLine && bytes.IndexByte(s.data[j:q], '\n') >= 0
		if lines && q-start > s.limit {
			return s.unclosed(i, q)
		}
		switch what, ok := s.behind(q + 1); {
		case !ok && (lines || len(s.data)-start < s.limit):
			return i, false, false
		case what == markDoubled:
			f.marks = true
			j = q + 2
		case what == markText && lines:
			return s.unclosed(i, q)
		case what == markText:
			if f.marks = true; odd < 0 {
				odd = q
			}
			j = q + 1
		default:
			f.end = q
			if s.fields = append(s.fields, f); odd >= 0 && s.odd < 0 {
				s.odd = odd
			}
			if what == markSeparator {
				return q + 1 + len(s.separator), true, true
			}
			s.content = q + 1
			end, ok := s.endOfLine(q + 1)
			return min(end+1, len(s.data)), false, ok
		}
	}
}

// unclosed reads what is left of the line as if there were no quotation marks: no field
// that the one at data[i] opens ends before data[until].
func (s *csvScanner) unclosed(i, until int) (next int, more, ok bool) {
	s.oneLineUntil = max(s.oneLineUntil, until)
	s.broken = i
	return s.plain(i)
}

// markKind says what a quotation mark in a quoted field is.
type markKind int

const (
	markText      markKind = iota // text
	markDoubled                   // the first of two, which are one in the text
	markSeparator                 // the end of the field, and another follows
	markRow                       // the end of the field and of the row
)

// behind says what the quotation mark before data[i] is; false if more data is needed.
func (s *csvScanner) behind(i int) (kind markKind, ok bool) {
	rest := s.data[i:]
	switch {
	case len(rest) == 0:
		return markRow, s.final
	case rest[0] == '"':
		return markDoubled, true
	case rest[0] == '\n' || bytes.HasPrefix(rest, crlf) || len(rest) == 1 && rest[0] == '\r' && s.final:
		return markRow, true
	case bytes.HasPrefix(rest, s.separator):
		return markSeparator, true
	case !s.final && (len(rest) == 1 && rest[0] == '\r' || bytes.HasPrefix(s.separator, rest)):
		return 0, false
	}
	return markText, true
}

var crlf = []byte("\r\n")
