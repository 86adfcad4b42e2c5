package verifier

import "bytes"

// charSpan is a stretch of a text in code points.
type charSpan struct{ start, end int32 }

// spanKey is an annotation of a document. Who made it is "" where that is not known or
// the column is dropped.
type spanKey struct{ annotator, id string }

// spanPlace is what labels say of an annotation: the first sentence that has one of
// them, and from where to where they stand.
type spanPlace struct {
	sentence int32
	charSpan
}

// source verifies that a sentence stands in the source of its document.
func (c *shardCheck) source() {
	s, d := &c.sentences, &c.documents
	from, to := s.sourceStart.values[s.i], s.sourceEnd.values[s.i]
	if c.pieces == nil {
		start, size := d.offset.values[d.i], d.source.values[d.i]
		if from < start || from > to || to > start+size {
			s.part.addf("row %d: source_start and source_end are %d and %d, in %d bytes from %d on", s.row, from, to, size, start)
		}
		return
	}
	for i := range c.pieces {
		if p := &c.pieces[i]; from >= p.Offset && from <= to && to <= p.Offset+int64(p.Bytes) {
			return
		}
	}
	s.part.addf("row %d: source_start and source_end are %d and %d, which are in no piece of its document", s.row, from, to)
}

// labelSpan verifies what a label on the sentence of the row stands on.
func (c *shardCheck) labelSpan(w *textWalk) {
	s, l := &c.sentences, &c.labels
	i, r := l.i, &l.part.report
	if l.span.null(i) {
		if !l.start.null(i) || !l.end.null(i) {
			r.addf("row %d: span_id is NULL, and label_start or label_end is not", l.row)
		}
		return
	}
	if l.start.null(i) || l.end.null(i) {
		r.addf("row %d: span_id is %s, and label_start or label_end is NULL", l.row, show(l.span.at(i)))
		return
	}
	if len(l.span.at(i)) == 0 {
		r.addf("row %d: span_id is \"\"", l.row)
	}
	at := charSpan{l.start.values[i], l.end.values[i]}
	if at.start < 0 || at.start > at.end || int(at.end) > w.length() {
		r.addf("row %d: label_start and label_end are %d and %d, in a text of %d characters", l.row, at.start, at.end, w.length())
	} else if from, to := s.charStart.values[s.i], s.charEnd.values[s.i]; at.start > to && w.sentences < int(c.documents.sentences.values[c.documents.i]) ||
		at.end < from && int(at.start) < w.before {
		// What stands on a heading alone is with the sentence behind it, or with the last.
		r.addf("row %d: label_start and label_end are %d and %d, and its sentence has characters %d to %d", l.row, at.start, at.end, from, to)
	}
	if !w.related {
		return
	}
	key := spanKey{id: string(l.span.at(i))}
	if l.annotator != nil {
		key.annotator = string(l.annotator.at(i))
	}
	if w.spans == nil {
		w.spans = map[spanKey]spanPlace{}
	}
	place, ok := w.spans[key]
	if !ok {
		place = spanPlace{s.index.values[s.i], at}
	}
	place.start, place.end = min(place.start, at.start), max(place.end, at.end)
	w.spans[key] = place
}

// length is that of the text in code points.
func (w *textWalk) length() int {
	if w.total < 0 {
		if w.total = len(w.text); !w.ascii {
			w.total, _ = lengths(w.text)
		}
	}
	return w.total
}

// strayRelations reports the relations before the given document, or to the end for
// nil: they have none.
func (c *shardCheck) strayRelations(document []byte) {
	r := &c.relations
	for r.more && (document == nil || bytes.Compare(r.document.at(r.i), document) < 0) {
		r.part.addf("row %d: the relation is of document %s, which has no row in documents, or not there", r.row, show(r.document.at(r.i)))
		c.stats.Relations++
		r.next()
	}
}

// documentRelations verifies the relations of the document in documents, and returns
// how many they are.
func (c *shardCheck) documentRelations(document []byte, w *textWalk) (n int) {
	r := &c.relations
	addf := func(format string, args ...any) { c.aboutDocument(&r.part.report, document, r.row, format, args...) }
	for r.of(r.tableReader, document, c.documents.i) {
		if index := r.index.values[r.i]; int(index) != n {
			addf("relation_index is %d, and it is relation %d", index, n)
		}
		if len(r.kind.at(r.i)) == 0 {
			addf("kind is \"\"")
		}
		var annotator string
		if r.annotator != nil {
			annotator = string(r.annotator.at(r.i))
		}
		for _, end := range [...]*relationEnd{&r.from, &r.to} {
			end.check(r.i, document, annotator, w, addf)
		}
		c.keys("relation_attributes", r.attributes, addf)
		c.stats.Relations++
		n++
		r.next()
	}
	return n
}

// check verifies an end of the relation in place i of the batch, which is by the given
// annotator.
func (e *relationEnd) check(i int, document []byte, annotator string, w *textWalk, addf func(string, ...any)) {
	id, span := e.sentence.at(i), e.span.at(i)
	if id == nil {
		if span != nil || !e.start.null(i) || !e.end.null(i) {
			addf("%s_sentence_id is NULL, and its span, start or end is not", e.name)
		}
		return
	}
	if e.start.null(i) || e.end.null(i) {
		addf("%s_sentence_id is %s, and its start or end is NULL", e.name, show(id))
		return
	}
	at := spanPlace{-1, charSpan{e.start.values[i], e.end.values[i]}}
	number, found := bytes.CutPrefix(id, document)
	if number, hash := bytes.CutPrefix(number, []byte{'#'}); found && hash {
		if index, ok := digits(number); ok && int(index) < len(w.places) && isSentenceID(id, document, int32(index)) {
			at.sentence = int32(index)
		}
	}
	if at.sentence < 0 {
		addf("%s_sentence_id is %s, which is no sentence of it", e.name, show(id))
		return
	}
	if span == nil {
		if want := w.places[at.sentence]; at.charSpan != want {
			addf("%s_start and %s_end are %d and %d, and the sentence has characters %d to %d", e.name, e.name, at.start, at.end, want.start, want.end)
		}
		return
	}
	switch want, ok := w.spans[spanKey{annotator, string(span)}]; {
	case !ok:
		addf("%s_span_id is %s, and no label of its annotator has that span_id", e.name, show(span))
	case at != want:
		addf("%s_span_id is %s, at characters %d to %d in sentence %d, and its labels are at %d to %d, first in sentence %d",
			e.name, show(span), at.start, at.end, at.sentence, want.start, want.end, want.sentence)
	}
}
