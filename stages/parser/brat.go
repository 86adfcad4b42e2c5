package parser

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/taxonomy"
)

// brat parses a text whose annotations stand beside it, as the tool of that name
// writes them: the twin. A line is an annotation, its fields have tabs between them:
//
//	T1	Method 0 4;9 14	text          a span, here in two pieces
//	E1	Compare:T1 Theme:T2 Theme2:E2   an event: its trigger, and its arguments
//	R1	Supports Arg1:T1 Arg2:T2        a relation
//	*	Equiv T1 T2 T3                  spans that mean the same
//	A1	Negation E1                     an attribute, M in older files; with a value or without
//	N1	Reference T1 Wikipedia:1	text   what a span stands for
//	#1	AnnotatorNotes T1	text         a note
//
// Spans and events are annotations, what is said of them are their labels, and
// arguments are relations that start at the event.
type brat struct {
	layer, noteLayer string
}

func newBrat(corpus config.Corpus, _ config.Limits, _ *taxonomy.Taxonomy) (Parser, error) {
	return &brat{corpus.Brat.Layer, corpus.Brat.NoteLayer}, nil
}

// Parse implements Parser.
func (p *brat) Parse(src *schema.Source, doc *schema.Document) bool {
	if noteWide(src, doc) {
		return false
	}
	w, from := newTextWriter(src, doc), 0
	if bytes.HasPrefix(src.Data, bom) {
		doc.Diagnostics.Notef(schema.ByteOrderMark, 0, "the byte order mark is left out of the text")
		from = len(bom)
	}
	w.decode(from, len(src.Data))
	w.finish()
	doc.Standoff = true
	if src.RawPath == "" {
		return true // as the reader has said
	}
	s := bratScan{brat: p, doc: doc, text: src.Data, data: string(src.RawData), ids: map[string]bratID{}}
	if isWide(src.RawData) {
		s.note(schema.TwinUnreadable, 0, "the annotations are UTF-16 or UTF-32; convert them with iconv -t UTF-8")
		return true
	}
	s.read()
	s.locate()
	s.triggers()
	s.annotations()
	s.relations()
	return true
}

// bratScan is the state of parsing one document.
type bratScan struct {
	*brat
	doc  *schema.Document
	text []byte // the file of the text
	data string // the file of the annotations

	ids      map[string]bratID
	spans    []bratSpan
	pieces   []bratPiece // of all spans
	events   []bratEvent
	said     []bratSaid
	joins    []bratJoin
	attached [][]int // of said, by annotation
}

// bratID says what an id stands for: an index into spans, events or joins, or of what
// is said of something.
type bratID struct {
	kind  byte // T, E, R, or A for anything said
	index int
}

// bratField is a passage of the annotations.
type bratField struct {
	text string
	at   int
}

func (f bratField) span() schema.Span { return schema.Span{Start: f.at, End: f.at + len(f.text)} }

// bratSpan is a line of T.
type bratSpan struct {
	id         bratField
	kind       bratField
	text       bratField
	hasText    bool
	first, end int // of its pieces
	annotation int // index, or -1 if it is none
}

// bratPiece is a piece of a span: characters of the file of the text, and bytes of the
// document's.
type bratPiece struct {
	start, end int
	text       schema.Span
}

// bratEvent is a line of E.
type bratEvent struct {
	id, kind, trigger bratField
	span              int // its trigger's, -1 if there is none
	annotation        int
}

// bratSaid is a line of A, M, N or #: a label of what it is about.
type bratSaid struct {
	layer string
	name  string // where it is about a relation
	label bratField
	about bratField
}

// bratJoin is what makes relations: a line of R or *, or an argument.
type bratJoin struct {
	kind       string
	from, to   bratField
	source     schema.Span
	id         bratField // where one may speak of it
	attributes []schema.Attribute
}

func (s *bratScan) note(code schema.Code, at int, format string, args ...any) {
	if d := s.doc.Diagnostics.Note(code, at); d != nil {
		d.InRaw, d.Message = true, fmt.Sprintf(format, args...)
	}
}

// read reads the lines.
func (s *bratScan) read() {
	valid := utf8.ValidString(s.data)
	at := 0
	if strings.HasPrefix(s.data, string(bom)) {
		at = len(bom)
	}
	for at < len(s.data) {
		end := strings.IndexByte(s.data[at:], '\n')
		next := at + end + 1
		if end < 0 {
			end, next = len(s.data)-at, len(s.data)
		}
		line := bratField{strings.TrimRight(s.data[at:at+end], " \t\r"), at}
		switch {
		case line.text == "":
		case !valid && !utf8.ValidString(line.text):
			s.note(schema.InvalidUTF8, at, "this annotation is not UTF-8; it was left out")
		default:
			if problem := s.line(line); problem != "" {
				s.note(schema.RowMalformed, at, "%s; the annotation was left out", problem)
			}
		}
		at = next
	}
}

// line reads a line that is not empty, or says what is wrong with it.
func (s *bratScan) line(line bratField) (problem string) {
	id, rest, found := line.cut('\t')
	if !found {
		return fmt.Sprintf("%s is no annotation of brat: there is no tab behind an id", quote(line.text))
	}
	if id.text != "*" {
		if _, has := s.ids[id.text]; has {
			return fmt.Sprintf("the id %s stands there twice", quote(id.text))
		}
	}
	if id.text == "" || id.text != "*" && (len(id.text) < 2 || strings.ContainsFunc(id.text, unicode.IsSpace)) {
		return fmt.Sprintf("%s is no id", quote(id.text))
	}
	switch head, text, hasText := rest.cut('\t'); id.text[0] {
	case 'T':
		return s.span(id, head, text, hasText)
	case 'E':
		return s.event(id, rest)
	case 'R':
		return s.relation(id, rest)
	case '*':
		return s.equal(rest)
	case 'A', 'M':
		return s.attribute(id, rest)
	case 'N':
		return s.normalization(id, head)
	case '#':
		return s.remark(id, head, text)
	}
	return fmt.Sprintf("%s is no id of brat, which start with T, E, R, A, M, N, # or *", quote(id.text))
}

// cut parts a field at the first separator.
func (f bratField) cut(separator byte) (before, after bratField, found bool) {
	n := strings.IndexByte(f.text, separator)
	if n < 0 {
		return f, bratField{at: f.at + len(f.text)}, false
	}
	return bratField{f.text[:n], f.at}, bratField{f.text[n+1:], f.at + n + 1}, true
}

// word parts a field at the first white space.
func (f bratField) word() (word, rest bratField) {
	f = f.trim()
	n := strings.IndexFunc(f.text, unicode.IsSpace)
	if n < 0 {
		return f, bratField{at: f.at + len(f.text)}
	}
	return bratField{f.text[:n], f.at}, bratField{f.text[n:], f.at + n}.trim()
}

func (f bratField) trim() bratField {
	left := strings.TrimLeftFunc(f.text, unicode.IsSpace)
	return bratField{strings.TrimRightFunc(left, unicode.IsSpace), f.at + len(f.text) - len(left)}
}

// quote is a passage for a message.
func quote(text string) string { return strconv.Quote(schema.Clip(text, 40)) }

// span reads `Method 0 4;9 14`.
func (s *bratScan) span(id, head, text bratField, hasText bool) string {
	kind, offsets := head.word()
	first := len(s.pieces)
	for rest, more := offsets, true; more; {
		var piece bratField
		piece, rest, more = rest.cut(';')
		from, to := piece.word()
		start, ok := bratNumber(from.text)
		end, alsoOK := bratNumber(to.text)
		if !ok || !alsoOK {
			s.pieces = s.pieces[:first]
			return fmt.Sprintf("want a type, and where it starts and ends, such as Method 0 4, and found %s", quote(head.text))
		}
		s.pieces = append(s.pieces, bratPiece{start: start, end: end})
	}
	s.ids[id.text] = bratID{'T', len(s.spans)}
	s.spans = append(s.spans, bratSpan{id: id, kind: kind, text: text, hasText: hasText, first: first, end: len(s.pieces), annotation: -1})
	return ""
}

// bratNumber reads an offset.
func bratNumber(text string) (n int, ok bool) {
	for i := range len(text) {
		c := text[i]
		if c < '0' || c > '9' || i == 9 {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	return n, text != ""
}

// event reads `Compare:T1 Theme:T2 Theme2:E2`.
func (s *bratScan) event(id, rest bratField) string {
	word, rest := rest.word()
	kind, trigger, found := word.cut(':')
	if !found || kind.text == "" || trigger.text == "" {
		return fmt.Sprintf("want the event's type and trigger, such as Compare:T1, and found %s", quote(word.text))
	}
	joins := len(s.joins)
	roles := map[string]bool{}
	for rest.text != "" {
		word, rest = rest.word()
		role, to, found := word.cut(':')
		if !found || role.text == "" || to.text == "" {
			s.joins = s.joins[:joins]
			return fmt.Sprintf("want an argument, such as Theme:T2, and found %s", quote(word.text))
		}
		roles[role.text] = true
		s.joins = append(s.joins, bratJoin{kind: role.text, from: id, to: to, source: word.span()})
	}
	// Several arguments in one role are numbered: Theme, Theme2, Theme3.
	for i := joins; i < len(s.joins); i++ {
		j := &s.joins[i]
		if role := strings.TrimRight(j.kind, "0123456789"); role != j.kind && roles[role] {
			j.attributes = append(j.attributes, schema.Attribute{Name: "role", Value: j.kind})
			j.kind = role
		}
	}
	s.ids[id.text] = bratID{'E', len(s.events)}
	s.events = append(s.events, bratEvent{id: id, kind: kind, trigger: trigger, span: -1, annotation: -1})
	return ""
}

// relation reads `Supports Arg1:T1 Arg2:T2`.
func (s *bratScan) relation(id, rest bratField) string {
	kind, ends := rest.word()
	join := bratJoin{kind: kind.text, source: rest.trim().span(), id: id}
	n := 0
	for more := ends; more.text != ""; n++ {
		var word bratField
		word, more = more.word()
		role, end, found := word.cut(':')
		if !found || end.text == "" || n == 2 {
			n = 0
			break
		}
		if n == 0 {
			join.from = end
		} else {
			join.to = end
		}
		if role.text != bratRoles[n].usual && role.text != "" {
			join.attributes = append(join.attributes, schema.Attribute{Name: bratRoles[n].attribute, Value: role.text})
		}
	}
	if n != 2 {
		return fmt.Sprintf("want a type and two ends, such as Supports Arg1:T1 Arg2:T2, and found %s", quote(rest.text))
	}
	s.ids[id.text] = bratID{'R', len(s.joins)}
	s.joins = append(s.joins, join)
	return ""
}

// bratRoles are what the ends of relations are usually called, and the attribute that
// has another name.
var bratRoles = [2]struct{ usual, attribute string }{{"Arg1", "from_role"}, {"Arg2", "to_role"}}

// equal reads `Equiv T1 T2 T3`, which makes relations from the first to each other.
func (s *bratScan) equal(rest bratField) string {
	kind, ends := rest.word()
	first, ends := ends.word()
	if ends.text == "" {
		return fmt.Sprintf("want a type and two spans or more, such as Equiv T1 T2, and found %s", quote(rest.text))
	}
	for ends.text != "" {
		var to bratField
		to, ends = ends.word()
		s.joins = append(s.joins, bratJoin{kind: kind.text, from: first, to: to, source: rest.trim().span()})
	}
	return ""
}

// attribute reads `Negation E1` or `Confidence E1 High`.
func (s *bratScan) attribute(id, rest bratField) string {
	name, rest := rest.word()
	about, value := rest.word()
	if about.text == "" {
		return fmt.Sprintf("want an attribute and what it is about, such as Negation E1, and found %s", quote(name.text))
	}
	label := value
	if label.text == "" {
		label = name
	}
	s.say(id, bratSaid{layer: taxonomy.LayerName(name.text), name: name.text, label: label, about: about})
	return ""
}

// normalizationLayer is the layer of what spans stand for.
const normalizationLayer = "normalization"

// normalization reads `Reference T1 Wikipedia:534366`. What is called so there stands
// behind it and is left out.
func (s *bratScan) normalization(id, head bratField) string {
	kind, rest := head.word()
	about, to := rest.word()
	if to.text == "" {
		return fmt.Sprintf("want what it stands for, such as Reference T1 Wikipedia:1, and found %s", quote(head.text))
	}
	layer := normalizationLayer
	if kind.text != "Reference" {
		layer = taxonomy.LayerName(kind.text)
	}
	s.say(id, bratSaid{layer: layer, name: layer, label: to, about: about})
	return ""
}

// remark reads `AnnotatorNotes T1`, with a text behind it.
func (s *bratScan) remark(id, head, text bratField) string {
	kind, rest := head.word()
	about, more := rest.word()
	if about.text == "" || more.text != "" {
		return fmt.Sprintf("want a kind of note and what it is about, such as AnnotatorNotes T1, and found %s", quote(head.text))
	}
	text = text.trim()
	said := bratSaid{layer: s.noteLayer, name: s.noteLayer, label: text, about: about}
	if kind.text != "AnnotatorNotes" {
		said.layer, said.name = taxonomy.LayerName(kind.text), kind.text
	}
	if text.text == "" || s.noteLayer == "" {
		said.layer = "" // known, and left out
	}
	s.say(id, said)
	return ""
}

func (s *bratScan) say(id bratField, said bratSaid) {
	s.ids[id.text] = bratID{'A', len(s.said)}
	s.said = append(s.said, said)
}

// triggers finds those of the events. A span that is nothing but the trigger of an
// event of its type has no label of its own: what is said of it is said of the event.
func (s *bratScan) triggers() {
	for i := range s.events {
		e := &s.events[i]
		id, found := s.ids[e.trigger.text]
		if !found || id.kind != 'T' || s.spans[id.index].first == s.spans[id.index].end {
			s.note(schema.RelationBroken, e.trigger.at, "the event %s has the trigger %s, which there is not; it was left out", e.id.text, e.trigger.text)
			continue
		}
		e.span = id.index
	}
}

// annotations makes them of spans and events, in the order of their starts, with what
// is said of them.
func (s *bratScan) annotations() {
	type made struct {
		id, kind bratField
		span     int
		set      *int
	}
	var all []made
	instead := map[int]int{} // span -> event
	for i := range s.events {
		if e := &s.events[i]; e.span >= 0 && e.kind.text == s.spans[e.span].kind.text {
			if _, has := instead[e.span]; !has {
				instead[e.span] = i
			}
		}
	}
	for i := range s.spans {
		if span := &s.spans[i]; span.end > span.first {
			if _, has := instead[i]; !has {
				all = append(all, made{span.id, span.kind, i, &span.annotation})
			}
		}
	}
	for i := range s.events {
		if e := &s.events[i]; e.span >= 0 {
			all = append(all, made{e.id, e.kind, e.span, &e.annotation})
		}
	}
	start := func(m made) int { return s.pieces[s.spans[m.span].first].text.Start }
	slices.SortStableFunc(all, func(a, b made) int {
		return cmp.Or(cmp.Compare(start(a), start(b)), cmp.Compare(a.id.at, b.id.at))
	})
	for i := range all {
		*all[i].set = i
	}
	for span, event := range instead {
		s.spans[span].annotation = s.events[event].annotation
	}
	s.attach(len(all))
	for i, m := range all {
		labels := schema.Span{Start: len(s.doc.Labels)}
		s.label(s.layer, m.kind, 0)
		for j, said := range s.attached[i] {
			s.label(s.said[said].layer, s.said[said].label, j+1)
		}
		labels.End = len(s.doc.Labels)
		span := &s.spans[m.span]
		text := make([]schema.Span, 0, span.end-span.first)
		for _, piece := range s.pieces[span.first:span.end] {
			text = append(text, piece.text)
		}
		s.doc.Annotations = append(s.doc.Annotations, schema.Annotation{ID: m.id.text, Text: text, Labels: labels})
	}
}

func (s *bratScan) label(layer string, raw bratField, position int) {
	s.doc.Labels = append(s.doc.Labels, schema.Label{
		Raw: raw.text, Source: raw.span(), Position: position, Detail: s.doc.Detail(schema.Detail{InLayer: layer}),
	})
}

// attach finds what each of n annotations is said about it.
func (s *bratScan) attach(n int) {
	s.attached = make([][]int, n)
	for i := range s.said {
		said := &s.said[i]
		id, found := s.ids[said.about.text]
		if found && id.kind == 'A' { // a note on an attribute is about the same
			id, found = s.ids[s.said[id.index].about.text]
		}
		at := -1
		switch {
		case !found:
		case id.kind == 'T':
			at = s.spans[id.index].annotation
		case id.kind == 'E':
			at = s.events[id.index].annotation
		case id.kind == 'R':
			if said.layer != "" {
				s.describe(id.index, said)
			}
			continue
		}
		if at < 0 {
			s.note(schema.RelationBroken, said.about.at, "this is about %s, which there is not; it was left out", quote(said.about.text))
		} else if said.layer != "" {
			s.attached[at] = append(s.attached[at], i)
		}
	}
}

// describe gives a relation an attribute.
func (s *bratScan) describe(join int, said *bratSaid) {
	j := &s.joins[join]
	value := said.label.text
	if value == said.name {
		value = "true" // an attribute without a value
	}
	j.attributes = append(j.attributes, schema.Attribute{Name: said.name, Value: value})
}

// relations makes them, in the order of their lines.
func (s *bratScan) relations() {
	for i := range s.joins {
		j := &s.joins[i]
		from, ok := s.end(j.from)
		to, alsoOK := s.end(j.to)
		if !ok || !alsoOK {
			broken := j.to
			if !ok {
				broken = j.from
			}
			s.note(schema.RelationBroken, j.source.Start, "the relation %s has the end %s, which there is not; it was left out", j.kind, quote(broken.text))
			continue
		}
		s.doc.Relations = append(s.doc.Relations, schema.Relation{Kind: j.kind, From: from, To: to, Attributes: j.attributes, Source: j.source})
	}
}

// end is the annotation that an end of a relation is.
func (s *bratScan) end(of bratField) (schema.Target, bool) {
	id, found := s.ids[of.text]
	at := -1
	switch {
	case !found:
	case id.kind == 'T':
		at = s.spans[id.index].annotation
	case id.kind == 'E':
		at = s.events[id.index].annotation
	}
	return schema.Target{Kind: schema.ToAnnotation, Index: at}, at >= 0
}
