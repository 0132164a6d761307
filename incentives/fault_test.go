package incentives

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/grapevine-network/grapevine/ledger"
)

func TestAForkCostsItsAuthorAndPaysWhoReportsIt(t *testing.T) {
	m := manifest(4, 3)
	m.Genesis[1].Bond = 501 // validator 1 has a bond too
	w := newTown(t, m)
	w.must(w.evidence(0, 1))
	culprit, reporter := w.state.Account(author(1)), w.state.Account(author(0))
	// Half of each is lost, 250 and 50; a tenth of the 300, in Q16, is the reporter's.
	if culprit.Bond != 251 || culprit.Stake != 50 || culprit.Balance != 10 || !culprit.Forked {
		t.Errorf("the culprit has %+v", culprit)
	}
	if reporter.Balance != 10+29 || w.state.Supply.Burnt != 271 {
		t.Errorf("the reporter has %d, burnt are %d", reporter.Balance, w.state.Supply.Burnt)
	}
}

func TestAForkIsPunishedOnce(t *testing.T) {
	w := newTown(t, manifest(4, 3))
	w.must(w.evidence(0, 4))
	before := w.state.Account(author(4))
	for _, reporter := range []int{0, 1} {
		if err := w.block(w.evidence(reporter, 4))[0]; !errors.Is(err, ErrVoid) || !strings.Contains(err.Error(), "already") {
			t.Errorf("again, by %d: %v", reporter, err)
		}
	}
	if got := w.state.Account(author(4)); got != before {
		t.Errorf("got %+v, want %+v", got, before)
	}
}

func TestAForkedChainHasEnded(t *testing.T) {
	w := newTown(t, manifest(4, 3))
	w.must(w.commit(4))
	w.must(w.evidence(0, 4))
	if err := w.block(w.say(4, &ledger.Seal{}))[0]; err == nil || errors.Is(err, ErrVoid) {
		t.Errorf("%v, want it not admitted", err)
	}
}

func TestAReporterMayBeAnybodyEvenTheCulprit(t *testing.T) {
	w := newTown(t, manifest(4, 3))
	if err := w.block(w.evidence(99, 4))[0]; err == nil || errors.Is(err, ErrVoid) {
		t.Errorf("an entry of a stranger: %v, want it not admitted", err)
	}
	a, b := w.fork(5)
	w.heads[author(5)] = w.state.Account(author(5)) // its chain goes on as if nothing were
	w.must(w.say(5, proof(a, b)))
	if got := w.state.Account(author(5)); got.Bond+got.Balance >= 1_000 || !got.Forked {
		t.Errorf("who reports itself has %+v", got)
	}
}

func TestEvidenceThatProvesNothingHasNoEffect(t *testing.T) {
	w := newTown(t, manifest(4, 3))
	a, b := w.fork(4)
	honest := w.say(5, &ledger.Seal{})
	next := w.say(5, &ledger.Seal{})
	forged := *proof(a, b)
	forged.B = append([]byte(nil), forged.B...)
	at := strings.Index(string(forged.B), "\x63sig\x58\x40") + 6
	forged.B[at+10]++
	sign := func(m []byte) []byte { return seal(author(4), m) }
	foreign := func(round uint64) *ledger.Entry {
		e, err := ledger.Sign(sign, author(4), blob("elsewhere"), 0, blob("elsewhere"), &ledger.Seal{Round: round})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	resign := func(e *ledger.Entry) []byte { // another signature of the same
		other := append([]byte(nil), e.Bytes()...)
		other[strings.Index(string(other), "\x63sig\x58\x40")+6]++
		return other
	}
	same := &ledger.Evidence{A: a.Bytes(), B: resign(a)}
	if string(same.A) > string(same.B) {
		same.A, same.B = same.B, same.A
	}
	swapped := &ledger.Evidence{A: proof(a, b).B, B: proof(a, b).A}
	for name, v := range map[string]*ledger.Evidence{
		"nothing":                       {},
		"no entries":                    {A: []byte("a"), B: []byte("b")},
		"one half":                      {A: nil, B: a.Bytes()},
		"the same half twice":           {A: a.Bytes(), B: a.Bytes()},
		"halves in the wrong order":     swapped,
		"two links of a chain":          proof(honest, next),
		"entries of two authors":        proof(a, honest),
		"a fork in another topic":       proof(foreign(1), foreign(2)),
		"one content with two signings": same,
		"a forged half":                 &forged,
	} {
		before := w.state.Supply
		err := w.state.Apply(w.say(0, v), check)
		if !errors.Is(err, ErrVoid) {
			t.Errorf("%s: %v, want no effect", name, err)
		}
		if w.state.Supply != before || w.state.Account(author(4)).Forked || w.state.Account(author(5)).Forked {
			t.Errorf("%s: somebody was slashed", name)
		}
	}
	if err := w.state.Apply(w.say(0, proof(a, b)), check); err != nil {
		t.Errorf("the true one: %v", err)
	}
}

func TestARoundForgetsWhoForked(t *testing.T) {
	for phase := PhaseCommit; phase <= PhaseOpen; phase++ {
		w := newTown(t, manifest(4, 3)).to(phase)
		if phase == PhaseCommit {
			w.must(w.commit(4), w.commit(5))
		}
		if phase == PhaseReveal {
			w.must(w.reveal(4))
		}
		deltas := len(w.state.Round.Reveals)
		if phase == PhaseOpen {
			w.must(w.opening(256)(3))
		}
		w.must(w.evidence(0, 4), w.evidence(1, 3))
		r := &w.state.Round
		_, committed := r.Commits[author(4)]
		_, revealed := r.Reveals[author(4)]
		if early := phase <= PhaseReveal; early == committed || early && revealed {
			t.Errorf("%v: committed %v, revealed %v", phase, committed, revealed)
		}
		if phase > PhaseReveal && len(r.Reveals) != deltas {
			t.Errorf("%v: the places of deltas moved", phase)
		}
		_, sealed := r.Seals[author(3)]
		_, opened := r.Openings[author(3)]
		if sealed || opened {
			t.Errorf("%v: sealed %v, opened %v", phase, sealed, opened)
		}
	}
}

// From SEAL on its delta keeps its place, but does not count.
func TestTheDeltaOfWhoForkedEarnsNothing(t *testing.T) {
	w := newTown(t, manifest(4, 3)).to(PhaseOpen)
	w.must(append(each(0, 3, w.opening(256)), w.evidence(3, 4))...)
	w.must(w.opening(256)(3))
	p := w.settled[0]
	d := p.Deltas[place(p, 4)]
	if d.Counts || d.Merged() || d.Paid != 0 || len(p.Deltas) != 3 {
		t.Errorf("got %+v", d)
	}
	for _, who := range []int{5, 6} {
		if d := p.Deltas[place(p, who)]; !d.Counts || d.Paid == 0 {
			t.Errorf("an honest one: %+v", d)
		}
	}
}

// Commits that are forgotten leave the order of the others as it was: the first
// to commit to a delta is the one that is paid.
func TestTheFirstCommitToADeltaIsTheOneThatCounts(t *testing.T) {
	for _, forked := range []bool{false, true} {
		w := newTown(t, manifest(4, 3))
		same := blob("the same delta")
		if forked {
			w.must(w.commit(6))
			reporter := slices.IndexFunc([]int{0, 1, 2, 3}, func(i int) bool { return compareAuthors(author(i), author(5)) > 0 })
			w.must(w.commitTo(5, w.state.Anchor(), same), w.evidence(reporter, 6)) // in this order
			w.must(w.commitTo(4, w.state.Anchor(), same))
		} else {
			w.must(w.commitTo(5, w.state.Anchor(), same))
			w.must(w.commitTo(4, w.state.Anchor(), same), w.commit(6))
		}
		orders := map[uint64]bool{}
		for _, c := range w.state.Round.Commits {
			orders[c.Order] = true
		}
		if len(orders) != len(w.state.Round.Commits) {
			t.Errorf("forked %v: two commits have one place: %v", forked, orders)
		}
		w.must(w.revealOf(4, same), w.revealOf(5, same))
		if !forked {
			w.must(w.reveal(6))
		}
		w.must(each(0, 4, w.sealing(256))...)
		w.must(each(0, 4, w.opening(256))...)
		p := w.settled[0]
		first, second := p.Deltas[place(p, 5)], p.Deltas[place(p, 4)]
		if first.Copy || first.Paid == 0 || !second.Copy || second.Paid != 0 || second.Merged() {
			t.Errorf("forked %v: first %+v, second %+v", forked, first, second)
		}
	}
}
