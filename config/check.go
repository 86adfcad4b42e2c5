package config

import (
	"fmt"
	"slices"
	"strings"
)

// A checker holds a file's tree against the fields of a struct. It reports what
// does not fit, keeps where everything stood, and hands on what fits.
type checker struct {
	file     string
	fields   []field // of the whole file
	problems Problems
	at       map[string]place // of each value, by full key
	lines    map[string]int   // of each key
	bad      map[string]bool  // keys whose value has a problem already
}

func newChecker(file string, fields []field) *checker {
	return &checker{
		file: file, fields: fields, at: make(map[string]place), lines: make(map[string]int), bad: make(map[string]bool),
	}
}

func (c *checker) fail(at place, key, message, hint string) {
	c.problems = append(c.problems, Problem{c.file, at.line, at.column, key, message, hint})
}

// failAt reports a problem of a key, at its value, or at what holds it where
// the file does not have the key.
func (c *checker) failAt(key, message, hint string) {
	for at := key; at != ""; at = at[:max(strings.LastIndexAny(at, ".["), 0)] {
		if p, ok := c.at[at]; ok {
			c.fail(p, key, message, hint)
			return
		}
	}
	c.fail(place{}, key, message, hint)
}

// table returns the keys that have usable values, and no others. At the top,
// path is empty.
func (c *checker) table(n *node, fields []field, path string) map[string]any {
	table := make(map[string]any)
	c.at[path] = n.place
	var unknown []entry
	first := make(map[string]int) // line of each key
	for _, e := range n.entries {
		key := below(path, e.key)
		if line, has := first[e.key]; has {
			c.fail(e.place, key, fmt.Sprintf("stands here again, line %d has it already", line), "keep one of the two")
			continue
		}
		first[e.key] = e.place.line
		i := slices.IndexFunc(fields, func(f field) bool { return f.key == e.key })
		if i < 0 {
			unknown = append(unknown, e)
			continue
		}
		c.at[key], c.lines[key] = e.value.place, e.place.line
		if v, ok := c.value(e.value, &fields[i], key); ok {
			table[e.key] = v
		} else {
			c.bad[key] = true
		}
	}

	var names []string // of the keys that are not set: nobody means one twice
	for i := range fields {
		if _, has := first[fields[i].key]; !has {
			names = append(names, fields[i].key)
		}
	}
	meant := make(map[string]bool)
	for _, e := range unknown {
		hint := ""
		if near := nearest(e.key, names); near != "" {
			meant[near] = true
			hint = "did you mean " + near + "?"
		} else if e.key == "<<" {
			hint = "merge keys are not supported"
		} else if full := owner(c.fields, "", e.key); full != "" {
			hint = "did you mean " + full + "?"
		} else {
			hint = didYouMean(e.key, keys(fields))
		}
		c.fail(e.place, below(path, e.key), "unknown key", hint)
	}
	for i := range fields {
		f := &fields[i]
		if _, has := first[f.key]; f.required && !has && !meant[f.key] {
			c.fail(n.place, below(path, f.key), "is missing", "want "+f.wants())
			c.bad[below(path, f.key)] = true
		}
	}
	return table
}

// value returns a value of the field's own type, tables as maps. Lists keep
// their length: an element that is wrong is empty, and marked as bad.
func (c *checker) value(n *node, f *field, key string) (any, bool) {
	if !f.isTable() && !f.isList() {
		v, message, hint := f.convert(n)
		if message != "" {
			c.fail(n.place, key, message, hint)
		}
		return v, message == ""
	}
	kind := listNode
	if f.isTable() || f.isThresholds() {
		kind = tableNode
	}
	if n.kind != kind {
		hint := ""
		if n.kind == scalarNode && n.value == nil {
			hint = "leave the key out for its default"
		} else if f.isThresholds() {
			hint = "write { } around entries such as documents_refused: 1%"
		} else if kind == listNode {
			hint = "write [ ] around it, or a hyphen before it"
		}
		c.fail(n.place, key, "want "+f.wants()+", found "+n.describe(), hint)
		return nil, false
	}
	if f.isTable() {
		return c.table(n, f.fields, key), true
	}
	if f.isThresholds() {
		return c.thresholds(n, key), true
	}
	if len(n.items) < f.minItems {
		c.fail(n.place, key, "is empty", fmt.Sprintf("at least %d", f.minItems))
	}
	if f.isTables() {
		list := make([]any, len(n.items))
		for i, e := range n.items {
			list[i] = c.element(e, f, item(key, i))
		}
		return list, true
	}
	list := make([]string, len(n.items))
	for i, e := range n.items {
		s, ok := e.value.(string)
		if c.at[item(key, i)] = e.place; !ok {
			c.fail(e.place, item(key, i), "want text, found "+e.describe(), "put it in quotation marks")
			c.bad[item(key, i)] = true
		}
		list[i] = s
	}
	return list, true
}

// element returns an entry of a list of tables, with the defaults of the keys
// that it does not set: viper gives the elements of a list none.
func (c *checker) element(n *node, f *field, key string) map[string]any {
	table := make(map[string]any)
	if n.kind == tableNode {
		table = c.table(n, f.fields, key)
	} else {
		c.at[key] = n.place
		c.fail(n.place, key, "want keys and values, found "+n.describe(), "")
		for i := range f.fields {
			c.bad[below(key, f.fields[i].key)] = true
		}
	}
	fill(table, f.fields)
	return table
}

func keys(fields []field) []string {
	names := make([]string, len(fields))
	for i := range fields {
		names[i] = fields[i].key
	}
	return names
}

// owner returns the full name of a key that stands in another table, or "".
func owner(fields []field, path, key string) string {
	for i := range fields {
		f := &fields[i]
		name := below(path, f.key)
		if path != "" && f.key == key {
			return name
		}
		if f.isTables() {
			name += "[]"
		}
		if found := owner(f.fields, name, key); found != "" {
			return found
		}
	}
	return ""
}
