package main

import (
	"context"
	"slices"

	"github.com/grapevine-network/grapevine/incentives"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/sim/lab"
)

// round is a real round that can be settled otherwise.
type round struct {
	lab.Ended
	err error
}

// settle pays for the round once more, from the state as it was, which change may
// change, and with deltas of one's choice.
func (r *round) settle(change func(s *incentives.State) []incentives.DeltaPay) *incentives.Settlement {
	s, err := incentives.FromLeaves(r.Before.Leaves())
	if err != nil {
		r.err = err
		return &incentives.Settlement{}
	}
	deltas := change(s)
	for i := range deltas {
		deltas[i].Score, deltas[i].Paid = 0, 0
	}
	return s.Settle(deltas, r.Outcome.Anchor)
}

// with pays for other deltas than those that there were.
func (r *round) with(deltas []incentives.DeltaPay) *incentives.Settlement {
	return r.settle(func(*incentives.State) []incentives.DeltaPay { return slices.Clone(deltas) })
}

// tallied counts the opinions of s again; what likeness said stays.
func (r *round) tallied(s *incentives.State) []incentives.DeltaPay {
	pay, deltas := payOf(r.Outcome.Deltas), s.Tally()
	for i := range deltas {
		deltas[i].Copy = deltas[i].Copy || pay[deltas[i].Author].Copy
	}
	return deltas
}

func joint(p *incentives.Settlement, who ...ledger.Author) (sum uint64) {
	for _, d := range p.Deltas {
		if slices.Contains(who, d.Author) {
			sum += d.Paid
		}
	}
	return sum
}

// gain compares what two ways of acting bring.
type gain struct {
	cheating, honest float64 // sums
	worst            float64 // largest ratio in a round
	units            int64   // largest difference in a round, base units
}

func (g *gain) add(cheating, honest uint64) {
	g.cheating, g.honest = g.cheating+float64(cheating), g.honest+float64(honest)
	g.units = max(g.units, int64(cheating)-int64(honest))
	if honest > 0 {
		g.worst = max(g.worst, float64(cheating)/float64(honest))
	}
}

func (g *gain) mean() float64 { return g.cheating / g.honest }

// choices settles each round of honest worlds again, as if some of the peers had
// been one attacker. Everything else stays as it was, so results are exact.
func choices(ctx context.Context, s size) ([]finding, error) {
	c, err := stage(s, "dirichlet:1", nil)
	if err != nil {
		return nil, err
	}
	all := newTrials()
	c.Ended = func(e lab.Ended) {
		r := &round{Ended: e}
		if who := r.group(3); len(who) == 3 {
			all.identities(r, who[0])
			all.leak(r, who[0], who[1])
			all.lastMover(r, who)
			all.collusion(r, who[0])
		}
		if err == nil {
			err = r.err
		}
	}
	if played := play(ctx, c); played != nil {
		return nil, played
	}
	return all.findings(), err
}

// group returns n authors whose deltas counted, others in each round.
func (r *round) group(n int) (who []ledger.Author) {
	for i := range r.Peers {
		author := r.Peers[(int(r.Outcome.Round)*n+i)%len(r.Peers)]
		if d := payOf(r.Outcome.Deltas)[author]; d.Counts && !d.Copy && len(who) < n {
			who = append(who, author)
		}
	}
	return who
}
