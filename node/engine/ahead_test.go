package engine

import "testing"

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
