package lab

import (
	"context"
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/grapevine-network/grapevine/learning"
	"github.com/grapevine-network/grapevine/learning/dataset"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node"
	"github.com/grapevine-network/grapevine/node/sim/adversary"
)

// digits is an experiment on a few of the embedded digits, without details.
func digits(t *testing.T, rows int, partition string) Config {
	t.Helper()
	train, test, err := dataset.MNIST()
	if err != nil {
		t.Fatal(err)
	}
	train, test = first(train, rows), first(test, 400)
	c := Config{Peers: 8, Rounds: 4, Seeds: 1, Seed: 5, Goals: []float64{0.5, 1}, Trainer: node.TrainerOf}
	c.Load = func(seed uint64) (*Data, error) {
		parts, err := dataset.Partition(partition, train.Y, nil, c.Peers, seed)
		if err != nil {
			return nil, err
		}
		d := &Data{Schema: dataset.Images(10, 28, 28), Test: test}
		for _, rows := range parts {
			own, held := dataset.Holdout(rows, train.Y, 0.2, seed)
			d.Train, d.Held = append(d.Train, train.Subset(own)), append(d.Held, train.Subset(held))
		}
		return d, nil
	}
	c.Found = func(seed uint64, data *Data, members []ledger.Member) ([]byte, []byte, error) {
		return node.Found(node.Founding{
			Name: "lab", Model: "mlp:16", Schema: data.Schema, Seed: seed, Members: members,
			Rules: func(m *ledger.Manifest) {
				m.Nonce = ledger.Salt{byte(seed)}
				m.Rounds.Commit, m.Rounds.Reveal, m.Rounds.Seal, m.Rounds.Open = 3, 3, 3, 3
				m.Learning.Steps = 6
			},
		})
	}
	return c
}

func first(s learning.Samples, n int) learning.Samples {
	rows := make([]int, n)
	for i := range rows {
		rows[i] = i
	}
	return s.Subset(rows)
}

// trace plays one seed and returns model and state after each round.
func trace(t *testing.T, c Config, cores int) (anchors []ledger.CID, roots []ledger.Hash, w *world) {
	t.Helper()
	w, err := newWorld(&c, make(pool, cores), c.Seed)
	if err != nil {
		t.Fatal(err)
	}
	for clock := range uint64(c.Rounds) {
		out, err := w.round(t.Context(), clock)
		if err == nil {
			err = w.note(out)
		}
		if err != nil {
			t.Fatal(err)
		}
		anchors, roots = append(anchors, w.lead().State.Anchor()), append(roots, w.lead().Root())
	}
	return anchors, roots, w
}

// What one does for all is what each would do: models, and the root over all
// balances, are the same after each round. And they don't depend on the cores.
func TestOneForAllComesToWhatAllComeTo(t *testing.T) {
	c := digits(t, 600, "dirichlet:0.5")
	c.Churn, c.Stale, c.Scorers = 0.25, 0.5, 5
	c.Attack = map[adversary.Kind]int{adversary.SignFlip: 1, adversary.Copy: 1, adversary.LabelFlip: 1}
	anchors, roots, w := trace(t, c, 1)
	if len(slices.Compact(slices.Clone(anchors))) != c.Rounds {
		t.Errorf("the model stands still: %v", anchors)
	}
	balances, _, _ := w.lead().State.Held()
	if balances == 0 {
		t.Error("nobody was paid")
	}
	for name, full := range map[string]bool{"each for itself": true, "on four cores": false} {
		c.Full = full
		again, state, w := trace(t, c, 4)
		if !slices.Equal(again, anchors) || !slices.Equal(state, roots) {
			t.Errorf("%s: other models or balances", name)
		}
		if full && len(w.replicas) != c.Peers {
			t.Errorf("%d replicas", len(w.replicas))
		}
	}
}

// A fixed run, which another way to compute sums may change a little.
func TestANetworkLearns(t *testing.T) {
	c := digits(t, 1000, "dirichlet:1")
	c.Rounds, c.Seeds, c.Baselines = 15, 2, Baselines
	r, err := Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	central, alone := r.Baselines[Central].Accuracy.Mean, r.Baselines[Alone].Accuracy.Mean
	if got := r.Accuracy.Mean; got < 0.76 || got > 0.83 || central < got+0.03 || alone > got-0.3 {
		t.Errorf("accuracy %.3f, central %.3f, alone %.3f", got, central, alone)
	}
	if r.Worst.Mean != r.Accuracy.Mean || r.Baselines[Gossip].Worst.Mean >= r.Baselines[Gossip].Accuracy.Mean {
		t.Errorf("worst peers %v and %v", r.Worst, r.Baselines[Gossip].Worst)
	}
	if n := r.RoundsTo["0.5"]; n == nil || *n < 2 || *n > 12 || r.RoundsTo["1"] != nil {
		t.Errorf("rounds to 0.5: %v, to 1: %v", n, r.RoundsTo["1"])
	}
	if p := r.Bytes.Payload; *r.Bytes.All < p || p*10 > r.Baselines[Gossip].Bytes.Payload || p == 0 {
		t.Errorf("bytes %+v, gossip %+v", r.Bytes, r.Baselines[Gossip].Bytes)
	}
	if payload, all := r.BytesTo["0.5"], r.AllTo["0.5"]; payload == nil || all == nil || *payload >= *all || r.AllTo["1"] != nil {
		t.Errorf("to 0.5 %v and %v bytes", payload, all)
	}
	if p := r.Baselines[Alone].Paired; p.Wins != 2 || p.Losses != 0 || p.P != 0.5 {
		t.Errorf("against alone: %+v", p)
	}
}

func TestALiarIsSeenInTheReport(t *testing.T) {
	c := digits(t, 600, "iid")
	c.Attack = map[adversary.Kind]int{adversary.SignFlip: 2}
	r, err := Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if share := r.RewardShare[adversary.SignFlip]; share == nil || *share > 0.02 || len(r.RewardShare) != 1 {
		t.Errorf("the liars' share is %v", r.RewardShare)
	}
	if x := r.RejectedHonest; x == nil || *x > 0.2 {
		t.Errorf("honest rejections: %v", x)
	}
}

// Every attack that needs no network runs; the honest majority learns all the
// same, and the attackers of a kind hardly earn more than their number.
func TestAttackersAreOutvoted(t *testing.T) {
	for _, kind := range adversary.Kinds {
		if !kind.Learns() {
			continue
		}
		c := digits(t, 600, "iid")
		c.Rounds, c.Attack = 5, map[adversary.Kind]int{kind: 2}
		r, err := Run(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		if r.Accuracy.Mean < 0.25 {
			t.Errorf("%s: accuracy %.3f", kind, r.Accuracy.Mean)
		}
		if share := *r.RewardShare[kind]; share > 0.4 {
			t.Errorf("%s: 2 of 8 earned %.2f of all pay", kind, share)
		}
		if (r.Backdoor != nil) != (kind == adversary.Backdoor) {
			t.Errorf("%s: backdoor %v", kind, r.Backdoor)
		}
	}
}

// Who is told of a round can settle it again, and otherwise.
func TestAnEndedRoundIsToldWithWhatItWasSettledFrom(t *testing.T) {
	c := digits(t, 600, "iid")
	c.Attack = map[adversary.Kind]int{adversary.Copy: 1}
	rounds := 0
	c.Ended = func(e Ended) {
		rounds++
		deltas := slices.Clone(e.Outcome.Deltas)
		for i := range deltas {
			if e.Blob(deltas[i].Delta) == nil || !slices.Contains(e.Peers, deltas[i].Author) {
				t.Errorf("round %d: delta %d is nobody's or has no bytes", e.Outcome.Round, i)
			}
			deltas[i].Score, deltas[i].Paid = 0, 0
		}
		again := e.Before.Settle(deltas, e.Outcome.Anchor)
		if again.Minted == 0 || !reflect.DeepEqual(again, e.Outcome.Settlement) {
			t.Errorf("round %d: settled again it mints %d, not %d", e.Outcome.Round, again.Minted, e.Outcome.Minted)
		}
	}
	if _, err := Run(t.Context(), c); err != nil || rounds != c.Rounds {
		t.Errorf("told of %d rounds of %d, %v", rounds, c.Rounds, err)
	}
}

func TestOfflinePeersSendNothing(t *testing.T) {
	c := digits(t, 600, "iid")
	all, err := Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	c.Churn = 0.5
	half, err := Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if ratio := half.Bytes.Payload / all.Bytes.Payload; math.Abs(ratio-0.5) > 0.02 {
		t.Errorf("%.2f of the bytes, want half", ratio)
	}
}

func TestWhatIsKnownIsReportedWhenInterrupted(t *testing.T) {
	c := digits(t, 600, "iid")
	ctx, cancel := context.WithCancel(t.Context())
	c.Rounds = 1000
	c.Progress = func(_ uint64, round int, _ float64) {
		if round == 2 {
			cancel()
		}
	}
	r, err := Run(ctx, c)
	if !errors.Is(err, context.Canceled) || r == nil || r.Seeds != 1 || len(r.Curves[0].Accuracy) != 2 {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestMistakesAreNamed(t *testing.T) {
	for field, change := range map[string]func(c *Config){
		"peers":    func(c *Config) { c.Peers = 1 },
		"rounds":   func(c *Config) { c.Rounds = 0 },
		"seeds":    func(c *Config) { c.Seeds = 0 },
		"scorers":  func(c *Config) { c.Scorers = 9 },
		"churn":    func(c *Config) { c.Churn = math.NaN() },
		"stale":    func(c *Config) { c.Stale = 1.5 },
		"attack":   func(c *Config) { c.Attack = map[adversary.Kind]int{adversary.Copy: 8} },
		"goal":     func(c *Config) { c.Goals = []float64{0.9, 88} },
		"baseline": func(c *Config) { c.Baselines = []string{"magic"} },
	} {
		c := Config{Peers: 8, Rounds: 1, Seeds: 1}
		change(&c)
		if err := c.Validate(); err == nil || !strings.HasPrefix(err.Error(), field+":") {
			t.Errorf("%s: got %v", field, err)
		}
	}
}

func TestSpreadAndSignTest(t *testing.T) {
	if got, want := spread([]float64{1, 2, 3}), (&Spread{2, 1, 1, 3}); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if spread(nil) != nil || spread([]float64{1, math.NaN()}) != nil {
		t.Error("a spread of nothing")
	}
	for _, c := range []struct {
		wins, losses int
		want         float64
	}{{10, 0, 2. / 1024}, {0, 10, 2. / 1024}, {9, 1, 22. / 1024}, {5, 5, 1}, {0, 0, 1}, {1, 0, 1}} {
		if got := signTest(c.wins, c.losses); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%d to %d: got %v, want %v", c.wins, c.losses, got, c.want)
		}
	}
}
