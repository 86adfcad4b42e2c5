package reader

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// openFlags keep a pipe that a file was swapped for from blocking.
const openFlags = os.O_RDONLY | syscall.O_NONBLOCK

// open opens a file or folder below root, which is absolute and without links;
// path has no .. in it. Whatever was swapped since the scan, no symbolic link
// is followed, neither as the last element nor as a folder on the way: what is
// opened lies where its path says.
//
// Kernels before 5.6 and some sandboxes lack openat2. There a link that was
// swapped in is followed within root, never out of it.
func open(root, path string) (*os.File, error) {
	full := root + "/" + path
	how := unix.OpenHow{
		Flags:   unix.O_RDONLY | unix.O_NONBLOCK | unix.O_CLOEXEC | unix.O_LARGEFILE,
		Resolve: unix.RESOLVE_NO_SYMLINKS,
	}
	fd, err := unix.Openat2(unix.AT_FDCWD, full, &how)
	for errors.Is(err, unix.EINTR) {
		fd, err = unix.Openat2(unix.AT_FDCWD, full, &how)
	}
	switch {
	case errors.Is(err, unix.ENOSYS), errors.Is(err, unix.EPERM): // EPERM is what sandboxes say
		return openWithin(root, path)
	case err != nil:
		return nil, &fs.PathError{Op: "open", Path: full, Err: err}
	}
	return os.NewFile(uintptr(fd), full), nil
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
