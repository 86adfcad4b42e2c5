package columnar

import (
	"cmp"
	"encoding/binary"
	"math"

	"github.com/parquet-go/parquet-go/format"

	"github.com/quern-data/quern/schema"
)

// number is a type of the numbers in tables.
type number interface{ int32 | int64 | float64 }

// Numbers is a column of numbers: places in a dictionary, or the numbers as they
// are, or as differences from one to the next.
type Numbers[T number] struct {
	*leaf
	dict   *dictionary[T] // nil if there is none
	delta  bool
	data   []T
	packed []byte // room
	bound  [2][]byte
}

// Add adds a row with a value.
func (c *Numbers[T]) Add(v T) { c.Repeat(v, 1) }

// Repeat adds n rows with the same value.
func (c *Numbers[T]) Repeat(v T, n int) {
	c.present(n)
	if c.dict != nil {
		at, ok := c.dict.find(v, uint(v))
		if !ok {
			at = c.dict.add(v)
		}
		c.dict.page.add(at, n)
		return
	}
	for range n {
		c.data = append(c.data, v)
	}
}

func (c *Numbers[T]) full() bool {
	return 8*len(c.data) >= PageBytes || c.dict != nil && len(c.dict.page) >= pageRuns
}

// Optional adds n rows with the same value, or NULLs where there is none.
func (c *Numbers[T]) Optional(v *T, n int) {
	if v == nil {
		c.Null(n)
		return
	}
	c.Repeat(*v, n)
}

func (c *Numbers[T]) holds(k schema.Kind) bool {
	switch any(c.data).(type) {
	case []int32:
		return k == schema.Int32
	case []int64:
		return k == schema.Int64
	}
	return k == schema.Double
}

func (c *Numbers[T]) physical() format.Type {
	switch any(c.data).(type) {
	case []int32:
		return format.Int32
	case []int64:
		return format.Int64
	}
	return format.Double
}

func (c *Numbers[T]) encoding() format.Encoding {
	switch {
	case c.dict != nil:
		return format.RLEDictionary
	case c.delta:
		return format.DeltaBinaryPacked
	}
	return format.Plain
}

func (c *Numbers[T]) encode(dst []byte) ([]byte, error) {
	if c.dict != nil {
		return c.dict.encode(dst), nil
	}
	if !c.delta {
		for _, v := range c.data {
			dst = plain(dst, v)
		}
		return dst, nil
	}
	var err error
	switch data := any(c.data).(type) {
	case []int32:
		c.packed, err = packing.EncodeInt32(c.packed, data)
	case []int64:
		c.packed, err = packing.EncodeInt64(c.packed, data)
	}
	return append(dst, c.packed...), err
}

func plain[T number](dst []byte, v T) []byte {
	switch v := any(v).(type) {
	case int32:
		return binary.LittleEndian.AppendUint32(dst, uint32(v))
	case int64:
		return binary.LittleEndian.AppendUint64(dst, uint64(v))
	case float64:
		return binary.LittleEndian.AppendUint64(dst, math.Float64bits(v))
	}
	return dst
}

// bounds leaves out what is not a number. 0 has two signs and one place in the
// order, so that a bound of 0 takes the sign that lies farther out.
func (c *Numbers[T]) bounds() (least, greatest []byte) {
	var low, high T
	some := false
	if c.dict != nil {
		low, high, some = c.dict.bounds()
	}
	for _, v := range c.data {
		switch {
		case v != v: //nolint:staticcheck // NaN
		case !some:
			low, high, some = v, v, true
		case v < low:
			low = v
		case v > high:
			high = v
		}
	}
	if !some {
		return nil, nil
	}
	c.bound[0], c.bound[1] = plain(c.bound[0][:0], low), plain(c.bound[1][:0], high)
	if _, ok := any(low).(float64); ok {
		if low == 0 {
			c.bound[0][7] = 0x80
		}
		if high == 0 {
			c.bound[1][7] = 0
		}
	}
	return c.bound[0], c.bound[1]
}

func (c *Numbers[T]) resetPage() {
	c.data = c.data[:0]
	if c.dict != nil {
		c.dict.page = c.dict.page[:0]
	}
}

func (c *Numbers[T]) compare(a, b []byte) int {
	switch any(c.data).(type) {
	case []int32:
		return cmp.Compare(int32(binary.LittleEndian.Uint32(a)), int32(binary.LittleEndian.Uint32(b)))
	case []int64:
		return cmp.Compare(int64(binary.LittleEndian.Uint64(a)), int64(binary.LittleEndian.Uint64(b)))
	}
	return cmp.Compare(math.Float64frombits(binary.LittleEndian.Uint64(a)), math.Float64frombits(binary.LittleEndian.Uint64(b)))
}

func (c *Numbers[T]) dictionary(dst []byte) ([]byte, int) {
	if c.dict == nil {
		return dst, -1
	}
	for _, v := range c.dict.values {
		dst = plain(dst, v)
	}
	return dst, len(c.dict.values)
}

func (c *Numbers[T]) resetChunk() {
	if c.dict != nil {
		c.dict.reset()
	}
}

// Bools is a column of truth values, eight to the byte.
type Bools struct {
	*leaf
	data []byte
	n    int
	seen [2]bool // whether the page has false and true
}

// Add adds a row with a value.
func (c *Bools) Add(v bool) {
	c.present(1)
	if c.n%8 == 0 {
		c.data = append(c.data, 0)
	}
	if v {
		c.data[c.n/8] |= 1 << (c.n % 8)
		c.seen[1] = true
	} else {
		c.seen[0] = true
	}
	c.n++
}

func (c *Bools) full() bool { return len(c.data) >= PageBytes }

func (*Bools) holds(k schema.Kind) bool            { return k == schema.Bool }
func (*Bools) physical() format.Type               { return format.Boolean }
func (*Bools) encoding() format.Encoding           { return format.Plain }
func (c *Bools) encode(dst []byte) ([]byte, error) { return append(dst, c.data...), nil }

var truth = [2][]byte{{0}, {1}}

func (c *Bools) bounds() (least, greatest []byte) {
	switch c.seen {
	case [2]bool{true, false}:
		return truth[0], truth[0]
	case [2]bool{false, true}:
		return truth[1], truth[1]
	case [2]bool{true, true}:
		return truth[0], truth[1]
	}
	return nil, nil
}

func (c *Bools) resetPage() {
	c.data, c.n = c.data[:0], 0
	c.seen = [2]bool{}
}

func (*Bools) compare(a, b []byte) int             { return cmp.Compare(a[0], b[0]) }
func (*Bools) dictionary(dst []byte) ([]byte, int) { return dst, -1 }
func (*Bools) resetChunk()                         {}
