// Package parser turns the bytes of a file into a document: its text, decoded
// once, cut into segments, and the label groups as they were typed.
//
// Each format is one file and one entry in formats. A parser knows how labels
// are written; it asks the taxonomy only what looks like a label. It must not
// know what a label means, where the file came from or what becomes of the
// document.
package parser

import (
	"fmt"
	"io"
	"slices"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/taxonomy"
)

// Parser parses documents of one format. It is safe for concurrent use.
type Parser interface {
	// Parse fills doc, which has been reset for src, with what src.Data and
	// src.RawData hold: all but Text, Sentences and what belongs to them. What is odd
	// about the data is a diagnostic. Where the whole document cannot be parsed, it adds
	// an error diagnostic to doc and returns false: the document is refused.
	//
	// Parse takes time linear in the data, for any data, and keeps no slice of it.
	Parse(src *schema.Source, doc *schema.Document) bool
}

// Records is a Parser of files that may hold many documents. It is safe for
// concurrent use.
type Records interface {
	Parser
	// Split reads a file and calls emit for each record in it, in order: ranges that
	// do not overlap, with nothing between them but separators and white space, a
	// header, or the brackets around a list. What is no record that can be parsed is
	// one too: Parse says what is wrong with it. A file without records is no error.
	//
	// It holds no more than a record at a time, and returns the error of reading or of
	// emit.
	Split(file io.Reader, emit func(schema.Record) error) error
	// Fields appends to dst the value of each of the corpus's fields in a record, with
	// its header in front, or in a file that is one, in their order, "" for none. The
	// same as in schema.Record.Values.
	Fields(record []byte, dst []string) []string
}

// formats is the registry: add a format here, and in config.Corpus.Format.
var formats = map[string]func(config.Corpus, config.Limits, *taxonomy.Taxonomy) (Parser, error){
	"brat":    newBrat,
	"columns": newColumns,
	"csv":     newCSV,
	"inline":  newInline,
	"json":    newJSON,
	"jsonl":   newJSON,
}

// Formats lists the names of the formats, sorted.
func Formats() []string {
	var names []string
	for name := range formats {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// New is the parser for the corpus's format.
func New(corpus config.Corpus, limits config.Limits, labels *taxonomy.Taxonomy) (Parser, error) {
	format, ok := formats[corpus.Format]
	if !ok {
		return nil, fmt.Errorf("corpus %s: no format %q; there are %v", corpus.Name, corpus.Format, Formats())
	}
	p, err := format(corpus, limits, labels)
	if err != nil {
		return nil, fmt.Errorf("corpus %s: %w", corpus.Name, err)
	}
	if corpus.SameID == "annotators" {
		p = byAnnotators(p)
	}
	return p, nil
}
