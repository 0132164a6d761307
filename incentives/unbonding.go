package incentives

import (
	"slices"

	"github.com/grapevine-network/grapevine/ledger"
)

// Due is what is paid back at a height: tokens that were bond or stake, and can
// still be slashed.
type Due struct {
	Author ledger.Author `cbor:"author"`
	Amount uint64        `cbor:"amount"`
	Height uint64        `cbor:"height"`
	Round  uint64        `cbor:"round"` // not before this one: until then a round counts with them
}

// MaxDues bounds what waits to be paid back to one author.
const MaxDues = 16

// lockedUntil is the round after the one that counts with an author's bond.
func (s *State) lockedUntil(author ledger.Author) uint64 {
	c, committed := s.Round.Commits[author]
	if !committed || c.Work != nil || s.Round.Phase == PhaseCommit {
		return 0
	}
	return s.Round.Number + 1
}

// giveBack moves tokens out of a bond or stake, for the end of the block in
// progress.
func (s *State) giveBack(author ledger.Author, pot *uint64, amount, round uint64) error {
	switch {
	case s.Economy.Unbonding == 0:
		return void("this topic pays no bond or stake back")
	case *pot < amount:
		return void("%d is more than is locked, %d", amount, *pot)
	case s.dues(author) >= MaxDues:
		return void("%d payments are due already", MaxDues)
	}
	*pot -= amount
	s.owe(author, amount, round)
	return nil
}

func (s *State) dues(author ledger.Author) (n int) {
	for _, d := range s.Dues {
		if d.Author == author {
			n++
		}
	}
	return n
}

func (s *State) owe(author ledger.Author, amount, round uint64) {
	if amount > 0 {
		s.Dues = append(s.Dues, Due{author, amount, s.Height + 1 + s.Economy.Unbonding, round})
	}
}

// Unbonding is what will be paid back to an author.
func (s *State) Unbonding(author ledger.Author) (dues []Due) {
	for _, d := range s.Dues {
		if d.Author == author {
			dues = append(dues, d)
		}
	}
	return dues
}

// payBack pays what is due. What belonged to a chain that has ended goes to its
// payout key.
func (s *State) payBack() {
	s.Dues = slices.DeleteFunc(s.Dues, func(d Due) bool {
		if d.Height > s.Height || d.Round > s.Round.Number {
			return false
		}
		to := d.Author
		if a := s.account(to); a.Forked && a.Payout != nil {
			to = *a.Payout
		}
		s.account(to).Balance += d.Amount
		return true
	})
}
