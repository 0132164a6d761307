package node

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/ledger/store"
	"github.com/grapevine-network/grapevine/node/audit"
	"github.com/grapevine-network/grapevine/node/engine"
	"github.com/grapevine-network/grapevine/node/home"
)

// openReplay is at height 0. It reads the head first: the log is as long by then,
// also if a node is at work.
func openReplay(dir string, visit func(h *Height) error) (*replay, error) {
	noted, noHead := store.ReadHead(filepath.Join(dir, "ledger"))
	h, err := home.View(dir)
	if err != nil {
		return nil, err
	}
	p := &replay{home: h, visit: visit, held: map[ledger.CID]*ledger.Entry{}, noted: noted}
	if errors.Is(noHead, fs.ErrNotExist) {
		noHead = nil // there is none before the first block
	}
	if err := errors.Join(noHead, p.begin()); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return p, nil
}

// begin makes the replica that the log begins with.
func (p *replay) begin() error {
	data, err := p.home.Manifest()
	if err != nil {
		return err
	}
	m, topic, err := ledger.DecodeManifest(data)
	if err != nil {
		return &Fault{File: "manifest.cbor", Err: err}
	}
	first, err := p.firstRecord()
	if err != nil {
		return err
	}
	if engine.RecordKind(first.Kind) == engine.RecordState {
		return p.beginAt(m, topic, first)
	}
	anchor, err := p.home.Blobs().Get(m.Learning.Anchor.Cid)
	if err != nil {
		return err
	}
	if p.Replica, err = audit.New(m, topic, anchor, ledger.Ed25519); err != nil {
		return &Fault{File: "manifest.cbor", Err: err}
	}
	return nil
}

func (p *replay) firstRecord() (store.Record, error) {
	for r, err := range p.home.Log().Records() {
		return r, err
	}
	return store.Record{}, nil
}

// beginAt takes over the state of a snapshot. That a quorum of the committee that
// it names certified it is checked, and that the checkpoints which the log has lead
// to that committee: from the topic's beginning or, if whoever joined with them did
// not get them all, from the checkpoint of its invitation.
func (p *replay) beginAt(m *ledger.Manifest, topic ledger.CID, first store.Record) error {
	b, err := audit.SnapshotBlock(first.Data)
	if err == nil {
		err = p.takeLinks(m, topic, b.Header)
	}
	if err != nil {
		return &Fault{File: logFile(first.At), Offset: first.At.Offset, Err: err}
	}
	anchor, err := p.home.Blobs().Get(b.Header.Anchor.Cid)
	if err != nil {
		return err
	}
	model := func(ledger.CID) []byte { return anchor }
	p.Replica, err = audit.FromSnapshot(m, topic, first.Data, b.Header.Committee, model, ledger.Ed25519)
	if err != nil {
		return &Fault{File: logFile(first.At), Offset: first.At.Offset, Err: err}
	}
	p.From = p.Replica.Head.Height
	p.compareHead()
	return nil
}

// takeLinks takes the checkpoints that follow the snapshot in the log, and checks
// that they lead to it.
func (p *replay) takeLinks(m *ledger.Manifest, topic ledger.CID, to ledger.Header) error {
	for r, err := range p.home.Log().Records() {
		if err != nil {
			return err
		}
		if engine.RecordKind(r.Kind) == engine.RecordState {
			continue
		}
		if engine.RecordKind(r.Kind) != engine.RecordLinks {
			break
		}
		links, err := engine.DecodeLinks(r.Data)
		if err != nil {
			return err
		}
		p.chain.Extend(links)
	}
	links := p.chain.After(0)
	if len(links) == 0 {
		return nil
	}
	trust := audit.Begin(m, links)
	if trust.Height == 0 {
		trust = m.Origin(topic)
	}
	committee, err := audit.Follow(m, topic, trust, links, to, ledger.Ed25519)
	if err == nil && committee != to.Committee {
		err = fmt.Errorf("the log's checkpoints lead to committee %v, its snapshot was certified by %v", committee, to.Committee)
	}
	return err
}

// compareHead notices the block that the head file names.
func (p *replay) compareHead() {
	head := p.Replica.Head
	p.found = p.found || p.noted.Height == head.Height && p.noted.Block == head.Block.String()
}
