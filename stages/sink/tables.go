package sink

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/sink/columnar"
)

// attributes are the columns that documents, sentences, labels and relations have in
// common: the corpus and schema.Attributes. Those that are dropped are nil.
type attributes struct {
	corpus, paperID, venue, reviewer, decision, split, annotator *columnar.Strings
	year                                                         *columnar.Numbers[int32]
	rating                                                       *columnar.Numbers[float64]
}

func attributesOf(f *columnar.File, o Options) attributes {
	text := func(name string) *columnar.Strings {
		if slices.Contains(o.Drop, name) {
			return nil
		}
		return f.Strings(name)
	}
	a := attributes{
		corpus: text("corpus"), paperID: text("paper_id"), venue: text("venue"), reviewer: text("reviewer"),
		decision: text("decision"), split: text("split"), annotator: text("annotator"), rating: f.Doubles("rating"),
	}
	if !slices.Contains(o.Drop, "year") {
		a.year = f.Int32s("year")
	}
	return a
}

// add adds n rows of a document, but for their annotator.
func (c *attributes) add(src *schema.Source, n int) {
	a := &src.Attributes
	addText(c.corpus, &src.Corpus, n)
	addText(c.paperID, a.PaperID, n)
	addText(c.venue, a.Venue, n)
	addText(c.reviewer, a.Reviewer, n)
	addText(c.decision, a.Decision, n)
	addText(c.split, a.Split, n)
	if c.year != nil {
		c.year.Optional(a.Year, n)
	}
	c.rating.Optional(a.Rating, n)
}

func addText(c *columnar.Strings, v *string, n int) {
	if c != nil {
		c.Optional(v, n)
	}
}

// annotatorOf is the only annotator of a document, nil where there is none or more
// than one.
func annotatorOf(doc *schema.Document) *string {
	switch n := len(doc.Annotators); {
	case doc.Unannotated || n > 1:
		return nil
	case n == 1:
		return &doc.Annotators[0]
	}
	return doc.Source.Attributes.Annotator
}

// otherwise is who assigned labels that do not say so themselves: the only annotator,
// if it is not from other labels that he is known.
func otherwise(doc *schema.Document) *string {
	only, said := annotatorOf(doc), doc.Source.Attributes.Annotator
	if only == nil || said == nil || *only != *said {
		return nil
	}
	return only
}

// repeats adds values to a column of rows, one call for many that are the same.
type repeats struct {
	column *columnar.Strings // nil if it is dropped
	empty  *string           // what "" stands for
	value  string
	n      int
}

func (r *repeats) add(v string) {
	if v != r.value {
		r.end()
		r.value = v
	}
	r.n++
}

// end adds what is left.
func (r *repeats) end() {
	v := &r.value
	if r.value == "" {
		v = r.empty
	}
	if r.n > 0 {
		addText(r.column, v, r.n)
	}
	r.n = 0
}

// pairs is a column that maps names to values.
type pairs struct{ key, value *columnar.Strings }

func pairsOf(f *columnar.File, name string) pairs {
	return pairs{f.Strings(name + ".key_value.key"), f.Strings(name + ".key_value.value")}
}

// add adds a row.
func (c *pairs) add(list []schema.Attribute) {
	if len(list) == 0 {
		c.key.Empty(1)
		c.value.Empty(1)
	}
	for i, a := range list {
		c.key.AddElement(a.Name, i == 0)
		c.value.AddElement(a.Value, i == 0)
	}
}

// documents is the table of that name.
type documents struct {
	*part
	attributes

	extra                                              pairs
	id, annotators, text, origin                       *columnar.Strings
	sentences, labeled, labels, relations, diagnostics *columnar.Numbers[int32]
	sourcePath, sourceSHA256                           *columnar.Strings
	sourceOffset, sourceBytes                          *columnar.Numbers[int64]
	bytes                                              *columnar.Numbers[int32]
	labeledBytes, unlabeledBytes, headingBytes         *columnar.Numbers[int32]
	listMarkerBytes, spaceBytes                        *columnar.Numbers[int32]
	rawPath, rawSHA256                                 *columnar.Strings

	sum []byte // room for a SHA-256 in hexadecimal
}

func newDocuments(room *columnar.Room, o Options) *documents {
	p := newPart("documents", room, o)
	f := p.out
	return &documents{
		part: p, attributes: attributesOf(f, o), id: f.Strings("document_id"),
		extra: pairsOf(f, "attributes"), annotators: f.Strings("annotators.list.element"),
		text: f.Strings("text"), origin: f.Strings("text_origin"),
		sentences: f.Int32s("sentences"), labeled: f.Int32s("labeled_sentences"),
		labels: f.Int32s("labels"), relations: f.Int32s("relations"), diagnostics: f.Int32s("diagnostics"),
		sourcePath: f.Strings("source_path"), sourceOffset: f.Int64s("source_offset"),
		sourceBytes: f.Int64s("source_bytes"), sourceSHA256: f.Strings("source_sha256"),
		bytes: f.Int32s("text_bytes"), labeledBytes: f.Int32s("labeled_bytes"), unlabeledBytes: f.Int32s("unlabeled_bytes"),
		headingBytes: f.Int32s("heading_bytes"), listMarkerBytes: f.Int32s("list_marker_bytes"), spaceBytes: f.Int32s("space_bytes"),
		rawPath: f.Strings("raw_path"), rawSHA256: f.Strings("raw_sha256"),
	}
}

// add adds the row of a document, which has so many rows in labels, on so many
// sentences.
func (t *documents) add(doc *schema.Document, labels, labeled int) error {
	if err := t.out.Next(1); err != nil {
		return err
	}
	src := doc.Source
	t.id.Add(src.ID)
	t.attributes.add(src, 1)
	annotator := annotatorOf(doc)
	addText(t.annotator, annotator, 1)
	t.extra.add(src.Extra)
	switch {
	case len(doc.Annotators) > 0:
		for i, name := range doc.Annotators {
			t.annotators.AddElement(name, i == 0)
		}
	case annotator != nil:
		t.annotators.AddElement(*annotator, true)
	default:
		t.annotators.Empty(1)
	}
	t.text.Add(doc.Text)
	t.origin.Add(string(doc.TextOrigin))
	t.sentences.Add(int32(len(doc.Sentences)))
	t.labeled.Add(int32(labeled))
	t.labels.Add(int32(labels))
	t.relations.Add(int32(len(doc.Relations)))
	t.diagnostics.Add(int32(doc.Diagnostics.Total()))
	path, offset := src.Start()
	t.sourcePath.Add(schema.DisplayPath(path))
	t.sourceOffset.Add(offset)
	t.sourceBytes.Add(src.Size())
	t.addSHA256(t.sourceSHA256, &src.SHA256)
	t.bytes.Add(int32(len(doc.Text)))
	t.labeledBytes.Add(int32(doc.Coverage.Labeled))
	t.unlabeledBytes.Add(int32(doc.Coverage.Unlabeled))
	t.headingBytes.Add(int32(doc.Coverage.Heading))
	t.listMarkerBytes.Add(int32(doc.Coverage.ListMarker))
	t.spaceBytes.Add(int32(doc.Coverage.Space))
	if src.RawPath == "" {
		t.rawPath.Null(1)
		t.rawSHA256.Null(1)
		return nil
	}
	t.rawPath.Add(schema.DisplayPath(src.RawPath))
	t.addSHA256(t.rawSHA256, &src.RawSHA256)
	return nil
}

func (t *documents) addSHA256(c *columnar.Strings, sum *[32]byte) {
	t.sum = hex.AppendEncode(t.sum[:0], sum[:])
	c.AddBytes(t.sum)
}

// sentences is the table of that name.
type sentences struct {
	*part
	attributes

	id, document                           *columnar.Strings
	index                                  *columnar.Numbers[int32]
	group, role, heading, listMarker       *columnar.Strings
	text, annotated                        *columnar.Strings
	charStart, charEnd, byteStart, byteEnd *columnar.Numbers[int32]
	utf16Start, utf16End                   *columnar.Numbers[int32]
	sourceStart, sourceEnd                 *columnar.Numbers[int64]
	alignment                              *columnar.Strings
	similarity                             *columnar.Numbers[float64]
	labeled, repaired                      *columnar.Bools
	layer, label, polarity                 *columnar.Strings

	utf16   bool   // whether offsets in UTF-16 code units are written
	groupID []byte // room
}

func newSentences(room *columnar.Room, o Options) *sentences {
	p := newPart("sentences", room, o)
	f := p.out
	return &sentences{
		part: p, attributes: attributesOf(f, o), id: f.Strings("sentence_id"), document: f.Strings("document_id"),
		index: f.Int32s("sentence_index"), group: f.Strings("group_id"), role: f.Strings("role"),
		heading: f.Strings("heading"), listMarker: f.Strings("list_marker"), text: f.Strings("text"), annotated: f.Strings("annotated_text"),
		charStart: f.Int32s("char_start"), charEnd: f.Int32s("char_end"),
		byteStart: f.Int32s("byte_start"), byteEnd: f.Int32s("byte_end"),
		utf16Start: f.Int32s("utf16_start"), utf16End: f.Int32s("utf16_end"),
		sourceStart: f.Int64s("source_start"), sourceEnd: f.Int64s("source_end"),
		alignment: f.Strings("alignment"), similarity: f.Doubles("similarity"),
		labeled: f.Bools("labeled"), repaired: f.Bools("repaired"),
		layer: f.Strings("labels.list.element.layer"), label: f.Strings("labels.list.element.label"),
		polarity: f.Strings("labels.list.element.polarity"),
	}
}

// add adds the rows of a document, whose sentences have the given ids.
func (t *sentences) add(doc *schema.Document, ids *sentenceIDs) error {
	n := len(doc.Sentences)
	if err := t.out.Next(n); err != nil {
		return err
	}
	src := doc.Source
	t.document.Repeat(src.ID, n)
	t.attributes.add(src, n)
	addText(t.annotator, annotatorOf(doc), n)
	if !t.utf16 {
		t.utf16Start.Null(n)
		t.utf16End.Null(n)
	}
	t.groupID = append(append(t.groupID[:0], src.ID...), "#g"...)
	role := repeats{column: t.role}
	if len(doc.Roles) == 0 {
		t.role.Null(n)
	}
	for i := range doc.Sentences {
		s := &doc.Sentences[i]
		t.id.AddBytes(ids.at(i))
		t.index.Add(int32(i))
		if len(doc.Roles) > 0 {
			role.add(doc.RoleName(s.Role))
		}
		t.heading.NotEmpty(s.Heading)
		t.listMarker.NotEmpty(s.ListMarker)
		t.text.Add(doc.Text[s.Text.Start:s.Text.End])
		t.charStart.Add(int32(s.Chars.Start))
		t.charEnd.Add(int32(s.Chars.End))
		t.byteStart.Add(int32(s.Text.Start))
		t.byteEnd.Add(int32(s.Text.End))
		start, end := src.Range(s.Source)
		t.sourceStart.Add(start)
		t.sourceEnd.Add(end)
		if t.utf16 {
			t.utf16Start.Add(int32(s.UTF16.Start))
			t.utf16End.Add(int32(s.UTF16.End))
		}
		t.addAlignment(doc, s)
		t.addLabels(doc, s)
	}
	role.end()
	return nil
}

func (t *sentences) addAlignment(doc *schema.Document, s *schema.Sentence) {
	t.alignment.NotEmpty(string(s.Alignment))
	if s.Alignment == schema.Edited {
		t.similarity.Add(s.Similarity)
	} else {
		t.similarity.Null(1)
	}
	if s.Alignment == schema.Edited || s.Alignment == schema.AnnotatedOnly {
		t.annotated.Add(doc.Annotated[s.Annotated.Start:s.Annotated.End])
	} else {
		t.annotated.Null(1)
	}
}

func (t *sentences) addLabels(doc *schema.Document, s *schema.Sentence) {
	first := true
	if s.Group == schema.NoGroup {
		t.labeled.Add(false)
		t.repaired.Add(false)
		t.group.Null(1)
	} else {
		g := &doc.Groups[s.Group]
		t.labeled.Add(true)
		t.repaired.Add(g.Repaired)
		end := len(t.groupID)
		t.groupID = strconv.AppendInt(t.groupID, int64(s.Group), 10)
		t.group.AddBytes(t.groupID)
		t.groupID = t.groupID[:end]
		labels := doc.Labels[g.Labels.Start:g.Labels.End]
		for i := range labels {
			l := &labels[i]
			if l.Null || l.Code == nil {
				continue
			}
			t.layer.AddElement(*l.Layer, first)
			t.label.AddElement(*l.Code, first)
			if l.Polarity == nil {
				t.polarity.NullElement(first)
			} else {
				t.polarity.AddElement(*l.Polarity, first)
			}
			first = false
		}
	}
	if first {
		t.layer.Empty(1)
		t.label.Empty(1)
		t.polarity.Empty(1)
	}
}

// labels is the table of that name.
type labels struct {
	*part
	attributes

	sentence, document                  *columnar.Strings
	index, position                     *columnar.Numbers[int32]
	layer, label, polarity, raw, repair *columnar.Strings
	span                                *columnar.Strings
	start, end                          *columnar.Numbers[int32]
}

func newLabels(room *columnar.Room, o Options) *labels {
	p := newPart("labels", room, o)
	f := p.out
	return &labels{
		part: p, attributes: attributesOf(f, o), sentence: f.Strings("sentence_id"), document: f.Strings("document_id"),
		index: f.Int32s("sentence_index"), layer: f.Strings("layer"), label: f.Strings("label"),
		polarity: f.Strings("polarity"), position: f.Int32s("position"), raw: f.Strings("raw_label"), repair: f.Strings("repair"),
		span: f.Strings("span_id"), start: f.Int32s("label_start"), end: f.Int32s("label_end"),
	}
}

// add adds the rows of a document, whose sentences have the given ids. It returns
// how many they are, and how many sentences have a label group.
func (t *labels) add(doc *schema.Document, ids *sentenceIDs) (n, labeled int, err error) {
	for i := range doc.Sentences {
		if g := doc.Sentences[i].Group; g != schema.NoGroup {
			labeled++
			n += rows(doc, g)
		}
	}
	if err := t.out.Next(n); err != nil {
		return 0, 0, err
	}
	src := doc.Source
	t.document.Repeat(src.ID, n)
	t.attributes.add(src, n)
	spans := len(doc.Annotations) > 0
	if !spans {
		t.span.Null(n)
		t.start.Null(n)
		t.end.Null(n)
	}
	by, named := repeats{column: t.annotator, empty: otherwise(doc)}, len(doc.Annotators) > 0
	if !named {
		addText(t.annotator, by.empty, n)
	}
	for i := range doc.Sentences {
		g := doc.Sentences[i].Group
		if g == schema.NoGroup {
			continue
		}
		id := ids.at(i)
		span := doc.Groups[g].Labels
		for j := span.Start; j < span.End; j++ {
			l := &doc.Labels[j]
			if l.Null {
				continue
			}
			t.sentence.AddBytes(id)
			t.index.Add(int32(i))
			t.layer.Optional(l.Layer, 1)
			t.label.Optional(l.Code, 1)
			t.polarity.Optional(l.Polarity, 1)
			t.position.Add(int32(l.Position))
			t.raw.Add(l.Raw)
			t.repair.Optional(l.Repairs.Name(), 1)
			if named {
				by.add(l.Annotator())
			}
			if spans {
				t.addSpan(l)
			}
		}
	}
	by.end()
	return n, labeled, nil
}

func (t *labels) addSpan(l *schema.Label) {
	if l.SpanID() == "" {
		t.span.Null(1)
		t.start.Null(1)
		t.end.Null(1)
		return
	}
	t.span.Add(l.Detail.SpanID)
	t.start.Add(int32(l.Detail.Chars.Start))
	t.end.Add(int32(l.Detail.Chars.End))
}

// rows is how many rows a label group has in labels.
func rows(doc *schema.Document, group int) int {
	span := doc.Groups[group].Labels
	n := span.Len()
	for i := span.Start; i < span.End; i++ {
		if doc.Labels[i].Null {
			n--
		}
	}
	return n
}

// relations is the table of that name.
type relations struct {
	*part
	attributes

	document, kind *columnar.Strings
	index          *columnar.Numbers[int32]
	from, to       relationEnd
	extra          pairs
}

// relationEnd is the columns of an end of a relation.
type relationEnd struct {
	sentence, span *columnar.Strings
	start, end     *columnar.Numbers[int32]
}

func newRelations(room *columnar.Room, o Options) *relations {
	p := newPart("relations", room, o)
	f := p.out
	end := func(side string) relationEnd {
		return relationEnd{
			sentence: f.Strings(side + "_sentence_id"), span: f.Strings(side + "_span_id"),
			start: f.Int32s(side + "_start"), end: f.Int32s(side + "_end"),
		}
	}
	return &relations{
		part: p, attributes: attributesOf(f, o), document: f.Strings("document_id"), index: f.Int32s("relation_index"),
		kind: f.Strings("kind"), from: end("from"), to: end("to"), extra: pairsOf(f, "relation_attributes"),
	}
}

// add adds the rows of a document, whose sentences have the given ids.
func (t *relations) add(doc *schema.Document, ids *sentenceIDs) error {
	n := len(doc.Relations)
	if n == 0 {
		return nil
	}
	if err := t.out.Next(n); err != nil {
		return err
	}
	src := doc.Source
	t.document.Repeat(src.ID, n)
	t.attributes.add(src, n)
	by := repeats{column: t.annotator, empty: otherwise(doc)}
	places := doc.Places()
	for i := range doc.Relations {
		r := &doc.Relations[i]
		by.add(r.Annotator)
		t.index.Add(int32(i))
		t.kind.Add(r.Kind)
		t.extra.add(r.Attributes)
		from, ok := places.Of(r, r.From)
		to, alsoOK := places.Of(r, r.To)
		if !ok || !alsoOK {
			return fmt.Errorf("document %s: relation %d has an end that is in no table", src.ID, i) // Document.Check was not called
		}
		t.from.add(from, ids)
		t.to.add(to, ids)
	}
	by.end()
	return nil
}

func (c *relationEnd) add(p schema.Place, ids *sentenceIDs) {
	c.span.NotEmpty(p.SpanID)
	if p.Sentence < 0 {
		c.sentence.Null(1)
		c.start.Null(1)
		c.end.Null(1)
		return
	}
	c.sentence.AddBytes(ids.at(p.Sentence))
	c.start.Add(int32(p.Chars.Start))
	c.end.Add(int32(p.Chars.End))
}

// diagnostics is the table of that name.
type diagnostics struct {
	*part

	document, corpus, path, severity, code, message, excerpt, before, after *columnar.Strings
	offset                                                                  *columnar.Numbers[int64]
	line, column                                                            *columnar.Numbers[int32]
}

func newDiagnostics(room *columnar.Room, o Options) *diagnostics {
	p := newPart("diagnostics", room, o)
	f := p.out
	return &diagnostics{
		part: p, document: f.Strings("document_id"), corpus: f.Strings("corpus"), path: f.Strings("source_path"),
		severity: f.Strings("severity"), code: f.Strings("code"), message: f.Strings("message"),
		offset: f.Int64s("byte_offset"), line: f.Int32s("line"), column: f.Int32s("column"),
		excerpt: f.Strings("excerpt"), before: f.Strings("before"), after: f.Strings("after"),
	}
}

// add adds the rows of a document.
func (t *diagnostics) add(doc *schema.Document) error {
	src := doc.Source
	list := doc.Diagnostics.All()
	if err := t.out.Next(len(list)); err != nil {
		return err
	}
	for i := range list {
		d := &list[i]
		t.document.NotEmpty(src.ID)
		t.corpus.Add(src.Corpus)
		path, offset := src.Place(d)
		t.path.Add(schema.DisplayPath(path))
		t.severity.Add(string(d.Severity()))
		t.code.Add(d.Code.String())
		t.message.Add(d.Message)
		if offset == schema.NoOffset {
			t.offset.Null(1)
		} else {
			t.offset.Add(offset)
		}
		if d.Line > 0 {
			t.line.Add(int32(d.Line))
			t.column.Add(int32(d.Column))
		} else {
			t.line.Null(1)
			t.column.Null(1)
		}
		t.excerpt.NotEmpty(d.Excerpt)
		t.before.NotEmpty(d.Before)
		t.after.NotEmpty(d.After)
	}
	return nil
}

// labelTerms is the table taxonomy.
type labelTerms struct {
	*part

	corpus, layer, label, name, description, aliases *columnar.Strings
	polarity                                         *columnar.Bools
}

func newLabelTerms(room *columnar.Room, o Options) *labelTerms {
	p := newPart("taxonomy", room, o)
	f := p.out
	return &labelTerms{
		part: p, corpus: f.Strings("corpus"), layer: f.Strings("layer"), label: f.Strings("label"), name: f.Strings("name"),
		description: f.Strings("description"), aliases: f.Strings("aliases.list.element"), polarity: f.Bools("has_polarity"),
	}
}

func (t *labelTerms) add(corpus, layer string, term config.Term, polarity bool) error {
	if err := t.out.Next(1); err != nil {
		return err
	}
	t.corpus.Add(corpus)
	t.layer.Add(layer)
	t.label.Add(term.Code)
	t.name.Add(term.Name)
	t.description.Add(term.Description)
	if len(term.Aliases) == 0 {
		t.aliases.Empty(1)
	}
	for i, alias := range term.Aliases {
		t.aliases.AddElement(alias, i == 0)
	}
	t.polarity.Add(polarity)
	return nil
}
