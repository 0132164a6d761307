package incentives

import (
	"errors"
	"math"
	"testing"

	"github.com/grapevine-network/grapevine/ledger"
)

// open is a manifest with slots for newcomers that need work of 4 bits.
func open(m *ledger.Manifest) *ledger.Manifest {
	m.Economy.Slots, m.Economy.Work = 2, 4
	return m
}

// worked is a COMMIT of somebody without a bond, with work that has the bits; the
// first that fits after skip others.
func (w *town) worked(who int, skip int) *ledger.Entry {
	c := &ledger.Commit{Round: w.state.Round.Number, Base: w.state.Anchor()}
	for ; ; c.Work++ {
		if w.state.Worked(author(who), c.Round, c.Work) {
			if skip--; skip < 0 {
				return w.say(who, c)
			}
		}
	}
}

func TestANewcomerNeedsWork(t *testing.T) {
	w := newTown(t, open(manifest(4, 3)))
	idle := &ledger.Commit{Base: w.state.Anchor()}
	for w.state.Worked(author(50), idle.Round, idle.Work) {
		idle.Work++
	}
	if err := w.block(w.say(50, idle))[0]; err == nil || errors.Is(err, ErrVoid) {
		t.Errorf("a COMMIT without work: %v, want it not admitted", err)
	}
	delete(w.heads, author(50))
	w.must(w.worked(50, 0))
	if c, ok := w.state.Round.Commits[author(50)]; !ok || c.Work == nil {
		t.Errorf("got %+v, want a slot", c)
	}
}

// Otherwise whose first COMMIT came too late could never take part: the next
// ones follow it.
func TestANewcomerWhoseFirstCommitIsLateTakesPartWithTheNext(t *testing.T) {
	w := newTown(t, open(manifest(4, 3)))
	late := w.worked(50, 0)
	w.round(4, 7, 2048)
	next := w.worked(50, 0)
	if err := w.block(late, next); !errors.Is(err[0], ErrVoid) || err[1] != nil {
		t.Errorf("the late one: %v, the next: %v; want no effect, and one", err[0], err[1])
	}
	if _, in := w.state.Round.Commits[author(50)]; !in {
		t.Error("the newcomer has no slot")
	}
	early := &ledger.Commit{Round: w.number() + 1, Base: w.state.Anchor()}
	for !w.state.Worked(author(51), early.Round, early.Work) {
		early.Work++
	}
	if err := w.block(w.say(51, early))[0]; err == nil || errors.Is(err, ErrVoid) {
		t.Errorf("a COMMIT of a round to come: %v, want it not admitted", err)
	}
}

func TestTheSmallestHashesHaveTheSlots(t *testing.T) {
	w := newTown(t, open(manifest(4, 3)))
	hashes := map[int]ledger.Hash{}
	var all []*ledger.Entry
	for who := 50; who < 56; who++ {
		e := w.worked(who, who%3)
		hashes[who] = ledger.WorkHash(w.topic, 0, author(who), e.Body.(*ledger.Commit).Work)
		all = append(all, e)
	}
	w.block(all...)
	worst, taken := w.state.worstSlot()
	if taken != 2 {
		t.Fatalf("%d have slots, want two", taken)
	}
	limit := w.state.Round.Commits[worst].Work
	for who, h := range hashes {
		if _, in := w.state.Round.Commits[author(who)]; !in && string(h[:]) < string(limit[:]) {
			t.Errorf("%d has better work than who has a slot", who)
		}
	}
}

func TestNewcomersTogetherWeighTheirShare(t *testing.T) {
	s := &State{Economy: ledger.Economy{Newcomers: ledger.One / 20}}
	deltas := []DeltaPay{{Counts: true, Bond: 900}, {Counts: true, Bond: 1000}, {Counts: true, Newcomer: true}, {Counts: true, Newcomer: true}, {Newcomer: true}}
	s.Weigh(deltas)
	if got := deltas[2].Weight + deltas[3].Weight; got < 96 || got > 100 {
		t.Errorf("two newcomers weigh %d beside 1,900, want five percent of all: about 100", got)
	}
}

func TestNewcomersArePaidFromTheirPoolOnly(t *testing.T) {
	s := &State{Economy: ledger.Economy{MaxScore: 1 << 20, FullScore: 10_000}, Accounts: map[ledger.Author]*Account{}}
	p := &Settlement{NewcomerPool: 1000, Deltas: []DeltaPay{
		{Author: author(1), Counts: true, Newcomer: true, Sure: 30_000},
		{Author: author(2), Counts: true, Newcomer: true, Sure: -5},
		{Author: author(3), Counts: true, Bond: 7, Sure: 30_000},
	}}
	s.payNewcomers(p)
	if got := p.Deltas[0].Paid; got != 1000 {
		t.Errorf("the only one who gained is paid %d of 1000", got)
	}
	if p.Deltas[1].Paid+p.Deltas[2].Paid != 0 || p.Minted != 1000 {
		t.Errorf("paid %+v, minted %d", p.Deltas, p.Minted)
	}
}

// Whoever mines with many identities gets no larger share of the lane than of the
// work: hashes tried and slots won are counted over many rounds, with a 95 %
// interval. To move on to the next identity at the first success, where everybody
// stops (engine.FindWork), is the best that one can do with many; to go on with
// the same one wins less for the work.
func TestManyIdentitiesWinNoMoreOfTheLaneThanTheyWork(t *testing.T) {
	const bits, slots, rounds = 4, 8, 150
	for name, c := range map[string]struct {
		honest, identities int
		stubborn           uint64 // hashes that each identity of the attacker tries on after a success
	}{
		"one of few":             {5, 1, 0},
		"ten beside ten":         {10, 10, 0},
		"a hundred beside ten":   {10, 100, 0},
		"two that go on and on":  {10, 2, 200},
		"thirty beside a crowd":  {60, 30, 0},
		"ten that go on for one": {30, 10, 16},
	} {
		var mean, squares float64
		for round := range uint64(rounds) {
			m := manifest(1, 0)
			m.Economy.Slots, m.Economy.Work, m.Nonce[0] = slots, bits, byte(round)
			w := newTown(t, m)
			mine := func(who int, beyond uint64) (e *ledger.Entry, tried uint64) {
				c := &ledger.Commit{Base: w.state.Anchor()}
				best, found := ledger.Hash{0xff}, false
				for work := uint64(0); !found || beyond > 0; work++ {
					if found {
						beyond--
					}
					h := ledger.WorkHash(w.topic, 0, author(who), work)
					if w.state.Worked(author(who), 0, work) && string(h[:]) < string(best[:]) {
						found, best, c.Work = true, h, work
					}
					tried++
				}
				return w.say(who, c), tried
			}
			var all []*ledger.Entry
			var work, theirs uint64
			for who := range c.honest + c.identities {
				beyond := uint64(0)
				if who >= c.honest {
					beyond = c.stubborn
				}
				e, tried := mine(1_000+who, beyond)
				all, work = append(all, e), work+tried
				if who >= c.honest {
					theirs += tried
				}
			}
			w.state.Phases.Commit = 1 << 20
			w.block(all...)
			won := 0
			for who := c.honest; who < c.honest+c.identities; who++ {
				if _, in := w.state.Round.Commits[author(1_000+who)]; in {
					won++
				}
			}
			gain := float64(won)/float64(len(w.state.Round.Commits)) - float64(theirs)/float64(work)
			mean, squares = mean+gain/rounds, squares+gain*gain/rounds
		}
		half := 1.96 * math.Sqrt((squares-mean*mean)/rounds)
		t.Logf("%-24s share of the lane minus share of the work: %+.4f ± %.4f", name, mean, half)
		if mean-half > 0.005 {
			t.Errorf("%s: they win %.3f ± %.3f more of the lane than they work", name, mean, half)
		}
	}
}
