package ledger

import (
	"fmt"
	"math"
)

// Register opens an account for an author who has none, which takes a proof of
// work for the Round in flight, see [WorkHash]; and it names who is paid should
// the author's chain end by a fork: the author's own offline key.
type Register struct {
	Payout Author `cbor:"payout"`
	Round  uint64 `cbor:"round"`
	Work   uint64 `cbor:"work,omitempty"`
}

// Data commits its author to the rows that it trains on: Root is the Merkle root
// over Count salted rows, Columns the SHA-256 of the schema they follow. It proves
// what was declared, not what was trained on.
type Data struct {
	Root    Hash   `cbor:"root"`
	Count   uint64 `cbor:"count"`
	Columns Hash   `cbor:"columns"`
}

// Transfer gives Amount base units to To.
type Transfer struct {
	To     Author `cbor:"to"`
	Amount uint64 `cbor:"amount"`
}

// Bond locks Amount base units behind the author's contributions.
type Bond struct {
	Amount uint64 `cbor:"amount"`
}

// Unbond takes Amount of the bond back. It is paid out after the unbonding time.
type Unbond struct {
	Amount uint64 `cbor:"amount"`
}

// Stake locks Amount base units behind the author's scores and votes.
type Stake struct {
	Amount uint64 `cbor:"amount"`
}

// Unstake takes Amount of the stake back. It is paid out after the unbonding
// time.
type Unstake struct {
	Amount uint64 `cbor:"amount"`
}

func (r *Register) validate() error { return r.Payout.Validate() }
func (*Data) validate() error       { return nil }
func (t *Transfer) validate() error {
	if err := t.To.Validate(); err != nil {
		return err
	}
	return onWire(t.Amount)
}
func (b *Bond) validate() error    { return onWire(b.Amount) }
func (u *Unbond) validate() error  { return onWire(u.Amount) }
func (s *Stake) validate() error   { return onWire(s.Amount) }
func (u *Unstake) validate() error { return onWire(u.Amount) }

// onWire bounds an amount to 63 bits, which every language can carry. Whether it
// makes sense is for the rules to say.
func onWire(amount uint64) error {
	if amount > math.MaxInt64 {
		return fmt.Errorf("amount %d, at most 2^63-1", amount)
	}
	return nil
}
