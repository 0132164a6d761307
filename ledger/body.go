package ledger

import (
	"crypto/sha256"
	"encoding/binary"
)

// Salt keeps a hash from being guessed: 16 bytes that nobody else knows.
type Salt [16]byte

// Commit binds its author to a delta on the anchor Base, by [CommitHash].
// Work is a newcomer's proof of work, see [WorkHash]; 0 for who has a bond.
type Commit struct {
	Round uint64 `cbor:"round"`
	Base  CID    `cbor:"base"`
	Hash  Hash   `cbor:"hash"`
	Work  uint64 `cbor:"work,omitempty"`
}

// Reveal names the delta that a certified Commit bound: a blob of Size bytes.
type Reveal struct {
	Round uint64 `cbor:"round"`
	Delta CID    `cbor:"delta"`
	Size  uint64 `cbor:"size"`
	Salt  Salt   `cbor:"salt"`
}

// Seal binds a validator to its scores, by [SealHash].
type Seal struct {
	Round uint64 `cbor:"round"`
	Hash  Hash   `cbor:"hash"`
}

// Opening is the body of a SCORE: it opens the author's own seal.
type Opening struct {
	Round  uint64 `cbor:"round"`
	Salt   Salt   `cbor:"salt"`
	Scores Scores `cbor:"scores"`
}

func (*Commit) validate() error { return nil }
func (*Reveal) validate() error { return nil }
func (*Seal) validate() error   { return nil }

func (o *Opening) validate() error { return o.Scores.validate() }

// CommitHash binds author to a delta: SHA-256 of "grapevine/commit/1", topic,
// round (8 bytes, big-endian), author, base, delta, salt, one after the other.
func CommitHash(topic CID, round uint64, author Author, base, delta CID, salt Salt) Hash {
	b := bindingPrefix("grapevine/commit/1", topic, round, author)
	b = append(append(b, base.Bytes()...), delta.Bytes()...)
	return sha256.Sum256(append(b, salt[:]...))
}

// SealHash binds author to scores: SHA-256 of "grapevine/seal/1", topic, round,
// author, salt and, for each score, place, u and standard error (8, 4 and 4
// bytes, big-endian).
func SealHash(topic CID, round uint64, author Author, salt Salt, scores Scores) Hash {
	b := append(bindingPrefix("grapevine/seal/1", topic, round, author), salt[:]...)
	for _, s := range scores {
		b = binary.BigEndian.AppendUint64(b, s.Delta)
		b = binary.BigEndian.AppendUint32(b, uint32(s.U))
		b = binary.BigEndian.AppendUint32(b, s.SE)
	}
	return sha256.Sum256(b)
}

// WorkHash is what a newcomer makes small by trying values of work: SHA-256 of
// "grapevine/work/1", topic, round, author, work (8 bytes, big-endian).
func WorkHash(topic CID, round uint64, author Author, work uint64) Hash {
	b := bindingPrefix("grapevine/work/1", topic, round, author)
	return sha256.Sum256(binary.BigEndian.AppendUint64(b, work))
}

func bindingPrefix(domain string, topic CID, round uint64, author Author) []byte {
	b := append([]byte(domain), topic.Bytes()...)
	b = binary.BigEndian.AppendUint64(b, round)
	return append(b, author[:]...)
}
