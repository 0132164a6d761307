package kernel_test

import (
	"fmt"

	"github.com/grapevine-network/grapevine/learning/kernel"
)

// A layer of three inputs and two outputs, and two rows of a mini-batch.
func Example() {
	x := kernel.RowMajor([]float32{1, 2, 3, 0, 1, 0}, 2, 3)
	w := kernel.RowMajor([]float32{1, -1, 0, 2, 1, -1}, 3, 2)
	y := kernel.RowMajor(make([]float32, 4), 2, 2)
	kernel.Affine(y, x, w, []float32{0.5, -0.5}, true)
	fmt.Println(y.Row(0), y.Row(1))

	dy := kernel.RowMajor([]float32{1, 1, 1, 1}, 2, 2)
	kernel.Mask(dy.Row(0), y.Row(0)) // no gradient where ReLU let nothing through
	dw := kernel.RowMajor(make([]float32, 6), 3, 2)
	kernel.MulAdd(dw, x.T(), dy)
	fmt.Println(dw.Row(0), dw.Row(1), dw.Row(2))
	// Output:
	// [4.5 0] [0.5 1.5]
	// [1 0] [3 1] [3 0]
}
