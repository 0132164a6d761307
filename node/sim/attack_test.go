package sim

import (
	"testing"

	"github.com/grapevine-network/grapevine/node/sim/adversary"
)

// earns bounds what an attacker of a kind may have for training, as a share of
// what an honest peer has at the least. Who repeats an honest peer or hides among
// them does some of their work; the toy model has no classes to poison, so those
// train as others do.
func earns(k adversary.Kind) float64 {
	switch k {
	case adversary.Mimic, adversary.MinMax, adversary.ALIE, adversary.OptALIE:
		return 1.5
	case adversary.Copy99, adversary.Copy95, adversary.Copy90, adversary.Copy80, adversary.CopyMost, adversary.CopyHalf:
		return 1 // seven deltas have no centre, and what is learnt here stays the same from round to round
	case adversary.Backdoor, adversary.LabelFlip, adversary.Mute, adversary.Censor, adversary.Equivocate, adversary.Double:
		return 4
	case adversary.Replay: // its first delta is honest
		return 0.8
	case adversary.IPM, adversary.OptIPM: // so is theirs: nothing is known of others yet
		return 0.25
	case adversary.Noise, adversary.FreeRideNoise, adversary.FreeRide: // has luck now and then
		return 0.15
	}
	return 0
}

// Two of seven attack, which is less than a third: nothing forks, tokens are
// conserved (the witness of the world checks both), the model gets better, and
// cheats are not paid.
func TestEachAttackFails(t *testing.T) {
	for i, kind := range adversary.Kinds {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			w := mustWorld(t, Config{Seed: uint64(100 + i), Validators: 7, Attack: map[int]adversary.Kind{5: kind, 6: kind}})
			before := w.problem.Loss(w.Peers[0].Replica().Anchor())
			mustRun(t, w, 5)
			if after := w.problem.Loss(w.Peers[0].Replica().Anchor()); after > before/2 {
				t.Errorf("loss went from %.3f to %.3f", before, after)
			}
			least, most := ^uint64(0), uint64(0)
			for i := range w.Peers {
				if paid := w.witness.trained[w.keys.author(i)]; i < 5 {
					least = min(least, paid)
				} else {
					most = max(most, paid)
				}
			}
			if least == 0 || float64(most) > earns(kind)*float64(least) {
				t.Errorf("an attacker earned %d by training, an honest peer %d", most, least)
			}
		})
	}
}
