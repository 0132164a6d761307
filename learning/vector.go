package learning

// Vector is a model's parameters, or a change of them: one flat slice in the
// order of the model's Shape.
type Vector = []float32

// Tensor names a run of a Vector: Dims in row-major order, so the last
// dimension is contiguous.
type Tensor struct {
	Name string
	Dims []int
}

// Size returns the number of values in t; a tensor without dimensions holds one.
func (t Tensor) Size() int {
	n := 1
	for _, d := range t.Dims {
		n *= d
	}
	return n
}

// Shape is the table of tensors that a Vector is made of, one after another,
// without gaps. It maps the vector onto named weights, as in a PyTorch
// state_dict.
type Shape []Tensor

// Size returns the length of a Vector of this shape.
func (s Shape) Size() int {
	n := 0
	for _, t := range s {
		n += t.Size()
	}
	return n
}

// FromAnchor writes an anchor's fixed-point values (LSB 2^-20) as floats:
//
//	dst[i] = anchor[i] * 2^-20
//
// A value above 2^24 in magnitude is rounded to the nearest float32, the same
// on every platform. It panics if the lengths differ.
func FromAnchor(dst Vector, anchor []int32) {
	if len(dst) != len(anchor) {
		panic("learning: FromAnchor: lengths differ")
	}
	const lsb = 1.0 / (1 << 20)
	for i, v := range anchor {
		dst[i] = float32(v) * lsb
	}
}
