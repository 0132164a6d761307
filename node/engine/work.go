package engine

import (
	"maps"
	"math/bits"

	"github.com/grapevine-network/grapevine/incentives"
	"github.com/grapevine-network/grapevine/ledger"
)

// work is a newcomer's proofs of work. What one is made of is known long before
// its round opens, and a COMMIT phase waits for no newcomer: it must be there by
// then.
type work struct {
	found map[uint64]uint64 // by round
	busy  bool              // one is being looked for
	since uint64            // the round for which it would have been in time at once
	took  uint64            // by how many rounds one would be late, as the last ones were
}

// mineAhead looks for the proofs of this round and the next, one at a time. Where
// that takes whole rounds, it is for a round so much later.
func (e *Engine) mineAhead() {
	w := &e.contributor.work
	if w.busy || !e.trains() || e.bonded() {
		return
	}
	maps.DeleteFunc(w.found, func(round, _ uint64) bool { return round < e.replica.State.Round.Number })
	next := e.nextCommit()
	for round := next + w.took; round <= next+w.took+1; round++ {
		if _, has := w.found[round]; !has {
			w.busy, w.since = true, next
			e.emit(Mine{round, e.replica.State.Economy.Work})
			return
		}
	}
}

func (e *Engine) mined(in Mined) {
	w := &e.contributor.work
	w.found[in.Round] = in.Work
	w.busy, w.took = false, max(e.nextCommit()-w.since, max(w.took, 1)-1)
}

// nextCommit is the first round that may still take a COMMIT of ours.
func (e *Engine) nextCommit() uint64 {
	r := &e.replica.State.Round
	if r.Phase != incentives.PhaseCommit || e.contributor.did(ledger.KindCommit, r.Number) {
		return r.Number + 1
	}
	return r.Number
}

// FindWork answers Mine: the first value whose hash has the bits asked for. To go
// on for a smaller hash would cost more than it wins: where slots are few, who has
// many identities would begin with the next one instead, and win more of the lane
// than its share of the work.
//
// It ends early, with what is no answer, when ended says so.
func FindWork(topic ledger.CID, author ledger.Author, m Mine, ended func() bool) (work uint64) {
	for !ended() && zeroBits(ledger.WorkHash(topic, m.Round, author, work)) < m.Bits {
		work++
	}
	return work
}

func zeroBits(h ledger.Hash) (n uint64) {
	for _, b := range h {
		n += uint64(bits.LeadingZeros8(b))
		if b != 0 {
			break
		}
	}
	return n
}
