package config

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
)

// attributeName is what an attribute may be called, in a pattern, a template
// or a constant attribute.
var attributeName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// A Pattern captures attributes from the path of a file. In it, {name} matches
// one or more bytes within a path element, {name:regexp} what the expression
// matches (which may span elements), * anything within an element and **
// anything at all; **/ also matches no folder. Everything else stands for
// itself. The zero Pattern matches only the empty path. A Pattern is safe for
// concurrent use.
type Pattern struct {
	re      *regexp.Regexp
	matcher matcher // nil where re does it alone
	names   []string
}

// ParsePattern reads a pattern. Its error says what is wrong with it: a brace
// without its twin, a name that is none, an expression that does not compile.
func ParsePattern(s string) (Pattern, error) {
	var p Pattern
	var expr strings.Builder
	expr.WriteString(`\A(?s:`)
	for rest := s; rest != ""; {
		atElement := len(rest) == len(s) || s[len(s)-len(rest)-1] == '/'
		switch {
		case atElement && strings.HasPrefix(rest, "**/"):
			expr.WriteString(`(?:.*/)?`)
			rest = rest[3:]
		case strings.HasPrefix(rest, "**"):
			expr.WriteString(`.*`)
			rest = rest[2:]
		case rest[0] == '*':
			expr.WriteString(`[^/]*`)
			rest = rest[1:]
		case rest[0] == '{':
			body, after, err := braced(rest)
			if err != nil {
				return Pattern{}, err
			}
			name, e, has := strings.Cut(body, ":")
			if err := checkName(name); err != nil {
				return Pattern{}, err
			}
			if !has {
				e = `[^/]+`
			} else if e, err = withoutGroups(e); err != nil {
				return Pattern{}, fmt.Errorf("expression of {%s}: %w", name, err)
			}
			p.names = append(p.names, name)
			expr.WriteString("(" + e + ")")
			rest = after
		case rest[0] == '}':
			return Pattern{}, errUnopened
		default:
			end := strings.IndexAny(rest, "*{}")
			if end < 0 {
				end = len(rest)
			}
			expr.WriteString(regexp.QuoteMeta(rest[:end]))
			rest = rest[end:]
		}
	}
	expr.WriteString(`)\z`)
	re, err := regexp.Compile(expr.String())
	if err != nil { // only its size is left to object to
		return Pattern{}, compileError(err)
	}
	p.re, p.matcher = re, newMatcher(expr.String())
	return p, nil
}

// Names are the attributes that the pattern captures, in order of first
// appearance.
func (p Pattern) Names() []string { return distinct(p.names) }

// Groups are the attributes that the pattern captures, in order and as often as
// they stand in it.
func (p Pattern) Groups() []string { return slices.Clone(p.names) }

// Match reports whether the pattern fits a whole slash-separated path, and what
// it captures: group i of Groups is path[bounds[2*i]:bounds[2*i+1]]. A group may
// be empty. It appends the bounds to buf.
func (p Pattern) Match(path string, buf []int) (bounds []int, ok bool) {
	if p.re == nil {
		return buf, path == ""
	}
	bounds = slices.Grow(buf, 2*len(p.names))[:len(buf)+2*len(p.names)]
	ok, sure := p.matcher.match(path, bounds[len(buf):])
	if sure {
		return bounds, ok
	}
	found := p.re.FindStringSubmatchIndex(path)
	if found == nil {
		return buf, false
	}
	return append(buf, found[2:]...), true
}

// A Template makes text of attributes: {name} stands for the attribute's value,
// everything else for itself.
type Template struct {
	parts []templatePart
}

type templatePart struct{ literal, name string } // one of the two is empty

// ParseTemplate reads a template. Its error says what is wrong with it.
func ParseTemplate(s string) (Template, error) {
	var t Template
	for rest := s; rest != ""; {
		switch rest[0] {
		case '{':
			name, after, err := braced(rest)
			if err != nil {
				return Template{}, err
			}
			if n, _, has := strings.Cut(name, ":"); has {
				return Template{}, fmt.Errorf("{%s} has an expression, which only paths may have: write {%s}", name, n)
			}
			if err := checkName(name); err != nil {
				return Template{}, err
			}
			t.parts = append(t.parts, templatePart{name: name})
			rest = after
		case '}':
			return Template{}, errUnopened
		default:
			end := strings.IndexAny(rest, "{}")
			if end < 0 {
				end = len(rest)
			}
			t.parts = append(t.parts, templatePart{literal: rest[:end]})
			rest = rest[end:]
		}
	}
	return t, nil
}

// Names are the attributes that the template uses, in order of first appearance.
func (t Template) Names() []string {
	var names []string
	for _, p := range t.parts {
		if p.name != "" {
			names = append(names, p.name)
		}
	}
	return distinct(names)
}

// Expand puts the values that lookup returns in place of the names. It returns
// false when the template is empty or lookup does not know a name.
func (t Template) Expand(lookup func(name string) (string, bool)) (string, bool) {
	var b strings.Builder
	for _, p := range t.parts {
		b.WriteString(p.literal)
		if p.name != "" {
			value, ok := lookup(p.name)
			if !ok {
				return "", false
			}
			b.WriteString(value)
		}
	}
	return b.String(), len(t.parts) > 0
}

var (
	errUnclosed = errors.New("{ without its }")
	errUnopened = errors.New("} without its {")
)

// braced splits s, which starts with a brace, after the twin of that brace. An
// escaped brace, as expressions have it, does not count.
func braced(s string) (body, after string, err error) {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return s[1:i], s[i+1:], nil
			}
		}
	}
	return "", "", errUnclosed
}

func checkName(name string) error {
	if !attributeName.MatchString(name) {
		return fmt.Errorf("%q is no name of an attribute: write lower-case letters, digits and underscores, a letter first", name)
	}
	return nil
}

// withoutGroups returns an expression that matches the same and captures
// nothing, so that groups can be told by counting.
func withoutGroups(expr string) (string, error) {
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return "", compileError(err)
	}
	var strip func(*syntax.Regexp) *syntax.Regexp
	strip = func(re *syntax.Regexp) *syntax.Regexp {
		for re.Op == syntax.OpCapture {
			re = re.Sub[0]
		}
		for i := range re.Sub {
			re.Sub[i] = strip(re.Sub[i])
		}
		return re
	}
	return strip(re).String(), nil
}

func compileError(err error) error {
	if e := (*syntax.Error)(nil); errors.As(err, &e) {
		return fmt.Errorf("%s: %q", e.Code, e.Expr)
	}
	return err
}

func distinct(names []string) []string {
	var out []string
	for _, n := range names {
		if !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}
