package engine

import (
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/grapevine-network/grapevine/incentives"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/audit"
)

// Config describes one peer of one topic.
type Config struct {
	Manifest *ledger.Manifest
	Topic    ledger.CID
	Anchor   []byte     // the blob that the manifest names or, with Snapshot, that the snapshot needs
	Snapshot []byte     // to go on from, instead of the beginning; nil for none
	Trusted  ledger.CID // the committee that must have certified Snapshot
	Author   ledger.Author
	Sign     func(message []byte) []byte // with the author's key
	Verify   ledger.Verifier             // default ledger.Ed25519
	Secret   [32]byte                    // known to nobody else; salts are made of it
	Train    bool                        // takes part in training, given a bond
	Score    bool                        // scores deltas, given a stake
	Overlap  bool                        // trains for the next round while this one's scores settle
	Fresh    bool                        // the key was made just now, so nobody can know more of it than we do
}

// Engine is one peer's mind in one topic. It is stepped from one goroutine and
// has no lock.
type Engine struct {
	cfg         Config
	replica     *audit.Replica
	origin      ledger.CID // the model that the log begins with
	chains      chains
	blobs       map[ledger.CID][]byte // deltas of the round
	consensus   consensus
	contributor contributor
	ahead       ahead
	live        live
	claims      claims
	catchup     catchup
	snapshot    []byte      // of the last checkpoint, for who joins late
	pinned      ledger.CID  // its model
	chain       audit.Chain // that leads there

	now   int64
	alarm int64
	out   []Output
}

// New makes the engine of a peer that knows nothing yet but the manifest.
func New(c Config) (*Engine, error) {
	if c.Verify == nil {
		c.Verify = ledger.Ed25519
	}
	r, err := first(c)
	if err != nil {
		return nil, fmt.Errorf("engine: %w", err)
	}
	e := &Engine{cfg: c, replica: r, origin: r.State.Anchor(), chains: newChains(), blobs: map[ledger.CID][]byte{}}
	e.consensus = newConsensus()
	e.contributor = newContributor(r.State, c.Author)
	e.catchup = newCatchup()
	e.live = newLive(c.Manifest)
	e.claims.seed = sha256.Sum256(append([]byte("grapevine/claims/1"), c.Secret[:]...))
	return e, nil
}

// first is the replica that a peer begins with.
func first(c Config) (*audit.Replica, error) {
	if c.Snapshot == nil {
		return audit.New(c.Manifest, c.Topic, c.Anchor, c.Verify)
	}
	blob := func(id ledger.CID) []byte {
		if ledger.SumBlob(c.Anchor) == id {
			return c.Anchor
		}
		return nil
	}
	return audit.FromSnapshot(c.Manifest, c.Topic, c.Snapshot, c.Trusted, blob, c.Verify)
}

// Replica is the certified truth as this peer has it; to be read between steps.
func (e *Engine) Replica() *audit.Replica { return e.replica }

// Instance is the consensus instance that runs or is to begin.
func (e *Engine) Instance() uint64 { return e.consensus.instance }

// Certified tells whether a block has been certified since the last round was
// settled: that block carries the root of what was paid.
func (e *Engine) Certified() bool { return !e.consensus.uncertified }

// Voting tells whether consensus is under way and this peer has voted in it.
func (e *Engine) Voting() bool {
	c := &e.consensus
	return c.machine != nil && c.machine.Running() && c.lastVote == c.instance
}

// Step takes one input at a time, which never goes back, and returns what to do
// about it. An error is fatal: this peer can't go on without contradicting what
// is certified, or itself.
func (e *Engine) Step(now int64, in Input) ([]Output, error) {
	e.now, e.out = max(e.now, now), nil
	if e.catchup.wake <= e.now {
		e.catchup.wake = 0
	}
	if err := e.handle(in); err != nil {
		return e.out, err
	}
	if err := e.advance(); err != nil {
		return e.out, err
	}
	e.setAlarm()
	return e.out, nil
}

func (e *Engine) handle(in Input) error {
	switch in := in.(type) {
	case Start:
		return e.start()
	case Tick:
		e.alarm = 0
		return e.tickConsensus()
	case Received:
		return e.receive(in.From, in.Message)
	case Answered:
		return e.answered(in)
	case Trained:
		e.trained(in)
	case Scored:
		e.scored(in)
	case Mined:
		e.mined(in)
	case Fetched:
		e.fetched(in.Data)
	case Submit:
		e.submit(in)
	case Pause:
		e.contributor.paused = in.On
	}
	return nil
}

// answered takes an answer's messages one by one. It asks on while an answer did
// not hold all blocks.
func (e *Engine) answered(in Answered) error {
	c, height := &e.catchup, e.replica.Head.Height
	c.answered = c.answered || in.Query.Kind == AskBlocks
	for _, m := range in.Messages {
		if err := errors.Join(e.receive(in.From, m), e.progress()); err != nil {
			return err
		}
	}
	if head := e.replica.Head.Height; head > height && head < c.blocks.To {
		e.askBlocks(in.From, c.blocks.To)
	}
	return nil
}

// receive routes a message. Only what honest peers never send is blamed.
func (e *Engine) receive(from Peer, m Message) error {
	switch m := m.(type) {
	case EntryMessage:
		return e.takeEntry(m)
	case VoteMessage:
		return e.takeVote(from, m)
	case ProposalMessage:
		e.takeProposal(from, m.Block)
	case DecisionMessage:
		e.takeDecision(from, m.Certificate)
	case FinalMessage:
		e.catchup.queue(m, e.replica.Head.Height)
	case BlobMessage:
		e.fetched(m.Data)
	case LiveMessage:
		e.takeLive(m)
	case HelloMessage:
		e.takeHello(from, m)
	}
	return nil
}

// advance does all that has become possible.
func (e *Engine) advance() error {
	if err := e.progress(); err != nil {
		return err
	}
	e.greet()
	if err := e.contribute(); err != nil {
		return err
	}
	if err := e.drive(); err != nil {
		return err
	}
	e.driveLive()
	return nil
}

// progress applies blocks and settles rounds until it lacks something.
func (e *Engine) progress() error {
	for {
		moved, err := e.takeNextBlock()
		if err != nil {
			return err
		}
		settled, err := e.settle()
		if err != nil {
			return err
		}
		caught, err := e.takeQueued()
		if err != nil {
			return err
		}
		if !moved && !settled && !caught {
			return nil
		}
	}
}

func (e *Engine) emit(o Output) { e.out = append(e.out, o) }

// setAlarm asks to be woken at the earliest time that some machine waits for.
func (e *Engine) setAlarm() {
	at := int64(0)
	for _, t := range []int64{e.consensus.wake, e.consensus.finalityAt, e.consensus.announceAt, e.contributor.wake, e.catchup.wake, e.live.wake()} {
		if t > 0 && (at == 0 || t < at) {
			at = t
		}
	}
	if at != 0 && at != e.alarm {
		e.alarm = at
		e.emit(Alarm{at})
	}
}

func (e *Engine) millis(ms uint64) int64 { return int64(ms) * 1e6 }

// ErrTwin means that somebody else signs with this peer's key: a copy of its home
// is running. Going on would fork its chain, and cost it its bond.
var ErrTwin = errors.New("another peer is running with this identity: stop one of them")

// takeEntry keeps an entry of an author with an account, new or not yet
// certified.
func (e *Engine) takeEntry(m EntryMessage) error {
	author := m.Entry.Author
	if e.replica.State.Accounts[author] == nil && !e.welcome(m.Entry) {
		return nil // a stranger can do nothing here, and must not fill memory
	}
	if author == e.cfg.Author && m.Entry.Seq > e.replica.State.Account(author).Seq && e.chains.get(m.Entry.CID()) == nil && !e.catchup.meeting {
		if e.consensus.atHome() || m.Entry.Seq <= e.contributor.seq {
			return fmt.Errorf("entry %d was not signed here: %w", m.Entry.Seq, ErrTwin)
		}
		e.forgetful(e.consensus.lastVote)
	}
	if e.chains.add(m.Entry, e.replica.State.Account(author).Seq, e.replica.Head.Height) {
		e.emit(Store{Record{Kind: RecordEntry, Data: m.Entry.Bytes()}})
		if v, is := m.Entry.Body.(*ledger.Reveal); is && len(m.Delta) > 0 {
			e.keepBlob(v.Delta, m.Delta)
		}
		e.adopt(m.Entry)
	}
	if proof := e.chains.forks[author]; proof != nil {
		e.accuse(author, proof)
	}
	return nil
}

// welcome tells whether to keep an entry of somebody without an account: one
// with work, at the latest for the next round, as long as there are not too many.
func (e *Engine) welcome(x *ledger.Entry) bool {
	round, work, is := incentives.Work(x)
	return is && round <= e.replica.State.Round.Number+1 && len(e.chains.byAuthor) < maxAuthors && e.replica.State.Worked(x.Author, round, work)
}

// maxAuthors bounds the chains that wait to be certified.
const maxAuthors = 1 << 14

func (e *Engine) keepBlob(id ledger.CID, data []byte) {
	if e.blobs[id] == nil && len(e.blobs) < maxBlobs {
		e.blobs[id] = data
		e.emit(StoreBlob{id, data})
	}
}

// maxBlobs bounds the deltas kept until their rounds are settled; what is missing
// then is fetched.
const maxBlobs = 4 * ledger.MaxScores

// fetched takes bytes that some Fetch asked for, or that nobody needs.
func (e *Engine) fetched(data []byte) {
	id := ledger.SumBlob(data)
	if e.catchup.wanted[id] {
		delete(e.catchup.wanted, id)
		e.keepBlob(id, data)
	}
	e.fetchedLive(id, data)
}

// fetch asks for a blob, once.
func (e *Engine) fetch(id ledger.CID, from Peer) {
	if e.blobs[id] == nil && !e.catchup.wanted[id] {
		e.catchup.wanted[id] = true
		e.emit(Fetch{id, from})
	}
}

// settle ends the round that is over, as soon as all its deltas are here.
func (e *Engine) settle() (bool, error) {
	if !e.replica.Unsettled() {
		return false, nil
	}
	for _, id := range e.replica.Needs() {
		if e.blobs[id] == nil {
			e.fetch(id, Peer{})
			return false, nil
		}
	}
	old, before := e.replica.State.Anchors, e.replica.Anchor()
	out, err := e.replica.Settle(func(id ledger.CID) []byte { return e.blobs[id] })
	if err != nil {
		return false, err
	}
	if out.Blob != nil {
		e.emit(StoreBlob{out.Anchor, out.Blob})
		e.dropAnchor(old)
	}
	for _, d := range out.Deltas {
		delete(e.blobs, d.Delta)
	}
	clear(e.catchup.wanted)
	e.consensus.uncertified = true
	e.rebase(before, out)
	if out.Kept > 0 {
		e.live.clip = out.Clip
	}
	e.emit(Settled{out})
	return true, nil
}

// dropAnchor lets go of the model that has become too old to be a base. The one
// that our log begins with stays, since whoever replays it needs it; and the one of
// the snapshot, since who joins late does.
func (e *Engine) dropAnchor(before []ledger.CID) {
	oldest := before[len(before)-1]
	for _, a := range e.replica.State.Anchors {
		if a == oldest {
			return
		}
	}
	if oldest != e.origin && oldest != e.pinned {
		e.emit(DropBlob{oldest})
	}
}
