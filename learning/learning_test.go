package learning_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/grapevine-network/grapevine/learning"
)

func TestShapeSizeIsTheSumOfItsTensors(t *testing.T) {
	cases := []struct {
		shape learning.Shape
		want  int
	}{
		{nil, 0},
		{learning.Shape{{Name: "scale"}}, 1},
		{learning.Shape{{Name: "fc.weight", Dims: []int{3, 4}}, {Name: "fc.bias", Dims: []int{4}}}, 16},
		{learning.Shape{{Name: "empty", Dims: []int{3, 0}}}, 0},
	}
	for _, c := range cases {
		if got := c.shape.Size(); got != c.want {
			t.Errorf("%v: got %d, want %d", c.shape, got, c.want)
		}
	}
}

func TestFromAnchorScalesByTheLeastBit(t *testing.T) {
	anchor := []int32{0, 1, -1, 1 << 20, -3 << 19, math.MaxInt32, math.MinInt32, 1<<24 + 1}
	want := learning.Vector{0, 0x1p-20, -0x1p-20, 1, -1.5, 2048, -2048, 16}
	got := make(learning.Vector, len(anchor))
	learning.FromAnchor(got, anchor)
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestSubsetCopiesRowsInTheGivenOrder(t *testing.T) {
	s := learning.Samples{X: []float32{1, 2, 3, 4, 5, 6}, Y: []int32{0, 1, 2}, Inputs: 2, Classes: 3}
	got := s.Subset([]int{2, 0, 2})
	if want := []float32{5, 6, 1, 2, 5, 6}; !slices.Equal(got.X, want) {
		t.Errorf("X: got %v, want %v", got.X, want)
	}
	if want := []int32{2, 0, 2}; !slices.Equal(got.Y, want) {
		t.Errorf("Y: got %v, want %v", got.Y, want)
	}
	got.X[0] = 9
	if s.X[4] != 5 {
		t.Error("a subset shares memory with its samples")
	}
	if got.Inputs != 2 || got.Classes != 3 || got.Len() != 3 {
		t.Errorf("got %d inputs, %d classes, %d rows", got.Inputs, got.Classes, got.Len())
	}
}

func TestCheckRefusesSamplesThatDoNotFitTogether(t *testing.T) {
	cases := []struct {
		name    string
		samples learning.Samples
		ok      bool
	}{
		{"none", learning.Samples{}, true},
		{"good", learning.Samples{X: []float32{1, 2}, Y: []int32{0, 1}, Inputs: 1, Classes: 2}, true},
		{"short row", learning.Samples{X: []float32{1, 2, 3}, Y: []int32{0, 1}, Inputs: 2, Classes: 2}, false},
		{"class too high", learning.Samples{X: []float32{1}, Y: []int32{2}, Inputs: 1, Classes: 2}, false},
		{"class below zero", learning.Samples{X: []float32{1}, Y: []int32{-1}, Inputs: 1, Classes: 2}, false},
	}
	for _, c := range cases {
		if err := c.samples.Check(); (err == nil) != c.ok {
			t.Errorf("%s: got error %v, want ok = %t", c.name, err, c.ok)
		}
	}
}

func ExampleSamples_Subset() {
	s := learning.Samples{X: []float32{0.1, 0.2, 0.3}, Y: []int32{0, 1, 1}, Inputs: 1, Classes: 2}
	part := s.Subset([]int{2, 1})
	fmt.Println(part.X, part.Y)
	// Output: [0.3 0.2] [1 1]
}
