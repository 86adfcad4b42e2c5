package parser

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/quern-data/quern/schema"
)

// annotate adds an annotation with the labels from labels[first], and returns its
// index, or -1 if it stands on nothing.
func (s *jsonScan) annotate(id string, text schema.Span, first, at int) int {
	if text.Len() == 0 {
		s.labels = s.labels[:first]
		s.note(schema.SpanInvalid, int(s.tape.nodes[at].start), "the text that is labelled is empty")
		return -1
	}
	for i := first; i < len(s.labels); i++ {
		s.labels[i].Position = i - first
	}
	s.annotations = append(s.annotations, jsonAnnotation{id, text, schema.Span{Start: first, End: len(s.labels)}})
	return len(s.annotations) - 1
}

// eachSet calls do for the node of each set of annotations that counts, which tells its
// ids apart from those of others.
func (s *jsonScan) eachSet(sets *jsonSets, do func(set int, annotator string)) {
	one := func(set int) {
		if !s.counts(sets.where, set) {
			return
		}
		annotator := s.annotator(sets, set)
		if annotator != "" {
			s.annotators = append(s.annotators, annotator)
		}
		do(set, annotator)
	}
	if sets.each == nil {
		one(s.root)
		return
	}
	at := s.tape.find(s.root, sets.each)
	if at < 0 || s.tape.nodes[at].kind == jsonNull {
		return
	}
	first, end := s.tape.elements(at)
	for i := first; i < end; i = int(s.tape.nodes[i].next) {
		one(i)
	}
}

// annotator is whose a set is, "" where nothing says it.
func (s *jsonScan) annotator(sets *jsonSets, set int) string {
	odd := -1 // what is no name
	for _, path := range sets.annotator {
		at := s.tape.find(set, path)
		if at < 0 {
			continue
		}
		n := &s.tape.nodes[at]
		if n.kind >= jsonList {
			odd = at
		} else if name := s.scalar(n); name != "" {
			return name
		}
	}
	if odd >= 0 {
		n := &s.tape.nodes[odd]
		s.note(schema.ValueUnexpected, int(n.start), "want an annotator at %s, found %s", sets.annotatorName, n.kind)
	}
	return ""
}

// counts reports whether a value fits all conditions.
func (s *jsonScan) counts(where jsonWhere, at int) bool {
	for i := range where {
		if c := &where[i]; s.fits(c, at) == c.not {
			return false
		}
	}
	return true
}

// fits reports whether a condition's value stands where it says, or in a list there.
func (s *jsonScan) fits(c *jsonCondition, at int) bool {
	found := s.tape.find(at, c.path)
	if found < 0 {
		return c.value == ""
	}
	first, end := s.tape.elements(found)
	for i := first; i < end; i = int(s.tape.nodes[i].next) {
		if s.is(&s.tape.nodes[i], c.value) {
			return true
		}
	}
	return false
}

// is reports whether a value is the one that a condition has; null is the empty one.
func (s *jsonScan) is(n *jsonNode, value string) bool {
	if n.kind >= jsonList {
		return false
	}
	s.scratch = s.tape.appendScalar(s.scratch[:0], n)
	return string(s.scratch) == value
}

// elementsAt calls do for each value of the list that a path leads to, which may be
// a value by itself, and returns the list's node, or -1 if there is none.
func (s *jsonScan) elementsAt(from int, path jsonPath, where jsonWhere, do func(number, at int)) int {
	at := s.tape.find(from, path)
	if at < 0 || s.tape.nodes[at].kind == jsonNull {
		return -1
	}
	first, end := s.tape.elements(at)
	for i, number := first, 0; i < end; i, number = int(s.tape.nodes[i].next), number+1 {
		if s.counts(where, i) {
			do(number, i)
		}
	}
	return at
}

// readSpans adds labelled stretches of the text.
func (s *jsonScan) readSpans(c *jsonSpans) {
	seen := make([]bool, len(c.labels))
	spans, at := 0, -1
	s.eachSet(&c.sets, func(set int, annotator string) {
		list := s.elementsAt(set, c.path, c.where, func(_, element int) {
			spans++
			s.span(c, element, set, annotator, seen)
		})
		if at < 0 {
			at = list
		}
	})
	if spans > 0 {
		s.noteUnseen(seen, c.labels, int(s.tape.nodes[at].start), c.Path)
	}
}

// span adds one labelled stretch.
func (s *jsonScan) span(c *jsonSpans, element, set int, annotator string, seen []bool) {
	first := len(s.labels)
	links := len(s.linked)
	linked := func(text labelText, source schema.Span) {
		s.linked = append(s.linked, linkedSpan{labelText: text, source: source, annotator: annotator, set: set})
	}
	for i := range c.labels {
		var present bool
		s.labels, present = s.readLabels(&c.labels[i], element, annotator, s.labels, linked)
		seen[i] = seen[i] || present
	}
	id := s.scalarAt(element, c.id, c.ID, "an id")
	text, ok := s.whole, true
	if c.start != nil || c.end != nil {
		text, ok = s.stretch(c, element)
	}
	annotation := -1
	if ok {
		annotation = s.annotate(id, text, first, element)
	}
	if annotation < 0 {
		s.labels, s.linked = s.labels[:first], s.linked[:links]
		return
	}
	for i := links; i < len(s.linked); i++ {
		s.linked[i].annotation = annotation
	}
	if id == "" {
		return
	}
	key := jsonID{set, id}
	if _, has := s.ids[key]; has {
		s.annotations[annotation].id = ""
		s.note(schema.ValueUnexpected, int(s.tape.nodes[element].start), "the id %s has another span already, which relations lead to", strconv.Quote(id))
		return
	}
	s.ids[key] = annotation
}

// stretch reads where a span starts and ends.
func (s *jsonScan) stretch(c *jsonSpans, element int) (text schema.Span, ok bool) {
	start, ok := s.number(element, c.start, c.Start)
	if !ok {
		return text, false
	}
	end, ok := s.number(element, c.end, c.End)
	if !ok {
		return text, false
	}
	from, ok := s.offset.find(start, false)
	to, ok2 := s.offset.find(end, true)
	if ok && ok2 && from < to {
		return schema.Span{Start: s.base + from, End: s.base + to}, true
	}
	if d := s.doc.Diagnostics.Note(schema.SpanInvalid, int(s.tape.nodes[element].start)); d != nil {
		reason := fmt.Sprintf("leaves the text, which has %d", s.offset.length())
		switch {
		case start > end:
			reason = "ends before it starts"
		case start == end:
			reason = "is empty"
		case start >= 0 && end <= s.offset.length():
			reason = "cuts a character in two"
		}
		d.Message = fmt.Sprintf("the span from %d to %d, in %s, %s; its labels are left out", start, end, unitName(s.p.offsets), reason)
	}
	return text, false
}

// number reads an offset.
func (s *jsonScan) number(element int, path jsonPath, name string) (int, bool) {
	at := s.tape.find(element, path)
	e := &s.tape.nodes[element]
	if at < 0 || s.tape.nodes[at].kind == jsonNull {
		s.note(schema.ValueMissing, int(e.start), "no offset stands at %s; the span is left out", named(name))
		return 0, false
	}
	if number, ok := s.integer(at); ok {
		return number, true
	}
	n := &s.tape.nodes[at]
	found := n.kind.String()
	if n.isScalar() {
		found = strconv.Quote(clipped(s.scalar(n)))
	}
	s.note(schema.ValueUnexpected, int(n.start), "want an offset at %s, found %s; the span is left out", named(name), found)
	return 0, false
}

func clipped(text string) string {
	const most = 40
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "..."
	}
	return text
}

// integer reads a whole number, which may be written as 12.0.
func (s *jsonScan) integer(at int) (int, bool) {
	n := &s.tape.nodes[at]
	if n.kind != jsonNumber {
		return 0, false
	}
	raw := s.data[n.start:n.end]
	whole, fraction, _ := strings.Cut(string(raw), ".")
	if strings.Trim(fraction, "0") != "" {
		return 0, false
	}
	number, err := strconv.Atoi(whole)
	return number, err == nil
}

const (
	// freeRelations is how many relations a document may always have, and
	// bytesPerRelation how many bytes of it allow for one more. An element that lists
	// several kinds, starts and ends makes one of each with each: a file of half a
	// megabyte may ask for millions.
	freeRelations    = 1 << 16
	bytesPerRelation = 8
)

// readRelations adds what joins sentences or spans.
func (s *jsonScan) readRelations(c *jsonRelations) {
	s.eachSet(&c.sets, func(set int, annotator string) {
		s.elementsAt(set, c.path, c.where, func(number, element int) {
			s.relation(c, number, element, set, annotator)
		})
	})
}

func (s *jsonScan) relation(c *jsonRelations, number, element, set int, annotator string) {
	e := &s.tape.nodes[element]
	kinds := s.kinds[:0]
	if c.kindFrom != nil {
		if at := s.tape.find(element, c.kindFrom); at >= 0 {
			first, end := s.tape.elements(at)
			for i := first; i < end; i = int(s.tape.nodes[i].next) {
				n := &s.tape.nodes[i]
				if n.kind >= jsonList {
					s.note(schema.ValueUnexpected, int(n.start), "want a kind of relation at %s, found %s", c.KindFrom, n.kind)
				} else if kind := s.scalar(n); strings.TrimSpace(kind) != "" {
					kinds = append(kinds, kind)
				}
			}
		}
	} else {
		kinds = append(kinds, c.Kind)
	}
	s.kinds = kinds
	if len(kinds) == 0 {
		return // as a label that is null
	}
	broken := func(at int32, what string) {
		s.note(schema.RelationBroken, int(at), "%s; the relation is left out", what)
	}
	from, to := s.from[:0], s.to[:0]
	if c.from == nil {
		segment := s.elements[c.sentences][number]
		if segment < 0 {
			broken(e.start, "it starts at a sentence without text")
			return
		}
		from = append(from, schema.Target{Kind: schema.ToSegment, Index: segment})
	} else if at := s.tape.find(element, c.from); at < 0 || s.tape.nodes[at].isEmpty() {
		broken(e.start, "nothing stands at "+c.From)
		return
	} else if from = s.targets(from, at, c.From, c.FromRole, set, broken); len(from) == 0 {
		return
	}
	if at := s.tape.find(element, c.to); c.to == nil || at < 0 || s.tape.nodes[at].isEmpty() {
		to = append(to, schema.Target{Kind: schema.ToDocument})
	} else {
		to = s.targets(to, at, c.To, c.ToRole, set, broken)
	}
	if len(kinds)*len(from) > s.room || len(kinds)*len(from)*len(to) > s.room {
		broken(e.start, fmt.Sprintf("with %d kinds, %d starts and %d ends of it, the document has more than %d relations",
			len(kinds), len(from), len(to), freeRelations+len(s.data)/bytesPerRelation))
		return
	}
	s.room -= len(kinds) * len(from) * len(to)
	s.from, s.to = from, to
	attributes := s.attributesOf(c, element)
	for _, kind := range kinds {
		for _, f := range from {
			for _, t := range to {
				s.doc.Relations = append(s.doc.Relations, schema.Relation{
					Kind: kind, From: f, To: t, Annotator: annotator, Attributes: attributes,
					Source: schema.Span{Start: int(e.start), End: int(e.end)},
				})
			}
		}
	}
}

// targets appends the ends of a relation that a value names.
func (s *jsonScan) targets(list []schema.Target, at int, name, role string, set int, broken func(at int32, what string)) []schema.Target {
	first, end := s.tape.elements(at)
	for i := first; i < end; i = int(s.tape.nodes[i].next) {
		n := &s.tape.nodes[i]
		switch {
		case !n.isScalar():
			s.note(schema.ValueUnexpected, int(n.start), "want the end of a relation at %s, found %s", name, n.kind)
		case role == "":
			id := s.scalar(n)
			if annotation, ok := s.ids[jsonID{set, id}]; ok {
				list = append(list, schema.Target{Kind: schema.ToAnnotation, Index: annotation})
			} else {
				broken(n.start, "no span has the id "+strconv.Quote(clipped(id)))
			}
		default:
			number, ok := s.integer(i)
			if !ok {
				s.note(schema.ValueUnexpected, int(n.start), "want the number of a sentence at %s, found %s", name, strconv.Quote(clipped(s.scalar(n))))
				continue
			}
			segments := s.numbers[role]
			if number < 0 || number >= len(segments) {
				broken(n.start, fmt.Sprintf("there is no sentence %d: the %d of %s count from 0", number, len(segments), role))
			} else if segments[number] < 0 {
				broken(n.start, fmt.Sprintf("sentence %d of %s has no text", number, role))
			} else {
				list = append(list, schema.Target{Kind: schema.ToSegment, Index: segments[number]})
			}
		}
	}
	return list
}

// attributesOf are the attributes of a relation, sorted: keys and values, or a single
// value by the name of its own key. What is neither text nor number stands there as it
// is written.
func (s *jsonScan) attributesOf(c *jsonRelations, element int) []schema.Attribute {
	if c.attributes == nil {
		return nil
	}
	at := s.tape.find(element, c.attributes)
	if at < 0 {
		return nil
	}
	n := &s.tape.nodes[at]
	var list []schema.Attribute
	add := func(name string, n *jsonNode) {
		switch {
		case n.kind == jsonNull:
		case n.isScalar():
			list = append(list, schema.Attribute{Name: name, Value: s.scalar(n)})
		default:
			list = append(list, schema.Attribute{Name: name, Value: strings.ToValidUTF8(string(s.data[n.start:n.end]), "\uFFFD")})
		}
	}
	if n.kind != jsonObject {
		add(c.attributesName, n)
		return list
	}
	for i := at + 1; i < int(n.next); i = int(s.tape.nodes[i].next) {
		add(s.tape.key(&s.tape.nodes[i]), &s.tape.nodes[i])
	}
	slices.SortStableFunc(list, func(a, b schema.Attribute) int { return strings.Compare(a.Name, b.Name) })
	// Of a key that stands there twice the last counts.
	kept := list[:0]
	for i := range list {
		if i+1 == len(list) || list[i+1].Name != list[i].Name {
			kept = append(kept, list[i])
		}
	}
	return kept
}

// jsonOffsets finds the offsets that a file gives in a text.
type jsonOffsets struct {
	unit  string
	text  []byte
	pairs []int // line feeds that two characters became, which are counted both
	ready bool
	plain bool // whether each unit is a byte
	marks []jsonMark
	units int // in all
}

// jsonMark is a place in the text: its offset in bytes and in units, and how many pairs
// there are before it.
type jsonMark struct{ at, unit, pair int }

// markUnits is how many units there are from one mark to the next, about.
const markUnits = 64

func (o *jsonOffsets) prepare() {
	if o.ready {
		return
	}
	o.ready = true
	o.plain = len(o.pairs) == 0 && (o.unit == "bytes" || schema.IsASCII(o.text))
	o.units = len(o.text)
	if o.plain {
		return
	}
	var m jsonMark
	for next := 0; m.at < len(o.text); m, _ = o.step(m) {
		if m.unit >= next {
			o.marks = append(o.marks, m)
			next = (m.unit/markUnits + 1) * markUnits
		}
	}
	o.units = m.unit
}

// step is the place behind the character at a place, and whether that is a pair.
func (o *jsonOffsets) step(m jsonMark) (next jsonMark, pair bool) {
	r, size := utf8.DecodeRune(o.text[m.at:])
	if m.pair < len(o.pairs) && o.pairs[m.pair] == m.at {
		return jsonMark{m.at + size, m.unit + 2, m.pair + 1}, true
	}
	units := 1
	switch {
	case o.unit == "bytes":
		units = size
	case o.unit == "utf16" && r > 0xFFFF:
		units = 2
	}
	return jsonMark{m.at + size, m.unit + units, m.pair}, false
}

// length is the length of the text in units.
func (o *jsonOffsets) length() int {
	o.prepare()
	return o.units
}

// find is the offset in bytes of one in units. ok is false if it is out of bounds, or
// within a character. Between the two characters of a line end it is the start of it,
// or its end where a span ends there.
func (o *jsonOffsets) find(unit int, end bool) (at int, ok bool) {
	o.prepare()
	switch {
	case unit < 0 || unit > o.units:
		return 0, false
	case unit == o.units:
		return len(o.text), true
	case o.plain:
		return unit, utf8.RuneStart(o.text[unit])
	}
	// Each mark is at the first character from a multiple of markUnits on, so that the
	// one before may be the nearest.
	i := unit / markUnits
	if i == len(o.marks) || o.marks[i].unit > unit {
		i--
	}
	for m := o.marks[i]; ; {
		next, pair := o.step(m)
		switch {
		case m.unit == unit:
			return m.at, true
		case next.unit > unit && pair && end:
			return next.at, true
		case next.unit > unit:
			return m.at, pair
		}
		m = next
	}
}

// unitName names what offsets count.
func unitName(offsets string) string {
	switch offsets {
	case "bytes":
		return "bytes"
	case "utf16":
		return "UTF-16 code units"
	}
	return "code points"
}
