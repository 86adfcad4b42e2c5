package reader

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/quern-data/quern/internal/archivetest"
	"github.com/quern-data/quern/schema"
)

func gzipped(t testing.TB, pieces ...string) string {
	t.Helper()
	var b bytes.Buffer
	for _, piece := range pieces {
		w := gzip.NewWriter(&b)
		if _, err := w.Write([]byte(piece)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

func zstded(t testing.TB, pieces ...string) string {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	var b []byte
	for _, piece := range pieces {
		b = w.EncodeAll([]byte(piece), b)
	}
	return string(b)
}

// A file that is compressed is what it unpacks to, under its own name.
func TestPackedFiles(t *testing.T) {
	broken := gzipped(t, "some text")
	files := map[string]string{
		"Accepted/P1/Annotated/ICLR2018-P1-R1_annotated.txt.gz":  gzipped(t, "one"),
		"Accepted/P1/Raw/ICLR2018-P1-R1.txt.zst":                 zstded(t, "raw"),
		"Accepted/P1/Annotated/ICLR2018-P1-R2_annotated.txt.zst": zstded(t, "two ", "frames"),
		"Accepted/P1/Annotated/ICLR2018-P1-R3_annotated.txt":     "plain",
		"Accepted/P1/Raw/ICLR2018-P1-R3.txt.gz":                  gzipped(t, "raw ", "of two"),
		"Accepted/P2/Annotated/ICLR2018-P2-R1_annotated.txt":     "the first",
		"Accepted/P2/Annotated/ICLR2018-P2-R1_annotated.txt.gz":  gzipped(t, "the same"),
		"Accepted/P3/Annotated/ICLR2018-P3-R1_annotated.txt.gz":  broken[:len(broken)-3],
		"Accepted/P3/Annotated/ICLR2018-P3-R2_annotated.txt.gz":  "no gzip at all",
		"Accepted/P3/Annotated/ICLR2018-P3-R3_annotated.txt.zst": "no zstd at all",
		"Accepted/P3/Annotated/ICLR2018-P3-R4_annotated.txt.gz":  gzipped(t, strings.Repeat("x", 900<<10)),
		"Accepted/P3/Annotated/ICLR2018-P3-R5_annotated.txt.gz":  gzipped(t, noise(int(limits.DocumentBytes)+1)),
		"Accepted/P3/Annotated/ICLR2018-P3-R6_annotated.txt.gz":  gzipped(t, noise(100_000)),
		"Accepted/P3/Annotated/ICLR2018-P3-R7_annotated.txt.gz":  "",
		"Accepted/P3/Annotated/ICLR2018-P3-R8_annotated.txt.gz":  gzipped(t, ""),
		"Accepted/P3/Annotated/ICLR2018-P3-R9_annotated.txt.gz":  gzipped(t, strings.Repeat(" small and all alike", 3000)),
		"Accepted/P4/Annotated/skip_annotated.txt.gz":            gzipped(t, "skipped"),
		"Accepted/P4/Annotated/more.tar.gz":                      gzipped(t, "nested"),
		"Accepted/P4/Annotated/.gz":                              "hidden",
	}
	root := tree(t, files)
	c := reviews(root)
	c.Include = []string{"**/Annotated/*_annotated.txt"}
	c.Exclude = []string{"**/skip*.txt"}
	p := mustScan(t, c)
	got := told(t, p)
	for i := range got {
		got[i] = strings.ReplaceAll(strings.ReplaceAll(got[i], "Accepted/", ""), "/Annotated/ICLR2018", "..")
	}
	diff(t, []string{
		"c/P1-R1 P1..-P1-R1_annotated.txt.gz", "c/P1-R2 P1..-P1-R2_annotated.txt.zst twin-missing", "c/P1-R3 P1..-P1-R3_annotated.txt",
		"c/P2-R1 P2..-P2-R1_annotated.txt twin-missing", "c/P2-R1 P2..-P2-R1_annotated.txt.gz refused document-duplicate",
		"c/P3-R1 P3..-P3-R1_annotated.txt.gz refused twin-missing file-unreadable", "c/P3-R2 P3..-P3-R2_annotated.txt.gz refused twin-missing file-unreadable",
		"c/P3-R3 P3..-P3-R3_annotated.txt.zst refused twin-missing file-unreadable", "c/P3-R4 P3..-P3-R4_annotated.txt.gz refused twin-missing archive-bomb",
		"c/P3-R5 P3..-P3-R5_annotated.txt.gz refused twin-missing file-too-large", "c/P3-R6 P3..-P3-R6_annotated.txt.gz twin-missing",
		"c/P3-R7 P3..-P3-R7_annotated.txt.gz refused file-empty", "c/P3-R8 P3..-P3-R8_annotated.txt.gz refused twin-missing file-empty",
		"c/P3-R9 P3..-P3-R9_annotated.txt.gz twin-missing",
	}, got)
	for i, want := range map[int][2]string{0: {"one", "raw"}, 1: {"two frames", ""}, 2: {"plain", "raw of two"}, 10: {noise(100_000), ""}} {
		src := mustRead(t, p, i)
		if string(src.Data) != want[0] || string(src.RawData) != want[1] || src.Unsettled {
			t.Errorf("%s: %.40q, %.40q, unsettled %v", src.Path, src.Data, src.RawData, src.Unsettled)
		}
		if raw := src.RawPath; raw != "" && files[raw] == "" {
			t.Errorf("%s: no file %s", src.Path, raw)
		}
		if e := p.Entry(i); e.Bytes < int64(len(src.Data)) || e.TwinBytes < int64(len(src.RawData)) {
			t.Errorf("%s: memory is set aside for %d and %d bytes, and it has %d and %d", src.Path, e.Bytes, e.TwinBytes, len(src.Data), len(src.RawData))
		}
	}
	// The same in archives.
	packed, err := archivetest.Files(root)
	if err != nil {
		t.Fatal(err)
	}
	want := shown(t, p)
	for _, kind := range []string{"c.zip", "c.tar.zst"} {
		c.Root = pack(t, kind, packed)
		diff(t, want, shown(t, mustScan(t, c)))
	}
}

// A text and its annotations are found beside each other, whichever is compressed; so
// are twins that raw names by the text's folder.
func TestPackedStandoff(t *testing.T) {
	const ann = "T1\tA 0 3\tOne\n"
	files := map[string]string{
		"a/one.txt.gz": gzipped(t, "One."), "a/one.ann.gz": gzipped(t, ann),
		"a/two.txt.gz": gzipped(t, "Two."), "a/two.ann": ann,
		"b/three.txt": "Three.", "b/three.ann.zst": zstded(t, ann),
		"b/four.v2.txt.zst": zstded(t, "Four."), "b/four.v2.ann.gz": gzipped(t, ann),
		"b/five.txt.gz": gzipped(t, "Five."), "five.ann.gz": gzipped(t, ann),
	}
	root := tree(t, files)
	c := corpusAt(root)
	c.Format, c.Paths, c.Raw, c.Exclude, c.DocumentID = "brat", []string{"**/{name}.txt"}, "", nil, "{none}"
	p := mustScan(t, c)
	diff(t, []string{
		"c/a/one a/one.txt.gz", "c/a/two a/two.txt.gz", "c/b/five b/five.txt.gz twin-missing",
		"c/b/four.v2 b/four.v2.txt.zst", "c/b/three b/three.txt",
	}, told(t, p))
	for i := range p.Len() {
		if src := mustRead(t, p, i); src.RawPath != "" && (string(src.RawData) != ann || files[src.RawPath] == "") {
			t.Errorf("%s: %q of %s", src.Path, src.RawData, src.RawPath)
		}
	}
	want := shown(t, p)
	packed, err := archivetest.Files(root)
	if err != nil {
		t.Fatal(err)
	}
	inZip := c
	inZip.Root = pack(t, "c.zip", packed)
	diff(t, want, shown(t, mustScan(t, inZip)))

	c.Format, c.Raw = "inline", "./{name}.ann"
	diff(t, want, shown(t, mustScan(t, c)))
}

// Records of files that are compressed, or lie compressed in archives, are those of the
// files that they unpack to, in whatever order they are read.
func TestPackedRecords(t *testing.T) {
	temp := t.TempDir()
	var small, large strings.Builder
	for i := range 300 {
		fmt.Fprintf(&small, "s%d rejected text %d\n", (i*7)%300, i)
	}
	large.WriteString("# a header\n")
	for i := range 3000 {
		fmt.Fprintf(&large, "l%d accepted %s\n", (i*7)%3000, noise(100+i%900))
	}
	if large.Len() < smallUnpacked {
		t.Fatal("the large file is small")
	}
	plain := map[string]string{"small.txt": small.String(), "large.txt": large.String(), "whole.txt": "{w - whole}"}
	c := linesAt(tree(t, plain))
	c.DocumentID = "{paper_id}"
	want := readAll(t, scanLines(t, c, "decision"))
	if len(want) < 3000 {
		t.Fatalf("%d records", len(want))
	}
	t.Setenv("TMPDIR", temp)
	var files []archivetest.File
	for name, content := range plain {
		files = append(files, archivetest.File{Name: name, Content: content})
	}
	for _, kind := range []string{"c.zip", "c.stored.zip", "c.zstd.zip", "c.tar", "c.tar.gz"} {
		c.Root = pack(t, kind, files)
		sameAs(t, kind, want, readAll(t, scanLines(t, c, "decision")), kind+"!/", "")
	}
	for _, suffix := range []string{".gz", ".zst"} {
		packed := map[string]string{}
		for name, content := range plain {
			packed[name+suffix] = gzipped(t, content)
			if suffix == ".zst" {
				packed[name+suffix] = zstded(t, content[:len(content)/2], content[len(content)/2:])
			}
		}
		c.Root = tree(t, packed)
		sameAs(t, suffix, want, readAll(t, scanLines(t, c, "decision")), "", suffix)
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("%v is left over, %v", left, err)
	}
}

func sameAs(t testing.TB, name string, want, got []string, prefix, suffix string) {
	t.Helper()
	got = slices.Clone(got)
	for i := range got {
		for _, path := range []string{"small.txt", "large.txt", "whole.txt"} {
			got[i] = strings.ReplaceAll(got[i], prefix+path+suffix, path)
		}
	}
	if !slices.Equal(want, got) {
		t.Errorf("%s is not read as what it unpacks to: %d records, want %d", name, len(got), len(want))
		for i := range min(len(want), len(got)) {
			if want[i] != got[i] {
				t.Errorf("record %d: %.200q, want %.200q", i, got[i], want[i])
				break
			}
		}
	}
}

// Few of the files that were unpacked are kept, and none that is read is given up.
func TestUnpackedFilesAreFew(t *testing.T) {
	files, text := map[string]string{}, noise(smallUnpacked*2/3)
	for i := range 3 * keptUnpacked {
		files[fmt.Sprintf("%03d.txt.gz", i)] = gzipped(t, fmt.Sprintf("r%d - %s\nq%d - %s\n", i, text, i, text))
	}
	p := scanLines(t, linesAt(tree(t, files)))
	first, err := p.open("000.txt.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer first.close()
	var before [1]byte
	if _, err := first.readAt(before[:], 1); err != nil {
		t.Fatal(err)
	}
	r := p.NewReader()
	var src schema.Source
	for i := range p.Len() {
		if err := r.Read(i, &src); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(p.unpacked.files); n > keptUnpacked+1 {
		t.Errorf("%d files are kept", n)
	}
	if n, err := first.readAt(before[:], 0); n != 1 || err != nil || before[0] != 'r' {
		t.Errorf("%d bytes, %q, %v", n, before, err)
	}
	if err := os.WriteFile(filepath.Join(p.store.(*directory).root, "001.txt.gz"), []byte(gzipped(t, "other - text\n")), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := p.NewReader().Read(2, &src); err != nil || !src.Refused || src.Diagnostics[len(src.Diagnostics)-1].Code != schema.FileChanging {
		t.Errorf("a file that changed: %v, %+v", err, src.Diagnostics)
	}
}
