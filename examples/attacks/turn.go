package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"math/big"
	"slices"

	"github.com/grapevine-network/grapevine/incentives"
	"github.com/grapevine-network/grapevine/ledger"
)

// outOfTurn measures what those get who say what they may not.
func outOfTurn(ctx context.Context, s size) (out []finding, err error) {
	for _, run := range []func(s size) ([]finding, error){thieves, spam, forgeries} {
		found, err := run(s)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, ctx.Err()
}

// thieves are a trainer that reveals what another has just revealed, and a
// validator that seals and opens what another has.
func thieves(s size) ([]finding, error) {
	t, err := newTown(1, s.validators(), s.peers, 0, 0)
	if err != nil {
		return nil, err
	}
	trainer := func(i int) ledger.Author { return nameOf("peer", uint64(s.validators()+i)) }
	validator := func(i int) ledger.Author { return nameOf("peer", uint64(i)) }
	for i := range s.peers {
		_ = t.commit(trainer(i), 0)
	}
	t.until(incentives.PhaseReveal)
	for i := 1; i < s.peers; i++ {
		_ = t.reveal(trainer(i), deltaOf(trainer(i)))
	}
	_ = t.reveal(trainer(0), deltaOf(trainer(1)))
	t.until(incentives.PhaseSeal)
	for i := 1; i < s.validators(); i++ {
		v := validator(i)
		_ = t.say(v, &ledger.Seal{Round: t.Round.Number, Hash: ledger.SealHash(t.Topic, t.Round.Number, v, salt(v), t.praise(v))})
	}
	_ = t.say(validator(0), &ledger.Seal{Round: t.Round.Number, Hash: t.Round.Seals[validator(1)]})
	t.until(incentives.PhaseOpen)
	for i := range s.validators() {
		v := validator(max(i, 1)) // the thief opens what was sealed by the next
		_ = t.say(validator(i), &ledger.Opening{Round: t.Round.Number, Salt: salt(v), Scores: t.praise(v)})
	}
	for !t.block() {
	}
	p := t.Settle(t.Tally(), ledger.SumBlob([]byte("next")))
	var duty [2]float64
	for _, v := range p.Validators {
		if i := slices.Index([]ledger.Author{validator(0), validator(1)}, v.Author); i >= 0 {
			duty[i] = float64(v.Paid)
		}
	}
	return []finding{
		atMost(0, "another's delta, revealed after it", "income to an honest peer's", float64(joint(p, trainer(0)))/float64(joint(p, trainer(1)))),
		atMost(0.1, "validator that opens another's scores", "duty pay to that of one who works", duty[0]/duty[1]),
	}, nil
}

// spam is a peer that says as much as it can, and strangers that do.
func spam(s size) ([]finding, error) {
	const attempts = 1_000
	t, err := newTown(1, s.validators(), s.peers, 16, 14)
	if err != nil {
		return nil, err
	}
	balances, _, _ := t.Held()
	for i := range uint64(attempts) {
		_ = t.say(nameOf("stranger", i), &ledger.Transfer{To: nameOf("peer", 1), Amount: 1})
	}
	strangers := t.entries
	p := t.play(s)
	calm := t.entries
	spammer := nameOf("peer", 0)
	_ = t.commit(nameOf("peer", uint64(s.validators())), 0) // a round is in flight
	for range attempts {
		_ = t.say(spammer, &ledger.Transfer{To: nameOf("peer", 1), Amount: 1})
	}
	burst := t.entries - calm - 1
	t.block()
	after, _, _ := t.Held()
	return []finding{
		atMost(0, "1,000 strangers without work", "entries that were taken", float64(strangers)),
		atMost(2, "a peer says 1,000 things in a round", "entries of the round to those without it", float64(calm+burst)/float64(calm)),
		atMost(0, "dust: 1,000 transfers of one unit", "units gained by all together", float64(after)-float64(balances)-float64(minted(p))),
	}, nil
}

// minted is what a round paid into balances.
func minted(p *incentives.Settlement) uint64 { return p.Minted - p.Treasury }

// forgeries are entries whose signature somebody else could have made, and bytes
// that are not the canonical ones: every peer has to refuse all of them.
func forgeries(s size) ([]finding, error) {
	tried, taken := 0, 0
	try := func(data []byte) {
		tried++
		if e, err := ledger.DecodeEntry(data); err == nil && e.Verify(ledger.Ed25519) == nil {
			taken++
		}
	}
	for seed := range s.seeds {
		hash := sha256.Sum256([]byte{byte(seed)})
		key := ed25519.NewKeyFromSeed(hash[:])
		author := ledger.Author(key.Public().(ed25519.PublicKey))
		e, err := ledger.Sign(func(b []byte) []byte { return ed25519.Sign(key, b) }, author, ledger.SumBlob(hash[:]), 0, ledger.SumBlob(hash[:]),
			&ledger.Transfer{To: nameOf("peer", 1), Amount: 7})
		if err != nil {
			return nil, err
		}
		for bit := range 8 * len(e.Bytes()) {
			changed := slices.Clone(e.Bytes())
			changed[bit/8] ^= 1 << (bit % 8)
			try(changed)
		}
		for _, sig := range [][]byte{plusOrder(e.Sig[:]), make([]byte, 64)} {
			changed := slices.Clone(e.Bytes())
			at := index(changed, e.Sig[:])
			copy(changed[at:], sig)
			try(changed)
		}
		try(smallOrder(e))
		try(append(slices.Clone(e.Bytes()), 0))
	}
	return []finding{atMost(0, "changed, malformed and small-order entries", "accepted, of "+number(float64(tried)), float64(taken))}, nil
}

// plusOrder adds the order of the group to the scalar of a signature, which
// careless verifiers take for the same.
func plusOrder(sig []byte) []byte {
	order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	scalar := slices.Clone(sig[32:])
	slices.Reverse(scalar)
	sum := new(big.Int).Add(new(big.Int).SetBytes(scalar), order).FillBytes(make([]byte, 32))
	slices.Reverse(sum)
	return append(slices.Clone(sig[:32]), sum...)
}

// smallOrder is the entry under a key of order 1, with a signature that fits any
// message under such a key.
func smallOrder(e *ledger.Entry) []byte {
	one := make([]byte, 32)
	one[0] = 1
	data := slices.Clone(e.Bytes())
	copy(data[index(data, e.Author[:]):], one)
	copy(data[index(data, e.Sig[:]):], append(slices.Clone(one), make([]byte, 32)...))
	return data
}

func index(data, part []byte) int { return bytes.Index(data, part) }
