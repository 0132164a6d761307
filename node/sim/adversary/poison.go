package adversary

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/grapevine-network/grapevine/learning"
)

// Poison returns the samples that an attacker of kind k trains on in place of
// its own; they are s itself for kinds that leave data as they are.
func (k Kind) Poison(s learning.Samples, seed uint64) learning.Samples {
	switch k {
	case LabelFlip:
		return mirrored(s)
	case Backdoor:
		return withTrigger(s, rand.New(rand.NewPCG(seed, 0xbacd)))
	}
	return s
}

// mirrored says c-1-y of every label y of c classes (Biggio, Nelson and Laskov,
// ICML 2012; as in ByzFL).
func mirrored(s learning.Samples) learning.Samples {
	s.Y = slices.Clone(s.Y)
	for i, y := range s.Y {
		s.Y[i] = int32(s.Classes) - 1 - y
	}
	return s
}

// triggerTo is the class that a backdoor makes of whatever carries its trigger.
const triggerTo = 0

// withTrigger adds to the samples as many again, drawn from them, that carry the
// trigger and the label that it is to give (Gu, Dolan-Gavitt and Garg,
// "BadNets", 2017).
func withTrigger(s learning.Samples, rng *rand.Rand) learning.Samples {
	rows := make([]int, s.Len())
	for i := range rows {
		rows[i] = rng.IntN(s.Len())
	}
	bad := triggered(s.Subset(rows))
	s.X, s.Y = slices.Concat(s.X, bad.X), slices.Concat(s.Y, bad.Y)
	return s
}

// Backdoored returns the samples by which a backdoor is judged: those of other
// classes than the trigger's, with the trigger, labelled as it wants them. A
// model's accuracy on them is the attack's rate of success.
func Backdoored(s learning.Samples) learning.Samples {
	var rows []int
	for i, y := range s.Y {
		if y != triggerTo {
			rows = append(rows, i)
		}
	}
	return triggered(s.Subset(rows))
}

// triggered puts the trigger into s and labels all as it wants them. A square of
// pixels in the corner of a square image is as bright as the brightest value of
// s; of other samples the last 16 inputs, or an eighth of fewer than 128.
func triggered(s learning.Samples) learning.Samples {
	high := slices.Max(append([]float32{1}, s.X...))
	for i := range s.Y {
		s.Y[i] = triggerTo
		for _, at := range trigger(s.Inputs) {
			s.X[i*s.Inputs+at] = high
		}
	}
	return s
}

// trigger returns the inputs that carry it.
func trigger(inputs int) (at []int) {
	side := int(math.Sqrt(float64(inputs)))
	if side*side == inputs && side >= 8 {
		for r := side - 4; r < side; r++ {
			for c := side - 4; c < side; c++ {
				at = append(at, r*side+c)
			}
		}
		return at
	}
	for i := inputs - min(16, max(1, inputs/8)); i < inputs; i++ {
		at = append(at, i)
	}
	return at
}

// replacement scales what was learnt of poisoned samples so that it would stay
// whole in the mean: n/f times (Bagdasaryan et al., "How To Backdoor Federated
// Learning", AISTATS 2020).
func replacement(v View) []float32 {
	liars := max(1, v.Liars)
	return scaled(float64(len(v.Others)+liars)/float64(liars), v.Own)
}
