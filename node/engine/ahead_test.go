package engine

import (
	"testing"

	"github.com/grapevine-network/grapevine/incentives"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/audit"
)

func TestWhatReplicaIsNear(t *testing.T) {
	before := []int32{0, 0, 7}
	for _, tc := range []struct {
		name            string
		replica, anchor []int32
		want            bool
	}{
		{"the anchor itself", []int32{4, 0, 7}, []int32{4, 0, 7}, true},
		{"half the way", []int32{2, 0, 7}, []int32{4, 0, 7}, true},
		{"half as far off to the side", []int32{4, 2, 7}, []int32{4, 0, 7}, true},
		{"less than half the way", []int32{1, 0, 7}, []int32{4, 0, 7}, false},
		{"the wrong way", []int32{-4, 0, 7}, []int32{4, 0, 7}, false},
		{"the anchor stayed, and so did the replica", before, before, true},
		{"the anchor stayed", []int32{0, 1, 7}, before, false},
		{"as far as numbers go", []int32{-1 << 31, 1<<31 - 1, 0}, []int32{1<<31 - 1, -1 << 31, 0}, false},
	} {
		if got := near(tc.replica, tc.anchor, before); got != tc.want {
			t.Errorf("%s: got %t", tc.name, got)
		}
	}
}

// What was trained on a replica near to the anchor counts as trained there. What was
// not is thrown away, and error feedback is told to forget it.
func TestWhatBecomesOfADeltaThatWasTrainedAhead(t *testing.T) {
	for _, tc := range []struct {
		name           string
		near, training bool
		keeps, forgets bool
	}{
		{"near", true, false, true, false},
		{"near, in training", true, true, true, false},
		{"far", false, false, false, true},
		{"far, in training", false, true, false, true},
	} {
		e := &Engine{replica: &audit.Replica{State: &incentives.State{Anchors: []ledger.CID{cid(1), cid(2)}}}}
		e.ahead.replica = []int32{1}
		e.contributor.trainedOn, e.contributor.training = cid(2), tc.training
		if !tc.training {
			e.contributor.ready = []byte("delta")
		}
		e.keepAhead(tc.near)
		if tc.training {
			e.trained(Trained{Round: 1, Delta: []byte("delta")})
		}
		c := &e.contributor
		if got := c.ready != nil && c.trainedOn == cid(1); got != tc.keeps || e.ahead.undo != tc.forgets || e.ahead.stale || e.ahead.replica != nil {
			t.Errorf("%s: kept %t, want %t; to be forgotten %t, want %t", tc.name, got, tc.keeps, e.ahead.undo, tc.forgets)
		}
	}
}
