package lab

import "github.com/grapevine-network/grapevine/ledger"

// wire counts what is published, so that bytes on a real network can be told.
type wire struct {
	deltas  int // bytes
	entries int // bytes
	blocks  int // bytes
	heights int
}

func (w *wire) delta(size int) { w.deltas += size }

func (w *wire) block(b *ledger.Block, entries []*ledger.Entry) {
	w.heights++
	w.blocks += len(b.Bytes())
	for _, e := range entries {
		w.entries += len(e.Bytes())
	}
}

// What the demo's network was measured to add.
const (
	voteBytes  = 500 // of a validator's votes about one height, all of them
	duplicates = 2.0 // times that gossip brings a message to a peer
)

// perPeer returns the bytes that have reached a peer: of the deltas of others,
// each once; and of all messages, as often as gossip brings them.
func (w *wire) perPeer(peers, scorers int) (payload, all float64) {
	others := float64(peers-1) / float64(peers)
	payload = float64(w.deltas) * others
	votes := float64(w.heights * scorers * voteBytes)
	return payload, duplicates * others * (float64(w.deltas+w.entries+w.blocks) + votes)
}
