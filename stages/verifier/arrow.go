package verifier

import (
	"errors"

	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/apache/arrow/go/v17/parquet/file"
)

var errDisagree = errors.New("other values come out than when Arrow decodes them")

// agree has Arrow decode the first batch of a column, and verifies that it comes to
// the same. It is done in each part, so that what is published is read by
// other people's decoders too. For every value, they take nearly as long as the whole
// verification does.
func agree[V any](l *levels, same func(i int, v V) bool) error {
	// An empty buffer pool is enough: it is for values that are skipped.
	reader := file.NewColumnReader(l.schema, l.again(), memory.DefaultAllocator, nil).(interface {
		ReadBatch(n int64, values []V, defs, reps []int16) (int64, int, error)
	})
	values := make([]V, l.n)
	var defs, reps []int16
	if l.maxDef > 0 {
		defs = make([]int16, l.n)
	}
	if l.maxRep > 0 {
		reps = make([]int16, l.n)
	}
	got, present, err := reader.ReadBatch(int64(l.n), values, defs, reps)
	if err != nil {
		return err
	}
	ok, at := got == int64(l.n), 0
	for i := 0; ok && i < l.n; i++ {
		null := defs != nil && uint32(defs[i]) < l.maxDef
		ok = null == l.null(i) && (reps == nil || uint32(reps[i]) == l.reps[i] && uint32(defs[i]) == l.defs[i])
		if ok && !null {
			ok = same(i, values[at])
			at++
		}
	}
	if !ok || at != present {
		return errDisagree
	}
	return nil
}

func (c *textColumn) agree() error {
	return agree(&c.levels, func(i int, v parquet.ByteArray) bool { return equal(v, c.at(i)) || len(v) == 0 && len(c.at(i)) == 0 })
}

func (c *numberColumn[T]) agree() error {
	return agree(&c.levels, func(i int, v T) bool { return v == c.values[i] || v != v && c.values[i] != c.values[i] })
}

// again is the page that is being read, behind its dictionary, for Arrow.
func (l *levels) again() file.PageReader {
	var p readPages
	if l.seen {
		p.rest = append(p.rest, file.NewDictionaryPage(memory.NewBufferBytes(l.dict), l.entries, parquet.Encodings.Plain))
	}
	p.rest = append(p.rest, l.reader.Page())
	return &p
}

// readPages are pages that were read.
type readPages struct {
	page file.Page
	rest []file.Page
}

// Next implements file.PageReader.
func (p *readPages) Next() bool {
	if p.page = nil; len(p.rest) > 0 {
		p.page, p.rest = p.rest[0], p.rest[1:]
	}
	return p.page != nil
}

// Page implements file.PageReader.
func (p *readPages) Page() file.Page { return p.page }

// Err implements file.PageReader.
func (p *readPages) Err() error { return nil }

// SetMaxPageHeaderSize implements file.PageReader.
func (p *readPages) SetMaxPageHeaderSize(int) {}

// Reset implements file.PageReader.
func (p *readPages) Reset(parquet.BufferedReader, int64, compress.Compression, *file.CryptoContext) {}
