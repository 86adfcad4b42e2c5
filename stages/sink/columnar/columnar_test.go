package columnar

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/parquet/file"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/rle"

	"github.com/quern-data/quern/schema"
)

func compressor(t testing.TB) *zstd.Encoder {
	t.Helper()
	e, err := zstd.NewWriter(nil, zstd.WithEncoderCRC(false), zstd.WithZeroFrames(true))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// testTable has a column of each kind and encoding.
func testTable() schema.Table {
	text := schema.Type{Kind: schema.String}
	return schema.Table{Name: "test", Sort: []string{"id"}, Columns: []schema.Column{
		{Name: "id", Type: text, Encoding: schema.Delta},
		{Name: "plain", Type: text, Nullable: true},
		{Name: "dict", Type: text, Nullable: true, Encoding: schema.Dictionary},
		{Name: "number", Type: schema.Type{Kind: schema.Int64}, Encoding: schema.Delta},
		{Name: "year", Type: schema.Type{Kind: schema.Int32}, Nullable: true, Encoding: schema.Dictionary},
		{Name: "double", Type: schema.Type{Kind: schema.Double}, Nullable: true},
		{Name: "list", Type: schema.Type{Kind: schema.List, Elem: &text}},
	}}
}

// write writes n rows, and returns the file.
func write(t testing.TB, f *File, n int) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := f.Reset(&out, nil); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if err := f.Next(1); err != nil {
			t.Fatal(err)
		}
		f.Strings("id").Add(fmt.Sprintf("corpus/document-%06d", i))
		f.Strings("plain").NotEmpty(strings.Repeat("ä", i%90))
		f.Strings("dict").NotEmpty([]string{"", "one", "two"}[i%3])
		f.Int64s("number").Add(int64(i) * int64(i))
		f.Int32s("year").Add(int32(2000 + i%7))
		if i%2 == 0 {
			f.Doubles("double").Null(1)
		} else {
			f.Doubles("double").Add(float64(i) / 7)
		}
		if i%5 == 0 {
			f.Strings("list.list.element").Empty(1)
		}
		for j := range i % 5 {
			f.Strings("list.list.element").AddElement(fmt.Sprint(i, j), j == 0)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if f.Rows() != int64(n) {
		t.Errorf("Rows is %d, want %d", f.Rows(), n)
	}
	return out.Bytes()
}

func TestFileIsUsedAgain(t *testing.T) {
	f := New(testTable(), new(Room), Options{RowGroupRows: 1000, Compressor: compressor(t), Bloom: []string{"id"}})
	want := write(t, f, 3500)
	write(t, f, 10)
	if err := f.Reset(io.Discard, nil); err != nil { // and left half way
		t.Fatal(err)
	}
	if err := f.Next(1); err != nil {
		t.Fatal(err)
	}
	f.Strings("dict").Add("three")
	if got := write(t, f, 3500); !bytes.Equal(got, want) {
		t.Error("the second file of the same rows has other bytes")
	}
	fresh := New(testTable(), new(Room), Options{RowGroupRows: 1000, Compressor: compressor(t), Bloom: []string{"id"}})
	if got := write(t, fresh, 3500); !bytes.Equal(got, want) {
		t.Error("another File makes other bytes of the same rows")
	}
}

// TestIndex checks, with parquet-go's reader, what it takes to find rows without
// reading all: page index, statistics and bloom filters.
func TestIndex(t *testing.T) {
	const rows = 60_000
	data := write(t, New(testTable(), new(Room), Options{RowGroupRows: 25_000, Compressor: compressor(t), Bloom: []string{"id"}}), rows)
	f, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(f.RowGroups()); n != 3 {
		t.Fatalf("%d row groups, want 3", n)
	}
	pages, row := 0, 0
	for _, g := range f.RowGroups() {
		for c, chunk := range g.ColumnChunks() {
			columns, err := chunk.ColumnIndex()
			if err != nil {
				t.Fatal(err)
			}
			offsets, err := chunk.OffsetIndex()
			if err != nil {
				t.Fatal(err)
			}
			if columns.NumPages() != offsets.NumPages() {
				t.Errorf("column %d has %d and %d pages", c, columns.NumPages(), offsets.NumPages())
			}
			reader := chunk.Pages()
			first := int64(0)
			for i := range offsets.NumPages() {
				if offsets.FirstRowIndex(i) != first {
					t.Errorf("column %d: page %d begins at row %d, not %d", c, i, offsets.FirstRowIndex(i), first)
				}
				page, err := reader.ReadPage()
				if err != nil {
					t.Fatal(err)
				}
				first += page.NumRows()
				pages++
				checkBounds(t, c, page, columns, i)
				parquet.Release(page)
			}
			if first != g.NumRows() {
				t.Errorf("column %d has %d rows in its pages, and not %d", c, first, g.NumRows())
			}
			if err := reader.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if columns, _ := g.ColumnChunks()[3].ColumnIndex(); !columns.IsAscending() {
			t.Error("the pages of numbers that rise are not said to be in order")
		}
		for i := range g.NumRows() {
			id := parquet.ValueOf(fmt.Sprintf("corpus/document-%06d", row))
			if ok, err := g.ColumnChunks()[0].BloomFilter().Check(id); err != nil || !ok {
				t.Fatalf("the bloom filter lacks row %d: %v", i, err)
			}
			row++
		}
	}
	if pages <= 3*len(testTable().Columns) {
		t.Errorf("%d pages: no column chunk has two", pages)
	}
}

func checkBounds(t *testing.T, column int, page parquet.Page, index parquet.ColumnIndex, i int) {
	t.Helper()
	values := make([]parquet.Value, page.NumValues())
	if n, err := page.Values().ReadValues(values); n != len(values) {
		t.Fatal(n, err)
	}
	typ := page.Type()
	nulls := int64(0)
	for _, v := range values {
		switch {
		case v.IsNull():
			nulls++
		case typ.Compare(v, index.MinValue(i)) < 0 || typ.Compare(v, index.MaxValue(i)) > 0:
			t.Fatalf("column %d, page %d: %v is not in the bounds from %v to %v", column, i, v, index.MinValue(i), index.MaxValue(i))
		}
	}
	if index.NullCount(i) != nulls || index.NullPage(i) != (nulls == int64(len(values))) {
		t.Errorf("column %d, page %d: %d NULLs, want %d", column, i, index.NullCount(i), nulls)
	}
}

// TestRowsAreNotParted adds more rows in one go than a row group takes.
func TestRowsAreNotParted(t *testing.T) {
	text := schema.Type{Kind: schema.String}
	table := schema.Table{Name: "test", Columns: []schema.Column{{Name: "id", Type: text}}}
	f := New(table, new(Room), Options{RowGroupRows: 10, Compressor: compressor(t)})
	var out bytes.Buffer
	if err := f.Reset(&out, nil); err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{4, 6, 0, 7, 4, 25, 1, 0} {
		if err := f.Next(n); err != nil {
			t.Fatal(err)
		}
		f.Strings("id").Repeat("x", n)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := file.NewParquetReader(bytes.NewReader(out.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	var got []int64
	for i := range r.NumRowGroups() {
		got = append(got, r.RowGroup(i).NumRows())
	}
	if want := []int64{10, 7, 4, 25, 1}; !slices.Equal(got, want) {
		t.Errorf("row groups of %v rows, want %v", got, want)
	}
}

// TestLongTexts writes texts of which a few fill a page.
func TestLongTexts(t *testing.T) {
	text := schema.Type{Kind: schema.String}
	table := schema.Table{Name: "test", Columns: []schema.Column{{Name: "text", Type: text}}}
	f := New(table, new(Room), Options{RowGroupRows: 1000, Compressor: compressor(t)})
	var out bytes.Buffer
	if err := f.Reset(&out, nil); err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("long ", PageBytes/8)
	for range 20 {
		if err := f.Next(1); err != nil {
			t.Fatal(err)
		}
		f.Strings("text").Add(long)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := parquet.OpenFile(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	index, err := r.RowGroups()[0].ColumnChunks()[0].OffsetIndex()
	if err != nil {
		t.Fatal(err)
	}
	if n := index.NumPages(); n != 10 { // of two texts each, 2.5 MiB
		t.Errorf("%d pages of 20 texts of %d bytes", n, len(long))
	}
}

type failing struct{ after int }

var errDisk = errors.New("no space")

func (w *failing) Write(p []byte) (int, error) {
	if w.after -= len(p); w.after < 0 {
		return 0, errDisk
	}
	return len(p), nil
}

func TestErrorsAreKept(t *testing.T) {
	f := New(testTable(), new(Room), Options{RowGroupRows: 100, Compressor: compressor(t)})
	if err := f.Reset(&failing{after: 10}, nil); err != nil {
		t.Fatal(err)
	}
	var err error
	for i := 0; i < 300 && err == nil; i++ {
		err = f.Next(1)
		f.Strings("id").Add("a")
		f.Strings("plain").Null(1)
		f.Strings("dict").Null(1)
		f.Int64s("number").Add(1)
		f.Int32s("year").Null(1)
		f.Doubles("double").Null(1)
		f.Strings("list.list.element").Empty(1)
	}
	if !errors.Is(err, errDisk) {
		t.Errorf("Next returned %v", err)
	}
	if err := f.Close(); !errors.Is(err, errDisk) {
		t.Errorf("Close returned %v", err)
	}
	if err := f.Reset(io.Discard, nil); err != nil {
		t.Fatal(err)
	}
	if err := f.Next(1); err != nil {
		t.Fatal(err)
	}
	f.Strings("id").Add("a")
	if err := f.Close(); err == nil || !strings.Contains(err.Error(), "column plain has 0 rows, and not 1") {
		t.Errorf("Close with a row half added returned %v", err)
	}
}

func TestRuns(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for round := range 2000 {
		width := r.IntN(17) + 1
		var runs runs
		var want []int32
		for range r.IntN(60) {
			v, n := r.Uint32N(1<<width), r.IntN(12)
			if r.IntN(20) == 0 {
				n = r.IntN(1000)
			}
			runs.add(v, n)
			want = append(want, slices.Repeat([]int32{int32(v)}, n)...)
		}
		if round == 0 { // more literals than one run takes
			for i := range 2000 {
				runs.add(uint32(i%2), 1)
				want = append(want, int32(i%2))
			}
		}
		got, err := (&rle.Encoding{BitWidth: width}).DecodeInt32(nil, runs.encode(nil, width))
		if err != nil {
			t.Fatal(err)
		}
		if len(got) < len(want) || !slices.Equal(got[:len(want)], want) {
			t.Fatalf("width %d: %v became %v", width, want, got)
		}
	}
}

func TestBoundsOfStrings(t *testing.T) {
	for _, v := range []string{
		"", "short", strings.Repeat("a", boundBytes), strings.Repeat("a", boundBytes+1),
		strings.Repeat("ä", boundBytes), "x" + strings.Repeat("ä", boundBytes), strings.Repeat("a", boundBytes-1) + "\uD7FF…",
		strings.Repeat("a", boundBytes-2) + "\U0010FFFF…", strings.Repeat("\U0010FFFF", boundBytes), strings.Repeat("\xFF", boundBytes+1),
		strings.Repeat("a", boundBytes-1) + "\x7F\x7F",
	} {
		low, high := string(lowerBound([]byte(v))), string(upperBound([]byte(v)))
		if low > v || high < v {
			t.Errorf("%q is not in the bounds from %q to %q", v, low, high)
		}
		if len(low) > boundBytes || len(high) > boundBytes+1 && high != v {
			t.Errorf("the bounds of %q have %d and %d bytes", v, len(low), len(high))
		}
	}
}

// TestBoundsOfNothing adds "", which is a value and has bounds.
func TestBoundsOfNothing(t *testing.T) {
	for _, encoding := range []schema.Encoding{schema.Plain, schema.Dictionary, schema.Delta} {
		table := schema.Table{Name: "test", Columns: []schema.Column{{Name: "s", Type: schema.Type{Kind: schema.String}, Encoding: encoding}}}
		c := New(table, new(Room), Options{}).Strings("s")
		if low, high := c.bounds(); low != nil || high != nil {
			t.Errorf("%q: no value has the bounds %q and %q", encoding, low, high)
		}
		c.Add("")
		if low, high := c.bounds(); low == nil || high == nil || len(low)+len(high) > 0 {
			t.Errorf("%q: the bounds of an empty string are %#v and %#v", encoding, low, high)
		}
	}
}

func TestBoundsOfDoubles(t *testing.T) {
	table := schema.Table{Name: "test", Columns: []schema.Column{{Name: "x", Type: schema.Type{Kind: schema.Double}}}}
	for _, test := range []struct{ values, want []float64 }{
		{[]float64{3, -2, math.NaN(), 7}, []float64{-2, 7}},
		{[]float64{math.NaN()}, nil},
		{[]float64{0, 0}, []float64{math.Copysign(0, -1), 0}},
		{[]float64{math.Copysign(0, -1)}, []float64{math.Copysign(0, -1), 0}},
	} {
		c := New(table, new(Room), Options{}).Doubles("x")
		for _, v := range test.values {
			c.Add(v)
		}
		var want [][]byte
		for _, v := range test.want {
			want = append(want, plain(nil, v))
		}
		low, high := c.bounds()
		var got [][]byte
		if low != nil {
			got = [][]byte{low, high}
		}
		if !slices.EqualFunc(got, want, bytes.Equal) {
			t.Errorf("the bounds of %v are %x and %x", test.values, low, high)
		}
	}
}
