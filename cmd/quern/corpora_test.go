package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quern-data/quern/schema"
)

// TestAllCorpora converts the published corpora as one: a query over its tables
// compares them. The counts are those of a reading of the same files by a script in
// another language, by layer: labels, or where they stand on stretches of text, these.
func TestAllCorpora(t *testing.T) {
	var config strings.Builder
	config.WriteString("corpora:\n")
	for _, c := range [][3]string{
		{"peer-review-analyze", "peer-review-analyze", "peer-review-analyze"},
		{"peer-review-analyze", "seed", "four-layers"},
		{"disapere", "disapere", "disapere"},
		{"substanreview", "substanreview", "substanreview"},
		{"rr-submission", "rr-submission-v2", "rr-submission"},
		{"politepeer", "politepeer", "politepeer"},
	} {
		fmt.Fprintf(&config, "- {profile: %s, root: %q, name: %s}\n", c[0], corpus(t, c[1]), c[2])
	}
	file := filepath.Join(t.TempDir(), "all.yaml")
	if err := os.WriteFile(file, []byte(config.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	result, out := convertLoaded(t, source{profile: defaultProfile}, file)
	if result.Stats.Refused != 0 {
		t.Errorf("%d documents were refused", result.Stats.Refused)
	}

	documents := map[string]int{}
	for _, d := range readTable[schema.DocumentRow](t, out, "documents") {
		documents[d.Corpus]++
	}
	wantDocuments := map[string]int{
		"peer-review-analyze": 475, "four-layers": 1, "disapere": 96, "substanreview": 110, "rr-submission": 473, "politepeer": 2500,
	}
	if diff := cmp.Diff(wantDocuments, documents); diff != "" {
		t.Errorf("documents (-want +got):\n%s", diff)
	}

	labels, seen := map[string]int{}, map[string]bool{}
	for _, l := range readTable[schema.LabelRow](t, out, "labels") {
		if l.SpanID != nil {
			span := fmt.Sprint(l.DocumentID, *l.SpanID, *l.Layer, *l.Label)
			if seen[span] {
				continue
			}
			seen[span] = true
		}
		labels[l.Corpus+" "+*l.Layer]++
	}
	wantLabels := map[string]int{
		"peer-review-analyze section": 10981, "peer-review-analyze aspect": 6282, "peer-review-analyze purpose": 133,
		"four-layers section": 20, "four-layers aspect": 17, "four-layers purpose": 14, "four-layers significance": 14,
		"disapere review_action": 1495, "disapere fine_review_action": 793, "disapere aspect": 840, "disapere polarity": 677,
		"disapere rebuttal_stance": 2180, "disapere rebuttal_action": 2180,
		"substanreview claim": 816, "rr-submission argument": 4121 + 4, // B- tags, and spans that start without one
		"politepeer tone": 2500,
	}
	if diff := cmp.Diff(wantLabels, labels); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}

	relations := map[string]int{}
	for _, r := range readTable[schema.RelationRow](t, out, "relations") {
		relations[r.Corpus]++
	}
	wantRelations := map[string]int{"disapere": 4459, "rr-submission": 1907, "substanreview": 247}
	if diff := cmp.Diff(wantRelations, relations); diff != "" {
		t.Errorf("relations (-want +got):\n%s", diff)
	}
}
