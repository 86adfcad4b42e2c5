package rowtest

import (
	"crypto/sha256"
	"fmt"

	"github.com/quern-data/quern/schema"
)

// Annotated is document i of a corpus as the normalizer leaves one, with what labels and
// their sources may be: records of a file, or put together of two files; by several
// annotators, or by one; on stretches of text over sentences, or in pieces; with
// relations. Layers are mood and topic, and labels of any text. Ids ascend.
func Annotated(corpus string, i int) *schema.Document {
	words := []string{"plain", "größe", "😀 smile", "naïve"}
	d := &schema.Document{Source: &schema.Source{ID: fmt.Sprintf("%s/%06d", corpus, i), Corpus: corpus}, TextOrigin: schema.OriginAnnotated}
	b := builder{Document: d, number: i}
	const n = 5 // sentences
	for k := range n {
		b.sentence(fmt.Sprintf("Sentence %d, %s, of %d.", k, words[(i+k)%len(words)], i), k == n-1)
	}
	kind := i % 4
	switch kind {
	case 0: // one annotator, who is the document's; labels on sentences
		d.Source.Attributes.Annotator = ptr("ann")
		b.label(0, schema.Label{Raw: "calm"}, "mood", "calm")
		b.label(0, schema.Label{Raw: "trees"}, "topic", "trees")
		b.label(3, schema.Label{Raw: "?"}, "", "")
	case 1, 2: // two who labelled, and one who did not
		d.Annotators = []string{"ann", "bob", "cid"}
		b.span(1, 2, "T1", "ann", "mood", "calm")
		b.span(0, 0, "T1", "bob", "mood", "wild")
		b.span(2, 4, "T2", "ann", "topic", "trees")
		b.span(2, 2, "T3", "bob", "mood", "calm")
		b.span(4, 4, "T3", "bob", "mood", "calm") // its second piece
		b.relation("because", "ann", annotation(0), annotation(2))
		b.relation("despite", "bob", annotation(3), schema.Target{Kind: schema.ToSentence, Index: 1})
		b.relation("about", "", schema.Target{Kind: schema.ToSentence, Index: 3}, schema.Target{}, schema.Attribute{Name: "strength", Value: "high"}, schema.Attribute{Name: "where", Value: "both"})
	case 3: // one, of whom the labels tell
		d.Annotators = []string{"dora"}
		b.span(1, 1, "1", "dora", "mood", "calm")
		b.label(1, schema.Label{Raw: "trees", Detail: &schema.Detail{Annotator: "dora"}}, "topic", "trees")
		b.label(2, schema.Label{Raw: "trees"}, "topic", "trees") // by nobody
		b.relation("because", "dora", annotation(0), schema.Target{Kind: schema.ToSentence})
	}
	b.finish(kind)
	return d
}

func ptr[T any](v T) *T { return &v }

func annotation(i int) schema.Target { return schema.Target{Kind: schema.ToAnnotation, Index: i} }

// builder builds a document of which the source is the text.
type builder struct {
	*schema.Document
	number       int
	chars, units int
	labels       [][]schema.Label // by sentence
	by           string           // annotator of the last annotation
}

func (b *builder) sentence(text string, last bool) {
	chars, units := schema.Lengths(text)
	start := len(b.Text)
	b.Text += text
	s := schema.Sentence{
		Text: schema.Span{Start: start, End: len(b.Text)}, Group: schema.NoGroup,
		Chars: schema.Span{Start: b.chars, End: b.chars + chars}, UTF16: schema.Span{Start: b.units, End: b.units + units},
		Role: b.AddRole([]string{"", "", "review", "review", "rebuttal"}[len(b.Sentences)%5]),
	}
	s.Source, s.Annotated = s.Text, s.Text
	b.Sentences = append(b.Sentences, s)
	b.labels = append(b.labels, nil)
	b.chars, b.units = b.chars+chars, b.units+units
	if !last {
		b.Text += "\n"
		b.chars, b.units = b.chars+1, b.units+1
		b.Coverage.Space++
	}
}

func (b *builder) label(sentence int, l schema.Label, layer, code string) {
	l.Meaning = new(schema.Meaning)
	if layer != "" {
		l.Meaning = &schema.Meaning{Layer: &layer, Code: &code}
	}
	l.Position = len(b.labels[sentence])
	b.labels[sentence] = append(b.labels[sentence], l)
}

// span labels the text from the second character of a sentence to the last but one of
// another. With the id and annotator of the one before, it is another piece of that.
func (b *builder) span(from, to int, id, annotator, layer, code string) {
	first, last := &b.Sentences[from], &b.Sentences[to]
	l := schema.Label{
		Raw: code,
		Detail: &schema.Detail{
			Annotator: annotator, SpanID: id,
			Stretch: schema.Span{Start: first.Text.Start + 1, End: last.Text.End - 1},
			Chars:   schema.Span{Start: first.Chars.Start + 1, End: last.Chars.End - 1},
		},
	}
	for i := from; i <= to; i++ {
		b.label(i, l, layer, code)
	}
	if n := len(b.Annotations); n > 0 && b.Annotations[n-1].ID == id && annotator == b.by {
		b.Annotations[n-1].Text = append(b.Annotations[n-1].Text, l.Detail.Stretch)
		return
	}
	b.by = annotator
	b.Annotations = append(b.Annotations, schema.Annotation{ID: id, Text: []schema.Span{l.Detail.Stretch}})
}

func (b *builder) relation(kind, annotator string, from, to schema.Target, attributes ...schema.Attribute) {
	b.Relations = append(b.Relations, schema.Relation{Kind: kind, Annotator: annotator, From: from, To: to, Attributes: attributes})
}

// finish makes groups of the labels, and a source of the text.
func (b *builder) finish(kind int) {
	for i := range b.Sentences {
		s := &b.Sentences[i]
		if len(b.labels[i]) == 0 {
			b.Coverage.Unlabeled += s.Text.Len()
			continue
		}
		b.Coverage.Labeled += s.Text.Len()
		s.Group = len(b.Groups)
		b.Groups = append(b.Groups, schema.Group{Labels: schema.Span{Start: len(b.Labels), End: len(b.Labels) + len(b.labels[i])}})
		b.Labels = append(b.Labels, b.labels[i]...)
	}
	b.Annotated = b.Text
	src := b.Source
	src.Data = []byte(b.Text)
	switch kind {
	case 0: // a record behind a header
		const header = "id,text\n"
		src.Path, src.Data = "all.csv", append([]byte(header), src.Data...)
		for i := range b.Sentences {
			s := &b.Sentences[i].Source
			s.Start, s.End = s.Start+len(header), s.End+len(header)
		}
		src.Pieces = []schema.Piece{
			{Path: src.Path, Data: schema.Span{End: len(header)}, Line: 1, Header: true},
			{Path: src.Path, Data: schema.Span{Start: len(header), End: len(src.Data)}, Offset: int64(b.number)*1000 + 8, Line: b.number + 2},
		}
	case 1: // a record
		src.Path = "all.jsonl"
		src.Pieces = []schema.Piece{{Path: src.Path, Data: schema.Span{End: len(src.Data)}, Offset: int64(b.number) * 1000, Line: b.number + 1}}
	case 2: // of two files
		cut := b.Sentences[2].Text.Start
		src.Path = fmt.Sprintf("%06d-a.txt", b.number)
		src.Pieces = []schema.Piece{
			{Path: src.Path, Data: schema.Span{End: cut}, Line: 1},
			{Path: fmt.Sprintf("%06d-b.csv", b.number), Data: schema.Span{Start: cut, End: len(src.Data)}, Offset: 500, Line: 7},
		}
	case 3: // a file
		src.Path = fmt.Sprintf("%06d.json", b.number)
	}
	src.SHA256, src.Bytes = sha256.Sum256(src.Data), src.Size()
	b.Diagnostics.Notef(schema.ValueMissing, 3, "at the start")
	b.Diagnostics.Notef(schema.ValueMissing, len(src.Data)-3, "at the end")
	b.Diagnostics.Notef(schema.LabelsMissing, schema.NoOffset, "of all of it")
	b.Diagnostics.Locate(src.Data, nil, src.Pieces...)
}
