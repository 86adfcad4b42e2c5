package schema

import (
	"fmt"
	"strings"
)

// Markdown documents tables for people.
func Markdown(tables []Table) string {
	var b strings.Builder
	for i, t := range tables {
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "## %s\n\n%s Sorted by %s.\n\n", t.Name, t.Doc, strings.Join(t.Sort, ", "))
		b.WriteString("| column | type | NULL | unit | what it holds |\n| --- | --- | --- | --- | --- |\n")
		for _, c := range t.Columns {
			null := "no"
			if c.Nullable {
				null = "yes"
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", c.Name, c.Type, null, c.Unit, strings.ReplaceAll(c.Doc, "|", `\|`))
		}
	}
	return b.String()
}

// String names the type for people.
func (t Type) String() string {
	switch t.Kind {
	case List:
		return "list of " + t.Elem.String()
	case Map:
		return "map of string to string"
	case Struct:
		var fields []string
		for _, f := range t.Fields {
			fields = append(fields, f.Name+" "+f.Type.String())
		}
		return "(" + strings.Join(fields, ", ") + ")"
	}
	return string(t.Kind)
}

// SQL is DDL for tables, in the dialect of DuckDB.
func SQL(tables []Table) string {
	var b strings.Builder
	for i, t := range tables {
		if i > 0 {
			b.WriteString("\n")
		}
		b.WriteString(CreateTable(t))
		b.WriteString(Comments("TABLE", t))
	}
	return b.String()
}

// CreateTable is the statement that makes a table, with constraints besides NOT
// NULL, such as its keys.
func CreateTable(t Table, constraints ...string) string {
	var lines []string
	for _, c := range t.Columns {
		line := SQLName(c.Name) + " " + c.Type.SQL()
		if !c.Nullable {
			line += " NOT NULL"
		}
		lines = append(lines, line)
	}
	lines = append(lines, constraints...)
	return "CREATE TABLE " + t.Name + " (\n    " + strings.Join(lines, ",\n    ") + "\n);\n"
}

// Comments are the statements that document a table and its columns where it is a
// TABLE or a VIEW.
func Comments(kind string, t Table) string {
	var b strings.Builder
	fmt.Fprintf(&b, "COMMENT ON %s %s IS %s;\n", kind, t.Name, SQLText(t.Doc))
	for _, c := range t.Columns {
		fmt.Fprintf(&b, "COMMENT ON COLUMN %s.%s IS %s;\n", t.Name, SQLName(c.Name), SQLText(c.Doc))
	}
	return b.String()
}

// SQLText is s as a literal in SQL.
func SQLText(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// SQLName is the name of a column as any version takes it: column is a keyword
// since DuckDB 2.0, and who knows what is next.
func SQLName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

var sqlTypes = map[Kind]string{
	String: "VARCHAR", Int32: "INTEGER", Int64: "BIGINT", Double: "DOUBLE", Bool: "BOOLEAN",
	Map: "MAP(VARCHAR, VARCHAR)",
}

// SQL is the type in the words of DuckDB.
func (t Type) SQL() string {
	switch t.Kind {
	case List:
		return t.Elem.SQL() + "[]"
	case Struct:
		var fields []string
		for _, f := range t.Fields {
			fields = append(fields, SQLName(f.Name)+" "+f.Type.SQL())
		}
		return "STRUCT(" + strings.Join(fields, ", ") + ")"
	}
	return sqlTypes[t.Kind]
}

// MarkdownCodes documents diagnostic codes for people.
func MarkdownCodes(codes []Code) string {
	var b strings.Builder
	for i, code := range codes {
		if i > 0 {
			b.WriteString("\n")
		}
		c := code.Info()
		fmt.Fprintf(&b, "## %s\n\n%s%s (%s).\n\n%s\n\nCure: %s\n",
			c.Name, strings.ToUpper(c.Title[:1]), c.Title[1:], c.Severity, c.Cause, c.Cure)
	}
	return b.String()
}
