package config

import "strings"

// Field is an attribute, or several, that a value in a document gives.
type Field struct {
	From    string `mapstructure:"from" doc:"Where the value stands: a path in JSON, a column in csv and columns." jsonschema:"required" example:"metadata.conference" hash:"yes"`
	Name    string `mapstructure:"name" doc:"The attribute: one of paper_id, venue, year, reviewer, decision, split, annotator, rating; any other name goes to the column attributes. Empty: pattern names them." example:"venue" hash:"yes"`
	Pattern string `mapstructure:"pattern" doc:"Pattern that captures attributes from the value, as those of paths do. Where it does not fit, a field behind it with the same from may: with another pattern, or with a name." example:"{venue:[A-Z]+}{year:[0-9]{4}}" hash:"yes"`
}

// Splits divide documents into parts such as train, dev and test.
type Splits struct {
	GroupBy    string       `mapstructure:"group_by" doc:"What must not stand in two splits, made of attributes, e.g. {paper_id}: all documents with one value go to the same split, which a hash of the value chooses. Empty: no splits are made. A split that the path or a field gives wins." example:"{paper_id}" hash:"set"`
	Shares     []SplitShare `mapstructure:"shares" doc:"The splits, each with its share of the groups. They add up to 100%." hash:"set"`
	StratifyBy string       `mapstructure:"stratify_by" doc:"Attribute whose values each split shall have in the same proportion: the groups of each value are divided on their own, exactly. Groups may then change splits when the corpus grows; without it they never do." example:"decision" hash:"set"`
	Seed       string       `mapstructure:"seed" doc:"Another seed makes other splits." hash:"set"`
}

// SplitShare is one split.
type SplitShare struct {
	Name  string  `mapstructure:"name" doc:"Name of the split, as it stands in the tables." jsonschema:"required,minLength=1" example:"train" hash:"yes"`
	Share Percent `mapstructure:"share" doc:"Share of the groups." jsonschema:"required" example:"80%" hash:"yes"`
}

// LabelField says where a label stands, and what it is a label of. Where the value
// is a list, each element is a label.
type LabelField struct {
	From      string   `mapstructure:"from" doc:"Where the label stands." example:"label" hash:"yes"`
	Layer     string   `mapstructure:"layer" doc:"Its layer. Empty: layer_from or a pattern gives it." example:"aspect" hash:"yes"`
	LayerFrom string   `mapstructure:"layer_from" doc:"Where the name of its layer stands." hash:"yes"`
	Polarity  string   `mapstructure:"polarity" doc:"Where its polarity stands, if not in the label." hash:"yes"`
	Patterns  []string `mapstructure:"patterns" doc:"Patterns that take what stands there apart; the first that fits is used. {label} is the label, {polarity} its polarity, {layer} its layer, {link} what it has in common with others that it belongs to, see links." example:"[\"{label:Claim|Evidence}_{polarity:pos|neg}_{link:[0-9]+}\"]" hash:"yes"`
	Link      string   `mapstructure:"link" doc:"Where the link stands, if not in the label." hash:"yes"`
	Scheme    string   `mapstructure:"scheme" doc:"In the format columns: how lines that belong together are marked. none: each line has a label of its own. bio: B- starts a span, I- continues it, O is none. IOB1, where spans start with I-, IOBES, BILOU and BMES, which mark their ends too, and labels without a prefix are read as well: the tags of a document tell." jsonschema:"enum=none,enum=bio" hash:"yes"`
}

// Link joins spans that have a link in common.
type Link struct {
	Kind string `mapstructure:"kind" doc:"Kind of the relation, as it stands in the table." jsonschema:"required,minLength=1" example:"evidence" hash:"yes"`
	From string `mapstructure:"from" doc:"Label of the spans that it starts at. It leads to every span with the label to, the same link and the same polarity." jsonschema:"required" example:"Claim" hash:"yes"`
	To   string `mapstructure:"to" doc:"Label of the spans that it leads to." jsonschema:"required" example:"Evidence" hash:"yes"`
}

// JSON are the settings of the formats json and jsonl.
type JSON struct {
	Records   string          `mapstructure:"records" doc:"In the format json: where the list of documents stands, of which each is one. Empty: if the file is a list, its elements are the documents, else it is one itself." hash:"set"`
	Text      string          `mapstructure:"text" doc:"Where the text stands. Empty: the text is made of the sentences." hash:"set"`
	Annotated string          `mapstructure:"annotated_where" doc:"Which documents were annotated, as where in spans. Another has its text and no labels, and who it names is no annotator: the answer of someone who skipped it. Empty: all." example:"answer=accept" hash:"set"`
	Offsets   string          `mapstructure:"offsets" doc:"What the offsets of spans count." jsonschema:"enum=code_points,enum=bytes,enum=utf16" hash:"set"`
	Labels    []LabelField    `mapstructure:"labels" doc:"Labels on the text as a whole." hash:"set"`
	Sentences []JSONSentences `mapstructure:"sentences" doc:"Lists of sentences, of which the text is made, in this order." hash:"set"`
	Spans     []JSONSpans     `mapstructure:"spans" doc:"Lists of labelled stretches of the text." hash:"set"`
	Relations []JSONRelations `mapstructure:"relations" doc:"Lists of what joins two sentences or spans." hash:"set"`
	Links     []Link          `mapstructure:"links" doc:"Relations between spans that have a link in common." hash:"set"`
}

// JSONSentences is a list of sentences.
type JSONSentences struct {
	Path    string       `mapstructure:"path" doc:"Where the list stands, or a single one: a document may be a sentence." jsonschema:"required" example:"sentences" hash:"yes"`
	Role    string       `mapstructure:"role" doc:"Whose part of the document it is: the column role." example:"review" hash:"yes"`
	Text    string       `mapstructure:"text" doc:"Where in an element the sentence stands. Empty: the element is the sentence." example:"text" hash:"yes"`
	After   string       `mapstructure:"after" doc:"Where in an element stands what follows the sentence: white space, as a rule. Where it is empty, between is put there if another sentence follows." hash:"yes"`
	Between string       `mapstructure:"between" doc:"What stands between two sentences where after gives nothing. Empty: a space. Between two lists stands a blank line." hash:"yes"`
	Labels  []LabelField `mapstructure:"labels" doc:"The labels of a sentence. One that has a place for none of them, not even with null in it, counts as not annotated." hash:"yes"`
}

// JSONSpans is a list of labelled stretches of the text.
type JSONSpans struct {
	Each      string       `mapstructure:"each" doc:"List of sets of annotations, one an annotator; the paths below start at its elements. Empty: they start at the document." hash:"yes"`
	EachWhere string       `mapstructure:"each_where" doc:"Which of the sets count, or without each which documents have spans that do: as in where. Empty: all." example:"was_cancelled!=true" hash:"yes"`
	Annotator string       `mapstructure:"annotator" doc:"Where the annotator stands. Of several places with | between them, the first where something stands counts." example:"completed_by.id | completed_by" hash:"yes"`
	Path      string       `mapstructure:"path" doc:"Where the list of spans stands, or a single one." jsonschema:"required" example:"spans" hash:"yes"`
	Where     string       `mapstructure:"where" doc:"Which of its elements count: path=value, or path!=value for all others, and several with && between them. Without a value: where nothing stands. Empty: all." example:"type=labels" hash:"yes"`
	ID        string       `mapstructure:"id" doc:"Where in an element its id stands, for relations." hash:"yes"`
	Start     string       `mapstructure:"start" doc:"Where in an element the offset of its start stands, from 0. Empty, as end: the whole text." example:"start" hash:"yes"`
	End       string       `mapstructure:"end" doc:"Where in an element the offset behind its last character stands." example:"end" hash:"yes"`
	Labels    []LabelField `mapstructure:"labels" doc:"The labels of a span." jsonschema:"required,minItems=1" hash:"yes"`
}

// Places are the places in JSON that a setting names, several of which have | between
// them.
func Places(setting string) []string { return strings.Split(setting, " | ") }

// JSONRelations is a list of what joins two sentences or spans.
type JSONRelations struct {
	Each       string `mapstructure:"each" doc:"As in spans." hash:"yes"`
	EachWhere  string `mapstructure:"each_where" doc:"As in spans." hash:"yes"`
	Annotator  string `mapstructure:"annotator" doc:"As in spans." hash:"yes"`
	Path       string `mapstructure:"path" doc:"Where the list of relations stands, or a list of sentences that each start some." jsonschema:"required" example:"relations" hash:"yes"`
	Where      string `mapstructure:"where" doc:"As in spans." hash:"yes"`
	Kind       string `mapstructure:"kind" doc:"Kind of the relation, as it stands in the table. Empty: kind_from gives it." hash:"yes"`
	KindFrom   string `mapstructure:"kind_from" doc:"Where in an element its kind stands, or a list of kinds. Where nothing stands there, there is no relation." example:"type" hash:"yes"`
	From       string `mapstructure:"from" doc:"Where in an element the start of the relation stands: the id of a span, or the number of a sentence. Empty: the sentence that the element is." example:"from_id" hash:"yes"`
	FromRole   string `mapstructure:"from_role" doc:"Where from is the number of a sentence: the role of the list in which it is counted, from 0. Empty: from is the id of a span." hash:"yes"`
	To         string `mapstructure:"to" doc:"Where in an element its end stands, or a list of ends. Where nothing stands there, it leads to the document." example:"to_id" hash:"yes"`
	ToRole     string `mapstructure:"to_role" doc:"The role of the list of sentences in which sentences are counted, from 0. Empty: to is the id of a span." hash:"yes"`
	Attributes string `mapstructure:"attributes" doc:"Where in an element stands what else is said of the relation: keys and values, or a single value." hash:"yes"`
}

// Columns are the settings of the format columns.
type Columns struct {
	Unit      string       `mapstructure:"unit" doc:"What a line holds: a token, and the text is made of tokens with spaces between them, or a sentence, and it is made of lines." jsonschema:"enum=token,enum=sentence" hash:"set"`
	Separator string       `mapstructure:"separator" doc:"What stands between columns: one tab, or space for any number of spaces and tabs." jsonschema:"enum=tab,enum=space" hash:"set"`
	Names     []string     `mapstructure:"names" doc:"Names of the columns, in their order. Where there are more columns than names, the others go by their number from 0, as all may; from the end, -1 is the last." example:"[\"token\", \"pos\", \"chunk\", \"ner\"]" hash:"set"`
	BlankLine string       `mapstructure:"blank_line" doc:"What a blank line ends: a document; or a sentence, and then a document starts with a line that starts with document_start." jsonschema:"enum=document,enum=sentence" hash:"set"`
	DocStart  string       `mapstructure:"document_start" doc:"How a line starts that starts a document, e.g. -DOCSTART- or # newdoc; it is no part of the text. Empty: none does." hash:"set"`
	Comment   string       `mapstructure:"comment" doc:"How a line starts that is a comment, e.g. #, and no part of the text. Empty: none is." hash:"set"`
	Text      string       `mapstructure:"text" doc:"The column of the token or sentence. Empty: the first." hash:"set"`
	Role      string       `mapstructure:"role" doc:"The column that says whose part of the document a sentence stands in: the column role of the tables, in lower case." hash:"set"`
	Labels    []LabelField `mapstructure:"labels" doc:"The columns of labels." hash:"set"`
	Links     []Link       `mapstructure:"links" doc:"Relations between spans that have a link in common." hash:"set"`
}

// CSV are the settings of the format csv.
type CSV struct {
	Separator string       `mapstructure:"separator" doc:"What stands between columns: one character, or tab. Quotation marks around a field are as in RFC 4180." jsonschema:"minLength=1" hash:"set"`
	Header    bool         `mapstructure:"header" doc:"Whether the first row of a file names the columns." hash:"set"`
	Text      string       `mapstructure:"text" doc:"The column of the text." hash:"set"`
	Role      string       `mapstructure:"role" doc:"The column that says whose part of the document a row is: the column role of the tables, in lower case." hash:"set"`
	Between   string       `mapstructure:"between" doc:"What is put between the texts of rows that make one document, see same_id." hash:"set"`
	Labels    []LabelField `mapstructure:"labels" doc:"The columns of labels." hash:"set"`
}

// Brat are the settings of the format brat.
type Brat struct {
	Layer     string `mapstructure:"layer" doc:"Layer of the types of text-bound annotations and events. Attributes are labels of layers with their own names, in lower case with underscores." jsonschema:"pattern=^[a-z][a-z0-9_]*$" hash:"set"`
	NoteLayer string `mapstructure:"note_layer" doc:"Layer of annotators' notes, each of which is a label. Empty: notes are left out." hash:"set"`
}
