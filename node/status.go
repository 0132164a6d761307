package node

import (
	"time"

	"github.com/grapevine-network/grapevine/incentives"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/engine"
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
	Live     Live
	Full     bool // the disk: the node reads and answers, and signs nothing, until there is space
}

// Live is how a node learns while no heights come.
type Live struct {
	Since            time.Time // when the first height that is missing was due; zero while heights come
	engine.LiveCount           // since the node was opened
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

// setFull notes whether the disk is full, in the middle of a step.
func (n *Node) setFull(on bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.status.Full = on
}

// observe notes where the engine stands, after each step.
func (n *Node) observe() {
	r := n.engine.Replica()
	s := Status{
		Height: r.Head.Height, Block: r.Head.Block, Instance: n.engine.Instance(),
		Round: r.State.Round.Number, Phase: r.State.Round.Phase, Anchor: r.State.Anchor(), Account: r.State.Account(n.Author()),
		Proven: n.engine.Certified(),
	}
	since, count := n.engine.Live()
	if s.Live.LiveCount = count; since > 0 {
		s.Live.Since = n.start.Add(time.Duration(since))
	}
	if !r.Unsettled() {
		s.State = r.Root()
	}
	n.mu.Lock()
	n.status = s
	n.mu.Unlock()
}
