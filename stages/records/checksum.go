package records

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// Checksum is a sum over the values of a column that does not depend on the order of
// rows and that any program can compute. Each value is written as bytes:
//
//	NULL     N
//	bool     T or F
//	integer  I, its decimal digits, and ;
//	double   D and its 8 bytes, big-endian; what is no number as 7ff8000000000000
//	string   S, its length in bytes as decimal digits, : and its UTF-8
//	list     [ its elements ]
//	struct   ( its fields in their order )
//	map      { a key, its value, … } by the bytes of the keys
//
// The first 8 bytes of the SHA-256 of that, as a big-endian integer, are added up
// modulo 2^64. That of rows is the same for all values of a row one behind the other.
type Checksum struct {
	Rows  int64
	Nulls int64
	Sum   uint64
}

// Add takes in the values of another part of the column.
func (c *Checksum) Add(o Checksum) {
	c.Rows += o.Rows
	c.Nulls += o.Nulls
	c.Sum += o.Sum
}

// Checksums are those of the columns of a part, and last that of its rows.
func (t *Table) Checksums(ctx context.Context, part int) ([]Checksum, error) {
	columns := t.form.NumFields()
	sums := make([]Checksum, columns+1)
	last := make([]hashed, columns)
	values := make([]appender, columns)
	var row []byte
	for batch, err := range t.Part(ctx, part) {
		if err != nil {
			return nil, err
		}
		for i := range values {
			sums[i].Nulls += int64(batch.Column(i).NullN())
			values[i] = toBytes(batch.Column(i))
		}
		for i := range int(batch.NumRows()) {
			row = row[:0]
			for c, value := range values {
				from := len(row)
				row = value(row, i)
				sums[c].Sum += last[c].of(row[from:])
			}
			sums[columns].Sum += hashOf(row)
		}
		for i := range sums {
			sums[i].Rows += batch.NumRows()
		}
	}
	return sums, nil
}

// hashed is a value and its hash. Most columns have the same value many rows on end.
type hashed struct {
	value []byte
	hash  uint64
}

func (h *hashed) of(value []byte) uint64 {
	if string(h.value) != string(value) {
		h.value, h.hash = append(h.value[:0], value...), hashOf(value)
	}
	return h.hash
}

func hashOf(b []byte) uint64 {
	sum := sha256.Sum256(b)
	return binary.BigEndian.Uint64(sum[:])
}

// toBytes is the values of a column as Checksum has them.
func toBytes(a arrow.Array) appender {
	value := notNullBytes(a)
	if a.NullN() == 0 {
		return value
	}
	return func(b []byte, row int) []byte {
		if a.IsNull(row) {
			return append(b, 'N')
		}
		return value(b, row)
	}
}

func notNullBytes(a arrow.Array) appender {
	switch a := a.(type) {
	case *array.String:
		return func(b []byte, row int) []byte {
			v := a.Value(row)
			return append(append(strconv.AppendInt(append(b, 'S'), int64(len(v)), 10), ':'), v...)
		}
	case *array.Int32:
		return func(b []byte, row int) []byte {
			return append(strconv.AppendInt(append(b, 'I'), int64(a.Value(row)), 10), ';')
		}
	case *array.Int64:
		return func(b []byte, row int) []byte {
			return append(strconv.AppendInt(append(b, 'I'), a.Value(row), 10), ';')
		}
	case *array.Float64:
		return func(b []byte, row int) []byte {
			bits := math.Float64bits(a.Value(row))
			if math.IsNaN(a.Value(row)) {
				bits = 0x7ff8000000000000
			}
			return binary.BigEndian.AppendUint64(append(b, 'D'), bits)
		}
	case *array.Boolean:
		return func(b []byte, row int) []byte {
			if a.Value(row) {
				return append(b, 'T')
			}
			return append(b, 'F')
		}
	case *array.Map: // before List, which it is too
		return mapToBytes(a)
	case *array.List:
		elements := toBytes(a.ListValues())
		return func(b []byte, row int) []byte {
			from, to := a.ValueOffsets(row)
			b = append(b, '[')
			for i := from; i < to; i++ {
				b = elements(b, int(i))
			}
			return append(b, ']')
		}
	case *array.Struct:
		fields := make([]appender, a.NumField())
		for i := range fields {
			fields[i] = toBytes(a.Field(i))
		}
		return func(b []byte, row int) []byte {
			b = append(b, '(')
			for _, field := range fields {
				b = field(b, row)
			}
			return append(b, ')')
		}
	}
	panic("records: no bytes for " + a.DataType().String())
}

func mapToBytes(a *array.Map) appender {
	entries := a.ListValues().(*array.Struct)
	keys, values := toBytes(entries.Field(0)), toBytes(entries.Field(1))
	var order []int
	return func(b []byte, row int) []byte {
		order = byKey(order, a, row)
		b = append(b, '{')
		for _, i := range order {
			b = values(keys(b, i), i)
		}
		return append(b, '}')
	}
}
