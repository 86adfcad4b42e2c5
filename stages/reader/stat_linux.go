package reader

import (
	"io/fs"
	"os"
	"syscall"
)

// openFlags keep a file that was swapped after the scan from harm: a link is
// not followed, and a pipe does not block.
const openFlags = os.O_RDONLY | syscall.O_NOFOLLOW | syscall.O_NONBLOCK

// changed is when the file's content or owner last changed, in nanoseconds.
// Unlike the modification time it cannot be set back, as copying tools do.
func changed(info fs.FileInfo) int64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return st.Ctim.Nano()
	}
	return 0
}
