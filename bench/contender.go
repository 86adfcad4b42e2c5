package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// peer is another way to make the tables.
type peer struct {
	name  string
	about string
	needs []string // commands
	forms bool     // whether its script has several forms
	args  func(b *bench, form string) []string
	// tables is where the tables are in its output folder, with %s for the name;
	// "" if it makes none.
	tables string
}

// pythonPeer is a peer that is a Python script.
func pythonPeer(script string) func(*bench, string) []string {
	return func(b *bench, form string) []string {
		args := []string{b.python(), b.script(script), "{corpus}", "{out}"}
		if form != "" {
			args = append(args, "--form", form)
		}
		return args
	}
}

var peers = []peer{
	{"duckdb", "DuckDB, SQL from Python", []string{"python3"}, true, pythonPeer("with_duckdb.py"), "%s.parquet"},
	{"polars", "Polars, expressions from Python", []string{"python3"}, true, pythonPeer("with_polars.py"), "%s.parquet"},
	{"spark", "PySpark, `local[*]`, DataFrame expressions", []string{"python3", "java"}, true, pythonPeer("with_spark.py"), "%s/*.parquet"},
	{"notebook", "Python's re, pandas and pyarrow", []string{"python3"}, false, pythonPeer("with_notebook.py"), "%s.parquet"},
	{"limit", "`find | xargs cat | zstd -1`: reads and compresses, understands nothing", []string{"find", "xargs", "zstd"}, false, func(b *bench, _ string) []string {
		return []string{"sh", b.script("limit.sh"), "{corpus}", "{out}"}
	}, ""},
}

func peerNames() (names []string) {
	for _, p := range peers {
		names = append(names, p.name)
	}
	return names
}

// contender is a command that is measured.
type contender struct {
	name  string
	about string
	peer  string
	form  string
	args  []string // {corpus} and {out} are put in
	// into names the contender whose output it goes on with; "" is an empty folder.
	into string
	// during changes the corpus before it runs, and returns what takes that back.
	during func(corpus string) (undo func() error, err error)
	tables string // as in peer
}

const (
	fullRun   = "quern"
	oneWorker = "quern, 1 worker"
	twoWorker = "quern, 2 workers"
	unchanged = "quern, nothing changed"
	changed   = "quern, a document changed"
	noVerify  = "quern, no verification"
	smaller   = "quern, smaller"
	emptyJob  = "spark, empty job"
)

func (b *bench) quernContenders() []contender {
	run := []string{b.quern(), "run", "--corpus", "{corpus}", "--out", "{out}"}
	with := func(args ...string) []string { return append(slices.Clip(run), args...) }
	const tables = "current/%s/*.parquet"
	return []contender{
		{name: fullRun, about: "`quern run`: converts, reads everything back with another reader, publishes", args: run, tables: tables},
		{name: unchanged, about: "the same once more", args: run, into: fullRun},
		{name: changed, about: "the same after a word was put into one file", args: run, into: fullRun, during: changeDocument},
		{name: noVerify, about: "`--set run.verify=off`: what it wrote is not read back", args: with("--set", "run.verify=off"), tables: tables},
		{name: oneWorker, about: "`--workers 1`", args: with("--workers", "1"), tables: tables},
		{name: twoWorker, about: "`--workers 2`", args: with("--workers", "2"), tables: tables},
		{name: smaller, about: "`--set output.compression_level=default`", args: with("--set", "output.compression_level=default"), tables: tables},
	}
}

// recorded is a run of Quern that is not measured, and writes down where its time
// goes.
func (b *bench) recorded(args ...string) contender {
	return contender{name: "recorded", args: append([]string{
		"env", "GOMAXPROCS=1", b.quern(), "run", "--corpus", "{corpus}", "--out", "{out}", "--workers", "1",
	}, args...)}
}

// contenders are all that run on a corpus, the peers in the form that was found
// to be the fastest.
func (b *bench) contenders(c corpus) []contender {
	list := b.quernContenders()
	if c.name == "C" {
		list = list[:1]
	}
	for _, p := range peers {
		if slices.Contains(b.skip, p.name) || c.name == "C" && !b.peersC {
			continue
		}
		form := b.results.Forms[p.name]
		list = append(list, contender{
			name: p.name, about: p.about, peer: p.name, form: form, args: p.args(b, form), tables: p.tables,
		})
		if p.name == "spark" && c.name == "A" {
			list = append(list, contender{
				name: emptyJob, about: "Spark starts and ends, and does nothing", peer: p.name, form: "empty", args: p.args(b, "empty"),
			})
		}
	}
	return list
}

// changeDocument puts a word into the first document of a corpus.
func changeDocument(corpus string) (func() error, error) {
	var path string
	err := filepath.WalkDir(corpus, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		path = p
		return fs.SkipAll
	})
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	undo := func() error {
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return err
		}
		return os.Chtimes(path, info.ModTime(), info.ModTime())
	}
	return undo, os.WriteFile(path, bytes.Replace(data, []byte(" "), []byte(" indeed "), 1), 0o644)
}
