package sim

import (
	"testing"
	"time"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/engine"
)

// halves is a world of 20 peers, ten of which validate, and who is on which side.
func halves(t *testing.T) (*World, map[int]int) {
	w := mustWorld(t, Config{Seed: 3, Validators: 10, Trainers: 10})
	side := map[int]int{}
	for i := range w.Peers {
		side[i] = i % 2
	}
	return w, side
}

func mustFor(t testing.TB, w *World, d time.Duration) {
	t.Helper()
	if err := w.For(d); err != nil {
		t.Fatal(err)
	}
}

// liveLoss is the mean loss of the live replicas on one side.
func (w *World) liveLoss(t *testing.T, side map[int]int, which int) (mean float64) {
	learning := 0
	for _, p := range w.Peers {
		if x := p.engine.LiveModel(); side[p.id] == which && x != nil {
			mean += w.problem.Loss(x)
			learning++
		}
	}
	if learning != len(w.Peers)/2 {
		t.Fatalf("side %d: %d peers learn live", which, learning)
	}
	return mean / float64(learning)
}

func TestTwoHalvesLearnApartAndGoOnTogether(t *testing.T) {
	w, side := halves(t)
	mustRun(t, w, 2)
	w.Split(side)
	mustFor(t, w, 10*time.Second) // what was in flight may still be decided
	r := w.Peers[0].Replica()
	height, root, anchor := r.Head.Height, r.Root(), w.problem.Loss(r.Anchor())
	loss := [2]float64{anchor, anchor}
	for _, seconds := range []time.Duration{45, 45} {
		mustFor(t, w, seconds*time.Second)
		for which, before := range loss {
			if loss[which] = w.liveLoss(t, side, which); loss[which] > before/2 {
				t.Errorf("side %d: loss %.4f became %.4f", which, before, loss[which])
			}
		}
	}
	for _, p := range w.Peers { // nobody is paid, for the root is that of all balances
		if r := p.Replica(); r.Head.Height != height || r.Root() != root {
			t.Errorf("peer %d went from height %d to %d without a quorum", p.id, height, r.Head.Height)
		}
	}
	w.Heal()
	mustRun(t, w, 3)
	for _, p := range w.Peers {
		if p.engine.LiveModel() != nil {
			t.Errorf("peer %d still learns live", p.id)
		}
	}
	// Without what was learnt live, three rounds would get to 0.69.
	if got := w.problem.Loss(w.Peers[0].Replica().Anchor()); got > 0.55 {
		t.Errorf("loss %.4f three rounds after healing, it was %.4f before and %.4f live", got, anchor, loss)
	}
}

// flood makes peer from send many live deltas a second to all on its side.
func (w *World) flood(from *Peer, side map[int]int, deltas int) {
	base := from.Replica().State.Anchor()
	for i := range deltas {
		// What says nothing else than its number is malformed; the sender pays for it
		// with its own turn.
		data := []byte{byte(i), byte(i >> 8), byte(i >> 16), 0xff}
		m := engine.Encode(engine.LiveMessage{Live: engine.SignLive(w.keys.signer(from.data), from.author(), w.topic, base, data), Delta: data})
		for _, to := range w.Peers {
			if to != from && side[to.id] == side[from.id] {
				w.after(int64(i)*1e6, to, func() error { return to.receive(from, m) })
			}
		}
	}
}

func TestALiveFloodChangesNothingButCounts(t *testing.T) {
	run := func(flood bool) (loss float64, dropped uint64) {
		w, side := halves(t)
		mustRun(t, w, 1)
		w.Split(side)
		liar := w.Peers[18]
		mustFor(t, w, 10*time.Second)
		liar.Crash() // it does nothing else
		for range 3 {
			if flood {
				w.flood(liar, side, 2000)
			}
			mustFor(t, w, 20*time.Second)
		}
		for _, p := range w.Peers {
			if _, c := p.engine.Live(); side[p.id] == 0 && p != liar {
				loss += w.problem.Loss(p.engine.LiveModel()) / 9
				dropped += c.Dropped
			}
		}
		w.Heal()
		mustRestart(t, liar)
		mustRun(t, w, 1)
		return loss, dropped
	}
	calm, none := run(false)
	flooded, dropped := run(true)
	if calm != flooded {
		t.Errorf("the mean loss became %v instead of %v", flooded, calm)
	}
	if none != 0 || dropped < 9*3*1900 {
		t.Errorf("dropped %d messages, and %d without a flood", dropped, none)
	}
}

func TestALargeLiveDeltaIsFetched(t *testing.T) {
	w, _ := halves(t)
	mustRun(t, w, 1)
	for _, p := range w.Peers[3:] {
		p.Crash()
	}
	mustFor(t, w, time.Minute)
	author, holder, p := w.Peers[18], w.Peers[0], w.Peers[2]
	data, err := p.Replica().Codec().Encode(nil, w.problem.Train(author.data, p.Replica().Anchor(), w.rng))
	if err != nil {
		t.Fatal(err)
	}
	live := engine.SignLive(w.keys.signer(author.data), author.author(), w.topic, p.Replica().State.Anchor(), data)
	holder.store.blobs[live.Delta] = data
	_, before := p.engine.Live()
	if err := p.receive(holder, engine.Encode(engine.LiveMessage{Live: live})); err != nil {
		t.Fatal(err)
	}
	mustFor(t, w, 300*time.Millisecond)
	if _, after := p.engine.Live(); after.Heard != before.Heard+1 {
		t.Errorf("heard %d deltas after %d", after.Heard, before.Heard)
	}
	if p.store.blobs[live.Delta] != nil {
		t.Error("the delta of somebody else was kept on disk")
	}
}

// Whose delta weighs nothing is not heard, nor is one on a model that nobody knows.
func TestWhoIsNotHeardLive(t *testing.T) {
	w, side := halves(t)
	mustRun(t, w, 1)
	w.Split(side)
	mustFor(t, w, time.Minute)
	p, from := w.Peers[2], w.Peers[18]
	from.Crash()
	mustFor(t, w, 10*time.Second)
	anchor, stranger := p.Replica().State.Anchor(), len(w.Peers)
	for _, tc := range []struct {
		name string
		as   int // whose key
		base ledger.CID
		want uint64
	}{
		{"a stranger", stranger, anchor, 0},
		{"the peer itself", p.data, anchor, 0},
		{"on an unknown model", from.data, ledger.SumBlob(nil), 0},
		{"a member", from.data, anchor, 1},
	} {
		data, err := p.Replica().Codec().Encode(nil, w.problem.Train(from.data, p.Replica().Anchor(), w.rng))
		if err != nil {
			t.Fatal(err)
		}
		live := engine.SignLive(w.keys.signer(tc.as), w.keys.author(tc.as), w.topic, tc.base, data)
		_, before := p.engine.Live()
		if err := p.receive(from, engine.Encode(engine.LiveMessage{Live: live, Delta: data})); err != nil {
			t.Fatal(err)
		}
		if _, after := p.engine.Live(); after.Heard-before.Heard != tc.want {
			t.Errorf("%s: heard %d, want %d", tc.name, after.Heard-before.Heard, tc.want)
		}
	}
}
