package main

import (
	"context"
	"encoding/hex"
	"slices"
	"time"

	"github.com/quern-data/quern/pipeline"
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/reader"
	"github.com/quern-data/quern/stages/sink"
	"github.com/quern-data/quern/stages/snapshot"
)

// shard is a stretch of a corpus's documents, which becomes one part of each
// table.
type shard struct {
	corpus   int // index into job.runs
	entries  reader.Shard
	identity string
	stamps   []uint64 // as scanned

	made     *snapshot.Made // nil if it is to be made
	kept     bool           // whether it was taken over
	why      string         // for people: why it is to be made, or where it was taken from
	examples map[schema.Code]sink.Example
	time     *shardTime // nil if nobody asked
}

// settled is how long ago a file must have changed for its times to be trusted.
// File systems round times, to 2 s at worst: a file that changed just before it
// was looked at can change again and show the same time.
var settled = 2 * time.Second // tests do without

// before is when a file must have changed for its times to be trusted.
func (j *job) before() int64 { return j.started.Add(-settled).UnixNano() }

// cut makes the shards.
func (j *job) cut(ctx context.Context) error {
	for i := range j.runs {
		for _, entries := range j.runs[i].plan.Shards(int64(j.Config.Output.PartBytes)) {
			j.shards = append(j.shards, shard{corpus: i, entries: entries, why: "new"})
		}
	}
	if len(j.shards) == 0 && len(j.runs) > 0 {
		// Readers expect a part in every folder.
		j.shards = []shard{{entries: reader.Shard{Partition: make([]string, len(j.Config.Output.PartitionBy))}, why: "new"}}
	}
	if err := j.checkFolders(); err != nil {
		return err
	}
	before := j.before()
	return pipeline.Each(ctx, len(j.shards), j.Config.Run.Workers, func(_ context.Context, i int) error {
		s := &j.shards[i]
		r := &j.runs[s.corpus]
		identity := r.plan.Identity(s.entries, r.salt)
		s.identity, s.stamps = hex.EncodeToString(identity[:]), r.plan.Stamps(s.entries, before)
		return nil
	})
}

// decide looks for each shard among those of the snapshot before, and among those
// that a run completed and did not publish. Names decide first, then sizes and
// times, then, where these differ, the bytes.
func (j *job) decide(ctx context.Context) error {
	if j.options.full {
		return j.output.Unstage()
	}
	var form snapshot.Manifest
	j.form(&form)
	known := map[string]*snapshot.Made{}
	for _, m := range j.known {
		known[m.Shard.Identity] = m
	}
	return pipeline.Each(ctx, len(j.shards), j.Config.Run.Workers, func(ctx context.Context, i int) error {
		s := &j.shards[i]
		if m := known[s.identity]; m != nil {
			if err := j.take(ctx, s, m); err != nil {
				return err
			}
		}
		if s.made != nil {
			return nil
		}
		if m := j.output.Staged(s.identity, &form); m != nil {
			return j.take(ctx, s, m)
		}
		return nil
	})
}

// take takes m over for a shard of its identity, if it was made of the same
// documents, and notes why not if it was not.
func (j *job) take(ctx context.Context, s *shard, m *snapshot.Made) error {
	if stats := &m.Shard.Stats; j.Config.Run.OnError == "fail" && stats.Refused+stats.Unreadable > 0 {
		s.why = "refused" // making it again says what, and ends the run
		return nil
	}
	if err := m.Intact(); err != nil {
		j.remake(s, err.Error())
		return nil
	}
	same, err := j.same(ctx, s, m)
	if err != nil {
		return err
	}
	if !same || !slices.Equal(m.Shard.Partition, s.entries.Partition) {
		s.why = "changed"
		return nil
	}
	m.Stamps = s.stamps
	s.made, s.kept, s.why = m, true, "unchanged"
	if m.Staged() {
		s.why = "completed by a run before"
	}
	return nil
}

// same reports whether the documents of the shard are those that m was made of.
func (j *job) same(ctx context.Context, s *shard, m *snapshot.Made) (bool, error) {
	known := len(m.Stamps) == len(s.stamps)
	if known && slices.Equal(m.Stamps, s.stamps) && !slices.Contains(s.stamps, 0) {
		return true, nil
	}
	lines, err := m.InputLines()
	if err != nil {
		return false, nil //nolint:nilerr // without a record, the shard is made anew
	}
	inputs, err := snapshot.ParseInputs(lines)
	if err != nil {
		return false, nil //nolint:nilerr // as above
	}
	plan := j.runs[s.corpus].plan
	read := plan.NewReader()
	var src schema.Source
	for i, stamp := range s.stamps {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		if plan.Entry(s.entries.Start+i).ID == "" {
			continue // not a document: its identity is all there is to it
		}
		if len(inputs) == 0 {
			return false, nil
		}
		input := inputs[0]
		inputs = inputs[1:]
		if known && stamp != 0 && stamp == m.Stamps[i] {
			continue
		}
		j.read.Add(1)
		if err := read.Read(s.entries.Start+i, &src); err != nil {
			return false, err
		}
		if refused := plan.Entry(s.entries.Start + i).Refused; refused && input.Refused && input.SHA256 == "" && input.Bytes == src.Bytes {
			continue // for its size, or for another document's name
		}
		if !sameInput(&src, &input) {
			return false, nil
		}
	}
	return len(inputs) == 0, nil
}

// sameInput reports whether src was read of the same bytes as the input.
func sameInput(src *schema.Source, input *sink.Input) bool {
	if src.Unsettled || src.SHA256 == [32]byte{} || hex.EncodeToString(src.SHA256[:]) != input.SHA256 {
		return false
	}
	if src.RawPath == "" {
		return input.RawPath == ""
	}
	return schema.DisplayPath(src.RawPath) == input.RawPath && hex.EncodeToString(src.RawSHA256[:]) == input.RawSHA256
}

// dropUnreadable has those shards made anew whose inputs cannot be taken over.
func (j *job) dropUnreadable() {
	for i := range j.shards {
		s := &j.shards[i]
		if !s.kept {
			continue
		}
		if _, err := s.made.InputLines(); err != nil {
			j.remake(s, err.Error())
		}
	}
}

// remake has a shard that was to be taken over made anew.
func (j *job) remake(s *shard, problem string) {
	j.log.Warn("a shard is damaged, and is made anew", "problem", problem)
	j.damaged.Store(true)
	s.made, s.kept, s.why = nil, false, "damaged"
}

// made are the shards as they go into a snapshot.
func (j *job) made() []*snapshot.Made {
	all := make([]*snapshot.Made, len(j.shards))
	for i := range all {
		all[i] = j.shards[i].made
	}
	return all
}

// stamps are those of the shards, for the next run.
func (j *job) stamps() [][]uint64 {
	all := make([][]uint64, len(j.shards))
	for i := range all {
		all[i] = j.shards[i].made.Stamps
	}
	return all
}
