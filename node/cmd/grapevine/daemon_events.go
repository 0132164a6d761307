package main

import (
	"context"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node"
	"github.com/grapevine-network/grapevine/node/api/client"
	"github.com/grapevine-network/grapevine/node/audit"
)

// Data of the daemon's events; their kinds are the keys of eventKinds.
type (
	trainedEvent struct {
		Round uint64  `json:"round"`
		Live  uint64  `json:"live,omitempty"` // numbers the trainings of a round without heights
		Loss  float64 `json:"loss"`
		Bytes int     `json:"bytes"`
	}
	blockEvent struct {
		Height uint64 `json:"height"`
		Block  string `json:"block"`
	}
	settledEvent struct {
		Round  uint64 `json:"round"`
		Height uint64 `json:"height"`
		Anchor string `json:"anchor"`
		Deltas int    `json:"deltas"`
		Merged int    `json:"merged"`
		Minted uint64 `json:"minted"`
		Earned uint64 `json:"earned"` // by this peer
	}
	paidEvent struct {
		Round      uint64 `json:"round"`
		Training   uint64 `json:"training"`
		Validating uint64 `json:"validating"`
	}
	orderEvent struct {
		Kind   string `json:"kind"` // of the entry
		Peer   string `json:"peer"` // who signed it
		Seq    uint64 `json:"seq"`
		Amount uint64 `json:"amount"`
		Height uint64 `json:"height"`
		Void   string `json:"void"` // why it had no effect; "" if it had
	}
	noticeEvent struct {
		Text string `json:"text"`
	}
	missedEvent struct {
		Count uint64 `json:"count"`
	}
)

// tell brings a node's events into the chronicle.
func (d *daemon) tell(ctx context.Context, t *member, n *node.Node) {
	topic := t.id.String()
	for r := range n.Events(ctx, 0) {
		switch e := r.Event.(type) {
		case node.Trained:
			d.events.add(r.Time, "update.sent", topic, trainedEvent{e.Round, e.Live, e.Loss, e.Bytes})
		case node.Certified:
			d.events.add(r.Time, "ledger.appended", topic, blockEvent{e.Receipt.Block.Header.Height, e.Receipt.Block.CID().String()})
			d.tellOrders(r.Time, topic, n.Author(), e.Receipt)
		case node.Settled:
			d.tellSettled(r.Time, topic, n.Author(), e.Outcome)
		case node.Noticed:
			d.events.add(r.Time, "health.changed", topic, noticeEvent{e.Text})
		case node.Missed:
			d.events.add(r.Time, "events.missed", topic, missedEvent{e.Count})
		}
	}
}

// tellOrders tells of entries that this peer was asked to sign, and of transfers to
// it.
func (d *daemon) tellOrders(at time.Time, topic string, self ledger.Author, r *audit.Receipt) {
	for _, e := range r.Entries {
		t, transfer := e.Body.(*ledger.Transfer)
		to := transfer && t.To == self
		if own := e.Author == self && e.Kind > ledger.KindScore; !own && !to {
			continue
		}
		event := orderEvent{Kind: e.Kind.String(), Peer: e.Author.String(), Seq: e.Seq, Amount: amountOf(e), Height: r.Block.Header.Height}
		for _, v := range r.Voids {
			if v.Entry.CID() == e.CID() {
				event.Void = v.Reason.Error()
			}
		}
		kind := "entry.certified"
		if to {
			kind = "tokens.received"
		}
		if !to || event.Void == "" {
			d.events.add(at, kind, topic, event)
		}
	}
}

func (d *daemon) tellSettled(at time.Time, topic string, self ledger.Author, o *audit.Outcome) {
	training, validating := earnedIn(o, self)
	d.events.add(at, "model.updated", topic, settledEvent{
		Round: o.Round, Height: o.Height, Anchor: o.Anchor.String(), Deltas: len(o.Deltas), Merged: o.Kept, Minted: o.Minted, Earned: training + validating,
	})
	if training+validating > 0 {
		d.events.add(at, "reward.paid", topic, paidEvent{o.Round, training, validating})
	}
}

// earnedIn is what a round paid to one peer.
func earnedIn(o *audit.Outcome, self ledger.Author) (training, validating uint64) {
	for _, x := range o.Deltas {
		if x.Author == self {
			training += x.Paid
		}
	}
	for _, v := range o.Validators {
		if v.Author == self {
			validating += v.Paid
		}
	}
	return training, validating
}

// eventText is an event in one line, for people.
func eventText(e client.Event) string {
	switch e.Kind {
	case "update.sent":
		t := eventData[trainedEvent](e)
		if t.Live > 0 {
			return fmt.Sprintf("round %d: trained live, step %d, loss %.4f, delta of %d bytes", t.Round, t.Live, t.Loss, t.Bytes)
		}
		return fmt.Sprintf("round %d: trained, loss %.4f, delta of %d bytes", t.Round, t.Loss, t.Bytes)
	case "ledger.appended":
		b := eventData[blockEvent](e)
		return fmt.Sprintf("height %d: block %s", b.Height, b.Block)
	case "model.updated":
		return settledText(eventData[settledEvent](e))
	case "reward.paid":
		p := eventData[paidEvent](e)
		return fmt.Sprintf("round %d: paid %s tokens for training, %s for validating", p.Round, tokens(p.Training), tokens(p.Validating))
	case "entry.certified":
		return orderText(eventData[orderEvent](e))
	case "tokens.received":
		o := eventData[orderEvent](e)
		return fmt.Sprintf("received %s tokens from %s, height %d", tokens(o.Amount), o.Peer, o.Height)
	case "events.missed":
		return "some events are forgotten"
	}
	return noticeText(e)
}

func orderText(o orderEvent) string {
	if o.Void != "" {
		return fmt.Sprintf("%s, entry %d, has no effect: %s", o.Kind, o.Seq, o.Void)
	}
	return fmt.Sprintf("%s, entry %d, is certified at height %d", o.Kind, o.Seq, o.Height)
}

func settledText(s settledEvent) string {
	return fmt.Sprintf("round %d: merged %d of %d deltas, earned %s tokens, height %d", s.Round, s.Merged, s.Deltas, tokens(s.Earned), s.Height)
}

// expelled says that a peer is kept out for an hour, of no topic.
func (d *daemon) expelled(p peer.ID, why string) {
	d.events.add(time.Now(), "health.changed", "", noticeEvent{"peer " + p.String() + " is kept out for an hour: " + why})
}
