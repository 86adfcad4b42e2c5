package main

import (
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// markdown is the page. findings are what people wrote about topics.
func (r *results) markdown(findings map[string]string) string {
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
	r.writeFindings(&w, findings)
	for i := range r.Corpora {
		if r.Corpora[i].Name != formsCorpus.name {
			r.writeCorpus(&w, &r.Corpora[i])
		}
	}
	r.writeForms(&w)
	r.writeSizes(&w)
	r.writeProfile(&w)
	r.writeForecast(&w)
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
	topic           string // which of the findings are about it
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
	add := func(topic, what string, got float64, format, relation string, bound float64) {
		t := target{topic: topic, what: what, want: relation + " " + fmt.Sprintf(format, bound), got: fmt.Sprintf(format, got), met: "no"}
		switch {
		case math.IsNaN(got):
			t.got, t.met = "", "not measured"
		case relation == "at least" && got >= bound, relation == "at most" && got <= bound, relation == "below" && got < bound:
			t.met = "yes"
		}
		list = append(list, t)
	}
	const times, percent, mib, plain = "%.2f times", "%.1f%%", "%.0f MiB", "%.2f"
	quern := r.contender("A", fullRun)
	add("peers", "A: speed, of that of DuckDB in its fastest form", ratio(r.contender("A", "duckdb"), quern, wall), times, "at least", 25)
	fastest, name := r.fastest("A"), "peer"
	if fastest != nil {
		name = "peer, " + fastest.Name
	}
	add("peers", "A: speed, of that of the fastest "+name, ratio(fastest, quern, wall), times, "at least", 5)
	limit := r.contender("A", "limit")
	add("limit", "A: wall clock, of that of the limit", ratio(quern, limit, wall), times, "at most", 1)
	add("limit", "A: CPU seconds, of those of the limit", ratio(quern, limit, cpu), times, "at most", 2)
	for _, corpus := range []string{"A", "C"} {
		peak := math.NaN()
		if m := r.contender(corpus, fullRun); m != nil {
			peak = slices.Max(m.each(func(s sample) float64 { return mebibytes(s.Memory) }))
		}
		add("memory", corpus+": peak memory", peak, mib, "below", 256)
	}
	add("linearity", "C: wall clock, of ten times that of A", ratio(r.contender("C", fullRun), quern, wall)/10, times, "at most", 1.1)
	add("workers", "A: speed of 2 workers, of that of 1", ratio(r.contender("A", oneWorker), r.contender("A", twoWorker), wall), times, "at least", 1.7)
	add("reruns", "A: nothing changed: wall clock, of that of a full run", 100*ratio(r.contender("A", unchanged), quern, wall), percent, "below", 5)
	add("reruns", "A: a document changed: wall clock, of that of a full run", 100*ratio(r.contender("A", changed), quern, wall), percent, "below", 10)
	for _, s := range append(r.totals(), r.Sizes...) {
		add("size", fmt.Sprintf("A: bytes of %s at zstd level %d, of those that DuckDB writes", s.Table, s.Level),
			float64(s.Quern)/float64(s.DuckDB), "%.3f times", "at most", 1)
	}
	for _, c := range []struct{ name, about string }{{"annotated-alone", "alone"}, {"raw-twins", "with raw twins"}} {
		name := "BenchmarkReviews/" + c.name
		add("parse", "parsing and normalizing reviews "+c.about+": MB/s of one core", r.figure(name, "MB/s"), "%.0f", "at least", 400)
		add("parse", "parsing and normalizing reviews "+c.about+": allocations a sentence", r.figure(name, "allocs/sentence"), plain, "below", 2)
	}
	add("sink", "sink: rows of sentences a second of one core", r.figure("BenchmarkTables/sentences", "rows/s"), "%.0f", "at least", 600_000)
	return list
}

// figure is what a Go benchmark measured, NaN if it did not run.
func (r *results) figure(benchmark, unit string) float64 {
	for _, g := range r.Go {
		if v, ok := g.Metrics[unit]; ok && g.Name == benchmark {
			return v
		}
	}
	return math.NaN()
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
		fmt.Fprintf(w, " All that make tables found %s documents, %s sentences and %s labels in it, and the same in each.",
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

// totals are the sizes of all tables, by level.
func (r *results) totals() (totals []sizes) {
	for _, s := range r.Sizes {
		at := slices.IndexFunc(totals, func(t sizes) bool { return t.Level == s.Level })
		if at < 0 {
			at, totals = len(totals), append(totals, sizes{Table: "all three tables", Level: s.Level})
		}
		totals[at].Quern += s.Quern
		totals[at].DuckDB += s.DuckDB
	}
	return totals
}

func (r *results) writeSizes(w *strings.Builder) {
	if len(r.Sizes) == 0 {
		return
	}
	fmt.Fprint(w, `## Size

The tables of corpus A, and what DuckDB makes of them: the same rows and columns in the same order, as many rows in a
row group, zstd at the same level, in the form that makes the smaller file. Level 1 is what Quern calls fastest, and
does if it is not told otherwise; level 3, what it calls default, is what DuckDB does if it is not told otherwise.

| table | zstd level | Quern, bytes | DuckDB, bytes | its form | ratio |
| --- | --: | --: | --: | --- | --: |
`)
	for _, s := range append(r.totals(), r.Sizes...) {
		fmt.Fprintf(w, "| %s | %d | %s | %s | %s | %.3f |\n", s.Table, s.Level, thousands(s.Quern), thousands(s.DuckDB), s.Form,
			float64(s.Quern)/float64(s.DuckDB))
	}
	fmt.Fprintln(w)
}

// writeProfile writes where the processors' time goes, for each document.
func (r *results) writeProfile(w *strings.Builder) {
	c := r.corpus("A")
	if c == nil || len(c.Profile) == 0 || c.Files == 0 {
		return
	}
	fmt.Fprintf(w, `## Where the time of a document goes

Microseconds of processor time for each of the %s documents of A, from a CPU profile of one `+"`quern run`"+`, by stage, and
by what is done in it. Memory is to allocate; system is calls of the operating system, most of them for files.

| stage | µs | share | %s | the rest |
| --- | --: | --: |%s --: |
`, thousands(int64(c.Files)), strings.Join(kinds, " | "), strings.Repeat(" --: |", len(kinds)))
	sum := stageTime{Stage: "**all**", Kinds: map[string]float64{}}
	for _, s := range c.Profile {
		sum.Seconds += s.Seconds
		for kind, seconds := range s.Kinds {
			sum.Kinds[kind] += seconds
		}
	}
	for _, s := range append(slices.Clip(c.Profile), sum) {
		micros := func(seconds float64) string { return fmt.Sprintf("%.1f", seconds*1e6/float64(c.Files)) }
		fmt.Fprintf(w, "| %s | %s | %.1f%% |", s.Stage, micros(s.Seconds), 100*s.Seconds/sum.Seconds)
		rest := s.Seconds
		for _, kind := range kinds {
			fmt.Fprintf(w, " %s |", micros(s.Kinds[kind]))
			rest -= s.Kinds[kind]
		}
		fmt.Fprintf(w, " %s |\n", micros(rest))
	}
	fmt.Fprintln(w)
}

// forecastWorkers are the numbers of workers that a run is simulated with.
var forecastWorkers = []int{1, 2, 4, 8, 16, 64}

// writeForecast writes what more processors would give.
func (r *results) writeForecast(w *strings.Builder) {
	if c := r.corpus("A"); c == nil || c.Timings == nil {
		return
	}
	fmt.Fprint(w, `## More processors

Simulated, from one run with one processor: the shards, the largest first, are taken up by as many workers as there are
processors. A shard reads, parses and writes at the same time where processors are free, so that the longest of the
three bounds it; then its parts are synced, by a disk that does one sync at a time. What is not in shards is one
processor's work, but for most of the scan. Nothing else of a machine is simulated: no memory that all wait for, no clock that falls with the load.
The time of a run is at least that of each of its bounds; the last column is the largest of them.
`)
	for i := range r.Corpora {
		c := &r.Corpora[i]
		if c.Timings == nil {
			continue
		}
		fmt.Fprintf(w, "\n### Corpus %s\n\n", c.Name)
		c.Timings.writePhases(w)
		fmt.Fprint(w, `
| workers | seconds | speed | with an ideal disk | all work, shared | longest shard | disk | bound by |
| --: | --: | --: | --: | --: | --: | --: | --- |
`)
		one := c.Timings.forecast(1)
		for _, n := range forecastWorkers {
			f := c.Timings.forecast(n)
			fmt.Fprintf(w, "| %d | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f | %s |\n", n, f.Seconds, one.Seconds/f.Seconds,
				one.Ideal/f.Ideal, f.Work, f.Longest, f.Disk, f.bound())
		}
		for _, m := range []struct {
			name    string
			workers int
		}{{oneWorker, 1}, {twoWorker, 2}} {
			if m2 := r.contender(c.Name, m.name); m2 != nil {
				fmt.Fprintf(w, "\nMeasured with %s: %.2f s.", plural(m.workers, "worker"), median(m2.walls()))
			}
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w)
}

// writePhases writes what the forecast starts from.
func (t *timings) writePhases(w *strings.Builder) {
	fmt.Fprint(w, "| phase | seconds | of them, waiting for the disk |\n| --- | --: | --: |\n")
	rest := t.Wall
	for _, p := range t.Phases {
		fmt.Fprintf(w, "| %s | %.3f | %.3f |\n", p.Name, p.Seconds, p.Sync)
		rest -= p.Seconds
	}
	fmt.Fprintf(w, "| start and end of the process | %.3f | |\n\n", max(0, rest))
	serial, _ := t.serial(1)
	longest := 0.0
	var parts shardTime
	for i := range t.Shards {
		s := &t.Shards[i]
		longest = max(longest, s.Make+s.Verify)
		parts.Read += s.Read
		parts.Parse += s.Parse
		parts.Normalize += s.Normalize
		parts.Write += s.Write - s.Sync
	}
	fmt.Fprintf(w, "%s, of which the longest takes %.2f s; in all they read for %.2f s, parse for %.2f s, normalize for %.2f s and write\n"+
		"for %.2f s. What is not in shards takes %.2f s.\n",
		plural(len(t.Shards), "shard"), longest, parts.Read, parts.Parse, parts.Normalize, parts.Write, serial)
}

// readFindings reads what people wrote, a file for each topic.
func readFindings(dir string) (map[string]string, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.md"))
	if err != nil {
		return nil, err
	}
	findings := map[string]string{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		findings[strings.TrimSuffix(filepath.Base(path), ".md")] = string(text)
	}
	return findings, nil
}

// writeFindings writes, for each topic with a target that is missed, why that is.
func (r *results) writeFindings(w *strings.Builder, findings map[string]string) {
	var topics []string
	missed := map[string][]string{}
	for _, t := range r.targets() {
		if t.met != "no" {
			continue
		}
		if missed[t.topic] == nil {
			topics = append(topics, t.topic)
		}
		missed[t.topic] = append(missed[t.topic], fmt.Sprintf("%s (%s, not %s)", t.what, t.got, t.want))
	}
	if len(topics) == 0 {
		return
	}
	fmt.Fprint(w, "## What was missed, why, and what was tried\n\n")
	for _, topic := range topics {
		fmt.Fprintf(w, "### Missed: %s\n\n- %s\n\n", topic, strings.Join(missed[topic], "\n- "))
		text := strings.TrimSpace(findings[topic])
		if text == "" {
			text = "**Nobody has written why: bench/findings/" + topic + ".md is missing.**"
		}
		fmt.Fprintf(w, "%s\n\n", text)
	}
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
- All compress with zstd at level 1, or what comes nearest to it: Spark and DuckDB are told to, whose default is 3.
- The output of Quern is its whole folder, of which the manifest, the table of diagnostics and more columns are a part.
  Where a document changed, it holds two snapshots.
- One worker of Quern is one core, and two are two: it uses no more processors than it has workers. A corpus that is no
  larger than a part (16 MiB of source) is one worker's work, whatever their number.
- On C, Quern ran alone, if no others stand there.

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
