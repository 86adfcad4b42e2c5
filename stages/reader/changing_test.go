package reader

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/schema"
)

// What happens to a file, or its twin, while it is read: it is never torn, and
// the next run looks again.
func TestReadWhileWritten(t *testing.T) {
	const path = "Accepted/P/Annotated/ICLR2018-P-R1_annotated.txt"
	const raw = "Accepted/P/Raw/ICLR2018-P-R1.txt"
	old := strings.Repeat("old ", 100)
	put := func(full, s string) error { return os.WriteFile(full, []byte(s), 0o666) }
	over := func(full, s string) error {
		if err := put(full+".new", s); err != nil {
			return err
		}
		return os.Rename(full+".new", full)
	}
	more := func(full, s string) error {
		f, err := os.OpenFile(full, os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = f.WriteString(s)
		return err
	}
	big := strings.Repeat("x", int(limits.DocumentBytes)+1)
	steps := strings.Repeat("x", 1000)
	tests := []struct {
		name   string
		before bool // rather than while it is read
		change func(full string, time int) error
		times  int            // how often it changes, 0 for always
		want   string         // data, "" if there is none
		told   [2]schema.Code // of document and twin, where there is none
		says   [2]string      // likewise
	}{
		{name: "grows", times: 1, want: old + "more", change: func(full string, _ int) error { return more(full, "more") }},
		{name: "grows twice", times: 2, want: old + "moremore", change: func(full string, _ int) error { return more(full, "more") }},
		{name: "shrinks", times: 1, want: "less", change: func(full string, _ int) error { return put(full, "less") }},
		{name: "is cut short", times: 1, want: old[:8], change: func(full string, _ int) error { return os.Truncate(full, 8) }},
		{name: "is replaced", times: 1, want: "new", change: func(full string, _ int) error { return over(full, "new") }},
		{name: "is replaced by one as large", times: 1, want: old[1:] + "!", change: func(full string, _ int) error { return over(full, old[1:]+"!") }},
		{name: "is replaced before", before: true, times: 1, want: "new", change: func(full string, _ int) error { return over(full, "new") }},
		{name: "is overwritten before", before: true, times: 1, want: old[1:] + "!", change: func(full string, _ int) error { return put(full, old[1:]+"!") }},
		{name: "is touched before", before: true, times: 1, want: old, change: func(full string, _ int) error { return os.Chtimes(full, time.Unix(1, 0), time.Unix(1, 0)) }},
		{
			name: "grows all the time", change: func(full string, _ int) error { return more(full, "more") },
			told: [2]schema.Code{schema.FileChanging, schema.TwinUnreadable}, says: [2]string{"being written", "being written"},
		},
		{
			name: "shrinks all the time", change: func(full string, time int) error { return put(full, steps[time:]) },
			told: [2]schema.Code{schema.FileChanging, schema.TwinUnreadable}, says: [2]string{"being written", "being written"},
		},
		{
			name: "is replaced all the time", change: func(full string, time int) error { return over(full, steps[time:]) },
			told: [2]schema.Code{schema.FileChanging, schema.TwinUnreadable}, says: [2]string{"being written", "being written"},
		},
		{
			name: "grows past the limit", times: 1, change: func(full string, _ int) error { return more(full, big) },
			told: [2]schema.Code{schema.FileTooLarge, schema.TwinUnreadable}, says: [2]string{"has grown", "limits.document_bytes"},
		},
		{
			name: "vanishes", times: 1, change: func(full string, _ int) error { return os.Remove(full) },
			told: [2]schema.Code{schema.FileVanished, schema.TwinMissing}, says: [2]string{"gone now", "gone since the scan"},
		},
		{
			name: "vanishes before", before: true, times: 1, change: func(full string, _ int) error { return os.RemoveAll(filepath.Dir(full)) },
			told: [2]schema.Code{schema.FileVanished, schema.TwinMissing}, says: [2]string{"gone now", "gone since the scan"},
		},
		{
			name: "lies below a file before", before: true, times: 1, change: func(full string, _ int) error {
				if err := os.RemoveAll(filepath.Dir(full)); err != nil {
					return err
				}
				return put(filepath.Dir(full), "a file")
			},
			told: [2]schema.Code{schema.FileUnreadable, schema.TwinUnreadable}, says: [2]string{"not a directory", "not a directory"},
		},
		{
			name: "becomes a folder before", before: true, times: 1, change: func(full string, _ int) error {
				if err := os.Remove(full); err != nil {
					return err
				}
				return os.Mkdir(full, 0o777)
			},
			told: [2]schema.Code{schema.FileUnreadable, schema.TwinUnreadable}, says: [2]string{"is a directory", "is a directory"},
		},
	}
	for _, tt := range tests {
		for which, at := range []string{path, raw} {
			t.Run(strings.Fields("file twin")[which]+" "+tt.name, func(t *testing.T) {
				root := tree(t, map[string]string{path: old, raw: old})
				p := mustScan(t, reviews(root))
				time.Sleep(20 * time.Millisecond) // the clock of the file system is coarse
				changes := 0
				change := func() {
					if tt.times == 0 || changes < tt.times {
						changes++
						if err := tt.change(filepath.Join(root, at), changes); err != nil {
							t.Fatal(err)
						}
					}
				}
				r, src := p.NewReader(), &schema.Source{Unsettled: true}
				if tt.before {
					change()
				} else {
					r.during = func(path string) {
						if path == at {
							change()
						}
					}
				}
				if err := r.Read(0, src); err != nil {
					t.Fatal(err)
				}
				if want := cmp.Or(tt.times, 3); changes != want {
					t.Fatalf("%d changes, want %d", changes, want)
				}
				if !src.Unsettled {
					t.Error("the next run would not look again")
				}
				data, other := string(src.Data), string(src.RawData)
				if which == 1 {
					data, other = other, data
				}
				if data != tt.want || which == 1 && other != old {
					t.Errorf("read %.40q, want %.40q; the other %.40q", data, tt.want, other)
				}
				if tt.want != "" {
					if src.Refused || len(src.Diagnostics) > 0 || which == 0 && other != old {
						t.Errorf("refused %v, %v", src.Refused, src.Diagnostics)
					}
					return
				}
				if src.Refused != (which == 0) || src.RawPath != "" || which == 0 && src.SHA256 != [32]byte{} || src.RawSHA256 != [32]byte{} {
					t.Errorf("refused %v, twin %q", src.Refused, src.RawPath)
				}
				if d := src.Diagnostics; len(d) != 1 || d[0].Code != tt.told[which] || !strings.Contains(d[0].Message, tt.says[which]) || strings.Contains(d[0].Message, root) {
					t.Errorf("told %+v, want %v: …%s…", d, tt.told[which], tt.says[which])
				}
			})
		}
	}
}

// What nobody touches is read once, and the stamp of the scan stands for it.
func TestReadSettled(t *testing.T) {
	root := tree(t, map[string]string{"a.txt": "a", "b.txt": " ", ".store/c.txt": "c", "twin/a.txt": "twin", "twin/c.txt": "twin"})
	link(t, root, "c.txt", ".store/c.txt")
	for _, follow := range []bool{false, true} {
		c := corpusAt(root)
		c.Include, c.Paths, c.Raw, c.FollowSymlinks = []string{"*.txt"}, []string{"{name}.txt"}, "twin/{name}.txt", follow
		p := mustScan(t, c)
		r, reads := p.NewReader(), 0
		r.during = func(string) { reads++ }
		files := 0
		for i := range p.Len() {
			src := &schema.Source{Unsettled: true}
			if err := r.Read(i, src); err != nil {
				t.Fatal(err)
			}
			if src.Unsettled {
				t.Errorf("%s is not settled", src.Path)
			}
			files++
			if src.RawPath != "" {
				files++
			}
		}
		if want := map[bool]int{false: 3, true: 5}[follow]; files != want {
			t.Errorf("%d files, want %d", files, want)
		}
		if reads != files {
			t.Errorf("%d readings of %d files", reads, files)
		}
	}
}

// A file of which nothing was known is read twice, and read again by the next
// run.
func TestReadUnknown(t *testing.T) {
	p := mustScan(t, corpusAt(tree(t, map[string]string{"a.txt": "a"})))
	p.records[0].state = stateOf(nil, fs.ErrPermission)
	if src := mustRead(t, p, 0); src.Refused || string(src.Data) != "a" || !src.Unsettled {
		t.Errorf("%+v", src)
	}
}

// Whatever is swapped for a link after the scan, nothing outside the root is
// read.
func TestReadSwappedFolders(t *testing.T) {
	for _, follow := range []bool{false, true} {
		outside := tree(t, map[string]string{"a.txt": "secret", "b/a.txt": "secret"})
		root := tree(t, map[string]string{"x/b/a.txt": "mine", "store/z.txt": "mine"})
		link(t, root, "linked", "store")
		c := corpusAt(root)
		c.Include, c.FollowSymlinks = []string{"x/**", "linked/**"}, follow
		p := mustScan(t, c)
		documents := 1
		if follow {
			documents = 2
		}
		diff(t, documents, p.Len())
		for _, at := range []string{"x", "x/b"} {
			full := filepath.Join(root, at)
			if err := os.Rename(full, full+"-gone"); err != nil {
				t.Fatal(err)
			}
			link(t, root, at, filepath.Join(outside, strings.TrimPrefix(at, "x")))
			src := mustRead(t, p, p.Len()-1)
			if !src.Refused || !src.Unsettled || len(src.Data) > 0 || src.Diagnostics[0].Code != schema.FileUnreadable {
				t.Errorf("follow %v, %s: %q, %+v", follow, at, src.Data, src.Diagnostics)
			}
			if _, err := openWithin(rootOf(p), "x/b/a.txt"); err == nil {
				t.Errorf("%s: opened", at)
			}
			if err := os.Remove(full); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(full+"-gone", full); err != nil {
				t.Fatal(err)
			}
		}
		// A folder of which the scan has the name, and that is a link when it is
		// listed.
		if _, err := p.store.folder("linked"); err == nil {
			t.Error("a link was opened")
		}
		if src := mustRead(t, p, p.Len()-1); string(src.Data) != "mine" {
			t.Errorf("all is back, and %q was read", src.Data)
		}
	}
}

// The fallback of old kernels reads the same, and does not wait for a pipe.
func TestOpenWithin(t *testing.T) {
	root := tree(t, map[string]string{"a/b.txt": "b"})
	if err := syscall.Mkfifo(root+"/pipe", 0o666); err != nil {
		t.Fatal(err)
	}
	for path, ok := range map[string]bool{"a/b.txt": true, ".": true, "a": true, "pipe": true, "none": false, "a/b.txt/c": false, "..": false} {
		f, err := openWithin(root, path)
		if (err == nil) != ok {
			t.Errorf("%s: %v", path, err)
		}
		if err != nil {
			continue
		}
		var l listing
		err = l.list(t.Context(), f)
		if (err == nil) != (path == "." || path == "a") {
			t.Errorf("%s lists %v, %v", path, l.entries, err)
		}
		for _, e := range l.entries {
			if f.stateIn(e) == unknown {
				t.Errorf("nothing is known of %s", e.name)
			}
		}
		f.close()
	}
	if _, err := openWithin(root+"/none", "a"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a root that is gone gives %v", err)
	}
}

// The root is gone, or another folder has its name, as when a disk is taken off
// its mount point: nobody could know which documents there are.
func TestReadWithoutRoot(t *testing.T) {
	tests := map[string]struct {
		change func(root string) error
		want   string
	}{
		"gone":    {func(string) error { return nil }, "no such file"},
		"empty":   {func(root string) error { return os.Mkdir(root, 0o777) }, "another folder"},
		"a file":  {func(root string) error { return os.WriteFile(root, nil, 0o666) }, "not a directory"},
		"a link":  {func(root string) error { return os.Symlink("gone", root) }, "symbolic links"},
		"in time": {nil, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			root := filepath.Join(tree(t, map[string]string{"c/a.txt": "a"}), "c")
			p := mustScan(t, corpusAt(root))
			reader := p.NewReader()
			if tt.change != nil {
				if err := os.Rename(root, filepath.Join(filepath.Dir(root), "gone")); err != nil {
					t.Fatal(err)
				}
				if err := tt.change(root); err != nil {
					t.Fatal(err)
				}
			}
			var src schema.Source
			err := reader.Read(0, &src)
			if tt.change == nil {
				if err != nil || string(src.Data) != "a" {
					t.Errorf("%q, %v", src.Data, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %s; %+v", err, tt.want, src.Diagnostics)
			}
		})
	}
}

func TestScanDepth(t *testing.T) {
	root := tree(t, map[string]string{
		"0.txt": "", "a/1.txt": "", "a/b/2.txt": "", "a/b/c/3.txt": "", "a/b/c/d/4.txt": "", "a/b/.git/x.txt": "", "a/b/__MACOSX/x.txt": "",
		"a/b/old/x.txt": "", "x/y/link.md": "", "empty/empty/empty/.keep": "",
	})
	link(t, root, "x/y/z", "../../a")
	c := corpusAt(root)
	c.Exclude, c.FollowSymlinks = []string{"**/old/**"}, true
	scan := func(depth int) *Plan {
		p, err := Options{}.Scan(t.Context(), c, config.Limits{DocumentBytes: 1, PathDepth: depth})
		if err != nil {
			t.Fatal(err)
		}
		checkCounts(t, p)
		return p
	}
	paths := func(p *Plan) (out []string) {
		for i := range p.Len() {
			e := p.Entry(i)
			out = append(out, e.ID+" "+e.Path)
		}
		return out
	}
	diff(t, []string{
		" a/b/c", " empty/empty/empty", " x/y/z", "c/0 0.txt", "c/a/1 a/1.txt", "c/a/b/2 a/b/2.txt",
	}, paths(scan(2)))
	diff(t, []string{
		" a/b/c/d", " x/y/z/b", "c/0 0.txt", "c/a/1 a/1.txt", "c/a/b/2 a/b/2.txt", "c/a/b/c/3 a/b/c/3.txt",
	}, paths(scan(3)))
	p := scan(1)
	diff(t, []string{" a/b", " empty/empty", " x/y", "c/0 0.txt", "c/a/1 a/1.txt"}, paths(p))
	src := mustRead(t, p, 0)
	want := "the folder lies more than 1 folders below the root, and was not read: raise limits.path_depth, or leave it out with exclude"
	if d := src.Diagnostics; !src.Refused || src.Unsettled || len(d) != 1 || d[0].Code != schema.DirectoryTooDeep || d[0].Message != want {
		t.Errorf("%+v", d)
	}
}
