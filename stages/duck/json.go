package duck

import (
	"bufio"
	"errors"
	"io"
	"os"
)

// standardJSON copies a file of JSON, with null for numbers that JSON does not
// have: DuckDB writes NaN, Infinity and -Infinity.
func standardJSON(from, to string) (err error) {
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
	if err := withoutNaN(bufio.NewReaderSize(in, 1<<20), w); err != nil {
		return err
	}
	return w.Flush()
}

// withoutNaN looks at what stands outside of strings: N and I begin the numbers in
// question there, and nothing else.
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
