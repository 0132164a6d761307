package ledger

import (
	"crypto/sha256"
	"fmt"
)

// statement is an entry as its signature covers it: the body stands as its
// SHA-256. So both halves of a fork take a few hundred bytes, no matter how much
// was said in them, and the proof of a fork is itself an entry like all others.
type statement struct {
	V      uint64     `cbor:"v"`
	Topic  CID        `cbor:"topic"`
	Author Author     `cbor:"author"`
	Seq    uint64     `cbor:"seq"`
	Prev   CID        `cbor:"prev"`
	Kind   Kind       `cbor:"kind"`
	Body   Hash       `cbor:"body"`
	Sig    *signature `cbor:"sig,omitempty"` // nil in what is signed
}

// statement returns it with the signature.
func (e *Entry) statement() (statement, error) {
	body, err := Encode(e.Body)
	if err != nil {
		return statement{}, err
	}
	s := statement{entryVersion, e.Topic, e.Author, e.Seq, e.Prev, e.Kind, sha256.Sum256(body), &e.Sig}
	_, err = Encode(s) // a topic or a link may be undefined
	return s, err
}

// unsigned returns the bytes of s without the signature.
func (s statement) unsigned() []byte {
	s.Sig = nil
	b, err := Encode(s)
	if err != nil {
		panic(err) // it was encoded before, or decoded
	}
	return b
}

func (s statement) message() []byte { return prefixed(entryDomain, s.unsigned()) }

func (s statement) verify(check Verifier) error {
	if !check(s.Author, s.message(), s.Sig[:]) {
		return fmt.Errorf("%v %d of %v: %w", s.Kind, s.Seq, s.Author, ErrSignature)
	}
	return nil
}

// forks tells whether both claim one place with different contents.
func (s statement) forks(other statement) bool {
	same := s.Topic == other.Topic && s.Author == other.Author && s.Seq == other.Seq
	return same && (s.Prev != other.Prev || s.Kind != other.Kind || s.Body != other.Body)
}

func decodeStatement(data []byte) (s statement, err error) {
	if err := Decode(data, &s); err != nil {
		return s, err
	}
	if s.V != entryVersion || s.Sig == nil || s.Seq == 0 {
		return s, fmt.Errorf("statement of version %d, number %d: %w", s.V, s.Seq, ErrNotCanonical)
	}
	return s, s.Author.Validate()
}
