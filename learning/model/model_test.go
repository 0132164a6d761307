package model

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/grapevine-network/grapevine/learning"
)

var specs = []string{"softmax", "mlp:7", "mlp:6,5", "mlp:4,3,5"}

func parse(t testing.TB, spec string, inputs, classes int) Model {
	t.Helper()
	m, err := Parse(spec, inputs, classes)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// noise returns n values from -1 to 1.
func noise(n int, rng *rand.Rand) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = rng.Float32()*2 - 1
	}
	return x
}

func TestParseRefusesASpecItCannotMean(t *testing.T) {
	cases := []struct {
		spec            string
		inputs, classes int
		want            string // part of the error
	}{
		{"cnn", 4, 2, `want "softmax" or "mlp:WIDTH`},
		{"", 4, 2, "unknown model"},
		{"Softmax", 4, 2, "unknown model"},
		{"softmax:3", 4, 2, "unknown model"},
		{"mlp", 4, 2, "unknown model"},
		{"mlp:", 4, 2, `layer 1 has width ""`},
		{"mlp:0", 4, 2, `layer 1 has width "0"`},
		{"mlp:-3", 4, 2, `width "-3"`},
		{"mlp:+3", 4, 2, `width "+3"`},
		{"mlp:064", 4, 2, `width "064"`},
		{"mlp:8, 4", 4, 2, `layer 2 has width " 4"`},
		{"mlp:8,", 4, 2, `layer 2 has width ""`},
		{"mlp:99999999999999999999", 4, 2, "layer 1 has width"},
		{"mlp:65537", 4, 2, "layer 1 has width"},
		{"mlp:1,1,1,1,1,1,1,1,1", 4, 2, "more than 8"},
		{"mlp:65536,65536", 4, 2, "parameters"},
		{"softmax", 0, 2, "0 inputs"},
		{"softmax", 1 << 17, 2, "inputs"},
		{"softmax", 4, 1, "1 classes"},
	}
	for _, c := range cases {
		_, err := Parse(c.spec, c.inputs, c.classes)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got error %v, want one with %q", c.spec, err, c.want)
		}
	}
}

func TestTheShapeNamesEveryLayer(t *testing.T) {
	m := parse(t, "mlp:64,32", 784, 10)
	var got []string
	for _, tensor := range m.Shape() {
		got = append(got, tensor.Name)
	}
	want := []string{"fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias", "fc3.weight", "fc3.bias"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got, want := m.Shape()[0].Dims, []int{784, 64}; !slices.Equal(got, want) {
		t.Errorf("fc1.weight: got %v, want %v", got, want)
	}
}

func TestTheLayersFillTheVectorWithoutGaps(t *testing.T) {
	for _, spec := range specs {
		m := parse(t, spec, 9, 4)
		w := make(learning.Vector, m.Shape().Size())
		if len(w) != m.size() {
			t.Fatalf("%s: shape has %d values, model %d", spec, len(w), m.size())
		}
		for _, l := range m.layers {
			for i := range l.weight(w) {
				l.weight(w)[i]++
			}
			for i := range l.bias(w) {
				l.bias(w)[i]++
			}
		}
		if slices.ContainsFunc(w, func(v float32) bool { return v != 1 }) {
			t.Errorf("%s: a value belongs to no layer or to two", spec)
		}
	}
}

// A change of these hashes changes the genesis of every topic.
func TestInitHasTheSameBitsEverywhere(t *testing.T) {
	cases := []struct {
		spec string
		seed uint64
		want string
	}{
		{"softmax", 1, "422e7c32efcefcf8"},
		{"mlp:64", 1, "9293cbb8e947f347"},
		{"mlp:64", math.MaxUint64, "dd127f9cba6f288f"},
		{"mlp:64,32", 0, "f8cf2e1866c990e2"},
	}
	for _, c := range cases {
		h := sha256.New()
		if err := binary.Write(h, binary.LittleEndian, parse(t, c.spec, 784, 10).Init(c.seed)); err != nil {
			t.Fatal(err)
		}
		if got := hex.EncodeToString(h.Sum(nil)[:8]); got != c.want {
			t.Errorf("%s, seed %d: got %s, want %s", c.spec, c.seed, got, c.want)
		}
	}
}

func TestInitIsUniformWithinItsBound(t *testing.T) {
	m := parse(t, "mlp:64", 784, 10)
	anchor := m.Init(3)
	first, last := m.layers[0], m.layers[1]
	bounds := map[layer]float64{first: math.Sqrt(6. / 784), last: math.Sqrt(6. / 74)}
	for l, bound := range bounds {
		w := anchor[l.at:][:l.in*l.out]
		b := int32(bound * (1 << 20))
		if low, high := slices.Min(w), slices.Max(w); low < -b || high > b || low > -b*9/10 || high < b*9/10 {
			t.Errorf("weights from %d to %d, want nearly all of ±%d", low, high, b)
		}
		mean, n := 0.0, float64(len(w))
		for _, v := range w {
			mean += float64(v) / n
		}
		if limit := 5 * float64(b) / math.Sqrt(3*n); math.Abs(mean) > limit {
			t.Errorf("mean %g, want within ±%g", mean, limit)
		}
		if slices.ContainsFunc(anchor[l.at+l.in*l.out:][:l.out], func(v int32) bool { return v != 0 }) {
			t.Error("a bias is not 0")
		}
	}
}

func TestRootIsTheIntegerSquareRoot(t *testing.T) {
	for _, n := range []uint64{0, 1, 2, 3, 4, 8, 9, 1 << 40, 6 << 40, math.MaxUint32, 1<<62 - 1, 1 << 62} {
		r := root(n)
		if r*r > n || (r+1)*(r+1) <= n {
			t.Errorf("root(%d) = %d", n, r)
		}
	}
}

func TestTheGradientIsThatOfTheLoss(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 1))
	for _, spec := range specs {
		m := parse(t, spec, 5, 3)
		s := learning.Samples{X: noise(8*5, rng), Y: []int32{0, 1, 2, 0, 1, 2, 2, 1}, Inputs: 5, Classes: 3}
		s.X[3], s.X[11] = 0, 0
		w, ws := noise(m.size(), rng), m.Workspace()
		rows := []int{0, 1, 2, 3, 4, 5, 6, 7, 7}
		got := make(learning.Vector, len(w))
		loss := m.Gradient(got, w, s, rows, ws)
		if want := meanLoss(m, w, s, rows, ws); math.Abs(loss-want) > 1e-6 {
			t.Errorf("%s: loss: got %g, want %g", spec, loss, want)
		}
		for i := range w {
			if want := slope(m, w, i, s, rows, ws); math.Abs(float64(got[i])-want) > 2e-3 {
				t.Errorf("%s: dL/dw[%d]: got %g, want %g", spec, i, got[i], want)
			}
		}
	}
}

func meanLoss(m Model, w learning.Vector, s learning.Samples, rows []int, ws *Workspace) float64 {
	sum := 0.0
	for _, r := range rows {
		sum += m.loss(w, s.Row(r), s.Y[r], ws)
	}
	return sum / float64(len(rows))
}

// slope is the central difference of the loss.
func slope(m Model, w learning.Vector, i int, s learning.Samples, rows []int, ws *Workspace) float64 {
	const h = 1. / 512
	old := w[i]
	w[i] = old + h
	up := meanLoss(m, w, s, rows, ws)
	w[i] = old - h
	down := meanLoss(m, w, s, rows, ws)
	w[i] = old
	return (up - down) / (2 * h)
}

func TestTheGradientIsAddedToWhatIsThere(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	m := parse(t, "mlp:4", 3, 2)
	s := learning.Samples{X: noise(6, rng), Y: []int32{0, 1}, Inputs: 3, Classes: 2}
	w, ws := noise(m.size(), rng), m.Workspace()
	plain, onto := make(learning.Vector, len(w)), make(learning.Vector, len(w))
	for i := range onto {
		onto[i] = 5
	}
	m.Gradient(plain, w, s, []int{0, 1}, ws)
	m.Gradient(onto, w, s, []int{0, 1}, ws)
	for i := range plain {
		if d := onto[i] - 5 - plain[i]; math.Abs(float64(d)) > 1e-5 {
			t.Fatalf("value %d: got %g, want 5 + %g", i, onto[i], plain[i])
		}
	}
}

func TestAStepAllocatesNothing(t *testing.T) {
	m := parse(t, "mlp:16,8", 20, 4)
	s := digitLike(32, 20, 4)
	w, g, ws := make(learning.Vector, m.size()), make(learning.Vector, m.size()), m.Workspace()
	rows := []int{1, 2, 3}
	if got := testing.AllocsPerRun(10, func() { m.Gradient(g, w, s, rows, ws) }); got != 0 {
		t.Errorf("got %g allocations, want 0", got)
	}
}

func TestProbabilitiesSumToOneHoweverLargeTheLogits(t *testing.T) {
	m := parse(t, "softmax", 2, 3)
	w := learning.Vector{1e6, -1e6, 0, 3, 1e9, 2, 0, 0, 0}
	p, ws := make([]float32, 3), m.Workspace()
	for _, x := range [][]float32{{0, 0}, {1, 0}, {-1, 0}, {1, 1}} {
		m.Probabilities(p, w, x, ws)
		if sum := p[0] + p[1] + p[2]; math.Abs(float64(sum)-1) > 1e-6 {
			t.Errorf("%v: %v sums to %g", x, p, sum)
		}
	}
	if loss := m.loss(w, []float32{1, 0}, 1, ws); math.Abs(loss-2e6) > 1 {
		t.Errorf("loss of an impossible class: got %g, want 2e6", loss)
	}
}
