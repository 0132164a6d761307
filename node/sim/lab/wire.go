package lab

import (
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/engine"
)

// wire counts what is published, to estimate the bytes on a real network.
type wire struct {
	inline  int // bytes of deltas that gossip carries
	fetched int // bytes of deltas that are asked for
	rest    int // bytes of entries and blocks
	heights int
}

func (w *wire) delta(size int) {
	if size <= engine.MaxInline {
		w.inline += size
	} else {
		w.fetched += size
	}
}

func (w *wire) block(b *ledger.Block, entries []*ledger.Entry) {
	w.heights++
	w.rest += len(b.Bytes())
	for _, e := range entries {
		w.rest += len(e.Bytes())
	}
}

// What networks were measured to add: demos of 8 peers and 8 rounds with models of
// 7,850, 50,890 and 203,530 parameters received 5.31, 6.88 and 8.44 MB a peer, for
// deltas of 0.83, 4.9 and 18.1 kB and 34, 36 and 48 heights.
const (
	gossiped = 4.9  // times that gossip brings a message to a peer
	asked    = 1.15 // the same for what is fetched
	repeats  = 2    // times that a vote is published
)

// votes are the bytes of what a committee of n publishes about one height: five
// votes each of 180 bytes, two of them with the signatures of a quorum.
func votes(n int) int { return repeats * n * (5*180 + 2*64*((2*n+2)/3)) }

// perPeer returns the bytes that have reached a peer: of the deltas of others,
// each once; and of all messages, as often as the network brings them.
func (w *wire) perPeer(peers, scorers int) (payload, all float64) {
	payload = float64(peers-1) / float64(peers) * float64(w.inline+w.fetched)
	small := float64(w.inline + w.rest + w.heights*votes(scorers))
	return payload, gossiped*small + asked*float64(w.fetched)
}
