package main

import (
	"encoding/json"
	"errors"
	"os"
	"runtime/pprof"
	"sync/atomic"
	"time"

	"github.com/quern-data/quern/pipeline"
	"github.com/quern-data/quern/schema"
)

// timings notes where the time of a run goes, for run --timings, from which the
// benchmarks work out what more processors would give. A nil one notes nothing.
type timings struct {
	Phases []phaseTime  `json:"phases"`
	Shards []*shardTime `json:"shards"` // those that were made, in order

	started time.Time    // of the phase that is the last
	synced  atomic.Int64 // ns that the run has waited for the disk so far
	before  int64        // synced, when the phase was started
}

// phaseTime is a stretch of the run. Phases follow each other.
type phaseTime struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
	Sync    float64 `json:"sync"` // of them, seconds waited for the disk
}

// shardTime is the work on a shard. Make is from the first to the last of it, the
// others are parts of that: they add up only where one processor does them in turn.
type shardTime struct {
	Documents int     `json:"documents"`
	Bytes     int64   `json:"bytes"`
	Make      seconds `json:"make"`
	Read      seconds `json:"read"`
	Parse     seconds `json:"parse"`
	Normalize seconds `json:"normalize"`
	Write     seconds `json:"write"` // with Sync
	Sync      seconds `json:"sync"`
	Verify    seconds `json:"verify"` // after Make
}

// seconds is a time that several goroutines may add to.
type seconds struct{ ns atomic.Int64 }

// MarshalJSON writes the time in seconds.
func (s *seconds) MarshalJSON() ([]byte, error) {
	return json.Marshal(time.Duration(s.ns.Load()).Seconds())
}

// since adds the time since start. A nil one stays as it is.
func (s *seconds) since(start time.Time) {
	if s != nil {
		s.ns.Add(int64(time.Since(start)))
	}
}

// phase ends the phase before, and starts one.
func (t *timings) phase(name string) {
	if t == nil {
		return
	}
	t.end()
	t.started, t.before = time.Now(), t.synced.Load()
	t.Phases = append(t.Phases, phaseTime{Name: name})
}

// end ends the last phase.
func (t *timings) end() {
	if len(t.Phases) == 0 {
		return
	}
	p := &t.Phases[len(t.Phases)-1]
	p.Seconds = time.Since(t.started).Seconds()
	p.Sync = time.Duration(t.synced.Load() - t.before).Seconds()
}

// waiting is for disk.Disk.
func (t *timings) waiting(sync func() error) error {
	start := time.Now()
	defer func() { t.synced.Add(int64(time.Since(start))) }()
	return sync()
}

// watch has the stages of a shard note their time. What it says of Sync is right
// if the shard is made while no other is.
func (t *timings) watch(s *shard, stages *pipeline.Stages) {
	if t == nil {
		return
	}
	s.time = &shardTime{Documents: stages.Documents, Bytes: s.entries.Bytes}
	t.Shards = append(t.Shards, s.time)
	read, parse, normalize, open := stages.Read, stages.Parse, stages.Normalize, stages.Open
	stages.Read = func(i int, src *schema.Source) error {
		defer s.time.Read.since(time.Now())
		return read(i, src)
	}
	stages.Parse = func(src *schema.Source, doc *schema.Document) bool {
		defer s.time.Parse.since(time.Now())
		return parse(src, doc)
	}
	stages.Normalize = func(doc *schema.Document) error {
		defer s.time.Normalize.since(time.Now())
		return normalize(doc)
	}
	stages.Open = func() (pipeline.Sink, error) {
		w := &watchedSink{timings: t, time: s.time, started: time.Now(), before: t.synced.Load()}
		defer s.time.Write.since(w.started)
		var err error
		w.Sink, err = open()
		return w, err
	}
}

// watchedSink notes the time of what it is asked to do.
type watchedSink struct {
	pipeline.Sink
	timings *timings
	time    *shardTime
	started time.Time
	before  int64 // timings.synced when it was opened
}

func (w *watchedSink) Write(doc *schema.Document) error {
	defer w.time.Write.since(time.Now())
	return w.Sink.Write(doc)
}

func (w *watchedSink) Close() error {
	start := time.Now()
	err := w.Sink.Close()
	w.time.Write.since(start)
	w.time.Sync.ns.Store(w.timings.synced.Load() - w.before)
	w.time.Make.since(w.started)
	return err
}

// write ends the last phase, and writes what was noted.
func (t *timings) write(path string) error {
	t.end()
	data, err := json.MarshalIndent(t, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(data, '\n'), 0o644)
}

// profile writes a CPU profile of what is done until stop is called.
func profile(path string) (stop func() error, err error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		return f.Close()
	}, nil
}
