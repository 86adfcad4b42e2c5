// Package records opens the tables of a snapshot as streams of Arrow record
// batches, with the schema that package schema documents, whatever files they are
// kept in.
//
// It knows what columns a table has, and which files a manifest names. It must not
// know what the tables are about, nor how their files were made: Arrow reads them.
package records
