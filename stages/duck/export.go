package duck

import (
	"context"
	"fmt"
	"strings"

	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/snapshot"
)

// keys are the constraints of an exported table. DuckDB keeps an index for each, so
// there are those whose lookups are worth it: docs/queries.md has the measurements.
var keys = map[string][]string{
	"documents": {"PRIMARY KEY (document_id)"},
	"sentences": {"PRIMARY KEY (sentence_id)", "FOREIGN KEY (document_id) REFERENCES documents (document_id)"},
	"labels":    {"FOREIGN KEY (document_id) REFERENCES documents (document_id)"},
	"relations": {"PRIMARY KEY (document_id, relation_index)", "FOREIGN KEY (document_id) REFERENCES documents (document_id)"},
	"taxonomy":  {"PRIMARY KEY (corpus, layer, label)"},
}

// metadata is the table that says what was exported.
var metadata = schema.Table{
	Name: "metadata", Doc: "What the tables were exported from.",
	Columns: []schema.Column{
		{Name: "key", Type: text, Doc: "snapshot, schema_version, tool_version, output_version or config_hash."},
		{Name: "value", Type: text, Doc: "Its value, as the manifest of the snapshot has it."},
	},
}

// Names of the databases while one is made.
const (
	target = "target"
	memory = "memory"
)

// Export writes the snapshot that the session was opened over to a new database
// file: tables, keys, views and comments.
func (s *Session) Export(ctx context.Context, from *snapshot.Snapshot, file string) error {
	if err := s.Exec(ctx, "ATTACH "+schema.SQLText(file)+" AS "+target+"; USE "+target); err != nil {
		return err
	}
	for _, t := range schema.Tables() {
		if err := s.exportTable(ctx, t, from.Counts.Rows[t.Name]); err != nil {
			return err
		}
	}
	var rest strings.Builder
	rest.WriteString(schema.CreateTable(metadata, "PRIMARY KEY (key)") + schema.Comments("TABLE", metadata))
	for _, row := range [][2]string{
		{"snapshot", from.ID},
		{"schema_version", from.SchemaVersion},
		{"tool_version", from.ToolVersion},
		{"output_version", from.OutputVersion},
		{"config_hash", from.ConfigHash},
	} {
		fmt.Fprintf(&rest, "INSERT INTO metadata VALUES (%s, %s);\n", schema.SQLText(row[0]), schema.SQLText(row[1]))
	}
	for i := len(schema.Tables()); i < len(s.Views); i++ {
		rest.WriteString(s.Views[i].SQL())
	}
	fmt.Fprintf(&rest, "CHECKPOINT %s; USE %s; DETACH %s", target, memory, target)
	return s.Exec(ctx, rest.String())
}

// exportTable copies a table of which the manifest says how many rows it has.
func (s *Session) exportTable(ctx context.Context, t schema.Table, rows int64) error {
	err := s.Exec(ctx, schema.CreateTable(t, keys[t.Name]...)+schema.Comments("TABLE", t))
	if err != nil {
		return err
	}
	result, err := s.conn.ExecContext(ctx, fmt.Sprintf("INSERT INTO %s FROM %s.main.%s", t.Name, memory, t.Name))
	if err != nil {
		return err
	}
	got, err := result.RowsAffected()
	if err == nil && got != rows {
		err = fmt.Errorf("the table %s has %d rows, and the manifest says %d: quern verify tells what is wrong with the snapshot", t.Name, got, rows)
	}
	return err
}
