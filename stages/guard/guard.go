// Package guard keeps Arrow, when it reads bytes that are damaged, from taking the
// program along. It is for all that read with Arrow, and knows nothing of tables.
package guard

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/apache/arrow/go/v17/arrow/memory"
)

// Safely is what f returns, with a panic as an error: what Arrow does about bytes
// that it cannot make sense of.
func Safely(f func() error) (err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case runtime.Error: // an index or a length that cannot be
			err = errors.New("its structure is damaged")
		default:
			err = fmt.Errorf("%v", r)
		}
	}()
	return f()
}

// Allocator is the allocator for reading a file of so many bytes, which panics if
// more is asked for at once: whatever the file says, nothing in it is larger.
func Allocator(size int64) memory.Allocator { return bounded{memory.DefaultAllocator, size} }

type bounded struct {
	memory.Allocator
	size int64
}

func (b bounded) check(size int) {
	const padding = 64 // Arrow rounds up
	if size < 0 || int64(size) > b.size+padding {
		panic("it says that something in it is larger than it is")
	}
}

// Allocate implements memory.Allocator.
func (b bounded) Allocate(size int) []byte {
	b.check(size)
	return b.Allocator.Allocate(size)
}

// Reallocate implements memory.Allocator.
func (b bounded) Reallocate(size int, p []byte) []byte {
	b.check(size)
	return b.Allocator.Reallocate(size, p)
}
