package node

import (
	"errors"
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
// it names certified it is checked; that this is the topic's committee, whoever
// joined with it has checked by the invitation.
func (p *replay) beginAt(m *ledger.Manifest, topic ledger.CID, first store.Record) error {
	b, err := audit.SnapshotBlock(first.Data)
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

// compareHead notices the block that the head file names.
func (p *replay) compareHead() {
	head := p.Replica.Head
	p.found = p.found || p.noted.Height == head.Height && p.noted.Block == head.Block.String()
}
