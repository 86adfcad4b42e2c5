package verifier

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v17/parquet"

	pqschema "github.com/apache/arrow/go/v17/parquet/schema"
	"github.com/quern-data/quern/stages/guard"
)

// batch is how many rows, or values of a list, are read at a time. Their columns
// stay in the processor's cache.
const batch = 1024

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

// newTableReader is a reader of a part with the form that it should have. Buffers
// are those of a part of the same table that was read before, if there is one.
func newTableReader(p *part) *tableReader {
	if t, ok := p.layout.readers[p.table.Name].Get().(*tableReader); ok {
		*t = tableReader{part: p, leaves: t.leaves, names: t.names, row: -1}
		return t
	}
	t := &tableReader{part: p, names: map[string]leaf{}, row: -1}
	if p.arrow != nil {
		t.leaves = arrowLeaves(p.table)
	} else {
		t.leaves = parquetLeaves(p.reader.MetaData().Schema)
	}
	for _, l := range t.leaves {
		t.names[l.common().name] = l
	}
	return t
}

func parquetLeaves(columns *pqschema.Schema) (leaves []leaf) {
	for i := range columns.NumColumns() {
		s := columns.Column(i)
		switch l := parquetLevels(s, i); s.PhysicalType() {
		case parquet.Types.ByteArray:
			leaves = append(leaves, newText(l))
		case parquet.Types.Int32:
			leaves = append(leaves, newNumber(l, &kindInt32))
		case parquet.Types.Int64:
			leaves = append(leaves, newNumber(l, &kindInt64))
		case parquet.Types.Double:
			leaves = append(leaves, newNumber(l, &kindFloat))
		default:
			leaves = append(leaves, newNumber(l, &kindBool))
		}
	}
	return leaves
}

// keep leaves the buffers of a reader to another.
func keep(t *tableReader) {
	t.part.layout.readers[t.part.table.Name].Put(t)
}

func (t *tableReader) string(name string) *textColumn { return t.names[name].(*textColumn) }
func (t *tableReader) int32(name string) *numberColumn[int32] {
	return t.names[name].(*numberColumn[int32])
}

func (t *tableReader) int64(name string) *numberColumn[int64] {
	return t.names[name].(*numberColumn[int64])
}

func (t *tableReader) double(name string) *numberColumn[float64] {
	return t.names[name].(*numberColumn[float64])
}

func (t *tableReader) bool(name string) *numberColumn[bool] {
	return t.names[name].(*numberColumn[bool])
}

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
	for t.left == 0 {
		if t.group > 0 && !t.finish() {
			return false
		}
		if t.group == t.part.groups() {
			if t.part.arrow != nil {
				t.part.arrow.finish(t.part, t.row)
			}
			return false
		}
		if t.left, t.err = t.part.begin(t.group); t.err != nil {
			return false
		}
		for _, l := range t.leaves {
			if t.err = t.try(l, func() error { return l.start(t, t.group) }); t.err != nil {
				return false
			}
		}
		t.group++
	}
	// A batch ends where a page of any column does: pages are not kept.
	n := int(min(t.left, batch))
	for _, l := range t.leaves {
		if l.common().maxRep > 0 {
			continue // a list reads them
		}
		t.err = t.try(l, func() error {
			ready, err := l.ready()
			if err == nil && ready == 0 {
				err = fmt.Errorf("it ends after %d values", l.common().read)
			}
			n = min(n, ready)
			return err
		})
		if t.err != nil {
			return false
		}
	}
	t.i, t.n, t.left = 0, n, t.left-int64(n)
	for _, l := range t.leaves {
		if l.common().maxRep > 0 {
			continue
		}
		if t.err = t.try(l, func() error { return fill(l, n) }); t.err != nil {
			return false
		}
	}
	return true
}

// fill reads the next n values of a column.
func fill(l leaf, n int) error {
	err := l.fill(n)
	if c := l.common(); err == nil && c.arrow == nil && c.group == 0 && c.read == int64(n) && n > 0 {
		err = l.agree()
	}
	return err
}

// finish ends a row group.
func (t *tableReader) finish() bool {
	for _, l := range t.leaves {
		if t.err = t.try(l, func() error { return l.finish(&t.part.report) }); t.err != nil {
			return false
		}
	}
	return true
}

// try is what f returns, with the place in front.
func (t *tableReader) try(l leaf, f func() error) error {
	err := guard.Safely(f)
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %d, column %s cannot be read: %w", t.part.unit(), max(t.group-1, 0), l.common().name, err)
}

// list reads the elements of a column that is a list or map, for one row after
// the other.
type list struct {
	table  *tableReader
	fields []*textColumn // of an element
	at     int           // in the batch
	n      int           // in the batch
	group  int           // that the batch is of
	// codes has, for each field, the elements of the row: their places in the
	// dictionary, or from kept on, in values.
	codes  [][]uint32
	values texts
}

// kept marks a place in list.values.
const kept = 1 << 31

func (t *tableReader) list(fields ...string) *list {
	l := &list{table: t, codes: make([][]uint32, len(fields))}
	for _, name := range fields {
		l.fields = append(l.fields, t.string(name))
	}
	t.lists = append(t.lists, l)
	return l
}

// len is how many elements the row has.
func (l *list) len() int { return len(l.codes[0]) }

// value is a field of an element of the row.
func (l *list) value(field, element int) []byte {
	code := l.codes[field][element]
	if code >= kept {
		return l.values.at(int(code - kept))
	}
	return l.fields[field].words.at(int(code))
}

// String is the first field of the elements of the row, for messages.
func (l *list) String() string {
	var all []string
	for i := range l.len() {
		all = append(all, show(l.value(0, i)))
	}
	return "[" + strings.Join(all, ", ") + "]"
}

var errList = errors.New("its elements and its rows do not fit together")

// next reads the elements of the next row.
func (l *list) next() error {
	for i := range l.codes {
		l.codes[i] = l.codes[i][:0]
	}
	l.values.data, l.values.from, l.values.to = l.values.data[:0], l.values.from[:0], l.values.to[:0]
	if l.group != l.table.group {
		l.group, l.at, l.n = l.table.group, 0, 0
	}
	head := l.fields[0]
	for first := true; ; first = false {
		if l.at >= l.n {
			if err := l.fill(); err != nil {
				return err
			}
		}
		if l.n == 0 || head.reps[l.at] == 0 != first {
			if first {
				return l.table.try(head, func() error { return errList })
			}
			return nil // the next row
		}
		for i, f := range l.fields {
			switch exists := f.defs[l.at] > 0; {
			case exists != (head.defs[l.at] > 0):
				return l.table.try(f, func() error { return errList })
			case !exists:
			case f.coded:
				l.codes[i] = append(l.codes[i], f.codes[l.at])
			default:
				l.codes[i] = append(l.codes[i], kept+uint32(len(l.values.from)))
				l.values.add(f.at(l.at))
			}
		}
		l.at++
	}
}

// fill reads the next batch of elements.
func (l *list) fill() error {
	l.at, l.n = 0, batch
	for _, f := range l.fields {
		err := l.table.try(f, func() error {
			ready, err := f.ready()
			l.n = min(l.n, ready)
			return err
		})
		if err != nil {
			return err
		}
	}
	head := l.fields[0]
	for _, f := range l.fields {
		err := l.table.try(f, func() error {
			if err := fill(f, l.n); err != nil {
				return err
			}
			if !slices.Equal(f.reps[:l.n], head.reps[:l.n]) {
				return errList
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
