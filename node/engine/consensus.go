package engine

import (
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/ledger/finality"
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
	since       uint64 // instance from whose beginning on we have listened; 0 if from none
	vouched     uint64 // the same, of somebody who told us all that it heard of us
	doubtUntil  int64  // after a start with an old key, when doubts end
	uncertified bool   // the last settlement is in no certified block yet
	votesHeard  bool   // others have begun this instance
	reason      bool   // a block is due, or will be after the pace

	proposals map[ledger.CID]*ledger.Block // of this instance and later ones
	refused   map[ledger.CID]bool
	absent    map[ledger.Author]bool // made no proposal when it was last their turn
	proposed  bool                   // by us, in this instance
	decision  *ledger.Certificate    // of a block that we do not have yet
	newest    *ledger.Certificate    // of whatever was decided last
	voted     map[ledger.Author]ballots
	cast      map[cast]*ledger.Ballot // votes of the last instances
	attempts  map[ledger.Slot]byte

	wake       int64
	finalityAt int64
	announceAt int64
	announced  int64 // times since the last decision
}

func newConsensus() consensus {
	return consensus{
		instance: 1, proposals: map[ledger.CID]*ledger.Block{}, refused: map[ledger.CID]bool{}, absent: map[ledger.Author]bool{},
		voted: map[ledger.Author]ballots{}, cast: map[cast]*ledger.Ballot{}, attempts: map[ledger.Slot]byte{},
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
	if c.machine != nil && c.machine.Silent() && !e.mute() {
		c.machine.Silence(false)
		e.enter(c.instance) // the others wait for what we did not say in it
	}
	if c.instance < c.silentUntil && e.silent() {
		e.catchup.wakeAt(e.silence())
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
	if e.seated() && !c.proposed && !e.mute() && e.replica.State.Now.Proposer(e.cfg.Topic, c.instance) == e.cfg.Author {
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
	return e.catchup.meeting || c.instance < c.silentUntil && e.now < e.silence()
}

// silence is when it ends at the latest.
func (e *Engine) silence() int64 { return e.consensus.silentSince + 16*e.interval() }

// due tells whether an instance should begin: there is a reason, and the last
// decision is at least the pace ago. When all that the phase waits for is here,
// there is no need to wait.
func (e *Engine) due() bool {
	c := &e.consensus
	kinds, waiting := e.waiting()
	c.reason = waiting || !e.replica.State.Round.Idle() || c.uncertified || c.votesHeard
	if !c.reason {
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

// begin starts the instance with b, or without a block.
func (e *Engine) begin(b *ledger.Block) error {
	var next *ledger.Tip
	if b != nil {
		e.emit(Store{Record{RecordBlock, b.Bytes()}})
		next = &ledger.Tip{Height: b.Header.Height, Block: b.CID(), Committee: b.Header.Committee}
	}
	e.consensus.machine.Silence(e.mute())
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
