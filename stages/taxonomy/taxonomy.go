// Package taxonomy resolves labels as people type them to the labels of a
// taxonomy. The parser asks it what looks like a label, the normalizer what a
// label means; both get the same answer because there is one table.
//
// It knows codes, aliases, polarities and how they are mistyped. It must not
// know how labels are written in a file.
package taxonomy

import (
	"strings"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/schema"
)

// Taxonomy is a config.Taxonomy made ready for look-ups. It is immutable and
// safe for concurrent use.
type Taxonomy struct {
	layers     []layer
	codes      []code // of all layers, then those of no layer
	polarities []string

	exact   map[string]int // what may be typed -> index into terms
	short   shortTerms     // the same; empty in a layer alone, which Term is not asked about
	longest int            // length of the longest of them, in bytes
	terms   []term         // terms[0] is unused
	labels  []Label        // what each of them means, in each list of a group and behind the last

	null     *schema.Meaning
	unknown  []*schema.Meaning // in each list, and behind the last
	meanings []schema.Meaning  // of the codes

	folded           map[string]int // lower-case code or alias -> index into codes
	foldedPolarities map[string]int
	foldedNull       map[string]bool

	apart     polarityWords
	alone     map[string]*Taxonomy // each layer as one of its own, by its name
	open      bool                 // whether there may be other layers, or labels in a layer alone
	strangers *strangers           // shared by the layers
}

type layer struct {
	name     string
	polarity bool
}

// code is one label.
type code struct {
	text  string
	lower string
	layer int // anyLayer for one that belongs to the layer it stands in
	first int // of its meanings: without a polarity, then with each; if anyLayer, so in each layer
}

const anyLayer = -1

// term is something that may be typed as it stands, and what it means.
type term struct {
	text     string
	code     int // index into codes; noCode for "no label in this layer"
	polarity int // index into polarities; noPolarity, unknownPolarity, saidNone
	repairs  schema.Repairs
	evidence Evidence
}

const (
	noCode     = -1
	noPolarity = -1
)

// New prepares t, which config.LoadTaxonomy has checked.
func New(t *config.Taxonomy) *Taxonomy {
	x := prepare(t)
	x.short, x.apart = newShortTerms(x.exact), newPolarityWords(t.Polarities)
	x.open = t.Open
	x.strangers = newStrangers()
	x.setMeanings()
	x.setLabels()
	x.setLayers(t)
	return x
}

// prepare takes in what may be typed, and leaves to others what it means.
func prepare(t *config.Taxonomy) *Taxonomy {
	x := &Taxonomy{
		exact:            map[string]int{},
		terms:            make([]term, 1),
		folded:           map[string]int{},
		foldedPolarities: map[string]int{},
		foldedNull:       map[string]bool{},
	}
	for i, p := range t.Polarities {
		x.polarities = append(x.polarities, p.Code)
		x.foldedPolarities[strings.ToLower(p.Code)] = i
	}
	for i, l := range t.Layers {
		x.layers = append(x.layers, layer{l.Name, l.Polarity})
		for _, label := range l.Labels {
			x.addCode(label, i)
		}
	}
	for _, label := range t.Everywhere {
		x.addCode(label, anyLayer)
	}
	for _, word := range t.NoLabel {
		x.foldedNull[strings.ToLower(word)] = true
		x.addTerm(term{text: word, code: noCode, polarity: noPolarity})
	}
	return x
}

// setLabels makes the table of what each term means.
func (x *Taxonomy) setLabels() {
	for i := range x.terms {
		for list := range len(x.layers) + 1 {
			x.labels = append(x.labels, x.label(x.terms[i], i != 0, list))
		}
	}
}

// setMeanings makes all meanings that a label may have.
func (x *Taxonomy) setMeanings() {
	x.null = &schema.Meaning{Null: true}
	for i := range x.layers {
		x.unknown = append(x.unknown, &schema.Meaning{Layer: &x.layers[i].name})
	}
	x.unknown = append(x.unknown, new(schema.Meaning))
	for i := range x.codes {
		c := &x.codes[i]
		c.first = len(x.meanings)
		for j := range x.layers {
			if c.layer != j && c.layer != anyLayer {
				continue
			}
			m := schema.Meaning{Layer: &x.layers[j].name, Code: &c.text}
			x.meanings = append(x.meanings, m)
			for k := range x.polarities {
				m.Polarity = &x.polarities[k]
				x.meanings = append(x.meanings, m)
			}
		}
	}
}

func (x *Taxonomy) addCode(label config.Term, layer int) {
	at := len(x.codes)
	x.codes = append(x.codes, code{text: label.Code, lower: strings.ToLower(label.Code), layer: layer})
	x.addName(label.Code, at, 0)
	for _, alias := range label.Aliases {
		x.addName(alias, at, schema.RepairedAlias)
	}
}

func (x *Taxonomy) addName(name string, at int, repairs schema.Repairs) {
	x.folded[strings.ToLower(name)] = at
	x.addTerm(term{text: name, code: at, polarity: noPolarity, repairs: repairs})
	if x.takesPolarity(at) {
		for i, polarity := range x.polarities {
			x.addTerm(term{text: name + "-" + polarity, code: at, polarity: i, repairs: repairs})
		}
	}
}

func (x *Taxonomy) addTerm(t term) {
	switch {
	case t.code == noCode:
		t.evidence = Weak
	case t.polarity == noPolarity:
		t.evidence = Strong
	default:
		t.evidence = Certain
	}
	x.exact[t.text] = len(x.terms)
	x.longest = max(x.longest, len(t.text))
	x.terms = append(x.terms, t)
}

func (x *Taxonomy) takesPolarity(code int) bool {
	l := x.codes[code].layer
	return l != anyLayer && x.layers[l].polarity
}

// Layers is the number of layers.
func (x *Taxonomy) Layers() int { return len(x.layers) }

// Longest is the length of the longest label as the taxonomy has it, in bytes.
func (x *Taxonomy) Longest() int { return x.longest }

// Term is the number, the shared text and the evidence of a label that is typed
// as the taxonomy has it. For any other, the number is 0. It does not allocate.
func (x *Taxonomy) Term(typed []byte) (int, string, Evidence) {
	if len(typed) <= maxShort {
		return x.Word(wordOf(typed), len(typed))
	}
	n := x.exact[string(typed)]
	return n, x.terms[n].text, x.terms[n].evidence
}

// Word is Term for a label of up to 8 bytes, given as a number: the first byte
// lowest, and zeros above the last.
func (x *Taxonomy) Word(word uint64, size int) (int, string, Evidence) {
	n := x.short.find(word, size)
	t := &x.terms[n]
	return n, t.text, t.evidence
}

// Evidence is how sure it is that something typed is a label.
type Evidence int

// The degrees of evidence.
const (
	NoEvidence Evidence = iota
	// Weak is what a label and an ordinary word or a line of code may both be:
	// null, or a code in unusual case.
	Weak
	// Strong is a code or alias as the taxonomy has it.
	Strong
	// Certain is a code, perhaps mistyped, with a polarity.
	Certain
)

// Evidence says how sure it is that typed is a label. Near misses count only
// where a polarity stands beside them.
func (x *Taxonomy) Evidence(typed string) Evidence {
	if n := x.exact[typed]; n != 0 {
		return x.terms[n].evidence
	}
	if !x.plausible(typed) {
		return NoEvidence
	}
	r, ok := x.read(typed)
	switch {
	case !ok:
		return NoEvidence
	case r.code != noCode && r.polarity >= 0:
		return Certain
	case r.repairs&schema.RepairedSlip != 0:
		return NoEvidence
	case r.repairs&schema.RepairedPolarity != 0 && r.code != noCode:
		return Strong // a code and the word for no label, e.g. EXT-null
	default:
		return Weak
	}
}

// Label is what a typed label means.
type Label struct {
	*schema.Meaning
	Repairs schema.Repairs
	// Fault is the diagnostic that the label deserves apart from its repairs:
	// LabelUnknown, PolarityMissing or PolarityUnknown. HasFault says whether
	// there is one.
	Fault    schema.Code
	HasFault bool
}

// Resolve says what a label means that stands in the given list of its group,
// counted from 0. number is what Term returned for it, or 0.
func (x *Taxonomy) Resolve(typed string, number, list int) Label {
	if number != 0 {
		return x.labels[number*(len(x.layers)+1)+min(list, len(x.layers))]
	}
	t, ok := x.read(typed)
	return x.label(t, ok, list)
}

// label says what t means in the given list of a group; ok says whether anything
// is known about it.
func (x *Taxonomy) label(t term, ok bool, list int) Label {
	if ok && t.code == noCode {
		return Label{Meaning: x.null, Repairs: t.repairs}
	}
	place := min(list, len(x.layers))
	if !ok || x.codes[t.code].layer == anyLayer && place == len(x.layers) {
		return Label{Meaning: x.unknown[place], Fault: schema.LabelUnknown, HasFault: true}
	}

	c := &x.codes[t.code]
	l := Label{Repairs: t.repairs}
	meaning := c.first
	if c.layer == anyLayer {
		meaning += place * (1 + len(x.polarities))
	} else if c.layer != place {
		l.Repairs |= schema.RepairedLayer
	}
	switch {
	case t.polarity >= 0:
		meaning += 1 + t.polarity
	case t.polarity == unknownPolarity:
		l.Fault, l.HasFault = schema.PolarityUnknown, true
	case t.polarity == noPolarity && x.takesPolarity(t.code) && t.repairs&schema.RepairedPolarity == 0:
		l.Fault, l.HasFault = schema.PolarityMissing, true
	}
	l.Meaning = &x.meanings[meaning]
	return l
}
