package delta

import (
	"math"
	"slices"
	"testing"
)

// rest after n updates = Σ decay^(n-i) (update_i - sent_i), so what was sent and
// what waits, decayed alike, are all there ever was.
func TestFeedbackLosesNothing(t *testing.T) {
	for _, decay := range []float32{1, Decay, 0.5} {
		c := Codec{Size: 1500, Keep: 16}
		f := NewFeedback(c, decay)
		balance := make([]float64, c.Size) // of updates, less what was sent
		for round := range uint64(60) {
			update := normal(round, c.Size)
			b, err := f.Compress(update)
			if err != nil {
				t.Fatal(err)
			}
			for i, u := range update {
				balance[i] = balance[i]*float64(decay) + float64(u)
			}
			s := mustDecode(t, c, b)
			for i, at := range s.Index {
				balance[at] -= float64(s.Value[i]) / One
			}
		}
		for i, want := range balance {
			if got := float64(f.rest[i]); math.Abs(got-want) > 1e-6 {
				t.Fatalf("decay %v, value %d: %v waits, want %v", decay, i, got, want)
			}
		}
	}
}

// Every value is sent in the end: none can wait for ever.
func TestWhatWaitsIsSentInTheEnd(t *testing.T) {
	c := Codec{Size: 1024, Keep: 32}
	f := NewFeedback(c, 1)
	update := normal(4, c.Size)
	for range 200 {
		if _, err := f.Compress(update); err != nil {
			t.Fatal(err)
		}
		clear(update)
	}
	for i, x := range f.rest {
		if math.Abs(float64(x)) > 1.0/One {
			t.Fatalf("value %d: %v units still wait", i, x*One)
		}
	}
}

func TestAnUpdateThatIsNotFiniteLeavesNoTrace(t *testing.T) {
	c := Codec{Size: 1100, Keep: 32}
	f := NewFeedback(c, Decay)
	if _, err := f.Compress(normal(1, c.Size)); err != nil {
		t.Fatal(err)
	}
	before := slices.Clone(f.rest)
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		update := normal(2, c.Size)
		update[1050] = float32(bad)
		if _, err := f.Compress(update); err == nil || !slices.Equal(f.rest, before) {
			t.Errorf("%v: error %v, rest changed: %t", bad, err, !slices.Equal(f.rest, before))
		}
	}
	if _, err := f.Compress(make([]float32, 3)); err == nil {
		t.Error("an update of another length was taken")
	}
}

// Sums of finite values may overflow; that is an error too, and passes.
func TestAnOverflowLeavesNoTrace(t *testing.T) {
	c := Codec{Size: 2, Keep: 1024}
	f := NewFeedback(c, 1)
	big := []float32{math.MaxFloat32, 0}
	if _, err := f.Compress(big); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Compress(big); err == nil || !(f.rest[0] <= math.MaxFloat32) {
		t.Errorf("got %v, rest %v; want an error and a number", err, f.rest)
	}
}

func TestUndoForgetsTheLastUpdateAlone(t *testing.T) {
	c := Codec{Size: 1500, Keep: 16}
	plain, undone := NewFeedback(c, Decay), NewFeedback(c, Decay)
	undone.Undo() // nothing yet
	for round := range uint64(5) {
		if _, err := undone.Compress(normal(round+100, c.Size)); err != nil {
			t.Fatal(err)
		}
		undone.Undo()
		want, errWant := plain.Compress(normal(round, c.Size))
		got, err := undone.Compress(normal(round, c.Size))
		if err != nil || errWant != nil || !slices.Equal(got, want) {
			t.Fatalf("round %d: another delta than without what was undone (%v, %v)", round, err, errWant)
		}
	}
}

func TestWhatWasSentInVainIsSentAgain(t *testing.T) {
	c := Codec{Size: 1500, Keep: 16}
	f, never := NewFeedback(c, 1), NewFeedback(c, 1)
	zero := make([]float32, c.Size)
	b, err := f.Compress(normal(1, c.Size))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Add(mustDecode(t, c, b)); err != nil {
		t.Fatal(err)
	}
	again, err := f.Compress(zero)
	if err != nil || !slices.Equal(again, b) {
		t.Errorf("another delta than the first (%v)", err)
	}
	if err := never.Add(Sparse{Index: []uint32{1500}, Value: []int32{1}}); err == nil {
		t.Error("a place beyond the model was taken")
	}
	if err := never.Add(mustDecode(t, c, b)); err != nil {
		t.Errorf("before anything was sent: %v", err)
	}
}
