package agreement

import (
	"cmp"
	"math"
	"slices"
)

// Report is what a study of a layer found.
type Report struct {
	Corpus     string    `json:"corpus"`
	Layer      string    `json:"layer"`
	SetValued  bool      `json:"set_valued"` // some annotator gave a unit several labels
	Documents  int       `json:"documents"`
	Units      int       `json:"units"`
	Unlabeled  int       `json:"unlabeled_units"` // units that nobody gave a label
	Annotators int       `json:"annotators"`
	Fewest     int       `json:"annotators_per_unit_min"`
	Most       int       `json:"annotators_per_unit_max"`
	Values     int       `json:"values"` // that occur: labels or sets of them, and none
	Measures   []Measure `json:"measures"`
	Pairs      []Pair    `json:"pairs"` // by the units that they have in common, most first
}

// Measure is one measure of a layer.
type Measure struct {
	Name  string `json:"measure"`
	Title string `json:"title"`
	Estimate
}

// Pair is how two annotators agree. Kappa is there where no unit has several labels.
type Pair struct {
	A     string    `json:"a"`
	B     string    `json:"b"`
	Units int       `json:"units"`
	Raw   Estimate  `json:"raw_agreement"`
	Kappa *Estimate `json:"cohen_kappa,omitempty"`
}

// Estimate is a number and the interval in which it lay in most samples. Both may be
// undefined.
type Estimate struct {
	Value *float64 `json:"value"`
	Low   *float64 `json:"low"`
	High  *float64 `json:"high"`
	// Samples is in how many samples it was defined.
	Samples int `json:"samples"`
	// Note says why there is no value, or no interval, or one of fewer samples.
	Note string `json:"note,omitempty"`
}

// names of the measures, and how they are called in full.
var names = [measures]struct{ name, title string }{
	raw:          {"raw", "raw agreement"},
	cohen:        {"cohen", "Cohen's kappa, mean of pairs"},
	fleiss:       {"fleiss", "Fleiss' kappa"},
	alphaNominal: {"alpha_nominal", "Krippendorff's alpha, nominal"},
	alphaMASI:    {"alpha_masi", "Krippendorff's alpha, MASI distance"},
	alphaJaccard: {"alpha_jaccard", "Krippendorff's alpha, Jaccard distance"},
}

// Report is what was found, when all blocks are resampled. confidence is the share of
// samples that intervals hold, from 0 to 1.
func (s *Study) Report(confidence float64) *Report {
	l := s.layer
	r := &Report{Corpus: l.Corpus, Layer: l.Name, SetValued: l.setValued, Documents: len(l.documents)}
	t := s.newTotals()
	appeared := make([]bool, len(l.annotators))
	for i := range l.documents {
		d := &l.documents[i]
		t.add(&s.plan, i, 1)
		r.Units += d.units
		r.Unlabeled += d.bare
		if i == 0 {
			r.Fewest = d.fewest
		}
		r.Fewest, r.Most = min(r.Fewest, d.fewest), max(r.Most, d.most)
		for _, a := range d.appeared {
			if !appeared[a] {
				appeared[a] = true
				r.Annotators++
			}
		}
	}
	for _, n := range t.n {
		if n > 0 {
			r.Values++
		}
	}
	of := s.figures(t, false)
	var samples []figures
	for _, block := range s.results {
		samples = append(samples, block...)
	}
	spread := make([]float64, len(samples))
	estimate := func(pick func(*figures) figure, undefined string) Estimate {
		return s.estimate(pick(&of), undefined, samples, spread[:0], pick, confidence)
	}
	for i := range measures {
		if (i == alphaMASI || i == alphaJaccard) != l.setValued && i != raw {
			continue
		}
		e := estimate(func(f *figures) figure { return f.measures[i] }, s.undefined(r.Units, r.Values))
		if i == cohen && e.Value == nil && r.Values > 1 {
			e.Note = "undefined: no pair has more than one value"
		}
		if e.Value != nil && e.Low == nil && s.samples > 0 && s.close.tooMany && i != raw {
			e.Note = "no interval: too many sets of labels"
		}
		r.Measures = append(r.Measures, Measure{names[i].name, names[i].title, e})
	}
	for i, p := range l.pairs {
		if t.couples[i].units == 0 {
			continue
		}
		pair := Pair{A: l.annotators[p.a], B: l.annotators[p.b], Units: int(t.couples[i].units)}
		pair.Raw = estimate(func(f *figures) figure { return f.raw[i] }, "")
		if !l.setValued {
			kappa := estimate(func(f *figures) figure { return f.kappa[i] }, oneValue)
			pair.Kappa = &kappa
		}
		r.Pairs = append(r.Pairs, pair)
	}
	slices.SortFunc(r.Pairs, func(a, b Pair) int {
		return cmp.Or(cmp.Compare(b.Units, a.Units), cmp.Compare(a.A, b.A), cmp.Compare(a.B, b.B))
	})
	return r
}

const oneValue = "undefined: one value only"

// undefined is why a measure may be.
func (s *Study) undefined(units, values int) string {
	if units == 0 {
		return "undefined: no unit has two annotators"
	}
	if values == 1 {
		return oneValue
	}
	return ""
}

// estimate is a measure of all documents, with its interval.
func (s *Study) estimate(of figure, undefined string, samples []figures, spread []float64, pick func(*figures) figure, confidence float64) Estimate {
	if !of.is {
		return Estimate{Note: undefined}
	}
	e := Estimate{Value: &of.value}
	for i := range samples {
		if f := pick(&samples[i]); f.is {
			spread = append(spread, f.value)
		}
	}
	e.Samples = len(spread)
	switch {
	case len(s.layer.documents) < 2:
		e.Note = "no interval: one document"
	case len(samples) == 0: // none was asked for
	case len(spread) == 0:
		e.Note = "no interval: undefined in all samples"
	default:
		if len(spread) < len(samples) {
			e.Note = "undefined in some samples, which the interval leaves out"
		}
		slices.Sort(spread)
		low, high := percentile(spread, (1-confidence)/2), percentile(spread, (1+confidence)/2)
		e.Low, e.High = &low, &high
	}
	return e
}

// percentile is that of sorted values, with lines between them.
func percentile(sorted []float64, share float64) float64 {
	at := share * float64(len(sorted)-1)
	below := int(math.Floor(at))
	if below+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	part := at - float64(below)
	return sorted[below] + part*(sorted[below+1]-sorted[below])
}
