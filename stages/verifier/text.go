package verifier

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/parquet"
)

// texts are values that lie in one stretch of memory. A value is where it begins
// and ends there, so that writing one down costs no work for the garbage collector.
type texts struct {
	data     []byte
	from, to []uint32
}

const (
	// nullText is where NULL begins.
	nullText = math.MaxUint32
	// maxArena is where a value may begin in memory.
	maxArena = 1 << 30
)

func (t *texts) at(i int) []byte {
	from, to := t.from[i], t.to[i]
	if from == nullText {
		return nil
	}
	if from == to {
		return empty // data may be nil
	}
	return t.data[from:to:to]
}

var empty = []byte{}

// repeats reports whether value i lies where the one before does.
func (t *texts) repeats(i int) bool {
	return i > 0 && t.from[i] == t.from[i-1] && t.to[i] == t.to[i-1]
}

func (t *texts) add(v []byte) {
	if v == nil {
		t.from, t.to = append(t.from, nullText), append(t.to, nullText)
		return
	}
	t.from = append(t.from, uint32(len(t.data)))
	t.data = append(t.data, v...)
	t.to = append(t.to, uint32(len(t.data)))
}

// textColumn is a leaf of strings.
type textColumn struct {
	levels
	// batch has the values, unless they are coded: then entries has them, and codes
	// says which. A value is not there any more when the batch is filled anew.
	batch   texts
	coded   bool
	codes   []uint32
	entries *texts
	// version changes when a code comes to mean another value.
	version int

	known  bool // whether all values are compared with others that are looked at
	broken bool // whether a value was found that is not UTF-8

	words texts  // of the dictionary, and NULL
	used  []bool // of words

	indices  hybrid
	lengths  deltas
	prefixes deltas
	rest     []byte // of the page
	scratch  []int32
	shared   []int32 // how much of a value is that of the one before
	last     []byte  // value in front of the batch, where values share
	arena    []byte  // of such values

	bounded         bool // whether there is a value
	least, greatest []byte
}

func newText(l levels) *textColumn {
	c := &textColumn{levels: l, codes: make([]uint32, batch)}
	c.batch.from, c.batch.to = make([]uint32, batch), make([]uint32, batch)
	c.decode, c.dictionary = c.page, c.keep
	return c
}

func (c *textColumn) start(t *tableReader, group int) error {
	c.bounded, c.broken = false, c.broken && group > 0
	c.words.from, c.words.to, c.used = c.words.from[:0], c.words.to[:0], c.used[:0]
	return c.open(t, group)
}

// at is the value in place i of the batch, nil for NULL.
func (c *textColumn) at(i int) []byte {
	if c.coded {
		return c.entries.at(int(c.codes[i]))
	}
	return c.batch.at(i)
}

// repeats reports whether place i is easily told to have the value of the one before.
func (c *textColumn) repeats(i int) bool {
	if c.coded {
		return i > 0 && c.codes[i] == c.codes[i-1]
	}
	return c.batch.repeats(i)
}

// run is behind the places of the batch that have the value of place i, as far as is
// easily told, and at most end.
func (c *textColumn) run(i, end int) int {
	if c.none {
		return end
	}
	if !c.coded {
		v := c.batch.at(i)
		for i++; i < end && equal(c.batch.at(i), v); i++ {
		}
		return i
	}
	codes := c.codes[:end]
	code := codes[i]
	for i++; i < len(codes) && codes[i] == code; i++ {
	}
	return i
}

// keep begins with a dictionary.
func (c *textColumn) keep(n int, data []byte) error {
	c.words.data = data
	if n > len(data)/4 {
		return errEnds
	}
	for i, at := 0, 0; i < n; i++ {
		from, to, err := plainText(data, at)
		if err != nil {
			return err
		}
		c.words.from, c.words.to = append(c.words.from, uint32(from)), append(c.words.to, uint32(to))
		at = to
	}
	c.words.from, c.words.to = append(c.words.from, nullText), append(c.words.to, nullText)
	c.used = append(c.used, make([]bool, n)...)
	c.version++
	return nil
}

// plainText is where the value at a place in data begins and ends.
func plainText(data []byte, at int) (from, to int, err error) {
	if len(data)-at < 4 {
		return 0, 0, errEnds
	}
	size := binary.LittleEndian.Uint32(data[at:])
	if from = at + 4; int64(size) > int64(len(data)-from) {
		return 0, 0, errEnds
	}
	return from, from + int(size), nil
}

func (c *textColumn) page(data []byte) (err error) {
	c.last = c.last[:0]
	switch c.encoding {
	case parquet.Encodings.RLEDict, parquet.Encodings.PlainDict:
		if !c.seen {
			return errDictionary
		}
		c.indices, err = newIndices(data)
	case parquet.Encodings.Plain:
		c.rest = data
	case parquet.Encodings.DeltaLengthByteArray:
		err = c.deltaLengths(data)
	case parquet.Encodings.DeltaByteArray:
		if c.prefixes, err = newDeltas(data); err != nil {
			return err
		}
		if data, err = c.prefixes.behind(); err == nil {
			err = c.deltaLengths(data)
		}
	default:
		err = fmt.Errorf("its values are encoded as %s", c.encoding)
	}
	return err
}

func (c *textColumn) deltaLengths(data []byte) (err error) {
	if c.lengths, err = newDeltas(data); err != nil {
		return err
	}
	c.rest, err = c.lengths.behind()
	return err
}

func (c *textColumn) fill(n int) error {
	present, err := c.fillLevels(n)
	if err != nil {
		return err
	}
	if c.coded = c.arrow == nil && (c.encoding == parquet.Encodings.RLEDict || c.encoding == parquet.Encodings.PlainDict); c.coded {
		c.entries = &c.words
		return c.fillCodes(present)
	}
	c.version++
	switch {
	case c.arrow != nil:
		err = c.fillArrow(n)
	case c.encoding == parquet.Encodings.Plain:
		err = c.fillPlain(present)
	case c.encoding == parquet.Encodings.DeltaLengthByteArray:
		err = c.fillLengths(present)
	default:
		err = c.fillShared(present)
	}
	if err != nil {
		return err
	}
	c.observe(present)
	spread(&c.levels, c.batch.from[:n], present, nullText)
	spread(&c.levels, c.batch.to[:n], present, nullText)
	return nil
}

// fillArrow reads the next n values of an Arrow file.
func (c *textColumn) fillArrow(n int) error {
	values := c.arrow.values.(*array.String)
	var offsets []int32
	c.batch.data = nil
	if values.Len() > 0 {
		offsets = values.ValueOffsets()
		if data := values.Data().Buffers()[2]; data != nil {
			c.batch.data = data.Bytes()
		}
	}
	k := 0
	for i := range n {
		if c.null(i) {
			continue
		}
		at := c.arrow.place(i)
		from, to := offsets[at], offsets[at+1]
		if from < 0 || from > to || int(to) > len(c.batch.data) {
			return errLength
		}
		c.batch.from[k], c.batch.to[k] = uint32(from), uint32(to)
		k++
	}
	return nil
}

func (c *textColumn) fillCodes(present int) error {
	null := uint32(len(c.used))
	if present == 0 {
		// There may be no dictionary to look at.
	} else if code, ok := c.indices.same(present); ok {
		if code >= null {
			return errLength
		}
		c.used[code] = true
		for i := range c.codes[:present] {
			c.codes[i] = code
		}
	} else {
		if err := c.indices.read(c.codes[:present]); err != nil {
			return err
		}
		used := c.used
		for _, code := range c.codes[:present] {
			if int(code) >= len(used) {
				return errLength
			}
			used[code] = true
		}
	}
	spread(&c.levels, c.codes[:c.n], present, null)
	return nil
}

func (c *textColumn) fillPlain(present int) error {
	c.batch.data = c.rest
	at := 0
	for i := range present {
		from, to, err := plainText(c.rest, at)
		if err != nil {
			return err
		}
		c.batch.from[i], c.batch.to[i] = uint32(from), uint32(to)
		at = to
	}
	c.rest = c.rest[at:]
	return nil
}

func (c *textColumn) fillLengths(present int) error {
	c.scratch = resize(c.scratch, present)
	if err := readDeltas(&c.lengths, c.scratch); err != nil {
		return err
	}
	c.batch.data = c.rest
	at := 0
	for i, size := range c.scratch {
		if size < 0 || int(size) > len(c.rest)-at {
			return errLength
		}
		c.batch.from[i] = uint32(at)
		at += int(size)
		c.batch.to[i] = uint32(at)
	}
	c.rest = c.rest[at:]
	return nil
}

// fillShared reads values of which each begins like the one before.
func (c *textColumn) fillShared(present int) error {
	c.scratch, c.shared = resize(c.scratch, present), resize(c.shared, present)
	if err := readDeltas(&c.lengths, c.scratch); err != nil {
		return err
	}
	if err := readDeltas(&c.prefixes, c.shared); err != nil {
		return err
	}
	c.arena = append(c.arena[:0], c.last...)
	last := 0 // where the one before begins
	for i, size := range c.scratch {
		prefix := int(c.shared[i])
		if size < 0 || int(size) > len(c.rest) || prefix < 0 || prefix > len(c.arena)-last {
			return errLength
		}
		if size == 0 && prefix == len(c.arena)-last && i > 0 {
			c.batch.from[i], c.batch.to[i] = c.batch.from[i-1], c.batch.to[i-1]
			continue
		}
		from := len(c.arena)
		if from > maxArena { // hostile
			return errLength
		}
		c.arena = append(append(c.arena, c.arena[last:last+prefix]...), c.rest[:size]...)
		c.rest = c.rest[size:]
		c.batch.from[i], c.batch.to[i], last = uint32(from), uint32(len(c.arena)), from
	}
	c.batch.data = c.arena
	c.last = append(c.last[:0], c.arena[last:]...)
	return nil
}

// observe looks at the values that are not NULL, at the front of the batch.
func (c *textColumn) observe(present int) {
	if present == 0 {
		return
	}
	first := c.batch.at(0)
	c.validate(first)
	if !c.bounded {
		c.bound(first)
	}
	// Most values differ from the bounds in what begins them. Ids do not, but ascend:
	// what is behind the greatest need not be compared with the least.
	least, greatest := c.least, c.greatest
	low, high := head(least), head(greatest)
	for i := range present {
		if c.batch.repeats(i) {
			continue
		}
		v := c.batch.at(i)
		c.validate(v)
		switch h := head(v); {
		case h > high || h == high && bytes.Compare(v, greatest) > 0:
			greatest, high = v, h
		case h < low || h == low && bytes.Compare(v, least) < 0:
			least, low = v, h
		}
	}
	c.bound(least)
	c.bound(greatest)
}

// head is the first eight bytes of a value, as a number that is ordered as they are.
func head(v []byte) uint64 {
	if len(v) >= 8 {
		return binary.BigEndian.Uint64(v)
	}
	var b [8]byte
	copy(b[:], v)
	return binary.BigEndian.Uint64(b[:])
}

func (c *textColumn) validate(v []byte) {
	if !c.known && !utf8.Valid(v) {
		c.notUTF8(v)
	}
}

// notUTF8 reports a value, once.
func (c *textColumn) notUTF8(v []byte) {
	if !c.broken {
		c.broken = true
		c.table.part.addf("%s: %s is not UTF-8", c.where(), show(v))
	}
}

// bound takes a value into the bounds.
func (c *textColumn) bound(v []byte) {
	if !c.bounded || bytes.Compare(v, c.least) < 0 {
		c.least = append(c.least[:0], v...)
	}
	if !c.bounded || bytes.Compare(v, c.greatest) > 0 {
		c.greatest = append(c.greatest[:0], v...)
	}
	c.bounded = true
}

func (c *textColumn) finish(r *report) error {
	least, greatest, ok, err := c.end(r)
	if err != nil {
		return err
	}
	for i, used := range c.used {
		if used {
			c.validate(c.words.at(i))
			c.bound(c.words.at(i))
		}
	}
	switch {
	case !ok:
	case !c.bounded:
		r.addf("%s: its statistics have bounds that are none", c.where())
	case !bytes.Equal(least, c.least) || !bytes.Equal(greatest, c.greatest):
		r.addf("%s: its statistics say that values go from %s to %s, and they go from %s to %s",
			c.where(), show(least), show(greatest), show(c.least), show(c.greatest))
	}
	return nil
}

// equal reports whether a and b are equal. NULL, which is nil, equals itself.
func equal(a, b []byte) bool { return bytes.Equal(a, b) && (a == nil) == (b == nil) }

// show is a value in a message, at a bounded length.
func show(b []byte) string {
	const most = 80
	switch {
	case b == nil:
		return "NULL"
	case len(b) > most:
		return fmt.Sprintf("%q and %d more bytes", b[:most], len(b)-most)
	}
	return fmt.Sprintf("%q", b)
}
