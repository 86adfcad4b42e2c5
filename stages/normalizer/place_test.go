package normalizer_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"github.com/quern-data/quern/internal/gen"
	"github.com/quern-data/quern/schema"
)

func (c converter) convertPair(annotated, raw []byte) (*schema.Document, error) {
	src := &schema.Source{Data: annotated, RawPath: "raw.txt", RawData: raw}
	doc := new(schema.Document)
	doc.Diagnostics.Limit = 1000
	doc.Reset(src)
	if !c.parser.Parse(src, doc) {
		return doc, nil
	}
	return doc, c.normalizer.Normalize(doc)
}

// showPlaced is the sentences of a document, a line each, with how they compare
// with the raw text.
func showPlaced(doc *schema.Document) string {
	var b strings.Builder
	for _, s := range doc.Sentences {
		fmt.Fprintf(&b, "%s", s.Alignment)
		if s.Group != schema.NoGroup {
			fmt.Fprintf(&b, " g%d", s.Group)
		}
		if s.Heading != "" || s.ListMarker != "" {
			fmt.Fprintf(&b, " [%s|%s]", s.Heading, s.ListMarker)
		}
		fmt.Fprintf(&b, " %q", doc.Text[s.Text.Start:s.Text.End])
		if s.Alignment == schema.Edited || s.Alignment == schema.AnnotatedOnly {
			fmt.Fprintf(&b, " from %q", doc.Annotated[s.Annotated.Start:s.Annotated.End])
		}
		b.WriteByte('\n')
	}
	for _, d := range doc.Diagnostics.All() {
		if d.Code == schema.TwinMismatch || d.Code == schema.TextDropped || d.Code == schema.TextEdited {
			fmt.Fprintf(&b, "%s %q -> %q\n", d.Code, d.Before, d.After)
		}
	}
	return b.String()
}

func TestPlace(t *testing.T) {
	for _, c := range []struct{ name, annotated, raw, want string }{
		{
			"the same", `"One is here.[[INT-NEU]] Two is there.[[MET-NEU]]"`, `"One is here. Two is there."`,
			`exact g0 "One is here."
exact g1 "Two is there."
`,
		}, {
			"white space", `"One is\nhere.[[INT-NEU]]  Two  is there. [[MET-NEU]]"`, `"One is here.\n\nTwo is there."`,
			`whitespace g0 "One is here."
whitespace g1 "Two is there."
`,
		}, {
			"dropped between", `"One is here.[[INT-NEU]] Three is gone.[[MET-NEU]]"`, `"One is here. Two is there. Or was it? Three is gone."`,
			`exact g0 "One is here."
raw_only "Two is there."
raw_only "Or was it?"
exact g1 "Three is gone."
text-dropped "Two is there. Or was it?" -> ""
`,
		}, {
			"dropped at both ends", `"Two is there.[[INT-NEU]]"`, `"One is here. Two is there. Three is gone."`,
			`raw_only "One is here."
exact g0 "Two is there."
raw_only "Three is gone."
text-dropped "One is here." -> ""
text-dropped "Three is gone." -> ""
`,
		}, {
			"changed inside", `"One is really here.[[INT-NEU]] Two is there.[[MET-NEU]]"`, `"One is not here. Two is there."`,
			`edited g0 "One is not here." from "One is really here."
exact g1 "Two is there."
text-edited "One is not here." -> "One is really here."
`,
		}, {
			"punctuation changed at the end", `"One is here;[[INT-NEU]] two is there.[[MET-NEU]]"`, `"One is here, two is there."`,
			`edited g0 "One is here," from "One is here;"
exact g1 "two is there."
text-edited "One is here," -> "One is here;"
`,
		}, {
			"punctuation dropped", `"One is here[[INT-NEU]] Two is there[[MET-NEU]]"`, `"One is here. Two is there?!"`,
			`edited g0 "One is here." from "One is here"
edited g1 "Two is there?!" from "Two is there"
text-edited "One is here." -> "One is here"
text-edited "Two is there?!" -> "Two is there"
`,
		}, {
			"typed by an annotator", `"One is here.[[INT-NEU]] See the guidelines, rule nine.[[CNT]] Two is there.[[MET-NEU]]"`, `"One is here. Two is there."`,
			`exact g0 "One is here."
annotated_only g1 "" from "See the guidelines, rule nine."
exact g2 "Two is there."
text-edited "" -> "See the guidelines, rule nine."
`,
		}, {
			"typed before a sentence that begins alike", `"It is good.[[APR-POS]] The idea seems old.[[RWK-NEU]] The concern was real.[[CNT]]"`, `"It is good. The concern was real."`,
			`exact g0 "It is good."
annotated_only g1 "" from "The idea seems old."
exact g2 "The concern was real."
text-edited "" -> "The idea seems old."
`,
		}, {
			"spaces beyond ASCII", "\"The\u00a0paper is good.[[APR-POS]] I like it.[[RWK-NEU]]\"", `"The paper is good. I like it."`,
			`whitespace g0 "The paper is good."
exact g1 "I like it."
`,
		}, {
			"without spaces between words", `"Hi.[[APR-POS]] 我们认为这篇论文的方法很好。[[CNT]] 实验部分也很充分。[[CNT]]"`, `"Hi. 我们认为这篇论文的方法不错。 实验部分也很充分。"`,
			`exact g0 "Hi."
edited g1 "我们认为这篇论文的方法不错。" from "我们认为这篇论文的方法很好。"
exact g2 "实验部分也很充分。"
text-edited "我们认为这篇论文的方法不错。" -> "我们认为这篇论文的方法很好。"
`,
		}, {
			"a drawn line", `"One is here.[[APR-POS]]\nTwo is here.[[CNT]]"`, `"One is here.\n-----\nTwo is here."`,
			`exact g0 "One is here."
raw_only "-----"
exact g1 "Two is here."
text-dropped "-----" -> ""
`,
		}, {
			"another list marker, and a typed heading", `"1) I like it.[[APR-POS]]\n2) I hate it.[[CNT]]\nMy notes:\nThe end is near.[[CNT]]"`, `"- I like it.\n- I hate it.\nThe end is near."`,
			`exact g0 [|-] "I like it."
exact g1 [|-] "I hate it."
exact g2 "The end is near."
text-edited "" -> "1)"
text-edited "" -> "2)"
text-edited "" -> "My notes"
`,
		}, {
			"headings and list markers", `"Pros:\n- One is here.[[INT-NEU]]\n- Two is there.[[MET-NEU]]\n\nCons:\nNone.[[MET-NEG]]"`, `"Pros:\n- One is here.\n- Two is there.\n\nCons:\nNone."`,
			`exact g0 [Pros|-] "One is here."
exact g1 [Pros|-] "Two is there."
exact g2 [Cons|] "None."
`,
		}, {
			"a heading between text and its group", `"One is here.\n\nCons:\nTwo is there.[[MET-NEU]]"`, `"One is here.\n\nCons:\nTwo is there."`,
			`exact "One is here."
exact g0 [Cons|] "Two is there."
`,
		}, {
			"a group behind a heading", `"Originality\n\n[[RWK-NEU]]The authors do it.[[MET-NEU]]"`, `"Originality\n\nThe authors do it."`,
			`exact g0 "Originality"
exact g1 "The authors do it."
`,
		}, {
			"another text", `"One is here.[[INT-NEU]] Two is there.[[MET-NEU]]"`, `"Nothing whatever in common with what the other file says, except for full stops."`,
			` g0 "One is here."
 g1 "Two is there."
twin-mismatch "" -> ""
`,
		}, {
			"an empty twin", `"One is here.[[INT-NEU]]"`, `""`,
			` g0 "One is here."
`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			doc, err := reviews().convertPair([]byte(c.annotated), []byte(c.raw))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, showPlaced(doc)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestAnyEdits builds a raw text of sentences, and an annotated one from it by
// an edit script. What the script left alone must be found, nothing may be lost,
// and every span must be true in all units.
func TestAnyEdits(t *testing.T) {
	// Quotation marks and 😀 are words by themselves, and those of one sentence match
	// those of another. A sentence that only one of the texts has goes without them:
	// they could tie with the words of one that stands in both.
	apart := []string{"wide", "naïve", "e\u0301tude", "a\u0327\u0301", "\u1100\u1161", "wi\u2028de", "10"}
	words := append(slices.Clip(apart), "😀", "“so”")
	rapid.Check(t, func(t *rapid.T) {
		var raw, annotated strings.Builder
		var kept []string // sentences that the script left alone
		sentence := func(i int, label string, words []string) string {
			var s []string
			for range rapid.IntRange(2, 6).Draw(t, "words") {
				// Most words tell sentences apart, as they do in any text but
				// the most monotonous.
				s = append(s, rapid.SampledFrom(words).Draw(t, "word")+string(rune('a'+i)))
			}
			return fmt.Sprintf("%s%d %s.", label, i, strings.Join(s, rapid.SampledFrom([]string{" ", "  ", "\n", "\r\n"}).Draw(t, "space")))
		}
		open := false // whether the text before has no group yet
		for i := range rapid.IntRange(3, 12).Draw(t, "sentences") {
			edit := rapid.SampledFrom([]string{"keep", "keep", "keep", "keep", "keep", "drop", "change", "insert", "no-group"}).Draw(t, "edit")
			of := words
			if edit == "drop" || edit == "insert" {
				of = apart
			}
			s := sentence(i, "Raw", of)
			if edit != "insert" {
				raw.WriteString(s + " ")
			}
			switch edit {
			case "drop":
				continue
			case "change":
				s = strings.Replace(s, " ", " changed ", 1)
			case "insert":
				s = sentence(i, "Typed", of)
			case "keep":
				if !open {
					kept = append(kept, s)
				}
			}
			open = edit == "no-group"
			annotated.WriteString(s)
			if edit != "no-group" {
				annotated.WriteString(rapid.SampledFrom([]string{"[[RWK-POS], [null]]", "[[MET-NEU], [EMP-NEG]] \r\n\r\n", "[[CNT], [CLA-POS]]  "}).Draw(t, "group"))
			}
			annotated.WriteString(" ")
		}
		rawData, annotatedData := literal(t, raw.String()), literal(t, annotated.String())
		doc, err := reviews().convertPair(annotatedData, rawData)
		if err != nil {
			t.Fatalf("%v\n%s\n%s", err, annotatedData, rawData)
		}
		if err := checkDocument(doc); err != nil {
			t.Fatalf("%v\n%s\n%s", err, annotatedData, rawData)
		}
		if doc.TextOrigin != schema.OriginRaw {
			return // the script left too little
		}
		want := norm.NFC.String(strings.ReplaceAll(raw.String(), "\r\n", "\n"))
		if doc.Text != want {
			t.Fatalf("the text is %q, want %q", doc.Text, want)
		}
		units := utf16.Encode([]rune(doc.Text))
		found := map[string]schema.Alignment{}
		total := 0
		for i, s := range doc.Sentences {
			text := doc.Text[s.Text.Start:s.Text.End]
			if got := string(utf16.Decode(units[s.UTF16.Start:s.UTF16.End])); got != text {
				t.Errorf("sentence %d is %q in UTF-16, want %q", i, got, text)
			}
			if got := string([]rune(doc.Text)[s.Chars.Start:s.Chars.End]); got != text {
				t.Errorf("sentence %d is %q in code points, want %q", i, got, text)
			}
			found[strings.Join(strings.Fields(text), " ")] = s.Alignment
			total += s.Text.Len()
		}
		if c := doc.Coverage; c.Labeled+c.Unlabeled != total {
			t.Errorf("%d bytes in sentences, and the coverage says %+v", total, c)
		}
		for _, s := range kept {
			s = strings.Join(strings.Fields(norm.NFC.String(s)), " ")
			if class := found[s]; class != schema.Exact && class != schema.Whitespace {
				// A sentence may be given what was dropped beside it only if
				// it was itself changed.
				t.Errorf("%q was left alone, and is %q\n%s\n%s\n%s", s, class, showPlaced(doc), annotatedData, rawData)
			}
		}
	})
}

// literal is s as a JSON string, with some characters as escapes.
func literal(t *rapid.T, s string) []byte {
	if rapid.Bool().Draw(t, "escapes") {
		data, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	return []byte(`"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`)
}

// TestGeneratedTwins: the twins of generated reviews, full of quirks in the
// annotated files, differ from them nearly nowhere.
func TestGeneratedTwins(t *testing.T) {
	o := gen.Options{Seed: 3, QuirkRate: 0.3, Layers: 4}
	classes := map[schema.Alignment]int{}
	for i := range 200 {
		annotated, raw, truth := gen.Document(o, i)
		doc, err := reviews().convertPair(annotated, raw)
		if err != nil {
			t.Fatal(err)
		}
		labeled := 0
		for _, s := range truth.Sentences {
			if s.Labeled {
				labeled++
			}
		}
		for _, s := range doc.Sentences {
			if s.Group != schema.NoGroup {
				labeled--
				classes[s.Alignment]++
			}
		}
		if labeled != 0 {
			t.Errorf("document %d: %d labelled sentences were lost", i, labeled)
		}
	}
	total := 0
	for _, n := range classes {
		total += n
	}
	if same := classes[schema.Exact] + classes[schema.Whitespace]; total == 0 || float64(same)/float64(total) < 0.95 {
		t.Errorf("%v", classes)
	}
}

func FuzzPlace(f *testing.F) {
	f.Add([]byte(`"One is here.[[INT-NEU]] Two.[[MET-NEU]]"`), []byte(`"One is not here. Two. Three."`))
	f.Add([]byte("\"e[[RWK-POS]]\u0301 - x[[CLA-POS]]\""), []byte("\"e\u0301 - x\""))
	for i := range 4 {
		annotated, raw, _ := gen.Document(gen.Options{Seed: 5, QuirkRate: 0.5, MeanBytes: 400}, i)
		f.Add(annotated, raw)
	}
	f.Fuzz(func(t *testing.T, annotated, raw []byte) {
		doc, err := reviews().convertPair(annotated, raw)
		if err == nil {
			err = checkDocument(doc)
		}
		if err != nil {
			t.Error(err)
		}
	})
}

// TestHostilePair: a pair of large texts with nothing in common, and one with
// all in common but the order, are done with, and a diagnostic says so.
func TestHostilePair(t *testing.T) {
	var a, b, c strings.Builder
	for i := range 40_000 {
		fmt.Fprintf(&a, "one%d is here.[[MET-NEU]] ", i)
		fmt.Fprintf(&b, "zwei%d war dort. ", i)
		fmt.Fprintf(&c, "one%d is here. ", i*7919%40_000)
	}
	annotated := []byte(`"` + a.String() + `"`)
	for _, raw := range []string{b.String(), c.String()} {
		doc, err := reviews().convertPair(annotated, []byte(`"`+raw+`"`))
		if err != nil {
			t.Fatal(err)
		}
		if doc.Diagnostics.Count(schema.TwinMismatch)+doc.Diagnostics.Count(schema.AlignmentCoarse) == 0 {
			t.Errorf("no diagnostic for a raw text of %d bytes", len(raw))
		}
	}
}
