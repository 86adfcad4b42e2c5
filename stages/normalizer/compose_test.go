package normalizer

import (
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

// TestPlainIsNormal: what the library is not asked about is in form C, and
// composes with nothing that may stand before it.
func TestPlainIsNormal(t *testing.T) {
	for r := rune(0); r <= utf8.MaxRune; r++ {
		s := string(r)
		if plainSize(s) == 0 {
			continue
		}
		if p := norm.NFC.PropertiesString(s); plainSize(s) != len(s) || !p.BoundaryBefore() || !norm.NFC.IsNormalString(s) {
			t.Errorf("%U is not plain", r)
		}
	}
}

func TestIsNormal(t *testing.T) {
	parts := []string{
		"a", "e", "\u0301", "\u0327", "é", "\u1100", "\u1161", "\uac00", "\u11a8", "’", "—", "\u2126", "Å", "\u212b", "文", "😀",
		"\u034f", strings.Repeat("plain ", 8), "\u09c7", "\u09be", "\u0958", "ſ",
	}
	rapid.Check(t, func(t *rapid.T) {
		s := strings.Join(rapid.SliceOfN(rapid.SampledFrom(parts), 0, 8).Draw(t, "parts"), "")
		if got, want := isNormal(s), norm.NFC.IsNormalString(s); got != want {
			t.Fatalf("%+q is in form C: %v, want %v", s, got, want)
		}
	})
}
