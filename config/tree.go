package config

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
	"go.yaml.in/yaml/v3"
)

const (
	maxFileBytes = 1 << 20 // a hundred times the reference file
	maxNodes     = 100_000 // aliases may make a tree much larger than its file
	maxDepth     = 50      // ours is 5 deep; aliases may make a tree without end
)

// A node is a value of a YAML, TOML or JSON file with its place.
type node struct {
	place   place
	kind    nodeKind
	value   any     // of a scalar: string, int64, float64, bool, nil; anything else is no value of ours
	entries []entry // of a table, in the order of the file
	items   []*node // of a list
}

type nodeKind int

const (
	scalarNode nodeKind = iota
	tableNode
	listNode
)

// An entry is a key of a table with its value. Keys may come twice.
type entry struct {
	key   string
	place place
	value *node
}

// A place is where something stands in a file, both from 1; 0 is unknown.
type place struct{ line, column int }

// describe says what a node is, for messages.
func (n *node) describe() string {
	switch n.kind {
	case tableNode:
		return "keys and values"
	case listNode:
		return "a list"
	}
	switch v := n.value.(type) {
	case nil:
		return "no value"
	case string:
		return fmt.Sprintf("the text %q", clip(v))
	case int64, float64, uint64:
		return fmt.Sprintf("the number %v", v)
	case bool:
		return strconv.FormatBool(v)
	}
	return "a date or time"
}

func clip(s string) string {
	if len(s) > 60 {
		return strings.ToValidUTF8(s[:60], "") + "…"
	}
	return s
}

// readFile reads a file of at most maxFileBytes. Its errors do not repeat the
// name. Anything but a regular file is refused: a pipe could block for ever.
func readFile(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err == nil && !info.Mode().IsRegular() {
		return nil, errors.New("is not a file")
	}
	if err != nil {
		return nil, bare(err)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, bare(err)
	}
	defer func() { _ = f.Close() }() // read only: nothing to lose
	data, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err != nil {
		return nil, bare(err)
	}
	if len(data) > maxFileBytes {
		return nil, errors.New("is larger than 1 MiB, which no configuration is")
	}
	return data, nil
}

// bare is a file error without the name of the file, which stands before it.
func bare(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("does not exist")
	}
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		return e.Err
	}
	return err
}

// parseTree reads a file's content in the format that the extension of its name
// says. Where the tree is not nil, it can be checked further in spite of
// the problems. A file without content is an empty table.
func parseTree(name string, data []byte) (*node, Problems) {
	p := &treeParser{file: name}
	var n *node
	switch strings.ToLower(filepath.Ext(name)) {
	case ".yaml", ".yml":
		n = p.yaml(data)
	case ".json":
		n = p.json(data)
	case ".toml":
		n = p.toml(data)
	default:
		p.fail(place{}, "the name does not tell the format", "name it .yaml, .toml or .json")
	}
	if n != nil && n.kind != tableNode {
		p.fail(n.place, "want keys and values, found "+n.describe(), "")
		n = nil
	}
	return n, p.problems
}

type treeParser struct {
	file     string
	problems Problems
	nodes    int
}

func (p *treeParser) fail(at place, message, hint string) {
	p.problems = append(p.problems, Problem{File: p.file, Line: at.line, Column: at.column, Message: message, Hint: hint})
}

var (
	yamlErrorLine = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?(?s:(.*))$`)
	// Errors of the grammar count lines from 0, those of the words from 1; a line
	// of 0 is left out. Errors of the characters have no line.
	yamlGrammar    = regexp.MustCompile(`^did not find expected (key|node content|'-' indicator|',' or '[\]}]'|<document start>)$`)
	yamlCharacters = regexp.MustCompile(`^control characters|UTF-`)
)

func (p *treeParser) yaml(data []byte) *node {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc, next yaml.Node
	err := dec.Decode(&doc)
	if errors.Is(err, io.EOF) {
		return &node{place: place{1, 1}, kind: tableNode}
	}
	second := false
	if err == nil {
		err = dec.Decode(&next)
		second = err == nil
		if errors.Is(err, io.EOF) {
			err = nil
		}
	}
	switch {
	case err != nil:
		m := yamlErrorLine.FindStringSubmatch(err.Error())
		line, _ := strconv.Atoi(m[1])
		if yamlGrammar.MatchString(m[2]) || line == 0 && !yamlCharacters.MatchString(m[2]) {
			line++
		}
		line = min(line, len(indexLines(data))) // the end of the text may count as one more
		p.fail(place{line, 0}, m[2], "")
		return nil
	case second:
		p.fail(place{next.Line, next.Column}, "a second document starts here", "keep one document in the file")
		return nil
	case len(doc.Content) == 0 || doc.Content[0].ShortTag() == "!!null":
		return &node{place: place{1, 1}, kind: tableNode}
	}
	n, err := p.yamlNode(doc.Content[0], 0)
	if err != nil {
		p.fail(place{doc.Content[0].Line, 0}, err.Error(), "")
		return nil
	}
	return n
}

// yamlNode follows aliases. It fails where the tree is out of all proportion.
func (p *treeParser) yamlNode(y *yaml.Node, depth int) (*node, error) {
	n := &node{place: place{y.Line, y.Column}}
	for y.Kind == yaml.AliasNode {
		y = y.Alias
	}
	if err := p.grow(depth); err != nil {
		return nil, err
	}
	switch y.Kind {
	case yaml.MappingNode:
		n.kind = tableNode
		for i := 0; i+1 < len(y.Content); i += 2 {
			k := y.Content[i]
			at := place{k.Line, k.Column}
			for k.Kind == yaml.AliasNode {
				k = k.Alias
			}
			if k.Kind != yaml.ScalarNode {
				p.fail(at, "a key must be a word", "")
				continue
			}
			v, err := p.yamlNode(y.Content[i+1], depth+1)
			if err != nil {
				return nil, err
			}
			n.entries = append(n.entries, entry{k.Value, at, v})
		}
	case yaml.SequenceNode:
		n.kind = listNode
		for _, item := range y.Content {
			v, err := p.yamlNode(item, depth+1)
			if err != nil {
				return nil, err
			}
			n.items = append(n.items, v)
		}
	default:
		if err := y.Decode(&n.value); err != nil {
			p.fail(n.place, yamlErrorLine.FindStringSubmatch(err.Error())[2], "")
			n.value = y.Value
		}
		if i, ok := n.value.(int); ok {
			n.value = int64(i)
		}
	}
	return n, nil
}

// json is a parser of its own, although JSON is said to be YAML: the YAML parser
// knows neither surrogate pairs nor \/.
func (p *treeParser) json(data []byte) *node {
	lines := indexLines(data)
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		at := place{}
		if e := (*json.SyntaxError)(nil); errors.As(err, &e) {
			at = lines.place(int(e.Offset) - 1)
		}
		p.fail(at, strings.TrimPrefix(err.Error(), "json: "), "")
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	next := func() (json.Token, place) {
		at := int(d.InputOffset())
		for at < len(data) && strings.IndexByte(" \t\r\n,:", data[at]) >= 0 {
			at++
		}
		token, err := d.Token()
		if err != nil { // cannot be: the text is valid
			token = json.Delim(']')
		}
		return token, lines.place(at)
	}
	token, at := next()
	n, err := p.jsonNode(token, at, d, next, 0)
	if err != nil {
		p.fail(at, err.Error(), "")
		return nil
	}
	return n
}

func (p *treeParser) jsonNode(token json.Token, at place, d *json.Decoder, next func() (json.Token, place), depth int) (*node, error) {
	if err := p.grow(depth); err != nil {
		return nil, err
	}
	n := &node{place: at}
	switch v := token.(type) {
	case json.Delim:
		for n.kind = listNode; d.More(); {
			e := entry{}
			token, at := next()
			if v == '{' {
				e.key, _ = token.(string)
				e.place = at
				token, at = next()
			}
			child, err := p.jsonNode(token, at, d, next, depth+1)
			if err != nil {
				return nil, err
			}
			e.value = child
			n.entries = append(n.entries, e)
			n.items = append(n.items, child)
		}
		next() // the closing bracket
		if v == '{' {
			n.kind, n.items = tableNode, nil
		} else {
			n.entries = nil
		}
	case json.Number:
		if i, err := v.Int64(); err == nil {
			n.value = i
		} else {
			n.value, _ = v.Float64() // out of range is infinite, and no value of ours
		}
	default:
		n.value = v
	}
	return n, nil
}

// grow counts a node, and fails where the tree is out of all proportion.
func (p *treeParser) grow(depth int) error {
	if p.nodes++; p.nodes > maxNodes || depth > maxDepth {
		return errors.New("too many values, or nested too deeply")
	}
	return nil
}

// lineIndex has the offset of each line's first byte.
type lineIndex []int

func indexLines(data []byte) lineIndex {
	lines := lineIndex{0}
	for i, b := range data {
		if b == '\n' {
			lines = append(lines, i+1)
		}
	}
	return lines
}

func (l lineIndex) place(offset int) place {
	offset = max(offset, 0)
	line, found := slices.BinarySearch(l, offset)
	if found {
		line++
	}
	return place{line, offset - l[line-1] + 1}
}

// toml takes the values from the decoder, which knows all rules of the format,
// and the places from the parser below it, which knows none.
func (p *treeParser) toml(data []byte) *node {
	var root map[string]any
	if err := toml.Unmarshal(data, &root); err != nil {
		at := place{}
		if e := (*toml.DecodeError)(nil); errors.As(err, &e) {
			at.line, at.column = e.Position()
		}
		p.fail(at, strings.TrimPrefix(err.Error(), "toml: "), "")
		return nil
	}
	t := tomlPlaces{
		lines: indexLines(data), keys: make(map[string]place),
		values: make(map[string]place), tables: make(map[string]int),
	}
	t.parser.Reset(data)
	table := ""
	for t.parser.NextExpression() {
		switch e := t.parser.Expression(); e.Kind {
		case unstable.Table, unstable.ArrayTable:
			table = t.key("", e)
			if e.Kind == unstable.ArrayTable {
				item := join(table, strconv.Itoa(t.tables[table]))
				t.tables[table]++
				t.values[item] = t.place(e.Child())
				table = item
			}
		case unstable.KeyValue:
			t.keyValue(table, e)
		}
	}
	n, err := p.tomlNode(root, "", &t, 0)
	if err != nil {
		p.fail(place{1, 0}, err.Error(), "")
		return nil
	}
	n.place = place{1, 1}
	return n
}

// tomlPlaces maps paths to places. A value that has none stands where its key is.
type tomlPlaces struct {
	parser       unstable.Parser
	lines        lineIndex
	keys, values map[string]place
	tables       map[string]int // how many [[tables]] a path has so far
}

func join(path, key string) string { return path + "\x00" + key }

func (t *tomlPlaces) place(n *unstable.Node) place {
	return t.lines.place(int(n.Raw.Offset))
}

// key records the parts of a dotted key, below table, and returns its path.
func (t *tomlPlaces) key(table string, e *unstable.Node) string {
	parts := e.Key()
	for depth := 0; parts.Next() && depth <= maxDepth; depth++ { // beyond, the file is refused anyway
		if n := t.tables[table]; n > 0 { // keys below [[table]] are its last item's
			table = join(table, strconv.Itoa(n-1))
		}
		table = join(table, string(parts.Node().Data))
		if _, ok := t.keys[table]; !ok {
			t.keys[table] = t.place(parts.Node())
		}
	}
	return table
}

func (t *tomlPlaces) keyValue(table string, e *unstable.Node) {
	t.value(t.key(table, e), e.Value())
}

func (t *tomlPlaces) value(path string, v *unstable.Node) {
	if v.Raw.Length > 0 {
		t.values[path] = t.place(v)
	}
	i := 0
	for c := v.Children(); c.Next(); i++ {
		switch v.Kind {
		case unstable.InlineTable:
			t.keyValue(path, c.Node())
		case unstable.Array:
			item := join(path, strconv.Itoa(i))
			t.values[item] = t.valueAt(path)
			t.value(item, c.Node())
		}
	}
}

func (t *tomlPlaces) valueAt(path string) place {
	if at, ok := t.values[path]; ok {
		return at
	}
	return t.keys[path]
}

func (p *treeParser) tomlNode(v any, path string, t *tomlPlaces, depth int) (*node, error) {
	n := &node{place: t.valueAt(path), value: v}
	if err := p.grow(depth); err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case map[string]any:
		n.kind, n.value = tableNode, nil
		for key, value := range v {
			child, err := p.tomlNode(value, join(path, key), t, depth+1)
			if err != nil {
				return nil, err
			}
			n.entries = append(n.entries, entry{key, t.keys[join(path, key)], child})
		}
		slices.SortFunc(n.entries, func(a, b entry) int {
			return cmp.Or(a.place.line-b.place.line, a.place.column-b.place.column, cmp.Compare(a.key, b.key))
		})
	case []any:
		n.kind, n.value = listNode, nil
		for i, value := range v {
			child, err := p.tomlNode(value, join(path, strconv.Itoa(i)), t, depth+1)
			if err != nil {
				return nil, err
			}
			n.items = append(n.items, child)
		}
	}
	return n, nil
}
