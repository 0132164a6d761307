package engine

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"testing"

	"github.com/grapevine-network/grapevine/incentives"
	"github.com/grapevine-network/grapevine/ledger"
)

var chainTopic = ledger.SumNode([]byte("topic"))

// chainKey is a signer with its author.
func chainKey(name string) (ledger.Author, func([]byte) []byte) {
	seed := sha256.Sum256([]byte(name))
	key := ed25519.NewKeyFromSeed(seed[:])
	return ledger.Author(key.Public().(ed25519.PublicKey)), func(b []byte) []byte { return ed25519.Sign(key, b) }
}

// links makes n entries of one chain; other makes them differ from the second on.
func links(t *testing.T, n int, other byte) (out []*ledger.Entry) {
	t.Helper()
	author, sign := chainKey("author")
	seq, prev := uint64(0), chainTopic
	for i := range n {
		body := &ledger.Seal{Round: uint64(i)}
		if i > 0 {
			body.Hash[0] = other
		}
		e, err := ledger.Sign(sign, author, chainTopic, seq, prev, body)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, e)
		seq, prev = e.Seq, e.CID()
	}
	return out
}

func TestEntriesMayComeInAnyOrder(t *testing.T) {
	c, all := newChains(), links(t, 4, 0)
	for _, i := range []int{3, 1, 0, 2} {
		if !c.add(all[i], 0, 0) {
			t.Errorf("entry %d was not taken", i+1)
		}
	}
	run := c.run(all[0].Author, incentives.Account{Head: chainTopic})
	if len(run) != 4 {
		t.Errorf("%d entries follow, want 4", len(run))
	}
	if c.add(all[0], 0, 0) {
		t.Error("took an entry twice")
	}
}

func TestAGapHoldsBackWhatFollows(t *testing.T) {
	c, all := newChains(), links(t, 3, 0)
	c.add(all[0], 0, 0)
	c.add(all[2], 0, 0)
	if run := c.run(all[0].Author, incentives.Account{Head: chainTopic}); len(run) != 1 {
		t.Errorf("%d entries follow, want 1", len(run))
	}
}

func TestAForkShowsWhicheverHalfComesFirst(t *testing.T) {
	a, b := links(t, 2, 0), links(t, 2, 1)
	for name, order := range map[string][]*ledger.Entry{"a first": {a[0], a[1], b[1]}, "b first": {b[0], b[1], a[1]}} {
		c := newChains()
		for _, e := range order {
			c.add(e, 0, 0)
		}
		proof := c.forks[a[0].Author]
		if proof == nil {
			t.Fatalf("%s: no proof", name)
		}
		if bytes.Compare(proof.A, proof.B) >= 0 {
			t.Errorf("%s: halves out of order", name)
		}
		if _, err := proof.Open(chainTopic, ledger.Ed25519); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAForkShowsAfterOneHalfIsCertified(t *testing.T) {
	c, a, b := newChains(), links(t, 2, 0), links(t, 2, 1)
	c.add(a[0], 0, 0)
	c.add(a[1], 0, 0)
	c.certified(a[0].Author, 2)
	if c.add(b[1], 2, 1); c.forks[a[0].Author] == nil {
		t.Error("a fork of a certified entry went unnoticed")
	}
}

func TestAnHonestChainIsNoFork(t *testing.T) {
	c, all := newChains(), links(t, 3, 0)
	for range 2 {
		for _, e := range all {
			c.add(e, 0, 0)
		}
		c.certified(all[0].Author, 2)
	}
	if len(c.forks) > 0 {
		t.Error("an honest chain counts as forked")
	}
}

func TestAChainCanNotRunFarAhead(t *testing.T) {
	c, all := newChains(), links(t, maxAhead+2, 0)
	for i, e := range all {
		if got, want := c.add(e, 0, 0), i < maxAhead; got != want {
			t.Errorf("entry %d: taken %t, want %t", i+1, got, want)
		}
	}
}

func TestTheIndexFindsBlocksAndEntries(t *testing.T) {
	x, all := NewIndex[int](), links(t, 3, 0)
	author, sign := chainKey("proposer")
	for i, e := range all {
		if err := x.Add(Record{Kind: RecordEntry, Data: e.Bytes()}, i); err != nil {
			t.Fatal(err)
		}
	}
	committee := ledger.NewCommittee([]ledger.Seat{{Author: author, Stake: 1}}).CID()
	prev := ledger.Tip{Block: chainTopic, Committee: committee}
	for h, last := range []int{0, 2} { // the first block certifies one entry, the second two
		cut := ledger.Cut{Author: all[last].Author, Seq: all[last].Seq, Head: all[last].CID()}
		b, err := ledger.SignBlock(sign, ledger.Header{
			Topic: chainTopic, Height: uint64(h + 1), Prev: prev.Block, Proposer: author,
			Anchor: ledger.SumBlob(nil), Committee: committee, Checkpoint: chainTopic,
		}, []ledger.Cut{cut})
		if err != nil {
			t.Fatal(err)
		}
		next := ledger.Tip{Height: uint64(h + 1), Block: b.CID(), Committee: committee}
		cert := &ledger.Certificate{Base: prev, Next: &next, Committee: committee, Signers: []byte{1}, Sigs: make([]byte, 64)}
		if err := x.Add(Record{RecordFinal, encodeFinal(b, cert)}, 10+h); err != nil {
			t.Fatal(err)
		}
		prev = next
	}
	for h, want := range [][]int{{0}, {1, 2}} {
		entries, final, ok := x.Height(uint64(h + 1))
		if !ok || final != 10+h || len(entries) != len(want) || entries[0] != want[0] {
			t.Errorf("height %d: %v, %d, %t; want entries %v", h+1, entries, final, ok, want)
		}
	}
	if _, _, ok := x.Height(3); ok {
		t.Error("found a height that there is not")
	}
	if at, ok := x.Entry(all[1].Author, 2); !ok || at != 1 {
		t.Errorf("entry 2 at %d, %t", at, ok)
	}
}
