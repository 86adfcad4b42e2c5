package verifier

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/file"
	pqschema "github.com/apache/arrow/go/v17/parquet/schema"
)

// batch is how many rows, or values of a list, are read at a time. Their columns
// stay in the processor's cache.
const batch = 1024

// leaf is a column of values.
type leaf interface {
	// start begins with the chunk of a row group.
	start(t *tableReader, group int) error
	// fill reads the next n values into the batch. If there are fewer it is an
	// error.
	fill(n int) error
	// finish verifies that nothing is left, and that the statistics say the truth.
	finish(r *report)
	levels() *levelBatch
}

// levelBatch are the levels of the values in a batch. defs is nil where a value is
// never NULL, reps where there is one a row.
type levelBatch struct {
	n          int
	defs, reps []int16
}

// column is a leaf of values of one type. values has the batch: one for each row,
// or each element of a list and each empty list; what is NULL is zero.
type column[T any] struct {
	levelBatch
	values []T

	name   string
	index  int
	schema *pqschema.Column
	kind   *kind[T]
	chunk  []byte // compressed
	reader batchReader[T]
	read   int64 // values in this row group so far
	group  int

	nulls    int64
	least    T
	greatest T
	bounded  bool // whether least and greatest are set
	odd      bool // whether there is a value that is no number, and has no place among others
	known    bool // whether all values are compared with others that are looked at
	broken   bool // whether a value was found that is not UTF-8

	table *tableReader
}

// batchReader is one of Arrow's typed column readers.
type batchReader[T any] interface {
	file.ColumnChunkReader
	ReadBatch(n int64, values []T, defs, reps []int16) (int64, int, error)
}

// kind is what differs from type to type.
type kind[T any] struct {
	// observe looks at values that are not NULL.
	observe func(c *column[T], values []T)
	compare func(a, b T) int
	decode  func([]byte) (T, bool) // a bound in statistics
	show    func(T) string
}

var (
	kindBytes = kind[parquet.ByteArray]{
		observeBytes,
		func(a, b parquet.ByteArray) int { return bytes.Compare(a, b) },
		func(b []byte) (parquet.ByteArray, bool) { return b, true },
		show,
	}
	kindInt32 = kind[int32]{
		observeOrdered[int32],
		cmp.Compare[int32],
		func(b []byte) (int32, bool) {
			if len(b) != 4 {
				return 0, false
			}
			return int32(binary.LittleEndian.Uint32(b)), true
		},
		func(n int32) string { return fmt.Sprint(n) },
	}
	kindInt64 = kind[int64]{
		observeOrdered[int64],
		cmp.Compare[int64],
		func(b []byte) (int64, bool) {
			if len(b) != 8 {
				return 0, false
			}
			return int64(binary.LittleEndian.Uint64(b)), true
		},
		func(n int64) string { return fmt.Sprint(n) },
	}
	kindDouble = kind[float64]{
		observeOrdered[float64],
		cmp.Compare[float64],
		func(b []byte) (float64, bool) {
			if len(b) != 8 {
				return 0, false
			}
			return math.Float64frombits(binary.LittleEndian.Uint64(b)), true
		},
		func(f float64) string { return fmt.Sprint(f) },
	}
	kindBool = kind[bool]{
		observeBools,
		func(a, b bool) int { return boolInt(a) - boolInt(b) },
		func(b []byte) (bool, bool) { return len(b) == 1 && b[0] != 0, len(b) == 1 },
		func(b bool) string { return fmt.Sprint(b) },
	}
)

func observeOrdered[T int32 | int64 | float64](c *column[T], values []T) {
	if len(values) > 0 && !c.bounded {
		c.least, c.greatest, c.bounded = values[0], values[0], true
	}
	least, greatest := c.least, c.greatest
	for _, v := range values {
		if v < least {
			least = v
		}
		if v > greatest {
			greatest = v
		}
		if v != v {
			c.odd = true
		}
	}
	c.least, c.greatest = least, greatest
}

func observeBools(c *column[bool], values []bool) {
	if len(values) > 0 && !c.bounded {
		c.least, c.greatest, c.bounded = true, false, true
	}
	for _, v := range values {
		c.least, c.greatest = c.least && v, c.greatest || v
	}
}

func observeBytes(c *column[parquet.ByteArray], values []parquet.ByteArray) {
	if len(values) > 0 && !c.bounded {
		c.least, c.greatest, c.bounded = values[0], values[0], true
	}
	var last parquet.ByteArray // nil is no value
	for _, v := range values {
		if last != nil && sameBytes(v, last) {
			continue
		}
		last = v
		if !c.known && !c.broken && !utf8.Valid(v) {
			c.broken = true
			c.table.part.addf("row group %d, column %s: %s is not UTF-8", c.group, c.name, show(v))
		}
		if bytes.Compare(v, c.least) < 0 {
			c.least = v
		} else if bytes.Compare(v, c.greatest) > 0 {
			c.greatest = v
		}
	}
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// sameBytes reports whether a and b are one place in memory, which equal values of
// a dictionary are. Both may be NULL.
func sameBytes(a, b parquet.ByteArray) bool {
	return len(a) == len(b) && (a == nil) == (b == nil) && (len(a) == 0 || &a[0] == &b[0])
}

// equalBytes reports whether a and b are equal. NULL, which is nil, equals itself.
func equalBytes(a, b parquet.ByteArray) bool {
	return sameBytes(a, b) || bytes.Equal(a, b) && (a == nil) == (b == nil)
}

// show is a value in a message, at a bounded length.
func show(b parquet.ByteArray) string {
	const most = 80
	switch {
	case b == nil:
		return "NULL"
	case len(b) > most:
		return fmt.Sprintf("%q and %d more bytes", b[:most], len(b)-most)
	}
	return fmt.Sprintf("%q", b)
}

func newColumn[T any](s *pqschema.Column, index int, k *kind[T]) *column[T] {
	c := &column[T]{name: s.Path(), index: index, schema: s, kind: k, values: make([]T, batch)}
	if s.MaxDefinitionLevel() > 0 {
		c.defs = make([]int16, batch)
	}
	if s.MaxRepetitionLevel() > 0 {
		c.reps = make([]int16, batch)
	}
	return c
}

func (c *column[T]) levels() *levelBatch { return &c.levelBatch }

func (c *column[T]) start(t *tableReader, group int) error {
	c.table, c.group = t, group
	meta := t.part.reader.MetaData()
	chunk := meta.RowGroups[group].Columns[c.index].MetaData
	start := chunk.DataPageOffset
	if chunk.IsSetDictionaryPageOffset() {
		start = min(start, chunk.GetDictionaryPageOffset())
	}
	c.chunk = slices.Grow(c.chunk[:0], int(chunk.TotalCompressedSize))[:chunk.TotalCompressedSize]
	if _, err := t.part.file.ReadAt(c.chunk, start); err != nil {
		return err
	}
	reader, err := file.NewPageReader(&stream{c.chunk}, chunk.NumValues, zstdCodec, nil, nil)
	if err != nil {
		return err
	}
	c.reader = file.NewColumnReader(c.schema, reader, allocator, t.part.reader.BufferPool()).(batchReader[T])
	c.read, c.nulls, c.bounded, c.odd, c.n = 0, 0, false, false, 0
	return nil
}

func (c *column[T]) fill(n int) error {
	got, present, err := c.reader.ReadBatch(int64(n), c.values, c.defs, c.reps)
	if err == nil {
		err = c.reader.Err()
	}
	if err != nil {
		return err
	}
	if got != int64(n) {
		return fmt.Errorf("it ends after %d values", c.read+got)
	}
	c.n, c.read = n, c.read+got
	c.kind.observe(c, c.values[:present])
	if c.defs == nil {
		if present != n {
			return errors.New("it lacks values")
		}
		return nil
	}
	return c.spread(present)
}

// spread moves the values to their places among the NULLs.
func (c *column[T]) spread(present int) error {
	highest, from := c.schema.MaxDefinitionLevel(), present-1
	var null T
	if present == 0 {
		clear(c.values[:c.n])
	}
	for i := c.n - 1; i >= 0 && (from < i || from >= 0); i-- {
		if c.defs[i] != highest {
			c.values[i] = null
			continue
		}
		if from < 0 {
			return errors.New("it lacks values")
		}
		c.values[i] = c.values[from]
		from--
	}
	c.nulls += int64(c.n - present)
	return nil
}

func (c *column[T]) finish(r *report) {
	where := fmt.Sprintf("row group %d, column %s", c.group, c.name)
	chunk := c.table.part.reader.MetaData().RowGroups[c.group].Columns[c.index].MetaData
	if c.read != chunk.NumValues || c.reader.HasNext() {
		r.addf("%s has %d values, of which %d belong to its rows", where, chunk.NumValues, c.read)
		return
	}
	s := chunk.Statistics
	if s == nil || !s.IsSetNullCount() {
		return // form told
	}
	if got := s.GetNullCount(); got != c.nulls {
		r.addf("%s: its statistics count %d NULLs, and there are %d", where, got, c.nulls)
	}
	if c.odd || s.MinValue == nil || s.MaxValue == nil {
		return
	}
	least, ok := c.kind.decode(s.MinValue)
	greatest, also := c.kind.decode(s.MaxValue)
	switch {
	case !ok || !also || !c.bounded:
		r.addf("%s: its statistics have bounds that are none", where)
	case c.kind.compare(least, c.least) != 0 || c.kind.compare(greatest, c.greatest) != 0:
		r.addf("%s: its statistics say that values go from %s to %s, and they go from %s to %s",
			where, c.kind.show(least), c.kind.show(greatest), c.kind.show(c.least), c.kind.show(c.greatest))
	}
}

// null reports whether the column has NULL at place i of the batch.
func (c *column[T]) null(i int) bool {
	return c.defs != nil && c.defs[i] < c.schema.MaxDefinitionLevel()
}

// stream is the bytes of a column chunk, as Arrow wants to read them.
type stream struct{ rest []byte }

func (s *stream) Peek(n int) ([]byte, error) {
	if n > len(s.rest) {
		return s.rest, io.EOF
	}
	return s.rest[:n], nil
}

func (s *stream) Discard(n int) (int, error) {
	n = min(n, len(s.rest))
	s.rest = s.rest[n:]
	return n, nil
}

func (s *stream) Read(p []byte) (int, error) {
	if len(s.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}
