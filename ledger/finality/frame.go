package finality

import (
	"errors"
	"fmt"

	"github.com/filecoin-project/go-bitfield"
	"github.com/filecoin-project/go-f3/gpbft"

	"github.com/grapevine-network/grapevine/ledger"
)

// Frame is a vote as it travels: what was said, by which seat, with its
// signature and, where gpbft asks for one, the quorum that justifies it.
type Frame struct {
	Sender    uint64      `cbor:"sender"` // Seat.ID
	Vote      ledger.Vote `cbor:"vote"`
	Committee ledger.CID  `cbor:"committee"`
	Sig       []byte      `cbor:"sig"`
	Ticket    []byte      `cbor:"ticket"` // CONVERGE only
	Why       *Why        `cbor:"why"`
}

// Why is a quorum of votes of an earlier phase of the same instance.
type Why struct {
	_       struct{} `cbor:",toarray"`
	Round   uint64
	Phase   uint8
	Base    *ledger.Tip
	Next    *ledger.Tip
	Signers []byte // as in ledger.Certificate
	Sigs    []byte
}

// DecodeFrame reads canonical bytes. Nothing in it is checked against a
// committee.
func DecodeFrame(data []byte) (*Frame, error) {
	f := new(Frame)
	if err := ledger.Decode(data, f); err != nil {
		return nil, err
	}
	if len(f.Sig) > 64 || len(f.Ticket) > 32 || f.Vote.Base == nil && f.Vote.Next != nil {
		return nil, fmt.Errorf("vote with oversized parts or without a base: %w", ledger.ErrNotCanonical)
	}
	if w := f.Why; w != nil {
		n := len(w.Signers)
		if n == 0 || n > ledger.MaxCommittee/8 || w.Signers[n-1] == 0 || w.Base == nil && w.Next != nil {
			return nil, fmt.Errorf("vote for no reason: %w", ledger.ErrNotCanonical)
		}
	}
	return f, nil
}

func (f *Frame) message() *gpbft.GMessage {
	m := &gpbft.GMessage{
		Sender:    gpbft.ActorID(f.Sender),
		Vote:      payload(f.Vote.Instance, f.Vote.Round, f.Vote.Phase, f.Committee, f.Vote.Base, f.Vote.Next),
		Signature: f.Sig,
		Ticket:    f.Ticket,
	}
	if w := f.Why; w != nil {
		m.Justification = &gpbft.Justification{
			Vote:      payload(f.Vote.Instance, w.Round, w.Phase, f.Committee, w.Base, w.Next),
			Signers:   bitsOf(w.Signers),
			Signature: w.Sigs,
		}
	}
	return m
}

func payload(instance, round uint64, phase uint8, committee ledger.CID, base, next *ledger.Tip) gpbft.Payload {
	return gpbft.Payload{
		Instance: instance, Round: round, Phase: gpbft.Phase(phase),
		SupplementalData: gpbft.SupplementalData{PowerTable: committee.Cid},
		Value:            chain(base, next),
	}
}

func frameOf(m *gpbft.GMessage) (*Frame, error) {
	v := m.Vote
	base, next, err := tipsOf(v.Value)
	if err != nil {
		return nil, err
	}
	f := &Frame{
		Sender:    uint64(m.Sender),
		Vote:      ledger.Vote{Instance: v.Instance, Round: v.Round, Phase: uint8(v.Phase), Base: base, Next: next},
		Committee: ledger.CID{Cid: v.SupplementalData.PowerTable},
		Sig:       m.Signature,
		Ticket:    m.Ticket,
	}
	if j := m.Justification; j != nil {
		w := &Why{Round: j.Vote.Round, Phase: uint8(j.Vote.Phase), Sigs: j.Signature}
		if w.Base, w.Next, err = tipsOf(j.Vote.Value); err != nil {
			return nil, err
		}
		if w.Signers, err = bytesOf(j.Signers); err != nil {
			return nil, err
		}
		f.Why = w
	}
	return f, nil
}

func chain(base, next *ledger.Tip) *gpbft.ECChain {
	c := &gpbft.ECChain{}
	for _, t := range []*ledger.Tip{base, next} {
		if t != nil {
			c = c.Append(&gpbft.TipSet{Epoch: int64(t.Height), Key: t.Block.Bytes(), PowerTable: t.Committee.Cid})
		}
	}
	return c
}

func tipsOf(c *gpbft.ECChain) (base, next *ledger.Tip, err error) {
	var tips [2]*ledger.Tip
	if c.Len() > len(tips) {
		return nil, nil, errors.New("a chain of more than two blocks")
	}
	for i := range c.Len() {
		t := c.TipSets[i]
		block, err := ledger.CastCID(t.Key)
		if err != nil {
			return nil, nil, err
		}
		tips[i] = &ledger.Tip{Height: uint64(t.Epoch), Block: block, Committee: ledger.CID{Cid: t.PowerTable}}
	}
	return tips[0], tips[1], nil
}

func bitsOf(signers []byte) bitfield.BitField {
	var set []uint64
	for i := range uint64(len(signers)) * 8 {
		if signers[i/8]&(1<<(i%8)) != 0 {
			set = append(set, i)
		}
	}
	return bitfield.NewFromSet(set)
}

func bytesOf(signers bitfield.BitField) (b []byte, err error) {
	err = signers.ForEach(func(i uint64) error {
		if i >= ledger.MaxCommittee {
			return fmt.Errorf("signer %d is beyond the largest committee", i)
		}
		for uint64(len(b)) <= i/8 {
			b = append(b, 0)
		}
		b[i/8] |= 1 << (i % 8)
		return nil
	})
	return b, err
}
