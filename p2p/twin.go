package p2p

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	msmux "github.com/multiformats/go-multistream"
)

// Two processes with one key cannot meet: nobody dials itself, and gossip takes
// them for one. A third that is connected to both can tell.
const (
	herePeer protocol.ID = "/grapevine/here/1" // answers with the token of the process
	twinPeer protocol.ID = "/grapevine/twin/1" // answers with the tokens behind all other connections of the asker's ID

	twinAsked   = 3 // peers
	twinConns   = 8 // connections that are looked behind
	twinTimeout = 3 * time.Second
	deadAfter   = time.Second // without an answer
)

// token tells processes with one key apart: when it was opened, and a random
// rest. The later one is the larger.
type token [24]byte

func newToken(now time.Time) (t token) {
	binary.BigEndian.PutUint64(t[:], uint64(now.UnixNano()))
	_, _ = rand.Read(t[8:]) // never fails
	return t
}

// Twin asks some peers whether another process runs with this host's key, and
// tells whether it was opened before this one. At most one of two is told so.
func (h *Host) Twin(ctx context.Context) bool {
	ctx, leave, err := h.life.enter(ctx)
	if err != nil {
		return false
	}
	defer leave()
	ctx, cancel := context.WithTimeout(ctx, twinTimeout)
	defer cancel()
	peers := h.Peers()
	found := make(chan bool)
	for _, p := range peers[:min(len(peers), twinAsked)] {
		h.life.work.Go(func() { found <- h.twinSeenBy(ctx, p) })
	}
	twin := false
	for range min(len(peers), twinAsked) {
		twin = <-found || twin
	}
	return twin
}

func (h *Host) twinSeenBy(ctx context.Context, p peer.ID) bool {
	s, err := h.host.NewStream(ctx, p, twinPeer)
	if err != nil {
		return false // an older grapevine, or gone
	}
	defer s.Close()
	deadline, _ := ctx.Deadline()
	_ = s.SetDeadline(deadline)
	b, err := io.ReadAll(io.LimitReader(s, twinConns*int64(len(token{}))))
	if err != nil {
		return false
	}
	for len(b) >= len(h.token) {
		if bytes.Compare(b[:len(h.token)], h.token[:]) < 0 {
			return true
		}
		b = b[len(h.token):]
	}
	return false
}

// answerTwins serves both protocols.
func (h *Host) answerTwins() {
	h.host.SetStreamHandler(herePeer, func(s network.Stream) {
		_ = s.SetDeadline(time.Now().Add(twinTimeout))
		_, _ = s.Write(h.token[:])
		_ = s.Close()
	})
	h.host.SetStreamHandler(twinPeer, func(s network.Stream) {
		defer s.Close()
		_ = s.SetDeadline(time.Now().Add(twinTimeout))
		ctx, cancel := context.WithTimeout(h.life.ctx, twinTimeout)
		defer cancel()
		conns := h.host.Network().ConnsToPeer(s.Conn().RemotePeer())
		for _, c := range conns[:min(len(conns), twinConns)] {
			if c == s.Conn() {
				continue
			}
			if t, err := tokenBehind(ctx, c); err == nil {
				_, _ = s.Write(t[:])
			}
		}
	})
}

// tokenBehind asks who is at the other end of one connection.
func tokenBehind(ctx context.Context, c network.Conn) (t token, err error) {
	s, err := c.NewStream(ctx)
	if err != nil {
		return t, err
	}
	defer s.Close()
	defer context.AfterFunc(ctx, func() { _ = s.Reset() })()
	if err := msmux.SelectProtoOrFail(herePeer, s); err != nil {
		return t, fmt.Errorf("ask who is there: %w", err)
	}
	_, err = io.ReadFull(s, t[:])
	return t, err
}

// dropDead closes the connections of a peer that has just made another, if
// nobody answers on them. One that was killed leaves a QUIC connection behind,
// which looks alive for half a minute; gossip would talk to nobody for as long,
// and to the peer that is back not at all.
func (h *Host) dropDead(fresh network.Conn) {
	ctx, leave, err := h.life.enter(context.Background())
	if err != nil {
		return
	}
	go func() { // enter has counted it: Close waits
		defer leave()
		for _, c := range h.host.Network().ConnsToPeer(fresh.RemotePeer()) {
			if c != fresh && silent(ctx, c) {
				h.log.Debug("close a dead connection", "peer", c.RemotePeer().String(), "addr", c.RemoteMultiaddr().String())
				_ = c.Close()
			}
		}
	}()
}

// silent tells that nobody answers in time; an error is an answer.
func silent(ctx context.Context, c network.Conn) bool {
	ctx, cancel := context.WithTimeout(ctx, deadAfter)
	defer cancel()
	_, err := tokenBehind(ctx, c)
	return err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded)
}
