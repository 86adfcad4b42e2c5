package records

import (
	"math"
	"sort"
	"strconv"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// An appender appends the value in a row of a column.
type appender func(b []byte, row int) []byte

// plain is the values of a column that are not NULL, as text: numbers and strings as
// they are, what holds others as JSON.
func plain(a arrow.Array) appender {
	switch a := a.(type) {
	case *array.String:
		return func(b []byte, row int) []byte { return append(b, a.Value(row)...) }
	case *array.Int32:
		return func(b []byte, row int) []byte { return strconv.AppendInt(b, int64(a.Value(row)), 10) }
	case *array.Int64:
		return func(b []byte, row int) []byte { return strconv.AppendInt(b, a.Value(row), 10) }
	case *array.Float64:
		return func(b []byte, row int) []byte { return strconv.AppendFloat(b, a.Value(row), 'g', -1, 64) }
	case *array.Boolean:
		return func(b []byte, row int) []byte { return strconv.AppendBool(b, a.Value(row)) }
	}
	return toJSON(a)
}

// toJSON is the values of a column as JSON. The keys of maps are in the order of
// their bytes, those of structs in that of their fields.
func toJSON(a arrow.Array) appender {
	value := notNull(a)
	if a.NullN() == 0 {
		return value
	}
	return func(b []byte, row int) []byte {
		if a.IsNull(row) {
			return append(b, "null"...)
		}
		return value(b, row)
	}
}

// notNull is toJSON for values that are not NULL.
func notNull(a arrow.Array) appender {
	switch a := a.(type) {
	case *array.String:
		return func(b []byte, row int) []byte { return appendQuoted(b, a.Value(row)) }
	case *array.Float64:
		return func(b []byte, row int) []byte {
			v := a.Value(row)
			if math.IsNaN(v) || math.IsInf(v, 0) { // there are none in a sound snapshot
				return appendQuoted(b, strconv.FormatFloat(v, 'g', -1, 64))
			}
			return strconv.AppendFloat(b, v, 'g', -1, 64)
		}
	case *array.Map: // before List, which it is too
		return mapToJSON(a)
	case *array.List:
		elements := toJSON(a.ListValues())
		return func(b []byte, row int) []byte {
			from, to := a.ValueOffsets(row)
			b = append(b, '[')
			for i := from; i < to; i++ {
				if i > from {
					b = append(b, ',')
				}
				b = elements(b, int(i))
			}
			return append(b, ']')
		}
	case *array.Struct:
		values := make([]arrow.Array, a.NumField())
		for i := range values {
			values[i] = a.Field(i)
		}
		return object(a.DataType().(*arrow.StructType).Fields(), values)
	}
	return plain(a)
}

// object is JSON objects of fields, in their order.
func object(of []arrow.Field, values []arrow.Array) appender {
	fields := make([]appender, len(of))
	for i := range fields {
		name := append(appendQuoted(nil, of[i].Name), ':')
		value := toJSON(values[i])
		fields[i] = func(b []byte, row int) []byte { return value(append(b, name...), row) }
	}
	return func(b []byte, row int) []byte {
		b = append(b, '{')
		for i, field := range fields {
			if i > 0 {
				b = append(b, ',')
			}
			b = field(b, row)
		}
		return append(b, '}')
	}
}

func mapToJSON(a *array.Map) appender {
	entries := a.ListValues().(*array.Struct)
	keys, values := toJSON(entries.Field(0)), toJSON(entries.Field(1))
	var order []int
	return func(b []byte, row int) []byte {
		order = byKey(order, a, row)
		b = append(b, '{')
		for i, at := range order {
			if i > 0 {
				b = append(b, ',')
			}
			b = values(append(keys(b, at), ':'), at)
		}
		return append(b, '}')
	}
}

// byKey are the entries of the map in a row, in the order of their keys' bytes.
func byKey(order []int, a *array.Map, row int) []int {
	order = order[:0]
	from, to := a.ValueOffsets(row)
	for i := from; i < to; i++ {
		order = append(order, int(i))
	}
	keys := a.ListValues().(*array.Struct).Field(0).(*array.String)
	sort.SliceStable(order, func(i, j int) bool { return keys.Value(order[i]) < keys.Value(order[j]) })
	return order
}

// appendQuoted appends a JSON string. What JSON lets stand as it is does.
func appendQuoted(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 { // there is none in a sound snapshot
				b = append(append(b, s[from:i]...), "\uFFFD"...)
				from = i + 1
			}
			i += size
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		b = append(b, s[from:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, `\n`...)
		case '\r':
			b = append(b, `\r`...)
		case '\t':
			b = append(b, `\t`...)
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		from = i
	}
	return append(append(b, s[from:]...), '"')
}
