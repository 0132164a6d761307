package engine

import "testing"

// Rounding favours nobody: a delta that gains nothing in the mean has scores whose
// mean is nothing.
func TestScoresAreRoundedToTheNearest(t *testing.T) {
	for u, want := range map[int64]int32{
		0: 0, -1: 0, 127: 0, 128: 256, -128: 0, -129: -256, 300: 256, -300: -256, 1 << 40: 1 << 30, -1 << 40: -1 << 30,
	} {
		if s := Quantise(3, &Measure{U: u}); s.U != want || s.SE != 0 || s.Delta != 3 {
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

// A standard error is never said to be less than it is, as long as it is below the limit.
func TestStandardErrorsAreRoundedUp(t *testing.T) {
	for se, want := range map[int64]uint32{
		-1: 0, 0: 0, 1: 256, 256: 256, 257: 512, 900: 1024, 1<<30 - 1: 1 << 30, 1 << 30: 1 << 30, 1<<63 - 1: 1 << 30,
	} {
		if s := Quantise(0, &Measure{SE: se}); s.SE != want {
			t.Errorf("%d: got %d, want %d", se, s.SE, want)
		}
	}
}
