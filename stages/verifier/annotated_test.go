package verifier

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/snapshot"
)

func TestSoundAnnotated(t *testing.T) {
	for _, format := range []string{"", snapshot.ArrowFormat, snapshot.BothFormats} {
		dir := makeAnnotated(t, format)
		for _, level := range []Level{Fast, Full} {
			for _, p := range verify(t, dir, level) {
				t.Errorf("%s, %s: %s", format, level, p)
			}
		}
	}
}

// TestUnalteredAnnotated makes sure that what TestDamageAnnotated finds is what it did.
func TestUnalteredAnnotated(t *testing.T) {
	d := newDamaged(t, makeAnnotated(t, ""))
	edit(d, 1, "documents", func(rows []schema.DocumentRow) []schema.DocumentRow { return rows })
	edit(d, 1, "sentences", func(rows []schema.SentenceRow) []schema.SentenceRow { return rows })
	edit(d, 1, "labels", func(rows []schema.LabelRow) []schema.LabelRow { return rows })
	edit(d, 1, "relations", func(rows []schema.RelationRow) []schema.RelationRow { return rows })
	edit(d, 1, "diagnostics", func(rows []schema.DiagnosticRow) []schema.DiagnosticRow { return rows })
	d.sign()
	for _, p := range verifySnapshot(t, d.Snapshot, Full, false) {
		t.Error(p)
	}
}

// In shard 1 of makeAnnotated, a document of each sort that rowtest.Annotated makes
// follows the one before. kind is one of these sorts.
func annotatedDocument(kind int, alter func(*schema.DocumentRow)) func(*damaged) {
	return func(d *damaged) {
		edit(d, 1, "documents", func(rows []schema.DocumentRow) []schema.DocumentRow {
			alter(&rows[4+kind])
			return rows
		})
	}
}

// annotatedLabel alters the first label that fits, of a document with an annotator that
// is NULL.
func annotatedLabel(fits func(*schema.LabelRow) bool, alter func(*schema.LabelRow)) func(*damaged) {
	return func(d *damaged) {
		edit(d, 1, "labels", func(rows []schema.LabelRow) []schema.LabelRow {
			at := slices.IndexFunc(rows, func(r schema.LabelRow) bool { return r.DocumentID == "notes/000029" && fits(&r) })
			alter(&rows[at])
			return rows
		})
	}
}

func onSpan(r *schema.LabelRow) bool { return r.SpanID != nil }

// relation alters a relation of the document with that of annotatedLabel.
func relation(number int, alter func(*schema.RelationRow)) func(*damaged) {
	return func(d *damaged) {
		edit(d, 1, "relations", func(rows []schema.RelationRow) []schema.RelationRow {
			at := slices.IndexFunc(rows, func(r schema.RelationRow) bool { return r.DocumentID == "notes/000029" })
			alter(&rows[at+number])
			return rows
		})
	}
}

// inputOf alters the input of a document of shard 1.
func inputOf(key, old, with string) func(*damaged) {
	return func(d *damaged) {
		lines := bytes.SplitAfter(d.inputs[1], []byte("\n"))
		at := slices.IndexFunc(lines, func(line []byte) bool { return bytes.Contains(line, []byte(key)) })
		was := lines[at]
		if lines[at] = bytes.Replace(was, []byte(old), []byte(with), 1); bytes.Equal(lines[at], was) {
			d.Fatalf("the input is as it was: %s", was)
		}
		d.inputs[1] = bytes.Join(lines, nil)
		d.signInputs(1)
	}
}

var annotatedDamages = []damage{
	// Documents.
	{name: "annotators out of order", full: `annotators are ["cid", "bob", "ann"], which is not sorted`, do: annotatedDocument(1, func(r *schema.DocumentRow) { slices.Reverse(r.Annotators) })},
	{name: "annotator twice", full: `annotators are ["ann", "ann", "bob", "cid"], which is not sorted, or has one twice`, do: annotatedDocument(1, func(r *schema.DocumentRow) { r.Annotators = append([]string{"ann"}, r.Annotators...) })},
	{name: "annotator without a name", full: `annotators are ["", "ann", "bob", "cid"]`, do: annotatedDocument(1, func(r *schema.DocumentRow) { r.Annotators = append([]string{""}, r.Annotators...) })},
	{name: "annotator where there are several", full: `annotator is "ann", and annotators are ["ann", "bob", "cid"]`, do: annotatedDocument(1, func(r *schema.DocumentRow) { r.Annotator = ptr("ann") })},
	{name: "annotator missing", full: `annotator is NULL, and annotators are ["dora"]`, do: annotatedDocument(3, func(r *schema.DocumentRow) { r.Annotator = nil })},
	{name: "annotators missing", full: `annotator is "ann", and annotators are []`, do: annotatedDocument(0, func(r *schema.DocumentRow) { r.Annotators = nil })},
	{name: "annotator of a label missing", full: `annotator is "bob", and its document's are ["ann", "cid"]`, do: annotatedDocument(1, func(r *schema.DocumentRow) { r.Annotators = []string{"ann", "cid"} })},
	{name: "relations of a document", full: "relations is 4, and there are 3 rows in relations", do: annotatedDocument(1, func(r *schema.DocumentRow) { r.Relations++ })},
	{name: "source_offset", full: `source_path is "all.csv" and source_offset 28009, which is no input`, do: annotatedDocument(0, func(r *schema.DocumentRow) { r.SourceOffset++ })},
	{name: "offset of an input", full: `source_path is "all.jsonl" and source_offset 29000, which is no input`, do: inputOf(`"offset":29000,`, "29000", "29001")},
	{name: "pieces of an input", full: "its input has 2 pieces of", do: inputOf("000030-a.txt", `"offset":500,"bytes":`, `"offset":500,"bytes":1`)},
	{name: "pieces do not begin where the document does", full: "its input has 2 pieces of", do: inputOf("000030-a.txt", `[{"path":"000030-a.txt"`, `[{"path":"000030-c.txt"`)},
	{name: "a piece elsewhere", full: "which are in no piece of its document", do: inputOf("000030-a.txt", `"offset":500`, `"offset":700`)},
	{name: "a piece before its file", full: "piece 1 of its input has", do: inputOf("000030-a.txt", `"offset":500`, `"offset":-500`)},

	// Sentences.
	{name: "source of another record", full: "in 137 bytes from 24008 on", do: func(d *damaged) {
		edit(d, 1, "sentences", func(rows []schema.SentenceRow) []schema.SentenceRow {
			rows[0].SourceStart -= 24000
			rows[0].SourceEnd -= 24000
			return rows
		})
	}},
	{name: "annotator of a sentence", full: `annotator is "bob", and its document's is "ann"`, do: func(d *damaged) {
		edit(d, 1, "sentences", func(rows []schema.SentenceRow) []schema.SentenceRow {
			rows[0].Annotator = ptr("bob")
			return rows
		})
	}},

	// Labels.
	{name: "label by a stranger", full: `annotator is "eve", and its document's are ["ann", "bob", "cid"]`, do: annotatedLabel(onSpan, func(r *schema.LabelRow) { r.Annotator = ptr("eve") })},
	{name: "span without a start", full: `span_id is "T1", and label_start or label_end is NULL`, do: annotatedLabel(onSpan, func(r *schema.LabelRow) { r.LabelStart = nil })},
	{name: "span without an end", full: `span_id is "T1", and label_start or label_end is NULL`, do: annotatedLabel(onSpan, func(r *schema.LabelRow) { r.LabelEnd = nil })},
	{name: "start without a span", full: "span_id is NULL, and label_start or label_end is not", do: annotatedLabel(onSpan, func(r *schema.LabelRow) { r.SpanID = nil })},
	{name: "span without a name", full: `span_id is ""`, do: annotatedLabel(onSpan, func(r *schema.LabelRow) { r.SpanID = ptr("") })},
	{name: "span backwards", full: "label_start and label_end are 25 and 24, in a text of", do: annotatedLabel(onSpan, func(r *schema.LabelRow) { *r.LabelStart = 25 })},
	{name: "span before the text", full: "label_start and label_end are -1 and", do: annotatedLabel(onSpan, func(r *schema.LabelRow) { *r.LabelStart = -1 })},
	{name: "span behind the text", full: "label_start and label_end are 1 and 9999, in a text of", do: annotatedLabel(onSpan, func(r *schema.LabelRow) { *r.LabelEnd = 9999 })},
	{name: "span behind the text in bytes", full: "in a text of 131 characters", do: annotatedLabel(onSpan, func(r *schema.LabelRow) { *r.LabelEnd = 132 })},
	{name: "span elsewhere", full: "and its sentence has characters 0 to", do: annotatedLabel(onSpan, func(r *schema.LabelRow) { *r.LabelStart, *r.LabelEnd = 60, 70 })},
	{name: "polarity in an open layer without", full: `polarity is "POS", and label "wild" of layer "mood" takes none`, do: annotatedLabel(onSpan, func(r *schema.LabelRow) { r.Polarity = ptr("POS") })},
	{name: "layer without a label", full: `layer "weather" and label NULL are not in the taxonomy`, do: annotatedLabel(onSpan, func(r *schema.LabelRow) { r.Layer, r.Label = ptr("weather"), nil })},

	// Relations.
	{name: "relation missing", full: "relations is 3, and there are 2 rows in relations", do: func(d *damaged) {
		edit(d, 1, "relations", remove[schema.RelationRow](2))
		d.Shards[1].Stats.Relations--
		d.count()
	}},
	{name: "number of relations", fast: "shard 1 counts 41 relations, and its part has 42 rows", do: func(d *damaged) {
		d.Shards[1].Stats.Relations--
		d.count()
	}},
	{name: "relation_index", full: "relation_index is 2, and it is relation 1", do: relation(1, func(r *schema.RelationRow) { r.RelationIndex++ })},
	{name: "relations out of order", full: "relation_index is 1, and it is relation 0", do: func(d *damaged) {
		edit(d, 1, "relations", func(rows []schema.RelationRow) []schema.RelationRow {
			rows[0], rows[1] = rows[1], rows[0]
			return rows
		})
	}},
	{name: "relation without a document", full: `the relation is of document "notes/!", which has no row in documents`, do: func(d *damaged) {
		edit(d, 1, "relations", func(rows []schema.RelationRow) []schema.RelationRow {
			rows[0].DocumentID = "notes/!"
			return rows
		})
	}},
	{name: "relation of a document behind the last", full: `the relation is of document "notes/~", which has no row in documents`, do: func(d *damaged) {
		edit(d, 1, "relations", func(rows []schema.RelationRow) []schema.RelationRow {
			rows[len(rows)-1].DocumentID = "notes/~"
			return rows
		})
	}},
	{name: "attribute of a relation", full: "year differs from its document's", do: relation(0, func(r *schema.RelationRow) { r.Year = ptr(int32(2020)) })},
	{name: "corpus of a relation", full: `corpus is "beta", and its document's is "notes"`, do: relation(0, func(r *schema.RelationRow) { r.Corpus = "beta" })},
	{name: "relation by a stranger", full: `annotator is "eve", and its document's are ["ann", "bob", "cid"]`, do: relation(0, func(r *schema.RelationRow) { r.Annotator = ptr("eve") })},
	{name: "relation by another", full: `to_span_id is "T2", and no label of its annotator has that span_id`, do: relation(0, func(r *schema.RelationRow) { r.Annotator = ptr("bob") })},
	{name: "no kind", full: `kind is ""`, do: relation(0, func(r *schema.RelationRow) { r.Kind = "" })},
	{name: "span of a document", full: "to_sentence_id is NULL, and its span, start or end is not", do: relation(2, func(r *schema.RelationRow) { r.ToSpanID = ptr("T1") })},
	{name: "start of a document", full: "to_sentence_id is NULL, and its span, start or end is not", do: relation(2, func(r *schema.RelationRow) { r.ToStart = ptr(int32(0)) })},
	{name: "sentence without an end", full: `from_sentence_id is "notes/000029#0003", and its start or end is NULL`, do: relation(2, func(r *schema.RelationRow) { r.FromEnd = nil })},
	{name: "sentence of another document", full: `from_sentence_id is "notes/000030#0003", which is no sentence of it`, do: relation(2, func(r *schema.RelationRow) { r.FromSentenceID = ptr("notes/000030#0003") })},
	{name: "sentence that is not there", full: `from_sentence_id is "notes/000029#0005", which is no sentence of it`, do: relation(2, func(r *schema.RelationRow) { r.FromSentenceID = ptr("notes/000029#0005") })},
	{name: "sentence misspelt", full: `from_sentence_id is "notes/000029#3", which is no sentence of it`, do: relation(2, func(r *schema.RelationRow) { r.FromSentenceID = ptr("notes/000029#3") })},
	{name: "start of a sentence", full: "from_start and from_end are 81 and", do: relation(2, func(r *schema.RelationRow) { *r.FromStart++ })},
	{name: "no such span", full: `from_span_id is "T9", and no label of its annotator has that span_id`, do: relation(0, func(r *schema.RelationRow) { r.FromSpanID = ptr("T9") })},
	{name: "span of a relation NULL", full: "from_start and from_end are 27 and", do: relation(0, func(r *schema.RelationRow) { r.FromSpanID = nil })},
	{name: "start of a span", full: `from_span_id is "T1", at characters 28 to`, do: relation(0, func(r *schema.RelationRow) { *r.FromStart++ })},
	{name: "end of a span in pieces", full: `from_span_id is "T3", at characters`, do: relation(1, func(r *schema.RelationRow) { *r.FromEnd = 77 })},
	{name: "not the first sentence of a span", full: `in sentence 2, and its labels are at`, do: relation(0, func(r *schema.RelationRow) { r.FromSentenceID = ptr("notes/000029#0002") })},

	// Diagnostics.
	{name: "diagnostic of another record", full: `file "all.csv", which was neither written nor refused`, do: func(d *damaged) {
		edit(d, 1, "diagnostics", func(rows []schema.DiagnosticRow) []schema.DiagnosticRow {
			*rows[0].ByteOffset = 9
			return rows
		})
	}},
	{name: "error of a record that was written", full: "is an error, and document", do: func(d *damaged) {
		edit(d, 1, "diagnostics", func(rows []schema.DiagnosticRow) []schema.DiagnosticRow {
			rows[0].Code, rows[0].Severity = "record-malformed", "error"
			return rows
		})
	}},
	{name: "refused record without a diagnostic", full: `it has no error for "all.jsonl" at 29`, do: func(d *damaged) {
		edit(d, 1, "diagnostics", func(rows []schema.DiagnosticRow) []schema.DiagnosticRow {
			return slices.DeleteFunc(rows, func(r schema.DiagnosticRow) bool {
				return r.Code == "document-duplicate" && r.DocumentID != nil && *r.DocumentID == "notes/000029"
			})
		})
		d.count()
	}},
	{name: "diagnostic in a piece of a refused document", full: `file "refused-31", which was neither written nor refused`, do: func(d *damaged) {
		edit(d, 1, "diagnostics", func(rows []schema.DiagnosticRow) []schema.DiagnosticRow {
			at := slices.IndexFunc(rows, func(r schema.DiagnosticRow) bool { return strings.HasPrefix(r.SourcePath, "refused-") })
			*rows[at].ByteOffset = 12
			return rows
		})
	}},
}

func TestDamageAnnotated(t *testing.T) { testDamages(t, makeAnnotated(t, ""), annotatedDamages) }

func TestDamageAnnotatedInArrow(t *testing.T) {
	testInArrow(t, makeAnnotated(t, snapshot.BothFormats), annotatedDamages, 50)
}
