package engine

import "github.com/grapevine-network/grapevine/ledger/finality"

// A peer that starts with an old key can't see whether its disk is older than what
// it signed last. Others can: they say what they heard of it, and since which
// instance they have listened. Where nobody vouches, it may have voted in an
// instance that began before it listened, and does not vote there until a quorum has
// answered and a time has passed in which nobody said more; or, where so many can't be
// asked, a longer time.

// mute tells whether we must not vote.
func (e *Engine) mute() bool { return e.silent() || e.doubts() }

func (e *Engine) doubts() bool {
	c := &e.consensus
	listened := c.since > 0 && c.instance >= c.since
	vouched := c.vouched > 0 && c.instance >= c.vouched
	heard := e.now >= c.doubtUntil+12*e.interval() || e.now >= c.doubtUntil && e.replica.State.Now.Quorum(func(seat int) bool {
		a := e.replica.State.Now[seat].Author
		return a == e.cfg.Author || e.catchup.told[a]
	}, nil)
	return c.doubtUntil > 0 && e.seated() && !listened && !vouched && !heard
}

// listen notes that our machine has decided an instance, so we were there: from the next one
// on we hear all from its beginning.
func (c *consensus) listen(decided uint64) {
	if c.since == 0 {
		c.since = decided + 1
	}
}

// atHome tells whether we have listened for so long that nothing of ours, signed
// before this run and forgotten, can come any more.
func (c *consensus) atHome() bool { return c.since > 0 && c.instance >= c.since+2 }

// ownVote takes a valid vote of our seat that is not in our log. One in an instance
// that began while we listened was cast by a copy of this home. An older one we have
// forgotten.
func (e *Engine) ownVote(f *finality.Frame) (twin bool) {
	c := &e.consensus
	if c.since > 0 && f.Vote.Instance >= c.since {
		return true
	}
	e.adoptVotes([][]byte{mustEncode(f)})
	e.forgetful(f.Vote.Instance)
	return false
}
