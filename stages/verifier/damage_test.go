package verifier

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	pqthrift "github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/sink"
	"github.com/quern-data/quern/stages/snapshot"
)

// damaged is a copy of a snapshot that is being damaged.
type damaged struct {
	testing.TB
	*snapshot.Snapshot
	inputs [][]byte // lines, by shard
}

func newDamaged(t testing.TB, dir string) *damaged {
	t.Helper()
	s, err := snapshot.Load(cloneSnapshot(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	d := &damaged{TB: t, Snapshot: s}
	for i := range s.Shards {
		lines, err := s.InputLines(i)
		if err != nil {
			t.Fatal(err)
		}
		d.inputs = append(d.inputs, lines)
	}
	return d
}

// sign writes the manifest as it is now, and names the folder after it, as someone
// would who wants the damage not to show.
func (d *damaged) sign() {
	d.Helper()
	var b bytes.Buffer
	head, err := json.MarshalIndent(&d.Manifest, "", "  ")
	if err != nil {
		d.Fatal(err)
	}
	b.Write(bytes.TrimSuffix(head, []byte("\n}")))
	b.WriteString(",\n  \"shards\": [\n")
	for i := range d.Shards {
		line, err := json.Marshal(&d.Shards[i])
		if err != nil {
			d.Fatal(err)
		}
		b.Write(line)
		if i < len(d.Shards)-1 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
	}
	b.WriteString("  ],\n  \"inputs\": [\n")
	sum := sha256.Sum256(b.Bytes())
	all := bytes.TrimSuffix(bytes.Join(d.inputs, nil), []byte("\n"))
	b.Write(bytes.ReplaceAll(all, []byte("\n"), []byte(",\n")))
	b.WriteString("\n  ]\n}\n")
	d.writeFile(filepath.Join(d.Dir, snapshot.ManifestName), b.Bytes())
	to := filepath.Join(filepath.Dir(d.Dir), "000001-"+hex.EncodeToString(sum[:])[:12])
	if to != d.Dir {
		if err := os.Rename(d.Dir, to); err != nil {
			d.Fatal(err)
		}
	}
	if d.Snapshot, err = snapshot.Load(to); err != nil {
		d.Fatal(err)
	}
}

// count makes the counts of the manifest fit its shards.
func (d *damaged) count() {
	d.Counts = snapshot.Counts{Rows: map[string]int64{}, Stats: sink.NewStats()}
	for i := range d.Shards {
		d.Counts.Merge(d.Shards[i].Stats)
	}
	for _, p := range d.Parts() {
		d.Counts.Rows[p.Table] += p.Rows
	}
}

func (d *damaged) part(shard int, table string) *sink.Part {
	if table == snapshot.TaxonomyTable {
		return &d.Taxonomy
	}
	return &d.Shards[shard].Parts[slices.Index(snapshot.ShardTables, table)]
}

func (d *damaged) path(shard int, table string) string {
	if table == snapshot.TaxonomyTable {
		return filepath.Join(d.Dir, filepath.FromSlash(snapshot.TaxonomyPath))
	}
	return filepath.Join(d.Dir, filepath.FromSlash(d.PartPath(table, shard)))
}

func (d *damaged) read(shard int, table string) []byte {
	d.Helper()
	data, err := os.ReadFile(d.path(shard, table))
	if err != nil {
		d.Fatal(err)
	}
	return data
}

func (d *damaged) write(shard int, table string, data []byte) {
	d.Helper()
	d.writeFile(d.path(shard, table), data)
}

// writeFile replaces a file, which is shared with the sound snapshot.
func (d *damaged) writeFile(path string, data []byte) {
	d.Helper()
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		d.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o444); err != nil {
		d.Fatal(err)
	}
}

// replace writes a part and makes the manifest fit.
func (d *damaged) replace(shard int, table string, data []byte) {
	d.Helper()
	d.write(shard, table, data)
	sum := sha256.Sum256(data)
	p := d.part(shard, table)
	p.Bytes, p.SHA256 = int64(len(data)), hex.EncodeToString(sum[:])
}

// footer alters the footer of a part.
func (d *damaged) footer(shard int, table string, alter func(*format.FileMetaData)) {
	d.Helper()
	data := d.read(shard, table)
	end := len(data) - 8
	start := end - int(binary.LittleEndian.Uint32(data[end:]))
	var meta format.FileMetaData
	if err := pqthrift.Unmarshal(new(pqthrift.CompactProtocol), data[start:end], &meta); err != nil {
		d.Fatal(err)
	}
	alter(&meta)
	footer, err := pqthrift.Marshal(new(pqthrift.CompactProtocol), &meta)
	if err != nil {
		d.Fatal(err)
	}
	data = append(data[:start:start], footer...)
	data = binary.LittleEndian.AppendUint32(data, uint32(len(footer)))
	d.replace(shard, table, append(data, "PAR1"...))
}

// metadata alters a value in the metadata of a part.
func (d *damaged) metadata(shard int, table, key string, alter func(string) string) {
	d.Helper()
	d.footer(shard, table, func(m *format.FileMetaData) {
		at := slices.IndexFunc(m.KeyValueMetadata, func(kv format.KeyValue) bool { return kv.Key == key })
		was := m.KeyValueMetadata[at].Value
		if m.KeyValueMetadata[at].Value = alter(was); m.KeyValueMetadata[at].Value == was {
			d.Fatalf("%s is as it was: %s", key, was)
		}
	})
}

// forget takes a key out of the metadata of a part.
func (d *damaged) forget(key string) {
	d.Helper()
	d.footer(1, "labels", func(m *format.FileMetaData) {
		m.KeyValueMetadata = slices.DeleteFunc(m.KeyValueMetadata, func(kv format.KeyValue) bool { return kv.Key == key })
	})
}

// encodePart writes rows as the sink does, as far as the verifier looks, with the
// metadata of the part that is there and more options behind that.
func encodePart[Row any](d *damaged, shard int, table string, rows []Row, more ...parquet.WriterOption) []byte {
	d.Helper()
	options := []parquet.WriterOption{
		parquet.Compression(&parquet.Zstd),
		parquet.CreatedBy("quern", sink.OutputVersion, ""),
		parquet.DataPageVersion(2),
		parquet.MaxRowsPerRowGroup(1000),
	}
	data := d.read(shard, table)
	was, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		d.Fatal(err)
	}
	for _, m := range was.Metadata().KeyValueMetadata {
		options = append(options, parquet.KeyValueMetadata(m.Key, m.Value))
	}
	var sorting []parquet.SortingColumn
	for _, s := range schema.Tables() {
		if s.Name != table {
			continue
		}
		for _, name := range s.Sort {
			sorting = append(sorting, parquet.NullsFirst(parquet.Ascending(name)))
		}
		if c := s.Columns[slices.IndexFunc(s.Columns, func(c schema.Column) bool { return c.Name == "document_id" || c.Name == "corpus" })]; c.Name == "document_id" && !c.Nullable {
			options = append(options, parquet.BloomFilters(parquet.SplitBlockFilter(10, c.Name)))
		}
	}
	options = append(options, parquet.SortingWriterConfig(parquet.SortingColumns(sorting...)))
	var b bytes.Buffer
	w := parquet.NewGenericWriter[Row](&b, append(options, more...)...)
	if _, err := w.Write(rows); err != nil {
		d.Fatal(err)
	}
	if err := w.Close(); err != nil {
		d.Fatal(err)
	}
	return b.Bytes()
}

// edit rewrites a part with its rows altered.
func edit[Row any](d *damaged, shard int, table string, alter func(rows []Row) []Row, more ...parquet.WriterOption) {
	d.Helper()
	rows, err := parquet.ReadFile[Row](d.path(shard, table))
	if err != nil {
		d.Fatal(err)
	}
	if len(rows) < 3 {
		d.Fatalf("%s has %d rows", table, len(rows))
	}
	d.forgetNulls(shard, table, reflect.ValueOf(rows))
	rows = alter(rows)
	d.replace(shard, table, encodePart(d, shard, table, rows, more...))
	d.part(shard, table).Rows = int64(len(rows))
}

// forgetNulls makes nil what parquet-go read as zero, and is NULL: all columns that
// have nothing but NULL, and the empty string, which no column has that may be NULL.
func (d *damaged) forgetNulls(shard int, table string, rows reflect.Value) {
	d.Helper()
	data := d.read(shard, table)
	f, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		d.Fatal(err)
	}
	null := map[string]bool{}
	for _, group := range f.Metadata().RowGroups {
		for _, chunk := range group.Columns {
			name := strings.Join(chunk.MetaData.PathInSchema, ".")
			all := chunk.MetaData.Statistics.NullCount == chunk.MetaData.NumValues
			if was, ok := null[name]; ok {
				all = all && was
			}
			null[name] = all
		}
	}
	for i := range rows.Len() {
		forget(rows.Index(i), null)
	}
}

func forget(row reflect.Value, null map[string]bool) {
	for i := range row.NumField() {
		f := row.Type().Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("parquet"), ",")
		if f.Anonymous {
			forget(row.Field(i), null)
		} else if v := row.Field(i); f.Type.Kind() == reflect.Pointer && !v.IsNil() && (null[name] || v.Elem().Kind() == reflect.String && v.Elem().Len() == 0) {
			row.Field(i).SetZero()
		}
	}
}

// TestUnaltered makes sure that what TestDamage finds is what it did.
func TestUnaltered(t *testing.T) {
	d := newDamaged(t, makeSnapshot(t))
	for _, shard := range []int{1, zeta(d)} {
		edit(d, shard, "documents", func(rows []schema.DocumentRow) []schema.DocumentRow { return rows })
		edit(d, shard, "sentences", func(rows []schema.SentenceRow) []schema.SentenceRow { return rows })
		edit(d, shard, "labels", func(rows []schema.LabelRow) []schema.LabelRow { return rows })
		edit(d, shard, "diagnostics", func(rows []schema.DiagnosticRow) []schema.DiagnosticRow { return rows })
		d.footer(shard, "documents", func(*format.FileMetaData) {})
	}
	edit(d, 0, "taxonomy", func(rows []schema.TaxonomyRow) []schema.TaxonomyRow { return rows })
	d.sign()
	for _, level := range []Level{Fast, Full} {
		for _, p := range verifySnapshot(t, d.Snapshot, level, false) {
			t.Errorf("%s: %s", level, p)
		}
	}
}

func ptr[T any](v T) *T { return &v }

// The row that is altered in most cases is one in the middle.
func sentence(d *damaged, shard int, alter func(*schema.SentenceRow)) {
	d.Helper()
	edit(d, shard, "sentences", func(rows []schema.SentenceRow) []schema.SentenceRow {
		at := slices.IndexFunc(rows, func(r schema.SentenceRow) bool {
			return r.SentenceIndex == 2 && r.Labeled && len(r.Labels) > 0 && len(r.Text) > 10 && (r.Alignment == nil || *r.Alignment == "exact")
		})
		alter(&rows[at])
		return rows
	})
}

func document(d *damaged, alter func(*schema.DocumentRow)) {
	d.Helper()
	edit(d, 1, "documents", func(rows []schema.DocumentRow) []schema.DocumentRow {
		alter(&rows[2])
		return rows
	})
}

func label(d *damaged, alter func(*schema.LabelRow)) {
	d.Helper()
	edit(d, 1, "labels", func(rows []schema.LabelRow) []schema.LabelRow {
		at := slices.IndexFunc(rows, func(r schema.LabelRow) bool {
			return r.Label != nil && r.Polarity != nil && r.Position == 1 && r.SentenceIndex == 2
		})
		alter(&rows[at])
		return rows
	})
}

func diagnostic(d *damaged, alter func(*schema.DiagnosticRow)) {
	d.Helper()
	edit(d, 1, "diagnostics", func(rows []schema.DiagnosticRow) []schema.DiagnosticRow {
		alter(&rows[1])
		return rows
	})
}

func remove[Row any](at int) func([]Row) []Row {
	return func(rows []Row) []Row {
		if at < 0 {
			at += len(rows)
		}
		return slices.Delete(rows, at, at+1)
	}
}

// zeta is a shard of the corpus zeta.
func zeta(d *damaged) int {
	return slices.IndexFunc(d.Shards, func(s snapshot.Shard) bool { return s.Corpus == "zeta" })
}

// damage is a way in which a snapshot may come to be wrong. fast is what the
// message must contain at both levels; full is what it must contain at Full, where
// Fast must find nothing. A damage is signed unless raw is set. parquet is set for what
// Arrow files do not have.
type damage struct {
	name       string
	fast, full string
	raw        bool
	parquet    bool
	do         func(*damaged)
}

// damages are those of a snapshot of makeSnapshot.
var damages = []damage{
	// Files.
	{name: "flipped byte in a page", full: "sentences/part-00001.parquet: its SHA-256 is", raw: true, do: func(d *damaged) {
		data := d.read(1, "sentences")
		data[len(data)/3] ^= 4
		d.write(1, "sentences", data)
	}},
	{name: "flipped byte in a footer", full: "labels/part-00001.parquet: its SHA-256 is", raw: true, do: func(d *damaged) {
		data := d.read(1, "labels")
		footer := len(data) - 8 - int(binary.LittleEndian.Uint32(data[len(data)-8:]))
		at := footer + bytes.Index(data[footer:], []byte("aspect"))
		data[at] ^= 4 // a letter of the statistics
		d.write(1, "labels", data)
	}},
	{name: "truncated", fast: "labels/part-00000.parquet: it has", raw: true, do: func(d *damaged) {
		data := d.read(0, "labels")
		d.write(0, "labels", data[:len(data)-100])
	}},
	{name: "truncated and signed", fast: "labels/part-00000.parquet: it cannot be opened: parquet: file is smaller than indicated metadata size", do: func(d *damaged) {
		data := d.read(0, "labels")
		d.replace(0, "labels", data[:len(data)-100])
	}},
	{name: "empty and signed", fast: "documents/part-00000.parquet: it cannot be opened: parquet: file too small", do: func(d *damaged) {
		d.replace(0, "documents", []byte("PAR1"))
	}},
	{name: "missing part", fast: "diagnostics/part-00001.parquet: it is missing", raw: true, do: func(d *damaged) {
		os.Remove(d.path(1, "diagnostics"))
	}},
	{name: "missing taxonomy", fast: "taxonomy/part-00000.parquet: it is missing", raw: true, do: func(d *damaged) {
		os.Remove(d.path(0, "taxonomy"))
	}},
	{name: "no _SUCCESS", fast: "_SUCCESS: it is missing", raw: true, do: func(d *damaged) {
		os.Remove(filepath.Join(d.Dir, snapshot.SuccessName))
	}},
	{name: "extra part", fast: "labels/part-00099.parquet: it does not belong", raw: true, do: func(d *damaged) {
		d.write(99, "labels", d.read(0, "labels"))
	}},
	{name: "extra folder", fast: "extra: it does not belong", raw: true, do: func(d *damaged) {
		if err := os.Mkdir(filepath.Join(d.Dir, "extra"), 0o755); err != nil {
			d.Fatal(err)
		}
	}},
	{name: "link in place of a part", fast: "documents/part-00001.parquet: it is no regular file", raw: true, do: func(d *damaged) {
		path := d.path(1, "documents")
		if err := errors.Join(os.Rename(path, path+".real"), os.Symlink(path+".real", path)); err != nil {
			d.Fatal(err)
		}
	}},
	{name: "link in place of a folder", fast: "labels: it is no folder", raw: true, do: func(d *damaged) {
		path, to := filepath.Join(d.Dir, "labels"), filepath.Join(d.TempDir(), "labels")
		if err := errors.Join(os.Rename(path, to), os.Symlink(to, path)); err != nil {
			d.Fatal(err)
		}
	}},
	{name: "folder in place of a part", fast: "documents/part-00001.parquet: it is no regular file", raw: true, do: func(d *damaged) {
		if err := errors.Join(os.Remove(d.path(1, "documents")), os.Mkdir(d.path(1, "documents"), 0o755)); err != nil {
			d.Fatal(err)
		}
	}},
	{name: "parts of a table swapped", fast: "sentences/part-00000.parquet: it has", raw: true, do: func(d *damaged) {
		a, b := d.read(0, "sentences"), d.read(1, "sentences")
		d.write(0, "sentences", b)
		d.write(1, "sentences", a)
	}},
	{name: "parts of a table swapped and signed", fast: "shard 0 counts", do: func(d *damaged) {
		a, b := d.read(0, "sentences"), d.read(1, "sentences")
		d.replace(0, "sentences", b)
		d.replace(1, "sentences", a)
		p, q := d.part(0, "sentences"), d.part(1, "sentences")
		p.Rows, q.Rows = q.Rows, p.Rows
	}},
	{name: "paths of two parts swapped and signed", fast: `shard 0 has its part of "sentences" in "sentences/part-00001.parquet"`, do: func(d *damaged) {
		p, q := d.part(0, "sentences"), d.part(1, "sentences")
		p.Path, q.Path = q.Path, p.Path
	}},
	{name: "two shards swapped", fast: "part-00000.parquet: it has", raw: true, do: func(d *damaged) {
		for _, table := range snapshot.ShardTables {
			a, b := d.read(0, table), d.read(1, table)
			d.write(0, table, b)
			d.write(1, table, a)
		}
	}},
	{name: "two shards swapped and signed", full: "where the shard begins and ends", do: func(d *damaged) {
		for _, table := range snapshot.ShardTables {
			a, b := d.read(0, table), d.read(1, table)
			d.replace(0, table, b)
			d.replace(1, table, a)
			p, q := d.part(0, table), d.part(1, table)
			p.Rows, q.Rows = q.Rows, p.Rows
		}
		a, b := &d.Shards[0], &d.Shards[1]
		a.Stats, b.Stats = b.Stats, a.Stats
		a.Inputs, b.Inputs, a.InputBytes, b.InputBytes = b.Inputs, a.Inputs, b.InputBytes, a.InputBytes
		a.InputsSHA256, b.InputsSHA256 = b.InputsSHA256, a.InputsSHA256
		d.inputs[0], d.inputs[1] = d.inputs[1], d.inputs[0]
	}},
	{name: "shards in another order", fast: "and one before it ends with", do: func(d *damaged) {
		a, b := &d.Shards[0], &d.Shards[1]
		a.First, a.Last, b.First, b.Last = b.First, b.Last, a.First, a.Last
	}},

	// The manifest.
	{name: "rows edited", fast: "documents/part-00000.parquet: it has", do: func(d *damaged) { d.part(0, "documents").Rows++ }},
	{name: "count edited", fast: "counts.rows.labels is", do: func(d *damaged) { d.Counts.Rows["labels"]++ }},
	{name: "statistic edited", fast: "counts.sentences is", do: func(d *damaged) { d.Counts.Sentences++ }},
	{name: "size edited", fast: "labels/part-00000.parquet: it has", do: func(d *damaged) { d.part(0, "labels").Bytes-- }},
	{name: "sum edited", parquet: true, full: "labels/part-00000.parquet: its SHA-256 is", do: func(d *damaged) {
		d.part(0, "labels").SHA256 = strings.Repeat("0", 64)
	}},
	{name: "path leads out", fast: `in "../../../etc/passwd", and not in "labels/part-00000.parquet"`, do: func(d *damaged) {
		d.part(0, "labels").Path = "../../../etc/passwd"
	}},
	{name: "taxonomy leads out", fast: `the part of the table taxonomy is "/etc/passwd"`, do: func(d *damaged) { d.Taxonomy.Path = "/etc/passwd" }},
	{name: "part left out", fast: `shard 1 has parts of the tables`, do: func(d *damaged) {
		d.Shards[1].Parts = d.Shards[1].Parts[:3]
	}},
	{name: "corpus edited", fast: "corpus zeta has", do: func(d *damaged) { d.Corpora[2].Written-- }},
	{name: "files found edited", fast: "files were found, and written, refused, raw twins and ignored add up to", do: func(d *damaged) { d.Corpora[0].Found++ }},
	{name: "corpora in another order", fast: "corpus empty is not in the order", do: func(d *damaged) {
		d.Corpora[1], d.Corpora[2] = d.Corpora[2], d.Corpora[1]
	}},
	{name: "corpus unknown", fast: `is of a corpus "beta"`, do: func(d *damaged) { d.Shards[1].Corpus = "beta" }},
	{name: "first behind last", fast: "which comes before it", do: func(d *damaged) {
		d.Shards[1].First, d.Shards[1].Last = d.Shards[1].Last, d.Shards[1].First
	}},
	{name: "first edited", full: "shard 1 goes from", do: func(d *damaged) { d.Shards[1].First = d.Shards[0].Last + "!" }},
	{name: "groups edited", full: "shard 1: stats.groups is", do: func(d *damaged) {
		d.Shards[1].Stats.Groups++
		d.count()
	}},
	{name: "sum of inputs edited", fast: "the inputs of shard 1 have another SHA-256", do: func(d *damaged) {
		d.Shards[1].InputsSHA256 = strings.Repeat("0", 64)
	}},
	{name: "input edited", full: "source_bytes is", do: func(d *damaged) { d.editInputs(`"bytes":`, `"bytes":1`) }},
	{name: "sum of input edited", full: "source_sha256 is", do: func(d *damaged) { d.editInputs(`"sha256":"`, `"sha256":"00000000`) }},
	{name: "input refused", full: "which is no input that was written", do: func(d *damaged) { d.editInputs("}", `,"refused":true}`) }},
	{name: "labels by layer edited", full: "shard 1: stats.labels_by_layer.section is", do: func(d *damaged) {
		d.Shards[1].Stats.LabelsByLayer["section"]++
		d.count()
	}},
	{name: "diagnostics edited", full: "shard 1: stats.diagnostics.repair-case is", do: func(d *damaged) {
		d.Shards[1].Stats.Diagnostics[schema.RepairCase]++
		d.count()
	}},

	{name: "no card", fast: "README.md: it is missing", raw: true, do: func(d *damaged) {
		if err := os.Remove(filepath.Join(d.Dir, "README.md")); err != nil {
			d.Fatal(err)
		}
	}},
	{name: "a folder for a card", fast: "README.md: it is no regular file", raw: true, do: func(d *damaged) {
		path := filepath.Join(d.Dir, "README.md")
		if err := errors.Join(os.Remove(path), os.Mkdir(path, 0o755)); err != nil {
			d.Fatal(err)
		}
	}},
	{name: "a longer card", fast: "README.md: it has 11 bytes, and the manifest says 10", raw: true, do: func(d *damaged) {
		d.writeFile(filepath.Join(d.Dir, "README.md"), []byte("# Reviews.\n"))
	}},
	{name: "another card", full: "README.md: its SHA-256 is e831cd6b", raw: true, do: func(d *damaged) {
		d.writeFile(filepath.Join(d.Dir, "README.md"), []byte("# reviews\n"))
	}},
	{name: "a card elsewhere", fast: "../README.md: the manifest gives it 10 bytes", do: func(d *damaged) {
		d.Files[0].Path = "../README.md"
	}},

	// The form of a part.
	{name: "column left out", fast: "taxonomy/part-00000.parquet: it lacks the column has_polarity", do: func(d *damaged) {
		type row struct {
			Corpus      string   `parquet:"corpus,dict"`
			Layer       string   `parquet:"layer,dict"`
			Label       string   `parquet:"label,dict"`
			Name        string   `parquet:"name"`
			Description string   `parquet:"description"`
			Aliases     []string `parquet:"aliases,list"`
		}
		edit(d, 0, "taxonomy", func(rows []row) []row { return rows })
	}},
	{name: "another type", fast: "where has_polarity: required boolean should be, it has has_polarity: required int32", do: func(d *damaged) {
		type row struct {
			Corpus      string   `parquet:"corpus,dict"`
			Layer       string   `parquet:"layer,dict"`
			Label       string   `parquet:"label,dict"`
			Name        string   `parquet:"name"`
			Description string   `parquet:"description"`
			Aliases     []string `parquet:"aliases,list"`
			HasPolarity int32    `parquet:"has_polarity"`
		}
		rows := make([]row, d.Taxonomy.Rows)
		d.replace(0, "taxonomy", encodePart(d, 0, "taxonomy", rows))
	}},
	{name: "list of two levels", fast: "where aliases: required group list should be, it has aliases: repeated byte_array string", do: func(d *damaged) {
		type row struct {
			Corpus      string   `parquet:"corpus,dict"`
			Layer       string   `parquet:"layer,dict"`
			Label       string   `parquet:"label,dict"`
			Name        string   `parquet:"name"`
			Description string   `parquet:"description"`
			Aliases     []string `parquet:"aliases"`
			HasPolarity bool     `parquet:"has_polarity"`
		}
		rows := make([]row, d.Taxonomy.Rows)
		d.replace(0, "taxonomy", encodePart(d, 0, "taxonomy", rows))
	}},
	{name: "nullable column", fast: "where corpus: required byte_array string should be, it has corpus: optional byte_array string", do: func(d *damaged) {
		type row struct {
			DocumentID *string `parquet:"document_id,optional,dict"`
			Corpus     string  `parquet:"corpus,optional,dict"`
			SourcePath string  `parquet:"source_path,dict"`
		}
		edit(d, 1, "diagnostics", func(rows []row) []row { return rows })
	}},
	{name: "unsigned", fast: "it has year: optional int32 int(bitwidth=32, issigned=false)", do: func(d *damaged) {
		d.footer(1, "labels", func(m *format.FileMetaData) {
			m.Schema[6].LogicalType.Value = &format.IntType{BitWidth: 32}
			m.Schema[6].ConvertedType.V = deprecated.Uint32
		})
	}},
	{name: "bytes without UTF-8", fast: "it has paper_id: optional byte_array", do: func(d *damaged) {
		d.footer(1, "labels", func(m *format.FileMetaData) {
			m.Schema[4].LogicalType.Value = nil
			m.Schema[4].ConvertedType.Valid = false
		})
	}},
	{name: "another compression", fast: "is compressed by SNAPPY", do: func(d *damaged) {
		edit(d, 1, "labels", func(rows []schema.LabelRow) []schema.LabelRow { return rows }, parquet.Compression(&parquet.Snappy))
	}},
	{name: "created by another", fast: `created by "quern version 0(build )", and not by "quern version ` + sink.OutputVersion + `"`, do: func(d *damaged) {
		edit(d, 1, "labels", func(rows []schema.LabelRow) []schema.LabelRow { return rows }, parquet.CreatedBy("quern", "0", ""))
	}},
	{name: "another table", fast: `its metadata says quern.table is "sentences", and not "labels"`, do: func(d *damaged) {
		edit(d, 1, "labels", func(rows []schema.LabelRow) []schema.LabelRow { return rows }, parquet.KeyValueMetadata("quern.table", "sentences"))
	}},
	{name: "no schema version", fast: "its metadata lacks quern.schema_version", do: func(d *damaged) {
		d.forget("quern.schema_version")
	}},
	{name: "no documentation", fast: "its metadata lacks quern.columns", do: func(d *damaged) { d.forget("quern.columns") }},
	{name: "another documentation", fast: `of quern.columns on "Something. `, do: func(d *damaged) {
		d.metadata(1, "labels", "quern.columns", func(text string) string { return strings.Replace(text, "Annotation layer", "Something", 1) })
	}},
	{name: "no documentation for Spark", fast: "its metadata lacks org.apache.spark.sql.parquet.row.metadata", do: func(d *damaged) {
		d.forget("org.apache.spark.sql.parquet.row.metadata")
	}},
	{name: "another type for Spark", fast: `of org.apache.spark.sql.parquet.row.metadata on "long\",`, do: func(d *damaged) {
		d.metadata(1, "labels", "org.apache.spark.sql.parquet.row.metadata", func(text string) string { return strings.Replace(text, `"integer"`, `"long"`, 1) })
	}},
	{name: "no taxonomy in the metadata", fast: "its metadata lacks quern.taxonomy", do: func(d *damaged) { d.forget("quern.taxonomy") }},
	{name: "another taxonomy in the metadata", fast: "its metadata has a taxonomy of corpus alpha whose SHA-256 is", do: func(d *damaged) {
		d.metadata(1, "labels", "quern.taxonomy", func(text string) string { return strings.Replace(text, `"name":"`, `"name":"not `, 1) })
	}},
	{name: "taxonomy of another corpus in the metadata", fast: `its metadata has a taxonomy of corpus "beta", of which it has no rows`, do: func(d *damaged) {
		d.metadata(1, "sentences", "quern.taxonomy", func(text string) string { return strings.Replace(text, `"alpha"`, `"beta"`, 1) })
	}},
	{name: "no JSON in the metadata", fast: "its metadata has a quern.taxonomy that cannot be read", do: func(d *damaged) {
		d.metadata(0, "taxonomy", "quern.taxonomy", func(text string) string { return text[1:] })
	}},
	{name: "taxonomy in the metadata of diagnostics", fast: "its metadata has quern.taxonomy, and its table is not about labels", do: func(d *damaged) {
		d.footer(1, "diagnostics", func(m *format.FileMetaData) {
			m.KeyValueMetadata = append(m.KeyValueMetadata, format.KeyValue{Key: "quern.taxonomy", Value: "{}"})
		})
	}},
	{name: "no order declared", fast: `declares to be sorted by []`, do: func(d *damaged) {
		d.footer(1, "labels", func(m *format.FileMetaData) { m.RowGroups[0].SortingColumns = nil })
	}},
	{name: "another order declared", fast: `declares to be sorted by ["sentence_id" "sentence_index descending"]`, do: func(d *damaged) {
		d.footer(1, "labels", func(m *format.FileMetaData) {
			m.RowGroups[0].SortingColumns[0].ColumnIdx = 0
			m.RowGroups[0].SortingColumns[1].Descending = true
		})
	}},
	{name: "no statistics", fast: "column label: its statistics lack", do: func(d *damaged) {
		d.footer(1, "labels", func(m *format.FileMetaData) {
			m.RowGroups[0].Columns[13].MetaData.Statistics.MinValue = nil
		})
	}},
	{name: "no bloom filter", fast: "column document_id has no bloom filter", do: func(d *damaged) {
		d.footer(1, "labels", func(m *format.FileMetaData) { m.RowGroups[0].Columns[1].MetaData.BloomFilterOffset = 0 })
	}},
	{name: "no page index", fast: "column label has no page index", do: func(d *damaged) {
		d.footer(1, "labels", func(m *format.FileMetaData) { m.RowGroups[0].Columns[13].ColumnIndexOffset = 0 })
	}},
	{name: "chunk outside", fast: "which is not in the file", do: func(d *damaged) {
		d.footer(1, "labels", func(m *format.FileMetaData) { m.RowGroups[0].Columns[13].MetaData.TotalCompressedSize = 1 << 50 })
	}},
	{name: "rows of a group", fast: "values in", do: func(d *damaged) {
		d.footer(1, "labels", func(m *format.FileMetaData) { m.RowGroups[0].NumRows++ })
	}},
	{name: "greatest value lies", parquet: true, full: `its statistics say that values go from "section" to "value", and they go from "aspect" to`, do: func(d *damaged) {
		d.footer(1, "labels", func(m *format.FileMetaData) {
			s := &m.RowGroups[0].Columns[12].MetaData.Statistics
			s.MinValue, s.MaxValue = []byte("section"), []byte("value")
		})
	}},
	{name: "number of NULLs lies", parquet: true, full: "its statistics count 1 NULLs, and there are 0", do: func(d *damaged) {
		d.footer(1, "documents", func(m *format.FileMetaData) { m.RowGroups[0].Columns[0].MetaData.Statistics.NullCount++ })
	}},
	{name: "bounds of numbers lie", parquet: true, full: "column position: its statistics say that values go from 0 to 99", do: func(d *damaged) {
		d.footer(1, "labels", func(m *format.FileMetaData) {
			m.RowGroups[0].Columns[15].MetaData.Statistics.MaxValue = []byte{99, 0, 0, 0}
		})
	}},

	// The rows.
	{name: "flipped byte in a page, signed", parquet: true, full: "cannot be read", do: func(d *damaged) {
		data := d.read(1, "documents")
		at := bytes.Index(data, []byte{0x28, 0xb5, 0x2f, 0xfd}) // the first page
		for i := at + 8; i < at+40; i++ {
			data[i] ^= 0x55
		}
		d.replace(1, "documents", data)
	}},
	{name: "document twice", full: "it stands there twice", do: func(d *damaged) {
		edit(d, 1, "documents", func(rows []schema.DocumentRow) []schema.DocumentRow { return slices.Insert(rows, 2, rows[2]) })
		d.Shards[1].Stats.Written++
		d.Shards[1].Inputs++
		lines := bytes.SplitAfter(d.inputs[1], []byte("\n"))
		d.inputs[1] = bytes.Join(slices.Insert(lines, 2, lines[2]), nil)
		d.signInputs(1)
		d.Corpora[0].Written++
		d.Corpora[0].Found++
		d.count()
	}},
	{name: "documents out of order", full: "it stands behind", do: func(d *damaged) {
		edit(d, 1, "documents", func(rows []schema.DocumentRow) []schema.DocumentRow {
			rows[1], rows[2] = rows[2], rows[1]
			return rows
		})
	}},
	{name: "document of another corpus", full: "it does not begin with its corpus", do: func(d *damaged) {
		document(d, func(r *schema.DocumentRow) { r.DocumentID = "beta/" + r.DocumentID })
	}},
	{name: "last document missing", full: "it has no row for", do: func(d *damaged) {
		edit(d, 1, "documents", remove[schema.DocumentRow](-1))
		d.Shards[1].Stats.Written--
		d.Shards[1].Stats.Refused++
		d.Corpora[0].Written--
		d.Corpora[0].Refused++
		d.count()
	}},
	{name: "last sentence missing", full: "sentences is", do: func(d *damaged) {
		edit(d, 1, "sentences", remove[schema.SentenceRow](-1))
		d.Shards[1].Stats.Sentences--
		d.count()
	}},
	{name: "a sentence missing", full: "sentence_index is 3, and it is sentence 2", do: func(d *damaged) {
		edit(d, 1, "sentences", func(rows []schema.SentenceRow) []schema.SentenceRow {
			at := slices.IndexFunc(rows, func(r schema.SentenceRow) bool { return r.SentenceIndex == 2 })
			return slices.Delete(rows, at, at+1)
		})
		d.Shards[1].Stats.Sentences--
		d.count()
	}},
	{name: "last label missing", full: "labels is", do: func(d *damaged) {
		edit(d, 1, "labels", remove[schema.LabelRow](-1))
		d.Shards[1].Stats.Labels--
		d.count()
	}},
	{name: "text changed", full: "text is \"What was never", do: func(d *damaged) {
		sentence(d, 1, func(r *schema.SentenceRow) { r.Text = "What was never written" })
	}},
	{name: "text of a document changed", full: "and its document has", do: func(d *damaged) {
		document(d, func(r *schema.DocumentRow) { r.Text = strings.ToUpper(r.Text) })
	}},
	{name: "text that is not UTF-8", full: "column text: \"\\xff", do: func(d *damaged) {
		document(d, func(r *schema.DocumentRow) { r.Text = "\xff" + r.Text[1:] })
	}},
	{name: "heading that is not UTF-8", full: "column heading: \"\\xff\" is not UTF-8", do: func(d *damaged) {
		sentence(d, 1, func(r *schema.SentenceRow) { r.Heading = ptr("\xff") })
	}},
	{name: "bytes of a sentence", full: "byte_start and byte_end are", do: func(d *damaged) {
		sentence(d, 1, func(r *schema.SentenceRow) { r.ByteEnd = 1 << 30 })
	}},
	{name: "overlap", full: "where the sentence before ends at", do: func(d *damaged) {
		sentence(d, 1, func(r *schema.SentenceRow) { r.ByteStart = 0 })
	}},
	{name: "shifted by one", full: "and its document has", do: func(d *damaged) {
		sentence(d, 1, func(r *schema.SentenceRow) { r.ByteStart, r.CharStart = r.ByteStart+1, r.CharStart+1 })
	}},
	{name: "characters", full: "char_start and char_end are", do: func(d *damaged) {
		sentence(d, 1, func(r *schema.SentenceRow) { r.CharEnd++ })
	}},
	{name: "UTF-16", full: "utf16_start and utf16_end are", do: func(d *damaged) {
		sentence(d, zeta(d), func(r *schema.SentenceRow) { *r.UTF16End++ })
	}},
	{name: "UTF-16 missing", full: "are NULL here and not there", do: func(d *damaged) {
		sentence(d, zeta(d), func(r *schema.SentenceRow) { r.UTF16Start, r.UTF16End = nil, nil })
	}},
	{name: "source", full: "source_start and source_end are", do: func(d *damaged) {
		sentence(d, 1, func(r *schema.SentenceRow) { r.SourceEnd = 1 << 40 })
	}},
	{name: "sentence_id", full: "sentence_id is", do: func(d *damaged) {
		sentence(d, 1, func(r *schema.SentenceRow) { r.SentenceID = r.DocumentID + "#2" })
	}},
	{name: "sentence without document", full: "which has no row in documents", do: func(d *damaged) {
		edit(d, 1, "sentences", func(rows []schema.SentenceRow) []schema.SentenceRow {
			rows[0].DocumentID = "alpha/!"
			return rows
		})
	}},
	{name: "attribute of a sentence", full: "venue is \"ACL\", and its document's is", do: func(d *damaged) {
		sentence(d, 1, func(r *schema.SentenceRow) { r.Venue = ptr("ACL") })
	}},
	{name: "attribute of a sentence missing", full: "split is NULL, and its document's is \"test\"", do: func(d *damaged) {
		sentence(d, zeta(d), func(r *schema.SentenceRow) { r.Split = nil })
	}},
	{name: "attribute of a label", full: "year differs from its document's", do: func(d *damaged) {
		label(d, func(r *schema.LabelRow) { *r.Year++ })
	}},
	{name: "rating of a label", full: "rating differs from its document's", do: func(d *damaged) {
		label(d, func(r *schema.LabelRow) { r.Rating = ptr(3.5) })
	}},
	{name: "corpus of a sentence", full: "corpus is \"beta\"", do: func(d *damaged) {
		sentence(d, 1, func(r *schema.SentenceRow) { r.Corpus = "beta" })
	}},
	{name: "alignment", full: "alignment is \"similar\", which there is not", do: func(d *damaged) {
		sentence(d, 1, func(r *schema.SentenceRow) { r.Alignment = ptr("similar") })
	}},
	{name: "alignment without a twin", full: "alignment is \"exact\", and the text_origin", do: func(d *damaged) {
		sentence(d, zeta(d), func(r *schema.SentenceRow) { r.Alignment = ptr("exact") })
	}},
	{name: "similarity", full: "similarity is or is not NULL", do: func(d *damaged) {
		sentence(d, 1, func(r *schema.SentenceRow) { r.Similarity = ptr(0.5) })
	}},
	{name: "annotated text", full: "and annotated_text is \"x\"", do: func(d *damaged) {
		sentence(d, 1, func(r *schema.SentenceRow) { r.AnnotatedText = ptr("x") })
	}},
	{name: "not labelled", full: "labeled is false, and", do: func(d *damaged) {
		sentence(d, 1, func(r *schema.SentenceRow) { r.Labeled = false })
	}},
	{name: "group", full: "and group_id is \"elsewhere#g1\"", do: func(d *damaged) {
		sentence(d, 1, func(r *schema.SentenceRow) { r.GroupID = ptr("elsewhere#g1") })
	}},
	{name: "labels of a sentence", full: "in the list of sentence", do: func(d *damaged) {
		sentence(d, 1, func(r *schema.SentenceRow) { r.Labels[0].Label = "BIB" })
	}},
	{name: "labels of a sentence missing", full: "labels has 0 elements", do: func(d *damaged) {
		sentence(d, 1, func(r *schema.SentenceRow) { r.Labels = nil })
	}},
	{name: "not repaired", full: "repaired is false, and one of its labels was repaired", do: func(d *damaged) {
		edit(d, 1, "sentences", func(rows []schema.SentenceRow) []schema.SentenceRow {
			for i := range rows {
				rows[i].Repaired = false
			}
			return rows
		})
	}},
	{name: "repaired without a group", full: "repaired is true, and there is no label group", do: func(d *damaged) {
		edit(d, 1, "sentences", func(rows []schema.SentenceRow) []schema.SentenceRow {
			for i := range rows {
				rows[i].Repaired = true
			}
			return rows
		})
	}},
	{name: "repair", full: "repair is \"magic\"", do: func(d *damaged) {
		label(d, func(r *schema.LabelRow) { r.Repair = ptr("magic") })
	}},
	{name: "label not in the taxonomy", full: "layer \"section\" and label \"ZZZ\" are not in the taxonomy", do: func(d *damaged) {
		label(d, func(r *schema.LabelRow) { r.Layer, r.Label = ptr("section"), ptr("ZZZ") })
	}},
	{name: "layer not in the taxonomy", full: "layer \"mood\" and label NULL are not in the taxonomy", do: func(d *damaged) {
		label(d, func(r *schema.LabelRow) { r.Layer, r.Label, r.Polarity = ptr("mood"), nil, nil })
	}},
	{name: "polarity that the label does not take", full: "and label \"GEN\" of layer \"significance\" takes none", do: func(d *damaged) {
		label(d, func(r *schema.LabelRow) { r.Layer, r.Label = ptr("significance"), ptr("GEN") })
	}},
	{name: "position", full: "position is 0, behind 0", do: func(d *damaged) {
		label(d, func(r *schema.LabelRow) { r.Position = 0 })
	}},
	{name: "label without sentence", full: "which has no row in sentences", do: func(d *damaged) {
		edit(d, 1, "labels", func(rows []schema.LabelRow) []schema.LabelRow {
			rows[len(rows)-1].SentenceIndex = 9999
			return rows
		})
	}},
	{name: "label of another sentence", full: "sentence_id is", do: func(d *damaged) {
		label(d, func(r *schema.LabelRow) { r.SentenceID = r.DocumentID + "#0003" })
	}},
	{name: "counts of a document", full: "sentences is", do: func(d *damaged) {
		document(d, func(r *schema.DocumentRow) { r.Sentences++ })
	}},
	{name: "labels of a document", full: "labels is", do: func(d *damaged) {
		document(d, func(r *schema.DocumentRow) { r.Labels++ })
	}},
	{name: "diagnostics of a document", full: "diagnostics is", do: func(d *damaged) {
		document(d, func(r *schema.DocumentRow) { r.Diagnostics++ })
	}},
	{name: "size of a text", full: "text_bytes is", do: func(d *damaged) {
		document(d, func(r *schema.DocumentRow) { r.TextBytes++ })
	}},
	{name: "coverage", full: "add up to", do: func(d *damaged) {
		document(d, func(r *schema.DocumentRow) { r.SpaceBytes++ })
	}},
	{name: "bytes with labels", full: "labeled_bytes is", do: func(d *damaged) {
		document(d, func(r *schema.DocumentRow) { r.LabeledBytes, r.UnlabeledBytes = r.LabeledBytes-1, r.UnlabeledBytes+1 })
	}},
	{name: "sum of a source", full: "source_sha256 is", do: func(d *damaged) {
		document(d, func(r *schema.DocumentRow) { r.SourceSHA256 = strings.Repeat("0", 64) })
	}},
	{name: "sum of a twin", full: "raw_sha256 is", do: func(d *damaged) {
		document(d, func(r *schema.DocumentRow) { r.RawSHA256 = ptr(strings.Repeat("0", 64)) })
	}},
	{name: "path of a source", full: "which is no input that was written", do: func(d *damaged) {
		document(d, func(r *schema.DocumentRow) { r.SourcePath = "elsewhere.txt" })
	}},
	{name: "twin missing", full: "raw_path is NULL, and raw_sha256", do: func(d *damaged) {
		document(d, func(r *schema.DocumentRow) { r.RawPath = nil })
	}},
	{name: "diagnostic of nobody", full: "which was neither written nor refused", do: func(d *damaged) {
		diagnostic(d, func(r *schema.DiagnosticRow) { r.SourcePath = "elsewhere.txt" })
	}},
	{name: "code", full: "code is \"made-up\", which there is not", do: func(d *damaged) {
		diagnostic(d, func(r *schema.DiagnosticRow) { r.Code = "made-up" })
	}},
	{name: "severity", full: "severity is \"fatal\", and that of", do: func(d *damaged) {
		diagnostic(d, func(r *schema.DiagnosticRow) { r.Severity = "fatal" })
	}},
	{name: "error of a document that was written", full: "is an error, and document", do: func(d *damaged) {
		diagnostic(d, func(r *schema.DiagnosticRow) { r.Code, r.Severity = "file-empty", "error" })
	}},
	{name: "refusal without a diagnostic", full: "it has no error for", do: func(d *damaged) {
		for i := range d.Shards {
			if d.Shards[i].Stats.Refused > 0 {
				edit(d, i, "diagnostics", func(rows []schema.DiagnosticRow) []schema.DiagnosticRow {
					return slices.DeleteFunc(rows, func(r schema.DiagnosticRow) bool { return r.Code == "file-empty" })
				})
			}
		}
		d.count()
	}},
	{name: "taxonomy out of order", full: "stands behind", do: func(d *damaged) {
		edit(d, 0, "taxonomy", func(rows []schema.TaxonomyRow) []schema.TaxonomyRow {
			slices.Reverse(rows)
			return rows
		})
	}},
	{name: "taxonomy with another name", full: "is not what the taxonomies in its metadata have there", do: func(d *damaged) {
		edit(d, 0, "taxonomy", func(rows []schema.TaxonomyRow) []schema.TaxonomyRow {
			rows[3].Name += "!"
			return rows
		})
	}},
	{name: "taxonomy without a label", full: "and the taxonomies in its metadata have", do: func(d *damaged) {
		edit(d, 0, "taxonomy", remove[schema.TaxonomyRow](-1))
		d.count()
	}},
	{name: "taxonomy with a label twice", full: "stands there twice", do: func(d *damaged) {
		edit(d, 0, "taxonomy", func(rows []schema.TaxonomyRow) []schema.TaxonomyRow { return slices.Insert(rows, 1, rows[0]) })
		d.count()
	}},
}

// editInputs alters the third input of shard 1, and all that depends on it.
func (d *damaged) editInputs(old, with string) {
	d.Helper()
	lines := bytes.SplitAfter(d.inputs[1], []byte("\n"))
	lines[2] = bytes.Replace(lines[2], []byte(old), []byte(with), 1)
	d.inputs[1] = bytes.Join(lines, nil)
	d.signInputs(1)
}

func (d *damaged) signInputs(shard int) {
	sum := sha256.Sum256(d.inputs[shard])
	s := &d.Shards[shard]
	s.InputBytes, s.InputsSHA256 = int64(len(d.inputs[shard])), hex.EncodeToString(sum[:])
}

func TestDamage(t *testing.T) { testDamages(t, makeSnapshot(t), damages) }

func testDamages(t *testing.T, dir string, damages []damage) {
	t.Helper()
	for _, c := range damages {
		t.Run(c.name, func(t *testing.T) {
			d := newDamaged(t, dir)
			c.do(d)
			if !c.raw {
				d.sign()
			}
			check := func(level Level, want string) {
				problems := verifySnapshot(t, d.Snapshot, level, false)
				perFile := map[string]int{}
				for _, p := range problems {
					if perFile[p.Path]++; perFile[p.Path] > 2*(maxProblems+1) { // those of the manifest come twice
						t.Fatalf("%s found too much of %s", level, p.Path)
					}
				}
				if want == "" {
					for _, p := range problems {
						t.Errorf("%s found %s", level, p)
					}
					return
				}
				for _, p := range problems {
					if strings.Contains(p.String(), want) {
						return
					}
				}
				t.Errorf("%s did not find %q, but %s", level, want, lines(problems))
			}
			if c.fast != "" {
				check(Fast, c.fast)
				check(Full, c.fast)
				return
			}
			check(Fast, "")
			check(Full, c.full)
		})
	}
}

func lines(problems []Problem) string {
	var b strings.Builder
	for _, p := range problems {
		fmt.Fprintf(&b, "\n\t%s", p)
	}
	return b.String()
}
