package config

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/go-viper/mapstructure/v2"
	"github.com/quern-data/quern/configs"
)

// Taxonomy is the set of labels that a corpus uses, as its YAML file has it. Its
// JSON has the same keys, and stands in the metadata of the tables.
type Taxonomy struct {
	Name        string     `yaml:"name" json:"name" doc:"Name of the taxonomy." jsonschema:"required,pattern=^[A-Za-z0-9][A-Za-z0-9._-]*$"`
	Description string     `yaml:"description" json:"description" doc:"What it describes, and where it comes from."`
	NoLabel     []string   `yaml:"no_label" json:"no_label,omitempty" doc:"What annotators type for: no label in this layer, e.g. \"null\". Upper and lower case are one."`
	Polarities  []Polarity `yaml:"polarities" json:"polarities,omitempty" doc:"Polarity codes, for the layers that carry polarity."`
	Everywhere  []Term     `yaml:"everywhere" json:"everywhere,omitempty" doc:"Labels that belong to whichever layer they stand in, without polarity."`
	Layers      []Layer    `yaml:"layers" json:"layers" doc:"The layers, in the order in which their lists stand in a label group." jsonschema:"required,minItems=1"`
}

// Polarity is one polarity code.
type Polarity struct {
	Code string `yaml:"code" json:"code" doc:"The code, e.g. POS." jsonschema:"required,pattern=^[A-Za-z0-9_]+$"`
	Name string `yaml:"name" json:"name" doc:"Its name in full."`
}

// Layer is one annotation layer.
type Layer struct {
	Name        string `yaml:"name" json:"name" doc:"Name of the layer, as it stands in the tables." jsonschema:"required,pattern=^[a-z][a-z0-9_]*$"`
	Description string `yaml:"description" json:"description" doc:"The question that the layer answers."`
	Polarity    bool   `yaml:"polarity" json:"polarity" doc:"Whether its labels carry polarity."`
	Labels      []Term `yaml:"labels" json:"labels" doc:"Its labels." jsonschema:"required,minItems=1"`
}

// Term is one label of a taxonomy.
type Term struct {
	Code        string   `yaml:"code" json:"code" doc:"The code, as it stands in the tables. Letters, digits and underscores." jsonschema:"required,pattern=^[A-Za-z0-9_]+$"`
	Name        string   `yaml:"name" json:"name" doc:"Its name in full."`
	Description string   `yaml:"description" json:"description" doc:"When an annotator assigns it."`
	Aliases     []string `yaml:"aliases" json:"aliases,omitempty" doc:"Other codes that are read as this one."`
}

// Markdown documents the taxonomy of a corpus for people.
func (t *Taxonomy) Markdown(corpus string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "## Taxonomy of %s\n\n%s\n", corpus, strings.TrimSpace(t.Name+". "+t.Description))
	var polarities []string
	for _, p := range t.Polarities {
		polarities = append(polarities, strings.TrimSpace(p.Code+" "+p.Name))
	}
	for _, layer := range t.Layers {
		fmt.Fprintf(&b, "\n### %s\n\n", layer.Name)
		if layer.Description != "" {
			fmt.Fprintf(&b, "%s ", layer.Description)
		}
		if layer.Polarity {
			fmt.Fprintf(&b, "Polarities: %s.", strings.Join(polarities, ", "))
		} else {
			b.WriteString("Without polarity.")
		}
		b.WriteString("\n\n| label | name | also typed as | when it is assigned |\n| --- | --- | --- | --- |\n")
		for _, l := range append(slices.Clone(layer.Labels), t.Everywhere...) {
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", l.Code, cell(l.Name), strings.Join(l.Aliases, ", "), cell(l.Description))
		}
	}
	return b.String()
}

// cell is a text that stands in a table of Markdown.
func cell(text string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(text), " "), "|", `\|`)
}

// LoadTaxonomy reads a taxonomy: a built-in one by name, or a file by a path
// that has a slash or an extension; a relative one starts at dir. Its error is a
// Problems with all mistakes that were found.
func LoadTaxonomy(ref, dir string) (*Taxonomy, error) {
	ref = resolveTaxonomy(ref, dir)
	file, data, hint, err := openTaxonomy(ref)
	if err != nil {
		return nil, Problems{{File: ref, Message: err.Error(), Hint: hint}}
	}
	return parseTaxonomy(file, data)
}

var codeExpr = regexp.MustCompile(`^[A-Za-z0-9_]+$`)

const taxonomies = "taxonomies" // folder in configs.FS

// isTaxonomyPath tells a path from the name of a built-in taxonomy.
func isTaxonomyPath(ref string) bool {
	return strings.ContainsAny(ref, `/\`) || filepath.Ext(ref) != ""
}

// resolveTaxonomy makes a relative path start at dir, and keeps it a path.
func resolveTaxonomy(ref, dir string) string {
	if !isTaxonomyPath(ref) || filepath.IsAbs(ref) {
		return ref
	}
	ref = filepath.Join(dir, ref)
	if !isTaxonomyPath(ref) {
		ref = "." + string(filepath.Separator) + ref
	}
	return ref
}

// openTaxonomy returns the content of a taxonomy and what to call its file. The
// error has no place: where the reference stands, the caller knows.
func openTaxonomy(ref string) (file string, data []byte, hint string, err error) {
	builtIn := shipped(taxonomies)
	if isTaxonomyPath(ref) {
		if data, err = readFile(ref); err != nil {
			name := strings.TrimSuffix(filepath.Base(ref), filepath.Ext(ref))
			if near := nearest(name, builtIn); near != "" {
				hint = "the built-in one is " + near + ", without path and extension"
			}
			return "", nil, hint, fmt.Errorf("taxonomy %s %w", ref, err)
		}
		return ref, data, "", nil
	}
	if !slices.Contains(builtIn, ref) {
		if hint = didYouMean(ref, builtIn); nearest(ref, builtIn) == "" {
			hint += ", or a path with its extension"
		}
		return "", nil, hint, fmt.Errorf("there is no built-in taxonomy %q", clip(ref))
	}
	data, err = configs.FS.ReadFile(taxonomies + "/" + ref + ".yaml")
	return "taxonomy:" + ref + ".yaml", data, "", err
}

// parseTaxonomy reads and checks the content of a taxonomy file.
func parseTaxonomy(file string, data []byte) (*Taxonomy, error) {
	tree, problems := parseTree(file, data)
	if tree == nil {
		return nil, problems
	}
	c := newChecker(file, taxonomyFields)
	c.problems = problems
	table := c.table(tree, taxonomyFields, "")
	fill(table, taxonomyFields)
	t := new(Taxonomy)
	d, err := mapstructure.NewDecoder(&mapstructure.DecoderConfig{Result: t, TagName: "yaml", ErrorUnused: true})
	if err == nil {
		err = d.Decode(table)
	}
	if err != nil {
		c.fail(tree.place, "", err.Error(), "")
	} else {
		c.taxonomy(t)
	}
	if len(c.problems) > 0 {
		c.problems.sort()
		return nil, c.problems
	}
	return t, nil
}

// taxonomy checks what no single value shows: that each word an annotator may
// type means one thing. Upper and lower case are one, as they are to the parsers.
func (c *checker) taxonomy(t *Taxonomy) {
	words := make(map[string]string) // folded, to where it stands
	claim := func(word, key string) {
		if c.bad[key] || word == "" {
			return
		}
		folded := strings.ToLower(word)
		if first, has := words[folded]; has {
			c.failAt(key, fmt.Sprintf("%q is taken by %s", word, first), "each word means one thing, upper and lower case are one")
			return
		}
		words[folded] = key
	}
	for i, word := range t.NoLabel {
		if word == "" && !c.bad[item("no_label", i)] {
			c.failAt(item("no_label", i), "is empty", "")
		}
		claim(word, item("no_label", i))
	}
	// Codes before aliases: where the two collide, the alias is the mistake.
	terms := t.terms()
	for _, term := range terms {
		claim(term.Code, term.key+".code")
	}
	for _, term := range terms {
		for i, alias := range term.Aliases {
			key := item(term.key+".aliases", i)
			if !c.bad[key] && !codeExpr.MatchString(alias) {
				c.failAt(key, fmt.Sprintf("%q is no code", clip(alias)), "letters, digits and underscores")
				continue
			}
			claim(alias, key)
		}
	}

	// Polarities stand after a hyphen, so they may look like labels, but neither
	// like each other nor like no label.
	polarities := make(map[string]string)
	for i, p := range t.Polarities {
		key, folded := item("polarities", i)+".code", strings.ToLower(p.Code)
		first, has := polarities[folded]
		if no := words[folded]; !has && strings.HasPrefix(no, "no_label") {
			first, has = no, true
		}
		if has && !c.bad[key] {
			c.failAt(key, fmt.Sprintf("%q is taken by %s", p.Code, first), "upper and lower case are one")
		} else if !has {
			polarities[folded] = key
		}
	}
	layers := make(map[string]int)
	for i, l := range t.Layers {
		key := item("layers", i)
		if first, has := layers[l.Name]; has && !c.bad[key+".name"] {
			c.failAt(key+".name", fmt.Sprintf("%q is the name of layers[%d] too", l.Name, first), "give each layer a name of its own")
		} else if !has {
			layers[l.Name] = i
		}
		if l.Polarity && len(t.Polarities) == 0 && !c.bad["polarities"] {
			c.failAt(key+".polarity", "there are no polarities", "list them under polarities")
		}
	}
}

// keyedTerm is a term with its full key.
type keyedTerm struct {
	Term
	key string
}

func (t *Taxonomy) terms() []keyedTerm {
	var out []keyedTerm
	for i, term := range t.Everywhere {
		out = append(out, keyedTerm{term, item("everywhere", i)})
	}
	for i, l := range t.Layers {
		for j, term := range l.Labels {
			out = append(out, keyedTerm{term, item(item("layers", i)+".labels", j)})
		}
	}
	return out
}
