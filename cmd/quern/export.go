package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

func newExportCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write the tables as a database",
		Args:  usageArgs(cobra.NoArgs),
		RunE:  func(*cobra.Command, []string) error { return usageError{errors.New("export wants duckdb")} },
	}
	cmd.AddCommand(newExportDuckDBCommand())
	return cmd
}

func newExportDuckDBCommand() *cobra.Command {
	var (
		bounds  duckFlags
		replace bool
	)
	cmd := &cobra.Command{
		Use:   "duckdb OUT FILE",
		Short: "Write a DuckDB file with the tables, keys, views and comments",
		Long: `Export makes a DuckDB database of the current snapshot, or of the snapshot whose folder is
given: the six tables with their keys, the views of quern query, a comment on each of them
and on each column, and a table metadata that says which snapshot it is. The file appears
when it is complete, and DuckDB from version 1.1 on opens it.` + absentNote(),
		Example: "  quern export duckdb out reviews.duckdb\n  quern export duckdb out reviews.duckdb --replace --memory 4GB",
		Args:    usageArgs(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := bounds.check(); err != nil {
				return err
			}
			to, err := findTarget(args[1], replace)
			if err != nil {
				return err
			}
			if strings.Contains(to.name, "?") {
				return usageError{fmt.Errorf("DuckDB makes no database whose path has a ?, as that of %s: choose another place", to.name)}
			}
			return bounds.withSession(cmd.Context(), args[0], func(ctx context.Context, s *duckSession) error {
				err := to.write(ctx, func(file string) error {
					// DuckDB would take what another one left for changes to the new file.
					if _, err := os.Lstat(to.name + ".wal"); !errors.Is(err, fs.ErrNotExist) {
						return errors.Join(err, fmt.Errorf("%s.wal exists: %s is open in DuckDB, or was not closed; close it first", args[1], args[1]))
					}
					return s.Export(ctx, s.snapshot, file)
				})
				if err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s has snapshot %s\n", args[1], s.snapshot.ID)
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&replace, "replace", false, "replace the file if it exists")
	bounds.addFlags(cmd)
	return cmd
}
