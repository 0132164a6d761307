package node

import (
	"context"
	"iter"
	"sync"
	"time"

	"github.com/grapevine-network/grapevine/node/audit"
)

// Event is something that happened to a node, one of the types below.
type Event interface{ event() }

type (
	// Trained tells that local training is done. Loss is the mean over the
	// training batches, Bytes the size of the encoded delta. Live is 0, or numbers the
	// trainings of a round while no heights come.
	Trained struct {
		Round uint64
		Live  uint64
		Loss  float64
		Bytes int
	}
	// Certified tells that a block is final.
	Certified struct{ Receipt *audit.Receipt }
	// Settled tells that a round is over: the next model, and who was paid.
	Settled struct{ Outcome *audit.Outcome }
	// Noticed tells of something that a person should know.
	Noticed struct{ Text string }
	// Missed stands for events that a slow reader did not get.
	Missed struct{ Count uint64 }
)

func (Trained) event()   {}
func (Certified) event() {}
func (Settled) event()   {}
func (Noticed) event()   {}
func (Missed) event()    {}

// Record is an event with its number, from 1, and its time.
type Record struct {
	Seq   uint64
	Time  time.Time
	Event Event
}

// timeline is the one numbered list of events. Publishing never blocks; it keeps
// the last of them.
type timeline struct {
	mu     sync.Mutex
	ring   []Record
	next   uint64 // number of the next event
	more   chan struct{}
	closed bool
}

const kept = 1024

func newTimeline() *timeline { return &timeline{next: 1, more: make(chan struct{})} }

func (t *timeline) publish(e Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ring = append(t.ring, Record{t.next, time.Now(), e})
	if len(t.ring) > kept {
		t.ring = t.ring[len(t.ring)-kept:]
	}
	t.next++
	close(t.more)
	t.more = make(chan struct{})
}

func (t *timeline) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed {
		t.closed = true
		close(t.more)
		t.more = make(chan struct{})
	}
}

// after returns the events numbered above since, and a channel that is closed
// when there are more.
func (t *timeline) after(since uint64) (out []Record, more <-chan struct{}, closed bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	oldest := t.next - uint64(len(t.ring))
	if since+1 < oldest {
		out = append(out, Record{oldest - 1, time.Now(), Missed{oldest - 1 - since}})
		since = oldest - 1
	}
	if since < t.next-1 {
		out = append(out, t.ring[since+1-oldest:]...)
	}
	return out, t.more, t.closed
}

// Events returns the events numbered above since, those to come included, until
// ctx ends or the node is closed. Who reads too slowly gets a Missed instead.
func (n *Node) Events(ctx context.Context, since uint64) iter.Seq[Record] {
	return func(yield func(Record) bool) {
		for {
			batch, more, closed := n.events.after(since)
			for _, r := range batch {
				if !yield(r) {
					return
				}
				since = r.Seq
			}
			if closed {
				return
			}
			select {
			case <-more:
			case <-ctx.Done():
				return
			}
		}
	}
}
