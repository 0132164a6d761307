package node

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/ledger/finality"
	"github.com/grapevine-network/grapevine/ledger/store"
	"github.com/grapevine-network/grapevine/node/audit"
	"github.com/grapevine-network/grapevine/node/engine"
	"github.com/grapevine-network/grapevine/node/home"
)

// Pruned is what pruning a home came to. Bytes are those of the log and the blobs.
type Pruned struct {
	From          uint64 // height that the log begins after now
	Height        uint64 // newest
	Before, After int64
	Blobs         int // removed
}

// Prune makes the home in dir begin at its newest checkpoint: the state there, as
// a quorum certified it, takes the place of all that led to it, and the deltas
// that nothing needs any more are removed. What is left verifies, proves balances
// and lets others join; what came before, others must show. No node may be running
// in the home. The error wraps [ErrNothing] if it begins there already.
func Prune(dir string) (p Pruned, err error) {
	h, err := home.Open(dir)
	if err != nil {
		return p, fmt.Errorf("prune: %w", err)
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	x := &pruner{home: h, keep: map[ledger.CID]bool{}}
	if err := x.find(dir); err != nil {
		return p, fmt.Errorf("prune: %w", err)
	}
	p = Pruned{From: x.point.Header.Height - 1, Height: x.head.Height}
	p.Before = sizeOf(dir)
	// The model there may be gone, as no round needs it; whoever replays does.
	if _, err := h.Blobs().Put(audit.EncodeAnchor(x.model)); err != nil {
		return p, fmt.Errorf("prune: %w", err)
	}
	if err := h.ReplaceLog(x.write); err != nil {
		return p, fmt.Errorf("prune: %w", err)
	}
	if p.Blobs, err = x.sweep(); err != nil {
		return p, fmt.Errorf("prune: %w", err)
	}
	p.After = sizeOf(dir)
	return p, nil
}

type pruner struct {
	home    *home.Home
	head    ledger.Tip
	point   *ledger.Block // after the newest checkpoint
	cert    *ledger.Certificate
	leaves  [][]byte
	links   []ledger.Link
	model   []int32
	seqs    map[ledger.Author]uint64 // at the checkpoint
	round   uint64
	newest  uint64 // instance that this peer voted in
	keep    map[ledger.CID]bool
	anchors []ledger.CID // since the checkpoint
}

// find replays the home and remembers the newest checkpoint that a block follows.
func (x *pruner) find(dir string) error {
	p, err := openReplay(dir, nil)
	if err != nil {
		return locate(dir, err)
	}
	defer p.home.Close()
	p.before = func(b *ledger.Block, cert *ledger.Certificate) (stop bool) {
		if at := b.Header.Height - 1; at > p.From && at%p.Replica.State.Phases.Period() == 0 {
			x.remember(p, b, cert)
		}
		return false
	}
	p.visit = func(h *Height) error {
		if h.Outcome != nil {
			x.anchors = append(x.anchors, h.Outcome.Anchor)
		}
		return nil
	}
	if _, err := p.run(p.home.Log().Records()); err != nil {
		return err
	}
	if err := p.checkEnd(); err != nil {
		return err
	}
	if x.point == nil {
		return fmt.Errorf("%w: no checkpoint after height %d is certified yet", ErrNothing, p.From)
	}
	if p.Replica.Unsettled() {
		return fmt.Errorf("%w: the last round waits to be settled; let the peer run until it is", ErrNothing)
	}
	x.head = p.Replica.Head
	return nil
}

func (x *pruner) remember(p *replay, b *ledger.Block, cert *ledger.Certificate) {
	s := p.Replica.State
	x.point, x.cert, x.leaves, x.model, x.round = b, cert, s.Leaves(), p.Replica.Anchor(), s.Round.Number
	x.links = p.chain.After(0)
	x.seqs = map[ledger.Author]uint64{}
	for author, a := range s.Accounts {
		x.seqs[author] = a.Seq
	}
	x.anchors = append([]ledger.CID(nil), s.Anchors...)
	clear(x.keep)
	for _, a := range s.Archive {
		x.keep[a.Delta] = true
	}
	for _, r := range s.Round.Reveals {
		x.keep[r.Delta] = true
	}
}

// write fills the new log.
func (x *pruner) write(l *store.Log) (store.Head, error) {
	head := store.Head{Height: x.head.Height, Block: x.head.Block.String()}
	cert, err := ledger.Encode(x.cert)
	if err != nil {
		return head, err
	}
	state, err := ledger.Encode(audit.Snapshot{Block: x.point.Bytes(), Certificate: cert, Leaves: x.leaves})
	if err != nil {
		return head, err
	}
	first := append([]engine.Record{{Kind: engine.RecordState, Data: state}}, engine.LinkRecords(x.links)...)
	for _, r := range first {
		if _, err := l.Append(store.Kind(r.Kind), r.Data); err != nil {
			return head, err
		}
	}
	if err := x.findNewestVote(); err != nil {
		return head, err
	}
	for r, err := range x.home.Log().Records() {
		if err != nil {
			return head, err
		}
		needed, err := x.needs(engine.RecordKind(r.Kind), r.Data)
		if err == nil && needed {
			_, err = l.Append(r.Kind, r.Data)
		}
		if err != nil {
			return head, err
		}
	}
	return head, nil
}

// findNewestVote looks for the last instance in which this peer voted: it must
// never vote another way there.
func (x *pruner) findNewestVote() error {
	for r, err := range x.home.Log().Records() {
		if err != nil {
			return err
		}
		if engine.RecordKind(r.Kind) != engine.RecordVote {
			continue
		}
		f, err := finality.DecodeFrame(r.Data)
		if err != nil {
			return err
		}
		x.newest = max(x.newest, f.Vote.Instance)
	}
	return nil
}

// needs tells whether a record says something that the checkpoint does not, and
// keeps the blobs that it names.
func (x *pruner) needs(kind engine.RecordKind, data []byte) (bool, error) {
	switch kind {
	case engine.RecordEntry:
		e, err := ledger.DecodeEntry(bytes.Clone(data))
		if err != nil || e.Seq <= x.seqs[e.Author] {
			return false, err
		}
		if v, is := e.Body.(*ledger.Reveal); is {
			x.keep[v.Delta] = true
		}
		return true, nil
	case engine.RecordFinal:
		b, _, err := engine.DecodeFinal(data)
		return err == nil && b.Header.Height >= x.point.Header.Height, err
	case engine.RecordVote:
		f, err := finality.DecodeFrame(data)
		return err == nil && (f.Vote.Instance == x.newest || f.Vote.Instance > x.cert.Instance), err
	case engine.RecordMemo:
		var m engine.Memo
		err := ledger.Decode(data, &m)
		if err != nil || m.Round < x.round {
			return false, err
		}
		if m.Delta != nil {
			x.keep[*m.Delta] = true
		}
		return true, nil
	case engine.RecordBase:
		c, err := ledger.DecodeCertificate(data)
		return err == nil && c.Instance > x.cert.Instance, err
	case engine.RecordBlock:
		b, err := ledger.DecodeBlock(data)
		return err == nil && b.Header.Height >= x.point.Header.Height, err
	}
	return false, nil
}

// sweep removes the blobs that nothing in the new log needs.
func (x *pruner) sweep() (removed int, err error) {
	for _, a := range x.anchors {
		x.keep[a] = true
	}
	var gone []ledger.CID
	for id, err := range x.home.Blobs().Check() {
		if err != nil {
			return 0, locate(x.home.Dir(), err)
		}
		if name := (ledger.CID{Cid: id}); !x.keep[name] {
			gone = append(gone, name)
		}
	}
	for _, id := range gone {
		if err := x.home.Blobs().Delete(id.Cid); err != nil {
			return removed, err
		}
		removed++
	}
	return removed, nil
}

// archiveBelow is the size up to which a home keeps all that it ever had.
const archiveBelow = 1 << 30

// pruneIfLarge prunes the home before it is opened, if it is larger than it should
// be and has a checkpoint to begin at.
func (n *Node) pruneIfLarge() error {
	limit := cmp.Or(n.cfg.PruneAbove, archiveBelow)
	if limit < 0 || sizeOf(n.cfg.Dir) <= limit {
		return nil
	}
	p, err := Prune(n.cfg.Dir)
	if errors.Is(err, ErrNothing) {
		return nil
	}
	if err == nil {
		n.log.Info("pruned", "from", p.From, "before", p.Before, "after", p.After)
	}
	return err
}

// sizeOf is what the ledger and the blobs in dir take, 0 if there are none.
func sizeOf(dir string) (size int64) {
	for _, part := range []string{"ledger", "blobs"} {
		_ = filepath.WalkDir(filepath.Join(dir, part), func(_ string, e fs.DirEntry, err error) error {
			if err != nil {
				return nil // opening the home will say what is wrong
			}
			if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
				size += info.Size()
			}
			return nil
		})
	}
	return size
}
