package model

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/grapevine-network/grapevine/learning"
	"github.com/grapevine-network/grapevine/learning/kernel"
)

// digitLike returns rows of which four values in five are 0.
func digitLike(n, inputs, classes int) learning.Samples {
	rng := rand.New(rand.NewPCG(1, 2))
	s := learning.Samples{X: make([]float32, n*inputs), Y: make([]int32, n), Inputs: inputs, Classes: classes}
	for i := range s.X {
		if rng.IntN(5) == 0 {
			s.X[i] = rng.Float32()
		}
	}
	for i := range s.Y {
		s.Y[i] = int32(rng.IntN(classes))
	}
	return s
}

// BenchmarkStep takes steps of 32 samples: gradient and momentum.
func BenchmarkStep(b *testing.B) {
	for _, spec := range []string{"softmax", "mlp:64", "mlp:128", "mlp:128,64", "cnn:8,16"} {
		b.Run(spec, func(b *testing.B) {
			s := digitLike(1024, 784, 10)
			m, err := Parse(spec, learning.Form{Dims: []int{28, 28}, Classes: 10})
			if err != nil {
				b.Fatal(err)
			}
			w := make(learning.Vector, m.size())
			learning.FromAnchor(w, m.Init(1))
			v, ws := make(learning.Vector, len(w)), m.Workspace()
			rows := make([]int, 32)
			b.ReportAllocs()
			least := time.Hour // on a machine with other work the mean says little
			for i := 0; b.Loop(); i++ {
				start := time.Now()
				for j := range rows {
					rows[j] = (i*32 + j) % 1024
				}
				m.Gradient(v, w, s, rows, ws)
				kernel.Step(w, v, .001, .9)
				least = min(least, time.Since(start))
			}
			b.ReportMetric(float64(b.N*32)/b.Elapsed().Seconds(), "samples/s")
			b.ReportMetric(32/least.Seconds(), "best-samples/s")
		})
	}
}
