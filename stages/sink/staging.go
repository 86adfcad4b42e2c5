package sink

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/schema"
)

// File names in an output folder.
const (
	ManifestName = "_manifest.json"
	SuccessName  = "_SUCCESS"
)

// Staging is an output folder in the making. It stands beside the place where
// it is to appear, under a name that no reader looks for.
type Staging struct {
	target string
	dir    string
	o      Options
}

// Stage starts an output that Publish will put at target. It fails if something
// stands there that is no output of Quern, which publishing would destroy.
func Stage(target string, o Options) (*Staging, error) {
	if real, err := filepath.EvalSymlinks(target); err == nil {
		target = real // a link to the output stays one
	}
	if err := replaceable(target); err != nil {
		return nil, err
	}
	parent := filepath.Dir(target)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(parent, "."+filepath.Base(target)+".tmp-*")
	if err != nil {
		return nil, err
	}
	s := &Staging{target, dir, o}
	if err := os.Chmod(dir, 0o755); err != nil {
		return nil, errors.Join(err, s.Discard())
	}
	for _, t := range schema.Tables() {
		if err := os.Mkdir(filepath.Join(dir, t.Name), 0o755); err != nil {
			return nil, errors.Join(err, s.Discard())
		}
	}
	return s, nil
}

func replaceable(target string) error {
	entries, err := os.ReadDir(target)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case len(entries) == 0:
		return nil
	}
	var m Manifest
	text, err := os.ReadFile(filepath.Join(target, ManifestName))
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	if err != nil || m.OutputVersion == "" {
		return fmt.Errorf("%s holds files that Quern did not write (it has no %s of a run): choose another output folder, or empty this one",
			target, ManifestName)
	}
	ours := map[string]bool{ManifestName: true, SuccessName: true}
	for _, p := range m.Parts {
		ours[p.Path] = true
	}
	return filepath.WalkDir(target, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		name, err := filepath.Rel(target, path)
		if err == nil && !ours[filepath.ToSlash(name)] {
			err = fmt.Errorf("%s was not written by Quern, and would be lost: move it, or choose another output folder", path)
		}
		return err
	})
}

// Shard starts the parts with the given number, for documents of a corpus.
func (s *Staging) Shard(number int, corpus *config.Corpus) (*Shard, error) {
	return newShard(s.dir, number, corpus.Normalize.UTF16, s.o)
}

// Taxonomies writes the table taxonomy.
func (s *Staging) Taxonomies(corpora []config.Corpus, taxonomies []*config.Taxonomy) (Part, error) {
	return writeTaxonomies(s.dir, corpora, taxonomies, s.o)
}

// Publish writes the manifest and makes the output visible at its target. What
// stood there before is gone afterwards. Where the system can exchange two names,
// as Linux can, readers see the old or the new; elsewhere, between two renames
// and for a moment, neither.
func (s *Staging) Publish(m *Manifest) error {
	if err := m.write(filepath.Join(s.dir, ManifestName)); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(s.dir, SuccessName), nil, 0o644); err != nil {
		return err
	}
	if _, err := os.Lstat(s.target); errors.Is(err, fs.ErrNotExist) {
		return os.Rename(s.dir, s.target)
	}
	if err := exchange(s.dir, s.target); err == nil {
		return nil // Discard removes the old one
	}
	old := s.dir + ".old"
	if err := os.Rename(s.target, old); err != nil {
		return err
	}
	if err := os.Rename(s.dir, s.target); err != nil {
		return errors.Join(err, os.Rename(old, s.target))
	}
	s.dir = old
	return nil
}

// Discard removes what was staged, or after Publish what it replaced.
func (s *Staging) Discard() error { return os.RemoveAll(s.dir) }

// Manifest describes a complete output. It holds nothing that differs from one
// run over the same input to the next: no time, no host, no absolute path.
type Manifest struct {
	SchemaVersion string           `json:"schema_version"`
	ToolVersion   string           `json:"tool_version"`
	OutputVersion string           `json:"output_version"`
	ConfigHash    string           `json:"config_hash"`
	Corpora       []CorpusManifest `json:"corpora"`
	Counts        Counts           `json:"counts"`
	Parts         []Part           `json:"parts"`
	Inputs        []Input          `json:"inputs"`
}

// CorpusManifest says what became of the files of a corpus. Found is the sum of
// Written, Refused, Twins and the values of Ignored.
type CorpusManifest struct {
	Name         string         `json:"name"`
	TaxonomyHash string         `json:"taxonomy_hash"`
	Found        int            `json:"files_found"`
	Written      int            `json:"documents_written"`
	Refused      int            `json:"documents_refused"`
	Twins        int            `json:"raw_twins"`
	Ignored      map[string]int `json:"files_ignored"`
}

// Counts are rows by table, diagnostics by code, sentences by alignment, and what
// the texts consist of, in bytes.
type Counts struct {
	Rows        map[string]int64         `json:"rows"`
	Diagnostics map[string]int           `json:"diagnostics"`
	Alignments  map[schema.Alignment]int `json:"alignments"`
	Coverage    schema.Coverage          `json:"coverage_bytes"`
}

// Input is one document that was read or refused.
type Input struct {
	Corpus string `json:"corpus"`
	Path   string `json:"path"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256,omitempty"` // empty if it could not be read
	// RawPath and RawSHA256 are those of its twin, if there is one.
	RawPath   string `json:"raw_path,omitempty"`
	RawSHA256 string `json:"raw_sha256,omitempty"`
	Refused   bool   `json:"refused,omitempty"`
}

// write writes the manifest, a line for each input, so that tools that look at
// lines can compare two of them.
func (m *Manifest) write(path string) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriterSize(f, fileBuffer)
	head := *m
	head.Inputs = []Input{}
	text, err := json.MarshalIndent(head, "", "  ")
	if err != nil {
		return err
	}
	before, found := strings.CutSuffix(string(text), "[]\n}")
	if !found {
		return errors.New("the manifest does not end with its inputs")
	}
	_, _ = w.WriteString(before + "[")
	for i := range m.Inputs {
		line, err := json.Marshal(&m.Inputs[i])
		if err != nil {
			return err
		}
		separator := ",\n    "
		if i == 0 {
			separator = "\n    "
		}
		_, _ = w.WriteString(separator)
		_, _ = w.Write(line)
	}
	_, _ = w.WriteString("\n  ]\n}\n")
	return w.Flush()
}
