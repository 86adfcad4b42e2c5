package reader

import (
	"errors"
	"io/fs"
	"strings"
)

// withoutExtension cuts the extension off the last element. A name that is
// nothing but an extension stays.
func withoutExtension(path string) string {
	base := strings.LastIndexByte(path, '/') + 1
	if dot := strings.LastIndexByte(path[base:], '.'); dot > 0 {
		return path[:base+dot]
	}
	return path
}

// join makes a path that keeps nothing of dir and name.
func join(dir, name string) string {
	if dir == "" {
		return strings.Clone(name)
	}
	return dir + "/" + name
}

// contains reports whether path is dir or lies below it; "" is the root.
func contains(dir, path string) bool {
	rest, ok := strings.CutPrefix(path, dir)
	return ok && (dir == "" || rest == "" || rest[0] == '/')
}

// reason is what the operating system said, without the path: messages stand in
// tables, which must be the same wherever the corpus lies.
func reason(err error) string {
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		err = e.Err
	}
	return err.Error()
}
