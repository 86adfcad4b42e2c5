package normalizer

import (
	"cmp"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/quern-data/quern/schema"
)

// spread gives the sentences of a document the labels of its annotations, and the
// relations their ends. It is room that documents use one after the other.
type spread struct {
	doc   *schema.Document
	first []int // index of each segment's first sentence, and of the one behind them all

	ids    []byte
	ends   []int               // of the ids in it
	owners map[owned]struct{}  // the ids that annotations have
	marked map[string]struct{} // those of them that start with #
	twins  []int               // annotations whose id another has
	names  []string
	rows   [][]string // who has a row for an annotation, once it was asked for
	one    []string   // of the last one that one has, or nobody
	hits   []hit
	groups []schema.Group
	labels []schema.Label
	chars  []*int // offsets in bytes, to be made code points
}

// hit is a piece of an annotation that overlaps a sentence.
type hit struct{ sentence, annotation, piece int }

// do spreads the labels of annotations. Sentences whose labels are the same because
// they are of one segment go on sharing a group, unless an annotation has more to say
// about one of them.
func (s *spread) do(doc *schema.Document) {
	s.doc = doc
	if len(doc.Annotations) > 0 {
		s.identify()
		s.overlap()
		s.regroup()
		s.count()
	}
	s.one = []string{}
	s.relate()
	s.attribute()
	clear(s.names[:cap(s.names)])
	clear(s.rows)
	s.doc, s.rows, s.one = nil, s.rows[:0], nil
}

// identify gives each annotation an id of its own: its number, where it has none, and
// a number behind it, where the annotator has another of that id, as in records that
// are one document.
func (s *spread) identify() {
	list, prefix := s.doc.Annotations, ""
	if slices.ContainsFunc(list, func(a schema.Annotation) bool { return a.ID != "" }) {
		prefix = "#" // so that no number is somebody's id, as a rule
		s.divide()
	}
	s.ids, s.ends = s.ids[:0], s.ends[:0]
	next := len(list)
	for i := range list {
		if list[i].ID != "" {
			continue
		}
		start, number := len(s.ids), i+1
		s.ids = strconv.AppendInt(append(s.ids, prefix...), int64(number), 10)
		for len(s.marked) > 0 {
			if _, has := s.marked[string(s.ids[start:])]; !has {
				break
			}
			next++
			s.ids = strconv.AppendInt(append(s.ids[:start], prefix...), int64(next), 10)
		}
		s.ends = append(s.ends, len(s.ids))
	}
	// One string for all of them.
	ids, start, n := string(s.ids), 0, 0
	for i := range list {
		if list[i].ID == "" {
			list[i].ID = ids[start:s.ends[n]]
			start, n = s.ends[n], n+1
		}
	}
	if len(s.owners) > keptIDs {
		s.owners, s.marked = nil, nil
	}
	clear(s.owners) // it holds the document's texts
	clear(s.marked)
}

// owned is the id of an annotation, and whose it is.
type owned struct{ annotator, id string }

// keptIDs is how many ids there may be in a document for their room to be kept.
const keptIDs = 1 << 12

// divide makes the ids that the file gives different ones for each annotator. The first
// annotation in the text keeps it.
func (s *spread) divide() {
	if s.owners == nil {
		s.owners, s.marked = make(map[owned]struct{}), make(map[string]struct{})
	}
	list := s.doc.Annotations
	s.twins = s.twins[:0]
	for i := range list {
		if list[i].ID == "" {
			continue
		}
		if people := s.people(&list[i]); s.free(people, list[i].ID) {
			s.own(people, list[i].ID)
		} else {
			s.twins = append(s.twins, i)
		}
	}
	if len(s.twins) == 0 {
		return
	}
	last := make(map[owned]int, len(s.twins)) // the number that the last twin got
	for _, i := range s.twins {
		people := s.people(&list[i])
		key := owned{people[0], list[i].ID}
		n := max(last[key], 1) + 1
		for !s.free(people, key.id+"/"+strconv.Itoa(n)) {
			n++
		}
		last[key] = n
		list[i].ID = key.id + "/" + strconv.Itoa(n)
		s.own(people, list[i].ID)
	}
}

// people are those who labelled an annotation: one, as a rule.
func (s *spread) people(a *schema.Annotation) []string {
	list := s.names[:0]
	for i := a.Labels.Start; i < a.Labels.End; i++ {
		if by := s.doc.Labels[i].Annotator(); len(list) == 0 || list[len(list)-1] != by {
			list = append(list, by)
		}
	}
	if len(list) > 1 {
		slices.Sort(list)
		list = slices.Compact(list)
	}
	s.names = list
	return list
}

// free reports whether none of some people has an annotation of that id.
func (s *spread) free(people []string, id string) bool {
	for _, by := range people {
		if _, has := s.owners[owned{by, id}]; has {
			return false
		}
	}
	return true
}

// own makes an id that of an annotation of some people.
func (s *spread) own(people []string, id string) {
	for _, by := range people {
		s.owners[owned{by, id}] = struct{}{}
	}
	if id[0] == '#' {
		s.marked[id] = struct{}{}
	}
}

const (
	// freeHits is how many labels annotations may always have in sentences, and
	// bytesPerHit how many bytes of the document allow for one more. Corpora have one
	// for ten bytes or more; a file of a megabyte may ask for a billion.
	freeHits    = 1 << 15
	bytesPerHit = 4
)

// overlap finds the sentences that annotations overlap. What overlaps none, as it
// stands on a heading, a list marker or white space, is with the sentence behind it,
// or with the last.
func (s *spread) overlap() {
	doc := s.doc
	s.hits = s.hits[:0]
	room, limited := freeHits+(len(doc.Source.Data)+len(doc.Source.RawData))/bytesPerHit, false
	for i := range doc.Annotations {
		a := &doc.Annotations[i]
		if a.Labels.Len() == 0 {
			continue
		}
		for j, piece := range a.Text {
			at := sort.Search(len(doc.Sentences), func(k int) bool { return doc.Sentences[k].Text.End > piece.Start })
			if at == len(doc.Sentences) {
				at = s.last()
			}
			for k := at; k == at || k < len(doc.Sentences) && doc.Sentences[k].Text.Start < piece.End; k++ {
				if room -= a.Labels.Len(); room < 0 && (k > at || j > 0) {
					if !limited {
						limited = true
						s.note(schema.LabelsLimited, doc.Labels[a.Labels.Start].Source.Start, "from here on, the labels of an annotation are on the first sentence that it overlaps alone")
					}
					break
				}
				s.hits = append(s.hits, hit{k, i, j})
			}
		}
	}
	slices.SortStableFunc(s.hits, func(a, b hit) int { return cmp.Compare(a.sentence, b.sentence) })
}

// last is the last sentence. Where there is none, it is the whole text: list markers,
// or nothing but white space.
func (s *spread) last() int {
	doc := s.doc
	if len(doc.Sentences) == 0 {
		text := schema.Span{End: len(doc.Text)}.Trim(doc.Text)
		source := doc.Map.Source(text)
		doc.Sentences = append(doc.Sentences, schema.Sentence{Text: text, Annotated: text, Source: source, Group: schema.NoGroup})
		if text.Len() == 0 {
			doc.Diagnostics.Notef(schema.GroupWithoutText, source.Start, "labels stand on white space, and there is nothing else")
		}
	}
	return len(doc.Sentences) - 1
}

func (s *spread) note(code schema.Code, offset int, message string) {
	if d := s.doc.Diagnostics.Note(code, offset); d != nil {
		d.InRaw, d.Message = s.doc.Standoff, message
	}
}

// regroup makes the groups and labels anew, in the order of the sentences.
func (s *spread) regroup() {
	doc := s.doc
	s.groups, s.labels = s.groups[:0], s.labels[:0]
	shared := schema.NoGroup // the group that the last of s.groups is, as it was
	hits := s.hits
	for i := range doc.Sentences {
		sentence := &doc.Sentences[i]
		n := 0
		for n < len(hits) && hits[n].sentence == i {
			n++
		}
		switch {
		case n == 0 && sentence.Group == schema.NoGroup:
			continue
		case n == 0 && sentence.Group == shared:
			sentence.Group = len(s.groups) - 1
			continue
		}
		g := schema.Group{Labels: schema.Span{Start: len(s.labels)}}
		if shared = schema.NoGroup; sentence.Group != schema.NoGroup {
			old := doc.Groups[sentence.Group]
			g.Source, g.Broken, g.Repaired = old.Source, old.Broken, old.Repaired
			s.labels = append(s.labels, doc.Labels[old.Labels.Start:old.Labels.End]...)
			if n == 0 {
				shared = sentence.Group
			}
		}
		for _, h := range hits[:n] {
			s.put(&doc.Annotations[h.annotation], h.piece)
		}
		hits = hits[n:]
		g.Labels.End = len(s.labels)
		for j := g.Labels.Start; j < g.Labels.End; j++ {
			l := &s.labels[j]
			if g.Repaired = g.Repaired || l.Repairs != 0; l.SpanID() != "" {
				l.Position = j - g.Labels.Start
			}
		}
		if n > 0 && g.Source == (schema.Span{}) && g.Labels.Len() > 0 {
			g.Source = s.labels[g.Labels.Start].Source
		}
		sentence.Group = len(s.groups)
		s.groups = append(s.groups, g)
	}
	doc.Groups, s.groups = s.groups, doc.Groups
	doc.Labels, s.labels = s.labels, doc.Labels
}

// put appends the labels that an annotation has for a sentence that one of its pieces
// overlaps.
func (s *spread) put(a *schema.Annotation, piece int) {
	for i := a.Labels.Start; i < a.Labels.End; i++ {
		l := s.doc.Labels[i]
		switch {
		case l.Detail == nil:
			l.Detail = s.doc.Detail(schema.Detail{})
		case l.Detail.SpanID != "": // it is on another sentence too, or in another piece
			l.Detail = s.doc.Detail(*l.Detail)
		}
		l.Detail.SpanID, l.Detail.Stretch, l.Detail.Chars = a.ID, a.Text[piece], a.Text[piece]
		s.labels = append(s.labels, l)
	}
}

// count makes code points of the bytes in Detail.Chars.
func (s *spread) count() {
	doc := s.doc
	if schema.IsASCII(doc.Text) {
		return
	}
	s.chars = s.chars[:0]
	for i := range doc.Labels {
		if l := doc.Labels[i].Detail; l != nil && l.SpanID != "" {
			s.chars = append(s.chars, &l.Chars.Start, &l.Chars.End)
		}
	}
	slices.SortFunc(s.chars, func(a, b *int) int { return cmp.Compare(*a, *b) })
	at, chars := 0, 0
	for _, offset := range s.chars {
		n, _ := schema.Lengths(doc.Text[at:*offset])
		at, chars = *offset, chars+n
		*offset = chars
	}
	clear(s.chars) // they hold the document's labels
}

// relate gives relations sentences for segments. What leads to nothing that is in a
// table is left out.
func (s *spread) relate() {
	doc := s.doc
	kept := doc.Relations[:0]
	for _, r := range doc.Relations {
		from, to := s.end(&r, &r.From), s.end(&r, &r.To)
		if from == "" {
			from = s.end(&r, &r.From) // again: the other end may have said who the annotator is
		}
		switch {
		case from != "":
			s.note(schema.RelationBroken, r.Source.Start, "the relation "+r.Kind+" starts at "+from+"; it was left out")
		case to != "":
			s.note(schema.RelationBroken, r.Source.Start, "the relation "+r.Kind+" leads to "+to+"; it was left out")
		default:
			r.Attributes = sorted(r.Attributes)
			kept = append(kept, r)
		}
	}
	doc.Relations = kept
}

// end makes an end of a relation one that is in a table, or says why it cannot.
func (s *spread) end(r *schema.Relation, t *schema.Target) string {
	switch t.Kind {
	case schema.ToSegment:
		if t.Index < 0 || t.Index+1 >= len(s.first) {
			return "a sentence that there is not"
		}
		at := s.first[t.Index]
		if at == s.first[t.Index+1] {
			return "a sentence without text"
		}
		*t = schema.Target{Kind: schema.ToSentence, Index: at}
	case schema.ToAnnotation:
		if t.Index < 0 || t.Index >= len(s.doc.Annotations) {
			return "a span that there is not"
		}
		people := s.peopleOf(t.Index)
		if len(people) > 0 && r.Annotator == "" {
			r.Annotator = people[0]
		}
		// By name, behind the first.
		if len(people) == 0 || r.Annotator != people[0] && !contains(people[1:], r.Annotator) {
			return "the span " + s.doc.Annotations[t.Index].ID + ", which has no label of the same annotator"
		}
	}
	return ""
}

// peopleOf are those who have a row for an annotation: whose label comes first, and the
// others by name. A span may have many labels, and many relations lead to it.
func (s *spread) peopleOf(annotation int) []string {
	if len(s.rows) == 0 {
		s.rows = append(s.rows, make([][]string, len(s.doc.Annotations))...)
	}
	if people := s.rows[annotation]; people != nil {
		return people
	}
	people := s.names[:0]
	a := &s.doc.Annotations[annotation]
	for i := a.Labels.Start; i < a.Labels.End; i++ {
		l := &s.labels[i] // as they were before they were regrouped
		if n := len(people); !l.Null && (n == 0 || people[n-1] != l.Annotator()) {
			people = append(people, l.Annotator())
		}
	}
	s.names = people
	switch {
	case len(people) > 1:
		slices.Sort(people[1:])
		people = append(people[:1:1], slices.Compact(people[1:])...)
	case !slices.Equal(people, s.one):
		s.one = append([]string{}, people...)
		fallthrough
	default:
		people = s.one
	}
	s.rows[annotation] = people
	return people
}

func contains(sorted []string, name string) bool {
	_, has := slices.BinarySearch(sorted, name)
	return has
}

// sorted is attributes by name, each once; values of one name are joined.
func sorted(list []schema.Attribute) []schema.Attribute {
	slices.SortStableFunc(list, func(a, b schema.Attribute) int { return strings.Compare(a.Name, b.Name) })
	out := list[:0]
	for _, a := range list {
		if n := len(out); n > 0 && out[n-1].Name == a.Name {
			out[n-1].Value += ", " + a.Value
		} else {
			out = append(out, a)
		}
	}
	return out
}

// attribute makes everyone that a label or relation names an annotator of the
// document.
func (s *spread) attribute() {
	doc := s.doc
	add := func(name string) {
		if n := len(doc.Annotators); name != "" && (n == 0 || doc.Annotators[n-1] != name) {
			doc.Annotators = append(doc.Annotators, name)
		}
	}
	for i := range doc.Labels {
		add(doc.Labels[i].Annotator())
	}
	for i := range doc.Relations {
		add(doc.Relations[i].Annotator)
	}
	slices.Sort(doc.Annotators)
	doc.Annotators = slices.Compact(doc.Annotators)
}
