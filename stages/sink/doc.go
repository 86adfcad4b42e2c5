// Package sink writes documents as Parquet: one part of each table for each
// shard, the manifest, and the rename that publishes them.
//
// It knows the form of the output and how it becomes visible as a whole. It
// must not know where documents come from. What it writes is a pure function of
// the documents and the options: the same bytes on every machine and every run.
package sink
