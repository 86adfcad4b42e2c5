//go:build cgo && ((linux && (amd64 || arm64)) || (darwin && (amd64 || arm64)) || (windows && amd64))

package duck

import (
	"database/sql"
	"strings"
	"testing"

	"github.com/duckdb/duckdb-go/v2/mapping"

	"github.com/quern-data/quern/schema"
)

// open opens a session without a snapshot.
func open(t *testing.T) *Session {
	t.Helper()
	connector, err := newConnector()
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s := &Session{db: db, conn: conn}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// TestSchemaSQL has DuckDB make the tables of the schema.
func TestSchemaSQL(t *testing.T) {
	s := open(t)
	if err := s.Exec(t.Context(), schema.SQL(schema.Tables())); err != nil {
		t.Fatal(err)
	}
}

// TestSplitAsDuckDB compares where statements end with what DuckDB says.
func TestSplitAsDuckDB(t *testing.T) {
	var (
		db     mapping.Database
		conn   mapping.Connection
		config mapping.Config
		reason string
	)
	if mapping.CreateConfig(&config) == mapping.StateError || mapping.OpenExt("", &db, config, &reason) == mapping.StateError || mapping.Connect(db, &conn) == mapping.StateError {
		t.Fatal(reason)
	}
	defer mapping.DestroyConfig(&config)
	defer mapping.Close(&db)
	defer mapping.Disconnect(&conn)
	// Each of these is part of a statement at every place where a token may stand.
	pieces := []string{
		"1", "';'", `";"`, `"a"";"`, "'it''s;'", `E'\';'`, `'\'`, "$$;'$$", "$tag$;$$;$tag$", "$1", "x$y$", "-- ;'\n 2", "/* ;' */ 3",
		"/* /* ; */ ; */ 4", "é", "E'a' || 'b;'",
	}
	for _, a := range pieces {
		for _, b := range pieces {
			text := "SELECT " + a + "; SELECT " + a + " , " + b + ";;\n SELECT " + b
			var extracted mapping.ExtractedStatements
			want := int(mapping.ExtractStatements(conn, text, &extracted))
			why := mapping.ExtractStatementsError(extracted)
			mapping.DestroyExtracted(&extracted)
			statements, rest := Split(text)
			if want != 3 || len(statements) != 2 || rest == "" {
				t.Errorf("%s\nDuckDB finds %d statements %s; Split %q and %q", text, want, why, statements, rest)
			}
		}
	}
}

func TestQuery(t *testing.T) {
	s := open(t)
	for _, c := range []struct{ sql, want string }{
		{"SELECT NULL AS a, 'NULL' AS b, '' AS c", "<nil> NULL <>"},
		{"SELECT 1 AS a, 2 AS a -- two", "1 2"},
		{"SELECT [1, NULL], {'x': 'y'}, MAP {'k': 1.50}, DATE '2024-02-29', TIMESTAMPTZ '2024-02-29 12:00:00+02', 12345678901234567890123::HUGEINT", "[1, NULL] {'x': y} {k=1.50} 2024-02-29 2024-02-29 10:00:00+00 12345678901234567890123"},
		{"FROM range(5) t(i) ORDER BY i DESC LIMIT 3", "4 3 2"},
		{"DESCRIBE SELECT 1 AS a", "a INTEGER YES <nil> <nil> <nil>"},
		{"PRAGMA database_size", ""},
		{"CALL pragma_version()", ""},
		{"PIVOT (SELECT 1 AS a, 'x' AS b) ON b", "1 1"},
	} {
		if err := s.Exec(t.Context(), "SET TimeZone = 'UTC'"); err != nil {
			t.Fatal(err)
		}
		result, err := s.Query(t.Context(), c.sql, 0)
		if err != nil {
			t.Errorf("%s: %v", c.sql, err)
			continue
		}
		var got []string
		for _, row := range result.Rows {
			for _, cell := range row {
				switch {
				case !cell.Valid:
					got = append(got, "<nil>")
				case cell.String == "":
					got = append(got, "<>")
				default:
					got = append(got, cell.String)
				}
			}
		}
		if len(result.Rows) == 0 || c.want != "" && strings.Join(got, " ") != c.want {
			t.Errorf("%s: %q, want %q", c.sql, got, c.want)
		}
	}
	limited, err := s.Query(t.Context(), "FROM range(10)", 4)
	if err != nil || len(limited.Rows) != 4 || !limited.More {
		t.Errorf("4 of 10 rows: %+v, %v", limited, err)
	}
	whole, err := s.Query(t.Context(), "FROM range(4)", 4)
	if err != nil || len(whole.Rows) != 4 || whole.More {
		t.Errorf("4 of 4 rows: %+v, %v", whole, err)
	}
}
