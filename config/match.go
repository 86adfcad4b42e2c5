package config

import (
	"regexp/syntax"
	"strings"
	"unicode/utf8"
)

// matcher matches what most patterns are made of, one after the other: literals,
// runs of a class of characters, and folders. It captures what the expression
// does from any path of ASCII, 10 times as fast as regexp: a path is matched in
// the scan and again when its file is read, which came to a third of a scan.
type matcher []step

// step is what stands at one place of a pattern.
type step struct {
	kind  stepKind
	slot  int    // of bound: its place among those of the groups
	text  string // of literal
	class ascii  // of run
	min   int    // of run: how many characters, at least
	max   int    // likewise at most, or unbounded
	lazy  bool   // of run: as few as will do
	whole bool   // of run: what follows starts with none of class, so that only the longest can do
}

type stepKind uint8

const (
	literal stepKind = iota
	run              // of class, min to max times
	folders          // (?:.*/)?
	bound            // where a group starts or ends
)

// unbounded is the max of a run that has none.
const unbounded = -1

// ascii is a set of characters below 128.
type ascii [2]uint64

func (a *ascii) add(from, to rune) {
	for c := from; c <= min(to, utf8.RuneSelf-1); c++ {
		a[c>>6] |= 1 << (c & 63)
	}
}

func (a *ascii) has(c byte) bool { return a[c>>6&1]>>(c&63)&1 != 0 }

// newMatcher returns nil for an expression that only regexp can match.
func newMatcher(expr string) matcher {
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil || re.Op != syntax.OpConcat || len(re.Sub) < 2 {
		return nil
	}
	last := len(re.Sub) - 1
	if re.Sub[0].Op != syntax.OpBeginText || re.Sub[last].Op != syntax.OpEndText {
		return nil
	}
	m := matcher{}
	for _, sub := range re.Sub[1:last] {
		if m = m.append(sub); m == nil {
			return nil
		}
	}
	for i := range m {
		m[i].whole = m[i].kind == run && !m[i+1:].mayStartIn(m[i].class)
	}
	return m
}

// append returns nil if re is none of the kinds of steps.
func (m matcher) append(re *syntax.Regexp) matcher {
	switch re.Op {
	case syntax.OpEmptyMatch:
		return m
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			if m = m.append(sub); m == nil {
				return nil
			}
		}
		return m
	case syntax.OpCapture:
		m = append(m, step{kind: bound, slot: 2*re.Cap - 2})
		if m = m.append(re.Sub[0]); m == nil {
			return nil
		}
		return append(m, step{kind: bound, slot: 2*re.Cap - 1})
	case syntax.OpLiteral:
		if re.Flags&syntax.FoldCase != 0 {
			return nil
		}
		return append(m, step{kind: literal, text: string(re.Rune)})
	}
	s := step{kind: run, min: 1, max: 1, lazy: re.Flags&syntax.NonGreedy != 0}
	of := re
	switch re.Op {
	case syntax.OpStar:
		s.min, s.max = 0, unbounded
	case syntax.OpPlus:
		s.max = unbounded
	case syntax.OpQuest:
		s.min = 0
	case syntax.OpRepeat:
		s.min, s.max = re.Min, re.Max
	}
	if len(re.Sub) == 1 {
		of = re.Sub[0]
	}
	if re.Op == syntax.OpQuest && !s.lazy && isFolders(of) {
		return append(m, step{kind: folders})
	}
	switch {
	case of.Op == syntax.OpAnyChar:
		s.class.add(0, utf8.RuneSelf)
	case of.Op == syntax.OpAnyCharNotNL:
		s.class.add(0, '\n'-1)
		s.class.add('\n'+1, utf8.RuneSelf)
	case of.Op == syntax.OpCharClass:
		for i := 0; i < len(of.Rune); i += 2 {
			s.class.add(of.Rune[i], of.Rune[i+1])
		}
	case of.Op == syntax.OpLiteral && len(of.Rune) == 1 && of.Flags&syntax.FoldCase == 0:
		s.class.add(of.Rune[0], of.Rune[0])
	default:
		return nil
	}
	return append(m, s)
}

// isFolders reports whether re is .*/ with a dot that stands for anything.
func isFolders(re *syntax.Regexp) bool {
	if re.Op != syntax.OpConcat || len(re.Sub) != 2 {
		return false
	}
	all, slash := re.Sub[0], re.Sub[1]
	return all.Op == syntax.OpStar && all.Flags&syntax.NonGreedy == 0 && all.Sub[0].Op == syntax.OpAnyChar &&
		slash.Op == syntax.OpLiteral && string(slash.Rune) == "/"
}

// mayStartIn reports whether what m matches might start with one of class.
func (m matcher) mayStartIn(class ascii) bool {
	for i := range m {
		switch s := &m[i]; s.kind {
		case literal:
			return s.text[0] < utf8.RuneSelf && class.has(s.text[0])
		case folders:
			return true
		case run:
			if s.class[0]&class[0]|s.class[1]&class[1] != 0 {
				return true
			}
			if s.min > 0 {
				return false
			}
		}
	}
	return false
}

// stepsPerByte bounds the time that a match takes: shipped patterns take 3 at
// most. Beyond it regexp goes on, which takes linear time for any pattern.
const stepsPerByte = 16

// matching is one match.
type matching struct {
	path   string
	groups []int
	left   int // of the steps
}

// match sets the bounds of groups. sure is false if it gave up, or the path is not
// ASCII: a dot is a character then, not a byte.
func (m matcher) match(path string, groups []int) (ok, sure bool) {
	if m == nil {
		return false, false
	}
	for i := range len(path) {
		if path[i] >= utf8.RuneSelf {
			return false, false
		}
	}
	try := matching{path, groups, stepsPerByte * (len(path) + 1)}
	ok = try.from(m, 0)
	return ok, try.left >= 0
}

// from matches the rest of the path, in the order in which a backtracking
// matcher of the expression tries it.
func (t *matching) from(m matcher, at int) bool {
	for i := range m {
		if t.left--; t.left < 0 {
			return false
		}
		switch s := &m[i]; s.kind {
		case literal:
			if !strings.HasPrefix(t.path[at:], s.text) {
				return false
			}
			at += len(s.text)
		case bound:
			t.groups[s.slot] = at
		case folders:
			t.left -= len(t.path) - at
			for end := len(t.path); end > at; end-- {
				if t.path[end-1] == '/' && t.from(m[i+1:], end) {
					return true
				}
			}
		case run:
			end, limit := at, len(t.path)
			if s.max != unbounded {
				limit = min(limit, at+s.max)
			}
			for end < limit && s.class.has(t.path[end]) {
				end++
			}
			t.left -= end - at
			switch {
			case end-at < s.min:
				return false
			case s.whole:
				at = end
			default:
				return t.each(m[i+1:], at+s.min, end, s.lazy)
			}
		}
	}
	return at == len(t.path)
}

// each tries the ends of a run.
func (t *matching) each(m matcher, from, to int, lazy bool) bool {
	for n := range to - from + 1 {
		end := to - n
		if lazy {
			end = from + n
		}
		if t.from(m, end) {
			return true
		}
		if t.left < 0 {
			return false
		}
	}
	return false
}
