package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/invopop/jsonschema"
	"go.yaml.in/yaml/v3"
)

// JSONSchema is the schema of config files, draft 2020-12, for editors and for
// checks elsewhere. Load refuses all that it refuses, and more.
func JSONSchema() ([]byte, error) {
	r := jsonschema.Reflector{
		Anonymous: true, ExpandedStruct: true, DoNotReference: true,
		FieldNameTag: "mapstructure", RequiredFromJSONSchemaTags: true,
		Mapper: func(t reflect.Type) *jsonschema.Schema {
			switch t {
			case bytesType:
				return anyOf(&jsonschema.Schema{Type: "integer"}, bytesPattern)
			case percentType:
				return anyOf(&jsonschema.Schema{Const: 0}, percentPattern)
			case thresholdsType:
				names := &jsonschema.Schema{}
				for i := range thresholdFields {
					names.Enum = append(names.Enum, thresholdFields[i].key)
				}
				return &jsonschema.Schema{
					Type: "object", PropertyNames: names,
					AdditionalProperties: anyOf(&jsonschema.Schema{Type: "integer", Minimum: "0"}, percentPattern),
				}
			}
			return nil
		},
		LookupComment: func(t reflect.Type, name string) string {
			if t.Kind() != reflect.Struct {
				return ""
			}
			f, _ := t.FieldByName(name)
			return f.Tag.Get("doc")
		},
	}
	s := r.Reflect(Config{})
	s.Title = "Quern configuration"
	annotate(s, configFields)
	b, err := json.MarshalIndent(s, "", "  ")
	return append(b, '\n'), err
}

// anyOf is the schema of a number that may be text.
func anyOf(number *jsonschema.Schema, pattern string) *jsonschema.Schema {
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{number, {Type: "string", Pattern: pattern}}}
}

// annotate adds what the reflector cannot know: defaults, and bounds of sizes.
func annotate(s *jsonschema.Schema, fields []field) {
	for i := range fields {
		f := &fields[i]
		p, ok := s.Properties.Get(f.key)
		switch {
		case !ok:
		case f.isTable():
			annotate(p, f.fields)
		case f.isTables():
			annotate(p.Items, f.fields)
		case f.required:
		case f.isThresholds():
			p.Default = struct{}{}
		case f.isList() && f.def.Len() == 0:
			p.Default = []string{}
		default:
			p.Default = f.def.Interface()
		}
		if ok && f.typ == bytesType && f.minimum != nil {
			p.AnyOf[0].Minimum = json.Number(fmt.Sprint(*f.minimum))
		}
	}
}

const referenceWidth = 90 // columns of comments

// Reference is a config file with every key, its documentation and its default,
// or an example where it has none. It can be loaded as it is, provided that the
// example corpus is where it says.
func Reference() []byte {
	var b bytes.Buffer
	b.WriteString("# All keys of a configuration, with their defaults. Where the default is empty, or the\n" +
		"# key is required, the value is an example. Made from the program; edit config/config.go\n" +
		"# instead.\n")
	writeReference(&b, configFields, "", "")
	return b.Bytes()
}

// writeReference writes fields below indent, the first of them after dash.
func writeReference(b *bytes.Buffer, fields []field, indent, dash string) {
	for i := range fields {
		f := &fields[i]
		if dash == "" {
			b.WriteString("\n")
		}
		writeComment(b, indent, f.doc)
		switch {
		case f.fields == nil:
			writeComment(b, indent, f.facts())
		case f.isTables() && !f.required:
			for j := range f.fields {
				e := &f.fields[j]
				writeComment(b, indent, e.key+": "+e.doc+" "+e.facts())
			}
		}
		b.WriteString(indent + dash + f.key + ":")
		indent += strings.Repeat(" ", len(dash))
		dash = ""
		switch {
		case f.isTable():
			b.WriteString("\n")
			trimmed := bytes.Buffer{}
			writeReference(&trimmed, f.fields, indent+"  ", "")
			b.Write(bytes.TrimPrefix(trimmed.Bytes(), []byte("\n")))
		case f.isTables() && f.required:
			b.WriteString("\n")
			writeReference(b, f.fields, indent+"  ", "- ")
		case f.isTables():
			b.WriteString(" []\n")
			writeEntry(b, f.fields, indent)
		case f.isThresholds():
			b.WriteString(" {}\n")
			for example := range strings.SplitSeq(f.example, ", ") {
				fmt.Fprintf(b, "%s  # %s\n", indent, example)
			}
		default:
			b.WriteString(" " + f.shown() + "\n")
		}
	}
}

// writeEntry shows, in comments, what an entry of an empty list looks like.
func writeEntry(b *bytes.Buffer, fields []field, indent string) {
	dash := "- "
	for i := range fields {
		f := &fields[i]
		fmt.Fprintf(b, "%s  # %s%s: %s\n", indent, dash, f.key, f.shown())
		dash = "  "
	}
}

func writeComment(b *bytes.Buffer, indent, text string) {
	line := indent + "#"
	for word := range strings.FieldsSeq(text) {
		if len(line)+1+len(word) > referenceWidth && line != indent+"#" {
			b.WriteString(line + "\n")
			line = indent + "#"
		}
		line += " " + word
	}
	b.WriteString(line + "\n")
}

// shown is the default as YAML, or the example.
func (f *field) shown() string {
	text := leaf{field: f, value: f.def}.text()
	if f.example != "" {
		text = f.example
	}
	if f.typ.Kind() != reflect.String {
		return text
	}
	quoted, err := yaml.Marshal(text)
	if err != nil { // text always encodes
		return fmt.Sprintf("%q", text)
	}
	return strings.TrimSuffix(string(quoted), "\n")
}

// facts are type, allowed values and default in words.
func (f *field) facts() string {
	kind := f.wants()
	if f.pattern != nil {
		kind += " that matches " + f.pattern.String()
	}
	switch {
	case f.minimum != nil && f.maximum != nil:
		kind += fmt.Sprintf(", %s to %s", f.number(*f.minimum), f.number(*f.maximum))
	case f.minimum != nil:
		kind += ", at least " + f.number(*f.minimum)
	}
	switch {
	case f.required:
		kind += ". Required"
	case f.isList() && f.def.Len() == 0 || f.def.IsZero() && f.typ.Kind() == reflect.String:
		kind += ". Default: empty"
	default:
		kind += ". Default: " + leaf{field: f, value: f.def}.text()
	}
	return strings.ToUpper(kind[:1]) + kind[1:] + "."
}

// Markdown is a table of all keys, for the documentation.
func Markdown() []byte {
	var b bytes.Buffer
	b.WriteString("| key | meaning | value |\n| --- | --- | --- |\n")
	writeRows(&b, configFields, "")
	return b.Bytes()
}

func writeRows(b *bytes.Buffer, fields []field, path string) {
	cell := strings.NewReplacer("|", `\|`, "*", `\*`)
	for i := range fields {
		f := &fields[i]
		key, facts := below(path, f.key), ""
		if f.isTables() {
			key += "[]"
		}
		if f.fields == nil {
			facts = f.facts()
		}
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", key, cell.Replace(f.doc), cell.Replace(facts))
		writeRows(b, f.fields, key)
	}
}
