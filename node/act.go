package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/grapevine-network/grapevine/learning"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/ledger/store"
	"github.com/grapevine-network/grapevine/node/engine"
	"github.com/grapevine-network/grapevine/node/home"
	"github.com/grapevine-network/grapevine/p2p"
)

// act carries out what the engine decided; nothing else in this package has
// effects. What is to be stored is stored first and made durable, once, before
// anything is published.
func (n *Node) act(ctx context.Context, out []engine.Output) error {
	dirty, err := n.store(ctx, out)
	if err != nil {
		return err
	}
	for _, o := range out {
		switch o := o.(type) {
		case engine.Publish:
			if dirty {
				if err := n.home.Log().Sync(); err != nil {
					return err
				}
				dirty = false
			}
			n.publish(ctx, o.Data)
		case engine.Ask:
			n.work.Go(func() { n.askAll(ctx, o) })
		case engine.Fetch:
			n.fetch(ctx, o)
		case engine.Train:
			n.work.Go(func() { n.train(ctx, o) })
		case engine.Mine:
			n.work.Go(func() {
				work := engine.FindWork(n.name, n.Author(), o, func() bool { return ctx.Err() != nil })
				_ = n.put(ctx, engine.Mined{Round: o.Round, Work: work})
			})
		case engine.Score:
			n.work.Go(func() { n.score(ctx, o) })
		case engine.Alarm:
			n.timer.Reset(time.Duration(max(0, o.At-n.now())))
		case engine.Blame:
			n.log.WarnContext(ctx, "blame", "peer", o.Peer, "err", o.Reason)
		case engine.Certified:
			if err := n.certified(o); err != nil {
				return err
			}
		case engine.Settled:
			n.settled(o)
		case engine.Submitted:
			n.submits.answer(o)
		case engine.Noticed:
			n.events.publish(Noticed{o.Text})
		}
	}
	return nil
}

func (n *Node) store(ctx context.Context, out []engine.Output) (dirty bool, err error) {
	if blobs := lasting(out); len(blobs) > 0 { // before the records that need them
		if err := n.whileFull(ctx, func() error { return n.home.Blobs().PutAll(blobs) }); err != nil {
			return dirty, fmt.Errorf("keep blobs: %w", err)
		}
	}
	for _, o := range out {
		switch o := o.(type) {
		case engine.Store:
			dirty = true
			if err := n.whileFull(ctx, func() error { return n.records.add(o.Record) }); err != nil {
				return dirty, err
			}
		case engine.DropBlob:
			if err := n.home.Blobs().Delete(o.CID.Cid); err != nil {
				return dirty, fmt.Errorf("drop blob: %w", err)
			}
		}
	}
	return dirty, nil
}

// lasting are the blobs to store that are not dropped at once: who catches up goes
// through many models in one step.
func lasting(out []engine.Output) (blobs [][]byte) {
	dropped := map[ledger.CID]bool{}
	for _, o := range slices.Backward(out) {
		switch o := o.(type) {
		case engine.DropBlob:
			dropped[o.CID] = true
		case engine.StoreBlob:
			if !dropped[o.CID] {
				blobs = append(blobs, o.Data)
			}
		}
	}
	return blobs
}

// whileFull tries again as long as the disk is full. Until there is space nothing
// is signed or voted; questions are answered all the same.
func (n *Node) whileFull(ctx context.Context, write func() error) error {
	err := write()
	if !full(err) {
		return err
	}
	n.setFull(true)
	defer n.setFull(false)
	n.events.publish(Noticed{fmt.Sprintf("the disk that holds %s is full: this peer only reads and answers until there is space", n.home.Dir())})
	again := time.NewTicker(time.Second)
	defer again.Stop()
	for {
		select {
		case call := <-n.calls:
			call()
		case <-again.C:
			if err = write(); !full(err) {
				n.events.publish(Noticed{"there is space on the disk again"})
				return err
			}
		case <-ctx.Done():
			return err
		}
	}
}

func full(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, home.ErrQuota)
}

// publish puts a message into the outbox.
func (n *Node) publish(ctx context.Context, data []byte) {
	select {
	case n.outbox <- data:
	case <-ctx.Done():
	}
}

// send hands what is in the outbox to gossip, in order; that waits for neighbours
// where there are none, and the engine should not. A block too large for gossip
// is asked for by whoever hears votes about it.
func (n *Node) send(ctx context.Context) {
	for {
		select {
		case data := <-n.outbox:
			if err := n.topic.Publish(ctx, data); err != nil && !errors.Is(err, p2p.ErrTooLarge) && ctx.Err() == nil {
				n.log.WarnContext(ctx, "publish", "err", err)
			}
		case <-ctx.Done():
			return
		}
	}
}

// askAll asks one peer, or all that are connected, and brings the answers back.
func (n *Node) askAll(ctx context.Context, o engine.Ask) {
	peers := n.topic.Peers()
	if o.To != (ledger.Author{}) {
		if id, err := peerOf(o.To); err == nil {
			peers = []peer.ID{id}
		}
	}
	for _, id := range peers[:min(len(peers), maxAsked)] {
		n.work.Go(func() {
			messages, err := n.ask(ctx, id, o.Query)
			if err != nil {
				n.log.DebugContext(ctx, "ask", "peer", id, "err", err)
			}
			if from, err := authorOf(id); err == nil {
				_ = n.put(ctx, engine.Answered{From: from, Query: o.Query, Messages: messages})
			}
		})
	}
}

// maxAsked bounds the peers that one question goes to.
const maxAsked = 4

// fetch tries peer after peer until one has the blob, or the round is over.
func (n *Node) fetch(ctx context.Context, o engine.Fetch) {
	ctx, cancel := context.WithCancel(ctx)
	n.fetches[o.CID] = cancel
	n.work.Go(func() {
		defer cancel()
		if data := n.records.Blob(o.CID); data != nil {
			_ = n.put(ctx, engine.Fetched{Data: data})
			return
		}
		if data, err := n.seek(ctx, o.CID, o.From); err == nil {
			_ = n.put(ctx, engine.Fetched{Data: data})
		}
	})
}

// sources are the topic's peers, the likeliest first.
func (n *Node) sources(first ledger.Author) []peer.ID {
	peers := n.topic.Peers()
	if id, err := peerOf(first); err == nil && first != (ledger.Author{}) {
		peers = append([]peer.ID{id}, peers...)
	}
	return peers
}

// train runs the trainer and compresses its update, with what earlier ones left.
func (n *Node) train(ctx context.Context, o engine.Train) {
	anchor := make(learning.Vector, len(o.Anchor))
	learning.FromAnchor(anchor, o.Anchor)
	update, metrics, err := n.cfg.Trainer.Train(ctx, learning.Task{Anchor: anchor, Round: o.Round, Seed: n.seed(o.Round) + o.Live})
	var data []byte
	if o.Undo {
		n.rest.Undo()
	}
	if o.Carry != nil {
		err = errors.Join(err, n.rest.Add(*o.Carry))
	}
	if err == nil {
		data, err = n.rest.Compress(update)
	}
	if err != nil && ctx.Err() == nil {
		n.events.publish(Noticed{fmt.Sprintf("round %d is skipped: %v", o.Round, err)})
	} else {
		n.events.publish(Trained{Round: o.Round, Live: o.Live, Loss: metrics.Loss, Bytes: len(data)})
	}
	_ = n.put(ctx, engine.Trained{Round: o.Round, Delta: data})
}

// seed differs by peer and round, and is the same if a round is trained again.
func (n *Node) seed(round uint64) uint64 {
	a := n.Author()
	s := round
	for _, b := range a[:8] {
		s = s*257 + uint64(b)
	}
	return s
}

// score measures the deltas that it is given on held-out data, each at the share
// that it has in the mean.
func (n *Node) score(ctx context.Context, o engine.Score) {
	base := make(learning.Vector, len(o.Anchor))
	learning.FromAnchor(base, o.Anchor)
	deltas := make([]learning.Vector, len(o.Deltas))
	for i, d := range o.Deltas {
		deltas[i] = d.Share(len(base), o.Among)
	}
	scores, err := n.cfg.Trainer.Evaluate(ctx, base, deltas)
	if err != nil && ctx.Err() == nil {
		n.events.publish(Noticed{fmt.Sprintf("round %d is not scored: %v", o.Round, err)})
	}
	measures := make([]*engine.Measure, len(o.Deltas))
	for i := range min(len(scores), len(measures)) {
		measures[i] = measure(scores[i])
	}
	_ = n.put(ctx, engine.Scored{Round: o.Round, Scores: measures})
}

// measure turns a score into integers; what is not a number is no score.
func measure(s learning.Score) *engine.Measure {
	if u, se, ok := s.Micro(); ok {
		return &engine.Measure{U: u, SE: se}
	}
	return nil
}

// certified tells of a block and, now and then, notes it in the head file.
func (n *Node) certified(o engine.Certified) error {
	n.events.publish(Certified{Receipt: o.Receipt})
	n.gate.admit(n.engine.Replica())
	if time.Since(n.headAt) < time.Second {
		return nil
	}
	return n.saveHead()
}

// saveHead notes the newest height, which must be durable in the log by then.
func (n *Node) saveHead() error {
	head := n.engine.Replica().Head
	if head.Height == 0 {
		return nil
	}
	if err := n.home.Log().Sync(); err != nil {
		return err
	}
	n.headAt = time.Now()
	return n.home.SetHead(store.Head{Height: head.Height, Block: head.Block.String()})
}

func (n *Node) settled(o engine.Settled) {
	for id, cancel := range n.fetches {
		cancel()
		delete(n.fetches, id)
	}
	n.events.publish(Settled{Outcome: o.Outcome})
}
