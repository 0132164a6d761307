package sim

import (
	"fmt"
	"testing"
	"time"

	"github.com/grapevine-network/grapevine/node/engine"
	"github.com/grapevine-network/grapevine/node/sim/adversary"
)

// pace runs a world for some rounds and returns the virtual time that one took
// and the loss in the end.
func pace(t testing.TB, c Config, rounds uint64) (each time.Duration, loss float64) {
	w := mustWorld(t, c)
	mustRun(t, w, rounds)
	return time.Duration(w.now) / time.Duration(rounds), w.problem.Loss(w.Peers[0].Replica().Anchor())
}

func TestTrainingWhileScoresSettleSavesTimeAndCostsNothing(t *testing.T) {
	for name, attack := range map[string]map[int]adversary.Kind{
		"honest": {}, "two of eight flip signs": {6: adversary.SignFlip, 7: adversary.SignFlip},
	} {
		t.Run(name, func(t *testing.T) {
			c := Config{Seed: 1, Validators: 8, Attack: attack, Training: 3 * time.Second, Scoring: 2 * time.Second}
			together, loss := pace(t, c, 12)
			c.Sequential = true
			apart, want := pace(t, c, 12)
			t.Logf("a round takes %v instead of %v; the loss is %.4f instead of %.4f", together, apart, loss, want)
			if together > apart*3/4 {
				t.Errorf("a round takes %v, %v without overlap: want a quarter less at least", together, apart)
			}
			if loss > want*1.2 {
				t.Errorf("loss %.4f after 12 rounds, %.4f without overlap", loss, want)
			}
		})
	}
}

// Prints seconds of virtual time a round, whatever the machine:
//
//	go test ./node/sim -run '^$' -bench Overlap -benchtime 1x
func BenchmarkOverlap(b *testing.B) {
	const rounds = 12
	for _, takes := range []struct{ training, scoring time.Duration }{
		{0, 0}, {1 * time.Second, 0}, {2 * time.Second, 1 * time.Second}, {4 * time.Second, 3 * time.Second}, {8 * time.Second, 4 * time.Second}, {20 * time.Second, 2 * time.Second},
	} {
		b.Run(fmt.Sprintf("training=%v,scoring=%v", takes.training, takes.scoring), func(b *testing.B) {
			var together, apart time.Duration
			for b.Loop() {
				c := Config{Seed: 1, Validators: 8, Training: takes.training, Scoring: takes.scoring}
				together, _ = pace(b, c, rounds)
				c.Sequential = true
				apart, _ = pace(b, c, rounds)
			}
			b.ReportMetric(together.Seconds(), "s/round")
			b.ReportMetric(apart.Seconds(), "s/round-without")
			b.ReportMetric(float64(apart)/float64(together), "x-faster")
		})
	}
}

// broken is a peer whose training always fails.
type broken struct {
	adversary.Machine
	asked map[uint64]int // by round
}

func (b *broken) Step(now int64, in engine.Input) ([]engine.Output, error) {
	if t, is := in.(engine.Trained); is {
		in = engine.Trained{Round: t.Round}
	}
	out, err := b.Machine.Step(now, in)
	for _, o := range out {
		if t, is := o.(engine.Train); is {
			b.asked[t.Round]++
		}
	}
	return out, err
}

func TestATrainerThatFailsIsAskedTwiceARound(t *testing.T) {
	w := mustWorld(t, Config{Seed: 1, Validators: 4})
	b := &broken{Machine: w.Peers[0].machine, asked: map[uint64]int{}}
	w.Peers[0].machine = b
	mustRun(t, w, 4)
	for round, times := range b.asked {
		if times > 2 {
			t.Errorf("asked %d times for round %d: ahead, and on its anchor, is enough", times, round)
		}
	}
	if len(b.asked) < 3 {
		t.Errorf("asked for %d rounds", len(b.asked))
	}
}
