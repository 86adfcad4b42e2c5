package records

import (
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/quern-data/quern/schema"
)

// form is the Arrow schema of columns of a table, as schema.Arrow documents it.
func form(t schema.Table) *arrow.Schema {
	metadata := arrow.NewMetadata([]string{schema.VersionKey, schema.TableKey}, []string{schema.Version, t.Name})
	return arrow.NewSchema(fields(t.Columns), &metadata)
}

func fields(columns []schema.Column) []arrow.Field {
	all := make([]arrow.Field, len(columns))
	for i, c := range columns {
		var keys, values []string
		if c.Doc != "" {
			keys, values = append(keys, schema.CommentKey), append(values, c.Doc)
		}
		if c.Unit != "" {
			keys, values = append(keys, schema.UnitKey), append(values, c.Unit)
		}
		all[i] = arrow.Field{Name: c.Name, Type: typeOf(c.Type), Nullable: c.Nullable, Metadata: arrow.NewMetadata(keys, values)}
	}
	return all
}

var types = map[schema.Kind]arrow.DataType{
	schema.String: arrow.BinaryTypes.String,
	schema.Int32:  arrow.PrimitiveTypes.Int32,
	schema.Int64:  arrow.PrimitiveTypes.Int64,
	schema.Double: arrow.PrimitiveTypes.Float64,
	schema.Bool:   arrow.FixedWidthTypes.Boolean,
}

func typeOf(t schema.Type) arrow.DataType {
	switch t.Kind {
	case schema.List:
		return arrow.ListOfField(arrow.Field{Name: "element", Type: typeOf(*t.Elem)})
	case schema.Map:
		m := arrow.MapOf(arrow.BinaryTypes.String, arrow.BinaryTypes.String)
		m.SetItemNullable(false)
		return m
	case schema.Struct:
		return arrow.StructOf(fields(t.Fields)...)
	}
	return types[t.Kind]
}

// as presents data as of a type of the same layout: only names, documentation and
// what may be NULL are not those that it has.
func as(data arrow.ArrayData, t arrow.DataType) (arrow.ArrayData, error) {
	if data.DataType().ID() != t.ID() {
		return nil, fmt.Errorf("it is of type %s, and not of %s", data.DataType(), t)
	}
	var parts []arrow.DataType
	switch t := t.(type) {
	case *arrow.MapType:
		parts = []arrow.DataType{t.Elem()}
	case *arrow.ListType:
		parts = []arrow.DataType{t.Elem()}
	case *arrow.StructType:
		has := data.DataType().(*arrow.StructType)
		for i, f := range t.Fields() {
			if i >= has.NumFields() || has.Field(i).Name != f.Name {
				return nil, fmt.Errorf("it is of type %s, and not of %s", has, t)
			}
			parts = append(parts, f.Type)
		}
	}
	if len(parts) != len(data.Children()) {
		return nil, fmt.Errorf("it is of type %s, and not of %s", data.DataType(), t)
	}
	children := make([]arrow.ArrayData, len(parts))
	for i, part := range parts {
		child, err := as(data.Children()[i], part)
		if err != nil {
			return nil, err
		}
		defer child.Release() // NewData retains it
		children[i] = child
	}
	return array.NewData(t, data.Len(), data.Buffers(), children, data.NullN(), data.Offset()), nil
}
