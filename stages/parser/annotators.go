package parser

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/quern-data/quern/schema"
)

// annotators parses documents that several people annotated, each in a file or record
// of their own: the pieces of the source. Each piece is parsed by itself. The first is
// the document, and the others add their labels to it, if their text is the same: where
// their sentences are, to these, else as annotations. If one cannot be parsed, the
// document is refused: whose labels there are would depend on who made a mistake.
type annotators struct {
	Parser
	room sync.Pool // of *annotatorRoom
}

// annotatorRoom is what parsing needs and the next document can use again.
type annotatorRoom struct {
	other  schema.Document
	data   []byte        // of a part
	header *schema.Piece // that data starts with, nil for none
}

// annotatorRecords is the same for files that hold many documents.
type annotatorRecords struct {
	*annotators
	records Records
}

func byAnnotators(p Parser) Parser {
	a := &annotators{Parser: p, room: sync.Pool{New: func() any { return new(annotatorRoom) }}}
	if records, ok := p.(Records); ok {
		return annotatorRecords{a, records}
	}
	return a
}

// Split implements Records.
func (a annotatorRecords) Split(file io.Reader, emit func(schema.Record) error) error {
	return a.records.Split(file, emit)
}

// Fields implements Records.
func (a annotatorRecords) Fields(record []byte, dst []string) []string {
	return a.records.Fields(record, dst)
}

// Parse implements Parser.
func (a *annotators) Parse(src *schema.Source, doc *schema.Document) bool {
	parts := partsOf(src)
	if len(parts) < 2 {
		return a.Parser.Parse(src, doc)
	}
	room := a.room.Get().(*annotatorRoom)
	defer a.room.Put(room)
	room.header = nil
	m := merger{src: src, doc: doc, room: room, seen: map[string]int{}, firsts: map[string]*part{}}
	m.first(a.Parser, &parts[0])
	parts = parts[1:]
	other := &room.other
	for i := range parts {
		m.add(a.Parser, &parts[i], other)
	}
	other.Reset(new(schema.Source)) // lets go of the text
	if len(m.refused) > 0 {
		doc.Reset(src)
		for i := range m.refused {
			doc.Diagnostics.Add(m.refused[i])
		}
		return false
	}
	m.finish()
	return true
}

// part is a piece that is a document by itself, and the header that it is read with.
type part struct{ header, record *schema.Piece }

func partsOf(src *schema.Source) (parts []part) {
	var header *schema.Piece
	for i := range src.Pieces {
		p := &src.Pieces[i]
		if header != nil && header.Path != p.Path {
			header = nil
		}
		if p.Header {
			header = p
			continue
		}
		parts = append(parts, part{header, p})
	}
	return parts
}

// source is what the part is as a source of its own, until the next part is.
func (p *part) source(src *schema.Source, room *annotatorRoom) *schema.Source {
	own := *p.record
	own.Data = schema.Span{End: p.record.Data.Len()}
	of := &schema.Source{
		ID: src.ID, Corpus: src.Corpus, Path: p.record.Path, Attributes: src.Attributes, Extra: src.Extra,
		RawPath: p.record.RawPath, RawData: src.RawData[p.record.Raw.Start:p.record.Raw.End],
	}
	if of.RawPath != "" {
		own.Raw = schema.Span{End: len(of.RawData)}
	}
	data := src.Data[p.record.Data.Start:p.record.Data.End]
	if p.header != nil {
		header := *p.header
		text := src.Data[header.Data.Start:header.Data.End]
		header.Data = schema.Span{End: len(text)}
		own.Data.Start, own.Data.End = len(text), len(text)+len(data)
		of.Pieces = append(of.Pieces, header)
		if p.header.Data.End == p.record.Data.Start {
			data = src.Data[p.header.Data.Start:p.record.Data.End]
		} else {
			// Many parts follow each other that have one header: it is copied once.
			if room.header != p.header {
				room.data, room.header = append(room.data[:0], text...), p.header
			}
			room.data = append(room.data[:len(text)], data...)
			data = room.data
		}
	}
	of.Data, of.Bytes = data, int64(len(data))
	of.Pieces = append(of.Pieces, own)
	return of
}

// at is the offset in the whole source of one in the part's own.
func (p *part) at(offset int) int {
	if p.header != nil {
		if offset < p.header.Data.Len() {
			return p.header.Data.Start + offset
		}
		offset -= p.header.Data.Len()
	}
	return p.record.Data.Start + offset
}

// span is the same for a span of labels or relations.
func (p *part) span(s schema.Span, standoff bool) schema.Span {
	switch {
	case standoff:
		return schema.Span{Start: p.record.Raw.Start + s.Start, End: p.record.Raw.Start + s.End}
	case s.Len() <= 0:
		return schema.Span{Start: p.at(s.Start), End: p.at(s.Start)}
	}
	return schema.Span{Start: p.at(s.Start), End: p.at(s.End-1) + 1}
}

// who is whose part it is, for messages.
func (p *part) who() string {
	if p.record.Annotator != "" {
		return p.record.Annotator + " (" + schema.DisplayPath(p.record.Path) + ")"
	}
	return schema.DisplayPath(p.record.Path)
}

// merger makes one document of several.
type merger struct {
	src   *schema.Source
	doc   *schema.Document
	room  *annotatorRoom
	seen  map[string]int // how many parts an annotator has
	text  string         // of the document, without the white space at its end
	whole schema.Span    // of it, without the white space around it

	nameless *part            // the first that names no annotator
	firsts   map[string]*part // of each annotator

	refused []schema.Diagnostic // what the parts say that cannot be read

	// What the others add, with spans into labels. It is put in its place at the end, so
	// that it is moved once.
	labels      []schema.Label
	groups      []addition
	annotations []schema.Annotation
}

// addition is labels for a segment.
type addition struct {
	segment int
	source  schema.Span
	labels  schema.Span
	broken  bool
}

// first makes the first part the document.
func (m *merger) first(p Parser, at *part) {
	doc := m.doc
	doc.Reset(m.src)
	own := at.source(m.src, m.room)
	if own.RawPath == "" && m.src.RawPath != "" {
		own.RawPath, own.RawData = m.src.RawPath, m.src.RawData // one twin for all
	}
	noted := len(doc.Diagnostics.All())
	doc.Source = own
	ok := p.Parse(own, doc)
	doc.Source = m.src
	list := doc.Diagnostics.All()[noted:]
	for i := range list {
		m.move(&list[i], at)
	}
	if !ok {
		m.refuse(list)
		return
	}
	doc.Map.Move(at.at)
	m.text = withoutEnd(doc.Annotated)
	m.whole = schema.Span{End: len(doc.Annotated)}.Trim(doc.Annotated)
	if doc.Unannotated {
		return
	}
	m.sign(doc, at)
	m.name(doc, at)
	doc.Annotators = m.count(doc.Annotators, at)
}

// name says that a part names no annotator, if it is not the only one, or one who has
// another part.
func (m *merger) name(own *schema.Document, at *part) {
	switch {
	case at.record.Annotator != "" || len(own.Annotators) > 0:
		if by := at.record.Annotator; by != "" {
			m.once(by, at)
		}
		for _, by := range own.Annotators {
			m.once(by, at)
		}
	case m.nameless == nil:
		m.nameless = at
	default:
		m.doc.Diagnostics.Notef(schema.AnnotatorMissing, at.record.Data.Start,
			"nothing says who annotated this document, here and in %s: nobody can tell their labels apart; give the attribute annotator, or other ids", m.place(m.nameless))
	}
}

// once says that an annotator labelled the document before.
func (m *merger) once(by string, at *part) {
	switch first := m.firsts[by]; first {
	case nil:
		m.firsts[by] = at
	case at:
	default:
		m.doc.Diagnostics.Notef(schema.AnnotatorTwice, at.record.Data.Start,
			"%s labelled this document in %s, too; the labels are joined", by, m.place(first))
	}
}

// place is where a part is, for messages.
func (m *merger) place(at *part) string {
	path := schema.DisplayPath(at.record.Path)
	if at.record.Line > 1 {
		return fmt.Sprintf("line %d of %s", at.record.Line, path)
	}
	return path
}

// refuse keeps what a part says that cannot be parsed.
func (m *merger) refuse(list []schema.Diagnostic) {
	for _, d := range list {
		if d.Severity() == schema.Error {
			d.Message += "; the document is refused, with what others labelled in it"
		}
		m.refused = append(m.refused, d)
	}
}

// move makes the place of a diagnostic one in the whole source.
func (m *merger) move(d *schema.Diagnostic, at *part) {
	switch {
	case d.Offset == schema.NoOffset:
		if !d.InRaw {
			d.Offset = at.record.Data.Start // there is more than one file
		}
	case d.InRaw:
		d.Offset += at.record.Raw.Start
	default:
		// The end of the part is the start of the next.
		d.Offset = min(at.at(d.Offset), max(at.record.Data.Start, at.record.Data.End-1))
	}
}

// sign gives the labels and relations of a part their place in the whole source, and
// their annotator.
func (m *merger) sign(doc *schema.Document, at *part) {
	by := at.record.Annotator
	for i := range doc.Labels {
		l := &doc.Labels[i]
		l.Source = at.span(l.Source, doc.Standoff)
		switch {
		case l.Annotator() != "" || by == "":
		case l.Detail == nil:
			l.Detail = doc.Detail(schema.Detail{Annotator: by})
		default:
			l.Detail.Annotator = by
		}
	}
	for i := range doc.Groups {
		doc.Groups[i].Source = at.span(doc.Groups[i].Source, doc.Standoff)
	}
	for i := range doc.Relations {
		r := &doc.Relations[i]
		if r.Source = at.span(r.Source, doc.Standoff); r.Annotator == "" {
			r.Annotator = by
		}
	}
}

// count adds the annotator of a part to those of the document.
func (m *merger) count(list []string, at *part) []string {
	by := at.record.Annotator
	if m.seen[by]++; by != "" && m.seen[by] == 1 {
		list = append(list, by)
	}
	return list
}

// add adds what a part has.
func (m *merger) add(p Parser, at *part, other *schema.Document) {
	own := at.source(m.src, m.room)
	other.Diagnostics.Limit = m.doc.Diagnostics.Limit
	other.Reset(own)
	ok := p.Parse(own, other)
	list := other.Diagnostics.All()
	for i := range list {
		m.move(&list[i], at)
	}
	if !ok {
		m.refuse(list)
	}
	if len(m.refused) > 0 {
		return
	}
	for i := range list {
		m.doc.Diagnostics.Add(list[i])
	}
	m.uncounted(other)
	if withoutEnd(other.Annotated) != m.text {
		m.doc.Diagnostics.Notef(schema.AnnotatorMismatch, at.record.Data.Start,
			"the text of %s is not that of %s: they differ from character %d on; its labels were left out",
			at.who(), schema.DisplayPath(m.firstPath()), differsAt(m.doc.Annotated, other.Annotated))
		return
	}
	if other.Unannotated {
		return
	}
	m.doc.Unannotated = false
	m.sign(other, at)
	m.name(other, at)
	m.doc.Annotators = m.count(append(m.doc.Annotators, other.Annotators...), at)
	m.take(other, at)
}

// withoutEnd is a text without the white space at its end, which is no difference.
func withoutEnd(text string) string { return strings.TrimRight(text, " \t\n") }

// uncounted counts the diagnostics of a part that it did not keep.
func (m *merger) uncounted(other *schema.Document) {
	missing := other.Diagnostics.Total() - len(other.Diagnostics.All())
	if missing == 0 {
		return
	}
	kept := map[schema.Code]int{}
	for _, d := range other.Diagnostics.All() {
		kept[d.Code]++
	}
	for _, code := range schema.Codes() {
		for range other.Diagnostics.Count(code) - kept[code] {
			m.doc.Diagnostics.Note(code, schema.NoOffset) // there is no room for it here either
		}
	}
}

func (m *merger) firstPath() string { return m.src.Pieces[0].Path }

// differsAt is the number of characters that a and b start with in common.
func differsAt(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	for n > 0 && n < len(a) && !utf8.RuneStart(a[n]) {
		n--
	}
	return utf8.RuneCountInString(a[:n])
}

// take takes over the labels and relations of a part with the same text.
func (m *merger) take(other *schema.Document, at *part) {
	size := len(m.doc.Annotated)
	clip := func(s schema.Span) schema.Span {
		return schema.Span{Start: min(s.Start, size), End: min(s.End, size)}
	}
	same := slices.EqualFunc(m.doc.Segments, other.Segments, func(a, b schema.Segment) bool { return a.Text == clip(b.Text) })
	// Ids are unique among an annotator's, who may have several parts.
	suffix := ""
	if n := m.seen[at.record.Annotator]; n > 1 {
		suffix = "/" + strconv.Itoa(n)
	}
	segments := make([]schema.Target, len(other.Segments)) // what becomes of them as ends of relations
	for i, s := range other.Segments {
		segments[i] = m.segmentAt(clip(s.Text).Start)
		if same {
			segments[i] = schema.Target{Kind: schema.ToSegment, Index: i}
		}
		if s.Group == schema.NoGroup {
			continue
		}
		g := &other.Groups[s.Group]
		if same {
			m.groups = append(m.groups, addition{i, g.Source, m.keep(other, g.Labels), g.Broken})
			continue
		}
		if span := clip(s.Text).Trim(m.doc.Annotated); span.Len() > 0 && g.Labels.Len() > 0 {
			segments[i] = m.annotation()
			m.annotations = append(m.annotations, schema.Annotation{Text: []schema.Span{span}, Labels: m.keep(other, g.Labels)})
		}
	}
	annotations := make([]schema.Target, len(other.Annotations))
	for i, a := range other.Annotations {
		annotations[i] = m.annotation()
		var text []schema.Span
		for _, s := range a.Text {
			if s = clip(s); s.Len() > 0 {
				text = append(text, s)
			}
		}
		if len(text) == 0 { // white space behind the end of the first's
			text = append(text, m.whole)
		}
		if a.ID != "" {
			a.ID += suffix
		}
		m.annotations = append(m.annotations, schema.Annotation{ID: a.ID, Text: text, Labels: m.keep(other, a.Labels)})
	}
	for _, r := range other.Relations {
		for _, end := range [...]*schema.Target{&r.From, &r.To} {
			switch end.Kind {
			case schema.ToSegment:
				*end = segments[end.Index]
			case schema.ToAnnotation:
				*end = annotations[end.Index]
			}
		}
		r.Attributes = slices.Clone(r.Attributes)
		m.doc.Relations = append(m.doc.Relations, r)
	}
}

// annotation is the end of a relation at the annotation that is added next.
func (m *merger) annotation() schema.Target {
	return schema.Target{Kind: schema.ToAnnotation, Index: len(m.doc.Annotations) + len(m.annotations)}
}

// segmentAt is the end of a relation at the document's segment that an offset of the
// text is in; one that there is not, if none is.
func (m *merger) segmentAt(offset int) schema.Target {
	list := m.doc.Segments
	i := sort.Search(len(list), func(i int) bool { return list[i].Text.End > offset })
	return schema.Target{Kind: schema.ToSegment, Index: i}
}

// keep copies labels, and returns where they are.
func (m *merger) keep(other *schema.Document, labels schema.Span) schema.Span {
	at := len(m.labels)
	m.labels = append(m.labels, other.Labels[labels.Start:labels.End]...)
	for i := at; i < len(m.labels); i++ {
		if l := &m.labels[i]; l.Detail != nil {
			l.Detail = m.doc.Detail(*l.Detail)
		}
	}
	return schema.Span{Start: at, End: len(m.labels)}
}

// finish puts what was added in its place: groups in the order of their segments, then
// annotations in the order of their starts.
func (m *merger) finish() {
	doc := m.doc
	slices.Sort(doc.Annotators)
	doc.Annotators = slices.Compact(doc.Annotators)
	if len(m.groups)+len(m.annotations) == 0 {
		return
	}
	slices.SortStableFunc(m.groups, func(a, b addition) int { return cmp.Compare(a.segment, b.segment) })
	labels := make([]schema.Label, 0, len(doc.Labels)+len(m.labels))
	var groups []schema.Group
	added := m.groups
	for i := range doc.Segments {
		s := &doc.Segments[i]
		if s.Group == schema.NoGroup && (len(added) == 0 || added[0].segment != i) {
			continue
		}
		g := schema.Group{Labels: schema.Span{Start: len(labels)}}
		if s.Group != schema.NoGroup {
			old := &doc.Groups[s.Group]
			g.Source, g.Broken = old.Source, old.Broken
			labels = append(labels, doc.Labels[old.Labels.Start:old.Labels.End]...)
		} else {
			g.Source = added[0].source
		}
		for ; len(added) > 0 && added[0].segment == i; added = added[1:] {
			g.Broken = g.Broken || added[0].broken
			labels = append(labels, m.labels[added[0].labels.Start:added[0].labels.End]...)
		}
		g.Labels.End = len(labels)
		for j := g.Labels.Start; j < g.Labels.End; j++ {
			labels[j].Position = j - g.Labels.Start
		}
		s.Group = len(groups)
		groups = append(groups, g)
	}

	// The document's own come first among those that start at one place.
	own := len(doc.Annotations)
	all := append(doc.Annotations, m.annotations...)
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(all[a].Text[0].Start, all[b].Text[0].Start) })
	moved := make([]int, len(all)) // index -> place in the order
	sorted := make([]schema.Annotation, len(all))
	for i, at := range order {
		a, from := all[at], doc.Labels
		if at >= own {
			from = m.labels
		}
		start := len(labels)
		labels = append(labels, from[a.Labels.Start:a.Labels.End]...)
		a.Labels = schema.Span{Start: start, End: len(labels)}
		sorted[i], moved[at] = a, i
	}
	for i := range doc.Relations {
		for _, end := range [...]*schema.Target{&doc.Relations[i].From, &doc.Relations[i].To} {
			if end.Kind == schema.ToAnnotation {
				end.Index = moved[end.Index]
			}
		}
	}
	doc.Labels, doc.Groups, doc.Annotations = labels, groups, sorted
}
