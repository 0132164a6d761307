package ledger

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
)

// Limits of a block.
const (
	MaxCuts      = 4096    // entries that one block may certify
	MaxBlock     = 1 << 20 // bytes of header and body
	CheckpointAt = 64      // heights between checkpoints
)

// Header is the signed part of a block. Its CID is the block's name.
type Header struct {
	V          uint64     `cbor:"v"`
	Topic      CID        `cbor:"topic"`
	Height     uint64     `cbor:"height"`
	Instance   uint64     `cbor:"instance"`   // of consensus, in which it was proposed
	Prev       CID        `cbor:"prev"`       // header before; the topic at height 1
	Proposer   Author     `cbor:"proposer"`   // Committee.Proposer of the instance
	Body       CID        `cbor:"body"`       // the cuts
	Entries    Hash       `cbor:"entries"`    // MerkleRoot over the CIDs of all entries it certifies, by author and number
	State      Hash       `cbor:"state"`      // root of the state after the block before
	Anchor     CID        `cbor:"anchor"`     // model after the block before
	Committee  CID        `cbor:"committee"`  // who votes for this height
	Checkpoint CID        `cbor:"checkpoint"` // header of the last height before that CheckpointAt divides; the topic if there is none
	Sig        *signature `cbor:"sig,omitempty"`
}

// CID names the block with this header.
func (h Header) CID() (CID, error) {
	b, err := Encode(h)
	return SumNode(b), err
}

// Cut certifies one author's chain up to and including Seq.
type Cut struct {
	_      struct{} `cbor:",toarray"`
	Author Author
	Seq    uint64
	Head   CID
}

// Block is a header and the cuts that it names, sorted by author.
type Block struct {
	Header Header
	Cuts   []Cut

	raw []byte
	cid CID
}

type blockWire struct {
	_      struct{} `cbor:",toarray"`
	Header Header
	Cuts   []Cut
}

const (
	blockVersion = 1
	blockDomain  = "grapevine/block/1"
)

// SignBlock completes a header (version, body and signature) and makes the block.
func SignBlock(sign func(message []byte) []byte, h Header, cuts []Cut) (*Block, error) {
	body, err := Encode(cuts)
	if err != nil {
		return nil, err
	}
	h.V, h.Body, h.Sig = blockVersion, SumNode(body), nil
	if err := validateBlock(h, cuts); err != nil {
		return nil, fmt.Errorf("sign block %d: %w", h.Height, err)
	}
	unsigned, err := Encode(h)
	if err != nil {
		return nil, err
	}
	h.Sig = (*signature)(sign(prefixed(blockDomain, unsigned)))
	return newBlock(h, cuts)
}

func newBlock(h Header, cuts []Cut) (*Block, error) {
	header, err := Encode(h)
	if err != nil {
		return nil, err
	}
	raw, err := Encode(blockWire{Header: h, Cuts: cuts})
	if err != nil {
		return nil, err
	}
	if len(raw) > MaxBlock {
		return nil, fmt.Errorf("block of %d bytes, at most %d", len(raw), MaxBlock)
	}
	return &Block{h, cuts, raw, SumNode(header)}, nil
}

// DecodeBlock reads a block and checks what needs neither state nor signature.
func DecodeBlock(data []byte) (*Block, error) {
	if len(data) > MaxBlock {
		return nil, fmt.Errorf("block of %d bytes, at most %d: %w", len(data), MaxBlock, ErrNotCanonical)
	}
	var w blockWire
	if err := Decode(data, &w); err != nil {
		return nil, err
	}
	if w.Header.V != blockVersion || w.Header.Sig == nil {
		return nil, fmt.Errorf("block of version %d: %w", w.Header.V, ErrNotCanonical)
	}
	if err := validateBlock(w.Header, w.Cuts); err != nil {
		return nil, fmt.Errorf("block %d: %w: %w", w.Header.Height, ErrNotCanonical, err)
	}
	return newBlock(w.Header, w.Cuts)
}

func validateBlock(h Header, cuts []Cut) error {
	if h.Height == 0 {
		return errors.New("only the manifest is at height 0")
	}
	body, err := Encode(cuts)
	if err != nil {
		return err
	}
	if SumNode(body) != h.Body {
		return errors.New("the body is not the one that the header names")
	}
	if len(cuts) > MaxCuts {
		return fmt.Errorf("%d cuts, at most %d", len(cuts), MaxCuts)
	}
	for i, c := range cuts {
		if i > 0 && bytes.Compare(cuts[i-1].Author[:], c.Author[:]) >= 0 {
			return errors.New("cuts out of order")
		}
	}
	return nil
}

// Verify checks the proposer's signature. Whether it was its turn is for the
// committee to say.
func (b *Block) Verify(check Verifier) error {
	h := b.Header
	h.Sig = nil
	unsigned, err := Encode(h)
	if err != nil {
		return err
	}
	if !check(h.Proposer, prefixed(blockDomain, unsigned), b.Header.Sig[:ed25519.SignatureSize]) {
		return fmt.Errorf("block %d of %v: %w", h.Height, h.Proposer, ErrSignature)
	}
	return nil
}

// Bytes returns the canonical bytes of header and body. They must not be changed.
func (b *Block) Bytes() []byte { return b.raw }

// CID names the block by its header.
func (b *Block) CID() CID { return b.cid }

// EntriesRoot is the Merkle root over the CIDs of entries, in the given order.
func EntriesRoot(entries []*Entry) Hash {
	leaves := make([][]byte, len(entries))
	for i, e := range entries {
		leaves[i] = e.CID().Bytes()
	}
	return MerkleRoot(leaves)
}
