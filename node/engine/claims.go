package engine

import (
	"slices"

	"github.com/grapevine-network/grapevine/incentives"
	"github.com/grapevine-network/grapevine/learning/delta"
	"github.com/grapevine-network/grapevine/learning/settle"
	"github.com/grapevine-network/grapevine/ledger"
)

// claims remembers whose live deltas were heard, so that nobody else is paid for
// them: they are public before their authors could commit to them.
//
// What all peers evaluate alike can only be what is certified, and while heights
// stop nothing is. Two who later claim the same bytes can't be told apart by who
// was not there: signatures have no time, and a rule by which all refuse what some
// heard, or by which a signed LIVE is evidence, would let a thief sign what it
// heard and take its author's pay. So no rule of the ledger speaks of LIVE.
//
// But scores are each validator's own word, and their median by stake is what
// counts. A validator that heard a delta live scores it as useless if somebody
// else than the first who said it commits to it, or to one that is like it
// (settle.Copies, of sketches whose seed only this peer knows). So a thief earns
// nothing if validators with more than half of the stake, its own left out, heard
// the author: it must rob the larger part. The author loses nothing in any case:
// it commits to other bytes, its progress since in one delta with new work, and
// once that is certified, what is like it is a copy for all, by the archive.
//
// Not prevented: a thief among validators with less than half of the stake is paid
// for what it stole there, like a member that had trained, until the archive has
// it; and who brings a live delta under its own name to validators with half of
// the stake before its author's own message gets there is taken for the author.
// The second gains the author's pay for one round at most.
type claims struct {
	seed [32]byte
	all  []claim // the oldest first
}

type claim struct {
	round uint64
	delta ledger.CID
	settle.Signed
}

// maxClaims bounds what is remembered: 2 MiB of sketches.
const maxClaims = 1024

// add remembers a live delta of a model with params parameters, unless it is like
// one that somebody else said before.
func (c *claims) add(round uint64, author ledger.Author, id ledger.CID, d delta.Sparse, params int) {
	mine := c.claim(round, author, id, d, params)
	if c.stolen([]claim{mine})[0] {
		return
	}
	for len(c.all) > 0 && (len(c.all) >= maxClaims || c.all[0].round+incentives.ArchiveRounds <= round) {
		c.all = c.all[1:]
	}
	c.all = append(c.all, mine)
}

// claim is a delta and whose it is. A model too small for likeness to mean
// anything has no sketch, and nothing is like that.
func (c *claims) claim(round uint64, author ledger.Author, id ledger.CID, d delta.Sparse, params int) claim {
	out := claim{round, id, settle.Signed{Author: author, Weight: 1}}
	if params >= settle.CopiesFrom {
		out.Sketch = settle.SketchOf(d, c.seed)
	}
	return out
}

// stolen tells of each delta whether another author said it, or one like it,
// before.
func (c *claims) stolen(now []claim) []bool {
	out := make([]bool, len(now))
	if len(c.all) == 0 {
		return out
	}
	ours, theirs := make([]settle.Signed, len(now)), make([]settle.Signed, len(c.all))
	for k := range c.all {
		theirs[k] = c.all[k].Signed
	}
	for i := range now {
		ours[i] = now[i].Signed
	}
	out = settle.Copies(ours, theirs)
	for i := range now {
		out[i] = out[i] || slices.ContainsFunc(c.all, func(a claim) bool { return a.delta == now[i].delta && a.Author != now[i].Author })
	}
	return out
}

// useless is the largest gain in micro-nats for which nothing is merged.
const useless = -ledger.ScoreStep
