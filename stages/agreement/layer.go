package agreement

import (
	"cmp"
	"maps"
	"slices"
)

// Layer is what annotators said in one layer of a corpus, added up for each document:
// all that the measures need, of any choice of documents.
type Layer struct {
	Corpus, Name string

	sets       sets
	setValued  bool
	annotators []string
	numbers    map[string]int32 // of annotators
	pairs      []pair
	places     map[pair]int32 // of pairs
	documents  []document

	// For a document that is being added.
	raters  []int32
	values  []Value // that occur in it
	local   []int32 // by value, one more than its place there
	tallies []tally // by value
	couples []couple
	counts  []marginal // by couple and value
	compare map[[2]Value]similarity
}

// pair is two annotators, by their numbers: that of the name that sorts first is a.
type pair struct{ a, b int32 }

// document is what is known of one document. Values that no second annotator gave one
// beside do not count, as in all of these measures.
type document struct {
	id       string
	units    int     // with two values or more
	bare     int     // of these, those where all are Nothing
	fewest   int     // values of a unit
	most     int     // values of a unit
	values   int     // of all units
	agreed   float64 // twice the pairs of values that agree, each by 1/(values of the unit - 1)
	share    float64 // the share of pairs that agree, of all units
	masi     float64 // as agreed, distances of all pairs
	jaccard  float64
	tallies  []tally
	couples  []couple
	counts   []marginal // those of the couples, one behind the other
	appeared []int32    // annotators that gave a value that counts
}

// tally is how often a value was given.
type tally struct {
	value Value
	n     int32
	share float64 // of the values of each unit, added up
}

// couple is how two annotators compare.
type couple struct {
	pair   int32
	units  int32
	agreed int32
	counts int32 // how many marginals it has
}

// marginal is how often each of two annotators gave a value.
type marginal struct {
	value Value
	a, b  int32
}

// NewLayer is a layer of which nothing is known yet.
func NewLayer(corpus, name string) *Layer {
	return &Layer{
		Corpus: corpus, Name: name, sets: newSets(),
		numbers: map[string]int32{}, places: map[pair]int32{}, compare: map[[2]Value]similarity{},
	}
}

// value is the set of the labels, which are ascending and each there once.
func (l *Layer) value(labels []int32) Value {
	l.setValued = l.setValued || len(labels) > 1
	return l.sets.value(labels)
}

func (l *Layer) annotator(name string) int32 {
	n, ok := l.numbers[name]
	if !ok {
		n = int32(len(l.annotators))
		l.annotators = append(l.annotators, name)
		l.numbers[name] = n
	}
	return n
}

func (l *Layer) place(a, b int32) int32 {
	p := pair{a, b}
	n, ok := l.places[p]
	if !ok {
		n = int32(len(l.pairs))
		l.pairs = append(l.pairs, p)
		l.places[p] = n
	}
	return n
}

// Add adds a document: what each annotator said of its first unit, then of its second,
// and so on. The annotators are sorted, and each is there once. A document is added
// once.
func (l *Layer) Add(id string, annotators []string, values []Value) {
	m := len(annotators)
	l.raters = l.raters[:0]
	for _, name := range annotators {
		l.raters = append(l.raters, l.annotator(name))
	}
	l.see(values)
	l.couples = append(l.couples[:0], make([]couple, m*(m-1)/2)...)
	l.counts = append(l.counts[:0], make([]marginal, len(l.couples)*len(l.values))...)
	appeared := make([]bool, m)
	d := document{id: id}
	for ; len(values) >= m && m > 1; values = values[m:] {
		l.unit(&d, values[:m], appeared)
	}
	l.keep(&d, appeared)
	l.documents = append(l.documents, d)
}

// see numbers the values that occur in a document.
func (l *Layer) see(values []Value) {
	for _, v := range l.values {
		l.local[v] = 0
	}
	l.values, l.tallies = l.values[:0], l.tallies[:0]
	if missing := len(l.sets.of) - len(l.local); missing > 0 {
		l.local = append(l.local, make([]int32, missing)...)
	}
	for _, v := range values {
		if v != Missing && l.local[v] == 0 {
			l.values = append(l.values, v)
			l.tallies = append(l.tallies, tally{value: v})
			l.local[v] = int32(len(l.values))
		}
	}
}

// unit adds a unit to a document.
func (l *Layer) unit(d *document, values []Value, appeared []bool) {
	n, bare := 0, true
	for _, v := range values {
		if v != Missing {
			n++
			bare = bare && v == Nothing
		}
	}
	if n < 2 {
		return
	}
	if d.units++; d.units == 1 {
		d.fewest = n
	}
	if bare {
		d.bare++
	}
	d.fewest, d.most = min(d.fewest, n), max(d.most, n)
	d.values += n
	agreed, far := 0, similarity{}
	couple := -1
	for i, v := range values {
		if v == Missing {
			couple += len(values) - 1 - i
			continue
		}
		appeared[i] = true
		t := &l.tallies[l.local[v]-1]
		t.n++
		t.share += 1 / float64(n)
		for _, w := range values[i+1:] {
			couple++
			if w == Missing {
				continue
			}
			c := &l.couples[couple]
			c.units++
			at := couple*len(l.values) - 1
			l.counts[at+int(l.local[v])].a++
			l.counts[at+int(l.local[w])].b++
			if v == w {
				agreed++
				c.agreed++
				continue
			}
			s := l.similar(v, w)
			far.masi += 1 - s.masi
			far.jaccard += 1 - s.jaccard
		}
	}
	weight := 2 / float64(n-1)
	d.agreed += float64(agreed) * weight
	d.masi += far.masi * weight
	d.jaccard += far.jaccard * weight
	d.share += float64(agreed) / float64(n*(n-1)/2)
}

// mostCompared is how many comparisons of sets a layer remembers.
const mostCompared = 1 << 16

func (l *Layer) similar(v, w Value) similarity {
	a, b := l.sets.of[v], l.sets.of[w]
	if len(a) <= 1 && len(b) <= 1 {
		return similarity{} // for they are not the same
	}
	key := [2]Value{min(v, w), max(v, w)}
	s, ok := l.compare[key]
	if !ok {
		s = similar(a, b)
		if len(l.compare) < mostCompared {
			l.compare[key] = s
		}
	}
	return s
}

// keep writes what was counted into the document.
func (l *Layer) keep(d *document, appeared []bool) {
	for _, t := range l.tallies {
		if t.n > 0 {
			d.tallies = append(d.tallies, t)
		}
	}
	couple := -1
	for i, a := range l.raters {
		if appeared[i] {
			d.appeared = append(d.appeared, a)
		}
		for _, b := range l.raters[i+1:] {
			couple++
			c := l.couples[couple]
			if c.units == 0 {
				continue
			}
			c.pair = l.place(a, b)
			for i, v := range l.values {
				if n := l.counts[couple*len(l.values)+i]; n.a+n.b > 0 {
					n.value = v
					d.counts = append(d.counts, n)
					c.counts++
				}
			}
			d.couples = append(d.couples, c)
		}
	}
}

// Merge adds the documents of another layer, which must not be used any more.
func (l *Layer) Merge(other *Layer) {
	names := make([]string, len(other.sets.labels))
	for name, n := range other.sets.labels {
		names[n] = name
	}
	labels := make([]int32, len(names))
	for i, name := range names {
		labels[i] = l.sets.label(name)
	}
	values := make([]Value, len(other.sets.of))
	for i, set := range other.sets.of {
		for j := range set {
			set[j] = labels[set[j]]
		}
		slices.Sort(set)
		values[i] = l.value(set)
	}
	annotators := make([]int32, len(other.annotators))
	for i, name := range other.annotators {
		annotators[i] = l.annotator(name)
	}
	pairs := make([]int32, len(other.pairs))
	for i, p := range other.pairs {
		pairs[i] = l.place(annotators[p.a], annotators[p.b])
	}
	for _, d := range other.documents {
		d.renumber(values, annotators, pairs)
		l.documents = append(l.documents, d)
	}
}

// renumber gives a document the numbers of another layer.
func (d *document) renumber(values []Value, annotators, pairs []int32) {
	for i := range d.tallies {
		d.tallies[i].value = values[d.tallies[i].value]
	}
	for i := range d.counts {
		d.counts[i].value = values[d.counts[i].value]
	}
	for i := range d.couples {
		d.couples[i].pair = pairs[d.couples[i].pair]
	}
	for i := range d.appeared {
		d.appeared[i] = annotators[d.appeared[i]]
	}
}

// ordered is the same layer with documents, labels, sets, annotators and pairs in an
// order that does not depend on what came first: sums of numbers with fractions do. It
// leaves out documents without units. l must not be used any more.
func (l *Layer) ordered() *Layer {
	o := NewLayer(l.Corpus, l.Name)
	for _, name := range slices.Sorted(maps.Keys(l.sets.labels)) {
		o.sets.label(name)
	}
	for _, name := range slices.Sorted(slices.Values(l.annotators)) {
		o.annotator(name)
	}
	var pairs []pair
	for _, p := range l.pairs {
		pairs = append(pairs, pair{o.numbers[l.annotators[p.a]], o.numbers[l.annotators[p.b]]})
	}
	slices.SortFunc(pairs, func(a, b pair) int { return cmp.Or(cmp.Compare(a.a, b.a), cmp.Compare(a.b, b.b)) })
	for _, p := range pairs {
		o.place(p.a, p.b)
	}
	var sets [][]int32
	labels := make([]int32, len(l.sets.labels))
	for name, n := range l.sets.labels {
		labels[n] = o.sets.labels[name]
	}
	for _, set := range l.sets.of[1:] {
		var of []int32
		for _, label := range set {
			of = append(of, labels[label])
		}
		slices.Sort(of)
		sets = append(sets, of)
	}
	slices.SortFunc(sets, slices.Compare)
	for _, set := range sets {
		o.value(set)
	}
	o.Merge(l)
	o.documents = slices.DeleteFunc(o.documents, func(d document) bool { return d.units == 0 })
	slices.SortFunc(o.documents, func(a, b document) int { return cmp.Compare(a.id, b.id) })
	return o
}
