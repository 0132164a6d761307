package p2p

import (
	"cmp"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
)

// Config says who a host is and where it listens. Only Key is required.
type Config struct {
	// Key is the identity of the host. With Host it may be nil.
	Key ed25519.PrivateKey

	// Listen holds multiaddrs. Default: a free port on all IPv4 interfaces, TCP
	// and QUIC. On one computer TCP alone costs half the processor time.
	Listen []string

	// Bootstrap holds multiaddrs with /p2p/. They are dialled until enough peers
	// are connected, and again whenever there are too few.
	Bootstrap []string

	// MDNS finds peers on the local network, and shows this one to them.
	MDNS bool

	// Agent is the name other peers see. Default "grapevine".
	Agent string

	// Score is the application's opinion of a peer: 0 is none, +10 the best and
	// -100 the worst that counts; a peer below -80 is disconnected. It is called
	// often and under a lock: it must answer at once and must not call this
	// package. Default: no opinion.
	Score func(peer.ID) float64

	// Expelled, if not nil, is told of each peer that is disconnected for
	// misbehaviour and kept out for an hour, and why. It must not call this package.
	Expelled func(p peer.ID, why string)

	// Log receives what a developer may want to see. Default: nothing.
	Log *slog.Logger

	// Host is a libp2p host to use instead of an own one. It stays the caller's
	// to close, after this one; Listen must be empty then, and Traffic counts no
	// bytes.
	Host host.Host
}

// settings are a Config that was checked, without its defaults.
type settings struct {
	Config
	key       crypto.PrivKey // nil with Config.Host
	bootstrap []peer.AddrInfo
}

func (c Config) validate() (settings, error) {
	c.Agent = cmp.Or(c.Agent, "grapevine")
	if c.Score == nil {
		c.Score = func(peer.ID) float64 { return 0 }
	}
	if c.Expelled == nil {
		c.Expelled = func(peer.ID, string) {}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	s := settings{Config: c}
	if err := s.identify(); err != nil {
		return s, err
	}
	if s.Host == nil && len(s.Listen) == 0 {
		s.Listen = []string{"/ip4/0.0.0.0/tcp/0", "/ip4/0.0.0.0/udp/0/quic-v1"}
	}
	for _, addr := range c.Bootstrap {
		p, err := parseAddr(addr)
		if err != nil {
			return s, fmt.Errorf("bootstrap: %w", err)
		}
		s.bootstrap = append(s.bootstrap, p)
	}
	return s, nil
}

func (s *settings) identify() error {
	if s.Host != nil && len(s.Listen) > 0 {
		return errors.New("listen: a host was given, which listens already")
	}
	if s.Host != nil && s.Key == nil {
		return onlyEd25519(s.Host.ID())
	}
	if len(s.Key) != ed25519.PrivateKeySize {
		return fmt.Errorf("key: %d bytes, want an Ed25519 private key of %d", len(s.Key), ed25519.PrivateKeySize)
	}
	key, err := crypto.UnmarshalEd25519PrivateKey(s.Key)
	if err != nil {
		return fmt.Errorf("key: %w", err)
	}
	s.key = key
	if s.Host != nil && !s.Host.ID().MatchesPrivateKey(key) {
		return fmt.Errorf("key: host %s has another one", s.Host.ID())
	}
	return nil
}

// CheckAddr tells what is wrong with an address for Connect.
func CheckAddr(addr string) error {
	_, err := parseAddr(addr)
	return err
}

// parseAddr reads a multiaddr that ends in the /p2p/ of a peer we would talk to.
func parseAddr(addr string) (peer.AddrInfo, error) {
	info, err := peer.AddrInfoFromString(addr)
	if err != nil {
		return peer.AddrInfo{}, fmt.Errorf("address %q: %w", addr, err)
	}
	if err := onlyEd25519(info.ID); err != nil {
		return peer.AddrInfo{}, err
	}
	return *info, nil
}
