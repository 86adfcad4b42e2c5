//go:build cgo && ((linux && (amd64 || arm64)) || (darwin && (amd64 || arm64)) || (windows && amd64))

package duck

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"slices"

	duckdb "github.com/duckdb/duckdb-go/v2"
)

// Available says whether DuckDB is part of the program.
const Available = true

// newConnector opens a database in memory.
func newConnector() (driver.Connector, error) { return duckdb.NewConnector("", nil) }

// numeric are the types that are set flush right.
var numeric = []duckdb.Type{
	duckdb.TYPE_TINYINT, duckdb.TYPE_SMALLINT, duckdb.TYPE_INTEGER, duckdb.TYPE_BIGINT, duckdb.TYPE_HUGEINT,
	duckdb.TYPE_UTINYINT, duckdb.TYPE_USMALLINT, duckdb.TYPE_UINTEGER, duckdb.TYPE_UBIGINT, duckdb.TYPE_UHUGEINT,
	duckdb.TYPE_FLOAT, duckdb.TYPE_DOUBLE, duckdb.TYPE_DECIMAL, duckdb.TYPE_BIGNUM,
}

// describe prepares a statement, and runs nothing.
func describe(ctx context.Context, conn *sql.Conn, query string) (statement, error) {
	var s statement
	err := conn.Raw(func(raw any) error {
		prepared, err := raw.(*duckdb.Conn).PrepareContext(ctx, query)
		if err != nil {
			return err
		}
		defer prepared.Close() //nolint:errcheck // it has no more to say
		stmt := prepared.(*duckdb.Stmt)
		kind, err := stmt.StatementType()
		if err != nil {
			return err
		}
		s.selects = kind == duckdb.STATEMENT_TYPE_SELECT
		s.explains = kind == duckdb.STATEMENT_TYPE_EXPLAIN
		columns, err := stmt.ColumnCount()
		if err != nil {
			return err
		}
		for i := range columns {
			t, err := stmt.ColumnType(i)
			if err != nil {
				return err
			}
			s.numeric = append(s.numeric, slices.Contains(numeric, t))
		}
		return nil
	})
	return s, err
}
