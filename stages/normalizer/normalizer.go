// Package normalizer turns a parsed document into one that can be published:
// the canonical text in Unicode normalization form C, sentences with their
// spans, headings and list markers, the comparison with the raw twin, and labels
// resolved through the taxonomy, each repair on record.
//
// It knows what labels mean and what a sentence is. It must not know how the
// file was written, except through the document's offset maps.
package normalizer

import (
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/aligner"
	"github.com/quern-data/quern/stages/segmenter"
	"github.com/quern-data/quern/stages/taxonomy"
)

// Normalizer normalizes the documents of one corpus. It is safe for concurrent
// use.
type Normalizer struct {
	known   *taxonomy.Taxonomy
	options config.Normalize
	scratch sync.Pool // of *scratch
}

// scratch is room that documents use one after the other.
type scratch struct {
	marks     []segmenter.Mark // of the annotated text
	rawMarks  []segmenter.Mark
	spans     []schema.Span
	annotated []schema.Sentence // before they are placed in the raw text
	places    []place
	cuts      []int // edges of the annotated sentences
	alignment aligner.Alignment
	spread    spread
}

// New is a Normalizer for documents with the given labels.
func New(known *taxonomy.Taxonomy, options config.Normalize) *Normalizer {
	return &Normalizer{
		known: known, options: options,
		scratch: sync.Pool{New: func() any { return new(scratch) }},
	}
}

// Normalize completes doc, as the parser left it. The document's source must
// still be at hand. An error means that a span came out untrue, which is a fault
// of the program and never of the input.
func (n *Normalizer) Normalize(doc *schema.Document) error {
	room := n.scratch.Get().(*scratch)
	defer n.scratch.Put(room)

	doc.Annotated = compose(doc.Annotated, &doc.Map, doc.Segments, doc.Annotations)
	doc.Raw = compose(doc.Raw, &doc.RawMap, nil, nil)
	for i := range doc.Groups {
		n.group(doc, i)
	}
	for i := range doc.Annotations {
		n.labels(doc, doc.Labels[doc.Annotations[i].Labels.Start:doc.Annotations[i].Labels.End], false)
	}
	noteMissing(doc)

	if doc.Grouped {
		room.marks = segmenter.Marks(doc.Annotated, room.marks[:0])
		room.spread.first = room.spread.first[:0]
		n.cut(doc, room)
	} else {
		n.take(doc, room)
	}
	var marks []segmenter.Mark
	if doc.Raw != "" && len(doc.Annotations) == 0 && n.place(doc, room) {
		marks = room.rawMarks
	} else {
		doc.Text, doc.TextOrigin = doc.Annotated, schema.OriginAnnotated
		doc.Sentences, room.annotated = room.annotated, doc.Sentences
		marks = room.marks
	}
	if !doc.Grouped || len(doc.Annotations) > 0 || len(doc.Annotators) > 0 {
		room.spread.do(doc)
	}
	finish(doc, marks)
	doc.Diagnostics.Locate(doc.Source.Data, doc.Source.RawData, doc.Source.Pieces...)
	return doc.Check()
}

// noteMissing notes a document that nothing is labelled in, unless somebody is known
// to have looked, or that nobody has.
func noteMissing(doc *schema.Document) {
	switch {
	case len(doc.Groups) > 0 || doc.Unannotated:
	case doc.Grouped:
		doc.Diagnostics.Notef(schema.LabelsMissing, schema.NoOffset, "no label group was recognised in the document")
	case len(doc.Annotations) == 0 && len(doc.Relations) == 0 && len(doc.Annotators) == 0:
		doc.Diagnostics.Notef(schema.LabelsMissing, schema.NoOffset, "nothing in the document is labelled")
	}
}

// group resolves the labels of a group.
func (n *Normalizer) group(doc *schema.Document, index int) {
	g := &doc.Groups[index]
	labels := doc.Labels[g.Labels.Start:g.Labels.End]
	g.Repaired = n.labels(doc, labels, g.Broken) || g.Broken
	if g.Broken {
		if d := doc.Diagnostics.Note(schema.RepairBracket, g.Source.Start); d != nil {
			d.Message = "the brackets of this label group were mended"
			d.Before, d.After = sourceText(doc, g.Source), canonicalGroup(labels)
		}
	}
}

// labels resolves labels that belong together. It reports whether any had to be
// repaired.
func (n *Normalizer) labels(doc *schema.Document, labels []schema.Label, broken bool) (repaired bool) {
	for i := range labels {
		l := &labels[i]
		var found taxonomy.Label
		if doc.Grouped {
			found = n.known.Resolve(l.Raw, l.Term, l.List)
		} else {
			found = n.known.ResolveIn(layerOf(doc, l), l.Raw, l.RawPolarity())
		}
		l.Meaning, l.Repairs = found.Meaning, found.Repairs
		if l.Repairs != 0 {
			noteRepairs(doc, l)
		}
		if l.Joined {
			noteJoint(doc, labels[:i], l)
			l.Repairs |= schema.RepairedSeparator
		}
		repaired = repaired || l.Repairs != 0
		if found.HasFault {
			noteFault(doc, l, found.Fault)
		}
		if broken {
			l.Repairs |= schema.RepairedBracket
		}
		if before := labels[max(0, i-duplicateWindow):i]; l.Code != nil && hasTwin(before, l) {
			if d := doc.Diagnostics.Note(schema.LabelDuplicate, l.Source.Start); d != nil {
				d.Message, d.InRaw = l.Canonical()+" stands in this list twice; both are kept", doc.Standoff
			}
		}
	}
	return repaired
}

// noLayer is the layer of labels that no layer is known of.
const noLayer = "label"

// layerOf is the layer of a label that stands in no list.
func layerOf(doc *schema.Document, l *schema.Label) string {
	switch {
	case l.Detail == nil:
		l.Detail = doc.Detail(schema.Detail{InLayer: noLayer})
	case l.Detail.InLayer == "":
		l.Detail.InLayer = noLayer
	}
	return l.Detail.InLayer
}

// duplicateWindow bounds how far back a duplicate is looked for, in labels.
const duplicateWindow = 16

func hasTwin(before []schema.Label, l *schema.Label) bool {
	for i := range before {
		b := &before[i]
		if b.List == l.List && b.Meaning == l.Meaning && b.Annotator() == l.Annotator() {
			return true
		}
	}
	return false
}

func noteRepairs(doc *schema.Document, l *schema.Label) {
	for _, code := range l.Repairs.Codes() {
		d := doc.Diagnostics.Note(code, l.Source.Start)
		if d == nil {
			continue
		}
		d.Before, d.After, d.InRaw = l.Raw, l.Canonical(), doc.Standoff
		if l.RawPolarity() != "" {
			d.Before += ", " + l.RawPolarity()
		}
		d.Message = strconv.Quote(d.Before) + " was read as " + d.After
		if code == schema.RepairLayer {
			d.Message = fmt.Sprintf("%q stands in the place of another layer, and was given to %s", l.Raw, *l.Layer)
			d.After = *l.Layer + "/" + d.After
		}
	}
}

// noteJoint notes what stands before l instead of a comma.
func noteJoint(doc *schema.Document, before []schema.Label, l *schema.Label) {
	from := l.Source.Start
	if len(before) > 0 {
		from = before[len(before)-1].Source.End
	}
	if d := doc.Diagnostics.Note(schema.RepairSeparator, from); d != nil {
		d.Message = fmt.Sprintf("something other than a comma stands before %s", l.Raw)
		d.Before, d.After = sourceText(doc, schema.Span{Start: from, End: l.Source.End}), ","+l.Canonical()
	}
}

func noteFault(doc *schema.Document, l *schema.Label, fault schema.Code) {
	d := doc.Diagnostics.Note(fault, l.Source.Start)
	if d == nil {
		return
	}
	d.InRaw = doc.Standoff
	switch {
	case fault == schema.PolarityMissing:
		d.Message = strconv.Quote(l.Raw) + " lacks its polarity"
	case fault == schema.PolarityUnknown && l.RawPolarity() != "":
		d.Message = fmt.Sprintf("%q is no polarity of %s that the taxonomy knows", l.RawPolarity(), l.Raw)
	case fault == schema.PolarityUnknown:
		d.Message = fmt.Sprintf("the polarity of %q cannot be told", l.Raw)
	case l.InLayer() == "":
		d.Message = strconv.Quote(l.Raw) + " is no label of the taxonomy, and near none or more than one"
	case l.Layer == nil:
		d.Message = fmt.Sprintf("the taxonomy has no layer %q, whose label %q is", l.InLayer(), l.Raw)
	default:
		d.Message = fmt.Sprintf("%q is no label of the layer %s, and near none or more than one", l.Raw, *l.Layer)
	}
}

// canonicalGroup is a label group as it should have been typed, with its labels
// in the lists that they were read in.
func canonicalGroup(labels []schema.Label) string {
	var b strings.Builder
	b.WriteString("[[")
	list := 0
	for i := range labels {
		first := i == 0
		for ; list < labels[i].List; list++ {
			b.WriteString("], [")
			first = true
		}
		if !first {
			b.WriteByte(',')
		}
		b.WriteString(labels[i].Canonical())
	}
	b.WriteString("]]")
	return b.String()
}

func sourceText(doc *schema.Document, s schema.Span) string {
	return strings.ToValidUTF8(string(doc.Source.Data[s.Start:s.End]), "\uFFFD")
}
