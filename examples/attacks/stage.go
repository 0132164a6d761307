package main

import (
	"context"

	"github.com/grapevine-network/grapevine/incentives"
	"github.com/grapevine-network/grapevine/learning"
	"github.com/grapevine-network/grapevine/learning/dataset"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node"
	"github.com/grapevine-network/grapevine/node/sim/adversary"
	"github.com/grapevine-network/grapevine/node/sim/lab"
)

// bond is what an honest peer has locked, and the stake of a validator.
const bond = 1_000_000_000

// validators is how many of the honest peers validate.
func (s size) validators() int { return min(s.peers, 20) }

// stage is a laboratory in which honest peers, and attackers after them, learn
// the embedded digits. Attackers have a bond and no stake.
func stage(s size, partition string, attack map[adversary.Kind]int) (lab.Config, error) {
	train, test, err := dataset.MNIST()
	c := lab.Config{
		Peers: s.peers, Rounds: s.rounds, Seeds: s.seeds, Seed: 1, Scorers: s.validators(), Attack: attack, Trainer: node.TrainerOf,
		Found: found(s, "softmax"),
	}
	for _, n := range attack {
		c.Peers += n
	}
	peers := c.Peers
	c.Load = func(seed uint64) (*lab.Data, error) {
		parts, err := dataset.Partition(partition, train.Y, nil, peers, seed)
		if err != nil {
			return nil, err
		}
		return share(train, test, parts, seed), nil
	}
	return c, err
}

// share gives each peer its part, of which it holds a fifth back.
func share(train, test learning.Samples, parts [][]int, seed uint64) *lab.Data {
	d := &lab.Data{Schema: dataset.Images(10, 28, 28), Test: test}
	for i, rows := range parts {
		own, held := dataset.Holdout(rows, train.Y, 0.2, seed+uint64(i))
		d.Train, d.Held = append(d.Train, train.Subset(own)), append(d.Held, train.Subset(held))
	}
	return d
}

// found makes the topic of a laboratory: a node's defaults, in phases of few
// blocks, with such changes as are given.
func found(s size, model string, changes ...func(m *ledger.Manifest)) func(uint64, *lab.Data, []ledger.Member) ([]byte, []byte, error) {
	return func(seed uint64, data *lab.Data, members []ledger.Member) ([]byte, []byte, error) {
		for i := range members {
			members[i].Bond, members[i].Stake = bond, 0
			if i < s.validators() {
				members[i].Stake = bond
			}
		}
		return node.Found(node.Founding{
			Name: "attacks", Model: model, Schema: data.Schema, Seed: seed, Members: members,
			Rules: func(m *ledger.Manifest) {
				m.Nonce = ledger.Salt{byte(seed), byte(seed >> 8)}
				m.Rounds.Commit, m.Rounds.Reveal, m.Rounds.Seal, m.Rounds.Open = 3, 3, 3, 3
				for _, change := range changes {
					change(m)
				}
			},
		})
	}
}

// purse is what each peer was paid for training, over all seeds.
type purse struct {
	paid    []uint64 // by number
	honest  int      // deltas of honest peers that counted
	refused int      // of them, taken for copies
}

// watch lets a purse add up what is paid from round first on.
func (p *purse) watch(c *lab.Config, s size, first uint64) {
	p.paid = make([]uint64, c.Peers)
	c.Ended = func(e lab.Ended) {
		pay := payOf(e.Outcome.Deltas)
		for i, author := range e.Peers {
			d, revealed := pay[author]
			if e.Outcome.Round >= first {
				p.paid[i] += d.Paid
			}
			if i < s.peers && revealed && d.Counts {
				p.honest++
				if d.Copy {
					p.refused++
				}
			}
		}
	}
}

// mean is what peers from to before to were paid on average.
func (p *purse) mean(from, to int) float64 {
	sum := 0.0
	for _, x := range p.paid[from:to] {
		sum += float64(x)
	}
	return sum / float64(to-from)
}

func payOf(deltas []incentives.DeltaPay) map[ledger.Author]incentives.DeltaPay {
	pay := map[ledger.Author]incentives.DeltaPay{}
	for _, d := range deltas {
		pay[d.Author] = d
	}
	return pay
}

// play runs a laboratory for what it tells on the way.
func play(ctx context.Context, c lab.Config) error {
	_, err := lab.Run(ctx, c)
	return err
}
