package duck

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/sink"
	"github.com/quern-data/quern/stages/snapshot"
)

// View is a view: what it shows, and the query that it stands for.
type View struct {
	schema.Table
	Query string
}

// SQL is the statements that make the view and document it.
func (v *View) SQL() string {
	return "CREATE VIEW " + v.Name + " AS\n" + v.Query + ";\n" + schema.Comments("VIEW", v.Table)
}

// tableViews are the tables of a snapshot, read from its parts, which are in Parquet.
func tableViews(s *snapshot.Snapshot) ([]View, error) {
	if dir := filepath.ToSlash(s.Dir); strings.Contains(dir, `\`) && strings.ContainsAny(dir, "*?[") {
		return nil, fmt.Errorf(`DuckDB finds no files in %s, whose path has a \ beside a *, ? or [: move the output`, s.Dir)
	}
	if err := checkParts(s); err != nil {
		return nil, err
	}
	var views []View
	for _, t := range schema.Tables() {
		query, err := tableQuery(s, t)
		if err != nil {
			return nil, err
		}
		views = append(views, View{t, query})
	}
	return views, nil
}

// checkParts returns an error unless the parts that are read have the sizes that the
// manifest says.
func checkParts(s *snapshot.Snapshot) error {
	for _, p := range s.Parts() {
		file := filepath.Join(s.Dir, filepath.FromSlash(p.Path))
		switch info, err := os.Stat(file); {
		case errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("%s is missing: quern verify tells what else is wrong with the snapshot", file)
		case err != nil:
			return err
		case !info.Mode().IsRegular() || info.Size() != p.Bytes:
			return fmt.Errorf("%s has %d bytes, and was written with %d: quern verify tells what else is wrong with the snapshot", file, info.Size(), p.Bytes)
		}
	}
	return nil
}

// tableQuery reads a table with its columns in their documented order and of their
// documented types. Nothing is left for DuckDB to guess: not whether names of
// folders are values, and not of which type these are. It names each part, so that
// one that is missing is an error, and a file that is no part is not read.
func tableQuery(s *snapshot.Snapshot, t schema.Table) (string, error) {
	var names, nulls, types []string
	for _, c := range t.Columns {
		names = append(names, schema.SQLName(c.Name))
		nulls = append(nulls, fmt.Sprintf("NULL::%s AS %s", c.Type.SQL(), schema.SQLName(c.Name)))
		if t.Partitioned() && slices.Contains(s.PartitionBy, c.Name) {
			types = append(types, fmt.Sprintf("%s: %s", schema.SQLText(c.Name), c.Type.SQL()))
		}
	}
	parts := slices.DeleteFunc(s.Parts(), func(p sink.Part) bool { return p.Table != t.Name })
	if len(parts) == 0 {
		return "SELECT " + strings.Join(nulls, ", ") + "\nWHERE false", nil
	}
	options := "hive_partitioning = false"
	if len(types) > 0 {
		if misleading := valueFolder(s.Dir, t); misleading != "" {
			return "", fmt.Errorf("DuckDB would take the folder %s in %s for a value of a column: move the output below folders that have no = in their names", misleading, s.Dir)
		}
		options = "hive_partitioning = true, hive_types = {" + strings.Join(types, ", ") + "}"
	}
	var files []string
	for _, p := range parts {
		files = append(files, schema.SQLText(literalGlob(filepath.ToSlash(filepath.Join(s.Dir, filepath.FromSlash(p.Path))))))
	}
	return fmt.Sprintf("SELECT %s\nFROM read_parquet([\n    %s\n], %s)",
		strings.Join(names, ", "), strings.Join(files, ",\n    "), options), nil
}

// valueFolder is the name in a path that reads as a value of a column of t, "" if
// there is none.
func valueFolder(dir string, t schema.Table) string {
	for _, name := range strings.Split(filepath.ToSlash(dir), "/") {
		column, _, has := strings.Cut(name, "=")
		if has && slices.ContainsFunc(t.Columns, func(c schema.Column) bool { return strings.EqualFold(c.Name, column) }) {
			return name
		}
	}
	return ""
}

// literalGlob is a pattern that fits the given path alone.
func literalGlob(path string) string {
	return strings.NewReplacer("*", "[*]", "?", "[?]", "[", "[[]").Replace(path)
}

// readyViews are the views made of those of the tables, for a snapshot that has the
// given layers.
func readyViews(layers []string) []View {
	return []View{sentencesWide(layers), labelCounts, cooccurrence, polarityBySection, repairsByRule, relationTexts()}
}

var (
	text   = schema.Type{Kind: schema.String}
	number = schema.Type{Kind: schema.Int64}
	texts  = schema.Type{Kind: schema.List, Elem: &text}
)

// sentencesWide has a column for each layer. A layer whose name a column has
// already gets the prefix layer_, as often as it takes.
func sentencesWide(layers []string) View {
	sentences, _ := schema.TableNamed("sentences")
	v := View{Table: schema.Table{
		Name: "sentences_wide", Doc: "The table sentences, with a column for each layer of labels.",
		Columns: sentences.Columns,
	}}
	taken := map[string]bool{}
	for _, c := range v.Columns {
		taken[c.Name] = true
	}
	query := "SELECT *"
	for _, layer := range layers {
		name := layer
		for taken[name] {
			name = "layer_" + name
		}
		taken[name] = true
		v.Columns = append(v.Columns, schema.Column{
			Name: name, Type: texts,
			Doc: "The labels of the layer " + layer + ", as EXP-NEG or, without a polarity, EXP, in the order in which they were typed. What several annotators assigned, or stands on several stretches of the sentence, is there as often. Empty if there are none.",
		})
		query += fmt.Sprintf(",\n    [concat_ws('-', l.label, l.polarity) FOR l IN labels IF l.layer = %s] AS %s",
			schema.SQLText(layer), schema.SQLName(name))
	}
	v.Query = query + "\nFROM sentences"
	return v
}

// relationTexts has the texts beside the places.
func relationTexts() View {
	relations, _ := schema.TableNamed("relations")
	return View{
		schema.Table{
			Name: "relation_texts", Doc: "The table relations, with the text at each end.",
			Columns: append(relations.Columns,
				schema.Column{Name: "from_text", Type: text, Nullable: true, Doc: "The sentence or span that the relation starts at. Of a span in pieces, from the first to the last. NULL for the document."},
				schema.Column{Name: "to_text", Type: text, Nullable: true, Doc: "The sentence or span that it leads to. NULL for the document."},
			),
		},
		`SELECT relations.*,
    substring(documents.text, from_start + 1, from_end - from_start) AS from_text,
    substring(documents.text, to_start + 1, to_end - to_start) AS to_text
FROM relations JOIN documents ON relations.document_id = documents.document_id`,
	}
}

// firsts are one sentence of each group of labels. A group that normalize.split cuts
// stands on several, and its labels were assigned once.
const firsts = `SELECT min(sentence_id) AS sentence_id FROM sentences WHERE group_id IS NOT NULL GROUP BY group_id`

// assigned are one row of labels for each that was assigned: of those of a group that
// was cut, and of those of an annotation that is on several sentences or in pieces.
const assigned = `FROM labels SEMI JOIN (` + firsts + `) USING (sentence_id)
    WHERE span_id IS NULL
    UNION ALL
    SELECT DISTINCT ON (document_id, annotator, span_id, layer, label, polarity, raw_label) *
    FROM labels
    WHERE span_id IS NOT NULL
    ORDER BY document_id, annotator, span_id, layer, label, polarity, raw_label, sentence_index, position`

var labelCounts = View{
	schema.Table{
		Name: "label_counts", Doc: "How often each label was assigned, by polarity. Labels that could not be resolved are counted where label is NULL. A label on a group that normalize.split cuts into sentences counts once as a label, and so does one of an annotation that is on several sentences or in pieces: the sum of labels is that of the labels as typed. What two annotators assigned counts twice.",
		Columns: []schema.Column{
			{Name: "corpus", Type: text, Doc: "Name of the corpus in the config."},
			{Name: "layer", Type: text, Nullable: true, Doc: "Annotation layer."},
			{Name: "label", Type: text, Nullable: true, Doc: "Code of the label in the taxonomy."},
			{Name: "name", Type: text, Nullable: true, Doc: "Name of the label in full, from the taxonomy."},
			{Name: "polarity", Type: text, Nullable: true, Doc: "Polarity code, NULL for none."},
			{Name: "labels", Type: number, Doc: "How often it was assigned."},
			{Name: "sentences", Type: number, Doc: "How many sentences carry one."},
			{Name: "documents", Type: number, Doc: "How many documents have such a sentence."},
		},
	},
	`WITH firsts AS (
    ` + firsts + `
)
SELECT corpus, layer, label, name, polarity,
    count(firsts.sentence_id) FILTER (span_id IS NULL)
        + count(DISTINCT (document_id, annotator, span_id)) FILTER (span_id IS NOT NULL) AS labels,
    count(DISTINCT labels.sentence_id) AS sentences,
    count(DISTINCT document_id) AS documents
FROM labels
LEFT JOIN firsts ON labels.sentence_id = firsts.sentence_id
LEFT JOIN taxonomy USING (corpus, layer, label)
GROUP BY corpus, layer, label, name, polarity
ORDER BY corpus, labels DESC, layer, label, polarity`,
}

var cooccurrence = View{
	schema.Table{
		Name: "cooccurrence", Doc: "Which labels stand on one sentence, whoever assigned them: each pair once, the one that comes first in the alphabet as a. Polarities are left aside, and a label that a sentence has twice counts once.",
		Columns: []schema.Column{
			{Name: "corpus", Type: text, Doc: "Name of the corpus in the config."},
			{Name: "layer_a", Type: text, Doc: "Layer of the one label."},
			{Name: "label_a", Type: text, Doc: "Code of the one label."},
			{Name: "layer_b", Type: text, Doc: "Layer of the other."},
			{Name: "label_b", Type: text, Doc: "Code of the other."},
			{Name: "sentences", Type: number, Doc: "How many sentences carry both."},
			{Name: "documents", Type: number, Doc: "How many documents have such a sentence."},
		},
	},
	`WITH carried AS (
    SELECT DISTINCT corpus, document_id, sentence_id, layer, label
    FROM labels
    WHERE label IS NOT NULL
)
SELECT a.corpus, a.layer AS layer_a, a.label AS label_a, b.layer AS layer_b, b.label AS label_b,
    count(*) AS sentences,
    count(DISTINCT a.document_id) AS documents
FROM carried a JOIN carried b
    ON a.sentence_id = b.sentence_id AND (a.layer, a.label) < (b.layer, b.label)
GROUP BY a.corpus, a.layer, a.label, b.layer, b.label
ORDER BY a.corpus, sentences DESC, layer_a, label_a, layer_b, label_b`,
}

var polarityBySection = View{
	schema.Table{
		Name: "polarity_by_section", Doc: "How each section of the papers is judged: the polarities of the labels of the layer section, and of the labels of the layer aspect on the same sentences. A sentence on two sections counts for both, and the labels of a group that normalize.split cuts into sentences, or of an annotation on several, count once. Empty where no layer is called section.",
		Columns: []schema.Column{
			{Name: "corpus", Type: text, Doc: "Name of the corpus in the config."},
			{Name: "section", Type: text, Doc: "Code of the section."},
			{Name: "name", Type: text, Nullable: true, Doc: "Name of the section in full, from the taxonomy."},
			{Name: "labels", Type: number, Doc: "How many labels of this section there are."},
			{Name: "pos", Type: number, Doc: "How many of them have the polarity POS."},
			{Name: "neg", Type: number, Doc: "How many of them have the polarity NEG."},
			{Name: "neu", Type: number, Doc: "How many of them have the polarity NEU."},
			{Name: "other", Type: number, Doc: "How many of them have another polarity."},
			{Name: "none", Type: number, Doc: "How many of them have no polarity."},
			{Name: "aspect_labels", Type: number, Doc: "How many labels of aspects stand on sentences with this section."},
			{Name: "aspect_pos", Type: number, Doc: "How many of these have the polarity POS."},
			{Name: "aspect_neg", Type: number, Doc: "How many of these have the polarity NEG."},
			{Name: "aspect_neu", Type: number, Doc: "How many of these have the polarity NEU."},
			{Name: "aspect_other", Type: number, Doc: "How many of these have another polarity."},
			{Name: "aspect_none", Type: number, Doc: "How many of these have no polarity."},
		},
	},
	`WITH assigned AS (
    ` + assigned + `
), known AS (
    FROM labels SEMI JOIN (` + firsts + `) USING (sentence_id)
    WHERE label IS NOT NULL
), sections AS (
    SELECT corpus, label AS section,
        count(*) AS labels,
        count(*) FILTER (polarity = 'POS') AS pos,
        count(*) FILTER (polarity = 'NEG') AS neg,
        count(*) FILTER (polarity = 'NEU') AS neu,
        count(*) FILTER (polarity NOT IN ('POS', 'NEG', 'NEU')) AS other,
        count(*) FILTER (polarity IS NULL) AS none
    FROM assigned
    WHERE layer = 'section' AND label IS NOT NULL
    GROUP BY corpus, label
), pairs AS (
    SELECT s.label AS section, a.*
    FROM (SELECT DISTINCT label, sentence_id FROM known WHERE layer = 'section') s
    JOIN (FROM known WHERE layer = 'aspect') a USING (sentence_id)
), aspects AS (
    SELECT corpus, section,
        count(*) AS aspect_labels,
        count(*) FILTER (polarity = 'POS') AS aspect_pos,
        count(*) FILTER (polarity = 'NEG') AS aspect_neg,
        count(*) FILTER (polarity = 'NEU') AS aspect_neu,
        count(*) FILTER (polarity NOT IN ('POS', 'NEG', 'NEU')) AS aspect_other,
        count(*) FILTER (polarity IS NULL) AS aspect_none
    FROM (
        SELECT corpus, section, polarity FROM pairs WHERE span_id IS NULL
        UNION ALL
        SELECT corpus, section, polarity
        FROM (SELECT DISTINCT corpus, section, document_id, annotator, span_id, label, polarity FROM pairs WHERE span_id IS NOT NULL)
    )
    GROUP BY corpus, section
)
SELECT corpus, section, name, labels, pos, neg, neu, other, none,
    coalesce(aspect_labels, 0) AS aspect_labels,
    coalesce(aspect_pos, 0) AS aspect_pos,
    coalesce(aspect_neg, 0) AS aspect_neg,
    coalesce(aspect_neu, 0) AS aspect_neu,
    coalesce(aspect_other, 0) AS aspect_other,
    coalesce(aspect_none, 0) AS aspect_none
FROM sections
LEFT JOIN aspects USING (corpus, section)
LEFT JOIN (SELECT corpus, label AS section, name FROM taxonomy WHERE layer = 'section') USING (corpus, section)
ORDER BY corpus, labels DESC, section`,
}

var repairsByRule = View{
	schema.Table{
		Name: "repairs_by_rule", Doc: "Which repairs were made on labels. A label on which two rules were applied counts for both, and one on a group that normalize.split cuts into sentences, or of an annotation on several, counts once.",
		Columns: []schema.Column{
			{Name: "rule", Type: text, Doc: "Name of the rule, as quern explain repair-NAME has it."},
			{Name: "layer", Type: text, Nullable: true, Doc: "Annotation layer of the repaired labels."},
			{Name: "labels", Type: number, Doc: "How many labels were repaired."},
			{Name: "example", Type: text, Doc: "The most frequent of them: what was typed, an arrow, and what it was read as."},
		},
	},
	`WITH assigned AS (
    ` + assigned + `
), repaired AS (
    SELECT repair, layer, count(*) AS labels,
        raw_label || ' -> ' || if(label IS NULL, 'nothing', concat_ws('-', label, polarity)) AS example
    FROM assigned
    WHERE repair IS NOT NULL
    GROUP BY repair, layer, example
), by_rule AS (
    SELECT unnest(string_split(repair, '+')) AS rule, layer, labels, example
    FROM repaired
)
SELECT rule, layer,
    sum(labels)::BIGINT AS labels,
    first(example ORDER BY labels DESC, example) AS example
FROM by_rule
GROUP BY rule, layer
ORDER BY labels DESC, rule, layer`,
}
