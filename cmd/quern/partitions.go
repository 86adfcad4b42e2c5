package main

import (
	"fmt"
	"path"
	"strings"

	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/snapshot"
)

// maxFolderName is how long the name of a folder may be, in bytes, on the file
// systems that there are.
const maxFolderName = 255

// checkFolders returns an error if a folder cannot be named after the value of a
// column, so that nothing is made in vain.
func (j *job) checkFolders() error {
	for i := range j.shards {
		s := &j.shards[i]
		for k, column := range j.Config.Output.PartitionBy {
			value := s.entries.Partition[k]
			name := schema.PartitionFolder(column, value)
			if len(name) <= maxFolderName {
				continue
			}
			r := &j.runs[s.corpus]
			entry := r.plan.Entry(s.entries.Start)
			for at := s.entries.Start; entry.ID == ""; at++ { // a folder that could not be read
				entry = r.plan.Entry(at)
			}
			return fmt.Errorf("corpus %s: document %s, file %s, has the %s %s, after which a folder of the tables would have a name of %d bytes, and %d is the most: narrow the pattern in paths that captures it, or leave %s out of output.partition_by",
				r.config.Name, schema.Printable(entry.ID), schema.Printable(schema.DisplayPath(entry.Path)), column, shortened(value), len(name), maxFolderName, column)
		}
	}
	return nil
}

// shortened is the start of a value that is too long, between quotation marks.
func shortened(value string) string {
	const most = 40 // enough to find it by
	if runes := []rune(value); len(runes) > most {
		value = string(runes[:most]) + "…"
	}
	return `"` + schema.Printable(value) + `"`
}

// smallPartition is what the files in a folder of a partitioned table should come
// to on average, in bytes: opening a smaller one costs readers more than reading
// it.
const smallPartition = 1_000_000

// warnOfSmallPartitions says if the folders of a table hold too little to be of
// use.
func (j *job) warnOfSmallPartitions(m *snapshot.Manifest) {
	bytes, rows, folders := map[string]int64{}, map[string]int64{}, map[string]map[string]bool{}
	for _, p := range m.Parts() {
		rows[p.Table] += p.Rows
		bytes[p.Table] += p.Bytes
		if folders[p.Table] == nil {
			folders[p.Table] = map[string]bool{}
		}
		folders[p.Table][path.Dir(p.Path)] = true
	}
	var small []any
	for _, t := range schema.Tables() {
		n := int64(len(folders[t.Name]))
		if t.Partitioned() && n > 1 && rows[t.Name] > 0 && bytes[t.Name] < n*smallPartition {
			small = append(small, t.Name, fmt.Sprintf("%d folders of %.1f KB on average", n, float64(bytes[t.Name])/float64(n)/1000))
		}
	}
	if len(small) > 0 {
		by := strings.Join(m.PartitionBy, ",")
		j.log.Warn("the partitions are small, which makes tables slow to read: partition by fewer columns, or by none", append([]any{"partition_by", by}, small...)...)
	}
}
