package main

import (
	"encoding/json"
	"errors"

	"github.com/spf13/cobra"

	"github.com/quern-data/quern/stages/snapshot"
)

// shardPlan is a line of quern plan.
type shardPlan struct {
	Index     int    `json:"index"`
	Corpus    string `json:"corpus"`
	Identity  string `json:"identity"`
	Partition string `json:"partition,omitempty"` // its folder
	First     string `json:"first"`
	Last      string `json:"last"`
	Documents int    `json:"documents"`
	Bytes     int64  `json:"bytes"`
	Make      bool   `json:"make"`
	Why       string `json:"why"`
}

func newPlanCommand() *cobra.Command {
	var (
		from    source
		out     string
		options runOptions
	)
	cmd := &cobra.Command{
		Use:   "plan [CONFIG]",
		Short: "Print the shards of a run, and which of them it would make",
		Long: `Plan prints a line of JSON for each shard: a stretch of a corpus's documents, in the order
of their partitions and ids, that becomes one part of each table. make says whether a run would make it
or take it over from what is there, and why. Documents whose sizes and times do not tell
are read. Nothing is converted, and nothing written.

identity names the settings and the paths that decide what is in the shard. Any process
that makes a shard of the same identity of the same files makes the same bytes.`,
		Example: "  quern plan configs/peer-review-analyze.yaml",
		Args:    usageArgs(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("out") && out == "" {
				return usageError{errors.New("--out is empty")}
			}
			l, err := from.load(args, map[string]string{"output.dir": out})
			if err != nil {
				return err
			}
			log, err := newLogger("text", cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			j, err := newJob(l, options, log)
			if err != nil {
				return err
			}
			j.output, j.viewing = snapshot.View(l.Config.Output.Dir), true
			if err := j.look(); err != nil {
				return err
			}
			if err := j.plan(cmd.Context()); err != nil {
				return err
			}
			e := json.NewEncoder(cmd.OutOrStdout())
			for i := range j.shards {
				if err := e.Encode(j.describe(i)); err != nil {
					return err
				}
			}
			return nil
		},
	}
	from.addFlags(cmd)
	cmd.Flags().StringVar(&out, "out", "", "folder of the snapshots (output.dir)")
	cmd.Flags().BoolVar(&options.allowEmpty, "allow-empty", false, "go on if a corpus has no documents")
	return cmd
}

func (j *job) describe(i int) shardPlan {
	s := &j.shards[i]
	r := &j.runs[s.corpus]
	p := shardPlan{
		Index: i, Corpus: r.config.Name, Identity: s.identity, Bytes: s.entries.Bytes,
		Partition: snapshot.PartitionPath(j.Config.Output.PartitionBy, s.entries.Partition), Make: s.made == nil, Why: s.why,
	}
	for k := s.entries.Start; k < s.entries.End; k++ {
		id := r.plan.Entry(k).ID
		if id == "" {
			continue
		}
		if p.First == "" {
			p.First = id
		}
		p.Last = id
		p.Documents++
	}
	return p
}
