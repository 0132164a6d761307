package p2p

import (
	"context"
	"crypto/sha256"
	"slices"
	"sync"
)

// blobID names what is pulled: the hash of the whole announcement, not the CID,
// so that false chunk hashes under a true CID harm only who believed them.
type blobID = [sha256.Size]byte

// Limits of the complete blobs that are kept for others.
const (
	shelfBytes = 64 << 20
	shelfCount = 4096
)

// shelf holds flows: those that arrive, and the newest of those that did.
type shelf struct {
	mu    sync.Mutex
	flows map[blobID]*flow
	order []blobID      // oldest first
	added chan struct{} // closed, and replaced, when a flow came
}

func newShelf() *shelf {
	return &shelf{flows: map[blobID]*flow{}, added: make(chan struct{})}
}

// open returns the flow of a blob; mine if the caller has to fill it.
func (s *shelf) open(id blobID, size int) (f *flow, mine bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f = s.flows[id]; f != nil {
		return f, false
	}
	f = newFlow(size)
	s.set(id, f)
	return f, true
}

// put adds a complete blob. One that was arriving goes on for its readers.
func (s *shelf) put(id blobID, data []byte) {
	f := newFlow(len(data))
	f.data = data
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(id)
	s.set(id, f)
}

func (s *shelf) set(id blobID, f *flow) {
	s.flows[id] = f
	s.order = append(s.order, id)
	close(s.added)
	s.added = make(chan struct{})
}

// drop removes a flow that failed, unless another took its place.
func (s *shelf) drop(id blobID, f *flow) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.flows[id] == f {
		s.remove(id)
	}
}

func (s *shelf) remove(id blobID) {
	delete(s.flows, id)
	s.order = slices.DeleteFunc(s.order, func(o blobID) bool { return o == id })
}

// find waits for a flow. The next peer asks for a blob as soon as it has the
// announcement, which may be before we have decided to pull it.
func (s *shelf) find(ctx context.Context, id blobID) *flow {
	for {
		s.mu.Lock()
		f, added := s.flows[id], s.added
		s.mu.Unlock()
		if f != nil {
			return f
		}
		select {
		case <-added:
		case <-ctx.Done():
			return nil
		}
	}
}

// trim drops the oldest complete blobs until the rest fits.
func (s *shelf) trim() {
	s.mu.Lock()
	defer s.mu.Unlock()
	total, count := 0, len(s.flows)
	for _, f := range s.flows {
		total += f.arrived()
	}
	s.order = slices.DeleteFunc(s.order, func(id blobID) bool {
		f := s.flows[id]
		if total <= shelfBytes && count <= shelfCount || f.arrived() < f.size {
			return false
		}
		total, count = total-f.size, count-1
		delete(s.flows, id)
		return true
	})
}
