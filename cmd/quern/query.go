package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/quern-data/quern/stages/duck"
	"github.com/quern-data/quern/stages/snapshot"
)

// errInterrupted says that a command was interrupted that publishes nothing anyway.
var errInterrupted = errors.New("interrupted")

const tableFormat = "table"

func newQueryCommand() *cobra.Command {
	var (
		q    query
		file string
	)
	cmd := &cobra.Command{
		Use:   "query OUT [SQL]",
		Short: "Ask the tables a question in SQL",
		Long: `Query runs SQL over the current snapshot, or over the snapshot whose folder is given, in a
DuckDB that is part of the program: in memory, without a network, and without a change
to the snapshot. The tables are views, and beside them are

  sentences_wide      sentences, with a column for each layer
  label_counts        how often each label was assigned, by polarity
  cooccurrence        which labels stand on one sentence
  polarity_by_section how each section is judged
  repairs_by_rule     which repairs were made, with an example
  relation_texts      relations, with the text at each end

docs/queries.md documents them, and so does DESCRIBE. Of several statements the rows of
the last one are printed. Without SQL, statements are read from standard input, and typed
at a prompt if that is a terminal.` + absentNote(),
		Example: `  quern query out "SELECT decision, count(*) FROM documents GROUP BY ALL"
  quern query out "FROM label_counts WHERE layer = 'aspect'" --format csv -o aspects.csv
  quern query out -f report.sql
  quern query out`,
		Args: usageArgs(cobra.RangeArgs(1, 2)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := q.check(cmd); err != nil {
				return err
			}
			sql, err := sqlSource{args: args[1:], file: file, in: cmd.InOrStdin()}.read()
			if err != nil {
				return err
			}
			err = q.run(cmd, args[0], sql)
			if file != "" && file != "-" && isStatementError(err) {
				err = fmt.Errorf("%s: %w", file, err)
			}
			return err
		},
	}
	cmd.Flags().StringVarP(&file, "file", "f", "", "read the SQL from a file, - for standard input")
	cmd.Flags().StringVar(&q.format, "format", tableFormat, "table, csv, json or parquet")
	cmd.Flags().StringVarP(&q.out, "output", "o", "", "write to a file, which is replaced once the query is done")
	cmd.Flags().IntVar(&q.rows, "rows", 1000, "how many rows of a table are shown at most; 0 is all, which are held in memory")
	q.addFlags(cmd)
	return cmd
}

// absentNote says in the help what a program without DuckDB cannot do.
func absentNote() string {
	if duck.Available {
		return ""
	}
	return "\n\nNot here: " + duck.ErrAbsent.Error() + "."
}

// duckFlags are the bounds of DuckDB.
type duckFlags struct {
	threads int
	memory  string
}

func (f *duckFlags) addFlags(cmd *cobra.Command) {
	cmd.Flags().IntVar(&f.threads, "threads", 0, "threads at work; 0 is one a processor")
	cmd.Flags().StringVar(&f.memory, "memory", "", "memory to use, e.g. 2GB, before temporary files are, 64MB or more; without it 80% of the machine's")
}

// maxThreads is more than is of use, and no more than a system has.
const maxThreads = 1024

func (f *duckFlags) check() error {
	if f.threads < 0 || f.threads > maxThreads {
		return usageError{fmt.Errorf("--threads is %d, and must be from 1 to %s, or 0 for one a processor", f.threads, thousands(maxThreads))}
	}
	return nil
}

// query is what the flags of quern query say.
type query struct {
	duckFlags
	format string
	out    string
	rows   int
}

func (q *query) check(cmd *cobra.Command) error {
	if err := q.duckFlags.check(); err != nil {
		return err
	}
	if q.rows < 0 {
		return usageError{fmt.Errorf("--rows is %d, and must be 0 or more", q.rows)}
	}
	if cmd.Flags().Changed("rows") && q.format != tableFormat {
		return usageError{fmt.Errorf("--rows is for tables, and --format is %s: say LIMIT in the SQL", q.format)}
	}
	if !slices.Contains([]string{tableFormat, string(duck.CSV), string(duck.JSON), string(duck.Parquet)}, q.format) {
		return usageError{fmt.Errorf("--format is %q, and must be table, csv, json or parquet", q.format)}
	}
	if q.format == string(duck.Parquet) && !cmd.Flags().Changed("output") && isTerminal(cmd.OutOrStdout()) {
		return usageError{errors.New("a terminal does not show Parquet: give a file with -o, or redirect the output")}
	}
	return nil
}

// sqlSource is where the statements come from.
type sqlSource struct {
	args []string
	file string
	in   io.Reader
}

// read is the SQL, nil if it is to be typed.
func (s sqlSource) read() (*string, error) {
	switch {
	case len(s.args) > 0 && s.file != "":
		return nil, usageError{errors.New("give SQL, or a file with -f, not both")}
	case len(s.args) > 0:
		return &s.args[0], nil
	case s.file == "" && isTerminal(s.in):
		return nil, nil
	}
	var (
		text []byte
		err  error
	)
	if s.file == "" || s.file == "-" {
		text, err = io.ReadAll(s.in)
	} else {
		text, err = os.ReadFile(s.file)
	}
	if err != nil {
		return nil, usageError{err}
	}
	sql := string(text)
	return &sql, nil
}

// run asks the snapshot in dir, or shows the prompt if sql is nil.
func (q *query) run(cmd *cobra.Command, dir string, sql *string) error {
	var statements []string
	if sql != nil {
		var rest string
		statements, rest = duck.Split(*sql)
		if rest != "" {
			statements = append(statements, rest)
		}
		if len(statements) == 0 {
			return usageError{errors.New("there is no SQL: give it behind the folder, with -f, or on standard input")}
		}
	} else if cmd.Flags().Changed("output") || q.format == string(duck.Parquet) {
		return usageError{errors.New("-o and Parquet want SQL: give it behind the folder, with -f, or on standard input")}
	}
	var to *target
	if cmd.Flags().Changed("output") {
		var err error
		if to, err = findTarget(q.out, true); err != nil {
			return err
		}
	}
	return q.withSession(cmd.Context(), dir, func(ctx context.Context, s *duckSession) error {
		if sql == nil {
			return newPrompt(cmd, q, s).run(ctx)
		}
		last := len(statements) - 1
		for _, statement := range statements[:last] {
			if err := s.Exec(ctx, statement); err != nil {
				return statementError{err}
			}
		}
		if to == nil {
			return q.answer(ctx, s, statements[last], cmd.OutOrStdout())
		}
		return q.save(ctx, s, statements[last], to)
	})
}

// statementError is an error of a statement, and not of what surrounds it.
type statementError struct{ err error }

func (e statementError) Error() string { return e.err.Error() }
func (e statementError) Unwrap() error { return e.err }

func isStatementError(err error) bool { return errors.As(err, new(statementError)) }

// duckSession is a session over a snapshot, with a folder for temporary files.
type duckSession struct {
	*duck.Session
	snapshot *snapshot.Snapshot
	temp     string
}

// withSession works on a snapshot with DuckDB. The temporary files are removed when
// the work ends, and already when it is interrupted: it may not end in time.
func (f *duckFlags) withSession(ctx context.Context, dir string, work func(context.Context, *duckSession) error) (err error) {
	if !duck.Available {
		return duck.ErrAbsent
	}
	from, err := loadSnapshot(dir)
	if err != nil {
		return err
	}
	temp, err := os.MkdirTemp("", "quern-query-")
	if err != nil {
		return err
	}
	remove := removeAfter(ctx, temp)
	defer func() {
		err = errors.Join(err, remove())
		if ctx.Err() != nil {
			err = errInterrupted
		}
	}()
	session, err := duck.Open(ctx, from, duck.Options{Threads: f.threads, Memory: f.memory, Temp: filepath.Join(temp, "spill")})
	if err != nil {
		if option := new(duck.OptionError); errors.As(err, &option) {
			return usageError{err}
		}
		return err
	}
	err = work(ctx, &duckSession{session, from, temp})
	return errors.Join(err, session.Close())
}

// answer prints the rows of a statement.
func (q *query) answer(ctx context.Context, s *duckSession, statement string, w io.Writer) error {
	if q.format == tableFormat {
		result, err := s.Query(ctx, statement, q.rows)
		if err != nil {
			return statementError{err}
		}
		return printResult(w, result, terminalWidth(w))
	}
	file := filepath.Join(s.temp, "result")
	if err := s.Copy(ctx, statement, duck.Format(q.format), file); err != nil {
		return statementError{err}
	}
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, f)
	return errors.Join(err, f.Close(), os.Remove(file))
}

// save writes the rows of a statement to the file of -o.
func (q *query) save(ctx context.Context, s *duckSession, statement string, to *target) error {
	return to.write(ctx, func(file string) error {
		if q.format != tableFormat {
			if err := s.Copy(ctx, statement, duck.Format(q.format), file); err != nil {
				return statementError{err}
			}
			return nil
		}
		result, err := s.Query(ctx, statement, q.rows)
		if err != nil {
			return statementError{err}
		}
		f, err := os.Create(file)
		if err != nil {
			return err
		}
		return errors.Join(printResult(f, result, 0), f.Close())
	})
}

// terminalFile is the terminal that a stream leads to, nil if it leads elsewhere.
func terminalFile(stream any) *os.File {
	if checked, ok := stream.(*checkedWriter); ok {
		stream = checked.w
	}
	if f, ok := stream.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return f
	}
	return nil
}

func isTerminal(stream any) bool { return terminalFile(stream) != nil }

// terminalWidth is how many columns a terminal has, 0 for what is none.
func terminalWidth(stream any) int {
	f := terminalFile(stream)
	if f == nil {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width == 0 {
		return 80
	}
	return width
}
