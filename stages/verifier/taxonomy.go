package verifier

import (
	"bytes"
	"context"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/snapshot"
)

// knownLabels is what the table taxonomy says.
type knownLabels struct {
	problems []Problem
	// polarity says whether a label takes one. It is nil if the table was not read,
	// or cannot be.
	polarity map[labelKey]bool
	// layers are those that are listed, with what is to be known of their labels that
	// are not. The label is "", and so is the layer where it says the same of layers
	// that are not listed.
	layers map[labelKey]openness
}

// openness says whether labels that are not listed are labels too, and may have a
// polarity.
type openness struct{ open, polarity bool }

type labelKey struct{ corpus, layer, label string }

// readTaxonomy verifies the table taxonomy, in each format.
func (v *Verifier) readTaxonomy() (known knownLabels) {
	for _, f := range v.layouts {
		k := v.readTaxonomyOf(f)
		if known.polarity == nil {
			known.polarity, known.layers = k.polarity, k.layers
		}
		known.problems = append(known.problems, k.problems...)
	}
	return known
}

func (v *Verifier) readTaxonomyOf(f *layout) knownLabels {
	m := f.taxonomy
	if want := f.taxonomyPath; m.Table != snapshot.TaxonomyTable || m.Path != want {
		r := report{path: snapshot.ManifestName}
		r.addf("the part of the table taxonomy is %q of %q, and not %q", m.Path, m.Table, want)
		return knownLabels{problems: r.problems()}
	}
	p := v.openPart(context.Background(), f, m, f.taxonomyPath, v.snapshot.Corpora, false)
	defer p.close()
	var known knownLabels
	if p.whole && v.level == Full {
		known = p.readLabels(newTableReader(p), v.snapshot.Corpora)
	}
	known.problems = p.problems()
	return known
}

func (p *part) readLabels(t *tableReader, corpora []snapshot.Corpus) knownLabels {
	k := knownLabels{polarity: map[labelKey]bool{}, layers: map[labelKey]openness{}}
	names := map[string]bool{}
	for _, c := range corpora {
		names[c.Name] = true
		if t := p.taxonomies[c.Name]; t != nil {
			k.layers[labelKey{c.Name, "", ""}] = openness{t.Open, true}
			for _, l := range t.Layers {
				k.layers[labelKey{c.Name, l.Name, ""}] = openness{l.Open, l.Polarity}
			}
		}
	}
	corpus, layer, label, polarity := t.string("corpus"), t.string("layer"), t.string("label"), t.bool("has_polarity")
	name, description, aliases := t.string("name"), t.string("description"), t.list("aliases.list.element")
	terms, shifted := p.terms(), false
	var last []byte
	for t.next(); t.more; t.next() {
		key := labelKey{string(corpus.at(t.i)), string(layer.at(t.i)), string(label.at(t.i))}
		if !names[key.corpus] {
			p.addf("row %d is of the corpus %q, which there is not", t.row, key.corpus)
		}
		if bytes.Compare(corpus.at(t.i), last) < 0 {
			p.addf("row %d: corpus %q stands behind %s", t.row, key.corpus, show(last))
		}
		last = append(last[:0], corpus.at(t.i)...)
		if _, twice := k.polarity[key]; twice {
			p.addf("row %d: label %q of layer %q stands there twice", t.row, key.label, key.layer)
		}
		if key.label == "" || key.layer == "" {
			p.addf("row %d: a layer or label has no name", t.row)
		}
		k.polarity[key] = polarity.values[t.i]
		got := term{key.corpus, key.layer, config.Term{Code: key.label, Name: string(name.at(t.i)), Description: string(description.at(t.i))}, polarity.values[t.i]}
		for i := range aliases.len() {
			got.Aliases = append(got.Aliases, string(aliases.value(0, i)))
		}
		if !shifted && (t.row >= int64(len(terms)) || !got.equal(&terms[t.row])) {
			shifted = true // told once
			p.addf("row %d: label %q of layer %q is not what the taxonomies in its metadata have there", t.row, key.label, key.layer)
		}
	}
	if t.err != nil {
		p.addf("%v", t.err)
		return knownLabels{}
	}
	if t.row < int64(len(terms)) {
		p.addf("it has %d rows, and the taxonomies in its metadata have %d labels", t.row, len(terms))
	}
	return k
}

// of says whether there is a label in a layer, and whether it may have a polarity. Of
// "", it says whether the layer is listed.
func (k *knownLabels) of(corpus, layer, label string) (known, polarity bool) {
	key := labelKey{corpus, layer, label}
	if polarity, known = k.polarity[key]; known || layer == "" {
		return known, polarity
	}
	key.label = ""
	is, listed := k.layers[key]
	if label == "" {
		return listed, false
	}
	if !listed {
		is = k.layers[labelKey{corpus: corpus}]
	}
	return is.open, is.polarity
}

// repairNames are the values of labels.repair.
var repairNames = func() map[string]bool {
	names := map[string]bool{}
	for set := schema.Repairs(1); set < 1<<7; set++ {
		names[*set.Name()] = true
	}
	return names
}()
