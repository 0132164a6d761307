package engine

import (
	"github.com/grapevine-network/grapevine/incentives"
	"github.com/grapevine-network/grapevine/learning/settle"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/audit"
)

// ahead is training that overlaps with settling. While a round's deltas are
// certified and scored nobody knows the next anchor, but everybody holds nearly
// all that it is made of. So the next round is trained on a live replica: the
// anchor with the deltas merged by the rule that will merge them, but for those
// of authors whose last one was refused. When the anchor is certified, an update
// made on a replica near to it counts as made on the anchor. If the replica was
// farther off than half of the anchor's step, the update is thrown away, and
// training runs again: with two of eight peers flipping signs, updates made on
// whatever replica there was overshot, and the liars were paid.
type ahead struct {
	replica []int32                // that the delta in preparation, or ready, was trained on; nil if on an anchor
	stale   bool                   // the delta in preparation will be thrown away
	undo    bool                   // one was, and error feedback does not know
	skip    uint64                 // the round for which there was none: it is tried again on its anchor
	refused map[ledger.Author]bool // whose delta was not merged in the last round
}

// trainAhead begins with the next round as soon as our own delta is revealed and
// those of the others are here.
func (e *Engine) trainAhead() {
	c, round := &e.contributor, e.replica.State.Round.Number
	if !e.cfg.Overlap || !e.trains() || c.training || c.ready != nil || e.ahead.skip == round+1 {
		return
	}
	revealed, all := e.revealed()
	if !all || len(revealed) == 0 {
		return
	}
	if e.ahead.replica = e.replica.Preview(revealed); e.ahead.replica == nil {
		return
	}
	e.train(round+1, e.ahead.replica)
}

// revealed returns the deltas of the round that are here, certified or not, and
// whether to wait for no more.
func (e *Engine) revealed() (deltas map[ledger.Author][]byte, all bool) {
	c, r := &e.contributor, &e.replica.State.Round
	deltas, missing := map[ledger.Author][]byte{}, false
	for author := range r.Commits {
		v, certified := r.Reveals[author]
		id := v.Delta
		if !certified {
			id = e.chains.reveal(author, r.Number)
		}
		data := e.blobs[id]
		if data == nil {
			missing = true
		} else if !e.ahead.refused[author] {
			deltas[author] = data
		}
	}
	if r.Phase == incentives.PhaseReveal {
		return deltas, !missing
	}
	c.enterSeal(r.Number, e.now)
	return deltas, e.gathered()
}

// rebase turns to the anchor that has just been settled on the one before.
func (e *Engine) rebase(before []int32, out *audit.Outcome) {
	a := &e.ahead
	a.refused = map[ledger.Author]bool{}
	for _, d := range out.Deltas {
		a.refused[d.Author] = !d.Merged()
	}
	if a.replica != nil {
		e.keepAhead(near(a.replica, e.replica.Anchor(), before))
	}
}

// keepAhead decides what becomes of the delta that was trained ahead.
func (e *Engine) keepAhead(near bool) {
	a, c := &e.ahead, &e.contributor
	if near {
		c.trainedOn = e.replica.State.Anchor()
	} else if c.training {
		a.stale = true
	} else {
		c.ready, a.undo = nil, true
	}
	a.replica = nil
}

// near tells whether a replica is within half the way that the anchor went.
func near(replica, anchor, before []int32) bool {
	return 2*settle.Distance(anchor, replica) <= settle.Distance(anchor, before)
}
