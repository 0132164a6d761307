package incentives

import "github.com/grapevine-network/grapevine/ledger"

// register names who is paid should the author's chain end. That can't be
// changed: who has stolen a key could otherwise take the rest.
func (s *State) register(author ledger.Author, r *ledger.Register) error {
	a := s.account(author)
	if a.Payout != nil {
		return void("REGISTER: the payout key is %v already", *a.Payout)
	}
	payout := r.Payout
	a.Payout = &payout
	return nil
}

// data has no effect on tokens: that it is certified is all.
func (s *State) data(d *ledger.Data) error {
	if d.Count == 0 {
		return void("DATA of no rows")
	}
	return nil
}
