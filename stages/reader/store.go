package reader

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/quern-data/quern/stages/reader/archive"
)

// store is where the files of a corpus lie. Paths are slash-separated and relative
// to its root, which is "". It is safe for concurrent use.
type store interface {
	// folder opens a folder. No link is followed.
	folder(path string) (folder, error)
	// open opens a file for reading.
	open(path string) (handle, error)
	// stateAt is the state of a file that nobody lists again. No link is followed.
	stateAt(path string) state
	// resolve follows the links in a path: what it leads to, and the path of that,
	// relative to the root. errOutside is the error of one that leads out of it.
	resolve(path string) (mode fs.FileMode, st state, target string, err error)
	// problem is why a file of size refusedSize cannot be read.
	problem(path string) *archive.Problem
	// lost are files that have no path in the store.
	lost() []archive.Lost
	// prefix is what stands before paths in the tables.
	prefix() string
	// check is the error of a root that is gone or another than the one that was
	// scanned.
	check() error
}

// handle is an open file.
type handle interface {
	// read reads on into buf. It returns 0 at the end.
	read(buf []byte) (int, error)
	// readAt fills buf from an offset on, or returns the bytes up to the end.
	readAt(buf []byte, offset int64) (int, error)
	// state is the state that the file has now.
	state() (state, error)
	close()
}

// directory is a store: a folder of the file system.
type directory struct {
	root   string      // absolute, its links resolved
	info   fs.FileInfo // what root was when it was opened
	follow bool        // whether files may be reached through links
}

// openStore opens the root of a corpus.
func (s *scanner) openStore() (store, error) {
	corpus := s.corpus
	if corpus.Root == "" {
		return nil, errors.New("root is empty")
	}
	root, err := filepath.Abs(corpus.Root)
	if err != nil {
		return nil, fmt.Errorf("root: %w", err)
	}
	d := &directory{follow: corpus.FollowSymlinks}
	if d.root, err = filepath.EvalSymlinks(root); err != nil {
		return nil, fmt.Errorf("root: %w", err)
	}
	if d.info, err = os.Stat(d.root); err != nil {
		return nil, fmt.Errorf("root: %w", err)
	}
	if !d.info.IsDir() {
		return s.openArchive(root, d.root)
	}
	return d, nil
}

func (d *directory) folder(path string) (folder, error) {
	f, err := open(d.root, cmp.Or(path, "."))
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (d *directory) open(path string) (handle, error) {
	if d.follow {
		_, _, target, err := d.resolve(path)
		if err != nil {
			return nil, err
		}
		path = target
	}
	f, err := open(d.root, path)
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (d *directory) stateAt(path string) state { return stateOf(os.Lstat(d.root + "/" + path)) }

var errOutside = errors.New("outside the root")

func (d *directory) resolve(path string) (mode fs.FileMode, st state, target string, err error) {
	full := filepath.Join(d.root, path)
	info, err := os.Stat(full)
	if err != nil {
		return 0, unknown, "", err
	}
	if target, err = filepath.EvalSymlinks(full); err != nil {
		return 0, unknown, "", err
	}
	if target, err = filepath.Rel(d.root, target); err != nil || !filepath.IsLocal(target) {
		return 0, unknown, "", errOutside
	}
	if target == "." {
		target = ""
	}
	return info.Mode(), stateOf(info, nil), filepath.ToSlash(target), nil
}

func (d *directory) problem(string) *archive.Problem { return nil }

func (d *directory) lost() []archive.Lost { return nil }

func (d *directory) prefix() string { return "" }

func (d *directory) check() error {
	f, err := open(d.root, ".")
	if err != nil {
		return err
	}
	defer f.close()
	if same, err := f.is(d.info); err != nil || same {
		return err
	}
	return fmt.Errorf("%s is another folder than the one that was scanned", d.root)
}
