package reader

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/reader/archive"
)

// contentPath is the path that a file would have if it were not compressed: what
// globs and patterns are compared with, and ids are made of.
func contentPath(path string) string {
	path, _ = archive.Unpacked(path)
	return path
}

func isPacked(path string) bool {
	_, packed := archive.Unpacked(path)
	return packed
}

const (
	// usualGrowth is how many times larger than its file a compressed text is taken
	// to be where shards are cut.
	usualGrowth = 4
	// mostGrowth is how many times larger a document may be. Memory is set aside for
	// that before it is read. What is smaller than leastGrown may be as large as that.
	mostGrowth = 100
	leastGrown = 64 << 10
)

// usualSize is about what a file of the given size unpacks to.
func (p *Plan) usualSize(packed int64) int64 {
	if packed <= 0 || packed > int64(p.limit) {
		return packed
	}
	return min(usualGrowth*packed, int64(p.limit))
}

// mostSize is what a document in a file of the given size unpacks to, at most.
func (p *Plan) mostSize(path string, size int64) int64 { return p.mostOf(size, isPacked(path)) }

// mostTwin is mostSize of the twin of r. Which file that is is not kept; if any is
// compressed, all are taken for that.
func (p *Plan) mostTwin(r *record) int64 { return p.mostOf(r.twinSize, len(p.twins) > 0) }

func (p *Plan) mostOf(size int64, packed bool) int64 {
	if !packed || size <= 0 || size > int64(p.limit) {
		return max(size, 0)
	}
	return min(max(mostGrowth*size, leastGrown), int64(p.limit))
}

// open opens a file of the plan, so that it reads as what it unpacks to.
func (p *Plan) open(path string) (handle, error) {
	f, err := p.store.open(path)
	if err != nil {
		return nil, err
	}
	if m, ok := f.(*member); isPacked(path) || ok && !m.anywhere() {
		return &packedFile{handle: f, plan: p, path: path, packed: isPacked(path)}, nil
	}
	return f, nil
}

// packedFile is an open file that lies compressed, or as a compressed member of an
// archive.
type packedFile struct {
	handle
	plan   *Plan
	path   string
	packed bool // rather than a member that is unpacked as it is read

	from  *archive.Unpacker // nil until something is read
	n     int64             // bytes that were read
	ended bool
	whole *unpackedFile // nil until something is read anywhere
}

func (f *packedFile) read(buf []byte) (int, error) {
	if !f.packed {
		return f.handle.read(buf)
	}
	if len(buf) == 0 {
		return 0, nil
	}
	if f.from == nil {
		var err error
		if f.from, err = archive.NewUnpacker(f.path, handleReader{f.handle}); err != nil {
			return 0, err
		}
	}
	for !f.ended {
		n, err := f.from.Read(buf)
		switch f.n += int64(n); {
		case errors.Is(err, io.EOF):
			f.ended = true
		case err != nil:
			return 0, err
		}
		if err := f.plan.checkGrowth(f.n, f.from.Packed()); err != nil {
			return 0, err
		}
		if n > 0 {
			return n, nil
		}
	}
	return 0, nil
}

// A file that is not a document itself may grow as a compressed tar may.
func (p *Plan) checkGrowth(unpacked, packed int64) error {
	switch {
	case p.archiveBytes > 0 && unpacked > p.archiveBytes:
		return &archive.Problem{Code: schema.ArchiveBomb, Text: fmt.Sprintf("the file unpacks to more than limits.archive_bytes, %d bytes", p.archiveBytes)}
	case archive.Grows(unpacked, packed):
		return &archive.Problem{Code: schema.ArchiveBomb, Text: fmt.Sprintf("the first %d bytes of the file unpack to %d", packed, unpacked)}
	}
	return nil
}

// tooLarge is why a document of more than most bytes is refused.
func (f *packedFile) tooLarge(most int64) error {
	if most >= int64(f.plan.limit) {
		return &archive.Problem{Code: schema.FileTooLarge, Text: fmt.Sprintf("the file unpacks to more bytes than limits.document_bytes, %s", f.plan.limit)}
	}
	return &archive.Problem{Code: schema.ArchiveBomb, Text: fmt.Sprintf("the file unpacks to more than %d times its size", mostGrowth)}
}

// state has the size of what was unpacked, if that was all.
func (f *packedFile) state() (state, error) {
	st, err := f.handle.state()
	if f.packed {
		st.size = unknownSize
		if f.ended {
			st.size = f.n
		}
	}
	return st, err
}

func (f *packedFile) readAt(buf []byte, offset int64) (int, error) {
	if f.whole == nil {
		st, err := f.handle.state()
		if err != nil {
			return 0, err
		}
		if f.whole, err = f.plan.unpacked.get(f.path, st.stamp, f.unpack); err != nil {
			return 0, err
		}
	}
	n, err := f.whole.ReadAt(buf, offset)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

// unpack writes all of the file.
func (f *packedFile) unpack(to io.Writer) error {
	from, err := f.plan.store.open(f.path)
	if err != nil {
		return err
	}
	defer from.close()
	before, err := from.state()
	if err != nil {
		return err
	}
	again := &packedFile{handle: from, plan: f.plan, path: f.path, packed: f.packed}
	defer again.end()
	buf := make([]byte, 64<<10)
	for {
		if err := f.plan.ctx.Err(); err != nil {
			return err
		}
		n, err := again.read(buf)
		if err != nil {
			return err
		}
		if n == 0 {
			break
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return &rootError{fmt.Errorf("%s cannot be unpacked to a temporary file, for which TMPDIR names the folder: %w", f.path, err)}
		}
	}
	after, err := from.state()
	if err == nil && after.stamp != before.stamp {
		err = errChanging
	}
	return err
}

// end gives up what unpacking takes.
func (f *packedFile) end() {
	if f.from != nil {
		_ = f.from.Close()
	}
}

func (f *packedFile) close() {
	f.end()
	if f.whole != nil {
		f.plan.unpacked.release(f.whole)
	}
	f.handle.close()
}

// handleReader is a handle as an io.Reader.
type handleReader struct{ handle }

func (r handleReader) Read(buf []byte) (int, error) {
	n, err := r.read(buf)
	if err == nil && n == 0 && len(buf) > 0 {
		err = io.EOF
	}
	return n, err
}

const (
	// keptUnpacked is how many unpacked files are kept that nobody reads just now: a
	// shard seldom has records of more.
	keptUnpacked = 16
	// smallUnpacked is up to how many bytes they are kept in memory.
	smallUnpacked = 1 << 20
)

// unpackedFiles are files that were unpacked to be read anywhere: small ones in
// memory, others in temporary files that have no name. It is safe for concurrent use.
type unpackedFiles struct {
	mutex sync.Mutex
	files []*unpackedFile // what was asked for last stands last
}

type unpackedFile struct {
	path  string
	stamp uint64 // of the state of the file
	users int
	once  sync.Once
	err   error
	data  []byte
	file  *os.File // nil if data has all
}

func (f *unpackedFile) ReadAt(buf []byte, offset int64) (int, error) {
	if f.file != nil {
		return f.file.ReadAt(buf, offset)
	}
	return bytes.NewReader(f.data).ReadAt(buf, offset)
}

// Write is how it is filled.
func (f *unpackedFile) Write(buf []byte) (int, error) {
	if f.file == nil {
		if len(f.data)+len(buf) <= smallUnpacked {
			f.data = append(f.data, buf...)
			return len(buf), nil
		}
		var err error
		if f.file, err = archive.NewSpool(); err != nil {
			return 0, err
		}
		if _, err := f.file.Write(f.data); err != nil {
			return 0, err
		}
		f.data = nil
	}
	return f.file.Write(buf)
}

// get is the file at a path in a state, which unpack writes if nobody has before. It
// must be released, unless there is an error.
func (u *unpackedFiles) get(path string, stamp uint64, unpack func(io.Writer) error) (*unpackedFile, error) {
	f := u.take(path, stamp)
	f.once.Do(func() { f.err = unpack(f) })
	if f.err != nil {
		u.release(f)
		return nil, f.err
	}
	return f, nil
}

func (u *unpackedFiles) take(path string, stamp uint64) *unpackedFile {
	u.mutex.Lock()
	defer u.mutex.Unlock()
	for i, f := range u.files {
		if f.path == path && f.stamp == stamp {
			u.files = append(append(u.files[:i:i], u.files[i+1:]...), f)
			f.users++
			return f
		}
	}
	f := &unpackedFile{path: strings.Clone(path), stamp: stamp, users: 1}
	u.files = append(u.files, f)
	return f
}

func (u *unpackedFiles) release(f *unpackedFile) {
	u.mutex.Lock()
	defer u.mutex.Unlock()
	f.users--
	idle := 0
	for _, other := range u.files {
		if other.users == 0 {
			idle++
		}
	}
	kept := u.files[:0]
	for _, other := range u.files {
		if other.users > 0 || other.err == nil && idle <= keptUnpacked {
			kept = append(kept, other)
			continue
		}
		idle--
		other.discard()
	}
	clear(u.files[len(kept):])
	u.files = kept
}

func (f *unpackedFile) discard() {
	if f.file != nil {
		_ = archive.CloseSpool(f.file)
		f.file = nil
	}
	f.data = nil
}
