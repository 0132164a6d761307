package ledger

import (
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/multiformats/go-multihash"
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

// message is what gpbft has its voters sign in the DECIDE phase (go-f3,
// Payload.MarshalForSigning), so that an auditor needs no consensus code.
func (c *Certificate) message(topic CID) []byte {
	const decide = 5
	b := []byte("GPBFT:" + topic.String() + ":")
	b = append(b, decide)
	b = binary.BigEndian.AppendUint64(b, 0) // round
	b = binary.BigEndian.AppendUint64(b, c.Instance)
	b = append(b, make([]byte, 32)...) // commitments: none
	key := c.chainKey()
	b = append(b, key[:]...)
	return append(b, c.Committee.Bytes()...)
}

// chainKey is the Merkle root over one or two tips, as go-f3's merkle.Tree has
// it: Keccak-256 with 1 before leaves and 0 before nodes.
func (c *Certificate) chainKey() Hash {
	base := keccak([]byte{1}, c.Base.message())
	if c.Next == nil {
		return base
	}
	next := keccak([]byte{1}, c.Next.message())
	return keccak([]byte{0}, base[:], next[:])
}

// message is go-f3's TipSet.MarshalForSigning.
func (t Tip) message() []byte {
	b := binary.BigEndian.AppendUint64(nil, t.Height)
	b = append(b, make([]byte, 32)...) // commitments: none
	key := t.Block.Bytes()
	b = append(b, tipKeyCID(append([]byte{0x58, byte(len(key))}, key...))...)
	return append(b, t.Committee.Bytes()...)
}

// tipKeyCID names bytes as go-f3's MakeCid does: dag-cbor, BLAKE2b-256.
func tipKeyCID(data []byte) []byte {
	prefix := binary.AppendUvarint([]byte{0x01, 0x71}, multihash.BLAKE2B_MIN+31)
	return append(append(prefix, 32), digest(data, multihash.BLAKE2B_MIN+31)...)
}

func keccak(parts ...[]byte) Hash {
	var all []byte
	for _, p := range parts {
		all = append(all, p...)
	}
	return Hash(digest(all, multihash.KECCAK_256))
}

func digest(data []byte, code uint64) []byte {
	sum, err := multihash.Sum(data, code, 32)
	if err != nil {
		panic(err) // both functions are registered by the multihash package
	}
	d, err := multihash.Decode(sum)
	if err != nil {
		panic(err)
	}
	return d.Digest
}
