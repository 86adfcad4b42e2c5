package sink

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
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

// asMap is a row struct as readArrow has it.
func asMap(v reflect.Value) map[string]any {
	m := map[string]any{}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Anonymous {
			for k, v := range asMap(v.Field(i)) {
				m[k] = v
			}
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("parquet"), ",")
		m[name] = asValue(v.Field(i))
	}
	return m
}

func asValue(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return asValue(v.Elem())
	case reflect.Slice:
		list := []any{}
		for i := range v.Len() {
			list = append(list, asValue(v.Index(i)))
		}
		return list
	case reflect.Map:
		m := map[string]any{}
		for _, k := range v.MapKeys() {
			m[k.String()] = v.MapIndex(k).Interface()
		}
		return m
	case reflect.Struct:
		return asMap(v)
	}
	return v.Interface()
}

// fill fills a row with values of all sorts: NULL, empty, rare and frequent.
func fill(r *rand.Rand, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if r.IntN(3) > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			fill(r, v.Elem())
		}
	case reflect.String:
		words := []string{"", "a", "POS", "größer", "😀", strings.Repeat("long ", 40), "x\x00y", "\u2028"}
		word := words[r.IntN(len(words))]
		if r.IntN(2) == 0 {
			word += fmt.Sprint(r.IntN(100_000))
		}
		v.SetString(word)
	case reflect.Int32:
		v.SetInt(int64(int32(r.Uint32())) >> r.IntN(32))
	case reflect.Int64:
		v.SetInt(int64(r.Uint64()) >> r.IntN(64))
	case reflect.Float64:
		v.SetFloat(r.NormFloat64())
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case reflect.Slice:
		n := max(0, r.IntN(8)-2)
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			fill(r, v.Index(i))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range r.IntN(4) {
			v.SetMapIndex(reflect.ValueOf(fmt.Sprint("key", r.IntN(9))), reflect.ValueOf(fmt.Sprint(r.IntN(9))))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(r, v.Field(i))
		}
	default:
		panic("no value for " + v.Type().String())
	}
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
		addStruct(p.out, "", reflect.ValueOf(rows[i]))
	}
	part, err := p.close()
	if err != nil {
		t.Fatal(err)
	}
	return part, filepath.Join(dir, filepath.FromSlash(part.Path))
}

// addStruct adds the fields of a row to the columns of their names.
func addStruct(f *columnar.File, parent string, v reflect.Value) {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if field.Anonymous {
			addStruct(f, parent, v.Field(i))
			continue
		}
		name, _, _ := strings.Cut(field.Tag.Get("parquet"), ",")
		addValue(f, parent+name, v.Field(i))
	}
}

func addValue(f *columnar.File, path string, v reflect.Value) {
	switch v := v.Interface().(type) {
	case string:
		f.Strings(path).Add(v)
	case *string:
		f.Strings(path).Optional(v, 1)
	case int32:
		f.Int32s(path).Add(v)
	case *int32:
		f.Int32s(path).Optional(v, 1)
	case int64:
		f.Int64s(path).Add(v)
	case *int64:
		f.Int64s(path).Optional(v, 1)
	case *float64:
		f.Doubles(path).Optional(v, 1)
	case bool:
		f.Bools(path).Add(v)
	case map[string]string:
		key, value := f.Strings(path+".key_value.key"), f.Strings(path+".key_value.value")
		if len(v) == 0 {
			key.Empty(1)
			value.Empty(1)
		}
		for i, name := range slices.Sorted(maps.Keys(v)) {
			key.AddElement(name, i == 0)
			value.AddElement(v[name], i == 0)
		}
	case []string:
		c := f.Strings(path + ".list.element")
		if len(v) == 0 {
			c.Empty(1)
		}
		for i := range v {
			c.AddElement(v[i], i == 0)
		}
	case []schema.LabelRef:
		layer, label, polarity := f.Strings(path+".list.element.layer"), f.Strings(path+".list.element.label"), f.Strings(path+".list.element.polarity")
		if len(v) == 0 {
			layer.Empty(1)
			label.Empty(1)
			polarity.Empty(1)
		}
		for i := range v {
			layer.AddElement(v[i].Layer, i == 0)
			label.AddElement(v[i].Label, i == 0)
			if v[i].Polarity == nil {
				polarity.NullElement(i == 0)
			} else {
				polarity.AddElement(*v[i].Polarity, i == 0)
			}
		}
	default:
		panic(fmt.Sprintf("no column of %T", v))
	}
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
				fill(r, reflect.ValueOf(&rows[i]).Elem())
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
				if diff := cmp.Diff(asMap(reflect.ValueOf(rows[i])), got[i]); diff != "" {
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
	testReadBack[schema.DiagnosticRow](t, "diagnostics")
	testReadBack[schema.TaxonomyRow](t, "taxonomy")
}

// TestForm checks the promises about the form of a part that a reader of its
// values does not see.
func TestForm(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	rows := make([]schema.SentenceRow, 5000)
	for i := range rows {
		fill(r, reflect.ValueOf(&rows[i]).Elem())
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
		fill(r, reflect.ValueOf(&rows[i]).Elem())
	}
	a, _ := writePart(t, "labels", rows, testOptions(t))
	b, _ := writePart(t, "labels", rows, testOptions(t))
	if a != b {
		t.Errorf("the same rows became %v and %v", a, b)
	}
}
