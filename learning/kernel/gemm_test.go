package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// each runs f once for each level that this processor has.
func each(t *testing.T, f func(t *testing.T)) {
	was := active
	defer func() { active = was }()
	for active = portable; active <= was; active++ {
		t.Run(active.String(), f)
	}
}

// guarded returns n values of [-1, 1) before which lie 64 NaN and behind which
// lies memory that must not be touched. check tells whether the NaN are still
// there; that none was read is seen in the results.
func guarded(t *testing.T, rng *rand.Rand, n int) (x []float32, check func()) {
	all := edge(t, 64+n)
	for i := range all {
		all[i] = math.Float32frombits(0x7fc00000 | uint32(i))
	}
	x = all[64:]
	for i := range x {
		x[i] = rng.Float32()*2 - 1
	}
	return x, func() {
		for i, v := range all[:64] {
			if math.Float32bits(v) != 0x7fc00000|uint32(i) {
				t.Fatalf("value %d was written", i-64)
			}
		}
	}
}

var shapes = []struct{ m, k, n int }{
	{1, 1, 1}, {1, 0, 1}, {3, 0, 5}, {0, 3, 2}, {2, 3, 0}, {1, 7, 33}, {2, 1, 31}, {3, 5, 16}, {4, 4, 17}, {5, 9, 15},
	{7, 300, 10}, {8, 16, 32}, {9, 17, 64}, {13, 2, 65}, {15, 33, 47}, {16, 513, 8}, {12, 1030, 40}, {32, 784, 10},
}

func TestProductsAreWhatTheySay(t *testing.T) {
	each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 2))
		for _, s := range shapes {
			for form := range 4 {
				testProducts(t, newCase(t, rng, s.m, s.k, s.n, form&1 != 0, form&2 != 0))
			}
		}
	})
}

// products is one case: matrices that may be transposes of what lies in memory.
type products struct {
	a, b, c Matrix
	bias    []float32
	checks  []func()
}

func newCase(t *testing.T, rng *rand.Rand, m, k, n int, ta, tb bool) (p products) {
	values := func(n int) []float32 {
		x, check := guarded(t, rng, n)
		p.checks = append(p.checks, check)
		return x
	}
	view := func(rows, cols int, transposed bool) Matrix {
		if transposed {
			return RowMajor(values(rows*cols), cols, rows).T()
		}
		return RowMajor(values(rows*cols), rows, cols)
	}
	p.a, p.b, p.c, p.bias = view(m, k, ta), view(k, n, tb), view(m, n, false), values(n)
	return p
}

func testProducts(t *testing.T, p products) {
	before := slices.Clone(p.c.data)
	MulAdd(p.c, p.a, p.b)
	p.verify(t, "MulAdd", func(i, j int) float32 { return before[i*p.c.Cols+j] }, math.Inf(-1))
	Mul(p.c, p.a, p.b)
	p.verify(t, "Mul", func(i, j int) float32 { return 0 }, math.Inf(-1))
	Affine(p.c, p.a, p.b, p.bias, false)
	p.verify(t, "Affine", func(i, j int) float32 { return p.bias[j] }, math.Inf(-1))
	Affine(p.c, p.a, p.b, p.bias, true)
	p.verify(t, "Affine with ReLU", func(i, j int) float32 { return p.bias[j] }, 0)
}

// verify compares c with sums in float64, within the roundings that are allowed.
func (p products) verify(t *testing.T, what string, start func(i, j int) float32, floor float64) {
	t.Helper()
	for i := range p.c.Rows {
		for j, got := range p.c.Row(i) {
			sum := float64(start(i, j))
			size := math.Abs(sum)
			for k := range p.a.Cols {
				v := float64(p.a.from(i, k)[0]) * float64(p.b.from(k, j)[0])
				sum, size = sum+v, size+math.Abs(v)
			}
			if !(math.Abs(float64(got)-max(floor, sum)) <= float64(p.a.Cols+1)*0x1p-24*size) {
				t.Fatalf("%s, %d×%d·%d×%d, strides %d and %d: [%d, %d] is %v, want %v", what,
					p.a.Rows, p.a.Cols, p.b.Rows, p.b.Cols, p.a.col, p.b.col, i, j, got, max(floor, sum))
			}
		}
	}
	for _, check := range p.checks {
		check()
	}
}

// The rows of a convolution overlap.
func TestProductsOfWindows(t *testing.T) {
	each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(7, 8))
		for _, s := range []struct{ rows, cols, step, n int }{{1, 3, 1, 1}, {23, 3, 1, 8}, {30, 24, 8, 16}, {9, 5, 0, 20}, {7, 2, 5, 33}} {
			p := newCase(t, rng, s.rows, s.cols, s.n, false, false)
			x, check := guarded(t, rng, (s.rows-1)*s.step+s.cols)
			p.checks = append(p.checks, check)
			p.a = Windows(x, s.rows, s.cols, s.step)
			testProducts(t, p)
			q := newCase(t, rng, s.cols, s.rows, s.n, false, false)
			q.a = p.a.T()
			testProducts(t, q)
		}
	})
}

func TestAddRows(t *testing.T) {
	each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(3, 4))
		for _, s := range []struct{ rows, cols int }{{0, 3}, {1, 1}, {32, 128}, {1000, 9}, {5, 70}} {
			x, _ := guarded(t, rng, s.rows*s.cols)
			sums, _ := guarded(t, rng, s.cols)
			want := slices.Clone(sums)
			for i, v := range x {
				want[i%s.cols] += v
			}
			AddRows(sums, RowMajor(x, s.rows, s.cols))
			for j, got := range sums {
				if math.Abs(float64(got-want[j])) > float64(s.rows)*float64(s.rows)*0x1p-23 {
					t.Errorf("%d×%d: sum %d is %v, want %v", s.rows, s.cols, j, got, want[j])
				}
			}
		}
	})
}

// What is not a number must show, and in its own row and column only.
func TestNaNAndInfinitySpreadAsInArithmetic(t *testing.T) {
	each(t, func(t *testing.T) {
		const m, k, n = 13, 20, 37
		for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1))} {
			a, b, c := make([]float32, m*k), make([]float32, k*n), make([]float32, m*n)
			for i := range a {
				a[i] = 1
			}
			for i := range b {
				b[i] = 1
			}
			a[5*k+19], b[3*n+36] = bad, bad
			Affine(RowMajor(c, m, n), RowMajor(a, m, k), RowMajor(b, k, n), make([]float32, n), true)
			for i, v := range c {
				if finite := v-v == 0; finite == (i/n == 5 || i%n == 36) {
					t.Fatalf("%v at row 5 and column 36: [%d, %d] is %v", bad, i/n, i%n, v)
				}
			}
		}
	})
}

func TestWhatDoesNotFitPanics(t *testing.T) {
	short := make([]float32, 47, 48) // of whole vectors: the assembly alone would not see it
	m := func(rows, cols int) Matrix { return RowMajor(make([]float32, rows*cols), rows, cols) }
	for name, f := range map[string]func(){
		"inner dimensions": func() { Mul(m(2, 3), m(2, 4), m(5, 3)) },
		"rows":             func() { Mul(m(1, 3), m(2, 4), m(4, 3)) },
		"columns":          func() { MulAdd(m(2, 2), m(2, 4), m(4, 3)) },
		"into a transpose": func() { Mul(m(3, 2).T(), m(2, 4), m(4, 3)) },
		"bias":             func() { Affine(m(2, 3), m(2, 4), m(4, 3), make([]float32, 2), true) },
		"length":           func() { RowMajor(make([]float32, 5), 2, 3) },
		"windows":          func() { Windows(make([]float32, 5), 4, 3, 1) },
		"axpy":             func() { Axpy(make([]float32, 48), 1, short) },
		"mask":             func() { Mask(make([]float32, 48), short) },
		"step":             func() { Step(make([]float32, 48), short, 1, 1) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			f()
		})
	}
}

func TestProductsAllocateNothing(t *testing.T) {
	each(t, func(t *testing.T) {
		x, y, z := make([]float32, 32*64), make([]float32, 64*10), make([]float32, 32*10)
		bias := make([]float32, 10)
		if n := testing.AllocsPerRun(10, func() {
			Affine(RowMajor(z, 32, 10), RowMajor(x, 32, 64), RowMajor(y, 64, 10), bias, true)
			Softmax(z[:10])
			AddRows(bias, RowMajor(z, 32, 10))
			MulAdd(RowMajor(y, 64, 10), RowMajor(x, 32, 64).T(), RowMajor(z, 32, 10))
			Mul(RowMajor(x, 32, 64), RowMajor(z, 32, 10), RowMajor(y, 64, 10).T())
		}); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}
