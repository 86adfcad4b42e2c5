package schema

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"sort"
	"unicode"
	"unicode/utf8"
)

// Span is a half-open range [Start, End).
type Span struct{ Start, End int }

// Len is the length of the span.
func (s Span) Len() int { return s.End - s.Start }

// Trim is the span without the white space at its ends, in the text that it is a
// span of. What is left of nothing is at its start.
func (s Span) Trim(text string) Span {
	s.End = max(s.Start, s.End)
	for s.Start < s.End {
		size := 1
		if c := text[s.Start]; c >= utf8.RuneSelf {
			var r rune
			if r, size = utf8.DecodeRuneInString(text[s.Start:s.End]); !unicode.IsSpace(r) {
				break
			}
		} else if !asciiSpace(c) {
			break
		}
		s.Start += size
	}
	for s.Start < s.End {
		size := 1
		if c := text[s.End-1]; c >= utf8.RuneSelf {
			var r rune
			if r, size = utf8.DecodeLastRuneInString(text[s.Start:s.End]); !unicode.IsSpace(r) {
				break
			}
		} else if !asciiSpace(c) {
			break
		}
		s.End -= size
	}
	return s
}

func asciiSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// Attribute is a fact about a document that has no typed column.
type Attribute struct{ Name, Value string }

// Source is a document as it was read, before any decoding. The reader fills
// it; the parser reads it. Data is valid until the Source is reset for the next
// document; nothing may keep a slice of it beyond that.
type Source struct {
	ID         string // document id, with the corpus in front
	Corpus     string
	Path       string // slash-separated, relative to the corpus root, any bytes
	Attributes Attributes
	Extra      []Attribute // sorted by name
	Bytes      int64       // size of the file as it was found, -1 if that is not known
	Data       []byte
	SHA256     [32]byte // of Data

	// Pieces say where Data comes from, if it is not one whole file: from a record
	// of a file that holds many, or from several files or records that make one
	// document. They are in the order of Data and cover all of it. Nil means that Data
	// is the whole file Path.
	Pieces []Piece

	RawPath   string // "" if there is no twin
	RawData   []byte
	RawSHA256 [32]byte

	// Diagnostics are what planning and reading noticed. If the document cannot
	// be read, Refused is true and one of them is an error that says why.
	Diagnostics []Diagnostic
	Refused     bool
	// Unsettled says that what was read is not what the scan's stamp stands for:
	// the next run must look again.
	Unsettled bool
}

// Piece is a stretch of Source.Data: a file, or a record of one.
type Piece struct {
	Path      string // as Source.Path
	Data      Span   // bytes of Source.Data
	Offset    int64  // of its first byte in the file
	Line      int    // of that byte, from 1
	Annotator string // who annotated it, "" if that is not known
	RawPath   string // of its twin, "" if there is none
	Raw       Span   // bytes of Source.RawData
	// Header says that it is no record but the start of its file, which the pieces of
	// that file behind it cannot be read without; see Record.Header.
	Header bool
}

// At is where a byte of Data stands: in which file, and at which offset of it.
func (s *Source) At(offset int) (path string, at int64) {
	if p := s.piece(offset); p != nil {
		return p.Path, p.Offset + int64(offset-p.Data.Start)
	}
	return s.Path, int64(offset)
}

// piece is the one that holds a byte of Data, nil where Data is a whole file. The
// end of a piece counts for it if no other starts there.
func (s *Source) piece(offset int) *Piece {
	if len(s.Pieces) == 0 {
		return nil
	}
	i := sort.Search(len(s.Pieces), func(i int) bool { return s.Pieces[i].Data.Start > offset })
	return &s.Pieces[max(i-1, 0)]
}

// Record is a document, or a piece of one, in a file that holds many.
type Record struct {
	Start, End int64 // bytes of the file; none, at its end, where it is cut off between two
	Line       int   // of Start, from 1
	// Header is how many bytes at the start of the file the record cannot be read
	// without: those of the row that names the columns. They stand in Source.Data, as a
	// Piece of their own, before the record, and but once where pieces of one file
	// follow each other. 0 for none.
	Header int64
	// Whole says that the file is this one document, as a JSON file is that holds no
	// list: what it could not get more of. Its id is the file's path then, without a
	// number, and Parse is given all bytes of the file.
	Whole bool
	// Values are those of the corpus's fields, in the order of the config, "" for
	// none. They are valid until the next record.
	Values []string
}

// Reset empties s for the next document and keeps its buffers.
func (s *Source) Reset() {
	*s = Source{
		Extra: s.Extra[:0], Data: s.Data[:0], RawData: s.RawData[:0], Pieces: s.Pieces[:0],
		Diagnostics: s.Diagnostics[:0],
	}
}

// Place is where a diagnostic of the document stands: in which file, and at which
// offset of it, NoOffset if it is about all of it. What is about all of a record stands
// where that starts.
func (s *Source) Place(d *Diagnostic) (path string, at int64) {
	switch {
	case d.Offset == NoOffset && !d.InRaw && len(s.Pieces) > 0:
		return s.Start()
	case d.Offset == NoOffset && d.InRaw:
		return s.RawPath, NoOffset
	case d.Offset == NoOffset:
		return s.Path, NoOffset
	case !d.InRaw:
		return s.At(d.Offset)
	}
	for i := len(s.Pieces) - 1; i >= 0; i-- {
		if p := &s.Pieces[i]; p.RawPath != "" && p.Raw.Start <= d.Offset {
			return p.RawPath, int64(d.Offset - p.Raw.Start)
		}
	}
	return s.RawPath, int64(d.Offset)
}

// Start is where the document starts: in which file, and at which offset of it.
func (s *Source) Start() (path string, at int64) {
	if p := firstOf(s.Pieces); p != nil {
		return p.Path, p.Offset
	}
	return s.Path, 0
}

// firstOf is the first piece that is no header, nil if there is none.
func firstOf(pieces []Piece) *Piece {
	for i := range pieces {
		if !pieces[i].Header {
			return &pieces[i]
		}
	}
	return nil
}

// Size is the number of bytes of Data without headers.
func (s *Source) Size() int64 {
	n := len(s.Data)
	for i := range s.Pieces {
		if s.Pieces[i].Header {
			n -= s.Pieces[i].Data.Len()
		}
	}
	return int64(n)
}

// Range is where a span of Data stands: the bytes of a file from its first to its
// last. What lies in several pieces ends with the first of them.
func (s *Source) Range(span Span) (start, end int64) {
	p := s.piece(span.Start)
	if p == nil {
		return int64(span.Start), int64(span.End)
	}
	start = p.Offset + int64(span.Start-p.Data.Start)
	return start, start + int64(min(span.End, p.Data.End)-span.Start)
}

// TextOrigin says where a document's canonical text comes from.
type TextOrigin string

// The origins of a canonical text.
const (
	OriginRaw       TextOrigin = "raw"
	OriginAnnotated TextOrigin = "annotated"
)

// Document is one document between the parser and the sink. The parser fills
// Annotated, Map, Segments, Groups, Annotations, Relations and the raw half of Labels;
// the normalizer fills Text, Sentences and the resolved half of Labels. A Document and its slices are
// reused; a stage may keep neither after it handed the document on. Text and
// the strings in Labels are immutable and may be kept.
type Document struct {
	Source *Source

	// Annotated is the annotated text without its label groups; Map leads back
	// to the bytes of the file, and Segments say which stretch of it each group
	// closes.
	Annotated string
	Map       OffsetMap
	// Grouped says that segments are what stands between label groups typed into the
	// text. Otherwise they are sentences as the file gives them; what none covers is
	// cut into sentences.
	Grouped bool
	// Standoff says that labels, groups and relations stand in the twin: their Source is
	// bytes of Source.RawData.
	Standoff bool
	Segments []Segment
	Roles    []string // of segments and sentences; see Document.AddRole
	Groups   []Group
	Labels   []Label // in the order of their groups, then as typed; then those of annotations

	// Annotations are labels on stretches of the annotated text that need not be
	// sentences, in the order of their starts. The normalizer gives each sentence that
	// one overlaps the annotation's labels.
	Annotations []Annotation
	// Relations are in the order in which the table has them. The normalizer leaves out
	// what has an end that is in no table: see Document.Places.
	Relations []Relation
	// Annotators are all who annotated the document, sorted, each once; empty where that
	// is not known. Who found nothing to label is one of them, and so is everyone that a
	// label or a relation names.
	Annotators []string
	// Unannotated says that nobody annotated the document, whoever the attribute
	// annotator names.
	Unannotated bool

	// Raw is the text of the unannotated twin, "" if there is none; RawMap leads
	// back to the bytes of that file.
	Raw    string
	RawMap OffsetMap

	// Text is the canonical text, Raw or Annotated.
	Text       string
	TextOrigin TextOrigin
	Sentences  []Sentence
	Coverage   Coverage

	Diagnostics Diagnostics

	// Scratch is the parser's decoding buffer, kept between documents.
	Scratch []byte

	details []Detail // room for those of Labels
}

// Reset empties d for src, keeps its buffers, and takes over what reading
// noticed.
func (d *Document) Reset(src *Source) {
	*d = Document{
		Source: src, Map: OffsetMap{runs: d.Map.runs[:0]}, RawMap: OffsetMap{runs: d.RawMap.runs[:0]},
		Segments: d.Segments[:0], Roles: d.Roles[:0], Groups: d.Groups[:0],
		Labels: d.Labels[:0], Sentences: d.Sentences[:0],
		Annotations: d.Annotations[:0], Relations: d.Relations[:0], Annotators: d.Annotators[:0],
		Diagnostics: Diagnostics{list: d.Diagnostics.list[:0], Limit: d.Diagnostics.Limit},
		Scratch:     d.Scratch[:0],
		details:     d.details[:0],
	}
	for i := range src.Diagnostics {
		d.Diagnostics.Add(src.Diagnostics[i])
	}
}

// Detail is one for a label of the document, in room that documents use one after the
// other: it is valid until the next Reset.
func (d *Document) Detail(v Detail) *Detail {
	if len(d.details) == cap(d.details) {
		d.details = make([]Detail, 0, max(16, 2*cap(d.details))) // labels hold what was there
	}
	d.details = append(d.details, v)
	return &d.details[len(d.details)-1]
}

// AddRole is the number of a role that is added to Roles, unless it is the last there
// already. It is 0 for "".
func (d *Document) AddRole(name string) int32 {
	if n := len(d.Roles); name != "" && (n == 0 || d.Roles[n-1] != name) {
		d.Roles = append(d.Roles, name)
	}
	if name == "" {
		return 0
	}
	return int32(len(d.Roles))
}

// RoleName is the role with a number, "" for 0.
func (d *Document) RoleName(role int32) string {
	if role == 0 {
		return ""
	}
	return d.Roles[role-1]
}

// Check reports an error if a span is not true: out of order or bounds, off a
// character's edge, different in code points or UTF-16 code units than in bytes;
// if an end of a relation is in no table, or an annotator is none of the document's;
// or if the coverage does not add up. It costs one pass over the text, and one more
// where labels stand on stretches of it.
func (d *Document) Check() error {
	ascii := IsASCII(d.Text)
	if !ascii && !utf8.ValidString(d.Text) {
		return errors.New("the text is not valid UTF-8")
	}
	if n := d.Coverage.Total(); n != len(d.Text) {
		return fmt.Errorf("the coverage adds up to %d bytes, not %d", n, len(d.Text))
	}
	last := new(Sentence)
	for i := range d.Sentences {
		s := &d.Sentences[i]
		if s.Text.Start < last.Text.End || s.Text.End < s.Text.Start || s.Text.End > len(d.Text) {
			return fmt.Errorf("sentence %d: bytes [%d:%d] are out of order", i, s.Text.Start, s.Text.End)
		}
		if s.Source.Start < 0 || s.Source.End < s.Source.Start || s.Source.End > len(d.Source.Data) {
			return fmt.Errorf("sentence %d: source bytes [%d:%d] are out of bounds", i, s.Source.Start, s.Source.End)
		}
		if !runeStart(d.Text, s.Text.Start) || !runeStart(d.Text, s.Text.End) {
			return fmt.Errorf("sentence %d: bytes [%d:%d] cut a character", i, s.Text.Start, s.Text.End)
		}
		chars, units := s.Text, s.Text
		if !ascii {
			gapChars, gapUnits := Lengths(d.Text[last.Text.End:s.Text.Start])
			ownChars, ownUnits := Lengths(d.Text[s.Text.Start:s.Text.End])
			chars.Start, units.Start = last.Chars.End+gapChars, last.UTF16.End+gapUnits
			chars.End, units.End = chars.Start+ownChars, units.Start+ownUnits
		}
		if s.Chars != chars {
			return fmt.Errorf("sentence %d: code points %v are bytes %v, not %v", i, chars, s.Text, s.Chars)
		}
		if s.UTF16 != units {
			return fmt.Errorf("sentence %d: UTF-16 code units %v are bytes %v, not %v", i, units, s.Text, s.UTF16)
		}
		last = s
	}
	if err := d.checkLabels(ascii); err != nil {
		return err
	}
	return d.checkRelations()
}

func (d *Document) checkLabels(ascii bool) error {
	for i, name := range d.Annotators {
		if name == "" || i > 0 && name <= d.Annotators[i-1] {
			return fmt.Errorf("annotators %q are not sorted, or not each once", d.Annotators)
		}
	}
	if d.Grouped && len(d.Annotators)+len(d.Annotations) == 0 {
		return nil // none has a Detail
	}
	var index charIndex
	last := "" // annotator
	for i := range d.Labels {
		l := d.Labels[i].Detail
		if l == nil {
			continue
		}
		if l.Annotator != last {
			if l.Annotator != "" && !slices.Contains(d.Annotators, l.Annotator) {
				return fmt.Errorf("label %d is by %q, who is no annotator of the document", i, l.Annotator)
			}
			last = l.Annotator
		}
		if l.SpanID == "" {
			if l.Stretch != (Span{}) || l.Chars != (Span{}) {
				return fmt.Errorf("label %d stands on bytes [%d:%d] of no annotation", i, l.Stretch.Start, l.Stretch.End)
			}
			continue
		}
		if d.Labels[i].Meaning == nil {
			continue // as typed: it is no row
		}
		if l.Stretch.Start < 0 || l.Stretch.End < l.Stretch.Start || l.Stretch.End > len(d.Text) {
			return fmt.Errorf("label %d: bytes [%d:%d] are out of bounds", i, l.Stretch.Start, l.Stretch.End)
		}
		if !runeStart(d.Text, l.Stretch.Start) || !runeStart(d.Text, l.Stretch.End) {
			return fmt.Errorf("label %d: bytes [%d:%d] cut a character", i, l.Stretch.Start, l.Stretch.End)
		}
		chars := l.Stretch
		if !ascii {
			if index.chars == nil {
				index = indexChars(d.Text)
			}
			chars = Span{index.at(l.Stretch.Start), index.at(l.Stretch.End)}
		}
		if l.Chars != chars {
			return fmt.Errorf("label %d: code points %v are bytes %v, not %v", i, chars, l.Stretch, l.Chars)
		}
	}
	return nil
}

func (d *Document) checkRelations() error {
	if len(d.Relations) == 0 {
		return nil
	}
	places := d.Places()
	for i := range d.Relations {
		r := &d.Relations[i]
		if r.Annotator != "" && !slices.Contains(d.Annotators, r.Annotator) {
			return fmt.Errorf("relation %d is by %q, who is no annotator of the document", i, r.Annotator)
		}
		for _, end := range [...]Target{r.From, r.To} {
			if _, ok := places.Of(r, end); !ok {
				return fmt.Errorf("relation %d: an end of it, %v %d, is in no table", i, end.Kind, end.Index)
			}
		}
	}
	return nil
}

// Place is where an end of a relation stands in the tables.
type Place struct {
	Sentence int    // index into Document.Sentences: of an annotation the first with its labels; -1 for the document
	SpanID   string // of an annotation, else ""
	Chars    Span   // code points of Document.Text, from the first to the last; empty for the document
}

// Places knows where sentences and annotations stand in the tables.
type Places struct {
	doc   *Document
	spans map[spanKey]Place
}

type spanKey struct{ annotator, id string }

// Places are those of a document that was normalized.
func (d *Document) Places() Places {
	p := Places{doc: d}
	if !slices.ContainsFunc(d.Relations, func(r Relation) bool {
		return r.From.Kind == ToAnnotation || r.To.Kind == ToAnnotation
	}) {
		return p
	}
	p.spans = map[spanKey]Place{}
	for i := range d.Sentences {
		g := d.Sentences[i].Group
		if g == NoGroup {
			continue
		}
		span := d.Groups[g].Labels
		for j := span.Start; j < span.End; j++ {
			l := &d.Labels[j]
			if l.SpanID() == "" || l.Meaning == nil || l.Null {
				continue
			}
			key, chars := spanKey{l.Annotator(), l.SpanID()}, l.Detail.Chars
			place, ok := p.spans[key]
			if !ok {
				place = Place{i, key.id, chars}
			}
			place.Chars.Start, place.Chars.End = min(place.Chars.Start, chars.Start), max(place.Chars.End, chars.End)
			p.spans[key] = place
		}
	}
	return p
}

// Of is where an end of a relation stands. An annotation is one by the relation's
// annotator. It is false for what is in no table, such as an annotation without labels
// or on no sentence.
func (p *Places) Of(r *Relation, end Target) (Place, bool) {
	d := p.doc
	switch end.Kind {
	case ToDocument:
		return Place{Sentence: -1}, true
	case ToSentence:
		if end.Index < 0 || end.Index >= len(d.Sentences) {
			return Place{}, false
		}
		return Place{Sentence: end.Index, Chars: d.Sentences[end.Index].Chars}, true
	case ToAnnotation:
		if end.Index < 0 || end.Index >= len(d.Annotations) {
			return Place{}, false
		}
		place, ok := p.spans[spanKey{r.Annotator, d.Annotations[end.Index].ID}]
		return place, ok
	}
	return Place{}, false // a segment is none of the normalizer's
}

// charIndex counts the code points of a text up to any of its bytes.
type charIndex struct {
	text  string
	chars []int32 // before each charsEvery bytes
}

// charsEvery is how much of a text is counted for a look-up, at most.
const charsEvery = 256

func indexChars(text string) charIndex {
	index := charIndex{text, make([]int32, 0, len(text)/charsEvery+1)}
	n := 0
	for at := 0; ; at += charsEvery {
		index.chars = append(index.chars, int32(n))
		if at+charsEvery > len(text) {
			return index
		}
		chars, _ := Lengths(text[at : at+charsEvery])
		n += chars
	}
}

func (x *charIndex) at(offset int) int {
	from := offset / charsEvery
	chars, _ := Lengths(x.text[from*charsEvery : offset])
	return int(x.chars[from]) + chars
}

// IsASCII reports whether s has no byte beyond ASCII.
func IsASCII[Text string | []byte](s Text) bool {
	// Many bytes at a time: 5 times as fast as one.
	for ; len(s) >= 32; s = s[32:] {
		if (eight(s)|eight(s[8:])|eight(s[16:])|eight(s[24:]))&highBits != 0 {
			return false
		}
	}
	for ; len(s) >= 8; s = s[8:] {
		if eight(s)&highBits != 0 {
			return false
		}
	}
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// Lengths is the length of s, which is valid UTF-8, in code points and in UTF-16
// code units.
func Lengths(s string) (chars, units int) {
	// Each byte but a continuation starts a character, and one of 0xF0 or more
	// a character of two units. Many bytes at a time: 3 to 10 times as fast as one.
	chars = len(s)
	for i := 0; i < len(s); {
		if i+32 <= len(s) && (eight(s[i:])|eight(s[i+8:])|eight(s[i+16:])|eight(s[i+24:]))&highBits == 0 {
			i += 32
			continue
		}
		var x uint64
		switch {
		case i+8 <= len(s):
			x = eight(s[i:])
			i += 8
		case len(s) >= 8:
			x = eight(s[len(s)-8:]) >> (8 * (i + 8 - len(s)))
			i = len(s)
		default:
			x = uint64(s[i])
			i++
		}
		if x&highBits != 0 {
			chars -= bits.OnesCount64(x &^ (x << 1) & highBits)
			units += bits.OnesCount64(x & (x << 1) & (x << 2) & (x << 3) & highBits)
		}
	}
	return chars, chars + units
}

const highBits = 0x8080808080808080

// eight is the first eight bytes of s, the first one lowest.
func eight[Text string | []byte](s Text) uint64 {
	return binary.LittleEndian.Uint64([]byte(s[:8]))
}

func runeStart(s string, i int) bool { return i == len(s) || utf8.RuneStart(s[i]) }

// NoGroup is the group of a segment or sentence that carries no label group.
const NoGroup = -1

// Segment is the text before one label group, back to the group before it, with
// the white space around it; or the text after the last group.
type Segment struct {
	Text  Span // bytes of Document.Annotated
	Group int  // index into Document.Groups, or NoGroup
	// Role says whose part of the document the text stands in: its number among
	// Document.Roles, from 1; 0 for none. As a number it costs documents without roles next
	// to nothing.
	Role int32
}

// Group is one label group: `[[RWK-POS], [CLA-POS]]`.
type Group struct {
	Source Span // bytes of the source file
	Labels Span // indexes into Document.Labels
	Broken bool // whether its brackets had to be repaired

	Repaired bool // whether they or any of its labels had to be
}

// Annotation is a labelled stretch of the annotated text, or several that belong
// together.
type Annotation struct {
	// ID is unique among the document's annotations of one annotator: what the file
	// calls it, such as T1, or its number. "" for none.
	ID     string
	Text   []Span // bytes of Document.Annotated, in order, none empty; more than one if it is discontinuous
	Labels Span   // indexes into Document.Labels
}

// Relation joins two of a document's sentences or annotations, or one of them to the
// document itself.
type Relation struct {
	Kind       string
	From, To   Target
	Annotator  string      // "" where it is not known; the same as that of the labels of its annotations
	Attributes []Attribute // sorted by name, each once
	Source     Span        // bytes of the source file that say so
}

// Target is an end of a relation.
type Target struct {
	Kind TargetKind
	// Index is one into Document.Segments or Document.Annotations; the normalizer
	// makes a segment the first of its sentences, an index into Document.Sentences.
	Index int
}

// TargetKind says what the end of a relation is.
type TargetKind uint8

// The ends that a relation may have.
const (
	ToDocument TargetKind = iota
	ToSegment
	ToSentence
	ToAnnotation
)

func (k TargetKind) String() string {
	switch k {
	case ToDocument:
		return "document"
	case ToSegment:
		return "segment"
	case ToSentence:
		return "sentence"
	}
	return "annotation"
}

// Label is one label of a group, first as typed, then as resolved.
type Label struct {
	Raw      string  // as typed
	Source   Span    // bytes of the source file
	List     int     // which bracketed list of the group it stands in, from 0
	Position int     // place in the group as typed, from 0
	Term     int     // number of Raw in the taxonomy if it is typed as it stands there, else 0
	Joined   bool    // whether something other than a comma parts it from the label before it in its list
	Repairs  Repairs // what was done to resolve it

	// What the label was resolved to, which the taxonomy holds for all documents;
	// nil before that.
	*Meaning

	// Detail is what labels of other formats than inline have besides, nil where there is
	// nothing: inline documents have most labels for their size. Copies of a label may
	// share it. See Document.Detail.
	Detail *Detail
}

// Detail is what a label has that was not typed into the text.
type Detail struct {
	// InLayer is the name of the layer that the label belongs to, where the file or the
	// config says so; Label.List is then of no meaning. "" where the place of the list
	// says.
	InLayer string
	// RawPolarity is what the file gives as the polarity of a label that has InLayer,
	// where it stands apart from the label; "" for none.
	RawPolarity string
	Annotator   string // who assigned it, "" where that is not known
	// Stretch is what the label was put on, where that is not a sentence as such: bytes
	// of Document.Text, and Chars the same in code points, of the whole piece of the
	// annotation that overlaps the sentence. SpanID is the ID of the annotation. All are
	// empty otherwise.
	Stretch, Chars Span
	SpanID         string
}

// InLayer is that of the label's Detail.
func (l *Label) InLayer() string {
	if l.Detail == nil {
		return ""
	}
	return l.Detail.InLayer
}

// RawPolarity is that of the label's Detail.
func (l *Label) RawPolarity() string {
	if l.Detail == nil {
		return ""
	}
	return l.Detail.RawPolarity
}

// Annotator is that of the label's Detail.
func (l *Label) Annotator() string {
	if l.Detail == nil {
		return ""
	}
	return l.Detail.Annotator
}

// SpanID is that of the label's Detail.
func (l *Label) SpanID() string {
	if l.Detail == nil {
		return ""
	}
	return l.Detail.SpanID
}

// Meaning is what a label means. It is shared by all documents, and equal
// meanings have one address.
type Meaning struct {
	// Null says that the annotator typed "no label in this layer": no row.
	Null bool
	// Nil where there is nothing to say. Code is nil for a label that cannot be
	// resolved.
	Layer, Code, Polarity *string
}

// Canonical is the label as it should have been typed: its code and polarity, or
// what was typed if that cannot be told.
func (l *Label) Canonical() string {
	switch {
	case l.Null:
		return "null"
	case l.Code == nil:
		return l.Raw
	case l.Polarity == nil:
		return *l.Code
	}
	return *l.Code + "-" + *l.Polarity
}

// Sentence is one row of the table sentences before it is flattened.
type Sentence struct {
	Text   Span // bytes of Document.Text
	Chars  Span // code points of Document.Text
	UTF16  Span // UTF-16 code units of Document.Text
	Group  int  // index into Document.Groups, or NoGroup
	Source Span // bytes of the source file, before decoding; empty where RawOnly is missing
	// Annotated is what the annotated file has: bytes of Document.Annotated.
	Annotated Span

	Alignment  Alignment
	Similarity float64 // of the two wordings of an edited sentence

	Heading, ListMarker string // "" for none

	Role int32 // as that of its segment
}

// Alignment says how a sentence of the annotated text compares with the raw
// one. It is "" where there is no raw text.
type Alignment string

// The classes of alignment.
const (
	Exact         Alignment = "exact"          // the same bytes
	Whitespace    Alignment = "whitespace"     // the same but for white space
	Edited        Alignment = "edited"         // another wording
	AnnotatedOnly Alignment = "annotated_only" // nothing like it in the raw text
	RawOnly       Alignment = "raw_only"       // nothing like it in the annotated text
)

// Coverage says what the canonical text consists of, in bytes. The fields add up
// to its length.
type Coverage struct {
	Labeled    int `json:"labeled"`   // sentences with a label group
	Unlabeled  int `json:"unlabeled"` // and without
	Heading    int `json:"heading"`
	ListMarker int `json:"list_marker"`
	Space      int `json:"space"` // white space between all these
}

// Add adds o.
func (c *Coverage) Add(o Coverage) {
	c.Labeled += o.Labeled
	c.Unlabeled += o.Unlabeled
	c.Heading += o.Heading
	c.ListMarker += o.ListMarker
	c.Space += o.Space
}

// Total is the length of the texts covered.
func (c Coverage) Total() int {
	return c.Labeled + c.Unlabeled + c.Heading + c.ListMarker + c.Space
}

// OffsetMap maps offsets of a decoded text to offsets of the source bytes that
// they were decoded from. It is a list of runs: within a literal run, offsets
// advance together; an escape is a run of its own, and any offset inside it
// belongs to the whole escape.
type OffsetMap struct {
	runs []run
	last int // index of the run that was found last: the next is near it
}

type run struct {
	text, source int32
	sourceEnd    int32 // of an escape; 0 in a literal run
}

// Literal says that from the given text offset on, text equals source, byte by
// byte, until the next run. Text offsets never decrease from call to call.
func (m *OffsetMap) Literal(text, source int) { m.add(run{int32(text), int32(source), 0}) }

// Escape says that the text from the given offset to the next run was decoded
// from source[source:sourceEnd].
func (m *OffsetMap) Escape(text, source, sourceEnd int) {
	m.add(run{int32(text), int32(source), int32(sourceEnd)})
}

func (m *OffsetMap) add(r run) {
	if n := len(m.runs); n > 0 && m.runs[n-1].text == r.text {
		m.runs[n-1] = r // the run before turned out to be empty
		return
	}
	m.runs = append(m.runs, r)
}

// Shift appends the runs of old that cover the text span s, for a text in which
// s starts at offset to.
func (m *OffsetMap) Shift(old *OffsetMap, s Span, to int) {
	if s.Len() <= 0 {
		return
	}
	i := sort.Search(len(old.runs), func(i int) bool { return int(old.runs[i].text) > s.Start })
	if i > 0 {
		i--
	}
	for ; i < len(old.runs) && int(old.runs[i].text) < s.End; i++ {
		r := old.runs[i]
		from := max(int(r.text), s.Start)
		if r.sourceEnd == 0 {
			r.source += int32(from) - r.text
		}
		r.text = int32(from - s.Start + to)
		m.add(r)
	}
}

// Move makes source offsets those that to gives for them: of a text that was decoded
// from a part of the source. No run may lie on both sides of a place where to jumps.
func (m *OffsetMap) Move(to func(source int) int) {
	for i := range m.runs {
		r := &m.runs[i]
		if r.sourceEnd > 0 {
			r.sourceEnd = int32(to(int(r.sourceEnd)-1) + 1)
		}
		r.source = int32(to(int(r.source)))
	}
}

// Len is the number of runs, a measure of the map's size.
func (m *OffsetMap) Len() int { return len(m.runs) }

// Source maps a span of the text, in bytes, to the source bytes from the start
// of its first character to the end of its last. An empty span maps to an empty
// span. Spans are asked for in any order, each costs O(log runs); in the order of
// the text they cost next to nothing.
func (m *OffsetMap) Source(s Span) Span {
	if len(m.runs) == 0 {
		return Span{}
	}
	start := m.at(s.Start).of(s.Start)
	if s.Len() <= 0 {
		return Span{start, start}
	}
	last := m.at(s.End - 1)
	if last.sourceEnd > 0 {
		return Span{start, int(last.sourceEnd)}
	}
	return Span{start, last.of(s.End-1) + 1}
}

// nearRuns is how many runs a search looks at one after the other.
const nearRuns = 16

// at is the run that holds a text offset; the first, if it is before all.
func (m *OffsetMap) at(text int) *run {
	i := m.last
	if i >= len(m.runs) || int(m.runs[i].text) > text {
		i = 0
	}
	for range nearRuns {
		if i+1 == len(m.runs) || int(m.runs[i+1].text) > text {
			m.last = i
			return &m.runs[i]
		}
		i++
	}
	behind := m.runs[i+1:]
	m.last = i + sort.Search(len(behind), func(j int) bool { return int(behind[j].text) > text })
	return &m.runs[m.last]
}

func (r *run) of(text int) int {
	if r.sourceEnd > 0 {
		return int(r.source)
	}
	return int(r.source) + text - int(r.text)
}
