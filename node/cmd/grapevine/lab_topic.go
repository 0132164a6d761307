package main

import (
	"encoding/binary"
	"math"

	"github.com/grapevine-network/grapevine/learning"
	"github.com/grapevine-network/grapevine/learning/dataset"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node"
	"github.com/grapevine-network/grapevine/node/sim/lab"
)

// shards divides the data of one run.
func (f *labFlags) shards(seed uint64) (*lab.Data, error) {
	own := f.demoFlags
	own.seed = seed
	r, err := own.read()
	if err != nil {
		return nil, err
	}
	var public learning.Samples
	if f.public > 0 {
		public = r.setAside(f.public, seed)
	}
	parts, err := dataset.Partition(f.partition, r.by, r.owners, f.peers, seed)
	if err != nil {
		return nil, usage("--partition: "+err.Error(), "")
	}
	d := &lab.Data{Schema: r.schema, Test: r.test}
	for i, part := range parts {
		mine, held := part, []int(nil)
		if f.public == 0 {
			mine, held = dataset.Holdout(part, r.train.Y, f.held, seed+uint64(i))
		}
		d.Train, d.Held = append(d.Train, r.train.Subset(mine)), append(d.Held, r.train.Subset(held))
		if f.public > 0 {
			d.Held[i] = public
		}
	}
	d.Own = r.ownTests(parts)
	return d, nil
}

// setAside takes rows out of those to train on, of each class its share.
func (r *rows) setAside(n int, seed uint64) learning.Samples {
	all := make([]int, r.train.Len())
	for i := range all {
		all[i] = i
	}
	rest, aside := dataset.Holdout(all, r.train.Y, float64(n)/float64(len(all)), seed)
	public := r.train.Subset(aside)
	if r.owners != nil {
		var owners []string
		for _, i := range rest {
			owners = append(owners, r.owners[i])
		}
		r.owners = owners
	}
	by := make([]int32, len(rest))
	for i, row := range rest {
		by[i] = r.by[row]
	}
	r.train, r.by = r.train.Subset(rest), by
	return public
}

// ownTests are the test rows of the owners whose rows each peer has.
func (r *rows) ownTests(parts [][]int) (own []learning.Samples) {
	if r.testOwners == nil {
		return nil
	}
	for _, part := range parts {
		mine := map[string]bool{}
		for _, row := range part {
			mine[r.owners[row]] = true
		}
		var of []int
		for i, owner := range r.testOwners {
			if mine[owner] {
				of = append(of, i)
			}
		}
		own = append(own, r.test.Subset(of))
	}
	return own
}

// found makes the topic of one run, which is the same each time.
func (f *labFlags) found(seed uint64, data *lab.Data, members []ledger.Member) (manifest, anchor []byte, err error) {
	d := demo{demoFlags: f.demoFlags, shards: &shards{schema: data.Schema}}
	manifest, anchor, err = node.Found(node.Founding{
		Name: "lab", Model: d.spec(), Schema: data.Schema, Seed: seed, Members: members,
		Rules: func(m *ledger.Manifest) {
			m.Nonce = ledger.Salt{}
			binary.BigEndian.PutUint64(m.Nonce[:], seed)
			m.Rounds.Commit, m.Rounds.Reveal, m.Rounds.Seal, m.Rounds.Open = 3, 3, 3, 3
			l := &m.Learning
			l.Steps, l.Batch = f.learning.Steps, f.learning.Batch
			if f.learning.Keep > 0 {
				l.Keep, l.Dense = f.learning.Keep, false
			}
			l.Rate, l.Momentum, l.Shrink, l.Decay, l.Alpha = q16(f.rate), q16(f.momentum), q16(f.shrink), q16(f.decay), q16(f.alpha)
		},
	})
	if err != nil {
		return nil, nil, usage(err.Error(), "grapevine lab --help lists the flags")
	}
	return manifest, anchor, nil
}

func q16(x float64) uint64 { return uint64(math.Round(x * ledger.One)) }
