//go:build unix

package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"sync"
	"testing"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/engine"
	"github.com/grapevine-network/grapevine/p2p"
)

// ear hears the gossip of a topic, and notes who signed what, where.
type ear struct {
	host *p2p.Host

	mu    sync.Mutex
	said  map[string]string // content by place: an author's number, or a seat's instance, round and phase
	twice []string
	count int
}

func listen(t *testing.T, topic ledger.CID, peers []*daemonProcess) *ear {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	e := &ear{said: map[string]string{}}
	if e.host, err = p2p.Open(t.Context(), p2p.Config{Key: key, Listen: []string{"/ip4/127.0.0.1/tcp/0"}}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.host.Close() })
	check := func(_ peer.ID, data []byte) (any, p2p.Verdict) {
		m, err := engine.Decode(data, topic, ledger.Ed25519)
		if err != nil {
			return nil, p2p.Reject
		}
		e.note(m)
		return nil, p2p.Accept
	}
	if _, err := e.host.Join(t.Context(), topic.String(), check); err != nil {
		t.Fatal(err)
	}
	for _, p := range peers {
		e.dial(t, p)
	}
	return e
}

// dial connects to a peer that has just begun.
func (e *ear) dial(t *testing.T, p *daemonProcess) {
	t.Helper()
	if err := e.host.Connect(t.Context(), p.addrs[0]); err != nil {
		t.Fatal(err)
	}
}

func (e *ear) note(m engine.Message) {
	var place, content string
	switch m := m.(type) {
	case engine.EntryMessage:
		place, content = fmt.Sprintf("entry %d of %v", m.Entry.Seq, m.Entry.Author), m.Entry.CID().String()
	case engine.VoteMessage:
		v := m.Frame.Vote
		place, content = fmt.Sprintf("vote %v of seat %d", v.Slot(), m.Frame.Sender), fmt.Sprint(v.Base, v.Next)
	default:
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.count++
	if old, is := e.said[place]; is && old != content {
		e.twice = append(e.twice, fmt.Sprintf("%s: %s and %s", place, old, content))
	}
	e.said[place] = content
}

func (e *ear) check(t *testing.T) {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range e.twice {
		t.Error("signed twice: ", s)
	}
	if len(e.said) == 0 {
		t.Error("nothing was heard")
	}
}
