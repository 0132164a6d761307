package ledger

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
)

// Tip is a place on the chain of blocks: what consensus votes about.
type Tip struct {
	_         struct{} `cbor:",toarray"`
	Height    uint64
	Block     CID // header; the topic at height 0
	Committee CID // who voted for this height; the first committee at height 0
}

// Certificate proves what an instance of consensus decided: Next on top of Base,
// or Base alone. It holds the signatures of a quorum of the committee. Peers
// hold different certificates for one decision, so no hash covers them.
type Certificate struct {
	Instance  uint64 `cbor:"instance"`
	Base      Tip    `cbor:"base"`
	Next      *Tip   `cbor:"next"`
	Committee CID    `cbor:"committee"` // who voted
	Signers   []byte `cbor:"signers"`   // a bit per seat, lowest first, no zero byte at the end
	Sigs      []byte `cbor:"sigs"`      // 64 bytes per signer, in order of seats
}

// DecodeCertificate reads canonical bytes; signatures are not checked.
func DecodeCertificate(data []byte) (*Certificate, error) {
	c := new(Certificate)
	if err := Decode(data, c); err != nil {
		return nil, err
	}
	if n := len(c.Signers); n == 0 || n > MaxCommittee/8 || c.Signers[n-1] == 0 {
		return nil, fmt.Errorf("certificate with %d bytes of signers: %w", n, ErrNotCanonical)
	}
	return c, nil
}

// Head is what was decided.
func (c *Certificate) Head() Tip {
	if c.Next != nil {
		return *c.Next
	}
	return c.Base
}

// Verify checks that a quorum of the committee signed the decision.
func (c *Certificate) Verify(topic CID, committee Committee, check Verifier) error {
	if c.Committee != committee.CID() {
		return fmt.Errorf("certificate of instance %d: by another committee", c.Instance)
	}
	signed := func(seat int) bool {
		return seat/8 < len(c.Signers) && c.Signers[seat/8]&(1<<(seat%8)) != 0
	}
	if !committee.Quorum(signed, nil) {
		return fmt.Errorf("certificate of instance %d: no quorum", c.Instance)
	}
	message, rest := c.message(topic), c.Sigs
	for i := range 8 * len(c.Signers) {
		if !signed(i) {
			continue
		}
		if i >= len(committee) || len(rest) < ed25519.SignatureSize {
			return fmt.Errorf("certificate of instance %d: signer %d: %w", c.Instance, i, ErrSignature)
		}
		if !check(committee[i].Author, message, rest[:ed25519.SignatureSize]) {
			return fmt.Errorf("certificate of instance %d: %v: %w", c.Instance, committee[i].Author, ErrSignature)
		}
		rest = rest[ed25519.SignatureSize:]
	}
	if len(rest) > 0 {
		return errors.New("certificate with more signatures than signers")
	}
	return nil
}

// Certifies checks that a quorum of the committee, which the header names, made
// the block with this header final.
func (c *Certificate) Certifies(h Header, committee Committee, check Verifier) error {
	name, err := h.CID()
	if err != nil {
		return err
	}
	switch {
	case c.Next == nil || *c.Next != Tip{Height: h.Height, Block: name, Committee: h.Committee} || c.Base.Block != h.Prev:
		return fmt.Errorf("certificate of instance %d: of another block than %v", c.Instance, name)
	case c.Instance != h.Instance || c.Base.Height+1 != h.Height:
		return fmt.Errorf("certificate of instance %d: of another place than block %d has", c.Instance, h.Height)
	case h.Committee != committee.CID():
		return fmt.Errorf("block %d is for another committee to certify", h.Height)
	}
	if err := committee.Validate(); err != nil {
		return err
	}
	return c.Verify(h.Topic, committee, check)
}

// trim leaves the fewest signers that are a quorum: what a proof carries.
func (c *Certificate) trim(committee Committee) Certificate {
	out := *c
	out.Signers, out.Sigs = make([]byte, len(c.Signers)), nil
	has := func(bits []byte, seat int) bool { return seat/8 < len(bits) && bits[seat/8]&(1<<(seat%8)) != 0 }
	for seat, rest := 0, c.Sigs; seat < 8*len(c.Signers) && len(rest) >= ed25519.SignatureSize; seat++ {
		if !has(c.Signers, seat) {
			continue
		}
		out.Signers[seat/8] |= 1 << (seat % 8)
		out.Sigs, rest = append(out.Sigs, rest[:ed25519.SignatureSize]...), rest[ed25519.SignatureSize:]
		if committee.Quorum(func(i int) bool { return has(out.Signers, i) }, nil) {
			break // seats are sorted by stake
		}
	}
	out.Signers = bytes.TrimRight(out.Signers, "\x00")
	return out
}

// message is what every signer signed: the decision, in the last phase.
func (c *Certificate) message(topic CID) []byte {
	const decide = 5
	return Vote{Instance: c.Instance, Phase: decide, Base: &c.Base, Next: c.Next}.Message(topic, c.Committee)
}
