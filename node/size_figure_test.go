package node

import (
	"testing"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/ledger/store"
	"github.com/grapevine-network/grapevine/node/engine"
)

// weight counts the canonical bytes of what a ledger certified.
type weight struct{ contributions, entries, blocks, certificates int }

func (w *weight) visit(h *Height) error {
	for _, e := range h.Entries {
		w.entries += len(e.Bytes())
		if e.Kind == ledger.KindReveal {
			w.contributions++
		}
	}
	w.blocks += len(h.Block.Bytes())
	p := ledger.Proof{Certificate: *h.Certificate}
	p.Trim(h.Committee) // peers hold more signatures or fewer; a quorum's make a block final
	b, err := ledger.Encode(p.Certificate)
	w.certificates += len(b)
	return err
}

// TestContributionsInFigures prints the canonical bytes of a contribution, its
// COMMIT and REVEAL, the part that it has in all SEALs and SCOREs of its round, in
// blocks and certificates, at 21 validators:
//
//	go test ./node -run TestContributionsInFigures -entries 100000 -v
//
// It is 1,884, 1,090, 985, 922 and 901 bytes with 21, 100, 200, 500 and 1,000 deltas a
// round: below 1,100 from some 100 on. With fewer, each carries more of the 21 SEALs and
// SCOREs and of the four blocks, whose signatures and links are what they are. COMMIT,
// REVEAL and their cuts alone take 790 bytes, 21 scores as large as a demo's some 105.
//
// After pruning it is the part in the state of the checkpoint and in what leads
// there: most of it are the deltas of the last 32 rounds, against copies.
func TestContributionsInFigures(t *testing.T) {
	trainers := []int{21, 100}
	if *figureEntries >= 100_000 {
		trainers = []int{21, 100, 200, 500, 1000}
	}
	for _, n := range trainers {
		m := newMint(t, t.TempDir(), 21, n)
		m.round()
		m.close()
		var w weight
		if _, err := Replay(m.dir, w.visit); err != nil {
			t.Fatal(err)
		}
		each := (w.entries + w.blocks + w.certificates) / w.contributions
		t.Logf("%4d deltas a round: %4d bytes each: entries %d, blocks %d, certificates %d", n, each, w.entries/w.contributions, w.blocks/w.contributions, w.certificates/w.contributions)
		if n >= 100 && each >= 1100 {
			t.Errorf("%d bytes, want less than 1,100", each)
		}
	}
	if *figureEntries >= 100_000 {
		prunedInFigures(t, 21, 65)
		prunedInFigures(t, 100, 65)
		prunedInFigures(t, 21, 257)
	}
}

func prunedInFigures(t *testing.T, trainers, rounds int) {
	m := newMint(t, t.TempDir(), 21, trainers)
	for range rounds {
		m.round()
	}
	m.close()
	p, err := Prune(m.dir)
	if err != nil {
		t.Fatal(err)
	}
	bytes := 0
	for r, err := range store.Check(m.dir + "/ledger") {
		if err != nil {
			t.Fatal(err)
		}
		if k := engine.RecordKind(r.Kind); k == engine.RecordState || k == engine.RecordLinks {
			bytes += len(r.Data)
		}
	}
	contributions := int(p.From) / 4 * trainers
	t.Logf("%4d deltas a round, pruned after %d rounds: %d bytes each", trainers, p.From/4, bytes/contributions)
	if bytes/contributions > 80 {
		t.Errorf("%d bytes, want at most 80", bytes/contributions)
	}
}
