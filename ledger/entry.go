package ledger

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// Kind says what an entry claims. Numbers are never reused.
type Kind uint64

// The kinds. Each has one body type, [Commit] to [Evidence].
const (
	KindCommit   Kind = 1 // a trainer binds itself to a delta that nobody has seen
	KindReveal   Kind = 2 // the trainer names the delta
	KindSeal     Kind = 3 // a validator binds itself to scores that nobody has seen
	KindScore    Kind = 4 // the validator opens its seal
	KindEvidence Kind = 5 // two entries of one author for one place
)

var kindNames = map[Kind]string{
	KindCommit: "COMMIT", KindReveal: "REVEAL", KindSeal: "SEAL", KindScore: "SCORE", KindEvidence: "EVIDENCE",
}

// String returns the name in capitals.
func (k Kind) String() string {
	if name, ok := kindNames[k]; ok {
		return name
	}
	return fmt.Sprintf("KIND-%d", uint64(k))
}

// MaxEntry bounds the bytes of an entry. An EVIDENCE may have [MaxEvidence], or
// who forks with large entries could not be slashed.
const (
	MaxEntry    = 16 << 10
	MaxEvidence = 2*MaxEntry + 512
)

func (k Kind) limit() int {
	if k == KindEvidence {
		return MaxEvidence
	}
	return MaxEntry
}

// Entry is one signed link of its author's chain.
//
// The first entry has Seq 1 and the topic for Prev; each other one has the next
// number and the CID of the one before.
type Entry struct {
	Topic  CID
	Author Author
	Seq    uint64
	Prev   CID
	Kind   Kind
	Body   any // *Commit, *Reveal, *Seal, *Opening or *Evidence: by Kind
	Sig    [ed25519.SignatureSize]byte

	raw []byte
	cid CID
}

// wire is the form in bytes; without sig it is what is signed.
type wire struct {
	V      uint64          `cbor:"v"`
	Topic  CID             `cbor:"topic"`
	Author Author          `cbor:"author"`
	Seq    uint64          `cbor:"seq"`
	Prev   CID             `cbor:"prev"`
	Kind   Kind            `cbor:"kind"`
	Body   cbor.RawMessage `cbor:"body"`
	Sig    *signature      `cbor:"sig,omitempty"`
}

type signature = [ed25519.SignatureSize]byte

const (
	entryVersion = 1
	entryDomain  = "grapevine/entry/1"
)

// Sign makes an entry: the link after seq and prev on the chain of the key that
// sign belongs to. For a first entry seq is 0 and prev the topic.
func Sign(sign func(message []byte) []byte, author Author, topic CID, seq uint64, prev CID, body any) (*Entry, error) {
	kind, err := kindOf(body)
	if err = errors.Join(err, validateBody(body)); err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	e := &Entry{Topic: topic, Author: author, Seq: seq + 1, Prev: prev, Kind: kind, Body: body}
	unsigned, err := e.encode(nil)
	if err != nil {
		return nil, err
	}
	copy(e.Sig[:], sign(prefixed(entryDomain, unsigned)))
	if e.raw, err = e.encode(&e.Sig); err != nil {
		return nil, err
	}
	if len(e.raw) > kind.limit() {
		return nil, fmt.Errorf("sign %v: %d bytes, at most %d", kind, len(e.raw), kind.limit())
	}
	e.cid = SumNode(e.raw)
	return e, nil
}

func prefixed(domain string, b []byte) []byte {
	return append(append(make([]byte, 0, len(domain)+len(b)), domain...), b...)
}

func (e *Entry) encode(sig *signature) ([]byte, error) {
	body, err := Encode(e.Body)
	if err != nil {
		return nil, err
	}
	return Encode(wire{entryVersion, e.Topic, e.Author, e.Seq, e.Prev, e.Kind, body, sig})
}

// DecodeEntry reads an entry and checks all that needs no other knowledge and no
// signature: size, canonical form, a known kind, a well-formed body, a key that
// may sign. data must not change afterwards.
func DecodeEntry(data []byte) (*Entry, error) {
	if len(data) > MaxEvidence {
		return nil, fmt.Errorf("entry of %d bytes, at most %d: %w", len(data), MaxEvidence, ErrNotCanonical)
	}
	var w wire
	if err := decoder.Unmarshal(data, &w); err != nil {
		return nil, fmt.Errorf("decode entry: %w: %w", ErrNotCanonical, err)
	}
	if len(data) > w.Kind.limit() {
		return nil, fmt.Errorf("%v of %d bytes, at most %d: %w", w.Kind, len(data), w.Kind.limit(), ErrNotCanonical)
	}
	if w.V != entryVersion || w.Sig == nil || w.Seq == 0 {
		return nil, fmt.Errorf("entry of version %d, number %d: %w", w.V, w.Seq, ErrNotCanonical)
	}
	body, err := decodeBody(w.Kind, w.Body)
	if err != nil {
		return nil, err
	}
	e := &Entry{w.Topic, w.Author, w.Seq, w.Prev, w.Kind, body, *w.Sig, data, SumNode(data)}
	again, err := e.encode(&e.Sig)
	if err != nil || !bytes.Equal(again, data) {
		return nil, fmt.Errorf("decode entry: %w", errors.Join(ErrNotCanonical, err))
	}
	if err := e.Author.Validate(); err != nil {
		return nil, fmt.Errorf("decode entry: %w", err)
	}
	return e, nil
}

// ErrSignature means that an entry, a block or a certificate is not signed by
// whom it names.
var ErrSignature = errors.New("bad signature")

// Verify checks the author's signature.
func (e *Entry) Verify(check Verifier) error {
	unsigned, err := e.encode(nil)
	if err != nil {
		return err
	}
	if !check(e.Author, prefixed(entryDomain, unsigned), e.Sig[:]) {
		return fmt.Errorf("%v %d of %v: %w", e.Kind, e.Seq, e.Author, ErrSignature)
	}
	return nil
}

// Bytes returns the canonical bytes. They must not be changed.
func (e *Entry) Bytes() []byte { return e.raw }

// CID names the entry.
func (e *Entry) CID() CID { return e.cid }

// Forks tells whether two entries claim one place with different contents. Two
// signatures of the same bytes are no fork.
func (e *Entry) Forks(other *Entry) bool {
	if e.Topic != other.Topic || e.Author != other.Author || e.Seq != other.Seq {
		return false
	}
	a, errA := e.encode(nil)
	b, errB := other.encode(nil)
	return errA == nil && errB == nil && !bytes.Equal(a, b)
}

// Follows tells whether e is the link after seq and prev of its author's chain.
func (e *Entry) Follows(seq uint64, prev CID) bool { return e.Seq == seq+1 && e.Prev == prev }
