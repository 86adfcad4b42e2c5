package taxonomy

import (
	"encoding/binary"
	"math/bits"
)

// maxShort is the length in bytes up to which what is typed fits a number.
const maxShort = 8

// shortTerms finds the terms of up to maxShort bytes, which nearly all have. It
// compares numbers instead of strings, and is 3 times as fast as a map.
type shortTerms struct {
	slots []shortTerm // a power of two of them, less than half in use
	shift int
}

type shortTerm struct {
	word uint64
	size int32
	term int32 // index into Taxonomy.terms; 0 in a slot not in use
}

func newShortTerms(exact map[string]int) shortTerms {
	size := bits.Len(uint(len(exact))) + 1
	x := shortTerms{make([]shortTerm, 1<<size), 64 - size}
	for text, number := range exact {
		if len(text) > maxShort {
			continue
		}
		word := wordOf([]byte(text))
		i := x.slot(word)
		for x.slots[i].term != 0 {
			i = (i + 1) & (len(x.slots) - 1)
		}
		x.slots[i] = shortTerm{word, int32(len(text)), int32(number)}
	}
	return x
}

// find is the number of a term, or 0.
func (x *shortTerms) find(word uint64, size int) int {
	for i := x.slot(word); ; i = (i + 1) & (len(x.slots) - 1) {
		s := &x.slots[i]
		if s.word == word && int(s.size) == size || s.term == 0 {
			return int(s.term)
		}
	}
}

func (x *shortTerms) slot(word uint64) int {
	return int(word * 0x9E3779B97F4A7C15 >> (x.shift & 63)) // the mask saves a test of the shift
}

// wordOf is a text of up to maxShort bytes as a number.
func wordOf(text []byte) (word uint64) {
	if n := len(text); n >= 4 {
		start, end := binary.LittleEndian.Uint32(text), binary.LittleEndian.Uint32(text[n-4:])
		return uint64(start) | uint64(end)<<(8*(n-4))
	}
	for i, c := range text {
		word |= uint64(c) << (8 * i)
	}
	return word
}
