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
	"golang.org/x/sync/semaphore"

	"github.com/quern-data/quern/schema"
)

// Stages are what a shard's documents pass through. Each is called by one
// goroutine at a time for a given shard, and by several for several shards.
type Stages struct {
	// Documents is the number of documents in the shard.
	Documents int
	// Bytes is the size of document i, as far as it is known. Nil is 0 for all.
	Bytes func(i int) int64
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
	// MemoryBytes bounds what the documents on their way take, as far as their
	// sizes tell. One that would take more than all of it has all of it to itself.
	// 0 sets no bound.
	MemoryBytes int64
}

const (
	// depth is how many documents may be on their way in a lane. It evens out
	// documents that take longer in one stage than in another.
	depth = 16
	// expansion is how many bytes a document takes for each byte of its file. A
	// review takes 10; a file of nothing but labels, the worst, takes 40.
	expansion = 40
	// keepBytes is the size of a document up to which what it took is kept for the
	// next one.
	keepBytes = 64 << 10
)

// RefusedError says that a document was refused where none may be.
type RefusedError struct {
	Path       string
	Diagnostic schema.Diagnostic
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("%s was refused: %s: %s", e.Path, e.Diagnostic.Code, e.Diagnostic.Message)
}

// Run makes the shards, and begins them in their order. It returns the error that
// comes first in that order and in the order of documents, the same for any number
// of workers, or the context's.
func Run(ctx context.Context, shards []Stages, o Options) error {
	memory := &memory{limit: o.MemoryBytes}
	if memory.limit > 0 {
		memory.left = semaphore.NewWeighted(memory.limit)
	}
	return Each(ctx, len(shards), o.Workers, func(ctx context.Context, i int) error {
		return runLane(ctx, &shards[i], o, memory)
	})
}

// memory is what documents of all lanes may take.
type memory struct {
	limit int64 // 0 for no limit
	left  *semaphore.Weighted
}

// take waits until there is room for a document of so many bytes, and returns
// what it took.
func (m *memory) take(ctx context.Context, bytes int64) (int64, error) {
	if m.limit == 0 {
		return 0, nil
	}
	n := min(bytes*expansion, m.limit)
	return n, m.left.Acquire(ctx, n)
}

func (m *memory) give(n int64) {
	if n > 0 {
		m.left.Release(n)
	}
}

// Each calls do for 0 to n-1, several at the same time: as many as there are
// workers, where 0 means one a processor. It returns the error of the lowest
// number, the same for any number of workers, or the context's.
func Each(ctx context.Context, n, workers int, do func(ctx context.Context, i int) error) error {
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	first := &firstError{at: n, cancels: make([]context.CancelFunc, n)}
	var lanes errgroup.Group
	lanes.SetLimit(workers)
	for i := range n {
		laneCtx := first.enter(ctx, i)
		if laneCtx == nil {
			break // an earlier one failed
		}
		lanes.Go(func() error {
			first.leave(i, do(laneCtx, i))
			return nil
		})
	}
	_ = lanes.Wait() // lanes report to first
	if first.err != nil {
		return first.err
	}
	return ctx.Err()
}

// firstError keeps the error of the lowest number that failed, and stops those
// behind it. Those before it go on: one of them may yet fail.
type firstError struct {
	mu      sync.Mutex
	at      int // what failed, or how many there are
	err     error
	cancels []context.CancelFunc
}

// enter is the context for number i, or nil if it need not start.
func (f *firstError) enter(ctx context.Context, i int) context.Context {
	f.mu.Lock()
	defer f.mu.Unlock()
	if i > f.at || ctx.Err() != nil {
		return nil
	}
	ctx, f.cancels[i] = context.WithCancel(ctx)
	return ctx
}

func (f *firstError) leave(i int, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cancels[i]()
	f.cancels[i] = nil
	if err == nil || i >= f.at {
		return
	}
	f.at, f.err = i, err
	for i++; i < len(f.cancels); i++ {
		if f.cancels[i] != nil {
			f.cancels[i]()
		}
	}
}

// envelope is a document on its way through a lane. An error that ends the run
// travels in it too, so that the writer meets it in its turn.
type envelope struct {
	src   schema.Source
	doc   schema.Document
	taken int64 // of the memory
	err   error
}

func newEnvelope(o Options) *envelope {
	e := new(envelope)
	e.doc.Diagnostics.Limit = o.DiagnosticsLimit
	return e
}

// runLane makes one shard.
func runLane(ctx context.Context, s *Stages, o Options, m *memory) error {
	sink, err := s.Open()
	if err != nil {
		return err
	}
	l := &lane{
		Stages: s, o: o, memory: m, sink: sink,
		free: make(chan *envelope, depth), read: make(chan *envelope, depth), parsed: make(chan *envelope, depth),
	}
	for range depth {
		l.free <- newEnvelope(o)
	}
	stages, ctx := errgroup.WithContext(ctx)
	stages.Go(func() error {
		defer close(l.read)
		return l.readAll(ctx)
	})
	stages.Go(func() error {
		defer close(l.parsed)
		return l.parseAll(ctx)
	})
	stages.Go(func() error {
		return l.writeAll(ctx)
	})
	err = stages.Wait()
	m.give(l.taken - l.given)
	if err != nil {
		sink.Abort()
		return err
	}
	return sink.Close()
}

// lane is one shard in the making.
type lane struct {
	*Stages
	o            Options
	memory       *memory
	sink         Sink
	free         chan *envelope
	read, parsed chan *envelope
	taken        int64 // of the memory, by the reader
	given        int64 // back, by the writer
}

func (l *lane) readAll(ctx context.Context) error {
	for i := range l.Documents {
		var e *envelope
		select {
		case e = <-l.free:
		case <-ctx.Done():
			return ctx.Err()
		}
		e.src.Reset()
		if l.Bytes != nil {
			taken, err := l.memory.take(ctx, l.Bytes(i))
			if err != nil {
				return err
			}
			e.taken = taken
			l.taken += taken
		}
		failed := l.Read(i, &e.src)
		e.err = failed
		if err := send(ctx, l.read, e); err != nil {
			return err
		}
		if failed != nil {
			return nil //nolint:nilerr // the error travels in the envelope
		}
	}
	return nil
}

func (l *lane) parseAll(ctx context.Context) error {
	for e := range l.read {
		if e.err == nil {
			l.parse(e)
		}
		if err := send(ctx, l.parsed, e); err != nil {
			return err
		}
	}
	return nil
}

func (l *lane) parse(e *envelope) {
	e.doc.Reset(&e.src)
	if e.src.Refused || !l.Parse(&e.src, &e.doc) {
		e.src.Refused = true
		e.doc.Diagnostics.Locate(e.src.Data, e.src.RawData, e.src.Pieces...)
		return
	}
	if err := l.Normalize(&e.doc); err != nil {
		e.src.Refused = true
		e.doc.Diagnostics.Notef(schema.DocumentFailed, schema.NoOffset, "%v", err)
	}
}

func (l *lane) writeAll(ctx context.Context) error {
	for e := range l.parsed {
		if e.err != nil {
			return e.err
		}
		if e.src.Refused && l.o.FailFast {
			if err := refusal(e); err != nil {
				return err
			}
		}
		if err := l.sink.Write(&e.doc); err != nil {
			return err
		}
		taken := e.taken
		if len(e.src.Data)+len(e.src.RawData) > keepBytes {
			e = newEnvelope(l.o)
		}
		e.taken = 0
		l.given += taken
		l.memory.give(taken)
		if err := send(ctx, l.free, e); err != nil {
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
