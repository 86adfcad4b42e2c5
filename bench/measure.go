package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// results is all that was measured, and what results.json holds.
type results struct {
	Machine machine
	Scale   float64
	Rounds  int
	Skipped []string          `json:",omitempty"`
	Forms   map[string]string // by peer, the fastest
	Corpora []corpusResult
	Floor   int64 // peak memory of this program: no process is reported with less
	Sizes   []sizes
	Go      []goBenchmark
}

// corpusResult is what was measured on a corpus.
type corpusResult struct {
	Name, About string
	Files       int
	Bytes       int64
	Tables      map[string]any // what all found in it
	Contenders  []measured
	Timings     *timings    `json:",omitempty"`
	Profile     []stageTime `json:",omitempty"`
}

// measured is a contender with its samples, one a round.
type measured struct {
	Name, About, Peer, Form string
	Samples                 []sample
}

// sample is one run of a process with all its children.
type sample struct {
	Wall, CPU float64 // seconds
	Memory    int64   // bytes, of the largest process
	Output    int64   // bytes
}

// sizes compares a table of Quern's with what DuckDB writes of the same rows and
// columns, in bytes. Form is how DuckDB wrote the smaller file.
type sizes struct {
	Table, Form   string
	Level         int // of zstd
	Quern, DuckDB int64
}

func (b *bench) measureAll() error {
	if b.forms {
		if err := b.findForms(); err != nil {
			return err
		}
	}
	for _, name := range b.corpora {
		c, _ := corpusNamed(name)
		rounds, budget := b.rounds, b.budget
		if name == "C" {
			rounds, budget = min(rounds, 2), 4*budget
		}
		r, err := b.measure(c, b.contenders(c), rounds, budget)
		if err == nil && name != "B" {
			err = b.record(c, r)
		}
		if r != nil {
			b.results.Corpora = append(b.results.Corpora, *r)
		}
		if err != nil {
			return fmt.Errorf("corpus %s: %w", name, err)
		}
		if name == "A" {
			if err := b.compareSizes(); err != nil {
				return err
			}
		}
		// What was measured stays, whatever happens to the rest.
		if err := errors.Join(b.save(), os.RemoveAll(b.outputs())); err != nil {
			return err
		}
	}
	b.results.Floor = ownMemory()
	return b.goBenchmarks()
}

// findForms runs all forms of all peers, and picks the fastest of each.
func (b *bench) findForms() error {
	list := b.quernContenders()[:1] // to compare the tables with
	for _, p := range peers {
		if !p.forms || slices.Contains(b.skip, p.name) {
			continue
		}
		out, err := b.output(b.python(), b.script("with_"+p.name+".py"), "--forms")
		if err != nil {
			return err
		}
		for _, form := range strings.Fields(out) {
			list = append(list, contender{
				name: p.name + " " + form, peer: p.name, form: form, args: p.args(b, form), tables: p.tables,
			})
		}
	}
	r, err := b.measure(formsCorpus, list, min(3, b.rounds), b.budget/5)
	if r != nil {
		b.results.Corpora = append(b.results.Corpora, *r)
	}
	if err != nil {
		return err
	}
	best := map[string]float64{}
	for _, m := range r.Contenders {
		wall := median(m.walls())
		if least, ok := best[m.Peer]; m.Peer != "" && (!ok || wall < least) {
			best[m.Peer], b.results.Forms[m.Peer] = wall, m.Form
		}
	}
	return os.RemoveAll(b.outputs())
}

func (b *bench) outputs() string { return filepath.Join(b.work, "out") }

func (b *bench) outputOf(name string) string {
	return filepath.Join(b.outputs(), strings.NewReplacer(" ", "-", ",", "").Replace(name))
}

// measure runs contenders on a corpus in turns, each for so many rounds at most,
// and for so long.
func (b *bench) measure(c corpus, list []contender, rounds int, budget time.Duration) (*corpusResult, error) {
	dir, err := b.generate(c)
	if err != nil {
		return nil, err
	}
	r := &corpusResult{Name: c.name, About: c.about}
	for _, c := range list {
		r.Contenders = append(r.Contenders, measured{Name: c.name, About: c.about, Peer: c.peer, Form: c.form})
	}
	spent := make([]time.Duration, len(list))
	for round := range rounds {
		if r.Files, r.Bytes, err = warm(dir); err != nil {
			return r, err
		}
		ran := map[string]bool{"": true}
		for i, c := range list {
			n := time.Duration(len(r.Contenders[i].Samples))
			// The output of another round is not what c goes on with.
			if !ran[c.into] || n > 0 && spent[i]+spent[i]/n > budget {
				continue
			}
			s, err := b.once(c, dir)
			if err != nil {
				return r, fmt.Errorf("%s: %w", c.name, err)
			}
			ran[c.name] = true
			r.Contenders[i].Samples = append(r.Contenders[i].Samples, s)
			spent[i] += time.Duration(s.Wall * float64(time.Second))
			fmt.Fprintf(b.log, "%s round %d: %-28s %8.2f s %8.2f s CPU %6.0f MiB\n",
				r.Name, round+1, c.name, s.Wall, s.CPU, mebibytes(s.Memory))
			if round > 0 || c.tables == "" {
				continue
			}
			if err := b.check(r, c); err != nil {
				return r, fmt.Errorf("%s: %w", c.name, err)
			}
		}
	}
	return r, nil
}

// once runs a contender and measures it.
func (b *bench) once(c contender, corpus string) (s sample, err error) {
	out := b.outputOf(c.name)
	if c.into != "" {
		out = b.outputOf(c.into)
	} else if err := errors.Join(os.RemoveAll(out), os.MkdirAll(out, 0o755)); err != nil {
		return s, err
	}
	if c.during != nil {
		undo, err := c.during(corpus)
		if undo != nil {
			defer func() { err = errors.Join(err, undo()) }()
		}
		if err != nil {
			return s, err
		}
	}
	// What others wrote is not to reach the disk at the expense of this one.
	if _, err := b.output("sync"); err != nil {
		return s, err
	}
	args := slices.Clone(c.args)
	for i := range args {
		args[i] = strings.NewReplacer("{corpus}", corpus, "{out}", out).Replace(args[i])
	}
	cmd := exec.CommandContext(b.ctx, args[0], args[1:]...)
	cmd.Dir = b.root
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "QUERN_") })
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	started := time.Now()
	if err := cmd.Run(); err != nil {
		return s, fmt.Errorf("%w\n%s", err, tail(stderr.Bytes()))
	}
	s.Wall = time.Since(started).Seconds()
	s.CPU = (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	s.Memory = peakMemory(cmd.ProcessState)
	s.Output, err = folderBytes(out)
	return s, err
}

// check compares the tables of a contender with those of the first, which is
// Quern.
func (b *bench) check(r *corpusResult, c contender) error {
	out := b.outputOf(c.name)
	args := []string{b.script("check.py")}
	for _, table := range []string{"documents", "sentences", "labels"} {
		args = append(args, filepath.Join(out, fmt.Sprintf(c.tables, table)))
	}
	text, err := b.output(b.python(), args...)
	if err != nil {
		return err
	}
	var found map[string]any
	if err := json.Unmarshal([]byte(text), &found); err != nil {
		return err
	}
	if r.Tables == nil {
		r.Tables = found
	}
	return difference(r.Tables, found)
}

// difference is an error that lists what two sums of tables differ in.
func difference(want, got map[string]any) error {
	var lines []string
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if want[key] != got[key] {
			lines = append(lines, fmt.Sprintf("%s: %v, and Quern %v", key, got[key], want[key]))
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return fmt.Errorf("its tables are not those of Quern\n%s", strings.Join(lines, "\n"))
}

// record runs Quern once more with one processor, to learn what each shard takes,
// and on A once with all, to learn what takes the processors' time.
func (b *bench) record(c corpus, r *corpusResult) error {
	dir, err := b.generate(c)
	if err != nil {
		return err
	}
	path := filepath.Join(b.work, "recorded")
	run := b.recorded("--timings", path)
	s, err := b.once(run, dir)
	if err != nil {
		return fmt.Errorf("with --timings: %w", err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	r.Timings = &timings{Wall: s.Wall}
	if err := json.Unmarshal(data, r.Timings); err != nil || c.name != "A" {
		return err
	}
	run.args = append(b.quernContenders()[0].args, "--cpuprofile", path)
	if _, err := b.once(run, dir); err != nil {
		return fmt.Errorf("with --cpuprofile: %w", err)
	}
	out, err := b.output("go", "tool", "pprof", "-traces", "-unit=ms", path)
	r.Profile = parseTraces(out)
	return err
}

// zstdLevels are the levels of zstd that tables are compared at, and Quern's output
// at each: what it calls fastest is near 1, its default near 3.
var zstdLevels = []struct {
	level int
	of    string
}{{1, noVerify}, {3, smaller}}

// compareSizes lets DuckDB write the tables of Quern that are there, at the level
// that they were written at.
func (b *bench) compareSizes() error {
	for _, l := range zstdLevels {
		current := filepath.Join(b.outputOf(l.of), "current")
		out := b.outputOf("sizes")
		if err := errors.Join(os.RemoveAll(out), os.MkdirAll(out, 0o755)); err != nil {
			return err
		}
		text, err := b.output(b.python(), b.script("resize.py"), current, out, strconv.Itoa(l.level))
		if err != nil {
			return err
		}
		var written map[string]struct {
			Form  string
			Bytes int64
		}
		if err := json.Unmarshal([]byte(text), &written); err != nil {
			return err
		}
		for _, table := range slices.Sorted(maps.Keys(written)) {
			// current is a link, which folderBytes would not follow.
			size, err := folderBytes(filepath.Join(current, table))
			if err != nil {
				return err
			}
			b.results.Sizes = append(b.results.Sizes, sizes{table, written[table].Form, l.level, size, written[table].Bytes})
		}
	}
	return nil
}

func (m *measured) walls() []float64 {
	return m.each(func(s sample) float64 { return s.Wall })
}

func (m *measured) each(f func(sample) float64) (values []float64) {
	for _, s := range m.Samples {
		values = append(values, f(s))
	}
	return values
}

// median of values, 0 if there are none.
func median(values []float64) float64 {
	n := len(values)
	if n == 0 {
		return 0
	}
	values = slices.Sorted(slices.Values(values))
	return (values[(n-1)/2] + values[n/2]) / 2
}

func mebibytes(n int64) float64 { return float64(n) / (1 << 20) }
