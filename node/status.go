package node

import (
	"github.com/grapevine-network/grapevine/incentives"
	"github.com/grapevine-network/grapevine/ledger"
)

// Status is where a node stands.
type Status struct {
	Height   uint64
	Block    ledger.CID
	Instance uint64 // of consensus
	Round    uint64
	Phase    incentives.Phase
	Anchor   ledger.CID
	State    ledger.Hash // root; zero while a round is being settled
	Account  incentives.Account
	Peers    int
	Proven   bool // the last settlement is under the root that a certified block carries
}

// Status returns where the node stands; it may be called at any time.
func (n *Node) Status() Status {
	n.mu.Lock()
	defer n.mu.Unlock()
	s := n.status
	if n.topic != nil {
		s.Peers = len(n.topic.Peers())
	}
	return s
}

// observe notes where the engine stands, after each step.
func (n *Node) observe() {
	r := n.engine.Replica()
	s := Status{
		Height: r.Head.Height, Block: r.Head.Block, Instance: n.engine.Instance(),
		Round: r.State.Round.Number, Phase: r.State.Round.Phase, Anchor: r.State.Anchor(), Account: r.State.Account(n.Author()),
		Proven: n.engine.Certified(),
	}
	if !r.Unsettled() {
		s.State = r.Root()
	}
	n.mu.Lock()
	n.status = s
	n.mu.Unlock()
}
