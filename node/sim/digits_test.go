package sim

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/grapevine-network/grapevine/learning"
	"github.com/grapevine-network/grapevine/learning/dataset"
	"github.com/grapevine-network/grapevine/learning/delta"
	"github.com/grapevine-network/grapevine/learning/model"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/engine"
)

// digits is a Problem of real data: 5,000 handwritten digits, unevenly divided.
type digits struct {
	tb    testing.TB
	net   model.Model
	first []int32
	peers []*model.SGD
	turns []uint64
	test  learning.Samples
}

func newDigits(tb testing.TB, spec, partition string, peers int, seed uint64) *digits {
	train, test, err := dataset.MNIST()
	must(tb, err)
	net, err := model.Parse(spec, dataset.Images(10, 28, 28).Form())
	must(tb, err)
	shards, err := dataset.Partition(partition, train.Y, nil, peers, seed)
	must(tb, err)
	d := &digits{tb: tb, net: net, first: net.Init(seed), turns: make([]uint64, peers), test: test}
	for i, rows := range shards {
		own, held := dataset.Holdout(rows, train.Y, 0.2, uint64(i))
		d.peers = append(d.peers, &model.SGD{
			Model: net, Data: train.Subset(own), Held: train.Subset(held), Steps: 30, Batch: 32, Rate: 0.06, Momentum: 0.9,
		})
	}
	return d
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// rules are those of the demo.
func (d *digits) rules(m *ledger.Manifest) {
	m.Learning.Keep, m.Learning.Alpha = 128, ledger.One*5/4
}

func (d *digits) First() []int32 { return d.first }

func (d *digits) weights(anchor []int32) learning.Vector {
	w := make(learning.Vector, len(anchor))
	learning.FromAnchor(w, anchor)
	return w
}

func (d *digits) Train(peer int, anchor []int32, _ *rand.Rand) []float32 {
	d.turns[peer]++
	u, _, err := d.peers[peer].Train(d.tb.Context(), learning.Task{Anchor: d.weights(anchor), Round: d.turns[peer], Seed: uint64(peer)})
	must(d.tb, err)
	return u
}

func (d *digits) Score(peer int, anchor []int32, deltas []delta.Sparse, among int) []*engine.Measure {
	dense, measures := make([]learning.Vector, len(deltas)), make([]*engine.Measure, len(deltas))
	for i, u := range deltas {
		dense[i] = make(learning.Vector, len(anchor))
		for k, at := range u.Index {
			dense[i][at] = float32(u.Value[k]) / float32(delta.One*among)
		}
	}
	scores, err := d.peers[peer].Evaluate(d.tb.Context(), d.weights(anchor), dense)
	must(d.tb, err)
	for i, s := range scores {
		measures[i] = &engine.Measure{U: int64(math.Round(s.Gain * 1e6)), SE: int64(math.Round(s.StdErr * 1e6))}
	}
	return measures
}

func (d *digits) report(anchor []int32) model.Report {
	r, err := model.Evaluate(d.net, d.weights(anchor), d.test)
	must(d.tb, err)
	return r
}

func (d *digits) Loss(anchor []int32) float64 { return d.report(anchor).Loss }

// Prints accuracy after 60 rounds and virtual time a round, with training while
// scores settle and without, by seed:
//
//	go test ./node/sim -run '^$' -bench Digits -benchtime 1x
func BenchmarkDigitsOverlap(b *testing.B) {
	for b.Loop() {
		for seed := range uint64(4) {
			for _, sequential := range []bool{false, true} {
				d := newDigits(b, "mlp:64", "dirichlet:0.5", 8, seed)
				w := mustWorld(b, Config{
					Seed: seed, Validators: 8, Problem: d, Rules: d.rules, Sequential: sequential, Training: 4 * time.Second, Scoring: 2 * time.Second,
				})
				mustRun(b, w, 60)
				r := d.report(w.Peers[0].Replica().Anchor())
				b.Logf("seed %d, sequential %-5t accuracy %.3f, loss %.3f, %.2f s a round", seed, sequential, r.Accuracy, r.Loss, float64(w.now)/60e9)
			}
		}
	}
}

// Prints how 20 peers learn apart in two halves, and what of that is there when
// they are together again.
func BenchmarkDigitsHalves(b *testing.B) {
	for b.Loop() {
		d := newDigits(b, "mlp:64", "dirichlet:1", 20, 1)
		w := mustWorld(b, Config{Seed: 1, Validators: 10, Trainers: 10, Problem: d, Rules: d.rules})
		mustRun(b, w, 4)
		side := map[int]int{}
		for i := range w.Peers {
			side[i] = i % 2
		}
		w.Split(side)
		anchor := func() float64 { return d.report(w.Peers[0].Replica().Anchor()).Accuracy }
		b.Logf("together, after 4 rounds: accuracy %.3f", anchor())
		for minutes := range 3 {
			mustFor(b, w, time.Minute)
			b.Logf("apart for %d min: %.3f and %.3f live; the anchor has %.3f", minutes+1, d.report(w.Peers[0].engine.LiveModel()).Accuracy, d.report(w.Peers[1].engine.LiveModel()).Accuracy, anchor())
		}
		w.Heal()
		for round := range 6 {
			mustRun(b, w, 1)
			b.Logf("together again, round %d: %.3f", round+1, anchor())
		}
	}
}
