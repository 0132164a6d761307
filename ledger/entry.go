package ledger

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

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
	Body   any // *Commit, *Reveal …: by Kind
	Sig    [ed25519.SignatureSize]byte

	raw []byte
	cid CID
}

// MaxEntry bounds the bytes of an entry.
const MaxEntry = 16 << 10

// wire is the form in bytes.
type wire struct {
	V      uint64          `cbor:"v"`
	Topic  CID             `cbor:"topic"`
	Author Author          `cbor:"author"`
	Seq    uint64          `cbor:"seq"`
	Prev   CID             `cbor:"prev"`
	Kind   Kind            `cbor:"kind"`
	Body   cbor.RawMessage `cbor:"body"`
	Sig    signature       `cbor:"sig"`
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
	s, err := e.statement()
	if err != nil {
		return nil, fmt.Errorf("sign %v: %w", kind, err)
	}
	e.Sig = signature(sign(s.message()))
	if e.raw, err = e.encode(); err != nil {
		return nil, err
	}
	if len(e.raw) > MaxEntry {
		return nil, fmt.Errorf("sign %v: %d bytes, at most %d", kind, len(e.raw), MaxEntry)
	}
	e.cid = SumNode(e.raw)
	return e, nil
}

func prefixed(domain string, b []byte) []byte {
	return append(append(make([]byte, 0, len(domain)+len(b)), domain...), b...)
}

func (e *Entry) encode() ([]byte, error) {
	body, err := Encode(e.Body)
	if err != nil {
		return nil, err
	}
	return Encode(wire{entryVersion, e.Topic, e.Author, e.Seq, e.Prev, e.Kind, body, e.Sig})
}

// DecodeEntry reads an entry and checks all that needs no other knowledge and no
// signature: size, canonical form, a known kind, a well-formed body, a key that
// may sign. data must not change afterwards.
func DecodeEntry(data []byte) (*Entry, error) {
	if len(data) > MaxEntry {
		return nil, fmt.Errorf("entry of %d bytes, at most %d: %w", len(data), MaxEntry, ErrNotCanonical)
	}
	var w wire
	if err := decoder.Unmarshal(data, &w); err != nil {
		return nil, fmt.Errorf("decode entry: %w: %w", ErrNotCanonical, err)
	}
	if w.V != entryVersion || w.Seq == 0 {
		return nil, fmt.Errorf("entry of version %d, number %d: %w", w.V, w.Seq, ErrNotCanonical)
	}
	body, err := decodeBody(w.Kind, w.Body)
	if err != nil {
		return nil, err
	}
	e := &Entry{Topic: w.Topic, Author: w.Author, Seq: w.Seq, Prev: w.Prev, Kind: w.Kind, Body: body, Sig: w.Sig, raw: data, cid: SumNode(data)}
	again, err := e.encode()
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
	s, err := e.statement()
	if err != nil {
		return err
	}
	return s.verify(check)
}

// Bytes returns the canonical bytes. They must not be changed.
func (e *Entry) Bytes() []byte { return e.raw }

// CID names the entry.
func (e *Entry) CID() CID { return e.cid }

// Forks tells whether two entries claim one place with different contents. Two
// signatures of the same content are no fork.
func (e *Entry) Forks(other *Entry) bool {
	a, errA := e.statement()
	b, errB := other.statement()
	return errA == nil && errB == nil && a.forks(b)
}

// Follows tells whether e is the link after seq and prev of its author's chain.
func (e *Entry) Follows(seq uint64, prev CID) bool { return e.Seq == seq+1 && e.Prev == prev }
