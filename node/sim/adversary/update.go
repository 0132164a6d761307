package adversary

import (
	"math"
	"math/rand/v2"
	"slices"
)

// View is what an attacker knows when it makes its update. Vectors have one
// value per parameter; nothing changes them.
type View struct {
	Own    []float32   // what honest training on its own data gave
	Others [][]float32 // honest updates of other peers: of this round for an omniscient attacker, else of an earlier one
	Liars  int         // how many attack together, this one included; 0 counts as 1
	Seed   uint64      // differs by attacker and round

	// Harmless tells whether the attacker's own held-out data would let an update
	// pass. nil: it cannot tell. What searches for the worst update that is not
	// noticed asks this.
	Harmless func(update []float32) bool
}

// Update returns the update that an attacker of kind k sends in place of v.Own:
// not compressed, of the same length. Kinds that do not forge updates return v.Own,
// and so do those that need to know other updates when none are known.
func (k Kind) Update(v View) []float32 {
	if f := forgers[k]; f != nil && (len(v.Others) > 0 || !crowded[k]) {
		return f(v)
	}
	return v.Own
}

var forgers = map[Kind]func(View) []float32{
	SignFlip:   func(v View) []float32 { return scaled(-1, v.Own) },
	SignFlip10: func(v View) []float32 { return scaled(-10, v.Own) },
	Noise:      shuffledSigns, Gauss: gauss, Outlier: outlier, FreeRideNoise: freeRideNoise, FreeRide: nextToNothing,
	FreeRideZero: func(v View) []float32 { return make([]float32, len(v.Own)) },
	ALIE:         alie, OptALIE: optALIE, IPM: ipm, OptIPM: optIPM, MinMax: minMax, Mimic: mimic,
	Backdoor: replacement,
}

// crowded are the kinds that need to know other updates.
var crowded = map[Kind]bool{ALIE: true, OptALIE: true, IPM: true, OptIPM: true, MinMax: true, Mimic: true}

func (v View) rng() *rand.Rand { return rand.New(rand.NewPCG(v.Seed, 0xf0e6e)) }

// scaled returns a·x.
func scaled(a float64, x []float32) []float32 {
	y := make([]float32, len(x))
	for i := range x {
		y[i] = float32(a * float64(x[i]))
	}
	return y
}

// moved returns x + a·d.
func moved(x []float32, a float64, d []float32) []float32 {
	y := make([]float32, len(x))
	for i := range x {
		y[i] = float32(float64(x[i]) + a*float64(d[i]))
	}
	return y
}

// moments returns mean and standard deviation of each parameter.
func moments(all [][]float32) (mean, std []float32) {
	mean, std = make([]float32, len(all[0])), make([]float32, len(all[0]))
	n := float64(len(all))
	for i := range mean {
		sum, squares := 0.0, 0.0
		for _, x := range all {
			sum += float64(x[i])
		}
		for _, x := range all {
			d := float64(x[i]) - sum/n
			squares += d * d
		}
		mean[i], std[i] = float32(sum/n), float32(math.Sqrt(squares/n))
	}
	return mean, std
}

func dot(x, y []float32) (sum float64) {
	for i := range x {
		sum += float64(x[i]) * float64(y[i])
	}
	return sum
}

func norm(x []float32) float64 { return math.Sqrt(dot(x, x)) }

// distance returns ‖x-y‖.
func distance(x, y []float32) float64 { return norm(moved(x, -1, y)) }

// medianNorm is what longer updates are clipped to, more or less.
func medianNorm(all [][]float32) float64 {
	norms := make([]float64, len(all))
	for i, x := range all {
		norms[i] = norm(x)
	}
	slices.Sort(norms)
	return norms[(len(norms)-1)/2]
}
