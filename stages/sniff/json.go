package sniff

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/quern-data/quern/config"
)

// object is a JSON object with its keys in their order.
type object struct {
	keys   []string
	values map[string]any
}

// jsonFile is a file of JSON: its documents, or those that stand before where it was
// cut.
type jsonFile struct {
	path    string
	list    bool   // whether the file is a list
	records string // where the list stands
	docs    []*object
	texts   int // elements that are text
}

// decode reads a value. Where the data ends within it, it returns what there was.
func decode(d *json.Decoder, depth int) (value any, whole bool) {
	t, err := d.Token()
	if err != nil || depth > 64 {
		return nil, false
	}
	delim, ok := t.(json.Delim)
	if !ok {
		return t, true
	}
	switch delim {
	case '{':
		o := &object{values: make(map[string]any)}
		for d.More() {
			key, err := d.Token()
			k, isText := key.(string)
			if err != nil || !isText {
				return o, false
			}
			v, whole := decode(d, depth+1)
			if _, has := o.values[k]; !has && (whole || v != nil) {
				o.keys = append(o.keys, k)
				o.values[k] = v
			}
			if !whole {
				return o, false
			}
		}
		_, err := d.Token()
		return o, err == nil
	case '[':
		list := []any{}
		for d.More() {
			v, whole := decode(d, depth+1)
			if !whole {
				return list, false
			}
			list = append(list, v)
		}
		_, err := d.Token()
		return list, err == nil
	}
	return nil, false
}

func newDecoder(data []byte) *json.Decoder {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	return d
}

// lookJSON takes files of JSON, and of a JSON object a line.
func (e *evidence) lookJSON(f *File) bool {
	data := bytes.TrimSpace(bytes.TrimPrefix(f.Data, []byte("\xef\xbb\xbf")))
	if len(data) == 0 || data[0] != '{' && data[0] != '[' {
		return false
	}
	if lines := jsonLines(f); len(lines) > 1 || len(lines) == 1 && (extension(f.Path) == ".jsonl" || extension(f.Path) == ".ndjson") {
		e.jsonl = append(e.jsonl, &jsonFile{path: f.Path, docs: lines})
		return true
	}
	v, whole := decode(newDecoder(data), 0)
	if !whole && f.Whole {
		return false
	}
	file := &jsonFile{path: f.Path}
	switch v := v.(type) {
	case []any:
		file.list = true
		file.docs = objects(v)
		file.texts = len(v) - len(file.docs)
	case *object:
		file.docs = []*object{v}
		// An object around a list of what are documents of their own.
		if key, list := wrapped(v); key != "" {
			file.records, file.docs = key, list
		}
	}
	if len(file.docs) == 0 {
		return false
	}
	e.json = append(e.json, file)
	return true
}

func objects(list []any) (out []*object) {
	for _, v := range list {
		if o, ok := v.(*object); ok {
			out = append(out, o)
		}
	}
	return out
}

// wrapped returns the only list of objects of an object that has neither text nor
// other lists, if these have a text and a list or texts of some length.
func wrapped(o *object) (string, []*object) {
	key := ""
	for _, k := range o.keys {
		if list, ok := o.values[k].([]any); ok && len(list) > 0 {
			if key != "" || len(objects(list)) != len(list) {
				return "", nil
			}
			key = k
		}
		if s, ok := o.values[k].(string); ok && len(strings.Fields(s)) > 8 {
			return "", nil
		}
	}
	if !slices.Contains([]string{"data", "documents", "docs", "records", "items", "examples", "reviews", "papers", "paragraphs", "instances", "rows", "entries"}, strings.ToLower(key)) {
		return "", nil
	}
	return key, objects(o.values[key].([]any))
}

func jsonLines(f *File) (docs []*object) {
	for line := range bytes.Lines(f.text()) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		if line[0] != '{' {
			return nil
		}
		d := newDecoder(line)
		v, whole := decode(d, 0)
		o, ok := v.(*object)
		if !whole || !ok || d.More() {
			return nil
		}
		docs = append(docs, o)
	}
	return docs
}

// A shape is what stands at the paths of documents, or of the elements of a list.
type shape struct {
	docs    int
	order   []string
	scalars map[string]*values  // by path
	strings map[string]int      // how many of them are text
	lists   map[string][]*list  // likewise, of all documents
	listed  map[string]*values  // elements of lists of scalars
	present map[string]int      // documents that have it
	plain   map[string]bool     // lists of nothing but scalars
	raw     map[string][]string // texts, each of its document
}

// list is a list of one document.
type list struct {
	doc      int
	elements []any
}

func newShape() *shape {
	return &shape{
		scalars: make(map[string]*values), strings: make(map[string]int), lists: make(map[string][]*list),
		listed: make(map[string]*values), present: make(map[string]int), plain: make(map[string]bool), raw: make(map[string][]string),
	}
}

func shapeOf(docs []*object) *shape {
	s := newShape()
	for i, doc := range docs {
		s.docs++
		s.walk(doc, "", i)
	}
	return s
}

func below(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func (s *shape) walk(v any, path string, doc int) {
	if path != "" {
		if s.present[path] == 0 {
			s.order = append(s.order, path)
		}
		s.present[path]++
	}
	switch v := v.(type) {
	case *object:
		for _, key := range v.keys {
			if key == "" || strings.Contains(key, ".") {
				continue // no path leads there
			}
			s.walk(v.values[key], below(path, key), doc)
		}
	case []any:
		before, seen := s.plain[path]
		s.plain[path] = before || !seen
		s.lists[path] = append(s.lists[path], &list{doc, v})
		for _, element := range v {
			if text, ok := scalar(element); ok {
				if s.listed[path] == nil {
					s.listed[path] = new(values)
				}
				s.listed[path].add(text)
			} else {
				s.plain[path] = false
			}
		}
	default:
		text, ok := scalar(v)
		if !ok {
			return
		}
		if s.scalars[path] == nil {
			s.scalars[path] = new(values)
		}
		s.scalars[path].add(text)
		if raw, ok := v.(string); ok {
			s.strings[path]++
			for len(s.raw[path]) < doc {
				s.raw[path] = append(s.raw[path], "")
			}
			s.raw[path] = append(s.raw[path], raw)
		}
	}
}

func scalar(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}

func get(v any, path string) any {
	if path == "" {
		return v
	}
	for key := range strings.SplitSeq(path, ".") {
		switch at := v.(type) {
		case *object:
			v = at.values[key]
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i < 0 || i >= len(at) {
				return nil
			}
			v = at[i]
		default:
			return nil
		}
	}
	return v
}

// textWords are what places of texts are called.
var textWords = []string{"text", "content", "body", "sentence", "document", "review", "comment", "paragraph", "abstract", "sent", "raw", "passage", "utterance", "message"}

func isTextName(path string) bool {
	last := name(path[strings.LastIndexByte(path, '.')+1:])
	return slices.ContainsFunc(textWords, func(w string) bool {
		return last == w || strings.HasPrefix(last, w+"_") || strings.HasSuffix(last, "_"+w)
	})
}

// text is the path of the text of most documents: the longest, and rather one that is
// called so.
func (s *shape) text() string {
	best, score := "", 0
	for _, path := range s.order {
		v := s.scalars[path]
		if v == nil || s.strings[path]*10 < s.docs*8 || v.n == 0 || v.urls > 0 {
			continue
		}
		named := isTextName(path)
		if v.words < 3*v.n && (!named || v.words <= v.n) {
			continue
		}
		points := v.bytes / v.n
		if named {
			points = 4*points + 20
		}
		if points > score {
			best, score = path, points
		}
	}
	return best
}

// eachOne says that files are documents.
const eachOne = "hold one JSON document each"

// guessJSON makes a guess of documents in JSON.
func (e *evidence) guessJSON(files []*jsonFile, format string) *Guess {
	var docs []*object
	lists, records := 0, ""
	for _, f := range files {
		docs = append(docs, f.docs...)
		if f.list {
			lists++
		}
		if f.records != "" {
			records = f.records
		}
	}
	g := newGuess(format, eachOne)
	switch {
	case format == "jsonl":
		g.What = "hold a JSON document on each line"
	case lists > 0:
		g.What = "hold a list of JSON documents"
	case records != "":
		g.What = "hold a list of JSON documents in " + records
		g.Corpus.JSON.Records = records
	}
	for _, f := range files {
		if f.records == records && f.list == (lists > 0) {
			g.Files = append(g.Files, f.path)
		}
	}
	if g.What != eachOne {
		g.What += fmt.Sprintf(", %d in all that was read", len(docs))
	}
	b := jsonBuilder{Guess: g, shape: shapeOf(docs), docs: docs, taken: make(map[string]bool)}
	text := b.text()
	sentences := b.sentences(text)
	switch {
	case text != "" && (len(sentences) == 0 || b.hasSpans(text)):
		g.Corpus.JSON.Text = text
		v := b.scalars[text]
		g.Why["json.text"] = fmt.Sprintf("In %d of %d documents, %d words on average.", b.strings[text], len(b.docs), v.words/max(1, v.n))
		b.taken[text] = true
		b.spans(text)
	case len(sentences) > 0:
		b.addSentences(sentences)
	default:
		return nil
	}
	b.rest()
	return g
}

type jsonBuilder struct {
	*Guess
	*shape
	docs  []*object
	taken map[string]bool // paths that are used
}

// sentenceList is a list whose elements are sentences.
type sentenceList struct {
	path, text string
	elements   []any
	shape      *shape
	lists      int
}

// sentences finds the lists of sentences: of texts, or of objects that have one.
func (b *jsonBuilder) sentences(text string) (out []sentenceList) {
	for _, path := range b.order {
		lists := b.lists[path]
		if len(lists)*2 < len(b.docs) || path == text || b.isSets(path) {
			continue
		}
		s := sentenceList{path: path, lists: len(lists)}
		for _, l := range lists {
			s.elements = append(s.elements, l.elements...)
		}
		objects := objects(s.elements)
		switch v := b.listed[path]; {
		case len(s.elements) == 0:
			continue
		case v != nil && v.n == len(s.elements) && v.isText() && v.n > len(lists):
			out = append(out, s)
		case len(objects) == len(s.elements):
			s.shape = shapeOf(objects)
			if s.text = s.shape.text(); s.text == "" || !isSentences(s, lists) {
				continue
			}
			out = append(out, s)
		}
	}
	return out
}

// isSentences leaves out lists of what is said about a text, such as spans, whose
// texts are copied from it.
func isSentences(s sentenceList, lists []*list) bool {
	if _, _, ok := spanKeys(s.elements); ok {
		return false
	}
	return s.shape.strings[s.text]*10 >= len(s.elements)*9 && len(s.elements) >= len(lists)
}

// isSets reports whether a list is of sets of annotations, as Label Studio has them.
func (b *jsonBuilder) isSets(path string) bool {
	for _, l := range b.lists[path] {
		for _, o := range objects(l.elements) {
			if _, ok := o.values["result"].([]any); ok {
				return true
			}
		}
	}
	return false
}

func (b *jsonBuilder) addSentences(lists []sentenceList) {
	for _, s := range lists {
		entry := config.JSONSentences{Path: s.path, Text: s.text}
		if len(lists) > 1 {
			entry.Role = singular(strings.TrimSuffix(name(s.path[strings.LastIndexByte(s.path, '.')+1:]), "_sentences"))
		}
		b.taken[s.path] = true
		if s.shape != nil {
			b.sentenceLabels(&entry, s)
		}
		b.Corpus.JSON.Sentences = append(b.Corpus.JSON.Sentences, entry)
		why := fmt.Sprintf("%s: %d lists with %s.", s.path, s.lists, plural(len(s.elements), "sentence", "sentences"))
		if before := b.Why["json.sentences"]; before != "" {
			why = before + " " + why
		}
		b.Why["json.sentences"] = why
	}
}

func (b *jsonBuilder) sentenceLabels(entry *config.JSONSentences, s sentenceList) {
	polarity := ""
	for _, path := range s.shape.order {
		v := s.shape.scalars[path]
		if path == s.text || v == nil {
			continue
		}
		if n := name(path); n == "polarity" || n == "sentiment_polarity" {
			polarity = path
		}
		if isSpace(s.shape.raw[path]) {
			entry.After = path
		}
	}
	for _, path := range s.shape.order {
		v := s.shape.scalars[path]
		if list := s.shape.listed[path]; v == nil && list != nil && s.shape.plain[path] && list.isLabel(isLabelName(path)) {
			v = list // a list of labels
		}
		if b.joins(&s, path) {
			continue
		}
		if v == nil || path == s.text || path == polarity || path == entry.After {
			continue
		}
		if !v.isLabel(isLabelName(path)) {
			if v.isText() {
				b.Remarks = append(b.Remarks, fmt.Sprintf("%s has texts too, in %s.", s.path, path))
			}
			continue
		}
		if idName.MatchString(name(path)) {
			continue
		}
		l := config.LabelField{From: path, Layer: name(path)}
		if strings.Contains(name(path), "aspect") && polarity != "" {
			l.Polarity = polarity
		}
		entry.Labels = append(entry.Labels, l)
		seen := layer(l.Layer, v.distinct)
		if l.Polarity != "" {
			seen.Polarity = true
			b.Polarities = s.shape.scalars[polarity].distinct.List()
		}
		b.addLayer(seen)
		b.Why[labelKey(fmt.Sprintf("json.sentences[%d].labels", len(b.Corpus.JSON.Sentences)), path)] = v.why()
	}
	if polarity == "" || slices.ContainsFunc(entry.Labels, func(l config.LabelField) bool { return l.Polarity != "" }) {
		return
	}
	v := s.shape.scalars[polarity]
	entry.Labels = append(entry.Labels, config.LabelField{From: polarity, Layer: name(polarity)})
	b.addLayer(layer(name(polarity), v.distinct))
}

// joins adds a relation where elements have a kind and the numbers of sentences, as in
// ["answers", [3, 4]], of another list before them.
func (b *jsonBuilder) joins(s *sentenceList, path string) bool {
	numbered, kinds := 0, make(Counter)
	for _, l := range s.shape.lists[path] {
		if len(l.elements) != 2 {
			return false
		}
		kind, ok := l.elements[0].(string)
		if !ok {
			return false
		}
		kinds[kind]++
		if to, ok := l.elements[1].([]any); ok && len(to) > 0 {
			if _, ok := number(to[0]); !ok {
				return false
			}
			numbered++
		}
	}
	if numbered == 0 || len(b.Corpus.JSON.Sentences) == 0 {
		return false
	}
	to := b.Corpus.JSON.Sentences[len(b.Corpus.JSON.Sentences)-1]
	b.Corpus.JSON.Relations = append(b.Corpus.JSON.Relations, config.JSONRelations{
		Path: s.path, KindFrom: path + ".0", To: path + ".1", ToRole: to.Role,
	})
	b.Why["json.relations"] = fmt.Sprintf("%s has kinds and numbers: %s. They are taken for sentences of %s.", below(s.path, path), examples(kinds.List()), to.Path)
	return true
}

// isSpace reports whether texts are white space, and not all empty.
func isSpace(texts []string) bool {
	some := false
	for _, s := range texts {
		if strings.TrimSpace(s) != "" {
			return false
		}
		some = some || s != ""
	}
	return some
}

// spanKeys finds where elements of a list have the offsets of a span.
func spanKeys(elements []any) (start, end string, ok bool) {
	pairs := [][2]string{
		{"0", "1"},
		{"start", "end"},
		{"begin", "end"},
		{"start_offset", "end_offset"},
		{"startOffset", "endOffset"},
		{"start_char", "end_char"},
		{"char_start", "char_end"},
		{"value.start", "value.end"},
		{"from", "to"},
		{"start_index", "end_index"},
		{"points.0.start", "points.0.end"},
		{"offsets.0.0", "offsets.0.1"},
		{"span.0", "span.1"},
		{"offsets.0", "offsets.1"},
	}
	for _, p := range pairs {
		n := 0
		for _, element := range elements {
			a, okA := number(get(element, p[0]))
			b, okB := number(get(element, p[1]))
			if okA && okB && a <= b {
				n++
			}
		}
		if n > 0 && n*2 >= len(elements) {
			return p[0], p[1], true
		}
	}
	return "", "", false
}

func number(v any) (int, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	i, err := strconv.Atoi(n.String())
	return i, err == nil && i >= 0
}

// spanList is a list of spans.
type spanList struct {
	path, each string
	elements   []any
	docs       []int // of each
}

// spanLists are the lists that may be of spans, with those in sets of annotations.
func (b *jsonBuilder) spanLists() (out []spanList) {
	for _, path := range b.order {
		if len(b.lists[path]) == 0 {
			continue
		}
		s := spanList{path: path}
		inSets := make(map[string]*spanList)
		var keys []string
		for _, l := range b.lists[path] {
			for _, element := range l.elements {
				s.elements = append(s.elements, element)
				s.docs = append(s.docs, l.doc)
				o, ok := element.(*object)
				if !ok {
					continue
				}
				for _, key := range o.keys {
					inner, ok := o.values[key].([]any)
					if !ok {
						continue
					}
					if inSets[key] == nil {
						inSets[key] = &spanList{path: key, each: path}
						keys = append(keys, key)
					}
					for _, element := range inner {
						inSets[key].elements = append(inSets[key].elements, element)
						inSets[key].docs = append(inSets[key].docs, l.doc)
					}
				}
			}
		}
		if _, _, ok := spanKeys(s.elements); ok {
			out = append(out, s)
			continue
		}
		for _, key := range keys {
			if _, _, ok := spanKeys(inSets[key].elements); ok {
				out = append(out, *inSets[key])
			}
		}
	}
	return out
}

func (b *jsonBuilder) hasSpans(text string) bool {
	return slices.ContainsFunc(b.spanLists(), func(s spanList) bool {
		o := b.offsets(&s, text)
		return o.inside > 0 && o.inside*10 >= 9*o.all
	})
}

// spans adds the lists of spans in the text, and relations between them.
func (b *jsonBuilder) spans(text string) {
	for _, s := range b.spanLists() {
		o := b.offsets(&s, text)
		if o.inside == 0 {
			continue
		}
		start, end, _ := spanKeys(s.elements)
		entry := config.JSONSpans{Each: s.each, Path: s.path, Start: start, End: end}
		b.taken[s.path], b.taken[s.each] = true, true
		elements := s.elements
		if s.each != "" && countText(elements, "type", "labels") > 0 {
			entry.Where = "type=labels"
			elements = slices.DeleteFunc(slices.Clone(elements), func(v any) bool { return get(v, "type") != "labels" })
		}
		from, counts := spanLabel(elements, start, end)
		entry.Labels = []config.LabelField{{From: from, Layer: spanLayer(from, s.path)}}
		if s.each != "" && countText(elements, "from_name", "") == len(elements) {
			entry.Labels[0].Layer, entry.Labels[0].LayerFrom = "", "from_name"
			for _, v := range elements {
				l, _ := get(v, "from_name").(string)
				one := make(Counter)
				countLabels(get(v, from), one)
				b.addLayer(layer(name(l), one))
			}
		} else {
			b.addLayer(layer(entry.Labels[0].Layer, counts))
		}
		if s.each != "" {
			for _, path := range []string{"completed_by.id", "completed_by", "annotator", "annotator_id", "user", "created_username"} {
				if n := b.inSets(s.each, path); n > 0 {
					entry.Annotator = path
					break
				}
			}
		}
		if hasID(elements) {
			entry.ID = "id"
		}
		b.Corpus.JSON.Spans = append(b.Corpus.JSON.Spans, entry)
		b.Why["json.spans"] = strings.TrimSpace(b.Why["json.spans"] + " " + fmt.Sprintf("%s: %s, of which %d lie in the text. Labels: %s.", below(s.each, s.path), plural(o.all, "span", "spans"), o.inside, examples(counts.List())))
		if unit, why := o.unit(); unit != "code_points" {
			b.Corpus.JSON.Offsets = unit
			b.Why["json.offsets"] = why
		}
		if entry.ID != "" {
			b.relations(&s)
		}
	}
}

func (b *jsonBuilder) inSets(each, path string) (n int) {
	for _, l := range b.lists[each] {
		for _, set := range l.elements {
			if _, ok := scalar(get(set, path)); ok {
				n++
			}
		}
	}
	return n
}

// countText counts the elements that have a text at path, this one if it is not empty.
func countText(elements []any, path, text string) (n int) {
	for _, v := range elements {
		if s, ok := get(v, path).(string); ok && (text == "" || s == text) {
			n++
		}
	}
	return n
}

func hasID(elements []any) bool {
	n := 0
	for _, v := range elements {
		if _, ok := scalar(get(v, "id")); ok {
			n++
		}
	}
	return n > 0 && n == len(elements)
}

// spanLabel finds where elements have their label, and counts the labels.
func spanLabel(elements []any, start, end string) (string, Counter) {
	paths := []string{"label", "labels", "value.labels", "type", "tag", "category", "class", "entity", "entity_type", "name", "2", "tag_name", "value.choices"}
	best, most := "", Counter(nil)
	for _, path := range paths {
		counts := make(Counter)
		for _, v := range elements {
			countLabels(get(v, path), counts)
		}
		if path != start && path != end && counts.total() > most.total() {
			best, most = path, counts
		}
	}
	if most == nil { // any other key with text
		for _, v := range elements {
			o, ok := v.(*object)
			if !ok {
				continue
			}
			for _, key := range o.keys {
				if s, ok := o.values[key].(string); ok && key != start && key != end && len(s) < 60 && key != "text" && key != "id" {
					counts := make(Counter)
					for _, v := range elements {
						countLabels(get(v, key), counts)
					}
					return key, counts
				}
			}
		}
		return "label", Counter{}
	}
	return best, most
}

// countLabels counts a label, or each of a list.
func countLabels(v any, into Counter) {
	if l, ok := v.([]any); ok {
		for _, element := range l {
			if s, ok := element.(string); ok {
				into[s]++
			}
		}
		return
	}
	if s, ok := v.(string); ok {
		into[s]++
	}
}

// spanLayer is what to call the layer of spans.
func spanLayer(from, path string) string {
	switch last := name(path[strings.LastIndexByte(path, '.')+1:]); last {
	case "label", "labels", "spans", "span", "annotations", "annotation", "x_2", "result", "spans_labels":
		return "span"
	default:
		return singular(strings.Replace(last, "entities", "entity", 1))
	}
}

func singular(s string) string {
	if len(s) > 2 {
		return strings.TrimSuffix(s, "s")
	}
	return s
}

// relations adds the relations between spans with ids.
func (b *jsonBuilder) relations(spans *spanList) {
	ends := [][2]string{{"from_id", "to_id"}, {"from", "to"}, {"source", "target"}, {"head_id", "child_id"}, {"arg1", "arg2"}, {"head", "tail"}}
	add := func(path, where string, elements []any) bool {
		for _, e := range ends {
			n := 0
			kinds := make(map[string]Counter)
			for _, v := range elements {
				_, okFrom := scalar(get(v, e[0]))
				_, okTo := scalar(get(v, e[1]))
				if !okFrom || !okTo {
					continue
				}
				n++
				for _, key := range []string{"type", "label", "labels", "kind", "relation"} {
					if where != "" && key == "type" {
						continue
					}
					if kinds[key] == nil {
						kinds[key] = make(Counter)
					}
					countLabels(get(v, key), kinds[key])
				}
			}
			if n == 0 || n*2 < len(elements) {
				continue
			}
			r := config.JSONRelations{Each: spans.each, Path: path, Where: where, From: e[0], To: e[1]}
			for _, key := range []string{"type", "label", "kind", "relation", "labels"} {
				if kinds[key].total() > 0 {
					r.KindFrom = key
					break
				}
			}
			switch r.KindFrom {
			case "":
				r.Kind = "relation"
			case "labels":
				r.KindFrom = "labels.0"
			}
			b.Corpus.JSON.Relations = append(b.Corpus.JSON.Relations, r)
			b.Why["json.relations"] = fmt.Sprintf("%s: %s.", below(spans.each, path), plural(n, "relation", "relations"))
			return true
		}
		return false
	}
	if spans.each != "" {
		related := slices.DeleteFunc(slices.Clone(spans.elements), func(v any) bool { return get(v, "type") != "relation" })
		if len(related) > 0 {
			add(spans.path, "type=relation", related)
		}
		return
	}
	for _, path := range b.order {
		var elements []any
		for _, l := range b.lists[path] {
			elements = append(elements, l.elements...)
		}
		if path != spans.path && len(elements) > 0 && add(path, "", elements) {
			b.taken[path] = true
		}
	}
}

// offsets are how the spans of a list fall into the text, by what they may count.
type offsets struct {
	all, inside int
	wide        int    // spans behind a character that tells the units apart
	edges       [3]int // of these, ends at the edge of a word: code points, bytes, utf16
}

var units = [3]string{"code_points", "bytes", "utf16"}

// unit is what offsets count: code points, unless spans fall on the edges of words
// clearly more often in another unit.
func (o *offsets) unit() (unit, why string) {
	best := 0
	for i := range units {
		if o.edges[i] > o.edges[best] {
			best = i
		}
	}
	if o.wide == 0 || o.edges[best]*10 < o.edges[0]*11 {
		return units[0], ""
	}
	return units[best], fmt.Sprintf("Behind characters that tell units apart, %d of %d ends of spans fall on the edge of a word; as code points %d.", o.edges[best], 2*o.wide, o.edges[0])
}

func (b *jsonBuilder) offsets(s *spanList, text string) (o offsets) {
	start, end, _ := spanKeys(s.elements)
	var x *unitIndex // of the document before, as a rule
	doc := -1
	for i, v := range s.elements {
		from, okFrom := number(get(v, start))
		to, okTo := number(get(v, end))
		if !okFrom || !okTo {
			continue
		}
		o.all++
		if doc != s.docs[i] {
			doc = s.docs[i]
			t, _ := get(b.docs[doc], text).(string)
			x = indexText(t)
		}
		if from < to && to <= len(x.text) {
			o.inside++
		}
		if at, ok := x.at(0, to); ok && at == to {
			continue // all characters before are of one byte
		}
		o.wide++
		for unit := range units {
			if at, ok := x.at(unit, from); ok && x.edge(at, true) {
				o.edges[unit]++
			}
			if at, ok := x.at(unit, to); ok && x.edge(at, false) {
				o.edges[unit]++
			}
		}
	}
	return o
}

// unitIndex maps offsets in other units to bytes.
type unitIndex struct {
	text  string
	chars []int32 // where each code point starts, nil if all are of one byte
	utf16 []int32 // likewise each code unit, -1 for the second half of a pair
}

func indexText(text string) *unitIndex {
	x := &unitIndex{text: text}
	if strings.IndexFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }) < 0 {
		return x
	}
	for i, r := range text {
		x.chars = append(x.chars, int32(i))
		x.utf16 = append(x.utf16, int32(i))
		if r > 0xffff {
			x.utf16 = append(x.utf16, -1)
		}
	}
	x.chars, x.utf16 = append(x.chars, int32(len(text))), append(x.utf16, int32(len(text)))
	return x
}

// at is the byte at an offset in one of units, false if there is none.
func (x *unitIndex) at(unit, offset int) (int, bool) {
	if unit == 1 || x.chars == nil {
		return offset, offset <= len(x.text) && (offset == len(x.text) || utf8.RuneStart(x.text[offset]))
	}
	starts := x.chars
	if unit == 2 {
		starts = x.utf16
	}
	if offset >= len(starts) || starts[offset] < 0 {
		return 0, false
	}
	return int(starts[offset]), true
}

// edge reports whether a span that starts or ends at a byte does so where a word does.
func (x *unitIndex) edge(at int, start bool) bool {
	before, _ := utf8.DecodeLastRuneInString(x.text[:at])
	after, _ := utf8.DecodeRuneInString(x.text[at:])
	inWord := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	switch {
	case start:
		return !unicode.IsSpace(after) && at < len(x.text) && (at == 0 || !inWord(before) || !inWord(after))
	default:
		return at > 0 && !unicode.IsSpace(before) && (at == len(x.text) || !inWord(before) || !inWord(after))
	}
}

// rest makes labels of the whole text and attributes of what is left.
func (b *jsonBuilder) rest() {
	hasLabels := len(b.Layers) > 0
	c := &b.Corpus
	used := make(map[string]bool)
	for _, path := range b.order {
		if b.taken[path] || strings.HasPrefix(path, "_") {
			continue
		}
		last := path[strings.LastIndexByte(path, '.')+1:]
		v, isList := b.scalars[path], false
		if v == nil && b.plain[path] && b.listed[path] != nil && len(b.lists[path]) > 0 && b.listed[path].n > 0 {
			v, isList = b.listed[path], true
		}
		if v == nil || v.n == 0 {
			continue
		}
		_, isTyped := typed[name(last)]
		switch {
		case isLabelName(last) && v.isLabel(true) || !hasLabels && !isTyped && v.isLabel(false) || isList && v.isLabel(false) && isLabelName(last):
			if c.JSON.Text == "" { // labels of a whole text that is made of sentences
				b.Remarks = append(b.Remarks, fmt.Sprintf("%s could be a label of the whole: %s", path, v.why()))
			}
			c.JSON.Labels = append(c.JSON.Labels, config.LabelField{From: path, Layer: name(last)})
			b.Why["json.labels"] = strings.TrimSpace(b.Why["json.labels"] + " " + path + " has " + v.why())
			b.addLayer(layer(name(last), v.distinct))
		case isList:
		case v.isText() && v.bytes > 200*v.n:
			b.Remarks = append(b.Remarks, fmt.Sprintf("%s has text too, and was left out.", path))
		case v.n*2 < len(b.docs) || used[v.attribute(last)] || v.bytes > 500*v.n:
		default:
			used[v.attribute(last)] = true
			c.Fields = append(c.Fields, config.Field{From: path, Name: v.attribute(last)})
		}
	}
	if len(c.Fields) > 0 {
		b.Why["fields"] = "Values that stand once in a document. Take out what no one asks for."
	}
}
