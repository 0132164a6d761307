package delta

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
)

// field is one field of a delta; a stream is what they make together.
type field func(*writer)

func num(v uint32) field        { return func(w *writer) { w.number(v) } }
func raw(v uint32, n int) field { return func(w *writer) { w.put(v, n) } }
func gap(g, r int) field        { return func(w *writer) { w.gap(g, r) } }
func stream(fs ...field) []byte {
	var w writer
	for _, f := range fs {
		f(&w)
	}
	return w.finish()
}

// Keep 256 of 8 values: 2 places, r = 1.
var small = Codec{Size: 8, Keep: 256}

func TestDecodeRefusesAllButTheCanonicalForm(t *testing.T) {
	good := stream(num(3), raw(1, 1), num(2), gap(1, 1), raw(0, 1), raw(1, 1), gap(5, 1), raw(1, 1), raw(0, 1))
	s := mustDecode(t, small, good)
	if want := (Sparse{[]uint32{1, 7}, []int32{5, -3}}); !slices.Equal(s.Index, want.Index) || !slices.Equal(s.Value, want.Value) {
		t.Fatalf("got %v, want %v", s, want)
	}
	for _, tc := range []struct {
		name, fault string
		b           []byte
	}{
		{"empty", "chunk 0: too short", nil},
		{"cut", "too short", good[:len(good)-1]},
		{"cut in the spread", "too short", good[:2]},
		{"a byte more", "after the last chunk", append(slices.Clone(good), 0)},
		{"far too long", "bytes, at most", make([]byte, 1000)},
		{"a trailing bit", "after the last chunk", flip(good, 8*len(good)-1)},
		{"bits after an empty chunk", "after the last chunk", []byte{0x20}},
		{"place 8 of 8", "out of range", stream(num(3), raw(1, 1), num(0), gap(1, 1), raw(0, 1), gap(6, 1), raw(0, 1))},
		{"a gap without end", "out of range", stream(num(3), raw(1, 1), num(0), raw(0, 32), raw(0, 32))},
		{"only the smaller scale", "a scale without a value", stream(num(3), raw(1, 1), num(2), gap(1, 1), raw(0, 2), gap(0, 1), raw(0, 2))},
		{"only the larger scale", "a scale without a value", stream(num(3), raw(1, 1), num(2), gap(1, 1), raw(2, 2), gap(0, 1), raw(2, 2))},
		{"one value, two scales", "a scale without a value", stream(num(3), raw(0, 1), raw(1, 10), num(2), gap(1, 1), raw(0, 2))},
		{"count 0", "count out of range", stream(num(3), raw(0, 1), raw(0, 10))},
		{"count of a full chunk", "count out of range", stream(num(3), raw(0, 1), raw(2, 10), num(0), gap(1, 1), raw(0, 1), gap(0, 1), raw(0, 1))},
		{"lo above the most", "scale too large", stream(num(MaxValue+1), raw(1, 1), num(0), gap(1, 1), raw(0, 1), gap(0, 1), raw(0, 1))},
		{"hi above the most", "scale too large", stream(num(MaxValue), raw(1, 1), num(1), gap(1, 1), raw(0, 2), gap(0, 1), raw(2, 2))},
		{"length 31", "scale too large", stream(raw(31, 5), raw(1<<30-1, 30), raw(1, 1), num(0))},
	} {
		s, err := small.Decode(tc.b)
		if !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), tc.fault) {
			t.Errorf("%s: got %v, %v; want %q", tc.name, s, err, tc.fault)
		}
		if s.Index != nil || s.Value != nil {
			t.Errorf("%s: an error and yet values: %v", tc.name, s)
		}
	}
}

func flip(b []byte, i int) []byte {
	b = slices.Clone(b)
	b[i/8] ^= 1 << (i % 8)
	return b
}

// Whatever single bit changes, the bytes are refused or mean something else.
func TestAFlippedBitIsNeverOverlooked(t *testing.T) {
	c := Codec{Size: 1500, Keep: 32}
	b := mustEncode(t, c, normal(5, c.Size))
	for i := range 8 * len(b) {
		flipped := flip(b, i)
		s, err := c.Decode(flipped)
		if err != nil {
			continue
		}
		if again, err := c.EncodeSparse(nil, s); err != nil || !bytes.Equal(again, flipped) {
			t.Fatalf("bit %d: accepted, but encodes to %x, %v; want %x", i, again, err, flipped)
		}
	}
}

func TestDecodeAllocatesInProportionToItsInput(t *testing.T) {
	c := Codec{Size: 1 << 24, Keep: 1024}
	b := []byte{1, 2, 3, 4}
	if got := c.places(len(b)); got > 16 {
		t.Errorf("room for %d values from 4 bytes", got)
	}
	if _, err := c.Decode(b); !errors.Is(err, ErrMalformed) {
		t.Errorf("got %v, want ErrMalformed", err)
	}
}

func TestALongestEncodingIsBelowItsBound(t *testing.T) {
	for _, keep := range []int{1, 2, 8, 32, 100, 355, 356, 1024} {
		c := Codec{Size: 2047, Keep: keep}
		update := make([]float32, c.Size)
		for base := 0; base < c.Size; base += chunkLen { // the last places, both scales large
			for i := range c.kept(c.chunk(base)) {
				update[base+c.chunk(base)-1-i] = 63 - float32(i%2)*31.5
			}
		}
		b := mustEncode(t, c, update)
		if len(b) > c.MaxBytes() || len(b) < c.MaxBytes()/2 {
			t.Errorf("keep %d: %d bytes, bound %d", keep, len(b), c.MaxBytes())
		}
		if s := mustDecode(t, c, b); len(s.Index) > c.places(len(b)) {
			t.Errorf("keep %d: %d values, room for %d", keep, len(s.Index), c.places(len(b)))
		}
	}
}

// codecOf reads a codec from a number: 1025 is dense.
func codecOf(size int, keep uint16) Codec {
	if keep == 1025 {
		return dense(size)
	}
	return topk(size, int(keep))
}

func keepOf(c Codec) uint16 { return uint16(c.Keep) + uint16(bit(c.Dense)) }

func FuzzDecode(f *testing.F) {
	for _, c := range codecs {
		f.Add(uint16(c.Size), keepOf(c), mustEncode(f, c, normal(3, c.Size)))
		f.Add(uint16(c.Size), keepOf(c), mustEncode(f, c, integers(3, c.Size, 1)))
	}
	f.Add(uint16(8), uint16(256), stream(num(3), raw(1, 1), num(2), gap(1, 1), raw(0, 2), gap(0, 1), raw(2, 2)))
	f.Fuzz(func(t *testing.T, size, keep uint16, b []byte) {
		c := codecOf(int(size), keep)
		s, err := c.Decode(b)
		if err != nil {
			return
		}
		if err := s.Check(c.Size); err != nil {
			t.Fatal(err)
		}
		again, err := c.EncodeSparse(nil, s)
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%+v: accepted %x, but encodes to %x, %v", c, b, again, err)
		}
		if cap(s.Index) > 4*len(b) || len(s.Index) > c.places(len(b)) {
			t.Fatalf("room for %d values from %d bytes", cap(s.Index), len(b))
		}
	})
}

// FuzzEncode encodes anything finite and reads it back.
func FuzzEncode(f *testing.F) {
	f.Add(uint16(32), []byte{1, 2, 3, 200, 0, 0, 255})
	f.Add(uint16(1025), []byte{1, 2, 3, 200, 0, 0, 255})
	f.Fuzz(func(t *testing.T, keep uint16, b []byte) {
		c := codecOf(len(b), keep)
		update := make([]float32, len(b))
		for i, x := range b {
			update[i] = float32(int8(x)) / One * float32(int(1)<<(i%24))
		}
		out, err := c.Encode(nil, update)
		if err != nil {
			return
		}
		if again, err := c.EncodeSparse(nil, mustDecode(t, c, out)); err != nil || !bytes.Equal(again, out) {
			t.Fatalf("%+v: %x encodes again to %x, %v", c, out, again, err)
		}
	})
}
