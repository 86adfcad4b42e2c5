package sink

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/sink/columnar"
)

// Shard writes the documents of one shard: one part of each table. It is not
// safe for concurrent use.
type Shard struct {
	writer      *Writer
	documents   *documents
	sentences   *sentences
	labels      *labels
	relations   *relations
	diagnostics *diagnostics

	ids sentenceIDs

	entries     int   // written so far
	unsettled   []int // of them, those with Source.Unsettled
	inputs      *bytes.Buffer
	encoder     *json.Encoder // to inputs
	inputLines  int
	first, last string
	stats       Stats
}

// NewShard creates the parts in dir, a folder that holds nothing else, for documents
// of a corpus and its taxonomy.
func (w *Writer) NewShard(dir string, corpus config.Corpus, taxonomy *config.Taxonomy) (*Shard, error) {
	s, _ := w.idle.Get().(*Shard)
	if s == nil {
		room := new(columnar.Room)
		s = &Shard{
			writer: w, documents: newDocuments(room, w.options), sentences: newSentences(room, w.options),
			labels: newLabels(room, w.options), relations: newRelations(room, w.options),
			diagnostics: newDiagnostics(room, w.options),
		}
	}
	s.sentences.utf16, s.stats = corpus.Normalize.UTF16, NewStats()
	s.inputs = new(bytes.Buffer)
	s.encoder = json.NewEncoder(s.inputs)
	s.entries, s.unsettled, s.inputLines, s.first, s.last = 0, nil, 0, "", ""
	all := taxonomies(map[string]*config.Taxonomy{corpus.Name: taxonomy})
	for _, p := range s.parts() {
		labels := ""
		if p == s.sentences.part || p == s.labels.part {
			labels = all
		}
		if err := p.open(dir, labels, w.options.Disk); err != nil {
			s.Abort()
			return nil, err
		}
	}
	return s, nil
}

func (s *Shard) parts() [5]*part {
	return [5]*part{s.documents.part, s.sentences.part, s.labels.part, s.relations.part, s.diagnostics.part}
}

// Write adds a document, which was normalized or refused. Documents come in the
// order of their ids. It keeps nothing of doc.
func (s *Shard) Write(doc *schema.Document) error {
	s.stats.add(doc)
	if err := s.addInput(doc.Source); err != nil {
		return err
	}
	if err := s.diagnostics.add(doc); err != nil || doc.Source.Refused {
		return err
	}
	s.ids.of(doc.Source.ID, len(doc.Sentences))
	if err := s.sentences.add(doc, &s.ids); err != nil {
		return err
	}
	labels, labeled, err := s.labels.add(doc, &s.ids)
	if err != nil {
		return err
	}
	if err := s.relations.add(doc, &s.ids); err != nil {
		return err
	}
	return s.documents.add(doc, labels, labeled)
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
		Corpus: src.Corpus, Bytes: src.Bytes, Refused: src.Refused,
	}
	if src.SHA256 != [32]byte{} {
		input.Bytes, input.SHA256 = src.Size(), hex.EncodeToString(src.SHA256[:])
	}
	path, offset := src.Start()
	input.Path, input.Offset = schema.DisplayPath(path), offset
	input.addPieces(src)
	if src.RawPath != "" {
		input.RawPath, input.RawSHA256 = schema.DisplayPath(src.RawPath), hex.EncodeToString(src.RawSHA256[:])
	}
	s.inputLines++
	return s.encoder.Encode(&input) // with a line end
}

func (in *Input) addPieces(src *schema.Source) {
	header := 0
	for i := range src.Pieces {
		p := &src.Pieces[i]
		if p.Header {
			header = p.Data.Len()
			continue
		}
		in.Pieces = append(in.Pieces, InputPiece{
			schema.DisplayPath(p.Path), p.Offset, p.Data.Len(), header, schema.DisplayPath(p.RawPath),
		})
		header = 0
	}
	if len(in.Pieces) == 1 { // it says what the input does
		in.Header, in.Pieces = in.Pieces[0].Header, nil
	}
}

// sentenceIDs are the ids of a document's sentences.
type sentenceIDs struct {
	text []byte
	ends []int
}

func (ids *sentenceIDs) of(document string, n int) {
	ids.text, ids.ends = ids.text[:0], ids.ends[:0]
	for i := range n {
		ids.text = append(append(ids.text, document...), '#')
		for pad := 1000; pad > 1 && i < pad; pad /= 10 {
			ids.text = append(ids.text, '0')
		}
		ids.text = strconv.AppendInt(ids.text, int64(i), 10)
		ids.ends = append(ids.ends, len(ids.text))
	}
}

func (ids *sentenceIDs) at(i int) []byte {
	start := 0
	if i > 0 {
		start = ids.ends[i-1]
	}
	return ids.text[start:ids.ends[i]]
}

// Close completes the parts. The Shard cannot be used afterwards.
func (s *Shard) Close() (Result, error) {
	r := Result{
		First: s.first, Last: s.last, Inputs: s.inputs.Bytes(), InputLines: s.inputLines,
		Unsettled: s.unsettled, Stats: s.stats,
	}
	var errs []error
	for _, p := range s.parts() {
		part, err := p.close()
		r.Parts = append(r.Parts, part)
		errs = append(errs, err)
	}
	s.writer.idle.Put(s)
	return r, errors.Join(errs...)
}

// Abort closes the parts as they are; they are not to be used. Nor can the Shard.
func (s *Shard) Abort() {
	for _, p := range s.parts() {
		p.abort()
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
	Offset int64  `json:"offset,omitempty"` // in the file, which may hold many documents
	Bytes  int64  `json:"bytes"`            // of the document, -1 if not known
	Header int    `json:"header,omitempty"` // bytes at the start of the file that were read before it
	SHA256 string `json:"sha256,omitempty"` // of both; empty if they could not be read
	// RawPath and RawSHA256 are those of its twin, if there is one.
	RawPath   string `json:"raw_path,omitempty"`
	RawSHA256 string `json:"raw_sha256,omitempty"`
	Refused   bool   `json:"refused,omitempty"`
	// Pieces are those that the document was put together of, where they are several.
	Pieces []InputPiece `json:"pieces,omitempty"`
}

// InputPiece is a piece of a document: a file, or a record of one.
type InputPiece struct {
	Path    string `json:"path"`
	Offset  int64  `json:"offset,omitempty"`
	Bytes   int    `json:"bytes"`
	Header  int    `json:"header,omitempty"`   // as that of an input
	RawPath string `json:"raw_path,omitempty"` // of its twin, if it has one
}

// WriteTaxonomies writes the table taxonomy into dir: the labels of all corpora,
// in the order of the corpora's names.
func (w *Writer) WriteTaxonomies(dir string, corpora []config.Corpus, all []*config.Taxonomy) (Part, error) {
	byCorpus := map[string]*config.Taxonomy{}
	for i := range corpora {
		byCorpus[corpora[i].Name] = all[i]
	}
	terms := newLabelTerms(new(columnar.Room), w.options)
	if err := terms.open(dir, taxonomies(byCorpus), w.options.Disk); err != nil {
		return Part{}, err
	}
	defer terms.abort()
	order := make([]int, len(corpora))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return strings.Compare(corpora[a].Name, corpora[b].Name) })
	for _, i := range order {
		corpus, t := corpora[i], all[i]
		for _, layer := range t.Layers {
			for _, term := range layer.Labels {
				if err := terms.add(corpus.Name, layer.Name, term, layer.Polarity); err != nil {
					return Part{}, err
				}
			}
			for _, term := range t.Everywhere {
				if err := terms.add(corpus.Name, layer.Name, term, false); err != nil {
					return Part{}, err
				}
			}
		}
	}
	return terms.close()
}
