package gen

import (
	"math/bits"
	"math/rand/v2"
	"strconv"
	"strings"
)

// intention is what a reviewer does with a sentence.
type intention int

const (
	summarising intention = iota
	praising
	faulting
	asking
	suggesting
	reasoning
	judging
	intentions
)

// The grammar. Words in angle brackets are slots; see slotNames.
var templates = [intentions][]string{
	summarising: {
		"the <authors> <v> <np> and <v> <np>",
		"this <paper> <vs> <np> by <vg> <np>",
		"the <paper> <vs> <np>",
		"<an> <a> <n> that <vs> <np> is proposed",
		"the key <n> is to <v> <np> instead of <vg> <np>",
		"building on <cite>, the <authors> <v> <np>",
		"the <a> <n> is then <vd> <pp>",
		"experiments on <num> <ns> <v> that <cl>",
		"in <ref>, <np> is <vd> and <vd> <pp>",
		"given <np>, the <n> <vs> <np>",
		"concretely, <np> is <r> <vd> by <np>",
		"the main <n> of the <paper> is <np>",
		"<np> is split into <num> <ns>, each of which is <vd> <pp>",
		"the <authors> first <v> <np>, then <v> the <ns>, and finally <v> <np>",
		"to <v> <np>, the <paper> <vs> <np>",
		"they <v> <np>, which they call “<a> <n>”",
	},
	praising: {
		"the <paper> is <r> written and the <n> is <good>",
		"I <r> liked the <good> <n> <pp>",
		"the <n> is <good> and <good>",
		"<np> is <an> <good> <n>",
		"the <authors> <v> <np>, which is <good>",
		"compared with <cite>, the <ns> are <r> more <good>",
		"<ref> is <good> and makes it easy to <v> the <n>",
		"the idea to <v> <np> is <good>",
		"to the best of my knowledge, this is the first <n> that <vs> <np>",
		"results are <good>, with <an> <n> of <pct> over <np>",
		"the <ns> are <r> <vd> and the <a> <n> is <good>",
		"it is <good> that the <authors> <v> <np>",
		"code is available, and I could <v> <ref> without trouble",
		"I appreciate the <good> <n> of <np>",
	},
	faulting: {
		"the <n> is <bad> because <cl>",
		"there is no <n> of <np>",
		"the <paper> does not <v> <np>",
		"I don’t see why <cl>",
		"<ref> is <bad>: the <n> is not <vd>",
		"the <authors>’ claim that <cl> is <bad>",
		"<np> is <bad>, and <np> is not <vd> at all",
		"the comparison with <cite> is <bad>, since <cl>",
		"my main concern is that <cl>",
		"the <a> <ns> have not been <vd> <pp>",
		"it is <r> <bad> that <cl>",
		"the <n> only improves by <pct>, which is <bad> given the <n> of <np>",
		"as far as I can tell, <np> has already been <vd> by <cite>",
		"the <paper> <r> <vs> <np> without <vg> <np>",
		"the notation is <bad>: <math> denotes both <np> and <np>",
		"the <authors> overlook <np>, for instance <cite>",
		"the proof of <ref> breaks down when <cl>",
		"the writing is <bad> and <ref> is hard to follow",
	},
	asking: {
		"how does <np> <v> <np>",
		"why is the <n> not <vd> <pp>",
		"could the <authors> <v> <np>",
		"what happens if <cl>",
		"is <np> <r> <vd>, or is it <vd> by <np>",
		"did the <authors> <v> <np> when <vg> <np>",
		"which <n> is used in <ref>",
		"how sensitive is the <n> to the <n> of <np>",
		"does <math> depend on <np>",
		"is there <an> <a> <n> for <np>",
		"have the <authors> considered <vg> <np>, as in <cite>",
		"in what sense is <np> <a>",
	},
	suggesting: {
		"I would suggest to <v> <np>",
		"the <authors> should <v> <np>",
		"it would be <good> to <v> <np> <pp>",
		"please <v> the <n> in <ref>",
		"the <paper> would benefit from <an> <a> <n> of <np>",
		"<ref> should be <vd> and the <ns> <vd>",
		"an experiment with <num> <ns> would <v> the claim",
		"consider <vg> <np> instead of <vg> <np>",
		"the <n> could be <vd> by <vg> <np>, cf. <cite>",
		"I encourage the <authors> to <v> <np>",
		"at the very least, <np> should be <vd>",
		"“<a> <n>” should read “<a> <n>”",
	},
	reasoning: {
		"if <cl>, then <cl>",
		"one may argue that <cl>",
		"in my <n>, <cl>",
		"there are <num> ways to <v> <np>",
		"<cl>, whereas <cl>",
		"the question is whether <cl>",
		"it is <r> known that <cl>",
		"for <np>, the <n> is usually <vd> <pp>",
		"<cite> and <cite> have <vd> <np> before",
		"the <n> of <math> matters here, because <cl>",
		"this is related to the \"<a> <n>\" of <cite>",
		"perhaps <cl>",
		"I am not an expert on <ns>, but <cl>",
	},
	judging: {
		"overall, I think that the <paper> is <good>",
		"I recommend <vg> the <paper>",
		"in its current form the <paper> is <bad>",
		"I am willing to raise my score if <cl>",
		"the <paper> is below the bar, mainly because <cl>",
		"I lean towards acceptance, since <np> is <good>",
		"with a more <good> <n>, the <paper> would be acceptable",
		"the <paper> fits the venue <r> well",
		"after the rebuttal I still think that <cl>",
		"given the <bad> <n>, I can’t recommend acceptance",
	},
}

var openings = []string{
	"however, ", "moreover, ", "in addition, ", "also, ", "on the other hand, ", "furthermore, ", "in particular, ",
	"that said, ", "for example, ", "as a result, ", "nevertheless, ", "finally, ", "first, ", "second, ", "still, ",
	"in <ref>, ", "besides, ", "to be fair, ", "<r>, ", "unlike <cite>, ",
}

var tails = []string{
	" <pp>", ", which <vp>", " when <cl>", " because <cl>", ", but <cl>", " (see <ref>)", " without <vg> <np>",
	", especially for <np>", " in order to <v> <np>", ", and <cl>", " as in <cite>", " although <cl>",
	" even if <cl>", " (e.g. <ns>, <ns> and <ns>)", ", i.e. <np>", " rather than <np>",
}

var nounPhrases = []string{
	"the <n>", "<an> <a> <n>", "the <a> <n>", "<a> <ns>", "<ns>", "the <ns>", "the <n> of <ns>", "<an> <n>",
	"the <a> <n> of the <n>", "<an> <n> <n>", "the <n> <n>", "their <a> <n>", "its <n>", "such <ns>",
	"<num> <a> <ns>", "the <r> <a> <n>", "any <n> that <vp>", "<a> and <a> <ns>", "both the <n> and the <n>",
	"each <n>", "this <n>", "the proposed <n>", "the <n> between <ns> and <ns>", "<vg> the <n>",
}

var prepositionals = []string{
	"on <np>", "for <np>", "with <np>", "in <ref>", "by <np>", "under <np>", "across <num> <ns>", "over <np>",
	"in terms of <n>", "from <np>", "via <np>", "at the level of <ns>", "with respect to <np>", "during <n>",
	"without <np>", "as <an> <n>", "within <np>", "to <np>",
}

var clauses = []string{
	"<np> <vs> <np>", "the <n> is <a>", "<np> is <r> <vd>", "the <ns> are <r> <a>", "the <n> <vs> the <ns>",
	"<np> can <v> <np>", "<np> has been <vd> <pp>", "the <authors> <v> <np>", "there are <r> <a> <ns>",
	"the <n> does not <v> <np>", "<np> is no longer <a>", "we <v> the <n> <pp>", "one <vs> <np>",
	"<np> may be <vd> by <np>",
}

var verbPhrases = []string{
	"<vs> <np>", "is <r> <a>", "<r> <vs> <np>", "can be <vd> <pp>", "has <an> <a> <n>", "does not <v> <np>",
	"<vs> the <n> <pp>", "is <vd> by <np>",
}

var authorWords = []string{"authors", "authors", "authors", "paper’s authors", "writers"}

var paperWords = []string{"paper", "paper", "paper", "manuscript", "work", "submission", "article", "draft"}

type slot uint8

const (
	slotText slot = iota
	slotNoun
	slotNouns
	slotAdjective
	slotGood
	slotBad
	slotAdverb
	slotVerb
	slotThird
	slotPast
	slotGerund
	slotNounPhrase
	slotPrepositional
	slotClause
	slotVerbPhrase
	slotAn
	slotAuthors
	slotPaper
	slotNumber
	slotPercentage
	slotCite
	slotReference
	slotMath
)

var slotNames = [...]string{
	slotNoun: "n", slotNouns: "ns", slotAdjective: "a", slotGood: "good", slotBad: "bad", slotAdverb: "r",
	slotVerb: "v", slotThird: "vs", slotPast: "vd", slotGerund: "vg", slotNounPhrase: "np",
	slotPrepositional: "pp", slotClause: "cl", slotVerbPhrase: "vp", slotAn: "an", slotAuthors: "authors",
	slotPaper: "paper", slotNumber: "num", slotPercentage: "pct", slotCite: "cite", slotReference: "ref", slotMath: "math",
}

// part is a piece of a compiled template.
type part struct {
	slot slot
	text string // of slotText
}

type phrase []part

func compile(templates []string) []phrase {
	compiled := make([]phrase, len(templates))
	for i, t := range templates {
		compiled[i] = compileOne(t)
	}
	return compiled
}

func compileOne(t string) phrase {
	var p phrase
	for t != "" {
		before, rest, found := strings.Cut(t, "<")
		if before != "" {
			p = append(p, part{text: before})
		}
		if !found {
			return p
		}
		name, after, _ := strings.Cut(rest, ">")
		p = append(p, part{slot: slotNamed(name)})
		t = after
		if p[len(p)-1].slot == slotAn {
			t = strings.TrimPrefix(t, " ") // the article brings its own
		}
	}
	return p
}

func slotNamed(name string) slot {
	for s, n := range slotNames {
		if n == name && n != "" {
			return slot(s)
		}
	}
	panic("gen: no slot <" + name + ">")
}

// lexicon is a list of words with a table to draw them by: word k comes up in
// proportion to 1/(k+zipfShift). Weights are integers, so that every machine
// draws the same words.
type lexicon struct {
	words []string
	table [drawTable]uint16
}

const (
	drawBits  = 13
	drawTable = 1 << drawBits
	zipfShift = 20 // the higher, the flatter the head of the distribution
)

func newLexicon(words []string) *lexicon {
	l := &lexicon{words: words}
	const unit = 1 << 32
	var total uint64
	for k := range words {
		total += unit / uint64(k+zipfShift)
	}
	var sum uint64
	at := 0
	for k := range words {
		sum += unit / uint64(k+zipfShift)
		for ; at < drawTable && uint64(at)*total < sum*drawTable; at++ {
			l.table[at] = uint16(k)
		}
	}
	return l
}

func (l *lexicon) draw(r *source) string { return l.words[l.index(r)] }

func (l *lexicon) index(r *source) int { return int(l.table[r.next()>>(64-drawBits)]) }

// language is the compiled grammar and vocabulary; it is never changed.
type language struct {
	templates                                   [intentions][]phrase
	openings, tails                             []phrase
	nounPhrases, prepositional, clauses, verbal []phrase
	noun, adjective, good, bad, adverb, verb    *lexicon
	nouns, third, past, gerund                  []string // inflected, by index into noun or verb
}

var english = newLanguage()

func newLanguage() *language {
	n, v := distinct(nouns), distinct(verbs)
	l := &language{
		openings: compile(openings), tails: compile(tails),
		nounPhrases: compile(nounPhrases), prepositional: compile(prepositionals),
		clauses: compile(clauses), verbal: compile(verbPhrases),
		noun: newLexicon(n), verb: newLexicon(v), adjective: newLexicon(distinct(adjectives)),
		good: newLexicon(distinct(goodAdjectives)), bad: newLexicon(distinct(badAdjectives)),
		adverb: newLexicon(distinct(adverbs)),
		nouns:  inflect(n, plural),
		third:  inflect(v, thirdPerson), past: inflect(v, past), gerund: inflect(v, gerund),
	}
	for i := range templates {
		l.templates[i] = compile(templates[i])
	}
	return l
}

// source is a stream of random numbers, the same on every machine.
type source struct{ pcg rand.PCG }

// newSource makes an independent stream for each number.
func newSource(seed, stream uint64) source {
	const golden = 0x9E3779B97F4A7C15 // spreads neighbouring numbers over all bits
	var s source
	s.pcg.Seed(seed, (stream+1)*golden)
	return s
}

func (s *source) next() uint64 { return s.pcg.Uint64() }

// below is a number from 0 to n-1.
func (s *source) below(n int) int {
	hi, _ := bits.Mul64(s.next(), uint64(n))
	return int(hi)
}

// percent is true in p of 100 cases.
func (s *source) percent(p int) bool { return s.below(100) < p }

// chance is true with probability p.
func (s *source) chance(p float64) bool { return float64(s.next()>>11) < p*(1<<53) }

func pick[T any](s *source, list []T) T { return list[s.below(len(list))] }

// writer writes prose. A document keeps to its own topic: a few words come up
// again and again.
type writer struct {
	source
	topicNouns, topicVerbs, topicAdjectives [topicWords]int
	names                                   [topicNames][]byte // of methods and data sets
	article                                 bool               // an article waits for the word that decides its form
	out                                     []byte
}

const (
	topicWords   = 10
	topicNames   = 5
	topicPercent = 25 // of words that are drawn from the topic
	// Reviews are typed in haste: in a few words, two letters change places.
	typosPerMille = 12
	minTypo       = 6   // bytes
	maxDepth      = 2   // of phrases within phrases
	meanSentence  = 130 // bytes, as decoded
	maxTails      = 3
)

func (w *writer) newTopic() {
	for i := range w.names {
		w.names[i] = w.name(w.names[i][:0])
	}
	for i := range topicWords {
		w.topicNouns[i] = w.below(len(english.nouns))
		w.topicVerbs[i] = w.below(len(english.past))
		w.topicAdjectives[i] = w.below(len(english.adjective.words))
	}
}

// name appends a name as methods and data sets have them: Trelo-17, VKM, Quasinet.
func (w *writer) name(out []byte) []byte {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	if w.percent(40) {
		for range 3 + w.below(3) {
			out = append(out, letters[w.below(len(letters))])
		}
	} else {
		for range 2 + w.below(2) {
			out = append(out, pick(&w.source, syllables)...)
		}
		out[0] -= 'a' - 'A'
	}
	switch w.below(6) {
	case 0:
		out = append(out, "net"...)
	case 1:
		out = append(out, '-')
		out = strconv.AppendInt(out, int64(1+w.below(99)), 10)
	}
	return out
}

func (w *writer) noun() {
	if w.percent(7) {
		w.text(string(w.names[w.below(topicNames)]))
		return
	}
	w.word(english.noun.words[w.index(&w.topicNouns, english.noun)])
}

func (w *writer) adjective() {
	switch w.below(9) {
	case 0:
		w.word(english.noun.words[w.index(&w.topicNouns, english.noun)])
		w.text(pick(&w.source, adjectiveEnds))
	case 1:
		w.text(pick(&w.source, adjectiveStarts))
		w.word(english.adjective.draw(&w.source))
	default:
		w.word(english.adjective.words[w.index(&w.topicAdjectives, english.adjective)])
	}
}

func (w *writer) index(topic *[topicWords]int, l *lexicon) int {
	if w.percent(topicPercent) {
		return topic[w.below(topicWords)]
	}
	return l.index(&w.source)
}

// sentence appends a sentence, without the punctuation that ends it.
func (w *writer) sentence(what intention) {
	start := len(w.out)
	// Lengths spread widely in reviews: a triangle around the mean, and now and
	// then a very short one.
	want := meanSentence*2/5 + w.below(meanSentence/2) + w.below(meanSentence/2)
	if what != asking && w.percent(22) {
		w.phrase(pick(&w.source, english.openings), maxDepth)
	}
	w.phrase(pick(&w.source, english.templates[what]), 0)
	for n := 0; n < maxTails && len(w.out)-start < want; n++ {
		w.phrase(pick(&w.source, english.tails), 0)
	}
	if c := w.out[start]; c >= 'a' && c <= 'z' {
		w.out[start] = c - 'a' + 'A'
	}
}

func (w *writer) phrase(p phrase, depth int) {
	for i := range p {
		w.part(&p[i], depth)
	}
}

func (w *writer) part(p *part, depth int) {
	switch p.slot {
	case slotText:
		w.text(p.text)
	case slotNoun:
		w.noun()
	case slotNouns:
		w.word(english.nouns[w.index(&w.topicNouns, english.noun)])
	case slotAdjective:
		w.adjective()
	case slotGood:
		w.word(english.good.draw(&w.source))
	case slotBad:
		w.word(english.bad.draw(&w.source))
	case slotAdverb:
		w.word(english.adverb.draw(&w.source))
	case slotVerb:
		w.word(english.verb.words[w.index(&w.topicVerbs, english.verb)])
	case slotThird:
		w.word(english.third[w.index(&w.topicVerbs, english.verb)])
	case slotPast:
		w.word(english.past[w.index(&w.topicVerbs, english.verb)])
	case slotGerund:
		w.word(english.gerund[w.index(&w.topicVerbs, english.verb)])
	case slotNounPhrase:
		list := english.nounPhrases
		if depth >= maxDepth {
			list = list[:8] // those without phrases inside
		}
		w.phrase(pick(&w.source, list), depth+1)
	case slotPrepositional:
		w.phrase(pick(&w.source, english.prepositional), depth+1)
	case slotClause:
		w.phrase(pick(&w.source, english.clauses), depth+1)
	case slotVerbPhrase:
		w.phrase(pick(&w.source, english.verbal), depth+1)
	case slotAn:
		w.article = true
	case slotAuthors:
		w.text(pick(&w.source, authorWords))
	case slotPaper:
		w.text(pick(&w.source, paperWords))
	case slotNumber:
		w.number(2 + w.below(98))
	case slotPercentage:
		w.number(w.below(70))
		w.out = append(w.out, '.', byte('0'+w.below(10)), '%')
	case slotCite:
		w.cite()
	case slotReference:
		w.reference()
	case slotMath:
		w.text(pick(&w.source, symbols))
	}
}

// text appends s, and before it the article that waits for it.
func (w *writer) text(s string) {
	if w.article {
		w.article = false
		if startsWithVowel(s) {
			w.out = append(w.out, "an "...)
		} else {
			w.out = append(w.out, "a "...)
		}
	}
	w.out = append(w.out, s...)
}

// word appends a word of the vocabulary, which is ASCII, now and then mistyped.
func (w *writer) word(s string) {
	w.text(s)
	if n := len(w.out); len(s) >= minTypo && w.below(1000) < typosPerMille {
		w.out[n-3], w.out[n-2] = w.out[n-2], w.out[n-3]
	}
}

func startsWithVowel(s string) bool {
	for _, sounded := range []string{"uni", "use", "usu", "utt", "one"} {
		if strings.HasPrefix(s, sounded) {
			return sounded == "utt"
		}
	}
	return s != "" && strings.IndexByte("aeiou", s[0]) >= 0
}

func (w *writer) number(n int) { w.out = strconv.AppendInt(w.out, int64(n), 10) }

func (w *writer) cite() {
	switch w.below(5) {
	case 0:
		w.text("[")
		w.number(1 + w.below(40))
		w.text("]")
	case 1:
		w.text("[")
		w.number(1 + w.below(20))
		w.text(", ")
		w.number(21 + w.below(20))
		w.text("]")
	case 2:
		w.text(pick(&w.source, surnames))
		w.text(" and ")
		w.text(pick(&w.source, surnames))
	case 3:
		w.text(pick(&w.source, surnames))
		w.text(" et al.")
	default:
		w.text(pick(&w.source, surnames))
		w.text(" et al. (")
		w.number(1998 + w.below(27))
		w.text(")")
	}
}

func (w *writer) reference() {
	switch w.below(6) {
	case 0:
		w.text("Table ")
	case 1:
		w.text("Figure ")
	case 2:
		w.text("Theorem ")
	case 3:
		w.text("Eq. (")
		w.number(1 + w.below(30))
		w.text(")")
		return
	case 4:
		w.text("Section ")
		w.number(2 + w.below(5))
		w.text(".")
	default:
		w.text("Appendix ")
		w.out = append(w.out, byte('A'+w.below(6)))
		return
	}
	w.number(1 + w.below(9))
}
