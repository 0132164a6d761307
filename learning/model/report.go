package model

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/grapevine-network/grapevine/learning"
)

// Report says how well weights predict samples. All but Loss are shares from 0
// to 1.
type Report struct {
	Accuracy float64
	// BalancedAccuracy is the mean over the classes of the share of each that is
	// predicted right. A class without samples is left out.
	BalancedAccuracy float64
	Loss             float64 // mean cross-entropy in nats
	// AUC is the probability that a random sample of class 1 is given more of
	// class 1 than a random one of class 0, ties counted half. NaN unless there
	// are two classes and samples of both.
	AUC float64
}

// Bits returns the loss in bits: of a language model, bits per character.
func (r Report) Bits() float64 { return r.Loss / math.Ln2 }

// Evaluate reports on w over all of s. The most probable class is the
// prediction, the first of equals. Without samples, every figure is NaN. Errors:
// weights or samples that do not fit the model.
func Evaluate(m Model, w learning.Vector, s learning.Samples) (Report, error) {
	if m.layers == nil || len(w) != m.size() {
		return Report{}, fmt.Errorf("evaluate: %d weights do not fit the model", len(w))
	}
	if err := m.fits(s); err != nil {
		return Report{}, fmt.Errorf("evaluate: %w", err)
	}
	ws, loss := m.Workspace(), 0.0
	right, total := make([]float64, s.Classes), make([]float64, s.Classes)
	margin := make([]float64, s.Len())
	m.each(w, s, ws, func(i int, z []float32) {
		y := s.Y[i]
		total[y]++
		if argmax(z) == int(y) {
			right[y]++
		}
		margin[i] = float64(z[1]) - float64(z[0])
		loss += crossEntropy(z, int(y))
	})
	r := Report{Loss: loss / float64(s.Len()), AUC: math.NaN()}
	r.Accuracy, r.BalancedAccuracy = accuracies(right, total)
	if s.Classes == 2 {
		r.AUC = auc(margin, s.Y)
	}
	return r, nil
}

func accuracies(right, total []float64) (plain, balanced float64) {
	var hits, all, shares, classes float64
	for c, n := range total {
		if n > 0 {
			hits, all, shares, classes = hits+right[c], all+n, shares+right[c]/n, classes+1
		}
	}
	return hits / all, shares / classes
}

// auc is the Mann-Whitney statistic of margin between classes 1 and 0: ranks in
// order of margin, equal ones with their mean rank.
func auc(margin []float64, y []int32) float64 {
	order := make([]int, len(y))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(margin[a], margin[b]) })
	var ranks, ones float64
	for i := 0; i < len(order); {
		j := i
		for j < len(order) && margin[order[j]] == margin[order[i]] {
			j++
		}
		j = max(j, i+1) // NaN does not equal itself
		for _, row := range order[i:j] {
			if y[row] == 1 {
				ranks += float64(i+1+j) / 2
				ones++
			}
		}
		i = j
	}
	zeros := float64(len(y)) - ones
	return (ranks - ones*(ones+1)/2) / (ones * zeros) // 0/0 = NaN without both
}

func argmax(x []float32) int {
	best := 0
	for i, v := range x {
		if v > x[best] {
			best = i
		}
	}
	return best
}
