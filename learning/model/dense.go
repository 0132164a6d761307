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

func (l dense) affine() affine { return affine{l.in, l.out} }

func (l dense) forward(y, x, w, _ []float32) { l.affine().forward(y, x, w, !l.last) }

func (l dense) backward(dx, dw, x, y, dy, w, _ []float32) {
	if !l.last {
		kernel.Mask(dy, y)
	}
	l.affine().collect(dw, x, dy)
	if dx != nil {
		l.affine().backward(dx, dy, w)
	}
}
