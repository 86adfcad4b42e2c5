package main

import (
	"cmp"
	"math"
	"slices"
)

// timings is what quern run --timings wrote of a run that had one processor, and
// in which therefore nothing went on at the same time, so that times add up.
type timings struct {
	Wall   float64 // seconds, from the start of the process to its end
	Phases []phase
	Shards []shardTime
}

// phase is a stretch of the run; in two of them, shards are worked on.
type phase struct {
	Name          string
	Seconds, Sync float64 // Sync is waited for the disk
}

const scanPhase, makePhase, verifyPhase = "scan", "make", "verify"

// shardTime are the seconds of a shard.
type shardTime struct {
	Documents                           int
	Bytes                               int64
	Make                                float64 // all but Verify
	Read, Parse, Normalize, Write, Sync float64 // parts of Make; Sync is a part of Write
	Verify                              float64
}

// work is what a processor has to do for the shard before it is synced.
func (s *shardTime) work() float64 { return s.Make - s.Sync }

// most is how many processors the shard can keep busy: reading, parsing and
// writing go on at the same time, and the longest of them bounds it.
func (s *shardTime) most() float64 {
	write := s.Write - s.Sync
	longest := max(s.Read, s.Parse+s.Normalize, write)
	if longest == 0 {
		return 1
	}
	return (s.Read + s.Parse + s.Normalize + write) / longest
}

// scanSerial is the share of the scan that one processor does, merging and sorting
// what all found, by the profile of a run in which nothing had changed.
const scanSerial = 0.15

// serial is the time of what is not in shards, with so many workers, and how much of
// it is waiting for the disk. It is one processor's work, but for most of the scan.
func (t *timings) serial(workers int) (seconds, sync float64) {
	seconds = t.Wall
	for _, p := range t.Phases {
		switch p.Name {
		case makePhase, verifyPhase:
			seconds -= p.Seconds
		case scanPhase:
			seconds -= p.Seconds * (1 - scanSerial) * (1 - 1/float64(workers))
		default:
			sync += p.Sync
		}
	}
	return max(0, seconds), sync
}

// forecast is the time of the run with more processors, and what it cannot go
// below for each of the reasons there are.
type forecast struct {
	Workers int
	Seconds float64
	Ideal   float64 // with a disk that syncs at once
	Serial  float64 // the phases without shards
	Longest float64 // the shard that takes longest, by itself, with the serial phases
	Disk    float64 // all syncs, one after the other, with the serial phases
	Work    float64 // all work, shared by all processors, with the serial phases
}

// forecast simulates the run with as many workers as processors. Nothing of the
// machine is simulated but its processors, and a disk that does one sync at a time.
func (t *timings) forecast(workers int) forecast {
	serial, sync := t.serial(workers)
	f := forecast{Workers: workers, Serial: serial, Longest: serial, Disk: serial, Work: serial}
	longest := 0.0
	for i := range t.Shards {
		s := &t.Shards[i]
		longest = max(longest, s.work()/min(s.most(), float64(workers))+s.Sync+s.Verify)
		f.Disk += s.Sync
		f.Work += (s.work() + s.Verify) / float64(workers)
	}
	f.Longest += longest
	verify := t.schedule(workers, func(s *shardTime) (float64, float64, float64) { return s.Verify, 1, 0 })
	f.Seconds = serial + verify +
		t.schedule(workers, func(s *shardTime) (float64, float64, float64) { return s.work(), s.most(), s.Sync })
	f.Ideal = serial - sync + verify +
		t.schedule(workers, func(s *shardTime) (float64, float64, float64) { return s.work(), s.most(), 0 })
	return f
}

// bound is what the run comes nearest to.
func (f *forecast) bound() string {
	most := max(f.Work, f.Longest, f.Disk) * (1 - 1e-9) // less is rounding
	switch {
	case f.Work >= most:
		return "the processors"
	case f.Longest >= most:
		return "the longest shard"
	}
	return "the disk"
}

// schedule is the time until all shards are through, the largest first, taken up by
// workers as they get free. of is the work of a shard for a processor, how many
// processors it can keep busy, and what the disk does after that.
func (t *timings) schedule(workers int, of func(*shardTime) (work, most, sync float64)) (now float64) {
	type lane struct{ left, most, sync, rate float64 }
	shards := slices.Clone(t.Shards)
	slices.SortStableFunc(shards, func(a, b shardTime) int { return cmp.Compare(b.Bytes, a.Bytes) })
	var working []*lane
	var syncing []float64 // when those that wait for the disk are through
	disk := 0.0           // when it is free
	next := 0
	for {
		for next < len(shards) && len(working)+len(syncing) < workers {
			l := new(lane)
			l.left, l.most, l.sync = of(&shards[next])
			working = append(working, l)
			next++
		}
		if len(working)+len(syncing) == 0 {
			return now
		}
		// Until something ends, each gets the same share of the processors.
		until := math.Inf(1)
		for _, l := range working {
			l.rate = min(l.most, float64(workers)/float64(len(working)))
			until = min(until, now+l.left/l.rate)
		}
		for _, end := range syncing {
			until = min(until, end)
		}
		const moment = 1e-9 // less is rounding
		syncing = slices.DeleteFunc(syncing, func(end float64) bool { return end <= until+moment })
		working = slices.DeleteFunc(working, func(l *lane) bool {
			l.left -= l.rate * (until - now)
			if l.left > moment {
				return false
			}
			if l.sync > 0 {
				disk = max(disk, until) + l.sync
				syncing = append(syncing, disk)
			}
			return true
		})
		now = until
	}
}
