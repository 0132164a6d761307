//go:build unix

package main

import (
	"flag"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node"
)

// kills is small here; .ci/run says 50 and .ci/nightly 500.
var kills = flag.Int("kills", 3, "how often TestAKilledDaemonGoesOn kills")

// quick are rounds that follow each other as fast as three peers can go.
func quick(m *ledger.Manifest) {
	m.Rounds = ledger.Rounds{Commit: 6, Reveal: 6, Seal: 6, Open: 6, Pace: 50, Propose: 300, Delta: 150}
}

// Three peers are killed in turn, at any moment. What one has shown as certified
// is there when it is back, and at the end; it goes on; and nobody has signed two
// things for one place, as a fourth peer says that heard all, and the ledger, in
// which somebody would have been slashed.
func TestAKilledDaemonGoesOn(t *testing.T) {
	t.Parallel()
	peers, topic := founded(t, 3, topicConfig{Role: roleTrainer, Rest: "50ms"}, quick)
	for _, p := range peers {
		p.up(t)
	}
	ear := listen(t, topic, peers)
	shown := map[uint64]string{} // block by height
	rng := rand.New(rand.NewPCG(1, 1))
	var slowest, all time.Duration
	for i := range *kills {
		p := peers[i%len(peers)]
		p.reaches(t, p.head(t).Height+2)
		wait(time.Duration(rng.IntN(200)) * time.Millisecond)
		before := p.head(t)
		shown[before.Height] = before.Block
		p.end(t, syscall.SIGKILL)
		start := time.Now()
		p.up(t)
		ear.dial(t, p)
		now := p.head(t)
		if now.Height < before.Height {
			t.Fatalf("height %d is there after a kill, %d was shown", now.Height, before.Height)
		}
		p.reaches(t, now.Height+1)
		took := time.Since(start)
		slowest, all = max(slowest, took), all+took
	}
	t.Logf("%d kills; from restart to a new block: %.2f s at worst, %.2f s on average; %d signatures of %d places heard",
		*kills, slowest.Seconds(), all.Seconds()/float64(*kills), ear.count, len(ear.said))
	for _, p := range peers {
		p.end(t, syscall.SIGINT)
		keeps(t, p.home, shown)
	}
	ear.check(t)
}

// keeps checks a home from its first byte to its last, and that it has the blocks
// that were shown.
func keeps(t *testing.T, home string, shown map[uint64]string) {
	t.Helper()
	r, err := node.Replay(home, func(h *node.Height) error {
		header := h.Block.Header
		if want, is := shown[header.Height]; is && h.Block.CID().String() != want {
			t.Errorf("%s has %v at height %d, shown was %s", home, h.Block.CID(), header.Height, want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for author, a := range r.Replica.State.Accounts {
		if a.Forked {
			t.Errorf("%v has forked", author)
		}
	}
	if burnt := r.Replica.State.Supply.Burnt; burnt != 0 {
		t.Errorf("%d were burnt: somebody was slashed", burnt)
	}
}
