package main

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// markdown is the page.
func (r *results) markdown() string {
	var w strings.Builder
	fmt.Fprint(&w, `# Benchmarks

<!-- Made by `+"`make bench-peers`"+`. Do not edit: run it. -->

Quern against other ways to make the same three tables of the same files, measured by `+"`go run ./bench`"+` on one
machine in one go. All figures are of that machine; what they say about another are the ratios.

`)
	if r.Scale != 1 {
		fmt.Fprintf(&w, "**This is a trial run, with %g of the files: its figures are not to be quoted.**\n\n", r.Scale)
	}
	if len(r.Skipped) > 0 {
		fmt.Fprintf(&w, "**Not measured: %s.**\n\n", strings.Join(r.Skipped, ", "))
	}
	r.writeMachine(&w)
	r.writeTargets(&w)
	for i := range r.Corpora {
		if r.Corpora[i].Name != formsCorpus.name {
			r.writeCorpus(&w, &r.Corpora[i])
		}
	}
	r.writeForms(&w)
	r.writeSizes(&w)
	r.writeGo(&w)
	r.writeMethod(&w)
	return w.String()
}

func (r *results) writeMachine(w *strings.Builder) {
	m := &r.Machine
	fmt.Fprintf(w, "## Machine\n\n| what | |\n| --- | --- |\n")
	for _, row := range [][2]string{
		{"processor", fmt.Sprintf("%s, %s", m.CPU, plural(m.Cores, "core"))},
		{"memory", m.Memory},
		{"system", m.OS + ", " + m.Kernel},
		{"file system", m.Files},
		{"versions", strings.Join(m.Versions, "<br>")},
	} {
		fmt.Fprintf(w, "| %s | %s |\n", row[0], row[1])
	}
	fmt.Fprintln(w)
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return thousands(int64(n)) + " " + what + "s"
}

// target is something that Quern is to reach.
type target struct {
	what, want, got string
	met             string // yes, no or not measured
}

func (r *results) corpus(name string) *corpusResult {
	for i := range r.Corpora {
		if r.Corpora[i].Name == name {
			return &r.Corpora[i]
		}
	}
	return nil
}

// contender is a contender on a corpus, nil if it was not measured.
func (r *results) contender(corpus, name string) *measured {
	c := r.corpus(corpus)
	if c == nil {
		return nil
	}
	for i := range c.Contenders {
		if m := &c.Contenders[i]; m.Name == name && len(m.Samples) > 0 {
			return m
		}
	}
	return nil
}

func wall(s sample) float64 { return s.Wall }
func cpu(s sample) float64  { return s.CPU }

// ratio compares the medians of two, NaN if one was not measured.
func ratio(a, b *measured, of func(sample) float64) float64 {
	if a == nil || b == nil {
		return math.NaN()
	}
	return median(a.each(of)) / median(b.each(of))
}

// fastest is the fastest peer on a corpus: not the limit, which makes no tables.
func (r *results) fastest(corpus string) (best *measured) {
	for _, p := range peers {
		m := r.contender(corpus, p.name)
		if p.tables == "" || m == nil {
			continue
		}
		if best == nil || ratio(m, best, wall) < 1 {
			best = m
		}
	}
	return best
}

func (r *results) targets() (list []target) {
	add := func(what string, got float64, format, relation string, bound float64) {
		t := target{what: what, want: relation + " " + fmt.Sprintf(format, bound), got: fmt.Sprintf(format, got), met: "no"}
		switch {
		case math.IsNaN(got):
			t.got, t.met = "", "not measured"
		case relation == "at least" && got >= bound, relation == "at most" && got <= bound, relation == "below" && got < bound:
			t.met = "yes"
		}
		list = append(list, t)
	}
	const times, percent, mib = "%.2f times", "%.1f%%", "%.0f MiB"
	quern := r.contender("A", fullRun)
	add("A: speed, of that of DuckDB in its fastest form", ratio(r.contender("A", "duckdb"), quern, wall), times, "at least", 25)
	fastest, name := r.fastest("A"), "peer"
	if fastest != nil {
		name = "peer, " + fastest.Name
	}
	add("A: speed, of that of the fastest "+name, ratio(fastest, quern, wall), times, "at least", 5)
	limit := r.contender("A", "limit")
	add("A: wall clock, of that of the limit", ratio(quern, limit, wall), times, "at most", 1)
	add("A: CPU seconds, of those of the limit", ratio(quern, limit, cpu), times, "at most", 2)
	for _, corpus := range []string{"A", "C"} {
		peak := math.NaN()
		if m := r.contender(corpus, fullRun); m != nil {
			peak = slices.Max(m.each(func(s sample) float64 { return mebibytes(s.Memory) }))
		}
		add(corpus+": peak memory", peak, mib, "below", 256)
	}
	add("C: wall clock, of ten times that of A", ratio(r.contender("C", fullRun), quern, wall)/10, times, "at most", 1.1)
	add("A: speed of 2 workers, of that of 1", ratio(r.contender("A", oneWorker), r.contender("A", twoWorker), wall), times, "at least", 1.7)
	add("A: nothing changed: wall clock, of that of a full run", 100*ratio(r.contender("A", unchanged), quern, wall), percent, "below", 5)
	add("A: a document changed: wall clock, of that of a full run", 100*ratio(r.contender("A", changed), quern, wall), percent, "below", 10)
	for _, s := range r.Sizes {
		add("A: bytes of "+s.Table+", of those that DuckDB writes", float64(s.Quern)/float64(s.DuckDB), times, "at most", 1)
	}
	return list
}

func (r *results) writeTargets(w *strings.Builder) {
	fmt.Fprint(w, "## Targets\n\nFigures are medians; peak memory is the highest of all rounds.\n\n| target | wanted | measured | met |\n| --- | --- | --- | --- |\n")
	for _, t := range r.targets() {
		fmt.Fprintf(w, "| %s | %s | %s | %s |\n", t.what, t.want, t.got, t.met)
	}
	fmt.Fprintln(w)
}

const columns = "| rounds | wall s | min–max | ratio | CPU s | peak MiB | output MB |\n"

// row is the figures of a contender, and the ratio of its time to that of base.
func (m *measured) row(base *measured) string {
	walls := m.walls()
	if len(walls) == 0 {
		return "0 | | | | | | |"
	}
	memory := median(m.each(func(s sample) float64 { return mebibytes(s.Memory) }))
	output := median(m.each(func(s sample) float64 { return float64(s.Output) / 1e6 }))
	times := ""
	if base != nil {
		times = fmt.Sprintf("%.2f", ratio(m, base, wall))
	}
	return fmt.Sprintf("%d | %.2f | %.2f–%.2f | %s | %.2f | %.0f | %.1f |", len(walls), median(walls),
		slices.Min(walls), slices.Max(walls), times, median(m.each(cpu)), memory, output)
}

func (r *results) writeCorpus(w *strings.Builder, c *corpusResult) {
	fmt.Fprintf(w, "## Corpus %s: %s\n\n%s, %.1f MB.", c.Name, c.About, plural(c.Files, "file"), float64(c.Bytes)/1e6)
	if c.Tables != nil {
		fmt.Fprintf(w, " All found %s documents, %s sentences and %s labels in it, and the same in each.",
			count(c.Tables["documents"]), count(c.Tables["sentences"]), count(c.Tables["labels"]))
	}
	fmt.Fprint(w, "\n\n| contender "+columns+"| --- "+strings.Repeat("| --: ", strings.Count(columns, "|")-1)+"|\n")
	base := r.contender(c.Name, fullRun)
	for i := range c.Contenders {
		m := &c.Contenders[i]
		name := m.Name
		if r.Forms[m.Peer] != "" && m.Form != "empty" {
			name += " (" + m.Form + ")"
		}
		fmt.Fprintf(w, "| %s | %s\n", name, m.row(base))
	}
	fmt.Fprintln(w)
	if c.Name == "A" {
		for i := range c.Contenders {
			fmt.Fprintf(w, "- %s: %s.\n", c.Contenders[i].Name, c.Contenders[i].About)
		}
		fmt.Fprintln(w)
	}
}

// count is a number as JSON has it.
func count(v any) string {
	n, _ := v.(float64)
	return thousands(int64(n))
}

func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func (r *results) writeForms(w *strings.Builder) {
	c := r.corpus(formsCorpus.name)
	if c == nil {
		return
	}
	fmt.Fprintf(w, `## The forms of the peers

Each peer was tried in several forms on %s, %s of %.1f MB in all; the fastest ran above. What a form is stands at
the head of the script. Ratios are to the fastest of the peer.

| peer | form `, c.About, plural(c.Files, "file"), float64(c.Bytes)/1e6)
	fmt.Fprint(w, columns+"| --- | --- "+strings.Repeat("| --: ", strings.Count(columns, "|")-1)+"|\n")
	for _, p := range peers {
		var forms []*measured
		for i := range c.Contenders {
			if m := &c.Contenders[i]; m.Peer == p.name {
				forms = append(forms, m)
			}
		}
		slices.SortStableFunc(forms, func(a, b *measured) int {
			return int(math.Copysign(1, median(a.walls())-median(b.walls())))
		})
		for _, m := range forms {
			fmt.Fprintf(w, "| %s | %s | %s\n", m.Peer, m.Form, m.row(forms[0]))
		}
	}
	fmt.Fprintln(w)
}

func (r *results) writeSizes(w *strings.Builder) {
	if len(r.Sizes) == 0 {
		return
	}
	fmt.Fprint(w, "## Size\n\nThe tables of corpus A, and what DuckDB makes of them: the same rows and columns, zstd at its own\ndefault level, which is 3; that of Quern is near 1.\n\n"+
		"| table | Quern, bytes | DuckDB, bytes | ratio |\n| --- | --: | --: | --: |\n")
	for _, s := range r.Sizes {
		fmt.Fprintf(w, "| %s | %s | %s | %.2f |\n", s.Table, thousands(s.Quern), thousands(s.DuckDB), float64(s.Quern)/float64(s.DuckDB))
	}
	fmt.Fprintln(w)
}

func (r *results) writeGo(w *strings.Builder) {
	if len(r.Go) == 0 {
		return
	}
	fmt.Fprint(w, "## Within Quern\n\n`go test -bench` on one core. BenchmarkReviews is the published reviews, and runs where they are there.\n\n"+
		"| benchmark | figures |\n| --- | --- |\n")
	for _, g := range r.Go {
		var figures []string
		for _, unit := range slices.Sorted(maps.Keys(g.Metrics)) {
			v := strconv.FormatFloat(g.Metrics[unit], 'f', -1, 64)
			if n := g.Metrics[unit]; n >= 1000 {
				v = thousands(int64(n))
			}
			figures = append(figures, v+" "+unit)
		}
		fmt.Fprintf(w, "| %s | %s |\n", g.Name, strings.Join(figures, ", "))
	}
	fmt.Fprintln(w)
}

func (r *results) writeMethod(w *strings.Builder) {
	fmt.Fprintf(w, `## How it was measured

- Corpora are generated from a seed, with nothing mistyped in them, so that parsers that repair nothing find the same.
- All files were read once before each round, and then came from the page cache.
- The contenders ran one at a time, in turns, %d rounds at most, each into an empty folder but for those that go on with
  a full run of Quern. Fewer rounds are those of a contender that took its share of time.
- Wall clock is from start to end of the process, with whatever it starts: Python and its imports, a JVM.
- CPU seconds are user and system time of the process and of all its children.
- Peak memory is that of the largest process, not of all together: Spark is Python and a JVM, the limit four processes.
  It cannot be measured below %.0f MiB.
- In the first round the tables of each were compared with Quern's: number of documents, sentences and labels, and every
  id, text and label of them by hash. A difference ends the benchmark.
- The output of Quern is its whole folder, of which the manifest, the table of diagnostics and more columns are a part.
  Where a document changed, it holds two snapshots.
- One worker of Quern reads, parses and writes at the same time, so that it keeps more than one core busy. A corpus that
  is no larger than a part (16 MiB of source) is one worker's work, whatever their number.

What the others leave undone, and Quern does in that time:

- They repair no mistyped label or bracket, and say nothing of what they cannot read.
- They write no offsets, in the text or in the file, no headings or list markers, no attributes of the paths, no hash of
  the files: 13 columns in all.
- Quern notes for each document that it has no unannotated twin, which the corpora leave out.
- They sort nothing, so that the same input may give other bytes.
- They sync nothing to the disk, and their tables appear one by one, where readers look. Quern syncs each part, reads
  everything back with another reader, and makes all tables appear at once.
- They know nothing of the run before, so that a change costs them a full run.
- Spark leaves out files and folders that begin with an underscore or a dot unless they are named, and says nothing: its
  script names them.
`, r.Rounds, mebibytes(r.Floor))
}
