//go:build unix

package main

import (
	"os"
	"runtime"
	"syscall"
)

// peakMemory is the peak of the largest among a process and its children, in
// bytes. It is never less than what this program had when it started the process,
// so this program stays small.
func peakMemory(p *os.ProcessState) int64 {
	usage, ok := p.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return bytesOf(usage)
}

// ownMemory is the peak of this program.
func ownMemory() int64 {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return bytesOf(&usage)
}

func bytesOf(usage *syscall.Rusage) int64 {
	size := int64(usage.Maxrss) //nolint:unconvert // an int32 on some systems
	if runtime.GOOS == "darwin" {
		return size
	}
	return size << 10 // elsewhere in kilobytes
}
