package incentives

import (
	"errors"
	"fmt"
	"slices"

	"github.com/grapevine-network/grapevine/ledger"
)

// Leaves returns what the state root commits to: first the committees, which show
// who votes next; then all but the accounts; then the accounts by author.
func (s *State) Leaves() [][]byte {
	leaves := [][]byte{mustEncode(s.Committees()), mustEncode(globalLeaf{
		s.Topic, s.Height, s.Economy, s.Phases, s.Supply, s.Seats, s.Anchors, &s.Round, s.Archive, s.Dues, s.Motions, s.Closed,
	})}
	for _, author := range s.Authors() {
		leaves = append(leaves, mustEncode(accountLeaf{author, *s.Accounts[author]}))
	}
	return leaves
}

// Root commits to the whole state: the Merkle root (RFC 6962) over its leaves.
func (s *State) Root() ledger.Hash { return ledger.MerkleRoot(s.Leaves()) }

// FromLeaves is the state that has these leaves. Whether they are the right ones,
// their Merkle root says.
func FromLeaves(leaves [][]byte) (*State, error) {
	if len(leaves) < 2 {
		return nil, errors.New("state without leaves")
	}
	var c ledger.Committees
	var g globalLeaf
	if err := errors.Join(ledger.Decode(leaves[0], &c), ledger.Decode(leaves[1], &g)); err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	if g.Round == nil || len(g.Anchors) == 0 {
		return nil, errors.New("state without a round or an anchor")
	}
	s := &State{
		Topic: g.Topic, Height: g.Height, Economy: g.Economy, Phases: g.Phases, Supply: g.Supply, Seats: g.Seats,
		Now: c.Now, Next: c.Next, Anchors: g.Anchors, Round: *g.Round, Archive: g.Archive,
		Dues: g.Dues, Motions: g.Motions, Closed: g.Closed,
		Accounts: make(map[ledger.Author]*Account, len(leaves)-2),
	}
	for _, b := range leaves[2:] {
		author, account, err := DecodeAccount(b)
		if err != nil {
			return nil, fmt.Errorf("state: %w", err)
		}
		s.Accounts[author] = &account
	}
	if len(s.Accounts) != len(leaves)-2 {
		return nil, errors.New("state with an account twice")
	}
	return s, nil
}

// Committees is who votes now and after the next checkpoint.
func (s *State) Committees() ledger.Committees { return ledger.Committees{Now: s.Now, Next: s.Next} }

// Prove returns the leaf of an account and the path from it to the root. ok is
// false if there is no such account.
func (s *State) Prove(author ledger.Author) (leaf []byte, path ledger.Path, ok bool) {
	at, ok := slices.BinarySearchFunc(s.Authors(), author, compareAuthors)
	if !ok {
		return nil, path, false
	}
	leaves := s.Leaves()
	return leaves[2+at], ledger.MerklePath(leaves, 2+at), true
}

// DecodeAccount reads the leaf of an account.
func DecodeAccount(leaf []byte) (ledger.Author, Account, error) {
	var a accountLeaf
	err := ledger.Decode(leaf, &a)
	return a.Author, a.Account, err
}
