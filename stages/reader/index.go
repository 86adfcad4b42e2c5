package reader

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/quern-data/quern/schema"
)

// Index is what an earlier scan found in files that hold many documents. A file that
// is still in the state that it was in then is not read again. What an index says is
// never needed: without it, or where it is damaged, files are read.
type Index struct {
	// Settings name all that decides what is found in a file of given bytes. What was
	// found with others is not used.
	Settings string
	// Before is that of Plan.Stamps: of files that changed later, what was found is not
	// kept.
	Before int64
	// From is the index of the earlier scan, nil if there is none.
	From io.Reader
	// To, if it is not nil, is called once the files are read, if From does not say what
	// there is to say of them. It is to have write write the index that takes its place.
	To func(write func(io.Writer) error) error
}

// indexTitle starts an index. It changes with what follows.
const indexTitle = "quern index 1\n"

// load fills in what the index knows of files, which are the plan's. known says of
// which, and complete whether the index says nothing of other files.
func (x *Index) load(p *Plan, all []contents) (known []bool, complete bool) {
	known = make([]bool, len(all))
	if x.From == nil {
		return known, false
	}
	complete, err := x.read(p, all, known)
	if err != nil {
		// It has been written by something else, or not to its end.
		for i := range all {
			all[i] = contents{}
		}
		return make([]bool, len(all)), false
	}
	return known, complete
}

var errIndex = errors.New("the index is damaged")

func (x *Index) read(p *Plan, all []contents, known []bool) (complete bool, err error) {
	unpacked, err := zstd.NewReader(x.From, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true))
	if err != nil {
		return false, err
	}
	defer unpacked.Close()
	return x.decode(bufio.NewReader(unpacked), p, all, known)
}

// decode reads an index that is unpacked.
func (x *Index) decode(r *bufio.Reader, p *Plan, all []contents, known []bool) (complete bool, err error) {
	d := decoder{r: r}
	if title, settings := d.text(nil), d.text(nil); d.err != nil || string(title) != indexTitle || string(settings) != x.Settings {
		return false, errors.Join(d.err, errIndex)
	}
	complete = true
	at := 0
	var path []byte
	var unused contents
	for d.number() == 1 && d.err == nil {
		path = d.text(path)
		for at < len(p.records) && p.records[at].path < string(path) {
			at++
		}
		st := state{stamp: d.fixed(), size: int64(d.number()), changed: int64(d.fixed())}
		into := &unused
		if at < len(p.records) && p.records[at].path == string(path) && p.records[at].stamp == st.stamp {
			into, known[at] = &all[at], true
		} else {
			complete = false
		}
		*into = contents{state: st}
		d.contents(into, at, len(p.keyed), p.capture.groups())
		unused = contents{}
	}
	// The end of the frame has a checksum.
	if _, err := d.r.ReadByte(); d.err == nil && !errors.Is(err, io.EOF) {
		d.err = errors.Join(err, errIndex)
	}
	return complete, d.err
}

// decoder reads an index. After an error, what it returns is of no meaning.
type decoder struct {
	r   *bufio.Reader
	id  []byte
	ids strings.Builder
	buf [8]byte
	err error
}

// maxText is how long a text of an index may be, such as an id: a record, at most.
const maxText = 1 << 30

func (d *decoder) number() uint64 {
	if d.err != nil {
		return 0
	}
	var n uint64
	n, d.err = binary.ReadUvarint(d.r)
	return n
}

func (d *decoder) fixed() uint64 {
	if d.err == nil {
		_, d.err = io.ReadFull(d.r, d.buf[:])
	}
	return binary.LittleEndian.Uint64(d.buf[:])
}

// text reads a text into buf.
func (d *decoder) text(buf []byte) []byte { return d.rest(buf[:0]) }

// rest appends a text to buf.
func (d *decoder) rest(buf []byte) []byte {
	n := d.number()
	if n > maxText {
		d.err = errIndex
	}
	for n > 0 && d.err == nil {
		// A length that is none must not take memory for what is not there.
		piece := min(n, 64<<10)
		start := len(buf)
		buf = append(buf, make([]byte, piece)...)
		_, d.err = io.ReadFull(d.r, buf[start:])
		n -= piece
	}
	return buf
}

// contents reads what was found in a file of the plan, with its place.
func (d *decoder) contents(c *contents, at, columns int, groups bool) {
	c.header = int64(d.number())
	values := make([]string, columns)
	for n := d.number(); n > 0 && d.err == nil; n-- {
		for i := range values {
			values[i] = string(d.text(nil))
		}
		c.keys.place(values)
	}
	var last piece
	end := int64(0)
	d.id = d.id[:0]
	for n := d.number(); n > 0 && d.err == nil; n-- {
		b := piece{file: int32(at)}
		b.id = d.nextID()
		b.stamp = d.fixed()
		b.offset = end + int64(d.number())
		b.size, b.line, b.key = uint32(d.number()), last.line+int32(d.number()), int32(d.number())
		if b.offset < end || b.size > maxPiece || b.line < last.line || b.key < 0 || int(b.key) >= len(c.keys.list) {
			d.err = errors.Join(d.err, errIndex)
			return
		}
		end, last = b.offset+int64(b.size), b
		c.add(b)
		if groups {
			c.groups = append(c.groups, d.fixed())
		}
	}
}

// nextID reads an id that starts like the one before.
func (d *decoder) nextID() string {
	same := d.number()
	if same > uint64(len(d.id)) {
		d.err = errors.Join(d.err, errIndex)
		return ""
	}
	d.id = d.rest(d.id[:same])
	return keep(&d.ids, d.id)
}

// save writes the index of files that are the plan's.
func (x *Index) save(to io.Writer, p *Plan, all []contents) error {
	packed, err := zstd.NewWriter(to, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return err
	}
	e := encoder{w: bufio.NewWriter(packed)}
	e.text(indexTitle)
	e.text(x.Settings)
	for i := range all {
		if x.keeps(&all[i]) {
			e.number(1)
			e.text(p.records[i].path)
			e.contents(&all[i])
		}
	}
	e.number(0)
	if err := e.w.Flush(); err != nil {
		return errors.Join(err, packed.Close())
	}
	return packed.Close()
}

// keeps reports whether what was found in a file is worth keeping.
func (x *Index) keeps(c *contents) bool {
	return c.state.stamp > unknownStamp && c.state.changed < x.Before && (c.trouble == nil || c.trouble.Code == schema.FileEmpty)
}

// encoder writes an index.
type encoder struct {
	w   *bufio.Writer // which keeps its first error
	buf [binary.MaxVarintLen64]byte
}

func (e *encoder) number(n uint64) { _, _ = e.w.Write(binary.AppendUvarint(e.buf[:0], n)) }

func (e *encoder) fixed(n uint64) { _, _ = e.w.Write(binary.LittleEndian.AppendUint64(e.buf[:0], n)) }

func (e *encoder) text(s string) {
	e.number(uint64(len(s)))
	_, _ = e.w.WriteString(s)
}

func (e *encoder) contents(c *contents) {
	e.fixed(c.state.stamp)
	e.number(uint64(c.state.size))
	e.fixed(uint64(c.state.changed))
	e.number(uint64(c.header))
	e.number(uint64(len(c.keys.list)))
	for _, values := range c.keys.list {
		for _, value := range values {
			e.text(value)
		}
	}
	if c.trouble != nil {
		e.number(0) // the next scan sees that too
		return
	}
	n := 0
	for _, list := range c.pieces {
		n += len(list)
	}
	e.number(uint64(n))
	var last piece
	end := int64(0)
	k := 0
	for _, list := range c.pieces {
		for i := range list {
			b := &list[i]
			same := 0
			for same < min(len(b.id), len(last.id)) && b.id[same] == last.id[same] {
				same++
			}
			e.number(uint64(same))
			e.text(b.id[same:])
			e.fixed(b.stamp)
			e.number(uint64(b.offset - end))
			e.number(uint64(b.size))
			e.number(uint64(b.line - last.line))
			e.number(uint64(b.key))
			if c.groups != nil {
				e.fixed(c.groups[k])
			}
			end, last = b.offset+int64(b.size), *b
			k++
		}
	}
}

// update writes the index anew, unless it has all that there is to keep.
func (x *Index) update(p *Plan, all []contents, known []bool, complete bool) error {
	for i := range all {
		complete = complete && (known[i] || !x.keeps(&all[i]))
	}
	if x.To == nil || complete {
		return nil
	}
	if err := x.To(func(to io.Writer) error { return x.save(to, p, all) }); err != nil {
		return fmt.Errorf("the index of corpus %s: %w", p.corpus, err)
	}
	return nil
}
