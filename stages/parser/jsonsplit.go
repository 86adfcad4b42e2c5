package parser

import (
	"bytes"
	"io"
)

// split finds the records of a file, each of which starts at the given place and
// ends where s is.
func (p *jsonParser) split(s *jsonSplitter, record func(start int64, line int, whole bool) error) error {
	if p.lines {
		for s.skipSpace() {
			start, line := s.hold()
			s.skipLine()
			if err := record(start, line, false); err != nil {
				return err
			}
		}
		return nil
	}
	s.hold()
	s.skipMark()
	if !s.skipSpace() {
		return nil
	}
	start, line := int64(0), 1
	list := s.enter(p.records) && s.buf[s.at] == '['
	if !list && len(p.records) > 0 && s.have() && s.buf[s.at] == '{' {
		// One document where a list of them is looked for.
		start, line = s.hold()
		s.skipValue(true)
		return record(start, line, false)
	}
	if !list {
		s.skipRest()
		return record(start, line, true)
	}
	s.held = -1
	open := false // whether the last element is, with which the file ends
	for s.at++; s.skipSpace() && s.buf[s.at] != ']'; {
		if s.buf[s.at] == ',' {
			s.at++
			continue
		}
		start, line = s.hold()
		open = s.skipValue(false)
		if err := record(start, line, false); err != nil {
			return err
		}
	}
	if open {
		return nil // it says so itself
	}
	whole := s.have()
	if whole {
		s.at++
		whole = s.leave(len(p.records))
	}
	if whole && !s.skipSpace() {
		return nil
	}
	// Something stands behind the list, or the file is cut off: then the record that
	// says so is of no bytes.
	start, line = s.hold()
	s.skipRest()
	return record(start, line, false)
}

// jsonSplitter reads a file through a window, and finds where records start and end.
type jsonSplitter struct {
	file  io.Reader
	buf   []byte // the window, of which nothing before held is needed
	at    int    // next byte of buf
	base  int64  // offset of buf[0] in the file
	line  int    // of buf[counted]
	count int    // bytes of buf whose line ends are counted
	held  int    // where the record starts in buf, or -1
	limit int    // bytes of a record that are held, at most
	err   error  // why the file goes on no further
}

const (
	windowBytes = 64 << 10
	maxNoReads  = 100 // reads that give nothing, one after the other
)

// more reads on, and reports whether there are bytes at buf[at] then.
func (s *jsonSplitter) more() bool {
	if s.err != nil {
		return false
	}
	if s.held >= 0 && len(s.buf)-s.held > s.limit {
		s.held = -1 // the record is too long to be a document
	}
	keep := s.at
	if s.held >= 0 {
		keep = min(keep, s.held)
	}
	if free := cap(s.buf) - len(s.buf); free < windowBytes/2 {
		s.line += bytes.Count(s.buf[s.count:max(keep, s.count)], newline)
		s.count = max(s.count, keep) - keep
		s.base += int64(keep)
		s.at -= keep
		if s.held >= 0 {
			s.held -= keep
		}
		n := copy(s.buf, s.buf[keep:])
		s.buf = s.buf[:n]
		if cap(s.buf)-n < windowBytes/2 {
			s.buf = append(make([]byte, 0, max(windowBytes, 2*cap(s.buf))), s.buf...)
		}
	}
	for range maxNoReads {
		n, err := s.file.Read(s.buf[len(s.buf):cap(s.buf)])
		s.buf = s.buf[:len(s.buf)+n]
		s.err = err
		if n > 0 || err != nil {
			return n > 0
		}
	}
	s.err = io.ErrNoProgress
	return false
}

// have reports whether there is a byte at buf[at], if need be after reading on.
func (s *jsonSplitter) have() bool { return s.at < len(s.buf) || s.more() }

// skipSpace skips white space, and reports whether there is something behind it.
func (s *jsonSplitter) skipSpace() bool {
	for s.have() {
		if s.at = skipSpace(s.buf, s.at); s.at < len(s.buf) {
			return true
		}
	}
	return false
}

// skipMark skips the byte order mark at the start of the file.
func (s *jsonSplitter) skipMark() {
	for len(s.buf) < len(bom) && s.more() {
	}
	if s.base == 0 && s.at == 0 && bytes.HasPrefix(s.buf, bom) {
		s.at = len(bom)
	}
}

// hold starts a record at buf[at], and returns its offset and line.
func (s *jsonSplitter) hold() (start int64, line int) {
	s.line += bytes.Count(s.buf[s.count:s.at], newline)
	s.count, s.held = s.at, s.at
	return s.base + int64(s.at), s.line
}

// release ends the record at buf[at]. Its bytes, without the white space at the end,
// are nil if it is too long.
func (s *jsonSplitter) release() (record []byte, end int64) {
	end = s.base + int64(s.at)
	if s.held >= 0 {
		record = s.buf[s.held:s.at]
		for len(record) > 0 && isSpace(record[len(record)-1]) {
			record = record[:len(record)-1]
		}
		end -= int64(s.at - s.held - len(record))
	}
	s.held = -1
	return record, end
}

// skipLine skips to the next line feed, or to the end.
func (s *jsonSplitter) skipLine() {
	for s.have() {
		if n := bytes.IndexByte(s.buf[s.at:], '\n'); n >= 0 {
			s.at += n
			return
		}
		s.at = len(s.buf)
	}
}

// skipRest skips to the end of the file.
func (s *jsonSplitter) skipRest() {
	for s.have() {
		s.at = len(s.buf)
	}
}

// skipText skips a text, whose quotation mark is at buf[at]. It reports whether there
// is one at its end.
func (s *jsonSplitter) skipText() bool {
	escaped := false
	for s.at++; s.have(); {
		i := s.at
		if escaped {
			i++
			escaped = false
		}
		// Not by bytes.IndexByte: a text of many escapes would be searched for its end
		// at each.
		for i < len(s.buf) && s.buf[i] != '"' && s.buf[i] != '\\' {
			i++
		}
		if s.at = i; i == len(s.buf) {
			continue
		}
		s.at++
		if s.buf[i] == '"' {
			return true
		}
		escaped = true
	}
	return false
}

// skipValue skips a value, however broken: up to a comma, a bracket that closes a
// list or, within an object, a brace, none of which are inside the value. It reports
// whether the file ends inside of it.
func (s *jsonSplitter) skipValue(object bool) (open bool) {
	depth := 0
	for s.have() {
		i := s.at
		for i < len(s.buf) && !jsonMarks[s.buf[i]] {
			i++
		}
		if s.at = i; i == len(s.buf) {
			continue
		}
		switch s.buf[i] {
		case '"':
			if !s.skipText() {
				return true
			}
			continue
		case '[', '{':
			depth++
		case ',':
			if depth == 0 {
				return false
			}
		case ']':
			if depth == 0 {
				return false
			}
			depth--
		case '}':
			if depth == 0 && object {
				return false
			}
			depth = max(0, depth-1)
		}
		s.at++
	}
	return depth > 0
}

// jsonMarks are the bytes that give a JSON text its structure.
var jsonMarks = byteSet{'"': true, '[': true, ']': true, '{': true, '}': true, ',': true}

// enter skips to the value that a path leads to, which is not held. It reports
// whether there is one.
func (s *jsonSplitter) enter(path jsonPath) bool {
	for i := range path {
		if !s.skipSpace() {
			return false
		}
		if s.buf[s.at] == '[' && path[i].index >= 0 {
			s.at++
			for range path[i].index {
				if s.skipValue(false); !s.have() || s.buf[s.at] != ',' {
					return false
				}
				s.at++
			}
			continue
		}
		if s.buf[s.at] != '{' || !s.enterKey(path[i].key) {
			return false
		}
	}
	return s.skipSpace()
}

// leave skips to the end of as many lists and objects as it is in. It reports whether
// there is one.
func (s *jsonSplitter) leave(levels int) bool {
	for range levels {
		for more := true; more; s.at++ {
			if s.skipValue(true); !s.have() {
				return false
			}
			more = s.buf[s.at] == ','
		}
	}
	return true
}

// enterKey skips to the value of a key in the object at buf[at].
func (s *jsonSplitter) enterKey(key string) bool {
	for s.at++; s.skipSpace() && s.buf[s.at] == '"'; s.at++ {
		match := s.readKey() == key
		if !s.skipSpace() || s.buf[s.at] != ':' {
			return false
		}
		s.at++
		if match {
			return true
		}
		if s.skipValue(true); !s.have() || s.buf[s.at] != ',' {
			return false
		}
	}
	return false
}

// maxKeyBytes is how long a key that a path names may be, with its escapes.
const maxKeyBytes = 1 << 10

// readKey reads the key at buf[at]; one that is too long is "".
func (s *jsonSplitter) readKey() string {
	var raw []byte
	for s.at++; s.have(); s.at++ {
		c := s.buf[s.at]
		if c == '"' {
			s.at++
			if len(raw) > maxKeyBytes {
				return ""
			}
			return string(appendJSONString(nil, raw))
		}
		if len(raw) <= maxKeyBytes {
			raw = append(raw, c)
		}
		if c == '\\' {
			if s.at++; s.have() && len(raw) <= maxKeyBytes {
				raw = append(raw, s.buf[s.at])
			}
		}
	}
	return ""
}
