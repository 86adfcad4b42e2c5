package aligner

import (
	"unicode"
	"unicode/utf8"
)

// maxDifferences is how many words may differ before the search for the best
// alignment gives way to a good one. The time for two texts of n words is at
// most in proportion to n*maxDifferences. A review has some 400 words.
const maxDifferences = 256

// differ compares texts word by word. Its memory is used again and again.
//
// The algorithm is Myers' in linear space, with a bound on the cost as in GNU
// diff: where the middle of the shortest edit script is not found in time, the
// problem is cut where the search got farthest. What it does not use is a clock,
// so that the outcome is the same on every machine.
type differ struct {
	runs []Block // equal words, in order, as bytes of the two texts

	a, b       []word
	textA      string
	textB      string
	forward    []int
	backward   []int
	coarse     bool
	inA, inB   map[uint64]struct{}
	pending    Block
	hasPending bool
}

// word is a word or sign of a text.
type word struct {
	hash       uint64
	start, end int
}

// diff fills runs. It reports whether the bound was met.
func (d *differ) diff(a, b string) (coarse bool) {
	d.runs, d.coarse, d.hasPending = d.runs[:0], false, false
	d.textA, d.textB = a, b
	d.a, d.b = words(a, d.a[:0]), words(b, d.b[:0])
	if len(d.a) == 0 || len(d.b) == 0 {
		return false
	}
	d.discard()
	n := len(d.a) + len(d.b) + 3
	if cap(d.forward) < n {
		d.forward, d.backward = make([]int, n), make([]int, n)
	}
	d.forward, d.backward = d.forward[:n], d.backward[:n]
	d.compare(0, len(d.a), 0, len(d.b))
	d.flush()
	return d.coarse
}

// words appends the words of s: runs of letters and digits, and every other
// character by itself, also those of scripts that do not part their words; white
// space parts them and is none.
func words(s string, out []word) []word {
	for i := 0; i < len(s); {
		kind, size := kindOf(s[i:])
		if kind == blankKind {
			i += size
			continue
		}
		start := i
		for i += size; kind == wordKind && i < len(s); i += size {
			if kind, size = kindOf(s[i:]); kind != wordKind {
				break
			}
		}
		hash := uint64(14695981039346656037) // FNV-1a
		for j := start; j < i; j++ {
			hash = (hash ^ uint64(s[j])) * 1099511628211
		}
		out = append(out, word{hash, start, i})
	}
	return out
}

type kind uint8

const (
	blankKind kind = iota
	wordKind       // makes a word with its neighbours
	signKind       // stands by itself
)

// kindOf is the kind and the size of the character that s starts with.
func kindOf(s string) (kind, int) {
	c := s[0]
	switch {
	case c >= utf8.RuneSelf:
	case isSpace(c):
		return blankKind, 1
	case isWord(c):
		return wordKind, 1
	default:
		return signKind, 1
	}
	r, size := utf8.DecodeRuneInString(s)
	switch {
	case unicode.IsSpace(r):
		return blankKind, size
	case unicode.IsPunct(r), unicode.IsSymbol(r), unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana):
		return signKind, size
	}
	return wordKind, size
}

// discard drops the words that the other text does not have at all. It makes
// texts with nothing in common cheap.
func (d *differ) discard() {
	d.inA, d.inB = set(d.a, d.inA), set(d.b, d.inB)
	d.a, d.b = keep(d.a, d.inB), keep(d.b, d.inA)
}

func set(words []word, m map[uint64]struct{}) map[uint64]struct{} {
	if m == nil {
		m = make(map[uint64]struct{}, len(words))
	}
	clear(m)
	for i := range words {
		m[words[i].hash] = struct{}{}
	}
	return m
}

func keep(words []word, m map[uint64]struct{}) []word {
	kept := words[:0]
	for _, w := range words {
		if _, ok := m[w.hash]; ok {
			kept = append(kept, w)
		}
	}
	return kept
}

func (d *differ) equal(x, y int) bool {
	a, b := d.a[x], d.b[y]
	return a.hash == b.hash && d.textA[a.start:a.end] == d.textB[b.start:b.end]
}

// match notes that two words are equal. Matches come in order.
func (d *differ) match(x, y int) {
	a, b := d.a[x], d.b[y]
	if d.hasPending && d.pending.A+d.pending.Len == a.start && d.pending.B+d.pending.Len == b.start {
		d.pending.Len += a.end - a.start
		return
	}
	d.flush()
	d.pending, d.hasPending = Block{a.start, b.start, a.end - a.start}, true
}

func (d *differ) flush() {
	if d.hasPending {
		d.runs = append(d.runs, d.pending)
	}
	d.hasPending = false
}

// compare aligns a[x0:x1] with b[y0:y1].
func (d *differ) compare(x0, x1, y0, y1 int) {
	for {
		for x0 < x1 && y0 < y1 && d.equal(x0, y0) {
			d.match(x0, y0)
			x0++
			y0++
		}
		endX, endY := x1, y1
		for x0 < endX && y0 < endY && d.equal(endX-1, endY-1) {
			endX--
			endY--
		}
		if x0 == endX || y0 == endY {
			for ; endX < x1; endX, endY = endX+1, endY+1 {
				d.match(endX, endY)
			}
			return
		}
		x, y := d.middle(x0, endX, y0, endY)
		d.compare(x0, x, y0, y)
		if endX < x1 {
			d.compare(x, endX, y, endY)
			x0, y0 = endX, endY
		} else {
			x0, y0 = x, y
		}
	}
}

// middle is a point on a shortest edit path from (x0,y0) to (x1,y1), or where
// that costs too much on a good one. Neither the first nor the last words of
// the two stretches are equal, so that it is not one of the corners.
func (d *differ) middle(x0, x1, y0, y1 int) (x, y int) {
	// Diagonal k is x-y=k; a search keeps for each the farthest x.
	low, high := x0-y1, x1-y0
	offset := 1 - low
	forward, backward := d.forward, d.backward
	start, end := x0-y0, x1-y1
	forward[offset+start], backward[offset+end] = x0, x1
	odd := (start-end)&1 != 0
	fLow, fHigh, bLow, bHigh := start, start, end, end
	for cost := 1; ; cost++ {
		// One step forward on every other diagonal.
		if fLow > low {
			fLow--
			forward[offset+fLow-1] = -1
		} else {
			fLow++
		}
		if fHigh < high {
			fHigh++
			forward[offset+fHigh+1] = -1
		} else {
			fHigh--
		}
		for k := fHigh; k >= fLow; k -= 2 {
			x := max(forward[offset+k-1]+1, forward[offset+k+1])
			y := x - k
			for x < x1 && y < y1 && d.equal(x, y) {
				x++
				y++
			}
			forward[offset+k] = x
			if odd && bLow <= k && k <= bHigh && backward[offset+k] <= x {
				return x, y
			}
		}
		// One step backward.
		const far = int(^uint(0) >> 1)
		if bLow > low {
			bLow--
			backward[offset+bLow-1] = far
		} else {
			bLow++
		}
		if bHigh < high {
			bHigh++
			backward[offset+bHigh+1] = far
		} else {
			bHigh--
		}
		for k := bHigh; k >= bLow; k -= 2 {
			x := min(backward[offset+k-1], backward[offset+k+1]-1)
			y := x - k
			for x > x0 && y > y0 && d.equal(x-1, y-1) {
				x--
				y--
			}
			backward[offset+k] = x
			if !odd && fLow <= k && k <= fHigh && x <= forward[offset+k] {
				return x, y
			}
		}
		if cost < maxDifferences {
			continue
		}
		d.coarse = true
		return d.farthest(x0, x1, y0, y1, offset, fLow, fHigh, bLow, bHigh)
	}
}

// farthest is the point that a search which was given up got farthest to.
func (d *differ) farthest(x0, x1, y0, y1, offset, fLow, fHigh, bLow, bHigh int) (x, y int) {
	bestForward, bestBackward := -1, int(^uint(0)>>1)
	var fx, bx int
	for k := fLow; k <= fHigh; k += 2 {
		x := min(d.forward[offset+k], x1)
		if x-k > y1 {
			x = y1 + k
		}
		if x+x-k > bestForward {
			bestForward, fx = x+x-k, x
		}
	}
	for k := bLow; k <= bHigh; k += 2 {
		x := max(d.backward[offset+k], x0)
		if x-k < y0 {
			x = y0 + k
		}
		if x+x-k < bestBackward {
			bestBackward, bx = x+x-k, x
		}
	}
	if x1+y1-bestBackward < bestForward-(x0+y0) {
		return fx, bestForward - fx
	}
	return bx, bestBackward - bx
}
