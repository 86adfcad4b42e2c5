package segmenter

import (
	"strings"
	"unicode/utf8"

	"github.com/quern-data/quern/schema"
)

// heading marks the heading that a line, without its markers, is or starts with.
// end is where the line ends, and order the kind of the marker before it. It
// returns the end of what it took, and whether the whole line is a heading.
func (s *scanner) heading(line schema.Span, end int, order ordering) (int, bool) {
	item := s.text[line.Start:line.End]
	if len(item) <= maxTitle {
		under := end
		if order == none && s.ruleMayFollow(end) {
			next := schema.Span{Start: end + 1, End: lineEnd(s.text, end+1)}.Trim(s.text)
			if rule := s.text[next.Start:next.End]; isRule(rule) && (rule[0] == '-' || rule[0] == '=') {
				under = next.End
			}
		}
		if core, ok := s.whole(item, order, under > end); ok && s.followed(max(under, line.End)) {
			if under > end {
				line.End = under
			}
			s.mark(Heading, line.Start, line.End, core)
			return lineEnd(s.text, line.End), true
		}
	}
	if size, core := s.runIn(item, order); size > 0 {
		s.mark(Heading, line.Start, line.Start+size, core)
	}
	return end, false
}

// ruleMayFollow is a cheap test that a line passes if a rule is drawn under it.
func (s *scanner) ruleMayFollow(end int) bool {
	if end+1 >= len(s.text) {
		return false
	}
	c := s.text[end+1]
	return c == '-' || c == '=' || c >= utf8.RuneSelf || space(c) && c != '\n'
}

// whole is the words of a line that is a heading as a whole.
func (s *scanner) whole(item string, order ordering, underlined bool) (string, bool) {
	core, decorated, colon := undress(item)
	if len(core) == 0 {
		return "", false
	}
	full := strings.TrimRight(core, ". ")
	if decorated == 0 && !colon && !underlined {
		// "- clarity" is an item, and "Summary. " a heading, "Minor issues." is not.
		if order == bullet || !s.finished {
			return "", false
		}
		t := read(full, head|modify|article)
		return full, t.named() && (len(full) == len(core) || t.words == 1)
	}
	t := read(full, anyWord)
	switch {
	case t.all&symbol != 0:
	case t.named():
		return full, s.finished || t.upper || decorated != 0
	case len(full) < len(core) || t.all&clause != 0:
	case decorated != 0 && decorated != '[' || underlined && s.finished:
		return core, true
	case colon && s.finished && t.all&place != 0 && t.all&(head|unknown) == 0:
		return core, true // "p. 3:", "In Appendix B:"
	case colon && s.finished && t.upper && t.first&lead == 0:
		return core, true
	}
	return "", false
}

// runIn is the size of the heading that a line starts with, 0 if there is none,
// and its words.
func (s *scanner) runIn(item string, order ordering) (int, string) {
	if strings.HasPrefix(item, "**") || item[0] == '[' {
		return s.runInDecorated(item)
	}
	if !letter(item[0]) {
		return 0, ""
	}
	word, first := readWord(item)
	if lexicon.find(word)&(head|modify) == 0 {
		return 0, "" // nearly every line of prose ends up here
	}
	size, stop := 0, 0
	for i := first; i < min(len(item), maxTitle) && size == 0; i++ {
		switch item[i] {
		case ':':
			size, stop = i+1, i
		case ' ':
			if n := dash(item[i+1:]); n > 0 && order != bullet {
				size, stop = i+1+n, i
			}
		}
	}
	if size == 0 {
		return 0, ""
	}
	words := strings.TrimRight(item[:stop], " \t")
	if note := strings.LastIndexByte(words, '('); note > 0 && strings.HasSuffix(words, ")") {
		words = strings.TrimRight(words[:note], " \t") // "Clarity (7/10): …"
	}
	t := read(words, anyWord)
	if !t.named() || t.first&(article|lead) != 0 || !s.finished && !t.upper || item[stop] != ':' && !t.upper {
		return 0, ""
	}
	return size, words
}

// runInDecorated is runIn for "**Any words:** …" and "[Summary] …".
func (s *scanner) runInDecorated(item string) (int, string) {
	near := item[:min(len(item), maxTitle)]
	size := strings.IndexByte(near, ']') + 1
	if item[0] == '*' {
		if size = strings.Index(near[2:], "**"); size < 0 {
			return 0, ""
		}
		size += 4
	}
	if size == 0 {
		return 0, ""
	}
	core, _, colon := undress(item[:size])
	core = strings.TrimRight(core, ". ")
	if size < len(item) && item[size] == ':' {
		size++
		colon = true
	}
	t := read(core, anyWord)
	if t.named() || colon && item[0] == '*' && t.all&(symbol|clause) == 0 {
		return size, core
	}
	return 0, ""
}

// dash is the size of the dash with a space behind it that s starts with.
func dash(s string) int {
	if s == "" || s[0] != '-' && s[0] < utf8.RuneSelf {
		return 0
	}
	for _, d := range [...]string{"- ", "-- ", "– ", "— "} {
		if strings.HasPrefix(s, d) {
			return len(d) - 1
		}
	}
	return 0
}

// undress is s without its decoration and its colon or dash. decorated is the
// kind of the decoration, '[' for any bracket and 0 for none.
func undress(s string) (core string, decorated byte, colon bool) {
	if last := s[len(s)-1]; letter(s[0]) && (letter(last) || last == '.') {
		return s, 0, false // nearly every line
	}
	for range 4 {
		bare := strings.TrimRight(s, ":-–— \t\u00a0")
		if bare == "" {
			return "", 0, false
		}
		if len(bare) < len(s) && strings.TrimRight(s, " \t\u00a0") != bare && !bracketed(s, '-') {
			colon = true
			s = bare
		}
		switch first := s[0]; {
		case first == '#':
			s, decorated = strings.Trim(s, "#"), first
		case first == '[' && s[len(s)-1] == ']', first == '(' && s[len(s)-1] == ')', first == '<' && s[len(s)-1] == '>':
			s = s[1 : len(s)-1]
			if decorated == 0 {
				decorated = '['
			}
		case strings.IndexByte("*_=%~-", first) >= 0 && bracketed(s, first):
			s, decorated = strings.Trim(s, s[:1]), first
		default:
			return strings.Trim(s, " \t\u00a0+"), decorated, colon
		}
		s = strings.TrimSpace(s)
		if s == "" {
			return "", 0, false
		}
	}
	return s, decorated, colon
}

// bracketed reports whether a run of mark stands at both ends of s, of two or
// more if it is a hyphen.
func bracketed(s string, mark byte) bool {
	n := len(s)
	if mark == '-' && (n < 5 || s[1] != mark || s[n-2] != mark) {
		return false
	}
	return n > 2 && s[0] == mark && s[n-1] == mark
}
