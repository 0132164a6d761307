package incentives

import (
	"errors"
	"fmt"
	"slices"

	"github.com/grapevine-network/grapevine/ledger"
)

// ErrVoid is wrapped by every reason for which a certified entry has no effect.
// It stays in its chain; nobody is punished for it.
var ErrVoid = errors.New("no effect")

func void(format string, args ...any) error {
	return fmt.Errorf(format+": %w", append(args, ErrVoid)...)
}

// Admits tells whether the next block may certify e after what state and block
// hold already: the next link of a chain that has not ended, within the limit of
// a round. more counts entries of the same author earlier in the block.
func (s *State) Admits(e *ledger.Entry, after Account, more uint64) error {
	switch {
	case e.Topic != s.Topic:
		return fmt.Errorf("%v of another topic, %v", e.Kind, e.Topic)
	case after.Forked:
		return fmt.Errorf("the chain of %v has ended: it forked", e.Author)
	case !e.Follows(after.Seq, after.Head):
		return fmt.Errorf("%v %d of %v does not follow %d", e.Kind, e.Seq, e.Author, after.Seq)
	case s.Round.Entries[e.Author]+more >= MaxEntries:
		return fmt.Errorf("%v has %d entries in this round, at most %d", e.Author, MaxEntries, MaxEntries)
	}
	return s.checkStranger(e)
}

// Apply takes the next entry of a certified block, which must be one that
// [State.Admits]. The error wraps [ErrVoid] and says why it had no effect. What
// moves tokens takes effect, or none, in [State.EndBlock].
func (s *State) Apply(e *ledger.Entry, check ledger.Verifier) error {
	a := s.account(e.Author)
	a.Seq, a.Head = e.Seq, e.CID()
	s.Round.Entries[e.Author]++
	if _, end := e.Body.(*ledger.End); s.Closed != nil && !end {
		return void("the topic was closed at height %d", s.Closed.Height)
	}
	switch body := e.Body.(type) {
	case *ledger.Commit:
		return s.commit(e.Author, body)
	case *ledger.Reveal:
		return s.reveal(e.Author, body)
	case *ledger.Seal:
		return s.seal(e.Author, body)
	case *ledger.Opening:
		return s.open(e.Author, body)
	case *ledger.Evidence:
		return s.evidence(e.Author, body, check)
	case *ledger.Register:
		return s.register(e.Author, body)
	case *ledger.Data:
		return s.data(body)
	case *ledger.Admit:
		return s.admit(e.Author, body)
	case *ledger.Remove:
		return s.remove(e.Author, body)
	case *ledger.End:
		return s.end(e.Author, body)
	}
	return s.order(e)
}

// order takes an entry that moves tokens, for the end of the block.
func (s *State) order(e *ledger.Entry) error {
	switch body := e.Body.(type) {
	case *ledger.Transfer:
		return s.transfer(e, body)
	case *ledger.Bond:
		return s.bond(e, body)
	case *ledger.Unbond:
		return s.unbond(e, body)
	case *ledger.Stake:
		return s.stake(e, body)
	case *ledger.Unstake:
		return s.unstake(e, body)
	}
	return void("unknown kind %v", e.Kind)
}

// during refuses what belongs to another phase or round: late is lost.
func (s *State) during(phase Phase, round uint64) error {
	if r := &s.Round; r.Phase != phase || r.Number != round {
		return void("belongs to %v of round %d, the ledger is at %v of round %d", phase, round, r.Phase, r.Number)
	}
	return nil
}

func (s *State) commit(author ledger.Author, c *ledger.Commit) error {
	if err := s.during(PhaseCommit, c.Round); err != nil {
		return err
	}
	if _, again := s.Round.Commits[author]; again {
		return void("a second COMMIT of round %d", c.Round)
	}
	if !slices.Contains(s.Anchors, c.Base) {
		return void("COMMIT on anchor %v, which is none of the last %d", c.Base, MaxAge+1)
	}
	if len(s.Round.Commits) >= ledger.MaxScores {
		return void("COMMIT beyond the %d that a round takes", ledger.MaxScores)
	}
	if s.Weight(author) == 0 {
		return s.takeSlot(author, c)
	}
	s.Round.Commits[author] = Committed{Base: c.Base, Hash: c.Hash, Order: s.Round.Taken}
	s.Round.Taken++
	return nil
}

func (s *State) reveal(author ledger.Author, v *ledger.Reveal) error {
	if err := s.during(PhaseReveal, v.Round); err != nil {
		return err
	}
	c, ok := s.Round.Commits[author]
	if !ok {
		return void("REVEAL without a COMMIT")
	}
	if _, again := s.Round.Reveals[author]; again {
		return void("a second REVEAL of round %d", v.Round)
	}
	if ledger.CommitHash(s.Topic, v.Round, author, c.Base, v.Delta, v.Salt) != c.Hash {
		return void("REVEAL of another delta than the one committed to")
	}
	s.Round.Reveals[author] = Revealed{v.Delta, v.Size}
	return nil
}

func (s *State) seal(author ledger.Author, v *ledger.Seal) error {
	if err := s.during(PhaseSeal, v.Round); err != nil {
		return err
	}
	if s.Now.Seat(author) < 0 {
		return void("SEAL by %v, who has no seat", author)
	}
	if _, again := s.Round.Seals[author]; again {
		return void("a second SEAL of round %d", v.Round)
	}
	s.Round.Seals[author] = v.Hash
	return nil
}

func (s *State) open(author ledger.Author, o *ledger.Opening) error {
	if err := s.during(PhaseOpen, o.Round); err != nil {
		return err
	}
	if _, again := s.Round.Openings[author]; again {
		return void("a second SCORE of round %d", o.Round)
	}
	hash, sealed := s.Round.Seals[author]
	if !sealed || ledger.SealHash(s.Topic, o.Round, author, o.Salt, o.Scores) != hash {
		return void("SCORE that opens no seal of its author")
	}
	deltas := s.Round.Deltas()
	for _, score := range o.Scores {
		if score.Delta >= uint64(len(deltas)) || deltas[score.Delta] == author {
			return void("SCORE of delta %d, which is its author's own or none", score.Delta)
		}
	}
	s.Round.Openings[author] = o.Scores
	return nil
}
