package gen

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
)

// Options describes a corpus. The zero value of a field stands for its default.
type Options struct {
	Seed uint64
	// Documents is the number of documents that Write makes.
	Documents int
	// MeanBytes is the mean size of the annotated files, 2,300 if zero, which
	// is that of the published ones. Sizes are spread from a quarter of it to
	// seven quarters; no document has less than a sentence.
	MeanBytes int
	// QuirkRate is the probability that a sentence with its group shows a
	// quirk, and that a document shows one of those that befall documents.
	QuirkRate float64
	// Only lists the quirks that may occur; all if empty.
	Only []Quirk
	// Layers is the number of lists in each group: 2 or 4; 2 if zero.
	Layers int
	// Twins says whether Write writes the raw twins beside the annotated files.
	Twins bool
}

// complete checks the options and fills in defaults.
func (o Options) complete() (Options, error) {
	if o.MeanBytes == 0 {
		o.MeanBytes = 2300
	}
	if o.Layers == 0 {
		o.Layers = 2
	}
	switch {
	case o.Documents < 0:
		return o, fmt.Errorf("gen: Documents is %d; want 0 or more", o.Documents)
	case o.MeanBytes < 0:
		return o, fmt.Errorf("gen: MeanBytes is %d; want 0 or more", o.MeanBytes)
	case !(o.QuirkRate >= 0 && o.QuirkRate <= 1):
		return o, fmt.Errorf("gen: QuirkRate is %v; want a probability", o.QuirkRate)
	case o.Layers != 2 && o.Layers != len(layers):
		return o, fmt.Errorf("gen: Layers is %d; want 2 or %d", o.Layers, len(layers))
	}
	for _, q := range o.Only {
		if q >= QuirkCount {
			return o, fmt.Errorf("gen: Only holds %d; want a quirk", q)
		}
	}
	return o, nil
}

// Stats sums up a corpus. Sentences counts those without a group as well;
// Labels does not count nulls.
type Stats struct {
	Documents, Sentences, Labels, Nulls int
	AnnotatedBytes, RawBytes            int64 // RawBytes counts twins that were written
	Quirks                              [QuirkCount]int
}

func (s *Stats) add(t *Truth) {
	s.Documents++
	s.Sentences += len(t.Sentences)
	for i := range t.Sentences {
		s.Labels += len(t.Sentences[i].Labels)
		s.Nulls += t.Sentences[i].Nulls
	}
	for q, n := range t.Quirks {
		s.Quirks[q] += n
	}
}

// reviewsPerPaper is how many documents share a paper.
const reviewsPerPaper = 3

// Place is where a document stands in the corpus. The paths are relative to the
// corpus root, with forward slashes.
type Place struct {
	Annotated, Raw             string
	Decision, PaperID, Venue   string // Decision as the folder has it: Accepted, Rejected, Withdrawn
	Year, Reviewer             int    // reviewers count from 1
	annotatedFolder, rawFolder string
}

// PlaceOf is the place of document number i of a corpus with the given seed.
func PlaceOf(seed uint64, i int) Place {
	paper := i / reviewsPerPaper
	s := newSource(^seed, uint64(paper))
	p := Place{
		Decision: "Rejected",
		PaperID:  paperID(seed, uint64(paper)),
		Venue:    "GCONF",
		Year:     2018 + s.below(7),
		Reviewer: i%reviewsPerPaper + 1,
	}
	switch n := s.below(100); {
	case n < 40:
		p.Decision = "Accepted"
	case n < 55:
		p.Decision = "Withdrawn"
	}
	name := fmt.Sprintf("%s%d-%s-R%d", p.Venue, p.Year, p.PaperID, p.Reviewer)
	p.annotatedFolder = path.Join(p.Decision, p.PaperID, "Annotated")
	p.rawFolder = path.Join(p.Decision, p.PaperID, "Raw")
	p.Annotated = path.Join(p.annotatedFolder, name+"_annotated.txt")
	p.Raw = path.Join(p.rawFolder, name+".txt")
	return p
}

// paperID is an identifier like those of the published corpus: it may start or
// end with a hyphen. Different papers have different ones.
func paperID(seed, paper uint64) string {
	const (
		letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
		bits    = 48
		mask    = 1<<bits - 1
	)
	// Each step can be undone within 48 bits, so that no two numbers meet.
	x := (paper + seed) & mask
	x = x * 0x9E3779B97F4B & mask
	x ^= x >> 23
	x = x * 0xD6E8FEB86659 & mask
	x ^= x >> 25
	var id [bits / 6]byte
	for i := range id {
		id[i] = letters[x>>(6*i)&63]
	}
	return string(id[:])
}

// Write makes a corpus of o.Documents documents below dir, which it creates if
// need be. Files that are there are overwritten, and others are left alone.
func Write(dir string, o Options) (Stats, error) {
	var stats Stats
	o, err := o.complete()
	if err != nil {
		return stats, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return stats, fmt.Errorf("gen: %w", err)
	}
	c := newComposer(o)
	for i := range o.Documents {
		c.compose(i)
		p := PlaceOf(o.Seed, i)
		if err := write(dir, p.annotatedFolder, p.Annotated, c.annotated, i); err != nil {
			return stats, err
		}
		stats.AnnotatedBytes += int64(len(c.annotated))
		if o.Twins {
			if err := write(dir, p.rawFolder, p.Raw, c.raw, i); err != nil {
				return stats, err
			}
			stats.RawBytes += int64(len(c.raw))
		}
		stats.add(&c.truth)
	}
	return stats, nil
}

func write(dir, folder, file string, data []byte, i int) error {
	if i%reviewsPerPaper == 0 { // the first of its folder
		if err := os.MkdirAll(filepath.Join(dir, filepath.FromSlash(folder)), 0o755); err != nil {
			return fmt.Errorf("gen: %w", err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(file)), data, 0o644); err != nil {
		return fmt.Errorf("gen: %w", err)
	}
	return nil
}
