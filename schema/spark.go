package schema

import "encoding/json"

// Spark is the StructType of each table as Spark's own JSON: one object for a
// single table, else an object of them by name. It is what df.schema is when Spark
// reads the parts: all columns of files can be NULL there, whatever the files say.
func Spark(tables []Table) ([]byte, error) {
	return oneOrByName(tables, func(t Table) any { return sparkStruct(t.Columns) })
}

// oneOrByName is what describes a single table, or an object of these by name.
func oneOrByName(tables []Table, describe func(Table) any) ([]byte, error) {
	if len(tables) == 1 {
		return json.MarshalIndent(describe(tables[0]), "", "  ")
	}
	byName := map[string]any{}
	for _, t := range tables {
		byName[t.Name] = describe(t)
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
		metadata := map[string]string{CommentKey: c.Doc}
		if c.Unit != "" {
			metadata[UnitKey] = c.Unit
		}
		fields[i] = sparkField{c.Name, c.Type.spark(), true, metadata}
	}
	return map[string]any{"type": "struct", "fields": fields}
}

var sparkTypes = map[Kind]string{
	String: "string", Int32: "integer", Int64: "long", Double: "double", Bool: "boolean",
}

func (t Type) spark() any {
	switch t.Kind {
	case List:
		return map[string]any{"type": "array", "elementType": t.Elem.spark(), "containsNull": true}
	case Map:
		return map[string]any{"type": "map", "keyType": "string", "valueType": "string", "valueContainsNull": true}
	case Struct:
		return sparkStruct(t.Fields)
	}
	return sparkTypes[t.Kind]
}
