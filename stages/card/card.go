package card

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/sink"
	"github.com/quern-data/quern/stages/snapshot"
)

// Names of the files.
const (
	ReadmeName    = "README.md"
	CroissantName = "croissant.json"
)

// Facts are what the files are made of.
type Facts struct {
	// Manifest is that of the snapshot, complete but for its files.
	Manifest *snapshot.Manifest
	Dataset  config.Dataset
	// Corpora and Taxonomies are in the order of the manifest's corpora.
	Corpora    []config.Corpus
	Taxonomies []*config.Taxonomy
}

// Files are README.md and croissant.json.
func (f *Facts) Files() ([]snapshot.Attachment, error) {
	croissant, err := f.croissant()
	if err != nil {
		return nil, err
	}
	return []snapshot.Attachment{{Name: ReadmeName, Content: f.readme()}, {Name: CroissantName, Content: croissant}}, nil
}

// title is that of the configuration, or the names of the corpora, on one line.
func (f *Facts) title() string {
	if title := oneLine(f.Dataset.Title); title != "" {
		return title
	}
	var names []string
	for i := range f.Corpora {
		names = append(names, f.Corpora[i].Name)
	}
	return strings.Join(names, ", ")
}

// description is that of the configuration, or what the numbers say.
func (f *Facts) description() string {
	if text := strings.TrimSpace(f.Dataset.Description); text != "" {
		return text
	}
	var names []string
	for i := range f.Corpora {
		names = append(names, f.Corpora[i].Name)
	}
	c := &f.Manifest.Counts
	return fmt.Sprintf("Annotated text of %s as tables: %s, %s, %s.", strings.Join(names, ", "),
		count(int64(c.Written), "document", "documents"), count(int64(c.Sentences), "sentence", "sentences"),
		count(int64(c.Labels), "label on them", "labels on them"))
}

// licence is one that a part of the dataset is under.
type licence struct {
	id   string // SPDX, config.OtherLicence, or "" where nothing is known
	name string // of another one
	url  string // where it can be read, "" if that is not known
}

func licenceOf(id, name, url string) licence {
	if id != "" && id != config.OtherLicence {
		return licence{id, id, "https://spdx.org/licenses/" + id + ".html"}
	}
	return licence{id, oneLine(name), url}
}

// licences are those of the dataset, or else of its corpora, each once. Where nothing
// is known of one of several corpora, that is one of them.
func (f *Facts) licences() []licence {
	if d := &f.Dataset; d.Licence != "" {
		return []licence{licenceOf(d.Licence, d.LicenceName, d.LicenceURL)}
	}
	var all []licence
	for i := range f.Corpora {
		c := &f.Corpora[i]
		if l := licenceOf(c.Licence, c.LicenceName, c.LicenceURL); !slices.Contains(all, l) {
			all = append(all, l)
		}
	}
	return all
}

// citations are that of the dataset, or else those of its corpora, each once.
func (f *Facts) citations() []string {
	if text := strings.TrimSpace(f.Dataset.Citation); text != "" {
		return []string{text}
	}
	var all []string
	for i := range f.Corpora {
		if text := strings.TrimSpace(f.Corpora[i].Citation); text != "" && !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	return all
}

// defaultTable is the one that is meant where none is named: it has the text and,
// beside it, the labels.
const defaultTable = "sentences"

// table is a table with its Parquet parts, and the columns that these have.
type table struct {
	schema.Table
	// folders are the columns that its parts lack: the names of their folders have
	// them.
	folders []schema.Column
	parts   []sink.Part
	rows    int64
}

// tables are those that have Parquet parts, those first that most readers want.
func (f *Facts) tables() []table {
	var all []table
	for _, t := range schema.Tables() {
		one := table{Table: t.Without(f.Manifest.Dropped())}
		for _, c := range t.Columns {
			if !slices.ContainsFunc(one.Columns, func(in schema.Column) bool { return in.Name == c.Name }) {
				one.folders = append(one.folders, c)
			}
		}
		for _, p := range f.Manifest.Parts() {
			if p.Table == t.Name && path.Ext(p.Path) == ".parquet" {
				one.parts, one.rows = append(one.parts, p), one.rows+p.Rows
			}
		}
		if len(one.parts) > 0 {
			all = append(all, one)
		}
	}
	rank := []string{defaultTable, "labels", "documents"}
	slices.SortStableFunc(all, func(a, b table) int { return place(rank, a.Name) - place(rank, b.Name) })
	return all
}

func place(list []string, s string) int {
	if i := slices.Index(list, s); i >= 0 {
		return i
	}
	return len(list)
}

// patterns are globs that fit all parts of the table and nothing else. Where the
// table is partitioned, its folders are as deep as there are columns that name them.
func (t *table) patterns() []string {
	found := map[string]bool{}
	for _, p := range t.parts {
		depth := strings.Count(p.Path, "/") - 1
		found[t.Name+"/"+strings.Repeat("*/", depth)+"part-*.parquet"] = true
	}
	return slices.Sorted(maps.Keys(found))
}

// digest is a SHA-256 of the names of the parts and what they hold.
func (t *table) digest() string {
	h := sha256.New()
	for _, p := range t.parts {
		fmt.Fprintf(h, "%s %s\n", p.SHA256, p.Path)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// partitioned reports whether the parts lie in folders of the table's folder.
func (t *table) partitioned() bool { return strings.Count(t.parts[0].Path, "/") > 1 }
