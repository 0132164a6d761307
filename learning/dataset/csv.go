package dataset

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"
)

// Table is a CSV file in memory: a header and rows of as many cells. Its name
// and the line of each row stay known for error messages.
type Table struct {
	Name   string // of the file; may be empty
	Header []string
	Rows   [][]string

	lines []int // of each row in the file; nil = unknown
}

// ReadCSV reads a table of comma-separated values, UTF-8, gzipped or not. The
// first row is the header: every column has a name, none twice. Cells may be
// quoted; lines end in LF, CRLF or CR; blanks around a cell and empty lines
// don't count. Errors name the file, the line and what to do.
func ReadCSV(path string) (Table, error) {
	f, err := os.Open(path)
	if err != nil {
		return Table{}, fmt.Errorf("read table: %w", err) // names the file
	}
	defer f.Close() // read only
	data, err := readAll(f)
	if err != nil {
		return Table{}, fmt.Errorf("read table %s: %w", path, err)
	}
	t, err := parseCSV(data)
	if err != nil {
		return Table{}, fmt.Errorf("read table %s: %w", path, err)
	}
	t.Name = path
	return t, nil
}

func parseCSV(data []byte) (Table, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if !bytes.Contains(data, []byte("\n")) {
		data = bytes.ReplaceAll(data, []byte("\r"), []byte("\n"))
	}
	r := csv.NewReader(bytes.NewReader(data))
	var t Table
	for {
		row, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return Table{}, explain(err, row, t.Header)
		}
		line, _ := r.FieldPos(0)
		if err := clean(row); err != nil {
			return Table{}, fmt.Errorf("line %d: %w", line, err)
		}
		if t.Header == nil {
			t.Header = row
			if err := checkHeader(row); err != nil {
				return Table{}, fmt.Errorf("line %d: %w", line, err)
			}
			continue
		}
		t.Rows, t.lines = append(t.Rows, row), append(t.lines, line)
	}
	if t.Header == nil {
		return Table{}, errors.New("the file is empty; want a header and at least one row")
	}
	if len(t.Rows) == 0 {
		return Table{}, errors.New("the file has a header but no row")
	}
	return t, nil
}

// explain says in our words what encoding/csv found.
func explain(err error, row, header []string) error {
	if errors.Is(err, csv.ErrFieldCount) {
		parse, _ := errors.AsType[*csv.ParseError](err)
		return fmt.Errorf("line %d has %d cells, the header has %d; quote cells that contain commas", parse.Line, len(row), len(header))
	}
	if parse, ok := errors.AsType[*csv.ParseError](err); ok {
		return fmt.Errorf("line %d: %w; put the whole cell in quotes and double the quotes inside", parse.Line, parse.Err)
	}
	return err
}

func clean(row []string) error {
	for i, cell := range row {
		if !utf8.ValidString(cell) {
			return fmt.Errorf("cell %d is not UTF-8 text; convert the file", i+1)
		}
		row[i] = strings.TrimSpace(cell)
	}
	return nil
}

func checkHeader(header []string) error {
	if len(header) > maxColumns {
		return fmt.Errorf("%d columns, want at most %d", len(header), maxColumns)
	}
	if len(header) == 1 && strings.ContainsAny(header[0], ";\t") {
		return fmt.Errorf("the header is one cell, %.40q; separate cells by commas", header[0])
	}
	numbers := 0
	for i, name := range header {
		if name == "" {
			return fmt.Errorf("column %d has no name; want a header with a name for each column", i+1)
		}
		if slices.Contains(header[:i], name) {
			return fmt.Errorf("two columns are called %q; rename one", name)
		}
		if _, ok := number(name); ok {
			numbers++
		}
	}
	if numbers == len(header) {
		return errors.New("no header, only numbers; add a first line that names the columns")
	}
	return nil
}

// Column returns the cells of one column, a copy. The error lists the columns
// that there are.
func (t Table) Column(name string) ([]string, error) {
	c, err := t.index(name)
	if err != nil {
		return nil, err
	}
	cells := make([]string, len(t.Rows))
	for i, row := range t.Rows {
		cells[i] = row[c]
	}
	return cells, nil
}

// Subset returns a table of the given rows, in that order. It shares their
// cells with t and panics if a row is out of range.
func (t Table) Subset(rows []int) Table {
	out := Table{Name: t.Name, Header: t.Header}
	for _, r := range rows {
		out.Rows = append(out.Rows, t.Rows[r])
		if t.lines != nil {
			out.lines = append(out.lines, t.lines[r])
		}
	}
	return out
}

func (t Table) index(name string) (int, error) {
	if c := slices.Index(t.Header, name); c >= 0 {
		return c, nil
	}
	return 0, t.fault("no column %q; the columns are %s", name, list(t.Header))
}

// fault is an error about the table as a whole.
func (t Table) fault(format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	if t.Name == "" {
		return err
	}
	return fmt.Errorf("%s: %w", t.Name, err)
}

// faultAt is an error about one row.
func (t Table) faultAt(row int, format string, args ...any) error {
	where := fmt.Sprintf("row %d", row+1)
	if t.lines != nil {
		where = fmt.Sprintf("line %d", t.lines[row])
	}
	return t.fault("%s: %w", where, fmt.Errorf(format, args...))
}

// list joins names, but not hundreds of them.
func list(names []string) string {
	if len(names) > 40 {
		return strings.Join(names[:40], ", ") + fmt.Sprintf(" and %d more", len(names)-40)
	}
	return strings.Join(names, ", ")
}
