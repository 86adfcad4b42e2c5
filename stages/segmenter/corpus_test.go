package segmenter_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/quern-data/quern/stages/segmenter"
)

// What Marks reached on the reviews of testdata/headings.txt when they were
// first read. It was not tuned on them, and must not be: see docs/structure.md.
const (
	headingsFound   = 56
	headingsWrong   = 0
	headingsLabeled = 59
)

// held is the paths of the reviews that headings are measured on: of all raw
// reviews, in the order of the SHA-256 of their names, each eleventh up to forty.
func held(t *testing.T, corpora string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(corpora, "peer-review-analyze", "*", "*", "Raw", "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(paths, func(a, b string) int {
		x, y := sha256.Sum256([]byte(filepath.Base(a))), sha256.Sum256([]byte(filepath.Base(b)))
		return bytes.Compare(x[:], y[:])
	})
	var chosen []string
	for i := 0; i < len(paths) && len(chosen) < 40; i += 11 {
		chosen = append(chosen, paths[i])
	}
	if len(chosen) < 40 {
		t.Fatalf("%s holds %d raw reviews: too few", corpora, len(paths))
	}
	return chosen
}

// TestHeadings measures how well Marks finds the headings of real reviews, which
// were marked by hand. QUERN_CORPORA names the folder that holds the corpora.
func TestHeadings(t *testing.T) {
	corpora, ok := os.LookupEnv("QUERN_CORPORA")
	if !ok {
		t.Skip("QUERN_CORPORA does not say where the real corpora are")
	}
	labels, err := os.ReadFile("testdata/headings.txt")
	if err != nil {
		t.Fatal(err)
	}
	missed := map[string]bool{}
	for lines := bufio.NewScanner(bytes.NewReader(labels)); lines.Scan(); {
		missed[lines.Text()] = true
	}
	if len(missed) != headingsLabeled {
		t.Errorf("testdata/headings.txt holds %d headings, not %d", len(missed), headingsLabeled)
	}
	found, wrong := 0, 0
	for _, path := range held(t, corpora) {
		text := decoded(t, path)
		name, err := filepath.Rel(corpora, path)
		if err != nil {
			t.Fatal(err)
		}
		for _, mark := range segmenter.Marks(text, nil) {
			if mark.Kind != segmenter.Heading {
				continue
			}
			place := fmt.Sprintf("%s:%d", filepath.ToSlash(name), 1+strings.Count(text[:mark.Span.Start], "\n"))
			if missed[place] {
				delete(missed, place)
				found++
			} else {
				wrong++
				t.Logf("%s: not a heading", place)
			}
		}
	}
	for place := range missed {
		t.Logf("%s: missed", place)
	}
	t.Logf("headings: precision %.3f (%d of %d), recall %.3f (%d of %d)",
		float64(found)/float64(found+wrong), found, found+wrong,
		float64(found)/float64(headingsLabeled), found, headingsLabeled)
	if found < headingsFound || wrong > headingsWrong {
		t.Errorf("%d headings found and %d wrong; it was %d and %d", found, wrong, headingsFound, headingsWrong)
	}
}

// decoded is the text of a raw review, a JSON string literal.
func decoded(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var text string
	if err := json.Unmarshal(bytes.TrimSpace(data), &text); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return text
}
