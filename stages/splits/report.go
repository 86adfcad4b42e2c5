package splits

import (
	"cmp"
	"maps"
	"slices"
)

// Report is what was found.
type Report struct {
	Splits []Split  `json:"splits"`
	Scopes []*Scope `json:"compared"` // what has two splits or more
}

// Split is a split of a corpus. Name is nil for documents in none.
type Split struct {
	Corpus    string  `json:"corpus"`
	Name      *string `json:"split"`
	Documents int     `json:"documents"`
	Sentences int     `json:"sentences"`
	Labels    int     `json:"labels"`
}

// Scope is what has been compared: a corpus, or all where Corpus is empty.
type Scope struct {
	Corpus    string    `json:"corpus"`
	Splits    []string  `json:"splits"`
	Groups    Groups    `json:"groups"`
	Texts     Texts     `json:"texts"`
	Sentences Sentences `json:"sentences"`
}

// Groups are the values that stand in several splits.
type Groups struct {
	By        string  `json:"by"`
	Values    int     `json:"values"`
	Without   int     `json:"documents_without"`
	Leaks     int     `json:"in_several_splits"`
	Documents int     `json:"documents_of_these"`
	Worst     []Group `json:"worst"` // those with most documents outside of the split that has most
}

// Group is one of them.
type Group struct {
	Value     string         `json:"value"`
	Documents map[string]int `json:"documents"` // by split
}

// Texts are the documents with a text that is nearly the same as one of another split.
type Texts struct {
	Similar   float64 `json:"similar"`
	Short     int     `json:"too_short"` // documents that were not compared
	Documents int     `json:"documents"`
	Leaks     int     `json:"pairs"` // of different texts in different splits, or the same text
	// Uncompared is how often too many texts were alike to compare all of them.
	Uncompared int      `json:"not_all_compared"`
	Between    []Common `json:"between"`
	Worst      []Near   `json:"worst"` // the most similar
}

// Common is how much two splits have in common.
type Common struct {
	A      string `json:"a"`
	B      string `json:"b"`
	InA    int    `json:"in_a"` // documents, or sentences
	InB    int    `json:"in_b"`
	Shared int    `json:"shared,omitempty"` // different sentences
}

// Near is two documents that are nearly the same.
type Near struct {
	Similarity float64 `json:"similarity"`
	A          Place   `json:"a"`
	B          Place   `json:"b"`
}

// Place is a document and its split.
type Place struct {
	Document string `json:"document_id"`
	Split    string `json:"split"`
}

// Sentences are those that stand in several splits word for word.
type Sentences struct {
	Words   int      `json:"words"`
	Shared  int      `json:"shared"` // different sentences
	Between []Common `json:"between"`
}

// Report compares the texts that were read again, and lists the worst of each, top of
// them or all if that is 0.
func (s *Survey) Report(top int) *Report {
	r := &Report{}
	scopes := map[string]*Scope{}
	for i, c := range s.all.cells {
		n := s.all.counts[i]
		split := Split{c.corpus, nil, n.documents, n.sentences, n.labels}
		if c.divided {
			split.Name = &s.all.cells[i].split
			name := s.options.scope(c.corpus)
			if scopes[name] == nil {
				scopes[name] = &Scope{Corpus: name}
			}
			scope := scopes[name]
			if !slices.Contains(scope.Splits, c.split) {
				scope.Splits = append(scope.Splits, c.split)
			}
		}
		r.Splits = append(r.Splits, split)
	}
	slices.SortFunc(r.Splits, func(a, b Split) int {
		switch by := cmp.Compare(a.Corpus, b.Corpus); {
		case by != 0 || a.Name == nil && b.Name == nil:
			return by
		case a.Name == nil:
			return 1
		case b.Name == nil:
			return -1
		}
		return cmp.Compare(*a.Name, *b.Name)
	})
	for _, name := range slices.Sorted(maps.Keys(scopes)) {
		scope := scopes[name]
		slices.Sort(scope.Splits)
		scope.Groups = Groups{By: s.options.By, Worst: []Group{}}
		scope.Texts = Texts{Similar: s.options.Similar, Uncompared: s.capped[name], Between: []Common{}, Worst: []Near{}}
		scope.Sentences = Sentences{Words: s.options.Words, Between: []Common{}}
		r.Scopes = append(r.Scopes, scope)
	}
	for corpus, n := range s.all.ungrouped {
		scopes[s.options.scope(corpus)].Groups.Without += n
	}
	for corpus, n := range s.all.short {
		scopes[s.options.scope(corpus)].Texts.Short += n
	}
	s.groups(scopes, top)
	s.near(scopes, top)
	s.shared(scopes)
	return r
}

// groups finds those in several splits.
func (s *Survey) groups(scopes map[string]*Scope, top int) {
	outside := func(g Group) int {
		sum, most := 0, 0
		for _, n := range g.Documents {
			sum, most = sum+n, max(most, n)
		}
		return sum - most
	}
	for key, in := range s.all.groups {
		to := &scopes[key.scope].Groups
		to.Values++
		g := Group{key.value, map[string]int{}}
		n := 0
		for c, documents := range in {
			g.Documents[s.all.cells[c].split] += documents
			n += documents
		}
		if len(g.Documents) > 1 {
			to.Leaks++
			to.Documents += n
			to.Worst = append(to.Worst, g)
		}
	}
	for _, scope := range scopes {
		slices.SortFunc(scope.Groups.Worst, func(a, b Group) int {
			return cmp.Or(cmp.Compare(outside(b), outside(a)), cmp.Compare(a.Value, b.Value))
		})
		scope.Groups.Worst = first(scope.Groups.Worst, top)
	}
}

func first[T any](list []T, top int) []T {
	if top > 0 && len(list) > top {
		return list[:top]
	}
	return list
}

// sides collects what two splits have in common.
type sides map[[2]string]*Common

// side is the count of the documents, or sentences, of a that b has too.
func (s sides) side(a, b string) *int {
	key := [2]string{min(a, b), max(a, b)}
	if s[key] == nil {
		s[key] = &Common{A: key[0], B: key[1]}
	}
	if a == key[0] {
		return &s[key].InA
	}
	return &s[key].InB
}

func (s sides) list() []Common {
	list := []Common{}
	for _, c := range s {
		list = append(list, *c)
	}
	slices.SortFunc(list, func(a, b Common) int { return cmp.Or(cmp.Compare(a.A, b.A), cmp.Compare(a.B, b.B)) })
	return list
}

// near finds texts that are nearly the same in another split.
func (s *Survey) near(scopes map[string]*Scope, top int) {
	type toward struct {
		text, cell int32 // of the text
		split      string
	}
	found := map[toward]bool{}
	between := map[string]sides{}
	add := func(a, b int32, similarity float64) {
		t, u := &s.texts[a], &s.texts[b]
		scope := scopes[t.scope]
		if between[t.scope] == nil {
			between[t.scope] = sides{}
		}
		for i, c := range t.cells {
			for j, d := range u.cells {
				in, other := s.all.cells[c.cell].split, s.all.cells[d.cell].split
				if in == other || a == b && i > j {
					continue
				}
				scope.Texts.Leaks++
				scope.Texts.Worst = append(scope.Texts.Worst, Near{
					similarity, Place{s.all.documents[c.first].id, in}, Place{s.all.documents[d.first].id, other},
				})
				if key := (toward{a, c.cell, other}); !found[key] {
					found[key] = true
					*between[t.scope].side(in, other) += c.n
				}
				if key := (toward{b, d.cell, in}); !found[key] {
					found[key] = true
					*between[t.scope].side(other, in) += d.n
				}
			}
		}
		// Lists are cut now and then, so that they do not grow with what is found.
		if top > 0 && len(scope.Texts.Worst) > 1000+2*top {
			scope.Texts.Worst = worst(scope.Texts.Worst, top)
		}
	}
	for i := range s.texts {
		if len(s.texts[i].cells) > 1 {
			add(int32(i), int32(i), 1)
		}
	}
	for _, p := range s.pairs {
		if similarity := jaccard(s.shingles[p.a], s.shingles[p.b]); similarity >= s.options.Similar {
			add(p.a, p.b, similarity)
		}
	}
	concerned := map[[2]int32]bool{}
	for key := range found {
		at := [2]int32{key.text, key.cell}
		if !concerned[at] {
			concerned[at] = true
			t := &s.texts[key.text]
			for _, c := range t.cells {
				if c.cell == key.cell {
					scopes[t.scope].Texts.Documents += c.n
				}
			}
		}
	}
	for name, scope := range scopes {
		scope.Texts.Worst = worst(scope.Texts.Worst, top)
		scope.Texts.Between = between[name].list()
	}
}

// worst are the most similar pairs.
func worst(list []Near, top int) []Near {
	slices.SortFunc(list, func(a, b Near) int {
		return cmp.Or(cmp.Compare(b.Similarity, a.Similarity), cmp.Compare(a.A.Document, b.A.Document), cmp.Compare(a.B.Document, b.B.Document))
	})
	return first(list, top)
}

// shared counts sentences that stand in several splits. It sorts them.
func (s *Survey) shared(scopes map[string]*Scope) {
	cells := s.all.cells
	scope := func(c int32) string { return s.options.scope(cells[c].corpus) }
	slices.SortFunc(s.all.sentences, func(a, b sentence) int {
		return cmp.Or(cmp.Compare(a.whole, b.whole), cmp.Compare(scope(a.cell), scope(b.cell)), cmp.Compare(cells[a.cell].split, cells[b.cell].split))
	})
	between := map[string]sides{}
	rest := s.all.sentences
	for len(rest) > 0 {
		first, n := rest[0], 1
		for n < len(rest) && rest[n].whole == first.whole && scope(rest[n].cell) == scope(first.cell) {
			n++
		}
		these := rest[:n]
		rest = rest[n:]
		if cells[these[0].cell].split == cells[these[n-1].cell].split {
			continue
		}
		name := scope(first.cell)
		if between[name] == nil {
			between[name] = sides{}
		}
		scopes[name].Sentences.Shared++
		count := map[string]int{}
		for _, t := range these {
			count[cells[t.cell].split]++
		}
		for a, n := range count {
			for b := range count {
				if a != b {
					*between[name].side(a, b) += n
					if a < b {
						between[name][[2]string{a, b}].Shared++
					}
				}
			}
		}
	}
	for name, scope := range scopes {
		scope.Sentences.Between = between[name].list()
	}
}
