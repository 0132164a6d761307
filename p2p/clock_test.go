package p2p

import (
	"crypto/ed25519"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p/p2p/security/noise"
)

// In a bubble of synctest it is the year 2000: its peer's clock is off by more
// than a day, and it would find the other's TLS certificate not valid yet.
func TestAClockThatIsOffKeepsNobodyOut(t *testing.T) {
	right := open(t, Config{Listen: []string{"/ip4/127.0.0.1/tcp/0"}})
	synctest.Test(t, func(t *testing.T) {
		if off := time.Since(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)); off > time.Hour {
			t.Fatalf("the clock of the bubble is %v after 2000", off)
		}
		wrong, err := Open(t.Context(), Config{Key: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)), Listen: []string{"/ip4/127.0.0.1/tcp/0"}})
		if err != nil {
			t.Fatal(err)
		}
		defer wrong.Close()
		if err := wrong.Connect(t.Context(), right.Addrs()[0]); err != nil {
			t.Fatal(err)
		}
		for _, c := range wrong.host.Network().ConnsToPeer(right.ID()) {
			if got := c.ConnState().Security; got != noise.ID {
				t.Errorf("the connection is secured by %s", got)
			}
		}
	})
}
