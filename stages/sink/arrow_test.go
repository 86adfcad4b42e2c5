package sink

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/file"
	"github.com/apache/arrow/go/v17/parquet/pqarrow"
	"github.com/google/go-cmp/cmp"

	"github.com/quern-data/quern/internal/rowtest"
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/sink/columnar"
)

// readArrow reads a part with the independent reader: its rows, each a map from
// column to value, where NULL is nil, a list is []any, and a struct or map is a
// map[string]any.
func readArrow(t testing.TB, path string) []map[string]any {
	t.Helper()
	r, err := file.OpenParquetFile(path, false)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	fr, err := pqarrow.NewFileReader(r, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	table, err := fr.ReadTable(context.Background())
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	defer table.Release()
	rows := make([]map[string]any, table.NumRows())
	for i := range rows {
		rows[i] = map[string]any{}
	}
	for c := range int(table.NumCols()) {
		name, i := table.Schema().Field(c).Name, 0
		for _, chunk := range table.Column(c).Data().Chunks() {
			for j := range chunk.Len() {
				rows[i][name] = arrowValue(t, chunk, j)
				i++
			}
		}
		if i != len(rows) {
			t.Fatalf("%s: column %s has %d of %d rows", path, name, i, len(rows))
		}
	}
	return rows
}

func arrowValue(t testing.TB, a arrow.Array, i int) any {
	t.Helper()
	if a.IsNull(i) {
		return nil
	}
	switch a := a.(type) {
	case *array.String:
		return strings.Clone(a.Value(i))
	case *array.Int32:
		return a.Value(i)
	case *array.Int64:
		return a.Value(i)
	case *array.Float64:
		return a.Value(i)
	case *array.Boolean:
		return a.Value(i)
	case *array.Map:
		from, to := a.ValueOffsets(i)
		m := map[string]any{}
		for j := from; j < to; j++ {
			m[arrowValue(t, a.Keys(), int(j)).(string)] = arrowValue(t, a.Items(), int(j))
		}
		return m
	case *array.List:
		from, to := a.ValueOffsets(i)
		list := []any{}
		for j := from; j < to; j++ {
			list = append(list, arrowValue(t, a.ListValues(), int(j)))
		}
		return list
	case *array.Struct:
		m := map[string]any{}
		for f := range a.NumField() {
			m[a.DataType().(*arrow.StructType).Field(f).Name] = arrowValue(t, a.Field(f), i)
		}
		return m
	}
	t.Fatalf("no such type in any table: %s", a.DataType())
	return nil
}

func testOptions(t testing.TB) Options {
	t.Helper()
	compressor, err := Zstd("fastest")
	if err != nil {
		t.Fatal(err)
	}
	return Options{RowGroupRows: 2000, Compressor: compressor}
}

// writePart writes rows as a part of a table and returns the file's path.
func writePart[Row any](t testing.TB, table string, rows []Row, o Options) (Part, string) {
	t.Helper()
	dir := t.TempDir()
	p := newPart(table, new(columnar.Room), o)
	if err := p.open(dir, "{}", o.Disk); err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		if err := p.out.Next(1); err != nil {
			t.Fatal(err)
		}
		rowtest.Add(p.out, rows[i])
	}
	part, err := p.close()
	if err != nil {
		t.Fatal(err)
	}
	return part, filepath.Join(dir, filepath.FromSlash(part.Path))
}

// testReadBack writes rows over several batches, pages and row groups, and
// compares every value that the independent reader finds.
func testReadBack[Row any](t *testing.T, table string) {
	t.Helper()
	t.Run(table, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for _, n := range []int{0, 1, 2000, 7001} {
			rows := make([]Row, n)
			for i := range rows {
				rowtest.Fill(r, &rows[i])
			}
			part, path := writePart(t, table, rows, testOptions(t))
			if part.Rows != int64(n) {
				t.Errorf("the part says %d rows, want %d", part.Rows, n)
			}
			got := readArrow(t, path)
			if len(got) != n {
				t.Fatalf("%d rows, want %d", len(got), n)
			}
			for i := range rows {
				if diff := cmp.Diff(rowtest.Map(rows[i]), got[i]); diff != "" {
					t.Fatalf("row %d of %d (-written +read):\n%s", i, n, diff)
				}
			}
		}
	})
}

func TestReadBack(t *testing.T) {
	testReadBack[schema.DocumentRow](t, "documents")
	testReadBack[schema.SentenceRow](t, "sentences")
	testReadBack[schema.LabelRow](t, "labels")
	testReadBack[schema.RelationRow](t, "relations")
	testReadBack[schema.DiagnosticRow](t, "diagnostics")
	testReadBack[schema.TaxonomyRow](t, "taxonomy")
}

// TestForm checks the promises about the form of a part that a reader of its
// values does not see.
func TestForm(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	rows := make([]schema.SentenceRow, 5000)
	for i := range rows {
		rowtest.Fill(r, &rows[i])
	}
	part, path := writePart(t, "sentences", rows, testOptions(t))
	f, err := file.OpenParquetFile(path, false)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	meta := f.MetaData()
	if info, err := os.Stat(path); err != nil || info.Size() != part.Bytes {
		t.Errorf("the part says %d bytes: %v, %v", part.Bytes, info.Size(), err)
	}
	if got := meta.KeyValueMetadata().Keys(); !slices.Equal(got, []string{
		"quern.schema_version", "quern.table", "quern.columns", "org.apache.spark.sql.parquet.row.metadata", "quern.taxonomy",
	}) {
		t.Errorf("keys in the metadata: %v", got)
	}
	if got := meta.KeyValueMetadata().FindValue("quern.schema_version"); got == nil || *got != schema.Version {
		t.Errorf("schema version in the metadata: %v", got)
	}
	want := `{"name":"char_start","type":"int32","nullable":false,"unit":"Unicode code points","doc":"Offset of the first character in documents.text, in Unicode code points."}`
	if got := meta.KeyValueMetadata().FindValue("quern.columns"); got == nil || !strings.Contains(*got, want) {
		t.Errorf("column docs in the metadata: %v", got)
	}
	if f.NumRowGroups() != 3 {
		t.Errorf("%d row groups, want 3 of at most 2000 rows", f.NumRowGroups())
	}
	for i := range meta.Schema.NumColumns() {
		c := meta.Schema.Column(i)
		switch c.PhysicalType() {
		case parquet.Types.Int96, parquet.Types.FixedLenByteArray:
			t.Errorf("%s is stored as %s", c.Path(), c.PhysicalType())
		case parquet.Types.ByteArray:
			if c.LogicalType().String() != "String" {
				t.Errorf("%s is %s, not a string", c.Path(), c.LogicalType())
			}
		}
		if strings.Contains(c.LogicalType().String(), "isSigned=false") {
			t.Errorf("%s is unsigned", c.Path())
		}
		chunk, err := meta.RowGroup(0).ColumnChunk(i)
		if err != nil {
			t.Fatal(err)
		}
		if chunk.Compression().String() != "ZSTD" {
			t.Errorf("%s is compressed by %s", c.Path(), chunk.Compression())
		}
		if ok, err := chunk.StatsSet(); err != nil || !ok {
			t.Errorf("%s has no statistics: %v", c.Path(), err)
		}
	}
}

func TestSameBytes(t *testing.T) {
	rows := make([]schema.LabelRow, 10_000)
	r := rand.New(rand.NewPCG(5, 6))
	for i := range rows {
		rowtest.Fill(r, &rows[i])
	}
	a, _ := writePart(t, "labels", rows, testOptions(t))
	b, _ := writePart(t, "labels", rows, testOptions(t))
	if a != b {
		t.Errorf("the same rows became %v and %v", a, b)
	}
}
