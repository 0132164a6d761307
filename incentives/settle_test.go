package incentives

import (
	"fmt"
	"slices"
	"testing"

	"github.com/grapevine-network/grapevine/ledger"
)

func TestARoundPaysTrainersValidatorsAndTreasury(t *testing.T) {
	w := newTown(t, manifest(4, 3))
	before := w.state.Supply.Remaining
	p := w.round(4, 7, 1024)
	// 999,996,530 · 2^24 / 2^32, and its shares in Q16, all rounded down.
	if p.Emission != before>>8 || p.Pool != p.Emission*45875>>16 || p.DutyPool != p.Emission*13107>>16 || p.Treasury != p.Emission*3277>>16 {
		t.Errorf("got %+v of %d", p, before)
	}
	for _, d := range p.Deltas {
		if d.Paid != p.Pool/3 || d.U != 1024 || d.Variance != 11*256*256/7 || d.Owed != 409 || d.Sure != 543 || d.Score != 543 || d.Gate != 1986 || !d.Merged() {
			t.Errorf("delta %+v, want %d", d, p.Pool/3)
		}
	}
	for _, v := range p.Validators {
		if v.Paid != p.DutyPool/4 || v.Due != 3 || v.Given != 3 {
			t.Errorf("validator %+v, want %d", v, p.DutyPool/4)
		}
	}
	minted := 3*(p.Pool/3) + 4*(p.DutyPool/4) + p.Treasury
	if p.Minted != minted || w.state.Supply.Remaining != before-minted || w.state.Supply.Treasury != p.Treasury {
		t.Errorf("minted %d, want %d; %+v", p.Minted, minted, w.state.Supply)
	}
}

func TestARoundInWhichNothingCountsMintsNothing(t *testing.T) {
	for name, run := range map[string]func(w *town){
		"no reveal":        func(w *town) { w.to(PhaseReveal).blocks(4) },
		"no seal":          func(w *town) { w.to(PhaseSeal).blocks(5) },
		"no opening":       func(w *town) { w.to(PhaseOpen).blocks(6) },
		"too few openings": func(w *town) { w.to(PhaseOpen).must(each(0, 2, w.opening(1024))...); w.blocks(5) },
		"empty scores": func(w *town) {
			w.to(PhaseSeal).must(each(0, 4, func(v int) *ledger.Entry { return w.seal(v, nil) })...)
			w.must(each(0, 4, func(v int) *ledger.Entry { return w.open(v, nil) })...)
		},
	} {
		w := newTown(t, manifest(4, 3))
		accounts, supply := fmt.Sprint(w.state.Held()), w.state.Supply
		run(w)
		if len(w.settled) != 1 || w.settled[0].Minted != 0 || w.settled[0].Emission != 0 || w.state.Supply != supply || fmt.Sprint(w.state.Held()) != accounts {
			t.Errorf("%s: %+v", name, w.settled)
		}
		if len(w.state.Archive) != 0 {
			t.Errorf("%s: %d deltas in the archive", name, len(w.state.Archive))
		}
	}
}

// A delta that harms counts, so its round mints for the work of scoring, and its
// author gets nothing.
func TestADeltaThatHarmsEarnsNothing(t *testing.T) {
	w := newTown(t, manifest(4, 3))
	p := w.round(4, 7, -1024)
	for _, d := range p.Deltas {
		if !d.Counts || d.Merged() || d.Paid != 0 || d.Score != 0 {
			t.Errorf("got %+v", d)
		}
	}
	if p.Median != 0 || p.Validators[0].Paid == 0 {
		t.Errorf("got %+v", p)
	}
}

// Without its author's opinion: a validator's own delta counts by the others.
func TestAQuorumForADeltaLeavesItsAuthorOut(t *testing.T) {
	m := manifest(4, 1)
	m.Genesis[0].Bond = 500
	for _, others := range []int{2, 3} { // of the three other validators
		w := newTown(t, m)
		w.must(w.commit(0), w.commit(4))
		w.must(w.reveal(0), w.reveal(4))
		w.must(each(0, 4, w.sealing(1024))...)
		w.must(each(0, 1+others, w.opening(1024))...)
		for len(w.settled) == 0 {
			w.blocks(1)
		}
		p := w.settled[0]
		if own := p.Deltas[place(p, 0)]; !own.Counts || len(own.Opinion) != others {
			t.Errorf("%d others: own delta %+v", others, own)
		}
		if d := p.Deltas[place(p, 4)]; !d.Counts || len(d.Opinion) != 1+others {
			t.Errorf("%d others: %+v", others, d)
		}
		for _, v := range p.Validators {
			want := DutyPay{Author: v.Author, Stake: 100, Given: 2, Due: 2, Paid: v.Paid}
			if v.Author == author(0) {
				want.Given, want.Due = 1, 1
			}
			if !slices.ContainsFunc(p.Deltas[place(p, 4)].Opinion, func(o Opinion) bool { return o.Validator == v.Author }) {
				want.Given, want.Paid = 0, 0
			}
			if v != want {
				t.Errorf("%d others: duty %+v, want %+v", others, v, want)
			}
		}
	}
}

func TestADeltaIsPaidOnceInThirtyTwoRounds(t *testing.T) {
	for _, later := range []uint64{1, 31, 32, 33} {
		w := newTown(t, manifest(1, 2))
		again := delta(1, 0)
		for r := range later + 1 {
			if r == 0 || r < later {
				w.round(1, 3, 1024)
				continue
			}
			w.must(w.commit(1), w.commitTo(2, w.state.Anchor(), again))
			w.must(w.reveal(1), w.revealOf(2, again))
			w.must(w.sealing(1024)(0))
			w.must(w.opening(1024)(0))
		}
		p := w.settled[later]
		if got := p.Deltas[place(p, 2)].Copy; got != (later <= ArchiveRounds) {
			t.Errorf("%d rounds later: copy %v", later, got)
		}
		if most := 2 * ArchiveRounds; len(w.state.Archive) > most {
			t.Errorf("%d deltas in the archive, at most %d", len(w.state.Archive), most)
		}
	}
}
