package main

import (
	"bufio"
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// The stages of a run, each with what the names of its functions have in them. The
// outermost function of a stack that is of a stage decides.
var stageFrames = []struct{ stage, part string }{
	{"scan", "/quern/stages/reader.Options."},
	{"scan", "/quern/stages/reader.(*scanner)"},
	{"read", "/quern/stages/reader."},
	{"parse", "/quern/stages/parser."},
	{"normalize", "/quern/stages/normalizer."},
	{"sink", "/quern/stages/sink."},
	{"verify", "/quern/stages/verifier."},
	{"snapshot", "/quern/stages/snapshot."},
	{"garbage collection", "runtime.gcBgMarkWorker"},
	{"garbage collection", "runtime.bgsweep"},
	{"garbage collection", "runtime.bgscavenge"},
}

const elsewhere = "runtime, pipeline, command"

// The kinds of work that are told apart in a stage. The innermost function of a
// stack that is of a kind decides.
var kindFrames = []struct{ kind, part string }{
	{"zstd", "klauspost/compress/zstd."},
	{"sha256", "crypto/sha256."},
	{"sha256", "fips140/sha256."},
	{"memory", "runtime.mallocgc"},
	{"memory", "runtime.growslice"},
	{"memory", "runtime.gcAssistAlloc"},
	{"system", "syscall.Syscall"},
	{"system", "syscall.RawSyscall"},
	{"system", "runtime/syscall/linux.Syscall6"},
}

var kinds = []string{"zstd", "sha256", "memory", "system"}

// stageTime is what a stage takes of the processors, in seconds, all in all and by
// kind.
type stageTime struct {
	Stage   string
	Seconds float64
	Kinds   map[string]float64
}

// parseTraces sums up what go tool pprof -traces prints of a CPU profile: for each
// stack that was seen, a line with its time and the innermost function, and a line
// for each of the others. Stages come back with the largest first.
func parseTraces(out string) []stageTime {
	stages := map[string]*stageTime{}
	var stack []string // innermost first
	var seconds float64
	flush := func() {
		if len(stack) > 0 {
			name := stageOf(stack)
			s := stages[name]
			if s == nil {
				s = &stageTime{Stage: name, Kinds: map[string]float64{}}
				stages[name] = s
			}
			s.Seconds += seconds
			if kind := kindOf(stack); kind != "" {
				s.Kinds[kind] += seconds
			}
		}
		stack = stack[:0]
	}
	for lines := bufio.NewScanner(strings.NewReader(out)); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		if strings.HasPrefix(line, "---") {
			flush()
			seconds = 0
			continue
		}
		if first, rest, found := strings.Cut(line, " "); found {
			if d, err := time.ParseDuration(first); err == nil {
				seconds, line = d.Seconds(), strings.TrimSpace(rest)
			}
		}
		if seconds > 0 && line != "" {
			name, _, _ := strings.Cut(line, "[") // type arguments are other packages' names
			stack = append(stack, name)
		}
	}
	flush()
	var all []stageTime
	for _, name := range slices.Sorted(maps.Keys(stages)) {
		all = append(all, *stages[name])
	}
	slices.SortStableFunc(all, func(a, b stageTime) int { return cmp.Compare(b.Seconds, a.Seconds) })
	return all
}

func stageOf(stack []string) string {
	for _, frame := range slices.Backward(stack) {
		for _, f := range stageFrames {
			if strings.Contains(frame, f.part) {
				return f.stage
			}
		}
	}
	return elsewhere
}

func kindOf(stack []string) string {
	for _, frame := range stack {
		for _, f := range kindFrames {
			if strings.Contains(frame, f.part) {
				return f.kind
			}
		}
	}
	return ""
}
