package snapshot

import (
	"bytes"
	"encoding/json"
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
	old := map[input]int{} // how often each is there
	if err := eachInput(before, shared, func(in input) { old[in]++ }); err != nil {
		return d, err
	}
	more := map[file]int{} // inputs of it that are new or changed
	err := eachInput(after, only, func(in input) {
		switch old[in] {
		case 0:
			more[in.file]++
		case 1:
			delete(old, in)
		default:
			old[in]--
		}
	})
	less := map[file]int{}
	for in, n := range old {
		less[in.file] += n
	}
	for of, n := range less { // of a file that holds many documents, as many changed as may have
		changed := min(n, more[of])
		d.Changed, d.Removed = d.Changed+changed, d.Removed+n-changed
		more[of] -= changed
	}
	for _, n := range more {
		d.Added += n
	}
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

// file is a file of a corpus.
type file struct{ corpus, path string }

// input is one of a file, and its line but for where in the file it starts.
type input struct {
	file
	line string
}

// eachInput calls f with each input of the shards with the given fingerprints.
func eachInput(s *Snapshot, shards map[string]bool, f func(input)) error {
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
			in := &inputs[j]
			if in.Offset > 0 || len(in.Pieces) > 0 {
				in.Offset = 0
				for k := range in.Pieces {
					in.Pieces[k].Offset = 0
				}
				if line, err = json.Marshal(in); err != nil {
					return err
				}
			}
			f(input{file{in.Corpus, in.Path}, string(bytes.TrimSpace(line))})
		}
	}
	return nil
}
