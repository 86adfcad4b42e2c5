package sniff

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
)

// bratFile is a file of brat's annotations, beside its text, "" for one that was not
// listed.
type bratFile struct {
	path  string
	text  string
	kinds [256]int // lines by their first letter
	types Counter
}

var (
	bratLine = regexp.MustCompile(`^(?:[TEREAMN][0-9]+\t|[#*][0-9]*\t)`)
	bratType = regexp.MustCompile(`^T[0-9]+\t(\S+) [0-9]`)
)

// lookBrat takes files of annotations that have a text beside them.
func (e *evidence) lookBrat(f *File) bool {
	if extension(f.Path) != ".ann" {
		// A text whose annotations are looked at elsewhere.
		return extension(f.Path) == ".txt" && beside(e.sample.Names, f.Path, ".ann") != ""
	}
	text := beside(e.sample.Names, f.Path, ".txt")
	if text == "" && !e.sample.More {
		return false
	}
	file := &bratFile{path: f.Path, text: text, types: make(Counter)}
	lines, fit := 0, 0
	for line := range bytes.Lines(f.text()) {
		if line = bytes.TrimRight(line, "\r\n"); len(line) == 0 {
			continue
		}
		lines++
		if bratLine.Match(line) {
			fit++
			file.kinds[line[0]]++
		}
		if m := bratType.FindSubmatch(line); m != nil {
			file.types[string(m[1])]++
		}
	}
	if fit*10 < lines*9 {
		return false
	}
	e.brat = append(e.brat, file)
	return true
}

func (e *evidence) guessBrat() *Guess {
	g := newGuess("brat", "are texts with annotations of brat beside them")
	types := make(Counter)
	var kinds [256]int
	for _, f := range e.brat {
		g.Files = append(g.Files, f.path)
		if f.text != "" {
			g.Files = append(g.Files, f.text)
		}
		for t, n := range f.types {
			types[t] += n
		}
		for i, n := range f.kinds {
			kinds[i] += n
		}
	}
	slices.Sort(g.Files)
	g.addLayer(layer(g.Corpus.Brat.Layer, types))
	what := fmt.Sprintf("Types: %s.", examples(types.List()))
	for _, k := range []struct {
		letter    byte
		one, many string
	}{{'R', "relation", "relations"}, {'E', "event", "events"}, {'A', "attribute", "attributes"}, {'#', "note", "notes"}} {
		if n := kinds[k.letter]; n > 0 {
			what += " " + plural(n, k.one, k.many) + "."
		}
	}
	g.Why["format"] = what
	return g
}
