package p2p

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/discovery/mdns"
)

const (
	mdnsService = "_grapevine._udp"

	enoughPeers = 16 // with which bootstrap peers are left in peace
	dialTimeout = 15 * time.Second
	firstRetry  = time.Second
	lastRetry   = 2 * time.Minute
)

// keep dials a bootstrap peer whenever we have too few. The pause doubles with
// every dial and is short again once the connection outlived a pause.
func (h *Host) keep(p peer.AddrInfo) {
	if p.ID == h.ID() {
		return
	}
	for pause := firstRetry; ; {
		switch {
		case h.connected(p.ID):
			pause = firstRetry
		case len(h.Peers()) < enoughPeers:
			h.try(p)
			pause = min(2*pause, lastRetry)
		}
		// A network that lost its bootstrap peer must not come back all at once.
		wait := time.NewTimer(pause + rand.N(pause/4))
		select {
		case <-wait.C:
		case <-h.life.ctx.Done():
			wait.Stop()
			return
		}
	}
}

func (h *Host) try(p peer.AddrInfo) {
	ctx, cancel := context.WithTimeout(h.life.ctx, dialTimeout)
	defer cancel()
	if err := h.dial(ctx, p); err != nil {
		h.log.Debug("dial", slog.String("peer", p.ID.String()), slog.Any("err", err))
	}
}

func (h *Host) connected(p peer.ID) bool {
	return h.host.Network().Connectedness(p) == network.Connected
}

// finder hands over peers that mDNS found; libp2p calls it in goroutines of its
// own that nobody waits for, so it never blocks.
type finder chan peer.AddrInfo

// HandlePeerFound implements mdns.Notifee.
func (f finder) HandlePeerFound(p peer.AddrInfo) {
	select {
	case f <- p:
	default: // it will be found again
	}
}

func (h *Host) startMDNS() error {
	found := make(finder, 16)
	s := mdns.NewMdnsService(h.host, mdnsService, found)
	if err := s.Start(); err != nil {
		return fmt.Errorf("start mDNS: %w", err)
	}
	h.mdns = s.Close
	h.life.work.Go(func() {
		for {
			select {
			case p := <-found:
				if !h.connected(p.ID) {
					h.try(p)
				}
			case <-h.life.ctx.Done():
				return
			}
		}
	})
	return nil
}
