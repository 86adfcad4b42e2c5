package sink

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"path/filepath"
	"slices"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/disk"
	"github.com/quern-data/quern/stages/sink/columnar"
)

// OutputVersion names the bytes that the program makes of given files. It rises
// whenever any stage makes others of the same, and stands in each part. Parts of
// another version are made anew.
const OutputVersion = "4"

// CreatedBy names the program in each part.
const CreatedBy = "quern version " + OutputVersion

// Writer makes parts with the same settings. What shards that are complete took of
// memory is kept for those that follow. It is safe for concurrent use.
type Writer struct {
	options Options
	idle    sync.Pool // of *Shard
}

// NewWriter returns a Writer.
func NewWriter(o Options) *Writer { return &Writer{options: o} }

// Options are the settings that decide how parts are written.
type Options struct {
	RowGroupRows int           // rows per row group, at most; a document's rows are not parted
	Compressor   *zstd.Encoder // of all columns; see Zstd
	Drop         []string      // columns that partitioned tables are written without, of schema.PartitionColumns
	Disk         *disk.Disk    // nil is the ordinary one
}

// Zstd is the compressor of a compression level of config.Output. It may be
// shared by all writers.
func Zstd(level string) (*zstd.Encoder, error) {
	ok, l := zstd.EncoderLevelFromString(level)
	if !ok {
		return nil, fmt.Errorf("no compression level %q", level)
	}
	// Pages have a checksum of their own. An empty page is a frame too, as some
	// readers decompress it. Letters are coded even where nothing repeats, in which
	// fastest leaves them as they are: 4% of documents, 15% of labels.
	// The window is that of a page; what a larger one takes of memory is for nothing.
	return zstd.NewWriter(nil, zstd.WithEncoderLevel(l), zstd.WithEncoderCRC(false), zstd.WithZeroFrames(true),
		zstd.WithAllLitEntropyCompression(true), zstd.WithWindowSize(columnar.PageBytes), zstd.WithLowerEncoderMem(true))
}

// fileBuffer keeps writes large enough for any disk.
const fileBuffer = 256 << 10

// Part describes one written file.
type Part struct {
	Table  string `json:"table"`
	Path   string `json:"path"` // relative to the folder of its snapshot, with slashes
	Rows   int64  `json:"rows"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// part is the Parquet file of one table, again and again.
type part struct {
	table    string
	file     hashedFile
	buf      *bufio.Writer
	out      *columnar.File
	metadata [][2]string // of all its files
}

// PartName is the name of a table's part in the folder of a shard.
func PartName(table string) string { return table + ".parquet" }

func newPart(table string, room *columnar.Room, o Options) *part {
	t, _ := schema.TableNamed(table)
	t = t.Without(o.Drop)
	return &part{
		table: table, file: hashedFile{sum: sha256.New()},
		buf: bufio.NewWriterSize(nil, fileBuffer), out: newFile(t, room, o), metadata: metadata(t),
	}
}

func newFile(t schema.Table, room *columnar.Room, o Options) *columnar.File {
	options := columnar.Options{
		RowGroupRows: o.RowGroupRows, Compressor: o.Compressor, CreatedBy: CreatedBy,
	}
	for _, c := range t.Columns {
		if c.Name == "document_id" && !c.Nullable {
			options.Bloom = append(options.Bloom, c.Name)
		}
	}
	return columnar.New(t, room, options)
}

// metadata is what parts of the table say of themselves: all that schema says of it,
// so that the documentation travels with the file, and its columns in the form in
// which Spark looks for their comments.
func metadata(t schema.Table) [][2]string {
	columns, err := json.Marshal(t.Columns)
	if err != nil {
		panic(err) // names and texts always marshal
	}
	var spark bytes.Buffer
	text, err := schema.Spark([]schema.Table{t})
	if err = errors.Join(err, json.Compact(&spark, text)); err != nil {
		panic(err) // as above
	}
	return [][2]string{
		{schema.VersionKey, schema.Version},
		{schema.TableKey, t.Name},
		{schema.ColumnsKey, string(columns)},
		{schema.SparkKey, spark.String()},
	}
}

// taxonomies are those of the given corpora, as they stand in the metadata of parts.
func taxonomies(byCorpus map[string]*config.Taxonomy) string {
	text, err := json.Marshal(byCorpus)
	if err != nil {
		panic(err) // names and texts always marshal
	}
	return string(text)
}

// open starts a part in a folder. labels are the taxonomies of its rows, "" where
// they have no labels.
func (p *part) open(dir, labels string, on *disk.Disk) error {
	// Parts are shared by snapshots, and nobody is to write into them.
	file, err := on.Create(filepath.Join(dir, PartName(p.table)), 0o444)
	if err != nil {
		return err
	}
	p.file.reset(file)
	p.buf.Reset(&p.file)
	metadata := slices.Clone(p.metadata)
	if labels != "" {
		metadata = append(metadata, [2]string{schema.TaxonomyKey, labels})
	}
	return p.out.Reset(p.buf, metadata)
}

// hashedFile is a file that counts and hashes what is written to it.
type hashedFile struct {
	file *disk.File // nil if none is open
	sum  hash.Hash
	size int64
}

func (f *hashedFile) reset(file *disk.File) {
	f.file, f.size = file, 0
	f.sum.Reset()
}

func (f *hashedFile) Write(p []byte) (int, error) {
	n, err := f.file.Write(p)
	f.sum.Write(p[:n])
	f.size += int64(n)
	return n, err
}

// close completes the part. It stays whatever becomes of the machine.
func (p *part) close() (Part, error) {
	err := errors.Join(p.out.Close(), p.buf.Flush())
	if err == nil {
		err = p.file.file.Finish()
	} else {
		err = errors.Join(err, p.file.file.Close())
	}
	p.file.file = nil
	if err != nil {
		return Part{}, fmt.Errorf("table %s: %w", p.table, err)
	}
	return Part{
		Table: p.table, Path: PartName(p.table), Rows: p.out.Rows(), Bytes: p.file.size,
		SHA256: hex.EncodeToString(p.file.sum.Sum(nil)),
	}, nil
}

// abort closes the part as it is, if it is open.
func (p *part) abort() {
	if p.file.file != nil {
		_ = p.file.file.Close()
		p.file.file = nil
	}
}
