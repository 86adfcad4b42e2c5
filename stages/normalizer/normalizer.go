// Package normalizer turns a parsed document into one that can be published:
// text in Unicode normalization form C, sentences with their spans, and labels
// resolved through the taxonomy, each repair on record.
//
// It knows what labels mean and what a sentence is. It must not know how the
// file was written, except through the document's offset map.
package normalizer

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/taxonomy"
)

// Normalizer normalizes the documents of one corpus. It is safe for concurrent
// use.
type Normalizer struct {
	known *taxonomy.Taxonomy
}

// New is a Normalizer for documents with the given labels.
func New(known *taxonomy.Taxonomy) *Normalizer { return &Normalizer{known} }

// Normalize completes doc, as the parser left it. The document's source must
// still be at hand. An error means that a span came out untrue, which is a fault
// of the program and never of the input.
func (n *Normalizer) Normalize(doc *schema.Document) error {
	composeText(doc)
	n.sentences(doc)
	for i := range doc.Groups {
		n.group(doc, i)
	}
	if len(doc.Groups) == 0 {
		doc.Diagnostics.Add(schema.Diagnostic{
			Code: schema.LabelsMissing, Offset: schema.NoOffset,
			Message: "no label group was recognised in the document",
		})
	}
	doc.Diagnostics.Locate(doc.Source.Data)
	return doc.Check()
}

// sentences makes a sentence of each segment: its text without the white space
// around it, and with the punctuation that a typist left behind the group.
func (n *Normalizer) sentences(doc *schema.Document) {
	text := doc.Text
	ascii := isASCII(text)
	chars, counted := 0, 0
	count := func(to int) int {
		if ascii {
			return to
		}
		chars += utf8.RuneCountInString(text[counted:to])
		counted = to
		return chars
	}
	start := 0
	for i := range doc.Segments {
		segment := doc.Segments[i]
		span := trim(text, schema.Span{Start: max(start, segment.Text.Start), End: segment.Text.End})
		if segment.Group != schema.NoGroup && span.Len() > 0 {
			span.End = max(span.End, closing(text, segment.Text.End))
		}
		start = span.End
		if span.Len() == 0 {
			if segment.Group == schema.NoGroup {
				continue // its punctuation went to the sentence before
			}
			noteAt(doc, schema.GroupWithoutText, doc.Groups[segment.Group].Source.Start,
				"no text stands between this label group and the one before it")
		}
		sentence := schema.Sentence{
			Text:   span,
			Source: doc.Map.Source(span),
			Group:  segment.Group,
		}
		sentence.Chars.Start = count(span.Start)
		sentence.Chars.End = count(span.End)
		if span.Len() == 0 {
			sentence.Source = schema.Span{
				Start: doc.Groups[segment.Group].Source.Start,
				End:   doc.Groups[segment.Group].Source.Start,
			}
		}
		if segment.Group == schema.NoGroup && len(doc.Groups) > 0 {
			noteAt(doc, schema.TextUnlabeled, sentence.Source.Start, "text after the last label group; it is a sentence without labels")
		}
		doc.Sentences = append(doc.Sentences, sentence)
	}
}

// trim is span without the white space at its ends.
func trim(text string, span schema.Span) schema.Span {
	if span.End <= span.Start {
		return schema.Span{Start: span.Start, End: span.Start}
	}
	s := text[span.Start:span.End]
	inner := strings.TrimLeftFunc(s, unicode.IsSpace)
	span.Start += len(s) - len(inner)
	span.End = span.Start + len(strings.TrimRightFunc(inner, unicode.IsSpace))
	return span
}

// closing is the end of the punctuation that closes the sentence before at: a
// typist put the label group before it, as in "a sentence[[…]] . The next". It
// is 0 if there is none.
func closing(text string, at int) int {
	i := at
	for i < len(text) && (text[i] == ' ' || text[i] == '\t') {
		i++
	}
	end := i
	for end < len(text) && strings.IndexByte(".,;:!?)]", text[end]) >= 0 {
		end++
	}
	if end == i {
		return 0
	}
	if r, _ := utf8.DecodeRuneInString(text[end:]); end < len(text) && !unicode.IsSpace(r) {
		return 0
	}
	return end
}

// group resolves the labels of a group.
func (n *Normalizer) group(doc *schema.Document, index int) {
	g := &doc.Groups[index]
	labels := doc.Labels[g.Labels.Start:g.Labels.End]
	repaired := g.Broken
	for i := range labels {
		l := &labels[i]
		found := n.known.Resolve(l.Raw, l.Term, l.List)
		l.Null, l.Layer, l.Code, l.Polarity, l.Repairs = found.Null, found.Layer, found.Code, found.Polarity, found.Repairs
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
			noteAt(doc, schema.LabelDuplicate, l.Source.Start, "%s stands in this list twice; both are kept", l.Canonical())
		}
	}
	if g.Broken && !doc.Diagnostics.Full() {
		doc.Diagnostics.Add(schema.Diagnostic{
			Code: schema.RepairBracket, Offset: g.Source.Start,
			Message: "the brackets of this label group were mended",
			Before:  sourceText(doc, g.Source), After: canonicalGroup(labels),
		})
	} else if g.Broken {
		doc.Diagnostics.Count()
	}
	if repaired {
		markRepaired(doc, index)
	}
}

// duplicateWindow bounds how far back a duplicate is looked for, in labels.
const duplicateWindow = 16

func hasTwin(before []schema.Label, l *schema.Label) bool {
	for i := range before {
		b := &before[i]
		if b.List == l.List && b.Layer == l.Layer && b.Code == l.Code && b.Polarity == l.Polarity {
			return true
		}
	}
	return false
}

// markRepaired marks the sentences of a group. Sentences are in the order of
// their groups, and most groups have a sentence of the same index.
func markRepaired(doc *schema.Document, group int) {
	for i := min(group, len(doc.Sentences)-1); i >= 0 && doc.Sentences[i].Group >= group; i-- {
		if doc.Sentences[i].Group == group {
			doc.Sentences[i].Repaired = true
		}
	}
	for i := group + 1; i < len(doc.Sentences) && doc.Sentences[i].Group == group; i++ {
		doc.Sentences[i].Repaired = true
	}
}

func noteRepairs(doc *schema.Document, l *schema.Label) {
	for _, code := range l.Repairs.Codes() {
		if doc.Diagnostics.Full() {
			doc.Diagnostics.Count()
			continue
		}
		after := l.Canonical()
		message := fmt.Sprintf("%q was read as %s", l.Raw, after)
		if code == schema.RepairLayer {
			message = fmt.Sprintf("%q stands in the place of another layer, and was given to %s", l.Raw, *l.Layer)
			after = *l.Layer + "/" + after
		}
		doc.Diagnostics.Add(schema.Diagnostic{
			Code: code, Offset: l.Source.Start, Message: message, Before: l.Raw, After: after,
		})
	}
}

// noteJoint notes what stands before l instead of a comma.
func noteJoint(doc *schema.Document, before []schema.Label, l *schema.Label) {
	if doc.Diagnostics.Full() {
		doc.Diagnostics.Count()
		return
	}
	from := l.Source.Start
	if len(before) > 0 {
		from = before[len(before)-1].Source.End
	}
	doc.Diagnostics.Add(schema.Diagnostic{
		Code: schema.RepairSeparator, Offset: from,
		Message: fmt.Sprintf("something other than a comma stands before %s", l.Raw),
		Before:  sourceText(doc, schema.Span{Start: from, End: l.Source.End}),
		After:   "," + l.Canonical(),
	})
}

func noteFault(doc *schema.Document, l *schema.Label, fault schema.Code) {
	switch fault {
	case schema.PolarityMissing:
		noteAt(doc, fault, l.Source.Start, "%q lacks its polarity", l.Raw)
	case schema.PolarityUnknown:
		noteAt(doc, fault, l.Source.Start, "the polarity of %q cannot be told", l.Raw)
	default:
		noteAt(doc, fault, l.Source.Start, "%q is no label of the taxonomy, and near none or more than one", l.Raw)
	}
}

func noteAt(doc *schema.Document, code schema.Code, at int, format string, args ...any) {
	if doc.Diagnostics.Full() {
		doc.Diagnostics.Count()
		return
	}
	doc.Diagnostics.Add(schema.Diagnostic{Code: code, Offset: at, Message: fmt.Sprintf(format, args...)})
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

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
