package schema_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/quern-data/quern/schema"
)

// The table is what escapePathName of Hive 2.3 made of these values, and that of
// Spark 4.3 too, but for the byte 0, which it leaves as it is.
func TestPartitionFolder(t *testing.T) {
	escaped := map[byte]string{
		0x00: "%00", 0x01: "%01", 0x02: "%02", 0x03: "%03", 0x04: "%04", 0x05: "%05", 0x06: "%06", 0x07: "%07",
		0x08: "%08", 0x09: "%09", 0x0a: "%0A", 0x0b: "%0B", 0x0c: "%0C", 0x0d: "%0D", 0x0e: "%0E", 0x0f: "%0F",
		0x10: "%10", 0x11: "%11", 0x12: "%12", 0x13: "%13", 0x14: "%14", 0x15: "%15", 0x16: "%16", 0x17: "%17",
		0x18: "%18", 0x19: "%19", 0x1a: "%1A", 0x1b: "%1B", 0x1c: "%1C", 0x1d: "%1D", 0x1e: "%1E", 0x1f: "%1F",
		'"': "%22", '#': "%23", '%': "%25", '\'': "%27", '*': "%2A", '/': "%2F", ':': "%3A", '=': "%3D", '?': "%3F",
		'[': "%5B", '\\': "%5C", ']': "%5D", '^': "%5E", '{': "%7B", 0x7f: "%7F",
	}
	for c := range 0x80 {
		want, ok := escaped[byte(c)]
		if !ok {
			want = string(rune(c))
		}
		if got := schema.PartitionFolder("c", "a"+string(rune(c))+"b"); got != "c=a"+want+"b" {
			t.Errorf("%#x: %s, want c=a%sb", c, got, want)
		}
	}
	for value, want := range map[string]string{
		"": "year=__HIVE_DEFAULT_PARTITION__", "2018": "year=2018", "größer ü": "year=größer ü", "..": "year=..", "a%2Fb": "year=a%252Fb",
		"\U0001F600": "year=\U0001F600", "__HIVE_DEFAULT_PARTITION__": "year=%5F_HIVE_DEFAULT_PARTITION__",
		"null": "year=%6Eull", "NULL": "year=%4EULL", "nulls": "year=nulls",
	} {
		if got := schema.PartitionFolder("year", value); got != want {
			t.Errorf("%q: %s, want %s", value, got, want)
		}
	}
}

// What PartitionFolder makes is the name of one folder, and says the value again.
func TestPartitionFolderRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.OneOf(rapid.String(), rapid.StringOfN(rapid.RuneFrom([]rune("%=/_.25F \x00\x7fü")), 1, 8, -1)).Draw(t, "value")
		name := schema.PartitionFolder("decision", value)
		if strings.ContainsAny(name, "/\\\x00") {
			t.Fatalf("%q is no name", name)
		}
		column, escaped, _ := strings.Cut(name, "=")
		got, err := url.PathUnescape(escaped)
		if escaped == "__HIVE_DEFAULT_PARTITION__" {
			got = ""
		}
		if column != "decision" || err != nil || got != value {
			t.Fatalf("%q says %q of %s: %v", name, got, column, err)
		}
	})
}

func TestPartitionedTables(t *testing.T) {
	var partitioned []string
	for _, table := range schema.Tables() {
		rest := table.Without(schema.PartitionColumns())
		left := len(table.Columns) - len(rest.Columns)
		if table.Partitioned() {
			partitioned = append(partitioned, table.Name)
			left -= len(schema.PartitionColumns())
		}
		if left != 0 || rest.Name != table.Name {
			t.Errorf("%s: %d columns, and %d without those", table.Name, len(table.Columns), len(rest.Columns))
		}
	}
	if diff := cmp.Diff([]string{"documents", "sentences", "labels", "relations"}, partitioned); diff != "" {
		t.Error(diff)
	}
}
