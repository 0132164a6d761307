package node

import (
	"context"
	"crypto/ed25519"
	"path/filepath"
	"testing"
	"time"

	"github.com/grapevine-network/grapevine/incentives"
	"github.com/grapevine-network/grapevine/learning"
	"github.com/grapevine-network/grapevine/learning/dataset"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/engine"
	"github.com/grapevine-network/grapevine/p2p"
)

// quick are rules with which heights are missed soon.
func quick(m *ledger.Manifest) { m.Rounds.Pace, m.Rounds.Propose, m.Rounds.Delta = 50, 100, 50 }

func TestNodesLearnLiveWhileTooManyAreAway(t *testing.T) {
	var dirs []string
	root := t.TempDir()
	for _, name := range []string{"a", "b", "c", "d"} {
		dirs = append(dirs, filepath.Join(root, name))
	}
	if _, err := FoundHere(Founding{Name: "live", Schema: dataset.Images(2, 2, 2), Rules: quick}, dirs...); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	here := reopen(t, dirs[0], 1)
	defer here.Close()
	defer start(t, here)()
	var leave []func()
	for i, dir := range dirs[1:] {
		n := reopen(t, dir, uint64(i+2), here.Addrs()...)
		defer n.Close()
		stop := start(t, n)
		if i == 0 {
			defer stop() // it stays
			continue
		}
		leave = append(leave, func() { stop(); _ = n.Close() })
	}
	if _, err := here.Await(ctx, 1); err != nil {
		t.Fatal(err)
	}
	for _, f := range leave {
		f()
	}
	awaitStatus(t, ctx, here, func(now Status) bool { return !now.Live.Since.IsZero() })
	notice(t, ctx, here, "no heights since")
	s := here.Status()
	awaitStatus(t, ctx, here, func(now Status) bool { return now.Live.Heard > s.Live.Heard+1 && now.Live.Merges > s.Live.Merges+1 })
	if now := here.Status(); now.Live.Since.IsZero() || now.Height != s.Height || now.State != s.State {
		t.Errorf("from %+v to %+v", s, now)
	}
	back := reopen(t, dirs[2], 4, here.Addrs()...)
	defer back.Close()
	defer start(t, back)()
	awaitStatus(t, ctx, here, func(now Status) bool { return now.Live.Since.IsZero() && now.Round > s.Round })
	notice(t, ctx, here, "heights come again")
}

// awaitStatus waits until a status shows, looking after every event.
func awaitStatus(t *testing.T, ctx context.Context, n *Node, shows func(Status) bool) {
	t.Helper()
	for range n.Events(ctx, 0) {
		if shows(n.Status()) {
			return
		}
	}
	t.Fatalf("%+v: %v", n.Status(), ctx.Err())
}

func TestAFloodOfLiveDeltasIsNotPassedOn(t *testing.T) {
	member, stranger, now := ledger.Author{1}, ledger.Author{2}, time.Now()
	g := liveGate{gap: time.Second, last: map[ledger.Author]time.Time{member: {}}}
	passed := 0
	for i := range 1000 {
		at := now.Add(time.Duration(i) * 10 * time.Millisecond) // ten seconds of a hundred each
		if g.allows(member, at) {
			passed++
		}
		if g.allows(stranger, at) {
			t.Fatal("a stranger's was passed on")
		}
	}
	if passed != 10 || len(g.last) != 1 {
		t.Errorf("passed on %d, want one a second; %d authors remembered", passed, len(g.last))
	}
}

// What gossip passes on follows who may speak as of the newest block.
func TestOnlyTheLiveDeltasOfMembersArePassedOn(t *testing.T) {
	_, nodes := pair(t)
	for _, n := range nodes {
		defer n.Close()
	}
	n, anchor := nodes[1], nodes[1].Status().Anchor
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	says := func(key ed25519.PrivateKey, delta string) p2p.Verdict {
		sign := func(b []byte) []byte { return ed25519.Sign(key, b) }
		l := engine.SignLive(sign, ledger.Author(key.Public().(ed25519.PublicKey)), n.Topic(), anchor, []byte(delta))
		_, v := n.check("", engine.Encode(engine.LiveMessage{Live: l, Delta: []byte(delta)}))
		return v
	}
	expect := func(who string, key ed25519.PrivateKey, delta string, want p2p.Verdict) {
		t.Helper()
		if got := says(key, delta); got != want {
			t.Errorf("%s: verdict %v, want %v", who, got, want)
		}
	}
	expect("a member", nodes[0].key, "one", p2p.Accept)
	expect("a member again", nodes[0].key, "two", p2p.Ignore)
	expect("a stranger", key, "three", p2p.Ignore)
	account := &incentives.Account{}
	n.engine.Replica().State.Accounts[ledger.Author(key.Public().(ed25519.PublicKey))] = account
	if err := n.certified(engine.Certified{}); err != nil {
		t.Fatal(err)
	}
	expect("who has no bond", key, "four", p2p.Ignore)
	account.Bond = 1
	if err := n.certified(engine.Certified{}); err != nil {
		t.Fatal(err)
	}
	expect("who has a bond by now", key, "five", p2p.Accept)
	expect("a member after more blocks", nodes[0].key, "six", p2p.Ignore)
	account.Forked = true
	if err := n.certified(engine.Certified{}); err != nil {
		t.Fatal(err)
	}
	n.gate.gap = 0
	expect("a member, in time", nodes[0].key, "seven", p2p.Accept)
	expect("who has forked", key, "eight", p2p.Ignore)
}

// slow takes its time, as a larger model does on an idle computer: as much to score
// the others, which is most of settling, as to train.
type slow struct{ learning.Trainer }

func (s slow) wait(ctx context.Context) {
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
	}
}

func (s slow) Train(ctx context.Context, t learning.Task) (learning.Vector, learning.Metrics, error) {
	s.wait(ctx)
	return s.Trainer.Train(ctx, t)
}

func (s slow) Evaluate(ctx context.Context, base learning.Vector, deltas []learning.Vector) ([]learning.Score, error) {
	s.wait(ctx)
	return s.Trainer.Evaluate(ctx, base, deltas)
}

// Prints seconds a round of four nodes on this computer, which take a second to
// train and a second to score, with training while scores settle and without:
//
//	go test ./node -run '^$' -bench Overlap -benchtime 10x
func BenchmarkOverlap(b *testing.B) {
	for _, sequential := range []bool{false, true} {
		name := map[bool]string{false: "while scores settle", true: "once they are settled"}[sequential]
		b.Run(name, func(b *testing.B) { overlap(b, sequential) })
	}
}

func overlap(b *testing.B, sequential bool) {
	root := b.TempDir()
	var dirs []string
	for _, name := range []string{"a", "b", "c", "d"} {
		dirs = append(dirs, filepath.Join(root, name))
	}
	m, err := FoundHere(Founding{Name: "overlap", Schema: dataset.Images(2, 2, 2)}, dirs...)
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(b.Context(), 10*time.Minute)
	defer cancel()
	var nodes []*Node
	for i, dir := range dirs {
		trainer, err := TrainerOf(m, bells(uint64(i), 400), bells(uint64(i)+100, 400))
		if err != nil {
			b.Fatal(err)
		}
		c := Config{Dir: dir, Trainer: slow{trainer}, Sequential: sequential, Listen: []string{"/ip4/127.0.0.1/tcp/0"}}
		if i > 0 {
			c.Peers = nodes[0].Addrs()
		}
		n, err := Open(ctx, c)
		if err != nil {
			b.Fatal(err)
		}
		defer n.Close()
		nodes = append(nodes, n)
		go func() { _ = n.Run(ctx) }()
	}
	if _, err := nodes[0].Await(ctx, 2); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	if _, err := nodes[0].Await(ctx, 2+uint64(b.N)); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/round")
}
