package incentives

import (
	"cmp"
	"math/big"
	"slices"

	"github.com/grapevine-network/grapevine/ledger"
)

// Settlement is how a round was paid, with all that led to it.
type Settlement struct {
	Round        uint64
	Emission     uint64 // base units that the round could mint
	Pool         uint64 // of it for trainers
	DutyPool     uint64 // of it for validators
	NewcomerPool uint64 // of it for newcomers
	Treasury     uint64 // of it for the treasury
	Minted       uint64 // what was paid in fact
	Median       uint64 // m: lower weighted median of the gains that are surely positive
	Deltas       []DeltaPay
	Validators   []DutyPay
}

// DeltaPay is how one revealed delta was paid.
type DeltaPay struct {
	Author   ledger.Author
	Delta    ledger.CID
	Base     ledger.CID
	Age      int    // anchors that Base is behind
	Bond     uint64 // w
	Newcomer bool   // has work instead of a bond
	Weight   uint64 // in the mean
	Opinion  []Opinion
	Counts   bool     // a quorum scored it
	Copy     bool     // like a delta of somebody else before
	U        int64    // lower stake-weighted median of u, micro-nats
	Variance uint64   // of U, micro-nats²
	Doubt    int64    // 3/2 standard errors of U
	Owed     int64    // what Standing.Gain must be above to be paid: two fifths of the median
	Sure     int64    // U less Doubt, or Standing.Gain less Owed if that is smaller
	Standing Standing // of the author, this round included
	// Tolerance is how far Standing.Gain may be below 0: a standard error of one
	// round in each.
	Tolerance int64
	Gate      int64  // what is left of the two tolerances, the smaller; below 0 it is not merged
	Score     uint64 // s = min(max(0, Sure), 4·m, cap); 0 if it is not merged
	Paid      uint64
}

// Merged tells whether the delta goes into the next anchor.
func (d *DeltaPay) Merged() bool { return d.Counts && !d.Copy && d.Gate >= 0 }

// Opinion is one validator's score of a delta.
type Opinion struct {
	Validator ledger.Author
	Seat      int // of the validator in the committee
	Stake     uint64
	U         int32
	SE        uint32
	Discord   bool // it has long gone against the others, and is not heard
}

// DutyPay is how one validator was paid for scoring.
type DutyPay struct {
	Author     ledger.Author
	Stake      uint64
	Given, Due uint64 // scores opened in time, and scores owed, for deltas that count
	Paid       uint64
}

// Settle pays for the round that is over, with the deltas of [State.Tally] and
// their copies marked, makes anchor the newest model and opens the next round.
// If nothing counts, nothing is minted.
func (s *State) Settle(deltas []DeltaPay, anchor ledger.CID) *Settlement {
	p := &Settlement{Round: s.Round.Number, Deltas: deltas}
	charge(deltas)
	if slices.ContainsFunc(deltas, func(d DeltaPay) bool { return d.Counts && !d.Copy }) {
		s.emit(p)
		s.payTrainers(p)
		s.payNewcomers(p)
		s.payValidators(p)
		s.Supply.Treasury += p.Treasury
		p.Minted += p.Treasury
		s.Supply.Remaining -= p.Minted
	}
	s.remember(deltas)
	s.archive(deltas)
	s.Anchors = append([]ledger.CID{anchor}, s.Anchors[:min(len(s.Anchors), MaxAge)]...)
	s.Round = newRound(s.Round.Number+1, s.bonded(), sorted(s.Round.Seals))
	return p
}

func (s *State) emit(p *Settlement) {
	p.Emission = scale(s.Supply.Remaining, s.Economy.Rate, 32)
	p.Pool = share(p.Emission, s.Economy.Trainers)
	p.NewcomerPool = share(p.Emission, s.Economy.Newcomers)
	p.DutyPool = share(p.Emission, s.Economy.Validators)
	p.Treasury = share(p.Emission, s.Economy.Treasury)
}

// payTrainers divides the pool by w·s: linear, so splitting a bond among k
// identities gains none of them anything, and floors lose them some. A round in
// which hardly anything is gained pays hardly anything: the divisor is at least
// what the same bonds would have at FullScore each, or the luckiest of many
// useless deltas would earn the pool.
func (s *State) payTrainers(p *Settlement) {
	var positive []weighted[uint64]
	for _, d := range p.Deltas {
		if d.Merged() && !d.Newcomer && d.Sure > 0 {
			positive = append(positive, weighted[uint64]{uint64(d.Sure), d.Bond})
		}
	}
	p.Median = lowerMedian(positive)
	total, least := new(big.Int), new(big.Int)
	for i := range p.Deltas {
		d := &p.Deltas[i]
		if d.Merged() && !d.Newcomer && d.Sure > 0 {
			d.Score = min(uint64(d.Sure), 4*p.Median, s.Economy.MaxScore)
		}
		total.Add(total, product(d.Bond, d.Score))
		if d.Counts && !d.Copy {
			least.Add(least, product(d.Bond, s.Economy.FullScore))
		}
	}
	if total.Cmp(least) < 0 {
		total = least
	}
	for i := range p.Deltas {
		d := &p.Deltas[i]
		d.Paid = part(p.Pool, product(d.Bond, d.Score), total)
		s.account(d.Author).Balance += d.Paid
		p.Minted += d.Paid
	}
}

// payValidators pays stake × duty. The denominator is what all owed, not what
// all gave: as long as the same deltas count, nobody gains by another's silence.
func (s *State) payValidators(p *Settlement) {
	for _, seat := range s.Now {
		p.Validators = append(p.Validators, DutyPay{Author: seat.Author, Stake: seat.Stake})
	}
	for _, d := range p.Deltas {
		if d.Counts {
			p.owe(d)
		}
	}
	total := new(big.Int)
	for _, v := range p.Validators {
		total.Add(total, product(v.Stake, v.Due))
	}
	for i := range p.Validators {
		v := &p.Validators[i]
		v.Paid = part(p.DutyPool, product(v.Stake, v.Given), total)
		s.account(v.Author).Balance += v.Paid
		p.Minted += v.Paid
	}
}

// owe asks everybody for a score of d, but for its author.
func (p *Settlement) owe(d DeltaPay) {
	for i := range p.Validators {
		if p.Validators[i].Author != d.Author {
			p.Validators[i].Due++
		}
	}
	for _, o := range d.Opinion {
		p.Validators[o.Seat].Given++
	}
}

func (s *State) archive(deltas []DeltaPay) {
	now := s.Round.Number
	s.Archive = slices.DeleteFunc(s.Archive, func(a Archived) bool { return a.Round+ArchiveRounds <= now })
	for _, d := range deltas {
		if d.Counts && !d.Copy {
			s.Archive = append(s.Archive, Archived{now, d.Author, d.Delta})
		}
	}
	slices.SortFunc(s.Archive, func(a, b Archived) int {
		return cmp.Or(cmp.Compare(a.Round, b.Round), compareAuthors(a.Author, b.Author))
	})
}

// bonded returns who committed with a bond: the next round waits for them, and
// for nobody who has nothing to lose.
func (s *State) bonded() (out []ledger.Author) {
	for _, a := range sorted(s.Round.Commits) {
		if s.Round.Commits[a].Work == nil {
			out = append(out, a)
		}
	}
	return out
}

func sorted[V any](m map[ledger.Author]V) []ledger.Author {
	out := make([]ledger.Author, 0, len(m))
	for a := range m {
		out = append(out, a)
	}
	slices.SortFunc(out, compareAuthors)
	return out
}
