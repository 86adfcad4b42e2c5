package card

import (
	"strconv"
	"strings"
	"unicode"
)

// oneLine is s with one blank for each stretch of white space and of characters that
// cannot be seen.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || !visible(r) }), " ")
}

// visible reports whether r can be seen, or joins letters that can: the others may
// hide or turn around what stands beside them.
func visible(r rune) bool { return unicode.IsPrint(r) || r == '\u200c' || r == '\u200d' }

// quote is s as a string of YAML on one line. The escapes of Go are ones of YAML too,
// and what Go prints as it is, YAML takes.
func quote(s string) string { return strconv.Quote(s) }

// markdown is s, on one line, as text that Markdown takes for nothing else, wherever
// in a line or a table it stands.
func markdown(s string) string {
	s = oneLine(s)
	var b strings.Builder
	for i, c := range []byte(s) {
		switch c {
		case '\\', '`', '*', '[', ']', '<', '>', '|', '~', '&', '$', '#':
			b.WriteByte('\\')
		case '_': // within a word it is an ordinary character
			if !wordAt(s, i-1) || !wordAt(s, i+1) {
				b.WriteByte('\\')
			}
		case '-', '+', '=':
			if i == 0 {
				b.WriteByte('\\')
			}
		case '.', ')':
			if i > 0 && strings.Trim(s[:i], "0123456789") == "" {
				b.WriteByte('\\')
			}
		}
		b.WriteByte(c)
	}
	return b.String()
}

func wordAt(s string, i int) bool {
	return i >= 0 && i < len(s) && (s[i] >= '0' && s[i] <= '9' || s[i]|0x20 >= 'a' && s[i]|0x20 <= 'z')
}

// paragraphs are those of a text, each as markdown has it.
func paragraphs(s string) string {
	var all []string
	var paragraph []string
	end := func() {
		if text := markdown(strings.Join(paragraph, " ")); text != "" {
			all = append(all, text)
		}
		paragraph = nil
	}
	for line := range strings.Lines(s) {
		if paragraph = append(paragraph, line); strings.TrimSpace(line) == "" {
			end()
		}
	}
	end()
	return strings.Join(all, "\n\n")
}

// fence is text as it is, between fences that do not stand in it.
func fence(language, text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || visible(r):
			return r
		case unicode.IsSpace(r):
			return ' '
		}
		return -1
	}, strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n")))
	marks := "```"
	for strings.Contains(text, marks) {
		marks += "`"
	}
	return marks + language + "\n" + text + "\n" + marks
}

// thousands is n with commas.
func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func count(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return thousands(n) + " " + many
}
