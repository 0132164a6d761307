package lab

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/grapevine-network/grapevine/incentives"
	"github.com/grapevine-network/grapevine/learning/delta"
	"github.com/grapevine-network/grapevine/learning/model"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/audit"
	"github.com/grapevine-network/grapevine/node/sim/adversary"
)

// world is one run: one seed, one topic.
type world struct {
	*Config
	pool     pool
	seed     uint64
	data     *Data
	manifest *ledger.Manifest
	topic    ledger.CID
	net      model.Model
	peers    []*peer
	replicas []*audit.Replica // one that stands for all, or one for each peer
	instance uint64
	blobs    map[ledger.CID][]byte
	genesis  []int32 // the first model
	result   result
	others   map[string]*result // of the baselines but Central
	rates    []*result          // of Central, by Rates
}

func newWorld(c *Config, p pool, seed uint64) (*world, error) {
	w := &world{Config: c, pool: p, seed: seed, blobs: map[ledger.CID][]byte{}, others: map[string]*result{}}
	var err error
	if w.data, err = c.Load(seed); err != nil {
		return nil, err
	}
	if len(w.data.Train) != c.Peers || len(w.data.Held) != c.Peers {
		return nil, fmt.Errorf("data for %d peers, want %d", len(w.data.Train), c.Peers)
	}
	if err := w.found(); err != nil {
		return nil, err
	}
	w.net, w.result = w.peers[0].trainer.Model, newResult()
	return w, nil
}

// bond is what each peer has, and the stake of each scorer: 1,000 tokens.
const bond = 1_000_000_000

func (w *world) found() error {
	members := make([]ledger.Member, w.Peers)
	for i := range members {
		members[i] = ledger.Member{Author: authorOf(i), Bond: bond}
	}
	for _, i := range draws(w.seed, "scorers", 0).Perm(w.Peers)[:w.scorers()] {
		members[i].Stake = bond
	}
	data, anchor, err := w.Found(w.seed, w.data, members)
	if err != nil {
		return err
	}
	if w.manifest, w.topic, err = ledger.DecodeManifest(data); err != nil {
		return err
	}
	copies := 1
	if w.Full {
		copies = w.Peers
	}
	for range copies {
		r, err := audit.New(w.manifest, w.topic, anchor, unchecked)
		if err != nil {
			return err
		}
		w.replicas = append(w.replicas, r)
	}
	w.genesis = w.lead().Anchor()
	return w.join()
}

// join makes the peers. The last ones attack.
func (w *world) join() error {
	attack := w.attackers()
	codec := w.lead().Codec()
	for i := range w.Peers {
		train := attack[i].Poison(w.data.Train[i], w.seed)
		trainer, err := w.Trainer(w.manifest, train, w.data.Held[i])
		if err != nil {
			return err
		}
		p := &peer{
			author: authorOf(i), attack: attack[i], seed: w.seed<<20 + uint64(i), trainer: trainer, head: w.topic,
			rest: delta.NewFeedback(codec, float32(w.manifest.Learning.Decay)/ledger.One),
		}
		if p.attack != "" {
			p.forger = w.forger(p, codec)
		}
		w.peers = append(w.peers, p)
	}
	return nil
}

func (w *world) attackers() []adversary.Kind {
	attack, next := make([]adversary.Kind, w.Peers), w.Peers-1
	for _, kind := range adversary.Kinds {
		for range w.Attack[kind] {
			attack[next] = kind
			next--
		}
	}
	return attack
}

func (w *world) lead() *audit.Replica { return w.replicas[0] }

// each lets every replica do something, which must succeed at all.
func (w *world) each(ctx context.Context, do func(r *audit.Replica) error) error {
	return w.pool.each(ctx, len(w.replicas), func(i int) error { return do(w.replicas[i]) })
}

// block certifies entries everywhere.
func (w *world) block(ctx context.Context, entries []*ledger.Entry) error {
	slices.SortFunc(entries, func(a, b *ledger.Entry) int {
		return cmp.Or(bytes.Compare(a.Author[:], b.Author[:]), cmp.Compare(a.Seq, b.Seq))
	})
	w.instance++
	proposer := w.lead().State.Now.Proposer(w.topic, w.instance)
	b, err := ledger.SignBlock(stub, w.lead().Header(w.instance, proposer, entries), audit.Cuts(entries))
	if err != nil {
		return err
	}
	w.result.wire.block(b, entries)
	return w.each(ctx, func(r *audit.Replica) error {
		if err := r.Check(b, entries); err != nil {
			return err
		}
		for _, v := range r.Apply(b, entries).Voids {
			return fmt.Errorf("height %d: %w", r.Head.Height, v.Reason)
		}
		return nil
	})
}

// settle ends a round at every replica; all must agree.
func (w *world) settle(ctx context.Context) (*audit.Outcome, error) {
	outs := make([]*audit.Outcome, len(w.replicas))
	before, err := w.before()
	if err != nil {
		return nil, err
	}
	err = w.pool.each(ctx, len(w.replicas), func(i int) (err error) {
		outs[i], err = w.replicas[i].Settle(func(id ledger.CID) []byte { return w.blobs[id] })
		return err
	})
	if err != nil {
		return nil, err
	}
	root := w.lead().Root()
	for i, r := range w.replicas {
		if outs[i].Anchor != outs[0].Anchor || r.Root() != root {
			return nil, fmt.Errorf("round %d: peer %d has another model or other balances", outs[0].Round, i)
		}
	}
	if w.Ended != nil {
		w.Ended(Ended{w.seed, w.authors(), before, outs[0], func(id ledger.CID) []byte { return w.blobs[id] }})
	}
	clear(w.blobs)
	return outs[0], nil
}

// before copies the state, for who wants to know of rounds that have ended.
func (w *world) before() (*incentives.State, error) {
	if w.Ended == nil {
		return nil, nil
	}
	return incentives.FromLeaves(w.lead().State.Leaves())
}

func (w *world) authors() (all []ledger.Author) {
	for _, p := range w.peers {
		all = append(all, p.author)
	}
	return all
}
