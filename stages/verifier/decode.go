package verifier

import (
	"encoding/binary"
	"errors"
	"math/bits"
)

// What follows are the encodings of Parquet, as its specification has them. Arrow's
// decoders, which share no code with the writer either, take four times as long:
// they allocate and look into their input value by value. TestDecoders holds these
// to what other people's writers write, and agree to what Arrow reads.

var (
	errEnds   = errors.New("a page ends before its values do")
	errDelta  = errors.New("a page has deltas that are not as Parquet wants them")
	errLength = errors.New("a page has a length that cannot be")
)

// uvarint reads a number in LEB128, and returns what is behind it.
func uvarint(data []byte) (uint64, []byte, error) {
	n, size := binary.Uvarint(data)
	if size <= 0 {
		return 0, nil, errEnds
	}
	return n, data[size:], nil
}

// bitsAt are the width bits at a place in data that is counted in bits, at most 57,
// and less where data ends.
func bitsAt(data []byte, bit int, width uint) uint64 {
	var b [8]byte
	copy(b[:], data[bit>>3:])
	return binary.LittleEndian.Uint64(b[:]) >> (bit & 7) & (1<<width - 1)
}

// hybrid reads numbers in runs of one value and in packs of several.
type hybrid struct {
	data   []byte // behind the run
	width  uint   // of a number, in bits, at most 32
	repeat int    // how often value still comes
	value  uint32
	packed int    // how many numbers are left in pack
	pack   []byte // to the end of the page
	bit    int    // where they begin
}

func newHybrid(data []byte, width uint) hybrid { return hybrid{data: data, width: width} }

// run goes to the next run.
func (h *hybrid) run() error {
	head, data, err := uvarint(h.data)
	if err != nil {
		return err
	}
	n := head >> 1
	if n == 0 || n > 1<<31 {
		return errLength
	}
	if head&1 == 0 {
		size := int(h.width+7) / 8
		if size > len(data) {
			return errEnds
		}
		var b [4]byte
		copy(b[:], data[:size])
		h.repeat, h.value, h.data = int(n), binary.LittleEndian.Uint32(b[:]), data[size:]
		return nil
	}
	size := min(int(n)*int(h.width), len(data)) // the last pack need not be full
	h.packed, h.pack, h.bit, h.data = int(n)*8, data, 0, data[size:]
	return nil
}

// same reports whether the next n numbers are one run, and reads them if so.
func (h *hybrid) same(n int) (value uint32, ok bool) {
	if h.repeat == 0 && h.packed == 0 && len(h.data) > 0 {
		if h.run() != nil {
			return 0, false // read will say
		}
	}
	if h.repeat < n {
		return 0, false
	}
	h.repeat -= n
	return h.value, true
}

// read fills out.
func (h *hybrid) read(out []uint32) error {
	for len(out) > 0 {
		switch {
		case h.repeat > 0:
			n := min(h.repeat, len(out))
			for i := range out[:n] {
				out[i] = h.value
			}
			h.repeat, out = h.repeat-n, out[n:]
		case h.packed > 0:
			n := min(h.packed, len(out))
			if h.bit+n*int(h.width) > 8*len(h.pack) {
				return errEnds
			}
			unpack(out[:n], h.pack, h.bit, h.width)
			h.bit += n * int(h.width)
			h.packed, out = h.packed-n, out[n:]
		default:
			if err := h.run(); err != nil {
				return err
			}
		}
	}
	return nil
}

// unpack reads numbers of width bits from a place in data that is counted in bits.
func unpack(out []uint32, data []byte, bit int, width uint) {
	mask := uint64(1)<<width - 1
	// Eight at a time are three times as fast as one.
	if bit&7 == 0 && width <= 14 {
		at, half, shift := bit>>3, int(width)/2, 4*width&7
		for len(out) >= 8 && at+half+8 <= len(data) {
			a, b := binary.LittleEndian.Uint64(data[at:]), binary.LittleEndian.Uint64(data[at+half:])>>shift
			o := (*[8]uint32)(out)
			o[0], o[4] = uint32(a&mask), uint32(b&mask)
			a, b = a>>width, b>>width
			o[1], o[5] = uint32(a&mask), uint32(b&mask)
			a, b = a>>width, b>>width
			o[2], o[6] = uint32(a&mask), uint32(b&mask)
			a, b = a>>width, b>>width
			o[3], o[7] = uint32(a&mask), uint32(b&mask)
			out, at = out[8:], at+int(width)
		}
		bit = at * 8
	}
	i := 0
	for ; i < len(out) && bit>>3+8 <= len(data); i++ {
		out[i] = uint32(binary.LittleEndian.Uint64(data[bit>>3:]) >> (bit & 7) & mask)
		bit += int(width)
	}
	for ; i < len(out); i++ {
		out[i] = uint32(bitsAt(data, bit, width))
		bit += int(width)
	}
}

// deltas reads whole numbers of which the differences are packed.
type deltas struct {
	data   []byte // behind the mini-block
	blocks int    // mini-blocks to a block
	size   int    // numbers to a mini-block
	total  int    // numbers that are left
	last   int64
	first  bool // whether last was not yet read

	widths []byte // of the mini-blocks of the block that are left
	least  int64  // difference in the block
	width  uint
	left   int    // in the mini-block
	pack   []byte // from there to the end of the page
	bit    int    // where they begin
}

func newDeltas(data []byte) (deltas, error) {
	var head [4]uint64
	var err error
	for i := range head {
		if head[i], data, err = uvarint(data); err != nil {
			return deltas{}, err
		}
	}
	block, blocks, total := head[0], head[1], head[2]
	if blocks == 0 || blocks > block || block > 1<<24 || block%blocks != 0 || block/blocks%8 != 0 || total > 1<<31 {
		return deltas{}, errDelta
	}
	return deltas{
		data: data, blocks: int(blocks), size: int(block / blocks), total: int(total), last: zigzag(head[3]), first: true,
	}, nil
}

func zigzag(n uint64) int64 { return int64(n>>1) ^ -int64(n&1) }

// block goes to the next block.
func (d *deltas) block() error {
	least, data, err := uvarint(d.data)
	if err != nil {
		return err
	}
	if len(data) < d.blocks {
		return errEnds
	}
	d.least, d.widths, d.data = zigzag(least), data[:d.blocks], data[d.blocks:]
	return nil
}

// miniBlock goes to the next mini-block.
func (d *deltas) miniBlock() error {
	if len(d.widths) == 0 {
		if err := d.block(); err != nil {
			return err
		}
	}
	d.width, d.widths = uint(d.widths[0]), d.widths[1:]
	size := int(d.width) * d.size / 8
	switch {
	case d.width > 64:
		return errDelta
	case size > len(d.data):
		return errEnds
	}
	d.left, d.pack, d.bit, d.data = d.size, d.data, 0, d.data[size:]
	return nil
}

// behind is what follows the numbers, of which none was read.
func (d deltas) behind() ([]byte, error) {
	for n := d.total - 1; n > 0; n -= d.size {
		if err := d.miniBlock(); err != nil {
			return nil, err
		}
	}
	return d.data, nil
}

// readDeltas fills out.
func readDeltas[T int32 | int64](d *deltas, out []T) error {
	if len(out) > d.total {
		return errEnds
	}
	d.total -= len(out)
	if len(out) > 0 && d.first {
		out[0], out, d.first = T(d.last), out[1:], false
	}
	last := d.last
	for len(out) > 0 {
		if d.left == 0 {
			if err := d.miniBlock(); err != nil {
				return err
			}
		}
		n := min(d.left, len(out))
		least, width, bit, i := d.least, d.width, d.bit, 0
		if width == 0 {
			for ; i < n; i++ {
				last += least
				out[i] = T(last)
			}
		}
		if width <= 57 {
			mask := uint64(1)<<width - 1
			for ; i < n && bit>>3+8 <= len(d.pack); i++ {
				last += least + int64(binary.LittleEndian.Uint64(d.pack[bit>>3:])>>(bit&7)&mask)
				out[i] = T(last)
				bit += int(width)
			}
		}
		for ; i < n; i++ {
			low := min(width, 32)
			delta := bitsAt(d.pack, bit, low)
			if width > low {
				delta |= bitsAt(d.pack, bit+int(low), width-low) << low
			}
			last += least + int64(delta)
			out[i] = T(last)
			bit += int(width)
		}
		d.bit, d.left, out = d.bit+n*int(width), d.left-n, out[n:]
	}
	d.last = last
	return nil
}

// levelWidth is how many bits a level needs.
func levelWidth(most uint32) uint { return uint(bits.Len32(most)) }

// newIndices reads the numbers of values in a dictionary. Where there are none, there
// is no width either.
func newIndices(data []byte) (hybrid, error) {
	if len(data) == 0 {
		return hybrid{}, nil
	}
	if data[0] > 32 {
		return hybrid{}, errLength
	}
	return newHybrid(data[1:], uint(data[0])), nil
}

// newBools reads values that are true or false, in runs.
func newBools(data []byte) (hybrid, error) {
	if len(data) < 4 || int64(binary.LittleEndian.Uint32(data)) > int64(len(data)-4) {
		return hybrid{}, errEnds
	}
	return newHybrid(data[4:][:binary.LittleEndian.Uint32(data)], 1), nil
}
