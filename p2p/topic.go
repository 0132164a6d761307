package p2p

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
)

// Verdict is what a Check thinks of a message. The zero value is Ignore.
type Verdict int

// The verdicts.
const (
	Ignore Verdict = iota // not delivered, not passed on; nobody's fault: too old, not relevant, too busy
	Accept                // delivered and passed on
	Reject                // the peer that sent it could have known better: it pays with its score
)

// Check judges a message before it is delivered or passed on; value rides along
// in Message.Value, so that bytes are decoded once. It runs in a few workers,
// which all messages share: it must need no network, no disk and no more than a
// millisecond. Reject only what is wrong for everybody at any time.
type Check func(from peer.ID, data []byte) (value any, v Verdict)

// Message is one that was accepted.
type Message struct {
	From  peer.ID // who forwarded it; not its author
	Data  []byte  // to be read only
	Value any     // from the Check
}

// ErrTooLarge is returned for a message, query or answer above its limit.
var ErrTooLarge = errors.New("too large")

const (
	inbox    = 1024 // messages that wait for Next; more are lost
	meshWait = 1500 * time.Millisecond
)

// Topic is one conversation. Peers that joined the same name hear each other.
type Topic struct {
	h     *Host
	name  string
	topic *pubsub.Topic
	sub   *pubsub.Subscription

	asks, serves *slots
	pulls        chan struct{}
	shelf        *shelf

	life   *life
	once   sync.Once // Close
	closed error
}

// Join enters a topic. A nil check accepts everything. Names have 1 to 128 bytes;
// a topic can be joined once, and again after its Close.
func (h *Host) Join(ctx context.Context, name string, check Check) (*Topic, error) {
	return h.join(ctx, name, check, true)
}

// Look enters a topic only to ask: others do not hear of it, nothing comes from
// Next, and Publish reaches nobody who has no other way to it. Who joins and
// leaves a topic is not taken back as a neighbour for some time; who looked is.
func (h *Host) Look(ctx context.Context, name string) (*Topic, error) {
	return h.join(ctx, name, nil, false)
}

func (h *Host) join(ctx context.Context, name string, check Check, listen bool) (*Topic, error) {
	_, leave, err := h.life.enter(ctx)
	if err != nil {
		return nil, fmt.Errorf("join %q: %w", name, err)
	}
	defer leave()
	if len(name) == 0 || len(name) > maxName {
		return nil, fmt.Errorf("join: name of %d bytes, want 1 to %d", len(name), maxName)
	}
	t := &Topic{
		h: h, name: name,
		asks: newSlots(maxAsks, maxPeerAsks), serves: newSlots(maxServes, maxPeerServes),
		pulls: make(chan struct{}, maxPulls), shelf: newShelf(),
		life: newLife(h.life.ctx),
	}
	if err := t.enter(check, listen); err != nil {
		t.life.end()
		return nil, fmt.Errorf("join %q: %w", name, err)
	}
	return t, nil
}

// enter registers in the order in which Close takes apart.
func (t *Topic) enter(check Check, listen bool) (err error) {
	t.h.mu.Lock()
	defer t.h.mu.Unlock()
	if t.h.topics == nil {
		return ErrClosed
	}
	ps := t.h.pubsub
	if err := ps.RegisterTopicValidator(t.name, t.validator(check), pubsub.WithValidatorInline(true)); err != nil {
		return err // the topic is joined already
	}
	t.h.subs.allow(t.name, true)
	defer func() {
		if err != nil {
			err = errors.Join(err, t.leave())
		}
	}()
	if t.topic, err = ps.Join(t.name); err != nil {
		return err
	}
	if err = t.topic.SetScoreParams(topicScoreParams()); err != nil {
		return err
	}
	t.h.topics[t] = struct{}{}
	if !listen {
		return nil
	}
	if t.sub, err = t.topic.Subscribe(pubsub.WithBufferSize(inbox)); err != nil {
		delete(t.h.topics, t)
		return err
	}
	t.h.host.SetStreamHandler(t.blobProtocol(), t.handler(t.serves, t.serveBlob))
	return nil
}

// validator runs the check inline: pubsub marks a message as seen first, so one
// that a concurrency limit throttled would be lost for good.
func (t *Topic) validator(check Check) pubsub.ValidatorEx {
	if check == nil {
		check = func(peer.ID, []byte) (any, Verdict) { return nil, Accept }
	}
	return func(_ context.Context, from peer.ID, m *pubsub.Message) pubsub.ValidationResult {
		if from == t.h.ID() {
			return pubsub.ValidationAccept
		}
		if len(m.Data) > MaxMessage {
			return pubsub.ValidationReject
		}
		value, v := check(from, m.Data)
		m.ValidatorData = value
		switch v {
		case Accept:
			t.h.counts.messages.Add(1)
			return pubsub.ValidationAccept
		case Reject:
			return pubsub.ValidationReject
		}
		return pubsub.ValidationIgnore
	}
}

// Publish sends data to everybody on the topic; the Check is not asked. That it
// returns nil means it was handed over, not that anybody got it: with no peer on
// the topic that is nobody. When peers are there but have not become neighbours
// yet, it waits for that, at most 1.5 seconds. The same bytes within five minutes
// are dropped everywhere as a duplicate, so whoever repeats a message changes a
// byte of it. Above MaxMessage the error is ErrTooLarge.
func (t *Topic) Publish(ctx context.Context, data []byte) error {
	if len(data) > MaxMessage {
		return fmt.Errorf("publish %d bytes: %w", len(data), ErrTooLarge)
	}
	ctx, leave, err := t.life.enter(ctx)
	if err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	defer leave()
	if err := t.send(ctx, data); err != nil {
		return fmt.Errorf("publish: %w", reason(ctx, err))
	}
	return nil
}

// send waits for a first neighbour if there can be one: without, pubsub would
// drop the message and say nothing.
func (t *Topic) send(ctx context.Context, data []byte) error {
	if len(t.topic.ListPeers()) > 0 {
		wait, cancel := context.WithTimeout(ctx, meshWait)
		defer cancel()
		err := t.topic.Publish(wait, data, pubsub.WithReadiness(pubsub.MinTopicSize(1)))
		if err == nil || wait.Err() == nil {
			return err
		}
	}
	return t.topic.Publish(ctx, data)
}

// Next returns the next message of somebody else, and waits for it. Who does not
// call it often enough loses messages: 1,024 can wait.
func (t *Topic) Next(ctx context.Context) (Message, error) {
	ctx, leave, err := t.life.enter(ctx)
	if err != nil {
		return Message{}, fmt.Errorf("next message: %w", err)
	}
	defer leave()
	if t.sub == nil {
		return Message{}, errors.New("next message: the topic was only looked at, see Join")
	}
	for {
		m, err := t.sub.Next(ctx)
		if err != nil {
			return Message{}, fmt.Errorf("next message: %w", reason(ctx, err))
		}
		if m.ReceivedFrom != t.h.ID() {
			return Message{m.ReceivedFrom, m.Data, m.ValidatorData}, nil
		}
	}
}

// Peers returns the connected peers that are on the topic, in no order.
func (t *Topic) Peers() []peer.ID { return t.topic.ListPeers() }

// Close leaves the topic. Others hear of it. Closing twice is no error.
func (t *Topic) Close() error {
	t.once.Do(func() {
		t.life.end()
		t.h.mu.Lock()
		delete(t.h.topics, t)
		t.h.mu.Unlock()
		t.closed = t.leave()
	})
	return t.closed
}

// leave takes back what enter did, as far as it got.
func (t *Topic) leave() (err error) {
	t.h.host.RemoveStreamHandler(t.askProtocol())
	t.h.host.RemoveStreamHandler(t.blobProtocol())
	if t.sub != nil {
		t.sub.Cancel() // before the topic, which else refuses to close
	}
	if t.topic != nil {
		err = t.topic.Close()
	}
	t.h.subs.allow(t.name, false)
	if err := errors.Join(err, t.h.pubsub.UnregisterTopicValidator(t.name)); err != nil {
		return fmt.Errorf("leave topic %q: %w", t.name, err)
	}
	return nil
}

func (t *Topic) askProtocol() protocol.ID  { return protocol.ID("/grapevine/ask/1/" + t.name) }
func (t *Topic) blobProtocol() protocol.ID { return protocol.ID("/grapevine/blob/1/" + t.name) }
