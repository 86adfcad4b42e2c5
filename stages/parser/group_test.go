package parser

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/taxonomy"
)

// TestWellTyped: a group that wellTyped reads is read the same by the rules for
// all.
func TestWellTyped(t *testing.T) {
	labels := &config.Taxonomy{
		Polarities: []config.Polarity{{Code: "POS"}, {Code: "NEGATIVE"}},
		NoLabel:    []string{"null", "n/a", "a;b"},
		Everywhere: []config.Term{{Code: "CNT"}},
		Layers: []config.Layer{
			{Name: "one", Polarity: true, Labels: []config.Term{{Code: "MET"}, {Code: "LONG_CODE"}}},
			{Name: "two", Labels: []config.Term{{Code: "A"}, {Code: "B2"}}},
		},
	}
	parts := []string{
		"MET-POS", "MET-NEGATIVE", "LONG_CODE-POS", "MET", "CNT", "A", "B2", "null", "n/a", "a;b", "XYZ", "MET-PO", "é",
		",", ", ", "],[", "], [", "], [", "][", "[[", "]]", "[", "]", " ", ";", `\n`, `\n,`, `"`,
	}
	read := 0
	rapid.Check(t, func(t *rapid.T) {
		known := *labels
		if rapid.Bool().Draw(t, "one layer") {
			known.Layers = known.Layers[:1]
		}
		text := "[["
		if rapid.Bool().Draw(t, "well typed") {
			text += strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"MET-POS", "LONG_CODE-POS", "A", "null"}), 1, 4).Draw(t, "labels"), ",")
		} else {
			text += strings.Join(rapid.SliceOfN(rapid.SampledFrom(parts), 1, 9).Draw(t, "parts"), "")
		}
		text += rapid.SampledFrom([]string{"]]", "]], [A]", "]] The end.", ""}).Draw(t, "end")
		limit := rapid.SampledFrom([]int{4096, len(text), max(1, len(text)-3), 8}).Draw(t, "limit")
		scan := func() *inlineScan {
			p := &inline{taxonomy.New(&known), "auto", limit}
			return &inlineScan{inline: p, data: []byte(text), doc: new(schema.Document), json: true, end: len(text)}
		}
		fast, all := scan(), scan()
		got, ok := fast.wellTyped(0)
		if !ok {
			if len(fast.doc.Labels) > 0 {
				t.Fatalf("%q is no group, and left %d labels", text, len(fast.doc.Labels))
			}
			return
		}
		read++
		want, ok := all.anyGroup(0)
		if !ok || got != want {
			t.Fatalf("%q was read as %+v, want %+v, %v", text, got, want, ok)
		}
		if diff := cmp.Diff(all.doc.Labels, fast.doc.Labels); diff != "" {
			t.Fatalf("%q: -want +got:\n%s", text, diff)
		}
	})
	if read == 0 {
		t.Error("no group was read")
	}
}

// TestMaybeSpecial: no byte that may have a meaning is overlooked.
func TestMaybeSpecial(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SliceOfN(rapid.SampledFrom([]byte("a [\"\\\r\n\x00\x80\xffXYZ^_`]!#")), 0, 60).Draw(t, "text")
		for i := range plainSets {
			s := &inlineScan{data: text, doc: new(schema.Document), end: len(text), plain: &plainSets[i]}
			s.offsets = &s.doc.Map
			if i < setOf(false, false, true) {
				s.notPlain = highBits
			}
			for at := range text {
				if !s.plain[text[at]] {
					continue
				}
				want := at
				for want < len(text) && s.plain[text[want]] {
					want++
				}
				s.text = s.text[:0]
				if got := s.copyPlain(at); got != want || string(s.text) != string(text[at:want]) {
					t.Fatalf("set %d: from %d of %q to %d, %q; want %d", i, at, text, got, s.text, want)
				}
			}
		}
	})
}
