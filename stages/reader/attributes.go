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
	contents  []field
	names     []string // of the slots
	constants []string // by slot, "" where there is none
	id, raw   config.Template
	group     config.Template // of splits
	hasRaw    bool
	hasGroup  bool
	standoff  bool // whether the twin, if there may be one, has the document's name
}

type pattern struct {
	config.Pattern
	slots []int // of its groups
}

// field is a value that the content of a document gives.
type field struct {
	from    string
	slot    int // of the attribute that it is, -1 if it is none
	pattern *pattern
}

// capture is what one path gave. Its slices are reused.
type capture struct {
	values    []string // by slot, as captured; "" is none
	groups    []group  // in the order of the pattern
	conflicts []conflict
	matched   bool
	given     []int // by slot, which of contents gave it, from 1; 0 for none
	misfits   []int // of contents, those that their patterns do not fit
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

// hasTwins reports whether documents of a corpus have files beside them: their
// unannotated text, or in the format brat their annotations.
func hasTwins(corpus *config.Corpus) bool { return corpus.Raw != "" || corpus.Format == "brat" }

func newCapturer(corpus *config.Corpus) (*capturer, error) {
	c := &capturer{hasRaw: hasTwins(corpus), standoff: corpus.Raw == ""}
	var err error
	if c.id, err = config.ParseTemplate(corpus.DocumentID); err != nil {
		return nil, fmt.Errorf("document_id %q: %w", corpus.DocumentID, err)
	}
	if c.raw, err = config.ParseTemplate(corpus.Raw); err != nil {
		return nil, fmt.Errorf("raw %q: %w", corpus.Raw, err)
	}
	if c.group, err = config.ParseTemplate(corpus.Splits.GroupBy); err != nil {
		return nil, fmt.Errorf("splits.group_by %q: %w", corpus.Splits.GroupBy, err)
	}
	c.hasGroup = corpus.Splits.GroupBy != ""
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
	fields := make([][]string, len(corpus.Fields))
	for i, f := range corpus.Fields {
		of := field{from: f.From, slot: -1}
		if f.Pattern != "" {
			parsed, err := config.ParsePattern(f.Pattern)
			if err != nil {
				return nil, fmt.Errorf("fields %q: %w", f.Pattern, err)
			}
			of.pattern, fields[i] = &pattern{Pattern: parsed}, parsed.Groups()
		}
		c.contents = append(c.contents, of)
		others = append(others, fields[i]...)
		if f.Name != "" {
			others = append(others, f.Name)
		}
	}
	others = slices.DeleteFunc(others, func(name string) bool { return slices.Contains(typedNames[:], name) })
	slices.Sort(others)
	c.names = slices.Concat(typedNames[:], slices.Compact(others))
	for i, names := range groups {
		for _, name := range names {
			c.patterns[i].slots = append(c.patterns[i].slots, slices.Index(c.names, name))
		}
	}
	for i, f := range corpus.Fields {
		of := &c.contents[i]
		if f.Name != "" {
			of.slot = slices.Index(c.names, f.Name)
		}
		for _, name := range fields[i] {
			of.pattern.slots = append(of.pattern.slots, slices.Index(c.names, name))
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
	path = contentPath(path)
	out.values = append(out.values[:0], c.constants...)
	out.groups, out.conflicts, out.misfits, out.matched = out.groups[:0], out.conflicts[:0], out.misfits[:0], len(c.patterns) == 0
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

// fields adds the values of the corpus's fields in a document to what its path gave.
// Of several that give an attribute, the first counts.
func (c *capturer) fields(values []string, out *capture) {
	out.misfits, out.given = out.misfits[:0], append(out.given[:0], make([]int, len(c.names))...)
	give := func(slot, i int, text string) {
		if text != "" && (out.given[slot] == 0 || out.given[slot] == i+1) {
			out.values[slot], out.given[slot] = text, i+1
		}
	}
	for i := range min(len(values), len(c.contents)) {
		value, f := values[i], &c.contents[i]
		if value == "" {
			continue
		}
		if f.pattern == nil {
			give(f.slot, i, value)
			continue
		}
		var ok bool
		if out.bounds, ok = f.pattern.Match(value, out.bounds[:0]); !ok {
			out.misfits = append(out.misfits, i)
			continue
		}
		for k, slot := range f.pattern.slots {
			give(slot, i, value[out.bounds[2*k]:out.bounds[2*k+1]])
		}
	}
	out.misfits = slices.DeleteFunc(out.misfits, func(i int) bool { return c.stoodIn(i, out) })
}

// stoodIn reports whether another field took the value whose pattern does not fit, as
// an attribute that the pattern names.
func (c *capturer) stoodIn(misfit int, from *capture) bool {
	f := &c.contents[misfit]
	return slices.ContainsFunc(f.pattern.slots, func(slot int) bool {
		by := from.given[slot]
		return by > 0 && c.contents[by-1].from == f.from
	})
}

// value looks an attribute up, for a template.
func (c *capturer) value(name string, from *capture) (slot int, text string, ok bool) {
	if slot = slices.Index(c.names, name); slot >= 0 {
		text = from.values[slot]
	}
	return slot, text, text != ""
}

// recordName is what stands for the number of a record in a template.
const recordName = "record"

// documentID is the id within the corpus of a file that is a document: the template,
// or where an attribute is missing the path.
func (c *capturer) documentID(path string, from *capture) string {
	id, ok := c.id.Expand(func(name string) (string, bool) {
		_, text, ok := c.value(name, from)
		return text, ok
	})
	if !ok {
		id = withoutExtension(contentPath(path))
	}
	return schema.DisplayPath(id)
}

// appendID appends the id of a record with the given number from 1, or with 0 of a
// file that is one: the template, or where an attribute is missing the path and the
// number.
func (c *capturer) appendID(id []byte, path string, number int, from *capture) []byte {
	if number == 0 {
		return append(id, c.documentID(path, from)...)
	}
	text, ok := c.id.Expand(func(name string) (string, bool) {
		if name == recordName {
			return strconv.Itoa(number), true
		}
		_, text, ok := c.value(name, from)
		return text, ok
	})
	if ok {
		return append(id, schema.DisplayPath(text)...)
	}
	id = append(append(id, schema.DisplayPath(contentPath(path))...), '/')
	for pad := 100_000; pad > number; pad /= 10 {
		id = append(id, '0')
	}
	return strconv.AppendInt(id, int64(number), 10)
}

// annotations is the extension of files that hold the annotations of the text beside
// them.
const annotations = ".ann"

// rawPath is where the twin of the document at the given path should lie: it
// need not exist, or lie within the root. It returns false where an attribute is
// missing. Attributes are taken as captured, not as normalised.
func (c *capturer) rawPath(document string, from *capture) (string, bool) {
	if c.standoff {
		document = contentPath(document)
		return strings.TrimSuffix(document, path.Ext(document)) + annotations, true
	}
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
	for k, i := range from.misfits {
		of := c.contents[i].from
		if !slices.ContainsFunc(from.misfits[:k], func(j int) bool { return c.contents[j].from == of }) {
			note(src, schema.FieldUnmatched, "no pattern of the field %q fits its value, and nothing was captured by it: add a field from %[1]q with another pattern, or with a name", of)
		}
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
