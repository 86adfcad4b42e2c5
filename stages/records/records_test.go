package records

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/quern-data/quern/internal/parttest"
	"github.com/quern-data/quern/internal/rowtest"
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/sink"
	"github.com/quern-data/quern/stages/snapshot"
)

// someRows are rows of all sorts.
func someRows[Row any](seed uint64, n int) []Row {
	r := rand.New(rand.NewPCG(seed, 1))
	rows := make([]Row, n)
	for i := range rows {
		rowtest.Fill(r, &rows[i])
	}
	return rows
}

// snapshotOf is a snapshot that has one table, in parts of the given rows.
func snapshotOf[Row any](t testing.TB, name string, parts ...[]Row) *snapshot.Snapshot {
	t.Helper()
	s := &snapshot.Snapshot{Dir: t.TempDir()}
	write(t, s, name, parts...)
	return s
}

// write writes the parts of a snapshot's shards, of which there are as many, or none
// yet.
func write[Row any](t testing.TB, s *snapshot.Snapshot, name string, parts ...[]Row) {
	t.Helper()
	for i, rows := range parts {
		if i == len(s.Shards) {
			s.Shards = append(s.Shards, snapshot.Shard{})
		}
		parttest.Write(t, s, name, i, rows)
	}
}

func open(t testing.TB, s *snapshot.Snapshot, table string, columns ...string) *Table {
	t.Helper()
	opened, err := Open(s, table, columns...)
	if err != nil {
		t.Fatal(err)
	}
	return opened
}

// asJSON is what JSON makes of a row.
func asJSON(t testing.TB, row map[string]any) map[string]any {
	t.Helper()
	text, err := json.Marshal(row)
	if err != nil {
		t.Fatal(err)
	}
	var back map[string]any
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	return back
}

// testTable reads a table of several parts, pages, row groups and batches in each
// form, and compares all values with what was written.
func testTable[Row any](t *testing.T, name string) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		parts := [][]Row{someRows[Row](1, 4001), nil, someRows[Row](2, 1), someRows[Row](3, 2*BatchRows)}
		s := snapshotOf(t, name, parts...)
		testForms(t, open(t, s, name), slices.Concat(parts...))
		testSame(t, open(t, s, name), open(t, asArrow(t, s, name), name))
	})
}

// testSame: Arrow files hold what the Parquet files do that they were made of.
func testSame(t *testing.T, parquet, arrow *Table) {
	t.Helper()
	var want, got bytes.Buffer
	if err := errors.Join(parquet.WriteJSONL(t.Context(), &want), arrow.WriteJSONL(t.Context(), &got)); err != nil {
		t.Fatal(err)
	}
	if want.Len() == 0 || !bytes.Equal(want.Bytes(), got.Bytes()) {
		t.Error("Arrow files have other rows")
	}
	got.Reset()
	if err := arrow.WriteArrow(t.Context(), &got); err != nil {
		t.Fatal(err)
	}
	testArrow(t, arrow, want.Bytes(), &got)
}

func testForms[Row any](t *testing.T, table *Table, rows []Row) {
	t.Helper()
	var lines bytes.Buffer
	if err := table.WriteJSONL(t.Context(), &lines); err != nil {
		t.Fatal(err)
	}
	testJSONL(t, table, rows, lines.Bytes())

	var stream bytes.Buffer
	if err := table.WriteArrow(t.Context(), &stream); err != nil {
		t.Fatal(err)
	}
	testArrow(t, table, lines.Bytes(), &stream)

	var text bytes.Buffer
	if err := table.WriteCSV(t.Context(), &text); err != nil {
		t.Fatal(err)
	}
	testCSV(t, table, rows, text.String())
	testChecksums(t, table, rows)
}

func testJSONL[Row any](t *testing.T, table *Table, rows []Row, lines []byte) {
	t.Helper()
	at := 0
	for line := range bytes.Lines(lines) {
		var got map[string]any
		if err := json.Unmarshal(line, &got); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if at == len(rows) {
			t.Fatalf("more than %d lines", at)
		}
		if diff := cmp.Diff(asJSON(t, rowtest.Map(rows[at])), got); diff != "" {
			t.Fatalf("row %d (-written +read):\n%s", at, diff)
		}
		if at == 0 { // columns come in their order
			last := -1
			for _, f := range table.Schema().Fields() {
				where := bytes.Index(line, []byte(`"`+f.Name+`":`))
				if where <= last {
					t.Errorf("%s stands at %d, and a column before it at %d: %s", f.Name, where, last, line)
				}
				last = where
			}
		}
		at++
	}
	if at != len(rows) {
		t.Errorf("%d lines, want %d", at, len(rows))
	}
}

// testArrow compares a stream with what was written as JSON.
func testArrow(t *testing.T, table *Table, lines []byte, stream io.Reader) {
	t.Helper()
	r, err := ipc.NewReader(stream)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Release()
	if !r.Schema().Equal(table.Schema()) || !r.Schema().Metadata().Equal(table.Schema().Metadata()) {
		t.Errorf("the schema is %s, and not %s", r.Schema(), table.Schema())
	}
	var b []byte
	for r.Next() {
		row := object(r.Schema().Fields(), r.Record().Columns())
		for i := range int(r.Record().NumRows()) {
			b = append(row(b, i), '\n')
		}
	}
	if r.Err() != nil || !bytes.Equal(b, lines) {
		t.Errorf("the stream has other values: %v", r.Err())
	}
}

func testCSV[Row any](t *testing.T, table *Table, rows []Row, text string) {
	t.Helper()
	got, err := csv.NewReader(strings.NewReader(strings.ReplaceAll(text, "\r\n", "\n"))).ReadAll()
	if err != nil || len(got) != len(rows)+1 {
		t.Fatalf("%d lines, want %d: %v", len(got), len(rows)+1, err)
	}
	for i, f := range table.Schema().Fields() {
		if got[0][i] != f.Name {
			t.Errorf("column %d is called %s, and not %s", i, got[0][i], f.Name)
		}
	}
	for i, row := range rows {
		want := rowtest.Map(row)
		for c, f := range table.Schema().Fields() {
			value := ""
			switch v := want[f.Name].(type) {
			case nil:
			case []any, map[string]any:
				var held any
				if err := json.Unmarshal([]byte(got[i+1][c]), &held); err != nil {
					t.Fatalf("row %d, %s: %v", i, f.Name, err)
				}
				if diff := cmp.Diff(asJSON(t, want)[f.Name], held); diff != "" {
					t.Fatalf("row %d, %s (-written +read):\n%s", i, f.Name, diff)
				}
				continue
			default:
				value = fmt.Sprint(v)
			}
			if got[i+1][c] != value {
				t.Fatalf("row %d, %s is %q, and not %q", i, f.Name, got[i+1][c], value)
			}
		}
	}
}

// reference writes a value as Checksum says.
func reference(v any, fields []string) string {
	switch v := v.(type) {
	case nil:
		return "N"
	case bool:
		return map[bool]string{true: "T", false: "F"}[v]
	case int32, int64:
		return fmt.Sprintf("I%d;", v)
	case float64:
		return "D" + string(binary.BigEndian.AppendUint64(nil, math.Float64bits(v)))
	case string:
		return fmt.Sprintf("S%d:%s", len(v), v)
	case []any:
		text := "["
		for _, e := range v {
			text += reference(e, fields)
		}
		return text + "]"
	case map[string]any:
		text, open, end := "", "{", "}"
		keys := slices.Sorted(maps.Keys(v))
		if fields != nil {
			keys, open, end = fields, "(", ")"
		}
		for _, key := range keys {
			if fields == nil {
				text += reference(key, nil)
			}
			text += reference(v[key], nil)
		}
		return open + text + end
	}
	panic(fmt.Sprintf("no such value: %T", v))
}

func testChecksums[Row any](t *testing.T, table *Table, rows []Row) {
	t.Helper()
	columns := table.Schema().NumFields()
	got, want := make([]Checksum, columns+1), make([]Checksum, columns+1)
	for part := range table.Parts() {
		sums, err := table.Checksums(t.Context(), part)
		if err != nil {
			t.Fatal(err)
		}
		for i := range got {
			got[i].Add(sums[i])
		}
	}
	add := func(to *Checksum, value string) {
		sum := sha256.Sum256([]byte(value))
		to.Rows, to.Sum = to.Rows+1, to.Sum+binary.BigEndian.Uint64(sum[:])
	}
	for _, at := range rand.New(rand.NewPCG(1, 2)).Perm(len(rows)) { // in any order
		row, whole := rowtest.Map(rows[at]), ""
		for i, f := range table.Schema().Fields() {
			value := reference(row[f.Name], map[string][]string{"labels": {"layer", "label", "polarity"}}[f.Name])
			if value == "N" {
				want[i].Nulls++
			}
			add(&want[i], value)
			whole += value
		}
		add(&want[columns], whole)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("checksums (-want +got):\n%s", diff)
	}
}

// asArrow is the snapshot with the table in Arrow files alone.
func asArrow(t testing.TB, s *snapshot.Snapshot, name string) *snapshot.Snapshot {
	t.Helper()
	to := &snapshot.Snapshot{Dir: t.TempDir(), Manifest: s.Manifest}
	to.Format, to.Shards, to.Taxonomy = snapshot.ArrowFormat, slices.Clone(s.Shards), sink.Part{}
	move := func(parts []sink.Part, partition []string, path string) []sink.Part {
		all, err := AsArrow(t.Context(), nil, s.Dir, parts, s.Dropped(), partition)
		if err != nil || len(all) != len(parts) {
			t.Fatalf("%d parts of %d: %v", len(all), len(parts), err)
		}
		for i := range all {
			full := filepath.Join(to.Dir, filepath.FromSlash(path))
			if err := errors.Join(os.MkdirAll(filepath.Dir(full), 0o755), os.Rename(filepath.Join(s.Dir, all[i].Path), full)); err != nil {
				t.Fatal(err)
			}
			all[i].Path = path
		}
		return all
	}
	if name == snapshot.TaxonomyTable {
		to.ArrowTaxonomy = move([]sink.Part{s.Taxonomy}, nil, snapshot.ArrowTaxonomyPath)[0]
		return to
	}
	for i := range to.Shards {
		to.Shards[i].Arrow = move(s.Shards[i].Parts, s.Shards[i].Partition, to.ArrowPath(name, i))
		to.Shards[i].Parts = nil
	}
	return to
}

// TestDamagedArrow: an Arrow file that is not what was written is not looked into.
func TestDamagedArrow(t *testing.T) {
	s := asArrow(t, snapshotOf(t, "labels", someRows[schema.LabelRow](1, 100)), "labels")
	p := &s.Shards[0].Arrow[0]
	path := filepath.Join(s.Dir, p.Path)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		want   string
		damage func()
	}{
		{"its SHA-256 is", func() { data[len(data)/2] ^= 1 }},
		{"and the manifest says 101", func() { data[len(data)/2] ^= 1; p.Rows++ }},
		{"outside of the snapshot", func() { p.Path = "../part.arrow" }},
	} {
		c.damage()
		if err := errors.Join(os.Remove(path), os.WriteFile(path, data, 0o644)); err != nil {
			t.Fatal(err)
		}
		var last error
		for _, err := range open(t, s, "labels").All(t.Context()) {
			last = err
		}
		if last == nil || !strings.Contains(last.Error(), c.want) {
			t.Errorf("%v, want %q", last, c.want)
		}
	}
}

// TestDropped: columns that the names of folders have, and the files lack, are there.
func TestDropped(t *testing.T) {
	s := &snapshot.Snapshot{Dir: t.TempDir(), Manifest: snapshot.Manifest{
		PartitionBy: []string{"decision", "year", "corpus"}, PartitionColumns: snapshot.DropColumns,
		Shards: []snapshot.Shard{{Partition: []string{"ac/cepted", "2018", "c"}}, {Partition: []string{"", "", "c"}}},
	}}
	decision, year := "ac/cepted", int32(2018)
	parts := [][]schema.LabelRow{someRows[schema.LabelRow](1, 2*BatchRows+1), someRows[schema.LabelRow](2, 100)}
	for i := range parts {
		for j := range parts[i] {
			row := &parts[i][j]
			row.Decision, row.Year, row.Corpus = &decision, &year, "c"
			if i == 1 {
				row.Decision, row.Year = nil, nil
			}
		}
	}
	write(t, s, "labels", parts...)
	all := open(t, s, "labels")
	rows := slices.Concat(parts...)
	var lines bytes.Buffer
	if err := all.WriteJSONL(t.Context(), &lines); err != nil {
		t.Fatal(err)
	}
	testJSONL(t, all, rows, lines.Bytes())
	testChecksums(t, all, rows)
	lines.Reset()
	arrow := open(t, asArrow(t, s, "labels"), "labels") // which has them
	if err := arrow.WriteJSONL(t.Context(), &lines); err != nil {
		t.Fatal(err)
	}
	testJSONL(t, arrow, rows, lines.Bytes())
	lines.Reset()
	if err := open(t, s, "labels", "year", "decision").WriteJSONL(t.Context(), &lines); err != nil {
		t.Fatal(err)
	}
	want := strings.Repeat(`{"year":2018,"decision":"ac/cepted"}`+"\n", 2*BatchRows+1) + strings.Repeat(`{"year":null,"decision":null}`+"\n", 100)
	if lines.String() != want {
		t.Errorf("nothing but such columns: %.200s", lines.String())
	}
}

func TestTables(t *testing.T) {
	testTable[schema.DocumentRow](t, "documents")
	testTable[schema.SentenceRow](t, "sentences")
	testTable[schema.LabelRow](t, "labels")
	testTable[schema.RelationRow](t, "relations")
	testTable[schema.DiagnosticRow](t, "diagnostics")
	rows := someRows[schema.TaxonomyRow](1, 5000)
	s := snapshotOf(t, "taxonomy", rows)
	testForms(t, open(t, s, "taxonomy"), rows)
	testSame(t, open(t, s, "taxonomy"), open(t, asArrow(t, s, "taxonomy"), "taxonomy"))
}

// TestChecksumIsWritten holds the form of a checksum, which other programs compute.
func TestChecksumIsWritten(t *testing.T) {
	s := snapshotOf(t, "taxonomy", []schema.TaxonomyRow{{Corpus: "c", Layer: "größe", Aliases: []string{"A", ""}, HasPolarity: true}})
	got, err := open(t, s, "taxonomy", "layer", "aliases", "has_polarity").Checksums(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	for i, value := range []string{"S7:größe", "[S1:AS0:]", "T", "S7:größe[S1:AS0:]T"} {
		sum := sha256.Sum256([]byte(value))
		if want := (Checksum{Rows: 1, Sum: binary.BigEndian.Uint64(sum[:])}); got[i] != want {
			t.Errorf("%s is %v, want %v", value, got[i], want)
		}
	}
}

func TestNoNumber(t *testing.T) {
	b := array.NewFloat64Builder(memory.DefaultAllocator)
	b.AppendValues([]float64{math.NaN(), math.Copysign(math.NaN(), -1), math.Inf(1), math.Copysign(0, -1)}, nil)
	column := b.NewArray()
	text, bytes := toJSON(column), toBytes(column)
	for i, want := range [][2]string{
		{`"NaN"`, "447ff8000000000000"}, {`"NaN"`, "447ff8000000000000"}, {`"+Inf"`, "447ff0000000000000"}, {"-0", "448000000000000000"},
	} {
		if got := [2]string{string(text(nil, i)), hex.EncodeToString(bytes(nil, i))}; got != want {
			t.Errorf("value %d is written as %q, want %q", i, got, want)
		}
	}
}

// TestNullAndEmpty: in CSV, NULL and the empty string differ, but for CSV of one
// column, where no reader may skip a row.
func TestNullAndEmpty(t *testing.T) {
	empty, quoted := "", `say "yes", now`
	s := snapshotOf(t, "diagnostics", []schema.DiagnosticRow{
		{Corpus: "c", Before: nil, After: &empty}, {Corpus: "c", Before: &quoted, After: nil},
	})
	var b bytes.Buffer
	if err := open(t, s, "diagnostics", "after", "corpus", "before").WriteCSV(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	if want := "after,corpus,before\r\n\"\",c,\r\n,c,\"say \"\"yes\"\", now\"\r\n"; b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
	b.Reset()
	if err := open(t, s, "diagnostics", "after").WriteCSV(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	if want := "after\r\n\"\"\r\n\"\"\r\n"; b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if diff := cmp.Diff([][]string{{"after"}, {""}, {""}}, rows); diff != "" || err != nil {
		t.Errorf("%v (-written +read):\n%s", err, diff)
	}
}

// TestSchema: what is streamed has the schema that is documented.
func TestSchema(t *testing.T) {
	for _, table := range schema.Tables() {
		text, err := schema.Arrow([]schema.Table{table})
		if err != nil {
			t.Fatal(err)
		}
		var documented struct {
			Fields   []jsonField
			Metadata []jsonPair
		}
		if err := json.Unmarshal(text, &documented); err != nil {
			t.Fatal(err)
		}
		if len(documented.Fields) < 5 {
			t.Fatalf("%s has %d fields", table.Name, len(documented.Fields))
		}
		f := form(table)
		if diff := cmp.Diff(documented.Fields, jsonFields(t, f.Fields())); diff != "" {
			t.Errorf("%s (-documented +streamed):\n%s", table.Name, diff)
		}
		if diff := cmp.Diff(documented.Metadata, pairs(f.Metadata())); diff != "" {
			t.Errorf("%s (-documented +streamed):\n%s", table.Name, diff)
		}
	}
}

type jsonField struct {
	Name     string
	Nullable bool
	Type     map[string]any
	Children []jsonField
	Metadata []jsonPair
}

type jsonPair struct{ Key, Value string }

func pairs(m arrow.Metadata) (all []jsonPair) {
	for i, key := range m.Keys() {
		all = append(all, jsonPair{key, m.Values()[i]})
	}
	return all
}

// jsonFields is fields as Arrow's integration format has them.
func jsonFields(t *testing.T, fields []arrow.Field) []jsonField {
	t.Helper()
	all := []jsonField{}
	for _, f := range fields {
		j := jsonField{Name: f.Name, Nullable: f.Nullable, Children: []jsonField{}, Metadata: pairs(f.Metadata)}
		switch typ := f.Type.(type) {
		case *arrow.StringType:
			j.Type = map[string]any{"name": "utf8"}
		case *arrow.Int32Type, *arrow.Int64Type:
			j.Type = map[string]any{"name": "int", "bitWidth": float64(typ.(arrow.FixedWidthDataType).BitWidth()), "isSigned": true}
		case *arrow.Float64Type:
			j.Type = map[string]any{"name": "floatingpoint", "precision": "DOUBLE"}
		case *arrow.BooleanType:
			j.Type = map[string]any{"name": "bool"}
		case *arrow.MapType:
			j.Type = map[string]any{"name": "map", "keysSorted": typ.KeysSorted}
			j.Children = jsonFields(t, typ.Fields())
		case *arrow.ListType:
			j.Type = map[string]any{"name": "list"}
			j.Children = jsonFields(t, typ.Fields())
		case *arrow.StructType:
			j.Type = map[string]any{"name": "struct"}
			j.Children = jsonFields(t, typ.Fields())
		default:
			t.Fatalf("no such type: %s", f.Type)
		}
		all = append(all, j)
	}
	return all
}

func TestBadColumns(t *testing.T) {
	s := snapshotOf(t, "labels", someRows[schema.LabelRow](1, 3))
	for _, c := range [][]string{{"nosuch"}, {"labels", "nosuch"}, {"labels", "label", "text"}} {
		if _, err := Open(s, c[0], c[1:]...); err == nil || !strings.Contains(err.Error(), c[len(c)-1]) {
			t.Errorf("%q: %v", c, err)
		}
	}
}

// TestStops: reading ends where nobody asks for more, and where the context does.
func TestStops(t *testing.T) {
	table := open(t, snapshotOf(t, "labels", someRows[schema.LabelRow](1, 3*BatchRows), someRows[schema.LabelRow](2, 10)), "labels")
	n := 0
	for _, err := range table.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 2 {
			break
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n = 0
	for _, err := range table.All(ctx) {
		if n++; n == 2 {
			cancel()
		}
		if (err != nil) != (n == 3) || n == 3 && !errors.Is(err, context.Canceled) {
			t.Errorf("batch %d: %v", n, err)
		}
	}
	if n != 3 {
		t.Errorf("%d batches", n)
	}
	if err := table.WriteJSONL(t.Context(), closed{}); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("a closed pipe: %v", err)
	}
}

type closed struct{}

func (closed) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// TestLongRows: where rows are long, a batch has few.
func TestLongRows(t *testing.T) {
	rows := make([]schema.DocumentRow, 60)
	for i := range rows {
		rows[i].Text = strings.Repeat("long ", 1<<18)
	}
	table := open(t, snapshotOf(t, "documents", rows), "documents", "text")
	n := int64(0)
	for batch, err := range table.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if n += batch.NumRows(); batch.NumRows() > 30 {
			t.Errorf("a batch of %d rows", batch.NumRows())
		}
	}
	if n != 60 {
		t.Errorf("%d rows", n)
	}
}

// TestDamaged: a part that is not what it should be is an error that names it, and
// never a panic, or rows that are missing.
func TestDamaged(t *testing.T) {
	rows := someRows[schema.SentenceRow](1, 500)
	flat := []string{"sentence_id", "heading", "text", "year", "rating", "labeled"}
	read := func(s *snapshot.Snapshot, columns ...string) (err error) {
		for _, err = range open(t, s, "sentences", columns...).All(t.Context()) {
			continue
		}
		return err
	}
	for _, c := range []struct {
		want    string
		columns []string
		damage  func(p *sink.Part, data []byte) []byte
	}{
		{"no such file", nil, func(p *sink.Part, _ []byte) []byte { p.Path = "sentences/part-00001.parquet"; return nil }},
		{"the manifest has it outside of the snapshot", nil, func(p *sink.Part, data []byte) []byte { p.Path = "../part"; return data }},
		{"it has 500 rows, and the manifest says 501", nil, func(p *sink.Part, data []byte) []byte { p.Rows++; return data }},
		{"sentences/part-00000.parquet: its SHA-256 is", nil, func(p *sink.Part, data []byte) []byte { data[len(data)/3] ^= 1; return data }},
		{"sentences/part-00000.parquet: ", flat, func(p *sink.Part, data []byte) []byte { return data[:len(data)/2] }},
		{"sentences/part-00000.parquet: ", flat, func(p *sink.Part, data []byte) []byte { return nil }},
		{"it has no column sentence_id", flat, func(*sink.Part, []byte) []byte {
			other := snapshotOf(t, "taxonomy", someRows[schema.TaxonomyRow](1, 500))
			data, err := os.ReadFile(filepath.Join(other.Dir, filepath.FromSlash(other.Taxonomy.Path)))
			if err != nil {
				t.Fatal(err)
			}
			return data
		}},
	} {
		s := snapshotOf(t, "sentences", rows)
		p := &s.Shards[0].Parts[0]
		path := filepath.Join(s.Dir, p.Path)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, c.damage(p, data), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := read(s, c.columns...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
	// Whatever byte is another, reading ends.
	s := snapshotOf(t, "sentences", rows)
	path := filepath.Join(s.Dir, s.Shards[0].Parts[0].Path)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for at := 4; at < len(data); at += len(data) / 300 {
		data[at] ^= 0x55
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		data[at] ^= 0x55
		if err := read(s, flat...); err != nil {
			found++
		}
	}
	if found < 20 {
		t.Errorf("only %d damages were found", found)
	}
}

// TestDistinctNull: no text is counted as NULL, or as another text.
func TestDistinctNull(t *testing.T) {
	texts := []string{"NULL", `"NULL"`, `"NULL`, `NULL"`, "null", "", "nothing"}
	rows := []schema.DiagnosticRow{{Corpus: "c"}}
	want := []string{"NULL", `"NULL"`, `""NULL""`, `""NULL"`, `"NULL""`, "null", "", "nothing"}
	for i := range texts {
		rows = append(rows, schema.DiagnosticRow{Corpus: "c", Before: &texts[i]})
	}
	var d Distinct
	for batch, err := range open(t, snapshotOf(t, "diagnostics", rows), "diagnostics", "before").All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		d.Read(batch.Column(0))
	}
	if diff := cmp.Diff(want, d.Values); diff != "" {
		t.Error(diff)
	}
}

func TestDistinct(t *testing.T) {
	rows := someRows[schema.SentenceRow](1, 3000)
	table := open(t, snapshotOf(t, "sentences", rows), "sentences", "text", "heading", "year", "rating", "labeled", "source_start")
	columns := make([]Distinct, 6)
	at := 0
	for batch, err := range table.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		for c := range columns {
			columns[c].Read(batch.Column(c))
		}
		for i := range int(batch.NumRows()) {
			row := rowtest.Map(rows[at])
			for c, f := range table.Schema().Fields() {
				want := Null
				if v := row[f.Name]; v != nil {
					want = Quoted(fmt.Sprint(v))
				}
				if got := columns[c].Values[columns[c].Codes[i]]; got != want {
					t.Fatalf("row %d, %s is %q, and not %q", at, f.Name, got, want)
				}
			}
			at++
		}
	}
	if n := len(columns[4].Values); at != len(rows) || n != 2 {
		t.Errorf("%d rows, and %d values of labeled", at, n)
	}
}

// TestQuoted holds JSON strings to what encoding/json reads, and to what it writes
// where nothing needs to be escaped for HTML.
func TestQuoted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOf(rapid.OneOf(rapid.Rune(), rapid.SampledFrom([]rune("\"\\\n\r\t\x00\x1f\x7f<>&\u2028é😀")))).Draw(t, "s")
		got := appendQuoted([]byte("before"), s)
		var back string
		if err := json.Unmarshal(got[len("before"):], &back); err != nil || back != s {
			t.Fatalf("%q became %s, and that %q: %v", s, got, back, err)
		}
	})
	if got := string(appendQuoted(nil, "a\xffb")); got != "\"a\uFFFDb\"" {
		t.Errorf("bytes that are not UTF-8 became %q", got)
	}
}

// TestSameBytes: text is the same each time.
func TestSameBytes(t *testing.T) {
	table := open(t, snapshotOf(t, "documents", someRows[schema.DocumentRow](1, 500)), "documents")
	for name, write := range map[string]func(*Table, context.Context, io.Writer) error{
		"jsonl": (*Table).WriteJSONL, "csv": (*Table).WriteCSV, "arrow": (*Table).WriteArrow,
	} {
		var a, b bytes.Buffer
		if err := errors.Join(write(table, t.Context(), &a), write(table, t.Context(), &b)); err != nil {
			t.Fatal(err)
		}
		if a.Len() == 0 || !bytes.Equal(a.Bytes(), b.Bytes()) {
			t.Errorf("%s differs", name)
		}
	}
}

// BenchmarkCat writes a table of sentences in each form. Bytes are those written.
func BenchmarkCat(b *testing.B) {
	table := open(b, snapshotOf(b, "sentences", someRows[schema.SentenceRow](1, 50_000)), "sentences")
	for _, c := range []struct {
		name  string
		write func(*Table, context.Context, io.Writer) error
	}{
		{"jsonl", (*Table).WriteJSONL}, {"csv", (*Table).WriteCSV}, {"arrow", (*Table).WriteArrow},
	} {
		b.Run(c.name, func(b *testing.B) {
			var size counter
			if err := c.write(table, b.Context(), &size); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				if err := c.write(table, b.Context(), io.Discard); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

type counter int

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// BenchmarkChecksum adds up a table of sentences. Bytes are those of its values as
// text.
func BenchmarkChecksum(b *testing.B) {
	table := open(b, snapshotOf(b, "sentences", someRows[schema.SentenceRow](1, 50_000)), "sentences")
	var size counter
	if err := table.WriteCSV(b.Context(), &size); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := table.Checksums(b.Context(), 0); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAsArrow writes a table of sentences as Arrow. Bytes are those written.
func BenchmarkAsArrow(b *testing.B) {
	s := snapshotOf(b, "sentences", someRows[schema.SentenceRow](1, 50_000))
	b.ReportAllocs()
	for b.Loop() {
		made, err := AsArrow(b.Context(), nil, s.Dir, s.Shards[0].Parts, nil, nil)
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(made[0].Bytes)
		if err := os.Remove(filepath.Join(s.Dir, made[0].Path)); err != nil {
			b.Fatal(err)
		}
	}
}
