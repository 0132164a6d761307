package p2p

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p"
	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/metrics"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/x/simlibp2p"
	"github.com/marcopolo/simnet"
)

const warmUp = 6 * time.Second // until the mesh stands

// sim is a network in virtual time: real libp2p over real QUIC, simulated links
// of 20 Mbit/s and 80 ms round trip.
type sim struct {
	t      *testing.T
	net    *simnet.Simnet
	hosts  []host.Host
	meters []*meter
	ours   []*Host
}

// simulate runs f in a synctest bubble, which also fails if anything survives.
func simulate(t *testing.T, peers int, f func(*testing.T, *sim)) {
	// Timers of a bubble that fire on several threads confuse the race detector:
	// https://go.dev/issue/78156. It makes small simulations faster, too.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	synctest.Test(t, func(t *testing.T) {
		s := &sim{t: t, net: &simnet.Simnet{LatencyFunc: simnet.StaticLatency(40 * time.Millisecond)}}
		for range peers {
			s.add()
		}
		s.net.Start()
		defer s.net.Close()
		defer s.close()
		f(t, s)
	})
}

func (s *sim) add() { s.addAt(simnet.IntToPublicIPv4(len(s.hosts)), 8000) }

// addAt adds a host with an address of its own or, behind a router, with a port.
func (s *sim) addAt(ip net.IP, port int) {
	link := simnet.LinkSettings{BitsPerSecond: 20 * simlibp2p.OneMbps}
	m := &meter{}
	h, err := libp2p.New(
		libp2p.ListenAddrStrings(fmt.Sprintf("/ip4/%s/udp/%d/quic-v1", ip, port)),
		simlibp2p.QUICSimnet(s.net, simnet.NodeBiDiLinkSettings{Uplink: link, Downlink: link}),
		libp2p.DisableIdentifyAddressDiscovery(), // it would stall the bubble
		libp2p.ResourceManager(&network.NullResourceManager{}),
		libp2p.BandwidthReporter(m),
		libp2p.DisableMetrics(),
	)
	if err != nil {
		s.t.Fatal(err)
	}
	s.hosts, s.meters = append(s.hosts, h), append(s.meters, m)
}

func (s *sim) close() {
	for _, h := range s.ours {
		if err := h.Close(); err != nil {
			s.t.Error(err)
		}
	}
	for _, h := range s.hosts {
		if err := h.Close(); err != nil {
			s.t.Error(err)
		}
	}
}

// connect dials all pairs, or a ring with chords, the same one every time.
func (s *sim) connect(all bool) {
	rng := rand.New(rand.NewPCG(1, 0))
	for i := range s.hosts {
		for d := 1; d < len(s.hosts); d++ {
			j := (i + d) % len(s.hosts)
			if all && i < j || !all && (d == 1 || rng.IntN(len(s.hosts)) < 3) {
				s.dial(i, j)
			}
		}
	}
}

func (s *sim) dial(i, j int) {
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	to := peer.AddrInfo{ID: s.hosts[j].ID(), Addrs: s.hosts[j].Addrs()}
	if err := s.hosts[i].Connect(ctx, to); err != nil {
		s.t.Fatal(err)
	}
}

// open puts one of our hosts on host i and joins the topic.
func (s *sim) open(i int, c Config, check Check) *Topic {
	c.Host = s.hosts[i]
	h, err := Open(s.t.Context(), c)
	if err != nil {
		s.t.Fatal(err)
	}
	s.ours = append(s.ours, h)
	return join(s.t, h, check)
}

func (s *sim) openAll(check Check) []*Topic {
	var topics []*Topic
	for i := range s.hosts {
		topics = append(topics, s.open(i, Config{}, check))
	}
	time.Sleep(warmUp)
	return topics
}

// stranger puts a bare pubsub on host i, with our wire format and no score. What
// validate is for is the stranger's behaviour: one that ignores forwards nothing.
func (s *sim) stranger(i int, verdict pubsub.ValidationResult) (*pubsub.Topic, func()) {
	ctx, cancel := context.WithCancel(s.t.Context())
	ps, err := pubsub.NewGossipSub(ctx, s.hosts[i],
		pubsub.WithMessageSignaturePolicy(pubsub.StrictNoSign), pubsub.WithNoAuthor(),
		pubsub.WithMessageIdFn(messageID), pubsub.WithMaxMessageSize(2*MaxBlob),
		pubsub.WithFloodPublish(false))
	if err != nil {
		s.t.Fatal(err)
	}
	err = ps.RegisterTopicValidator("topic", func(_ context.Context, from peer.ID, _ *pubsub.Message) pubsub.ValidationResult {
		if from == s.hosts[i].ID() {
			return pubsub.ValidationAccept
		}
		return verdict
	})
	if err != nil {
		s.t.Fatal(err)
	}
	topic, err := ps.Join("topic")
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := topic.Subscribe(); err != nil {
		s.t.Fatal(err)
	}
	return topic, cancel
}

// score is what host i thinks of a peer.
func score(h *Host, p peer.ID) float64 { return h.standing.of(p) }

func (s *sim) sent() (total int64) {
	for _, m := range s.meters {
		total += m.sent.Load()
	}
	return total
}

// meter counts the bytes one host writes to its streams.
type meter struct {
	metrics.Reporter
	sent atomic.Int64
}

func (m *meter) LogSentMessage(n int64)                           { m.sent.Add(n) }
func (m *meter) LogRecvMessage(int64)                             {}
func (m *meter) LogSentMessageStream(int64, protocol.ID, peer.ID) {}
func (m *meter) LogRecvMessageStream(int64, protocol.ID, peer.ID) {}

func TestGossipReachesEverybody(t *testing.T) {
	simulate(t, 10, func(t *testing.T, s *sim) {
		s.connect(false)
		topics := s.openAll(nil)
		for i, from := range topics {
			if err := from.Publish(t.Context(), []byte{byte(i)}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Second)
		for i, topic := range topics {
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			defer cancel()
			for n := range len(topics) - 1 {
				if _, err := topic.Next(ctx); err != nil {
					t.Errorf("peer %d got %d messages within a second, want %d: %v", i, n, len(topics)-1, err)
					break
				}
			}
			if m, err := topic.Next(ctx); err == nil {
				t.Errorf("peer %d got %v twice or from itself", i, m.Data)
			}
		}
	})
}

func TestPublishWaitsForTheFirstNeighbour(t *testing.T) {
	simulate(t, 2, func(t *testing.T, s *sim) {
		a, b := s.open(0, Config{}, nil), s.open(1, Config{}, nil)
		s.connect(true)
		for len(a.Peers()) == 0 {
			time.Sleep(time.Millisecond)
		}
		if err := a.Publish(t.Context(), []byte("at once")); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := b.Next(ctx); err != nil {
			t.Error(err)
		}
	})
}

func TestInvalidMessagesLeadToDisconnection(t *testing.T) {
	simulate(t, 3, func(t *testing.T, s *sim) {
		s.connect(true)
		check := func(_ peer.ID, data []byte) (any, Verdict) {
			if data[0] == 'x' {
				return nil, Reject
			}
			return nil, Accept
		}
		told := make(chan string, 8)
		expelled := func(p peer.ID, why string) { told <- p.String() + " " + why }
		victim, honest := s.open(0, Config{Expelled: expelled}, check), s.open(1, Config{}, check)
		liar, stop := s.stranger(2, pubsub.ValidationAccept)
		defer stop()
		time.Sleep(warmUp)
		for i := range 2 {
			if err := liar.Publish(t.Context(), []byte{'x', byte(i)}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(lookEvery + time.Second)
		for _, topic := range []*Topic{victim, honest} {
			if got := topic.h.Peers(); len(got) != 1 || got[0] == s.hosts[2].ID() {
				t.Errorf("connected to %v, want only the honest peer", got)
			}
		}
		want := s.hosts[2].ID().String() + " a score of -1"
		if n := len(told); n != 1 {
			t.Fatalf("told %d times", n)
		} else if got := <-told; !strings.HasPrefix(got, want) {
			t.Errorf("told %q, want %q…", got, want)
		}
		// It comes back, and is shut out again, though this host has no gater of ours.
		to := peer.AddrInfo{ID: s.hosts[0].ID(), Addrs: s.hosts[0].Addrs()}
		_ = s.hosts[2].Connect(t.Context(), to)
		time.Sleep(time.Second)
		if got := len(victim.h.Peers()); got != 1 {
			t.Errorf("connected to %d peers after the liar dialled again, want 1", got)
		}
	})
}

func TestABadOpinionDisconnects(t *testing.T) {
	simulate(t, 2, func(t *testing.T, s *sim) {
		s.connect(true)
		var opinion atomic.Int64
		a := s.open(0, Config{Score: func(peer.ID) float64 { return float64(opinion.Load()) }}, nil)
		s.open(1, Config{}, nil)
		time.Sleep(2 * lookEvery)
		if got := len(a.h.Peers()); got != 1 {
			t.Fatalf("connected to %d peers, want 1", got)
		}
		opinion.Store(-100)
		time.Sleep(2 * lookEvery)
		if got := len(a.h.Peers()); got != 0 {
			t.Errorf("connected to %d peers, want 0", got)
		}
	})
}

func TestAnOversizeMessageIsRefused(t *testing.T) {
	simulate(t, 2, func(t *testing.T, s *sim) {
		s.connect(true)
		a := s.open(0, Config{}, nil)
		liar, stop := s.stranger(1, pubsub.ValidationAccept)
		defer stop()
		time.Sleep(warmUp)
		for _, size := range []int{MaxMessage + 1, maxEnvelope + 1} {
			if err := liar.Publish(t.Context(), make([]byte, size)); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if m, err := a.Next(ctx); err == nil {
			t.Errorf("got a message of %d bytes", len(m.Data))
		}
	})
}

// Five honest peers, two of which never speak, and a mute one, for eleven minutes
// in which the others publish every two seconds.
func TestAMutePeerIsFoundOutAndHonestOnesAreNot(t *testing.T) {
	simulate(t, 6, func(t *testing.T, s *sim) {
		s.connect(true)
		var topics []*Topic
		for i := range 5 {
			topics = append(topics, s.open(i, Config{}, nil))
		}
		_, stop := s.stranger(5, pubsub.ValidationIgnore)
		defer stop()
		time.Sleep(warmUp)
		end := time.Now().Add(11 * time.Minute)
		for i := 0; time.Now().Before(end); i++ {
			if err := topics[i%3].Publish(t.Context(), binary.BigEndian.AppendUint32(nil, uint32(i))); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * time.Second)
		}
		for i, topic := range topics {
			for j, h := range s.hosts {
				got := score(topic.h, h.ID())
				if mute := j == 5; i != j && (got < 0) != mute {
					t.Errorf("peer %d gives peer %d %g; mute is peer 5", i, j, got)
				}
			}
			if got := len(topic.h.Peers()); got != 5 {
				t.Errorf("peer %d has %d peers: silence must not disconnect", i, got)
			}
		}
	})
}
