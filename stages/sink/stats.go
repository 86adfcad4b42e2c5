package sink

import (
	"maps"

	"github.com/quern-data/quern/schema"
)

// Stats counts what was written. Stats of several shards add up.
type Stats struct {
	Written, Refused int   // documents
	SourceBytes      int64 // of the documents written or refused
	Sentences        int
	Groups           int // label groups: sentences that carry labels
	Labels           int // rows of the table labels
	Unresolved       int // of these, without a label
	LabelsByLayer    map[string]int
	Diagnostics      map[schema.Code]int
	Examples         map[schema.Code]Example // the first of each code
}

// Example is a diagnostic that stands for its code.
type Example struct {
	Path       string
	Diagnostic schema.Diagnostic
}

// NewStats is Stats to merge into.
func NewStats() Stats {
	return Stats{
		LabelsByLayer: map[string]int{},
		Diagnostics:   map[schema.Code]int{},
		Examples:      map[schema.Code]Example{},
	}
}

// Repairs counts the repairs by code.
func (s *Stats) Repairs() map[schema.Code]int {
	repairs := map[schema.Code]int{}
	for code, n := range s.Diagnostics {
		if code.IsRepair() {
			repairs[code] = n
		}
	}
	return repairs
}

func (s *Stats) add(doc *schema.Document) {
	list := doc.Diagnostics.All()
	for i := range list {
		d := &list[i]
		s.Diagnostics[d.Code]++
		if _, ok := s.Examples[d.Code]; !ok {
			s.Examples[d.Code] = Example{doc.Source.Path, *d}
		}
	}
	if doc.Source.ID == "" {
		return // a directory
	}
	s.SourceBytes += int64(len(doc.Source.Data))
	if doc.Source.Refused {
		s.Refused++
		return
	}
	s.Written++
	s.Sentences += len(doc.Sentences)
	s.Groups += len(doc.Groups)
	for i := range doc.Labels {
		switch l := &doc.Labels[i]; {
		case l.Null:
		case l.Code == nil:
			s.Labels++
			s.Unresolved++
		default:
			s.Labels++
			s.LabelsByLayer[*l.Layer]++
		}
	}
}

// Merge adds o, which comes behind s in the order of documents.
func (s *Stats) Merge(o Stats) {
	s.Written += o.Written
	s.Refused += o.Refused
	s.SourceBytes += o.SourceBytes
	s.Sentences += o.Sentences
	s.Groups += o.Groups
	s.Labels += o.Labels
	s.Unresolved += o.Unresolved
	for layer, n := range o.LabelsByLayer {
		s.LabelsByLayer[layer] += n
	}
	for code, n := range o.Diagnostics {
		s.Diagnostics[code] += n
	}
	first := maps.Clone(o.Examples)
	maps.Copy(first, s.Examples)
	s.Examples = first
}
