package segmenter

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/quern-data/quern/schema"
)

// ordering says what a marker claims about the items before it.
type ordering uint8

const (
	none     ordering = iota
	bullet            // nothing
	certain           // an ordinal that prose does not start lines with: "Q1:", "#1"
	numbered          // follows the item with the number before it
	lettered          // follows the item with the letter before it
	doubtful          // the same, and "1, " and "1: " start lines of prose as well
)

// markers marks the list markers at the start of a line. It returns where the
// text behind them starts, and what the last of them is.
func (s *scanner) markers(line schema.Span) (int, ordering) {
	at, last := line.Start, none
	for depth := 0; depth < 3 && at < line.End; depth++ { // "- 1. (a)"
		item := s.text[at:line.End]
		size, order := marker(item)
		if order == none || !s.expects(item[:size], order) {
			break
		}
		s.mark(ListMarker, at, at+size, item[:size])
		at = schema.Span{Start: at + size, End: line.End}.Trim(s.text).Start
		last = order
	}
	return at, last
}

// expects reports whether a list goes on, or starts, with the given marker. It
// keeps count of the items.
func (s *scanner) expects(mark string, order ordering) bool {
	switch order {
	case numbered, doubtful:
		n := 0
		for i := range len(mark) {
			if digit(mark[i]) {
				n = n*10 + int(mark[i]-'0')
			}
		}
		next := n == s.number+1 && s.number > 0
		if !next && (!s.finished || order == doubtful && n != 1) {
			return false
		}
		s.number = n
	case lettered:
		i := strings.IndexFunc(mark, unicode.IsLetter)
		c := mark[i]
		next := c == s.letter+1 && s.letter > 0
		first := c|0x20 == 'a' || c == 'i' || letter(mark[i+1]) // "p. 3" is no item, "iv." is
		if !next && (!s.finished || !first) {
			return false
		}
		s.letter = c
	}
	return true
}

// marker is the size and the kind of the list marker that s starts with.
func marker(s string) (int, ordering) {
	if len(s) > 1 && letter(s[0]) && letter(s[1]) && (!roman(s[0]) || !roman(s[1])) {
		return 0, none // a word, as nearly every line starts with
	}
	if size := bulletSize(s); size > 0 {
		return size, bullet
	}
	if strings.IndexByte("#QRCWSA", s[0]) >= 0 {
		return codeSize(s)
	}
	open := s[0]
	start := 0
	if open == '(' || open == '[' {
		start = 1
	}
	i := start
	for i < len(s) && i < start+4 && (digit(s[i]) || letter(s[i])) {
		i++
	}
	order := ordinal(s[start:i])
	if order == none || i == len(s) || open == '[' && order != numbered {
		return 0, none
	}
	size := i + 1
	switch c := s[i]; {
	case open == '[' && c == ']':
		if r, _ := utf8.DecodeRuneInString(strings.TrimLeft(s[size:], " \t")); unicode.IsLower(r) {
			return 0, none // "[3] and others have …": a citation
		}
		return behind(s, size, certain)
	case open == '[':
		return 0, none
	case c == ')':
		if size < len(s) && strings.IndexByte(".:,", s[size]) >= 0 {
			size++ // "(1)."
		}
		return behind(s, size, order)
	case open == '(':
		return 0, none
	case c == '.' && size < len(s) && s[size] == ')': // "1.)"
		return behind(s, size+1, order)
	case c == '.' && (order == numbered || s[0] >= 'a'):
		return behind(s, size, order) // "A. Smith" is a name
	case order == numbered && strings.IndexByte(",:-", c) >= 0 && size < len(s) && s[size] == ' ':
		return size, doubtful
	}
	return 0, none
}

// behind is size if what stands there can start an item: white space, or a
// letter right behind the marker ("1.The").
func behind(s string, size int, order ordering) (int, ordering) {
	if size == len(s) {
		return size, order
	}
	r, _ := utf8.DecodeRuneInString(s[size:])
	if unicode.IsSpace(r) || unicode.IsUpper(r) && size+1 < len(s) && s[size+1] != '.' {
		return size, order
	}
	return 0, none
}

// ordinal says how s counts: one or two digits, one letter, or a small roman
// numeral.
func ordinal(s string) ordering {
	switch {
	case s == "":
		return none
	case digit(s[0]):
		if len(s) > 2 || len(s) == 2 && !digit(s[1]) {
			return none
		}
		return numbered
	case len(s) == 1, strings.Trim(s, "ivx") == "":
		return lettered
	}
	return none
}

// roman reports whether c counts in a small roman numeral.
func roman(c byte) bool { return c == 'i' || c == 'v' || c == 'x' }

// codeSize is the size of a marker such as "Q1:", "#1" or "W2.".
func codeSize(s string) (int, ordering) {
	i := 1
	for i < len(s) && i < 4 && digit(s[i]) {
		i++
	}
	if i == 1 || i == 4 || i == len(s) {
		if i == 1 && i < len(s) && s[0] != '#' && s[i] == ')' { // "A) "
			return behind(s, 2, lettered)
		}
		return 0, none
	}
	if strings.IndexByte(":.)", s[i]) >= 0 {
		return behind(s, i+1, certain)
	}
	if s[0] == '#' && s[i] == ' ' {
		return i, certain
	}
	return 0, none
}

// bulletSize is the size of the bullet that s starts with, 0 if there is none. A
// sign of a formula is none: "* x + y", "-0.5 is".
func bulletSize(s string) int {
	r, size := rune(s[0]), 1
	if s[0] >= utf8.RuneSelf {
		r, size = utf8.DecodeRuneInString(s)
	}
	switch r {
	case '•', '▪', '◦', '‣', '·', '●', '○', '–', '—':
		return size
	case '(':
		if len(s) > 3 && s[2] == ')' && s[3] == ' ' && strings.IndexByte("+-*", s[1]) >= 0 {
			return 3
		}
		return 0
	case '-', '+', '*':
	default:
		return 0
	}
	for size < len(s) && size < 2 && s[size] == s[0] {
		size++
	}
	if size == len(s) {
		return 0
	}
	next, width := utf8.DecodeRuneInString(s[size:])
	if unicode.IsUpper(next) {
		if r == '*' && strings.IndexByte(s[size:], '*') > 0 {
			return 0 // emphasis
		}
		return size
	}
	if !unicode.IsSpace(next) || operand(strings.TrimLeft(s[size+width:], " \t")) {
		return 0
	}
	return size
}

// operand reports whether s starts with a single letter or digit that an operator
// or nothing follows.
func operand(s string) bool {
	if s == "" || !letter(s[0]) && !digit(s[0]) {
		return false
	}
	rest := strings.TrimLeft(s[1:], " ")
	return rest == "" || strings.IndexByte("=+*/^<>-_,", rest[0]) >= 0
}
