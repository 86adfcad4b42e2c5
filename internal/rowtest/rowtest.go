// Package rowtest makes rows of the tables for tests: of all sorts of values, as
// plain maps, and in the columns of a part.
package rowtest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"

	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/sink/columnar"
)

// Fill fills a row, of which it gets a pointer, with values of all sorts: NULL, empty,
// rare and frequent.
func Fill(r *rand.Rand, row any) { fill(r, reflect.ValueOf(row).Elem()) }

// Map is a row as a map from column to value, where NULL is nil, a list is []any, and a
// struct or map is a map[string]any.
func Map(row any) map[string]any { return asMap(reflect.ValueOf(row)) }

// Add adds a row to the columns of a file, but for those that it lacks.
func Add(f *columnar.File, row any, lacks ...string) { addStruct(f, lacks, reflect.ValueOf(row)) }

func asMap(v reflect.Value) map[string]any {
	m := map[string]any{}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Anonymous {
			for k, v := range asMap(v.Field(i)) {
				m[k] = v
			}
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("parquet"), ",")
		m[name] = asValue(v.Field(i))
	}
	return m
}

func asValue(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return asValue(v.Elem())
	case reflect.Slice:
		list := []any{}
		for i := range v.Len() {
			list = append(list, asValue(v.Index(i)))
		}
		return list
	case reflect.Map:
		m := map[string]any{}
		for _, k := range v.MapKeys() {
			m[k.String()] = v.MapIndex(k).Interface()
		}
		return m
	case reflect.Struct:
		return asMap(v)
	}
	return v.Interface()
}

func fill(r *rand.Rand, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if r.IntN(3) > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			fill(r, v.Elem())
		}
	case reflect.String:
		words := []string{"", "a", "POS", "größer", "😀", strings.Repeat("long ", 40), "x\x00y", "\u2028"}
		word := words[r.IntN(len(words))]
		if r.IntN(2) == 0 {
			word += fmt.Sprint(r.IntN(100_000))
		}
		v.SetString(word)
	case reflect.Int32:
		v.SetInt(int64(int32(r.Uint32())) >> r.IntN(32))
	case reflect.Int64:
		v.SetInt(int64(r.Uint64()) >> r.IntN(64))
	case reflect.Float64:
		v.SetFloat(r.NormFloat64())
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case reflect.Slice:
		n := max(0, r.IntN(8)-2)
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			fill(r, v.Index(i))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range r.IntN(4) {
			v.SetMapIndex(reflect.ValueOf(fmt.Sprint("key", r.IntN(9))), reflect.ValueOf(fmt.Sprint(r.IntN(9))))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(r, v.Field(i))
		}
	default:
		panic("no value for " + v.Type().String())
	}
}

func addStruct(f *columnar.File, lacks []string, v reflect.Value) {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if field.Anonymous {
			addStruct(f, lacks, v.Field(i))
			continue
		}
		if name, _, _ := strings.Cut(field.Tag.Get("parquet"), ","); !slices.Contains(lacks, name) {
			addValue(f, name, v.Field(i))
		}
	}
}

func addValue(f *columnar.File, path string, v reflect.Value) {
	switch v := v.Interface().(type) {
	case string:
		f.Strings(path).Add(v)
	case *string:
		f.Strings(path).Optional(v, 1)
	case int32:
		f.Int32s(path).Add(v)
	case *int32:
		f.Int32s(path).Optional(v, 1)
	case int64:
		f.Int64s(path).Add(v)
	case *int64:
		f.Int64s(path).Optional(v, 1)
	case *float64:
		f.Doubles(path).Optional(v, 1)
	case bool:
		f.Bools(path).Add(v)
	case map[string]string:
		key, value := f.Strings(path+".key_value.key"), f.Strings(path+".key_value.value")
		if len(v) == 0 {
			key.Empty(1)
			value.Empty(1)
		}
		for i, name := range slices.Sorted(maps.Keys(v)) {
			key.AddElement(name, i == 0)
			value.AddElement(v[name], i == 0)
		}
	case []string:
		c := f.Strings(path + ".list.element")
		if len(v) == 0 {
			c.Empty(1)
		}
		for i := range v {
			c.AddElement(v[i], i == 0)
		}
	case []schema.LabelRef:
		element := func(name string, value func(*schema.LabelRef) *string) {
			c := f.Strings(path + ".list.element." + name)
			if len(v) == 0 {
				c.Empty(1)
			}
			for i := range v {
				if text := value(&v[i]); text == nil {
					c.NullElement(i == 0)
				} else {
					c.AddElement(*text, i == 0)
				}
			}
		}
		element("layer", func(l *schema.LabelRef) *string { return &l.Layer })
		element("label", func(l *schema.LabelRef) *string { return &l.Label })
		element("polarity", func(l *schema.LabelRef) *string { return l.Polarity })
	default:
		panic(fmt.Sprintf("no column of %T", v))
	}
}
