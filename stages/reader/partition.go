package reader

import (
	"context"
	"encoding/binary"
	"slices"
	"strconv"
	"sync"

	"github.com/quern-data/quern/pipeline"
	"github.com/quern-data/quern/schema"
)

// partition is a stretch of a plan's entries whose documents have the same values
// in the columns that the plan is partitioned by.
type partition struct {
	values []string // "" for NULL and for the empty string
	end    int      // behind its last entry
}

// Partitioned is the plan in which documents are ordered by the values that they
// have in the given columns, NULL first and as text, and only where these are equal
// by their ids. The columns are some of schema.PartitionColumns. What a path says,
// and what the corpus gives to all its documents, decides: nothing is read. Entries
// without an id are in the first partition, or where there is no document in one
// that has NULL in all columns.
//
// Documents are the same as before, and so are their stamps, and which of them are
// refused. No columns leave the plan as it is.
func (p *Plan) Partitioned(ctx context.Context, by []string, workers int) (*Plan, error) {
	if len(by) == 0 {
		return p, nil
	}
	f := partitionFinder{plan: p, by: by, places: map[string]int32{}}
	of := make([]int32, len(p.records))
	err := pipeline.Each(ctx, (len(of)+checkEvery-1)/checkEvery, workers, func(ctx context.Context, stretch int) error {
		var s partitionSearch
		for i := stretch * checkEvery; i < min(len(of), (stretch+1)*checkEvery); i++ {
			of[i] = f.find(p.records[i].path, &s)
		}
		return ctx.Err()
	})
	if err != nil {
		return nil, err
	}
	if len(of) == 0 {
		f.values = [][]string{make([]string, len(by))}
	}
	q := *p
	q.partitions, q.order = f.sort(of)
	return &q, nil
}

// partitionFinder finds the partitions of documents.
type partitionFinder struct {
	plan *Plan
	by   []string

	mutex  sync.Mutex
	places map[string]int32 // in values, by a text that stands for the values
	values [][]string
}

// partitionSearch is room for finding the partition of a document.
type partitionSearch struct {
	captured capture
	values   []string
	key      []byte
}

// find is the place in values of the partition of the document at the path.
func (f *partitionFinder) find(path string, s *partitionSearch) int32 {
	c := f.plan.capture
	c.capture(path, &s.captured)
	s.values, s.key = s.values[:0], s.key[:0]
	for _, column := range f.by {
		value := f.plan.corpus
		if column != "corpus" {
			value = c.text(column, &s.captured)
		}
		s.values = append(s.values, value)
		s.key = append(binary.AppendUvarint(s.key, uint64(len(value))), value...)
	}
	f.mutex.Lock()
	defer f.mutex.Unlock()
	place, ok := f.places[string(s.key)]
	if !ok {
		place = int32(len(f.values))
		f.places[string(s.key)] = place
		f.values = append(f.values, slices.Clone(s.values))
	}
	return place
}

// sort are the partitions in order, and the places of the records in the order of
// partitions, given the place in values of each.
func (f *partitionFinder) sort(of []int32) ([]partition, []int32) {
	sorted := make([]int32, len(f.values))
	for i := range sorted {
		sorted[i] = int32(i)
	}
	slices.SortFunc(sorted, func(a, b int32) int { return slices.Compare(f.values[a], f.values[b]) })
	next := make([]int, len(f.values)) // place in the order of the next record of each
	for _, place := range of {
		next[place]++
	}
	partitions := make([]partition, len(sorted))
	start := 0
	for i, place := range sorted {
		start, next[place] = start+next[place], start
		partitions[i] = partition{f.values[place], len(f.plan.notices) + start}
	}
	order := make([]int32, len(of))
	for i, place := range of {
		order[next[place]] = int32(i)
		next[place]++
	}
	return partitions, order
}

// text is the value that a document has in a column of schema.PartitionColumns, as
// text, "" for NULL: what fill makes of it.
func (c *capturer) text(column string, from *capture) string {
	slot, text, ok := c.value(column, from)
	if !ok {
		return ""
	}
	text = schema.DisplayPath(text)
	switch slot {
	case year:
		n, err := parseYear(text)
		if err != nil {
			return ""
		}
		return strconv.Itoa(int(n))
	case decision:
		return parseDecision(text)
	}
	return text
}
