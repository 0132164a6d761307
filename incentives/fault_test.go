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
	w.must(w.say(5, ledger.ForkEvidence(a, b)))
	if got := w.state.Account(author(5)); got.Bond+got.Balance >= 1_000 || !got.Forked {
		t.Errorf("who reports itself has %+v", got)
	}
}

// ordered is evidence of two halves, the smaller first.
func ordered(a, b []byte) *ledger.Evidence {
	if string(a) > string(b) {
		a, b = b, a
	}
	return &ledger.Evidence{A: a, B: b}
}

func TestEvidenceThatProvesNothingHasNoEffect(t *testing.T) {
	w := newTown(t, manifest(4, 3))
	proof := ledger.ForkEvidence(w.fork(4))
	honest := w.say(5, &ledger.Seal{})
	next := w.say(5, &ledger.Seal{})
	w.heads[author(5)] = Account{Head: w.topic}
	first := ledger.ForkEvidence(honest, w.say(5, &ledger.Seal{Round: 7}))
	w.heads[author(5)] = Account{Seq: 1, Head: honest.CID()}
	second := ledger.ForkEvidence(next, w.say(5, &ledger.Seal{Round: 8}))
	resign := func(half []byte) []byte { // another signature of the same
		other := append([]byte(nil), half...)
		other[strings.Index(string(other), "\x63sig\x58\x40")+6]++
		return other
	}
	elsewhere := newTown(t, manifest(4, 2))
	for name, v := range map[string]*ledger.Evidence{
		"nothing":                       {},
		"no statements":                 {A: []byte("a"), B: []byte("b")},
		"no votes":                      {A: []byte("a"), B: []byte("b"), Votes: true},
		"one half":                      {A: nil, B: proof.A},
		"the same half twice":           {A: proof.A, B: proof.A},
		"halves in the wrong order":     {A: proof.B, B: proof.A},
		"two links of a chain":          ordered(first.A, second.A),
		"entries of two authors":        ordered(first.A, proof.A),
		"a fork in another topic":       ledger.ForkEvidence(elsewhere.fork(4)),
		"one content with two signings": ordered(proof.A, resign(proof.A)),
		"a forged half":                 ordered(proof.A, resign(proof.B)),
		"a fork as votes":               {A: proof.A, B: proof.B, Votes: true},
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
	if err := w.state.Apply(w.say(0, proof), check); err != nil {
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
			w.must(w.opening(1024)(3))
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
	w.must(append(each(0, 3, w.opening(1024)), w.evidence(3, 4))...)
	w.must(w.opening(1024)(3))
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
		w.must(each(0, 4, w.sealing(1024))...)
		w.must(each(0, 4, w.opening(1024))...)
		p := w.settled[0]
		first, second := p.Deltas[place(p, 5)], p.Deltas[place(p, 4)]
		if first.Copy || first.Paid == 0 || !second.Copy || second.Paid != 0 || second.Merged() {
			t.Errorf("forked %v: first %+v, second %+v", forked, first, second)
		}
	}
}
