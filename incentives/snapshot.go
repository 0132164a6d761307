package incentives

import (
	"errors"
	"fmt"

	"github.com/grapevine-network/grapevine/ledger"
)

// Leaves returns what the state root commits to: first all but the accounts, then
// the accounts by author.
func (s *State) Leaves() [][]byte {
	leaves := [][]byte{mustEncode(globalLeaf{
		s.Topic, s.Height, s.Economy, s.Phases, s.Supply, s.Seats, s.Now, s.Next, s.Anchors, &s.Round, s.Archive,
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
	if len(leaves) == 0 {
		return nil, errors.New("state without leaves")
	}
	var g globalLeaf
	if err := ledger.Decode(leaves[0], &g); err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	if g.Round == nil || len(g.Anchors) == 0 {
		return nil, errors.New("state without a round or an anchor")
	}
	s := &State{
		Topic: g.Topic, Height: g.Height, Economy: g.Economy, Phases: g.Phases, Supply: g.Supply, Seats: g.Seats,
		Now: g.Now, Next: g.Next, Anchors: g.Anchors, Round: *g.Round, Archive: g.Archive,
		Accounts: make(map[ledger.Author]*Account, len(leaves)-1),
	}
	for _, b := range leaves[1:] {
		var a accountLeaf
		if err := ledger.Decode(b, &a); err != nil {
			return nil, fmt.Errorf("state: %w", err)
		}
		s.Accounts[a.Author] = &a.Account
	}
	if len(s.Accounts) != len(leaves)-1 {
		return nil, errors.New("state with an account twice")
	}
	return s, nil
}
