package lab

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/grapevine-network/grapevine/learning"
	"github.com/grapevine-network/grapevine/learning/model"
)

// The baselines. All train with the protocol's model, optimiser and number of
// samples on the data that its peers train on, from the same first model, and
// are offline as its peers are. None is attacked.
const (
	Central = "central" // one trainer has all data; the best rate of Rates by test accuracy
	Alone   = "alone"   // each peer for itself
	FedAvg  = "fedavg"  // a server averages the peers' models, weighted by samples (McMahan et al. 2017)
	Gossip  = "gossip"  // each sends its model to 6 others and averages what it gets (Epidemic Learning, 2023)
)

// Baselines lists them all.
var Baselines = []string{Central, Alone, FedAvg, Gossip}

// Rates is the grid of learning rates that Central tries.
var Rates = []float32{0.01, 0.02, 0.05, 0.1, 0.2}

const (
	centralBatch = 32
	fanout       = 6 // of Gossip
)

// compare runs the baselines that are asked for.
func (w *world) compare(ctx context.Context) error {
	for _, name := range w.Baselines {
		if name == Central {
			continue
		}
		r, err := w.baseline(ctx, name)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		w.others[name] = r
	}
	if !slices.Contains(w.Baselines, Central) {
		return nil
	}
	w.rates = make([]*result, len(Rates))
	return w.pool.each(ctx, len(Rates), func(i int) (err error) {
		w.rates[i], err = w.central(ctx, Rates[i])
		return err
	})
}

// central trains one model on all peers' training data.
func (w *world) central(ctx context.Context, rate float32) (*result, error) {
	all := learning.Samples{Inputs: w.data.Test.Inputs, Classes: w.data.Test.Classes}
	for _, s := range w.data.Train {
		all.X, all.Y = append(all.X, s.X...), append(all.Y, s.Y...)
	}
	t, err := w.Trainer(w.manifest, all, learning.Samples{})
	if err != nil {
		return nil, err
	}
	t.Steps, t.Batch, t.Rate = w.online()*t.Steps*t.Batch/centralBatch, centralBatch, rate
	weights, r := w.first(), new(result)
	for round := range uint64(w.Rounds) {
		update, _, err := t.Train(ctx, learning.Task{Anchor: weights, Round: round, Seed: w.seed})
		if errors.Is(err, model.ErrDiverged) {
			clear(weights) // knows nothing any more
			update = weights
		} else if err != nil {
			return nil, err
		}
		add(weights, update, 1)
		g, err := w.grade(weights)
		if err != nil {
			return nil, err
		}
		r.add([]grade{g}, 0)
	}
	return r, nil
}

func (w *world) first() learning.Vector {
	v := make(learning.Vector, len(w.genesis))
	learning.FromAnchor(v, w.genesis)
	return v
}

// baseline trains models at the peers.
func (w *world) baseline(ctx context.Context, name string) (*result, error) {
	trainers, models := make([]*model.SGD, w.Peers), make([]learning.Vector, w.Peers)
	for i := range models {
		var err error
		if trainers[i], err = w.Trainer(w.manifest, w.data.Train[i], learning.Samples{}); err != nil {
			return nil, err
		}
		models[i] = w.first()
	}
	r := new(result)
	for round := range uint64(w.Rounds) {
		online := w.draw(round)
		err := w.pool.each(ctx, len(online), func(i int) error {
			at := online[i]
			update, _, err := trainers[at].Train(ctx, learning.Task{Anchor: models[at], Round: round, Seed: w.peers[at].seed})
			if err == nil {
				add(models[at], update, 1)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		bytes := w.exchange(name, models, online, round)
		grades := make([]grade, len(models))
		err = w.pool.each(ctx, len(models), func(i int) (err error) {
			grades[i], err = w.grade(models[i])
			return err
		})
		if err != nil {
			return nil, err
		}
		r.add(grades, bytes)
	}
	return r, nil
}

// exchange mixes the models of who is online, and returns the bytes that a peer
// got for it, in the mean over all peers.
func (w *world) exchange(name string, models []learning.Vector, online []int, round uint64) float64 {
	one := 4 * float64(len(w.genesis)) * float64(len(online)) / float64(w.Peers)
	switch name {
	case FedAvg:
		w.average(models, online)
		return 2 * one // up and down
	case Gossip:
		w.gossip(models, online, round)
		return float64(min(fanout, len(online)-1)) * one
	}
	return 0
}

// average gives all the mean of those online. Who is offline gets it when it is
// back: it never trains on an older one.
func (w *world) average(models []learning.Vector, online []int) {
	total := 0
	for _, i := range online {
		total += w.data.Train[i].Len()
	}
	sum := make(learning.Vector, len(w.genesis))
	for _, i := range online {
		add(sum, models[i], float32(w.data.Train[i].Len())/float32(total))
	}
	for i := range models {
		copy(models[i], sum)
	}
}

// gossip sends every model to some others, all at once.
func (w *world) gossip(models []learning.Vector, online []int, round uint64) {
	rng := draws(w.seed, "gossip", round)
	mixed, parts := make([]learning.Vector, len(models)), make([]float32, len(models))
	for _, i := range online {
		mixed[i], parts[i] = slices.Clone(models[i]), 1
	}
	for _, from := range online {
		sent := 0
		for _, at := range rng.Perm(len(online)) {
			if to := online[at]; to != from && sent < fanout {
				add(mixed[to], models[from], 1)
				parts[to]++
				sent++
			}
		}
	}
	for _, i := range online {
		clear(models[i])
		add(models[i], mixed[i], 1/parts[i])
	}
}

// add does dst += by*v.
func add(dst, v learning.Vector, by float32) {
	for i, x := range v {
		dst[i] += by * x
	}
}
