package schema

import "encoding/json"

// Keys of the metadata of tables, in Parquet and in Arrow.
const (
	VersionKey  = "quern.schema_version"
	TableKey    = "quern.table"
	ColumnsKey  = "quern.columns"  // a Column each, as JSON
	TaxonomyKey = "quern.taxonomy" // the taxonomies of the rows, by corpus, as JSON
	// CreatorKey is what wrote an Arrow file; Parquet has a place of its own for it.
	CreatorKey = "quern.created_by"
	// SparkKey is where Spark looks for its StructType.
	SparkKey = "org.apache.spark.sql.parquet.row.metadata"
)

// Keys of the metadata of columns, in Arrow and in Spark. Spark shows the first as
// the column's comment.
const (
	CommentKey = "comment"
	UnitKey    = "unit"
)

// MarshalJSON documents the column, with the fields of the structs that it holds.
func (c Column) MarshalJSON() ([]byte, error) {
	holds := c.Type
	if holds.Elem != nil {
		holds = *holds.Elem
	}
	return json.Marshal(struct {
		Name     string   `json:"name"`
		Type     string   `json:"type"`
		Nullable bool     `json:"nullable"`
		Unit     string   `json:"unit,omitempty"`
		Doc      string   `json:"doc"`
		Fields   []Column `json:"fields,omitempty"`
	}{c.Name, c.Type.String(), c.Nullable, c.Unit, c.Doc, holds.Fields})
}
