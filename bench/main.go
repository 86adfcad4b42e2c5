// Command bench measures Quern against other ways to make the same tables of the
// same files, and writes what it found to docs/benchmarks.md.
//
//	go run ./bench              everything, as it stands in the docs
//	go run ./bench -scale 0.01  the same with a hundredth of the files, to try it out
//	go run ./bench -report      the page again, after a change in bench/findings
//
// What people found out about the targets that are missed is in bench/findings, a
// file for each topic, and becomes a part of the page.
//
// It needs python3, a Java for Spark, zstd, and the usual tools. Python packages
// go into a virtual environment of its own; all that it makes but the page is in
// bench/work, and corpora are kept there between runs. Contenders run one at a
// time and in turns, so that a machine that drifts drifts for all alike.
//
// It measures processes from outside and must not know how Quern works: it runs
// the command, like anyone.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	scale   float64
	rounds  int
	budget  time.Duration
	skip    []string
	corpora []string
	forms   bool
	peersC  bool
	report  bool
	out     string
}

func parseFlags(args []string, w io.Writer) (o options, err error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(w)
	var skip, corpora string
	flags.Float64Var(&o.scale, "scale", 1, "share of the files to generate")
	flags.IntVar(&o.rounds, "rounds", 5, "how often each contender runs on each corpus, at most; on C twice at most")
	flags.DurationVar(&o.budget, "budget", 75*time.Second, "time after which a contender gets no more rounds on a corpus; on C four times as much, for each form of a peer a fifth")
	flags.StringVar(&skip, "skip", "", "peers to do without: "+strings.Join(peerNames(), ", "))
	flags.StringVar(&corpora, "corpora", "A,B,C", "corpora to run on")
	flags.BoolVar(&o.forms, "forms", true, "find the fastest form of each peer, on a tenth of A; if not, the first of each is used")
	flags.BoolVar(&o.peersC, "peers-on-c", false, "run the peers on C too, where they may need ten times the memory and time that they do on A")
	flags.BoolVar(&o.report, "report", false, "measure nothing, and write the page from the last results and bench/findings")
	flags.StringVar(&o.out, "out", "", "the page; docs/benchmarks.md, or bench/work/benchmarks.md if -scale is not 1")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	o.skip, o.corpora = split(skip), split(corpora)
	for _, name := range o.skip {
		if !slices.Contains(peerNames(), name) {
			return o, fmt.Errorf("-skip: no peer %q (one of %s)", name, strings.Join(peerNames(), ", "))
		}
	}
	for _, name := range o.corpora {
		if _, ok := corpusNamed(name); !ok {
			return o, fmt.Errorf("-corpora: no corpus %q", name)
		}
	}
	switch {
	case flags.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case !(o.scale > 0 && o.scale <= 1):
		return o, errors.New("-scale must be above 0, and 1 at most")
	case o.rounds < 1:
		return o, errors.New("-rounds must be at least 1")
	}
	return o, nil
}

func split(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}

// bench is one run of the program.
type bench struct {
	options
	ctx  context.Context
	log  io.Writer
	root string // of the repository
	work string // bench/work in it

	results results
}

func run(ctx context.Context, args []string, log io.Writer) error {
	o, err := parseFlags(args, log)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	b := &bench{options: o, ctx: ctx, log: log}
	mod, err := b.output("go", "env", "GOMOD")
	if err != nil {
		return err
	}
	b.root = filepath.Dir(strings.TrimSpace(mod))
	b.work = filepath.Join(b.root, "bench", "work")
	if err := os.MkdirAll(b.work, 0o755); err != nil {
		return err
	}
	if o.report {
		if err := b.load(); err != nil {
			return err
		}
		return b.writeReport()
	}
	if err := b.prepare(); err != nil {
		return err
	}
	err = b.measureAll()
	if err := errors.Join(err, b.save()); err != nil {
		return err
	}
	return b.writeReport()
}

// prepare builds Quern, and sees to it that all contenders are there.
func (b *bench) prepare() error {
	b.results = results{Scale: b.scale, Rounds: b.rounds, Skipped: b.skip, Forms: map[string]string{}}
	for _, p := range peers {
		if slices.Contains(b.skip, p.name) {
			continue
		}
		for _, tool := range p.needs {
			if _, err := exec.LookPath(tool); err != nil {
				return fmt.Errorf("%s is not there, which %s needs: install it, or say -skip %s", tool, p.name, p.name)
			}
		}
	}
	if _, err := exec.LookPath("python3"); err != nil {
		return errors.New("python3 is not there, which the tables are compared with")
	}
	if _, err := b.output("go", "build", "-trimpath", "-o", b.quern(), "./cmd/quern"); err != nil {
		return err
	}
	if err := b.installPython(); err != nil {
		return err
	}
	b.results.Machine = describeMachine(b)
	return nil
}

func (b *bench) quern() string  { return filepath.Join(b.work, "quern") }
func (b *bench) python() string { return filepath.Join(b.work, "venv", "bin", "python") }

func (b *bench) script(name string) string { return filepath.Join(b.root, "bench", "peers", name) }

// installPython makes the virtual environment, unless it has what is pinned.
func (b *bench) installPython() error {
	venv := filepath.Join(b.work, "venv")
	pinned := filepath.Join(b.root, "bench", "requirements.txt")
	want, err := os.ReadFile(pinned)
	if err != nil {
		return err
	}
	stamp := filepath.Join(venv, "installed.txt")
	if have, err := os.ReadFile(stamp); err == nil && bytes.Equal(have, want) {
		return nil
	}
	fmt.Fprintln(b.log, "installing", filepath.Base(pinned))
	if err := os.RemoveAll(venv); err != nil {
		return err
	}
	if _, err := b.output("python3", "-m", "venv", venv); err != nil {
		return err
	}
	if _, err := b.output(b.python(), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", pinned); err != nil {
		return err
	}
	return os.WriteFile(stamp, want, 0o644)
}

// output runs a command that is not measured, in the repository, and returns
// what it prints.
func (b *bench) output(name string, args ...string) (string, error) {
	cmd := exec.CommandContext(b.ctx, name, args...)
	cmd.Dir = b.root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, tail(stderr.Bytes()))
	}
	return string(out), nil
}

func tail(out []byte) string {
	const most = 4000
	return string(out[max(0, len(out)-most):])
}

func (b *bench) resultsPath() string { return filepath.Join(b.work, "results.json") }

func (b *bench) save() error {
	data, err := json.MarshalIndent(&b.results, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(b.resultsPath(), append(data, '\n'), 0o644)
}

func (b *bench) load() error {
	data, err := os.ReadFile(b.resultsPath())
	if err != nil {
		return err
	}
	return json.Unmarshal(data, &b.results)
}

func (b *bench) writeReport() error {
	path := b.out
	if path == "" {
		path = filepath.Join(b.root, "docs", "benchmarks.md")
		if b.results.Scale != 1 {
			path = filepath.Join(b.work, "benchmarks.md")
		}
	}
	findings, err := readFindings(filepath.Join(b.root, "bench", "findings"))
	if err != nil {
		return err
	}
	fmt.Fprintln(b.log, "writing", path)
	return os.WriteFile(path, []byte(b.results.markdown(findings)), 0o644)
}
