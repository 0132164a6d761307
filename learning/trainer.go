package learning

import (
	"context"
	"math"
)

// Task asks a Trainer for one round of local work.
type Task struct {
	Anchor Vector // the topic's model to start from; not to be changed
	Round  uint64
	Seed   uint64 // of whatever the trainer draws at random
}

// Metrics tell what a local round did. They are the peer's own word: nothing is
// decided by them.
type Metrics struct {
	Samples int     // training samples read, repeats counted
	Loss    float64 // their mean cross-entropy in nats, each before its own step
}

// Score is what an update gains on held-out samples.
type Score struct {
	Gain    float64 // mean loss before minus mean loss after, in nats; NaN = not scored
	StdErr  float64 // standard error of the paired per-sample differences, in nats
	Samples int     // held-out samples behind both; the caller decides how many are enough
}

// Micro returns gain and standard error in micro-nats, bounded by 10^15: here
// floats end. It is not ok if one is not a number: then there is no score.
func (s Score) Micro() (u, se int64, ok bool) {
	const limit = 1e15
	gain, spread := math.Round(s.Gain*1e6), math.Round(s.StdErr*1e6)
	if math.IsNaN(gain) || math.IsNaN(spread) {
		return 0, 0, false
	}
	return int64(max(-limit, min(gain, limit))), int64(max(0, min(spread, limit))), true
}

// Trainer is a model together with a peer's own data. The data never leaves it.
//
// The two methods may run at the same time, but neither runs twice at once.
// Both return soon after ctx ends, with its error.
type Trainer interface {
	// Train works from task.Anchor and returns the update: trained weights
	// minus anchor, of the same length, finite, owned by the caller.
	Train(ctx context.Context, task Task) (update Vector, m Metrics, err error)

	// Evaluate scores base + deltas[i] against base, each delta alone, on the
	// trainer's held-out samples. The result has one Score for each delta, in
	// order. Neither base nor deltas are changed.
	Evaluate(ctx context.Context, base Vector, deltas []Vector) ([]Score, error)
}
