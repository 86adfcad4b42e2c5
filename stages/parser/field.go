package parser

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/taxonomy"
)

// labelField reads labels as a config.LabelField says.
type labelField struct {
	config.LabelField
	patterns []labelPattern
}

// labelPattern is a pattern, and which of its groups are what; -1 for none.
type labelPattern struct {
	config.Pattern
	label, polarity, layer, link int
}

// labelText is what stands in a value that is a label.
type labelText struct{ label, polarity, layer, link string }

func newLabelFields(fields []config.LabelField) ([]labelField, error) {
	list := make([]labelField, len(fields))
	for i, f := range fields {
		list[i].LabelField = f
		for _, source := range f.Patterns {
			p, err := config.ParsePattern(source)
			if err != nil {
				return nil, fmt.Errorf("labels: pattern %q: %w", source, err)
			}
			groups := labelPattern{p, -1, -1, -1, -1}
			for at, name := range p.Groups() {
				switch name {
				case "label":
					groups.label = at
				case "polarity":
					groups.polarity = at
				case "layer":
					groups.layer = at
				case "link":
					groups.link = at
				}
			}
			list[i].patterns = append(list[i].patterns, groups)
		}
	}
	return list, nil
}

// read takes a value apart. It returns false if none of the field's patterns fits, or
// the one that does leaves nothing for the label.
func (f *labelField) read(value string) (text labelText, ok bool) {
	if len(f.patterns) == 0 {
		return labelText{label: value, layer: f.Layer}, value != ""
	}
	var buf [8]int
	for i := range f.patterns {
		p := &f.patterns[i]
		bounds, ok := p.Match(value, buf[:0])
		if !ok {
			continue
		}
		part := func(group int) string {
			if group < 0 {
				return ""
			}
			return value[bounds[2*group]:bounds[2*group+1]]
		}
		text = labelText{part(p.label), part(p.polarity), f.Layer, part(p.link)}
		if text.layer == "" {
			text.layer = layerName(part(p.layer))
		}
		return text, text.label != ""
	}
	return text, false
}

// labelWords are what was made of the values of a column of labels.
type labelWords map[string]*labelWord

// labelWord is what stands in a value, if that is a label.
type labelWord struct {
	labelText
	ok bool
}

// Of a column, maxWords values of up to maxWord bytes are remembered.
const (
	maxWords = 4096
	maxWord  = 64
)

// newLabelWords has room for the words of n columns.
func newLabelWords(n int) []labelWords {
	words := make([]labelWords, n)
	for i := range words {
		words[i] = make(labelWords)
	}
	return words
}

// read is labelField.read for a cell at the given place; that none of the patterns fits is
// said once for each time it stands there.
func (words labelWords) read(f *labelField, cell []byte, at int, doc *schema.Document) *labelWord {
	w := words[string(cell)]
	if w == nil {
		w = new(labelWord)
		w.labelText, w.ok = f.read(cellText(cell))
		if len(cell) <= maxWord && len(words) < maxWords {
			words[string(cell)] = w
		}
	}
	if !w.ok {
		if d := doc.Diagnostics.Note(schema.ValueUnexpected, at); d != nil {
			d.Message = fmt.Sprintf("%q fits none of the patterns for labels from column %s; it was left out", cellText(cell), f.From)
		}
	}
	return w
}

// layerName is the name of the layer that a file calls by the given name, "" for none:
// a name has a letter or digit.
func layerName(text string) string {
	if strings.IndexFunc(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }) < 0 {
		return ""
	}
	return taxonomy.LayerName(text)
}

// linkedSpan is an annotation that has something in common with others.
type linkedSpan struct {
	labelText
	annotator  string
	set        int // of annotations: only spans of one set are joined
	annotation int
	source     schema.Span // of the link
}

// maxLinked is how many relations links may make in a document: many spans with one
// link in common make many more of them, and no corpus has a thousandth.
const maxLinked = 1 << 16

// appendLinked appends the relations between spans that have a link in common. A span
// that such a relation should lead to is reported where none starts.
func appendLinked(doc *schema.Document, links []config.Link, spans []linkedSpan) {
	if len(links) == 0 || len(spans) == 0 {
		return
	}
	type key struct {
		set                   int
		label, polarity, link string
	}
	by := make(map[key][]int, len(spans))
	for _, s := range spans {
		k := key{s.set, s.label, s.polarity, s.link}
		by[k] = append(by[k], s.annotation)
	}
	limit := len(doc.Relations) + maxLinked
	for _, l := range links {
		for _, s := range spans {
			if s.label == l.To && len(by[key{s.set, l.From, s.polarity, s.link}]) == 0 {
				doc.Diagnostics.Notef(schema.RelationBroken, s.source.Start, "no span that is %s has the link %s, as this %s has", l.From, s.link, l.To)
			}
			if s.label != l.From {
				continue
			}
			for _, to := range by[key{s.set, l.To, s.polarity, s.link}] {
				if to == s.annotation {
					continue
				}
				if len(doc.Relations) == limit {
					doc.Diagnostics.Notef(schema.RelationBroken, s.source.Start, "more than %d relations between spans with a link in common; the rest were left out", maxLinked)
					return
				}
				doc.Relations = append(doc.Relations, schema.Relation{
					Kind:      l.Kind,
					From:      schema.Target{Kind: schema.ToAnnotation, Index: s.annotation},
					To:        schema.Target{Kind: schema.ToAnnotation, Index: to},
					Annotator: s.annotator,
					Source:    s.source,
				})
			}
		}
	}
}
