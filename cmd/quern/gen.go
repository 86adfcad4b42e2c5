package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/quern-data/quern/internal/gen"
)

func newGenCommand() *cobra.Command {
	var o gen.Options
	cmd := &cobra.Command{
		Use:    "gen DIR",
		Short:  "Generate a corpus of invented reviews, for tests and benchmarks",
		Hidden: true,
		Args:   usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			stats, err := gen.Write(args[0], o)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%+v\n", stats)
			return err
		},
	}
	cmd.Flags().Uint64Var(&o.Seed, "seed", 1, "seed: the same corpus for the same seed")
	cmd.Flags().IntVar(&o.Documents, "documents", 1000, "how many reviews")
	cmd.Flags().IntVar(&o.MeanBytes, "bytes", 2300, "mean size of a review in bytes")
	cmd.Flags().Float64Var(&o.QuirkRate, "quirks", 0.02, "how many of the label groups are mistyped, from 0 to 1")
	cmd.Flags().IntVar(&o.Layers, "layers", 2, "layers of labels, 2 or 4")
	cmd.Flags().BoolVar(&o.Twins, "twins", true, "write the unannotated twins too")
	return cmd
}
