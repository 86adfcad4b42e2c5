package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
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
		case f.typ.Kind() == reflect.String && f.mayBeEmpty():
			p.Enum = append(p.Enum, "")
			p.Default = ""
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
	r := reference{described: make(map[reflect.Type]string)}
	r.WriteString("# All keys of a configuration, with their defaults. Where the default is empty, or the\n" +
		"# key is required, the value is an example, unless a comment has it. Made from the\n" +
		"# program; edit config/config.go instead.\n")
	r.write(configFields, "", "", "")
	return r.Bytes()
}

// reference is the reference file while it is written.
type reference struct {
	bytes.Buffer
	described map[reflect.Type]string // entries of lists, by the key where they were described
}

// write writes the fields of path below indent, the first of them after dash.
func (r *reference) write(fields []field, path, indent, dash string) {
	for i := range fields {
		f := &fields[i]
		key := below(path, f.key)
		if dash == "" && i > 0 || path == "" {
			r.WriteString("\n")
		}
		writeComment(&r.Buffer, indent, f.doc)
		switch {
		case f.fields == nil:
			writeComment(&r.Buffer, indent, f.facts())
			if f.example != "" && !f.showsExample() {
				writeComment(&r.Buffer, indent, "For example: "+f.sample())
			}
		case f.isTables() && !f.required:
			r.describe(f, key, "", indent)
		}
		r.WriteString(indent + dash + f.key + ":")
		indent += strings.Repeat(" ", len(dash))
		dash = ""
		switch {
		case f.isTable():
			r.WriteString("\n")
			r.write(f.fields, key, indent+"  ", "")
		case f.isTables() && f.required:
			r.WriteString("\n")
			r.write(f.fields, key, indent+"  ", "- ")
		case f.isTables():
			r.WriteString(" []\n")
			r.entry(f.fields, indent+"  # ")
		case f.isThresholds():
			r.WriteString(" {}\n")
			for example := range strings.SplitSeq(f.example, ", ") {
				fmt.Fprintf(r, "%s  # %s\n", indent, example)
			}
		default:
			r.WriteString(" " + f.shown() + "\n")
		}
	}
}

// describe says, in comments, what the entries of a list have, once for each kind
// of entry. name is what leads from the list that holds them to their own.
func (r *reference) describe(list *field, key, name, indent string) {
	if at, has := r.described[list.typ.Elem()]; has {
		text := "Entries are as those of " + at + "."
		if name != "" {
			text = name + ": " + list.doc + " " + text
		}
		writeComment(&r.Buffer, indent, text)
		return
	}
	if name != "" {
		writeComment(&r.Buffer, indent, name+": "+list.doc)
	}
	r.described[list.typ.Elem()] = key
	for i := range list.fields {
		f := &list.fields[i]
		if own := below(name, f.key); f.isTables() {
			r.describe(f, below(key, f.key), own, indent)
		} else {
			writeComment(&r.Buffer, indent, own+": "+f.doc+" "+f.facts())
		}
	}
}

// entry shows, in comments, what an entry of an empty list looks like.
func (r *reference) entry(fields []field, indent string) {
	dash := "- "
	for i := range fields {
		f := &fields[i]
		r.WriteString(indent + dash + f.key + ": " + f.sample() + "\n")
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

// showsExample tells whether the reference sets the key to its example. A key
// that is of one format alone, or needs another beside it, cannot be.
func (f *field) showsExample() bool { return f.example != "" && f.hashed != "set" }

// shown is what the reference sets a key to, as YAML: the example, or the default.
func (f *field) shown() string {
	if f.showsExample() {
		return f.sample()
	}
	return f.yaml(leaf{field: f, value: f.def}.text())
}

// sample is the example as YAML, or the default where there is none.
func (f *field) sample() string {
	if f.example != "" {
		return f.yaml(f.example)
	}
	return f.yaml(leaf{field: f, value: f.def}.text())
}

func (f *field) yaml(text string) string {
	if f.typ.Kind() != reflect.String || strings.HasPrefix(text, `"`) { // as text quotes white space
		return text
	}
	quoted, err := yaml.Marshal(text)
	if err != nil { // text always encodes
		return strconv.Quote(text)
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
