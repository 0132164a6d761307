package settle

import (
	"cmp"
	"math/bits"
	"slices"
)

// integer is what a median is taken of: its order is the same everywhere.
type integer interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64
}

// LowerMedian returns the smallest of values such that those up to it have half
// of all weight or more: the smallest x with 2·Σ_{x_i <= x} w_i >= Σ w. Weights
// may be any uint64: sums are exact, in 128 bits. It is the least value if all
// weights are 0, and 0 if there are no values. It panics if the lengths differ,
// and changes neither slice.
func LowerMedian[T integer](values []T, weights []uint64) T {
	if len(values) != len(weights) {
		panic("settle: values and weights of a median differ in number")
	}
	order := make([]weighed[T], len(values))
	for i, v := range values {
		order[i] = weighed[T]{v, weights[i]}
	}
	return lowerMedian(order)
}

type weighed[T integer] struct {
	value  T
	weight uint64
}

// lowerMedian is LowerMedian of pairs, which it sorts.
func lowerMedian[T integer](order []weighed[T]) (least T) {
	slices.SortFunc(order, func(a, b weighed[T]) int { return cmp.Compare(a.value, b.value) })
	var total, below sum128
	for _, p := range order {
		total.add(p.weight)
	}
	for _, p := range order {
		if below.add(p.weight); below.half(total) {
			return p.value
		}
	}
	return least
}

// sum128 is a sum of less than 2^63 weights.
type sum128 struct{ hi, lo uint64 }

func (s *sum128) add(w uint64) {
	var carry uint64
	s.lo, carry = bits.Add64(s.lo, w, 0)
	s.hi += carry
}

// half tells whether s is half of total or more.
func (s sum128) half(total sum128) bool {
	return !sum128{s.hi<<1 | s.lo>>63, s.lo << 1}.less(total)
}

func (s sum128) less(t sum128) bool {
	return s.hi < t.hi || s.hi == t.hi && s.lo < t.lo
}
