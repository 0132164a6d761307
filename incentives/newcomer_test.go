package incentives

import (
	"errors"
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
		{Author: author(1), Counts: true, Newcomer: true, U: 30_000},
		{Author: author(2), Counts: true, Newcomer: true, U: -5},
		{Author: author(3), Counts: true, Bond: 7, U: 30_000},
	}}
	s.payNewcomers(p)
	if got := p.Deltas[0].Paid; got != 1000 {
		t.Errorf("the only one who gained is paid %d of 1000", got)
	}
	if p.Deltas[1].Paid+p.Deltas[2].Paid != 0 || p.Minted != 1000 {
		t.Errorf("paid %+v, minted %d", p.Deltas, p.Minted)
	}
}
