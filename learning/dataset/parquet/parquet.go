// Package parquet reads flat Parquet files as tables, as if they were CSV:
//
//	table, err := parquet.Read("patients.parquet")
//	schema, err := dataset.Infer(table, "outcome", nil)
//
// Columns hold numbers, text or truth values ("true", "false"); a null is an empty
// cell, which means that the value is missing. Nested and repeated columns, dates,
// times, decimals and raw bytes are refused by name: what they mean to a model is
// for their owner to say.
//
// It is apart from package dataset because of what it links. Promises: whatever a
// file holds, reading it ends in a table or an error. What a file says of itself is
// bounded before it is believed: its size, rows, columns and what its pages say
// they hold. A compressed page may still expand to more than it says, so files
// of strangers are read at one's own risk of memory.
package parquet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"

	"github.com/grapevine-network/grapevine/learning/dataset"
)

const (
	maxFile    = 1 << 30 // bytes, packed or not
	maxColumns = 4096
	maxCells   = 1 << 26
)

// Read reads a table from a file. Errors name the file, the column if it is
// about one, and what to do.
func Read(path string) (dataset.Table, error) {
	f, err := os.Open(path)
	if err != nil {
		return dataset.Table{}, fmt.Errorf("read table: %w", err) // names the file
	}
	defer f.Close() // read only
	info, err := f.Stat()
	if err != nil {
		return dataset.Table{}, fmt.Errorf("read table: %w", err)
	}
	t, err := read(f, info.Size())
	if err != nil {
		return dataset.Table{}, fmt.Errorf("read table %s: %w", path, err)
	}
	t.Name = path
	return t, nil
}

// read also turns the library's panics on damaged files into errors.
func read(r io.ReaderAt, size int64) (t dataset.Table, err error) {
	defer func() {
		if p := recover(); p != nil {
			t, err = dataset.Table{}, fmt.Errorf("the file is damaged: %v", p)
		}
	}()
	if err := checkFooter(r, size); err != nil {
		return t, err
	}
	f, err := parquet.OpenFile(r, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return t, err
	}
	columns, err := columnsOf(f)
	if err != nil {
		return t, err
	}
	if err := checkSize(f, len(columns)); err != nil {
		return t, err
	}
	for _, c := range columns {
		t.Header = append(t.Header, c.name)
	}
	t.Rows, err = rows(f, columns)
	if err == nil && len(t.Rows) == 0 {
		err = errors.New("the file has columns but no row")
	}
	return t, err
}

// checkFooter refuses a file whose last bytes promise more than there is.
func checkFooter(r io.ReaderAt, size int64) error {
	if size < 12 || size > maxFile {
		return fmt.Errorf("%d bytes, want 12 to %d", size, maxFile)
	}
	var tail [8]byte
	if _, err := r.ReadAt(tail[:], size-8); err != nil {
		return err
	}
	if !bytes.Equal(tail[4:], []byte("PAR1")) {
		return errors.New("not a Parquet file, or an encrypted one")
	}
	if n := int64(binary.LittleEndian.Uint32(tail[:])); n > size-12 {
		return fmt.Errorf("the file is damaged: a footer of %d bytes in a file of %d", n, size)
	}
	return nil
}

// checkSize refuses files that say they are larger than what is read. What they
// do not say is counted while it is read.
func checkSize(f *parquet.File, columns int) error {
	if n := f.NumRows(); n < 0 || n > maxCells/int64(columns) {
		return fmt.Errorf("%d rows of %d columns are too many; split the file", n, columns)
	}
	total := int64(0)
	for _, g := range f.Metadata().RowGroups {
		for _, c := range g.Columns {
			if total += max(0, c.MetaData.TotalUncompressedSize); total > maxFile || c.MetaData.TotalCompressedSize > f.Size() {
				return fmt.Errorf("columns of more than %d bytes; split the file", maxFile)
			}
		}
	}
	return nil
}

// rows reads all rows as cells.
func rows(f *parquet.File, columns []column) (all [][]string, err error) {
	for _, g := range f.RowGroups() {
		reader := g.Rows()
		all, err = appendRows(all, reader, columns)
		if err := errors.Join(err, reader.Close()); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// appendRows reads a group of rows to its end.
func appendRows(all [][]string, reader parquet.Rows, columns []column) ([][]string, error) {
	buffer, size := make([]parquet.Row, 256), 0
	for {
		n, err := reader.ReadRows(buffer)
		for _, row := range buffer[:n] {
			cells, err := cellsOf(row, columns)
			if err != nil {
				return nil, fmt.Errorf("row %d: %w", len(all)+1, err)
			}
			for _, c := range cells {
				size += len(c)
			}
			all = append(all, cells)
		}
		if size > maxFile || len(all) > maxCells/len(columns) {
			return nil, fmt.Errorf("more than %d cells or %d bytes of them; split the file", maxCells, maxFile)
		}
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		if n == 0 {
			return nil, errors.New("the file is damaged: a group of rows without an end")
		}
	}
}

func cellsOf(row parquet.Row, columns []column) ([]string, error) {
	cells := make([]string, len(columns))
	if len(row) != len(columns) {
		return nil, fmt.Errorf("%d values in %d columns", len(row), len(columns))
	}
	for i, v := range row {
		if v.IsNull() {
			continue
		}
		cell := strings.TrimSpace(columns[i].cell(v))
		if !utf8.ValidString(cell) {
			return nil, fmt.Errorf("column %q holds bytes that are no UTF-8 text; drop it from the file", columns[i].name)
		}
		cells[i] = cell
	}
	return cells, nil
}
