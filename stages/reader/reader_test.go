package reader

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/schema"
)

var limits = config.Limits{DocumentBytes: 1 << 20, ArchiveBytes: 1 << 30, PathDepth: 64}

// tree makes files below a new folder: content by path.
func tree(t testing.TB, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	write(t, root, files)
	return root
}

func write(t testing.TB, root string, files map[string]string) {
	t.Helper()
	for path, content := range files {
		full := filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(full), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

func link(t testing.TB, root, path, target string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(filepath.Join(root, path)), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, filepath.Join(root, path)); err != nil {
		t.Fatal(err)
	}
}

func corpusAt(root string) config.Corpus {
	c := config.DefaultCorpus()
	c.Name, c.Root = "c", root
	return c
}

// reviews is a corpus laid out like Peer-Review-Analyze.
func reviews(root string) config.Corpus {
	c := corpusAt(root)
	c.Include = []string{"**/Annotated/*.txt"}
	c.Paths = []string{"{decision}/{paper_id}/Annotated/{venue:[A-Z]+}{year:[0-9]{4}}-{paper_id}-{reviewer:R[0-9]+}*annotated.txt"}
	c.DocumentID = "{paper_id}-{reviewer}"
	c.Raw = "../Raw/{venue}{year}-{paper_id}-{reviewer}.txt"
	return c
}

func mustScan(t testing.TB, c config.Corpus) *Plan {
	t.Helper()
	p, err := Options{}.Scan(t.Context(), c, limits)
	if err != nil {
		t.Fatal(err)
	}
	checkCounts(t, p)
	return p
}

func checkCounts(t testing.TB, p *Plan) {
	t.Helper()
	c := p.Counts()
	sum := c.Documents + c.Twins
	for _, g := range c.Ignored {
		sum += g.Files
		if g.Files == 0 || g.Example == "" || g.Rule == "" {
			t.Errorf("empty group %+v", g)
		}
	}
	if c.Found != sum || p.Len() != c.Documents+c.Notices {
		t.Errorf("%d entries do not add up: %+v", p.Len(), c)
	}
	for i := 1; i < p.Len(); i++ {
		a, b := p.Entry(i-1), p.Entry(i)
		if a.ID > b.ID || a.ID == b.ID && a.Path > b.Path {
			t.Errorf("entry %d is out of order: %+v, %+v", i, a, b)
		}
	}
}

// rootOf is the folder of a plan.
func rootOf(p *Plan) string {
	switch s := p.store.(type) {
	case madeUp:
		return s.root
	case *archived:
		return filepath.Dir(s.file.Name())
	}
	return p.store.(*directory).root
}

// madeUp is a folder whose folders are listed by a test.
type madeUp struct {
	*directory
	list func(d *directory, path string) (folder, error)
}

func (m madeUp) folder(path string) (folder, error) { return m.list(m.directory, path) }

// listed opens roots whose folders list lists.
func listed(list func(d *directory, path string) (folder, error)) func(*scanner) (store, error) {
	return func(sc *scanner) (store, error) {
		s, err := sc.openStore()
		if err != nil {
			return nil, err
		}
		return madeUp{s.(*directory), list}, nil
	}
}

func mustRead(t testing.TB, p *Plan, i int) *schema.Source {
	t.Helper()
	src := new(schema.Source)
	if err := p.NewReader().Read(i, src); err != nil {
		t.Fatal(err)
	}
	return src
}

// told lists each entry with its path and the codes of its diagnostics.
func told(t testing.TB, p *Plan) []string {
	t.Helper()
	var out []string
	for i := range p.Len() {
		src := mustRead(t, p, i)
		line := src.ID + " " + schema.DisplayPath(src.Path)
		if src.Refused {
			line += " refused"
		}
		for _, d := range src.Diagnostics {
			if d.Message == "" || d.Offset != schema.NoOffset {
				t.Errorf("%s: diagnostic %+v", src.Path, d)
			}
			if strings.Contains(d.Message, rootOf(p)) {
				t.Errorf("the message depends on where the corpus lies: %s", d.Message)
			}
			line += " " + d.Code.String()
		}
		out = append(out, line)
	}
	return out
}

func diff(t testing.TB, want, got any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

func TestScanRules(t *testing.T) {
	root := tree(t, map[string]string{
		"a.txt": "a", "b/c.txt": "c", "b/c.d/e.txt": "e",
		"README.md": "x", "b/data.json": "x",
		".DS_Store": "x", "b/.DS_Store": "x", "b/.git/.DS_Store": "x",
		"__MACOSX/a.txt": "x", "__MACOSX/b/._c.txt": "x",
		"._a.txt": "x", "b/.hidden.txt": "x", "b/.git/config": "x",
		"old/a.txt": "x", "old/b/c.txt": "x", "b/c_old.txt": "x",
	})
	link(t, root, "link.txt", "a.txt")
	link(t, root, "folder", "b")
	if err := syscall.Mkfifo(filepath.Join(root, "fifo.txt"), 0o666); err != nil {
		t.Fatal(err)
	}
	c := corpusAt(root)
	c.Exclude = []string{"old/**", "**/*_old.txt"}
	p := mustScan(t, c)
	diff(t, Counts{Found: 19, Files: 3, Documents: 3, Ignored: []Ignored{
		{RuleAppleDouble, "", 1, "._a.txt"},
		{RuleDSStore, "", 2, ".DS_Store"},
		{RuleExcluded, "**/*_old.txt", 1, "b/c_old.txt"},
		{RuleExcluded, "old/**", 2, "old/a.txt"},
		{RuleHidden, "", 3, "b/.git/.DS_Store"},
		{RuleMacOSX, "", 2, "__MACOSX/a.txt"},
		{RuleNotIncluded, "", 2, "README.md"},
		{RuleNotRegular, "", 1, "fifo.txt"},
		{RuleSymlink, "", 2, "folder"},
	}}, p.Counts())
	diff(t, []string{"c/a a.txt", "c/b/c b/c.txt", "c/b/c.d/e b/c.d/e.txt"}, told(t, p))

	c.Hidden = true
	p = mustScan(t, c)
	diff(t, []string{"c/a a.txt", "c/b/.hidden b/.hidden.txt", "c/b/c b/c.txt", "c/b/c.d/e b/c.d/e.txt"}, told(t, p))
	if c := p.Counts(); c.Found != 19 {
		t.Errorf("found %d files", c.Found)
	}
}

func TestScanErrors(t *testing.T) {
	root := tree(t, map[string]string{"a.txt": "a"})
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	tests := []struct {
		name   string
		ctx    context.Context
		change func(*config.Corpus, *config.Limits)
		want   string
	}{
		{"missing root", t.Context(), func(c *config.Corpus, _ *config.Limits) { c.Root += "/none" }, "no such file"},
		{"root is a file", t.Context(), func(c *config.Corpus, _ *config.Limits) { c.Root += "/a.txt" }, "is neither a folder nor an archive"},
		{"no root", t.Context(), func(c *config.Corpus, _ *config.Limits) { c.Root = "" }, "root is empty"},
		{"canceled", canceled, func(*config.Corpus, *config.Limits) {}, "canceled"},
		{"no limit", t.Context(), func(_ *config.Corpus, l *config.Limits) { l.DocumentBytes = 0 }, "limits.document_bytes"},
		{"no depth", t.Context(), func(_ *config.Corpus, l *config.Limits) { l.PathDepth = 0 }, "limits.path_depth"},
		{"glob", t.Context(), func(c *config.Corpus, _ *config.Limits) { c.Exclude = []string{"a", "[b"} }, `"[b"`},
		{"pattern", t.Context(), func(c *config.Corpus, _ *config.Limits) { c.Paths = []string{"{"} }, `paths "{"`},
		{"id", t.Context(), func(c *config.Corpus, _ *config.Limits) { c.DocumentID = "{" }, `document_id "{"`},
		{"raw", t.Context(), func(c *config.Corpus, _ *config.Limits) { c.Raw = "}" }, `raw "}"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, l := corpusAt(root), limits
			tt.change(&c, &l)
			p, err := Options{}.Scan(tt.ctx, c, l)
			if err == nil || p != nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "corpus c: ") {
				t.Errorf("got %v, %v, want an error with %q", p, err, tt.want)
			}
		})
	}
}

func TestScanUnreadableFolders(t *testing.T) {
	root := tree(t, map[string]string{
		"a/x.txt": "x", "b/x.txt": "x", "b/c/x.txt": "x", ".git/x.txt": "x", "old/x.txt": "x", "new/x.txt": "x",
	})
	denied := []string{"b", ".git", "old", "new"}
	open := listed(func(d *directory, dir string) (folder, error) {
		if slices.Contains(denied, dir) {
			return nil, &fs.PathError{Op: "open", Path: d.root + "/" + dir, Err: syscall.EACCES}
		}
		return d.folder(dir)
	})
	c := corpusAt(root)
	c.Exclude = []string{"old/**/*", "new/*_old"}
	p, err := Options{}.scan(t.Context(), c, limits, open)
	if err != nil {
		t.Fatal(err)
	}
	checkCounts(t, p)
	diff(t, []string{
		" b refused directory-unreadable", " new refused directory-unreadable", "c/a/x a/x.txt",
	}, told(t, p))
	src := mustRead(t, p, 0)
	if want := "the folder cannot be listed: permission denied"; src.Diagnostics[0].Message != want {
		t.Errorf("message %q, want %q", src.Diagnostics[0].Message, want)
	}

	denied = []string{""}
	if _, err := (Options{}).scan(t.Context(), c, limits, open); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("an unreadable root gives %v", err)
	}
}

// A folder that the operating system itself refuses to list, even to root.
func TestScanPathTooLong(t *testing.T) {
	root := tree(t, map[string]string{"a.txt": "a"})
	at, err := os.OpenRoot(root)
	if err != nil {
		t.Fatal(err)
	}
	name := strings.Repeat("d", 250)
	for range 17 { // more than PATH_MAX in all
		if err := at.Mkdir(name, 0o777); err != nil {
			t.Fatal(err)
		}
		below, err := at.OpenRoot(name)
		if err != nil {
			t.Fatal(err)
		}
		at.Close()
		at = below
	}
	at.Close()
	p := mustScan(t, corpusAt(root))
	if c := p.Counts(); c.Notices != 1 || c.Documents != 1 {
		t.Fatalf("counts %+v", c)
	}
	src := mustRead(t, p, 0)
	if d := src.Diagnostics; len(d) != 1 || d[0].Code != schema.DirectoryUnreadable || !strings.Contains(d[0].Message, "name too long") {
		t.Errorf("diagnostics %+v", d)
	}
}

// countdown is a context that is done after a number of questions.
type countdown struct {
	context.Context
	left atomic.Int64
}

func (c *countdown) Err() error {
	if c.left.Add(-1) < 0 {
		return context.Canceled
	}
	return nil
}

// Wherever a scan is interrupted, it ends, and it looks for that often enough.
func TestScanInterrupted(t *testing.T) {
	files := map[string]string{}
	for i := range 3500 {
		files[fmt.Sprintf("all/%04d.txt", i)] = ""
	}
	for i := range 20 {
		files[fmt.Sprintf("%02d/a.txt", i)] = ""
	}
	c := corpusAt(tree(t, files))
	c.Paths, c.Raw = []string{"{dir}/{name}.txt"}, "{name}.txt"
	const plenty = 1 << 30
	for _, workers := range []int{1, 4} {
		ctx := &countdown{Context: t.Context()}
		ctx.left.Store(plenty)
		if _, err := (Options{Workers: workers}).Scan(ctx, c, limits); err != nil {
			t.Fatal(err)
		}
		asked := plenty - ctx.left.Load()
		// Before each folder, within and after listing it, and once in 1000 files
		// where they are looked at, captured, and given their twins.
		if folders, thousands := int64(22), int64(3); asked < 3*folders+3*thousands {
			t.Errorf("%d workers ask %d times", workers, asked)
		}
		for left := range asked {
			ctx.left.Store(left)
			p, err := Options{Workers: workers}.Scan(ctx, c, limits)
			if p != nil || !errors.Is(err, context.Canceled) || ctx.left.Load() < int64(-2*workers) {
				t.Fatalf("%d workers, interrupted at question %d of %d, went on for %d: %v", workers, left, asked, -ctx.left.Load()-1, err)
			}
		}
	}
	ctx := &countdown{Context: t.Context()}
	ctx.left.Store(2)
	f, err := open(c.Root, "all")
	if err != nil {
		t.Fatal(err)
	}
	defer f.close()
	var l listing
	if err := l.list(ctx, f); !errors.Is(err, context.Canceled) || len(l.entries) == 0 || len(l.entries) > 3000 {
		t.Errorf("%d entries listed, %v", len(l.entries), err)
	}
}

// shuffled is a folder whose entries come in another order each time.
type shuffled struct {
	folder
	r *rand.Rand
}

func (f shuffled) next(l *listing) (bool, error) {
	from := len(l.entries)
	more, err := f.folder.next(l)
	entries := l.entries[from:]
	f.r.Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
	return more, err
}

// Annotations of brat stand beside their texts, and are no documents.
func TestScanStandoff(t *testing.T) {
	files := map[string]string{
		"a/one.txt": "One.", "a/one.ann": "T1\tA 0 3\tOne\n", "a/two.txt": "Two.", "two.ann": "", "a/b.c.txt": "Three.", "a/b.c.ann": "", "a/annotation.conf": "",
	}
	c := corpusAt(tree(t, files))
	c.Format, c.Paths, c.Raw, c.Exclude = "brat", nil, "", nil
	counts := mustScan(t, c).Counts()
	if counts.Documents != 3 || counts.Twins != 2 {
		t.Errorf("%d documents and %d twins", counts.Documents, counts.Twins)
	}
	c.Raw = "a/one.ann"
	if n := mustScan(t, c).Counts().Twins; n != 1 {
		t.Errorf("%d twins where raw names one", n)
	}
}

func TestScanOrder(t *testing.T) {
	root := tree(t, map[string]string{
		"a/x.txt": "1", "a-b/x.txt": "2", "a.txt": "3", "a/y/x.txt": "4", "b/x.txt": "5", "c.md": "6", "d.md": "7", "b/raw.txt": "8",
	})
	link(t, root, "z", "a")
	link(t, root, "y.txt", "z/x.txt")
	c := corpusAt(root)
	c.FollowSymlinks = true
	c.Paths = []string{"{dir}/x.txt"}
	c.Raw = "{dir}/raw.txt"
	var want *Plan
	for seed := range uint64(50) {
		p, err := Options{Workers: 1 + int(seed%4)}.scan(t.Context(), c, limits, listed(func(d *directory, dir string) (folder, error) {
			f, err := d.folder(dir)
			return shuffled{f, rand.New(rand.NewPCG(seed, hash(dir)))}, err
		}))
		if err != nil {
			t.Fatal(err)
		}
		checkCounts(t, p)
		if want == nil {
			want = p
		}
		diff(t, want.Counts(), p.Counts())
		diff(t, fmt.Sprint(want.records, want.notices), fmt.Sprint(p.records, p.notices))
	}
}

// Records come in the order of their ids and paths, whatever the ids start with.
func TestSortRecords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		prefix := rapid.SampledFrom([]string{"", "c/", "corpus/ICLR2018-"}).Draw(t, "prefix")
		texts := rapid.SliceOf(rapid.StringMatching(`[ab\x00]{0,10}`)).Draw(t, "texts")
		var records []record
		for i, text := range texts {
			records = append(records, record{id: prefix + text, path: texts[(i*7)%len(texts)], twin: uint64(i)})
		}
		want := slices.Clone(records)
		compare := func(a, b record) int { return slices.Compare([]string{a.id, a.path}, []string{b.id, b.path}) }
		slices.SortFunc(want, compare)
		sortRecords(records)
		if !slices.EqualFunc(want, records, func(a, b record) bool { return compare(a, b) == 0 }) {
			t.Fatalf("%v, want %v", records, want)
		}
		seen := make(map[uint64]bool)
		for _, r := range records {
			seen[r.twin] = true
		}
		if len(seen) != len(records) {
			t.Fatalf("%d of %d are left", len(seen), len(records))
		}
	})
}

func TestScanSymlinks(t *testing.T) {
	outside := tree(t, map[string]string{"secret.txt": "secret", "dir/secret.txt": "secret"})
	root := tree(t, map[string]string{
		"docs/a.txt": "a", "docs/sub/b.txt": "b", ".store/c.txt": "c", ".store/d/e.txt": "e",
	})
	link(t, root, "again.txt", "docs/a.txt")                        // a document of its own name
	link(t, root, "docs-again", "docs")                             // likewise, two of them
	link(t, root, "c1.txt", ".store/c.txt")                         // the first path to a hidden file
	link(t, root, "c2.txt", filepath.Join(root, ".store", "c.txt")) // the second, absolute
	link(t, root, "d", ".store/d")                                  // the only path to a hidden folder
	link(t, root, "docs/sub/up", "..")                              // leads back
	link(t, root, "docs/root", "..")                                // leads back to the root
	link(t, root, "self", "self")                                   // leads to itself
	link(t, root, "broken.txt", "none")                             //
	link(t, root, "out.txt", filepath.Join(outside, "secret.txt"))  //
	link(t, root, "out", "../"+filepath.Base(outside)+"/dir")       //
	link(t, root, "ping", "pong")                                   //
	link(t, root, "pong", "ping")                                   //
	link(t, root, ".hidden/gone", "none")                           // left out, so nobody asks
	link(t, root, "old/gone.txt", "none")                           // likewise
	link(t, root, "device.txt", "/dev/null")                        // outside, whatever it is
	if err := syscall.Mkfifo(root+"/.store/fifo", 0o666); err != nil {
		t.Fatal(err)
	}
	link(t, root, "fifo.txt", ".store/fifo")
	c := corpusAt(root)
	c.Exclude = []string{"old/**"}
	c.FollowSymlinks = true
	p := mustScan(t, c)
	diff(t, []string{
		" broken.txt refused symlink-broken",
		" device.txt refused symlink-outside",
		" docs-again/root refused symlink-loop",
		" docs-again/sub/up refused symlink-loop",
		" docs/root refused symlink-loop",
		" docs/sub/up refused symlink-loop",
		" out refused symlink-outside",
		" out.txt refused symlink-outside",
		" ping refused symlink-loop",
		" pong refused symlink-loop",
		" self refused symlink-loop",
		"c/c1 c1.txt", "c/d/e d/e.txt", "c/docs/a docs/a.txt", "c/docs/sub/b docs/sub/b.txt",
	}, told(t, p))
	diff(t, Counts{Found: 25, Files: 4, Documents: 4, Notices: 11, Ignored: []Ignored{
		{RuleExcluded, "old/**", 1, "old/gone.txt"},
		{RuleHidden, "", 4, ".hidden/gone"},
		{RuleNotRegular, "", 1, "fifo.txt"},
		{RuleSymlink, "", 11, "broken.txt"},
		{RuleSymlinkDuplicate, "", 4, "again.txt"},
	}}, p.Counts())
	for i := range p.Len() {
		if src := mustRead(t, p, i); strings.Contains(string(src.Data), "secret") {
			t.Errorf("%s was read", src.Path)
		}
	}

	// A folder swapped for a link that leads out, after the scan.
	if err := os.RemoveAll(filepath.Join(root, ".store", "d")); err != nil {
		t.Fatal(err)
	}
	write(t, outside, map[string]string{"e.txt": "secret"})
	link(t, root, ".store/d", outside)
	src := mustRead(t, p, 12)
	if src.Path != "d/e.txt" || !src.Refused || len(src.Data) > 0 {
		t.Errorf("%s: refused %v, %q", src.Path, src.Refused, src.Data)
	}

	c.FollowSymlinks = false
	p = mustScan(t, c)
	diff(t, []string{"c/docs/a docs/a.txt", "c/docs/sub/b docs/sub/b.txt"}, told(t, p))
}

func TestScanSymlinkedRoot(t *testing.T) {
	root := tree(t, map[string]string{"real/a.txt": "a"})
	link(t, root, "link", "real")
	link(t, root, "real/b.txt", filepath.Join(root, "link", "a.txt"))
	c := corpusAt(filepath.Join(root, "link"))
	c.FollowSymlinks = true
	p := mustScan(t, c)
	diff(t, []string{"c/a a.txt"}, told(t, p))
}

func TestTwins(t *testing.T) {
	files := map[string]string{
		"Accepted/P-/Annotated/ICLR2018-P--R1_annotated.txt":  "1",
		"Accepted/P-/Annotated/ICLR2018-P--R2--annotated.txt": "2",
		"Accepted/P-/Annotated/ICLR2018-P--R3_annotated.txt":  "3",
		"Accepted/P-/Annotated/notes.txt":                     "4",
		"Accepted/P-/Raw/ICLR2018-P--R1.txt":                  "r1",
		"Accepted/P-/Raw/ICLR2018-P--R2.txt":                  "r2",
		"Accepted/P-/Raw/ICLR2018-P--R9.txt":                  "nobody's",
	}
	root := tree(t, files)
	want := []string{
		"c/Accepted/P-/Annotated/notes Accepted/P-/Annotated/notes.txt path-unmatched twin-missing",
		"c/P--R1 Accepted/P-/Annotated/ICLR2018-P--R1_annotated.txt",
		"c/P--R2 Accepted/P-/Annotated/ICLR2018-P--R2--annotated.txt",
		"c/P--R3 Accepted/P-/Annotated/ICLR2018-P--R3_annotated.txt twin-missing",
	}
	stray := Ignored{RuleNotIncluded, "", 1, "Accepted/P-/Raw/ICLR2018-P--R9.txt"}
	tests := []struct {
		name   string
		change func(*config.Corpus)
		extra  []string
		stray  []Ignored
	}{
		{"not included", func(*config.Corpus) {}, nil, []Ignored{stray}},
		{"included", func(c *config.Corpus) { c.Include = []string{"**"} }, []string{
			"c/Accepted/P-/Raw/ICLR2018-P--R9 Accepted/P-/Raw/ICLR2018-P--R9.txt path-unmatched twin-missing",
		}, nil},
		{
			"excluded", func(c *config.Corpus) { c.Exclude = []string{"*/*/Raw/*"} }, nil,
			[]Ignored{{RuleExcluded, "*/*/Raw/*", 1, stray.Example}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := reviews(root)
			tt.change(&c)
			p := mustScan(t, c)
			all := slices.Concat(want, tt.extra)
			slices.Sort(all)
			diff(t, all, told(t, p))
			diff(t, Counts{Found: 7, Files: len(all), Documents: len(all), Twins: 2, Ignored: tt.stray}, p.Counts())
		})
	}

	p := mustScan(t, reviews(root))
	src := mustRead(t, p, 1)
	if string(src.RawData) != "r1" || src.RawPath != "Accepted/P-/Raw/ICLR2018-P--R1.txt" || src.RawSHA256 == [32]byte{} {
		t.Errorf("twin %q of %s: %q", src.RawPath, src.Path, src.RawData)
	}
	if src := mustRead(t, p, 3); len(src.RawData) > 0 || src.RawPath != "" {
		t.Errorf("twin %q of %s: %q", src.RawPath, src.Path, src.RawData)
	}
}

func TestTwinsOfTwins(t *testing.T) {
	tests := []struct {
		name  string
		raw   string
		files []string
		want  []string
		twins int
	}{
		{"itself", "{a}/{b}.txt", []string{"x/y.txt"}, []string{"c/x/y x/y.txt twin-missing"}, 0},
		{"circle", "{b}/{a}.txt", []string{"x/y.txt", "y/x.txt"}, []string{"c/x/y x/y.txt"}, 1},
		{"outside", "../../{a}/{b}.txt", []string{"x/y.txt"}, []string{"c/x/y x/y.txt twin-missing"}, 0},
		{"not clean", "{a}/../{a}//raw.txt", []string{"x/y.txt", "x/raw.txt"}, []string{"c/x/y x/y.txt"}, 1},
		{"shared", "raw/all.txt", []string{"x/y.txt", "x/z.txt", "raw/all.txt"}, []string{"c/x/y x/y.txt", "c/x/z x/z.txt"}, 1},
		{"conflict, each in its place", "{a}/{a}.raw", []string{"x/x2.doc", "x/x2.raw", "x2/x2.raw"}, []string{"c/x/x2 x/x2.doc attribute-conflict"}, 1},
		{"conflict, the later", "{a}.raw", []string{"x/x2.doc", "x.raw", "x2.raw"}, []string{"c/x/x2 x/x2.doc attribute-conflict"}, 1},
		{
			"chain", "{a}/{b}{b}.txt",
			[]string{"x/y.txt", "x/yy.txt", "x/yyyy.txt"},
			[]string{"c/x/y x/y.txt", "c/x/yyyy x/yyyy.txt twin-missing"},
			1,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			files := make(map[string]string)
			for _, f := range tt.files {
				files[f] = f
			}
			c := corpusAt(tree(t, files))
			c.Include = []string{"**/*.txt", "**/*.doc"}
			c.Paths, c.Raw = []string{"{a}/{b}.txt", "{a}/{a}.doc"}, tt.raw
			p := mustScan(t, c)
			diff(t, tt.want, told(t, p))
			diff(t, tt.twins, p.Counts().Twins)
		})
	}
}

func ptr[T any](v T) *T { return &v }

func TestAttributes(t *testing.T) {
	type A = schema.Attributes
	tests := []struct {
		name      string
		paths     []string
		constants []config.Attribute
		path      string
		want      A
		extra     []schema.Attribute
		told      []string
	}{
		{
			name: "all", path: "Accepted/P1/ICLR2018-train/R1-ann-7.5-zone-area.txt",
			paths: []string{"{decision}/{paper_id}/{venue:[A-Z]+}{year:[0-9]+}-{split}/{reviewer}-{annotator}-{rating}-{z}-{m}.txt"},
			want: A{
				PaperID: ptr("P1"), Venue: ptr("ICLR"), Year: ptr(int32(2018)), Reviewer: ptr("R1"), Decision: ptr("accepted"),
				Split: ptr("train"), Annotator: ptr("ann"), Rating: ptr(7.5),
			},
			extra: []schema.Attribute{{Name: "m", Value: "area"}, {Name: "z", Value: "zone"}},
		},
		{name: "first pattern that fits", path: "a/b", paths: []string{"x/{venue}", "{venue}/b", "{split}/{venue}"}, want: A{Venue: ptr("a")}},
		{name: "anchored", path: "x/a/b", paths: []string{"{venue}/b"}, told: []string{"path-unmatched"}},
		{name: "no patterns", path: "x/a/b"},
		{
			name: "constants", path: "NeurIPS/b", paths: []string{"{venue}/b"}, want: A{Venue: ptr("NeurIPS"), Year: ptr(int32(2020))},
			constants: []config.Attribute{{Name: "venue", Value: "ICLR"}, {Name: "year", Value: "2020"}, {Name: "lang", Value: "en"}},
			extra:     []schema.Attribute{{Name: "lang", Value: "en"}},
		},
		{
			name: "constants of an unmatched path", path: "b", paths: []string{"{venue}/b"}, want: A{Venue: ptr("ICLR")},
			constants: []config.Attribute{{Name: "venue", Value: "ICLR"}}, told: []string{"path-unmatched"},
		},
		{name: "captures agree", path: "P1/P1.txt", paths: []string{"{paper_id}/{paper_id}.txt"}, want: A{PaperID: ptr("P1")}},
		{name: "conflict", path: "P1/P2.txt", paths: []string{"{paper_id}/{paper_id}.txt"}, want: A{PaperID: ptr("P2")}, told: []string{"attribute-conflict"}},
		{
			name: "two conflicts", path: "P1/P2/P1.txt", paths: []string{"{paper_id}/{paper_id}/{paper_id}.txt"},
			want: A{PaperID: ptr("P1")}, told: []string{"attribute-conflict", "attribute-conflict"},
		},
		{
			name: "an empty capture is none", path: "P1/x-.txt", paths: []string{"{paper_id}/x-{paper_id:.*}.txt"},
			want: A{PaperID: ptr("P1")},
		},
		{
			name: "a capture beats a constant without a conflict", path: "P2.txt", paths: []string{"{paper_id}.txt"}, want: A{PaperID: ptr("P2")},
			constants: []config.Attribute{{Name: "paper_id", Value: "P1"}},
		},
		{name: "year", path: "MMXX/b", paths: []string{"{year}/b"}, told: []string{"attribute-invalid"}},
		{name: "year too large", path: "99999999999/b", paths: []string{"{year}/b"}, told: []string{"attribute-invalid"}},
		{name: "rating", path: "NaN/b", paths: []string{"{rating}/b"}, told: []string{"attribute-invalid"}},
		{name: "decision", path: " REJECT /b", paths: []string{"{decision}/b"}, want: A{Decision: ptr("rejected")}},
		{name: "withdrawn", path: "Withdraw/b", paths: []string{"{decision}/b"}, want: A{Decision: ptr("withdrawn")}},
		{name: "another decision", path: "Desk-Reject/b", paths: []string{"{decision}/b"}, want: A{Decision: ptr("desk-reject")}},
		{
			name: "not UTF-8", path: "caf\xe9/x\ny.txt", paths: []string{"{venue}/{key}.txt"}, want: A{Venue: ptr(`caf\xe9`)},
			extra: []schema.Attribute{{Name: "key", Value: "x\ny"}}, told: []string{},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := newCapturer(&config.Corpus{Paths: tt.paths, Attributes: tt.constants})
			if err != nil {
				t.Fatal(err)
			}
			var captured capture
			c.capture("another/path", &captured) // what it leaves must not show
			c.capture(tt.path, &captured)
			var src schema.Source
			c.fill(&src, &captured)
			diff(t, tt.want, src.Attributes)
			diff(t, append([]schema.Attribute(nil), tt.extra...), src.Extra)
			var told []string
			for _, d := range src.Diagnostics {
				told = append(told, d.Code.String())
			}
			diff(t, append([]string(nil), tt.told...), told)
		})
	}
}

func TestAttributeConflictMessage(t *testing.T) {
	c := reviews(tree(t, map[string]string{"Accepted/A/Annotated/ICLR2018-B-R1_annotated.txt": "x"}))
	src := mustRead(t, mustScan(t, c), 0)
	want := `the path gives paper_id as "A" and then as "B", and the later was taken: move the file to the folder where it belongs, or rename it`
	if d := src.Diagnostics[0]; d.Message != want {
		t.Errorf("message %q", d.Message)
	}
	diff(t, "c/B-R1", src.ID)
}

func TestPlan(t *testing.T) {
	big := strings.Repeat("x", int(limits.DocumentBytes))
	c := corpusAt(tree(t, map[string]string{
		"a/k.txt": "1", "b/k.txt": "22", "c/k.txt": "", "d.txt": "", "e.txt": big + "x", "f.txt": big, "g.txt": "no key",
	}))
	c.Paths, c.DocumentID = []string{"{dir}/{key}.txt"}, "{key}"
	p := mustScan(t, c)
	diff(t, []string{
		"c/d d.txt refused path-unmatched file-empty",
		"c/e e.txt refused path-unmatched file-too-large",
		"c/f f.txt path-unmatched",
		"c/g g.txt path-unmatched",
		"c/k a/k.txt",
		"c/k b/k.txt refused document-duplicate",
		"c/k c/k.txt refused document-duplicate",
	}, told(t, p))
	diff(t, Counts{Found: 7, Files: 7, Documents: 7, Refused: 4}, p.Counts())
	if want := int64(len(big)) + 6 + 1; p.Bytes() != want {
		t.Errorf("%d bytes, want %d", p.Bytes(), want)
	}
	if m := mustRead(t, p, 6).Diagnostics[0].Message; !strings.HasPrefix(m, "a/k.txt has the same document id, c/k:") {
		t.Errorf("message %q", m)
	}

	diff(t, []string{"d.txt", "f.txt", "a/k.txt"}, func() (paths []string) {
		for _, src := range p.Examples(3) {
			paths = append(paths, src.Path)
		}
		return paths
	}())
	if n := len(p.Examples(100)); n != 7 {
		t.Errorf("%d examples", n)
	}
	if n := len(p.Examples(-1)); n != 0 {
		t.Errorf("%d examples", n)
	}
	empty := mustScan(t, corpusAt(t.TempDir()))
	if empty.Len() != 0 || len(empty.Examples(3)) != 0 || empty.Shards(1) != nil {
		t.Error("an empty folder has entries")
	}
}

func TestPathsOfAnyBytes(t *testing.T) {
	root := tree(t, map[string]string{"caf\xe9/\\1.txt": "1", "\\2.txt": "6", "new\nline.txt": "2", "tail.": "3", "ends.txt.txt": "4", "\xff": "5"})
	c := corpusAt(root)
	c.Include = []string{"**"}
	diff(t, []string{
		`c/\\2 \\2.txt`, // a backslash is UTF-8
		`c/\xff \xff path-not-utf8`,
		`c/caf\xe9/\\1 caf\xe9/\\1.txt path-not-utf8`,
		"c/ends.txt ends.txt.txt",
		"c/new\nline new\nline.txt",
		"c/tail tail.",
	}, told(t, mustScan(t, c)))
}

func TestReadChangedFiles(t *testing.T) {
	const path = "Accepted/P/Annotated/ICLR2018-P-R1_annotated.txt"
	const raw = "Accepted/P/Raw/ICLR2018-P-R1.txt"
	big := strings.Repeat("x", int(limits.DocumentBytes)+1)
	replace := func(path string, with func(full string) error) func(string) error {
		return func(root string) error {
			full := filepath.Join(root, path)
			if err := os.Remove(full); err != nil {
				return err
			}
			return with(full)
		}
	}
	content := func(s string) func(string) error {
		return func(full string) error { return os.WriteFile(full, []byte(s), 0o666) }
	}
	folder := func(full string) error { return os.Mkdir(full, 0o777) }
	nothing := func(string) error { return nil }
	tests := []struct {
		name     string
		change   func(root string) error
		data     string
		raw      string
		refused  bool
		told     string
		contains string
	}{
		{"not", nothing, "document", "twin", false, "", ""},
		{"vanished", replace(path, nothing), "", "", true, "file-vanished", "is gone now"},
		{"a folder now", replace(path, folder), "", "", true, "file-unreadable", "is a directory"},
		{"grown", replace(path, content(strings.Repeat("grown ", 1000))), strings.Repeat("grown ", 1000), "twin", false, "", ""},
		{"grown to the limit", replace(path, content(big[1:])), big[1:], "twin", false, "", ""},
		{"grown past the limit", replace(path, content(big)), "", "", true, "file-too-large", "has grown"},
		{"shrunk", replace(path, content("d")), "d", "twin", false, "", ""},
		{"emptied", replace(path, content("")), "", "", true, "file-empty", ""},
		{"white space alone", replace(path, content(" \n\t\u00a0\r\n")), " \n\t\u00a0\r\n", "", true, "file-empty", "white space"},
		{"a pipe now", replace(path, func(full string) error { return syscall.Mkfifo(full, 0o666) }), "", "", true, "file-empty", ""},
		{"a link now", replace(path, func(full string) error { return os.Symlink("/etc/hostname", full) }), "", "", true, "file-unreadable", "symbolic links"},
		{"twin vanished", replace(raw, nothing), "document", "", false, "twin-missing", raw + " is gone"},
		{"twin a folder now", replace(raw, folder), "document", "", false, "twin-unreadable", "is a directory"},
		{"twin too large", replace(raw, content(big)), "document", "", false, "twin-unreadable", "limits.document_bytes"},
		{"twin empty", replace(raw, content("")), "document", "", false, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			root := tree(t, map[string]string{path: "document", raw: "twin"})
			p := mustScan(t, reviews(root))
			if err := tt.change(root); err != nil {
				t.Fatal(err)
			}
			src := &schema.Source{Data: []byte("left over"), RawData: []byte("left over"), RawPath: "left", Refused: true}
			if err := p.NewReader().Read(0, src); err != nil {
				t.Fatal(err)
			}
			if string(src.Data) != tt.data || string(src.RawData) != tt.raw || src.Refused != tt.refused {
				t.Errorf("data %.40q, twin %.40q, refused %v", src.Data, src.RawData, src.Refused)
			}
			if wantPath := !tt.refused && !strings.HasPrefix(tt.told, "twin-"); (src.RawPath != "") != wantPath {
				t.Errorf("twin at %q", src.RawPath)
			}
			var told, message string
			for _, d := range src.Diagnostics {
				told, message = told+d.Code.String(), d.Message
			}
			if told != tt.told || !strings.Contains(message, tt.contains) || strings.Contains(message, root) {
				t.Errorf("%s: %s, want %s: …%s…", told, message, tt.told, tt.contains)
			}
		})
	}
}

func TestReadInfrastructure(t *testing.T) {
	root := tree(t, map[string]string{"c/a.txt": "a"})
	p := mustScan(t, corpusAt(root+"/c"))
	for _, err := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM} {
		if got := p.infrastructure(&fs.PathError{Op: "open", Path: "x", Err: err}); !errors.Is(got, err) {
			t.Errorf("%v is not the run's fault: %v", err, got)
		}
	}
	if err := p.infrastructure(syscall.EIO); err != nil {
		t.Errorf("a bad file ends the run: %v", err)
	}
	if err := os.RemoveAll(root + "/c"); err != nil {
		t.Fatal(err)
	}
	if err := p.NewReader().Read(0, new(schema.Source)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a root that is gone gives %v", err)
	}
}

func TestStamp(t *testing.T) {
	const path, raw = "Accepted/P/Annotated/ICLR2018-P-R1_annotated.txt", "Accepted/P/Raw/ICLR2018-P-R1.txt"
	root := tree(t, map[string]string{path: "document", raw: "twin"})
	stamp := func() uint64 { return mustScan(t, reviews(root)).Entry(0).Stamp }
	seen := map[uint64]string{stamp(): "first"}
	if len(seen) != 1 || seen[stamp()] == "" {
		t.Fatal("the stamp of an unchanged document changed")
	}
	then := time.Now().Add(-time.Hour)
	steps := []struct {
		name string
		do   func() error
	}{
		{"size", func() error { return os.WriteFile(filepath.Join(root, path), []byte("longer than before"), 0o666) }},
		{"time", func() error { return os.Chtimes(filepath.Join(root, path), then, then) }},
		{"twin's size", func() error { return os.WriteFile(filepath.Join(root, raw), []byte("longer"), 0o666) }},
		{"twin's time", func() error { return os.Chtimes(filepath.Join(root, raw), then, then) }},
		{"no twin", func() error { return os.Remove(filepath.Join(root, raw)) }},
		{"time set back", func() error {
			time.Sleep(20 * time.Millisecond) // the clock of the file system is coarse
			return os.Chtimes(filepath.Join(root, path), then, then)
		}},
	}
	for _, s := range steps {
		if err := s.do(); err != nil {
			t.Fatal(err)
		}
		now := stamp()
		if before, ok := seen[now]; ok {
			t.Errorf("%s: the stamp is that of %s", s.name, before)
		}
		seen[now] = s.name
	}
}

func TestStampOfDuplicate(t *testing.T) {
	root := tree(t, map[string]string{"a/x.txt": "1", "b/x.txt": "2", "c/x.txt": "3"})
	c := corpusAt(root)
	c.Paths, c.DocumentID = []string{"{dir}/{key}.txt"}, "{key}"
	before := mustScan(t, c)
	if err := os.Remove(filepath.Join(root, "a/x.txt")); err != nil {
		t.Fatal(err)
	}
	after := mustScan(t, c)
	for i := range after.Len() {
		if a, b := before.Entry(i+1), after.Entry(i); a.Path != b.Path || a.Stamp == b.Stamp {
			t.Errorf("another document has the id now, and the stamp does not say so: %+v, %+v", a, b)
		}
	}
	diff(t, 2, after.Len())
}

func TestReadersAtTheSameTime(t *testing.T) {
	p := mustScan(t, reviews(generate(t, 10)))
	diff(t, 30, p.Len())
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			reader, src := p.NewReader(), new(schema.Source)
			for i := range p.Len() {
				if err := reader.Read(i, src); err != nil || src.Refused || src.ID != p.Entry(i).ID {
					t.Errorf("entry %d: %v, %s", i, err, src.ID)
				}
			}
		})
	}
	wg.Wait()
}

// Whatever stands in a folder, each file is accounted for once, and each
// document is read as it is.
func TestScanAccountsForEverything(t *testing.T) {
	names := []string{"a", "b", "a.txt", "b.txt", ".DS_Store", "._a.txt", ".h", "__MACOSX", "raw", "raw.txt", "\xff.txt", "x_old.txt"}
	rapid.Check(t, func(t *rapid.T) {
		root, err := os.MkdirTemp("", "reader")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(root)
		for range rapid.IntRange(0, 30).Draw(t, "files") {
			elements := rapid.SliceOfN(rapid.SampledFrom(names), 1, 4).Draw(t, "path")
			full := filepath.Join(root, filepath.Join(elements...))
			// What is in the way stays: a file where a folder should be.
			if os.MkdirAll(filepath.Dir(full), 0o777) != nil {
				continue
			}
			if rapid.IntRange(0, 4).Draw(t, "link") == 0 {
				_ = os.Symlink(rapid.SampledFrom([]string{"a", "..", "../a", "b.txt", "/", "."}).Draw(t, "target"), full)
			} else if info, err := os.Lstat(full); err != nil || info.Mode().IsRegular() {
				_ = os.WriteFile(full, []byte(full), 0o666)
			}
		}
		c := corpusAt(root)
		c.Hidden = rapid.Bool().Draw(t, "hidden")
		c.FollowSymlinks = rapid.Bool().Draw(t, "follow")
		c.Exclude = rapid.SampledFrom([][]string{nil, {"a/**"}, {"**/*_old.txt"}}).Draw(t, "exclude")
		if rapid.Bool().Draw(t, "twins") {
			c.Paths, c.Raw = []string{"**/{dir}/{name}.txt", "**/{name}.txt"}, rapid.SampledFrom([]string{"{dir}/raw.txt", "{name}", "raw.txt"}).Draw(t, "raw")
		}
		p, err := Options{}.Scan(context.Background(), c, limits)
		if err != nil {
			t.Fatal(err)
		}
		counts := p.Counts()
		sum := counts.Documents + counts.Twins
		for _, g := range counts.Ignored {
			sum += g.Files
		}
		files := 0
		err = filepath.WalkDir(root, func(_ string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				files++
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		// Links that were followed show some files a second time.
		if counts.Found != sum || counts.Found < files || !c.FollowSymlinks && counts.Found != files {
			t.Fatalf("%d files, %+v", files, counts)
		}
		var src schema.Source
		reader, seen := p.NewReader(), make(map[string]bool)
		for i := range p.Len() {
			if err := reader.Read(i, &src); err != nil {
				t.Fatal(err)
			}
			if src.Refused {
				continue
			}
			if seen[string(src.Data)] {
				t.Fatalf("%s was read twice", src.Path)
			}
			seen[string(src.Data)] = true
			if want, err := os.ReadFile(filepath.Join(root, src.Path)); err != nil || string(src.Data) != string(want) {
				t.Fatalf("%s was read as %q: %v", src.Path, src.Data, err)
			}
		}
	})
}

// The real corpus: QUERN_CORPORA names the folder that holds it.
func TestPeerReviewAnalyze(t *testing.T) {
	corpora, ok := os.LookupEnv("QUERN_CORPORA")
	root := filepath.Join(corpora, "peer-review-analyze")
	documents, conflicts, found := 475, 3, 954
	ignored := []Ignored{{RuleDSStore, "", 3, ".DS_Store"}, {RuleNotIncluded, "", 1, "LICENSE.txt"}}
	if !ok {
		root, documents = generate(t, 50), 150
		conflicts, found, ignored = 0, 300, nil
	}
	p := mustScan(t, reviews(root))
	diff(t, Counts{Found: found, Files: documents, Documents: documents, Twins: documents, Ignored: ignored}, p.Counts())
	var src schema.Source
	reader := p.NewReader()
	for i := range p.Len() {
		if err := reader.Read(i, &src); err != nil {
			t.Fatal(err)
		}
		a := src.Attributes
		for _, d := range src.Diagnostics {
			if d.Code == schema.AttributeConflict { // the file names lack the hyphen that the paper's id ends in
				conflicts--
			} else {
				t.Errorf("%s: %s", src.Path, d.Message)
			}
		}
		if src.Refused || len(src.Data) == 0 || len(src.RawData) == 0 ||
			a.PaperID == nil || a.Reviewer == nil || *a.Year != 2018 || *a.Venue != "ICLR" || len(src.Extra) > 0 {
			t.Errorf("%s: %+v, %+v", src.Path, a, src.Diagnostics)
			continue
		}
		if d := *a.Decision; d != "accepted" && d != "withdrawn" {
			t.Errorf("%s: decision %s", src.Path, d)
		}
		if want := "c/" + *a.PaperID + "-" + *a.Reviewer; src.ID != want {
			t.Errorf("%s: id %s, want %s", src.Path, src.ID, want)
		}
	}
	if conflicts != 0 {
		t.Errorf("%d conflicts fewer than there are", conflicts)
	}
}

// fakeReviews is a folder of a corpus that is too large to make: of papers with ten
// reviews and ten twins each.
type fakeReviews struct {
	papers int
	dir    string
}

func (f fakeReviews) next(l *listing) (bool, error) {
	switch elements := strings.Split(f.dir, "/"); {
	case f.dir == "":
		l.entries = append(l.entries, entry{name: "Accepted", mode: fs.ModeDir})
	case len(elements) == 1:
		for i := range f.papers {
			l.entries = append(l.entries, entry{name: fmt.Sprintf("B%08d", i), mode: fs.ModeDir})
		}
	case len(elements) == 2:
		l.entries = append(l.entries, entry{name: "Annotated", mode: fs.ModeDir}, entry{name: "Raw", mode: fs.ModeDir})
	default:
		end := ".txt"
		if elements[2] == "Annotated" {
			end = "_annotated.txt"
		}
		for r := range 10 {
			l.entries = append(l.entries, entry{name: fmt.Sprintf("ICLR2018-%s-R%d%s", elements[1], r, end)})
		}
	}
	return false, nil
}

func (f fakeReviews) stateIn(entry) state { return state{size: 3000, stamp: 3000} }

func (f fakeReviews) close() {}

func TestPlanMemory(t *testing.T) {
	const papers = 2_000
	root := t.TempDir()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	p, err := Options{}.scan(t.Context(), reviews(root), limits, listed(func(_ *directory, dir string) (folder, error) { return fakeReviews{papers, dir}, nil }))
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if c := p.Counts(); c.Documents != 10*papers || c.Twins != 10*papers {
		t.Fatalf("counts %+v", c)
	}
	var text int64
	for i := range p.Len() {
		e := p.Entry(i)
		text += int64(len(e.ID) + len(e.Path))
	}
	per := (int64(after.HeapAlloc) - int64(before.HeapAlloc) - text) / int64(p.Len())
	t.Logf("%d bytes a document besides path and id", per)
	if per > 150 {
		t.Errorf("a document takes %d bytes besides its path and id", per)
	}
	runtime.KeepAlive(p)
}

// generate makes papers with three reviews and three twins of 3 KB each.
func generate(t testing.TB, papers int) string {
	t.Helper()
	root := t.TempDir()
	body := strings.Repeat("A sentence.[[EXP-NEU]] ", 130)
	for i := range papers {
		paper := fmt.Sprintf("B%07d-", i)
		for _, kind := range []string{"Annotated", "Raw"} {
			dir := filepath.Join(root, "Accepted", paper, kind)
			if err := os.MkdirAll(dir, 0o777); err != nil {
				t.Fatal(err)
			}
			for r := range 3 {
				name := fmt.Sprintf("ICLR2018-%s-R%d", paper, r+1)
				if kind == "Annotated" {
					name += "_annotated"
				}
				if err := os.WriteFile(filepath.Join(dir, name+".txt"), []byte(body), 0o666); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	return root
}

func BenchmarkScan(b *testing.B) {
	// 90,000 files each: in 30,000 folders of three, and in 90 of 1,000.
	bench := func(name string, corpus func(b *testing.B) config.Corpus) {
		b.Run(name, func(b *testing.B) {
			c := corpus(b)
			b.ReportAllocs()
			for b.Loop() {
				p, err := Options{}.Scan(b.Context(), c, limits)
				if err != nil || p.Counts().Found != 90_000 {
					b.Fatal(err)
				}
			}
		})
	}
	bench("folders-of-3", func(b *testing.B) config.Corpus { return reviews(generate(b, 15_000)) })
	bench("folders-of-1000", func(b *testing.B) config.Corpus {
		files := make(map[string]string)
		for i := range 90_000 {
			files[fmt.Sprintf("%02d/ICLR2018-B%05d-R1.txt", i/1000, i)] = "x"
		}
		c := corpusAt(tree(b, files))
		c.Paths = []string{"{split}/{venue:[A-Z]+}{year:[0-9]{4}}-{paper_id}-{reviewer}.txt"}
		c.DocumentID = "{split}-{paper_id}-{reviewer}"
		return c
	})
}

func BenchmarkRead(b *testing.B) {
	p := mustScan(b, reviews(generate(b, 1000)))
	reader, i := p.NewReader(), 0
	var src schema.Source
	b.ReportAllocs()
	for b.Loop() {
		if err := reader.Read(i%p.Len(), &src); err != nil || src.Refused || src.RawPath == "" {
			b.Fatal(err, src.Diagnostics)
		}
		i++
	}
}

func BenchmarkAttributes(b *testing.B) {
	c := reviews("")
	attributes, err := newCapturer(&c)
	if err != nil {
		b.Fatal(err)
	}
	var captured capture
	var src schema.Source
	b.ReportAllocs()
	for b.Loop() {
		src.Reset()
		attributes.capture("Accepted/B0000001-/Annotated/ICLR2018-B0000001--R1_annotated.txt", &captured)
		attributes.fill(&src, &captured)
		if src.Attributes.PaperID == nil {
			b.Fatal("no match")
		}
	}
}
