package node

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-network/grapevine/learning/dataset"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/audit"
	"github.com/grapevine-network/grapevine/node/home"
)

// pair opens two nodes of a topic of their own.
func pair(t *testing.T) (dirs [2]string, nodes [2]*Node) {
	t.Helper()
	root := t.TempDir()
	dirs = [2]string{filepath.Join(root, "a"), filepath.Join(root, "b")}
	if _, err := FoundHere(Founding{Name: "life", Schema: dataset.Images(2, 2, 2)}, dirs[0], dirs[1]); err != nil {
		t.Fatal(err)
	}
	nodes[0] = reopen(t, dirs[0], 1)
	nodes[1] = reopen(t, dirs[1], 2, nodes[0].Addrs()...)
	return dirs, nodes
}

// prunedPair is a pair whose checkpoints are close.
func prunedPair(t *testing.T) (dirs [2]string, nodes [2]*Node) {
	t.Helper()
	root := t.TempDir()
	dirs = [2]string{filepath.Join(root, "a"), filepath.Join(root, "b")}
	f := Founding{Name: "life", Schema: dataset.Images(2, 2, 2), Rules: func(m *ledger.Manifest) { m.Rounds.Checkpoint = 4 }}
	if _, err := FoundHere(f, dirs[0], dirs[1]); err != nil {
		t.Fatal(err)
	}
	nodes[0] = reopen(t, dirs[0], 1)
	nodes[1] = reopen(t, dirs[1], 2, nodes[0].Addrs()...)
	return dirs, nodes
}

func reopen(t *testing.T, dir string, seed uint64, peers ...string) *Node {
	t.Helper()
	n, err := Open(t.Context(), Config{
		Dir: dir, Data: bells(seed, 400), Listen: []string{"/ip4/127.0.0.1/tcp/0"}, Peers: peers,
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// start runs a node until stop is called, which fails the test if Run failed.
func start(t *testing.T, n *Node) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	}
}

func TestAFullDiskStopsSigningAndResumes(t *testing.T) {
	_, nodes := pair(t)
	for _, n := range nodes {
		defer n.Close()
		defer start(t, n)()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if _, err := nodes[0].Await(ctx, 1); err != nil {
		t.Fatal(err)
	}
	setQuota := func(bytes int64) {
		done := make(chan struct{})
		nodes[0].calls <- func() { nodes[0].home.Blobs().Quota = bytes; close(done) }
		<-done
	}
	setQuota(1)
	notice(t, ctx, nodes[0], "is full")
	height := nodes[0].Status().Height
	if err := nodes[0].Inspect(ctx, func(*audit.Replica) {}); err != nil { // it answers
		t.Fatal(err)
	}
	if got := nodes[0].Status(); got.Height != height || !got.Full {
		t.Errorf("with a full disk, went from height %d to %d, and says that it is full: %v", height, got.Height, got.Full)
	}
	setQuota(0)
	notice(t, ctx, nodes[0], "space on the disk again")
	round := nodes[0].Status().Round
	if _, err := nodes[0].Await(ctx, round+1); err != nil {
		t.Error(err)
	}
}

// Until there is space, nothing that comes after the write is done.
func TestAWriteWaitsForSpaceAndTheStatusSaysSo(t *testing.T) {
	n := &Node{home: openHome(t), events: newTimeline()}
	var says []bool
	err := n.whileFull(t.Context(), func() error {
		if says = append(says, n.Status().Full); len(says) < 3 {
			return home.ErrQuota
		}
		return nil
	})
	if want := []bool{false, true, true}; err != nil || !slices.Equal(says, want) || n.Status().Full {
		t.Errorf("the status said %v at the writes, want %v, and %v after them, want false; %v", says, want, n.Status().Full, err)
	}
}

func openHome(t *testing.T) *home.Home {
	t.Helper()
	h, err := home.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	return h
}

func notice(t *testing.T, ctx context.Context, n *Node, text string) {
	t.Helper()
	for r := range n.Events(ctx, 0) {
		if e, is := r.Event.(Noticed); is && strings.Contains(e.Text, text) {
			return
		}
	}
	t.Fatalf("no notice of %q: %v", text, ctx.Err())
}

func TestARestartedNodeGoesOnWhereItWas(t *testing.T) {
	dirs, nodes := pair(t)
	defer nodes[0].Close()
	defer start(t, nodes[0])()
	stop := start(t, nodes[1])
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if _, err := nodes[1].Await(ctx, 2); err != nil {
		t.Fatal(err)
	}
	stop()
	height := nodes[1].Status().Height
	if err := nodes[1].Close(); err != nil {
		t.Fatal(err)
	}
	again := reopen(t, dirs[1], 2, nodes[0].Addrs()...)
	defer again.Close()
	if got := again.Status().Height; got != height {
		t.Errorf("reopened at height %d, was at %d", got, height)
	}
	defer start(t, again)()
	if _, err := again.Await(ctx, again.Status().Round+2); err != nil {
		t.Error(err)
	}
	if len(again.engine.Accused()) > 0 {
		t.Error("somebody forked")
	}
}

// A validator that was pruned votes, trains and scores as before, and never signs
// a place of its chain twice.
func TestAPrunedValidatorGoesOn(t *testing.T) {
	dirs, nodes := prunedPair(t)
	defer nodes[0].Close()
	defer start(t, nodes[0])()
	stop := start(t, nodes[1])
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute) // for a machine that is busy
	defer cancel()
	if _, err := nodes[1].Await(ctx, 3); err != nil {
		t.Fatal(err)
	}
	stop()
	if err := nodes[1].Close(); err != nil {
		t.Fatal(err)
	}
	p, err := Prune(dirs[1])
	if err != nil {
		t.Fatal(err)
	}
	again := reopen(t, dirs[1], 2, nodes[0].Addrs()...)
	defer again.Close()
	stop = start(t, again)
	if _, err := again.Await(ctx, again.Status().Round+2); err != nil {
		t.Error(err)
	}
	stop()
	if len(again.engine.Accused()) > 0 {
		t.Error("somebody forked")
	}
	if r, err := Verify(dirs[1]); err != nil || r.From != p.From || p.From == 0 {
		t.Errorf("from %d, %v, want from %d", r.From, err, p.From)
	}
}
