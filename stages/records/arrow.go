package records

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/ipc"

	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/disk"
	"github.com/quern-data/quern/stages/guard"
	"github.com/quern-data/quern/stages/sink"
	"github.com/quern-data/quern/stages/snapshot"
)

// arrowExt ends the names of Arrow files.
const arrowExt = ".arrow"

// arrowSource reads an Arrow file, a batch at a time.
type arrowSource struct {
	reader *ipc.FileReader
	at     int // the next batch
}

// openArrow reads f, which has so many bytes.
func openArrow(f *os.File, size int64) (*arrowSource, error) {
	r, err := ipc.NewFileReader(f, ipc.WithAllocator(guard.Allocator(size)))
	return &arrowSource{reader: r}, err
}

func (s *arrowSource) next() (Batch, error) {
	if s.at == s.reader.NumRecords() {
		return nil, io.EOF
	}
	s.at++
	return s.reader.Record(s.at - 1)
}

// AsArrow writes the parts of a shard, which are Parquet files in a folder, as Arrow
// files beside them, with all columns: those that the shard's files lack, because the
// tables are partitioned by them, are given with their values. What is written is read
// by Arrow and not by who wrote the Parquet files.
//
// The files are not compressed, so that readers can map them into memory. They have
// batches of BatchRows rows, and fewer where rows are long.
func AsArrow(ctx context.Context, d *disk.Disk, dir string, parts []sink.Part, dropped, partition []string) ([]sink.Part, error) {
	var all []sink.Part
	for _, p := range parts {
		t := &Table{dir: dir}
		whole, err := t.choose(p.Table, nil)
		if err != nil {
			return nil, err
		}
		from := part{Part: p}
		if whole.Partitioned() {
			from.constants = constants(dropped, partition)
		}
		if t.form, err = described(t.form, dir, p); err != nil {
			return nil, fmt.Errorf("%s: %w", p.Path, err)
		}
		t.parts = []part{from}
		to, err := t.writeFile(ctx, d, filepath.Join(dir, snapshot.ArrowName(p.Table)))
		if err != nil {
			return nil, fmt.Errorf("table %s as Arrow: %w", p.Table, err)
		}
		to.Table, to.Rows = p.Table, p.Rows
		all = append(all, to)
	}
	return all, nil
}

// described is a schema with what the file of a part says of itself, as far as the
// fields do not say it.
func described(form *arrow.Schema, dir string, p sink.Part) (*arrow.Schema, error) {
	f, err := openFile(dir, p)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var labels *string
	if err := guard.Safely(func() (err error) {
		labels, err = taxonomyText(f, p)
		return err
	}); err != nil {
		return nil, err
	}
	keys, values := form.Metadata().Keys(), form.Metadata().Values()
	keys, values = append(keys, schema.CreatorKey), append(values, sink.CreatedBy)
	if labels != nil {
		keys, values = append(keys, schema.TaxonomyKey), append(values, *labels)
	}
	metadata := arrow.NewMetadata(keys, values)
	return arrow.NewSchema(form.Fields(), &metadata), nil
}

// writeFile writes the table as an Arrow file.
func (t *Table) writeFile(ctx context.Context, d *disk.Disk, path string) (p sink.Part, err error) {
	// Parts are shared by snapshots, and nobody is to write into them.
	created, err := d.Create(path, 0o444)
	if err != nil {
		return sink.Part{}, err
	}
	out := &hashedFile{file: created, sum: sha256.New()}
	out.buf = bufio.NewWriterSize(io.MultiWriter(created, out.sum), chunk)
	w, err := ipc.NewFileWriter(out, ipc.WithSchema(t.form))
	if err != nil {
		return sink.Part{}, errors.Join(err, created.Close())
	}
	for batch, err := range t.All(ctx) {
		if err == nil {
			err = w.Write(batch)
		}
		if err != nil {
			return sink.Part{}, errors.Join(err, created.Close())
		}
	}
	if err = errors.Join(err, w.Close(), out.buf.Flush()); err != nil {
		return sink.Part{}, errors.Join(err, created.Close())
	}
	if err := created.Finish(); err != nil {
		return sink.Part{}, err
	}
	return sink.Part{Path: filepath.Base(path), Bytes: out.size, SHA256: hex.EncodeToString(out.sum.Sum(nil))}, nil
}

// hashedFile is a file that counts and hashes what is written to it.
type hashedFile struct {
	file *disk.File
	buf  *bufio.Writer
	sum  hash.Hash
	size int64
}

func (f *hashedFile) Write(p []byte) (int, error) {
	n, err := f.buf.Write(p)
	f.size += int64(n)
	return n, err
}

// Seek tells where the file ends, which is all that Arrow asks for.
func (f *hashedFile) Seek(offset int64, whence int) (int64, error) {
	if offset != 0 || whence != io.SeekCurrent {
		return 0, errors.ErrUnsupported
	}
	return f.size, nil
}
