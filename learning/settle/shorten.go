package settle

import (
	"math/bits"

	"github.com/grapevine-network/grapevine/learning/delta"
)

// Shorten returns d no longer than most, a norm in anchor units: each value is
// multiplied by most/‖d‖ and rounded towards zero, and those that become 0 are
// left out. d is not changed; it is returned as it is if it is short enough.
//
// Merge does not need it, it clips by coefficients. It is for deltas that meet no
// others by whose median they would be clipped.
func Shorten(d delta.Sparse, most uint64) delta.Sparse {
	n := norm(d.Value)
	if n <= most {
		return d
	}
	var out delta.Sparse
	for i, v := range d.Value {
		hi, lo := bits.Mul64(uint64(max(int64(v), -int64(v))), most)
		size, _ := bits.Div64(hi, lo, n) // most < n, so it is smaller than |v|
		if size == 0 {
			continue
		}
		if v < 0 {
			size = -size
		}
		out.Index, out.Value = append(out.Index, d.Index[i]), append(out.Value, int32(int64(size)))
	}
	return out
}

// Distance returns ‖a - b‖ in anchor units, rounded up, of two models of up to
// 2^28 parameters. It panics if the lengths differ.
func Distance(a, b []int32) uint64 {
	if len(a) != len(b) {
		panic("settle: Distance: lengths differ")
	}
	var s sum128
	for i := range a {
		d := int64(a[i]) - int64(b[i])
		d = max(d, -d)
		s.add(uint64(d) * uint64(d)) // d < 2^32
	}
	return rootUp(s)
}
