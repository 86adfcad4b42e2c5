package records

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/apache/arrow/go/v17/parquet/file"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/snapshot"
)

// Taxonomies are those of a snapshot by corpus, as they stand in the metadata of the
// table taxonomy.
func Taxonomies(s *snapshot.Snapshot) (map[string]*config.Taxonomy, error) {
	path := filepath.FromSlash(s.Taxonomy.Path)
	if !filepath.IsLocal(path) {
		return nil, errOutside
	}
	f, err := os.Open(filepath.Join(s.Dir, path))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var found map[string]*config.Taxonomy
	err = safely(func() error {
		r, err := file.NewParquetReader(f)
		if err != nil {
			return err
		}
		text := r.MetaData().KeyValueMetadata().FindValue(schema.TaxonomyKey)
		if text == nil {
			return fmt.Errorf("its metadata lacks %s: quern run makes the tables anew, with it", schema.TaxonomyKey)
		}
		return json.Unmarshal([]byte(*text), &found)
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", schema.Printable(s.Taxonomy.Path), err)
	}
	return found, nil
}
