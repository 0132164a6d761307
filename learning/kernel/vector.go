package kernel

import "math"

// What takes two vectors panics if the second is shorter than the first, whatever
// its capacity.

// Axpy does y += a*x.
func Axpy(y []float32, a float32, x []float32) {
	x = x[:len(y):len(x)]
	for i := axpyVector(y, a, x); i < len(y); i++ {
		y[i] += a * x[i]
	}
}

// Scale does x *= a.
func Scale(a float32, x []float32) {
	for i := scaleVector(a, x); i < len(x); i++ {
		x[i] *= a
	}
}

// Mask makes d 0 wherever act, what a ReLU put out, is not above 0. That turns
// the gradient with respect to its outputs into that with respect to its inputs.
func Mask(d, act []float32) {
	act = act[:len(d):len(act)]
	for i := maskVector(d, act); i < len(d); i++ {
		if !(act[i] > 0) {
			d[i] = 0
		}
	}
}

// Step does w -= rate*v and then v *= momentum, so that the next gradient can be
// added to v: SGD with Polyak momentum in one pass over memory.
func Step(w, v []float32, rate, momentum float32) {
	v = v[:len(w):len(v)]
	for i := stepVector(w, v, rate, momentum); i < len(w); i++ {
		w[i] -= rate * v[i]
		v[i] *= momentum
	}
}

// Softmax turns logits into probabilities and returns log Σ exp(x), with which
// the cross-entropy of class y is that minus x[y]: exact where the probability
// itself is 0. A probability is right but for a share of
// (len(x) + 8 + max(x) - x[i])·2^-24, and none is below 2^-126/len(x). It panics
// if x is empty; a NaN makes all of them NaN.
func Softmax(x []float32) float64 {
	top := maximum(x)
	sum, i := expVector(x, top)
	for ; i < len(x); i++ {
		x[i] = exp(x[i] - top)
		sum += x[i]
	}
	Scale(1/sum, x)
	return math.Log(float64(sum)) + float64(top)
}

// maximum skips NaN, which then shows in the sum.
func maximum(x []float32) float32 {
	top := x[0]
	for _, v := range x {
		if v > top {
			top = v
		}
	}
	return top
}

// least is where exp stops: below it lie numbers that are not normal.
const least = -87.33

func exp(x float32) float32 {
	if x < least {
		x = least
	}
	return float32(math.Exp(float64(x)))
}
