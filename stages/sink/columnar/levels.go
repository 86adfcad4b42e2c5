package columnar

import "math/bits"

// runs is a sequence of small numbers, levels or places in a dictionary, as runs
// of the same.
type runs []run

type run struct {
	value uint32
	n     uint32
}

// pageRuns is how many runs a page has, of levels or places: 256 KiB of memory.
const pageRuns = 32 << 10

func (r *runs) add(value uint32, n int) {
	if n == 0 {
		return
	}
	if last := len(*r) - 1; last >= 0 && (*r)[last].value == value {
		(*r)[last].n += uint32(n)
		return
	}
	*r = append(*r, run{value, uint32(n)})
}

// literalGroups is how many groups of eight one literal run may have: its header
// is then one byte.
const literalGroups = 63

// encode appends the sequence in the hybrid encoding of Parquet, RLE: runs of
// eight and more as such, the others bit-packed in groups of eight.
func (r runs) encode(dst []byte, width int) []byte {
	var (
		group  [8]uint32
		filled int
		header = -1 // where that of the literal run in the making stands
		groups = 0
	)
	endLiteral := func() {
		if header >= 0 {
			dst[header] = byte(groups<<1 | 1)
			header, groups = -1, 0
		}
	}
	pack := func() {
		if header < 0 {
			header = len(dst)
			dst = append(dst, 0)
		}
		dst = packEight(dst, &group, width)
		filled = 0
		if groups++; groups == literalGroups {
			endLiteral()
		}
	}
	for _, run := range r {
		n := run.n
		for filled > 0 && n > 0 {
			group[filled] = run.value
			n--
			if filled++; filled == len(group) {
				pack()
			}
		}
		if n >= 8 {
			endLiteral()
			dst = appendUvarint(dst, uint64(n)<<1)
			for i := 0; i < width; i += 8 {
				dst = append(dst, byte(run.value>>i))
			}
			continue
		}
		for ; n > 0; n-- {
			group[filled] = run.value
			filled++
		}
	}
	if filled > 0 {
		clear(group[filled:])
		pack()
	}
	endLiteral()
	return dst
}

// packEight appends eight numbers of width bits each.
func packEight(dst []byte, group *[8]uint32, width int) []byte {
	var pending uint64
	n := 0
	for _, v := range group {
		pending |= uint64(v) << n
		for n += width; n >= 8; n -= 8 {
			dst = append(dst, byte(pending))
			pending >>= 8
		}
	}
	return dst
}

func appendUvarint(dst []byte, v uint64) []byte {
	for v >= 0x80 {
		dst = append(dst, byte(v)|0x80)
		v >>= 7
	}
	return append(dst, byte(v))
}

// width is how many bits numbers up to most need.
func width(most int) int { return bits.Len(uint(most)) }
