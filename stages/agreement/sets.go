package agreement

import (
	"encoding/binary"
	"slices"
)

// Value is what an annotator said of a unit: a set of labels, by its number in the
// layer.
type Value int32

const (
	// Missing says that it is not known what an annotator said.
	Missing Value = -1
	// Nothing is the set without labels, which is a value like others.
	Nothing Value = 0
)

// sets are sets of labels, each once.
type sets struct {
	labels  map[string]int32
	of      [][]int32 // the labels of each, ascending; of[Nothing] is empty
	numbers map[string]Value
	single  []Value // by label, the set that has it alone, 0 if there is none yet
	key     []byte
}

func newSets() sets {
	return sets{labels: map[string]int32{}, of: [][]int32{nil}, numbers: map[string]Value{"": Nothing}}
}

func (s *sets) label(name string) int32 {
	n, ok := s.labels[name]
	if !ok {
		n = int32(len(s.labels))
		s.labels[name] = n
		s.single = append(s.single, 0)
	}
	return n
}

// labelOf is label, and makes a string only of what is new.
func (s *sets) labelOf(name []byte) int32 {
	if n, ok := s.labels[string(name)]; ok {
		return n
	}
	return s.label(string(name))
}

// value is the number of a set, whose labels are ascending and each there once.
func (s *sets) value(labels []int32) Value {
	if len(labels) == 1 && s.single[labels[0]] != 0 {
		return s.single[labels[0]]
	}
	s.key = s.key[:0]
	for _, l := range labels {
		s.key = binary.LittleEndian.AppendUint32(s.key, uint32(l))
	}
	v, ok := s.numbers[string(s.key)]
	if !ok {
		v = Value(len(s.of))
		s.of = append(s.of, slices.Clone(labels))
		s.numbers[string(s.key)] = v
		if len(labels) == 1 {
			s.single[labels[0]] = v
		}
	}
	return v
}

// similarity is 1 minus the distance of two sets, by MASI and by Jaccard.
type similarity struct{ masi, jaccard float64 }

// similar compares two sets. Two that are empty are the same; Jaccard's quotient
// itself has no value for them.
func similar(a, b []int32) similarity {
	common := 0
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] < b[j]:
			i++
		case a[i] > b[j]:
			j++
		default:
			common, i, j = common+1, i+1, j+1
		}
	}
	union := len(a) + len(b) - common
	if union == common {
		return similarity{1, 1}
	}
	jaccard := float64(common) / float64(union)
	monotonic := 1.0 / 3 // each has what the other has not
	if common == len(a) || common == len(b) {
		monotonic = 2.0 / 3
	}
	return similarity{jaccard * monotonic, jaccard}
}
