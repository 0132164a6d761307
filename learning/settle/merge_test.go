package settle

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/grapevine-network/grapevine/learning/delta"
)

// sparse makes a delta of a dense list.
func sparse(values ...int32) (s delta.Sparse) {
	for i, v := range values {
		if v != 0 {
			s.Index, s.Value = append(s.Index, uint32(i)), append(s.Value, v)
		}
	}
	return s
}

func mustMerge(t testing.TB, anchor []int32, ds []Delta, alpha Q16) Result {
	t.Helper()
	r, err := Merge(anchor, ds, alpha)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestMergeDoesWhatItsRulesSay(t *testing.T) {
	one := func(values ...int32) Delta { return Delta{Update: sparse(values...), Weight: 1} }
	with := func(d Delta, weight uint64, age int, gain int64) Delta {
		d.Weight, d.Age, d.Gain = weight, age, gain
		return d
	}
	for _, tc := range []struct {
		name   string
		anchor []int32
		deltas []Delta
		alpha  Q16
		want   []int32
		clip   uint64
	}{
		{"a single delta is added", []int32{1, 2}, []Delta{one(10, -20)}, One, []int32{11, -18}, 23},
		{"times alpha", []int32{1, 2}, []Delta{one(10, -20)}, One * 3 / 2, []int32{16, -28}, 23},
		{"alpha 0", []int32{1, 2}, []Delta{one(10, -20)}, 0, []int32{1, 2}, 23},
		{"equal ones give themselves", []int32{0}, []Delta{one(5), one(5), one(5)}, One, []int32{5}, 5},
		{"the mean is over the total weight", []int32{0, 0, 0}, []Delta{one(30), one(0, 30), one(0, 0, -30)}, One, []int32{10, 10, -10}, 30},
		{"halves away from zero", []int32{0, 0}, []Delta{one(2, -2)}, One / 4 * 3, []int32{2, -2}, 3},
		{"longer ones are clipped", []int32{0, 0}, []Delta{one(30, 40), one(0, 10)}, One, []int32{3, 9}, 10},
		{"weights count", []int32{0}, []Delta{with(one(100), 3, 0, 0), with(one(-100), 1, 0, 0)}, One, []int32{50}, 100},
		{"the gate drops, but its delta is in the median", []int32{0}, []Delta{one(8), with(one(2), 1, 0, -1), with(one(1), 1, 0, -1)}, One, []int32{2}, 2},
		{"a gain of 0 passes", []int32{0}, []Delta{with(one(8), 1, 0, 0)}, One, []int32{8}, 8},
		{"age 1 weighs 0.7", []int32{0, 0}, []Delta{with(one(17000), 1, 1, 0), one(0, 17000)}, One, []int32{7000, 10000}, 17000},
		{"all dropped", []int32{4}, []Delta{with(one(8), 1, 0, -1)}, One, []int32{4}, 8},
		{"no weight", []int32{4}, []Delta{with(one(8), 0, 0, 1)}, One, []int32{4}, 8},
		{"no deltas", []int32{4}, nil, One, []int32{4}, 0},
		{"most send nothing", []int32{4}, []Delta{one(8), one(), one()}, One, []int32{4}, 0},
		{"sums stop at the top", []int32{math.MaxInt32 - 1, -math.MaxInt32 + 1}, []Delta{one(5, -5)}, One, []int32{math.MaxInt32, -math.MaxInt32}, 8},
	} {
		before := slices.Clone(tc.anchor)
		r := mustMerge(t, tc.anchor, tc.deltas, tc.alpha)
		if !slices.Equal(r.Anchor, tc.want) || r.Clip != tc.clip {
			t.Errorf("%s: got %v, clip %d; want %v, clip %d", tc.name, r.Anchor, r.Clip, tc.want, tc.clip)
		}
		if r.Anchor[0]++; !slices.Equal(tc.anchor, before) {
			t.Errorf("%s: the old anchor was changed", tc.name)
		}
	}
}

func TestTheResultSaysWhoWasKeptAndClipped(t *testing.T) {
	r := mustMerge(t, []int32{0}, []Delta{
		{Update: sparse(1), Weight: 1}, {Update: sparse(2), Weight: 1, Gain: -1}, {Update: sparse(-9), Weight: 1, Gain: 3},
	}, One)
	got := fmt.Sprint(r.Norm, r.Kept, r.Clipped)
	if want := "[1 2 9] [true false true] [false false true]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestMergeRefusesWhatBreaksItsBounds(t *testing.T) {
	good := Delta{Update: sparse(1), Weight: 1}
	change := func(f func(*Delta)) []Delta {
		bad := good
		f(&bad)
		return []Delta{good, bad}
	}
	for name, tc := range map[string]struct {
		deltas []Delta
		alpha  Q16
	}{
		"alpha":        {nil, -1},
		"large alpha":  {nil, maxAlpha + 1},
		"weight":       {change(func(d *Delta) { d.Weight = 1 << 53 }), One},
		"age":          {change(func(d *Delta) { d.Age = 4 }), One},
		"negative age": {change(func(d *Delta) { d.Age = -1 }), One},
		"place":        {change(func(d *Delta) { d.Update = sparse(1, 1) }), One},
		"value":        {change(func(d *Delta) { d.Update = sparse(delta.MaxValue + 1) }), One},
		"no value":     {change(func(d *Delta) { d.Update.Value = nil }), One},
	} {
		if r, err := Merge([]int32{0}, tc.deltas, tc.alpha); err == nil {
			t.Errorf("%s: got %v, want an error", name, r)
		}
	}
}

// reference is the formula of the package comment in exact rationals.
func reference(anchor []int32, ds []Delta, alpha Q16) []int32 {
	r, weights := judge(ds)
	total := new(big.Int)
	for j, w := range weights {
		if r.Kept[j] {
			total.Add(total, new(big.Int).SetUint64(w))
		}
	}
	sum := make([]*big.Int, len(anchor))
	for i := range sum {
		sum[i] = new(big.Int)
	}
	for j, d := range ds {
		if !r.Kept[j] || total.Sign() == 0 || r.Norm[j] == 0 {
			continue
		}
		c := new(big.Int).SetUint64(weights[j])
		c.Div(c.Lsh(c, 31), total)
		c.Mul(c, big.NewInt(int64(alpha)))
		c.Mul(c, new(big.Int).SetUint64(min(r.Clip, r.Norm[j])))
		c.Div(c, new(big.Int).Lsh(new(big.Int).SetUint64(r.Norm[j]), 16))
		for i, at := range d.Update.Index {
			sum[at].Add(sum[at], new(big.Int).Mul(c, big.NewInt(int64(d.Update.Value[i]))))
		}
	}
	out := make([]int32, len(anchor))
	for i, s := range sum {
		step := new(big.Int).Abs(s)
		step.Rsh(step.Add(step, big.NewInt(1<<30)), 31)
		out[i] = int32(min(max(int64(anchor[i])+int64(s.Sign())*step.Int64(), -math.MaxInt32), math.MaxInt32))
	}
	return out
}

func randomAnchor(rng *rand.Rand, n int) []int32 {
	a := make([]int32, n)
	for i := range a {
		a[i] = int32(rng.IntN(1<<24) - 1<<23)
	}
	return a
}

func TestMergeIsItsFormulaInExactNumbers(t *testing.T) {
	rng := source(5)
	for n := range 60 {
		anchor, ds := randomAnchor(rng, 400), randomDeltas(rng, n, 400)
		if n%3 == 0 { // the largest values there are, all of one sign
			for j := range ds {
				for i := range ds[j].Update.Value {
					ds[j].Update.Value[i] = delta.MaxValue
				}
			}
		}
		alpha := Q16(rng.Int64N(int64(maxAlpha) + 1))
		got, want := mustMerge(t, anchor, ds, alpha).Anchor, reference(anchor, ds, alpha)
		if !slices.Equal(got, want) {
			t.Fatalf("%d deltas, alpha %d: got %v, want %v", n, alpha, got, want)
		}
	}
}

func TestTheOrderOfDeltasChangesNothing(t *testing.T) {
	rng := source(6)
	anchor, ds := randomAnchor(rng, 2000), randomDeltas(rng, 50, 2000)
	want := mustMerge(t, anchor, ds, One)
	for range 20 {
		rng.Shuffle(len(ds), func(i, j int) { ds[i], ds[j] = ds[j], ds[i] })
		if got := mustMerge(t, anchor, ds, One); !slices.Equal(got.Anchor, want.Anchor) || got.Clip != want.Clip {
			t.Fatal("another order, another anchor")
		}
	}
}

func TestTurningAllSignsTurnsTheStep(t *testing.T) {
	rng := source(7)
	ds := randomDeltas(rng, 21, 1000)
	there := mustMerge(t, make([]int32, 1000), ds, One)
	for j := range ds {
		for i := range ds[j].Update.Value {
			ds[j].Update.Value[i] *= -1
		}
	}
	back := mustMerge(t, make([]int32, 1000), ds, One)
	for i, a := range there.Anchor {
		if back.Anchor[i] != -a {
			t.Fatalf("parameter %d: %d there, %d back", i, a, back.Anchor[i])
		}
	}
}

// k identities with a k-th of the weight each are worth one with all of it.
func TestSplittingWeightMovesTheAnchorByOneUnitAtMost(t *testing.T) {
	rng := source(8)
	for range 30 {
		ds := randomDeltas(rng, 20, 500)
		for j := range ds {
			ds[j].Weight = (rng.Uint64N(1<<40) + 1) * 10
		}
		whole := mustMerge(t, make([]int32, 500), ds, 2*One)
		part := ds[0]
		part.Weight /= 10
		split := append(slices.Repeat([]Delta{part}, 10), ds[1:]...)
		got := mustMerge(t, make([]int32, 500), split, 2*One)
		for i, a := range whole.Anchor {
			if d := got.Anchor[i] - a; d < -1 || d > 1 {
				t.Fatalf("parameter %d: %d whole, %d split", i, a, got.Anchor[i])
			}
		}
		if got.Clip != whole.Clip {
			t.Fatalf("clip %d whole, %d split", whole.Clip, got.Clip)
		}
	}
}

func TestACommonFactorOfTheWeightsChangesNothing(t *testing.T) {
	ds := randomDeltas(source(9), 20, 500)
	for j := range ds {
		ds[j].Weight = uint64(j + 1)
	}
	want := mustMerge(t, make([]int32, 500), ds, One).Anchor
	for j := range ds {
		ds[j].Weight <<= 40
	}
	if got := mustMerge(t, make([]int32, 500), ds, One).Anchor; !slices.Equal(got, want) {
		t.Error("weights of one and of 2^40 give other anchors")
	}
}

// A lone liar, however loud, is clipped, and no step is longer than α·C but for
// the rounding of each parameter by half a unit.
func TestNoStepIsLongerThanAlphaTimesTheClip(t *testing.T) {
	const size = 3000
	rng := source(10)
	for trial := range 40 {
		ds := randomDeltas(rng, 1+trial%12, size)
		liar := random(rng, size)
		for i := range liar.Value {
			liar.Value[i] = min(max(liar.Value[i]*1000, -delta.MaxValue), delta.MaxValue)
		}
		for j := range ds {
			ds[j].Weight = rng.Uint64N(100) + 1
		}
		ds = append(ds, Delta{Update: liar, Weight: 1, Gain: 1})
		alpha := Q16(rng.Int64N(int64(2*One))) + 1
		r := mustMerge(t, make([]int32, size), ds, alpha)
		limit := float64(r.Clip)*float64(alpha)/65536 + math.Sqrt(size)/2
		if step := float64(norm(r.Anchor)); step > limit {
			t.Errorf("trial %d: a step of %v, at most %v", trial, step, limit)
		}
	}
}

func TestALoudLiarIsWorthNoMoreThanItsShare(t *testing.T) {
	const size = 3000
	rng := source(11)
	ds := randomDeltas(rng, 10, size)
	for j := range ds {
		ds[j].Weight, ds[j].Age, ds[j].Gain = 1, 0, 0
	}
	loud := slices.Clone(ds)
	loud[0].Update = delta.Sparse{Index: ds[0].Update.Index, Value: slices.Clone(ds[0].Update.Value)}
	for i := range loud[0].Update.Value {
		loud[0].Update.Value[i] *= 1000
	}
	r := mustMerge(t, make([]int32, size), loud, One)
	without := mustMerge(t, make([]int32, size), append([]Delta{{Weight: 1}}, ds[1:]...), One)
	moved := make([]int32, size)
	for i := range moved {
		moved[i] = r.Anchor[i] - without.Anchor[i]
	}
	// Its tenth of C, and what the others' clip may move with the median.
	if got, most := norm(moved), r.Clip/5; got > most || !r.Clipped[0] {
		t.Errorf("the liar moved the anchor by %d, want %d at most", got, most)
	}
}

func TestTheRootIsTheSmallestNotBelow(t *testing.T) {
	rng := source(12)
	for _, s := range []sum128{{}, {0, 1}, {0, 2}, {0, 4}, {0, 5}, {0, math.MaxUint64}, {1, 0}, {1 << 16, 0}, {1 << 62, 0}} {
		checkRoot(t, s)
	}
	for range 300 {
		checkRoot(t, sum128{rng.Uint64() >> (2 + rng.IntN(62)), rng.Uint64()})
	}
}

func checkRoot(t *testing.T, s sum128) {
	t.Helper()
	want := new(big.Int).SetUint64(s.hi)
	want.Add(want.Lsh(want, 64), new(big.Int).SetUint64(s.lo))
	root := new(big.Int).SetUint64(rootUp(s))
	below := new(big.Int).Sub(root, big.NewInt(1))
	if root.Mul(root, root).Cmp(want) < 0 || want.Sign() > 0 && below.Mul(below, below).Cmp(want) >= 0 {
		t.Errorf("root of %v: %d", s, rootUp(s))
	}
}

func TestValuesRoundToNearestHalvesAwayFromZero(t *testing.T) {
	for _, tc := range []struct {
		x    int64
		n    int
		want int64
	}{
		{0, 1, 0}, {1, 1, 1}, {-1, 1, -1}, {1, 2, 0}, {2, 2, 1}, {-2, 2, -1}, {-1, 2, 0}, {5, 2, 1}, {6, 2, 2}, {-6, 2, -2},
		{1 << 62, 31, 1 << 31}, {-1 << 62, 31, -1 << 31}, {1<<30 - 1, 31, 0}, {-(1 << 30), 31, -1},
	} {
		if got := shifted(tc.x, tc.n); got != tc.want {
			t.Errorf("%d/2^%d: got %d, want %d", tc.x, tc.n, got, tc.want)
		}
	}
}

func ExampleMerge() {
	anchor := []int32{0, 0, 0}
	honest := delta.Sparse{Index: []uint32{0, 2}, Value: []int32{300, -400}}
	loud := delta.Sparse{Index: []uint32{1}, Value: []int32{1_000_000}}
	r, err := Merge(anchor, []Delta{
		{Update: honest, Weight: 1},
		{Update: honest, Weight: 1},
		{Update: loud, Weight: 1},
	}, One)
	fmt.Println(r.Anchor, r.Clip, r.Clipped, err)
	// Output: [200 167 -267] 500 [false false true] <nil>
}
