package snapshot

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/sink"
)

// File names in the folder of a snapshot.
const (
	ManifestName = "_manifest.json"
	SuccessName  = "_SUCCESS"
)

// Manifest describes a snapshot. It holds nothing that differs from one run over
// the same input to the next: no time, no host, no absolute path. Inputs, one for
// each document, follow it in the file, and are not kept in memory.
type Manifest struct {
	SchemaVersion string `json:"schema_version"`
	ToolVersion   string `json:"tool_version"`
	OutputVersion string `json:"output_version"`
	ConfigHash    string `json:"config_hash"`
	// PartitionBy are the columns after whose values the folders of partitioned
	// tables are named, as output.partition_by has them, and PartitionColumns says
	// whether the parts have these columns too, as output.partition_columns does.
	// Empty where tables are not partitioned.
	PartitionBy      []string `json:"partition_by,omitempty"`
	PartitionColumns string   `json:"partition_columns,omitempty"`
	// Format says which files the tables are kept in, as output.format does: one of
	// ArrowFormat and BothFormats, and empty for Parquet alone.
	Format  string   `json:"format,omitempty"`
	Corpora []Corpus `json:"corpora"`
	Counts  Counts   `json:"counts"`
	// Taxonomy and ArrowTaxonomy are the table taxonomy as Parquet and as Arrow, zero
	// for what the format does not have.
	Taxonomy      sink.Part `json:"taxonomy,omitzero"`
	ArrowTaxonomy sink.Part `json:"arrow_taxonomy,omitzero"`
	Files         []File    `json:"files,omitempty"`
	Shards        []Shard   `json:"-"` // in the file behind the rest, a line each
}

// File is a file in the folder of the snapshot that describes it, and is no part.
type File struct {
	Path   string `json:"path"` // its name: it lies in no folder
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Corpus says what became of the files of a corpus. Found is the sum of
// Files, Twins and the values of Ignored, and if Files is 0 of Written, Refused, Twins
// and these.
type Corpus struct {
	Name         string `json:"name"`
	TaxonomyHash string `json:"taxonomy_hash"`
	Found        int    `json:"files_found"`
	// Files is how many files have documents, or pieces of some, where a file is not
	// just one document; else 0.
	Files   int            `json:"files_with_documents,omitempty"`
	Written int            `json:"documents_written"`
	Refused int            `json:"documents_refused"`
	Twins   int            `json:"raw_twins"`
	Ignored map[string]int `json:"files_ignored"`
}

// Counts are rows by table, and the sums of the shards' statistics.
type Counts struct {
	Rows map[string]int64 `json:"rows"`
	sink.Stats
}

// Shard describes the documents of one part of each table.
type Shard struct {
	Corpus string `json:"corpus"`
	// Identity is a SHA-256, in hexadecimal, of the settings and of the names of
	// the files that the shard was made of: all that decides its bytes, but for
	// what stands in the files.
	Identity string `json:"identity"`
	// Partition has the value of each column of Manifest.PartitionBy that all of
	// its documents have, "" for NULL and for the empty string.
	Partition []string `json:"partition,omitempty"`
	// First and Last are the ids of its first and last document, refused or not,
	// "" if it has none.
	First string `json:"first"`
	Last  string `json:"last"`
	// Parts are one Parquet file of each of ShardTables, and Arrow one Arrow file;
	// none for what the manifest's format does not have.
	Parts []sink.Part `json:"parts,omitempty"`
	Arrow []sink.Part `json:"arrow,omitempty"`
	// Inputs is how many inputs the shard has; InputBytes and InputsSHA256 are
	// those of their lines of JSON.
	Inputs       int        `json:"inputs"`
	InputBytes   int64      `json:"input_bytes"`
	InputsSHA256 string     `json:"inputs_sha256"`
	Stats        sink.Stats `json:"stats"`
}

// NewShard describes a shard that was made of documents of a corpus, and of a
// partition if tables are partitioned.
func NewShard(corpus, identity string, partition []string, r sink.Result) Shard {
	sum := sha256.Sum256(r.Inputs)
	return Shard{
		Corpus: corpus, Identity: identity, Partition: partition, First: r.First, Last: r.Last, Parts: r.Parts,
		Inputs: r.InputLines, InputBytes: int64(len(r.Inputs)), InputsSHA256: hex.EncodeToString(sum[:]),
		Stats: r.Stats,
	}
}

// TaxonomyTable is the table that has one part a snapshot, which lies at
// TaxonomyPath, and as Arrow at ArrowTaxonomyPath.
const (
	TaxonomyTable     = "taxonomy"
	TaxonomyPath      = TaxonomyTable + "/part-00000.parquet"
	ArrowTaxonomyPath = arrowFolder + "/" + TaxonomyTable + "/part-00000.arrow"
)

// arrowFolder is where Arrow files lie: what reads the folder of a table as Parquet
// would take them for some.
const arrowFolder = "arrow"

// ShardTables are the other tables, of which each shard has a part, in the order of
// its parts.
var ShardTables = func() (names []string) {
	for _, t := range schema.Tables() {
		if t.Name != TaxonomyTable {
			names = append(names, t.Name)
		}
	}
	return names
}()

// PartPath is where the part of the shard with the given number lies in the
// snapshot, with slashes. It lies in the folder of the shard's partition if the
// table is partitioned.
func (m *Manifest) PartPath(table string, number int) string {
	return fmt.Sprintf("%s/part-%05d.parquet", m.folder(table, number), number)
}

// ArrowPath is PartPath for the part as Arrow.
func (m *Manifest) ArrowPath(table string, number int) string {
	return fmt.Sprintf("%s/%s/part-%05d.arrow", arrowFolder, m.folder(table, number), number)
}

func (m *Manifest) folder(table string, number int) string {
	if len(m.PartitionBy) > 0 && partitionedTables[table] {
		return path.Join(table, PartitionPath(m.PartitionBy, m.Shards[number].Partition))
	}
	return table
}

// PartitionPath is the path of a partition's folder below that of a table, with
// slashes.
func PartitionPath(by, values []string) string {
	folders := make([]string, len(by))
	for i, column := range by {
		folders[i] = schema.PartitionFolder(column, values[i])
	}
	return strings.Join(folders, "/")
}

var partitionedTables = func() map[string]bool {
	names := map[string]bool{}
	for _, t := range schema.Tables() {
		names[t.Name] = t.Partitioned()
	}
	return names
}()

// Values of output.format, and but for the first of Manifest.Format.
const (
	ParquetFormat = "parquet"
	ArrowFormat   = "arrow"
	BothFormats   = "both"
)

// HasParquet reports whether the tables are there as Parquet.
func (m *Manifest) HasParquet() bool { return m.Format != ArrowFormat }

// HasArrow reports whether they are there as Arrow.
func (m *Manifest) HasArrow() bool { return m.Format == ArrowFormat || m.Format == BothFormats }

// checkFormat returns an error if the format is none.
func (m *Manifest) checkFormat() error {
	if m.Format != "" && m.Format != ArrowFormat && m.Format != BothFormats {
		return fmt.Errorf("its format is %q, which there is not", m.Format)
	}
	return nil
}

// Values of Manifest.PartitionColumns.
const (
	KeepColumns = "keep"
	DropColumns = "drop"
)

// Dropped are the columns that the parts of partitioned tables lack: the names of
// their folders have them.
func (m *Manifest) Dropped() []string {
	if m.PartitionColumns == DropColumns {
		return m.PartitionBy
	}
	return nil
}

// checkPartitions returns an error if the partitions of the shards are none, so
// that folders could not be named after them.
func (m *Manifest) checkPartitions() error {
	for i, column := range m.PartitionBy {
		if !slices.Contains(schema.PartitionColumns(), column) || slices.Contains(m.PartitionBy[:i], column) {
			return fmt.Errorf("its tables are partitioned by %q, which cannot be", m.PartitionBy)
		}
	}
	if how := m.PartitionColumns; (how != "") != (len(m.PartitionBy) > 0) || how != "" && how != KeepColumns && how != DropColumns {
		return fmt.Errorf("its tables are partitioned by %q, and partition_columns is %q", m.PartitionBy, how)
	}
	for i := range m.Shards {
		if got, want := len(m.Shards[i].Partition), len(m.PartitionBy); got != want {
			return fmt.Errorf("the partition of shard %d has %d values, and there are %d columns", i, got, want)
		}
	}
	return nil
}

// Folders are the folders that the parts lie in, each before those in it, as paths
// below that of the snapshot, with slashes.
func (m *Manifest) Folders() []string {
	var folders []string
	has := map[string]bool{}
	var add func(folder string)
	add = func(folder string) {
		if folder == "." || has[folder] {
			return
		}
		has[folder] = true
		add(path.Dir(folder))
		folders = append(folders, folder)
	}
	for _, kind := range []struct {
		has  bool
		root string
		path func(table string, number int) string
	}{{m.HasParquet(), "", m.PartPath}, {m.HasArrow(), arrowFolder, m.ArrowPath}} {
		if !kind.has {
			continue
		}
		for _, t := range schema.Tables() {
			add(path.Join(kind.root, t.Name))
		}
		for i := range m.Shards {
			for _, table := range ShardTables {
				add(path.Dir(kind.path(table, i)))
			}
		}
	}
	return folders
}

// Parts lists the parts of all shards, and that of the taxonomy: as Parquet, or if
// the tables are not there as such, as Arrow.
func (m *Manifest) Parts() []sink.Part {
	if m.HasParquet() {
		return m.parquetParts()
	}
	return m.arrowParts()
}

// AllParts lists the parts of all shards, and those of the taxonomy, in each format that
// there is.
func (m *Manifest) AllParts() (all []sink.Part) {
	if m.HasParquet() {
		all = m.parquetParts()
	}
	if m.HasArrow() {
		all = append(all, m.arrowParts()...)
	}
	return all
}

func (m *Manifest) parquetParts() (all []sink.Part) {
	for i := range m.Shards {
		all = append(all, m.Shards[i].Parts...)
	}
	return append(all, m.Taxonomy)
}

func (m *Manifest) arrowParts() (all []sink.Part) {
	for i := range m.Shards {
		all = append(all, m.Shards[i].Arrow...)
	}
	return append(all, m.ArrowTaxonomy)
}

// count fills in Counts from the shards.
func (m *Manifest) count() {
	m.Counts = Counts{Rows: map[string]int64{}, Stats: sink.NewStats()}
	for i := range m.Shards {
		m.Counts.Merge(m.Shards[i].Stats)
	}
	for _, p := range m.Parts() {
		m.Counts.Rows[p.Table] += p.Rows
	}
}

// The manifest is JSON, of a layout by which the inputs of one shard can be found
// without reading the others: the head, then a line for each shard, then a line
// for each input. The records of the shards have the SHA-256 of their inputs, so
// that of all before the inputs stands for the whole, and is what a snapshot is
// named after.
const (
	shardsLine = `  "shards": [`
	inputsLine = `  "inputs": [`
	closeLine  = `  ]`
	tail       = closeLine + "\n}\n"
)

// encodeHead writes the manifest up to its inputs.
func (m *Manifest) encodeHead(to io.Writer) error {
	w := bufio.NewWriter(to)
	head, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	_, _ = w.Write(bytes.TrimSuffix(head, []byte("\n}")))
	w.WriteString(",\n" + shardsLine + "\n")
	for i := range m.Shards {
		line, err := json.Marshal(&m.Shards[i])
		if err != nil {
			return err
		}
		if i < len(m.Shards)-1 {
			line = append(line, ',')
		}
		_, _ = w.Write(append(line, '\n'))
	}
	w.WriteString(closeLine + ",\n" + inputsLine + "\n")
	return w.Flush()
}

// hash is the SHA-256 of all but the inputs, in hexadecimal.
func (m *Manifest) hash() (string, error) {
	sum := sha256.New()
	err := m.encodeHead(sum)
	return hex.EncodeToString(sum.Sum(nil)), err
}

// encode writes the manifest. inputs returns the lines of a shard.
func (m *Manifest) encode(to io.Writer, inputs func(shard int) ([]byte, error)) error {
	if err := m.encodeHead(to); err != nil {
		return err
	}
	w := bufio.NewWriterSize(to, 256<<10)
	separator := ""
	for i := range m.Shards {
		lines, err := inputs(i)
		if err != nil {
			return err
		}
		for line := range bytes.Lines(lines) {
			w.WriteString(separator)
			_, _ = w.Write(bytes.TrimSuffix(line, []byte("\n")))
			separator = ",\n"
		}
	}
	if separator != "" {
		w.WriteString("\n")
	}
	w.WriteString(tail)
	return w.Flush()
}

// Snapshot is a snapshot whose manifest was read.
type Snapshot struct {
	// ID is its name: its number, a hyphen, and the start of the SHA-256 of its
	// manifest up to the inputs.
	ID  string
	Dir string
	Manifest
	at []int64 // where the inputs of each shard start in the file, and where the last end
}

// CorruptError says that a manifest is not what was written.
type CorruptError struct {
	Path   string
	Reason string
}

func (e *CorruptError) Error() string { return fmt.Sprintf("%s is damaged: %s", e.Path, e.Reason) }

// maxLine bounds a line of a manifest, in bytes, and its head.
const maxLine = 16 << 20

// Load reads the manifest of the snapshot in dir up to its inputs: time and memory
// grow with the number of its shards and not with that of its documents. A
// manifest that was changed since it was written, which the folder's name shows,
// is a CorruptError. A change in the inputs is found when they are asked for.
func Load(dir string) (*Snapshot, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return nil, err
	}
	name := filepath.Base(dir)
	if number(name) == 0 {
		return nil, fmt.Errorf("%s is not named as a snapshot is, so that its manifest cannot be checked: name it as it was named where it was made", dir)
	}
	_, hash, _ := strings.Cut(name, "-")
	return load(dir, hash)
}

// load is Load where the start of the SHA-256 is known.
func load(dir, hash string) (*Snapshot, error) {
	s := &Snapshot{ID: filepath.Base(dir), Dir: dir}
	path := s.path()
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	sum, err := s.decode(f, info.Size())
	if err != nil {
		return nil, &CorruptError{path, err.Error()}
	}
	if hash == "" || !strings.HasPrefix(sum, hash) {
		return nil, &CorruptError{path, "its SHA-256 is " + sum + ", which is not what the folder is named after"}
	}
	return s, nil
}

func (s *Snapshot) path() string { return filepath.Join(s.Dir, ManifestName) }

// decode reads what encodeHead writes, and nothing else. It returns its SHA-256.
func (s *Snapshot) decode(from io.Reader, size int64) (string, error) {
	sum := sha256.New()
	lines := lineReader{r: bufio.NewReaderSize(from, 256<<10), sum: sum}
	var head []byte
	for {
		line, err := lines.next()
		if err != nil {
			return "", err
		}
		if string(line) == shardsLine {
			break
		}
		if head = append(append(head, line...), '\n'); len(head) > maxLine {
			return "", lines.failf("the head is too long")
		}
	}
	head = append(bytes.TrimSuffix(head, []byte(",\n")), '}')
	if err := unmarshal(head, &s.Manifest); err != nil {
		return "", fmt.Errorf("its head: %w", err)
	}
	if s.SchemaVersion != schema.Version {
		return "", fmt.Errorf("its tables have version %s, and this program reads %s", s.SchemaVersion, schema.Version)
	}
	for {
		line, err := lines.next()
		if err != nil {
			return "", err
		}
		if string(line) == closeLine+"," {
			break
		}
		var shard Shard
		if err := unmarshal(bytes.TrimSuffix(line, []byte(",")), &shard); err != nil {
			return "", lines.failf("%v", err)
		}
		s.Shards = append(s.Shards, shard)
	}
	if err := errors.Join(s.checkFormat(), s.checkPartitions()); err != nil {
		return "", err
	}
	line, err := lines.next()
	if err != nil {
		return "", err
	}
	if string(line) != inputsLine {
		return "", lines.failf("want %s", inputsLine)
	}
	at, last := lines.offset, -1 // the last shard that has inputs
	s.at = []int64{at}
	for i := range s.Shards {
		shard := &s.Shards[i]
		// A comma stands behind each input but the last.
		n := shard.InputBytes + int64(shard.Inputs)
		if shard.Inputs < 0 || shard.InputBytes < 0 || n < 0 || n > size {
			return "", fmt.Errorf("the inputs of shard %d cannot be so long", i)
		}
		if shard.Inputs > 0 {
			last = i
		}
		at += n
		s.at = append(s.at, at)
	}
	if last >= 0 {
		at--
		for i := last + 1; i < len(s.at); i++ {
			s.at[i]--
		}
	}
	if want := at + int64(len(tail)); size != want {
		return "", fmt.Errorf("it has %d bytes, want %d", size, want)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// unmarshal decodes one value, without a key that the program does not know.
func unmarshal(text []byte, to any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one value")
	}
	return nil
}

// lineReader reads lines, without their ends.
type lineReader struct {
	r      *bufio.Reader
	sum    hash.Hash // of what was read
	buf    []byte
	line   int
	offset int64
}

func (l *lineReader) next() ([]byte, error) {
	l.buf = l.buf[:0]
	for {
		piece, err := l.r.ReadSlice('\n')
		l.buf = append(l.buf, piece...)
		l.offset += int64(len(piece))
		switch {
		case err == nil:
			l.line++
			_, _ = l.sum.Write(l.buf)
			return l.buf[:len(l.buf)-1], nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, fmt.Errorf("it ends in line %d", l.line+1)
		case len(l.buf) > maxLine:
			return nil, l.failf("the line is too long")
		}
	}
}

func (l *lineReader) failf(format string, args ...any) error {
	return fmt.Errorf("line %d: %s", l.line, fmt.Sprintf(format, args...))
}

// InputLines are the inputs of a shard, a line of JSON each, a sink.Input. Inputs
// that were changed since they were written are a CorruptError.
func (s *Snapshot) InputLines(shard int) ([]byte, error) {
	f, err := os.Open(s.path())
	if err != nil {
		return nil, err
	}
	defer f.Close()
	from := make([]byte, s.at[shard+1]-s.at[shard])
	if _, err := f.ReadAt(from, s.at[shard]); err != nil {
		return nil, err
	}
	lines := from[:0]
	for line := range bytes.Lines(from) {
		line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte(","))
		lines = append(append(lines, line...), '\n')
	}
	if sum := sha256.Sum256(lines); hex.EncodeToString(sum[:]) != s.Shards[shard].InputsSHA256 {
		return nil, &CorruptError{s.path(), fmt.Sprintf("the inputs of shard %d have another SHA-256 than they were written with", shard)}
	}
	return lines, nil
}

// ParseInputs reads lines of inputs.
func ParseInputs(lines []byte) ([]sink.Input, error) {
	var inputs []sink.Input
	for line := range bytes.Lines(lines) {
		var in sink.Input
		if err := unmarshal(line, &in); err != nil {
			return nil, err
		}
		inputs = append(inputs, in)
	}
	return inputs, nil
}

// Complete reports whether the snapshot in dir has all its files' names in place,
// which a snapshot has from the start or never.
func Complete(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, SuccessName))
	return err == nil
}
