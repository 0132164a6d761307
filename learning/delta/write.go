package delta

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// writer appends bits, the lowest first.
type writer struct {
	b    []byte
	acc  uint64
	held uint // bits in acc, below 32 between calls
}

// put appends the n low bits of v, n <= 32; the others must be 0.
func (w *writer) put(v uint32, n int) {
	w.acc |= uint64(v) << w.held
	if w.held += uint(n); w.held >= 32 {
		w.b = binary.LittleEndian.AppendUint32(w.b, uint32(w.acc))
		w.acc >>= 32
		w.held -= 32
	}
}

// number appends v < 2^31.
func (w *writer) number(v uint32) {
	n := bits.Len32(v)
	w.put(uint32(n), lengthBits)
	if n > 1 {
		w.put(v&^(1<<(n-1)), n-1)
	}
}

// gap appends g in the Rice code of parameter r.
func (w *writer) gap(g, r int) {
	q := g >> r
	for ; q >= 16; q -= 16 {
		w.put(0, 16)
	}
	w.put((1|uint32(g&(1<<r-1))<<1)<<q, q+1+r) // r <= 9: 26 bits at most
}

// chunk appends one chunk of n values: places from its start, ascending, and
// the values there.
func (w *writer) chunk(c Codec, n int, places []uint16, values []int32) error {
	lo, hi, err := scales(values)
	if err != nil {
		return err
	}
	kept, r := c.kept(n), c.rice()
	if len(places) > kept {
		return fmt.Errorf("%d values, the codec keeps %d", len(places), kept)
	}
	w.number(lo)
	if lo == 0 {
		return nil
	}
	if w.put(bit(len(places) == kept), 1); len(places) < kept {
		w.put(uint32(len(places)), countBits)
	}
	w.number(hi - lo)
	next := 0
	for i, at := range places {
		w.gap(int(at)-next, r)
		next = int(at) + 1
		w.put(bit(values[i] < 0), 1)
		if lo < hi {
			w.put(bit(magnitude(values[i]) == hi), 1)
		}
	}
	return nil
}

// finish returns the bytes; the last one is filled up with zeros.
func (w *writer) finish() []byte {
	for ; w.held > 0; w.held -= min(8, w.held) {
		w.b = append(w.b, byte(w.acc))
		w.acc >>= 8
	}
	return w.b
}

// scales returns the two magnitudes of values, which are equal if there is but
// one, and 0 if there are no values.
func scales(values []int32) (lo, hi uint32, err error) {
	if len(values) == 0 {
		return 0, 0, nil
	}
	lo, hi = extremes(values)
	for _, v := range values {
		if m := magnitude(v); m != lo && m != hi {
			return 0, 0, fmt.Errorf("more than two magnitudes: %d, %d, %d", lo, m, hi)
		}
	}
	return lo, hi, nil
}

// extremes returns the smallest and the largest magnitude.
func extremes(values []int32) (lo, hi uint32) {
	lo = MaxValue
	for _, v := range values {
		m := magnitude(v)
		lo, hi = min(lo, m), max(hi, m)
	}
	return lo, hi
}

func magnitude(v int32) uint32 {
	sign := v >> 31 // 0 or -1: signs are random, a branch would stall
	return uint32((v ^ sign) - sign)
}

func bit(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}
