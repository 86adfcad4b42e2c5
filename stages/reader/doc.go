// Package reader finds the documents of a corpus in its folder and reads them.
//
// Scan walks the folder once and makes a Plan: which files are documents, in
// which order, and what became of every other file. Plan.Partitioned orders it by
// the values of columns, as far as paths tell them; Plan.Shards cuts the plan
// into shards; Plan.Identity and Plan.Stamps say whether a shard is still what it
// was in an earlier run. A Reader reads one document at a time into a
// schema.Source.
//
// The package knows file systems, paths and the attributes that paths carry. It
// must not know what stands in a file: no format, no label, no decoding. It has
// pipeline list folders at the same time, and starts no goroutines itself; it
// does not log. What it notices is a diagnostic; what it returns as an error ends
// the run.
package reader
