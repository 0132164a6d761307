package incentives

import (
	"slices"

	"github.com/grapevine-network/grapevine/ledger"
)

// Motion is what some have voted for and no quorum yet: to admit or remove a
// member, to close the topic or to name its successor.
type Motion struct {
	Kind      ledger.Kind     `cbor:"kind"`
	Member    ledger.Author   `cbor:"member"`    // zero for END
	Successor *ledger.CID     `cbor:"successor"` // END of a closed topic
	Since     uint64          `cbor:"since"`     // height
	Votes     []ledger.Author `cbor:"votes"`     // sorted
}

// Limits of motions, so that the state stays small.
const (
	MotionLife = 1024 // heights after which a motion lapses
	MaxMotions = 8    // that one author has votes in
)

// Closing says that the topic has ended.
type Closing struct {
	Height    uint64      `cbor:"height"`    // of the last block in which something moved
	Successor *ledger.CID `cbor:"successor"` // the manifest that goes on, once a quorum has said so
}

func (s *State) admit(author ledger.Author, v *ledger.Admit) error {
	if s.Account(v.Member).Member || s.Account(v.Member).Forked {
		return void("ADMIT of %v, who is a member already or whose chain has ended", v.Member)
	}
	return s.move(author, Motion{Kind: ledger.KindAdmit, Member: v.Member})
}

func (s *State) remove(author ledger.Author, v *ledger.Remove) error {
	if !s.Account(v.Member).Member {
		return void("REMOVE of %v, who is no member", v.Member)
	}
	return s.move(author, Motion{Kind: ledger.KindRemove, Member: v.Member})
}

func (s *State) end(author ledger.Author, v *ledger.End) error {
	switch {
	case (s.Closed == nil) != (v.Successor == nil):
		return void("END: a topic is closed first, without a successor; then the successor is named")
	case s.Closed != nil && s.Closed.Successor != nil:
		return void("END: the successor is %v already", *s.Closed.Successor)
	}
	return s.move(author, Motion{Kind: ledger.KindEnd, Successor: v.Successor})
}

// move adds a vote to a motion. Motions are carried at the end of the block.
func (s *State) move(author ledger.Author, m Motion) error {
	if !s.decides(author, m.Kind) {
		return void("%v by %v, who has no vote in it", m.Kind, author)
	}
	at := slices.IndexFunc(s.Motions, func(o Motion) bool { return o.same(m) })
	if at < 0 {
		at, m.Since = len(s.Motions), s.Height+1
		s.Motions = append(s.Motions, m)
	}
	votes := &s.Motions[at].Votes
	place, again := slices.BinarySearchFunc(*votes, author, compareAuthors)
	if again {
		return void("%v: voted already", m.Kind)
	}
	if s.voting(author) >= MaxMotions {
		return void("%v: votes in %d motions already", m.Kind, MaxMotions)
	}
	*votes = slices.Insert(*votes, place, author)
	return nil
}

func (m Motion) same(o Motion) bool {
	if m.Kind != o.Kind || m.Member != o.Member || (m.Successor == nil) != (o.Successor == nil) {
		return false
	}
	return m.Successor == nil || *m.Successor == *o.Successor
}

func (s *State) voting(author ledger.Author) (n int) {
	for _, m := range s.Motions {
		if slices.Contains(m.Votes, author) {
			n++
		}
	}
	return n
}

// decides tells who votes: members and, on the end of an open topic, the
// committee.
func (s *State) decides(author ledger.Author, kind ledger.Kind) bool {
	if s.Economy.Invite {
		return s.Account(author).Member
	}
	return kind == ledger.KindEnd && s.Now.Seat(author) >= 0
}

// quorum tells whether two thirds have voted: of the members, or of the stake.
func (s *State) quorum(votes []ledger.Author) bool {
	in := func(a ledger.Author) bool { return slices.Contains(votes, a) }
	if !s.Economy.Invite {
		return s.Now.Quorum(func(seat int) bool { return in(s.Now[seat].Author) }, nil)
	}
	var yes, all int
	for author, a := range s.Accounts {
		if a.Member {
			all++
			if in(author) {
				yes++
			}
		}
	}
	return all > 0 && 3*yes >= 2*all
}

// resolve carries the motions that have a quorum, in the order in which they were
// made, and forgets those that are too old.
func (s *State) resolve() {
	motions := s.Motions
	s.Motions = nil
	for _, m := range motions {
		switch {
		case s.quorum(m.Votes):
			s.carry(m)
		case s.Height+1 < m.Since+MotionLife && len(m.Votes) > 0:
			s.Motions = append(s.Motions, m)
		}
	}
	if s.Closed != nil && s.Closed.Height == s.Height+1 {
		s.Motions, s.Round = nil, newRound(s.Round.Number, nil, nil) // what is in flight is given up
	}
}

func (s *State) carry(m Motion) {
	switch {
	case m.Kind == ledger.KindAdmit:
		s.account(m.Member).Member = true
	case m.Kind == ledger.KindRemove:
		s.expel(m.Member)
	case s.Closed == nil:
		s.Closed = &Closing{Height: s.Height + 1}
	default:
		s.Closed.Successor = m.Successor
	}
}

// expel makes somebody a member no longer; what it has locked is paid back.
func (s *State) expel(author ledger.Author) {
	a := s.account(author)
	a.Member = false
	if s.Economy.Unbonding > 0 {
		s.owe(author, a.Bond+a.Stake, s.lockedUntil(author))
		a.Bond, a.Stake = 0, 0
	}
}
