package records

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/apache/arrow/go/v17/parquet/file"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/guard"
	"github.com/quern-data/quern/stages/sink"
	"github.com/quern-data/quern/stages/snapshot"
)

// Taxonomies are those of a snapshot by corpus, as they stand in the metadata of the
// table taxonomy.
func Taxonomies(s *snapshot.Snapshot) (map[string]*config.Taxonomy, error) {
	p := s.Taxonomy
	if !s.HasParquet() {
		p = s.ArrowTaxonomy
	}
	f, err := openFile(s.Dir, p)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var found map[string]*config.Taxonomy
	err = guard.Safely(func() error {
		text, err := taxonomyText(f, p)
		if err != nil {
			return err
		}
		if text == nil {
			return fmt.Errorf("its metadata lacks %s: quern run makes the tables anew, with it", schema.TaxonomyKey)
		}
		return json.Unmarshal([]byte(*text), &found)
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", schema.Printable(p.Path), err)
	}
	return found, nil
}

// taxonomyText is what stands in the metadata of a file, nil if there is nothing.
func taxonomyText(f *os.File, p sink.Part) (*string, error) {
	if filepath.Ext(p.Path) != arrowExt {
		r, err := file.NewParquetReader(f)
		if err != nil {
			return nil, err
		}
		return r.MetaData().KeyValueMetadata().FindValue(schema.TaxonomyKey), nil
	}
	if err := sound(f, p.SHA256); err != nil {
		return nil, err
	}
	r, err := openArrow(f, p.Bytes)
	if err != nil {
		return nil, err
	}
	text, ok := r.reader.Schema().Metadata().GetValue(schema.TaxonomyKey)
	if !ok {
		return nil, nil
	}
	return &text, nil
}
