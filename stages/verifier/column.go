package verifier

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/file"
	pqschema "github.com/apache/arrow/go/v17/parquet/schema"
)

// leaf is a column of values.
type leaf interface {
	// start begins with the chunk of a row group.
	start(t *tableReader, group int) error
	// ready is how many values can be read before the next page, and 0 where none is
	// left.
	ready() (int, error)
	// fill reads the next n values into the batch, at most as many as are ready.
	fill(n int) error
	// agree verifies that Arrow makes the same of the batch, which is the first of a
	// page.
	agree() error
	// finish verifies that nothing is left, and that the statistics say the truth.
	finish(r *report) error
	common() *levels
}

// levels is what all columns have in common: pages, and which of their values are
// NULL or begin a row.
type levels struct {
	pages
	schema *pqschema.Column // nil for an Arrow file
	arrow  *arrowLeaf       // nil for a Parquet file
	name   string
	index  int
	maxDef uint32
	maxRep uint32
	table  *tableReader
	group  int
	values int64 // in the chunk
	read   int64 // of them
	left   int   // of them in the page

	n    int  // in the batch
	all  bool // whether none of the batch is NULL
	none bool // whether every one is
	// defs is set where neither all nor none is, and in lists; reps in lists.
	defs, reps []uint32
	nulls      int64 // in the chunk so far

	defLevels, repLevels hybrid
	encoding             parquet.Encoding
	decode               func(data []byte) error        // begins with the values of a page
	dictionary           func(n int, data []byte) error // begins with a dictionary in plain encoding
	dict                 []byte                         // it
	entries              int32                          // of it
	seen                 bool                           // whether there is one
}

// parquetLevels are those of a leaf of a Parquet file.
func parquetLevels(s *pqschema.Column, index int) levels {
	return levels{
		schema: s, name: s.Path(), index: index, maxDef: uint32(s.MaxDefinitionLevel()), maxRep: uint32(s.MaxRepetitionLevel()),
		defs: make([]uint32, batch), reps: make([]uint32, batch),
	}
}

func (l *levels) common() *levels { return l }

// null reports whether the column has NULL at place i of the batch.
func (l *levels) null(i int) bool { return l.none || !l.all && l.defs[i] < l.maxDef }

func (l *levels) open(t *tableReader, group int) error {
	l.table, l.group = t, group
	if l.arrow != nil {
		n, err := l.arrow.open(t.part.arrow.batch, l.maxDef)
		l.values, l.read, l.left, l.n, l.nulls = int64(n), 0, n, 0, 0
		return err
	}
	chunk := t.part.reader.MetaData().RowGroups[group].Columns[l.index].MetaData
	start := chunk.DataPageOffset
	if chunk.IsSetDictionaryPageOffset() {
		start = min(start, chunk.GetDictionaryPageOffset())
	}
	l.values, l.read, l.left, l.n, l.nulls, l.seen = chunk.NumValues, 0, 0, 0, 0, false
	return l.pages.open(t.part.file, start, chunk.TotalCompressedSize, l.values)
}

func (l *levels) ready() (int, error) {
	for l.left == 0 && l.arrow == nil {
		page, err := l.next()
		if page == nil || err != nil {
			return 0, err
		}
		data := page.Data()
		switch p := page.(type) {
		case *file.DictionaryPage:
			if l.seen {
				return 0, errors.New("it has two dictionaries")
			}
			if e := parquet.Encoding(p.Encoding()); e != parquet.Encodings.Plain && e != parquet.Encodings.PlainDict {
				return 0, fmt.Errorf("its dictionary is encoded as %s", e)
			}
			l.dict, l.entries, l.seen = append(l.dict[:0], data...), p.NumValues(), true
			if err := l.dictionary(int(p.NumValues()), l.dict); err != nil {
				return 0, err
			}
			continue
		case *file.DataPageV1:
			if l.maxRep > 0 {
				if data, err = levelsV1(&l.repLevels, data, p.RepetitionLevelEncoding(), l.maxRep); err != nil {
					return 0, err
				}
			}
			if l.maxDef > 0 {
				if data, err = levelsV1(&l.defLevels, data, p.DefinitionLevelEncoding(), l.maxDef); err != nil {
					return 0, err
				}
			}
		case *file.DataPageV2:
			reps, defs := int(p.RepetitionLevelByteLen()), int(p.DefinitionLevelByteLen())
			if reps > len(data) || defs > len(data)-reps {
				return 0, errEnds
			}
			l.repLevels = newHybrid(data[:reps], levelWidth(l.maxRep))
			l.defLevels = newHybrid(data[reps:reps+defs], levelWidth(l.maxDef))
			data = data[reps+defs:]
		default:
			continue // an index
		}
		l.left = int(page.NumValues())
		l.encoding = parquet.Encoding(page.Encoding())
		if err := l.decode(data); err != nil {
			return 0, err
		}
	}
	return l.left, nil
}

// levelsV1 begins with levels as they stand in pages of version 1, and returns what
// is behind them.
func levelsV1(h *hybrid, data []byte, e parquet.Encoding, most uint32) ([]byte, error) {
	if e != parquet.Encodings.RLE {
		return nil, fmt.Errorf("its levels are encoded as %s", e)
	}
	if len(data) < 4 {
		return nil, errEnds
	}
	size := binary.LittleEndian.Uint32(data)
	if data = data[4:]; int64(size) > int64(len(data)) {
		return nil, errEnds
	}
	*h = newHybrid(data[:size], levelWidth(most))
	return data[size:], nil
}

// fillLevels reads the levels of the next n values, and returns how many are not
// NULL.
func (l *levels) fillLevels(n int) (present int, err error) {
	if n > l.left {
		return 0, fmt.Errorf("it ends after %d values", l.read)
	}
	l.n, l.left, l.read = n, l.left-n, l.read+int64(n)
	l.all, l.none = l.maxDef == 0, false
	if l.arrow != nil {
		present = l.arrow.levels(l)
		l.all, l.none = present == n, present == 0 && l.maxDef > 0
		l.nulls += int64(n - present)
		return present, nil
	}
	if l.maxRep > 0 {
		if err := l.repLevels.read(l.reps[:n]); err != nil {
			return 0, err
		}
	}
	if l.all {
		return n, nil
	}
	if level, ok := l.defLevels.same(n); ok && l.maxRep == 0 {
		if l.all, l.none = level == l.maxDef, level < l.maxDef; l.all {
			return n, nil
		}
		l.nulls += int64(n)
		return 0, nil
	} else if ok {
		for i := range n {
			l.defs[i] = level
		}
	} else if err := l.defLevels.read(l.defs[:n]); err != nil {
		return 0, err
	}
	for _, level := range l.defs[:n] {
		if level == l.maxDef {
			present++
		}
	}
	l.all, l.none = present == n, present == 0
	l.nulls += int64(n - present)
	return present, nil
}

// spread moves the values at the front of the batch to their places among the
// NULLs.
func spread[T any](l *levels, values []T, present int, null T) {
	if present == l.n {
		return
	}
	for i := l.n - 1; i >= 0; i-- {
		if l.none || l.defs[i] != l.maxDef {
			values[i] = null
			continue
		}
		present--
		values[i] = values[present]
	}
}

// end verifies that nothing is left, and returns the statistics if they are to be
// compared.
func (l *levels) end(r *report) (least, greatest []byte, ok bool, err error) {
	if l.left == 0 && l.read == l.values {
		if _, err := l.ready(); err != nil {
			return nil, nil, false, err
		}
	}
	if l.left > 0 || l.read != l.values {
		r.addf("%s has %d values, of which %d belong to its rows", l.where(), l.values, l.read)
		return nil, nil, false, nil
	}
	if l.arrow != nil {
		return nil, nil, false, nil // it has none
	}
	s := l.table.part.reader.MetaData().RowGroups[l.group].Columns[l.index].MetaData.Statistics
	if s == nil || !s.IsSetNullCount() {
		return nil, nil, false, nil // form told
	}
	if got := s.GetNullCount(); got != l.nulls {
		r.addf("%s: its statistics count %d NULLs, and there are %d", l.where(), got, l.nulls)
	}
	return s.MinValue, s.MaxValue, s.MinValue != nil && s.MaxValue != nil, nil
}

func (l *levels) where() string {
	return fmt.Sprintf("%s %d, column %s", l.table.part.unit(), l.group, l.name)
}

var errDictionary = errors.New("it has values of a dictionary, and none before them")

// resize is a slice of n values, whichever they are.
func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
