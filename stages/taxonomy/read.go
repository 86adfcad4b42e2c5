package taxonomy

import (
	"strings"
	"unicode/utf8"

	"github.com/quern-data/quern/schema"
)

const (
	// unknownPolarity is the polarity of a term whose polarity cannot be told.
	unknownPolarity = -2
	// saidNone is that of a term to which a file gives none, and says so.
	saidNone = -3
)

// maxExtra is how much longer than the longest label something typed may be, in
// bytes, to be looked at: a slip costs a comparison with each code.
const maxExtra = 16

// separators join a code and its polarity where people mistype the hyphen, or
// two labels where they mistype the comma.
const separators = "-_ .:/=+&~–—"

// trimmable is what may cling to a label without meaning anything.
const trimmable = separators + "*?!'`()"

// read makes sense of a label that is not typed as the taxonomy has it.
func (x *Taxonomy) read(typed string) (term, bool) {
	s := strings.Trim(typed, trimmable)
	if s == "" || len(typed) > x.longest+maxExtra || !utf8.ValidString(s) {
		return term{}, false
	}
	var trimmed schema.Repairs
	if s != typed {
		trimmed = schema.RepairedSeparator
	}
	// From the surest reading to the boldest: first without a slip in the
	// code, then with one; no polarity, then one apart, then one run together.
	for _, slips := range []bool{false, true} {
		if t, ok := x.word(s, slips, false); ok {
			t.repairs |= trimmed
			return t, true
		}
		for i := len(s) - 1; i > 0; i-- {
			end := i
			for end > 0 && strings.ContainsRune(separators, lastRune(s[:end])) {
				end -= lastRuneLen(s[:end])
			}
			if end == i || end == 0 {
				continue
			}
			if t, ok := x.pair(s[:end], s[i:], slips); ok {
				if s[end:i] != "-" {
					t.repairs |= schema.RepairedSeparator
				}
				t.repairs |= trimmed
				return t, true
			}
			i = end
		}
		for polarity := range x.polarities {
			n := len(s) - len(x.polarities[polarity])
			if n <= 0 || !strings.EqualFold(s[n:], x.polarities[polarity]) {
				continue
			}
			if t, ok := x.pair(s[:n], s[n:], slips); ok {
				t.repairs |= trimmed | schema.RepairedSeparator
				return t, true
			}
		}
	}
	return term{}, false
}

// plausible is a cheap test that every label passes for which there can be
// evidence: prose in brackets is common, and reading it closely is not cheap.
func (x *Taxonomy) plausible(typed string) bool {
	if len(typed) > x.longest+maxExtra {
		return false
	}
	for _, polarity := range x.polarities {
		if n := len(typed) - len(polarity); n > 1 && strings.EqualFold(typed[n:], polarity) {
			return true
		}
	}
	s := strings.Trim(typed, trimmable)
	if n := strings.IndexAny(s, separators); n > 0 {
		s = s[:n]
	}
	lower := strings.ToLower(s)
	_, known := x.folded[lower]
	return known || x.foldedNull[lower]
}

func lastRune(s string) rune { r, _ := utf8.DecodeLastRuneInString(s); return r }

func lastRuneLen(s string) int { _, n := utf8.DecodeLastRuneInString(s); return n }

// word reads a code, or the word for no label. paired says that a polarity
// stands beside it.
func (x *Taxonomy) word(s string, slips, paired bool) (term, bool) {
	if n := x.exact[s]; n != 0 {
		return x.terms[n], true
	}
	lower := strings.ToLower(s)
	if x.foldedNull[lower] {
		return term{code: noCode, polarity: noPolarity, repairs: schema.RepairedCase}, true
	}
	if at, ok := x.folded[lower]; ok {
		repairs := schema.RepairedCase
		if x.codes[at].lower != lower {
			repairs |= schema.RepairedAlias
		}
		return term{code: at, polarity: noPolarity, repairs: repairs}, true
	}
	if !slips {
		return term{}, false
	}
	near := noCode
	for i := range x.codes {
		if !oneSlip(lower, x.codes[i].lower) || !paired && len(lower) < len(x.codes[i].lower) && len(lower) < minSlip {
			continue // two letters alone may be anything, such as NA
		}
		if near != noCode {
			return term{}, false // two codes are that near
		}
		near = i
	}
	if near == noCode {
		return term{}, false
	}
	repairs := schema.RepairedSlip
	if s != strings.ToUpper(s) && x.codes[near].text == strings.ToUpper(x.codes[near].text) {
		repairs |= schema.RepairedCase
	}
	return term{code: near, polarity: noPolarity, repairs: repairs}, true
}

// pair reads a code and its polarity.
func (x *Taxonomy) pair(codeText, polarityText string, slips bool) (term, bool) {
	t, ok := x.word(codeText, slips, true)
	if !ok || t.code == noCode {
		return term{}, false
	}
	polarity, repairs := x.polarity(polarityText)
	if t.polarity != noPolarity {
		polarity, repairs = unknownPolarity, schema.RepairedSeparator // a second one
	}
	doubtful := polarity == unknownPolarity || repairs&schema.RepairedSlip != 0
	if doubtful && (slips || len(polarityText) > maxPolarityGuess) {
		return term{}, false // nothing about it is sure
	}
	t.repairs |= repairs
	t.polarity = polarity
	if polarity != noPolarity && !x.takesPolarity(t.code) {
		t.polarity = noPolarity
		t.repairs |= schema.RepairedPolarity
	}
	return t, true
}

// maxPolarityGuess bounds the length of what may stand for a polarity without
// being one, in bytes.
const maxPolarityGuess = 4

func (x *Taxonomy) polarity(s string) (int, schema.Repairs) {
	lower := strings.ToLower(s)
	if i, ok := x.foldedPolarities[lower]; ok {
		if x.polarities[i] == s {
			return i, 0
		}
		return i, schema.RepairedCase
	}
	if x.foldedNull[lower] {
		return noPolarity, schema.RepairedPolarity
	}
	near := unknownPolarity
	for i, p := range x.polarities {
		if !oneSlip(lower, strings.ToLower(p)) {
			continue
		}
		if near != unknownPolarity {
			return unknownPolarity, 0
		}
		near = i
	}
	if near == unknownPolarity {
		return near, 0
	}
	return near, schema.RepairedSlip
}

// minSlip is the length below which one wrong letter leaves too little.
const minSlip = 3

// oneSlip reports whether a becomes b by one letter changed, left out, put in,
// or swapped with its neighbour. Both are in lower case.
func oneSlip(a, b string) bool {
	if len(b) < minSlip || len(a) < minSlip-1 || a == b {
		return false
	}
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	switch {
	case len(a) == 2 && len(b) == 2:
		return a[0] == b[1] && a[1] == b[0]
	default:
		return max(len(a), len(b)) == 1
	}
}
