package parser

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"slices"
	"strings"

	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/taxonomy"
)

// A label group, when it is typed well, is
//
//	group = "[" list { "," list } "]"
//	list  = "[" [ label { "," label } ] "]"
//
// with blanks anywhere. People leave out brackets, type one too many, or miss
// the comma. The rules by which a group is read all the same:
//
//   - A list opens with "[" and with nothing else. So a "]" that labels follow
//     is a slip, and the labels go on in the same list.
//   - A "[" inside a list that is still open closes it first.
//   - The group ends at "]]", or where after a "]" neither list nor label
//     follows, or at the end of the text.
//   - It is a group only if the taxonomy knows enough of what stands in it; see
//     recognised.
type group struct {
	end     int         // offset behind the group; behind what was looked at, if it is none
	labels  schema.Span // its labels, appended to Document.Labels
	broken  bool        // whether brackets are missing or one too many
	suspect bool        // whether it began like a group and is none
}

const (
	// maxOpen is how many brackets may open a group: one left out, the two that
	// belong there, or one too many.
	maxOpen = 3
	// maxExtra is how much longer than the taxonomy's longest label a label as
	// typed may be, in bytes.
	maxExtra = 24
	// maxBlanks bounds the blanks inside it.
	maxBlanks = 2
	// maxStrangers is how many labels that the taxonomy does not know may stand
	// before the first that it does.
	maxStrangers = 2
)

// mayOpen reports whether a group may open at data[i], a bracket: at most
// maxOpen brackets stand there.
func (s *inlineScan) mayOpen(i int) bool {
	return i+maxOpen >= s.end || s.data[i+maxOpen] != '['
}

// groupScan is the state of reading one group.
type groupScan struct {
	*inlineScan
	i     int  // next byte
	limit int  // end of what may be looked at
	long  bool // whether the group goes on beyond it
	mark  int  // end of what surely belongs to the group

	first  int  // index of the group's first label
	list   int  // current list, from 0
	inList bool // whether the current list is open
	filled bool // whether it has a label
	single bool // whether one bracket alone opened the group
	opened int  // brackets so far
	closed int

	strangers int
	best      taxonomy.Evidence
	broken    bool
	joined    bool // whether something other than a comma stands before the next label
}

// group reads the label group at data[at], a bracket. If it is none, ok is
// false and the caller takes back the labels. It takes time linear in g.end-at,
// plus a constant.
func (s *inlineScan) group(at int) (g group, ok bool) {
	if g, ok = s.wellTyped(at); ok {
		return g, true
	}
	return s.anyGroup(at)
}

// anyGroup is group by the rules for all.
func (s *inlineScan) anyGroup(at int) (g group, ok bool) {
	g.labels = schema.Span{Start: len(s.doc.Labels), End: len(s.doc.Labels)}
	g.end = at + 1
	if !s.mayOpen(at) {
		return g, false
	}
	end := max(s.end, at)
	q := groupScan{inlineScan: s, i: at, limit: min(end, at+s.maxGroup), first: len(s.doc.Labels), inList: true}
	for q.i < q.limit && s.data[q.i] == '[' {
		q.i++
		q.opened++
	}
	q.single, q.broken = q.opened == 1, q.opened != 2
	if q.single {
		// One bracket opens a citation far more often than a group.
		if q.skipBlanks(); q.peek(q.i) < taxonomy.Strong {
			return g, false
		}
	}
	verdict := q.read()
	g.labels.End = len(s.doc.Labels)
	switch {
	case q.long && q.limit < end && verdict != groupClosed:
		g.end, g.suspect = s.runEnd(q.limit), true
		return g, false
	case verdict == groupNone || !q.recognised(verdict == groupClosed):
		g.end = max(q.i, at+1)
		g.suspect = !q.single && (q.best >= taxonomy.Strong || q.best == taxonomy.Weak && !s.insideCode(at))
		return g, false
	}
	g.end = q.i
	g.broken = q.broken || verdict != groupClosed
	return g, true
}

// wellTyped reads the group at data[at] if it is typed as it should be, with
// labels as the taxonomy has them and no blanks but behind commas. For any other, ok
// is false, even if it is a group. Nearly all are typed well, and are read so 8
// times as fast as by the rules for all.
func (s *inlineScan) wellTyped(at int) (g group, ok bool) {
	data := s.data[:min(s.end, at+s.maxGroup)]
	if at+2 >= len(data) || data[at+1] != '[' {
		return g, false
	}
	labels := s.doc.Labels
	first, list, best := len(labels), 0, taxonomy.NoEvidence
	i := at + 2
	for {
		from := i
		number, text, evidence, size := s.typedLabel(data[i:])
		i += size
		if i >= len(data)-1 || number == 0 || evidence == taxonomy.Weak && !isWords(text) {
			return g, false
		}
		best = max(best, evidence)
		// Field by field, so that while garbage is collected no write barrier goes
		// over the whole.
		n := len(labels)
		labels = slices.Grow(labels, 1)[:n+1]
		l := &labels[n]
		l.Raw, l.Source, l.List, l.Position = text, schema.Span{Start: from, End: i}, list, n-first
		l.Term, l.Joined, l.Repairs, l.Meaning = number, false, 0, nil
		if l.Detail != nil { // of a document of another format
			l.Detail = nil
		}
		closed := data[i] == ']'
		if closed {
			i++
			if data[i] == ']' {
				break
			}
		}
		if data[i] != ',' {
			return g, false
		}
		for i++; i < len(data) && data[i] == ' '; i++ {
		}
		if closed {
			if i >= len(data) || data[i] != '[' {
				return g, false
			}
			i++
			list++
		}
	}
	i++
	if next := s.blanksEnd(i, len(data), true); next < len(data) && data[next] == ',' {
		return g, false // another list may follow
	}
	if best == taxonomy.Weak && list == 0 {
		return g, false
	}
	s.doc.Labels = labels
	return group{end: i, labels: schema.Span{Start: first, End: len(labels)}}, true
}

// typedLabel is what the taxonomy knows of a label that data starts with, and how
// long it is: up to a comma or closing bracket if one is near, else a word.
func (s *inlineScan) typedLabel(data []byte) (number int, text string, evidence taxonomy.Evidence, size int) {
	if len(data) >= 8 {
		x := binary.LittleEndian.Uint64(data)
		comma, bracket := x^','*lowBits, x^']'*lowBits
		if found := ((comma-lowBits)&^comma | (bracket-lowBits)&^bracket) & highBits; found != 0 {
			bit := bits.TrailingZeros64(found) &^ 7
			number, text, evidence = s.known.Word(x&(1<<bit-1), bit/8)
			return number, text, evidence, bit / 8
		}
	}
	for size < len(data) && isWord(data[size]) {
		size++
	}
	number, text, evidence = s.known.Term(data[:size])
	return number, text, evidence, size
}

func isWords(s string) bool {
	for i := range len(s) {
		if !isWord(s[i]) {
			return false
		}
	}
	return true
}

// runEnd is the end of the brackets, labels and separators that go on at i.
func (s *inlineScan) runEnd(i int) int {
	for i < s.end && (isWord(s.data[i]) || isSeparator(s.data[i]) || isSpace(s.data[i]) || s.data[i] == '[' || s.data[i] == ']') {
		i++
	}
	return i
}

// insideCode reports whether the bracket at data[i] clings to a word, as in
// x[[min]].
func (s *inlineScan) insideCode(i int) bool { return i > s.start && isWord(s.data[i-1]) }

type groupVerdict int

const (
	groupGoesOn   groupVerdict = iota
	groupClosed                // ended by ]]
	groupUnclosed              // ended by something else
	groupNone                  // nothing like a label group
)

// read reads lists and labels up to the end of the group.
func (q *groupScan) read() groupVerdict {
	for {
		q.skipBlanks()
		if q.i >= q.limit {
			q.long = true
			return groupUnclosed
		}
		verdict := groupGoesOn
		switch c := q.data[q.i]; {
		case c == '[':
			verdict = q.open()
		case c == ']':
			q.closed++
			q.i++
			q.inList, q.mark = false, q.i
			verdict = q.afterList()
		case isSeparator(c):
			q.joined = q.joined || c != ','
			q.i++
		default:
			verdict = q.label()
		}
		if verdict != groupGoesOn {
			return verdict
		}
	}
}

// open reads the bracket that opens a list.
func (q *groupScan) open() groupVerdict {
	switch {
	case q.inList && !q.filled:
		// A bracket too many.
		q.broken = true
		if q.opened > q.closed+maxOpen {
			if q.closed == 0 {
				return groupNone
			}
			return q.breakOff()
		}
	case q.inList && !q.listAt(q.i, true):
		return q.breakOff()
	default:
		q.broken = q.broken || q.inList // the list before was not closed
		q.list++
		q.inList, q.filled, q.joined = true, false, false
	}
	q.opened++
	q.i++
	return groupGoesOn
}

// listAt reports whether the bracket at data[i] opens a list of labels, rather
// than a citation. Behind a comma, anything that looks like a code will do.
func (q *groupScan) listAt(i int, comma bool) bool {
	if i+1 >= q.limit || q.data[i] != '[' {
		return false
	}
	if c := q.data[i+1]; c == ']' || c == '[' {
		return comma
	}
	if q.peek(i+1) != taxonomy.NoEvidence {
		return true
	}
	to := q.labelEnd(i + 1)
	return comma && to > 0 && likeCode(q.data[i+1:to])
}

// afterList looks at what follows a closing bracket, and steps over what
// belongs to the group.
func (q *groupScan) afterList() groupVerdict {
	comma := false
	q.skipBlanks()
	if q.i < q.limit && isSeparator(q.data[q.i]) {
		comma = true
		q.joined = q.joined || q.data[q.i] != ','
		q.i++
		q.skipBlanks()
	}
	switch {
	case q.i >= q.limit:
		q.long = true
	case q.data[q.i] == ']':
		q.i++
		q.closed++
		return q.afterGroup()
	case q.listAt(q.i, comma):
		q.broken = q.broken || !comma
		return groupGoesOn
	case q.peek(q.i) >= taxonomy.Strong || comma && q.peek(q.i) == taxonomy.Weak:
		q.broken, q.inList, q.filled = true, true, true // the bracket was a slip
		return groupGoesOn
	}
	return q.breakOff()
}

// afterGroup looks for what a typist left behind the group's last brackets: a
// bracket that an earlier one too many asks for, or a list that belongs to it.
func (q *groupScan) afterGroup() groupVerdict {
	for q.i < q.limit && q.data[q.i] == ']' && q.closed < q.opened {
		q.closed++
		q.i++
	}
	q.mark = q.i
	q.skipBlanks()
	if q.i < q.limit && q.data[q.i] == ',' {
		q.i++
		q.skipBlanks()
		if q.i+1 < q.limit && q.data[q.i] == '[' && q.data[q.i+1] != '[' && q.peek(q.i+1) >= taxonomy.Strong {
			q.broken = true
			return groupGoesOn
		}
	}
	q.i = q.mark
	return groupClosed
}

// breakOff ends the group where it stops making sense.
func (q *groupScan) breakOff() groupVerdict {
	if q.mark == 0 {
		return groupNone
	}
	q.i = q.mark
	return groupUnclosed
}

// label reads one label.
func (q *groupScan) label() groupVerdict {
	from, to := q.i, q.labelEnd(q.i)
	q.long = q.long || to == q.limit
	if to > from {
		raw := q.data[from:to]
		if number, text, evidence := q.known.Term(raw); number != 0 {
			q.add(text, number, from, to, evidence)
			return groupGoesOn
		}
		if q.split(from, to) {
			return groupGoesOn
		}
		text := strings.ToValidUTF8(string(raw), "\uFFFD")
		evidence := q.known.Evidence(text)
		blanks := strings.ContainsAny(text, " \t")
		switch {
		case evidence == taxonomy.Certain, evidence != taxonomy.NoEvidence && !blanks:
			q.add(text, 0, from, to, evidence)
			return groupGoesOn
		case blanks:
			// Prose: see below.
		case q.best >= taxonomy.Strong, q.labelsFollow(to):
			q.add(text, 0, from, to, evidence)
			return groupGoesOn
		case likeCode(raw) && q.strangers < maxStrangers:
			q.strangers++
			q.add(text, 0, from, to, evidence)
			return groupGoesOn
		default:
			return groupNone
		}
	}
	// Prose follows, or a sign that no label has. Its first word may be the
	// last label of a group that was never closed.
	to = from
	for to < q.limit && to-from <= q.maxLabel() && isWord(q.data[to]) {
		to++
	}
	if number, text, evidence := q.known.Term(q.data[from:to]); number != 0 {
		q.add(text, number, from, to, evidence)
	}
	if q.closed == 0 && len(q.doc.Labels) < q.first+2 {
		return groupNone
	}
	return q.breakOff()
}

// labelsFollow reports whether what ends at i is all of a list, and a list of
// labels follows.
func (q *groupScan) labelsFollow(i int) bool {
	look := *q
	look.i = i
	for _, c := range []byte("],") {
		if look.skipBlanks(); look.i >= look.limit || look.data[look.i] != c {
			return false
		}
		look.i++
	}
	look.skipBlanks()
	return look.i < look.limit && look.data[look.i] == '[' && look.peek(look.i+1) >= taxonomy.Strong
}

func (q *groupScan) maxLabel() int { return q.known.Longest() + maxExtra }

func (q *groupScan) add(text string, number, from, to int, evidence taxonomy.Evidence) {
	q.doc.Labels = append(q.doc.Labels, schema.Label{
		Raw:      text,
		Source:   schema.Span{Start: from, End: to},
		List:     q.list,
		Position: len(q.doc.Labels) - q.first,
		Term:     number,
		Joined:   q.joined,
	})
	q.best = max(q.best, evidence)
	q.filled, q.joined = true, false
	q.i, q.mark = to, to
}

// labelEnd is the end of the label at data[i], without the blanks behind it, or
// -1 if what stands there is too long or too wordy to be one.
func (q *groupScan) labelEnd(i int) int {
	last, blanks, limit := i, 0, q.maxLabel()
	for j := i; j < q.limit; j++ {
		switch c := q.data[j]; c {
		case '[', ']', ',', ';', '<', '>', '|', '"', '\\', '\n', '\r':
			return last
		case ' ', '\t':
			blanks++
		default:
			last = j + 1
		}
		if blanks > maxBlanks || last-i > limit {
			return -1
		}
	}
	return last
}

// split takes apart labels that are joined by a blank or a stray sign instead
// of a comma, if each part is one that the taxonomy knows.
func (q *groupScan) split(from, to int) bool {
	raw := q.data[from:to]
	if !bytes.ContainsAny(raw, joints) {
		return false
	}
	for part := range bytes.FieldsFuncSeq(raw, isJoint) {
		if number, _, _ := q.known.Term(part); number == 0 {
			return false
		}
	}
	at := from
	for part := range bytes.FieldsFuncSeq(raw, isJoint) {
		at += bytes.Index(q.data[at:to], part)
		q.joined = q.joined || at > from
		number, text, evidence := q.known.Term(part)
		q.add(text, number, at, at+len(part), evidence)
		at += len(part)
	}
	return at > from
}

const joints = " \t./&+"

func isJoint(r rune) bool { return strings.ContainsRune(joints, r) }

// peek is the evidence that a label stands at data[i].
func (q *groupScan) peek(i int) taxonomy.Evidence {
	to := q.labelEnd(i)
	if to <= i {
		return taxonomy.NoEvidence
	}
	if number, _, evidence := q.known.Term(q.data[i:to]); number != 0 {
		return evidence
	}
	return q.known.Evidence(string(q.data[i:to]))
}

// recognised reports whether the labels read make a group. Between double
// brackets, one label as the taxonomy has it is enough. Words that might be
// anything, as in [[null]] or x[[min]], need the form of a group: several
// lists, or all the layers there are. So does whatever was not closed.
func (q *groupScan) recognised(closed bool) bool {
	if q.single || !closed {
		return q.best == taxonomy.Certain || q.best == taxonomy.Strong && q.list > 0
	}
	if q.best != taxonomy.Weak {
		return q.best > taxonomy.Weak
	}
	found := q.doc.Labels[q.first:]
	for i := range found {
		if found[i].Term == 0 && q.known.Evidence(found[i].Raw) == taxonomy.NoEvidence {
			return false
		}
	}
	return q.list > 0 || q.known.Layers() == 1 && q.known.Resolve(found[0].Raw, found[0].Term, 0).Null
}

// skipBlanks skips white space, and between and behind labels also that which is
// escaped.
func (q *groupScan) skipBlanks() {
	q.i = q.blanksEnd(q.i, q.limit, !q.inList || q.filled)
}

// blanksEnd is the end of the white space at data[i], up to limit; escaped says
// that it may be escaped.
func (s *inlineScan) blanksEnd(i, limit int, escaped bool) int {
	for i < limit {
		switch c := s.data[i]; {
		case isSpace(c):
			i++
		case c == '\\' && s.json && escaped && i+1 < limit && (s.data[i+1] == 'n' || s.data[i+1] == 't'):
			i += 2
		default:
			return i
		}
	}
	return i
}

func isWord(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}

// likeCode reports whether a label that the taxonomy does not know has the form
// of one: a few letters, perhaps a hyphen and a few more.
func likeCode(raw []byte) bool {
	letters := 0
	for _, c := range raw {
		if !isWord(c) {
			return false
		}
		if c|0x20 >= 'a' && c|0x20 <= 'z' {
			letters++
		}
	}
	return letters >= 2 && len(raw) <= 12
}

// isSeparator reports whether c parts one label from the next: the comma, and
// what is typed beside it by mistake.
func isSeparator(c byte) bool { return c == ',' || c == ';' || c == '<' || c == '>' || c == '|' }
