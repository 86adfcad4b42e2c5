package sniff

import (
	"bytes"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/quern-data/quern/config"
)

// width is how many columns comments take.
const width = 90

// Config prints a config with a guess as its only corpus, whose name, root and
// taxonomy are set. head is what to say above it; out the folder of the tables, "" for
// the default.
func (g *Guess) Config(head []string, out string) []byte {
	p := begin(head, out)
	p.why = g.Why
	p.fields(reflect.ValueOf(g.Corpus), reflect.ValueOf(config.DefaultCorpus()), "", "    ", "  - ")
	if len(g.Remarks) > 0 {
		p.WriteString("\n")
		for _, remark := range g.Remarks {
			p.comment("", remark)
		}
	}
	return p.Bytes()
}

// Keys prints the settings of a guess alone: those of a corpus, but for its name, root
// and taxonomy.
func (g *Guess) Keys() string {
	p := new(printer)
	c := g.Corpus
	c.Name, c.Root, c.Taxonomy, c.Fields = "", "", "", nil
	p.fields(reflect.ValueOf(c), reflect.ValueOf(config.DefaultCorpus()), "", "", "")
	return p.String()
}

// Shipped is a corpus that is laid out like that of a profile.
type Shipped struct {
	Profile, Corpus, Root string
	Taxonomy, Include     string // "" for those of the profile
}

// Config prints a config of it.
func (s *Shipped) Config(head []string, out string) []byte {
	p := begin(head, out)
	p.WriteString("  - profile: " + s.Profile + "\n    name: " + quote(s.Corpus) + "\n    root: " + quote(s.Root) + "\n")
	if s.Taxonomy != "" {
		p.WriteString("    taxonomy: " + quote(s.Taxonomy) + "\n")
	}
	if s.Include != "" {
		p.WriteString("    include: [" + strconv.Quote(s.Include) + "]\n")
	}
	return p.Bytes()
}

type printer struct {
	bytes.Buffer
	why map[string]string
}

// begin prints what stands in a config above its corpus.
func begin(head []string, out string) *printer {
	p := new(printer)
	for _, text := range head {
		p.comment("", text)
	}
	if out != "" {
		p.WriteString("output:\n  dir: " + quote(out) + "\n\n")
	}
	p.WriteString("corpora:\n")
	return p
}

func (p *printer) comment(indent, text string) {
	if text == "" {
		p.WriteString(indent + "#\n")
		return
	}
	if strings.HasPrefix(text, "  ") { // as it is
		p.WriteString(indent + "# " + text + "\n")
		return
	}
	line := indent + "#"
	for word := range strings.FieldsSeq(printable(text)) {
		if len(line)+1+len(word) > width && line != indent+"#" {
			p.WriteString(line + "\n")
			line = indent + "#"
		}
		line += " " + word
	}
	p.WriteString(line + "\n")
}

// printable leaves out what a comment of YAML cannot hold.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if strconv.IsPrint(r) || r == ' ' {
			return r
		}
		return ' '
	}, strings.ToValidUTF8(s, " "))
}

// fields prints the fields of a struct that are not as in def, and those that are
// always there. dash stands before the first.
func (p *printer) fields(v, def reflect.Value, path, indent, dash string) {
	t := v.Type()
	for i := range t.NumField() {
		key := t.Field(i).Tag.Get("mapstructure")
		at := below(path, key)
		value := v.Field(i)
		if reflect.DeepEqual(value.Interface(), def.Field(i).Interface()) || value.Kind() == reflect.Slice && value.Len() == 0 {
			if key != "format" || path != "" {
				continue
			}
		}
		if key == "include" && slices.Equal(v.Interface().(config.Corpus).Include, config.DefaultInclude(v.Interface().(config.Corpus).Format)) {
			continue
		}
		if why := p.why[at]; why != "" && dash == "" {
			p.comment(indent, why)
		}
		lead := indent
		if dash != "" {
			lead, dash = dash, ""
		}
		switch {
		case value.Kind() == reflect.Struct:
			p.WriteString(lead + key + ":\n")
			p.fields(value, def.Field(i), at, indent+"  ", "")
		case value.Kind() == reflect.Slice && value.Type().Elem().Kind() == reflect.Struct:
			p.WriteString(lead + key + ":\n")
			for j := range value.Len() {
				e := value.Index(j)
				if l, ok := e.Interface().(config.LabelField); ok && p.why[labelKey(at, l.From)] != "" {
					p.comment(indent+"  ", p.why[labelKey(at, l.From)])
				}
				if flow := flow(e); len(indent)+4+len(flow) <= width {
					p.WriteString(indent + "  - " + flow + "\n")
				} else {
					p.fields(e, reflect.Zero(e.Type()), at+"["+strconv.Itoa(j)+"]", indent+"    ", indent+"  - ")
				}
			}
		case value.Kind() == reflect.Slice:
			texts := value.Interface().([]string)
			quoted := make([]string, len(texts))
			for j, text := range texts {
				quoted[j] = strconv.Quote(text)
			}
			if line := lead + key + ": [" + strings.Join(quoted, ", ") + "]"; len(line) <= width {
				p.WriteString(line + "\n")
				continue
			}
			p.WriteString(lead + key + ":\n")
			for _, text := range quoted {
				p.WriteString(indent + "  - " + text + "\n")
			}
		default:
			p.WriteString(lead + key + ": " + scalarText(value) + "\n")
		}
	}
}

// labelKey is the key in Guess.Why of a label in a list, by where it stands.
func labelKey(list, from string) string { return list + ":" + from }

// plain are the characters that mean nothing to YAML within a flow.
const plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./ "

// flow is a table on one line, "" for one that holds tables.
func flow(v reflect.Value) string {
	var parts []string
	for i := range v.NumField() {
		value := v.Field(i)
		switch {
		case value.IsZero() || value.Kind() == reflect.Slice && value.Len() == 0:
		case value.Kind() == reflect.String && value.Type() == reflect.TypeFor[string]():
			text := quote(value.String())
			if text[0] != '"' && text[0] != '\'' && strings.Trim(text, plain) != "" {
				text = strconv.Quote(value.String())
			}
			parts = append(parts, v.Type().Field(i).Tag.Get("mapstructure")+": "+text)
		default:
			return strings.Repeat(" ", width)
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func scalarText(v reflect.Value) string {
	if v.Kind() == reflect.String {
		return quote(v.String())
	}
	return fmt.Sprint(v.Interface())
}

// quote is a text as YAML has it on one line.
func quote(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return !strconv.IsPrint(r) }) {
		return strconv.Quote(s)
	}
	b, err := yaml.Marshal(s)
	if err != nil { // text always encodes
		return strconv.Quote(s)
	}
	text := strings.TrimSuffix(string(b), "\n")
	if strings.Contains(text, "\n") {
		return strconv.Quote(s)
	}
	return text
}

// maxLabels is how many labels of a layer stand in a taxonomy; what has more is
// hardly a set of labels.
const maxLabels = 500

// noWords stand where there is no label.
var noWords = []string{"none", "null", "n/a", "na", "nan", "_"}

// Taxonomy prints a taxonomy file to start from, with the labels that were seen.
func (g *Guess) Taxonomy(name string) []byte {
	p := new(printer)
	p.comment("", fmt.Sprintf("Labels that stand in the %s that quern init looked at, each with how often. Give them names and descriptions, put what means the same under aliases, and take out what is none.", plural(g.Of, "file", "files")))
	fmt.Fprintf(p, "name: %s\n", quote(name))
	none := make(map[string]bool)
	polarities := false
	for _, l := range g.Layers {
		polarities = polarities || l.Polarity
		for _, c := range l.Labels {
			if slices.Contains(noWords, strings.ToLower(c.Text)) {
				none[c.Text] = true
			}
		}
	}
	if len(none) > 0 {
		var words []string
		folded := make(map[string]bool)
		for _, word := range slices.Sorted(maps.Keys(none)) {
			if !folded[strings.ToLower(word)] {
				words = append(words, strconv.Quote(word))
			}
			folded[strings.ToLower(word)] = true
		}
		p.comment("", "What stands where a sentence has no label.")
		p.WriteString("no_label: [" + strings.Join(words, ", ") + "]\n")
	}
	if polarities && len(g.Polarities) > 0 {
		p.WriteString("polarities:\n")
		for _, c := range g.Polarities {
			if codeExpr.MatchString(c.Text) && !none[c.Text] && !slices.Contains(noWords, strings.ToLower(c.Text)) {
				p.WriteString("  - code: " + quote(c.Text) + " # " + strconv.Itoa(c.N) + "\n")
			}
		}
	} else if polarities {
		p.WriteString("polarities:\n  - {code: POS, name: positive}\n  - {code: NEG, name: negative}\n  - {code: NEU, name: neutral}\n")
	}
	if g.AnyLayer {
		p.comment("", "Labels of other layers are taken too. Without this they are reported.")
		p.WriteString("open: true\n")
	}
	p.WriteString("layers:\n")
	for _, l := range g.Layers {
		codes := l.codes(none, g.Closed)
		if len(codes) == 0 && g.Closed {
			continue
		}
		p.WriteString("  - name: " + l.Name + "\n")
		if l.Polarity {
			p.WriteString("    polarity: true\n")
		}
		if !g.Closed {
			p.comment("    ", "Any other label is taken too. Without this it is reported.")
			p.WriteString("    open: true\n")
		}
		if len(codes) == 0 {
			continue
		}
		p.WriteString("    labels:\n")
		for _, c := range codes[:min(len(codes), maxLabels)] {
			p.WriteString("      - code: " + quote(c.Text) + " # " + strconv.Itoa(c.N) + "\n")
		}
		if len(codes) > maxLabels {
			p.comment("      ", fmt.Sprintf("and %d more", len(codes)-maxLabels))
		}
	}
	return p.Bytes()
}

// codes are the labels that a taxonomy may list: upper and lower case are one.
func (l *Layer) codes(none map[string]bool, closed bool) (out []Count) {
	seen := make(map[string]bool)
	for _, c := range l.Labels {
		c.Text = strings.TrimSpace(c.Text)
		folded := strings.ToLower(c.Text)
		if c.Text == "" || none[c.Text] || seen[folded] || slices.Contains(noWords, folded) || !utf8.ValidString(c.Text) ||
			strings.ContainsFunc(c.Text, func(r rune) bool { return !unicode.IsPrint(r) }) || closed && !codeExpr.MatchString(c.Text) {
			continue
		}
		seen[folded] = true
		out = append(out, c)
	}
	return out
}
