package audit

import (
	"reflect"
	"slices"
	"testing"

	"github.com/grapevine-network/grapevine/incentives"
	"github.com/grapevine-network/grapevine/ledger"
)

func (o *Outcome) of(who int) *incentives.DeltaPay {
	i := slices.IndexFunc(o.Deltas, func(d incentives.DeltaPay) bool { return d.Author == author(who) })
	return &o.Deltas[i]
}

func TestARoundMovesTheModelByTheMean(t *testing.T) {
	w := newTown(t)
	update := make([]float32, params)
	update[3], update[599] = 0.5, -0.25
	d := w.encode(update)
	out := w.round(1024, d, slices.Clone(d), slices.Clone(d)) // one counts: the first to commit, the others copy it
	if out.Kept != 1 || out.Anchor != ledger.SumBlob(out.Blob) || w.r.State.Anchor() != out.Anchor {
		t.Fatalf("kept %d, anchor %v", out.Kept, out.Anchor)
	}
	s, err := w.r.Codec().Decode(d)
	if err != nil {
		t.Fatal(err)
	}
	for i, at := range s.Index {
		if got, want := w.r.Anchor()[at], s.Value[i]; got < want-1 || got > want+1 {
			t.Errorf("parameter %d moved by %d, want %d", at, got, want)
		}
	}
	if again, err := DecodeAnchor(out.Blob, params); err != nil || !slices.Equal(again, w.r.Anchor()) {
		t.Errorf("the blob is not the model (%v)", err)
	}
}

// ready is a round that is over but for its settlement.
func ready(t *testing.T, u int32, deltas ...[]byte) *town {
	w := newTown(t).to(incentives.PhaseOpen, u, deltas...)
	b, entries := w.propose(each(0, validators, func(v int) *ledger.Entry { return w.open(v, u) })...)
	if err := w.r.Check(b, entries); err != nil {
		t.Fatal(err)
	}
	w.r.Apply(b, entries)
	return w
}

func TestWithoutADeltaThatCountsNothingIsSettled(t *testing.T) {
	w := ready(t, 1024)
	needs := w.r.Needs()
	if len(needs) != 3 {
		t.Fatalf("needs %v", needs)
	}
	root, anchor, state := w.r.State.Root(), slices.Clone(w.r.Anchor()), *w.r.State
	for _, missing := range needs {
		_, err := w.r.Settle(func(id ledger.CID) []byte {
			if id == missing {
				return nil
			}
			return w.blob(id)
		})
		if err == nil || !w.r.Unsettled() {
			t.Fatal("settled without it")
		}
		if w.r.State.Root() != root || !slices.Equal(w.r.Anchor(), anchor) || !reflect.DeepEqual(*w.r.State, state) {
			t.Error("something changed")
		}
	}
	out, err := w.r.Settle(w.blob)
	if err != nil || out.Kept != 3 || w.r.Unsettled() {
		t.Errorf("with all: %+v (%v)", out, err)
	}
	if got := w.r.Needs(); got != nil {
		t.Errorf("needs %v when nothing is over", got)
	}
}

// A quorum that scored what nobody can read: it is not merged and not paid, and
// the others are as if it were not there.
func TestAMalformedDeltaDoesNotCount(t *testing.T) {
	for name, bytes := range map[string][]byte{"garbage": []byte("no delta"), "nothing": {}} {
		w := newTown(t)
		out := w.round(1024, bytes)
		if d := out.of(4); d.Counts || d.Paid != 0 || d.Merged() {
			t.Errorf("%s: %+v", name, d)
		}
		for _, who := range []int{5, 6} {
			if d := out.of(who); !d.Counts || d.Paid == 0 {
				t.Errorf("%s: an honest one: %+v", name, d)
			}
		}
		if out.Kept != 2 || len(w.r.State.Archive) != 2 {
			t.Errorf("%s: kept %d, archived %d", name, out.Kept, len(w.r.State.Archive))
		}
	}
}

func TestIfAllAreMalformedNothingIsMinted(t *testing.T) {
	w := newTown(t)
	root := w.r.State.Supply
	out := w.round(1024, []byte("a"), []byte("b"), []byte("c"))
	if out.Minted != 0 || out.Blob != nil || out.Anchor != w.r.Manifest.Learning.Anchor || w.r.State.Supply != root {
		t.Errorf("got %+v", out)
	}
}

func TestDeltasThatHarmAreNotMerged(t *testing.T) {
	out := newTown(t).round(-1024)
	if out.Kept != 0 || out.Blob != nil || out.of(4).Paid != 0 || !out.of(4).Counts {
		t.Errorf("got %+v", out)
	}
}

func TestACopyEarnsNothingAndIsNotMerged(t *testing.T) {
	w := newTown(t)
	victim := w.random(77)
	w.round(1024, victim)
	decoded, err := w.r.Codec().Decode(victim)
	if err != nil {
		t.Fatal(err)
	}
	near := make([]float32, params) // all of it but for one place, and a bit louder
	for i, at := range decoded.Index[1:] {
		near[at] = float32(decoded.Value[1+i]) * 1.25 / (1 << 20)
	}
	out := w.round(1024, w.random(78), slices.Clone(victim), w.encode(near))
	for who, want := range map[int]bool{4: false, 5: true, 6: true} {
		d := out.of(who)
		if d.Copy != want || d.Merged() == want || (d.Paid == 0) != want {
			t.Errorf("trainer %d: copy %v, merged %v, paid %d", who, d.Copy, d.Merged(), d.Paid)
		}
	}
	if out.Kept != 1 {
		t.Errorf("kept %d, want 1", out.Kept)
	}
	// Who repeats itself nearly copies nobody.
	if d := w.round(1024, w.encode(near)).of(4); d.Copy {
		t.Error("the victim is taken for a copy of its own delta")
	}
}

// What others have in the archive is needed again by who begins at a snapshot,
// and forgotten after 32 rounds by everybody.
func TestDeltasAreForgottenWithTheArchive(t *testing.T) {
	w := newTown(t)
	for range incentives.ArchiveRounds + 3 {
		w.round(1024)
		if got, want := len(w.r.updates), len(w.r.State.Archive); got != want {
			t.Fatalf("%d deltas are kept, %d archived", got, want)
		}
	}
	if got, want := len(w.r.updates), 3*incentives.ArchiveRounds; got != want {
		t.Errorf("%d deltas are kept, want %d", got, want)
	}
}
