package verifier

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/snapshot"
)

func TestSoundPartitions(t *testing.T) {
	for _, columns := range []string{snapshot.KeepColumns, snapshot.DropColumns} {
		dir := makePartitioned(t, columns, "")
		d := newDamaged(t, dir)
		partitions := map[string]bool{}
		for i := range d.Shards {
			partitions[filepath.Dir(d.PartPath("labels", i))] = true
		}
		if len(partitions) < 3 || len(partitions) == len(d.Shards) {
			t.Fatalf("%d shards in the partitions %v", len(d.Shards), partitions)
		}
		for _, level := range []Level{Fast, Full} {
			for _, p := range verify(t, dir, level) {
				t.Errorf("%s, %s: %s", columns, level, p)
			}
		}
	}
}

// partitionOf moves a shard to another partition, as far as folders and manifest
// show it.
func (d *damaged) partitionOf(shard int, partition ...string) {
	d.Helper()
	d.Shards[shard].Partition = partition
	for i := range d.Shards[shard].Parts {
		p := &d.Shards[shard].Parts[i]
		to := d.PartPath(p.Table, shard)
		if to == p.Path {
			continue
		}
		if err := os.MkdirAll(filepath.Join(d.Dir, filepath.Dir(to)), 0o755); err != nil {
			d.Fatal(err)
		}
		d.rename(p.Path, to)
		_ = os.Remove(filepath.Join(d.Dir, filepath.Dir(p.Path))) // if it is empty now
		p.Path = to
	}
}

func (d *damaged) rename(from, to string) {
	d.Helper()
	if err := os.Rename(filepath.Join(d.Dir, from), filepath.Join(d.Dir, to)); err != nil {
		d.Fatal(err)
	}
}

// lastOfAlpha is the last shard of the corpus alpha, and one before it that is of
// another partition.
func lastOfAlpha(d *damaged) (last, another int) {
	d.Helper()
	last = zeta(d) - 1
	for d.Shards[last].Corpus != "alpha" {
		last--
	}
	another = slices.IndexFunc(d.Shards, func(s snapshot.Shard) bool {
		return s.Stats.Written > 0 && !slices.Equal(s.Partition, d.Shards[last].Partition)
	})
	if another < 0 || another > last {
		d.Fatalf("shard %d is of partition %q, and so are all", last, d.Shards[last].Partition)
	}
	return last, another
}

func TestPartitionDamage(t *testing.T) {
	dirs := map[string]string{
		snapshot.KeepColumns: makePartitioned(t, snapshot.KeepColumns, ""), snapshot.DropColumns: makePartitioned(t, snapshot.DropColumns, ""),
	}
	both := []string{snapshot.KeepColumns, snapshot.DropColumns}
	for _, c := range []struct {
		name string
		in   []string // values of PartitionColumns
		fast string   // a part of what Fast finds, and so does Full
		full string   // of what Full alone finds
		do   func(d *damaged)
	}{
		{name: "a part in another folder", in: both, fast: ": it is missing", do: func(d *damaged) {
			last, another := lastOfAlpha(d)
			d.rename(d.PartPath("labels", last), filepath.Dir(d.PartPath("labels", another))+"/"+filepath.Base(d.PartPath("labels", last)))
		}},
		{name: "and that is foreign there", in: both, fast: ": it does not belong to the snapshot", do: func(d *damaged) {
			last, another := lastOfAlpha(d)
			d.rename(d.PartPath("labels", last), filepath.Dir(d.PartPath("labels", another))+"/"+filepath.Base(d.PartPath("labels", last)))
		}},
		{name: "parts exchanged", in: both, fast: "bytes, and the manifest says", do: func(d *damaged) {
			last, another := lastOfAlpha(d)
			d.rename(d.PartPath("sentences", last), "kept")
			d.rename(d.PartPath("sentences", another), d.PartPath("sentences", last))
			d.rename("kept", d.PartPath("sentences", another))
		}},
		{name: "a folder renamed", in: both, fast: "sentences/decision=Renamed: it does not belong to the snapshot", do: func(d *damaged) {
			_, another := lastOfAlpha(d)
			d.rename(filepath.Dir(filepath.Dir(d.PartPath("sentences", another))), "sentences/decision=Renamed")
		}},
		{name: "a folder that is a link", in: both, fast: ": it is no folder", do: func(d *damaged) {
			_, another := lastOfAlpha(d)
			folder := filepath.Join(d.Dir, filepath.Dir(d.PartPath("documents", another)))
			elsewhere := filepath.Join(d.TempDir(), "elsewhere")
			if err := os.Rename(folder, elsewhere); err != nil {
				d.Fatal(err)
			}
			if err := os.Symlink(elsewhere, folder); err != nil {
				d.Fatal(err)
			}
		}},
		{name: "an empty folder", in: both, fast: "labels/decision=x: it does not belong", do: func(d *damaged) {
			if err := os.Mkdir(filepath.Join(d.Dir, "labels", "decision=x"), 0o755); err != nil {
				d.Fatal(err)
			}
		}},
		{name: "a shard in another partition", in: both[:1], full: `and the shard is of partition ["zzz" "2018"]`, do: func(d *damaged) {
			last, _ := lastOfAlpha(d)
			d.partitionOf(last, "zzz", "2018")
		}},
		{name: "a shard of NULL", in: both[:1], full: `and the shard is of partition ["withdrawn" ""]`, do: func(d *damaged) {
			at := slices.IndexFunc(d.Shards, func(s snapshot.Shard) bool { return s.Partition[0] == "withdrawn" })
			d.partitionOf(at, "withdrawn", "")
		}},
		{name: "partitions in another order", in: both, fast: ", and stands behind one of", do: func(d *damaged) {
			last, _ := lastOfAlpha(d)
			d.partitionOf(last, "", "")
		}},
		{name: "a path in another folder", in: both, fast: `, and not in "labels/decision=`, do: func(d *damaged) {
			last, _ := lastOfAlpha(d)
			d.part(last, "labels").Path = "labels/decision=../../../etc/passwd"
		}},
		{name: "documents in another order", in: both, fast: "and one before it ends with", do: func(d *damaged) {
			for i := 1; i < len(d.Shards); i++ {
				a, b := &d.Shards[i-1], &d.Shards[i]
				if a.Corpus == b.Corpus && slices.Equal(a.Partition, b.Partition) {
					b.First = a.First
					return
				}
			}
			d.Fatal("no partition has two shards")
		}},
		{name: "a row of another partition", in: both[:1], full: `decision is "nobody knows", and the shard is of partition`, do: func(d *damaged) {
			_, another := lastOfAlpha(d)
			edit(d, another, "documents", func(rows []schema.DocumentRow) []schema.DocumentRow {
				rows[0].Decision = ptr("nobody knows")
				return rows
			})
		}},
		{name: "a label of another partition", in: both[:1], full: `year differs from its document's`, do: func(d *damaged) {
			_, another := lastOfAlpha(d)
			edit(d, another, "labels", func(rows []schema.LabelRow) []schema.LabelRow {
				rows[0].Year = ptr(int32(1812))
				return rows
			})
		}},
		{name: "columns that should not be there", in: both[:1], fast: "should be, it has year:", do: func(d *damaged) {
			d.PartitionColumns = snapshot.DropColumns
		}},
		{name: "columns that should be there", in: both[1:], fast: "where year:", do: func(d *damaged) {
			d.PartitionColumns = snapshot.KeepColumns
		}},
	} {
		for _, columns := range c.in {
			t.Run(c.name+" "+columns, func(t *testing.T) {
				d := newDamaged(t, dirs[columns])
				c.do(d)
				d.sign()
				check := func(level Level, want string) {
					problems := verifySnapshot(t, d.Snapshot, level, false)
					if want == "" && len(problems) > 0 || want != "" && !strings.Contains(lines(problems), want) {
						t.Errorf("%s did not find %q, but %s", level, want, lines(problems))
					}
				}
				check(Fast, c.fast)
				check(Full, c.fast+c.full)
			})
		}
	}
}
