package model

import "gonum.org/v1/gonum/blas/blas32"

// All that takes time is in the three products below. Matrices are row-major;
// the number of rows follows from the lengths.

// multiply does y += x·w: x has in columns, y and w have out.
func multiply(y, x, w []float32, in, out int) {
	for ; len(x) > 0; x, y = x[in:], y[out:] {
		for j, v := range x[:in] {
			if v != 0 { // four of five MNIST pixels
				axpy(y[:out], v, w[j*out:][:out])
			}
		}
	}
}

// multiplyT does dw += xᵀ·dy: x has in columns, dw and dy have out.
func multiplyT(dw, x, dy []float32, in, out int) {
	for ; len(x) > 0; x, dy = x[in:], dy[out:] {
		for j, v := range x[:in] {
			if v != 0 {
				axpy(dw[j*out:][:out], v, dy[:out])
			}
		}
	}
}

// multiplyByT does dx = dy·wᵀ: dx has in columns, dy and w have out.
func multiplyByT(dx, dy, w []float32, in, out int) {
	for ; len(dx) > 0; dx, dy = dx[in:], dy[out:] {
		for j := range in {
			dx[j] = dot(w[j*out:][:out], dy[:out])
		}
	}
}

// spread makes each row of y a bias.
func spread(y, bias []float32) {
	for ; len(y) > 0; y = y[len(bias):] {
		copy(y, bias)
	}
}

// collect adds each row of dy to the gradient of a bias.
func collect(db, dy []float32) {
	for ; len(dy) > 0; dy = dy[len(db):] {
		axpy(db, 1, dy[:len(db)])
	}
}

// rectify is ReLU, in place.
func rectify(x []float32) {
	for i, v := range x {
		if v < 0 { // leaves NaN, which the loss then shows
			x[i] = 0
		}
	}
}

// dam stops a gradient where ReLU, which made y, stopped the value.
func dam(dy, y []float32) {
	for i, v := range y {
		if !(v > 0) {
			dy[i] = 0
		}
	}
}

// axpy does y += a*x.
func axpy(y []float32, a float32, x []float32) {
	blas32.Implementation().Saxpy(len(x), a, x, 1, y, 1)
}

func dot(x, y []float32) float32 {
	return blas32.Implementation().Sdot(len(x), x, 1, y, 1)
}

func scale(a float32, x []float32) {
	blas32.Implementation().Sscal(len(x), a, x, 1)
}
