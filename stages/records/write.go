package records

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/ipc"
)

// WriteArrow writes the table as an Arrow IPC stream, not compressed.
func (t *Table) WriteArrow(ctx context.Context, to io.Writer) (err error) {
	w := ipc.NewWriter(to, ipc.WithSchema(t.form))
	defer func() { err = errors.Join(err, w.Close()) }()
	for batch, err := range t.All(ctx) {
		if err == nil {
			err = w.Write(batch)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// WriteJSONL writes the table as an object of JSON a line, with all columns in each.
func (t *Table) WriteJSONL(ctx context.Context, to io.Writer) error {
	return t.write(ctx, to, nil, func(batch Batch) appender {
		row := object(t.form.Fields(), batch.Columns())
		return func(b []byte, i int) []byte { return append(row(b, i), '\n') }
	})
}

// WriteCSV writes the table as CSV, as RFC 4180 has it, with a header. NULL is
// nothing, an empty string two quotation marks, and what holds other values JSON. In
// CSV of one column NULL is two quotation marks too: most readers skip empty lines.
func (t *Table) WriteCSV(ctx context.Context, to io.Writer) error {
	var names []byte
	for i, f := range t.form.Fields() {
		if i > 0 {
			names = append(names, ',')
		}
		names = append(names, f.Name...)
	}
	null := ""
	if t.form.NumFields() == 1 {
		null = `""`
	}
	return t.write(ctx, to, append(names, "\r\n"...), func(batch Batch) appender {
		columns := make([]appender, batch.NumCols())
		for i := range columns {
			columns[i] = toCSV(batch.Column(i), null)
		}
		return func(b []byte, row int) []byte {
			for i, c := range columns {
				if i > 0 {
					b = append(b, ',')
				}
				b = c(b, row)
			}
			return append(b, "\r\n"...)
		}
	})
}

// chunk is how much text is written at a time, at least.
const chunk = 64 << 10

// write writes a header, and what the appender of each batch makes of its rows.
func (t *Table) write(ctx context.Context, to io.Writer, text []byte, of func(Batch) appender) error {
	for batch, err := range t.All(ctx) {
		if err != nil {
			return err
		}
		row := of(batch)
		for i := range int(batch.NumRows()) {
			if text = row(text, i); len(text) >= chunk {
				if _, err := to.Write(text); err != nil {
					return err
				}
				text = text[:0]
			}
		}
	}
	_, err := to.Write(text)
	return err
}

// toCSV is the values of a column as fields of CSV, with null for NULL.
func toCSV(a arrow.Array, null string) appender {
	value, text := plain(a), []byte(nil)
	return func(b []byte, row int) []byte {
		if a.IsNull(row) {
			return append(b, null...)
		}
		text = value(text[:0], row)
		if len(text) > 0 && !bytes.ContainsAny(text, "\",\r\n") {
			return append(b, text...)
		}
		b = append(b, '"')
		for {
			at := bytes.IndexByte(text, '"')
			if at < 0 {
				return append(append(b, text...), '"')
			}
			b = append(append(b, text[:at+1]...), '"')
			text = text[at+1:]
		}
	}
}
