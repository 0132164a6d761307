package incentives

import (
	"fmt"
	"reflect"

	"github.com/grapevine-network/grapevine/ledger"
)

// Estate is what a closed topic leaves: to each account what it holds, first to
// those with a seat and then in order of their keys; what is unbonding as balance,
// and what a chain that has ended is owed to its payout key. invite says whether
// the heir is an invite-only topic: members of one stay members and, if this topic
// is open, who has a bond or a stake becomes one.
func (s *State) Estate(invite bool) (genesis []ledger.Member, treasury uint64) {
	holds := map[ledger.Author]*Account{}
	for author, a := range s.Accounts {
		own := *a
		holds[author] = &own
	}
	for _, d := range s.Dues {
		holds[s.heir(d.Author, holds)].Balance += d.Amount
	}
	order := append([]ledger.Author(nil), s.Seats...)
	seated := map[ledger.Author]bool{}
	for _, a := range order {
		seated[a] = true
	}
	for _, a := range sorted(holds) {
		if !seated[a] {
			order = append(order, a)
		}
	}
	for _, author := range order {
		a := holds[author]
		m := ledger.Member{Author: author, Balance: a.Balance, Bond: a.Bond, Stake: a.Stake}
		member := a.Member || !s.Economy.Invite && a.Bond+a.Stake > 0
		m.Guest = invite && !member
		if member && invite || a.Balance+a.Bond+a.Stake > 0 {
			genesis = append(genesis, m)
		}
	}
	return genesis, s.Supply.Treasury
}

// heir is who gets what an author is owed.
func (s *State) heir(author ledger.Author, holds map[ledger.Author]*Account) ledger.Author {
	a := s.Account(author)
	if !a.Forked || a.Payout == nil {
		return author
	}
	if holds[*a.Payout] == nil {
		holds[*a.Payout] = &Account{}
	}
	return *a.Payout
}

// Inherits tells whether a manifest is that of a topic that goes on from this one:
// closed, and all accounts, the treasury and the cap as they are in the end. Its
// Parent must name this topic, at a height from which nothing moved any more;
// whether the root there is right is the caller's to check.
func (s *State) Inherits(m *ledger.Manifest, topic ledger.CID) error {
	switch p := m.Parent; {
	case s.Closed == nil:
		return fmt.Errorf("topic %v goes on: it has no successor", s.Topic)
	case p == nil || p.Topic != s.Topic:
		return fmt.Errorf("topic %v does not name %v as its parent", topic, s.Topic)
	case p.Height < s.Closed.Height:
		return fmt.Errorf("parent.height is %d, but tokens moved until height %d", p.Height, s.Closed.Height)
	case s.Closed.Successor != nil && *s.Closed.Successor != topic:
		return fmt.Errorf("the successor of %v is %v, by a quorum, and not %v", s.Topic, *s.Closed.Successor, topic)
	case m.Economy.Cap != s.Economy.Cap-s.Supply.Burnt:
		return fmt.Errorf("economy.cap is %d, and %d of the parent are left", m.Economy.Cap, s.Economy.Cap-s.Supply.Burnt)
	}
	genesis, treasury := s.Estate(m.Economy.Invite)
	if m.Parent.Treasury != treasury || !reflect.DeepEqual(m.Genesis, genesis) {
		return fmt.Errorf("genesis or treasury are not what the accounts of %v held in the end", s.Topic)
	}
	return nil
}
