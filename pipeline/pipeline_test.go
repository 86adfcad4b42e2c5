package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"

	"github.com/quern-data/quern/pipeline"
	"github.com/quern-data/quern/schema"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// recorder is a sink that notes what it is given.
type recorder struct {
	mu      sync.Mutex
	written []string
	closed  int
	aborted int
}

func (r *recorder) sink(err error) (pipeline.Sink, error) {
	return &recorderSink{recorder: r, fail: err}, nil
}

type recorderSink struct {
	*recorder
	paths []string
	fail  error
}

func (s *recorderSink) Write(doc *schema.Document) error {
	if s.fail != nil {
		return s.fail
	}
	s.paths = append(s.paths, doc.Source.Path)
	return nil
}

func (s *recorderSink) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.written = append(s.written, strings.Join(s.paths, " "))
	s.closed++
	return nil
}

func (s *recorderSink) Abort() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.aborted++
}

// shards are n shards of m documents with paths like 2/17, which pass through
// unless fault says otherwise.
func shards(r *recorder, n, m int, fault func(shard, i int, src *schema.Source) error) []pipeline.Stages {
	all := make([]pipeline.Stages, n)
	for k := range all {
		all[k] = pipeline.Stages{
			Documents: m,
			Read: func(i int, src *schema.Source) error {
				src.Path = fmt.Sprintf("%d/%d", k, i)
				if fault == nil {
					return nil
				}
				return fault(k, i, src)
			},
			Parse: func(src *schema.Source, doc *schema.Document) bool {
				doc.Text = src.Path
				return true
			},
			Normalize: func(doc *schema.Document) error {
				if doc.Text != doc.Source.Path {
					return errors.New("the documents got mixed up")
				}
				return nil
			},
			Open: func() (pipeline.Sink, error) { return r.sink(nil) },
		}
	}
	return all
}

func TestOrder(t *testing.T) {
	for _, workers := range []int{0, 1, 2, 8} {
		r := new(recorder)
		if err := pipeline.Run(t.Context(), shards(r, 7, 100, nil), pipeline.Options{Workers: workers}); err != nil {
			t.Fatal(err)
		}
		slices.Sort(r.written)
		if len(r.written) != 7 || r.closed != 7 || r.aborted != 0 {
			t.Fatalf("%d workers: %d shards, %d closed, %d aborted", workers, len(r.written), r.closed, r.aborted)
		}
		for k, paths := range r.written {
			var want []string
			for i := range 100 {
				want = append(want, fmt.Sprintf("%d/%d", k, i))
			}
			if paths != strings.Join(want, " ") {
				t.Errorf("%d workers: shard %d came as %s", workers, k, paths)
			}
		}
	}
}

func TestNothingToDo(t *testing.T) {
	if err := pipeline.Run(t.Context(), nil, pipeline.Options{}); err != nil {
		t.Error(err)
	}
	r := new(recorder)
	if err := pipeline.Run(t.Context(), shards(r, 1, 0, nil), pipeline.Options{}); err != nil || r.closed != 1 {
		t.Errorf("an empty shard: %v, %d closed", err, r.closed)
	}
}

// TestFirstError: of several faults, the one that comes first in the order of
// documents is reported, however many workers there are and whichever happens
// first.
func TestFirstError(t *testing.T) {
	fault := func(shard, i int, _ *schema.Source) error {
		if shard == 2 && i == 90 || shard == 2 && i == 95 || shard == 5 && i == 0 || shard == 6 && i == 1 {
			return fmt.Errorf("fault at %d/%d", shard, i)
		}
		return nil
	}
	for _, workers := range []int{1, 2, 8, 32} {
		for range 20 {
			r := new(recorder)
			err := pipeline.Run(t.Context(), shards(r, 10, 100, fault), pipeline.Options{Workers: workers})
			if err == nil || err.Error() != "fault at 2/90" {
				t.Fatalf("%d workers: %v", workers, err)
			}
			if r.aborted == 0 {
				t.Fatalf("%d workers: no sink was aborted", workers)
			}
		}
	}
}

func TestRefused(t *testing.T) {
	refuse := func(shard, i int, src *schema.Source) error {
		if shard == 1 && i%10 == 3 {
			src.Refused = true
			src.Diagnostics = append(src.Diagnostics, schema.Diagnostic{Code: schema.FileEmpty, Offset: schema.NoOffset})
		}
		return nil
	}
	r := new(recorder)
	if err := pipeline.Run(t.Context(), shards(r, 3, 50, refuse), pipeline.Options{Workers: 2}); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(strings.Join(r.written, " "), "/"); n != 150 {
		t.Errorf("%d documents reached the sink, want 150: refused ones too", n)
	}

	err := pipeline.Run(t.Context(), shards(new(recorder), 3, 50, refuse), pipeline.Options{Workers: 2, FailFast: true})
	var refused *pipeline.RefusedError
	if !errors.As(err, &refused) || refused.Path != "1/3" || refused.Diagnostic.Code != schema.FileEmpty {
		t.Errorf("got %v, want the refusal of 1/3", err)
	}
}

func TestNormalizeErrorRefuses(t *testing.T) {
	r := new(recorder)
	all := shards(r, 1, 3, nil)
	all[0].Normalize = func(*schema.Document) error { return errors.New("untrue span") }
	err := pipeline.Run(t.Context(), all, pipeline.Options{FailFast: true})
	var refused *pipeline.RefusedError
	if !errors.As(err, &refused) || refused.Diagnostic.Code != schema.DocumentFailed {
		t.Errorf("got %v", err)
	}
}

func TestSinkErrors(t *testing.T) {
	full := errors.New("no space left")
	for name, open := range map[string]func() (pipeline.Sink, error){
		"open":  func() (pipeline.Sink, error) { return nil, full },
		"write": func() (pipeline.Sink, error) { return new(recorder).sink(full) },
		"close": func() (pipeline.Sink, error) { return failingClose{}, nil },
	} {
		all := shards(new(recorder), 4, 200, nil)
		all[1].Open = open
		if err := pipeline.Run(t.Context(), all, pipeline.Options{Workers: 2}); !errors.Is(err, full) && name != "close" {
			t.Errorf("%s: got %v", name, err)
		} else if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

type failingClose struct{}

func (failingClose) Write(*schema.Document) error { return nil }
func (failingClose) Close() error                 { return errors.New("no space left at the end") }
func (failingClose) Abort()                       {}

func TestCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		all := shards(new(recorder), 4, 1000, func(shard, i int, _ *schema.Source) error {
			if shard == 1 && i == 10 {
				cancel()
			}
			return nil
		})
		if err := pipeline.Run(ctx, all, pipeline.Options{Workers: 2}); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

// BenchmarkRun is what the pipeline itself costs for each document.
func BenchmarkRun(b *testing.B) {
	const documents = 1000
	all := shards(new(recorder), 4, documents, nil)
	for k := range all {
		all[k].Open = func() (pipeline.Sink, error) { return discard{}, nil }
	}
	for b.Loop() {
		if err := pipeline.Run(b.Context(), all, pipeline.Options{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*4*documents), "ns/document")
}

type discard struct{}

func (discard) Write(*schema.Document) error { return nil }
func (discard) Close() error                 { return nil }
func (discard) Abort()                       {}
