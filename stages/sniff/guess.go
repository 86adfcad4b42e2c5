package sniff

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/quern-data/quern/config"
)

// Guess is how a corpus may be laid out.
type Guess struct {
	// Corpus has the settings; its name and root are left to the caller.
	Corpus config.Corpus
	// Files are those of the sample that look like it.
	Files []string
	// Of is how many files were looked at.
	Of int
	// What says what the files look like, for "3 of 4 files …".
	What string
	// Why says for settings of the corpus, by key, what was seen.
	Why map[string]string
	// Remarks are what was seen and no setting is made of.
	Remarks []string
	// Layers are the labels that were seen.
	Layers []Layer
	// Polarities are what stands for a polarity apart from labels.
	Polarities []Count
	// Closed says that the format needs a list of labels; AnyLayer that there may be
	// layers that were not seen.
	Closed, AnyLayer bool
}

// Layer is a layer with the labels that were seen in it, the most frequent first.
type Layer struct {
	Name     string
	Polarity bool
	Labels   []Count
}

// Count is how often something was seen.
type Count struct {
	Text string
	N    int
}

// looks are the detectors, the surest first: what one takes for its own, those
// behind it are not asked.
var looks = []func(*evidence, *File) bool{
	(*evidence).lookBrat, (*evidence).lookInline, (*evidence).lookJSON, (*evidence).lookColumns, (*evidence).lookCSV,
}

// evidence is what the files of a sample were found to be.
type evidence struct {
	sample  *Sample
	brat    []*bratFile
	inline  []*inlineFile
	json    []*jsonFile
	jsonl   []*jsonFile
	columns []*tableFile
	csv     []*tableFile
}

// Look guesses how the corpus is laid out that the sample is of: the format of most
// of its files. It returns nil where none is known. taxonomies are the built-in ones
// that labels in a text may be of, by name.
func Look(s *Sample, taxonomies map[string]*config.Taxonomy) *Guess {
	e := &evidence{sample: s}
	texts := 0
	for i := range s.Files {
		f := &s.Files[i]
		if isBinary(f.Data) || len(bytes.TrimSpace(f.Data)) == 0 {
			continue
		}
		texts++
		for _, look := range looks {
			if look(e, f) {
				break
			}
		}
	}
	type candidate struct {
		files int
		guess func() *Guess
	}
	// In a tie the first wins.
	candidates := []candidate{
		{2 * len(e.brat), e.guessBrat},
		{len(e.inline), func() *Guess { return e.guessInline(taxonomies) }},
		{len(e.json), func() *Guess { return e.guessJSON(e.json, "json") }},
		{len(e.jsonl), func() *Guess { return e.guessJSON(e.jsonl, "jsonl") }},
		{len(e.columns), e.guessColumns},
		{len(e.csv), e.guessCSV},
	}
	slices.SortStableFunc(candidates, func(a, b candidate) int { return cmp.Compare(b.files, a.files) })
	for _, c := range candidates {
		if c.files == 0 {
			continue
		}
		if g := c.guess(); g != nil {
			g.Of = texts
			e.paths(g)
			return g
		}
	}
	return nil
}

func newGuess(format, what string) *Guess {
	c := config.DefaultCorpus()
	c.Format, c.Taxonomy = format, "open"
	return &Guess{Corpus: c, What: what, Why: make(map[string]string)}
}

func isBinary(data []byte) bool { return bytes.IndexByte(data[:min(len(data), 8<<10)], 0) >= 0 }

// include sets the globs that fit the files of the guess: by their extensions, where
// the format's own do not.
func (g *Guess) include(s *Sample) {
	exts, taken := make(map[string]bool), make(map[string]bool)
	for _, name := range g.Files {
		exts[plainExtension(name)] = true
		taken[name] = true
	}
	if g.Corpus.Format == "brat" { // texts are documents, and have their annotations beside them
		delete(exts, ".ann")
	}
	names := slices.Sorted(maps.Keys(exts))
	g.Corpus.Include = config.DefaultInclude(g.Corpus.Format)
	included := func(ext string) bool {
		return slices.ContainsFunc(g.Corpus.Include, func(glob string) bool { return doublestar.MatchUnvalidated(glob, "x"+ext) })
	}
	if slices.ContainsFunc(names, func(ext string) bool { return !included(ext) }) {
		g.Corpus.Include = nil
		for _, ext := range names {
			g.Corpus.Include = append(g.Corpus.Include, "**/*"+globEscape(ext))
		}
	}
	for _, f := range s.Files {
		if utf8.ValidString(f.Path) && !taken[f.Path] && exts[plainExtension(f.Path)] {
			g.Corpus.Exclude = append(g.Corpus.Exclude, Glob(f.Path))
			g.Why["exclude"] = "Named like the others, and not like them inside."
		}
	}
	for _, name := range s.Names {
		if utf8.ValidString(name) && isAside(name) && exts[plainExtension(name)] {
			g.Corpus.Exclude = append(g.Corpus.Exclude, "**/"+Glob(path.Base(name)))
			g.Why["exclude"] = "What tells about the corpus, and other files that are not like the rest."
		}
	}
	slices.Sort(g.Corpus.Exclude)
	g.Corpus.Exclude = slices.Compact(g.Corpus.Exclude)
}

// plainExtension is what a name ends with, as it is written, compression and all.
func plainExtension(name string) string {
	ext := path.Ext(name)
	if slices.Contains(packed, strings.ToLower(ext)) {
		ext = path.Ext(strings.TrimSuffix(name, ext)) // the reader takes the compression off
	}
	return ext
}

// Glob is the glob that fits the file with this path alone: without what says that it
// is compressed, as the reader has it.
func Glob(name string) string {
	f := File{Path: name}
	return globEscape(f.Unpacked())
}

func globEscape(s string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`, "]", `\]`, "{", `\{`, "}", `\}`).Replace(s)
}

var (
	splitNames    = regexp.MustCompile(`(?i)^(train|training|dev|devel|development|val|valid|validation|test|testing|heldout)$`)
	splitPrefix   = regexp.MustCompile(`(?i)^(train|training|dev|devel|development|val|valid|validation|test|testing|heldout)([._-].*)?$`)
	annotatorName = regexp.MustCompile(`(?i)^(.+)([._-])((?:annotator|anno|ann|coder|rater)[_-]?[a-z0-9]+)$`)
)

// paths captures attributes that names of folders and files give.
func (e *evidence) paths(g *Guess) {
	g.include(e.sample)
	folders, files, annotators := make(map[string]bool), make(map[string]bool), make(map[string][]string)
	exts, separators := make(map[string]bool), make(Counter)
	for _, name := range g.Files {
		exts[plainExtension(name)] = true
	}
	n := 0
	for _, name := range e.sample.Names {
		if !exts[plainExtension(name)] || isAside(name) {
			continue
		}
		n++
		elements := strings.Split(name, "/")
		for _, folder := range elements[:len(elements)-1] {
			if splitNames.MatchString(folder) {
				folders[folder] = true
			}
		}
		base := path.Base(name)
		stem := strings.TrimSuffix(base, path.Ext(base))
		if m := splitPrefix.FindStringSubmatch(stem); m != nil {
			files[m[1]] = true
		}
		if m := annotatorName.FindStringSubmatch(stem); m != nil {
			annotators[m[1]] = append(annotators[m[1]], m[3])
			separators[m[2]]++
		}
	}
	c := &g.Corpus
	hasField := func(name string) bool {
		return slices.ContainsFunc(c.Fields, func(f config.Field) bool { return f.Name == name })
	}
	switch list := func(m map[string]bool) string { return strings.Join(slices.Sorted(maps.Keys(m)), "|") }; {
	case hasField("split"):
	case len(folders) > 0:
		c.Paths = append(c.Paths, "**/{split:"+list(folders)+"}/**")
		g.Why["paths"] = "Folders are named like splits."
	case len(files) > 0:
		c.Paths = append(c.Paths, "**/{split:"+list(files)+"}*")
		g.Why["paths"] = "Files are named like splits."
	}
	if with := countAll(annotators); with > 1 && with*10 >= n*9 && len(c.Paths) == 0 && !hasField("annotator") {
		c.Paths = []string{"**/{name}" + separators.List()[0].Text + "{annotator:(?i:annotator|anno|ann|coder|rater)[_-]?[A-Za-z0-9]+}.*"}
		g.Why["paths"] = "Files are named after their annotators."
		if with > len(annotators) {
			g.Remarks = append(g.Remarks, "Several files differ by their annotator alone. To make one document of them, write document_id: \"{name}\" and same_id: annotators.")
		}
	}
}

func countAll(m map[string][]string) (n int) {
	for _, list := range m {
		n += len(list)
	}
	return n
}

// Counter counts texts.
type Counter map[string]int

// List is the counts, the highest first.
func (c Counter) List() []Count {
	out := make([]Count, 0, len(c))
	for text, n := range c {
		out = append(out, Count{text, n})
	}
	slices.SortFunc(out, func(a, b Count) int { return cmp.Or(cmp.Compare(b.N, a.N), strings.Compare(a.Text, b.Text)) })
	return out
}

func (c Counter) total() (n int) {
	for _, k := range c {
		n += k
	}
	return n
}

// examples is a few of the counts, in words.
func examples(counts []Count) string {
	var words []string
	for i, c := range counts {
		if i == 5 {
			words = append(words, "…")
			break
		}
		words = append(words, shorten(c.Text, 24)+" ("+strconv.Itoa(c.N)+")")
	}
	return strings.Join(words, ", ")
}

func shorten(s string, n int) string {
	r := []rune(strings.Join(strings.Fields(s), " "))
	if len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return string(r)
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

// name makes a name of an attribute or layer of what a file calls it.
func name(s string) string {
	var b strings.Builder
	for i, r := range s {
		switch {
		case r >= 'A' && r <= 'Z':
			if i > 0 && s[i-1] >= 'a' && s[i-1] <= 'z' {
				b.WriteByte('_')
			}
			b.WriteRune(r + 'a' - 'A')
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		default:
			b.WriteByte('_')
		}
	}
	out := strings.Join(strings.FieldsFunc(b.String(), func(r rune) bool { return r == '_' }), "_")
	if out == "" || out[0] < 'a' {
		out = strings.TrimSuffix("x_"+out, "_")
	}
	if out == "record" {
		out = "record_id"
	}
	return out
}

// typed are the attributes with a column of their own, by the names that files give
// them.
var typed = map[string]string{
	"paper": "paper_id", "paper_id": "paper_id", "forum": "paper_id", "forum_id": "paper_id", "submission": "paper_id", "submission_id": "paper_id",
	"venue": "venue", "conference": "venue", "journal": "venue", "year": "year",
	"reviewer": "reviewer", "reviewer_id": "reviewer", "decision": "decision",
	"split": "split", "partition": "split", "fold": "split", "subset": "split",
	"annotator": "annotator", "annotator_id": "annotator", "worker": "annotator", "worker_id": "annotator", "rater": "annotator", "coder": "annotator", "annotated_by": "annotator",
	"rating": "rating",
}

// attribute is the name of the attribute that the values of something called s are.
func (v *values) attribute(s string) string {
	n := name(s)
	switch t, ok := typed[n]; {
	case (n == "year" || n == "rating") && v.numbers < v.n:
		return n + "_text" // the column is one of numbers
	case ok:
		return t
	}
	return n
}

var labelWords = regexp.MustCompile(`label|class|categor|tag|sentiment|stance|tone|polarity|aspect|emotion|topic|intent|relevan|toxic|polite|gold|target|annotation|type|action|purpose|section|significance|judg|verdict|entit`)

// isLabelName reports whether something with this name is a label, most likely.
func isLabelName(s string) bool {
	n := name(s)
	_, isTyped := typed[n]
	return !isTyped && !idName.MatchString(n) && labelWords.MatchString(n)
}

var (
	idName  = regexp.MustCompile(`(^|_)(id|ids|idx|index|uid|uuid|hash|key|no|num|number|offset|start|end|time|date|created_at|updated_at|lead_time)$`)
	urlExpr = regexp.MustCompile(`^https?://`)
)

// values are the values of one place, over all documents or rows.
type values struct {
	n, empty, words, bytes, urls, numbers int
	distinct                              Counter
	inOrder                               bool // whether they are numbers that rise by one
	last                                  int
}

func (v *values) add(s string) {
	s = strings.TrimSpace(s)
	if s == "" {
		v.empty++
		return
	}
	if v.distinct == nil {
		v.distinct, v.inOrder = make(Counter), true
	}
	v.n++
	v.bytes += len(s)
	v.words += len(strings.Fields(s))
	if urlExpr.MatchString(s) {
		v.urls++
	}
	number, err := strconv.Atoi(s)
	if _, e := strconv.ParseFloat(s, 64); e == nil {
		v.numbers++
	}
	v.inOrder = v.inOrder && err == nil && (v.n == 1 || number == v.last+1 || number == 0 || number == 1)
	v.last = number
	v.distinct[s]++
}

// isText reports whether the values are texts that people wrote.
func (v *values) isText() bool {
	return v.n > 0 && v.words >= 3*v.n && len(v.distinct)*2 > v.n && v.urls == 0
}

// isLabel reports whether the values are labels: few, short, and again and again.
func (v *values) isLabel(named bool) bool {
	d := len(v.distinct)
	switch {
	case v.n == 0 || v.bytes > 60*v.n || v.urls > 0 || v.inOrder && d > 2:
		return false
	case named:
		return d <= 200 && (d <= 10 || d*2 <= v.n)
	}
	return d > 1 && d <= 50 && d*3 <= v.n
}

// why says what the values are, in words.
func (v *values) why() string {
	return fmt.Sprintf("%s: %s.", plural(len(v.distinct), "value", "values"), examples(v.distinct.List()))
}

func layer(name string, counts Counter) Layer { return Layer{Name: name, Labels: counts.List()} }

// addLayer adds counts to the layer of this name.
func (g *Guess) addLayer(l Layer) {
	for i := range g.Layers {
		if g.Layers[i].Name == l.Name {
			sum := make(Counter)
			for _, c := range append(slices.Clone(g.Layers[i].Labels), l.Labels...) {
				sum[c.Text] += c.N
			}
			g.Layers[i].Labels = sum.List()
			return
		}
	}
	g.Layers = append(g.Layers, l)
}
