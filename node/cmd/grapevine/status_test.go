package main

import (
	"strings"
	"testing"
	"time"

	"github.com/grapevine-network/grapevine/node/api/client"
)

func TestStatusSaysSinceWhenNoHeightCame(t *testing.T) {
	topic := client.Topic{Name: "digits", State: client.Running}
	if got := topicLine(topic); strings.Contains(got, "live") {
		t.Errorf("heights come, and it says %q", got)
	}
	since := time.Date(2026, 1, 2, 3, 4, 5, 0, time.Local)
	topic.LiveSince = &since
	if got, want := topicLine(topic), "no heights since 03:04:05, learning live"; !strings.Contains(got, want) {
		t.Errorf("%q does not say %q", got, want)
	}
}

func TestStatusSaysThatTheDiskIsFull(t *testing.T) {
	const want = "read-only until there is space on the disk"
	for _, full := range []bool{false, true} {
		got := topicLine(client.Topic{Name: "digits", State: client.Running, DiskFull: full})
		if strings.Contains(got, want) != full {
			t.Errorf("disk full %v: it says %q", full, got)
		}
	}
}

func TestAnExpelledPeerIsTold(t *testing.T) {
	d := &daemon{events: newChronicle()}
	d.expelled("12D3KooW", "a score of -120")
	events, _, _ := d.events.after(0)
	if len(events) != 1 || events[0].Kind != "health.changed" || !strings.Contains(noticeText(events[0]), "kept out for an hour: a score of -120") {
		t.Errorf("got %+v", events)
	}
}

func TestOneIsOneOfAThing(t *testing.T) {
	for want, got := range map[string]string{"0 peers": many(0, "peer"), "1 peer": many(1, "peer"), "1 entry": many(1, "entry"), "2 entries": many(2, "entry")} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
