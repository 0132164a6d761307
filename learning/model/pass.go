package model

import (
	"math"

	"github.com/grapevine-network/grapevine/learning"
	"gonum.org/v1/gonum/blas/blas32"
)

// Workspace is the memory that a pass through a Model needs, so that a step
// allocates nothing. It belongs to one goroutine and one model.
type Workspace struct {
	act  [][]float32 // output of each layer; of the last: logits, then probabilities
	back [][]float32 // gradient of the loss with respect to each output
}

// Workspace returns a new workspace for m.
func (m Model) Workspace() *Workspace {
	ws := new(Workspace)
	for _, l := range m.layers {
		ws.act = append(ws.act, make([]float32, l.out))
		ws.back = append(ws.back, make([]float32, l.out))
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
	var sum float64
	scale := 1 / float32(len(rows))
	for _, r := range rows {
		x, y := s.Row(r), s.Y[r]
		m.forward(w, x, ws)
		sum += crossEntropy(ws.logits(), int(y))
		softmax(ws.logits())
		m.backward(dst, w, x, int(y), scale, ws)
	}
	return sum / float64(len(rows))
}

// Probabilities fills dst with the probability of each class for one row of
// inputs x: len(dst) classes, summing to 1 but for rounding.
func (m Model) Probabilities(dst []float32, w learning.Vector, x []float32, ws *Workspace) {
	m.forward(w, x, ws)
	softmax(ws.logits())
	copy(dst, ws.logits())
}

// loss returns the cross-entropy of one row at w, in nats.
func (m Model) loss(w learning.Vector, x []float32, y int32, ws *Workspace) float64 {
	m.forward(w, x, ws)
	return crossEntropy(ws.logits(), int(y))
}

func (ws *Workspace) logits() []float32 { return ws.act[len(ws.act)-1] }

func (m Model) forward(w learning.Vector, x []float32, ws *Workspace) {
	for i, l := range m.layers {
		out, weight := ws.act[i], l.weight(w)
		copy(out, l.bias(w))
		for j, v := range x {
			if v != 0 {
				axpy(out, v, weight[j*l.out:][:l.out])
			}
		}
		if i < len(m.layers)-1 {
			rectify(out)
		}
		x = out
	}
}

// backward adds scale times the gradient of one row's loss to dst. It needs
// what forward and softmax left in ws.
func (m Model) backward(dst, w learning.Vector, x []float32, y int, scale float32, ws *Workspace) {
	last := len(m.layers) - 1
	for k, p := range ws.act[last] {
		ws.back[last][k] = p * scale
	}
	ws.back[last][y] -= scale
	for i := last; i >= 0; i-- {
		l, d, in := m.layers[i], ws.back[i], x
		if i > 0 {
			in = ws.act[i-1]
			l.backInput(ws.back[i-1], w, in, d)
		}
		axpy(l.bias(dst), 1, d)
		weight := l.weight(dst)
		for j, v := range in {
			if v != 0 {
				axpy(weight[j*l.out:][:l.out], v, d)
			}
		}
	}
}

// backInput fills dst with the gradient before the ReLU that made in.
func (l layer) backInput(dst, w, in, d []float32) {
	weight := l.weight(w)
	for j, v := range in {
		dst[j] = 0
		if v > 0 {
			dst[j] = dot(weight[j*l.out:][:l.out], d)
		}
	}
}

func rectify(x []float32) {
	for i, v := range x {
		if v < 0 { // leaves NaN, which the loss then shows
			x[i] = 0
		}
	}
}

// softmax replaces logits by probabilities.
func softmax(x []float32) {
	top, sum := maximum(x), float32(0)
	for i, v := range x {
		x[i] = float32(math.Exp(float64(v - top)))
		sum += x[i]
	}
	for i := range x {
		x[i] /= sum
	}
}

// crossEntropy returns -log softmax(logits)[y], exact where the probability
// itself would be 0.
func crossEntropy(logits []float32, y int) float64 {
	top, sum := float64(maximum(logits)), 0.0
	for _, v := range logits {
		sum += math.Exp(float64(v) - top)
	}
	return math.Log(sum) + top - float64(logits[y])
}

func maximum(x []float32) float32 {
	top := x[0]
	for _, v := range x[1:] {
		top = max(top, v)
	}
	return top
}

// axpy does y += a*x.
func axpy(y []float32, a float32, x []float32) {
	blas32.Implementation().Saxpy(len(x), a, x, 1, y, 1)
}

func dot(x, y []float32) float32 {
	return blas32.Implementation().Sdot(len(x), x, 1, y, 1)
}

func scale(a float32, x []float32) {
	blas32.Implementation().Sscal(len(x), a, x, 1)
}
