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
	Anchor   []byte        // the model that Snapshot needs or, without one, the first
	Snapshot []byte        // the state at the newest checkpoint; nil before there is one
	Trusted  ledger.CID    // the committee that certified it
	Links    []ledger.Link // the checkpoints that lead there
	Distant  bool          // nothing but the topic's name was believed in, and who had stakes then may be gone: another history could be made up
}

// Checkpoint is what an invitation says of the topic's history.
type Checkpoint = ledger.Checkpoint

// Fetch gets a topic from peers that are connected or that addrs name. All of it
// is checked: the manifest by its name, which is the topic; the snapshot by the
// checkpoints that lead to it from trust or, if that is nil, from the topic's
// beginning. A history without trust's checkpoint is refused. The error is a
// [*Fault] if the topic's rules are not sane.
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
		if _, bad := errors.AsType[*Fault](fetchErr); fetchErr == nil || bad {
			return got, fetchErr
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
	if err != nil {
		return nil, &Fault{File: "manifest.cbor", Err: err} // it has the right name, so nobody has a better one
	}
	t := &Topic{Manifest: manifest}
	origin := m.Origin(name)
	if trust == nil {
		trust = &origin
	}
	if err := f.history(ctx, m, t, *trust); err != nil {
		return nil, err
	}
	anchor := m.Learning.Anchor
	if t.Snapshot != nil {
		b, err := audit.SnapshotBlock(t.Snapshot)
		if err != nil {
			return nil, err
		}
		anchor = b.Header.Anchor
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

// history gets the newest state from the first peer that can show how it follows
// from trust. Before the first checkpoint there is none to get.
func (f fetcher) history(ctx context.Context, m *ledger.Manifest, t *Topic, trust Checkpoint) (err error) {
	found := false
	for _, p := range f.topic.Peers() {
		data := f.snapshot(ctx, p)
		if data == nil {
			continue
		}
		found = true
		trusted, links, wrong := f.follow(ctx, m, p, trust, data)
		if wrong == nil {
			t.Snapshot, t.Trusted, t.Links = data, trusted, links
			t.Distant = trust.Height == 0 && uint64(len(links))*m.Rounds.Period() > m.Economy.Unbonding
			return nil
		}
		err = errors.Join(err, fmt.Errorf("history of peer %v: %w", p, wrong))
	}
	if !found && trust.Height > 0 {
		return fmt.Errorf("none of %d peers has the checkpoint to believe in, of height %d", len(f.topic.Peers()), trust.Height)
	}
	return err
}

// follow returns the committee that must have certified a peer's snapshot, and the
// links that say so.
func (f fetcher) follow(ctx context.Context, m *ledger.Manifest, p peer.ID, trust Checkpoint, data []byte) (ledger.CID, []ledger.Link, error) {
	b, err := audit.SnapshotBlock(data)
	if err != nil {
		return ledger.CID{}, nil, err
	}
	links := f.links(ctx, p, b.Header.Height-1)
	trusted, err := audit.Follow(m, f.name, trust, links, b.Header, ledger.Ed25519)
	return trusted, links, err
}

// maxLinks bounds the checkpoints that are fetched: 64 million heights.
const maxLinks = 1 << 20

// links asks a peer for its checkpoints up to a height, answer by answer.
func (f fetcher) links(ctx context.Context, p peer.ID, height uint64) (links []ledger.Link) {
	for from := uint64(0); from < height && len(links) < maxLinks; {
		before := from
		for _, m := range f.ask(ctx, p, engine.Query{Kind: engine.AskChain, From: from}) {
			if l, is := m.(engine.LinkMessage); is && l.Link.Header.Height > from && l.Link.Header.Height <= height {
				links, from = append(links, l.Link), l.Link.Header.Height
			}
		}
		if from == before {
			break
		}
	}
	return links
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

// snapshot returns the one that a peer has, or nil.
func (f fetcher) snapshot(ctx context.Context, p peer.ID) []byte {
	for _, m := range f.ask(ctx, p, engine.Query{Kind: engine.AskSnapshot}) {
		if s, is := m.(engine.SnapshotMessage); is {
			return s.Data
		}
	}
	return nil
}

func (f fetcher) ask(ctx context.Context, to peer.ID, q engine.Query) []engine.Message {
	messages, _ := askPeer(ctx, f.topic, f.name, to, q) // another peer is asked then
	return messages
}
