package incentives

import (
	"strings"
	"testing"

	"github.com/grapevine-network/grapevine/ledger"
)

// heirOf is the manifest of a topic that goes on from w.
func heirOf(w *town, invite bool) *ledger.Manifest {
	m := manifest(0, 0)
	m.Economy.Invite, m.Economy.Cap = invite, w.state.Economy.Cap-w.state.Supply.Burnt
	m.Parent = &ledger.Parent{Topic: w.topic, Height: w.state.Closed.Height, State: w.roots[w.state.Closed.Height-1]}
	m.Genesis, m.Parent.Treasury = w.state.Estate(invite)
	return m
}

// wound is a topic in which much has happened, and which is closed.
func wound(t tester) *town {
	w := purse(t)
	w.round(4, 7, 1024)
	w.must(w.say(5, &ledger.Register{Payout: author(60)}))
	w.must(w.say(4, &ledger.Unbond{Amount: 300}), w.send(0, 50, 5))
	w.must(w.evidence(1, 5), w.evidence(1, 6))
	w.must(w.end(0, nil), w.end(1, nil), w.end(2, nil))
	if w.state.Closed == nil || len(w.state.Dues) != 3 {
		w.t.Fatalf("closed %v, %d dues", w.state.Closed, len(w.state.Dues))
	}
	return w
}

func TestASuccessorBeginsWithWhatEverybodyHad(t *testing.T) {
	w := wound(t)
	m := heirOf(w, false)
	n := newTown(t, m)
	if err := w.state.Inherits(m, n.topic); err != nil {
		t.Fatal(err)
	}
	n.conserved()
	a, before := n.state.Account(author(4)), w.state.Account(author(4))
	if a.Balance != before.Balance+300 || a.Bond != 700 {
		t.Errorf("who was unbonding has %+v, want 300 more than %+v", a, before)
	}
	if got := n.balance(60); got < 500 {
		t.Errorf("the payout key has %d", got)
	}
	if n.state.Account(author(5)).Forked || n.balance(5) != 0 || n.balance(6) < 500 {
		t.Errorf("whose chains ended have %d and %d", n.balance(5), n.balance(6))
	}
	b, d, k := w.state.Held()
	if nb, nd, nk := n.state.Held(); nb+nd+nk != b+d+k || n.state.Supply.Treasury != w.state.Supply.Treasury || n.state.Supply.Remaining != w.state.Supply.Remaining {
		t.Errorf("%d of %d are left, %+v of %+v", nb+nd+nk, b+d+k, n.state.Supply, w.state.Supply)
	}
	for i, seat := range n.state.Now {
		if w.state.Now.Seat(seat.Author) < 0 || w.state.Account(seat.Author).Stake != seat.Stake {
			t.Errorf("seat %d is another", i)
		}
	}
	n.must(n.send(50, 0, 5))
}

func TestAnInviteOnlySuccessorHasGuests(t *testing.T) {
	w := wound(t)
	n := newTown(t, heirOf(w, true))
	for who, member := range map[int]bool{0: true, 4: true, 50: false, 60: false} {
		if a := n.state.Account(author(who)); a.Member != member {
			t.Errorf("%d: member %v", who, a.Member)
		}
	}
}

func TestAWrongSuccessorIsRefused(t *testing.T) {
	w := wound(t)
	other := blob("another manifest")
	for name, c := range map[string]struct {
		change func(m *ledger.Manifest)
		why    string
	}{
		"no parent":          {func(m *ledger.Manifest) { m.Parent = nil }, "does not name"},
		"another parent":     {func(m *ledger.Manifest) { m.Parent.Topic = other }, "does not name"},
		"too early":          {func(m *ledger.Manifest) { m.Parent.Height-- }, "moved until"},
		"a larger cap":       {func(m *ledger.Manifest) { m.Economy.Cap++ }, "are left"},
		"a richer account":   {func(m *ledger.Manifest) { m.Genesis[0].Balance++ }, "held in the end"},
		"an account less":    {func(m *ledger.Manifest) { m.Genesis = m.Genesis[1:] }, "held in the end"},
		"a smaller treasury": {func(m *ledger.Manifest) { m.Parent.Treasury-- }, "held in the end"},
	} {
		m := heirOf(w, false)
		c.change(m)
		if err := w.state.Inherits(m, blob("topic")); err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: %v, want %q", name, err, c.why)
		}
	}
	m := heirOf(w, false)
	w.must(w.end(0, &other), w.end(1, &other), w.end(2, &other))
	if err := w.state.Inherits(m, blob("topic")); err == nil || !strings.Contains(err.Error(), "by a quorum") {
		t.Errorf("not the one that was chosen: %v", err)
	}
	if err := w.state.Inherits(m, other); err != nil {
		t.Error(err)
	}
}
