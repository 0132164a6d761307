package node

import (
	"context"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/grapevine-network/grapevine/learning"
	"github.com/grapevine-network/grapevine/learning/dataset"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/audit"
	"github.com/grapevine-network/grapevine/node/engine"
)

// diverging answers with what is no number until it is healed.
type diverging struct {
	learning.Trainer
	healed chan struct{}
}

func (d diverging) Train(ctx context.Context, t learning.Task) (learning.Vector, learning.Metrics, error) {
	update, m, err := d.Trainer.Train(ctx, t)
	select {
	case <-d.healed:
	default:
		if len(update) > 0 {
			update[len(update)/2] = float32(math.NaN())
		}
	}
	return update, m, err
}

func TestAModelThatDivergesNeverLeavesThePeer(t *testing.T) {
	dirs, nodes := pair(t)
	if err := nodes[1].Close(); err != nil {
		t.Fatal(err)
	}
	inner, err := TrainerOf(nodes[0].Manifest(), bells(2, 300), bells(3, 100))
	if err != nil {
		t.Fatal(err)
	}
	bad := diverging{inner, make(chan struct{})}
	if nodes[1], err = Open(t.Context(), Config{Dir: dirs[1], Trainer: bad, Listen: []string{"/ip4/127.0.0.1/tcp/0"}, Peers: nodes[0].Addrs()}); err != nil {
		t.Fatal(err)
	}
	for _, n := range nodes {
		defer n.Close()
		defer start(t, n)()
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	notice(t, ctx, nodes[1], "round 0 is skipped: compress update: encode delta: value 5 is NaN")
	author, heals := nodes[1].Author(), uint64(0)
	for round := uint64(0); ; round++ {
		o, err := nodes[0].Await(ctx, round)
		if err != nil {
			t.Fatal(err)
		}
		if round == 1 {
			close(bad.healed)
			heals = nodes[1].Status().Round
		}
		for _, d := range o.Deltas {
			if d.Author == author {
				if round < 2 {
					t.Errorf("round %d has a delta of the peer that diverged", round)
				}
				return // it takes part again
			}
		}
		if round > heals+20 {
			t.Fatal("it never took part again")
		}
	}
}

// A delta above what gossip carries is named on the ledger and fetched as a blob.
func TestAMillionParametersTravelByBlob(t *testing.T) {
	const side = 32
	root := t.TempDir()
	dirs := []string{filepath.Join(root, "a"), filepath.Join(root, "b")}
	_, err := FoundHere(Founding{
		Name: "large", Model: "mlp:1000", Schema: dataset.Images(2, side, side),
		Rules: func(m *ledger.Manifest) { m.Learning.Steps, m.Learning.Batch = 1, 4 },
	}, dirs...)
	if err != nil {
		t.Fatal(err)
	}
	var nodes []*Node
	for i, dir := range dirs {
		c := Config{Dir: dir, Data: stripes(40, side, i), Listen: []string{"/ip4/127.0.0.1/tcp/0"}}
		if i > 0 {
			c.Peers = nodes[0].Addrs()
		}
		n, err := Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		defer n.Close()
		defer start(t, n)()
		nodes = append(nodes, n)
	}
	if got := nodes[0].Manifest().Learning.Params(); got < 1_000_000 {
		t.Fatalf("%d parameters, want a million", got)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for round := uint64(0); ; round++ {
		ours, err := nodes[0].Await(ctx, round)
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := nodes[1].Await(ctx, round)
		if err != nil || theirs.Anchor != ours.Anchor {
			t.Fatalf("round %d: anchors %v and %v (%v)", round, ours.Anchor, theirs.Anchor, err)
		}
		if ours.Kept == 2 {
			checkBlobs(t, nodes, ours)
			return
		}
	}
}

// checkBlobs wants every delta of a round at every node, and none that gossip
// would have carried.
func checkBlobs(t *testing.T, nodes []*Node, o *audit.Outcome) {
	t.Helper()
	for _, n := range nodes {
		for _, d := range o.Deltas {
			data, err := n.home.Blobs().Get(d.Delta.Cid)
			if err != nil || len(data) <= engine.MaxInline {
				t.Errorf("delta %v: %d bytes (%v), want more than %d", d.Delta, len(data), err, engine.MaxInline)
			}
			t.Logf("a delta of %d parameters has %d bytes", n.Manifest().Learning.Params(), len(data))
		}
	}
}

// stripes are images of which the upper or the lower half is bright.
func stripes(n, side, seed int) learning.Samples {
	s := learning.Samples{Inputs: side * side, Classes: 2}
	for i := range n {
		for p := range s.Inputs {
			v := float32((p*7+i*13+seed*5)%10) / 100
			if (p < s.Inputs/2) == (i%2 == 0) {
				v += 0.5
			}
			s.X = append(s.X, v)
		}
		s.Y = append(s.Y, int32(i%2))
	}
	return s
}

func TestAManifestMustFitItsModelAndSchema(t *testing.T) {
	_, nodes := pair(t)
	defer nodes[0].Close()
	defer nodes[1].Close()
	cases := []struct {
		names  string
		change func(l *ledger.Learning)
	}{
		{"learning.model", func(l *ledger.Learning) { l.Model = "mlp:0" }},
		{"learning.model", func(l *ledger.Learning) { l.Model = "char:4,4" }},
		{"learning.shape", func(l *ledger.Learning) { l.Model = "mlp:3" }},
		{"learning.shape", func(l *ledger.Learning) { l.Schema = strings.Replace(l.Schema, `"1"`, `"1","2"`, 1) }},
		{"learning.schema", func(l *ledger.Learning) { l.Schema += " " }},
		{"learning.schema", func(l *ledger.Learning) { l.Schema = strings.Replace(l.Schema, `[2,2]`, `[0,2]`, 1) }},
	}
	for _, c := range cases {
		m := *nodes[0].Manifest()
		c.change(&m.Learning)
		if _, _, err := ModelOf(&m); err == nil || !strings.Contains(err.Error(), c.names) {
			t.Errorf("%s %s: got error %v, want one that names %s", m.Learning.Model, m.Learning.Schema, err, c.names)
		}
	}
}
