package audit

import (
	"errors"
	"fmt"

	"github.com/grapevine-network/grapevine/incentives"
	"github.com/grapevine-network/grapevine/learning/delta"
	"github.com/grapevine-network/grapevine/ledger"
)

// Replica is the truth of one topic up to a height.
type Replica struct {
	Manifest *ledger.Manifest
	Topic    ledger.CID
	State    *incentives.State // to be read, not changed
	Head     ledger.Tip

	verify     ledger.Verifier
	codec      delta.Codec
	checkpoint ledger.CID                   // before the next block
	named      ledger.Checkpoint            // by the newest block
	root       *ledger.Hash                 // of State, nil if not computed since it changed
	anchor     []int32                      // the newest
	updates    map[ledger.CID]*delta.Sparse // decoded deltas that counted; nil for malformed ones
	over       bool
}

// New is the replica at height 0. anchor is the blob that the manifest names.
func New(m *ledger.Manifest, topic ledger.CID, anchor []byte, verify ledger.Verifier) (*Replica, error) {
	if got := ledger.SumBlob(anchor); got != m.Learning.Anchor {
		return nil, fmt.Errorf("first anchor is %v, the manifest names %v", got, m.Learning.Anchor)
	}
	first, err := DecodeAnchor(anchor, m.Learning.Params())
	if err != nil {
		return nil, err
	}
	r := &Replica{
		Manifest: m, Topic: topic, State: incentives.NewState(m, topic),
		verify: verify, checkpoint: topic, anchor: first,
		codec:   CodecOf(m),
		updates: map[ledger.CID]*delta.Sparse{},
	}
	r.Head = ledger.Tip{Block: topic, Committee: r.State.Now.CID()}
	r.named = m.Origin(topic)
	return r, r.codec.Validate()
}

// Anchor is the newest model. It must not be changed.
func (r *Replica) Anchor() []int32 { return r.anchor }

// CodecOf is how a topic's deltas are encoded.
func CodecOf(m *ledger.Manifest) delta.Codec {
	return delta.Codec{Size: int(m.Learning.Params()), Keep: int(m.Learning.Keep), Dense: m.Learning.Dense}
}

// Codec is how the topic's deltas are encoded.
func (r *Replica) Codec() delta.Codec { return r.codec }

// Root is the state root, which the next block's header must carry.
func (r *Replica) Root() ledger.Hash {
	if r.root == nil {
		root := r.State.Root()
		r.root = &root
	}
	return *r.root
}

// Checkpoint is the one that the newest block names: certified, as is the state
// at it.
func (r *Replica) Checkpoint() ledger.Checkpoint { return r.named }

// Unsettled tells whether a round is over and not settled yet. Nothing may
// follow before.
func (r *Replica) Unsettled() bool { return r.over }

// Header is the header of a block that would follow, for a proposer to complete
// with [ledger.SignBlock].
func (r *Replica) Header(instance uint64, proposer ledger.Author, entries []*ledger.Entry) ledger.Header {
	return ledger.Header{
		Topic: r.Topic, Height: r.Head.Height + 1, Instance: instance, Prev: r.Head.Block, Proposer: proposer,
		Entries: ledger.EntriesRoot(entries), State: r.Root(), Anchor: r.State.Anchor(),
		Committee: r.State.Now.CID(), Checkpoint: r.checkpoint,
	}
}

// Cuts names the last of each author's entries, which are sorted by author and
// number.
func Cuts(entries []*ledger.Entry) []ledger.Cut {
	var cuts []ledger.Cut
	for _, e := range entries {
		if n := len(cuts); n > 0 && cuts[n-1].Author == e.Author {
			cuts = cuts[:n-1]
		}
		cuts = append(cuts, ledger.Cut{Author: e.Author, Seq: e.Seq, Head: e.CID()})
	}
	return cuts
}

// Gap is a run of one author's chain that is not held: the entries from From up
// to and including To.
type Gap struct {
	Author   ledger.Author
	From, To uint64
}

// Collect finds the entries that a block certifies, by walking back from its
// heads, among those that held returns. What it lacks comes back as gaps.
func (r *Replica) Collect(b *ledger.Block, held func(ledger.CID) *ledger.Entry) (entries []*ledger.Entry, gaps []Gap) {
	for _, cut := range b.Cuts {
		after := r.State.Account(cut.Author).Seq
		if cut.Seq <= after || cut.Seq-after > incentives.MaxEntries {
			continue // Check refuses it
		}
		run := make([]*ledger.Entry, cut.Seq-after)
		head := cut.Head
		for i := len(run) - 1; i >= 0; i-- {
			if run[i] = held(head); run[i] == nil {
				gaps = append(gaps, Gap{cut.Author, after + 1, after + 1 + uint64(i)})
				break
			}
			head = run[i].Prev
		}
		entries = append(entries, run...)
	}
	return entries, gaps
}

// ErrBlock is wrapped by every reason for which a block may not follow. Whoever
// proposed it is at fault, or has another history.
var ErrBlock = errors.New("block refused")

func refuse(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrBlock}, args...)...)
}

// Check tells whether a block may follow: the right place, the right proposer,
// our own state, and exactly the given entries. Signatures of entries are the
// caller's to check, before it holds them.
func (r *Replica) Check(b *ledger.Block, entries []*ledger.Entry) error {
	if r.over {
		return refuse("height %d is not settled here", r.Head.Height)
	}
	if err := r.checkHeader(b.Header, entries); err != nil {
		return err
	}
	if err := b.Verify(r.verify); err != nil {
		return refuse("%w", err)
	}
	return r.checkEntries(b.Cuts, entries)
}

func (r *Replica) checkHeader(h ledger.Header, entries []*ledger.Entry) error {
	want := r.Header(h.Instance, r.State.Now.Proposer(r.Topic, h.Instance), entries)
	switch {
	case h.Topic != want.Topic:
		return refuse("topic %v", h.Topic)
	case h.Height != want.Height || h.Prev != want.Prev:
		return refuse("height %d on %v does not follow height %d, %v", h.Height, h.Prev, r.Head.Height, r.Head.Block)
	case h.Proposer != want.Proposer:
		return refuse("proposer %v, instance %d is the turn of %v", h.Proposer, h.Instance, want.Proposer)
	case h.State != want.State:
		return refuse("state root %x, ours is %x", h.State[:8], want.State[:8])
	case h.Anchor != want.Anchor:
		return refuse("anchor %v, ours is %v", h.Anchor, want.Anchor)
	case h.Committee != want.Committee || h.Checkpoint != want.Checkpoint:
		return refuse("another committee or checkpoint")
	case h.Entries != want.Entries:
		return refuse("another root of entries")
	}
	return nil
}

func (r *Replica) checkEntries(cuts []ledger.Cut, entries []*ledger.Entry) error {
	if len(entries) > ledger.MaxCuts {
		return refuse("%d entries, at most %d", len(entries), ledger.MaxCuts)
	}
	var after incentives.Account
	var more uint64
	for i, e := range entries {
		if i == 0 || entries[i-1].Author != e.Author {
			after, more = r.State.Account(e.Author), 0
		}
		if err := r.State.Admits(e, after, more); err != nil {
			return refuse("%w", err)
		}
		after.Seq, after.Head, more = e.Seq, e.CID(), more+1
	}
	if got := Cuts(entries); len(got) != len(cuts) {
		return refuse("%d cuts for %d chains", len(cuts), len(got))
	} else {
		for i := range got {
			if got[i] != cuts[i] {
				return refuse("cut %d of %v does not end with the entries", i, cuts[i].Author)
			}
		}
	}
	return nil
}

// Receipt is what a block did.
type Receipt struct {
	Block   *ledger.Block
	Entries []*ledger.Entry // that it certifies, by author and number
	Voids   []Void          // those of them that had no effect
	Round   uint64
	Phase   incentives.Phase // before the block
}

// Void is an entry without effect, and why.
type Void = incentives.Void

// Apply lets a certified block that Check passed take effect.
func (r *Replica) Apply(b *ledger.Block, entries []*ledger.Entry) *Receipt {
	out := &Receipt{Block: b, Entries: entries, Round: r.State.Round.Number, Phase: r.State.Round.Phase}
	for _, e := range entries {
		if err := r.State.Apply(e, r.verify); err != nil {
			out.Voids = append(out.Voids, Void{Entry: e, Reason: err})
		}
	}
	r.Head = ledger.Tip{Height: b.Header.Height, Block: b.CID(), Committee: b.Header.Committee}
	r.named = Named(b.Header, r.State.Phases.Period())
	if r.Head.Height%r.State.Phases.Period() == 0 {
		r.checkpoint = r.Head.Block
	}
	over, voids := r.State.EndBlock(b.CID())
	r.over, out.Voids = over, append(out.Voids, voids...)
	r.root = nil
	return out
}

// Named is the checkpoint that a block names.
func Named(h ledger.Header, period uint64) ledger.Checkpoint {
	return ledger.Checkpoint{Height: (h.Height - 1) / period * period, Block: h.Checkpoint, Committee: h.Committee}
}
