// Command quern turns corpora of annotated text into Parquet tables of
// sentence-level labels.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/stages/disk"
)

// The exit codes, as documented in the help.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitRefused     = 3
	exitInterrupted = 130
)

// errRefused says that a run is done and published, without some documents.
var errRefused = errors.New("some documents were refused")

// usageError is a mistake on the command line.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// collectAt is by how much the heap may grow before it is collected, in percent.
// Most of it is buffers, in which the collector has nothing to look for.
const collectAt = 20

// readMuch has less be collected: what reads tables batch by batch holds little, and
// leaves much behind.
func readMuch() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectReadingAt)
	}
}

// collectReadingAt is collectAt for what reads tables.
const collectReadingAt = 100

// grace is how long an interrupted run has to put its things away. What it leaves
// after that, the next run removes.
const grace = 400 * time.Millisecond

// run is the whole program but for the exit. A first signal ends it within a
// second, a second one at once.
func run(args []string, stdout, stderr io.Writer) int {
	signal.Ignore(syscall.SIGPIPE) // to end in the middle of something because nobody reads
	ctx, stop := signal.NotifyContext(context.Background(), endings()...)
	finished := make(chan struct{})
	defer stop()
	defer close(finished)
	root := newRoot()
	root.SetArgs(args)
	late := "quern: interrupted"
	if cmd, _, err := root.Find(args); err == nil && cmd.Name() == "run" {
		late += "; what was current is, or what was just being published"
	}
	context.AfterFunc(ctx, func() {
		stop()
		select {
		case <-finished:
		case <-time.After(grace):
			fmt.Fprintln(stderr, late)
			os.Exit(exitInterrupted)
		}
	})
	out := &checkedWriter{w: stdout}
	root.SetOut(out)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		err = out.err
	}
	return exitCode(err, stderr)
}

// endings are the signals that end a run: not those that whoever started it had
// ignored, as nohup does.
func endings() []os.Signal {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP}
	return slices.DeleteFunc(signals, signal.Ignored)
}

// printLast prints what a command that has done its work has to say: that nobody can
// read it does not undo the work.
func printLast(cmd *cobra.Command, write func(io.Writer)) error {
	var text bytes.Buffer
	write(&text)
	w := cmd.OutOrStdout()
	if checked, ok := w.(*checkedWriter); ok {
		w = checked.w
	}
	_, err := w.Write(text.Bytes())
	return err
}

// checkedWriter remembers the first error of writing, which those who print
// need not look at.
type checkedWriter struct {
	w   io.Writer
	err error
}

func (c *checkedWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	if err != nil && c.err == nil {
		c.err = fmt.Errorf("standard output: %w", err)
	}
	return n, err
}

// exitCode maps an error to its exit code, and says what it was.
func exitCode(err error, stderr io.Writer) int {
	var (
		usage    usageError
		problems config.Problems
	)
	switch {
	case err == nil || isUnread(err):
		return exitDone
	case errors.Is(err, errRefused):
		return exitRefused
	case errors.Is(err, errInterrupted):
		fmt.Fprintln(stderr, "quern: interrupted")
		return exitInterrupted
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(stderr, "quern: interrupted; nothing was published")
		return exitInterrupted
	case errors.As(err, &problems):
		for _, p := range problems {
			fmt.Fprintln(stderr, p)
		}
		fmt.Fprintf(stderr, "quern: %s in the configuration\n", plural(len(problems), "mistake", "mistakes"))
		return exitUsage
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "quern: %v\nquern help shows how it is used.\n", err)
		return exitUsage
	default:
		fmt.Fprintf(stderr, "quern: %v%s\n", err, cure(err))
		return exitFailed
	}
}

// isUnread reports whether all that went wrong is that the reader of standard output
// has seen enough, as head has.
func isUnread(err error) bool {
	var joined interface{ Unwrap() []error }
	if !errors.As(err, &joined) {
		return errors.Is(err, syscall.EPIPE)
	}
	return !slices.ContainsFunc(joined.Unwrap(), func(err error) bool { return !isUnread(err) })
}

// cure is what to do about an error of the output's disk, where its own words do
// not tell.
func cure(err error) string {
	switch output := new(disk.Error); {
	case !errors.As(err, &output):
	case errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT):
		return "; make room (quern gc removes old snapshots) and run again: what was completed is not made again"
	case errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS):
		return "; the user that runs quern must be able to write there"
	}
	return ""
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "quern",
		Short: "Grind annotated corpora into Parquet",
		Long: `Quern turns corpora of annotated text into Parquet tables of sentence-level labels,
which DuckDB, Spark, Polars and pandas load as they are.

  quern init DIR -o CONFIG            look at a new corpus, and write a config for it
  quern run --corpus DIR --out OUT    convert a folder with the built-in profile
  quern run CONFIG                    convert what a config file describes

Exit codes: 0 done; 1 failed, nothing was published; 2 a mistake in the command line or
the configuration; 3 done, but documents were refused or folders could not be read;
130 interrupted. Who stops reading the output, as head does, makes no failure of it.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          usageArgs(cobra.NoArgs),
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(
		newInitCommand(), newRunCommand(), newCheckCommand(), newPreviewCommand(), newPlanCommand(), newCountCommand(),
		newCatCommand(), newChecksumCommand(), newAgreementCommand(), newSplitsCommand(), newQueryCommand(), newExportCommand(),
		newSnapshotsCommand(), newVerifyCommand(), newRollbackCommand(), newGCCommand(),
		newSchemaCommand(), newConfigCommand(), newExplainCommand(), newVersionCommand(), newGenCommand(),
	)
	return root
}

// usageArgs marks the errors of an argument check as mistakes of usage.
func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageError{err}
		}
		return nil
	}
}

// plural is a number with its noun.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return thousands(n) + " " + many
}
