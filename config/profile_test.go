package config

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestProfile: a corpus that names a profile is the profile's, but for what it sets
// itself.
func TestProfile(t *testing.T) {
	folder(t, map[string]string{"c.yaml": "corpora:\n" +
		"- profile: peer-review-analyze\n  root: corpus\n" +
		"- profile: peer-review-analyze\n  name: mine\n  root: corpus\n  licence: CC-BY-4.0\n  exclude: []\n  normalize:\n    split: unicode\n"})
	l, err := Load(Options{Path: "c.yaml"})
	if err != nil {
		t.Fatal(err)
	}
	shipped, err := Load(Options{Profile: "peer-review-analyze", Flags: map[string]string{"corpora.root": "corpus"}})
	if err != nil {
		t.Fatal(err)
	}
	want := slices.Repeat(shipped.Config.Corpora, 2)
	want[0].Profile, want[1].Profile = "peer-review-analyze", "peer-review-analyze"
	want[1].Name, want[1].Licence, want[1].Exclude, want[1].Normalize.Split = "mine", "CC-BY-4.0", []string{}, "unicode"
	if diff := cmp.Diff(want, l.Config.Corpora); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if a, b := l.Config.CorpusHash(0, l.Taxonomies[0]), shipped.Config.CorpusHash(0, shipped.Taxonomies[0]); a != b {
		t.Error("a corpus of a profile has another hash than the profile")
	}
	for _, s := range l.Settings() {
		if s.Key == "corpora[1].raw" && s.Origin != "c.yaml:4" || s.Key == "corpora[1].normalize.split" && s.Origin != "c.yaml:10" {
			t.Errorf("%s is from %s", s.Key, s.Origin)
		}
	}
}

func TestProfileMistakes(t *testing.T) {
	folder(t, map[string]string{"c.yaml": `corpora:
- profile: peer-review-analyse
  name: a
  root: corpus
  taxonomy: peer-review-analyze
- profile: peer-review-analyze
- profile: 7
  name: b
  root: corpus
  taxonomy: peer-review-analyze
- profile: peer-review-analyze
  name: c
  root: corpus
  paths: ["{venue}{year}-{paper_id}-{reviewer}"]
  raw: "{paper}"
- profile: peer-review-analyze
  name: d
  root: corpus
  paths: ["{venue}{paper_id}{year}"]
  raw: ""
`})
	_, err := Load(Options{Path: "c.yaml"})
	want := []string{
		`c.yaml:2:12: corpora[0].profile: there is no profile "peer-review-analyse" (did you mean peer-review-analyze?)`,
		`c.yaml:6:3: corpora[1].root: is missing (want text)`,
		`c.yaml:7:12: corpora[2].profile: want text, found the number 7 (put it in quotation marks)`,
		`c.yaml:15:8: corpora[3].raw: no pattern in paths captures {paper}, and no attribute has this name (add a pattern to paths that captures it)`,
		`c.yaml:16:12: corpora[4].document_id: no pattern in paths captures {reviewer}, and no attribute has this name (add a pattern to paths that captures it)`, // of the profile
	}
	if diff := cmp.Diff(want, lines(t, err)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
