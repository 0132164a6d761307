package p2p

import (
	"fmt"
	"strings"
	"testing"

	pb "github.com/libp2p/go-libp2p-pubsub/pb"
)

func TestSubscriptionsOfAPeerAreBounded(t *testing.T) {
	s := newSubscriptions()
	s.allow("ours", true)
	passes := func(topic string, joins bool) bool {
		out, err := s.FilterIncomingSubscriptions("p", []*pb.RPC_SubOpts{{Topicid: &topic, Subscribe: &joins}})
		if err != nil {
			t.Fatal(err)
		}
		return len(out) == 1
	}
	for i := range maxOthers {
		if !passes(fmt.Sprint(i), true) {
			t.Errorf("topic %d did not pass", i)
		}
	}
	if passes("one more", true) {
		t.Errorf("%d topics passed, want %d", maxOthers+1, maxOthers)
	}
	if !passes("0", true) || !passes("ours", true) {
		t.Error("a topic that is known did not pass")
	}
	if !passes("0", false) || !passes("one more", true) {
		t.Error("leaving a topic made no room")
	}
	s.forget("p")
	if passes(strings.Repeat("x", maxName+1), true) {
		t.Error("a long name passed")
	}
	if !passes("another", true) || len(s.others["p"]) != 1 {
		t.Errorf("a peer that came back has %d topics, want 1", len(s.others["p"]))
	}
	if !s.CanSubscribe("ours") || s.CanSubscribe("another") {
		t.Error("we may join other topics than ours")
	}
	s.allow("ours", false)
	if s.CanSubscribe("ours") {
		t.Error("we may join a topic after leaving it")
	}
}
