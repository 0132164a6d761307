package incentives

import (
	"bytes"
	"fmt"
	"math/big"
	"math/bits"

	"github.com/grapevine-network/grapevine/ledger"
)

// A newcomer has no bond. What is scarce for it is work: in each round the
// topic has a few slots, for the COMMITs whose proof of work is the smallest
// hash. All together they have a fixed share of the mean and of the emission, so
// a flood of identities costs work and gains no more than the work is worth.

// checkStranger refuses entries of authors without an account, but for a COMMIT
// or REGISTER that carries enough work: nobody fills the ledger for nothing. One
// that came too late for its round has no effect, and is admitted all the same:
// what its author signs later can only follow it.
func (s *State) checkStranger(e *ledger.Entry) error {
	if s.Accounts[e.Author] != nil {
		return nil
	}
	if round, work, has := Work(e); !has || round > s.Round.Number || !s.Worked(e.Author, round, work) {
		return fmt.Errorf("%v of %v, who has no account: begin with a COMMIT or REGISTER that carries work", e.Kind, e.Author)
	}
	return nil
}

// Work is the proof of work of an entry that can carry one, and its round.
func Work(e *ledger.Entry) (round, work uint64, has bool) {
	switch b := e.Body.(type) {
	case *ledger.Commit:
		return b.Round, b.Work, true
	case *ledger.Register:
		return b.Round, b.Work, true
	}
	return 0, 0, false
}

// Worked tells whether that is the work that the topic asks for: so many leading
// zero bits.
func (s *State) Worked(author ledger.Author, round, work uint64) bool {
	h := ledger.WorkHash(s.Topic, round, author, work)
	zeros := 0
	for _, b := range h {
		zeros += bits.LeadingZeros8(b)
		if b != 0 {
			break
		}
	}
	return s.Economy.Slots > 0 && uint64(zeros) >= s.Economy.Work
}

// takeSlot gives a newcomer's COMMIT a slot of the round: a free one, or that of
// the largest hash, if its own is smaller.
func (s *State) takeSlot(author ledger.Author, c *ledger.Commit) error {
	if s.Economy.Slots == 0 {
		return void("COMMIT without a bond or, in an invite-only topic, membership")
	}
	if !s.Worked(author, c.Round, c.Work) {
		return void("COMMIT without a bond, and without work of %d bits", s.Economy.Work)
	}
	hash := ledger.WorkHash(s.Topic, c.Round, author, c.Work)
	if worst, taken := s.worstSlot(); taken >= s.Economy.Slots {
		if h := s.Round.Commits[worst].Work; bytes.Compare(hash[:], h[:]) >= 0 {
			return void("COMMIT without a bond, and all %d slots have better work", s.Economy.Slots)
		}
		delete(s.Round.Commits, worst)
	}
	s.Round.Commits[author] = Committed{Base: c.Base, Hash: c.Hash, Order: s.Round.Taken, Work: &hash}
	s.Round.Taken++
	return nil
}

func (s *State) worstSlot() (worst ledger.Author, taken uint64) {
	var largest []byte
	for author, c := range s.Round.Commits {
		if c.Work == nil {
			continue
		}
		taken++
		if bytes.Compare(c.Work[:], largest) > 0 {
			worst, largest = author, c.Work[:]
		}
	}
	return worst, taken
}

// Weigh sets what each delta weighs in the mean: its bond or, for newcomers, an
// equal part of their common share. Without any bond all weigh the same.
func (s *State) Weigh(deltas []DeltaPay) {
	var bonds, newcomers uint64
	for _, d := range deltas {
		switch {
		case !d.Counts || d.Copy:
		case d.Newcomer:
			newcomers++
		default:
			bonds += d.Bond
		}
	}
	lane := s.Economy.Newcomers
	for i := range deltas {
		d := &deltas[i]
		if d.Weight = d.Bond; !d.Newcomer || newcomers == 0 {
			continue
		}
		if d.Weight = 1; bonds > 0 && lane < ledger.One {
			hi, lo := bits.Mul64(bonds, lane)
			q, _ := bits.Div64(hi, lo, (ledger.One-lane)*newcomers)
			d.Weight = max(1, q)
		}
	}
}

// payNewcomers divides their pool by score. As with bonds, a whole pool takes
// gains of FullScore.
func (s *State) payNewcomers(p *Settlement) {
	var total, least uint64
	for i := range p.Deltas {
		d := &p.Deltas[i]
		if !d.Newcomer || !d.Counts || d.Copy {
			continue
		}
		least += s.Economy.FullScore
		if d.Merged() && d.Sure > 0 {
			d.Score = min(uint64(d.Sure), s.Economy.MaxScore)
			if p.Median > 0 {
				d.Score = min(d.Score, 4*p.Median)
			}
		}
		total += d.Score
	}
	divisor := new(big.Int).SetUint64(max(total, least))
	for i := range p.Deltas {
		if d := &p.Deltas[i]; d.Newcomer {
			d.Paid = part(p.NewcomerPool, new(big.Int).SetUint64(d.Score), divisor)
			s.account(d.Author).Balance += d.Paid
			p.Minted += d.Paid
		}
	}
}
