package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/quern-data/quern/stages/disk"
	"github.com/quern-data/quern/stages/snapshot"
)

// target is a file that a command makes or, if there is one, replaces.
type target struct {
	name    string // in full, and no link
	replace bool
	mode    fs.FileMode // permissions of the file that is replaced, 0 if there is none
}

// findTarget is the file that a name leads to. A file that exists is replaced only
// if replace says so, and nothing of Quern's ever.
func findTarget(name string, replace bool) (*target, error) {
	if name == "" || os.IsPathSeparator(name[len(name)-1]) {
		return nil, usageError{fmt.Errorf("%q is no name of a file", name)}
	}
	path, err := filepath.Abs(name)
	if err != nil {
		return nil, err
	}
	if leadsToStream(path) {
		return nil, usageError{fmt.Errorf("%s leads to what is open already, and a file cannot stand in its place: redirect the output instead", name)}
	}
	info, err := os.Lstat(path)
	if err == nil && info.Mode()&fs.ModeSymlink != 0 {
		real, err := filepath.EvalSymlinks(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, usageError{fmt.Errorf("%s is a link that leads nowhere: remove it, or name the file that it should lead to", name)}
		}
		if err != nil {
			return nil, err
		}
		path = real
	}
	parent, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	path = filepath.Join(parent, filepath.Base(path))
	if owned := snapshot.Owned(path); owned != "" {
		return nil, usageError{fmt.Errorf("%s lies in %s, which Quern alone writes to: choose another folder", name, owned)}
	}
	t := &target{name: path, replace: replace}
	switch info, err := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, usageError{fmt.Errorf("%s is no ordinary file, and cannot be replaced by one", name)}
	case !replace:
		return nil, fmt.Errorf("%s exists: give another name, or replace it with --replace", name)
	default:
		t.mode = info.Mode().Perm()
	}
	return t, nil
}

// maxLinks is how many links are followed, as by Linux.
const maxLinks = 40

// leadsToStream reports whether a path leads over a link of the system to what a
// process has open, as /dev/stdout does: to what that is redirected to, which would
// be replaced while it is written to.
func leadsToStream(path string) bool {
	for range maxLinks {
		parent, err := filepath.EvalSymlinks(filepath.Dir(path))
		if err != nil {
			return false
		}
		to, err := os.Readlink(filepath.Join(parent, filepath.Base(path)))
		if err != nil {
			return false
		}
		if parent == "/dev" || strings.HasPrefix(parent, "/proc/") {
			return true
		}
		if path = to; !filepath.IsAbs(to) {
			path = filepath.Join(parent, to)
		}
	}
	return false
}

// write has the file written under another name, in a folder beside it, and gives
// it its own when it is complete. If it fails or is interrupted, nothing is left.
func (t *target) write(ctx context.Context, write func(file string) error) (err error) {
	var d *disk.Disk
	temp, err := d.MkdirTemp(filepath.Dir(t.name), "."+filepath.Base(t.name)+".tmp-")
	if err != nil {
		return err
	}
	remove := removeAfter(ctx, temp)
	defer func() { err = errors.Join(err, remove()) }()
	file := filepath.Join(temp, filepath.Base(t.name))
	if err := write(file); err != nil {
		return err
	}
	if t.mode != 0 {
		if err := os.Chmod(file, t.mode); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if t.replace {
		return d.Rename(file, t.name)
	}
	// Unlike a rename, a link never replaces what someone else made meanwhile.
	return d.LinkOrCopy(file, t.name)
}

// removeAfter returns what removes a temporary folder when the work in it ends. If that is
// interrupted, the folder is removed already then: the work may not end in time.
func removeAfter(ctx context.Context, folder string) (end func() error) {
	stop := context.AfterFunc(ctx, func() { _ = os.RemoveAll(folder) })
	return func() error {
		stop()
		return os.RemoveAll(folder)
	}
}
