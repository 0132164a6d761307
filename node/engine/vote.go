package engine

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/grapevine-network/grapevine/ledger/finality"
)

// takeVote hands a vote to the committee's machine. A vote for a block that we
// lack tells us whom to ask for it.
func (e *Engine) takeVote(from Peer, m VoteMessage) error {
	c := &e.consensus
	v := m.Frame.Vote
	if c.machine == nil || v.Instance < c.instance {
		e.witness(m.Frame, false)
		return nil
	}
	if v.Instance > c.instance && v.Base != nil && v.Base.Height > e.replica.Head.Height {
		e.askBlocks(from, v.Base.Height) // they are ahead of us
	}
	out, err := c.machine.Receive(e.now, m.Frame)
	switch {
	case errors.Is(err, finality.ErrNotNow):
		e.witness(m.Frame, false)
		return nil
	case err != nil:
		e.emit(Blame{from, err})
		return nil
	}
	e.witness(m.Frame, true)
	if e.heard(m.Frame); e.forgotten(m.Frame) && e.ownVote(m.Frame) {
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

// forgotten tells whether a valid vote is of our seat, but not in our log.
func (e *Engine) forgotten(f *finality.Frame) bool {
	seat := e.replica.State.Now.Seat(e.cfg.Author)
	return seat >= 0 && e.replica.State.Now[seat].ID == f.Sender && !e.consensus.machine.Signed(f.Vote.Slot())
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
			c.listen(o.Certificate.Instance)
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
