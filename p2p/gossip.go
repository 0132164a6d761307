package p2p

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"runtime"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p-pubsub/timecache"
	"github.com/libp2p/go-libp2p/core/peer"
)

const (
	// MaxMessage is the largest message in bytes; what is larger is offered as a
	// blob. 16 KiB is the largest that gossip spreads faster than a blob.
	MaxMessage = maxEnvelope - 1<<10

	maxEnvelope = 64 << 10 // what pubsub reads at most; a larger one ends the stream

	seenFor = 5 * time.Minute // in which the same bytes are a duplicate
)

// newPubsub starts GossipSub on h. It ends with ctx.
//
// No authors and no signatures: entries and votes carry their own, and who
// forwards is what the check of a message must know. The same bytes on the same
// topic are the same message, so a copy cannot come before its original.
func newPubsub(ctx context.Context, h *Host, looks chan<- scores) (*pubsub.PubSub, error) {
	params := pubsub.DefaultGossipSubParams()
	params.UnsubscribeBackoff = time.Second // who leaves and comes back, as after Fetch, would be no neighbour for 10 s
	params.HistoryLength = 10               // heartbeats in which a message can be asked for
	params.GossipFactor = 0.1               // of the peers outside the mesh; at least 6 anyway
	score, thresholds := scoreParams(h.standing.of)
	return pubsub.NewGossipSub(ctx, h.host,
		pubsub.WithGossipSubParams(params),
		pubsub.WithMessageSignaturePolicy(pubsub.StrictNoSign),
		pubsub.WithNoAuthor(),
		pubsub.WithMessageIdFn(messageID),
		pubsub.WithFloodPublish(false),
		pubsub.WithMaxMessageSize(maxEnvelope),
		pubsub.WithMaxControlMessageSize(maxEnvelope),
		// A message that finds the queue full is not marked as seen and comes again.
		pubsub.WithValidateQueueSize(1024),
		pubsub.WithValidateWorkers(runtime.NumCPU()),
		pubsub.WithPeerOutboundQueueSize(512),
		pubsub.WithSeenMessagesTTL(seenFor),
		pubsub.WithSeenMessagesStrategy(timecache.Strategy_LastSeen),
		pubsub.WithSubscriptionFilter(pubsub.WrapLimitSubscriptionFilter(h.subs, maxTopics)),
		pubsub.WithPeerScore(score, thresholds),
		pubsub.WithPeerScoreInspect(report(looks), lookEvery),
		pubsub.WithRawTracer(&tracer{counts: &h.counts}),
		pubsub.WithLogger(h.log),
		pubsub.WithRPCLogger(h.log),
	)
}

// report passes scores on without ever blocking: pubsub calls it in a goroutine
// of its own, once more after its context ended.
func report(looks chan<- scores) pubsub.ExtendedPeerScoreInspectFn {
	return func(s map[peer.ID]*pubsub.PeerScoreSnapshot) {
		select {
		case looks <- s:
		default:
		}
	}
}

// messageID is SHA-256(length of topic ‖ topic ‖ data). It runs on every
// duplicate.
func messageID(m *pb.Message) string {
	var sum [sha256.Size]byte
	d := sha256.New()
	_, _ = d.Write(binary.BigEndian.AppendUint32(nil, uint32(len(m.GetTopic()))))
	_, _ = d.Write([]byte(m.GetTopic()))
	_, _ = d.Write(m.GetData())
	return string(d.Sum(sum[:0]))
}
