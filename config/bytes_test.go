package config

import (
	"testing"

	"pgregory.net/rapid"
)

func TestParseBytes(t *testing.T) {
	for text, want := range map[string]Bytes{
		"0": 0, "4096": 4096, "7B": 7, "64KiB": 64 << 10, "32 MiB": 32 << 20, "1GiB": 1 << 30,
		"2KB": 2000, "3MB": 3e6, "4GB": 4e9,
	} {
		if got, err := ParseBytes(text); err != nil || got != want {
			t.Errorf("%s: %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "KiB", "-1", "+1", "1.5MiB", "1 k", "1kib", "1  MiB", "1TiB", "9223372036854775807", "99999999999GiB"} {
		if got, err := ParseBytes(text); err == nil {
			t.Errorf("%q is taken as %d", text, got)
		}
	}
}

func TestBytesText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := Bytes(rapid.Int64Range(0, 1<<62).Draw(t, "number") &^ rapid.Int64Range(0, 1<<20).Draw(t, "low bits"))
		if got, err := ParseBytes(b.String()); err != nil || got != b {
			t.Fatalf("%d: text %s, read as %d, %v", int64(b), b, int64(got), err)
		}
	})
}
