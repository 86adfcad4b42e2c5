package records

import (
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// Null is how NULL is shown to people.
const Null = "NULL"

// Quoted is a text as it is shown to people where NULL may stand: one that reads like
// NULL, with quotation marks around it or not, is in quotation marks.
func Quoted(text string) string {
	if strings.Trim(text, `"`) == Null {
		return `"` + text + `"`
	}
	return text
}

// Distinct are the values of a column as text, each once.
type Distinct struct {
	// Values are Null, numbers, and texts as Quoted has them.
	Values []string
	// Codes has, for each row of the batch that was read last, its place in Values.
	Codes []uint32

	places map[string]uint32
	recent [256]uint32 // places that were found, by a hash, and one more than each
	text   []byte
}

// Read looks up the values of a column of a batch.
func (d *Distinct) Read(a arrow.Array) {
	if cap(d.Codes) < a.Len() {
		d.Codes = make([]uint32, a.Len())
	}
	d.Codes = d.Codes[:a.Len()]
	texts, isText := a.(*array.String)
	value := plain(a)
	for i := range d.Codes {
		switch {
		case a.IsNull(i):
			d.Codes[i] = d.place(Null)
		case isText:
			d.Codes[i] = d.place(Quoted(texts.Value(i)))
		default:
			d.text = value(d.text[:0], i)
			d.Codes[i] = d.place(string(d.text))
		}
	}
}

// place finds a value, or gives it one. Most columns have few, so that looking at
// what was found of late saves half the time.
func (d *Distinct) place(text string) uint32 {
	hash := uint8(len(text))
	if n := len(text); n > 0 {
		hash = 31*(31*(31*hash+text[0])+text[n/2]) + text[n-1]
	}
	recent := &d.recent[hash]
	if at := *recent; at > 0 && d.Values[at-1] == text {
		return at - 1
	}
	at, ok := d.places[text]
	if !ok {
		if d.places == nil {
			d.places = map[string]uint32{}
		}
		at = uint32(len(d.Values))
		d.Values = append(d.Values, string([]byte(text))) // not the memory of the batch
		d.places[d.Values[at]] = at
	}
	*recent = at + 1
	return at
}
