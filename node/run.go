package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/engine"
	"github.com/grapevine-network/grapevine/p2p"
)

// Run takes part in the topic until ctx ends or the node is closed, and returns
// nil then, or the error for which it can not go on. All goroutines have ended
// when it returns.
func (n *Node) Run(ctx context.Context) (err error) {
	n.running.Lock()
	defer n.running.Unlock()
	select {
	case <-n.closed:
		return nil
	default:
	}
	ctx, stop := context.WithCancel(ctx)
	defer func() {
		stop()
		n.work.Wait()
		err = errors.Join(err, n.home.Log().Sync())
	}()
	n.work.Go(func() {
		select {
		case <-n.closed:
			stop()
		case <-ctx.Done():
		}
	})
	n.topic.Serve(n.serve)
	n.work.Go(func() { n.hear(ctx) })
	n.work.Go(func() { n.send(ctx) })
	n.work.Go(func() { n.mendBlobs(ctx) })
	n.timer = time.NewTimer(time.Hour)
	defer n.timer.Stop()
	return n.loop(ctx)
}

// loop owns the engine: nobody else steps it or looks into it.
func (n *Node) loop(ctx context.Context) error {
	for in := engine.Input(engine.Start{}); ; {
		if in != nil {
			if err := n.step(ctx, in); err != nil {
				return err
			}
		}
		select {
		case in = <-n.inputs:
		case <-n.timer.C:
			in = engine.Tick{}
		case call := <-n.calls:
			call()
			in = nil
		case <-ctx.Done():
			return nil
		}
	}
}

func (n *Node) step(ctx context.Context, in engine.Input) error {
	out, err := n.machine.Step(n.now(), in)
	if actErr := n.act(ctx, out); err == nil {
		err = actErr
	}
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("node %v: %w", n.Author(), err)
	}
	n.observe()
	return nil
}

// now is monotonic and never goes back.
func (n *Node) now() int64 { return int64(time.Since(n.start)) + 1 }

// hear passes on what gossip brings.
func (n *Node) hear(ctx context.Context) {
	for {
		m, err := n.topic.Next(ctx)
		if err != nil {
			return
		}
		from, err := authorOf(m.From)
		if err != nil {
			continue
		}
		if n.put(ctx, engine.Received{From: from, Message: m.Value.(engine.Message)}) != nil {
			return
		}
	}
}

// serve answers another peer's question.
func (n *Node) serve(ctx context.Context, _ peer.ID, query []byte) ([]byte, error) {
	q, err := engine.DecodeQuery(query)
	if err != nil {
		return nil, err
	}
	var answer [][]byte
	done := make(chan struct{})
	call := func() { answer = n.engine.Answer(q, n.records); close(done) }
	select {
	case n.calls <- call:
		<-done
		return ledger.Encode(answer)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// ask puts a question to one peer.
func (n *Node) ask(ctx context.Context, to peer.ID, q engine.Query) ([]engine.Message, error) {
	return askPeer(ctx, n.topic, n.name, to, q)
}

// askPeer returns the messages of a peer's answer.
func askPeer(ctx context.Context, t *p2p.Topic, name ledger.CID, to peer.ID, q engine.Query) ([]engine.Message, error) {
	query, err := ledger.Encode(q)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	data, err := t.Ask(ctx, to, query)
	if err != nil {
		return nil, err
	}
	var answer [][]byte
	if err := ledger.Decode(data, &answer); err != nil {
		return nil, err
	}
	messages := make([]engine.Message, 0, len(answer))
	for _, b := range answer {
		m, err := engine.Decode(b, name, ledger.Ed25519)
		if err != nil {
			return nil, fmt.Errorf("answer of %v: %w", to, err)
		}
		messages = append(messages, m)
	}
	return messages, nil
}

const askTimeout = 10 * time.Second

func authorOf(id peer.ID) (ledger.Author, error) {
	key, err := id.ExtractPublicKey()
	if err != nil {
		return ledger.Author{}, fmt.Errorf("peer %v: %w", id, err)
	}
	raw, err := key.Raw()
	if err != nil || len(raw) != len(ledger.Author{}) {
		return ledger.Author{}, fmt.Errorf("peer %v is not an Ed25519 key", id)
	}
	return ledger.Author(raw), nil
}

func peerOf(a ledger.Author) (peer.ID, error) { return peer.Decode(a.String()) }

var _ interface {
	Ask(context.Context, peer.ID, []byte) ([]byte, error)
} = (*p2p.Topic)(nil)
