package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// lengths has each number of elements beside whole vectors.
func lengths(t *testing.T, f func(t *testing.T, rng *rand.Rand, n int)) {
	each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(5, 6))
		for n := range 70 {
			f(t, rng, n)
		}
		f(t, rng, 1000)
	})
}

// close32 allows for one rounding more or less: where multiplication and
// addition are fused, there is one.
func close32(got, want, size float32) bool {
	return math.Abs(float64(got)-float64(want)) <= 0x1p-23*float64(size)
}

func TestVectorsAgainstLoops(t *testing.T) {
	lengths(t, func(t *testing.T, rng *rand.Rand, n int) {
		x, checkX := guarded(t, rng, n)
		y, checkY := guarded(t, rng, n)
		x0, y0 := slices.Clone(x), slices.Clone(y)
		same := func(what string, got, want float32, i int) {
			if !close32(got, want, 4) {
				t.Fatalf("%s of %d: value %d is %v, want %v", what, n, i, got, want)
			}
		}
		Axpy(y, 0.75, x)
		for i := range y {
			same("Axpy", y[i], y0[i]+0.75*x0[i], i)
		}
		Scale(-1.5, y)
		for i := range y {
			same("Scale", y[i], -1.5*(y0[i]+0.75*x0[i]), i)
		}
		copy(y, y0)
		Step(y, x, 0.1, 0.9)
		for i := range y {
			same("Step, weights", y[i], y0[i]-0.1*x0[i], i)
			same("Step, velocity", x[i], 0.9*x0[i], i)
		}
		checkX()
		checkY()
	})
}

func TestMaskClearsWhatReLUCleared(t *testing.T) {
	nan, negativeZero := float32(math.NaN()), float32(math.Copysign(0, -1))
	act := []float32{1, 0, negativeZero, -1, nan, 1e-38, float32(math.Inf(1)), 2}
	lengths(t, func(t *testing.T, rng *rand.Rand, n int) {
		d, check := guarded(t, rng, n)
		acts, _ := guarded(t, rng, n)
		want := slices.Clone(d)
		for i := range acts {
			acts[i] = act[i%len(act)]
			if !(acts[i] > 0) {
				want[i] = 0
			}
		}
		Mask(d, acts)
		check()
		if !slices.Equal(d, want) {
			t.Errorf("Mask of %d: %v, want %v", n, d, want)
		}
	})
}

func TestSoftmaxAgainstFloat64(t *testing.T) {
	lengths(t, func(t *testing.T, rng *rand.Rand, n int) {
		if n == 0 {
			return
		}
		for _, spread := range []float32{0, 1, 20, 300} {
			x, check := guarded(t, rng, n)
			Scale(spread, x)
			testSoftmax(t, x)
			check()
		}
	})
}

func testSoftmax(t *testing.T, x []float32) {
	t.Helper()
	sum, top, logits := 0.0, float64(slices.Max(x)), slices.Clone(x)
	for _, v := range x {
		sum += math.Exp(float64(v) - top)
	}
	if got, want := Softmax(x), math.Log(sum)+top; math.Abs(got-want) > 2e-6 {
		t.Fatalf("log of the sum of %d is %v, want %v", len(x), got, want)
	}
	for i, got := range x {
		want := math.Exp(float64(logits[i])-top) / sum
		if math.Abs(float64(got)-want) > (float64(len(x))+8+top-float64(logits[i]))*0x1p-24*want+0x1p-125 {
			t.Fatalf("probability %d of %d, logit %v of at most %v, is %v, want %v", i, len(x), logits[i], top, got, want)
		}
	}
}

func TestSoftmaxOfTheExtreme(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	each(t, func(t *testing.T) {
		for _, n := range []int{1, 3, 16, 40} {
			x := make([]float32, n)
			for i := range x {
				x[i] = -3e38
			}
			x[n-1] = 3e38
			if l := Softmax(x); x[n-1] != 1 || math.Abs(l-3e38) > 1e32 {
				t.Errorf("%d logits: the largest has probability %v, log of the sum %v", n, x[n-1], l)
			}
			for _, bad := range []float32{nan, inf} {
				for i := range x {
					x[i] = 1
				}
				x[n/2] = bad
				if l := Softmax(x); !math.IsNaN(l) {
					t.Errorf("%d logits, one of them %v: log of the sum is %v", n, bad, l)
				}
				if v := x[n/2]; v == v {
					t.Errorf("%d logits, one of them %v: its probability is %v", n, bad, v)
				}
			}
		}
	})
}
