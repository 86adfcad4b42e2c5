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
	// Line and Column are counted from 1, columns in code points. They are 0
	// until Locate has run.
	Line, Column int
	// Excerpt is the source around Offset, made valid UTF-8.
	Excerpt string
	// Before and After are what stood in the source and what a repair read it
	// as. Both are "" where nothing was repaired.
	Before, After string
}

// NoOffset is the offset of a diagnostic that concerns a whole file.
const NoOffset = -1

// Severity is the severity of the diagnostic's code.
func (d *Diagnostic) Severity() Severity { return d.Code.Info().Severity }

// Diagnostics collects what one document gave cause to say. It counts all and
// keeps the first Limit.
type Diagnostics struct {
	Limit int // how many to keep; 0 keeps all
	list  []Diagnostic
	total int
}

// Add notes d. Order does not matter: Locate sorts.
func (ds *Diagnostics) Add(d Diagnostic) {
	ds.total++
	if ds.Full() {
		return
	}
	ds.list = append(ds.list, d)
}

// Count notes a diagnostic that will not be kept.
func (ds *Diagnostics) Count() { ds.total++ }

// Full reports whether further diagnostics will only be counted, so that a
// caller can save itself the formatting.
func (ds *Diagnostics) Full() bool { return ds.Limit > 0 && len(ds.list) >= ds.Limit }

// Total is the number of diagnostics noted, kept or not.
func (ds *Diagnostics) Total() int { return ds.total }

// All are the diagnostics kept. The slice is reused with the document.
func (ds *Diagnostics) All() []Diagnostic { return ds.list }

// excerptBytes is how much source an excerpt shows on either side.
const excerptBytes = 32

// Locate sorts the diagnostics by place and fills in line, column and excerpt
// from the source they were found in. It costs one pass over data however many
// diagnostics there are. If some were not kept, it adds one that says so.
func (ds *Diagnostics) Locate(data []byte) {
	if missing := ds.total - len(ds.list); missing > 0 {
		ds.total++
		ds.list = append(ds.list, Diagnostic{
			Code: DiagnosticsTruncated, Offset: NoOffset,
			Message: fmt.Sprintf("%d more diagnostics were counted but not kept", missing),
		})
	}
	list := ds.list
	slices.SortStableFunc(list, func(a, b Diagnostic) int { return cmp.Compare(a.Offset, b.Offset) })
	line, column, scanned := 1, 1, 0
	for i := range list {
		d := &list[i]
		if d.Offset == NoOffset || d.Offset > len(data) {
			continue
		}
		for {
			nl := bytes.IndexByte(data[scanned:d.Offset], '\n')
			if nl < 0 {
				break
			}
			scanned += nl + 1
			line, column = line+1, 1
		}
		column += utf8.RuneCount(data[scanned:d.Offset])
		scanned = d.Offset
		d.Line, d.Column = line, column
		if d.Excerpt == "" {
			d.Excerpt = excerpt(data, d.Offset)
		}
	}
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
