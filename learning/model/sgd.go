package model

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/grapevine-network/grapevine/learning"
	"github.com/grapevine-network/grapevine/learning/kernel"
)

// ErrDiverged is returned by Train when the loss or the update is not finite.
// The momentum is forgotten then, so the next round starts afresh; if it comes
// again, lower Rate.
var ErrDiverged = errors.New("training diverged")

// SGD trains a Model by mini-batches with Polyak momentum and weight decay:
//
//	v = Momentum*v + ∇loss + Shrink*w,  w -= Rate*v
//
// It is the built-in learning.Trainer. The momentum v stays from round to round
// and is never sent: it is what keeps honest updates alike (Karimireddy et al.
// 2021). An SGD must not be copied after its first use.
type SGD struct {
	Model Model
	Data  learning.Samples // its own samples, read by Train only
	Held  learning.Samples // kept aside, read by Evaluate only; may be empty

	Steps    int     // of one round; 0 = 16
	Batch    int     // samples in a step; 0 = 32
	Rate     float32 // 0 = 0.05
	Momentum float32 // 0 = 0.9; below 0 = none
	Shrink   float32 // 0 = none: nothing pulls weights to 0

	velocity  learning.Vector // Momentum times v
	workspace *Workspace
	rows      []int
}

var _ learning.Trainer = (*SGD)(nil)

// Train takes Steps steps from task.Anchor on batches of Data, each sample once
// before any is read again, in an order that follows from task.Seed and
// task.Round. Metrics.Loss is the mean over all batches, each before its step.
//
// It checks ctx between steps. Errors: samples or an anchor that do not fit the
// model, no samples, ErrDiverged, ctx's.
func (t *SGD) Train(ctx context.Context, task learning.Task) (learning.Vector, learning.Metrics, error) {
	update, metrics, err := t.train(ctx, task)
	if err != nil {
		clear(t.velocity)
		return nil, learning.Metrics{}, fmt.Errorf("train round %d: %w", task.Round, err)
	}
	return update, metrics, nil
}

func (t *SGD) train(ctx context.Context, task learning.Task) (learning.Vector, learning.Metrics, error) {
	if err := t.prepare(task.Anchor); err != nil {
		return nil, learning.Metrics{}, err
	}
	w := slices.Clone(task.Anchor)
	metrics, err := t.descend(ctx, w, rand.New(rand.NewPCG(task.Seed, task.Round)))
	if err != nil {
		return nil, learning.Metrics{}, err
	}
	kernel.Axpy(w, -1, task.Anchor)
	if !finite(w) || math.IsNaN(metrics.Loss) || math.IsInf(metrics.Loss, 0) {
		return nil, learning.Metrics{}, ErrDiverged
	}
	return w, metrics, nil
}

func (t *SGD) prepare(anchor learning.Vector) error {
	if t.Model.layers == nil {
		return errors.New("no model; see Parse")
	}
	if len(anchor) != t.Model.size() {
		return fmt.Errorf("anchor of %d values, the model has %d", len(anchor), t.Model.size())
	}
	if err := t.Model.fits(t.Data); err != nil {
		return err
	}
	if t.Data.Len() == 0 {
		return errors.New("no samples")
	}
	if t.velocity == nil {
		t.velocity = make(learning.Vector, len(anchor))
		t.workspace = t.Model.Workspace()
	}
	return nil
}

// descend moves w.
func (t *SGD) descend(ctx context.Context, w learning.Vector, rng *rand.Rand) (learning.Metrics, error) {
	steps, batch := or(t.Steps, 16), or(t.Batch, 32)
	rate, momentum := or(t.Rate, 0.05), max(0, or(t.Momentum, 0.9))
	rows := t.draw(steps*batch, rng)
	sum := 0.0
	for i := range steps {
		if err := ctx.Err(); err != nil {
			return learning.Metrics{}, err
		}
		sum += t.Model.Gradient(t.velocity, w, t.Data, rows[i*batch:][:batch], t.workspace)
		if t.Shrink != 0 {
			kernel.Axpy(t.velocity, t.Shrink, w)
		}
		kernel.Step(w, t.velocity, rate, momentum)
	}
	return learning.Metrics{Samples: len(rows), Loss: sum / float64(steps)}, nil
}

// draw returns n rows of Data: random orders of all of them, one after another.
func (t *SGD) draw(n int, rng *rand.Rand) []int {
	t.rows = t.rows[:0]
	for len(t.rows) < n {
		at := len(t.rows)
		for i := range t.Data.Len() {
			t.rows = append(t.rows, i)
		}
		lap := t.rows[at:]
		rng.Shuffle(len(lap), func(i, j int) { lap[i], lap[j] = lap[j], lap[i] })
	}
	return t.rows[:n]
}

// or returns v, or its default if v is 0.
func or[T int | float32](v, otherwise T) T {
	if v == 0 {
		return otherwise
	}
	return v
}

func finite(x []float32) bool {
	for _, v := range x {
		if v-v != 0 { // Inf - Inf and NaN - NaN are NaN
			return false
		}
	}
	return true
}
