package schema

import (
	"encoding/json"
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
		b.WriteString("| column | type | NULL | what it holds |\n| --- | --- | --- | --- |\n")
		for _, c := range t.Columns {
			null := "no"
			if c.Nullable {
				null = "yes"
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", c.Name, c.Type.text(), null, strings.ReplaceAll(c.Doc, "|", `\|`))
		}
	}
	return b.String()
}

func (t Type) text() string {
	switch t.Kind {
	case List:
		return "list of " + t.Elem.text()
	case Map:
		return "map of string to string"
	case Struct:
		var fields []string
		for _, f := range t.Fields {
			fields = append(fields, f.Name+" "+f.Type.text())
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
			fmt.Fprintf(&b, "    %s %s%s%s\n", c.Name, c.Type.sql(), null, comma)
		}
		b.WriteString(");\n")
		fmt.Fprintf(&b, "COMMENT ON TABLE %s IS %s;\n", t.Name, quoteSQL(t.Doc))
		for _, c := range t.Columns {
			fmt.Fprintf(&b, "COMMENT ON COLUMN %s.%s IS %s;\n", t.Name, c.Name, quoteSQL(c.Doc))
		}
	}
	return b.String()
}

func quoteSQL(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

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
			fields = append(fields, f.Name+" "+f.Type.sql())
		}
		return "STRUCT(" + strings.Join(fields, ", ") + ")"
	}
	return sqlTypes[t.Kind]
}

// Spark is the StructType of each table as Spark's own JSON: one object for a
// single table, else an object of them by name.
func Spark(tables []Table) ([]byte, error) {
	if len(tables) == 1 {
		return json.MarshalIndent(sparkStruct(tables[0].Columns), "", "  ")
	}
	byName := map[string]any{}
	for _, t := range tables {
		byName[t.Name] = sparkStruct(t.Columns)
	}
	return json.MarshalIndent(byName, "", "  ")
}

type sparkField struct {
	Name     string            `json:"name"`
	Type     any               `json:"type"`
	Nullable bool              `json:"nullable"`
	Metadata map[string]string `json:"metadata"`
}

func sparkStruct(columns []Column) any {
	fields := make([]sparkField, len(columns))
	for i, c := range columns {
		fields[i] = sparkField{c.Name, c.Type.spark(), c.Nullable, map[string]string{"comment": c.Doc}}
	}
	return map[string]any{"type": "struct", "fields": fields}
}

var sparkTypes = map[Kind]string{
	String: "string", Int32: "integer", Int64: "long", Double: "double", Bool: "boolean",
}

func (t Type) spark() any {
	switch t.Kind {
	case List:
		return map[string]any{"type": "array", "elementType": t.Elem.spark(), "containsNull": false}
	case Map:
		return map[string]any{"type": "map", "keyType": "string", "valueType": "string", "valueContainsNull": false}
	case Struct:
		return sparkStruct(t.Fields)
	}
	return sparkTypes[t.Kind]
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
