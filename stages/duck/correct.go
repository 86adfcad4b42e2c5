package duck

import (
	"bufio"
	"errors"
	"io"
	"os"
)

// correct copies a file that DuckDB wrote, with what the format's standard says and
// DuckDB does not do.
func correct(from, to string, filter func(io.ByteReader, *bufio.Writer) error) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	w := bufio.NewWriterSize(out, 1<<20)
	if err := filter(bufio.NewReaderSize(in, 1<<20), w); err != nil {
		return err
	}
	return w.Flush()
}

// withCRLF ends records of CSV as RFC 4180 says, and as quern cat does. An empty line,
// which is NULL in CSV of one column, becomes two quotation marks: most readers skip
// empty lines.
func withCRLF(in io.ByteReader, w *bufio.Writer) error {
	quoted, last := false, byte(0)
	for {
		c, err := in.ReadByte()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch {
		case c == '"':
			quoted = !quoted
		case c == '\n' && !quoted:
			if last == '\n' {
				w.WriteString(`""`)
			}
			_ = w.WriteByte('\r')
		}
		_ = w.WriteByte(c)
		last = c
	}
}

// withoutNaN writes null for the numbers that JSON does not have: DuckDB writes NaN,
// Infinity and -Infinity. Outside of strings N and I begin nothing else.
func withoutNaN(in io.ByteReader, w *bufio.Writer) error {
	quoted, escaped, minus := false, false, false
	for {
		c, err := in.ReadByte()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		name := ""
		switch {
		case escaped:
			escaped = false
		case quoted:
			escaped, quoted = c == '\\', c != '"'
		case c == '"':
			quoted = true
		case c == 'N':
			name = "NaN"
		case c == 'I':
			name = "Infinity"
		case c == '-':
			minus = true
			continue
		}
		for range len(name) - 1 {
			if _, err := in.ReadByte(); err != nil {
				return err
			}
		}
		if name != "" {
			w.WriteString("null")
			minus = false
			continue
		}
		if minus {
			_ = w.WriteByte('-')
			minus = false
		}
		_ = w.WriteByte(c)
	}
}
