package ledger

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
)

// Proof shows to somebody who has nothing else that a quorum certified a leaf: an
// account in the state of a topic, or an entry of a block. It is a file of its
// own, see [Pack].
type Proof struct {
	Kind        ProofKind   `cbor:"kind"`
	Manifest    []byte      `cbor:"manifest"`  // deflated (RFC 1951); empty if whoever reads it has a checkpoint
	Chain       []Link      `cbor:"chain"`     // to the checkpoints at which the committee changed
	Committee   Committee   `cbor:"committee"` // empty if Manifest, Chain or the reader's checkpoint has it
	Header      Header      `cbor:"header"`
	Certificate Certificate `cbor:"certificate"` // of the block with that header
	Leaf        []byte      `cbor:"leaf"`        // an account's leaf; or an entry, whose CID is the leaf
	Path        Path        `cbor:"path"`        // from the leaf to the header's state or entries root
}

// ProofKind says what a proof is about.
type ProofKind string

// The kinds of proofs.
const (
	ProofBalance ProofKind = "balance"
	ProofEntry   ProofKind = "entry"
)

// Trust is a checkpoint with the table of who votes after it, as a file for who
// checks proofs.
type Trust struct {
	Topic     CID       `cbor:"topic"`
	Period    uint64    `cbor:"period"` // heights between checkpoints
	Height    uint64    `cbor:"height"`
	Block     CID       `cbor:"block"`
	Committee Committee `cbor:"committee"`
}

// Domains of files.
const (
	ProofDomain = "grapevine/proof/1\n"
	TrustDomain = "grapevine/checkpoint/1\n"
)

// MaxProof bounds the bytes of a proof.
const MaxProof = 8 << 20

// Pack makes a file of v: a domain, the SHA-256 of the rest, which finds bytes
// that were changed by accident, and the canonical bytes of v.
func Pack(domain string, v any) ([]byte, error) {
	b, err := Encode(v)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(b)
	return append(append([]byte(domain), sum[:]...), b...), nil
}

// Unpack reads a file that Pack made. The error wraps [ErrNotCanonical].
func Unpack(domain string, data []byte, v any) error {
	if len(data) > MaxProof {
		return fmt.Errorf("file of %d bytes, at most %d: %w", len(data), MaxProof, ErrNotCanonical)
	}
	rest, is := bytes.CutPrefix(data, []byte(domain))
	if !is || len(rest) < sha256.Size {
		return fmt.Errorf("file without %q at its beginning: %w", domain, ErrNotCanonical)
	}
	if sum := sha256.Sum256(rest[sha256.Size:]); !bytes.Equal(sum[:], rest[:sha256.Size]) {
		return fmt.Errorf("file with a changed byte: %w", ErrNotCanonical)
	}
	return Decode(rest[sha256.Size:], v)
}

// Deflate packs a manifest for a proof.
func Deflate(manifest []byte) []byte {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err == nil {
		_, err = w.Write(manifest)
		err = errors.Join(err, w.Close())
	}
	if err != nil {
		panic(err) // a buffer takes all
	}
	return b.Bytes()
}

func inflate(data []byte) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(data)), MaxManifest+1))
	if err != nil {
		return nil, fmt.Errorf("inflate manifest: %w: %w", ErrNotCanonical, err)
	}
	return b, nil
}

// Verify checks all of a proof. trust is what the reader believes in: with nil it
// is the manifest that the proof carries, which then proves no more than that the
// proof is consistent in itself.
func (p *Proof) Verify(trust *Trust, check Verifier) error {
	at, period, tables, err := p.origin(trust)
	if err != nil {
		return err
	}
	begin := at.Height
	for _, l := range p.Chain {
		if l.Header.Height <= begin {
			continue // the reader's checkpoint is newer
		}
		if l.Voted == nil {
			return errors.New("proof with a link that changes nothing")
		}
		if at, err = at.step(p.Header.Topic, period, l, check); err != nil {
			return err
		}
		tables = append(tables, l.Voted.Committees.Next)
	}
	for _, c := range append(tables, p.Committee) {
		if len(c) > 0 && c.CID() == at.Committee {
			return errors.Join(p.Certificate.Certifies(p.Header, c, check), p.verifyLeaf(check))
		}
	}
	return fmt.Errorf("proof of height %d: nothing says who the committee %v is", p.Header.Height, at.Committee)
}

// origin is where the way to the proof's committee begins.
func (p *Proof) origin(trust *Trust) (at Checkpoint, period uint64, tables []Committee, err error) {
	if len(p.Manifest) > 0 {
		data, err := inflate(p.Manifest)
		if err != nil {
			return at, 0, nil, err
		}
		m, topic, err := DecodeManifest(data)
		if err != nil {
			return at, 0, nil, err
		}
		if topic != p.Header.Topic {
			return at, 0, nil, fmt.Errorf("proof of topic %v with the manifest of %v", p.Header.Topic, topic)
		}
		at, period, tables = m.Origin(topic), m.Rounds.Period(), []Committee{m.Committee()}
	} else if trust == nil {
		return at, 0, nil, errors.New("proof without a manifest: it can be checked only with the checkpoint that it was made for")
	}
	if trust == nil {
		return at, period, tables, nil
	}
	if trust.Topic != p.Header.Topic {
		return at, 0, nil, fmt.Errorf("proof of topic %v, the checkpoint is of %v", p.Header.Topic, trust.Topic)
	}
	return trust.Checkpoint(), trust.Period, append(tables, trust.Committee), trust.Validate()
}

// Checkpoint is what the file says, with the committee's name for its table.
func (t *Trust) Checkpoint() Checkpoint {
	return Checkpoint{Height: t.Height, Block: t.Block, Committee: t.Committee.CID()}
}

// Validate checks what the encoding leaves open.
func (t *Trust) Validate() error {
	if t.Period == 0 || t.Height%t.Period != 0 || t.Height == 0 && t.Block != t.Topic {
		return fmt.Errorf("height %d is no checkpoint", t.Height)
	}
	return t.Committee.Validate()
}

func (p *Proof) verifyLeaf(check Verifier) error {
	leaf, want := p.Leaf, p.Header.State
	switch p.Kind {
	case ProofBalance:
	case ProofEntry:
		e, err := DecodeEntry(p.Leaf)
		if err != nil {
			return err
		}
		if err := e.Verify(check); err != nil {
			return err
		}
		leaf, want = e.CID().Bytes(), p.Header.Entries
	default:
		return fmt.Errorf("proof of an unknown kind, %q", p.Kind)
	}
	root, err := p.Path.Root(leaf)
	if err != nil {
		return err
	}
	if root != want {
		return fmt.Errorf("the %s is not under the root that block %d has", p.Kind, p.Header.Height)
	}
	return nil
}

// Trim leaves the fewest signers of the committee that are a quorum.
func (p *Proof) Trim(committee Committee) { p.Certificate = p.Certificate.trim(committee) }
