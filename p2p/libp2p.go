package p2p

import (
	"errors"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	rcmgr "github.com/libp2p/go-libp2p/p2p/host/resource-manager"
	"github.com/libp2p/go-libp2p/p2p/net/connmgr"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	libp2ptls "github.com/libp2p/go-libp2p/p2p/security/tls"
	quic "github.com/libp2p/go-libp2p/p2p/transport/quic"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	ma "github.com/multiformats/go-multiaddr"
)

// Above maxConns connections the least useful are closed until fewConns are left.
// The resource manager's limits lie higher, so that it refuses only floods.
const (
	fewConns    = 64
	maxConns    = 96
	connsPerIP4 = 12 // loopback is exempt
)

// Protocol is the version of what peers say to each other. Those of another one
// understand nothing.
const Protocol = "grapevine/1"

// newLibp2p makes a host with TCP and QUIC and limits on everything.
func newLibp2p(s settings, d *door, c *counts) (host.Host, error) {
	conns, err := connmgr.NewConnManager(fewConns, maxConns, connmgr.WithGracePeriod(30*time.Second))
	if err != nil {
		return nil, fmt.Errorf("connection manager: %w", err)
	}
	resources, err := limits()
	if err != nil {
		return nil, fmt.Errorf("limits: %w", err)
	}
	h, err := libp2p.New(
		libp2p.Identity(s.key),
		libp2p.NoListenAddrs, // below: New leaks goroutines if it cannot listen
		libp2p.Transport(tcp.NewTCPTransport),
		// Noise first: a TLS certificate is not valid yet for whose clock is behind.
		libp2p.Security(noise.ID, noise.New),
		libp2p.Security(libp2ptls.ID, libp2ptls.New),
		libp2p.Transport(quic.NewTransport),
		libp2p.UserAgent(s.Agent),
		libp2p.ProtocolVersion(Protocol),
		libp2p.ConnectionManager(conns),
		libp2p.ResourceManager(resources),
		libp2p.ConnectionGater(d),
		libp2p.BandwidthReporter(c),
		libp2p.DisableRelay(),
		libp2p.DisableMetrics(), // they are global, and a process may have many hosts
	)
	if err != nil {
		_ = conns.Close()
		_ = resources.Close()
		return nil, fmt.Errorf("start libp2p: %w", err)
	}
	if err := listen(h, s.Listen); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return h, nil
}

// listen fails if one of the addresses does, not only if all do.
func listen(h host.Host, addrs []string) error {
	for _, addr := range addrs {
		a, err := ma.NewMultiaddr(addr)
		if err == nil {
			err = h.Network().Listen(a)
		}
		if err != nil {
			return fmt.Errorf("listen on %q: %w", addr, err)
		}
	}
	return nil
}

// limits are explicit, not scaled to the machine: a host of 100 peers needs no
// more on a large one, and a small one refuses what it could not carry.
func limits() (network.ResourceManager, error) {
	explicit := rcmgr.PartialLimitConfig{
		System: rcmgr.ResourceLimits{
			Conns: 192, ConnsInbound: 128, ConnsOutbound: 128, FD: 256,
			Streams: 4096, StreamsInbound: 2048, StreamsOutbound: 4096, Memory: 512 << 20,
		},
		Transient: rcmgr.ResourceLimits{
			Conns: 64, ConnsInbound: 32, ConnsOutbound: 64, FD: 64,
			Streams: 256, StreamsInbound: 128, StreamsOutbound: 256, Memory: 64 << 20,
		},
		PeerDefault: rcmgr.ResourceLimits{
			Conns: 8, ConnsInbound: 8, ConnsOutbound: 8, FD: 8,
			Streams: 256, StreamsInbound: 128, StreamsOutbound: 256, Memory: 64 << 20,
		},
	}
	defaults := rcmgr.DefaultLimits // of services and protocols
	libp2p.SetDefaultServiceLimits(&defaults)
	return rcmgr.NewResourceManager(
		rcmgr.NewFixedLimiter(explicit.Build(defaults.Scale(512<<20, 256))),
		rcmgr.WithMetricsDisabled(),
		rcmgr.WithLimitPerSubnet(
			[]rcmgr.ConnLimitPerSubnet{{PrefixLength: 32, ConnCount: connsPerIP4}},
			[]rcmgr.ConnLimitPerSubnet{{PrefixLength: 56, ConnCount: connsPerIP4}, {PrefixLength: 48, ConnCount: 8 * connsPerIP4}},
		),
	)
}
