//go:build !linux

package sink

import "errors"

// exchange swaps two names in one step, where the system can.
func exchange(_, _ string) error { return errors.ErrUnsupported }
