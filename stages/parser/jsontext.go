package parser

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/quern-data/quern/schema"
)

// jsonKind is what a JSON value is.
type jsonKind uint8

const (
	jsonNull jsonKind = iota // and NaN, which writers that know no null put there
	jsonBool
	jsonNumber
	jsonString
	jsonList
	jsonObject
)

var jsonKinds = [...]string{"null", "true or false", "a number", "a text", "a list", "an object"}

func (k jsonKind) String() string { return jsonKinds[k] }

// jsonNode is a value of a JSON text. The nodes of a text stand in the order of their
// values, each before those inside it.
type jsonNode struct {
	start, end  int32 // bytes of the value, with the quotation marks of a text
	key, keyEnd int32 // bytes of its key, between the quotation marks; 0 and 0 for none
	next        int32 // the node behind it and all that is inside it
	kind        jsonKind
	escaped     bool // whether a text has escapes
	keyEscaped  bool
}

// maxJSONDepth bounds how deep values stand in one another. Documents have a dozen
// levels, and what is deeper makes other readers fail.
const maxJSONDepth = 512

// jsonTape is a JSON text, read once: its values and where they stand.
type jsonTape struct {
	data  []byte
	nodes []jsonNode
	open  []int32 // lists and objects that are not closed yet

	scratch []byte
}

// jsonError says what is wrong with a JSON text, and where.
type jsonError struct {
	at   int
	want string
}

// read reads data[i:] as one JSON value with white space around it. It is strict
// about all but what a text is made of: that is looked at where one is taken. It
// appends to the tape's nodes, from the root on.
func (t *jsonTape) read(data []byte, i int) *jsonError {
	t.data, t.open = data, t.open[:0]
	var key, keyEnd int
	var keyEscaped bool
	for {
		// A value.
		i = skipSpace(data, i)
		if i == len(data) {
			return t.unexpected(i, "a value")
		}
		n := jsonNode{start: int32(i), key: int32(key), keyEnd: int32(keyEnd), keyEscaped: keyEscaped}
		key, keyEnd, keyEscaped = 0, 0, false
		switch c := data[i]; c {
		case '"':
			end, escaped := jsonStringEnd(data, i+1)
			if end < 0 {
				return &jsonError{i, "a quotation mark at the end of this text, found none"}
			}
			i = end + 1
			n.kind, n.escaped = jsonString, escaped
		case '{', '[':
			if len(t.open) == maxJSONDepth {
				return &jsonError{i, fmt.Sprintf("values at most %d deep in one another, found more", maxJSONDepth)}
			}
			n.kind = jsonObject
			if c == '[' {
				n.kind = jsonList
			}
			t.open = append(t.open, int32(len(t.nodes)))
			i++
		default:
			kind, end := jsonScalar(data, i)
			if end == i {
				return t.unexpected(i, "a value")
			}
			n.kind, i = kind, end
		}
		n.end, n.next = int32(i), int32(len(t.nodes)+1)
		t.nodes = append(t.nodes, n)

		// What follows: the first value inside, or the end of some, and the next.
		inside := n.kind >= jsonList
		for {
			i = skipSpace(data, i)
			if len(t.open) == 0 {
				if i < len(data) {
					return t.unexpected(i, "the end of the document")
				}
				return nil
			}
			top := &t.nodes[t.open[len(t.open)-1]]
			object := top.kind == jsonObject
			closing := byte(']')
			if object {
				closing = '}'
			}
			if i < len(data) && data[i] == closing {
				i++
				top.end, top.next = int32(i), int32(len(t.nodes))
				t.open = t.open[:len(t.open)-1]
				inside = false
				continue
			}
			if !inside {
				if i == len(data) || data[i] != ',' {
					return t.unexpected(i, "a comma or "+string(rune(closing)))
				}
				if i = skipSpace(data, i+1); i < len(data) && data[i] == closing {
					return &jsonError{i, "another value behind the comma, found " + jsonFound(data, i)}
				}
			}
			if !object {
				break
			}
			if i == len(data) || data[i] != '"' {
				return t.unexpected(i, "a key in quotation marks")
			}
			end, escaped := jsonStringEnd(data, i+1)
			if end < 0 {
				return &jsonError{i, "a quotation mark at the end of this key, found none"}
			}
			key, keyEnd, keyEscaped = i+1, end, escaped
			if i = skipSpace(data, end+1); i == len(data) || data[i] != ':' {
				return t.unexpected(i, "a colon behind the key")
			}
			i++
			break
		}
	}
}

func (t *jsonTape) unexpected(i int, want string) *jsonError {
	return &jsonError{i, want + ", found " + jsonFound(t.data, i)}
}

// jsonFound names what stands at data[i].
func jsonFound(data []byte, i int) string {
	if i >= len(data) {
		return "the end"
	}
	switch c := data[i]; {
	case c == '\'':
		return "': JSON has double quotation marks"
	case c == '/' || c == '#':
		return string(rune(c)) + ": JSON has no comments"
	case isJSONWord(c):
		end := i
		for end < len(data) && end < i+20 && isJSONWord(data[end]) {
			end++
		}
		return string(data[i:end])
	}
	r, n := utf8.DecodeRune(data[i:])
	if r == utf8.RuneError && n < 2 {
		return fmt.Sprintf("the byte 0x%X", data[i])
	}
	if !strconv.IsPrint(r) {
		return fmt.Sprintf("%U", r)
	}
	return string(r)
}

func isJSONWord(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.' || c == '_'
}

// jsonStringEnd is the offset of the quotation mark that closes the text that starts
// at data[i], or -1, and whether there are backslashes in it.
func jsonStringEnd(data []byte, i int) (end int, escaped bool) {
	quote := -1
	for {
		if quote < i {
			n := bytes.IndexByte(data[i:], '"')
			if n < 0 {
				return -1, escaped
			}
			quote = i + n
		}
		n := bytes.IndexByte(data[i:quote], '\\')
		if n < 0 {
			return quote, escaped
		}
		escaped = true
		if i += n + 2; i > len(data) {
			return -1, escaped
		}
	}
}

// jsonScalar reads a value that is neither text, list nor object. end is i where
// there is none.
func jsonScalar(data []byte, i int) (kind jsonKind, end int) {
	end = i
	for end < len(data) && isJSONWord(data[end]) {
		end++
	}
	switch word := data[i:end]; {
	case len(word) == 0:
		return jsonNull, i
	case isNumber(word):
		return jsonNumber, end
	case string(word) == "null" || string(word) == "NaN":
		return jsonNull, end
	case string(word) == "true" || string(word) == "false":
		return jsonBool, end
	case string(word) == "Infinity" || string(word) == "-Infinity":
		return jsonNumber, end
	}
	return jsonNull, i
}

// isNumber reports whether b is a number as JSON has them.
func isNumber(b []byte) bool {
	i := 0
	if i < len(b) && b[i] == '-' {
		i++
	}
	digits := func() bool {
		from := i
		for i < len(b) && b[i] >= '0' && b[i] <= '9' {
			i++
		}
		return i > from
	}
	zero := i < len(b) && b[i] == '0'
	from := i
	if !digits() || zero && i > from+1 {
		return false
	}
	if i < len(b) && b[i] == '.' {
		i++
		if !digits() {
			return false
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		if !digits() {
			return false
		}
	}
	return i == len(b)
}

// isEmpty reports whether a value is null, or a text, list or object with nothing in it.
func (n *jsonNode) isEmpty() bool {
	switch n.kind {
	case jsonNull:
		return true
	case jsonString, jsonList, jsonObject:
		return n.end == n.start+2
	}
	return false
}

func (n *jsonNode) isScalar() bool { return n.kind > jsonNull && n.kind < jsonList }

// inner is the bytes of a scalar, without quotation marks.
func (n *jsonNode) inner() schema.Span {
	if n.kind == jsonString {
		return schema.Span{Start: int(n.start) + 1, End: int(n.end) - 1}
	}
	return schema.Span{Start: int(n.start), End: int(n.end)}
}

// appendScalar appends what a scalar says, in valid UTF-8: of a text what it stands
// for, a number as it is written, of null nothing.
func (t *jsonTape) appendScalar(dst []byte, n *jsonNode) []byte {
	if !n.isScalar() {
		return dst
	}
	in := n.inner()
	return appendJSONString(dst, t.data[in.Start:in.End])
}

// appendJSONString appends what the inside of a JSON text stands for.
func appendJSONString(dst, inner []byte) []byte {
	if bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
		return append(dst, inner...)
	}
	for i := 0; i < len(inner); {
		if inner[i] == '\\' {
			r, end, _ := jsonEscape(inner, i)
			dst = utf8.AppendRune(dst, r)
			i = end
			continue
		}
		r, size := utf8.DecodeRune(inner[i:])
		if r == utf8.RuneError && size < 2 {
			end := invalidEnd(inner, i)
			dst = append(dst, "\uFFFD"...)
			i = end
			continue
		}
		dst = append(dst, inner[i:i+size]...)
		i += size
	}
	return dst
}

// oddity is what may be wrong with an escape.
type oddity uint8

const (
	notOdd        oddity = iota
	unknownEscape        // a backslash that starts none
	halfOfPair           // half of a surrogate pair
)

// jsonEscape is the character that the escape at data[i] stands for, and its end.
func jsonEscape(data []byte, i int) (r rune, end int, odd oddity) {
	e := readEscape(data, i)
	switch {
	case e.state != escapeWhole:
		return '\\', i + 1, unknownEscape
	case e.high():
		low := readEscape(data, e.end)
		if r := utf16.DecodeRune(e.r, low.r); low.state == escapeWhole && r != utf8.RuneError {
			return r, low.end, notOdd
		}
		fallthrough
	case utf16.IsSurrogate(e.r):
		return utf8.RuneError, e.end, halfOfPair
	}
	return e.r, e.end, notOdd
}

// jsonString appends what data[i:j], the inside of a JSON text, stands for, with line
// feeds for line ends of any kind. It appends to pairs where in the text there are line
// feeds that two characters became.
func (w *textWriter) jsonString(i, j int, pairs []int) []int {
	cr := -1 // the next carriage return
	for i < j {
		next := j
		if n := bytes.IndexByte(w.data[i:j], '\\'); n >= 0 {
			next = i + n
		}
		if cr < i {
			cr = j
			if n := bytes.IndexByte(w.data[i:j], '\r'); n >= 0 {
				cr = i + n
			}
		}
		next = min(next, cr)
		w.jsonLiteral(i, next)
		if i = next; i == j {
			break
		}
		r, end, odd := '\r', i+1, notOdd
		if i != cr {
			r, end, odd = jsonEscape(w.data[:j], i)
		}
		switch {
		case odd == unknownEscape:
			w.note(schema.EscapeInvalid, i, "a backslash that starts no JSON escape; it stays in the text")
			w.copy(i, end)
			i = end
			continue
		case odd == halfOfPair:
			w.note(schema.LoneSurrogate, i, "%s is half of a surrogate pair; it became U+FFFD", w.data[i:end])
		case r == '\r':
			r = '\n'
			if after := lineFeedEnd(w.data[:j], end); after > 0 {
				pairs = append(pairs, len(w.text))
				end = after
			}
		}
		w.doc.Map.Escape(len(w.text), i, end)
		w.inLiteral = false
		w.text = utf8.AppendRune(w.text, r)
		i = end
	}
	return pairs
}

// lineFeedEnd is the end of the line feed at data[i], 0 if there is none.
func lineFeedEnd(data []byte, i int) int {
	if i == len(data) {
		return 0
	}
	if data[i] == '\n' {
		return i + 1
	}
	if data[i] == '\\' {
		if r, end, _ := jsonEscape(data, i); r == '\n' {
			return end
		}
	}
	return 0
}

// jsonLiteral appends data[i:j], which stands for itself where it is UTF-8.
func (w *textWriter) jsonLiteral(i, j int) {
	if w.valid {
		w.copy(i, j)
		return
	}
	for i < j {
		from := i
		for i < j && w.data[i] < utf8.RuneSelf {
			i++
		}
		if w.copy(from, i); i < j {
			i = w.decodeRune(i, j)
		}
	}
}

// A jsonPath leads from a value to one inside it.
type jsonPath []jsonStep

// jsonStep is a key or, in a list, the number of an element.
type jsonStep struct {
	key   string
	index int // -1 if the key is no number
}

// newJSONPath reads a path. A backslash before a dot makes it part of a key.
func newJSONPath(text string) jsonPath {
	if text == "" {
		return nil
	}
	var path jsonPath
	var key strings.Builder
	add := func() {
		step := jsonStep{key.String(), -1}
		if n, err := strconv.Atoi(step.key); err == nil && strconv.Itoa(n) == step.key && n >= 0 {
			step.index = n
		}
		path = append(path, step)
		key.Reset()
	}
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text) && text[i+1] == '.':
			i++
			key.WriteByte('.')
		case text[i] == '.':
			add()
		default:
			key.WriteByte(text[i])
		}
	}
	add()
	return path
}

// find is the node that a path leads to from another, or -1. Where an object has a
// key twice, the last counts, as in nearly all readers.
func (t *jsonTape) find(from int, path jsonPath) int {
	for i := range path {
		step, n := &path[i], &t.nodes[from]
		found := -1
		switch {
		case n.kind == jsonObject:
			for at := from + 1; at < int(n.next); at = int(t.nodes[at].next) {
				if t.hasKey(&t.nodes[at], step.key) {
					found = at
				}
			}
		case n.kind == jsonList && step.index >= 0:
			left := step.index
			for at := from + 1; at < int(n.next); at = int(t.nodes[at].next) {
				if left == 0 {
					found = at
					break
				}
				left--
			}
		}
		if found < 0 {
			return -1
		}
		from = found
	}
	return from
}

// elements are the nodes from first to end, next by next: of a list those of its values,
// else that of the value itself.
func (t *jsonTape) elements(at int) (first, end int) {
	n := &t.nodes[at]
	if first = at; n.kind == jsonList {
		first++
	}
	return first, int(n.next)
}

func (t *jsonTape) hasKey(n *jsonNode, key string) bool {
	raw := t.data[n.key:n.keyEnd]
	if n.keyEscaped {
		t.scratch = appendJSONString(t.scratch[:0], raw)
		return string(t.scratch) == key
	}
	return string(raw) == key
}

// key is the key of a value in an object.
func (t *jsonTape) key(n *jsonNode) string {
	return string(appendJSONString(nil, t.data[n.key:n.keyEnd]))
}
