package main

import (
	"bufio"
	"cmp"
	"io"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/width"

	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/duck"
	"github.com/quern-data/quern/stages/records"
)

// printResult prints a result as a table whose columns are aligned, and how many
// rows it has. If screen is not 0, cells are cut so that rows fit into as many columns.
func printResult(to io.Writer, r *duck.Result, screen int) error {
	w := bufio.NewWriter(to)
	switch {
	case r.Plan:
		for _, row := range r.Rows {
			w.WriteString(strings.TrimRight(row[len(row)-1].String, "\n") + "\n")
		}
		return w.Flush()
	case len(r.Rows) == 0 && !r.Selects:
		return nil
	}
	cells := make([][]string, 0, len(r.Rows)+1)
	cells = append(cells, make([]string, len(r.Columns)))
	for i, name := range r.Columns {
		cells[0][i] = schema.Printable(name)
	}
	for _, row := range r.Rows {
		line := make([]string, len(row))
		for i, cell := range row {
			line[i] = records.Null
			if cell.Valid {
				line[i] = records.Quoted(schema.Printable(cell.String))
			}
		}
		cells = append(cells, line)
	}
	widths := fit(cells, screen)
	for _, line := range cells {
		for i, cell := range line {
			cell = cut(cell, widths[i])
			pad := strings.Repeat(" ", widths[i]-textWidth(cell))
			switch {
			case r.Numeric[i]:
				w.WriteString(pad + cell)
			case i == len(line)-1:
				w.WriteString(cell)
			default:
				w.WriteString(cell + pad)
			}
			if i < len(line)-1 {
				w.WriteString("  ")
			}
		}
		w.WriteString("\n")
	}
	if r.More {
		w.WriteString("the first " + plural(len(r.Rows), "row", "rows") + "; there are more, and --rows says how many are shown\n")
	} else {
		w.WriteString(plural(len(r.Rows), "row", "rows") + "\n")
	}
	return w.Flush()
}

// minWidth is what is left of a cell in any case.
const minWidth = 6

// fit is how wide each column is, so that all fit onto the screen if it has one.
func fit(cells [][]string, screen int) []int {
	widths := make([]int, len(cells[0]))
	total := -2
	for i := range widths {
		for _, line := range cells {
			widths[i] = max(widths[i], textWidth(line[i]))
		}
		total += widths[i] + 2
	}
	if screen == 0 || total <= screen {
		return widths
	}
	// What is too much is taken from the widest columns: none is left wider than
	// limit, the highest by which all fit.
	ordered := slices.Clone(widths)
	slices.SortFunc(ordered, func(a, b int) int { return cmp.Compare(b, a) })
	limit := ordered[0]
	for i, over := 0, total-screen; i < len(ordered) && over > 0; i++ {
		next := 0
		if i+1 < len(ordered) {
			next = ordered[i+1]
		}
		step := min(limit-next, (over+i)/(i+1))
		limit -= step
		over -= step * (i + 1)
	}
	for i := range widths {
		widths[i] = min(widths[i], max(limit, minWidth))
	}
	return widths
}

// cut is s, or the start of it and an ellipsis if it is wider than that.
func cut(s string, columns int) string {
	if textWidth(s) <= columns {
		return s
	}
	used := 0
	for i, r := range s {
		if used += runeWidth(r); used > columns-1 {
			return s[:i] + "…"
		}
	}
	return s
}

// textWidth is how many columns of a terminal a text takes.
func textWidth(s string) int {
	if schema.IsASCII(s) {
		return len(s)
	}
	n := 0
	for _, r := range s {
		n += runeWidth(r)
	}
	return n
}

func runeWidth(r rune) int {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case width.LookupRune(r).Kind() == width.EastAsianWide || width.LookupRune(r).Kind() == width.EastAsianFullwidth:
		return 2
	}
	return 1
}
