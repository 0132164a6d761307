package ledger

import (
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

// message is what every signer signed: the decision, in the last phase.
func (c *Certificate) message(topic CID) []byte {
	const decide = 5
	return Vote{Instance: c.Instance, Phase: decide, Base: &c.Base, Next: c.Next}.Message(topic, c.Committee)
}
