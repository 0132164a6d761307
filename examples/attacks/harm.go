package main

import (
	"context"

	"github.com/grapevine-network/grapevine/learning"
	"github.com/grapevine-network/grapevine/learning/dataset"
	"github.com/grapevine-network/grapevine/learning/model"
	"github.com/grapevine-network/grapevine/node/audit"
	"github.com/grapevine-network/grapevine/node/sim/adversary"
	"github.com/grapevine-network/grapevine/node/sim/lab"
)

// harm compares the model that comes of honest peers with the one that comes of
// the same peers and one of ten beside them that sends what harms.
func harm(ctx context.Context, s size) (out []finding, err error) {
	calm, _, err := lossWith(ctx, s, "")
	if err != nil {
		return nil, err
	}
	for _, a := range []struct {
		kind adversary.Kind
		name string
	}{
		{adversary.SignFlip10, "a tenth send ten times the opposite"},
		{adversary.Gauss, "a tenth send noise, ten times as long"},
		{adversary.Backdoor, "a tenth send a backdoor, ten times as loud"},
	} {
		loss, gain, err := lossWith(ctx, s, a.kind)
		if err != nil {
			return nil, err
		}
		out = append(out, atMost(0.01, a.name, "rise of the test loss", loss/calm-1), reported(a.name, "income to an honest peer's", gain))
	}
	return out, nil
}

// lossWith is the loss of the last model on the test rows, mean over the seeds,
// and what an attacker earned.
func lossWith(ctx context.Context, s size, kind adversary.Kind) (loss, gain float64, err error) {
	liars := max(1, s.peers/9)
	c, err := stage(s, "dirichlet:1", map[adversary.Kind]int{kind: liars})
	if err != nil {
		return 0, 0, err
	}
	if kind == "" {
		withoutThem(&c, s)
	}
	last, p := map[uint64][]byte{}, &purse{}
	p.watch(&c, s, 0)
	count := c.Ended
	c.Ended = func(e lab.Ended) {
		count(e)
		if e.Outcome.Blob != nil {
			last[e.Seed] = e.Outcome.Blob
		}
	}
	if err := play(ctx, c); err != nil {
		return 0, 0, err
	}
	for seed := range uint64(s.seeds) {
		l, err := lossOf(last[c.Seed+seed])
		if err != nil {
			return 0, 0, err
		}
		loss += l / float64(s.seeds)
	}
	if kind != "" {
		gain = p.mean(s.peers, c.Peers) / p.mean(0, s.peers)
	}
	return loss, gain, nil
}

// withoutThem leaves the last peers and their data away.
func withoutThem(c *lab.Config, s size) {
	c.Peers, c.Attack = s.peers, nil
	load := c.Load
	c.Load = func(seed uint64) (*lab.Data, error) {
		d, err := load(seed)
		if err == nil {
			d.Train, d.Held = d.Train[:s.peers], d.Held[:s.peers]
		}
		return d, err
	}
}

func lossOf(anchor []byte) (float64, error) {
	_, test, err := dataset.MNIST()
	if err != nil {
		return 0, err
	}
	net, err := model.Parse("softmax", dataset.Images(10, 28, 28).Form())
	if err != nil {
		return 0, err
	}
	weights, err := audit.DecodeAnchor(anchor, uint64(net.Shape().Size()))
	if err != nil {
		return 0, err
	}
	v := make(learning.Vector, len(weights))
	learning.FromAnchor(v, weights)
	report, err := model.Evaluate(net, v, test)
	return report.Loss, err
}
