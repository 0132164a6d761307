package lab

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"slices"

	"github.com/grapevine-network/grapevine/learning"
	"github.com/grapevine-network/grapevine/learning/delta"
	"github.com/grapevine-network/grapevine/learning/model"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/sim/adversary"
)

// peer is one member: its data, its chain, and a delta that it has not committed
// yet.
type peer struct {
	author  ledger.Author
	attack  adversary.Kind
	seed    uint64
	trainer *model.SGD
	rest    *delta.Feedback
	forger  *adversary.Forger

	seq  uint64
	head ledger.CID

	ready *ready
}

// ready is a trained delta and the round from which on it can be committed.
type ready struct {
	base  ledger.CID
	data  []byte
	round uint64
	salt  ledger.Salt
}

func authorOf(i int) ledger.Author {
	return sha256.Sum256(binary.BigEndian.AppendUint64([]byte("grapevine/lab/1"), uint64(i)))
}

// stub stands for a signature, and for its check.
func stub([]byte) []byte { return make([]byte, 64) }

func unchecked(ledger.Author, []byte, []byte) bool { return true }

// say signs the next entry of the peer's chain.
func (p *peer) say(topic ledger.CID, body any) (*ledger.Entry, error) {
	e, err := ledger.Sign(stub, p.author, topic, p.seq, p.head, body)
	if err == nil {
		p.seq, p.head = e.Seq, e.CID()
	}
	return e, err
}

// train makes a delta from an anchor, to be committed in this round or, being
// slow, in a later one. Training that diverges costs the round.
func (p *peer) train(ctx context.Context, anchor learning.Vector, base ledger.CID, round uint64, late int) error {
	p.ready = nil
	update, _, err := p.trainer.Train(ctx, learning.Task{Anchor: anchor, Round: round, Seed: p.seed})
	if errors.Is(err, model.ErrDiverged) {
		return nil
	}
	if err != nil {
		return err
	}
	data, err := p.rest.Compress(update)
	if err != nil {
		return err
	}
	p.ready = &ready{base: base, data: data, round: round + uint64(late)}
	return nil
}

// commits tells whether the peer has something to commit in a round.
func (p *peer) commits(round uint64, anchors []ledger.CID) bool {
	if p.ready != nil && !slices.Contains(anchors, p.ready.base) {
		p.ready = nil // too old to count
	}
	return p.ready != nil && p.ready.round <= round
}

// draws returns a generator for one purpose, peer and round.
func draws(seed uint64, purpose string, round uint64) *rand.Rand {
	h := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(purpose), round))
	return rand.New(rand.NewPCG(seed, binary.BigEndian.Uint64(h[:])))
}
