package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/grapevine-network/grapevine/learning"
	"github.com/grapevine-network/grapevine/learning/dataset"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node"
)

// defaultRest is how long a peer with a bond rests before it trains. Others wait
// for it, so it bounds how many rounds a small model goes through in a second.
// Newcomers, for whom nobody waits, do not rest: like all, they train and do their
// work while the scores of the round before settle.
const defaultRest = time.Second

// restful is a trainer that rests before it trains, while bonded says so.
type restful struct {
	learning.Trainer
	rest   time.Duration
	bonded func() bool
}

// Train implements learning.Trainer.
func (r restful) Train(ctx context.Context, t learning.Task) (learning.Vector, learning.Metrics, error) {
	if r.bonded() {
		select {
		case <-time.After(r.rest):
		case <-ctx.Done():
			return nil, learning.Metrics{}, ctx.Err()
		}
	}
	return r.Trainer.Train(ctx, t)
}

// trainer is the built-in one on own data, a fifth of which only scores: always
// the same fifth, since it follows from the key.
func (t *member) trainer(m *ledger.Manifest, own learning.Samples, self ledger.Author) (learning.Trainer, error) {
	rows := make([]int, own.Len())
	for i := range rows {
		rows[i] = i
	}
	train, held := dataset.Holdout(rows, own.Y, dataset.HeldShare(len(rows)), binary.BigEndian.Uint64(self[:]))
	inner, err := node.TrainerOf(m, own.Subset(train), own.Subset(held))
	if err != nil {
		return nil, err
	}
	rest, err := t.config.rest()
	if err != nil {
		return nil, err
	}
	bonded := func() bool {
		n := t.running()
		return n != nil && (n.Status().Account.Bond > 0 || n.Status().Account.Member)
	}
	return restful{inner, rest, bonded}, nil
}

func (c topicConfig) rest() (time.Duration, error) {
	if c.Rest == "" {
		return defaultRest, nil
	}
	d, err := time.ParseDuration(c.Rest)
	if err != nil || d < 0 {
		return 0, usage(fmt.Sprintf("rest %q: want a duration, such as 1s or 200ms", c.Rest), "correct it in config.toml")
	}
	return d, nil
}
