package sim

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/audit"
	"github.com/grapevine-network/grapevine/node/engine"
	"github.com/grapevine-network/grapevine/node/sim/adversary"
)

var (
	seeds = flag.Int("seeds", 50, "worlds to simulate")
	first = flag.Uint64("seed", 0, "the first of them")
)

func mustWorld(t testing.TB, c Config) *World {
	t.Helper()
	w, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func mustRun(t testing.TB, w *World, rounds uint64) {
	t.Helper()
	if err := w.Run(rounds); err != nil {
		t.Fatal(err)
	}
}

func mustRestart(t testing.TB, p *Peer) {
	t.Helper()
	if err := p.Restart(); err != nil {
		t.Fatal(err)
	}
}

func TestPeersLearnAgreeAndArePaid(t *testing.T) {
	for _, n := range []int{1, 4, 7, 16} {
		t.Run(fmt.Sprintf("validators=%d", n), func(t *testing.T) {
			c := Config{Seed: 1, Validators: n, Real: n == 4}
			if n == 1 {
				c.Trainers = 3
			}
			w := mustWorld(t, c)
			before := w.problem.Loss(w.Peers[0].Replica().Anchor())
			mustRun(t, w, 5)
			r := w.Peers[0].Replica()
			if after := w.problem.Loss(r.Anchor()); after > before/2 {
				t.Errorf("loss went from %.3f to %.3f", before, after)
			}
			last := w.keys.author(len(w.Peers) - 1)
			if got := r.State.Account(last).Balance; got <= 1_000 {
				t.Errorf("the last trainer has %d, no more than at first", got)
			}
		})
	}
}

// A scenario is drawn from its seed: how many peers, what goes wrong, who lies.
func TestScenarios(t *testing.T) {
	for seed := *first; seed < *first+uint64(*seeds); seed++ {
		if err := scenario(t, seed); err != nil {
			t.Errorf("%v\nreplay with: go test ./node/sim -run TestScenarios -seeds 1 -seed %d", err, seed)
		}
	}
}

func scenario(t *testing.T, seed uint64) error {
	rng := rand.New(rand.NewPCG(seed, 3))
	n := []int{4, 5, 7}[rng.IntN(3)]
	c := Config{
		Seed: seed, Validators: n, Trainers: rng.IntN(3), Attack: map[int]adversary.Kind{}, Twin: map[int]bool{},
		Loss: []float64{0, 0.01, 0.03}[rng.IntN(3)], Real: seed%10 == 0,
	}
	faulty := rng.IntN(n) // at most one of them lies: f of 3f+1
	const kinds = 25      // of those that there were at first: with more, old seeds would mean other worlds
	switch kind := rng.IntN(kinds + 2); {
	case kind < kinds:
		c.Attack[faulty] = adversary.Kinds[kind]
	case kind == kinds:
		c.Twin[faulty] = true
	}
	w := mustWorld(t, c)
	if err := w.Run(2); err != nil {
		return err
	}
	if err := trouble(w, rng); err != nil {
		return err
	}
	return w.Run(2)
}

// trouble is one more thing that goes wrong, and passes.
func trouble(w *World, rng *rand.Rand) error {
	honest := w.Honest()
	p := honest[rng.IntN(len(honest))]
	if err := w.For(time.Duration(rng.IntN(2000)) * time.Millisecond); err != nil { // at any point of an instance
		return err
	}
	switch rng.IntN(5) {
	case 0: // crash and restart
		p.Crash()
		away := time.Duration(rng.IntN(20)) * time.Second
		if rng.IntN(2) == 0 {
			away /= 1000
		}
		if err := w.For(away); err != nil {
			return err
		}
		return p.Restart()
	case 1: // restored backup
		old := p.Backup()
		if err := w.For(time.Duration(1+rng.IntN(10)) * time.Second); err != nil {
			return err
		}
		p.Crash()
		return p.Restore(old)
	case 2: // partition
		side := map[int]int{}
		for _, q := range w.Peers {
			side[q.id] = rng.IntN(2)
		}
		w.Split(side)
		err := w.For(time.Duration(rng.IntN(30)) * time.Second)
		w.Heal()
		return err
	case 3: // everybody crashes at once
		for _, q := range w.Peers {
			q.Crash()
		}
		for _, q := range w.Peers {
			if err := q.Restart(); err != nil {
				return err
			}
		}
	}
	return nil
}

func TestTheSameSeedReplays(t *testing.T) {
	run := func() (int64, int, ledger.Hash) {
		w := mustWorld(t, Config{Seed: 5, Validators: 4, Loss: 0.05})
		mustRun(t, w, 3)
		return w.now, w.seq, w.Peers[0].Replica().Root()
	}
	now, seq, root := run()
	if n, s, r := run(); n != now || s != seq || r != root {
		t.Errorf("same seed, other history: %d and %d events, %v and %v", seq, s, time.Duration(now), time.Duration(n))
	}
}

// All validators but the proposer forget the block that they voted for, and come
// back: they must repeat their votes, not vote for something else.
func TestAVoteIsNotChangedByACrash(t *testing.T) {
	for seed := range uint64(20) {
		w := mustWorld(t, Config{Seed: seed, Validators: 4})
		mustRun(t, w, 1)
		for range 3 {
			if err := w.Until(func() bool { return w.Peers[1].engine.Voting() }, time.Minute); err != nil {
				t.Fatal(err)
			}
			instance := w.Peers[1].engine.Instance()
			proposer := w.Peers[0].Replica().State.Now.Proposer(w.topic, instance)
			for _, p := range w.Peers {
				p.Crash()
			}
			for _, p := range w.Peers {
				if p.author() != proposer {
					mustRestart(t, p)
				}
			}
			if err := w.For(10 * time.Second); err != nil {
				t.Fatal(err)
			}
			for _, p := range w.Peers {
				if !p.up {
					mustRestart(t, p)
				}
			}
		}
		mustRun(t, w, 1)
	}
}

// What a peer signed and nobody heard, since it crashed too early, it says again when
// it is back. Nobody else has anything to say, so there is no block that lacks it.
func TestWhatNobodyHeardIsSaidAgainAfterACrash(t *testing.T) {
	for seed := range uint64(10) {
		w := mustWorld(t, Config{Seed: seed, Validators: 2, Trainers: 1})
		p := w.Peers[2]
		for _, q := range w.Peers[:2] {
			w.after(0, q, func() error { return q.step(engine.Pause{On: true}) })
		}
		w.Split(map[int]int{p.id: 1})
		if err := w.Until(func() bool { return p.store.Entry(p.author(), 1) != nil }, time.Minute); err != nil {
			t.Fatal(err)
		}
		p.Crash()
		w.Heal()
		mustRestart(t, p)
		certified := func() bool { return w.Peers[0].Replica().State.Account(p.author()).Seq == 1 }
		if err := w.Until(certified, 10*time.Second); err != nil {
			t.Error(err)
		}
	}
}

// Nothing is said in an idle topic, and answers do not hold all that a peer missed:
// it asks on by itself.
func TestAPeerAsksOnUntilItHasAllBlocks(t *testing.T) {
	w := mustWorld(t, Config{Seed: 1, Validators: 4, Short: true})
	mustRun(t, w, 1)
	late := w.Peers[3]
	late.Crash()
	mustRun(t, w, 10)
	w.Pause(true)
	if err := w.For(time.Minute); err != nil {
		t.Fatal(err)
	}
	mustRestart(t, late)
	want := w.Peers[0].Replica().Head.Height
	if err := w.Until(func() bool { return late.Replica().Head.Height >= want }, 3*time.Second); err != nil {
		t.Error(err)
	}
}

// With two validators each waits for the other: what one forgets in a crash, the
// other must say again, in every phase.
func TestTwoValidatorsGoOnAfterOneRestarts(t *testing.T) {
	for seed := range uint64(100) {
		w := mustWorld(t, Config{Seed: seed, Validators: 2})
		mustRun(t, w, 2)
		rng := rand.New(rand.NewPCG(seed, 9))
		if err := w.For(time.Duration(rng.IntN(2000)) * time.Millisecond); err != nil {
			t.Fatal(err)
		}
		w.Peers[1].Crash()
		if err := w.For(time.Duration(rng.IntN(500)) * time.Millisecond); err != nil {
			t.Fatal(err)
		}
		mustRestart(t, w.Peers[1])
		mustRun(t, w, 2)
	}
}

// Worlds in which an instance once stood for ever: gpbft had set no alarm.
func TestWorldsThatOnceStoodStill(t *testing.T) {
	for _, seed := range []uint64{70, 187} {
		if err := scenario(t, seed); err != nil {
			t.Error(err)
		}
	}
}

func TestAForkIsProvenAndSlashedOnce(t *testing.T) {
	for name, c := range map[string]Config{
		"equivocator": {Seed: 1, Validators: 4, Attack: map[int]adversary.Kind{3: adversary.Equivocate}},
		"twin":        {Seed: 1, Validators: 4, Twin: map[int]bool{3: true}},
		"double vote": {Seed: 1, Validators: 4, Attack: map[int]adversary.Kind{3: adversary.DoubleVote}},
	} {
		t.Run(name, func(t *testing.T) {
			w := mustWorld(t, c)
			mustRun(t, w, 3)
			s := w.Peers[0].Replica().State
			a := s.Account(w.keys.author(3))
			if !a.Forked || a.Bond != 500_000 || a.Stake != 500_000 {
				t.Errorf("who forked its chain has %+v, want half of bond and stake gone", a)
			}
			const lost = 1_000_000
			if want := uint64(lost - lost*(ledger.One/10)/ledger.One); s.Supply.Burnt != want {
				t.Errorf("burnt %d, want %d: the rest goes to who reported it", s.Supply.Burnt, want)
			}
		})
	}
}

// A copied home that starts beside the original notices before it signs
// anything, and stops.
func TestACopiedHomeStopsBeforeItForks(t *testing.T) {
	for seed := range uint64(10) {
		w := mustWorld(t, Config{Seed: seed, Validators: 4})
		mustRun(t, w, 1)
		original := w.Peers[3]
		copied := &Peer{world: w, id: len(w.Peers), data: original.data, store: original.Backup()}
		w.cfg.Twin = map[int]bool{3: true} // not honest, from now on
		w.Peers = append(w.Peers, copied)
		if err := copied.boot(false); err != nil {
			t.Fatal(err)
		}
		mustRun(t, w, 3)
		if copied.up {
			t.Errorf("seed %d: the copy still runs", seed)
		}
		if w.Peers[0].Replica().State.Account(original.author()).Forked {
			t.Errorf("seed %d: the chain forked", seed)
		}
	}
}

func TestWithoutAQuorumHeightsStopAndResume(t *testing.T) {
	w := mustWorld(t, Config{Seed: 2, Validators: 4})
	mustRun(t, w, 1)
	w.Peers[0].Crash()
	w.Peers[1].Crash()
	if err := w.For(5 * time.Second); err != nil { // what was in flight may still be decided
		t.Fatal(err)
	}
	height := w.Peers[2].Replica().Head.Height
	if err := w.For(time.Minute); err != nil {
		t.Fatal(err)
	}
	if got := w.Peers[2].Replica().Head.Height; got != height {
		t.Errorf("two of four made heights %d to %d", height, got)
	}
	for _, p := range w.Peers[:2] {
		mustRestart(t, p)
	}
	mustRun(t, w, 2)
}

func TestAnIdleTopicMakesNoBlocks(t *testing.T) {
	w := mustWorld(t, Config{Seed: 3, Validators: 4})
	mustRun(t, w, 1)
	w.Pause(true)
	if err := w.For(time.Minute); err != nil {
		t.Fatal(err)
	}
	height := w.Peers[0].Replica().Head.Height
	if err := w.For(10 * time.Minute); err != nil {
		t.Fatal(err)
	}
	if got := w.Peers[0].Replica().Head.Height; got != height {
		t.Errorf("an idle topic went from height %d to %d", height, got)
	}
	w.Pause(false)
	mustRun(t, w, 1)
}

// A peer that comes late takes the state at a checkpoint, which is certified,
// and the blocks since; it ends with the same state, and takes part. The checkpoint's
// model is too old by then to start from, and others keep it for who joins.
func TestALateJoinerGoesOnFromACheckpoint(t *testing.T) {
	const period = 32
	w := mustWorld(t, Config{Seed: 4, Validators: 4, Trainers: 1, Rules: func(m *ledger.Manifest) { m.Rounds.Checkpoint = period }})
	late := w.Peers[4]
	late.Crash()
	late.store = newStore()
	mustRun(t, w, 13)
	if err := late.join(w.Peers[0]); err != nil {
		t.Fatal(err)
	}
	if got := late.Replica().Head.Height; got != period || slices.Contains(w.Peers[0].Replica().State.Anchors, late.Replica().State.Anchor()) {
		t.Fatalf("joined at height %d, want a checkpoint", got)
	}
	mustRun(t, w, 3)
	mustRestart(t, late) // on a log that begins with a snapshot
	mustRun(t, w, 12)
	if got := w.Peers[0].Replica().State.Account(late.author()).Seq; got < 4 {
		t.Errorf("%d entries of the late joiner are certified, want COMMITs and REVEALs", got)
	}
	if got, want := late.Replica().Head.Height, w.Peers[0].Replica().Head.Height; got+4 < want {
		t.Errorf("the late joiner is at height %d, the others at %d", got, want)
	}
}

func TestANewcomerEarnsThroughWork(t *testing.T) {
	w := mustWorld(t, Config{Seed: 6, Validators: 4, Trainers: 1, Rules: func(m *ledger.Manifest) {
		m.Economy.Slots, m.Economy.Work = 4, 8
		m.Genesis = m.Genesis[:4] // the fifth comes with nothing
	}})
	mustRun(t, w, 12)
	got := w.Peers[0].Replica().State.Account(w.keys.author(4))
	if got.Bond != 0 || got.Balance == 0 {
		t.Errorf("the newcomer has %+v, want a balance", got)
	}
	if bonded := w.Peers[0].Replica().State.Account(w.keys.author(3)); got.Balance > bonded.Balance/4 {
		t.Errorf("the newcomer has %d, a bonded peer %d", got.Balance, bonded.Balance)
	}
}

// A COMMIT phase waits for no newcomer, so its work must be there before: however
// long it takes, training and the way to others.
func TestANewcomerWhoseWorkTakesLongerThanARoundTakesPart(t *testing.T) {
	for name, c := range map[string]Config{
		"as long as a phase": {Seed: 6, Mining: time.Second},
		"several rounds":     {Seed: 7, Mining: 2 * time.Second},
		"slow training too":  {Seed: 8, Mining: 5 * time.Second, Training: 7 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			c.Validators, c.Trainers, c.Rules = 4, 1, func(m *ledger.Manifest) {
				m.Economy.Slots, m.Economy.Work = 4, 8
				m.Genesis = m.Genesis[:4]
			}
			w := mustWorld(t, c)
			mustRun(t, w, 30)
			got := w.Peers[4].reveals(t)
			if t.Log(got); got < 3 {
				t.Errorf("the newcomer took part in %d of 30 rounds, want more", got)
			}
		})
	}
}

// reveals counts a peer's own REVEALs: it makes one when its COMMIT was in time.
func (p *Peer) reveals(t *testing.T) (n int) {
	t.Helper()
	for _, r := range p.store.records {
		if r.Kind != engine.RecordEntry {
			continue
		}
		x, err := ledger.DecodeEntry(r.Data)
		if err != nil {
			t.Fatal(err)
		}
		if x.Author == p.author() && x.Kind == ledger.KindReveal {
			n++
		}
	}
	return n
}

func TestAForgedSnapshotIsRefused(t *testing.T) {
	w := mustWorld(t, Config{Seed: 4, Validators: 4})
	mustRun(t, w, 20)
	good := w.Peers[0].engine.Answer(engine.Query{Kind: engine.AskSnapshot}, w.Peers[0].store)[0][1:]
	config := w.Peers[1].config(true)
	config.Trusted = w.manifest.Committee().CID()
	b, err := audit.SnapshotBlock(good)
	if err != nil {
		t.Fatal(err)
	}
	config.Anchor = w.Peers[0].store.Blob(b.Header.Anchor)
	for at := 0; at < len(good); at += 37 {
		config.Snapshot = slices.Clone(good)
		config.Snapshot[at] ^= 1
		if _, err := engine.New(config); err == nil {
			t.Errorf("a snapshot with byte %d of %d changed was taken", at, len(good))
		}
	}
	config.Snapshot = good
	if _, err := engine.New(config); err != nil {
		t.Error(err)
	}
	config.Trusted = ledger.SumNode(nil)
	if _, err := engine.New(config); err == nil {
		t.Error("a snapshot of a committee that is not trusted was taken")
	}
}
