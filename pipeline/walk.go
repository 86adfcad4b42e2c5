package pipeline

import (
	"context"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"
)

// Walk calls do for the first item, and for all that its calls return, several
// at the same time: as many as there are workers, where 0 means one a processor.
// Items come in no order. worker is a number below the number of workers, and one
// worker makes one call at a time; what a call returns is copied before its next.
//
// The first error ends the walk, or that of the context, which is looked at
// before each call.
func Walk[T any](ctx context.Context, workers int, first T, do func(worker int, item T) (more []T, err error)) error {
	w := &walk[T]{items: []T{first}, left: 1}
	w.changed.L = &w.mu
	var group errgroup.Group
	for worker := range Workers(workers) {
		group.Go(func() error {
			for {
				item, ok := w.take()
				if !ok {
					return nil
				}
				more, err := []T(nil), ctx.Err()
				if err == nil {
					more, err = do(worker, item)
				}
				if err != nil {
					w.fail()
					return err
				}
				w.done(more)
			}
		})
	}
	return group.Wait()
}

// Workers is how many workers a setting means.
func Workers(setting int) int {
	if setting == 0 {
		return runtime.GOMAXPROCS(0)
	}
	return setting
}

// walk is what the workers share. They take the item that was added last, so that
// of a tree little is waiting at a time.
type walk[T any] struct {
	mu      sync.Mutex
	changed sync.Cond
	items   []T
	left    int  // items that wait or are worked on
	idle    int  // workers that wait for one
	failed  bool // so that there is nothing left to do
}

// take waits for an item. It returns false when there will be none.
func (w *walk[T]) take() (item T, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.items) == 0 || w.failed {
		if w.left == 0 || w.failed {
			return item, false
		}
		w.idle++
		w.changed.Wait()
		w.idle--
	}
	last := len(w.items) - 1
	item = w.items[last]
	clear(w.items[last:])
	w.items = w.items[:last]
	return item, true
}

// done adds what came of an item.
func (w *walk[T]) done(more []T) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.items = append(w.items, more...)
	w.left += len(more) - 1
	if w.left == 0 {
		w.changed.Broadcast()
		return
	}
	for range min(w.idle, len(w.items)-1) { // the worker takes one itself
		w.changed.Signal()
	}
}

// fail has the workers end.
func (w *walk[T]) fail() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failed = true
	w.changed.Broadcast()
}
