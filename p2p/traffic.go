package p2p

import (
	"sync/atomic"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/metrics"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
)

// Traffic is what went through a host. Bytes are those of streams, without the
// cost of encryption and packets.
type Traffic struct {
	Sent, Received int64 // bytes
	Messages       int64 // gossiped by others and accepted
	Lost           int64 // messages dropped here because a queue was full or Next was not called
}

// counts counts it. As a bandwidth reporter it has only the methods libp2p
// calls: the one that comes with libp2p starts a goroutine that never ends.
type counts struct {
	metrics.Reporter
	sent, received, messages, lost atomic.Int64
}

func (c *counts) traffic() Traffic {
	return Traffic{c.sent.Load(), c.received.Load(), c.messages.Load(), c.lost.Load()}
}

// LogSentMessage implements metrics.Reporter.
func (c *counts) LogSentMessage(n int64) { c.sent.Add(n) }

// LogRecvMessage implements metrics.Reporter.
func (c *counts) LogRecvMessage(n int64) { c.received.Add(n) }

// LogSentMessageStream implements metrics.Reporter.
func (c *counts) LogSentMessageStream(int64, protocol.ID, peer.ID) {}

// LogRecvMessageStream implements metrics.Reporter.
func (c *counts) LogRecvMessageStream(int64, protocol.ID, peer.ID) {}

// tracer counts messages; pubsub drops them without telling anybody else.
type tracer struct{ counts *counts }

var _ pubsub.RawTracer = (*tracer)(nil)

func (t *tracer) RejectMessage(_ *pubsub.Message, reason string) {
	if reason == pubsub.RejectValidationQueueFull {
		t.counts.lost.Add(1)
	}
}

func (t *tracer) DropRPC(rpc *pubsub.RPC, _ peer.ID) {
	t.counts.lost.Add(int64(len(rpc.GetPublish())))
}

func (t *tracer) UndeliverableMessage(*pubsub.Message) { t.counts.lost.Add(1) }

func (t *tracer) DeliverMessage(*pubsub.Message)           {} // counted by the check: this one sees our own too
func (t *tracer) OnNewOutboundStream(peer.ID, protocol.ID) {}
func (t *tracer) OnClosedOutboundStream(peer.ID)           {}
func (t *tracer) Join(string)                              {}
func (t *tracer) Leave(string)                             {}
func (t *tracer) Graft(peer.ID, string)                    {}
func (t *tracer) Prune(peer.ID, string)                    {}
func (t *tracer) ValidateMessage(*pubsub.Message)          {}
func (t *tracer) DuplicateMessage(*pubsub.Message)         {}
func (t *tracer) ThrottlePeer(peer.ID)                     {}
func (t *tracer) RecvRPC(*pubsub.RPC)                      {}
func (t *tracer) SendRPC(*pubsub.RPC, peer.ID)             {}
