package incentives

import (
	"cmp"
	"slices"

	"github.com/grapevine-network/grapevine/ledger"
)

// Orders move tokens: TRANSFER, BOND, UNBOND, STAKE and UNSTAKE. Those of a block
// are carried out together at its end, after all its other entries: each author's
// in their order, whenever they are funded, no matter by whom. Carrying out one
// of somebody else's never takes tokens from an author, so what is carried out
// does not depend on the order in which authors are visited.

// Void is an entry without effect, and why.
type Void struct {
	Entry  *ledger.Entry
	Reason error
}

// order is an entry that waits for the end of its block. run carries it out, or
// says why it can't yet.
type order struct {
	entry *ledger.Entry
	run   func(s *State, a *Account) error
}

// queue takes an order that makes sense.
func (s *State) queue(e *ledger.Entry, amount uint64, run func(s *State, a *Account) error) error {
	if amount == 0 {
		return void("%v of nothing", e.Kind)
	}
	if amount > s.Economy.Cap {
		return void("%v of %d, more than there will ever be, %d", e.Kind, amount, s.Economy.Cap)
	}
	s.orders = append(s.orders, order{e, run})
	return nil
}

// carryOut empties the list of orders. When none is funded any more, the first of
// each author has no effect, and the next ones get their turn.
func (s *State) carryOut() (voids []Void) {
	byAuthor := map[ledger.Author][]order{}
	for _, o := range s.orders {
		byAuthor[o.entry.Author] = append(byAuthor[o.entry.Author], o)
	}
	s.orders = nil
	authors := sorted(byAuthor)
	for len(byAuthor) > 0 {
		for s.runFunded(authors, byAuthor) {
		}
		voids = append(voids, s.dropFirst(authors, byAuthor)...)
	}
	slices.SortFunc(voids, func(a, b Void) int {
		return cmp.Or(compareAuthors(a.Entry.Author, b.Entry.Author), cmp.Compare(a.Entry.Seq, b.Entry.Seq))
	})
	return voids
}

// runFunded carries out what is funded, once around. It tells whether there was
// something.
func (s *State) runFunded(authors []ledger.Author, byAuthor map[ledger.Author][]order) (some bool) {
	for _, author := range authors {
		list := byAuthor[author]
		for len(list) > 0 && list[0].run(s, s.account(author)) == nil {
			list, some = list[1:], true
		}
		byAuthor[author] = list
	}
	return some
}

// dropFirst takes the first order off each list, and lists that are empty away.
func (s *State) dropFirst(authors []ledger.Author, byAuthor map[ledger.Author][]order) (voids []Void) {
	for _, author := range authors {
		list, waiting := byAuthor[author]
		if len(list) > 0 {
			voids = append(voids, Void{list[0].entry, list[0].run(s, s.account(author))})
			byAuthor[author] = list[1:]
		} else if waiting {
			delete(byAuthor, author)
		}
	}
	return voids
}

// spend takes amount from a balance.
func (a *Account) spend(amount uint64) error {
	if a.Forked {
		return void("the chain has ended")
	}
	if a.Balance < amount {
		return void("%d is more than the balance, %d", amount, a.Balance)
	}
	a.Balance -= amount
	return nil
}

func (s *State) transfer(e *ledger.Entry, t *ledger.Transfer) error {
	if t.To == e.Author {
		return void("TRANSFER to oneself")
	}
	return s.queue(e, t.Amount, func(s *State, a *Account) error {
		to := s.Account(t.To)
		if to.Forked {
			return void("TRANSFER to %v, whose chain has ended", t.To)
		}
		if s.Economy.Invite && s.Accounts[t.To] == nil {
			return void("TRANSFER to %v, who has no account: this topic is invite-only", t.To)
		}
		if err := a.spend(t.Amount); err != nil {
			return err
		}
		s.account(t.To).Balance += t.Amount
		return nil
	})
}

func (s *State) bond(e *ledger.Entry, b *ledger.Bond) error {
	if s.Economy.Invite {
		return void("BOND in an invite-only topic, where each member weighs the same")
	}
	return s.queue(e, b.Amount, func(_ *State, a *Account) error {
		if err := a.spend(b.Amount); err != nil {
			return err
		}
		a.Bond += b.Amount
		return nil
	})
}

func (s *State) stake(e *ledger.Entry, k *ledger.Stake) error {
	return s.queue(e, k.Amount, func(s *State, a *Account) error {
		if s.Economy.Invite && !a.Member {
			return void("STAKE of %v, who is no member", e.Author)
		}
		if err := a.spend(k.Amount); err != nil {
			return err
		}
		if !slices.Contains(s.Seats, e.Author) {
			s.Seats = append(s.Seats, e.Author)
		}
		a.Stake += k.Amount
		return nil
	})
}

func (s *State) unbond(e *ledger.Entry, u *ledger.Unbond) error {
	return s.queue(e, u.Amount, func(s *State, a *Account) error {
		return s.giveBack(e.Author, &a.Bond, u.Amount, s.lockedUntil(e.Author))
	})
}

func (s *State) unstake(e *ledger.Entry, u *ledger.Unstake) error {
	return s.queue(e, u.Amount, func(s *State, a *Account) error {
		return s.giveBack(e.Author, &a.Stake, u.Amount, 0)
	})
}
