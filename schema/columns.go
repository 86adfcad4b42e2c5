package schema

import (
	"fmt"
	"reflect"
	"strings"
)

// Kind is the type of a column, in the terms that every reader of Parquet
// shares.
type Kind string

// The kinds of columns. There is no other: no unsigned integers, no INT96, no
// nanoseconds, no type of NULL alone.
const (
	String Kind = "string" // UTF-8
	Int32  Kind = "int32"
	Int64  Kind = "int64"
	Double Kind = "double"
	Bool   Kind = "bool"
	List   Kind = "list"   // of Elem
	Map    Kind = "map"    // of strings to strings
	Struct Kind = "struct" // of Fields
)

// Type is the type of a column or of a list's element.
type Type struct {
	Kind   Kind
	Elem   *Type    // of a list
	Fields []Column // of a struct
}

// Encoding says how the values of a column are stored.
type Encoding string

// The encodings. Which one a column has is decided by the tags of its row type.
const (
	Plain      Encoding = ""      // one value behind the other
	Dictionary Encoding = "dict"  // places in a list of the distinct values
	Delta      Encoding = "delta" // what differs from the value before
)

// Column documents one column.
type Column struct {
	Name     string
	Type     Type
	Nullable bool
	Encoding Encoding // of a leaf
	Unit     string   // what a measure counts, "" for what is none
	Doc      string
}

// Table documents one table.
type Table struct {
	Name string `json:"name"` // also the name of its folder
	Doc  string `json:"doc"`
	// Sort lists the columns by which the rows of each part are ordered, NULL
	// first.
	Sort    []string `json:"sort"`
	Columns []Column `json:"columns"`
}

// Tables lists the tables in the order in which they are documented.
func Tables() []Table {
	return []Table{
		table[DocumentRow]("documents", "One row a document that was written.", "document_id"),
		table[SentenceRow]("sentences", "One row a sentence: the stretch of text that carries one label group, or none.", "document_id", "sentence_index"),
		table[LabelRow]("labels", "One row a label on a sentence, with what was typed and how it was repaired.", "document_id", "sentence_index"),
		table[RelationRow]("relations", "One row a relation between two sentences or spans of a document.", "document_id", "relation_index"),
		table[DiagnosticRow]("diagnostics", "One row a thing that was noticed, repaired or refused.", "document_id"),
		table[TaxonomyRow]("taxonomy", "One row a label that a corpus may use.", "corpus"),
	}
}

// TableNamed is the table of that name, if there is one.
func TableNamed(name string) (Table, bool) {
	for _, t := range Tables() {
		if t.Name == name {
			return t, true
		}
	}
	return Table{}, false
}

func table[Row any](name, doc string, sort ...string) Table {
	return Table{Name: name, Doc: doc, Columns: columnsOf(reflect.TypeFor[Row]()), Sort: sort}
}

func columnsOf(t reflect.Type) []Column {
	var columns []Column
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			columns = append(columns, columnsOf(f.Type)...)
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("parquet"), ",")
		columns = append(columns, Column{
			Name:     name,
			Type:     typeOf(f.Type),
			Nullable: strings.Contains(","+options+",", ",optional,"),
			Encoding: Encoding(f.Tag.Get("encoding")),
			Unit:     f.Tag.Get("unit"),
			Doc:      f.Tag.Get("doc"),
		})
	}
	return columns
}

func typeOf(t reflect.Type) Type {
	switch t.Kind() {
	case reflect.Pointer:
		return typeOf(t.Elem())
	case reflect.String:
		return Type{Kind: String}
	case reflect.Int32:
		return Type{Kind: Int32}
	case reflect.Int64:
		return Type{Kind: Int64}
	case reflect.Float64:
		return Type{Kind: Double}
	case reflect.Bool:
		return Type{Kind: Bool}
	case reflect.Map:
		return Type{Kind: Map}
	case reflect.Slice:
		elem := typeOf(t.Elem())
		return Type{Kind: List, Elem: &elem}
	case reflect.Struct:
		return Type{Kind: Struct, Fields: columnsOf(t)}
	}
	panic(fmt.Sprintf("schema: no column type for %s", t))
}
