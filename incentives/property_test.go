package incentives

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/grapevine-network/grapevine/ledger"
)

// amounts are drawn near those at which arithmetic goes wrong.
func amounts() *rapid.Generator[uint64] {
	return rapid.OneOf(
		rapid.Uint64Range(0, 20), rapid.Uint64Range(0, 2_000),
		rapid.SampledFrom([]uint64{0, 1, 1<<53 - 1, 1 << 53, math.MaxInt64 - 1, math.MaxInt64}),
	)
}

// say draws an entry of somebody, of any kind; what the phase asks for, mostly.
func drawn(t *rapid.T, w *town, people int) *ledger.Entry {
	who := rapid.IntRange(0, people+1).Draw(t, "who")
	w.heads[author(who)] = w.state.Account(author(who)) // what was not admitted is lost
	whom := author(rapid.IntRange(0, people+3).Draw(t, "whom"))
	amount := amounts().Draw(t, "amount")
	verb := rapid.IntRange(0, 24).Draw(t, "verb")
	switch verb {
	case 0:
		return w.evidence(who, rapid.IntRange(0, people-1).Draw(t, "culprit"))
	case 1, 2, 3:
		return w.say(who, &ledger.Transfer{To: whom, Amount: amount})
	case 4:
		return w.say(who, &ledger.Bond{Amount: amount})
	case 5:
		return w.say(who, &ledger.Unbond{Amount: amount})
	case 6:
		return w.say(who, &ledger.Stake{Amount: amount})
	case 7:
		return w.say(who, &ledger.Unstake{Amount: amount})
	case 8:
		return w.say(who, &ledger.Register{Payout: whom, Round: w.number()})
	case 9:
		return w.say(who, &ledger.Admit{Member: whom})
	case 10:
		return w.say(who, &ledger.Remove{Member: whom})
	case 11:
		return w.doubleVote(who, rapid.IntRange(0, people-1).Draw(t, "culprit"))
	case 12:
		return w.say(who, &ledger.Data{Count: amount})
	}
	phase := w.state.Round.Phase
	if verb == 13 {
		phase = Phase(rapid.IntRange(0, 3).Draw(t, "phase"))
	}
	switch phase {
	case PhaseCommit:
		return w.commit(who)
	case PhaseReveal:
		return w.reveal(who)
	case PhaseSeal:
		return w.seal(who, w.steady(who))
	}
	return w.open(who, w.steady(who))
}

// doubleVote is reporter's proof that culprit voted twice.
func (w *town) doubleVote(reporter, culprit int) *ledger.Entry {
	a, b := w.ballots(culprit)
	return w.say(reporter, ledger.VoteEvidence(a, b))
}

// ballots are two votes of an author for one slot.
func (w *town) ballots(who int) (a, b *ledger.Ballot) {
	base := &ledger.Tip{Height: 1, Block: w.topic, Committee: w.topic}
	for _, v := range []ledger.Vote{{Instance: 7, Phase: 3, Base: base}, {Instance: 7, Phase: 3}} {
		b, a = a, &ledger.Ballot{Author: author(who), Committee: w.topic, Vote: v}
		copy(a.Sig[:], seal(author(who), v.Message(w.topic, w.topic)))
	}
	return a, b
}

// Blocks of anything, drawn. After each of them (I1, I2, I14):
//   - all tokens are somewhere, and nobody has more than there are;
//   - an entry that was certified is not admitted again;
//   - there is a committee.
//
// And at the end (I3, I4, I5): a replay in which the entries of each block come in
// another order, and which begins anew from the leaves somewhere, has the same
// roots. Ten thousand operations; -rapid.checks 10000 makes a million of them.
func TestWhateverIsSaidTheMoneyIsRight(t *testing.T) {
	operations, rounds, burnt, moved := 0, uint64(0), uint64(0), 0
	rapid.Check(t, func(t *rapid.T) {
		const people = 9
		m := manifest(4, people-4)
		m.Economy.Slots, m.Economy.FullScore = rapid.Uint64Range(0, 2).Draw(t, "slots"), 1_000
		m.Economy.Unbonding = rapid.SampledFrom([]uint64{0, 8, 20}).Draw(t, "unbonding")
		m.Rounds.Checkpoint = 4
		if m.Economy.Invite = rapid.Bool().Draw(t, "invite"); m.Economy.Invite {
			m.Economy.Slots = 0
		}
		w := newTown(t, m)
		var said []*ledger.Entry
		for range rapid.IntRange(25, 50).Draw(t, "blocks") {
			var all []*ledger.Entry
			for range rapid.IntRange(1, 9).Draw(t, "entries") {
				if e := drawn(t, w, people); !slices.ContainsFunc(all, func(o *ledger.Entry) bool { return o.Author == e.Author }) {
					all = append(all, e)
				}
			}
			w.block(all...)
			operations += len(all)
			said = append(said, w.entries[len(w.entries)-1]...)
			w.sound(said)
		}
		w.replays(t, m)
		rounds, burnt, moved = rounds+w.number(), burnt+w.state.Supply.Burnt, moved+w.effects
	})
	t.Logf("%d operations, %d with effect, %d rounds, %d burnt", operations, moved, rounds, burnt)
	if rounds < uint64(operations/100) || burnt == 0 || moved < operations/8 {
		t.Error("this tests little")
	}
}

func (w *town) sound(said []*ledger.Entry) {
	w.t.Helper()
	for who, a := range w.state.Accounts {
		if sum := a.Balance + a.Bond + a.Stake; max(a.Balance, a.Bond, a.Stake, sum) > w.state.Economy.Cap {
			w.t.Fatalf("%v has %+v", who, *a)
		}
	}
	for _, e := range said {
		if w.state.Admits(e, w.state.Account(e.Author), 0) == nil {
			w.t.Fatalf("%v %d is admitted again", e.Kind, e.Seq)
		}
	}
	if err := w.state.Now.Validate(); err != nil {
		w.t.Fatal(err)
	}
}

func (w *town) replays(t *rapid.T, m *ledger.Manifest) {
	again := newTown(t, m)
	for height, entries := range w.entries {
		if rapid.IntRange(0, 9).Draw(t, "begin anew") == 0 {
			state, err := FromLeaves(again.state.Leaves())
			if err != nil {
				t.Fatal(err)
			}
			again.state = state
		}
		again.block(rapid.Permutation(entries).Draw(t, "order")...)
		if got, want := again.state.Root(), w.roots[height]; got != want {
			t.Fatalf("height %d: root %x, want %x", height+1, got[:4], want[:4])
		}
	}
}

// income is what the last deltas of a round earn together, beside others. Each has
// its bond, and a gain of its own, all that it has gained.
func income(others []DeltaPay, bonds []uint64, gain func(i int) int64, full uint64) (sum uint64) {
	s := NewState(manifest(1, 0), blob("topic"))
	s.Economy.FullScore, s.Supply.Remaining = full, 1<<52
	deltas := slices.Clone(others)
	for i, b := range bonds {
		deltas = append(deltas, DeltaPay{Author: author(2_000 + i), Bond: b, Counts: true, U: gain(i), Standing: Standing{Gain: gain(i)}})
	}
	for _, d := range s.Settle(deltas, blob("next")).Deltas[len(others):] {
		sum += d.Paid
	}
	return sum
}

// crowd draws the deltas of others.
func crowd(t *rapid.T) (others []DeltaPay) {
	for i := range rapid.IntRange(0, 8).Draw(t, "others") {
		bond, gain := rapid.Uint64Range(1, 1<<43).Draw(t, "bond"), rapid.Int64Range(-1_000, 1<<22)
		others = append(others, DeltaPay{Author: author(100 + i), Bond: bond, Counts: true, U: gain.Draw(t, "gain"), Standing: Standing{Gain: gain.Draw(t, "gain in all")}})
	}
	return others
}

// I10: as k identities with the same delta, a bond earns no more than as one.
func TestAThousandIdentitiesEarnNoMoreThanOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		others, full := crowd(t), rapid.Uint64Range(0, 10_000).Draw(t, "full score")
		k := rapid.SampledFrom([]int{2, 3, 10, 100, 1_000}).Draw(t, "identities")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		parts, whole := make([]uint64, k), uint64(0)
		for i := range parts {
			parts[i] = 1 + rng.Uint64N(1<<33)
			whole += parts[i]
		}
		u := rapid.Int64Range(1, 1<<22).Draw(t, "gain")
		same := func(int) int64 { return u }
		if one, many := income(others, []uint64{whole}, same, full), income(others, parts, same, full); many > one {
			t.Fatalf("%d identities earn %d, one earns %d", k, many, one)
		}
	})
}

// I11: as k identities with parts of its data, each worth no more than all of
// them together, it earns less on average. In single rounds it may earn more: a
// bad part can lower the median that caps the others.
func TestPartsOfTheDataEarnLessThanAll(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const rounds = 400
	var mean, squares float64
	for range rounds {
		var others []DeltaPay
		for i := range 2 + rng.IntN(8) {
			u := rng.Int64N(60_000) - 10_000
			others = append(others, DeltaPay{Author: author(100 + i), Bond: 1_000, Counts: true, U: u, Standing: Standing{Gain: u}})
		}
		k, u := uint64(2+rng.IntN(9)), rng.Int64N(60_000)
		part := func(int) int64 { return u/int64(k) + rng.Int64N(u-u/int64(k)+1) }
		one := income(others, []uint64{1_000 * k}, func(int) int64 { return u }, 10_000)
		many := income(others, slices.Repeat([]uint64{1_000}, int(k)), part, 10_000)
		gain := float64(many)/float64(max(one, 1)) - 1
		mean, squares = mean+gain/rounds, squares+gain*gain/rounds
	}
	if high := mean + 1.96*math.Sqrt((squares-mean*mean)/rounds); high > 0 {
		t.Errorf("splitting data gains %.3f on average, up to %.3f", mean, high)
	}
}
