package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{4, 1}, 2.5}, {[]float64{9, 1, 2}, 2}} {
		if got := median(c.values); got != c.want {
			t.Errorf("median(%v) = %v, want %v", c.values, got, c.want)
		}
	}
}

func TestFlags(t *testing.T) {
	for _, args := range []string{
		"-scale 0", "-scale 2", "-scale NaN", "-rounds 0", "-skip quern", "-corpora D", "more",
	} {
		if _, err := parseFlags(strings.Fields(args), io.Discard); err == nil {
			t.Errorf("%s was accepted", args)
		}
	}
	o, err := parseFlags(strings.Fields("-scale 0.01 -skip spark,polars -corpora A"), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"spark", "polars"}, o.skip); diff != "" {
		t.Error(diff)
	}
}

func TestParseGoBenchmarks(t *testing.T) {
	got := parseGoBenchmarks("goos: linux\nBenchmarkSink \t 3\t 50 ns/op\t 9.5 MB/s\t 1e+06 rows/s\nPASS\nBenchmarkNone\n")
	want := []goBenchmark{{"BenchmarkSink", map[string]float64{"ns/op": 50, "MB/s": 9.5, "rows/s": 1e6}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDifference(t *testing.T) {
	want := map[string]any{"labels": 3.0, "documents": 1.0}
	if err := difference(want, map[string]any{"labels": 3.0, "documents": 1.0}); err != nil {
		t.Error(err)
	}
	err := difference(want, map[string]any{"labels": 2.0, "documents": 1.0})
	if err == nil || !strings.Contains(err.Error(), "labels: 2, and Quern 3") {
		t.Errorf("got %v", err)
	}
}

// A document that was changed for a run is afterwards what it was.
func TestChangeDocument(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.txt")
	const text = `"One word.[[null], [null]]"`
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	undo, err := changeDocument(dir)
	if err != nil {
		t.Fatal(err)
	}
	if data, _ := os.ReadFile(path); string(data) != `"One indeed word.[[null], [null]]"` {
		t.Errorf("changed to %s", data)
	}
	if err := undo(); err != nil {
		t.Fatal(err)
	}
	after, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if data, _ := os.ReadFile(path); string(data) != text || !after.ModTime().Equal(before.ModTime()) {
		t.Errorf("not taken back: %s", data)
	}
}

func samples(walls ...float64) (list []sample) {
	for _, w := range walls {
		list = append(list, sample{Wall: w, CPU: 2 * w, Memory: 100 << 20, Output: 5e6})
	}
	return list
}

func TestTargets(t *testing.T) {
	r := results{
		Scale: 0.01, Rounds: 2, Forms: map[string]string{"duckdb": "tables", "polars": "python"}, Skipped: []string{"spark"},
		Corpora: []corpusResult{
			{Name: "A", Files: 900, Bytes: 2e6, Tables: map[string]any{"documents": 900.0}, Contenders: []measured{
				{Name: fullRun, Samples: samples(1, 3, 2)},
				{Name: unchanged, Samples: samples(0.05)},
				{Name: oneWorker, Samples: samples(3)},
				{Name: twoWorker, Samples: samples(2)},
				{Name: "duckdb", Peer: "duckdb", Form: "tables", Samples: samples(50)},
				{Name: "polars", Peer: "polars", Form: "python", Samples: samples(4)},
				{Name: "limit", Peer: "limit", Samples: samples(1.5)},
				{Name: "spark"},
			}},
			{Name: "C", Contenders: []measured{{Name: fullRun, Samples: samples(21)}}},
		},
		Sizes: []sizes{{"labels", 90, 100}},
	}
	var got []string
	for _, x := range r.targets() {
		got = append(got, fmt.Sprintf("%s: %s, %s: %s", x.what, x.want, x.got, x.met))
	}
	want := []string{
		"A: speed, of that of DuckDB in its fastest form: at least 25.00 times, 25.00 times: yes",
		"A: speed, of that of the fastest peer, polars: at least 5.00 times, 2.00 times: no",
		"A: wall clock, of that of the limit: at most 1.00 times, 1.33 times: no",
		"A: CPU seconds, of those of the limit: at most 2.00 times, 1.33 times: yes",
		"A: peak memory: below 256 MiB, 100 MiB: yes",
		"C: peak memory: below 256 MiB, 100 MiB: yes",
		"C: wall clock, of ten times that of A: at most 1.10 times, 1.05 times: yes",
		"A: speed of 2 workers, of that of 1: at least 1.70 times, 1.50 times: no",
		"A: nothing changed: wall clock, of that of a full run: below 5.0%, 2.5%: yes",
		"A: a document changed: wall clock, of that of a full run: below 10.0%, : not measured",
		"A: bytes of labels, of those that DuckDB writes: at most 1.00 times, 0.90 times: yes",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	page := r.markdown()
	for _, line := range []string{
		"| duckdb (tables) | 1 | 50.00 | 50.00–50.00 | 25.00 | 100.00 | 100 | 5.0 |",
		"| spark | 0 | | | | | | |",
		"**Not measured: spark.**",
	} {
		if !strings.Contains(page, line) {
			t.Errorf("the page lacks %q:\n%s", line, page)
		}
	}
}
