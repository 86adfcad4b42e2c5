package verifier

import (
	"errors"
	"os"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/endian"
	"github.com/apache/arrow/go/v17/arrow/ipc"

	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/guard"
	"github.com/quern-data/quern/stages/snapshot"
)

// arrowFile is an Arrow file. To those who look at rows, its batches are row groups of
// which each column is a page of plain values.
type arrowFile struct {
	reader *ipc.FileReader
	batch  arrow.Record
	held   int64 // bytes of the values of all batches
}

func openArrow(f *os.File, size int64) (*arrowFile, error) {
	r, err := ipc.NewFileReader(f, ipc.WithAllocator(guard.Allocator(size)))
	return &arrowFile{reader: r}, err
}

// read reads a batch.
func (a *arrowFile) read(i int) (err error) {
	if a.batch, err = a.reader.Record(i); err != nil {
		return err
	}
	if a.batch.NumRows() == 0 {
		return errors.New("it has no rows")
	}
	for _, column := range a.batch.Columns() {
		if int64(column.Len()) != a.batch.NumRows() {
			return errors.New("its columns differ in length")
		}
		a.held += held(column.Data())
	}
	return nil
}

// held is how many bytes an array and those in it have.
func held(data arrow.ArrayData) (n int64) {
	for _, b := range data.Buffers() {
		if b != nil {
			n += int64(b.Len())
		}
	}
	for _, child := range data.Children() {
		n += held(child)
	}
	return n
}

// finish verifies, when all batches were read, what shows then.
func (a *arrowFile) finish(p *part, rows int64) {
	if rows != p.rows {
		p.addf("it has %d rows, and the manifest says %d", rows, p.rows)
	}
	if a.held > p.bytes {
		p.addf("it is compressed, so that it cannot be mapped into memory")
	}
}

// arrowForm verifies what the footer says. Where the rows cannot be read as they are
// described there, the part is not whole.
func (p *part) arrowForm(outputVersion string, corpora []snapshot.Corpus) {
	s := p.arrow.reader.Schema()
	var found, want []string
	for _, f := range s.Fields() {
		found = describeArrow(found, "", f)
	}
	for _, c := range p.table.Columns {
		want = expectArrow(want, "", c)
	}
	if p.whole = p.same(found, want); !p.whole {
		return
	}
	if s.Endianness() != endian.LittleEndian {
		p.addf("its numbers are not little-endian")
		p.whole = false
	}
	for i, c := range p.table.Columns {
		metadata := s.Field(i).Metadata
		for _, m := range [][2]string{{schema.CommentKey, c.Doc}, {schema.UnitKey, c.Unit}} {
			if got, _ := metadata.GetValue(m[0]); got != m[1] {
				p.addf("column %s: its %s is %s, and not %s", c.Name, m[0], show([]byte(got)), show([]byte(m[1])))
			}
		}
	}
	find := func(key string) *string {
		if value, ok := s.Metadata().GetValue(key); ok {
			return &value
		}
		return nil
	}
	p.says(find, corpora, [][2]string{
		{schema.VersionKey, schema.Version},
		{schema.TableKey, p.table.Name},
		{schema.CreatorKey, "quern version " + outputVersion},
	})
}

// describeArrow appends a line for a field and for each below it.
func describeArrow(lines []string, parent string, f arrow.Field) []string {
	path := join(parent, f.Name)
	lines = append(lines, path+": "+repetition(f.Nullable)+" "+f.Type.Name())
	if nested, ok := f.Type.(arrow.NestedType); ok {
		for _, child := range nested.Fields() {
			lines = describeArrow(lines, path, child)
		}
	}
	return lines
}

// arrowForms are the types of the columns of tables.
var arrowForms = map[schema.Kind]string{
	schema.String: "utf8", schema.Int32: "int32", schema.Int64: "int64", schema.Double: "float64", schema.Bool: "bool",
	schema.List: "list", schema.Map: "map", schema.Struct: "struct",
}

// expectArrow appends the lines that describeArrow should append for a column.
func expectArrow(lines []string, parent string, c schema.Column) []string {
	path := join(parent, c.Name)
	lines = append(lines, path+": "+repetition(c.Nullable)+" "+arrowForms[c.Type.Kind])
	switch c.Type.Kind {
	case schema.List:
		lines = expectArrow(lines, path, schema.Column{Name: "element", Type: *c.Type.Elem})
	case schema.Map:
		lines = expectArrow(lines, path, schema.Column{Name: "entries", Type: pairs})
	case schema.Struct:
		for _, field := range c.Type.Fields {
			lines = expectArrow(lines, path, field)
		}
	}
	return lines
}

// pairs are the entries of a map.
var pairs = schema.Type{Kind: schema.Struct, Fields: []schema.Column{
	{Name: "key", Type: schema.Type{Kind: schema.String}}, {Name: "value", Type: schema.Type{Kind: schema.String}},
}}

// arrowLeaves are the leaves of a table, named as those of a Parquet file.
func arrowLeaves(t schema.Table) (leaves []leaf) {
	add := func(name string, k schema.Kind, at arrowLeaf, maxDef, maxRep uint32) {
		l := levels{arrow: &at, name: name, maxDef: maxDef, maxRep: maxRep, defs: make([]uint32, batch), reps: make([]uint32, batch)}
		switch k {
		case schema.String:
			leaves = append(leaves, newText(l))
		case schema.Int32:
			leaves = append(leaves, newNumber(l, &kindInt32))
		case schema.Int64:
			leaves = append(leaves, newNumber(l, &kindInt64))
		case schema.Double:
			leaves = append(leaves, newNumber(l, &kindFloat))
		case schema.Bool:
			leaves = append(leaves, newNumber(l, &kindBool))
		default:
			panic("verifier: no leaf of " + string(k))
		}
	}
	for i, c := range t.Columns {
		element, prefix := schema.Type{}, ""
		switch c.Type.Kind {
		case schema.List:
			element, prefix = *c.Type.Elem, c.Name+".list.element"
		case schema.Map:
			element, prefix = pairs, c.Name+".key_value"
		default:
			add(c.Name, c.Type.Kind, arrowLeaf{column: i}, level(c.Nullable), 0)
			continue
		}
		if element.Kind != schema.Struct {
			add(prefix, element.Kind, arrowLeaf{column: i, list: true, field: -1}, 1, 1)
			continue
		}
		for k, f := range element.Fields {
			add(prefix+"."+f.Name, f.Type.Kind, arrowLeaf{column: i, list: true, field: k}, 1+level(f.Nullable), 1)
		}
	}
	return leaves
}

func level(nullable bool) uint32 {
	if nullable {
		return 1
	}
	return 0
}

// arrowLeaf is where the values of a leaf are in a batch.
type arrowLeaf struct {
	column int
	list   bool // whether the column holds lists or maps
	field  int  // of the structs in them, -1 if they hold none

	values arrow.Array
	from   int // the first that is in the batch of levels
	next   int // the first that is in no batch yet
	// Of a list: for each element, and each list that has none, the levels that
	// Parquet would give it, and its place in values, -1 for none.
	defs, reps []uint32
	places     []int
}

var (
	errNull  = errors.New("it has NULL where there must be a value")
	errNulls = errors.New("it counts its NULLs wrongly")
)

// open begins with a batch, and returns how many values it has, as Parquet counts
// them.
func (a *arrowLeaf) open(batch arrow.Record, maxDef uint32) (int, error) {
	a.values, a.from, a.next = batch.Column(a.column), 0, 0
	if !a.list {
		return a.values.Len(), a.count(maxDef > 0)
	}
	lists := a.values.(array.ListLike)
	if err := a.count(false); err != nil {
		return 0, err
	}
	a.values = lists.ListValues()
	if a.field >= 0 {
		if err := a.count(false); err != nil {
			return 0, err
		}
		a.values = a.values.(*array.Struct).Field(a.field)
	}
	if err := a.count(maxDef > 1); err != nil {
		return 0, err
	}
	a.defs, a.reps, a.places = a.defs[:0], a.reps[:0], a.places[:0]
	last := int64(0)
	for row := range lists.Len() {
		start, end := lists.ValueOffsets(row)
		if start != last || end < start || end > int64(a.values.Len()) {
			return 0, errList
		}
		last = end
		if start == end {
			a.defs, a.reps, a.places = append(a.defs, 0), append(a.reps, 0), append(a.places, -1)
		}
		for i := start; i < end; i++ {
			def, rep := maxDef, uint32(1)
			if a.values.IsNull(int(i)) {
				def--
			}
			if i == start {
				rep = 0
			}
			a.defs, a.reps, a.places = append(a.defs, def), append(a.reps, rep), append(a.places, int(i))
		}
	}
	if last != int64(a.values.Len()) {
		return 0, errList
	}
	return len(a.defs), nil
}

// count verifies that as many values are NULL as the batch says, and none where none
// may be.
func (a *arrowLeaf) count(nullable bool) error {
	n := 0
	for i := range a.values.Len() {
		if a.values.IsNull(i) {
			n++
		}
	}
	switch {
	case n > 0 && !nullable:
		return errNull
	case n != a.values.NullN():
		return errNulls
	}
	return nil
}

// levels reads the levels of the next l.n values, and returns how many are not NULL.
func (a *arrowLeaf) levels(l *levels) (present int) {
	a.from, a.next = a.next, a.next+l.n
	for i := range l.n {
		if a.list {
			l.defs[i], l.reps[i] = a.defs[a.from+i], a.reps[a.from+i]
		} else if l.defs[i] = l.maxDef; a.values.IsNull(a.from + i) {
			l.defs[i] = 0
		}
		if l.defs[i] == l.maxDef {
			present++
		}
	}
	return present
}

// place is where in values place i of the batch is.
func (a *arrowLeaf) place(i int) int {
	if a.list {
		return a.places[a.from+i]
	}
	return a.from + i
}
