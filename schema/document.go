package schema

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
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
	SHA256     [32]byte

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

// Reset empties s for the next document and keeps its buffers.
func (s *Source) Reset() {
	*s = Source{
		Extra: s.Extra[:0], Data: s.Data[:0], RawData: s.RawData[:0],
		Diagnostics: s.Diagnostics[:0],
	}
}

// PathOf is the path of the file that a diagnostic of the document is about.
func (s *Source) PathOf(d *Diagnostic) string {
	if d.InRaw {
		return s.RawPath
	}
	return s.Path
}

// TextOrigin says where a document's canonical text comes from.
type TextOrigin string

// The origins of a canonical text.
const (
	OriginRaw       TextOrigin = "raw"
	OriginAnnotated TextOrigin = "annotated"
)

// Document is one document between the parser and the sink. The parser fills
// Text, Map, Segments, Groups and the raw half of Labels; the normalizer fills
// Sentences and the resolved half of Labels. A Document and its slices are
// reused; a stage may keep neither after it handed the document on. Text and
// the strings in Labels are immutable and may be kept.
type Document struct {
	Source *Source

	// Annotated is the annotated text without its label groups; Map leads back
	// to the bytes of the file, and Segments say which stretch of it each group
	// closes.
	Annotated string
	Map       OffsetMap
	Segments  []Segment
	Groups    []Group
	Labels    []Label // in the order of their groups, then as typed

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
}

// Reset empties d for src, keeps its buffers, and takes over what reading
// noticed.
func (d *Document) Reset(src *Source) {
	*d = Document{
		Source: src, Map: OffsetMap{runs: d.Map.runs[:0]}, RawMap: OffsetMap{runs: d.RawMap.runs[:0]},
		Segments: d.Segments[:0], Groups: d.Groups[:0],
		Labels: d.Labels[:0], Sentences: d.Sentences[:0],
		Diagnostics: Diagnostics{list: d.Diagnostics.list[:0], Limit: d.Diagnostics.Limit},
		Scratch:     d.Scratch[:0],
	}
	for i := range src.Diagnostics {
		d.Diagnostics.Add(src.Diagnostics[i])
	}
}

// Check reports an error if a span is not true: out of order or bounds, off a
// character's edge, different in code points or UTF-16 code units than in bytes;
// or if the coverage does not add up. It costs one pass over the text.
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
	return nil
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
}

// Group is one label group: `[[RWK-POS], [CLA-POS]]`.
type Group struct {
	Source Span // bytes of the source file
	Labels Span // indexes into Document.Labels
	Broken bool // whether its brackets had to be repaired

	Repaired bool // whether they or any of its labels had to be
}

// Label is one label of a group, first as typed, then as resolved.
type Label struct {
	Raw      string // as typed
	Source   Span   // bytes of the source file
	List     int    // which bracketed list of the group it stands in, from 0
	Position int    // place in the group as typed, from 0
	Term     int    // number of Raw in the taxonomy if it is typed as it stands there, else 0
	Joined   bool   // whether something other than a comma parts it from the label before it in its list

	// What the label was resolved to, which the taxonomy holds for all documents;
	// nil before that.
	*Meaning
	Repairs Repairs
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
