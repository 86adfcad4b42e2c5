package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// goBenchmark is a line that go test -bench printed.
type goBenchmark struct {
	Name    string
	Metrics map[string]float64 // by unit
}

// goBenchmarks runs those of Quern's own benchmarks that have a target, on one
// core. The real reviews are not part of the repository: without QUERN_CORPORA,
// generated ones stand for them.
func (b *bench) goBenchmarks() error {
	for _, target := range []struct{ dir, pattern string }{
		{"stages/normalizer", "^(BenchmarkParseAndNormalize|BenchmarkReviews)$"},
		{"stages/sink", "^(BenchmarkSink|BenchmarkTables)$"},
	} {
		fmt.Fprintln(b.log, "go test -bench in", target.dir)
		out, err := b.output("go", "test", "./"+target.dir, "-run=^$", "-bench="+target.pattern, "-cpu=1", "-benchtime=3s")
		if err != nil {
			return err
		}
		found := parseGoBenchmarks(out)
		if len(found) == 0 {
			return fmt.Errorf("go test -bench in %s ran none:\n%s", filepath.Base(target.dir), out)
		}
		b.results.Go = append(b.results.Go, found...)
	}
	if os.Getenv("QUERN_CORPORA") == "" {
		fmt.Fprintln(b.log, "QUERN_CORPORA is not set: BenchmarkReviews did not run")
	}
	return nil
}

// parseGoBenchmarks reads lines such as
//
//	BenchmarkSink-2   100   1234 ns/op   1.5e+06 rows/s
func parseGoBenchmarks(out string) (found []goBenchmark) {
	for lines := bufio.NewScanner(strings.NewReader(out)); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		g := goBenchmark{Name: fields[0], Metrics: map[string]float64{}}
		for i := 2; i+1 < len(fields); i += 2 {
			if v, err := strconv.ParseFloat(fields[i], 64); err == nil {
				g.Metrics[fields[i+1]] = v
			}
		}
		found = append(found, g)
	}
	return found
}
