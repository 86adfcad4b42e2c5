// Package disk is all that a run does to the disk that its output is on.
//
// It exists so that each of these operations can be made to fail, or the
// process to end, before any one of them: what a run promises when a disk is
// full or the power goes is tested at every place where it could happen. The
// package knows the operating system; it must not know what the files mean.
package disk

import (
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// Op names an operation.
type Op string

// The operations.
const (
	OpCreate  Op = "create"
	OpWrite   Op = "write"
	OpSync    Op = "sync"
	OpClose   Op = "close"
	OpMkdir   Op = "mkdir"
	OpRename  Op = "rename"
	OpLink    Op = "link"
	OpSymlink Op = "symlink"
	OpRemove  Op = "remove"
	OpSyncDir Op = "syncdir"
)

// Disk carries out operations. The zero value, and nil, do nothing else.
type Disk struct {
	// Before is asked before each operation, by the goroutine that wants it. If
	// it returns an error, that is what becomes of the operation: of what was to
	// be written a half is written, nothing else is done.
	Before func(op Op, path string) error
	// Waiting, if set, is to call sync, which waits until the disk has what was
	// written. It is for those who measure that.
	Waiting func(sync func() error) error
}

// Error is an error of the disk that the output is on.
type Error struct{ Err error }

func (e *Error) Error() string { return e.Err.Error() }

// Unwrap is the system's error.
func (e *Error) Unwrap() error { return e.Err }

func failed(err error) error {
	if err == nil {
		return nil
	}
	return &Error{err}
}

func (d *Disk) before(op Op, path string) error {
	if d == nil || d.Before == nil {
		return nil
	}
	if err := d.Before(op, path); err != nil {
		return &Error{&fs.PathError{Op: string(op), Path: path, Err: err}}
	}
	return nil
}

// wait calls sync.
func (d *Disk) wait(sync func() error) error {
	if d == nil || d.Waiting == nil {
		return sync()
	}
	return d.Waiting(sync)
}

// File is a file that is being written.
type File struct {
	disk *Disk
	file *os.File
}

// Create makes a file that must not exist, with the given permission.
func (d *Disk) Create(path string, perm fs.FileMode) (*File, error) {
	if err := d.before(OpCreate, path); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return nil, failed(err)
	}
	return &File{d, f}, nil
}

func (f *File) Write(p []byte) (int, error) {
	if err := f.disk.before(OpWrite, f.file.Name()); err != nil {
		n, werr := f.file.Write(p[:len(p)/2])
		return n, errors.Join(err, werr)
	}
	n, err := f.file.Write(p)
	return n, failed(err)
}

// Finish makes what was written last beyond a power cut, and closes the file.
func (f *File) Finish() error {
	err := f.disk.before(OpSync, f.file.Name())
	if err == nil {
		err = failed(f.disk.wait(f.file.Sync))
	}
	return errors.Join(err, f.Close())
}

// Close closes the file as it is.
func (f *File) Close() error {
	err := f.disk.before(OpClose, f.file.Name())
	return errors.Join(err, failed(f.file.Close()))
}

// WriteFile makes a file of the given content that must not exist, and makes it
// last.
func (d *Disk) WriteFile(path string, content []byte, perm fs.FileMode) error {
	f, err := d.Create(path, perm)
	if err != nil {
		return err
	}
	if len(content) > 0 {
		if _, err := f.Write(content); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	return f.Finish()
}

// Mkdir makes a folder.
func (d *Disk) Mkdir(path string) error {
	if err := d.before(OpMkdir, path); err != nil {
		return err
	}
	return failed(os.Mkdir(path, 0o755))
}

// MkdirAll makes a folder and those above it, as far as they are missing.
func (d *Disk) MkdirAll(path string) error {
	if err := d.before(OpMkdir, path); err != nil {
		return err
	}
	return failed(os.MkdirAll(path, 0o755))
}

// MkdirTemp makes a folder whose name starts with prefix and that nobody else has.
// Unlike that of os.MkdirTemp, it may get a name that readers look for: who may
// read it is left to the umask.
func (d *Disk) MkdirTemp(dir, prefix string) (string, error) {
	for {
		path := filepath.Join(dir, prefix+strconv.FormatUint(rand.Uint64(), 36))
		if err := d.Mkdir(path); !errors.Is(err, fs.ErrExist) {
			return path, err
		}
	}
}

// Rename gives a file or folder another name. A file or link of that name is
// replaced in one step.
func (d *Disk) Rename(from, to string) error {
	if err := d.before(OpRename, to); err != nil {
		return err
	}
	return failed(os.Rename(from, to))
}

// Symlink makes a symbolic link.
func (d *Disk) Symlink(target, path string) error {
	if err := d.before(OpSymlink, path); err != nil {
		return err
	}
	return failed(os.Symlink(target, path))
}

// LinkOrCopy gives a file a second name, or where the file system has no such
// thing, or no more of it, makes a copy that lasts.
func (d *Disk) LinkOrCopy(from, to string) error {
	err := d.before(OpLink, to)
	if err == nil {
		err = failed(os.Link(from, to))
	}
	if err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrExist) || errors.Is(err, syscall.ENOSPC) {
		return err
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := d.Create(to, 0o444)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		return errors.Join(err, out.Close())
	}
	return out.Finish()
}

// RemoveAll removes a file or folder with all that it holds. It is no error if
// there is none.
func (d *Disk) RemoveAll(path string) error {
	if err := d.before(OpRemove, path); err != nil {
		return err
	}
	return failed(os.RemoveAll(path))
}

// SyncDir makes the names in a folder last. Where the system or the file system
// cannot do that, it does it by itself or not at all, and there is no error.
func (d *Disk) SyncDir(path string) error {
	if err := d.before(OpSyncDir, path); err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := d.wait(f.Sync); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, fs.ErrPermission) {
		return failed(err)
	}
	return nil
}
