package config

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// match returns what a pattern captures from a path, the last of each name, and
// whether it fits.
func match(p Pattern, path string) (map[string]string, bool) {
	bounds, ok := p.Match(path, nil)
	captured := make(map[string]string)
	for i, name := range p.Groups() {
		if ok {
			captured[name] = path[bounds[2*i]:bounds[2*i+1]]
		}
	}
	return captured, ok
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
		checkMatch(t, p, tt.path)
	}
}

// checkMatch compares what a pattern says with what its expression does.
func checkMatch(t interface{ Fatalf(string, ...any) }, p Pattern, path string) {
	if p.re.NumSubexp() != len(p.Groups()) {
		t.Fatalf("%d groups, names %q", p.re.NumSubexp(), p.Groups())
	}
	bounds, ok := p.Match(path, []int{-1})
	want := p.re.FindStringSubmatchIndex(path)
	if ok != (want != nil) {
		t.Fatalf("%s on %q: fits = %v", p.re, path, ok)
	}
	if !ok {
		return
	}
	if want[0] != 0 || want[1] != len(path) {
		t.Fatalf("%s matches %v of %q", p.re, want[:2], path)
	}
	if want[1] = -1; !slices.Equal(want[1:], bounds) {
		t.Fatalf("%s on %q: %v, want %v", p.re, path, bounds[1:], want[2:])
	}
}

// The matcher says what the expression does, for patterns made of all that it
// knows, and of paths that nearly fit.
func TestMatcher(t *testing.T) {
	pieces := []string{
		"**/", "**", "*", "/", "a", "ab", "-", "R", "é", "{a}", "{b}", "{c:[ab]+}", "{d:[a-c]*?}", "{e:.+}", "{f:(?s).*?}", "{g:R[0-9]+}",
		"{h:[0-9]{2,3}}", "{i:a?}", "{j:a{2}b??}", "{k:(?i)A}", "{l:a|b}", "{m:(ab)+}", "{n:}", "{o:[^a]+}", "{p:é*}", "{q:(?i)[a]}", "{r:a+?}",
	}
	ours := 0
	rapid.Check(t, func(t *rapid.T) {
		source := strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 7).Draw(t, "pattern"), "")
		p, err := ParsePattern(source)
		if err != nil {
			t.Fatalf("%s: %v", source, err)
		}
		for range 20 {
			path := rapid.StringOfN(rapid.RuneFrom([]rune("aaabR0/-/\né")), 0, 12, -1).Draw(t, "path")
			checkMatch(t, p, path)
			if _, sure := p.matcher.match(path, make([]int, 2*len(p.names))); sure {
				ours++
			}
		}
	})
	if ours == 0 {
		t.Error("regexp did it all")
	}
}

// The kinds of patterns that people write do without regexp, and those that would
// take quadratic time or more go over to it.
func TestMatcherGivesUp(t *testing.T) {
	path := "Accepted/B1-/Annotated/ICLR2018-B1--R2_annotated.txt"
	for _, tt := range []struct {
		pattern, path string
		sure          bool
	}{
		{"**/{decision}/{paper_id}/Annotated/{venue:[A-Za-z]+}{year:[0-9]{4}}-{paper_id}-{reviewer:R[0-9]+}*annotated.txt", path, true},
		{"**/{venue:[A-Za-z]+}{year:[0-9]{4}}-{paper_id}-{reviewer:R[0-9]+}*annotated.txt", path, true},
		{"**/{venue:[A-Za-z]+}{year:[0-9]{4}}-{paper_id}-{reviewer:R[0-9]+}.txt", path, true},
		{"{decision}/**", path, true},
		{"**/{name}.txt", strings.Repeat("a/", 2000) + "a.text", true},
		{"{decision:Accepted|Rejected}/**", path, false},
		{"**/{name}.txt", "é.txt", false},
		{"*a*a*a*a*a*b", strings.Repeat("a", 500), false},
		{"**/**/**/**/**/b", strings.Repeat("a/", 500), false},
	} {
		p, err := ParsePattern(tt.pattern)
		if err != nil {
			t.Fatal(err)
		}
		if _, sure := p.matcher.match(tt.path, make([]int, 2*len(p.names))); sure != tt.sure {
			t.Errorf("%s on %.60q: sure %v", tt.pattern, tt.path, sure)
		}
		checkMatch(t, p, tt.path)
	}
}

func BenchmarkMatch(b *testing.B) {
	p, err := ParsePattern("**/{decision}/{paper_id}/Annotated/{venue:[A-Za-z]+}{year:[0-9]{4}}-{paper_id}-{reviewer:R[0-9]+}*annotated.txt")
	if err != nil {
		b.Fatal(err)
	}
	for name, matcher := range map[string]matcher{"ours": p.matcher, "regexp": nil} {
		b.Run(name, func(b *testing.B) {
			p, buf := p, []int{}
			p.matcher = matcher
			b.ReportAllocs()
			for b.Loop() {
				var ok bool
				if buf, ok = p.Match("Accepted/B1-abc-/Annotated/ICLR2018-B1-abc--R2_annotated.txt", buf[:0]); !ok {
					b.Fatal("it does not fit")
				}
			}
		})
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
	if _, ok := match(p, ""); !ok {
		t.Error("the zero pattern does not fit the empty path")
	}
	if len(p.Groups()) != 0 || len(p.Names()) != 0 {
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
	for _, s := range []string{"{a}/{b:[0-9]{4}}*", "**/{a:(?i)x|y}", "{a:\\{}", "}{", "{a:(}", "**{a:.+?}{b:[^x]*}{c:x?}"} {
		f.Add(s, "x/2018y")
	}
	f.Fuzz(func(t *testing.T, source, path string) {
		p, err := ParsePattern(source)
		if err != nil {
			return
		}
		checkMatch(t, p, path)
	})
}
