package model

import (
	"errors"
	"fmt"

	"github.com/grapevine-network/grapevine/learning"
)

const (
	maxLayers = 8
	maxWidth  = 1 << 16 // of any layer, inputs and classes included
	maxSize   = 1 << 26 // parameters: 256 MiB of float32
)

// Model is a chain of layers with softmax and cross-entropy at the end. It holds
// no weights: they always come from outside, as one vector of m.Shape().Size()
// values. A Model is immutable; the zero Model has no layer and is of no use,
// see Parse.
type Model struct {
	layers []layer
	at     []int // where the weights of each layer start, and at last their number
}

// layer is one step of a Model: from rows of in values to as many rows of out.
// All rows of a mini-batch lie one after another. It holds no weights either;
// those it is given are its own part of the vector.
type layer interface {
	size() (in, out int)
	weights() []tensor
	// scratch is how many values a pass needs for a number of rows besides its
	// results. What forward leaves there, backward finds.
	scratch(rows int) int
	// forward fills y from x.
	forward(y, x, w, scratch []float32)
	// backward adds the gradient of the weights to dw and, unless dx is nil,
	// fills dx with that of x. It may change dy, the gradient of y.
	backward(dx, dw, x, y, dy, w, scratch []float32)
}

// tensor is a part of a layer's weights. They start uniform in ±sqrt(6/fan), or
// at 0 if fan is 0.
type tensor struct {
	learning.Tensor
	fan int
}

// Parse makes the model that spec describes for samples of the given form:
//
//	softmax      softmax regression
//	mlp:64       one hidden layer of 64 ReLU units
//	mlp:64,32    two hidden layers, from the inputs on
//	cnn:8,16     of images: twice 3x3 convolution, ReLU and 2x2 pooling, to 8 and
//	             to 16 channels, then softmax
//	char:16,64   of text: an embedding of 16 numbers for each character, one
//	             hidden layer of 64 ReLU units (Bengio et al. 2003)
//
// Each model has exactly one spec, so a spec may be hashed: blanks, signs and
// leading zeros are errors, and so is a model above 2^26 parameters or one for
// samples of another form.
func Parse(spec string, form learning.Form) (Model, error) {
	m, err := build(spec, form)
	if err != nil {
		return Model{}, fmt.Errorf("parse model %q: %w", spec, err)
	}
	return m, nil
}

func build(spec string, form learning.Form) (Model, error) {
	kind, widths, err := readSpec(spec)
	if err != nil {
		return Model{}, err
	}
	if n := form.Inputs(); n < 1 || n > maxWidth {
		return Model{}, fmt.Errorf("%d inputs, want 1 to %d", n, maxWidth)
	}
	if form.Classes < 2 || form.Classes > maxWidth {
		return Model{}, fmt.Errorf("%d classes, want 2 to %d", form.Classes, maxWidth)
	}
	if form.Text != (kind == "char") {
		return Model{}, errors.New(`"char:EMBED,HIDDEN" reads text and nothing else reads it`)
	}
	switch kind {
	case "cnn":
		return convolutions(form, widths)
	case "char":
		return characters(form, widths)
	}
	return stack(perceptron(nil, form.Inputs(), append(widths, form.Classes)))
}

// perceptron appends fully connected layers, ReLU after each but the last.
func perceptron(layers []layer, in int, widths []int) []layer {
	for i, out := range widths {
		layers = append(layers, dense{in: in, out: out, number: i + 1, last: i == len(widths)-1})
		in = out
	}
	return layers
}

// stack makes a model of layers and refuses one that is too large.
func stack(layers []layer) (Model, error) {
	m, size := Model{layers: layers}, int64(0) // an int of 32 bits would not do
	for _, l := range layers {
		m.at = append(m.at, int(size))
		for _, t := range l.weights() {
			n := int64(1)
			for _, d := range t.Dims {
				n *= int64(d) // at most twice 2^16, but for 9 of a convolution
			}
			size += n
		}
		if size > maxSize {
			return Model{}, fmt.Errorf("%d parameters or more, want at most %d", size, maxSize)
		}
	}
	m.at = append(m.at, int(size))
	return m, nil
}

func (m Model) size() int { return m.at[len(m.layers)] }

func (m Model) inputs() int {
	in, _ := m.layers[0].size()
	return in
}

func (m Model) classes() int {
	_, out := m.layers[len(m.layers)-1].size()
	return out
}

// of returns the part of a vector that belongs to layer i.
func (m Model) of(w learning.Vector, i int) []float32 { return w[m.at[i]:m.at[i+1]] }

// Shape returns the tensors of m's vector: fc1.weight, fc1.bias, fc2.weight …,
// before them conv1.weight, conv1.bias … or embed.weight.
//
// A weight is [inputs, outputs] in row-major order: the outputs of one input are
// contiguous. That is the transpose of PyTorch's Linear.weight. Likewise a
// convolution is [3, 3, inputs, outputs], PyTorch's Conv2d permuted by (2, 3, 1,
// 0), and the first dense layer after it reads [height, width, channels].
func (m Model) Shape() learning.Shape {
	var s learning.Shape
	for _, l := range m.layers {
		for _, t := range l.weights() {
			s = append(s, t.Tensor)
		}
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
