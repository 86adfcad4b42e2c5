//go:build !cgo || !((linux && (amd64 || arm64)) || (darwin && (amd64 || arm64)) || (windows && amd64))

package duck

import (
	"context"
	"database/sql"
	"database/sql/driver"
)

// Available says whether DuckDB is part of the program.
const Available = false

func newConnector() (driver.Connector, error) { return nil, ErrAbsent }

func describe(context.Context, *sql.Conn, string) (statement, error) { return statement{}, ErrAbsent }
