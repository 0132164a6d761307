package engine

import "testing"

// Rounding favours nobody: a delta that gains nothing in the mean has scores whose
// mean is nothing.
func TestScoresAreRoundedToTheNearest(t *testing.T) {
	for u, want := range map[int64]int32{
		0: 0, -1: 0, 127: 0, 128: 256, -128: 0, -129: -256, 300: 256, -300: -256, 1 << 40: 1 << 30, -1 << 40: -1 << 30,
	} {
		if s := Quantise(3, &Measure{U: u, SE: 7}); s.U != want || s.SE != 7 || s.Delta != 3 {
			t.Errorf("%d: got %+v, want %d", u, s, want)
		}
	}
	sum := int32(0)
	for u := int64(-256); u < 256; u++ {
		sum += Quantise(0, &Measure{U: u}).U
	}
	if sum != 0 {
		t.Errorf("the mean of what gains nothing is %d/512", sum)
	}
}
