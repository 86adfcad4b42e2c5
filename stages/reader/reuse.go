package reader

import (
	"crypto/sha256"
	"encoding/binary"
)

// Identity is a hash of the salt and of all that the names in a corpus say about
// the entries of s: ids, paths, splits, where in their files records stand, whether the scan
// saw a twin, which document has the id of a duplicate, the corpus, the name of its
// archive, why a member of that or the records of a file cannot be read, and the
// diagnostics of entries without an id. Two shards have one identity if these are the same, in the same order,
// on any machine and at any time. Together with the configuration, which belongs
// in the salt, and the bytes of the files it decides every row of the shard.
//
// Sizes and times are not in it, but for the sizes of several pieces of one document,
// nor what follows from a size, that a file is empty or too large: Stamps has them.
func (p *Plan) Identity(s Shard, salt string) [32]byte {
	h := sha256.New()
	// Each text goes behind its length, and each entry starts with its kind: no
	// two lists of entries are written alike.
	var b []byte
	add := func(texts ...string) {
		for _, text := range texts {
			b = binary.AppendUvarint(b, uint64(len(text)))
			b = append(b, text...)
		}
	}
	addPlace := func(k int) {
		if p.pieces != nil {
			b = binary.AppendUvarint(b, uint64(p.pieces[k].offset))
			b = binary.AppendUvarint(b, uint64(p.pieces[k].line))
		}
	}
	add(salt, p.corpus)
	if p.prefix != "" {
		b = append(b, 'a')
		add(p.prefix)
	}
	for i := s.Start; i < s.End; i++ {
		h.Write(b)
		b = b[:0]
		if i < len(p.notices) {
			n := &p.notices[i]
			b = append(b, 'n')
			add(n.path, n.code.String(), n.message)
			continue
		}
		from, to := p.pieceRange(i)
		if p.first != nil {
			b = binary.AppendUvarint(append(b, 'p'), uint64(to-from))
		}
		for k := from; k < to; k++ {
			kind, problem := byte('d'), p.problemOf(k)
			switch {
			case problem != nil:
				kind = 'x'
			case !p.isWhole(k):
				kind = 'r'
			case p.fileOf(k).twin != noTwin:
				kind = 't'
			}
			if b = append(b, kind); k == from {
				b = binary.AppendUvarint(b, uint64(len(p.corpus)+1+len(p.id(k))))
				b = append(append(append(b, p.corpus...), '/'), p.id(k)...)
			}
			add(p.fileOf(k).path)
			addPlace(k)
			if to-from > 1 {
				// Where one ends and the next starts is not to be seen in their bytes.
				b = binary.AppendVarint(binary.AppendVarint(b, p.size(k)), p.fileOf(k).twinSize)
			}
			if problem != nil {
				add(problem.Code.String(), problem.Text)
			}
		}
		if first := p.original(i); first != from {
			add(p.fileOf(first).path)
			addPlace(first)
		} else {
			add("") // no path is empty
		}
		if p.splits != nil {
			add(p.splitOf(i))
		}
	}
	h.Write(b)
	return [32]byte(h.Sum(nil))
}

// Stamps are the stamps of the entries of s, with 0 for each that cannot be
// trusted: its file must be read to learn whether it is the same.
//
// An equal stamp means equal bytes only if a change would have moved a time, and
// a file system's clock ticks in steps, of milliseconds mostly and of two
// seconds on FAT. A file written, looked at, and written again within one step
// keeps its stamp. So before is when the scan started, less two seconds, in
// nanoseconds since the epoch, and a stamp counts only if the file and its twin
// last changed earlier. That leaves out what was being written, and whatever has
// a time in the future; a file server whose clock is more than two seconds slow
// defeats it. Where the size or the times could not be asked for, the stamp
// is 0 too.
func (p *Plan) Stamps(s Shard, before int64) []uint64 {
	stamps := make([]uint64, s.End-s.Start)
	for k := range stamps {
		switch i := s.Start + k; {
		case i < len(p.notices):
			stamps[k] = p.Entry(i).Stamp
		case p.settledBefore(i, before):
			stamps[k] = p.stamp(i)
		}
	}
	return stamps
}

// settledBefore reports whether the files of document i last changed before that
// time. Records are known by their bytes, and Read sees that they still are.
func (p *Plan) settledBefore(i int, before int64) bool {
	from, to := p.pieceRange(i)
	for k := from; k < to; k++ {
		if p.isWhole(k) && p.fileOf(k).changed >= before {
			return false
		}
	}
	return true
}
