package sink

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"path/filepath"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	pqzstd "github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/disk"
)

// OutputVersion names the bytes that the program makes of given files. It rises
// whenever any stage makes others of the same, and stands in each part. Parts of
// another version are made anew.
const OutputVersion = "1"

// Options are the settings that decide how parts are written.
type Options struct {
	RowGroupRows int            // rows per row group, at most
	Codec        compress.Codec // of all columns; see Zstd
	Disk         *disk.Disk     // nil is the ordinary one
}

// Zstd is the codec of a compression level of config.Output. It may be shared
// by all writers.
func Zstd(level string) (compress.Codec, error) {
	ok, l := zstd.EncoderLevelFromString(level)
	if !ok {
		return nil, fmt.Errorf("no compression level %q", level)
	}
	return &pqzstd.Codec{Level: l}, nil
}

const (
	// batchRows is how many rows are handed to the Parquet writer at a time. The
	// bytes it writes depend on it.
	batchRows = 1024
	// pageBytes is the size of a page before compression. Pages of 256 KiB made
	// files 7% larger.
	pageBytes = 1 << 20
	// fileBuffer keeps writes large enough for any disk.
	fileBuffer = 256 << 10
	// bloomBits is the size of a bloom filter, in bits a value: one look-up in a
	// hundred for an absent id finds a page to read.
	bloomBits = 10
	// indexBytes bounds the lower and upper bounds in the page index. Ids begin
	// alike, and 16 bytes, the usual bound, would end before they differ.
	indexBytes = 64
)

// Part describes one written file.
type Part struct {
	Table  string `json:"table"`
	Path   string `json:"path"` // relative to the folder of its snapshot, with slashes
	Rows   int64  `json:"rows"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// partWriter writes one Parquet file of rows of type Row.
type partWriter[Row any] struct {
	part  Part
	file  *hashedFile
	buf   *bufio.Writer
	out   *parquet.GenericWriter[Row]
	batch []Row
}

// PartName is the name of a table's part in the folder of a shard.
func PartName(table string) string { return table + ".parquet" }

func newPart[Row any](dir string, table schema.Table, o Options) (*partWriter[Row], error) {
	name := PartName(table.Name)
	// Parts are shared by snapshots, and nobody is to write into them.
	file, err := o.Disk.Create(filepath.Join(dir, name), 0o444)
	if err != nil {
		return nil, err
	}
	w := &partWriter[Row]{
		part:  Part{Table: table.Name, Path: name},
		file:  &hashedFile{file: file, sum: sha256.New()},
		batch: make([]Row, 0, batchRows),
	}
	w.buf = bufio.NewWriterSize(w.file, fileBuffer)
	w.out = parquet.NewGenericWriter[Row](w.buf, writerOptions(table, o)...)
	return w, nil
}

// hashedFile is a file that counts and hashes what is written to it.
type hashedFile struct {
	file *disk.File
	sum  hash.Hash
	size int64
}

func (f *hashedFile) Write(p []byte) (int, error) {
	n, err := f.file.Write(p)
	f.sum.Write(p[:n])
	f.size += int64(n)
	return n, err
}

// next makes room for a row and returns it, zeroed.
func (w *partWriter[Row]) next() (*Row, error) {
	if len(w.batch) == batchRows {
		if err := w.flush(); err != nil {
			return nil, err
		}
	}
	w.batch = w.batch[:len(w.batch)+1]
	return &w.batch[len(w.batch)-1], nil
}

func (w *partWriter[Row]) flush() error {
	if len(w.batch) == 0 {
		return nil
	}
	n, err := w.out.Write(w.batch)
	w.part.Rows += int64(n)
	clear(w.batch)
	w.batch = w.batch[:0]
	return err
}

// close completes the part. It stays whatever becomes of the machine.
func (w *partWriter[Row]) close() (Part, error) {
	err := w.flush()
	err = errors.Join(err, w.out.Close())
	err = errors.Join(err, w.buf.Flush())
	if err != nil {
		err = errors.Join(err, w.file.file.Close())
	} else {
		err = w.file.file.Finish()
	}
	if err != nil {
		return Part{}, fmt.Errorf("table %s: %w", w.part.Table, err)
	}
	w.part.Bytes, w.part.SHA256 = w.file.size, hex.EncodeToString(w.file.sum.Sum(nil))
	return w.part, nil
}

func (w *partWriter[Row]) abort() { _ = w.file.file.Close() }

func writerOptions(table schema.Table, o Options) []parquet.WriterOption {
	options := []parquet.WriterOption{
		parquet.Compression(o.Codec),
		parquet.CreatedBy("quern", OutputVersion, ""),
		parquet.DataPageVersion(2),
		parquet.DataPageStatistics(false), // 9% of CPU; the page index has the bounds
		parquet.MaxRowsPerRowGroup(int64(o.RowGroupRows)),
		parquet.PageBufferSize(pageBytes),
		parquet.ColumnIndexSizeLimit(func([]string) int { return indexBytes }),
		parquet.KeyValueMetadata("quern.schema_version", schema.Version),
		parquet.KeyValueMetadata("quern.table", table.Name),
		parquet.KeyValueMetadata("quern.columns", columnDocs(table)),
	}
	var sorting []parquet.SortingColumn
	for _, name := range table.Sort {
		sorting = append(sorting, parquet.NullsFirst(parquet.Ascending(name)))
	}
	options = append(options, parquet.SortingWriterConfig(parquet.SortingColumns(sorting...)))
	var blooms []parquet.BloomFilterColumn
	for _, c := range table.Columns {
		if c.Name == "document_id" && !c.Nullable {
			blooms = append(blooms, parquet.SplitBlockFilter(bloomBits, c.Name))
		}
	}
	return append(options, parquet.BloomFilters(blooms...))
}

// columnDocs is the documentation of the table's columns as a JSON array.
func columnDocs(table schema.Table) string {
	type column struct {
		Name string `json:"name"`
		Doc  string `json:"doc"`
	}
	var docs []column
	for _, c := range table.Columns {
		docs = append(docs, column{c.Name, c.Doc})
	}
	text, err := json.Marshal(docs)
	if err != nil {
		panic(err) // strings always marshal
	}
	return string(text)
}
