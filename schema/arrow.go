package schema

// Arrow is the Arrow schema of each table in the JSON of Arrow's integration
// format: one object for a single table, else an object of them by name.
func Arrow(tables []Table) ([]byte, error) {
	return oneOrByName(tables, func(t Table) any {
		return arrowSchema{
			Fields:   arrowFields(t.Columns),
			Metadata: []arrowMetadata{{VersionKey, Version}, {TableKey, t.Name}},
		}
	})
}

type arrowSchema struct {
	Fields   []arrowField    `json:"fields"`
	Metadata []arrowMetadata `json:"metadata"`
}

type arrowField struct {
	Name     string          `json:"name"`
	Nullable bool            `json:"nullable"`
	Type     map[string]any  `json:"type"`
	Children []arrowField    `json:"children"`
	Metadata []arrowMetadata `json:"metadata,omitempty"`
}

type arrowMetadata struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

func arrowFields(columns []Column) []arrowField {
	fields := make([]arrowField, len(columns))
	for i, c := range columns {
		f := &fields[i]
		f.Name, f.Nullable, f.Type, f.Children = c.Name, c.Nullable, arrowTypes[c.Type.Kind], []arrowField{}
		if c.Doc != "" {
			f.Metadata = append(f.Metadata, arrowMetadata{CommentKey, c.Doc})
		}
		if c.Unit != "" {
			f.Metadata = append(f.Metadata, arrowMetadata{UnitKey, c.Unit})
		}
		switch c.Type.Kind {
		case List:
			f.Children = arrowFields([]Column{{Name: "element", Type: *c.Type.Elem}})
		case Map:
			text := Type{Kind: String}
			f.Children = arrowFields([]Column{{Name: "entries", Type: Type{
				Kind: Struct, Fields: []Column{{Name: "key", Type: text}, {Name: "value", Type: text}},
			}}})
		case Struct:
			f.Children = arrowFields(c.Type.Fields)
		}
	}
	return fields
}

var arrowTypes = map[Kind]map[string]any{
	String: {"name": "utf8"},
	Int32:  {"name": "int", "bitWidth": 32, "isSigned": true},
	Int64:  {"name": "int", "bitWidth": 64, "isSigned": true},
	Double: {"name": "floatingpoint", "precision": "DOUBLE"},
	Bool:   {"name": "bool"},
	List:   {"name": "list"},
	Map:    {"name": "map", "keysSorted": false},
	Struct: {"name": "struct"},
}
