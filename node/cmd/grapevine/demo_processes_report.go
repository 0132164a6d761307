package main

import (
	"fmt"
	"io"
	"time"

	"github.com/grapevine-network/grapevine/node"
)

// fleetReport has the keys of demoReport. What only the peers' own processes know
// is null.
type fleetReport struct {
	Topic     string         `json:"topic"`
	Peers     int            `json:"peers"`
	Rounds    uint64         `json:"rounds"`
	Height    uint64         `json:"height"`
	Anchor    string         `json:"anchor"`
	Agreement bool           `json:"agreement"`
	Accuracy  float64        `json:"accuracy"`
	Balanced  float64        `json:"balanced_accuracy"`
	Loss      float64        `json:"loss"`
	AUC       *float64       `json:"auc"`
	Bits      *float64       `json:"bits_per_character"`
	Alone     *aloneReport   `json:"alone"`
	Rewards   []rewardLine   `json:"rewards"`
	Supply    supplyReport   `json:"supply"`
	Network   *networkReport `json:"network"`
	Seconds   secondsReport  `json:"seconds"`
	CPU       *float64       `json:"cpu_seconds"`
}

// report reads the homes that the peers have left.
func (f *fleet) report() (*fleetReport, error) {
	all, err := f.views()
	if err != nil {
		return nil, err
	}
	earned := earnings{}
	if _, err := node.Replay(f.all[0].home, earned.visit); err != nil {
		return nil, readFailure(f.all[0].home, err)
	}
	a := all[0].report.Replica
	r := &fleetReport{
		Topic: a.Topic.String(), Peers: f.peers, Rounds: f.settled, Height: a.Head.Height, Anchor: a.State.Anchor().String(), Agreement: agreeing(all),
		Accuracy: f.now.Accuracy, Balanced: f.now.BalancedAccuracy, Loss: f.now.Loss, Supply: supplyOf(a.State),
		Seconds: secondsReport{Total: time.Since(f.start).Seconds(), Train: f.trainEnd.Sub(f.start).Seconds()},
	}
	r.AUC, r.Bits = onlyIfThere(f.now, f.shards.schema)
	if !f.reached.IsZero() {
		t := f.reached.Sub(f.start).Seconds()
		r.Seconds.ToTarget = &t
	}
	for _, g := range f.manifest.Genesis {
		account, paid := a.State.Account(g.Author), earned.of(g.Author)
		r.Rewards = append(r.Rewards, rewardLine{
			Peer: g.Author.String(), Alias: node.Alias(g.Author), Role: "trainer,validator",
			Training: paid.training, Validating: paid.validating, Balance: account.Balance, Bond: account.Bond, Stake: account.Stake,
		})
	}
	return r, nil
}

func (r *fleetReport) print(w io.Writer) {
	fmt.Fprintf(w, "\nTogether, after %d rounds    accuracy %.3f   balanced %.3f   loss %.3f%s\n\n", r.Rounds, r.Accuracy, r.Balanced, r.Loss, more(r.AUC, r.Bits))
	printRewards(w, r.Rewards)
	agreement := "all peers hold the same blocks, models and balances"
	if !r.Agreement {
		agreement = "the peers do NOT agree"
	}
	fmt.Fprintf(w, "\nheight %d: %s\n%.1f s in all, %.1f s of it learning\n", r.Height, agreement, r.Seconds.Total, r.Seconds.Train)
}
