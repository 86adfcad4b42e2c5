package parser_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/parser"
)

// BenchmarkParse parses a document of ordinary text, and of what takes most
// work for each byte. The MB/s of the hostile ones are to be near the first.
func BenchmarkParse(b *testing.B) {
	const size = 1 << 20
	for _, c := range []struct{ name, unit string }{
		{"review", `The authors propose a method that is well motivated, and show that it improves on earlier work on three datasets.[[MET-POS,RES-POS], [EMP-POS,SUB-POS]] \n\n`},
		{"brackets", `[`},
		{"unclosed-groups", `[[RWK-POS,`},
		{"unclosed-lists", `[[RWK-POS],`},
		{"citations", `[GAE]`},
		{"groups", `[[RWK-POS], [CLA-NEG]]`},
		{"strangers", `[[ab,cd-POS,`},
		{"escapes", `\n\u2019`},
		{"cut-escapes", `\[[RWK-POS]] n`},
		{"quotes", `"`},
		{"backslashes", `\ `},
		{"invalid", "\xff "},
	} {
		data := []byte(`"` + string(bytes.Repeat([]byte(c.unit), size/len(c.unit))) + `"`)
		b.Run(c.name, func(b *testing.B) { benchmarkParse(b, newParser(b, "inline"), &schema.Source{Data: data}) })
	}
}

func benchmarkParse(b *testing.B, p parser.Parser, src *schema.Source) {
	doc := new(schema.Document)
	doc.Diagnostics.Limit = 1000
	b.SetBytes(int64(len(src.Data) + len(src.RawData)))
	b.ReportAllocs()
	for b.Loop() {
		doc.Reset(src)
		p.Parse(src, doc)
	}
}

func benchmarkSplit(b *testing.B, p parser.Parser, data []byte) {
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if err := p.(parser.Records).Split(bytes.NewReader(data), func(schema.Record) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkTables splits files into records, and parses files as one document: of
// ordinary rows and lines, and of what takes most work for each byte.
func BenchmarkTables(b *testing.B) {
	for _, c := range hostileTables {
		p := configured(b, c.format, []byte(c.keys))
		data := []byte(c.head + string(bytes.Repeat([]byte(c.unit), 1<<20/len(c.unit))))
		b.Run(c.name+"/split", func(b *testing.B) { benchmarkSplit(b, p, data) })
		b.Run(c.name+"/parse", func(b *testing.B) { benchmarkParse(b, p, &schema.Source{Data: data}) })
	}
}

// BenchmarkRowsBelowHeader parses a short row with a row of names before it that has
// many columns, which is to cost but a comparison.
func BenchmarkRowsBelowHeader(b *testing.B) {
	p := configured(b, "csv", []byte("csv: {text: a, labels: [{from: b, layer: l}]}\n"))
	header := "a,b" + strings.Repeat(",c", 10_000) + "\n"
	data := []byte(header + "x.,y\n")
	src := &schema.Source{Data: data, Pieces: []schema.Piece{
		{Data: schema.Span{End: len(header)}, Line: 1, Header: true},
		{Data: schema.Span{Start: len(header), End: len(data)}, Offset: int64(len(header)), Line: 2},
	}}
	benchmarkParse(b, p, src)
}
