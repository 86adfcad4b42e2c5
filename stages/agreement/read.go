package agreement

import (
	"cmp"
	"context"
	"iter"
	"slices"

	"github.com/quern-data/quern/stages/records"
	"github.com/quern-data/quern/stages/snapshot"
)

// Choice is what of a snapshot is compared.
type Choice struct {
	Corpus string // empty: all
	Layer  string // empty: all
	Role   string // of the sentences; empty: all, those without one too
	// IgnorePolarity takes labels without their polarity.
	IgnorePolarity bool
	// SkipUnlabeled leaves out, in each layer, sentences that nobody gave a label.
	SkipUnlabeled bool
}

// Found are the layers of a snapshot, or of a part, and what was left out.
type Found struct {
	Layers []*Layer
	Left

	byName    map[[2]string]*Layer
	documents []*annotated
}

// Left is what was left out.
type Left struct {
	// Single is how many documents have one annotator or none that is named.
	Single int `json:"documents_of_one_annotator"`
	// Unattributed is how many labels of documents with several have no annotator.
	Unattributed int `json:"labels_without_annotator"`
	// Unresolved is how many labels could not be resolved. What the annotator said of
	// these sentences is not known in the layer, if that much is known.
	Unresolved int `json:"unresolved_labels"`
}

// annotated is a document with several annotators.
type annotated struct {
	id, corpus string
	annotators []string
	units      []int32 // by sentence, its unit or -1
	n          int     // units
}

// Reader reads the parts of a snapshot. It is safe for concurrent use.
type Reader struct {
	choice                       Choice
	documents, sentences, labels *records.Table
}

// NewReader opens the tables that a snapshot keeps annotators in.
func NewReader(s *snapshot.Snapshot, choice Choice) (*Reader, error) {
	r := &Reader{choice: choice}
	for _, t := range []struct {
		table   **records.Table
		name    string
		columns []string
	}{
		{&r.documents, "documents", []string{"document_id", "corpus", "sentences", "annotators"}},
		{&r.sentences, "sentences", []string{"document_id", "sentence_index", "role", "alignment"}},
		{&r.labels, "labels", []string{"document_id", "sentence_index", "layer", "label", "polarity", "annotator"}},
	} {
		var err error
		if *t.table, err = records.Open(s, t.name, t.columns...); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// Parts is how many parts there are: a document has all its rows in one of them.
func (r *Reader) Parts() int { return r.documents.Parts() }

// Part reads a part.
func (r *Reader) Part(ctx context.Context, i int) (*Found, error) {
	f := &Found{byName: map[[2]string]*Layer{}}
	several, err := r.several(f, r.documents.Part(ctx, i))
	if err != nil || len(several) == 0 {
		return f, err
	}
	if err := r.units(several, r.sentences.Part(ctx, i)); err != nil {
		return nil, err
	}
	return f, r.said(f, several, r.labels.Part(ctx, i))
}

// several are the documents that have several annotators, by id.
func (r *Reader) several(f *Found, batches iter.Seq2[records.Batch, error]) (map[string]*annotated, error) {
	found := map[string]*annotated{}
	for batch, err := range batches {
		if err != nil {
			return nil, err
		}
		ids, corpora := records.Texts(batch.Column(0)), records.Texts(batch.Column(1))
		sentences, annotators := records.Numbers(batch.Column(2)), records.Lists(batch.Column(3))
		for i := range int(batch.NumRows()) {
			corpus, _ := corpora(i)
			if r.choice.Corpus != "" && corpus != r.choice.Corpus {
				continue
			}
			names := annotators(i)
			for j := range names {
				names[j] = records.Quoted(names[j]) // as Distinct has them
			}
			slices.Sort(names)
			if names = slices.Compact(names); len(names) < 2 {
				f.Single++
				continue
			}
			id, _ := ids(i)
			d := &annotated{string([]byte(id)), string([]byte(corpus)), names, make([]int32, max(0, sentences[i])), 0}
			for j := range d.units {
				d.units[j] = -1
			}
			found[d.id] = d
			f.documents = append(f.documents, d)
		}
	}
	return found, nil
}

// units numbers the sentences that annotators had before them: not those that stand in
// the raw twin alone.
func (r *Reader) units(of map[string]*annotated, batches iter.Seq2[records.Batch, error]) error {
	var d *annotated
	for batch, err := range batches {
		if err != nil {
			return err
		}
		ids, places := records.Texts(batch.Column(0)), records.Numbers(batch.Column(1))
		roles, alignments := records.Texts(batch.Column(2)), records.Texts(batch.Column(3))
		for i := range int(batch.NumRows()) {
			if id, _ := ids(i); d == nil || d.id != id {
				if d = of[id]; d == nil {
					continue
				}
			}
			role, _ := roles(i)
			alignment, _ := alignments(i)
			if alignment != "raw_only" && (r.choice.Role == "" || role == r.choice.Role) && uint(places[i]) < uint(len(d.units)) {
				d.units[places[i]] = int32(d.n)
				d.n++
			}
		}
	}
	return nil
}

// row is a label of a document.
type row struct {
	layer, unit, annotator int32
	label                  int32 // -1 if it could not be resolved
}

// said adds the documents to the layers of which they have labels.
func (r *Reader) said(f *Found, of map[string]*annotated, batches iter.Seq2[records.Batch, error]) error {
	var (
		d    *annotated
		rows []row
		text []byte
		// The values of layer, label, polarity and annotator.
		columns [4]records.Distinct
		layers  []*Layer // by value of the first
	)
	flush := func() {
		if d != nil {
			r.add(d, layers, rows)
		}
		rows = rows[:0]
	}
	for batch, err := range batches {
		if err != nil {
			return err
		}
		ids, places := records.Texts(batch.Column(0)), records.Numbers(batch.Column(1))
		for i := range columns {
			columns[i].Read(batch.Column(2 + i))
		}
		value := func(column, i int) string { return columns[column].Values[columns[column].Codes[i]] }
		for i := range int(batch.NumRows()) {
			if id, _ := ids(i); d == nil || d.id != id {
				flush()
				if d = of[id]; d == nil {
					continue
				}
				layers = layers[:0] // those of another corpus, maybe
			}
			if uint(places[i]) >= uint(len(d.units)) || d.units[places[i]] < 0 {
				continue
			}
			name, label := value(0, i), value(1, i)
			if r.choice.Layer != "" && name != r.choice.Layer && name != records.Null {
				continue
			}
			annotator, ok := slices.BinarySearch(d.annotators, value(3, i))
			switch {
			case !ok:
				f.Unattributed++
				continue
			case label == records.Null:
				f.Unresolved++
				if name == records.Null {
					continue
				}
			}
			code := int(columns[0].Codes[i])
			for len(layers) <= code {
				layers = append(layers, nil)
			}
			if layers[code] == nil {
				layers[code] = f.layer(d.corpus, name)
			}
			said := row{int32(code), d.units[places[i]], int32(annotator), -1}
			if label != records.Null {
				text = append(text[:0], label...)
				if polarity := value(2, i); polarity != records.Null && !r.choice.IgnorePolarity {
					text = append(append(text, 0), polarity...)
				}
				said.label = layers[code].sets.labelOf(text)
			}
			rows = append(rows, said)
		}
	}
	flush()
	return nil
}

// layer finds a layer, or makes it.
func (f *Found) layer(corpus, name string) *Layer {
	key := [2]string{corpus, name}
	l := f.byName[key]
	if l == nil {
		l = NewLayer(corpus, name)
		f.byName[key] = l
	}
	return l
}

// add adds a document to each layer that its labels are of.
func (r *Reader) add(d *annotated, layers []*Layer, rows []row) {
	slices.SortFunc(rows, func(a, b row) int {
		return cmp.Or(cmp.Compare(a.layer, b.layer), cmp.Compare(a.unit, b.unit), cmp.Compare(a.annotator, b.annotator), cmp.Compare(a.label, b.label))
	})
	var values []Value
	var labels []int32
	for len(rows) > 0 {
		l := layers[rows[0].layer]
		values = append(values[:0], make([]Value, d.n*len(d.annotators))...) // Nothing
		at := rows[0].layer
		for len(rows) > 0 && rows[0].layer == at {
			first := rows[0]
			labels = labels[:0]
			for len(rows) > 0 && rows[0].layer == at && rows[0].unit == first.unit && rows[0].annotator == first.annotator {
				labels = append(labels, rows[0].label)
				rows = rows[1:]
			}
			cell := &values[int(first.unit)*len(d.annotators)+int(first.annotator)]
			if *cell = Missing; labels[0] >= 0 {
				*cell = l.value(slices.Compact(labels))
			}
		}
		l.Add(d.id, d.annotators, r.keep(values, len(d.annotators)))
	}
}

// keep leaves out units that nobody gave a label, if so chosen.
func (r *Reader) keep(values []Value, annotators int) []Value {
	if !r.choice.SkipUnlabeled {
		return values
	}
	kept := values[:0]
	for unit := range slices.Chunk(values, annotators) {
		if slices.ContainsFunc(unit, func(v Value) bool { return v > Nothing }) {
			kept = append(kept, unit...)
		}
	}
	return kept
}

// Join puts what was found in the parts together. In a layer, the documents of its
// corpus that have no label of it are those of which annotators said nothing.
func (r *Reader) Join(parts []*Found) *Found {
	all := &Found{byName: map[[2]string]*Layer{}}
	for _, f := range parts {
		all.Single += f.Single
		all.Unattributed += f.Unattributed
		all.Unresolved += f.Unresolved
		all.documents = append(all.documents, f.documents...)
		for key, l := range f.byName {
			all.layer(key[0], key[1]).Merge(l)
		}
	}
	for _, l := range all.byName {
		all.Layers = append(all.Layers, l)
	}
	slices.SortFunc(all.Layers, func(a, b *Layer) int {
		return cmp.Or(cmp.Compare(a.Corpus, b.Corpus), cmp.Compare(a.Name, b.Name))
	})
	if r.choice.SkipUnlabeled {
		return all
	}
	for _, l := range all.Layers {
		has := make(map[string]bool, len(l.documents))
		for i := range l.documents {
			has[l.documents[i].id] = true
		}
		for _, d := range all.documents {
			if d.corpus == l.Corpus && !has[d.id] {
				l.Add(d.id, d.annotators, make([]Value, d.n*len(d.annotators)))
			}
		}
	}
	return all
}
