package settle

import (
	"math"
	"math/big"
	"slices"
	"testing"
)

func TestTheLowerMedianIsTheFirstToHaveHalfTheWeight(t *testing.T) {
	for _, tc := range []struct {
		name    string
		values  []int
		weights []uint64
		want    int
	}{
		{"none", nil, nil, 0},
		{"one", []int{7}, []uint64{3}, 7},
		{"even number takes the lower", []int{4, 1, 3, 2}, []uint64{1, 1, 1, 1}, 2},
		{"odd number", []int{9, -5, 0}, []uint64{1, 1, 1}, 0},
		{"exactly half is enough", []int{1, 2, 3}, []uint64{5, 1, 4}, 1},
		{"one less than half is not", []int{1, 2, 3}, []uint64{4, 1, 5}, 2},
		{"weight decides", []int{1, 2, 100}, []uint64{1, 1, 3}, 100},
		{"no weight, no say", []int{1, 5}, []uint64{0, 1}, 5},
		{"no weight at all", []int{8, 5}, []uint64{0, 0}, 5},
		{"equal values add up", []int{2, 1, 2, 1}, []uint64{1, 1, 1, 1}, 1},
		{"beyond 64 bits", []int{3, 1, 2}, []uint64{math.MaxUint64, math.MaxUint64, math.MaxUint64}, 2},
	} {
		if got := LowerMedian(tc.values, tc.weights); got != tc.want {
			t.Errorf("%s: got %d, want %d", tc.name, got, tc.want)
		}
	}
}

func TestTheLowerMedianIsWhatItsDefinitionSays(t *testing.T) {
	rng := source(1)
	for range 500 {
		n := rng.IntN(12) + 1
		values, weights := make([]int32, n), make([]uint64, n)
		for i := range values {
			values[i], weights[i] = int32(rng.IntN(9)-4), rng.Uint64()>>rng.IntN(64)
		}
		before := slices.Clone(values)
		got, want := LowerMedian(values, weights), byDefinition(values, weights)
		if got != want || !slices.Equal(values, before) {
			t.Fatalf("%v by %v: got %d, want %d", before, weights, got, want)
		}
	}
}

// byDefinition is the smallest x of values with 2·Σ_{x_i <= x} w_i >= Σ w.
func byDefinition(values []int32, weights []uint64) int32 {
	upTo := func(x int32) *big.Int {
		sum := new(big.Int)
		for i, v := range values {
			if v <= x {
				sum.Add(sum, new(big.Int).SetUint64(weights[i]))
			}
		}
		return sum
	}
	for _, x := range slices.Sorted(slices.Values(values)) {
		if twice := upTo(x); twice.Lsh(twice, 1).Cmp(upTo(math.MaxInt32)) >= 0 {
			return x
		}
	}
	panic("no median")
}

func TestUnequalLengthsAreABugOfTheCaller(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	LowerMedian([]int{1}, nil)
}
