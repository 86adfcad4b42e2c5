package main

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/parquet-go/parquet-go"
	"github.com/spf13/cobra"

	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/snapshot"
)

func newCountCommand() *cobra.Command {
	var (
		table string
		by    []string
		where []string
		top   int
	)
	cmd := &cobra.Command{
		Use:   "count OUT",
		Short: "Count the rows of a table by the values of its columns",
		Long: `Count answers the first question one asks of a corpus, without a database: how many
rows there are for each combination of values. It is SELECT columns, count(*) GROUP BY
columns ORDER BY count(*) DESC, and reads the columns it needs and no others.`,
		Example: `  quern count out --by layer,label,polarity
  quern count out --by label,polarity --where layer=aspect --where decision=rejected`,
		Args: usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			tables, err := chooseTables([]string{table})
			if err != nil {
				return err
			}
			q, err := newCountQuery(tables[0], by, where)
			if err != nil {
				return err
			}
			rows, err := q.run(args[0])
			if err != nil {
				return err
			}
			return q.print(cmd.OutOrStdout(), rows, top)
		},
	}
	cmd.Flags().StringVar(&table, "table", "labels", "table to count")
	cmd.Flags().StringSliceVar(&by, "by", []string{"layer", "label", "polarity"}, "columns to group by")
	cmd.Flags().StringArrayVar(&where, "where", nil, "count only rows where column=value; may be repeated")
	cmd.Flags().IntVar(&top, "top", 20, "how many rows to print; 0 prints all")
	return cmd
}

// countQuery is a grouped count over one table.
type countQuery struct {
	table   schema.Table
	columns []string // those grouped by, then those of where
	groups  int      // how many are grouped by
	values  []string // what each column of where must be
}

func newCountQuery(table schema.Table, by, where []string) (*countQuery, error) {
	q := &countQuery{table: table, columns: slices.Clone(by), groups: len(by)}
	for _, w := range where {
		column, value, found := strings.Cut(w, "=")
		if !found {
			return nil, usageError{fmt.Errorf("--where wants column=value, and got %q", w)}
		}
		q.columns = append(q.columns, column)
		q.values = append(q.values, value)
	}
	for _, name := range q.columns {
		i := slices.IndexFunc(table.Columns, func(c schema.Column) bool { return c.Name == name })
		if i < 0 {
			return nil, usageError{fmt.Errorf("the table %s has no column %q", table.Name, name)}
		}
		if kind := table.Columns[i].Type.Kind; kind == schema.List || kind == schema.Map {
			return nil, usageError{fmt.Errorf("the column %s is a %s, which count cannot group by", name, kind)}
		}
	}
	return q, nil
}

// countRow is one combination of values and how often it occurs.
type countRow struct {
	values []string
	n      int
}

// run counts over all parts of the current snapshot of an output, or of the
// snapshot in dir.
func (q *countQuery) run(dir string) ([]countRow, error) {
	dir, err := snapshot.Resolve(dir)
	if err != nil {
		return nil, err
	}
	s, err := snapshot.Load(dir)
	if err != nil {
		return nil, err
	}
	parts := len(s.Shards)
	if q.table.Name == snapshot.TaxonomyTable {
		parts = 1
	}
	counts := map[string]*countRow{}
	for i := range parts {
		if err := q.part(s, i, counts); err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Join(dir, s.PartPath(q.table.Name, i)), err)
		}
	}
	rows := make([]countRow, 0, len(counts))
	for _, row := range counts {
		rows = append(rows, *row)
	}
	slices.SortFunc(rows, func(a, b countRow) int {
		return cmp.Or(cmp.Compare(b.n, a.n), slices.Compare(a.values, b.values))
	})
	return rows, nil
}

// part counts over the part with the given number.
func (q *countQuery) part(s *snapshot.Snapshot, number int, counts map[string]*countRow) error {
	f, err := os.Open(filepath.Join(s.Dir, filepath.FromSlash(s.PartPath(q.table.Name, number))))
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	file, err := parquet.OpenFile(f, info.Size())
	if err != nil {
		return err
	}
	for _, rows := range file.RowGroups() {
		columns := make([][]string, len(q.columns))
		for i, name := range q.columns {
			leaf, found := file.Schema().Lookup(name)
			at := slices.Index(s.Dropped(), name)
			switch {
			case found:
				columns[i], err = readColumn(rows.ColumnChunks()[leaf.ColumnIndex], rows.NumRows())
			case at >= 0: // the folder has it
				columns[i] = slices.Repeat([]string{cmp.Or(s.Shards[number].Partition[at], null)}, int(rows.NumRows()))
			default:
				err = fmt.Errorf("there is no column %s", name)
			}
			if err != nil {
				return err
			}
		}
		q.tally(columns, int(rows.NumRows()), counts)
	}
	return nil
}

func (q *countQuery) tally(columns [][]string, rows int, counts map[string]*countRow) {
	var key []byte
rows:
	for i := range rows {
		for j, want := range q.values {
			if columns[q.groups+j][i] != want {
				continue rows
			}
		}
		key = key[:0]
		for j := range q.groups {
			value := columns[j][i]
			key = append(binary.AppendUvarint(key, uint64(len(value))), value...)
		}
		row := counts[string(key)]
		if row == nil {
			row = &countRow{}
			for j := range q.groups {
				row.values = append(row.values, columns[j][i])
			}
			counts[string(key)] = row
		}
		row.n++
	}
}

// null is how NULL is printed, and given to --where.
const null = "NULL"

// readColumn is the values of a column without repetition, as text.
func readColumn(chunk parquet.ColumnChunk, rows int64) ([]string, error) {
	out := make([]string, 0, rows)
	pages := chunk.Pages()
	defer pages.Close()
	buf := make([]parquet.Value, 1024)
	for {
		page, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		values := page.Values()
		for {
			n, err := values.ReadValues(buf)
			for _, v := range buf[:n] {
				if v.IsNull() {
					out = append(out, null)
				} else {
					out = append(out, v.String())
				}
			}
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return nil, err
			}
		}
		parquet.Release(page)
	}
}

func (q *countQuery) print(w io.Writer, rows []countRow, top int) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "%s\tcount\n", strings.Join(q.columns[:q.groups], "\t"))
	total, shown := 0, 0
	for i, row := range rows {
		total += row.n
		if top > 0 && i >= top {
			continue
		}
		shown++
		for _, value := range row.values {
			fmt.Fprintf(table, "%s\t", schema.Printable(value))
		}
		fmt.Fprintf(table, "%s\n", thousands(row.n))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%s of %s, %s in all\n", thousands(shown), plural(len(rows), "combination", "combinations"), plural(total, "row", "rows"))
	return err
}
