package main

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/grapevine-network/grapevine/incentives"
	"github.com/grapevine-network/grapevine/learning/dataset"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node"
)

// town is the state of a topic whose people say what we want them to: validators
// first, with a stake, then trainers, with a bond. Signatures are left out.
type town struct {
	*incentives.State
	entries int // that took effect
}

func newTown(seed uint64, validators, trainers int, slots, work uint64) (*town, error) {
	var members []ledger.Member
	for i := range uint64(validators + trainers) {
		m := ledger.Member{Author: nameOf("peer", i), Balance: bond}
		if i < uint64(validators) {
			m.Stake = bond
		} else {
			m.Bond = bond
		}
		members = append(members, m)
	}
	data, _, err := node.Found(node.Founding{
		Name: "town", Schema: dataset.Images(2, 4, 4), Members: members,
		Rules: func(m *ledger.Manifest) {
			m.Nonce = ledger.Salt{byte(seed), byte(seed >> 8), byte(seed >> 16)}
			m.Economy.Slots, m.Economy.Work = slots, work
		},
	})
	if err != nil {
		return nil, err
	}
	m, topic, err := ledger.DecodeManifest(data)
	if err != nil {
		return nil, err
	}
	return &town{State: incentives.NewState(m, topic)}, nil
}

func nameOf(what string, i uint64) ledger.Author {
	return sha256.Sum256(binary.BigEndian.AppendUint64([]byte(what), i))
}

// say certifies an entry. The error tells why it is not admitted, or has no
// effect.
func (t *town) say(author ledger.Author, body any) error {
	a := t.Account(author)
	e, err := ledger.Sign(func([]byte) []byte { return make([]byte, 64) }, author, t.Topic, a.Seq, a.Head, body)
	if err != nil {
		return err
	}
	if err := t.Admits(e, a, 0); err != nil {
		return err
	}
	if err := t.Apply(e, func(ledger.Author, []byte, []byte) bool { return true }); err != nil {
		return err
	}
	t.entries++
	return nil
}

// block ends a block. It tells whether the round is over.
func (t *town) block() bool {
	over, _ := t.EndBlock(ledger.SumBlob(fmt.Append(nil, "block ", t.Height)))
	return over
}

// until makes blocks until a phase begins.
func (t *town) until(phase incentives.Phase) {
	for t.Round.Phase < phase && !t.block() {
	}
}

func salt(author ledger.Author) ledger.Salt { return ledger.Salt(author[:16]) }

func deltaOf(author ledger.Author) ledger.CID { return ledger.SumBlob(author[:]) }

func (t *town) commit(author ledger.Author, work uint64) error {
	base := t.Anchor()
	hash := ledger.CommitHash(t.Topic, t.Round.Number, author, base, deltaOf(author), salt(author))
	return t.say(author, &ledger.Commit{Round: t.Round.Number, Base: base, Hash: hash, Work: work})
}

func (t *town) reveal(author ledger.Author, delta ledger.CID) error {
	return t.say(author, &ledger.Reveal{Round: t.Round.Number, Delta: delta, Size: 100, Salt: salt(author)})
}

// praise is the same good score for every delta but one's own.
func (t *town) praise(author ledger.Author) (scores []ledger.Score) {
	for i, a := range t.Round.Deltas() {
		if a != author {
			scores = append(scores, ledger.Score{Delta: uint64(i), U: 1 << 16, SE: 256})
		}
	}
	return scores
}
