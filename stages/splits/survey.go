package splits

import (
	"cmp"
	"maps"
	"slices"
)

// cell is a split of a corpus.
type cell struct {
	corpus, split string
	divided       bool // whether split is not NULL
}

// count is what a cell has.
type count struct{ documents, sentences, labels int }

// part is what is known of a part of a snapshot, or of all.
type part struct {
	cells     []cell
	counts    []count // by cell
	places    map[cell]int32
	groups    map[group]map[int32]int // documents by cell
	ungrouped map[string]int          // documents in a split without a group, by corpus
	short     map[string]int          // documents in a split with too few words, by corpus
	documents []document
	bands     []uint64 // of the documents
	sentences []sentence
	hashes    []uint64 // of a text
}

// group is a value of the attribute that documents are grouped by.
type group struct{ scope, value string }

// document is one that is in a split, and is compared.
type document struct {
	id    string
	cell  int32
	part  int32
	words int32
	whole uint64
	bands int32 // which of them are its, from 0
}

// sentence is one that is in a split, and is compared.
type sentence struct {
	whole uint64
	cell  int32
}

func newPart() *part {
	return &part{places: map[cell]int32{}, groups: map[group]map[int32]int{}, ungrouped: map[string]int{}, short: map[string]int{}}
}

func (p *part) cell(c cell) int32 {
	n, ok := p.places[c]
	if !ok {
		n = int32(len(p.cells))
		p.cells = append(p.cells, c)
		p.counts = append(p.counts, count{})
		p.places[c] = n
	}
	return n
}

// merge adds another part, which must not be used any more.
func (p *part) merge(other *part, width int) {
	cells := make([]int32, len(other.cells))
	for i, c := range other.cells {
		cells[i] = p.cell(c)
		n := &p.counts[cells[i]]
		n.documents += other.counts[i].documents
		n.sentences += other.counts[i].sentences
		n.labels += other.counts[i].labels
	}
	for g, in := range other.groups {
		to := p.groups[g]
		if to == nil {
			to = make(map[int32]int, len(in))
			p.groups[g] = to
		}
		for c, n := range in {
			to[cells[c]] += n
		}
	}
	for corpus, n := range other.ungrouped {
		p.ungrouped[corpus] += n
	}
	for corpus, n := range other.short {
		p.short[corpus] += n
	}
	before := int32(len(p.bands) / width)
	p.bands = append(p.bands, other.bands...)
	for _, d := range other.documents {
		d.cell, d.bands = cells[d.cell], d.bands+before
		p.documents = append(p.documents, d)
	}
	for _, s := range other.sentences {
		p.sentences = append(p.sentences, sentence{s.whole, cells[s.cell]})
	}
}

// text is the documents that have the same words in the same order.
type text struct {
	scope string
	first int32 // the document that stands for them
	cells []textCell
	bands int32
}

// textCell is how many documents of a cell have a text.
type textCell struct {
	cell  int32
	first int32 // document
	n     int
}

// Survey is a snapshot as far as it is compared.
type Survey struct {
	options Options
	all     *part
	texts   []text
	pairs   []textPair
	// capped is, by scope, how many bands too many texts have in common to compare all.
	capped   map[string]int
	shingles map[int32][]uint64 // of texts that are compared
	wanted   []map[string]int32 // by part, ids of documents whose shingles are, and their texts
}

// textPair is two texts that may be similar.
type textPair struct{ a, b int32 }

// scope is what a corpus is compared with: itself, or all.
func (o *Options) scope(corpus string) string {
	if o.Across {
		return ""
	}
	return corpus
}

// newSurvey puts parts together, and finds which texts to compare.
func newSurvey(o Options, parts []*part, width int) *Survey {
	s := &Survey{options: o, all: newPart(), capped: map[string]int{}}
	for _, p := range parts {
		s.all.merge(p, width)
	}
	slices.SortFunc(s.all.documents, func(a, b document) int { return cmp.Compare(a.id, b.id) })
	type key struct {
		scope string
		whole uint64
		words int32
	}
	places := map[key]int32{}
	for i, d := range s.all.documents {
		k := key{o.scope(s.all.cells[d.cell].corpus), d.whole, d.words}
		at, ok := places[k]
		if !ok {
			at = int32(len(s.texts))
			places[k] = at
			s.texts = append(s.texts, text{scope: k.scope, first: int32(i), bands: d.bands})
		}
		t := &s.texts[at]
		in := slices.IndexFunc(t.cells, func(c textCell) bool { return s.same(c.cell, d.cell) })
		if in < 0 {
			in = len(t.cells)
			t.cells = append(t.cells, textCell{cell: d.cell, first: int32(i)})
		}
		t.cells[in].n++
	}
	s.candidates(width)
	s.want(len(parts))
	return s
}

// same reports whether two cells are one split.
func (s *Survey) same(a, b int32) bool {
	return a == b || s.options.Across && s.all.cells[a].split == s.all.cells[b].split
}

const (
	// mostTexts is with how many texts of another split that have a band in common with it
	// a text is compared.
	mostTexts = 32
	// mostSplits is how many other splits that is done for.
	mostSplits = 16
)

// banded is a text in a split, by a band of it.
type banded struct {
	band  uint64
	split string
	text  int32
}

// candidates finds pairs of texts that have a band in common and are in different
// splits.
func (s *Survey) candidates(width int) {
	var list []banded
	for band := range width {
		list = list[:0]
		for i := range s.texts {
			t := &s.texts[i]
			for _, c := range t.cells {
				list = append(list, banded{s.all.bands[int(t.bands)*width+band], s.all.cells[c.cell].split, int32(i)})
			}
		}
		slices.SortFunc(list, func(a, b banded) int {
			return cmp.Or(cmp.Compare(a.band, b.band), cmp.Compare(s.texts[a.text].scope, s.texts[b.text].scope),
				cmp.Compare(a.split, b.split), cmp.Compare(a.text, b.text))
		})
		for from := 0; from < len(list); {
			to := from + 1
			for to < len(list) && list[to].band == list[from].band && s.texts[list[to].text].scope == s.texts[list[from].text].scope {
				to++
			}
			if to-from > 1 {
				s.pair(list[from:to])
			}
			from = to
		}
		slices.SortFunc(s.pairs, func(a, b textPair) int { return cmp.Or(cmp.Compare(a.a, b.a), cmp.Compare(a.b, b.b)) })
		s.pairs = slices.Compact(s.pairs)
	}
}

// pair pairs texts that have a band in common, as many as the bounds allow.
func (s *Survey) pair(list []banded) {
	var splits [][]banded
	for from := 0; from < len(list); {
		to := from + 1
		for to < len(list) && list[to].split == list[from].split {
			to++
		}
		splits = append(splits, list[from:to])
		from = to
	}
	capped := len(splits)-1 > mostSplits
	for i, these := range splits {
		for step := 1; step < len(splits) && step <= mostSplits; step++ {
			those := splits[(i+step)%len(splits)]
			capped = capped || len(those) > mostTexts
			for at, a := range these {
				start := at * len(those) / len(these)
				for j := range min(mostTexts, len(those)) {
					if b := those[(start+j)%len(those)]; a.text != b.text {
						s.pairs = append(s.pairs, textPair{min(a.text, b.text), max(a.text, b.text)})
					}
				}
			}
		}
	}
	if capped {
		s.capped[s.texts[list[0].text].scope]++
	}
}

// want notes which texts are to be read again.
func (s *Survey) want(parts int) {
	s.shingles = map[int32][]uint64{}
	s.wanted = make([]map[string]int32, parts)
	for _, p := range s.pairs {
		for _, at := range []int32{p.a, p.b} {
			d := &s.all.documents[s.texts[at].first]
			if s.wanted[d.part] == nil {
				s.wanted[d.part] = map[string]int32{}
			}
			s.wanted[d.part][d.id] = at
		}
	}
}

// Wanted are the parts that Reader.Again is to read.
func (s *Survey) Wanted() (parts []int) {
	for i, ids := range s.wanted {
		if len(ids) > 0 {
			parts = append(parts, i)
		}
	}
	return parts
}

// Add adds what was read again.
func (s *Survey) Add(a Again) { maps.Copy(s.shingles, a) }

// Again are the shingles of texts, by their numbers.
type Again map[int32][]uint64
