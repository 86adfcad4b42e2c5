package segmenter

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestReadWord: a word is read up to the first byte that is no letter, and the
// same in any case.
func TestReadWord(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := string(rapid.SliceOfN(rapid.SampledFrom([]byte("abzABZabzABZabz @[`{\x00\x7f\xc3\xff1")), 0, 24).Draw(t, "text"))
		want := 0
		for want < len(s) && letter(s[want]) {
			want++
		}
		key, size := readWord(s)
		if size != want {
			t.Fatalf("the word of %q has %d bytes, not %d", s, want, size)
		}
		if alone, _ := readWord(strings.ToUpper(s[:size])); alone != key {
			t.Fatalf("%q has key %v, and alone %v", s, key, alone)
		}
		if other, _ := readWord(s[:size] + "q"); size < maxWord && other == key {
			t.Fatalf("%q has the key of %q", s[:size], s[:size]+"q")
		}
	})
}

func TestLexicon(t *testing.T) {
	for word, want := range map[string]class{
		"Pros": head, "REPRODUCIBILITY": head, "brief": modify, "regarding": modify | lead, "a": article, "Sec": place,
		"are": clause, "pro": head, "prose": unknown, "reproducibilitys": unknown, "reproducibilityxxxxxx": unknown, "": unknown,
	} {
		if key, size := readWord(word); lexicon.find(key) != want || size != len(word) {
			t.Errorf("%s has class %b, want %b", word, lexicon.find(key), want)
		}
	}
}
