package schema

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// DisplayPath makes a path fit for a column of text: each byte that is not UTF-8
// becomes \xNN, in lower-case hexadecimal, and a backslash is doubled, so that no
// two paths look the same.
func DisplayPath(path string) string {
	if utf8.ValidString(path) && strings.IndexByte(path, '\\') < 0 {
		return path
	}
	const hex = "0123456789abcdef"
	var b strings.Builder
	for i := 0; i < len(path); {
		r, n := utf8.DecodeRuneInString(path[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			b.WriteString(`\x`)
			b.WriteByte(hex[path[i]>>4])
			b.WriteByte(hex[path[i]&15])
		case r == '\\':
			b.WriteString(`\\`)
		default:
			b.WriteString(path[i : i+n])
		}
		i += n
	}
	return b.String()
}

// Printable is s on one line, safe to print on a terminal: file names, excerpts and
// values of a config may hold anything.
func Printable(s string) string {
	var b strings.Builder
	for _, r := range s {
		if strconv.IsPrint(r) {
			b.WriteRune(r)
			continue
		}
		quoted := strconv.QuoteRune(r)
		b.WriteString(quoted[1 : len(quoted)-1])
	}
	return b.String()
}
