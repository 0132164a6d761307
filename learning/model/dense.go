package model

import (
	"strconv"

	"github.com/grapevine-network/grapevine/learning"
	"github.com/grapevine-network/grapevine/learning/kernel"
)

// dense is a fully connected layer, a matrix and a bias:
//
//	y = max(0, x·W + b), without the maximum in the last layer
//
// Row i of the matrix is what input i sends to each of the outs.
type dense struct {
	in, out int
	number  int // from 1 on
	last    bool
}

func (l dense) size() (in, out int) { return l.in, l.out }

func (l dense) weights() []tensor {
	name, fan := "fc"+strconv.Itoa(l.number), l.in
	if l.last {
		fan += l.out
	}
	return []tensor{
		{learning.Tensor{Name: name + ".weight", Dims: []int{l.in, l.out}}, fan},
		{learning.Tensor{Name: name + ".bias", Dims: []int{l.out}}, 0},
	}
}

func (l dense) scratch(int) int { return 0 }

// parts returns the matrix and the bias of the layer's weights, or of their
// gradient.
func (l dense) parts(w []float32) (weight kernel.Matrix, bias []float32) {
	return kernel.RowMajor(w[:l.in*l.out], l.in, l.out), w[l.in*l.out:]
}

func (l dense) forward(y, x, w, _ []float32) {
	weight, bias := l.parts(w)
	kernel.Affine(matrix(y, l.out), matrix(x, l.in), weight, bias, !l.last)
}

func (l dense) backward(dx, dw, x, y, dy, w, _ []float32) {
	if !l.last {
		kernel.Mask(dy, y)
	}
	dweight, dbias := l.parts(dw)
	kernel.AddRows(dbias, matrix(dy, l.out))
	kernel.MulAdd(dweight, matrix(x, l.in).T(), matrix(dy, l.out))
	if dx != nil {
		weight, _ := l.parts(w)
		kernel.Mul(matrix(dx, l.in), matrix(dy, l.out), weight.T())
	}
}

// matrix returns a view of x as rows of n values.
func matrix(x []float32, n int) kernel.Matrix { return kernel.RowMajor(x, len(x)/n, n) }
