package ledger

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"slices"
)

// Seat is one validator's place in a committee.
type Seat struct {
	_      struct{} `cbor:",toarray"`
	ID     uint64   // order of the author's first stake in this topic, never reused
	Author Author
	Stake  uint64 // base units, above 0
}

// Committee is who may vote, the largest stake first and then by ID. It is the
// order of the bits in a certificate.
type Committee []Seat

// MaxCommittee bounds the seats.
const MaxCommittee = 64

// NewCommittee seats the largest stakes, at most [MaxCommittee].
func NewCommittee(seats []Seat) Committee {
	c := slices.DeleteFunc(slices.Clone(seats), func(s Seat) bool { return s.Stake == 0 })
	slices.SortFunc(c, func(a, b Seat) int {
		return cmp.Or(cmp.Compare(b.Stake, a.Stake), cmp.Compare(a.ID, b.ID))
	})
	return c[:min(len(c), MaxCommittee)]
}

// CID names the committee.
func (c Committee) CID() CID {
	b, err := Encode(c)
	if err != nil {
		panic(err) // seats are plain integers and bytes
	}
	return SumNode(b)
}

// Seat returns the place of author, or -1.
func (c Committee) Seat(author Author) int {
	return slices.IndexFunc(c, func(s Seat) bool { return s.Author == author })
}

// Stake is the sum over all seats.
func (c Committee) Stake() (sum uint64) {
	for _, s := range c {
		sum += s.Stake
	}
	return sum
}

// Power is a seat's weight in votes: floor(65535·stake/total), gpbft's scaling.
func (c Committee) Power(seat int) int64 {
	hi, lo := bits.Mul64(0xffff, c[seat].Stake)
	q, _ := bits.Div64(hi, lo, c.Stake())
	return int64(q)
}

// Quorum tells whether the seats of which in is true hold at least two thirds
// of the power of those of which of is true; nil stands for all seats. It is
// gpbft's strong quorum: Σ ≥ ⌈2·total/3⌉.
func (c Committee) Quorum(in, of func(seat int) bool) bool {
	var sum, total int64
	for i := range c {
		if of != nil && !of(i) {
			continue
		}
		p := c.Power(i)
		total += p
		if in(i) {
			sum += p
		}
	}
	return total > 0 && sum >= (2*total+2)/3
}

// Proposer draws who proposes the block of an instance, in proportion to stake:
// the seat in which SHA-256("grapevine/proposer/1" ‖ topic ‖ instance) falls.
func (c Committee) Proposer(topic CID, instance uint64) Author {
	b := append([]byte("grapevine/proposer/1"), topic.Bytes()...)
	draw := sha256.Sum256(binary.BigEndian.AppendUint64(b, instance))
	_, at := bits.Div64(binary.BigEndian.Uint64(draw[:])%c.Stake(), binary.BigEndian.Uint64(draw[8:]), c.Stake())
	for _, s := range c {
		if at < s.Stake {
			return s.Author
		}
		at -= s.Stake
	}
	panic("a draw beyond the total") // at < Stake()
}

// Validate checks order, size and sums of a committee from outside.
func (c Committee) Validate() error {
	if len(c) == 0 || len(c) > MaxCommittee {
		return fmt.Errorf("committee of %d seats, want 1 to %d", len(c), MaxCommittee)
	}
	var sum uint64
	for i, s := range c {
		if sum += s.Stake; s.Stake == 0 || sum > MaxAmount {
			return errors.New("committee with an impossible stake")
		}
		if c.Seat(s.Author) != i || slices.IndexFunc(c, func(o Seat) bool { return o.ID == s.ID }) != i {
			return fmt.Errorf("committee that seats %v, %v, twice", s.ID, s.Author)
		}
	}
	if !slices.Equal(c, NewCommittee(c)) {
		return errors.New("committee out of order")
	}
	return nil
}
