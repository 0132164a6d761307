package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/audit"
	"github.com/grapevine-network/grapevine/node/engine"
	"github.com/grapevine-network/grapevine/p2p"
)

// Topic is what a peer needs to begin with a topic that others have founded.
type Topic struct {
	Manifest []byte
	Anchor   []byte     // the model that Snapshot needs or, without one, the first
	Snapshot []byte     // the state at the newest checkpoint; nil before there is one
	Trusted  ledger.CID // the committee that certified it
}

// Checkpoint is what an invitation says of the topic's history: the committee
// that certified it up to a height.
type Checkpoint struct {
	Height    uint64
	Block     ledger.CID
	Committee ledger.CID
}

// Fetch gets a topic from peers that are connected or that addrs name. All of it
// is checked by hash: the manifest by the topic, the snapshot by the checkpoint's
// committee or, if that is nil, by the topic's first one.
func Fetch(ctx context.Context, network *p2p.Host, topic ledger.CID, addrs []string, trust *Checkpoint) (_ *Topic, err error) {
	t, err := network.Look(ctx, topic.String())
	if err != nil {
		return nil, fmt.Errorf("fetch topic: %w", err)
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	for _, a := range addrs {
		err = errors.Join(err, network.Connect(ctx, a))
	}
	f := fetcher{topic: t, name: topic}
	for {
		got, fetchErr := f.all(ctx, trust)
		if fetchErr == nil {
			return got, nil
		}
		select {
		case <-time.After(300 * time.Millisecond): // peers of the topic show up one by one
		case <-ctx.Done():
			return nil, fmt.Errorf("fetch topic %v: %w", topic, errors.Join(fetchErr, err))
		}
	}
}

type fetcher struct {
	topic *p2p.Topic
	name  ledger.CID
}

func (f fetcher) all(ctx context.Context, trust *Checkpoint) (*Topic, error) {
	manifest, err := f.blob(ctx, f.name)
	if err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	m, name, err := ledger.DecodeManifest(manifest)
	if err != nil || name != f.name {
		return nil, errors.Join(fmt.Errorf("the manifest is of topic %v", name), err)
	}
	t := &Topic{Manifest: manifest, Trusted: m.Committee().CID()}
	if trust != nil {
		t.Trusted = trust.Committee
	}
	anchor := m.Learning.Anchor
	if data := f.snapshot(ctx); data != nil {
		b, err := audit.SnapshotBlock(data)
		if err == nil && (trust == nil || b.Header.Height+2*ledger.CheckpointAt >= trust.Height) {
			anchor, t.Snapshot = b.Header.Anchor, data
		}
	}
	if t.Anchor, err = f.blob(ctx, anchor); err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	if t.Snapshot == nil {
		return t, nil
	}
	model := func(ledger.CID) []byte { return t.Anchor }
	_, err = audit.FromSnapshot(m, name, t.Snapshot, t.Trusted, model, ledger.Ed25519)
	return t, err
}

// blob asks the topic's peers one after the other.
func (f fetcher) blob(ctx context.Context, id ledger.CID) ([]byte, error) {
	for _, p := range f.topic.Peers() {
		for _, m := range f.ask(ctx, p, engine.Query{Kind: engine.AskBlob, Name: &id}) {
			b, is := m.(engine.BlobMessage)
			if is && (ledger.SumBlob(b.Data) == id || ledger.SumNode(b.Data) == id) {
				return b.Data, nil
			}
		}
	}
	return nil, fmt.Errorf("none of %d peers has %v", len(f.topic.Peers()), id)
}

// snapshot returns the first that a peer has, or nil.
func (f fetcher) snapshot(ctx context.Context) []byte {
	for _, p := range f.topic.Peers() {
		for _, m := range f.ask(ctx, p, engine.Query{Kind: engine.AskSnapshot}) {
			if s, is := m.(engine.SnapshotMessage); is {
				return s.Data
			}
		}
	}
	return nil
}

func (f fetcher) ask(ctx context.Context, to peer.ID, q engine.Query) []engine.Message {
	messages, _ := askPeer(ctx, f.topic, f.name, to, q) // another peer is asked then
	return messages
}
