package incentives

import (
	"errors"

	"github.com/grapevine-network/grapevine/ledger"
)

// evidence ends the chain of who signed two entries for one place, and slashes
// it, once. Part of what it loses goes to who reported it, the rest is burnt.
func (s *State) evidence(reporter ledger.Author, v *ledger.Evidence, check ledger.Verifier) error {
	a, err := v.Open(s.Topic, check)
	if err == nil && a.Votes {
		err = errors.New("of votes") // for now
	}
	if err != nil {
		return void("EVIDENCE that proves nothing (%v)", err)
	}
	culprit := s.account(a.Author)
	if culprit.Forked {
		return void("EVIDENCE about %v, who was slashed already", a.Author)
	}
	lost := share(culprit.Bond, s.Economy.Slash)
	culprit.Bond -= lost
	staked := share(culprit.Stake, s.Economy.Slash)
	culprit.Stake -= staked
	culprit.Forked = true
	reward := share(lost+staked, s.Economy.Reporter)
	s.account(reporter).Balance += reward
	s.Supply.Burnt += lost + staked - reward
	s.forget(a.Author)
	return nil
}

// forget takes a forked author out of the round.
func (s *State) forget(author ledger.Author) {
	r := &s.Round
	delete(r.Seals, author)
	delete(r.Openings, author)
	if r.Phase <= PhaseReveal { // later, scores name deltas by place
		delete(r.Commits, author)
		delete(r.Reveals, author)
	}
}
