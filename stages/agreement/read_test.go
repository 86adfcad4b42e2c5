package agreement

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quern-data/quern/internal/parttest"
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/snapshot"
)

// rows are those of a shard.
type rows struct {
	documents []schema.DocumentRow
	sentences []schema.SentenceRow
	labels    []schema.LabelRow
}

func (r *rows) document(corpus, id string, sentences int, annotators ...string) {
	r.documents = append(r.documents, schema.DocumentRow{DocumentID: id, Corpus: corpus, Sentences: int32(sentences), Annotators: annotators})
	for i := range sentences {
		r.sentences = append(r.sentences, schema.SentenceRow{DocumentID: id, Corpus: corpus, SentenceIndex: int32(i)})
	}
}

// label adds a label to the document that was added last. An empty text is NULL.
func (r *rows) label(sentence int, annotator, layer, label, polarity string) {
	text := func(s string) *string {
		if s == "" {
			return nil
		}
		return &s
	}
	d := &r.documents[len(r.documents)-1]
	row := schema.LabelRow{DocumentID: d.DocumentID, Corpus: d.Corpus, SentenceIndex: int32(sentence), Layer: text(layer), Label: text(label), Polarity: text(polarity)}
	row.Annotator = text(annotator)
	r.labels = append(r.labels, row)
}

func snapshotOf(t testing.TB, shards ...*rows) *snapshot.Snapshot {
	t.Helper()
	s := &snapshot.Snapshot{Dir: t.TempDir()}
	for i, r := range shards {
		s.Shards = append(s.Shards, snapshot.Shard{})
		parttest.Write(t, s, "documents", i, r.documents)
		parttest.Write(t, s, "sentences", i, r.sentences)
		parttest.Write(t, s, "labels", i, r.labels)
	}
	return s
}

func find(t testing.TB, s *snapshot.Snapshot, c Choice) *Found {
	t.Helper()
	r, err := NewReader(s, c)
	if err != nil {
		t.Fatal(err)
	}
	parts := make([]*Found, r.Parts())
	for i := range parts {
		if parts[i], err = r.Part(context.Background(), i); err != nil {
			t.Fatal(err)
		}
	}
	return r.Join(parts)
}

// TestRead wants the tables read as docs/agreement.md says.
func TestRead(t *testing.T) {
	role := "reply"
	rawOnly := "raw_only"
	var one, two rows
	one.document("c", "c/1", 5, "bob", "ann") // not sorted, as no sound snapshot has them
	one.sentences[3].Role = &role
	one.sentences[4].Alignment = &rawOnly
	one.label(0, "ann", "aspect", "CLA", "POS")
	one.label(0, "bob", "aspect", "CLA", "NEG")
	one.label(0, "ann", "size", "MAJ", "")
	one.label(1, "ann", "aspect", "NOV", "")
	one.label(1, "ann", "aspect", "NOV", "") // from another span
	one.label(1, "bob", "aspect", "", "")    // not resolved
	one.label(1, "bob", "aspect", "NOV", "")
	one.label(1, "bob", "", "", "") // of no layer
	one.label(2, "", "aspect", "NOV", "")
	one.label(2, "eve", "aspect", "NOV", "")
	one.label(3, "bob", "aspect", "NOV", "")
	one.label(4, "bob", "aspect", "NOV", "")
	one.document("c", "c/2", 3, "ann")
	one.label(0, "ann", "aspect", "CLA", "POS")
	two.document("c", "c/3", 2, "NULL", "ann", "cleo")
	two.label(0, "NULL", "size", "MIN", "")
	two.document("d", "d/1", 1, "ann", "bob")
	two.label(0, "ann", "aspect", "X", "")
	two.label(0, "ann", "aspect", "Y", "")
	two.label(0, "bob", "aspect", "Y", "")
	two.document("e", "e/1", 1, "ann", "bob") // without any label

	type layer struct {
		Name                                string
		SetValued                           bool
		Documents, Units, Unlabeled, Values int
		Raw                                 string
	}
	for _, c := range []struct {
		name   string
		choice Choice
		want   []layer
		left   Left
	}{
		{"all", Choice{}, []layer{
			{"c aspect", false, 2, 5, 3, 4, "0.6000"}, // 0 and 3 of c/1 differ, 1 is missing, 2 is nothing; c/3 all nothing
			{"c size", false, 2, 6, 4, 3, "0.7222"},
			{"d aspect", true, 1, 1, 0, 2, "0.0000"},
		}, Left{1, 2, 2}},
		{"no polarity", Choice{IgnorePolarity: true, Corpus: "c", Layer: "aspect"}, []layer{{"c aspect", false, 2, 5, 3, 3, "0.8000"}}, Left{1, 2, 2}},
		{"a role", Choice{Role: "reply"}, []layer{{"c aspect", false, 1, 1, 0, 2, "0.0000"}}, Left{1, 0, 0}},
		{"labelled ones", Choice{SkipUnlabeled: true}, []layer{
			{"c aspect", false, 1, 2, 0, 4, "0.0000"},
			{"c size", false, 2, 2, 0, 3, "0.1667"},
			{"d aspect", true, 1, 1, 0, 2, "0.0000"},
		}, Left{1, 2, 2}},
		{"another corpus", Choice{Corpus: "f"}, nil, Left{}},
	} {
		f := find(t, snapshotOf(t, &one, &two), c.choice)
		var got []layer
		for _, l := range f.Layers {
			r := report(l, 0)
			got = append(got, layer{
				r.Corpus + " " + r.Layer, r.SetValued, r.Documents, r.Units, r.Unlabeled, r.Values,
				fmt.Sprintf("%.4f", *r.find("raw").Value),
			})
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
		if f.Left != c.left {
			t.Errorf("%s: left out %+v, want %+v", c.name, f.Left, c.left)
		}
	}
	f := find(t, snapshotOf(t, &one, &two), Choice{Layer: "size"})
	if r := report(f.Layers[0], 0); r.Annotators != 4 || r.Fewest != 2 || r.Most != 3 || r.Pairs[1].A != `"NULL"` {
		t.Errorf("%+v", r)
	}
}

// TestReadShards wants the same of one shard and of several.
func TestReadShards(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	add := func(to *rows, i int) {
		to.document("c", fmt.Sprintf("c/%03d", i), 1+i%7, "ann", "bob", "cleo")
		for unit := range 1 + i%7 {
			for _, name := range []string{"ann", "bob", "cleo"} {
				for range r.IntN(3) {
					to.label(unit, name, []string{"x", "y"}[r.IntN(2)], fmt.Sprint(r.IntN(4)), "")
				}
			}
		}
	}
	var whole rows
	for i := range 60 {
		add(&whole, i)
	}
	first, second := whole, whole
	first.documents, second.documents = whole.documents[:30], whole.documents[30:]
	at := slices.IndexFunc(whole.sentences, func(r schema.SentenceRow) bool { return r.DocumentID == "c/030" })
	first.sentences, second.sentences = whole.sentences[:at], whole.sentences[at:]
	at = slices.IndexFunc(whole.labels, func(r schema.LabelRow) bool { return r.DocumentID >= "c/030" })
	first.labels, second.labels = whole.labels[:at], whole.labels[at:]
	a, b := find(t, snapshotOf(t, &whole), Choice{}), find(t, snapshotOf(t, &second, &first), Choice{})
	if len(a.Layers) != 2 || len(b.Layers) != 2 {
		t.Fatalf("%d and %d layers", len(a.Layers), len(b.Layers))
	}
	for i := range a.Layers {
		if d := cmp.Diff(report(a.Layers[i], 100), report(b.Layers[i], 100)); d != "" {
			t.Error(d)
		}
	}
}

// BenchmarkRead is a part of 2,000 documents with 20 sentences and three annotators.
func BenchmarkRead(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	var all rows
	for i := range 2000 {
		all.document("c", fmt.Sprintf("c/%05d", i), 20, "ann", "bob", "cleo")
		for unit := range 20 {
			for _, name := range []string{"ann", "bob", "cleo"} {
				all.label(unit, name, []string{"x", "y"}[r.IntN(2)], fmt.Sprint(r.IntN(14)), "POS")
			}
		}
	}
	s := snapshotOf(b, &all)
	reader, err := NewReader(s, Choice{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		f, err := reader.Part(context.Background(), 0)
		if err != nil || len(f.Layers)+len(f.byName) == 0 {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/40_000, "ns/sentence")
}
