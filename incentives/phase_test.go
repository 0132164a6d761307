package incentives

import (
	"errors"
	"testing"

	"github.com/grapevine-network/grapevine/ledger"
)

// blocks ends n blocks with nothing in them.
func (w *town) blocks(n int) {
	for range n {
		w.block()
	}
}

// to brings a round of 4 validators and trainers 4 to 6 to a phase.
func (w *town) to(phase Phase) *town {
	if phase > PhaseCommit {
		w.must(each(4, 7, w.commit)...)
	}
	if phase > PhaseReveal {
		w.must(each(4, 7, w.reveal)...)
	}
	if phase > PhaseSeal {
		w.must(each(0, 4, w.sealing(1024))...)
	}
	if got := w.state.Round.Phase; got != phase {
		w.t.Fatalf("at %v, want %v", got, phase)
	}
	return w
}

func (w *town) sealing(u int32) func(int) *ledger.Entry {
	return func(v int) *ledger.Entry { return w.seal(v, w.scores(v, u)) }
}

func (w *town) opening(u int32) func(int) *ledger.Entry {
	return func(v int) *ledger.Entry { return w.open(v, w.scores(v, u)) }
}

// Limits are COMMIT 3, REVEAL 4, SEAL 5, OPEN 6 blocks. Phase 0 of round 1 is
// the end of round 0.
func TestAPhaseEndsWhenNothingMoreCanComeOrAtItsLimit(t *testing.T) {
	cases := []struct {
		name   string
		run    func(w *town)
		round  uint64
		phase  Phase
		blocks uint64
	}{
		{"nothing ever happens", func(w *town) { w.blocks(100) }, 0, PhaseCommit, 0},
		{"all commit", func(w *town) { w.must(each(4, 7, w.commit)...) }, 0, PhaseReveal, 0},
		{"all commit after a long silence", func(w *town) { w.blocks(50); w.must(each(4, 7, w.commit)...) }, 0, PhaseReveal, 0},
		{"one is missing", func(w *town) { w.must(each(4, 6, w.commit)...) }, 0, PhaseCommit, 1},
		{"one is missing, late", func(w *town) { w.must(each(4, 6, w.commit)...); w.blocks(1) }, 0, PhaseCommit, 2},
		{"one is missing to the end", func(w *town) { w.must(each(4, 6, w.commit)...); w.blocks(2) }, 0, PhaseReveal, 0},
		{"one comes in the second block", func(w *town) { w.must(each(4, 6, w.commit)...); w.must(w.commit(6)) }, 0, PhaseReveal, 0},
		{"COMMIT counts from the first commit", func(w *town) { w.blocks(9); w.must(w.commit(4)); w.blocks(1) }, 0, PhaseCommit, 2},
		{"the missing one forked", func(w *town) {
			w.must(each(4, 6, w.commit)...)
			w.must(w.evidence(0, 6))
		}, 0, PhaseReveal, 0},
		{"the only one forked", func(w *town) { w.must(w.commit(4)); w.must(w.evidence(0, 4)) }, 0, PhaseCommit, 0},
		{"the only one forked, and others have all their time", func(w *town) {
			w.must(w.commit(4))
			w.blocks(1)
			w.must(w.evidence(0, 4))
			w.must(w.commit(5))
		}, 0, PhaseCommit, 1},

		{"all reveal", func(w *town) { w.to(PhaseReveal).must(each(4, 7, w.reveal)...) }, 0, PhaseSeal, 0},
		{"one reveal is missing", func(w *town) { w.to(PhaseReveal).must(each(4, 6, w.reveal)...); w.blocks(2) }, 0, PhaseReveal, 3},
		{"one reveal is missing to the end", func(w *town) { w.to(PhaseReveal).must(each(4, 6, w.reveal)...); w.blocks(3) }, 0, PhaseSeal, 0},
		{"nobody reveals", func(w *town) { w.to(PhaseReveal).blocks(4) }, 1, PhaseCommit, 0},
		{"who does not reveal forked", func(w *town) {
			w.to(PhaseReveal).must(each(4, 6, w.reveal)...)
			w.must(w.evidence(0, 6))
		}, 0, PhaseSeal, 0},
		{"all who committed forked", func(w *town) {
			w.to(PhaseReveal).must(w.evidence(0, 4), w.evidence(1, 5), w.evidence(2, 6))
		}, 1, PhaseCommit, 0},

		{"all seal", func(w *town) { w.to(PhaseSeal).must(each(0, 4, w.sealing(1024))...) }, 0, PhaseOpen, 0},
		{"a quorum seals, one who did before does not", func(w *town) { w.to(PhaseSeal).must(each(0, 3, w.sealing(1024))...); w.blocks(3) }, 0, PhaseSeal, 4},
		{"a quorum seals, to the end", func(w *town) { w.to(PhaseSeal).must(each(0, 3, w.sealing(1024))...); w.blocks(4) }, 0, PhaseOpen, 0},
		{"no quorum seals, to the end", func(w *town) { w.to(PhaseSeal).must(each(0, 2, w.sealing(1024))...); w.blocks(4) }, 0, PhaseOpen, 0},
		{"nobody seals", func(w *town) { w.to(PhaseSeal).blocks(5) }, 1, PhaseCommit, 0},
		{"who does not seal forked", func(w *town) {
			w.to(PhaseSeal).must(each(0, 3, w.sealing(1024))...)
			w.must(w.evidence(0, 3))
		}, 0, PhaseOpen, 0},

		{"all open", func(w *town) { w.to(PhaseOpen).must(each(0, 4, w.opening(1024))...) }, 1, PhaseCommit, 0},
		{"one does not open", func(w *town) { w.to(PhaseOpen).must(each(0, 3, w.opening(1024))...); w.blocks(4) }, 0, PhaseOpen, 5},
		{"one does not open to the end", func(w *town) { w.to(PhaseOpen).must(each(0, 3, w.opening(1024))...); w.blocks(5) }, 1, PhaseCommit, 0},
		{"nobody opens", func(w *town) { w.to(PhaseOpen).blocks(6) }, 1, PhaseCommit, 0},
		{"who does not open forked", func(w *town) {
			w.to(PhaseOpen).must(each(0, 3, w.opening(1024))...)
			w.must(w.evidence(0, 3))
		}, 1, PhaseCommit, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newTown(t, manifest(4, 3))
			c.run(w)
			r := &w.state.Round
			if r.Number != c.round || r.Phase != c.phase || r.Blocks != c.blocks {
				t.Errorf("round %d, %v, block %d; want round %d, %v, block %d", r.Number, r.Phase, r.Blocks, c.round, c.phase, c.blocks)
			}
		})
	}
}

// Who is away delays a round once, not each.
func TestWhoDidNotSealIsNotWaitedForAgain(t *testing.T) {
	w := newTown(t, manifest(4, 3))
	w.to(PhaseSeal).must(each(0, 3, w.sealing(1024))...)
	w.blocks(4)
	w.must(each(0, 3, w.opening(1024))...)
	if w.number() != 1 {
		t.Fatalf("round %d, want 1", w.number())
	}
	w.to(PhaseSeal).must(each(0, 3, w.sealing(1024))...)
	if got := w.state.Round.Phase; got != PhaseOpen {
		t.Errorf("still at %v, waiting for who was away", got)
	}
	w.must(each(0, 3, w.opening(1024))...)
	w.to(PhaseSeal).block(w.say(3, &ledger.Evidence{})) // no effect, but heard
	w.must(each(0, 3, w.sealing(1024))...)
	if got := w.state.Round.Phase; got != PhaseSeal {
		t.Errorf("at %v, not waiting for who was heard again", got)
	}
}

// A quorum is waited for even if nobody else is: without one nothing counts.
func TestSealWaitsForAQuorum(t *testing.T) {
	w := newTown(t, manifest(4, 3))
	w.to(PhaseSeal).must(each(0, 2, w.sealing(1024))...)
	w.blocks(4)
	w.must(each(0, 2, w.opening(1024))...)
	w.to(PhaseSeal).must(each(0, 2, w.sealing(1024))...)
	if got := w.state.Round.Phase; got != PhaseSeal {
		t.Errorf("at %v with two of four seals", got)
	}
	w.must(w.sealing(1024)(2))
	if got := w.state.Round.Phase; got != PhaseOpen {
		t.Errorf("still at %v with three of four seals", got)
	}
}

// Nor for who did not commit, and who comes anew is waited for from then on.
func TestCommitWaitsForWhoCommittedBefore(t *testing.T) {
	w := newTown(t, manifest(4, 3))
	w.must(each(4, 6, w.commit)...)
	w.blocks(2)
	w.must(each(4, 6, w.reveal)...)
	w.must(each(0, 4, w.sealing(1024))...)
	w.must(each(0, 4, w.opening(1024))...)
	w.must(each(4, 6, w.commit)...)
	if got := w.state.Round.Phase; got != PhaseReveal {
		t.Errorf("still at %v, waiting for who was away", got)
	}
}

// Complete counts in what is about to be certified, so that a proposer knows
// whether to wait.
func TestCompleteCountsWhatWaits(t *testing.T) {
	kinds := [...]ledger.Kind{ledger.KindCommit, ledger.KindReveal, ledger.KindSeal, ledger.KindScore}
	for phase, from := range map[Phase]int{PhaseCommit: 4, PhaseReveal: 4, PhaseSeal: 0, PhaseOpen: 0} {
		w := newTown(t, manifest(4, 3)).to(phase)
		waiting := map[ledger.Author]ledger.Kind{}
		to := map[int]int{4: 7, 0: 4}[from]
		for who := from; who < to; who++ {
			if w.state.Complete(waiting) {
				t.Errorf("%v is complete without %d", phase, who)
			}
			waiting[author(who)] = kinds[(phase+1)%4]
			if w.state.Complete(waiting) {
				t.Errorf("%v is complete with a %v of %d", phase, waiting[author(who)], who)
			}
			waiting[author(who)] = kinds[phase]
		}
		if !w.state.Complete(waiting) {
			t.Errorf("%v is not complete with all", phase)
		}
	}
}

func TestEntriesOutsideTheirPhaseHaveNoEffect(t *testing.T) {
	makes := map[Phase]func(w *town) *ledger.Entry{
		PhaseCommit: func(w *town) *ledger.Entry { return w.commit(6) },
		PhaseReveal: func(w *town) *ledger.Entry { return w.reveal(6) },
		PhaseSeal:   func(w *town) *ledger.Entry { return w.sealing(1024)(3) },
		PhaseOpen:   func(w *town) *ledger.Entry { return w.opening(1024)(3) },
	}
	for at := PhaseCommit; at <= PhaseOpen; at++ {
		for of, entry := range makes {
			w := newTown(t, manifest(4, 3)).to(at)
			err := w.block(entry(w))[0]
			if late := at != of; late != errors.Is(err, ErrVoid) {
				t.Errorf("a %v in %v: %v", of, at, err)
			}
		}
	}
}

func TestPhasesHaveNames(t *testing.T) {
	for p, want := range []string{"COMMIT", "REVEAL", "SEAL", "OPEN"} {
		if got := Phase(p).String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
