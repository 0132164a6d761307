package node

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/grapevine-network/grapevine/learning/delta"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/ledger/store"
	"github.com/grapevine-network/grapevine/node/audit"
	"github.com/grapevine-network/grapevine/node/engine"
	"github.com/grapevine-network/grapevine/node/home"
	"github.com/grapevine-network/grapevine/p2p"
)

// Node is a peer of one topic.
type Node struct {
	cfg      Config
	log      *slog.Logger
	home     *home.Home
	records  *library
	host     *p2p.Host
	topic    *p2p.Topic
	key      ed25519.PrivateKey
	manifest *ledger.Manifest
	name     ledger.CID
	engine   *engine.Engine
	machine  Machine
	rest     *delta.Feedback
	start    time.Time
	events   *timeline
	repeats  *repeats

	inputs  chan engine.Input
	calls   chan func()
	outbox  chan []byte
	submits submits
	work    sync.WaitGroup
	fetches map[ledger.CID]context.CancelFunc
	gate    liveGate
	timer   *time.Timer
	headAt  time.Time
	running sync.Mutex // Run has it
	closing func()     // ends Run, for ever
	closed  <-chan struct{}

	mu     sync.Mutex
	status Status
}

// Open takes the home, replays its ledger and begins to listen. Nothing of the
// topic happens before Run. ctx bounds opening only.
func Open(ctx context.Context, c Config) (_ *Node, err error) {
	if err := c.validate(); err != nil {
		return nil, fmt.Errorf("open node: %w", err)
	}
	n := &Node{
		cfg: c, log: c.Log, start: time.Now(), events: newTimeline(),
		inputs: make(chan engine.Input, 256), calls: make(chan func()), outbox: make(chan []byte, 1024), fetches: map[ledger.CID]context.CancelFunc{},
	}
	closed := make(chan struct{})
	n.closed, n.closing = closed, sync.OnceFunc(func() { close(closed) })
	if n.log == nil {
		n.log = slog.New(slog.DiscardHandler)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("open node: %w", errors.Join(err, n.Close()))
		}
	}()
	if err := n.mendLog(); err != nil {
		return nil, err
	}
	if err := n.pruneIfLarge(); err != nil {
		return nil, err
	}
	if n.home, err = home.Open(c.Dir); err != nil {
		return nil, err
	}
	if err := n.openTopic(ctx); err != nil {
		return nil, err
	}
	if n.topic != nil { // mending needed it
		return n, nil
	}
	return n, n.listen(ctx)
}

func (n *Node) openTopic(ctx context.Context) error {
	created := false
	if n.key = n.cfg.Key; n.key == nil {
		key, fresh, err := n.home.Identity()
		if err != nil {
			return err
		}
		n.key, created = key, fresh
	}
	if n.cfg.Manifest != nil {
		if err := n.home.SetManifest(n.cfg.Manifest); err != nil {
			return err
		}
	}
	data, err := n.home.Manifest()
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("no topic: give a manifest, or the directory of a home that has one")
	} else if err != nil {
		return err
	}
	if n.manifest, n.name, err = ledger.DecodeManifest(data); err != nil {
		return err
	}
	n.repeats = newRepeats(min(time.Second, time.Duration(n.manifest.Rounds.Delta)*time.Millisecond/2)) // honest ones are a delta apart
	if err := n.ownTrainer(); err != nil {
		return err
	}
	begin, err := n.beginning(ctx)
	if err != nil {
		return err
	}
	return n.openEngine(ctx, begin, created)
}

// beginning is where the ledger begins: with the topic, or with the snapshot
// that its log begins with. An empty log gets the one of the configuration.
func (n *Node) beginning(ctx context.Context) (b Topic, err error) {
	b, empty := Topic{}, true
	for r, err := range n.home.Log().Records() {
		if err != nil {
			return b, err
		}
		if empty = false; engine.RecordKind(r.Kind) == engine.RecordState {
			b.Snapshot = bytes.Clone(r.Data)
		}
		break
	}
	if empty && n.cfg.Snapshot != nil {
		b.Snapshot = n.cfg.Snapshot
		records := append([]engine.Record{{Kind: engine.RecordState, Data: b.Snapshot}}, engine.LinkRecords(n.cfg.Links)...)
		for _, r := range records {
			if _, err := n.home.Log().Append(store.Kind(r.Kind), r.Data); err != nil {
				return b, err
			}
		}
	}
	anchor := n.manifest.Learning.Anchor
	if b.Snapshot != nil {
		block, err := audit.SnapshotBlock(b.Snapshot)
		if err != nil {
			return b, err
		}
		anchor, b.Trusted = block.Header.Anchor, block.Header.Committee
		if empty {
			b.Trusted = n.cfg.Trusted
		}
	}
	b.Anchor, err = n.firstAnchor(ctx, anchor)
	return b, err
}

// firstAnchor is the model that the ledger begins with.
func (n *Node) firstAnchor(ctx context.Context, id ledger.CID) ([]byte, error) {
	if n.cfg.Anchor != nil && ledger.SumBlob(n.cfg.Anchor) == id {
		if _, err := n.home.Blobs().Put(n.cfg.Anchor); err != nil {
			return nil, err
		}
		return n.cfg.Anchor, nil
	}
	anchor, err := n.blob(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("the model that the ledger begins with: %w", err)
	}
	return anchor, nil
}

func (n *Node) openEngine(ctx context.Context, begin Topic, fresh bool) (err error) {
	sign := func(message []byte) []byte { return ed25519.Sign(n.key, message) }
	n.engine, err = engine.New(engine.Config{
		Manifest: n.manifest, Topic: n.name, Anchor: begin.Anchor, Snapshot: begin.Snapshot, Trusted: begin.Trusted,
		Author: n.Author(), Sign: sign, Secret: n.secret(),
		Train: n.cfg.Trainer != nil, Score: n.cfg.Trainer != nil, Overlap: !n.cfg.Sequential, Fresh: fresh,
	})
	if err != nil {
		return err
	}
	n.records = newLibrary(n.home, n.name)
	var lost error
	blob := func(id ledger.CID) []byte {
		data, err := n.blob(ctx, id)
		if !errors.Is(err, fs.ErrNotExist) {
			lost = errors.Join(lost, err)
		}
		return data
	}
	if err := n.engine.Restore(n.records.replay(), blob); err != nil {
		return errors.Join(err, lost)
	}
	// A peer that was killed after a block, and before the model that it led to was
	// kept, has computed that model again.
	if _, err := n.home.Blobs().Put(audit.EncodeAnchor(n.engine.Replica().Anchor())); err != nil {
		return err
	}
	n.rest = delta.NewFeedback(n.engine.Replica().Codec(), float32(n.manifest.Learning.Decay)/ledger.One)
	n.machine = n.engine
	if n.cfg.Tamper != nil {
		n.machine = n.cfg.Tamper(n.engine, Self{n.name, n.Author(), sign, n.manifest})
	}
	n.observe()
	n.gate.admit(n.engine.Replica())
	return nil
}

// secret makes salts that only the holder of the key can make.
func (n *Node) secret() [32]byte {
	mac := hmac.New(sha256.New, n.key.Seed())
	mac.Write([]byte("grapevine/secret/1"))
	return [32]byte(mac.Sum(nil))
}

func (n *Node) listen(ctx context.Context) (err error) {
	if n.host = n.cfg.Network; n.host != nil {
		n.topic, err = n.host.Join(ctx, n.name.String(), n.check)
		return err
	}
	n.host, err = p2p.Open(ctx, p2p.Config{
		Key: n.key, Listen: n.cfg.Listen, Bootstrap: n.cfg.Peers, MDNS: n.cfg.MDNS, Agent: "grapevine", Log: n.log,
	})
	if err != nil {
		return err
	}
	n.topic, err = n.host.Join(ctx, n.name.String(), n.check)
	return err
}

// check is what gossip asks of a message before it is passed on: all that can be
// said without knowing the ledger.
func (n *Node) check(_ peer.ID, data []byte) (any, p2p.Verdict) {
	if !n.repeats.allow(data, time.Now()) {
		return nil, p2p.Ignore
	}
	m, err := engine.Decode(data, n.name, ledger.Ed25519)
	if err != nil || !engine.Gossiped(m) {
		return nil, p2p.Reject
	}
	if l, is := m.(engine.LiveMessage); is && !n.gate.allows(l.Live.Author, time.Now()) {
		return nil, p2p.Ignore
	}
	return m, p2p.Accept
}

// Author is the node's key: its peer ID and account.
func (n *Node) Author() ledger.Author { return ledger.Author(n.key.Public().(ed25519.PublicKey)) }

// Topic names the topic.
func (n *Node) Topic() ledger.CID { return n.name }

// Manifest holds the topic's rules. It must not be changed.
func (n *Node) Manifest() *ledger.Manifest { return n.manifest }

// Addrs returns the addresses at which others reach this node, with /p2p/.
func (n *Node) Addrs() []string { return n.host.Addrs() }

// Checkpoint is what an invitation to the topic can say of its history now.
func (n *Node) Checkpoint(ctx context.Context) (c Checkpoint, err error) {
	err = n.Inspect(ctx, func(r *audit.Replica) {
		c = r.Checkpoint()
	})
	return c, err
}

// Connect connects to a peer by its address.
func (n *Node) Connect(ctx context.Context, addr string) error { return n.host.Connect(ctx, addr) }

// Traffic is what went through the node's network so far.
func (n *Node) Traffic() p2p.Traffic { return n.host.Traffic() }

// Inspect calls f with the certified truth as this node has it. f must not keep
// or change it. It works while Run does.
func (n *Node) Inspect(ctx context.Context, f func(r *audit.Replica)) error {
	done := make(chan struct{})
	call := func() { f(n.engine.Replica()); close(done) }
	select {
	case n.calls <- call:
		<-done
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Pause stops or resumes the opening of rounds by this node; what is in flight
// is finished.
func (n *Node) Pause(ctx context.Context, on bool) error { return n.put(ctx, engine.Pause{On: on}) }

func (n *Node) put(ctx context.Context, in engine.Input) error {
	select {
	case n.inputs <- in:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close ends Run, waits for it, and gives back the home and the network.
func (n *Node) Close() error {
	n.closing()
	n.running.Lock()
	defer n.running.Unlock()
	var err error
	if n.topic != nil {
		err = n.topic.Close()
	}
	if n.host != nil && n.cfg.Network == nil {
		err = errors.Join(err, n.host.Close())
	}
	if n.home != nil {
		if n.engine != nil && n.records != nil {
			err = errors.Join(err, n.saveHead())
		}
		err = errors.Join(err, n.home.Close())
	}
	n.events.close()
	return err
}
