package verifier

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/quern-data/quern/stages/records"
	"github.com/quern-data/quern/stages/sink"
	"github.com/quern-data/quern/stages/snapshot"
)

func TestSoundArrow(t *testing.T) {
	for _, format := range []string{snapshot.ArrowFormat, snapshot.BothFormats} {
		for _, columns := range []string{"", snapshot.KeepColumns, snapshot.DropColumns} {
			dir := makePartitioned(t, columns, format)
			s, err := snapshot.Load(dir)
			if err != nil {
				t.Fatal(err)
			}
			if len(s.Shards) < 5 || len(s.Shards[1].Arrow) != len(snapshot.ShardTables) || s.HasParquet() != (len(s.Shards[1].Parts) > 0) {
				t.Fatalf("%d shards, of which one has %d Arrow files and %d Parquet files", len(s.Shards), len(s.Shards[1].Arrow), len(s.Shards[1].Parts))
			}
			for _, level := range []Level{Fast, Full} {
				for _, p := range verify(t, dir, level) {
					t.Errorf("%s, %s, %s: %s", format, columns, level, p)
				}
			}
			for _, p := range verifySnapshot(t, s, Full, true) {
				t.Errorf("%s, %s, hashes: %s", format, columns, p)
			}
		}
	}
}

// asArrow has a snapshot that was in both formats in Arrow alone. Arrow files are made
// anew of the Parquet files that are not those of the sound snapshot any more.
func (d *damaged) asArrow(sound *snapshot.Snapshot) {
	d.Helper()
	convert := func(p, was sink.Part, arrow *sink.Part) {
		if p.SHA256 != was.SHA256 {
			made, err := records.AsArrow(d.Context(), nil, d.Dir, []sink.Part{p}, nil, nil)
			if err != nil {
				d.Fatal(err)
			}
			d.rename(made[0].Path, arrow.Path)
			made[0].Path = arrow.Path
			*arrow = made[0]
		}
		if err := os.Remove(filepath.Join(d.Dir, p.Path)); err != nil {
			d.Fatal(err)
		}
	}
	for i := range d.Shards {
		s := &d.Shards[i]
		s.Arrow = slices.Clone(s.Arrow)
		for j := range s.Arrow {
			convert(s.Parts[j], sound.Shards[i].Parts[j], &s.Arrow[j])
		}
		s.Parts = nil
	}
	convert(d.Taxonomy, sound.Taxonomy, &d.ArrowTaxonomy)
	d.Taxonomy = sink.Part{}
	for _, table := range append(slices.Clone(snapshot.ShardTables), snapshot.TaxonomyTable) {
		if err := os.Remove(filepath.Join(d.Dir, table)); err != nil {
			d.Fatal(err)
		}
	}
	d.Format = snapshot.ArrowFormat
}

// TestDamagedRowsInArrow: what is wrong with rows is found in Arrow files as it is in
// Parquet files.
func TestDamagedRowsInArrow(t *testing.T) {
	testInArrow(t, makePartitioned(t, "", snapshot.BothFormats), damages, 60)
}

// testInArrow does the damages, of which so many are to rows.
func testInArrow(t *testing.T, dir string, damages []damage, least int) {
	t.Helper()
	sound, err := snapshot.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, c := range damages {
		if c.full == "" || c.raw || c.parquet {
			continue
		}
		n++
		t.Run(c.name, func(t *testing.T) {
			d := newDamaged(t, dir)
			c.do(d)
			d.asArrow(sound)
			d.sign()
			if problems := verifySnapshot(t, d.Snapshot, Fast, false); len(problems) > 0 {
				t.Errorf("fast found%s", lines(problems))
			}
			if problems := verifySnapshot(t, d.Snapshot, Full, false); !strings.Contains(lines(problems), c.full) {
				t.Errorf("full did not find %q, but%s", c.full, lines(problems))
			}
		})
	}
	if n < least {
		t.Errorf("only %d damages", n)
	}
}

// arrowPart is a part as Arrow.
func (d *damaged) arrowPart(shard int, table string) *sink.Part {
	if table == snapshot.TaxonomyTable {
		return &d.ArrowTaxonomy
	}
	return &d.Shards[shard].Arrow[slices.Index(snapshot.ShardTables, table)]
}

// arrowData replaces the bytes of an Arrow file, and what the manifest says of them.
func (d *damaged) arrowData(shard int, table string, alter func([]byte) []byte) {
	d.Helper()
	p := d.arrowPart(shard, table)
	path := filepath.Join(d.Dir, filepath.FromSlash(p.Path))
	data, err := os.ReadFile(path)
	if err != nil {
		d.Fatal(err)
	}
	data = alter(data)
	d.writeFile(path, data)
	sum := sha256.Sum256(data)
	p.Bytes, p.SHA256 = int64(len(data)), hex.EncodeToString(sum[:])
}

// rewrite writes an Arrow file anew, with its schema and batches altered.
func (d *damaged) rewrite(shard int, table string, alter func(*arrow.Schema, []arrow.Record) (*arrow.Schema, []arrow.Record), options ...ipc.Option) {
	d.Helper()
	d.arrowData(shard, table, func(data []byte) []byte {
		r, err := ipc.NewFileReader(bytes.NewReader(data))
		if err != nil {
			d.Fatal(err)
		}
		var batches []arrow.Record
		for i := range r.NumRecords() {
			batch, err := r.RecordAt(i)
			if err != nil {
				d.Fatal(err)
			}
			batches = append(batches, batch)
		}
		s, batches := alter(r.Schema(), batches)
		var out seekable
		w, err := ipc.NewFileWriter(&out, append(options, ipc.WithSchema(s))...)
		if err != nil {
			d.Fatal(err)
		}
		for _, batch := range batches {
			columns := slices.Clone(batch.Columns())
			for i, c := range columns {
				of := c.Data()
				columns[i] = array.MakeFromData(array.NewData(s.Field(i).Type, of.Len(), of.Buffers(), of.Children(), of.NullN(), of.Offset()))
			}
			if err := w.Write(array.NewRecord(s, columns, batch.NumRows())); err != nil {
				d.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			d.Fatal(err)
		}
		return out.Bytes()
	})
}

type seekable struct{ bytes.Buffer }

func (s *seekable) Seek(int64, int) (int64, error) { return int64(s.Len()), nil }

// same alters nothing.
func same(s *arrow.Schema, batches []arrow.Record) (*arrow.Schema, []arrow.Record) {
	return s, batches
}

// field alters a field of a schema.
func field(name string, alter func(*arrow.Field)) func(*arrow.Schema, []arrow.Record) (*arrow.Schema, []arrow.Record) {
	return func(s *arrow.Schema, batches []arrow.Record) (*arrow.Schema, []arrow.Record) {
		fields := s.Fields()
		alter(&fields[s.FieldIndices(name)[0]])
		metadata := s.Metadata()
		return arrow.NewSchema(fields, &metadata), batches
	}
}

// said alters a value in the metadata of a schema, or takes it out for "".
func said(key, value string) func(*arrow.Schema, []arrow.Record) (*arrow.Schema, []arrow.Record) {
	return func(s *arrow.Schema, batches []arrow.Record) (*arrow.Schema, []arrow.Record) {
		var keys, values []string
		for i, k := range s.Metadata().Keys() {
			v := s.Metadata().Values()[i]
			if k == key {
				v = value
			}
			if v != "" {
				keys, values = append(keys, k), append(values, v)
			}
		}
		metadata := arrow.NewMetadata(keys, values)
		return arrow.NewSchema(s.Fields(), &metadata), batches
	}
}

// altered alters the data of a column in the first batch.
func altered(name string, alter func(arrow.ArrayData) arrow.ArrayData) func(*arrow.Schema, []arrow.Record) (*arrow.Schema, []arrow.Record) {
	return func(s *arrow.Schema, batches []arrow.Record) (*arrow.Schema, []arrow.Record) {
		columns := slices.Clone(batches[0].Columns())
		at := s.FieldIndices(name)[0]
		columns[at] = array.MakeFromData(alter(columns[at].Data()))
		batches[0] = array.NewRecord(s, columns, batches[0].NumRows())
		return s, batches
	}
}

// buffer alters a buffer of an array.
func buffer(data arrow.ArrayData, number int, alter func([]byte)) arrow.ArrayData {
	buffers := slices.Clone(data.Buffers())
	b := bytes.Clone(buffers[number].Bytes())
	alter(b)
	buffers[number] = memory.NewBufferBytes(b)
	return array.NewData(data.DataType(), data.Len(), buffers, data.Children(), data.NullN(), data.Offset())
}

func TestArrowDamage(t *testing.T) {
	dirs := map[string]string{
		snapshot.ArrowFormat: makePartitioned(t, "", snapshot.ArrowFormat), snapshot.BothFormats: makePartitioned(t, "", snapshot.BothFormats),
	}
	for _, c := range []struct {
		name string
		fast string // a part of what Fast finds, and so does Full
		full string // of what Full alone finds
		raw  bool   // whether the manifest stays as it is
		do   func(d *damaged)
	}{
		{name: "missing", fast: "labels/part-00001.arrow: it is missing", raw: true, do: func(d *damaged) {
			if err := os.Remove(filepath.Join(d.Dir, d.arrowPart(1, "labels").Path)); err != nil {
				d.Fatal(err)
			}
		}},
		{name: "truncated", fast: "arrow/labels/part-00001.arrow: it has", raw: true, do: func(d *damaged) {
			d.arrowData(1, "labels", func(data []byte) []byte { return data[:len(data)-1] })
			d.arrowPart(1, "labels").Bytes++
		}},
		{name: "flipped byte", fast: "arrow/labels/part-00001.arrow: its SHA-256 is", raw: true, do: func(d *damaged) {
			was := *d.arrowPart(1, "labels")
			d.arrowData(1, "labels", func(data []byte) []byte { data[len(data)/2] ^= 1; return data })
			*d.arrowPart(1, "labels") = was
		}},
		{name: "not of the snapshot", fast: "arrow/labels/part-00099.arrow: it does not belong", raw: true, do: func(d *damaged) {
			d.writeFile(filepath.Join(d.Dir, "arrow", "labels", "part-00099.arrow"), nil)
		}},
		{name: "no Arrow file", fast: "it cannot be opened", do: func(d *damaged) {
			d.arrowData(1, "labels", func(data []byte) []byte { return make([]byte, len(data)) })
		}},
		{name: "truncated, signed", fast: "it cannot be opened", do: func(d *damaged) {
			d.arrowData(1, "labels", func(data []byte) []byte { return data[:len(data)/2] })
		}},
		{name: "a part too few", fast: "and not of [", do: func(d *damaged) {
			d.Shards[1].Arrow = d.Shards[1].Arrow[:3]
			_ = os.Remove(filepath.Join(d.Dir, d.ArrowPath("diagnostics", 1)))
		}},
		{name: "elsewhere", fast: `and not in "arrow/labels/part-00001.arrow"`, do: func(d *damaged) {
			d.arrowPart(1, "labels").Path = "../../../etc/passwd"
		}},
		{name: "rows in the manifest", fast: "labels, and its part has", do: func(d *damaged) { d.arrowPart(1, "labels").Rows++ }},
		{name: "compressed", full: "it is compressed, so that it cannot be mapped into memory", do: func(d *damaged) {
			d.rewrite(1, "sentences", same, ipc.WithZstd())
		}},
		{name: "another type", fast: "where year: optional int32 should be, it has year: optional uint32", do: func(d *damaged) {
			d.rewrite(1, "labels", field("year", func(f *arrow.Field) { f.Type = arrow.PrimitiveTypes.Uint32 }))
		}},
		{name: "nullable", fast: "where text: required utf8 should be, it has text: optional utf8", do: func(d *damaged) {
			d.rewrite(1, "sentences", field("text", func(f *arrow.Field) { f.Nullable = true }))
		}},
		{name: "elements nullable", fast: "where labels.element: required struct should be, it has labels.element: optional struct", do: func(d *damaged) {
			d.rewrite(1, "sentences", field("labels", func(f *arrow.Field) {
				f.Type = arrow.ListOfField(arrow.Field{Name: "element", Type: f.Type.(*arrow.ListType).Elem(), Nullable: true})
			}))
		}},
		{name: "a column less", fast: "it lacks the column label_end", do: func(d *damaged) {
			d.rewrite(1, "labels", func(s *arrow.Schema, batches []arrow.Record) (*arrow.Schema, []arrow.Record) {
				last, metadata := s.NumFields()-1, s.Metadata()
				s = arrow.NewSchema(s.Fields()[:last], &metadata)
				for i, batch := range batches {
					batches[i] = array.NewRecord(s, batch.Columns()[:last], batch.NumRows())
				}
				return s, batches
			})
		}},
		{name: "another comment", fast: `column layer: its comment is "Something", and not "Annotation layer`, do: func(d *damaged) {
			d.rewrite(1, "labels", field("layer", func(f *arrow.Field) { f.Metadata = arrow.NewMetadata([]string{"comment"}, []string{"Something"}) }))
		}},
		{name: "no unit", fast: `column char_start: its unit is "", and not "Unicode code points"`, do: func(d *damaged) {
			d.rewrite(1, "sentences", field("char_start", func(f *arrow.Field) {
				comment, _ := f.Metadata.GetValue("comment")
				f.Metadata = arrow.NewMetadata([]string{"comment"}, []string{comment})
			}))
		}},
		{name: "another table", fast: `its metadata says quern.table is "sentences", and not "labels"`, do: func(d *damaged) {
			d.rewrite(1, "labels", said("quern.table", "sentences"))
		}},
		{name: "no version", fast: "its metadata lacks quern.schema_version", do: func(d *damaged) { d.rewrite(1, "labels", said("quern.schema_version", "")) }},
		{name: "another writer", fast: `of quern.created_by on "0", and not`, do: func(d *damaged) {
			d.rewrite(1, "labels", said("quern.created_by", "quern version 0"))
		}},
		{name: "no taxonomy", fast: "its metadata lacks quern.taxonomy", do: func(d *damaged) { d.rewrite(0, "taxonomy", said("quern.taxonomy", "")) }},
		{name: "another taxonomy", fast: "its metadata lacks the taxonomy of corpus alpha", do: func(d *damaged) {
			d.rewrite(1, "labels", said("quern.taxonomy", "{}"))
		}},
		{name: "batch missing", full: "rows, and the manifest says", do: func(d *damaged) {
			d.rewrite(1, "labels", func(s *arrow.Schema, batches []arrow.Record) (*arrow.Schema, []arrow.Record) { return s, batches[1:] })
		}},
		{name: "batch empty", full: "batch 0 cannot be read: it has no rows", do: func(d *damaged) {
			d.rewrite(1, "labels", func(s *arrow.Schema, batches []arrow.Record) (*arrow.Schema, []arrow.Record) {
				return s, append([]arrow.Record{batches[0].NewSlice(0, 0)}, batches...)
			})
		}},
		{name: "many small batches", do: func(d *damaged) { // are not wrong
			d.rewrite(1, "labels", func(s *arrow.Schema, batches []arrow.Record) (*arrow.Schema, []arrow.Record) {
				var all []arrow.Record
				for _, batch := range batches {
					for at := int64(0); at < batch.NumRows(); at += 100 {
						all = append(all, batch.NewSlice(at, min(at+100, batch.NumRows())))
					}
				}
				return s, all
			})
		}},
		{name: "NULL in a column without", full: "batch 0, column raw_label cannot be read: it has NULL where there must be a value", do: func(d *damaged) {
			d.rewrite(1, "labels", altered("raw_label", func(data arrow.ArrayData) arrow.ArrayData {
				valid := bytes.Repeat([]byte{0xff}, data.Len()/8+1)
				valid[0] = 0xfe
				buffers := slices.Clone(data.Buffers())
				buffers[0] = memory.NewBufferBytes(valid)
				return array.NewData(data.DataType(), data.Len(), buffers, nil, 1, 0)
			}))
		}},
		{name: "number of NULLs lies", full: "batch 0, column repair cannot be read: it counts its NULLs wrongly", do: func(d *damaged) {
			d.rewrite(1, "labels", altered("repair", func(data arrow.ArrayData) arrow.ArrayData {
				return array.NewData(data.DataType(), data.Len(), data.Buffers(), nil, data.NullN()-1, 0)
			}))
		}},
		{name: "offsets of strings", full: "batch 0, column raw_label cannot be read", do: func(d *damaged) {
			d.rewrite(1, "labels", altered("raw_label", func(data arrow.ArrayData) arrow.ArrayData {
				return buffer(data, 1, func(b []byte) { binary.LittleEndian.PutUint32(b[4*5:], 1<<30) })
			}))
		}},
		{name: "offsets of lists", full: "cannot be read: its elements and its rows do not fit together", do: func(d *damaged) {
			d.rewrite(1, "sentences", altered("labels", func(data arrow.ArrayData) arrow.ArrayData {
				return buffer(data, 1, func(b []byte) { binary.LittleEndian.PutUint32(b[4*3:], 1<<20) })
			}))
		}},
		{name: "not UTF-8", full: "batch 0, column raw_label: ", do: func(d *damaged) {
			d.rewrite(1, "labels", altered("raw_label", func(data arrow.ArrayData) arrow.ArrayData {
				return buffer(data, 2, func(b []byte) { b[0] = 0xff })
			}))
		}},
		{name: "a value", full: "sentence_index is 77, and it is sentence", do: func(d *damaged) {
			d.rewrite(1, "sentences", altered("sentence_index", func(data arrow.ArrayData) arrow.ArrayData {
				return buffer(data, 1, func(b []byte) { b[4*9] = 77 })
			}))
		}},
		{name: "a label of the taxonomy", full: "is not what the taxonomies in its metadata have there", do: func(d *damaged) {
			d.rewrite(0, "taxonomy", altered("name", func(data arrow.ArrayData) arrow.ArrayData {
				return buffer(data, 2, func(b []byte) { b[0] ^= 1 })
			}))
		}},
		{name: "a format that it has not", fast: "has parts that are not of the format", do: func(d *damaged) { d.Format = "" }},
	} {
		for format, dir := range dirs {
			t.Run(c.name+" "+format, func(t *testing.T) {
				d := newDamaged(t, dir)
				was := d.Manifest
				c.do(d)
				if d.Format != was.Format && format == snapshot.ArrowFormat {
					return // there would be no parts at all
				}
				if !c.raw {
					d.sign()
				}
				check := func(level Level, want string) {
					problems := verifySnapshot(t, d.Snapshot, level, false)
					if want == "" && len(problems) > 0 || !strings.Contains(lines(problems), want) {
						t.Errorf("%s did not find %q, but%s", level, want, lines(problems))
					}
				}
				check(Fast, c.fast)
				check(Full, c.fast+c.full)
			})
		}
	}
}

// FuzzArrow flips bytes in front of the footer of an Arrow file, of which the manifest
// has the SHA-256 as if it had been written so: whatever the bytes are, verification
// ends, without a panic.
func FuzzArrow(f *testing.F) {
	d := newDamaged(f, makePartitioned(f, "", snapshot.ArrowFormat))
	shard := zeta(d)
	sound := map[string][]byte{}
	for _, table := range snapshot.ShardTables {
		d.arrowData(shard, table, func(data []byte) []byte {
			sound[table] = data
			return data
		})
		for _, place := range []uint32{0, 8, 100, 1000, 2000, 5000, 1<<32 - 100, 1<<32 - 1000} {
			f.Add(uint8(slices.Index(snapshot.ShardTables, table)), binary.BigEndian.AppendUint32(nil, place), []byte{1, 0xff})
		}
	}
	f.Fuzz(func(t *testing.T, table uint8, places, masks []byte) {
		name := snapshot.ShardTables[int(table)%len(snapshot.ShardTables)]
		whole := sound[name]
		footer := len(whole) - len(ipc.Magic) - 4
		footer -= int(binary.LittleEndian.Uint32(whole[footer:]))
		d.TB = t
		d.arrowData(shard, name, func([]byte) []byte {
			return append(flip(whole[:footer], places, masks), whole[footer:]...)
		})
		for _, level := range []Level{Fast, Full} {
			if _, err := New(d.Snapshot, level).Shard(t.Context(), shard, false); err != nil {
				t.Fatal(err)
			}
		}
		d.arrowData(shard, name, func([]byte) []byte { return whole })
	})
}
