package sim

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/audit"
	"github.com/grapevine-network/grapevine/node/engine"
	"github.com/grapevine-network/grapevine/node/sim/adversary"
)

// Config describes a world.
type Config struct {
	Seed       uint64
	Validators int                      // peers with stake and bond, at least 1
	Trainers   int                      // further peers with a bond only
	Attack     map[int]adversary.Kind   // by peer
	Twin       map[int]bool             // peers that run twice with one key: they fork chains and vote twice
	Loss       float64                  // chance that one delivery of a gossip message is lost
	Training   time.Duration            // what training takes, beside a little
	Scoring    time.Duration            // what scoring a round takes, beside a little
	Mining     time.Duration            // what a newcomer's proof of work takes, beside a little
	Sequential bool                     // nobody trains before the anchor is settled
	Real       bool                     // Ed25519 signatures instead of cheap stand-ins
	Problem    Problem                  // default: a toy, see the package
	Short      bool                     // answers hold three blocks at most, and say nothing of later ones
	Rules      func(m *ledger.Manifest) // changes the manifest, if not nil
}

// World is a network of engines.
type World struct {
	Peers []*Peer

	cfg      Config
	rng      *rand.Rand
	now      int64
	seq      int
	queue    queue
	topic    ledger.CID
	manifest *ledger.Manifest
	anchor   []byte
	keys     *keyring
	problem  Problem
	witness  witness
	side     map[int]int // partition: peers hear only their own side
}

// New makes a world in which everybody has started.
func New(c Config) (*World, error) {
	w := &World{cfg: c, rng: rand.New(rand.NewPCG(c.Seed, 1)), side: map[int]int{}}
	w.keys = newKeyring(c.Real)
	w.witness = newWitness()
	n := c.Validators + c.Trainers
	if w.problem = c.Problem; w.problem == nil {
		w.problem = newToy(c.Seed, n)
	}
	if err := w.found(n); err != nil {
		return nil, err
	}
	for i := range n {
		copies := 1
		if c.Twin[i] {
			copies = 2
		}
		for range copies {
			w.Peers = append(w.Peers, &Peer{world: w, id: len(w.Peers), data: i, store: newStore()})
		}
	}
	for _, p := range w.Peers {
		if err := p.boot(true); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// found writes the manifest.
func (w *World) found(n int) error {
	model := w.problem.First()
	w.anchor = audit.EncodeAnchor(model)
	m := ledger.Manifest{
		Name: fmt.Sprintf("sim %d", w.cfg.Seed),
		Learning: ledger.Learning{
			Model: "toy", Shape: []ledger.Tensor{{Name: "w", Dims: []uint64{uint64(len(model))}}}, Anchor: ledger.SumBlob(w.anchor),
			Steps: 1, Batch: 1, Rate: ledger.One, Keep: 256, Decay: ledger.One * 95 / 100, Alpha: ledger.One,
		},
		Rounds: ledger.Rounds{Commit: 6, Reveal: 6, Seal: 6, Open: 6, Pace: 1000, Propose: 1000, Delta: 300},
		Economy: ledger.Economy{
			Cap: 1e15, Rate: 1 << 26, Trainers: ledger.One * 70 / 100, Validators: ledger.One * 20 / 100,
			Newcomers: ledger.One * 5 / 100, MaxScore: 1 << 20, FullScore: 1_000, Slash: ledger.One / 2, Reporter: ledger.One / 10,
		},
	}
	e := &m.Economy
	e.Treasury = ledger.One - e.Trainers - e.Validators - e.Newcomers
	for i := range n {
		g := ledger.Member{Author: w.keys.author(i), Bond: 1_000_000, Balance: 1_000}
		if i < w.cfg.Validators {
			g.Stake = 1_000_000
		}
		m.Genesis = append(m.Genesis, g)
	}
	if w.cfg.Rules != nil {
		w.cfg.Rules(&m)
	}
	data, topic, err := ledger.EncodeManifest(m)
	if err != nil {
		return err
	}
	w.topic = topic
	w.manifest, _, err = ledger.DecodeManifest(data)
	return err
}

// event is something that will happen to a peer.
type event struct {
	at  int64
	seq int
	to  *Peer
	run int // the peer's life that it belongs to
	do  func() error
}

type queue []event

func (q queue) Len() int      { return len(q) }
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q queue) Less(i, j int) bool {
	return q[i].at < q[j].at || q[i].at == q[j].at && q[i].seq < q[j].seq
}
func (q *queue) Push(x any) { *q = append(*q, x.(event)) }
func (q *queue) Pop() any {
	old := *q
	e := old[len(old)-1]
	*q = old[:len(old)-1]
	return e
}

func (w *World) after(d int64, p *Peer, do func() error) {
	w.seq++
	heap.Push(&w.queue, event{w.now + d, w.seq, p, p.life, do})
}

// latency is log-normal-like: mostly near 30 ms, sometimes ten times that.
func (w *World) latency() int64 {
	ms := 5 + 30*w.rng.ExpFloat64()
	return int64(min(ms, 250) * 1e6)
}

// Step lets the next thing happen. It tells whether there was one.
func (w *World) Step() (bool, error) {
	for w.queue.Len() > 0 {
		e := heap.Pop(&w.queue).(event)
		w.now = max(w.now, e.at)
		if e.run != e.to.life || !e.to.up {
			continue
		}
		if err := e.do(); err != nil {
			return false, fmt.Errorf("seed %d, %v, peer %d: %w", w.cfg.Seed, time.Duration(w.now), e.to.id, err)
		}
		return true, nil
	}
	return false, nil
}

// Until steps until done, and fails when virtual time passes the limit.
func (w *World) Until(done func() bool, limit time.Duration) error {
	end := w.now + int64(limit)
	for !done() {
		if w.now > end {
			return fmt.Errorf("seed %d: not done after %v: %s", w.cfg.Seed, limit, w.describe())
		}
		if more, err := w.Step(); err != nil {
			return err
		} else if !more {
			return fmt.Errorf("seed %d: nothing happens any more: %s", w.cfg.Seed, w.describe())
		}
	}
	return nil
}

// Now is the virtual time since the beginning.
func (w *World) Now() time.Duration { return time.Duration(w.now) }

// For steps for some virtual time.
func (w *World) For(d time.Duration) error {
	end := w.now + int64(d)
	for w.queue.Len() > 0 && w.queue[0].at <= end {
		if _, err := w.Step(); err != nil {
			return err
		}
	}
	w.now = end
	return nil
}

// Run steps until all honest peers that are up have settled rounds more.
func (w *World) Run(rounds uint64) error {
	target := rounds
	for _, p := range w.Honest() {
		target = max(target, p.engine.Replica().State.Round.Number+rounds)
	}
	return w.Until(func() bool {
		for _, p := range w.Honest() {
			if p.up && p.engine.Replica().State.Round.Number < target {
				return false
			}
		}
		return true
	}, time.Duration(rounds)*10*time.Minute)
}

// Honest returns the peers that follow the rules.
func (w *World) Honest() (out []*Peer) {
	for _, p := range w.Peers {
		if p.honest() {
			out = append(out, p)
		}
	}
	return out
}

// Split lets peers hear only those on their own side; Heal ends it.
func (w *World) Split(side map[int]int) { w.side = side }

// Heal ends a split.
func (w *World) Heal() { w.side = map[int]int{} }

func (w *World) reaches(from, to *Peer) bool { return w.side[from.id] == w.side[to.id] }

func (w *World) describe() (s string) {
	for _, p := range w.Peers {
		st := p.engine.Replica().State
		s += fmt.Sprintf("\n  peer %d up=%t height %d instance %d round %d %v commits %d reveals %d seals %d openings %d",
			p.id, p.up, st.Height, p.engine.Instance(), st.Round.Number, st.Round.Phase, len(st.Round.Commits), len(st.Round.Reveals), len(st.Round.Seals), len(st.Round.Openings))
	}
	return s
}

var _ adversary.Machine = (*engine.Engine)(nil)

// Pause stops or resumes the opening of rounds, at all peers.
func (w *World) Pause(on bool) {
	for _, p := range w.Peers {
		w.after(0, p, func() error { return p.step(engine.Pause{On: on}) })
	}
}
