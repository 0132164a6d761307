package engine

import (
	"fmt"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/ledger/finality"
	"github.com/grapevine-network/grapevine/node/audit"
)

// waiting returns which kinds of entries of the round could be certified next.
func (e *Engine) waiting() (kinds map[ledger.Author]ledger.Kind, some bool) {
	kinds = map[ledger.Author]ledger.Kind{}
	for _, author := range e.chains.authors() {
		for _, h := range e.admissible(author) {
			some = true
			if roundOf(h.Entry) == e.replica.State.Round.Number {
				kinds[author] = h.Kind
			}
		}
	}
	return kinds, some
}

// roundOf is the round that an entry speaks of.
func roundOf(e *ledger.Entry) uint64 {
	switch b := e.Body.(type) {
	case *ledger.Commit:
		return b.Round
	case *ledger.Reveal:
		return b.Round
	case *ledger.Seal:
		return b.Round
	case *ledger.Opening:
		return b.Round
	}
	return ^uint64(0)
}

// admissible returns what the next block could certify of an author: nothing of
// one whose fork we can show.
func (e *Engine) admissible(author ledger.Author) (out []*held) {
	if e.chains.forks[author] != nil {
		return nil
	}
	after := e.replica.State.Account(author)
	for i, h := range e.chains.run(author, after) {
		if e.replica.State.Admits(h.Entry, after, uint64(i)) != nil {
			break
		}
		out = append(out, h)
		after.Seq, after.Head = h.Seq, h.CID()
	}
	return out
}

// propose makes the block of this instance and begins with it.
func (e *Engine) propose() error {
	var entries []*ledger.Entry
	for _, author := range e.chains.authors() {
		for _, h := range e.admissible(author) {
			if len(entries) < ledger.MaxCuts {
				entries = append(entries, h.Entry)
			}
		}
	}
	c := &e.consensus
	b, err := ledger.SignBlock(e.cfg.Sign, e.replica.Header(c.instance, e.cfg.Author, entries), audit.Cuts(entries))
	if err != nil {
		return fmt.Errorf("propose: %w", err)
	}
	c.proposed = true
	c.proposals[b.CID()] = b
	e.emit(Publish{Encode(ProposalMessage{Block: b})})
	return e.begin(b)
}

// heldProposal returns a block of this instance that may follow and of which we
// hold everything, or nil.
func (e *Engine) heldProposal() *ledger.Block {
	c := &e.consensus
	for _, id := range sortedCIDs(c.proposals) {
		b := c.proposals[id]
		if b.Header.Instance != c.instance || c.refused[id] {
			continue
		}
		entries, gaps := e.replica.Collect(b, e.chains.get)
		if len(gaps) > 0 {
			e.fillGaps(gaps, b.Header.Proposer)
			continue
		}
		err := e.replica.Check(b, entries)
		if err == nil {
			err = e.omits(entries)
		}
		if err == nil {
			return b
		}
		c.refused[id] = true
		e.emit(Noticed{fmt.Sprintf("proposal of %v: %v", b.Header.Proposer, err)})
	}
	return nil
}

// omits refuses a block that leaves out an entry which we had stored before the
// last block was certified: so no proposer can hide what honest validators held
// for one height.
func (e *Engine) omits(entries []*ledger.Entry) error {
	if len(entries) >= ledger.MaxCuts {
		return nil
	}
	in := map[ledger.CID]bool{}
	for _, x := range entries {
		in[x.CID()] = true
	}
	for _, author := range e.chains.authors() {
		for _, h := range e.admissible(author) {
			if !in[h.CID()] && h.since < e.replica.Head.Height {
				e.publishEntry(h.Entry, byte(e.consensus.instance)) // its proposer may never have got it
				return fmt.Errorf("it leaves out %v %d of %v", h.Kind, h.Seq, h.Author)
			}
		}
	}
	return nil
}

// takeProposal keeps a block for its instance.
func (e *Engine) takeProposal(from Peer, b *ledger.Block) {
	c := &e.consensus
	if b.Header.Instance < c.instance || b.Header.Height <= e.replica.Head.Height || len(c.proposals) >= maxProposals {
		return
	}
	c.proposals[b.CID()] = b
	delete(c.absent, b.Header.Proposer)
	if b.Header.Height > e.replica.Head.Height+1 {
		e.askBlocks(from, b.Header.Height-1)
	}
}

// blameProposer draws the lesson of an instance that decided no block. If its
// proposer was away, nobody need wait for it long the next time; if there was a
// proposal, it came too late: times are too short.
func (e *Engine) blameProposer(instance uint64) {
	c := &e.consensus
	for _, b := range c.proposals {
		if b.Header.Instance == instance {
			c.slow++
			return
		}
	}
	c.absent[e.replica.State.Now.Proposer(e.cfg.Topic, instance)] = true
}

// patience is how long to wait for this instance's proposal.
func (e *Engine) patience() int64 {
	c := &e.consensus
	wait := e.millis(e.cfg.Manifest.Rounds.Propose) << min(c.slow, finality.MaxSlow)
	if c.absent[e.replica.State.Now.Proposer(e.cfg.Topic, c.instance)] {
		wait /= 8
	}
	return wait
}
