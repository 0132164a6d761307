package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
)

// quickest repeats f and reports the rate of the call that took least: on a
// machine with other work the mean says little.
func quickest(b *testing.B, amount float64, unit string, f func()) {
	least := time.Hour
	for b.Loop() {
		start := time.Now()
		f()
		least = min(least, time.Since(start))
	}
	b.ReportMetric(amount/float64(least.Nanoseconds()), unit)
}

func random(n int) []float32 {
	rng := rand.New(rand.NewPCG(1, 2))
	x := make([]float32, n)
	for i := range x {
		x[i] = rng.Float32() - 0.5
	}
	return x
}

// BenchmarkGEMM multiplies square matrices, and those that MLP 784-128-10 has at
// batch 32: forward, weight gradient, and what the gradient of an input of 784
// would be. Use -cpu 1: gonum divides large products among all processors.
func BenchmarkGEMM(b *testing.B) {
	for _, s := range []struct {
		name    string
		m, k, n int
		ta, tb  bool
	}{
		{"256", 256, 256, 256, false, false},
		{"1024", 1024, 1024, 1024, false, false},
		{"forward", 32, 784, 128, false, false},
		{"weights", 784, 32, 128, true, false},
		{"inputs", 32, 128, 784, false, true},
	} {
		x, y, z := random(s.m*s.k), random(s.k*s.n), random(s.m*s.n)
		flops := 2 * float64(s.m) * float64(s.k) * float64(s.n)
		b.Run(s.name+"/gonum", func(b *testing.B) {
			ta, a := general(x, s.m, s.k, s.ta)
			tb, c := general(y, s.k, s.n, s.tb)
			_, to := general(z, s.m, s.n, false)
			quickest(b, flops, "GFLOP/s", func() { blas32.Gemm(ta, tb, 1, a, c, 0, to) })
		})
		levels(b, s.name, func(b *testing.B) {
			a, c := stored(x, s.m, s.k, s.ta), stored(y, s.k, s.n, s.tb)
			quickest(b, flops, "GFLOP/s", func() { Mul(RowMajor(z, s.m, s.n), a, c) })
		})
	}
}

// stored returns a matrix of rows times cols, a transpose of what is in memory
// or not; general does so for gonum.
func stored(x []float32, rows, cols int, transposed bool) Matrix {
	if transposed {
		return RowMajor(x, cols, rows).T()
	}
	return RowMajor(x, rows, cols)
}

func general(x []float32, rows, cols int, transposed bool) (blas.Transpose, blas32.General) {
	if transposed {
		return blas.Trans, blas32.General{Rows: cols, Cols: rows, Stride: rows, Data: x}
	}
	return blas.NoTrans, blas32.General{Rows: rows, Cols: cols, Stride: cols, Data: x}
}

func levels(b *testing.B, name string, f func(b *testing.B)) {
	was := active
	defer func() { active = was }()
	for active = portable; active <= was; active++ {
		b.Run(fmt.Sprint(name, "/", active), f)
	}
}

// BenchmarkVectors works on 100,000 values, which the second cache holds, and on
// rows of 10 logits.
func BenchmarkVectors(b *testing.B) {
	const n = 100_000
	x, y := random(n), random(n)
	for name, f := range map[string]func(){
		"axpy": func() { Axpy(y, 1e-9, x) },
		"mask": func() { Mask(y, x) },
		"step": func() { Step(y, x, 1e-9, 1) },
		"softmax": func() {
			for i := 0; i < n; i += 10 {
				Softmax(x[i:][:10])
			}
		},
	} {
		levels(b, name, func(b *testing.B) { quickest(b, n, "values/ns", f) })
	}
}
