package sim

import (
	"fmt"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/audit"
	"github.com/grapevine-network/grapevine/node/engine"
	"github.com/grapevine-network/grapevine/node/sim/adversary"
)

// witness sees everything and knows what must never happen.
type witness struct {
	blocks  map[uint64]ledger.CID  // by height
	roots   map[uint64]ledger.Hash // by height, once settled
	anchors map[uint64]ledger.CID  // by round
	votes   map[ballot]string
	entries map[place]ledger.CID
	trained map[ledger.Author]uint64 // what each was paid for training, as peer 0 has it
}

type ballot struct {
	author ledger.Author
	slot   ledger.Slot
}

type place struct {
	author ledger.Author
	seq    uint64
}

func newWitness() witness {
	return witness{
		map[uint64]ledger.CID{}, map[uint64]ledger.Hash{}, map[uint64]ledger.CID{}, map[ballot]string{}, map[place]ledger.CID{}, map[ledger.Author]uint64{},
	}
}

// certified: no two blocks at one height.
func (w *witness) certified(p *Peer, r *audit.Receipt) error {
	h, id := r.Block.Header.Height, r.Block.CID()
	if other, seen := w.blocks[h]; seen && other != id {
		return fmt.Errorf("two blocks are certified at height %d", h)
	}
	w.blocks[h] = id
	return nil
}

// settled: one model a round, and who attacks by its deltas earns nothing for
// them.
func (w *witness) settled(p *Peer, o *audit.Outcome) error {
	if other, seen := w.anchors[o.Round]; seen && other != o.Anchor {
		return fmt.Errorf("two models after round %d", o.Round)
	}
	w.anchors[o.Round] = o.Anchor
	if p.id == 0 {
		for _, d := range o.Deltas {
			w.trained[d.Author] += d.Paid
		}
	}
	for _, d := range o.Deltas {
		for i, kind := range p.world.cfg.Attack {
			if d.Author == p.world.keys.author(i) && d.Paid > 0 && cheats(kind) {
				return fmt.Errorf("%s earned %d in round %d", kind, d.Paid, o.Round)
			}
		}
	}
	return nil
}

// cheats tells whether a kind of attack must never be paid for training.
func cheats(k adversary.Kind) bool {
	return k == adversary.SignFlip || k == adversary.Copy || k == adversary.Withhold
}

// check: equal states at equal heights, tokens conserved, no honest peer in a
// proof.
func (w *witness) check(p *Peer) error {
	r := p.engine.Replica()
	if !p.honest() || r.Unsettled() {
		return nil
	}
	root := r.Root()
	if other, seen := w.roots[r.Head.Height]; seen && other != root {
		return fmt.Errorf("two states at height %d", r.Head.Height)
	} else if !seen {
		w.roots[r.Head.Height] = root
		s := r.State
		balances, bonds, stakes := s.Held()
		if sum := balances + bonds + stakes + s.Supply.Remaining + s.Supply.Treasury + s.Supply.Burnt; sum != s.Economy.Cap {
			return fmt.Errorf("tokens add up to %d at height %d, the cap is %d", sum, r.Head.Height, s.Economy.Cap)
		}
	}
	for _, guilty := range p.engine.Accused() {
		for _, q := range p.world.Honest() {
			if q.author() == guilty {
				return fmt.Errorf("honest peer %d is provably guilty", q.id)
			}
		}
	}
	return nil
}

// published: an honest peer never signs two votes for one slot, nor two entries
// for one place. One that forgot what nobody else remembers either may; but then
// nobody can prove it.
func (w *witness) published(p *Peer, data []byte) error {
	if !p.honest() {
		return nil
	}
	m, err := engine.Decode(data, p.world.topic, p.world.keys.verify)
	if err != nil {
		return fmt.Errorf("published what nobody can read: %w", err)
	}
	switch m := m.(type) {
	case engine.VoteMessage:
		b := ballot{p.author(), m.Frame.Vote.Slot()}
		said := string(m.Frame.Sig)
		if before, seen := w.votes[b]; seen && before != said && !p.forgot {
			return fmt.Errorf("voted twice in slot %+v", b.slot)
		}
		w.votes[b] = said
	case engine.EntryMessage:
		at := place{m.Entry.Author, m.Entry.Seq}
		if before, seen := w.entries[at]; seen && before != m.Entry.CID() {
			return fmt.Errorf("signed two entries numbered %d", at.seq)
		}
		w.entries[at] = m.Entry.CID()
	}
	return nil
}
