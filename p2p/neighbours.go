package p2p

import (
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
)

// Neighbour is a connected peer.
type Neighbour struct {
	ID       peer.ID
	Addr     string    // at which it is connected
	Inbound  bool      // it dialled us, so Addr may not be where it listens
	Since    time.Time // of the connection
	Protocol string    // that it speaks: [Protocol], or another; empty until it has said so
	Known    []string  // where it says it listens, each with /p2p/, ready for Connect; sorted
}

// Neighbours returns the peers connected now, sorted by ID.
func (h *Host) Neighbours() []Neighbour {
	ids := h.Peers()
	slices.Sort(ids)
	var out []Neighbour
	for _, id := range ids {
		conns := h.host.Network().ConnsToPeer(id)
		if len(conns) == 0 {
			continue // gone meanwhile
		}
		s := conns[0].Stat()
		n := Neighbour{ID: id, Addr: conns[0].RemoteMultiaddr().String(), Inbound: s.Direction == network.DirInbound, Since: s.Opened}
		if v, err := h.host.Peerstore().Get(id, "ProtocolVersion"); err == nil {
			n.Protocol, _ = v.(string)
		}
		known, _ := peer.AddrInfoToP2pAddrs(&peer.AddrInfo{ID: id, Addrs: h.host.Peerstore().Addrs(id)}) // the ID is sound
		for _, a := range known {
			n.Known = append(n.Known, ma.Multiaddr(a).String())
		}
		slices.Sort(n.Known)
		out = append(out, n)
	}
	return out
}
