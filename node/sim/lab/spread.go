package lab

import (
	"math"
	"slices"
)

// Spread says how a figure came out over several runs.
type Spread struct {
	Mean float64 `json:"mean"`
	Std  float64 `json:"std"` // over n-1; 0 for one run
	Min  float64 `json:"min"`
	Max  float64 `json:"max"`
}

// spread is that of values that are all numbers, nil if one is not or there is none.
func spread(values []float64) *Spread {
	if len(values) == 0 || slices.ContainsFunc(values, math.IsNaN) {
		return nil
	}
	s := &Spread{Mean: mean(values), Min: slices.Min(values), Max: slices.Max(values)}
	for _, v := range values {
		s.Std += (v - s.Mean) * (v - s.Mean)
	}
	if len(values) > 1 {
		s.Std = math.Sqrt(s.Std / float64(len(values)-1))
	}
	return s
}

func mean(values []float64) (m float64) {
	for _, v := range values {
		m += v / float64(len(values))
	}
	return m
}

// signTest is the probability that a fair coin shows heads as often as wins, or
// tails, or more, in as many tosses: two-sided.
func signTest(wins, losses int) float64 {
	n, p := wins+losses, 0.0
	for k := max(wins, losses); k <= n; k++ {
		p += binomial(n, k) / math.Pow(2, float64(n))
	}
	return min(1, 2*p)
}

func binomial(n, k int) float64 {
	b := 1.0
	for i := range k {
		b *= float64(n-i) / float64(i+1)
	}
	return b
}
