package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/quern-data/quern/schema"
)

func TestThresholdExceeded(t *testing.T) {
	count := func(n int) Limit { return Limit{Count: n} }
	share := func(p Percent) Limit { return Limit{Share: p, IsShare: true} }
	for _, tt := range []struct {
		limit        Limit
		count, total int
		want         bool
	}{
		{count(0), 0, 0, false},
		{count(0), 1, 1000, true},
		{count(5), 5, 5, false},
		{count(5), 6, 1000, true},
		{share(0), 0, 0, false},
		{share(0), 0, 10, false},
		{share(0), 1, 1_000_000_000, true},
		{share(OnePercent), 1, 100, false},
		{share(OnePercent), 2, 100, true},
		{share(OnePercent), 1, 99, true},
		{share(OnePercent / 2), 5, 1000, false},
		{share(OnePercent / 2), 6, 1000, true},
		{share(OnePercent), 0, 0, false},
		{share(OnePercent), 1, 0, true},
		{share(100 * OnePercent), 10, 10, false},
		{share(100 * OnePercent), 11, 10, true},
	} {
		threshold := Threshold{"label-unknown", tt.limit}
		if got := threshold.Exceeded(tt.count, tt.total); got != tt.want {
			t.Errorf("%s, %d of %d: %v", threshold, tt.count, tt.total, got)
		}
	}
}

func TestThresholdString(t *testing.T) {
	for want, threshold := range map[string]Threshold{
		"documents_refused: 1%": {DocumentsRefused, Limit{Share: OnePercent, IsShare: true}},
		"label-unknown: 0":      {"label-unknown", Limit{}},
		"file-empty: 0%":        {"file-empty", Limit{IsShare: true}},
	} {
		if got := threshold.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// What a share is of is part of what a config means: a code that gets another
// name, or comes anew, is decided on here.
func TestThresholdOfLabels(t *testing.T) {
	var got []string
	for _, f := range thresholdFields {
		if (Threshold{Name: f.key}).OfLabels() {
			got = append(got, f.key)
		}
	}
	want := []string{
		"labels_unresolved",
		"repair-escape", "repair-bracket", "repair-case", "repair-separator", "repair-alias", "repair-layer", "repair-slip", "repair-polarity",
		"label-unknown", "label-duplicate", "polarity-missing", "polarity-unknown",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(thresholdFields) != len(schema.Codes())+2 {
		t.Errorf("%d names", len(thresholdFields))
	}
}

// The order of the file is kept, in each format, beside overrides of the table
// that holds it.
func TestThresholdsAgree(t *testing.T) {
	const corpus = `"corpora": [{"name": "c", "root": "corpus", "taxonomy": "peer-review-analyze"}]`
	folder(t, map[string]string{
		"c.yaml": minimal + "run:\n  verify: fast\n  fail_on:\n    label-unknown: 3\n    documents_refused: 1%\n    alignment-coarse: 0.5 %\n    \"file-empty\": 0\n",
		"d.toml": "run = {verify = 'fast', fail_on = {label-unknown = 3, documents_refused = '1%', 'alignment-coarse' = '0.5%', file-empty = 0}}\n" +
			"[[corpora]]\nname = 'c'\nroot = 'corpus'\ntaxonomy = 'peer-review-analyze'\n",
		"e.toml": "[run]\nverify = 'fast'\n[[corpora]]\nname = 'c'\nroot = 'corpus'\ntaxonomy = 'peer-review-analyze'\n" +
			"[run.fail_on]\nlabel-unknown = 3\ndocuments_refused = '1%'\nalignment-coarse = '0.5%'\nfile-empty = 0\n",
		"c.json": `{"run": {"verify": "fast", "fail_on": {"label-unknown": 3, "documents_refused": "1%", "alignment-coarse": "0.5%", "file-empty": 0}}, ` + corpus + `}`,
	})
	want := minimalConfig()
	want.Run.Verify, want.Run.Workers, want.Run.MaxShrink = "fast", 3, 5*OnePercent
	want.Run.FailOn = []Threshold{
		{"label-unknown", Limit{Count: 3}},
		{"documents_refused", Limit{Share: OnePercent, IsShare: true}},
		{"alignment-coarse", Limit{Share: OnePercent / 2, IsShare: true}},
		{"file-empty", Limit{}},
	}
	for _, path := range []string{"c.yaml", "d.toml", "e.toml", "c.json"} {
		got, err := Load(Options{Path: path, Env: []string{"QUERN_RUN_WORKERS=3"}, Flags: map[string]string{"run.max_shrink": "5%"}})
		if err != nil {
			t.Error(err)
			continue
		}
		if diff := cmp.Diff(want, got.Config, equateEmpty); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
}
