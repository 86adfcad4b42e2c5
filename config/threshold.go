package config

import (
	"reflect"
	"strconv"
	"strings"

	"github.com/quern-data/quern/schema"
)

// The names of thresholds that are no diagnostic codes.
const (
	DocumentsRefused = "documents_refused" // documents that were not converted
	LabelsUnresolved = "labels_unresolved" // label rows whose label is NULL
)

// Threshold is a limit that a run may reach but not exceed, or else nothing is
// published.
type Threshold struct {
	Name  string // DocumentsRefused, LabelsUnresolved, or the name of a schema.Code
	Limit Limit
}

// Limit is a count, or a share where IsShare says so.
type Limit struct {
	Count   int     // 0 or more
	Share   Percent // of the documents or the label rows, see Threshold.OfLabels
	IsShare bool
}

// String is the limit as a config file has it, such as 5 or 1%.
func (l Limit) String() string {
	if l.IsShare {
		return l.Share.String()
	}
	return strconv.Itoa(l.Count)
}

// String is the threshold as a config file has it, such as documents_refused: 1%.
func (t Threshold) String() string { return t.Name + ": " + t.Limit.String() }

// Exceeded reports whether count is strictly above the limit. What count is a
// share of is total: the label rows where OfLabels says so, else the documents,
// written and refused.
func (t Threshold) Exceeded(count, total int) bool {
	if t.Limit.IsShare {
		return t.Limit.Share.ExceededBy(count, total)
	}
	return count > t.Limit.Count
}

// OfLabels reports whether a share is one of the label rows. These are the codes
// that concern what was typed for one label; the others concern a file or its
// text, and are a share of the documents, of which each may have several.
func (t Threshold) OfLabels() bool {
	for _, prefix := range []string{"repair-", "label-", "polarity-"} {
		if strings.HasPrefix(t.Name, prefix) {
			return true
		}
	}
	return t.Name == LabelsUnresolved
}

var (
	thresholdsType = reflect.TypeFor[[]Threshold]()
	limitType      = reflect.TypeFor[Limit]()

	// thresholdFields are the keys of a table of thresholds: names that a file may
	// have, without a default.
	thresholdFields = limitFields()
)

func limitFields() []field {
	names := []string{DocumentsRefused, LabelsUnresolved}
	for _, code := range schema.Codes() {
		names = append(names, code.String())
	}
	fields := make([]field, len(names))
	for i, name := range names {
		fields[i] = field{key: name, typ: limitType}
	}
	return fields
}

// thresholds returns the usable entries of a table in the order of the file: a
// list, because viper would sort and fold the keys of a map.
func (c *checker) thresholds(n *node, key string) []Threshold {
	limits := c.table(n, thresholdFields, key)
	list := []Threshold{}
	for _, e := range n.entries {
		if limit, ok := limits[e.key].(Limit); ok {
			list = append(list, Threshold{e.key, limit})
			delete(limits, e.key) // a key that stands there twice has been reported
		}
	}
	return list
}
