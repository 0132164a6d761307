package incentives

import (
	"errors"
	"testing"

	"github.com/grapevine-network/grapevine/ledger"
)

// club is an invite-only topic of six, the first four with a stake.
func club(t tester) *town {
	return purse(t, func(m *ledger.Manifest) {
		m.Economy.Invite = true
		m.Genesis = m.Genesis[:6]
		m.Genesis[4].Bond = 1_000_000
	})
}

func (w *town) admit(who, whom int) *ledger.Entry {
	return w.say(who, &ledger.Admit{Member: author(whom)})
}

func (w *town) end(who int, successor *ledger.CID) *ledger.Entry {
	return w.say(who, &ledger.End{Successor: successor})
}

func TestEachMemberWeighsTheSame(t *testing.T) {
	w := club(t)
	w.must(each(4, 6, w.commit)...)
	w.idle(2) // it waits for the other four, who are members too
	w.must(each(4, 6, w.reveal)...)
	w.must(each(0, 4, w.sealing(1024))...)
	w.must(each(0, 4, w.opening(1024))...)
	p := w.settled[0]
	a, b := p.Deltas[place(p, 4)], p.Deltas[place(p, 5)]
	if a.Bond != 1 || a.Weight != 1 || a.Paid != b.Paid || a.Paid == 0 {
		t.Errorf("got %+v and %+v", a, b)
	}
}

func TestAQuorumOfMembersAdmitsAndRemoves(t *testing.T) {
	w := club(t)
	if err := w.block(w.commit(50))[0]; err == nil || errors.Is(err, ErrVoid) {
		t.Errorf("a stranger's COMMIT: %v, want it not admitted", err)
	}
	delete(w.heads, author(50))
	w.must(w.admit(0, 50), w.admit(1, 50), w.admit(2, 50))
	if w.state.Account(author(50)).Member {
		t.Error("admitted by three of six")
	}
	w.wants(w.block(w.admit(2, 50))[0], "voted already")
	w.must(w.admit(5, 50))
	if w.state.Weight(author(50)) != 1 || len(w.state.Motions) != 0 {
		t.Fatal("not admitted by four of six")
	}
	w.wants(w.block(w.admit(0, 50))[0], "a member already")
	w.must(w.commit(50))
	w.must(each(0, 5, func(i int) *ledger.Entry { return w.say(i, &ledger.Remove{Member: author(50)}) })...)
	if w.state.Weight(author(50)) != 0 {
		t.Error("not removed by five of seven")
	}
}

func TestWhoIsRemovedGetsItsStakeBack(t *testing.T) {
	w := club(t)
	w.must(each(1, 5, func(i int) *ledger.Entry { return w.say(i, &ledger.Remove{Member: author(0)}) })...)
	if a := w.state.Account(author(0)); a.Stake != 0 || a.Member {
		t.Fatalf("got %+v", a)
	}
	w.wants(w.block(w.say(0, &ledger.Stake{Amount: 1}))[0], "no member")
	w.idle(8)
	if w.balance(0) != 110 {
		t.Errorf("balance %d, want 110", w.balance(0))
	}
}

func TestAnInviteOnlyTopicHasNoRoomForStrangers(t *testing.T) {
	w := club(t)
	w.wants(w.block(w.send(0, 50, 1))[0], "invite-only")
	w.wants(w.block(w.say(0, &ledger.Bond{Amount: 1}))[0], "weighs the same")
	if err := w.block(w.say(50, &ledger.Register{Payout: author(50)}))[0]; err == nil || errors.Is(err, ErrVoid) {
		t.Errorf("a stranger's REGISTER: %v, want it not admitted", err)
	}
}

func TestAMotionLapses(t *testing.T) {
	w := club(t)
	w.must(w.admit(0, 50))
	w.idle(MotionLife - 1)
	if len(w.state.Motions) != 1 {
		t.Error("too early")
	}
	w.idle(1)
	if len(w.state.Motions) != 0 {
		t.Error("it is still there")
	}
}

func TestOneAuthorVotesInSoManyMotions(t *testing.T) {
	w := club(t)
	for i := range MaxMotions {
		w.must(w.admit(0, 50+i))
	}
	w.wants(w.block(w.admit(0, 99))[0], "8 motions")
	if len(w.state.Motions) != MaxMotions {
		t.Errorf("%d motions", len(w.state.Motions))
	}
}

func TestAClosedTopicMovesNothing(t *testing.T) {
	for name, w := range map[string]*town{"open": purse(t), "invite-only": club(t)} {
		w.must(each(4, 6, w.commit)...)
		w.must(w.end(0, nil), w.end(1, nil), w.end(2, nil), w.say(0, &ledger.Unstake{Amount: 50}))
		if name == "invite-only" {
			if w.state.Closed != nil {
				t.Fatal("closed by three of six members")
			}
			w.must(w.end(4, nil))
		}
		if w.state.Closed == nil || w.state.Closed.Height != w.state.Height || !w.state.Round.Idle() {
			t.Fatalf("%s: closed: %+v", name, w.state.Closed)
		}
		accounts := w.state.Dues
		for _, e := range []*ledger.Entry{w.send(1, 2, 1), w.commit(4), w.evidence(1, 5), w.say(1, &ledger.Register{Payout: author(9)})} {
			w.wants(w.block(e)[0], "closed at height")
		}
		w.idle(20)
		if len(accounts) != 1 || len(w.state.Dues) != 1 || w.balance(2) != 10 {
			t.Errorf("%s: something moved", name)
		}
		w.wants(w.block(w.end(3, nil))[0], "without a successor")
		next := blob("manifest")
		w.must(w.end(0, &next), w.end(1, &next), w.end(2, &next))
		if name == "invite-only" {
			w.must(w.end(3, &next))
		}
		if got := w.state.Closed.Successor; got == nil || *got != next {
			t.Errorf("%s: the successor is %v", name, got)
		}
		w.wants(w.block(w.end(3, &next))[0], "already")
	}
}
