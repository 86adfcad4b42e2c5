package parser

import (
	"bytes"
	"slices"
	"unicode/utf8"

	"github.com/quern-data/quern/schema"
)

// place is a span of half the size: a document has at most 1 GiB, and there may be very
// many of them.
type place struct{ start, end int32 }

func placeOf(s schema.Span) place { return place{int32(s.Start), int32(s.End)} }

func (p place) span() schema.Span { return schema.Span{Start: int(p.start), End: int(p.end)} }

// grown is list with room for one more. Where it has none, it gets room for as much as
// there will be at the rate so far: done of total bytes. What append makes of a long list
// on the way to its end takes five times as much as the list.
func grown[T any](list []T, done, total int) []T {
	const few = 64
	if len(list) < cap(list) || len(list) < few || done <= 0 {
		return list
	}
	want := int(float64(len(list)) / float64(done) * float64(total))
	return slices.Grow(list, max(want-len(list)+want/32, len(list)/4))
}

// textWriter puts a document's text together from stretches of its data, and keeps
// where each comes from.
type textWriter struct {
	doc  *schema.Document
	data []byte
	text []byte // so far

	valid     bool // whether all of data is UTF-8, but for headers
	literal   int  // source minus text offset of the current literal run
	inLiteral bool // whether the last run is literal
}

func newTextWriter(src *schema.Source, doc *schema.Document) textWriter {
	return textWriter{doc: doc, data: src.Data, text: slices.Grow(doc.Scratch[:0], len(src.Data)), valid: isValid(src)}
}

// isValid reports whether all data but headers, which are no text, is UTF-8.
func isValid(src *schema.Source) bool {
	for _, p := range piecesOf(src) {
		if !p.Header && !utf8.Valid(src.Data[p.Data.Start:p.Data.End]) {
			return false
		}
	}
	return true
}

// piecesOf are the pieces of the source, or the one that a whole file is.
func piecesOf(src *schema.Source) []schema.Piece {
	if len(src.Pieces) == 0 {
		return []schema.Piece{{Data: schema.Span{End: len(src.Data)}}}
	}
	return src.Pieces
}

// noteWide notes that the data is UTF-16 or UTF-32, and reports whether it is.
func noteWide(src *schema.Source, doc *schema.Document) bool {
	if !isWide(src.Data) {
		return false
	}
	doc.Diagnostics.Notef(schema.EncodingUnsupported, 0, "the file is UTF-16 or UTF-32; convert it with iconv -t UTF-8")
	return true
}

// finish makes what was written the document's text.
func (w *textWriter) finish() {
	w.doc.Annotated = string(w.text)
	w.doc.Scratch = w.text
}

func (w *textWriter) note(code schema.Code, at int, format string, args ...any) {
	w.doc.Diagnostics.Notef(code, at, format, args...)
}

// copy appends data[i:j] as it stands.
func (w *textWriter) copy(i, j int) {
	if i == j {
		return
	}
	if !w.inLiteral || i-len(w.text) != w.literal {
		w.doc.Map.Literal(len(w.text), i)
		w.inLiteral, w.literal = true, i-len(w.text)
	}
	w.text = append(w.text, w.data[i:j]...)
}

// put appends a text that stands for data[i:j].
func (w *textWriter) put(text string, i, j int) {
	if text == "" {
		return
	}
	w.doc.Map.Escape(len(w.text), i, j)
	w.inLiteral = false
	w.text = append(w.text, text...)
}

// decode appends data[i:j]: a line end of any kind as a line feed, and what is not
// UTF-8 as U+FFFD.
func (w *textWriter) decode(i, j int) {
	if w.valid && bytes.IndexByte(w.data[i:j], '\r') < 0 {
		w.copy(i, j)
		return
	}
	for i < j {
		end := i
		for end < j && w.data[end] != '\r' && (w.valid || w.data[end] < utf8.RuneSelf) {
			end++
		}
		w.copy(i, end)
		if i = end; i == j {
			return
		}
		if w.data[i] == '\r' {
			end = i + 1
			if end < j && w.data[end] == '\n' {
				end++
			}
			w.put("\n", i, end)
			i = end
			continue
		}
		i = w.decodeRune(i, j)
	}
}

// decodeRune appends the character at data[i], or U+FFFD for the run of bytes there
// that are none, and returns its end.
func (w *textWriter) decodeRune(i, j int) int {
	r, n := utf8.DecodeRune(w.data[i:j])
	if r != utf8.RuneError || n > 1 {
		w.copy(i, i+n)
		return i + n
	}
	end := invalidEnd(w.data[:j], i)
	w.note(schema.InvalidUTF8, i, "%d byte(s) that are not UTF-8 became U+FFFD", end-i)
	w.put("\uFFFD", i, end)
	return end
}

// invalidEnd is the end of the run of bytes at data[i] that are not UTF-8.
func invalidEnd(data []byte, i int) int {
	for i++; i < len(data) && data[i] >= utf8.RuneSelf; i++ {
		if r, size := utf8.DecodeRune(data[i:]); r != utf8.RuneError || size > 1 {
			break
		}
	}
	return i
}
