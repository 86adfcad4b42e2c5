package verifier

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/parquet"
)

// numberColumn is a leaf of values of one size.
type numberColumn[T comparable] struct {
	levels
	*kind[T]
	values []T // the batch; what is NULL is zero

	words   []T // of the dictionary
	codes   []uint32
	indices hybrid // also of values that are true or false
	deltas  deltas
	rest    []byte // of the page, in plain encoding
	before  int    // values of it that were read

	bounded         bool // whether there is a value
	least, greatest T
	odd             bool // whether there is one that is no number, and has no place among others
}

// kind is what differs from type to type.
type kind[T any] struct {
	size int // in plain encoding, in bits
	// plain reads values in plain encoding, of which some came before.
	plain  func(out []T, data []byte, before int)
	deltas func(d *deltas, out []T) error // nil if they cannot be packed as differences
	runs   []T                            // what the numbers in runs mean, nil if they cannot be packed so
	// bounds are the least and the greatest of some values, and whether there is one
	// that is no number.
	bounds func(values []T) (least, greatest T, odd bool)
	at     func(a arrow.Array, i int) T // a value of an Arrow file
}

var (
	kindInt32 = kind[int32]{32, plainInt32, readDeltas[int32], nil, bounds[int32], func(a arrow.Array, i int) int32 { return a.(*array.Int32).Value(i) }}
	kindInt64 = kind[int64]{64, plainInt64, readDeltas[int64], nil, bounds[int64], func(a arrow.Array, i int) int64 { return a.(*array.Int64).Value(i) }}
	kindFloat = kind[float64]{64, plainFloat, nil, nil, bounds[float64], func(a arrow.Array, i int) float64 { return a.(*array.Float64).Value(i) }}
	kindBool  = kind[bool]{1, plainBool, nil, []bool{false, true}, boundsBool, func(a arrow.Array, i int) bool { return a.(*array.Boolean).Value(i) }}
)

func plainInt32(out []int32, data []byte, before int) {
	for i := range out {
		out[i] = int32(binary.LittleEndian.Uint32(data[4*(before+i):]))
	}
}

func plainInt64(out []int64, data []byte, before int) {
	for i := range out {
		out[i] = int64(binary.LittleEndian.Uint64(data[8*(before+i):]))
	}
}

func plainFloat(out []float64, data []byte, before int) {
	for i := range out {
		out[i] = math.Float64frombits(binary.LittleEndian.Uint64(data[8*(before+i):]))
	}
}

func plainBool(out []bool, data []byte, before int) {
	for i := range out {
		at := before + i
		out[i] = data[at>>3]>>(at&7)&1 != 0
	}
}

func bounds[T cmp.Ordered](values []T) (least, greatest T, odd bool) {
	least, greatest = values[0], values[0]
	for _, v := range values {
		least, greatest = min(least, v), max(greatest, v)
		odd = odd || v != v
	}
	return least, greatest, odd
}

func boundsBool(values []bool) (least, greatest, odd bool) {
	least = true
	for _, v := range values {
		least, greatest = least && v, greatest || v
	}
	return least, greatest, false
}

func newNumber[T comparable](l levels, k *kind[T]) *numberColumn[T] {
	c := &numberColumn[T]{levels: l, kind: k, values: make([]T, batch)}
	c.decode, c.dictionary = c.page, c.keep
	return c
}

func (c *numberColumn[T]) start(t *tableReader, group int) error {
	c.bounded, c.odd = false, false
	return c.open(t, group)
}

func (c *numberColumn[T]) keep(n int, data []byte) error {
	if n > 8*len(data)/c.size {
		return errEnds
	}
	c.words = make([]T, n)
	c.plain(c.words, data, 0)
	return nil
}

func (c *numberColumn[T]) page(data []byte) (err error) {
	c.rest, c.before = data, 0
	switch e := c.encoding; {
	case e == parquet.Encodings.Plain:
	case e == parquet.Encodings.DeltaBinaryPacked && c.kind.deltas != nil:
		c.deltas, err = newDeltas(data)
	case e == parquet.Encodings.RLE && c.runs != nil:
		c.words = c.runs
		c.indices, err = newBools(data)
	case e == parquet.Encodings.RLEDict || e == parquet.Encodings.PlainDict:
		if !c.seen {
			return errDictionary
		}
		c.indices, err = newIndices(data)
	default:
		err = fmt.Errorf("its values are encoded as %s", e)
	}
	return err
}

func (c *numberColumn[T]) fill(n int) error {
	present, err := c.fillLevels(n)
	if err != nil {
		return err
	}
	values := c.values[:present]
	switch {
	case c.arrow != nil:
		k := 0
		for i := range n {
			if !c.null(i) {
				values[k] = c.at(c.arrow.values, c.arrow.place(i))
				k++
			}
		}
	case c.encoding == parquet.Encodings.Plain:
		if (c.before+present)*c.size > 8*len(c.rest) {
			return errEnds
		}
		c.plain(values, c.rest, c.before)
		c.before += present
	case c.encoding == parquet.Encodings.DeltaBinaryPacked:
		err = c.kind.deltas(&c.deltas, values)
	default:
		err = c.fillCodes(values)
	}
	if err != nil {
		return err
	}
	if present > 0 {
		least, greatest, odd := c.bounds(values)
		if c.odd = c.odd || odd; c.bounded {
			least, _, _ = c.bounds([]T{least, c.least})
			_, greatest, _ = c.bounds([]T{greatest, c.greatest})
		}
		c.least, c.greatest, c.bounded = least, greatest, true
	}
	var null T
	spread(&c.levels, c.values, present, null)
	return nil
}

func (c *numberColumn[T]) fillCodes(values []T) error {
	c.codes = resize(c.codes, batch)[:len(values)]
	if err := c.indices.read(c.codes); err != nil {
		return err
	}
	for i, code := range c.codes {
		if int(code) >= len(c.words) {
			return errLength
		}
		values[i] = c.words[code]
	}
	return nil
}

func (c *numberColumn[T]) finish(r *report) error {
	least, greatest, ok, err := c.end(r)
	if err != nil || !ok || c.odd {
		return err
	}
	var got [2]T
	if size := (c.size + 7) / 8; !c.bounded || len(least) != size || len(greatest) != size {
		r.addf("%s: its statistics have bounds that are none", c.where())
		return nil
	}
	c.plain(got[:1], least, 0)
	c.plain(got[1:], greatest, 0)
	if got != [2]T{c.least, c.greatest} {
		r.addf("%s: its statistics say that values go from %v to %v, and they go from %v to %v",
			c.where(), got[0], got[1], c.least, c.greatest)
	}
	return nil
}
