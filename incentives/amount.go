package incentives

import (
	"cmp"
	"math/big"
	"math/bits"
	"slices"
)

// share returns floor(amount · q16 / 2^16).
func share(amount, q16 uint64) uint64 { return scale(amount, q16, 16) }

// scale returns floor(amount · factor / 2^shift) for shift from 1 to 63.
func scale(amount, factor uint64, shift uint) uint64 {
	hi, lo := bits.Mul64(amount, factor)
	return hi<<(64-shift) | lo>>shift
}

// part returns floor(pool · v / total), 0 if total is 0.
func part(pool uint64, v, total *big.Int) uint64 {
	if total.Sign() == 0 {
		return 0
	}
	x := new(big.Int).SetUint64(pool)
	return x.Mul(x, v).Quo(x, total).Uint64()
}

// product returns a · b exactly.
func product(a, b uint64) *big.Int {
	x := new(big.Int).SetUint64(a)
	return x.Mul(x, new(big.Int).SetUint64(b))
}

// weighted is a value that weight stands behind.
type weighted[T cmp.Ordered] struct {
	value  T
	weight uint64
}

// lowerMedian is the smallest value x with 2·Σ(weights of values ≤ x) ≥ Σ
// weights; the zero value if there is none. Weights sum to less than 2^63.
func lowerMedian[T cmp.Ordered](all []weighted[T]) (x T) {
	slices.SortFunc(all, func(a, b weighted[T]) int { return cmp.Compare(a.value, b.value) })
	var sum, below uint64
	for _, v := range all {
		sum += v.weight
	}
	for _, v := range all {
		if below += v.weight; 2*below >= sum {
			return v.value
		}
	}
	return x
}
