package verifier

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/apache/arrow/go/v17/parquet/file"
	pqschema "github.com/apache/arrow/go/v17/parquet/schema"
	parquetgo "github.com/parquet-go/parquet-go"
	"pgregory.net/rapid"

	"github.com/quern-data/quern/schema"
)

// codedRow has a column for each encoding that the decoders read.
type codedRow struct {
	Plain    string   `parquet:"plain,plain"`
	Length   string   `parquet:"length"`
	Delta    string   `parquet:"delta,delta"`
	Dict     string   `parquet:"dict,dict"`
	OrPlain  *string  `parquet:"or_plain,optional,plain"`
	OrLength *string  `parquet:"or_length,optional"`
	OrDict   *string  `parquet:"or_dict,optional,dict"`
	Int      int32    `parquet:"int,plain"`
	IntDelta int32    `parquet:"int_delta,delta"`
	IntDict  int32    `parquet:"int_dict,dict"`
	OrInt    *int32   `parquet:"or_int,optional"`
	Long     int64    `parquet:"long,delta"`
	Double   float64  `parquet:"double"`
	OrDouble *float64 `parquet:"or_double,optional"`
	Bool     bool     `parquet:"bool"`
	List     []string `parquet:"list,list,dict"`
	Listed   []string `parquet:"listed,list"`
}

// coded makes rows of one sort or another.
type coded struct {
	*rand.Rand
	sort int
	last int
}

func (c *coded) number() int64 {
	c.last++
	switch c.sort {
	case 0:
		return 7
	case 1:
		return int64(c.IntN(3))
	case 2: // in runs
		return int64(c.last / 20)
	case 3:
		return int64(c.IntN(1 << 20))
	}
	return []int64{math.MinInt64, math.MaxInt64, 0, -1, int64(c.Uint64())}[c.IntN(5)]
}

func (c *coded) text() string {
	n := c.number()
	return strings.Repeat("corpus/ö", int(uint64(n)%4)) + fmt.Sprint(n)[:min(len(fmt.Sprint(n)), c.IntN(9))]
}

func (c *coded) list() (list []string) {
	for range c.IntN(4) {
		list = append(list, c.text())
	}
	return list
}

func maybe[T any](c *coded, v T) *T {
	if c.last%40 < 30 && c.IntN(4) > 0 {
		return &v
	}
	return nil
}

func (c *coded) row() codedRow {
	return codedRow{
		Plain: c.text(), Length: c.text(), Delta: c.text(), Dict: c.text(),
		OrPlain: maybe(c, c.text()), OrLength: maybe(c, c.text()), OrDict: maybe(c, c.text()),
		Int: int32(c.number()), IntDelta: int32(c.number()), IntDict: int32(c.number()), OrInt: maybe(c, int32(c.number())),
		Long: c.number(), Double: float64(c.number()), OrDouble: maybe(c, float64(c.number())), Bool: c.number()%2 == 0,
		List: c.list(), Listed: c.list(),
	}
}

// readCoded reads a file into rows.
func readCoded(t interface{ Fatalf(string, ...any) }, dir string, data []byte) (rows []codedRow) {
	path := filepath.Join(dir, "part.parquet")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatalf("%v", err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatalf("%v", err)
	}
	defer f.Close()
	p := &part{layout: &layout{readers: map[string]*sync.Pool{"coded": {}}}, table: schema.Table{Name: "coded"}, file: f, bytes: int64(len(data))}
	if p.reader, err = file.NewParquetReader(f); err != nil {
		t.Fatalf("%v", err)
	}
	r := newTableReader(p)
	names, others := r.list("list.list.element"), r.list("listed.list.element")
	for r.next(); r.more; r.next() {
		text := func(name string) string { return string(r.string(name).at(r.i)) }
		orText := func(name string) *string {
			v := r.string(name).at(r.i)
			if (v == nil) != r.string(name).null(r.i) {
				t.Fatalf("row %d, column %s: it is NULL and is not", r.row, name)
			}
			if v == nil {
				return nil
			}
			return new(string(v))
		}
		elements := func(l *list) (all []string) {
			for i := range l.len() {
				all = append(all, string(l.value(0, i)))
			}
			return all
		}
		row := codedRow{
			Plain: text("plain"), Length: text("length"), Delta: text("delta"), Dict: text("dict"),
			OrPlain: orText("or_plain"), OrLength: orText("or_length"), OrDict: orText("or_dict"),
			Int: r.int32("int").values[r.i], IntDelta: r.int32("int_delta").values[r.i], IntDict: r.int32("int_dict").values[r.i],
			Long: r.int64("long").values[r.i], Double: r.double("double").values[r.i], Bool: r.bool("bool").values[r.i],
			List: elements(names), Listed: elements(others),
		}
		if !r.int32("or_int").null(r.i) {
			row.OrInt = new(r.int32("or_int").values[r.i])
		}
		if !r.double("or_double").null(r.i) {
			row.OrDouble = new(r.double("or_double").values[r.i])
		}
		rows = append(rows, row)
	}
	if r.err != nil || p.total > 0 {
		t.Fatalf("%v, and found%s", r.err, lines(p.problems()))
	}
	return rows
}

// TestDecoders reads what parquet-go and Arrow write, in all encodings, with pages of
// all sizes.
func TestDecoders(t *testing.T) {
	dir, byArrow := t.TempDir(), 0
	rapid.Check(t, func(t *rapid.T) {
		c := &coded{Rand: rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0)), sort: rapid.IntRange(0, 4).Draw(t, "sort")}
		rows := make([]codedRow, rapid.IntRange(1, 1300).Draw(t, "rows"))
		for i := range rows {
			rows[i] = c.row()
		}
		version, page := rapid.IntRange(1, 2).Draw(t, "version"), rapid.IntRange(100, 20_000).Draw(t, "page")
		var data bytes.Buffer
		if rapid.Bool().Draw(t, "arrow") && wroteArrow(t, &data, rows, version, page) {
			byArrow++
		} else {
			data.Reset()
			w := parquetgo.NewGenericWriter[codedRow](&data, parquetgo.Compression(&parquetgo.Zstd), parquetgo.DataPageVersion(version),
				parquetgo.PageBufferSize(page), parquetgo.MaxRowsPerRowGroup(1100))
			if _, err := w.Write(rows); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
		}
		got := readCoded(t, dir, data.Bytes())
		if len(got) != len(rows) {
			t.Fatalf("%d rows, want %d", len(got), len(rows))
		}
		for i := range got {
			if g, w := fmt.Sprintf("%+v", shown(got[i])), fmt.Sprintf("%+v", shown(rows[i])); g != w {
				t.Fatalf("row %d is\n%s, want\n%s", i, g, w)
			}
		}
	})
	if byArrow == 0 {
		t.Error("Arrow wrote none of the files")
	}
}

// writerFault is a fault of Arrow's writer: with pages of a hundred bytes, its
// buffers are sometimes too small for what it puts there, and it says so.
type writerFault struct{ error }

// wroteArrow writes with Arrow, and reports whether its writer could. Whatever else
// goes wrong ends the test.
func wroteArrow(t *rapid.T, to *bytes.Buffer, rows []codedRow, version, page int) (ok bool) {
	defer func() {
		if r := recover(); r != nil {
			if _, fault := r.(writerFault); !fault {
				panic(r)
			}
		}
	}()
	writeArrow(t, to, rows, version, page)
	return true
}

// shown is a row that prints.
func shown(r codedRow) []any {
	return []any{
		r.Plain, r.Length, r.Delta, r.Dict, deref(r.OrPlain), deref(r.OrLength), deref(r.OrDict),
		r.Int, r.IntDelta, r.IntDict, deref(r.OrInt), r.Long, r.Double, deref(r.OrDouble), r.Bool, r.List, r.Listed,
	}
}

func deref[T any](p *T) any {
	if p == nil {
		return nil
	}
	return *p
}

// arrowBatch is how many values Arrow writes before it looks whether a page is full.
const arrowBatch = 100

// writeArrow writes rows as Arrow does: with dictionaries that break off when they
// grow, and runs of truth values.
func writeArrow(t *rapid.T, to *bytes.Buffer, rows []codedRow, version, page int) {
	fields := pqschema.FieldList{}
	props := []parquet.WriterProperty{
		parquet.WithCompression(compress.Codecs.Zstd), parquet.WithDataPageSize(int64(page)), parquet.WithDictionaryPageSizeLimit(500),
		parquet.WithBatchSize(arrowBatch), parquet.WithStats(true),
	}
	if version == 2 {
		props = append(props, parquet.WithDataPageVersion(parquet.DataPageV2))
	}
	// In DELTA_BYTE_ARRAY Arrow lets the first value of a page share with the one
	// before it, which Parquet does not.
	encodings := map[string]parquet.Encoding{
		"plain": parquet.Encodings.Plain, "length": parquet.Encodings.DeltaLengthByteArray, "delta": parquet.Encodings.DeltaLengthByteArray,
		"or_plain": parquet.Encodings.Plain, "or_length": parquet.Encodings.DeltaLengthByteArray,
		"int": parquet.Encodings.Plain, "int_delta": parquet.Encodings.DeltaBinaryPacked, "or_int": parquet.Encodings.DeltaBinaryPacked,
		"long": parquet.Encodings.DeltaBinaryPacked, "double": parquet.Encodings.Plain, "or_double": parquet.Encodings.Plain,
		"bool": parquet.Encodings.Plain,
	}
	if len(rows) <= arrowBatch { // in each page Arrow repeats the truth values of those before it
		encodings["bool"] = parquet.Encodings.RLE
	}
	for name, e := range encodings {
		props = append(props, parquet.WithDictionaryFor(name, false), parquet.WithEncodingFor(name, e))
	}
	text := pqschema.StringLogicalType{}
	for _, name := range []string{"plain", "length", "delta", "dict", "or_plain", "or_length", "or_dict"} {
		repetition := parquet.Repetitions.Required
		if strings.HasPrefix(name, "or_") {
			repetition = parquet.Repetitions.Optional
		}
		fields = append(fields, pqschema.MustPrimitive(pqschema.NewPrimitiveNodeLogical(name, repetition, text, parquet.Types.ByteArray, 0, -1)))
	}
	fields = append(fields,
		pqschema.NewInt32Node("int", parquet.Repetitions.Required, -1), pqschema.NewInt32Node("int_delta", parquet.Repetitions.Required, -1),
		pqschema.NewInt32Node("int_dict", parquet.Repetitions.Required, -1), pqschema.NewInt32Node("or_int", parquet.Repetitions.Optional, -1),
		pqschema.NewInt64Node("long", parquet.Repetitions.Required, -1), pqschema.NewFloat64Node("double", parquet.Repetitions.Required, -1),
		pqschema.NewFloat64Node("or_double", parquet.Repetitions.Optional, -1), pqschema.NewBooleanNode("bool", parquet.Repetitions.Required, -1))
	for _, name := range []string{"list", "listed"} {
		element := pqschema.MustPrimitive(pqschema.NewPrimitiveNodeLogical("element", parquet.Repetitions.Required, text, parquet.Types.ByteArray, 0, -1))
		fields = append(fields, pqschema.MustGroup(pqschema.ListOfWithName(name, element, parquet.Repetitions.Required, -1)))
	}
	root := pqschema.MustGroup(pqschema.NewGroupNode("rows", parquet.Repetitions.Required, fields, -1))
	w := file.NewParquetWriter(to, root, file.WithWriterProps(parquet.NewWriterProperties(props...)))
	for part := range slices.Chunk(rows, 1100) {
		group := w.AppendRowGroup()
		bytesOf := func(get func(*codedRow) *string) {
			column(t, group, part, func(r *codedRow) *parquet.ByteArray {
				if s := get(r); s != nil {
					return new(parquet.ByteArray(*s))
				}
				return nil
			})
		}
		bytesOf(func(r *codedRow) *string { return &r.Plain })
		bytesOf(func(r *codedRow) *string { return &r.Length })
		bytesOf(func(r *codedRow) *string { return &r.Delta })
		bytesOf(func(r *codedRow) *string { return &r.Dict })
		bytesOf(func(r *codedRow) *string { return r.OrPlain })
		bytesOf(func(r *codedRow) *string { return r.OrLength })
		bytesOf(func(r *codedRow) *string { return r.OrDict })
		column(t, group, part, func(r *codedRow) *int32 { return &r.Int })
		column(t, group, part, func(r *codedRow) *int32 { return &r.IntDelta })
		column(t, group, part, func(r *codedRow) *int32 { return &r.IntDict })
		column(t, group, part, func(r *codedRow) *int32 { return r.OrInt })
		column(t, group, part, func(r *codedRow) *int64 { return &r.Long })
		column(t, group, part, func(r *codedRow) *float64 { return &r.Double })
		column(t, group, part, func(r *codedRow) *float64 { return r.OrDouble })
		column(t, group, part, func(r *codedRow) *bool { return &r.Bool })
		for _, get := range []func(*codedRow) []string{func(r *codedRow) []string { return r.List }, func(r *codedRow) []string { return r.Listed }} {
			var values []parquet.ByteArray
			var defs, reps []int16
			for i := range part {
				list := get(&part[i])
				if len(list) == 0 {
					defs, reps = append(defs, 0), append(reps, 0)
				}
				for k, s := range list {
					values, defs, reps = append(values, parquet.ByteArray(s)), append(defs, 1), append(reps, int16(min(k, 1)))
				}
			}
			write(t, group, values, defs, reps)
		}
		if err := group.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func column[T any](t *rapid.T, group file.SerialRowGroupWriter, rows []codedRow, get func(*codedRow) *T) {
	var values []T
	defs := make([]int16, len(rows))
	for i := range rows {
		if v := get(&rows[i]); v != nil {
			values, defs[i] = append(values, *v), 1
		}
	}
	write(t, group, values, defs, nil)
}

func write[T any](t *rapid.T, group file.SerialRowGroupWriter, values []T, defs, reps []int16) {
	w, err := group.NextColumn()
	if err != nil {
		t.Fatal(err)
	}
	if w.Descr().MaxDefinitionLevel() == 0 {
		defs = nil
	}
	if _, err := w.(interface {
		WriteBatch(values []T, defs, reps []int16) (int64, error)
	}).WriteBatch(values, defs, reps); err != nil {
		if strings.Contains(err.Error(), "slice bounds out of range") {
			panic(writerFault{err})
		}
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}
