// Package sink writes documents as Parquet: one part of each table for each
// shard.
//
// It knows the form of the tables. It must not know where documents come from,
// and where their parts go from the folder that it was given. What it writes is a
// pure function of the documents and the options: the same bytes on every machine
// and every run.
package sink
