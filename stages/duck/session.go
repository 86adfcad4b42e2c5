package duck

import (
	"bufio"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/quern-data/quern/schema"
	"github.com/quern-data/quern/stages/snapshot"
)

// ErrAbsent says that DuckDB is not part of the program.
var ErrAbsent = errors.New(`this quern was built without DuckDB. Either build it again with a C++ compiler, which make build then finds,
or ask the Parquet files with the duckdb command: duckdb -c "FROM 'OUT/current/labels/*.parquet'",
or stream a table to whatever reads it: quern cat OUT labels --format csv`)

// Options are the bounds of a session.
type Options struct {
	Threads int    // 0 is one a processor
	Memory  string // as DuckDB reads it, e.g. 2GB, 64MB or more; "" is 80% of the machine's
	Temp    string // folder for what does not fit into that
}

// OptionError says that DuckDB does not take an option.
type OptionError struct{ Err error }

func (e *OptionError) Error() string { return e.Err.Error() }

// Session is a database in memory, with views over a snapshot. It is not safe for
// concurrent use.
type Session struct {
	Views []View // in the order in which they are documented

	db   *sql.DB
	conn *sql.Conn
}

// Open starts a session over a snapshot. Nothing is fetched from a network, and
// nothing is kept.
func Open(ctx context.Context, from *snapshot.Snapshot, o Options) (*Session, error) {
	if !from.HasParquet() {
		return nil, fmt.Errorf("snapshot %s has its tables as Arrow files alone, and DuckDB reads Parquet: set output.format to both and run again, or pipe quern cat to it", from.ID)
	}
	connector, err := newConnector()
	if err != nil {
		return nil, err
	}
	s := &Session{db: sql.OpenDB(connector)}
	if err := s.start(ctx, from, o); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Session) start(ctx context.Context, from *snapshot.Snapshot, o Options) (err error) {
	if s.conn, err = s.db.Conn(ctx); err != nil {
		return err
	}
	// With one thread none is woken for each of the many statements that follow.
	settings := `SET threads = 1;
SET autoinstall_known_extensions = false;
SET autoload_known_extensions = false;
SET allow_persistent_secrets = false;
SET TimeZone = 'UTC';
SET temp_directory = ` + schema.SQLText(o.Temp) + ";"
	if err := s.Exec(ctx, settings); err != nil {
		return err
	}
	if o.Memory != "" {
		if err := s.Exec(ctx, "SET memory_limit = "+schema.SQLText(o.Memory)); err != nil {
			return &OptionError{err}
		}
		if enough, err := s.hasMemory(ctx); err != nil {
			return err
		} else if !enough {
			return &OptionError{fmt.Errorf("%s of memory is too little for DuckDB: give it %s or more", o.Memory, leastMemory)}
		}
	}
	if s.Views, err = tableViews(from); err != nil {
		return err
	}
	if err := s.create(ctx, s.Views); err != nil {
		return err
	}
	ready, err := s.readyViews(ctx, from)
	if err != nil {
		return err
	}
	s.Views = append(s.Views, ready...)
	if err := s.create(ctx, ready); err != nil {
		return err
	}
	if err := s.Exec(ctx, "SET threads = "+strconv.Itoa(cmp.Or(o.Threads, runtime.GOMAXPROCS(0)))); err != nil {
		return &OptionError{err}
	}
	return nil
}

// leastMemory is the memory with which questions of tables of some size end well.
const leastMemory = "64MB"

// hasMemory reports whether the memory that was set is leastMemory or more, which
// DuckDB calls 61.0 MiB. What it has no number for is no limit.
func (s *Session) hasMemory(ctx context.Context) (enough bool, err error) {
	row := s.conn.QueryRowContext(ctx, "SELECT coalesce(try(parse_formatted_bytes(current_setting('memory_limit'))) >= parse_formatted_bytes('61 MiB'), true)")
	return enough, row.Scan(&enough)
}

func (s *Session) create(ctx context.Context, views []View) error {
	var all strings.Builder
	for i := range views {
		all.WriteString(views[i].SQL())
	}
	return s.Exec(ctx, all.String())
}

// readyViews are the views made of the tables, for the layers of the taxonomies, and
// behind them those that no taxonomy lists.
func (s *Session) readyViews(ctx context.Context, from *snapshot.Snapshot) ([]View, error) {
	rows, err := s.conn.QueryContext(ctx, "SELECT layer FROM taxonomy")
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // Err has the error
	var layers []string
	for rows.Next() {
		var layer string
		if err := rows.Scan(&layer); err != nil {
			return nil, err
		}
		if !slices.Contains(layers, layer) {
			layers = append(layers, layer)
		}
	}
	for _, layer := range slices.Sorted(maps.Keys(from.Counts.LabelsByLayer)) {
		if !slices.Contains(layers, layer) {
			layers = append(layers, layer)
		}
	}
	return readyViews(layers), rows.Err()
}

// Close ends the session.
func (s *Session) Close() error {
	var err error
	if s.conn != nil {
		err = s.conn.Close()
	}
	return errors.Join(err, s.db.Close())
}

// Exec runs statements for what they do.
func (s *Session) Exec(ctx context.Context, statements string) error {
	_, err := s.conn.ExecContext(ctx, statements)
	return err
}

// statement is what DuckDB says of a statement before it runs.
type statement struct {
	selects  bool // rows of a table, and not for example a plan
	explains bool
	numeric  []bool // whether a column is of numbers
}

// Result is what a statement returned, as DuckDB writes it in text.
type Result struct {
	Columns []string
	Numeric []bool // whether a column is of numbers
	Rows    [][]sql.NullString
	More    bool // whether there are more rows
	Selects bool // whether it is that of a query, be it without rows
	Plan    bool // whether it is a plan: text of many lines in the last column
}

// Query runs a statement, and returns at most limit rows, all if it is 0. For a
// statement that returns nothing, such as SET, the result has no rows.
func (s *Session) Query(ctx context.Context, query string, limit int) (*Result, error) {
	about, err := describe(ctx, s.conn, query)
	if err != nil {
		return nil, err
	}
	result := &Result{Numeric: about.numeric, Selects: about.selects, Plan: about.explains}
	if about.selects {
		// DuckDB knows best how its values are written, so it writes them.
		text := "SELECT CAST(COLUMNS(*) AS VARCHAR) FROM (\n" + query + "\n)"
		if limit > 0 {
			text += " LIMIT " + strconv.Itoa(limit+1)
		}
		// PRAGMA selects too, and cannot stand in brackets.
		if _, err := describe(ctx, s.conn, text); err == nil {
			if err := s.read(ctx, text, result); err != nil {
				return nil, withoutFirstLine(err)
			}
			if limit > 0 && len(result.Rows) > limit {
				result.Rows, result.More = result.Rows[:limit], true
			}
			return result, nil
		}
	}
	return result, s.read(ctx, query, result)
}

func (s *Session) read(ctx context.Context, query string, result *Result) error {
	rows, err := s.conn.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // Err has the error
	if result.Columns, err = rows.Columns(); err != nil {
		return err
	}
	values := make([]any, len(result.Columns))
	for rows.Next() {
		row := make([]sql.NullString, len(values))
		for i := range values {
			values[i] = new(any)
		}
		if err := rows.Scan(values...); err != nil {
			return err
		}
		for i := range values {
			if v := *values[i].(*any); v != nil {
				row[i] = sql.NullString{String: fmt.Sprint(v), Valid: true}
			}
		}
		result.Rows = append(result.Rows, row)
	}
	return rows.Err()
}

// Format is a format of files that rows are written in.
type Format string

// The formats.
const (
	CSV     Format = "csv"     // with a head, quoted as RFC 4180 says; NULL is empty, the empty text is "", as is NULL in one column
	JSON    Format = "json"    // an array of objects
	Parquet Format = "parquet" // compressed by zstd
)

var copyOptions = map[Format]string{
	CSV:     "FORMAT csv, HEADER true",
	JSON:    "FORMAT json, ARRAY true",
	Parquet: "FORMAT parquet, COMPRESSION zstd",
}

// corrections are what is done to files that DuckDB wrote.
var corrections = map[Format]func(io.ByteReader, *bufio.Writer) error{CSV: withCRLF, JSON: withoutNaN}

// ErrNoRows says that a statement is no query, so that there is nothing to write
// into a file.
var ErrNoRows = errors.New("only the rows of a query can be written as CSV, JSON or Parquet, and this statement is none: begin it with FROM or SELECT, as in FROM pragma_table_info('labels'), or leave --format out")

// Copy writes the rows that a query returns to a file that must not exist.
func (s *Session) Copy(ctx context.Context, query string, format Format, file string) error {
	about, err := describe(ctx, s.conn, query)
	if err != nil {
		return err
	}
	if !about.selects {
		return ErrNoRows
	}
	// PRAGMA selects too, and cannot stand in brackets.
	from := "FROM (\n" + query + "\n)"
	if _, err := describe(ctx, s.conn, from); err != nil {
		return ErrNoRows
	}
	to, filter := file, corrections[format]
	if filter != nil {
		to += ".raw"
	}
	if err := s.Exec(ctx, fmt.Sprintf("COPY (%s) TO %s (%s)", from, schema.SQLText(to), copyOptions[format])); err != nil {
		return withoutFirstLine(err)
	}
	if filter == nil {
		return nil
	}
	return errors.Join(correct(to, file, filter), os.Remove(to))
}

// where is the head of the line of a query that DuckDB shows in an error.
var where = regexp.MustCompile(`(?m)^LINE (\d+): .*\n *\^`)

// withoutFirstLine is the error of a statement in which a line was put before what
// the user wrote, as if it had not been.
func withoutFirstLine(err error) error {
	text := err.Error()
	shifted := where.ReplaceAllStringFunc(text, func(place string) string {
		number := where.FindStringSubmatch(place)[1]
		n, _ := strconv.Atoi(number)
		before := strconv.Itoa(n - 1)
		place = strings.Replace(place, "LINE "+number, "LINE "+before, 1)
		if len(before) < len(number) {
			place = place[:len(place)-2] + "^"
		}
		return place
	})
	if shifted == text {
		return err
	}
	return &placedError{err, shifted}
}

// placedError is an error that names another line.
type placedError struct {
	err  error
	text string
}

func (e *placedError) Error() string { return e.text }
func (e *placedError) Unwrap() error { return e.err }
