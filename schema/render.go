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
		fmt.Fprintf(&b, "CREATE TABLE %s (\n", t.Name)
		for j, c := range t.Columns {
			null, comma := " NOT NULL", ","
			if c.Nullable {
				null = ""
			}
			if j == len(t.Columns)-1 {
				comma = ""
			}
			fmt.Fprintf(&b, "    %s %s%s%s\n", nameSQL(c.Name), c.Type.sql(), null, comma)
		}
		b.WriteString(");\n")
		fmt.Fprintf(&b, "COMMENT ON TABLE %s IS %s;\n", t.Name, quoteSQL(t.Doc))
		for _, c := range t.Columns {
			fmt.Fprintf(&b, "COMMENT ON COLUMN %s.%s IS %s;\n", t.Name, nameSQL(c.Name), quoteSQL(c.Doc))
		}
	}
	return b.String()
}

func quoteSQL(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// nameSQL is the name of a column as any version takes it: column is a keyword
// since DuckDB 2.0, and who knows what is next.
func nameSQL(name string) string { return `"` + name + `"` }

var sqlTypes = map[Kind]string{
	String: "VARCHAR", Int32: "INTEGER", Int64: "BIGINT", Double: "DOUBLE", Bool: "BOOLEAN",
	Map: "MAP(VARCHAR, VARCHAR)",
}

func (t Type) sql() string {
	switch t.Kind {
	case List:
		return t.Elem.sql() + "[]"
	case Struct:
		var fields []string
		for _, f := range t.Fields {
			fields = append(fields, nameSQL(f.Name)+" "+f.Type.sql())
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
