package archive

import (
	"errors"
	"io"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// maxWindow is how far back a zstd stream may refer: what zstd itself takes without
// being told otherwise.
const maxWindow = 128 << 20

// NewZstd unpacks zstd, one frame after the other, without goroutines.
func NewZstd(r io.Reader) (*zstd.Decoder, error) {
	return zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
}

// Unpacker unpacks a compressed file by the end of its name.
type Unpacker struct {
	from faithful
	gzip *gzip.Reader
	zstd *zstd.Decoder
}

// Suffixes are the ends of the names of compressed files that are read.
var Suffixes = []string{".gz", ".zst"}

// Unpacked is the name of a file without what says that it is compressed. packed
// is false for one that says nothing of the kind.
func Unpacked(name string) (unpacked string, packed bool) {
	for _, suffix := range Suffixes {
		if short, ok := strings.CutSuffix(name, suffix); ok && short != "" && !strings.HasSuffix(short, "/") {
			return short, true
		}
	}
	return name, false
}

// NewUnpacker unpacks what r reads, of a file with the given name. An error of r is
// returned as it is; any other says that the file is not what its name says, or
// broken.
func NewUnpacker(name string, r io.Reader) (*Unpacker, error) {
	u := &Unpacker{from: faithful{from: r}}
	var err error
	if strings.HasSuffix(name, ".gz") || strings.HasSuffix(name, ".tgz") {
		u.gzip, err = gzip.NewReader(&u.from)
	} else {
		u.zstd, err = NewZstd(&u.from)
	}
	if err != nil {
		return nil, u.failed(err)
	}
	return u, nil
}

// Packed is how many bytes were read so far.
func (u *Unpacker) Packed() int64 { return u.from.n }

func (u *Unpacker) Read(buf []byte) (n int, err error) {
	if u.gzip != nil {
		n, err = u.gzip.Read(buf)
	} else {
		n, err = u.zstd.Read(buf)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = u.failed(err)
	}
	return n, err
}

func (u *Unpacker) failed(err error) error {
	switch {
	case u.from.err != nil:
		return u.from.err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("its compressed data is cut short")
	}
	return err
}

// Close gives up what unpacking takes. Its error is nil.
func (u *Unpacker) Close() error {
	if u.zstd != nil {
		u.zstd.Close()
	}
	return nil
}

// faithful counts what is read, and keeps the error of what it reads from: what
// unpacks it may hide that.
type faithful struct {
	from io.Reader
	n    int64
	err  error
}

func (f *faithful) Read(buf []byte) (int, error) {
	n, err := f.from.Read(buf)
	f.n += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		f.err = err
	}
	return n, err
}

// mix is the finalizer of MurmurHash3.
func mix(h uint64) uint64 {
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}
