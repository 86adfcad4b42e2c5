package sniff

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/quern-data/quern/config"
)

// tableFile is a file of lines with columns.
type tableFile struct {
	path      string
	separator string // as a config has it
	header    []string
	columns   []*values
	rows      int

	// Of the format columns.
	blank, comments int
	longest         int // lines between blank ones
	start           string
	perBlock        []bool // columns with one value in each block
	tags            []bool // columns of tags of the scheme bio
}

var (
	tagExpr   = regexp.MustCompile(`^(?:O|[BIESLU]|[BIESLU][-_]\S+)$`)
	beginExpr = regexp.MustCompile(`^[BIESLU][-_]\S+$`)
)

// lookColumns takes files of a token or sentence a line, with tags of spans in a
// column, or blank lines between what belongs together.
func (e *evidence) lookColumns(f *File) bool {
	file := &tableFile{path: f.Path, separator: "tab"}
	lines := bytes.Split(f.text(), []byte("\n"))
	tabs, filled := 0, 0
	for _, line := range lines {
		if len(bytes.TrimSpace(line)) > 0 {
			filled++
			if bytes.IndexByte(line, '\t') >= 0 {
				tabs++
			}
		}
	}
	if filled < 2 {
		return false
	}
	if tabs*2 < filled {
		file.separator = "space"
	}
	widths := make(map[int]int)
	first, inBlock := []string(nil), 0
	var tags [][2]int // of each column: tags, and those that are not O
	for _, line := range lines {
		text := strings.TrimRight(string(line), "\r")
		switch {
		case strings.TrimSpace(text) == "":
			if inBlock > 0 {
				file.blank++
				file.longest = max(file.longest, inBlock)
			}
			first, inBlock = nil, 0
			continue
		case strings.HasPrefix(text, "-DOCSTART-"):
			file.start = "-DOCSTART-"
			continue
		case strings.HasPrefix(text, "# newdoc"):
			file.start = "# newdoc"
			continue
		case strings.HasPrefix(text, "#") && (strings.HasPrefix(text, "# ") || !strings.Contains(text, "\t")) && widths[1+strings.Count(text, "\t")] < 2:
			file.comments++
			continue
		}
		var cells []string
		if file.separator == "tab" {
			cells = strings.Split(text, "\t")
		} else {
			cells = strings.Fields(text)
		}
		widths[len(cells)]++
		inBlock++
		file.rows++
		for i, cell := range cells {
			if i == 64 {
				break
			}
			if i == len(file.columns) {
				file.columns = append(file.columns, new(values))
				file.perBlock = append(file.perBlock, true)
				tags = append(tags, [2]int{})
			}
			file.columns[i].add(cell)
			if tagExpr.MatchString(cell) {
				tags[i][0]++
				if beginExpr.MatchString(cell) {
					tags[i][1]++
				}
			}
			if i < len(first) && first[i] != cell {
				file.perBlock[i] = false
			}
		}
		if first == nil {
			first = cells
		}
	}
	width := 0
	for n, count := range widths {
		if count > widths[width] || count == widths[width] && n > width {
			width = n
		}
	}
	if width < 2 || widths[width]*20 < file.rows*19 {
		return false
	}
	file.columns, file.perBlock = file.columns[:min(width, len(file.columns))], file.perBlock[:min(width, len(file.perBlock))]
	found := false
	for i := range file.columns {
		is := tags[i][1] > 0 && tags[i][0]*20 >= file.rows*19
		file.tags = append(file.tags, is)
		found = found || is
	}
	if !found && (file.blank < 2 || file.separator != "tab") {
		return false
	}
	e.columns = append(e.columns, file)
	return true
}

// merge puts the values of one column, over all files, together.
func merge(files []*tableFile) (columns []*values) {
	for _, f := range files {
		for i, v := range f.columns {
			if i == len(columns) {
				columns = append(columns, &values{distinct: make(Counter), inOrder: true})
			}
			c := columns[i]
			c.n, c.empty, c.words, c.bytes, c.urls, c.numbers = c.n+v.n, c.empty+v.empty, c.words+v.words, c.bytes+v.bytes, c.urls+v.urls, c.numbers+v.numbers
			c.inOrder = c.inOrder && (v.inOrder || v.n == 0)
			for text, n := range v.distinct {
				c.distinct[text] += n
			}
		}
	}
	return columns
}

// alike are the files that have the layout of most.
func alike(files []*tableFile, key func(*tableFile) string) []*tableFile {
	by := make(map[string][]string)
	for _, f := range files {
		by[key(f)] = append(by[key(f)], f.path)
	}
	most := sortedByCount(by)[0]
	return slices.DeleteFunc(slices.Clone(files), func(f *tableFile) bool { return key(f) != most })
}

func (e *evidence) guessColumns() *Guess {
	files := alike(e.columns, func(f *tableFile) string { return f.separator + strconv.Itoa(len(f.columns)) })
	columns := merge(files)
	g := newGuess("columns", "")
	c := &g.Corpus.Columns
	rows, blank, comments, longest := 0, 0, 0, 0
	for _, f := range files {
		g.Files = append(g.Files, f.path)
		rows, blank, comments, longest = rows+f.rows, blank+f.blank, comments+f.comments, max(longest, f.longest)
		if f.start != "" {
			c.DocStart = f.start
		}
	}
	g.What = fmt.Sprintf("hold lines of %d columns, %d in all", len(columns), rows)
	c.Separator = files[0].separator
	all := func(flags func(*tableFile) []bool, i int) bool {
		return !slices.ContainsFunc(files, func(f *tableFile) bool { return !flags(f)[i] })
	}
	isTag := func(i int) bool { return all(func(f *tableFile) []bool { return f.tags }, i) }
	perBlock := func(i int) bool { return blank > 1 && all(func(f *tableFile) []bool { return f.perBlock }, i) }

	// The text is what has most to say.
	text := -1
	for i, v := range columns {
		if !isTag(i) && v.urls == 0 && v.numbers*2 < v.n && (text < 0 || len(v.distinct)*v.bytes > len(columns[text].distinct)*columns[text].bytes) {
			text = i
		}
	}
	if text < 0 {
		return nil
	}
	v := columns[text]
	if v.words >= 2*v.n {
		c.Unit = "sentence"
	}
	g.Why["columns.unit"] = fmt.Sprintf("Column %d has %s, e.g. %q.", text, map[string]string{"token": "tokens", "sentence": "sentences"}[c.Unit], shorten(v.distinct.List()[0].Text, 40))
	switch {
	case c.DocStart != "":
		c.BlankLine = "sentence"
		g.Why["columns.blank_line"] = "Lines that start with " + c.DocStart + " start documents."
	case c.Unit == "token" && blank > 0:
		c.BlankLine = "sentence"
		g.Why["columns.blank_line"] = fmt.Sprintf("%s, one after %d tokens on average; each file is a document.", plural(blank, "blank line", "blank lines"), rows/max(1, blank))
	default:
		g.Why["columns.blank_line"] = fmt.Sprintf("%s, at most %d lines between two.", plural(blank, "blank line", "blank lines"), longest)
	}
	if comments > 0 {
		c.Comment = "#"
		g.Why["columns.comment"] = plural(comments, "line starts", "lines start") + " with # and has no columns."
	}
	c.Names = make([]string, len(columns))
	for i := range c.Names {
		c.Names[i] = "column_" + strconv.Itoa(i)
	}
	c.Names[text] = c.Unit
	if text != 0 {
		c.Text = c.Unit
	}
	var why []string
	layers, attributes := 0, make(map[string]bool)
	for i, v := range columns {
		switch {
		case i == text:
		case isTag(i):
			counts, numbers := make(Counter), 0
			for tag, n := range v.distinct {
				if len(tag) > 2 {
					counts[tag[2:]] += n
					if _, err := strconv.Atoi(tag[2:]); err == nil {
						numbers += n
					}
				}
			}
			if numbers > 0 && numbers == counts.total() {
				c.Names[i] = "link"
				g.Remarks = append(g.Remarks, fmt.Sprintf("Column %d has numbers in its tags, e.g. %s: as link of a label, they join the spans that have the same, see links in docs/formats.md.", i, examples(v.distinct.List())))
				continue
			}
			layers++
			c.Names[i], c.Labels = g.tagLayer(c.Labels, layers, "bio", counts)
			why = append(why, fmt.Sprintf("Column %d has tags: %s.", i, examples(v.distinct.List())))
		case perBlock(i) && len(v.distinct) > 1 && c.BlankLine == "document":
			n := "id"
			if attributes[n] {
				n = "attribute_" + strconv.Itoa(i)
			}
			attributes[n] = true
			c.Names[i] = n
			g.Corpus.Fields = append(g.Corpus.Fields, config.Field{From: n, Name: n})
			g.Why["fields"] = "One value in each block of lines."
		case c.Unit == "sentence" && c.Role == "" && len(v.distinct) >= 2 && len(v.distinct) <= 4 && v.numbers == 0 && hasTags(files):
			c.Names[i], c.Role = "role", "role"
			g.Why["columns.role"] = "Column " + strconv.Itoa(i) + " has " + v.why()
		case !hasTags(files) && v.isLabel(false):
			layers++
			c.Names[i], c.Labels = g.tagLayer(c.Labels, layers, "none", v.distinct)
			why = append(why, fmt.Sprintf("Column %d has %s", i, v.why()))
		default:
			g.Remarks = append(g.Remarks, fmt.Sprintf("Column %d is not used: %s", i, v.why()))
		}
	}
	g.Why["columns.labels"] = strings.Join(why, " ")
	g.Why["columns.names"] = "Names of our own: the files have none."
	if len(c.Labels) == 0 {
		return nil
	}
	return g
}

// tagLayer adds a column of labels, and returns its name.
func (g *Guess) tagLayer(labels []config.LabelField, number int, scheme string, counts Counter) (string, []config.LabelField) {
	name := "label"
	if number > 1 {
		name += "_" + strconv.Itoa(number)
	}
	g.addLayer(layer(name, counts))
	return name, append(labels, config.LabelField{From: name, Layer: name, Scheme: scheme})
}

func hasTags(files []*tableFile) bool { return slices.Contains(files[0].tags, true) }

// lookCSV takes tables with a separator.
func (e *evidence) lookCSV(f *File) bool {
	data := f.text()
	best := &tableFile{}
	for _, sep := range []rune{',', '\t', ';', '|'} {
		if t := readCSV(data, sep); t != nil && len(t.columns) > len(best.columns) {
			best = t
		}
	}
	if len(best.columns) < 2 || best.rows < 2 {
		return false
	}
	ext := extension(f.Path)
	isText := slices.ContainsFunc(best.columns, func(v *values) bool { return v.isText() || v.words >= 2*v.n && v.n > 0 })
	if ext != ".csv" && ext != ".tsv" && (!isText || best.separator != "tab" && best.rows < 5) {
		return false
	}
	best.path = f.Path
	e.csv = append(e.csv, best)
	return true
}

// readCSV reads a table, nil if it is none with this separator: rows have as many
// columns as the first, or few do not.
func readCSV(data []byte, sep rune) *tableFile {
	r := csv.NewReader(bytes.NewReader(data))
	r.Comma, r.FieldsPerRecord, r.LazyQuotes, r.ReuseRecord = sep, -1, true, true
	t := &tableFile{separator: string(sep)}
	if sep == '\t' {
		t.separator = "tab"
	}
	var head []string
	odd := 0
	for {
		row, err := r.Read()
		if err != nil {
			break
		}
		switch {
		case head == nil:
			if head = slices.Clone(row); len(head) < 2 || len(head) > 1000 {
				return nil
			}
			for range head {
				t.columns = append(t.columns, new(values))
			}
			continue
		case len(row) != len(head):
			odd++
			continue
		}
		t.rows++
		for i, cell := range row {
			t.columns[i].add(cell)
		}
	}
	if odd*10 > t.rows {
		return nil
	}
	if isHeader(head, t.columns) {
		t.header = head
		return t
	}
	t.rows++
	for i, cell := range head {
		t.columns[i].add(cell)
	}
	return t
}

// isHeader reports whether the first row names the columns: short words, different
// ones, that are none of the values below them.
func isHeader(row []string, columns []*values) bool {
	seen := make(map[string]bool)
	differs := false
	for i, cell := range row {
		cell = strings.TrimSpace(cell)
		if len(cell) > 60 || len(strings.Fields(cell)) > 6 || cell != "" && seen[cell] {
			return false
		}
		if _, err := strconv.ParseFloat(cell, 64); err == nil {
			return false
		}
		seen[cell] = true
		v := columns[i]
		if v.distinct[cell] > 0 {
			return false
		}
		differs = differs || isLabelName(cell) || isTextName(cell) || typed[name(cell)] != "" || idName.MatchString(name(cell)) ||
			v.n > 0 && v.numbers == v.n || v.isText() && len(strings.Fields(cell)) < 3
	}
	return differs
}

func (e *evidence) guessCSV() *Guess {
	files := alike(e.csv, func(f *tableFile) string {
		return f.separator + "\x00" + strings.Join(f.header, "\x00") + "\x00" + strconv.Itoa(len(f.columns))
	})
	columns := merge(files)
	g := newGuess("csv", "")
	c := &g.Corpus.CSV
	rows := 0
	for _, f := range files {
		g.Files = append(g.Files, f.path)
		rows += f.rows
	}
	header := files[0].header
	c.Separator, c.Header = files[0].separator, header != nil
	g.What = fmt.Sprintf("are tables of %d columns, with %s between them and %s in all", len(columns), map[string]string{",": "commas", "tab": "tabs", ";": "semicolons", "|": "bars"}[c.Separator], plural(rows, "row", "rows"))
	if !c.Header {
		g.Why["csv.header"] = "The first row is like the others."
	}
	titles := make([]string, len(columns))
	first := make(map[string]bool)
	for i := range titles {
		titles[i] = strconv.Itoa(i)
		if header != nil && header[i] != "" && !first[header[i]] && utf8.ValidString(header[i]) {
			titles[i] = header[i]
			first[header[i]] = true
		}
	}
	text, points := -1, 0
	for i, v := range columns {
		if v.n == 0 || v.urls > 0 || v.words < 2*v.n && (header == nil || !isTextName(header[i]) || v.numbers > 0) {
			continue
		}
		p := v.bytes / v.n * len(v.distinct) / v.n
		if header != nil && isTextName(header[i]) {
			p = 3*p + 10
		}
		if p > points {
			text, points = i, p
		}
	}
	if text < 0 {
		return nil
	}
	v := columns[text]
	c.Text = titles[text]
	g.Why["csv.text"] = fmt.Sprintf("%s, %d words on average.", plural(len(v.distinct), "text", "different texts"), v.words/v.n)
	used := make(map[string]bool)
	var why []string
	label := func(i int) {
		l := "label"
		if header != nil {
			l = name(titles[i])
		} else if len(c.Labels) > 0 {
			l = "label_" + strconv.Itoa(len(c.Labels)+1)
		}
		c.Labels = append(c.Labels, config.LabelField{From: titles[i], Layer: l})
		g.addLayer(layer(l, columns[i].distinct))
		why = append(why, fmt.Sprintf("%s has %s", titles[i], columns[i].why()))
	}
	isLabel := func(i int, v *values) bool {
		_, isTyped := typed[name(titles[i])]
		named := header != nil && isLabelName(titles[i])
		return !isTyped && (header == nil || !idName.MatchString(name(titles[i]))) && (v.isLabel(false) || named && v.isLabel(true))
	}
	named := header != nil && slices.ContainsFunc(header, isLabelName)
	for i, v := range columns {
		if i == text || v.n == 0 {
			continue
		}
		attribute := "column_" + strconv.Itoa(i)
		if header != nil {
			attribute = v.attribute(titles[i])
		}
		switch {
		case isLabel(i, v) && (!named || isLabelName(titles[i])):
			label(i)
		case v.isText() && v.bytes > 80*v.n:
			g.Remarks = append(g.Remarks, fmt.Sprintf("Column %s has texts too, and was left out.", titles[i]))
		case header == nil && (v.inOrder || used[attribute]) || used[attribute]:
		default:
			used[attribute] = true
			g.Corpus.Fields = append(g.Corpus.Fields, config.Field{From: titles[i], Name: attribute})
		}
	}
	if len(c.Labels) == 0 {
		for _, word := range []string{"rating", "decision"} {
			for i, f := range g.Corpus.Fields {
				j := slices.Index(titles, f.From)
				if f.Name == word && len(c.Labels) == 0 && columns[j].isLabel(true) {
					label(j)
					g.Corpus.Fields = slices.Delete(g.Corpus.Fields, i, i+1)
					break
				}
			}
		}
	}
	g.Why["csv.labels"] = strings.Join(why, " ")
	if len(g.Corpus.Fields) > 0 {
		g.Why["fields"] = "Columns that are neither text nor labels. Take out what no one asks for."
	}
	g.oneDocument(columns, titles)
	return g
}

// oneDocument remarks on a column whose values several rows in a row have: they may
// be parts of one document.
func (g *Guess) oneDocument(columns []*values, titles []string) {
	for _, f := range g.Corpus.Fields {
		v := columns[slices.Index(titles, f.From)]
		if f.Name != "paper_id" && !idName.MatchString(f.Name) || len(v.distinct)*2 > v.n || v.empty > 0 {
			continue
		}
		g.Remarks = append(g.Remarks, fmt.Sprintf("%d rows have %d values of %s. To make one document of the rows with the same, write document_id: \"{%s}\" and same_id: append.", v.n, len(v.distinct), f.From, f.Name))
		return
	}
}
