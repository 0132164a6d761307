package main

import (
	"context"
	"time"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/sim"
	"github.com/grapevine-network/grapevine/node/sim/adversary"
)

// seats is how many peers of a simulated network vote. It is few, as what a vote
// costs grows with the square; the figures do not depend on it.
const seats = 10

// network measures what needs consensus: forks of chains and of history, peers
// that leave others out, networks that fall apart.
func network(ctx context.Context, s size) (out []finding, err error) {
	for _, run := range []func(s size) ([]finding, error){equivocation, doubleVotes, manyTwins, censors, withheld, partition, longRange} {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		found, err := run(s)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}

// worlds runs a simulation for each seed. The simulator's witness ends it with an
// error at the first fork, divergent state or lost token.
func (s size) worlds(c sim.Config, play func(w *sim.World) error) error {
	c.Validators, c.Trainers = seats, max(s.peers, seats)+len(c.Attack)-seats
	for seed := range uint64(s.seeds) {
		c.Seed = seed + 1
		w, err := sim.New(c)
		if err == nil {
			err = play(w)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// censors is three of ten validators that leave one peer out of their blocks.
func censors(s size) ([]finding, error) {
	worst := 0
	attack := map[int]adversary.Kind{1: adversary.Censor, 4: adversary.Censor, 8: adversary.Censor}
	err := s.worlds(sim.Config{Attack: attack}, func(w *sim.World) error {
		missed, longest := map[ledger.Author]int{}, 0
		for range s.networkRounds() {
			reveals, err := revealed(w)
			if err != nil {
				return err
			}
			for _, p := range w.Honest() {
				if missed[p.Author()]++; reveals[p.Author()] {
					missed[p.Author()] = 0
				}
				longest = max(longest, missed[p.Author()])
			}
		}
		worst = max(worst, longest+1)
		return nil
	})
	return []finding{atMost(2, "3 of 10 validators leave a peer out", "rounds until its entry is in, at worst", float64(worst))}, err
}

// networkRounds is for how many rounds a network is watched.
func (s size) networkRounds() int { return min(s.rounds, 10) }

// revealed runs a round and tells whose delta was certified in it.
func revealed(w *sim.World) (map[ledger.Author]bool, error) {
	state := w.Honest()[0].Replica().State
	number, authors := state.Round.Number, map[ledger.Author]bool{}
	err := w.Until(func() bool {
		if state.Round.Number == number {
			for author := range state.Round.Reveals {
				authors[author] = true
			}
		}
		return state.Round.Number > number
	}, 10*time.Minute)
	return authors, err
}

// withheld is two trainers that reveal their deltas and give them to nobody.
func withheld(s size) ([]finding, error) {
	last := max(s.peers, seats) + 1 // without a stake
	attack := map[int]adversary.Kind{last - 1: adversary.Withhold, last: adversary.Withhold}
	calm, blocks, paid := 0.0, 0.0, 0.0
	count := func(sum *float64) func(w *sim.World) error {
		return func(w *sim.World) error {
			if err := w.Run(uint64(s.networkRounds())); err != nil {
				return err
			}
			state := w.Honest()[0].Replica().State
			*sum += float64(state.Height) / float64(state.Round.Number)
			for i := range attack {
				if sum == &blocks {
					paid += float64(state.Account(w.Peers[i].Author()).Balance) - 1_000
				}
			}
			return nil
		}
	}
	if err := s.worlds(sim.Config{}, count(&calm)); err != nil {
		return nil, err
	}
	err := s.worlds(sim.Config{Attack: attack}, count(&blocks))
	return []finding{
		atMost(0, "two reveal and withhold their deltas", "what they earned, base units", paid),
		atMost(1, "two reveal and withhold their deltas", "blocks that a round takes more: validators wait one interval", (blocks-calm)/float64(s.seeds)),
	}, err
}

// partition cuts a network in halves for as long as ten rounds take.
func partition(s size) ([]finding, error) {
	heights, rounds := 0.0, 0.0
	err := s.worlds(sim.Config{}, func(w *sim.World) error {
		if err := w.Run(2); err != nil {
			return err
		}
		each := w.Now() / 2
		side := map[int]int{}
		for i := range w.Peers {
			side[i] = i % 2
		}
		w.Split(side)
		if err := w.For(10 * time.Second); err != nil { // what was in flight may still be decided
			return err
		}
		height := top(w.Honest())
		if err := w.For(10 * each); err != nil {
			return err
		}
		heights = max(heights, float64(top(w.Honest())-height))
		w.Heal()
		took, err := converge(w)
		rounds = max(rounds, float64(took))
		return err
	})
	return []finding{
		atMost(0, "network in halves for ten rounds", "heights certified meanwhile", heights),
		atMost(2, "network in halves for ten rounds", "rounds until all have the same again", rounds),
	}, err
}

func top(peers []*sim.Peer) (height uint64) {
	for _, p := range peers {
		height = max(height, p.Replica().Head.Height)
	}
	return height
}

// converge runs until all honest peers have been at one block since the healing.
// It returns after how many rounds.
func converge(w *sim.World) (int, error) {
	first := w.Honest()[0].Replica().State
	from, height := first.Round.Number, top(w.Honest())
	err := w.Until(func() bool {
		head := w.Honest()[0].Replica().Head
		for _, p := range w.Honest() {
			if p.Replica().Head != head {
				return false
			}
		}
		return head.Height > height
	}, time.Hour)
	return int(first.Round.Number - from), err
}
