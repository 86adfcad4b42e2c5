// Package archive lists the members of zip and tar archives, as they would lie in
// a folder if the archive were unpacked, and reads them in place.
//
// It knows how archives are written, and trusts nothing that stands in one: sizes,
// names, offsets and checksums may be anything. What is wrong with one member is a
// Problem of that member; what leaves it open which members there are is an error.
// It must not know what a corpus is. It does not log, and starts no goroutines.
package archive

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"sort"
	"strings"

	"github.com/quern-data/quern/schema"
)

// Format is how an archive is written.
type Format string

// The formats, by the ends of their names, see config.ArchiveSuffix.
const (
	Zip     Format = ".zip"
	Tar     Format = ".tar"
	TarGzip Format = ".tar.gz"
	TarZstd Format = ".tar.zst"
)

// Options bound what an archive may hold, and say what is wanted of it.
type Options struct {
	// Bytes is how much all members may hold unpacked.
	Bytes int64
	// Keep says of a path whether it will be read: of a compressed tar, only these
	// can be. Nil means all.
	Keep func(path string) bool
}

// Archive is an archive whose members are known. It is safe for concurrent use.
type Archive struct {
	ctx     context.Context
	file    io.ReaderAt
	size    int64
	format  Format
	options Options
	members []Member // by path
	lost    []Lost
	end     int64 // of a zip: where its members end and the directory starts
	spool   spool // of a compressed tar
}

// Member is a file, link or other thing in an archive. Folders are none: they
// follow from paths.
type Member struct {
	Path string      // as unpacked: slash-separated, without . and .., any bytes
	Mode fs.FileMode // its type: 0, ModeSymlink or ModeIrregular
	Link string      // where a symbolic link leads, in a tar
	Size int64       // in bytes, unpacked
	// Stamp is made of what decides the content, without where in the archive it
	// lies; 0 where the archive says too little for that.
	Stamp uint64
	// Problem says why the member cannot be read, nil if it perhaps can.
	Problem *Problem

	offset int64 // of its local header in a zip, of its data in a tar
	packed int64 // bytes in a zip
	crc    uint32
	name   uint32 // checksum of its name as the directory of a zip has it
	order  int32  // in the archive
	method uint16 // of compression, in a zip
	hard   bool   // whether it is a hard link to Link
}

// Lost is a member that has no place of its own.
type Lost struct {
	Name string // as the archive has it
	Problem
}

// Problem is what is wrong with a member.
type Problem struct {
	Code schema.Code
	Text string
}

func (p *Problem) Error() string { return p.Text }

func problem(code schema.Code, format string, args ...any) *Problem {
	return &Problem{code, fmt.Sprintf(format, args...)}
}

// Open lists the members of an archive of the given size. An error says that the
// archive as a whole is broken, holds more than it may, or cannot be read; ctx ends
// that, and later the unpacking of a compressed tar.
func Open(ctx context.Context, file io.ReaderAt, size int64, format Format, o Options) (*Archive, error) {
	a := &Archive{ctx: ctx, file: file, size: size, format: format, options: o}
	var err error
	switch format {
	case Zip:
		err = a.listZip()
	case Tar:
		err = a.listTar(io.NewSectionReader(file, 0, size), nil)
	case TarGzip, TarZstd:
		err = a.listPacked()
	default:
		err = fmt.Errorf("no format %q of archives", format)
	}
	if err == nil {
		err = a.settle()
	}
	if err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

// Close gives up what the archive holds besides its file.
func (a *Archive) Close() error { return a.spool.close() }

// add notes a member under the name that the archive has for it. Names may go
// through ./ and hold empty elements, as tar writes them.
func (a *Archive) add(m Member, name string, dir bool) {
	path, ok := clean(name)
	switch {
	case !ok:
		a.lost = append(a.lost, Lost{name, Problem{
			schema.ArchiveMemberUnsafe, "the member's name leads out of the folder that the archive would be unpacked to",
		}})
	case !dir && path != "":
		m.Path, m.order = path, int32(len(a.members))
		a.members = append(a.members, m)
	}
}

// clean is the path below the root that a name leads to. ok is false for one that
// might lead elsewhere.
func clean(name string) (path string, ok bool) {
	if strings.HasPrefix(name, "/") || strings.HasPrefix(name, `\`) || strings.IndexByte(name, 0) >= 0 ||
		len(name) >= 2 && name[1] == ':' && (name[0]|0x20 >= 'a' && name[0]|0x20 <= 'z') {
		return "", false
	}
	simple := name != ""
	for element := range strings.SplitSeq(name, "/") {
		if element == ".." || strings.HasPrefix(element, `..\`) || strings.HasSuffix(element, `\..`) || strings.Contains(element, `\..\`) {
			return "", false
		}
		simple = simple && element != "" && element != "."
	}
	if simple {
		return name, true
	}
	var kept []string
	for element := range strings.SplitSeq(name, "/") {
		if element != "" && element != "." {
			kept = append(kept, element)
		}
	}
	return strings.Join(kept, "/"), true
}

// settle sorts the members, and keeps of several with one path the last, which is
// what unpacking leaves. Hard links become what they lead to.
func (a *Archive) settle() error {
	slices.SortFunc(a.members, func(x, y Member) int {
		return cmp.Or(cmp.Compare(x.Path, y.Path), cmp.Compare(x.order, y.order))
	})
	kept := a.members[:0]
	for i := range a.members {
		m := &a.members[i]
		if i+1 < len(a.members) && a.members[i+1].Path == m.Path {
			a.lost = append(a.lost, Lost{m.Path, Problem{
				schema.ArchiveMemberDuplicate, "the archive has another member of this name behind this one, which takes its place as when unpacked",
			}})
			continue
		}
		kept = append(kept, *m)
	}
	clear(a.members[len(kept):])
	a.members = kept
	var total int64
	for i := range a.members {
		m := &a.members[i]
		if m.hard {
			a.follow(m)
			m.hard = false
		}
		if total += m.Size; total > a.options.Bytes || total < 0 {
			return a.tooLarge()
		}
	}
	return nil
}

// maxHardLinks is how many hard links may lead to each other.
const maxHardLinks = 40

// follow makes a hard link the file that it leads to.
func (a *Archive) follow(m *Member) {
	at := m
	for range maxHardLinks {
		path, ok := clean(at.Link)
		if !ok {
			m.Problem = problem(schema.ArchiveMemberUnsafe, "the hard link leads out of the archive")
			return
		}
		if at = a.Find(path); at == nil {
			m.Problem = problem(schema.ArchiveMemberBroken, "the hard link leads to a file that the archive does not hold")
			return
		}
		if !at.hard {
			m.Mode, m.Link, m.Size, m.Stamp, m.Problem, m.offset = at.Mode, at.Link, at.Size, at.Stamp, at.Problem, at.offset
			return
		}
	}
	m.Problem = problem(schema.ArchiveMemberBroken, "the hard link leads back to itself")
}

func (a *Archive) tooLarge() error {
	return fmt.Errorf("its members hold more than limits.archive_bytes, %d bytes, when they are unpacked: raise the limit if the archive is what it should be", a.options.Bytes)
}

// Members are those that have a place, by path. The caller must not change them.
func (a *Archive) Members() []Member { return a.members }

// Lost are members that have none.
func (a *Archive) Lost() []Lost { return a.lost }

// Find is the member with a path, nil if there is none.
func (a *Archive) Find(path string) *Member {
	i, ok := slices.BinarySearchFunc(a.members, path, func(m Member, path string) int { return cmp.Compare(m.Path, path) })
	if !ok {
		return nil
	}
	return &a.members[i]
}

// Folder lists what lies in a folder: "" is the root. A name is both where
// the archive has a file and files below it. It returns false if there is no such
// folder.
func (a *Archive) Folder(path string, file func(name string, m *Member), folder func(name string)) bool {
	prefix := path
	if path != "" {
		prefix += "/"
	}
	// All that lies below the folder stands together, and so does all that lies
	// below one in it.
	i := sort.Search(len(a.members), func(i int) bool { return a.members[i].Path >= prefix })
	found := path == ""
	for i < len(a.members) {
		name, ok := strings.CutPrefix(a.members[i].Path, prefix)
		if !ok {
			break
		}
		found = true
		slash := strings.IndexByte(name, '/')
		if slash < 0 {
			file(name, &a.members[i])
			i++
			continue
		}
		name = name[:slash]
		folder(name)
		behind := prefix + name + "0" // '0' follows '/'
		i += sort.Search(len(a.members)-i, func(k int) bool { return a.members[i+k].Path >= behind })
	}
	return found
}

// Content is an open member.
type Content interface {
	// Read returns io.EOF only when the content was found to be whole, and the last
	// bytes with it or with an error.
	io.ReadCloser
}

// Open opens a member. What is wrong with it alone is a *Problem, here and when it
// is read. A Content that is an io.ReaderAt can be read anywhere.
func (a *Archive) Open(m *Member) (Content, error) {
	if m.Problem != nil {
		return nil, m.Problem
	}
	switch a.format {
	case Zip:
		return a.openZip(m)
	case Tar:
		return stretch{io.NewSectionReader(a.file, m.offset, m.Size)}, nil
	}
	if !a.wanted(m.Path) {
		return nil, fmt.Errorf("%s was not to be kept", m.Path)
	}
	file, err := a.spooled()
	if err != nil {
		return nil, err
	}
	return stretch{io.NewSectionReader(file, m.offset, m.Size)}, nil
}

// stretch is a member that lies as it is in a file.
type stretch struct{ *io.SectionReader }

func (stretch) Close() error { return nil }
