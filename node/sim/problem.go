package sim

import (
	"math/rand/v2"

	"github.com/grapevine-network/grapevine/learning/delta"
	"github.com/grapevine-network/grapevine/node/engine"
)

// Problem is what the peers of a world learn.
type Problem interface {
	First() []int32 // the model that they begin with
	Train(peer int, anchor []int32, rng *rand.Rand) []float32
	Score(peer int, anchor []int32, deltas []delta.Sparse, among int) []*engine.Measure
	Loss(anchor []int32) float64
}

// params is the size of the toy model.
const params = 256

// toy is a secret vector of which each peer holds a noisy copy. A model's loss at
// a peer is half the squared distance to that peer's copy.
type toy struct{ targets [][]float64 }

func newToy(seed uint64, peers int) toy {
	rng := rand.New(rand.NewPCG(seed, 2))
	secret := make([]float64, params)
	for i := range secret {
		secret[i] = rng.NormFloat64() / 4
	}
	p := toy{make([][]float64, peers)}
	for j := range p.targets {
		p.targets[j] = make([]float64, params)
		for i := range secret {
			p.targets[j][i] = secret[i] + rng.NormFloat64()/40
		}
	}
	return p
}

// First implements Problem.
func (p toy) First() []int32 { return make([]int32, params) }

// Train goes part of the way to the peer's own target.
func (p toy) Train(peer int, anchor []int32, rng *rand.Rand) []float32 {
	update := make([]float32, params)
	for i, t := range p.targets[peer] {
		update[i] = float32(0.3*(t-float64(anchor[i])/delta.One) + rng.NormFloat64()/200)
	}
	return update
}

// Score measures exactly; the standard error is a guess of its size.
func (p toy) Score(peer int, anchor []int32, deltas []delta.Sparse, among int) []*engine.Measure {
	scores := make([]*engine.Measure, len(deltas))
	for j, d := range deltas {
		gain := 0.0
		for k, i := range d.Index {
			before := float64(anchor[i])/delta.One - p.targets[peer][i]
			after := before + float64(d.Value[k])/float64(delta.One*among)
			gain += (before*before - after*after) / 2
		}
		scores[j] = &engine.Measure{U: int64(gain * 1e6), SE: 500}
	}
	return scores
}

// Loss is the mean over all peers.
func (p toy) Loss(anchor []int32) (sum float64) {
	for _, target := range p.targets {
		for i, t := range target {
			d := float64(anchor[i])/delta.One - t
			sum += d * d / 2
		}
	}
	return sum / float64(len(p.targets))
}
