package reader

import (
	"cmp"
	"context"
	"math"
	"os"
	"slices"

	"github.com/quern-data/quern/pipeline"
	"github.com/quern-data/quern/schema"
)

// nowhere is the place of a twin that is not there.
const nowhere = math.MinInt

// settle tells documents, twins and ignored files apart, and fills the plan's
// records and counts with them.
func (s *scanner) settle(found *findings, p *Plan) error {
	var places map[string]int
	records := make([]record, len(found.candidates))
	var twins []int // place of the twin that a candidate claims
	if s.capture.hasRaw {
		places, twins = found.places(), make([]int, len(records))
	}
	err := s.each(len(records), func(i int, captured *capture) {
		c := &found.candidates[i]
		s.capture.capture(c.path, captured)
		records[i] = record{id: p.corpus + "/" + s.capture.documentID(c.path, captured), path: c.path, state: c.state}
		if twins == nil {
			return
		}
		twins[i] = nowhere
		if raw, ok := s.capture.rawPath(c.path, captured); ok {
			if at, ok := places[raw]; ok && at != i {
				twins[i] = at
			}
		}
	})
	if err != nil {
		return err
	}
	if s.capture.hasRaw {
		if records, err = s.settleTwins(found, p, records, twins); err != nil {
			return err
		}
	}
	p.records = slices.Clip(records)
	for _, o := range found.others {
		found.ignore(o.path, o.why)
	}
	for _, g := range found.ignored {
		g.Example = schema.DisplayPath(g.Example)
		p.counts.Ignored = append(p.counts.Ignored, *g)
	}
	slices.SortFunc(p.counts.Ignored, func(a, b Ignored) int {
		return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Glob, b.Glob))
	})
	return nil
}

// each calls do for 0 to n-1, in no order and several at the same time.
func (s *scanner) each(n int, do func(i int, captured *capture)) error {
	return pipeline.Each(s.ctx, (n+checkEvery-1)/checkEvery, s.workers, func(_ context.Context, stretch int) error {
		if err := s.ctx.Err(); err != nil {
			return err
		}
		var captured capture
		for i := stretch * checkEvery; i < min(n, (stretch+1)*checkEvery); i++ {
			do(i, &captured)
		}
		return nil
	})
}

// places says where each path is among the candidates, or as a complement among
// the others.
func (f *findings) places() map[string]int {
	places := make(map[string]int, len(f.candidates)+len(f.others))
	for i := range f.candidates {
		places[f.candidates[i].path] = i
	}
	for i := range f.others {
		places[f.others[i].path] = ^i
	}
	return places
}

// settleTwins takes the twins out of records and of others. A candidate is a
// twin if a document claims it, which a twin cannot do. Where candidates claim
// each other in a circle, the first by path is a document.
func (s *scanner) settleTwins(found *findings, p *Plan, records []record, twins []int) ([]record, error) {
	claimed := make([]bool, len(records))
	for i := range records {
		if at := twins[i]; at >= 0 {
			claimed[at] = true
		}
	}
	document, twin := make([]bool, len(records)), make([]bool, len(records))
	otherTwin := make([]bool, len(found.others))
	accept := func(i int) {
		document[i] = true
		switch at := twins[i]; {
		case at >= 0:
			twin[at] = !document[at]
		case at != nowhere:
			otherTwin[^at] = true
		}
	}
	for i := range records {
		if !claimed[i] {
			accept(i)
		}
	}
	var circles []int
	for i := range records {
		if !document[i] && !twin[i] {
			circles = append(circles, i)
		}
	}
	slices.SortFunc(circles, func(a, b int) int { return cmp.Compare(records[a].path, records[b].path) })
	for _, i := range circles {
		if !twin[i] {
			accept(i)
		}
	}
	err := s.each(len(records), func(i int, _ *capture) {
		at, r := twins[i], &records[i]
		if !document[i] || at == nowhere {
			return
		}
		var t state
		if at >= 0 {
			t = found.candidates[at].state
		} else {
			t = stateOf(os.Lstat(s.root + "/" + found.others[^at].real))
		}
		r.twin, r.twinSize, r.changed = t.stamp, t.size, max(r.changed, t.changed)
	})
	if err != nil {
		return nil, err
	}
	documents := make([]record, 0, len(records))
	for i := range records {
		if document[i] {
			documents = append(documents, records[i])
		} else {
			p.counts.Twins++
		}
	}
	ignored := found.others[:0]
	for i, o := range found.others {
		if otherTwin[i] {
			p.counts.Twins++
		} else {
			ignored = append(ignored, o)
		}
	}
	found.others = ignored
	return documents, nil
}
