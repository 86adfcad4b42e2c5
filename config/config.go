package config

// Config is a whole configuration.
//
// Each field has a doc tag, from which the reference file, the JSON Schema and
// the help of flags are made. Default is the only home of default values. Maps
// are not used: viper folds their keys to lower case. The hash tag says what of the
// output a setting can change, see OutputHash and CorpusHash: yes, the tables; set,
// the same for one that came later, and does only where it is not its default, so
// that what was made before stays good; snapshot, no table, but, where it is not its
// default, other files of a snapshot; no, nothing. The example tag is what the
// reference file shows for a key without default.
type Config struct {
	Output  Output   `mapstructure:"output" doc:"Where the tables go, and how they are written."`
	Run     Run      `mapstructure:"run" doc:"How a run goes about it. Nothing here changes what is written."`
	Limits  Limits   `mapstructure:"limits" doc:"Bounds against input that is not what it should be."`
	Dataset Dataset  `mapstructure:"dataset" doc:"What the dataset card and the Croissant metadata of a snapshot say, so that others find the dataset and can cite it. Nothing here changes a table."`
	Corpora []Corpus `mapstructure:"corpora" doc:"The corpora to convert, at least one." jsonschema:"required,minItems=1" hash:"yes"`
}

// Output says where the tables go, and how they are written.
type Output struct {
	Dir              string `mapstructure:"dir" doc:"Folder of the snapshots: OUT/current leads to the last complete one. It is made if there is none. A relative path starts at the config file's folder." jsonschema:"minLength=1" hash:"no"`
	PartBytes        Bytes  `mapstructure:"part_bytes" doc:"How much source text goes into one Parquet file of each table, on average." jsonschema:"minimum=1" hash:"yes"`
	RowGroupRows     int    `mapstructure:"row_group_rows" doc:"Rows per row group, at most. The rows of a document stand in one row group, even if they are more." jsonschema:"minimum=1000,maximum=10000000" hash:"yes"`
	CompressionLevel string `mapstructure:"compression_level" doc:"zstd level: fastest, default (a few percent more CPU, 7% smaller), better or best." jsonschema:"enum=fastest,enum=default,enum=better,enum=best" hash:"yes"`
	Format           string `mapstructure:"format" doc:"Files of the tables. parquet: what every reader takes. arrow: Arrow IPC files below arrow/, which pyarrow and Polars map into memory: they are not compressed, and some nine times as large. DuckDB and Spark do not read them. both: the one beside the other." jsonschema:"enum=parquet,enum=arrow,enum=both" hash:"set"`

	PartitionBy      []string `mapstructure:"partition_by" doc:"Columns after whose values folders of documents, sentences, labels and relations are named, such as labels/decision=accepted/year=2018, in this order: readers that look for a value leave the other folders alone. Few values make few folders, and large files. rating, a number with a fraction, cannot be one of them. As a flag or variable, with commas between them." jsonschema:"uniqueItems=true,enum=corpus,enum=paper_id,enum=venue,enum=year,enum=reviewer,enum=decision,enum=split,enum=annotator" hash:"set"`
	PartitionColumns string   `mapstructure:"partition_columns" doc:"What becomes of these columns in the files. keep: they stay, so that a single file, a glob of files and Hugging Face datasets have all columns, and DuckDB, Spark and Polars have them where they are documented; only pyarrow and pandas have to be told partitioning=None. drop: the names of the folders alone have them. docs/partitions.md says what each reader makes of it." jsonschema:"enum=keep,enum=drop" hash:"set"`
}

// Run says how a run goes about it.
type Run struct {
	Workers   int         `mapstructure:"workers" doc:"Processors that are used, and parts that are made at the same time. 0 means all processors." jsonschema:"minimum=0,maximum=1024" hash:"no"`
	OnError   string      `mapstructure:"on_error" doc:"What a document that cannot be converted does: skip refuses it, with a diagnostic, and goes on; fail ends the run, and nothing is published." jsonschema:"enum=skip,enum=fail" hash:"no"`
	MaxShrink Percent     `mapstructure:"max_shrink" doc:"Share of its documents that a corpus may have lost since the snapshot before. If it lost more, nothing is published, and the run fails with exit code 1. 100% turns the check off." hash:"no"`
	Verify    string      `mapstructure:"verify" doc:"What is checked before a snapshot is published: full reads every part back with an independent reader and compares every value's span, key and count; fast checks sizes, footers, schemas and row counts; off checks nothing." jsonschema:"enum=full,enum=fast,enum=off" hash:"no"`
	FailOn    []Threshold `mapstructure:"fail_on" doc:"Thresholds above which nothing is published, and the run fails with exit code 1. Each is a count, or a share of the documents or of the label rows. documents_refused counts documents, labels_unresolved label rows, and the name of a diagnostic code counts its diagnostics. labels_unresolved and the codes repair-*, label-* and polarity-* are a share of the label rows, all other codes one of the documents, of which each may have several diagnostics." example:"documents_refused: 1%, label-unknown: 0" hash:"no"`
}

// Limits are bounds against hostile or mistaken input.
type Limits struct {
	DocumentBytes          Bytes `mapstructure:"document_bytes" doc:"Size of a file, at most, unpacked if it is compressed. A larger one is refused." jsonschema:"minimum=1,maximum=1073741824" hash:"yes"`
	ArchiveBytes           Bytes `mapstructure:"archive_bytes" doc:"What the members of an archive hold together, unpacked, at most. With more, the run fails: the archive is a bomb, or the limit is to be raised. It bounds what a single compressed file of records holds too, which is then refused." jsonschema:"minimum=1" hash:"no"`
	MemoryBytes            Bytes `mapstructure:"memory_bytes" doc:"Memory that documents on their way may take, estimated from their size. A larger document is worked on alone." jsonschema:"minimum=67108864" hash:"no"`
	PathDepth              int   `mapstructure:"path_depth" doc:"Folders within folders below root, at most. What lies deeper is not read, and reported." jsonschema:"minimum=1,maximum=4096" hash:"yes"`
	GroupBytes             Bytes `mapstructure:"group_bytes" doc:"Length of a label group, at most. A longer one stays text." jsonschema:"minimum=1" hash:"yes"`
	DiagnosticsPerDocument int   `mapstructure:"diagnostics_per_document" doc:"Diagnostics that are kept for a document, at most. The rest are counted." jsonschema:"minimum=1" hash:"yes"`
}

// Dataset says what the tables are as a whole: what README.md and croissant.json
// of a snapshot are made of, besides what is known from the tables.
type Dataset struct {
	Title               string    `mapstructure:"title" doc:"Title. Empty: the names of the corpora." example:"Reviews of machine learning papers" hash:"snapshot"`
	Description         string    `mapstructure:"description" doc:"What the dataset is, where it comes from and what it is for, in plain text; a blank line starts a paragraph." example:"Reviews from two years, each sentence labelled with what it speaks of." hash:"snapshot"`
	Licence             string    `mapstructure:"licence" doc:"Licence of the whole: an SPDX identifier, such as CC-BY-4.0 or MIT, or other. Empty: the licences of the corpora." example:"CC-BY-4.0" hash:"snapshot"`
	LicenceName         string    `mapstructure:"licence_name" doc:"Name of the licence, where it is other." hash:"snapshot"`
	LicenceURL          string    `mapstructure:"licence_url" doc:"Where the licence can be read, where it is other." hash:"snapshot"`
	Languages           []string  `mapstructure:"languages" doc:"Languages of the text, as tags of BCP 47 in the case that it uses, e.g. en or pt-BR." example:"[\"en\"]" hash:"snapshot"`
	Citation            string    `mapstructure:"citation" doc:"How to cite the dataset: BibTeX, or text. Empty: the citations of the corpora." example:"A. Writer: Reviews of machine learning papers, 2026." hash:"snapshot"`
	URL                 string    `mapstructure:"url" doc:"Page of the dataset on the web." example:"https://example.org/reviews" hash:"snapshot"`
	Creators            []Creator `mapstructure:"creators" doc:"Who made the dataset." hash:"snapshot"`
	Keywords            []string  `mapstructure:"keywords" doc:"Words by which it is to be found." example:"[\"peer review\", \"argument mining\"]" hash:"snapshot"`
	AnnotationsCreators []string  `mapstructure:"annotations_creators" doc:"How the labels came about, in the words of Hugging Face." jsonschema:"enum=crowdsourced,enum=expert-generated,enum=found,enum=machine-generated" example:"[\"expert-generated\"]" hash:"snapshot"`
	Version             string    `mapstructure:"version" doc:"Version of the dataset, MAJOR.MINOR.PATCH." example:"1.0.0" hash:"snapshot"`
	DatePublished       string    `mapstructure:"date_published" doc:"Day of publication, as year, month and day." example:"2026-03-31" hash:"snapshot"`
}

// Creator is one of those who made the dataset.
type Creator struct {
	Name         string `mapstructure:"name" doc:"Name in full." jsonschema:"required,minLength=1" example:"A. Writer" hash:"snapshot"`
	URL          string `mapstructure:"url" doc:"Page on the web." example:"https://example.org/writer" hash:"snapshot"`
	ORCID        string `mapstructure:"orcid" doc:"ORCID of a person." example:"0000-0002-1825-0097" hash:"snapshot"`
	Organization bool   `mapstructure:"organization" doc:"Whether it is an organization, and not a person." hash:"snapshot"`
}

// Corpus describes one corpus: where it is, which files are its documents, and
// how they are read.
type Corpus struct {
	Name           string      `mapstructure:"name" doc:"Name of the corpus: it stands in every row, and before each document id. Letters, digits, dot, hyphen and underscore." jsonschema:"required,pattern=^[A-Za-z0-9][A-Za-z0-9._-]*$" example:"reviews" hash:"yes"`
	Profile        string      `mapstructure:"profile" doc:"A shipped configuration, such as disapere, whose one corpus this one is laid out like: keys that are not set here are as there, but for root. Empty: none." hash:"no"`
	Root           string      `mapstructure:"root" doc:"Folder of the corpus, or an archive that is read as if it were unpacked: .zip, .tar, .tar.gz, .tgz or .tar.zst. A relative path starts at the config file's folder." jsonschema:"minLength=1,required" example:"../examples/reviews" hash:"no"`
	Format         string      `mapstructure:"format" doc:"How documents carry their labels. inline: in brackets in the text. json: a JSON file is a document, or holds a list of them. jsonl: each line is a document as JSON. columns: a token or sentence a line, with its labels in columns. csv: a table with a sentence or document a row. brat: a text, and its annotations in an .ann file beside it. Each has settings of its own below, and docs/formats.md describes them." jsonschema:"enum=inline,enum=json,enum=jsonl,enum=columns,enum=csv,enum=brat" hash:"yes"`
	Taxonomy       string      `mapstructure:"taxonomy" doc:"The labels: the name of a built-in taxonomy, or the path of a YAML file." jsonschema:"minLength=1,required" example:"peer-review-analyze" hash:"no"`
	Include        []string    `mapstructure:"include" doc:"Globs of the files that are documents, relative to root. ** matches any number of folders. A file whose name ends with .gz or .zst is read as what it unpacks to: globs, patterns and ids have its name without that end. Where it is not set, it follows the format: **/*.json, **/*.{jsonl,ndjson}, **/*.{csv,tsv}, for columns **/*.{txt,tsv,conll,bio,iob}, and for the others the text files." jsonschema:"minItems=1" hash:"yes"`
	Exclude        []string    `mapstructure:"exclude" doc:"Globs of files that are not, whatever include says." example:"[\"**/Raw/**\"]" hash:"yes"`
	Hidden         bool        `mapstructure:"hidden" doc:"Whether files and folders whose names start with a dot are read." hash:"yes"`
	FollowSymlinks bool        `mapstructure:"follow_symlinks" doc:"Whether symbolic links are followed, within root." hash:"yes"`
	Paths          []string    `mapstructure:"paths" doc:"Patterns that capture attributes from a file's path; the first that fits is used. {name} matches within one path element, {name:regexp} what the expression matches; * and ** match anything. Of a name that stands there twice the last counts." example:"[\"{decision}/{paper_id}/Annotated/{venue:[A-Za-z]+}{year:[0-9]{4}}-{paper_id}-{reviewer:R[0-9]+}_annotated.txt\"]" hash:"yes"`
	DocumentID     string      `mapstructure:"document_id" doc:"The document's id, made of captured attributes, e.g. {paper_id}-{reviewer}. Empty, or where an attribute is missing: the path without its extension; of a record, the path and its number in the file, such as test.jsonl/000017." example:"{venue}{year}-{paper_id}-{reviewer}" hash:"yes"`
	Raw            string      `mapstructure:"raw" doc:"Path of the unannotated twin, or in the format brat of the annotations, made of captured attributes. It starts at root, or with ./ or ../ at the folder of the document. Empty: there is none; in the format brat it is that of the document, with the extension .ann." example:"../Raw/{venue}{year}-{paper_id}-{reviewer}.txt" hash:"yes"`
	Fields         []Field     `mapstructure:"fields" doc:"Attributes that the content of a document gives. They win over those of its path, and may stand in document_id. Of several that give one attribute the first counts whose pattern fits, or that has none and finds a value. Not for inline and brat." hash:"set"`
	SameID         string      `mapstructure:"same_id" doc:"What files or records with one document id are. refuse: a mistake, the first counts and the others are refused. append: pieces of one document, in the order of their paths and places. annotators: the same document, annotated by several; its labels have each one's in labels.annotator, as the attribute annotator of the path or the record says." jsonschema:"enum=refuse,enum=append,enum=annotators" hash:"set"`
	Splits         Splits      `mapstructure:"splits" doc:"How documents are divided into train, dev and test, where the corpus does not say so itself."`
	Normalize      Normalize   `mapstructure:"normalize" doc:"How the text becomes sentences."`
	Attributes     []Attribute `mapstructure:"attributes" doc:"Attributes that all documents of the corpus share. A captured one wins." hash:"yes"`
	Inline         Inline      `mapstructure:"inline" doc:"Settings of the format inline."`
	JSON           JSON        `mapstructure:"json" doc:"Settings of the formats json and jsonl: where in a document its text, sentences and labels stand. A place is a path: names of keys and numbers of elements from 0, with dots between them, such as metadata.title or label.0; empty is the value itself. A dot within a name has a backslash before it."`
	Columns        Columns     `mapstructure:"columns" doc:"Settings of the format columns."`
	CSV            CSV         `mapstructure:"csv" doc:"Settings of the format csv. A column is the name that the header gives it, or its number from 0."`
	Brat           Brat        `mapstructure:"brat" doc:"Settings of the format brat."`
	Licence        string      `mapstructure:"licence" doc:"Licence of the corpus: an SPDX identifier, such as CC-BY-4.0 or MIT, or other. The dataset card has it." example:"CC-BY-4.0" hash:"snapshot"`
	LicenceName    string      `mapstructure:"licence_name" doc:"Name of the licence, where it is other." hash:"snapshot"`
	LicenceURL     string      `mapstructure:"licence_url" doc:"Where the licence can be read, where it is other." hash:"snapshot"`
	Citation       string      `mapstructure:"citation" doc:"How to cite the corpus: BibTeX, or text." example:"A. Writer: A corpus of reviews, 2025." hash:"snapshot"`
	URL            string      `mapstructure:"url" doc:"Page of the corpus on the web." example:"https://example.org/corpus" hash:"snapshot"`
}

// Normalize says how the text becomes sentences.
type Normalize struct {
	Split string `mapstructure:"split" doc:"group: what a label group closes is one sentence, as annotated; unicode: it is split into sentences by the rules of Unicode, which share the labels." jsonschema:"enum=group,enum=unicode" hash:"yes"`
	UTF16 bool   `mapstructure:"utf16" doc:"Whether offsets in UTF-16 code units are written too, as browsers and Java count." hash:"yes"`
}

// Attribute is a constant attribute of a corpus.
type Attribute struct {
	Name  string `mapstructure:"name" doc:"One of paper_id, venue, year, reviewer, decision, split, annotator, rating; any other name goes to the column attributes." jsonschema:"required,pattern=^[a-z][a-z0-9_]*$" example:"split" hash:"yes"`
	Value string `mapstructure:"value" doc:"Its value." jsonschema:"required" example:"test" hash:"yes"`
}

// Inline are the settings of the format inline.
type Inline struct {
	Escapes string `mapstructure:"escapes" doc:"json: the file is a JSON string; none: it is plain text; auto: json if it starts or ends with a quotation mark." jsonschema:"enum=auto,enum=json,enum=none" hash:"yes"`
}

// Default is the configuration before any file, variable or flag. Corpora have
// defaults of their own, see DefaultCorpus.
func Default() Config {
	return Config{
		Output: Output{
			Dir:              "out",
			PartBytes:        16 << 20, // 16 parts for 256 MiB: enough to keep 8 processors busy, and files worth opening
			RowGroupRows:     122_880,  // flat from 32k to 1M; this is DuckDB's own
			CompressionLevel: "fastest",
			Format:           "parquet",
			PartitionColumns: "keep",
		},
		Run: Run{
			OnError:   "skip",
			MaxShrink: 20 * OnePercent, // a folder that was not mounted or half copied loses more
			Verify:    "full",
		},
		Limits: Limits{
			DocumentBytes:          16 << 20, // three orders of magnitude above a review
			ArchiveBytes:           64 << 30,
			MemoryBytes:            1 << 30,
			PathDepth:              64,      // corpora have three or four
			GroupBytes:             4 << 10, // the longest real group has 60 bytes
			DiagnosticsPerDocument: 1000,
		},
	}
}

// DefaultCorpus is a corpus before its entry in the file.
func DefaultCorpus() Corpus {
	return Corpus{
		Format:    "inline",
		Include:   []string{"**/*.txt"},
		Normalize: Normalize{Split: "group"},
		Inline:    Inline{Escapes: "auto"},
		SameID:    "refuse",
		JSON:      JSON{Offsets: "code_points"},
		Columns:   Columns{Unit: "token", Separator: "tab", BlankLine: "document"},
		CSV:       CSV{Separator: ",", Header: true, Between: "\n"},
		Brat:      Brat{Layer: "entity", NoteLayer: "note"},
	}
}
