package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/records"
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
columns ORDER BY count(*) DESC, and reads the columns it needs and no others. NULL is shown
as NULL, the text NULL in quotation marks, and --where takes both as they are shown.`,
		Example: `  quern count out --by layer,label,polarity
  quern count out --by label,polarity --where layer=aspect --where decision=rejected
  quern count out --table documents --by venue,year --where decision=NULL`,
		Args: usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if top < 0 {
				return usageError{fmt.Errorf("--top is %d, and must be 0 or more", top)}
			}
			tables, err := chooseTables([]string{table})
			if err != nil {
				return err
			}
			q, err := newCountQuery(tables[0], by, where)
			if err != nil {
				return err
			}
			rows, err := q.run(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return q.print(cmd.OutOrStdout(), rows, top)
		},
	}
	cmd.Flags().StringVar(&table, "table", "labels", "table to count")
	cmd.Flags().StringSliceVar(&by, "by", []string{"layer", "label", "polarity"}, "columns to group by")
	cmd.Flags().StringArrayVar(&where, "where", nil, "count only rows where column=value; may be repeated; column=NULL is NULL, column=\"NULL\" the text")
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
		c, err := chooseColumn(table, name)
		if err != nil {
			return nil, err
		}
		if kind := c.Type.Kind; kind == schema.List || kind == schema.Map {
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
func (q *countQuery) run(ctx context.Context, dir string) ([]countRow, error) {
	readMuch()
	s, err := loadSnapshot(dir)
	if err != nil {
		return nil, err
	}
	if n := int(s.Counts.Rows[q.table.Name]); len(q.columns) == 0 && n > 0 {
		return []countRow{{n: n}}, nil
	}
	table, err := records.Open(s, q.table.Name, q.columns...)
	if err != nil {
		return nil, err
	}
	parts, err := each(ctx, table.Parts(), func(ctx context.Context, i int) (partCount, error) {
		part := newPartCount(q)
		err := part.read(table.Part(ctx, i))
		return part, err
	})
	if err != nil {
		return nil, err
	}
	total := map[string]*countRow{}
	var key []byte
	for _, part := range parts {
		for _, row := range part.counts {
			key = key[:0]
			for _, value := range row.values {
				key = append(binary.AppendUvarint(key, uint64(len(value))), value...)
			}
			if same := total[string(key)]; same != nil {
				same.n += row.n
			} else {
				total[string(key)] = row
			}
		}
	}
	rows := make([]countRow, 0, len(total))
	for _, row := range total {
		rows = append(rows, *row)
	}
	slices.SortFunc(rows, func(a, b countRow) int {
		return cmp.Or(cmp.Compare(b.n, a.n), slices.Compare(a.values, b.values))
	})
	return rows, nil
}

// partCount counts the rows of a part.
type partCount struct {
	query   *countQuery
	columns []records.Distinct
	counts  map[string]*countRow // by the places of its values
}

func newPartCount(q *countQuery) partCount {
	return partCount{q, make([]records.Distinct, len(q.columns)), map[string]*countRow{}}
}

func (t *partCount) read(batches iter.Seq2[records.Batch, error]) error {
	var key, last []byte
	var row *countRow // of the key
	for batch, err := range batches {
		if err != nil {
			return err
		}
		for i := range t.columns {
			t.columns[i].Read(batch.Column(i))
		}
		for i := range int(batch.NumRows()) {
			if !t.wanted(i) {
				continue
			}
			key = key[:0]
			for j := range t.query.groups {
				key = binary.LittleEndian.AppendUint32(key, t.columns[j].Codes[i])
			}
			if row == nil || !bytes.Equal(key, last) {
				last = append(last[:0], key...)
				row = t.row(key, i)
			}
			row.n++
		}
	}
	return nil
}

// wanted reports whether a row of the batch is one of those to be counted.
func (t *partCount) wanted(i int) bool {
	for j, want := range t.query.values {
		c := &t.columns[t.query.groups+j]
		if c.Values[c.Codes[i]] != want {
			return false
		}
	}
	return true
}

// row is where rows like that one of the batch are counted.
func (t *partCount) row(key []byte, i int) *countRow {
	row := t.counts[string(key)]
	if row == nil {
		row = &countRow{}
		for j := range t.query.groups {
			c := &t.columns[j]
			row.values = append(row.values, c.Values[c.Codes[i]])
		}
		t.counts[string(key)] = row
	}
	return row
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
