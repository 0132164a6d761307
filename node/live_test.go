package node

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/grapevine-network/grapevine/learning"
	"github.com/grapevine-network/grapevine/learning/dataset"
	"github.com/grapevine-network/grapevine/ledger"
)

// quick are rules with which heights are missed soon.
func quick(m *ledger.Manifest) { m.Rounds.Pace, m.Rounds.Propose, m.Rounds.Delta = 50, 100, 50 }

func TestANodeLearnsLiveWhileTheOtherIsAway(t *testing.T) {
	root := t.TempDir()
	dirs := [2]string{filepath.Join(root, "a"), filepath.Join(root, "b")}
	if _, err := FoundHere(Founding{Name: "live", Schema: dataset.Images(2, 2, 2), Rules: quick}, dirs[0], dirs[1]); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	here, away := reopen(t, dirs[0], 1), reopen(t, dirs[1], 2)
	defer here.Close()
	defer start(t, here)()
	stop := start(t, away)
	if err := away.Connect(ctx, here.Addrs()[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := here.Await(ctx, 1); err != nil {
		t.Fatal(err)
	}
	stop()
	if err := away.Close(); err != nil {
		t.Fatal(err)
	}
	notice(t, ctx, here, "no heights since")
	s := here.Status()
	for r := range here.Events(ctx, 0) {
		if e, is := r.Event.(Trained); is && e.Live > 1 {
			break
		}
	}
	if now := here.Status(); now.Live.Since.IsZero() || now.Live.Merges == 0 || now.Height != s.Height || now.State != s.State {
		t.Errorf("from %+v to %+v", s, now)
	}
	away = reopen(t, dirs[1], 2, here.Addrs()...)
	defer away.Close()
	defer start(t, away)()
	notice(t, ctx, here, "heights come again")
	if _, err := here.Await(ctx, s.Round+1); err != nil {
		t.Fatal(err)
	}
	if got := here.Status(); !got.Live.Since.IsZero() {
		t.Errorf("still learns live: %+v", got)
	}
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
