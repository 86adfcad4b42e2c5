package schema_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/quern-data/quern/schema"
)

func TestColumns(t *testing.T) {
	tables := schema.Tables()
	if len(tables) != 6 {
		t.Fatalf("%d tables", len(tables))
	}
	name := regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	for _, table := range tables {
		seen := map[string]bool{}
		var check func(columns []schema.Column)
		check = func(columns []schema.Column) {
			for _, c := range columns {
				if !name.MatchString(c.Name) || len(c.Doc) < 10 || !strings.HasSuffix(c.Doc, ".") {
					t.Errorf("%s.%s is documented as %q", table.Name, c.Name, c.Doc)
				}
				if elem := c.Type.Elem; elem != nil {
					check(elem.Fields)
				}
			}
		}
		check(table.Columns)
		for _, c := range table.Columns {
			if seen[c.Name] {
				t.Errorf("%s has two columns %s", table.Name, c.Name)
			}
			seen[c.Name] = true
		}
		for _, s := range table.Sort {
			if !seen[s] {
				t.Errorf("%s is sorted by %s, which it does not have", table.Name, s)
			}
		}
	}
}

func TestCodes(t *testing.T) {
	if len(schema.Codes()) < 30 {
		t.Fatalf("only %d codes", len(schema.Codes()))
	}
	for _, code := range schema.Codes() {
		c := code.Info()
		back, err := schema.CodeOf(c.Name)
		if err != nil || back != code {
			t.Errorf("%s is found as %v, %v", c.Name, back, err)
		}
		if c.Severity == "" || c.Title == "" || !strings.HasSuffix(c.Cause, ".") || !strings.HasSuffix(c.Cure, ".") {
			t.Errorf("%s is not documented: %+v", c.Name, c)
		}
		if got := strings.HasPrefix(c.Name, "repair-"); got != code.IsRepair() {
			t.Errorf("%s: IsRepair is %v", c.Name, code.IsRepair())
		}
	}
	if _, err := schema.CodeOf("nosuch"); err == nil {
		t.Error("nosuch is a code")
	}
}

func TestRepairs(t *testing.T) {
	if got := schema.Repairs(0).Name(); got != nil {
		t.Errorf("no repair is called %q", *got)
	}
	set := schema.RepairedSlip | schema.RepairedAlias | schema.RepairedCase
	if got := *set.Name(); got != "alias+case+slip" {
		t.Errorf("got %q", got)
	}
}

func TestSparkIsJSON(t *testing.T) {
	one, err := schema.Spark(schema.Tables()[:1])
	if err != nil {
		t.Fatal(err)
	}
	var single struct {
		Type   string
		Fields []struct{ Name string }
	}
	if err := json.Unmarshal(one, &single); err != nil || single.Type != "struct" || single.Fields[0].Name != "document_id" {
		t.Errorf("%v: %s", err, one)
	}
	all, err := schema.Spark(schema.Tables())
	if err != nil {
		t.Fatal(err)
	}
	var several map[string]json.RawMessage
	if err := json.Unmarshal(all, &several); err != nil || len(several) != 6 {
		t.Errorf("%v: %d tables", err, len(several))
	}
}

// TestDocumentation: JSON has all that is said of a column, and of what it holds.
func TestDocumentation(t *testing.T) {
	text, err := json.Marshal(schema.Tables())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`{"name":"labels","doc":"One row a label on a sentence, with what was typed and how it was repaired.","sort":["document_id","sentence_index"],"columns":[`,
		`{"name":"char_start","type":"int32","nullable":false,"unit":"Unicode code points","doc":"Offset of the first character in documents.text, in Unicode code points."}`,
		`{"name":"labels","type":"list of (layer string, label string, polarity string)","nullable":false,"doc":"The resolved labels of the sentence, in the order in which they were typed. A label that several annotators assigned stands there several times; the table labels says by whom.","fields":[{"name":"layer","type":"string","nullable":false,`,
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s lacks %s", text, want)
		}
	}
}

func TestUnits(t *testing.T) {
	known := []string{
		"Unicode code points", "bytes of UTF-8", "UTF-16 code units", "bytes of the file", "lines",
		"sentences", "labels", "labels as typed", "relations", "diagnostics", "share",
	}
	measures := 0
	for _, table := range schema.Tables() {
		for _, c := range table.Columns {
			if c.Unit == "" {
				continue
			}
			measures++
			if !slices.Contains(known, c.Unit) {
				t.Errorf("%s.%s is in %q", table.Name, c.Name, c.Unit)
			}
			if kind := c.Type.Kind; kind != schema.Int32 && kind != schema.Int64 && kind != schema.Double {
				t.Errorf("%s.%s is a %s, and has a unit", table.Name, c.Name, kind)
			}
		}
	}
	if measures < 20 {
		t.Errorf("only %d measures", measures)
	}
}

func TestDisplayPath(t *testing.T) {
	for path, want := range map[string]string{
		"a/b.txt": "a/b.txt", `a\b.txt`: `a\\b.txt`, "größe": "größe",
		"a\xff.txt": `a\xff.txt`, "a\\\xff.txt": `a\\\xff.txt`, "\xe2\x82": `\xe2\x82`,
		"\uFFFD\x80é": "\uFFFD\\x80é", "\xed\xa0\x80 lone": `\xed\xa0\x80 lone`,
	} {
		if got := schema.DisplayPath(path); got != want {
			t.Errorf("%q is shown as %q, want %q", path, got, want)
		}
	}
}

func TestLocate(t *testing.T) {
	data := []byte("one\ntwo ö three\nfour")
	var ds schema.Diagnostics
	ds.Limit = 4
	for _, offset := range []int{17, 0, 9, len(data), schema.NoOffset} {
		ds.Add(schema.Diagnostic{Code: schema.LabelUnknown, Offset: offset})
	}
	ds.Locate(data, nil)
	type place struct {
		Code         schema.Code
		Line, Column int
		Excerpt      string
	}
	var got []place
	for _, d := range ds.All() {
		got = append(got, place{d.Code, d.Line, d.Column, d.Excerpt})
	}
	all := string(data)
	want := []place{
		{Code: schema.DiagnosticsTruncated}, // of the whole file
		{schema.LabelUnknown, 1, 1, all},
		{schema.LabelUnknown, 2, 6, all},
		{schema.LabelUnknown, 3, 1, all},
		{schema.LabelUnknown, 3, 5, all},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if ds.Total() != 6 {
		t.Errorf("%d in all, want 5 and the notice", ds.Total())
	}
}

// TestPieces: a document of two records of one file and one of another.
func TestPieces(t *testing.T) {
	src := &schema.Source{
		Path: "a.jsonl", Data: []byte("one\ntwothree"), RawPath: "a.raw", RawData: []byte("rawmore\nraw"),
		Pieces: []schema.Piece{
			{Path: "a.jsonl", Data: schema.Span{Start: 0, End: 4}, Offset: 10, Line: 3},
			{Path: "a.jsonl", Data: schema.Span{Start: 4, End: 7}, Offset: 50, Line: 9, RawPath: "a.raw", Raw: schema.Span{Start: 0, End: 3}},
			{Path: "b.jsonl", Data: schema.Span{Start: 7, End: 12}, RawPath: "b.raw", Raw: schema.Span{Start: 3, End: 11}},
		},
	}
	var ds schema.Diagnostics
	for _, d := range []schema.Diagnostic{
		{Offset: 1},
		{Offset: 4},
		{Offset: 3},
		{Offset: 6},
		{Offset: 12},
		{Offset: 7},
		{Offset: schema.NoOffset},
		{Offset: 1, InRaw: true},
		{Offset: 3, InRaw: true},
		{Offset: 11, InRaw: true},
		{Offset: schema.NoOffset, InRaw: true},
	} {
		ds.Add(d)
	}
	ds.Locate(src.Data, src.RawData, src.Pieces...)
	type place struct {
		Path         string
		Offset       int64
		Line, Column int
		Excerpt      string
	}
	var got []place
	for _, d := range ds.All() {
		path, offset := src.Place(&d)
		got = append(got, place{path, offset, d.Line, d.Column, d.Excerpt})
	}
	want := []place{
		{"a.jsonl", 10, 3, 1, ""}, // of all of the document
		{"a.jsonl", 11, 3, 2, "one\n"},
		{"a.jsonl", 13, 3, 4, "one\n"},
		{"a.jsonl", 50, 9, 1, "two"},
		{"a.jsonl", 52, 9, 3, "two"},
		{"b.jsonl", 0, 1, 1, "three"},
		{"b.jsonl", 5, 1, 6, "three"},
		{"a.raw", schema.NoOffset, 0, 0, ""},
		{"a.raw", 1, 1, 2, "raw"},
		{"b.raw", 0, 1, 1, "more\nraw"},
		{"b.raw", 8, 2, 4, "more\nraw"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for span, want := range map[schema.Span][2]int64{
		{Start: 0, End: 4}: {10, 14}, {Start: 4, End: 6}: {50, 52}, {Start: 5, End: 9}: {51, 53}, {Start: 7, End: 12}: {0, 5}, {Start: 12, End: 12}: {5, 5},
	} {
		if start, end := src.Range(span); start != want[0] || end != want[1] {
			t.Errorf("%v is [%d:%d], want %v", span, start, end, want)
		}
	}
	if path, at := src.Start(); path != "a.jsonl" || at != 10 || src.Size() != 12 {
		t.Errorf("it starts at %d of %s and has %d bytes", at, path, src.Size())
	}
	src.Pieces[0].Header = true
	if path, at := src.Start(); path != "a.jsonl" || at != 50 || src.Size() != 8 {
		t.Errorf("behind a header it starts at %d of %s and has %d bytes", at, path, src.Size())
	}
	whole := schema.Source{Path: "c", Data: []byte("whole")}
	if path, at := whole.Start(); path != "c" || at != 0 || whole.Size() != 5 {
		t.Errorf("a file starts at %d of %s and has %d bytes", at, path, whole.Size())
	}
	if start, end := new(schema.Source).Range(schema.Span{Start: 3, End: 5}); start != 3 || end != 5 {
		t.Errorf("of a whole file [%d:%d]", start, end)
	}
}

// TestOffsetMap decodes a random mixture of plain bytes, escapes and removed
// stretches, and compares the map with an array of the same facts.
func TestOffsetMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var m schema.OffsetMap
		type origin struct{ start, end int }
		var text []origin // of each text byte
		source := 0
		for range rapid.IntRange(1, 30).Draw(t, "runs") {
			n := rapid.IntRange(0, 5).Draw(t, "n")
			switch rapid.SampledFrom([]string{"literal", "escape", "removed"}).Draw(t, "kind") {
			case "literal":
				m.Literal(len(text), source)
				for i := range n {
					text = append(text, origin{source + i, source + i + 1})
				}
			case "escape":
				m.Escape(len(text), source, source+n+1)
				for range rapid.IntRange(1, 4).Draw(t, "bytes") {
					text = append(text, origin{source, source + n + 1})
				}
				source++
			}
			source += n
		}
		if len(text) == 0 {
			return
		}
		from := rapid.IntRange(0, len(text)-1).Draw(t, "from")
		to := rapid.IntRange(from+1, len(text)).Draw(t, "to")
		want := schema.Span{Start: text[from].start, End: text[to-1].end}
		if got := m.Source(schema.Span{Start: from, End: to}); got != want {
			t.Fatalf("[%d:%d] maps to %v, want %v", from, to, got, want)
		}
		var shifted schema.OffsetMap
		shifted.Shift(&m, schema.Span{Start: from, End: to}, 7)
		if got := shifted.Source(schema.Span{Start: 7, End: 7 + to - from}); got != want {
			t.Fatalf("shifted, [%d:%d] maps to %v, want %v", from, to, got, want)
		}
	})
}

func TestCheck(t *testing.T) {
	good := func() *schema.Document {
		return &schema.Document{
			Source: &schema.Source{Data: []byte("öne two")},
			Text:   "😀e two",
			Sentences: []schema.Sentence{
				{Text: schema.Span{Start: 0, End: 5}, Chars: schema.Span{Start: 0, End: 2}, UTF16: schema.Span{Start: 0, End: 3}},
				{Text: schema.Span{Start: 6, End: 9}, Chars: schema.Span{Start: 3, End: 6}, UTF16: schema.Span{Start: 4, End: 7}},
			},
			Coverage: schema.Coverage{Labeled: 5, Unlabeled: 3, Space: 1},
		}
	}
	if err := good().Check(); err != nil {
		t.Fatal(err)
	}
	for name, damage := range map[string]func(*schema.Document){
		"not UTF-8":        func(d *schema.Document) { d.Text = "\xff23 5 two" },
		"behind the end":   func(d *schema.Document) { d.Sentences[1].Text.End = 10 },
		"out of order":     func(d *schema.Document) { d.Sentences[1].Text.Start = 4 },
		"backwards":        func(d *schema.Document) { d.Sentences[1].Text.End = 5 },
		"cuts a character": func(d *schema.Document) { d.Sentences[0].Text.Start = 1 },
		"wrong characters": func(d *schema.Document) { d.Sentences[0].Chars.End = 4 },
		"wrong units":      func(d *schema.Document) { d.Sentences[0].UTF16.End = 2 },
		"shifted":          func(d *schema.Document) { d.Sentences[1].Chars = schema.Span{Start: 4, End: 7} },
		"source":           func(d *schema.Document) { d.Sentences[1].Source.End = 10 },
		"coverage":         func(d *schema.Document) { d.Coverage.Space = 0 },
	} {
		d := good()
		damage(d)
		if err := d.Check(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// annotated is a document of 400 characters of two bytes each, in two sentences, with
// annotations on it.
func annotated() *schema.Document {
	label := func(annotator, id string, start, end int) schema.Label {
		return schema.Label{
			Raw: "x", Meaning: new(schema.Meaning),
			Detail: &schema.Detail{
				Annotator: annotator, SpanID: id,
				Stretch: schema.Span{Start: 2 * start, End: 2 * end}, Chars: schema.Span{Start: start, End: end},
			},
		}
	}
	null := label("ann", "T4", 10, 20)
	null.Meaning = &schema.Meaning{Null: true}
	sentence := func(start, end, group int) schema.Sentence {
		chars := schema.Span{Start: start, End: end}
		return schema.Sentence{Text: schema.Span{Start: 2 * start, End: 2 * end}, Chars: chars, UTF16: chars, Group: group}
	}
	return &schema.Document{
		Source: &schema.Source{},
		Text:   strings.Repeat("ö", 400),
		Labels: []schema.Label{
			label("ann", "T1", 10, 20), label("bob", "T1", 0, 1), label("ann", "T2", 100, 300), null,
			label("ann", "T2", 100, 300), label("ann", "T2", 399, 400),
			{Raw: "on the sentence", Meaning: new(schema.Meaning), Detail: new(schema.Detail)},
		},
		Groups: []schema.Group{{Labels: schema.Span{Start: 0, End: 4}}, {Labels: schema.Span{Start: 4, End: 7}}},
		Annotations: []schema.Annotation{
			{ID: "T1"}, {ID: "T2"}, {ID: "T3"}, {ID: "T4"},
		},
		Annotators: []string{"ann", "bob"},
		Relations: []schema.Relation{
			{Kind: "to", Annotator: "ann", From: schema.Target{Kind: schema.ToAnnotation, Index: 0}, To: schema.Target{Kind: schema.ToAnnotation, Index: 1}},
			{Kind: "of", Annotator: "bob", From: schema.Target{Kind: schema.ToAnnotation, Index: 0}, To: schema.Target{Kind: schema.ToSentence, Index: 1}},
			{Kind: "in", From: schema.Target{Kind: schema.ToSentence}},
		},
		Sentences: []schema.Sentence{sentence(0, 200, 0), sentence(200, 400, 1)},
		Coverage:  schema.Coverage{Labeled: 800},
	}
}

func TestCheckAnnotated(t *testing.T) {
	if err := annotated().Check(); err != nil {
		t.Fatal(err)
	}
	for name, damage := range map[string]func(*schema.Document){
		"behind the end":     func(d *schema.Document) { d.Labels[0].Detail.Stretch.End = 802 },
		"backwards":          func(d *schema.Document) { d.Labels[0].Detail.Stretch.End = 18 },
		"before the start":   func(d *schema.Document) { d.Labels[0].Detail.Stretch.Start = -2 },
		"cuts a character":   func(d *schema.Document) { d.Labels[0].Detail.Stretch.Start = 21 },
		"wrong characters":   func(d *schema.Document) { d.Labels[2].Detail.Chars.End = 301 },
		"no annotation":      func(d *schema.Document) { d.Labels[6].Detail.Stretch.End = 2 },
		"no annotation's":    func(d *schema.Document) { d.Labels[6].Detail.Chars.End = 2 },
		"order":              func(d *schema.Document) { d.Annotators = []string{"bob", "ann"} },
		"twice":              func(d *schema.Document) { d.Annotators = []string{"ann", "ann", "bob"} },
		"a stranger":         func(d *schema.Document) { d.Labels[1].Detail.Annotator = "eve" },
		"a stranger joins":   func(d *schema.Document) { d.Relations[2].Annotator = "eve" },
		"no such sentence":   func(d *schema.Document) { d.Relations[1].To.Index = 2 },
		"no such annotation": func(d *schema.Document) { d.Relations[0].To.Index = 4 },
		"without a label":    func(d *schema.Document) { d.Relations[0].To.Index = 2 },
		"labelled as null":   func(d *schema.Document) { d.Relations[0].To.Index = 3 },
		"another's":          func(d *schema.Document) { d.Relations[0].Annotator = "bob" },
		"a segment":          func(d *schema.Document) { d.Relations[1].To.Kind = schema.ToSegment },
	} {
		d := annotated()
		damage(d)
		if err := d.Check(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	d := annotated()
	d.Text, d.Coverage = strings.Repeat("o", 800), schema.Coverage{Labeled: 800}
	for i := range d.Sentences {
		s := &d.Sentences[i]
		s.Chars, s.UTF16 = s.Text, s.Text
	}
	for i := range d.Labels {
		d.Labels[i].Detail.Chars = d.Labels[i].Detail.Stretch
	}
	if err := d.Check(); err != nil {
		t.Errorf("in ASCII: %v", err)
	}
}

func TestPlaces(t *testing.T) {
	d := annotated()
	places := d.Places()
	var got []schema.Place
	for i := range d.Relations {
		r := &d.Relations[i]
		for _, end := range []schema.Target{r.From, r.To} {
			place, ok := places.Of(r, end)
			if !ok {
				t.Errorf("relation %d: %v is nowhere", i, end)
			}
			got = append(got, place)
		}
	}
	want := []schema.Place{
		{Sentence: 0, SpanID: "T1", Chars: schema.Span{Start: 10, End: 20}},
		{Sentence: 0, SpanID: "T2", Chars: schema.Span{Start: 100, End: 400}}, // in two pieces
		{Sentence: 0, SpanID: "T1", Chars: schema.Span{Start: 0, End: 1}},
		{Sentence: 1, Chars: schema.Span{Start: 200, End: 400}},
		{Sentence: 0, Chars: schema.Span{Start: 0, End: 200}},
		{Sentence: -1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestCheckChars: code points are counted right at any byte of any text.
func TestCheckChars(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := "ö" + strings.Repeat("a", rapid.IntRange(0, 300).Draw(t, "before")) + rapid.String().Draw(t, "text") + strings.Repeat("😀", rapid.IntRange(0, 150).Draw(t, "behind"))
		runes := []rune(text)
		from := rapid.IntRange(0, len(runes)).Draw(t, "from")
		to := rapid.IntRange(from, len(runes)).Draw(t, "to")
		d := &schema.Document{
			Source: new(schema.Source), Text: text, Coverage: schema.Coverage{Unlabeled: len(text)},
			Labels: []schema.Label{{
				Meaning: new(schema.Meaning),
				Detail: &schema.Detail{
					SpanID: "1", Chars: schema.Span{Start: from, End: to},
					Stretch: schema.Span{Start: len(string(runes[:from])), End: len(string(runes[:to]))},
				},
			}},
		}
		if err := d.Check(); err != nil {
			t.Errorf("%q: %v", text, err)
		}
		d.Labels[0].Detail.Chars.End++
		if d.Check() == nil {
			t.Errorf("%q: no error for a code point too many", text)
		}
	})
}

func TestLengths(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := strings.Repeat("a", rapid.IntRange(0, 40).Draw(t, "before")) + rapid.String().Draw(t, "text")
		chars, units := schema.Lengths(s)
		if want := utf8.RuneCountInString(s); chars != want {
			t.Errorf("%q has %d code points, want %d", s, chars, want)
		}
		if want := len(utf16.Encode([]rune(s))); units != want {
			t.Errorf("%q has %d code units, want %d", s, units, want)
		}
		if got, want := schema.IsASCII(s), utf8.RuneCountInString(s) == len(s); got != want || schema.IsASCII([]byte(s)) != want {
			t.Errorf("%q is ASCII: %v, want %v", s, got, want)
		}
	})
}

func TestClip(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", ""}, {"four", "four"}, {"fives", "five…"}, {"abcé", "abc…"}, {"é€", "é…"}, {"\x80\x80\x80\x80\x80", "…"},
	} {
		if got := schema.Clip(c.text, 4); got != c.want {
			t.Errorf("%q is clipped to %q, want %q", c.text, got, c.want)
		}
	}
}
