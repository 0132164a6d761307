package engine

import (
	"errors"
	"fmt"

	"github.com/grapevine-network/grapevine/incentives"
	"github.com/grapevine-network/grapevine/ledger"
)

// ErrBusy means that this peer can't sign an entry now, and can later.
var ErrBusy = errors.New("not now")

// reserved is how many of the entries that an author may have in a round are left
// to the round: one of each kind.
const reserved = 4

// submit signs an entry of our own that no phase asks for, if it would have an
// effect after all that is certified and all that waits of our chain.
func (e *Engine) submit(in Submit) {
	x, err := e.trySubmit(in.Body)
	e.emit(Submitted{in.ID, x, err})
}

func (e *Engine) trySubmit(body any) (*ledger.Entry, error) {
	switch {
	case e.silent() || e.replica.Unsettled():
		return nil, fmt.Errorf("submit: %w: this peer is still catching up", ErrBusy)
	case e.chains.newest(e.cfg.Author, e.replica.State.Account(e.cfg.Author).Seq) < e.contributor.seq:
		return nil, fmt.Errorf("submit: %w: entries of this peer are on their way back to it", ErrBusy)
	}
	if err := e.rehearse(body); err != nil {
		return nil, fmt.Errorf("submit: %w", err)
	}
	return e.sign(body)
}

// rehearse applies what waits of our chain, and then the new entry, to a copy of
// the state.
func (e *Engine) rehearse(body any) error {
	s, err := incentives.FromLeaves(e.replica.State.Leaves())
	if err != nil {
		return err
	}
	after := s.Account(e.cfg.Author)
	waiting := e.chains.run(e.cfg.Author, after)
	if n := s.Round.Entries[e.cfg.Author] + uint64(len(waiting)); n >= incentives.MaxEntries-reserved {
		return fmt.Errorf("%w: %d entries of this peer are in the round or wait for it; those of the next round can be more", ErrBusy, n)
	}
	c := &e.contributor
	x, err := ledger.Sign(func([]byte) []byte { return make([]byte, 64) }, e.cfg.Author, e.cfg.Topic, c.seq, c.head, body)
	if err != nil {
		return err
	}
	for i, h := range append(waiting, &held{Entry: x}) {
		last := i == len(waiting)
		if err := s.Admits(h.Entry, after, uint64(i)); err != nil {
			return err
		}
		after.Seq, after.Head = h.Seq, h.CID()
		if err := s.Apply(h.Entry, e.cfg.Verify); last && err != nil {
			return err
		}
	}
	_, voids := s.EndBlock(e.replica.Head.Block)
	for _, v := range voids {
		if v.Entry == x {
			return v.Reason
		}
	}
	return nil
}
