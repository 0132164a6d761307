package engine

import (
	"fmt"
	"slices"

	"github.com/grapevine-network/grapevine/incentives"
	"github.com/grapevine-network/grapevine/ledger"
)

// driveLive learns without heights, once they have been missing for long.
func (e *Engine) driveLive() {
	l := &e.live
	due := !e.catchup.meeting && (e.consensus.reason || e.replica.Unsettled())
	if l.overdue(e.now, due) && !l.on() && e.trains() {
		l.begin(e.now, e.liveReplica())
		e.emit(Noticed{fmt.Sprintf("no heights since %d s ago: too much stake is away, learning live with who is here", (e.now-l.since)/1e9)})
		e.publishAhead()
	}
	if l.merge(e.now) && e.trains() && !e.contributor.training {
		l.rested, e.live.training = false, true
		e.train(e.replica.State.Round.Number, l.replica)
	}
}

// liveReplica is where live learning begins: the anchor with the deltas of the
// round that have been revealed. Our own is not in it before: what one peer alone
// adds would keep its replica apart from all others for good.
func (e *Engine) liveReplica() []int32 {
	if e.replica.State.Round.Phase > incentives.PhaseCommit {
		known, _ := e.revealed()
		if x := e.replica.Preview(known); x != nil {
			return x
		}
	}
	return e.replica.Anchor() // merging makes a new one
}

// publishAhead tells the others what we have trained ahead on a replica of our own:
// there will be no anchor soon on which it could count.
func (e *Engine) publishAhead() {
	c := &e.contributor
	if e.ahead.replica == nil {
		return
	}
	e.ahead.replica = nil
	if c.training {
		e.live.training = true
		return
	}
	data := c.ready
	c.ready = nil
	e.liveTrained(Trained{Delta: data})
}

// liveTrained publishes a delta made on the live replica. If heights have returned
// meanwhile, it only waits for error feedback to carry it on.
func (e *Engine) liveTrained(in Trained) {
	u, err := e.replica.Codec().Decode(in.Delta)
	if in.Delta == nil || err != nil {
		return
	}
	l := &e.live
	l.learnt(u, e.weightOf(e.cfg.Author))
	e.claims.add(e.replica.State.Round.Number, e.cfg.Author, ledger.SumBlob(in.Delta), u, l.params)
	if !l.on() {
		l.heard = nil
		return
	}
	m := LiveMessage{Live: SignLive(e.cfg.Sign, e.cfg.Author, e.cfg.Topic, e.replica.State.Anchor(), in.Delta)}
	if len(in.Delta) <= MaxInline {
		m.Delta = in.Delta
	} else {
		e.serveLive(m.Live.Delta, in.Delta)
	}
	e.emit(Publish{Encode(m)})
}

// serveLive keeps a large live delta of our own for others to fetch, and the few
// before it.
func (e *Engine) serveLive(id ledger.CID, data []byte) {
	e.emit(StoreBlob{id, data})
	e.live.served = append(e.live.served, id)
	if len(e.live.served) > 4 {
		e.emit(DropBlob{e.live.served[0]})
		e.live.served = e.live.served[1:]
	}
}

// weightOf is what an author's delta weighs in a round. Who weighs nothing is not
// heard, or anybody could be many.
func (e *Engine) weightOf(author ledger.Author) uint64 {
	if e.replica.State.Account(author).Forked {
		return 0
	}
	return e.replica.State.Weight(author)
}

// takeLive hears another peer's live delta, and fetches it if it is large.
func (e *Engine) takeLive(m LiveMessage) {
	l, author := &e.live, m.Live.Author
	known := e.weightOf(author) > 0 && slices.Contains(e.replica.State.Anchors, m.Live.Base)
	if author == e.cfg.Author || !known || !l.allows(e.now, author, m.Live.Delta) {
		return
	}
	if len(m.Delta) > 0 {
		e.hearLive(author, m.Delta)
	} else if m.Live.Size <= uint64(e.replica.Codec().MaxBytes()) {
		e.live.wanted[author] = m.Live.Delta // and no longer what it said before
		e.emit(Fetch{m.Live.Delta, author})
	}
}

func (e *Engine) hearLive(author ledger.Author, data []byte) {
	u, err := e.replica.Codec().Decode(data)
	if err != nil {
		e.live.count.Dropped++
		return
	}
	if e.trains() {
		e.live.hear(u, e.weightOf(author))
	}
	e.claims.add(e.replica.State.Round.Number, author, ledger.SumBlob(data), u, e.live.params)
}

// fetchedLive takes a large live delta that was asked for.
func (e *Engine) fetchedLive(id ledger.CID, data []byte) {
	for author, want := range e.live.wanted {
		if want == id {
			delete(e.live.wanted, author)
			e.hearLive(author, data)
			return // by one author alone
		}
	}
}

// endLive turns back to what is certified, when a height has come.
func (e *Engine) endLive() {
	count := e.live.count
	if e.live.end() {
		e.emit(Noticed{fmt.Sprintf("heights come again, after %d live steps: back to the certified model", count.Merges)})
	}
	for _, id := range e.live.served {
		e.emit(DropBlob{id})
	}
	e.live.served = nil
	clear(e.live.wanted)
}

// Live tells since when heights are missing, on the clock of Step, and what was
// learnt without: 0 while they come.
func (e *Engine) Live() (since int64, count LiveCount) {
	if e.live.on() {
		since = e.live.since
	}
	return since, e.live.count
}

// LiveModel is the live replica, LSB 2^-20; nil while heights come. It must not be
// changed.
func (e *Engine) LiveModel() []int32 { return e.live.replica }
