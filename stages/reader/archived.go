package reader

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/reader/archive"
)

// archived is a store: an archive that is read as if it were unpacked. It has its
// file open, so that an archive that is renamed into its place changes nothing for a
// run that is at it.
type archived struct {
	name   string // of the file, as the config gives it
	file   *os.File
	info   fs.FileInfo // of file when it was listed
	state  state       // likewise
	follow bool
	*archive.Archive
}

// rootError is an error that every file of a corpus would meet.
type rootError struct{ error }

// openArchive opens the archive at full, which the config knows under the name root.
func (s *scanner) openArchive(root, full string) (store, error) {
	suffix := config.ArchiveSuffix(root)
	if suffix == "" {
		return nil, fmt.Errorf("root %s is neither a folder nor an archive: .zip, .tar, .tar.gz, .tgz and .tar.zst are read", root)
	}
	if s.limits.ArchiveBytes <= 0 {
		return nil, fmt.Errorf("limits.archive_bytes is %d: it must be positive", s.limits.ArchiveBytes)
	}
	file, err := os.OpenFile(full, openFlags, 0)
	if err != nil {
		return nil, fmt.Errorf("root: %w", err)
	}
	a := &archived{name: filepath.Base(root), file: file, follow: s.corpus.FollowSymlinks}
	if a.info, err = file.Stat(); err == nil {
		if !a.info.Mode().IsRegular() {
			err = errors.New("it is no file")
		} else {
			a.state = stateOf(a.info, nil)
			a.Archive, err = archive.Open(s.ctx, file, a.info.Size(), archive.Format(suffix), archive.Options{
				Bytes: int64(s.limits.ArchiveBytes), Keep: s.kept(),
			})
		}
	}
	if err == nil {
		err = a.check()
	}
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("root: %s: %w", root, err)
	}
	return a, nil
}

// kept says which paths may be read, nil for all.
func (s *scanner) kept() func(string) bool {
	if hasTwins(s.corpus) || s.corpus.FollowSymlinks {
		return nil // twins and targets of links may lie anywhere
	}
	return func(path string) bool { return s.rule(path).rule == "" }
}

func (a *archived) prefix() string { return a.name + "!/" }

func (a *archived) lost() []archive.Lost { return a.Lost() }

func (a *archived) problem(path string) *archive.Problem {
	if m, err := a.at(path); err == nil && m.Problem != nil {
		return m.Problem
	}
	return &archive.Problem{Code: schema.ArchiveMemberBroken, Text: "the member cannot be read"}
}

// check compares the file with what it was when its members were listed. Its times
// of change are not looked at: another archive in its place changes them.
func (a *archived) check() error {
	info, err := a.file.Stat()
	if err != nil {
		return err
	}
	if info.Size() != a.info.Size() || !info.ModTime().Equal(a.info.ModTime()) {
		return errors.New("it is being written: run again when whatever writes it is done")
	}
	return nil
}

// archivedFolder is a folder of an archive.
type archivedFolder struct {
	of      *archived
	path    string
	members []*archive.Member // its files, in the order of their names
	at      int               // of the one that was asked for last
}

func (a *archived) folder(path string) (folder, error) {
	return &archivedFolder{of: a, path: path}, nil
}

func (f *archivedFolder) next(l *listing) (bool, error) {
	found := f.of.Folder(f.path, func(name string, m *archive.Member) {
		f.members = append(f.members, m)
		l.entries = append(l.entries, entry{name: name, mode: m.Mode})
	}, func(name string) {
		l.entries = append(l.entries, entry{name: name, mode: fs.ModeDir})
	})
	if !found {
		return false, syscall.ENOENT
	}
	return false, nil
}

func (f *archivedFolder) stateIn(e entry) state {
	dir := len(f.path)
	if dir > 0 {
		dir++ // the slash
	}
	for range f.members {
		if m := f.members[f.at]; m.Path[dir:] == e.name {
			return f.of.stateOf(m)
		}
		f.at = (f.at + 1) % len(f.members)
	}
	return unknown
}

func (f *archivedFolder) close() {}

// stateOf is the state of a member: made of its content where the archive says
// enough of that, else of the archive.
func (a *archived) stateOf(m *archive.Member) state {
	st := state{size: m.Size, stamp: m.Stamp}
	if m.Problem != nil {
		st.size = refusedSize
	}
	if st.stamp == 0 {
		st.stamp = mix(a.state.stamp ^ mix(hash(m.Path)))
		st.changed = a.state.changed
	}
	st.stamp = max(st.stamp, unknownStamp+1)
	return st
}

func (a *archived) stateAt(path string) state {
	if m := a.Find(path); m != nil {
		return a.stateOf(m)
	}
	return unknown
}

// at is the member that a path leads to.
func (a *archived) at(path string) (*archive.Member, error) {
	if a.follow {
		_, _, target, err := a.resolve(path)
		if err != nil {
			return nil, err
		}
		path = target
	}
	if m := a.Find(path); m != nil && m.Mode == 0 {
		return m, nil
	}
	return nil, syscall.ENOENT
}

const (
	// maxLinks is how many links are followed on the way to one file.
	maxLinks = 40
	// maxLinkBytes is how long the path is that a link in a zip leads to, at most.
	maxLinkBytes = 4096
)

func (a *archived) resolve(path string) (mode fs.FileMode, st state, target string, err error) {
	links := 0
	for rest := path; rest != ""; {
		var element string
		element, rest, _ = strings.Cut(rest, "/")
		switch element {
		case "", ".":
			continue
		case "..":
			if target == "" {
				return 0, unknown, "", errOutside
			}
			target = target[:max(strings.LastIndexByte(target, '/'), 0)]
			continue
		}
		next := join(target, element)
		m := a.Find(next)
		if m == nil || m.Mode&fs.ModeSymlink == 0 {
			target = next
			continue
		}
		if links++; links > maxLinks {
			return 0, unknown, "", syscall.ELOOP
		}
		to, err := a.linkOf(m)
		switch {
		case err != nil:
			return 0, unknown, "", err
		case strings.HasPrefix(to, "/"):
			return 0, unknown, "", errOutside
		case rest != "":
			to += "/" + rest
		}
		rest = to
	}
	if m := a.Find(target); m != nil {
		return m.Mode, a.stateOf(m), target, nil
	}
	if !a.Folder(target, func(string, *archive.Member) {}, func(string) {}) {
		return 0, unknown, "", syscall.ENOENT
	}
	return fs.ModeDir, unknown, target, nil
}

// linkOf is where a link leads. A zip has that as its content.
func (a *archived) linkOf(m *archive.Member) (string, error) {
	if m.Link != "" {
		return m.Link, nil
	}
	c, err := a.Open(m)
	if err != nil {
		return "", err
	}
	defer c.Close()
	to, err := io.ReadAll(io.LimitReader(c, maxLinkBytes))
	return string(to), err
}

func (a *archived) open(path string) (handle, error) {
	m, err := a.at(path)
	if err != nil {
		return nil, err
	}
	c, err := a.Open(m)
	if err != nil {
		return nil, memberError(err)
	}
	return &member{a, m, c}, nil
}

// memberError is a fault of the archive, unless it is one of the member alone.
func memberError(err error) error {
	if problem := (*archive.Problem)(nil); errors.As(err, &problem) {
		return err
	}
	return &rootError{err}
}

// member is an open file of an archive.
type member struct {
	of      *archived
	is      *archive.Member
	content archive.Content
}

func (m *member) read(buf []byte) (int, error) {
	for {
		n, err := m.content.Read(buf)
		switch {
		case errors.Is(err, io.EOF):
			return n, nil
		case err != nil:
			return 0, memberError(err)
		case n > 0 || len(buf) == 0:
			return n, nil
		}
	}
}

// anywhere reports whether readAt works.
func (m *member) anywhere() bool {
	_, ok := m.content.(io.ReaderAt)
	return ok
}

func (m *member) readAt(buf []byte, offset int64) (int, error) {
	at, ok := m.content.(io.ReaderAt)
	if !ok {
		return 0, errors.ErrUnsupported
	}
	n, err := at.ReadAt(buf, offset)
	if err == nil || errors.Is(err, io.EOF) {
		return n, nil
	}
	return n, memberError(err)
}

func (m *member) state() (state, error) {
	if err := m.of.check(); err != nil {
		return unknown, &rootError{err}
	}
	return m.of.stateOf(m.is), nil
}

func (m *member) close() { m.content.Close() }
