package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/quern-data/quern/pipeline"
)

// A tree is walked once, whatever its shape, and no worker makes two calls at a
// time.
func TestWalk(t *testing.T) {
	type node struct{ depth, width int }
	for _, shape := range []node{{0, 0}, {1, 1000}, {1000, 1}, {9, 2}, {3, 9}} {
		for _, workers := range []int{1, 2, 7, 0} {
			t.Run(fmt.Sprint(shape, workers), func(t *testing.T) {
				want, level := 1, 1
				for range shape.depth {
					level *= shape.width
					want += level
				}
				var calls atomic.Int64
				busy := make([]sync.Mutex, pipeline.Workers(workers))
				below := make([][]node, len(busy)) // reused
				err := pipeline.Walk(t.Context(), workers, shape, func(worker int, n node) ([]node, error) {
					if !busy[worker].TryLock() {
						t.Error("a worker makes two calls at a time")
					}
					defer busy[worker].Unlock()
					calls.Add(1)
					clear(below[worker])
					below[worker] = below[worker][:0]
					if n.depth > 0 {
						for range n.width {
							below[worker] = append(below[worker], node{n.depth - 1, n.width})
						}
					}
					return below[worker], nil
				})
				if err != nil || int(calls.Load()) != want {
					t.Errorf("%d calls, want %d; %v", calls.Load(), want, err)
				}
			})
		}
	}
}

// An error ends a walk that would have no end, and so does the context.
func TestWalkEnds(t *testing.T) {
	wrong := errors.New("wrong")
	for _, workers := range []int{1, 4} {
		var calls atomic.Int64
		err := pipeline.Walk(t.Context(), workers, 0, func(int, int) ([]int, error) {
			if calls.Add(1) == 1000 {
				return []int{0}, wrong
			}
			return []int{0, 0}, nil
		})
		if !errors.Is(err, wrong) || calls.Load() > 1000+int64(workers) {
			t.Errorf("%d calls, %v", calls.Load(), err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		calls.Store(0)
		err = pipeline.Walk(ctx, workers, 0, func(int, int) ([]int, error) {
			if calls.Add(1) == 1000 {
				cancel()
			}
			return []int{0, 0}, nil
		})
		if !errors.Is(err, context.Canceled) || calls.Load() > 1000+int64(workers) {
			t.Errorf("%d calls, %v", calls.Load(), err)
		}
	}
}
