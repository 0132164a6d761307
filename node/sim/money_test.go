package sim

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/engine"
	"github.com/grapevine-network/grapevine/node/sim/adversary"
)

// short makes checkpoints frequent.
func short(m *ledger.Manifest) {
	m.Rounds.Checkpoint, m.Economy.Unbonding = 8, 24
	for i := range m.Genesis {
		m.Genesis[i].Balance = 2_000_000
	}
}

// submit asks a peer for an entry and waits until it is certified.
func (w *World) submit(p *Peer, body any) error {
	p.submitted = nil
	w.after(0, p, func() error { return p.step(engine.Submit{ID: 1, Body: body}) })
	if err := w.Until(func() bool { return p.submitted != nil }, time.Minute); err != nil {
		return err
	}
	if p.submitted.Err != nil {
		return p.submitted.Err
	}
	x := p.submitted.Entry
	return w.Until(func() bool { return p.Replica().State.Account(x.Author).Seq >= x.Seq }, 10*time.Minute)
}

func mustSubmit(t *testing.T, w *World, p *Peer, body any) {
	t.Helper()
	if err := w.submit(p, body); err != nil {
		t.Fatal(err)
	}
}

// A trainer is sent tokens, stakes them and gets a seat; a validator leaves, and is
// paid back; meanwhile rounds go on over several checkpoints.
func TestValidatorsComeAndGo(t *testing.T) {
	w := mustWorld(t, Config{Seed: 11, Validators: 4, Trainers: 1, Rules: short})
	mustRun(t, w, 1)
	comes, goes := w.Peers[4], w.Peers[0]
	mustSubmit(t, w, w.Peers[1], &ledger.Transfer{To: comes.author(), Amount: 500_000})
	mustSubmit(t, w, comes, &ledger.Stake{Amount: 2_400_000})
	mustSubmit(t, w, goes, &ledger.Unstake{Amount: 1_000_000})
	s := w.Peers[1].Replica().State
	err := w.Until(func() bool { return s.Now.Seat(comes.author()) >= 0 && s.Now.Seat(goes.author()) < 0 }, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	before := w.Peers[1].Replica().Head.Height
	mustRun(t, w, 6)
	if got := w.Peers[1].Replica().Head.Height; got < before+16 {
		t.Errorf("heights %d to %d, want two checkpoints more", before, got)
	}
	if a := s.Account(goes.author()); a.Stake != 0 || a.Balance < 3_000_000 {
		t.Errorf("who left has %+v, want its stake in its balance", a)
	}
	if got := s.Now[s.Now.Seat(comes.author())].Stake; got != 2_400_000 {
		t.Errorf("who came votes with %d", got)
	}
}

// What would have no effect is not signed, and nothing happens to its author.
func TestWhatWouldHaveNoEffectIsNotSigned(t *testing.T) {
	w := mustWorld(t, Config{Seed: 12, Validators: 4, Rules: short})
	mustRun(t, w, 1)
	p := w.Peers[0]
	for _, body := range []any{
		&ledger.Transfer{To: p.author(), Amount: 1}, &ledger.Transfer{To: w.Peers[1].author(), Amount: 1 << 50},
		&ledger.Unbond{Amount: 1_000_001}, &ledger.Admit{Member: w.Peers[1].author()},
	} {
		if err := w.submit(p, body); err == nil {
			t.Errorf("%T: signed", body)
		}
	}
	mustRun(t, w, 1)
}

// Stakes change, validators crash, come back, and are restored from backups, one
// votes twice: committees change at every eighth height, nothing forks, and nobody
// honest can be proven guilty.
func TestStakesChangeWhileThingsGoWrong(t *testing.T) {
	for seed := *first; seed < *first+uint64(max(2, *seeds/25)); seed++ {
		if err := changes(t, seed); err != nil {
			t.Errorf("%v\nreplay with: go test ./node/sim -run TestStakesChange -seed %d", err, seed)
		}
	}
}

func changes(t *testing.T, seed uint64) error {
	rng := rand.New(rand.NewPCG(seed, 21))
	c := Config{Seed: seed, Validators: 5, Trainers: 2, Loss: []float64{0, 0.02}[rng.IntN(2)], Rules: short, Attack: map[int]adversary.Kind{}}
	if seed%2 == 0 {
		c.Attack[4] = adversary.DoubleVote
	}
	w := mustWorld(t, c)
	if err := w.Run(1); err != nil {
		return err
	}
	for range 4 {
		p := w.Honest()[rng.IntN(len(w.Honest()))]
		a := p.Replica().State.Account(p.author())
		var body any = &ledger.Stake{Amount: 1 + rng.Uint64N(max(1, a.Balance/2))}
		if rng.IntN(2) == 0 && a.Stake > 1 {
			body = &ledger.Unstake{Amount: 1 + rng.Uint64N(a.Stake/2)}
		}
		if err := w.submit(p, body); err != nil {
			return fmt.Errorf("%T of peer %d: %w", body, p.id, err)
		}
		if err := trouble(w, rng); err != nil {
			return err
		}
		if err := w.Run(2); err != nil {
			return err
		}
	}
	s := w.Honest()[0].Replica().State
	if guilty := s.Account(w.keys.author(4)).Forked; guilty != (len(c.Attack) > 0) {
		return fmt.Errorf("seed %d: slashed: %v", seed, guilty)
	}
	return nil
}

// Nobody lies; but validators crash, some or all at once, with or without old disks
// in their place, while messages are lost and the network is split. Whatever the
// schedule, no peer ever holds a proof about another one: the witness looks after
// each step. One disk is old at a time; whose it is stays silent until somebody has
// told what it signed. When all who heard that have crashed since, nobody can, and it
// may sign something else; but then nobody can prove that either.
func TestNobodyHonestIsEverProvenGuilty(t *testing.T) {
	for seed := *first; seed < *first+uint64(max(3, *seeds/20)); seed++ {
		if err := misfortunes(seed); err != nil {
			t.Errorf("%v\nreplay with: go test ./node/sim -run TestNobodyHonest -seed %d", err, seed)
		}
	}
}

func misfortunes(seed uint64) error {
	rng := rand.New(rand.NewPCG(seed, 22))
	w, err := New(Config{Seed: seed, Validators: 4, Trainers: 1, Loss: []float64{0, 0.03}[rng.IntN(2)], Rules: short})
	if err != nil {
		return err
	}
	if err := w.Run(1); err != nil {
		return err
	}
	for range 6 {
		old := w.Peers[rng.IntN(len(w.Peers))]
		backup := old.Backup()
		if err := w.For(time.Duration(rng.IntN(4000)) * time.Millisecond); err != nil {
			return err
		}
		if rng.IntN(3) == 0 {
			w.Split(map[int]int{rng.IntN(5): 1, rng.IntN(5): 1})
			if err := w.For(time.Duration(rng.IntN(4000)) * time.Millisecond); err != nil {
				return err
			}
		}
		for _, p := range w.Peers {
			if p != old && rng.IntN(2) == 0 {
				p.Crash()
				if err := p.Restart(); err != nil {
					return err
				}
			}
		}
		if rng.IntN(2) == 0 {
			old.forgot = true
			old.Crash()
			if err := old.Restore(backup); err != nil {
				return err
			}
		}
		if err := w.For(time.Duration(rng.IntN(3000)) * time.Millisecond); err != nil {
			return err
		}
		w.Heal()
	}
	return w.Run(1)
}
