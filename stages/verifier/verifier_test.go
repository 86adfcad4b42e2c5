package verifier

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/snapshot"
)

// verify is all that is found in the snapshot in dir.
func verify(t testing.TB, dir string, level Level) []Problem {
	t.Helper()
	s, err := snapshot.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return verifySnapshot(t, s, level, false)
}

func verifySnapshot(t testing.TB, s *snapshot.Snapshot, level Level, hashOnly bool) []Problem {
	t.Helper()
	v := New(s, level)
	problems := v.Start()
	for i := range s.Shards {
		more, err := v.Shard(t.Context(), i, hashOnly)
		if err != nil {
			t.Fatal(err)
		}
		problems = append(problems, more...)
	}
	return problems
}

func TestSound(t *testing.T) {
	dir := makeSnapshot(t)
	for _, level := range []Level{Fast, Full} {
		for _, p := range verify(t, dir, level) {
			t.Errorf("%s: %s", level, p)
		}
	}
}

// TestHashOnly makes sure that parts that were verified before are still looked at,
// and not into.
func TestHashOnly(t *testing.T) {
	d := newDamaged(t, makeSnapshot(t))
	sentence(d, 1, func(r *schema.SentenceRow) { r.Text = "What was never written" })
	d.sign()
	if problems := verifySnapshot(t, d.Snapshot, Full, true); len(problems) > 0 {
		t.Errorf("found what only rows show:%s", lines(problems))
	}
	data := d.read(1, "sentences")
	data[100] ^= 1
	d.write(1, "sentences", data)
	if problems := verifySnapshot(t, d.Snapshot, Full, true); len(problems) != 1 || !strings.Contains(problems[0].Message, "its SHA-256 is") {
		t.Errorf("found%s", lines(problems))
	}
	if problems := verifySnapshot(t, d.Snapshot, Fast, true); len(problems) > 0 {
		t.Errorf("fast found%s", lines(problems))
	}
	d.write(1, "sentences", data[1:])
	if problems := verifySnapshot(t, d.Snapshot, Fast, true); len(problems) != 1 || !strings.Contains(problems[0].Message, "bytes, and the manifest says") {
		t.Errorf("fast found%s", lines(problems))
	}
}

// TestManifestEdited makes sure that a manifest that was edited by hand does not get
// as far as the verifier.
func TestManifestEdited(t *testing.T) {
	dir := makeSnapshot(t)
	for _, c := range [][2]string{
		{`"sentences": `, `"sentences": 1`},        // a count
		{`"sha256":"`, `"sha256":"0`},              // a sum
		{`"labels/part-00000`, `"labels/part-000`}, // a path
	} {
		d := newDamaged(t, dir)
		path := filepath.Join(d.Dir, snapshot.ManifestName)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		d.writeFile(path, bytes.Replace(text, []byte(c[0]), []byte(c[1]), 1))
		var corrupt *snapshot.CorruptError
		if _, err := snapshot.Load(d.Dir); !errors.As(err, &corrupt) {
			t.Errorf("%s: %v", c[1], err)
		}
	}
}

func TestCancelled(t *testing.T) {
	s, err := snapshot.Load(makeSnapshot(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	problems, err := New(s, Full).Shard(ctx, 0, false)
	if !errors.Is(err, context.Canceled) || len(problems) > 0 {
		t.Errorf("%v, and found%s", err, lines(problems))
	}
}

func TestBounded(t *testing.T) {
	r := report{path: "a"}
	for i := range 25 {
		r.addf("%d", i)
	}
	got := r.problems()
	if len(got) != maxProblems+1 || got[maxProblems].String() != "a: and 5 more" {
		t.Errorf("%v", got)
	}
}

func TestLengths(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOf(rapid.SampledFrom([]rune("abcdefgöß€\uFFFD😀\U0010FFFF"))).Draw(t, "s")
		chars, units := lengths([]byte(s))
		wantChars, wantUnits := utf8.RuneCountInString(s), len(utf16.Encode([]rune(s)))
		if chars != wantChars || units != wantUnits {
			t.Fatalf("%q has %d characters and %d units, want %d and %d", s, chars, units, wantChars, wantUnits)
		}
	})
}

// TestConcurrent verifies all shards at once, for the race detector.
func TestConcurrent(t *testing.T) {
	s, err := snapshot.Load(makeSnapshot(t))
	if err != nil {
		t.Fatal(err)
	}
	v := New(s, Full)
	var all sync.WaitGroup
	for i := range s.Shards {
		all.Go(func() {
			if problems, err := v.Shard(t.Context(), i, false); err != nil || len(problems) > 0 {
				t.Errorf("%v, and found%s", err, lines(problems))
			}
		})
	}
	for _, p := range v.Start() {
		t.Error(p)
	}
	all.Wait()
}
