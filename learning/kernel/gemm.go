package kernel

import (
	"fmt"
	"math"
)

// Mul does dst = a·b. The products take views: with x of [batch, in] and d of
// [batch, out], x.T() and d give the gradient of a weight of [in, out]. Only dst
// must be row-major; it may not overlap with a or b. They panic if the
// dimensions do not fit.
//
// Each element is summed in float32 in an order that depends on the processor:
// with n terms it is within n·2^-24 times the sum of their magnitudes. NaN and
// infinities spread as in arithmetic, but a factor of a that is 0 may be left
// out, whatever it meets in b.
func Mul(dst, a, b Matrix) {
	product{dst, a, b, nil, 0, lowest}.compute()
}

// MulAdd does dst += a·b; see Mul.
func MulAdd(dst, a, b Matrix) {
	product{dst, a, b, dst.data, dst.row, lowest}.compute()
}

// Affine does dst = a·b + bias, where each row gets the same bias of dst.Cols
// values, and in the same pass dst = max(0, dst) if relu; see Mul.
func Affine(dst, a, b Matrix, bias []float32, relu bool) {
	if len(bias) != dst.Cols {
		panic(fmt.Sprintf("kernel: a bias of %d for %d columns", len(bias), dst.Cols))
	}
	floor := lowest
	if relu {
		floor = 0
	}
	product{dst, a, b, bias, 0, floor}.compute()
}

// AddRows adds all rows of m to dst, which has m.Cols values.
func AddRows(dst []float32, m Matrix) {
	all := Matrix{Rows: 1, Cols: m.Rows, data: one[:]} // a row of ones: both strides are 0
	MulAdd(RowMajor(dst, 1, m.Cols), all, m)
}

var (
	lowest = float32(math.Inf(-1))
	one    = [1]float32{1}
)

// product is dst = max(floor, start + a·b), where row i of start begins at
// i*stride. No start is 0 everywhere.
type product struct {
	dst, a, b Matrix
	start     []float32
	stride    int
	floor     float32
}

func (p product) compute() {
	if p.a.Rows != p.dst.Rows || p.a.Cols != p.b.Rows || p.b.Cols != p.dst.Cols {
		panic(fmt.Sprintf("kernel: %d×%d · %d×%d is not %d×%d",
			p.a.Rows, p.a.Cols, p.b.Rows, p.b.Cols, p.dst.Rows, p.dst.Cols))
	}
	if p.dst.Rows == 0 || p.dst.Cols == 0 {
		return
	}
	if p.dst.col != 1 {
		panic("kernel: a product into a transpose")
	}
	if active == portable {
		p.portable()
	} else {
		p.vector()
	}
}

// portable is the twin of the assembly. It walks along the rows of b and leaves
// out factors of a that are 0, or along its columns if it is a transpose.
func (p product) portable() {
	for i := range p.dst.Rows {
		out := p.dst.Row(i)
		if p.start == nil {
			clear(out)
		} else {
			copy(out, p.start[i*p.stride:])
		}
		a := p.a.from(i, 0)
		if p.b.col == 1 {
			p.addRows(out, a)
		} else {
			p.addDots(out, a)
		}
		for j, v := range out {
			if v < p.floor { // leaves NaN
				out[j] = p.floor
			}
		}
	}
}

// addRows adds four rows of b at once, so that out is read less often.
func (p product) addRows(out, a []float32) {
	var factors [4]float32
	var rows [4][]float32
	n := 0
	for k := range p.b.Rows {
		v := a[k*p.a.col]
		if v == 0 {
			continue
		}
		factors[n], rows[n] = v, p.b.data[k*p.b.row:][:len(out)]
		if n++; n == 4 {
			addFour(out, &factors, &rows)
			n = 0
		}
	}
	for i, row := range rows[:n] {
		for j, w := range row {
			out[j] += factors[i] * w
		}
	}
}

func addFour(out []float32, factors *[4]float32, rows *[4][]float32) {
	a, b, c, d := factors[0], factors[1], factors[2], factors[3]
	ra, rb, rc, rd := rows[0][:len(out)], rows[1][:len(out)], rows[2][:len(out)], rows[3][:len(out)]
	for j, v := range out {
		out[j] = v + a*ra[j] + b*rb[j] + c*rc[j] + d*rd[j]
	}
}

func (p product) addDots(out, a []float32) {
	for j := range out {
		b, sum := p.b.from(0, j), float32(0)
		for k := range p.b.Rows {
			sum += a[k*p.a.col] * b[k*p.b.row]
		}
		out[j] += sum
	}
}
