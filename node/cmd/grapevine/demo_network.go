package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/grapevine-network/grapevine/learning"
	"github.com/grapevine-network/grapevine/learning/dataset"
	"github.com/grapevine-network/grapevine/learning/model"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node"
	"github.com/grapevine-network/grapevine/node/audit"
	"github.com/grapevine-network/grapevine/node/sim/adversary"
)

// demo is a network of peers in this process.
type demo struct {
	demoFlags
	*printer
	start  time.Time
	dir    string
	attack []adversary.Kind
	shards *shards

	manifest *ledger.Manifest
	topic    ledger.CID
	net      model.Model
	nodes    []*node.Node
	stop     context.CancelFunc
	running  sync.WaitGroup
	failed   chan error

	alone    []*alone
	settled  uint64
	trainEnd time.Time
	reached  time.Time // when the target was
	now      model.Report
	earned   earnings
	deltas   counter
}

// alone is what a peer would be without the others.
type alone struct {
	trainer *model.SGD
	weights learning.Vector
}

type earning struct{ training, validating uint64 }

// counter averages.
type counter struct {
	mu         sync.Mutex
	sum, count int64
}

func (c *counter) add(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sum += int64(n)
	c.count++
}

func (d *demo) homeOf(i int) string { return filepath.Join(d.dir, fmt.Sprintf("peer-%02d", i+1)) }

// open makes identities, the topic that they found, and the nodes.
func (d *demo) open(ctx context.Context) error {
	manifest, anchor, err := d.found(node.Identity)
	if err != nil {
		return err
	}
	for i := range d.peers {
		if err := d.openPeer(ctx, i, manifest, anchor); err != nil {
			return err
		}
	}
	return nil
}

// found makes the topic of all peers, each of whom identity gives a home and a
// key. A home that has another topic's ledger is refused.
func (d *demo) found(identity func(dir string) (ledger.Author, error)) (manifest, anchor []byte, err error) {
	members := make([]ledger.Member, d.peers)
	for i := range members {
		dir := d.homeOf(i)
		if _, err := os.Stat(filepath.Join(dir, "manifest.cbor")); err == nil {
			return nil, nil, &failure{code: codeFailed, err: fmt.Errorf("%s holds a peer of an earlier topic", dir), hint: "choose another --home, or remove that one"}
		}
		author, err := identity(dir)
		if err != nil {
			return nil, nil, err
		}
		members[i] = ledger.Member{Author: author, Bond: thousandTokens, Stake: thousandTokens}
	}
	manifest, anchor, err = node.Found(node.Founding{
		Name: "demo", Model: d.spec(), Schema: d.shards.schema, Seed: d.seed, Members: members, Rules: d.rules,
	})
	if err != nil {
		return nil, nil, fault(codeUsage, "--model", err)
	}
	if d.manifest, d.topic, err = ledger.DecodeManifest(manifest); err != nil {
		return nil, nil, err
	}
	d.net, _, err = node.ModelOf(d.manifest)
	return manifest, anchor, err
}

func (d *demo) spec() string { return cmp.Or(d.model, defaultModel(d.shards.schema)) }

// rules are those of a network on one computer: rounds end when all are done,
// and time limits only bound what goes wrong.
func (d *demo) rules(m *ledger.Manifest) {
	m.Rounds = ledger.Rounds{Commit: 6, Reveal: 6, Seal: 6, Open: 6, Pace: 500, Propose: 600, Delta: 300}
	l := &m.Learning
	l.Alpha, l.Steps, l.Batch, l.Rate, l.Shrink = ledger.One*5/4, 30, 32, ledger.One*6/100, 0
	switch d.shards.schema.Kind {
	case dataset.TableKind:
		l.Steps, l.Rate = 12, ledger.One*4/100
	case dataset.TextKind:
		l.Steps, l.Rate = 60, ledger.One*4/100
	}
	if !l.Dense {
		l.Keep = 128
	}
	m.Economy.Rate = 1 << 26 // a 64th of what remains, a round: a demo is short
}

func (d *demo) openPeer(ctx context.Context, i int, manifest, anchor []byte) error {
	train := d.shards.train[i]
	trainer, err := node.TrainerOf(d.manifest, train, d.shards.held[i])
	if err != nil {
		return err
	}
	lonely, err := node.TrainerOf(d.manifest, train, d.shards.held[i])
	if err != nil {
		return err
	}
	weights, err := d.weights(anchor)
	if err != nil {
		return err
	}
	d.alone = append(d.alone, &alone{lonely, weights})
	if d.attack[i] != "" {
		trainer.Data = d.attack[i].Poison(train, d.seed+uint64(i))
	}
	always := func() bool { return true }
	n, err := node.Open(ctx, node.Config{
		Dir: d.homeOf(i), Manifest: manifest, Anchor: anchor, Trainer: restful{trainer, d.slow, always}, Sequential: !d.overlap,
		Listen: []string{"/ip4/127.0.0.1/tcp/0"}, Tamper: d.tamper(i),
		PruneAbove: -1,
	})
	if err != nil {
		return err
	}
	d.nodes = append(d.nodes, n)
	return nil
}

// tamper makes an attacker of peer i, if it is one.
func (d *demo) tamper(i int) func(node.Machine, node.Self) node.Machine {
	if d.attack[i] == "" {
		return nil
	}
	return func(m node.Machine, s node.Self) node.Machine {
		return adversary.Wrap(d.attack[i], m, adversary.Self{
			Topic: s.Topic, Author: s.Author, Sign: s.Sign, Seed: d.seed + uint64(i),
			Codec: audit.CodecOf(s.Manifest),
		})
	}
}

// run starts all nodes and connects each to some of those before it.
func (d *demo) run(ctx context.Context) error {
	ctx, d.stop = context.WithCancel(ctx)
	d.failed = make(chan error, len(d.nodes))
	for i, n := range d.nodes {
		for _, j := range neighbours(i) {
			if err := n.Connect(ctx, d.nodes[j].Addrs()[0]); err != nil {
				return fault(codeNoPeers, "connect peers on the loopback interface", err)
			}
		}
	}
	for i, n := range d.nodes {
		d.running.Go(func() {
			if err := n.Run(ctx); err != nil && d.attack[i] == "" {
				d.failed <- err // an attacker may well trip over what it did
			}
		})
		if d.attack[i] == "" {
			d.running.Go(func() { d.countDeltas(ctx, n) })
		}
	}
	return nil
}

// neighbours are the peers that peer i connects to: all, in a small network.
func neighbours(i int) (out []int) {
	for j := range i {
		if i < 10 || i-j <= 3 || j%8 == i%8 {
			out = append(out, j)
		}
	}
	return out
}

func (d *demo) countDeltas(ctx context.Context, n *node.Node) {
	for r := range n.Events(ctx, 0) {
		if e, is := r.Event.(node.Trained); is && e.Bytes > 0 {
			d.deltas.add(e.Bytes)
		}
	}
}

func (d *demo) close() error {
	if d.stop != nil {
		d.stop()
	}
	d.running.Wait()
	var err error
	for _, n := range d.nodes {
		err = errors.Join(err, n.Close())
	}
	return err
}

// honest returns the indices of peers that follow the rules.
func (d *demo) honest() (out []int) {
	for i, k := range d.attack {
		if k == "" {
			out = append(out, i)
		}
	}
	return out
}
