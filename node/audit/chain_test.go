package audit

import (
	"slices"
	"testing"

	"github.com/grapevine-network/grapevine/ledger"
)

// changed is a town in which a validator lost stake before the first checkpoint,
// so that another committee votes after the second; it ends past the third.
func changed(t testing.TB) (w *town, chain *Chain, points []ledger.Checkpoint, snapshot ledger.Header) {
	w, chain = newTown(t), &Chain{}
	at := w.heads[author(0)]
	a := w.say(0, &ledger.Seal{Round: 1})
	w.heads[author(0)] = ledger.Cut{Author: author(0), Seq: at.Seq, Head: w.r.Topic}
	b := w.say(0, &ledger.Seal{Round: 2})
	w.block(w.say(1, ledger.ForkEvidence(a, b)))
	for w.r.Head.Height <= 3*ledger.CheckpointAt {
		b, entries := w.propose()
		cert, err := ledger.DecodeCertificate(w.certify(w.r.Head, b))
		if err != nil {
			t.Fatal(err)
		}
		if err := w.r.Check(b, entries); err != nil {
			t.Fatal(err)
		}
		chain.Add(w.r, b, cert)
		w.r.Apply(b, entries)
		snapshot = b.Header
		if got := w.r.Checkpoint(); len(points) == 0 || got != points[len(points)-1] {
			points = append(points, got)
		}
	}
	return w, chain, points, snapshot
}

func TestWhoBelievesInAnOldCheckpointGetsToTheNewest(t *testing.T) {
	w, chain, points, to := changed(t)
	if len(points) != 4 || points[0] != w.r.Manifest.Origin(w.r.Topic) || points[1].Committee == points[2].Committee || to.Committee != points[3].Committee {
		t.Fatalf("the checkpoints are %+v", points)
	}
	links := chain.After(0)
	if got := chain.Changes(to.Height); len(links) != 3 || len(got) != 1 || got[0].Header.Height != 2*ledger.CheckpointAt {
		t.Errorf("%d links, %d changes", len(links), len(got))
	}
	for i, p := range points {
		for from := range i + 1 { // whoever answers may have older ones, too
			got, err := Follow(w.r.Manifest, w.r.Topic, p, links[from:], to, check)
			if err != nil || got != to.Committee {
				t.Errorf("from %d with links from %d on: %v, %v", p.Height, from, got, err)
			}
		}
	}
}

func TestAHistoryWithoutTheCheckpointIsRefused(t *testing.T) {
	w, chain, points, to := changed(t)
	links := chain.After(0)
	elsewhere := points[1]
	elsewhere.Block = ledger.SumNode(nil)
	other := points[1]
	other.Committee = points[3].Committee
	older := to
	older.Height = ledger.CheckpointAt + 1
	cases := map[string]struct {
		trust ledger.Checkpoint
		links []ledger.Link
		to    ledger.Header
	}{
		"another block":          {elsewhere, links, to},
		"another block, no past": {elsewhere, links[1:], to},
		"another committee":      {other, links[1:], to},
		"a link is missing":      {points[0], slices.Delete(slices.Clone(links), 1, 2), to},
		"the last is missing":    {points[0], links[:2], to},
		"no links":               {points[1], nil, to},
		"an older snapshot":      {points[2], links[:1], older},
	}
	for name, c := range cases {
		if got, err := Follow(w.r.Manifest, w.r.Topic, c.trust, c.links, c.to, check); err == nil {
			t.Errorf("%s: accepted, committee %v", name, got)
		}
	}
}
