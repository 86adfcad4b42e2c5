package snapshot

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/quern-data/quern/stages/sink"
)

// File names in the folder of a staged shard.
const (
	recordName = "shard.json"
	inputsName = "inputs.jsonl"
)

// Made is a shard that is complete, in a snapshot or staged.
type Made struct {
	Shard Shard
	// Stamps tell the state of the shard's entries when they were read: see
	// reader.Plan.Stamps. Nil if that is not known.
	Stamps   []uint64
	dir      string
	snapshot *Snapshot // nil for a staged one
	index    int       // in the snapshot
}

// Dir is the folder below which the shard's parts lie.
func (m *Made) Dir() string { return m.dir }

// ArrowName is the name of a table's part as Arrow in the folder of a shard.
func ArrowName(table string) string { return table + ".arrow" }

// Staged reports whether the shard is in no snapshot yet.
func (m *Made) Staged() bool { return m.snapshot == nil }

// InputLines are the shard's inputs, a line of JSON each, a sink.Input.
func (m *Made) InputLines() ([]byte, error) {
	if m.snapshot != nil {
		return m.snapshot.InputLines(m.index)
	}
	return os.ReadFile(filepath.Join(m.dir, inputsName))
}

// Intact returns an error if a part of the shard is missing or has another size
// than when it was made.
func (m *Made) Intact() error {
	for _, p := range slices.Concat(m.Shard.Parts, m.Shard.Arrow) {
		if err := intact(m.dir, p.Path, p.Bytes); err != nil {
			return err
		}
	}
	return nil
}

// intact returns an error if a file is missing or has another size than when it was
// made. name is its path below dir, with slashes.
func intact(dir, name string, bytes int64) error {
	path := filepath.Join(dir, filepath.FromSlash(name))
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() || info.Size() != bytes {
		return fmt.Errorf("%s has %d bytes, and was written with %d", path, info.Size(), bytes)
	}
	return nil
}

// record is what is written of a staged shard beside its parts.
type record struct {
	Shard  Shard  `json:"shard"`
	Stamps []byte `json:"stamps"`
}

// Staging is the folder of one shard that is being made. It is for one goroutine.
type Staging struct {
	Dir    string // where its parts go
	output *Output
}

// Stage makes room for a shard.
func (o *Output) Stage() (*Staging, error) {
	dir, err := o.tmp()
	if err != nil {
		return nil, err
	}
	return &Staging{dir, o}, nil
}

// commitTries is how often Commit replaces what others keep putting in its place.
const commitTries = 10

// Commit completes the shard: from now on a later run finds it, whatever becomes
// of this one. What was staged under its identity before is replaced.
func (s *Staging) Commit(shard Shard, inputs []byte, stamps []uint64) (*Made, error) {
	d := s.output.disk
	text, err := json.Marshal(record{shard, packStamps(stamps)})
	if err != nil {
		return nil, err
	}
	if err := d.WriteFile(filepath.Join(s.Dir, inputsName), inputs, 0o444); err != nil {
		return nil, err
	}
	if err := d.WriteFile(filepath.Join(s.Dir, recordName), append(text, '\n'), 0o444); err != nil {
		return nil, err
	}
	if err := d.SyncDir(s.Dir); err != nil {
		return nil, err
	}
	parent := s.output.private(stagingName)
	to := filepath.Join(parent, shard.Identity)
	if err := d.MkdirAll(parent); err != nil {
		return nil, err
	}
	for try := 0; ; try++ {
		if err := d.RemoveAll(to); err != nil {
			return nil, err
		}
		err := d.Rename(s.Dir, to)
		if err == nil {
			break
		}
		// Another process may have put the same shard there in between.
		if taken := errors.Is(err, fs.ErrExist) || errors.Is(err, syscall.ENOTEMPTY); !taken || try == commitTries {
			return nil, err
		}
	}
	if err := d.SyncDir(parent); err != nil {
		return nil, err
	}
	return &Made{Shard: shard, Stamps: stamps, dir: to}, nil
}

// Discard gives the shard up.
func (s *Staging) Discard() error { return s.output.disk.RemoveAll(s.Dir) }

// Staged is the staged shard of the given identity, nil if there is none that is
// complete, with parts of the manifest's format.
func (o *Output) Staged(identity string, of *Manifest) *Made {
	dir := o.private(stagingName, identity)
	text, err := os.ReadFile(filepath.Join(dir, recordName))
	if err != nil {
		return nil
	}
	var r record
	if err := unmarshal(text, &r); err != nil || r.Shard.Identity != identity {
		return nil
	}
	m := &Made{Shard: r.Shard, Stamps: unpackStamps(r.Stamps), dir: dir}
	if !m.fits(of) || !ordinary(m.Shard.Parts, sink.PartName) || !ordinary(m.Shard.Arrow, ArrowName) {
		return nil
	}
	if info, err := os.Stat(filepath.Join(dir, inputsName)); err != nil || info.Size() != m.Shard.InputBytes {
		return nil
	}
	return m
}

// ordinary reports whether there are the parts that every shard has, and where they
// are, or none. A record that someone edited must not lead out of the folder.
func ordinary(parts []sink.Part, path func(table string) string) bool {
	return len(parts) == 0 || slices.EqualFunc(parts, ShardTables, func(p sink.Part, table string) bool {
		return p.Table == table && p.Path == path(table)
	})
}

// fits reports whether the shard has parts of the manifest's format, and no others.
func (m *Made) fits(manifest *Manifest) bool {
	return len(m.Shard.Parts) > 0 == manifest.HasParquet() && len(m.Shard.Arrow) > 0 == manifest.HasArrow()
}

// Unstage removes all staged shards.
func (o *Output) Unstage() error { return o.disk.RemoveAll(o.private(stagingName)) }

// state is what is kept of a snapshot outside of it: it depends on the machine,
// and the next run is right without it, but slower.
type state struct {
	Verified string   `json:"verified"`
	Stamps   [][]byte `json:"stamps"` // by shard
}

func (o *Output) statePath(id string) string { return o.private(stateName, id+".json") }

func (o *Output) loadState(s *Snapshot) state {
	var st state
	text, err := os.ReadFile(o.statePath(s.ID))
	if err != nil || unmarshal(text, &st) != nil || len(st.Stamps) != len(s.Shards) {
		return state{Stamps: make([][]byte, len(s.Shards))}
	}
	return st
}

// SaveState notes for the next run the stamps of the shards of a snapshot, and
// how it was verified.
func (o *Output) SaveState(id, verified string, stamps [][]uint64) error {
	st := state{Verified: verified, Stamps: make([][]byte, len(stamps))}
	for i := range stamps {
		st.Stamps[i] = packStamps(stamps[i])
	}
	text, err := json.Marshal(st)
	if err != nil {
		return err
	}
	if err := o.disk.MkdirAll(o.private(stateName)); err != nil {
		return err
	}
	return o.replace(o.statePath(id), append(text, '\n'))
}

// Index is the index of a corpus that SaveIndex kept, nil if there is none.
func (o *Output) Index(corpus string) io.ReadCloser {
	f, err := os.Open(o.indexPath(corpus))
	if err != nil {
		return nil
	}
	return f
}

func (o *Output) indexPath(corpus string) string { return o.private(indexName, corpus+indexSuffix) }

const indexSuffix = ".zst"

// SaveIndex keeps for the next run what write writes, in place of what was kept for
// the corpus before: what was found in its files. Like what SaveState keeps, it saves
// time, and is never needed.
func (o *Output) SaveIndex(corpus string, write func(io.Writer) error) error {
	if err := o.disk.MkdirAll(o.private(indexName)); err != nil {
		return err
	}
	return o.replaceBy(o.indexPath(corpus), write)
}

// KeepIndexes removes the indexes of all other corpora.
func (o *Output) KeepIndexes(corpora []string) error {
	entries, err := os.ReadDir(o.private(indexName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var errs []error
	for _, e := range entries {
		if !slices.Contains(corpora, strings.TrimSuffix(e.Name(), indexSuffix)) {
			errs = append(errs, o.disk.RemoveAll(o.private(indexName, e.Name())))
		}
	}
	return errors.Join(errs...)
}

func packStamps(stamps []uint64) []byte {
	b := make([]byte, 0, 8*len(stamps))
	for _, s := range stamps {
		b = binary.LittleEndian.AppendUint64(b, s)
	}
	return b
}

func unpackStamps(b []byte) []uint64 {
	stamps := make([]uint64, len(b)/8)
	for i := range stamps {
		stamps[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	return stamps
}

// Shards are the shards of a snapshot of the output, in order and without those
// whose parts are not where they belong, and how it was verified before it was
// published, "" if that is not known.
func (o *Output) Shards(s *Snapshot) (all []*Made, verified string) {
	st := o.loadState(s)
	for i := range s.Shards {
		m := &Made{Shard: s.Shards[i], Stamps: unpackStamps(st.Stamps[i]), dir: s.Dir, snapshot: s, index: i}
		parquet := func(table string) string { return s.PartPath(table, i) }
		arrow := func(table string) string { return s.ArrowPath(table, i) }
		if m.fits(&s.Manifest) && ordinary(m.Shard.Parts, parquet) && ordinary(m.Shard.Arrow, arrow) {
			all = append(all, m)
		}
	}
	return all, st.Verified
}

// Base is the snapshot to start from: the current one, or if that cannot be read
// the newest that can; nil if there is none. trouble says why it is not the
// current one.
func (o *Output) Base() (base *Snapshot, trouble, err error) {
	id, err := CurrentID(o.Dir)
	if err != nil {
		return nil, nil, err
	}
	ids, err := IDs(o.Dir)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case id == "" && len(ids) == 0:
		return nil, nil, nil
	case id == "":
		trouble = errors.New("there are snapshots, and none is current")
	case !slices.Contains(ids, id):
		trouble = fmt.Errorf("the current snapshot, %s, is gone or not complete", id)
	default:
		if base, err = Load(Dir(o.Dir, id)); err == nil {
			return base, nil, nil
		}
		trouble = fmt.Errorf("the current snapshot cannot be used: %w", err)
	}
	return o.newest(ids), trouble, nil
}

// newest is the last of the snapshots that can be read, nil if none can.
func (o *Output) newest(ids []string) *Snapshot {
	for _, id := range slices.Backward(ids) {
		if s, err := Load(Dir(o.Dir, id)); err == nil {
			return s
		}
	}
	return nil
}
