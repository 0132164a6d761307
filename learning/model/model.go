package model

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/grapevine-network/grapevine/learning"
)

const (
	maxLayers = 8
	maxWidth  = 1 << 16 // of any layer, inputs and classes included
	maxSize   = 1 << 26 // parameters: 256 MiB of float32
)

// Model is a chain of fully connected layers: ReLU after each but the last,
// softmax and cross-entropy at the end. With no hidden layer it is softmax
// regression. It holds no weights: they always come from outside, as one vector
// of m.Shape().Size() values. A Model is immutable; the zero Model has no layer
// and is of no use, see Parse.
type Model struct{ layers []layer }

// layer is one matrix and one bias. Its weights start at offset at of the
// vector; row i of the matrix is what input i sends to each of the outs.
type layer struct{ in, out, at int }

func (l layer) weight(w learning.Vector) []float32 { return w[l.at:][:l.in*l.out] }
func (l layer) bias(w learning.Vector) []float32   { return w[l.at+l.in*l.out:][:l.out] }

// Parse makes the model that spec describes for samples with the given number
// of inputs and classes (at least 2):
//
//	softmax      softmax regression
//	mlp:64       one hidden layer of 64 ReLU units
//	mlp:64,32    two hidden layers, from the inputs on
//
// Each model has exactly one spec, so a spec may be hashed: blanks, signs and
// leading zeros are errors, and so is a model above 2^26 parameters.
func Parse(spec string, inputs, classes int) (Model, error) {
	hidden, err := parseHidden(spec)
	if err != nil {
		return Model{}, fmt.Errorf("parse model %q: %w", spec, err)
	}
	if inputs < 1 || inputs > maxWidth {
		return Model{}, fmt.Errorf("parse model %q: %d inputs, want 1 to %d", spec, inputs, maxWidth)
	}
	if classes < 2 || classes > maxWidth {
		return Model{}, fmt.Errorf("parse model %q: %d classes, want 2 to %d", spec, classes, maxWidth)
	}
	m, size := chain(inputs, append(hidden, classes)...)
	if size > maxSize {
		return Model{}, fmt.Errorf("parse model %q: %d parameters, want at most %d", spec, size, maxSize)
	}
	return m, nil
}

func parseHidden(spec string) ([]int, error) {
	if spec == "softmax" {
		return nil, nil
	}
	list, ok := strings.CutPrefix(spec, "mlp:")
	if !ok {
		return nil, errors.New(`unknown model; want "softmax" or "mlp:WIDTH,...", such as "mlp:64"`)
	}
	parts := strings.SplitN(list, ",", maxLayers+1)
	if len(parts) > maxLayers {
		return nil, fmt.Errorf("more than %d hidden layers", maxLayers)
	}
	var widths []int
	for i, p := range parts {
		n, err := strconv.Atoi(p)
		if err != nil || n < 1 || n > maxWidth || strconv.Itoa(n) != p {
			return nil, fmt.Errorf("hidden layer %d has width %q, want a number from 1 to %d", i+1, p, maxWidth)
		}
		widths = append(widths, n)
	}
	return widths, nil
}

// chain returns the layers and the number of parameters, which may be more than
// an int of 32 bits holds.
func chain(in int, widths ...int) (m Model, size int64) {
	for _, out := range widths {
		m.layers = append(m.layers, layer{in, out, int(size)})
		size += (int64(in) + 1) * int64(out)
		in = out
	}
	return m, size
}

func (m Model) size() int {
	l := m.layers[len(m.layers)-1]
	return l.at + (l.in+1)*l.out
}

func (m Model) inputs() int  { return m.layers[0].in }
func (m Model) classes() int { return m.layers[len(m.layers)-1].out }

// Shape returns the tensors of m's vector: fc1.weight, fc1.bias, fc2.weight …
//
// A weight is [inputs, outputs] in row-major order: the outputs of one input
// are contiguous, so that an input that is 0 (four of five MNIST pixels) costs
// nothing. That is the transpose of PyTorch's Linear.weight.
func (m Model) Shape() learning.Shape {
	var s learning.Shape
	for i, l := range m.layers {
		name := "fc" + strconv.Itoa(i+1)
		s = append(s,
			learning.Tensor{Name: name + ".weight", Dims: []int{l.in, l.out}},
			learning.Tensor{Name: name + ".bias", Dims: []int{l.out}})
	}
	return s
}

// fits returns an error if m cannot read s.
func (m Model) fits(s learning.Samples) error {
	if s.Inputs != m.inputs() || s.Classes != m.classes() {
		return fmt.Errorf("samples with %d inputs and %d classes, the model has %d and %d",
			s.Inputs, s.Classes, m.inputs(), m.classes())
	}
	return s.Check()
}
