package verifier

import (
	"errors"
	"fmt"
	"slices"

	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/compress"
)

var (
	zstdCodec = compress.Codecs.Zstd
	allocator = memory.NewGoAllocator()
)

// tableReader reads the rows of a part in batches.
type tableReader struct {
	part   *part
	leaves []leaf
	names  map[string]leaf
	lists  []*list

	i     int   // row in the batch
	n     int   // rows in the batch
	row   int64 // row in the part, from 0
	left  int64 // rows of the row group that are in no batch yet
	group int   // the next one
	more  bool  // whether there is a row
	err   error
}

func newTableReader(p *part) *tableReader {
	t := &tableReader{part: p, names: map[string]leaf{}, row: -1}
	columns := p.reader.MetaData().Schema
	for i := range columns.NumColumns() {
		var l leaf
		switch s := columns.Column(i); s.PhysicalType() {
		case parquet.Types.ByteArray:
			l = newColumn(s, i, &kindBytes)
		case parquet.Types.Int32:
			l = newColumn(s, i, &kindInt32)
		case parquet.Types.Int64:
			l = newColumn(s, i, &kindInt64)
		case parquet.Types.Double:
			l = newColumn(s, i, &kindDouble)
		default:
			l = newColumn(s, i, &kindBool)
		}
		t.leaves = append(t.leaves, l)
		t.names[columns.Column(i).Path()] = l
	}
	return t
}

func (t *tableReader) bytes(name string) *column[parquet.ByteArray] {
	return t.names[name].(*column[parquet.ByteArray])
}
func (t *tableReader) int32(name string) *column[int32]    { return t.names[name].(*column[int32]) }
func (t *tableReader) int64(name string) *column[int64]    { return t.names[name].(*column[int64]) }
func (t *tableReader) double(name string) *column[float64] { return t.names[name].(*column[float64]) }
func (t *tableReader) bool(name string) *column[bool]      { return t.names[name].(*column[bool]) }

// next goes to the next row. If more is false then, there is none, or err says why
// it cannot be read.
func (t *tableReader) next() {
	t.row++
	if t.i++; t.i >= t.n && !t.fill() {
		t.more = false
		return
	}
	t.more = true
	for _, l := range t.lists {
		if t.err = l.next(); t.err != nil {
			t.more = false
			return
		}
	}
}

func (t *tableReader) fill() bool {
	meta := t.part.reader.MetaData()
	for t.left == 0 {
		if t.group > 0 && !t.finish() {
			return false
		}
		if t.group == len(meta.RowGroups) {
			return false
		}
		t.left = meta.RowGroups[t.group].NumRows
		for _, l := range t.leaves {
			if t.err = t.try(l, func() error { return l.start(t, t.group) }); t.err != nil {
				return false
			}
		}
		t.group++
	}
	t.i, t.n = 0, int(min(t.left, batch))
	t.left -= int64(t.n)
	for _, l := range t.leaves {
		if l.levels().reps != nil {
			continue // a list reads them
		}
		if t.err = t.try(l, func() error { return l.fill(t.n) }); t.err != nil {
			return false
		}
	}
	return true
}

// finish ends a row group.
func (t *tableReader) finish() bool {
	for _, l := range t.leaves {
		if t.err = t.try(l, func() error { l.finish(&t.part.report); return nil }); t.err != nil {
			return false
		}
	}
	return true
}

// try is what f returns, with the place in front.
func (t *tableReader) try(l leaf, f func() error) error {
	err := safely(f)
	if err == nil {
		return nil
	}
	name := t.part.reader.MetaData().Schema.Column(slices.Index(t.leaves, l)).Path()
	return fmt.Errorf("row group %d, column %s cannot be read: %w", max(t.group-1, 0), name, err)
}

// list reads the elements of a column that is a list or map, for one row after
// the other.
type list struct {
	table  *tableReader
	fields []*column[parquet.ByteArray] // of an element
	at     int                          // in the batch
	group  int                          // that the batch is of
	// elements has the values of each field for the elements of the row.
	elements [][]parquet.ByteArray
}

func (t *tableReader) list(fields ...string) *list {
	l := &list{table: t, elements: make([][]parquet.ByteArray, len(fields))}
	for _, name := range fields {
		l.fields = append(l.fields, t.bytes(name))
	}
	t.lists = append(t.lists, l)
	return l
}

var errList = errors.New("its elements and its rows do not fit together")

// next reads the elements of the next row.
func (l *list) next() error {
	for i := range l.elements {
		l.elements[i] = l.elements[i][:0]
	}
	if l.group != l.table.group {
		l.group, l.at = l.table.group, 0
	}
	for first := true; ; first = false {
		head := l.fields[0]
		if l.at >= head.n {
			more, err := l.fill()
			if err != nil {
				return err
			}
			if !more {
				if first {
					return l.table.try(head, func() error { return errList })
				}
				return nil
			}
		}
		if starts := head.reps[l.at] == 0; starts != first {
			if first {
				return l.table.try(head, func() error { return errList })
			}
			return nil // the next row
		}
		for i, f := range l.fields {
			if (f.defs[l.at] == 0) != (head.defs[l.at] == 0) {
				return l.table.try(f, func() error { return errList })
			}
			if f.defs[l.at] > 0 {
				l.elements[i] = append(l.elements[i], f.values[l.at])
			}
		}
		l.at++
	}
}

// fill reads the next batch of elements. It reports whether there are any.
func (l *list) fill() (bool, error) {
	meta := l.table.part.reader.MetaData().RowGroups[l.table.group-1]
	for _, f := range l.fields {
		n := int(min(meta.Columns[f.index].MetaData.NumValues-f.read, batch))
		if n == 0 {
			return false, nil
		}
		if err := l.table.try(f, func() error { return f.fill(n) }); err != nil {
			return false, err
		}
		if !slices.Equal(f.reps[:f.n], l.fields[0].reps[:l.fields[0].n]) {
			return false, l.table.try(f, func() error { return errList })
		}
	}
	l.at = 0
	return true, nil
}
