package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
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
		Sizes: []sizes{{"documents", "version 2 pages", 1, 20, 20}, {"labels", "version 2 pages", 1, 90, 100}},
		Go: []goBenchmark{
			{"BenchmarkReviews/annotated-alone", map[string]float64{"MB/s": 399, "allocs/sentence": 1.5}},
			{"BenchmarkTables/sentences", map[string]float64{"ns/op": 3e9, "rows/s": 5e5}},
		},
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
		"A: bytes of all three tables at zstd level 1, of those that DuckDB writes: at most 1.000 times, 0.917 times: yes",
		"A: bytes of documents at zstd level 1, of those that DuckDB writes: at most 1.000 times, 1.000 times: yes",
		"A: bytes of labels at zstd level 1, of those that DuckDB writes: at most 1.000 times, 0.900 times: yes",
		"parsing and normalizing reviews alone: MB/s of one core: at least 400, 399: no",
		"parsing and normalizing reviews alone: allocations a sentence: below 2.00, 1.50: yes",
		"parsing and normalizing reviews with raw twins: MB/s of one core: at least 400, : not measured",
		"parsing and normalizing reviews with raw twins: allocations a sentence: below 2.00, : not measured",
		"sink: rows of sentences a second of one core: at least 600000, 500000: no",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	page := r.markdown(map[string]string{"sink": "It is the disk.\n", "memory": "Nobody asked.\n"})
	if strings.Contains(page, "Nobody asked") {
		t.Error("the page explains a target that is met")
	}
	for _, line := range []string{
		"### Missed: sink\n\n- sink: rows of sentences a second of one core (500000, not at least 600000)\n\nIt is the disk.\n",
		"bench/findings/limit.md is missing",
		"| duckdb (tables) | 1 | 50.00 | 50.00–50.00 | 25.00 | 100.00 | 100 | 5.0 |",
		"| spark | 0 | | | | | | |",
		"**Not measured: spark.**",
	} {
		if !strings.Contains(page, line) {
			t.Errorf("the page lacks %q:\n%s", line, page)
		}
	}
}

// Whoever misses a target explains it: each topic has a file, and each file a topic.
func TestFindings(t *testing.T) {
	findings, err := readFindings("findings")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{}
	r := results{Sizes: []sizes{{Table: "labels"}}}
	for _, x := range r.targets() {
		want[x.topic] = true
	}
	got := map[string]bool{}
	for name := range findings {
		got[name] = true
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// equalShards is a run with n shards of 2 s each, and 1 s beside them.
func equalShards(n int) *timings {
	t := &timings{Wall: 1 + 2*float64(n), Phases: []phase{
		{"scan", 0.5, 0}, {makePhase, 1.5 * float64(n), 0}, {verifyPhase, 0.5 * float64(n), 0}, {"publish", 0.4, 0.25},
	}}
	for range n {
		t.Shards = append(t.Shards, shardTime{Make: 1.5, Read: 0.5, Parse: 0.25, Normalize: 0.25, Write: 0.5, Sync: 0.25, Verify: 0.5})
	}
	return t
}

func TestForecast(t *testing.T) {
	serial, sync := equalShards(4).serial(1)
	if serial != 1 || sync != 0.25 {
		t.Errorf("serial: %v s, of which %v s sync", serial, sync)
	}
	for _, c := range []struct {
		shards, workers int
		want            forecast
		bound           string
	}{
		// A worker takes its shards one after the other, and waits for the disk.
		{4, 1, forecast{1, 9, 7.75, 1, 3, 2, 8}, "the processors"},
		// The scan, but for its serial share, takes half. Two are through at 1.25, and synced at 1.5 and 1.75; the others, the first
		// of which has both processors for 0.25 s, are at 2.75 and 3.
		{4, 2, forecast{2, 4.7875, 4.0375, 0.7875, 2.1625, 1.7875, 4.2875}, "the processors"},
		// A shard keeps 2.5 processors busy, its sync and verification one.
		{1, 64, forecast{64, 1.831640625, 1.331640625, 0.581640625, 1.831640625, 0.831640625, 0.581640625 + 1.75/64}, "the longest shard"},
		// 64 sync one after the other, for 16 s.
		{64, 64, forecast{64, 18.331640625, 2.081640625, 0.581640625, 1.831640625, 16.581640625, 0.581640625 + 1.75}, "the disk"},
	} {
		got := equalShards(c.shards).forecast(c.workers)
		if diff := cmp.Diff(c.want, got, cmpopts.EquateApprox(0, 1e-6)); diff != "" {
			t.Errorf("%d shards, %d workers: -want +got\n%s", c.shards, c.workers, diff)
		}
		if bound := got.bound(); bound != c.bound {
			t.Errorf("%d shards, %d workers are bound by %s, want %s", c.shards, c.workers, bound, c.bound)
		}
	}
}

func TestParseTraces(t *testing.T) {
	got := parseTraces(`File: quern
Duration: 4.60s, Total samples = 70ms (122.07%)
-----------+-------------------------------------------------------
      40ms   internal/runtime/syscall/linux.Syscall6
             syscall.ReadDirent (inline)
             github.com/quern-data/quern/stages/reader.(*finder).folder
             github.com/quern-data/quern/stages/reader.(*scanner).walk.func1
             github.com/quern-data/quern/pipeline.Walk[go.shape.struct { github.com/quern-data/quern/stages/sink.Part string }].func1
-----------+-------------------------------------------------------
    1000ms   github.com/klauspost/compress/zstd.(*fastEncoder).Encode
             github.com/quern-data/quern/stages/sink.(*Shard).Write
             github.com/quern-data/quern/pipeline.(*lane).writeAll
-----------+-------------------------------------------------------
      20ms   github.com/quern-data/quern/stages/sink.(*Shard).Write
             github.com/quern-data/quern/pipeline.(*lane).writeAll
-----------+-------------------------------------------------------
      10ms   runtime.futex
`)
	want := []stageTime{
		{"sink", 1.02, map[string]float64{"zstd": 1}},
		{"scan", 0.04, map[string]float64{"system": 0.04}},
		{elsewhere, 0.01, map[string]float64{}},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateApprox(0, 1e-9)); diff != "" {
		t.Error(diff)
	}
}
