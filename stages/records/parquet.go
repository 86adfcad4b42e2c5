package records

import (
	"context"
	"io"
	"os"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/file"
	"github.com/apache/arrow/go/v17/parquet/pqarrow"
)

// batchBytes is how many bytes a batch has, about: where rows are long, it has fewer
// of them than BatchRows.
const batchBytes = 32 << 20

// parquetSource reads a Parquet file. It holds a page of each column and its
// dictionary.
type parquetSource struct {
	reader pqarrow.RecordReader // nil if there is no column to read
	left   int64                // rows
}

// openParquet reads the columns of f that want has.
func openParquet(ctx context.Context, f *os.File, want *arrow.Schema) (*parquetSource, error) {
	props := parquet.NewReaderProperties(memory.DefaultAllocator)
	props.BufferedStreamEnabled = true // else a column chunk is read as a whole
	r, err := file.NewParquetReader(f, file.WithReadProps(props))
	if err != nil {
		return nil, err
	}
	meta := r.MetaData()
	var leaves []int
	bytes := int64(0)
	for i := range meta.Schema.NumColumns() {
		if want.HasField(meta.Schema.Column(i).ColumnPath()[0]) {
			leaves = append(leaves, i)
			for _, group := range meta.RowGroups {
				bytes += group.Columns[i].MetaData.TotalUncompressedSize
			}
		}
	}
	arrowProps := pqarrow.ArrowReadProperties{BatchSize: BatchRows}
	if bytes > batchBytes {
		arrowProps.BatchSize = max(1, min(BatchRows, batchBytes/(bytes/max(1, meta.NumRows)+1)))
	}
	rows, err := pqarrow.NewFileReader(r, arrowProps, memory.DefaultAllocator)
	if err != nil {
		return nil, err
	}
	s := &parquetSource{left: meta.NumRows}
	if len(leaves) == 0 {
		return s, nil
	}
	s.reader, err = rows.GetRecordReader(ctx, leaves, nil)
	return s, err
}

func (s *parquetSource) next() (Batch, error) {
	if s.left <= 0 {
		return nil, io.EOF
	}
	if s.reader == nil {
		n := min(s.left, BatchRows)
		s.left -= n
		return array.NewRecord(arrow.NewSchema(nil, nil), nil, n), nil
	}
	if !s.reader.Next() {
		if err := s.reader.Err(); err != nil {
			return nil, err // io.EOF too
		}
		return nil, io.EOF
	}
	batch := s.reader.Record()
	s.left -= batch.NumRows()
	return batch, nil
}
