package segmenter

import (
	"strings"
	"unicode"

	"github.com/quern-data/quern/schema"
)

// Kind is the kind of a Mark.
type Kind uint8

const (
	// Heading names what follows it: "Pros:", "1. Clarity", "== Summary ==".
	Heading Kind = iota + 1
	// ListMarker stands before an item of a list: "-", "(a)", "Q1:".
	ListMarker
)

// Mark is a heading or a list marker: a piece of a text's skeleton.
type Mark struct {
	Kind Kind
	// Span is the bytes of the text: the heading's line without the white space
	// around it, and the rule under it if there is one; the words of a run-in
	// heading with their colon or dash; the marker.
	Span schema.Span
	// Text is a heading without decoration, colon and dash, or a marker as typed.
	// It shares the text's memory.
	Text string
}

// Marks finds the headings and list markers of text, in order and not
// overlapping, and appends them to dst. Line ends are "\n". Time is linear in the
// text, and nothing is allocated but room in dst.
//
// A list marker stands at the start of a line or behind another marker: a bullet,
// an ordinal of one or two digits, a letter or a small roman numeral with its
// bracket or full stop, "Q1:", "#1", "[1]". A line that goes on from a full line
// of prose starts with an ordinal only if it is the next one of its list.
//
// A heading is one of these, with text behind it:
//   - a line, or the start of one up to a colon or a spaced dash, of words that
//     name parts of a review ("Minor comments", "Clarity:");
//   - a line of at most eight words with a colon, that is no clause and starts
//     with a capital ("Rethinking assumptions:");
//   - a line in decoration ("## Setup", "**Setup**", "== Setup ==", or with a rule
//     under it), and bold words with a colon that start a line.
func Marks(text string, dst []Mark) []Mark {
	s := scanner{text: text, marks: dst, finished: true}
	for at := 0; at < len(text); at++ {
		end := lineEnd(text, at)
		line := schema.Span{Start: at, End: end}.Trim(text)
		if line.Len() > 0 {
			end = s.line(line, end)
		} else {
			s.finished = true
		}
		at = end
	}
	return s.marks
}

// scanner walks over the lines of a text.
type scanner struct {
	text   string
	marks  []Mark
	number int  // of the last list item, 0 for none
	letter byte // of the last list item, 0 for none
	// finished says that the line before does not go on in this one, as the lines
	// of hard-wrapped prose do.
	finished bool
}

// line marks one line, given without white space around it and not empty. It
// returns the end of what it took, which is beyond the line if a rule under it
// belongs to it.
func (s *scanner) line(line schema.Span, end int) int {
	if isRule(s.text[line.Start:line.End]) {
		s.finished = true
		return end
	}
	start, marker := s.markers(line)
	took, found := end, false
	if start < line.End {
		took, found = s.heading(schema.Span{Start: start, End: line.End}, end, marker)
	}
	s.finished = found || line.Len() <= wrapped || finishes(s.text[line.End-1])
	return took
}

// finishes reports whether prose ends, or pauses, with c.
func finishes(c byte) bool {
	switch c {
	case '.', '?', '!', ':', ';', ')', '"':
		return true
	}
	return false
}

// wrapped is the length in bytes from which on a line may be one of hard-wrapped
// prose.
const wrapped = 50

func (s *scanner) mark(kind Kind, start, end int, text string) {
	s.marks = append(s.marks, Mark{kind, schema.Span{Start: start, End: end}, text})
}

// followed reports whether anything but white space stands behind at.
func (s *scanner) followed(at int) bool {
	for _, r := range s.text[at:] {
		if !unicode.IsSpace(r) {
			return true
		}
	}
	return false
}

// lineEnd is where the line that at stands in ends.
func lineEnd(text string, at int) int {
	if n := strings.IndexByte(text[at:], '\n'); n >= 0 {
		return at + n
	}
	return len(text)
}

// isRule reports whether a line is drawn, not written: "-----".
func isRule(line string) bool {
	if len(line) < 3 || line[1] != line[0] || strings.IndexByte("-=*_#~+%", line[0]) < 0 {
		return false
	}
	for i := range len(line) {
		if line[i] != line[0] {
			return false
		}
	}
	return true
}

// space is unicode.IsSpace for ASCII.
func space(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }
