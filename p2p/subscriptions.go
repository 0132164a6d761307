package p2p

import (
	"sync"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/peer"
)

const (
	maxTopics = 64  // of one message about subscriptions
	maxOthers = 16  // topics of a peer that are not ours
	maxName   = 128 // bytes
)

// subscriptions is pubsub's subscription filter: our own topics, and of each
// peer a few others. A peer tells its topics only once, when it connects, so a
// topic that we join later must have been remembered; without a bound it could
// fill our memory with names.
type subscriptions struct {
	mu     sync.Mutex
	ours   map[string]bool
	others map[peer.ID]map[string]bool
}

func newSubscriptions() *subscriptions {
	return &subscriptions{ours: map[string]bool{}, others: map[peer.ID]map[string]bool{}}
}

func (s *subscriptions) allow(topic string, yes bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if yes {
		s.ours[topic] = true
	} else {
		delete(s.ours, topic)
	}
}

// forget drops what a peer that left had told.
func (s *subscriptions) forget(p peer.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.others, p)
}

// CanSubscribe implements pubsub.SubscriptionFilter.
func (s *subscriptions) CanSubscribe(topic string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ours[topic]
}

// FilterIncomingSubscriptions implements pubsub.SubscriptionFilter.
func (s *subscriptions) FilterIncomingSubscriptions(from peer.ID, subs []*pb.RPC_SubOpts) ([]*pb.RPC_SubOpts, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	yes := map[string]bool{}
	for _, sub := range subs {
		yes[sub.GetTopicid()] = s.note(from, sub.GetTopicid(), sub.GetSubscribe())
	}
	return pubsub.FilterSubscriptions(subs, func(topic string) bool { return yes[topic] }), nil
}

// note reports whether pubsub may hear that a peer joined or left a topic. What
// pubsub holds of a peer is thereby a part of what is noted here.
func (s *subscriptions) note(from peer.ID, topic string, joins bool) bool {
	others := s.others[from]
	switch {
	case len(topic) > maxName:
		return false
	case !joins:
		delete(others, topic)
		return true
	case s.ours[topic] || others[topic]:
		return true
	case len(others) >= maxOthers:
		return false
	}
	if others == nil {
		others = map[string]bool{}
		s.others[from] = others
	}
	others[topic] = true
	return true
}
