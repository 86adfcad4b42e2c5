package config

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A field is one key of a configuration, as its struct field declares it.
type field struct {
	key, doc, example string
	index             int
	typ               reflect.Type
	def               reflect.Value // default; of a list's element the element's own
	hashed            string        // the hash tag
	fields            []field       // of a table, or of the elements of a list of tables

	required            bool
	enum                []string
	minimum, maximum    *int64
	minItems, minLength int
	pattern             *regexp.Regexp
}

var (
	configFields   = fieldsOf(reflect.ValueOf(Default()), "mapstructure")
	taxonomyFields = fieldsOf(reflect.ValueOf(Taxonomy{}), "yaml")
	bytesType      = reflect.TypeFor[Bytes]()
	percentType    = reflect.TypeFor[Percent]()
)

// fieldsOf reads the tags of a struct, given its default value.
func fieldsOf(def reflect.Value, keyTag string) []field {
	t := def.Type()
	fields := make([]field, t.NumField())
	for i := range fields {
		tag := t.Field(i).Tag
		f := field{
			key: tag.Get(keyTag), doc: tag.Get("doc"), example: tag.Get("example"), hashed: tag.Get("hash"),
			index: i, typ: t.Field(i).Type, def: def.Field(i),
		}
		for rule := range strings.SplitSeq(tag.Get("jsonschema"), ",") {
			name, value, _ := strings.Cut(rule, "=")
			number, _ := strconv.ParseInt(value, 10, 64)
			switch name {
			case "required":
				f.required = true
			case "enum":
				f.enum = append(f.enum, value)
			case "minimum":
				f.minimum = &number
			case "maximum":
				f.maximum = &number
			case "minItems":
				f.minItems = int(number)
			case "minLength":
				f.minLength = int(number)
			case "pattern":
				f.pattern = regexp.MustCompile(value)
			}
		}
		switch {
		case f.isTable():
			f.fields = fieldsOf(f.def, keyTag)
		case f.isTables():
			element := reflect.Zero(f.typ.Elem())
			if f.typ.Elem() == reflect.TypeFor[Corpus]() {
				element = reflect.ValueOf(DefaultCorpus())
			}
			f.fields = fieldsOf(element, keyTag)
		}
		fields[i] = f
	}
	return fields
}

// mayBeEmpty tells whether an enum has the empty text as its default.
func (f *field) mayBeEmpty() bool { return f.enum != nil && f.def.IsZero() && !f.required }

func (f *field) isTable() bool { return f.typ.Kind() == reflect.Struct && f.typ != limitType }
func (f *field) isList() bool  { return f.typ.Kind() == reflect.Slice }
func (f *field) isTables() bool {
	return f.isList() && f.typ.Elem().Kind() == reflect.Struct && !f.isThresholds()
}

// isNames tells whether it is a list of text that variables and flags can set too.
func (f *field) isNames() bool { return f.isList() && f.enum != nil }

// isThresholds tells whether a key is a table in a file, and a list in the struct.
func (f *field) isThresholds() bool { return f.typ == thresholdsType }

// wants says what value a key takes.
func (f *field) wants() string {
	switch {
	case f.isTable():
		return "keys and values"
	case f.isTables():
		return "a list of entries"
	case f.isThresholds():
		return "names, each with a count or a share, such as 10 or 1%"
	case f.isNames():
		return "a list of some of " + strings.Join(f.enum, ", ")
	case f.isList():
		return "a list of text"
	case f.typ == bytesType:
		return "a size, such as 64KiB or a number of bytes"
	case f.typ == percentType:
		return "a share from 0% to 100%"
	case f.typ == limitType:
		return "a count or a share, such as 10 or 1%"
	case f.typ.Kind() == reflect.Bool:
		return "true or false"
	case f.typ.Kind() == reflect.Int:
		return "a whole number"
	case f.enum != nil:
		return "one of " + strings.Join(f.enum, ", ")
	}
	return "text"
}

// convert makes a value of a file the field's own type, or says what is wrong.
func (f *field) convert(n *node) (value any, message, hint string) {
	text, isText := n.value.(string)
	number, isNumber := n.value.(int64)
	switch {
	case n.kind != scalarNode:
	case f.typ == bytesType && isText:
		b, err := ParseBytes(text)
		if err != nil {
			return nil, err.Error(), ""
		}
		value = b
	case f.typ == bytesType && isNumber:
		value = Bytes(number)
	case isText && (f.typ == percentType || f.typ == limitType && !parses(text)):
		p, err := ParsePercent(text)
		if err != nil {
			return nil, err.Error(), percentHint(text)
		}
		value = p
		if f.typ == limitType {
			value = Limit{Share: p, IsShare: true}
		}
	case f.typ == percentType && isNumber && number == 0:
		value = Percent(0)
	case f.typ == limitType && isNumber && number < 0:
		return nil, fmt.Sprintf("%d is too small", number), "at least 0"
	case f.typ == limitType && isNumber:
		value = Limit{Count: int(number)}
	case f.typ.Kind() == reflect.String && isText:
		value = text
	case f.typ.Kind() == reflect.Int && isNumber:
		value = int(number)
	case f.typ.Kind() == reflect.Bool:
		if b, ok := n.value.(bool); ok {
			value = b
		}
	}
	if value != nil {
		message, hint = f.check(value)
		return value, message, hint
	}
	switch {
	case n.kind == scalarNode && n.value == nil:
		hint = "leave the key out for its default"
	case n.kind == listNode && len(n.items) == 1:
		hint = "write it without brackets or hyphen"
	case n.kind == scalarNode && f.typ.Kind() == reflect.String:
		hint = "put it in quotation marks"
	case isText && (f.typ.Kind() == reflect.Int || f.typ == limitType) && parses(text):
		hint = "write it without quotation marks"
	case f.typ == percentType || f.typ == limitType:
		hint = percentHint(fmt.Sprint(n.value))
	}
	return nil, "want " + f.wants() + ", found " + n.describe(), hint
}

func parses(s string) bool {
	_, err := strconv.Atoi(s)
	return err == nil
}

// parse makes the text of a variable or flag the field's own type.
func (f *field) parse(s string) (value any, message, hint string) {
	n := &node{value: s}
	switch f.typ.Kind() {
	case reflect.Bool:
		if s == "true" || s == "false" {
			n.value = s == "true"
		}
	case reflect.Slice:
		names := []string{}
		for name := range strings.SplitSeq(s, ",") {
			if name = strings.TrimSpace(name); name != "" {
				names = append(names, name)
			}
		}
		return names, "", ""
	case reflect.Int:
		if i, err := strconv.ParseInt(s, 10, strconv.IntSize); err == nil {
			n.value = i
		}
	}
	return f.convert(n)
}

// check tells whether a value is one that the field's rules allow.
func (f *field) check(value any) (message, hint string) {
	v := reflect.ValueOf(value)
	if v.CanInt() {
		switch {
		case f.minimum != nil && v.Int() < *f.minimum:
			return fmt.Sprintf("%v is too small", value), "at least " + f.number(*f.minimum)
		case f.maximum != nil && v.Int() > *f.maximum:
			return fmt.Sprintf("%v is too large", value), "at most " + f.number(*f.maximum)
		}
	}
	s, ok := value.(string)
	switch {
	case !ok:
	case f.enum != nil && !slices.Contains(f.enum, s) && (s != "" || !f.mayBeEmpty()):
		return fmt.Sprintf("%q is not allowed", clip(s)), didYouMean(s, f.enum)
	case f.minLength > 0 && s == "":
		return "is empty", ""
	case f.pattern != nil && !f.pattern.MatchString(s):
		return fmt.Sprintf("%q is not allowed", clip(s)), "must match " + f.pattern.String()
	}
	return "", ""
}

// number is a bound in words.
func (f *field) number(n int64) string {
	if f.typ == bytesType {
		return Bytes(n).String()
	}
	return strconv.FormatInt(n, 10)
}

// fill adds the defaults of the keys that a table lacks.
func fill(table map[string]any, fields []field) {
	for i := range fields {
		f := &fields[i]
		switch value, has := table[f.key]; {
		case f.isTable():
			sub, _ := value.(map[string]any)
			if sub == nil {
				sub = make(map[string]any)
			}
			fill(sub, f.fields)
			table[f.key] = sub
		case f.isTables() && !has:
			table[f.key] = []any{} // no such list has a default, and viper needs one type
		case !has:
			table[f.key] = f.def.Interface()
		}
	}
}

// A leaf is a setting with a value of its own: a scalar, a threshold, a list of
// text, or a list of tables or thresholds that is empty.
type leaf struct {
	key   string
	field *field
	value reflect.Value
}

// leaves lists the settings of a struct in the order of its fields.
func leaves(v reflect.Value, fields []field, path string) []leaf {
	var out []leaf
	for i := range fields {
		f := &fields[i]
		value, key := v.Field(f.index), below(path, f.key)
		switch {
		case f.isTable():
			out = append(out, leaves(value, f.fields, key)...)
		case f.isTables() && value.Len() > 0:
			for j := range value.Len() {
				out = append(out, leaves(value.Index(j), f.fields, item(key, j))...)
			}
		case f.isThresholds() && value.Len() > 0:
			for _, t := range value.Interface().([]Threshold) {
				limit := &field{key: t.Name, typ: limitType, hashed: f.hashed}
				out = append(out, leaf{below(key, t.Name), limit, reflect.ValueOf(t.Limit)})
			}
		default:
			out = append(out, leaf{key, f, value})
		}
	}
	return out
}

// text is the value as a config file may have it; lists on one line.
func (l leaf) text() string {
	switch {
	case l.field.isThresholds(): // those that are not empty are leaves each
		return "{}"
	case l.field.isList() && l.value.Len() == 0:
		return "[]"
	case l.field.isList():
		var b strings.Builder
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		_ = e.Encode(l.value.Interface()) // a list of text always encodes
		return strings.TrimSuffix(b.String(), "\n")
	}
	text := fmt.Sprint(l.value.Interface())
	if text != "" && strings.TrimSpace(text) == "" { // as the end of a line
		return strconv.Quote(text)
	}
	return text
}

func below(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func item(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }
