package archive

import (
	"archive/tar"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash"
	"hash/crc64"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/quern-data/quern/schema"
)

const tarBlock = 512

// errTar is the error of a tar archive that is broken as a whole.
func errTar(format string, args ...any) error {
	return fmt.Errorf("it is no whole tar archive: %s; fetch it again", fmt.Sprintf(format, args...))
}

// tarReader is the stream that a tar archive is, with what the library does not
// tell: how far it was read, and whether its end is marked.
type tarReader struct {
	ctx   context.Context
	from  io.Reader
	seek  io.Seeker // nil if it can only be read on
	at    int64
	check func() error   // of a stream, what it grows to
	last  [tarBlock]byte // what was read last
}

func (t *tarReader) Read(buf []byte) (int, error) {
	if err := t.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := t.from.Read(buf)
	t.at += int64(n)
	switch {
	case n >= tarBlock:
		copy(t.last[:], buf[n-tarBlock:n])
	case n > 0:
		copy(t.last[:], t.last[n:])
		copy(t.last[tarBlock-n:], buf[:n])
	}
	if t.check != nil {
		if err := t.check(); err != nil {
			return n, err
		}
	}
	return n, err
}

// seekable is a tarReader that skips what nobody reads.
type seekable struct{ *tarReader }

func (t seekable) Seek(offset int64, whence int) (int64, error) {
	at, err := t.seek.Seek(offset, whence)
	if err == nil {
		t.at = at
	}
	return at, err
}

// listTar reads the headers of a tar. keep is given each file, and reads
// it; nil for a tar whose members are read in
// place.
func (a *Archive) listTar(from io.Reader, keep func(m *Member, content io.Reader) error) error {
	t := &tarReader{ctx: a.ctx, from: from}
	var stream io.Reader = t
	if s, ok := from.(io.Seeker); ok {
		t.seek, stream = s, seekable{t}
	} else if u, ok := from.(*Unpacker); ok {
		t.check = func() error { return a.checkGrowth(t.at, u.Packed()) }
	}
	tr := tar.NewReader(stream)
	for {
		before := t.at
		h, err := tr.Next()
		switch {
		case errors.Is(err, io.EOF):
			return a.endTar(t, before, len(a.members)+len(a.lost) > 0)
		case errors.Is(err, io.ErrUnexpectedEOF):
			return errTar("it is cut short at byte %d", t.at)
		case errors.Is(err, tar.ErrHeader):
			return errTar("there is no header of a member before byte %d", t.at)
		case err != nil:
			return err
		}
		m, dir := tarMember(h, t.at)
		if h.Typeflag == tar.TypeXGlobalHeader {
			for key := range h.PAXRecords {
				if key == "path" || key == "size" || key == "linkpath" || strings.HasPrefix(key, "GNU.sparse.") {
					return fmt.Errorf("it gives %s for all of its members, which is not read: pack it anew", key)
				}
			}
			continue
		}
		if len(a.members) > maxMembers {
			return fmt.Errorf("it has more than %d members", maxMembers)
		}
		count := len(a.members)
		a.add(m, h.Name, dir)
		if keep == nil || len(a.members) == count {
			continue
		}
		if added := &a.members[count]; added.Mode == 0 && !added.hard && added.Problem == nil {
			if err := keep(added, tr); err != nil {
				if errors.Is(err, io.ErrUnexpectedEOF) {
					err = errTar("it is cut short at byte %d", t.at)
				}
				return err
			}
		}
	}
}

// maxMembers is how many members a tar may have: numbers of them are kept in 32
// bits.
const maxMembers = 1<<31 - 2

func (a *Archive) wanted(path string) bool { return a.options.Keep == nil || a.options.Keep(path) }

// tarMember is what a header says, of a member whose content starts at the offset.
func tarMember(h *tar.Header, at int64) (m Member, dir bool) {
	m = Member{Size: h.Size, offset: at}
	switch h.Typeflag {
	case tar.TypeReg, tar.TypeCont:
	case tar.TypeDir:
		return m, true
	case tar.TypeLink:
		m.Size, m.Link, m.hard = 0, h.Linkname, true
	case tar.TypeSymlink:
		m.Size, m.Link, m.Mode = 0, h.Linkname, fs.ModeSymlink
	case tar.TypeGNUSparse:
		m.Problem = errSparse
	default:
		m.Size, m.Mode = 0, fs.ModeIrregular
	}
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			m.Problem = errSparse
		}
	}
	return m, false
}

var errSparse = problem(schema.ArchiveMemberUnsupported, "the member is a sparse file, which is not read: pack it without --sparse")

// endTar looks at how a tar ends, which was read up to the block behind its last
// member: with two blocks of zeros, and nothing but zeros behind them.
func (a *Archive) endTar(t *tarReader, before int64, some bool) error {
	if t.last != [tarBlock]byte{} || t.at < before+tarBlock || !some && t.at < 2*tarBlock {
		return errTar("it ends at byte %d without the blocks that mark the end", t.at)
	}
	buf := make([]byte, 1<<16)
	for {
		at := t.at
		n, err := t.Read(buf)
		if i := bytes.IndexFunc(buf[:n], func(r rune) bool { return r != 0 }); i >= 0 {
			return fmt.Errorf("it goes on at byte %d, behind the blocks that mark its end: unpack it with tar -i, and pack it anew", at+int64(i))
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// A compressed tar over growthBytes that grows more than growthRatio times is
// refused.
const (
	growthBytes = 64 << 20
	growthRatio = 1000
)

// Grows reports whether bytes unpack to more than text does.
func Grows(unpacked, packed int64) bool {
	return unpacked > growthBytes && unpacked/growthRatio > packed
}

func (a *Archive) checkGrowth(unpacked, packed int64) error {
	switch {
	case unpacked > a.options.Bytes:
		return a.tooLarge()
	case Grows(unpacked, packed):
		return fmt.Errorf("it is no corpus: its first %d bytes unpack to %d", packed, unpacked)
	}
	return nil
}

// spool is a temporary file with the wanted members of a compressed tar, at the
// offsets that they have in the tar: there are holes between them. It has no name
// once it is open, or the next that is made removes it.
type spool struct {
	once sync.Once
	file *os.File
	err  error
}

func (s *spool) close() error {
	if s.file == nil {
		return nil
	}
	return CloseSpool(s.file)
}

// spoolName is the pattern of the names of spools, for as long as they have one.
const spoolName = "quern-spool-*"

// NewSpool opens a temporary file in the folder that TMPDIR names. It has no name,
// but on systems that cannot remove an open file: there it is removed when the next
// one is opened, if nobody has it open any more.
func NewSpool() (*os.File, error) {
	left, err := filepath.Glob(filepath.Join(os.TempDir(), spoolName))
	if err != nil {
		return nil, err
	}
	for _, name := range left {
		_ = os.Remove(name)
	}
	f, err := os.CreateTemp("", spoolName)
	if err != nil {
		return nil, fmt.Errorf("no temporary file to unpack it to: %w", err)
	}
	_ = os.Remove(f.Name())
	return f, nil
}

// CloseSpool closes a file of NewSpool, and removes it where it has its name yet.
func CloseSpool(f *os.File) error {
	err := f.Close()
	_ = os.Remove(f.Name())
	return err
}

// listPacked lists a compressed tar: one pass over all of it, in which its members
// are hashed.
func (a *Archive) listPacked() error {
	t, err := a.unpack()
	if err != nil {
		return err
	}
	defer func() { _ = t.Close() }()
	return a.listTar(t.Unpacker, func(m *Member, content io.Reader) (err error) {
		_, m.Stamp, err = t.copy(io.Discard, content)
		return err
	})
}

// unpacking is a compressed tar that is unpacked from its start.
type unpacking struct {
	*Unpacker
	buf []byte
	sum hash.Hash64
}

func (a *Archive) unpack() (*unpacking, error) {
	u, err := NewUnpacker(string(a.format), io.NewSectionReader(a.file, 0, a.size))
	if err != nil {
		return nil, fmt.Errorf("it is no whole %s archive: %w", a.format, err)
	}
	return &unpacking{u, make([]byte, copyBytes), crc64.New(crcTable)}, nil
}

// copy writes the content of a member, and returns its size and its stamp.
func (t *unpacking) copy(to io.Writer, content io.Reader) (n int64, stamp uint64, err error) {
	t.sum.Reset()
	n, err = io.CopyBuffer(io.MultiWriter(t.sum, to), onlyReader{content}, t.buf)
	return n, mix(mix(uint64(n)) ^ t.sum.Sum64()), err
}

const copyBytes = 1 << 16

// onlyReader keeps the library from having tar's reader write by itself.
type onlyReader struct{ io.Reader }

var crcTable = crc64.MakeTable(crc64.ECMA)

// spooled is the file that has the wanted members, at the offsets that they have in
// the tar. Whoever asks first unpacks it; the others wait.
func (a *Archive) spooled() (io.ReaderAt, error) {
	s := &a.spool
	s.once.Do(func() {
		if s.file, s.err = NewSpool(); s.err == nil {
			s.err = a.fill(s.file)
		}
	})
	return s.file, s.err
}

// fill writes the wanted members to their places in file.
func (a *Archive) fill(file *os.File) error {
	var order []*Member
	for i := range a.members {
		if m := &a.members[i]; m.Stamp != 0 && a.wanted(m.Path) {
			order = append(order, m)
		}
	}
	slices.SortFunc(order, func(x, y *Member) int { return cmp.Compare(x.offset, y.offset) })
	order = slices.CompactFunc(order, func(x, y *Member) bool { return x.offset == y.offset }) // hard links
	t, err := a.unpack()
	if err != nil {
		return err
	}
	defer func() { _ = t.Close() }()
	at := int64(0)
	for _, m := range order {
		if err := a.ctx.Err(); err != nil {
			return err
		}
		if _, err := io.CopyBuffer(io.Discard, io.LimitReader(onlyReader{t}, m.offset-at), t.buf); err != nil {
			return err
		}
		n, stamp, err := t.copy(&spoolWriter{at: m.offset, file: file}, io.LimitReader(t, m.Size))
		if err != nil {
			return err
		}
		if n != m.Size || stamp != m.Stamp {
			return errors.New("it is not the archive any more that was listed")
		}
		at = m.offset + m.Size
	}
	return nil
}

// spoolWriter writes on from an offset.
type spoolWriter struct {
	file *os.File
	at   int64
}

func (w *spoolWriter) Write(buf []byte) (int, error) {
	n, err := w.file.WriteAt(buf, w.at)
	w.at += int64(n)
	if err != nil {
		err = fmt.Errorf("it cannot be unpacked to a temporary file, for which TMPDIR names the folder: %w", err)
	}
	return n, err
}
