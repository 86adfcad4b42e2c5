package config

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/quern-data/quern/configs"
)

func TestBuiltInTaxonomies(t *testing.T) {
	names := shipped(taxonomies)
	if len(names) == 0 {
		t.Fatal("no taxonomy is built in")
	}
	for _, name := range names {
		got, err := LoadTaxonomy(name, "nowhere")
		if err != nil {
			t.Error(err)
		} else if got.Name != name {
			t.Errorf("%s calls itself %s", name, got.Name)
		}
	}
}

func TestLoadTaxonomy(t *testing.T) {
	folder(t, map[string]string{
		"sub/t.yaml": "name: t\nno_label: ['null']\npolarities: [{code: POS, name: positive, aliases: [pol_positive, +]}]\neverywhere: [{code: CNT}]\n" +
			"layers:\n- name: a\n  polarity: true\n  labels:\n  - {code: POS}\n  - {code: B_2, name: b, description: d, aliases: [C, D]}\n",
	})
	want := &Taxonomy{
		Name: "t", NoLabel: []string{"null"}, Polarities: []Polarity{{"POS", "positive", []string{"pol_positive", "+"}}}, Everywhere: []Term{{Code: "CNT"}},
		Layers: []Layer{{Name: "a", Polarity: true, Labels: []Term{
			{Code: "POS"}, {Code: "B_2", Name: "b", Description: "d", Aliases: []string{"C", "D"}},
		}}},
	}
	absolute, err := filepath.Abs("sub/t.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ ref, dir string }{{"t.yaml", "sub"}, {"sub/t.yaml", ""}, {absolute, "nowhere"}} {
		got, err := LoadTaxonomy(tt.ref, tt.dir)
		if err != nil {
			t.Error(err)
			continue
		}
		if diff := cmp.Diff(want, got, equateEmpty); diff != "" {
			t.Errorf("%+v: %s", tt, diff)
		}
	}
}

func TestTaxonomyMistakes(t *testing.T) {
	const labels = "name: t\nlayers: [{name: a, labels: [{code: A}]}]\n"
	tests := []struct {
		name, content string
		inline        []string // beyond those of any format
		want          []string
	}{
		{"empty", "", nil, []string{
			"t.yaml:1:1: name: is missing (want text)",
			"t.yaml:1:1: layers: is missing (want a list of entries, or open: true)",
		}},
		{"key of a config", "workers: 1\n" + labels, nil, []string{
			"t.yaml:1:1: workers: unknown key (one of name, description, no_label, polarities, everywhere, layers, open)",
		}},
		{"unknown keys", labels + "polarites: []\neverywhere: [{code: B, alias: [C]}]\n", nil, []string{
			"t.yaml:3:1: polarites: unknown key (did you mean polarities?)",
			"t.yaml:4:24: everywhere[0].alias: unknown key (did you mean aliases?)",
		}},
		{"unquoted null", labels + "no_label: [null, '']\n", nil, []string{
			"t.yaml:3:12: no_label[0]: want text, found no value (put it in quotation marks)",
			"t.yaml:3:18: no_label[1]: is empty",
		}},
		{"no layers", "name: t\nlayers: []\n", nil, []string{
			"t.yaml:2:9: layers: is empty (at least 1, or open: true)",
		}},
		{"layers of another kind", "name: t\nlayers: a\n", nil, []string{
			"t.yaml:2:9: layers: want a list of entries, found the text \"a\" (write [ ] around it, or a hyphen before it)",
		}},
		{"empty layers", "name: t\nlayers: [{name: a, labels: []}, {name: a}, {name: B-c, labels: [{code: ' x'}, {code: ''}]}]\n", nil, []string{
			"t.yaml:2:28: layers[0].labels: is empty (at least 1, or open: true)",
			"t.yaml:2:33: layers[1].labels: is missing (want a list of entries, or open: true)",
			`t.yaml:2:40: layers[1].name: "a" is the name of layers[0] too (give each layer a name of its own)`,
			`t.yaml:2:51: layers[2].name: "B-c" is not allowed (must match ^[a-z][a-z0-9_]*$)`,
			`t.yaml:2:72: layers[2].labels[0].code: " x" is no code (one line, and no white space around it)`,
			`t.yaml:2:86: layers[2].labels[1].code: is empty`,
		}},
		{"open", "name: t\nopen: true\nlayers: [{name: a, open: true}, {name: b, labels: [{code: C}]}]\n", []string{
			"t.yaml:2:7: open: the format inline knows its labels by the list (list its layers and labels, and leave open out)",
			"t.yaml:3:26: layers[0].open: the format inline knows its labels by the list (list its labels, and leave open out)",
		}, nil},
		{"open without layers", "name: t\nopen: true\n", []string{
			"t.yaml:2:7: open: the format inline knows its labels by the list (list its layers and labels, and leave open out)",
		}, nil},
		{"words with two meanings", "name: t\nno_label: [null_, NULL_]\neverywhere: [{code: A}]\nlayers:\n" +
			"- name: a\n  labels: [{code: B, aliases: [C, D, D, b]}, {code: C}, {code: null_}]\n" +
			"- name: b\n  labels: [{code: a}, {code: E, aliases: [d, \"x\\ty\", '']}, {code: F, aliases: [NULL_]}]\n", []string{
			`t.yaml:8:43: layers[1].labels[1].aliases[0]: "d" is taken by layers[0].labels[0].aliases[1] (in the format inline each word means one thing in all layers; upper and lower case are one)`,
		}, []string{
			`t.yaml:2:19: no_label[1]: "NULL_" is taken by no_label[0] (each word means one thing, upper and lower case are one)`,
			`t.yaml:6:32: layers[0].labels[0].aliases[0]: "C" is taken by layers[0].labels[1].code (each word means one thing, upper and lower case are one)`,
			`t.yaml:6:38: layers[0].labels[0].aliases[2]: "D" is taken by layers[0].labels[0].aliases[1] (each word means one thing, upper and lower case are one)`,
			`t.yaml:6:41: layers[0].labels[0].aliases[3]: "b" is taken by layers[0].labels[0].code (each word means one thing, upper and lower case are one)`,
			`t.yaml:6:64: layers[0].labels[2].code: "null_" is taken by no_label[0] (each word means one thing, upper and lower case are one)`,
			`t.yaml:8:19: layers[1].labels[0].code: "a" is taken by everywhere[0].code (each word means one thing, upper and lower case are one)`,
			`t.yaml:8:46: layers[1].labels[1].aliases[1]: "x\ty" is no code (one line, and no white space around it)`,
			`t.yaml:8:54: layers[1].labels[1].aliases[2]: "" is no code (one line, and no white space around it)`,
			`t.yaml:8:80: layers[1].labels[2].aliases[0]: "NULL_" is taken by no_label[0] (each word means one thing, upper and lower case are one)`,
		}},
		{"a code in two layers", "name: t\nlayers: [{name: a, labels: [{code: other}]}, {name: b, labels: [{code: Other}]}]\n", []string{
			`t.yaml:2:72: layers[1].labels[0].code: "Other" is taken by layers[0].labels[0].code (in the format inline each word means one thing in all layers; upper and lower case are one)`,
		}, nil},
		{"codes of other formats", "name: t\nlayers: [{name: a, labels: [{code: arg-structuring_summary}, {code: 'Größe, 10%', aliases: [x-]}]}]\n", []string{
			`t.yaml:2:69: layers[0].labels[1].code: "Größe, 10%" is no code (in the format inline: letters, digits, underscores, and hyphens between them)`,
			`t.yaml:2:93: layers[0].labels[1].aliases[0]: "x-" is no code (in the format inline: letters, digits, underscores, and hyphens between them)`,
		}, nil},
		{"codes that end like a polarity", "name: t\npolarities: [{code: POS}]\nlayers: [{name: a, polarity: true, labels: [{code: x-pos, aliases: [a-b-POS]}]}, {name: b, labels: [{code: y-POS}]}]\n", []string{
			`t.yaml:3:108: layers[1].labels[0].code: "y-POS" ends like a label with the polarity POS (a code may not: what stands behind a hyphen would mean two things)`,
		}, []string{
			`t.yaml:3:52: layers[0].labels[0].code: "x-pos" ends like a label with the polarity POS (a code may not: what stands behind a hyphen would mean two things)`,
			`t.yaml:3:69: layers[0].labels[0].aliases[0]: "a-b-POS" ends like a label with the polarity POS (a code may not: what stands behind a hyphen would mean two things)`,
		}},
		{"polarities", "name: t\nno_label: ['null']\npolarities: [{code: POS, aliases: ['+', neg, '']}, {code: pos}, {code: 'NULL'}, {code: NEG, aliases: ['+', nUll]}]\nlayers: [{name: a, labels: [{code: A}]}]\n", nil, []string{
			`t.yaml:3:41: polarities[0].aliases[1]: "neg" is taken by polarities[3].code (upper and lower case are one)`,
			`t.yaml:3:46: polarities[0].aliases[2]: "" is no polarity (one line, and no white space around it)`,
			`t.yaml:3:59: polarities[1].code: "pos" is taken by polarities[0].code (upper and lower case are one)`,
			`t.yaml:3:72: polarities[2].code: "NULL" is taken by no_label[0] (upper and lower case are one)`,
			`t.yaml:3:103: polarities[3].aliases[0]: "+" is taken by polarities[0].aliases[0] (upper and lower case are one)`,
			`t.yaml:3:108: polarities[3].aliases[1]: "nUll" is taken by no_label[0] (upper and lower case are one)`,
		}},
		{"no polarities", "name: t\nlayers: [{name: a, polarity: true, labels: [{code: A}]}]\n", nil, []string{
			"t.yaml:2:30: layers[0].polarity: there are no polarities (list them under polarities)",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			folder(t, map[string]string{"t.yaml": tt.content})
			_, err := LoadTaxonomy("t.yaml", ".")
			if diff := cmp.Diff(tt.want, lines(t, err)); diff != "" {
				t.Error(diff)
			}
			_, err = parseTaxonomy("t.yaml", []byte(tt.content), true)
			got := slices.DeleteFunc(lines(t, err), func(line string) bool { return slices.Contains(tt.want, line) })
			if diff := cmp.Diff(tt.inline, got, equateEmpty); diff != "" {
				t.Errorf("inline: %s", diff)
			}
		})
	}
	for ref, want := range map[string]string{
		"nix":            `nix: there is no built-in taxonomy "nix" (one of ` + strings.Join(shipped(taxonomies), ", ") + `, or a path with its extension)`,
		"nowhere/t.yaml": "nowhere/t.yaml: taxonomy nowhere/t.yaml does not exist",
	} {
		if _, err := LoadTaxonomy(ref, ""); strings.Join(lines(t, err), "\n") != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func FuzzTaxonomy(f *testing.F) {
	for _, name := range shipped(taxonomies) {
		b, err := configs.FS.ReadFile(taxonomies + "/" + name + ".yaml")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, true)
		f.Add(b, false)
	}
	f.Add([]byte("name: t\nlayers: [{name: a, labels: [{code: A, aliases: [b]}]}]\n"), true)
	f.Fuzz(func(t *testing.T, data []byte, inline bool) {
		got, err := parseTaxonomy("t.yaml", data, inline)
		if (got == nil) == (err == nil) {
			t.Fatal("want either a taxonomy or problems")
		}
		if err != nil {
			lines(t, err)
			return
		}
		seen := make(map[word]bool)
		for _, term := range got.terms() {
			for _, text := range append([]string{term.Code}, term.Aliases...) {
				layer := term.layer
				if inline {
					layer = anyLayer
				}
				at := word{strings.ToLower(text), layer}
				if !isCode(text) || inline && !inlineExpr.MatchString(text) || seen[at] || seen[word{at.key, anyLayer}] {
					t.Fatalf("%q came through", text)
				}
				seen[at] = true
			}
		}
	})
}
