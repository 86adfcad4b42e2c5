package splits

import (
	"context"
	"fmt"
	"slices"

	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/records"
	"github.com/quern-data/quern/stages/snapshot"
)

// Options are what is compared.
type Options struct {
	By      string  // the attribute that must not have a value in two splits
	Similar float64 // how similar texts must be, from 0.5 to 1
	Words   int     // texts and sentences with fewer are not compared
	Across  bool    // whether corpora are compared with each other, split by split
}

// Reader reads the parts of a snapshot. It is safe for concurrent use.
type Reader struct {
	options              Options
	byExtra              bool // whether documents are grouped by a key of attributes
	banding              *banding
	documents, sentences *records.Table
	texts                *records.Table
}

// NewReader opens the tables of a snapshot.
func NewReader(s *snapshot.Snapshot, o Options) (*Reader, error) {
	if o.Similar < 0.5 || o.Similar > 1 {
		return nil, fmt.Errorf("similar is %v, and must be 0.5 to 1", o.Similar)
	}
	r := &Reader{options: o, banding: newBanding(o.Similar)}
	by := o.By
	if r.byExtra = !isColumn(by); r.byExtra {
		by = "attributes"
	}
	for _, t := range []struct {
		table   **records.Table
		name    string
		columns []string
	}{
		{&r.documents, "documents", []string{"document_id", "corpus", "split", "sentences", "labels", "text", by}},
		{&r.sentences, "sentences", []string{"corpus", "split", "text"}},
		{&r.texts, "documents", []string{"document_id", "text"}},
	} {
		var err error
		if *t.table, err = records.Open(s, t.name, t.columns...); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// isColumn reports whether an attribute has a column by which documents may be
// grouped. The others are keys of the column attributes.
func isColumn(attribute string) bool {
	return attribute != "split" && slices.Contains(schema.PartitionColumns(), attribute)
}

// Parts is how many parts there are.
func (r *Reader) Parts() int { return r.documents.Parts() }

// Part is what is known of a part.
type Part struct{ *part }

// Part reads a part.
func (r *Reader) Part(ctx context.Context, i int) (Part, error) {
	p := newPart()
	if err := r.readDocuments(ctx, p, i); err != nil {
		return Part{}, err
	}
	return Part{p}, r.readSentences(ctx, p, i)
}

// columns are the corpus and split of rows.
type columns struct {
	corpus, split records.Distinct
	cells         map[[2]uint32]int32
}

// cell is that of a row of the batch.
func (c *columns) cell(p *part, row int) int32 {
	key := [2]uint32{c.corpus.Codes[row], c.split.Codes[row]}
	at, ok := c.cells[key]
	if !ok {
		if c.cells == nil {
			c.cells = map[[2]uint32]int32{}
		}
		split := c.split.Values[key[1]]
		at = p.cell(cell{c.corpus.Values[key[0]], split, split != records.Null})
		c.cells[key] = at
	}
	return at
}

func (r *Reader) readDocuments(ctx context.Context, p *part, part int) error {
	var of columns
	var groups records.Distinct
	for batch, err := range r.documents.Part(ctx, part) {
		if err != nil {
			return err
		}
		of.corpus.Read(batch.Column(1))
		of.split.Read(batch.Column(2))
		ids, texts := records.Texts(batch.Column(0)), records.Texts(batch.Column(5))
		sentences, labels := records.Numbers(batch.Column(3)), records.Numbers(batch.Column(4))
		value := func(row int) (string, bool) {
			return groups.Values[groups.Codes[row]], groups.Values[groups.Codes[row]] != records.Null
		}
		if r.byExtra {
			value = records.Entries(batch.Column(6), r.options.By)
		} else {
			groups.Read(batch.Column(6))
		}
		for i := range int(batch.NumRows()) {
			at := of.cell(p, i)
			n := &p.counts[at]
			n.documents++
			n.sentences += int(sentences[i])
			n.labels += int(labels[i])
			in := p.cells[at]
			if !in.divided {
				continue
			}
			if v, ok := value(i); ok {
				p.group(r.options.scope(in.corpus), v, at)
			} else {
				p.ungrouped[in.corpus]++
			}
			text, _ := texts(i)
			id, _ := ids(i)
			p.text(r.banding, r.options.Words, document{id: id, cell: at, part: int32(part)}, text)
		}
	}
	return nil
}

// text adds a document in a split with its text, which is not kept.
func (p *part) text(b *banding, fewest int, d document, text string) {
	p.hashes = words(p.hashes[:0], text)
	if len(p.hashes) < max(1, fewest) {
		p.short[p.cells[d.cell].corpus]++
		return
	}
	d.id = string([]byte(d.id)) // not the memory of the batch
	d.words, d.whole, d.bands = int32(len(p.hashes)), whole(p.hashes), int32(len(p.documents))
	p.documents = append(p.documents, d)
	p.bands = b.sign(p.bands, shingles(p.hashes))
}

// sentence adds a sentence in a split.
func (p *part) sentence(fewest int, cell int32, text string) {
	if p.hashes = words(p.hashes[:0], text); len(p.hashes) >= max(1, fewest) {
		p.sentences = append(p.sentences, sentence{whole(p.hashes), cell})
	}
}

// group counts a document in a group.
func (p *part) group(scope, value string, cell int32) {
	in := p.groups[group{scope, value}]
	if in == nil {
		in = map[int32]int{}
		p.groups[group{scope, string([]byte(value))}] = in
	}
	in[cell]++
}

func (r *Reader) readSentences(ctx context.Context, p *part, part int) error {
	if !slices.ContainsFunc(p.cells, func(c cell) bool { return c.divided }) {
		return nil
	}
	var of columns
	for batch, err := range r.sentences.Part(ctx, part) {
		if err != nil {
			return err
		}
		of.corpus.Read(batch.Column(0))
		of.split.Read(batch.Column(1))
		texts := records.Texts(batch.Column(2))
		for i := range int(batch.NumRows()) {
			at := of.cell(p, i)
			if !p.cells[at].divided {
				continue
			}
			text, _ := texts(i)
			p.sentence(r.options.Words, at, text)
		}
	}
	return nil
}

// Join puts the parts together, which must be all, in their order.
func (r *Reader) Join(parts []Part) *Survey {
	list := make([]*part, len(parts))
	for i, p := range parts {
		list[i] = p.part
	}
	return newSurvey(r.options, list, r.banding.bands)
}

// Again reads the texts of a part that the survey wants to compare.
func (r *Reader) Again(ctx context.Context, s *Survey, part int) (Again, error) {
	found := Again{}
	for batch, err := range r.texts.Part(ctx, part) {
		if err != nil {
			return nil, err
		}
		ids, texts := records.Texts(batch.Column(0)), records.Texts(batch.Column(1))
		for i := range int(batch.NumRows()) {
			id, _ := ids(i)
			if at, ok := s.wanted[part][id]; ok {
				text, _ := texts(i)
				found[at] = shingleSet(text)
			}
		}
	}
	return found, nil
}
