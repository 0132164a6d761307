package incentives

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/grapevine-network/grapevine/ledger"
)

func committees() *rapid.Generator[ledger.Committee] {
	return rapid.Custom(func(t *rapid.T) ledger.Committee {
		ids := rapid.SliceOfNDistinct(rapid.IntRange(0, 99), 1, 80, rapid.ID).Draw(t, "ids")
		var seats []ledger.Seat
		for _, id := range ids {
			stake := rapid.OneOf(rapid.Uint64Range(1, 10), rapid.Uint64Range(1, ledger.MaxAmount/100)).Draw(t, "stake")
			seats = append(seats, ledger.Seat{ID: uint64(id), Author: author(id), Stake: stake})
		}
		return ledger.NewCommittee(seats)
	})
}

// gained sums by how much seats of b exceed what they have in a.
func gained(a, b ledger.Committee) (sum uint64) {
	for _, x := range shifts(a, b) {
		sum += x.by
	}
	return sum
}

func TestAtMostAThirdOfThePowerChangesAtOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from, to := committees().Draw(t, "from"), committees().Draw(t, "to")
		for steps := 0; ; steps++ {
			next := step(from, to)
			if err := next.Validate(); err != nil {
				t.Fatal(err)
			}
			budget := max(1, from.Stake()/3)
			if lost, won := gained(next, from), gained(from, next); lost > budget || won > budget {
				t.Fatalf("of %d, %d go and %d come, at most %d may", from.Stake(), lost, won, budget)
			}
			if next.CID() == to.CID() {
				return
			}
			if next.CID() == from.CID() || steps > 2_000 {
				t.Fatalf("it does not get there: %v, want %v", next, to)
			}
			from = next
		}
	})
}

// Stakes, and slashes, count from the checkpoint after the next.
func TestACommitteeChangesAtCheckpoints(t *testing.T) {
	w := purse(t)
	first := w.state.Now.CID()
	w.must(w.say(0, &ledger.Unstake{Amount: 100})) // height 1
	w.idle(3)
	if w.state.Now.CID() != first || w.state.Next.CID() == first {
		t.Errorf("height %d: drawn too early, or not at all", w.state.Height)
	}
	for h := uint64(5); h <= 8; h++ {
		if c, certain := w.state.Committee(h); !certain || c.CID() != first {
			t.Errorf("height %d is not decided by those before", h)
		}
	}
	w.idle(4)
	if seat := w.state.Now.Seat(author(0)); seat >= 0 {
		t.Errorf("height %d: it is still seated", w.state.Height+1)
	}
}
