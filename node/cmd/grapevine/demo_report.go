package main

import (
	"context"
	"slices"
	"time"

	"github.com/grapevine-network/grapevine/incentives"
	"github.com/grapevine-network/grapevine/learning/model"
	"github.com/grapevine-network/grapevine/node"
	"github.com/grapevine-network/grapevine/node/audit"
)

// demoReport is the data of `demo -o json`. Other programs read it: every field is
// always there. With --processes, numbers that only the peers' own processes know are
// null: those of alone, of network but dense_bytes, and cpu_seconds.
type demoReport struct {
	Topic     string        `json:"topic"`
	Peers     int           `json:"peers"`
	Rounds    uint64        `json:"rounds"`
	Height    uint64        `json:"height"`
	Anchor    string        `json:"anchor"`
	Agreement bool          `json:"agreement"`
	Accuracy  float64       `json:"accuracy"`
	Balanced  float64       `json:"balanced_accuracy"`
	Loss      float64       `json:"loss"`
	AUC       *float64      `json:"auc"`                // null unless there are two classes
	Bits      *float64      `json:"bits_per_character"` // null unless the data are text
	Alone     aloneReport   `json:"alone"`
	Rewards   []rewardLine  `json:"rewards"`
	Supply    supplyReport  `json:"supply"`
	Network   networkReport `json:"network"`
	Seconds   secondsReport `json:"seconds"`
	CPU       *float64      `json:"cpu_seconds"`
}

type aloneReport struct {
	Mean  *float64 `json:"mean"`
	Best  *float64 `json:"best"`
	Worst *float64 `json:"worst"`
}

type rewardLine struct {
	Peer       string `json:"peer"`
	Alias      string `json:"alias"`
	Role       string `json:"role"`
	Attack     string `json:"attack"`
	Training   uint64 `json:"earned_training"`
	Validating uint64 `json:"earned_validating"`
	Balance    uint64 `json:"balance"`
	Bond       uint64 `json:"bond"`
	Stake      uint64 `json:"stake"`
}

type supplyReport struct {
	Cap       uint64 `json:"cap"`
	Remaining uint64 `json:"remaining"`
	Balances  uint64 `json:"balances"`
	Bonds     uint64 `json:"bonds"`
	Stakes    uint64 `json:"stakes"`
	Burnt     uint64 `json:"burnt"`
}

type networkReport struct {
	Sent      *int64   `json:"bytes_sent"`
	Received  *int64   `json:"bytes_received"`
	Messages  *int64   `json:"messages"`
	DeltaMean *float64 `json:"delta_bytes_mean"`
	Dense     uint64   `json:"dense_bytes"`
}

type secondsReport struct {
	Total    float64  `json:"total"`
	Train    float64  `json:"train"`
	ToTarget *float64 `json:"to_target"`
}

// report ends the network in good order and says what came of it.
func (d *demo) report(ctx context.Context) (*demoReport, error) {
	for _, n := range d.nodes {
		if err := n.Pause(ctx, true); err != nil {
			return nil, err
		}
	}
	// The event that ended the demo came out of a step: its outcome is noted after it.
	if err := d.nodes[0].Inspect(ctx, func(*audit.Replica) {}); err != nil {
		return nil, err
	}
	agreed := d.agree(ctx)
	alone, err := d.reportAlone()
	if err != nil {
		return nil, err
	}
	var r *demoReport
	if err := d.nodes[0].Inspect(ctx, func(a *audit.Replica) { r = d.reportState(a) }); err != nil {
		return nil, err
	}
	r.Agreement, r.Alone, r.CPU = agreed, alone, cpuSeconds()
	d.reportNetwork(&r.Network)
	return r, nil
}

// reportState is what the ledger tells of how the demo went, and the clock.
func (d *demo) reportState(a *audit.Replica) *demoReport {
	r := &demoReport{
		Topic: a.Topic.String(), Peers: d.peers, Rounds: d.settled, Height: a.Head.Height, Anchor: a.State.Anchor().String(),
		Accuracy: d.now.Accuracy, Balanced: d.now.BalancedAccuracy, Loss: d.now.Loss, Supply: supplyOf(a.State),
		Network: networkReport{Dense: 4 * d.manifest.Learning.Params()},
		Seconds: secondsReport{Total: time.Since(d.start).Seconds(), Train: d.trainEnd.Sub(d.start).Seconds()},
	}
	r.AUC, r.Bits = onlyIfThere(d.now, d.shards.schema)
	if !d.reached.IsZero() {
		t := d.reached.Sub(d.start).Seconds()
		r.Seconds.ToTarget = &t
	}
	for i, g := range d.manifest.Genesis {
		account, earned := a.State.Account(g.Author), d.earned.of(g.Author)
		r.Rewards = append(r.Rewards, rewardLine{
			Peer: g.Author.String(), Alias: node.Alias(g.Author), Role: "trainer,validator", Attack: string(d.attack[i]),
			Training: earned.training, Validating: earned.validating,
			Balance: account.Balance, Bond: account.Bond, Stake: account.Stake,
		})
	}
	return r
}

// agree waits, three seconds at most, until all honest peers hold the same height,
// and tells whether they hold the same block, model and state. While they do and
// there is time, it waits for the block that proves what the last round paid.
func (d *demo) agree(ctx context.Context) bool {
	begun, end := time.Now(), d.start.Add(d.length()-d.reserve()).Add(3*time.Second)
	for {
		all, now := d.statuses(), time.Now()
		agreed := same(all)
		if agreed && d.proven(all) || !agreed && now.Sub(begun) > 3*time.Second || now.After(end) {
			return agreed
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return false
		}
	}
}

func (d *demo) statuses() (out []node.Status) {
	for _, i := range d.honest() {
		out = append(out, d.nodes[i].Status())
	}
	return out
}

func same(all []node.Status) bool {
	for _, s := range all {
		if s.Block != all[0].Block || s.Anchor != all[0].Anchor || s.State != all[0].State {
			return false
		}
	}
	return true
}

// proven tells whether all can prove what the last round paid. An event may come
// before the status that tells of it.
func (d *demo) proven(all []node.Status) bool {
	return !slices.ContainsFunc(all, func(s node.Status) bool { return !s.Proven || s.Round < d.settled })
}

func (d *demo) reportAlone() (aloneReport, error) {
	mean, best, worst := 0.0, 0.0, 1.0
	for _, a := range d.alone {
		m, err := model.Evaluate(d.net, a.weights, d.shards.test)
		if err != nil {
			return aloneReport{}, err
		}
		mean += m.Accuracy / float64(len(d.alone))
		best = max(best, m.Accuracy)
		worst = min(worst, m.Accuracy)
	}
	return aloneReport{&mean, &best, &worst}, nil
}

// supplyOf counts the treasury among the balances: it is an account, if nobody's.
func supplyOf(s *incentives.State) supplyReport {
	balances, bonds, stakes := s.Held()
	return supplyReport{s.Economy.Cap, s.Supply.Remaining, balances + s.Supply.Treasury, bonds, stakes, s.Supply.Burnt}
}

// reportNetwork adds what the peers of this process have sent.
func (d *demo) reportNetwork(r *networkReport) {
	r.Sent, r.Received, r.Messages = new(int64), new(int64), new(int64)
	for _, n := range d.nodes {
		t := n.Traffic()
		*r.Sent += t.Sent
		*r.Received += t.Received
		*r.Messages += t.Messages
	}
	if d.deltas.mu.Lock(); d.deltas.count > 0 {
		mean := float64(d.deltas.sum) / float64(d.deltas.count)
		r.DeltaMean = &mean
	}
	d.deltas.mu.Unlock()
}
