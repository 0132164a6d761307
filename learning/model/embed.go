package model

import (
	"fmt"

	"github.com/grapevine-network/grapevine/learning"
	"github.com/grapevine-network/grapevine/learning/kernel"
)

// embed turns each of a row's symbols into the vector that stands for it. A value
// that is no symbol counts as symbol 0, which is that of unknown characters.
type embed struct{ context, symbols, width int }

// characters makes the layers of char:EMBED,HIDDEN.
func characters(form learning.Form, widths []int) (Model, error) {
	e := embed{context: form.Inputs(), symbols: form.Classes, width: widths[0]}
	if n := e.context * e.width; n > maxWidth {
		return Model{}, fmt.Errorf("%d characters of %d numbers are %d, want at most %d", e.context, e.width, n, maxWidth)
	}
	return stack(perceptron([]layer{e}, e.context*e.width, []int{widths[1], form.Classes}))
}

func (l embed) size() (in, out int) { return l.context, l.context * l.width }

func (l embed) weights() []tensor {
	const one = 6 // uniform in ±1
	return []tensor{{learning.Tensor{Name: "embed.weight", Dims: []int{l.symbols, l.width}}, one}}
}

func (l embed) scratch(int) int { return 0 }

func (l embed) forward(y, x, w, _ []float32) {
	for i, v := range x {
		copy(y[i*l.width:][:l.width], w[l.row(v):])
	}
}

func (l embed) backward(_, dw, x, _, dy, _, _ []float32) {
	for i, v := range x {
		kernel.Axpy(dw[l.row(v):][:l.width], 1, dy[i*l.width:][:l.width])
	}
}

// row is where the vector of a symbol starts.
func (l embed) row(symbol float32) int {
	if symbol >= 0 && symbol < float32(l.symbols) { // not if NaN
		return int(symbol) * l.width
	}
	return 0
}
