package reader

import (
	"crypto/sha256"
	"encoding/binary"
)

// Identity is a hash of the salt and of all that the names in a corpus say about
// the entries of s: ids, paths, whether the scan saw a twin, which document
// has the id of a duplicate, the corpus, and the diagnostics of entries without
// an id. Two shards have one identity if these are the same, in the same order,
// on any machine and at any time. Together with the configuration, which belongs
// in the salt, and the bytes of the files it decides every row of the shard.
//
// Sizes and times are not in it, nor what follows from a size, that a file is
// empty or too large: Stamps has them.
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
	add(salt, p.corpus)
	for i := s.Start; i < s.End; i++ {
		h.Write(b)
		b = b[:0]
		if i < len(p.notices) {
			n := &p.notices[i]
			b = append(b, 'n')
			add(n.path, n.code.String(), n.message)
			continue
		}
		r := p.record(i)
		kind := byte('d')
		if r.twin != noTwin {
			kind = 't'
		}
		b = append(b, kind)
		b = binary.AppendUvarint(b, uint64(len(p.corpus)+1+len(r.id)))
		b = append(append(append(b, p.corpus...), '/'), r.id...)
		add(r.path)
		if first := p.original(i); first != r {
			add(first.path)
		} else {
			add("") // no path is empty
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
		case p.record(i).changed < before:
			stamps[k] = p.stamp(i)
		}
	}
	return stamps
}
