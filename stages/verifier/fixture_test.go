package verifier

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/internal/gen"
	"github.com/quern-data/quern/internal/rowtest"
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/normalizer"
	"github.com/quern-data/quern/stages/parser"
	"github.com/quern-data/quern/stages/reader"
	"github.com/quern-data/quern/stages/records"
	"github.com/quern-data/quern/stages/sink"
	"github.com/quern-data/quern/stages/snapshot"
	"github.com/quern-data/quern/stages/taxonomy"
)

// corpusOf is a corpus read with the built-in profile.
func corpusOf(t testing.TB, name, dir string) (config.Corpus, *config.Taxonomy, config.Limits) {
	t.Helper()
	l, err := config.Load(config.Options{Profile: "peer-review-analyze", Flags: map[string]string{"corpora.root": dir}})
	if err != nil {
		t.Fatal(err)
	}
	c := l.Config.Corpora[0]
	c.Name = name
	return c, l.Taxonomies[0], l.Config.Limits
}

// maker makes a snapshot, as a run does.
type maker struct {
	rowGroupRows     int
	partBytes        int64
	diagnosticsLimit int

	output     *snapshot.Output
	corpora    []config.Corpus
	taxonomies []*config.Taxonomy
	manifest   snapshot.Manifest
	made       []*snapshot.Made
}

func (m *maker) options(t testing.TB) sink.Options {
	t.Helper()
	compressor, err := sink.Zstd("fastest")
	if err != nil {
		t.Fatal(err)
	}
	return sink.Options{RowGroupRows: m.rowGroupRows, Compressor: compressor, Drop: m.manifest.Dropped()}
}

// corpus adds a corpus. Corpora come in the order of their names.
func (m *maker) corpus(t testing.TB, name, dir string, adjust func(*config.Corpus)) {
	t.Helper()
	c, labels, limits := corpusOf(t, name, dir)
	if adjust != nil {
		adjust(&c)
	}
	known := taxonomy.New(labels)
	parse, err := parser.New(c, limits, known)
	if err != nil {
		t.Fatal(err)
	}
	normal := normalizer.New(known, c.Normalize)
	plan, err := reader.Options{PartitionBy: m.manifest.PartitionBy}.Scan(t.Context(), c, limits)
	if err != nil {
		t.Fatal(err)
	}
	m.corpora, m.taxonomies = append(m.corpora, c), append(m.taxonomies, labels)
	counts := plan.Counts()
	corpus := snapshot.Corpus{
		Name: name, TaxonomyHash: labels.Hash(), Found: counts.Found, Twins: counts.Twins, Ignored: map[string]int{},
	}
	for _, ignored := range counts.Ignored {
		corpus.Ignored[string(ignored.Rule)] += ignored.Files
	}
	for _, shard := range plan.Shards(m.partBytes) {
		m.shard(t, &corpus, shard.Partition, func(write func(*schema.Document)) {
			read := plan.NewReader()
			var src schema.Source
			var doc schema.Document
			for i := shard.Start; i < shard.End; i++ {
				src.Reset()
				if err := read.Read(i, &src); err != nil {
					t.Fatal(err)
				}
				doc.Diagnostics.Limit = m.diagnosticsLimit
				doc.Reset(&src)
				if src.Refused || !parse.Parse(&src, &doc) {
					src.Refused = true
					doc.Diagnostics.Locate(src.Data, src.RawData, src.Pieces...)
				} else if err := normal.Normalize(&doc); err != nil {
					t.Fatal(err)
				}
				write(&doc)
			}
		})
	}
	m.manifest.Corpora = append(m.manifest.Corpora, corpus)
}

// shard adds a shard of the corpus that was added last, with the documents that fill
// writes, and counts them.
func (m *maker) shard(t testing.TB, corpus *snapshot.Corpus, partition []string, fill func(write func(*schema.Document))) {
	t.Helper()
	staging, err := m.output.Stage()
	if err != nil {
		t.Fatal(err)
	}
	last := len(m.corpora) - 1
	out, err := sink.NewWriter(m.options(t)).NewShard(staging.Dir, m.corpora[last], m.taxonomies[last])
	if err != nil {
		t.Fatal(err)
	}
	fill(func(doc *schema.Document) {
		t.Helper()
		if err := out.Write(doc); err != nil {
			t.Fatal(err)
		}
	})
	result, err := out.Close()
	if err != nil {
		t.Fatal(err)
	}
	corpus.Written += result.Stats.Written
	corpus.Refused += result.Stats.Refused
	described := snapshot.NewShard(corpus.Name, fmt.Sprintf("%064x", len(m.made)), partition, result)
	described.Parts, described.Arrow = m.formats(t, staging.Dir, partition, result.Parts)
	made, err := staging.Commit(described, result.Inputs, nil)
	if err != nil {
		t.Fatal(err)
	}
	m.made = append(m.made, made)
}

// annotated adds a corpus of documents that rowtest.Annotated makes, with a taxonomy
// that knows half of their labels. Between them stand refused records: one of the file
// that most documents are of, one of a document that has the id of the one before it, and
// a file of two pieces. A shard has n documents.
func (m *maker) annotated(t testing.TB, name string, shards, n int) {
	t.Helper()
	c := config.Corpus{Name: name}
	labels := &config.Taxonomy{Open: true, Layers: []config.Layer{{Name: "mood", Open: true, Labels: []config.Term{{Code: "calm"}}}}}
	m.corpora, m.taxonomies = append(m.corpora, c), append(m.taxonomies, labels)
	corpus := snapshot.Corpus{Name: name, TaxonomyHash: labels.Hash(), Ignored: map[string]int{}}
	refuse := func(write func(*schema.Document), src *schema.Source, code schema.Code, offset int) {
		t.Helper()
		src.Corpus, src.Refused, src.Bytes = name, true, 10
		doc := new(schema.Document)
		doc.Reset(src)
		doc.Diagnostics.Notef(code, offset, "it is refused")
		doc.Diagnostics.Locate(src.Data, src.RawData, src.Pieces...)
		write(doc)
	}
	for k := range shards {
		m.shard(t, &corpus, nil, func(write func(*schema.Document)) {
			for i := k * n; i < (k+1)*n; i++ {
				doc := rowtest.Annotated(name, i)
				if err := doc.Check(); err != nil {
					t.Fatal(err)
				}
				write(doc)
				src := doc.Source
				switch i % 8 {
				case 1: // the record behind it
					at := src.Pieces[0].Offset + int64(len(src.Data)) + 1
					refuse(write, &schema.Source{ID: src.ID + "-1", Path: src.Path, Pieces: []schema.Piece{{Path: src.Path, Offset: at, Line: 99}}}, schema.RecordMalformed, schema.NoOffset)
				case 5: // with no byte between them
					at := src.Pieces[0].Offset + int64(len(src.Data))
					refuse(write, &schema.Source{ID: src.ID, Path: src.Path, Pieces: []schema.Piece{{Path: src.Path, Offset: at, Line: 99}}}, schema.DocumentDuplicate, schema.NoOffset)
				case 7:
					data := []byte("onetwo")
					refuse(write, &schema.Source{ID: src.ID + "-1", Path: "refused-a", Data: data, SHA256: sha256.Sum256(data), Pieces: []schema.Piece{
						{Path: "refused-a", Data: schema.Span{End: 3}}, {Path: fmt.Sprint("refused-", i), Data: schema.Span{Start: 3, End: 6}, Offset: 40, Line: 3},
					}}, schema.RecordMalformed, 4)
				}
			}
		})
	}
	corpus.Found = corpus.Written + corpus.Refused
	m.manifest.Corpora = append(m.manifest.Corpora, corpus)
}

// makeAnnotated makes a snapshot with all that labels may be.
func makeAnnotated(t testing.TB, format string) string {
	t.Helper()
	m := newMaker(t)
	m.manifest.Format = format
	m.annotated(t, "notes", 2, 24)
	return m.publish(t)
}

// formats makes of Parquet parts in a folder those of the manifest's format.
func (m *maker) formats(t testing.TB, dir string, partition []string, parts []sink.Part) (parquet, arrow []sink.Part) {
	t.Helper()
	if m.manifest.HasParquet() {
		parquet = parts
	}
	if m.manifest.HasArrow() {
		var err error
		if arrow, err = records.AsArrow(t.Context(), nil, dir, parts, m.manifest.Dropped(), partition); err != nil {
			t.Fatal(err)
		}
	}
	return parquet, arrow
}

// publish makes the snapshot and returns its folder.
func (m *maker) publish(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	part, err := sink.NewWriter(m.options(t)).WriteTaxonomies(dir, m.corpora, m.taxonomies)
	if err != nil {
		t.Fatal(err)
	}
	m.manifest.SchemaVersion, m.manifest.OutputVersion = schema.Version, sink.OutputVersion
	m.manifest.ToolVersion, m.manifest.ConfigHash = "test", strings.Repeat("0", 64)
	parquet, arrow := m.formats(t, dir, nil, []sink.Part{part})
	for _, p := range parquet {
		m.manifest.Taxonomy = p
	}
	for _, p := range arrow {
		m.manifest.ArrowTaxonomy = p
	}
	draft, err := m.output.Draft(&m.manifest, m.made, dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := draft.Attach(snapshot.Attachment{Name: "README.md", Content: []byte("# Reviews\n")}); err != nil {
		t.Fatal(err)
	}
	if err := draft.Write(); err != nil {
		t.Fatal(err)
	}
	id, err := draft.Publish("", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.output.Close(); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(m.output.Dir, "snapshots", id)
}

func newMaker(t testing.TB) *maker {
	t.Helper()
	output, err := snapshot.Open(t.Context(), filepath.Join(t.TempDir(), "out"), nil, snapshot.Holder{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	return &maker{rowGroupRows: 1000, partBytes: 60 << 10, output: output}
}

// makeSnapshot makes a snapshot with a bit of everything: several shards and row
// groups, raw twins, refused documents, one without labels, one without text for
// its labels, an empty corpus, and one that is split and has offsets in UTF-16.
func makeSnapshot(t testing.TB) string {
	t.Helper()
	return makePartitioned(t, "", "")
}

// makePartitioned is makeSnapshot, in a format of snapshot.Manifest, with tables
// partitioned by decision and year if columns says that these are kept or dropped.
func makePartitioned(t testing.TB, columns, format string) string {
	t.Helper()
	m := newMaker(t)
	m.manifest.Format = format
	if m.manifest.PartitionColumns = columns; columns != "" {
		m.manifest.PartitionBy, m.partBytes = []string{"decision", "year"}, 8<<10
	}
	a := t.TempDir()
	if _, err := gen.Write(a, gen.Options{Seed: 3, Documents: 80, QuirkRate: 0.1, Layers: 4, Twins: true}); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"empty.txt": "", "white.txt": " \n ", "utf16.txt": "\xff\xfeo\x00n\x00e\x00",
		"plain.txt": "Nobody annotated this.", "emoji.txt": "\"\U0001F600 größer.[[CLA-POS], [APC]] Again \U0001F600.[[EMP-NEG], [CRT]]\"",
		"notext.txt":  "\"[[CLA-POS], [APC]] [[EMP-NEG], [CRT]]\"",
		"unknown.txt": "\"Good.[[XYZZY-POS], [CLA-POS]] Bad.[[WRC-NEG], [nulL]]\"",
	} {
		if err := os.WriteFile(filepath.Join(a, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	m.corpus(t, "alpha", a, nil)
	m.corpus(t, "empty", t.TempDir(), nil)
	z := t.TempDir()
	if _, err := gen.Write(z, gen.Options{Seed: 4, Documents: 40, QuirkRate: 0.1}); err != nil {
		t.Fatal(err)
	}
	m.diagnosticsLimit = 3
	m.corpus(t, "zeta", z, func(c *config.Corpus) {
		c.Normalize.UTF16, c.Normalize.Split = true, "unicode"
		c.Attributes = []config.Attribute{{Name: "split", Value: "test"}, {Name: "funding", Value: "none"}, {Name: "area", Value: "grün"}}
	})
	dir := m.publish(t)
	if len(m.made) < 5 {
		t.Fatalf("only %d shards: the tests want several of each corpus", len(m.made))
	}
	return dir
}

// cloneSnapshot makes a snapshot of the same files.
func cloneSnapshot(t testing.TB, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), filepath.Base(dir))
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := filepath.Join(to, strings.TrimPrefix(path, dir))
		if e.IsDir() {
			return os.Mkdir(name, 0o755)
		}
		return os.Link(path, name)
	})
	if err != nil {
		t.Fatal(err)
	}
	return to
}
