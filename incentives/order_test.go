package incentives

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/grapevine-network/grapevine/ledger"
)

// purse is a town of an open topic with an unbonding time, in which everybody
// has a balance of 10.
func purse(t tester, change ...func(m *ledger.Manifest)) *town {
	m := manifest(4, 3)
	m.Rounds.Checkpoint, m.Economy.Unbonding = 4, 8
	for _, c := range change {
		c(m)
	}
	return newTown(t, m)
}

func (w *town) send(from, to int, amount uint64) *ledger.Entry {
	return w.say(from, &ledger.Transfer{To: author(to), Amount: amount})
}

func (w *town) balance(who int) uint64 { return w.state.Account(author(who)).Balance }

func (w *town) wants(err error, why string) {
	w.t.Helper()
	if !errors.Is(err, ErrVoid) || !strings.Contains(err.Error(), why) {
		w.t.Fatalf("got %v, want %q", err, why)
	}
}

func TestAnOrderThatMakesNoSenseHasNoEffect(t *testing.T) {
	for _, c := range []struct {
		body any
		why  string
	}{
		{&ledger.Transfer{To: author(1), Amount: 0}, "TRANSFER of nothing"},
		{&ledger.Transfer{To: author(0), Amount: 1}, "to oneself"},
		{&ledger.Transfer{To: author(1), Amount: 11}, "more than the balance, 10"},
		{&ledger.Transfer{To: author(1), Amount: 1 << 53}, "more than there will ever be"},
		{&ledger.Transfer{To: author(1), Amount: 1<<63 - 1}, "more than there will ever be"},
		{&ledger.Bond{Amount: 0}, "BOND of nothing"},
		{&ledger.Bond{Amount: 11}, "more than the balance"},
		{&ledger.Stake{Amount: 0}, "STAKE of nothing"},
		{&ledger.Stake{Amount: 11}, "more than the balance"},
		{&ledger.Unbond{Amount: 0}, "UNBOND of nothing"},
		{&ledger.Unbond{Amount: 1}, "more than is locked, 0"},
		{&ledger.Unstake{Amount: 0}, "UNSTAKE of nothing"},
		{&ledger.Unstake{Amount: 101}, "more than is locked, 100"},
		{&ledger.Data{}, "DATA of no rows"},
		{&ledger.Admit{Member: author(9)}, "no vote"},
		{&ledger.Remove{Member: author(1)}, "no member"},
		{&ledger.End{Successor: new(blob("manifest"))}, "closed first"},
	} {
		w := purse(t)
		before := w.state.Held
		b0, d0, k0 := before()
		err := w.block(w.say(0, c.body))[0]
		w.wants(err, c.why)
		if b, d, k := w.state.Held(); b != b0 || d != d0 || k != k0 || len(w.state.Dues) != 0 {
			t.Errorf("%T: something moved", c.body)
		}
	}
}

func TestTokensGoWhereTheyAreSent(t *testing.T) {
	w := purse(t)
	w.must(w.send(0, 1, 3), w.send(0, 99, 7), w.say(1, &ledger.Bond{Amount: 13}), w.say(2, &ledger.Stake{Amount: 10}))
	if got := []uint64{w.balance(0), w.balance(1), w.balance(99), w.balance(2)}; !slices.Equal(got, []uint64{0, 0, 7, 0}) {
		t.Errorf("balances %v, want 0, 0, 7, 0", got)
	}
	if a, b := w.state.Account(author(1)), w.state.Account(author(2)); a.Bond != 13 || b.Stake != 110 {
		t.Errorf("bond %d, stake %d, want 13 and 110", a.Bond, b.Stake)
	}
	w.must(w.send(99, 0, 7)) // who was sent something has an account
}

// A ring in which each can pay only after it was paid: all are carried out, no
// matter who comes first.
func TestOrdersAreCarriedOutAsTheyAreFunded(t *testing.T) {
	w := purse(t)
	w.must(w.send(0, 1, 10), w.send(1, 2, 20), w.send(2, 3, 30), w.send(3, 4, 40), w.send(4, 5, 50), w.send(5, 0, 60))
	if got := w.balance(0); got != 60 {
		t.Errorf("the first has %d, want 60", got)
	}
}

// What is not funded gives way to what its author ordered after it.
func TestAnOrderThatIsNotFundedDoesNotStopTheNext(t *testing.T) {
	w := purse(t)
	got := w.block(w.send(0, 1, 8), w.send(0, 1, 8), w.send(0, 1, 2))
	if got[0] != nil || got[2] != nil || w.balance(0) != 0 {
		t.Errorf("%v, balance %d", got, w.balance(0))
	}
	w.wants(got[1], "more than the balance, 2")
}

// The order of authors in a block is that of their keys. Whoever they are, the
// same orders are carried out.
func TestWhatIsCarriedOutDoesNotDependOnNames(t *testing.T) {
	type pay struct{ from, to, amount int }
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 1))
		pays := make([]pay, 1+rng.IntN(12))
		for i := range pays {
			pays[i] = pay{rng.IntN(7), rng.IntN(7), rng.IntN(25)}
		}
		run := func(names []int) (out []uint64) {
			m := manifest(0, 0)
			for i := range 7 {
				m.Genesis = append(m.Genesis, ledger.Member{Author: author(names[i]), Balance: 10, Stake: 1})
			}
			w := newTown(t, m)
			var all []*ledger.Entry
			for _, p := range pays {
				all = append(all, w.send(names[p.from], names[p.to], uint64(p.amount)))
			}
			last := map[ledger.Author]uint64{}
			for _, e := range all { // as one block, several of an author
				if err := w.state.Apply(e, check); err == nil {
					last[e.Author] = e.Seq
				}
			}
			w.block()
			for i := range 7 {
				out = append(out, w.balance(names[i]))
			}
			return out
		}
		names := []int{0, 1, 2, 3, 4, 5, 6}
		want := run(names)
		rng.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		if got := run(names); !slices.Equal(got, want) {
			t.Fatalf("seed %d: %v, and under other names %v", seed, want, got)
		}
	}
}

func TestAChainThatHasEndedIsPaidNothing(t *testing.T) {
	w := purse(t)
	w.must(w.evidence(0, 4))
	w.wants(w.block(w.send(1, 4, 5))[0], "has ended")
}

func TestAStakeOfSomebodyNewGetsASeat(t *testing.T) {
	w := purse(t)
	w.must(w.send(0, 99, 9))
	w.must(w.say(99, &ledger.Stake{Amount: 4}))
	w.must(w.say(99, &ledger.Stake{Amount: 5}))
	if got := w.state.Seats; len(got) != 8 || got[7] != author(99) {
		t.Errorf("%d seats, want 8", len(got))
	}
}
