package model

import (
	"context"
	"fmt"
	"math"

	"github.com/grapevine-network/grapevine/learning"
	"github.com/grapevine-network/grapevine/learning/kernel"
)

// worst is what one sample's loss counts at most when updates are scored, in
// nats: a single absurd prediction must not drown the other samples, and a loss
// that is not a number is not nothing.
const worst = 64

// Evaluate scores each delta on Held. With d_i = loss_i(base) - loss_i(base +
// delta), every loss capped at 64 nats,
//
//	Gain = mean(d),  StdErr = sqrt(var(d)/n),  var over n-1
//
// Fewer than 2 held-out samples score nothing: Gain is NaN then. Any other
// number is used, however small. It checks ctx between deltas. Errors: held-out
// samples, a base or a delta that do not fit the model, ctx's.
func (t *SGD) Evaluate(ctx context.Context, base learning.Vector, deltas []learning.Vector) ([]learning.Score, error) {
	scores := make([]learning.Score, len(deltas))
	if t.Held.Len() < 2 {
		for i := range scores {
			scores[i] = learning.Score{Gain: math.NaN(), Samples: t.Held.Len()}
		}
		return scores, nil
	}
	e, err := newExam(t.Model, t.Held, base)
	if err != nil {
		return nil, fmt.Errorf("evaluate: %w", err)
	}
	for i, d := range deltas {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("evaluate delta %d of %d: %w", i+1, len(deltas), err)
		}
		if len(d) != len(base) {
			return nil, fmt.Errorf("evaluate delta %d of %d: %d values, the model has %d", i+1, len(deltas), len(d), len(base))
		}
		scores[i] = e.score(d)
	}
	return scores, nil
}

// exam asks the same questions of every delta. It shares no memory with Train.
type exam struct {
	model     Model
	held      learning.Samples
	base, w   learning.Vector
	before    []float64 // loss of each held-out sample at base
	after     []float64
	workspace *Workspace
}

func newExam(m Model, held learning.Samples, base learning.Vector) (*exam, error) {
	if m.layers == nil || len(base) != m.size() {
		return nil, fmt.Errorf("a base of %d values does not fit the model", len(base))
	}
	if err := m.fits(held); err != nil {
		return nil, err
	}
	e := &exam{
		model: m, held: held, base: base, w: make(learning.Vector, len(base)),
		before: make([]float64, held.Len()), after: make([]float64, held.Len()),
		workspace: m.Workspace(),
	}
	e.losses(e.before, base)
	return e, nil
}

func (e *exam) score(delta learning.Vector) learning.Score {
	copy(e.w, e.base)
	kernel.Axpy(e.w, 1, delta)
	e.losses(e.after, e.w)
	n, sum, squares := float64(len(e.before)), 0.0, 0.0
	for i, b := range e.before {
		sum += b - e.after[i]
	}
	mean := sum / n
	for i, b := range e.before {
		d := b - e.after[i] - mean
		squares += d * d
	}
	return learning.Score{Gain: mean, StdErr: math.Sqrt(squares / (n - 1) / n), Samples: len(e.before)}
}

func (e *exam) losses(dst []float64, w learning.Vector) {
	e.model.each(w, e.held, e.workspace, func(i int, logits []float32) {
		loss := crossEntropy(logits, int(e.held.Y[i]))
		if !(loss < worst) { // or not a number
			loss = worst
		}
		dst[i] = loss
	})
}
