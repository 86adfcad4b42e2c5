package taxonomy_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/taxonomy"
)

func load(t testing.TB) (*config.Taxonomy, *taxonomy.Taxonomy) {
	t.Helper()
	c, err := config.LoadTaxonomy("peer-review-analyze", "")
	if err != nil {
		t.Fatal(err)
	}
	return c, taxonomy.New(c)
}

func resolve(x *taxonomy.Taxonomy, typed string, list int) taxonomy.Label {
	number, _, _ := x.Term([]byte(typed))
	return x.Resolve(typed, number, list)
}

// text shows a label as layer/CODE-POLARITY and its repairs.
func text(l taxonomy.Label) string {
	var parts []string
	switch {
	case l.Null:
		parts = append(parts, "null")
	case l.Code == nil && l.Layer == nil:
		parts = append(parts, "?/?")
	case l.Code == nil:
		parts = append(parts, *l.Layer+"/?")
	case l.Polarity == nil:
		parts = append(parts, *l.Layer+"/"+*l.Code)
	default:
		parts = append(parts, *l.Layer+"/"+*l.Code+"-"+*l.Polarity)
	}
	if name := l.Repairs.Name(); name != nil {
		parts = append(parts, *name)
	}
	if l.HasFault {
		parts = append(parts, l.Fault.String())
	}
	return strings.Join(parts, " ")
}

func TestResolve(t *testing.T) {
	_, x := load(t)
	for _, c := range []struct {
		typed string
		list  int
		want  string
	}{
		{"RWK-POS", 0, "section/RWK-POS"},
		{"CLA-NEG", 1, "aspect/CLA-NEG"},
		{"APC", 2, "purpose/APC"},
		{"MAJ", 3, "significance/MAJ"},
		{"null", 0, "null"},
		{"null", 7, "null"},
		{"CNT", 0, "section/CNT"},
		{"CNT", 1, "aspect/CNT"},
		{"CNT", 4, "?/? label-unknown"},

		{"RWk-POS", 0, "section/RWK-POS case"},
		{"emp-NEG", 1, "aspect/EMP-NEG case"},
		{"emp-neg", 1, "aspect/EMP-NEG case"},
		{"NULL", 1, "null case"},
		{"Null", 1, "null case"},
		{"cnt", 1, "aspect/CNT case"},

		{"RES_NEG", 0, "section/RES-NEG separator"},
		{"RES NEG", 0, "section/RES-NEG separator"},
		{"RES - NEG", 0, "section/RES-NEG separator"},
		{"RES--NEG", 0, "section/RES-NEG separator"},
		{"RES–NEG", 0, "section/RES-NEG separator"},
		{"RES:NEG", 0, "section/RES-NEG separator"},
		{"RESNEG", 0, "section/RES-NEG separator"},
		{"res_neg", 0, "section/RES-NEG case+separator"},
		{"RES-NEG.", 0, "section/RES-NEG separator"},

		{"WRC-POS", 1, "aspect/CLA-POS alias"},
		{"wrc-pos", 1, "aspect/CLA-POS alias+case"},
		{"DSN", 2, "purpose/DIS alias"},
		{"DSN", 1, "purpose/DIS alias+layer"},
		{"QUN", 2, "purpose/QSN alias"},

		{"NOV-NEU", 0, "aspect/NOV-NEU layer"},
		{"MAJ", 0, "significance/MAJ layer"},
		{"RWK-POS", 9, "section/RWK-POS layer"},

		{"WXP-NEU", 0, "section/EXP-NEU slip"},
		{"EXPP-NEU", 0, "section/EXP-NEU slip"},
		{"XEP-NEU", 0, "section/EXP-NEU slip"},
		{"MET-PSO", 0, "section/MET-POS slip"},
		{"MET-PO", 0, "section/MET-POS slip"},
		{"SUX", 2, "purpose/? label-unknown"}, // SUB and SUG are as near
		{"MET-NEY", 0, "section/MET polarity-unknown"},
		{"MET-XYZ", 0, "section/MET polarity-unknown"},
		{"WXP-NEY", 0, "section/? label-unknown"},

		{"APR", 1, "aspect/APR polarity-missing"},
		{"apr", 1, "aspect/APR case polarity-missing"},
		{"EXT-null", 0, "section/EXT polarity"},
		{"APC-POS", 2, "purpose/APC polarity"},

		{"RES-POS-NEG", 0, "section/RES separator polarity-unknown"},
		{"RES-NEU-2", 0, "section/RES separator polarity-unknown"},
		{"NA", 0, "section/? label-unknown"}, // not applicable, rather than ANA
		{"NA-NEU", 0, "section/ANA-NEU slip"},

		{"XYZZY", 0, "section/? label-unknown"},
		{"XYZZY", 5, "?/? label-unknown"},
		{"", 0, "section/? label-unknown"},
		{"-", 0, "section/? label-unknown"},
		{strings.Repeat("A", 1000), 0, "section/? label-unknown"},
	} {
		if got := text(resolve(x, c.typed, c.list)); got != c.want {
			t.Errorf("%q in list %d: got %s, want %s", c.typed, c.list, got, c.want)
		}
	}
}

// TestWholeCodeFirst: a code that ends like a polarity is that code.
func TestWholeCodeFirst(t *testing.T) {
	x := taxonomy.New(&config.Taxonomy{
		Polarities: []config.Polarity{{Code: "neg"}},
		Layers: []config.Layer{{Name: "l", Polarity: true, Labels: []config.Term{
			{Code: "res"}, {Code: "res_neg"}, {Code: "a_very_long_label_name_number_one_two_three"},
		}}},
	})
	for typed, want := range map[string]string{
		"RES_NEG": "l/res_neg case polarity-missing",
		"res-neg": "l/res-neg",
		"A_very_long_label_name_number_one_two_three-neg": "l/a_very_long_label_name_number_one_two_three-neg case",
	} {
		if got := text(resolve(x, typed, 0)); got != want {
			t.Errorf("%q: got %s, want %s", typed, got, want)
		}
	}
}

func TestEvidence(t *testing.T) {
	_, x := load(t)
	for typed, want := range map[string]taxonomy.Evidence{
		"RWK-POS": taxonomy.Certain, "WXP-NEU": taxonomy.Certain, "emp_neg": taxonomy.Certain,
		"RWK": taxonomy.Strong, "DSN": taxonomy.Strong, "CNT": taxonomy.Strong, "EXT-null": taxonomy.Strong,
		"null": taxonomy.Weak, "NULL": taxonomy.Weak, "min": taxonomy.Weak, "Exp": taxonomy.Weak,
		"WXP": taxonomy.NoEvidence, "1": taxonomy.NoEvidence, "see Table 2": taxonomy.NoEvidence, "": taxonomy.NoEvidence,
		"per-position": taxonomy.NoEvidence, "non-negative": taxonomy.NoEvidence,
	} {
		if got := x.Evidence(typed); got != want {
			t.Errorf("%q: evidence %d, want %d", typed, got, want)
		}
	}
}

// TestEveryLabelStandsForItself holds for each code, alias and polarity.
func TestEveryLabelStandsForItself(t *testing.T) {
	c, x := load(t)
	seen := 0
	for list, layer := range c.Layers {
		for _, term := range layer.Labels {
			for _, name := range append([]string{term.Code}, term.Aliases...) {
				polarities := []string{""}
				if layer.Polarity {
					polarities = polarities[:0]
					for _, p := range c.Polarities {
						polarities = append(polarities, p.Code)
					}
				}
				for _, polarity := range polarities {
					typed := strings.TrimSuffix(name+"-"+polarity, "-")
					l := resolve(x, typed, list)
					if l.Code == nil || *l.Code != term.Code || *l.Layer != layer.Name || l.HasFault {
						t.Errorf("%s was read as %s", typed, text(l))
					}
					if (polarity == "") != (l.Polarity == nil) || polarity != "" && *l.Polarity != polarity {
						t.Errorf("%s has the wrong polarity: %s", typed, text(l))
					}
					if lower := resolve(x, strings.ToLower(typed), list); *lower.Code != term.Code || lower.Repairs&schema.RepairedCase == 0 {
						t.Errorf("%s in lower case was read as %s", typed, text(lower))
					}
					seen++
				}
			}
		}
	}
	if seen < 70 {
		t.Errorf("only %d labels were tried", seen)
	}
}

// TestSlipsAreUnambiguous: what is resolved by a slip is one edit away from the
// code, and from no other.
func TestSlipsAreUnambiguous(t *testing.T) {
	c, x := load(t)
	var codes []string
	for _, layer := range c.Layers {
		for _, term := range layer.Labels {
			codes = append(codes, term.Code)
		}
	}
	for _, term := range c.Everywhere {
		codes = append(codes, term.Code)
	}
	rapid.Check(t, func(t *rapid.T) {
		typed := rapid.StringMatching(`[A-Z]{2,5}`).Draw(t, "typed")
		l := resolve(x, typed, 0)
		if l.Repairs&schema.RepairedSlip == 0 {
			return
		}
		near := 0
		for _, code := range codes {
			if distance(typed, code) == 1 {
				near++
			}
		}
		if near != 1 || distance(typed, *l.Code) != 1 {
			t.Fatalf("%s was read as %s; %d codes are as near", typed, *l.Code, near)
		}
	})
}

// distance is the optimal string alignment distance: a slow second opinion.
func distance(a, b string) int {
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		for j := range d[i] {
			switch {
			case i == 0:
				d[i][j] = j
			case j == 0:
				d[i][j] = i
			default:
				cost := 1
				if a[i-1] == b[j-1] {
					cost = 0
				}
				d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, d[i-1][j-1]+cost)
				if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
					d[i][j] = min(d[i][j], d[i-2][j-2]+1)
				}
			}
		}
	}
	return d[len(a)][len(b)]
}

func BenchmarkResolve(b *testing.B) {
	_, x := load(b)
	for _, typed := range []string{"RWK-POS", "emp_neg", "WXP-NEU", "XYZZY"} {
		b.Run(typed, func(b *testing.B) {
			raw := []byte(typed)
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				number, text, _ := x.Term(raw)
				if number == 0 {
					text = typed
				}
				x.Resolve(text, number, 0)
			}
		})
	}
}

// TestTerm: a term is found as it is typed in the taxonomy, and nothing else is.
func TestTerm(t *testing.T) {
	c, x := load(t)
	terms := map[string]bool{}
	name := func(name string, polarity bool) {
		terms[name] = true
		for _, p := range c.Polarities {
			terms[name+"-"+p.Code] = polarity || terms[name+"-"+p.Code]
		}
	}
	for _, word := range c.NoLabel {
		terms[word] = true
	}
	for _, label := range c.Everywhere {
		name(label.Code, false)
	}
	var names []string
	for _, l := range c.Layers {
		for _, label := range l.Labels {
			for _, n := range append([]string{label.Code}, label.Aliases...) {
				name(n, l.Polarity)
			}
		}
	}
	for term := range terms {
		names = append(names, term)
	}
	check := func(t interface{ Errorf(string, ...any) }, typed string) {
		number, text, evidence := x.Term([]byte(typed))
		if found := number != 0; found != terms[typed] || found && (text != typed || evidence == taxonomy.NoEvidence) {
			t.Errorf("%q was found: %v, as %q with evidence %d", typed, found, text, evidence)
		}
	}
	for _, term := range names {
		check(t, term)
	}
	slices.Sort(names)
	rapid.Check(t, func(t *rapid.T) {
		typed := []byte(rapid.SampledFrom(names).Draw(t, "term"))
		at := rapid.IntRange(0, len(typed)-1).Draw(t, "at")
		typed[at] = rapid.SampledFrom([]byte("ABEMPN-\x00 x")).Draw(t, "byte")
		check(t, string(typed[:rapid.IntRange(0, len(typed)).Draw(t, "size")]))
		check(t, string(typed)+rapid.SampledFrom([]string{"", "\x00", "S", "-POS"}).Draw(t, "more"))
	})
}
