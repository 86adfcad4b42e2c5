package verifier

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/apache/arrow/go/v17/parquet/file"
	pqschema "github.com/apache/arrow/go/v17/parquet/schema"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/guard"
	"github.com/quern-data/quern/stages/sink"
	"github.com/quern-data/quern/stages/snapshot"
)

// part is one part that was opened.
type part struct {
	report
	// whole says that its rows can be read: it is what the manifest says, as far
	// as that can be told without its values.
	whole  bool
	layout *layout
	table  schema.Table
	bytes  int64
	rows   int64
	file   *os.File
	// reader and arrow are what reads it, as its format is. Nil if it was not asked
	// for, or cannot be read.
	reader *file.Reader
	arrow  *arrowFile
	// taxonomies are those in its metadata, by corpus.
	taxonomies map[string]*config.Taxonomy
}

func (p *part) close() {
	if p.file != nil {
		p.file.Close()
	}
}

// openPart opens a part, which should lie at the given path, and looks at all that
// can be told without its values. Its rows are of the given corpora.
func (v *Verifier) openPart(ctx context.Context, f *layout, m sink.Part, path string, corpora []snapshot.Corpus, hashOnly bool) *part {
	p := &part{report: report{path: m.Path}, layout: f, table: f.tables[m.Table], bytes: m.Bytes, rows: m.Rows}
	if p.table.Name == "" || m.Path != path {
		return p // Start tells, and such a path may lead anywhere
	}
	full := filepath.Join(v.snapshot.Dir, filepath.FromSlash(m.Path))
	info, err := os.Lstat(full)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		p.addf("it is missing")
		return p
	case err != nil:
		p.addf("it cannot be read: %v", err)
		return p
	case !info.Mode().IsRegular():
		p.addf("it is no regular file, but %s", info.Mode().Type())
		return p
	case info.Size() != m.Bytes:
		p.addf("it has %d bytes, and the manifest says %d", info.Size(), m.Bytes)
		return p
	}
	if p.file, err = os.Open(full); err != nil {
		p.addf("it cannot be read: %v", err)
		return p
	}
	// Arrow trusts the lengths in the footer of its files, and would ask for whatever
	// memory they say.
	if (v.level == Full || f.arrow && !hashOnly) && !p.hash(ctx, m.SHA256) {
		return p
	}
	if hashOnly {
		p.whole = true
		return p
	}
	if err := guard.Safely(func() (err error) {
		if f.arrow {
			p.arrow, err = openArrow(p.file, m.Bytes)
		} else {
			p.reader, err = file.NewParquetReader(p.file)
		}
		return err
	}); err != nil {
		p.addf("it cannot be opened: %v", err)
		return p
	}
	p.whole = true
	if f.arrow {
		p.arrowForm(v.snapshot.OutputVersion, corpora)
	} else {
		p.form(m, v.snapshot.OutputVersion)
		p.metadata(corpora)
	}
	return p
}

// unit is what a file consists of.
func (p *part) unit() string {
	if p.arrow != nil {
		return "batch"
	}
	return "row group"
}

// groups is of how many units the part consists.
func (p *part) groups() int {
	if p.arrow != nil {
		return p.arrow.reader.NumRecords()
	}
	return len(p.reader.MetaData().RowGroups)
}

// begin begins with a unit, and returns how many rows it has.
func (p *part) begin(group int) (rows int64, err error) {
	if p.arrow == nil {
		return p.reader.MetaData().RowGroups[group].NumRows, nil
	}
	if err := guard.Safely(func() error { return p.arrow.read(group) }); err != nil {
		return 0, fmt.Errorf("batch %d cannot be read: %w", group, err)
	}
	return p.arrow.batch.NumRows(), nil
}

// hash reports whether the file has the SHA-256.
func (p *part) hash(ctx context.Context, want string) bool {
	sum := sha256.New()
	buf := make([]byte, 256<<10)
	for {
		n, err := p.file.Read(buf)
		sum.Write(buf[:n])
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			p.addf("it cannot be read: %v", err)
			return false
		}
		if ctx.Err() != nil {
			return false
		}
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != want {
		p.addf("its SHA-256 is %s, and the manifest says %s", got, want)
		return false
	}
	return true
}

// form verifies what the footer says. Where the rows cannot be read as they are
// described there, the part is not whole.
func (p *part) form(m sink.Part, outputVersion string) {
	meta := p.reader.MetaData()
	if !p.columns(meta.Schema) {
		p.whole = false
		return
	}
	if meta.NumRows != m.Rows {
		p.addf("it has %d rows, and the manifest says %d", meta.NumRows, m.Rows)
	}
	if got, want := meta.GetCreatedBy(), "quern version "+outputVersion; got != want && !strings.HasPrefix(got, want+"(") {
		p.addf("it was created by %q, and not by %q", got, want)
	}
	rows := int64(0)
	for g := range meta.RowGroups {
		p.sorting(g)
		for c := range meta.Schema.NumColumns() {
			p.chunk(g, c)
		}
		if n := meta.RowGroups[g].NumRows; n < 0 || n > math.MaxInt64-rows {
			p.addf("row group %d has %d rows", g, n)
			p.whole = false
			return
		}
		rows += meta.RowGroups[g].NumRows
	}
	if rows != meta.NumRows {
		p.addf("its row groups have %d rows, and its footer says %d", rows, meta.NumRows)
		p.whole = false
	}
}

// columns reports whether the physical schema is that of the table.
func (p *part) columns(got *pqschema.Schema) bool {
	var found, want []string
	for i := range got.Root().NumFields() {
		found = describe(found, "", got.Root().Field(i))
	}
	for _, c := range p.table.Columns {
		want = expect(want, "", c)
	}
	return p.same(found, want)
}

// same reports whether the columns that were found are those that there should be.
func (p *part) same(found, want []string) bool {
	if slices.Equal(found, want) {
		return true
	}
	for i := range max(len(found), len(want)) {
		switch {
		case i >= len(found):
			p.addf("it lacks the column %s", want[i])
		case i >= len(want):
			p.addf("it has a column %s, which the table has not", found[i])
		case found[i] != want[i]:
			p.addf("where %s should be, it has %s", want[i], found[i])
		default:
			continue
		}
		break // those behind it are shifted
	}
	return false
}

// describe appends a line for a node of a schema and for each below it.
func describe(lines []string, parent string, n pqschema.Node) []string {
	path := join(parent, n.Name())
	form := "group"
	leaf, isLeaf := n.(*pqschema.PrimitiveNode)
	if isLeaf {
		form = leaf.PhysicalType().String()
	}
	form = n.RepetitionType().String() + " " + form
	if annotation := n.LogicalType().String(); annotation != "None" {
		form += " " + annotation
	}
	lines = append(lines, path+": "+strings.ToLower(form))
	if group, ok := n.(*pqschema.GroupNode); ok {
		for i := range group.NumFields() {
			lines = describe(lines, path, group.Field(i))
		}
	}
	return lines
}

// forms are the types of the columns of tables.
var forms = map[schema.Kind]string{
	schema.String: "byte_array string",
	schema.Int32:  "int32 int(bitwidth=32, issigned=true)",
	schema.Int64:  "int64 int(bitwidth=64, issigned=true)",
	schema.Double: "double",
	schema.Bool:   "boolean",
	schema.List:   "group list",
	schema.Map:    "group map",
	schema.Struct: "group",
}

// expect appends the lines that describe should append for a column.
func expect(lines []string, parent string, c schema.Column) []string {
	path := join(parent, c.Name)
	lines = append(lines, path+": "+repetition(c.Nullable)+" "+forms[c.Type.Kind])
	switch c.Type.Kind {
	case schema.List:
		lines = append(lines, path+".list: repeated group")
		lines = expect(lines, path+".list", schema.Column{Name: "element", Type: *c.Type.Elem})
	case schema.Map:
		lines = append(lines, path+".key_value: repeated group")
		for _, field := range pairs.Fields {
			lines = expect(lines, path+".key_value", field)
		}
	case schema.Struct:
		for _, field := range c.Type.Fields {
			lines = expect(lines, path, field)
		}
	}
	return lines
}

// repetition is what Parquet calls it whether a column may be NULL.
func repetition(nullable bool) string {
	if nullable {
		return "optional"
	}
	return "required"
}

func join(parent, name string) string {
	if parent == "" {
		return name
	}
	return parent + "." + name
}

// sorting verifies the order that a row group declares.
func (p *part) sorting(g int) {
	meta := p.reader.MetaData()
	var got, want []string
	for _, s := range meta.RowGroups[g].SortingColumns {
		name := fmt.Sprint("column ", s.ColumnIdx)
		if i := int(s.ColumnIdx); i >= 0 && i < meta.Schema.NumColumns() {
			name = meta.Schema.Column(i).Path()
		}
		if s.Descending {
			name += " descending"
		}
		if !s.NullsFirst {
			name += ", NULL last"
		}
		got = append(got, name)
	}
	if want = p.table.Sort; !slices.Equal(got, want) {
		p.addf("row group %d declares to be sorted by %q, and not by %q", g, got, want)
	}
}

// chunk verifies what the footer says of a column chunk: how it is compressed,
// that it has statistics, and that it lies in the file.
func (p *part) chunk(g, c int) {
	meta := p.reader.MetaData()
	group, column := meta.RowGroups[g], meta.Schema.Column(c)
	where := fmt.Sprintf("row group %d, column %s", g, column.Path())
	if len(group.Columns) != meta.Schema.NumColumns() || group.Columns[c].MetaData == nil {
		p.whole = false
		if c == 0 {
			p.addf("row group %d has %d columns, and not %d", g, len(group.Columns), meta.Schema.NumColumns())
		}
		return
	}
	chunk := group.Columns[c].MetaData
	if got := strings.Join(chunk.PathInSchema, "."); got != column.Path() || parquet.Type(chunk.Type) != column.PhysicalType() {
		p.addf("%s: its chunk is that of %q, of type %s", where, got, parquet.Type(chunk.Type))
		p.whole = false
	}
	if got := compress.Compression(chunk.Codec); got != compress.Codecs.Zstd {
		p.addf("%s is compressed by %s, and not by ZSTD", where, got)
		p.whole = false
	}
	start := chunk.DataPageOffset
	if chunk.IsSetDictionaryPageOffset() {
		start = min(start, chunk.GetDictionaryPageOffset())
	}
	if size := chunk.TotalCompressedSize; start < 4 || size < 0 || start > p.bytes || size > p.bytes-start {
		p.addf("%s lies at %d with %d bytes, which is not in the file", where, start, size)
		p.whole = false
	}
	nested := column.MaxRepetitionLevel() > 0
	if n := chunk.NumValues; n < group.NumRows || n > group.NumRows && !nested {
		p.addf("%s has %d values in %d rows", where, n, group.NumRows)
		p.whole = false
	}
	if whole := group.Columns[c]; !whole.IsSetColumnIndexOffset() || !whole.IsSetOffsetIndexOffset() {
		p.addf("%s has no page index", where)
	}
	if column.Path() == "document_id" && column.MaxDefinitionLevel() == 0 && !chunk.IsSetBloomFilterOffset() {
		p.addf("%s has no bloom filter", where)
	}
	s := chunk.Statistics
	switch {
	case group.Columns[c].CryptoMetadata != nil:
		p.addf("%s is encrypted", where)
		p.whole = false
	case s == nil || !s.IsSetNullCount():
		p.addf("%s has no statistics", where)
	case s.GetNullCount() < 0 || s.GetNullCount() > chunk.NumValues:
		p.addf("%s: its statistics count %d NULLs among %d values", where, s.GetNullCount(), chunk.NumValues)
	case s.GetNullCount() < chunk.NumValues && (s.MinValue == nil || s.MaxValue == nil):
		p.addf("%s: its statistics lack the least and the greatest value", where)
	}
}
