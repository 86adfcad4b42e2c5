package schema

import (
	"fmt"
	"slices"
	"strings"
)

// PartitionColumns are the columns after whose values the folders of a table may
// be named: the corpus, and the attributes but rating. That is a double, which has
// many values, each with several ways to write it.
func PartitionColumns() []string {
	return []string{"corpus", "paper_id", "venue", "year", "reviewer", "decision", "split", "annotator"}
}

// Partitioned reports whether the parts of the table lie in folders named after
// the values of columns, where tables are partitioned: it has the attributes.
func (t *Table) Partitioned() bool {
	return !slices.ContainsFunc(PartitionColumns(), func(name string) bool { return !t.has(name) })
}

// Without is the table without the given columns if it is partitioned, else all of
// it.
func (t Table) Without(columns []string) Table {
	if t.Partitioned() {
		t.Columns = slices.DeleteFunc(slices.Clone(t.Columns), func(c Column) bool { return slices.Contains(columns, c.Name) })
	}
	return t
}

func (t *Table) has(column string) bool {
	return slices.ContainsFunc(t.Columns, func(c Column) bool { return c.Name == column })
}

// nullPartition is the value in the name of a folder for NULL and for the empty
// string.
const nullPartition = "__HIVE_DEFAULT_PARTITION__"

// PartitionFolder is the name of the folder for a value of a column, as Hive makes
// it: column=value, with characters that mean something in a path or a URL as %
// and two hexadecimal digits. "" is NULL. A value that reads like Hive's or
// DuckDB's word for NULL is escaped too: it says what it says.
func PartitionFolder(column, value string) string {
	var b strings.Builder
	b.WriteString(column + "=")
	if value == "" {
		b.WriteString(nullPartition)
	}
	isNull := value == nullPartition || strings.EqualFold(value, "NULL")
	for i := range len(value) {
		if c := value[i]; c < ' ' || c == 0x7f || strings.IndexByte(`"#%'*/:=?\{[]^`, c) >= 0 || i == 0 && isNull {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
