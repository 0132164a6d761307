package model

import (
	"math"
	"strings"
	"testing"

	"github.com/grapevine-network/grapevine/learning"
)

// line gives the logit of class 1 as its one input, all others 0.
func line(t *testing.T, classes int) (Model, learning.Vector) {
	m := parse(t, "softmax", 1, classes)
	w := make(learning.Vector, m.size())
	w[1] = 1
	return m, w
}

func TestAReportCountsWhatIsRight(t *testing.T) {
	nan := math.NaN()
	cases := []struct {
		name               string
		classes            int
		x                  []float32
		y                  []int32
		accuracy, balanced float64
		auc                float64
	}{
		{"all right", 2, []float32{-1, -2, 1, 2}, []int32{0, 0, 1, 1}, 1, 1, 1},
		{"all wrong", 2, []float32{-1, 1}, []int32{1, 0}, 0, 0, 0},
		{"majority only", 2, []float32{-1, -1, -1, -1}, []int32{0, 0, 0, 1}, 0.75, 0.5, 0.5},
		{"good order, bad threshold", 2, []float32{1, 2, 3, 4}, []int32{0, 0, 1, 1}, 0.5, 0.5, 1},
		{"one pair of four wrong", 2, []float32{-3, -1, -2, 2}, []int32{0, 0, 1, 1}, 0.75, 0.75, 0.75},
		{"ties count half", 2, []float32{1, 1, 2}, []int32{0, 1, 1}, 2. / 3, 0.5, 0.75},
		{"one class only", 2, []float32{1, -1}, []int32{1, 1}, 0.5, 0.5, nan},
		{"a class without samples is left out", 3, []float32{-1, 1, 1}, []int32{0, 1, 1}, 1, 1, nan},
		{"no samples", 2, nil, nil, nan, nan, nan},
	}
	for _, c := range cases {
		m, w := line(t, c.classes)
		r, err := Evaluate(m, w, learning.Samples{X: c.x, Y: c.y, Inputs: 1, Classes: c.classes})
		if err != nil {
			t.Fatal(err)
		}
		if !same(r.Accuracy, c.accuracy) || !same(r.BalancedAccuracy, c.balanced) || !same(r.AUC, c.auc) {
			t.Errorf("%s: got %+v, want %g, %g, AUC %g", c.name, r, c.accuracy, c.balanced, c.auc)
		}
	}
}

func same(a, b float64) bool {
	return math.Abs(a-b) < 1e-12 || math.IsNaN(a) && math.IsNaN(b)
}

func TestTheLossOfAReportIsTheMeanCrossEntropy(t *testing.T) {
	m, w := line(t, 2)
	r, err := Evaluate(m, w, learning.Samples{X: []float32{0, 1}, Y: []int32{0, 1}, Inputs: 1, Classes: 2})
	if want := (math.Ln2 + math.Log1p(math.Exp(-1))) / 2; err != nil || math.Abs(r.Loss-want) > 1e-7 {
		t.Errorf("got %g (%v), want %g", r.Loss, err, want)
	}
}

func TestAReportRefusesWhatDoesNotFit(t *testing.T) {
	m, w := line(t, 2)
	if _, err := Evaluate(m, w[:3], learning.Samples{Inputs: 1, Classes: 2}); err == nil || !strings.Contains(err.Error(), "3 weights") {
		t.Errorf("short weights: got error %v", err)
	}
	if _, err := Evaluate(m, w, learning.Samples{Inputs: 1, Classes: 3}); err == nil || !strings.Contains(err.Error(), "3 classes") {
		t.Errorf("more classes: got error %v", err)
	}
	if _, err := Evaluate(Model{}, nil, learning.Samples{}); err == nil {
		t.Error("the zero model was accepted")
	}
}
