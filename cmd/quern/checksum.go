package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/records"
	"github.com/quern-data/quern/stages/snapshot"
)

// columnSum is a line of quern checksum.
type columnSum struct {
	Table    string `json:"table"`
	Column   string `json:"column"`
	Rows     int64  `json:"rows"`
	Nulls    int64  `json:"nulls"`
	Checksum string `json:"checksum"` // 16 digits, in hexadecimal
}

func newChecksumCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "checksum OUT [TABLE...]",
		Short: "Add up the values of each column, to compare with what another program reads",
		Long: `Checksum reads all tables of the current snapshot, or of the snapshot whose folder is
given, or those that are named, and prints for each column how many rows and NULLs it has,
and a checksum of its values, which does not depend on their order. * is that of whole rows.

Any program can compute it. Each value is written as bytes: NULL as N; true and false as T
and F; an integer as I, its decimal digits and ;; a double as D and its 8 bytes, big-endian,
with 7ff8000000000000 for what is no number; a string as S, its length in bytes as decimal
digits, : and its UTF-8; a list as [, its elements and ]; a struct as (, its fields in their
order and ); a map as {, each key and its value, by the bytes of the keys, and }. The hash of
a value is the first 8 bytes of the SHA-256 of that, as a big-endian integer. The checksum
of a column is the sum of these modulo 2^64, and that of rows the same for all values of a
row, one behind the other in the order of the columns.`,
		Example: "  quern checksum out labels --format json",
		Args:    usageArgs(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			tables, err := chooseTables(args[1:])
			if err != nil {
				return err
			}
			if format != "text" && format != "json" {
				return usageError{fmt.Errorf("--format is %q, and must be text or json", format)}
			}
			readMuch()
			s, err := loadSnapshot(args[0])
			if err != nil {
				return err
			}
			var sums []columnSum
			for _, t := range tables {
				of, err := checksums(cmd.Context(), s, t)
				if err != nil {
					return err
				}
				sums = append(sums, of...)
			}
			return printChecksums(cmd.OutOrStdout(), sums, format == "json")
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "text, or json for an array of objects")
	return cmd
}

// checksums are those of the columns of a table, and last that of its rows.
func checksums(ctx context.Context, s *snapshot.Snapshot, t schema.Table) ([]columnSum, error) {
	table, err := records.Open(s, t.Name)
	if err != nil {
		return nil, err
	}
	parts, err := each(ctx, table.Parts(), table.Checksums)
	if err != nil {
		return nil, err
	}
	var sums []columnSum
	for i := range len(t.Columns) + 1 {
		name, sum := "*", records.Checksum{} // of rows
		if i < len(t.Columns) {
			name = t.Columns[i].Name
		}
		for _, part := range parts {
			sum.Add(part[i])
		}
		sums = append(sums, columnSum{t.Name, name, sum.Rows, sum.Nulls, fmt.Sprintf("%016x", sum.Sum)})
	}
	return sums, nil
}

func printChecksums(w io.Writer, sums []columnSum, asJSON bool) error {
	if asJSON {
		return printJSON(w, sums)
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "table\tcolumn\trows\tnulls\tchecksum")
	for _, s := range sums {
		fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%s\n", s.Table, s.Column, s.Rows, s.Nulls, s.Checksum)
	}
	return table.Flush()
}
