// Package snapshot keeps an output folder: a sequence of snapshots, of which one
// is current.
//
//	OUT/current                      link to snapshots/ID; where links are not to be had, a file that names it
//	OUT/snapshots/ID/TABLE/part-*    the parts, hard links where a snapshot before has the same;
//	                                 where tables are partitioned, in TABLE/column=value/... below;
//	                                 as Arrow, in arrow/TABLE/...
//	OUT/snapshots/ID/README.md, …    files that describe it
//	OUT/snapshots/ID/_manifest.json  what it consists of
//	OUT/snapshots/ID/_SUCCESS        written last
//	OUT/.quern/lock, holder.json     one run at a time, and which
//	OUT/.quern/staging/IDENTITY/     shards that are complete, and in no snapshot yet
//	OUT/.quern/state/ID.json         what the next run needs to know about ID, and can do without
//	OUT/.quern/index/CORPUS.zst      what a run found in files of many documents, so that the next need not read them
//	OUT/.quern/tmp-*                 what is being made, or was when a run was killed
//
// A snapshot is made under .quern and gets its name when it is complete, so what
// stands in snapshots is whole, and nothing in it changes afterwards. Which of
// them readers see is decided by one rename.
//
// The package knows folders, files and manifests. It must not know what stands in
// a part, nor how documents are read.
package snapshot
