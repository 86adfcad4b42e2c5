package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/pipeline"
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/normalizer"
	"github.com/quern-data/quern/stages/parser"
	"github.com/quern-data/quern/stages/reader"
	"github.com/quern-data/quern/stages/sink"
	"github.com/quern-data/quern/stages/taxonomy"
)

// corpusRun is a corpus with the stages that its documents pass through.
type corpusRun struct {
	config     config.Corpus
	labels     *config.Taxonomy
	parser     parser.Parser
	normalizer *normalizer.Normalizer
	plan       *reader.Plan
}

// prepare scans the corpora and builds their stages, in the order of their
// names, which is the order of their document ids.
//
// A corpus without documents is an error unless allowEmpty: it is a folder that
// was not mounted, or a glob mistyped, more often than what someone wants.
func prepare(ctx context.Context, l *config.Loaded, allowEmpty bool) ([]corpusRun, error) {
	runs := make([]corpusRun, len(l.Config.Corpora))
	for i, corpus := range l.Config.Corpora {
		known := taxonomy.New(l.Taxonomies[i])
		p, err := parser.New(corpus, l.Config.Limits, known)
		if err != nil {
			return nil, err
		}
		plan, err := reader.Scan(ctx, corpus, l.Config.Limits)
		if err != nil {
			return nil, err
		}
		if plan.Counts().Documents == 0 && !allowEmpty {
			return nil, noDocuments(corpus.Name, plan.Counts())
		}
		runs[i] = corpusRun{corpus, l.Taxonomies[i], p, normalizer.New(known, corpus.Normalize), plan}
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
	Corpora []sink.CorpusManifest
	Stats   sink.Stats
	Parts   []sink.Part
	Elapsed time.Duration
	Out     string
}

// convert runs the whole conversion and publishes its output.
func convert(ctx context.Context, l *config.Loaded, allowEmpty bool, log *slog.Logger) (_ *outcome, err error) {
	started := time.Now()
	c := &l.Config
	codec, err := sink.Zstd(c.Output.CompressionLevel)
	if err != nil {
		return nil, err
	}
	staging, err := sink.Stage(c.Output.Dir, sink.Options{RowGroupRows: c.Output.RowGroupRows, Codec: codec})
	if err != nil {
		return nil, err
	}
	defer func() {
		if err := staging.Discard(); err != nil {
			log.Warn("something is left over beside the output", "error", err)
		}
	}()
	runs, err := prepare(ctx, l, allowEmpty)
	if err != nil {
		return nil, err
	}
	for i := range runs {
		counts := runs[i].plan.Counts()
		log.Info("corpus scanned", "corpus", runs[i].config.Name, "files", counts.Found, "documents", counts.Documents)
	}

	shards := newShards(runs, staging, int64(c.Output.PartBytes))
	err = pipeline.Run(ctx, shards.stages, pipeline.Options{
		Workers:          c.Run.Workers,
		FailFast:         c.Run.OnError == "fail",
		DiagnosticsLimit: c.Limits.DiagnosticsPerDocument,
	})
	if err != nil {
		return nil, err
	}
	corpora := make([]config.Corpus, len(runs))
	taxonomies := make([]*config.Taxonomy, len(runs))
	for i := range runs {
		corpora[i], taxonomies[i] = runs[i].config, runs[i].labels
	}
	taxonomyPart, err := staging.Taxonomies(corpora, taxonomies)
	if err != nil {
		return nil, err
	}

	out := shards.outcome(runs)
	out.Parts = append(out.Parts, taxonomyPart)
	if err := staging.Publish(shards.manifest(l, out)); err != nil {
		return nil, err
	}
	out.Out, out.Elapsed = c.Output.Dir, time.Since(started)
	return out, nil
}

// shardSet is the shards of a run, and what each came to.
type shardSet struct {
	stages  []pipeline.Stages
	corpus  []int // index of each shard's corpus
	results []sink.Result
}

func newShards(runs []corpusRun, staging *sink.Staging, partBytes int64) *shardSet {
	s := &shardSet{}
	for i := range runs {
		for _, shard := range runs[i].plan.Shards(partBytes) {
			s.add(&runs[i], i, shard, staging)
		}
	}
	if len(s.stages) == 0 && len(runs) > 0 {
		s.add(&runs[0], 0, reader.Shard{}, staging) // readers expect a part in every folder
	}
	s.results = make([]sink.Result, len(s.stages))
	return s
}

func (s *shardSet) add(r *corpusRun, corpus int, shard reader.Shard, staging *sink.Staging) {
	number := len(s.stages)
	s.corpus = append(s.corpus, corpus)
	s.stages = append(s.stages, r.stages(shard, func() (pipeline.Sink, error) {
		shard, err := staging.Shard(number, &r.config)
		return shardSink{shard, &s.results[number]}, err
	}))
}

// stages are what the documents of a shard of the corpus pass through.
func (r *corpusRun) stages(shard reader.Shard, open func() (pipeline.Sink, error)) pipeline.Stages {
	read := r.plan.NewReader()
	return pipeline.Stages{
		Documents: shard.End - shard.Start,
		Read:      func(i int, src *schema.Source) error { return read.Read(shard.Start+i, src) },
		Parse:     r.parser.Parse,
		Normalize: r.normalizer.Normalize,
		Open:      open,
	}
}

// shardSink leaves the shard's result where the run finds it.
type shardSink struct {
	*sink.Shard
	result *sink.Result
}

func (s shardSink) Close() (err error) {
	*s.result, err = s.Shard.Close()
	return err
}

// outcome adds up the shards.
func (s *shardSet) outcome(runs []corpusRun) *outcome {
	out := &outcome{Corpora: make([]sink.CorpusManifest, len(runs)), Stats: sink.NewStats()}
	for i := range runs {
		counts := runs[i].plan.Counts()
		c := &out.Corpora[i]
		c.Name, c.TaxonomyHash = runs[i].config.Name, runs[i].labels.Hash()
		c.Found, c.Twins, c.Ignored = counts.Found, counts.Twins, map[string]int{}
		for _, ignored := range counts.Ignored {
			c.Ignored[string(ignored.Rule)] += ignored.Files
		}
	}
	for i := range s.results {
		r := &s.results[i]
		c := &out.Corpora[s.corpus[i]]
		c.Written += r.Stats.Written
		c.Refused += r.Stats.Refused
		out.Stats.Merge(r.Stats)
		out.Parts = append(out.Parts, r.Parts...)
	}
	return out
}

func (s *shardSet) manifest(l *config.Loaded, out *outcome) *sink.Manifest {
	m := &sink.Manifest{
		SchemaVersion: schema.Version, ToolVersion: version, OutputVersion: sink.OutputVersion,
		ConfigHash: l.Config.OutputHash(l.Taxonomies),
		Corpora:    out.Corpora,
		Counts: sink.Counts{
			Rows: map[string]int64{}, Diagnostics: map[string]int{},
			Alignments: out.Stats.Alignments, Coverage: out.Stats.Coverage,
		},
		Parts: out.Parts,
	}
	for _, p := range out.Parts {
		m.Counts.Rows[p.Table] += p.Rows
	}
	for code, n := range out.Stats.Diagnostics {
		m.Counts.Diagnostics[code.String()] = n
	}
	for i := range s.results {
		m.Inputs = append(m.Inputs, s.results[i].Inputs...)
	}
	return m
}
