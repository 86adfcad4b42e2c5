package reader

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// openFlags keep a pipe that a file was swapped for from blocking.
const openFlags = os.O_RDONLY | syscall.O_NONBLOCK

// file is the descriptor of an open file or folder. os.File would take 2 µs more
// to open, read and close a review, a third: it asks whether the file can be
// waited for.
type file int

// open opens a file or folder below root, which is absolute and without links;
// path has no .. in it. Whatever was swapped since the scan, no symbolic link
// is followed, neither as the last element nor as a folder on the way: what is
// opened lies where its path says. (To open the folder of a review first, and the
// review in it, takes a tenth longer where a folder holds three.)
//
// Kernels before 5.6 and some sandboxes lack openat2. There a link that was
// swapped in is followed within root, never out of it.
func open(root, path string) (file, error) {
	full := root + "/" + path
	how := unix.OpenHow{
		Flags:   unix.O_RDONLY | unix.O_NONBLOCK | unix.O_CLOEXEC | unix.O_LARGEFILE,
		Resolve: unix.RESOLVE_NO_SYMLINKS,
	}
	var fd int
	err := retried(func() (err error) {
		fd, err = unix.Openat2(unix.AT_FDCWD, full, &how)
		return err
	})
	switch {
	case errors.Is(err, unix.ENOSYS), errors.Is(err, unix.EPERM): // EPERM is what sandboxes say
		return openWithin(root, path)
	case err != nil:
		return -1, &fs.PathError{Op: "open", Path: full, Err: err}
	}
	return file(fd), nil
}

// fileOf takes over what the library opened.
func fileOf(f *os.File) (file, error) {
	defer f.Close()
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return -1, &fs.PathError{Op: "dup", Path: f.Name(), Err: err}
	}
	return file(fd), nil
}

// retried calls do again as long as signals come in between.
func retried(do func() error) error {
	for {
		if err := do(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

func (f file) close() { _ = unix.Close(int(f)) }

// read reads into buf. It returns 0 at the end.
func (f file) read(buf []byte) (n int, err error) {
	err = retried(func() (err error) {
		n, err = unix.Read(int(f), buf)
		return err
	})
	return max(n, 0), err
}

func (f file) readAt(buf []byte, offset int64) (n int, err error) {
	for n < len(buf) {
		var more int
		err := retried(func() (err error) {
			more, err = unix.Pread(int(f), buf[n:], offset+int64(n))
			return err
		})
		if err != nil || more <= 0 {
			return n, err
		}
		n += more
	}
	return n, nil
}

func (f file) state() (state, error) {
	var st unix.Stat_t
	if err := retried(func() error { return unix.Fstat(int(f), &st) }); err != nil {
		return unknown, err
	}
	return stateOfStat(&st), nil
}

// is reports whether f is the folder that info was taken of.
func (f file) is(info fs.FileInfo) (bool, error) {
	var st unix.Stat_t
	if err := retried(func() error { return unix.Fstat(int(f), &st) }); err != nil {
		return false, err
	}
	was, ok := info.Sys().(*syscall.Stat_t)
	return ok && was.Dev == st.Dev && was.Ino == st.Ino, nil
}

func (f file) stateIn(e entry) state {
	st, err := f.lstat(e.name)
	if err != nil {
		return unknown
	}
	return stateOfStat(&st)
}

func (f file) lstat(name string) (st unix.Stat_t, err error) {
	err = retried(func() error { return unix.Fstatat(int(f), name, &st, unix.AT_SYMLINK_NOFOLLOW) })
	return st, err
}

// entry is what a folder holds.
type entry struct {
	name string
	mode fs.FileMode // its type; irregular for whatever is neither file, folder nor link
}

// listBytes is how many bytes of entries are asked for at a time: some hundreds.
const listBytes = 32 << 10

// listBuffer is what listings are read into.
type listBuffer [listBytes]byte

func (f file) next(l *listing) (bool, error) {
	var n int
	err := retried(func() (err error) {
		n, err = unix.Getdents(int(f), l.buf[:])
		return err
	})
	if err != nil || n <= 0 {
		return false, err
	}
	// The names are cut out of one string: an allocation for some hundreds.
	names := string(l.buf[:n])
	for at := 0; at < n; {
		record := l.buf[at:n]
		if len(record) < direntName {
			return false, unix.EIO
		}
		size := int(binary.NativeEndian.Uint16(record[direntSize:]))
		if size <= direntName || size > len(record) {
			return false, unix.EIO
		}
		record = record[:size]
		length := bytes.IndexByte(record[direntName:], 0)
		if length < 0 {
			length = size - direntName
		}
		name := names[at+direntName:][:length]
		at += size
		if binary.NativeEndian.Uint64(record) == 0 || name == "" || name == "." || name == ".." {
			continue // without an inode it is not there
		}
		mode, err := f.modeOf(name, record[direntType])
		if errors.Is(err, unix.ENOENT) {
			continue // it is not there any more
		}
		if err != nil {
			return false, err
		}
		l.entries = append(l.entries, entry{name, mode})
	}
	return true, nil
}

// Where the fields of a linux_dirent64 lie: inode, offset, size, type, name.
const (
	direntSize = 16
	direntType = 18
	direntName = 19
)

// modeOf is the type of an entry. Some file systems do not tell it in the list.
func (f file) modeOf(name string, kind byte) (fs.FileMode, error) {
	if kind == unix.DT_UNKNOWN {
		st, err := f.lstat(name)
		if err != nil {
			return 0, err
		}
		kind = byte(st.Mode & unix.S_IFMT >> 12)
	}
	switch kind {
	case unix.DT_REG:
		return 0, nil
	case unix.DT_DIR:
		return fs.ModeDir, nil
	case unix.DT_LNK:
		return fs.ModeSymlink, nil
	}
	return fs.ModeIrregular, nil
}

// stateOfStat is stateOf without the detour over the library's types.
func stateOfStat(st *unix.Stat_t) state {
	return newState(st.Size, time.Unix(st.Mtim.Unix()), time.Unix(st.Ctim.Unix()), st.Ino)
}

// changeTime is when the file's content, name or owner last changed. Unlike the
// modification time it cannot be set back, as copying tools do.
func changeTime(info fs.FileInfo) time.Time {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return time.Unix(st.Ctim.Unix())
	}
	return time.Time{}
}

// inode tells files apart that were written in the same tick of the clock, and
// whose folders are then given each other's names.
func inode(info fs.FileInfo) uint64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return st.Ino
	}
	return 0
}
