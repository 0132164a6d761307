package delta

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// Decode reads a delta of this codec. Anything but the one canonical form is
// refused with an error that wraps ErrMalformed and says what is wrong where.
// Any other error is the codec's own, see Validate.
func (c Codec) Decode(b []byte) (Sparse, error) {
	if err := c.Validate(); err != nil {
		return Sparse{}, err
	}
	if most := c.MaxBytes(); len(b) > most {
		return Sparse{}, fmt.Errorf("decode delta: %d bytes, at most %d: %w", len(b), most, ErrMalformed)
	}
	most := c.places(len(b))
	s := Sparse{Index: make([]uint32, 0, most), Value: make([]int32, 0, most)}
	r := reader{b: b}
	for base := 0; base < c.Size; base += chunkLen {
		if fault := r.chunk(c, base, &s); fault != "" {
			return Sparse{}, fmt.Errorf("decode delta: chunk %d: %s: %w", base/chunkLen, fault, ErrMalformed)
		}
	}
	if !r.done() {
		return Sparse{}, fmt.Errorf("decode delta: bits after the last chunk: %w", ErrMalformed)
	}
	return s, nil
}

// places bounds the values in n bytes, each of which takes a gap and a sign.
func (c Codec) places(n int) int {
	if c.Dense {
		return min(c.Size, n)
	}
	return min(c.Size/chunkLen*c.kept(chunkLen)+c.kept(c.Size%chunkLen), 8*n/(c.rice()+2))
}

// reader takes bits, the lowest first. Past the end it reads zeros; who reads
// on must look at short.
type reader struct {
	b  []byte
	at int // the next bit
}

// peek returns the next 57 bits or more, without taking them.
func (r *reader) peek() uint64 {
	i := r.at >> 3
	if i+8 <= len(r.b) {
		return binary.LittleEndian.Uint64(r.b[i:]) >> (r.at & 7)
	}
	var tail [8]byte
	copy(tail[:], r.b[min(i, len(r.b)):])
	return binary.LittleEndian.Uint64(tail[:]) >> (r.at & 7)
}

// take returns the next n bits, n <= 32.
func (r *reader) take(n int) uint32 {
	v := r.peek() & (1<<n - 1)
	r.at += n
	return uint32(v)
}

// number returns a number; one of 2^27 or more is not less than 2^27.
func (r *reader) number() uint32 {
	n := int(r.take(lengthBits))
	if n == 0 {
		return 0
	}
	return 1<<(n-1) | r.take(n-1)
}

// gap returns a gap, or some number above most if it is larger than that.
func (r *reader) gap(k, most int) int {
	q := 0
	for w := r.peek(); ; w = r.peek() {
		zeros := min(bits.TrailingZeros64(w), 48)
		q += zeros
		r.at += zeros
		if zeros < 48 || q<<k > most {
			break
		}
	}
	r.at++
	return q<<k | int(r.take(k))
}

func (r *reader) short() bool { return r.at > 8*len(r.b) }

// done tells whether nothing but the rest of a byte, all zero, is left.
func (r *reader) done() bool {
	return !r.short() && len(r.b) == (r.at+7)/8 && r.peek() == 0
}

// chunk appends the chunk that starts at base to s, or returns what is wrong.
func (r *reader) chunk(c Codec, base int, s *Sparse) (fault string) {
	n := c.chunk(base)
	if c.Dense {
		return r.dense(base, n, s)
	}
	lo := r.number()
	if r.short() {
		return "too short"
	}
	if lo == 0 {
		return ""
	}
	count, fault := r.count(c.kept(n))
	if fault != "" {
		return fault
	}
	spread := r.number()
	if lo > MaxValue || spread > MaxValue-lo {
		return "scale too large"
	}
	return r.values(c.rice(), base, n, count, lo, spread, s)
}

// count returns how many of the places that are kept have a value.
func (r *reader) count(kept int) (n int, fault string) {
	if r.take(1) == 1 {
		return kept, ""
	}
	if n = int(r.take(countBits)); n == 0 || n >= kept {
		return 0, "count out of range"
	}
	return n, ""
}

// values appends count of the n values at base, each lo or lo+spread.
func (r *reader) values(k, base, n, count int, lo, spread uint32, s *Sparse) (fault string) {
	next, extra, seen := 0, int(bit(spread > 0)), uint32(0)
	for range count {
		at := next + r.gap(k, n)
		if r.short() {
			return "too short"
		}
		if at >= n {
			return "place out of range"
		}
		next = at + 1
		flags := r.take(1 + extra)
		seen |= 1 << (flags >> 1)
		v := int32(lo + flags>>1*spread)
		if flags&1 == 1 {
			v = -v
		}
		s.Index, s.Value = append(s.Index, uint32(base+at)), append(s.Value, v)
	}
	if r.short() {
		return "too short"
	}
	if spread > 0 && seen != 3 {
		return "a scale without a value"
	}
	return ""
}
