package verifier

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/snapshot"
)

// metadata verifies what a part says of itself: that it documents its table, as
// schema has it, and that it has the taxonomies of its corpora, if its table is
// about labels.
func (p *part) metadata(corpora []snapshot.Corpus) {
	columns, err := json.Marshal(p.table.Columns)
	if err != nil {
		panic(err) // names and texts always marshal
	}
	p.says(p.reader.MetaData().KeyValueMetadata().FindValue, corpora, [][2]string{
		{schema.VersionKey, schema.Version},
		{schema.TableKey, p.table.Name},
		{schema.ColumnsKey, string(columns)},
		{schema.SparkKey, p.spark()},
	})
}

// says verifies values of the metadata, and the taxonomies there.
func (p *part) says(find func(key string) *string, corpora []snapshot.Corpus, values [][2]string) {
	for _, m := range values {
		key, want := m[0], m[1]
		switch got := find(key); {
		case got == nil:
			p.addf("its metadata lacks %s", key)
		case *got != want:
			at := 0 // where they begin to differ
			for at < min(len(*got), len(want)) && (*got)[at] == want[at] {
				at++
			}
			if at > 0 {
				p.addf("its metadata says from byte %d of %s on %s, and not %s", at, key, show([]byte((*got)[at:])), show([]byte(want[at:])))
			} else {
				p.addf("its metadata says %s is %s, and not %s", key, show([]byte(*got)), show([]byte(want)))
			}
		}
	}
	text := find(schema.TaxonomyKey)
	switch about := slices.Contains([]string{"sentences", "labels", snapshot.TaxonomyTable}, p.table.Name); {
	case about && text == nil:
		p.addf("its metadata lacks %s", schema.TaxonomyKey)
	case about:
		p.readTaxonomies([]byte(*text), corpora)
	case text != nil:
		p.addf("its metadata has %s, and its table is not about labels", schema.TaxonomyKey)
	}
}

// spark is the StructType of the part's table on one line.
func (p *part) spark() string {
	var b bytes.Buffer
	text, err := schema.Spark([]schema.Table{p.table})
	if err == nil {
		err = json.Compact(&b, text)
	}
	if err != nil {
		panic(err) // as above
	}
	return b.String()
}

// readTaxonomies reads those in the metadata, and verifies that they are what the
// corpora were read with.
func (p *part) readTaxonomies(text []byte, corpora []snapshot.Corpus) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&p.taxonomies); err != nil {
		p.addf("its metadata has a %s that cannot be read: %v", schema.TaxonomyKey, err)
		return
	}
	for _, c := range corpora {
		if t := p.taxonomies[c.Name]; t == nil {
			p.addf("its metadata lacks the taxonomy of corpus %s", schema.Printable(c.Name))
		} else if got := t.Hash(); got != c.TaxonomyHash {
			p.addf("its metadata has a taxonomy of corpus %s whose SHA-256 is %s, and the manifest says %s", schema.Printable(c.Name), got, c.TaxonomyHash)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.taxonomies)) {
		if !slices.ContainsFunc(corpora, func(c snapshot.Corpus) bool { return c.Name == name }) {
			p.addf("its metadata has a taxonomy of corpus %q, of which it has no rows", name)
		}
	}
}

// term is a row that the table taxonomy should have.
type term struct {
	corpus, layer string
	config.Term
	polarity bool
}

// terms are the rows of the table taxonomy, as the taxonomies in its metadata have
// them.
func (p *part) terms() (rows []term) {
	for _, corpus := range slices.Sorted(maps.Keys(p.taxonomies)) {
		t := p.taxonomies[corpus]
		if t == nil {
			continue
		}
		for _, layer := range t.Layers {
			for _, l := range layer.Labels {
				rows = append(rows, term{corpus, layer.Name, l, layer.Polarity})
			}
			for _, l := range t.Everywhere {
				rows = append(rows, term{corpus, layer.Name, l, false})
			}
		}
	}
	return rows
}

func (t *term) equal(o *term) bool {
	return t.corpus == o.corpus && t.layer == o.layer && t.polarity == o.polarity &&
		t.Code == o.Code && t.Name == o.Name && t.Description == o.Description && slices.Equal(t.Aliases, o.Aliases)
}
