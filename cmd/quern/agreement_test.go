package main

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/stages/agreement"
)

// TestDisapere compares raw agreement with that of a plain reading of the same files.
func TestDisapere(t *testing.T) {
	root := corpus(t, "disapere")
	type said struct {
		Metadata struct {
			ReviewID  string `json:"review_id"`
			Annotator string
		}
		Review   []map[string]any `json:"review_sentences"`
		Rebuttal []map[string]any `json:"rebuttal_sentences"`
	}
	byID := map[string][]said{}
	files, err := filepath.Glob(filepath.Join(root, "*", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var s said
		if err := json.Unmarshal(data, &s); err != nil {
			t.Fatal(err)
		}
		byID[s.Metadata.ReviewID] = append(byID[s.Metadata.ReviewID], s)
	}
	layers := map[string][]string{ // and what is compared of them
		"review_action": {"review_action"}, "fine_review_action": {"fine_review_action"}, "aspect": {"aspect", "polarity"},
		"polarity": {"polarity"}, "rebuttal_stance": {"rebuttal_stance"}, "rebuttal_action": {"rebuttal_action"},
	}
	units, same := 0, map[string]int{}
	for _, of := range byID {
		if len(of) != 2 {
			continue
		}
		a, b := append(of[0].Review, of[0].Rebuttal...), append(of[1].Review, of[1].Rebuttal...)
		for i := range a {
			units++
			for layer, keys := range layers {
				differs := false
				for _, key := range keys {
					// No aspect has no polarity either.
					differs = differs || label(a[i], keys[0], key) != label(b[i], keys[0], key)
				}
				if !differs {
					same[layer]++
				}
			}
		}
	}

	_, out := convertAs(t, "disapere", root)
	r, err := measureAgreement(context.Background(), out, agreement.Choice{}, 100, 1, 95*config.OnePercent)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Layers) != len(layers) || units == 0 {
		t.Fatalf("%d layers, %d sentences", len(r.Layers), units)
	}
	for _, l := range r.Layers {
		want := float64(same[l.Layer]) / float64(units)
		if got := *l.Measures[0].Value; l.Units != units || l.Documents != 2 || math.Abs(got-want) > 1e-9 {
			t.Errorf("%s: %d documents, %d sentences, %v agree; want 2, %d and %v", l.Layer, l.Documents, l.Units, got, units, want)
		}
	}
}

// label is what stands under a key of a sentence, nothing if that of the layer says so.
func label(sentence map[string]any, layer, key string) string {
	if text, _ := sentence[layer].(string); text == "" || strings.EqualFold(text, "none") {
		return ""
	}
	text, _ := sentence[key].(string)
	if strings.EqualFold(text, "none") {
		return ""
	}
	return text
}
