package ledger

import (
	"bytes"
	"errors"
	"fmt"
)

// Evidence proves that somebody signed two things of which there may be one: two
// entries for one place of a chain or, with Votes, two votes for one slot. It
// holds both in bytes, the smaller first.
type Evidence struct {
	A     []byte `cbor:"a"`
	B     []byte `cbor:"b"`
	Votes bool   `cbor:"votes,omitempty"`
}

func (*Evidence) validate() error { return nil }

// Ballot is a vote with whose it is and the signature.
type Ballot struct {
	Author    Author    `cbor:"author"`
	Committee CID       `cbor:"committee"`
	Vote      Vote      `cbor:"vote"`
	Sig       signature `cbor:"sig"`
}

// contradicts tells whether both are for one slot and of different values.
func (b *Ballot) contradicts(other *Ballot) bool {
	same := b.Author == other.Author && b.Vote.Slot() == other.Vote.Slot()
	return same && b.Vote.chainKey() != other.Vote.chainKey()
}

// Verify checks the author's signature.
func (b *Ballot) Verify(topic CID, check Verifier) error {
	if !check(b.Author, b.Vote.Message(topic, b.Committee), b.Sig[:]) {
		return fmt.Errorf("vote of instance %d of %v: %w", b.Vote.Instance, b.Author, ErrSignature)
	}
	return nil
}

// ForkEvidence is the proof that two entries fork a chain, nil if they do not.
func ForkEvidence(a, b *Entry) *Evidence {
	x, errX := a.statement()
	y, errY := b.statement()
	if errX != nil || errY != nil || !x.forks(y) {
		return nil
	}
	return pair(x, y, false)
}

// VoteEvidence is the proof that two votes contradict each other, nil if they do
// not.
func VoteEvidence(a, b *Ballot) *Evidence {
	if !a.contradicts(b) {
		return nil
	}
	return pair(a, b, true)
}

// pair is evidence of two halves, nil if one cannot be encoded.
func pair(a, b any, votes bool) *Evidence {
	x, errX := Encode(a)
	y, errY := Encode(b)
	if errX != nil || errY != nil {
		return nil
	}
	if bytes.Compare(x, y) > 0 {
		x, y = y, x
	}
	return &Evidence{x, y, votes}
}

// Fault is what evidence proves.
type Fault struct {
	Author Author
	Votes  bool   // twice in one slot; or else it forked its chain
	Number uint64 // of the instance or, of a fork, of the entry
}

// Open checks both halves, to the signatures, and says what they prove.
func (v *Evidence) Open(topic CID, check Verifier) (Fault, error) {
	if bytes.Compare(v.A, v.B) >= 0 {
		return Fault{}, errors.New("halves out of order")
	}
	if v.Votes {
		return v.openVotes(topic, check)
	}
	a, err := decodeStatement(v.A)
	if err != nil {
		return Fault{}, err
	}
	b, err := decodeStatement(v.B)
	if err != nil {
		return Fault{}, err
	}
	if a.Topic != topic || !a.forks(b) {
		return Fault{}, errors.New("not two contents for one place of this topic")
	}
	return Fault{Author: a.Author, Number: a.Seq}, errors.Join(a.verify(check), b.verify(check))
}

func (v *Evidence) openVotes(topic CID, check Verifier) (Fault, error) {
	var a, b Ballot
	if err := errors.Join(Decode(v.A, &a), Decode(v.B, &b)); err != nil {
		return Fault{}, err
	}
	if err := a.Author.Validate(); err != nil {
		return Fault{}, err
	}
	if !a.contradicts(&b) {
		return Fault{}, errors.New("not two values for one slot")
	}
	f := Fault{Author: a.Author, Votes: true, Number: a.Vote.Instance}
	return f, errors.Join(a.Verify(topic, check), b.Verify(topic, check))
}
