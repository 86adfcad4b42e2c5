package parser

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/taxonomy"
)

// jsonParser parses documents that are JSON, each a file, an element of a list, or a
// line. Where in one its text and labels stand, the config says by paths. What stands
// where none of them leads is left alone.
type jsonParser struct {
	lines   bool // whether each line is a document
	limit   int
	records jsonPath

	fields    []jsonField
	text      jsonPath // nil: the text is made of sentences
	textName  string
	offsets   string
	where     jsonWhere // which documents were annotated
	whereName string
	labels    []jsonLabel
	sentences []jsonSentences
	spans     []jsonSpans
	relations []jsonRelations
	links     []config.Link

	scans sync.Pool // of *jsonScan
}

type jsonField struct {
	path jsonPath
	name string
}

type jsonLabel struct {
	labelField
	from, layerFrom, polarity, link jsonPath
}

type jsonSentences struct {
	config.JSONSentences
	path, text, after jsonPath
	labels            []jsonLabel
}

type jsonSpans struct {
	config.JSONSpans
	sets           jsonSets
	path           jsonPath
	where          jsonWhere
	id, start, end jsonPath
	labels         []jsonLabel
}

type jsonRelations struct {
	config.JSONRelations
	sets               jsonSets
	path               jsonPath
	where              jsonWhere
	kindFrom, from, to jsonPath
	attributes         jsonPath
	attributesName     string // of a single one
	sentences          int    // the list whose elements start relations, or -1
}

// jsonSets are the sets of annotations of a document.
type jsonSets struct {
	each          jsonPath
	annotator     []jsonPath // the first where something stands counts
	annotatorName string
	where         jsonWhere
}

// jsonWhere are conditions on a value, all of which it has to fit.
type jsonWhere []jsonCondition

type jsonCondition struct {
	path  jsonPath
	value string
	not   bool
}

func newJSON(corpus config.Corpus, limits config.Limits, _ *taxonomy.Taxonomy) (Parser, error) {
	settings := &corpus.JSON
	p := &jsonParser{
		lines: corpus.Format == "jsonl", limit: int(limits.DocumentBytes),
		records: newJSONPath(settings.Records), text: newJSONPath(settings.Text), textName: settings.Text,
		offsets: settings.Offsets, where: newJSONWhere(settings.Annotated), whereName: settings.Annotated, links: settings.Links,
	}
	for _, f := range corpus.Fields {
		p.fields = append(p.fields, jsonField{newJSONPath(f.From), f.From})
	}
	var err error
	if p.labels, err = newJSONLabels(settings.Labels); err != nil {
		return nil, err
	}
	for _, c := range settings.Sentences {
		s := jsonSentences{JSONSentences: c, path: newJSONPath(c.Path), text: newJSONPath(c.Text), after: newJSONPath(c.After)}
		if s.labels, err = newJSONLabels(c.Labels); err != nil {
			return nil, err
		}
		if s.Between == "" {
			s.Between = " "
		}
		p.sentences = append(p.sentences, s)
	}
	for _, c := range settings.Spans {
		s := jsonSpans{
			JSONSpans: c, sets: newJSONSets(c.Each, c.EachWhere, c.Annotator), path: newJSONPath(c.Path), where: newJSONWhere(c.Where),
			id: newJSONPath(c.ID), start: newJSONPath(c.Start), end: newJSONPath(c.End),
		}
		if s.labels, err = newJSONLabels(c.Labels); err != nil {
			return nil, err
		}
		p.spans = append(p.spans, s)
	}
	for _, c := range settings.Relations {
		r := jsonRelations{
			JSONRelations: c, sets: newJSONSets(c.Each, c.EachWhere, c.Annotator), path: newJSONPath(c.Path), where: newJSONWhere(c.Where),
			kindFrom: newJSONPath(c.KindFrom), from: newJSONPath(c.From), to: newJSONPath(c.To), attributes: newJSONPath(c.Attributes),
			sentences: -1,
		}
		if n := len(r.attributes); n > 0 {
			r.attributesName = r.attributes[n-1].key
		}
		if c.From == "" {
			r.sentences = slices.IndexFunc(p.sentences, func(s jsonSentences) bool { return s.Path == c.Path && c.Each == "" })
			if r.sentences < 0 {
				return nil, fmt.Errorf("json.relations: nothing says where relations of %q start: it is no list of sentences, and from is empty", c.Path)
			}
		}
		p.relations = append(p.relations, r)
	}
	p.scans.New = func() any { return new(jsonScan) }
	return p, nil
}

func newJSONLabels(fields []config.LabelField) ([]jsonLabel, error) {
	list, err := newLabelFields(fields)
	labels := make([]jsonLabel, len(list))
	for i, f := range list {
		labels[i] = jsonLabel{f, newJSONPath(f.From), newJSONPath(f.LayerFrom), newJSONPath(f.Polarity), newJSONPath(f.Link)}
	}
	return labels, err
}

func newJSONSets(each, where, annotator string) jsonSets {
	sets := jsonSets{each: newJSONPath(each), annotatorName: annotator, where: newJSONWhere(where)}
	if annotator != "" {
		for _, place := range config.Places(annotator) {
			sets.annotator = append(sets.annotator, newJSONPath(place))
		}
	}
	return sets
}

func newJSONWhere(text string) (where jsonWhere) {
	if text == "" {
		return nil
	}
	for condition := range strings.SplitSeq(text, " && ") {
		path, value, _ := strings.Cut(condition, "=")
		path, not := strings.CutSuffix(path, "!")
		where = append(where, jsonCondition{newJSONPath(path), value, not})
	}
	return where
}

// Split implements Records.
func (p *jsonParser) Split(file io.Reader, emit func(schema.Record) error) error {
	scan := p.scans.Get().(*jsonScan)
	defer p.scans.Put(scan)
	s := &jsonSplitter{file: file, line: 1, held: -1, limit: p.limit}
	var values []string
	record := func(start int64, line int, whole bool) error {
		if s.err != nil && !errors.Is(s.err, io.EOF) {
			return s.err
		}
		data, end := s.release()
		if whole {
			end = s.base + int64(s.at)
		}
		values = p.fieldsOf(&scan.tape, data, values[:0])
		return emit(schema.Record{Start: start, End: end, Line: line, Whole: whole, Values: values})
	}
	err := p.split(s, record)
	if err == nil && !errors.Is(s.err, io.EOF) {
		err = s.err
	}
	return err
}

// Fields implements Records.
func (p *jsonParser) Fields(record []byte, dst []string) []string {
	if len(p.fields) == 0 {
		return dst
	}
	scan := p.scans.Get().(*jsonScan)
	defer p.scans.Put(scan)
	return p.fieldsOf(&scan.tape, record, dst)
}

func (p *jsonParser) fieldsOf(t *jsonTape, record []byte, dst []string) []string {
	if len(p.fields) == 0 {
		return dst
	}
	t.nodes = t.nodes[:0]
	ok := t.read(record, markEnd(record)) == nil
	for i := range p.fields {
		value := ""
		if ok {
			if at := t.find(0, p.fields[i].path); at >= 0 {
				t.scratch = t.appendScalar(t.scratch[:0], &t.nodes[at])
				value = string(t.scratch)
			}
		}
		dst = append(dst, value)
	}
	t.data = nil
	return dst
}

// markEnd is the offset behind the byte order mark.
func markEnd(data []byte) int {
	if bytes.HasPrefix(data, bom) {
		return len(bom)
	}
	return 0
}

// jsonScan is the state of parsing one document, kept from one to the next.
type jsonScan struct {
	textWriter
	p    *jsonParser
	tape jsonTape

	scratch []byte
	strings map[string]string // texts that are kept anyway, such as labels
	ids     map[jsonID]int    // annotations
	room    int               // how many relations there may be yet

	// Of the record that is read:
	root, base int              // its node, and where its text starts
	numbers    map[string][]int // segments of the sentences of a role, -1 for one without text
	elements   [][]int          // segments of the elements of each list of sentences
	pairs      []int            // line feeds that were two characters
	offset     jsonOffsets
	whole      schema.Span // its text without the white space around it
	plain      bool        // whether its labels are left out

	annotated   bool // whether some record was
	last        int  // the list of sentences that the last one is of
	gap         bool // whether nothing follows the last sentence yet
	annotations []jsonAnnotation
	labels      []schema.Label // of annotations
	linked      []linkedSpan
	annotators  []string
	kinds       []string // of a relation, and its ends
	from, to    []schema.Target
}

// jsonID is the id of a span in a set of annotations.
type jsonID struct {
	set int // its node: each record has its own
	id  string
}

// jsonAnnotation is an annotation before all of them are brought into order.
type jsonAnnotation struct {
	id     string
	text   schema.Span
	labels schema.Span // of jsonScan.labels
}

// What is kept to be used again is bounded: how many texts, and of how many bytes each,
// and for how many ids there is room from one document to the next.
const (
	maxStrings     = 1 << 12
	maxStringBytes = 1 << 8
	maxIDs         = 1 << 12
)

// Parse implements Parser.
func (p *jsonParser) Parse(src *schema.Source, doc *schema.Document) bool {
	if noteWide(src, doc) {
		return false
	}
	s := p.scans.Get().(*jsonScan)
	defer p.scans.Put(s)
	s.start(p, src, doc)
	defer s.drop()
	for _, piece := range piecesOf(src) {
		if !piece.Header && !s.record(piece.Data) {
			return false
		}
	}
	return s.finish()
}

func (s *jsonScan) start(p *jsonParser, src *schema.Source, doc *schema.Document) {
	s.p = p
	s.textWriter = newTextWriter(src, doc)
	s.tape.nodes = s.tape.nodes[:0]
	s.last, s.gap, s.annotated = -1, false, false
	s.room = freeRelations + len(src.Data)/bytesPerRelation
	s.annotations, s.labels, s.linked, s.annotators = s.annotations[:0], s.labels[:0], s.linked[:0], s.annotators[:0]
	if s.strings == nil || len(s.strings) > maxStrings {
		s.strings = make(map[string]string)
	}
	if s.ids == nil {
		s.ids = make(map[jsonID]int)
	}
	if s.numbers == nil {
		s.numbers = make(map[string][]int)
	}
	if len(s.elements) != len(p.sentences) {
		s.elements = make([][]int, len(p.sentences))
	}
}

// drop lets go of the document.
func (s *jsonScan) drop() {
	s.p, s.textWriter, s.tape.data = nil, textWriter{}, nil
	clear(s.labels)
	clear(s.annotations)
	if len(s.ids) > maxIDs {
		s.ids = nil
	}
	clear(s.ids)
}

// record reads a record, and adds its text and labels to the document.
func (s *jsonScan) record(span schema.Span) bool {
	data := s.data[:span.End]
	from := span.Start + markEnd(data[span.Start:])
	if from > span.Start {
		s.note(schema.ByteOrderMark, span.Start, "the byte order mark is left out of the text")
	}
	if span.Len() == 0 && !s.p.lines && len(s.doc.Source.Pieces) > 0 {
		s.note(schema.RecordMalformed, from, "the file ends before its lists and objects do: it is cut off, or a bracket or quotation mark is not closed")
		return false
	}
	s.root = len(s.tape.nodes)
	if bad := s.tape.read(data, from); bad != nil {
		s.note(schema.RecordMalformed, bad.at, "no JSON: want %s%s", bad.want, s.advice(bad))
		return false
	}
	s.tape.data = s.data
	for i := range s.p.fields {
		if at := s.tape.find(s.root, s.p.fields[i].path); at >= 0 {
			if n := &s.tape.nodes[at]; n.kind >= jsonList {
				s.note(schema.ValueUnexpected, int(n.start), "want a text or number at %s for an attribute, found %s", s.p.fields[i].name, n.kind)
			}
		}
	}
	for role, list := range s.numbers {
		s.numbers[role] = list[:0]
	}
	s.pairs = s.pairs[:0]
	s.plain = !s.counts(s.p.where, s.root)
	if !s.readText() {
		return false
	}
	if s.plain {
		s.note(schema.RecordUnannotated, int(s.tape.nodes[s.root].start), "%s does not hold here: the labels are left out, and who is named is no annotator", s.p.whereName)
		return true
	}
	s.annotated = true
	text := s.text[s.base:]
	for i := range s.pairs {
		s.pairs[i] -= s.base
	}
	s.offset = jsonOffsets{unit: s.p.offsets, text: text, pairs: s.pairs, marks: s.offset.marks[:0]}
	start := len(text) - len(bytes.TrimLeftFunc(text, unicode.IsSpace))
	s.whole = schema.Span{Start: s.base + start, End: s.base + start + len(bytes.TrimSpace(text))}
	s.wholeLabels()
	for i := range s.p.spans {
		s.readSpans(&s.p.spans[i])
	}
	for i := range s.p.relations {
		s.readRelations(&s.p.relations[i])
	}
	return true
}

// advice is what else may be said of a record that is no JSON.
func (s *jsonScan) advice(bad *jsonError) string {
	if !s.p.lines && strings.HasPrefix(bad.want, "the end of the document, found {") {
		return "; a file with a document a line is of the format jsonl"
	}
	return ""
}

// finish brings what was read into the order that a document has it in.
func (s *jsonScan) finish() bool {
	s.textWriter.finish()
	doc := s.doc
	order := make([]int, len(s.annotations))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(s.annotations[a].text.Start, s.annotations[b].text.Start)
	})
	place := make([]int, len(order))
	spans := make([]schema.Span, len(order))
	for to, from := range order {
		a := &s.annotations[from]
		place[from], spans[to] = to, a.text
		first := len(doc.Labels)
		doc.Labels = append(doc.Labels, s.labels[a.labels.Start:a.labels.End]...)
		doc.Annotations = append(doc.Annotations, schema.Annotation{
			ID: a.id, Text: spans[to : to+1 : to+1], Labels: schema.Span{Start: first, End: len(doc.Labels)},
		})
	}
	for i := range doc.Relations {
		for _, to := range []*schema.Target{&doc.Relations[i].From, &doc.Relations[i].To} {
			if to.Kind == schema.ToAnnotation {
				to.Index = place[to.Index]
			}
		}
	}
	for i := range s.linked {
		s.linked[i].annotation = place[s.linked[i].annotation]
	}
	appendLinked(doc, s.p.links, s.linked)
	slices.Sort(s.annotators)
	doc.Annotators = append(doc.Annotators, slices.Compact(s.annotators)...)
	doc.Unannotated = !s.annotated
	return true
}

// readText adds the record's text.
func (s *jsonScan) readText() bool {
	if s.p.text == nil {
		return s.readSentences()
	}
	s.separate(s.tape.nodes[s.root].start, "\n")
	s.base = len(s.text)
	at := s.tape.find(s.root, s.p.text)
	if at < 0 {
		s.note(schema.RecordMalformed, int(s.tape.nodes[s.root].start), "no text stands at %s; the document has %s", s.p.textName, s.found(s.root))
		return false
	}
	n := &s.tape.nodes[at]
	switch n.kind {
	case jsonNull:
		s.note(schema.RecordMalformed, int(n.start), "want a text at %s, found null", s.p.textName)
		return false
	case jsonList:
		s.note(schema.RecordMalformed, int(n.start), "want a text at %s, found a list; the parts of a text are sentences", s.p.textName)
		return false
	case jsonObject:
		s.note(schema.RecordMalformed, int(n.start), "want a text at %s, found an object with %s", s.p.textName, s.found(at))
		return false
	}
	in := n.inner()
	s.pairs = s.jsonString(in.Start, in.End, s.pairs)
	return true
}

// separate adds a line end to a text that does not end in one and goes on at data[at].
func (s *jsonScan) separate(at int32, end string) {
	if n := len(s.text); n > 0 && s.text[n-1] != '\n' {
		s.put(end, int(at), int(at))
	}
}

// found lists the keys of an object, the first of them, or says what a value is.
func (s *jsonScan) found(at int) string {
	n := &s.tape.nodes[at]
	if n.kind != jsonObject {
		return "no keys: it is " + n.kind.String()
	}
	const most = 8
	var keys []string
	for i := at + 1; i < int(n.next); i = int(s.tape.nodes[i].next) {
		if len(keys) == most {
			keys = append(keys, "...")
			break
		}
		keys = append(keys, clipped(s.tape.key(&s.tape.nodes[i])))
	}
	if len(keys) == 0 {
		return "no keys"
	}
	return "the keys " + strings.Join(keys, ", ")
}

// readSentences makes the text of sentences.
func (s *jsonScan) readSentences() bool {
	lists := 0
	s.base = len(s.text)
	for i := range s.p.sentences {
		s.elements[i] = s.elements[i][:0]
		c := &s.p.sentences[i]
		at := s.tape.find(s.root, c.path)
		if at < 0 || s.tape.nodes[at].kind == jsonNull {
			continue
		}
		lists++
		first, end := s.tape.elements(at)
		seen := make([]bool, len(c.labels))
		for e := first; e < end; e = int(s.tape.nodes[e].next) {
			segment := s.sentence(i, e, seen)
			s.elements[i] = append(s.elements[i], segment)
			s.numbers[c.Role] = append(s.numbers[c.Role], segment)
		}
		if first < end && !s.plain {
			s.noteUnseen(seen, c.labels, int(s.tape.nodes[at].start), c.Path)
		}
	}
	root := &s.tape.nodes[s.root]
	if lists == 0 {
		var paths []string
		for i := range s.p.sentences {
			paths = append(paths, s.p.sentences[i].Path)
		}
		s.note(schema.RecordMalformed, int(root.start), "no sentences stand at %s; the document has %s", strings.Join(paths, " or "), s.found(s.root))
		return false
	}
	for i := range s.p.sentences {
		if at := s.tape.find(s.root, s.p.sentences[i].path); at < 0 || s.tape.nodes[at].kind == jsonNull {
			s.note(schema.ValueMissing, int(root.start), "no sentences stand at %s", s.p.sentences[i].Path)
		}
	}
	return true
}

// noteUnseen reports the labels that no element of a list has a place for. That some
// have none is how files say that there is no label.
func (s *jsonScan) noteUnseen(seen []bool, labels []jsonLabel, at int, list string) {
	for i := range seen {
		if !seen[i] {
			s.note(schema.ValueMissing, at, "nothing stands at %s in any element of %s", named(labels[i].From), named(list))
		}
	}
}

// named is a path in a message.
func named(path string) string {
	if path == "" {
		return "the value itself"
	}
	return path
}

// sentence adds the sentence that an element of a list is, with its labels, and
// returns its segment, or -1 if it has no text.
func (s *jsonScan) sentence(list, element int, seen []bool) int {
	c, e := &s.p.sentences[list], s.tape.nodes[element]
	at := s.tape.find(element, c.text)
	if at < 0 || !s.tape.nodes[at].isScalar() {
		found := "nothing"
		code := schema.ValueMissing
		if at >= 0 && s.tape.nodes[at].kind != jsonNull {
			found, code = s.tape.nodes[at].kind.String(), schema.ValueUnexpected
		}
		s.note(code, int(e.start), "want a sentence at %s, found %s; the element is left out", named(c.Text), found)
		return -1
	}
	s.closeGap(list, e.start)
	segment := len(s.doc.Segments)
	start := len(s.text)
	in := s.tape.nodes[at].inner()
	s.pairs = s.jsonString(in.Start, in.End, s.pairs)
	end, follows := len(s.text), schema.Span{}
	if c.after != nil {
		if at := s.tape.find(element, c.after); at >= 0 {
			if n := &s.tape.nodes[at]; n.kind == jsonString {
				in := n.inner()
				follows.Start = len(s.text)
				s.pairs = s.jsonString(in.Start, in.End, s.pairs)
				follows.End = len(s.text)
			} else if n.kind != jsonNull {
				s.note(schema.ValueUnexpected, int(n.start), "want a text at %s, found %s; it is left out", c.After, n.kind)
			}
		}
	}
	s.last, s.gap = list, follows.Len() == 0
	apart := follows.Len() > 0 && len(bytes.TrimSpace(s.text[follows.Start:])) > 0
	if !apart {
		end = len(s.text)
	}
	role := s.doc.AddRole(c.Role)
	s.doc.Segments = append(s.doc.Segments, schema.Segment{
		Text: schema.Span{Start: start, End: end}, Group: s.group(c, element, seen), Role: role,
	})
	if apart {
		// More than white space: text that is no part of the sentence.
		s.doc.Segments = append(s.doc.Segments, schema.Segment{Text: follows, Group: schema.NoGroup, Role: role})
	}
	return segment
}

// closeGap adds what stands between the last sentence and the next.
func (s *jsonScan) closeGap(list int, at int32) {
	n := len(s.doc.Segments)
	switch {
	case n == 0:
		return
	case s.last != list:
		// Another list is another part of the document.
		for !bytes.HasSuffix(s.text, paragraph) {
			s.put("\n", int(at), int(at))
		}
	case s.gap:
		s.put(s.p.sentences[list].Between, int(at), int(at))
	}
	s.doc.Segments[n-1].Text.End = len(s.text)
}

var paragraph = []byte("\n\n")

// group adds the labels of a sentence. Where no place for one is there, nobody has
// annotated it.
func (s *jsonScan) group(c *jsonSentences, element int, seen []bool) int {
	if s.plain {
		return schema.NoGroup
	}
	first, annotated := len(s.doc.Labels), false
	for i := range c.labels {
		var present bool
		s.doc.Labels, present = s.readLabels(&c.labels[i], element, "", s.doc.Labels, nil)
		seen[i] = seen[i] || present
		annotated = annotated || present
	}
	if !annotated {
		return schema.NoGroup
	}
	for i := first; i < len(s.doc.Labels); i++ {
		s.doc.Labels[i].Position = i - first
	}
	e := &s.tape.nodes[element]
	s.doc.Groups = append(s.doc.Groups, schema.Group{
		Source: schema.Span{Start: int(e.start), End: int(e.end)},
		Labels: schema.Span{Start: first, End: len(s.doc.Labels)},
	})
	return len(s.doc.Groups) - 1
}

// readLabels appends the labels that stand in a value, and calls linked for each
// with a link. present says whether their place is there, if only with null in it.
func (s *jsonScan) readLabels(f *jsonLabel, element int, annotator string, to []schema.Label, linked func(labelText, schema.Span)) (labels []schema.Label, present bool) {
	at := s.tape.find(element, f.from)
	if at < 0 {
		return to, false
	}
	n := &s.tape.nodes[at]
	if n.kind == jsonObject {
		s.note(schema.ValueUnexpected, int(n.start), "want a label at %s, found an object with %s", named(f.From), s.found(at))
		return to, true
	}
	first, end := s.tape.elements(at)
	var layer, polarity, link string
	if first < end && !n.isEmpty() {
		layer = f.Layer
		if f.layerFrom != nil {
			layer = layerName(s.scalarAt(element, f.layerFrom, f.LayerFrom, "a layer"))
		}
		polarity = s.scalarAt(element, f.polarity, f.Polarity, "a polarity")
		link = s.scalarAt(element, f.link, f.Link, "a link")
	}
	for i := first; i < end; i = int(s.tape.nodes[i].next) {
		n := &s.tape.nodes[i]
		if n.kind >= jsonList {
			s.note(schema.ValueUnexpected, int(n.start), "want a label at %s, found %s", named(f.From), n.kind)
			continue
		}
		raw := s.scalar(n)
		if strings.TrimSpace(raw) == "" {
			continue // null, or as good as that
		}
		text, ok := f.read(raw)
		if !ok {
			s.note(schema.ValueUnexpected, int(n.start), "none of the patterns fits the label %s at %s", strconv.Quote(raw), named(f.From))
			continue
		}
		text.layer = cmp.Or(text.layer, layer)
		text.polarity = cmp.Or(text.polarity, polarity)
		text.link = cmp.Or(text.link, link)
		if text.layer == "" {
			s.note(schema.ValueMissing, int(n.start), "the label %s has no layer: nothing stands at %s", strconv.Quote(raw), named(f.LayerFrom))
			continue
		}
		source := n.inner()
		if text.label != raw && !n.escaped {
			// The pattern took it out of there.
			if j := strings.Index(raw, text.label); j >= 0 && len(raw) == source.Len() {
				source = schema.Span{Start: source.Start + j, End: source.Start + j + len(text.label)}
			}
		}
		to = append(to, schema.Label{
			Raw: text.label, Source: source,
			Detail: s.doc.Detail(schema.Detail{InLayer: text.layer, RawPolarity: text.polarity, Annotator: annotator}),
		})
		if linked != nil && text.link != "" {
			linked(text, n.inner())
		}
	}
	return to, true
}

// scalarAt is the text of a value, "" where there is none. what names what it should
// be.
func (s *jsonScan) scalarAt(from int, path jsonPath, name, what string) string {
	if path == nil {
		return ""
	}
	at := s.tape.find(from, path)
	if at < 0 {
		return ""
	}
	n := &s.tape.nodes[at]
	if n.kind >= jsonList {
		s.note(schema.ValueUnexpected, int(n.start), "want %s at %s, found %s", what, name, n.kind)
		return ""
	}
	return s.scalar(n)
}

// scalar is the text of a value, of which there are few different ones.
func (s *jsonScan) scalar(n *jsonNode) string {
	s.scratch = s.tape.appendScalar(s.scratch[:0], n)
	if text, ok := s.strings[string(s.scratch)]; ok {
		return text
	}
	text := string(s.scratch)
	if len(text) <= maxStringBytes && len(s.strings) <= maxStrings {
		s.strings[text] = text
	}
	return text
}

// wholeLabels adds the labels on the record's text as a whole.
func (s *jsonScan) wholeLabels() {
	first, annotated := len(s.labels), false
	for i := range s.p.labels {
		f := &s.p.labels[i]
		var present bool
		s.labels, present = s.readLabels(f, s.root, "", s.labels, nil)
		if !present {
			s.note(schema.ValueMissing, int(s.tape.nodes[s.root].start), "no label stands at %s", named(f.From))
		}
		annotated = annotated || present
	}
	if annotated {
		s.annotate("", s.whole, first, s.root)
	}
}
