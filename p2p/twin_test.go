package p2p

import (
	"crypto/ed25519"
	"crypto/rand"
	"testing"
	"time"
)

func TestTheLaterOfTwoHostsWithOneKeyLearnsOfTheOther(t *testing.T) {
	middle := open(t, Config{})
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	first, second := open(t, Config{Key: key}), open(t, Config{Key: key})
	if err := first.Connect(t.Context(), middle.Addrs()[0]); err != nil {
		t.Fatal(err)
	}
	if first.Twin(within(t, 5*time.Second)) {
		t.Error("a host alone is told of a twin")
	}
	if err := second.Connect(t.Context(), middle.Addrs()[0]); err != nil {
		t.Fatal(err)
	}
	if !second.Twin(within(t, 5*time.Second)) {
		t.Error("the later host is told of no twin")
	}
	if first.Twin(within(t, 5*time.Second)) {
		t.Error("both are told")
	}
	if n := middle.Neighbours(); len(n) != 1 || !n[0].Inbound || n[0].ID != first.ID() || len(n[0].Known) == 0 {
		t.Errorf("neighbours: got %+v", n)
	}
}
