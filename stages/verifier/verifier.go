package verifier

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/sink"
	"github.com/quern-data/quern/stages/snapshot"
)

// Level says how much is looked at.
type Level string

// The levels.
const (
	// Fast looks at names, sizes, sums and the footers of the parts: that all is
	// there and fits together. Of Arrow files, it reads every byte too.
	Fast Level = "fast"
	// Full reads every byte and every value besides.
	Full Level = "full"
)

// Problem is something that is not as it was promised.
type Problem struct {
	// Path is the file concerned, below the folder of the snapshot and with
	// slashes; "" where it is the snapshot as a whole.
	Path    string
	Message string
}

func (p Problem) String() string {
	if p.Path == "" {
		return p.Message
	}
	return schema.Printable(p.Path) + ": " + p.Message
}

// maxProblems bounds the problems that are told of one file: what is behind them
// is one thing more often than many.
const maxProblems = 20

// report collects the problems of one file.
type report struct {
	path  string
	total int
	list  []Problem
}

func (r *report) addf(format string, args ...any) {
	if r.total++; r.total <= maxProblems {
		r.list = append(r.list, Problem{r.path, fmt.Sprintf(format, args...)})
	}
}

// problems is what was collected, and a last one for what was not kept.
func (r *report) problems() []Problem {
	if r.total > maxProblems {
		return append(r.list, Problem{r.path, fmt.Sprintf("and %d more", r.total-maxProblems)})
	}
	return r.list
}

// Verifier verifies one snapshot. It is safe for concurrent use.
type Verifier struct {
	snapshot *snapshot.Snapshot
	level    Level
	layouts  []*layout
	known    func() knownLabels
}

// layout is a format that the tables are kept in.
type layout struct {
	arrow        bool
	tables       map[string]schema.Table // with the columns that its files have
	parts        func(s *snapshot.Shard) []sink.Part
	path         func(table string, shard int) string
	taxonomy     sink.Part
	taxonomyPath string
	readers      map[string]*sync.Pool // of tableReader, by table
}

// New prepares to verify a snapshot, and reads nothing.
func New(s *snapshot.Snapshot, level Level) *Verifier {
	v := &Verifier{snapshot: s, level: level}
	if s.HasParquet() {
		v.layouts = append(v.layouts, &layout{
			parts: func(s *snapshot.Shard) []sink.Part { return s.Parts }, path: s.PartPath,
			taxonomy: s.Taxonomy, taxonomyPath: snapshot.TaxonomyPath,
		})
	}
	if s.HasArrow() {
		v.layouts = append(v.layouts, &layout{
			arrow: true, parts: func(s *snapshot.Shard) []sink.Part { return s.Arrow }, path: s.ArrowPath,
			taxonomy: s.ArrowTaxonomy, taxonomyPath: snapshot.ArrowTaxonomyPath,
		})
	}
	for _, f := range v.layouts {
		f.tables, f.readers = map[string]schema.Table{}, map[string]*sync.Pool{}
		for _, t := range schema.Tables() {
			if !f.arrow {
				t = t.Without(s.Dropped())
			}
			f.tables[t.Name], f.readers[t.Name] = t, &sync.Pool{}
		}
	}
	v.known = sync.OnceValue(v.readTaxonomy)
	return v
}

// Start verifies all that is not about one shard: which files there are, whether
// the sums of the manifest add up, that its shards are in order, and the table
// taxonomy.
func (v *Verifier) Start() []Problem {
	files := report{}
	v.files(&files)
	manifest := report{path: snapshot.ManifestName}
	v.sums(&manifest)
	v.order(&manifest)
	return slices.Concat(files.problems(), manifest.problems(), v.known().problems)
}

func (v *Verifier) files(r *report) {
	s := v.snapshot
	switch info, err := os.Lstat(filepath.Join(s.Dir, snapshot.SuccessName)); {
	case err != nil:
		r.list = append(r.list, Problem{snapshot.SuccessName, "it is missing: the snapshot is not complete"})
	case !info.Mode().IsRegular():
		r.list = append(r.list, Problem{snapshot.SuccessName, "it is no regular file"})
	}
	links := map[string]bool{}
	for _, folder := range s.Folders() {
		if info, err := os.Lstat(filepath.Join(s.Dir, filepath.FromSlash(folder))); err == nil && !info.IsDir() {
			r.list = append(r.list, Problem{folder, "it is no folder"})
			links[folder] = true
		}
	}
	for _, f := range s.Files {
		v.attached(f, r)
	}
	foreign, err := s.Foreign()
	if err != nil {
		r.addf("its files cannot be listed: %v", err)
	}
	for _, path := range foreign {
		if !links[path] {
			r.list = append(r.list, Problem{path, "it does not belong to the snapshot"})
		}
	}
}

// attached verifies a file that is no part.
func (v *Verifier) attached(f snapshot.File, r *report) {
	fail := func(format string, args ...any) {
		r.list = append(r.list, Problem{f.Path, fmt.Sprintf(format, args...)})
	}
	if f.Path == "" || filepath.Base(f.Path) != f.Path || f.Bytes < 0 || len(f.SHA256) != 2*sha256.Size {
		fail("the manifest gives it %d bytes and the SHA-256 %q", f.Bytes, f.SHA256)
		return
	}
	path := filepath.Join(v.snapshot.Dir, f.Path)
	switch info, err := os.Lstat(path); {
	case err != nil:
		fail("it is missing")
		return
	case !info.Mode().IsRegular():
		fail("it is no regular file")
		return
	case info.Size() != f.Bytes:
		fail("it has %d bytes, and the manifest says %d", info.Size(), f.Bytes)
		return
	case v.level != Full:
		return
	}
	content, err := os.ReadFile(path)
	if err != nil {
		fail("it cannot be read: %v", err)
		return
	}
	sum := sha256.Sum256(content)
	if got := hex.EncodeToString(sum[:]); got != f.SHA256 {
		fail("its SHA-256 is %s, and the manifest says %s", got, f.SHA256)
	}
}

// sums compares what the manifest says of the whole with what it says of shards.
func (v *Verifier) sums(r *report) {
	m := &v.snapshot.Manifest
	for _, p := range m.AllParts() {
		if p.Rows < 0 || p.Bytes <= 0 || len(p.SHA256) != 2*sha256.Size {
			r.addf("%s has %d rows, %d bytes and the SHA-256 %q", schema.Printable(p.Path), p.Rows, p.Bytes, p.SHA256)
		}
	}
	for _, f := range v.layouts {
		rows := map[string]int64{snapshot.TaxonomyTable: f.taxonomy.Rows}
		for i := range m.Shards {
			for _, p := range f.parts(&m.Shards[i]) {
				rows[p.Table] += p.Rows
			}
		}
		for _, table := range slices.Sorted(maps.Keys(f.tables)) {
			if got, want := m.Counts.Rows[table], rows[table]; got != want {
				r.addf("counts.rows.%s is %d, and its parts have %d", table, got, want)
			}
		}
	}
	for _, table := range slices.Sorted(maps.Keys(m.Counts.Rows)) {
		if _, ok := v.layouts[0].tables[table]; !ok {
			r.addf("counts.rows has a table %q, which there is not", table)
		}
	}
	total := sink.NewStats()
	type documents struct{ written, refused int }
	sums := map[string]documents{}
	for i := range m.Shards {
		s := &m.Shards[i]
		total.Merge(s.Stats)
		sum := sums[s.Corpus]
		sums[s.Corpus] = documents{sum.written + s.Stats.Written, sum.refused + s.Stats.Refused}
		v.shardSums(r, i)
	}
	diffStats(r, "counts", &m.Counts.Stats, "the shards add up to", &total)
	for _, c := range m.Corpora {
		name, sum := schema.Printable(c.Name), sums[c.Name]
		if c.Written != sum.written || c.Refused != sum.refused {
			r.addf("corpus %s has %d documents written and %d refused, and its shards have %d and %d",
				name, c.Written, c.Refused, sum.written, sum.refused)
		}
		parts, what := c.Written+c.Refused, "written, refused"
		if c.Files > 0 {
			parts, what = c.Files, "those with documents"
		}
		parts += c.Twins
		for _, n := range c.Ignored {
			parts += n
		}
		if c.Found != parts {
			r.addf("corpus %s: %d files were found, and %s, raw twins and ignored add up to %d", name, c.Found, what, parts)
		}
	}
}

// shardSums compares what the manifest says of one shard with itself.
func (v *Verifier) shardSums(r *report, i int) {
	s := &v.snapshot.Shards[i]
	if got, want := s.Inputs, s.Stats.Written+s.Stats.Refused; got != want {
		r.addf("shard %d has %d inputs, and %d documents written or refused", i, got, want)
	}
	noticed := 0
	for _, n := range s.Stats.Diagnostics {
		noticed += n
	}
	want := map[string]int{"documents": s.Stats.Written, "sentences": s.Stats.Sentences, "labels": s.Stats.Labels, "relations": s.Stats.Relations}
	for _, p := range slices.Concat(s.Parts, s.Arrow) {
		if n, ok := want[p.Table]; ok && int64(n) != p.Rows {
			r.addf("shard %d counts %d %s, and its part has %d rows", i, n, p.Table, p.Rows)
		}
		if p.Table == "diagnostics" && p.Rows > int64(noticed) {
			r.addf("shard %d counts %d diagnostics, and its part has %d rows", i, noticed, p.Rows)
		}
	}
}

// diffStats tells in which values two statistics differ.
func diffStats(r *report, name string, got *sink.Stats, whose string, want *sink.Stats) {
	a, b := statValues(got), statValues(want)
	keys := maps.Clone(a)
	maps.Copy(keys, b)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if a[key] != b[key] {
			r.addf("%s%s is %d, and %s %d", name, schema.Printable(key), a[key], whose, b[key])
		}
	}
}

// statValues are the numbers in statistics by their keys in the manifest.
func statValues(s *sink.Stats) map[string]int64 {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // numbers always marshal, and codes come from a manifest
	}
	values := map[string]int64{}
	var flatten func(prefix string, text []byte)
	flatten = func(prefix string, text []byte) {
		if n := int64(0); json.Unmarshal(text, &n) == nil {
			values[prefix] += n
			return
		}
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(text, &fields); err == nil {
			for key, field := range fields {
				flatten(prefix+"."+key, field)
			}
		}
	}
	flatten("", text)
	return values
}

// order verifies that corpora, partitions, shards and documents follow each other
// as their names do, and that each shard has the parts it must have.
func (v *Verifier) order(r *report) {
	m := &v.snapshot.Manifest
	place := map[string]int{}
	for i, c := range m.Corpora {
		place[c.Name] = i
		if i > 0 && m.Corpora[i-1].Name+"/" >= c.Name+"/" {
			r.addf("corpus %s is not in the order of names, or stands there twice", schema.Printable(c.Name))
		}
	}
	corpus, last := 0, ""
	var partition []string
	for i := range m.Shards {
		s := &m.Shards[i]
		switch at, ok := place[s.Corpus]; {
		case !ok:
			r.addf("shard %d is of a corpus %q, which there is not", i, s.Corpus)
		case at < corpus:
			r.addf("shard %d is of corpus %s, and stands behind one of %s", i, schema.Printable(s.Corpus), schema.Printable(m.Corpora[corpus].Name))
		case at > corpus:
			corpus, partition = at, nil
		}
		switch order := slices.Compare(partition, s.Partition); {
		case order > 0:
			r.addf("shard %d is of partition %q, and stands behind one of %q", i, s.Partition, partition)
		case order < 0:
			partition, last = s.Partition, ""
		}
		v.shardParts(r, i)
		if s.First == "" && s.Last == "" {
			if s.Inputs > 0 {
				r.addf("shard %d has %d inputs, and no first and last document", i, s.Inputs)
			}
			continue
		}
		switch {
		case s.First > s.Last:
			r.addf("shard %d begins with document %q and ends with %q, which comes before it", i, s.First, s.Last)
		case !strings.HasPrefix(s.First, s.Corpus+"/") || !strings.HasPrefix(s.Last, s.Corpus+"/"):
			r.addf("shard %d has documents %q to %q, which are not of its corpus, %s", i, s.First, s.Last, schema.Printable(s.Corpus))
		case s.First < last || s.First == last && s.Stats.Refused == 0: // a refused one may have the id of another
			r.addf("shard %d begins with document %q, and one before it ends with %q", i, s.First, last)
		}
		last = max(last, s.Last)
	}
}

func (v *Verifier) shardParts(r *report, i int) {
	s := &v.snapshot.Shards[i]
	for _, f := range v.layouts {
		var tables []string
		for _, p := range f.parts(s) {
			tables = append(tables, p.Table)
			if want := f.path(p.Table, i); p.Path != want {
				r.addf("shard %d has its part of %q in %q, and not in %q", i, p.Table, p.Path, want)
			}
		}
		if !slices.Equal(tables, snapshot.ShardTables) {
			r.addf("shard %d has parts of the tables %q, and not of %q", i, tables, snapshot.ShardTables)
		}
	}
	if len(s.Parts) > 0 && !v.snapshot.HasParquet() || len(s.Arrow) > 0 && !v.snapshot.HasArrow() {
		r.addf("shard %d has parts that are not of the format %q", i, v.snapshot.Format)
	}
}

// Shard verifies the parts of one shard. With hashOnly it looks, at any level, at
// nothing but their sizes and, at Full, their SHA-256: that is enough for parts that
// were verified when they were made. The error is the context's.
//
// It holds in memory one page of each column of each table, and the shard's inputs.
func (v *Verifier) Shard(ctx context.Context, i int, hashOnly bool) ([]Problem, error) {
	inputs := shardCheck{verifier: v, shard: &v.snapshot.Shards[i], number: i, manifest: report{path: snapshot.ManifestName}}
	whole := inputs.readInputs()
	problems := inputs.manifest.problems()
	for _, f := range v.layouts {
		c := shardCheck{verifier: v, shard: inputs.shard, number: i, manifest: report{path: snapshot.ManifestName}, inputLines: inputs.inputLines}
		for _, p := range c.verify(ctx, f, whole, hashOnly) {
			if p.Path != snapshot.ManifestName || !slices.Contains(problems, p) { // both formats may show it
				problems = append(problems, p)
			}
		}
	}
	return problems, ctx.Err()
}

// verify verifies the parts of one format. whole says whether the inputs can be read.
func (c *shardCheck) verify(ctx context.Context, f *layout, whole, hashOnly bool) []Problem {
	v := c.verifier
	var corpora []snapshot.Corpus
	for _, corpus := range v.snapshot.Corpora {
		if corpus.Name == c.shard.Corpus {
			corpora = append(corpora, corpus)
		}
	}
	for _, p := range f.parts(c.shard) {
		part := v.openPart(ctx, f, p, f.path(p.Table, c.number), corpora, hashOnly)
		defer part.close()
		c.parts = append(c.parts, part)
		whole = whole && part.whole
	}
	if whole && !hashOnly && v.level == Full && ctx.Err() == nil && len(c.parts) == len(snapshot.ShardTables) {
		c.rows(ctx)
	}
	problems := c.manifest.problems()
	for _, p := range c.parts {
		problems = append(problems, p.problems()...)
	}
	return problems
}

// readInputs reads the shard's inputs, and reports whether they are what was written.
func (c *shardCheck) readInputs() bool {
	lines, err := c.verifier.snapshot.InputLines(c.number)
	if corrupt := (*snapshot.CorruptError)(nil); errors.As(err, &corrupt) {
		c.manifest.addf("%s", corrupt.Reason)
		return false
	}
	if err != nil {
		c.manifest.addf("the inputs of shard %d cannot be read: %v", c.number, err)
		return false
	}
	if got := bytes.Count(lines, []byte{'\n'}); got != c.shard.Inputs {
		c.manifest.addf("shard %d has %d inputs, and not %d", c.number, got, c.shard.Inputs)
	}
	c.inputLines = lines
	return true
}
