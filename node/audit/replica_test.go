package audit

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/grapevine-network/grapevine/incentives"
	"github.com/grapevine-network/grapevine/ledger"
)

// Whoever has blocks, entries and blobs comes to the same truth.
func TestAReplayGivesTheSameTruth(t *testing.T) {
	w := newTown(t)
	for range 3 {
		w.round(1024)
	}
	w.to(incentives.PhaseSeal, 0) // in the middle of a round
	r := newReplica(t)
	var outcomes []*Outcome
	for _, b := range w.blocks {
		entries, gaps := r.Collect(b, w.held)
		if len(gaps) > 0 {
			t.Fatalf("height %d: gaps %v", b.Header.Height, gaps)
		}
		if err := r.Check(b, entries); err != nil {
			t.Fatal(err)
		}
		r.Apply(b, entries)
		if r.Unsettled() {
			out, err := r.Settle(w.blob)
			if err != nil {
				t.Fatal(err)
			}
			outcomes = append(outcomes, out)
		}
	}
	if r.Root() != w.r.Root() || r.Head != w.r.Head || !slices.Equal(r.Anchor(), w.r.Anchor()) {
		t.Errorf("ends at %v with root %x, want %v and %x", r.Head, r.Root(), w.r.Head, w.r.Root())
	}
	if !reflect.DeepEqual(outcomes, w.outcomes) {
		t.Error("rounds ended otherwise")
	}
}

// A valid block of two authors' entries, changed in every way that matters. What
// the proposer could sign is signed again.
func TestEachWayABlockCanBeWrongIsRefused(t *testing.T) {
	type proposal struct {
		h       ledger.Header
		cuts    []ledger.Cut
		entries []*ledger.Entry
		w       *town
	}
	// with takes other entries, and all that follows from them.
	with := func(p *proposal, entries ...*ledger.Entry) {
		p.entries, p.cuts, p.h.Entries = entries, Cuts(entries), ledger.EntriesRoot(entries)
	}
	cases := []struct {
		why    string
		change func(p *proposal)
	}{
		{"topic", func(p *proposal) { p.h.Topic = ledger.SumNode(nil) }},
		{"does not follow", func(p *proposal) { p.h.Height++ }},
		{"does not follow", func(p *proposal) { p.h.Height-- }},
		{"does not follow", func(p *proposal) { p.h.Prev = ledger.SumNode(nil) }},
		{"proposer", func(p *proposal) { p.h.Proposer = author(9) }},
		{"proposer", func(p *proposal) { // its own turn, in another instance
			for p.w.r.State.Now.Proposer(p.w.r.Topic, p.h.Instance) == p.h.Proposer {
				p.h.Instance++
			}
		}},
		{"state root", func(p *proposal) { p.h.State[5]++ }},
		{"anchor", func(p *proposal) { p.h.Anchor = ledger.SumBlob(nil) }},
		{"committee or checkpoint", func(p *proposal) { p.h.Committee = ledger.SumNode(nil) }},
		{"committee or checkpoint", func(p *proposal) { p.h.Checkpoint = ledger.SumNode(nil) }},
		{"root of entries", func(p *proposal) { p.h.Entries[0]++ }},
		{"root of entries", func(p *proposal) { p.entries = p.entries[:2] }},
		{"root of entries", func(p *proposal) { slices.Reverse(p.entries) }},
		{"cuts for", func(p *proposal) { p.cuts = p.cuts[:1] }},
		{"cuts for", func(p *proposal) { with(p); p.cuts = []ledger.Cut{{Author: author(9), Seq: 1, Head: p.h.Prev}} }},
		{"does not end", func(p *proposal) { p.cuts[0].Seq++ }},
		{"does not end", func(p *proposal) { p.cuts[0].Head = ledger.SumNode(nil) }},
		{"does not end", func(p *proposal) { p.cuts[1].Author[31] ^= 1 }},
		{"does not follow", func(p *proposal) { with(p, p.entries[1], p.entries[2]) }}, // a gap
		{"does not follow", func(p *proposal) { with(p, p.entries[0], p.entries[0]) }},
		{"another topic", func(p *proposal) {
			a := author(4)
			e, err := ledger.Sign(sign(a), a, ledger.SumNode(nil), 0, ledger.SumNode(nil), &ledger.Seal{})
			if err != nil {
				t.Fatal(err)
			}
			with(p, e)
		}},
		{"entries in this round", func(p *proposal) {
			for range incentives.MaxEntries {
				p.entries = append(p.entries, p.w.say(4, &ledger.Seal{}))
			}
			with(p, inOrder(p.entries)...)
		}},
	}
	fresh := func() *proposal {
		w := newTown(t)
		w.block(w.say(6, &ledger.Seal{}))
		b, entries := w.propose(w.commit(4, w.random(1)), w.say(4, &ledger.Seal{}), w.commit(5, w.random(2)))
		return &proposal{b.Header, slices.Clone(b.Cuts), slices.Clone(entries), w}
	}
	try := func(p *proposal) error {
		b, err := ledger.SignBlock(sign(p.h.Proposer), p.h, p.cuts)
		if err != nil {
			t.Fatal(err)
		}
		return p.w.r.Check(b, p.entries)
	}
	if err := try(fresh()); err != nil {
		t.Fatalf("the valid block: %v", err)
	}
	for i, c := range cases {
		p := fresh()
		c.change(p)
		if err := try(p); !errors.Is(err, ErrBlock) || !strings.Contains(err.Error(), c.why) {
			t.Errorf("case %d: %v, want ErrBlock with %q", i, err, c.why)
		}
	}
	p := fresh()
	b, err := ledger.SignBlock(sign(author(9)), p.h, p.cuts)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.w.r.Check(b, p.entries); !errors.Is(err, ErrBlock) || !errors.Is(err, ledger.ErrSignature) {
		t.Errorf("signed by another: %v", err)
	}
}

func TestAForkedChainIsInNoBlock(t *testing.T) {
	w := newTown(t)
	a, b := w.say(4, &ledger.Seal{Round: 1}), (*ledger.Entry)(nil)
	delete(w.heads, author(4))
	b = w.say(4, &ledger.Seal{Round: 2})
	w.block(w.say(0, ledger.ForkEvidence(a, b)))
	block, entries := w.propose(b)
	if err := w.r.Check(block, entries); !errors.Is(err, ErrBlock) || !strings.Contains(err.Error(), "forked") {
		t.Errorf("%v", err)
	}
}

func TestNothingFollowsARoundThatIsNotSettled(t *testing.T) {
	w := newTown(t).to(incentives.PhaseOpen, 1024)
	b, entries := w.propose(each(0, validators, func(v int) *ledger.Entry { return w.open(v, 1024) })...)
	w.r.Apply(b, entries)
	if !w.r.Unsettled() {
		t.Fatal("the round is not over")
	}
	b, entries = w.propose()
	if err := w.r.Check(b, entries); !errors.Is(err, ErrBlock) {
		t.Errorf("%v, want ErrBlock", err)
	}
}

func TestTheSameBlockDoesNotFollowItself(t *testing.T) {
	w := newTown(t)
	b, entries := w.propose(w.commit(4, w.random(1)))
	if err := w.r.Check(b, entries); err != nil {
		t.Fatal(err)
	}
	w.r.Apply(b, entries)
	if err := w.r.Check(b, entries); !errors.Is(err, ErrBlock) {
		t.Errorf("%v, want ErrBlock", err)
	}
}

func TestCollectSaysWhatIsMissing(t *testing.T) {
	w := newTown(t)
	w.block(w.say(4, &ledger.Seal{}))
	run := each(0, 5, func(int) *ledger.Entry { return w.say(4, &ledger.Seal{}) }) // numbers 2 to 6
	other := w.say(5, &ledger.Seal{})
	b, entries := w.propose(append(run, other)...)
	for _, c := range []struct {
		missing []*ledger.Entry
		want    []Gap
	}{
		{nil, nil},
		{[]*ledger.Entry{run[4]}, []Gap{{author(4), 2, 6}}}, // what is before it can't be told
		{[]*ledger.Entry{run[1]}, []Gap{{author(4), 2, 3}}},
		{[]*ledger.Entry{run[0]}, []Gap{{author(4), 2, 2}}},
		{[]*ledger.Entry{other}, []Gap{{author(5), 1, 1}}},
	} {
		got, gaps := w.r.Collect(b, func(id ledger.CID) *ledger.Entry {
			if slices.ContainsFunc(c.missing, func(e *ledger.Entry) bool { return e.CID() == id }) {
				return nil
			}
			return w.held(id)
		})
		if !slices.Equal(gaps, c.want) {
			t.Errorf("gaps %v, want %v", gaps, c.want)
		}
		if c.want == nil && !slices.Equal(got, entries) {
			t.Error("other entries than the block was made of")
		}
	}
	_, gaps := w.r.Collect(b, func(ledger.CID) *ledger.Entry { return nil })
	if len(gaps) != 2 {
		t.Errorf("nothing held: gaps %v", gaps)
	}
}

// Collect must neither hang nor walk far for cuts that no block may have, and
// Check refuses what comes of them.
func TestImpossibleCutsAreNotWalked(t *testing.T) {
	for name, cut := range map[string]ledger.Cut{
		"a number that is certified": {Author: author(4), Seq: 1},
		"number 0":                   {Author: author(4), Seq: 0},
		"too many":                   {Author: author(4), Seq: 2 + incentives.MaxEntries},
		"2^64 - 1":                   {Author: author(4), Seq: ^uint64(0)},
		"somebody else's chain":      {Author: author(6), Seq: 1},
	} {
		w := newTown(t)
		w.block(w.say(4, &ledger.Seal{}))
		cut.Head = w.say(4, &ledger.Seal{}).CID()
		h := w.r.Header(1, w.r.State.Now.Proposer(w.r.Topic, 1), nil)
		var entries []*ledger.Entry
		for range 2 { // the root of entries that the proposer claims is right
			b, err := ledger.SignBlock(sign(h.Proposer), h, []ledger.Cut{cut})
			if err != nil {
				t.Fatal(err)
			}
			asked := 0
			entries, _ = w.r.Collect(b, func(id ledger.CID) *ledger.Entry { asked++; return w.held(id) })
			if asked > 1 {
				t.Errorf("%s: asked for %d entries", name, asked)
			}
			if err := w.r.Check(b, entries); !errors.Is(err, ErrBlock) {
				t.Errorf("%s: %v, want ErrBlock", name, err)
			}
			h.Entries = ledger.EntriesRoot(entries)
		}
	}
}

func TestAReceiptSaysWhatHadNoEffect(t *testing.T) {
	w := newTown(t)
	late := w.say(5, &ledger.Seal{Round: 7})
	receipt := w.block(w.commit(4, w.random(1)), late)
	if len(receipt.Voids) != 1 || receipt.Voids[0].Entry != late || !errors.Is(receipt.Voids[0].Reason, incentives.ErrVoid) {
		t.Errorf("got %+v", receipt.Voids)
	}
	if receipt.Round != 0 || receipt.Phase != incentives.PhaseCommit || receipt.Block.Header.Height != 1 {
		t.Errorf("got %+v", receipt)
	}
}

func TestHeadersLinkTheCheckpoints(t *testing.T) {
	w := newTown(t)
	checkpoint := w.r.Topic
	for h := uint64(1); h <= 2*ledger.CheckpointAt+2; h++ {
		w.block()
		b := w.blocks[h-1]
		if b.Header.Checkpoint != checkpoint {
			t.Fatalf("height %d names checkpoint %v, want %v", h, b.Header.Checkpoint, checkpoint)
		}
		if h%ledger.CheckpointAt == 0 {
			checkpoint = b.CID()
		}
	}
}

func TestTheRootIsThatOfTheState(t *testing.T) {
	w := newTown(t)
	for range 2 {
		w.round(1024)
		if got, want := w.r.Root(), w.r.State.Root(); got != want {
			t.Errorf("root %x, want %x", got, want)
		}
	}
	w.block(w.commit(4, w.random(1)))
	if got, want := w.r.Root(), w.r.State.Root(); got != want {
		t.Errorf("root %x, want %x", got, want)
	}
}

func TestATopicBeginsWithTheModelItNames(t *testing.T) {
	m := manifest()
	if _, err := New(m, ledger.CID{}, EncodeAnchor(make([]int32, params+1)), check); err == nil {
		t.Error("began with another model")
	}
	m.Learning.Anchor = ledger.SumBlob([]byte("short"))
	if _, err := New(m, ledger.CID{}, []byte("short"), check); err == nil {
		t.Error("began with a model of another size")
	}
}

func FuzzDecodeAnchor(f *testing.F) {
	f.Add([]byte{}, uint64(0))
	f.Add(EncodeAnchor([]int32{1, -1, 1 << 30}), uint64(3))
	f.Fuzz(func(t *testing.T, b []byte, size uint64) {
		anchor, err := DecodeAnchor(b, size)
		if err != nil {
			return
		}
		if got := EncodeAnchor(anchor); !slices.Equal(got, b) || uint64(len(anchor)) != size {
			t.Errorf("%x became %x", b, got)
		}
	})
}
