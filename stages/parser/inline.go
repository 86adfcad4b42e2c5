package parser

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
	"unicode/utf8"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/taxonomy"
)

// inline parses text with label groups in it: a sentence, then in double
// brackets a bracketed list of labels for each layer. The text may be a JSON
// string literal into which the groups were typed by hand, so that a group may
// stand inside an escape or behind the closing quotation mark.
type inline struct {
	known    *taxonomy.Taxonomy
	escapes  string
	maxGroup int
}

func newInline(corpus config.Corpus, limits config.Limits, labels *taxonomy.Taxonomy) (Parser, error) {
	return &inline{labels, corpus.Inline.Escapes, int(limits.GroupBytes)}, nil
}

// Parse implements Parser.
func (p *inline) Parse(src *schema.Source, doc *schema.Document) bool {
	doc.Grouped = true
	s := inlineScan{inline: p, data: src.Data, doc: doc, offsets: &doc.Map, text: doc.Scratch[:0]}
	if !s.frame() {
		return false
	}
	s.body()
	doc.Annotated = string(s.text)
	doc.Scratch = s.text
	if src.RawPath != "" {
		p.parseRaw(src, doc)
	}
	return true
}

// parseRaw reads the unannotated twin: the same, but brackets are text.
func (p *inline) parseRaw(src *schema.Source, doc *schema.Document) {
	s := inlineScan{inline: p, data: src.RawData, doc: doc, raw: true, offsets: &doc.RawMap, text: doc.Scratch[:0]}
	if !s.frame() {
		return
	}
	s.body()
	doc.Raw = string(s.text)
	doc.Scratch = s.text
}

// inlineScan is the state of parsing one document.
type inlineScan struct {
	*inline
	data    []byte
	doc     *schema.Document
	raw     bool // whether it is the unannotated twin, which has no groups
	offsets *schema.OffsetMap

	json       bool // whether escapes are decoded
	start, end int  // the body within data
	quote      int  // offset of the closing quotation mark, or -1
	plain      *byteSet
	notPlain   uint64 // the high bits of bytes that are not plain because of them
	text       []byte // decoded so far
	segment    int    // where the current segment starts in text
	literal    int    // source minus text offset of the current literal run
	inLiteral  bool   // whether the last run is literal

	// noGroupUntil is the end of a stretch that was read as a label group and
	// rejected: no other is looked for inside it, if it is longer than
	// rereadBytes, so that no byte is read more than a constant number of times.
	noGroupUntil int
}

// rereadBytes is how long a rejected stretch may be to be searched for a group
// that starts inside it.
const rereadBytes = 64

var (
	bom       = []byte("\uFEFF")
	wideMarks = [][]byte{{0xFF, 0xFE}, {0xFE, 0xFF}, {0, 0, 0xFE, 0xFF}}
	zero      = []byte{0}
)

// frame finds the body: what stands between the quotation marks, if there are
// any, and the groups behind the closing one.
func (s *inlineScan) frame() bool {
	data := s.data
	if isWide(data) {
		code := schema.EncodingUnsupported
		if s.raw {
			code = schema.TwinUnreadable
		}
		s.note(code, 0, "the file is UTF-16 or UTF-32; convert it with iconv -t UTF-8")
		return false
	}
	i := 0
	if bytes.HasPrefix(data, bom) {
		s.note(schema.ByteOrderMark, 0, "the byte order mark is left out of the text")
		i = len(bom)
	}
	s.start, s.end, s.quote = i, len(data), -1
	if s.escapes == "none" {
		return true
	}
	open := skipSpace(data, i)
	hasOpen := open < len(data) && data[open] == '"'
	from := i
	if hasOpen {
		from = open + 1
	}
	s.json = true // so that the tail is read as it would be
	s.quote = s.closingQuote(from)
	if s.escapes == "auto" && !s.isLiteral(hasOpen, from) {
		s.json, s.quote = false, -1
		return true
	}
	if !hasOpen {
		s.note(schema.QuoteMissing, open, "the opening quotation mark is missing")
	} else {
		s.start = from
	}
	if s.quote < 0 {
		s.note(schema.QuoteMissing, len(data), "the closing quotation mark is missing")
	}
	return true
}

// isWide reports whether data is UTF-16 or UTF-32: it starts with a mark, or, as
// ASCII has a zero beside each letter there, holds many zeros.
func isWide(data []byte) bool {
	if len(data) == 0 {
		return false
	}
	if c := data[0]; c == 0 || c >= 0xFE {
		for _, mark := range wideMarks {
			if bytes.HasPrefix(data, mark) {
				return true
			}
		}
	}
	head := data[:min(len(data), 1024)]
	return bytes.Count(head, zero) > len(head)/4
}

// isLiteral reports whether the text is a JSON string: it stands between
// quotation marks, or one of the two is missing and there is no other in it.
func (s *inlineScan) isLiteral(hasOpen bool, from int) bool {
	if hasOpen == (s.quote >= 0) {
		return hasOpen
	}
	for i := from; ; i++ {
		n := bytes.IndexByte(s.data[i:], '"')
		if n < 0 {
			return true
		}
		if i += n; i != s.quote && !s.isEscaped(i, from) {
			return false
		}
	}
}

// isEscaped reports whether a backslash takes away the meaning of what stands at
// i, in a text that starts at from.
func (s *inlineScan) isEscaped(i, from int) bool {
	backslashes := 0
	for i-1-backslashes >= from && s.data[i-1-backslashes] == '\\' {
		backslashes++
	}
	return backslashes%2 == 1
}

// closingQuote is the offset of the last quotation mark without a backslash, if
// nothing but label groups, punctuation and white space follows it; else -1.
func (s *inlineScan) closingQuote(from int) int {
	at := lastIndex(s.data, '"')
	if at < from || s.isEscaped(at, from) {
		return -1
	}
	for i := at + 1; i < len(s.data); {
		switch c := s.data[i]; {
		case isSpace(c) || isClosing(c):
			i++
		case c == '[' && !s.raw:
			g, ok := s.group(i)
			s.doc.Labels = s.doc.Labels[:g.labels.Start]
			if !ok {
				return -1
			}
			i = g.end
		default:
			return -1
		}
	}
	return at
}

// lastIndex is bytes.LastIndexByte, which is not vectorised, where c may be far from
// the end.
func lastIndex(data []byte, c byte) int {
	const size = 64
	for end := len(data); end > 0; end -= size {
		start := max(0, end-size)
		if bytes.IndexByte(data[start:end], c) >= 0 {
			return start + bytes.LastIndexByte(data[start:end], c)
		}
	}
	return -1
}

// body decodes the text and takes the groups out of it.
func (s *inlineScan) body() {
	valid := utf8.Valid(s.data)
	s.plain = &plainSets[setOf(s.json, s.raw, valid)]
	if !valid {
		s.notPlain = highBits
	}
	for i := s.start; i < s.end; {
		switch c := s.data[i]; {
		case s.plain[c]:
			i = s.copyPlain(i)
		case c == '[':
			i = s.bracket(i)
		case c == '\\' && s.json:
			i = s.escape(i)
		case c == '"' && s.json:
			i = s.quotationMark(i)
		case c == '\r':
			i = s.carriageReturn(i, i+1)
		default:
			i = s.invalid(i)
		}
	}
	if s.raw {
		return
	}
	rest := schema.Span{Start: s.segment, End: len(s.text)}
	if at := firstText(s.text[rest.Start:]); at >= 0 {
		s.doc.Segments = append(s.doc.Segments, schema.Segment{Text: rest, Group: schema.NoGroup})
	}
}

// copy appends data[i:j] to the text as it stands.
func (s *inlineScan) copy(i, j int) {
	s.literalRun(i)
	s.text = append(s.text, s.data[i:j]...)
}

// literalRun notes that what is appended next is data[i:] as it stands.
func (s *inlineScan) literalRun(i int) {
	if !s.inLiteral || i-len(s.text) != s.literal {
		s.offsets.Literal(len(s.text), i)
		s.inLiteral, s.literal = true, i-len(s.text)
	}
}

// decoded appends r, which was decoded from data[i:j].
func (s *inlineScan) decoded(r rune, i, j int) {
	s.offsets.Escape(len(s.text), i, j)
	s.inLiteral = false
	s.text = utf8.AppendRune(s.text, r)
}

func (s *inlineScan) note(code schema.Code, at int, format string, args ...any) {
	if d := s.doc.Diagnostics.Note(code, at); d != nil {
		d.InRaw, d.Message = s.raw, fmt.Sprintf(format, args...)
	}
}

func (s *inlineScan) bracket(i int) int {
	if i >= s.noGroupUntil {
		g, ok := s.group(i)
		if ok {
			s.closeSegment(i, g)
			return g.end
		}
		s.doc.Labels = s.doc.Labels[:g.labels.Start]
		if g.suspect {
			s.note(schema.GroupSuspect, i, "this looks like a label group, but is none; it stays in the text")
		}
		if g.suspect || g.end-i > rereadBytes {
			s.noGroupUntil = g.end
		}
	}
	j := i + 1
	for j < s.end && s.data[j] == '[' && !s.mayOpen(j) {
		j++
	}
	s.copy(i, j)
	return j
}

func (s *inlineScan) closeSegment(at int, g group) {
	s.doc.Segments = append(s.doc.Segments, schema.Segment{
		Text:  schema.Span{Start: s.segment, End: len(s.text)},
		Group: len(s.doc.Groups),
	})
	s.doc.Groups = append(s.doc.Groups, schema.Group{
		Source: schema.Span{Start: at, End: g.end},
		Labels: g.labels,
		Broken: g.broken,
	})
	s.segment = len(s.text)
}

func (s *inlineScan) quotationMark(i int) int {
	if i == s.quote {
		// White space between the mark and a group is no text.
		return skipSpace(s.data, i+1)
	}
	s.note(schema.QuoteUnescaped, i, "a quotation mark without a backslash; it stays in the text")
	s.copy(i, i+1)
	return i + 1
}

// carriageReturn reads a line end whose first half ends at j and may be
// followed by a line feed, raw or escaped, which belongs to it.
func (s *inlineScan) carriageReturn(i, j int) int {
	switch {
	case j < s.end && s.data[j] == '\n':
		j++
	case s.json && bytes.HasPrefix(s.data[j:s.end], []byte(`\n`)):
		j += 2
	}
	s.decoded('\n', i, j)
	return j
}

// invalid reads a run of bytes that are not UTF-8.
func (s *inlineScan) invalid(i int) int {
	r, n := utf8.DecodeRune(s.data[i:s.end])
	if r != utf8.RuneError || n > 1 {
		s.copy(i, i+n)
		return i + n
	}
	j := invalidEnd(s.data[:s.end], i)
	s.note(schema.InvalidUTF8, i, "%d byte(s) that are not UTF-8 became U+FFFD", j-i)
	s.decoded(utf8.RuneError, i, j)
	return j
}

// byteSet is a set of bytes.
type byteSet [256]bool

// plainSets are the bytes that stand for themselves: all but the carriage return;
// in a JSON string, the backslash and the quotation mark; unless it is raw, the
// bracket that may open a group; and where the data is not valid UTF-8, those beyond
// ASCII. They are indexed by setOf.
var plainSets = func() (sets [8]byteSet) {
	for i := range sets {
		json, raw, valid := i&1 != 0, i&2 != 0, i&4 != 0
		for c := range sets[i] {
			sets[i][c] = c < utf8.RuneSelf || valid
		}
		sets[i]['\r'] = false
		sets[i]['['] = raw
		sets[i]['\\'], sets[i]['"'] = !json, !json
	}
	return sets
}()

func setOf(json, raw, valid bool) (i int) {
	if json {
		i |= 1
	}
	if raw {
		i |= 2
	}
	if valid {
		i |= 4
	}
	return i
}

// copyPlain appends what stands for itself from i on, where there is some, and
// returns its end.
func (s *inlineScan) copyPlain(i int) int {
	s.literalRun(i)
	data, start := s.data[i:s.end], len(s.text)
	s.text = slices.Grow(s.text, len(data))
	text := s.text[start : start+len(data)]
	n := 0
	// Many bytes at a time, which are copied before it is known how many of them
	// are plain: twice as fast as looking at each.
	for {
		for n+16 <= len(data) {
			x, y := binary.LittleEndian.Uint64(data[n:]), binary.LittleEndian.Uint64(data[n+8:])
			if maybeSpecial(x)|maybeSpecial(y)|(x|y)&s.notPlain != 0 {
				break
			}
			binary.LittleEndian.PutUint64(text[n:], x)
			binary.LittleEndian.PutUint64(text[n+8:], y)
			n += 16
		}
		if n+8 > len(data) {
			break
		}
		x := binary.LittleEndian.Uint64(data[n:])
		binary.LittleEndian.PutUint64(text[n:], x)
		odd := maybeSpecial(x) | x&s.notPlain
		if odd == 0 {
			n += 8
			continue
		}
		n += bits.TrailingZeros64(odd) / 8
		if !s.plain[data[n]] {
			s.text = s.text[:start+n]
			return i + n
		}
		n++
	}
	for ; n < len(data) && s.plain[data[n]]; n++ {
		text[n] = data[n]
	}
	s.text = s.text[:start+n]
	return i + n
}

const (
	lowBits  = 0x0101010101010101
	highBits = 0x8080808080808080
)

// maybeSpecial marks, by its high bit, the first byte of x that may have a meaning,
// and perhaps others behind it: the carriage return, the quotation mark, and the
// eight bytes from X to _, which the bracket and the backslash are among.
func maybeSpecial(x uint64) uint64 {
	cr, quote, bracket := x^'\r'*lowBits, x^'"'*lowBits, x&(0xF8*lowBits)^'X'*lowBits
	return ((cr-lowBits)&^cr | (quote-lowBits)&^quote | (bracket-lowBits)&^bracket) & highBits
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// isClosing reports whether c is punctuation that closes a sentence or clause.
func isClosing(c byte) bool {
	switch c {
	case '.', ',', ';', ':', '!', '?', ')':
		return true
	}
	return false
}

func skipSpace(data []byte, i int) int {
	for i < len(data) && isSpace(data[i]) {
		i++
	}
	return i
}

func firstText(text []byte) int {
	for i, c := range text {
		if !isSpace(c) {
			return i
		}
	}
	return -1
}
