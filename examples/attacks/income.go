package main

import (
	"context"
	"fmt"

	"github.com/grapevine-network/grapevine/learning/dataset"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/sim/adversary"
	"github.com/grapevine-network/grapevine/node/sim/lab"
)

// lone are attackers of which one of each kind is among the honest peers, and
// what it may earn, as a share of what an honest peer earns; none: reported.
var lone = []struct {
	kind  adversary.Kind
	name  string
	limit float64
}{
	{adversary.FreeRideZero, "free rider, nothing", 0.001},
	{adversary.FreeRide, "free rider, next to nothing", 0.001},
	{adversary.FreeRideNoise, "free rider, noise", 0.001},
	{adversary.Noise, "free rider, random signs", 0.001},
	{adversary.Replay, "own delta again", 0},
	{adversary.Copy, "delta of the round before", 0},
	{adversary.Copy99, "the same, cosine 0.99", 0.05},
	{adversary.Copy95, "the same, cosine 0.95", 0.05},
	{adversary.Copy90, "the same, cosine 0.9", 0.5},
	{adversary.Copy80, "the same, cosine 0.8", none},
	{adversary.CopyMost, "the same without a quarter", none},
	{adversary.CopyHalf, "the same without half", none},
}

const none = -1

// income measures what those earn who do no work, or others' work, on alike and
// on skewed data. The first round is left out: there is nothing to copy.
func income(ctx context.Context, s size) (out []finding, err error) {
	attack := map[adversary.Kind]int{}
	for _, a := range lone {
		attack[a.kind] = 1
	}
	var purses []*purse
	for _, partition := range []string{"iid", "dirichlet:0.2"} {
		c, err := stage(s, partition, attack)
		if err != nil {
			return nil, err
		}
		p := &purse{}
		p.watch(&c, s, 1)
		if err := play(ctx, c); err != nil {
			return nil, err
		}
		purses = append(purses, p)
	}
	for _, a := range lone {
		gain := 0.0
		for _, p := range purses {
			i := s.peers + place(a.kind)
			gain = max(gain, p.mean(i, i+1)/p.mean(0, s.peers))
		}
		const measured = "income to an honest peer's, iid or skewed: the larger"
		if a.limit == none {
			out = append(out, reported(a.name, measured, gain))
			continue
		}
		out = append(out, atMost(a.limit, a.name, measured, gain))
	}
	for i, limit := range []float64{0, 0.001} {
		skew := []string{"iid", "dirichlet 0.2"}[i]
		p := purses[i]
		out = append(out, atMost(limit, "copies among honest peers, "+skew, fmt.Sprintf("share of %d honest deltas taken for copies", p.honest),
			float64(p.refused)/float64(p.honest)))
	}
	return out, nil
}

// place is where an attacker stands among those after the honest peers: the
// laboratory puts them there from the end, in the order of the list of attacks.
func place(kind adversary.Kind) int {
	after := 0
	for _, k := range adversary.Kinds {
		for _, a := range lone {
			if a.kind == k && k == kind {
				return len(lone) - 1 - after
			} else if a.kind == k {
				after++
			}
		}
	}
	panic("no such attacker")
}

// groups are how many identities an attacker's data and bond are split among.
var groups = []int{2, 5, 10}

// splits lets identities share what the first honest peer has: its data in parts,
// its bond in parts. All are in one world.
func splits(ctx context.Context, s size) (out []finding, err error) {
	c, err := stage(s, "iid", nil)
	if err != nil {
		return nil, err
	}
	train, test, err := dataset.MNIST()
	if err != nil {
		return nil, err
	}
	c.Load = func(seed uint64) (*lab.Data, error) {
		parts, err := dataset.Partition("iid", train.Y, nil, s.peers, seed)
		if err != nil {
			return nil, err
		}
		for _, k := range groups {
			for i := range k {
				parts = append(parts, every(parts[0], k, i))
			}
		}
		return share(train, test, parts, seed), nil
	}
	c.Found = found(s, "softmax", func(m *ledger.Manifest) {
		at := s.peers
		for _, k := range groups {
			for range k {
				m.Genesis[at].Bond = bond / uint64(k)
				at++
			}
		}
	})
	for _, k := range groups {
		c.Peers += k
	}
	p := &purse{}
	p.watch(&c, s, 0)
	if err := play(ctx, c); err != nil {
		return nil, err
	}
	at := s.peers
	for _, k := range groups {
		joint := p.mean(at, at+k) * float64(k)
		out = append(out, atMost(1, fmt.Sprintf("bond and data split among %d", k), "joint income to that of an honest peer with the same bond", joint/p.mean(0, s.peers)))
		at += k
	}
	return out, nil
}

// every returns the i-th of each k rows.
func every(rows []int, k, i int) (out []int) {
	for ; i < len(rows); i += k {
		out = append(out, rows[i])
	}
	return out
}

// outliers are 35 of 100 identities that send one and the same long vector, to
// move the centre by which copies are known.
func outliers(ctx context.Context, s size) ([]finding, error) {
	c, err := stage(s, "iid", map[adversary.Kind]int{adversary.Outlier: s.peers * 35 / 65})
	if err != nil {
		return nil, err
	}
	p := &purse{}
	p.watch(&c, s, 0)
	if err := play(ctx, c); err != nil {
		return nil, err
	}
	return []finding{
		atMost(0, "one outlier from 35 % of all", fmt.Sprintf("share of %d honest deltas taken for copies", p.honest), float64(p.refused)/float64(p.honest)),
		reported("one outlier from 35 % of all", "income to an honest peer's", p.mean(s.peers, c.Peers)/p.mean(0, s.peers)),
	}, nil
}
