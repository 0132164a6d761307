package node

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/p2p"
)

// aged is the home of a topic past its third checkpoint. After the second another
// committee votes, since a validator has lost half of its stake.
func aged(t *testing.T) (m *mint, points []ledger.Checkpoint) {
	t.Helper()
	m = newMint(t, filepath.Join(t.TempDir(), "old"), 4, 2)
	a := m.say(0, &ledger.Seal{Round: 1})
	delete(m.heads, m.author(0))
	b := m.say(0, &ledger.Seal{Round: 2})
	m.block(m.say(1, ledger.ForkEvidence(a, b)))
	for m.r.Head.Height < 3*ledger.CheckpointAt+2 {
		m.block()
		if c := m.r.Checkpoint(); len(points) == 0 || points[len(points)-1] != c {
			points = append(points, c)
		}
	}
	m.close()
	if len(points) != 4 || points[1].Committee != points[0].Committee || points[2].Committee == points[1].Committee {
		t.Fatalf("checkpoints are %+v", points)
	}
	return m, points
}

// stranger is on the network, and knows nobody yet.
func stranger(t *testing.T) *p2p.Host {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	host, err := p2p.Open(t.Context(), p2p.Config{Key: key, Listen: []string{"/ip4/127.0.0.1/tcp/0"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = host.Close() })
	return host
}

func TestAnOldInvitationLeadsToTheNewestCheckpoint(t *testing.T) {
	m, points := aged(t)
	old, err := Open(t.Context(), Config{Dir: m.dir, Key: m.keys[1], Listen: []string{"/ip4/127.0.0.1/tcp/0"}})
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	defer start(t, old)()
	host := stranger(t)
	for _, trust := range []*Checkpoint{nil, &points[0], &points[1], &points[2], &points[3]} {
		got, err := Fetch(t.Context(), host, m.r.Topic, old.Addrs(), trust)
		if err != nil {
			t.Fatalf("%+v: %v", trust, err)
		}
		if got.Trusted != points[3].Committee || len(got.Links) != 3 || got.Distant != (trust == nil || trust.Height == 0) {
			t.Errorf("%+v: committee %v, %d links, distant %t", trust, got.Trusted, len(got.Links), got.Distant)
		}
		if trust != &points[1] {
			continue
		}
		dir := filepath.Join(t.TempDir(), "new")
		n, err := Open(t.Context(), Config{Dir: dir, Listen: []string{"/ip4/127.0.0.1/tcp/0"}, Manifest: got.Manifest, Anchor: got.Anchor,
			Snapshot: got.Snapshot, Trusted: got.Trusted, Links: got.Links})
		if err != nil {
			t.Fatal(err)
		}
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
		r, err := Verify(dir)
		if err != nil || r.From != points[3].Height {
			t.Errorf("%+v, %v", r, err)
		}
		lostBeginning(t, dir, m.r.Manifest.Learning.Anchor)
		c, err := Newest(dir)
		if err != nil {
			t.Fatal(err)
		}
		p, err := c.Balance(m.author(4), nil)
		if err != nil || len(p.Chain) != 1 || p.Verify(nil, ledger.Ed25519) != nil {
			t.Errorf("a late joiner's proof: %v, %d links, %v", err, len(p.Chain), p.Verify(nil, ledger.Ed25519))
		}
	}
	other := points[2]
	other.Block = points[1].Block
	var wrong error
	for wait := time.Second; wait < time.Minute && (wrong == nil || !strings.Contains(wrong.Error(), "another history")); wait *= 2 {
		ctx, cancel := context.WithTimeout(t.Context(), wait) // it tries again until then
		_, wrong = Fetch(ctx, host, m.r.Topic, old.Addrs(), &other)
		cancel()
		if wrong == nil {
			t.Fatal("a history without the invitation's checkpoint is accepted")
		}
	}
	if !strings.Contains(wrong.Error(), "another history") {
		t.Errorf("a history without the invitation's checkpoint: %v", wrong)
	}
}

// lostBeginning damages the checkpoint that a home begins at, for a moment: nothing
// else of its log says anything without it.
func lostBeginning(t *testing.T, dir string, first ledger.CID) {
	t.Helper()
	model := filepath.Join(dir, blobFile(first)) // which a peer that joined later does not have
	if err := os.Rename(model, model+"-away"); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "ledger", "000001.log")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data := bytes.Clone(whole)
	data[100] ^= 1
	put(t, path, data)
	if _, err := Open(t.Context(), Config{Dir: dir}); err == nil || !strings.Contains(err.Error(), "join the topic again") {
		t.Errorf("without its checkpoint: %v", err)
	}
	if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, data) {
		t.Errorf("the damaged log was changed, %v", err)
	}
	put(t, path, whole)
	if err := os.Rename(model+"-away", model); err != nil {
		t.Fatal(err)
	}
}
