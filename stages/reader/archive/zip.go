package archive

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/text/encoding/charmap"

	"github.com/quern-data/quern/schema"
)

// Signatures and lengths of the records of a zip archive.
const (
	zipLocal       = 0x04034b50
	zipEntry       = 0x02014b50
	zipEnd         = 0x06054b50
	zipEnd64       = 0x06064b50
	zipEnd64At     = 0x07064b50
	zipLocalLen    = 30
	zipEntryLen    = 46
	zipEndLen      = 22
	zipEnd64Len    = 56
	zipEnd64AtLen  = 20
	zipMaxComment  = 1<<16 - 1
	zip64Field     = 0x0001
	zipUnicodePath = 0x7075
)

// Bits of a zip entry's flags.
const (
	zipEncrypted  = 1<<0 | 1<<6 | 1<<13
	zipDescriptor = 1 << 3 // sizes and checksum follow the data
	zipUTF8       = 1 << 11
)

// Methods of compression that are read.
const (
	zipStore   = 0
	zipDeflate = 8
	zipZstdOld = 20
	zipZstd    = 93
	zipAES     = 99
)

var zipMethods = map[uint16]string{
	1: "Shrink", 6: "Implode", 9: "Deflate64", 10: "DCL Implode", 12: "bzip2", 14: "LZMA", 16: "z/OS CMPSC", 18: "TERSE",
	19: "LZ77", 94: "MP3", 95: "xz", 96: "JPEG", 97: "WavPack", 98: "PPMd",
}

// A member over bombBytes that was packed to less than a thousandth holds no text
// that anyone has written.
const (
	bombBytes = 1 << 20
	bombRatio = 1000
)

var le = binary.LittleEndian

// errZip is the error of a zip archive that is broken as a whole.
func errZip(format string, args ...any) error {
	return fmt.Errorf("it is no whole zip archive: %s; fetch it again", fmt.Sprintf(format, args...))
}

// zipDirectory is where the list of members of a zip archive lies.
type zipDirectory struct {
	start, size int64
	entries     uint64
	base        int64 // what is to be added to all offsets
	short       bool  // whether entries has 16 bits
}

// listZip reads the central directory, which says what the members are.
func (a *Archive) listZip() error {
	d, err := a.findZip()
	if err != nil {
		return err
	}
	a.end = d.start
	r := bufio.NewReaderSize(io.NewSectionReader(a.file, d.start, d.size), 1<<16)
	var entries uint64
	var head [zipEntryLen]byte
	var tail []byte
	for left := d.size; left > 0; entries++ {
		if entries%1024 == 0 {
			if err := a.ctx.Err(); err != nil {
				return err
			}
		}
		if left < zipEntryLen {
			break // a digital signature, or nothing known
		}
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return zipRead(err)
		}
		if le.Uint32(head[:]) != zipEntry {
			break
		}
		name, extra := int(le.Uint16(head[28:])), int(le.Uint16(head[30:]))
		n := name + extra + int(le.Uint16(head[32:]))
		if left -= int64(zipEntryLen + n); left < 0 {
			return errZip("entry %d of its directory is cut short", entries)
		}
		tail = slices.Grow(tail[:0], n)[:n]
		if _, err := io.ReadFull(r, tail); err != nil {
			return zipRead(err)
		}
		if err := a.addZip(head[:], tail[:name], tail[name:name+extra], d); err != nil {
			return fmt.Errorf("entry %d: %w", entries, err)
		}
	}
	if entries != d.entries && (!d.short || entries&0xffff != d.entries) {
		return errZip("its directory has %d entries, and should have %d", entries, d.entries)
	}
	a.findOverlaps()
	return nil
}

func zipRead(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errZip("its directory is cut short")
	}
	return err
}

// findZip finds the directory by the record at the end.
func (a *Archive) findZip() (zipDirectory, error) {
	var d zipDirectory
	buf := make([]byte, min(a.size, zipEndLen+zipMaxComment))
	if err := a.readAt(buf, a.size-int64(len(buf))); err != nil {
		return d, err
	}
	at := len(buf) - zipEndLen
	for ; at >= 0; at-- {
		if le.Uint32(buf[at:]) == zipEnd && at+zipEndLen+int(le.Uint16(buf[at+20:])) <= len(buf) {
			break
		}
	}
	if at < 0 {
		return d, errZip("the record at its end is missing")
	}
	end := a.size - int64(len(buf)) + int64(at)
	rec := buf[at:]
	disk, first := uint32(le.Uint16(rec[4:])), uint32(le.Uint16(rec[6:]))
	size, offset := uint64(le.Uint32(rec[12:])), uint64(le.Uint32(rec[16:]))
	d.entries, d.short = uint64(le.Uint16(rec[10:])), true
	if end >= zipEnd64AtLen {
		var locator [zipEnd64AtLen]byte
		if err := a.readAt(locator[:], end-zipEnd64AtLen); err != nil {
			return d, err
		}
		if le.Uint32(locator[:]) == zipEnd64At {
			var rec [zipEnd64Len]byte
			where := le.Uint64(locator[8:])
			if where > uint64(end) || end-int64(where) < zipEnd64Len+zipEnd64AtLen {
				return d, errZip("the record at its end leads out of it")
			}
			if err := a.readAt(rec[:], int64(where)); err != nil {
				return d, err
			}
			if le.Uint32(rec[:]) != zipEnd64 {
				return d, errZip("the record at its end leads nowhere")
			}
			disk, first = le.Uint32(rec[16:]), le.Uint32(rec[20:])
			d.entries, d.short = le.Uint64(rec[32:]), false
			size, offset = le.Uint64(rec[40:]), le.Uint64(rec[48:])
			end = int64(where)
		}
	}
	if disk != 0 || first != 0 {
		return d, errors.New("it is one of several files of a zip archive: put them together first, with zip -s 0")
	}
	if size > uint64(end) || offset > uint64(end)-size {
		return d, errZip("its directory would lie behind its end")
	}
	d.size = int64(size)
	// Where something stands before the archive, such as a program that unpacks it,
	// offsets count from behind that, or do not.
	d.start = end - d.size
	d.base = d.start - int64(offset)
	if d.base != 0 && d.size > 0 {
		var sig [4]byte
		if err := a.readAt(sig[:], int64(offset)); err != nil {
			return d, err
		}
		if le.Uint32(sig[:]) == zipEntry {
			d.start, d.base = int64(offset), 0
		}
	}
	return d, nil
}

// readAt fills buf.
func (a *Archive) readAt(buf []byte, offset int64) error {
	n, err := a.file.ReadAt(buf, offset)
	if n == len(buf) {
		return nil
	}
	return zipRead(cmp.Or(err, io.ErrUnexpectedEOF))
}

// addZip adds the member that an entry of the directory describes.
func (a *Archive) addZip(head, name, extra []byte, d zipDirectory) error {
	flags := le.Uint16(head[8:])
	m := Member{
		method: le.Uint16(head[10:]), crc: le.Uint32(head[16:]), name: crc32.ChecksumIEEE(name),
	}
	packed, size, offset := uint64(le.Uint32(head[20:])), uint64(le.Uint32(head[24:])), uint64(le.Uint32(head[42:]))
	text, known := "", false
	for len(extra) >= 4 {
		id, n := le.Uint16(extra), int(le.Uint16(extra[2:]))
		if extra = extra[4:]; n > len(extra) {
			break
		}
		field := extra[:n]
		extra = extra[n:]
		switch id {
		case zip64Field:
			for _, p := range []*uint64{&size, &packed, &offset} {
				if *p == 0xffffffff && len(field) >= 8 {
					*p, field = le.Uint64(field), field[8:]
				}
			}
		case zipUnicodePath:
			if len(field) > 5 && field[0] == 1 && le.Uint32(field[1:]) == m.name && utf8.Valid(field[5:]) {
				text, known = string(field[5:]), true
			}
		}
	}
	if !known {
		text = zipName(name, flags&zipUTF8 != 0)
	}
	host := head[5]
	if host == 0 || host == 10 || host == 11 || host == 14 { // FAT, NTFS and their like
		text = strings.ReplaceAll(text, `\`, "/")
	}
	dir := strings.HasSuffix(text, "/")
	if host == 3 || host == 19 { // Unix, macOS
		switch le.Uint32(head[38:]) >> 16 & 0xf000 {
		case 0xa000:
			m.Mode = fs.ModeSymlink
		case 0x4000:
			dir = true
		case 0, 0x8000:
		default:
			m.Mode = fs.ModeIrregular
		}
	}
	if packed > 1<<62 || size > 1<<62 || offset > 1<<62 {
		return errZip("its sizes cannot be true")
	}
	m.packed, m.Size, m.offset = int64(packed), int64(size), int64(offset)+d.base
	// The same checksum, sizes, method and time: the same content, short of a forgery.
	m.Stamp = mix(mix(mix(uint64(m.Size)^uint64(m.crc)<<32)^uint64(m.packed)) ^ uint64(le.Uint32(head[12:])) ^ uint64(m.method)<<32)
	m.Problem = m.zipProblem(flags, a.end)
	a.add(m, text, dir)
	return nil
}

// zipName is a name as text. Without the flag for UTF-8 it should be code page 437,
// but some programs forget the flag; what is UTF-8 by chance is hardly a name.
func zipName(name []byte, isUTF8 bool) string {
	if isUTF8 || utf8.Valid(name) {
		return string(name)
	}
	text, err := charmap.CodePage437.NewDecoder().Bytes(name)
	if err != nil {
		return string(name)
	}
	return string(text)
}

// zipProblem is what is wrong with a member as far as the directory shows.
func (m *Member) zipProblem(flags uint16, end int64) *Problem {
	switch {
	case flags&zipEncrypted != 0 || m.method == zipAES:
		return problem(schema.ArchiveMemberEncrypted, "the member is encrypted")
	case m.method != zipStore && m.method != zipDeflate && m.method != zipZstd && m.method != zipZstdOld:
		how, ok := zipMethods[m.method]
		if !ok {
			how = "an unknown method"
		}
		return problem(schema.ArchiveMemberUnsupported, "the member is compressed by %s (%d), and stored, deflated and zstd are read", how, m.method)
	case m.offset < 0 || m.offset > end-zipLocalLen || m.packed > end-zipLocalLen-m.offset:
		return problem(schema.ArchiveMemberBroken, "the member would lie outside of the archive's data")
	case m.method == zipStore && m.packed != m.Size:
		return problem(schema.ArchiveMemberBroken, "the member is stored as it is, and has %d bytes of %d", m.packed, m.Size)
	case m.Size > bombBytes && m.Size/bombRatio > m.packed:
		return problem(schema.ArchiveBomb, "the member unpacks from %d bytes to %d", m.packed, m.Size)
	}
	return nil
}

// findOverlaps refuses members that share bytes of the archive, by which a small
// one unpacks to any size.
func (a *Archive) findOverlaps() {
	order := make([]int32, 0, len(a.members))
	sorted := true
	for i := range a.members {
		if p := a.members[i].Problem; p == nil || p.Code != schema.ArchiveMemberBroken {
			sorted = sorted && (len(order) == 0 || a.members[order[len(order)-1]].offset <= a.members[i].offset)
			order = append(order, int32(i))
		}
	}
	if !sorted {
		slices.SortFunc(order, func(x, y int32) int { return cmp.Compare(a.members[x].offset, a.members[y].offset) })
	}
	end, last := int64(0), int32(-1)
	for _, i := range order {
		m := &a.members[i]
		if last >= 0 && m.offset < end {
			for _, other := range []*Member{m, &a.members[last]} {
				other.Problem = problem(schema.ArchiveBomb, "the member shares bytes of the archive with another")
			}
		}
		if e := m.offset + zipLocalLen + m.packed; e > end {
			end, last = e, i
		}
	}
}

// inflater is what members are unpacked with. It is reused.
type inflater struct {
	flate  io.ReadCloser
	zstd   *zstd.Decoder
	packed []byte
	bytes  bytes.Reader
	buffer *bufio.Reader
}

var inflaters = sync.Pool{New: func() any { return new(inflater) }}

// smallPacked is up to how many bytes a packed member is read at once.
const smallPacked = 1 << 20

// zipContent is an open member of a zip archive.
type zipContent struct {
	from    io.Reader
	section *faithful // of the archive, if it is not read at once
	with    *inflater
	left    int64
	crc     uint32
	want    uint32
	probe   [1]byte
	err     error
}

// openZip compares what stands before the member with what the directory says of
// it, and opens it.
func (a *Archive) openZip(m *Member) (Content, error) {
	with := inflaters.Get().(*inflater)
	// Header and data are read at once where they are short: names and extra fields
	// seldom have more bytes than this.
	const spare = 256
	n := int64(zipLocalLen + spare)
	if m.packed <= smallPacked {
		n += m.packed
	}
	n = min(n, a.end-m.offset)
	with.packed = slices.Grow(with.packed[:0], int(n))[:n]
	c, err := a.startZip(m, with)
	if err != nil {
		inflaters.Put(with)
		return nil, err
	}
	return c, nil
}

func (a *Archive) startZip(m *Member, with *inflater) (*zipContent, error) {
	head := with.packed
	if err := a.readAt(head, m.offset); err != nil {
		return nil, err
	}
	if p := m.disagrees(head); p != nil {
		return nil, p
	}
	skip := zipLocalLen + int64(le.Uint16(head[26:])) + int64(le.Uint16(head[28:]))
	if skip > a.end-m.offset || m.packed > a.end-m.offset-skip {
		return nil, problem(schema.ArchiveMemberBroken, "the member would reach into the archive's directory")
	}
	var name []byte
	if n := int64(zipLocalLen) + int64(le.Uint16(head[26:])); n <= int64(len(head)) {
		name = head[zipLocalLen:n]
	} else {
		name = make([]byte, n-zipLocalLen)
		if err := a.readAt(name, m.offset+zipLocalLen); err != nil {
			return nil, err
		}
	}
	if crc32.ChecksumIEEE(name) != m.name {
		return nil, problem(schema.ArchiveMemberBroken, "the member has another name before its data than in the archive's directory")
	}
	c := &zipContent{with: with, left: m.Size, want: m.crc}
	switch {
	case skip+m.packed <= int64(len(head)):
		with.bytes.Reset(head[skip : skip+m.packed])
		c.from = &with.bytes
	case m.packed <= smallPacked:
		with.packed = slices.Grow(with.packed[:0], int(m.packed))[:m.packed]
		if err := a.readAt(with.packed, m.offset+skip); err != nil {
			return nil, err
		}
		with.bytes.Reset(with.packed)
		c.from = &with.bytes
	default:
		c.section = &faithful{from: io.NewSectionReader(a.file, m.offset+skip, m.packed)}
		if with.buffer == nil {
			with.buffer = bufio.NewReaderSize(c.section, 1<<16)
		} else {
			with.buffer.Reset(c.section)
		}
		c.from = with.buffer
	}
	switch m.method {
	case zipDeflate:
		if with.flate == nil {
			with.flate = flate.NewReader(c.from)
		} else if err := with.flate.(flate.Resetter).Reset(c.from, nil); err != nil {
			return nil, err
		}
		c.from = with.flate
	case zipZstd, zipZstdOld:
		var err error
		if with.zstd == nil {
			with.zstd, err = NewZstd(c.from)
		} else {
			err = with.zstd.Reset(c.from)
		}
		if err != nil {
			return nil, problem(schema.ArchiveMemberBroken, "the member cannot be unpacked: %s", err)
		}
		c.from = with.zstd
	}
	return c, nil
}

// disagrees compares the header before a member's data with the directory.
func (m *Member) disagrees(head []byte) *Problem {
	if len(head) < zipLocalLen || le.Uint32(head) != zipLocal {
		return problem(schema.ArchiveMemberBroken, "no member starts where the archive's directory says")
	}
	flags := le.Uint16(head[6:])
	differs := ""
	switch {
	case le.Uint16(head[8:]) != m.method:
		differs = "another method of compression"
	case flags&zipEncrypted != 0:
		differs = "a flag that it is encrypted"
	case flags&zipDescriptor != 0: // sizes and checksum follow the data
	case le.Uint32(head[14:]) != m.crc:
		differs = "another checksum"
	case !sameSize(le.Uint32(head[18:]), m.packed), !sameSize(le.Uint32(head[22:]), m.Size):
		differs = "another size"
	}
	if differs == "" {
		return nil
	}
	return problem(schema.ArchiveMemberBroken, "the member has %s before its data than in the archive's directory", differs)
}

// sameSize compares a size of 32 bits, which may stand in for a longer one.
func sameSize(short uint32, size int64) bool { return short == 0xffffffff || int64(short) == size }

// Read returns with the last bytes whether the content is whole.
func (c *zipContent) Read(buf []byte) (n int, err error) {
	if c.err != nil {
		return 0, c.err
	}
	if len(buf) == 0 {
		return 0, nil
	}
	n, err = c.from.Read(buf)
	if int64(n) > c.left {
		c.err = problem(schema.ArchiveMemberBroken, "the member has more bytes than the archive's directory says")
		return 0, c.err
	}
	c.left -= int64(n)
	c.crc = crc32.Update(c.crc, crc32.IEEETable, buf[:n])
	for c.left == 0 && err == nil { // whoever has all bytes shall know that they are whole
		var more int
		if more, err = c.from.Read(c.probe[:]); more > 0 {
			c.err = problem(schema.ArchiveMemberBroken, "the member has more bytes than the archive's directory says")
			return 0, c.err
		}
	}
	switch {
	case err == nil:
		return n, nil
	case errors.Is(err, io.EOF) && c.left > 0:
		err = problem(schema.ArchiveMemberBroken, "the member has %d bytes less than the archive's directory says", c.left)
	case errors.Is(err, io.EOF) && c.crc != c.want:
		err = problem(schema.ArchiveMemberBroken, "the member's checksum is wrong: its bytes are not those that were packed")
	case errors.Is(err, io.EOF): // as it should be
	case c.section != nil && c.section.err != nil:
		err = c.section.err
	default:
		err = problem(schema.ArchiveMemberBroken, "the member cannot be unpacked: %s", err)
	}
	c.err = err
	return n, err
}

func (c *zipContent) Close() error {
	if c.with != nil {
		c.with.bytes.Reset(nil)
		inflaters.Put(c.with)
		c.with, c.err = nil, io.ErrClosedPipe
	}
	return nil
}
