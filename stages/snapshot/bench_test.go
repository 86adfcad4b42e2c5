package snapshot

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/sink"
)

// BenchmarkManifest writes the manifest of a snapshot of 40,000 documents, reads
// it up to its inputs, and reads the inputs of a shard.
func BenchmarkManifest(b *testing.B) {
	const shards, documents = 4, 10_000
	m := &Manifest{SchemaVersion: schema.Version}
	var lines [][]byte
	for i := range shards {
		r := sink.Result{InputLines: documents, Stats: sink.NewStats()}
		for k := range documents {
			r.Inputs = fmt.Appendf(r.Inputs, `{"corpus":"peer-review-analyze","path":"Accepted/%08d/Annotated/ICLR2018-%08d-R1_annotated.txt","bytes":%d,"sha256":"%064x"}`+"\n", k, k, 2000+k%999, k)
		}
		m.Shards = append(m.Shards, NewShard("peer-review-analyze", fmt.Sprintf("%064x", i), nil, r))
		lines = append(lines, r.Inputs)
	}
	m.count()
	inputs := func(i int) ([]byte, error) { return lines[i], nil }
	var head, text bytes.Buffer
	if err := errors.Join(m.encodeHead(&head), m.encode(&text, inputs)); err != nil {
		b.Fatal(err)
	}
	hash, err := m.hash()
	if err != nil {
		b.Fatal(err)
	}
	dir := filepath.Join(b.TempDir(), nameOf(1, hash))
	if err := os.Mkdir(dir, 0o755); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, ManifestName), text.Bytes(), 0o644); err != nil {
		b.Fatal(err)
	}
	s, err := Load(dir)
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name string
		size int
		do   func() error
	}{
		{"write", text.Len(), func() error {
			text.Reset()
			return m.encode(&text, inputs)
		}},
		{"read", head.Len(), func() error {
			_, err := Load(dir)
			return err
		}},
		{"inputs", len(lines[0]), func() error {
			lines, err := s.InputLines(0)
			if err == nil {
				_, err = ParseInputs(lines)
			}
			return err
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(c.size))
			b.ReportAllocs()
			for b.Loop() {
				if err := c.do(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
