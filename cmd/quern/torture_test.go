package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quern-data/quern/stages/disk"
	"github.com/quern-data/quern/stages/snapshot"
)

var (
	kills = flag.Int("kills", 25, "how often TestTorture kills a run")
	seed  = flag.Uint64("seed", 0, "seed of TestTorture; 0 takes one from the clock")
)

// Variables by which a test has its own binary run as quern, and be killed.
const (
	actVariable  = "QUERN_TEST_ACT"  // the command line, by lines
	killVariable = "QUERN_TEST_KILL" // the number of the operation on the disk at which to die
)

// actAsQuern runs as quern if a test says so.
func actAsQuern() {
	args, ok := os.LookupEnv(actVariable)
	if !ok {
		return
	}
	at, _ := strconv.ParseInt(os.Getenv(killVariable), 10, 64)
	os.Unsetenv(actVariable)
	os.Unsetenv(killVariable)
	var n atomic.Int64
	outputDisk.Before = func(disk.Op, string) error {
		if n.Add(1) == at {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // until it takes effect
		}
		return nil
	}
	os.Exit(run(strings.Split(args, "\n"), os.Stdout, os.Stderr))
}

// command is a run of the corpus in a process of its own.
func (g *growing) command(settings ...string) (*exec.Cmd, *bytes.Buffer) {
	args := []string{"run", "--corpus", g.dir, "--out", g.out, "--set", "run.max_shrink=100%"}
	for _, s := range slices.Concat(g.settings, settings) {
		args = append(args, "--set", s)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), actVariable+"="+strings.Join(args, "\n"))
	stderr := new(bytes.Buffer)
	cmd.Stderr = stderr
	return cmd, stderr
}

// TestTorture kills runs, at random operations on the disk and at random times.
// After each, what is current is a sound snapshot, of before or of after, and a
// run that is left alone comes to what one comes to that knows nothing.
func TestTorture(t *testing.T) {
	if *kills == 0 {
		t.Fatal("no kills")
	}
	if raceEnabled {
		*kills = max(*kills/5, 1) // each takes several times as long
	}
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano())
	}
	t.Logf("-seed=%d", *seed)
	r := rand.New(rand.NewPCG(*seed, 2))
	killed, published, resumed := 0, 0, 0
	for killed < *kills {
		g := grow(t, r.Uint64(), 60, "output.format="+[]string{"parquet", "arrow", "both"}[r.IntN(3)])
		for night := 0; night < 8 && killed < *kills; night++ {
			for range r.IntN(4) {
				g.edit(t)
			}
			want, before := g.afresh(t), currentSums(t, g.out)
			for range r.IntN(4) {
				ended := g.kill(t, r)
				if !ended {
					killed++
				}
				switch got := currentSums(t, g.out); {
				case maps.Equal(got, before):
				case maps.Equal(got, want):
					if !ended {
						published++
					}
				default:
					t.Fatalf("after a kill, the current snapshot is neither the one before nor the one after:\n%s", cmp.Diff(want, got))
				}
				if id, err := snapshot.CurrentID(g.out); err != nil || id != "" {
					sound(t, g.out)
				}
				if t.Failed() {
					return
				}
			}
			cmd, stderr := g.command()
			if err := cmd.Run(); err != nil && cmd.ProcessState.ExitCode() != exitRefused {
				t.Fatalf("the run after: %v\n%s", err, stderr)
			}
			if diff := cmp.Diff(want, currentSums(t, g.out)); diff != "" {
				t.Fatalf("the run after (-afresh +after):\n%s", diff)
			}
			sound(t, g.out)
			if left := leftovers(t, g.out); len(left) > 0 {
				t.Fatalf("the run after left %v", left)
			}
			resumed++
		}
	}
	t.Logf("%d runs killed, %d of them after the switch; %d runs after them came to what a run comes to that knows nothing", killed, published, resumed)
	if killed < *kills || resumed == 0 {
		t.Error("too few kills")
	}
}

// kill starts a run and kills it. It reports whether the run came to its end
// before that.
func (g *growing) kill(t *testing.T, r *rand.Rand) (ended bool) {
	t.Helper()
	cmd, stderr := g.command(fmt.Sprintf("run.workers=%d", 1+r.IntN(4)))
	// A first run takes 150 operations, one without a change fewer than 10.
	span := int64(8) << r.IntN(5)
	byTime := r.IntN(3) == 0
	if !byTime {
		cmd.Env = append(cmd.Env, fmt.Sprintf("%s=%d", killVariable, 1+r.Int64N(span)))
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if byTime {
		timer := time.AfterFunc(time.Duration(r.Int64N(2*span))*time.Millisecond, func() { _ = cmd.Process.Kill() })
		defer timer.Stop()
	}
	err := cmd.Wait()
	status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if ok && status.Signaled() {
		return false
	}
	if code := cmd.ProcessState.ExitCode(); code != exitDone && code != exitRefused {
		t.Fatalf("a run before it was killed: %v\n%s", err, stderr)
	}
	return true
}

// TestMemory: eight files that take 40 times their size when they are converted, and
// a bound that lets one of them in at a time.
func TestMemory(t *testing.T) {
	g := grow(t, 1, 0)
	text := []byte("\"" + strings.Repeat("a.[[RWK-POS]] ", 3<<20/14) + "\"")
	if raceEnabled {
		text = append(text[:1<<18:1<<18], '"') // memory and time are several times as much
	}
	for i := range 8 {
		g.put(t, fmt.Sprintf("%d_annotated.txt", i), text)
	}
	const bound = 256 << 20
	cmd, stderr := g.command("run.workers=4", "output.part_bytes=1MB", fmt.Sprintf("limits.memory_bytes=%d", bound))
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok || usage.Maxrss == 0 {
		t.Fatal("the system does not say how much memory was used")
	}
	peak := usage.Maxrss << 10
	if runtime.GOOS == "darwin" {
		peak = usage.Maxrss
	}
	t.Logf("%d MiB at most, and %d MiB allowed", peak>>20, bound>>20)
	if peak > 2*bound && !raceEnabled { // what is not a document counts too
		t.Error("the bound does not hold")
	}
}

// leftovers are names in the private folder of an output that no run needs.
func leftovers(t *testing.T, out string) []string {
	t.Helper()
	entries, err := os.ReadDir(out + "/.quern")
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, e := range entries {
		if !slices.Contains([]string{"format", "lock", "state"}, e.Name()) {
			left = append(left, e.Name())
		}
	}
	return left
}

// TestFullDisk lets each operation on the disk fail in turn, in a first run and in
// one over an earlier snapshot. It is always exit code 1 with what to do, what was
// current stays, and the next run comes to what it would have come to.
func TestFullDisk(t *testing.T) {
	for name, fault := range map[string]syscall.Errno{"full": syscall.ENOSPC, "broken": syscall.EIO} {
		for _, first := range []bool{true, false} {
			t.Run(fmt.Sprint(name, " first ", first), func(t *testing.T) {
				testFullDisk(t, fault, first)
			})
		}
	}
	t.Run("full arrow", func(t *testing.T) { testFullDisk(t, syscall.ENOSPC, true, "output.format=arrow") })
	t.Run("full both", func(t *testing.T) { testFullDisk(t, syscall.ENOSPC, false, "output.format=both") })
}

func testFullDisk(t *testing.T, fault syscall.Errno, first bool, settings ...string) {
	t.Helper()
	defer func() { outputDisk.Before = nil }()
	g := grow(t, 9, 30, append(settings, "run.workers=1", "output.part_bytes=8KB")...)
	if !first {
		g.mustRun(t, g.out, runOptions{})
		for range 4 {
			g.edit(t)
		}
	}
	before, want := currentSums(t, g.out), g.afresh(t)
	failed := 0
	for n := 1; ; n++ {
		count, op, path := 0, disk.Op(""), ""
		outputDisk.Before = func(o disk.Op, p string) error {
			if o == disk.OpRemove || o == disk.OpClose {
				return nil // these need no room
			}
			if count++; count == n {
				op, path = o, p
				return fault
			}
			return nil
		}
		_, err := g.run(t, g.out, runOptions{})
		outputDisk.Before = nil
		if err == nil {
			if op == "" {
				break // there are no more operations
			}
			if strings.Contains(path, "holder.json") {
				undo(t, g, first) // it is for people, and the run does without
				continue
			}
			if op == disk.OpLink && fault != syscall.ENOSPC || op == disk.OpSymlink && fault != syscall.ENOSPC {
				checkTaken(t, g, want) // a copy, or a file, did as well
				undo(t, g, first)
				continue
			}
			t.Fatalf("operation %d, %s %s: the fault went unnoticed", n, op, path)
		}
		failed++
		stderr := new(bytes.Buffer)
		if code := exitCode(err, stderr); code != exitFailed || !errors.Is(err, fault) {
			t.Fatalf("operation %d, %s %s: exit code %d, %v", n, op, path, code, err)
		}
		if fault == syscall.ENOSPC && !strings.Contains(stderr.String(), "make room") {
			t.Errorf("operation %d, %s %s: %s", n, op, path, stderr)
		}
		got := currentSums(t, g.out)
		if strings.Contains(err.Error(), "is published, but") {
			checkTaken(t, g, want)
			undo(t, g, first)
			continue
		}
		if diff := cmp.Diff(before, got); diff != "" {
			t.Fatalf("operation %d, %s %s changed what is current:\n%s", n, op, path, diff)
		}
	}
	if failed < 30 {
		t.Errorf("only %d operations failed", failed)
	}
	checkTaken(t, g, want)
	sound(t, g.out)
}

func checkTaken(t *testing.T, g *growing, want map[string]string) {
	t.Helper()
	if diff := cmp.Diff(want, currentSums(t, g.out)); diff != "" {
		t.Fatalf("-afresh +got:\n%s", diff)
	}
}

// undo takes the current snapshot back.
func undo(t *testing.T, g *growing, first bool) {
	t.Helper()
	if first {
		if err := os.RemoveAll(g.out); err != nil {
			t.Fatal(err)
		}
		return
	}
	o, err := snapshot.Open(t.Context(), g.out, nil, snapshot.Holder{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	if _, err := o.Rollback(""); err != nil {
		t.Fatal(err)
	}
}
