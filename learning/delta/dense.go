package delta

import "fmt"

// maxStep is the largest of a dense chunk's 127 steps on each side of 0.
const maxStep = 127

// quantize returns the scale of a chunk and, in p.value, how many times the scale
// each value is, at most 127 and without a divisor that all have in common. The
// scale is 0 if all values are.
func (p *pick) quantize() uint32 {
	most := uint32(0)
	for _, v := range p.rounded[:p.n] {
		most = max(most, magnitude(v))
	}
	scale, common := min((most+maxStep-1)/maxStep, MaxValue/maxStep), uint32(0)
	for i, v := range p.rounded[:p.n] {
		q := uint32(0)
		if v != 0 {
			q = (2*magnitude(v) + scale) / (2 * scale) // halves away from zero
			common = divisor(common, q)
		}
		p.value[i] = signed(q, v < 0)
	}
	return scale * p.divide(common)
}

// divide divides what quantize made of each value by what divides all of them.
func (p *pick) divide(by uint32) uint32 {
	if by > 1 {
		for i := range p.value[:p.n] {
			p.value[i] /= int32(by)
		}
	}
	return by
}

// dense appends a chunk as a scale and a byte for each value. None is written
// for a scale of 0.
func (w *writer) dense(scale uint32, steps []int32) {
	if w.number(scale); scale == 0 {
		return
	}
	for _, q := range steps {
		w.put(uint32(uint8(int8(q))), 8)
	}
}

// steps takes a chunk of n values over from their places and returns the scale:
// what quantize would, if the values have an encoding.
func (p *pick) steps(n int, places []uint16, values []int32) (scale uint32, err error) {
	p.n = n
	clear(p.value[:n])
	for _, v := range values {
		scale = divisor(scale, magnitude(v))
	}
	for i, at := range places {
		q := values[i] / int32(scale)
		if magnitude(q) > maxStep {
			return 0, fmt.Errorf("%d and the other values are no multiples of one scale up to %d", values[i], maxStep)
		}
		p.value[at] = q
	}
	return scale, nil
}

// dense appends the chunk of n values that starts at base to s, or returns what is
// wrong.
func (r *reader) dense(base, n int, s *Sparse) (fault string) {
	scale, common := r.number(), uint32(0)
	if r.short() {
		return "too short"
	}
	if scale == 0 {
		return ""
	}
	for i := range n {
		q := int32(int8(r.take(8)))
		if q == 0 {
			continue
		}
		if r.short() {
			return "too short"
		}
		m := magnitude(q)
		if m > maxStep || uint64(m)*uint64(scale) > MaxValue {
			return "value too large"
		}
		common = divisor(common, m)
		s.Index, s.Value = append(s.Index, uint32(base+i)), append(s.Value, q*int32(scale))
	}
	if r.short() {
		return "too short"
	}
	if common != 1 {
		return "values with a common divisor"
	}
	return ""
}

// divisor returns the greatest common divisor of two numbers, of which the first
// may be 0 (Euclid).
func divisor(a, b uint32) uint32 {
	if a == 1 {
		return 1
	}
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

func signed(m uint32, negative bool) int32 {
	if negative {
		return -int32(m)
	}
	return int32(m)
}
