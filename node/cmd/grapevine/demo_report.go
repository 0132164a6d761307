package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/grapevine-network/grapevine/incentives"
	"github.com/grapevine-network/grapevine/learning/model"
	"github.com/grapevine-network/grapevine/node"
	"github.com/grapevine-network/grapevine/node/audit"
)

// demoReport is the data of `demo -o json`. Other programs read it.
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
	Mean  float64 `json:"mean"`
	Best  float64 `json:"best"`
	Worst float64 `json:"worst"`
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
	Sent      int64    `json:"bytes_sent"`
	Received  int64    `json:"bytes_received"`
	Messages  int64    `json:"messages"`
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
	r := &demoReport{
		Topic: d.nodes[0].Topic().String(), Peers: d.peers, Rounds: d.settled, Agreement: agreed,
		Accuracy: d.now.Accuracy, Balanced: d.now.BalancedAccuracy, Loss: d.now.Loss,
	}
	r.AUC, r.Bits = onlyIfThere(d.now, d.shards.schema)
	if err := d.reportAlone(r); err != nil {
		return nil, err
	}
	if err := d.nodes[0].Inspect(ctx, func(a *audit.Replica) { d.reportState(r, a) }); err != nil {
		return nil, err
	}
	d.reportNetwork(r)
	r.Seconds = secondsReport{Total: time.Since(d.start).Seconds(), Train: d.trainEnd.Sub(d.start).Seconds()}
	if !d.reached.IsZero() {
		t := d.reached.Sub(d.start).Seconds()
		r.Seconds.ToTarget = &t
	}
	r.CPU = cpuSeconds()
	return r, nil
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

func (d *demo) reportAlone(r *demoReport) error {
	r.Alone = aloneReport{Worst: 1}
	for _, a := range d.alone {
		m, err := model.Evaluate(d.net, a.weights, d.shards.test)
		if err != nil {
			return err
		}
		r.Alone.Mean += m.Accuracy / float64(len(d.alone))
		r.Alone.Best = max(r.Alone.Best, m.Accuracy)
		r.Alone.Worst = min(r.Alone.Worst, m.Accuracy)
	}
	return nil
}

func (d *demo) reportState(r *demoReport, a *audit.Replica) {
	s := a.State
	r.Height, r.Anchor, r.Supply = a.Head.Height, s.Anchor().String(), supplyOf(s)
	for i, n := range d.nodes {
		account, earned := s.Account(n.Author()), d.earned[n.Author()]
		r.Rewards = append(r.Rewards, rewardLine{
			Peer: n.Author().String(), Alias: node.Alias(n.Author()), Role: "trainer,validator", Attack: string(d.attack[i]),
			Training: earned.training, Validating: earned.validating,
			Balance: account.Balance, Bond: account.Bond, Stake: account.Stake,
		})
	}
}

// supplyOf counts the treasury among the balances: it is an account, if nobody's.
func supplyOf(s *incentives.State) supplyReport {
	balances, bonds, stakes := s.Held()
	return supplyReport{s.Economy.Cap, s.Supply.Remaining, balances + s.Supply.Treasury, bonds, stakes, s.Supply.Burnt}
}

func (d *demo) reportNetwork(r *demoReport) {
	for _, n := range d.nodes {
		t := n.Traffic()
		r.Network.Sent += t.Sent
		r.Network.Received += t.Received
		r.Network.Messages += t.Messages
	}
	r.Network.Dense = 4 * d.manifest.Learning.Params()
	if d.deltas.mu.Lock(); d.deltas.count > 0 {
		mean := float64(d.deltas.sum) / float64(d.deltas.count)
		r.Network.DeltaMean = &mean
	}
	d.deltas.mu.Unlock()
}

// print writes the table.
func (r *demoReport) print(w io.Writer) {
	fmt.Fprintf(w, "\nTogether, after %d rounds    accuracy %.3f   balanced %.3f   loss %.3f%s\n", r.Rounds, r.Accuracy, r.Balanced, r.Loss, more(r.AUC, r.Bits))
	fmt.Fprintf(w, "Alone, with the same work    accuracy %.3f   best %.3f   worst %.3f\n\n", r.Alone.Mean, r.Alone.Best, r.Alone.Worst)
	printRewards(w, r.Rewards)
	agreement := "all honest peers hold the same block, model and balances"
	if !r.Agreement {
		agreement = "honest peers do NOT agree"
	}
	fmt.Fprintf(w, "\nheight %d: %s\n", r.Height, agreement)
	if r.Network.DeltaMean != nil {
		fmt.Fprintf(w, "a delta takes %.0f bytes instead of %d (%.0fx less); all peers sent %.1f MB in all\n",
			*r.Network.DeltaMean, r.Network.Dense, float64(r.Network.Dense)/(*r.Network.DeltaMean), float64(r.Network.Sent)/1e6)
	}
	fmt.Fprintf(w, "%.1f s in all, %.1f s of it learning\n", r.Seconds.Total, r.Seconds.Train)
}

// more writes the figures that not every model has.
func more(auc, bits *float64) (s string) {
	if auc != nil {
		s += fmt.Sprintf("   AUC %.3f", *auc)
	}
	if bits != nil {
		s += fmt.Sprintf("   bits per character %.3f", *bits)
	}
	return s
}

// printRewards writes the table of who earned what, the richest first.
func printRewards(w io.Writer, rewards []rewardLine) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "peer\tfor training\tfor validating\tbalance\tbond\tstake\t")
	lines := slices.SortedStableFunc(slices.Values(rewards), func(a, b rewardLine) int { return cmp.Compare(b.Balance, a.Balance) })
	for _, l := range lines {
		name := l.Alias
		if l.Attack != "" {
			name += " (" + l.Attack + ")"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t\n", name, tokens(l.Training), tokens(l.Validating), tokens(l.Balance), tokens(l.Bond), tokens(l.Stake))
	}
	t.Flush()
}

// tokens writes base units as tokens: a token is a million of them.
func tokens(units uint64) string {
	return fmt.Sprintf("%d.%03d", units/1_000_000, units%1_000_000/1000)
}
