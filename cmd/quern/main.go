// Command quern turns corpora of annotated text into Parquet tables of
// sentence-level labels.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/quern-data/quern/config"
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

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is the whole program but for the exit.
func run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	root := newRoot()
	root.SetArgs(args)
	out := &checkedWriter{w: stdout}
	root.SetOut(out)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		err = out.err
	}
	return exitCode(err, stderr)
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
	case err == nil:
		return exitDone
	case errors.Is(err, errRefused):
		return exitRefused
	case errors.Is(err, syscall.EPIPE):
		return exitFailed // the reader has seen enough
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
		fmt.Fprintf(stderr, "quern: %v\n", err)
		return exitFailed
	}
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "quern",
		Short: "Grind annotated corpora into Parquet",
		Long: `Quern turns corpora of annotated text into Parquet tables of sentence-level labels,
which DuckDB, Spark, Polars and pandas load as they are.

  quern run --corpus DIR --out OUT    convert a folder with the built-in profile
  quern run CONFIG                    convert what a config file describes

Exit codes: 0 done; 1 failed, nothing was published; 2 a mistake in the command line or
the configuration; 3 done, but documents were refused or folders could not be read;
130 interrupted.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          usageArgs(cobra.NoArgs),
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(
		newRunCommand(), newCheckCommand(), newPreviewCommand(), newCountCommand(),
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
