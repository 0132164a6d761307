package model

import (
	"fmt"
	"math"
	"strconv"

	"github.com/grapevine-network/grapevine/learning"
	"github.com/grapevine-network/grapevine/learning/kernel"
)

// conv is a 3x3 convolution of an image with a margin of zeros, then ReLU and
// the maximum of each 2x2 pixels (LeCun et al. 1998). An odd last row or column
// is read but has no output. Images are [height, width, channels].
//
// With its margin, an image is one long line of pixels in which those that a line
// of the filter covers are neighbours, also from the end of one line of the image
// to the next. So a convolution is three products of matrices, one for each line of
// the filter, whose rows overlap in memory. They have results between the lines of
// the image too, two for each, which nobody reads.
type conv struct {
	height, width int // before pooling
	in, out       int // channels
	number        int
}

// convolutions makes the layers of cnn:CHANNELS,... .
func convolutions(form learning.Form, channels []int) (Model, error) {
	if len(form.Dims) != 2 {
		return Model{}, fmt.Errorf("a convolution wants images, the samples are %d numbers", form.Inputs())
	}
	var layers []layer
	height, width, in := form.Dims[0], form.Dims[1], 1
	for i, out := range channels {
		if min(height, width) < 2 {
			return Model{}, fmt.Errorf("convolution %d: nothing is left to halve of %dx%d pixels", i+1, height, width)
		}
		layers = append(layers, conv{height, width, in, out, i + 1})
		height, width, in = height/2, width/2, out
		if height*width*in > maxWidth {
			return Model{}, fmt.Errorf("convolution %d has %d outputs, want at most %d", i+1, height*width*in, maxWidth)
		}
	}
	return stack(perceptron(layers, height*width*in, []int{form.Classes}))
}

func (l conv) size() (in, out int) {
	return l.height * l.width * l.in, (l.height / 2) * (l.width / 2) * l.out
}

func (l conv) weights() []tensor {
	name, patch := "conv"+strconv.Itoa(l.number), 9*l.in
	return []tensor{
		{learning.Tensor{Name: name + ".weight", Dims: []int{3, 3, l.in, l.out}}, patch},
		{learning.Tensor{Name: name + ".bias", Dims: []int{l.out}}, 0},
	}
}

// line is the number of pixels from one line to the next, margin included.
func (l conv) line() int { return l.width + 2 }

// area is the number of pixels of an image with its margin.
func (l conv) area() int { return (l.height + 2) * l.line() }

// spots is the number of results of a convolution for some lines of the image,
// with those between lines.
func (l conv) spots(lines int) int { return lines*l.line() - 2 }

// convolved is the same for the lines that are pooled: all but an odd last one.
func (l conv) convolved() int { return l.spots(l.height &^ 1) }

// memory is a layer's scratch. Margins are 0 from the start and never written.
type memory struct {
	x        []float32 // one image with its margin
	gradient []float32 // of one image before pooling, with its margin
	dx       []float32 // of one image, with what is between its lines
	flipped  []float32 // the filter, from outputs to inputs
	full     []float32 // all images before ReLU and pooling
}

func (l conv) scratch(rows int) int {
	return l.area()*(l.in+l.out) + l.spots(l.height)*l.in + 9*l.in*l.out + rows*l.convolved()*l.out
}

func (l conv) parts(scratch []float32) (m memory) {
	cut := func(n int) (part []float32) {
		part, scratch = scratch[:n], scratch[n:]
		return part
	}
	m.x, m.gradient = cut(l.area()*l.in), cut(l.area()*l.out)
	m.dx, m.flipped = cut(l.spots(l.height)*l.in), cut(9*l.in*l.out)
	m.full = scratch
	return m
}

func (l conv) forward(y, x, w, scratch []float32) {
	in, out := l.size()
	m, bias := l.parts(scratch), w[9*l.in*l.out:]
	for ; len(x) > 0; x, y = x[in:], y[out:] {
		image := m.full[:l.convolved()*l.out]
		m.full = m.full[len(image):]
		l.pad(m.x, x[:in])
		convolve(image, m.x, w, l.line(), l.in, l.out, bias)
		l.pool(y[:out], image)
	}
}

func (l conv) backward(dx, dw, x, y, dy, w, scratch []float32) {
	in, out := l.size()
	m := l.parts(scratch)
	l.flip(m.flipped, w)
	for ; len(x) > 0; x, y, dy = x[in:], y[out:], dy[out:] {
		l.pad(m.x, x[:in])
		l.unpool(m.gradient, m.full, y[:out], dy[:out])
		m.full = m.full[l.convolved()*l.out:]
		l.collect(dw, m.x, m.gradient)
		if dx != nil {
			convolve(m.dx, m.gradient, m.flipped, l.line(), l.out, l.in, nil)
			l.unpad(dx[:in], m.dx)
			dx = dx[in:]
		}
	}
}

// convolve fills y with the results of a filter of [3, 3, in, out] on x, of which
// a line has so many pixels.
func convolve(y, x, filter []float32, line, in, out int, bias []float32) {
	to := matrix(y, out)
	for i := range 3 {
		windows := kernel.Windows(x[i*line*in:], to.Rows, 3*in, in)
		part := kernel.RowMajor(filter[i*3*in*out:][:3*in*out], 3*in, out)
		switch {
		case i > 0:
			kernel.MulAdd(to, windows, part)
		case bias != nil:
			kernel.Affine(to, windows, part, bias, false)
		default:
			kernel.Mul(to, windows, part)
		}
	}
}

// collect adds the gradients of the filter and the bias to dw.
func (l conv) collect(dw, x, gradient []float32) {
	inner := (l.line() + 1) * l.out // where the image begins in its margin
	dy := kernel.Windows(gradient[inner:], l.convolved(), l.out, l.out)
	kernel.AddRows(dw[9*l.in*l.out:], dy)
	for i := range 3 {
		windows := kernel.Windows(x[i*l.line()*l.in:], dy.Rows, 3*l.in, l.in)
		part := kernel.RowMajor(dw[i*3*l.in*l.out:][:3*l.in*l.out], 3*l.in, l.out)
		kernel.MulAdd(part, windows.T(), dy)
	}
}

// flip turns a filter around, so that a convolution of the gradient of the
// outputs with it is the gradient of the inputs.
func (l conv) flip(flipped, filter []float32) {
	for i := range 9 {
		from, to := filter[(8-i)*l.in*l.out:], flipped[i*l.in*l.out:]
		for a := range l.in {
			for b := range l.out {
				to[b*l.in+a] = from[a*l.out+b]
			}
		}
	}
}

// pad copies an image into its margin.
func (l conv) pad(to, x []float32) {
	for i := range l.height {
		copy(to[((i+1)*l.line()+1)*l.in:], x[i*l.width*l.in:][:l.width*l.in])
	}
}

// unpad copies an image without what is between its lines.
func (l conv) unpad(x, from []float32) {
	for i := range l.height {
		copy(x[i*l.width*l.in:][:l.width*l.in], from[i*l.line()*l.in:])
	}
}

// pool fills y with the maximum of each 2x2 pixels, or 0 if that is less.
func (l conv) pool(y, image []float32) {
	l.squares(func(to, from int) {
		a, b, c, d := l.square(image[from:])
		for i := range l.out {
			y[to+i] = max(0, a[i], b[i], c[i], d[i]) // NaN stays NaN
		}
	})
}

// unpool gives the gradient of each maximum to the first pixel that has it, if
// ReLU let it through. Which one it is follows no pattern: there is no branch to
// mispredict.
func (l conv) unpool(gradient, image, y, dy []float32) {
	inner := (l.line() + 1) * l.out
	l.squares(func(to, from int) {
		a, b, c, d := l.square(image[from:])
		da, db, dc, dd := l.square(gradient[inner+from:])
		for i := range l.out {
			top := y[to+i]
			left := math.Float32bits(dy[to+i]) & all(top > 0)
			left = move(&da[i], left, all(a[i] == top))
			left = move(&db[i], left, all(b[i] == top))
			left = move(&dc[i], left, all(c[i] == top))
			move(&dd[i], left, all(d[i] == top))
		}
	})
}

// squares names where each 2x2 pixels begin, and where their maximum goes.
func (l conv) squares(each func(to, from int)) {
	for i := range l.height / 2 {
		for j := range l.width / 2 {
			each((i*(l.width/2)+j)*l.out, 2*(i*l.line()+j)*l.out)
		}
	}
}

// square returns the four pixels of a square.
func (l conv) square(x []float32) (a, b, c, d []float32) {
	under := x[l.line()*l.out:]
	return x[:l.out], x[l.out:][:l.out], under[:l.out], under[l.out:][:l.out]
}

// move sets x to the number with the given bits where the mask has ones, and
// returns the bits where it has not.
func move(x *float32, bits, mask uint32) uint32 {
	*x = math.Float32frombits(bits & mask)
	return bits &^ mask
}

// all returns a mask of ones, or of zeros.
func all(is bool) uint32 {
	var one uint32
	if is {
		one = 1
	}
	return -one
}
