package reader

import (
	"context"
	"io/fs"
	"math"
	"os"
	"time"
)

// openWithin opens a file or folder below root as open does, but by the means
// of Go's library: it takes 18 µs where openat2 takes 7, and a folder swapped
// for a link is followed if it leads to a place within root.
func openWithin(root, path string) (file, error) {
	var none file
	within, err := os.OpenRoot(root)
	if err != nil {
		return none, err
	}
	defer within.Close()
	f, err := within.OpenFile(path, openFlags, 0)
	if err != nil {
		return none, err
	}
	return fileOf(f)
}

// folder is an open folder: a file, or in tests what is made up.
type folder interface {
	// next appends to l.entries what the folder goes on with, in any order. It
	// returns false at the end.
	next(l *listing) (bool, error)
	// stateIn is the state of one of its entries.
	stateIn(e entry) state
	close()
}

// listing lists folders. It is reused, by one goroutine.
type listing struct {
	entries []entry
	buf     listBuffer
}

// list lists a folder as it comes. It may hold millions of files, which take
// seconds.
func (l *listing) list(ctx context.Context, f folder) error {
	l.entries = l.entries[:0]
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		if more, err := f.next(l); err != nil || !more {
			return err
		}
	}
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
	// refusedSize is the size of a file that its store cannot read, and says why.
	refusedSize = -2
	// noTwin stands for the stamp of a twin that is not there.
	noTwin = 0
	// unknownStamp is the stamp of a file that could not be asked. No state has
	// it.
	unknownStamp = 1
)

var unknown = state{size: unknownSize, stamp: unknownStamp}

// stateOf takes what Info and Stat return.
func stateOf(info fs.FileInfo, err error) state {
	if err != nil {
		return unknown
	}
	return newState(info.Size(), info.ModTime(), changeTime(info), inode(info))
}

func newState(size int64, modified, changed time.Time, inode uint64) state {
	stamp := mix(uint64(size))
	stamp = mix(stamp ^ uint64(modified.UnixNano()))
	stamp = mix(stamp ^ uint64(changed.UnixNano()))
	stamp = mix(stamp ^ inode)
	return state{
		size: size, stamp: max(stamp, unknownStamp+1),
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
