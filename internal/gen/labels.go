package gen

import "strings"

// The labels of Peer-Review-Analyze, from the most to the least frequent of
// each layer. A test compares them with the taxonomy that ships with Quern.
var layers = [...]layer{
	{"section", true, strings.Fields("MET EXP RES RWK PDI OAL ANA DAT INT TNF EXT FWK ABS BIB")},
	{"aspect", true, strings.Fields("EMP CLA SUB NOV CMP IMP PNF REC APR")},
	{"purpose", false, strings.Fields("CRT SUG SMY APC DFT QSN DIS FBK")},
	{"significance", false, strings.Fields("MAJ MIN GEN")},
}

type layer struct {
	name     string
	polarity bool
	codes    []string
}

const (
	section = iota
	aspect
	purpose
	significance
)

var polarities = [...]string{"POS", "NEG", "NEU"}

const (
	noLabel      = "null"
	cannotDecide = "CNT" // belongs to the layer it stands in
)

// aliases are old codes: the layer and the index of the code they stand for.
var aliases = [...]struct {
	typed       string
	layer, code int
}{
	{"WRC", aspect, codeIndex(aspect, "CLA")},
	{"DSN", purpose, codeIndex(purpose, "DIS")},
	{"QUN", purpose, codeIndex(purpose, "QSN")},
}

func codeIndex(layer int, code string) int {
	for i, c := range layers[layer].codes {
		if c == code {
			return i
		}
	}
	panic("gen: no code " + code)
}

// slips holds for each layer and code what one wrong letter makes of it and of
// nothing else.
var slips = findSlips()

func findSlips() (found [len(layers)][][]string) {
	known := []string{cannotDecide, noLabel, "NULL"}
	known = append(known, polarities[:]...)
	for _, l := range layers {
		known = append(known, l.codes...)
	}
	for _, a := range aliases {
		known = append(known, a.typed)
	}
	for i, l := range layers {
		found[i] = make([][]string, len(l.codes))
		for j, code := range l.codes {
			for at := range len(code) {
				for c := byte('A'); c <= 'Z'; c++ {
					typed := code[:at] + string(c) + code[at+1:]
					if onlyNear(typed, code, known) {
						found[i][j] = append(found[i][j], typed)
					}
				}
			}
		}
	}
	return found
}

// onlyNear reports whether typed is no known word and one slip away from code
// alone.
func onlyNear(typed, code string, known []string) bool {
	for _, k := range known {
		if typed == k || k != code && oneSlip(typed, k) {
			return false
		}
	}
	return true
}

// oneSlip reports whether a becomes b by one letter changed, left out or put
// in, or by two neighbours that change places.
func oneSlip(a, b string) bool {
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	if len(a) == 2 && len(b) == 2 {
		return a[0] == b[1] && a[1] == b[0]
	}
	return max(len(a), len(b)) == 1
}

// typed is a label of a group: what it means, and what was typed.
type typed struct {
	layer, code int // code is -1 for null, -2 for CNT
	polarity    string
	text        string
}

const (
	codeNull = -1
	codeCNT  = -2
)

// separator stands between a label and the next of its list.
const separator = ","

func clean(layer, code int, polarity string) typed {
	switch code {
	case codeNull:
		return typed{layer, code, "", noLabel}
	case codeCNT:
		return typed{layer, code, "", cannotDecide}
	}
	l := &layers[layer]
	if !l.polarity {
		return typed{layer, code, "", l.codes[code]}
	}
	return typed{layer, code, polarity, l.codes[code] + "-" + polarity}
}

// group is a label group before it is written.
type group struct {
	lists  [len(layers)][]typed
	layers int

	// Where its brackets or separators are broken, and how. Each is the index of
	// a list, or -1.
	early, closed, open, angle int
}

func (g *group) reset(layers int) {
	for i := range g.lists {
		g.lists[i] = g.lists[i][:0]
	}
	g.layers = layers
	g.early, g.closed, g.open, g.angle = -1, -1, -1, -1
}

// appendTo writes the group as it is typed.
func (g *group) appendTo(out []byte) []byte {
	out = append(out, "[["...)
	for i, list := range g.lists[:g.layers] {
		for j := range list {
			if j > 0 {
				switch {
				case g.angle == i && j == 1:
					out = append(out, '<')
				case g.closed == i && j == 1:
					out = append(out, ']')
				case g.early == i && j == 1:
					out = append(out, "],"...)
				default:
					out = append(out, separator...)
				}
			}
			out = append(out, list[j].text...)
		}
		switch {
		case i == g.layers-1:
		case g.open == i:
			out = append(out, '[')
		default:
			out = append(out, "], ["...)
		}
	}
	return append(out, "]]"...)
}

// code draws a code of a layer, frequent ones more often.
func (s *source) code(layer int) int {
	n := len(layers[layer].codes)
	return min(s.below(n), s.below(n))
}

// fill draws the labels of a sentence.
func (s *source) fill(g *group, what intention) {
	polarity := "NEU"
	switch what {
	case praising:
		polarity = "POS"
	case faulting:
		polarity = "NEG"
	case judging:
		polarity = pick(s, polarities[:2])
	}
	labels := 1
	if s.percent(35) {
		labels += 1 + s.below(2)
	}
	s.distinct(g, section, labels, polarity)
	switch {
	case what == summarising || s.percent(12):
		g.lists[aspect] = append(g.lists[aspect], clean(aspect, codeNull, ""))
	case s.percent(20):
		s.distinct(g, aspect, 2, polarity)
	default:
		s.distinct(g, aspect, 1, polarity)
	}
	if g.layers > purpose {
		g.lists[purpose] = append(g.lists[purpose], clean(purpose, pick(s, purposes[what]), ""))
		g.lists[significance] = append(g.lists[significance], clean(significance, s.code(significance), ""))
	}
	if s.percent(1) {
		at := s.below(g.layers)
		g.lists[at] = append(g.lists[at][:0], clean(at, codeCNT, ""))
	}
}

// purposes are the codes that fit an intention.
var purposes = [intentions][]int{
	summarising: {codeIndex(purpose, "SMY")},
	praising:    {codeIndex(purpose, "APC")},
	faulting:    {codeIndex(purpose, "CRT"), codeIndex(purpose, "CRT"), codeIndex(purpose, "DFT")},
	asking:      {codeIndex(purpose, "QSN")},
	suggesting:  {codeIndex(purpose, "SUG")},
	reasoning:   {codeIndex(purpose, "DIS")},
	judging:     {codeIndex(purpose, "FBK")},
}

// distinct adds n different labels to a list.
func (s *source) distinct(g *group, layer, n int, polarity string) {
	for len(g.lists[layer]) < n {
		s.addDistinct(g, layer, polarity)
	}
}

func (s *source) addDistinct(g *group, layer int, polarity string) {
	code := s.code(layer)
	for i := 0; i < len(g.lists[layer]); i++ {
		if g.lists[layer][i].code == code {
			code = (code + 1) % len(layers[layer].codes)
			i = -1 // look again from the start
		}
	}
	g.lists[layer] = append(g.lists[layer], clean(layer, code, polarity))
}
