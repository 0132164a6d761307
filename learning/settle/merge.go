package settle

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/grapevine-network/grapevine/learning/delta"
)

// Q16 is a number of the manifest in fixed point: One is 1.0.
type Q16 int64

const (
	// One is 1.0 as a Q16.
	One Q16 = 1 << 16

	// MaxAge is how many anchors behind the newest a delta may start.
	MaxAge = 3

	maxAlpha  = 4 * One
	maxWeight = 1<<53 - 1
	unit      = 31 // coefficients are in 2^-31
)

// Delta is what Merge needs to know of one contribution.
type Delta struct {
	Update delta.Sparse // in anchor units, relative to an anchor of the topic
	Weight uint64       // the bond, or 1 for a member; less than 2^53
	Age    int          // how many anchors behind it started, 0 to MaxAge
	Gain   int64        // of a gate, micro-nats: negative drops it. incentives.Standing has the rule of a topic
}

// Result is the outcome of Merge. The slices but Anchor have one item per delta,
// in the order given.
type Result struct {
	Anchor  []int32  // A_{r+1}
	Clip    uint64   // C: what longer deltas are shortened to, a norm in anchor units
	Norm    []uint64 // ‖q_j‖ in anchor units, rounded up
	Kept    []bool   // passed the gate
	Clipped []bool   // longer than C
}

// Merge returns the anchor that follows after deltas: each clipped to the median
// norm, the mean of those kept taken by weight and added α times, 0 <= α <= 4.0.
// Sums beyond ±(2^31-1) stop there. The package comment has the formula. Without
// a kept delta of any weight the anchor is a copy of the old one. An error says
// which delta breaks the bounds above; anchor is never changed.
func Merge(anchor []int32, deltas []Delta, alpha Q16) (Result, error) {
	if alpha < 0 || alpha > maxAlpha {
		return Result{}, fmt.Errorf("merge deltas: alpha %d/65536 is not within 0 to 4", alpha)
	}
	for j := range deltas {
		if err := deltas[j].check(len(anchor)); err != nil {
			return Result{}, fmt.Errorf("merge delta %d: %w", j, err)
		}
	}
	r, weights := judge(deltas)
	sum := make([]int64, len(anchor))
	for j, c := range r.coefficients(weights, uint64(alpha)) {
		add(sum, deltas[j].Update, c)
	}
	r.Anchor = make([]int32, len(anchor))
	for i, a := range anchor {
		r.Anchor[i] = moved(a, shifted(sum[i], unit))
	}
	return r, nil
}

func (d *Delta) check(size int) error {
	if d.Weight > maxWeight {
		return fmt.Errorf("weight %d is 2^53 or more", d.Weight)
	}
	if d.Age < 0 || d.Age > MaxAge {
		return fmt.Errorf("age %d is not within 0 to %d", d.Age, MaxAge)
	}
	return d.Update.Check(size)
}

// judge measures and gates deltas, and returns their weights too.
func judge(deltas []Delta) (Result, []uint64) {
	n := len(deltas)
	r := Result{Norm: make([]uint64, n), Kept: make([]bool, n), Clipped: make([]bool, n)}
	for j := range deltas {
		r.Norm[j] = norm(deltas[j].Update.Value)
		r.Kept[j] = deltas[j].Gain >= 0
	}
	weights := discounted(deltas)
	r.Clip = LowerMedian(r.Norm, weights)
	for j, n := range r.Norm {
		r.Clipped[j] = n > r.Clip
	}
	return r, weights
}

// coefficients returns what each delta is multiplied by, in 2^-31.
func (r Result) coefficients(weights []uint64, alpha uint64) []uint64 {
	total := uint64(0)
	for j, w := range weights {
		if r.Kept[j] {
			total += w
		}
	}
	c := make([]uint64, len(weights))
	for j, w := range weights {
		if !r.Kept[j] || w == 0 || r.Norm[j] == 0 {
			continue
		}
		share, _ := bits.Div64(w>>(64-unit), w<<unit, total) // w <= total < 2^63
		hi, lo := bits.Mul64(share*alpha, min(r.Clip, r.Norm[j]))
		c[j], _ = bits.Div64(hi, lo, r.Norm[j]<<16) // share·α <= 2^49, the norm < 2^41
	}
	return c
}

// discounted returns the weights by age, times a common power of two that uses
// 63 bits for their sum: so the discount of a weight of 1 is not rounded away.
func discounted(deltas []Delta) []uint64 {
	most := uint64(0)
	for j := range deltas {
		most = max(most, deltas[j].Weight)
	}
	lift := 63 - bits.Len(uint(len(deltas))) - bits.Len64(most)
	w := make([]uint64, len(deltas))
	for j := range deltas {
		lifted := deltas[j].Weight << max(lift, 0) >> max(-lift, 0)
		w[j] = discount(lifted, deltas[j].Age)
	}
	return w
}

// discount returns ⌊w·(45875/65536)^age⌋: 0.7 for each anchor of age.
func discount(w uint64, age int) uint64 {
	factor := uint64(1)
	for range age {
		factor *= 45875
	}
	hi, lo := bits.Mul64(w, factor)
	return hi<<(64-16*age) | lo>>(16*age)
}

// norm returns the root of the sum of squares, rounded up.
func norm(values []int32) uint64 {
	var s sum128
	for _, v := range values {
		s.add(uint64(int64(v) * int64(v)))
	}
	return rootUp(s)
}

// rootUp returns the smallest r with r² >= s, for s <= 2^126, bit by bit.
func rootUp(s sum128) uint64 {
	root := uint64(0) // the largest with root² < s
	for b := uint64(1) << 63; b > 0; b >>= 1 {
		hi, lo := bits.Mul64(root|b, root|b)
		if (sum128{hi, lo}).less(s) {
			root |= b
		}
	}
	if s == (sum128{}) {
		return 0
	}
	return root + 1
}

func add(sum []int64, d delta.Sparse, c uint64) {
	if c == 0 {
		return
	}
	for i, at := range d.Index {
		sum[at] += int64(c) * int64(d.Value[i])
	}
}

// shifted returns x / 2^n to nearest, halves away from zero, 1 <= n <= 62 and
// |x| <= 2^62.
func shifted(x int64, n int) int64 {
	sign := x >> 63 // all ones or none: no branch, as nobody could predict it
	size := (x ^ sign) - sign
	size = (size + 1<<uint(n-1)) >> uint(n)
	return (size ^ sign) - sign
}

func moved(a int32, by int64) int32 {
	if by == 0 {
		return a
	}
	return int32(min(max(int64(a)+by, -math.MaxInt32), math.MaxInt32))
}
