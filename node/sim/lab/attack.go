package lab

import (
	"context"

	"github.com/grapevine-network/grapevine/learning"
	"github.com/grapevine-network/grapevine/learning/delta"
	"github.com/grapevine-network/grapevine/learning/model"
	"github.com/grapevine-network/grapevine/node/sim/adversary"
)

// forger makes the forger of an attacker. It knows how many attack with it.
func (w *world) forger(p *peer, codec delta.Codec) *adversary.Forger {
	f := adversary.NewForger(p.attack, codec, p.seed)
	f.Liars = w.Attack[p.attack]
	return f
}

// forge lets the attackers among those who have trained replace their deltas.
// They are stronger than any in a network: they know all honest deltas of this
// round, and what their own held-out data say of what they might send.
func (w *world) forge(ctx context.Context, trained []*peer, base learning.Vector, round uint64) error {
	var honest [][]byte
	var liars []*peer
	for _, p := range trained {
		switch {
		case p.ready == nil:
		case p.forger == nil:
			honest = append(honest, p.ready.data)
		default:
			liars = append(liars, p)
		}
	}
	return w.pool.each(ctx, len(liars), func(i int) error {
		p := liars[i]
		p.forger.Harmless = func(update []float32) bool { return p.harmless(ctx, base, update, len(trained)) }
		p.forger.Peek(honest)
		if p.ready.data = p.forger.Forge(round, p.ready.data); p.ready.data == nil {
			p.ready = nil
		}
		return nil
	})
}

// harmless tells whether an update of a round of so many does no harm on a peer's
// own held-out data.
func (p *peer) harmless(ctx context.Context, base, update learning.Vector, among int) bool {
	share := make(learning.Vector, len(update))
	add(share, update, 1/float32(among))
	s, err := p.trainer.Evaluate(ctx, base, []learning.Vector{share})
	return err == nil && s[0].Gain >= 0
}

// tryBackdoor measures how well a backdoor works, if somebody made one.
func (w *world) tryBackdoor() error {
	if w.Attack[adversary.Backdoor] == 0 {
		return nil
	}
	r, err := model.Evaluate(w.net, w.anchor(), adversary.Backdoored(w.data.Test))
	w.result.backdoor = r.Accuracy
	return err
}
