package reader

import (
	"io/fs"
	"math"
	"os"
	"time"
)

// openWithin opens a file or folder below root as open does, but by the means
// of Go's library: it takes 18 µs where openat2 takes 7, and a folder swapped
// for a link is followed if it leads to a place within root.
func openWithin(root, path string) (*os.File, error) {
	within, err := os.OpenRoot(root)
	if err != nil {
		return nil, err
	}
	defer within.Close()
	return within.OpenFile(path, openFlags, 0)
}

// state is what is known about a file without reading it.
type state struct {
	size    int64  // in bytes, or unknownSize
	stamp   uint64 // of size, times and inode; unknownStamp or more
	changed int64  // the later of both times, in nanoseconds since the epoch
}

const (
	// unknownSize is the size of a file that could not be asked for it: reading
	// it will tell why.
	unknownSize = -1
	// noTwin stands for the stamp of a twin that is not there.
	noTwin = 0
	// unknownStamp is the stamp of a file that could not be asked. No state has
	// it.
	unknownStamp = 1
)

// stateOf takes what Info and Stat return.
func stateOf(info fs.FileInfo, err error) state {
	if err != nil {
		return state{size: unknownSize, stamp: unknownStamp}
	}
	modified, changed := info.ModTime(), changeTime(info)
	stamp := mix(uint64(info.Size()))
	stamp = mix(stamp ^ uint64(modified.UnixNano()))
	stamp = mix(stamp ^ uint64(changed.UnixNano()))
	stamp = mix(stamp ^ inode(info))
	return state{
		size: info.Size(), stamp: max(stamp, unknownStamp+1),
		changed: max(nanoseconds(modified), nanoseconds(changed)),
	}
}

// nanoseconds is t since the epoch. UnixNano wraps around before 1678 and after
// 2262, and would take a time in the far future for one in the past.
func nanoseconds(t time.Time) int64 {
	switch s := t.Unix(); {
	case s <= math.MinInt64/int64(time.Second):
		return math.MinInt64
	case s >= math.MaxInt64/int64(time.Second):
		return math.MaxInt64
	}
	return t.UnixNano()
}
