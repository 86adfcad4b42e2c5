package gen

import (
	"bytes"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// Truth is what a perfect reader finds in an annotated document.
type Truth struct {
	// Sentences are in the order of the document. Heading and list marker are
	// part of the first sentence behind them.
	Sentences []Sentence
	// Quirks counts what befell the document.
	Quirks [QuirkCount]int
}

// Sentence is the text between two label groups.
type Sentence struct {
	// Text is decoded, in NFC, and trimmed of white space. It is the text of
	// the annotated file, which may differ from that of the raw twin.
	Text string
	// Lead is the number of bytes of Text that are headings and list markers,
	// with the white space behind them.
	Lead int
	// Labeled says whether a group follows the text, even one of nulls alone.
	Labeled bool
	// Labels are the labels in the order in which they were typed, without
	// nulls.
	Labels []Label
	// Nulls is the number of nulls in the group.
	Nulls int
}

// Label is one label and what was typed for it. Polarity is "" where the label
// takes none and where none was typed.
type Label struct {
	Layer, Code, Polarity string
	Typed                 string
}

// Document makes document number i of the corpus that o describes: the
// annotated file, its raw twin, and the truth about the annotated file. It
// panics if o is invalid; see Options.
func Document(o Options, i int) (annotated, raw []byte, truth Truth) {
	o, err := o.complete()
	if err != nil {
		panic(err)
	}
	c := newComposer(o)
	c.compose(i)
	return c.annotated, c.raw, c.truth
}

// composer makes one document after the other in the same memory.
type composer struct {
	Options
	enabled [QuirkCount]bool

	writer
	group group

	annotated, raw []byte
	truth          Truth
	labels         []Label // of all sentences

	prose, twin, scratch []byte // decoded text of the sentence, and of its twin

	list   listState
	joined bool // whether the next line feed was typed already, as half of an escape
}

// listState is where a list of bullets or numbers stands.
type listState struct {
	left   int       // items to come
	number int       // of the item
	marker string    // the bullet, or "" for a number
	around [2]string // what stands around the number
	what   intention
}

// next is what stands before a sentence, and what the sentence is for.
type next struct {
	gap  string // white space
	lead string // heading and list marker
	what intention
	item bool // of a list
}

var bullets = [...]string{"- ", "- ", "* ", "+ ", "• "}

// numbers are what stands before and behind the number of an item.
var numbers = [...][2]string{{"", ". "}, {"", ") "}, {"(", ") "}}

// listHeadings are headings of lists and what their items do.
var listHeadings = [...]struct {
	text string
	what intention
}{
	{"Pros:", praising},
	{"Strengths", praising},
	{"Strong points:", praising},
	{"Cons:", faulting},
	{"Weaknesses", faulting},
	{"Weak points:", faulting},
	{"Questions", asking},
	{"Questions for the authors:", asking},
	{"Minor comments:", suggesting},
	{"Suggestions", suggesting},
	{"Detailed comments:", reasoning},
}

var headings = [...]string{
	"Originality", "Significance", "Clarity:", "Quality", "Experiments", "Related work", "Novelty", "Evaluation",
	"Recommendation:", "General comments",
}

// intentionsByFrequency holds each intention as often as reviews have it.
var intentionsByFrequency = [...]intention{
	summarising, summarising, praising, praising, faulting, faulting, faulting, faulting, asking, asking,
	suggesting, suggesting, reasoning, reasoning, reasoning, judging,
}

func newComposer(o Options) *composer {
	c := &composer{Options: o}
	for q := range c.enabled {
		c.enabled[q] = len(o.Only) == 0
	}
	for _, q := range o.Only {
		c.enabled[q] = true
	}
	return c
}

// compose makes document number i in c.annotated, c.raw and c.truth.
func (c *composer) compose(i int) {
	c.source = newSource(c.Seed, uint64(i))
	c.annotated, c.raw = c.annotated[:0], c.raw[:0]
	c.truth = Truth{Sentences: c.truth.Sentences[:0]}
	c.labels = c.labels[:0]
	c.list, c.joined = listState{}, false
	c.newTopic()

	// Sizes are spread around the mean, from a quarter to seven quarters.
	target := c.MeanBytes * (25 + c.below(76) + c.below(76)) / 100
	if c.befalls(SpaceBeforeQuote) {
		c.annotated = append(c.annotated, ' ')
	}
	c.annotated = append(c.annotated, '"')
	c.raw = append(c.raw, '"')
	ending := c.ending()

	n := next{what: summarising}
	if c.percent(20) {
		n.lead = "Summary:\n"
	}
	for last := false; !last; {
		n, last = c.sentence(n, target, ending)
	}
}

// befalls decides on a quirk of the document and records it.
func (c *composer) befalls(q Quirk) bool {
	if !c.enabled[q] || !c.chance(c.QuirkRate) {
		return false
	}
	c.truth.Quirks[q]++
	return true
}

// ending is the quirk at the end of the document, or QuirkCount for none.
func (c *composer) ending() Quirk {
	const endings = int(QuirkCount - QuoteEarly)
	q := QuoteEarly + Quirk(c.below(endings))
	if c.befalls(q) {
		return q
	}
	return QuirkCount
}

// sentence writes a sentence and its group, and returns what stands before the
// next. last says that there is none.
func (c *composer) sentence(n next, target int, ending Quirk) (after next, last bool) {
	c.write(n)
	size := len(c.annotated) + len(c.prose)
	last = size+size/(2*len(c.truth.Sentences)+2) >= target
	quirk := c.quirk(last)
	c.retouch(quirk)

	escaped := c.percent(75) // what JSON need not escape
	c.gap(n.gap)
	c.both(n.lead, escaped)
	c.annotated = encode(c.annotated, c.prose, escaped)
	c.raw = encode(c.raw, c.twin, escaped)

	c.group.reset(c.Layers)
	c.fill(&c.group, n.what)
	c.mistype(&c.group, quirk)

	if last {
		c.end(ending, escaped)
	} else {
		after = c.plan(quirk == SplitEscape)
		c.place(quirk)
	}
	c.record(n.lead)
	if last && ending == TailText {
		c.truth.Sentences = append(c.truth.Sentences, Sentence{Text: string(c.out)})
	}
	return after, last
}

// write makes the sentence in c.prose.
func (c *composer) write(n next) {
	c.out = c.out[:0]
	c.writer.sentence(n.what)
	if c.below(1000) < 12 {
		c.out = append(c.out, ' ')
		c.out = append(c.out, pick(&c.source, emoji)...)
	}
	switch {
	case n.what == asking:
		c.out = append(c.out, '?')
	case n.item && c.percent(30), c.out[len(c.out)-1] == '.':
	case n.what == praising && c.percent(4):
		c.out = append(c.out, '!')
	default:
		c.out = append(c.out, '.')
	}
	c.prose = append(c.prose[:0], c.out...)
}

// quirk decides on the quirk of a sentence, or QuirkCount for none.
func (c *composer) quirk(last bool) Quirk {
	if !c.chance(c.QuirkRate) {
		return QuirkCount
	}
	first := c.below(int(sentenceQuirks))
	for i := range int(sentenceQuirks) {
		q := Quirk((first + i) % int(sentenceQuirks))
		if c.enabled[q] && c.possible(q, last) {
			c.truth.Quirks[q]++
			return q
		}
	}
	return QuirkCount
}

func (c *composer) possible(q Quirk, last bool) bool {
	switch q {
	case SplitEscape:
		return !last
	case Punctuation, PunctuationBlank:
		return !last && isClosing(c.prose[len(c.prose)-1])
	}
	return true
}

func isClosing(b byte) bool { return b == '.' || b == '?' || b == '!' }

// retouch works the quirks of text into the sentence, and makes its twin.
func (c *composer) retouch(q Quirk) {
	c.twin = append(c.twin[:0], c.prose...)
	switch q {
	case TextDropped:
		c.out = append(c.out[:0], ' ')
		c.out = append(c.out, "In addition, "...)
		c.phrase(pick(&c.source, english.clauses), 0)
		c.twin = append(c.twin, c.out...)
		c.twin = append(c.twin, '.')
	case TextTyped:
		c.insert(english.adverb.draw(&c.source))
	case TextChanged:
		c.insert(english.noun.draw(&c.source))
		c.prose, c.twin = c.twin, c.prose
		c.insert(english.adjective.draw(&c.source))
	case BracketProse:
		c.insert(c.brackets())
		c.twin = append(c.twin[:0], c.prose...)
	}
}

// insert puts a word into the middle of the sentence.
func (c *composer) insert(word string) {
	half := len(c.prose) / 2
	at := bytes.IndexByte(c.prose[half:], ' ') + half
	if at < half {
		at = bytes.LastIndexByte(c.prose, ' ')
	}
	c.scratch = append(c.scratch[:0], c.prose[at:]...)
	c.prose = append(c.prose[:at], ' ')
	c.prose = append(c.prose, word...)
	c.prose = append(c.prose, c.scratch...)
}

// brackets is something in double brackets that is no label group.
func (c *composer) brackets() string {
	switch c.below(4) {
	case 0:
		return "[[" + strconv.Itoa(1+c.below(40)) + "]]"
	case 1:
		return "x[[i]]"
	case 2:
		return "[[see Table " + strconv.Itoa(1+c.below(6)) + "]]"
	default:
		return `df[["loss", "step"]]`
	}
}

// plan decides on what stands before the next sentence. If newLine, it starts
// with a line feed.
func (c *composer) plan(newLine bool) next {
	if c.list.left > 0 {
		c.list.left--
		c.list.number++
		return next{gap: "\n", lead: c.item(), what: c.list.what, item: true}
	}
	n := next{what: pick(&c.source, intentionsByFrequency[:])}
	switch p := c.below(100); {
	case p < 6:
		h := &listHeadings[c.below(len(listHeadings))]
		c.list = listState{left: 1 + c.below(4), number: 1, what: h.what}
		if c.percent(50) {
			c.list.marker = pick(&c.source, bullets[:])
		}
		n = next{gap: "\n\n", lead: h.text + "\n" + c.item(), what: h.what, item: true}
	case p < 10:
		n.gap, n.lead = "\n\n", pick(&c.source, headings[:])+"\n"
	case p < 28 || newLine:
		n.gap = "\n\n"
	case p < 31:
		n.gap = "\n"
	case p < 34:
		n.gap = "  "
	default:
		n.gap = " "
	}
	return n
}

// item is what stands before an item of the list.
func (c *composer) item() string {
	if c.list.marker != "" {
		return c.list.marker
	}
	if c.list.number == 1 {
		c.list.around = pick(&c.source, numbers[:])
	}
	return c.list.around[0] + strconv.Itoa(c.list.number) + c.list.around[1]
}

// gap writes the white space between two sentences.
func (c *composer) gap(s string) {
	c.raw = encode(c.raw, []byte(s), false)
	if c.joined {
		s, c.joined = s[1:], false
	}
	c.annotated = encode(c.annotated, []byte(s), false)
}

// both writes text to the annotated file and to its twin.
func (c *composer) both(s string, escaped bool) {
	start := len(c.raw)
	c.raw = encode(c.raw, []byte(s), escaped)
	c.annotated = append(c.annotated, c.raw[start:]...)
}

// place writes the group of a sentence that another follows.
func (c *composer) place(q Quirk) {
	switch q {
	case SplitEscape:
		c.annotated = append(c.annotated, '\\')
		c.annotated = c.group.appendTo(c.annotated)
		c.annotated = append(c.annotated, " n"...)
		c.joined = true
	case Punctuation, PunctuationBlank:
		n := len(c.prose) - 1
		mark := c.prose[n]
		c.annotated = c.group.appendTo(c.annotated[:len(c.annotated)-1])
		if q == PunctuationBlank {
			c.annotated = append(c.annotated, ' ')
			c.prose = append(c.prose[:n], ' ', mark)
		}
		c.annotated = append(c.annotated, mark)
	default:
		c.annotated = c.group.appendTo(c.annotated)
	}
}

// end writes the last group and what closes the document.
func (c *composer) end(ending Quirk, escaped bool) {
	lineEnd := ""
	if c.percent(60) {
		lineEnd = `\n`
	}
	if ending == QuoteEarly {
		c.annotated = append(c.annotated, lineEnd...)
		c.annotated = append(c.annotated, '"')
		c.annotated = c.group.appendTo(c.annotated)
	} else {
		c.annotated = c.group.appendTo(c.annotated)
		if ending == TailText {
			c.tail(escaped)
		}
		c.annotated = append(c.annotated, lineEnd...)
		if ending != QuoteMissing {
			c.annotated = append(c.annotated, '"')
		}
	}
	c.raw = append(c.raw, lineEnd...)
	c.raw = append(c.raw, '"')
}

// tail writes a sentence without a group, and leaves its text in c.out.
func (c *composer) tail(escaped bool) {
	c.out = c.out[:0]
	c.writer.sentence(judging)
	c.out = append(c.out, '.')
	c.gap("\n\n")
	c.both(string(c.out), escaped)
}

// record adds the sentence to the truth.
func (c *composer) record(lead string) {
	s := Sentence{Text: lead + string(c.prose), Lead: len(lead), Labeled: true}
	start := len(c.labels)
	for _, list := range c.group.lists {
		for i := range list {
			t := &list[i]
			switch l := &layers[t.layer]; t.code {
			case codeNull:
				s.Nulls++
			case codeCNT:
				c.labels = append(c.labels, Label{Layer: l.name, Code: cannotDecide, Typed: t.text})
			default:
				c.labels = append(c.labels, Label{l.name, l.codes[t.code], t.polarity, t.text})
			}
		}
	}
	s.Labels = c.labels[start:len(c.labels):len(c.labels)]
	c.truth.Sentences = append(c.truth.Sentences, s)
}

// encode writes text as JSON has it within a string. Characters beyond ASCII
// are escaped only where asked.
func encode(out, text []byte, escaped bool) []byte {
	const hex = "0123456789abcdef"
	unit := func(u rune) {
		out = append(out, '\\', 'u', hex[u>>12&15], hex[u>>8&15], hex[u>>4&15], hex[u&15])
	}
	for i := 0; i < len(text); {
		switch b := text[i]; {
		case b == '"' || b == '\\':
			out = append(out, '\\', b)
		case b == '\n':
			out = append(out, `\n`...)
		case b < utf8.RuneSelf || !escaped:
			out = append(out, b)
		default:
			r, n := utf8.DecodeRune(text[i:])
			if high, low := utf16.EncodeRune(r); high != utf8.RuneError {
				unit(high)
				unit(low)
			} else {
				unit(r)
			}
			i += n
			continue
		}
		i++
	}
	return out
}
