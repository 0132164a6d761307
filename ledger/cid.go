package ledger

import (
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/ipfs/go-cid"
	"github.com/multiformats/go-multihash"
)

// CID names content by its SHA-256: version 1, dag-cbor for what this package
// encodes and raw for blobs. In dag-cbor it is a link (tag 42), so IPLD tools
// can follow it. The zero CID names nothing and is never encoded.
type CID struct{ cid.Cid }

// ErrNotCanonical is wrapped by every decoder that meets bytes other than the
// one encoding of a value. The sender is at fault: refuse them.
var ErrNotCanonical = errors.New("not the canonical encoding")

// cidBytes is the length of every CID that we take: two bytes of version and
// codec, two of hash and length, 32 of SHA-256.
const cidBytes = 4 + sha256.Size

// linkPrefix opens a link in dag-cbor: tag 42, a byte string of 37, and the
// byte 0 that stands for the identity multibase.
var linkPrefix = [...]byte{0xd8, 0x2a, 0x58, cidBytes + 1, 0x00}

// SumNode names dag-cbor bytes.
func SumNode(data []byte) CID { return sum(cid.DagCBOR, data) }

// SumBlob names raw bytes.
func SumBlob(data []byte) CID { return sum(cid.Raw, data) }

func sum(codec uint64, data []byte) CID {
	digest := sha256.Sum256(data)
	hash, err := multihash.Encode(digest[:], multihash.SHA2_256)
	if err != nil {
		panic(err) // only for unknown hash functions
	}
	return CID{cid.NewCidV1(codec, hash)}
}

// ParseCID reads the text form of a CID.
func ParseCID(text string) (CID, error) {
	c, err := cid.Decode(text)
	if err != nil {
		return CID{}, fmt.Errorf("parse CID %q: %w", text, err)
	}
	return CastCID(c.Bytes())
}

// CastCID reads the binary form of a CID that this package makes.
func CastCID(b []byte) (CID, error) {
	if len(b) != cidBytes || b[0] != 1 || b[1] != cid.Raw && b[1] != cid.DagCBOR ||
		b[2] != multihash.SHA2_256 || b[3] != sha256.Size {
		return CID{}, fmt.Errorf("CID of %d bytes: want version 1, raw or dag-cbor, sha2-256", len(b))
	}
	c, err := cid.Cast(b)
	if err != nil {
		return CID{}, fmt.Errorf("CID: %w", err)
	}
	return CID{c}, nil
}

// MarshalCBOR returns the link. An undefined CID is an error: a field that may
// be empty must say so in its type.
func (c CID) MarshalCBOR() ([]byte, error) {
	if !c.Defined() {
		return nil, errors.New("encode an undefined CID")
	}
	return append(linkPrefix[:len(linkPrefix):len(linkPrefix)], c.Bytes()...), nil
}

// UnmarshalCBOR reads a link.
func (c *CID) UnmarshalCBOR(data []byte) error {
	if len(data) != len(linkPrefix)+cidBytes || [len(linkPrefix)]byte(data) != linkPrefix {
		return fmt.Errorf("link: %w", ErrNotCanonical)
	}
	link, err := CastCID(data[len(linkPrefix):])
	*c = link
	return err
}
