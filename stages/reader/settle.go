package reader

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"

	"github.com/quern-data/quern/pipeline"
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/reader/archive"
)

// nowhere is the place of a twin that is not there.
const nowhere = math.MinInt32

// settle tells documents, twins and ignored files apart, and fills the plan's
// records and counts with them.
func (s *scanner) settle(found *findings, p *Plan) error {
	records := found.candidates
	var at places
	var twins []int32 // place of the twin that a candidate claims
	if s.capture.hasRaw {
		at, twins = found.places(), make([]int32, len(records))
	}
	err := s.each(len(records), func(i int, captured *capture) {
		r := &records[i]
		s.capture.capture(r.path, captured)
		r.id = s.capture.documentID(r.path, captured)
		if start := strings.Index(r.path, r.id); start >= 0 {
			r.id = r.path[start : start+len(r.id)] // the same, and no memory of its own
		}
		if twins == nil {
			return
		}
		twins[i] = nowhere
		if raw, ok := s.capture.rawPath(r.path, captured); ok {
			if place := at.findPacked(found, raw); int(place) != i {
				twins[i] = place
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
// the others. It is sorted by the hashes of the paths: a map takes three times the
// room.
type places []place

type place struct {
	hash uint64
	at   int32
}

func (f *findings) places() places {
	all := make(places, 0, len(f.candidates)+len(f.others))
	for i := range f.candidates {
		all = append(all, place{hash(f.candidates[i].path), int32(i)})
	}
	for i := range f.others {
		all = append(all, place{hash(f.others[i].path), int32(^i)})
	}
	slices.SortFunc(all, func(a, b place) int { return cmp.Compare(a.hash, b.hash) })
	return all
}

// find is the place of a path, nowhere if it has none.
func (p places) find(f *findings, path string) int32 {
	want := hash(path)
	first, _ := slices.BinarySearchFunc(p, want, func(a place, want uint64) int { return cmp.Compare(a.hash, want) })
	for _, a := range p[first:] {
		switch {
		case a.hash != want:
			return nowhere
		case a.at >= 0 && f.candidates[a.at].path == path, a.at < 0 && f.others[^a.at].path == path:
			return a.at
		}
	}
	return nowhere
}

// findPacked is find for a file that may be compressed.
func (p places) findPacked(f *findings, path string) int32 {
	at := p.find(f, path)
	for _, suffix := range archive.Suffixes {
		if at != nowhere {
			break
		}
		at = p.find(f, path+suffix)
	}
	return at
}

// settleTwins takes the twins out of records and of others. A candidate is a
// twin if a document claims it, which a twin cannot do. Where candidates claim
// each other in a circle, the first by path is a document.
func (s *scanner) settleTwins(found *findings, p *Plan, records []record, twins []int32) ([]record, error) {
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
	changed := make([]int64, len(records)) // when the twins did; records are not changed while others look
	err := s.each(len(records), func(i int, _ *capture) {
		at, r := twins[i], &records[i]
		if !document[i] || at == nowhere {
			return
		}
		var t state
		if at >= 0 {
			t = records[at].state
		} else {
			t = s.store.stateAt(found.others[^at].real)
		}
		r.twin, r.twinSize, changed[i] = t.stamp, t.size, t.changed
	})
	if err != nil {
		return nil, err
	}
	for i := range records {
		if records[i].twin != noTwin {
			records[i].changed = max(records[i].changed, changed[i])
		}
	}
	for i := range records {
		if !document[i] {
			p.addTwin(records[i].path)
		}
	}
	for i, o := range found.others {
		if otherTwin[i] {
			p.addTwin(o.path)
		}
	}
	documents := records[:0]
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

// addTwin notes where a twin lies, if it is compressed.
func (p *Plan) addTwin(path string) {
	content, packed := archive.Unpacked(path)
	if !packed {
		return
	}
	if p.twins == nil {
		p.twins = map[string]string{}
	}
	p.twins[content] = path
}
