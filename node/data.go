package node

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/grapevine-network/grapevine/learning"
	"github.com/grapevine-network/grapevine/learning/dataset"
	"github.com/grapevine-network/grapevine/learning/model"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/audit"
)

// ownTrainer makes the built-in trainer of Config.Data. Which fifth of them is
// held out follows from the key, so a node that is opened again with the same
// data never scores with what it has trained on.
func (n *Node) ownTrainer() error {
	data := n.cfg.Data
	if data.Len() == 0 {
		return nil
	}
	if err := data.Check(); err != nil {
		return err
	}
	rows := make([]int, data.Len())
	for i := range rows {
		rows[i] = i
	}
	a := n.Author()
	own, held := dataset.Holdout(rows, data.Y, dataset.HeldShare(len(rows)), binary.BigEndian.Uint64(a[:]))
	trainer, err := TrainerOf(n.manifest, data.Subset(own), data.Subset(held))
	if err != nil {
		return err
	}
	n.cfg.Trainer = trainer
	return nil
}

// Await returns how a round ended, as soon as it has. The first is round 0. The
// error is ctx's, or says that the node is closed, or that the round was over
// before it was opened or too long ago to be remembered.
func (n *Node) Await(ctx context.Context, round uint64) (*audit.Outcome, error) {
	for r := range n.Events(ctx, 0) {
		s, is := r.Event.(Settled)
		switch {
		case is && s.Outcome.Round == round:
			return s.Outcome, nil
		case is && s.Outcome.Round > round:
			return nil, fmt.Errorf("await round %d: it has been over for long", round)
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("await round %d: %w", round, err)
	}
	return nil, fmt.Errorf("await round %d: %w", round, errClosed)
}

var errClosed = errors.New("the node is closed")

// Evaluate tells how good a model is on samples: one that this node holds, such
// as Outcome.Anchor or Status.Anchor, of a topic with a built-in model.
func (n *Node) Evaluate(id ledger.CID, samples learning.Samples) (model.Report, error) {
	report, err := n.evaluate(id, samples)
	if err != nil {
		return report, fmt.Errorf("evaluate model %v: %w", id, err)
	}
	return report, nil
}

func (n *Node) evaluate(id ledger.CID, samples learning.Samples) (report model.Report, err error) {
	net, _, err := ModelOf(n.manifest)
	if err != nil {
		return report, err
	}
	blob, err := n.home.Blobs().Get(id.Cid)
	if err != nil {
		return report, err
	}
	anchor, err := audit.DecodeAnchor(blob, n.manifest.Learning.Params())
	if err != nil {
		return report, err
	}
	weights := make(learning.Vector, len(anchor))
	learning.FromAnchor(weights, anchor)
	return model.Evaluate(net, weights, samples)
}
