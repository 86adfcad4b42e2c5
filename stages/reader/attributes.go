package reader

import (
	"fmt"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/schema"
)

// The slots of the attributes that have columns of their own. The others follow
// them, sorted by name.
const (
	paperID = iota
	venue
	year
	reviewer
	decision
	split
	annotator
	rating
	typedSlots
)

var typedNames = [typedSlots]string{
	paperID: "paper_id", venue: "venue", year: "year", reviewer: "reviewer",
	decision: "decision", split: "split", annotator: "annotator", rating: "rating",
}

// decisions are the words for one fate that corpora spell in several ways.
var decisions = map[string]string{
	"accept": "accepted", "reject": "rejected", "withdraw": "withdrawn", "withdrawn": "withdrawn",
}

// capturer captures attributes from paths. It is safe for concurrent use.
type capturer struct {
	patterns  []pattern
	names     []string // of the slots
	constants []string // by slot, "" where there is none
	id, raw   config.Template
	hasRaw    bool
}

type pattern struct {
	config.Pattern
	slots []int // of its groups
}

// capture is what one path gave. Its slices are reused.
type capture struct {
	values    []string // by slot, as captured; "" is none
	groups    []group  // in the order of the pattern
	conflicts []conflict
	matched   bool
	bounds    []int // of the pattern's groups in the path
}

type group struct {
	slot int
	text string
}

type conflict struct {
	slot        int
	first, last string
}

func newCapturer(corpus *config.Corpus) (*capturer, error) {
	c := &capturer{hasRaw: corpus.Raw != ""}
	var err error
	if c.id, err = config.ParseTemplate(corpus.DocumentID); err != nil {
		return nil, fmt.Errorf("document_id %q: %w", corpus.DocumentID, err)
	}
	if c.raw, err = config.ParseTemplate(corpus.Raw); err != nil {
		return nil, fmt.Errorf("raw %q: %w", corpus.Raw, err)
	}
	groups := make([][]string, len(corpus.Paths))
	var others []string
	for i, source := range corpus.Paths {
		parsed, err := config.ParsePattern(source)
		if err != nil {
			return nil, fmt.Errorf("paths %q: %w", source, err)
		}
		c.patterns, groups[i] = append(c.patterns, pattern{Pattern: parsed}), parsed.Groups()
		others = append(others, groups[i]...)
	}
	for _, a := range corpus.Attributes {
		others = append(others, a.Name)
	}
	others = slices.DeleteFunc(others, func(name string) bool { return slices.Contains(typedNames[:], name) })
	slices.Sort(others)
	c.names = slices.Concat(typedNames[:], slices.Compact(others))
	for i, names := range groups {
		for _, name := range names {
			c.patterns[i].slots = append(c.patterns[i].slots, slices.Index(c.names, name))
		}
	}
	c.constants = make([]string, len(c.names))
	for _, a := range corpus.Attributes {
		c.constants[slices.Index(c.names, a.Name)] = a.Value
	}
	return c, nil
}

// capture fills out from the first pattern that fits.
func (c *capturer) capture(path string, out *capture) {
	out.values = append(out.values[:0], c.constants...)
	out.groups, out.conflicts, out.matched = out.groups[:0], out.conflicts[:0], len(c.patterns) == 0
	for _, p := range c.patterns {
		var ok bool
		if out.bounds, ok = p.Match(path, out.bounds[:0]); !ok {
			continue
		}
		out.matched = true
		for i, slot := range p.slots {
			from, to := out.bounds[2*i], out.bounds[2*i+1]
			if from == to {
				continue
			}
			text := path[from:to]
			again := slices.ContainsFunc(out.groups, func(g group) bool { return g.slot == slot })
			if again && out.values[slot] != text {
				out.conflicts = append(out.conflicts, conflict{slot, out.values[slot], text})
			}
			out.groups = append(out.groups, group{slot, text})
			out.values[slot] = text
		}
		return
	}
}

// value looks an attribute up, for a template.
func (c *capturer) value(name string, from *capture) (slot int, text string, ok bool) {
	if slot = slices.Index(c.names, name); slot >= 0 {
		text = from.values[slot]
	}
	return slot, text, text != ""
}

// documentID is the id within the corpus: the template, or where an attribute
// is missing the path.
func (c *capturer) documentID(path string, from *capture) string {
	id, ok := c.id.Expand(func(name string) (string, bool) {
		_, text, ok := c.value(name, from)
		return text, ok
	})
	if !ok {
		id = withoutExtension(path)
	}
	return schema.DisplayPath(id)
}

// rawPath is where the twin of the document at the given path should lie: it
// need not exist, or lie within the root. It returns false where an attribute is
// missing. Attributes are taken as captured, not as normalised.
func (c *capturer) rawPath(document string, from *capture) (string, bool) {
	raw, ok := c.raw.Expand(func(name string) (string, bool) {
		_, text, ok := c.value(name, from)
		return text, ok
	})
	if strings.HasPrefix(raw, "./") || strings.HasPrefix(raw, "../") {
		raw = path.Join(path.Dir(document), raw)
	}
	return path.Clean(raw), ok
}

// fill turns captured values into the attributes of src, and adds what there is
// to say about them.
func (c *capturer) fill(src *schema.Source, from *capture) {
	if !from.matched {
		note(src, schema.PathUnmatched, "none of the corpus's path patterns fits, so no attribute was captured: add a pattern to paths, or leave the file out with exclude")
	}
	for _, x := range from.conflicts {
		note(src, schema.AttributeConflict, "the path gives %s as %q and then as %q, and the later was taken: move the file to the folder where it belongs, or rename it",
			c.names[x.slot], schema.DisplayPath(x.first), schema.DisplayPath(x.last))
	}
	// Rows keep pointers to the values: they are made anew for each document,
	// in one allocation.
	v := new(struct {
		text   [typedSlots]string
		year   int32
		rating float64
	})
	a := &src.Attributes
	columns := [typedSlots]**string{
		paperID: &a.PaperID, venue: &a.Venue, reviewer: &a.Reviewer,
		decision: &a.Decision, split: &a.Split, annotator: &a.Annotator,
	}
	for slot, text := range from.values {
		if text == "" {
			continue
		}
		text = schema.DisplayPath(text)
		switch slot {
		case year:
			n, err := parseYear(text)
			if err != nil {
				note(src, schema.AttributeInvalid, "year %q is no number, and stays NULL: narrow the path pattern, for example {year:[0-9]{4}}", text)
				continue
			}
			v.year = n
			a.Year = &v.year
		case rating:
			x, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
			if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
				note(src, schema.AttributeInvalid, "rating %q is no number, and stays NULL: narrow the path pattern, for example {rating:[0-9.]+}", text)
				continue
			}
			v.rating = x
			a.Rating = &v.rating
		case decision:
			text = parseDecision(text)
			fallthrough
		default:
			if slot >= typedSlots {
				src.Extra = append(src.Extra, schema.Attribute{Name: c.names[slot], Value: text})
				continue
			}
			v.text[slot] = text
			*columns[slot] = &v.text[slot]
		}
	}
}

func parseYear(text string) (int32, error) {
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 32)
	return int32(n), err
}

func parseDecision(text string) string {
	text = strings.ToLower(strings.TrimSpace(text))
	if word, ok := decisions[text]; ok {
		return word
	}
	return text
}

// note adds a diagnostic that concerns the whole file.
func note(src *schema.Source, code schema.Code, format string, args ...any) {
	src.Diagnostics = append(src.Diagnostics, schema.Diagnostic{
		Code: code, Message: fmt.Sprintf(format, args...), Offset: schema.NoOffset,
	})
}

// refuse adds the error that keeps a document out of the tables.
func refuse(src *schema.Source, code schema.Code, format string, args ...any) {
	note(src, code, format, args...)
	src.Refused = true
}
