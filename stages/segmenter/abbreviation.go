package segmenter

import (
	"strings"
	"unicode/utf8"
)

// custom is what a full stop behind an abbreviation can be.
type custom uint8

const (
	inside   custom = iota + 1 // never the end: "e.g. The"
	pointing                   // the end only before a word that starts sentences: "et al. However, "
	counting                   // not the end before a digit: "No. 3"
)

// abbreviations holds lower case without the last full stop.
var abbreviations = customs(map[custom]string{
	inside: `e.g i.e eg ie vs v.s cf w.r.t wrt viz i.i.d s.t dr prof mr mrs ms st incl esp`,
	pointing: `
		acad al alg app approx appx apr art assoc aug avg ca ch chap cond conf cor corr dec def defn dept ed eds eq eqn
		eqns eqs est ex exp feb fig figs hyp int intl jan jr lem lemm natl nov obs oct par para pp proc prop ref refs
		resp sci sec sect sects secs sep sept sub subsec supp suppl tab thm trans univ vol w.l.o.g wlog`,
	counting: `no nos nr p l`,
})

// starters are words that, with a capital, start a sentence behind an
// abbreviation and no name. "A" and "I" are missing: "Fig. A", "Sec. I".
var starters = customs(map[custom]string{
	pointing: `
		additionally also although an and another are as at because besides both but by can could did do does each even
		finally first for furthermore given hence here how however if in instead is it its like many more moreover most
		nevertheless nonetheless not note on one other our overall second she should similarly since so some such that
		the their then there therefore these they this those though thus to unfortunately using was we what when where
		which while why with would yet you your`,
})

func customs(lists map[custom]string) map[string]custom {
	words := map[string]custom{}
	for c, list := range lists {
		for word := range strings.FieldsSeq(list) {
			words[word] = c
		}
	}
	return words
}

// abbreviated reports whether the full stop between before and after belongs to
// an abbreviation, an initial or a number that counts, and ends no sentence.
func abbreviated(before, after string) bool {
	if !hasWord(before) {
		return true // "4.2.", "(b)."
	}
	start := len(before)
	for start > 0 && (letter(before[start-1]) || digit(before[start-1]) || before[start-1] == '.') {
		start--
	}
	word := before[start:]
	if start > 0 && before[start-1] >= utf8.RuneSelf || word == "" {
		return false
	}
	switch abbreviations[strings.ToLower(word)] {
	case inside:
		return true
	case pointing:
		return !starts(after)
	case counting:
		if len(word) > 1 || word[0] >= 'a' { // "p. 3", but "P. Smith"
			return digit(after[0])
		}
	}
	// "A. Smith", "J.P. Doe", "the U.S. Government"
	last := word[len(word)-1]
	initial := len(word) == 1 && last <= 'Z' || len(word) > 2 && word[len(word)-2] == '.'
	return initial && letter(last) && !starts(after)
}

// starts reports whether after begins with a word that starts sentences.
func starts(after string) bool {
	after = strings.TrimLeft(after, opening)
	end := 0
	for end < len(after) && letter(after[end]) {
		end++
	}
	return starters[strings.ToLower(after[:end])] != 0
}

// hasWord reports whether two letters stand side by side in s.
func hasWord(s string) bool {
	run := 0
	for _, r := range s {
		if r < utf8.RuneSelf && !letter(byte(r)) {
			run = 0
		} else if run++; run == 2 {
			return true
		}
	}
	return false
}
