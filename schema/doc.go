// Package schema is the vocabulary that the other packages share: the rows of
// the published tables, the document on its way through the stages, spans,
// diagnostics and their codes, and the schema version.
//
// It knows what a table holds and what the words mean. It must not know where
// data comes from or how it is written, and it imports no other package of
// this module.
package schema

// Version is the version of the tables: column names, types, meanings and sort
// order. It stands in the manifest and in the metadata of every part. The major
// number rises when a column is removed or changes its meaning, the minor one
// when a column is added.
const Version = "1.1"
