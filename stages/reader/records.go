package reader

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"math/bits"
	"slices"
	"strings"

	"github.com/quern-data/quern/pipeline"
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/reader/archive"
)

// Records finds the documents in the files of a format of which a file may hold
// many. It is safe for concurrent use; parser.Records says what it does.
type Records interface {
	Split(file io.Reader, emit func(schema.Record) error) error
	Fields(record []byte, dst []string) []string
}

// passes reports whether the next scan may find a file without the problem by which no
// records were found in it.
func passes(p *archive.Problem) bool {
	return p.Code != schema.FileEmpty && p.Code != schema.RecordMalformed
}

// maxHeader is how many bytes a header may have: each record is read with it.
const maxHeader = 64 << 10

// contents are what was found in one file.
type contents struct {
	pieces  [][]piece // with keys as places in keys
	keys    keyList
	groups  []uint64 // of splits: of each piece, nil if no splits are made
	header  int64
	state   state            // that the file had when it was split
	trouble *archive.Problem // why no records were found in it
}

// add adds a piece.
func (c *contents) add(b piece) {
	last := len(c.pieces) - 1
	if last < 0 || len(c.pieces[last]) == cap(c.pieces[last]) {
		room := pieceRecords
		if last < 0 {
			room = 1 // a file is often a document
		}
		c.pieces = append(c.pieces, make([]piece, 0, room))
		last++
	}
	c.pieces[last] = append(c.pieces[last], b)
}

// order finds the pieces of documents, where a file is not just one document, and puts
// them in order.
func (s *scanner) order(p *Plan, o Options) error {
	joins := s.corpus.SameID == sameAppend || s.corpus.SameID == sameAnnotators
	divides := s.capture.groups()
	if o.Records == nil && !joins && !divides {
		return nil
	}
	p.split = o.Records
	slices.SortFunc(p.records, func(a, b record) int { return cmp.Compare(a.path, b.path) })
	p.keyed = slices.DeleteFunc(slices.Clone(o.PartitionBy), func(column string) bool { return column == "corpus" })
	if joins {
		p.keep(typedNames[annotator])
	}
	if divides {
		p.keep(typedNames[split])
		p.keep(stratum(&s.corpus.Splits))
	}
	all, err := s.contents(p, o.Index)
	if err != nil {
		return err
	}
	groups := p.gather(all)
	order := byID(p.pieces, func(b *piece) string { return b.id }, func(a, b *piece) int {
		return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.offset, b.offset))
	})
	if divides {
		sorted := make([]uint64, len(groups))
		for i := range order {
			sorted[i] = groups[order[i].at]
		}
		groups = sorted
	}
	rearrange(p.pieces, order)
	if joins {
		p.join()
	}
	if divides {
		p.divide(&s.corpus.Splits, groups)
	}
	return nil
}

// keep has the values of a column kept for each piece.
func (p *Plan) keep(column string) {
	if column != "" && !slices.Contains(p.keyed, column) {
		p.keyed = append(p.keyed, column)
	}
}

// contents finds the pieces of documents in all files of the plan.
func (s *scanner) contents(p *Plan, index *Index) ([]contents, error) {
	all := make([]contents, len(p.records))
	known, complete := make([]bool, len(all)), false
	if index != nil && p.split != nil {
		known, complete = index.load(p, all)
	}
	err := pipeline.Each(s.ctx, len(all), s.workers, func(ctx context.Context, i int) error {
		return s.pieces(ctx, p, i, &all[i], known[i])
	})
	if err != nil {
		return nil, err
	}
	for i := range all {
		if p.split != nil && !known[i] {
			p.counts.Split++
		}
	}
	if index != nil && p.split != nil {
		err = index.update(p, all, known, complete)
	}
	return all, err
}

// Values of config.Corpus.SameID.
const (
	sameAppend     = "append"
	sameAnnotators = "annotators"
)

// join makes one document of all pieces with one id.
func (p *Plan) join() {
	documents := 0
	for k := range p.pieces {
		if k == 0 || p.pieces[k].id != p.pieces[k-1].id {
			documents++
		}
	}
	p.first = make([]int32, 0, documents+1)
	for k := range p.pieces {
		if k == 0 || p.pieces[k].id != p.pieces[k-1].id {
			p.first = append(p.first, int32(k))
		}
	}
	p.first = append(p.first, int32(len(p.pieces)))
}

// gather takes over what was found in the files, which are those of the plan, and
// returns the groups of the pieces.
func (p *Plan) gather(all []contents) (groups []uint64) {
	n := 0
	for i := range all {
		for _, list := range all[i].pieces {
			n += len(list)
		}
	}
	p.pieces = make([]piece, 0, n)
	var keys keyList
	for i := range all {
		f := &all[i]
		places := make([]int32, len(f.keys.list))
		for k, values := range f.keys.list {
			places[k] = keys.place(values)
		}
		for j, list := range f.pieces {
			for _, b := range list {
				b.key = places[b.key]
				p.pieces = append(p.pieces, b)
			}
			f.pieces[j] = nil
		}
		groups = append(groups, f.groups...)
		f.groups = nil
		if f.state.stamp != p.records[i].stamp {
			r := &p.records[i]
			r.size, r.stamp, r.changed = f.state.size, f.state.stamp, max(r.changed, f.state.changed)
		}
		if f.header > 0 {
			if p.headers == nil {
				p.headers = make([]int64, len(all))
			}
			p.headers[i] = f.header
		}
		if f.trouble != nil {
			if p.trouble == nil {
				p.trouble = map[int32]*archive.Problem{}
			}
			p.trouble[int32(i)] = f.trouble
		}
	}
	p.keys = keys.list
	return groups
}

// keyList are lists of values, each once.
type keyList struct {
	list   [][]string
	places map[string]int32 // by a text that stands for the values
	key    []byte
}

// place is that of a list of values, which are copied.
func (l *keyList) place(values []string) int32 {
	l.key = l.key[:0]
	for _, value := range values {
		l.key = append(binary.AppendUvarint(l.key, uint64(len(value))), value...)
	}
	place, ok := l.places[string(l.key)]
	if !ok {
		if l.places == nil {
			l.places = map[string]int32{}
		}
		own := make([]string, len(values))
		for i, value := range values {
			own[i] = strings.Clone(value)
		}
		place = int32(len(l.list))
		l.places[string(l.key)] = place
		l.list = append(l.list, own)
	}
	return place
}

// splitter looks for the records of one file.
type splitter struct {
	*scanner
	plan   *Plan
	at     int // of the file in the plan
	found  *contents
	path   capture // of the file
	record capture // of a record
	values []string
	text   strings.Builder // of ids
	id     []byte
	number int // of records so far
	whole  bool
	header uint64 // hash of the header
}

// pieces finds out of which pieces of documents file i of the plan consists, unless
// that is known.
func (s *scanner) pieces(ctx context.Context, p *Plan, i int, found *contents, known bool) error {
	r := &p.records[i]
	if known && len(found.pieces) > 0 {
		return nil
	}
	f := splitter{scanner: s, plan: p, at: i, found: found}
	s.capture.capture(r.path, &f.path)
	found.state = r.state
	if p.split == nil || r.size == refusedSize {
		f.add(piece{id: r.id})
		return nil
	}
	var err error
	if !known {
		err = f.split(ctx)
	}
	if done := ctx.Err(); done != nil {
		return done
	}
	if err := p.infrastructure(err); err != nil {
		return err
	}
	switch {
	case err != nil:
		found.trouble = problemOf(err, "the file")
	case len(found.pieces) == 0 && found.state.size > 0:
		found.trouble = &archive.Problem{Code: schema.FileEmpty, Text: "the file holds no document"}
	}
	if found.trouble != nil || len(found.pieces) == 0 {
		f.reset()
		f.add(piece{id: r.id})
	}
	return nil
}

// split finds the records of the file, again as long as it is not in one state from
// before to after.
func (f *splitter) split(ctx context.Context) error {
	before := f.found.state
	for range readings {
		f.reset()
		after, err := f.once(ctx)
		if err != nil {
			return err
		}
		f.found.state = after
		if after.stamp == before.stamp {
			return nil
		}
		before = after
	}
	return errChanging
}

func (f *splitter) reset() {
	f.found.pieces, f.found.keys, f.found.groups, f.found.header = nil, keyList{}, nil, 0
	f.record.values, f.number, f.whole, f.header = f.record.values[:0], 0, false, 0
}

// once finds the records of the file, and returns the state that it then has.
func (f *splitter) once(ctx context.Context) (state, error) {
	p := f.plan
	path := p.records[f.at].path
	opened, err := p.open(path)
	if err != nil {
		return unknown, err
	}
	defer opened.close()
	w := &window{ctx: ctx, file: opened, most: 4*int(p.limit) + 1<<20}
	err = p.split.Split(w, func(r schema.Record) error { return f.emit(w, &r) })
	if w.err != nil {
		err = w.err
	}
	if err != nil {
		return unknown, err
	}
	return opened.state()
}

// emit takes a record.
func (f *splitter) emit(w *window, r *schema.Record) error {
	if f.number++; f.whole || r.Whole && f.number > 1 {
		return fmt.Errorf("the format %s found a record beside one that is the whole file", f.corpus.Format)
	}
	if r.Header != f.found.header {
		if f.number > 1 {
			return fmt.Errorf("the format %s found a header of %d bytes, and then one of %d", f.corpus.Format, f.found.header, r.Header)
		}
		if r.Header > maxHeader {
			return &archive.Problem{Code: schema.RecordMalformed, Text: fmt.Sprintf("the row of the names has %d bytes, and may have %d, as every row is read with it: leave out columns that the config does not name", r.Header, maxHeader)}
		}
		header, err := w.take(0, r.Header)
		if err != nil {
			return err
		}
		f.found.header, f.header = r.Header, header
	}
	f.record.values = append(f.record.values[:0], f.path.values...)
	f.capture.fields(r.Values, &f.record)
	b := piece{id: f.idOf(r), offset: r.Start, line: int32(min(r.Line, maxPiece)), size: uint32(min(r.End-r.Start, maxPiece))}
	f.whole = r.Whole
	if r.Whole {
		b.offset, b.line, b.size = 0, 0, 0
	} else {
		stamp, err := w.take(r.Start, r.End)
		if err != nil {
			return err
		}
		if b.stamp = stamp; stamp != unknownStamp {
			b.stamp = stampOfRecord(stamp, f.header)
		}
	}
	f.add(b)
	return nil
}

// idOf is the id of a record whose values are captured.
func (f *splitter) idOf(r *schema.Record) string {
	path := f.plan.records[f.at].path
	number := f.number
	if r.Whole {
		number = 0
	}
	f.id = f.capture.appendID(f.id[:0], path, number, &f.record)
	return keep(&f.text, f.id)
}

// textBytes is how much text of paths and ids is allocated at a time.
const textBytes = 64 << 10

// keep is a text as a string behind others in a large piece of memory: that is a fifth
// less than one by one, and the collector need not look at each.
func keep(room *strings.Builder, text []byte) string {
	if room.Cap()-room.Len() < len(text) {
		*room = strings.Builder{}
		room.Grow(max(textBytes, len(text)))
	}
	start := room.Len()
	room.Write(text)
	return room.String()[start:]
}

// add adds a piece whose values are captured, or if it is a file without records
// those of its path.
func (f *splitter) add(b piece) {
	from := &f.record
	if len(f.record.values) == 0 {
		from = &f.path
	}
	f.values = f.values[:0]
	for _, column := range f.plan.keyed {
		f.values = append(f.values, f.capture.text(column, from))
	}
	b.key, b.file = f.found.keys.place(f.values), int32(f.at)
	f.found.add(b)
	if f.capture.groups() {
		f.found.groups = append(f.found.groups, f.capture.groupOf(b.id, from))
	}
}

// window is a file of which it keeps the bytes that are not known to belong to a
// record yet.
type window struct {
	ctx   context.Context
	file  handle
	most  int // how many it keeps
	buf   []byte
	head  int   // of those that are kept
	start int64 // where in the file they start
	err   error // of reading
}

// Read is that of io.Reader.
func (w *window) Read(buf []byte) (int, error) {
	if w.err = w.ctx.Err(); w.err != nil {
		return 0, w.err
	}
	n, err := w.file.read(buf)
	if err != nil {
		w.err = &fs.PathError{Op: "read", Err: err}
		return 0, w.err
	}
	if n == 0 && len(buf) > 0 {
		return 0, io.EOF
	}
	if kept := len(w.buf) - w.head; kept+n > w.most {
		w.drop(min(kept, kept+n-w.most/2))
	}
	if len(w.buf)+n > cap(w.buf) && w.head > 0 {
		w.buf = w.buf[:copy(w.buf, w.buf[w.head:])]
		w.head = 0
	}
	w.buf = append(w.buf, buf[:n]...)
	return n, nil
}

func (w *window) drop(n int) {
	w.head += n
	w.start += int64(n)
}

// take is the hash of a record, unknownStamp if it is too large to be kept. Those
// after it are taken later.
func (w *window) take(start, end int64) (uint64, error) {
	kept := w.buf[w.head:]
	if start > end || end > w.start+int64(len(kept)) {
		return 0, fmt.Errorf("a record is said to be bytes %d to %d, and %d were read", start, end, w.start+int64(len(kept)))
	}
	stamp := uint64(unknownStamp)
	if start >= w.start {
		stamp = hashBytes(kept[start-w.start : end-w.start])
	}
	w.drop(int(max(end-w.start, 0)))
	return stamp, nil
}

// hashBytes is a hash of a record's bytes, above unknownStamp: 8 bytes at a time, of
// which each multiplies what is known so far. It keeps up with any parser.
func hashBytes(b []byte) uint64 {
	const prime, other = 0x9e3779b97f4a7c15, 0xd6e8feb86659fd93
	h := uint64(len(b)) ^ other
	for ; len(b) >= 8; b = b[8:] {
		h = fold(h^binary.LittleEndian.Uint64(b), prime)
	}
	var last [8]byte
	copy(last[:], b)
	h = fold(h^binary.LittleEndian.Uint64(last[:]), prime)
	return max(mix(h), unknownStamp+1)
}

func fold(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b)
	return high ^ low
}
