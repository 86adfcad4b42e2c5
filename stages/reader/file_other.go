//go:build !linux

package reader

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"time"
)

const openFlags = os.O_RDONLY

// file is an open file or folder.
type file struct{ *os.File }

// open opens a file or folder below root, which is absolute and without links;
// path has no .. in it. A link that was swapped in since the scan is followed
// within root, never out of it.
func open(root, path string) (file, error) { return openWithin(root, path) }

// fileOf takes over what the library opened.
func fileOf(f *os.File) (file, error) { return file{f}, nil }

func (f file) close() { f.Close() }

// read reads into buf. It returns 0 at the end.
func (f file) read(buf []byte) (int, error) {
	n, err := f.Read(buf)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

func (f file) readAt(buf []byte, offset int64) (int, error) {
	n, err := f.ReadAt(buf, offset)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

func (f file) state() (state, error) {
	info, err := f.Stat()
	return stateOf(info, err), err
}

// is reports whether f is the folder that info was taken of.
func (f file) is(info fs.FileInfo) (bool, error) {
	now, err := f.Stat()
	return err == nil && os.SameFile(now, info), err
}

// entry is what a folder holds.
type entry struct {
	name string
	mode fs.FileMode // its type
	info fs.DirEntry
}

type listBuffer struct{} // the library has its own

func (f file) next(l *listing) (bool, error) {
	entries, err := f.ReadDir(checkEvery)
	for _, e := range entries {
		l.entries = append(l.entries, entry{e.Name(), e.Type(), e})
	}
	if errors.Is(err, io.EOF) {
		return false, nil
	}
	return err == nil, err
}

func (f file) stateIn(e entry) state { return stateOf(e.info.Info()) }

// changeTime is in the far past: the time of the last change is not known here,
// and size and modification time have to do.
func changeTime(fs.FileInfo) time.Time { return time.Time{} }

// inode is not known here.
func inode(fs.FileInfo) uint64 { return 0 }
