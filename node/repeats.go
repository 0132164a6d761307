package node

import (
	"crypto/sha256"
	"sync"
	"time"
)

// repeats bounds how often a message that differs in its attempt only is passed
// on: that byte is signed by nobody, so anybody could make 256 of each.
type repeats struct {
	gap time.Duration // least time between two attempts

	mu       sync.Mutex
	now, old map[content]time.Time // when a message last came; now is of the last while
	since    time.Time
}

// content names a message without its attempt.
type content [sha256.Size]byte

const (
	mostRepeats = 1 << 15         // messages in each map
	repeatsKept = 5 * time.Minute // as long as gossip itself knows a message
)

func newRepeats(gap time.Duration) *repeats {
	return &repeats{gap: gap, now: map[content]time.Time{}}
}

// allow tells whether a message may come at a time: not so soon after it came
// with another attempt.
func (r *repeats) allow(message []byte, at time.Time) bool {
	if len(message) < 2 {
		return true // and is refused for its form
	}
	name := content(sha256.Sum256(append([]byte{message[0]}, message[2:]...)))
	r.mu.Lock()
	defer r.mu.Unlock()
	last, known := r.now[name]
	if !known {
		last, known = r.old[name]
	}
	if known && at.Sub(last) < r.gap {
		return false
	}
	if len(r.now) >= mostRepeats || at.Sub(r.since) >= repeatsKept {
		r.old, r.now, r.since = r.now, map[content]time.Time{}, at
	}
	r.now[name] = at
	return true
}
