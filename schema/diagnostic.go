package schema

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Severity grades a diagnostic.
type Severity string

// The severities. A document with an error diagnostic was refused; its text is
// in no table.
const (
	Info    Severity = "info"    // noticed, or repaired beyond doubt
	Warning Severity = "warning" // a reader should look
	Error   Severity = "error"   // the document was refused
)

// Diagnostic is one thing that was noticed, repaired or refused.
type Diagnostic struct {
	Code    Code
	Message string
	// Offset is the place in the source file in bytes, or NoOffset where the
	// diagnostic concerns the whole file.
	Offset int
	// InRaw says that the diagnostic concerns the raw twin, and Offset its bytes.
	InRaw bool
	// Line and Column are counted from 1, columns in code points. They are 0
	// until Locate has run.
	Line, Column int
	// Excerpt is the source around Offset, made valid UTF-8.
	Excerpt string
	// Before and After are what stood in the source and what a repair read it
	// as. Both are "" where nothing was repaired.
	Before, After string
}

// Clip is a text of at most that many bytes, and else as much of it with an ellipsis:
// a passage that a diagnostic quotes.
func Clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most] + "…"
}

// NoOffset is the offset of a diagnostic that concerns a whole file.
const NoOffset = -1

// Severity is the severity of the diagnostic's code.
func (d *Diagnostic) Severity() Severity { return d.Code.Info().Severity }

// Diagnostics collects what one document gave cause to say. It counts all, and
// keeps the first Limit and every error.
type Diagnostics struct {
	Limit  int // how many to keep; 0 keeps all
	list   []Diagnostic
	counts [codeCount]int32
	total  int
}

// Note counts a diagnostic, and returns it to be filled in, or nil if it is not
// kept: the caller then saves itself the formatting. Order does not matter:
// Locate sorts.
func (ds *Diagnostics) Note(code Code, offset int) *Diagnostic {
	ds.counts[code]++
	ds.total++
	if ds.Limit > 0 && len(ds.list) >= ds.Limit && code.Info().Severity != Error {
		return nil
	}
	ds.list = append(ds.list, Diagnostic{Code: code, Offset: offset})
	return &ds.list[len(ds.list)-1]
}

// Notef counts a diagnostic, and keeps it with the given message.
func (ds *Diagnostics) Notef(code Code, offset int, format string, args ...any) {
	if d := ds.Note(code, offset); d != nil {
		d.Message = fmt.Sprintf(format, args...)
	}
}

// Add counts d and keeps it.
func (ds *Diagnostics) Add(d Diagnostic) {
	if kept := ds.Note(d.Code, d.Offset); kept != nil {
		*kept = d
	}
}

// Total is the number of diagnostics noted, kept or not.
func (ds *Diagnostics) Total() int { return ds.total }

// Count is the number of diagnostics with the given code, kept or not.
func (ds *Diagnostics) Count(code Code) int { return int(ds.counts[code]) }

// All are the diagnostics kept. The slice is reused with the document.
func (ds *Diagnostics) All() []Diagnostic { return ds.list }

// excerptBytes is how much source an excerpt shows on either side.
const excerptBytes = 32

// Locate sorts the diagnostics by place, those about the raw twin last, and fills
// in line, column and excerpt from the files they were found in. pieces are those of
// the Source: lines are then those of the files that they come from, and so are columns,
// where the piece starts a line. It costs one pass over the files however many diagnostics
// there are. If some were not kept, it adds one that says so.
func (ds *Diagnostics) Locate(data, raw []byte, pieces ...Piece) {
	if missing := ds.total - len(ds.list); missing > 0 {
		ds.total++
		ds.counts[DiagnosticsTruncated]++
		ds.list = append(ds.list, Diagnostic{
			Code: DiagnosticsTruncated, Offset: NoOffset,
			Message: fmt.Sprintf("%d more diagnostics were counted but not kept", missing),
		})
	}
	if len(ds.list) == 0 {
		return
	}
	slices.SortStableFunc(ds.list, func(a, b Diagnostic) int { return cmp.Compare(a.Offset, b.Offset) })
	slices.SortStableFunc(ds.list, func(a, b Diagnostic) int {
		switch {
		case a.InRaw == b.InRaw:
			return 0
		case b.InRaw:
			return -1
		}
		return 1
	})
	ofRaw := slices.IndexFunc(ds.list, func(d Diagnostic) bool { return d.InRaw })
	if ofRaw < 0 {
		ofRaw = len(ds.list)
	}
	if len(pieces) == 0 {
		locate(ds.list[:ofRaw], data, Span{0, len(data)}, 1, true)
		locate(ds.list[ofRaw:], raw, Span{0, len(raw)}, 1, true)
		return
	}
	of, ofTwin := ds.list[:ofRaw], ds.list[ofRaw:]
	if first := firstOf(pieces); first != nil {
		for i := 0; i < len(of) && of[i].Offset == NoOffset; i++ {
			of[i].Line, of[i].Column = max(first.Line, 1), 1
		}
	}
	for i := range pieces {
		p := &pieces[i]
		of = locate(of, data, p.Data, p.Line, i == len(pieces)-1)
		if p.RawPath != "" {
			ofTwin = locate(ofTwin, raw, p.Raw, 1, p.Raw.End == len(raw))
		}
	}
}

// locate places the diagnostics in a piece of the data, which starts in the given line
// of its file, and returns those behind it. The end of the last piece is in it.
func locate(list []Diagnostic, data []byte, piece Span, line int, last bool) []Diagnostic {
	line = max(line, 1)
	column, scanned := 1, piece.Start
	for i := range list {
		d := &list[i]
		if d.Offset < piece.Start {
			continue // NoOffset, too
		}
		if d.Offset > piece.End || d.Offset == piece.End && !last {
			return list[i:]
		}
		for {
			nl := bytes.IndexByte(data[scanned:d.Offset], '\n')
			if nl < 0 {
				break
			}
			scanned += nl + 1
			line, column = line+1, 1
		}
		column += runeCount(data[scanned:d.Offset])
		scanned = d.Offset
		d.Line, d.Column = line, column
		if d.Excerpt == "" {
			d.Excerpt = excerpt(data[piece.Start:piece.End], d.Offset-piece.Start)
		}
	}
	return nil
}

// runeCount is utf8.RuneCount, 5 times as fast on ASCII.
func runeCount(data []byte) int {
	if IsASCII(data) {
		return len(data)
	}
	return utf8.RuneCount(data)
}

func excerpt(data []byte, at int) string {
	from, to := max(0, at-excerptBytes), min(len(data), at+excerptBytes)
	for from > 0 && from > at-excerptBytes-utf8.UTFMax && !utf8.RuneStart(data[from]) {
		from--
	}
	for to < len(data) && to < at+excerptBytes+utf8.UTFMax && !utf8.RuneStart(data[to]) {
		to++
	}
	return strings.ToValidUTF8(string(data[from:to]), "\uFFFD")
}
