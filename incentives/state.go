package incentives

import (
	"bytes"
	"maps"
	"slices"

	"github.com/grapevine-network/grapevine/ledger"
)

// Account is what the ledger knows of one author.
type Account struct {
	Seq     uint64     `cbor:"seq"`  // certified entries of its chain
	Head    ledger.CID `cbor:"head"` // the last of them; the topic if there is none
	Balance uint64     `cbor:"balance"`
	Bond    uint64     `cbor:"bond"`
	Stake   uint64     `cbor:"stake"`
	Forked  bool       `cbor:"forked"` // its chain has ended: it forked, or voted twice

	Payout *ledger.Author `cbor:"payout,omitempty"` // who is paid what is left should its chain end
	Member bool           `cbor:"member,omitempty"` // of an invite-only topic

	Standing Standing `cbor:"standing,omitzero"`
}

// Supply says where all tokens are. They add up to the cap.
type Supply struct {
	Remaining uint64 `cbor:"remaining"` // not minted yet
	Treasury  uint64 `cbor:"treasury"`
	Burnt     uint64 `cbor:"burnt"`
}

// State is the certified truth of a topic at a height. Only its methods change
// it.
type State struct {
	Topic    ledger.CID
	Economy  ledger.Economy // rules read their numbers from here, never from the manifest
	Phases   ledger.Rounds
	Height   uint64
	Supply   Supply
	Accounts map[ledger.Author]*Account
	Seats    []ledger.Author // by ID: the order of first stakes
	Now      ledger.Committee
	Next     ledger.Committee // votes from the next checkpoint on
	Anchors  []ledger.CID     // the newest first, at most MaxAge+1
	Round    Round
	Archive  []Archived // deltas that counted in the last ArchiveRounds rounds
	Dues     []Due      // to be paid back, in the order in which they were asked for
	Motions  []Motion   // in the order in which they were made
	Closed   *Closing   // nil while the topic goes on

	orders []order // of the block in progress
}

// MaxAge is how many anchors a COMMIT's base may be behind.
const MaxAge = 3

// ArchiveRounds is how long a delta can be recognised when it comes again.
const ArchiveRounds = 32

// Archived is a delta that counted.
type Archived struct {
	Round  uint64        `cbor:"round"`
	Author ledger.Author `cbor:"author"`
	Delta  ledger.CID    `cbor:"delta"`
}

// NewState is the state at height 0.
func NewState(m *ledger.Manifest, topic ledger.CID) *State {
	s := &State{
		Topic: topic, Economy: m.Economy, Phases: m.Rounds,
		Accounts: map[ledger.Author]*Account{}, Anchors: []ledger.CID{m.Learning.Anchor},
		Now: m.Committee(), Next: m.Committee(),
	}
	s.Supply.Remaining = m.Economy.Cap
	if m.Parent != nil {
		s.Supply.Treasury = m.Parent.Treasury
		s.Supply.Remaining -= m.Parent.Treasury
	}
	var trainers []ledger.Author
	for _, g := range m.Genesis {
		s.Accounts[g.Author] = &Account{Head: topic, Balance: g.Balance, Bond: g.Bond, Stake: g.Stake, Member: m.Economy.Invite && !g.Guest}
		s.Seats = append(s.Seats, g.Author)
		s.Supply.Remaining -= g.Balance + g.Bond + g.Stake
		if s.Weight(g.Author) > 0 {
			trainers = append(trainers, g.Author)
		}
	}
	s.Round = newRound(0, trainers, s.seated())
	return s
}

func (s *State) seated() (all []ledger.Author) {
	for _, seat := range s.Now {
		all = append(all, seat.Author)
	}
	return all
}

// Account returns what is known of author; the zero account with the topic for
// head if nothing is.
func (s *State) Account(author ledger.Author) Account {
	if a := s.Accounts[author]; a != nil {
		return *a
	}
	return Account{Head: s.Topic}
}

func (s *State) account(author ledger.Author) *Account {
	a := s.Accounts[author]
	if a == nil {
		a = &Account{Head: s.Topic}
		s.Accounts[author] = a
	}
	return a
}

// Authors returns all accounts' authors in order.
func (s *State) Authors() []ledger.Author {
	return slices.SortedFunc(maps.Keys(s.Accounts), compareAuthors)
}

// Weight is what an author's contributions weigh: its bond or, in an invite-only
// topic, 1 for each member.
func (s *State) Weight(author ledger.Author) uint64 {
	a := s.Account(author)
	switch {
	case !s.Economy.Invite:
		return a.Bond
	case a.Member:
		return 1
	}
	return 0
}

func compareAuthors(a, b ledger.Author) int { return bytes.Compare(a[:], b[:]) }

// Held sums what all accounts hold. Balances include what will be paid back.
func (s *State) Held() (balances, bonds, stakes uint64) {
	for _, a := range s.Accounts {
		balances += a.Balance
		bonds += a.Bond
		stakes += a.Stake
	}
	for _, d := range s.Dues {
		balances += d.Amount
	}
	return balances, bonds, stakes
}

// Anchor is the newest model.
func (s *State) Anchor() ledger.CID { return s.Anchors[0] }

// accountLeaf is how an account stands in the tree under the state root.
type accountLeaf struct {
	Author  ledger.Author `cbor:"author"`
	Account Account       `cbor:"account"`
}

// globalLeaf is the second leaf of the tree: all but the committees and accounts.
type globalLeaf struct {
	Topic   ledger.CID      `cbor:"topic"`
	Height  uint64          `cbor:"height"`
	Economy ledger.Economy  `cbor:"economy"`
	Phases  ledger.Rounds   `cbor:"phases"`
	Supply  Supply          `cbor:"supply"`
	Seats   []ledger.Author `cbor:"seats"`
	Anchors []ledger.CID    `cbor:"anchors"`
	Round   *Round          `cbor:"round"`
	Archive []Archived      `cbor:"archive"`
	Dues    []Due           `cbor:"dues"`
	Motions []Motion        `cbor:"motions"`
	Closed  *Closing        `cbor:"closed"`
}

func mustEncode(v any) []byte {
	b, err := ledger.Encode(v)
	if err != nil {
		panic(err) // a state holds defined CIDs and integers only
	}
	return b
}
