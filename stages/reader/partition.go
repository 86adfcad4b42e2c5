package reader

import (
	"context"
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

// partitioned is the plan in which documents are ordered by partition, see
// Options.PartitionBy. They are the same as before, and so are their stamps, and
// which of them are refused.
func (p *Plan) partitioned(ctx context.Context, by []string, workers int) (*Plan, error) {
	if len(by) == 0 {
		return p, nil
	}
	f := partitionFinder{plan: p, by: by}
	of := make([]int32, p.documents())
	err := pipeline.Each(ctx, (len(of)+checkEvery-1)/checkEvery, workers, func(ctx context.Context, stretch int) error {
		var s partitionSearch
		for i := stretch * checkEvery; i < min(len(of), (stretch+1)*checkEvery); i++ {
			of[i] = f.find(i, &s)
		}
		return ctx.Err()
	})
	if err != nil {
		return nil, err
	}
	f.values = f.keys.list
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
	keys   keyList
	values [][]string // of keys
}

// partitionSearch is room for finding the partition of a document.
type partitionSearch struct {
	captured capture
	values   []string
}

// find is the place in values of the partition of the document with the given place
// in the order of ids.
func (f *partitionFinder) find(at int, s *partitionSearch) int32 {
	p := f.plan
	if p.pieces == nil {
		p.capture.capture(p.records[at].path, &s.captured)
	}
	s.values = s.values[:0]
	for _, column := range f.by {
		value := p.corpus
		switch {
		case column == "corpus":
		case p.pieces == nil:
			value = p.capture.text(column, &s.captured)
		default:
			value = p.keyOf(at, column)
		}
		s.values = append(s.values, value)
	}
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return f.keys.place(s.values)
}

// keyOf is what the document with the given place in the order of ids has in a column
// of keyed. That is what its first piece gives, but for the annotator, whom it has if
// all pieces have, and the split, which it may have been given.
func (p *Plan) keyOf(at int, column string) string {
	k := slices.Index(p.keyed, column)
	from, to := p.rangeAt(at)
	value := p.keys[p.pieces[from].key][k]
	switch {
	case column == typedNames[split] && value == "" && p.splits != nil:
		return p.splitNames[p.splits[at]]
	case column != typedNames[annotator]:
		return value
	}
	for _, b := range p.pieces[from+1 : to] {
		if p.keys[b.key][k] != value {
			return ""
		}
	}
	return value
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
