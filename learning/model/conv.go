package model

import (
	"fmt"
	"strconv"

	"github.com/grapevine-network/grapevine/learning"
)

// conv is a 3x3 convolution of an image with a margin of zeros, then ReLU and
// the maximum of each 2x2 pixels (LeCun et al. 1998). An odd last row or column
// is read but has no output. Images are [height, width, channels].
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
	return l.height * l.width * l.in, l.pixels() / 4 * l.out
}

// pixels counts those that are convolved: all but an odd last row and column.
func (l conv) pixels() int { return (l.height &^ 1) * (l.width &^ 1) }

// patch is the number of values that one output is made of.
func (l conv) patch() int { return 9 * l.in }

func (l conv) affine() affine { return affine{l.patch(), l.out} }

func (l conv) weights() []tensor {
	name := "conv" + strconv.Itoa(l.number)
	return []tensor{
		{learning.Tensor{Name: name + ".weight", Dims: []int{3, 3, l.in, l.out}}, l.patch()},
		{learning.Tensor{Name: name + ".bias", Dims: []int{l.out}}, 0},
	}
}

// scratch holds the patches of one image, the gradient of one image before
// pooling, and of all images what was pooled.
func (l conv) scratch(rows int) int {
	return l.pixels() * (l.patch() + l.out + rows*l.out)
}

func (l conv) parts(scratch []float32) (patches, gradient, full []float32) {
	n, m := l.pixels()*l.patch(), l.pixels()*l.out
	return scratch[:n], scratch[n : n+m], scratch[n+m:]
}

func (l conv) forward(y, x, w, scratch []float32) {
	in, out := l.size()
	patches, _, full := l.parts(scratch)
	for ; len(x) > 0; x, y = x[in:], y[out:] {
		l.unfold(patches, x[:in])
		image := full[:l.pixels()*l.out]
		full = full[len(image):]
		l.affine().forward(image, patches, w, true)
		l.pool(y[:out], image)
	}
}

func (l conv) backward(dx, dw, x, y, dy, w, scratch []float32) {
	in, out := l.size()
	patches, gradient, full := l.parts(scratch)
	for ; len(x) > 0; x, y, dy = x[in:], y[out:], dy[out:] {
		l.unpool(gradient, full[:len(gradient)], y[:out], dy[:out])
		full = full[len(gradient):]
		l.unfold(patches, x[:in])
		l.affine().collect(dw, patches, gradient)
		if dx != nil {
			l.affine().backward(patches, gradient, w)
			l.fold(dx[:in], patches)
			dx = dx[in:]
		}
	}
}

// unfold writes what each output pixel is made of side by side ("im2col"), so
// that a convolution is one product of matrices.
func (l conv) unfold(patches, x []float32) {
	clear(patches) // the margin
	l.runs(func(patch, at, n int) { copy(patches[patch:][:n], x[at:]) })
}

// fold fills dx with the sums of the gradients of all patches that hold a pixel.
func (l conv) fold(dx, patches []float32) {
	clear(dx)
	l.runs(func(patch, at, n int) {
		to := dx[at:][:n]
		for i, v := range patches[patch:][:n] {
			to[i] += v
		}
	})
}

// runs names the parts of the patches that lie in the image: of each output pixel
// up to three lines of up to three pixels, n values from at on.
func (l conv) runs(each func(patch, at, n int)) {
	for p := range l.pixels() {
		row, column := p/(l.width&^1), p%(l.width&^1)
		left, right := max(0, column-1), min(l.width, column+2)
		for i := max(0, row-1); i < min(l.height, row+2); i++ {
			inside := (i-row+1)*3 + left - column + 1
			each(p*l.patch()+inside*l.in, (i*l.width+left)*l.in, (right-left)*l.in)
		}
	}
}

// pool fills y with the maximum of each 2x2 pixels.
func (l conv) pool(y, image []float32) {
	line := (l.width &^ 1) * l.out
	for top := range l.height / 2 {
		for left := range l.width / 2 {
			a := image[2*top*line+2*left*l.out:]
			b := a[line:]
			to := y[(top*(l.width/2)+left)*l.out:][:l.out]
			for c := range to {
				to[c] = max(a[c], a[c+l.out], b[c], b[c+l.out]) // NaN stays NaN
			}
		}
	}
}

// unpool gives the gradient of each maximum to the first pixel that has it, if
// ReLU let it through.
func (l conv) unpool(gradient, image, y, dy []float32) {
	clear(gradient)
	line := (l.width &^ 1) * l.out
	places := [4]int{0, l.out, line, line + l.out}
	for top := range l.height / 2 {
		for left := range l.width / 2 {
			from, to := 2*top*line+2*left*l.out, (top*(l.width/2)+left)*l.out
			for c := range l.out {
				for _, p := range places {
					if v := y[to+c]; v > 0 && image[from+p+c] == v {
						gradient[from+p+c] = dy[to+c]
						break
					}
				}
			}
		}
	}
}
