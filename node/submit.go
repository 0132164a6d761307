package node

import (
	"context"
	"errors"
	"sync"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/engine"
)

// ErrBusy means that an entry can't be signed now, and can later: this peer is
// still catching up, or has said enough in this round.
var ErrBusy = engine.ErrBusy

// Submit signs an entry of this node's own chain and publishes it. body is one of
// ledger's, such as *ledger.Transfer. One that would have no effect is not signed;
// the error wraps incentives.ErrVoid and says by which rule. It works while Run
// does.
func (n *Node) Submit(ctx context.Context, body any) (*ledger.Entry, error) {
	answer := make(chan engine.Submitted, 1)
	id := n.submits.add(answer)
	defer n.submits.remove(id)
	if err := n.put(ctx, engine.Submit{ID: id, Body: body}); err != nil {
		return nil, err
	}
	select {
	case a := <-answer:
		return a.Entry, a.Err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Landed says where an entry was certified, and why it had no effect.
type Landed struct {
	Height uint64
	Void   error // nil if it took effect
}

// Land waits until an entry of this node's is certified. since is the number of
// an event from before it was submitted.
func (n *Node) Land(ctx context.Context, e *ledger.Entry, since uint64) (Landed, error) {
	for r := range n.Events(ctx, since) {
		c, is := r.Event.(Certified)
		if !is {
			continue
		}
		for _, cut := range c.Receipt.Block.Cuts {
			if cut.Author != e.Author || cut.Seq < e.Seq {
				continue
			}
			l := Landed{Height: c.Receipt.Block.Header.Height}
			for _, v := range c.Receipt.Voids {
				if v.Entry.CID() == e.CID() {
					l.Void = v.Reason
				}
			}
			return l, nil
		}
	}
	if err := ctx.Err(); err != nil {
		return Landed{}, err
	}
	return Landed{}, errors.New("the node was closed")
}

// Newest is the number of the newest event.
func (n *Node) Newest() uint64 {
	n.events.mu.Lock()
	defer n.events.mu.Unlock()
	return n.events.next - 1
}

// submits are those who wait for an answer of the engine.
type submits struct {
	mu      sync.Mutex
	next    uint64
	waiting map[uint64]chan<- engine.Submitted
}

func (s *submits) add(answer chan<- engine.Submitted) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting == nil {
		s.waiting = map[uint64]chan<- engine.Submitted{}
	}
	s.next++
	s.waiting[s.next] = answer
	return s.next
}

func (s *submits) remove(id uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.waiting, id)
}

// answer never blocks: each channel has room for its one answer.
func (s *submits) answer(a engine.Submitted) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if to := s.waiting[a.ID]; to != nil {
		to <- a
		delete(s.waiting, a.ID)
	}
}
