package delta

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
)

// steps are the bytes of a dense chunk.
func steps(qs ...int8) field {
	return func(w *writer) {
		for _, q := range qs {
			w.put(uint32(uint8(q)), 8)
		}
	}
}

func TestDenseValuesAreWithinHalfAStep(t *testing.T) {
	for _, most := range []int{1, 3, 126, 127, 128, 1000, 70_001, MaxValue} {
		c := dense(2500)
		update := integers(9, c.Size, most)
		b := mustEncode(t, c, update)
		got := make([]int, c.Size)
		for s, i := mustDecode(t, c, b), 0; i < len(s.Index); i++ {
			got[s.Index[i]] = int(s.Value[i])
		}
		for i, x := range update {
			if half := math.Ceil(float64(most)/maxStep) / 2; math.Abs(float64(x)*One-float64(got[i])) > half {
				t.Fatalf("values to %d: %v is sent as %d, want within %v", most, x*One, got[i], half)
			}
		}
		if len(b) > c.Size+3*4 || len(b) > c.MaxBytes() {
			t.Errorf("values to %d: %d bytes, at most %d", most, len(b), c.MaxBytes())
		}
	}
}

func TestDecodeRefusesADenseChunkThatIsNotCanonical(t *testing.T) {
	c := dense(3)
	s := mustDecode(t, c, stream(num(5), steps(2, 0, -127)))
	if !slices.Equal(s.Index, []uint32{0, 2}) || !slices.Equal(s.Value, []int32{10, -635}) {
		t.Fatalf("got %v", s)
	}
	for _, tc := range []struct {
		name, fault string
		b           []byte
	}{
		{"empty", "too short", nil},
		{"cut", "too short", stream(num(5), steps(2, 1))},
		{"cut before zeros", "too short", stream(num(5), steps(1))},
		{"a byte more", "after the last chunk", stream(num(5), steps(2, 1, 0, 0))},
		{"steps of two", "common divisor", stream(num(5), steps(2, 0, -4))},
		{"one step of three", "common divisor", stream(num(5), steps(0, 3, 0))},
		{"a scale and no value", "common divisor", stream(num(5), steps(0, 0, 0))},
		{"-128", "too large", stream(num(5), steps(1, -128, 0))},
		{"above the most", "too large", stream(num(MaxValue/127+1), steps(1, 127, 0))},
		{"scale above the most", "too large", stream(num(MaxValue+1), steps(1, 0, 0))},
	} {
		if s, err := c.Decode(tc.b); !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), tc.fault) {
			t.Errorf("%s: got %v, %v; want %q", tc.name, s, err, tc.fault)
		}
	}
}

func TestEncodeSparseRefusesValuesWithoutACommonScale(t *testing.T) {
	c := dense(1030)
	for _, values := range [][]int32{{1, 128}, {-3, 1000}, {MaxValue, MaxValue - 1}} {
		if b, err := c.EncodeSparse([]byte{1}, Sparse{[]uint32{3, 900}, values}); err == nil || len(b) != 1 {
			t.Errorf("%v: got %d bytes, %v; want dst and an error", values, len(b), err)
		}
	}
}

// What error feedback sends in the end is all there was.
func TestATinyModelLosesNothingInTheEnd(t *testing.T) {
	c := dense(58)
	f, sum := NewFeedback(c, 1), make([]float64, c.Size)
	update := normal(3, c.Size)
	for range 200 {
		b, err := f.Compress(update)
		if err != nil {
			t.Fatal(err)
		}
		for s, i := mustDecode(t, c, b), 0; i < len(s.Index); i++ {
			sum[s.Index[i]] += float64(s.Value[i]) / One
		}
	}
	for i, u := range update {
		if math.Abs(sum[i]/200-float64(u)) > 1e-5 {
			t.Errorf("value %d: a mean of %g was sent, want %g", i, sum[i]/200, u)
		}
	}
}
