package adversary

import (
	"math"
	"math/rand/v2"
)

// Copies that are changed, so that they might pass for somebody's work. Like
// [Copy], they need what another revealed in an earlier round.

var altered = map[Kind]func(rng *rand.Rand, x []float32) []float32{
	Copy99: noisy(0.99), Copy95: noisy(0.95), Copy90: noisy(0.90), Copy80: noisy(0.80),
	CopyMost: without(0.25), CopyHalf: without(0.5),
}

// noisy adds noise where x is not 0: the cosine with x becomes what is said, the
// length stays.
func noisy(cosine float64) func(*rand.Rand, []float32) []float32 {
	return func(rng *rand.Rand, x []float32) []float32 {
		noise := make([]float32, len(x))
		for i, v := range x {
			if v != 0 {
				noise[i] = float32(rng.NormFloat64())
			}
		}
		size := max(norm(x), 1e-30)
		noise = moved(noise, -dot(noise, x)/(size*size), x)
		return moved(scaled(cosine, x), math.Sqrt(1-cosine*cosine)*size/max(norm(noise), 1e-30), noise)
	}
}

// without leaves a share of the values out.
func without(share float64) func(*rand.Rand, []float32) []float32 {
	return func(rng *rand.Rand, x []float32) []float32 {
		y := make([]float32, len(x))
		for i, v := range x {
			if rng.Float64() >= share {
				y[i] = v
			}
		}
		return y
	}
}

// altered returns a changed copy of what somebody else revealed before.
func (f *Forger) altered(round uint64) []byte {
	victim := f.another(round)
	if victim == nil {
		return nil
	}
	x := f.dense(victim)
	if x == nil {
		return nil
	}
	forged, err := f.codec.Encode(nil, altered[f.kind](f.rng, x))
	if err != nil {
		return nil
	}
	return forged
}
