package config

import (
	"path/filepath"
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
		"sub/t.yaml": "name: t\nno_label: ['null']\npolarities: [{code: POS, name: positive}]\neverywhere: [{code: CNT}]\n" +
			"layers:\n- name: a\n  polarity: true\n  labels:\n  - {code: POS}\n  - {code: B_2, name: b, description: d, aliases: [C, D]}\n",
	})
	want := &Taxonomy{
		Name: "t", NoLabel: []string{"null"}, Polarities: []Polarity{{"POS", "positive"}}, Everywhere: []Term{{Code: "CNT"}},
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
		want          []string
	}{
		{"empty", "", []string{
			"t.yaml:1:1: name: is missing (want text)",
			"t.yaml:1:1: layers: is missing (want a list of entries)",
		}},
		{"key of a config", "workers: 1\n" + labels, []string{
			"t.yaml:1:1: workers: unknown key (one of name, description, no_label, polarities, everywhere, layers)",
		}},
		{"unknown keys", labels + "polarites: []\neverywhere: [{code: B, alias: [C]}]\n", []string{
			"t.yaml:3:1: polarites: unknown key (did you mean polarities?)",
			"t.yaml:4:24: everywhere[0].alias: unknown key (did you mean aliases?)",
		}},
		{"unquoted null", labels + "no_label: [null, '']\n", []string{
			"t.yaml:3:12: no_label[0]: want text, found no value (put it in quotation marks)",
			"t.yaml:3:18: no_label[1]: is empty",
		}},
		{"empty layers", "name: t\nlayers: [{name: a, labels: []}, {name: a}, {name: B-c, labels: [{code: 'x y'}, {code: ''}]}]\n", []string{
			"t.yaml:2:28: layers[0].labels: is empty (at least 1)",
			"t.yaml:2:33: layers[1].labels: is missing (want a list of entries)",
			`t.yaml:2:40: layers[1].name: "a" is the name of layers[0] too (give each layer a name of its own)`,
			`t.yaml:2:51: layers[2].name: "B-c" is not allowed (must match ^[a-z][a-z0-9_]*$)`,
			`t.yaml:2:72: layers[2].labels[0].code: "x y" is not allowed (must match ^[A-Za-z0-9_]+$)`,
			`t.yaml:2:87: layers[2].labels[1].code: "" is not allowed (must match ^[A-Za-z0-9_]+$)`,
		}},
		{"words with two meanings", "name: t\nno_label: [null_, NULL_]\neverywhere: [{code: A}]\nlayers:\n" +
			"- name: a\n  labels: [{code: B, aliases: [C, D, D, b]}, {code: C}, {code: null_}]\n" +
			"- name: b\n  labels: [{code: a}, {code: E, aliases: [d, 'x y', '']}]\n", []string{
			`t.yaml:2:19: no_label[1]: "NULL_" is taken by no_label[0] (each word means one thing, upper and lower case are one)`,
			`t.yaml:6:32: layers[0].labels[0].aliases[0]: "C" is taken by layers[0].labels[1].code (each word means one thing, upper and lower case are one)`,
			`t.yaml:6:38: layers[0].labels[0].aliases[2]: "D" is taken by layers[0].labels[0].aliases[1] (each word means one thing, upper and lower case are one)`,
			`t.yaml:6:41: layers[0].labels[0].aliases[3]: "b" is taken by layers[0].labels[0].code (each word means one thing, upper and lower case are one)`,
			`t.yaml:6:64: layers[0].labels[2].code: "null_" is taken by no_label[0] (each word means one thing, upper and lower case are one)`,
			`t.yaml:8:19: layers[1].labels[0].code: "a" is taken by everywhere[0].code (each word means one thing, upper and lower case are one)`,
			`t.yaml:8:43: layers[1].labels[1].aliases[0]: "d" is taken by layers[0].labels[0].aliases[1] (each word means one thing, upper and lower case are one)`,
			`t.yaml:8:46: layers[1].labels[1].aliases[1]: "x y" is no code (letters, digits and underscores)`,
			`t.yaml:8:53: layers[1].labels[1].aliases[2]: "" is no code (letters, digits and underscores)`,
		}},
		{"polarities", "name: t\nno_label: ['null']\npolarities: [{code: POS}, {code: pos}, {code: 'NULL'}]\nlayers: [{name: a, labels: [{code: A}]}]\n", []string{
			`t.yaml:3:34: polarities[1].code: "pos" is taken by polarities[0].code (upper and lower case are one)`,
			`t.yaml:3:47: polarities[2].code: "NULL" is taken by no_label[0] (upper and lower case are one)`,
		}},
		{"no polarities", "name: t\nlayers: [{name: a, polarity: true, labels: [{code: A}]}]\n", []string{
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
		f.Add(b)
	}
	f.Add([]byte("name: t\nlayers: [{name: a, labels: [{code: A, aliases: [b]}]}]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := parseTaxonomy("t.yaml", data)
		if (got == nil) == (err == nil) {
			t.Fatal("want either a taxonomy or problems")
		}
		if err != nil {
			lines(t, err)
			return
		}
		seen := make(map[string]bool)
		for _, term := range got.terms() {
			for _, word := range append([]string{term.Code}, term.Aliases...) {
				if folded := strings.ToLower(word); !codeExpr.MatchString(word) || seen[folded] {
					t.Fatalf("%q came through", word)
				} else {
					seen[folded] = true
				}
			}
		}
	})
}
