package sink

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/schema"
)

// Shard writes the documents of one shard: one part of each table. It is not
// safe for concurrent use.
type Shard struct {
	documents   *partWriter[schema.DocumentRow]
	sentences   *partWriter[schema.SentenceRow]
	labels      *partWriter[schema.LabelRow]
	diagnostics *partWriter[schema.DiagnosticRow]

	ids   []byte // room for sentence ids
	utf16 bool   // whether offsets in UTF-16 code units are written

	held        int   // bytes of text that rows in the batches hold on to
	entries     int   // written so far
	unsettled   []int // of them, those with Source.Unsettled
	inputs      []byte
	inputLines  int
	first, last string
	stats       Stats
}

// NewShard creates the parts in dir, a folder that holds nothing else. utf16 says
// whether offsets in UTF-16 code units are written.
func NewShard(dir string, utf16 bool, o Options) (s *Shard, err error) {
	s = &Shard{utf16: utf16, stats: NewStats()}
	tables := tableByName()
	defer func() {
		if err != nil {
			s.Abort()
		}
	}()
	if s.documents, err = newPart[schema.DocumentRow](dir, tables["documents"], o); err != nil {
		return s, err
	}
	if s.sentences, err = newPart[schema.SentenceRow](dir, tables["sentences"], o); err != nil {
		return s, err
	}
	if s.labels, err = newPart[schema.LabelRow](dir, tables["labels"], o); err != nil {
		return s, err
	}
	s.diagnostics, err = newPart[schema.DiagnosticRow](dir, tables["diagnostics"], o)
	return s, err
}

func tableByName() map[string]schema.Table {
	tables := map[string]schema.Table{}
	for _, t := range schema.Tables() {
		tables[t.Name] = t
	}
	return tables
}

// Write adds a document, which was normalized or refused. Documents come in the
// order of their ids. It keeps doc's text and nothing else of it.
func (s *Shard) Write(doc *schema.Document) error {
	s.stats.add(doc)
	if len(s.documents.batch) == 0 {
		s.held = 0
	}
	if s.held += len(doc.Text) + len(doc.Annotated); s.held > maxHeld {
		if err := s.flush(); err != nil {
			return err
		}
		s.held = 0
	}
	if err := s.addInput(doc.Source); err != nil {
		return err
	}
	if err := s.writeDiagnostics(doc); err != nil || doc.Source.Refused {
		return err
	}
	labels, labeled, err := s.writeSentences(doc)
	if err != nil {
		return err
	}
	row, err := s.documents.next()
	if err != nil {
		return err
	}
	src := doc.Source
	*row = schema.DocumentRow{
		DocumentID: src.ID, Corpus: src.Corpus, Attributes: src.Attributes,
		Text: doc.Text, TextOrigin: string(doc.TextOrigin),
		Sentences: int32(len(doc.Sentences)), LabeledSentences: int32(labeled),
		Labels: int32(labels), Diagnostics: int32(doc.Diagnostics.Total()),
		SourcePath: schema.DisplayPath(src.Path), SourceBytes: int64(len(src.Data)),
		SourceSHA256: hex.EncodeToString(src.SHA256[:]),
		TextBytes:    int32(len(doc.Text)),
		LabeledBytes: int32(doc.Coverage.Labeled), UnlabeledBytes: int32(doc.Coverage.Unlabeled),
		HeadingBytes: int32(doc.Coverage.Heading), ListMarkerBytes: int32(doc.Coverage.ListMarker),
		SpaceBytes: int32(doc.Coverage.Space),
	}
	if len(src.Extra) > 0 {
		row.Extra = make(map[string]string, len(src.Extra))
		for _, a := range src.Extra {
			row.Extra[a.Name] = a.Value
		}
	}
	if src.RawPath != "" {
		path, sum := schema.DisplayPath(src.RawPath), hex.EncodeToString(src.RawSHA256[:])
		row.RawPath, row.RawSHA256 = &path, &sum
	}
	return nil
}

// maxHeld bounds the texts that wait for a batch to be full. Reviews never come
// near it: a batch of them is full before.
const maxHeld = 8 << 20

// flush writes the rows that wait. When it is called depends on the documents
// alone, so that the bytes written do, too.
func (s *Shard) flush() error {
	return errors.Join(s.documents.flush(), s.sentences.flush(), s.labels.flush(), s.diagnostics.flush())
}

func (s *Shard) addInput(src *schema.Source) error {
	if src.Unsettled {
		s.unsettled = append(s.unsettled, s.entries)
	}
	s.entries++
	if src.ID == "" {
		return nil // a directory
	}
	if s.first == "" {
		s.first = src.ID
	}
	s.last = src.ID
	input := Input{
		Corpus: src.Corpus, Path: schema.DisplayPath(src.Path),
		Bytes: src.Bytes, Refused: src.Refused,
	}
	if src.SHA256 != [32]byte{} {
		input.Bytes, input.SHA256 = int64(len(src.Data)), hex.EncodeToString(src.SHA256[:])
	}
	if src.RawPath != "" {
		input.RawPath, input.RawSHA256 = schema.DisplayPath(src.RawPath), hex.EncodeToString(src.RawSHA256[:])
	}
	line, err := json.Marshal(&input)
	if err != nil {
		return err
	}
	s.inputs = append(append(s.inputs, line...), '\n')
	s.inputLines++
	return nil
}

func (s *Shard) writeSentences(doc *schema.Document) (labels, labeled int, err error) {
	src := doc.Source
	ids := s.sentenceIDs(src.ID, len(doc.Sentences))
	refs := make([]schema.LabelRef, 0, len(doc.Labels)) // the rows share it
	for i := range doc.Sentences {
		id := ids(i)
		row, err := s.sentences.next()
		if err != nil {
			return 0, 0, err
		}
		s.fillSentence(row, doc, i, id)
		if !row.Labeled {
			continue
		}
		labeled++
		span := doc.Groups[doc.Sentences[i].Group].Labels
		from := len(refs)
		for j := span.Start; j < span.End; j++ {
			l := &doc.Labels[j]
			if l.Null {
				continue
			}
			labels++
			if err := s.writeLabel(doc, l, id, i); err != nil {
				return 0, 0, err
			}
			if l.Code != nil {
				refs = append(refs, schema.LabelRef{Layer: *l.Layer, Label: *l.Code, Polarity: l.Polarity})
			}
		}
		row.Labels = refs[from:len(refs):len(refs)]
	}
	return labels, labeled, nil
}

func (s *Shard) fillSentence(row *schema.SentenceRow, doc *schema.Document, i int, id string) {
	src, sentence := doc.Source, &doc.Sentences[i]
	*row = schema.SentenceRow{
		SentenceID: id, DocumentID: src.ID, Corpus: src.Corpus, Attributes: src.Attributes,
		SentenceIndex: int32(i),
		Heading:       optional(sentence.Heading), ListMarker: optional(sentence.ListMarker),
		Text:      doc.Text[sentence.Text.Start:sentence.Text.End],
		CharStart: int32(sentence.Chars.Start), CharEnd: int32(sentence.Chars.End),
		ByteStart: int32(sentence.Text.Start), ByteEnd: int32(sentence.Text.End),
		SourceStart: int64(sentence.Source.Start), SourceEnd: int64(sentence.Source.End),
		Alignment: optional(string(sentence.Alignment)),
	}
	if sentence.Group != schema.NoGroup {
		row.Labeled, row.Repaired = true, doc.Groups[sentence.Group].Repaired
		group := src.ID + "#g" + strconv.Itoa(sentence.Group)
		row.GroupID = &group
	}
	if s.utf16 {
		start, end := int32(sentence.UTF16.Start), int32(sentence.UTF16.End)
		row.UTF16Start, row.UTF16End = &start, &end
	}
	switch sentence.Alignment {
	case schema.Edited:
		similarity := sentence.Similarity
		row.Similarity = &similarity
		fallthrough
	case schema.AnnotatedOnly:
		wording := doc.Annotated[sentence.Annotated.Start:sentence.Annotated.End]
		row.AnnotatedText = &wording
	}
}

func (s *Shard) writeLabel(doc *schema.Document, l *schema.Label, sentenceID string, sentence int) error {
	row, err := s.labels.next()
	if err != nil {
		return err
	}
	*row = schema.LabelRow{
		SentenceID: sentenceID, DocumentID: doc.Source.ID, Corpus: doc.Source.Corpus,
		Attributes: doc.Source.Attributes, SentenceIndex: int32(sentence),
		Layer: l.Layer, Label: l.Code, Polarity: l.Polarity,
		Position: int32(l.Position), RawLabel: l.Raw, Repair: l.Repairs.Name(),
	}
	return nil
}

// sentenceIDs are the ids of a document's n sentences, made with one
// allocation.
func (s *Shard) sentenceIDs(document string, n int) func(int) string {
	s.ids = s.ids[:0]
	ends := make([]int, 0, 64)
	for i := range n {
		s.ids = append(append(s.ids, document...), '#')
		for pad := 1000; pad > 1 && i < pad; pad /= 10 {
			s.ids = append(s.ids, '0')
		}
		s.ids = strconv.AppendInt(s.ids, int64(i), 10)
		ends = append(ends, len(s.ids))
	}
	all := string(s.ids)
	return func(i int) string {
		if i == 0 {
			return all[:ends[0]]
		}
		return all[ends[i-1]:ends[i]]
	}
}

func (s *Shard) writeDiagnostics(doc *schema.Document) error {
	src := doc.Source
	list := doc.Diagnostics.All()
	for i := range list {
		d := &list[i]
		row, err := s.diagnostics.next()
		if err != nil {
			return err
		}
		*row = schema.DiagnosticRow{
			DocumentID: optional(src.ID), Corpus: src.Corpus, SourcePath: schema.DisplayPath(src.PathOf(d)),
			Severity: string(d.Severity()), Code: d.Code.String(), Message: d.Message,
			Excerpt: optional(d.Excerpt), Before: optional(d.Before), After: optional(d.After),
		}
		if d.Offset != schema.NoOffset {
			offset := int64(d.Offset)
			row.ByteOffset = &offset
		}
		if d.Line > 0 {
			line, column := int32(d.Line), int32(d.Column)
			row.Line, row.Column = &line, &column
		}
	}
	return nil
}

// optional is nil for "", which no such column holds.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// Close completes the parts. The Shard cannot be used afterwards.
func (s *Shard) Close() (Result, error) {
	r := Result{
		First: s.first, Last: s.last, Inputs: s.inputs, InputLines: s.inputLines,
		Unsettled: s.unsettled, Stats: s.stats,
	}
	var errs []error
	add := func(p Part, err error) {
		r.Parts = append(r.Parts, p)
		errs = append(errs, err)
	}
	add(s.documents.close())
	add(s.sentences.close())
	add(s.labels.close())
	add(s.diagnostics.close())
	return r, errors.Join(errs...)
}

// Abort closes the parts as they are; they are not to be used.
func (s *Shard) Abort() {
	if s.documents != nil {
		s.documents.abort()
	}
	if s.sentences != nil {
		s.sentences.abort()
	}
	if s.labels != nil {
		s.labels.abort()
	}
	if s.diagnostics != nil {
		s.diagnostics.abort()
	}
}

// Result is what a shard came to.
type Result struct {
	Parts       []Part
	First, Last string // ids of its first and last document, refused or not; "" if it has none
	// Inputs has a line of JSON for each document, an Input.
	Inputs     []byte
	InputLines int
	// Unsettled are the entries, from 0, with schema.Source.Unsettled.
	Unsettled []int
	Stats     Stats
}

// Input is one document that was read or refused.
type Input struct {
	Corpus string `json:"corpus"`
	Path   string `json:"path"`             // as schema.DisplayPath shows it
	Bytes  int64  `json:"bytes"`            // -1 if not known
	SHA256 string `json:"sha256,omitempty"` // empty if it could not be read
	// RawPath and RawSHA256 are those of its twin, if there is one.
	RawPath   string `json:"raw_path,omitempty"`
	RawSHA256 string `json:"raw_sha256,omitempty"`
	Refused   bool   `json:"refused,omitempty"`
}

// WriteTaxonomies writes the table taxonomy into dir: the labels of all corpora,
// in the order of the corpora's names.
func WriteTaxonomies(dir string, corpora []config.Corpus, taxonomies []*config.Taxonomy, o Options) (Part, error) {
	w, err := newPart[schema.TaxonomyRow](dir, tableByName()["taxonomy"], o)
	if err != nil {
		return Part{}, err
	}
	order := make([]int, len(corpora))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return strings.Compare(corpora[a].Name, corpora[b].Name) })
	for _, i := range order {
		corpus, t := corpora[i], taxonomies[i]
		for _, layer := range t.Layers {
			for _, term := range layer.Labels {
				if err := writeTerm(w, corpus.Name, layer.Name, term, layer.Polarity); err != nil {
					w.abort()
					return Part{}, err
				}
			}
			for _, term := range t.Everywhere {
				if err := writeTerm(w, corpus.Name, layer.Name, term, false); err != nil {
					w.abort()
					return Part{}, err
				}
			}
		}
	}
	return w.close()
}

func writeTerm(w *partWriter[schema.TaxonomyRow], corpus, layer string, term config.Term, polarity bool) error {
	row, err := w.next()
	if err != nil {
		return err
	}
	*row = schema.TaxonomyRow{
		Corpus: corpus, Layer: layer, Label: term.Code, Name: term.Name,
		Description: term.Description, Aliases: term.Aliases, HasPolarity: polarity,
	}
	return nil
}
