package reader

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/internal/archivetest"
	"github.com/quern-data/quern/schema"
)

// pack makes an archive of a kind in a folder of its own, and returns its path.
func pack(t testing.TB, kind string, files []archivetest.File) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), kind)
	repack(t, path, files)
	return path
}

func repack(t testing.TB, path string, files []archivetest.File) {
	t.Helper()
	if err := archivetest.Write(path, files); err != nil {
		t.Fatal(err)
	}
}

// shown is all that a plan says and reads, without what differs between a folder
// and an archive.
func shown(t testing.TB, p *Plan) []string {
	t.Helper()
	checkCounts(t, p)
	out := []string{fmt.Sprintf("%+v", p.Counts())}
	prefix := p.prefix
	for i := range p.Len() {
		src := mustRead(t, p, i)
		path, ok := strings.CutPrefix(src.Path, prefix)
		raw, rawOK := strings.CutPrefix(src.RawPath, prefix)
		if !ok || src.RawPath != "" && !rawOK {
			t.Errorf("paths %q and %q do not start with %q", src.Path, src.RawPath, prefix)
		}
		src.Path, src.RawPath = path, raw
		e := p.Entry(i)
		out = append(out, fmt.Sprintf("%s %q %+v %v %d %q %x %q %q %x %v %v %v | %s %d %d %v", src.ID, src.Path, src.Attributes.List(), src.Extra, src.Bytes, src.Data,
			src.SHA256, src.RawPath, src.RawData, src.RawSHA256, src.Diagnostics, src.Refused, src.Unsettled, e.Path, e.Bytes, e.TwinBytes, e.Refused))
	}
	return out
}

// noise is text that does not compress well, the same each time.
func noise(n int) string {
	b, r := make([]byte, n), rand.New(rand.NewPCG(1, 2))
	for i := range b {
		b[i] = 'a' + byte(r.IntN(26))
	}
	return string(b)
}

// An archive is read as if it were unpacked.
func TestArchiveIsItsFolder(t *testing.T) {
	long := strings.Repeat("long/", 30) + strings.Repeat("n", 90) + ".txt"
	root := tree(t, map[string]string{
		"Accepted/P1/Annotated/ICLR2018-P1-R1_annotated.txt":            "one [[RWK]]",
		"Accepted/P1/Raw/ICLR2018-P1-R1.txt":                            "one",
		"Accepted/P1/Annotated/ICLR2018-P1-R2_annotated.txt":            "two [[RWK]]",
		"Rejected/P1/Annotated/ICLR2018-P1-R1_annotated.txt":            "again",
		"Rejected/P2/Annotated/ICLR2018-P2-R1_annotated.txt":            "",
		"Rejected/P3/Annotated/ICLR2018-P3-R1_annotated.txt":            " \n",
		"Rejected/P4/Annotated/ICLR2018-P4-R1_annotated.txt":            noise(int(limits.DocumentBytes) + 1),
		"Rejected/P5/Annotated/ICLR2018-P5-R1_annotated.txt":            noise(int(limits.DocumentBytes)),
		"Rejected/P6/Annotated/ICLR2018-P6-R1_annotated.txt":            "case",
		"Rejected/P6/Annotated/ICLR2018-p6-r1_ANNOTATED.txt":            "another case",
		"__MACOSX/Accepted/P1/Annotated/._ICLR2018-P1-R1_annotated.txt": "\x00\x05\x16\x07",
		"Accepted/P1/Annotated/._ICLR2018-P1-R1_annotated.txt":          "\x00",
		"Accepted/.DS_Store":                  "\x00",
		".git/Annotated/x.txt":                "hidden",
		"caf\u00e9/Annotated/composed.txt":    "composed",
		"cafe\u0301/Annotated/decomposed.txt": "decomposed",
		"back\\slash/Annotated/a.txt":         "backslash",
		"Annotated/inner.zip":                 "PK\x03\x04",
		"Annotated/a.txt":                     "a", "Annotated/a.txt.d/b.txt": "b", "Annotated/a!.txt": "!", "Annotated-/c.txt": "c",
		"x/Annotated/" + long[:100]: "deep", long: "longer than a header of tar has room for",
	})
	link(t, root, "Annotated/linked.txt", "../Accepted/P1/Annotated/ICLR2018-P1-R2_annotated.txt")
	link(t, root, "Annotated/twice.txt", "linked.txt")
	link(t, root, "folder", "Accepted")
	link(t, root, "Annotated/out.txt", "../..")
	link(t, root, "Annotated/absolute.txt", "/etc/passwd")
	link(t, root, "Annotated/gone.txt", "nothing.txt")
	link(t, root, "Accepted/loop", "..")
	files, err := archivetest.Files(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, follow := range []bool{false, true} {
		for _, raw := range []bool{true, false} {
			c := reviews(root)
			c.FollowSymlinks = follow
			c.Include = append(c.Include, "long/**", "x/**")
			if !raw {
				c.Raw = ""
			}
			want := shown(t, mustScan(t, c))
			if len(want) < 15 {
				t.Fatalf("only %d documents", len(want))
			}
			for _, kind := range archivetest.Kinds {
				c.Root = pack(t, kind, files)
				if got := shown(t, mustScan(t, c)); !slices.Equal(want, got) {
					t.Errorf("%s, follow %v, raw %v", kind, follow, raw)
					diff(t, want, got)
				}
			}
		}
	}
}

// Members that are what they were are not read again, wherever they lie in the
// archive, as far as its kind says.
func TestArchiveStamps(t *testing.T) {
	files := []archivetest.File{{Name: "a.txt", Content: "a"}, {Name: "b.txt", Content: "b"}, {Name: "c.txt", Content: "c"}}
	other := slices.Clone(files)
	slices.Reverse(other)
	other[1].Content = "B"
	other = append(other, archivetest.File{Name: "d.txt", Content: "d"})
	for _, kind := range archivetest.Kinds {
		path := pack(t, kind, files)
		stamps := func() map[string]uint64 {
			p := mustScan(t, corpusAt(path))
			all := map[string]uint64{}
			for i, stamp := range p.Stamps(Shard{End: p.Len()}, 1) {
				all[p.Entry(i).Path] = stamp
			}
			return all
		}
		before := stamps()
		diff(t, before, stamps())
		repack(t, path, other)
		after := stamps()
		same := slices.DeleteFunc(slices.Sorted(maps.Keys(after)), func(name string) bool { return before[name] != after[name] || after[name] == 0 })
		want := []string{"a.txt", "c.txt"}
		if config.ArchiveSuffix(kind) == ".tar" {
			want = nil // its file was just written
		}
		if !slices.Equal(want, same) {
			t.Errorf("%s: %q are the same, want %q", kind, same, want)
		}
	}
}

func TestArchiveLosesNothing(t *testing.T) {
	files := []archivetest.File{
		{Name: "a.txt", Content: "first"},
		{Name: "./b//./c.txt", Content: "c"},
		{Name: "a.txt", Content: "second"},
		{Name: "../up.txt", Content: "up"},
		{Name: "/root.txt", Content: "root"},
		{Name: "x/../../y.txt", Content: "y"},
		{Name: `C:\z.txt`, Content: "z"},
		{Name: "._x.txt", Content: "x"},
		{Name: "._x.txt", Content: "x"},
		{Name: "d.bin", Content: "bin"},
	}
	for _, kind := range archivetest.Kinds {
		c := corpusAt(pack(t, kind, files))
		p := mustScan(t, c)
		got := told(t, p)
		diff(t, []string{
			" " + kind + "!/../up.txt refused archive-member-unsafe", " " + kind + "!//root.txt refused archive-member-unsafe",
			" " + kind + `!/C:\\z.txt refused archive-member-unsafe`, " " + kind + "!/a.txt refused archive-member-duplicate",
			" " + kind + "!/x/../../y.txt refused archive-member-unsafe", "c/a " + kind + "!/a.txt", "c/b/c " + kind + "!/b/c.txt",
		}, got)
		if src := mustRead(t, p, 5); string(src.Data) != "second" {
			t.Errorf("%s: a.txt is %q", kind, src.Data)
		}
		if n := p.Counts().Found; n != len(files) {
			t.Errorf("%s: %d files were found of %d: %+v", kind, n, len(files), p.Counts())
		}
	}
}

// Hard links of a tar are the files that they lead to, as when unpacked.
func TestArchiveHardLinks(t *testing.T) {
	files := []archivetest.File{
		{Name: "x/a.bin", Content: "the content"},
		{Name: "b.txt", Content: "x/a.bin", HardLink: true},
		{Name: "c.txt", Content: "./b.txt", HardLink: true},
		{Name: "gone.txt", Content: "nowhere", HardLink: true},
		{Name: "out.txt", Content: "../etc/passwd", HardLink: true},
		{Name: "self.txt", Content: "self.txt", HardLink: true},
	}
	for _, kind := range []string{"c.tar", "c.tar.gz"} {
		p := mustScan(t, corpusAt(pack(t, kind, files)))
		diff(t, []string{
			"c/b c!/b.txt", "c/c c!/c.txt", "c/gone c!/gone.txt refused archive-member-broken",
			"c/out c!/out.txt refused archive-member-unsafe", "c/self c!/self.txt refused archive-member-broken",
		}, strings.Split(strings.ReplaceAll(strings.Join(told(t, p), "\n"), kind+"!", "c!"), "\n"))
		if src := mustRead(t, p, 1); string(src.Data) != "the content" {
			t.Errorf("%s: %q", kind, src.Data)
		}
	}
}

// What is wrong with an archive as a whole ends the run.
func TestArchiveBroken(t *testing.T) {
	files := []archivetest.File{{Name: "a.txt", Content: strings.Repeat("some text ", 300)}, {Name: "b.txt", Content: "b"}}
	for _, kind := range archivetest.Kinds {
		whole, err := os.ReadFile(pack(t, kind, files))
		if err != nil {
			t.Fatal(err)
		}
		ends := map[int]bool{0: true, 1: true, len(whole) / 2: true, len(whole) - 1: true}
		if strings.HasSuffix(kind, ".tar") {
			delete(ends, len(whole)-1) // both blocks of the end count
			ends[len(whole)-2*512] = true
		}
		for end := range ends {
			path := filepath.Join(t.TempDir(), kind)
			if err := os.WriteFile(path, whole[:end], 0o666); err != nil {
				t.Fatal(err)
			}
			if _, err := (Options{}).Scan(t.Context(), corpusAt(path), limits); err == nil || !strings.Contains(err.Error(), kind) {
				t.Errorf("%s cut short at byte %d of %d: %v", kind, end, len(whole), err)
			}
		}
		path := filepath.Join(t.TempDir(), kind)
		if err := os.WriteFile(path, whole, 0o666); err != nil {
			t.Fatal(err)
		}
		small := limits
		small.ArchiveBytes = 3000
		if _, err := (Options{}).Scan(t.Context(), corpusAt(path), small); err == nil || !strings.Contains(err.Error(), "limits.archive_bytes") {
			t.Errorf("%s is over the limit: %v", kind, err)
		}
	}
}

// An archive that changes under a run ends it; one that is renamed into its place
// does not.
func TestArchiveChanges(t *testing.T) {
	files := []archivetest.File{{Name: "a.txt", Content: "old"}, {Name: "b.txt", Content: "old"}}
	for _, kind := range archivetest.Kinds {
		path := pack(t, kind, files)
		p := mustScan(t, corpusAt(path))
		if err := os.Rename(pack(t, kind, []archivetest.File{{Name: "a.txt", Content: "new"}}), path); err != nil {
			t.Fatal(err)
		}
		if src := mustRead(t, p, 0); string(src.Data) != "old" {
			t.Errorf("%s: %q", kind, src.Data)
		}

		p = mustScan(t, corpusAt(path))
		repack(t, path, append(files, archivetest.File{Name: "c.txt", Content: "more"}))
		if err := p.NewReader().Read(0, new(schema.Source)); err == nil || !strings.Contains(err.Error(), "being written") {
			t.Errorf("%s was written anew, and %v", kind, err)
		}
	}
}

// The same documents as in BenchmarkRead, and the scan that finds them.
func BenchmarkArchive(b *testing.B) {
	files, err := archivetest.Files(generate(b, 1000))
	if err != nil {
		b.Fatal(err)
	}
	for _, kind := range []string{"c.zip", "c.stored.zip", "c.zstd.zip", "c.tar", "c.tar.gz"} {
		c := reviews(pack(b, kind, files))
		b.Run("read/"+kind, func(b *testing.B) {
			p := mustScan(b, c)
			reader, i := p.NewReader(), 0
			var src schema.Source
			bytes := int64(0)
			b.ReportAllocs()
			for b.Loop() {
				if err := reader.Read(i%p.Len(), &src); err != nil || src.Refused || src.RawPath == "" {
					b.Fatal(err, src.Diagnostics)
				}
				bytes += int64(len(src.Data) + len(src.RawData))
				i++
			}
			b.SetBytes(bytes / int64(max(b.N, 1)))
		})
		b.Run("scan/"+kind, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := (Options{}).Scan(b.Context(), c, limits); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
