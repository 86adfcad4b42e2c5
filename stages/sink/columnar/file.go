// Package columnar writes Parquet files column by column.
//
// It knows the file format, as github.com/apache/parquet-format has it, and what
// schema says of a table. It must not know what the tables are about. Thrift,
// delta encoding and bloom filters are parquet-go's; levels, dictionaries, pages
// and their order are its own, so that a value which is repeated over the rows of
// a document is one call and not one a row.
//
// Columns are filled independently of each other. File.Next is called where all
// have got the same number of rows.
package columnar

import (
	"bytes"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/bloom"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"github.com/quern-data/quern/schema"
)

// Options say how a file is written.
type Options struct {
	// RowGroupRows is how many rows a row group has at most, but for rows that are
	// not to be parted, see File.Next.
	RowGroupRows int
	Compressor   *zstd.Encoder // of all columns, used through EncodeAll alone
	CreatedBy    string
	Bloom        []string // columns of strings, not nullable, that get a bloom filter
}

// Room is the memory in which pages are encoded. Files of one goroutine share it.
type Room struct{ encoded, compressed, levels []byte }

// PageBytes is the size of a page's values before they are encoded. Pages of 1 MiB
// made files 1% larger, those of 256 KiB 7%.
const PageBytes = 2 << 20

const (
	magic = "PAR1"
	// rowGroupBytes is how much of a row group may wait in memory, compressed, until
	// it is complete and can be written.
	rowGroupBytes = 64 << 20
	// boundBytes is the length of the bounds in the page index. Ids begin alike, and
	// 16 bytes, the usual length, end before they differ.
	boundBytes = 64
	// bloomBits is the size of a bloom filter, in bits a value: one look-up in a
	// hundred for an absent id finds a page to read.
	bloomBits = 10
)

// File writes one Parquet file. It is not safe for concurrent use.
type File struct {
	options Options
	room    *Room
	table   schema.Table
	schema  []format.SchemaElement
	leaves  []*leaf

	w        io.Writer
	metadata [][2]string
	offset   int64 // in the file
	held     int   // bytes of complete pages that wait for the end of the row group
	rows     int   // in the row group
	looked   int   // rows when the pages were looked at
	text     int   // bytes of strings since
	total    int64 // in the row groups before
	err      error // the first
	groups   []format.RowGroup
	blooms   []filter
}

// filter is a bloom filter that waits for its place behind the row groups.
type filter struct {
	group, column int
	bits          bloom.SplitBlockFilter
}

// New returns a File for rows of the table. Reset makes it ready to be written
// to.
func New(table schema.Table, room *Room, o Options) *File {
	f := &File{options: o, room: room, table: table}
	f.element(format.SchemaElement{Name: table.Name, NumChildren: children(len(table.Columns))})
	for _, c := range table.Columns {
		f.add(c, nil, 0, 0)
	}
	for _, name := range o.Bloom {
		f.column(name, schema.String).kind.(*Strings).filtered = true
	}
	return f
}

func children(n int) thrift.Null[int32] { return thrift.New(int32(n)) }

func (f *File) element(e format.SchemaElement) { f.schema = append(f.schema, e) }

// add adds a column, with what it consists of, to the schema, and its leaves to
// the file. repeated and optional count the levels above it.
func (f *File) add(c schema.Column, above []string, repeated, optional uint8) {
	path := append(above[:len(above):len(above)], c.Name)
	e := format.SchemaElement{Name: c.Name, RepetitionType: thrift.New(format.Required)}
	if c.Nullable {
		e.RepetitionType = thrift.New(format.Optional)
		optional++
	}
	group := func(e format.SchemaElement, columns ...schema.Column) {
		e.NumChildren = children(len(columns))
		f.element(e)
		for _, c := range columns {
			f.add(c, path, repeated, optional)
		}
	}
	repeat := func(name string) {
		repeated, optional, path = repeated+1, optional+1, append(path, name)
	}
	switch c.Type.Kind {
	case schema.List:
		e.ConvertedType, e.LogicalType.Value = thrift.New(deprecated.List), new(format.ListType)
		e.NumChildren = children(1)
		f.element(e)
		repeat("list")
		group(repeatedGroup("list"), schema.Column{Name: "element", Type: *c.Type.Elem})
	case schema.Map:
		e.ConvertedType, e.LogicalType.Value = thrift.New(deprecated.Map), new(format.MapType)
		e.NumChildren = children(1)
		f.element(e)
		repeat("key_value")
		text := schema.Type{Kind: schema.String}
		group(repeatedGroup("key_value"), schema.Column{Name: "key", Type: text}, schema.Column{Name: "value", Type: text})
	case schema.Struct:
		group(e, c.Type.Fields...)
	default:
		l := &leaf{file: f, path: path, maxRepetition: repeated, maxDefinition: optional}
		l.kind = newKind(l, c)
		e.Type = thrift.New(l.kind.physical())
		switch c.Type.Kind {
		case schema.String:
			e.ConvertedType, e.LogicalType.Value = thrift.New(deprecated.UTF8), new(format.StringType)
		case schema.Int32:
			e.ConvertedType, e.LogicalType.Value = thrift.New(deprecated.Int32), &format.IntType{BitWidth: 32, IsSigned: true}
		case schema.Int64:
			e.ConvertedType, e.LogicalType.Value = thrift.New(deprecated.Int64), &format.IntType{BitWidth: 64, IsSigned: true}
		}
		f.element(e)
		f.leaves = append(f.leaves, l)
	}
}

func repeatedGroup(name string) format.SchemaElement {
	return format.SchemaElement{Name: name, RepetitionType: thrift.New(format.Repeated)}
}

// column is the leaf at a path, its names joined by dots. There is no other than
// those of the table: a wrong name is a mistake in the program.
func (f *File) column(path string, kind schema.Kind) *leaf {
	for _, l := range f.leaves {
		if l.name() == path && l.kind.holds(kind) {
			return l
		}
	}
	panic(fmt.Sprintf("columnar: the table %s has no column %s of %s", f.table.Name, path, kind))
}

// Strings is a column of the table that holds strings.
func (f *File) Strings(path string) *Strings { return f.column(path, schema.String).kind.(*Strings) }

// Int32s is one that holds 32-bit integers.
func (f *File) Int32s(path string) *Numbers[int32] {
	return f.column(path, schema.Int32).kind.(*Numbers[int32])
}

// Int64s is one that holds 64-bit integers.
func (f *File) Int64s(path string) *Numbers[int64] {
	return f.column(path, schema.Int64).kind.(*Numbers[int64])
}

// Doubles is one that holds floating-point numbers.
func (f *File) Doubles(path string) *Numbers[float64] {
	return f.column(path, schema.Double).kind.(*Numbers[float64])
}

// Bools is one that holds truth values.
func (f *File) Bools(path string) *Bools { return f.column(path, schema.Bool).kind.(*Bools) }

// Reset starts a file that goes to w, whatever became of the one before. metadata
// are keys and values, which are written in their order. Buffers are kept.
func (f *File) Reset(w io.Writer, metadata [][2]string) error {
	f.w, f.metadata = w, metadata
	f.offset, f.rows, f.looked, f.text, f.total = 0, 0, 0, 0, 0
	f.groups, f.blooms, f.err = f.groups[:0], f.blooms[:0], nil
	for _, l := range f.leaves {
		l.reset()
	}
	f.held = 0
	return f.write([]byte(magic))
}

func (f *File) write(p []byte) error {
	n, err := f.w.Write(p)
	f.offset += int64(n)
	return err
}

// Next says that n rows come next, of which all columns get the values before it
// is called again. They stand in one row group. It returns what went wrong since
// it was called before.
func (f *File) Next(n int) error {
	if f.rows > 0 && (f.rows+n > f.options.RowGroupRows || f.held >= rowGroupBytes) {
		f.endGroup()
	}
	if f.rows >= f.looked+lookEvery || f.text >= PageBytes {
		f.endPages()
		f.looked, f.text = f.rows, 0
	}
	f.rows += n
	return f.err
}

// lookEvery is after how many rows the pages are looked at, whether they are full;
// they are earlier, if there was much text. To look at each value was 8% of the
// time.
const lookEvery = 128

func (f *File) endPages() {
	for _, l := range f.leaves {
		if l.kind.full() || max(len(l.repetition), len(l.definition)) >= pageRuns {
			l.endPage()
		}
	}
}

// endGroup writes the row group.
func (f *File) endGroup() {
	for _, l := range f.leaves {
		l.endPage()
	}
	if f.err == nil && f.rows > 0 {
		f.err = f.writeGroup()
	}
	f.rows, f.looked, f.text, f.held = 0, 0, 0, 0
}

func (f *File) writeGroup() error {
	start := f.offset
	group := format.RowGroup{
		NumRows: int64(f.rows), FileOffset: start, Ordinal: int16(len(f.groups)),
		Columns: make([]format.ColumnChunk, len(f.leaves)), SortingColumns: f.sorting(),
	}
	for i, l := range f.leaves {
		if l.chunkRows != f.rows {
			return fmt.Errorf("column %s has %d rows, and not %d", l.name(), l.chunkRows, f.rows)
		}
		if err := l.end(&group.Columns[i]); err != nil {
			return err
		}
		group.TotalByteSize += group.Columns[i].MetaData.TotalUncompressedSize
		if s, ok := l.kind.(*Strings); ok && s.filtered {
			f.blooms = append(f.blooms, filter{len(f.groups), i, s.filter()})
		}
		l.resetChunk()
	}
	group.TotalCompressedSize = f.offset - start
	f.groups = append(f.groups, group)
	f.total += int64(f.rows)
	return nil
}

// sorting are the columns by which the rows of the table are sorted.
func (f *File) sorting() []format.SortingColumn {
	sorting := make([]format.SortingColumn, len(f.table.Sort))
	for i, name := range f.table.Sort {
		for c, l := range f.leaves {
			if l.name() == name {
				sorting[i] = format.SortingColumn{ColumnIdx: int32(c), NullsFirst: true}
			}
		}
	}
	return sorting
}

// Rows is the number of rows written so far.
func (f *File) Rows() int64 { return f.total + int64(f.rows) }

// Close completes the file. w stays open.
func (f *File) Close() error {
	f.endGroup()
	if f.err != nil {
		return f.err
	}
	for _, b := range f.blooms {
		if err := f.writeBloom(b); err != nil {
			return err
		}
	}
	if err := f.writeIndexes(); err != nil {
		return err
	}
	meta := format.FileMetaData{
		Version: 2, Schema: f.schema, NumRows: f.total, RowGroups: f.groups, CreatedBy: f.options.CreatedBy,
	}
	if meta.RowGroups == nil {
		meta.RowGroups = []format.RowGroup{}
	}
	for _, m := range f.metadata {
		meta.KeyValueMetadata = append(meta.KeyValueMetadata, format.KeyValue{Key: m[0], Value: m[1]})
	}
	for range f.leaves {
		meta.ColumnOrders = append(meta.ColumnOrders, format.ColumnOrder{Value: new(format.TypeDefinedOrder)})
	}
	footer, err := marshal(&meta)
	if err != nil {
		return err
	}
	size := len(footer)
	footer = append(footer, byte(size), byte(size>>8), byte(size>>16), byte(size>>24))
	return f.write(append(footer, magic...))
}

// writeBloom writes a bloom filter and tells its column chunk.
func (f *File) writeBloom(b filter) error {
	bits := b.bits.Bytes()
	header, err := marshal(&format.BloomFilterHeader{
		NumBytes:    int32(len(bits)),
		Algorithm:   format.BloomFilterAlgorithm{Value: new(format.SplitBlockAlgorithm)},
		Hash:        format.BloomFilterHash{Value: new(format.XxHash)},
		Compression: format.BloomFilterCompression{Value: new(format.BloomFilterUncompressed)},
	})
	if err != nil {
		return err
	}
	meta := &f.groups[b.group].Columns[b.column].MetaData
	meta.BloomFilterOffset, meta.BloomFilterLength = f.offset, int32(len(header)+len(bits))
	if err := f.write(header); err != nil {
		return err
	}
	return f.write(bits)
}

// writeIndexes writes the page index: where pages lie, and their bounds.
func (f *File) writeIndexes() error {
	for g := range f.groups {
		for c, l := range f.leaves {
			chunk := &f.groups[g].Columns[c]
			if err := f.writeIndex(l.columnIndexes[g], &chunk.ColumnIndexOffset, &chunk.ColumnIndexLength); err != nil {
				return err
			}
		}
	}
	for g := range f.groups {
		for c, l := range f.leaves {
			chunk := &f.groups[g].Columns[c]
			if err := f.writeIndex(l.offsetIndexes[g], &chunk.OffsetIndexOffset, &chunk.OffsetIndexLength); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *File) writeIndex(text []byte, offset *int64, length *int32) error {
	*offset, *length = f.offset, int32(len(text))
	return f.write(text)
}

func marshal(v any) ([]byte, error) {
	var buf bytes.Buffer
	err := thrift.NewEncoder(new(thrift.CompactProtocol).NewWriter(&buf)).Encode(v)
	return buf.Bytes(), err
}
