package model

import "github.com/grapevine-network/grapevine/learning/kernel"

// matrix returns a view of x as rows of n values.
func matrix(x []float32, n int) kernel.Matrix { return kernel.RowMajor(x, len(x)/n, n) }

// affine is what dense layers and convolutions have in common: a weight of
// [in, out] and a bias, one after the other.
type affine struct{ in, out int }

func (a affine) parts(w []float32) (weight kernel.Matrix, bias []float32) {
	return kernel.RowMajor(w[:a.in*a.out], a.in, a.out), w[a.in*a.out:]
}

// forward does y = x·W + b, and no less than 0 if relu.
func (a affine) forward(y, x, w []float32, relu bool) {
	weight, bias := a.parts(w)
	kernel.Affine(matrix(y, a.out), matrix(x, a.in), weight, bias, relu)
}

// collect adds the gradient of W and b to dw.
func (a affine) collect(dw, x, dy []float32) {
	weight, bias := a.parts(dw)
	kernel.AddRows(bias, matrix(dy, a.out))
	kernel.MulAdd(weight, matrix(x, a.in).T(), matrix(dy, a.out))
}

// backward does dx = dy·Wᵀ.
func (a affine) backward(dx, dy, w []float32) {
	weight, _ := a.parts(w)
	kernel.Mul(matrix(dx, a.in), matrix(dy, a.out), weight.T())
}
