package model

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/grapevine-network/grapevine/learning"
)

// kinds are models of every kind, on small samples.
var kinds = []struct {
	spec string
	form learning.Form
}{
	{"softmax", numbers(5, 3)},
	{"mlp:7", numbers(5, 3)},
	{"mlp:6,5", numbers(5, 3)},
	{"mlp:4,3,5", numbers(5, 3)},
	{"cnn:3", picture(2, 2)},
	{"cnn:3", picture(5, 4)},
	{"cnn:2,3", picture(5, 7)},
	{"char:3,4", letters(4)},
	{"char:1,5", letters(1)},
}

func numbers(inputs, classes int) learning.Form {
	return learning.Form{Dims: []int{inputs}, Classes: classes}
}

func picture(height, width int) learning.Form {
	return learning.Form{Dims: []int{height, width}, Classes: 3}
}

func letters(context int) learning.Form {
	return learning.Form{Dims: []int{context}, Classes: 3, Text: true}
}

func parse(t testing.TB, spec string, inputs, classes int) Model {
	t.Helper()
	return parseForm(t, spec, numbers(inputs, classes))
}

func parseForm(t testing.TB, spec string, form learning.Form) Model {
	t.Helper()
	m, err := Parse(spec, form)
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
		{"rnn", 4, 2, `want "softmax", "mlp:WIDTH`},
		{"cnn", 4, 2, `convolution 1 has width ""`},
		{"cnn:8", 4, 2, "wants images, the samples are 4 numbers"},
		{"char:8", 4, 2, `1 numbers, want "char:EMBED,HIDDEN"`},
		{"char:8,8", 4, 2, "reads text"},
		{"", 4, 2, "unknown model"},
		{"Softmax", 4, 2, "unknown model"},
		{"softmax:3", 4, 2, "unknown model"},
		{"mlp", 4, 2, `layer 1 has width ""`},
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
		_, err := Parse(c.spec, learning.Form{Dims: []int{c.inputs}, Classes: c.classes})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got error %v, want one with %q", c.spec, err, c.want)
		}
	}
}

func TestParseRefusesSamplesOfAnotherForm(t *testing.T) {
	cases := []struct {
		spec string
		form learning.Form
		want string // part of the error
	}{
		{"softmax", letters(4), "reads text"},
		{"cnn:4", letters(4), "reads text"},
		{"char:4,4", picture(4, 4), "reads text"},
		{"cnn:4", picture(1, 9), "convolution 1: nothing is left to halve of 1x9 pixels"},
		{"cnn:4,4,4", picture(6, 4), "convolution 3: nothing is left to halve of 1x1 pixels"},
		{"cnn:1024", picture(256, 256), "convolution 1 has 16777216 outputs"},
		{"char:65536,1", letters(2), "2 characters of 65536 numbers"},
		{"softmax", learning.Form{Classes: 2, Dims: []int{0}}, "0 inputs"},
	}
	for _, c := range cases {
		_, err := Parse(c.spec, c.form)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got error %v, want one with %q", c.spec, err, c.want)
		}
	}
}

func TestTheShapeNamesEveryLayer(t *testing.T) {
	cases := []struct {
		spec string
		form learning.Form
		want string
	}{
		{"mlp:64,32", numbers(784, 10), "fc1.weight[784 64] fc1.bias[64] fc2.weight[64 32] fc2.bias[32] fc3.weight[32 10] fc3.bias[10]"},
		{"cnn:8,16", picture(28, 28), "conv1.weight[3 3 1 8] conv1.bias[8] conv2.weight[3 3 8 16] conv2.bias[16] fc1.weight[784 3] fc1.bias[3]"},
		{"char:4,8", letters(5), "embed.weight[3 4] fc1.weight[20 8] fc1.bias[8] fc2.weight[8 3] fc2.bias[3]"},
	}
	for _, c := range cases {
		var got []string
		for _, tensor := range parseForm(t, c.spec, c.form).Shape() {
			got = append(got, tensor.Name+fmt.Sprint(tensor.Dims))
		}
		if got := strings.Join(got, " "); got != c.want {
			t.Errorf("%s: got %s, want %s", c.spec, got, c.want)
		}
	}
}

func TestTheLayersFillTheVectorWithoutGaps(t *testing.T) {
	for _, k := range kinds {
		m := parseForm(t, k.spec, k.form)
		size := 0
		for i, l := range m.layers {
			if m.at[i] != size {
				t.Errorf("%s: layer %d starts at %d, want %d", k.spec, i, m.at[i], size)
			}
			for _, part := range l.weights() {
				size += part.Size()
			}
		}
		if size != m.size() || size != m.Shape().Size() {
			t.Errorf("%s: layers have %d values, model %d, shape %d", k.spec, size, m.size(), m.Shape().Size())
		}
	}
}

// A change of these hashes changes the genesis of every topic.
func TestInitHasTheSameBitsEverywhere(t *testing.T) {
	digits := learning.Form{Dims: []int{28, 28}, Classes: 10}
	cases := []struct {
		spec string
		seed uint64
		want string
	}{
		{"softmax", 1, "422e7c32efcefcf8"},
		{"mlp:64", 1, "9293cbb8e947f347"},
		{"mlp:64", math.MaxUint64, "dd127f9cba6f288f"},
		{"mlp:64,32", 0, "f8cf2e1866c990e2"},
		{"cnn:8,16", 1, "e68acf7f4188f72b"},
		{"char:16,64", 1, "f2985841349daf59"},
	}
	for _, c := range cases {
		h, form := sha256.New(), digits
		form.Text = strings.HasPrefix(c.spec, "char")
		if err := binary.Write(h, binary.LittleEndian, parseForm(t, c.spec, form).Init(c.seed)); err != nil {
			t.Fatal(err)
		}
		if got := hex.EncodeToString(h.Sum(nil)[:8]); got != c.want {
			t.Errorf("%s, seed %d: got %s, want %s", c.spec, c.seed, got, c.want)
		}
	}
}

func TestInitIsUniformWithinItsBound(t *testing.T) {
	text := learning.Form{Dims: []int{16}, Classes: 64, Text: true}
	checkInit(t, parse(t, "mlp:64", 784, 10), map[string]float64{"fc1.weight": 6. / 784, "fc2.weight": 6. / 74})
	checkInit(t, parseForm(t, "cnn:8,16", picture(28, 28)), map[string]float64{"conv1.weight": 6. / 9, "conv2.weight": 6. / 72, "fc1.weight": 6. / 787})
	checkInit(t, parseForm(t, "char:16,64", text), map[string]float64{"embed.weight": 1, "fc1.weight": 6. / 256, "fc2.weight": 6. / 128})
}

// checkInit wants each tensor uniform within the root of its bound, 0 without.
func checkInit(t *testing.T, m Model, bounds map[string]float64) {
	t.Helper()
	anchor := m.Init(3)
	for _, tensor := range m.Shape() {
		w, bound := anchor[:tensor.Size()], math.Sqrt(bounds[tensor.Name])
		anchor = anchor[len(w):]
		b := int32(bound * (1 << 20))
		if low, high := slices.Min(w), slices.Max(w); low < -b || high > b || low > -b*8/10 || high < b*8/10 {
			t.Errorf("%s: from %d to %d, want nearly all of ±%d", tensor.Name, low, high, b)
		}
		mean, n := 0.0, float64(len(w))
		for _, v := range w {
			mean += float64(v) / n
		}
		if limit := 5 * float64(b) / math.Sqrt(3*n); math.Abs(mean) > limit {
			t.Errorf("%s: mean %g, want within ±%g", tensor.Name, mean, limit)
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
	for _, k := range kinds {
		rng := rand.New(rand.NewPCG(7, 1))
		m, s := parseForm(t, k.spec, k.form), some(k.form, rng)
		w, ws := noise(m.size(), rng), m.Workspace()
		rows := []int{0, 1, 2, 3, 4, 5, 6, 7, 7}
		got := make(learning.Vector, len(w))
		loss := m.Gradient(got, w, s, rows, ws)
		if want := meanLoss(m, w, s.Subset(rows), ws); math.Abs(loss-want) > 1e-6 {
			t.Errorf("%s: loss: got %g, want %g", k.spec, loss, want)
		}
		for i := range w {
			if want := slope(m, w, i, s.Subset(rows), ws); math.Abs(float64(got[i])-want) > 2e-3 {
				t.Errorf("%s: dL/dw[%d]: got %g, want %g", k.spec, i, got[i], want)
			}
		}
	}
}

// some returns eight samples of a form.
func some(form learning.Form, rng *rand.Rand) learning.Samples {
	s := learning.Samples{X: noise(8*form.Inputs(), rng), Y: []int32{0, 1, 2, 0, 1, 2, 2, 1}, Inputs: form.Inputs(), Classes: form.Classes}
	s.X[3] = 0
	for i := range s.X {
		if form.Text {
			s.X[i] = float32(rng.IntN(form.Classes))
		}
	}
	return s
}

func meanLoss(m Model, w learning.Vector, s learning.Samples, ws *Workspace) float64 {
	sum := 0.0
	m.each(w, s, ws, func(row int, logits []float32) { sum += crossEntropy(logits, int(s.Y[row])) })
	return sum / float64(s.Len())
}

// slope is the central difference of the loss.
func slope(m Model, w learning.Vector, i int, s learning.Samples, ws *Workspace) float64 {
	const h = 1. / 512
	old := w[i]
	w[i] = old + h
	up := meanLoss(m, w, s, ws)
	w[i] = old - h
	down := meanLoss(m, w, s, ws)
	w[i] = old
	return (up - down) / (2 * h)
}

func TestALargeBatchIsTheMeanOfItsParts(t *testing.T) {
	for _, k := range kinds {
		rng := rand.New(rand.NewPCG(3, 1))
		m, s := parseForm(t, k.spec, k.form), some(k.form, rng)
		w, ws := noise(m.size(), rng), m.Workspace()
		var many []int
		for range 2*block/8 + 1 {
			many = append(many, 0, 1, 2, 3, 4, 5, 6, 7)
		}
		once, all := make(learning.Vector, len(w)), make(learning.Vector, len(w))
		m.Gradient(once, w, s, many[:8], ws)
		m.Gradient(all, w, s, many, ws)
		for i := range once {
			if math.Abs(float64(once[i]-all[i])) > 1e-5 {
				t.Fatalf("%s: value %d: got %g of %d rows, %g of 8", k.spec, i, all[i], len(many), once[i])
			}
		}
	}
}

func TestAValueThatIsNoSymbolCountsAsTheFirst(t *testing.T) {
	m := parseForm(t, "char:3,4", letters(4))
	w, ws := noise(m.size(), rand.New(rand.NewPCG(1, 1))), m.Workspace()
	got, want := make([]float32, 3), make([]float32, 3)
	m.Probabilities(want, w, []float32{0, 0, 0, 0}, ws)
	m.Probabilities(got, w, []float32{-1, 3, float32(math.NaN()), float32(math.Inf(1))}, ws)
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
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
	for _, k := range kinds {
		rng := rand.New(rand.NewPCG(1, 1))
		m, s := parseForm(t, k.spec, k.form), some(k.form, rng)
		w, g, ws := noise(m.size(), rng), make(learning.Vector, m.size()), m.Workspace()
		rows := []int{1, 2, 3}
		if got := testing.AllocsPerRun(10, func() { m.Gradient(g, w, s, rows, ws) }); got != 0 {
			t.Errorf("%s: got %g allocations, want 0", k.spec, got)
		}
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
	certain := learning.Samples{X: []float32{1, 0}, Y: []int32{1}, Inputs: 2, Classes: 3}
	if loss := meanLoss(m, w, certain, ws); math.Abs(loss-2e6) > 1 {
		t.Errorf("loss of an impossible class: got %g, want 2e6", loss)
	}
}

// Where pixels are equal, as in a blank image, one of each four gets the gradient;
// where ReLU is at 0, none does.
func TestOnePixelOfASquareGetsTheGradient(t *testing.T) {
	m := parseForm(t, "cnn:3", picture(4, 4))
	blank := learning.Samples{X: make([]float32, 2*16), Y: []int32{0, 1}, Inputs: 16, Classes: 3}
	w, got, ws := noise(m.size(), rand.New(rand.NewPCG(5, 1))), make(learning.Vector, m.size()), m.Workspace()
	const bias = 27 // after the filter
	w[bias], w[bias+1], w[bias+2] = 1, 2, 0
	m.Gradient(got, w, blank, []int{0, 1}, ws)
	for i := bias; i < bias+2; i++ {
		if want := slope(m, w, i, blank, ws); math.Abs(float64(got[i])-want) > 2e-3 || math.Abs(want) < 1e-2 {
			t.Errorf("dL/dw[%d]: got %g, want %g", i, got[i], want)
		}
	}
	if got[bias+2] != 0 {
		t.Errorf("through a ReLU at 0: got %g", got[bias+2])
	}
}
