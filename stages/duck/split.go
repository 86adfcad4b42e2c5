package duck

import "strings"

// Split cuts SQL into its statements, at each semicolon that stands in no literal,
// quoted name or comment. A statement begins with as many line feeds as there are
// lines before it, so that DuckDB's errors name lines of the whole. What is nothing
// but white space and comments is no statement. rest is what stands behind the last
// semicolon.
func Split(sql string) (statements []string, rest string) {
	start, line := 0, 0
	says := false // whether anything was said since start
	for i := 0; i < len(sql); {
		end := i + tokenLen(sql[i:])
		token := sql[i:end]
		switch {
		case token == ";":
			if says {
				statements = append(statements, strings.Repeat("\n", line)+sql[start:i])
			}
			line += strings.Count(sql[start:end], "\n")
			start, says = end, false
		case strings.TrimSpace(token) == "", strings.HasPrefix(token, "--"):
		case len(token) >= 4 && strings.HasPrefix(token, "/*") && strings.HasSuffix(token, "*/"):
		default:
			says = true
		}
		i = end
	}
	if says {
		rest = strings.Repeat("\n", line) + sql[start:]
	}
	return statements, rest
}

// tokenLen is the length of the token that s begins with: a literal, a quoted name,
// a comment, a word, or a single byte. One that does not end reaches to the end.
func tokenLen(s string) int {
	switch c := s[0]; {
	case c == '\'' || c == '"':
		return quotedLen(s, 0, false)
	case (c == 'e' || c == 'E') && strings.HasPrefix(s[1:], "'"):
		return quotedLen(s, 1, true)
	case strings.HasPrefix(s, "--"):
		if end := strings.IndexByte(s, '\n'); end >= 0 {
			return end
		}
		return len(s)
	case strings.HasPrefix(s, "/*"):
		return commentLen(s)
	case c == '$':
		return dollarLen(s)
	case inWord(c):
		n := 1
		for n < len(s) && (inWord(s[n]) || s[n] == '$') {
			n++
		}
		return n
	}
	return 1
}

// quotedLen is the length of what is quoted by the character at open, which stands
// for itself where it is doubled or, if escapes, behind a backslash.
func quotedLen(s string, open int, escapes bool) int {
	for i := open + 1; i < len(s); i++ {
		switch {
		case escapes && s[i] == '\\':
			i++
		case s[i] != s[open]:
		case i+1 < len(s) && s[i+1] == s[open]:
			i++
		default:
			return i + 1
		}
	}
	return len(s)
}

// commentLen is the length of a comment that may hold others.
func commentLen(s string) int {
	depth := 0
	for i := 0; i+1 < len(s); i++ {
		switch s[i : i+2] {
		case "/*":
			depth++
			i++
		case "*/":
			depth--
			i++
		}
		if depth == 0 {
			return i + 1
		}
	}
	return len(s)
}

// dollarLen is the length of a literal between $$ and $$, or $tag$ and $tag$, and
// of a dollar sign if s begins with none.
func dollarLen(s string) int {
	n := 1
	for n < len(s) && inWord(s[n]) && (n > 1 || s[n] < '0' || s[n] > '9') {
		n++
	}
	if n == len(s) || s[n] != '$' {
		return 1
	}
	tag := s[:n+1]
	if end := strings.Index(s[len(tag):], tag); end >= 0 {
		return 2*len(tag) + end
	}
	return len(s)
}

// inWord reports whether a byte is part of a name or number.
func inWord(c byte) bool {
	return c >= 0x80 || c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
