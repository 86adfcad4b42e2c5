package aligner

import (
	"encoding/binary"
	"math/bits"
	"sort"
	"strings"

	"github.com/quern-data/quern/schema"
)

// Block is a stretch that two texts share byte for byte: a[A:A+Len] equals
// b[B:B+Len].
type Block struct{ A, B, Len int }

// Alignment says where two texts agree. White space counts for nothing: texts
// that differ in it alone agree in all else.
type Alignment struct {
	a, b   string
	blocks []Block // in the order of both texts, not empty, not overlapping
	coarse bool
	last   int // index of the block that was found last: the next is near it

	slid  []Block // room for the blocks that slide makes
	words differ  // room for the words that a prefix or suffix leaves over
}

// Align compares a with b. The Alignment may be used again for other texts; its
// blocks are then overwritten. cuts are offsets of a, in order, at which
// something that b has and a lacks had better stand, such as the starts and ends
// of sentences: which of two equal words is the one that was left out is for the
// reader to say.
//
// What the texts have in common at their ends costs about as much as comparing
// them. Between, words are compared by Myers' algorithm: the time is in
// proportion to the words and to the number of them that differ, up to
// maxDifferences, and beyond that to the words alone.
func (al *Alignment) Align(a, b string, cuts []int) {
	al.a, al.b, al.blocks, al.coarse, al.last = a, b, al.blocks[:0], false, 0
	from := al.prefix()
	if from.A == len(a) && from.B == len(b) {
		return
	}
	to := al.suffix(from)
	prefix := len(al.blocks)
	al.coarse = al.words.diff(a[from.A:to.A], b[from.B:to.B])
	for _, m := range al.words.runs {
		al.add(Block{from.A + m.A, from.B + m.B, m.Len})
	}
	al.addSuffix(to)
	al.slide(max(prefix-1, 0), cuts)
	al.dropAccidents(min(prefix, len(al.blocks)), cuts)
}

// slide moves what one text alone has between two adjacent blocks to a cut
// nearby, where the words around it allow that: in "One. Two. Three." compared
// with "One. Three.", the full stop that was left out is either of two.
func (al *Alignment) slide(from int, cuts []int) {
	if from >= len(al.blocks) {
		return
	}
	slid := append(al.slid[:0], al.blocks[from])
	for _, y := range al.blocks[from+1:] {
		x := &slid[len(slid)-1]
		gapA, gapB := al.a[x.A+x.Len:y.A], al.b[x.B+x.Len:y.B]
		switch {
		case blank(gapA) && !blank(gapB):
			if n := al.forward(*x, y, false, cuts); n > 0 {
				space := al.leading(y)
				slid = append(slid, Block{y.A + space, skipSpace(al.b, x.B+x.Len), n})
				y = Block{y.A + space + n, y.B + space + n, y.Len - space - n}
			} else if n := al.backward(*x, y, false, cuts); n > 0 {
				endA, endB := spaceStart(al.a, x.A+x.Len, x.A), spaceStart(al.b, y.B, x.B+x.Len)
				x.Len = endA - n - x.A
				slid = append(slid, Block{endA - n, endB - n, n})
			}
		case blank(gapB) && !blank(gapA):
			if n := al.backward(*x, y, true, cuts); n > 0 {
				endA, endB := spaceStart(al.a, y.A, x.A+x.Len), spaceStart(al.b, x.B+x.Len, x.B)
				x.Len = endB - n - x.B
				slid = append(slid, Block{endA - n, endB - n, n})
			} else if n := al.forward(*x, y, true, cuts); n > 0 {
				space := al.leading(y)
				slid = append(slid, Block{skipSpace(al.a, x.A+x.Len), y.B + space, n})
				y = Block{y.A + space + n, y.B + space + n, y.Len - space - n}
			}
		}
		slid = append(slid, y)
	}
	al.slid = slid
	al.blocks = al.blocks[:from]
	for _, block := range slid {
		if block.Len > 0 {
			al.blocks = append(al.blocks, block)
		}
	}
}

// leading is the white space that a block starts with, in bytes.
func (al *Alignment) leading(y Block) int { return min(skipSpace(al.a, y.A)-y.A, y.Len) }

// forward is how many bytes of y's beginning also stand at the beginning of the
// gap before it, up to a cut; 0 if none is a cut. The gap is a's if inA, else b's.
func (al *Alignment) forward(x, y Block, inA bool, cuts []int) int {
	space := al.leading(y)
	text, start, end := al.b, x.B+x.Len, y.B
	if inA {
		text, start, end = al.a, x.A+x.Len, y.A
	}
	start = skipSpace(text, start)
	n := commonPrefix(al.a[y.A+space:y.A+y.Len], text[min(start, end):end])
	first := y.A + space // where in a the words would end
	if inA {
		first = start
	}
	c := cutIn(cuts, first+1, first+n)
	if c < 0 || insideWord(text, start+c-first, start) {
		return 0
	}
	return c - first
}

// backward is how many bytes of x's end also stand at the end of the gap behind
// it, from a cut on; 0 if none is a cut.
func (al *Alignment) backward(x, y Block, inA bool, cuts []int) int {
	tail := al.a[x.A:spaceStart(al.a, x.A+x.Len, x.A)]
	text, start, end := al.b, x.B+x.Len, y.B
	if inA {
		text, start, end = al.a, x.A+x.Len, y.A
	}
	end = spaceStart(text, end, start)
	n := commonSuffix(tail, text[start:end])
	last := x.A + len(tail) // where in a the words end now
	c := cutIn(cuts, last-n, last-1)
	if c < 0 || insideWord(text, end-(last-c), start) {
		return 0
	}
	return last - c
}

// cutIn is a cut from low to high, or -1.
func cutIn(cuts []int, low, high int) int {
	i := sort.SearchInts(cuts, low)
	if i < len(cuts) && cuts[i] <= high {
		return cuts[i]
	}
	return -1
}

// Coarse reports whether the texts differ so much that parts of them were given
// up on: more of them may agree than the blocks say.
func (al *Alignment) Coarse() bool { return al.coarse }

// Blocks are the stretches that the texts share.
func (al *Alignment) Blocks() []Block { return al.blocks }

func (al *Alignment) add(block Block) {
	if block.Len == 0 {
		return
	}
	if n := len(al.blocks); n > 0 {
		last := &al.blocks[n-1]
		if last.A+last.Len == block.A && last.B+last.Len == block.B {
			last.Len += block.Len
			return
		}
	}
	al.blocks = append(al.blocks, block)
}

// prefix adds the blocks that the texts begin with, up to the word in which
// they differ, and returns where that word starts.
func (al *Alignment) prefix() Block {
	a, b := al.a, al.b
	i, j := 0, 0
	for {
		n := commonPrefix(a[i:], b[j:])
		x, y := skipSpace(a, i+n), skipSpace(b, j+n)
		switch {
		case x == len(a) && y == len(b):
			al.add(Block{i, j, n})
			return Block{A: x, B: y}
		case x < len(a) && y < len(b) && a[x] == b[y]:
			al.add(Block{i, j, n})
			i, j = x, y
			continue
		}
		if insideWord(a, i+n, i) || insideWord(b, j+n, j) {
			for n > 0 && isWord(a[i+n-1]) {
				n--
			}
		}
		al.add(Block{i, j, n})
		return Block{A: i + n, B: j + n}
	}
}

// suffix is where the texts' common end starts, behind from.
func (al *Alignment) suffix(from Block) Block {
	a, b := al.a, al.b
	i, j := len(a), len(b)
	for i > from.A && j > from.B {
		if a[i-1] == b[j-1] {
			i--
			j--
			continue
		}
		x, y := spaceStart(a, i, from.A), spaceStart(b, j, from.B)
		if x == i && y == j || x == from.A || y == from.B || a[x-1] != b[y-1] {
			break
		}
		i, j = x, y
	}
	for i < len(a) && j < len(b) && a[i] == b[j] && (insideWord(a, i, from.A) || insideWord(b, j, from.B)) {
		i++
		j++
	}
	return Block{A: i, B: j}
}

// addSuffix adds the blocks of the common end.
func (al *Alignment) addSuffix(from Block) {
	i, j := from.A, from.B
	for i < len(al.a) && j < len(al.b) {
		n := commonPrefix(al.a[i:], al.b[j:])
		al.add(Block{i, j, n})
		x, y := skipSpace(al.a, i+n), skipSpace(al.b, j+n)
		if x == i && y == j {
			return
		}
		i, j = x, y
	}
}

// accident is how many times longer than a run of equal words the differences
// on both sides of it must be for the run to count as an accident: two texts
// about anything share "of the" somewhere.
const accident = 3

// dropAccidents removes blocks that stand alone among long differences, from
// the block with the given index on. What reaches from one cut to the next is no
// accident: it is a whole sentence.
func (al *Alignment) dropAccidents(from int, cuts []int) {
	kept := al.blocks[:from]
	endA, endB := 0, 0
	if from > 0 {
		last := al.blocks[from-1]
		endA, endB = last.A+last.Len, last.B+last.Len
	}
	for i := from; i < len(al.blocks); {
		// A run is blocks that nothing but white space parts.
		run, size := i, 0
		for ; run < len(al.blocks); run++ {
			if run > i {
				p := al.blocks[run-1]
				if !blank(al.a[p.A+p.Len:al.blocks[run].A]) || !blank(al.b[p.B+p.Len:al.blocks[run].B]) {
					break
				}
			}
			size += al.blocks[run].Len
		}
		first, last := al.blocks[i], al.blocks[run-1]
		nextA, nextB := len(al.a), len(al.b)
		if run < len(al.blocks) {
			nextA, nextB = al.blocks[run].A, al.blocks[run].B
		}
		before := min(first.A-endA, first.B-endB) // one text may have more there than the other
		after := min(nextA-last.A-last.Len, nextB-last.B-last.Len)
		whole := cutIn(cuts, first.A, last.A+last.Len)
		if min(before, after) <= accident*size || whole >= 0 && cutIn(cuts, whole+1, last.A+last.Len) >= 0 {
			kept = append(kept, al.blocks[i:run]...)
			endA, endB = last.A+last.Len, last.B+last.Len
		}
		i = run
	}
	al.blocks = kept
}

// Similar reports whether the similarity is at least so much.
func (al *Alignment) Similar(least float64) bool {
	// With white space the share is no greater. Nearly all texts have enough even
	// so, and it costs a third.
	return float64(al.shared())/float64(min(len(al.a), len(al.b))) >= least || al.Similarity() >= least
}

// Similarity is the share of the shorter text that stands in the other, white
// space aside, from 0 to 1. It is 1 if a text has nothing but white space.
func (al *Alignment) Similarity() float64 {
	shorter := min(Solid(al.a), Solid(al.b))
	if shorter == 0 {
		return 1
	}
	return float64(al.shared()) / float64(shorter)
}

// shared is the number of bytes that both texts have, white space aside.
func (al *Alignment) shared() int {
	n := 0
	for _, block := range al.blocks {
		n += Solid(al.a[block.A : block.A+block.Len])
	}
	return n
}

// Match is what a stretch of a shares with b.
type Match struct {
	A, B   schema.Span // from the first to the last byte shared
	Shared int         // bytes shared, white space aside
}

// Find is what a[s.Start:s.End] shares with b. If that is nothing, B is empty,
// and where in b it would stand.
func (al *Alignment) Find(s schema.Span) Match {
	i := al.first(s.Start)
	place := 0
	if i > 0 {
		place = al.blocks[i-1].B + al.blocks[i-1].Len
	}
	m := Match{A: schema.Span{Start: s.Start, End: s.Start}, B: schema.Span{Start: place, End: place}}
	for ; i < len(al.blocks) && al.blocks[i].A < s.End; i++ {
		block := al.blocks[i]
		from, to := max(block.A, s.Start), min(block.A+block.Len, s.End)
		n := Solid(al.a[from:to])
		if n == 0 {
			continue
		}
		if m.Shared == 0 {
			m.A.Start, m.B.Start = from, block.B+from-block.A
		}
		m.A.End, m.B.End = to, block.B+to-block.A
		m.Shared += n
	}
	return m
}

// nearBlocks is how many blocks a search looks at one after the other.
const nearBlocks = 8

// first is the index of the first block that ends behind an offset of a. In the
// order of the text, asking costs next to nothing.
func (al *Alignment) first(start int) int {
	i := al.last
	if i >= len(al.blocks) || i > 0 && al.blocks[i-1].A+al.blocks[i-1].Len > start {
		i = 0
	}
	for range nearBlocks {
		if i == len(al.blocks) || al.blocks[i].A+al.blocks[i].Len > start {
			al.last = i
			return i
		}
		i++
	}
	rest := al.blocks[i:]
	al.last = i + sort.Search(len(rest), func(j int) bool { return rest[j].A+rest[j].Len > start })
	return al.last
}

// Solid is the number of bytes of s that are not white space.
func Solid(s string) int {
	if len(s) > 256 {
		// Counting is vectorised, and the fastest way where it is worth the start.
		return len(s) - strings.Count(s, " ") - strings.Count(s, "\n") - strings.Count(s, "\t") - strings.Count(s, "\r")
	}
	// Eight bytes at a time, and hardly any but the blank is white space: on a
	// sentence 2.5 times as fast as counting each kind.
	solid, control := len(s), uint64(0)
	for i := 0; i < len(s); i += 8 {
		x := ^uint64(0) // no white space
		switch rest := len(s) - i; {
		case rest >= 8:
			x = eight(s[i:])
		case len(s) >= 8:
			x = eight(s[len(s)-8:])>>(64-8*rest) | x<<(8*rest)
		default:
			for j := range rest {
				x = x<<8 | uint64(s[j])
			}
		}
		low := x &^ highBits
		other := (low ^ ' '*lowBits) + 0x7F*lowBits | x // high bit: not a blank
		solid -= bits.OnesCount64(^other & highBits)
		control |= ^(low + (0x80-' ')*lowBits | x) // high bit: less than a blank
	}
	if control&highBits != 0 {
		solid -= strings.Count(s, "\n") + strings.Count(s, "\t") + strings.Count(s, "\r")
	}
	return solid
}

// eight is the first eight bytes of s, the first one lowest.
func eight(s string) uint64 { return binary.LittleEndian.Uint64([]byte(s[:8])) }

const (
	lowBits  = 0x0101010101010101
	highBits = 0x8080808080808080
)

func blank(s string) bool { return skipSpace(s, 0) == len(s) }

func commonPrefix(a, b string) int {
	n := min(len(a), len(b))
	i := 0
	for i+16 <= n && a[i:i+16] == b[i:i+16] {
		i += 16
	}
	for i < n && a[i] == b[i] {
		i++
	}
	return i
}

func commonSuffix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[len(a)-1-n] == b[len(b)-1-n] {
		n++
	}
	return n
}

// isSpace takes the white space of ASCII alone, which is what typists and
// editors change. Any other stays a part of its word.
func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// isWord reports whether c belongs to a word together with its neighbours. All
// bytes of characters beyond ASCII do, so that none is cut.
func isWord(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c >= 0x80
}

func skipSpace(s string, i int) int {
	for i < len(s) && isSpace(s[i]) {
		i++
	}
	return i
}

func spaceStart(s string, i, from int) int {
	for i > from && isSpace(s[i-1]) {
		i--
	}
	return i
}

// insideWord reports whether s[from:] has a word that goes on at i.
func insideWord(s string, i, from int) bool {
	return i > from && i < len(s) && isWord(s[i-1]) && isWord(s[i])
}
