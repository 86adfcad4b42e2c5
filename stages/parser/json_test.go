package parser_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/parser"
	"github.com/quern-data/quern/stages/taxonomy"
)

// profile is the parser of the only corpus of a shipped configuration.
func profile(t testing.TB, name string) parser.Records {
	t.Helper()
	loaded, err := config.Load(config.Options{Profile: name, Flags: map[string]string{"corpora.root": t.TempDir()}})
	if err != nil {
		t.Fatal(err)
	}
	p, err := parser.New(loaded.Config.Corpora[0], loaded.Config.Limits, taxonomy.New(loaded.Taxonomies[0]))
	if err != nil {
		t.Fatal(err)
	}
	return p.(parser.Records)
}

// corpusFolder is where a real corpus lies, which QUERN_CORPORA says.
func corpusFolder(t testing.TB, name string) string {
	t.Helper()
	corpora, ok := os.LookupEnv("QUERN_CORPORA")
	if !ok {
		t.Skip("QUERN_CORPORA does not say where the real corpora are")
	}
	return filepath.Join(corpora, name)
}

// eachDocument parses all documents of the files that a glob fits.
func eachDocument(t testing.TB, p parser.Records, glob string, do func(file string, doc *schema.Document)) (files int) {
	t.Helper()
	paths, err := filepath.Glob(glob)
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: no files: %v", glob, err)
	}
	doc := new(schema.Document)
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		list, err := sourcesOf(p, data, nil)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		for _, src := range list {
			doc.Reset(src)
			if !p.Parse(src, doc) {
				t.Errorf("%s was refused: %v", path, doc.Diagnostics.All())
			}
			do(path, doc)
		}
	}
	return len(paths)
}

// The counts are those that Python's json module gives.
func TestDISAPERE(t *testing.T) {
	root := corpusFolder(t, "disapere")
	p := profile(t, "disapere")
	got := make(map[string]int)
	got["files"] = eachDocument(t, p, filepath.Join(root, "*", "*.json"), func(file string, doc *schema.Document) {
		if n := doc.Diagnostics.Total(); n > 0 {
			t.Errorf("%s: %v", file, doc.Diagnostics.All())
		}
		fields := p.Fields(doc.Source.Data, nil)
		if review, _, _ := strings.Cut(filepath.Base(file), "."); fields[1] != review || !strings.HasPrefix(fields[5], "ICLR20") {
			t.Errorf("%s has the fields %q", file, fields)
		}
		for _, s := range doc.Segments {
			got["sentences in "+doc.RoleName(s.Role)]++
			if s.Group == schema.NoGroup {
				t.Errorf("%s: %q has no labels", file, doc.Annotated[s.Text.Start:s.Text.End])
			}
		}
		for i := range doc.Labels {
			l := &doc.Labels[i]
			got[l.InLayer()+" "+l.Raw]++
			if string(doc.Source.Data[l.Source.Start:l.Source.End]) != l.Raw {
				t.Errorf("%s: the label %s is not at %v", file, l.Raw, l.Source)
			}
			if l.InLayer() == "aspect" {
				got["polarity "+l.RawPolarity()]--
			}
		}
		for _, r := range doc.Relations {
			to := "document"
			if r.To.Kind == schema.ToSegment {
				to = doc.RoleName(doc.Segments[r.To.Index].Role)
			}
			got[r.Kind+" from "+doc.RoleName(doc.Segments[r.From.Index].Role)+" to "+to]++
			for _, a := range r.Attributes {
				got[a.Name+"="+a.Value]++
			}
		}
	})
	want := map[string]int{
		"files": 98, "sentences in review": 1630, "sentences in rebuttal": 2180,
		"review_action arg_evaluative": 524, "review_action arg_fact": 121, "review_action arg_other": 33,
		"review_action arg_request": 316, "review_action arg_social": 24, "review_action arg_structuring": 477,
		"review_action none":                           135,
		"fine_review_action arg-request_clarification": 41, "fine_review_action arg-request_edit": 64,
		"fine_review_action arg-request_experiment": 69, "fine_review_action arg-request_explanation": 100,
		"fine_review_action arg-request_result": 10, "fine_review_action arg-request_typo": 32,
		"fine_review_action arg-structuring_heading": 128, "fine_review_action arg-structuring_quote": 11,
		"fine_review_action arg-structuring_summary": 338, "fine_review_action none": 837,
		"aspect arg_other": 27, "aspect asp_clarity": 178, "aspect asp_meaningful-comparison": 44,
		"aspect asp_motivation-impact": 63, "aspect asp_originality": 65, "aspect asp_replicability": 53,
		"aspect asp_soundness-correctness": 112, "aspect asp_substance": 298, "aspect none": 790,
		// Each stands beside the aspect too.
		"polarity none": 0, "polarity pol_negative": 0, "polarity pol_positive": 0,
		"rebuttal_stance concur": 1117, "rebuttal_stance dispute": 315, "rebuttal_stance nonarg": 746, "rebuttal_stance other": 2,
		"rebuttal_action rebuttal_accept-praise": 10, "rebuttal_action rebuttal_answer": 823, "rebuttal_action rebuttal_by-cr": 47,
		"rebuttal_action rebuttal_concede-criticism": 49, "rebuttal_action rebuttal_contradict-assertion": 8,
		"rebuttal_action rebuttal_done": 179, "rebuttal_action rebuttal_followup": 7, "rebuttal_action rebuttal_future": 9,
		"rebuttal_action rebuttal_mitigate-criticism": 42, "rebuttal_action rebuttal_none": 2, "rebuttal_action rebuttal_other": 35,
		"rebuttal_action rebuttal_refute-question": 16, "rebuttal_action rebuttal_reject-criticism": 224,
		"rebuttal_action rebuttal_reject-request": 25, "rebuttal_action rebuttal_social": 152,
		"rebuttal_action rebuttal_structuring": 407, "rebuttal_action rebuttal_summary": 145,
		"context_error from rebuttal to document": 2, "context_global from rebuttal to document": 178,
		"context_in-rebuttal from rebuttal to document": 120, "context_none from rebuttal to document": 26,
		"context_sentences from rebuttal to review": 4133,
		"manuscript_change=false":                   8, "manuscript_change=true": 111,
		"request_out_of_scope=false": 95, "request_out_of_scope=true": 380,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestSubstanReview(t *testing.T) {
	root := corpusFolder(t, "substanreview")
	p := profile(t, "substanreview")
	got := make(map[string]int)
	eachDocument(t, p, filepath.Join(root, "test.jsonl"), func(file string, doc *schema.Document) {
		got["documents"]++
		for _, d := range doc.Diagnostics.All() {
			got[d.Code.String()]++
		}
		// As another reader has it.
		var record struct {
			ID     int
			Review string
			Label  [][3]any
		}
		if err := json.Unmarshal(doc.Source.Data, &record); err != nil {
			t.Fatal(err)
		}
		if fields := p.Fields(doc.Source.Data, nil); record.Review != doc.Annotated || fmt.Sprint(record.ID) != fields[0] {
			t.Errorf("%s: review %d has the fields %q, and the text %q", file, record.ID, fields, doc.Annotated)
		}
		var spans, want []string
		chars := []rune(record.Review)
		for _, l := range record.Label {
			want = append(want, string(chars[int(l[0].(float64)):int(l[1].(float64))])+" "+l[2].(string))
		}
		for _, a := range doc.Annotations {
			l := &doc.Labels[a.Labels.Start]
			got[strings.TrimSpace(l.InLayer()+" "+l.Raw+" "+l.RawPolarity())]++
			raw := string(doc.Source.Data[l.Source.Start:])
			spans = append(spans, doc.Annotated[a.Text[0].Start:a.Text[0].End]+" "+raw[:strings.IndexByte(raw, '"')])
		}
		slices.Sort(spans)
		slices.Sort(want)
		if diff := cmp.Diff(want, spans); diff != "" {
			t.Errorf("%s: review %d: -want +got:\n%s", file, record.ID, diff)
		}
		for _, r := range doc.Relations {
			from, to := doc.Labels[doc.Annotations[r.From.Index].Labels.Start], doc.Labels[doc.Annotations[r.To.Index].Labels.Start]
			got[r.Kind+" from "+from.Raw+" to "+to.Raw]++
		}
	})
	want := map[string]int{
		"documents": 110, "claim Eval neg": 250, "claim Eval pos": 302, "claim Jus neg": 180, "claim Jus pos": 56,
		"claim Major_claim": 28, "evidence from Eval to Jus": 247,
		"relation-broken": 2, // evidence for no claim
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestJSONTools parses what the tools export that there are profiles for.
func TestJSONTools(t *testing.T) {
	for _, c := range []struct{ profile, data, want string }{
		{"doccano", `{"id": 4, "text": "Ana met Bo.", "label": [[0, 3, "PER"]], "Comments": []}
{"id": 5, "text": "Ana met Bo.", "entities": [{"id": 1, "label": "PER", "start_offset": 0, "end_offset": 3}, {"id": 2, "label": "PER", "start_offset": 8, "end_offset": 10}], "relations": [{"id": 1, "from_id": 1, "to_id": 2, "type": "met"}], "Comments": []}
`, `fields ["4"]
"Ana" span PER
fields ["5"]
"Ana" span PER
"Bo" span PER
met "Ana" "Bo"
`},
		{"label-studio", `[{"id": 9, "data": {"text": "Ana met Bo."}, "predictions": [{"result": [{"type": "labels"}]}], "annotations": [
{"completed_by": {"id": 2, "email": "two@example.com"}, "was_cancelled": false, "result": [
 {"id": "a", "from_name": "Entity Type", "type": "labels", "value": {"start": 0, "end": 3, "labels": ["PER", "FEM"]}},
 {"id": "a", "from_name": "sure", "type": "choices", "value": {"start": 0, "end": 3, "choices": ["yes"]}},
 {"id": "a", "from_name": "stars", "type": "rating", "value": {"start": 0, "end": 3, "rating": 4}},
 {"id": "b", "from_name": "Entity Type", "type": "labels", "value": {"start": 8, "end": 10, "labels": ["PER"]}},
 {"id": "c", "from_name": "tone", "type": "choices", "value": {"choices": ["calm"]}},
 {"id": "d", "from_name": "note", "type": "textarea", "value": {"text": ["left alone"]}},
 {"from_id": "a", "to_id": "b", "type": "relation", "direction": "right", "labels": ["met"]},
 {"from_id": "b", "to_id": "a", "type": "relation", "direction": "left"}]},
{"completed_by": 3, "was_cancelled": true, "result": [{"id": "a", "from_name": "e", "type": "labels", "value": {"start": 0, "end": 3, "labels": ["PER"]}}]}]}]`, `fields ["9"]
"Ana" entity_type PER by 2
"Ana" entity_type FEM by 2
"Ana" sure yes by 2
"Ana met Bo." tone calm by 2
"Ana" stars 4 by 2
"Bo" entity_type PER by 2
met "Ana" "Bo" [{direction right}] by 2
relation "Bo" "Ana" [{direction left}] by 2
`},
		{"prodigy", `{"text": "Ana met Bo.", "_input_hash": -12, "answer": "accept", "_session_id": "s-ana", "_annotator_id": "s-ana", "spans": [{"start": 0, "end": 3, "label": "PER"}, {"start": 8, "end": 10, "label": "PER"}], "relations": [{"head": 0, "child": 2, "label": "met", "head_span": {"start": 0}, "child_span": {"start": 8}}], "accept": ["news"], "label": null}
{"text": "Ana met Bo.", "_input_hash": -12, "answer": "reject", "_session_id": null, "spans": [{"start": 0, "end": 3, "label": "PER"}], "label": "news"}
`, `fields ["-12" "s-ana" "s-ana" "accept"]
"Ana" span PER
"Ana met Bo." category news
"Bo" span PER
met "Ana" "Bo"
fields ["-12" "" "" "reject"]
not annotated
`},
	} {
		t.Run(c.profile, func(t *testing.T) {
			p := profile(t, c.profile)
			list, err := sourcesOf(p, []byte(c.data), nil)
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			by := func(annotator string) {
				if annotator != "" {
					b.WriteString(" by " + annotator)
				}
				b.WriteString("\n")
			}
			for _, src := range list {
				doc := new(schema.Document)
				doc.Reset(src)
				if !p.Parse(src, doc) || doc.Diagnostics.Total() > doc.Diagnostics.Count(schema.RecordUnannotated) {
					t.Errorf("%s: %v", src.Data, doc.Diagnostics.All())
				}
				fmt.Fprintf(&b, "fields %q\n", p.Fields(src.Data, nil))
				if doc.Unannotated {
					b.WriteString("not annotated\n")
				}
				text := func(a int) string {
					return doc.Annotated[doc.Annotations[a].Text[0].Start:doc.Annotations[a].Text[0].End]
				}
				for i, a := range doc.Annotations {
					for _, l := range doc.Labels[a.Labels.Start:a.Labels.End] {
						fmt.Fprintf(&b, "%q %s %s", text(i), l.InLayer(), l.Raw)
						by(l.Annotator())
					}
				}
				for _, r := range doc.Relations {
					fmt.Fprintf(&b, "%s %q %q", r.Kind, text(r.From.Index), text(r.To.Index))
					if len(r.Attributes) > 0 {
						fmt.Fprintf(&b, " %v", r.Attributes)
					}
					by(r.Annotator)
				}
			}
			if diff := cmp.Diff(c.want, b.String()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestJSONAnnotators: of several places the first where something stands names the
// annotator.
func TestJSONAnnotators(t *testing.T) {
	p := configured(t, "json", []byte("json: {text: t, spans: [{each: e, annotator: by.mail | by.id | by | who, path: l, labels: [{from: \"\", layer: l}]}]}\n"))
	const odd = "value-unexpected at 0: want an annotator at by.mail | by.id | by | who, found an object"
	for _, c := range []struct{ set, want string }{
		{`"by": {"mail": "m", "id": 1}, "who": "w"`, "m"},
		{`"by": {"mail": "", "id": 1}, "who": "w"`, "1"},
		{`"by": {"mail": null, "id": 0}`, "0"},
		{`"by": 7, "who": "w"`, "7"},
		{`"by": null, "who": "w"`, "w"},
		{`"by": {}, "who": "w"`, "w"},
		{`"by": {"id": null}`, odd},
		{`"who": null`, ""},
		{`"x": 1`, ""},
	} {
		src, doc := &schema.Source{Data: []byte(`{"t": "One.", "e": [{"l": ["x"], ` + c.set + `}]}`)}, new(schema.Document)
		doc.Reset(src)
		if !p.Parse(src, doc) || len(doc.Labels) != 1 {
			t.Fatalf("%s: %v", c.set, doc.Diagnostics.All())
		}
		got := doc.Labels[0].Annotator()
		for _, d := range doc.Diagnostics.All() {
			got += fmt.Sprintf("%s at 0: %s", d.Code, d.Message)
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.set, got, c.want)
		}
	}
}

// jsonText draws a text, and a JSON string for it, in which any character may be
// escaped.
func jsonText(t *rapid.T) (text []rune, quoted string) {
	text = rapid.SliceOfN(rapid.SampledFrom([]rune("ab \"\\/\b\f\n\n\r\r\té€\u2028\uFFFD😀𝒳")), 1, 200).Draw(t, "text")
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		escape := rapid.IntRange(0, 3).Draw(t, "escape") == 0
		switch {
		case escape && r > 0xFFFF:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04X`, high, low)
		case escape:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			quoted, err := json.Marshal(string(r))
			if err != nil {
				t.Fatal(err)
			}
			b.Write(quoted[1 : len(quoted)-1])
		}
	}
	b.WriteByte('"')
	return text, b.String()
}

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// TestJSONOffsets: a span is the characters that its offsets count, however they are
// escaped, and leads back to the bytes that say so.
func TestJSONOffsets(t *testing.T) {
	parsers := make(map[string]parser.Parser)
	for _, unit := range []string{"code_points", "bytes", "utf16"} {
		parsers[unit] = configured(t, "jsonl", []byte(`
json:
  text: t
  offsets: `+unit+`
  spans: [{path: s, start: "0", end: "1", labels: [{from: "2", layer: l}]}]
`))
	}
	rapid.Check(t, func(t *rapid.T) {
		text, quoted := jsonText(t)
		unit := rapid.SampledFrom(slices.Sorted(maps.Keys(parsers))).Draw(t, "unit")
		units := func(text []rune) int {
			switch unit {
			case "bytes":
				return len(string(text))
			case "utf16":
				return len(utf16.Encode(text))
			}
			return len(text)
		}
		// What is left of it where a line end is a line feed, and where.
		var plain []rune
		start, end := make([]int, len(text)+1), make([]int, len(text)+1)
		for i := 0; i < len(text); i++ {
			start[i], end[i] = len(plain), len(plain)
			r := text[i]
			if r == '\r' {
				r = '\n'
				if i+1 < len(text) && text[i+1] == '\n' {
					i++
					start[i], end[i] = len(plain), len(plain)+1
				}
			}
			plain = append(plain, r)
		}
		start[len(text)], end[len(text)] = len(plain), len(plain)
		var spans, want []string
		for range rapid.IntRange(1, 5).Draw(t, "spans") {
			from := rapid.IntRange(0, len(text)-1).Draw(t, "from")
			to := rapid.IntRange(from+1, len(text)).Draw(t, "to")
			spans = append(spans, fmt.Sprintf(`[%d, %d, "x"]`, units(text[:from]), units(text[:to])))
			want = append(want, string(plain[start[from]:end[to]]))
		}
		data := []byte(`{"s": [` + strings.Join(spans, ",") + `], "t": ` + quoted + `}`)
		src, doc := &schema.Source{Data: data}, new(schema.Document)
		doc.Reset(src)
		if !parsers[unit].Parse(src, doc) || doc.Diagnostics.Total() > 0 {
			t.Fatalf("%s: %v", data, doc.Diagnostics.All())
		}
		if doc.Annotated != string(plain) {
			t.Fatalf("%s was read as %q", data, doc.Annotated)
		}
		var got []string
		for _, a := range doc.Annotations {
			span := doc.Annotated[a.Text[0].Start:a.Text[0].End]
			got = append(got, span)
			source := doc.Map.Source(a.Text[0])
			var back string
			if err := json.Unmarshal([]byte(`"`+string(data[source.Start:source.End])+`"`), &back); err != nil || lineEnds.Replace(back) != span {
				t.Fatalf("%q leads back to %s: %v", span, data[source.Start:source.End], err)
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s, offsets in %s: -want +got:\n%s", data, unit, diff)
		}
	})
}

// TestJSONReads: what is read as JSON is what encoding/json reads, but for what is
// tolerated.
func TestJSONReads(t *testing.T) {
	p := configured(t, "json", []byte("json: {sentences: [{path: \"\"}]}\n"))
	parts := []string{
		"{", "}", "[", "]", ",", ":", `"a"`, `"b\n"`, `"\u00e9"`, `"`, "0", "-1.5e3", "01", "1.", "-", "true", "false", "null", "nul",
		" ", "\n", "\t", "/", "x",
	}
	valid := 0
	rapid.Check(t, func(t *rapid.T) {
		data := strings.Join(rapid.SliceOfN(rapid.SampledFrom(parts), 1, 12).Draw(t, "parts"), "")
		src, doc := &schema.Source{Data: []byte(data)}, new(schema.Document)
		doc.Reset(src)
		p.Parse(src, doc)
		refused := false
		for _, d := range doc.Diagnostics.All() {
			refused = refused || strings.HasPrefix(d.Message, "no JSON")
		}
		// A raw control character in a text is tolerated.
		if want := json.Valid([]byte(data)) || json.Valid([]byte(strings.NewReplacer("\n", " ", "\t", " ").Replace(data))); refused == want {
			t.Fatalf("%q: valid %v, and %v", data, want, doc.Diagnostics.All())
		}
		if !refused {
			valid++
		}
	})
	if valid == 0 {
		t.Error("nothing was read")
	}
}

// TestJSONAppend: records that are one document are read one behind the other.
func TestJSONAppend(t *testing.T) {
	for _, c := range []struct{ name, keys, want string }{
		{"texts", "json: {text: t, labels: [{from: l, layer: l}], spans: [{path: s, start: a, end: b, id: a, labels: [{from: l, layer: s}]}], " +
			"relations: [{path: r, kind: k, from: a, to: b}]}\n", `text "One.\nTwo.\nThree." from 7 to 77, not cut
annotation 0  "One." at 0
  l: x, from "x"
annotation 1 0 "One" at 0
  s: p, from "p"
annotation 2  "Two.\nThree." at 5
  l: y, from "y"
annotation 3 0 "Two" at 5
  s: q, from "q"
annotation 4 5 "Three" at 10
  s: q, from "q"
relation k from annotation 3 to annotation 4, from "{\"a\": 0, \"b\": 5}"
`},
		{"sentences", "json: {sentences: [{path: \"\", role: r, text: t, labels: [{from: l, layer: l}]}], " +
			"relations: [{path: n, kind: k, from: a, from_role: r, to: b, to_role: r}]}\n", `text "One. " from 7 to 58 in r
  group "{\"t\": \"One.\", \"l\": \"x\", \"s\": [{\"a\": 0, \"b\": 3, \"l\": \"p\"}]}"
  l: x, from "x"
text "Two.\nThree." from 65 to 77 in r
  group "{\"t\": \"Two.\\nThree.\", \"l\": \"y\", \"s\": [{\"a\": 0, \"b\": 3, \"l\": ..."
  l: y, from "y"
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := configured(t, "jsonl", []byte(c.keys))
			one := `{"t": "One.", "l": "x", "s": [{"a": 0, "b": 3, "l": "p"}]}`
			two := `{"t": "Two.\nThree.", "l": "y", "s": [{"a": 0, "b": 3, "l": "q"}, {"a": 5, "b": 10, "l": "q"}], "r": [{"a": 0, "b": 5}]}`
			data := []byte(one + two)
			src := &schema.Source{Data: data, Pieces: []schema.Piece{
				{Data: schema.Span{End: len(one)}, Line: 1},
				{Data: schema.Span{Start: len(one), End: len(data)}, Line: 7},
			}}
			doc := new(schema.Document)
			doc.Reset(src)
			if !p.Parse(src, doc) || doc.Diagnostics.Total() > 0 {
				t.Fatal(doc.Diagnostics.All())
			}
			if err := documentInvariants(p, src, false); err != nil {
				t.Error(err)
			}
			var b strings.Builder
			show(&b, doc, 0)
			if diff := cmp.Diff(c.want, b.String()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestJSONManyRelations: elements that list many kinds and ends make no more relations
// than there is room for in a document, and those that make one each are all there.
func TestJSONManyRelations(t *testing.T) {
	p := configured(t, "json", []byte("json: {text: t, spans: [{path: s, id: i, start: a, end: b, labels: [{from: l, layer: l}]}], relations: [{path: r, kind_from: k, from: f, to: o}]}\n"))
	list := "[" + strings.Repeat(`"x",`, 15) + `"x"]`
	for _, c := range []struct {
		element          string
		number           int
		relations, fewer int
	}{
		{`{"k":` + list + `,"f":` + list + `,"o":` + list + `}`, 300, 1<<16 + 1<<12, 283}, // of 16 * 16 * 16
		{`{"k":"x","f":"x","o":"x"}`, 100_000, 100_000, 0},
	} {
		data := `{"t": "One two.", "s": [{"i": "x", "a": 0, "b": 3, "l": "a"}], "r": [` + strings.Repeat(c.element+",", c.number-1) + c.element + "]}"
		src, doc := &schema.Source{Data: []byte(data)}, new(schema.Document)
		doc.Reset(src)
		if !p.Parse(src, doc) {
			t.Fatal(doc.Diagnostics.All())
		}
		if fewer := doc.Diagnostics.Count(schema.RelationBroken); len(doc.Relations) != c.relations || fewer != c.fewer {
			t.Errorf("%.40s...: %d relations, and %d elements without: %v", c.element, len(doc.Relations), fewer, doc.Diagnostics.All())
		}
	}
}

// TestJSONSplitFaults: what reading and emit return is what Split does, and a
// record that is too long to be a document is not held.
func TestJSONSplitFaults(t *testing.T) {
	lines := configured(t, "jsonl", []byte("fields: [{from: id, name: paper_id}]\njson: {text: t}\n")).(parser.Records)
	list := configured(t, "json", []byte("fields: [{from: id, name: paper_id}]\njson: {text: t}\n")).(parser.Records)
	fault := errors.New("no more")
	for name, c := range map[string]struct {
		p    parser.Records
		data string
	}{
		"lines": {lines, "{\"id\": 1}\n{\"id\": 2}\n{\"id\""},
		"list":  {list, `[{"id": 1}, {"id": 2}, {"id"`},
		"one":   {list, `{"id": 1`},
	} {
		records := 0
		count := func(schema.Record) error { records++; return nil }
		file := io.MultiReader(strings.NewReader(c.data), iotest.ErrReader(fault))
		if err := c.p.Split(file, count); !errors.Is(err, fault) || records > 2 {
			t.Errorf("%s: %d records, and %v", name, records, err)
		}
		if err := c.p.Split(strings.NewReader(c.data), func(schema.Record) error { return fault }); !errors.Is(err, fault) {
			t.Errorf("%s: %v", name, err)
		}
	}
	const size = 64 << 20
	for name, c := range map[string]struct {
		p                  parser.Records
		before, after, end string
	}{
		"lines": {lines, "", "\n", ""},
		"list":  {list, "[", ",", "]"},
	} {
		file := io.MultiReader(
			strings.NewReader(c.before+`{"id": "long", "t": "`), io.LimitReader(repeated("x"), size),
			strings.NewReader(`"}`+c.after+` {"id": "short"}`+c.end))
		var got []string
		var ends []int64
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if err := c.p.Split(file, func(r schema.Record) error {
			got, ends = append(got, r.Values...), append(ends, r.End-r.Start)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		if !slices.Equal(got, []string{"", "short"}) || ends[0] != size+23 {
			t.Errorf("%s: %q, %d bytes", name, got, ends)
		}
		// What is held doubles up to twice the limit of 16 MiB.
		if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 80<<20 {
			t.Errorf("%s: %d bytes were allocated", name, allocated)
		}
	}
}

// repeated is a text without end.
type repeated string

func (r repeated) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = r[i%len(r)]
	}
	return len(p), nil
}

// TestJSONUnread: what the settings leave alone can be told.
func TestJSONUnread(t *testing.T) {
	p := profile(t, "label-studio")
	const record = `{"id": 1, "data": {"text": "Ana.", "source": {"a": 1}}, "total": 1, "annotations": [
{"completed_by": 2, "was_cancelled": false, "lead_time": 3, "result": [
 {"id": "a", "from_name": "e", "type": "labels", "origin": "manual", "value": {"start": 0, "end": 3, "text": "Ana", "labels": ["P"]}},
 {"from_id": "a", "to_id": "a", "type": "relation", "direction": "right", "labels": ["is"], "origin": "manual"}]},
{"completed_by": 2, "lead_time": 4, "draft": [], "result": []}]}`
	want := []string{
		"data.source", "total", "annotations.*.lead_time", "annotations.*.result.*.origin", "annotations.*.result.*.value.text",
		"annotations.*.draft",
	}
	if diff := cmp.Diff(want, parser.Unread(p, []byte(record))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := parser.Unread(p, []byte("{")); got != nil {
		t.Errorf("%q of what is no JSON", got)
	}
	p = profile(t, "substanreview")
	want = []string{"label.*.*", "note"}
	if diff := cmp.Diff(want, parser.Unread(p, []byte(`{"id": 1, "review": "A.", "label": [[0, 1, "Major_claim", "odd"]], "note": 1}`))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// jsonKeys are settings that use all there is, for documents with the keys t, s, r and
// l, or x with sentences.
const jsonKeys = `
fields: [{from: id, name: paper_id}]
json:
  text: t
  labels: [{from: l, layer: whole}]
  spans:
    - {path: s, start: a, end: b, id: i, where: k!=no, labels: [{from: l, layer: span, patterns: ["{label:[a-z]+}_{link:[0-9]+}", "{label}"]}]}
  relations: [{path: r, kind: k, from: f, to: t, attributes: x}]
  links: [{kind: link, from: from, to: to}]
`

const jsonSentenceKeys = `
json:
  sentences: [{path: x, role: r, text: t, after: n, labels: [{from: l, layer: l}]}]
  relations: [{path: x, kind_from: k, to: o, to_role: r}]
`

// hostileJSON are documents of ordinary text, and of what takes most work for each byte.
var hostileJSON = []struct{ name, keys, head, unit, tail string }{
	{"text", jsonKeys, `{"l": "a", "t": "`, `The stones are worn and the grain is wet. `, `"}`},
	{"text-non-ascii", jsonKeys, `{"l": "a", "s": [{"a": 9000, "b": 9001, "l": "a"}], "t": "`, `Die Körner sind naß, “so naß wie nie”. `, `"}`},
	{"text-escapes", jsonKeys, `{"l": "a", "t": "`, `\n\u2019`, `"}`},
	{"text-line-ends", jsonKeys, `{"s": [{"a": 9000, "b": 9001, "l": "a"}], "t": "`, `\r\n\r`, `"}`},
	{"text-surrogates", jsonKeys, `{"l": "a", "t": "`, `\ud83d\ude00\ud83d`, `"}`},
	{"text-backslashes", jsonKeys, `{"l": "a", "t": "`, `\q`, `"}`},
	{"text-quotes", jsonKeys, `{"l": "a", "t": "`, `\"`, `"}`},
	{"text-invalid", jsonKeys, `{"l": "a", "t": "`, "\xff ", `"}`},
	{"sentences", jsonSentenceKeys, `{"x": [`, `{"t": "The stones are worn and the grain is wet.", "n": "\n", "l": "fact", "k": "answers", "o": [0, 1]},`, `{"t": ""}]}`},
	{"sentences-bare", jsonSentenceKeys, `{"x": [`, `{"t":1,"l":1},`, `null]}`},
	{"spans", jsonKeys, `{"t": "The stones are worn.", "s": [`, `{"a": 4, "b": 10, "l": "thing", "i": 1},`, `null]}`},
	{"spans-backwards", jsonKeys, `{"t": "The stones are worn.", "s": [{"a":10,"b":11,"l":"a"},{"a":9,"b":11,"l":"a"},`, `{"a":1,"b":9,"l":"b"},`, `null]}`},
	{"spans-linked", jsonKeys, `{"t": "The stones.", "s": [`, `{"a":0,"b":3,"l":"from_1"},{"a":0,"b":3,"l":"to_1"},`, `null]}`},
	{"labels", jsonKeys, `{"t": "The stones.", "l": [`, `"a","b",1,`, `null]}`},
	{"relations", jsonKeys, `{"t": "The stones.", "s": [{"a": 0, "b": 3, "i": 1, "l": "a"}], "r": [`, `{"f":1,"t":[1,1,2]},`, `null]}`},
	{"relations-of-lists", jsonKeys, `{"t": "The stones.", "s": [{"a": 0, "b": 3, "i": 1, "l": "a"}], "r": [{"f": [`, `1,`, `1], "t": [1, 1]}]}`},
	{"lists", jsonKeys, `{"t": "a", "y": [`, `[[[[]]]],`, `0]}`},
	{"keys", jsonKeys, `{`, `"\u0074":"a",`, `"t": "a"}`},
	{"numbers", jsonKeys, `{"t": "a", "y": [`, `0,`, `0]}`},
	{"deep", jsonKeys, `{"t": "a", "y": `, `[`, `}`},
	{"relations-of-many", jsonKeys, `{"t": "The stones.", "s": [{"a": 0, "b": 3, "i": 1, "l": "a"}], "r": [`, `{"f":[1,1,1,1,1,1,1,1],"t":[1,1,1,1,1,1,1,1]},`, `null]}`},
	{"open", jsonKeys, `{"t": "a`, `\\`, ``},
}

func hostile(head, unit, tail string) []byte {
	return []byte(head + strings.Repeat(unit, 1<<20/len(unit)) + tail)
}

// TestHostileJSON: megabytes of what takes most work are split and parsed, and all
// holds that holds for any input. BenchmarkJSON says how long they take.
func TestHostileJSON(t *testing.T) {
	for _, c := range hostileJSON {
		data := hostile(c.head, c.unit, c.tail)
		for _, format := range []string{"json", "jsonl"} {
			p := configured(t, format, []byte(c.keys))
			if err := documentInvariants(p, &schema.Source{Data: data}, false); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			records := 0
			count := func(schema.Record) error { records++; return nil }
			if err := p.(parser.Records).Split(bytes.NewReader(data), count); err != nil || records != 1 {
				t.Errorf("%s, %s: %d records, and %v", c.name, format, records, err)
			}
		}
	}
}

// BenchmarkJSON splits and parses what TestHostileJSON does, each as one document, and
// splits a list and lines of many.
func BenchmarkJSON(b *testing.B) {
	const unit = `{"id": 17, "t": "The stones are worn and the grain is wet.", "s": [{"a": 4, "b": 10, "l": "thing"}]}`
	for _, c := range []struct{ name, format, keys, head, unit, tail string }{
		{"list", "json", jsonKeys, "[", unit + ",", unit + "]"},
		{"lines", "jsonl", jsonKeys, "", unit + "\n", ""},
		{"list-without-fields", "json", "json: {text: t}\n", "[", unit + ",", unit + "]"},
		{"lines-without-fields", "jsonl", "json: {text: t}\n", "", unit + "\n", ""},
	} {
		p, data := configured(b, c.format, []byte(c.keys)), hostile(c.head, c.unit, c.tail)
		b.Run(c.name+"/split", func(b *testing.B) { benchmarkSplit(b, p, data) })
	}
	for _, c := range hostileJSON {
		p, data := configured(b, "json", []byte(c.keys)), hostile(c.head, c.unit, c.tail)
		b.Run(c.name+"/split", func(b *testing.B) { benchmarkSplit(b, p, data) })
		b.Run(c.name+"/parse", func(b *testing.B) { benchmarkParse(b, p, &schema.Source{Data: data}) })
	}
}
