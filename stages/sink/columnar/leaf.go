package columnar

import (
	"cmp"
	"hash/crc32"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"github.com/quern-data/quern/schema"
)

// leaf is one column of a file: what its kind of values has in common with the
// others.
type leaf struct {
	file                         *File
	path                         []string
	kind                         kind
	maxRepetition, maxDefinition uint8

	// The page in the making.
	repetition, definition runs
	values                 int // NULLs and empty lists, too
	nulls                  int
	rows                   int

	// The column chunk.
	chunk        []byte // complete pages
	uncompressed int64
	chunkValues  int
	chunkNulls   int
	chunkRows    int
	pages        []page

	// The page index, by row group.
	columnIndexes, offsetIndexes [][]byte
}

// kind is the values of a leaf, of one type.
type kind interface {
	holds(k schema.Kind) bool
	physical() format.Type
	encoding() format.Encoding
	full() bool // whether the values of a page are as many as they may be
	// encode appends the page's values that are not NULL. bounds are the least and
	// the greatest of them, in plain encoding, nil if there is none; they are valid
	// until the next page.
	encode(dst []byte) ([]byte, error)
	bounds() (least, greatest []byte)
	resetPage()
	compare(a, b []byte) int
	// dictionary appends that of the column chunk, and returns how many values it
	// has, -1 if there is none.
	dictionary(dst []byte) ([]byte, int)
	resetChunk()
}

// page is a complete page of a column chunk.
type page struct {
	offset, size    int // in the chunk
	firstRow        int
	nulls           int
	least, greatest []byte // nil if it has nothing but NULLs
}

func newKind(l *leaf, c schema.Column) kind {
	switch c.Type.Kind {
	case schema.String:
		// Bounds are never nil: "" may be one.
		s := &Strings{leaf: l, delta: c.Encoding == schema.Delta, least: []byte{}, greatest: []byte{}}
		if c.Encoding == schema.Dictionary {
			s.dict = newDictionary[string]()
		}
		return s
	case schema.Int32:
		return newNumbers[int32](l, c)
	case schema.Int64:
		return newNumbers[int64](l, c)
	case schema.Double:
		return newNumbers[float64](l, c)
	case schema.Bool:
		return &Bools{leaf: l}
	}
	panic("columnar: no column for " + string(c.Type.Kind))
}

func newNumbers[T number](l *leaf, c schema.Column) *Numbers[T] {
	n := &Numbers[T]{leaf: l, delta: c.Encoding == schema.Delta}
	if c.Encoding == schema.Dictionary {
		n.dict = newDictionary[T]()
	}
	return n
}

func (l *leaf) name() string {
	name := l.path[0]
	for _, p := range l.path[1:] {
		name += "." + p
	}
	return name
}

// present notes the levels of n rows that have a value each.
func (l *leaf) present(n int) {
	if l.maxDefinition > 0 {
		l.definition.add(uint32(l.maxDefinition), n)
	}
	l.values += n
	l.rows += n
}

// element notes those of an element of a list, of the given level of definition.
// first starts the list of a new row.
func (l *leaf) element(first bool, definition uint8) {
	repetition := uint32(1)
	if first {
		repetition = 0
		l.rows++
	}
	l.repetition.add(repetition, 1)
	l.definition.add(uint32(definition), 1)
	l.values++
}

// Null adds n rows that are NULL.
func (l *leaf) Null(n int) { l.missing(l.maxDefinition-1, n) }

// NullElement adds a NULL to a list. first starts the list of a new row.
func (l *leaf) NullElement(first bool) {
	l.element(first, l.maxDefinition-1)
	l.nulls++
}

// Empty adds n rows whose list has no element.
func (l *leaf) Empty(n int) {
	l.repetition.add(0, n)
	l.missing(0, n)
}

// missing notes n rows without a value, and the level of definition that they have.
func (l *leaf) missing(definition uint8, n int) {
	l.definition.add(uint32(definition), n)
	l.values += n
	l.nulls += n
	l.rows += n
}

// endPage completes the page in the making. It is called between two rows. What
// goes wrong is kept for File.Next and File.Close to return.
func (l *leaf) endPage() {
	if l.values == 0 {
		return
	}
	if err := l.writePage(); err != nil {
		l.file.err = cmp.Or(l.file.err, err)
	}
	l.resetPage()
}

func (l *leaf) writePage() error {
	f := l.file
	levels := f.room.levels[:0]
	if l.maxRepetition > 0 {
		levels = l.repetition.encode(levels, width(int(l.maxRepetition)))
	}
	repetition := len(levels)
	if l.maxDefinition > 0 {
		levels = l.definition.encode(levels, width(int(l.maxDefinition)))
	}
	encoded, err := l.kind.encode(f.room.encoded[:0])
	if err != nil {
		return err
	}
	compressed := f.options.Compressor.EncodeAll(encoded, f.room.compressed[:0])
	f.room.levels, f.room.encoded, f.room.compressed = levels, encoded, compressed
	header := format.PageHeader{
		Type:                 format.DataPageV2,
		UncompressedPageSize: int32(len(levels) + len(encoded)),
		CompressedPageSize:   int32(len(levels) + len(compressed)),
		CRC:                  int32(crc32.Update(crc32.ChecksumIEEE(levels), crc32.IEEETable, compressed)),
		DataPageHeaderV2: thrift.New(format.DataPageHeaderV2{
			NumValues: int32(l.values), NumNulls: int32(l.nulls), NumRows: int32(l.rows),
			Encoding:                   l.kind.encoding(),
			DefinitionLevelsByteLength: int32(len(levels) - repetition),
			RepetitionLevelsByteLength: int32(repetition),
			IsCompressed:               thrift.New(true),
		}),
	}
	text, err := marshal(&header)
	if err != nil {
		return err
	}
	p := page{offset: len(l.chunk), firstRow: l.chunkRows, nulls: l.nulls}
	if least, greatest := l.kind.bounds(); least != nil {
		p.least, p.greatest = append([]byte{}, least...), append([]byte{}, greatest...)
	}
	l.chunk = append(append(append(l.chunk, text...), levels...), compressed...)
	p.size = len(l.chunk) - p.offset
	l.pages = append(l.pages, p)
	f.held += p.size
	l.uncompressed += int64(len(text) + len(levels) + len(encoded))
	l.chunkValues += l.values
	l.chunkNulls += l.nulls
	l.chunkRows += l.rows
	return nil
}

func (l *leaf) resetPage() {
	l.repetition, l.definition = l.repetition[:0], l.definition[:0]
	l.values, l.nulls, l.rows = 0, 0, 0
	l.kind.resetPage()
}

func (l *leaf) resetChunk() {
	l.resetPage()
	l.kind.resetChunk()
	l.chunk, l.pages = l.chunk[:0], l.pages[:0]
	l.uncompressed, l.chunkValues, l.chunkNulls, l.chunkRows = 0, 0, 0, 0
}

func (l *leaf) reset() {
	l.resetChunk()
	l.columnIndexes, l.offsetIndexes = l.columnIndexes[:0], l.offsetIndexes[:0]
}

// end writes the column chunk, whose pages are complete, and says in c where it lies and what it holds.
func (l *leaf) end(c *format.ColumnChunk) error {
	f := l.file
	start := f.offset
	meta := &c.MetaData
	*meta = format.ColumnMetaData{
		Type: l.kind.physical(), PathInSchema: l.path, Codec: format.Zstd, NumValues: int64(l.chunkValues),
		TotalUncompressedSize: l.uncompressed,
	}
	encoded, n := l.kind.dictionary(f.room.encoded[:0])
	f.room.encoded = encoded
	if n >= 0 {
		meta.DictionaryPageOffset = start
		meta.Encoding = append(meta.Encoding, format.Plain)
		meta.EncodingStats = append(meta.EncodingStats, format.PageEncodingStats{PageType: format.DictionaryPage, Encoding: format.Plain, Count: 1})
		f.room.compressed = f.options.Compressor.EncodeAll(encoded, f.room.compressed[:0])
		header, err := marshal(&format.PageHeader{
			Type: format.DictionaryPage, UncompressedPageSize: int32(len(encoded)), CompressedPageSize: int32(len(f.room.compressed)),
			CRC:                  int32(crc32.ChecksumIEEE(f.room.compressed)),
			DictionaryPageHeader: thrift.New(format.DictionaryPageHeader{NumValues: int32(n), Encoding: format.Plain}),
		})
		if err != nil {
			return err
		}
		if err := f.write(header); err != nil {
			return err
		}
		if err := f.write(f.room.compressed); err != nil {
			return err
		}
		meta.TotalUncompressedSize += int64(len(header) + len(encoded))
	}
	if l.maxDefinition > 0 {
		meta.Encoding = append(meta.Encoding, format.RLE)
	}
	meta.Encoding = append(meta.Encoding, l.kind.encoding())
	meta.EncodingStats = append(meta.EncodingStats, format.PageEncodingStats{
		PageType: format.DataPageV2, Encoding: l.kind.encoding(), Count: int32(len(l.pages)),
	})
	meta.DataPageOffset = f.offset
	meta.Statistics = l.statistics()
	if err := l.index(f.offset); err != nil {
		return err
	}
	if err := f.write(l.chunk); err != nil {
		return err
	}
	meta.TotalCompressedSize = f.offset - start
	return nil
}

// statistics are those of the column chunk. Bounds are exact: a query engine may
// answer from them alone.
func (l *leaf) statistics() format.Statistics {
	s := format.Statistics{NullCount: int64(l.chunkNulls)}
	for i := range l.pages {
		p := &l.pages[i]
		if p.least == nil {
			continue
		}
		if s.MinValue == nil || l.kind.compare(p.least, s.MinValue) < 0 {
			s.MinValue = p.least
		}
		if s.MaxValue == nil || l.kind.compare(p.greatest, s.MaxValue) > 0 {
			s.MaxValue = p.greatest
		}
	}
	return s
}

// index keeps the page index of the column chunk, whose pages begin at the given
// offset of the file.
func (l *leaf) index(offset int64) error {
	var columns format.ColumnIndex
	var offsets format.OffsetIndex
	var before *page // the last with values
	ascending, descending := true, true
	for i := range l.pages {
		p := &l.pages[i]
		offsets.PageLocations = append(offsets.PageLocations, format.PageLocation{
			Offset: offset + int64(p.offset), CompressedPageSize: int32(p.size), FirstRowIndex: int64(p.firstRow),
		})
		columns.NullPages = append(columns.NullPages, p.least == nil)
		columns.NullCounts = append(columns.NullCounts, int64(p.nulls))
		least, greatest := []byte{}, []byte{}
		if p.least != nil {
			least, greatest = p.least, p.greatest
			if l.kind.holds(schema.String) {
				least, greatest = lowerBound(least), upperBound(greatest)
			}
			if before != nil {
				a, b := l.kind.compare(before.least, p.least), l.kind.compare(before.greatest, p.greatest)
				ascending, descending = ascending && a <= 0 && b <= 0, descending && a >= 0 && b >= 0
			}
			before = p
		}
		columns.MinValues, columns.MaxValues = append(columns.MinValues, least), append(columns.MaxValues, greatest)
	}
	switch {
	case ascending:
		columns.BoundaryOrder = format.Ascending
	case descending:
		columns.BoundaryOrder = format.Descending
	}
	text, err := marshal(&columns)
	if err != nil {
		return err
	}
	l.columnIndexes = append(l.columnIndexes, text)
	if text, err = marshal(&offsets); err != nil {
		return err
	}
	l.offsetIndexes = append(l.offsetIndexes, text)
	return nil
}
