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

	doc.Annotated = compose(doc.Annotated, &doc.Map, doc.Segments)
	doc.Raw = compose(doc.Raw, &doc.RawMap, nil)
	for i := range doc.Groups {
		n.group(doc, i)
	}
	if len(doc.Groups) == 0 {
		doc.Diagnostics.Notef(schema.LabelsMissing, schema.NoOffset, "no label group was recognised in the document")
	}

	room.marks = segmenter.Marks(doc.Annotated, room.marks[:0])
	n.cut(doc, room)
	var marks []segmenter.Mark
	if doc.Raw != "" && n.place(doc, room) {
		marks = room.rawMarks
	} else {
		doc.Text, doc.TextOrigin = doc.Annotated, schema.OriginAnnotated
		doc.Sentences, room.annotated = room.annotated, doc.Sentences
		marks = room.marks
	}
	finish(doc, marks)
	doc.Diagnostics.Locate(doc.Source.Data, doc.Source.RawData)
	return doc.Check()
}

// group resolves the labels of a group.
func (n *Normalizer) group(doc *schema.Document, index int) {
	g := &doc.Groups[index]
	labels := doc.Labels[g.Labels.Start:g.Labels.End]
	repaired := g.Broken
	for i := range labels {
		l := &labels[i]
		found := n.known.Resolve(l.Raw, l.Term, l.List)
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
		if g.Broken {
			l.Repairs |= schema.RepairedBracket
		}
		if before := labels[max(0, i-duplicateWindow):i]; l.Code != nil && hasTwin(before, l) {
			doc.Diagnostics.Notef(schema.LabelDuplicate, l.Source.Start, "%s stands in this list twice; both are kept", l.Canonical())
		}
	}
	if g.Broken {
		if d := doc.Diagnostics.Note(schema.RepairBracket, g.Source.Start); d != nil {
			d.Message = "the brackets of this label group were mended"
			d.Before, d.After = sourceText(doc, g.Source), canonicalGroup(labels)
		}
	}
	g.Repaired = repaired
}

// duplicateWindow bounds how far back a duplicate is looked for, in labels.
const duplicateWindow = 16

func hasTwin(before []schema.Label, l *schema.Label) bool {
	for i := range before {
		b := &before[i]
		if b.List == l.List && b.Meaning == l.Meaning {
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
		d.Before, d.After = l.Raw, l.Canonical()
		d.Message = strconv.Quote(l.Raw) + " was read as " + d.After
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
	format := "%q is no label of the taxonomy, and near none or more than one"
	switch fault {
	case schema.PolarityMissing:
		format = "%q lacks its polarity"
	case schema.PolarityUnknown:
		format = "the polarity of %q cannot be told"
	}
	doc.Diagnostics.Notef(fault, l.Source.Start, format, l.Raw)
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
