package config

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

func TestParsePercent(t *testing.T) {
	for text, want := range map[string]Percent{
		"0": 0, "0%": 0, "20%": 20 * OnePercent, "20 %": 20 * OnePercent, "0.5%": OnePercent / 2, "0.0001%": 1, "100%": 100 * OnePercent, "100.0%": 100 * OnePercent, "007%": 7 * OnePercent,
	} {
		if got, err := ParsePercent(text); err != nil || got != want {
			t.Errorf("%s: %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "%", "20", "0.2", "00", "-1%", "+1%", "101%", "100.0001%", "1.%", ".5%", "0.00001%", "1  %", "1e1%", "20%\n", "99999999999999999999%"} {
		if got, err := ParsePercent(text); err == nil {
			t.Errorf("%q is taken as %d", text, got)
		}
	}
}

func TestPercentText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Percent(rapid.Int64Range(0, int64(100*OnePercent)).Draw(t, "millionths"))
		if got, err := ParsePercent(p.String()); err != nil || got != p {
			t.Fatalf("%d: text %s, read as %d, %v", int64(p), p, int64(got), err)
		}
	})
}

func TestPercentExceededBy(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		count := rapid.OneOf(rapid.IntRange(0, 100), rapid.IntRange(0, 9e12))
		part, whole := count.Draw(t, "part"), count.Draw(t, "whole")
		p := Percent(rapid.OneOf(rapid.Int64Range(0, 3), rapid.Int64Range(0, int64(100*OnePercent))).Draw(t, "millionths"))
		want := part > 0
		if whole > 0 {
			want = big.NewRat(int64(part), int64(whole)).Cmp(big.NewRat(int64(p), 1e6)) > 0
		}
		if got := p.ExceededBy(part, whole); got != want {
			t.Fatalf("%d of %d exceed %s: %v", part, whole, p, got)
		}
	})
}
