package verifier

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/bits"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/sink"
	"github.com/quern-data/quern/stages/snapshot"
)

// shardCheck verifies the rows of a shard. All its tables are in the order of
// documents, and are read side by side: a document, then its sentences, each with
// its labels, then its relations and its diagnostics.
type shardCheck struct {
	verifier   *Verifier
	shard      *snapshot.Shard
	number     int
	manifest   report
	inputLines []byte
	parts      []*part // in the order of snapshot.ShardTables

	written [][]byte              // lines of the inputs that have a row, in their order
	at      int                   // the next of them
	line    []byte                // as it should be
	places  map[inputKey]int      // of them; made when one is missing
	refused map[string][]*refusal // the others, by paths of their pieces and raw twins
	pieces  []sink.InputPiece     // of the document, if it has several
	header  int                   // that it was read with, if it has not

	documents   documentRows
	sentences   sentenceRows
	labels      labelRows
	relations   relationRows
	diagnostics diagnosticRows

	first, last []byte // ids of documents, refused or not; nil if there are none

	stats sink.Stats // of what was read
	utf16 int8       // whether offsets in UTF-16 are written: 0 if that is not known yet, else 1 or -1
}

// inputKey is where an input starts.
type inputKey struct {
	path   string
	offset int64
}

// refusal is a document that was refused.
type refusal struct {
	input  sink.Input
	errors int
}

// holds reports whether a place, which is -1 for all of a file, is one of the refused
// document, or may be.
func (r *refusal) holds(path string, place int64) bool {
	in := &r.input
	if len(in.Pieces) == 0 {
		return path == in.RawPath || path == in.Path &&
			(place < int64(in.Header) || place >= in.Offset && (in.Bytes < 0 || place <= in.Offset+in.Bytes))
	}
	return pieceAt(in.Pieces, path, place) >= 0 || path == in.RawPath
}

// pieceAt is which of the pieces a place is in, -1 for none. Its end is in it, and its
// header.
func pieceAt(pieces []sink.InputPiece, path string, place int64) int {
	for i := range pieces {
		p := &pieces[i]
		if path == p.RawPath && path != "" || path == p.Path && (place < int64(p.Header) || place >= p.Offset && place <= p.Offset+int64(p.Bytes)) {
			return i
		}
	}
	return -1
}

// documentRows are the columns of the table documents that are compared.
type documentRows struct {
	*tableReader
	id, text, origin, path, sha, rawPath, rawSHA       *textColumn
	sentences, labeled, labels, relations, diagnostics *numberColumn[int32]
	size, inLabeled, inUnlabeled, heading, mark, gap   *numberColumn[int32]
	offset, source                                     *numberColumn[int64]
	corpus, annotator                                  *textColumn // nil if they are dropped
	partition                                          []partitionColumn
	attributes, annotators                             *list
	last                                               []byte
}

// partitionColumn is a column that the table is partitioned by and that stands in
// it.
type partitionColumn struct {
	leaf
	value string // that it must have, "" for NULL or the empty string
}

// text is the value in row i of the batch, "" for NULL.
func (c *partitionColumn) text(i int) string {
	switch column := c.leaf.(type) {
	case *numberColumn[int32]:
		if column.null(i) {
			return ""
		}
		return strconv.Itoa(int(column.values[i]))
	default:
		return string(column.(*textColumn).at(i))
	}
}

type sentenceRows struct {
	*tableReader
	shared
	id, document, group, text, annotated, alignment                     *textColumn
	index, charStart, charEnd, byteStart, byteEnd, utf16Start, utf16End *numberColumn[int32]
	sourceStart, sourceEnd                                              *numberColumn[int64]
	similarity                                                          *numberColumn[float64]
	labeled, repaired                                                   *numberColumn[bool]
	refs                                                                *list // layer, label, polarity
}

type labelRows struct {
	*tableReader
	shared
	id, document, layer, label, polarity, raw, repair *textColumn
	annotator                                         *textColumn // nil if it is dropped
	span                                              *textColumn
	index, position, start, end                       *numberColumn[int32]
	verdicts                                          [1 << 10]verdict // see shardCheck.verdict
	refs                                              [3]sameText      // of layer, label and polarity, to those in sentences
}

type relationRows struct {
	*tableReader
	shared
	document, kind, annotator *textColumn // annotator is nil if it is dropped
	index                     *numberColumn[int32]
	from, to                  relationEnd
	attributes                *list
}

// relationEnd is the columns of an end of a relation.
type relationEnd struct {
	name           string
	sentence, span *textColumn
	start, end     *numberColumn[int32]
}

type diagnosticRows struct {
	*tableReader
	id, corpus, path, severity, code *textColumn
	offset                           *numberColumn[int64]
	last                             []byte
	codes                            map[string]schema.Code
}

// rows reads the tables and compares them.
func (c *shardCheck) rows(ctx context.Context) {
	c.stats = sink.NewStats()
	c.sortInputs()
	c.open()
	c.sentences.next()
	c.labels.next()
	c.relations.next()
	c.diagnostics.next()
	for c.documents.next(); c.documents.more && ctx.Err() == nil; c.documents.next() {
		c.document()
		if c.failed() {
			break
		}
	}
	if ctx.Err() != nil {
		return
	}
	if !c.failed() {
		c.strayDiagnostics(nil)
		c.straySentences(nil)
		c.strayLabels(nil, 0)
		c.strayRelations(nil)
	}
	if c.failed() {
		for _, t := range c.tables() {
			if t.err != nil {
				t.part.addf("%v", t.err)
			}
		}
		return
	}
	c.finish()
	for _, t := range c.tables() {
		keep(t)
	}
}

func (c *shardCheck) tables() []*tableReader {
	return []*tableReader{c.documents.tableReader, c.sentences.tableReader, c.labels.tableReader, c.relations.tableReader, c.diagnostics.tableReader}
}

// failed reports whether a table cannot be read to its end.
func (c *shardCheck) failed() bool {
	return c.documents.err != nil || c.sentences.err != nil || c.labels.err != nil || c.relations.err != nil || c.diagnostics.err != nil
}

func (c *shardCheck) open() {
	d := newTableReader(c.parts[0])
	c.documents = documentRows{
		tableReader: d, id: d.string("document_id"), text: d.string("text"), origin: d.string("text_origin"),
		path: d.string("source_path"), sha: d.string("source_sha256"), rawPath: d.string("raw_path"), rawSHA: d.string("raw_sha256"),
		sentences: d.int32("sentences"), labeled: d.int32("labeled_sentences"), labels: d.int32("labels"),
		relations: d.int32("relations"), diagnostics: d.int32("diagnostics"), offset: d.int64("source_offset"),
		size: d.int32("text_bytes"), inLabeled: d.int32("labeled_bytes"), inUnlabeled: d.int32("unlabeled_bytes"),
		heading: d.int32("heading_bytes"), mark: d.int32("list_marker_bytes"), gap: d.int32("space_bytes"),
		source: d.int64("source_bytes"), partition: c.partition(d), attributes: d.list("attributes.key_value.key", "attributes.key_value.value"),
		annotators: d.list("annotators.list.element"),
	}
	c.documents.corpus, _ = d.names["corpus"].(*textColumn)
	c.documents.annotator, _ = d.names["annotator"].(*textColumn)
	s := newTableReader(c.parts[1])
	c.sentences = sentenceRows{
		tableReader: s, shared: newShared(d, s, nil),
		id: s.string("sentence_id"), document: s.string("document_id"), group: s.string("group_id"), text: s.string("text"),
		annotated: s.string("annotated_text"), alignment: s.string("alignment"), index: s.int32("sentence_index"),
		charStart: s.int32("char_start"), charEnd: s.int32("char_end"), byteStart: s.int32("byte_start"), byteEnd: s.int32("byte_end"),
		utf16Start: s.int32("utf16_start"), utf16End: s.int32("utf16_end"),
		sourceStart: s.int64("source_start"), sourceEnd: s.int64("source_end"), similarity: s.double("similarity"),
		labeled: s.bool("labeled"), repaired: s.bool("repaired"),
		refs: s.list("labels.list.element.layer", "labels.list.element.label", "labels.list.element.polarity"),
	}
	l := newTableReader(c.parts[2])
	c.labels = labelRows{
		tableReader: l, shared: newShared(d, l, c.documents.annotators),
		id: l.string("sentence_id"), document: l.string("document_id"), layer: l.string("layer"), label: l.string("label"),
		polarity: l.string("polarity"), raw: l.string("raw_label"), repair: l.string("repair"),
		index: l.int32("sentence_index"), position: l.int32("position"),
		span: l.string("span_id"), start: l.int32("label_start"), end: l.int32("label_end"),
	}
	c.labels.annotator, _ = l.names["annotator"].(*textColumn)
	r := newTableReader(c.parts[3])
	end := func(name string) relationEnd {
		return relationEnd{name, r.string(name + "_sentence_id"), r.string(name + "_span_id"), r.int32(name + "_start"), r.int32(name + "_end")}
	}
	c.relations = relationRows{
		tableReader: r, shared: newShared(d, r, c.documents.annotators),
		document: r.string("document_id"), kind: r.string("kind"), index: r.int32("relation_index"), from: end("from"), to: end("to"),
		attributes: r.list("relation_attributes.key_value.key", "relation_attributes.key_value.value"),
	}
	c.relations.annotator, _ = r.names["annotator"].(*textColumn)
	// These are compared with the text and the ids of documents, and that text is
	// looked at as a whole.
	d.string("text").known = true
	for _, name := range []string{"text", "sentence_id", "document_id", "group_id"} {
		s.string(name).known = true
	}
	l.string("sentence_id").known, l.string("document_id").known = true, true
	r.string("document_id").known = true
	g := newTableReader(c.parts[4])
	c.diagnostics = diagnosticRows{
		tableReader: g, id: g.string("document_id"), corpus: g.string("corpus"), path: g.string("source_path"),
		severity: g.string("severity"), code: g.string("code"), offset: g.int64("byte_offset"), codes: map[string]schema.Code{},
	}
	for _, code := range schema.Codes() {
		c.diagnostics.codes[code.String()] = code
	}
}

// partition are the columns of documents whose value the shard's partition says.
func (c *shardCheck) partition(documents *tableReader) (columns []partitionColumn) {
	for i, name := range c.verifier.snapshot.PartitionBy {
		if l := documents.names[name]; l != nil {
			columns = append(columns, partitionColumn{l, c.shard.Partition[i]})
		}
	}
	return columns
}

// shared are the columns that sentences, labels and relations repeat from their
// document. Their rows come one document after the other, and are compared a stretch at
// a time.
type shared struct {
	document *textColumn
	until    int64 // row behind those that were compared with their document
	strings  []sharedText
	ints     []sharedNumber[int32]
	doubles  []sharedNumber[float64]

	// annotator is the column of that name where it says who made the row, one of
	// the document's annotators. Nil where it repeats the document's.
	annotator  *textColumn
	annotators *list
}

type sharedText struct{ of, in *textColumn }

type sharedNumber[T int32 | float64] struct{ of, in *numberColumn[T] }

// newShared are those of a table. annotators are those of the document, if rows of the
// table are by one of them.
func newShared(documents, t *tableReader, annotators *list) (s shared) {
	s.document, s.annotators = t.string("document_id"), annotators
	columns := append([]string{"corpus"}, attributeNames...)
	for _, name := range columns {
		switch in := t.names[name].(type) {
		case *textColumn:
			if name == "annotator" && annotators != nil {
				s.annotator = in
				continue
			}
			s.strings = append(s.strings, sharedText{documents.string(name), in})
		case *numberColumn[int32]:
			s.ints = append(s.ints, sharedNumber[int32]{documents.int32(name), in})
		case *numberColumn[float64]:
			s.doubles = append(s.doubles, sharedNumber[float64]{documents.double(name), in})
		}
	}
	return s
}

// attributeNames are the columns of schema.Attributes: those that documents and
// labels have in common, but for the ids and the corpus.
var attributeNames = func() (names []string) {
	columns := map[string][]string{}
	for _, t := range schema.Tables() {
		for _, c := range t.Columns {
			columns[t.Name] = append(columns[t.Name], c.Name)
		}
	}
	for _, name := range columns["labels"] {
		if name != "document_id" && name != "corpus" && slices.Contains(columns["documents"], name) {
			names = append(names, name)
		}
	}
	return names
}()

// of reports whether the row of t is of the document with the given id, in row d of
// the batch of documents. The first time, it compares that row, and all that follow
// it in the batch and are of the document, with the document.
func (s *shared) of(t *tableReader, id []byte, d int) bool {
	return t.row < s.until || t.more && bytes.Equal(s.document.at(t.i), id) && s.compare(t, d)
}

func (s *shared) compare(t *tableReader, d int) bool {
	end := s.document.run(t.i, t.n)
	s.until = t.row + int64(end-t.i)
	for k := range s.strings {
		x := &s.strings[k]
		want := x.of.at(d)
		for from := t.i; from < end; {
			to := x.in.run(from, end)
			if v := x.in.at(from); !equal(v, want) {
				t.part.addf("row %d: %s is %s, and its document's is %s", t.row+int64(from-t.i), x.in.name, show(v), show(want))
			}
			from = to
		}
	}
	for from := t.i; s.annotator != nil && from < end; {
		to := s.annotator.run(from, end)
		if v := s.annotator.at(from); !s.knows(v) {
			t.part.addf("row %d: annotator is %s, and its document's are %s", t.row+int64(from-t.i), show(v), s.annotators)
		}
		from = to
	}
	for k := range s.ints {
		s.ints[k].check(t, end, d)
	}
	for k := range s.doubles {
		s.doubles[k].check(t, end, d)
	}
	return true
}

// knows reports whether a row may be by someone: by one of the annotators of the
// document, or by nobody that is known.
func (s *shared) knows(annotator []byte) bool {
	if annotator == nil {
		return true
	}
	for i := range s.annotators.len() {
		if bytes.Equal(s.annotators.value(0, i), annotator) {
			return true
		}
	}
	return false
}

// check compares the rows from that of t to the given end of the batch with the
// document in row d of documents.
func (x *sharedNumber[T]) check(t *tableReader, end, d int) {
	want, null := x.of.values[d], x.of.null(d)
	if null && x.in.none {
		return
	}
	for i := t.i; i < end; i++ {
		if v := x.in.values[i]; v != want && (v == v || want == want) || x.in.null(i) != null {
			t.part.addf("row %d: %s differs from its document's", t.row+int64(i-t.i), x.in.name)
		}
	}
}

// document verifies a row of documents and all that belongs to it.
func (c *shardCheck) document() {
	d := &c.documents
	i := d.i
	id, text := d.id.at(i), d.text.at(i)
	addf := func(format string, args ...any) { c.aboutDocument(&d.part.report, id, d.row, format, args...) }
	switch {
	case d.row > 0 && bytes.Equal(id, d.last):
		addf("it stands there twice")
	case d.row > 0 && bytes.Compare(id, d.last) < 0:
		addf("it stands behind %s", show(d.last))
	}
	d.last = append(d.last[:0], id...)
	if !bytes.HasPrefix(id, []byte(c.shard.Corpus+"/")) || len(id) == len(c.shard.Corpus)+1 {
		addf("it does not begin with its corpus, %q, and a slash", c.shard.Corpus)
	}
	c.extend(id)
	if string(id) < c.shard.First || string(id) > c.shard.Last {
		addf("it is not between %q and %q, where the shard begins and ends", c.shard.First, c.shard.Last)
	}
	if d.corpus != nil && string(d.corpus.at(i)) != c.shard.Corpus {
		addf("corpus is %s, and the shard is of %q", show(d.corpus.at(i)), c.shard.Corpus)
	}
	for k := range d.partition {
		if p := &d.partition[k]; p.text(i) != p.value {
			addf("%s is %q, and the shard is of partition %q", p.common().name, p.text(i), c.shard.Partition)
		}
	}
	if got := int(d.size.values[i]); got != len(text) {
		addf("text_bytes is %d, and text has %d", got, len(text))
	}
	sum := 0
	for _, part := range [...]*numberColumn[int32]{d.inLabeled, d.inUnlabeled, d.heading, d.mark, d.gap} {
		if n := int(part.values[i]); n < 0 {
			addf("%s is %d", part.name, n)
		} else {
			sum += n
		}
	}
	if sum != len(text) {
		addf("labeled_bytes, unlabeled_bytes, heading_bytes, list_marker_bytes and space_bytes add up to %d, and text has %d", sum, len(text))
	}
	if sum := d.sha.at(i); len(sum) != 2*sha256.Size {
		addf("source_sha256 is %s", show(sum))
	}
	c.origin(addf)
	c.input(addf)
	c.keys("attributes", d.attributes, addf)
	c.annotators(addf)

	c.strayDiagnostics(id)
	c.straySentences(id)
	c.strayRelations(id)
	walk := textWalk{text: text, ascii: isASCII(text), raw: string(d.origin.at(i)) == string(schema.OriginRaw), total: -1}
	walk.related = c.relations.of(c.relations.tableReader, id, i)
	if walk.valid = walk.ascii || utf8.Valid(text); !walk.valid {
		d.text.notUTF8(text)
	}
	for c.sentences.of(c.sentences.tableReader, id, i) {
		c.sentence(id, &walk)
		c.sentences.next()
	}
	c.strayLabels(id, -1)
	related := c.documentRelations(id, &walk)
	rows := c.documentDiagnostics(id)
	if c.failed() {
		return
	}
	for _, count := range [...]struct {
		column *numberColumn[int32]
		want   int
		of     string
	}{
		{d.sentences, walk.sentences, "rows in sentences"},
		{d.labeled, walk.labeled, "such rows in sentences"},
		{d.labels, walk.labels, "rows in labels"},
		{d.relations, related, "rows in relations"},
		{d.inLabeled, walk.inLabeled, "bytes in sentences with labels"},
		{d.inUnlabeled, walk.inUnlabeled, "bytes in sentences without labels"},
	} {
		if got := int(count.column.values[i]); got != count.want {
			addf("%s is %d, and there are %d %s", count.column.name, got, count.want, count.of)
		}
	}
	switch got := int(d.diagnostics.values[i]); {
	case got < rows.n:
		addf("diagnostics is %d, and there are %d rows in diagnostics", got, rows.n)
	case got > rows.n && !rows.truncated:
		addf("diagnostics is %d, and there are %d rows in diagnostics, none of which says that some were left out", got, rows.n)
	}
	c.stats.Written++
	c.stats.Groups += walk.groups
	c.stats.Coverage.Add(schema.Coverage{
		Labeled: int(d.inLabeled.values[i]), Unlabeled: int(d.inUnlabeled.values[i]), Heading: int(d.heading.values[i]),
		ListMarker: int(d.mark.values[i]), Space: int(d.gap.values[i]),
	})
}

// extend notes the id of a document that was written or refused.
func (c *shardCheck) extend(id []byte) {
	if c.first == nil || bytes.Compare(id, c.first) < 0 {
		c.first = append(c.first[:0], id...)
	}
	if c.last == nil || bytes.Compare(id, c.last) > 0 {
		c.last = append(c.last[:0], id...)
	}
}

// aboutDocument is addf with the place in front.
func (c *shardCheck) aboutDocument(r *report, id []byte, row int64, format string, args ...any) {
	r.addf("row %d, document %s: "+format, append([]any{row, show(id)}, args...)...)
}

// origin verifies what a document says of its raw twin.
func (c *shardCheck) origin(addf func(string, ...any)) {
	d := &c.documents
	origin, path, sum := d.origin.at(d.i), d.rawPath.at(d.i), d.rawSHA.at(d.i)
	switch {
	case string(origin) != string(schema.OriginRaw) && string(origin) != string(schema.OriginAnnotated):
		addf("text_origin is %s", show(origin))
	case (path == nil) != (sum == nil) || path != nil && (len(path) == 0 || len(sum) != 2*sha256.Size):
		addf("raw_path is %s, and raw_sha256 is %s", show(path), show(sum))
	case path == nil && string(origin) == string(schema.OriginRaw):
		addf("text_origin is raw, and there is no raw_path")
	}
}

// keys verifies that no key stands twice in a column that is a map.
func (c *shardCheck) keys(name string, l *list, addf func(string, ...any)) {
	for i := range l.len() {
		for k := range i {
			if key := l.value(0, i); bytes.Equal(key, l.value(0, k)) {
				addf("%s has the key %s twice", name, show(key))
			}
		}
	}
}

// annotators verifies that the annotators of a document are sorted, and that annotator
// is the only one.
func (c *shardCheck) annotators(addf func(string, ...any)) {
	d := &c.documents
	l := d.annotators
	for i := range l.len() {
		if v := l.value(0, i); len(v) == 0 || i > 0 && bytes.Compare(v, l.value(0, i-1)) <= 0 {
			addf("annotators are %s, which is not sorted, or has one twice or without a name", l)
			break
		}
	}
	if d.annotator == nil {
		return
	}
	var only []byte
	if l.len() == 1 {
		only = l.value(0, 0)
	}
	if v := d.annotator.at(d.i); !equal(v, only) {
		addf("annotator is %s, and annotators are %s", show(v), l)
	}
}

// sortInputs tells inputs that were written from those that were refused.
func (c *shardCheck) sortInputs() {
	c.refused = map[string][]*refusal{}
	for line := range bytes.Lines(c.inputLines) {
		line = bytes.TrimSuffix(line, []byte{'\n'})
		if !bytes.Contains(line, []byte(`"refused"`)) {
			c.written = append(c.written, line)
			continue
		}
		in := c.parseInput(line)
		if !in.Refused {
			c.written = append(c.written, line)
			continue
		}
		r := &refusal{input: in}
		c.stats.Refused++
		if in.SHA256 != "" {
			c.stats.SourceBytes += in.Bytes
		}
		paths := []string{in.Path, in.RawPath}
		for i := range in.Pieces {
			paths = append(paths, in.Pieces[i].Path, in.Pieces[i].RawPath)
		}
		slices.Sort(paths)
		for _, path := range slices.Compact(paths) {
			if path != "" {
				c.refused[path] = append(c.refused[path], r)
			}
		}
	}
	for _, all := range c.refused { // most often they are
		slices.SortStableFunc(all, func(a, b *refusal) int { return cmp.Compare(a.input.Offset, b.input.Offset) })
	}
}

// refusalAt is the document that was refused and has the place, which is -1 for all of
// a file; nil for none.
func (c *shardCheck) refusalAt(path string, place int64) *refusal {
	all := c.refused[path]
	at, _ := slices.BinarySearchFunc(all, place, func(r *refusal, place int64) int { return cmp.Compare(r.input.Offset, place) })
	for i := range 2 { // it starts there, or the one before it holds the place
		if k := at - i; k >= 0 && k < len(all) && all[k].holds(path, place) {
			return all[k]
		}
	}
	for _, r := range all {
		if r.holds(path, place) {
			return r
		}
	}
	return nil
}

func (c *shardCheck) parseInput(line []byte) sink.Input {
	inputs, err := snapshot.ParseInputs(line)
	if err != nil || len(inputs) != 1 {
		c.manifest.addf("an input of shard %d cannot be read: %v", c.number, err)
		return sink.Input{}
	}
	return inputs[0]
}

// input compares a document with the input that it was made of. Most are equal to
// the byte, and writing JSON is faster than reading it.
func (c *shardCheck) input(addf func(string, ...any)) {
	d := &c.documents
	i := d.i
	c.stats.SourceBytes += d.source.values[i]
	c.pieces, c.header = nil, 0
	if c.at < len(c.written) {
		c.header = headerOf(c.written[c.at])
	}
	c.line = appendInput(c.line[:0], c.shard.Corpus, d.path.at(i), d.offset.values[i], d.source.values[i], c.header, d.sha.at(i), d.rawPath.at(i), d.rawSHA.at(i))
	if c.at < len(c.written) && bytes.Equal(c.line, c.written[c.at]) {
		c.at++
		return
	}
	row := sink.Input{
		Corpus: c.shard.Corpus, Path: string(d.path.at(i)), Offset: d.offset.values[i], Header: c.header, Bytes: d.source.values[i], SHA256: string(d.sha.at(i)),
		RawPath: string(d.rawPath.at(i)), RawSHA256: string(d.rawSHA.at(i)),
	}
	line, err := json.Marshal(&row)
	if err == nil && c.at < len(c.written) && bytes.Equal(line, c.written[c.at]) {
		c.at++
		return
	}
	at := c.at
	var in sink.Input
	if at < len(c.written) {
		in = c.parseInput(c.written[at])
	}
	if in.Path != row.Path || in.Offset != row.Offset {
		place, ok := c.place(inputKey{row.Path, row.Offset})
		if !ok || place < at {
			addf("source_path is %q and source_offset %d, which is no input that was written and comes next", row.Path, row.Offset)
			return
		}
		at, in = place, c.parseInput(c.written[place])
	}
	c.missing(at)
	c.at, c.pieces, c.header = at+1, in.Pieces, in.Header
	if in.Pieces != nil {
		c.checkPieces(&in, addf)
	}
	for _, value := range []struct {
		name      string
		got, want any
	}{
		{"corpus", row.Corpus, in.Corpus},
		{"source_bytes", row.Bytes, in.Bytes},
		{"source_sha256", row.SHA256, in.SHA256},
		{"raw_path", row.RawPath, in.RawPath},
		{"raw_sha256", row.RawSHA256, in.RawSHA256},
	} {
		if value.got != value.want {
			addf("%s is %#v, and its input's is %#v", value.name, value.got, value.want)
		}
	}
}

// checkPieces verifies that the pieces of a document add up to it.
func (c *shardCheck) checkPieces(in *sink.Input, addf func(string, ...any)) {
	sum := int64(0)
	for i := range in.Pieces {
		p := &in.Pieces[i]
		if p.Offset < 0 || p.Bytes < 0 {
			addf("piece %d of its input has %d bytes, at %d of %q", i, p.Bytes, p.Offset, p.Path)
		}
		sum += int64(p.Bytes)
	}
	if first := &in.Pieces[0]; len(in.Pieces) < 2 || sum != in.Bytes || first.Path != in.Path || first.Offset != in.Offset {
		addf("its input has %d pieces of %d bytes in all, the first at %d of %q, and source_bytes is %d, at %d of %q",
			len(in.Pieces), sum, first.Offset, first.Path, in.Bytes, in.Offset, in.Path)
	}
}

// appendInput appends an input as JSON, or something that is none where a value needs
// escapes.
func appendInput(b []byte, corpus string, path []byte, offset, size int64, header int, sha, rawPath, rawSHA []byte) []byte {
	b = append(append(b, `{"corpus":"`...), corpus...)
	b = append(append(b, `","path":"`...), path...)
	b = append(b, '"')
	quotes := 10
	if offset != 0 {
		b = strconv.AppendInt(append(b, `,"offset":`...), offset, 10)
		quotes += 2
	}
	b = strconv.AppendInt(append(b, `,"bytes":`...), size, 10)
	if header != 0 {
		b = strconv.AppendInt(append(b, `,"header":`...), int64(header), 10)
		quotes += 2
	}
	for _, field := range [...]struct {
		head  string
		value []byte
	}{{`,"sha256":"`, sha}, {`,"raw_path":"`, rawPath}, {`,"raw_sha256":"`, rawSHA}} {
		if len(field.value) > 0 {
			b = append(append(append(b, field.head...), field.value...), '"')
			quotes += 4
		}
	}
	if bytes.Count(b, []byte{'"'}) != quotes || bytes.IndexByte(b, '\\') >= 0 {
		return b[:0]
	}
	return append(b, '}')
}

// headerOf is the header of an input, if it is one of one piece.
func headerOf(line []byte) int {
	_, behind, found := bytes.Cut(line, []byte(`,"header":`))
	digit, _, also := bytes.Cut(behind, []byte{','})
	if !found || !also {
		return 0
	}
	n, _ := digits(digit)
	return int(n)
}

// place finds an input that was written.
func (c *shardCheck) place(key inputKey) (int, bool) {
	if c.places == nil {
		c.places = map[inputKey]int{}
		for i, line := range c.written {
			in := c.parseInput(line)
			c.places[inputKey{in.Path, in.Offset}] = i
		}
	}
	at, ok := c.places[key]
	return at, ok
}

// missing reports the inputs before the given one that have no row.
func (c *shardCheck) missing(before int) {
	for _, line := range c.written[c.at:before] {
		c.documents.part.addf("it has no row for %s, which the manifest counts as written", nameOf(c.parseInput(line)))
	}
}

// nameOf is an input in a message.
func nameOf(in sink.Input) string {
	if in.Offset == 0 {
		return strconv.Quote(in.Path)
	}
	return fmt.Sprintf("%q at %d", in.Path, in.Offset)
}

// textWalk goes through the text of a document with its sentences.
type textWalk struct {
	text  []byte
	valid bool // whether it is UTF-8
	ascii bool
	raw   bool // whether it is that of the raw twin

	at, chars, units int // behind the last sentence: in bytes, code points and UTF-16 code units
	before           int // behind the one before it, in code points

	sentences, labeled, labels, groups, inLabeled, inUnlabeled int

	total   int        // code points of the text, -1 if they were not counted yet
	related bool       // whether the document has relations: then places are kept
	places  []charSpan // of its sentences
	spans   map[spanKey]spanPlace
}

// sentence verifies a row of sentences and its labels.
func (c *shardCheck) sentence(document []byte, w *textWalk) {
	s := &c.sentences
	i, r := s.i, &s.part.report
	index := s.index.values[i]
	if int(index) != w.sentences {
		r.addf("row %d: sentence_index is %d, and it is sentence %d of %s", s.row, index, w.sentences, show(document))
	}
	w.sentences++
	if id := s.id.at(i); !isSentenceID(id, document, index) {
		r.addf("row %d: sentence_id is %s, and it is sentence %d of %s", s.row, show(id), index, show(document))
	}
	w.before = w.chars
	length := c.span(w)
	if w.related {
		w.places = append(w.places, charSpan{s.charStart.values[i], s.charEnd.values[i]})
	}
	labeled := s.labeled.values[i]
	if labeled {
		w.labeled++
		w.inLabeled += length
	} else {
		w.inUnlabeled += length
	}
	c.group(document, w)
	c.alignment(w)

	if l := &c.labels; l.row >= l.until || l.index.values[l.i] < index {
		c.strayLabels(document, int(index))
	}
	labels, repaired := c.sentenceLabels(document, index, w)
	w.labels += labels
	switch {
	case !labeled && (labels > 0 || s.refs.len() > 0):
		r.addf("row %d: labeled is false, and there are %d labels, and %d in the table labels", s.row, s.refs.len(), labels)
	case !s.repaired.values[i] && repaired:
		r.addf("row %d: repaired is false, and one of its labels was repaired", s.row)
	case !labeled && s.repaired.values[i]:
		r.addf("row %d: repaired is true, and there is no label group", s.row)
	}
	c.stats.Sentences++
	if labeled {
		c.stats.Labeled++
	}
}

// isSentenceID reports whether id is document, #, and index in four digits or more.
func isSentenceID(id, document []byte, index int32) bool {
	n := len(document)
	if len(id) < n+5 || id[n] != '#' || !bytes.Equal(id[:n], document) || len(id) > n+5 && id[n+1] == '0' {
		return false
	}
	number, ok := digits(id[n+1:])
	return ok && number == int64(index)
}

// span verifies where a sentence stands, and returns its length in bytes.
func (c *shardCheck) span(w *textWalk) int {
	s := &c.sentences
	i, r := s.i, &s.part.report
	start, end := int(s.byteStart.values[i]), int(s.byteEnd.values[i])
	c.source()
	if start < w.at || start > end || end > len(w.text) {
		r.addf("row %d: byte_start and byte_end are %d and %d, where the sentence before ends at %d, in a text of %d bytes",
			s.row, start, end, w.at, len(w.text))
		return max(end-start, 0)
	}
	text, gap := w.text[start:end], w.text[w.at:start]
	if !bytes.Equal(text, s.text.at(i)) {
		r.addf("row %d: text is %s, and its document has %s there", s.row, show(s.text.at(i)), show(text))
	}
	w.at = end
	if !w.valid {
		return end - start
	}
	if start < len(w.text) && !utf8.RuneStart(w.text[start]) || end < len(w.text) && !utf8.RuneStart(w.text[end]) {
		r.addf("row %d: byte_start and byte_end, %d and %d, cut a character", s.row, start, end)
		return end - start
	}
	gapChars, gapUnits, chars, units := len(gap), len(gap), len(text), len(text)
	if !w.ascii {
		gapChars, gapUnits = lengths(gap)
		chars, units = lengths(text)
	}
	first, firstUnit := w.chars+gapChars, w.units+gapUnits
	w.chars, w.units = first+chars, firstUnit+units
	if got := [2]int{int(s.charStart.values[i]), int(s.charEnd.values[i])}; got != [2]int{first, w.chars} {
		r.addf("row %d: char_start and char_end are %d and %d, and bytes %d and %d are characters %d and %d",
			s.row, got[0], got[1], start, end, first, w.chars)
	}
	has := int8(1)
	if s.utf16Start.null(i) {
		has = -1
	}
	if c.utf16 == 0 {
		c.utf16 = has
	}
	if has != c.utf16 || s.utf16End.null(i) != s.utf16Start.null(i) {
		r.addf("row %d: utf16_start and utf16_end are NULL here and not there", s.row)
	}
	if has < 0 {
		return end - start
	}
	if got := [2]int{int(s.utf16Start.values[i]), int(s.utf16End.values[i])}; got != [2]int{firstUnit, w.units} {
		r.addf("row %d: utf16_start and utf16_end are %d and %d, and bytes %d and %d are code units %d and %d",
			s.row, got[0], got[1], start, end, firstUnit, w.units)
	}
	return end - start
}

// lengths are the length of valid UTF-8 in code points and in UTF-16 code units. It
// counts eight bytes at a time, and skips ASCII in stretches of 32, because every
// byte of every text that is not all ASCII goes through it.
func lengths(b []byte) (chars, units int) {
	const each = 0x0101010101010101
	chars = len(b)
	long := 0 // characters of two units
	count := func(w uint64) {
		chars -= bits.OnesCount64(w >> 7 &^ (w >> 6) & each) // bytes inside a character
		long += bits.OnesCount64(w >> 7 & (w >> 6) & (w >> 5) & (w >> 4) & each)
	}
	for len(b) >= 32 {
		w0, w1 := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
		w2, w3 := binary.LittleEndian.Uint64(b[16:]), binary.LittleEndian.Uint64(b[24:])
		if (w0|w1|w2|w3)&(each<<7) != 0 {
			count(w0)
			count(w1)
			count(w2)
			count(w3)
		}
		b = b[32:]
	}
	for ; len(b) >= 8; b = b[8:] {
		count(binary.LittleEndian.Uint64(b))
	}
	for _, c := range b {
		if c>>6 == 0b10 {
			chars--
		} else if c >= 0xF0 {
			long++
		}
	}
	return chars, chars + long
}

// isASCII reports whether all of b is ASCII: most texts are, and need not be looked
// at character by character then.
func isASCII(b []byte) bool {
	const high = 0x8080808080808080
	for len(b) >= 32 {
		if (binary.LittleEndian.Uint64(b)|binary.LittleEndian.Uint64(b[8:])|
			binary.LittleEndian.Uint64(b[16:])|binary.LittleEndian.Uint64(b[24:]))&high != 0 {
			return false
		}
		b = b[32:]
	}
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// group verifies that a sentence names a label group exactly if it carries one.
func (c *shardCheck) group(document []byte, w *textWalk) {
	s := &c.sentences
	id := s.group.at(s.i)
	if !s.labeled.values[s.i] {
		if id != nil {
			s.part.addf("row %d: labeled is false, and group_id is %s", s.row, show(id))
		}
		return
	}
	number, found := bytes.CutPrefix(id, document)
	number, also := bytes.CutPrefix(number, []byte("#g"))
	group, ok := digits(number)
	if !found || !also || !ok {
		s.part.addf("row %d: labeled is true, and group_id is %s", s.row, show(id))
		return
	}
	w.groups = max(w.groups, int(group)+1)
}

// digits is a number that consists of decimal digits and fits an int32.
func digits(text []byte) (n int64, ok bool) {
	for _, digit := range text {
		if digit < '0' || digit > '9' {
			return 0, false
		}
		if n = n*10 + int64(digit-'0'); n > math.MaxInt32 {
			return 0, false
		}
	}
	return n, len(text) > 0
}

// alignment verifies how a sentence says that it compares with the raw twin.
func (c *shardCheck) alignment(w *textWalk) {
	s := &c.sentences
	i, r := s.i, &s.part.report
	if !w.raw && s.alignment.null(i) && s.annotated.null(i) && s.similarity.null(i) {
		return // there is no twin, and nothing says that there is
	}
	class := s.alignment.at(i)
	if (class != nil) != w.raw {
		r.addf("row %d: alignment is %s, and the text_origin of its document is %s", s.row, show(class), show(c.documents.origin.at(c.documents.i)))
	}
	wantText := false
	switch schema.Alignment(class) {
	case "", schema.Exact, schema.Whitespace:
		if class != nil && len(class) == 0 {
			r.addf("row %d: alignment is \"\"", s.row)
		}
	case schema.Edited:
		wantText = true
	case schema.AnnotatedOnly:
		wantText = true
		if s.byteStart.values[i] != s.byteEnd.values[i] {
			r.addf("row %d: alignment is annotated_only, and it has text", s.row)
		}
	case schema.RawOnly:
		if s.labeled.values[i] || s.sourceStart.values[i] != s.sourceEnd.values[i] {
			r.addf("row %d: alignment is raw_only, and it has labels or stands in the annotated file", s.row)
		}
	default:
		r.addf("row %d: alignment is %s, which there is not", s.row, show(class))
	}
	if (s.annotated.at(i) != nil) != wantText {
		r.addf("row %d: alignment is %s, and annotated_text is %s", s.row, show(class), show(s.annotated.at(i)))
	}
	if edited := schema.Alignment(class) == schema.Edited; edited == s.similarity.null(i) {
		r.addf("row %d: alignment is %s, and similarity is or is not NULL", s.row, show(class))
	} else if share := s.similarity.values[i]; edited && !(share >= 0 && share <= 1) {
		r.addf("row %d: similarity is %v", s.row, share)
	}
	if class != nil {
		c.stats.Alignments[schema.Alignment(class)]++
		if s.labeled.values[i] {
			c.stats.LabeledAligned[schema.Alignment(class)]++
		}
	}
}

// sentenceLabels verifies the labels of a sentence. It returns how many there are
// in the table labels, and whether any was repaired.
func (c *shardCheck) sentenceLabels(document []byte, index int32, w *textWalk) (n int, repaired bool) {
	s, l := &c.sentences, &c.labels
	ref := 0
	last, want := int32(-1), s.id.at(s.i)
	for l.of(l.tableReader, document, c.documents.i) && l.index.values[l.i] == index {
		i, r := l.i, &l.part.report
		if (n == 0 || !l.id.repeats(i)) && !bytes.Equal(l.id.at(i), want) {
			r.addf("row %d: sentence_id is %s, and that of sentence %d of %s is %s", l.row, show(l.id.at(i)), index, show(document), show(want))
		}
		if position := l.position.values[i]; position <= last {
			r.addf("row %d: position is %d, behind %d in sentence %s", l.row, position, last, show(l.id.at(i)))
		} else {
			last = position
		}
		if !l.repair.null(i) {
			repaired = true
			if repair := l.repair.at(i); !repairNames[string(repair)] {
				r.addf("row %d: repair is %s", l.row, show(repair))
			}
		}
		c.labelSpan(w)
		if c.label() {
			if ref < s.refs.len() {
				c.ref(ref)
			}
			ref++
		}
		n++
		l.next()
	}
	if ref != s.refs.len() {
		s.part.addf("row %d: labels has %d elements, and the table labels has %d labels of sentence %s", s.row, s.refs.len(), ref, show(s.id.at(s.i)))
	}
	return n, repaired
}

// ref compares a label with an element of the list of its sentence.
func (c *shardCheck) ref(ref int) {
	s, l := &c.sentences, &c.labels
	i := l.i
	if l.refs[0].equal(s.refs, 0, ref, l.layer, i) && l.refs[1].equal(s.refs, 1, ref, l.label, i) &&
		l.refs[2].equal(s.refs, 2, ref, l.polarity, i) {
		return
	}
	l.part.addf("row %d: the label is (%s, %s, %s), and label %d in the list of sentence %s is (%s, %s, %s)", l.row,
		show(l.layer.at(i)), show(l.label.at(i)), show(l.polarity.at(i)), ref, show(s.id.at(s.i)),
		show(s.refs.value(0, ref)), show(s.refs.value(1, ref)), show(s.refs.value(2, ref)))
}

// sameText finds out once whether an entry of a dictionary equals one of another.
type sameText struct {
	versions [2]int
	found    []uint32 // for each entry of one, that of the other, from 1
}

// equal reports whether a field of an element of l is what c has in place i.
func (s *sameText) equal(l *list, field, element int, c *textColumn, i int) bool {
	f, code := l.fields[field], l.codes[field][element]
	if code >= kept || !c.coded {
		return equal(l.value(field, element), c.at(i))
	}
	if versions := [2]int{f.version, c.version}; s.versions != versions {
		s.versions, s.found = versions, resize(s.found, len(f.words.from))
		clear(s.found)
	}
	other := c.codes[i] + 1
	if s.found[code] == other {
		return true
	}
	if !equal(l.value(field, element), c.at(i)) {
		return false
	}
	s.found[code] = other
	return true
}

// verdict is what the taxonomy says of a layer and a label.
type verdict struct {
	pair            pair
	known, polarity bool
	layer           string
	count           int // rows with the label
}

// pair is a layer and a label in dictionaries.
type pair struct {
	layer, label               uint32
	layerVersion, labelVersion int // never 0
}

// label verifies a label against the taxonomy. It reports whether the label was
// resolved.
func (c *shardCheck) label() bool {
	l := &c.labels
	resolved, polar := !l.label.null(l.i), !l.polarity.null(l.i)
	c.stats.Labels++
	if !resolved {
		c.stats.Unresolved++
		if polar {
			l.part.addf("row %d: polarity is %s, and label is NULL", l.row, show(l.polarity.at(l.i)))
		}
		if l.layer.null(l.i) {
			return false
		}
	}
	v := c.verdict()
	if resolved {
		v.count++
	}
	switch {
	case !v.known:
		l.part.addf("row %d: layer %s and label %s are not in the taxonomy", l.row, show(l.layer.at(l.i)), show(l.label.at(l.i)))
	case resolved && polar && !v.polarity:
		l.part.addf("row %d: polarity is %s, and label %s of layer %s takes none",
			l.row, show(l.polarity.at(l.i)), show(l.label.at(l.i)), show(l.layer.at(l.i)))
	}
	return resolved
}

// verdict is that of the layer and label of the row. There are few pairs of them, so
// each has a place in a table, where a rare other may take it.
func (c *shardCheck) verdict() *verdict {
	l := &c.labels
	var p pair
	if l.layer.coded && l.label.coded {
		p = pair{l.layer.codes[l.i], l.label.codes[l.i], l.layer.version, l.label.version}
	}
	v := &l.verdicts[(p.layer<<6+p.label)%uint32(len(l.verdicts))]
	if v.pair == p && p.layerVersion > 0 {
		return v
	}
	c.countLayer(v)
	layer, label := l.layer.at(l.i), l.label.at(l.i)
	*v = verdict{pair: p, layer: string(layer)}
	if known := c.verifier.known(); known.polarity == nil {
		v.known, v.polarity = true, true // told elsewhere
	} else {
		v.known, v.polarity = known.of(c.shard.Corpus, v.layer, string(label))
	}
	return v
}

// countLayer adds the rows that a verdict was about to those of their layer.
func (c *shardCheck) countLayer(v *verdict) {
	if v.count > 0 {
		c.stats.LabelsByLayer[v.layer] += v.count
	}
}

// straySentences reports the sentences before the given document, or to the end
// for nil: they have none.
func (c *shardCheck) straySentences(document []byte) {
	s := &c.sentences
	for s.more && (document == nil || bytes.Compare(s.document.at(s.i), document) < 0) {
		s.part.addf("row %d: sentence %s is of document %s, which has no row in documents, or not there",
			s.row, show(s.id.at(s.i)), show(s.document.at(s.i)))
		c.stats.Sentences++
		s.next()
	}
}

// strayLabels reports the labels before the given sentence of a document, of which
// -1 is behind the last, or to the end for nil: there is no sentence for them.
func (c *shardCheck) strayLabels(document []byte, index int) {
	l := &c.labels
	for l.more {
		if document != nil && l.of(l.tableReader, document, c.documents.i) {
			if index >= 0 && int(l.index.values[l.i]) >= index {
				return
			}
		} else if document != nil && bytes.Compare(l.document.at(l.i), document) > 0 {
			return
		}
		l.part.addf("row %d: the label is of sentence %s, number %d, which has no row in sentences, or not there",
			l.row, show(l.id.at(l.i)), l.index.values[l.i])
		c.stats.Labels++
		l.next()
	}
}

// diagnosticCount is what there is in diagnostics of one document.
type diagnosticCount struct {
	n         int
	truncated bool
}

// diagnostic verifies the row itself and returns its code.
func (c *shardCheck) diagnostic() (schema.Code, bool) {
	g := &c.diagnostics
	i, r := g.i, &g.part.report
	id, name := g.id.at(i), g.code.at(i)
	if g.row > 0 && (id == nil && g.last != nil || bytes.Compare(id, g.last) < 0) {
		r.addf("row %d: document_id is %s, and stands behind %s", g.row, show(id), show(g.last))
	}
	if !equal(g.last, id) {
		g.last = bytes.Clone(id)
	}
	if corpus := g.corpus.at(i); string(corpus) != c.shard.Corpus {
		r.addf("row %d: corpus is %s, and the shard is of %q", g.row, show(corpus), c.shard.Corpus)
	}
	code, ok := g.codes[string(name)]
	if !ok {
		r.addf("row %d: code is %s, which there is not", g.row, show(name))
		return 0, false
	}
	if severity := g.severity.at(i); string(severity) != string(code.Info().Severity) {
		r.addf("row %d: severity is %s, and that of %s is %s", g.row, show(severity), code, code.Info().Severity)
	}
	c.stats.Diagnostics[code]++
	return code, true
}

// strayDiagnostics verifies the diagnostics before the given document, or to the
// end for nil: they are of folders, or of documents that were refused.
func (c *shardCheck) strayDiagnostics(document []byte) {
	g := &c.diagnostics
	for g.more && (document == nil || bytes.Compare(g.id.at(g.i), document) < 0) {
		code, ok := c.diagnostic()
		if g.id.at(g.i) != nil {
			c.refusedDiagnostic(code, ok)
		}
		g.next()
	}
}

// refusedDiagnostic verifies that a diagnostic is of a document that was refused.
func (c *shardCheck) refusedDiagnostic(code schema.Code, ok bool) {
	g := &c.diagnostics
	id, path := g.id.at(g.i), g.path.at(g.i)
	refused := c.refusalAt(string(path), g.place())
	if refused == nil {
		g.part.addf("row %d: it is of document %s, file %s, which was neither written nor refused", g.row, show(id), show(path))
		return
	}
	c.extend(id)
	if !bytes.HasPrefix(id, []byte(c.shard.Corpus+"/")) || string(id) < c.shard.First || string(id) > c.shard.Last {
		g.part.addf("row %d: document_id is %s, and the shard is of %q, from %q to %q", g.row, show(id), c.shard.Corpus, c.shard.First, c.shard.Last)
	}
	if ok && code.Info().Severity == schema.Error {
		refused.errors++
	}
}

// documentDiagnostics verifies the diagnostics of the document in documents. Some
// with its id may be of another file, which was refused because of that.
func (c *shardCheck) documentDiagnostics(document []byte) (count diagnosticCount) {
	g := &c.diagnostics
	for g.more && equal(g.id.at(g.i), document) {
		code, ok := c.diagnostic()
		if !c.own(ok && code.Info().Severity == schema.Error) {
			c.refusedDiagnostic(code, ok)
			g.next()
			continue
		}
		count.n++
		count.truncated = count.truncated || ok && code == schema.DiagnosticsTruncated
		if ok && code.Info().Severity == schema.Error {
			g.part.addf("row %d: %s is an error, and document %s was written", g.row, code, show(document))
		}
		g.next()
	}
	return count
}

// place is that of the diagnostic in its file, -1 if it has none.
func (g *diagnosticRows) place() int64 {
	if g.offset.null(g.i) {
		return -1
	}
	return g.offset.values[g.i]
}

// own reports whether the diagnostic is about the document in documents. Another that
// starts where this one ends may have its id, and was refused because of that.
func (c *shardCheck) own(isError bool) bool {
	d, g := &c.documents, &c.diagnostics
	path, place := g.path.at(g.i), g.place()
	start, size := d.offset.values[d.i], d.source.values[d.i]
	switch {
	case c.pieces != nil:
		return pieceAt(c.pieces, string(path), place) >= 0
	case bytes.Equal(path, d.path.at(d.i)):
		return place < int64(c.header) || place >= start && place <= start+size && (place < start+size || !isError || size == 0)
	}
	return equal(path, d.rawPath.at(d.i))
}

// finish compares what was read with what the manifest says of the shard.
func (c *shardCheck) finish() {
	c.missing(len(c.written))
	for i := range c.labels.verdicts {
		c.countLayer(&c.labels.verdicts[i])
	}
	for _, path := range slices.Sorted(maps.Keys(c.refused)) {
		for _, r := range c.refused[path] {
			if path == r.input.Path && r.errors == 0 {
				c.diagnostics.part.addf("it has no error for %s, which the manifest counts as refused", nameOf(r.input))
			}
		}
	}
	if string(c.first) != c.shard.First || string(c.last) != c.shard.Last {
		c.manifest.addf("shard %d goes from %q to %q, and its rows from %s to %s", c.number, c.shard.First, c.shard.Last, show(c.first), show(c.last))
	}
	got, want := c.stats, c.shard.Stats
	got.Unreadable = want.Unreadable // they need not have rows of their own
	truncated := got.Diagnostics[schema.DiagnosticsTruncated] > 0
	for code, n := range want.Diagnostics {
		if rows := got.Diagnostics[code]; truncated && rows < n {
			got.Diagnostics[code] = n
		}
	}
	diffStats(&c.manifest, fmt.Sprintf("shard %d: stats", c.number), &want, "its rows come to", &got)
}
