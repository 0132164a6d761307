package model

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/grapevine-network/grapevine/learning"
	"github.com/grapevine-network/grapevine/learning/kernel"
)

// halves are points that a line through 0 divides, but for some noise.
func halves(n int, seed uint64) learning.Samples {
	rng := rand.New(rand.NewPCG(seed, 0))
	s := learning.Samples{X: noise(n*2, rng), Y: make([]int32, n), Inputs: 2, Classes: 2}
	for i := range s.Y {
		if s.X[2*i]+s.X[2*i+1]+(rng.Float32()-.5)/2 > 0 {
			s.Y[i] = 1
		}
	}
	return s
}

func genesis(m Model) learning.Vector {
	w := make(learning.Vector, m.size())
	learning.FromAnchor(w, m.Init(1))
	return w
}

func flip(s learning.Samples) learning.Samples {
	s.Y = slices.Clone(s.Y)
	for i, y := range s.Y {
		s.Y[i] = int32(s.Classes) - 1 - y
	}
	return s
}

// train returns the update of a round and fails the test on an error.
func train(t *testing.T, g *SGD, task learning.Task) learning.Vector {
	t.Helper()
	u, _, err := g.Train(t.Context(), task)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestTrainingLowersTheLossAndLeavesTheAnchorAlone(t *testing.T) {
	m := parse(t, "mlp:8", 2, 2)
	g := &SGD{Model: m, Data: halves(200, 1)}
	w := genesis(m)
	anchor := slices.Clone(w)
	update, metrics, err := g.Train(t.Context(), learning.Task{Anchor: anchor, Round: 1, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(anchor, w) {
		t.Error("the anchor was changed")
	}
	if metrics.Samples != 16*32 || metrics.Loss <= 0 {
		t.Errorf("got metrics %+v, want 512 samples and a loss", metrics)
	}
	kernel.Axpy(w, 1, update)
	before, _ := Evaluate(m, anchor, halves(500, 2))
	after, err := Evaluate(m, w, halves(500, 2))
	if err != nil || after.Loss > before.Loss-0.1 || after.Accuracy < 0.85 {
		t.Errorf("from %+v to %+v (%v)", before, after, err)
	}
}

func TestTheSameTaskGivesTheSameUpdate(t *testing.T) {
	m := parse(t, "mlp:8", 2, 2)
	run := func(round, seed uint64) learning.Vector {
		g := &SGD{Model: m, Data: halves(100, 1), Steps: 3}
		return train(t, g, learning.Task{Anchor: genesis(m), Round: round, Seed: seed})
	}
	if !slices.Equal(run(1, 5), run(1, 5)) {
		t.Error("two fresh trainers differ on one task")
	}
	if slices.Equal(run(1, 5), run(2, 5)) || slices.Equal(run(1, 5), run(1, 6)) {
		t.Error("round or seed make no difference")
	}
}

func TestMomentumIsKeptBetweenRounds(t *testing.T) {
	m := parse(t, "softmax", 2, 2)
	task := learning.Task{Anchor: genesis(m), Round: 1}
	cases := []struct {
		momentum float32
		kept     bool
	}{{0, true}, {0.5, true}, {-1, false}}
	for _, c := range cases {
		g := &SGD{Model: m, Data: halves(100, 1), Steps: 2, Momentum: c.momentum}
		first, second := train(t, g, task), train(t, g, task)
		if kept := !slices.Equal(first, second); kept != c.kept {
			t.Errorf("momentum %g: kept = %t, want %t", c.momentum, kept, c.kept)
		}
	}
}

// Where the loss is flat, weight decay alone moves the weights: after n steps
// without momentum they are (1 - Rate*Shrink)^n of what they were.
func TestWeightDecayShrinksWhatTheLossDoesNotHold(t *testing.T) {
	m := parse(t, "mlp:8", 2, 2)
	blank := learning.Samples{X: make([]float32, 8), Y: []int32{0, 1, 0, 1}, Inputs: 2, Classes: 2} // all inputs are 0
	g := &SGD{Model: m, Data: blank, Steps: 3, Rate: 0.5, Momentum: -1, Shrink: 0.25}
	w := genesis(m)
	update := train(t, g, learning.Task{Anchor: w, Round: 1, Seed: 1})
	for i := range 2 * 8 { // weights of the first layer
		if got, want := float64(w[i]+update[i]), float64(w[i])*math.Pow(1-0.5*0.25, 3); math.Abs(got-want) > 1e-6 {
			t.Errorf("weight %d: got %v, want %v", i, got, want)
		}
	}
}

func TestEachSampleIsReadOnceBeforeAnyIsReadAgain(t *testing.T) {
	g := &SGD{Data: halves(10, 1)}
	rows := g.draw(25, rand.New(rand.NewPCG(1, 1)))
	for at := 0; at < 25; at += 10 {
		lap := slices.Clone(rows[at:min(at+10, 25)])
		slices.Sort(lap)
		if len(slices.Compact(lap)) != min(10, 25-at) {
			t.Errorf("rows %v hold one twice", lap)
		}
	}
}

func TestTrainRefusesWhatDoesNotFit(t *testing.T) {
	m := parse(t, "softmax", 2, 2)
	good := halves(20, 1)
	label := flip(good)
	label.Y[3] = 2
	wide := learning.Samples{X: make([]float32, 6), Y: []int32{0, 1}, Inputs: 3, Classes: 2}
	cases := []struct {
		name    string
		trainer *SGD
		anchor  learning.Vector
		want    string
	}{
		{"zero value", &SGD{}, nil, "no model"},
		{"short anchor", &SGD{Model: m, Data: good}, make(learning.Vector, 5), "anchor of 5 values, the model has 6"},
		{"inputs", &SGD{Model: m, Data: wide}, make(learning.Vector, 6), "3 inputs"},
		{"label", &SGD{Model: m, Data: label}, make(learning.Vector, 6), "row 3 has label 2"},
		{"empty", &SGD{Model: m, Data: good.Subset(nil)}, make(learning.Vector, 6), "no samples"},
	}
	for _, c := range cases {
		_, _, err := c.trainer.Train(t.Context(), learning.Task{Anchor: c.anchor, Round: 9})
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "round 9") {
			t.Errorf("%s: got error %v, want one with %q", c.name, err, c.want)
		}
	}
}

func TestTrainingStopsWhenTheContextEnds(t *testing.T) {
	m := parse(t, "softmax", 2, 2)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	g := &SGD{Model: m, Data: halves(20, 1), Held: halves(20, 2)}
	if _, _, err := g.Train(ctx, learning.Task{Anchor: genesis(m)}); !errors.Is(err, context.Canceled) {
		t.Errorf("train: got %v, want context.Canceled", err)
	}
	if _, err := g.Evaluate(ctx, genesis(m), []learning.Vector{genesis(m)}); !errors.Is(err, context.Canceled) {
		t.Errorf("evaluate: got %v, want context.Canceled", err)
	}
}

func TestDivergenceIsAnErrorAndIsForgotten(t *testing.T) {
	m := parse(t, "mlp:8", 2, 2)
	g := &SGD{Model: m, Data: halves(50, 1), Rate: 1e30}
	task := learning.Task{Anchor: genesis(m)}
	if _, _, err := g.Train(t.Context(), task); !errors.Is(err, ErrDiverged) {
		t.Fatalf("got %v, want ErrDiverged", err)
	}
	g.Rate = 0.05
	fresh := &SGD{Model: m, Data: halves(50, 1)}
	if !slices.Equal(train(t, g, task), train(t, fresh, task)) {
		t.Error("the momentum outlived the divergence")
	}
	// The loss was finite at the only step; the weights after it are not.
	steep := &SGD{Model: parse(t, "softmax", 1, 2), Steps: 1, Rate: 1e10}
	steep.Data = learning.Samples{X: []float32{1e30}, Y: []int32{0}, Inputs: 1, Classes: 2}
	if _, _, err := steep.Train(t.Context(), learning.Task{Anchor: make(learning.Vector, 4)}); !errors.Is(err, ErrDiverged) {
		t.Errorf("last step: got %v, want ErrDiverged", err)
	}
	// And the other way round: a logit overflows, the weights do not.
	steep.Rate = 0
	if _, _, err := steep.Train(t.Context(), learning.Task{Anchor: learning.Vector{-1e30, 0, 0, 0}}); !errors.Is(err, ErrDiverged) {
		t.Errorf("infinite loss: got %v, want ErrDiverged", err)
	}
	bad := genesis(m)
	bad[0] = float32(math.NaN())
	if _, _, err := fresh.Train(t.Context(), learning.Task{Anchor: bad}); !errors.Is(err, ErrDiverged) {
		t.Errorf("anchor with NaN: got %v, want ErrDiverged", err)
	}
}

func TestAScoreIsTheMeanAndErrorOfPairedDifferences(t *testing.T) {
	m := parse(t, "softmax", 1, 2)
	// At base all logits are 0: every loss is ln 2. The delta adds x to the logit
	// of class 1, so a sample's loss becomes ln(1+exp(∓x)).
	held := learning.Samples{X: []float32{1, 2, -1}, Y: []int32{1, 1, 1}, Inputs: 1, Classes: 2}
	g := &SGD{Model: m, Held: held}
	got, err := g.Evaluate(t.Context(), make(learning.Vector, 4), []learning.Vector{{0, 1, 0, 0}, {0, 0, 0, 0}})
	if err != nil {
		t.Fatal(err)
	}
	var d [3]float64
	for i, x := range held.X {
		d[i] = math.Ln2 - math.Log1p(math.Exp(-float64(x)))
	}
	mean := (d[0] + d[1] + d[2]) / 3
	variance := ((d[0]-mean)*(d[0]-mean) + (d[1]-mean)*(d[1]-mean) + (d[2]-mean)*(d[2]-mean)) / 2
	want := learning.Score{Gain: mean, StdErr: math.Sqrt(variance / 3), Samples: 3}
	if math.Abs(got[0].Gain-want.Gain) > 1e-7 || math.Abs(got[0].StdErr-want.StdErr) > 1e-7 || got[0].Samples != 3 {
		t.Errorf("got %+v, want %+v", got[0], want)
	}
	if want := (learning.Score{Samples: 3}); got[1] != want {
		t.Errorf("a delta of 0: got %+v, want %+v", got[1], want)
	}
}

func TestEvaluateTellsHonestUpdatesFromHarmfulOnes(t *testing.T) {
	m := parse(t, "mlp:8", 2, 2)
	data, base := halves(300, 1), genesis(m)
	honest := train(t, &SGD{Model: m, Data: data}, learning.Task{Anchor: base})
	flipped := train(t, &SGD{Model: m, Data: flip(data)}, learning.Task{Anchor: base})
	absurd := make(learning.Vector, len(base))
	for i := range absurd {
		absurd[i] = float32(math.Inf(1 - 2*(i%2)))
	}
	deltas := []learning.Vector{honest, flipped, absurd}
	kept := slices.Clone(honest)
	scores, err := (&SGD{Model: m, Held: halves(256, 3)}).Evaluate(t.Context(), base, deltas)
	if err != nil {
		t.Fatal(err)
	}
	if s := scores[0]; s.Gain < 4*s.StdErr || s.StdErr <= 0 {
		t.Errorf("honest: got %+v, want a clear gain", s)
	}
	if s := scores[1]; s.Gain > -4*s.StdErr {
		t.Errorf("flipped labels: got %+v, want a clear loss", s)
	}
	if s := scores[2]; !(s.Gain < -50) || math.IsInf(s.Gain, 0) {
		t.Errorf("not a number: got %+v, want the worst that counts", s)
	}
	if !slices.Equal(honest, kept) || !slices.Equal(base, genesis(m)) {
		t.Error("Evaluate changed a vector that is not its own")
	}
}

func TestTooFewHeldSamplesScoreNothing(t *testing.T) {
	m := parse(t, "softmax", 2, 2)
	for _, n := range []int{0, 1, 2} {
		g := &SGD{Model: m, Held: halves(n, 1)}
		scores, err := g.Evaluate(t.Context(), genesis(m), []learning.Vector{make(learning.Vector, m.size())})
		if err != nil || len(scores) != 1 {
			t.Fatalf("%d held: got %v, %v", n, scores, err)
		}
		if got, want := math.IsNaN(scores[0].Gain), n < 2; got != want || scores[0].Samples != n {
			t.Errorf("%d held: got %+v", n, scores[0])
		}
	}
}

func TestEvaluateRefusesWhatDoesNotFit(t *testing.T) {
	m := parse(t, "softmax", 2, 2)
	wide := &SGD{Model: m, Held: learning.Samples{X: make([]float32, 6), Y: []int32{0, 1}, Inputs: 3, Classes: 2}}
	if _, err := wide.Evaluate(t.Context(), genesis(m), nil); err == nil || !strings.Contains(err.Error(), "3 inputs") {
		t.Errorf("wide samples: got error %v", err)
	}
	g := &SGD{Model: m, Held: halves(10, 1)}
	if _, err := g.Evaluate(t.Context(), make(learning.Vector, 5), nil); err == nil {
		t.Error("a short base was accepted")
	}
	_, err := g.Evaluate(t.Context(), make(learning.Vector, 6), []learning.Vector{make(learning.Vector, 6), make(learning.Vector, 7)})
	if err == nil || !strings.Contains(err.Error(), "delta 2 of 2: 7 values") {
		t.Errorf("a long delta: got error %v", err)
	}
}

func TestTrainAndEvaluateMayRunAtTheSameTime(t *testing.T) {
	m := parse(t, "mlp:8", 2, 2)
	g := &SGD{Model: m, Data: halves(100, 1), Held: halves(100, 2)}
	base := genesis(m)
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, _, err := g.Train(t.Context(), learning.Task{Anchor: base}); err != nil {
			t.Error(err)
		}
	})
	wg.Go(func() {
		if _, err := g.Evaluate(t.Context(), base, []learning.Vector{base}); err != nil {
			t.Error(err)
		}
	})
	wg.Wait()
}
