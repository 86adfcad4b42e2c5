package schema

import (
	"fmt"
	"reflect"
)

// The row types below are the only definition of the tables. Parquet columns,
// documentation, DDL and the checks of a written part all derive from their
// struct tags:
//
//	parquet   name and nullability of the column
//	encoding  how its values are stored, an Encoding
//	unit      what a number counts, where it is a size, a place or a share
//	doc       what the column holds, with units and bounds
//
// A nullable column is a pointer, as parquet-go reads rows.

// Attributes are the typed facts about a document that most corpora share.
// A fact that a corpus does not state is nil. They are repeated on sentences,
// labels and relations because analysts filter on them.
type Attributes struct {
	PaperID   *string  `parquet:"paper_id,optional" encoding:"dict" doc:"Identifier of the work under review, as the corpus gives it."`
	Venue     *string  `parquet:"venue,optional" encoding:"dict" doc:"Conference or journal, as the corpus gives it, e.g. ICLR."`
	Year      *int32   `parquet:"year,optional" encoding:"dict" doc:"Year of the venue, four digits."`
	Reviewer  *string  `parquet:"reviewer,optional" encoding:"dict" doc:"Who wrote the document, e.g. R1."`
	Decision  *string  `parquet:"decision,optional" encoding:"dict" doc:"Fate of the paper in lower case, e.g. accepted, rejected, withdrawn."`
	Split     *string  `parquet:"split,optional" encoding:"dict" doc:"Part of a train/dev/test division that the document belongs to."`
	Annotator *string  `parquet:"annotator,optional" encoding:"dict" doc:"Who assigned the labels, where the corpus says so; NULL where several did. In labels and relations, who assigned this one."`
	Rating    *float64 `parquet:"rating,optional" doc:"The score that the document's author gave, in the corpus's own scale."`
}

// List is the attributes that are not nil, by column name, as text.
func (a *Attributes) List() []Attribute {
	var list []Attribute
	v := reflect.ValueOf(a).Elem()
	for i, c := range columnsOf(v.Type()) {
		if f := v.Field(i); !f.IsNil() {
			list = append(list, Attribute{c.Name, fmt.Sprint(f.Elem())})
		}
	}
	return list
}

// DocumentRow is a row of the table documents: one document that was written.
type DocumentRow struct {
	DocumentID string `parquet:"document_id" doc:"Identifier of the document, unique over all corpora: the corpus, a slash, and the id within the corpus."`
	Corpus     string `parquet:"corpus" encoding:"dict" doc:"Name of the corpus in the config."`
	Attributes
	Extra            map[string]string `parquet:"attributes" doc:"Facts about the document that have no column of their own, by name."`
	Annotators       []string          `parquet:"annotators,list" doc:"All who annotated the document, sorted, who found nothing to label among them. Empty where the corpus does not say. Where they are several, annotator is NULL here and in sentences."`
	Text             string            `parquet:"text" doc:"Canonical text: that of the raw twin where there is one, else of the annotated file without labels and markup; decoded, NFC, line ends as one line feed. All offsets but source_start and source_end refer to it."`
	TextOrigin       string            `parquet:"text_origin" encoding:"dict" doc:"Where the canonical text comes from: raw (the unannotated twin) or annotated (the annotated file without its labels and markup)."`
	Sentences        int32             `parquet:"sentences" encoding:"dict" unit:"sentences" doc:"Number of rows in sentences for this document."`
	LabeledSentences int32             `parquet:"labeled_sentences" encoding:"dict" unit:"sentences" doc:"Number of those that carry a label group."`
	Labels           int32             `parquet:"labels" encoding:"dict" unit:"labels" doc:"Number of rows in labels for this document."`
	Relations        int32             `parquet:"relations" encoding:"dict" unit:"relations" doc:"Number of rows in relations for this document."`
	Diagnostics      int32             `parquet:"diagnostics" encoding:"dict" unit:"diagnostics" doc:"Number of diagnostics for this document, including those over the limit that were counted but not kept."`
	SourcePath       string            `parquet:"source_path" doc:"Path of the annotated file, the first where the document was put together of several, relative to the corpus root, with forward slashes; in an archive behind its name and !/. Bytes that are not UTF-8 are written as \\xNN, and a backslash as \\\\, here and in what is captured from the path."`
	SourceOffset     int64             `parquet:"source_offset" unit:"bytes of the file" doc:"Where the document starts in that file: 0 unless the file holds several documents."`
	SourceBytes      int64             `parquet:"source_bytes" unit:"bytes of the file" doc:"Size of the document: of the annotated file, or of its record in a file that holds several. Where it was put together of files or records, they count one behind the other."`
	SourceSHA256     string            `parquet:"source_sha256" doc:"SHA-256 of those bytes, in lower-case hexadecimal. Where the first row of the file names the columns, that row stands before them."`
	TextBytes        int32             `parquet:"text_bytes" unit:"bytes of UTF-8" doc:"Length of text in bytes of UTF-8. The five columns that follow add up to it."`
	LabeledBytes     int32             `parquet:"labeled_bytes" unit:"bytes of UTF-8" doc:"Bytes of text in sentences that carry a label group."`
	UnlabeledBytes   int32             `parquet:"unlabeled_bytes" unit:"bytes of UTF-8" doc:"Bytes of text in sentences that carry none."`
	HeadingBytes     int32             `parquet:"heading_bytes" encoding:"dict" unit:"bytes of UTF-8" doc:"Bytes of text in headings."`
	ListMarkerBytes  int32             `parquet:"list_marker_bytes" encoding:"dict" unit:"bytes of UTF-8" doc:"Bytes of text in list markers."`
	SpaceBytes       int32             `parquet:"space_bytes" encoding:"dict" unit:"bytes of UTF-8" doc:"Bytes of white space between all these."`
	RawPath          *string           `parquet:"raw_path,optional" doc:"Path of the unannotated twin, relative to the corpus root, written as source_path. NULL if there is none."`
	RawSHA256        *string           `parquet:"raw_sha256,optional" doc:"SHA-256 of the unannotated twin, in lower-case hexadecimal."`
}

// LabelRef is an element of the list SentenceRow.Labels: one resolved label.
type LabelRef struct {
	Layer    string  `parquet:"layer" encoding:"dict" doc:"Annotation layer, e.g. section."`
	Label    string  `parquet:"label" encoding:"dict" doc:"Code of the label in the taxonomy, e.g. RWK."`
	Polarity *string `parquet:"polarity,optional" encoding:"dict" doc:"Polarity code, e.g. POS. NULL where the label has none."`
}

// SentenceRow is a row of the table sentences: one stretch of text that carries
// one label group, or none.
type SentenceRow struct {
	SentenceID string `parquet:"sentence_id" encoding:"delta" doc:"Identifier of the sentence: document_id, #, and sentence_index with at least four digits."`
	DocumentID string `parquet:"document_id" encoding:"dict" doc:"The document that the sentence stands in."`
	Corpus     string `parquet:"corpus" encoding:"dict" doc:"Name of the corpus in the config."`
	Attributes
	SentenceIndex int32      `parquet:"sentence_index" encoding:"dict" unit:"sentences" doc:"Place of the sentence in its document, from 0."`
	GroupID       *string    `parquet:"group_id,optional" encoding:"delta" doc:"The label group that the sentence carries: rows with the same one share its labels. NULL if it carries none."`
	Role          *string    `parquet:"role,optional" encoding:"dict" doc:"Whose part of the document the sentence stands in, e.g. review or rebuttal. NULL where a document has no such parts."`
	Heading       *string    `parquet:"heading,optional" encoding:"dict" doc:"The heading that the sentence stands under. NULL if none was recognised."`
	ListMarker    *string    `parquet:"list_marker,optional" encoding:"dict" doc:"The bullet or number before the sentence. NULL if none was recognised."`
	Text          string     `parquet:"text" doc:"The sentence: documents.text from char_start to char_end. Empty for what stands in the annotated file alone."`
	AnnotatedText *string    `parquet:"annotated_text,optional" doc:"The wording of the annotated file, where it differs from text in more than white space. NULL otherwise."`
	CharStart     int32      `parquet:"char_start" encoding:"delta" unit:"Unicode code points" doc:"Offset of the first character in documents.text, in Unicode code points."`
	CharEnd       int32      `parquet:"char_end" encoding:"delta" unit:"Unicode code points" doc:"Offset after the last character in documents.text, in Unicode code points."`
	ByteStart     int32      `parquet:"byte_start" encoding:"delta" unit:"bytes of UTF-8" doc:"Offset of the first byte in documents.text as UTF-8."`
	ByteEnd       int32      `parquet:"byte_end" encoding:"delta" unit:"bytes of UTF-8" doc:"Offset after the last byte in documents.text as UTF-8."`
	UTF16Start    *int32     `parquet:"utf16_start,optional" unit:"UTF-16 code units" doc:"Offset of the first character in documents.text, in UTF-16 code units, as browsers and Java count. NULL unless normalize.utf16 is set."`
	UTF16End      *int32     `parquet:"utf16_end,optional" unit:"UTF-16 code units" doc:"Offset after the last character in documents.text, in UTF-16 code units. NULL unless normalize.utf16 is set."`
	SourceStart   int64      `parquet:"source_start" encoding:"delta" unit:"bytes of the file" doc:"Offset of the sentence's first byte in the annotated file, before any decoding; if that is compressed, in what it unpacks to. Where the document was put together of several files, in the one that the sentence comes from."`
	SourceEnd     int64      `parquet:"source_end" encoding:"delta" unit:"bytes of the file" doc:"Offset after the sentence's last byte in the annotated file, before any decoding. Equal to source_start for what the annotated file lacks: the place where it is missing."`
	Alignment     *string    `parquet:"alignment,optional" encoding:"dict" doc:"How the sentence compares with the raw twin: exact, whitespace (the same but for that), edited, annotated_only or raw_only. NULL where there is no twin."`
	Similarity    *float64   `parquet:"similarity,optional" unit:"share" doc:"Share of the two wordings of an edited sentence that they have in common, from 0 to 1. NULL otherwise."`
	Labeled       bool       `parquet:"labeled" doc:"Whether the sentence carries a label group, even one that says null in every layer."`
	Labels        []LabelRef `parquet:"labels,list" doc:"The resolved labels of the sentence, in the order in which they were typed. A label that several annotators assigned stands there several times; the table labels says by whom."`
	Repaired      bool       `parquet:"repaired" doc:"Whether any of the sentence's labels, or the brackets around them, had to be repaired."`
}

// LabelRow is a row of the table labels: one label on one sentence.
type LabelRow struct {
	SentenceID string `parquet:"sentence_id" encoding:"delta" doc:"The sentence that carries the label."`
	DocumentID string `parquet:"document_id" encoding:"dict" doc:"The document that the sentence stands in."`
	Corpus     string `parquet:"corpus" encoding:"dict" doc:"Name of the corpus in the config."`
	Attributes
	SentenceIndex int32   `parquet:"sentence_index" encoding:"dict" unit:"sentences" doc:"Place of the sentence in its document, from 0."`
	Layer         *string `parquet:"layer,optional" encoding:"dict" doc:"Annotation layer. NULL if the label could not be resolved and stands in a place that no layer has."`
	Label         *string `parquet:"label,optional" encoding:"dict" doc:"Code of the label in the taxonomy. NULL if what was typed could not be resolved."`
	Polarity      *string `parquet:"polarity,optional" encoding:"dict" doc:"Polarity code. NULL where the layer has none, and where it was left out or could not be resolved."`
	Position      int32   `parquet:"position" encoding:"dict" unit:"labels as typed" doc:"Place of the label in its group as typed, from 0, counting nulls and labels that could not be resolved."`
	RawLabel      string  `parquet:"raw_label" encoding:"dict" doc:"The label as typed in the file."`
	Repair        *string `parquet:"repair,optional" encoding:"dict" doc:"The repair rules that were applied, joined by +, e.g. alias+case. NULL if none was needed."`
	SpanID        *string `parquet:"span_id,optional" encoding:"dict" doc:"The annotation that the label belongs to, where labels stand on stretches of text: what the file calls it, or its number in the document. Rows of one document and annotator that share it are of one annotation, which has several labels, overlaps several sentences or is in several pieces. NULL where the label stands on the sentence as such."`
	LabelStart    *int32  `parquet:"label_start,optional" unit:"Unicode code points" doc:"Offset in documents.text of the first character that the label stands on, in Unicode code points: of the whole piece of the annotation, also where it starts before the sentence. NULL where span_id is."`
	LabelEnd      *int32  `parquet:"label_end,optional" unit:"Unicode code points" doc:"Offset in documents.text after the last one, in Unicode code points. NULL where span_id is."`
}

// RelationRow is a row of the table relations: two sentences or spans that belong
// together.
type RelationRow struct {
	DocumentID string `parquet:"document_id" encoding:"dict" doc:"The document that both ends stand in."`
	Corpus     string `parquet:"corpus" encoding:"dict" doc:"Name of the corpus in the config."`
	Attributes
	RelationIndex  int32             `parquet:"relation_index" encoding:"dict" unit:"relations" doc:"Place of the relation in its document, from 0."`
	Kind           string            `parquet:"kind" encoding:"dict" doc:"What joins the two, as the corpus names it."`
	FromSentenceID *string           `parquet:"from_sentence_id,optional" encoding:"delta" doc:"The sentence that the relation starts at: of a span the first. NULL for the document as a whole."`
	FromSpanID     *string           `parquet:"from_span_id,optional" encoding:"dict" doc:"The span that it starts at, as labels.span_id. NULL where it is a sentence or the document."`
	FromStart      *int32            `parquet:"from_start,optional" unit:"Unicode code points" doc:"Offset in documents.text of the first character of that sentence or span, in Unicode code points. NULL for the document."`
	FromEnd        *int32            `parquet:"from_end,optional" unit:"Unicode code points" doc:"Offset in documents.text after the last one, in Unicode code points. NULL for the document."`
	ToSentenceID   *string           `parquet:"to_sentence_id,optional" encoding:"delta" doc:"The sentence that the relation leads to: of a span the first. NULL for the document as a whole."`
	ToSpanID       *string           `parquet:"to_span_id,optional" encoding:"dict" doc:"The span that it leads to, as labels.span_id. NULL where it is a sentence or the document."`
	ToStart        *int32            `parquet:"to_start,optional" unit:"Unicode code points" doc:"Offset in documents.text of the first character of that sentence or span, in Unicode code points. NULL for the document."`
	ToEnd          *int32            `parquet:"to_end,optional" unit:"Unicode code points" doc:"Offset in documents.text after the last one, in Unicode code points. NULL for the document."`
	Extra          map[string]string `parquet:"relation_attributes" doc:"What else the corpus says of the relation, by name."`
}

// DiagnosticRow is a row of the table diagnostics: one thing that was noticed,
// repaired or refused.
type DiagnosticRow struct {
	DocumentID *string `parquet:"document_id,optional" encoding:"dict" doc:"The document concerned, also when it was refused. NULL for a directory."`
	Corpus     string  `parquet:"corpus" encoding:"dict" doc:"Name of the corpus in the config."`
	SourcePath string  `parquet:"source_path" encoding:"dict" doc:"The file or directory concerned, relative to the corpus root, written as in documents."`
	Severity   string  `parquet:"severity" encoding:"dict" doc:"info (noticed or safely repaired), warning (a reader should look), or error (the document was refused)."`
	Code       string  `parquet:"code" encoding:"dict" doc:"Stable code of the diagnostic."`
	Message    string  `parquet:"message" doc:"What was found, and what became of it."`
	ByteOffset *int64  `parquet:"byte_offset,optional" unit:"bytes of the file" doc:"Offset in the source file, in bytes. NULL where the diagnostic concerns the whole file."`
	Line       *int32  `parquet:"line,optional" unit:"lines" doc:"Line in the source file, from 1."`
	Column     *int32  `parquet:"column,optional" unit:"Unicode code points" doc:"Column in that line, in Unicode code points, from 1; in a line with several documents counted from the start of the document."`
	Excerpt    *string `parquet:"excerpt,optional" doc:"What stands around the place in the source file."`
	Before     *string `parquet:"before,optional" doc:"What stood there before a repair."`
	After      *string `parquet:"after,optional" doc:"What it was read as."`
}

// TaxonomyRow is a row of the table taxonomy: one label that a corpus may use.
type TaxonomyRow struct {
	Corpus      string   `parquet:"corpus" encoding:"dict" doc:"Name of the corpus in the config."`
	Layer       string   `parquet:"layer" encoding:"dict" doc:"Annotation layer."`
	Label       string   `parquet:"label" encoding:"dict" doc:"Code of the label."`
	Name        string   `parquet:"name" doc:"Name of the label in full."`
	Description string   `parquet:"description" doc:"When an annotator assigns the label."`
	Aliases     []string `parquet:"aliases,list" doc:"Other codes that are read as this label."`
	HasPolarity bool     `parquet:"has_polarity" doc:"Whether the label takes a polarity."`
}
