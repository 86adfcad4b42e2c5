package splits

import (
	"math"
	"slices"
	"unicode"
	"unicode/utf8"
)

// mix makes every bit of x count in every bit, as SplitMix64 does.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

const (
	fnvStart = 14695981039346656037
	fnvPrime = 1099511628211
)

// words appends a hash of each word of a text: of its letters and digits, in lower case.
// A character of a script that puts no spaces between words is a word of its own.
func words(hashes []uint64, text string) []uint64 {
	h, in := uint64(fnvStart), false
	end := func() {
		if in {
			hashes = append(hashes, mix(h))
			h, in = fnvStart, false
		}
	}
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf {
			i++
			switch {
			case 'A' <= c && c <= 'Z':
				c += 'a' - 'A'
			case 'a' <= c && c <= 'z' || '0' <= c && c <= '9':
			default:
				end()
				continue
			}
			h, in = (h^uint64(c))*fnvPrime, true
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		i += size
		alone := unspaced(r)
		if alone || !unicode.In(r, unicode.L, unicode.M, unicode.N) {
			end()
		}
		if alone || unicode.In(r, unicode.L, unicode.M, unicode.N) {
			h, in = (h^uint64(unicode.ToLower(r)))*fnvPrime, true
		}
		if alone {
			end()
		}
	}
	end()
	return hashes
}

// unspaced reports whether a character is of a script without spaces between words.
func unspaced(r rune) bool {
	return r >= 0x0E00 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}

// whole is a hash of all words, in their order.
func whole(words []uint64) uint64 {
	h := uint64(len(words))
	for _, w := range words {
		h = mix(h ^ w)
	}
	return h
}

// shingleWords is how many words that follow each other are compared as one.
const shingleWords = 3

// shingles makes hashes of shingles of those of words, in place. A text with fewer words
// is one shingle.
func shingles(words []uint64) []uint64 {
	if len(words) == 0 {
		return words
	}
	n := max(1, len(words)-shingleWords+1)
	for i := range n {
		h := uint64(0)
		for _, w := range words[i:min(i+shingleWords, len(words))] {
			h = mix(h ^ w)
		}
		words[i] = h
	}
	return words[:n]
}

// shingleSet is the shingles of a text, sorted, each there once.
func shingleSet(text string) []uint64 {
	all := shingles(words(make([]uint64, 0, len(text)/5), text))
	slices.Sort(all)
	return slices.Compact(all)
}

// jaccard is the share of the shingles of two texts that both have.
func jaccard(a, b []uint64) float64 {
	common := 0
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] < b[j]:
			i++
		case a[i] > b[j]:
			j++
		default:
			common, i, j = common+1, i+1, j+1
		}
	}
	if len(a)+len(b) == 0 {
		return 0
	}
	return float64(common) / float64(len(a)+len(b)-common)
}

// A signature has fewMinima at most, unless these would leave bands of less than
// leastRows: texts that have a shorter band in common have it by chance too often. Then
// it has mostMinima at most, at 0.5.
const (
	fewMinima  = 64
	leastRows  = 3
	mostMinima = 156
)

// mayMiss is the share of pairs exactly as similar as asked for that may be missed, at
// most; of more similar ones it is less.
const mayMiss = 0.001

// banding is how a signature is cut into bands of rows each. Texts are compared if they
// have a band in common.
type banding struct {
	bands, rows int
	factors     []uint64 // of the hash functions
	terms       []uint64
}

// newBanding has as many rows as there can be: the more, the fewer texts are compared
// in vain.
func newBanding(similar float64) *banding {
	b := &banding{}
	for b.rows = fewMinima; b.rows >= leastRows; b.rows-- {
		common := math.Pow(similar, float64(b.rows)) // chance of a band
		bands := max(1, math.Ceil(math.Log(mayMiss)/math.Log1p(-common)))
		if bands*float64(b.rows) <= fewMinima || b.rows == leastRows {
			b.bands = int(bands)
			break
		}
	}
	for i := range b.bands * b.rows {
		b.factors = append(b.factors, mix(uint64(2*i))|1)
		b.terms = append(b.terms, mix(uint64(2*i+1)))
	}
	return b
}

// sign appends the bands of a text, of which the shingles are given.
func (b *banding) sign(bands, shingles []uint64) []uint64 {
	var all [mostMinima]uint64
	least := all[:b.bands*b.rows]
	for i := range least {
		least[i] = math.MaxUint64
	}
	factors, terms := b.factors[:len(least)], b.terms[:len(least)]
	for _, s := range shingles {
		for i, v := range least {
			least[i] = min(v, s*factors[i]+terms[i])
		}
	}
	for band := range b.bands {
		h := uint64(band)
		for _, v := range least[band*b.rows : (band+1)*b.rows] {
			h = mix(h ^ v)
		}
		bands = append(bands, h)
	}
	return bands
}
