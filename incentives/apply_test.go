package incentives

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/grapevine-network/grapevine/ledger"
)

// fork signs a rival of the next entry of an author's chain; both halves.
func (p *people) fork(who int) (a, b *ledger.Entry) {
	at := p.at(who)
	a = p.say(who, &ledger.Seal{Round: 1 << 40})
	after := p.at(who)
	p.heads[author(who)] = at
	b = p.say(who, &ledger.Seal{Round: 1<<40 + 1})
	p.heads[author(who)] = after
	return a, b
}

// evidence is reporter's proof of a fork of culprit's.
func (w *town) evidence(reporter, culprit int) *ledger.Entry {
	return w.say(reporter, ledger.ForkEvidence(w.fork(culprit)))
}

func TestEntriesThatBreakARuleHaveNoEffect(t *testing.T) {
	other := blob("other")
	cases := []struct {
		name string
		at   Phase
		make func(w *town) *ledger.Entry
		why  string
	}{
		{"a second COMMIT", PhaseCommit, func(w *town) *ledger.Entry { w.must(w.commit(4)); return w.commit(4) }, "second COMMIT"},
		{"a COMMIT on another model", PhaseCommit, func(w *town) *ledger.Entry { return w.commitTo(4, other, other) }, "none of the last 4"},
		{"a COMMIT without a bond", PhaseCommit, func(w *town) *ledger.Entry { return w.commit(0) }, "without a bond"},
		{"a stranger's COMMIT", PhaseCommit, func(w *town) *ledger.Entry { return w.commit(99) }, "without a bond"},
		{"a COMMIT of the round to come", PhaseCommit, func(w *town) *ledger.Entry {
			return w.say(4, &ledger.Commit{Round: 1, Base: w.state.Anchor()})
		}, "of round 1"},
		{"a REVEAL of another delta", PhaseReveal, func(w *town) *ledger.Entry { return w.revealOf(4, other) }, "another delta"},
		{"a REVEAL with another salt", PhaseReveal, func(w *town) *ledger.Entry {
			return w.say(4, &ledger.Reveal{Delta: delta(4, 0), Salt: salt(5)})
		}, "another delta"},
		{"a REVEAL of somebody else's", PhaseReveal, func(w *town) *ledger.Entry {
			return w.say(4, &ledger.Reveal{Delta: delta(5, 0), Salt: salt(5)})
		}, "another delta"},
		{"a REVEAL without a COMMIT", PhaseReveal, func(w *town) *ledger.Entry { return w.reveal(0) }, "without a COMMIT"},
		{"a second REVEAL", PhaseReveal, func(w *town) *ledger.Entry { w.must(w.reveal(4)); return w.reveal(4) }, "second REVEAL"},
		{"a SEAL without a seat", PhaseSeal, func(w *town) *ledger.Entry { return w.seal(4, nil) }, "no seat"},
		{"a second SEAL", PhaseSeal, func(w *town) *ledger.Entry { w.must(w.seal(0, nil)); return w.seal(0, nil) }, "second SEAL"},
		{"a SCORE of other numbers", PhaseOpen, func(w *town) *ledger.Entry { return w.open(0, w.scores(0, 2048)) }, "opens no seal"},
		{"a SCORE of less", PhaseOpen, func(w *town) *ledger.Entry { return w.open(0, w.scores(0, 1024)[1:]) }, "opens no seal"},
		{"a SCORE with another salt", PhaseOpen, func(w *town) *ledger.Entry {
			return w.say(0, &ledger.Opening{Salt: salt(1), Scores: w.scores(0, 1024)})
		}, "opens no seal"},
		{"somebody else's SCORE", PhaseOpen, func(w *town) *ledger.Entry {
			return w.say(4, &ledger.Opening{Salt: salt(0), Scores: w.scores(0, 1024)})
		}, "opens no seal"},
		{"a second SCORE", PhaseOpen, func(w *town) *ledger.Entry { w.must(w.opening(1024)(0)); return w.opening(1024)(0) }, "second SCORE"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newTown(t, manifest(4, 3)).to(c.at)
			e := c.make(w)
			before, _ := ledger.Encode(&w.state.Round)
			err := w.state.Apply(e, check)
			if !errors.Is(err, ErrVoid) || !strings.Contains(err.Error(), c.why) {
				t.Errorf("%v, want %q", err, c.why)
			}
			w.state.Round.Entries[e.Author]-- // all that may change, beside the head of the chain
			if w.state.Round.Entries[e.Author] == 0 {
				delete(w.state.Round.Entries, e.Author)
			}
			if after, _ := ledger.Encode(&w.state.Round); !slices.Equal(before, after) {
				t.Error("it had an effect")
			}
			if got := w.state.Account(e.Author); got.Seq != e.Seq || got.Head != e.CID() {
				t.Error("its chain does not go on")
			}
		})
	}
}

// A SCORE is void as a whole if it speaks of its author's own delta, or of none.
func TestNobodyScoresItself(t *testing.T) {
	m := manifest(4, 3)
	m.Genesis[0].Bond = 500 // validator 0 trains too
	own := func(w *town) (all []ledger.Score) {
		for place := range w.state.Round.Deltas() {
			all = append(all, ledger.Score{Delta: uint64(place), U: 1 << 20})
		}
		return all
	}
	none := func(w *town) []ledger.Score { return append(w.scores(0, 1024), ledger.Score{Delta: 4}) }
	for name, scores := range map[string]func(w *town) []ledger.Score{"its own": own, "none": none} {
		w := newTown(t, m)
		w.must(slices.Concat(each(4, 7, w.commit), each(0, 1, w.commit))...)
		w.must(slices.Concat(each(4, 7, w.reveal), each(0, 1, w.reveal))...)
		w.must(w.seal(0, scores(w)), w.sealing(1024)(1), w.sealing(1024)(2), w.sealing(1024)(3))
		if err := w.block(w.open(0, scores(w)))[0]; !errors.Is(err, ErrVoid) || !strings.Contains(err.Error(), "own or none") {
			t.Errorf("%s: %v", name, err)
		}
		if got := len(w.state.Round.Openings); got != 0 {
			t.Errorf("%s: %d openings", name, got)
		}
	}
}

func TestABaseMayBeThreeAnchorsOldAndNoOlder(t *testing.T) {
	w := newTown(t, manifest(4, 3))
	first := w.state.Anchor()
	for age := range 5 {
		err := w.state.Apply(w.commitTo(4, first, delta(4, w.number())), check)
		if want := age > MaxAge; want != errors.Is(err, ErrVoid) {
			t.Errorf("%d anchors old: %v", age, err)
		}
		if err == nil {
			w.must(each(5, 7, w.commit)...)
			w.must(each(4, 7, w.reveal)...)
			w.must(each(0, 4, w.sealing(1024))...)
			w.must(each(0, 4, w.opening(1024))...)
			if got := w.settled[age].Deltas[place(w.settled[age], 4)].Age; got != age {
				t.Errorf("age %d, want %d", got, age)
			}
		}
	}
}

// place is where a settlement has somebody's delta.
func place(s *Settlement, who int) int {
	return slices.IndexFunc(s.Deltas, func(d DeltaPay) bool { return d.Author == author(who) })
}

func TestARoundTakesSoManyEntriesOfAnAuthor(t *testing.T) {
	w := newTown(t, manifest(4, 3))
	w.must(w.commit(4))
	for i := range uint64(MaxEntries + 3) {
		e := w.say(5, &ledger.Seal{Round: 99})
		after := w.state.Account(author(5))
		if err := w.state.Admits(e, after, 0); (err == nil) != (i < MaxEntries) {
			t.Errorf("entry %d: %v", i, err)
		}
		if i < MaxEntries {
			if err := w.state.Admits(e, after, MaxEntries-i); err == nil {
				t.Errorf("entry %d is admitted after %d in the block", i, MaxEntries-i)
			}
			_ = w.state.Apply(e, check)
		}
	}
}

func TestTheNextLinkIsAdmittedAndNothingElse(t *testing.T) {
	w := newTown(t, manifest(4, 3))
	first := w.commit(4)
	second := w.say(4, &ledger.Seal{})
	elsewhere, err := ledger.Sign(func([]byte) []byte { return make([]byte, 64) }, author(4), blob("elsewhere"), 0, blob("elsewhere"), &ledger.Seal{})
	if err != nil {
		t.Fatal(err)
	}
	zero := w.state.Account(author(4))
	after := Account{Seq: 1, Head: first.CID()}
	for _, c := range []struct {
		name  string
		e     *ledger.Entry
		after Account
		want  bool
	}{
		{"the first", first, zero, true},
		{"the second after the first", second, after, true},
		{"the second at once", second, zero, false},
		{"the first again", first, after, false},
		{"of another topic", elsewhere, zero, false},
		{"after a fork", first, Account{Head: w.topic, Forked: true}, false},
	} {
		if err := w.state.Admits(c.e, c.after, 0); (err == nil) != c.want {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestARoundTakesNoMoreCommitsThanAScoreCanSpeakOf(t *testing.T) {
	m := manifest(1, ledger.MaxScores-1)
	m.Economy.Slots = 5 // for work of no bits
	w := newTown(t, m)
	w.state.Phases.Commit = 1 << 20
	w.must(each(1, 20, w.commit)...)
	w.must(each(2_000, 2_003, w.commit)...)
	void := 0
	for _, err := range w.block(each(20, ledger.MaxScores, w.commit)...) {
		if errors.Is(err, ErrVoid) {
			void++
		}
	}
	if got := len(w.state.Round.Commits); void != 2 || got != ledger.MaxScores {
		t.Errorf("%d commits and %d void, want %d and 2", got, void, ledger.MaxScores)
	}
	if err := w.block(w.commit(2_004))[0]; !errors.Is(err, ErrVoid) || len(w.state.Round.Commits) != ledger.MaxScores {
		t.Errorf("a free slot in a full round: %v", err)
	}
}
