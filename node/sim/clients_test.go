package sim

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/grapevine-network/grapevine/incentives"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/engine"
)

// client does one thing after the other.
type client struct {
	id      int
	home    *Peer // where it writes
	call    int64
	write   write
	entry   *ledger.Entry // the write under way, or nil
	read    bool          // reads as soon as it is certified
	height  uint64        // the newest that it has seen
	resting int64         // until then
}

// history is a world with clients, and what they did.
type history struct {
	*World
	rng     *rand.Rand
	clients []*client
	clock   int64   // counts what is seen, so that no two things are at one time
	first   []int64 // by height: when it was first certified anywhere
	done    []porcupine.Operation
	stale   []stale
	writes  int
	busy    bool // clients begin new operations
	fault   error
}

// stale is a read of the past.
type stale struct {
	height uint64
	seen   purses
}

func newHistory(seed uint64) (*history, error) {
	w, err := New(Config{Seed: seed, Validators: 4, Trainers: houses - 4, Loss: []float64{0, 0.02}[seed%2], Rules: fixed})
	if err != nil {
		return nil, err
	}
	h := &history{World: w, rng: rand.New(rand.NewPCG(seed, 31)), first: []int64{0}, busy: true}
	for i := range clients {
		h.clients = append(h.clients, &client{id: i, home: w.Peers[i%houses]})
	}
	return h, nil
}

// fixed leaves nothing to mint: only clients move tokens.
func fixed(m *ledger.Manifest) {
	m.Economy.Cap = 0
	for _, g := range m.Genesis {
		m.Economy.Cap += g.Balance + g.Bond + g.Stake
	}
}

// instant leaves room for the reads of the past that belong to it.
const instant = 1 << 20

func (h *history) tick() int64 { h.clock += instant; return h.clock }

// advance lets the world and its clients go on for some virtual time, or until done.
func (h *history) advance(d time.Duration, done func() bool) error {
	end := h.now + int64(d)
	err := h.Until(func() bool { return h.observe() != nil || h.now >= end || done() }, d+time.Hour)
	return errors.Join(h.fault, err)
}

// observe is called after each step.
func (h *history) observe() error {
	for _, p := range h.Peers {
		for p.up && uint64(len(h.first)) <= p.Replica().Head.Height {
			h.first = append(h.first, h.tick())
		}
	}
	for _, c := range h.clients {
		if h.fault == nil {
			h.fault = h.turn(c)
		}
	}
	return h.fault
}

// turn lets a client do what it can do now.
func (h *history) turn(c *client) error {
	switch {
	case c.entry != nil:
		h.finish(c)
	case !h.busy || h.now < c.resting:
	case h.rng.IntN(2) == 0:
		return h.look(c)
	default:
		return h.submit(c)
	}
	return nil
}

func (h *history) rest(c *client) { c.resting = h.now + int64(h.rng.IntN(1000))*1e6 }

// submit begins a write, unless the peer refuses: then nothing may happen.
func (h *history) submit(c *client) error {
	h.rest(c)
	if !c.home.up || !c.home.started {
		return nil // nobody reaches a node before its engine has started
	}
	c.write = write{from: c.home.id, to: h.rng.IntN(houses), amount: 1 + h.rng.Uint64N(60)}
	c.call, c.read, c.home.submitted = h.tick(), h.rng.IntN(2) == 0, nil
	if err := c.home.step(engine.Submit{Body: c.write.body(h.World)}); err != nil {
		return err
	}
	answer := c.home.submitted
	if err := answer.Err; err != nil && !errors.Is(err, engine.ErrBusy) && !errors.Is(err, incentives.ErrVoid) {
		return err
	}
	c.entry = answer.Entry
	return nil
}

// finish ends a write that is certified, and the read that waited for it.
func (h *history) finish(c *client) {
	p := c.home
	if !p.up || p.Replica().Unsettled() || p.Replica().State.Account(p.author()).Seq < c.entry.Seq {
		return
	}
	if c.read {
		h.record(c, nil, h.seen(p), c.call)
	}
	h.record(c, c.write, nil, c.call)
	h.writes++
	c.entry, c.height = nil, max(c.height, p.Replica().Head.Height)
}

func (h *history) record(c *client, in, out any, call int64) {
	h.done = append(h.done, porcupine.Operation{ClientId: c.id, Input: in, Output: out, Call: call, Return: h.tick()})
}

// look reads at any peer that is not behind what the client has seen.
func (h *history) look(c *client) error {
	h.rest(c)
	p := h.Peers[h.rng.IntN(houses)]
	if !p.up || p.Replica().Unsettled() || p.Replica().Head.Height < c.height {
		return nil
	}
	c.height = p.Replica().Head.Height
	h.stale = append(h.stale, stale{c.height, h.seen(p)})
	return nil
}

func (h *history) seen(p *Peer) (all purses) {
	for i := range all {
		a := p.Replica().State.Account(h.keys.author(i))
		all[i] = purse{a.Balance, a.Bond}
	}
	return all
}

func (h *history) size() int { return len(h.done) + len(h.stale) }

// play has clients work and things go wrong until there are enough operations, and
// then lets them finish.
func (h *history) play(enough int) error {
	for h.size() < enough {
		if err := h.trouble(); err != nil {
			return err
		}
	}
	h.busy = false
	idle := func() bool {
		for _, c := range h.clients {
			if c.entry != nil {
				return false
			}
		}
		return true
	}
	if err := h.advance(time.Hour, idle); err != nil {
		return err
	}
	if !idle() {
		return fmt.Errorf("seed %d: a write is not certified an hour later: %s", h.cfg.Seed, h.describe())
	}
	return nil
}

// trouble is a crash, a split or the end of everybody's electricity, and passes.
func (h *history) trouble() error {
	never := func() bool { return false }
	if err := h.advance(time.Duration(h.rng.IntN(8000))*time.Millisecond, never); err != nil {
		return err
	}
	down := []*Peer{h.Peers[h.rng.IntN(houses)]}
	switch h.rng.IntN(4) {
	case 0:
		h.Split(map[int]int{h.rng.IntN(houses): 1, h.rng.IntN(houses): 1})
		down = nil
	case 1:
		down = h.Peers
	case 2:
		down = append(down, h.Peers[h.rng.IntN(houses)])
	}
	for _, p := range down {
		p.Crash()
	}
	if len(down) < houses { // with everybody away nothing happens
		if err := h.advance(time.Duration(h.rng.IntN(6000))*time.Millisecond, never); err != nil {
			return err
		}
	}
	h.Heal()
	for _, p := range down {
		if !p.up {
			if err := p.Restart(); err != nil {
				return err
			}
		}
	}
	return nil
}
