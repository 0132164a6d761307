package delta

import (
	"errors"
	"fmt"
	"math/bits"
	"slices"
)

const (
	// One is 1.0 in anchor units: an anchor unit is 2^-20.
	One = 1 << 20

	// MaxValue bounds the magnitude of a delta's value, in anchor units: 64.0.
	MaxValue = 1 << 26

	// MaxSize bounds the parameters of a model: 2^28, an anchor of 1 GiB.
	MaxSize = 1 << 28

	chunkLen   = 1024
	lengthBits = 5  // of the length of a number
	countBits  = 10 // of the count of a chunk that is not full
	scaleBits  = 27 // of MaxValue
)

// ErrMalformed is what Decode wraps: the bytes are not the canonical form of
// any delta. It is provably the sender's fault.
var ErrMalformed = errors.New("malformed delta")

// Codec is what two peers must agree on to read each other's deltas.
type Codec struct {
	Size  int  // parameters of the model, 1 to MaxSize
	Keep  int  // values sent of every 1,024, 1 to 1,024
	Dense bool // all values are sent, in 8 bits each; Keep is 1,024 then
}

// Validate reports what makes c unusable.
func (c Codec) Validate() error {
	if c.Size < 1 || c.Size > MaxSize {
		return fmt.Errorf("delta codec: %d parameters, want 1 to %d", c.Size, MaxSize)
	}
	if c.Keep < 1 || c.Keep > chunkLen {
		return fmt.Errorf("delta codec: keeps %d of 1024 values, want 1 to 1024", c.Keep)
	}
	if c.Dense && c.Keep != chunkLen {
		return fmt.Errorf("delta codec: keeps %d of 1024 values and is dense, want 1024", c.Keep)
	}
	return nil
}

// MaxBytes returns the length that no encoding exceeds, for a check before
// anything is read. At Keep 32 a usual encoding is a sixth shorter.
func (c Codec) MaxBytes() int {
	whole, rest := c.Size/chunkLen, c.Size%chunkLen
	n := int64(whole) * c.maxBits(chunkLen)
	if rest > 0 {
		n += c.maxBits(rest)
	}
	return int((n + 7) / 8)
}

// maxBits bounds the bits of a chunk of n values: its head, for each place a
// Rice code's fixed part and two bits, and all quotients, whose sum is below
// n>>r as the gaps' is below n.
func (c Codec) maxBits(n int) int64 {
	if c.Dense {
		return int64(lengthBits + scaleBits - 1 + 8*n)
	}
	const head = 2*(lengthBits+scaleBits-1) + 1 + countBits
	r := c.rice()
	return int64(head + c.kept(n)*(r+3) + n>>r)
}

// kept is how many of a chunk's n values are sent at most.
func (c Codec) kept(n int) int { return max(1, c.Keep*n/chunkLen) }

// rice is the parameter of the code of the gaps.
func (c Codec) rice() int { return max(0, bits.Len(uint(710/c.Keep))-1) }

// chunk returns the values of the chunk that starts at base.
func (c Codec) chunk(base int) int { return min(chunkLen, c.Size-base) }

// Sparse is a decoded delta: the values that are not 0.
type Sparse struct {
	Index []uint32 // which parameters, strictly ascending
	Value []int32  // by how much, in anchor units: 1 to MaxValue, or its negative
}

// Check reports what makes s no delta of a model with size parameters.
func (s Sparse) Check(size int) error {
	if len(s.Index) != len(s.Value) {
		return fmt.Errorf("delta: %d places, %d values", len(s.Index), len(s.Value))
	}
	next := uint64(0)
	for i, at := range s.Index {
		if uint64(at) < next || uint64(at) >= uint64(size) {
			return fmt.Errorf("delta: place %d of %d parameters is out of order or range", at, size)
		}
		if v := s.Value[i]; v == 0 || v > MaxValue || v < -MaxValue {
			return fmt.Errorf("delta: value %d at place %d", v, at)
		}
		next = uint64(at) + 1
	}
	return nil
}

// Share returns s as a part of a model's parameters: what one of among equal
// deltas moves in their mean. s is one that passes Check for size.
func (s Sparse) Share(size, among int) []float32 {
	v := make([]float32, size)
	for i, at := range s.Index {
		v[at] = float32(s.Value[i]) / float32(One*among)
	}
	return v
}

// Encode appends the encoding of update, which has one float32 per parameter,
// to dst. Values are rounded to anchor units, halves away from zero, and cut to
// MaxValue; of equally large ones the first are kept. A wrong length or a value
// that is not finite is an error that names it, and dst is returned as it was.
func (c Codec) Encode(dst []byte, update []float32) ([]byte, error) {
	if err := c.Validate(); err != nil {
		return dst, err
	}
	if len(update) != c.Size {
		return dst, fmt.Errorf("encode delta: %d values for %d parameters", len(update), c.Size)
	}
	w := writer{b: slices.Grow(dst, c.MaxBytes())}
	var p pick
	for base := 0; base < c.Size; base += chunkLen {
		n := c.chunk(base)
		if i := p.round(update[base : base+n]); i < n {
			return dst, fmt.Errorf("encode delta: value %d is %v", base+i, update[base+i])
		}
		if c.Dense {
			w.dense(p.quantize(), p.value[:n])
			continue
		}
		index, value := p.largest(c.kept(n))
		level(value)
		if err := w.chunk(c, n, index, value); err != nil {
			return dst, fmt.Errorf("encode delta: chunk %d: %w", base/chunkLen, err)
		}
	}
	return w.finish(), nil
}

// EncodeSparse appends the encoding of exactly s to dst, so that encoding what
// was decoded gives the same bytes. It is an error if s has no encoding: more
// places in a chunk than the codec keeps, or more than two magnitudes; if it is
// dense, values that are not all within 127 times one scale.
func (c Codec) EncodeSparse(dst []byte, s Sparse) ([]byte, error) {
	if err := errors.Join(c.Validate(), s.Check(c.Size)); err != nil {
		return dst, err
	}
	w := writer{b: dst}
	var p pick
	places := &p.place
	for base, from := 0, 0; base < c.Size; base += chunkLen {
		n, to := c.chunk(base), from
		for ; to < len(s.Index) && int(s.Index[to]) < base+n; to++ {
			places[to-from] = uint16(int(s.Index[to]) - base)
		}
		if err := w.exactly(c, n, places[:to-from], s.Value[from:to], &p); err != nil {
			return dst, fmt.Errorf("encode delta: chunk %d: %w", base/chunkLen, err)
		}
		from = to
	}
	return w.finish(), nil
}

// exactly appends a chunk whose values are what is decoded.
func (w *writer) exactly(c Codec, n int, places []uint16, values []int32, p *pick) error {
	if !c.Dense {
		return w.chunk(c, n, places, values)
	}
	scale, err := p.steps(n, places, values)
	if err == nil {
		w.dense(scale, p.value[:n])
	}
	return err
}
