package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/quern-data/quern/pipeline"
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/snapshot"
	"github.com/quern-data/quern/stages/verifier"
)

// snapshotInfo is a line of quern snapshots.
type snapshotInfo struct {
	ID        string               `json:"id"`
	Current   bool                 `json:"current"`
	Made      time.Time            `json:"made"`
	Documents int                  `json:"documents"`
	Refused   int                  `json:"refused"`
	Sentences int                  `json:"sentences"`
	Labels    int                  `json:"labels"` // with those that could not be resolved
	ByLayer   map[string]int       `json:"labels_by_layer"`
	Since     *snapshot.Difference `json:"since_the_one_before,omitempty"`
	Error     string               `json:"error,omitempty"`
}

func newSnapshotsCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "snapshots OUT",
		Short: "List the snapshots of an output, and what changed from one to the next",
		Long: `Snapshots lists what the runs into an output folder published, oldest first: how many
documents, sentences and labels there are, and how many documents were added, changed and
removed, and labels gained and lost by layer, since the snapshot before. * is the current
one, which readers see.`,
		Example: "  quern snapshots out",
		Args:    usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			// Where it is unclear which is current, the list is what one needs.
			list, trouble := listSnapshots(args[0])
			if !asJSON && list != nil {
				return errors.Join(printSnapshots(cmd.OutOrStdout(), list), trouble)
			}
			e := json.NewEncoder(cmd.OutOrStdout())
			for i := range list {
				if err := e.Encode(&list[i]); err != nil {
					return err
				}
			}
			return trouble
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a line of JSON for each")
	return cmd
}

func listSnapshots(dir string) ([]snapshotInfo, error) {
	current, trouble := snapshot.CurrentID(dir)
	ids, err := someSnapshots(dir)
	if err != nil {
		return nil, err
	}
	list := make([]snapshotInfo, len(ids))
	var before *snapshot.Snapshot
	for i, id := range ids {
		list[i] = snapshotInfo{ID: id, Current: id == current}
		s, err := snapshot.Load(snapshot.Dir(dir, id))
		if err == nil {
			err = list[i].describe(before, s)
		}
		if err != nil {
			list[i].Error = err.Error()
		}
		before = s
	}
	return list, trouble
}

// someSnapshots are the ids of an output that must have some.
func someSnapshots(dir string) ([]string, error) {
	ids, err := snapshot.IDs(dir)
	if err == nil && len(ids) == 0 {
		err = fmt.Errorf("%s has no snapshots: it is no output of quern run, or none was published", dir)
	}
	return ids, err
}

func (i *snapshotInfo) describe(before, s *snapshot.Snapshot) error {
	if info, err := os.Stat(filepath.Join(s.Dir, snapshot.SuccessName)); err == nil {
		i.Made = info.ModTime().UTC().Truncate(time.Second)
	}
	c := &s.Counts
	i.Documents, i.Refused, i.Sentences, i.Labels, i.ByLayer = c.Written, c.Refused, c.Sentences, c.Labels, c.LabelsByLayer
	if before == nil {
		return nil
	}
	since, err := snapshot.Diff(before, s)
	if err != nil {
		return err
	}
	i.Since = &since
	return nil
}

func printSnapshots(w io.Writer, list []snapshotInfo) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, " \tsnapshot\tmade\tdocuments\trefused\tsentences\tlabels\tsince the one before")
	for i := range list {
		s := &list[i]
		mark := " "
		if s.Current {
			mark = "*"
		}
		if s.Error != "" {
			fmt.Fprintf(table, "%s\t%s\t\t\t\t\t\t%s\n", mark, s.ID, schema.Printable(s.Error))
			continue
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", mark, s.ID, s.Made.Format("2006-01-02 15:04:05Z"),
			thousands(s.Documents), thousands(s.Refused), thousands(s.Sentences), thousands(s.Labels), since(s.Since))
	}
	return table.Flush()
}

// since is a difference on one line.
func since(d *snapshot.Difference) string {
	switch {
	case d == nil:
		return "-"
	case d.Added+d.Changed+d.Removed == 0 && len(d.Labels) == 0:
		return "the same documents"
	}
	text := fmt.Sprintf("documents +%s ~%s -%s", thousands(d.Added), thousands(d.Changed), thousands(d.Removed))
	var layers []string
	for _, layer := range slices.Sorted(maps.Keys(d.Labels)) {
		layers = append(layers, layer+" "+signed(d.Labels[layer]))
	}
	if len(layers) > 0 {
		text += "; labels " + strings.Join(layers, ", ")
	}
	return schema.Printable(text)
}

func signed(n int) string {
	if n < 0 {
		return "-" + thousands(-n)
	}
	return "+" + thousands(n)
}

func newRollbackCommand() *cobra.Command {
	var wait waitFlag
	cmd := &cobra.Command{
		Use:   "rollback OUT [SNAPSHOT]",
		Short: "Make an earlier snapshot the current one",
		Long: `Rollback makes a snapshot of an output the current one again: the one that is named, or
the newest sound one before the current one. Nothing is removed: with its name, rollback
leads to any other.`,
		Example: "  quern rollback out\n  quern rollback out 000003-5f0c1d2e3a4b",
		Args:    usageArgs(cobra.RangeArgs(1, 2)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withOutput(cmd, args[0], wait.d, func(o *snapshot.Output) error {
				id := ""
				if len(args) == 2 {
					id = args[1]
				}
				id, err := o.Rollback(id)
				if err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s is the current snapshot\n", id)
				return nil
			})
		},
	}
	wait.add(cmd)
	return cmd
}

func newGCCommand() *cobra.Command {
	var (
		wait   waitFlag
		keep   int
		staged bool
	)
	cmd := &cobra.Command{
		Use:   "gc OUT",
		Short: "Remove old snapshots",
		Long: `Gc removes all snapshots of an output but the newest and the current one. Parts that a
remaining snapshot shares stay on the disk. A reader that has a removed part open reads
on; one that opens it later does not find it, so keep as many as readers need time.`,
		Example: "  quern gc out --keep 30",
		Args:    usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if keep < 1 {
				return usageError{fmt.Errorf("--keep is %d, and must be 1 or more", keep)}
			}
			return withOutput(cmd, args[0], wait.d, func(o *snapshot.Output) error {
				removed, err := o.Collect(keep)
				for _, id := range removed {
					fmt.Fprintf(cmd.OutOrStdout(), "removed %s\n", id)
				}
				if err == nil && staged {
					err = o.Unstage()
				}
				if err == nil && len(removed) == 0 {
					fmt.Fprintln(cmd.OutOrStdout(), "no snapshot to remove")
				}
				return err
			})
		},
	}
	cmd.Flags().IntVar(&keep, "keep", 0, "how many of the newest snapshots stay; the current one does in any case")
	cmd.Flags().BoolVar(&staged, "staged", false, "remove also what a run completed and did not publish")
	wait.add(cmd)
	return cmd
}

// withOutput works on an output that exists.
func withOutput(cmd *cobra.Command, dir string, wait time.Duration, work func(*snapshot.Output) error) error {
	if _, err := someSnapshots(dir); err != nil {
		return err
	}
	log, err := newLogger("text", cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	o, err := openOutput(cmd.Context(), dir, wait, time.Now(), log)
	if err != nil {
		return err
	}
	return errors.Join(work(o), o.Close())
}

// waitFlag is the flag --wait.
type waitFlag struct{ d time.Duration }

// forever is how long --wait waits if it is not told.
const forever = 100 * 365 * 24 * time.Hour

func (w *waitFlag) add(cmd *cobra.Command) {
	cmd.Flags().DurationVar(&w.d, "wait", 0, "how long to wait for another run into the same output, e.g. --wait=10m; without a time, until it ends")
	cmd.Flags().Lookup("wait").NoOptDefVal = forever.String()
}

func newVerifyCommand() *cobra.Command {
	var (
		level   string
		workers int
	)
	cmd := &cobra.Command{
		Use:   "verify OUT",
		Short: "Read the tables back, and compare them with what was promised",
		Long: `Verify opens every part of the current snapshot, or of the snapshot whose folder is
given, with a reader that is not the writer, and looks for whatever is not as it was
written: files, sizes, SHA-256, schemas, row counts, order, spans, keys between the tables,
statistics, sums. It lists what it finds, and exits with 1 if that is anything.

--level fast looks at files, sizes, footers and sums, and at no value.`,
		Example: "  quern verify out\n  quern verify out/snapshots/000003-5f0c1d2e3a4b --level fast",
		Args:    usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if workers < 0 {
				return usageError{fmt.Errorf("--workers is %d, and must be 0 or more", workers)}
			}
			if level != string(verifier.Full) && level != string(verifier.Fast) {
				return usageError{fmt.Errorf("--level is %q, and must be full or fast", level)}
			}
			s, err := loadSnapshot(args[0])
			if err != nil {
				return err
			}
			problems, err := verifySnapshot(cmd.Context(), s, verifier.Level(level), workers, false)
			if err != nil {
				return err
			}
			w := cmd.OutOrStdout()
			for _, p := range problems {
				fmt.Fprintln(w, schema.Printable(p.String()))
			}
			if len(problems) > 0 {
				return fmt.Errorf("%s: %s; quern run --full makes a sound snapshot, quern rollback goes back to one",
					s.ID, plural(len(problems), "problem", "problems"))
			}
			fmt.Fprintf(w, "%s is sound: %s, %s, %s, %s", s.ID, plural(len(s.AllParts()), "part", "parts"),
				plural(s.Counts.Written, "document", "documents"), plural(s.Counts.Sentences, "sentence", "sentences"),
				plural(s.Counts.Labels, "label", "labels"))
			if n := s.Counts.Relations; n > 0 {
				fmt.Fprintf(w, ", %s", plural(n, "relation", "relations"))
			}
			fmt.Fprintln(w)
			return nil
		},
	}
	cmd.Flags().StringVar(&level, "level", string(verifier.Full), "full, or fast")
	cmd.Flags().IntVar(&workers, "workers", 0, "shards verified at the same time; 0 is one a processor")
	return cmd
}

// loadSnapshot reads the manifest of the current snapshot of an output, or of the
// snapshot in dir.
func loadSnapshot(dir string) (*snapshot.Snapshot, error) {
	dir, err := snapshot.Resolve(dir)
	if err != nil {
		return nil, err
	}
	return snapshot.Load(dir)
}

// printJSON prints a value for people to read too.
func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// each is what do makes of 0 to n-1, in this order. Several are made at the same time.
func each[T any](ctx context.Context, n int, do func(ctx context.Context, i int) (T, error)) ([]T, error) {
	made := make([]T, n)
	err := pipeline.Each(ctx, n, 0, func(ctx context.Context, i int) (err error) {
		made[i], err = do(ctx, i)
		return err
	})
	return made, err
}

// verifySnapshot lists what is not as it was written. hashOnly looks at the bytes of
// the shards, and not at their values.
func verifySnapshot(ctx context.Context, s *snapshot.Snapshot, level verifier.Level, workers int, hashOnly bool) ([]verifier.Problem, error) {
	problems, byShard, err := verifyShards(ctx, s, level, workers, func(int) bool { return hashOnly }, func(int) *seconds { return nil })
	return slices.Concat(append([][]verifier.Problem{problems}, byShard...)...), err
}

// verifyShards is verifySnapshot, with the problems of each shard apart. hashOnly
// says for each whether its bytes are to be looked at alone, and took, where its
// time is to be noted.
func verifyShards(ctx context.Context, s *snapshot.Snapshot, level verifier.Level, workers int, hashOnly func(shard int) bool, took func(shard int) *seconds) (problems []verifier.Problem, byShard [][]verifier.Problem, err error) {
	v := verifier.New(s, level)
	problems = v.Start()
	byShard = make([][]verifier.Problem, len(s.Shards))
	order := largestFirst(len(s.Shards), func(i int) (bytes int64) {
		for _, p := range slices.Concat(s.Shards[i].Parts, s.Shards[i].Arrow) {
			bytes += p.Bytes
		}
		return bytes
	})
	err = pipeline.Each(ctx, len(order), workers, func(ctx context.Context, at int) (err error) {
		i := order[at]
		start := time.Now()
		byShard[i], err = v.Shard(ctx, i, hashOnly(i))
		took(i).since(start)
		return err
	})
	return problems, byShard, err
}
