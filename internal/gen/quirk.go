package gen

import "strings"

// Quirk is a way in which an annotated file departs from a clean one. Each
// leaves no doubt about what was meant.
type Quirk uint8

// The quirks. Those up to BracketProse befall a sentence or its group, at most
// one each; the others a document.
const (
	Case             Quirk = iota // RWk-POS, emp-neg
	CodeSeparator                 // RES_NEG
	LabelSeparator                // RWK-POS<MET-POS
	Alias                         // an old code: WRC, DSN, QUN
	Slip                          // one letter wrong, and one code alone is that near: WXP-NEU
	WrongLayer                    // a code in the list of another layer
	NullCase                      // NULL, Null
	NullPolarity                  // EXT-null
	NoPolarity                    // APR
	Duplicate                     // a label twice in its list
	BracketEarly                  // [[RES-NEG],CNT], [CRT]]
	BracketClosed                 // [[EXP-NEU]NOV-NEU], [SMY]]
	BracketOpen                   // [[RES-NEG], [SUB-NEU[SUG]]
	SplitEscape                   // your code?\[[RES-NEU], [EMP-NEU]] n
	Punctuation                   // your code[[RES-NEU], [EMP-NEU]].
	PunctuationBlank              // your code[[RES-NEU], [EMP-NEU]] . The blank stays in the text.
	TextDropped                   // text of the raw twin is missing
	TextTyped                     // text was added to that of the raw twin
	TextChanged                   // text of the raw twin was changed
	BracketProse                  // brackets that are no group: [[3]], x[[i]], [[see Table 2]]
	SpaceBeforeQuote              // a blank before the opening quotation mark
	QuoteEarly                    // the closing quotation mark stands before the last group
	QuoteMissing                  // the closing quotation mark is missing
	TailText                      // text without a group after the last group
	QuirkCount
)

const sentenceQuirks = SpaceBeforeQuote

var quirkNames = [QuirkCount]string{
	"case", "code-separator", "label-separator", "alias", "slip", "wrong-layer", "null-case", "null-polarity",
	"no-polarity", "duplicate", "bracket-early", "bracket-closed", "bracket-open", "split-escape", "punctuation",
	"punctuation-blank", "text-dropped", "text-typed", "text-changed", "bracket-prose", "space-before-quote",
	"quote-early", "quote-missing", "tail-text",
}

func (q Quirk) String() string {
	if q >= QuirkCount {
		return "no quirk"
	}
	return quirkNames[q]
}

// mistype works a quirk of labels or brackets into g.
func (s *source) mistype(g *group, q Quirk) {
	switch q {
	case Case:
		t := s.label(g)
		t.text = s.otherCase(t.text)
	case CodeSeparator:
		t := s.polar(g)
		t.text = strings.Replace(t.text, "-", "_", 1)
	case LabelSeparator:
		g.angle = s.longList(g)
	case Alias:
		s.alias(g)
	case Slip:
		t := s.label(g)
		code := layers[t.layer].codes[t.code]
		t.text = pick(s, slips[t.layer][t.code]) + t.text[len(code):]
	case WrongLayer:
		at := s.below(g.layers)
		other := s.below(len(layers) - 1)
		if other >= at {
			other++
		}
		list := g.lists[at]
		list[s.below(len(list))] = clean(other, s.code(other), pick(s, polarities[:]))
	case NullCase:
		at := 1 + s.below(g.layers-1) // a group of nulls alone could be anything
		t := clean(at, codeNull, "")
		t.text = pick(s, []string{"NULL", "Null"})
		g.lists[at] = append(g.lists[at][:0], t)
	case NullPolarity:
		t := s.polar(g)
		t.text = layers[t.layer].codes[t.code] + "-" + noLabel
		t.polarity = ""
	case NoPolarity:
		t := s.polar(g)
		t.text = layers[t.layer].codes[t.code]
		t.polarity = ""
	case Duplicate:
		at := s.below(g.layers)
		t := s.labelOf(g, at)
		g.lists[at] = append(g.lists[at], *t)
	case BracketEarly:
		g.early = s.longList(g)
	case BracketClosed:
		g.closed = s.longList(g)
	case BracketOpen:
		g.open = s.below(g.layers - 1)
	}
}

// label picks a label that is neither null nor CNT, and puts one in if the group
// has none.
func (s *source) label(g *group) *typed {
	return s.labelOf(g, s.below(g.layers))
}

// polar picks a label of a layer with polarity.
func (s *source) polar(g *group) *typed { return s.labelOf(g, s.below(aspect+1)) }

func (s *source) labelOf(g *group, list int) *typed {
	t := &g.lists[list][s.below(len(g.lists[list]))]
	if t.code < 0 {
		*t = clean(list, s.code(list), pick(s, polarities[:]))
	}
	return t
}

// longList picks a list and sees to it that it has two labels, so that something
// stands between them. Where brackets close early, a section or aspect label is
// what tells the reader that the list goes on.
func (s *source) longList(g *group) int {
	at := s.below(aspect + 1)
	s.labelOf(g, at)
	list := g.lists[at][:0]
	for _, t := range g.lists[at] {
		if t.code >= 0 {
			list = append(list, t)
		}
	}
	g.lists[at] = list
	if len(list) < 2 {
		s.addDistinct(g, at, pick(s, polarities[:]))
	}
	return at
}

func (s *source) alias(g *group) {
	n := 1 // of two layers, the aliases of one
	if g.layers > purpose {
		n = len(aliases)
	}
	a := &aliases[s.below(n)]
	t := clean(a.layer, a.code, pick(s, polarities[:]))
	t.text = a.typed + t.text[len(a.typed):]
	list := g.lists[a.layer]
	list[s.below(len(list))] = t
}

// otherCase changes some letters of a label to lower case, at least one.
func (s *source) otherCase(text string) string {
	switch s.below(3) {
	case 0:
		return strings.ToLower(text)
	case 1:
		return strings.ToLower(text[:3]) + text[3:]
	default:
		at := s.below(3)
		return text[:at] + strings.ToLower(text[at:at+1]) + text[at+1:]
	}
}
