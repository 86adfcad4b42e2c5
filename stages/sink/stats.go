package sink

import (
	"github.com/quern-data/quern/schema"
)

// Stats counts what was written. Stats of several shards add up.
type Stats struct {
	Written        int                      `json:"written"` // documents
	Refused        int                      `json:"refused"`
	Unreadable     int                      `json:"unreadable"`   // folders, and members of archives without a place
	SourceBytes    int64                    `json:"source_bytes"` // of the documents written or refused
	Sentences      int                      `json:"sentences"`
	Groups         int                      `json:"groups"`     // label groups
	Labeled        int                      `json:"labeled"`    // sentences that carry one
	Labels         int                      `json:"labels"`     // rows of the table labels
	Unresolved     int                      `json:"unresolved"` // of these, without a label
	Relations      int                      `json:"relations"`
	LabelsByLayer  map[string]int           `json:"labels_by_layer"`
	Alignments     map[schema.Alignment]int `json:"alignments"`      // sentences, where there is a raw twin
	LabeledAligned map[schema.Alignment]int `json:"labeled_aligned"` // those of them with labels
	Coverage       schema.Coverage          `json:"coverage_bytes"`
	Diagnostics    map[schema.Code]int      `json:"diagnostics"`
	// Examples has the first of each code, of the documents that this run
	// converted.
	Examples map[schema.Code]Example `json:"-"`
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
		Alignments:    map[schema.Alignment]int{}, LabeledAligned: map[schema.Alignment]int{},
		Diagnostics: map[schema.Code]int{},
		Examples:    map[schema.Code]Example{},
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
	if len(list) < doc.Diagnostics.Total() { // some were counted and not kept
		for _, code := range schema.Codes() {
			if n := doc.Diagnostics.Count(code); n > 0 {
				s.Diagnostics[code] += n
			}
		}
	}
	for i := range list {
		d := &list[i]
		if len(list) == doc.Diagnostics.Total() {
			s.Diagnostics[d.Code]++
		}
		if _, ok := s.Examples[d.Code]; !ok {
			path, _ := doc.Source.Place(d)
			s.Examples[d.Code] = Example{path, *d}
		}
	}
	if doc.Source.ID == "" {
		s.Unreadable += doc.Diagnostics.Count(schema.DirectoryUnreadable) + doc.Diagnostics.Count(schema.DirectoryTooDeep) +
			doc.Diagnostics.Count(schema.ArchiveMemberUnsafe)
		return
	}
	s.SourceBytes += doc.Source.Size()
	if doc.Source.Refused {
		s.Refused++
		return
	}
	s.Written++
	s.Sentences += len(doc.Sentences)
	s.Groups += len(doc.Groups)
	s.Relations += len(doc.Relations)
	s.Coverage.Add(doc.Coverage)
	for i := range doc.Sentences {
		sentence := &doc.Sentences[i]
		labeled := sentence.Group != schema.NoGroup
		if labeled {
			s.Labeled++
			span := doc.Groups[sentence.Group].Labels
			s.addLabels(doc.Labels[span.Start:span.End])
		}
		if sentence.Alignment == "" {
			continue
		}
		s.Alignments[sentence.Alignment]++
		if labeled {
			s.LabeledAligned[sentence.Alignment]++
		}
	}
}

func (s *Stats) addLabels(labels []schema.Label) {
	for i := range labels {
		switch l := &labels[i]; {
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

// Merge adds the counts of o.
func (s *Stats) Merge(o Stats) {
	s.Written += o.Written
	s.Refused += o.Refused
	s.Unreadable += o.Unreadable
	s.SourceBytes += o.SourceBytes
	s.Sentences += o.Sentences
	s.Groups += o.Groups
	s.Labeled += o.Labeled
	s.Labels += o.Labels
	s.Unresolved += o.Unresolved
	s.Relations += o.Relations
	s.Coverage.Add(o.Coverage)
	for class, n := range o.Alignments {
		s.Alignments[class] += n
	}
	for class, n := range o.LabeledAligned {
		s.LabeledAligned[class] += n
	}
	for layer, n := range o.LabelsByLayer {
		s.LabelsByLayer[layer] += n
	}
	for code, n := range o.Diagnostics {
		s.Diagnostics[code] += n
	}
}
