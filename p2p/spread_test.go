package p2p

import (
	"crypto/sha256"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/peer"
)

// spread publishes blobs one after the other and says how long they took to reach
// the others, sorted, and the bytes sent for each byte that arrived.
func spread(s *sim, size int, publish func(from int, blob []byte), arrivals <-chan time.Time) ([]time.Duration, float64) {
	const blobs = 3
	rng := rand.NewChaCha8([32]byte{1})
	before := s.sent()
	var delays []time.Duration
	for i := range blobs {
		data := make([]byte, size)
		_, _ = rng.Read(data)
		start := time.Now()
		publish(i*7%len(s.hosts), data)
		time.Sleep(20 * time.Second)
		for len(arrivals) > 0 {
			delays = append(delays, (<-arrivals).Sub(start))
		}
	}
	if got, want := len(delays), blobs*(len(s.hosts)-1); got != want {
		s.t.Errorf("%d deliveries, want %d", got, want)
	}
	slices.Sort(delays)
	return delays, float64(s.sent()-before) / float64(len(delays)*size)
}

// cut spreads by announcement and Pull.
func cut(s *sim, size int) ([]time.Duration, float64) {
	check := func(_ peer.ID, data []byte) (any, Verdict) {
		a, err := ParseAnnouncement(data)
		if err != nil {
			return nil, Reject
		}
		return a, Accept
	}
	s.connect(false)
	topics := s.openAll(check)
	arrivals := make(chan time.Time, 100)
	for _, topic := range topics {
		go follow(s.t, topic, func() { arrivals <- time.Now() })
	}
	return spread(s, size, func(from int, data []byte) {
		a := must(Announce(cidOf(s.t, data), data))
		if err := errors.Join(topics[from].Offer(a, data), topics[from].Publish(s.t.Context(), a.Bytes())); err != nil {
			s.t.Error(err)
		}
	}, arrivals)
}

// follow pulls what is announced, until the topic is closed.
func follow(t *testing.T, topic *Topic, got func()) {
	for {
		m, err := topic.Next(t.Context())
		if err != nil {
			return
		}
		a := m.Value.(Announcement)
		if data, err := topic.Pull(t.Context(), a, m.From); err != nil || sha256.Sum256(data) != a.digest() {
			t.Errorf("pull: %d bytes, %v", len(data), err)
		}
		got()
	}
}

// gossip spreads the blobs themselves, as bare pubsub would.
func gossip(s *sim, size int) ([]time.Duration, float64) {
	s.connect(false)
	arrivals := make(chan time.Time, 100)
	var topics []*pubsub.Topic
	for i := range s.hosts {
		topic, stop := s.stranger(i, pubsub.ValidationAccept)
		defer stop()
		topics = append(topics, topic)
		sub := must(topic.Subscribe())
		go func() {
			for {
				m, err := sub.Next(s.t.Context())
				if err != nil {
					return
				}
				if m.ReceivedFrom != s.hosts[i].ID() {
					arrivals <- time.Now()
				}
			}
		}()
		defer sub.Cancel()
	}
	time.Sleep(warmUp)
	return spread(s, size, func(from int, data []byte) {
		if err := topics[from].Publish(s.t.Context(), data); err != nil {
			s.t.Error(err)
		}
	}, arrivals)
}

func TestCutThroughBeatsGossip(t *testing.T) {
	const size, peers = 512 << 10, 12
	var cutDelays, gossipDelays []time.Duration
	var cutBytes, gossipBytes float64
	simulate(t, peers, func(t *testing.T, s *sim) { cutDelays, cutBytes = cut(s, size) })
	if !racing {
		simulate(t, peers, func(t *testing.T, s *sim) { gossipDelays, gossipBytes = gossip(s, size) })
	}
	if t.Failed() {
		return
	}
	if cutBytes > 1.5 {
		t.Errorf("cut-through sent %.2f bytes for each that arrived, want at most 1.5", cutBytes)
	}
	if racing {
		return // nothing to compare with
	}
	median := func(d []time.Duration) time.Duration { return d[len(d)/2] }
	t.Logf("cut    p50 %v, slowest %v, sent %.2fx", median(cutDelays), cutDelays[len(cutDelays)-1], cutBytes)
	t.Logf("gossip p50 %v, slowest %v, sent %.2fx", median(gossipDelays), gossipDelays[len(gossipDelays)-1], gossipBytes)
	if median(cutDelays) > median(gossipDelays) {
		t.Errorf("cut-through took %v, gossip %v", median(cutDelays), median(gossipDelays))
	}
}
