package incentives

import (
	"testing"

	"github.com/grapevine-network/grapevine/ledger"
)

// A validator that does not seal, seals too late, does not open, opens something
// else, or what another has sealed, is paid nothing for its duty; who leaves a
// delta out is paid less. What it did not earn goes to nobody.
func TestScoresThatAreNotSealedAndOpenedCostDutyPay(t *testing.T) {
	scores := func(w *town) []ledger.Score { return w.scores(3, 1024) }
	for name, c := range map[string]struct {
		seal, open func(w *town) *ledger.Entry // of validator 3; nil is silence
		late       bool                        // the seal comes when the others open
		given      uint64                      // of three
	}{
		"honest": {
			seal:  func(w *town) *ledger.Entry { return w.seal(3, scores(w)) },
			open:  func(w *town) *ledger.Entry { return w.open(3, scores(w)) },
			given: 3,
		},
		"unsealed": {open: func(w *town) *ledger.Entry { return w.open(3, scores(w)) }},
		"late": {
			seal: func(w *town) *ledger.Entry { return w.seal(3, scores(w)) },
			open: func(w *town) *ledger.Entry { return w.open(3, scores(w)) },
			late: true,
		},
		"missing": {seal: func(w *town) *ledger.Entry { return w.seal(3, scores(w)) }},
		"wrong": {
			seal: func(w *town) *ledger.Entry { return w.seal(3, scores(w)) },
			open: func(w *town) *ledger.Entry { return w.open(3, w.scores(3, 2048)) },
		},
		"another's seal": {
			seal: func(w *town) *ledger.Entry {
				r := w.number()
				return w.say(3, &ledger.Seal{Round: r, Hash: ledger.SealHash(w.topic, r, author(0), salt(0), w.scores(0, 1024))})
			},
			open: func(w *town) *ledger.Entry {
				return w.say(3, &ledger.Opening{Round: w.number(), Salt: salt(0), Scores: w.scores(0, 1024)})
			},
		},
		"two of three": {
			seal:  func(w *town) *ledger.Entry { return w.seal(3, scores(w)[:2]) },
			open:  func(w *town) *ledger.Entry { return w.open(3, scores(w)[:2]) },
			given: 2,
		},
	} {
		w := newTown(t, manifest(4, 3)).to(PhaseSeal)
		say := func(honest []*ledger.Entry, of func(w *town) *ledger.Entry) {
			if of != nil {
				honest = append(honest, of(w))
			}
			w.block(honest...)
		}
		if c.late {
			say(each(0, 3, w.sealing(1024)), nil)
		} else {
			say(each(0, 3, w.sealing(1024)), c.seal)
		}
		for w.state.Round.Phase == PhaseSeal {
			w.block()
		}
		if c.late {
			w.block(c.seal(w))
		}
		say(each(0, 3, w.opening(1024)), c.open)
		for len(w.settled) == 0 {
			w.block()
		}
		v := w.settled[0].Validators
		var own, other DutyPay
		for _, d := range v {
			if d.Author == author(3) {
				own = d
			} else {
				other = d
			}
		}
		if own.Given != c.given || own.Due != 3 || other.Given != 3 {
			t.Errorf("%s: gave %d of %d, the others %d", name, own.Given, own.Due, other.Given)
		}
		if pool := w.settled[0].DutyPool; own.Paid != pool*c.given/12 || other.Paid != pool*3/12 {
			t.Errorf("%s: paid %d, and another %d, of %d", name, own.Paid, other.Paid, pool)
		}
	}
}
