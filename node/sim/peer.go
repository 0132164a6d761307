package sim

import (
	"errors"
	"fmt"
	"slices"

	"github.com/grapevine-network/grapevine/learning/delta"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/audit"
	"github.com/grapevine-network/grapevine/node/engine"
	"github.com/grapevine-network/grapevine/node/sim/adversary"
)

// Peer is an engine with a disk, a network card and some data.
type Peer struct {
	world   *World
	id      int
	data    int // whose key and data: twins share them
	up      bool
	started bool // in this life
	life    int  // grows with each boot: what was meant for an earlier life is lost
	engine  *engine.Engine
	machine adversary.Machine
	store   *store
	alarm   int
	rest    *delta.Feedback
	fetches map[ledger.CID]bool

	submitted *engine.Submitted // the last answer to Submit
	forgot    bool              // has had an old disk while others had lost their memory
}

func (p *Peer) attack() adversary.Kind { return p.world.cfg.Attack[p.data] }

func (p *Peer) honest() bool { return p.attack() == "" && !p.world.cfg.Twin[p.data] }

// Replica is the peer's certified truth.
func (p *Peer) Replica() *audit.Replica { return p.engine.Replica() }

// boot starts the peer on what its disk holds.
func (p *Peer) boot(fresh bool) error {
	w := p.world
	e, err := engine.New(p.config(fresh))
	if err != nil {
		return err
	}
	if err := e.Restore(p.store.all(), p.store.Blob); err != nil {
		return err
	}
	p.life++
	p.up, p.started, p.engine, p.machine, p.fetches = true, false, e, e, map[ledger.CID]bool{}
	p.rest = delta.NewFeedback(e.Replica().Codec(), 0.95)
	if k := p.attack(); k != "" {
		p.machine = adversary.Wrap(k, e, adversary.Self{
			Topic: w.topic, Author: w.keys.author(p.data), Sign: w.keys.signer(p.data), Codec: e.Replica().Codec(), Seed: w.cfg.Seed,
		})
	}
	w.after(int64(w.rng.IntN(50))*1e6, p, func() error { p.started = true; return p.step(engine.Start{}) })
	return nil
}

func (p *Peer) config(fresh bool) engine.Config {
	w := p.world
	c := engine.Config{
		Manifest: w.manifest, Topic: w.topic, Anchor: w.anchor, Author: w.keys.author(p.data),
		Sign: w.keys.signer(p.data), Verify: w.keys.verify, Secret: [32]byte{byte(p.data), byte(p.id)},
		Train: true, Score: true, Overlap: !w.cfg.Sequential, Fresh: fresh,
	}
	if r := p.store.records; len(r) > 0 && r[0].Kind == engine.RecordState {
		if b, err := audit.SnapshotBlock(r[0].Data); err == nil {
			c.Snapshot, c.Trusted, c.Anchor = r[0].Data, b.Header.Committee, p.store.Blob(b.Header.Anchor) // join has checked it
		}
	}
	return c
}

// Snapshot is what a joiner is offered: a state, the block that follows it, and the
// links that lead there.
func (p *Peer) Snapshot() (state []byte, b *ledger.Block, links []ledger.Link, err error) {
	answer := p.engine.Answer(engine.Query{Kind: engine.AskSnapshot}, p.store)
	if len(answer) == 0 {
		return nil, nil, nil, errors.New("there is no checkpoint yet")
	}
	state = answer[0][1:]
	if b, err = audit.SnapshotBlock(state); err != nil {
		return nil, nil, nil, err
	}
	for _, l := range p.engine.Answer(engine.Query{Kind: engine.AskChain}, p.store) {
		m, err := engine.Decode(l, p.world.topic, p.world.keys.verify)
		if err != nil {
			return nil, nil, nil, err
		}
		if l := m.(engine.LinkMessage).Link; l.Header.Height < b.Header.Height {
			links = append(links, l)
		}
	}
	return state, b, links, nil
}

// Certificate is what made the block of a height final, as the peer has it.
func (p *Peer) Certificate(height uint64) (*ledger.Certificate, error) {
	_, final := p.store.Height(height)
	_, c, err := engine.DecodeFinal(final)
	return c, err
}

// join makes the peer begin at another one's newest checkpoint.
func (p *Peer) join(from *Peer) error {
	data, b, links, err := from.Snapshot()
	if err != nil {
		return err
	}
	origin := p.world.manifest.Origin(p.world.topic)
	if trusted, err := audit.Follow(p.world.manifest, p.world.topic, origin, links, b.Header, p.world.keys.verify); err != nil || trusted != b.Header.Committee {
		return fmt.Errorf("join at height %d: committee %v, %v", b.Header.Height, trusted, err)
	}
	p.store.blobs[b.Header.Anchor] = from.store.Blob(b.Header.Anchor)
	for _, r := range append([]engine.Record{{Kind: engine.RecordState, Data: data}}, engine.LinkRecords(links)...) {
		if err := p.store.append(r); err != nil {
			return err
		}
	}
	return p.boot(false)
}

// Crash ends the peer; its disk stays.
func (p *Peer) Crash() { p.up = false }

// Restart boots it again.
func (p *Peer) Restart() error { return p.boot(false) }

// Backup copies the disk.
func (p *Peer) Backup() *store { return p.store.clone() }

// Restore boots it on an old copy of its disk.
func (p *Peer) Restore(old *store) error {
	p.store = old.clone()
	return p.boot(false)
}

func (p *Peer) step(in engine.Input) error {
	out, err := p.machine.Step(p.world.now, in)
	if errors.Is(err, engine.ErrTwin) && !p.honest() {
		p.Crash() // it has met its own double
		return nil
	}
	if err != nil {
		return err
	}
	for _, o := range out {
		if err := p.act(o); err != nil {
			return err
		}
	}
	return p.world.witness.check(p)
}

func (p *Peer) act(o engine.Output) error {
	w := p.world
	switch o := o.(type) {
	case engine.Store:
		return p.store.append(o.Record)
	case engine.StoreBlob:
		p.store.blobs[o.CID] = o.Data
	case engine.Publish:
		w.publish(p, o.Data)
		return w.witness.published(p, o.Data)
	case engine.Ask:
		p.ask(o)
	case engine.Fetch:
		p.fetches[o.CID] = true
		p.fetch(o.CID)
	case engine.Alarm:
		p.alarm++
		n := p.alarm
		w.after(max(0, o.At-w.now), p, func() error {
			if n != p.alarm {
				return nil // replaced
			}
			return p.step(engine.Tick{})
		})
	case engine.Train:
		// The result is fixed now; its time of arrival, too.
		if o.Undo {
			p.rest.Undo()
		}
		if o.Carry != nil {
			if err := p.rest.Add(*o.Carry); err != nil {
				return err
			}
		}
		update := w.problem.Train(p.data, o.Anchor, w.rng)
		data, err := p.rest.Compress(update)
		if err != nil {
			return err
		}
		takes := int64(w.cfg.Training) + int64(50+w.rng.IntN(250))*1e6
		w.after(takes, p, func() error { return p.step(engine.Trained{Round: o.Round, Delta: data}) })
	case engine.Mine:
		work := engine.FindWork(w.topic, p.author(), o, func() bool { return false })
		w.after(int64(w.cfg.Mining)+int64(10+w.rng.IntN(50))*1e6, p, func() error { return p.step(engine.Mined{Round: o.Round, Work: work}) })
	case engine.Score:
		scores := w.problem.Score(p.data, o.Anchor, o.Deltas, o.Among)
		takes := int64(w.cfg.Scoring) + int64(20+w.rng.IntN(80))*1e6
		w.after(takes, p, func() error { return p.step(engine.Scored{Round: o.Round, Scores: scores}) })
	case engine.Submitted:
		p.submitted = &o
	case engine.Settled:
		clear(p.fetches)
		return w.witness.settled(p, o.Outcome)
	case engine.Certified:
		return w.witness.certified(p, o.Receipt)
	}
	return nil
}

// publish delivers to all others, each at its own time; some deliveries are lost.
func (w *World) publish(from *Peer, data []byte) {
	for _, to := range w.Peers {
		if to == from || !w.reaches(from, to) || w.rng.Float64() < w.cfg.Loss {
			continue
		}
		w.after(w.latency(), to, func() error { return to.receive(from, data) })
	}
}

func (p *Peer) receive(from *Peer, data []byte) error {
	m, err := engine.Decode(data, p.world.topic, p.world.keys.verify)
	if err != nil || !engine.Gossiped(m) {
		return nil // a real network refuses it
	}
	return p.step(engine.Received{From: from.author(), Message: m})
}

// Author is the peer's key.
func (p *Peer) Author() ledger.Author { return p.author() }

func (p *Peer) author() ledger.Author { return p.world.keys.author(p.data) }

// others returns who can be reached now, in random order.
func (p *Peer) others() (out []*Peer) {
	w := p.world
	for _, i := range w.rng.Perm(len(w.Peers)) {
		if q := w.Peers[i]; q != p && q.up && w.reaches(p, q) && q.attack() != adversary.Silent {
			out = append(out, q)
		}
	}
	return out
}

func (p *Peer) ask(o engine.Ask) {
	for _, q := range p.others() {
		if o.To == (ledger.Author{}) || o.To == q.author() {
			p.askOne(q, o.Query)
		}
	}
}

func (p *Peer) askOne(q *Peer, query engine.Query) {
	w := p.world
	w.after(w.latency(), q, func() error {
		var messages []engine.Message
		blocks := 0
		for _, b := range q.engine.Answer(query, q.store) {
			m, err := engine.Decode(b, w.topic, w.keys.verify)
			if w.cfg.Short && blocks == 3 {
				break
			}
			if _, is := m.(engine.FinalMessage); is {
				blocks++
			}
			if e, is := m.(engine.EntryMessage); is && q.attack() == adversary.Withhold {
				m = engine.EntryMessage{Entry: e.Entry}
			}
			if err == nil {
				messages = append(messages, m)
			}
		}
		w.after(w.latency(), p, func() error { return p.step(engine.Answered{From: q.author(), Query: query, Messages: messages}) })
		return nil
	})
}

// fetch asks one after the other until somebody has it or the round is over.
func (p *Peer) fetch(id ledger.CID) {
	w := p.world
	w.after(w.latency(), p, func() error {
		if !p.fetches[id] {
			return nil
		}
		for _, q := range slices.Concat([]*Peer{p}, p.others()) {
			data := q.store.Blob(id)
			if data == nil || q != p && q.attack() == adversary.Withhold {
				continue
			}
			delete(p.fetches, id)
			return p.step(engine.Fetched{Data: data})
		}
		p.fetch(id)
		return nil
	})
}
