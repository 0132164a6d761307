package delta

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// integers returns an update of small multiples of an anchor unit, many of them
// equal and some 0, so that ties and short chunks occur.
func integers(seed uint64, n, most int) []float32 {
	rng := rand.New(rand.NewPCG(seed, 1))
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(rng.IntN(2*most+1)-most) / One
	}
	return v
}

var codecs = append([]Codec{dense(1), dense(58), dense(1024), dense(2500)}, sparse...)

var sparse = []Codec{
	topk(1, 1), topk(1, 1024), topk(31, 32), topk(62, 32), topk(1024, 1), topk(1024, 32), topk(1024, 1024),
	topk(1025, 32), topk(2148, 8), topk(5000, 100), topk(3000, 512), topk(4000, 711),
}

func topk(size, keep int) Codec { return Codec{Size: size, Keep: keep} }
func dense(size int) Codec      { return Codec{Size: size, Keep: 1024, Dense: true} }

func mustEncode(t testing.TB, c Codec, update []float32) []byte {
	t.Helper()
	b, err := c.Encode(nil, update)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func mustDecode(t testing.TB, c Codec, b []byte) Sparse {
	t.Helper()
	s, err := c.Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWhatIsDecodedEncodesToTheSameBytes(t *testing.T) {
	for _, c := range codecs {
		for _, most := range []int{0, 1, 3, 1000, MaxValue} {
			b := mustEncode(t, c, integers(7, c.Size, most))
			s := mustDecode(t, c, b)
			if err := s.Check(c.Size); err != nil {
				t.Errorf("%+v: %v", c, err)
			}
			again, err := c.EncodeSparse([]byte("x"), s)
			if err != nil || string(again) != "x"+string(b) {
				t.Errorf("%+v, values to %d: encoded again: %x, %v; want x and %x", c, most, again, err, b)
			}
			if len(b) > c.MaxBytes() {
				t.Errorf("%+v: %d bytes, MaxBytes says %d", c, len(b), c.MaxBytes())
			}
		}
	}
}

// The largest are sent, each within the two scales, and ties go to the first.
func TestTheLargestOfEachChunkAreSent(t *testing.T) {
	for _, c := range sparse {
		update := integers(3, c.Size, 50)
		s := mustDecode(t, c, mustEncode(t, c, update))
		var want []uint32
		for base := 0; base < c.Size; base += chunkLen {
			want = append(want, largestBySorting(update, base, c)...)
		}
		if !slices.Equal(s.Index, want) {
			t.Errorf("%+v: sent %v, want %v", c, s.Index, want)
		}
		for i, at := range s.Index {
			if x := update[at] * One; x < 0 != (s.Value[i] < 0) {
				t.Errorf("%+v: value %d is %v, sent as %d", c, at, x, s.Value[i])
			}
		}
	}
}

func largestBySorting(update []float32, base int, c Codec) []uint32 {
	var places []uint32
	for i := base; i < base+c.chunk(base); i++ {
		if update[i] != 0 {
			places = append(places, uint32(i))
		}
	}
	slices.SortStableFunc(places, func(a, b uint32) int {
		return int(math.Abs(float64(update[b]*One)) - math.Abs(float64(update[a]*One)))
	})
	places = places[:min(len(places), c.kept(c.chunk(base)))]
	slices.Sort(places)
	return places
}

func TestTwoMagnitudesAreSentExactly(t *testing.T) {
	c := Codec{Size: 2000, Keep: 1024}
	update := make([]float32, c.Size)
	for i := range update {
		update[i] = []float32{0, 3, -3, 70, -70, 0, 0}[i%7] / One
	}
	s := mustDecode(t, c, mustEncode(t, c, update))
	got := make([]float32, c.Size)
	for i, at := range s.Index {
		got[at] = float32(s.Value[i]) / One
	}
	if !slices.Equal(got, update) {
		t.Errorf("got %v, want %v", got[:14], update[:14])
	}
}

func TestNothingToSendTakesFiveBitsAChunk(t *testing.T) {
	c := Codec{Size: 16 * chunkLen, Keep: 32}
	update := make([]float32, c.Size)
	for i := range update {
		update[i] = 0.49 / One
	}
	b := mustEncode(t, c, update)
	if s := mustDecode(t, c, b); len(b) != 10 || len(s.Index) != 0 {
		t.Errorf("%d bytes, %d values; want 10 and none", len(b), len(s.Index))
	}
}

func TestHalvesRoundAwayFromZeroAndTheRestIsCut(t *testing.T) {
	below := math.Nextafter32(0.5, 0)
	for _, tc := range []struct {
		units float32
		want  int32
	}{
		{0.5, 1}, {-0.5, -1}, {below, 0}, {-below, 0}, {1.5, 2}, {-2.5, -3},
		{MaxValue, MaxValue}, {2 * MaxValue, MaxValue}, {-1e30, -MaxValue}, {1e-40, 0},
	} {
		c := Codec{Size: 1, Keep: 1}
		s := mustDecode(t, c, mustEncode(t, c, []float32{tc.units / One}))
		if got := append(s.Value, 0)[0]; got != tc.want {
			t.Errorf("%v units: sent %d, want %d", tc.units, got, tc.want)
		}
	}
}

func TestEncodeRefusesWhatIsNoUpdate(t *testing.T) {
	c := Codec{Size: 1500, Keep: 32}
	bad := func(v float64) []float32 {
		u := make([]float32, c.Size)
		u[1200] = float32(v)
		return u
	}
	for name, update := range map[string][]float32{
		"NaN": bad(math.NaN()), "+Inf": bad(math.Inf(1)), "-Inf": bad(math.Inf(-1)),
		"short": make([]float32, 1499), "long": make([]float32, 1501), "nil": nil,
	} {
		if b, err := c.Encode([]byte{1}, update); err == nil || len(b) != 1 {
			t.Errorf("%s: got %d bytes, %v; want dst and an error", name, len(b), err)
		}
	}
}

func TestACodecOutOfRangeIsRefusedEverywhere(t *testing.T) {
	for _, c := range []Codec{{}, topk(0, 32), topk(-1, 32), topk(MaxSize+1, 32), topk(10, 0), topk(10, 1025), topk(10, -1), {Size: 10, Keep: 32, Dense: true}} {
		_, e1 := c.Encode(nil, nil)
		_, e2 := c.EncodeSparse(nil, Sparse{})
		_, e3 := c.Decode(nil)
		_, e4 := NewFeedback(c, Decay).Compress(nil)
		for i, err := range []error{c.Validate(), e1, e2, e3, e4} {
			if err == nil || errors.Is(err, ErrMalformed) {
				t.Errorf("%+v, call %d: got %v, want an error that blames nobody's bytes", c, i, err)
			}
		}
	}
}

func TestEncodeSparseRefusesWhatHasNoEncoding(t *testing.T) {
	c := Codec{Size: 1100, Keep: 32}
	many := Sparse{}
	for i := range uint32(33) {
		many.Index, many.Value = append(many.Index, i), append(many.Value, 1)
	}
	for name, s := range map[string]Sparse{
		"three magnitudes": {[]uint32{1, 2, 3}, []int32{1, 2, -3}},
		"too many":         many,
		"too many at last": {[]uint32{1030, 1031, 1032}, []int32{1, 1, 1}},
		"zero":             {[]uint32{1}, []int32{0}},
		"too large":        {[]uint32{1}, []int32{MaxValue + 1}},
		"least int32":      {[]uint32{1}, []int32{math.MinInt32}},
		"out of range":     {[]uint32{1100}, []int32{1}},
		"out of order":     {[]uint32{2, 1}, []int32{1, 1}},
		"twice":            {[]uint32{2, 2}, []int32{1, 1}},
		"unequal":          {[]uint32{2}, nil},
	} {
		if b, err := c.EncodeSparse([]byte{1}, s); err == nil || len(b) != 1 {
			t.Errorf("%s: got %d bytes, %v; want dst and an error", name, len(b), err)
		}
	}
}

func TestARatioAboveSeventyNineAtKeepThirtyTwo(t *testing.T) {
	update := normal(1, 200_000)
	for _, keep := range []int{8, 16, 32, 64, 128} {
		c := Codec{Size: len(update), Keep: keep}
		n := len(mustEncode(t, c, update))
		ratio := float64(4*len(update)) / float64(n)
		t.Logf("keep %3d of 1,024: %6d bytes for %d values, %5.1f times fewer than float32; at most %d bytes", keep, n, len(update), ratio, c.MaxBytes())
		if keep == 32 && ratio < 100 {
			t.Errorf("keep 32: %.1f times fewer bytes, want 100", ratio)
		}
	}
}

func TestEncodingDoesNotAllocatePerChunk(t *testing.T) {
	c := Codec{Size: 100 * chunkLen, Keep: 32}
	update, dst := normal(1, c.Size), make([]byte, 0, c.MaxBytes())
	if n := testing.AllocsPerRun(5, func() { _, _ = c.Encode(dst, update) }); n > 1 {
		t.Errorf("%v allocations, want at most 1", n)
	}
}

func ExampleFeedback() {
	codec := Codec{Size: 4, Keep: 256}
	memory := NewFeedback(codec, 1)
	for range 2 {
		b, _ := memory.Compress([]float32{0.5, 0.3, 0, 0})
		s, _ := codec.Decode(b)
		fmt.Println(len(b), "bytes:", s.Index, s.Value)
	}
	// Output:
	// 5 bytes: [0] [524288]
	// 5 bytes: [1] [629146]
}
