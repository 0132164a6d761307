package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/grapevine-network/grapevine/learning"
	"github.com/grapevine-network/grapevine/learning/model"
	"github.com/grapevine-network/grapevine/node"
	"github.com/grapevine-network/grapevine/node/audit"
)

// minRounds is how many rounds a target accuracy has to wait for.
const minRounds = 8

// play runs the network until its rounds, its time or its target are reached.
func (d *demo) play(ctx context.Context) error {
	d.sayWhat("peers")
	if err := d.measure(d.alone[0].weights); err != nil {
		return err
	}
	if err := d.run(ctx); err != nil {
		return err
	}
	limit := d.length() - d.reserve()
	ctx, cancel := context.WithDeadline(ctx, d.start.Add(limit))
	defer cancel()
	err := d.watch(ctx)
	d.trainEnd = time.Now()
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return nil // the time is over, and what there is counts
	}
	return err
}

// reserve is the time kept for ending: agreeing on a height and the table.
func (d *demo) reserve() time.Duration {
	each := 150 * time.Millisecond // to close a peer
	return min(5*time.Second+each*time.Duration(d.peers), d.length()/3)
}

// length is how long the whole command may take.
func (d *demo) length() time.Duration { return time.Duration(d.seconds * float64(time.Second)) }

// sayWhat tells what is learnt, by how many of whom.
func (d *demo) sayWhat(who string) {
	d.say("%d %s, %s, %d training and %d test samples, model %s with %d parameters",
		d.peers, who, d.data, d.samples(), d.shards.test.Len(), d.manifest.Learning.Model, d.manifest.Learning.Params())
}

func (d *demo) samples() (n int) {
	for i := range d.shards.train {
		n += d.shards.train[i].Len() + d.shards.held[i].Len()
	}
	return n
}

// watch follows the first peer, which is honest, round by round.
func (d *demo) watch(ctx context.Context) error {
	events := make(chan node.Event)
	d.running.Go(func() {
		defer close(events)
		for r := range d.nodes[0].Events(ctx, 0) {
			select {
			case events <- r.Event:
			case <-ctx.Done():
				return
			}
		}
	})
	for {
		select {
		case err := <-d.failed:
			return err
		case <-ctx.Done():
			return ctx.Err()
		case e, ok := <-events:
			if !ok {
				return ctx.Err()
			}
			if s, is := e.(node.Settled); is {
				if done, err := d.round(ctx, s.Outcome); done || err != nil {
					return err
				}
			}
		}
	}
}

// round takes note of a settled round and tells whether it is the last.
func (d *demo) round(ctx context.Context, o *audit.Outcome) (done bool, err error) {
	d.settled++
	d.earned.add(o)
	if o.Blob != nil {
		if err := d.measureBlob(o.Blob); err != nil {
			return true, err
		}
	}
	if err := d.trainAlone(ctx, o.Round); err != nil {
		return true, err
	}
	d.sayRound(o.Round, o.Kept, len(o.Deltas), o.Height)
	return d.last(), nil
}

func (d *demo) sayRound(round uint64, merged, deltas int, height uint64) {
	d.say("round %3d  %s  accuracy %.3f  loss %.3f  merged %d of %d  height %d  %.1f s", round+1,
		bar(d.now.Accuracy), d.now.Accuracy, d.now.Loss, merged, deltas, height, time.Since(d.start).Seconds())
}

// last tells whether the round that settled was the last.
func (d *demo) last() bool {
	if d.target > 0 && d.settled >= minRounds && d.now.Accuracy >= d.target {
		d.reached = time.Now()
		return true
	}
	return d.settled >= d.rounds
}

// measureBlob tests the model that a blob holds.
func (d *demo) measureBlob(blob []byte) error {
	weights, err := d.weights(blob)
	if err != nil {
		return err
	}
	return d.measure(weights)
}

func (d *demo) weights(blob []byte) (learning.Vector, error) {
	anchor, err := audit.DecodeAnchor(blob, d.manifest.Learning.Params())
	weights := make(learning.Vector, len(anchor))
	learning.FromAnchor(weights, anchor)
	return weights, err
}

func (d *demo) measure(w learning.Vector) (err error) {
	d.now, err = model.Evaluate(d.net, w, d.shards.test)
	return err
}

// trainAlone gives each peer without the others the same work as with them.
func (d *demo) trainAlone(ctx context.Context, round uint64) error {
	for i, a := range d.alone {
		update, _, err := a.trainer.Train(ctx, learning.Task{Anchor: a.weights, Round: round, Seed: d.seed + round*64 + uint64(i)})
		if errors.Is(err, model.ErrDiverged) {
			continue // it stays as it was
		}
		if err != nil {
			return err
		}
		a.weights = slices.Clone(a.weights)
		for k, u := range update {
			a.weights[k] += u
		}
	}
	return nil
}

// bar draws a share of one as a bar of text.
func bar(share float64) string {
	const width = 24
	full := int(share*width + 0.5)
	return strings.Repeat("█", full) + strings.Repeat("░", width-full)
}
