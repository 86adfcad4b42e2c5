package parser_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/parser"
)

// found is what a parser makes of the records of a file.
type found struct {
	Documents, Refused, Segments, Labeled int
	TextBytes                             int            // what parts one sentence from the next included
	GroupLabels                           map[string]int // by label
	Spans                                 map[string]int // by label
	Relations                             map[string]int // by kind
	Roles                                 map[string]int // segments
	Diagnostics                           map[string]int // by code
}

func read(t *testing.T, p parser.Parser, data []byte) found {
	t.Helper()
	list, err := sourcesOf(p, data, nil)
	if err != nil {
		t.Fatal(err)
	}
	f := found{
		Documents: len(list), GroupLabels: map[string]int{}, Spans: map[string]int{},
		Relations: map[string]int{}, Roles: map[string]int{}, Diagnostics: map[string]int{},
	}
	doc := new(schema.Document)
	for _, src := range list {
		if err := documentInvariants(p, src, false); err != nil {
			t.Errorf("%s: %v", src.Data[:min(len(src.Data), 40)], err)
		}
		doc.Reset(src)
		if !p.Parse(src, doc) {
			f.Refused++
		}
		f.TextBytes += len(doc.Annotated)
		f.Segments += len(doc.Segments)
		for _, s := range doc.Segments {
			if f.Roles[doc.RoleName(s.Role)]++; s.Group != schema.NoGroup {
				f.Labeled++
			}
		}
		for _, g := range doc.Groups {
			for _, l := range doc.Labels[g.Labels.Start:g.Labels.End] {
				f.GroupLabels[l.InLayer()+" "+l.Raw]++
			}
		}
		for _, a := range doc.Annotations {
			for _, l := range doc.Labels[a.Labels.Start:a.Labels.End] {
				f.Spans[l.InLayer()+" "+l.Raw]++
			}
		}
		for _, r := range doc.Relations {
			f.Relations[r.Kind]++
		}
		for _, d := range doc.Diagnostics.All() {
			f.Diagnostics[d.Code.String()]++
		}
	}
	return f
}

// TestPublishedCorpora reads published corpora in full. The counts were found by an
// independent reading of the same files. QUERN_CORPORA names the folder that holds
// them.
func TestPublishedCorpora(t *testing.T) {
	corpora := corpusFolder(t, "")
	for _, c := range []struct {
		profile, file string
		want          found
	}{
		{"rr-submission", "rr-submission-v2/dev.txt", found{
			Documents: 473, Segments: 22613, Labeled: 22613, TextBytes: 2451098,
			GroupLabels: map[string]int{},
			Spans:       map[string]int{"argument Review": 2312, "argument Reply": 1813},
			Relations:   map[string]int{"pair": 1907},
			Roles:       map[string]int{"review": 11349, "reply": 11264},
			// Replies to no argument of the review; B- is missing, or the number of the pair changes.
			Diagnostics: map[string]int{"relation-broken": 23, "span-repaired": 4},
		}},
		{"politepeer", "politepeer/PolitenessDataset-FULL.csv", found{
			Documents: 2500, Segments: 2500, Labeled: 2500, TextBytes: 303719,
			GroupLabels: map[string]int{"tone 1": 210, "tone 2": 581, "tone 3": 1142, "tone 4": 465, "tone 5": 102},
			Spans:       map[string]int{},
			Relations:   map[string]int{},
			Roles:       map[string]int{"": 2500},
			Diagnostics: map[string]int{},
		}},
	} {
		t.Run(c.profile, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join(corpora, c.file))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, read(t, profile(t, c.profile), data)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.file, diff)
			}
		})
	}
}

// TestCoNLL reads what the shipped configuration for CoNLL-2003 is for.
func TestCoNLL(t *testing.T) {
	data := "-DOCSTART- -X- -X- O\n\nAda NNP I-NP I-PER\nwrote VBD I-VP O\n\nTurin NNP I-NP I-LOC\n\n" +
		"-DOCSTART- -X- -X- O\n\nTurin NNP I-NP I-LOC\nMilan NNP I-NP B-LOC\n"
	want := found{
		Documents: 2, Segments: 3, Labeled: 3, TextBytes: len("Ada wrote\nTurin") + len("Turin Milan"),
		GroupLabels: map[string]int{}, Spans: map[string]int{"ner PER": 1, "ner LOC": 3},
		Relations: map[string]int{}, Roles: map[string]int{"": 3}, Diagnostics: map[string]int{},
	}
	if diff := cmp.Diff(want, read(t, profile(t, "conll"), []byte(data))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestAppended: records one behind the other, of two files whose columns are in another
// order, are one document.
func TestAppended(t *testing.T) {
	p := configured(t, "csv", []byte("csv:\n  text: text\n  between: \" | \"\n  labels: [{from: tone, layer: tone}]\n"))
	src, doc := new(schema.Source), new(schema.Document)
	for _, piece := range []struct {
		path, text string
		header     bool
	}{
		{"a", "\uFEFFtext,tone\n", true},
		{"a", "One.,1\n", false},
		{"a", "\"Two\n2.\",2\n", false},
		{"b", "tone,text\r\n", true},
		{"b", "3,Three.", false},
	} {
		start := len(src.Data)
		src.Data = append(src.Data, piece.text...)
		at := schema.Piece{Path: piece.path, Data: schema.Span{Start: start, End: len(src.Data)}, Offset: int64(start), Line: 1, Header: piece.header}
		if piece.header {
			at.Offset = 0
		}
		src.Pieces = append(src.Pieces, at)
	}
	doc.Reset(src)
	if !p.Parse(src, doc) || doc.Diagnostics.Total() > 0 {
		t.Errorf("refused, or %v", doc.Diagnostics.All())
	}
	if want := "One. | Two\n2. | Three."; doc.Annotated != want {
		t.Errorf("%q, not %q", doc.Annotated, want)
	}
	if diff := cmp.Diff([]string{"1", "2", "3"}, rawLabels(doc)); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	if source := doc.Map.Source(doc.Segments[2].Text); string(src.Data[source.Start:source.End]) != "\ntone,text\r\n3,Three." {
		t.Errorf("the third row is %q", src.Data[source.Start:source.End])
	}
}

// TestSplitInChunks: a file has the same records however it is read, where rows are
// longer than what is read at a time.
func TestSplitInChunks(t *testing.T) {
	long := strings.Repeat("Many words. ", 20_000)
	for format, c := range map[string]struct{ keys, data string }{
		"csv": {
			"csv: {text: a}\nfields: [{from: b, name: venue}]\n",
			"a,b\n" + strings.Repeat("\"x\ny\",1\n\n", 30_000) + "\"" + long + "\n\"\"" + long + "\",2\n" + long + ",3\n\"never,4\n" + strings.Repeat("x,5\n", 50_000),
		},
		"columns": {
			"columns: {comment: \"#\"}\nfields: [{from: \"-1\", name: venue}]\n",
			"# one\n\n" + strings.Repeat("x\t1\ny\t2\n\n", 30_000) + long + "\t" + long + "\n\n\n#\n" + strings.Repeat("x\t5\n", 50_000),
		},
	} {
		p := configured(t, format, []byte(c.keys)).(parser.Records)
		split := func(size int) (list []schema.Record) {
			err := p.Split(&chunks{[]byte(c.data), size}, func(r schema.Record) error {
				r.Values = append([]string(nil), r.Values...)
				list = append(list, r)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			return list
		}
		want := split(1 << 30)
		if len(want) < 30_000 {
			t.Errorf("%s: %d records", format, len(want))
		}
		for _, size := range []int{97, 65537} {
			if diff := cmp.Diff(want, split(size)); diff != "" {
				t.Errorf("%s: in chunks of %d (-whole +chunks):\n%.2000s", format, size, diff)
			}
		}
	}
}

// chunks reads data, a few bytes at a time.
type chunks struct {
	data []byte
	size int
}

func (c *chunks) Read(to []byte) (int, error) {
	n, err := bytes.NewReader(c.data).Read(to[:min(len(to), c.size)])
	c.data = c.data[n:]
	return n, err
}

// TestRowTooLong: a row longer than any document may be is one record, which the
// reader refuses, and the rows behind it are found.
func TestRowTooLong(t *testing.T) {
	corpus, limits := config.DefaultCorpus(), config.Default().Limits
	corpus.Format, corpus.CSV.Text, limits.DocumentBytes = "csv", "a", 100_000
	p, err := parser.New(corpus, limits, labels())
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", 1_000_000)
	for name, row := range map[string]string{"plain": long, "quoted": `"` + long + `"`, "quoted-later": `y,"` + long + `"`} {
		var rows []string
		data := "a\nOne.\n" + row + "\nTwo.\n"
		err := p.(parser.Records).Split(strings.NewReader(data), func(r schema.Record) error {
			rows = append(rows, data[r.Start:r.End])
			return nil
		})
		if diff := cmp.Diff([]string{"One.\n", row + "\n", "Two.\n"}, rows); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%.500s", name, err, diff)
		}
	}
	// A quotation mark that swallowed more than that was never meant to open a field.
	var lines []int
	data := "a\n\"One.\n" + strings.Repeat("Another.\n", 20_000) + "\"The last.\"\n"
	err = p.(parser.Records).Split(strings.NewReader(data), func(r schema.Record) error {
		lines = append(lines, r.Line)
		return nil
	})
	if err != nil || len(lines) != 20_002 || lines[len(lines)-1] != 20_003 {
		t.Errorf("%d rows, %v", len(lines), err)
	}
}

// hostileTables are what takes most work for each byte of csv and columns.
var hostileTables = []struct{ name, format, keys, head, unit string }{
	{"csv", "csv", "csv: {text: a, labels: [{from: b, layer: l}]}\n", "a,b\n", "The stones are worn and the grain is wet.,one\n"},
	{"csv-quoted", "csv", "csv: {text: a, labels: [{from: b, layer: l}]}\n", "a,b\n", "\"The stones are worn,\nand the grain is \"\"wet\"\".\",one\n"},
	{"csv-quotes", "csv", "csv: {text: a}\n", "a\n", `"`},
	{"csv-open", "csv", "csv: {text: a}\n", "a\n", "\"\"a\n"},
	{"csv-opens-again", "csv", "csv: {text: a}\n", "a\n", "x\",\"y\n"},
	{"csv-open-in-line", "csv", "csv: {text: a}\n", "a\n", ",\"a"},
	{"csv-separators", "csv", "csv: {text: a}\n", "a\n", ","},
	{"csv-carriage-returns", "csv", "csv: {text: a}\n", "a\n", "\"\r\""},
	{"csv-short", "csv", "csv: {text: a, labels: [{from: b, layer: l}]}\n", "a,b\n", "x.,y\n"},
	{"csv-missing", "csv", "csv: {text: a, labels: [{from: b, layer: l}]}\n", "a,b\n", ",y\n"},
	{"columns-short", "columns", "columns: {labels: [{from: \"1\", layer: ner, scheme: bio}]}\n", "", "x\tB-y\n"},
	{"columns-short-sentences", "columns", "columns: {unit: sentence, labels: [{from: \"1\", layer: ner}]}\n", "", "x.\ty\n"},
	{"columns", "columns", "columns: {labels: [{from: \"-1\", layer: ner, scheme: bio}]}\n", "", "Turin\tNNP\tB-LOC\nsleeps\tVB\tO\nsoundly\tRB\tI-LOC\n"},
	{"columns-sentences", "columns", "columns: {unit: sentence, role: \"2\", labels: [{from: \"1\", layer: a, scheme: bio, link: \"3\"}], links: [{kind: pair, from: R, to: S}]}\n", "", "The stones are worn and the grain is wet.\tB-R\tReview\tB-1\nThey are not.\tB-S\tReply\tB-1\n"},
	{"columns-tabs", "columns", "columns: {labels: [{from: \"-1\", layer: ner, scheme: bio}]}\n", "", "\t"},
	{"columns-lines", "columns", "columns: {labels: [{from: \"0\", layer: ner}]}\n", "", "x\n"},
}

// TestHostileTables: plenty of what takes most work are split and parsed, and all
// holds that holds for any input. BenchmarkTables says how long they take.
func TestHostileTables(t *testing.T) {
	for _, c := range hostileTables {
		p := configured(t, c.format, []byte(c.keys))
		data := []byte(c.head + strings.Repeat(c.unit, 1<<18/len(c.unit)))
		if err := invariants(p, data, nil); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		// As one document, whatever a record is.
		if err := documentInvariants(p, &schema.Source{Data: data}, false); err != nil {
			t.Errorf("%s, whole: %v", c.name, err)
		}
	}
}

// TestHeaders: a parser that knows the rows of names of several files reads each record
// as one that has seen none.
func TestHeaders(t *testing.T) {
	const keys = "csv: {text: a, labels: [{from: b, layer: l}]}\nfields: [{from: c, name: c}]\n"
	known := configured(t, "csv", []byte(keys)).(parser.Records)
	headers := []string{
		"a,b,c\n", "a,b,c\r\n", "b,a,c\n", "\"a\",b,c\n", "\"a,b,c\n", "a\",b,c\n", "c,a,b,a\n", "a,b\n", "a,b,c\n\n", "\ufeffa,b,c\n",
		"\"a\n\",b,c\n", "b,c,\"a\"\n", "a,b,c,d\n",
	}
	for round := range 3 {
		for i := range headers {
			header := headers[i*(round*2+1)%len(headers)]
			for _, row := range []string{"x,y,z\n", "x\",\"y,z", "x\n", "\"a\n\",b,c\n"} {
				src := &schema.Source{Data: []byte(header + row), Pieces: []schema.Piece{
					{Data: schema.Span{End: len(header)}, Line: 1, Header: true},
					{Data: schema.Span{Start: len(header), End: len(header) + len(row)}, Offset: int64(len(header)), Line: 2},
				}}
				var want, got strings.Builder
				for p, b := range map[parser.Records]*strings.Builder{configured(t, "csv", []byte(keys)).(parser.Records): &want, known: &got} {
					doc := new(schema.Document)
					doc.Reset(src)
					fmt.Fprintf(b, "%q %t\n", p.Fields(src.Data, nil), p.Parse(src, doc))
					show(b, doc, 0)
					for _, d := range doc.Diagnostics.All() {
						fmt.Fprintln(b, d.Code, d.Offset, d.Message)
					}
				}
				if diff := cmp.Diff(want.String(), got.String()); diff != "" {
					t.Fatalf("%q below %q (-anew +known):\n%s", row, header, diff)
				}
			}
		}
	}
}

// TestWideHeader: what is said of a table with very many columns does not grow with
// them, as it is said of each row.
func TestWideHeader(t *testing.T) {
	p := configured(t, "csv", []byte("csv: {text: a}\n"))
	data := strings.Repeat("other,", 5000) + "one\nx\n"
	doc := new(schema.Document)
	doc.Reset(&schema.Source{Data: []byte(data)})
	if p.Parse(doc.Source, doc) {
		t.Fatal("a table without the column of the text was parsed")
	}
	message := doc.Diagnostics.All()[0].Message
	if len(message) > 1000 || !strings.HasSuffix(message, "and 4961 more") {
		t.Errorf("%d bytes: %.100s...%s", len(message), message, message[len(message)-30:])
	}
}

// TestTablesGrow: what a document of many short rows takes is made for it once, and not
// again and again on the way to its end.
func TestTablesGrow(t *testing.T) {
	var m [2]runtime.MemStats
	tables := 0
	for _, c := range hostileTables {
		if !strings.Contains(c.name, "short") {
			continue
		}
		tables++
		p := configured(t, c.format, []byte(c.keys))
		src := &schema.Source{Data: []byte(c.head + strings.Repeat(c.unit, 1<<20/len(c.unit)))}
		doc := new(schema.Document)
		doc.Reset(src)
		runtime.ReadMemStats(&m[0])
		p.Parse(src, doc)
		runtime.ReadMemStats(&m[1])
		size := func(n int, of uintptr) uint64 { return uint64(n) * uint64(of) }
		least := size(len(doc.Segments), unsafe.Sizeof(schema.Segment{})) + size(len(doc.Groups), unsafe.Sizeof(schema.Group{})) +
			size(len(doc.Labels), unsafe.Sizeof(schema.Label{})+unsafe.Sizeof(schema.Detail{})) + size(len(doc.Annotations), unsafe.Sizeof(schema.Annotation{}))
		if got := m[1].TotalAlloc - m[0].TotalAlloc; got > 4*least {
			t.Errorf("%s: %d bytes for what takes %d", c.name, got, least)
		}
	}
	if tables == 0 {
		t.Error("no table of short rows")
	}
}
