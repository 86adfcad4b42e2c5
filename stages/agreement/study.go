package agreement

import (
	"hash/fnv"
	"math/bits"
	"math/rand/v2"
	"slices"
)

// Study computes the measures of a layer, and how they spread over samples of its
// documents.
type Study struct {
	layer   *Layer
	seed    uint64
	stream  uint64 // of the corpus
	samples int
	plan    plan
	close   closeness // of sets, where they are compared
	results [][]figures
}

// SampleBlock is how many samples are drawn at once.
const SampleBlock = 50

// NewStudy is a study of a layer, which must not be used any more. Samples are
// drawn by the seed and the name of the corpus: those of its layers are of the same
// documents as far as these have the same.
func NewStudy(l *Layer, samples int, seed uint64) *Study {
	l = l.ordered()
	name := fnv.New64a()
	name.Write([]byte(l.Corpus))
	s := &Study{layer: l, seed: seed, stream: name.Sum64(), samples: samples, plan: newPlan(l)}
	if l.setValued {
		s.close = newCloseness(l)
	}
	if len(l.documents) < 2 {
		s.samples = 0 // there is nothing to choose from
	}
	s.results = make([][]figures, s.Blocks())
	return s
}

// Blocks is how many times Resample is to be called.
func (s *Study) Blocks() int { return (s.samples + SampleBlock - 1) / SampleBlock }

// Resample draws the samples of a block, from 0, and computes the measures of each:
// as many documents as there are, with replacement. It may be called for several blocks
// at the same time.
func (s *Study) Resample(block int) {
	t := s.newTotals()
	times := make([]int32, len(s.layer.documents))
	from := block * SampleBlock
	s.results[block] = make([]figures, min(SampleBlock, s.samples-from))
	for i := range s.results[block] {
		t.clear()
		for at, times := range s.draw(from+i, times) {
			if times > 0 {
				t.add(&s.plan, at, float64(times))
			}
		}
		s.results[block][i] = s.figures(t, true)
	}
}

// draw says how many times each document is in a sample.
func (s *Study) draw(sample int, times []int32) []int32 {
	clear(times)
	n := uint64(len(times))
	source := rand.NewPCG(s.seed, mix(s.stream+uint64(sample)))
	for range n {
		at, _ := bits.Mul64(source.Uint64(), n)
		times[at]++
	}
	return times
}

// mix makes seeds that are neighbours differ in every bit, as SplitMix64 does.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// plan is the documents of a layer as flat lists, so that adding them up again is a
// walk through memory.
type plan struct {
	documents []planned
	tallies   []tally
	couples   []couple
	counts    []planCount
	of        []int32 // by place of a count, its pair
}

// planned is a document: its numbers, and where its lists end.
type planned struct {
	units, values, agreed, share, masi, jaccard float64
	tallies, couples, counts                    int32
}

// planCount is a marginal, and the place where those of its pair and value are added up.
type planCount struct {
	at   int32
	a, b int32
}

func newPlan(l *Layer) plan {
	var p plan
	places := map[[2]int32]int32{}
	for i := range l.documents {
		d := &l.documents[i]
		p.tallies = append(p.tallies, d.tallies...)
		p.couples = append(p.couples, d.couples...)
		counts := d.counts
		for _, c := range d.couples {
			if l.setValued {
				break // no measure asks for them
			}
			for _, n := range counts[:c.counts] {
				key := [2]int32{c.pair, int32(n.value)}
				at, ok := places[key]
				if !ok {
					at = int32(len(p.of))
					places[key] = at
					p.of = append(p.of, c.pair)
				}
				p.counts = append(p.counts, planCount{at, n.a, n.b})
			}
			counts = counts[c.counts:]
		}
		p.documents = append(p.documents, planned{
			float64(d.units), float64(d.values), d.agreed, d.share, d.masi, d.jaccard,
			int32(len(p.tallies)), int32(len(p.couples)), int32(len(p.counts)),
		})
	}
	return p
}

// totals are what documents add up to.
type totals struct {
	units, values, agreed, share, masi, jaccard float64
	n, shares                                   []float64 // by value
	couples                                     []coupleTotal
	a, b                                        []float64 // by place of a count
}

type coupleTotal struct{ units, agreed, expected float64 }

func (s *Study) newTotals() *totals {
	return &totals{
		n:       make([]float64, len(s.layer.sets.of)),
		shares:  make([]float64, len(s.layer.sets.of)),
		couples: make([]coupleTotal, len(s.layer.pairs)),
		a:       make([]float64, len(s.plan.of)),
		b:       make([]float64, len(s.plan.of)),
	}
}

func (t *totals) clear() {
	*t = totals{n: t.n, shares: t.shares, couples: t.couples, a: t.a, b: t.b}
	clear(t.n)
	clear(t.shares)
	clear(t.couples)
	clear(t.a)
	clear(t.b)
}

// add adds a document so many times.
func (t *totals) add(p *plan, at int, times float64) {
	var from planned
	if at > 0 {
		from = p.documents[at-1]
	}
	d := &p.documents[at]
	t.units += times * d.units
	t.values += times * d.values
	t.agreed += times * d.agreed
	t.share += times * d.share
	t.masi += times * d.masi
	t.jaccard += times * d.jaccard
	for _, v := range p.tallies[from.tallies:d.tallies] {
		t.n[v.value] += times * float64(v.n)
		t.shares[v.value] += times * v.share
	}
	for _, c := range p.couples[from.couples:d.couples] {
		total := &t.couples[c.pair]
		total.units += times * float64(c.units)
		total.agreed += times * float64(c.agreed)
	}
	for _, n := range p.counts[from.counts:d.counts] {
		t.a[n.at] += times * float64(n.a)
		t.b[n.at] += times * float64(n.b)
	}
}

// figures are the measures of some documents. What is undefined is not there.
type figures struct {
	measures [measures]figure
	raw      []figure // by pair
	kappa    []figure // by pair, where values are single labels
}

// figure is a number, or nothing.
type figure struct {
	is    bool
	value float64
}

func some(v float64) figure { return figure{true, v} }

// The measures of a layer, in the order in which they are reported.
const (
	raw = iota
	cohen
	fleiss
	alphaNominal
	alphaMASI
	alphaJaccard
	measures
)

// figures computes the measures from totals. It spoils these.
func (s *Study) figures(t *totals, resampled bool) figures {
	f := figures{raw: make([]figure, len(t.couples))}
	for i, c := range t.couples {
		if c.units > 0 {
			f.raw[i] = some(c.agreed / c.units)
		}
	}
	if t.units > 0 {
		f.measures[raw] = some(t.share / t.units)
	}
	given, squares, chance := 0, 0.0, 0.0
	for i, n := range t.n {
		if n > 0 {
			given++
		}
		squares += n * n
		chance += t.shares[i] * t.shares[i]
	}
	expected := t.values*t.values - squares // twice the pairs of values that differ
	switch {
	case given < 2: // no disagreement to be expected, and none to be measured by
	case !s.layer.setValued:
		f.measures[alphaNominal] = some(1 - (t.values-1)*(t.values-t.agreed)/expected)
		chance /= t.units * t.units
		f.measures[fleiss] = some((t.share/t.units - chance) / (1 - chance))
	case resampled && s.close.tooMany:
	default:
		alike := s.close.alike(t.n)
		f.measures[alphaMASI] = some(1 - (t.values-1)*t.masi/(expected-alike.masi))
		f.measures[alphaJaccard] = some(1 - (t.values-1)*t.jaccard/(expected-alike.jaccard))
	}
	if s.layer.setValued {
		return f
	}
	for i, pair := range s.plan.of {
		t.couples[pair].expected += t.a[i] * t.b[i]
	}
	f.kappa = make([]figure, len(t.couples))
	sum, units := 0.0, 0.0
	for i, c := range t.couples {
		if square := c.units * c.units; c.units > 0 && c.expected < square {
			kappa := (c.agreed/c.units - c.expected/square) / (1 - c.expected/square)
			f.kappa[i] = some(kappa)
			sum += kappa * c.units
			units += c.units
		}
	}
	if units > 0 {
		f.measures[cohen] = some(sum / units)
	}
	return f
}

// closeness is which sets of labels have labels in common.
type closeness struct {
	layer   *Layer
	ends    []int32 // by set, where its list ends
	with    []near
	tooMany bool // to be kept
}

// near is a set that stands behind another, and how similar it is.
type near struct {
	set int32
	similarity
}

// mostNear is how many pairs of sets are kept: 24 bytes each, and a millisecond or two
// for a million of them in each sample.
const mostNear = 2 << 20

func newCloseness(l *Layer) closeness {
	c := closeness{layer: l}
	c.each(func(near []near) bool {
		c.with = append(c.with, near...)
		c.ends = append(c.ends, int32(len(c.with)))
		c.tooMany = len(c.with) > mostNear
		return !c.tooMany
	})
	if c.tooMany {
		c.with, c.ends = nil, nil
	}
	return c
}

// each calls with, for each set in turn, those behind it that have a label in common
// with it, until that returns false.
func (c *closeness) each(with func([]near) bool) {
	all := c.layer.sets.of
	holders := make([][]int32, len(c.layer.sets.labels)) // sets that have a label
	for i, set := range all {
		for _, label := range set {
			holders[label] = append(holders[label], int32(i))
		}
	}
	seen := make([]int32, len(all))
	var found []near
	for i, set := range all {
		found = found[:0]
		for _, label := range set {
			behind := holders[label]
			at, _ := slices.BinarySearch(behind, int32(i)+1)
			for _, j := range behind[at:] {
				if seen[j] != int32(i)+1 {
					seen[j] = int32(i) + 1
					found = append(found, near{j, similar(set, all[j])})
				}
			}
		}
		if !with(found) {
			return
		}
	}
}

// alike is twice the similarity of all pairs of values that differ, n of each.
func (c *closeness) alike(n []float64) (sum similarity) {
	i := 0
	add := func(with []near) bool {
		masi, jaccard := 0.0, 0.0
		for _, b := range with {
			masi += n[b.set] * b.masi
			jaccard += n[b.set] * b.jaccard
		}
		sum.masi += 2 * n[i] * masi
		sum.jaccard += 2 * n[i] * jaccard
		i++
		return true
	}
	if c.tooMany {
		c.each(add)
		return sum
	}
	from := int32(0)
	for _, end := range c.ends {
		add(c.with[from:end])
		from = end
	}
	return sum
}
