package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/grapevine-network/grapevine/incentives"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node"
	"github.com/grapevine-network/grapevine/node/api/client"
	"github.com/grapevine-network/grapevine/node/audit"
)

// Submit implements api.Backend.
func (b backend) Submit(ctx context.Context, name string, o client.Order) (client.Submission, error) {
	t, err := b.topic(name)
	if err != nil {
		return client.Submission{}, problemOf(err)
	}
	n := t.running()
	if n == nil {
		return client.Submission{}, problemOf(fault(codeFailed, "topic "+t.name+" is stopped: grapevine status says why", nil))
	}
	s, err := submit(ctx, n, o)
	s.Topic = t.id.String()
	return s, problemOf(err)
}

// submit signs an entry and waits for its certificate as long as the order says.
func submit(ctx context.Context, n *node.Node, o client.Order) (client.Submission, error) {
	body, err := bodyFor(ctx, n, o)
	if err != nil {
		return client.Submission{}, err
	}
	since := n.Newest()
	e, err := submitSoon(ctx, n, body)
	if err != nil {
		return client.Submission{}, submitFailure(err, o.Amount)
	}
	s := client.Submission{
		Peer: e.Author.String(), Kind: e.Kind.String(), Entry: e.CID().String(), Seq: e.Seq, State: client.Pending, Height: n.Status().Height,
	}
	wait, cancel := context.WithTimeout(ctx, time.Duration(o.Wait)*time.Second)
	defer cancel()
	l, err := n.Land(wait, e, since)
	switch {
	case err != nil && wait.Err() == nil:
		return s, err
	case err != nil:
		return s, nil // it is pending
	case l.Void != nil:
		return s, &failure{code: codeFailed, err: fmt.Errorf("height %d certifies it, but: %w", l.Height, l.Void)}
	}
	s.State, s.Height = client.Certified, l.Height
	awaitClosing(wait, n, since)
	return s, nil
}

// awaitClosing waits, if the topic is closed, for the block that certifies its last
// state: only then it can have a successor.
func awaitClosing(ctx context.Context, n *node.Node, since uint64) {
	var closed *incentives.Closing
	if err := n.Inspect(ctx, func(r *audit.Replica) { closed = r.State.Closed }); err != nil || closed == nil {
		return
	}
	for r := range n.Events(ctx, since) {
		if c, is := r.Event.(node.Certified); is && c.Receipt.Block.Header.Height > closed.Height {
			break
		}
	}
}

// submitSoon tries again for a while if the node can't sign now.
func submitSoon(ctx context.Context, n *node.Node, body any) (*ledger.Entry, error) {
	for range 20 {
		e, err := n.Submit(ctx, body)
		if !errors.Is(err, node.ErrBusy) {
			return e, err
		}
		select {
		case <-time.After(500 * time.Millisecond):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return n.Submit(ctx, body)
}

// submitFailure says why an order about units of tokens, if any, was not signed.
func submitFailure(err error, units uint64) error {
	f := &failure{code: codeFailed, err: err}
	switch {
	case errors.Is(err, incentives.ErrVoid):
		f.hint = "nothing was signed"
		if units > 0 {
			f.hint += "; amounts here are base units, 1,000,000 of them a token: grapevine wallet balance shows what there is"
		}
	case errors.Is(err, node.ErrBusy):
		f.code, f.hint = codeTimeout, "nothing was signed: try again later"
	}
	return f
}

// bodyFor is what an order asks to be signed.
func bodyFor(ctx context.Context, n *node.Node, o client.Order) (any, error) {
	switch o.Kind {
	case "bond":
		return &ledger.Bond{Amount: o.Amount}, nil
	case "unbond":
		return &ledger.Unbond{Amount: o.Amount}, nil
	case "stake":
		return &ledger.Stake{Amount: o.Amount}, nil
	case "unstake":
		return &ledger.Unstake{Amount: o.Amount}, nil
	case "end":
		return endOf(o)
	case "data":
		return dataOf(o)
	}
	peer, round, err := resolve(ctx, n, o.Peer)
	if err != nil {
		return nil, err
	}
	switch o.Kind {
	case "transfer":
		return &ledger.Transfer{To: peer, Amount: o.Amount}, nil
	case "register":
		return &ledger.Register{Payout: peer, Round: round}, nil
	case "admit":
		return &ledger.Admit{Member: peer}, nil
	case "remove":
		return &ledger.Remove{Member: peer}, nil
	}
	return nil, usage(fmt.Sprintf("%q is no kind of order", o.Kind), "transfer, bond, unbond, stake, unstake, register, admit, remove, data or end")
}

func dataOf(o client.Order) (any, error) {
	d := &ledger.Data{Count: o.Count}
	for _, part := range []struct {
		to   *ledger.Hash
		text string
	}{{&d.Root, o.Root}, {&d.Columns, o.Columns}} {
		b, err := hex.DecodeString(part.text)
		if err != nil || len(b) != len(part.to) {
			return nil, usage(fmt.Sprintf("%q is no SHA-256", part.text), "64 hexadecimal digits")
		}
		*part.to = ledger.Hash(b)
	}
	return d, nil
}

func endOf(o client.Order) (any, error) {
	if o.Successor == "" {
		return &ledger.End{}, nil
	}
	id, err := ledger.ParseCID(o.Successor)
	if err != nil {
		return nil, usage(err.Error(), "a topic is named by its CID: grapevine topic ls")
	}
	return &ledger.End{Successor: &id}, nil
}

// resolve finds a peer by its ID or, among those with an account, by its alias; and
// the number of the round.
func resolve(ctx context.Context, n *node.Node, text string) (peer ledger.Author, round uint64, err error) {
	inspect := n.Inspect(ctx, func(r *audit.Replica) {
		round = r.State.Round.Number
		peer, err = authorAmong(r.State.Authors(), text)
	})
	if inspect != nil {
		return peer, 0, fault(codeTimeout, "ask the topic's node", inspect)
	}
	return peer, round, err
}
