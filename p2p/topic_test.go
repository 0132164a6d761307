package p2p

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/peer"
)

func TestPublishChecksTheSizeItself(t *testing.T) {
	a, b := pair(t, nil)
	if err := a.Publish(t.Context(), make([]byte, MaxMessage+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("one byte too many: got %v, want %v", err, ErrTooLarge)
	}
	whole := bytes.Repeat([]byte{7}, MaxMessage)
	if err := a.Publish(t.Context(), whole); err != nil {
		t.Fatal(err)
	}
	if m, err := b.Next(within(t, 5*time.Second)); err != nil || !bytes.Equal(m.Data, whole) {
		t.Errorf("the largest message did not arrive: %v", err)
	}
}

func TestPublishToNobodyIsNoErrorAndDoesNotWait(t *testing.T) {
	topic := join(t, open(t, Config{}), nil)
	if err := topic.Publish(within(t, meshWait/2), []byte("is there anybody?")); err != nil {
		t.Error(err)
	}
}

func TestACheckDecidesWhatArrives(t *testing.T) {
	var from atomic.Value
	check := func(p peer.ID, data []byte) (any, Verdict) {
		from.Store(p)
		switch string(data) {
		case "good":
			return len(data), Accept
		case "bad":
			return nil, Reject
		}
		return nil, Ignore
	}
	a, b := pair(t, check)
	for _, s := range []string{"bad", "stale", "good"} {
		if err := a.Publish(t.Context(), []byte(s)); err != nil {
			t.Errorf("publish %q: %v; own messages are not checked", s, err)
		}
	}
	m, err := b.Next(within(t, 5*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	if string(m.Data) != "good" || m.Value != any(4) {
		t.Errorf("got %q with value %v, want good with 4", m.Data, m.Value)
	}
	if got := from.Load(); got != any(a.h.ID()) {
		t.Errorf("the check saw %v, want %s", got, a.h.ID())
	}
}

func TestOwnMessagesAreNotDelivered(t *testing.T) {
	a, b := pair(t, nil)
	for topic, s := range map[*Topic]string{a: "from a", b: "from b"} {
		if err := topic.Publish(t.Context(), []byte(s)); err != nil {
			t.Fatal(err)
		}
	}
	if m, err := a.Next(within(t, 5*time.Second)); err != nil || string(m.Data) != "from b" {
		t.Errorf("got %q, %v; want from b", m.Data, err)
	}
}

func TestATopicJoinedLateFindsItsPeers(t *testing.T) {
	a, b := open(t, Config{}), open(t, Config{})
	early := join(t, a, nil)
	connect(t, a, b)
	eventually(t, "the subscription to be noted", func() bool { return len(b.pubsub.ListPeers("topic")) == 1 })
	late := join(t, b, nil)
	eventually(t, "both to know", func() bool { return len(late.Peers()) == 1 && len(early.Peers()) == 1 })
	if err := late.Publish(t.Context(), []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if _, err := early.Next(within(t, 5*time.Second)); err != nil {
		t.Error(err)
	}
}

func TestATopicIsJoinedOnceAndAgainAfterClose(t *testing.T) {
	h := open(t, Config{})
	first := join(t, h, nil)
	if _, err := h.Join(t.Context(), "topic", nil); err == nil {
		t.Error("joined twice")
	}
	if _, err := h.Join(t.Context(), "another", nil); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
	}
	again := join(t, h, nil)
	if err := again.Publish(t.Context(), []byte("x")); err != nil {
		t.Error(err)
	}
}

func TestTopicNamesAreBounded(t *testing.T) {
	h := open(t, Config{})
	for _, name := range []string{"", strings.Repeat("x", maxName+1)} {
		if _, err := h.Join(t.Context(), name, nil); err == nil {
			t.Errorf("joined a name of %d bytes", len(name))
		}
	}
}

func TestNextEndsWithItsContext(t *testing.T) {
	topic := join(t, open(t, Config{}), nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := topic.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

func TestASlowReaderLosesMessagesAndTheyAreCounted(t *testing.T) {
	a, b := pair(t, nil)
	for i := range inbox + 200 {
		if err := a.Publish(t.Context(), []byte{byte(i), byte(i >> 8)}); err != nil {
			t.Fatal(err)
		}
		if i%100 == 0 { // the sender's own queue is not what is tested
			eventually(t, "b to catch up", func() bool { return b.h.Traffic().Messages >= int64(i) })
		}
	}
	eventually(t, "the loss to be counted", func() bool { return b.h.Traffic().Lost > 100 })
	if got, err := b.Next(t.Context()); err != nil || got.Data[1] != 0 {
		t.Errorf("got %v, %v; the oldest wait, the newest are lost", got, err)
	}
}

func TestTheSameBytesOnAnotherTopicAreAnotherMessage(t *testing.T) {
	id := func(topic, data string) string { return messageID(&pb.Message{Topic: &topic, Data: []byte(data)}) }
	if first, again := id("a", "bc"), id("a", "bc"); first != again {
		t.Error("the same message has two IDs")
	}
	for _, other := range [][2]string{{"b", "bc"}, {"a", "bd"}, {"ab", "c"}, {"", "abc"}} {
		if id("a", "bc") == id(other[0], other[1]) {
			t.Errorf("%q on %q has the ID of bc on a", other[1], other[0])
		}
	}
}

func TestWhoLooksCanAskAndIsNotSeen(t *testing.T) {
	host := open(t, Config{})
	topic := join(t, host, nil)
	topic.Serve(func(_ context.Context, _ peer.ID, query []byte) ([]byte, error) { return append(query, '!'), nil })
	other := open(t, Config{})
	looking, err := other.Look(t.Context(), topic.name)
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Connect(t.Context(), host.Addrs()[0]); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the topic's peer is seen", func() bool { return len(looking.Peers()) == 1 })
	answer, err := looking.Ask(within(t, 5*time.Second), host.ID(), []byte("hello"))
	if err != nil || string(answer) != "hello!" {
		t.Errorf("got %q, %v", answer, err)
	}
	if peers := topic.Peers(); len(peers) != 0 {
		t.Errorf("who looks is seen: %v", peers)
	}
	if _, err := looking.Next(t.Context()); err == nil {
		t.Error("who looks hears something")
	}
	if err := looking.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := other.Join(t.Context(), topic.name, nil); err != nil {
		t.Errorf("join after a look: %v", err)
	}
}
