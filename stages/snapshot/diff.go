package snapshot

import (
	"bytes"
	"slices"
)

// Difference is what a snapshot has that the one before has not, and the other
// way round.
type Difference struct {
	Added   int `json:"added"` // documents, refused ones too
	Changed int `json:"changed"`
	Removed int `json:"removed"`
	// Labels is how many labels more there are, by layer, less below 0. Layers
	// without a difference are left out.
	Labels map[string]int `json:"labels"`
}

// Diff compares two snapshots. It reads only the inputs of shards that are not the
// same in both.
func Diff(before, after *Snapshot) (Difference, error) {
	d := Difference{Labels: map[string]int{}}
	shared := map[string]bool{}
	for i := range before.Shards {
		shared[fingerprint(&before.Shards[i])] = true
	}
	only := map[string]bool{}
	for i := range after.Shards {
		if key := fingerprint(&after.Shards[i]); !shared[key] {
			only[key] = true
		} else {
			delete(shared, key)
		}
	}
	old := map[[2]string][]byte{}
	err := eachInput(before, shared, func(key [2]string, line []byte) { old[key] = line })
	if err != nil {
		return d, err
	}
	err = eachInput(after, only, func(key [2]string, line []byte) {
		switch was, ok := old[key]; {
		case !ok:
			d.Added++
		case !bytes.Equal(was, line):
			d.Changed++
		}
		delete(old, key)
	})
	d.Removed = len(old)
	for layer, n := range after.Counts.LabelsByLayer {
		d.Labels[layer] = n
	}
	for layer, n := range before.Counts.LabelsByLayer {
		if d.Labels[layer] -= n; d.Labels[layer] == 0 {
			delete(d.Labels, layer)
		}
	}
	return d, err
}

// fingerprint is equal for shards of the same inputs.
func fingerprint(s *Shard) string { return s.Identity + s.InputsSHA256 }

// eachInput calls f with the corpus, the path and the line of each input of the
// shards with the given fingerprints.
func eachInput(s *Snapshot, shards map[string]bool, f func(key [2]string, line []byte)) error {
	for i := range s.Shards {
		if !shards[fingerprint(&s.Shards[i])] {
			continue
		}
		lines, err := s.InputLines(i)
		if err != nil {
			return err
		}
		inputs, err := ParseInputs(lines)
		if err != nil {
			return err
		}
		for j, line := range slices.Collect(bytes.Lines(lines)) {
			f([2]string{inputs[j].Corpus, inputs[j].Path}, line)
		}
	}
	return nil
}
