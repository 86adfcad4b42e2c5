package config

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// formatMistakes are corpora with all problems of their format's settings. Each is
// what follows the name and root of a corpus on lines 3 and on; the taxonomy is open
// if it names none.
var formatMistakes = map[string]struct {
	corpus string
	want   []string
}{
	"settings of other formats": {"  format: csv\n  csv: {text: t}\n  json: {text: a, offsets: code_points}\n  columns:\n    labels: [{from: a, layer: l}]\n  brat: {layer: x}\n  inline: {escapes: json}\n  raw: a.txt\n", []string{
		"c.yaml:6:16: corpora[0].json.text: belongs to the format json or jsonl, and the format is csv (remove it, or write format: json)",
		"c.yaml:8:13: corpora[0].columns.labels: belongs to the format columns, and the format is csv (remove it, or write format: columns)",
		"c.yaml:9:17: corpora[0].brat.layer: belongs to the format brat, and the format is csv (remove it, or write format: brat)",
		"c.yaml:10:21: corpora[0].inline.escapes: belongs to the format inline, and the format is csv (remove it, or write format: inline)",
		"c.yaml:11:8: corpora[0].raw: belongs to the formats inline and brat, and the format is csv (remove it)",
	}},
	"records of jsonl": {"  format: jsonl\n  json: {text: a, records: b}\n", []string{
		"c.yaml:5:28: corpora[0].json.records: belongs to the format json, and the format is jsonl, where each line is a document (remove it, or write format: json)",
	}},
	"fields": {"  format: json\n  json: {text: t}\n  document_id: '{a}{venuee}{record}'\n  fields:\n  - {from: x}\n  - {from: x, name: a, pattern: '{b}'}\n  - {from: '', name: B}\n  - {from: x, pattern: '{c'}\n  - {from: x, pattern: c}\n  - {from: x, name: record}\n  - {name: q}\n", []string{
		"c.yaml:8:5: corpora[0].fields[0]: has neither name nor pattern (name the attribute, or give a pattern that captures some)",
		"c.yaml:9:33: corpora[0].fields[1].pattern: there is a name too (keep one of the two: the pattern names what it captures)",
		"c.yaml:10:12: corpora[0].fields[2].from: is empty (say where the value stands)",
		`c.yaml:10:22: corpora[0].fields[2].name: "B" is no name of an attribute: write lower-case letters, digits and underscores, a letter first`,
		"c.yaml:11:24: corpora[0].fields[3].pattern: { without its }",
		"c.yaml:12:24: corpora[0].fields[4].pattern: captures nothing (write {name} or {name:regexp} where the attribute stands)",
		"c.yaml:13:21: corpora[0].fields[5].name: {record} is the number of the record in its file (choose another name)",
		"c.yaml:14:5: corpora[0].fields[6].from: is missing (want text)",
	}},
	"names from fields": {"  format: json\n  json: {text: t}\n  document_id: '{a}{venu}{record}'\n  fields: [{from: x, name: a}, {from: x, pattern: '{venue:[A-Z]+}{year}'}]\n", []string{
		"c.yaml:6:16: corpora[0].document_id: no pattern in paths captures {venu}, and no attribute or field has this name (did you mean {venue}?)",
	}},
	"fields and records of files": {"  fields: [{from: x, name: a}]\n  document_id: '{a}{record}'\n  taxonomy: t.yaml\n", []string{
		"c.yaml:4:11: corpora[0].fields: the format inline has none (take attributes from paths)",
		"c.yaml:5:16: corpora[0].document_id: a document of the format inline is a file, and {record} its number in one (leave {record} out)",
	}},
	"append for files": {"  same_id: append\n  document_id: '{a}'\n  paths: ['{a}']\n  taxonomy: t.yaml\n", []string{
		"c.yaml:4:12: corpora[0].same_id: append is for documents made of records, and the format inline has none (write refuse, or annotators)",
	}},
	"one id without an id": {"  same_id: append\n  format: csv\n  csv: {text: t}\n", []string{
		"c.yaml:4:12: corpora[0].same_id: no two documents have one id, as document_id is empty (say what they have in common, e.g. document_id: '{paper_id}')",
	}},
	"annotators without a name": {"  same_id: annotators\n  format: csv\n  csv: {text: t}\n  document_id: '{a}'\n  paths: ['{a}']\n", []string{
		"c.yaml:4:12: corpora[0].same_id: nothing captures {annotator} (add a pattern to paths that captures it, or a field)",
	}},
	"splits": {"  format: csv\n  csv: {text: t}\n  paths: ['{paper_id}']\n  splits:\n    group_by: '{paperid}'\n    stratify_by: decision\n    shares: [{name: train, share: 80%}, {name: dev, share: 5.5%}, {name: train, share: 10%}]\n", []string{
		"c.yaml:8:15: corpora[0].splits.group_by: nothing captures {paperid} (did you mean {paper_id}?)",
		"c.yaml:9:18: corpora[0].splits.stratify_by: nothing captures {decision} (add a pattern to paths that captures it, or a field)",
		"c.yaml:10:13: corpora[0].splits.shares: add up to 95.5% (they must be 100%, or some documents would be in no split)",
		`c.yaml:10:74: corpora[0].splits.shares[2].name: "train" is the name of shares[0] too (give each split a name of its own)`,
	}},
	"shares of nothing": {"  format: csv\n  csv: {text: t}\n  splits: {shares: [{name: train, share: 100%}]}\n", []string{
		"c.yaml:6:20: corpora[0].splits.shares: there is no group_by (say what must not stand in two splits, e.g. group_by: '{paper_id}')",
	}},
	"groups without shares": {"  format: csv\n  csv: {text: t}\n  splits: {group_by: all}\n", []string{
		"c.yaml:6:22: corpora[0].splits.group_by: there are no shares (list the splits, e.g. shares: [{name: train, share: 80%}, {name: test, share: 20%}])",
		"c.yaml:6:22: corpora[0].splits.group_by: is the same for all documents (name an attribute in braces, e.g. {paper_id})",
	}},
	"shares that are none": {"  format: csv\n  csv: {text: t}\n  paths: ['{paper_id}']\n  splits: {group_by: '{paper_id}', shares: [{name: '', share: 101%}, {share: 20}]}\n", []string{
		"c.yaml:7:52: corpora[0].splits.shares[0].name: is empty",
		`c.yaml:7:63: corpora[0].splits.shares[0].share: "101%" is no share: write 0% to 100%, with at most four decimals`,
		"c.yaml:7:70: corpora[0].splits.shares[1].name: is missing (want text)",
		"c.yaml:7:78: corpora[0].splits.shares[1].share: want a share from 0% to 100%, found the number 20 (write 20%)",
	}},
	"strata of nothing": {"  format: csv\n  csv: {text: t}\n  paths: ['{decision}/*']\n  splits: {stratify_by: '{decision}'}\n", []string{
		"c.yaml:7:25: corpora[0].splits.stratify_by: there is no group_by (say what must not stand in two splits, e.g. group_by: '{paper_id}')",
	}},
	"annotators at no places": {"  format: json\n  json:\n    text: t\n    spans:\n    - {annotator: a.b|a, path: s, labels: [{from: l, layer: x}]}\n    - {annotator: 'a |  | b', path: s, labels: [{from: l, layer: x}]}\n    - {annotator: a..b | a, path: s, labels: [{from: l, layer: x}]}\n", []string{
		`c.yaml:8:19: corpora[0].json.spans[0].annotator: "a.b|a" is not one path, nor several (several have " | " between them, e.g. completed_by.id | completed_by)`,
		`c.yaml:9:19: corpora[0].json.spans[1].annotator: "a |  | b" is not one path, nor several (several have " | " between them, e.g. completed_by.id | completed_by)`,
		`c.yaml:10:19: corpora[0].json.spans[2].annotator: "a..b" is no path (names of keys and numbers of elements, with a dot between them)`,
	}},
	"labels": {"  format: json\n  taxonomy: t.yaml\n  json:\n    text: t\n    labels:\n    - {from: a..b, layer: x, layer_from: .c}\n    - {from: a}\n    - {from: a, layer: l, scheme: bio}\n    - {from: a, patterns: ['{b', '{polarity}', '{lable}-{layer}', '{label}'], polarity: p}\n    - {from: a, layer: l, patterns: ['{layer}{label}'], scheme: iob}\n", []string{
		`c.yaml:9:14: corpora[0].json.labels[0].from: "a..b" is no path (names of keys and numbers of elements, with a dot between them)`,
		`c.yaml:9:27: corpora[0].json.labels[0].layer: the taxonomy has no layer "x" (did you mean l?)`,
		`c.yaml:9:42: corpora[0].json.labels[0].layer_from: ".c" is no path (names of keys and numbers of elements, with a dot between them)`,
		"c.yaml:9:42: corpora[0].json.labels[0].layer_from: there is a layer too (keep one of the two)",
		"c.yaml:10:7: corpora[0].json.labels[1]: has no layer (add layer, layer_from, or a pattern that captures {layer})",
		"c.yaml:11:35: corpora[0].json.labels[2].scheme: belongs to the format columns, and the format is json (remove it)",
		"c.yaml:12:28: corpora[0].json.labels[3].patterns[0]: { without its }",
		"c.yaml:12:34: corpora[0].json.labels[3].patterns[1]: captures {polarity}, and it is said above where it stands (keep one of the two)",
		"c.yaml:12:34: corpora[0].json.labels[3].patterns[1]: captures no {label} (write {label} or {label:regexp} where the label stands)",
		"c.yaml:12:34: corpora[0].json.labels[3].patterns[1]: captures no {layer} (add layer or layer_from, or write {layer} where the layer stands)",
		"c.yaml:12:48: corpora[0].json.labels[3].patterns[2]: captures {lable}, which is no part of a label (did you mean {label}?)",
		"c.yaml:12:48: corpora[0].json.labels[3].patterns[2]: captures no {label} (write {label} or {label:regexp} where the label stands)",
		"c.yaml:12:67: corpora[0].json.labels[3].patterns[3]: captures no {layer} (add layer or layer_from, or write {layer} where the layer stands)",
		"c.yaml:13:38: corpora[0].json.labels[4].patterns[0]: captures {layer}, and it is said above where it stands (keep one of the two)",
		`c.yaml:13:65: corpora[0].json.labels[4].scheme: "iob" is not allowed (one of none, bio)`,
	}},
	"layers of an open taxonomy": {"  format: json\n  json: {text: t, labels: [{from: a, layer: anything}, {from: a, layer: Any thing}]}\n", []string{
		`c.yaml:5:73: corpora[0].json.labels[1].layer: "Any thing" is no name of a layer (write lower-case letters, digits and underscores, a letter first)`,
	}},
	"no text": {"  format: json\n", []string{
		"c.yaml:3:3: corpora[0].json: has neither text nor sentences (say where the text stands, or the lists of sentences that it is made of)",
	}},
	"two texts": {"  format: jsonl\n  json: {text: a, sentences: [{path: b}]}\n", []string{
		"c.yaml:5:30: corpora[0].json.sentences: there is a text too (keep one of the two: a text is made of sentences where it stands nowhere as a whole)",
	}},
	"spans": {"  format: json\n  json:\n    annotated_where: answer\n    sentences: [{path: s, text: t, labels: [{from: a, layer: l, link: b}]}]\n    spans:\n    - {path: p, start: a, labels: [{from: c, layer: d}]}\n    - {path: p, end: a, where: x, labels: [{from: c, layer: d, link: e}]}\n    - {path: p, labels: []}\n    - {}\n", []string{
		`c.yaml:6:22: corpora[0].json.annotated_where: "answer" is no condition (path=value, e.g. type=labels)`,
		"c.yaml:7:44: corpora[0].json.sentences[0].labels: have a link, and only those of spans may (remove it)",
		"c.yaml:9:5: corpora[0].json.spans: there is no text that their offsets could count in (add text)",
		"c.yaml:9:7: corpora[0].json.spans[0]: has a start and no end (add end)",
		"c.yaml:10:7: corpora[0].json.spans[1]: has an end and no start (add start)",
		`c.yaml:10:32: corpora[0].json.spans[1].where: "x" is no condition (path=value, e.g. type=labels)`,
		"c.yaml:10:43: corpora[0].json.spans[1].labels: have a link, and there are no links (say what they join, e.g. links: [{kind: evidence, from: Claim, to: Evidence}])",
		"c.yaml:11:25: corpora[0].json.spans[2].labels: is empty (at least 1)",
		"c.yaml:12:7: corpora[0].json.spans[3].path: is missing (want text)",
		"c.yaml:12:7: corpora[0].json.spans[3].labels: is missing (want a list of entries)",
	}},
	"relations": {"  format: json\n  json:\n    sentences: [{path: s, text: t, role: review}, {path: r, text: t}]\n    relations:\n    - {path: s, kind: a, to: b, to_role: reviw}\n    - {path: q, kind: a, kind_from: b, to: c}\n    - {path: r, from: a, to: c, to_role: review}\n    links: [{kind: k, from: a, to: b}]\n", []string{
		`c.yaml:8:42: corpora[0].json.relations[0].to_role: no list of sentences has the role "reviw" (did you mean review?)`,
		"c.yaml:9:7: corpora[0].json.relations[1]: has no from, and path is no list of sentences (add from)",
		"c.yaml:9:37: corpora[0].json.relations[1].kind_from: there is a kind too (keep one of the two)",
		"c.yaml:9:44: corpora[0].json.relations[1].to: leads to the id of a span, and no span has one (add id to spans, or to_role for the number of a sentence)",
		"c.yaml:10:7: corpora[0].json.relations[2]: has no kind (add kind, or kind_from)",
		"c.yaml:11:12: corpora[0].json.links: no label has a link (say where it stands: link, or {link} in a pattern of a label)",
	}},
	"roles without a name": {"  format: json\n  json:\n    sentences: [{path: s, text: t}]\n    relations: [{path: s, kind: a, to: b, to_role: review}]\n", []string{
		`c.yaml:7:52: corpora[0].json.relations[0].to_role: no list of sentences has the role "review" (add role to the one that is meant)`,
	}},
	"columns": {"  format: columns\n  fields: [{from: papr, name: paper_id}]\n  columns:\n    names: [paper, '', paper, '3', tag]\n    text: tgg\n    role: -2\n    labels: [{from: '', layer: l}, {from: '7', layer: l, scheme: ''}, {from: tga, layer: l, link: '-1'}]\n", []string{
		`c.yaml:5:19: corpora[0].fields[0].from: no column is named "papr" (did you mean paper?, or its number from 0)`,
		"c.yaml:7:20: corpora[0].columns.names[1]: is empty",
		`c.yaml:7:24: corpora[0].columns.names[2]: "paper" stands there already (give each column a name of its own)`,
		`c.yaml:7:31: corpora[0].columns.names[3]: "3" would be the number of a column (give it a name that is no number)`,
		`c.yaml:8:11: corpora[0].columns.text: no column is named "tgg" (did you mean tag?, or its number from 0)`,
		"c.yaml:9:11: corpora[0].columns.role: want text, found the number -2 (put it in quotation marks)",
		"c.yaml:10:13: corpora[0].columns.labels: have a link, and there are no links (say what they join, e.g. links: [{kind: evidence, from: Claim, to: Evidence}])",
		"c.yaml:10:21: corpora[0].columns.labels[0].from: is empty (name the column)",
		`c.yaml:10:78: corpora[0].columns.labels[2].from: no column is named "tga" (did you mean tag?, or its number from 0)`,
	}},
	"columns without names": {"  format: columns\n  columns: {labels: [{from: tag, layer: l}, {from: '1', layer: l}]}\n", []string{
		`c.yaml:5:29: corpora[0].columns.labels[0].from: the columns have no names, and "tag" is none of their numbers (write its number, from 0)`,
	}},
	"csv": {"  format: csv\n  csv: {separator: '||', labels: [{from: '', layer: l}, {from: '-1', layer: l, link: x}]}\n", []string{
		"c.yaml:5:8: corpora[0].csv: has no text (name the column of the text)",
		`c.yaml:5:20: corpora[0].csv.separator: "||" is no separator (one character that is no quotation mark, or tab)`,
		"c.yaml:5:34: corpora[0].csv.labels: have a link, and the format csv has no links (remove it)",
		"c.yaml:5:42: corpora[0].csv.labels[0].from: is empty (name the column)",
		"c.yaml:5:64: corpora[0].csv.labels[1].from: there is no column -1 (they count from 0)",
	}},
	"csv without header": {"  format: csv\n  csv: {separator: '\"', header: false, text: text, labels: [{from: '-1', layer: l}]}\n", []string{
		`c.yaml:5:20: corpora[0].csv.separator: "\"" is no separator (one character that is no quotation mark, or tab)`,
		`c.yaml:5:46: corpora[0].csv.text: the columns have no names, and "text" is none of their numbers (write its number, from 0)`,
		"c.yaml:5:68: corpora[0].csv.labels[0].from: there is no column -1 (they count from 0)",
	}},
	"brat": {"  format: brat\n  taxonomy: t.yaml\n  brat: {layer: types, note_layer: l}\n", []string{
		`c.yaml:6:17: corpora[0].brat.layer: the taxonomy has no layer "types" (one of l)`,
	}},
	"no such format": {"  format: xml\n  json: {txt: a}\n", []string{
		`c.yaml:4:11: corpora[0].format: "xml" is not allowed (one of inline, json, jsonl, columns, csv, brat)`,
		"c.yaml:5:10: corpora[0].json.txt: unknown key (did you mean text?)",
	}},
}

const corpusHead = "corpora:\n\n- name: c\n"

// formatConfig is a config with the corpus.
func formatConfig(corpus string) string {
	if !strings.Contains(corpus, "taxonomy:") {
		corpus += "  taxonomy: open\n"
	}
	return corpusHead + corpus + "  root: corpus\n"
}

func TestFormatMistakes(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(formatMistakes)) {
		tt := formatMistakes[name]
		t.Run(name, func(t *testing.T) {
			mistakeFolder(t, map[string]string{"c.yaml": formatConfig(tt.corpus)})
			_, err := Load(Options{Path: "c.yaml"})
			if diff := cmp.Diff(tt.want, lines(t, err)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Corpora that are as they should be, for each of what the mistakes are mistakes of.
var formatCorpora = map[string]string{
	"sentences": "  format: json\n  fields: [{from: metadata.conference, pattern: '{venue:[A-Z]+}{year:[0-9]+}'}, {from: metadata.id, name: paper_id}]\n" +
		"  document_id: '{paper_id}-{record}'\n  json:\n    sentences:\n    - {path: review, role: review, text: text, after: suffix, labels: [{from: aspect, layer: aspect, polarity: polarity, patterns: ['asp_{label}']}]}\n" +
		"    - {path: reply, role: reply, text: text, labels: [{from: action, layer: action, scheme: ''}]}\n    relations: [{path: reply, kind_from: align.0, to: align.1, to_role: review, attributes: details}]\n",
	"spans": "  format: jsonl\n  json:\n    text: text\n    offsets: utf16\n    spans: [{path: label, start: '0', end: '1', labels: [{from: '2', layer: claim, patterns: ['{label:[A-Z]+}_{polarity}_{link}']}]}]\n    links: [{kind: evidence, from: C, to: E}]\n",
	"ids": "  format: json\n  json:\n    records: data.items\n    text: data.text\n    spans: [{each: annotations, annotator: by, path: result, where: type=labels, id: id, start: value.start, end: value.end, labels: [{from: value.labels, layer_from: from_name}]}]\n" +
		"    relations: [{each: annotations, path: result, where: type=relation, kind_from: labels, from: from_id, to: to_id}]\n",
	"whole text": "  format: jsonl\n  json: {text: text, labels: [{from: label, layer: stance}], spans: [{path: all, labels: [{from: '', layer: tone}]}]}\n",
	"columns": "  format: columns\n  document_id: '{paper_id}'\n  same_id: append\n  fields: [{from: paper, name: paper_id}]\n  columns:\n    unit: sentence\n    names: [sentence, tag, link, side, paper]\n    role: side\n" +
		"    labels: [{from: tag, layer: argument, scheme: bio}, {from: '-3', layer: argument, scheme: none, link: link}]\n    links: [{kind: pair, from: Review, to: Reply}]\n",
	"csv":        "  format: csv\n  document_id: '{paper_id}'\n  same_id: annotators\n  fields: [{from: who, name: annotator}, {from: paper, name: paper_id}]\n  csv: {separator: tab, text: '0', labels: [{from: tone, layer: tone}]}\n  splits: {group_by: '{paper_id}', stratify_by: annotator, shares: [{name: train, share: 66.6%}, {name: test, share: 33.4%}]}\n",
	"no header":  "  format: csv\n  csv: {separator: ';', header: false, text: '1', labels: [{from: '0', layer: tone}]}\n",
	"brat":       "  format: brat\n  paths: ['{annotator}/{paper_id}.txt']\n  document_id: '{paper_id}'\n  same_id: annotators\n  brat: {layer: entity, note_layer: ''}\n",
	"brat notes": "  format: brat\n  taxonomy: t.yaml\n  brat: {layer: l}\n",
	"defaults":   "  format: jsonl\n  json: {text: t, labels: []}\n  inline: {escapes: auto}\n  csv: {separator: ',', header: true, labels: []}\n  brat: {}\n",
}

func TestFormatCorpora(t *testing.T) {
	s := compileSchema(t)
	for name, corpus := range formatCorpora {
		config := formatConfig(corpus)
		mistakeFolder(t, map[string]string{"c.yaml": config})
		got, err := Load(Options{Path: "c.yaml"})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if c := got.Config.Corpora[0]; !slices.Equal(c.Include, DefaultInclude(c.Format)) {
			t.Errorf("%s: include is %v", name, c.Include)
		}
		doc, ok := asJSON(t, []byte(config))
		if err := s.Validate(doc); !ok || err != nil {
			t.Errorf("%s: the schema refuses it: %v", name, err)
		}
	}
}

// What a field captures is a column to partition by, and so is a split.
func TestPartitionsOfFields(t *testing.T) {
	corpus := formatCorpora["csv"]
	folder(t, map[string]string{"c.yaml": formatConfig(corpus) + "output: {partition_by: [paper_id, split, corpus]}\n"})
	if _, err := Load(Options{Path: "c.yaml"}); err != nil {
		t.Error(err)
	}
}
