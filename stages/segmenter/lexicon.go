package segmenter

import (
	"encoding/binary"
	"math/bits"
	"strings"
)

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

func classify(lists map[class]string) *words {
	classes := map[string]class{}
	for c, list := range lists {
		for word := range strings.FieldsSeq(list) {
			classes[word] |= c
		}
	}
	return newWords(classes)
}

// words finds the classes of a word of up to maxWord letters. It compares two
// numbers instead of a string, and is 3 times as fast as a map.
type words [1 << wordBits]struct {
	key   wordKey
	class class
}

const (
	maxWord  = 16
	wordBits = 10 // at most half of the slots are in use
)

// wordKey is a word in lower case, filled up with zeros.
type wordKey struct{ start, end uint64 }

func newWords(classes map[string]class) *words {
	if len(classes) > len(words{})/2 {
		panic("segmenter: too many words")
	}
	w := new(words)
	for word, class := range classes {
		key, _ := readWord(word)
		i := key.slot()
		for w[i].class != 0 {
			i = (i + 1) % len(w)
		}
		w[i].key, w[i].class = key, class
	}
	return w
}

// find is the classes of a word.
func (w *words) find(key wordKey) class {
	for i := key.slot(); w[i].class != 0; i = (i + 1) % len(w) {
		if w[i].key == key {
			return w[i].class
		}
	}
	return unknown
}

// readWord reads the letters that s starts with, up to the first that is none.
func readWord(s string) (key wordKey, size int) {
	if len(s) >= 8 {
		// Eight letters at a time, without a branch for each: where a word ends cannot
		// be foreseen.
		x := binary.LittleEndian.Uint64([]byte(s[:8])) | 0x20*lowBits
		ascii := x &^ highBits
		letters := (ascii + (0x80-'a')*lowBits) &^ (ascii + (0x7F-'z')*lowBits) &^ x
		if others := ^letters & highBits; others != 0 {
			bit := bits.TrailingZeros64(others) &^ 7
			return wordKey{start: x & (1<<bit - 1)}, bit / 8
		}
	}
	for size < len(s) && letter(s[size]) {
		switch c := uint64(s[size] | 0x20); {
		case size < 8:
			key.start |= c << (8 * size)
		case size < maxWord:
			key.end |= c << (8 * (size - 8))
		default:
			key.end = 0xFF // no word's
		}
		size++
	}
	return key, size
}

const (
	lowBits  = 0x0101010101010101
	highBits = 0x8080808080808080
)

func (k wordKey) slot() int {
	return int((k.start ^ k.end*3) * 0x9E3779B97F4A7C15 >> (64 - wordBits))
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

// anyWord is all classes that a word may have.
const anyWord = ^symbol

// read classifies the words of s, up to the first that has another class than the
// given ones.
func read(s string, only class) title {
	var t title
	if s == "" || len(s) > maxTitle {
		return title{all: symbol}
	}
	t.upper = s[0] >= 'A' && s[0] <= 'Z' || digit(s[0])
	for i := 0; i < len(s) && t.all&^only == 0; {
		var c class
		switch b := s[i]; {
		case letter(b):
			key, size := readWord(s[i:])
			i += size
			c = lexicon.find(key)
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

func letter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }
func digit(b byte) bool  { return b >= '0' && b <= '9' }
