package lab

import (
	"context"
	"math"

	"github.com/grapevine-network/grapevine/learning"
	"github.com/grapevine-network/grapevine/learning/model"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/audit"
	"github.com/grapevine-network/grapevine/node/sim/adversary"
)

// result is what one run, of the protocol or of a baseline, came to.
type result struct {
	curve   []float64      // test accuracy after each round
	payload []float64      // bytes of models or deltas that have reached a peer by then
	all     []float64      // bytes of anything that have
	final   model.Report   // of the mean peer on the test rows
	peers   []model.Report // of each peer's model, on the test rows of its owner
	worst   float64        // accuracy of the worst peer's model on all test rows

	backdoor float64 // share of the test rows with a trigger that the last model gets wrong as an attacker wants

	wire     wire
	paid     map[adversary.Kind]uint64 // for training; "" = honest
	honest   int                       // deltas of honest peers that counted
	rejected int                       // of these, neither merged nor paid
}

func newResult() result { return result{paid: map[adversary.Kind]uint64{}} }

// run plays all rounds, or as many as ctx allows.
func (w *world) run(ctx context.Context) error {
	for clock := range uint64(w.Rounds) {
		out, err := w.round(ctx, clock)
		if err == nil {
			err = w.note(out)
		}
		if err != nil {
			return err
		}
		if w.Progress != nil {
			w.Progress(w.seed, int(clock)+1, w.result.final.Accuracy)
		}
	}
	return w.tryBackdoor()
}

// note measures the new model and counts what was paid.
func (w *world) note(out *audit.Outcome) error {
	g, err := w.grade(w.anchor())
	if err != nil {
		return err
	}
	r := &w.result
	payload, all := r.wire.perPeer(w.Peers, w.scorers())
	if n := len(r.payload); n > 0 {
		payload -= r.payload[n-1]
	}
	r.add([]grade{g}, payload)
	r.all = append(r.all, all)
	if out != nil {
		w.countPay(out)
	}
	return nil
}

func (w *world) countPay(out *audit.Outcome) {
	r, attack := &w.result, map[ledger.Author]adversary.Kind{}
	for _, p := range w.peers {
		attack[p.author] = p.attack
	}
	for _, d := range out.Deltas {
		kind := attack[d.Author]
		r.paid[kind] += d.Paid
		if kind == "" && d.Counts {
			r.honest++
			if !d.Merged() {
				r.rejected++
			}
		}
	}
}

func (w *world) anchor() learning.Vector {
	v := make(learning.Vector, len(w.lead().Anchor()))
	learning.FromAnchor(v, w.lead().Anchor())
	return v
}

// grade is how good a model is: on the test rows, and on those of each owner.
type grade struct {
	all model.Report
	own []model.Report
}

func (w *world) grade(weights learning.Vector) (g grade, err error) {
	if g.all, err = model.Evaluate(w.net, weights, w.data.Test); err != nil {
		return g, err
	}
	for _, s := range w.data.Own {
		r, err := model.Evaluate(w.net, weights, s)
		if err != nil {
			return g, err
		}
		g.own = append(g.own, r)
	}
	return g, nil
}

// add ends a round: grades are those of all peers' models, or of the one that all
// have; bytes reached a peer in it.
func (r *result) add(grades []grade, bytes float64) {
	r.final, r.peers, r.worst = model.Report{}, nil, math.Inf(1)
	for i, g := range grades {
		share := 1 / float64(len(grades))
		r.final.Accuracy += g.all.Accuracy * share
		r.final.BalancedAccuracy += g.all.BalancedAccuracy * share
		r.final.Loss += g.all.Loss * share
		r.final.AUC += g.all.AUC * share
		r.worst = min(r.worst, g.all.Accuracy)
		switch {
		case len(g.own) == 0:
			r.peers = append(r.peers, g.all)
		case len(grades) == 1:
			r.peers = g.own
		default:
			r.peers = append(r.peers, g.own[i])
		}
	}
	if n := len(r.payload); n > 0 {
		bytes += r.payload[n-1]
	}
	r.curve, r.payload = append(r.curve, r.final.Accuracy), append(r.payload, bytes)
}
