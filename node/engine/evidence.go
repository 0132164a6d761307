package engine

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/ledger/finality"
)

// accusation is the proof of a fault that is not on the ledger yet.
type accusation struct {
	proof *ledger.Evidence
	since uint64 // our height when we found it
	made  bool   // by us, in an entry
}

// accuse keeps the first proof about somebody.
func (e *Engine) accuse(author ledger.Author, proof *ledger.Evidence) {
	c := &e.contributor
	if _, again := c.accused[author]; again || author == e.cfg.Author || e.replica.State.Account(author).Forked {
		return
	}
	c.accused[author] = accusation{proof: proof, since: e.replica.Head.Height}
	what := "forked its chain"
	if proof.Votes {
		what = "voted twice"
	}
	e.emit(Noticed{fmt.Sprintf("%v %s", author, what)})
}

// report puts proofs on the ledger: at once if we have a seat, or else when nobody
// with a seat has done it within two heights.
func (e *Engine) report() error {
	s := e.replica.State
	for _, author := range e.Accused() {
		a := e.contributor.accused[author]
		if s.Account(author).Forked {
			delete(e.contributor.accused, author)
			continue
		}
		if a.made || s.Accounts[e.cfg.Author] == nil || !e.seated() && s.Height < a.since+2 {
			continue
		}
		a.made = true
		e.contributor.accused[author] = a
		if err := e.append(a.proof); err != nil {
			return err
		}
	}
	return nil
}

// Accused returns whom this peer can prove guilty, and who was not punished yet,
// in order.
func (e *Engine) Accused() []ledger.Author {
	return slices.SortedFunc(maps.Keys(e.contributor.accused), func(a, b ledger.Author) int { return bytes.Compare(a[:], b[:]) })
}

// cast is a place for one vote.
type cast struct {
	author ledger.Author
	slot   ledger.Slot
}

// maxCast bounds the votes that are kept, of the last instances, to find double
// votes among them.
const maxCast = 64 * ledger.MaxCommittee

// witness remembers a vote, and looks whether it contradicts an earlier one. valid
// says that its signature was checked.
func (e *Engine) witness(f *finality.Frame, valid bool) {
	c := &e.consensus
	if f.Sender >= uint64(len(e.replica.State.Seats)) || len(f.Sig) != 64 {
		return
	}
	author := e.replica.State.Seats[f.Sender]
	b := &ledger.Ballot{Author: author, Committee: f.Committee, Vote: f.Vote, Sig: [64]byte(f.Sig)}
	at := cast{author, f.Vote.Slot()}
	old := c.cast[at]
	switch {
	case old == nil && valid && len(c.cast) < maxCast:
		c.cast[at] = b
	case old != nil:
		if proof := ledger.VoteEvidence(old, b); proof != nil && (valid || b.Verify(e.cfg.Topic, e.cfg.Verify) == nil) {
			e.accuse(author, proof)
		}
	}
}

// forgetVotes drops those of instances long past.
func (c *consensus) forgetVotes() {
	maps.DeleteFunc(c.cast, func(at cast, _ *ledger.Ballot) bool { return at.slot.Instance+2 < c.instance })
}
