package records

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// Texts are the values of a column of text by row, and whether they are not NULL. They
// are there as long as the batch is.
func Texts(a arrow.Array) func(row int) (string, bool) {
	texts := a.(*array.String)
	return func(row int) (string, bool) {
		if texts.IsNull(row) {
			return "", false
		}
		return texts.Value(row), true
	}
}

// Numbers are the values of a column of 32-bit integers, with 0 for NULL. They are there
// as long as the batch is.
func Numbers(a arrow.Array) []int32 { return a.(*array.Int32).Int32Values() }

// Lists are the values of a column of lists of texts by row.
func Lists(a arrow.Array) func(row int) []string {
	lists := a.(*array.List)
	texts := lists.ListValues().(*array.String)
	return func(row int) []string {
		if lists.IsNull(row) {
			return nil
		}
		from, to := lists.ValueOffsets(row)
		list := make([]string, 0, to-from)
		for i := from; i < to; i++ {
			list = append(list, string([]byte(texts.Value(int(i))))) // not the memory of the batch
		}
		return list
	}
}

// Entries are what the maps of a column have under a key by row, and whether they have
// it. They are there as long as the batch is.
func Entries(a arrow.Array, key string) func(row int) (string, bool) {
	maps := a.(*array.Map)
	entries := maps.ListValues().(*array.Struct)
	keys, values := entries.Field(0).(*array.String), entries.Field(1).(*array.String)
	return func(row int) (string, bool) {
		if maps.IsNull(row) {
			return "", false
		}
		from, to := maps.ValueOffsets(row)
		for i := from; i < to; i++ {
			if keys.Value(int(i)) == key && values.IsValid(int(i)) {
				return values.Value(int(i)), true
			}
		}
		return "", false
	}
}
