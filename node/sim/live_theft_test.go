package sim

import (
	"testing"
	"time"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/audit"
	"github.com/grapevine-network/grapevine/node/engine"
	"github.com/grapevine-network/grapevine/node/sim/adversary"
)

// thief commits to what others said live, one after another, and keeps nothing of
// its own.
type thief struct {
	adversary.Machine
	stolen [][]byte
	live   bool // what it trains now is not for the ledger
	sent   int
}

func (x *thief) Step(now int64, in engine.Input) ([]engine.Output, error) {
	switch m := in.(type) {
	case engine.Received:
		if l, is := m.Message.(engine.LiveMessage); is {
			x.stolen = append(x.stolen, l.Delta)
		}
	case engine.Trained:
		if !x.live && x.sent < len(x.stolen) {
			in = engine.Trained{Round: m.Round, Delta: x.stolen[x.sent]}
			x.sent++
		}
	}
	out, err := x.Machine.Step(now, in)
	for _, o := range out {
		if t, is := o.(engine.Train); is {
			x.live = t.Live > 0
		}
	}
	return out, err
}

// observer sees how rounds end.
type observer struct {
	adversary.Machine
	settled []*audit.Outcome
}

func (o *observer) Step(now int64, in engine.Input) ([]engine.Output, error) {
	out, err := o.Machine.Step(now, in)
	for _, x := range out {
		if s, is := x.(engine.Settled); is {
			o.settled = append(o.settled, s.Outcome)
		}
	}
	return out, err
}

// A thief among the larger part, the validators of which have more than half of
// the stake, is not paid for a delta that its author said live. It takes what was
// said second: the first is like what the archive has when heights return.
func TestALiveDeltaPaysNobodyButItsAuthor(t *testing.T) {
	w := mustWorld(t, Config{Seed: 3, Validators: 10})
	mustRun(t, w, 2)
	x, seen := &thief{Machine: w.Peers[0].machine, sent: 9}, &observer{Machine: w.Peers[1].machine}
	w.Peers[0].machine, w.Peers[1].machine = x, seen
	w.Split(map[int]int{6: 1, 7: 1, 8: 1, 9: 1})
	mustFor(t, w, time.Minute)
	w.Heal()
	mustRun(t, w, 4)
	stolen, tried := map[ledger.CID]bool{}, 0
	for _, data := range x.stolen {
		stolen[ledger.SumBlob(data)] = true
	}
	for _, out := range seen.settled {
		for _, d := range out.Deltas {
			if d.Author != w.Peers[0].author() || !stolen[d.Delta] {
				continue
			}
			if tried++; d.Paid > 0 || d.Merged() {
				t.Errorf("round %d paid %d for a delta that somebody else said live (u %d)", out.Round, d.Paid, d.U)
			}
		}
	}
	if tried < 2 {
		t.Errorf("the thief tried %d times", tried)
	}
}
