package reader

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"syscall"

	"github.com/quern-data/quern/schema"
)

// Reader reads the documents of a plan. It reuses what it works with: each
// goroutine needs one of its own. It holds nothing that has to be closed.
type Reader struct {
	plan    *Plan
	capture capture
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
// limits.document_bytes+1 bytes each.
//
// If there is no document, because the entry is about a folder, because the
// plan refuses it or because the file is gone, cannot be read, is too large,
// is being written or holds white space alone, src.Refused is true. Data and
// SHA256 are then set only if the file was read to its end.
//
// A file that changed since the scan is read as it is now, unless it changes
// while it is read, and again at the second and third try. A twin that appeared
// since is not looked for. Unless file and twin were both read in the state
// that the scan saw, src.Unsettled is true.
//
// An error means that the fault is not the document's, and that the next one
// would meet it too: the process is out of file descriptors or memory, or the
// root is gone or another folder than the one that was scanned.
func (r *Reader) Read(i int, src *schema.Source) error {
	p := r.plan
	p.describe(i, src, &r.capture)
	if src.Refused {
		return nil
	}
	scanned := p.record(i)
	var settled bool
	var err error
	src.Data, settled, err = r.readFile(src.Path, src.Data, max(src.Bytes, 0), scanned.stamp)
	src.Unsettled = !settled
	if err := p.infrastructure(err); err != nil {
		return err
	}
	switch {
	case errors.Is(err, errTooLarge):
		refuse(src, schema.FileTooLarge, "the file has more bytes than limits.document_bytes, %s, and has grown since it was scanned", p.limit)
	case errors.Is(err, errChanging):
		refuse(src, schema.FileChanging, "the file was being written while it was read: run again when whatever writes it is done")
	case errors.Is(err, fs.ErrNotExist):
		refuse(src, schema.FileVanished, "the file was there when the folder was scanned and is gone now")
	case err != nil:
		refuse(src, schema.FileUnreadable, "the file cannot be read: %s", reason(err))
	case len(bytes.TrimSpace(src.Data)) == 0:
		src.SHA256 = sha256.Sum256(src.Data)
		refuse(src, schema.FileEmpty, "the file holds no bytes but white space")
	default:
		src.SHA256 = sha256.Sum256(src.Data)
	}
	if src.Refused {
		src.RawPath = ""
		return nil
	}
	if src.RawPath == "" {
		return nil
	}
	if scanned.twinSize > int64(p.limit) {
		note(src, schema.TwinUnreadable, "%s has %d bytes, more than limits.document_bytes, %s", schema.DisplayPath(src.RawPath), scanned.twinSize, p.limit)
		src.RawPath = ""
		return nil
	}
	src.RawData, settled, err = r.readFile(src.RawPath, src.RawData, max(scanned.twinSize, 0), scanned.twin)
	src.Unsettled = src.Unsettled || !settled
	if err == nil {
		src.RawSHA256 = sha256.Sum256(src.RawData)
		return nil
	}
	if err := p.infrastructure(err); err != nil {
		return err
	}
	switch raw := schema.DisplayPath(src.RawPath); {
	case errors.Is(err, fs.ErrNotExist):
		note(src, schema.TwinMissing, "%s is gone since the scan", raw)
	case errors.Is(err, errChanging):
		note(src, schema.TwinUnreadable, "%s was being written while it was read: run again when whatever writes it is done", raw)
	default:
		note(src, schema.TwinUnreadable, "%s cannot be read: %s", raw, reason(err))
	}
	src.RawPath = ""
	return nil
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
	if p.follow {
		_, target, err := resolve(p.root, path)
		if err != nil {
			return buf, 0, err
		}
		path = target
	}
	f, err := open(p.root, path)
	if err != nil {
		return buf, 0, err
	}
	defer f.close()
	// One byte more than the file has makes the first read short.
	limit := int(p.limit) + 1
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
	f, rootErr := open(p.root, ".")
	if rootErr != nil {
		return fmt.Errorf("corpus %s: root: %w", p.corpus, rootErr)
	}
	defer f.close()
	if same, rootErr := f.is(p.folder); rootErr != nil {
		return fmt.Errorf("corpus %s: root: %w", p.corpus, rootErr)
	} else if !same {
		return fmt.Errorf("corpus %s: root: %s is another folder than the one that was scanned", p.corpus, p.root)
	}
	return nil
}
