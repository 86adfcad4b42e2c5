//go:build !linux

package reader

import (
	"io/fs"
	"os"
	"time"
)

const openFlags = os.O_RDONLY

// open opens a file or folder below root, which is absolute and without links;
// path has no .. in it. A link that was swapped in since the scan is followed
// within root, never out of it.
func open(root, path string) (*os.File, error) { return openWithin(root, path) }

// changeTime is in the far past: the time of the last change is not known here,
// and size and modification time have to do.
func changeTime(fs.FileInfo) time.Time { return time.Time{} }

// inode is not known here.
func inode(fs.FileInfo) uint64 { return 0 }
