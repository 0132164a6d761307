package engine

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/ledger/finality"
	"github.com/grapevine-network/grapevine/node/audit"
)

// consensus brings proposals before the committee, one instance after another.
type consensus struct {
	machine     *finality.Machine
	instance    uint64
	decidedAt   int64 // when the last instance was decided here
	dueAt       int64 // since when there is a reason for this instance; 0 if none
	slow        int   // base decisions in a row
	silentUntil uint64
	silentSince int64
	lastVote    uint64 // newest instance in which we voted
	recalled    uint64 // the same, as others say
	uncertified bool   // the last settlement is in no certified block yet
	votesHeard  bool   // others have begun this instance

	proposals map[ledger.CID]*ledger.Block // of this instance and later ones
	refused   map[ledger.CID]bool
	absent    map[ledger.Author]bool // made no proposal when it was last their turn
	proposed  bool                   // by us, in this instance
	decision  *ledger.Certificate    // of a block that we do not have yet
	newest    *ledger.Certificate    // of whatever was decided last
	voted     map[ledger.Author]ballots
	attempts  map[finality.Slot]byte

	wake       int64
	finalityAt int64
	announceAt int64
	announced  int64 // times since the last decision
}

func newConsensus() consensus {
	return consensus{
		instance: 1, proposals: map[ledger.CID]*ledger.Block{}, refused: map[ledger.CID]bool{}, absent: map[ledger.Author]bool{},
		voted: map[ledger.Author]ballots{}, attempts: map[finality.Slot]byte{},
	}
}

// maxProposals bounds the blocks kept before they are final.
const maxProposals = 16

// drive begins the instance when its time has come: with the proposed block once
// that is held and checked, or without one when nobody proposed in time.
func (e *Engine) drive() error {
	c := &e.consensus
	c.wake = 0
	if err := e.announce(); err != nil {
		return err
	}
	if c.machine != nil && c.machine.Silent() && !e.silent() {
		c.machine.Silence(false)
		e.enter(c.instance) // the others wait for what we did not say in it
	}
	if c.machine == nil || c.machine.Running() || c.decision != nil || e.replica.Unsettled() || e.catchup.meeting {
		return nil
	}
	if b := e.heldProposal(); b != nil {
		return e.begin(b)
	}
	if !e.due() {
		return nil
	}
	if e.seated() && !c.proposed && !e.silent() && e.replica.State.Now.Proposer(e.cfg.Topic, c.instance) == e.cfg.Author {
		return e.propose()
	}
	deadline := c.dueAt + e.patience()
	if e.now < deadline {
		c.wake = deadline
		return nil
	}
	return e.begin(nil)
}

func (e *Engine) seated() bool { return e.replica.State.Now.Seat(e.cfg.Author) >= 0 }

// silent tells whether we must not sign: our disk may have forgotten what we
// signed. That is over after two decided instances; or, should none be decided
// without us, after a time in which every old vote of ours would have come back.
func (e *Engine) silent() bool {
	c := &e.consensus
	return e.catchup.meeting || c.instance < c.silentUntil && e.now < c.silentSince+16*e.interval()
}

// due tells whether an instance should begin: there is a reason, and the last
// decision is at least the pace ago. When all that the phase waits for is here,
// there is no need to wait.
func (e *Engine) due() bool {
	c := &e.consensus
	kinds, waiting := e.waiting()
	reason := waiting || !e.replica.State.Round.Idle() || c.uncertified || c.votesHeard
	if !reason {
		c.dueAt = 0
		return false
	}
	at := c.decidedAt + e.millis(e.cfg.Manifest.Rounds.Pace)
	if c.votesHeard || waiting && e.replica.State.Complete(kinds) {
		at = c.decidedAt
	}
	if e.now < at {
		c.wake = at
		return false
	}
	if c.dueAt == 0 {
		c.dueAt = e.now
	}
	return true
}

// waiting returns which kinds of entries of the round could be certified next.
func (e *Engine) waiting() (kinds map[ledger.Author]ledger.Kind, some bool) {
	kinds = map[ledger.Author]ledger.Kind{}
	for _, author := range e.chains.authors() {
		for _, h := range e.admissible(author) {
			some = true
			if roundOf(h.Entry) == e.replica.State.Round.Number {
				kinds[author] = h.Kind
			}
		}
	}
	return kinds, some
}

// roundOf is the round that an entry speaks of.
func roundOf(e *ledger.Entry) uint64 {
	switch b := e.Body.(type) {
	case *ledger.Commit:
		return b.Round
	case *ledger.Reveal:
		return b.Round
	case *ledger.Seal:
		return b.Round
	case *ledger.Opening:
		return b.Round
	}
	return ^uint64(0)
}

// admissible returns what the next block could certify of an author: nothing of
// one whose fork we can show.
func (e *Engine) admissible(author ledger.Author) (out []*held) {
	if e.chains.forks[author] != nil {
		return nil
	}
	after := e.replica.State.Account(author)
	for i, h := range e.chains.run(author, after) {
		if e.replica.State.Admits(h.Entry, after, uint64(i)) != nil {
			break
		}
		out = append(out, h)
		after.Seq, after.Head = h.Seq, h.CID()
	}
	return out
}

// propose makes the block of this instance and begins with it.
func (e *Engine) propose() error {
	var entries []*ledger.Entry
	for _, author := range e.chains.authors() {
		for _, h := range e.admissible(author) {
			if len(entries) < ledger.MaxCuts {
				entries = append(entries, h.Entry)
			}
		}
	}
	c := &e.consensus
	b, err := ledger.SignBlock(e.cfg.Sign, e.replica.Header(c.instance, e.cfg.Author, entries), audit.Cuts(entries))
	if err != nil {
		return fmt.Errorf("propose: %w", err)
	}
	c.proposed = true
	c.proposals[b.CID()] = b
	e.emit(Publish{Encode(ProposalMessage{Block: b})})
	return e.begin(b)
}

// heldProposal returns a block of this instance that may follow and of which we
// hold everything, or nil.
func (e *Engine) heldProposal() *ledger.Block {
	c := &e.consensus
	for _, id := range sortedCIDs(c.proposals) {
		b := c.proposals[id]
		if b.Header.Instance != c.instance || c.refused[id] {
			continue
		}
		entries, gaps := e.replica.Collect(b, e.chains.get)
		if len(gaps) > 0 {
			e.fillGaps(gaps, b.Header.Proposer)
			continue
		}
		err := e.replica.Check(b, entries)
		if err == nil {
			err = e.omits(entries)
		}
		if err == nil {
			return b
		}
		c.refused[id] = true
		e.emit(Noticed{fmt.Sprintf("proposal of %v: %v", b.Header.Proposer, err)})
	}
	return nil
}

// omits refuses a block that leaves out an entry which we had stored before the
// last block was certified: so no proposer can hide what honest validators held
// for one height.
func (e *Engine) omits(entries []*ledger.Entry) error {
	if len(entries) >= ledger.MaxCuts {
		return nil
	}
	in := map[ledger.CID]bool{}
	for _, x := range entries {
		in[x.CID()] = true
	}
	for _, author := range e.chains.authors() {
		for _, h := range e.admissible(author) {
			if !in[h.CID()] && h.since < e.replica.Head.Height {
				return fmt.Errorf("it leaves out %v %d of %v", h.Kind, h.Seq, h.Author)
			}
		}
	}
	return nil
}

// begin starts the instance with b, or without a block.
func (e *Engine) begin(b *ledger.Block) error {
	var next *ledger.Tip
	if b != nil {
		e.emit(Store{Record{RecordBlock, b.Bytes()}})
		next = &ledger.Tip{Height: b.Header.Height, Block: b.CID(), Committee: b.Header.Committee}
	}
	e.consensus.machine.Silence(e.silent())
	out, err := e.consensus.machine.Start(e.now, next)
	return e.finalityOutputs(out, err)
}

func (e *Engine) tickConsensus() error {
	c := &e.consensus
	if c.machine == nil || c.finalityAt == 0 || e.now < c.finalityAt {
		return nil
	}
	c.finalityAt = 0
	out, err := c.machine.Alarm(e.now)
	return e.finalityOutputs(out, err)
}

// takeVote hands a vote to the committee's machine. A vote for a block that we
// lack tells us whom to ask for it.
func (e *Engine) takeVote(from Peer, m VoteMessage) error {
	c := &e.consensus
	v := m.Frame.Vote
	if c.machine == nil || v.Instance < c.instance {
		return nil
	}
	if v.Instance > c.instance && v.Base != nil && v.Base.Height > e.replica.Head.Height {
		e.ask(from, Query{Kind: AskBlocks, From: e.replica.Head.Height + 1}) // they are ahead of us
	}
	out, err := c.machine.Receive(e.now, m.Frame)
	switch {
	case errors.Is(err, finality.ErrNotNow):
		return nil
	case err != nil:
		e.emit(Blame{from, err})
		return nil
	}
	if e.heard(m.Frame); e.twinVoted(m.Frame) {
		return fmt.Errorf("a vote of instance %d was not cast here: %w", v.Instance, ErrTwin)
	}
	if v.Instance == c.instance {
		c.votesHeard = true
		if v.Next != nil && c.proposals[v.Next.Block] == nil {
			e.ask(from, Query{Kind: AskProposal, Name: &v.Next.Block})
		}
	}
	return e.finalityOutputs(out, nil)
}

// ballots are the votes of one seat in the newest instance in which it was seen
// to vote.
type ballots struct {
	instance uint64
	votes    [][]byte
}

// maxBallots bounds what is kept of one seat.
const maxBallots = 32

// heard remembers a valid vote: its author may lose its disk and ask for it.
func (e *Engine) heard(f *finality.Frame) {
	for _, seat := range e.replica.State.Now {
		b := e.consensus.voted[seat.Author]
		if seat.ID != f.Sender || f.Vote.Instance < b.instance {
			continue
		}
		if f.Vote.Instance > b.instance {
			b = ballots{instance: f.Vote.Instance}
		}
		data := mustEncode(f)
		if len(b.votes) < maxBallots && !slices.ContainsFunc(b.votes, func(v []byte) bool { return bytes.Equal(v, data) }) {
			b.votes = append(b.votes, data)
		}
		e.consensus.voted[seat.Author] = b
	}
}

// twinVoted tells whether a valid vote is of our seat, but not ours: neither in
// our log nor, after a start, among those that others remembered.
func (e *Engine) twinVoted(f *finality.Frame) bool {
	c := &e.consensus
	seat := e.replica.State.Now.Seat(e.cfg.Author)
	if seat < 0 || e.replica.State.Now[seat].ID != f.Sender || c.machine.Signed(f.Vote.Slot()) {
		return false
	}
	return !e.catchup.meeting || e.catchup.heard > 0 && f.Vote.Instance > max(c.lastVote, c.recalled)
}

func (e *Engine) finalityOutputs(out []finality.Output, err error) error {
	if err != nil && !errors.Is(err, finality.ErrNotNow) {
		e.emit(Noticed{fmt.Sprintf("consensus: %v", err)})
	}
	c := &e.consensus
	for _, o := range out {
		switch o := o.(type) {
		case finality.Store:
			c.lastVote = c.instance
			e.emit(Store{Record{Kind: RecordVote, Data: o.Frame}})
		case finality.Send:
			e.publishVote(o.Frame)
		case finality.Alarm:
			c.finalityAt = o.At
		case finality.Decided:
			e.decided(o.Certificate)
		}
	}
	return nil
}

func (e *Engine) publishVote(frame []byte) {
	f, err := finality.DecodeFrame(frame)
	if err != nil {
		return // stored by an older version; it can't be of this instance
	}
	c := &e.consensus
	slot := f.Vote.Slot()
	e.emit(Publish{append([]byte{tagVote, c.attempts[slot]}, frame...)})
	c.attempts[slot]++
}

// takeProposal keeps a block for its instance.
func (e *Engine) takeProposal(from Peer, b *ledger.Block) {
	c := &e.consensus
	if b.Header.Instance < c.instance || b.Header.Height <= e.replica.Head.Height || len(c.proposals) >= maxProposals {
		return
	}
	c.proposals[b.CID()] = b
	delete(c.absent, b.Header.Proposer)
	if b.Header.Height > e.replica.Head.Height+1 {
		e.ask(from, Query{Kind: AskBlocks, From: e.replica.Head.Height + 1})
	}
}

// decided takes what an instance decided, from our own machine or from a
// certificate that was verified.
func (e *Engine) decided(cert *ledger.Certificate) {
	c := &e.consensus
	if cert.Instance < c.instance {
		return
	}
	c.newest, c.decidedAt = cert, e.now
	e.scheduleAnnounce(0)
	if cert.Next != nil {
		c.decision = cert
		return
	}
	e.emit(Store{Record{RecordBase, mustEncode(cert)}}) // or, should all crash, nobody could prove where we are
	e.blameProposer(cert.Instance)
	e.enter(cert.Instance + 1)
}

// blameProposer draws the lesson of an instance that decided no block. If its
// proposer was away, nobody need wait for it long the next time; if there was a
// proposal, it came too late: times are too short.
func (e *Engine) blameProposer(instance uint64) {
	c := &e.consensus
	for _, b := range c.proposals {
		if b.Header.Instance == instance {
			c.slow++
			return
		}
	}
	c.absent[e.replica.State.Now.Proposer(e.cfg.Topic, instance)] = true
}

// patience is how long to wait for this instance's proposal.
func (e *Engine) patience() int64 {
	c := &e.consensus
	wait := e.millis(e.cfg.Manifest.Rounds.Propose) << min(c.slow, finality.MaxSlow)
	if c.absent[e.replica.State.Now.Proposer(e.cfg.Topic, c.instance)] {
		wait /= 8
	}
	return wait
}

// takeNextBlock applies the decided block once we hold all of it.
func (e *Engine) takeNextBlock() (bool, error) {
	c := &e.consensus
	if c.decision == nil || e.replica.Unsettled() {
		return false, nil
	}
	b := c.proposals[c.decision.Next.Block]
	if b == nil {
		e.ask(Peer{}, Query{Kind: AskBlocks, From: e.replica.Head.Height + 1})
		return false, nil
	}
	entries, gaps := e.replica.Collect(b, e.chains.get)
	if len(gaps) > 0 {
		e.fillGaps(gaps, Peer{})
		return false, nil
	}
	if err := e.replica.Check(b, entries); err != nil {
		return false, fmt.Errorf("height %d is certified, but contradicts what we know: %w", b.Header.Height, err)
	}
	e.apply(b, c.decision, entries)
	return true, nil
}

// apply makes a certified block ours and moves to the instance after it.
func (e *Engine) apply(b *ledger.Block, cert *ledger.Certificate, entries []*ledger.Entry) {
	e.emit(Store{Record{RecordFinal, encodeFinal(b, cert)}})
	if h := b.Header.Height; h > 1 && h%ledger.CheckpointAt == 1 {
		e.snapshot = mustEncode(audit.Snapshot{Block: b.Bytes(), Certificate: mustEncode(cert), Leaves: e.replica.State.Leaves()})
	}
	receipt := e.replica.Apply(b, entries)
	for _, cut := range b.Cuts {
		e.chains.certified(cut.Author, cut.Seq)
	}
	c := &e.consensus
	c.decision, c.slow, c.uncertified = nil, 0, false
	e.emit(Certified{receipt})
	e.enter(max(cert.Instance+1, c.instance))
}

// enter moves to an instance on top of our head.
func (e *Engine) enter(instance uint64) {
	c := &e.consensus
	c.instance, c.dueAt, c.proposed, c.votesHeard, c.finalityAt = instance, 0, false, false, 0
	clear(c.refused)
	for id, b := range c.proposals {
		if b.Header.Instance < instance {
			delete(c.proposals, id)
		}
	}
	for slot := range c.attempts {
		if slot.Instance+1 < instance {
			delete(c.attempts, slot)
		}
	}
	if c.machine == nil {
		return
	}
	c.machine.Slow(c.slow)
	now, after := e.replica.State.Now, e.replica.State.Now
	if later, ok := e.replica.State.Committee(e.replica.Head.Height + 2); !ok || later.CID() != now.CID() {
		after = nil // it depends on whether this instance decides a block
	}
	if err := c.machine.Advance(instance, e.replica.Head, now, after); err != nil {
		e.emit(Noticed{err.Error()})
	}
}
