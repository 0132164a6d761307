package node

import (
	"cmp"
	"crypto/rand"
	"fmt"

	"github.com/grapevine-network/grapevine/learning"
	"github.com/grapevine-network/grapevine/learning/dataset"
	"github.com/grapevine-network/grapevine/learning/model"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/audit"
)

// Founding says what a new topic is about. Zero fields get defaults.
type Founding struct {
	Name    string
	Model   string          // as model.Parse reads it; default "softmax"
	Schema  dataset.Schema  // what makes data sets fit together
	Seed    uint64          // of the first model
	Anchor  []byte          // the first model; default: drawn by Seed
	Members []ledger.Member // accounts from the start; at least one with a stake
	Rules   func(m *ledger.Manifest)
}

// tiny is the number of parameters below which leaving values out gains nothing:
// all of a delta is sent, and fits into one message.
const tiny = 4096

// Found makes a topic: its manifest and the blob of its first model. Rules, if
// not nil, may change the manifest before it is checked.
func Found(f Founding) (manifest, anchor []byte, err error) {
	net, err := model.Parse(cmp.Or(f.Model, "softmax"), f.Schema.Form())
	if err != nil {
		return nil, nil, fmt.Errorf("found topic: %w", err)
	}
	schema, err := f.Schema.MarshalText()
	if err != nil {
		return nil, nil, fmt.Errorf("found topic: %w", err)
	}
	if anchor = f.Anchor; anchor == nil {
		anchor = audit.EncodeAnchor(net.Init(f.Seed))
	}
	if _, err := audit.DecodeAnchor(anchor, uint64(net.Shape().Size())); err != nil {
		return nil, nil, fmt.Errorf("found topic: %w", err)
	}
	m := Defaults()
	m.Name, m.Genesis = f.Name, f.Members
	m.Learning.Model, m.Learning.Schema = cmp.Or(f.Model, "softmax"), string(schema)
	m.Learning.Shape, m.Learning.Anchor = tensors(net.Shape()), ledger.SumBlob(anchor)
	if net.Shape().Size() < tiny {
		m.Learning.Keep, m.Learning.Dense = 1024, true
	}
	if _, err := rand.Read(m.Nonce[:]); err != nil {
		return nil, nil, fmt.Errorf("found topic: %w", err)
	}
	if f.Rules != nil {
		f.Rules(&m)
	}
	manifest, _, err = ledger.EncodeManifest(m)
	return manifest, anchor, err
}

// Defaults are the rules of a topic that says nothing else. Small batches and some
// weight decay: what 20 peers average has hardly any noise left, and without them
// learns the training data by heart (0.916 instead of 0.926 on the digits).
func Defaults() ledger.Manifest {
	const one = ledger.One
	return ledger.Manifest{
		Learning: ledger.Learning{
			Steps: 20, Batch: 8, Rate: one / 10, Momentum: one * 9 / 10, Shrink: one / 1000,
			Keep: 32, Decay: one * 95 / 100, Alpha: one * 3 / 2,
		},
		Rounds: ledger.Rounds{Commit: 10, Reveal: 10, Seal: 10, Open: 10, Pace: 5_000, Propose: 4_000, Delta: 2_000},
		Economy: ledger.Economy{
			Cap: 1e15, Rate: 1 << 22, // about a thousandth of what remains, a round
			Trainers: one * 70 / 100, Validators: one * 20 / 100, Newcomers: one * 5 / 100, Slots: 16, Work: 14,
			Treasury: one - one*70/100 - one*20/100 - one*5/100,
			MaxScore: 1 << 20, FullScore: 10_000, Slash: one / 2, Reporter: one / 10, Unbonding: 1024,
		},
	}
}

func tensors(s learning.Shape) (out []ledger.Tensor) {
	for _, t := range s {
		dims := make([]uint64, len(t.Dims))
		for i, d := range t.Dims {
			dims[i] = uint64(d)
		}
		out = append(out, ledger.Tensor{Name: t.Name, Dims: dims})
	}
	return out
}

// ModelOf is the built-in model that a manifest names.
func ModelOf(m *ledger.Manifest) (model.Model, dataset.Schema, error) {
	schema, err := dataset.ParseSchema([]byte(m.Learning.Schema))
	if err != nil {
		return model.Model{}, schema, fmt.Errorf("manifest: learning.schema: %w", err)
	}
	net, err := model.Parse(m.Learning.Model, schema.Form())
	if err != nil {
		return model.Model{}, schema, fmt.Errorf("manifest: learning.model: %w", err)
	}
	if uint64(net.Shape().Size()) != m.Learning.Params() {
		return model.Model{}, schema, fmt.Errorf("manifest: learning.shape: %d parameters, the model has %d", m.Learning.Params(), net.Shape().Size())
	}
	return net, schema, nil
}

// TrainerOf is the built-in trainer of a manifest's model and rules, on own data
// of which held is only scored with.
func TrainerOf(m *ledger.Manifest, train, held learning.Samples) (*model.SGD, error) {
	net, schema, err := ModelOf(m)
	if err != nil {
		return nil, err
	}
	for _, s := range []learning.Samples{train, held} {
		if s.Len() > 0 && (s.Inputs != schema.Inputs() || s.Classes != len(schema.Classes)) {
			return nil, fmt.Errorf("data of %d inputs and %d classes do not fit learning.schema, which has %d and %d",
				s.Inputs, s.Classes, schema.Inputs(), len(schema.Classes))
		}
	}
	l := m.Learning
	momentum := float32(l.Momentum) / ledger.One
	if momentum == 0 {
		momentum = -1 // none; 0 would be SGD's default
	}
	return &model.SGD{
		Model: net, Data: train, Held: held, Steps: int(l.Steps), Batch: int(l.Batch),
		Rate: float32(l.Rate) / ledger.One, Momentum: momentum, Shrink: float32(l.Shrink) / ledger.One,
	}, nil
}
