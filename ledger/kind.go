package ledger

import (
	"errors"
	"fmt"
)

// Kind says what an entry claims. Numbers are never reused.
type Kind uint64

// The kinds. Each has one body type.
const (
	KindCommit   Kind = 1  // a trainer binds itself to a delta that nobody has seen
	KindReveal   Kind = 2  // the trainer names the delta
	KindSeal     Kind = 3  // a validator binds itself to scores that nobody has seen
	KindScore    Kind = 4  // the validator opens its seal
	KindEvidence Kind = 5  // two statements of one author of which there may be one
	KindRegister Kind = 6  // opens an account, names a payout key
	KindData     Kind = 7  // the author commits to the data that it trains on
	KindTransfer Kind = 8  // tokens to somebody else
	KindBond     Kind = 9  // tokens behind one's own contributions
	KindUnbond   Kind = 10 // and back, after the unbonding time
	KindStake    Kind = 11 // tokens behind one's own scores and votes
	KindUnstake  Kind = 12 // and back, after the unbonding time
	KindAdmit    Kind = 13 // a member's vote for a new member
	KindRemove   Kind = 14 // a member's vote against a member
	KindEnd      Kind = 15 // a vote to close the topic or to name its successor
)

// kinds has the name of each kind and makes an empty body.
var kinds = [...]struct {
	name string
	body func() body
}{
	KindCommit:   {"COMMIT", func() body { return new(Commit) }},
	KindReveal:   {"REVEAL", func() body { return new(Reveal) }},
	KindSeal:     {"SEAL", func() body { return new(Seal) }},
	KindScore:    {"SCORE", func() body { return new(Opening) }},
	KindEvidence: {"EVIDENCE", func() body { return new(Evidence) }},
	KindRegister: {"REGISTER", func() body { return new(Register) }},
	KindData:     {"DATA", func() body { return new(Data) }},
	KindTransfer: {"TRANSFER", func() body { return new(Transfer) }},
	KindBond:     {"BOND", func() body { return new(Bond) }},
	KindUnbond:   {"UNBOND", func() body { return new(Unbond) }},
	KindStake:    {"STAKE", func() body { return new(Stake) }},
	KindUnstake:  {"UNSTAKE", func() body { return new(Unstake) }},
	KindAdmit:    {"ADMIT", func() body { return new(Admit) }},
	KindRemove:   {"REMOVE", func() body { return new(Remove) }},
	KindEnd:      {"END", func() body { return new(End) }},
}

// body is what an entry carries. validate checks what the encoding leaves open.
type body interface {
	kind() Kind
	validate() error
}

func (*Commit) kind() Kind   { return KindCommit }
func (*Reveal) kind() Kind   { return KindReveal }
func (*Seal) kind() Kind     { return KindSeal }
func (*Opening) kind() Kind  { return KindScore }
func (*Evidence) kind() Kind { return KindEvidence }
func (*Register) kind() Kind { return KindRegister }
func (*Data) kind() Kind     { return KindData }
func (*Transfer) kind() Kind { return KindTransfer }
func (*Bond) kind() Kind     { return KindBond }
func (*Unbond) kind() Kind   { return KindUnbond }
func (*Stake) kind() Kind    { return KindStake }
func (*Unstake) kind() Kind  { return KindUnstake }
func (*Admit) kind() Kind    { return KindAdmit }
func (*Remove) kind() Kind   { return KindRemove }
func (*End) kind() Kind      { return KindEnd }

// Kinds returns all kinds in order of their numbers.
func Kinds() (all []Kind) {
	for k := KindCommit; int(k) < len(kinds); k++ {
		all = append(all, k)
	}
	return all
}

// String returns the name in capitals.
func (k Kind) String() string {
	if k >= KindCommit && k < Kind(len(kinds)) {
		return kinds[k].name
	}
	return fmt.Sprintf("KIND-%d", uint64(k))
}

func kindOf(b any) (Kind, error) {
	if b, is := b.(body); is {
		return b.kind(), nil
	}
	return 0, fmt.Errorf("no kind has a body of type %T", b)
}

func decodeBody(kind Kind, data []byte) (any, error) {
	if kind < KindCommit || kind >= Kind(len(kinds)) {
		return nil, fmt.Errorf("entry of unknown kind %d: %w", kind, ErrNotCanonical)
	}
	b := kinds[kind].body()
	if err := decoder.Unmarshal(data, b); err != nil {
		return nil, fmt.Errorf("decode %v: %w: %w", kind, ErrNotCanonical, err)
	}
	if err := b.validate(); err != nil {
		return nil, fmt.Errorf("%v: %w: %w", kind, ErrNotCanonical, err)
	}
	return b, nil
}

func validateBody(b any) error {
	if b, is := b.(body); is {
		return b.validate()
	}
	return errors.New("not a body")
}
