package agreement

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// study adds each document's units to a layer: of each unit what the annotators said,
// with a space between them; . is missing, - nothing, and a,b a set.
func study(documents ...[]string) *Layer {
	l := NewLayer("corpus", "layer")
	for i, units := range documents {
		var annotators []string
		var values []Value
		for _, unit := range units {
			said := strings.Fields(unit)
			annotators = nil
			for j, word := range said {
				annotators = append(annotators, fmt.Sprintf("a%02d", j))
				switch word {
				case ".":
					values = append(values, Missing)
				case "-":
					values = append(values, Nothing)
				default:
					values = append(values, l.said(strings.Split(word, ",")...))
				}
			}
		}
		l.Add(fmt.Sprintf("doc%04d", i), annotators, values)
	}
	return l
}

// said is the set of the labels, in any order.
func (l *Layer) said(labels ...string) Value {
	numbers := make([]int32, len(labels))
	for i, label := range labels {
		numbers[i] = l.sets.label(label)
	}
	slices.Sort(numbers)
	return l.value(slices.Compact(numbers))
}

// transposed are units of what is given annotator by annotator.
func transposed(annotators ...string) (units []string) {
	for _, words := range annotators {
		for i, word := range strings.Fields(words) {
			if i == len(units) {
				units = append(units, "")
			}
			units[i] += " " + word
		}
	}
	return units
}

// tabled are units of how often each category was given.
func tabled(rows ...string) (units []string) {
	for _, row := range rows {
		unit := ""
		for category, n := range strings.Fields(row) {
			for range n[0] - '0' {
				unit += fmt.Sprint(" c", category)
			}
		}
		units = append(units, unit)
	}
	return units
}

func report(l *Layer, samples int) *Report {
	s := NewStudy(l, samples, 1)
	for i := range s.Blocks() {
		s.Resample(i)
	}
	return s.Report(0.95)
}

func (r *Report) find(name string) Estimate {
	for _, m := range r.Measures {
		if m.Name == name {
			return m.Estimate
		}
	}
	return Estimate{Note: "no such measure"}
}

// TestPublished compares with the numbers of those who made the measures.
func TestPublished(t *testing.T) {
	var cohen1960 []string // A coefficient of agreement for nominal scales, table 2
	for i, row := range [][]int{{88, 14, 18}, {10, 40, 10}, {2, 6, 12}} {
		for j, n := range row {
			cohen1960 = append(cohen1960, slices.Repeat([]string{fmt.Sprintf("c%d c%d", i, j)}, n)...)
		}
	}
	for _, c := range []struct {
		name, measure string
		want          string // as it was published
		units         []string
	}{
		{"Krippendorff 2011 A", "alpha_nominal", "0.095", transposed( // binary, two observers
			"0 1 0 0 0 0 0 0 1 0", "1 1 1 0 0 1 0 0 0 0")},
		{"Krippendorff 2011 B", "alpha_nominal", "0.692", transposed( // nominal, two observers
			"a a b b d c c c e d d a", "b a b b b c c c e d d d")},
		{"Krippendorff 2011 C", "alpha_nominal", "0.743", transposed( // nominal, missing data
			"1 2 3 3 2 1 4 1 2 . . .", "1 2 3 3 2 2 4 1 2 5 . 3",
			". 3 3 3 2 3 4 2 2 5 1 .", "1 2 3 3 2 4 4 1 2 5 1 .")},
		{"Cohen 1960", "cohen", "0.492", cohen1960},
		{"Cohen 1960", "raw", "0.700", cohen1960},
		{"Fleiss 1971", "fleiss", "0.430", tabled(
			"0 0 0 6 0", "0 3 0 0 3", "0 1 4 0 1", "0 0 0 0 6", "0 3 0 3 0", "2 0 4 0 0",
			"0 0 4 0 2", "2 0 3 1 0", "2 0 0 4 0", "0 0 0 0 6", "1 0 0 5 0", "1 1 0 4 0",
			"0 3 3 0 0", "1 0 0 5 0", "0 2 0 3 1", "0 0 5 0 1", "3 0 0 1 2", "5 1 0 0 0",
			"0 2 0 4 0", "1 0 2 0 3", "0 0 0 0 6", "0 1 0 5 0", "0 2 0 1 3", "2 0 0 4 0",
			"1 0 0 4 1", "0 5 0 1 0", "4 0 0 0 2", "0 2 0 4 0", "1 0 5 0 0", "0 0 0 0 6")},
	} {
		e := report(study(c.units), 0).find(c.measure)
		if e.Value == nil || fmt.Sprintf("%.3f", *e.Value) != c.want {
			t.Errorf("%s: %s is %s, want %s", c.name, c.measure, show(e), c.want)
		}
	}
}

func show(e Estimate) string {
	b, err := json.Marshal(e)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// TestDistances follows the definition of Passonneau 2006: Jaccard's coefficient by 1,
// 2/3 where one set holds the other, 1/3 where they only overlap.
func TestDistances(t *testing.T) {
	for _, c := range []struct {
		a, b          []int32
		masi, jaccard float64
	}{
		{nil, nil, 1, 1},
		{nil, []int32{1}, 0, 0},
		{[]int32{1, 2}, []int32{1, 2}, 1, 1},
		{[]int32{1}, []int32{1, 2}, 1.0 / 3, 1.0 / 2},
		{[]int32{1, 2, 3}, []int32{2}, 2.0 / 9, 1.0 / 3},
		{[]int32{1, 2}, []int32{2, 3}, 1.0 / 9, 1.0 / 3},
		{[]int32{1, 2, 4}, []int32{1, 2, 3}, 1.0 / 6, 1.0 / 2},
		{[]int32{1}, []int32{2}, 0, 0},
	} {
		for range 2 {
			if got := similar(c.a, c.b); math.Abs(got.masi-c.masi)+math.Abs(got.jaccard-c.jaccard) > 1e-12 {
				t.Errorf("%v and %v: %v, want %v and %v", c.a, c.b, got, c.masi, c.jaccard)
			}
			c.a, c.b = c.b, c.a
		}
	}
}

// draws are numbers that any language can make.
func draws(x int) func() int {
	return func() int {
		x = (x*1103515245 + 12345) % (1 << 31)
		return x >> 16
	}
}

func nominalUnits(missing int) (units []string) {
	next := draws(7)
	for range 200 {
		truth, unit := next()%4, ""
		for range 4 {
			v := truth
			if next()%10 >= 6 {
				v = next() % 4
			}
			if next()%10 < missing {
				unit += " ."
			} else {
				unit += fmt.Sprint(" c", v)
			}
		}
		units = append(units, unit)
	}
	return units
}

func setUnits() (units []string) {
	next := draws(11)
	for range 150 {
		base, unit := next()%16, ""
		for range 3 {
			s := base
			if next()%10 >= 5 {
				s = next() % 16
			}
			var labels []string
			for k := range 4 {
				if s>>k&1 == 1 {
					labels = append(labels, fmt.Sprint("l", k))
				}
			}
			unit += " " + strings.Join(append(labels, "-")[:max(1, len(labels))], ",")
		}
		units = append(units, unit)
	}
	return units
}

// TestIndependent compares with other implementations. The numbers are those of
//
//	krippendorff.alpha(d, level_of_measurement="nominal")   # krippendorff 0.9.0
//	cohen_kappa_score(d[both, i], d[both, j])               # scikit-learn 1.9.1
//	fleiss_kappa(aggregate_raters(d)[0])                    # statsmodels 0.15.0
//	AnnotationTask(data, distance=f).alpha()                # nltk 3.10.4
//
// where d and data are made as above, both are the units of which i and j said
// something, and f is 1 - len(a&b)/len(a|b)*m, with m = 1 for Jaccard and 2/3 or 1/3
// for MASI, and 0 if a == b.
func TestIndependent(t *testing.T) {
	near := func(what string, e Estimate, want float64) {
		t.Helper()
		if e.Value == nil || math.Abs(*e.Value-want) > 1e-12 {
			t.Errorf("%s: %s, want %v", what, show(e), want)
		}
	}
	for missing, want := range map[int]struct {
		alpha float64
		pairs map[string]float64
	}{
		0: {0.3287734784462222, map[string]float64{
			"a00 a01 200": 0.3326437318562514, "a00 a02 200": 0.2793994995829858, "a00 a03 200": 0.3521239647341704,
			"a01 a02 200": 0.24651596986063895, "a01 a03 200": 0.3853759561746334, "a02 a03 200": 0.37497899795019995,
		}},
		2: {0.3657488253091379, map[string]float64{
			"a00 a01 121": 0.35996352029183765, "a00 a02 125": 0.2841880341880342, "a00 a03 132": 0.40321839080459765,
			"a01 a02 117": 0.247588424437299, "a01 a03 120": 0.3882658263045694, "a02 a03 132": 0.4565369377767421,
		}},
	} {
		r := report(study(nominalUnits(missing)), 0)
		near("alpha", r.find("alpha_nominal"), want.alpha)
		if missing == 0 {
			near("fleiss", r.find("fleiss"), 0.3279333951902099)
		}
		sum, units := 0.0, 0
		for _, p := range r.Pairs {
			key := fmt.Sprint(p.A, " ", p.B, " ", p.Units)
			near(key, *p.Kappa, want.pairs[key])
			sum, units = sum+float64(p.Units)*want.pairs[key], units+p.Units
		}
		near("mean", r.find("cohen"), sum/float64(units))
		if len(r.Pairs) != len(want.pairs) {
			t.Errorf("%d pairs", len(r.Pairs))
		}
	}
	r := report(study(setUnits()), 0)
	near("masi", r.find("alpha_masi"), 0.23960034985258316)
	near("jaccard", r.find("alpha_jaccard"), 0.23484100508125538)
}

// TestDegenerate wants words where there is no number.
func TestDegenerate(t *testing.T) {
	for _, c := range []struct {
		name      string
		documents [][]string
		want      map[string]string
	}{
		{"no documents", nil, map[string]string{
			"raw": "undefined: no unit has two annotators", "cohen": "undefined: no unit has two annotators",
			"fleiss": "undefined: no unit has two annotators", "alpha_nominal": "undefined: no unit has two annotators",
		}},
		{"all is missing", [][]string{{"a .", ". b", ". ."}}, map[string]string{
			"raw": "undefined: no unit has two annotators", "cohen": "undefined: no unit has two annotators",
			"fleiss": "undefined: no unit has two annotators", "alpha_nominal": "undefined: no unit has two annotators",
		}},
		{"one value", [][]string{{"a a", "a a"}, {"a a"}}, map[string]string{
			"raw": "1", "cohen": oneValue, "fleiss": oneValue, "alpha_nominal": oneValue,
		}},
		{"nothing at all", [][]string{{"- -"}, {"- -"}}, map[string]string{
			"raw": "1", "cohen": oneValue, "fleiss": oneValue, "alpha_nominal": oneValue,
		}},
		{"pairs of one value each", [][]string{{"a a . .", ". . b b"}}, map[string]string{
			"raw": "1 no interval: one document", "cohen": "undefined: no pair has more than one value",
			"fleiss": "1 no interval: one document", "alpha_nominal": "1 no interval: one document",
		}},
		{"a value that few documents have", [][]string{{"a a"}, {"a a"}, {"a b", "b b"}}, map[string]string{
			"raw":    "0.75",
			"cohen":  "0.5 undefined in some samples, which the interval leaves out",
			"fleiss": "0.4667 undefined in some samples, which the interval leaves out",
		}},
		{"one set", [][]string{{"a,b a,b"}, {"a,b a,b"}}, map[string]string{
			"raw": "1", "alpha_masi": oneValue, "alpha_jaccard": oneValue, "alpha_nominal": "no such measure",
		}},
	} {
		r := report(study(c.documents...), 100)
		for name, want := range c.want {
			e := r.find(name)
			got := e.Note
			if e.Value != nil {
				got = strings.TrimSpace(fmt.Sprintf("%.4g %s", *e.Value, e.Note))
			}
			if got != want && (name != "raw" || !strings.HasPrefix(got, want)) {
				t.Errorf("%s: %s is %q, want %q", c.name, name, got, want)
			}
		}
		if _, err := json.Marshal(r); err != nil {
			t.Errorf("%s: %v", c.name, err) // NaN is no JSON
		}
	}
}

// TestResample compares samples of sums with samples of units.
func TestResample(t *testing.T) {
	for _, units := range [][]string{nominalUnits(2), setUnits()} {
		var documents [][]string
		for part := range slices.Chunk(units, 9) {
			documents = append(documents, part)
		}
		s := NewStudy(study(documents...), 60, 5)
		got := make([]figures, 0, 60)
		for i := range s.Blocks() {
			s.Resample(i)
			got = append(got, s.results[i]...)
		}
		for i := range got {
			var chosen [][]string
			for _, at := range drawn(s, i) {
				chosen = append(chosen, documents[at])
			}
			again := NewStudy(study(chosen...), 0, 0)
			all := again.newTotals()
			for at := range chosen {
				all.add(&again.plan, at, 1)
			}
			want := again.figures(all, false)
			for m := range measures {
				a, b := got[i].measures[m], want.measures[m]
				if a.is != b.is || math.Abs(a.value-b.value) > 1e-9 {
					t.Fatalf("sample %d: measure %d is %v, want %v", i, m, a, b)
				}
			}
		}
	}
}

// drawn are the documents of a sample, which is drawn anew.
func drawn(s *Study, sample int) (documents []int) {
	for at, times := range s.draw(sample, make([]int32, len(s.layer.documents))) {
		documents = append(documents, slices.Repeat([]int{at}, int(times))...)
	}
	return documents
}

// TestIntervals wants 95% of intervals to hold the truth, about, and documents to be
// what is drawn: in documents that are all alike inside, units say little.
func TestIntervals(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	hits, width, narrow := 0, 0.0, 0.0
	const rounds = 200
	for range rounds {
		var documents, apart [][]string
		for range 40 {
			unit := "a a"
			if r.IntN(10) < 3 {
				unit = "a b"
			}
			documents = append(documents, slices.Repeat([]string{unit}, 20))
			for range 20 {
				apart = append(apart, []string{[]string{"a a", "a b"}[min(1, r.IntN(10)/7)]})
			}
		}
		e := report(study(documents...), 200).find("raw")
		if *e.Low <= 0.7 && 0.7 <= *e.High {
			hits++
		}
		width += *e.High - *e.Low
		e = report(study(apart...), 50).find("raw")
		narrow += *e.High - *e.Low
	}
	if hits < rounds*88/100 || hits > rounds*99/100 {
		t.Errorf("%d of %d intervals hold the truth", hits, rounds)
	}
	if width < 3*narrow {
		t.Errorf("intervals are %v wide, and %v where units stand alone", width/rounds, narrow/rounds)
	}
}

// TestMerge wants the same report however documents are divided, and in whatever order
// they come.
func TestMerge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.SampledFrom([]string{".", "-", "a", "b", "c", "a,b", "b,c"})
		if rapid.Bool().Draw(t, "nominal") {
			word = rapid.SampledFrom([]string{".", "-", "a", "b", "c"})
		}
		type doc struct {
			id         string
			annotators []string
			words      []string
		}
		docs := make([]doc, rapid.IntRange(0, 6).Draw(t, "documents"))
		for i := range docs {
			docs[i].id = fmt.Sprint("d", i)
			for _, name := range []string{"ann", "bob", "cleo"} {
				if rapid.Bool().Draw(t, name) {
					docs[i].annotators = append(docs[i].annotators, name)
				}
			}
			n := rapid.IntRange(0, 5).Draw(t, "units") * len(docs[i].annotators)
			docs[i].words = rapid.SliceOfN(word, n, n).Draw(t, "words")
		}
		add := func(l *Layer, d doc) {
			var values []Value
			for _, w := range d.words {
				switch w {
				case ".":
					values = append(values, Missing)
				case "-":
					values = append(values, Nothing)
				default:
					values = append(values, l.said(strings.Split(w, ",")...))
				}
			}
			l.Add(d.id, d.annotators, values)
		}
		whole := NewLayer("c", "l")
		for _, d := range docs {
			add(whole, d)
		}
		parts := []*Layer{NewLayer("c", "l"), NewLayer("c", "l"), NewLayer("c", "l")}
		for _, d := range rapid.Permutation(docs).Draw(t, "order") {
			add(parts[rapid.IntRange(0, 2).Draw(t, "part")], d)
		}
		parts[0].Merge(parts[1])
		parts[0].Merge(parts[2])
		if d := cmp.Diff(report(whole, 60), report(parts[0], 60)); d != "" {
			t.Fatal(d)
		}
	})
}

func benchLayer(documents, units, labels int) *Layer {
	r := rand.New(rand.NewPCG(1, 1))
	l := NewLayer("corpus", "layer")
	annotators := []string{"a", "b", "c"}
	for i := range documents {
		values := make([]Value, 0, units*len(annotators))
		for range units {
			truth := r.IntN(labels)
			for range annotators {
				set := []string{fmt.Sprint(truth)}
				if r.IntN(3) == 0 {
					set[0] = fmt.Sprint(r.IntN(labels))
				}
				if labels > 20 && r.IntN(3) == 0 {
					set = append(set, fmt.Sprint(r.IntN(labels)))
				}
				values = append(values, l.said(set...))
			}
		}
		l.Add(fmt.Sprintf("doc%06d", i), annotators, values)
	}
	return l
}

// BenchmarkResample is a block of samples of 2,000 documents with 20 units: a million
// units in 1,000 samples are 500 of them.
func BenchmarkResample(b *testing.B) {
	for name, labels := range map[string]int{"nominal": 15, "sets": 25} {
		s := NewStudy(benchLayer(2000, 20, labels), SampleBlock, 1)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.Resample(0)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/SampleBlock/2000, "ns/document")
		})
	}
}

func BenchmarkAdd(b *testing.B) {
	l := NewLayer("corpus", "layer")
	annotators := []string{"a", "b", "c"}
	r := rand.New(rand.NewPCG(1, 1))
	values := make([]Value, 60)
	for i := range values {
		values[i] = l.said(fmt.Sprint(r.IntN(10)))
	}
	b.ReportAllocs()
	for b.Loop() {
		l.Add("doc", annotators, values)
		l.documents = l.documents[:0]
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/20, "ns/unit")
}
