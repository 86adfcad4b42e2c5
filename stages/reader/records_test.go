package reader

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"pgregory.net/rapid"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/internal/archivetest"
	"github.com/quern-data/quern/schema"
)

// lines is a format with a record a line: "name decision text". A file that starts
// with { is a record itself; one that starts with # has a header.
type lines struct {
	during func() // called before the first record
}

func (l lines) Split(file io.Reader, emit func(schema.Record) error) error {
	r := bufio.NewReaderSize(file, 16)
	at, line, header := int64(0), 0, int64(0)
	for {
		text, err := r.ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		line++
		record := strings.TrimSuffix(text, "\n")
		switch {
		case line == 1 && strings.HasPrefix(record, "#"):
			header = int64(len(text))
		case line == 1 && strings.HasPrefix(record, "{"):
			if _, err := io.Copy(io.Discard, r); err != nil {
				return err
			}
			return emit(schema.Record{End: at + int64(len(record)), Line: 1, Whole: true, Values: l.Fields([]byte(record), nil)})
		case record != "":
			if l.during != nil {
				l.during()
			}
			err := emit(schema.Record{
				Start: at, End: at + int64(len(record)), Line: line, Header: header, Values: l.Fields([]byte(record), nil),
			})
			if err != nil {
				return err
			}
		}
		at += int64(len(text))
		if err != nil {
			return nil //nolint:nilerr // it is io.EOF
		}
	}
}

func (lines) Fields(record []byte, dst []string) []string {
	if bytes.HasPrefix(record, []byte("#")) {
		_, record, _ = bytes.Cut(record, []byte("\n"))
	}
	words := strings.Fields(strings.Trim(string(record), "{}\n"))
	for i := range 2 {
		if i < len(words) && words[i] != "-" {
			dst = append(dst, words[i])
		} else {
			dst = append(dst, "")
		}
	}
	return dst
}

// linesAt is a corpus of files of lines.
func linesAt(root string) config.Corpus {
	c := corpusAt(root)
	c.Fields = []config.Field{{From: "0", Name: "paper_id"}, {From: "1", Name: "decision"}}
	return c
}

func scanLines(t testing.TB, c config.Corpus, by ...string) *Plan {
	t.Helper()
	p, err := Options{Records: lines{}, PartitionBy: by, Workers: 3}.Scan(t.Context(), c, limits)
	if err != nil {
		t.Fatal(err)
	}
	counts := p.Counts()
	sum := counts.Files + counts.Twins
	for _, g := range counts.Ignored {
		sum += g.Files
	}
	if counts.Found != sum || p.Len() != counts.Documents+counts.Notices {
		t.Errorf("%d entries do not add up: %+v", p.Len(), counts)
	}
	return p
}

// read tells what is read of each entry.
func readAll(t testing.TB, p *Plan) (out []string) {
	t.Helper()
	r := p.NewReader()
	var src schema.Source
	for i := range p.Len() {
		if err := r.Read(i, &src); err != nil {
			t.Fatal(err)
		}
		if !src.Refused && src.SHA256 != sha256.Sum256(src.Data) {
			t.Errorf("%s has the hash of something else", src.ID)
		}
		out = append(out, tell(&src))
	}
	return out
}

// tell is a line about a document.
func tell(src *schema.Source) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %q", src.ID, src.Data)
	for _, p := range src.Pieces {
		fmt.Fprintf(&b, " %s:%d+%d[%d:%d]", p.Path, p.Line, p.Offset, p.Data.Start, p.Data.End)
		if p.Header {
			b.WriteString("h")
		}
		if p.Annotator != "" {
			b.WriteString("@" + p.Annotator)
		}
		if p.RawPath != "" {
			fmt.Fprintf(&b, "%s%q", p.RawPath, src.RawData[p.Raw.Start:p.Raw.End])
		}
	}
	for _, a := range src.Attributes.List() {
		fmt.Fprintf(&b, " %s=%s", a.Name, a.Value)
	}
	for _, d := range src.Diagnostics {
		fmt.Fprintf(&b, " %s: %s", d.Code, d.Message)
	}
	return b.String()
}

func TestRecords(t *testing.T) {
	root := tree(t, map[string]string{
		"a/one.txt":   "p1 accept the first\np2 reject the second\n\np3 - the third",
		"b/head.txt":  "#id decision text\np4 accept a row\np5 accept another\n",
		"b/whole.txt": "{p6 accept a file}\n",
		"c/empty.txt": "",
		"c/none.txt":  "\n\n",
		"d.md":        "left out",
	})
	p := scanLines(t, linesAt(root))
	diff(t, []string{
		`c/a/one.txt/000001 "p1 accept the first" a/one.txt:1+0[0:19] paper_id=p1 decision=accepted`,
		`c/a/one.txt/000002 "p2 reject the second" a/one.txt:2+20[0:20] paper_id=p2 decision=rejected`,
		`c/a/one.txt/000003 "p3 - the third" a/one.txt:4+42[0:14] paper_id=p3`,
		`c/b/head.txt/000001 "#id decision text\np4 accept a row" b/head.txt:1+0[0:18]h b/head.txt:2+18[18:33] paper_id=p4 decision=accepted`,
		`c/b/head.txt/000002 "#id decision text\np5 accept another" b/head.txt:1+0[0:18]h b/head.txt:3+34[18:35] paper_id=p5 decision=accepted`,
		`c/b/whole "{p6 accept a file}\n" paper_id=p6 decision=accepted`,
		`c/c/empty "" file-empty: the file has no bytes`,
		`c/c/none "" file-empty: the file holds no document`,
	}, readAll(t, p))
	diff(t, Counts{
		Found: 6, Files: 5, Split: 5, Documents: 8, Refused: 2, Ignored: []Ignored{{Rule: RuleNotIncluded, Files: 1, Example: "d.md"}},
	}, p.Counts())
	if p.Bytes() != 19+20+14+15+17+19 {
		t.Errorf("the documents have %d bytes", p.Bytes())
	}
	// Attributes of examples are those of the content.
	diff(t, "p1", *p.Examples(1)[0].Attributes.PaperID)
}

func TestRecordIDs(t *testing.T) {
	root := tree(t, map[string]string{
		"x/a.txt": "p1 accept text\np2 - text\np1 reject again\n- - nameless\n",
		"y/b.txt": "p2 accept text\n",
	})
	c := linesAt(root)
	c.DocumentID = "{paper_id}"
	const same = "has the same document id, c/%s: make document_id tell them apart, or leave one out with exclude"
	diff(t, []string{
		`c/p1 "p1 accept text" x/a.txt:1+0[0:14] paper_id=p1 decision=accepted`,
		`c/p1 "" x/a.txt:3+25[0:15] document-duplicate: line 1 of x/a.txt ` + fmt.Sprintf(same, "p1"),
		`c/p2 "p2 - text" x/a.txt:2+15[0:9] paper_id=p2`,
		`c/p2 "" y/b.txt:1+0[0:14] document-duplicate: line 2 of x/a.txt ` + fmt.Sprintf(same, "p2"),
		`c/x/a.txt/000004 "- - nameless" x/a.txt:4+41[0:12]`,
	}, readAll(t, scanLines(t, c)))

	c.Paths = []string{"{venue}/{name}.txt"}
	c.DocumentID = "{venue}-{name}-{record}"
	var ids []string
	p := scanLines(t, c)
	for i := range p.Len() {
		ids = append(ids, p.Entry(i).ID)
	}
	diff(t, []string{"c/x-a-1", "c/x-a-2", "c/x-a-3", "c/x-a-4", "c/y-b-1"}, ids)
}

// A field may name attributes by a pattern, and wins over the path and over what all
// documents have.
func TestFields(t *testing.T) {
	root := tree(t, map[string]string{"x/a.txt": "ICLR2018 accept text\nnothing - text\n"})
	c := corpusAt(root)
	c.Paths = []string{"{venue}/*.txt"}
	c.Attributes = []config.Attribute{{Name: "decision", Value: "none"}}
	c.Fields = []config.Field{{From: "0", Pattern: "{venue:[A-Z]+}{year:[0-9]+}"}, {From: "1", Name: "decision"}}
	diff(t, []string{
		`c/x/a.txt/000001 "ICLR2018 accept text" x/a.txt:1+0[0:20] venue=ICLR year=2018 decision=accepted`,
		`c/x/a.txt/000002 "nothing - text" x/a.txt:2+21[0:14] venue=x decision=none field-unmatched: no pattern of the field "0" fits its value, and nothing was captured by it: add a field from "0" with another pattern, or with a name`,
	}, readAll(t, scanLines(t, c)))
}

// Several fields may take from one place: of those that give an attribute, the first
// counts whose pattern fits, or that has none and finds a value.
func TestFieldsOfOnePlace(t *testing.T) {
	const unmatched = `field-unmatched: no pattern of the field "a" fits its value, and nothing was captured by it: add a field from "a" with another pattern, or with a name`
	review, paper := "{paper_id}_{reviewer:R[0-9]+}", "{paper_id}/{reviewer:[0-9]+}"
	for _, c := range []struct {
		name   string
		fields [][2]string // each a place, and a pattern or name
		want   map[string]string
	}{
		{"a name behind it", [][2]string{{"a", review}, {"a", "paper_id"}}, map[string]string{
			"p_R1": "paper_id=p reviewer=R1", "p.R1": "paper_id=p.R1", "": "",
		}},
		{"a name before it", [][2]string{{"a", "paper_id"}, {"a", review}}, map[string]string{
			"p_R1": "paper_id=p_R1 reviewer=R1", "p.R1": "paper_id=p.R1",
		}},
		{"two patterns", [][2]string{{"a", review}, {"a", paper}}, map[string]string{
			"p_R1": "paper_id=p reviewer=R1", "p/1": "paper_id=p reviewer=1", "p": unmatched,
		}},
		{"both fit", [][2]string{{"a", "{paper_id}_{reviewer}"}, {"a", "{paper_id:[a-z]}{year:[0-9]+}_{venue}"}}, map[string]string{
			"p2018_x": "paper_id=p2018 venue=x year=2018 reviewer=x",
		}},
		{"another attribute", [][2]string{{"a", review}, {"a", "venue"}}, map[string]string{
			"p_R1": "paper_id=p venue=p_R1 reviewer=R1", "p": "venue=p " + unmatched,
		}},
		{"another place", [][2]string{{"a", review}, {"b", "paper_id"}}, map[string]string{
			"p_R1,q": "paper_id=p reviewer=R1", "p,q": "paper_id=q " + unmatched, ",q": "paper_id=q",
		}},
		{"no patterns", [][2]string{{"a", "venue"}, {"b", "venue"}}, map[string]string{"p,q": "venue=p", ",q": "venue=q"}},
		{"one twice", [][2]string{{"a", "{venue}-{venue}"}}, map[string]string{"p-q": "venue=q"}},
	} {
		var corpus config.Corpus
		for _, f := range c.fields {
			field := config.Field{From: f[0], Name: f[1]}
			if strings.Contains(f[1], "{") {
				field = config.Field{From: f[0], Pattern: f[1]}
			}
			corpus.Fields = append(corpus.Fields, field)
		}
		capturer, err := newCapturer(&corpus)
		if err != nil {
			t.Fatal(err)
		}
		var out capture // is used again
		for cells, want := range c.want {
			a, b, _ := strings.Cut(cells, ",")
			var values []string
			for _, f := range c.fields {
				values = append(values, map[string]string{"a": a, "b": b}[f[0]])
			}
			capturer.capture("x.txt", &out)
			capturer.fields(values, &out)
			var got []string
			for slot, value := range out.values {
				if value != "" {
					got = append(got, capturer.names[slot]+"="+value)
				}
			}
			src := new(schema.Source)
			capturer.fill(src, &out)
			for _, d := range src.Diagnostics {
				if d.Code == schema.FieldUnmatched {
					got = append(got, d.Code.String()+": "+d.Message)
				}
			}
			if got := strings.Join(got, " "); got != want {
				t.Errorf("%s, %q:\n got %s\nwant %s", c.name, cells, got, want)
			}
		}
	}
}

// TestHeaderTooLong: a file with a header that costs more than its records is refused,
// and found so again without reading it as records.
func TestHeaderTooLong(t *testing.T) {
	header := "#" + strings.Repeat("h", maxHeader-2) + "\n"
	root := tree(t, map[string]string{"a.txt": header + "p1 - one\n", "b.txt": "#" + header + "p2 - two\np3 - three\n"})
	p := scanLines(t, linesAt(root))
	got := readAll(t, p)
	if len(got) != 2 || !strings.HasPrefix(got[0], "c/a.txt/000001 ") || !strings.HasPrefix(got[1], "c/b ") ||
		!strings.Contains(got[1], "record-malformed: the row of the names has 65537 bytes, and may have 65536") {
		t.Errorf("read as %.1000q", got)
	}
	again := scanLines(t, linesAt(root))
	for i := range p.Len() {
		if a, b := p.Entry(i), again.Entry(i); a != b || a.Stamp == 0 || a.Refused != (i == 1) {
			t.Errorf("entry %+v, and then %+v", a, b)
		}
	}
}

func TestRecordsPartitioned(t *testing.T) {
	root := tree(t, map[string]string{"a.txt": "p1 reject text\np2 accept text\np3 - text\np4 accept text\n", "b.txt": "{p5 reject all}"})
	p := scanLines(t, linesAt(root), "corpus", "decision")
	var got []string
	for _, s := range p.Shards(1 << 20) {
		for i := s.Start; i < s.End; i++ {
			got = append(got, fmt.Sprint(s.Partition, p.Entry(i).ID))
		}
	}
	diff(t, []string{
		"[c ]c/a.txt/000003", "[c accepted]c/a.txt/000002", "[c accepted]c/a.txt/000004", "[c rejected]c/a.txt/000001", "[c rejected]c/b",
	}, got)
	for i, line := range readAll(t, p) {
		if !strings.Contains(line, p.Entry(i).ID+" ") {
			t.Errorf("entry %d is read as %s", i, line)
		}
	}
}

// A record above limits.document_bytes is refused, and its file is not.
func TestRecordTooLarge(t *testing.T) {
	root := tree(t, map[string]string{"a.txt": "p1 - small\np2 - " + strings.Repeat("x", 1<<20) + "\np3 - small\n"})
	diff(t, []string{
		`c/a.txt/000001 "p1 - small" a.txt:1+0[0:10] paper_id=p1`,
		`c/a.txt/000002 "" a.txt:2+11[0:1048581] file-too-large: the record in line 2 has 1048581 bytes, more than limits.document_bytes, 1MiB`,
		`c/a.txt/000003 "p3 - small" a.txt:3+1048593[0:10] paper_id=p3`,
	}, readAll(t, scanLines(t, linesAt(root))))
}

// What is appended to a file changes the stamps and the identity of nothing before it.
func TestRecordStamps(t *testing.T) {
	root := tree(t, map[string]string{"a.txt": "#h\np1 - one\np2 - two\n"})
	all := Shard{End: 2}
	before := scanLines(t, linesAt(root))
	write(t, root, map[string]string{"a.txt": "#h\np1 - one\np2 - two\np3 - three\n"})
	after := scanLines(t, linesAt(root))
	diff(t, before.Stamps(all, 0), after.Stamps(all, 0))
	diff(t, before.Identity(all, ""), after.Identity(all, ""))
	if slices.Contains(before.Stamps(all, 0), 0) {
		t.Error("a record has no stamp")
	}
	for name, content := range map[string]string{
		"another header": "#i\np1 - one\np2 - two\n", "another record": "#h\np1 - eno\np2 - owt\n",
		"moved": "\n#h\np1 - one\np2 - two\n",
	} {
		write(t, root, map[string]string{"a.txt": content})
		p := scanLines(t, linesAt(root))
		for i, stamp := range p.Stamps(all, 0) {
			if stamp == before.Stamps(all, 0)[i] {
				t.Errorf("%s: record %d has the stamp that it had", name, i)
			}
		}
		if same := p.Identity(all, "") == before.Identity(all, ""); same == (name == "moved") {
			t.Errorf("%s: the identity is the same: %v", name, same)
		}
	}
}

// Records of a file that was changed since the scan are not read.
func TestRecordsChanging(t *testing.T) {
	root := tree(t, map[string]string{"a.txt": "p1 - one\np2 - two\n", "b.txt": "{p3 - three}"})
	p := scanLines(t, linesAt(root))
	at := filepath.Join(root, "a.txt")
	info, err := os.Stat(at)
	if err != nil {
		t.Fatal(err)
	}
	write(t, root, map[string]string{"a.txt": "p1 - eno\np2 - owt\n", "b.txt": "{p3 - eerht}"})
	if err := os.Chtimes(at, time.Time{}, info.ModTime().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	var src schema.Source
	r := p.NewReader()
	for i := range p.Len() {
		if err := r.Read(i, &src); err != nil {
			t.Fatal(err)
		}
		if n := len(src.Diagnostics); !src.Refused || !src.Unsettled || n != 1 || src.Diagnostics[0].Code != schema.FileChanging {
			t.Errorf("%s is read as %s", p.Entry(i).ID, tell(&src))
		}
	}
	// Had the file still the times, its bytes would tell.
	p = scanLines(t, linesAt(root))
	p.pieces[0].stamp++
	r = p.NewReader()
	if err := r.Read(0, &src); err != nil || !src.Refused || !src.Unsettled {
		t.Errorf("%s, %v", tell(&src), err)
	}
	if err := r.Read(1, &src); err != nil || src.Refused {
		t.Errorf("%s, %v", tell(&src), err)
	}
}

// A file that is written to while it is split is split again.
func TestSplitWhileWritten(t *testing.T) {
	root := tree(t, map[string]string{"a.txt": "p1 - one\n"})
	at := filepath.Join(root, "a.txt")
	for writes, want := range map[int]string{
		1: `c/a.txt/000001 "p1 - one" a.txt:1+0[0:8] paper_id=p1`,
		9: `c/a "" file-changing: the file was being written while it was read: run again when whatever writes it is done`,
	} {
		records := lines{during: func() {
			if writes--; writes >= 0 {
				if err := os.Chtimes(at, time.Time{}, time.Unix(int64(writes), 0)); err != nil {
					t.Error(err)
				}
			}
		}}
		p, err := Options{Records: records}.Scan(t.Context(), linesAt(root), limits)
		if err != nil {
			t.Fatal(err)
		}
		diff(t, []string{want}, readAll(t, p))
		if e := p.Entry(0); (e.Stamp == 0) != e.Refused {
			t.Errorf("%+v", e)
		}
	}
}

type failing struct {
	lines
	err error
}

func (f failing) Split(file io.Reader, _ func(schema.Record) error) error {
	_, err := io.Copy(io.Discard, file)
	return errors.Join(err, f.err)
}

func TestSplitFails(t *testing.T) {
	root := tree(t, map[string]string{"a.txt": "p1 - one\n"})
	p, err := Options{Records: failing{err: errors.New("it is odd")}}.Scan(t.Context(), linesAt(root), limits)
	if err != nil {
		t.Fatal(err)
	}
	diff(t, []string{`c/a "" file-unreadable: the file cannot be read: it is odd`}, readAll(t, p))

	ctx, cancel := context.WithCancel(t.Context())
	_, err = Options{Records: lines{during: cancel}}.Scan(ctx, linesAt(root), limits)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// Records are read the same in any order, whatever was read before.
func TestReadRecordsInAnyOrder(t *testing.T) {
	files := map[string]string{}
	for i := range 3 {
		var b strings.Builder
		if i == 1 {
			b.WriteString("#header\n")
		}
		for k := range 300 {
			fmt.Fprintf(&b, "p%d-%d - %s\n", i, k, strings.Repeat("x", k*k%2000))
		}
		files[fmt.Sprintf("%d.txt", i)] = b.String()
	}
	p := scanLines(t, linesAt(tree(t, files)))
	want := readAll(t, p)
	rapid.Check(t, func(rt *rapid.T) {
		r := p.NewReader()
		var src schema.Source
		for _, i := range rapid.SliceOf(rapid.IntRange(0, p.Len()-1)).Draw(rt, "order") {
			for k := i; k < min(i+3, p.Len()); k++ {
				if err := r.Read(k, &src); err != nil {
					rt.Fatal(err)
				}
				if got := tell(&src); got != want[k] {
					rt.Fatalf("entry %d is read as %s, and first as %s", k, got, want[k])
				}
			}
		}
	})
}

// The window has the hash of each record however large its reads are, or says that it
// does not know.
func TestWindow(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		sizes := rapid.SliceOfN(rapid.IntRange(1, 200), 1, 30).Draw(rt, "records")
		var text strings.Builder
		for i, n := range sizes {
			text.WriteString(strings.Repeat(string(rune('a'+i%26)), n) + "\n")
		}
		root := tree(t, map[string]string{"a": text.String()})
		f, err := open(root, "a")
		if err != nil {
			rt.Fatal(err)
		}
		defer f.close()
		w := &window{ctx: t.Context(), file: f, most: rapid.IntRange(10, 400).Draw(rt, "most")}
		buf := make([]byte, rapid.IntRange(1, 100).Draw(rt, "read"))
		end, start := int64(0), int64(0)
		for _, size := range sizes {
			for end < start+int64(size) {
				n, err := w.Read(buf)
				if err != nil {
					rt.Fatal(err)
				}
				end += int64(n)
			}
			stamp, err := w.take(start, start+int64(size))
			if err != nil {
				rt.Fatal(err)
			}
			want := hashBytes([]byte(text.String()[start : start+int64(size)]))
			if stamp != want && (stamp != unknownStamp || size+len(buf) < w.most/2) {
				rt.Fatalf("the record at %d has the hash %d, want %d", start, stamp, want)
			}
			start += int64(size) + 1
			if len(w.buf)-w.head > w.most+len(buf) {
				rt.Fatalf("%d bytes are kept, of %d at most", len(w.buf)-w.head, w.most)
			}
		}
	})
}

func TestHashBytes(t *testing.T) {
	seen := map[uint64]string{}
	for n := range 20 {
		for c := range 20 {
			text := strings.Repeat("\x00", n) + string(rune('a'+c))
			h := hashBytes([]byte(text))
			if other, ok := seen[h]; ok || h <= unknownStamp {
				t.Errorf("%q has the hash of %q", text, other)
			}
			seen[h] = text
		}
	}
	// Stamps are kept from run to run.
	diff(t, uint64(14668546376591165622), hashBytes([]byte("a record of more than eight bytes")))
}

func TestPieceSize(t *testing.T) {
	if size := unsafe.Sizeof(piece{}); size != 48 {
		t.Errorf("a piece takes %d bytes, and 48 are documented", size)
	}
}

// shortLines are as many lines as asked for, a record each.
func shortLines(n int) string {
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, "p%d accept some text that goes on for as long as short lines do, and a little longer\n", i)
	}
	return text.String()
}

// BenchmarkSplit finds a million short lines, which is what planning a file of
// records costs beyond its parser.
func BenchmarkSplit(b *testing.B) {
	text := shortLines(1_000_000)
	c := linesAt(tree(b, map[string]string{"a.txt": text}))
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		p, err := Options{Records: quick{}}.Scan(b.Context(), c, limits)
		if err != nil {
			b.Fatal(err)
		}
		if p.Len() != 1_000_000 {
			b.Fatal(p.Len())
		}
	}
}

// BenchmarkReadRecords reads them in their order.
func BenchmarkReadRecords(b *testing.B) {
	line := "p accept some text that goes on for as long as short lines do, and a little longer\n"
	c := linesAt(tree(b, map[string]string{"a.txt": strings.Repeat(line, 100_000)}))
	p, err := Options{Records: quick{}}.Scan(b.Context(), c, limits)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	r := p.NewReader()
	var src schema.Source
	i := 0
	for b.Loop() {
		if err := r.Read(i%p.Len(), &src); err != nil || src.Refused {
			b.Fatal(err, src.Diagnostics)
		}
		i++
	}
}

// quick is lines at the speed of a parser.
type quick struct{ lines }

func (quick) Split(file io.Reader, emit func(schema.Record) error) error {
	r := bufio.NewReaderSize(file, 64<<10)
	values := make([]string, 2)
	at := int64(0)
	for line := 1; ; line++ {
		text, err := r.ReadSlice('\n')
		if len(text) > 0 {
			end := at + int64(len(bytes.TrimSuffix(text, []byte("\n"))))
			if err := emit(schema.Record{Start: at, End: end, Line: line, Values: values}); err != nil {
				return err
			}
			at += int64(len(text))
		}
		if err != nil {
			return nil //nolint:nilerr // it is io.EOF
		}
	}
}

// joined is a corpus of whose documents several files or records may be one.
func joined(t testing.TB, root, same string) config.Corpus {
	t.Helper()
	c := linesAt(root)
	c.Fields = append(c.Fields[:1:1], config.Field{From: "1", Name: "annotator"})
	c.DocumentID, c.SameID = "{paper_id}", same
	return c
}

func TestSameID(t *testing.T) {
	root := tree(t, map[string]string{
		"a.txt": "#h\np1 ann one\np2 bob two\np1 ann three\n", "b.txt": "p1 bob four\n", "c.txt": "{p3 bob five}", "d.txt": "{p3 bob six}",
	})
	c := joined(t, root, "append")
	p := scanLines(t, c)
	diff(t, []string{
		`c/p1 "#h\np1 ann onep1 ann threep1 bob four" a.txt:1+0[0:3]h a.txt:2+3[3:13]@ann a.txt:4+25[13:25]@ann b.txt:1+0[25:36]@bob paper_id=p1`,
		`c/p2 "#h\np2 bob two" a.txt:1+0[0:3]h a.txt:3+14[3:13]@bob paper_id=p2 annotator=bob`,
		`c/p3 "{p3 bob five}{p3 bob six}" c.txt:1+0[0:13]@bob d.txt:1+0[13:25]@bob paper_id=p3 annotator=bob`,
	}, readAll(t, p))
	diff(t, Counts{Found: 4, Files: 4, Split: 4, Documents: 3}, p.Counts())

	// One piece that cannot be read is reason enough.
	write(t, root, map[string]string{"d.txt": "", "e.txt": "p1 bob " + strings.Repeat("x", 1<<20)})
	diff(t, []string{
		`c/d "" file-empty: the file has no bytes`,
		`file-too-large: line 1 of e.txt has 1048583 bytes, more than limits.document_bytes, 1MiB`,
	}, refusals(t, scanLines(t, c)))
	write(t, root, map[string]string{"e.txt": "p1 bob " + strings.Repeat("x", 1<<20-20)})
	diff(t, []string{
		`c/d "" file-empty: the file has no bytes`,
		`file-too-large: the 4 pieces of the document have 1048596 bytes, more than limits.document_bytes, 1MiB`,
	}, refusals(t, scanLines(t, c)))
	write(t, root, map[string]string{"e.txt": "", "d.txt": "{p3 bob six}"})
	p = scanLines(t, c)
	if err := os.Remove(filepath.Join(root, "d.txt")); err != nil {
		t.Fatal(err)
	}
	diff(t, []string{
		`c/e "" file-empty: the file has no bytes`,
		`file-vanished: d.txt was there when the folder was scanned and is gone now`,
	}, refusals(t, p))
}

// refusals are what is said of entries that are refused: all of it, or of those of
// several pieces the diagnostic.
func refusals(t testing.TB, p *Plan) (out []string) {
	t.Helper()
	for i := range p.Len() {
		src := mustRead(t, p, i)
		switch {
		case !src.Refused:
		case len(src.Pieces) > 0:
			d := src.Diagnostics[len(src.Diagnostics)-1]
			out = append(out, fmt.Sprintf("%s: %s", d.Code, d.Message))
			if at, _ := src.At(0); at != src.Path {
				t.Errorf("%s starts in %s", src.ID, at)
			}
		default:
			out = append(out, tell(src))
		}
	}
	return out
}

// Files that several annotators made of one text, each with its twin.
func TestAnnotators(t *testing.T) {
	root := tree(t, map[string]string{
		"ann/1.txt": "One.", "ann/1.ann": "a1", "bob/1.txt": "One.", "bob/1.ann": "b1", "bob/2.txt": "Two.", "cid/1.txt": "One.",
	})
	c := corpusAt(root)
	c.Format, c.Paths, c.DocumentID, c.SameID = "brat", []string{"{annotator}/{paper_id}.txt"}, "{paper_id}", "annotators"
	p, err := Options{PartitionBy: []string{"annotator"}}.Scan(t.Context(), c, limits)
	if err != nil {
		t.Fatal(err)
	}
	diff(t, []string{
		`c/1 "One.One.One." ann/1.txt:1+0[0:4]@annann/1.ann"a1" bob/1.txt:1+0[4:8]@bobbob/1.ann"b1" cid/1.txt:1+0[8:12]@cid paper_id=1 twin-missing: there is no file cid/1.ann`,
		`c/2 "Two." paper_id=2 annotator=bob twin-missing: there is no file bob/2.ann`,
	}, readAll(t, p))
	var partitions []string
	for _, s := range p.Shards(1) {
		partitions = append(partitions, s.Partition...)
	}
	diff(t, []string{"", "bob"}, partitions)
	diff(t, Counts{Found: 6, Files: 4, Twins: 2, Documents: 2}, p.Counts())

	// Where a piece ends is not to be seen in what they come to.
	before := p.Identity(Shard{End: 2}, "")
	write(t, root, map[string]string{"ann/1.txt": "One", "bob/1.txt": ".One."})
	if p, err = (Options{}).Scan(t.Context(), c, limits); err != nil {
		t.Fatal(err)
	}
	if p.Identity(Shard{End: 2}, "") == before {
		t.Error("pieces of other sizes have the same identity")
	}
}

// Records in an archive, and in one that can only be read from its start.
func TestRecordsInArchive(t *testing.T) {
	var many strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&many, "q%d - number %d %s\n", i*7919%3000, i, strings.Repeat("x", i%500))
	}
	files := map[string]string{"a.txt": "#h\np1 accept one\np2 - two\n", "b/c.txt": "{p3 - three}", "many.txt": many.String()}
	root := tree(t, files)
	for _, id := range []string{"", "{paper_id}"} {
		c := linesAt(root)
		c.DocumentID = id
		want := readAll(t, scanLines(t, c))
		for _, kind := range archivetest.Kinds {
			var packed []archivetest.File
			for path, content := range files {
				packed = append(packed, archivetest.File{Name: path, Content: content})
			}
			slices.SortFunc(packed, func(a, b archivetest.File) int { return strings.Compare(a.Name, b.Name) })
			c.Root = pack(t, kind, packed)
			limits := limits
			limits.ArchiveBytes = 1 << 30
			p, err := Options{Records: lines{}}.Scan(t.Context(), c, limits)
			if err != nil {
				t.Fatal(err)
			}
			got := readAll(t, p)
			for i := range got {
				got[i] = strings.ReplaceAll(got[i], filepath.Base(c.Root)+"!/", "")
			}
			diff(t, want, got)
		}
	}
}
