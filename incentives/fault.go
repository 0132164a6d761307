package incentives

import (
	"bytes"

	"github.com/grapevine-network/grapevine/ledger"
)

// evidence ends the chain of who signed two entries for one place, and slashes
// it, once. Part of what it loses goes to who reported it, the rest is burnt.
func (s *State) evidence(reporter ledger.Author, v *ledger.Evidence, check ledger.Verifier) error {
	a, err := CheckFork(s.Topic, v, check)
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

// CheckFork verifies that the two halves fork one chain of the topic: decoded,
// signed by one author, for one place, with different contents, the smaller
// first. It returns the first.
func CheckFork(topic ledger.CID, v *ledger.Evidence, check ledger.Verifier) (*ledger.Entry, error) {
	if bytes.Compare(v.A, v.B) >= 0 {
		return nil, void("halves out of order")
	}
	a, err := ledger.DecodeEntry(v.A)
	if err != nil {
		return nil, err
	}
	b, err := ledger.DecodeEntry(v.B)
	if err != nil {
		return nil, err
	}
	if a.Topic != topic || !a.Forks(b) {
		return nil, void("not two contents for one place of this topic")
	}
	if err := a.Verify(check); err != nil {
		return nil, err
	}
	return a, b.Verify(check)
}
