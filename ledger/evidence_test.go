package ledger

import (
	"bytes"
	"slices"
	"testing"
)

func tip(height uint64) *Tip {
	return &Tip{Height: height, Block: node("block"), Committee: node("committee")}
}

// ballot is a signed vote.
func ballot(k signer, v Vote) *Ballot {
	b := &Ballot{Author: k.author(), Committee: node("committee"), Vote: v}
	b.Sig = signature(k.sign(v.Message(topic, b.Committee)))
	return b
}

// double is a vote for a block, and one for the base alone.
func double(k signer) (a, b *Ballot) {
	return ballot(k, Vote{Instance: 9, Round: 1, Phase: 3, Base: tip(4), Next: tip(5)}), ballot(k, Vote{Instance: 9, Round: 1, Phase: 3, Base: tip(4)})
}

// However much was said in two entries, the proof that they fork is an entry.
func TestAForkOfTheLargestEntriesFitsAnEvidence(t *testing.T) {
	pairs := [][2]any{
		{largest(-1 << 31), largest(1<<31 - 256)},
		{&Evidence{A: make([]byte, 8_000), B: make([]byte, 8_000)}, &Evidence{A: make([]byte, 16_000)}},
	}
	for _, p := range pairs {
		a, b := mustSign(t, key(1), 0, topic, p[0]), mustSign(t, key(1), 0, topic, p[1])
		if !a.Forks(b) {
			t.Fatal("no fork")
		}
		e := mustSign(t, key(2), 0, topic, ForkEvidence(a, b))
		if _, err := DecodeEntry(e.Bytes()); err != nil || len(e.Bytes()) > 1_000 {
			t.Errorf("%d bytes (%v)", len(e.Bytes()), err)
		}
	}
}

func TestTwoVotesForOneSlotAreEvidence(t *testing.T) {
	a, b := double(key(1))
	e := VoteEvidence(b, a)
	if f, err := e.Open(topic, Ed25519); err != nil || f != (Fault{key(1).author(), true, 9}) {
		t.Fatalf("proves %+v (%v)", f, err)
	}
	if got := len(mustSign(t, key(2), 0, topic, e).Bytes()); got > 1_200 {
		t.Errorf("it takes %d bytes", got)
	}
}

func TestVotesThatDoNotContradictAreNone(t *testing.T) {
	a, _ := double(key(1))
	v := a.Vote
	with := func(change func(v *Vote)) *Ballot {
		other := v
		change(&other)
		return ballot(key(1), other)
	}
	for name, b := range map[string]*Ballot{
		"itself":           a,
		"another instance": with(func(v *Vote) { v.Instance++; v.Next = nil }),
		"another round":    with(func(v *Vote) { v.Round++; v.Next = nil }),
		"another phase":    with(func(v *Vote) { v.Phase++; v.Next = nil }),
		"of somebody else": ballot(key(2), Vote{Instance: 9, Round: 1, Phase: 3, Base: tip(4)}),
		"an unsaid block":  {Author: a.Author, Committee: node("other"), Vote: v, Sig: a.Sig},
	} {
		if VoteEvidence(a, b) != nil {
			t.Errorf("%s: evidence", name)
		}
	}
	bottom := func(v *Vote) { v.Base, v.Next = nil, nil }
	if VoteEvidence(a, with(bottom)) == nil {
		t.Error("a block and bottom do not contradict")
	}
	unsaid := with(bottom)
	unsaid.Vote.Next = tip(5) // not signed: bottom has no block
	if VoteEvidence(unsaid, with(bottom)) != nil {
		t.Error("bottom contradicts itself")
	}
}

func TestEvidenceThatWasTamperedWithProvesNothing(t *testing.T) {
	a, b := double(key(1))
	x, y := mustSign(t, key(1), 3, node("prev"), &Seal{Round: 1}), mustSign(t, key(1), 3, node("prev"), &Seal{Round: 2})
	for _, v := range []*Evidence{VoteEvidence(a, b), ForkEvidence(x, y)} {
		if _, err := v.Open(node("other"), Ed25519); err == nil {
			t.Error("it counts in another topic")
		}
		if _, err := (&Evidence{v.B, v.A, v.Votes}).Open(topic, Ed25519); err == nil {
			t.Error("the larger half first")
		}
		if _, err := (&Evidence{v.A, v.B, !v.Votes}).Open(topic, Ed25519); err == nil {
			t.Error("as the other kind")
		}
		everyByteCounts(t, v.A, v.B, v.Votes)
		everyByteCounts(t, v.B, v.A, v.Votes)
	}
}

func everyByteCounts(t *testing.T, half, other []byte, votes bool) {
	for i := range half {
		bad := &Evidence{slices.Clone(half), other, votes}
		bad.A[i] ^= 1
		if bytes.Compare(bad.A, bad.B) > 0 {
			bad.A, bad.B = bad.B, bad.A
		}
		if _, err := bad.Open(topic, Ed25519); err == nil {
			t.Fatalf("votes %v: byte %d of a half can be changed", votes, i)
		}
	}
}

func FuzzOpenEvidence(f *testing.F) {
	a, b := double(key(1))
	x, y := mustSign(f, key(1), 3, node("prev"), &Seal{Round: 1}), mustSign(f, key(1), 3, node("prev"), &Seal{Round: 2})
	for _, v := range []*Evidence{VoteEvidence(a, b), ForkEvidence(x, y)} {
		f.Add(v.A, v.B, v.Votes)
	}
	f.Fuzz(func(t *testing.T, a, b []byte, votes bool) {
		fault, err := (&Evidence{a, b, votes}).Open(topic, Ed25519)
		if err == nil && fault.Author != key(1).author() {
			t.Errorf("%v is proven guilty, whose key nobody has", fault.Author)
		}
	})
}
