// Package reader finds the documents of a corpus in its folder and reads them.
//
// Scan walks the folder once and makes a Plan: which files are documents or hold
// some, in which order, and what became of every other file. Plan.Shards cuts the
// plan into shards; Plan.Identity and Plan.Stamps say whether a shard is still what
// it was in an earlier run. A Reader reads one document at a time into a
// schema.Source. An Index is what a scan found in files of many documents, for the
// next one.
//
// The package knows file systems, paths and the attributes that paths carry. It
// must not know what stands in a file: no format, no label, no decoding. Where one
// document of a file ends, and what its fields are, Records tells it. It has
// pipeline list folders at the same time, and starts no goroutines itself; it
// does not log. What it notices is a diagnostic; what it returns as an error ends
// the run.
package reader
