package engine

import (
	"math/rand/v2"
	"testing"

	"github.com/grapevine-network/grapevine/learning/delta"
	"github.com/grapevine-network/grapevine/ledger"
)

const claimParams = 2000

func randomUpdate(seed uint64) (d delta.Sparse) {
	rng := rand.New(rand.NewPCG(seed, 8))
	for i := range uint32(claimParams) {
		if rng.IntN(8) == 0 {
			d.Index, d.Value = append(d.Index, i), append(d.Value, int32(rng.IntN(2001)-1000)|1)
		}
	}
	return d
}

func TestWhoseALiveDeltaIs(t *testing.T) {
	victim, thief := ledger.Author{1}, ledger.Author{2}
	said := randomUpdate(1)
	louder := delta.Sparse{Index: said.Index}
	for i, v := range said.Value {
		louder.Value = append(louder.Value, 3*v+int32(i%7))
	}
	var c claims
	c.add(5, victim, cid(1), said, claimParams)
	c.add(5, thief, cid(1), said, claimParams)   // too late
	c.add(5, thief, cid(2), louder, claimParams) // too late, too
	for _, tc := range []struct {
		name   string
		author ledger.Author
		id     ledger.CID
		d      delta.Sparse
		want   bool
	}{
		{"the author's own", victim, cid(1), said, false},
		{"its own, louder", victim, cid(2), louder, false},
		{"stolen", thief, cid(1), said, true},
		{"stolen and changed", thief, cid(2), louder, true},
		{"something else", thief, cid(3), randomUpdate(2), false},
		{"nothing", thief, cid(4), delta.Sparse{}, false},
	} {
		if got := c.stolen([]claim{c.claim(6, tc.author, tc.id, tc.d, claimParams)})[0]; got != tc.want {
			t.Errorf("%s: %t", tc.name, got)
		}
	}
	var small claims // of a model too small for likeness, bytes alone count
	small.add(5, victim, cid(1), said, 100)
	got := small.stolen([]claim{small.claim(6, thief, cid(1), said, 100), small.claim(6, thief, cid(2), louder, 100)})
	if !got[0] || got[1] {
		t.Error("of a small model, not the bytes alone decide")
	}
}

func TestClaimsAreForgottenInTheEnd(t *testing.T) {
	var c claims
	c.all = make([]claim, maxClaims-1)
	for i := range 10 {
		c.add(1, ledger.Author{byte(i), byte(i >> 8)}, ledger.SumBlob([]byte{byte(i), byte(i >> 8)}), delta.Sparse{}, 100)
	}
	if len(c.all) != maxClaims {
		t.Errorf("%d are remembered, at most %d", len(c.all), maxClaims)
	}
	c.add(1+32, ledger.Author{1}, cid(1), delta.Sparse{}, 100)
	if len(c.all) != 1 {
		t.Errorf("%d are remembered after 32 rounds", len(c.all))
	}
}
