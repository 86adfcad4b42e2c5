package reader

import (
	"errors"
	"io/fs"
	"slices"

	"github.com/quern-data/quern/schema"
)

// block is a stretch of a file of records, as it was when the file was split.
type block struct {
	file  int32 // its place in Plan.records and 1 more; 0 for none
	start int64
	data  []byte
}

func (b *block) end() int64 { return b.start + int64(len(b.data)) }

const (
	// blockBytes is how much is read at once of a file whose records are read one
	// after the other: opening it for each takes longer than reading a block.
	blockBytes = 256 << 10
	// blockGap is how far apart such records are at most, in bytes.
	blockGap = 4 << 10
)

// readPieces reads pieces from to to-1 into src, and captures the fields of the first.
// If it cannot, it refuses src.
func (r *Reader) readPieces(from, to int, src *schema.Source) error {
	p := r.plan
	pieces := src.Pieces[:0]
	for k := from; k < to; k++ {
		piece := p.pieceOf(k)
		if header := p.header(k); header > 0 && (k == from || p.isWhole(k-1) || p.fileOf(k) != p.fileOf(k-1)) {
			data, err := r.stretch(&r.header, k, 0, header, header)
			if err := r.failed(k, err, src); err != nil || src.Refused {
				p.placePieces(from, to, src)
				return err
			}
			start := len(src.Data)
			src.Data = append(src.Data, data...)
			pieces = append(pieces, schema.Piece{
				Path: piece.Path, Data: schema.Span{Start: start, End: len(src.Data)}, Line: 1, Header: true,
			})
		}
		start := len(src.Data)
		if p.isWhole(k) {
			var err error
			if r.buf, err = r.readWhole(k, p.where(k), src, r.buf); err != nil {
				return err
			}
			src.Data = append(src.Data, r.buf...)
		} else if err := r.readRecord(k, src); err != nil {
			return err
		}
		if !src.Refused && len(src.Data) > int(p.limit)+int(p.header(from)) && to-from > 1 {
			refuse(src, schema.FileTooLarge, "the pieces of the document have more bytes than limits.document_bytes, %s, and have grown since they were scanned", p.limit)
		}
		if src.Refused {
			src.Data, src.RawData = src.Data[:0], src.RawData[:0]
			p.placePieces(from, to, src)
			return nil
		}
		piece.Data = schema.Span{Start: start, End: len(src.Data)}
		if k == from {
			r.captureFields(src.Data)
		}
		if err := r.twinOf(k, &piece, src); err != nil {
			return err
		}
		piece.Annotator = p.annotator(k)
		pieces = append(pieces, piece)
	}
	src.Pieces = pieces
	return nil
}

// captureFields captures what the content of a document, or its first piece, gives.
func (r *Reader) captureFields(data []byte) {
	if p := r.plan; p.split != nil && len(p.capture.contents) > 0 {
		r.values = p.split.Fields(data, r.values[:0])
		p.capture.fields(r.values, &r.capture)
	}
}

// readRecord appends piece k, a record, to the data of src.
func (r *Reader) readRecord(k int, src *schema.Source) error {
	p := r.plan
	b := &p.pieces[k]
	length := int64(b.size)
	if last := &r.block; last.file == b.file+1 && b.offset >= last.end() && b.offset-last.end() <= blockGap {
		length = max(length, blockBytes)
	}
	data, err := r.stretch(&r.block, k, b.offset, int64(b.size), length)
	if err == nil && b.stamp != unknownStamp && p.recordStamp(data, r.header.data, p.header(k)) != b.stamp {
		r.block.file, err = 0, errChanging
	}
	src.Data = append(src.Data, data...)
	return r.failed(k, err, src)
}

// failed refuses src for an error of reading piece k, a record.
func (r *Reader) failed(k int, err error, src *schema.Source) error {
	if err := r.plan.infrastructure(err); err != nil {
		return err
	}
	what := r.plan.where(k)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errChanging):
		refuse(src, schema.FileChanging, "%s is not what was there when the file was scanned: run again when whatever writes it is done", what)
	case errors.Is(err, fs.ErrNotExist):
		refuse(src, schema.FileVanished, "%s was there when the file was scanned and is gone now", what)
	default:
		problem := problemOf(err, what)
		refuse(src, problem.Code, "%s", problem.Text)
	}
	src.Unsettled = true
	return nil
}

// stretch is a stretch of the file of piece k, of at least size bytes, which it reads
// into b if they are not there, and then length bytes, as far as there are. The file
// must be in the state in which its records were found.
func (r *Reader) stretch(b *block, k int, start, size, length int64) ([]byte, error) {
	at := r.plan.pieces[k].file
	if b.file != at+1 || start < b.start || start+size > b.end() {
		b.file, b.start = 0, start
		var err error
		if b.data, err = r.readAt(b.data[:0], k, start, length); err != nil {
			return nil, err
		}
		if int64(len(b.data)) < size {
			return nil, errChanging
		}
		b.file = at + 1
	}
	return b.data[start-b.start : start-b.start+size], nil
}

// readAt reads bytes of the file of piece k into buf, as far as there are.
func (r *Reader) readAt(buf []byte, k int, start, length int64) ([]byte, error) {
	p := r.plan
	if known := p.fileOf(k).size; known >= 0 && !isPacked(p.fileOf(k).path) {
		length = min(length, known-start)
	}
	buf = slices.Grow(buf, int(max(length, 0)))[:max(length, 0)]
	f, err := p.open(p.fileOf(k).path)
	if err != nil {
		return buf[:0], err
	}
	defer f.close()
	state, err := f.state()
	if err == nil && state.stamp != p.fileOf(k).stamp {
		err = errChanging
	}
	n := 0
	if err == nil {
		n, err = f.readAt(buf, start)
	}
	if err != nil && !errors.Is(err, errChanging) {
		err = &fs.PathError{Op: "read", Err: err}
	}
	return buf[:n], err
}

// twinOf appends the twin of piece k, if it has one, to the raw data of src.
func (r *Reader) twinOf(k int, piece *schema.Piece, src *schema.Source) error {
	p := r.plan
	if !p.isWhole(k) {
		return nil
	}
	p.capture.capture(p.fileOf(k).path, &r.piece)
	raw := p.twinPath(k, src, &r.piece)
	if raw == "" {
		return nil
	}
	raw, data, err := r.readTwin(k, raw, src, r.buf)
	r.buf = data
	if raw == "" || err != nil {
		return err
	}
	start := len(src.RawData)
	src.RawData = append(src.RawData, data...)
	piece.RawPath, piece.Raw = raw, schema.Span{Start: start, End: len(src.RawData)}
	if src.RawPath == "" {
		src.RawPath = raw
	}
	return nil
}

// header is how many bytes of its file piece k cannot be read without.
func (p *Plan) header(k int) int64 {
	if p.headers == nil || p.isWhole(k) {
		return 0
	}
	return p.headers[p.pieces[k].file]
}

// recordStamp is that of a record behind a header, of which the first bytes count.
func (p *Plan) recordStamp(record, header []byte, size int64) uint64 {
	of := uint64(0)
	if size > 0 {
		of = hashBytes(header[:size])
	}
	return stampOfRecord(hashBytes(record), of)
}

// stampOfRecord is made of the hashes of a record and of its header, 0 for none.
func stampOfRecord(record, header uint64) uint64 {
	if header == 0 {
		return record
	}
	return max(mix(record^header), unknownStamp+1)
}

// annotator is that of piece k, "" if it is not known, where documents may have
// several pieces.
func (p *Plan) annotator(k int) string {
	if column := slices.Index(p.keyed, typedNames[annotator]); column >= 0 {
		return p.keys[p.pieces[k].key][column]
	}
	return ""
}
