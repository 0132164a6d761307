package main

import "testing"

func TestATopicIsMeantByNameTitleCIDOrTheEndOfOne(t *testing.T) {
	topics := []topicName{{"a", "Alpha", "bafyone-123456"}, {"b", "Beta", "bafytwo-123456"}, {"123456", "c", "bafythree-654321"}}
	for text, want := range map[string]int{
		"": 0, "b": 1, "Beta": 1, "bafytwo-123456": 1, "wo-123456": 1, "654321": 2,
		"123456":  2,  // a whole name comes before ends
		"-123456": -1, // of two
		"54321":   -1, // too short
		"bafy":    -1, // no end
	} {
		if got := meant(text, topics); got != want {
			t.Errorf("%q: got %d, want %d", text, got, want)
		}
	}
	if got := meant("", nil); got != -1 {
		t.Errorf("of none: got %d", got)
	}
}
