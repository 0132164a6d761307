package kernel

import "math"

// Each of these does as much of its work as fills whole vectors, and returns how
// many elements that is. The n of the assembly is such a number.

//go:noescape
func axpyAVX512(y, x *float32, n int, a float32)

//go:noescape
func axpyAVX2(y, x *float32, n int, a float32)

func axpyVector(y []float32, a float32, x []float32) int {
	n := whole(len(y))
	switch active {
	case avx512:
		axpyAVX512(first(y), first(x), n, a)
	case avx2:
		axpyAVX2(first(y), first(x), n, a)
	}
	return n
}

//go:noescape
func scaleAVX512(x *float32, n int, a float32)

//go:noescape
func scaleAVX2(x *float32, n int, a float32)

func scaleVector(a float32, x []float32) int {
	n := whole(len(x))
	switch active {
	case avx512:
		scaleAVX512(first(x), n, a)
	case avx2:
		scaleAVX2(first(x), n, a)
	}
	return n
}

//go:noescape
func maskAVX512(d, act *float32, n int)

//go:noescape
func maskAVX2(d, act *float32, n int)

func maskVector(d, act []float32) int {
	n := whole(len(d))
	switch active {
	case avx512:
		maskAVX512(first(d), first(act), n)
	case avx2:
		maskAVX2(first(d), first(act), n)
	}
	return n
}

//go:noescape
func stepAVX512(w, v *float32, n int, rate, momentum float32)

//go:noescape
func stepAVX2(w, v *float32, n int, rate, momentum float32)

func stepVector(w, v []float32, rate, momentum float32) int {
	n := whole(len(w))
	switch active {
	case avx512:
		stepAVX512(first(w), first(v), n, rate, momentum)
	case avx2:
		stepAVX2(first(w), first(v), n, rate, momentum)
	}
	return n
}

// expAVX512 does x = exp(x - shift), for shift ≥ x, and returns the sum.
//
//go:noescape
func expAVX512(x *float32, n int, constants *[12]float32, shift float32) float32

//go:noescape
func expAVX2(x *float32, n int, constants *[12]float32, shift float32) float32

func expWhole(x []float32, shift float32) float32 {
	if active == avx512 {
		return expAVX512(first(x), len(x), &expConstants, shift)
	}
	return expAVX2(first(x), len(x), &expConstants, shift)
}

// expVector does all of x: what does not fill a vector is filled up, since few
// classes are common. Softmax and the like have a sum of at least 1, to which
// exp(-Inf) adds less than is seen.
func expVector(x []float32, shift float32) (float32, int) {
	if active == portable {
		return 0, 0
	}
	n := whole(len(x))
	sum := expWhole(x[:n], shift)
	if rest := x[n:]; len(rest) > 0 {
		last := [16]float32{lowest, lowest, lowest, lowest, lowest, lowest, lowest, lowest,
			lowest, lowest, lowest, lowest, lowest, lowest, lowest, lowest}
		copy(last[:], rest)
		sum += expWhole(last[:whole(len(rest)+15)], shift)
		copy(rest, last[:])
	}
	return sum, len(x)
}

// whole returns how many of n elements fill whole vectors.
func whole(n int) int {
	switch active {
	case avx512:
		return n &^ 15
	case avx2:
		return n &^ 7
	}
	return 0
}

// expConstants is what the assembly needs: see there.
var expConstants = [12]float32{
	least, 1.5 * (1 << 23), 1 / math.Ln2, 0.693359375, -2.12194440e-4,
	1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1, 1,
}
