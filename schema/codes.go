package schema

import "fmt"

// Code names a kind of diagnostic. Its text is stable: it stands in tables and
// configs.
type Code uint8

// CodeInfo documents a code.
type CodeInfo struct {
	Name     string
	Severity Severity
	Title    string // what it is, in a few words
	Cause    string
	Cure     string
}

// The diagnostic codes. Those that start with repair- name a repair rule: the
// part behind the hyphen is what stands in labels.repair.
const (
	PathNotUTF8              Code = iota // path-not-utf8
	PathUnmatched                        // path-unmatched
	FieldUnmatched                       // field-unmatched
	AttributeConflict                    // attribute-conflict
	AttributeInvalid                     // attribute-invalid
	SymlinkLoop                          // symlink-loop
	SymlinkOutside                       // symlink-outside
	SymlinkBroken                        // symlink-broken
	DirectoryUnreadable                  // directory-unreadable
	DirectoryTooDeep                     // directory-too-deep
	FileUnreadable                       // file-unreadable
	FileVanished                         // file-vanished
	FileChanging                         // file-changing
	FileEmpty                            // file-empty
	FileTooLarge                         // file-too-large
	ArchiveMemberUnsafe                  // archive-member-unsafe
	ArchiveMemberDuplicate               // archive-member-duplicate
	ArchiveMemberEncrypted               // archive-member-encrypted
	ArchiveMemberUnsupported             // archive-member-unsupported
	ArchiveMemberBroken                  // archive-member-broken
	ArchiveBomb                          // archive-bomb
	DocumentDuplicate                    // document-duplicate
	DocumentFailed                       // document-failed
	EncodingUnsupported                  // encoding-unsupported
	TwinMissing                          // twin-missing
	TwinUnreadable                       // twin-unreadable
	InvalidUTF8                          // invalid-utf8
	LoneSurrogate                        // lone-surrogate
	EscapeInvalid                        // escape-invalid
	QuoteMissing                         // quote-missing
	QuoteUnescaped                       // quote-unescaped
	ByteOrderMark                        // byte-order-mark
	GroupSuspect                         // group-suspect
	GroupWithoutText                     // group-without-text
	LabelsMissing                        // labels-missing
	TextUnlabeled                        // text-unlabeled
	TwinMismatch                         // twin-mismatch
	TextDropped                          // text-dropped
	TextEdited                           // text-edited
	AlignmentCoarse                      // alignment-coarse
	RepairEscape                         // repair-escape
	RepairBracket                        // repair-bracket
	RepairCase                           // repair-case
	RepairSeparator                      // repair-separator
	RepairAlias                          // repair-alias
	RepairLayer                          // repair-layer
	RepairSlip                           // repair-slip
	RepairPolarity                       // repair-polarity
	LabelUnknown                         // label-unknown
	LabelDuplicate                       // label-duplicate
	PolarityMissing                      // polarity-missing
	PolarityUnknown                      // polarity-unknown
	RecordMalformed                      // record-malformed
	RowMalformed                         // row-malformed
	ValueMissing                         // value-missing
	ValueUnexpected                      // value-unexpected
	SpanInvalid                          // span-invalid
	SpanRepaired                         // span-repaired
	RelationBroken                       // relation-broken
	AnnotatorMismatch                    // annotator-mismatch
	AnnotatorMissing                     // annotator-missing
	AnnotatorTwice                       // annotator-twice
	RecordUnannotated                    // record-unannotated
	LabelsLimited                        // labels-limited
	DiagnosticsTruncated                 // diagnostics-truncated
)

const codeCount = int(DiagnosticsTruncated) + 1

var codes = [codeCount]CodeInfo{
	PathNotUTF8: {
		"path-not-utf8", Info, "the file name is not UTF-8",
		"A file name holds bytes that are not UTF-8.",
		"None needed: source_path shows such bytes as \\xNN, and a backslash as \\\\, so that no two paths look the same. Rename the file if another tool stumbles over it.",
	},
	PathUnmatched: {
		"path-unmatched", Info, "no path pattern fits",
		"None of the corpus's path patterns matches the file's path, so no attribute was captured.",
		"Add a pattern to paths, or leave the file out with exclude.",
	},
	FieldUnmatched: {
		"field-unmatched", Info, "no pattern of a field fits",
		"A field of the corpus has patterns, and the value that a document has there fits none of them, so nothing was captured from it.",
		"Add a field with the same from behind it: with another pattern, or with a name that the whole value goes by.",
	},
	AttributeConflict: {
		"attribute-conflict", Warning, "two captures of one attribute disagree",
		"A path pattern captures one attribute twice, and the two differ: for example, the file name names another paper than its folder. The later capture, usually the file name, wins.",
		"Move the file to the folder where it belongs, or rename it.",
	},
	AttributeInvalid: {
		"attribute-invalid", Warning, "an attribute does not fit its type",
		"A year or rating is not a number. The attribute stays NULL.",
		"Narrow the path pattern, for example {year:[0-9]{4}}.",
	},
	SymlinkLoop: {
		"symlink-loop", Warning, "a symbolic link leads back",
		"A symbolic link leads to a directory that contains it. It was not followed.",
		"Remove the link, or set follow_symlinks to false.",
	},
	SymlinkOutside: {
		"symlink-outside", Warning, "a symbolic link leads out of the corpus",
		"A symbolic link leads to a place outside the corpus root. It was not followed.",
		"Copy the files into the corpus, or give the target as a corpus of its own.",
	},
	SymlinkBroken: {
		"symlink-broken", Warning, "a symbolic link leads nowhere",
		"The target of a symbolic link does not exist.",
		"Remove or mend the link.",
	},
	DirectoryUnreadable: {
		"directory-unreadable", Error, "a directory cannot be read",
		"The directory cannot be listed; what it holds is unknown and missing from the tables.",
		"Give the user that runs quern permission to read it, or leave it out with exclude.",
	},
	DirectoryTooDeep: {
		"directory-too-deep", Error, "a directory lies too deep",
		"The directory lies more folders below the corpus root than limits.path_depth; what it holds is unknown and missing from the tables.",
		"Raise limits.path_depth if the directory is meant to be there, or leave it out with exclude.",
	},
	FileUnreadable: {
		"file-unreadable", Error, "a file cannot be read",
		"The file cannot be opened or read to its end.",
		"Give the user that runs quern permission to read it, or check the disk.",
	},
	FileVanished: {
		"file-vanished", Error, "a file is gone",
		"The file was there when the folder was scanned and is gone now.",
		"Run again when whatever moves the files is done; the next run scans the folder anew.",
	},
	FileChanging: {
		"file-changing", Error, "a file was being written",
		"The file was being written while it was read, and at each try again.",
		"Run again when whatever writes it is done; the next run picks it up.",
	},
	FileEmpty: {
		"file-empty", Error, "a file is empty",
		"The file holds no bytes, or white space alone: there is no document in it.",
		"Fetch the file again, or leave it out with exclude.",
	},
	FileTooLarge: {
		"file-too-large", Error, "a file is over the size limit",
		"The file is larger than limits.document_bytes.",
		"Raise limits.document_bytes if the file is what it should be.",
	},
	ArchiveMemberUnsafe: {
		"archive-member-unsafe", Error, "a member of an archive would be unpacked elsewhere",
		"The name of a member is absolute, starts with a drive, holds .. or a zero byte, or a hard link leads out of the archive. It was not read.",
		"Look where the archive comes from: such names are made to overwrite files. Pack it anew, with names below one folder.",
	},
	ArchiveMemberDuplicate: {
		"archive-member-duplicate", Warning, "two members of an archive have one name",
		"The archive has two members with the same path. The last one counts, as when it is unpacked; the earlier one was not read.",
		"Pack the archive anew, if the earlier one should count.",
	},
	ArchiveMemberEncrypted: {
		"archive-member-encrypted", Error, "a member of an archive is encrypted",
		"The member can be read with a password alone, which Quern does not ask for.",
		"Unpack the archive, and give the folder as root; or leave the member out with exclude.",
	},
	ArchiveMemberUnsupported: {
		"archive-member-unsupported", Error, "a member of an archive is packed in a way that is not read",
		"The member of a zip archive is compressed by another method than deflate and zstd, or that of a tar is a sparse file.",
		"Unpack the archive and give the folder as root, or pack it anew.",
	},
	ArchiveMemberBroken: {
		"archive-member-broken", Error, "a member of an archive is broken",
		"The member's bytes do not unpack, or not to what its checksum or its size say; or the archive says two different things about it.",
		"Fetch the archive again. The other members are read.",
	},
	ArchiveBomb: {
		"archive-bomb", Error, "a file is made to grow when it is unpacked",
		"A member of an archive unpacks to more than a thousand times its size, or shares bytes of the archive with another; or a .gz or .zst file unpacks to more than a hundred times its size, and 64 KiB: no text does.",
		"Look where it comes from. If it is what it should be, unpack it, and give the folder as root.",
	},
	DocumentDuplicate: {
		"document-duplicate", Error, "two documents have one id",
		"Another file of the corpus, earlier by path, has the same document id. The later one was refused.",
		"Make document_id in the config tell them apart, or leave one out with exclude.",
	},
	DocumentFailed: {
		"document-failed", Error, "a document could not be converted",
		"The document's text and spans contradict each other: a fault in Quern.",
		"Report it with the file. The other documents are not affected.",
	},
	EncodingUnsupported: {
		"encoding-unsupported", Error, "the file is not UTF-8 text",
		"The file starts with the byte order mark of UTF-16 or UTF-32.",
		"Convert it: iconv -f UTF-16 -t UTF-8.",
	},
	TwinMissing: {
		"twin-missing", Info, "no twin, or no annotations, beside a document",
		"The config names an unannotated twin for each document, and this document's does not exist. Or there is no .ann file beside a document of the format brat, which is then without labels.",
		"None needed. Check the pattern in raw if every document says so.",
	},
	TwinUnreadable: {
		"twin-unreadable", Warning, "the twin, or the annotations, cannot be read",
		"The twin exists but cannot be read, is over the size limit, or was being written while it was read. The document was written without it.",
		"Give the user that runs quern permission to read it, or run again when whatever writes it is done.",
	},
	InvalidUTF8: {
		"invalid-utf8", Warning, "bytes that are not UTF-8",
		"The file holds bytes that are not UTF-8. Each run of such bytes became one U+FFFD.",
		"Convert the file to UTF-8 from the encoding that it is in.",
	},
	LoneSurrogate: {
		"lone-surrogate", Warning, "half of a surrogate pair",
		"A \\u escape names one half of a surrogate pair without the other. It became U+FFFD.",
		"Mend the escape in the file, where the character is known.",
	},
	EscapeInvalid: {
		"escape-invalid", Warning, "an escape that JSON does not know",
		"A backslash is followed by a character that makes no JSON escape. Both stay in the text.",
		"Write \\\\ for a backslash.",
	},
	QuoteMissing: {
		"quote-missing", Info, "an outer quotation mark is missing",
		"The file's text is a JSON string, and its opening or closing quotation mark is missing.",
		"None needed.",
	},
	QuoteUnescaped: {
		"quote-unescaped", Info, "a quotation mark that should have been escaped",
		"A quotation mark inside a JSON string lacks its backslash; or in a table, one inside a field is not doubled, or the field not quoted. It stays in the text.",
		"None needed.",
	},
	ByteOrderMark: {
		"byte-order-mark", Info, "the file starts with a byte order mark",
		"The UTF-8 byte order mark at the start of the file is markup, not text.",
		"None needed.",
	},
	GroupSuspect: {
		"group-suspect", Warning, "brackets that look like a label group",
		"Something in brackets starts like a label group and then reads like prose, or grows past limits.group_bytes. It stays in the text.",
		"Mend the brackets in the file.",
	},
	GroupWithoutText: {
		"group-without-text", Warning, "a label group without text",
		"No text stands between a label group and the one before it. Its labels are on a sentence without text.",
		"Look at the file: two groups for one sentence, or a sentence that was lost.",
	},
	LabelsMissing: {
		"labels-missing", Warning, "a document without labels",
		"Nothing in the whole document is labelled: no label group was recognised in it, or no sentence or stretch of its text has a label.",
		"Check that the file is annotated, and that the corpus's taxonomy knows its labels.",
	},
	TextUnlabeled: {
		"text-unlabeled", Info, "text after the last label group",
		"Text follows the last label group. It is a sentence without labels.",
		"None needed.",
	},
	TwinMismatch: {
		"twin-mismatch", Warning, "the raw twin is another text",
		"The raw twin has so little in common with the annotated text that it must be another document's. It was treated as absent.",
		"Put the right file in its place.",
	},
	TextDropped: {
		"text-dropped", Info, "raw text that the annotated file lacks",
		"A passage of the raw twin does not stand in the annotated file. It is there as sentences without labels.",
		"None needed. Such sentences have the alignment raw_only.",
	},
	TextEdited: {
		"text-edited", Info, "the annotated wording differs from the raw one",
		"Someone changed a sentence while annotating it, or typed one that the raw twin does not have. Both wordings are kept.",
		"None needed. Such sentences have the alignment edited or annotated_only.",
	},
	AlignmentCoarse: {
		"alignment-coarse", Warning, "the texts differ too much to be compared in full",
		"The annotated text and its raw twin differ in so many words that the search for the best alignment was cut short. More of them may agree than the table says.",
		"Look whether the twin is the right one.",
	},
	RepairEscape: {
		"repair-escape", Info, "an escape was split by a label group",
		"A label group was typed into the middle of an escape. The escape was joined again.",
		"None needed.",
	},
	RepairBracket: {
		"repair-bracket", Warning, "the brackets of a label group were mended",
		"A bracket of a label group is missing or one too many.",
		"Check that each label stands in the layer that was meant.",
	},
	RepairCase: {
		"repair-case", Info, "a label in unusual case",
		"A label differs from the taxonomy in upper and lower case only.",
		"None needed.",
	},
	RepairSeparator: {
		"repair-separator", Info, "a label with an unusual separator",
		"A label's code and polarity are joined by something other than a hyphen, or labels are separated by something other than a comma.",
		"None needed.",
	},
	RepairAlias: {
		"repair-alias", Info, "an older code for a label",
		"The taxonomy lists the code as an alias of another.",
		"None needed.",
	},
	RepairLayer: {
		"repair-layer", Info, "a label in another layer's place",
		"The code belongs to another layer than the one whose place it stands in. It was given to the layer that knows it.",
		"None needed.",
	},
	RepairSlip: {
		"repair-slip", Warning, "a label with one letter wrong",
		"What was typed is one letter away from one code, and from one only.",
		"Check that the code is the one that was meant.",
	},
	RepairPolarity: {
		"repair-polarity", Info, "a polarity that the label does not take",
		"A label without polarity was given one, or a polarity was given as null. It was left out.",
		"None needed.",
	},
	LabelUnknown: {
		"label-unknown", Warning, "a label that the taxonomy does not know",
		"What was typed is no code, no alias, and near none, or near more than one. It is kept in raw_label, and label is NULL.",
		"Add an alias to the taxonomy, or mend the file.",
	},
	LabelDuplicate: {
		"label-duplicate", Info, "a label twice in one group",
		"The same label stands twice in one list of a group. Both are kept.",
		"Count distinct labels where it matters.",
	},
	PolarityMissing: {
		"polarity-missing", Warning, "a label without its polarity",
		"The label's layer carries polarity, and none was typed. polarity is NULL.",
		"None: only the annotator knows.",
	},
	PolarityUnknown: {
		"polarity-unknown", Warning, "a polarity that the taxonomy does not know",
		"What follows the label's code is no polarity, or near more than one. polarity is NULL.",
		"Mend the file.",
	},
	RecordMalformed: {
		"record-malformed", Error, "the record cannot be read",
		"A line, row or element that should be a document is none: it is not JSON, or lacks what a document is made of.",
		"Mend or remove it at the place that the diagnostic names; the other records of the file are read.",
	},
	RowMalformed: {
		"row-malformed", Warning, "a row or line of a document does not fit",
		"A row has more or fewer columns than the others, or a line of a format cannot be understood.",
		"Compare it with its neighbours. Its text is kept where it has any; it has no labels.",
	},
	ValueMissing: {
		"value-missing", Warning, "nothing stands where the config says",
		"A place that the config names for a text, label or id holds nothing in this document.",
		"Correct the path or column in the config, or the document.",
	},
	ValueUnexpected: {
		"value-unexpected", Warning, "something else stands where the config says",
		"A value is of another kind than is read there, such as an object for a label or a text for an offset.",
		"Correct the path or column in the config, or the document. The value was left out.",
	},
	SpanInvalid: {
		"span-invalid", Warning, "a span does not lie in the text",
		"A labelled span ends before it starts or outside the text, is empty, or cuts a character in two.",
		"If nearly all spans of a corpus do, its offsets count something else: see offsets in the config. The label was left out.",
	},
	SpanRepaired: {
		"span-repaired", Info, "spans are not marked as their scheme asks for",
		"The offsets of a brat file count something else than the code points of its text, as the passages that are quoted beside them tell. Or in a column of B-, I- and O tags, a span starts without B-, goes on as another label, or ends where none was. It was read as it must have been meant: what cannot go on a span starts one.",
		"None needed, unless it is many: the column may then follow another scheme, or hold labels of single lines.",
	},
	RelationBroken: {
		"relation-broken", Warning, "an end of a relation is not there",
		"A relation leads to a sentence or span that the document does not have.",
		"Correct the id or number in the file. The relation was left out.",
	},
	AnnotatorMismatch: {
		"annotator-mismatch", Warning, "another annotator's text differs",
		"Two files or records with one document id are by several annotators, but their texts are not the same.",
		"Give them document ids of their own, or make the texts equal. The labels of the later one were left out.",
	},
	AnnotatorMissing: {
		"annotator-missing", Warning, "nothing tells annotators apart",
		"With same_id: annotators, two files or records have one document id, and neither says who annotated it. The labels of both are in the tables, and none has an annotator.",
		"Have the path, a field or what is labelled give the attribute annotator. Or give what is no work of two people on one document ids of its own: see document_id.",
	},
	AnnotatorTwice: {
		"annotator-twice", Warning, "one annotator labelled the document more than once",
		"With same_id: annotators, two files or records with one document id are by the same annotator. The labels are joined: what is in both is there twice, and where one was meant to replace the other, both count.",
		"Leave the one out that should not count, or give them annotators or document ids of their own.",
	},
	RecordUnannotated: {
		"record-unannotated", Info, "a record that was not annotated",
		"The config's json.annotated_where does not fit the record, as with an answer that its annotator rejected or skipped. Its labels are left out, and who it names is no annotator of the document. It is a document by itself, unless others of the same id have labels.",
		"None needed. If labels are missed, correct annotated_where.",
	},
	LabelsLimited: {
		"labels-limited", Warning, "annotations that overlap very many sentences",
		"A document has so many annotations over so many sentences that their labels are not repeated for each sentence. Those of the annotations behind that place are on the first sentence that each overlaps; label_start and label_end say how far it goes.",
		"Look whether the annotations are meant to be that long.",
	},
	DiagnosticsTruncated: {
		"diagnostics-truncated", Warning, "more diagnostics than are kept",
		"The document gave cause for more diagnostics than limits.diagnostics_per_document. The rest are counted only.",
		"Raise the limit to see them all.",
	},
}

// Codes lists every code in the order of the stages that use it.
func Codes() []Code {
	all := make([]Code, len(codes))
	for i := range all {
		all[i] = Code(i)
	}
	return all
}

// Info is the documentation of the code.
func (c Code) Info() CodeInfo { return codes[c] }

func (c Code) String() string { return codes[c].Name }

// MarshalText is the name of the code.
func (c Code) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText sets the code to the one with the given name.
func (c *Code) UnmarshalText(name []byte) (err error) {
	*c, err = CodeOf(string(name))
	return err
}

// CodeOf is the code with the given name.
func CodeOf(name string) (Code, error) {
	for i := range codes {
		if codes[i].Name == name {
			return Code(i), nil
		}
	}
	return 0, fmt.Errorf("no diagnostic code %q", name)
}

// IsRepair reports whether the code stands for a repair.
func (c Code) IsRepair() bool { return c >= RepairEscape && c <= RepairPolarity }
