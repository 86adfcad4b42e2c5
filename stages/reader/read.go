package reader

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"syscall"

	"github.com/quern-data/quern/schema"
)

// Reader reads the documents of a plan. It reuses what it works with: each
// goroutine needs one of its own. It holds nothing that has to be closed.
type Reader struct {
	plan    *Plan
	capture capture
}

// NewReader returns a Reader of the plan's documents.
func (p *Plan) NewReader() *Reader { return &Reader{plan: p} }

// errTooLarge is why a file over limits.document_bytes was not read to its end.
var errTooLarge = errors.New("it has more bytes than limits.document_bytes")

// Read fills src with entry i: its id, attributes, bytes and twin, and what
// there is to say about them. The buffers of src are reused; they hold at most
// limits.document_bytes+1 bytes each.
//
// If there is no document, because the entry is about a folder, because the
// plan refuses it or because the file cannot be read, is too large or holds
// white space alone, src.Refused is true. Data and SHA256 are then set only if
// the file was read to its end. A file that changed since the scan is read as
// it is now; a twin that appeared since is not looked for.
//
// An error means that the fault is not the document's, and that the next one
// would meet it too: the process is out of file descriptors or memory, or the
// root is gone.
func (r *Reader) Read(i int, src *schema.Source) error {
	p := r.plan
	p.describe(i, src, &r.capture)
	if src.Refused {
		return nil
	}
	var err error
	src.Data, err = p.readFile(src.Path, src.Data, p.Entry(i).Bytes)
	switch {
	case errors.Is(err, errTooLarge):
		refuse(src, schema.FileTooLarge, "the file has more bytes than limits.document_bytes, %s, and has grown since it was scanned", p.limit)
	case err != nil:
		if err := p.infrastructure(err); err != nil {
			return err
		}
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
	// An annotated file is larger than its twin: its size will do as a hint.
	src.RawData, err = p.readFile(src.RawPath, src.RawData, int64(len(src.Data)))
	if err == nil {
		src.RawSHA256 = sha256.Sum256(src.RawData)
		return nil
	}
	if err := p.infrastructure(err); err != nil {
		return err
	}
	if errors.Is(err, os.ErrNotExist) {
		note(src, schema.TwinMissing, "%s is gone since the scan", schema.DisplayPath(src.RawPath))
	} else {
		note(src, schema.TwinUnreadable, "%s cannot be read: %s", schema.DisplayPath(src.RawPath), reason(err))
	}
	src.RawPath = ""
	return nil
}

// readFile reads a file below the root into buf. hint is how large it probably
// is. If it is over the limit, or cannot be read to its end, no bytes are
// returned.
//
// Paths come from the scan, so none has a .. in it. os.Root, which would also
// guard against folders that are swapped for links during the run, takes 17 µs
// a file where this takes 10: half the time that goes into reading.
func (p *Plan) readFile(path string, buf []byte, hint int64) ([]byte, error) {
	buf = buf[:0]
	full := p.root + "/" + path
	if p.follow {
		_, target, err := resolve(p.root, p.real, path)
		if err != nil {
			return buf, err
		}
		full = p.real + "/" + target
	}
	f, err := os.OpenFile(full, openFlags, 0)
	if err != nil {
		return buf, err
	}
	defer f.Close()
	// One byte more than the file has lets the first read find its end.
	limit := int(p.limit) + 1
	buf = slices.Grow(buf, min(int(hint)+1, limit))
	for len(buf) < limit {
		if len(buf) == cap(buf) {
			buf = slices.Grow(buf, min(len(buf), limit-len(buf)))
		}
		n, err := f.Read(buf[len(buf):min(cap(buf), limit)])
		buf = buf[:len(buf)+n]
		if errors.Is(err, io.EOF) {
			return buf, nil
		}
		if err != nil {
			return buf[:0], err
		}
	}
	return buf[:0], errTooLarge
}

// infrastructure returns an error if err, met at one file, is not that file's
// fault.
func (p *Plan) infrastructure(err error) error {
	for _, e := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM} {
		if errors.Is(err, e) {
			return fmt.Errorf("corpus %s: %w", p.corpus, err)
		}
	}
	// Were the root gone, a run would refuse every document and publish tables
	// without any.
	if _, rootErr := os.Stat(p.root); rootErr != nil {
		return fmt.Errorf("corpus %s: root: %w", p.corpus, rootErr)
	}
	return nil
}
