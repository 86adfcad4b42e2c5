// Package parttest makes snapshots of rows for the tests of what reads tables.
package parttest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"github.com/quern-data/quern/internal/rowtest"
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/sink"
	"github.com/quern-data/quern/stages/sink/columnar"
	"github.com/quern-data/quern/stages/snapshot"
)

// Write writes the part that a shard of a snapshot has of a table, and adds it to the
// shard, or to the snapshot if it is that of the table taxonomy.
func Write[Row any](t testing.TB, s *snapshot.Snapshot, name string, shard int, rows []Row) {
	t.Helper()
	compressor, err := sink.Zstd("fastest")
	if err != nil {
		t.Fatal(err)
	}
	table, ok := schema.TableNamed(name)
	if !ok {
		t.Fatalf("no table %q", name)
	}
	f := columnar.New(table.Without(s.Dropped()), new(columnar.Room), columnar.Options{RowGroupRows: 3000, Compressor: compressor})
	var b bytes.Buffer
	if err := f.Reset(&b, nil); err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if err := f.Next(1); err != nil {
			t.Fatal(err)
		}
		rowtest.Add(f, row, s.Dropped()...)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(b.Bytes())
	p := sink.Part{
		Table: name, Path: s.PartPath(name, shard), Rows: int64(len(rows)), Bytes: int64(b.Len()), SHA256: hex.EncodeToString(sum[:]),
	}
	path := filepath.Join(s.Dir, filepath.FromSlash(p.Path))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	if name == snapshot.TaxonomyTable {
		s.Taxonomy = p
	} else {
		s.Shards[shard].Parts = append(s.Shards[shard].Parts, p)
	}
}
