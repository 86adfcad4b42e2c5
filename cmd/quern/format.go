package main

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/quern-data/quern/stages/records"
	"github.com/quern-data/quern/stages/sink"
	"github.com/quern-data/quern/stages/snapshot"
)

// form notes how the tables are partitioned, and in which files they are kept.
func (j *job) form(m *snapshot.Manifest) {
	o := &j.Config.Output
	if len(o.PartitionBy) > 0 {
		m.PartitionBy, m.PartitionColumns = o.PartitionBy, o.PartitionColumns
	}
	if o.Format != snapshot.ParquetFormat {
		m.Format = o.Format
	}
}

// inFormat makes the files of output.format of the Parquet files of a shard in dir.
func (j *job) inFormat(ctx context.Context, dir string, partition []string, made []sink.Part) (parquet, arrow []sink.Part, err error) {
	var m snapshot.Manifest
	j.form(&m)
	if m.HasParquet() {
		parquet = made
	}
	if !m.HasArrow() {
		return parquet, nil, nil
	}
	arrow, err = records.AsArrow(ctx, outputDisk, dir, made, m.Dropped(), partition)
	if err == nil && !m.HasParquet() {
		for _, p := range made {
			err = errors.Join(err, outputDisk.RemoveAll(filepath.Join(dir, p.Path)))
		}
	}
	return parquet, arrow, err
}
