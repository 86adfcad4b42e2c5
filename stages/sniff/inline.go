package sniff

import (
	"bytes"
	"fmt"
	"iter"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/quern-data/quern/config"
)

// inlineFile is a text with labels in double brackets.
type inlineFile struct {
	path   string
	groups int
	lists  []Counter // labels as typed, by the list of the group they stand in
}

var (
	listExpr = regexp.MustCompile(`[^\[\]]+`)
	codeExpr = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,15}(-[A-Za-z0-9_]{1,15})?$`)
)

// lookInline takes texts in which some groups of brackets hold nothing but codes.
func (e *evidence) lookInline(f *File) bool {
	data := bytes.TrimSpace(f.Data)
	if len(data) > 0 && (data[0] == '{' || data[0] == '[' && !bytes.HasPrefix(data, []byte("[["))) {
		return false
	}
	file := &inlineFile{path: f.Path}
	for group := range bracketed(f.text()) {
		var lists [][]string
		for _, list := range listExpr.FindAll(group, -1) {
			if text := strings.Trim(string(list), " ,"); text != "" {
				lists = append(lists, strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' }))
			}
		}
		if !slices.ContainsFunc(slices.Concat(lists...), func(s string) bool { return !codeExpr.MatchString(s) }) && len(lists) > 0 {
			file.groups++
			for i, list := range lists {
				for len(file.lists) <= i {
					file.lists = append(file.lists, make(Counter))
				}
				for _, label := range list {
					file.lists[i][label]++
				}
			}
		}
	}
	if file.groups == 0 || file.groups == 1 && len(data) > 4<<10 {
		return false
	}
	e.inline = append(e.inline, file)
	return true
}

// maxGroup is the length of what may be a group of labels, at most.
const maxGroup = 400

// bracketed are the stretches that begin with two brackets and end where they are
// closed.
func bracketed(data []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for {
			i := bytes.Index(data, []byte("[["))
			if i < 0 {
				return
			}
			data = data[i:]
			depth, end := 0, 2
			for j := 0; j < min(len(data), maxGroup) && data[j] != '\n'; j++ {
				switch data[j] {
				case '[':
					depth++
				case ']':
					depth--
				}
				if depth == 0 {
					end = j + 1
					break
				}
				if data[j] == ']' && bytes.HasPrefix(data[j:], []byte("]]")) {
					end = j + 2 // one was left out
				}
			}
			if end > 2 && !yield(data[:end]) {
				return
			}
			data = data[end:]
		}
	}
}

var polarityExpr = regexp.MustCompile(`(?i)^(.+)[-_](pos|neg|neu|positive|negative|neutral)$`)

// guessInline makes a guess of texts with labels in brackets.
func (e *evidence) guessInline(taxonomies map[string]*config.Taxonomy) *Guess {
	g := newGuess("inline", "hold labels in brackets, such as [[…], […]]")
	g.Closed = true
	groups := 0
	all, codes := make(Counter), make(Counter)
	var lists []Counter
	for _, f := range e.inline {
		g.Files = append(g.Files, f.path)
		groups += f.groups
		for i, list := range f.lists {
			for len(lists) <= i {
				lists = append(lists, make(Counter))
			}
			for label, n := range list {
				all[label] += n
				lists[i][label] += n
			}
		}
	}
	g.What += fmt.Sprintf(", %s in all", plural(groups, "group", "groups"))
	for label, n := range all {
		if m := polarityExpr.FindStringSubmatch(label); m != nil {
			label = m[1]
		}
		codes[strings.ToLower(label)] += n
	}
	best, most := "", 0
	for _, name := range slices.Sorted(maps.Keys(taxonomies)) {
		if known := countKnown(codes, taxonomies[name]); known > most {
			best, most = name, known
		}
	}
	total := codes.total()
	if most*10 >= total*7 {
		g.Corpus.Taxonomy = best
		g.Why["taxonomy"] = fmt.Sprintf("%d of %d labels are of the built-in taxonomy %s: %s.", most, total, best, examples(all.List()))
		return g
	}
	g.Why["taxonomy"] = fmt.Sprintf("No built-in taxonomy has these labels: %s.", examples(all.List()))
	seen := make(map[string]bool) // in an earlier layer: a code is of one
	for i, list := range lists {
		l := Layer{Name: fmt.Sprintf("layer_%d", i+1)}
		one, spelling := make(Counter), make(map[string]string)
		for _, c := range list.List() {
			code := c.Text
			if m := polarityExpr.FindStringSubmatch(code); m != nil {
				code, l.Polarity = m[1], true
			}
			folded := strings.ToLower(code)
			if folded == "null" || folded == "none" || seen[folded] {
				continue
			}
			if spelling[folded] == "" {
				spelling[folded] = code
			}
			one[spelling[folded]] += c.N
		}
		for folded := range spelling {
			seen[folded] = true
		}
		if l.Labels = one.List(); len(l.Labels) > 0 {
			g.Layers = append(g.Layers, l)
		}
	}
	return g
}

// countKnown counts the labels that a taxonomy lists.
func countKnown(codes Counter, t *config.Taxonomy) (n int) {
	if t.Open {
		return 0
	}
	known := make(map[string]bool)
	add := func(terms []config.Term) {
		for _, term := range terms {
			known[strings.ToLower(term.Code)] = true
			for _, alias := range term.Aliases {
				known[strings.ToLower(alias)] = true
			}
		}
	}
	add(t.Everywhere)
	for _, l := range t.Layers {
		add(l.Labels)
	}
	for _, word := range t.NoLabel {
		known[strings.ToLower(word)] = true
	}
	for code, k := range codes {
		if known[code] {
			n += k
		}
	}
	return n
}
