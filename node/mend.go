package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/ledger/store"
	"github.com/grapevine-network/grapevine/node/engine"
	"github.com/grapevine-network/grapevine/node/home"
)

// mendLog puts what is sound of a damaged log in its place; the rest comes from
// others, as for a peer that was restored from a backup: it neither signs nor votes
// before it has heard what they know of it. Where nobody else votes nobody could
// tell, so there it is an error.
func (n *Node) mendLog() error {
	_, err := store.View(filepath.Join(n.cfg.Dir, "ledger"))
	damage, is := errors.AsType[*store.Damage](err)
	if !is || damage.Newer {
		return nil // opening says what is wrong, if anything is
	}
	data, err := os.ReadFile(filepath.Join(n.cfg.Dir, "manifest.cbor"))
	if err != nil {
		return nil
	}
	m, _, err := ledger.DecodeManifest(data)
	if err != nil {
		return nil
	}
	if len(m.Committee()) < 2 {
		return fmt.Errorf("%w: this topic has one validator, so nobody else has what is lost: put back a backup of the home", locate(n.cfg.Dir, damage))
	}
	if !beginsSound(n.cfg.Dir, m.Learning.Anchor) {
		return fmt.Errorf("%w: the checkpoint that this peer joined at is lost: join the topic again with another home", locate(n.cfg.Dir, damage))
	}
	aside, err := home.Salvage(n.cfg.Dir, outlives)
	if err == nil && aside != "" {
		n.notice("%v: what follows comes from peers again; the damaged log is kept in %s", locate(n.cfg.Dir, damage), aside)
	}
	return err
}

// beginsSound tells whether a damaged log still has its beginning, or began with the
// topic, whose first model is here then.
func beginsSound(dir string, first ledger.CID) bool {
	name := first.String()
	if _, err := os.Stat(filepath.Join(dir, "blobs", name[len(name)-2:], name)); err == nil {
		return true
	}
	for _, err := range store.Check(filepath.Join(dir, "ledger")) {
		if d, is := errors.AsType[*store.Damage](err); !is || filepath.Ext(d.File) == ".log" {
			return err == nil
		}
	}
	return false
}

// outlives tells whether a record says something without all that came before: what
// this peer has signed, and what nobody may have heard yet.
func outlives(r store.Record) bool {
	switch engine.RecordKind(r.Kind) {
	case engine.RecordVote, engine.RecordMemo, engine.RecordEntry:
		return true
	}
	return false
}

// blob returns the blob that id names, from a peer if its file is damaged.
func (n *Node) blob(ctx context.Context, id ledger.CID) ([]byte, error) {
	data, err := n.home.Blobs().Get(id.Cid)
	if _, is := errors.AsType[*store.Damage](err); !is {
		return data, err
	}
	if data, lost := n.mendBlob(ctx, id, err); lost == nil {
		return data, nil
	}
	return nil, fmt.Errorf("%w, and no peer was reached that has it: connect to peers of the topic and start again", locate(n.cfg.Dir, err))
}

// mendWait bounds the search for one blob.
const mendWait = 30 * time.Second

// mendBlob gets a damaged blob from whoever has it, and stores it again.
func (n *Node) mendBlob(ctx context.Context, id ledger.CID, damage error) ([]byte, error) {
	n.notice("%v: this peer asks others for it", locate(n.cfg.Dir, damage))
	if n.topic == nil { // the ledger can't be opened without it
		if err := n.listen(ctx); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, mendWait)
	defer cancel()
	data, err := n.seek(ctx, id, ledger.Author{})
	if err == nil {
		_, err = n.home.Blobs().Put(data)
	}
	if err == nil {
		n.notice("blob %v is repaired", id)
	}
	return data, err
}

// mendBlobs looks after all blobs once.
func (n *Node) mendBlobs(ctx context.Context) {
	for id, err := range n.home.Blobs().Check() {
		if ctx.Err() != nil {
			return
		}
		if _, is := errors.AsType[*store.Damage](err); is && id.Defined() {
			_, err = n.mendBlob(ctx, ledger.CID{Cid: id}, err)
		}
		if err != nil && ctx.Err() == nil {
			n.notice("%v", err)
		}
	}
}

func (n *Node) notice(format string, args ...any) {
	n.events.publish(Noticed{fmt.Sprintf(format, args...)})
}

// seek asks peer after peer for a blob until one has it, or ctx ends.
func (n *Node) seek(ctx context.Context, id ledger.CID, first ledger.Author) ([]byte, error) {
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		for _, p := range n.sources(first) {
			if data := n.askBlob(ctx, p, id); data != nil {
				return data, nil
			}
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// askBlob returns a blob that a peer has, or nil.
func (n *Node) askBlob(ctx context.Context, from peer.ID, id ledger.CID) []byte {
	messages, err := n.ask(ctx, from, engine.Query{Kind: engine.AskBlob, Name: &id})
	if err != nil || len(messages) == 0 {
		return nil
	}
	if m, is := messages[0].(engine.BlobMessage); is && ledger.SumBlob(m.Data) == id {
		return m.Data
	}
	return nil
}
