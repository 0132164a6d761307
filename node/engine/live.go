package engine

import (
	"github.com/grapevine-network/grapevine/learning/delta"
	"github.com/grapevine-network/grapevine/learning/settle"
	"github.com/grapevine-network/grapevine/ledger"
)

// live is learning while heights stop: with too much stake away nothing can be
// certified, but whoever can still hear each other need not wait. Each keeps a
// live replica, trains on it, and tells the others its deltas. Once a beat each
// merges what it heard, by the arithmetic that settles a round: every delta cut
// to the norm of the last round, then the mean by bond. No two replicas need be
// alike; none is ever certified, and nobody is paid. When a height comes the
// replica is dropped, and what this peer itself had learnt goes into its error
// feedback, from where its next deltas carry it into the rounds.
//
// Nobody scores live deltas, so a liar does what a bounded norm and its share of
// the bond allow, to replicas that will be dropped. It can't do much more by saying
// more: an author is heard once in half a beat, twice as often as honest ones speak.
type live struct {
	patience int64 // ns without a height after which learning is live
	beat     int64 // ns between two merges
	alpha    settle.Q16
	params   int

	since   int64          // when the first height that did not come was due; 0 while none is missing
	replica []int32        // nil while heights come
	heard   []settle.Delta // since the last merge, our own included
	last    map[ledger.Author]int64
	seen    map[ledger.CID]bool
	clip    uint64 // norm to which the last round clipped; 0 if unknown
	mergeAt int64
	rested  bool    // a merge has come since our last training
	own     []int64 // what we have learnt since heights stopped, that nobody will merge; anchor units
	count   LiveCount

	training bool                         // what is in training is on the live replica
	wanted   map[ledger.Author]ledger.CID // large deltas that are being fetched
	served   []ledger.CID                 // our own large deltas, for others to fetch
}

// LiveCount says what a peer did while heights stopped, since it started.
type LiveCount struct {
	Merges  uint64 // steps of the live replica
	Heard   uint64 // deltas of others in them
	Dropped uint64 // messages of others that came too often, again, or malformed
}

// LiveBeat is how long a peer of a topic waits between two live deltas, in ns: two
// instances that fail. One takes some such time as pace, proposal and four message
// delays.
func LiveBeat(m *ledger.Manifest) int64 {
	return 2e6 * int64(m.Rounds.Pace+m.Rounds.Propose+4*m.Rounds.Delta)
}

// newLive waits for eight instances that fail, each of which takes longer than the
// one before: that is no accident.
func newLive(m *ledger.Manifest) live {
	beat := LiveBeat(m)
	return live{
		patience: 4 * beat, beat: beat, alpha: settle.Q16(m.Learning.Alpha), params: int(m.Learning.Params()),
		last: map[ledger.Author]int64{}, seen: map[ledger.CID]bool{}, wanted: map[ledger.Author]ledger.CID{},
	}
}

// on tells whether heights have stopped.
func (l *live) on() bool { return l.replica != nil }

// overdue notes whether a height is due, and tells whether it has been for so long
// that learning should go on without.
func (l *live) overdue(now int64, due bool) bool {
	switch {
	case l.on(): // until a height comes
	case !due:
		l.since = 0
	case l.since == 0:
		l.since = now
	}
	return l.since > 0 && now >= l.since+l.patience
}

// begin starts learning on a replica.
func (l *live) begin(now int64, replica []int32) {
	l.replica, l.mergeAt, l.rested = replica, now+l.beat, true
}

// allows tells whether to hear a delta of an author now: not if it was heard
// before, or the author within half a beat. What is not allowed is counted.
func (l *live) allows(now int64, author ledger.Author, id ledger.CID) bool {
	last, heard := l.last[author]
	if l.seen[id] || heard && now < last+l.beat/2 {
		l.count.Dropped++
		return false
	}
	if len(l.seen) >= maxSeen {
		clear(l.seen)
	}
	l.last[author], l.seen[id] = now, true
	return true
}

// maxSeen bounds the deltas that are remembered, so that no old one is heard again.
const maxSeen = 1 << 14

// hear keeps a delta for the next merge, if heights are missing.
func (l *live) hear(d delta.Sparse, weight uint64) {
	if l.since == 0 || len(l.heard) >= maxHeard {
		l.count.Dropped++
		return
	}
	l.count.Heard++
	l.keep(d, weight)
}

// maxHeard bounds the deltas of one merge.
const maxHeard = 512

func (l *live) keep(d delta.Sparse, weight uint64) {
	if l.clip > 0 {
		d = settle.Shorten(d, l.clip)
	}
	l.heard = append(l.heard, settle.Delta{Update: d, Weight: weight})
}

// learnt keeps a delta of our own: for the next merge, and for when heights
// return.
func (l *live) learnt(d delta.Sparse, weight uint64) {
	if l.own == nil {
		l.own = make([]int64, l.params)
	}
	for i, at := range d.Index {
		l.own[at] += int64(d.Value[i])
	}
	l.keep(d, weight)
}

// merge moves the replica once a beat, and tells whether it is time to train on
// it.
func (l *live) merge(now int64) (train bool) {
	if !l.on() {
		return false
	}
	if now >= l.mergeAt {
		l.mergeAt, l.rested = now+l.beat, true
		l.count.Merges++
		if r, err := settle.Merge(l.replica, l.heard, l.alpha); err == nil {
			l.replica = r.Anchor
		}
		l.heard = nil
	}
	return l.rested
}

// end is for when a height has come: it drops the replica, and tells whether there
// was one.
func (l *live) end() (was bool) {
	was = l.on()
	l.since, l.replica, l.heard, l.mergeAt = 0, nil, nil, 0
	return was
}

// carry hands over what we have learnt and nobody has merged, for error feedback;
// nil if there is nothing. Peers that were alone for long have gone their own way
// for long, so it is cut to what a few rounds can carry.
func (l *live) carry() *delta.Sparse {
	if l.own == nil {
		return nil
	}
	var d delta.Sparse
	for i, v := range l.own {
		if v != 0 {
			v = max(-delta.MaxValue, min(v, delta.MaxValue))
			d.Index, d.Value = append(d.Index, uint32(i)), append(d.Value, int32(v))
		}
	}
	l.own = nil
	if l.clip > 0 {
		d = settle.Shorten(d, keepRounds*l.clip)
	}
	return &d
}

// keepRounds is how many rounds' norms of own progress outlast a stop.
const keepRounds = 4

// wake is when the machine has something to do.
func (l *live) wake() int64 {
	switch {
	case l.on():
		return l.mergeAt
	case l.since > 0:
		return l.since + l.patience
	}
	return 0
}
