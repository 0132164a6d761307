package p2p

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/control"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
)

// barredFor is a little longer than pubsub keeps the score of a peer that left,
// so who comes back afterwards starts anew and not below the threshold.
const barredFor = retainScore + time.Minute

var errBarred = errors.New("peer is barred for misbehaviour")

// door decides who may be connected: Ed25519 identities that are not barred.
// It is the connection gater of our own host.
type door struct {
	mu     sync.Mutex
	barred map[peer.ID]time.Time // until when
}

func newDoor() *door { return &door{barred: map[peer.ID]time.Time{}} }

// bar shuts p out for a while, and forgets those whose time is over.
func (d *door) bar(p peer.ID, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for q, until := range d.barred {
		if now.After(until) {
			delete(d.barred, q)
		}
	}
	d.barred[p] = now.Add(barredFor)
}

// admit says why p may not be connected, or nil.
func (d *door) admit(p peer.ID, now time.Time) error {
	if err := onlyEd25519(p); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if until, ok := d.barred[p]; ok && now.Before(until) {
		return fmt.Errorf("%s: %w", p, errBarred)
	}
	return nil
}

// onlyEd25519 refuses a peer ID that does not carry an Ed25519 key in itself.
func onlyEd25519(p peer.ID) error {
	key, err := p.ExtractPublicKey()
	if err != nil {
		return fmt.Errorf("peer %s has no Ed25519 key in its ID: %w", p, err)
	}
	if key.Type() != crypto.Ed25519 {
		return fmt.Errorf("peer %s has a key of type %s, want Ed25519", p, key.Type())
	}
	return nil
}

// InterceptPeerDial implements connmgr.ConnectionGater.
func (d *door) InterceptPeerDial(p peer.ID) bool { return d.admit(p, time.Now()) == nil }

// InterceptSecured implements connmgr.ConnectionGater.
func (d *door) InterceptSecured(_ network.Direction, p peer.ID, _ network.ConnMultiaddrs) bool {
	return d.admit(p, time.Now()) == nil
}

// InterceptAddrDial implements connmgr.ConnectionGater.
func (d *door) InterceptAddrDial(peer.ID, ma.Multiaddr) bool { return true }

// InterceptAccept implements connmgr.ConnectionGater.
func (d *door) InterceptAccept(network.ConnMultiaddrs) bool { return true }

// InterceptUpgraded implements connmgr.ConnectionGater.
func (d *door) InterceptUpgraded(network.Conn) (bool, control.DisconnectReason) { return true, 0 }
