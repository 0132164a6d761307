package main

import (
	"fmt"
	"time"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/audit"
	"github.com/grapevine-network/grapevine/node/sim"
	"github.com/grapevine-network/grapevine/node/sim/adversary"
)

// equivocation is a peer that signs two entries for one place of its chain.
func equivocation(s size) ([]finding, error) {
	return slashed(s, "two entries for one place", map[int]adversary.Kind{1: adversary.Equivocate})
}

// doubleVotes is three of ten validators that vote for a block and against it.
func doubleVotes(s size) ([]finding, error) {
	return slashed(s, "3 of 10 validators vote twice", map[int]adversary.Kind{1: adversary.DoubleVote, 4: adversary.DoubleVote, 8: adversary.DoubleVote})
}

// slashed measures how many honest peers know of the culprits two rounds later,
// and what those have left of bond and stake.
func slashed(s size, name string, attack map[int]adversary.Kind) ([]finding, error) {
	know, all, left := 0.0, 0.0, 0.0
	err := s.worlds(sim.Config{Attack: attack}, func(w *sim.World) error {
		before := map[int]ledger.Author{}
		for i := range attack {
			before[i] = w.Peers[i].Author()
		}
		if err := w.Run(2); err != nil {
			return err
		}
		for _, p := range w.Honest() {
			for _, culprit := range before {
				a := p.Replica().State.Account(culprit)
				all++
				if a.Forked {
					know++
				}
				left = max(left, float64(a.Bond+a.Stake)/2_000_000)
			}
		}
		return nil
	})
	return []finding{
		atLeast(0.99, name, "share of the honest who hold the proof on the ledger after 2 rounds", know/all),
		atMost(0.5, name, "what is left of bond and stake at most", left),
	}, err
}

// manyTwins is four of ten validators that run twice, one copy on each side of a
// broken network: more than consensus can bear. Two histories come of it, and the
// certificates show who signed both.
func manyTwins(s size) ([]finding, error) {
	guilty := 1.0
	for seed := range uint64(s.seeds) {
		twins := map[int]bool{0: true, 1: true, 2: true, 3: true}
		w, err := sim.New(sim.Config{Seed: seed + 1, Validators: seats, Twin: twins})
		if err != nil {
			return nil, err
		}
		side := map[int]int{}
		for i := range w.Peers { // twins come in pairs, then the honest
			side[i] = i % 2
		}
		w.Split(side)
		err = w.For(5 * time.Minute) // until the witness sees two blocks at one height
		share, forked := bothSigned(w)
		if !forked {
			return nil, fmt.Errorf("four twins of ten forked nothing: %v", err)
		}
		guilty = min(guilty, share)
	}
	return []finding{atLeast(1.0/3, "4 of 10 validators run twice, the network is broken", "share of the stake that provably signed both histories", guilty)}, nil
}

// bothSigned finds a height at which two peers have other blocks, and what stake
// signed both. Twins have certificates, too, some of them first.
func bothSigned(w *sim.World) (share float64, forked bool) {
	committee := w.Honest()[0].Replica().State.Now
	for h := uint64(1); h <= top(w.Peers); h++ {
		var first *ledger.Certificate
		for _, p := range w.Peers {
			c, err := p.Certificate(h)
			switch {
			case err != nil:
			case first == nil:
				first = c
			case c.Head() != first.Head():
				return both(committee, first, c), true
			}
		}
	}
	return 0, false
}

// both is the share of the stake that signed two certificates.
func both(committee ledger.Committee, x, y *ledger.Certificate) float64 {
	stake := uint64(0)
	for seat, v := range committee {
		if voted(x, seat) && voted(y, seat) {
			stake += v.Stake
		}
	}
	return float64(stake) / float64(committee.Stake())
}

func voted(c *ledger.Certificate, seat int) bool {
	return seat/8 < len(c.Signers) && c.Signers[seat/8]>>(seat%8)&1 == 1
}

// longRange offers to somebody who has a checkpoint another history, which the
// same validators have signed with the same keys, in another world.
func longRange(s size) ([]finding, error) {
	taken := 0.0
	for seed := range uint64(s.seeds) {
		var offers []*sim.Peer
		for i := range uint64(2) {
			w, err := sim.New(sim.Config{Seed: 2*seed + i, Validators: 4, Real: true, Rules: func(m *ledger.Manifest) {
				m.Name, m.Rounds.Checkpoint = "long range", 4
			}})
			if err == nil {
				err = w.Run(4)
			}
			if err != nil {
				return nil, err
			}
			offers = append(offers, w.Peers[0])
		}
		fits, err := follows(offers[0], offers[0])
		if err != nil || !fits {
			return nil, fmt.Errorf("a client does not follow its own history: %v", err)
		}
		if fits, err = follows(offers[0], offers[1]); err != nil {
			return nil, err
		} else if fits {
			taken++
		}
	}
	return []finding{atMost(0, "another history, signed by all old keys", "times that a client with a checkpoint takes it", taken)}, nil
}

// follows tells whether a client that trusts a checkpoint of one peer takes the
// history of another.
func follows(trusted, offering *sim.Peer) (bool, error) {
	r := trusted.Replica()
	_, b, links, err := offering.Snapshot()
	if err != nil {
		return false, err
	}
	committee, err := audit.Follow(r.Manifest, r.Topic, r.Checkpoint(), links, b.Header, ledger.Ed25519)
	return err == nil && committee == b.Header.Committee, nil
}
