package segmenter

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/sentences"

	"github.com/quern-data/quern/schema"
)

// Sentences cuts a span of text into sentences and appends them to dst: spans
// without white space around them, in order, not overlapping, that hold all of
// the span's other characters. The start of the span counts as the start of a
// line.
//
// A blank line, a heading's line, a drawn line and the start of a list item end a
// sentence. In between, sentences end where UAX #29 says so, but for line ends
// without punctuation before them, and for the traps of scholarly prose: see
// ends. Where it cannot be told whether a sentence ends, it does not.
func Sentences(text string, span schema.Span, dst []schema.Span) []schema.Span {
	var few [16]Mark
	body := text[span.Start:span.End]
	marks := Marks(body, few[:0])
	c := cutter{base: span.Start, spans: dst}
	for at := 0; at < len(body); {
		end := lineEnd(body, at)
		for len(marks) > 0 && marks[0].Span.End <= at {
			marks = marks[1:]
		}
		line := schema.Span{Start: at, End: end}.Trim(body)
		switch {
		case line.Len() == 0, isRule(body[line.Start:line.End]):
			c.cut(body, at)
			c.cut(body, end)
		case len(marks) > 0 && marks[0].Span.Start == line.Start:
			c.cut(body, at)
			fallthrough
		default:
			for len(marks) > 0 && marks[0].Span.Start < end {
				m := marks[0]
				marks = marks[1:]
				if m.Kind == ListMarker {
					c.marker = schema.Span{Start: m.Span.End, End: line.End}.Trim(body).Start
				} else if m.Span.End >= line.End {
					end = lineEnd(body, m.Span.End)
					c.cut(body, end) // the whole line, and the rule under it
				}
			}
		}
		at = min(end+1, len(body))
	}
	c.cut(body, len(body))
	return c.spans
}

// cutter cuts blocks of text between hard ends into sentences.
type cutter struct {
	base   int // offset of the block's text in the whole
	start  int // of the block
	marker int // end of the last list marker of the block: no sentence ends up to it
	spans  []schema.Span
}

// cut ends the block at end.
func (c *cutter) cut(body string, end int) {
	block := schema.Span{Start: c.start, End: end}.Trim(body)
	c.start = end
	from := block.Start
	var open brackets
	for at := block.Start; at < block.End; {
		// UAX #29 looks ahead from each space and bracket behind a full stop: what
		// it is given holds no long run of them.
		chunk := body[at : at+chunkSize(body[at:block.End])]
		at += len(chunk)
		for next := sentences.FromString(chunk); next.Next(); {
			stop := at - len(chunk) + next.End()
			if stop <= c.marker || stop >= block.End {
				continue
			}
			open.read(body, from, stop)
			if !ends(body[from:stop], body[stop:block.End]) || open.closing(body[stop:block.End]) {
				continue
			}
			c.add(body, from, stop)
			from = stop
			open = brackets{}
		}
	}
	c.add(body, from, block.End)
}

func (c *cutter) add(body string, from, to int) {
	span := schema.Span{Start: from, End: to}.Trim(body)
	if span.Len() > 0 {
		c.spans = append(c.spans, schema.Span{Start: c.base + span.Start, End: c.base + span.End})
	}
}

// maxRun is how many characters that are no letters a chunk may hold in a row.
const maxRun = 64

// chunkSize is the size of the longest start of s without a longer run.
func chunkSize(s string) int {
	run := 0
	for i, r := range s {
		switch {
		case r < utf8.RuneSelf && letter(byte(r)), r >= utf8.RuneSelf && unicode.IsLetter(r) && !unicode.Is(unicode.Lm, r): // some modifiers extend what is before them
			run = 0
		case run == maxRun:
			return i
		default:
			run++
		}
	}
	return len(s)
}

// brackets counts the round brackets that are open in a sentence.
type brackets struct{ depth, at int }

func (b *brackets) read(body string, from, to int) {
	for i := max(b.at, from); i < to; i++ {
		switch body[i] {
		case '(':
			b.depth++
		case ')':
			b.depth = max(0, b.depth-1)
		}
	}
	b.at = to
}

// closing reports whether an open bracket closes within reach.
func (b *brackets) closing(rest string) bool {
	const reach = 160
	if b.depth == 0 {
		return false
	}
	i := strings.IndexAny(rest[:min(reach, len(rest))], "()")
	return i >= 0 && rest[i] == ')'
}

const (
	opening = "([{\"'“‘«*_"
	closers = ")]}\"'”’»*_"
)

// ends reports whether a sentence ends between before, its text so far, and
// after, where UAX #29 sees an end.
func ends(before, after string) bool {
	after = strings.TrimLeftFunc(near(after), unicode.IsSpace)
	if after == "" || strings.IndexByte(",;:)]}", after[0]) >= 0 {
		return false
	}
	next, _ := utf8.DecodeRuneInString(strings.TrimLeft(after, opening+"-–— "))
	if unicode.IsLower(next) {
		return false
	}
	before = strings.TrimRight(strings.TrimRightFunc(before[max(0, len(before)-maxRun):], unicode.IsSpace), closers)
	stop, _ := utf8.DecodeLastRuneInString(before)
	switch {
	case stop != '.':
		return unicode.Is(unicode.STerm, stop) || stop == '…'
	case strings.HasSuffix(before, ".."):
		return true
	}
	return !abbreviated(strings.TrimSuffix(before, "."), after)
}

// near is the start of s, as much as it takes to know how it begins.
func near(s string) string {
	const enough = 96
	if len(s) <= enough {
		return s
	}
	return s[:enough]
}
