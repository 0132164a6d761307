package settle

import (
	"math/bits"
	"slices"
)

// CopiesFrom is how many parameters a model must have for Copies to tell copies
// from honest likeness. Measured on 10 or 20 peers and 40 rounds: of softmax models
// with 62 parameters 3 to 73 % of the honest deltas were taken for copies, with
// 116 and 130 up to 17 %, with 260, 520, 650 and 25,450 none of 7,480.
const CopiesFrom = 256

const (
	// The cosines from which on a delta is a copy: 0.95 and, centred, 0.7.
	rawOver, rawUnder         = 19, 20
	centredOver, centredUnder = 7, 10

	centredFrom = 8  // deltas, fewer have no centre
	plainBits   = 11 // of a component in a comparison, with its sign

	blocks     = 4  // after each of which a pair may be dismissed
	block      = 11 // words of a block
	field      = 21 // bits of a word's three parts
	roughBits  = 4  // that a component in a word has lost
	archiveRun = 32 // sketches of the archive that are compared at a time: they stay in the cache
)

// Signed is a sketch and whose it is.
type Signed struct {
	Author [32]byte
	Sketch Sketch
	Weight uint64 // the bond, or 1 for a member; only that of now's sketches counts
}

// Copies tells for each of now, the deltas of a round, whether it is a copy of
// one in archive, those of earlier rounds, by another author. All sketches must
// be by one seed. It is a copy if the cosine of the two sketches is 0.95 or
// more, or, given 8 deltas or more in now, 0.7 or more after the centre is
// subtracted from both: in each component the lower median of now by weight.
//
// Honest deltas are alike too, as they solve one task: hence the centre, and a
// median because a mean could be moved by one author. Deltas of one round are
// not compared: they were sealed, nobody could copy. Nothing is like zero.
//
// On top-k deltas of a network with 25,450 parameters (20 peers on MNIST, 16 to
// 128 of 1,024 kept, unlike data) two honest authors reached 0.64 raw and 0.60
// centred at most. Copies that left out a quarter of the victim's places were all
// caught; those that left out half are near 0.7, on either side. The table is in
// incentives/README.md; go run ./examples/attacks --likeness makes it. Models below
// CopiesFrom must not be judged by this.
//
// Sketches and centred sketches are brought to 11 bits before they are compared,
// which turns each by 1/64 at most (the error is within 8, the norm 512 or more)
// and usually a tenth of that; from there on all is exact.
func Copies(now, archive []Signed) []bool {
	copied := make([]bool, len(now))
	centre, centred := centreOf(now)
	mine, theirs := make([]likeness, len(now)), make([]likeness, min(archiveRun, len(archive)))
	for i := range now {
		mine[i].set(&now[i].Sketch, &centre)
	}
	for run := range slices.Chunk(archive, archiveRun) {
		for k := range run {
			theirs[k].set(&run[k].Sketch, &centre)
		}
		for i := range now {
			for k := 0; k < len(run) && !copied[i]; k++ {
				copied[i] = mine[i].copies(&theirs[k], centred) && now[i].Author != run[k].Author
			}
		}
	}
	return copied
}

// likeness is a sketch as it is and without the centre.
type likeness struct{ raw, apart direction }

func (l *likeness) set(s, centre *Sketch) {
	l.raw.set(s, &Sketch{})
	l.apart.set(s, centre)
}

func (l *likeness) copies(m *likeness, centred bool) bool {
	return l.raw.like(&m.raw, rawOver, rawUnder) ||
		centred && l.apart.like(&m.apart, centredOver, centredUnder)
}

// centreOf returns the centre of now, if it has enough deltas for one.
func centreOf(now []Signed) (centre Sketch, ok bool) {
	if len(now) < centredFrom {
		return Sketch{}, false
	}
	column := make([]weighed[int64], len(now))
	for b := range centre {
		for i := range now {
			column[i] = weighed[int64]{now[i].Sketch[b], now[i].Weight}
		}
		centre[b] = lowerMedian(column)
	}
	return centre, true
}

// direction is a sketch brought to 11 bits for comparisons. The first half of it,
// rounded to 7 bits, h, is also there three components a word: h0 + 2^21·h1 +
// 2^42·h2 in ahead and h2 + 2^21·h1 + 2^42·h0 in back. In a product of two such
// words what stands at 2^42 is the sum of like products, so that one
// multiplication does three. Parts are within ±2^6, so no sum of a half overflows
// into more than a borrow, which middle undoes.
type direction struct {
	ahead, back [blocks * block]int64
	tail        [blocks + 1]int64 // the norm from each block on, rounded up
	lost        int64             // the norm of what rounding to 7 bits took away, rounded up
	square      uint64            // of the norm
	v           [256]int16
}

// set makes d of s less c.
func (d *direction) set(s, c *Sketch) {
	var v Sketch
	most := uint64(0)
	for i := range v {
		v[i] = s[i] - c[i]
		most = max(most, uint64(max(v[i], -v[i])))
	}
	if n := bits.Len64(most) - (plainBits - 1); n > 0 {
		for i := range v {
			v[i] = shifted(v[i], n)
		}
	}
	d.square = 0
	for i := len(v) - 1; i >= 0; i-- {
		d.v[i] = int16(v[i])
		d.square += uint64(v[i] * v[i])
		if n := i / (3 * block); i%(3*block) == 0 && n <= blocks {
			d.tail[n] = int64(rootUp(sum128{0, d.square}))
		}
	}
	d.pack(&v)
}

// pack makes the words.
func (d *direction) pack(v *Sketch) {
	var h [3 * blocks * block]int64
	lost := uint64(0)
	for i := range h {
		h[i] = shifted(v[i], roughBits)
		off := v[i] - h[i]<<roughBits
		lost += uint64(off * off)
	}
	for i := range d.ahead {
		h0, h1, h2 := h[3*i], h[3*i+1], h[3*i+2]
		d.ahead[i] = h0 + h1<<field + h2<<(2*field)
		d.back[i] = h2 + h1<<field + h0<<(2*field)
	}
	d.lost = int64(rootUp(sum128{0, lost}))
}

// like tells whether the cosine of d and e is over/under or more. After each
// block the pair is dismissed if the rest, were it parallel (Cauchy and Schwarz),
// and what was lost by rounding, were it too, could not lift the cosine to the
// limit; norms less one are not above the true. All others are computed exactly.
func (d *direction) like(e *direction, over, under int64) bool {
	least := (d.tail[0]-1)*(e.tail[0]-1)*over - (d.tail[0]*e.lost+d.lost*e.tail[0]+d.lost*e.lost)*under
	sum := int64(0)
	for n := range blocks {
		a, b := (*[block]int64)(d.ahead[n*block:]), (*[block]int64)(e.back[n*block:])
		sum += (a[0]*b[0] + a[1]*b[1] + a[2]*b[2]) + (a[3]*b[3] + a[4]*b[4] + a[5]*b[5]) +
			(a[6]*b[6] + a[7]*b[7] + a[8]*b[8]) + (a[9]*b[9] + a[10]*b[10])
		if (middle(sum)<<(2*roughBits)+d.tail[n+1]*e.tail[n+1])*under < least {
			return false
		}
	}
	dot := int64(0)
	for i, x := range d.v {
		dot += int64(x) * int64(e.v[i])
	}
	return reaches(dot, d.square, e.square, uint64(over), uint64(under))
}

// middle returns what stands at 2^42 of a sum whose parts are signed.
func middle(sum int64) int64 { return (sum<<1 + 1<<(2*field)) >> (2*field + 1) }

// reaches tells whether dot is positive and dot/√(aa·bb) >= over/under.
func reaches(dot int64, aa, bb, over, under uint64) bool {
	if dot <= 0 {
		return false
	}
	hi, lo := bits.Mul64(uint64(dot)*under, uint64(dot)*under)
	least, low := bits.Mul64(aa*over, bb*over)
	return !sum128{hi, lo}.less(sum128{least, low})
}
