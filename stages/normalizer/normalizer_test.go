package normalizer_test

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/internal/gen"
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/normalizer"
	"github.com/quern-data/quern/stages/parser"
	"github.com/quern-data/quern/stages/taxonomy"
)

// converter is a parser and a normalizer for the built-in taxonomy.
type converter struct {
	parser     parser.Parser
	normalizer *normalizer.Normalizer
}

var reviews = sync.OnceValue(func() converter {
	t, err := config.LoadTaxonomy("peer-review-analyze", "")
	if err != nil {
		panic(err)
	}
	known := taxonomy.New(t)
	p, err := parser.New(config.DefaultCorpus(), config.Default().Limits, known)
	if err != nil {
		panic(err)
	}
	return converter{p, normalizer.New(known, config.DefaultCorpus().Normalize)}
})

func (c converter) convert(data []byte) (*schema.Document, error) {
	src, doc := &schema.Source{Data: data}, new(schema.Document)
	doc.Diagnostics.Limit = 1000
	doc.Reset(src)
	if !c.parser.Parse(src, doc) {
		return doc, nil
	}
	return doc, c.normalizer.Normalize(doc)
}

func convert(t testing.TB, data string) *schema.Document {
	t.Helper()
	doc, err := reviews().convert([]byte(data))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// show is the sentences of a document, a line each, and its diagnostics.
func show(doc *schema.Document) string {
	var b strings.Builder
	for _, s := range doc.Sentences {
		fmt.Fprintf(&b, "%q", doc.Text[s.Text.Start:s.Text.End])
		if s.Group != schema.NoGroup {
			span := doc.Groups[s.Group].Labels
			for _, l := range doc.Labels[span.Start:span.End] {
				if l.Null {
					continue
				}
				layer := "?"
				if l.Layer != nil {
					layer = *l.Layer
				}
				fmt.Fprintf(&b, " %s/%s", layer, l.Canonical())
				if name := l.Repairs.Name(); name != nil {
					fmt.Fprintf(&b, "(%s)", *name)
				}
			}
		}
		if s.Group != schema.NoGroup && doc.Groups[s.Group].Repaired {
			b.WriteString(" repaired")
		}
		b.WriteByte('\n')
	}
	for _, d := range doc.Diagnostics.All() {
		fmt.Fprintf(&b, "%s %d:%d %q -> %q\n", d.Code, d.Line, d.Column, d.Before, d.After)
	}
	return b.String()
}

func TestSentences(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{
			"white space around a sentence", `" One. [[RWK-POS], [null]] \n\n Two\n[[CNT], [CLA-NEG]]"`,
			`"One." section/RWK-POS
"Two" section/CNT aspect/CLA-NEG
`,
		}, {
			"punctuation behind the group", `"It trains itself[[INT-NEU], [NULL]] .\n\nThe work, too[[INT-NEU], [null]]), though.[[RWK-POS], [null]]"`,
			`"It trains itself ." section/INT-NEU repaired
"The work, too)," section/INT-NEU
"though." section/RWK-POS
repair-case 1:31 "NULL" -> "null"
`,
		}, {
			"a bracket that closes an aside", `"[An aside.[[INT-NEU], [null]]] The rest.[[RWK-POS], [null]]"`,
			`"[An aside.]" section/INT-NEU
"The rest." section/RWK-POS
`,
		}, {
			"punctuation alone at the end", `"It works[[INT-NEU], [null]]. "`,
			`"It works." section/INT-NEU
`,
		}, {
			"text behind the last group", `"It works.[[INT-NEU], [null]] I like it."`,
			`"It works." section/INT-NEU
"I like it."
text-unlabeled 1:31 "" -> ""
`,
		}, {
			"no group at all", `"It works."`,
			`"It works."
labels-missing 0:0 "" -> ""
`,
		}, {
			"a group without text", `"It works.[[INT-NEU], [null]] [[RWK-POS], [null]] I like it.[[CNT], [null]]"`,
			`"It works." section/INT-NEU
"" section/RWK-POS
"I like it." section/CNT
group-without-text 1:31 "" -> ""
`,
		}, {
			"brackets", `"It works.[[RES-NEG],CNT], [CRT]]"`,
			`"It works." section/RES-NEG(bracket) section/CNT(bracket) purpose/CRT(bracket+layer) repaired
repair-bracket 1:11 "[[RES-NEG],CNT], [CRT]]" -> "[[RES-NEG,CNT], [CRT]]"
repair-layer 1:29 "CRT" -> "purpose/CRT"
`,
		}, {
			"an empty list", `"It works.[[], [CLA-POS]"`,
			`"It works." aspect/CLA-POS(bracket) repaired
repair-bracket 1:11 "[[], [CLA-POS]" -> "[[], [CLA-POS]]"
`,
		}, {
			"a comma mistyped", `"It works.[[RWK-POS<MET-POS], [null]]"`,
			`"It works." section/RWK-POS section/MET-POS(separator) repaired
repair-separator 1:20 "<MET-POS" -> ",MET-POS"
`,
		}, {
			"twice the same", `"It works.[[OAL-POS,OAL-POS], [null]]"`,
			`"It works." section/OAL-POS section/OAL-POS
label-duplicate 1:21 "" -> ""
`,
		}, {
			"unknown", `"It works.[[OAL-POS,QQQQ,SUX,MET-NEY,APR], [null]]"`,
			`"It works." section/OAL-POS section/QQQQ section/SUX section/MET aspect/APR(layer) repaired
label-unknown 1:21 "" -> ""
label-unknown 1:26 "" -> ""
polarity-unknown 1:30 "" -> ""
repair-layer 1:38 "APR" -> "aspect/APR"
polarity-missing 1:38 "" -> ""
`,
		}, {
			"more marks than any text has", "\"a" + strings.Repeat("\u0301", 40) + ".[[INT-NEU], [null]]\"",
			"\"\u00e1" + strings.Repeat("\u0301", 39) + ".\" section/INT-NEU\n",
		}, {
			"a composed first character", "\"E\u0301tude.[[INT-NEU], [null]]\"",
			"\"Étude.\" section/INT-NEU\n",
		}, {
			"marks that compose", "\"Cafe\u0301 e[[INT-NEU], [null]]\u0301tude, and \u212b.[[RWK-POS], [null]]\"",
			"\"Café é\" section/INT-NEU\n\"tude, and Å.\" section/RWK-POS\n",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, show(convert(t, c.in))); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestSpans(t *testing.T) {
	in := "\"Gr\\u00f6\u00dfe \\ud83d\\ude00 e\u0301.\\r\\n\\n[[INT-NEU], [null]] Zwei\\\"[[RWK-POS], [null]]\""
	doc := convert(t, in)
	if want := "Größe 😀 é.\n\n Zwei\""; doc.Text != want {
		t.Fatalf("text %q, want %q", doc.Text, want)
	}
	want := []struct {
		text, source string
		chars        schema.Span
	}{
		{"Größe 😀 é.", "Gr\\u00f6\u00dfe \\ud83d\\ude00 e\u0301.", schema.Span{Start: 0, End: 10}},
		{"Zwei\"", `Zwei\"`, schema.Span{Start: 13, End: 18}},
	}
	for i, w := range want {
		s := doc.Sentences[i]
		if got := doc.Text[s.Text.Start:s.Text.End]; got != w.text {
			t.Errorf("sentence %d is %q, want %q", i, got, w.text)
		}
		if got := in[s.Source.Start:s.Source.End]; got != w.source {
			t.Errorf("sentence %d comes from %q, want %q", i, got, w.source)
		}
		if s.Chars != w.chars {
			t.Errorf("sentence %d has code points %v, want %v", i, s.Chars, w.chars)
		}
	}
}

// TestTruth compares what is read from generated documents, full of quirks, with
// what they were made of.
func TestTruth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := gen.Options{
			Seed:      rapid.Uint64().Draw(t, "seed"),
			QuirkRate: rapid.SampledFrom([]float64{0, 0.05, 0.5, 1}).Draw(t, "quirks"),
			Layers:    rapid.SampledFrom([]int{2, 4}).Draw(t, "layers"),
		}
		data, _, truth := gen.Document(o, rapid.IntRange(0, 1000).Draw(t, "document"))
		doc, err := reviews().convert(data)
		if err != nil {
			t.Fatal(err)
		}
		if len(doc.Sentences) != len(truth.Sentences) {
			t.Fatalf("%d sentences, want %d\n%s", len(doc.Sentences), len(truth.Sentences), data)
		}
		for i, want := range truth.Sentences {
			got := doc.Sentences[i]
			// What is a heading is a matter of rules that miss some.
			text := doc.Text[got.Text.Start:got.Text.End]
			if !strings.HasSuffix(want.Text, text) || len(text) < len(want.Text)-want.Lead {
				t.Errorf("sentence %d is %q, want %q, perhaps without the %d bytes before it", i, text, want.Text, want.Lead)
			}
			if (got.Group != schema.NoGroup) != want.Labeled {
				t.Errorf("sentence %d: labeled is %v", i, !want.Labeled)
			}
			if diff := cmp.Diff(want.Labels, labelsOf(doc, got)); diff != "" {
				t.Errorf("sentence %d, %s: labels -want +got:\n%s", i, want.Text, diff)
			}
		}
	})
}

func labelsOf(doc *schema.Document, s schema.Sentence) []gen.Label {
	if s.Group == schema.NoGroup {
		return nil
	}
	text := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	var labels []gen.Label
	span := doc.Groups[s.Group].Labels
	for _, l := range doc.Labels[span.Start:span.End] {
		if !l.Null {
			labels = append(labels, gen.Label{Layer: text(l.Layer), Code: text(l.Code), Polarity: text(l.Polarity), Typed: l.Raw})
		}
	}
	return labels
}

// manyMarks fits a character with more marks than Unicode's stream-safe format
// allows; such a stretch stays as it is.
var manyMarks = regexp.MustCompile(`[\pM\x{1160}-\x{11FF}]{30}`)

// checkDocument is what holds for any input once it was normalized.
func checkDocument(doc *schema.Document) error {
	if !norm.NFC.IsNormalString(doc.Text) && !manyMarks.MatchString(doc.Text) {
		return fmt.Errorf("the text is not in form C: %q", doc.Text)
	}
	groups := 0
	for i, s := range doc.Sentences {
		text := doc.Text[s.Text.Start:s.Text.End]
		if strings.TrimSpace(text) != text {
			return fmt.Errorf("sentence %d has white space around it: %q", i, text)
		}
		if n := utf8.RuneCountInString(doc.Text[:s.Text.Start]); n != s.Chars.Start {
			return fmt.Errorf("sentence %d starts at code point %d, not %d", i, n, s.Chars.Start)
		}
		if s.Group != schema.NoGroup {
			if s.Group != groups {
				return fmt.Errorf("sentence %d has group %d, not %d", i, s.Group, groups)
			}
			groups++
		}
	}
	if groups != len(doc.Groups) {
		return fmt.Errorf("%d of %d groups have a sentence", groups, len(doc.Groups))
	}
	if n := len(doc.Diagnostics.All()); n > 1001 {
		return fmt.Errorf("%d diagnostics were kept", n)
	}
	return nil
}

func FuzzNormalize(f *testing.F) {
	for i := range 8 {
		data, _, _ := gen.Document(gen.Options{Seed: 1, QuirkRate: 0.5, Layers: 4, MeanBytes: 400}, i)
		f.Add(data)
	}
	f.Add([]byte("\"e[[RWK-POS]]\u0301\u0301[[CLA-POS]]\u0327.[[null], [null]]\""))
	f.Add([]byte("\"\u1100[[RWK-POS]]\u1161[[CLA-POS]]\u11a8\""))
	f.Fuzz(func(t *testing.T, data []byte) {
		doc, err := reviews().convert(data)
		if err == nil {
			err = checkDocument(doc)
		}
		if err != nil {
			t.Error(err)
		}
	})
}

func BenchmarkParseAndNormalize(b *testing.B) {
	data, _, truth := gen.Document(gen.Options{Seed: 1, MeanBytes: 200_000}, 0)
	c := reviews()
	src, doc := &schema.Source{Data: data}, new(schema.Document)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		doc.Reset(src)
		c.parser.Parse(src, doc)
		if err := c.normalizer.Normalize(doc); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(truth.Sentences)), "sentences/op")
}
