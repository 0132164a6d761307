package p2p

import (
	"context"
	"crypto/ed25519"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open starts a real host on the loopback interface.
func open(t *testing.T, c Config) *Host {
	t.Helper()
	if c.Key == nil && c.Host == nil {
		_, c.Key, _ = ed25519.GenerateKey(nil)
	}
	if c.Listen == nil && c.Host == nil {
		c.Listen = []string{"/ip4/127.0.0.1/tcp/0"}
	}
	h, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Errorf("close host: %v", err)
		}
	})
	return h
}

func connect(t *testing.T, a, b *Host) {
	t.Helper()
	if err := a.Connect(within(t, 10*time.Second), b.Addrs()[0]); err != nil {
		t.Fatal(err)
	}
}

func join(t *testing.T, h *Host, check Check) *Topic {
	t.Helper()
	topic, err := h.Join(t.Context(), "topic", check)
	if err != nil {
		t.Fatal(err)
	}
	return topic
}

// pair are two connected hosts on one topic that know of each other.
func pair(t *testing.T, check Check) (a, b *Topic) {
	t.Helper()
	x, y := open(t, Config{}), open(t, Config{})
	connect(t, x, y)
	a, b = join(t, x, check), join(t, y, check)
	eventually(t, "peers on the topic", func() bool { return len(a.Peers()) == 1 && len(b.Peers()) == 1 })
	return a, b
}

func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// eventually polls what the other side of a socket does in its own time.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for ctx := within(t, 10*time.Second); !done(); {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("waited 10 s for %s", what)
		}
	}
}
