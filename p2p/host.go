package p2p

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
)

// Host is one peer's end of the network. It may carry several topics.
type Host struct {
	host  host.Host
	own   bool // we made host and close it
	token token
	log   *slog.Logger

	pubsub   *pubsub.PubSub
	door     *door
	standing *standing
	subs     *subscriptions
	counts   counts
	expelled func(p peer.ID, why string)
	notifiee *network.NotifyBundle
	mdns     func() error // closes it

	life *life

	mu     sync.Mutex
	topics map[*Topic]struct{} // nil once closed

	once   sync.Once // Close
	closed error
}

// Open starts a host. It listens and dials in the background until Close; ctx
// bounds only the call itself.
func Open(ctx context.Context, c Config) (*Host, error) {
	s, err := c.validate()
	if err != nil {
		return nil, fmt.Errorf("open host: %w", err)
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("open host: %w", err)
	}
	h := &Host{
		host: s.Host, log: s.Log, expelled: s.Expelled,
		door: newDoor(), standing: newStanding(s.Score), subs: newSubscriptions(),
		topics: map[*Topic]struct{}{}, token: newToken(time.Now()),
		life: newLife(context.WithoutCancel(ctx)),
	}
	if err := h.start(s); err != nil {
		return nil, errors.Join(fmt.Errorf("open host: %w", err), h.Close())
	}
	return h, nil
}

func (h *Host) start(s settings) (err error) {
	if h.host == nil {
		if h.host, err = newLibp2p(s, h.door, &h.counts); err != nil {
			return err
		}
		h.own = true
	}
	h.watch()
	h.answerTwins()
	looks := make(chan scores, 1)
	if h.pubsub, err = newPubsub(h.life.ctx, h, looks); err != nil {
		return fmt.Errorf("start gossip: %w", err)
	}
	h.life.work.Go(func() { h.judge(looks) })
	for _, p := range s.bootstrap {
		h.life.work.Go(func() { h.keep(p) })
	}
	if s.MDNS {
		return h.startMDNS()
	}
	return nil
}

// watch closes connections the door would not have let in (a host that was given
// to us has another gater) and forgets what belonged to those that end.
func (h *Host) watch() {
	check := func(_ network.Network, c network.Conn) {
		if err := h.admit(c.RemotePeer()); err != nil {
			h.log.Info("refuse peer", slog.Any("err", err))
			_ = c.Close()
			return
		}
		if len(h.host.Network().ConnsToPeer(c.RemotePeer())) > 1 {
			h.dropDead(c)
		}
	}
	h.notifiee = &network.NotifyBundle{
		ConnectedF: check,
		DisconnectedF: func(_ network.Network, c network.Conn) {
			if !h.connected(c.RemotePeer()) {
				h.subs.forget(c.RemotePeer())
			}
		},
	}
	h.host.Network().Notify(h.notifiee)
	for _, c := range h.host.Network().Conns() { // those of a host given to us
		check(nil, c)
	}
}

// ID returns the host's identity.
func (h *Host) ID() peer.ID { return h.host.ID() }

// Addrs returns the multiaddrs under which the host can be reached, each with
// its /p2p/ part, ready for Connect or Config.Bootstrap of another.
func (h *Host) Addrs() []string {
	// The error is that of an ID that is no multihash; ours is.
	addrs, _ := peer.AddrInfoToP2pAddrs(host.InfoFromHost(h.host))
	return slices.Collect(func(yield func(string) bool) {
		for _, a := range addrs {
			if !yield(ma.Multiaddr(a).String()) {
				return
			}
		}
	})
}

// Connect dials a peer by its multiaddr with /p2p/, unless it is connected.
func (h *Host) Connect(ctx context.Context, addr string) error {
	p, err := parseAddr(addr)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	ctx, leave, err := h.life.enter(ctx)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer leave()
	return h.dial(ctx, p)
}

func (h *Host) dial(ctx context.Context, p peer.AddrInfo) error {
	if err := h.admit(p.ID); err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	if err := h.host.Connect(ctx, p); err != nil {
		return fmt.Errorf("connect: %w", reason(ctx, err))
	}
	return nil
}

// Peers returns the peers connected now, in no order.
func (h *Host) Peers() []peer.ID { return h.host.Network().Peers() }

// Traffic returns what went through the host since it was opened.
func (h *Host) Traffic() Traffic { return h.counts.traffic() }

func (h *Host) admit(p peer.ID) error { return h.door.admit(p, time.Now()) }

// judge looks at the scores pubsub reports every lookEvery and disconnects who
// is below the threshold: a low score alone disconnects nobody.
func (h *Host) judge(looks <-chan scores) {
	for {
		select {
		case <-h.life.ctx.Done():
			return
		case s := <-looks:
			now := time.Now()
			h.standing.look(now, s)
			for p, v := range s {
				if v.Score < graylistBelow && h.connected(p) {
					h.expel(p, fmt.Sprintf("a score of %.0f", v.Score))
				}
			}
		}
	}
}

// expel disconnects a peer and keeps it out for barredFor.
func (h *Host) expel(p peer.ID, why string) {
	h.log.Warn("expel peer", slog.String("peer", p.String()), slog.String("why", why))
	h.door.bar(p, time.Now())
	_ = h.host.Network().ClosePeer(p)
	h.expelled(p, why)
}

// Close leaves all topics, ends all work and closes the host, unless it was
// given to Open. Closing twice is no error.
func (h *Host) Close() error {
	h.once.Do(func() { h.closed = h.close() })
	return h.closed
}

func (h *Host) close() error {
	h.mu.Lock()
	topics := h.topics
	h.topics = nil // Join gets ErrClosed from now on
	h.mu.Unlock()
	var errs []error
	if h.own { // who says that it leaves is not taken back for a while: restarting would mean waiting
		for _, p := range h.Peers() {
			_ = h.host.Network().ClosePeer(p)
		}
	}
	for t := range topics {
		errs = append(errs, t.Close())
	}
	if h.mdns != nil {
		errs = append(errs, h.mdns())
	}
	h.life.end()
	if h.host != nil {
		h.silence()
	}
	if h.own {
		errs = append(errs, h.host.Close())
	}
	return errors.Join(errs...)
}

// silence takes pubsub off the host: it has no Close and ends with its context,
// but its handlers stay, and wait for streams that nobody else would end.
func (h *Host) silence() {
	h.host.Network().StopNotify(h.notifiee)
	h.host.RemoveStreamHandler(herePeer)
	h.host.RemoveStreamHandler(twinPeer)
	for _, proto := range pubsub.GossipSubDefaultProtocols {
		h.host.RemoveStreamHandler(proto)
	}
	for _, c := range h.host.Network().Conns() {
		for _, s := range c.GetStreams() {
			if slices.Contains(pubsub.GossipSubDefaultProtocols, s.Protocol()) {
				_ = s.Reset()
			}
		}
	}
}

// reason is why a call failed: the end of its context, if that came first.
func reason(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
