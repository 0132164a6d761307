package node

import (
	"errors"
	"fmt"
	"io"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/audit"
	"github.com/grapevine-network/grapevine/node/engine"
)

// Export writes the history of the home in dir, from its beginning up to and
// including a height, 0 for the newest, as a CAR that audit.ReadCar checks. Like
// [Replay] it changes nothing and works beside a running node.
func Export(dir string, w io.Writer, height uint64) (*Report, error) {
	p, err := openReplay(dir, nil)
	if err != nil {
		return nil, locate(dir, err)
	}
	defer p.home.Close()
	x := &exporter{replay: p}
	if err := x.begin(w, height); err != nil {
		return nil, err
	}
	p.visit = x.block
	r, err := p.run(p.home.Log().Records())
	if err != nil && !errors.Is(err, errEnough) {
		return r, err
	}
	return r, x.out.Close()
}

// errEnough ends a replay before the newest height.
var errEnough = errors.New("enough")

type exporter struct {
	*replay
	out  *audit.CarWriter
	last ledger.CID
}

// begin writes what comes before the first block.
func (x *exporter) begin(w io.Writer, height uint64) (err error) {
	if x.last, err = x.blockAt(height); err != nil {
		return err
	}
	manifest, err := x.home.Manifest()
	if err != nil {
		return err
	}
	snapshot, name := []byte(nil), ledger.CID{}
	if x.From > 0 {
		first, err := x.firstRecord()
		if err != nil {
			return err
		}
		snapshot, name = first.Data, ledger.SumNode(first.Data)
	}
	if x.out, err = audit.NewCarWriter(w, x.Replica.Topic, x.last, name); err != nil {
		return err
	}
	if err := x.out.Node(manifest); err != nil {
		return err
	}
	if snapshot != nil {
		err = x.snapshot(snapshot)
	}
	return errors.Join(err, x.out.Blob(audit.EncodeAnchor(x.Replica.Anchor())))
}

func (x *exporter) snapshot(data []byte) error {
	if err := x.out.Node(data); err != nil {
		return err
	}
	for _, l := range x.chain.After(0) {
		b, err := ledger.Encode(l)
		if err == nil {
			err = x.out.Node(b)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// blockAt finds the block of a height, 0 for the newest, without replaying.
func (p *replay) blockAt(height uint64) (ledger.CID, error) {
	var data []byte
	at := p.From
	for r, err := range p.home.Log().Records() {
		if err != nil {
			return ledger.CID{}, locate(p.home.Dir(), err)
		}
		if engine.RecordKind(r.Kind) != engine.RecordFinal {
			continue
		}
		if at++; at == height || height == 0 {
			data = r.Data
		}
	}
	if data == nil {
		return ledger.CID{}, fmt.Errorf("%w: heights %d to %d are here", ErrNothing, p.From+1, at)
	}
	b, _, err := engine.DecodeFinal(data)
	if err != nil {
		return ledger.CID{}, err
	}
	return b.CID(), nil
}

// block writes a block with what settling it took.
func (x *exporter) block(h *Height) error {
	if err := x.out.Block(h.Block, h.Certificate, h.Entries); err != nil {
		return err
	}
	for _, id := range h.Deltas {
		data, err := x.home.Blobs().Get(id.Cid)
		if err == nil {
			err = x.out.Blob(data)
		}
		if err != nil {
			return err
		}
	}
	if h.Block.CID() == x.last {
		return errEnough
	}
	return nil
}

// FirstModel is the model with which the history of the home in dir begins.
func FirstModel(dir string) (ledger.CID, error) {
	p, err := openReplay(dir, nil)
	if err != nil {
		return ledger.CID{}, locate(dir, err)
	}
	return p.Replica.State.Anchor(), p.home.Close()
}
