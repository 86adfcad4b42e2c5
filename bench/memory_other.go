//go:build !unix

package main

import "os"

// Peak memory is measured on Unix alone.
func peakMemory(*os.ProcessState) int64 { return 0 }

func ownMemory() int64 { return 0 }
