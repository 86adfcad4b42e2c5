// Package pipeline runs the stages. It is the only package that starts
// goroutines.
//
// The unit of parallel work is the shard: a run of documents that becomes one
// part of each table. Each shard has a lane of its own, in which a reader, a
// parser with the normalizer, and a writer work on one document after the
// other, joined by channels; several lanes run at the same time. Order needs no
// bookkeeping, because within a lane documents stay in line, and lanes share
// nothing.
//
// The package knows the order of stages, what an error does, and how to stop.
// It must not know what the stages do, and imports schema alone.
package pipeline

import (
	"context"
	"fmt"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/quern-data/quern/schema"
)

// Stages are what a shard's documents pass through. Each is called by one
// goroutine at a time for a given shard, and by several for several shards.
type Stages struct {
	// Documents is the number of documents in the shard.
	Documents int
	// Read fills src, which was reset, with document i. A document that cannot
	// be read is refused, with a diagnostic; an error ends the run.
	Read func(i int, src *schema.Source) error
	// Parse fills doc, which was reset for src. false refuses the document.
	Parse func(src *schema.Source, doc *schema.Document) bool
	// Normalize completes doc. An error refuses the document.
	Normalize func(doc *schema.Document) error
	// Open starts the shard's output.
	Open func() (Sink, error)
}

// Sink takes the documents of one shard, in order, refused ones too.
type Sink interface {
	Write(doc *schema.Document) error
	// Close completes the output.
	Close() error
	// Abort gives it up. It is called instead of Close.
	Abort()
}

// Options say how to run.
type Options struct {
	// Workers is how many shards are worked on at the same time. 0 means one a
	// processor.
	Workers int
	// FailFast makes the first refused document end the run.
	FailFast bool
	// DiagnosticsLimit is how many diagnostics are kept for a document. 0 keeps
	// all.
	DiagnosticsLimit int
}

// depth is how many documents may be on their way in a lane. It evens out
// documents that take longer in one stage than in another.
const depth = 16

// RefusedError says that a document was refused where none may be.
type RefusedError struct {
	Path       string
	Diagnostic schema.Diagnostic
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("%s was refused: %s: %s", e.Path, e.Diagnostic.Code, e.Diagnostic.Message)
}

// Run makes the shards. It returns the error that comes first in the order of
// documents, the same for any number of workers, or the context's.
func Run(ctx context.Context, shards []Stages, o Options) error {
	workers := o.Workers
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	first := &firstError{shard: len(shards), cancels: make([]context.CancelFunc, len(shards))}

	var lanes errgroup.Group
	lanes.SetLimit(workers)
	for i := range shards {
		laneCtx := first.enter(ctx, i)
		if laneCtx == nil {
			break // an earlier shard failed
		}
		lanes.Go(func() error {
			first.leave(i, runLane(laneCtx, &shards[i], o))
			return nil
		})
	}
	_ = lanes.Wait() // lanes report to first
	if first.err != nil {
		return first.err
	}
	return ctx.Err()
}

// firstError keeps the error of the earliest shard that failed, and stops the
// shards behind it. Those before it go on: one of them may yet fail earlier.
type firstError struct {
	mu      sync.Mutex
	shard   int // that failed, or the number of shards
	err     error
	cancels []context.CancelFunc
}

// enter is the context for the shard, or nil if it need not start.
func (f *firstError) enter(ctx context.Context, shard int) context.Context {
	f.mu.Lock()
	defer f.mu.Unlock()
	if shard > f.shard || ctx.Err() != nil {
		return nil
	}
	ctx, f.cancels[shard] = context.WithCancel(ctx)
	return ctx
}

func (f *firstError) leave(shard int, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cancels[shard]()
	f.cancels[shard] = nil
	if err == nil || shard >= f.shard {
		return
	}
	f.shard, f.err = shard, err
	for i := shard + 1; i < len(f.cancels); i++ {
		if f.cancels[i] != nil {
			f.cancels[i]()
		}
	}
}

// envelope is a document on its way through a lane. An error that ends the run
// travels in it too, so that the writer meets it in its turn.
type envelope struct {
	src schema.Source
	doc schema.Document
	err error
}

// runLane makes one shard.
func runLane(ctx context.Context, s *Stages, o Options) error {
	sink, err := s.Open()
	if err != nil {
		return err
	}
	free := make(chan *envelope, depth)
	for range depth {
		e := new(envelope)
		e.doc.Diagnostics.Limit = o.DiagnosticsLimit
		free <- e
	}
	read := make(chan *envelope, depth)
	parsed := make(chan *envelope, depth)

	stages, ctx := errgroup.WithContext(ctx)
	stages.Go(func() error {
		defer close(read)
		return readAll(ctx, s, free, read)
	})
	stages.Go(func() error {
		defer close(parsed)
		return parseAll(ctx, s, read, parsed)
	})
	stages.Go(func() error {
		return writeAll(ctx, sink, o.FailFast, parsed, free)
	})
	if err := stages.Wait(); err != nil {
		sink.Abort()
		return err
	}
	return sink.Close()
}

func readAll(ctx context.Context, s *Stages, free <-chan *envelope, read chan<- *envelope) error {
	for i := range s.Documents {
		var e *envelope
		select {
		case e = <-free:
		case <-ctx.Done():
			return ctx.Err()
		}
		e.src.Reset()
		failed := s.Read(i, &e.src)
		e.err = failed
		if err := send(ctx, read, e); err != nil {
			return err
		}
		if failed != nil {
			return nil //nolint:nilerr // the error travels in the envelope
		}
	}
	return nil
}

func parseAll(ctx context.Context, s *Stages, read <-chan *envelope, parsed chan<- *envelope) error {
	for e := range read {
		if e.err == nil {
			parse(s, e)
		}
		if err := send(ctx, parsed, e); err != nil {
			return err
		}
	}
	return nil
}

func parse(s *Stages, e *envelope) {
	e.doc.Reset(&e.src)
	if e.src.Refused || !s.Parse(&e.src, &e.doc) {
		e.src.Refused = true
		e.doc.Diagnostics.Locate(e.src.Data, e.src.RawData)
		return
	}
	if err := s.Normalize(&e.doc); err != nil {
		e.src.Refused = true
		e.doc.Diagnostics.Notef(schema.DocumentFailed, schema.NoOffset, "%v", err)
	}
}

func writeAll(ctx context.Context, sink Sink, failFast bool, parsed <-chan *envelope, free chan<- *envelope) error {
	for e := range parsed {
		if e.err != nil {
			return e.err
		}
		if e.src.Refused && failFast {
			if err := refusal(e); err != nil {
				return err
			}
		}
		if err := sink.Write(&e.doc); err != nil {
			return err
		}
		if err := send(ctx, free, e); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// refusal is the error that the document was refused for, or nil if it stands for
// something that is no document and that was left out with a warning.
func refusal(e *envelope) error {
	for _, d := range e.doc.Diagnostics.All() {
		if d.Severity() == schema.Error {
			return &RefusedError{e.src.Path, d}
		}
	}
	return nil
}

func send(ctx context.Context, to chan<- *envelope, e *envelope) error {
	select {
	case to <- e:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
