package node

import (
	"crypto/ed25519"
	"testing"
	"time"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/engine"
	"github.com/grapevine-network/grapevine/p2p"
)

func TestRepeatsHaveTheirTime(t *testing.T) {
	r, at := newRepeats(time.Second), time.Unix(0, 0)
	for _, x := range []struct {
		message string
		after   time.Duration
		want    bool
	}{
		{"v0hello", 0, true},
		{"v1hello", 0, false},
		{"v1help", 0, true},
		{"w1hello", 0, true},
		{"v2hello", 999 * time.Millisecond, false},
		{"v2hello", time.Millisecond, true},
		{"v3hello", 500 * time.Millisecond, false},
		{"v3hello", repeatsKept, true},
		{"v4hello", time.Millisecond, false},
		{"v", 0, true},
	} {
		at = at.Add(x.after)
		if got := r.allow([]byte(x.message), at); got != x.want {
			t.Errorf("%s at %v: %t, want %t", x.message, at.Sub(time.Unix(0, 0)), got, x.want)
		}
	}
}

func TestRepeatsAreBounded(t *testing.T) {
	r, at := newRepeats(time.Hour), time.Unix(0, 0)
	name := func(i int) []byte { return []byte{1, 0, byte(i), byte(i >> 8), byte(i >> 16)} }
	for i := range 3 * mostRepeats {
		r.allow(name(i), at)
	}
	if len(r.now)+len(r.old) > 2*mostRepeats {
		t.Errorf("%d messages are kept", len(r.now)+len(r.old))
	}
	if r.allow(name(3*mostRepeats-1), at) {
		t.Error("the newest is forgotten")
	}
	if r.allow(name(2*mostRepeats-1), at) {
		t.Error("as many before it are forgotten")
	}
}

// Who changes the attempt of somebody else's message gains nothing: one is passed
// on, and nobody is blamed.
func TestOneAttemptIsPassedOn(t *testing.T) {
	_, nodes := pair(t)
	for _, n := range nodes {
		defer n.Close()
	}
	n := nodes[0]
	x, err := ledger.Sign(func(b []byte) []byte { return ed25519.Sign(n.key, b) }, n.Author(), n.Topic(), 0, n.Topic(), &ledger.Seal{Round: 1})
	if err != nil {
		t.Fatal(err)
	}
	got := map[p2p.Verdict]int{}
	for attempt := range 256 {
		_, v := nodes[1].check("", engine.Encode(engine.EntryMessage{Entry: x, Attempt: byte(attempt)}))
		got[v]++
	}
	if got[p2p.Accept] != 1 || got[p2p.Ignore] != 255 {
		t.Errorf("verdicts %v, want one Accept, 255 times Ignore", got)
	}
}
