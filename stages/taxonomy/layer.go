package taxonomy

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"unicode"
	"weak"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/schema"
)

// ResolveIn says what a label means that a file gives to the named layer. It is
// looked up in that layer alone, and mended as Resolve mends it. polarity is what
// stands as its polarity in a place of its own, "" for nothing; there the word for no
// label says that it has none.
//
// In a layer that is open, what is not listed is a label as it is typed, and no slips
// are mended: they may be labels of their own. So is each label of a layer that is
// not listed, if the taxonomy is open; in another taxonomy it is unknown.
func (x *Taxonomy) ResolveIn(layer, typed, polarity string) Label {
	typed, polarity = strings.TrimSpace(typed), strings.TrimSpace(polarity)
	one := x.alone[layer]
	if one == nil {
		layer = LayerName(layer)
		one = x.alone[layer]
	}
	switch {
	case one != nil:
		return one.resolve(typed, polarity)
	case x.open:
		return x.resolveStranger(layer, typed, polarity)
	}
	return Label{Meaning: x.unknown[len(x.layers)], Fault: schema.LabelUnknown, HasFault: true}
}

// LayerName is the name of the layer that a file calls by the given name: in lower
// case, with an underscore for what is neither letter nor digit, and letters that are not ASCII
// as their hexadecimal numbers, so that names in another script stay apart.
func LayerName(name string) string {
	fits := name != ""
	for i := range len(name) {
		c := name[i]
		fits = fits && (c >= 'a' && c <= 'z' || i > 0 && (c == '_' || c >= '0' && c <= '9'))
	}
	if fits {
		return name
	}
	var b strings.Builder
	gap := false
	for _, r := range strings.ToLower(name) {
		plain := r >= 'a' && r <= 'z' || r >= '0' && r <= '9'
		if !plain && (r < 0x80 || !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r)) {
			gap = true
			continue
		}
		switch {
		case b.Len() == 0 && plain && r <= '9':
			b.WriteString("layer_")
		case b.Len() > 0 && gap:
			b.WriteByte('_')
		}
		if gap = false; plain {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, "u%04x", r)
		}
	}
	if b.Len() == 0 {
		return "layer"
	}
	return b.String()
}

// setLayers makes of each layer a taxonomy of its own, whose meanings are those of x.
func (x *Taxonomy) setLayers(t *config.Taxonomy) {
	x.alone = make(map[string]*Taxonomy, len(t.Layers))
	first, everywhere := 0, len(x.codes)-len(t.Everywhere)
	for i, l := range t.Layers {
		one := prepare(&config.Taxonomy{
			NoLabel: t.NoLabel, Polarities: t.Polarities, Everywhere: t.Everywhere, Layers: t.Layers[i : i+1],
		})
		one.open, one.strangers, one.apart = l.Open, x.strangers, x.apart
		one.layers, one.polarities = x.layers[i:i+1], x.polarities
		one.null, one.meanings = x.null, x.meanings
		one.unknown = []*schema.Meaning{x.unknown[i], x.unknown[len(t.Layers)]}
		for j := range one.codes {
			if j < len(l.Labels) {
				one.codes[j].first = x.codes[first+j].first
			} else {
				one.codes[j].first = x.codes[everywhere+j-len(l.Labels)].first + i*(1+len(x.polarities))
			}
		}
		one.setLabels()
		x.alone[l.Name] = one
		first += len(l.Labels)
	}
}

// resolve is ResolveIn where x is one layer alone.
func (x *Taxonomy) resolve(typed, polarity string) Label {
	number := x.exact[typed]
	if number != 0 && polarity == "" {
		return x.labels[2*number]
	}
	t, ok := x.terms[number], number != 0
	switch {
	case ok:
	case x.open:
		if t, ok = x.listed(typed); !ok && typed != "" {
			return x.own(&x.layers[0].name, typed, polarity, x.layers[0].polarity)
		}
	default:
		if t, ok = x.word(typed, false, false); !ok {
			t, ok = x.read(typed)
		}
	}
	if ok && polarity != "" {
		t = x.add(t, polarity)
	}
	return x.label(t, ok, 0)
}

// listed reads what is a label of the list but for upper and lower case.
func (x *Taxonomy) listed(typed string) (term, bool) {
	t, ok := x.word(typed, false, false)
	if n := strings.LastIndexByte(typed, '-'); !ok && n > 0 && x.layers[0].polarity {
		if _, known := x.foldedPolarities[strings.ToLower(typed[n+1:])]; known {
			t, ok = x.pair(typed[:n], typed[n+1:], false)
		}
	}
	return t, ok
}

// add gives t the polarity that stands apart from it.
func (x *Taxonomy) add(t term, text string) term {
	polarity, repairs := x.polarityApart(text, !x.open)
	switch {
	case t.code == noCode || !x.takesPolarity(t.code):
		if polarity != saidNone || t.polarity >= 0 {
			t.repairs |= schema.RepairedPolarity
		}
		return t
	case t.polarity == noPolarity:
		t.polarity = polarity
	case t.polarity != polarity && polarity != saidNone:
		t.polarity = unknownPolarity // it has another in the label
	}
	t.repairs |= repairs
	return t
}

// foldedRoom is how long most labels are at most, in bytes.
const foldedRoom = 64

// fold is strings.ToLower, in room if there is enough.
func fold(s string, room *[foldedRoom]byte) []byte {
	if len(s) > len(room) || !schema.IsASCII(s) {
		return []byte(strings.ToLower(s))
	}
	lower := append(room[:0], s...)
	for i, c := range lower {
		if c >= 'A' && c <= 'Z' {
			lower[i] = c + 'a' - 'A'
		}
	}
	return lower
}

// own is a label that no list has, of a layer that takes polarities or does not.
func (x *Taxonomy) own(layer *string, typed, text string, takes bool) Label {
	var l Label
	var polarity *string
	switch p, repairs := x.polarityApart(text, false); {
	case text == "":
		if l.HasFault = takes; takes {
			l.Fault = schema.PolarityMissing
		}
	case p == saidNone:
	case !takes:
		l.Repairs = schema.RepairedPolarity
	case p >= 0:
		polarity, l.Repairs = &x.polarities[p], repairs
	default:
		l.Fault, l.HasFault = schema.PolarityUnknown, true
	}
	l.Meaning = x.strangers.meaning(layer, typed, polarity)
	return l
}

// resolveStranger is ResolveIn for a layer that is not listed. It takes polarities,
// those that are not listed too.
func (x *Taxonomy) resolveStranger(layer, typed, polarity string) Label {
	var room [foldedRoom]byte
	lower := fold(typed, &room)
	switch n := x.exact[typed]; {
	case typed == "":
		return Label{Meaning: x.unknown[len(x.layers)], Fault: schema.LabelUnknown, HasFault: true}
	case n != 0 && x.terms[n].code == noCode:
		return Label{Meaning: x.null}
	case x.foldedNull[string(lower)]:
		return Label{Meaning: x.null, Repairs: schema.RepairedCase}
	}
	var l Label
	code := typed
	if at, ok := x.folded[string(lower)]; ok && x.codes[at].layer == anyLayer {
		code = x.codes[at].text
		switch {
		case string(lower) != x.codes[at].lower:
			l.Repairs = schema.RepairedAlias
		case typed != code:
			l.Repairs = schema.RepairedCase
		}
	}
	said := &polarity
	switch p, repairs := x.polarityApart(polarity, false); {
	case polarity == "" || p == saidNone:
		said = nil
	case p >= 0:
		said = &x.polarities[p]
		l.Repairs |= repairs
	}
	l.Meaning = x.strangers.meaning(&layer, code, said)
	return l
}

// polarityWords are what may stand for a polarity in a place of its own: its code,
// its name and its aliases.
type polarityWords struct {
	exact, folded map[string]int // -> index into polarities
}

func newPolarityWords(polarities []config.Polarity) polarityWords {
	w := polarityWords{map[string]int{}, map[string]int{}}
	add := func(text string, i int) {
		if _, has := w.exact[text]; !has && text != "" {
			w.exact[text] = i
		}
		if _, has := w.folded[strings.ToLower(text)]; !has && text != "" {
			w.folded[strings.ToLower(text)] = i
		}
	}
	for i, p := range polarities {
		add(p.Code, i)
	}
	for i, p := range polarities {
		for _, alias := range p.Aliases {
			add(alias, i)
		}
	}
	for i, p := range polarities { // names last: they are free to be anything
		add(p.Name, i)
	}
	return w
}

// polarityApart reads what stands for a polarity in a place of its own.
func (x *Taxonomy) polarityApart(text string, slips bool) (int, schema.Repairs) {
	if i, ok := x.apart.exact[text]; ok {
		return i, 0
	}
	var room [foldedRoom]byte
	lower := fold(text, &room)
	if x.foldedNull[string(lower)] {
		return saidNone, 0
	}
	if i, ok := x.apart.folded[string(lower)]; ok {
		return i, schema.RepairedCase
	}
	near := unknownPolarity
	if !slips || len(text) > x.longest+maxExtra {
		return near, 0
	}
	for word, i := range x.apart.folded {
		if !oneSlip(string(lower), word) {
			continue
		}
		if near != unknownPolarity && near != i {
			return unknownPolarity, 0
		}
		near = i
	}
	if near == unknownPolarity {
		return near, 0
	}
	return near, schema.RepairedSlip
}

// strangers are the meanings of labels that no list has. One lives as long as a
// document has it: labels of an open layer may be any number.
type strangers struct {
	mu  sync.RWMutex
	all map[stranger]weak.Pointer[schema.Meaning]
}

type stranger struct {
	layer, code, polarity string
	polar                 bool
}

// strange is a meaning with what it points to.
type strange struct {
	schema.Meaning
	stranger
}

func newStrangers() *strangers {
	return &strangers{all: map[stranger]weak.Pointer[schema.Meaning]{}}
}

// meaning is the one that has this layer, code and polarity.
func (s *strangers) meaning(layer *string, code string, polarity *string) *schema.Meaning {
	key := stranger{layer: *layer, code: code}
	if polarity != nil {
		key.polarity, key.polar = *polarity, true
	}
	s.mu.RLock()
	m := s.all[key].Value()
	s.mu.RUnlock()
	if m != nil {
		return m
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if m := s.all[key].Value(); m != nil {
		return m
	}
	// Copies: what a label was read from may be a whole text.
	key.layer, key.code, key.polarity = strings.Clone(key.layer), strings.Clone(key.code), strings.Clone(key.polarity)
	made := &strange{stranger: key}
	made.Layer, made.Code = &made.layer, &made.code
	if key.polar {
		made.Polarity = &made.polarity
	}
	s.all[key] = weak.Make(&made.Meaning)
	runtime.AddCleanup(made, s.forget, key)
	return &made.Meaning
}

// forget drops a meaning that nothing has any more.
func (s *strangers) forget(key stranger) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all[key].Value() == nil { // it may have been made again
		delete(s.all, key)
	}
}
