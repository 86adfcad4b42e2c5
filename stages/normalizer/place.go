package normalizer

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/aligner"
	"github.com/quern-data/quern/stages/segmenter"
)

const (
	// otherText is the share of the shorter text that stands in the other below
	// which the two are about different things. Reviews of different papers
	// share less than 0.2, and an annotated review with its twin more than 0.9.
	otherText = 0.5
	// otherSentence is the same for the two wordings of a sentence.
	otherSentence = 0.3
	// slack is how many bytes more than twice its own a changed passage may have
	// in the other text.
	slack = 8
)

// place is where a sentence of the annotated text stands in the raw one.
type place struct {
	match aligner.Match
	raw   schema.Span
	head  int // bytes before the first one that both texts share, without white space
	tail  int // and behind the last one
	found bool
}

// place puts the sentences of the annotated text into the raw text, makes
// sentences of what they leave over there, and takes the raw text for the
// canonical one. It returns false if the raw text is another document's.
func (n *Normalizer) place(doc *schema.Document, room *scratch) bool {
	al := &room.alignment
	room.cuts = room.cuts[:0]
	for i := range room.annotated {
		s := room.annotated[i].Annotated
		room.cuts = append(room.cuts, s.Start, s.End)
	}
	al.Align(doc.Annotated, doc.Raw, room.cuts)
	if !al.Similar(otherText) {
		doc.Diagnostics.Notef(schema.TwinMismatch, schema.NoOffset,
			"the raw twin %s is another text, and was not used", schema.DisplayPath(doc.Source.RawPath))
		return false
	}
	if al.Coarse() {
		doc.Diagnostics.Notef(schema.AlignmentCoarse, schema.NoOffset,
			"the annotated text and the raw one differ in too many words to be compared in full")
	}
	doc.Text, doc.TextOrigin = doc.Raw, schema.OriginRaw
	room.rawMarks = segmenter.Marks(doc.Raw, room.rawMarks[:0])

	p := placer{doc: doc, scratch: room}
	p.find()
	p.claim()
	p.emit()
	p.noteMarks()
	return true
}

type placer struct {
	*scratch
	doc *schema.Document
}

// find looks up each sentence.
func (p *placer) find() {
	p.places = p.places[:0]
	for i := range p.annotated {
		s := p.annotated[i].Annotated
		m := p.alignment.Find(s)
		p.places = append(p.places, place{
			match: m, raw: m.B, found: m.Shared > 0,
			head: aligner.Solid(p.doc.Annotated[s.Start:m.A.Start]),
			tail: aligner.Solid(p.doc.Annotated[m.A.End:s.End]),
		})
	}
}

// claim gives the raw text between two sentences to the one that was changed
// there, drops sentences that share next to nothing with what they got, and
// attaches punctuation that nobody claims.
func (p *placer) claim() {
	p.eachGap(func(before, after *place, gap schema.Span) {
		if (before != nil && before.tail > 0) || (after != nil && after.head > 0) {
			p.claimGap(before, after, gap)
		}
	})
	for i := range p.places {
		at := &p.places[i]
		at.raw = at.raw.Trim(p.doc.Raw)
		at.found = at.found && at.raw.Len() > 0 && p.isSimilar(i)
	}
	p.eachGap(p.attach)
}

// eachGap calls f for each stretch of raw text between two sentences that were
// found, before the first and behind the last.
func (p *placer) eachGap(f func(before, after *place, gap schema.Span)) {
	var before *place
	at := 0
	for i := range p.places {
		after := &p.places[i]
		if !after.found {
			continue
		}
		f(before, after, schema.Span{Start: at, End: after.raw.Start})
		before, at = after, after.raw.End
	}
	f(before, nil, schema.Span{Start: at, End: len(p.doc.Raw)})
}

// claimGap extends the sentences before and after a gap into it, where their
// wording there differs from the raw one.
func (p *placer) claimGap(before, after *place, gap schema.Span) {
	first, last := p.openSpace(gap)
	text := p.doc.Raw
	var tail, head int
	if before != nil {
		tail = before.tail
	}
	if after != nil {
		head = after.head
	}
	if tail > 0 {
		// The rest of its own sentence, and no other.
		own := first
		p.spans = segmenter.Sentences(text, schema.Span{Start: gap.Start, End: first}, p.spans[:0])
		if len(p.spans) > 1 {
			own = p.spans[0].End
		}
		size := aligner.Solid(text[gap.Start:own])
		if shared := head > 0 && own == gap.End; size > 2*tail+slack || shared {
			share := tail
			if shared && size <= 2*(tail+head)+slack {
				share = size * tail / (tail + head)
			}
			own = prefixOf(text, gap.Start, own, share)
		}
		before.raw.End = max(before.raw.End, own)
		gap.Start = before.raw.End
	}
	if head > 0 {
		last = max(last, gap.Start)
		p.spans = segmenter.Sentences(text, schema.Span{Start: last, End: gap.End}, p.spans[:0])
		if n := len(p.spans); n > 1 {
			last = p.spans[n-1].Start
		}
		if size := aligner.Solid(text[last:gap.End]); size > 2*head+slack {
			last = suffixOf(text, last, gap.End, head)
		}
		after.raw.Start = min(after.raw.Start, last)
	}
}

// openSpace is the end of the gap's text before its first mark, and the start of
// that behind its last: no sentence reaches over a heading or a list marker.
func (p *placer) openSpace(gap schema.Span) (first, last int) {
	first, last = gap.End, gap.Start
	for _, m := range within(p.rawMarks, gap) {
		first = min(first, m.Span.Start)
		last = max(last, m.Span.End)
	}
	return first, last
}

// prefixOf is the end of the words of text[from:to] that make up about size
// bytes, and of the signs that cling to them.
func prefixOf(text string, from, to, size int) int {
	i := from
	for i < to && size > 0 {
		if !isSpace(text[i]) {
			size--
		}
		i++
	}
	for i < to && !isSpace(text[i]) {
		i++
	}
	return i
}

// suffixOf is the start of the words at the end of text[from:to] that make up
// about size bytes.
func suffixOf(text string, from, to, size int) int {
	i := to
	for i > from && size > 0 {
		i--
		if !isSpace(text[i]) {
			size--
		}
	}
	for i > from && !isSpace(text[i-1]) {
		i--
	}
	return i
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// attach gives a gap that holds nothing but signs to the sentence before it, or
// to the one behind if there is none before, and signs that cling to a sentence
// to that one.
func (p *placer) attach(before, after *place, gap schema.Span) {
	text := p.doc.Raw
	if gap.Trim(text).Len() == 0 {
		return
	}
	if first, _ := p.openSpace(gap); before != nil {
		end := gap.Start
		for end < first && isSign(text[end]) {
			end++
		}
		if end < len(text) && end < first && !isSpace(text[end]) {
			end = gap.Start // the signs belong to a word
		}
		rest := schema.Span{Start: gap.Start, End: first}.Trim(text)
		if isStray(text, rest) {
			end = max(end, rest.End)
		}
		before.raw.End, gap.Start = end, end
	}
	if after == nil {
		return
	}
	_, last := p.openSpace(gap)
	start := gap.End
	for start > last && isSign(text[start-1]) && strings.IndexByte(".,;:!?)]}", text[start-1]) < 0 {
		start--
	}
	rest := schema.Span{Start: last, End: gap.End}.Trim(text)
	if before == nil && isStray(text, rest) {
		start = rest.Start
	}
	after.raw.Start = start
}

// isSign reports whether c is a sign of ASCII.
func isSign(c byte) bool {
	letter, digit := c|0x20 >= 'a' && c|0x20 <= 'z', c >= '0' && c <= '9'
	return c > ' ' && c < 0x7F && !letter && !digit
}

// maxStray is how long signs that nobody claims may be to belong to a sentence,
// in bytes: longer ones are drawn lines and the like.
const maxStray = 4

// isStray reports whether a span holds a few signs and nothing else.
func isStray(text string, span schema.Span) bool {
	if span.Len() == 0 || span.Len() > maxStray {
		return false
	}
	for i := span.Start; i < span.End; i++ {
		if !isSign(text[i]) && text[i] != ' ' {
			return false
		}
	}
	return true
}

// isSimilar reports whether a sentence has enough in common with its raw text,
// which is not empty.
func (p *placer) isSimilar(i int) bool {
	// With white space the share is no greater. Nearly all have enough even so, and
	// it costs nothing.
	at, s := &p.places[i], p.annotated[i].Annotated
	return float64(2*at.match.Shared)/float64(s.Len()+at.raw.Len()) >= otherSentence || p.similarity(i) >= otherSentence
}

// similarity is the share of its two wordings that a sentence has in common.
func (p *placer) similarity(i int) float64 {
	at, s := &p.places[i], p.annotated[i].Annotated
	both := aligner.Solid(p.doc.Annotated[s.Start:s.End]) + aligner.Solid(p.doc.Raw[at.raw.Start:at.raw.End])
	if both == 0 {
		return 1
	}
	return min(1, float64(2*at.match.Shared)/float64(both))
}

// emit fills doc.Sentences in the order of the raw text.
func (p *placer) emit() {
	at := 0
	for i := range p.annotated {
		s := p.annotated[i]
		place := &p.places[i]
		wording := p.doc.Annotated[s.Annotated.Start:s.Annotated.End]
		if !place.found {
			s.Text, s.Alignment = schema.Span{Start: at, End: at}, schema.AnnotatedOnly
			if wording != "" {
				p.noteEdit(&s, "", wording, "the raw twin has no such sentence in this place")
			}
			p.doc.Sentences = append(p.doc.Sentences, s)
			continue
		}
		p.rawOnly(schema.Span{Start: at, End: place.raw.Start})
		s.ListMarker = p.markerBefore(schema.Span{Start: at, End: place.raw.Start})
		s.Text, at = place.raw, place.raw.End
		raw := p.doc.Raw[s.Text.Start:s.Text.End]
		switch {
		case raw == wording:
			s.Alignment = schema.Exact
		case sameWords(raw, wording):
			s.Alignment = schema.Whitespace
		default:
			s.Alignment, s.Similarity = schema.Edited, p.similarity(i)
			p.noteEdit(&s, raw, wording, "the annotated wording differs from the raw one")
		}
		p.doc.Sentences = append(p.doc.Sentences, s)
	}
	p.rawOnly(schema.Span{Start: at, End: len(p.doc.Raw)})
}

// markerBefore is the list markers at the end of a gap, with nothing behind them.
func (p *placer) markerBefore(gap schema.Span) string {
	marker, end := "", gap.End
	if gap.Trim(p.doc.Raw).Len() == 0 {
		return ""
	}
	marks := within(p.rawMarks, gap)
	for i := len(marks) - 1; i >= 0; i-- {
		m := marks[i]
		if m.Kind != segmenter.ListMarker || strings.TrimSpace(p.doc.Raw[m.Span.End:end]) != "" {
			break
		}
		marker, end = join(m.Text, marker), m.Span.Start
	}
	return marker
}

// noteMarks notes the headings and list markers that annotators changed or typed:
// the raw text has none in their place, or others.
func (p *placer) noteMarks() {
	for _, m := range p.marks {
		if p.alignment.Find(m.Span).Shared > 0 {
			continue
		}
		if d := p.doc.Diagnostics.Note(schema.TextEdited, p.doc.Map.Source(m.Span).Start); d != nil {
			d.Message = "the raw twin has no such heading or list marker in this place"
			d.After = clip(m.Text)
		}
	}
}

// rawOnly makes sentences of raw text that no annotated sentence covers.
func (p *placer) rawOnly(gap schema.Span) {
	if gap.Trim(p.doc.Raw).Len() == 0 {
		return
	}
	at, marker := gap.Start, ""
	for _, m := range within(p.rawMarks, gap) {
		if p.dropped(schema.Span{Start: at, End: m.Span.Start}, marker) {
			marker = ""
		}
		if m.Kind == segmenter.Heading {
			marker = ""
		} else {
			marker = join(marker, m.Text)
		}
		at = m.Span.End
	}
	p.dropped(schema.Span{Start: at, End: gap.End}, marker)
}

func (p *placer) dropped(span schema.Span, marker string) bool {
	span = span.Trim(p.doc.Raw)
	if span.Len() == 0 {
		return false
	}
	var missing schema.Span // where the annotated file would have it
	if n := len(p.doc.Sentences); n > 0 {
		missing.Start = p.doc.Sentences[n-1].Source.End
	}
	missing.End = missing.Start
	p.spans = segmenter.Sentences(p.doc.Raw, span, p.spans[:0])
	for _, s := range p.spans {
		p.doc.Sentences = append(p.doc.Sentences, schema.Sentence{
			Text: s, Group: schema.NoGroup, Alignment: schema.RawOnly, ListMarker: marker, Source: missing,
		})
		marker = ""
	}
	if d := p.doc.Diagnostics.Note(schema.TextDropped, p.doc.RawMap.Source(span).Start); d != nil {
		d.InRaw, d.Before = true, clip(p.doc.Raw[span.Start:span.End])
		d.Message = "the annotated file lacks this passage of the raw twin; it stands as sentences without labels"
	}
	return true
}

func (p *placer) noteEdit(s *schema.Sentence, before, after, message string) {
	if d := p.doc.Diagnostics.Note(schema.TextEdited, s.Source.Start); d != nil {
		d.Message, d.Before, d.After = message, clip(before), clip(after)
	}
}

// clipBytes bounds the passages that diagnostics quote. The rows have them in
// full.
const clipBytes = 200

func clip(s string) string { return schema.Clip(s, clipBytes) }

// sameWords reports whether a and b differ in white space alone.
func sameWords(a, b string) bool {
	for {
		n := 0
		for n < len(a) && n < len(b) && a[n] == b[n] && a[n] < utf8.RuneSelf {
			n++
		}
		a, b = strings.TrimLeftFunc(a[n:], unicode.IsSpace), strings.TrimLeftFunc(b[n:], unicode.IsSpace)
		if a == "" || b == "" {
			return a == b
		}
		r, n := utf8.DecodeRuneInString(a)
		q, m := utf8.DecodeRuneInString(b)
		if r != q || n != m {
			return false
		}
		a, b = a[n:], b[m:]
	}
}
