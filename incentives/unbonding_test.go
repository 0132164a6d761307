package incentives

import (
	"testing"

	"github.com/grapevine-network/grapevine/ledger"
)

// idle makes blocks of nothing.
func (w *town) idle(n int) {
	w.t.Helper()
	for range n {
		w.must()
	}
}

func TestWhatIsUnbondedIsPaidBackAtItsHeight(t *testing.T) {
	w := purse(t)
	w.must(w.say(4, &ledger.Unbond{Amount: 400}), w.say(0, &ledger.Unstake{Amount: 30})) // height 1, due at 9
	if a, v := w.state.Account(author(4)), w.state.Account(author(0)); a.Bond != 600 || a.Balance != 10 || v.Stake != 70 {
		t.Fatalf("got %+v and %+v", a, v)
	}
	if got := w.state.Unbonding(author(4)); len(got) != 1 || got[0].Amount != 400 || got[0].Height != 9 {
		t.Errorf("due: %+v", got)
	}
	w.idle(7)
	if w.balance(4) != 10 {
		t.Errorf("height %d: paid too early", w.state.Height)
	}
	w.idle(1)
	if w.balance(4) != 410 || w.balance(0) != 40 || len(w.state.Dues) != 0 {
		t.Errorf("height %d: %d and %d, want 410 and 40", w.state.Height, w.balance(4), w.balance(0))
	}
}

func TestNothingIsUnbondedTwice(t *testing.T) {
	w := purse(t)
	got := w.block(w.say(4, &ledger.Unbond{Amount: 1_000}))
	got = append(got, w.block(w.say(4, &ledger.Unbond{Amount: 1_000}))...)
	if got[0] != nil {
		t.Fatal(got[0])
	}
	w.wants(got[1], "more than is locked, 0")
	w.idle(20)
	if w.balance(4) != 1_010 {
		t.Errorf("balance %d, want 1,010", w.balance(4))
	}
}

// The weight is that of the end of COMMIT, and its tokens stay until the round is
// settled, however short the unbonding time.
func TestABondStaysUntilItsRoundIsSettled(t *testing.T) {
	w := purse(t)
	w.must(each(4, 7, w.commit)...)
	w.must(append(each(4, 7, w.reveal), w.say(4, &ledger.Unbond{Amount: 1_000}))...)
	if got := w.state.Round.Commits[author(4)].Bond; got != 1_000 {
		t.Errorf("the round counts with %d, want 1,000", got)
	}
	w.state.Phases.Seal = 1 << 20
	w.idle(30)
	if w.balance(4) != 10 || len(w.state.Dues) != 1 {
		t.Fatalf("paid back in round %d, %v", w.number(), w.state.Round.Phase)
	}
	w.must(each(0, 4, w.sealing(1024))...)
	w.must(each(0, 4, w.opening(1024))...)
	before := w.balance(4)
	if p := w.settled[0]; p.Deltas[place(p, 4)].Paid == 0 {
		t.Error("the bond earned nothing")
	}
	w.idle(1)
	if w.balance(4) != before+1_000 {
		t.Errorf("not paid back after the round")
	}
}

func TestACommitWhoseBondIsGoneIsDropped(t *testing.T) {
	w := purse(t)
	w.must(w.commit(4), w.commit(5))
	w.must(w.commit(6), w.say(4, &ledger.Unbond{Amount: 1_000}))
	if _, is := w.state.Round.Commits[author(4)]; is || w.state.Round.Phase != PhaseReveal {
		t.Errorf("still there, in %v", w.state.Round.Phase)
	}
}

// Who leaves can still be slashed: of what was bond and of what was stake.
func TestWhatIsUnbondingCanBeSlashed(t *testing.T) {
	w := purse(t)
	w.must(w.say(4, &ledger.Unbond{Amount: 600}))
	w.must(w.evidence(0, 4))
	if got := w.state.Supply.Burnt + w.balance(0) - 10; got != 500 {
		t.Errorf("lost %d, want half of 600 and of 400", got)
	}
}

func TestWhatAForkLeavesGoesToThePayoutKey(t *testing.T) {
	w := purse(t)
	w.must(w.say(4, &ledger.Register{Payout: author(50)}))
	w.wants(w.block(w.say(4, &ledger.Register{Payout: author(51)}))[0], "already")
	w.must(w.say(4, &ledger.Unbond{Amount: 600}))
	w.must(w.evidence(0, 4))
	a := w.state.Account(author(4))
	if a.Balance+a.Bond+a.Stake != 0 {
		t.Errorf("it holds %+v", a)
	}
	w.idle(8)
	if got := w.balance(50); got != 10+500 {
		t.Errorf("the payout key has %d, want 510", got)
	}
	w.must(w.send(50, 0, 510))
}

func TestWithoutAnUnbondingTimeNothingIsPaidBack(t *testing.T) {
	w := purse(t, func(m *ledger.Manifest) { m.Economy.Unbonding = 0 })
	w.wants(w.block(w.say(4, &ledger.Unbond{Amount: 1}))[0], "pays no bond or stake back")
}

func TestOnlySoMuchIsDueToOneAuthor(t *testing.T) {
	w := purse(t, func(m *ledger.Manifest) { m.Economy.Unbonding = 100 })
	for i := range MaxDues + 1 {
		err := w.block(w.say(4, &ledger.Unbond{Amount: 1}))[0]
		if i < MaxDues && err != nil {
			t.Fatal(err)
		}
		if i == MaxDues {
			w.wants(err, "16 payments are due")
		}
	}
}

// An idle round does not use up what an author may say.
func TestAnIdleTopicTakesEntriesForEver(t *testing.T) {
	w := purse(t)
	for range 3 * MaxEntries {
		w.must(w.say(0, &ledger.Data{Count: 1}))
	}
}
