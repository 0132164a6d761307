package main

import (
	"context"
	"encoding/json"
	"iter"
	"sync"
	"time"

	"github.com/grapevine-network/grapevine/node/api/client"
)

// chronicle is the daemon's one list of events, of all topics. It keeps the last
// of them. IDs begin with the time, so those of a later daemon are larger.
type chronicle struct {
	mu     sync.Mutex
	ring   []client.Event
	next   uint64
	more   chan struct{}
	closed bool
}

// chronicled is how many events are kept.
const chronicled = 4096

func newChronicle() *chronicle {
	return &chronicle{next: uint64(time.Now().UnixMilli()) * 1000, more: make(chan struct{})}
}

// add never blocks.
func (c *chronicle) add(at time.Time, kind, topic string, data any) {
	b, err := json.Marshal(data)
	if err != nil {
		return // of our own types none
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ring = append(c.ring, client.Event{ID: c.next, Time: at, Kind: kind, Topic: topic, Data: b})
	if len(c.ring) > chronicled {
		c.ring = c.ring[len(c.ring)-chronicled:]
	}
	c.next++
	c.wake()
}

func (c *chronicle) wake() {
	close(c.more)
	c.more = make(chan struct{})
}

func (c *chronicle) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	c.wake()
}

// after returns the events above since. If some between are forgotten, the first
// says how many.
func (c *chronicle) after(since uint64) (out []client.Event, more <-chan struct{}, closed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	oldest := c.next - uint64(len(c.ring))
	if since > 0 && since+1 < oldest && len(c.ring) > 0 && c.ring[0].ID == oldest {
		missed := client.Event{ID: oldest - 1, Time: time.Now(), Kind: "events.missed", Data: json.RawMessage(`{}`)}
		out = append(out, missed)
	}
	for _, e := range c.ring {
		if e.ID > since {
			out = append(out, e)
		}
	}
	return out, c.more, c.closed
}

// since returns the events above an ID, those to come included, until ctx ends or
// the daemon does.
func (c *chronicle) since(ctx context.Context, id uint64) iter.Seq[client.Event] {
	return func(yield func(client.Event) bool) {
		for {
			batch, more, closed := c.after(id)
			for _, e := range batch {
				if !yield(e) {
					return
				}
				id = e.ID
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
