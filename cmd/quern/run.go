package main

import (
	"errors"
	"log/slog"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is the version of the program. It stands in the manifest.
const version = "0.1.0"

func newRunCommand() *cobra.Command {
	var (
		from      source
		out       string
		workers   string
		onError   string
		logFormat string
		options   runOptions
		wait      waitFlag
		times     string
		cpu       string
	)
	cmd := &cobra.Command{
		Use:   "run [CONFIG]",
		Short: "Convert corpora into Parquet tables",
		Long: `Run converts every corpus of a config file, or the folder given by --corpus, into the
tables documents, sentences, labels, diagnostics and taxonomy, and a manifest: a snapshot.
They appear together at OUT/current, when all are complete. Snapshots before it stay.

Of what an earlier run into the same folder converted, only the parts are made anew whose
files have changed, or for which the config has. If nothing has, no document is read and
nothing is published. --full makes everything anew: the tables are the same.`,
		Example: `  quern run configs/peer-review-analyze.yaml
  quern run --corpus ~/Downloads/Peer-Review-Analyze --out tables
  quern run nightly.yaml --wait=30m --log-format json`,
		Args: usageArgs(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			log, err := newLogger(logFormat, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			if cmd.Flags().Changed("out") && out == "" {
				return usageError{errors.New("--out is empty")}
			}
			l, err := from.load(args, map[string]string{
				"output.dir": out, "run.workers": workers, "run.on_error": onError,
			})
			if err != nil {
				return err
			}
			options.wait = wait.d
			if times != "" {
				options.timings = new(timings)
				outputDisk.Waiting = options.timings.waiting
			}
			if cpu != "" {
				stop, err := profile(cpu)
				if err != nil {
					return err
				}
				defer func() { err = errors.Join(err, stop()) }()
			}
			// The collector knows the bound too: it works harder near it.
			debug.SetMemoryLimit(int64(l.Config.Limits.MemoryBytes))
			if n := l.Config.Run.Workers; n > 0 {
				runtime.GOMAXPROCS(min(n, runtime.GOMAXPROCS(0)))
			}
			result, err := convert(cmd.Context(), l, options, log)
			if err != nil {
				return err
			}
			if times != "" {
				if err := options.timings.write(times); err != nil {
					return err
				}
			}
			if logFormat == "json" {
				log.Info("run done", "summary", slog.AnyValue(result.machine()))
			} else if err := printLast(cmd, result.print); err != nil {
				log.Warn("the run is done, and its summary could not be printed", "error", err)
			}
			if result.Stats.Refused+result.Stats.Unreadable > 0 {
				return errRefused
			}
			return nil
		},
	}
	from.addFlags(cmd)
	cmd.Flags().StringVar(&out, "out", "", "folder of the snapshots (output.dir)")
	cmd.Flags().StringVar(&workers, "workers", "", "processors to use, and parts made at the same time; 0 is all processors (run.workers)")
	cmd.Flags().StringVar(&onError, "on-error", "", "skip or fail, when a document cannot be converted (run.on_error)")
	cmd.Flags().BoolVar(&options.allowEmpty, "allow-empty", false, "go on if a corpus has no documents")
	cmd.Flags().BoolVar(&options.full, "full", false, "make everything anew, and take nothing over from earlier runs")
	wait.add(cmd)
	cmd.Flags().StringVar(&logFormat, "log-format", "text", "text, or json for machines: the summary too is then a log line")
	// The benchmarks ask for these.
	cmd.Flags().StringVar(&times, "timings", "", "file for the seconds that phases and shards took, as JSON")
	cmd.Flags().StringVar(&cpu, "cpuprofile", "", "file for a CPU profile")
	for _, name := range []string{"timings", "cpuprofile"} {
		cmd.Flags().Lookup(name).Hidden = true
	}
	return cmd
}
