package node

import (
	"runtime"
	"sync"

	"github.com/grapevine-network/grapevine/ledger/store"
)

// checks verifies signatures on all cores while the log is read on. Which fault is
// found first does not depend on who was quicker.
type checks struct {
	slots chan struct{}
	work  sync.WaitGroup

	mu    sync.Mutex
	begun int
	first int // place of err among all begun
	at    store.Record
	err   error
}

func newChecks() *checks { return &checks{slots: make(chan struct{}, runtime.GOMAXPROCS(0))} }

// begin runs f, which checks something in the record r, when a core is free.
func (c *checks) begin(r store.Record, f func() error) {
	c.begun++
	place := c.begun
	r.Data = nil // it is the reader's
	c.slots <- struct{}{}
	c.work.Go(func() {
		defer func() { <-c.slots }()
		if err := f(); err != nil {
			c.note(place, r, err)
		}
	})
}

func (c *checks) note(place int, r store.Record, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil || place < c.first {
		c.first, c.at, c.err = place, r, err
	}
}

// wait returns the first fault of all that has begun, and its record.
func (c *checks) wait() (store.Record, error) {
	c.work.Wait()
	return c.at, c.err
}
