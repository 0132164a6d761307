package incentives

import (
	"math/big"

	"github.com/grapevine-network/grapevine/ledger"
)

// Standing is what is remembered of an author from round to round, in sums that
// a round enters whole and of which each round forgets a fortieth. One round says
// little: once a model has learnt, the gain of an honest delta is within one
// standard error of 0, and that of a sign flipper only two or three below. Many
// rounds say more, and what the first ones showed, when gains are large, stays for
// a while.
//
// It does not depend on the bond behind it, so parts of a bond are worth what the
// whole is. A new identity begins with nothing and is paid later than one that has
// gained, see charge.
type Standing struct {
	Gain     int64  `cbor:"gain"`     // of gains, micro-nats
	Variance uint64 `cbor:"variance"` // of their variances, micro-nats²
	Accord   int64  `cbor:"accord"`   // of how many of its scores had the sign of all scorers' median, less how many had not; 1/16
}

const (
	memory   = 40      // rounds: a sum forgets one part in so many
	discord  = -4 * 16 // a scorer whose accord is below is not heard
	maxError = 1 << 28 // of a standard error, micro-nats: sums of variances stay below 2^62
)

// fade forgets a part of a sum, cut to an integer.
func fade[T int64 | uint64](sum T) T { return sum - sum/memory }

// measure sets what the opinions of d say: how much it gains, and whether it may be
// merged. Its gain must not be below 0 by 3 standard errors, nor the mean gain of its
// author in some forty rounds by one. These are of one round in both cases:
// validators hold back the same data in each, so the errors of many rounds are much
// alike and hardly cancel.
func (s *State) measure(d *DeltaPay) {
	heard := s.heard(d.Opinion)
	us := make([]weighted[int64], len(heard))
	for i, o := range heard {
		us[i] = weighted[int64]{int64(o.U), o.Stake}
	}
	d.U = lowerMedian(us)
	d.Variance = variance(heard, d.U)
	d.Doubt = deviations(9, d.Variance)
	d.Standing = s.Account(d.Author).Standing
	d.Standing.Gain = fade(d.Standing.Gain) + d.U
	d.Standing.Variance = fade(d.Standing.Variance) + d.Variance
	d.Tolerance = deviations(4*memory, d.Standing.Variance)
	d.Gate = min(d.Standing.Gain+d.Tolerance, d.U+2*d.Doubt)
}

// charge sets what of each gain may be paid: what is sure, and no more than its
// author has gained in all above what it owes, two fifths of what the median of those
// with a gain has gained in all, by bond. So who harmed makes that good first, and
// luck, which comes to little in all, is not paid. Newcomers owe nothing: they pay
// with work, for each round anew.
func charge(deltas []DeltaPay) {
	var gained []weighted[uint64]
	for _, d := range deltas {
		if d.Counts && !d.Copy && !d.Newcomer && d.Standing.Gain > 0 {
			gained = append(gained, weighted[uint64]{uint64(d.Standing.Gain), d.Bond})
		}
	}
	owed := int64(lowerMedian(gained) * 2 / 5)
	for i := range deltas {
		d := &deltas[i]
		if !d.Newcomer {
			d.Owed = owed
		}
		d.Sure = min(d.U-d.Doubt, d.Standing.Gain-d.Owed)
	}
}

// heard leaves out scorers in discord, as long as the others have more than half
// of the stake.
func (s *State) heard(all []Opinion) []Opinion {
	heard := make([]Opinion, 0, len(all))
	var stake, total uint64
	for _, o := range all {
		if total += o.Stake; !o.Discord {
			stake += o.Stake
			heard = append(heard, o)
		}
	}
	if stake <= total/2 {
		return all
	}
	return heard
}

// variance is that of the median u of opinions: 11/7, nearly π/2, times that of
// their mean,
//
//	v = 11/7 σ²/n,  σ = max(se, 1.4826 mad),  n = (Σ stake)²/Σ stake²
//
// rounded down. se is the lower weighted median of their standard errors, mad
// that of their distances from u: validators that hold unlike data disagree by
// more than errors of sampling. If they agree so well that 2·1.4826 mad < se, they
// measured on the same samples and know no more than one of them does: n = 1.
func variance(opinions []Opinion, u int64) uint64 {
	ses, apart := make([]weighted[uint64], len(opinions)), make([]weighted[uint64], len(opinions))
	var stake, square, total, squares big.Int
	for i, o := range opinions {
		ses[i] = weighted[uint64]{uint64(o.SE), o.Stake}
		apart[i] = weighted[uint64]{uint64(max(int64(o.U)-u, u-int64(o.U))), o.Stake}
		total.Add(&total, stake.SetUint64(o.Stake))
		squares.Add(&squares, square.Mul(&stake, &stake))
	}
	if squares.Sign() == 0 {
		return 0
	}
	se, spread := lowerMedian(ses), lowerMedian(apart)*14826/10000
	sigma := min(max(se, spread), maxError)
	if 2*spread < se {
		return 11 * sigma * sigma / 7
	}
	v := square.SetUint64(11 * sigma * sigma)
	total.Mul(&total, &total).Mul(&total, stake.SetUint64(7))
	return v.Mul(v, &squares).Quo(v, &total).Uint64()
}

// deviations is the root of so many quarters of a variance, rounded down: 9 are 3/2
// standard errors.
func deviations(quarters, variance uint64) int64 {
	v := product(variance, quarters)
	return v.Sqrt(v.Rsh(v, 2)).Int64()
}

// remember notes what the round says of who trained and who scored.
func (s *State) remember(deltas []DeltaPay) {
	accord := make([]int64, len(s.Now))
	for _, d := range deltas {
		if !d.Counts || d.Copy {
			continue
		}
		a := s.account(d.Author)
		a.Standing.Gain, a.Standing.Variance = d.Standing.Gain, d.Standing.Variance
		if d.clear() {
			for _, o := range d.Opinion {
				accord[o.Seat] += 16 * sign(int64(o.U)) * sign(d.U)
			}
		}
	}
	for seat, v := range s.Now {
		if a := s.account(v.Author); len(s.Round.Openings[v.Author]) > 0 {
			a.Standing.Accord = fade(a.Standing.Accord) + accord[seat]
		}
	}
}

// clear tells whether d's gain is 3/2 standard errors from 0 or more.
func (d *DeltaPay) clear() bool { return max(d.U, -d.U) > d.Doubt }

func sign(x int64) int64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return 0
}

// inDiscord tells whether a validator's scores have long gone against the others'.
func (s *State) inDiscord(v ledger.Author) bool { return s.Account(v).Standing.Accord < discord }
