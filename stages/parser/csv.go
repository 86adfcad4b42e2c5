package parser

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/taxonomy"
)

// csv parses tables with a sentence or document a row. Its rows are found by
// csvScanner.
type csv struct {
	separator []byte
	named     bool // whether the first row names the columns
	between   string
	limit     int // bytes of a row that is looked at as a whole

	needed []string // the columns that are read: names, or numbers from 0
	textAt int      // the column of the text, and likewise: an index into needed
	roleAt int      // or -1
	labels []csvLabel
	fields []int // of each of the corpus's

	rooms sync.Pool // of *csvRoom
}

// csvLabel is a column of labels; its own are indexes into needed, or -1.
type csvLabel struct {
	labelField
	from, layerFrom, polarity int
}

func newCSV(corpus config.Corpus, limits config.Limits, _ *taxonomy.Taxonomy) (Parser, error) {
	c := &corpus.CSV
	p := &csv{separator: []byte(c.Separator), named: c.Header, between: c.Between, limit: int(limits.DocumentBytes)}
	if c.Separator == "tab" {
		p.separator = []byte{'\t'}
	}
	if len(p.separator) == 0 {
		return nil, errors.New("csv: there is no separator")
	}
	fields, err := newLabelFields(c.Labels)
	if err != nil {
		return nil, err
	}
	// find returns the place of a column in needed.
	find := func(name string) int {
		if name == "" {
			return -1
		}
		if _, bad := strconv.Atoi(name); bad != nil && !c.Header {
			err = fmt.Errorf("csv: the columns have no names, and %q is none of their numbers", name)
		}
		if at := slices.Index(p.needed, name); at >= 0 {
			return at
		}
		p.needed = append(p.needed, name)
		return len(p.needed) - 1
	}
	if p.textAt = find(c.Text); p.textAt < 0 {
		p.textAt = find("0")
	}
	p.roleAt = find(c.Role)
	for _, f := range fields {
		p.labels = append(p.labels, csvLabel{f, find(f.From), find(f.LayerFrom), find(f.Polarity)})
	}
	for _, f := range corpus.Fields {
		p.fields = append(p.fields, find(f.From))
	}
	p.rooms.New = func() any { return &csvRoom{rows: csvScanner{separator: p.separator, limit: p.limit}} }
	return p, err
}

// csvRoom is what parsing needs and the next document can use again.
type csvRoom struct {
	rows   csvScanner
	table  *csvTable
	tables [4]csvTable  // that were read last, so that rows of several files may take turns
	next   int          // of tables, which gives its place to another
	words  []labelWords // by label
	cell   []byte
}

// csvTable is what is known of the columns of a table.
type csvTable struct {
	header  []byte   // the row that was read, with its line end; empty if a row like it is read again
	names   int      // how many columns there are, -1 where they have no names
	columns []int    // of each of needed, -1 where there is none
	lacks   string   // what to say of those that there are not, "" if there are all
	twice   []string // those of needed that are names of two columns
}

// header reads the row at data[at] that names the columns, and returns where the next
// starts; false if more data is needed. Each row of a file is read with that of the
// names before it, which is but compared with those that are known.
func (r *csvRoom) header(p *csv, at int) (end int, ok bool) {
	for i := range r.tables {
		t := &r.tables[i]
		if len(t.header) > 0 && bytes.HasPrefix(r.rows.data[at:], t.header) {
			r.table = t
			return at + len(t.header), true
		}
	}
	if end, ok = r.rows.row(at); ok {
		r.read(p, r.rows.data[at:end])
	}
	return end, ok
}

// read makes sense of the row that names the columns, which the scanner has read last.
func (r *csvRoom) read(p *csv, row []byte) {
	t := &r.tables[r.next]
	r.table, r.next = t, (r.next+1)%len(r.tables)
	if t.header = t.header[:0]; len(row) <= maxKnown && r.rows.broken < 0 && row[len(row)-1] == '\n' {
		t.header = append(t.header, row...) // whatever stands behind it, it is read the same
	}
	names := make([]string, 0, len(r.rows.fields))
	for _, f := range r.rows.fields {
		names = append(names, cellText(r.rows.unquote(f, nil)))
	}
	t.names, t.columns, t.twice = len(names), t.columns[:0], nil
	for _, name := range p.needed {
		at := slices.Index(names, name)
		if at >= 0 && slices.Contains(names[at+1:], name) {
			t.twice = append(t.twice, name)
		}
		if n, err := strconv.Atoi(name); at < 0 && err == nil && n < len(names) {
			at = n
		}
		t.columns = append(t.columns, at)
	}
	t.lacks = p.lacking(t.columns, names)
}

// none is the table of a file without names.
func (r *csvRoom) none(p *csv) {
	if r.table != nil {
		return
	}
	r.table = &r.tables[0]
	r.table.names = -1
	for _, name := range p.needed {
		n, _ := strconv.Atoi(name)
		r.table.columns = append(r.table.columns, n)
	}
}

const (
	// maxKnown is how many bytes a row of names has at most that is known again. The
	// reader reads none with more.
	maxKnown = 64 << 10
	// maxNames is how many names of columns a message has.
	maxNames = 40
)

// lacking says which of needed the columns do not have, "" if none.
func (p *csv) lacking(columns []int, names []string) string {
	var missing []string
	for i, n := range columns {
		if n >= 0 {
			continue
		}
		text := strconv.Quote(p.needed[i])
		if near := nearestName(p.needed[i], names); near != "" {
			text += fmt.Sprintf(" (did you mean %q?)", near)
		}
		missing = append(missing, text)
	}
	if len(missing) == 0 {
		return ""
	}
	more := ""
	if n := len(names) - maxNames; n > 0 {
		names, more = names[:maxNames], fmt.Sprintf(", and %d more", n)
	}
	return fmt.Sprintf("the table has no column %s: its columns are %q%s", strings.Join(missing, ", "), names, more)
}

// unquote appends a field as it was meant.
func (s *csvScanner) unquote(f csvField, dst []byte) []byte {
	if !f.marks {
		return append(dst, s.data[f.start:f.end]...)
	}
	for i := f.start; i < f.end; i++ {
		dst = append(dst, s.data[i])
		if s.data[i] == '"' && i+1 < f.end && s.data[i+1] == '"' {
			i++
		}
	}
	return dst
}

// value is what stands in a column of the row that was read last, without the white
// space around it; at is an index into needed.
func (r *csvRoom) value(at int) ([]byte, schema.Span) {
	if at < 0 {
		return nil, schema.Span{}
	}
	n := r.table.columns[at]
	if n < 0 || n >= len(r.rows.fields) {
		return nil, schema.Span{}
	}
	f := r.rows.fields[n]
	if !f.marks {
		return bytes.TrimSpace(r.rows.data[f.start:f.end]), schema.Span{Start: f.start, End: f.end}
	}
	r.cell = r.rows.unquote(f, r.cell[:0])
	return bytes.TrimSpace(r.cell), schema.Span{Start: f.start, End: f.end}
}

// appendFields appends the values of the corpus's fields in the row that was read last.
func (p *csv) appendFields(r *csvRoom, dst []string) []string {
	for _, at := range p.fields {
		value, _ := r.value(at)
		dst = append(dst, cellText(value))
	}
	return dst
}

// Fields implements Records.
func (p *csv) Fields(record []byte, dst []string) []string {
	room := p.rooms.Get().(*csvRoom)
	defer p.rooms.Put(room)
	rows := &room.rows
	record = bytes.TrimPrefix(record, bom)
	rows.reset(record, true)
	at, _ := rows.skipBlank(0)
	if p.named {
		end, _ := room.header(p, at)
		at, _ = rows.skipBlank(end)
	} else {
		room.none(p)
	}
	if rows.fields = rows.fields[:0]; at < len(record) {
		rows.row(at)
	}
	return p.appendFields(room, dst)
}

// Split implements Records.
func (p *csv) Split(file io.Reader, emit func(schema.Record) error) error {
	s := csvSplit{csv: p, csvRoom: p.rooms.Get().(*csvRoom), file: file, emit: emit, line: 1}
	defer p.rooms.Put(s.csvRoom)
	s.buffer = make([]byte, 0, splitBuffer)
	s.rows.reset(nil, false)
	if err := s.fill(); err != nil {
		return err
	}
	if isWide(s.buffer[:min(len(s.buffer), 1024)]) {
		return splitWide(p, io.MultiReader(bytes.NewReader(s.buffer), file), p.limit, emit)
	}
	if bytes.HasPrefix(s.buffer, bom) {
		s.at, s.marked = len(bom), true
	}
	return s.run()
}

// csvSplit is the state of splitting a file.
type csvSplit struct {
	*csv
	*csvRoom
	file io.Reader
	emit func(schema.Record) error

	buffer []byte
	base   int64 // where it starts in the file
	at     int   // where the next row starts in it
	ended  bool  // whether the file ends with it
	marked bool  // whether the file starts with a byte order mark
	line   int   // of the next row
	values []string
}

// fill reads more of the file, and forgets what stands before the next row.
func (s *csvSplit) fill() error {
	moved := s.at
	if moved > 0 {
		n := copy(s.buffer, s.buffer[moved:])
		s.buffer, s.base, s.at = s.buffer[:n], s.base+int64(moved), 0
	} else if len(s.buffer) == cap(s.buffer) {
		s.buffer = slices.Grow(s.buffer, len(s.buffer))
	}
	n, err := io.ReadFull(s.file, s.buffer[len(s.buffer):cap(s.buffer)])
	s.buffer = s.buffer[:len(s.buffer)+n]
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		s.ended, err = true, nil
	}
	s.rows.moved(s.buffer, moved, s.ended)
	return err
}

// run emits the rows.
func (s *csvSplit) run() error {
	header, first := int64(0), true
	for {
		start, found := s.rows.skipBlank(s.at)
		s.line += bytes.Count(s.buffer[s.at:start], newline)
		s.at = start
		if found && start == len(s.buffer) {
			return nil
		}
		end, ok := 0, false
		if found {
			end, ok = s.rows.row(start)
		}
		record := schema.Record{Start: s.base + int64(start), Line: s.line, Header: header}
		switch {
		case ok:
			record.End = s.base + int64(end)
			s.line += bytes.Count(s.buffer[start:end], newline)
		case len(s.buffer)-start <= 2*s.limit:
			if err := s.fill(); err != nil {
				return err
			}
			continue
		default:
			// Longer than any document may be, and without an end so far. What is known
			// of it is kept.
			s.rows.moved(s.buffer, 0, true)
			_, _ = s.rows.row(start)
			end = len(s.buffer)
		}
		switch {
		case first && s.named:
			s.read(s.csv, s.buffer[start:end])
		case first:
			s.none(s.csv)
			if s.marked {
				record.Start, record.Line = 0, 1
			}
		}
		if !first || !s.named {
			s.values = s.appendFields(s.csvRoom, s.values[:0])
			record.Values = s.values
		}
		s.at = end
		if !ok {
			if err := s.skipLine(); err != nil {
				return err
			}
			record.End = s.base + int64(s.at)
		}
		if first && s.named {
			header = record.End
		} else if err := s.emit(record); err != nil {
			return err
		}
		first = false
	}
}

// skipLine goes to the end of a line that is too long to be kept.
func (s *csvSplit) skipLine() error {
	for {
		if n := bytes.IndexByte(s.buffer[s.at:], '\n'); n >= 0 {
			s.at += n + 1
			s.line++
			return nil
		}
		if s.at = len(s.buffer); s.ended {
			return nil
		}
		if err := s.fill(); err != nil {
			return err
		}
	}
}

// csvScan is the state of parsing one document.
type csvScan struct {
	*csv
	*csvRoom
	textWriter
	first  []string // values of the fields in the first row
	unlike []bool   // which of them another row has another value of
	rowEnd int      // of the row with text before, -1 if there is none
	seen   int      // rows
}

// Parse implements Parser.
func (p *csv) Parse(src *schema.Source, doc *schema.Document) bool {
	if noteWide(src, doc) {
		return false
	}
	s := csvScan{csv: p, csvRoom: p.rooms.Get().(*csvRoom), textWriter: newTextWriter(src, doc), rowEnd: -1}
	defer p.rooms.Put(s.csvRoom)
	if s.words == nil {
		s.words = newLabelWords(len(p.labels))
	}
	if !s.pieces(src) {
		return false
	}
	if s.seen == 0 {
		doc.Diagnostics.Notef(schema.RecordMalformed, 0, "there is no row but that of the names")
		return false
	}
	s.finish()
	return true
}

// pieces reads all rows.
func (s *csvScan) pieces(src *schema.Source) bool {
	pieces := piecesOf(src)
	header := s.named
	if !header {
		s.none(s.csv)
	}
	for i := range pieces {
		// Offsets are those of all data, so that no piece is cut off before its end.
		s.rows.reset(s.data[:pieces[i].Data.End], true)
		at := pieces[i].Data.Start
		if pieces[i].Offset == 0 && bytes.HasPrefix(s.rows.data[at:], bom) {
			at += len(bom)
			if !header && !pieces[i].Header {
				s.doc.Diagnostics.Notef(schema.ByteOrderMark, at-len(bom), "the byte order mark is left out of the text")
			}
		}
		for {
			start, _ := s.rows.skipBlank(at)
			if start == len(s.rows.data) {
				break
			}
			if pieces[i].Header || header {
				at, _ = s.header(s.csv, start)
				if !s.complete(start) {
					return false
				}
				header = false
				continue
			}
			at, _ = s.rows.row(start)
			s.row(start)
		}
	}
	return true
}

// complete reports whether the table has all columns that are needed.
func (s *csvScan) complete(at int) bool {
	if s.table.lacks != "" {
		s.doc.Diagnostics.Notef(schema.RecordMalformed, at, "%s", s.table.lacks)
		return false
	}
	for _, name := range s.table.twice {
		s.doc.Diagnostics.Notef(schema.ValueUnexpected, at, "two columns have the name %q; the first is read, and the other by its number", name)
	}
	return true
}

// nearestName is the name that differs only in case, space and punctuation, or else
// has more or less at its end; "" if there is none.
func nearestName(name string, names []string) string {
	fold := func(name string) string { return strings.ReplaceAll(layerName(name), "_", "") }
	near, want := "", fold(name)
	for _, n := range names {
		switch got := fold(n); {
		case got == "" || want == "":
		case got == want:
			return n
		case near == "" && (strings.HasPrefix(got, want) || strings.HasPrefix(want, got)):
			near = n
		}
	}
	return near
}

// row makes a segment of a row that starts at data[start].
func (s *csvScan) row(start int) {
	s.seen++
	doc, fits := s.doc, s.fits(start)
	s.compare()
	text := -1
	if n := s.table.columns[s.textAt]; n < len(s.rows.fields) {
		text = n
	}
	if text < 0 || firstText(s.data[s.rows.fields[text].start:s.rows.fields[text].end]) < 0 {
		if d := doc.Diagnostics.Note(schema.ValueMissing, start); d != nil {
			d.Message = fmt.Sprintf("the column of the text, %s, is empty in this row", s.needed[s.textAt])
		}
		return
	}
	segment := schema.Segment{Text: schema.Span{Start: len(s.text)}, Group: schema.NoGroup}
	if s.rowEnd >= 0 {
		s.put(s.between, s.rowEnd, start)
	}
	s.rowEnd = s.rows.content
	s.writeField(s.rows.fields[text])
	segment.Text.End = len(s.text)
	if fits {
		role, _ := s.value(s.roleAt)
		segment.Role = doc.AddRole(roleName(role))
		if len(s.labels) > 0 {
			segment.Group = len(doc.Groups)
			labels := schema.Span{Start: len(doc.Labels)}
			for i := range s.labels {
				s.label(i, len(doc.Labels)-labels.Start)
			}
			labels.End = len(doc.Labels)
			doc.Groups = append(grown(doc.Groups, start, len(s.data)), schema.Group{Source: schema.Span{Start: start, End: s.rows.content}, Labels: labels})
		}
	}
	doc.Segments = append(grown(doc.Segments, start, len(s.data)), segment)
}

// fits says what is wrong with the row, and reports whether its labels can be read all
// the same.
func (s *csvScan) fits(start int) bool {
	ds, n := &s.doc.Diagnostics, len(s.rows.fields)
	if s.rows.odd >= 0 && s.rows.broken < 0 {
		ds.Notef(schema.QuoteUnescaped, s.rows.odd, "a quotation mark that is not doubled, or stands in a field without any; it stays in the text")
	}
	switch {
	case s.rows.broken >= 0:
		ds.Notef(schema.RowMalformed, s.rows.broken, "the quotation mark that opens this field is never closed; the row was ended with its line, and its text is kept without labels")
	case s.table.names >= 0 && n != s.table.names:
		ds.Notef(schema.RowMalformed, start, "the row has %d column(s), and the first row names %d; its text is kept without labels", n, s.table.names)
	default:
		for i, at := range s.table.columns {
			if at >= n {
				ds.Notef(schema.RowMalformed, start, "the row has %d column(s), and the config names column %s; its text is kept without labels", n, s.needed[i])
				return false
			}
		}
		return true
	}
	return false
}

// compare says where a field has another value than in the first row, which counts.
func (s *csvScan) compare() {
	if len(s.fields) == 0 {
		return
	}
	if s.first == nil {
		s.first = s.appendFields(s.csvRoom, nil)
		s.unlike = make([]bool, len(s.first))
		return
	}
	for i, at := range s.fields {
		value, source := s.value(at)
		if s.unlike[i] || string(value) == s.first[i] {
			continue
		}
		s.unlike[i] = true
		if d := s.doc.Diagnostics.Note(schema.ValueUnexpected, source.Start); d != nil {
			d.Message = fmt.Sprintf("column %s was %q in the document's first row, which counts, and is %q here", s.needed[at], s.first[i], cellText(value))
		}
	}
}

// writeField appends a field to the text.
func (s *csvScan) writeField(f csvField) {
	from := f.start
	for i := f.start; f.marks && i < f.end; {
		n := bytes.IndexByte(s.data[i:f.end], '"')
		if n < 0 {
			break
		}
		if i += n + 1; i < f.end && s.data[i] == '"' {
			s.decode(from, i-1)
			s.put(`"`, i-1, i+1)
			i++
			from = i
		}
	}
	s.decode(from, f.end)
}

// label appends the label of a column, if there is one in the row.
func (s *csvScan) label(i, position int) {
	f := &s.labels[i]
	value, source := s.value(f.from)
	if len(value) == 0 {
		return
	}
	w := s.words[i].read(&f.labelField, value, source.Start, s.doc)
	if !w.ok {
		return
	}
	of := schema.Detail{InLayer: w.layer, RawPolarity: w.polarity}
	if of.InLayer == "" {
		layer, _ := s.value(f.layerFrom)
		of.InLayer = layerName(string(layer))
	}
	if of.InLayer == "" {
		if d := s.doc.Diagnostics.Note(schema.ValueMissing, source.Start); d != nil {
			d.Message = fmt.Sprintf("nothing says which layer the label %q is of; it was left out", w.label)
		}
		return
	}
	if of.RawPolarity == "" {
		polarity, _ := s.value(f.polarity)
		of.RawPolarity = cellText(polarity)
	}
	s.doc.Labels = append(grown(s.doc.Labels, source.Start, len(s.data)), schema.Label{
		Raw: w.label, Source: source, Position: position, Detail: s.doc.Detail(of),
	})
}
