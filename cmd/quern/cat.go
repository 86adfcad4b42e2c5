package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/records"
)

func newCatCommand() *cobra.Command {
	var (
		columns []string
		format  string
	)
	cmd := &cobra.Command{
		Use:   "cat OUT TABLE",
		Short: "Write a table to standard output, as JSON lines, CSV or Arrow",
		Long: `Cat writes all rows of a table of the current snapshot, or of the snapshot whose folder is
given, in the order of its parts.

jsonl is an object of JSON a line, with NULL as null. csv is RFC 4180 with a header, NULL as
nothing and the empty string as "", so that they differ; lists and maps are JSON. In CSV of
one column both are "": most readers skip empty lines. arrow is an Arrow IPC stream, with
the schema that quern schema --format arrow prints.`,
		Example: `  quern cat out labels --columns layer,label,polarity | head
  quern cat out labels --format csv | duckdb -c "SELECT count(*) FROM read_csv('/dev/stdin')"
  quern cat out sentences --format arrow |
    python -c "import sys, pyarrow; print(pyarrow.ipc.open_stream(sys.stdin.buffer).read_all())"`,
		Args: usageArgs(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, args []string) error {
			tables, err := chooseTables(args[1:])
			if err != nil {
				return err
			}
			if cmd.Flags().Changed("columns") && len(columns) == 0 {
				return usageError{errors.New("--columns names no column")}
			}
			for i, name := range columns {
				if _, err := chooseColumn(tables[0], name); err != nil {
					return err
				}
				if slices.Contains(columns[:i], name) {
					return usageError{fmt.Errorf("--columns names %s twice", name)}
				}
			}
			formats := map[string]func(*records.Table, context.Context, io.Writer) error{
				"jsonl": (*records.Table).WriteJSONL, "csv": (*records.Table).WriteCSV, "arrow": (*records.Table).WriteArrow,
			}
			write := formats[format]
			if write == nil {
				return usageError{fmt.Errorf("--format is %q, and must be jsonl, csv or arrow", format)}
			}
			readMuch()
			s, err := loadSnapshot(args[0])
			if err != nil {
				return err
			}
			table, err := records.Open(s, tables[0].Name, columns...)
			if err != nil {
				return err
			}
			return write(table, cmd.Context(), cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringSliceVar(&columns, "columns", nil, "columns to write, in this order; all if none is named")
	cmd.Flags().StringVar(&format, "format", "jsonl", "jsonl, csv or arrow")
	return cmd
}

// chooseColumn finds a column of a table.
func chooseColumn(table schema.Table, name string) (schema.Column, error) {
	for _, c := range table.Columns {
		if c.Name == name {
			return c, nil
		}
	}
	return schema.Column{}, usageError{fmt.Errorf("the table %s has no column %q", table.Name, name)}
}
