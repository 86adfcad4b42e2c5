package reader

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"syscall"

	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/reader/archive"
)

// Reader reads the documents of a plan. It reuses what it works with: each
// goroutine needs one of its own. It may hold a compressed file of records open, until
// it is closed.
type Reader struct {
	plan    *Plan
	capture capture
	values  []string          // of fields
	piece   capture           // of a piece
	buf     []byte            // for a file that is a piece
	block   block             // of the file of the record that was read last
	header  block             // of its header
	during  func(path string) // what a test does behind the first bytes of a reading
}

// NewReader returns a Reader of the plan's documents.
func (p *Plan) NewReader() *Reader { return &Reader{plan: p} }

var (
	// errTooLarge is why a file over limits.document_bytes was not read to its
	// end.
	errTooLarge = errors.New("it has more bytes than limits.document_bytes")
	// errChanging is why none of what was read of a file can be trusted.
	errChanging = errors.New("it was being written while it was read")
)

// readings is how often a file that changes is read.
const readings = 3

// Read fills src with entry i: its id, attributes, bytes and twin, and what
// there is to say about them. The buffers of src are reused; they hold at most
// limits.document_bytes+1 bytes each, and the headers of records besides.
//
// If there is no document, because the entry is about a folder, because the
// plan refuses it or because the file is gone, cannot be read, is too large,
// is being written or holds white space alone, src.Refused is true. Data and
// SHA256 are then set only if the file was read to its end. A document of several
// pieces is refused if any of them cannot be read.
//
// A file that changed since the scan is read as it is now, unless it changes
// while it is read, and again at the second and third try. A twin that appeared
// since is not looked for. Unless file and twin were both read in the state
// that the scan saw, src.Unsettled is true. Where the content of a file decided what
// its documents are, a document is refused if that has changed.
//
// An error means that the fault is not the document's, and that the next one
// would meet it too: the process is out of file descriptors or memory, the
// root is gone or another than the one that was scanned, or an archive cannot be read.
func (r *Reader) Read(i int, src *schema.Source) error {
	p := r.plan
	if !p.describe(i, src, &r.capture) {
		return nil
	}
	from, to := p.pieceRange(i)
	refused := p.refused(i)
	if refused || p.split == nil {
		p.attributes(i, src, &r.capture)
	}
	if refused {
		return nil
	}
	var err error
	if whole := to-from == 1 && p.isWhole(from); whole {
		src.Data, err = r.readWhole(from, "the file", src, src.Data)
	} else {
		err = r.readPieces(from, to, src)
	}
	if err != nil {
		return err
	}
	switch {
	case src.Refused:
	case len(bytes.TrimSpace(src.Data)) == 0:
		src.SHA256 = sha256.Sum256(src.Data)
		refuse(src, schema.FileEmpty, "the %s no bytes but white space", holder(to-from, p.isWhole(from)))
	default:
		src.SHA256 = sha256.Sum256(src.Data)
	}
	if p.split != nil {
		if !src.Refused && len(src.Pieces) == 0 {
			r.captureFields(src.Data)
		}
		p.attributes(i, src, &r.capture)
	}
	if of := src.Attributes.Annotator; p.first == nil && of != nil {
		for k := range src.Pieces {
			src.Pieces[k].Annotator = *of
		}
	}
	if src.Refused {
		src.RawPath = ""
	}
	if src.RawPath == "" {
		return nil
	}
	if len(src.Pieces) > 0 {
		src.RawSHA256 = sha256.Sum256(src.RawData)
		return nil
	}
	src.RawPath, src.RawData, err = r.readTwin(from, src.RawPath, src, src.RawData)
	if src.RawPath != "" {
		src.RawSHA256 = sha256.Sum256(src.RawData)
	}
	return err
}

// holder is the start of a sentence about what is empty.
func holder(pieces int, whole bool) string {
	switch {
	case pieces > 1:
		return fmt.Sprintf("%d pieces of the document hold", pieces)
	case whole:
		return "file holds"
	}
	return "record holds"
}

// readWhole reads piece k, which is a file, into buf. If it cannot, it refuses src,
// where the piece is called what.
func (r *Reader) readWhole(k int, what string, src *schema.Source, buf []byte) ([]byte, error) {
	p := r.plan
	scanned := p.fileOf(k)
	data, settled, err := r.readFile(scanned.path, buf, max(scanned.size, 0), scanned.stamp)
	src.Unsettled = src.Unsettled || !settled
	if err == nil && !settled && p.split != nil {
		// The plan may have put it into the partition of another state.
		data, err = data[:0], errChanging
	}
	if err := p.infrastructure(err); err != nil {
		return data, err
	}
	switch {
	case errors.Is(err, errTooLarge):
		refuse(src, schema.FileTooLarge, "%s has more bytes than limits.document_bytes, %s, and has grown since it was scanned", what, p.limit)
	case err != nil:
		problem := problemOf(err, what)
		refuse(src, problem.Code, "%s", problem.Text)
	}
	return data, nil
}

// problemOf is what is wrong with a file that could not be read, which is called what.
func problemOf(err error, what string) *archive.Problem {
	problem := (*archive.Problem)(nil)
	switch {
	case errors.As(err, &problem):
		return problem
	case errors.Is(err, errChanging):
		return &archive.Problem{Code: schema.FileChanging, Text: what + " was being written while it was read: run again when whatever writes it is done"}
	case errors.Is(err, fs.ErrNotExist):
		return &archive.Problem{Code: schema.FileVanished, Text: what + " was there when the folder was scanned and is gone now"}
	}
	return &archive.Problem{Code: schema.FileUnreadable, Text: fmt.Sprintf("%s cannot be read: %s", what, reason(err))}
}

// readTwin reads the twin of piece k, a file, which lies at raw, into buf. It returns
// no path if it cannot, with a note why.
func (r *Reader) readTwin(k int, raw string, src *schema.Source, buf []byte) (string, []byte, error) {
	p := r.plan
	scanned := p.fileOf(k)
	path := strings.TrimPrefix(raw, p.prefix)
	if scanned.twinSize > int64(p.limit) {
		note(src, schema.TwinUnreadable, "%s has %d bytes, more than limits.document_bytes, %s", schema.DisplayPath(path), scanned.twinSize, p.limit)
		return "", buf, nil
	}
	data, settled, err := r.readFile(path, buf, max(scanned.twinSize, 0), scanned.twin)
	src.Unsettled = src.Unsettled || !settled
	if err == nil {
		return raw, data, nil
	}
	if err := p.infrastructure(err); err != nil {
		return "", data, err
	}
	switch raw := schema.DisplayPath(path); {
	case errors.Is(err, fs.ErrNotExist):
		note(src, schema.TwinMissing, "%s is gone since the scan", raw)
	case errors.Is(err, errChanging):
		note(src, schema.TwinUnreadable, "%s was being written while it was read: run again when whatever writes it is done", raw)
	default:
		note(src, schema.TwinUnreadable, "%s cannot be read: %s", raw, reason(err))
	}
	return "", data, nil
}

// readFile reads a file below the root into buf, again as long as it is not in
// one state from before a reading to after it. scanned is the stamp of the state
// before the first, and the file is settled if it still has it. hint is how
// large the file probably is. If it is over the limit, cannot be read to its
// end or keeps changing, no bytes are returned.
//
// A change can go unseen if it leaves the size and comes within the same tick of
// the file system's clock as the state that it follows, or through a memory map
// that has not been synced. Stamps does not trust a time that near.
func (r *Reader) readFile(path string, buf []byte, hint int64, scanned uint64) (data []byte, settled bool, err error) {
	before := scanned
	for range readings {
		var after uint64
		if buf, after, err = r.readOnce(path, buf, hint); err != nil {
			return buf, false, err
		}
		if after == before {
			return buf, after == scanned, nil
		}
		before = after
	}
	return buf[:0], false, errChanging
}

// readOnce reads a file to its end, and returns the stamp that it then has.
func (r *Reader) readOnce(path string, buf []byte, hint int64) ([]byte, uint64, error) {
	p := r.plan
	buf = buf[:0]
	f, err := p.open(path)
	if err != nil {
		return buf, 0, err
	}
	defer f.close()
	// One byte more than the file has makes the first read short.
	limit := int(p.limit) + 1
	packed, isPacked := f.(*packedFile)
	if isPacked && packed.packed {
		limit = int(p.mostSize(path, max(hint, 1))) + 1
	}
	buf = slices.Grow(buf, min(int(hint)+1, limit))
	for len(buf) < limit {
		if len(buf) == cap(buf) {
			buf = slices.Grow(buf, min(len(buf), limit-len(buf)))
		}
		room := buf[len(buf):min(cap(buf), limit)]
		n, err := f.read(room)
		if err != nil {
			return buf[:0], 0, &fs.PathError{Op: "read", Path: path, Err: err}
		}
		buf = buf[:len(buf)+n]
		if r.during != nil && len(buf) == n {
			r.during(path)
		}
		if n == len(room) {
			continue
		}
		// A short read that reached the size that the file has behind it was the
		// last: that saves asking for the end, an eighth of opening and reading.
		after, err := f.state()
		if err != nil {
			return buf[:0], 0, err
		}
		if n == 0 || after.size == int64(len(buf)) {
			return buf, after.stamp, nil
		}
	}
	if isPacked && packed.packed {
		return buf[:0], 0, packed.tooLarge(int64(limit - 1))
	}
	return buf[:0], 0, errTooLarge
}

// infrastructure returns an error if err, met at one file, is not that file's
// fault.
func (p *Plan) infrastructure(err error) error {
	if err == nil {
		return nil
	}
	for _, e := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM} {
		if errors.Is(err, e) {
			return fmt.Errorf("corpus %s: %w", p.corpus, err)
		}
	}
	// Were the root gone, or another folder under its name, such as the empty one
	// below a disk that was taken away, a run would refuse every document and
	// publish tables without any.
	if gone := p.store.check(); gone != nil {
		return fmt.Errorf("corpus %s: root: %w", p.corpus, gone)
	}
	if root := (*rootError)(nil); errors.As(err, &root) {
		return fmt.Errorf("corpus %s: root: %w", p.corpus, root.error)
	}
	return nil
}
