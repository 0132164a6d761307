package node

import (
	"sync"
	"time"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/audit"
	"github.com/grapevine-network/grapevine/node/engine"
)

// liveGate keeps floods of live deltas from being passed on: it knows whose deltas
// weigh something, and hears each of them as often as honest peers could speak,
// with room for delays. The engine is stricter, but gossip comes before it.
type liveGate struct {
	mu   sync.Mutex
	gap  time.Duration
	last map[ledger.Author]time.Time // of all who may speak
}

// admit takes who may speak now.
func (g *liveGate) admit(r *audit.Replica) {
	g.mu.Lock()
	defer g.mu.Unlock()
	last := map[ledger.Author]time.Time{}
	for author, a := range r.State.Accounts {
		if r.State.Weight(author) > 0 && !a.Forked {
			last[author] = g.last[author]
		}
	}
	g.gap, g.last = time.Duration(engine.LiveBeat(r.Manifest)/4), last
}

func (g *liveGate) allows(author ledger.Author, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	last, may := g.last[author]
	if !may || now.Sub(last) < g.gap {
		return false
	}
	g.last[author] = now
	return true
}
