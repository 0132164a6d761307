package model

import (
	"github.com/grapevine-network/grapevine/learning"
	"github.com/grapevine-network/grapevine/learning/kernel"
)

// block is how many rows go through a model at once: the usual mini-batch.
const block = 32

// Workspace is the memory that a pass through a Model needs, so that a step
// allocates nothing. It belongs to one goroutine and one model.
type Workspace struct {
	x       []float32   // a block of rows
	act     [][]float32 // output of each layer; of the last: logits, then probabilities
	back    [][]float32 // gradient of the loss with respect to each output
	scratch [][]float32 // each layer's own
}

// Workspace returns a new workspace for m.
func (m Model) Workspace() *Workspace {
	ws := &Workspace{x: make([]float32, block*m.inputs())}
	for _, l := range m.layers {
		_, out := l.size()
		ws.act = append(ws.act, make([]float32, block*out))
		ws.back = append(ws.back, make([]float32, block*out))
		ws.scratch = append(ws.scratch, make([]float32, l.scratch(block)))
	}
	return ws
}

// Gradient adds the gradient of the mean cross-entropy over the given rows of s
// to dst and returns that mean, in nats, at w:
//
//	dst += ∇ 1/len(rows) Σ loss(w, row)
//
// dst and w have m.Shape().Size() values. A caller with momentum scales its
// velocity and lets the gradient be added to it: one pass over memory less.
// The loss is not finite if w is not or if it overflows.
func (m Model) Gradient(dst, w learning.Vector, s learning.Samples, rows []int, ws *Workspace) float64 {
	sum, scale := 0.0, 1/float32(len(rows))
	for left := rows; len(left) > 0; {
		part := left[:min(block, len(left))]
		left = left[len(part):]
		x := ws.gather(s, part)
		logits := m.forward(w, x, ws)
		for i, r := range part {
			z := logits[i*s.Classes:][:s.Classes]
			sum += crossEntropy(z, int(s.Y[r]))
			ws.blame(i, z, int(s.Y[r]), scale)
		}
		m.backward(dst, w, x, ws)
	}
	return sum / float64(len(rows))
}

// Probabilities fills dst with the probability of each class for one row of
// inputs x: len(dst) classes, summing to 1 but for rounding.
func (m Model) Probabilities(dst []float32, w learning.Vector, x []float32, ws *Workspace) {
	logits := m.forward(w, x, ws)
	copy(dst, logits)
	kernel.Softmax(dst)
}

// each calls do with the logits of every row of s at w, in order. It may change
// them.
func (m Model) each(w learning.Vector, s learning.Samples, ws *Workspace, do func(row int, logits []float32)) {
	for from := 0; from < s.Len(); from += block {
		n := min(block, s.Len()-from)
		logits := m.forward(w, s.X[from*s.Inputs:(from+n)*s.Inputs], ws)
		for i := range n {
			do(from+i, logits[i*s.Classes:][:s.Classes])
		}
	}
}

// gather returns the given rows side by side, at most a block of them.
func (ws *Workspace) gather(s learning.Samples, rows []int) []float32 {
	for i, r := range rows {
		copy(ws.x[i*s.Inputs:], s.Row(r))
	}
	return ws.x[:len(rows)*s.Inputs]
}

// blame sets the gradient of row i's logits, of which p are the probabilities.
func (ws *Workspace) blame(i int, p []float32, y int, scale float32) {
	d := ws.back[len(ws.back)-1][i*len(p):][:len(p)]
	copy(d, p)
	d[y] -= 1
	kernel.Scale(scale, d)
}

// forward returns the logits of rows of inputs, at most a block of them.
func (m Model) forward(w learning.Vector, x []float32, ws *Workspace) []float32 {
	n := len(x) / m.inputs()
	for i, l := range m.layers {
		_, out := l.size()
		y := ws.act[i][:n*out]
		l.forward(y, x, m.of(w, i), ws.scratch[i])
		x = y
	}
	return x
}

// backward adds the gradient of the rows of x to dst. It needs what forward and
// blame left in ws.
func (m Model) backward(dst, w learning.Vector, x []float32, ws *Workspace) {
	n := len(x) / m.inputs()
	for i := len(m.layers) - 1; i >= 0; i-- {
		from, before := x, []float32(nil)
		in, out := m.layers[i].size()
		if i > 0 {
			from, before = ws.act[i-1][:n*in], ws.back[i-1][:n*in]
		}
		m.layers[i].backward(before, m.of(dst, i), from, ws.act[i][:n*out], ws.back[i][:n*out], m.of(w, i), ws.scratch[i])
	}
}

// crossEntropy replaces logits by probabilities and returns -log of that of y,
// exact where the probability itself is 0.
func crossEntropy(logits []float32, y int) float64 {
	own := float64(logits[y])
	return kernel.Softmax(logits) - own
}
