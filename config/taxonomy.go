package config

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"

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
	Layers      []Layer    `yaml:"layers" json:"layers" doc:"The layers, in the order in which their lists stand in a label group."`
	Open        bool       `yaml:"open" json:"open,omitempty" doc:"Whether labels may be of layers that are not listed, each of which is open. Not for the format inline." hash:"set"`
}

// Polarity is one polarity code.
type Polarity struct {
	Code    string   `yaml:"code" json:"code" doc:"The code, e.g. POS." jsonschema:"required,pattern=^[A-Za-z0-9_]+$"`
	Name    string   `yaml:"name" json:"name" doc:"Its name in full."`
	Aliases []string `yaml:"aliases" json:"aliases,omitempty" doc:"Other words for it, where a file gives the polarity apart from the label. They, the code and the name are read there without being called a repair." hash:"set"`
}

// Layer is one annotation layer.
type Layer struct {
	Name        string `yaml:"name" json:"name" doc:"Name of the layer, as it stands in the tables." jsonschema:"required,pattern=^[a-z][a-z0-9_]*$"`
	Description string `yaml:"description" json:"description" doc:"The question that the layer answers."`
	Polarity    bool   `yaml:"polarity" json:"polarity" doc:"Whether its labels carry polarity."`
	Labels      []Term `yaml:"labels" json:"labels" doc:"Its labels."`
	Open        bool   `yaml:"open" json:"open,omitempty" doc:"Whether any other label is one of this layer too, as it is typed. Not for the format inline." hash:"set"`
}

// Term is one label of a taxonomy.
type Term struct {
	Code        string   `yaml:"code" json:"code" doc:"The code, as it stands in the tables. In the format inline: letters, digits, underscores, and hyphens between them." jsonschema:"required,minLength=1"`
	Name        string   `yaml:"name" json:"name" doc:"Its name in full."`
	Description string   `yaml:"description" json:"description" doc:"When an annotator assigns it."`
	Aliases     []string `yaml:"aliases" json:"aliases,omitempty" doc:"Other codes that are read as this one."`
}

// Markdown documents the taxonomy of a corpus for people.
func (t *Taxonomy) Markdown(corpus string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "## Taxonomy of %s\n\n%s\n", corpus, strings.TrimSpace(t.Name+". "+t.Description))
	if t.Open {
		b.WriteString("\nLabels may be of other layers too, and be any.\n")
	}
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
		if layer.Open {
			b.WriteString(" Any other label is one too.")
		}
		if len(layer.Labels)+len(t.Everywhere) == 0 {
			b.WriteString("\n")
			continue
		}
		b.WriteString("\n\n| label | name | also typed as | when it is assigned |\n| --- | --- | --- | --- |\n")
		for _, l := range append(slices.Clone(layer.Labels), t.Everywhere...) {
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", cell(l.Code), cell(l.Name), cell(strings.Join(l.Aliases, ", ")), cell(l.Description))
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
	return parseTaxonomy(file, data, false)
}

// inlineExpr fits what may be typed for a label in the format inline.
var inlineExpr = regexp.MustCompile(`^[A-Za-z0-9_]+(-[A-Za-z0-9_]+)*$`)

// isCode reports whether a text may be a label: one line of characters that can be
// seen, and spaces within.
func isCode(s string) bool {
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return s != "" && s == strings.TrimSpace(s)
}

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

// parseTaxonomy reads and checks the content of a taxonomy file. inline says that
// its labels are typed into a text.
func parseTaxonomy(file string, data []byte, inline bool) (*Taxonomy, error) {
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
		c.taxonomy(t, inline)
	}
	if len(c.problems) > 0 {
		c.problems.sort()
		return nil, c.problems
	}
	return t, nil
}

// taxonomy checks what no single value shows: that each word an annotator may
// type means one thing, in its layer, or if labels are typed into a text in all.
// Upper and lower case are one, as they are to the parsers.
func (c *checker) taxonomy(t *Taxonomy, inline bool) {
	w := words{checker: c, inline: inline, at: make(map[string][]word)}
	for i, text := range t.NoLabel {
		key := item("no_label", i)
		if text == "" && !c.bad[key] {
			c.failAt(key, "is empty", "")
		}
		w.claim(text, key, anyLayer)
	}
	// Codes before aliases: where the two collide, the alias is the mistake.
	terms := t.terms()
	for _, term := range terms {
		if w.check(t, term.Code, term.key+".code", term.layer) {
			w.claim(term.Code, term.key+".code", term.layer)
		}
	}
	for _, term := range terms {
		for i, alias := range term.Aliases {
			if key := item(term.key+".aliases", i); w.check(t, alias, key, term.layer) {
				w.claim(alias, key, term.layer)
			}
		}
	}
	c.polarities(t)
	c.layers(t, inline)
}

// anyLayer is the layer of what belongs to all.
const anyLayer = -1

// words are the words that annotators may type for a label.
type words struct {
	*checker
	inline bool
	at     map[string][]word // folded
}

// word is where a word stands.
type word struct {
	key   string
	layer int
}

// check checks a code or alias.
func (w *words) check(t *Taxonomy, text, key string, layer int) bool {
	if w.bad[key] {
		return false
	}
	switch {
	case !isCode(text):
		w.failAt(key, fmt.Sprintf("%q is no code", clip(text)), "one line, and no white space around it")
	case w.inline && !inlineExpr.MatchString(text):
		w.failAt(key, fmt.Sprintf("%q is no code", clip(text)), "in the format inline: letters, digits, underscores, and hyphens between them")
	default:
		if polarity := t.tail(text); polarity != "" && (w.inline || layer == anyLayer || t.Layers[layer].Polarity) {
			w.failAt(key, fmt.Sprintf("%q ends like a label with the polarity %s", clip(text), polarity), "a code may not: what stands behind a hyphen would mean two things")
		}
		return true
	}
	return false
}

// claim takes a word for a layer.
func (w *words) claim(text, key string, layer int) {
	if w.bad[key] || text == "" {
		return
	}
	folded := strings.ToLower(text)
	for _, first := range w.at[folded] {
		hint := "each word means one thing, upper and lower case are one"
		switch {
		case first.layer == layer || first.layer == anyLayer || layer == anyLayer:
		case w.inline:
			hint = "in the format inline each word means one thing in all layers; " + hint[len("each word means one thing, "):]
		default:
			continue
		}
		w.failAt(key, fmt.Sprintf("%q is taken by %s", text, first.key), hint)
		return
	}
	w.at[folded] = append(w.at[folded], word{key, layer})
}

// tail is the polarity that a word ends with behind a hyphen, "" for none.
func (t *Taxonomy) tail(word string) string {
	_, after, _ := cutLast(word, "-")
	for _, p := range t.Polarities {
		if after != "" && strings.EqualFold(after, p.Code) {
			return p.Code
		}
	}
	return ""
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// polarities checks them: they stand behind a hyphen or in a place of their own, so
// that they may look like labels, but neither like each other nor like no label.
func (c *checker) polarities(t *Taxonomy) {
	taken := make(map[string]string) // folded, to where it stands
	for i, text := range slices.Backward(t.NoLabel) {
		taken[strings.ToLower(text)] = item("no_label", i)
	}
	claim := func(text, key string) {
		first, has := taken[strings.ToLower(text)]
		switch {
		case c.bad[key]:
		case has:
			c.failAt(key, fmt.Sprintf("%q is taken by %s", text, first), "upper and lower case are one")
		default:
			taken[strings.ToLower(text)] = key
		}
	}
	for i, p := range t.Polarities {
		claim(p.Code, item("polarities", i)+".code")
	}
	for i, p := range t.Polarities {
		for j, alias := range p.Aliases {
			key := item(item("polarities", i)+".aliases", j)
			if !c.bad[key] && !isCode(alias) {
				c.failAt(key, fmt.Sprintf("%q is no polarity", clip(alias)), "one line, and no white space around it")
				continue
			}
			if alias != p.Code && strings.EqualFold(alias, p.Code) {
				continue // so that the code as the files have it is no repair
			}
			claim(alias, key)
		}
	}
}

// layers checks what there is of them.
func (c *checker) layers(t *Taxonomy, inline bool) {
	const closed = "the format inline knows its labels by the list"
	if inline && t.Open {
		c.failAt("open", closed, "list its layers and labels, and leave open out")
	}
	c.needEntries("", "layers", len(t.Layers), t.Open)
	first := make(map[string]int)
	for i, l := range t.Layers {
		key := item("layers", i)
		if j, has := first[l.Name]; has && !c.bad[key+".name"] {
			c.failAt(key+".name", fmt.Sprintf("%q is the name of layers[%d] too", l.Name, j), "give each layer a name of its own")
		} else if !has {
			first[l.Name] = i
		}
		if l.Polarity && len(t.Polarities) == 0 && !c.bad["polarities"] {
			c.failAt(key+".polarity", "there are no polarities", "list them under polarities")
		}
		if inline && l.Open {
			c.failAt(key+".open", closed, "list its labels, and leave open out")
		}
		c.needEntries(key, "labels", len(l.Labels), l.Open)
	}
}

// needEntries reports a list below path that has no entries, where nothing is open.
func (c *checker) needEntries(path, list string, entries int, open bool) {
	key := below(path, list)
	switch at, has := c.at[key]; {
	case entries > 0 || open || c.bad[key]:
	case has:
		c.fail(at, key, "is empty", "at least 1, or open: true")
	default:
		c.fail(c.at[path], key, "is missing", "want a list of entries, or open: true")
	}
}

// keyedTerm is a term with its full key.
type keyedTerm struct {
	Term
	key   string
	layer int
}

func (t *Taxonomy) terms() []keyedTerm {
	var out []keyedTerm
	for i, term := range t.Everywhere {
		out = append(out, keyedTerm{term, item("everywhere", i), anyLayer})
	}
	for i, l := range t.Layers {
		for j, term := range l.Labels {
			out = append(out, keyedTerm{term, item(item("layers", i)+".labels", j), i})
		}
	}
	return out
}
