package p2p

import (
	"sync"

	"github.com/libp2p/go-libp2p/core/peer"
)

// slots bound how much is done for others at a time, in all and for each peer.
type slots struct {
	total, each int

	mu    sync.Mutex
	taken int
	peers map[peer.ID]int
}

func newSlots(total, each int) *slots {
	return &slots{total: total, each: each, peers: map[peer.ID]int{}}
}

// take reports whether there was a slot for p; who took one gives it back.
func (s *slots) take(p peer.ID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken >= s.total || s.peers[p] >= s.each {
		return false
	}
	s.taken++
	s.peers[p]++
	return true
}

func (s *slots) give(p peer.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken--
	if s.peers[p]--; s.peers[p] == 0 {
		delete(s.peers, p)
	}
}
