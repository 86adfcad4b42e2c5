package columnar

import "unsafe"

// alias is b as a string, without a copy. It is used up before b changes.
func alias(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// unalias is s as bytes, without a copy. They are read alone.
func unalias(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
