package verifier

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/apache/arrow/go/v17/parquet/file"
	"github.com/klauspost/compress/zstd"
)

// zstdCodec is Arrow's number for the codec below, one that Parquet has not. Arrow's
// own lets four pages be decompressed at a time, whatever the number of
// processors, and does not tell when a page is shorter than its header says.
var zstdCodec = func() compress.Compression {
	const number = compress.Compression(1 << 16)
	compress.RegisterCodec(number, pageCodec{})
	return number
}()

// pageCodec decompresses pages, which is all that a page reader asks of a codec.
type pageCodec struct{ compress.Codec }

var decompressor = sync.OnceValue(func() *zstd.Decoder {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecodeAllCapLimit(true))
	if err != nil {
		panic(err) // the options are sound
	}
	return d
})

// Decode decompresses src into dst, which it must fill.
func (pageCodec) Decode(dst, src []byte) []byte {
	out, err := decompressor().DecodeAll(src, dst[:0])
	if err == nil && len(out) != len(dst) {
		err = fmt.Errorf("a page has %d bytes, and its header says %d", len(out), len(dst))
	}
	if err != nil {
		panic(err) // what Arrow's codecs do too
	}
	return out
}

// pages reads the pages of column chunks of one column. It holds one at a time, in
// the memory of the one before, for which it is Arrow's allocator: of what was
// allocated to verify a shard, a tenth is left.
type pages struct {
	stream stream
	reader file.PageReader
	spare  []byte
}

// Allocate implements memory.Allocator. What it returns need not be zero: pageCodec
// and next see to it that all of it is written.
func (p *pages) Allocate(size int) []byte {
	b := p.spare
	p.spare = nil
	if cap(b) < size {
		return make([]byte, size)
	}
	return b[:size]
}

// Reallocate implements memory.Allocator.
func (p *pages) Reallocate(size int, b []byte) []byte {
	if size <= cap(b) {
		return b[:size]
	}
	return append(make([]byte, 0, size), b...)[:size]
}

// Free implements memory.Allocator.
func (p *pages) Free(b []byte) { p.spare = b }

// open begins with the column chunk in size bytes of f at start.
func (p *pages) open(f *os.File, start, size, values int64) (err error) {
	p.stream.open(f, start, size)
	if p.reader != nil {
		p.reader.Reset(&p.stream, values, zstdCodec, nil)
		return nil
	}
	p.reader, err = file.NewPageReader(&p.stream, values, zstdCodec, p, nil)
	return err
}

// next is the next page, or nil behind the last. It is there until the one after it
// is asked for; a dictionary only until Arrow allocates, so it is to be copied.
func (p *pages) next() (file.Page, error) {
	if p.reader.Next() {
		if p.stream.short { // Arrow does not look
			return nil, io.ErrUnexpectedEOF
		}
		return p.reader.Page(), nil
	}
	return nil, cmp.Or(p.reader.Err(), p.stream.err)
}

// stream is the bytes of a column chunk, as Arrow wants to read them.
type stream struct {
	file    *os.File
	at, end int64  // what was not read from the file
	buf     []byte // what was read, and not asked for
	room    []byte // for it
	short   bool   // whether more was asked for than there is
	err     error
}

// streamBuffer is what Arrow peeks at to find the header of a page.
const streamBuffer = 16 << 10

func (s *stream) open(f *os.File, start, size int64) {
	s.file, s.at, s.end, s.buf, s.short, s.err = f, start, start+size, nil, false, nil
}

// Peek returns the next n bytes, or those that are left.
func (s *stream) Peek(n int) ([]byte, error) {
	if n > len(s.buf) {
		if cap(s.room) < n {
			s.room = make([]byte, max(n, streamBuffer))
		}
		kept := copy(s.room[:cap(s.room)], s.buf)
		more := int(min(int64(cap(s.room)-kept), s.end-s.at))
		got, err := s.file.ReadAt(s.room[kept:kept+more], s.at)
		s.buf, s.at = s.room[:kept+got], s.at+int64(got)
		if got < more {
			s.err = err
			return nil, err
		}
	}
	if n > len(s.buf) {
		return s.buf, io.EOF
	}
	return s.buf[:n], nil
}

// Discard skips n bytes.
func (s *stream) Discard(n int) (int, error) {
	if n > len(s.buf) {
		return 0, io.ErrUnexpectedEOF
	}
	s.buf = s.buf[n:]
	return n, nil
}

// Read reads into p.
func (s *stream) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if len(s.buf) > 0 {
		n := copy(p, s.buf)
		s.buf = s.buf[n:]
		return n, nil
	}
	if s.at == s.end {
		s.short = true
		return 0, io.EOF
	}
	n, err := s.file.ReadAt(p[:min(int64(len(p)), s.end-s.at)], s.at)
	s.at += int64(n)
	if n > 0 {
		return n, nil
	}
	s.err = err
	return 0, err
}
