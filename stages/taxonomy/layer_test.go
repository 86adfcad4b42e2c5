package taxonomy_test

import (
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/taxonomy"
)

// rebuttals is a taxonomy whose codes are those of formats that name the layer.
func rebuttals() *config.Taxonomy {
	return &config.Taxonomy{
		NoLabel: []string{"none"},
		Polarities: []config.Polarity{
			{Code: "POS", Name: "positive", Aliases: []string{"pol_positive", "+"}},
			{Code: "NEG", Name: "negative", Aliases: []string{"pol_negative", "-"}},
		},
		Everywhere: []config.Term{{Code: "unsure", Aliases: []string{"?"}}},
		Layers: []config.Layer{
			{Name: "aspect", Polarity: true, Labels: []config.Term{
				{Code: "asp_soundness-correctness", Aliases: []string{"asp_sound"}}, {Code: "asp_clarity"}, {Code: "other"},
			}},
			{Name: "action", Labels: []config.Term{{Code: "arg-structuring_summary"}, {Code: "other"}, {Code: "C++"}, {Code: "Major claim"}}},
			{Name: "topic", Open: true, Labels: []config.Term{{Code: "Data set", Aliases: []string{"corpus"}}, {Code: "method"}}},
			{Name: "mood", Open: true, Polarity: true, Labels: []config.Term{{Code: "joy"}}},
		},
	}
}

func TestResolveIn(t *testing.T) {
	closed := taxonomy.New(rebuttals())
	c := rebuttals()
	c.Open = true
	open := taxonomy.New(c)
	for _, c := range []struct {
		layer, typed, polarity string
		want                   string
		open                   string // where that differs
	}{
		{"aspect", "asp_clarity", "POS", "aspect/asp_clarity-POS", ""},
		{"aspect", " asp_clarity ", " POS\n", "aspect/asp_clarity-POS", ""},
		{"aspect", "asp_clarity", "positive", "aspect/asp_clarity-POS", ""},
		{"aspect", "asp_clarity", "pol_negative", "aspect/asp_clarity-NEG", ""},
		{"aspect", "asp_clarity", "-", "aspect/asp_clarity-NEG", ""},
		{"aspect", "asp_clarity", "pos", "aspect/asp_clarity-POS case", ""},
		{"aspect", "asp_clarity", "POL_Positive", "aspect/asp_clarity-POS case", ""},
		{"aspect", "asp_clarity", "positiv", "aspect/asp_clarity-POS slip", ""},
		{"aspect", "asp_clarity", "neutral", "aspect/asp_clarity polarity-unknown", ""},
		{"aspect", "asp_clarity", "none", "aspect/asp_clarity", ""},
		{"aspect", "asp_clarity", "None", "aspect/asp_clarity", ""},
		{"aspect", "asp_clarity", "", "aspect/asp_clarity polarity-missing", ""},
		{"aspect", "none", "none", "null", ""},
		{"aspect", "none", "", "null", ""},
		{"aspect", "NONE", "", "null case", ""},
		{"aspect", "none", "POS", "null polarity", ""},
		{"aspect", "asp_clarity-POS", "", "aspect/asp_clarity-POS", ""},
		{"aspect", "asp_clarity-POS", "pol_positive", "aspect/asp_clarity-POS", ""},
		{"aspect", "asp_clarity-POS", "NEG", "aspect/asp_clarity polarity-unknown", ""},
		{"aspect", "asp_clarity-pos", "none", "aspect/asp_clarity-POS case", ""},
		{"aspect", "asp_soundness-correctness", "POS", "aspect/asp_soundness-correctness-POS", ""},
		{"aspect", "Asp_Soundness-Correctness", "POS", "aspect/asp_soundness-correctness-POS case", ""},
		{"aspect", "asp_sound", "POS", "aspect/asp_soundness-correctness-POS alias", ""},
		{"aspect", "asp_soundness-corectness", "POS", "aspect/asp_soundness-correctness-POS slip", ""},
		{"aspect", "unsure", "", "aspect/unsure", ""},
		{"action", "unsure", "", "action/unsure", ""},
		{"action", "?", "POS", "action/unsure alias+polarity", ""},
		{"aspect", "arg-structuring_summary", "POS", "aspect/? label-unknown", ""},
		{"action", "arg-structuring_summary", "", "action/arg-structuring_summary", ""},
		{"action", "arg_structuring-summary", "", "action/? label-unknown", ""},
		{"aspect", "other", "NEG", "aspect/other-NEG", ""},
		{"action", "other", "", "action/other", ""},
		{"action", "other", "none", "action/other", ""},
		{"action", "other", "NEG", "action/other polarity", ""},
		{"action", "c++", "", "action/C++ case", ""},
		{"action", "major claim", "", "action/Major claim case", ""},
		{"action", "", "", "action/? label-unknown", ""},
		{"Action", "other", "", "action/other", ""},

		{"topic", "Data set", "", "topic/Data set", ""},
		{"topic", "data set", "", "topic/Data set case", ""},
		{"topic", "Corpus", "", "topic/Data set alias+case", ""},
		{"topic", "methods", "", "topic/methods", ""},
		{"topic", "(method)", "", "topic/(method)", ""},
		{"topic", "metod ", "POS", "topic/metod polarity", ""},
		{"topic", "metod", "none", "topic/metod", ""},
		{"topic", "None", "", "null case", ""},
		{"topic", "", "", "topic/? label-unknown", ""},
		{"mood", "joy-pos", "", "mood/joy-POS case", ""},
		{"mood", "joy", "positive", "mood/joy-POS", ""},
		{"mood", "joi", "positive", "mood/joi-POS", ""},
		{"mood", "joi", "Positive", "mood/joi-POS case", ""},
		{"mood", "joi", "", "mood/joi polarity-missing", ""},
		{"mood", "joi", "none", "mood/joi", ""},
		{"mood", "joi", "positiv", "mood/joi polarity-unknown", ""},

		{"Part of it", "other", "", "?/? label-unknown", "part_of_it/other"},
		{"new", "Other", "POS", "?/? label-unknown", "new/Other-POS"},
		{"new", "x", "positive", "?/? label-unknown", "new/x-POS"},
		{"new", "x", "mixed", "?/? label-unknown", "new/x-mixed"},
		{"new", "x", "none", "?/? label-unknown", "new/x"},
		{"new", "None", "", "?/? label-unknown", "null case"},
		{"new", "Unsure", "", "?/? label-unknown", "new/unsure case"},
		{"new", "", "", "?/? label-unknown", "?/? label-unknown"},
	} {
		if c.open == "" {
			c.open = c.want
		}
		if got := text(closed.ResolveIn(c.layer, c.typed, c.polarity)); got != c.want {
			t.Errorf("%q with %q in %s: got %s, want %s", c.typed, c.polarity, c.layer, got, c.want)
		}
		if got := text(open.ResolveIn(c.layer, c.typed, c.polarity)); got != c.open {
			t.Errorf("open: %q with %q in %s: got %s, want %s", c.typed, c.polarity, c.layer, got, c.open)
		}
	}
}

// TestAloneAsInline: a label in its layer alone means what it means in its place of a
// label group, and is the same.
func TestAloneAsInline(t *testing.T) {
	c, x := load(t)
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.IntRange(0, len(c.Layers)-1).Draw(t, "list")
		typed := rapid.OneOf(
			rapid.SampledFrom([]string{"null", "NULL", "CNT", "RWK-POS", "emp-NEG", "WRC_POS", "APC", "QUN", "WXP-NEU", "SUX", "MET-NEY", "APR"}),
			rapid.StringMatching(`[A-Z]{3}-(POS|NEG|NEU|pos)`),
		).Draw(t, "typed")
		want := resolve(x, typed, list)
		got := x.ResolveIn(c.Layers[list].Name, typed, "")
		if want.Repairs&(schema.RepairedLayer|schema.RepairedSlip) != 0 || got.Repairs&schema.RepairedSlip != 0 {
			return // other layers had a say
		}
		if got != want {
			t.Fatalf("%s in list %d: %s, and alone %s", typed, list, text(want), text(got))
		}
	})
}

func TestLayerName(t *testing.T) {
	for name, want := range map[string]string{
		"aspect": "aspect", "Fine Review-Action": "fine_review_action", "": "layer", "1st": "layer_1st", "_x": "x", "a__b": "a__b", "A__b - ": "a_b", "-": "layer",
		"a.b/c": "a_b_c", "\u5c42 1": "u5c42_1", "B\u00c9": "bu00e9", " x ": "x",
	} {
		if got := taxonomy.LayerName(name); got != want {
			t.Errorf("%q is called %s, want %s", name, got, want)
		}
	}
	fits := regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	rapid.Check(t, func(t *rapid.T) {
		name := taxonomy.LayerName(rapid.String().Draw(t, "name"))
		if !fits.MatchString(name) || taxonomy.LayerName(name) != name {
			t.Fatalf("%q", name)
		}
	})
}

// TestStrangersAreShared: equal meanings have one address, also where several
// goroutines ask for them, and are forgotten once nothing has them.
func TestStrangersAreShared(t *testing.T) {
	x := taxonomy.New(&config.Taxonomy{Open: true})
	const names, workers = 500, 8
	found := make([][]*schema.Meaning, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := range names {
				m := x.ResolveIn("layer", fmt.Sprint("label ", i), "").Meaning
				if *m.Layer != "layer" || *m.Code != fmt.Sprint("label ", i) || m.Polarity != nil {
					t.Errorf("label %d is %s/%s", i, *m.Layer, *m.Code)
				}
				found[w] = append(found[w], m)
			}
		})
	}
	wg.Wait()
	for w := range workers {
		for i := range names {
			if found[w][i] != found[0][i] {
				t.Fatalf("label %d has two addresses", i)
			}
		}
	}
	if a, b := x.ResolveIn("l", "a", ""), x.ResolveIn("l", "a", "p"); a.Meaning == b.Meaning {
		t.Error("a label with a polarity is the one without")
	}
	runtime.KeepAlive(found)
	found = nil
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range 100_000 {
		x.ResolveIn("layer", strings.Repeat("x", 100)+fmt.Sprint(i), "")
	}
	// The map keeps its buckets, but not what was in them. Cleanups run some time
	// behind a collection.
	for range 1000 {
		runtime.GC()
		runtime.ReadMemStats(&after)
		if after.HeapAlloc < before.HeapAlloc+24<<20 {
			runtime.KeepAlive(x)
			return
		}
		runtime.Gosched()
	}
	t.Errorf("%d bytes are kept for labels that nothing has", after.HeapAlloc-before.HeapAlloc)
	runtime.KeepAlive(x)
}

func BenchmarkResolveIn(b *testing.B) {
	x := taxonomy.New(rebuttals())
	for _, c := range []struct{ name, layer, typed, polarity string }{
		{"listed", "aspect", "asp_clarity", "pol_negative"},
		{"open", "topic", "something else", ""},
	} {
		b.Run(c.name, func(b *testing.B) {
			held := x.ResolveIn(c.layer, c.typed, c.polarity) // as a document holds it
			b.ReportAllocs()
			for b.Loop() {
				x.ResolveIn(c.layer, c.typed, c.polarity)
			}
			runtime.KeepAlive(held)
		})
	}
}
