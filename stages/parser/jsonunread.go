package parser

import "strconv"

// Unread lists where in a record, or in a file that is one, values stand that nothing
// in the parser's settings leads to: the first key of each way there, once, with * for
// the elements of a list. It is nil where the record cannot be parsed, and for a format
// that reads all there is.
func Unread(p Parser, record []byte) []string {
	if a, ok := p.(annotatorRecords); ok {
		p = a.records
	}
	if j, ok := p.(*jsonParser); ok {
		return j.unread(record)
	}
	return nil
}

// jsonUse is what the settings make of the value at a place.
type jsonUse struct {
	keys     map[string]*jsonUse
	elements bool // whether each element of a list is used as the value itself would be
	value    bool // whether a value, or a list of some, is read
	all      bool // whether all of it is
}

// at is the use of a value inside.
func (u *jsonUse) at(path jsonPath) *jsonUse {
	for _, step := range path {
		next := u.keys[step.key]
		if next == nil {
			next = new(jsonUse)
			if u.keys == nil {
				u.keys = make(map[string]*jsonUse)
			}
			u.keys[step.key] = next
		}
		u = next
	}
	return u
}

func (u *jsonUse) read(paths ...jsonPath) {
	for _, path := range paths {
		if path != nil {
			u.at(path).value = true
		}
	}
}

func (u *jsonUse) labels(labels []jsonLabel) {
	for i := range labels {
		u.at(labels[i].from).value = true
		u.read(labels[i].layerFrom, labels[i].polarity, labels[i].link)
	}
}

func (u *jsonUse) where(where jsonWhere) {
	for i := range where {
		u.read(where[i].path)
	}
}

// list is the use of the elements of a list.
func (u *jsonUse) list(path jsonPath) *jsonUse {
	u = u.at(path)
	u.elements = true
	return u
}

func (u *jsonUse) sets(sets *jsonSets) *jsonUse {
	if sets.each != nil {
		u = u.list(sets.each)
	}
	u.read(sets.annotator...)
	u.where(sets.where)
	return u
}

// use is what the settings make of a record.
func (p *jsonParser) use() *jsonUse {
	root := new(jsonUse)
	for i := range p.fields {
		root.read(p.fields[i].path)
	}
	root.read(p.text)
	root.labels(p.labels)
	for i := range p.sentences {
		s := &p.sentences[i]
		u := root.list(s.path)
		u.at(s.text).value = true
		u.read(s.after)
		u.labels(s.labels)
	}
	for i := range p.spans {
		s := &p.spans[i]
		u := root.sets(&s.sets).list(s.path)
		u.where(s.where)
		u.read(s.id, s.start, s.end)
		u.labels(s.labels)
	}
	for i := range p.relations {
		r := &p.relations[i]
		u := root.sets(&r.sets).list(r.path)
		u.where(r.where)
		u.read(r.kindFrom, r.from, r.to)
		if r.attributes != nil {
			u.at(r.attributes).all = true
		}
	}
	return root
}

func (p *jsonParser) unread(record []byte) []string {
	scan := p.scans.Get().(*jsonScan)
	defer p.scans.Put(scan)
	t := &scan.tape
	t.nodes = t.nodes[:0]
	if t.read(record, markEnd(record)) != nil {
		return nil
	}
	w := unreadWalk{jsonTape: t, seen: make(map[string]bool)}
	w.value(0, p.use(), "", false)
	t.data = nil
	return w.found
}

type unreadWalk struct {
	*jsonTape
	found []string
	seen  map[string]bool
}

// value looks at the value of a node. inside says that it is an element of the list
// that its use is for.
func (w *unreadWalk) value(at int, u *jsonUse, path string, inside bool) {
	n := &w.nodes[at]
	if u.all || n.kind < jsonList {
		return
	}
	number := 0
	for i := at + 1; i < int(n.next); i = int(w.nodes[i].next) {
		child := &w.nodes[i]
		name, key := "*", strconv.Itoa(number)
		number++
		if n.kind == jsonObject {
			key = w.key(child)
			name = key
		}
		to := path + "." + name
		if path == "" {
			to = name
		}
		used := u.keys[key]
		switch {
		case n.kind == jsonList && u.elements && !inside:
			w.value(i, u, to, true)
		case used != nil:
			w.value(i, used, to, false)
		case n.kind == jsonList && u.value && child.kind < jsonList:
		case !w.seen[to]:
			w.seen[to] = true
			w.found = append(w.found, to)
		}
	}
}
