package incentives

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/grapevine-network/grapevine/ledger"
)

// anything is what somebody may say in any phase: what is due, often, or else
// what is early, late, foreign, forged, doubled or the proof of a fork.
func (w *town) anything(rng *rand.Rand, who, people int) *ledger.Entry {
	phase := w.state.Round.Phase
	if rng.IntN(8) == 0 {
		phase = Phase(rng.IntN(4))
	}
	switch r := rng.IntN(60); {
	case r == 0:
		return w.evidence(who, rng.IntN(people))
	case r == 1:
		return w.say(who, &ledger.Evidence{A: []byte{1}, B: []byte{2}})
	case r == 2:
		return w.commitTo(who, blob(rng.IntN(3)), blob("x"))
	case r == 3:
		return w.revealOf(who, blob("x"))
	case phase == PhaseCommit:
		return w.commitTo(who, w.state.Anchors[rng.IntN(len(w.state.Anchors))], delta(who, w.number()))
	case phase == PhaseReveal:
		return w.reveal(who)
	case phase == PhaseSeal:
		return w.seal(who, w.steady(who))
	}
	return w.open(who, w.steady(who))
}

// steady scores are the same whenever asked for in a round.
func (w *town) steady(who int) []ledger.Score {
	return w.randomScores(rand.New(rand.NewPCG(w.number(), uint64(who))), who)
}

// chaos runs blocks of anything until so many entries are certified.
func chaos(t testing.TB, seed uint64, entries int) *town {
	rng := rand.New(rand.NewPCG(seed, 10))
	const validators, people = 5, 40
	m := manifest(validators, people-validators)
	m.Economy.FullScore, m.Economy.Slots = seed%2*1_000, seed/2%2 // slots for work of no bits
	for i := range m.Genesis {
		m.Genesis[i].Bond += uint64(rng.IntN(100_000))
	}
	w := newTown(t, m)
	for certified := 0; certified < entries; {
		var all []*ledger.Entry
		for who := range people + 2 {
			if rng.IntN(3) == 0 && !w.state.Account(author(who)).Forked {
				w.heads[author(who)] = w.state.Account(author(who)) // what was not admitted is lost
				all = append(all, w.anything(rng, who, people))
			}
		}
		w.block(all...)
		certified += len(w.entries[len(w.entries)-1])
	}
	return w
}

// Ten thousand operations: after each block all tokens are somewhere, and nothing
// but the entries and their order decides: a replay gives the same roots, however
// the entries of a block were collected, and so does one that begins in the middle
// from the leaves of the state.
func TestTheStateIsAFunctionOfTheEntries(t *testing.T) {
	minted, burnt, rounds := uint64(0), uint64(0), uint64(0)
	for seed := range uint64(4) {
		w := chaos(t, seed, 2_500)
		rng := rand.New(rand.NewPCG(seed, 11))
		again := newTown(t, manifestOf(w))
		for height, entries := range w.entries {
			entries = slices.Clone(entries)
			rng.Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
			if rng.IntN(10) == 0 {
				state, err := FromLeaves(again.state.Leaves())
				if err != nil {
					t.Fatalf("seed %d, height %d: %v", seed, height, err)
				}
				again.state = state
			}
			again.block(entries...)
			if got, want := again.state.Root(), w.roots[height]; got != want {
				t.Fatalf("seed %d, height %d: root %x, want %x", seed, height+1, got, want)
			}
		}
		burnt += w.state.Supply.Burnt
		rounds += w.number()
		for _, p := range w.settled {
			minted += p.Minted
		}
	}
	if minted == 0 || burnt == 0 || rounds < 50 {
		t.Errorf("%d rounds, %d minted, %d burnt: this tests little", rounds, minted, burnt)
	}
}

// manifestOf is the manifest that chaos made; State keeps all but the people.
func manifestOf(w *town) *ledger.Manifest {
	m := manifest(0, 0)
	m.Economy = w.state.Economy
	m.Genesis = w.genesis
	return m
}

func TestTheRootCoversTheWholeState(t *testing.T) {
	for name, change := range map[string]func(s *State){
		"height":        func(s *State) { s.Height++ },
		"supply":        func(s *State) { s.Supply.Treasury++ },
		"economy":       func(s *State) { s.Economy.Slash++ },
		"phases":        func(s *State) { s.Phases.Seal++ },
		"a balance":     func(s *State) { s.account(author(4)).Balance++ },
		"a head":        func(s *State) { s.account(author(4)).Head = blob("x") },
		"a new account": func(s *State) { s.account(author(88)) },
		"seats":         func(s *State) { s.Seats = s.Seats[1:] },
		"committee":     func(s *State) { s.Now = s.Now[1:] },
		"next":          func(s *State) { s.Next = s.Next[1:] },
		"anchors":       func(s *State) { s.Anchors = append(s.Anchors, blob("x")) },
		"archive":       func(s *State) { s.Archive = append(s.Archive, Archived{Delta: blob("x")}) },
		"a seal":        func(s *State) { s.Round.Seals[author(0)] = ledger.Hash{1} },
		"a commit":      func(s *State) { delete(s.Round.Commits, author(4)) },
		"the seed":      func(s *State) { s.Round.Seed[0]++ },
		"the phase":     func(s *State) { s.Round.Phase++ },
	} {
		w := newTown(t, manifest(4, 3)).to(PhaseSeal)
		before := w.state.Root()
		change(w.state)
		if w.state.Root() == before {
			t.Errorf("%s does not show", name)
		}
	}
}

// A stake that changes at height 10 votes from height 129 on: it is read at the
// checkpoint 64 and takes its seat at the next.
func TestCommitteesChangeAtCheckpointsOnly(t *testing.T) {
	w := newTown(t, manifest(4, 3))
	first := w.state.Now
	told := map[uint64]ledger.CID{} // what was said of a height before it came
	var changed []uint64
	for h := uint64(1); h <= 4*ledger.CheckpointAt; h++ {
		if got, sure := w.state.Committee(h); !sure || got.CID() != w.state.Now.CID() {
			t.Fatalf("height %d is voted for by %v (%v)", h, got, sure)
		}
		for ahead := h; ahead < h+3*ledger.CheckpointAt; ahead++ {
			if c, sure := w.state.Committee(ahead); sure {
				if old, before := told[ahead]; before && old != c.CID() {
					t.Fatalf("at %d the committee of %d is another than was said", h, ahead)
				}
				told[ahead] = c.CID()
			} else if ahead < h+ledger.CheckpointAt {
				t.Fatalf("at %d the committee of %d is not certain", h, ahead)
			}
		}
		before := w.state.Now.CID()
		if h == 10 {
			w.must(w.evidence(0, 1))
		} else {
			w.blocks(1)
		}
		if w.state.Now.CID() != before {
			changed = append(changed, h)
		}
	}
	if !slices.Equal(changed, []uint64{128}) {
		t.Errorf("changed at %d, want after 128", changed)
	}
	if got, was := w.state.Now[3], first[1]; got.Author != was.Author || got.ID != was.ID || got.Stake != was.Stake/2 {
		t.Errorf("the slashed seat is %+v, was %+v", got, was)
	}
	if _, sure := w.state.Committee(1); sure {
		t.Error("says who voted for a past height")
	}
}

func TestTheLastCommitteeStaysWhenNobodyHasAStake(t *testing.T) {
	m := manifest(2, 1)
	m.Economy.Slash = ledger.One
	w := newTown(t, m)
	w.must(w.evidence(2, 0), w.say(2, ledger.ForkEvidence(w.fork(1))))
	w.blocks(3 * ledger.CheckpointAt)
	if got := len(w.state.Now); got != 2 {
		t.Errorf("%d seats, want 2", got)
	}
}

func TestTheFirstStateIsTheGenesis(t *testing.T) {
	m := manifest(4, 3)
	w := newTown(t, m)
	w.conserved()
	balances, bonds, stakes := w.state.Held()
	if balances != 70 || bonds != 3_000 || stakes != 400 || w.state.Supply.Remaining != m.Economy.Cap-3_470 {
		t.Errorf("%d, %d, %d, %+v", balances, bonds, stakes, w.state.Supply)
	}
	if got := w.state.Account(author(50)); got != (Account{Head: w.topic}) {
		t.Errorf("a stranger has %+v", got)
	}
	if len(w.state.Authors()) != 7 || w.state.Anchor() != m.Learning.Anchor {
		t.Error("other people or another model")
	}
}

func FuzzFromLeaves(f *testing.F) {
	w := newTown(f, manifest(2, 1))
	leaves := w.state.Leaves()
	f.Add(leaves[0], leaves[1], leaves[2])
	w.must(w.commit(2))
	w.must(w.reveal(2))
	leaves = w.state.Leaves()
	f.Add(leaves[0], leaves[1], leaves[3])
	f.Fuzz(func(t *testing.T, committees, global, account []byte) {
		s, err := FromLeaves([][]byte{committees, global, account})
		if err != nil {
			return
		}
		if got := s.Root(); got != ledger.MerkleRoot([][]byte{committees, global, account}) {
			t.Errorf("root %x is not that of the leaves", got)
		}
	})
}

func TestARoundOfManyReadsBack(t *testing.T) {
	w := newTown(t, manifest(2, 300))
	w.must(each(2, 302, w.commit)...)
	w.must(each(2, 300, w.reveal)...)
	s, err := FromLeaves(w.state.Leaves())
	if err != nil || s.Root() != w.state.Root() {
		t.Error(err, "or another root")
	}
}

func TestLeavesThatAreNoStateAreRefused(t *testing.T) {
	leaves := newTown(t, manifest(2, 1)).state.Leaves()
	for name, bad := range map[string][][]byte{
		"none":             nil,
		"no first":         leaves[1:],
		"an account twice": append(slices.Clone(leaves), leaves[2]),
		"a spoilt account": append(slices.Clone(leaves), append(slices.Clone(leaves[2]), 0)),
		"a spoilt first":   {append(slices.Clone(leaves[0]), 0), leaves[1]},
		"a spoilt second":  {leaves[0], append(slices.Clone(leaves[1]), 0)},
	} {
		if _, err := FromLeaves(bad); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestAnAccountIsProvedAgainstTheRoot(t *testing.T) {
	s := newTown(t, manifest(3, 9)).state
	for _, author := range s.Authors() {
		leaf, path, ok := s.Prove(author)
		root, err := path.Root(leaf)
		who, account, decodeErr := DecodeAccount(leaf)
		if !ok || err != nil || decodeErr != nil || root != s.Root() || who != author || account != s.Account(author) {
			t.Errorf("%v: %v, %v, %+v", author, err, decodeErr, account)
		}
	}
	if _, _, ok := s.Prove(author(99)); ok {
		t.Error("somebody without an account is proved to have one")
	}
}
