package audit

import (
	"slices"
	"testing"

	"github.com/grapevine-network/grapevine/incentives"
	"github.com/grapevine-network/grapevine/ledger"
)

func (w *town) revealed(who ...int) map[ledger.Author][]byte {
	all := map[ledger.Author][]byte{}
	for _, i := range who {
		all[author(i)] = w.mine[i]
	}
	return all
}

func TestThePreviewIsTheNextModelIfAllPass(t *testing.T) {
	w := newTown(t)
	w.round(1024)
	w.to(incentives.PhaseReveal, 1024)
	root := w.r.State.Root()
	all, two := w.r.Preview(w.revealed(4, 5, 6)), w.r.Preview(w.revealed(4, 5))
	if w.r.State.Root() != root {
		t.Error("a guess changed the state")
	}
	w.block(each(validators, people, w.reveal)...)
	w.block(each(0, validators, func(v int) *ledger.Entry { return w.seal(v, 1024) })...)
	w.block(each(0, validators, func(v int) *ledger.Entry { return w.open(v, 1024) })...)
	if !slices.Equal(all, w.r.Anchor()) {
		t.Error("the preview is not what was settled")
	}
	if slices.Equal(two, all) {
		t.Error("a delta less makes no difference")
	}
}

func TestThePreviewLeavesOutWhatCannotCount(t *testing.T) {
	w := newTown(t).to(incentives.PhaseReveal, 1024)
	want := w.r.Preview(w.revealed(4, 5))
	more := w.revealed(4, 5)
	more[author(6)], more[author(0)] = []byte("no delta"), w.mine[4] // malformed; and of who did not commit
	if got := w.r.Preview(more); !slices.Equal(got, want) {
		t.Error("it was counted")
	}
	if got := w.r.Preview(nil); got != nil {
		t.Error("a preview of nothing")
	}
}
