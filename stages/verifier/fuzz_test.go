package verifier

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/quern-data/quern/stages/snapshot"
)

// FuzzShard flips bytes in a part, and verifies its shard: whatever the bytes are, that
// ends soon, in little memory, and without a panic, and at Full it is noticed. At
// Full the SHA-256 keeps such bytes from Arrow's decoders, which trust them.
func FuzzShard(f *testing.F) {
	const (
		most    = 256 << 20 // bytes
		longest = 20 * time.Second
	)
	d := newDamaged(f, makeSnapshot(f))
	shard := zeta(d)
	sound := map[string][]byte{}
	for _, table := range snapshot.ShardTables {
		sound[table] = d.read(shard, table)
		for _, place := range []uint32{0, 5, 100, 1000, 1 << 31, 1<<32 - 1} {
			f.Add(uint8(slices.Index(snapshot.ShardTables, table)), binary.BigEndian.AppendUint32(nil, place), []byte{1, 0xff})
		}
	}
	f.Fuzz(func(t *testing.T, table uint8, places, masks []byte) {
		name := snapshot.ShardTables[int(table)%len(snapshot.ShardTables)]
		data := flip(sound[name], places, masks)
		d.TB = t
		d.write(shard, name, data)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		for _, level := range []Level{Fast, Full} {
			problems, err := New(d.Snapshot, level).Shard(t.Context(), shard, false)
			if err != nil {
				t.Fatal(err)
			}
			if level == Full && len(problems) == 0 && !bytes.Equal(data, sound[name]) {
				t.Error("nothing was noticed")
			}
		}
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > most {
			t.Errorf("%d bytes were allocated for a part of %d", n, len(data))
		}
		if n := time.Since(start); n > longest {
			t.Errorf("it took %s", n)
		}
		d.write(shard, name, sound[name])
	})
}

// flip flips bits of a file. Places count from the start, and in their upper half from
// the end.
func flip(sound, places, masks []byte) []byte {
	data := bytes.Clone(sound)
	for i := 0; i+4 <= len(places) && len(masks) > 0; i += 4 {
		at := int(int32(binary.BigEndian.Uint32(places[i:])))
		if at %= len(data); at < 0 {
			at += len(data)
		}
		data[at] ^= masks[i/4%len(masks)]
	}
	return data
}
