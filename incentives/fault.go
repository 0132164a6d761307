package incentives

import (
	"slices"

	"github.com/grapevine-network/grapevine/ledger"
)

// evidence slashes who signed two things of which there may be one, once. Part of
// what it loses goes to who reported it, the rest is burnt.
func (s *State) evidence(reporter ledger.Author, v *ledger.Evidence, check ledger.Verifier) error {
	f, err := v.Open(s.Topic, check)
	if err != nil {
		return void("EVIDENCE that proves nothing (%v)", err)
	}
	switch culprit := s.Account(f.Author); {
	case culprit.Forked:
		return void("EVIDENCE about %v, who was slashed already", f.Author)
	case s.Accounts[f.Author] == nil || f.Votes && !slices.Contains(s.Seats, f.Author):
		return void("EVIDENCE about %v, who has nothing to lose", f.Author)
	}
	lost := s.punish(f.Author)
	reward := share(lost, s.Economy.Reporter)
	s.account(reporter).Balance += reward
	s.Supply.Burnt += lost - reward
	return nil
}

// punish ends a chain: its key is in two hands, or in the wrong ones. What is left
// goes, after the unbonding time, to its payout key.
func (s *State) punish(author ledger.Author) (lost uint64) {
	culprit := s.account(author)
	culprit.Forked, culprit.Member = true, false
	lost = s.slash(&culprit.Bond) + s.slash(&culprit.Stake) + s.slashDues(author)
	if s.Economy.Unbonding > 0 {
		s.owe(author, culprit.Balance+culprit.Bond+culprit.Stake, s.lockedUntil(author))
		culprit.Balance, culprit.Bond, culprit.Stake = 0, 0, 0
	}
	s.forget(author)
	return lost
}

// slash takes the topic's share.
func (s *State) slash(pot *uint64) (lost uint64) {
	lost = share(*pot, s.Economy.Slash)
	*pot -= lost
	return lost
}

func (s *State) slashDues(author ledger.Author) (lost uint64) {
	for i := range s.Dues {
		if s.Dues[i].Author == author {
			lost += s.slash(&s.Dues[i].Amount)
		}
	}
	return lost
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
