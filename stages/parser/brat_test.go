package parser_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/quern-data/quern/schema"
)

// hostileStandoff are texts and annotations that take most work for each byte, after
// an ordinary one.
func hostileStandoff() map[string][2]string {
	const lines = 20_000
	text := strings.Repeat("The model is good. ", lines)
	each := func(line func(b *strings.Builder, i int)) string {
		var b strings.Builder
		for i := range lines {
			line(&b, i)
		}
		return b.String()
	}
	return map[string][2]string{
		"spans": {text, each(func(b *strings.Builder, i int) {
			fmt.Fprintf(b, "T%d\tMethod %d %d\tmodel\nA%d\tSure T%d\n", i, 19*i+4, 19*i+9, i, i)
		})},
		"long-spans": {text, each(func(b *strings.Builder, i int) {
			fmt.Fprintf(b, "T%d\tMethod 0 %d\tThe model is good. The\n", i, len(text))
		})},
		"spaces": {strings.Repeat(" ", 1<<20), each(func(b *strings.Builder, i int) { fmt.Fprintf(b, "T%d\tMethod 0 %d\tx\n", i, 1<<20) })},
		"offsets": {strings.Repeat("😀é\r\n", lines), each(func(b *strings.Builder, i int) {
			fmt.Fprintf(b, "T%d\tMethod %d %d\té\n", i, i, i+1)
		})},
		"pieces":    {text, "T1\tMethod 0 1" + strings.Repeat(";0 1", 4*lines) + "\tT\n"},
		"events":    {text, "T1\tWin 0 3\n" + each(func(b *strings.Builder, i int) { fmt.Fprintf(b, "E%d\tWin:T1 Who:E%d\n", i, i+1) })},
		"roles":     {text, "T1\tWin 0 3\nE1\tWin:T1" + strings.Repeat(" Who2:T1 Who:T1", 4*lines) + "\n"},
		"equal":     {text, "T1\tWin 0 3\n*\tEquiv" + strings.Repeat(" T1", 4*lines) + "\n"},
		"notes":     {text, "T1\tWin 0 3\n" + each(func(b *strings.Builder, i int) { fmt.Fprintf(b, "#%d\tAnnotatorNotes #%d\tx\n", i, i-1) })},
		"malformed": {text, strings.Repeat("T\n\t\n", 4*lines)},
	}
}

// TestHostileStandoff: megabytes of what takes most work are parsed, and all holds
// that holds for any input. BenchmarkStandoff says how long they take.
func TestHostileStandoff(t *testing.T) {
	p := newParser(t, "brat")
	for name, files := range hostileStandoff() {
		if err := invariants(p, []byte(files[0]), []byte(files[1])); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// BenchmarkStandoff parses texts with ordinary annotations, and with those that take
// most work for each byte.
func BenchmarkStandoff(b *testing.B) {
	p := newParser(b, "brat")
	for name, files := range hostileStandoff() {
		src := &schema.Source{Data: []byte(files[0]), RawPath: "beside", RawData: []byte(files[1])}
		b.Run(name, func(b *testing.B) { benchmarkParse(b, p, src) })
	}
}

// TestStandoffShort: the text and each of its starts, with annotations of all of it and
// each of their starts, keep what holds for any input.
func TestStandoffShort(t *testing.T) {
	p := newParser(t, "brat")
	text := "\ufeffe\u0301\r\n\xff\xfe😀. "
	ann := "\ufeffT1\tA 0 4;5 9\te\u0301 😀\r\nE1\tA:T1 X:T1\nR1\tB Arg1:T1 Arg2:E1\nN1\tReference R1 a:b\nA1\tC T1 D\n#1\tAnnotatorNotes A1\tx\xff\n*\tEquiv T1 E1"
	for i := range len(text) + 1 {
		for j := range len(ann) + 1 {
			if err := invariants(p, []byte(text[:i]), []byte(ann[:j])); err != nil {
				t.Fatalf("%q with %q: %v", text[:i], ann[:j], err)
			}
		}
	}
}
