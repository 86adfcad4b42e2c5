package parser_test

import (
	"bytes"
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
		b.Run(c.name, func(b *testing.B) { benchmarkParse(b, newParser(b, "inline"), data) })
	}
}

func benchmarkParse(b *testing.B, p parser.Parser, data []byte) {
	src, doc := &schema.Source{Data: data}, new(schema.Document)
	doc.Diagnostics.Limit = 1000
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		doc.Reset(src)
		p.Parse(src, doc)
	}
}
