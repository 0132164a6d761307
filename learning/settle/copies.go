package settle

import "math/bits"

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
	parts       = 8  // of a sketch, after each of which a pair may be dismissed
	plainBits   = 11 // of a component in a comparison, with its sign
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
// caught; those that left out half are near 0.7, on either side. Models below
// CopiesFrom must not be judged by this.
//
// Sketches and centred sketches are brought to 11 bits before they are compared,
// which turns each by 1/64 at most (the error is within 8, the norm 512 or more)
// and usually a tenth of that; from there on all is exact.
func Copies(now, archive []Signed) []bool {
	copied := make([]bool, len(now))
	centre, centred := centreOf(now)
	mine, theirs := make([]likeness, len(now)), new(likeness)
	for i := range now {
		mine[i].set(&now[i].Sketch, &centre)
	}
	for k := range archive {
		theirs.set(&archive[k].Sketch, &centre)
		for i := range now {
			if !copied[i] && now[i].Author != archive[k].Author {
				copied[i] = mine[i].copies(theirs, centred)
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

// direction is a sketch brought to 11 bits for comparisons, two components a
// word: v0 + 2^32·v1 in ahead and v1 + 2^32·v0 in back. In a product of the two
// the upper half is the sum of like products, so one multiplication does two:
//
//	(a0 + 2^32·a1)(b1 + 2^32·b0) = a0·b1 + 2^32·(a0·b0 + a1·b1)  mod 2^64
//
// Components are within ±2^10, so 256 products sum to at most 2^28, and neither half
// overflows into more than a borrow, which upper undoes.
type direction struct {
	ahead, back [128]int64
	tail        [parts + 1]int64 // the norm from each part on, rounded up
	square      uint64           // of the norm
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
	for i := len(d.ahead) - 1; i >= 0; i-- {
		v0, v1 := v[2*i], v[2*i+1]
		d.ahead[i], d.back[i] = v0+v1<<32, v1+v0<<32
		d.square += uint64(v0*v0 + v1*v1)
		if i%(len(d.ahead)/parts) == 0 {
			d.tail[i/(len(d.ahead)/parts)] = int64(rootUp(sum128{0, d.square}))
		}
	}
}

// like tells whether the cosine of d and e is over/under or more. After each
// part the pair is dismissed if the rest, were it parallel (Cauchy and Schwarz),
// could not lift the cosine to the limit; norms less one are not above the true.
func (d *direction) like(e *direction, over, under int64) bool {
	const words = len(d.ahead) / parts
	sum, least := int64(0), (d.tail[0]-1)*(e.tail[0]-1)*over
	for p := range parts {
		a, b := (*[words]int64)(d.ahead[p*words:]), (*[words]int64)(e.back[p*words:])
		for i := 0; i < words; i += 4 {
			sum += (a[i]*b[i] + a[i+1]*b[i+1]) + (a[i+2]*b[i+2] + a[i+3]*b[i+3])
		}
		if (upper(sum)+d.tail[p+1]*e.tail[p+1])*under < least {
			return false
		}
	}
	return reaches(upper(sum), d.square, e.square, uint64(over), uint64(under))
}

// upper returns the upper half of a sum whose lower half is signed.
func upper(sum int64) int64 { return (sum - int64(int32(sum))) >> 32 }

// reaches tells whether dot is positive and dot/√(aa·bb) >= over/under.
func reaches(dot int64, aa, bb, over, under uint64) bool {
	if dot <= 0 {
		return false
	}
	hi, lo := bits.Mul64(uint64(dot)*under, uint64(dot)*under)
	least, low := bits.Mul64(aa*over, bb*over)
	return !sum128{hi, lo}.less(sum128{least, low})
}
