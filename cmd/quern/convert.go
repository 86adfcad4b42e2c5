package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/pipeline"
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/card"
	"github.com/quern-data/quern/stages/disk"
	"github.com/quern-data/quern/stages/normalizer"
	"github.com/quern-data/quern/stages/parser"
	"github.com/quern-data/quern/stages/reader"
	"github.com/quern-data/quern/stages/sink"
	"github.com/quern-data/quern/stages/snapshot"
	"github.com/quern-data/quern/stages/taxonomy"
	"github.com/quern-data/quern/stages/verifier"
)

// outputDisk is what all output goes through.
var outputDisk = new(disk.Disk)

// corpusRun is a corpus with the stages that its documents pass through.
type corpusRun struct {
	config     config.Corpus
	labels     *config.Taxonomy
	salt       string // names all that decides the bytes of its parts, but its files
	parser     parser.Parser
	normalizer *normalizer.Normalizer
	plan       *reader.Plan
}

// prepare scans the corpora and builds their stages, in the order of their
// names, which is the order of their document ids.
//
// A corpus without documents is an error unless allowEmpty: it is a folder that
// was not mounted, or a glob mistyped, more often than what someone wants.
//
// index, unless it is nil, is what an earlier run found in the files of a corpus of
// records.
func prepare(ctx context.Context, l *config.Loaded, allowEmpty bool, index func(corpus, salt string) *reader.Index) ([]corpusRun, error) {
	runs := make([]corpusRun, len(l.Config.Corpora))
	for i, corpus := range l.Config.Corpora {
		known := taxonomy.New(l.Taxonomies[i])
		p, err := parser.New(corpus, l.Config.Limits, known)
		if err != nil {
			return nil, err
		}
		salt := strings.Join([]string{schema.Version, sink.OutputVersion, l.Config.CorpusHash(i, l.Taxonomies[i])}, " ")
		scan := reader.Options{Workers: l.Config.Run.Workers, PartitionBy: l.Config.Output.PartitionBy}
		if records, ok := p.(parser.Records); ok {
			scan.Records = records
			if index != nil {
				scan.Index = index(corpus.Name, salt)
			}
		}
		plan, err := scan.Scan(ctx, corpus, l.Config.Limits)
		if scan.Index != nil {
			closeIndex(scan.Index)
		}
		if err != nil {
			return nil, err
		}
		if plan.Counts().Documents == 0 && !allowEmpty {
			return nil, noDocuments(corpus.Name, plan.Counts())
		}
		runs[i] = corpusRun{corpus, l.Taxonomies[i], salt, p, normalizer.New(known, corpus.Normalize), plan}
	}
	slices.SortFunc(runs, func(a, b corpusRun) int { return cmp.Compare(a.config.Name+"/", b.config.Name+"/") })
	return runs, nil
}

func noDocuments(name string, counts reader.Counts) error {
	var rules []string
	for _, i := range counts.Ignored {
		rules = append(rules, fmt.Sprintf("%s %s, e.g. %s", i.Rule, thousands(i.Files), schema.Printable(i.Example)))
	}
	return fmt.Errorf("corpus %s: none of %s is a document (%s): check root and include, or say --allow-empty",
		name, plural(counts.Found, "file", "files"), strings.Join(rules, "; "))
}

// outcome is what a run came to.
type outcome struct {
	Corpora []snapshot.Corpus
	Stats   sink.Stats
	Parts   int
	// Partitioned says whether parts lie in folders below those of their tables.
	Partitioned bool
	HasParquet  bool // whether the tables are there as Parquet
	Elapsed     time.Duration
	Out         string
	Snapshot    string // id of the current snapshot
	// Published says whether the run made it the current one. If not, nothing has
	// changed since it was made.
	Published bool
	Made      int // shards that the run made
	Kept      int // shards that it took over
	Read      int // documents that it read
	FilesRead int // files that it read to find the documents in them
}

// runOptions say how a run goes about it, beyond the configuration.
type runOptions struct {
	allowEmpty bool
	full       bool          // take nothing over
	wait       time.Duration // for another run to end
	timings    *timings      // nil for none
}

// job is one run over an output.
type job struct {
	*config.Loaded
	options runOptions
	log     *slog.Logger
	started time.Time

	output  *snapshot.Output
	viewing bool // whether nothing may be written to it
	sink    *sink.Writer
	base    *snapshot.Snapshot // to take shards over from, nil for none
	known   []*snapshot.Made   // its shards
	// verified is how base was verified before it was published.
	verified string
	// damaged says that the current snapshot is not as it was published, so that
	// one that says the same is to take its place.
	damaged atomic.Bool

	runs   []corpusRun
	shards []shard
	read   atomic.Int64 // documents
}

func newJob(l *config.Loaded, o runOptions, log *slog.Logger) (*job, error) {
	compressor, err := sink.Zstd(l.Config.Output.CompressionLevel)
	if err != nil {
		return nil, err
	}
	options := sink.Options{RowGroupRows: l.Config.Output.RowGroupRows, Compressor: compressor, Disk: outputDisk}
	if l.Config.Output.PartitionColumns == snapshot.DropColumns {
		options.Drop = l.Config.Output.PartitionBy
	}
	return &job{Loaded: l, options: o, log: log, started: time.Now(), sink: sink.NewWriter(options)}, nil
}

// convert runs the whole conversion and publishes its output, unless it is the
// same as what is there.
func convert(ctx context.Context, l *config.Loaded, o runOptions, log *slog.Logger) (*outcome, error) {
	j, err := newJob(l, o, log)
	if err != nil {
		return nil, err
	}
	o.timings.phase("open")
	if err := j.open(ctx); err != nil {
		return nil, err
	}
	defer j.close()
	if err := j.plan(ctx); err != nil {
		return nil, err
	}
	if j.unchanged() {
		if err := j.checkThresholds(&j.base.Manifest); err != nil {
			return nil, err
		}
		return j.keep(), nil
	}
	return j.publish(ctx)
}

// open locks the output and looks at what is there.
func (j *job) open(ctx context.Context) (err error) {
	j.output, err = openOutput(ctx, j.Config.Output.Dir, j.options.wait, j.started, j.log)
	if err != nil {
		return err
	}
	if err = j.look(); err != nil {
		j.close()
	}
	return err
}

// look finds out what can be taken over.
func (j *job) look() (err error) {
	var trouble error
	if j.base, trouble, err = j.output.Base(); err != nil {
		return err
	}
	if trouble != nil {
		j.damaged.Store(true)
		j.log.Warn("a new snapshot will take the place of the current one", "error", trouble)
	}
	if j.base == nil {
		return nil
	}
	j.known, j.verified = j.output.Shards(j.base)
	if err := j.base.Intact(); err != nil {
		j.damaged.Store(true)
		j.log.Warn("a file of the current snapshot is damaged; a new one will take its place", "problem", err)
	}
	foreign, err := j.base.Foreign()
	if err != nil {
		return err
	}
	if len(foreign) > 0 {
		j.damaged.Store(true)
		j.log.Warn("the current snapshot holds what Quern did not write; a new one will take its place", "snapshot", j.base.ID, "files", foreign)
	}
	return nil
}

// close gives the output up. What it cannot remove does no harm, and must not make
// a failure of a run that published.
func (j *job) close() {
	if err := j.output.Close(); err != nil {
		j.log.Warn("something is left over in the output folder", "error", err)
	}
}

// unstage removes staged shards that are in a snapshot now.
func (j *job) unstage() {
	if err := j.output.Unstage(); err != nil {
		j.log.Warn("something is left over in the output folder", "error", err)
	}
}

// openOutput opens an output, and says what is odd about it.
func openOutput(ctx context.Context, dir string, wait time.Duration, now time.Time, log *slog.Logger) (*snapshot.Output, error) {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	holder := snapshot.Holder{PID: os.Getpid(), Host: host, Started: now.UTC().Truncate(time.Second)}
	o, err := snapshot.Open(ctx, dir, outputDisk, holder, wait)
	if err != nil {
		return nil, err
	}
	if o.Interrupted != nil {
		log.Info("the run before did not come to its end; what it completed is used", "holder", o.Interrupted.String())
	}
	if len(o.Foreign) > 0 {
		log.Warn("the output folder holds what Quern did not write; it is left alone", "folder", dir, "names", o.Foreign)
	}
	return o, nil
}

// plan scans the corpora and decides what is to be made.
func (j *job) plan(ctx context.Context) (err error) {
	j.options.timings.phase("scan")
	if j.runs, err = prepare(ctx, j.Loaded, j.options.allowEmpty, j.index); err != nil {
		return err
	}
	j.dropIndexes()
	for i := range j.runs {
		counts := j.runs[i].plan.Counts()
		j.log.Info("corpus scanned", "corpus", j.runs[i].config.Name, "files", counts.Found, "documents", counts.Documents, "files_read", counts.Split)
		found := func(c *snapshot.Corpus) int { return c.Written + c.Refused }
		if err := j.checkShrink(&j.runs[i], "found", counts.Documents, found); err != nil {
			return err
		}
	}
	j.options.timings.phase("decide")
	if err := j.cut(ctx); err != nil {
		return err
	}
	return j.decide(ctx)
}

// index is what a run before found in the files of a corpus, and where this one is to
// keep what it finds.
func (j *job) index(corpus, salt string) *reader.Index {
	x := &reader.Index{Settings: version + " " + salt, Before: j.before()}
	if !j.options.full {
		if from := j.output.Index(corpus); from != nil {
			x.From = from
		}
	}
	if !j.viewing {
		x.To = func(write func(io.Writer) error) error {
			if err := j.output.SaveIndex(corpus, write); err != nil {
				j.log.Warn("the next run will have to read the same files again", "error", err)
			}
			return nil
		}
	}
	return x
}

func closeIndex(x *reader.Index) {
	if from, ok := x.From.(io.Closer); ok {
		from.Close()
	}
}

// dropIndexes removes the indexes of corpora that there are no more.
func (j *job) dropIndexes() {
	if j.viewing {
		return
	}
	var names []string
	for i := range j.runs {
		if j.runs[i].plan.HasPieces() {
			names = append(names, j.runs[i].config.Name)
		}
	}
	if err := j.output.KeepIndexes(names); err != nil {
		j.log.Warn("something is left over in the output folder", "error", err)
	}
}

// manifest describes what the run has come to so far.
func (j *job) manifest() *snapshot.Manifest {
	m := &snapshot.Manifest{
		SchemaVersion: schema.Version, ToolVersion: version, OutputVersion: sink.OutputVersion,
		ConfigHash: j.Config.OutputHash(j.Taxonomies), Corpora: make([]snapshot.Corpus, len(j.runs)),
	}
	j.form(m)
	for i := range j.runs {
		counts := j.runs[i].plan.Counts()
		c := &m.Corpora[i]
		c.Name, c.TaxonomyHash = j.runs[i].config.Name, j.runs[i].labels.Hash()
		c.Found, c.Twins, c.Ignored = counts.Found, counts.Twins, map[string]int{}
		if j.runs[i].plan.HasPieces() {
			c.Files = counts.Files
		}
		for _, ignored := range counts.Ignored {
			c.Ignored[string(ignored.Rule)] += ignored.Files
		}
	}
	for i := range j.shards {
		stats := &j.shards[i].made.Shard.Stats
		c := &m.Corpora[j.shards[i].corpus]
		c.Written += stats.Written
		c.Refused += stats.Refused
	}
	return m
}

// unchanged reports whether a snapshot of what there is now would be the current
// one again.
func (j *job) unchanged() bool {
	if j.base == nil || j.damaged.Load() {
		return false
	}
	for i := range j.shards {
		if j.shards[i].made == nil {
			return false
		}
	}
	m := j.manifest()
	if m.ConfigHash != j.base.ConfigHash || m.OutputVersion != j.base.OutputVersion {
		return false // the taxonomy may be another
	}
	m.Taxonomy, m.ArrowTaxonomy = j.base.Taxonomy, j.base.ArrowTaxonomy
	draft, err := j.draft(m, "")
	return err == nil && draft.Is(j.base.ID)
}

// keep ends a run that has nothing to publish. What it learned of files that were
// touched and are the same saves the next run from reading them.
func (j *job) keep() *outcome {
	if j.read.Load() > 0 {
		if err := j.output.SaveState(j.base.ID, j.verified, j.stamps()); err != nil {
			j.log.Warn("the next run will have to read the same documents again", "error", err)
		}
	}
	j.unstage()
	return j.outcome(&j.base.Manifest, j.base.ID, false)
}

// publish makes the shards that are to be made, and with them a snapshot. If a
// part that was to be taken over turns out to be damaged, its shard is made anew.
func (j *job) publish(ctx context.Context) (*outcome, error) {
	j.dropUnreadable()
	for {
		j.options.timings.phase("make")
		if err := j.make(ctx); err != nil {
			return nil, err
		}
		j.options.timings.phase("draft")
		m := j.manifest()
		for i := range m.Corpora {
			converted := func(c *snapshot.Corpus) int { return c.Written }
			if err := j.checkShrink(&j.runs[i], "converted", m.Corpora[i].Written, converted); err != nil {
				return nil, err
			}
		}
		taxonomies, err := j.output.Stage()
		if err != nil {
			return nil, err
		}
		out, err := j.publishDraft(ctx, m, taxonomies.Dir)
		if err = errors.Join(err, taxonomies.Discard()); err != nil || out != nil {
			return out, err
		}
	}
}

// publishDraft publishes a snapshot of the shards as they are now. It returns no
// outcome, and no error, if shards are to be made anew first.
func (j *job) publishDraft(ctx context.Context, m *snapshot.Manifest, dir string) (*outcome, error) {
	corpora, taxonomies := j.corpora()
	part, err := j.sink.WriteTaxonomies(dir, corpora, taxonomies)
	if err != nil {
		return nil, err
	}
	parquet, arrow, err := j.inFormat(ctx, dir, nil, []sink.Part{part})
	if err != nil {
		return nil, err
	}
	for _, p := range parquet {
		m.Taxonomy = p
	}
	for _, p := range arrow {
		m.ArrowTaxonomy = p
	}
	draft, err := j.draft(m, dir)
	if err != nil {
		return nil, err
	}
	if err := j.checkThresholds(m); err != nil {
		return nil, err
	}
	if j.base != nil && !j.damaged.Load() && draft.Is(j.base.ID) {
		// What changed is of no consequence. A full run vouches for what is there.
		sound := true
		if j.options.full {
			problems, err := verifySnapshot(ctx, j.base, verifier.Full, j.Config.Run.Workers, true)
			if err != nil {
				return nil, err
			}
			for _, p := range problems {
				j.log.Warn("the current snapshot is damaged; a new one will take its place", "problem", p.String())
			}
			sound = len(problems) == 0
		}
		if sound {
			return j.keep(), nil
		}
	}
	err = draft.Write()
	again := false
	if err == nil {
		j.options.timings.phase("verify")
		again, err = j.verify(ctx, draft)
		j.options.timings.phase("publish")
	}
	if err == nil {
		err = ctx.Err()
	}
	if err != nil || again {
		return nil, errors.Join(err, draft.Discard())
	}
	id, err := draft.Publish(j.Config.Run.Verify, j.stamps())
	if err != nil {
		return nil, errors.Join(err, draft.Discard())
	}
	j.unstage()
	j.warnOfSmallPartitions(m)
	return j.outcome(m, id, true), nil
}

// draft prepares a snapshot of the shards as they are now, with the files that
// describe it.
func (j *job) draft(m *snapshot.Manifest, taxonomy string) (*snapshot.Draft, error) {
	draft, err := j.output.Draft(m, j.made(), taxonomy)
	if err != nil {
		return nil, err
	}
	facts := card.Facts{Manifest: m, Dataset: j.Config.Dataset}
	facts.Corpora, facts.Taxonomies = j.corpora()
	files, err := facts.Files()
	if err != nil {
		return nil, err
	}
	return draft, draft.Attach(files...)
}

// corpora are the corpora and their taxonomies, in the order of their names.
func (j *job) corpora() ([]config.Corpus, []*config.Taxonomy) {
	corpora := make([]config.Corpus, len(j.runs))
	taxonomies := make([]*config.Taxonomy, len(j.runs))
	for i := range j.runs {
		corpora[i], taxonomies[i] = j.runs[i].config, j.runs[i].labels
	}
	return corpora, taxonomies
}

func (j *job) outcome(m *snapshot.Manifest, id string, published bool) *outcome {
	out := &outcome{
		Corpora: m.Corpora, Stats: m.Counts.Stats, Parts: len(m.AllParts()), Out: j.Config.Output.Dir,
		Partitioned: len(m.PartitionBy) > 0, HasParquet: m.HasParquet(), Elapsed: time.Since(j.started), Snapshot: id, Published: published, Read: int(j.read.Load()),
	}
	for i := range j.runs {
		out.FilesRead += j.runs[i].plan.Counts().Split
	}
	out.Stats.Examples = map[schema.Code]sink.Example{}
	for i := range j.shards {
		s := &j.shards[i]
		if s.kept {
			out.Kept++
			continue
		}
		out.Made++
		for code, example := range s.examples {
			if _, ok := out.Stats.Examples[code]; !ok {
				out.Stats.Examples[code] = example
			}
		}
	}
	return out
}

// largestFirst is the numbers 0 to n-1 in the order in which to work on what has
// these sizes: a large one that is begun last keeps one processor busy and the
// others waiting. It took 5% of a run over 13 shards with two workers.
func largestFirst(n int, size func(i int) int64) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(size(b), size(a)) })
	return order
}

// make runs the pipeline over the shards that are not made.
func (j *job) make(ctx context.Context) error {
	var stages []pipeline.Stages
	for _, i := range largestFirst(len(j.shards), func(i int) int64 { return j.shards[i].entries.Bytes }) {
		if j.shards[i].made == nil {
			stages = append(stages, j.stages(&j.shards[i]))
		}
	}
	return pipeline.Run(ctx, stages, pipeline.Options{
		Workers:          j.Config.Run.Workers,
		FailFast:         j.Config.Run.OnError == "fail",
		DiagnosticsLimit: j.Config.Limits.DiagnosticsPerDocument,
		MemoryBytes:      int64(j.Config.Limits.MemoryBytes),
	})
}

// stages are what the documents of a shard pass through.
func (j *job) stages(s *shard) pipeline.Stages {
	r := &j.runs[s.corpus]
	stages := r.stages(s.entries, func() (pipeline.Sink, error) { return j.newShardSink(s) })
	read := stages.Read
	stages.Read = func(i int, src *schema.Source) error {
		j.read.Add(1)
		return read(i, src)
	}
	j.options.timings.watch(s, &stages)
	return stages
}

// stages are what documents of the corpus pass through.
func (r *corpusRun) stages(entries reader.Shard, open func() (pipeline.Sink, error)) pipeline.Stages {
	read := r.plan.NewReader()
	return pipeline.Stages{
		Documents: entries.End - entries.Start,
		Bytes: func(i int) int64 {
			e := r.plan.Entry(entries.Start + i)
			if e.Refused {
				return 0
			}
			return e.Bytes + e.TwinBytes
		},
		Read:      func(i int, src *schema.Source) error { return read.Read(entries.Start+i, src) },
		Parse:     r.parser.Parse,
		Normalize: r.normalizer.Normalize,
		Open:      open,
	}
}

// shardSink stages a shard, and leaves it where the run finds it.
type shardSink struct {
	*sink.Shard
	staging *snapshot.Staging
	job     *job
	shard   *shard
}

func (j *job) newShardSink(s *shard) (*shardSink, error) {
	staging, err := j.output.Stage()
	if err != nil {
		return nil, err
	}
	r := &j.runs[s.corpus]
	out, err := j.sink.NewShard(staging.Dir, r.config, r.labels)
	if err != nil {
		return nil, errors.Join(err, staging.Discard())
	}
	return &shardSink{out, staging, j, s}, nil
}

func (s *shardSink) Close() error {
	result, err := s.Shard.Close()
	if err != nil {
		return errors.Join(err, s.staging.Discard())
	}
	stamps := slices.Clone(s.shard.stamps)
	for _, i := range result.Unsettled {
		stamps[i] = 0
	}
	shard := snapshot.NewShard(s.job.runs[s.shard.corpus].config.Name, s.shard.identity, s.shard.entries.Partition, result)
	// What is written so far is brought to its end, whatever becomes of the run: the
	// next one finds it.
	shard.Parts, shard.Arrow, err = s.job.inFormat(context.Background(), s.staging.Dir, shard.Partition, shard.Parts)
	if err != nil {
		return errors.Join(err, s.staging.Discard())
	}
	made, err := s.staging.Commit(shard, result.Inputs, stamps)
	if err != nil {
		return errors.Join(err, s.staging.Discard())
	}
	s.shard.made, s.shard.examples = made, result.Stats.Examples
	return nil
}

func (s *shardSink) Abort() {
	s.Shard.Abort()
	_ = s.staging.Discard() // the next run removes what this cannot
}
