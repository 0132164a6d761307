package engine

import (
	"fmt"
	"slices"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/audit"
)

// takeNextBlock applies the decided block once we hold all of it.
func (e *Engine) takeNextBlock() (bool, error) {
	c := &e.consensus
	if c.decision == nil || e.replica.Unsettled() {
		return false, nil
	}
	b := c.proposals[c.decision.Next.Block]
	if b == nil {
		e.askBlocks(Peer{}, e.replica.Head.Height+1)
		return false, nil
	}
	entries, gaps := e.replica.Collect(b, e.chains.get)
	if len(gaps) > 0 {
		e.fillGaps(gaps, Peer{})
		return false, nil
	}
	if err := e.replica.Check(b, entries); err != nil {
		return false, fmt.Errorf("height %d is certified, but contradicts what we know: %w", b.Header.Height, err)
	}
	e.apply(b, c.decision, entries)
	return true, nil
}

// apply makes a certified block ours and moves to the instance after it.
func (e *Engine) apply(b *ledger.Block, cert *ledger.Certificate, entries []*ledger.Entry) {
	e.emit(Store{Record{RecordFinal, encodeFinal(b, cert)}})
	if h := b.Header.Height; h > 1 && h%e.replica.State.Phases.Period() == 1 {
		e.pin(b.Header.Anchor)
		e.snapshot = mustEncode(audit.Snapshot{Block: b.Bytes(), Certificate: mustEncode(cert), Leaves: e.replica.State.Leaves()})
	}
	e.chain.Add(e.replica, b, cert)
	receipt := e.replica.Apply(b, entries)
	for _, cut := range b.Cuts {
		e.chains.certified(cut.Author, cut.Seq)
	}
	c := &e.consensus
	c.decision, c.slow, c.uncertified = nil, 0, false
	if end := e.replica.State.Closed; end != nil && end.Height == b.Header.Height {
		c.uncertified = true // a successor needs the last state to be certified
	}
	e.endLive()
	e.emit(Certified{receipt})
	e.enter(max(cert.Instance+1, c.instance))
}

// pin keeps the model of the newest snapshot, and lets go of the one before.
func (e *Engine) pin(anchor ledger.CID) {
	old := e.pinned
	e.pinned = anchor
	if old.Defined() && old != anchor && old != e.origin && !slices.Contains(e.replica.State.Anchors, old) {
		e.emit(DropBlob{old})
	}
}

// enter moves to an instance on top of our head.
func (e *Engine) enter(instance uint64) {
	c := &e.consensus
	c.instance, c.dueAt, c.proposed, c.votesHeard, c.finalityAt = instance, 0, false, false, 0
	clear(c.refused)
	for id, b := range c.proposals {
		if b.Header.Instance < instance {
			delete(c.proposals, id)
		}
	}
	for slot := range c.attempts {
		if slot.Instance+1 < instance {
			delete(c.attempts, slot)
		}
	}
	c.forgetVotes()
	if c.machine == nil {
		return
	}
	c.machine.Slow(c.slow)
	now, after := e.replica.State.Now, e.replica.State.Now
	if later, ok := e.replica.State.Committee(e.replica.Head.Height + 2); !ok || later.CID() != now.CID() {
		after = nil // it depends on whether this instance decides a block
	}
	if err := c.machine.Advance(instance, e.replica.Head, now, after); err != nil {
		e.emit(Noticed{err.Error()})
	}
}
