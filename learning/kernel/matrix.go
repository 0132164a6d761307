package kernel

import "fmt"

// Matrix is a view of values that somebody else owns. The zero Matrix is empty.
type Matrix struct {
	Rows, Cols int
	data       []float32
	row, col   int // from one row, and from one column, to the next
}

// RowMajor returns a view of rows times cols values, the rows one after another.
// It panics if data has another length.
func RowMajor(data []float32, rows, cols int) Matrix {
	if rows < 0 || cols < 0 || len(data) != rows*cols {
		panic(fmt.Sprintf("kernel: %d values are not %d rows of %d", len(data), rows, cols))
	}
	return Matrix{rows, cols, data, cols, 1}
}

// Windows returns a view of rows that may overlap: row i has the cols values from
// i*step on. It panics if data is too short. A product into it makes no sense.
func Windows(data []float32, rows, cols, step int) Matrix {
	if rows < 0 || cols < 0 || step < 0 || rows > 0 && len(data) < (rows-1)*step+cols {
		panic(fmt.Sprintf("kernel: %d values do not hold %d rows of %d, one every %d", len(data), rows, cols, step))
	}
	return Matrix{rows, cols, data, step, 1}
}

// T returns the transpose, a view of the same values.
func (m Matrix) T() Matrix { return Matrix{m.Cols, m.Rows, m.data, m.col, m.row} }

// Row returns row i as a view. It panics if m is a transpose.
func (m Matrix) Row(i int) []float32 {
	if m.col != 1 {
		panic("kernel: the rows of a transpose are not contiguous")
	}
	return m.data[i*m.row:][:m.Cols:m.Cols]
}

// from returns the values from row i and column j on; none where m ends.
func (m Matrix) from(i, j int) []float32 {
	return m.data[min(i*m.row+j*m.col, len(m.data)):]
}
