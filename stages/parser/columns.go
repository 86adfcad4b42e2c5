package parser

import (
	"bufio"
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

// columns parses files with a token or sentence a line, and what is said of it in
// columns beside it.
type columns struct {
	sentences  bool // whether a line is a sentence, else a token
	tabs       bool // whether a tab parts columns, else any white space
	byDocument bool // whether a blank line ends a document, else a sentence
	docStart   []byte
	comment    []byte
	maxLine    int // bytes of a line that Split keeps

	needed []int    // the columns that are read, see column
	names  []string // what the config calls each
	textAt int      // the column of the text, and likewise: an index into needed
	roleAt int      // or -1, as the others
	labels []columnLabel
	links  []config.Link
	fields []int // of each of the corpus's

	rooms sync.Pool // of *columnRoom
}

// columnLabel is a column of labels; its own are indexes into needed, or -1.
type columnLabel struct {
	labelField
	bio                             bool
	from, layerFrom, polarity, link int
	alone                           labelWord // what a tag without a label is
}

func newColumns(corpus config.Corpus, limits config.Limits, _ *taxonomy.Taxonomy) (Parser, error) {
	c := &corpus.Columns
	p := &columns{
		sentences: c.Unit == "sentence", tabs: c.Separator == "tab", byDocument: c.BlankLine == "document",
		docStart: []byte(c.DocStart), comment: []byte(c.Comment), maxLine: int(limits.DocumentBytes), links: c.Links,
	}
	p.rooms.New = func() any { return new(columnRoom) }
	fields, err := newLabelFields(c.Labels)
	if err != nil {
		return nil, err
	}
	// find returns the place of a column in needed.
	find := func(name string) int {
		if name == "" {
			return -1
		}
		n := slices.Index(c.Names, name)
		if n < 0 {
			var bad error
			if n, bad = strconv.Atoi(name); bad != nil {
				err = fmt.Errorf("columns: there is no column %q; names has %q, and any column goes by its number", name, c.Names)
			}
		}
		if at := slices.Index(p.needed, n); at >= 0 {
			return at
		}
		p.needed, p.names = append(p.needed, n), append(p.names, name)
		return len(p.needed) - 1
	}
	if p.textAt = find(c.Text); p.textAt < 0 {
		p.textAt = find("0")
	}
	p.roleAt = find(c.Role)
	for _, f := range fields {
		p.labels = append(p.labels, columnLabel{
			f, f.Scheme == "bio", find(f.From), find(f.LayerFrom), find(f.Polarity), find(f.Link),
			labelWord{labelText{label: f.Layer, layer: f.Layer}, true},
		})
	}
	for _, f := range corpus.Fields {
		p.fields = append(p.fields, find(f.From))
	}
	return p, err
}

// lineKind says what a line is.
type lineKind int

const (
	textLine lineKind = iota
	blankLine
	startLine // of a document
	commentLine
)

func (p *columns) kind(line []byte) lineKind {
	switch {
	case firstText(line) < 0:
		return blankLine
	case len(p.docStart) > 0 && bytes.HasPrefix(line, p.docStart):
		return startLine
	case len(p.comment) > 0 && bytes.HasPrefix(line, p.comment):
		return commentLine
	}
	return textLine
}

// split finds the columns of a line that starts at data[start].
func (p *columns) split(data []byte, start, end int, cells []schema.Span) []schema.Span {
	if p.tabs {
		for {
			n := bytes.IndexByte(data[start:end], '\t')
			if n < 0 {
				return append(cells, schema.Span{Start: start, End: end})
			}
			cells = append(cells, schema.Span{Start: start, End: start + n})
			start += n + 1
		}
	}
	for {
		for start < end && isSpace(data[start]) {
			start++
		}
		if start == end {
			return cells
		}
		from := start
		for start < end && !isSpace(data[start]) {
			start++
		}
		cells = append(cells, schema.Span{Start: from, End: start})
	}
}

// column is the one with a number from 0, or from the end, where -1 is the last.
func column(cells []schema.Span, number int) (schema.Span, bool) {
	if number < 0 {
		number += len(cells)
	}
	if number < 0 || number >= len(cells) {
		return schema.Span{}, false
	}
	return cells[number], true
}

// Split implements Records.
func (p *columns) Split(file io.Reader, emit func(schema.Record) error) error {
	s := columnSplit{columns: p, emit: emit, room: p.rooms.Get().(*columnRoom)}
	defer p.rooms.Put(s.room)
	r := bufio.NewReaderSize(file, splitBuffer)
	head, err := r.Peek(1024)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if isWide(head) {
		return splitWide(p, r, p.maxLine, emit)
	}
	s.whole = !p.byDocument && len(p.docStart) == 0
	var long []byte
	for at, line := int64(0), 1; ; line++ {
		text, err := r.ReadSlice('\n')
		size := int64(len(text))
		if errors.Is(err, bufio.ErrBufferFull) {
			long = append(long[:0], text...)
			for errors.Is(err, bufio.ErrBufferFull) {
				text, err = r.ReadSlice('\n')
				size += int64(len(text))
				long = append(long, text[:min(len(text), p.maxLine-min(len(long), p.maxLine))]...)
			}
			text = long
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if at == 0 {
			text = bytes.TrimPrefix(text, bom)
		}
		if size > 0 {
			if err := s.line(text, at, at+size, line); err != nil {
				return err
			}
		}
		at += size
		if err != nil {
			if s.whole {
				s.end = at
			}
			return s.flush()
		}
	}
}

// splitBuffer is how much of a file is read at a time.
const splitBuffer = 64 << 10

// splitWide makes one record of a file that is UTF-16 or UTF-32, for Parse to refuse.
func splitWide(p Records, r io.Reader, keep int, emit func(schema.Record) error) error {
	head, err := io.ReadAll(io.LimitReader(r, int64(keep)))
	if err != nil {
		return err
	}
	rest, err := io.Copy(io.Discard, r)
	if err != nil {
		return err
	}
	return emit(schema.Record{End: int64(len(head)) + rest, Line: 1, Whole: true, Values: p.Fields(head, nil)})
}

// columnSplit is the state of splitting a file.
type columnSplit struct {
	*columns
	emit  func(schema.Record) error
	room  *columnRoom
	whole bool // whether the file is one document

	started    bool  // whether start is that of a record, or of comments before one
	open       bool  // whether it is a record
	texts      bool  // whether it has text
	start, end int64 // of it
	first      int   // the line that it starts in
	values     []string
}

// line reads one line, from start to end.
func (s *columnSplit) line(text []byte, start, end int64, number int) error {
	kind := s.kind(text)
	if kind == blankLine {
		if s.byDocument && s.texts {
			return s.flush()
		}
		return nil
	}
	if kind == startLine && s.open {
		if err := s.flush(); err != nil {
			return err
		}
	}
	if !s.started {
		s.start, s.first, s.started = start, number, true
		if s.whole {
			s.start, s.first = 0, 1
		}
	}
	if kind != commentLine {
		s.open = true
	}
	if kind == textLine && !s.texts {
		s.texts = true
		s.values = s.fieldsOf(text, s.room, s.values[:0])
	}
	s.end = end
	return nil
}

// flush ends the record, if one was started.
func (s *columnSplit) flush() error {
	if !s.open {
		return nil
	}
	if !s.texts {
		s.values = s.values[:0]
		for range s.fields {
			s.values = append(s.values, "")
		}
	}
	s.started, s.open, s.texts = false, false, false
	return s.emit(schema.Record{Start: s.start, End: s.end, Line: s.first, Whole: s.whole, Values: s.values})
}

// Fields implements Records.
func (p *columns) Fields(record []byte, dst []string) []string {
	room := p.rooms.Get().(*columnRoom)
	defer p.rooms.Put(room)
	record = bytes.TrimPrefix(record, bom)
	for len(record) > 0 {
		line, rest, _ := bytes.Cut(record, newline)
		if p.kind(line) == textLine {
			return p.fieldsOf(line, room, dst)
		}
		record = rest
	}
	for range p.fields {
		dst = append(dst, "")
	}
	return dst
}

var newline = []byte{'\n'}

// fieldsOf appends the values of the corpus's fields in a line.
func (p *columns) fieldsOf(line []byte, room *columnRoom, dst []string) []string {
	if len(p.fields) == 0 {
		return dst
	}
	room.parts = p.split(line, 0, lineEnd(line, 0, len(line)), room.parts[:0])
	for _, at := range p.fields {
		value := ""
		if at >= 0 {
			if cell, ok := column(room.parts, p.needed[at]); ok {
				value = cellText(line[cell.Start:cell.End])
			}
		}
		dst = append(dst, value)
	}
	return dst
}

// lineEnd is the end of the line data[start:end] without the bytes that end it.
func lineEnd(data []byte, start, end int) int {
	if end > start && data[end-1] == '\n' {
		end--
	}
	if end > start && data[end-1] == '\r' {
		end--
	}
	return end
}

// cellText is what stands in a cell that is no text of the document.
func cellText(cell []byte) string {
	return strings.ToValidUTF8(string(bytes.TrimSpace(cell)), "\uFFFD")
}

// columnRoom is what parsing needs and the next document can use again.
type columnRoom struct {
	parts  []schema.Span // of one line
	lines  []columnLine
	cells  []place // of all lines, len(needed) for each
	spans  []columnSpan
	none   []int        // label fields without a scheme
	words  []labelWords // by field
	linked []linkedSpan
	roles  map[string]string
}

// columnLine is a line of text.
type columnLine struct {
	place           // without its line end
	text      place // of the line's text in the document's, without what parts it from the line before
	columns   int32 // how many there are
	first     bool  // whether it starts a sentence
	malformed bool
}

// columnSpan is a labelled stretch of lines.
type columnSpan struct {
	first, last int32 // lines
	field       int32 // index into columns.labels; -1 for all without a scheme
	word        *labelWord
	label       place // as the tag has it
	source      place // of the label
	link        place // of the link, empty for none
}

// columnScan is the state of parsing one document.
type columnScan struct {
	*columns
	*columnRoom
	textWriter
	expected int32 // columns of a line
}

// Parse implements Parser.
func (p *columns) Parse(src *schema.Source, doc *schema.Document) bool {
	if noteWide(src, doc) {
		return false
	}
	s := columnScan{columns: p, columnRoom: p.rooms.Get().(*columnRoom), textWriter: newTextWriter(src, doc)}
	defer p.rooms.Put(s.columnRoom)
	s.prepare()
	s.read(src)
	if len(s.lines) == 0 {
		doc.Diagnostics.Notef(schema.RecordMalformed, 0, "the document has no line with text")
		return false
	}
	s.write()
	s.finish()
	s.unlike()
	s.segments()
	for i := range s.labels {
		if s.labels[i].bio {
			s.decodeTags(i)
		}
	}
	s.tokens()
	s.annotations()
	return true
}

func (s *columnScan) prepare() {
	r := s.columnRoom
	r.lines, r.cells, r.spans, r.none, r.linked = r.lines[:0], r.cells[:0], r.spans[:0], r.none[:0], r.linked[:0]
	for i := range s.labels {
		if !s.labels[i].bio {
			r.none = append(r.none, i)
		}
	}
	if r.words == nil {
		r.words, r.roles = newLabelWords(len(s.labels)), make(map[string]string)
	}
}

// read finds the lines with text, and says which do not fit.
func (s *columnScan) read(src *schema.Source) {
	pieces := piecesOf(src)
	first := true
	for i := range pieces {
		at, end := pieces[i].Data.Start, pieces[i].Data.End
		if pieces[i].Offset == 0 && bytes.HasPrefix(s.data[at:end], bom) {
			s.doc.Diagnostics.Notef(schema.ByteOrderMark, at, "the byte order mark is left out of the text")
			at += len(bom)
		}
		for at < end {
			next := end
			if n := bytes.IndexByte(s.data[at:end], '\n'); n >= 0 {
				next = at + n + 1
			}
			stop := lineEnd(s.data, at, next)
			switch s.kind(s.data[at:stop]) {
			case textLine:
				s.parts = s.split(s.data, at, stop, s.parts[:0])
				line := columnLine{place: place{int32(at), int32(stop)}, columns: int32(len(s.parts)), first: first}
				for _, number := range s.needed {
					cell, ok := column(s.parts, number)
					line.malformed = line.malformed || !ok
					s.cells = append(grown(s.cells, at, len(s.data)), placeOf(cell))
				}
				s.lines = append(grown(s.lines, at, len(s.data)), line)
				first = false
			case blankLine, startLine:
				first = true
			}
			at = next
		}
		first = true
	}
	s.expect()
}

// maxColumns is how many columns are told apart from more.
const maxColumns = 63

// expect says which lines have another number of columns than most, or lack one that
// is read.
func (s *columnScan) expect() {
	if len(s.lines) == 0 {
		return
	}
	var counts [maxColumns + 1]int
	for i := range s.lines {
		counts[min(s.lines[i].columns, maxColumns)]++
	}
	s.expected = min(s.lines[0].columns, maxColumns)
	for n := range int32(len(counts)) {
		if counts[n] > counts[s.expected] {
			s.expected = n
		}
	}
	for i := range s.lines {
		l := &s.lines[i]
		if min(l.columns, maxColumns) != s.expected || l.malformed {
			l.malformed = true
			if d := s.doc.Diagnostics.Note(schema.RowMalformed, int(l.start)); d != nil {
				d.Message = s.misfit(l)
			}
		}
	}
}

// misfit says what is wrong with a line.
func (s *columnScan) misfit(l *columnLine) string {
	if min(l.columns, maxColumns) != s.expected {
		return fmt.Sprintf("the line has %d column(s), and most of the document's have %d; its text is kept without labels", l.columns, s.expected)
	}
	for i, number := range s.needed {
		if number >= int(l.columns) || -number > int(l.columns) {
			return fmt.Sprintf("the line has %d column(s), and the config names column %s; its text is kept without labels", l.columns, s.names[i])
		}
	}
	return "the line lacks a column"
}

// cell is what stands in a column of a line, at the given index into needed.
func (s *columnScan) cell(line, at int) schema.Span { return s.cells[line*len(s.needed)+at].span() }

// value is the same without the white space around it.
func (s *columnScan) value(line, at int) schema.Span {
	if at < 0 {
		return schema.Span{}
	}
	c := s.cell(line, at)
	for c.Start < c.End && isSpace(s.data[c.Start]) {
		c.Start++
	}
	for c.Start < c.End && isSpace(s.data[c.End-1]) {
		c.End--
	}
	return c
}

// write puts the text together.
func (s *columnScan) write() {
	before := -1 // the line with text before
	for i := range s.lines {
		l := &s.lines[i]
		cell := s.cell(i, s.textAt)
		if l.malformed && cell == (schema.Span{}) {
			cell = l.span() // it has no such column
		}
		if firstText(s.data[cell.Start:cell.End]) < 0 {
			s.doc.Diagnostics.Notef(schema.ValueMissing, cell.Start, "the column of the text is empty in this line")
			l.text = placeOf(schema.Span{Start: len(s.text), End: len(s.text)})
			continue
		}
		if before >= 0 {
			between := " "
			if s.sentences || s.starts(before, i) {
				between = "\n"
			}
			s.put(between, int(s.lines[before].end), int(l.start))
		}
		before = i
		l.text.start = int32(len(s.text))
		s.decode(cell.Start, cell.End)
		l.text.end = int32(len(s.text))
	}
}

// starts reports whether a sentence of tokens starts at one of the lines behind
// before, up to line i.
func (s *columnScan) starts(before, i int) bool {
	for j := before + 1; j <= i; j++ {
		if s.lines[j].first {
			return true
		}
	}
	return false
}

// unlike says where a field has another value than in the first line, which counts.
func (s *columnScan) unlike() {
	for _, at := range s.fields {
		if at < 0 || s.lines[0].malformed {
			continue
		}
		first := s.value(0, at)
		for i := range s.lines {
			v := s.value(i, at)
			if s.lines[i].malformed || s.same(v, first) {
				continue
			}
			if d := s.doc.Diagnostics.Note(schema.ValueUnexpected, v.Start); d != nil {
				d.Message = fmt.Sprintf("column %s was %q in the document's first line, which counts, and is %q here",
					s.names[at], cellText(s.data[first.Start:first.End]), cellText(s.data[v.Start:v.End]))
			}
			break
		}
	}
}

// segments makes a segment of each sentence, with a group where it was annotated.
func (s *columnScan) segments() {
	doc, start := s.doc, 0
	for i := 0; i < len(s.lines); {
		next := i + 1
		for !s.sentences && next < len(s.lines) && !s.lines[next].first {
			next++
		}
		segment := schema.Segment{Text: schema.Span{Start: start, End: int(s.lines[next-1].text.end)}, Group: schema.NoGroup}
		if segment.Text.Len() > 0 {
			if !s.lines[i].malformed {
				segment.Role = doc.AddRole(s.roleOf(i))
			}
			if len(s.labels) > 0 && s.anyFits(i, next) {
				segment.Group = len(doc.Groups)
				labels := schema.Span{Start: len(doc.Labels)}
				if s.sentences {
					s.lineLabels(i)
				}
				labels.End = len(doc.Labels)
				doc.Groups = append(grown(doc.Groups, i, len(s.lines)), schema.Group{
					Source: place{s.lines[i].start, s.lines[next-1].end}.span(), Labels: labels,
				})
			}
			doc.Segments = append(grown(doc.Segments, i, len(s.lines)), segment)
			start = segment.Text.End
		}
		i = next
	}
}

// anyFits reports whether any of the lines from i to next-1 fits, so that its labels, or
// that it has none, are known.
func (s *columnScan) anyFits(i, next int) bool {
	for ; i < next; i++ {
		if !s.lines[i].malformed {
			return true
		}
	}
	return false
}

// roleOf is the role that a line says it has.
func (s *columnScan) roleOf(line int) string {
	v := s.value(line, s.roleAt)
	if v.Len() == 0 {
		return ""
	}
	role, ok := s.roles[string(s.data[v.Start:v.End])]
	if !ok {
		role = roleName(s.data[v.Start:v.End])
		if v.Len() <= maxWord && len(s.roles) < maxWords {
			s.roles[string(s.data[v.Start:v.End])] = role
		}
	}
	return role
}

// roleName is a role as all corpora write it.
func roleName(text []byte) string { return strings.ToLower(cellText(text)) }

// word reads a value of a column of labels.
func (s *columnScan) word(field int, v schema.Span) *labelWord {
	return s.words[field].read(&s.labels[field].labelField, s.data[v.Start:v.End], v.Start, s.doc)
}

// plainLabel is what stands in a line in a column without a scheme, empty for no label.
func (s *columnScan) plainLabel(line, field int) schema.Span {
	v := s.value(line, s.labels[field].from)
	if v.Len() == 1 && s.data[v.Start] == '_' {
		return schema.Span{}
	}
	return v
}

// lineLabels appends the labels of the columns without a scheme that a line has.
func (s *columnScan) lineLabels(line int) {
	first := len(s.doc.Labels)
	for _, field := range s.none {
		v := s.plainLabel(line, field)
		if v.Len() == 0 {
			continue
		}
		if w := s.word(field, v); w.ok {
			s.addLabel(field, line, w, v, len(s.doc.Labels)-first)
		}
	}
}

// addLabel appends a label, where its layer is known.
func (s *columnScan) addLabel(field, line int, w *labelWord, source schema.Span, position int) {
	f := &s.labels[field]
	of := schema.Detail{InLayer: w.layer, RawPolarity: w.polarity}
	if of.InLayer == "" && f.layerFrom >= 0 {
		v := s.value(line, f.layerFrom)
		of.InLayer = layerName(string(s.data[v.Start:v.End]))
	}
	if of.InLayer == "" {
		if d := s.doc.Diagnostics.Note(schema.ValueMissing, source.Start); d != nil {
			d.Message = fmt.Sprintf("nothing says which layer the label %q is of; it was left out", w.label)
		}
		return
	}
	if of.RawPolarity == "" && f.polarity >= 0 {
		v := s.value(line, f.polarity)
		of.RawPolarity = cellText(s.data[v.Start:v.End])
	}
	s.doc.Labels = append(grown(s.doc.Labels, line, len(s.lines)), schema.Label{
		Raw: w.label, Source: source, Position: position, Detail: s.doc.Detail(of),
	})
}

// tokens makes an annotation of each token that has labels in columns without a
// scheme.
func (s *columnScan) tokens() {
	if s.sentences || len(s.none) == 0 {
		return
	}
	for i := range s.lines {
		if s.lines[i].malformed || s.skipped(i) {
			continue
		}
		if slices.ContainsFunc(s.none, func(field int) bool { return s.plainLabel(i, field).Len() > 0 }) {
			s.spans = append(grown(s.spans, i, len(s.lines)), columnSpan{first: int32(i), last: int32(i), field: -1})
		}
	}
}

// annotations makes annotations of the spans, in the order of their starts.
func (s *columnScan) annotations() {
	slices.SortStableFunc(s.spans, func(a, b columnSpan) int { return int(a.first) - int(b.first) })
	doc, own := s.doc, len(s.doc.Annotations)
	texts := make([]schema.Span, 0, len(s.spans))
	doc.Annotations = slices.Grow(doc.Annotations, len(s.spans))
	for i := range s.spans {
		span := &s.spans[i]
		labels := schema.Span{Start: len(doc.Labels)}
		if span.field < 0 {
			s.lineLabels(int(span.first))
		} else {
			s.addLabel(int(span.field), int(span.first), span.word, span.source.span(), 0)
		}
		if labels.End = len(doc.Labels); labels.Len() == 0 {
			continue
		}
		if span.link != (place{}) {
			text := span.word.labelText
			if text.polarity = doc.Labels[labels.Start].RawPolarity(); text.link == "" {
				text.link = cellText(s.data[span.link.start:span.link.end])
			}
			s.linked = append(s.linked, linkedSpan{labelText: text, annotation: len(doc.Annotations), source: span.link.span()})
		}
		texts = append(texts, place{s.lines[span.first].text.start, s.lines[span.last].text.end}.span())
		doc.Annotations = append(doc.Annotations, schema.Annotation{Text: texts[len(texts)-1 : len(texts) : len(texts)], Labels: labels})
	}
	number(doc.Annotations[own:])
	appendLinked(doc, s.links, s.linked)
}

// number gives annotations their numbers for ids, which share one text.
func number(list []schema.Annotation) {
	var text strings.Builder
	text.Grow(len(list) * len(strconv.Itoa(len(list))))
	var digits [20]byte
	for i := range list {
		start := text.Len()
		text.Write(strconv.AppendInt(digits[:0], int64(i+1), 10))
		list[i].ID = text.String()[start:]
	}
}
