package reader

// Shard is a range of a plan's entries: what goes into one part of each table.
type Shard struct {
	Start, End int   // entries, half-open
	Bytes      int64 // source bytes of its documents, without the refused ones
	// Partition has the values that all its documents have in the columns that the
	// plan is partitioned by, "" for NULL and for the empty string.
	Partition []string
}

const (
	// minWeight is what an entry counts for at least, in bytes: a row costs
	// something even if its document is empty.
	minWeight = 256
	// maxTargets is how many times the target a shard may weigh. Such runs
	// without a cut are rare: one shard in thousands.
	maxTargets = 4
)

// Shards cuts the plan into consecutive shards that hold target source bytes on
// average, each entry in exactly one. An empty plan has no shards. A plan that is
// partitioned is cut between partitions, and each of these as if it were alone.
//
// A document ends a shard if its hash is lower than that of every other
// document that ends less than target/2 bytes before or after it. So shards
// weigh target/2 at least and target on average, and where they are cut depends
// on nothing farther away than target/2 bytes: adding, removing or changing a
// document changes the shard it falls in, seldom its neighbours, and no other.
// (A hash compared with a threshold, the usual way, needs a least size, and with
// it each cut depends on all those before.)
//
// Should no document end a shard over more than 4*target bytes, the stretch is
// cut into even pieces. Above that a shard weighs only if a single document
// does. A shard weighs less than target/2 only next to such a cut or if the
// whole plan does.
func (p *Plan) Shards(target int64) []Shard {
	if p.Len() == 0 {
		return nil
	}
	target = max(target, 1)
	if p.partitions == nil {
		return p.cut(nil, 0, p.Len(), target)
	}
	var shards []Shard
	start := 0
	for _, partition := range p.partitions {
		first := len(shards)
		shards = p.cut(shards, start, partition.end, target)
		for i := first; i < len(shards); i++ {
			shards[i].Partition = partition.values
		}
		start = partition.end
	}
	return shards
}

// cut appends the shards of a range of entries.
func (p *Plan) cut(shards []Shard, start, end int, target int64) []Shard {
	hashes := make([]uint64, end-start)
	sizes := make([]int64, end-start)
	ends := make([]int64, end-start)
	var total int64
	for i := range hashes {
		hashes[i] = p.idHash(start + i)
		sizes[i] = p.readBytes(start + i)
		total += weight(sizes[i])
		ends[i] = total
	}
	window := max(target/2, 1)
	endsShard := func(i int) bool {
		if ends[i] < window || total-ends[i] < window {
			return false
		}
		// Both walks stop at the first lower hash: about ln(n) steps.
		for j := i - 1; j >= 0 && ends[i]-ends[j] < window; j-- {
			if hashes[j] <= hashes[i] {
				return false
			}
		}
		for j := i + 1; j < len(ends) && ends[j]-ends[i] < window; j++ {
			if hashes[j] < hashes[i] {
				return false
			}
		}
		return true
	}
	from := 0
	for i := range ends {
		if i == len(ends)-1 || endsShard(i) {
			shards = evenly(shards, start+from, sizes[from:i+1], maxTargets*target)
			from = i + 1
		}
	}
	return shards
}

// evenly appends the entries from start on, of the given sizes, to shards, cut evenly if
// they weigh more than ceiling.
func evenly(shards []Shard, start int, sizes []int64, ceiling int64) []Shard {
	var total int64
	for _, size := range sizes {
		total += weight(size)
	}
	share := total
	if total > ceiling {
		n := (total + ceiling - 1) / ceiling
		share = (total + n - 1) / n
	}
	shard, weighs := Shard{Start: start}, int64(0)
	for i, size := range sizes {
		w := weight(size)
		if weighs >= share || weighs > 0 && weighs+w > ceiling {
			shard.End = start + i
			shards = append(shards, shard)
			shard, weighs = Shard{Start: start + i}, 0
		}
		weighs += w
		shard.Bytes += size
	}
	shard.End = start + len(sizes)
	return append(shards, shard)
}

// weight is what an entry counts for of which so many bytes will be read.
func weight(bytes int64) int64 { return max(bytes, minWeight) }

// readBytes is how many bytes of entry i will be read, as far as that is known: none of
// one that is refused, however large.
func (p *Plan) readBytes(i int) int64 {
	if i < len(p.notices) || p.refused(i) {
		return 0
	}
	return p.documentBytes(i)
}

// idHash is the hash of the id of entry i.
func (p *Plan) idHash(i int) uint64 {
	if i < len(p.notices) {
		return hash("")
	}
	first, _ := p.pieceRange(i)
	return hash(p.corpus, "/", p.id(first))
}

// hash is FNV-1a with 64 bits of the parts, as one string, followed by the finalizer of MurmurHash3 because
// FNV alone leaves the high bits of similar ids similar. Where shards are cut
// depends on it: with another hash, every part of every table is made anew.
func hash(parts ...string) uint64 {
	h := uint64(0xcbf29ce484222325)
	for _, s := range parts {
		for i := range len(s) {
			h = (h ^ uint64(s[i])) * 0x100000001b3
		}
	}
	return mix(h)
}

func mix(h uint64) uint64 {
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}
