package main

import (
	"context"
	"fmt"
	"math"

	"github.com/grapevine-network/grapevine/incentives"
	"github.com/grapevine-network/grapevine/ledger"
)

// newcomers measures what identities without a bond can get by being many.
func newcomers(ctx context.Context, s size) (out []finding, err error) {
	if out, err = flood(ctx, s); err != nil {
		return nil, err
	}
	for _, k := range []int{1, 10, 100, 1_000} {
		found, err := lottery(ctx, s, k)
		if err != nil {
			return nil, err
		}
		out = append(out, found)
	}
	return out, nil
}

// flood lets 10,000 identities with work enough ask for a slot, all of whose
// deltas are as good as those of bonded peers.
func flood(ctx context.Context, s size) ([]finding, error) {
	const identities, workBits = 10_000, 4
	share, weight := 0.0, 0.0
	for seed := range uint64(s.seeds) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		t, err := newTown(seed, s.validators(), s.peers, 16, workBits)
		if err != nil {
			return nil, err
		}
		for i := range uint64(identities) {
			author, work := nameOf("stranger", i), uint64(0)
			for !t.Worked(author, t.Round.Number, work) {
				work++
			}
			_ = t.commit(author, work) // most find all slots taken
		}
		p := t.play(s)
		paid, its, all := uint64(0), uint64(0), uint64(0)
		for _, d := range p.Deltas {
			all += d.Weight
			if d.Newcomer {
				paid, its = paid+d.Paid, its+d.Weight
			}
		}
		share = max(share, float64(paid)/float64(p.Emission))
		weight = max(weight, float64(its)/float64(all))
	}
	return []finding{
		atMost(0.05, "10,000 newcomers", "their share of the emission", share),
		atMost(0.05, "10,000 newcomers", "their share of the mean", weight),
	}, nil
}

// play finishes a round in which all bonded trainers take part, and who has
// committed already.
func (t *town) play(s size) *incentives.Settlement {
	for i := range uint64(s.peers) {
		_ = t.commit(nameOf("peer", uint64(s.validators())+i), 0)
	}
	t.until(incentives.PhaseReveal)
	for author := range t.Round.Commits {
		_ = t.reveal(author, deltaOf(author))
	}
	t.until(incentives.PhaseSeal)
	for i := range uint64(s.validators()) {
		v := nameOf("peer", i)
		_ = t.say(v, &ledger.Seal{Round: t.Round.Number, Hash: ledger.SealHash(t.Topic, t.Round.Number, v, salt(v), t.praise(v))})
	}
	t.until(incentives.PhaseOpen)
	for i := range uint64(s.validators()) {
		v := nameOf("peer", i)
		_ = t.say(v, &ledger.Opening{Round: t.Round.Number, Salt: salt(v), Scores: t.praise(v)})
	}
	for !t.block() {
	}
	return t.Settle(t.Tally(), ledger.SumBlob([]byte("next")))
}

// lottery gives k identities of one attacker half of all work, and a thousand
// honest newcomers the other half: two tries each. Its figure is by how much the
// lower end of the 95 % interval of the attacker's share of the slots exceeds its
// share of the work.
func lottery(ctx context.Context, s size, k int) (finding, error) {
	const honest, tries, slots = 1_000, 2, 16
	var sum, squares, n float64
	for seed := range uint64(s.seeds * s.rounds) {
		if err := ctx.Err(); err != nil {
			return finding{}, err
		}
		t, err := newTown(seed, 1, 1, slots, 0)
		if err != nil {
			return finding{}, err
		}
		for i := range uint64(honest) {
			author := nameOf("honest", i)
			_ = t.commit(author, t.mine(author, tries))
		}
		for i := range uint64(k) {
			author := nameOf("many", i)
			_ = t.commit(author, t.mine(author, honest*tries/k))
		}
		got := 0.0
		for i := range uint64(k) {
			if _, has := t.Round.Commits[nameOf("many", i)]; has {
				got += 1.0 / slots
			}
		}
		sum, squares, n = sum+got, squares+got*got, n+1
	}
	mean := sum / n
	half := 1.96 * math.Sqrt(max(0, squares/n-mean*mean)/n)
	return atMost(0.5, fmt.Sprintf("%d newcomers with half of all work", k),
		fmt.Sprintf("share of the slots, lower end of %.3f ± %.3f", mean, half), mean-half), nil
}

// mine returns the best of so many tries.
func (t *town) mine(author ledger.Author, tries int) (best uint64) {
	least := ledger.WorkHash(t.Topic, t.Round.Number, author, 0)
	for work := range uint64(tries) {
		if h := ledger.WorkHash(t.Topic, t.Round.Number, author, work); string(h[:]) < string(least[:]) {
			best, least = work, h
		}
	}
	return best
}
