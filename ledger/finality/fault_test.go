package finality

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/filecoin-project/go-f3/gpbft"

	"github.com/grapevine-network/grapevine/ledger"
)

// sent are the frames among outputs.
func sent(out []Output) (frames [][]byte) {
	for _, o := range out {
		if s, ok := o.(Send); ok {
			frames = append(frames, s.Frame)
		}
	}
	return frames
}

func mustFrame(t testing.TB, data []byte) *Frame {
	t.Helper()
	f, err := DecodeFrame(data)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// first is the vote with which a member begins an instance.
func first(t *testing.T, c *court, p *member, next *ledger.Tip) []byte {
	t.Helper()
	out, err := p.Start(c.now, next)
	if err != nil || len(sent(out)) == 0 {
		t.Fatalf("%d outputs (%v)", len(out), err)
	}
	return sent(out)[0]
}

// Two machines with one key and two inputs: a validator that says one thing to
// some and another to others.
func TestADoubleVoterSplitsNobody(t *testing.T) {
	for seed := range uint64(20) {
		c := newCourt(t, 4, 0, seed)
		twin, err := New(config(0), nil)
		if err != nil {
			t.Fatal(err)
		}
		q := &member{Machine: twin}
		c.advance(q, 1, ledger.Tip{Block: topic, Committee: c.committee.CID()})
		other := *c.proposal(c.members[1])
		other.Block = ledger.SumNode([]byte("another block"))
		c.members = append(c.members, q)
		c.instances = 1
		for i, p := range c.members {
			input := c.proposal(c.members[1])
			if i == 4 || seed%2 == 0 && i == 3 {
				input = &other
			}
			out, err := p.Start(c.now, input)
			c.act(p, out, err)
		}
		c.run(1, 10*time.Minute)
		for _, p := range c.members[1:4] {
			if len(p.decided) != 1 || p.decided[0].Head() != c.members[1].decided[0].Head() {
				t.Errorf("seed %d: member %d decided %+v", seed, p.id, p.decided)
			}
		}
	}
}

func TestVotesThatComeBeforeTheStartAreNotLost(t *testing.T) {
	c := newCourt(t, 4, 0, 1)
	late := c.members[3]
	c.down, c.members = 0, c.members[:3]
	c.members = append(c.members, late)
	for i, p := range c.members[:3] {
		data := first(t, c, p, c.proposal(p))
		out, err := late.Receive(c.now, mustFrame(t, data))
		if err != nil || len(out) != 0 {
			t.Fatalf("vote %d before the start: %d outputs (%v)", i, len(out), err)
		}
	}
	if got := len(late.early); got != 3 {
		t.Errorf("keeps %d votes, want 3", got)
	}
	out, err := late.Start(c.now, c.proposal(late))
	if err != nil {
		t.Fatal(err)
	}
	prepared := false
	for _, data := range sent(out) {
		prepared = prepared || mustFrame(t, data).Vote.Phase == 3
	}
	if !prepared {
		t.Error("did not go on to PREPARE, though all agree on the proposal")
	}
}

func TestWhatIsOldIsNobodysFault(t *testing.T) {
	c := newCourt(t, 4, 0, 1)
	data := first(t, c, c.members[0], nil)
	p := c.members[1]
	c.advance(p, 2, p.base)
	if _, err := p.Receive(0, mustFrame(t, data)); !errors.Is(err, ErrNotNow) {
		t.Errorf("of the instance before: %v, want ErrNotNow", err)
	}
	q := c.members[2]
	f := mustFrame(t, data)
	f.Vote.Instance = 9
	if _, err := q.Receive(0, f); !errors.Is(err, ErrNotNow) {
		t.Errorf("of a far instance: %v, want ErrNotNow", err)
	}
}

func TestInvalidVotesAreTheSendersFault(t *testing.T) {
	c := newCourt(t, 4, 0, 1)
	data := first(t, c, c.members[0], c.proposal(c.members[0]))
	other := ledger.Tip{Height: 1, Block: ledger.SumNode([]byte("other")), Committee: c.committee.CID()}
	for name, change := range map[string]func(f *Frame){
		"a bad signature":       func(f *Frame) { f.Sig[0]++ },
		"a short signature":     func(f *Frame) { f.Sig = f.Sig[:63] },
		"another sender":        func(f *Frame) { f.Sender = 1 },
		"a sender with no seat": func(f *Frame) { f.Sender = 99 },
		"another value":         func(f *Frame) { f.Vote.Next = &other },
		"an unknown phase":      func(f *Frame) { f.Vote.Phase = 77 },
		"another phase":         func(f *Frame) { f.Vote.Phase = 3 },
		"a later round":         func(f *Frame) { f.Vote.Round = 1 },
		"another committee":     func(f *Frame) { f.Committee = ledger.SumNode([]byte("other")) },
	} {
		f := mustFrame(t, data)
		change(f)
		if _, err := c.members[1].Receive(0, f); err == nil || errors.Is(err, ErrNotNow) {
			t.Errorf("%s: %v, want the sender's fault", name, err)
		}
	}
	if _, err := c.members[1].Receive(0, mustFrame(t, data)); err != nil {
		t.Errorf("the valid one: %v", err)
	}
}

// A bad signature must not become good by being seen twice.
func TestABadSignatureIsRefusedEachTime(t *testing.T) {
	c := newCourt(t, 4, 0, 1)
	f := mustFrame(t, first(t, c, c.members[0], nil))
	f.Sig[5]++
	for range 3 {
		if _, err := c.members[1].Receive(0, f); err == nil {
			t.Fatal("accepted")
		}
	}
}

func TestASilentValidatorListensOnly(t *testing.T) {
	c := newCourt(t, 4, 0, 2)
	c.members[0].Silence(true)
	c.run(4, 5*time.Minute)
	if !c.members[0].Silent() || len(c.members[0].votes) != 0 {
		t.Errorf("voted %d times", len(c.members[0].votes))
	}
	if got := len(c.members[0].decided); got != 4 {
		t.Errorf("saw %d of 4 decisions", got)
	}
}

func TestWhoHasNoSeatFollows(t *testing.T) {
	c := newCourt(t, 4, 0, 2)
	m, err := New(config(9), nil)
	if err != nil {
		t.Fatal(err)
	}
	guest := &member{Machine: m, id: 9}
	c.members = append(c.members, guest)
	c.advance(guest, 1, ledger.Tip{Block: topic, Committee: c.committee.CID()})
	c.run(4, 5*time.Minute)
	if len(guest.votes) != 0 || len(guest.decided) != 4 {
		t.Errorf("voted %d times and saw %d of 4 decisions", len(guest.votes), len(guest.decided))
	}
}

// A peer that lost its log hears its own old votes from others: it takes them
// for its own and repeats them.
func TestAVoteThatOthersRememberIsAdopted(t *testing.T) {
	c := newCourt(t, 4, 0, 1)
	block := c.proposal(c.members[0])
	mine, others := first(t, c, c.members[0], block), first(t, c, c.members[1], block)
	m, err := New(config(0), nil)
	if err != nil {
		t.Fatal(err)
	}
	p := &member{Machine: m}
	c.advance(p, 1, c.members[1].base)
	forged := mustFrame(t, mine)
	forged.Sig[0]++
	if p.Adopt(forged, mine) || p.Adopt(mustFrame(t, others), others) {
		t.Error("adopted a forged vote or another validator's")
	}
	if !p.Adopt(mustFrame(t, mine), mine) || p.Adopt(mustFrame(t, mine), mine) {
		t.Error("did not adopt its vote, or did twice")
	}
	if got := p.Newest(); got != 1 {
		t.Errorf("newest vote is of instance %d, want 1", got)
	}
	if got := first(t, c, p, nil); string(got) != string(mine) {
		t.Error("sent another vote for the slot")
	}
}

// Whenever a validator falls over and comes back with what it stored, it never
// signs a slot twice, and the others go on.
func TestACrashAtAnyVoteSplitsNothing(t *testing.T) {
	for crash := range 6 {
		t.Run(fmt.Sprint(crash), func(t *testing.T) {
			c := newCourt(t, 4, 0, 5)
			p, slots := c.members[0], map[ledger.Slot]string{}
			c.watch = func(q *member) {
				if q != p || len(q.votes) <= crash {
					return
				}
				c.watch = nil // once
				m, err := New(config(0), q.votes)
				if err != nil {
					t.Fatal(err)
				}
				instance, base := q.Instance(), q.base
				q.Machine = m
				q.alarm++ // what it had set is lost
				c.advance(q, instance, base)
				out, err := q.Start(c.now, nil)
				c.act(q, out, err)
			}
			c.run(3, 10*time.Minute)
			if c.watch != nil {
				t.Fatal("never crashed")
			}
			for _, data := range p.votes {
				f := mustFrame(t, data)
				if old, again := slots[f.Vote.Slot()]; again && old != string(data) {
					t.Errorf("two votes for %+v", f.Vote.Slot())
				}
				slots[f.Vote.Slot()] = string(data)
			}
			for _, q := range c.members {
				for i, d := range q.decided {
					if d.Head() != c.members[1].decided[i].Head() {
						t.Errorf("instance %d: members 1 and %d differ", i, q.id)
					}
				}
			}
			if got := len(c.members[1].decided); got != 3 {
				t.Errorf("%d of 3 instances decided", got)
			}
		})
	}
}

// All votes of the last phase are lost, and gpbft says them again only when it hears
// something. Nobody would ever speak.
func TestADecisionIsSaidAgainUnasked(t *testing.T) {
	c := newCourt(t, 4, 0, 1)
	c.wire = func(_, _ *member, frame []byte) bool {
		return gpbft.Phase(mustFrame(t, frame).Vote.Phase) != gpbft.DECIDE_PHASE || c.now > int64(time.Minute)
	}
	c.run(1, 5*time.Minute)
	for _, p := range c.members {
		if len(p.decided) != 1 {
			t.Errorf("member %d decided %d of 1 instances", p.id, len(p.decided))
		}
	}
}
