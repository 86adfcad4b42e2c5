package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// match returns what a pattern captures from a path, the last of each name, and
// whether it fits.
func match(p Pattern, path string) (map[string]string, bool) {
	re, names := p.Regexp()
	groups := re.FindStringSubmatch(path)
	captured := make(map[string]string)
	for i, name := range names {
		if groups != nil {
			captured[name] = groups[i+1]
		}
	}
	return captured, groups != nil
}

func TestPatternMatch(t *testing.T) {
	const review = "{decision}/{paper}/Annotated/{venue:[A-Za-z]+}{year:[0-9]{4}}-{paper}-{reviewer:R[0-9]+}_annotated.txt"
	tests := []struct {
		pattern, path string
		want          map[string]string // nil: does not fit
	}{
		{"", "", map[string]string{}},
		{"", "a", nil},
		{"a.txt", "a.txt", map[string]string{}},
		{"a.txt", "abtxt", nil},
		{"a?[b]", "a?[b]", map[string]string{}},
		{"*.txt", "a.txt", map[string]string{}},
		{"*.txt", "x/a.txt", nil},
		{"**/*.txt", "a.txt", map[string]string{}},
		{"**/*.txt", "x/y/a.txt", map[string]string{}},
		{"a**z", "a/x/z", map[string]string{}},
		{"x/**", "x/y/z", map[string]string{}},
		{"a**/b", "ab", nil},
		{"{a}", "x\ny", map[string]string{"a": "x\ny"}},
		{"{a}", "x/y", nil},
		{"{a:.*}", "x/y", map[string]string{"a": "x/y"}},
		{"{a:x*}y", "y", map[string]string{"a": ""}},
		{"{a:(b)(c)}-{d}", "bc-e", map[string]string{"a": "bc", "d": "e"}},
		{"{a:x|y}{b}", "yz", map[string]string{"a": "y", "b": "z"}},
		{"{a:(?i)yes|no}-{b:x}", "NO-x", map[string]string{"a": "NO", "b": "x"}},
		{"{a:(?i)yes|no}-{b:x}", "NO-X", nil},
		{`{a:\{+}`, "{{", map[string]string{"a": "{{"}},
		{"{a}-{a}", "x-x", map[string]string{"a": "x"}},
		{"{a}-{a}", "x-y", map[string]string{"a": "y"}},
		{
			review, "Accepted/B1-/Annotated/ICLR2018-B1--R2_annotated.txt",
			map[string]string{"decision": "Accepted", "paper": "B1-", "venue": "ICLR", "year": "2018", "reviewer": "R2"},
		},
		{review, "Accepted/B1-/ICLR2018-B1-R2_annotated.txt", nil},
	}
	for _, tt := range tests {
		p, err := ParsePattern(tt.pattern)
		if err != nil {
			t.Errorf("%s: %v", tt.pattern, err)
			continue
		}
		got, ok := match(p, tt.path)
		if ok != (tt.want != nil) {
			t.Errorf("%s on %q: fits = %v", tt.pattern, tt.path, ok)
		} else if diff := cmp.Diff(tt.want, got); ok && diff != "" {
			t.Errorf("%s on %q: %s", tt.pattern, tt.path, diff)
		}
		if re, names := p.Regexp(); re.NumSubexp() != len(names) {
			t.Errorf("%s: %d groups, names %q", tt.pattern, re.NumSubexp(), names)
		}
	}
}

func TestPatternErrors(t *testing.T) {
	for pattern, want := range map[string]string{
		"{a":          "{ without its }",
		"a}":          "} without its {",
		"{a:[0-9]{4}": "{ without its }",
		`{a\}`:        "{ without its }",
		"{}":          "no name",
		"{A}":         "no name",
		"{a b}":       "no name",
		"{1a:x}":      "no name",
		"{a:(}":       "missing closing )",
		"{a:)(}":      "unexpected )",
		"{a:[z-a]}":   "invalid character class range",
		"{a:x{1001}}": "invalid repeat count",
	} {
		if _, err := ParsePattern(pattern); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", pattern, err, want)
		}
	}
}

func TestZeroPattern(t *testing.T) {
	var p Pattern
	if _, ok := match(p, "a"); ok {
		t.Error("the zero pattern fits a path")
	}
	if re, names := p.Regexp(); re.MatchString("a") || len(names) != 0 || len(p.Names()) != 0 {
		t.Error("the zero pattern captures")
	}
}

func TestTemplate(t *testing.T) {
	values := map[string]string{"a": "1", "b": "{c}"}
	lookup := func(name string) (string, bool) { v, ok := values[name]; return v, ok }
	tests := []struct {
		template, want string
		ok             bool
		names          []string
	}{
		{"", "", false, nil},
		{"plain*", "plain*", true, nil},
		{"{a}", "1", true, []string{"a"}},
		{"x{a}-{b}-{a}.txt", "x1-{c}-1.txt", true, []string{"a", "b"}},
		{"{a}{c}", "", false, []string{"a", "c"}},
	}
	for _, tt := range tests {
		template, err := ParseTemplate(tt.template)
		if err != nil {
			t.Errorf("%s: %v", tt.template, err)
			continue
		}
		if got, ok := template.Expand(lookup); got != tt.want || ok != tt.ok {
			t.Errorf("%s: %q, %v; want %q, %v", tt.template, got, ok, tt.want, tt.ok)
		}
		if diff := cmp.Diff(tt.names, template.Names()); diff != "" {
			t.Errorf("%s: %s", tt.template, diff)
		}
	}
	for template, want := range map[string]string{
		"{a": "{ without its }", "}": "} without its {", "{a:x}": "only paths may have", "{}": "no name",
	} {
		if _, err := ParseTemplate(template); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", template, err, want)
		}
	}
}

// A template that is also a pattern makes paths that the pattern takes apart
// again, if a separator keeps the values apart.
func TestTemplateAndPatternAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		literals := rapid.SliceOfN(rapid.StringMatching(`[-_/.a-z\[\]()+?^$|\\]*/`), 1, 4).Draw(t, "literals")
		var source strings.Builder
		values := make(map[string]string)
		for i, literal := range literals {
			name := string(rune('a' + i))
			source.WriteString(literal + "{" + name + "}")
			values[name] = rapid.StringMatching(`[^/]+`).Draw(t, name)
		}
		template, err := ParseTemplate(source.String())
		if err != nil {
			t.Fatal(err)
		}
		pattern, err := ParsePattern(source.String())
		if err != nil {
			t.Fatal(err)
		}
		path, ok := template.Expand(func(name string) (string, bool) { v, ok := values[name]; return v, ok })
		if !ok {
			t.Fatal("not expanded")
		}
		got, ok := match(pattern, path)
		if diff := cmp.Diff(values, got); !ok || diff != "" {
			t.Fatalf("%s on %q: %v %s", source.String(), path, ok, diff)
		}
	})
}

func FuzzParsePattern(f *testing.F) {
	for _, s := range []string{"{a}/{b:[0-9]{4}}*", "**/{a:(?i)x|y}", "{a:\\{}", "}{", "{a:(}"} {
		f.Add(s, "x/2018y")
	}
	f.Fuzz(func(t *testing.T, source, path string) {
		p, err := ParsePattern(source)
		if err != nil {
			return
		}
		re, names := p.Regexp()
		if re.NumSubexp() != len(names) {
			t.Fatalf("%d groups, names %q", re.NumSubexp(), names)
		}
		if groups := re.FindStringSubmatch(path); groups != nil && groups[0] != path {
			t.Fatalf("matches %q of %q", groups[0], path)
		}
	})
}
