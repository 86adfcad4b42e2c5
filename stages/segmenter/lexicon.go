package segmenter

import "strings"

// class says what a word does in a heading. A word of no class is unknown.
type class uint8

const (
	head    class = 1 << iota // names a part of a review, or what reviews judge: "pros", "clarity"
	modify                    // stands beside a head: "minor", "other", "and"
	article                   // the same, but "one question: …" is a phrase of a sentence
	place                     // names a part of the paper: "Section 2:", "p. 3:"
	lead                      // begins a phrase of a sentence: "For ablation:"
	clause                    // makes a sentence of the words that it stands among
	unknown
	symbol // no word: a formula, a path
)

// lexicon holds words in lower case, without hyphens.
var lexicon = classify(map[class]string{
	head: `
		advantages appreciation ask asks assessment bug bugs clarification clarifications clarity comment comments
		comparison comparisons con concern concerns conclusion conclusions confidence cons contribution contributions
		correctness critic criticism criticisms critique decision details disadvantages discussion drawback drawbacks
		edit edits errata errors ethics evaluation experiments feedback formatting general grammar impact importance
		impression impressions improvement improvements issue issues justification limitation limitations major merits
		method methodology minor minors misc miscellaneous motivation negative negatives nit nitpick nitpicking nitpicks
		nits notation note notes novelty observation observations opinion originality other others overall overview
		point points positive positives presentation pro problem problems pros ps quality question questions rating
		readability reasons rebuttal rebuttals recommendation reference references relevance remark remarks reproducibility
		requests results review revision score significance soundness strength strengths style suggestion suggestions
		summary synopsis thoughts typo typos update updated updates ves verdict weakness weaknesses writing`,
	modify: `
		about additional after and areas aspect aspects author authors bonus brief clear constructive critical detailed
		empirical english experimental final for from further future grammatical in including initial key list
		main medium mistakes more most new of on or paper papers post potential possible pre primary quick reading regarding
		related remaining response responses reviewer reviewers secondary side small specific strong substantive
		technical to top typographical useful very weak with work`,
	article: `a an another few many one our several some the their these this three two my your`,
	place: `
		alg algorithm appendix caption eq eqn equation equations fig figs figure figures line lines p page pages
		paragraph pp sec sect section sections table tables theorem`,
	lead: `
		according also as concerning despite finally for given hence here hi hello however if in namely on particularly
		regarding see since so specifically that then thus to under when where while with`,
	clause: `
		am appear appears are believe can could did do does find follow follows gives give had has have he hope
		i include includes is it lack lacks make makes may might must need needs not please propose proposes recommend
		says seem seems should show shows suggest suggests they think use uses want was we were which who will would you`,
})

func classify(lists map[class]string) map[string]class {
	words := map[string]class{}
	for c, list := range lists {
		for word := range strings.FieldsSeq(list) {
			words[word] |= c
		}
	}
	return words
}

const (
	maxTitle = 72 // bytes; a longer line is prose
	maxWords = 8
)

// title is what the words of a would-be heading add up to.
type title struct {
	words int
	all   class // of all words
	first class
	upper bool // begins with an upper-case letter or a digit
}

// named reports whether the words name a part of a review.
func (t title) named() bool {
	return t.all&head != 0 && t.all&^(head|modify|article) == 0
}

// read classifies the words of s, up to the first symbol that no heading has.
func read(s string) title {
	var t title
	if s == "" || len(s) > maxTitle {
		return title{all: symbol}
	}
	t.upper = s[0] >= 'A' && s[0] <= 'Z' || digit(s[0])
	for i := 0; i < len(s) && t.all&symbol == 0; {
		var c class
		switch b := s[i]; {
		case letter(b):
			start := i
			for i < len(s) && letter(s[i]) {
				i++
			}
			c = lookup(s[start:i])
		case digit(b):
			for i < len(s) && (digit(s[i]) || s[i] == '.' && i+1 < len(s) && digit(s[i+1])) {
				i++
			}
			c = place
		default:
			if strings.IndexByte(" \t/&,-()'\"#", b) >= 0 || b == '.' && t.all&^place == 0 {
				i++ // "p. 3"
				continue
			}
			c = symbol
		}
		if t.words == 0 {
			t.first = c
		}
		if c&modify != 0 {
			c = modify // "On the positive side:"
		}
		t.words++
		t.all |= c
	}
	if t.words == 0 || t.words > maxWords {
		t.all |= symbol
	}
	return t
}

// lookup is the classes of a word in any case.
func lookup(word string) class {
	var lower [16]byte
	if len(word) > len(lower) {
		return unknown
	}
	for i := range len(word) {
		lower[i] = word[i] | 0x20
	}
	if c := lexicon[string(lower[:len(word)])]; c != 0 {
		return c
	}
	return unknown
}

func letter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }
func digit(b byte) bool  { return b >= '0' && b <= '9' }
