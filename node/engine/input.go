package engine

import (
	"github.com/grapevine-network/grapevine/learning/delta"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/audit"
)

// Peer is who a message came from: the network's peer, not the author.
type Peer = ledger.Author

// Input is something that happened.
type Input interface{ input() }

type (
	// Start comes first, after Restore.
	Start struct{}
	// Tick says that the time of the last Alarm has come.
	Tick struct{}
	// Received is a message that passed Decode.
	Received struct {
		From    Peer
		Message Message
	}
	// Answered holds the messages that a peer answered the Query of an Ask with;
	// none if it failed.
	Answered struct {
		From     Peer
		Query    Query
		Messages []Message
	}
	// Trained answers Train. Delta is the encoded update; nil says that there is
	// none this round.
	Trained struct {
		Round uint64
		Delta []byte
	}
	// Scored answers Score, a score for each delta asked for; nil for one that
	// could not be scored.
	Scored struct {
		Round  uint64
		Scores []*Measure
	}
	// Mined answers Mine.
	Mined struct{ Round, Work uint64 }
	// Fetched answers Fetch. Its bytes need not be trusted.
	Fetched struct{ Data []byte }
	// Submit asks for an entry of our own with this body. Submitted answers it.
	Submit struct {
		ID   uint64
		Body any // as in ledger.Entry
	}
	// Pause stops (or resumes) opening rounds: what is in flight is finished.
	Pause struct{ On bool }
)

// Measure is a delta's gain in micro-nats and its standard error.
type Measure struct{ U, SE int64 }

func (Start) input()    {}
func (Tick) input()     {}
func (Received) input() {}
func (Answered) input() {}
func (Trained) input()  {}
func (Scored) input()   {}
func (Mined) input()    {}
func (Fetched) input()  {}
func (Submit) input()   {}
func (Pause) input()    {}

// Output is something to do.
type Output interface{ output() }

type (
	// Store appends a record to the log.
	Store struct{ Record Record }
	// StoreBlob keeps bytes by CID.
	StoreBlob struct {
		CID  ledger.CID
		Data []byte
	}
	// DropBlob says that a blob is no longer needed.
	DropBlob struct{ CID ledger.CID }
	// Publish goes to all peers of the topic, after all stores before it are
	// durable.
	Publish struct{ Data []byte }
	// Ask puts a question to a peer, or to all connected ones if To is zero.
	Ask struct {
		To    Peer
		Query Query
	}
	// Fetch gets a blob from whoever has it, asking From first. It is tried until
	// it succeeds or the engine drops it.
	Fetch struct {
		CID  ledger.CID
		From Peer
	}
	// Train makes a delta on Anchor from our data. Anchor must not be changed. Undo
	// says that the delta before was thrown away: error feedback must forget it.
	// Carry, if not nil, is what earlier deltas of ours said that nobody will merge:
	// error feedback must go on with it. Live numbers the trainings of one round that
	// are on a live replica, from 1; it is 0 for the one that may be committed.
	Train struct {
		Round  uint64
		Anchor []int32
		Live   uint64
		Undo   bool
		Carry  *delta.Sparse
	}
	// Mine looks for work that makes ledger.WorkHash small: of at least Bits leading
	// zero bits.
	Mine struct{ Round, Bits uint64 }
	// Score measures what deltas gain on Anchor on our held-out data, each divided
	// by Among, the number of deltas in the round: that is the step it takes the
	// mean. A whole delta of a peer with other data than ours overshoots, and looks
	// harmful even when it helps.
	Score struct {
		Round  uint64
		Anchor []int32
		Deltas []delta.Sparse
		Among  int
	}
	// Alarm replaces the alarm before it.
	Alarm struct{ At int64 }
	// Blame says that a peer sent what no honest peer sends.
	Blame struct {
		Peer   Peer
		Reason error
	}
	// Certified tells that a block is final, and what it did.
	Certified struct{ Receipt *audit.Receipt }
	// Settled tells that a round is over, and what came of it.
	Settled struct{ Outcome *audit.Outcome }
	// Submitted answers Submit: with the entry, which is not certified yet, or with
	// why it was not signed.
	Submitted struct {
		ID    uint64
		Entry *ledger.Entry
		Err   error
	}
	// Noticed tells of something that people should know.
	Noticed struct{ Text string }
)

func (Store) output()     {}
func (StoreBlob) output() {}
func (DropBlob) output()  {}
func (Publish) output()   {}
func (Ask) output()       {}
func (Fetch) output()     {}
func (Train) output()     {}
func (Mine) output()      {}
func (Score) output()     {}
func (Alarm) output()     {}
func (Blame) output()     {}
func (Certified) output() {}
func (Settled) output()   {}
func (Submitted) output() {}
func (Noticed) output()   {}
