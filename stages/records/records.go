package records

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/guard"
	"github.com/quern-data/quern/stages/sink"
	"github.com/quern-data/quern/stages/snapshot"
)

// BatchRows is how many rows a batch has, at most. Fewer if they are long: see
// batchBytes.
const BatchRows = 2048

// Batch is some rows of a table, column by column.
type Batch = arrow.Record

// Table is a table of a snapshot, or some of its columns. It is safe for concurrent
// use.
type Table struct {
	dir   string // of the snapshot
	form  *arrow.Schema
	parts []part
}

// part is a part of a table, and the values of the columns that its rows have in
// common and its file lacks.
type part struct {
	sink.Part
	constants map[string]string // "" is NULL
}

// Open opens a table of a snapshot. Its columns are those that are named, in that
// order, or all.
func Open(s *snapshot.Snapshot, table string, columns ...string) (*Table, error) {
	t := &Table{dir: s.Dir}
	whole, err := t.choose(table, columns)
	if err != nil {
		return nil, err
	}
	for _, p := range s.Parts() {
		if p.Table == table {
			t.parts = append(t.parts, part{Part: p})
		}
	}
	if s.HasParquet() && whole.Partitioned() { // Arrow files have all columns
		for i := range t.parts {
			t.parts[i].constants = constants(s.Dropped(), s.Shards[i].Partition)
		}
	}
	return t, nil
}

// OpenShard is Open for what a shard that is made has of a table. Columns that its
// files lack are missing.
func OpenShard(m *snapshot.Made, table string, columns ...string) (*Table, error) {
	t := &Table{dir: m.Dir()}
	if _, err := t.choose(table, columns); err != nil {
		return nil, err
	}
	files := m.Shard.Parts
	if len(files) == 0 {
		files = m.Shard.Arrow
	}
	for _, p := range files {
		if p.Table == table {
			t.parts = append(t.parts, part{Part: p})
		}
	}
	return t, nil
}

// choose sets the form, and returns the whole table.
func (t *Table) choose(table string, columns []string) (schema.Table, error) {
	whole, ok := schema.TableNamed(table)
	if !ok {
		return schema.Table{}, fmt.Errorf("no table %q", table)
	}
	chosen := whole
	if len(columns) > 0 {
		chosen.Columns = nil
	}
	for _, name := range columns {
		at := slices.IndexFunc(whole.Columns, func(c schema.Column) bool { return c.Name == name })
		if at < 0 {
			return schema.Table{}, fmt.Errorf("the table %s has no column %q", table, name)
		}
		chosen.Columns = append(chosen.Columns, whole.Columns[at])
	}
	t.form = form(chosen)
	return whole, nil
}

// constants are the values of a shard's partition by column.
func constants(columns, partition []string) map[string]string {
	values := map[string]string{}
	for i, column := range columns {
		values[column] = partition[i]
	}
	return values
}

// Schema is the schema of the batches.
func (t *Table) Schema() *arrow.Schema { return t.form }

// Parts is of how many parts the table is made. The rows of each are in the order
// in which the table is sorted.
func (t *Table) Parts() int { return len(t.parts) }

// All are the batches of all parts, one part behind the other. A batch is there
// until the next one is asked for. An error is the last there is.
func (t *Table) All(ctx context.Context) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		for i := range t.parts {
			for batch, err := range t.Part(ctx, i) {
				if !yield(batch, err) || err != nil {
					return
				}
			}
		}
	}
}

// Part are the batches of one part, as All has them.
func (t *Table) Part(ctx context.Context, i int) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		more := true
		err := t.read(ctx, t.parts[i], func(batch Batch) bool {
			more = yield(batch, nil)
			return more
		})
		if err != nil && more {
			yield(nil, fmt.Errorf("%s: %w", schema.Printable(t.parts[i].Path), err))
		}
	}
}

var errOutside = errors.New("the manifest has it outside of the snapshot")

// openFile opens the file of a part.
func openFile(dir string, p sink.Part) (*os.File, error) {
	path := filepath.FromSlash(p.Path)
	if !filepath.IsLocal(path) {
		return nil, errOutside
	}
	return os.Open(filepath.Join(dir, path))
}

// source is the batches of a file, with the columns that it has of those that were
// asked for.
type source interface {
	// next is the next batch, or io.EOF. It is there until the one after it.
	next() (Batch, error)
}

// read reads a part until its end, or until yield returns false.
func (t *Table) read(ctx context.Context, p part, yield func(Batch) bool) error {
	f, err := openFile(t.dir, p.Part)
	if err != nil {
		return err
	}
	defer f.Close()
	isArrow := filepath.Ext(p.Path) == arrowExt
	if isArrow || t.holdsStructs() {
		if err := sound(f, p.SHA256); err != nil {
			return err
		}
	}
	var from source
	if err := guard.Safely(func() (err error) {
		if isArrow {
			from, err = openArrow(f, p.Bytes)
		} else {
			from, err = openParquet(ctx, f, t.form)
		}
		return err
	}); err != nil {
		return err
	}
	rows := int64(0)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		var batch Batch
		err := guard.Safely(func() error {
			got, err := from.next()
			if err == nil {
				batch, err = t.shape(got, p.constants)
			}
			return err
		})
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		rows += batch.NumRows()
		more := yield(batch)
		batch.Release()
		if !more {
			return nil
		}
	}
	if rows != p.Rows {
		return fmt.Errorf("it has %d rows, and the manifest says %d", rows, p.Rows)
	}
	return nil
}

// holdsStructs reports whether a column holds structs. Arrow decodes those of Parquet
// files in a goroutine of its own, where its panics about damaged bytes would end the
// program. Nor are its own files to be looked into if they are not as they were
// written: they have no sums in them.
func (t *Table) holdsStructs() bool {
	return slices.ContainsFunc(t.form.Fields(), func(f arrow.Field) bool {
		held, ok := f.Type.(arrow.ListLikeType)
		return ok && held.Elem().ID() == arrow.STRUCT
	})
}

// sound returns an error if a file has another SHA-256 than the manifest says.
func sound(f *os.File, want string) error {
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != want {
		return fmt.Errorf("its SHA-256 is %s, and the manifest says %s: quern run --full makes it anew", got, want)
	}
	_, err := f.Seek(0, io.SeekStart)
	return err
}

// shape makes a batch of the table's schema.
func (t *Table) shape(got Batch, constants map[string]string) (Batch, error) {
	columns := make([]arrow.Array, t.form.NumFields())
	defer func() {
		for _, c := range columns {
			if c != nil {
				c.Release() // the batch retains it
			}
		}
	}()
	for i := range columns {
		f := t.form.Field(i)
		if text, ok := constants[f.Name]; ok {
			var err error
			if columns[i], err = repeat(f.Type, text, int(got.NumRows())); err != nil {
				return nil, fmt.Errorf("column %s: %w", f.Name, err)
			}
			continue
		}
		at := got.Schema().FieldIndices(f.Name)
		if len(at) != 1 {
			return nil, fmt.Errorf("it has no column %s", f.Name)
		}
		data, err := as(got.Column(at[0]).Data(), f.Type)
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", f.Name, err)
		}
		columns[i] = array.MakeFromData(data)
		data.Release()
		if !f.Nullable && columns[i].NullN() > 0 {
			return nil, fmt.Errorf("column %s has NULL", f.Name)
		}
	}
	return array.NewRecord(t.form, columns, got.NumRows()), nil
}

// repeat is a column of n times the value that a text stands for.
func repeat(t arrow.DataType, text string, n int) (arrow.Array, error) {
	b := array.NewBuilder(memory.DefaultAllocator, t)
	defer b.Release()
	b.Reserve(n)
	for range n {
		if text == "" {
			b.AppendNull()
		} else if err := b.AppendValueFromString(text); err != nil {
			return nil, err
		}
	}
	return b.NewArray(), nil
}
